//! Answers of the Messages API, streamed or whole.
//!
//! Never here: requests.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::errors::failure;
use crate::conversation;
use crate::facts::Tier;
use crate::finish;
use crate::json::{self, Lenient, Text, str_of};
use crate::pieces::Pieces;
use crate::sse;
use crate::state::StateCollector;
use crate::turns;
use crate::{Answer, ErrorKind, Failure, Stage, StreamReader, ToolCall, Usage};

/// Remembers the content blocks until they are complete.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) blocks: Blocks,
    text: Pieces,
    thinking: Pieces,
    arguments: Pieces,
    state: StateCollector,
}

impl Reader {
    pub(super) fn new(wants_state: bool) -> Self {
        Reader {
            blocks: Blocks::default(),
            text: Pieces::default(),
            thinking: Pieces::default(),
            arguments: Pieces::default(),
            state: StateCollector::new(wants_state),
        }
    }
}

impl StreamReader for Reader {
    fn read_event(&mut self, event: &sse::Event<'_>, answer: &mut Answer) -> Result<(), Failure> {
        let Some(payload) = event.payload() else {
            return Ok(());
        };
        if event.name == "error" {
            return Err(failure(None, payload));
        }
        let [kind, index, message, block, delta, usage, error] = json::members(
            payload,
            &[
                "type",
                "index",
                "message",
                "content_block",
                "delta",
                "usage",
                "error",
            ],
        )?;
        let index = json::number(index);
        let kind = event.kind(kind);
        match (&*kind, message, block, delta) {
            ("message_start", Some(message), ..) => {
                take_message(json::read(message)?, answer);
                // Of an answer that has not begun, a count of output is a guess.
                answer.usage.output_tokens = None;
                answer.usage.total_tokens = None;
            }
            ("content_block_start", _, Some(block), _) => {
                self.take_block(index, block, answer)?;
            }
            ("content_block_delta", _, _, Some(delta)) => {
                self.take_delta(index, &json::read(delta)?, answer)?;
            }
            ("message_delta", _, _, delta) => {
                if let Some(delta) = delta {
                    take_stop(json::read(delta)?, answer);
                }
                if let Some(usage) = usage.and_then(|usage| json::read(usage).ok()) {
                    take_usage(&usage, &mut answer.usage);
                }
            }
            ("message_stop", ..) => answer.complete = true,
            ("error", ..) => return Err(failure(None, payload)),
            _ if error.is_some() => return Err(failure(None, payload)),
            _ => {}
        }
        Ok(())
    }

    fn is_opening(&self, event: &sse::Event<'_>) -> bool {
        let Some(payload) = event.payload() else {
            return true;
        };
        let kind = json::members(payload, &["type"]).ok();
        event.kind(kind.and_then(|[kind]| kind)) == "ping"
    }

    fn end(&mut self, answer: &mut Answer) {
        // Some relays send no `message_stop`.
        answer.complete |= answer.native_finish.is_some();
        if answer.complete {
            self.put_together(answer);
        }
    }

    fn read_whole(&mut self, body: &str, answer: &mut Answer) -> Result<(), Failure> {
        let read: WholeMessage<'_> = json::read(body)?;
        if read.error.is_some() {
            // Output that is sent with an error is billed as well.
            if let Ok(message) = json::read(body) {
                take_message(message, answer);
            }
            let failure = failure(None, body);
            return Err(match read.content.is_some_and(|it| !it.is_empty()) {
                true => failure.at(Stage::Taken),
                false => failure,
            });
        }
        let Some(content) = read.content else {
            return Err(Failure::new(
                ErrorKind::Unavailable,
                "the provider's reply is JSON, but not a message",
            ));
        };
        for block in content.raw() {
            self.take_block(None, block, answer)?;
        }
        take_message(json::read(body)?, answer);
        take_stop(json::read(body)?, answer);
        answer.complete = true;
        self.put_together(answer);
        Ok(())
    }

    fn state_length(&self) -> usize {
        self.state.length()
    }
}

impl Reader {
    /// Adds a block, complete or just begun.
    fn take_block(
        &mut self,
        index: Option<u64>,
        block: &str,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let piece: Piece<'_> = json::read(block)?;
        let kind = str_of(&piece.kind);
        let index = index.unwrap_or_else(|| self.blocks.next_index());
        let mut call = None;
        match kind {
            "text" => answer.text.push_str(&next(&mut self.text, piece.text)?),
            "thinking" => {
                let thinking = next(&mut self.thinking, piece.thinking)?;
                answer.reasoning.push_str(&thinking);
            }
            "tool_use" => {
                call = Some(answer.tool_calls.len());
                take_call(&piece, answer)?;
            }
            _ => {}
        }
        let mut item = Map::new();
        if KEPT.contains(&kind) && self.state.is_wanted() {
            match self.state.piece(block, answer) {
                Some(Value::Object(whole)) => item = whole,
                Some(_) => {}
                None => self.blocks.forget_items(),
            }
        }
        self.open(OpenBlock { index, call, item });
        Ok(())
    }

