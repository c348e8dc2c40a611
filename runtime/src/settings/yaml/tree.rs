//! A document as a tree of values, each with its position: parsed, its aliases followed, its size
//! bounded.
//!
//! Never here: what type a value shall have.

use std::{borrow::Cow, collections::HashMap, rc::Rc};

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::{Error, Variables, expand, shown, syntax};

/// How many lists and mappings may stand inside each other.
pub(super) const DEPTH: usize = 32;

/// The largest document: how many values it may hold, with aliases counted as what they refer to.
pub(super) const SIZE: usize = 20_000;

/// A text counts as one more value for each of these many bytes, or aliases to a long one could
/// fill the memory.
const UNIT: usize = 256;

/// How far ahead the parser looks for the ":" after a key, in characters. Longer than the 1,024 of
/// YAML, which JSON does not know; short enough for the tokens in between not to fill the memory.
const LOOKAHEAD: usize = 16 << 10;

/// A value and where it begins.
pub(super) struct Node<'a> {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) content: Content<'a>,
    /// Lists and mappings inside each other, from here down.
    height: usize,
    /// What an alias to it adds to the size.
    pub(super) size: usize,
}

pub(super) enum Content<'a> {
    /// A scalar whose type is open.
    Plain(Cow<'a, str>),
    /// A scalar that is a string: in quotes, in block style or tagged so.
    Quoted(Cow<'a, str>),
    Sequence(Vec<Rc<Node<'a>>>),
    Mapping(Vec<Entry<'a>>),
    /// Any value with a tag that is not known.
    Tagged,
}

/// A key and its value. The position is that of the key.
pub(super) struct Entry<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) value: Rc<Node<'a>>,
}

impl Node<'_> {
    /// Whether nothing is given: no value at all, or `null`.
    pub(super) fn is_null(&self) -> bool {
        let Content::Plain(text) = &self.content else {
            return false;
        };
        matches!(&**text, "" | "~" | "null" | "Null" | "NULL")
    }
}

/// The only document of a text, if there is one.
pub(super) fn parse<'a>(
    text: &'a str,
    variables: Variables<'_>,
) -> Result<Option<Rc<Node<'a>>>, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = granit_parser::options! {
        emit_comments: false,
        simple_key_max_lookahead: LOOKAHEAD,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let mut builder = Builder {
        text,
        variables,
        may_lack: false,
        parser: Parser::new_from_str_with_options(text, options),
        read: 0,
        anchors: Vec::new(),
        size: 0,
    };
    let mut root = None;
    loop {
        let (event, span) = builder.next()?;
        match event {
            Event::StreamEnd => return Ok(root),
            Event::DocumentStart(..) if root.is_some() => {
                return fail(&span, "a second document begins here; only one is read");
            }
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            _ => root = Some(builder.value(event, &span, 0)?),
        }
    }
}

struct Builder<'a, 'v> {
    text: &'a str,
    variables: Variables<'v>,
    /// The value that comes next is that of [`Variables::may_lack`], or in it.
    may_lack: bool,
    parser: Parser<'a, StrInput<'a>>,
    /// Where the last event ended, in bytes.
    read: usize,
    /// Values by the number of their anchor, once they are complete: none can contain itself.
    anchors: Vec<Option<Rc<Node<'a>>>>,
    /// Of everything so far.
    size: usize,
}

/// Of an anchor without one.
const NO_VALUE: &str = "no value; put a text that begins with \"&\" in quotes";

