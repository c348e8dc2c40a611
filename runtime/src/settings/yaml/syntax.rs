//! What the parser says, in words for somebody who does not know the grammar of YAML.
//!
//! Never here: errors in documents that are valid YAML.

use granit_parser::{ErrorKind as E, ScanError};

use super::{Error, tree::DEPTH};

/// Also found by the tree, which sees through aliases.
pub(super) fn too_deep() -> String {
    format!("more than {DEPTH} lists and mappings inside each other")
}

/// What has no words of its own.
pub(super) const OTHER: &str =
    "this is not valid YAML; is a bracket, quote or comma missing or misplaced?";

/// The parser's error; `read` is where the last event before it ended, in bytes.
// One table, which is the reason for its length.
pub(super) fn explain(error: &ScanError, text: &str, read: usize) -> Error {
    let line = error.marker().line();
    let place = (line, error.marker().col() + 1);
    let place = match error.kind() {
        E::InvalidQuotedScalarIndent => next_quote(text, read).unwrap_or(place),
        // May be the value on the line above.
        E::TabInPlainScalar => next_tab(text, line).unwrap_or(place),
        _ => place,
    };
    let offset = error.marker().byte_offset().unwrap_or_default();
    let (before, after) = text.split_at_checked(offset).unwrap_or_default();
    let too_deep = too_deep();
    let message = match error.kind() {
        E::RecursionLimitExceeded => &too_deep,
        E::TabInBlockIndentation
        | E::TabInIndentation
        | E::TabInPlainScalar
        | E::TabAtBlockScalarStart
        | E::TabNotAllowed => "a tab is not allowed here; indent with spaces",
        E::UnclosedQuotedScalar
        | E::DocumentIndicatorInQuotedScalar
        | E::InvalidQuotedScalarIndent => {
            "the quote that opens here is not closed, or its next lines are not indented"
        }
        E::InvalidTrailingSingleQuotedScalar => {
            "text follows the closing quote; write a ' inside of single quotes as ''"
        }
        E::InvalidTrailingDoubleQuotedScalar => {
            "text follows the closing quote; is a comma or a colon missing? \
                Write a \" inside of double quotes as \\\""
        }
        E::UnknownQuotedScalarEscape
        | E::InvalidQuotedScalarHexEscape
        | E::InvalidLowSurrogateHexEscape
        | E::InvalidLowSurrogate
        | E::MissingLowSurrogate
        | E::UnpairedLowSurrogate
        | E::InvalidUnicodeEscape => {
            "these quotes hold an escape that is not valid; \
                write a backslash as \\\\, or use single quotes"
        }
        E::UnexpectedCharacter { character } if character.is_ascii_punctuation() => {
            "a value cannot begin with this character; put it in quotes"
        }
        E::UnexpectedCharacter { .. } | E::BomInsideDocument => {
            "an invisible character that YAML does not allow; remove it"
        }
        E::UnknownAnchor | E::MissingAnchorOrAliasName => {
            "there is no such anchor; put a text that begins with \"*\" or \"&\" in quotes"
        }
        _ if after.starts_with('!') => {
            "this is not a tag; put a text that begins with \"!\" in quotes"
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey => {
            "expected \"key: value\"; is the \":\" or the space after it missing?"
        }
        E::MappingValueNotAllowed | E::InvalidColonPlacement => {
            "this \":\" is not expected; check the indentation and the space after each \":\" \
                above, and put a text with \": \" in quotes"
        }
        E::ExpectedBlockMappingKey
        | E::ExpectedBlockSequenceEntry
        | E::ExpectedDocumentStart
        | E::InvalidIndentation => {
            "this does not continue what is above; is the indentation the same?"
        }
        E::BlockSequenceEntryNotAllowed => {
            "a list begins on the line below its key; put a text that begins with \"-\" in quotes"
        }
        E::InvalidBlockScalarHeader => {
            "a block of text begins on the next line; \
                put a text that begins with \"|\" or \">\" in quotes"
        }
        E::UnclosedFlowCollection { .. } => "the bracket that opens here is not closed",
        E::MisplacedFlowCollectionEnd | E::MismatchedFlowCollectionEnd { .. } => {
            "this bracket closes nothing that is open"
        }
        E::ExpectedFlowMappingSeparator | E::ExpectedFlowSequenceSeparator
            if before.ends_with('$') =>
        {
            "put \"${…}\" in quotes inside of [ ] and { }"
        }
        E::CommentNotSeparated => "a comment needs a space before its \"#\"",
        _ => OTHER,
    };
    let mut error = Error::new(message).at(place.0, place.1);
    error.is_syntax = true;
    error
}

/// The position of the first quote from the byte `read` on, comments left out.
fn next_quote(text: &str, read: usize) -> Option<(usize, usize)> {
    let mut is_comment = false;
    let (ahead, _) = text.get(read..)?.char_indices().find(|&(_, c)| {
        is_comment = c != '\n' && (is_comment || c == '#');
        !is_comment && matches!(c, '"' | '\'')
    })?;
    let before = text.get(..read + ahead)?.split('\n').enumerate();
    before
        .last()
        .map(|(index, line)| (index + 1, line.chars().count() + 1))
}

/// The position of the first tab in an indentation, from a line on.
fn next_tab(text: &str, line: usize) -> Option<(usize, usize)> {
    let mut lines = (1..).zip(text.lines()).skip(line.saturating_sub(1));
    lines.find_map(|(line, text)| {
        let spaces = text.len() - text.trim_start_matches(' ').len();
        text.get(spaces..)?
            .starts_with('\t')
            .then_some((line, spaces + 1))
    })
}