    fn open(&mut self, block: OpenBlock) {
        if block.call.is_some() || !block.item.is_empty() {
            let lengths = block.item.iter();
            let lengths = lengths.map(|(name, value)| name.len() + conversation::length(value));
            self.state.grow(lengths.sum::<usize>() + BLOCK);
            self.blocks.0.push(block);
        }
    }

    fn take_delta(
        &mut self,
        index: Option<u64>,
        piece: &Piece<'_>,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let (kind, member, more) = match str_of(&piece.kind) {
            "text" | "text_delta" => ("text", "text", next(&mut self.text, piece.text)?),
            "thinking" | "thinking_delta" => {
                let more = next(&mut self.thinking, piece.thinking)?;
                ("thinking", "thinking", more)
            }
            "signature_delta" => {
                let signature = Cow::Borrowed(str_of(&piece.signature));
                ("thinking", "signature", signature)
            }
            "input_json_delta" => {
                let more = next(&mut self.arguments, piece.partial_json)?;
                let call = self.blocks.find(index).and_then(|block| block.call);
                if let Some(call) = call.and_then(|call| answer.tool_calls.get_mut(call)) {
                    call.arguments.push_str(&more);
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        let more = &*more;
        match member {
            "text" => answer.text.push_str(more),
            "thinking" => answer.reasoning.push_str(more),
            _ => {}
        }
        if !self.state.is_wanted() {
            return Ok(());
        }
        if self.blocks.find(index).is_none() {
            let index = index.unwrap_or_default();
            let item = Map::from_iter([("type".to_owned(), kind.into())]);
            let call = None;
            self.open(OpenBlock { index, call, item });
        }
        if let Some(block) = self.blocks.find(index) {
            match block.item.get_mut(member) {
                Some(Value::String(text)) => text.push_str(more),
                _ => drop(block.item.insert(member.to_owned(), more.into())),
            }
            self.state.grow(more.len());
        }
        Ok(())
    }

    /// At the end of a complete answer: completes the calls, and makes the blocks its state.
    fn put_together(&mut self, answer: &mut Answer) {
        self.state.recount();
        answer.settle_arguments();
        let mut blocks = std::mem::take(&mut self.blocks).0;
        blocks.sort_by_key(|block| block.index);
        let mut calls = std::mem::take(&mut answer.tool_calls);
        for mut block in blocks {
            if let Some(call) = block.call.and_then(|call| calls.get_mut(call)) {
                if call.arguments.trim().is_empty() {
                    call.arguments = "{}".to_owned();
                }
                if self.state.is_wanted() && !self.state.has_room_for(&call.arguments) {
                    self.state.discard(answer);
                }
                if self.state.is_wanted() {
                    // The result refers to the generated id, so the block must have it.
                    block.item.insert("id".to_owned(), call.id.as_str().into());
                    let input = turns::input(call).into();
                    block.item.insert("input".to_owned(), input);
                }
            }
            self.state.keep(Value::Object(block.item), answer);
        }
        answer.tool_calls = calls;
    }
}

#[derive(Deserialize)]
struct MessageHead<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(default)]
    usage: Lenient<UsageObject>,
}

#[derive(Deserialize)]
struct WholeMessage<'a> {
    #[serde(borrow)]
    content: Option<json::List<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// A content block, or a delta of one.
#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    signature: Option<Text<'a>>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    partial_json: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Stop<'a> {
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
    #[serde(borrow)]
    stop_details: Option<StopDetails<'a>>,
}

#[derive(Deserialize)]
struct StopDetails<'a> {
    #[serde(borrow)]
    category: Option<Text<'a>>,
    #[serde(borrow)]
    explanation: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct UsageObject {
    input_tokens: Lenient<u64>,
    cache_creation_input_tokens: Lenient<u64>,
    cache_read_input_tokens: Lenient<u64>,
    output_tokens: Lenient<u64>,
    output_tokens_details: Lenient<OutputDetails>,
    server_tool_use: Lenient<ServerTools>,
    service_tier: Lenient<String>,
    speed: Lenient<String>,
    inference_geo: Lenient<String>,
}