impl<'a> Builder<'a, '_> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Error> {
        let (event, span) = match self.parser.next() {
            Some(next) => next.map_err(|error| syntax::explain(&error, self.text, self.read))?,
            None => return Err(Error::new("the text ends too early")),
        };
        self.read = span.end.byte_offset().unwrap_or(self.read);
        Ok((event, span))
    }

    /// The value that begins with `event`, inside `depth` lists and mappings.
    fn value(
        &mut self,
        event: Event<'a>,
        span: &Span,
        depth: usize,
    ) -> Result<Rc<Node<'a>>, Error> {
        let before = self.size;
        let mut has_unknown_tag = false;
        let (content, height, anchor) = match event {
            Event::Alias(id) => {
                let Some(node) = self.anchors.get(id).cloned().flatten() else {
                    return fail(span, "an alias must refer to a complete value above it");
                };
                check_depth(depth + node.height, span)?;
                self.count(node.size, span)?;
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let known = ["str", "int", "float", "bool", "null"];
                let tag = self.tag(tag.as_deref(), &known, span, &mut has_unknown_tag)?;
                if anchor != 0 && is_missing(style, span) {
                    return fail(span, NO_VALUE);
                }
                let is_plain = tag.map_or(style == ScalarStyle::Plain, |name| name != "str");
                (self.scalar(text, is_plain, span)?, 0, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), &["seq"], span, &mut has_unknown_tag)?;
                self.enter(depth, span)?;
                let items = self.items(depth + 1)?;
                let height = items.iter().map(|item| item.height).max();
                (Content::Sequence(items), 1 + height.unwrap_or(0), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), &["map"], span, &mut has_unknown_tag)?;
                self.enter(depth, span)?;
                let entries = self.entries(depth + 1)?;
                let height = entries.iter().map(|entry| entry.value.height).max();
                (Content::Mapping(entries), 1 + height.unwrap_or(0), anchor)
            }
            _ => return fail(span, syntax::OTHER),
        };
        let content = match has_unknown_tag {
            true => Content::Tagged,
            false => content,
        };
        let node = Rc::new(Node {
            line: span.start.line(),
            column: span.start.col() + 1,
            content,
            height,
            size: self.size - before,
        });
        if anchor != 0 {
            self.set_anchor(anchor, &node);
        }
        Ok(node)
    }

    /// Checks and counts a collection at this depth.
    fn enter(&mut self, depth: usize, span: &Span) -> Result<(), Error> {
        check_depth(depth + 1, span)?;
        self.count(1, span)
    }

    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        is_plain: bool,
        span: &Span,
    ) -> Result<Content<'a>, Error> {
        let text = expand::expanded(text, self.variables.value, self.may_lack)
            .map_err(|error| error.at(span.start.line(), span.start.col() + 1))?;
        self.count(1 + text.len() / UNIT, span)?;
        Ok(match is_plain {
            true => Content::Plain(text),
            false => Content::Quoted(text),
        })
    }

    fn set_anchor(&mut self, anchor: usize, node: &Rc<Node<'a>>) {
        // Not every lower number has a value: keys can have anchors, too.
        self.anchors
            .resize(self.anchors.len().max(anchor + 1), None);
        if let Some(slot) = self.anchors.get_mut(anchor) {
            *slot = Some(Rc::clone(node));
        }
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Rc<Node<'a>>>, Error> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(items);
            }
            let item = self.value(event, &span, depth);
            items.push(item.map_err(|error| error.within(&format!("[{}]", items.len())))?);
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<Entry<'a>>, Error> {
        let mut entries = Vec::new();
        let mut lines = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            let (key, style) = match event {
                Event::MappingEnd => return Ok(entries),
                Event::Scalar(key, style, _, None) => (key, style),
                _ => return fail(&span, COMPLEX_KEY),
            };
            if is_missing(style, &span) {
                return fail(&span, "the key before \":\" is missing");
            }
            if key == "<<" && style == ScalarStyle::Plain {
                return fail(
                    &span,
                    "merge keys (\"<<\") are not supported; write the keys out",
                );
            }
            let (line, column) = (span.start.line(), span.start.col() + 1);
            if let Some(first) = lines.insert(key.clone(), line) {
                let key = shown(&key);
                return fail(
                    &span,
                    format!("the key \"{key}\" is given twice, first on line {first}"),
                );
            }
            self.count(key.len() / UNIT, &span)?;
            let (event, span) = self.next()?;
            let is_within = self.may_lack;
            self.may_lack = is_within || key == self.variables.may_lack;
            let value = self.value(event, &span, depth);
            self.may_lack = is_within;
            let value = value.map_err(|error| error.within(&shown(&key)))?;
            entries.push(Entry {
                key,
                line,
                column,
                value,
            });
        }
    }

    /// The name of a tag. One that is not known is noted where the value is only an attempt.
    fn tag<'t>(
        &self,
        tag: Option<&'t Tag>,
        known: &[&str],
        span: &Span,
        is_unknown: &mut bool,
    ) -> Result<Option<&'t str>, Error> {
        let checked = check_tag(tag, known, span);
        *is_unknown = self.may_lack && checked.is_err();
        match *is_unknown {
            true => Ok(None),
            false => checked,
        }
    }

    fn count(&mut self, more: usize, span: &Span) -> Result<(), Error> {
        self.size += more;
        if self.size <= SIZE {
            return Ok(());
        }
        let what = if self.anchors.is_empty() {
            "values"
        } else {
            "aliases or values"
        };
        fail(span, format!("too many {what}: more than {SIZE} in total"))
    }
}

const COMPLEX_KEY: &str = "a key must be plain text; put a value that begins with \"{{\" in quotes";

/// Whether the parser made the scalar up, because there is nothing where one could be.
fn is_missing(style: ScalarStyle, span: &Span) -> bool {
    style == ScalarStyle::Plain && span.start.index() == span.end.index()
}

fn check_depth(depth: usize, span: &Span) -> Result<(), Error> {
    if depth > DEPTH {
        return fail(span, syntax::too_deep());
    }
    Ok(())
}

/// Allows the tags of the core schema. Others are not repeated in the message: they may be
/// passwords that begin with "!".
fn check_tag<'t>(
    tag: Option<&'t Tag>,
    known: &[&str],
    span: &Span,
) -> Result<Option<&'t str>, Error> {
    let name = tag.map(|tag| tag.core_suffix().filter(|name| known.contains(name)));
    if name == Some(None) {
        let start = Span::empty(span.tag_start.unwrap_or(span.start));
        return fail(
            &start,
            "tags are not supported; put a text that begins with \"!\" in quotes",
        );
    }
    Ok(name.flatten())
}

fn fail<T>(span: &Span, message: impl Into<String>) -> Result<T, Error> {
    Err(Error::new(message).at(span.start.line(), span.start.col() + 1))
}