impl UsageObject {
    /// Faster answers, and those that must come from one country, have prices of their own.
    fn tier(&self) -> Option<Tier> {
        let is_fast = self
            .speed
            .0
            .as_ref()
            .is_some_and(|speed| speed != "standard");
        let is_bound = self.inference_geo.0.as_ref().is_some_and(|geo| geo == "us");
        match is_fast || is_bound {
            true => Some(Tier::Other),
            false => self.service_tier.0.as_deref().map(Tier::read),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ServerTools {
    web_search_requests: Lenient<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Lenient<u64>,
}

fn take_message(message: MessageHead<'_>, answer: &mut Answer) {
    answer.response_id = message
        .id
        .and_then(Text::non_empty)
        .or(answer.response_id.take());
    answer.model = message
        .model
        .and_then(Text::non_empty)
        .or(answer.model.take());
    if let Some(usage) = message.usage.0 {
        take_usage(&usage, &mut answer.usage);
    }
}

/// The blocks of an unfinished answer in the order of arrival: those of its calls, and if the state is wanted, all that are
/// sent back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Blocks(pub(super) Vec<OpenBlock>);

#[derive(Clone, Debug, PartialEq)]
pub(super) struct OpenBlock {
    index: u64,
    /// Its position among the tool calls.
    call: Option<usize>,
    /// As far as it has arrived, if the state is wanted.
    item: Map<String, Value>,
}

/// How many blocks back an index is searched for: blocks arrive one after the other, or a few at a time.
const MOST_OPEN: usize = 128;

impl Blocks {
    /// The block with this index; the latest for a piece without one.
    fn find(&mut self, index: Option<u64>) -> Option<&mut OpenBlock> {
        let mut latest = self.0.iter_mut().rev().take(MOST_OPEN);
        latest.find(|block| index.is_none_or(|index| block.index == index))
    }

    /// The state was discarded.
    fn forget_items(&mut self) {
        for block in &mut self.0 {
            block.item = Map::new();
        }
    }

    fn next_index(&self) -> u64 {
        self.0
            .last()
            .map_or(0, |block| block.index.saturating_add(1))
    }
}

/// Bytes of memory for a block without its members.
const BLOCK: usize = 2 * size_of::<OpenBlock>() + anygpt_core::json::OBJECT;

fn take_call(piece: &Piece<'_>, answer: &mut Answer) -> Result<(), Failure> {
    // An empty object is a placeholder: the real one arrives in pieces.
    let input = piece.input.map_or("", RawValue::get);
    let members = input.strip_prefix('{').map(str::trim_start);
    let is_there = members.is_some_and(|members| !members.starts_with('}'));
    answer.call(ToolCall {
        id: str_of(&piece.id).to_owned(),
        name: str_of(&piece.name).to_owned(),
        arguments: if is_there { input } else { "" }.to_owned(),
    })
}

/// The text of a member that is a piece of more.
fn next<'a>(pieces: &mut Pieces, raw: Option<&'a RawValue>) -> Result<Cow<'a, str>, Failure> {
    raw.map_or(Ok(Cow::default()), |raw| pieces.next(raw.get()))
}

fn take_stop(stop: Stop<'_>, answer: &mut Answer) {
    let Some(native) = stop.stop_reason.and_then(Text::non_empty) else {
        return;
    };
    answer.finish(finish::meaning(&native), native);
    if let Some(StopDetails {
        category,
        explanation,
    }) = stop.stop_details
    {
        let details = [category, explanation].into_iter().flatten();
        let details: Vec<String> = details.filter_map(Text::non_empty).collect();
        answer.finish_message = (!details.is_empty()).then(|| details.join(": "));
    }
}

/// Later counts replace earlier ones. Our count of the input is the sum of their three.
pub(super) fn take_usage(counts: &UsageObject, usage: &mut Usage) {
    let cached = |usage: &Usage| {
        let written = usage.cache_write_tokens.unwrap_or_default();
        written.saturating_add(usage.cached_input_tokens.unwrap_or_default())
    };
    let details = counts.output_tokens_details.0.as_ref();
    let before = cached(usage);
    // Until the cached parts are added again.
    usage.input_tokens = usage.input_tokens.map(|sum| sum.saturating_sub(before));
    usage.update(&Usage {
        input_tokens: counts.input_tokens.0,
        output_tokens: counts.output_tokens.0,
        reasoning_tokens: details.and_then(|details| details.thinking_tokens.0),
        cached_input_tokens: counts.cache_read_input_tokens.0,
        cache_write_tokens: counts.cache_creation_input_tokens.0,
        searches: (counts.server_tool_use.0.as_ref()).and_then(|tools| tools.web_search_requests.0),
        tier: counts.tier(),
        ..Usage::default()
    });
    let now = cached(usage);
    usage.input_tokens = usage.input_tokens.map(|fresh| fresh.saturating_add(now));
    usage.total_tokens = usage
        .input_tokens
        .zip(usage.output_tokens)
        .map(|(input, output)| input.saturating_add(output));
}

/// Types of blocks that are sent back to the model.
pub(super) const KEPT: &[&str] = &["thinking", "redacted_thinking", "text", "tool_use"];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
