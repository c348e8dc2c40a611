//! An answer while its stream is read, and when it is complete.
//!
//! Never here: how a provider writes it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::openai::chat_completions::{inline_reasoning, repeated};
use crate::{Class, Failure, ToolCall, anthropic, conversation, json};

/// An answer as it grows while a stream is read. Whatever has arrived is valid at any moment, so a
/// deadline can hand it out as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The visible text so far.
    pub text: String,
    /// Reasoning the provider showed, if any.
    pub reasoning: String,
    /// The model that really answered, in the provider's words.
    pub model: Option<String>,
    /// The provider's id for this answer (`resp_…`, `msg_…`, Gemini's `responseId`).
    pub response_id: Option<String>,
    /// Why it ended, once known.
    pub finish: Option<Finish>,
    /// The provider's own word for that.
    pub native_finish: Option<String>,
    /// Token counts and cost, once known.
    pub usage: Usage,
    /// Addresses of the pages that a searching model names as its sources.
    pub citations: Vec<String>,
    /// The stream's closing event was seen. An end of body without it is a truncated stream.
    pub complete: bool,
    /// What the model wants to be called.
    pub tool_calls: Vec<ToolCall>,
    /// Where in `tool_calls` the provider's own number for a call leads, while it comes in pieces.
    pub(crate) places: BTreeMap<u64, usize>,
    /// The pieces of the answer in the provider's words (see [`State`]), if they are wanted.
    pub state: Vec<serde_json::Value>,
    /// They are.
    pub wants_state: bool,
    /// Bytes in them, and in the pieces that are still to become some, about.
    pub(crate) state_length: usize,
    /// Anthropic's content blocks as they grow.
    pub(crate) blocks: anthropic::Blocks,
    /// Reasoning between marks in front of the text.
    pub(crate) inline: inline_reasoning::InlineReasoning,
    /// What most events of the stream have in common.
    pub(crate) repeated: repeated::Repeated,
}

impl Answer {
    /// Bytes of what the model has said, about.
    pub fn length(&self) -> usize {
        let calls = self.tool_calls.iter();
        let calls = calls.map(|call| call.id.len() + call.name.len() + call.arguments.len());
        self.text.len() + self.reasoning.len() + calls.sum::<usize>() + self.state_length
    }

    /// Bytes that it holds, about: the same, with what stands beside the answer.
    pub fn held(&self) -> usize {
        let words = [&self.model, &self.response_id, &self.native_finish];
        let words = words.into_iter().flatten().map(String::len);
        let sources = self.citations.iter();
        let sources = sources.map(|source| size_of::<String>() + 16 + source.len());
        self.length() + words.chain(sources).sum::<usize>()
    }

    /// Whether the provider has told of anything that it has generated or counts.
    pub fn has_begun(&self) -> bool {
        self.length() > 0
            || self.finish.is_some()
            || !self.tool_calls.is_empty()
            || self.usage != Usage::default()
    }

    /// A call begins, or is there as a whole. It gets an id if it has none.
    ///
    /// # Errors
    /// There are more than 128.
    pub(crate) fn call(&mut self, mut call: ToolCall) -> Result<(), Failure> {
        if self.tool_calls.len() >= MOST_CALLS {
            let problem = format!("the model wants more than {MOST_CALLS} tools to be called");
            return Err(Failure::new(Class::TooLarge, problem));
        }
        let mut number = self.tool_calls.len();
        while call.id.is_empty() {
            number += 1;
            let id = format!("call_{number}");
            if self.tool_calls.iter().all(|other| other.id != id) {
                call.id = id;
            }
        }
        self.tool_calls.push(call);
        Ok(())
    }

    /// Keeps a piece of the answer in the provider's words, if that is wanted. What is added to the piece
    /// later is to be counted in `state_length`.
    pub(crate) fn keep(&mut self, item: serde_json::Value) {
        if self.wants_state {
            self.state_length += conversation::length(&item);
            self.state.push(item);
            if self.state_length > LARGEST_STATE {
                self.spoil_state();
            }
        }
    }

    /// The same for a piece that is still JSON.
    pub(crate) fn keep_json(&mut self, json: &str) {
        if let Some(item) = self.piece(json) {
            self.keep(item);
        }
    }

    /// A piece of the state, read if that is wanted. One that cannot be kept spoils the others: without a
    /// state the conversation goes on from its text and its calls.
    pub(crate) fn piece(&mut self, json: &str) -> Option<serde_json::Value> {
        if !self.wants_state {
            return None;
        }
        let is_small = json.len() <= LARGEST_PIECE && self.has_room_for(json);
        let piece = Some(json).filter(|_| is_small).and_then(json::tree);
        if piece.is_none() {
            self.spoil_state();
        }
        piece
    }

    /// Whether a tree of this would still be a part of a state that could be handed back.
    pub(crate) fn has_room_for(&self, json: &str) -> bool {
        let size = anygpt_core::json::tree_size(json);
        self.state_length.saturating_add(size) <= LARGEST_STATE
    }

    pub(crate) fn spoil_state(&mut self) {
        self.wants_state = false;
        self.state.clear();
        self.blocks.forget_items();
        self.state_length = 0;
    }
}

/// Why a model stopped, in our words (the provider's own word is kept beside it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It was done, or met a stop sequence.
    Stop,
    /// It ran into a token limit.
    Length,
    /// It wants tools to be called.
    ToolCalls,
    /// It refused, or a filter stopped it.
    ContentFilter,
    /// The provider failed after it had begun.
    Error,
    /// It paused and wants the turn back to go on.
    Pause,
    /// Our own deadline came first.
    Timeout,
}

impl Finish {
    /// The word used in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Finish::Stop => "stop",
            Finish::Length => "length",
            Finish::ToolCalls => "tool_calls",
            Finish::ContentFilter => "content_filter",
            Finish::Error => "error",
            Finish::Pause => "pause",
            Finish::Timeout => "timeout",
        }
    }
}

/// Token counts and cost. What the provider did not report stays absent; it is never made 0. Serialized as `usage` of a
/// result, where the cost is a member of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Usage {
    /// All input, cached parts included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// All output, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// The part of the output that was reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// The part of the input that came from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_input_tokens: Option<u64>,
    /// The part of the input that was written to a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// Input and output together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<u64>,
    /// What the provider charges, in US dollars.
    #[serde(skip)]
    pub cost_usd: Option<f64>,
}

/// More tool calls in one answer are none that anybody would carry out.
const MOST_CALLS: usize = 128;

/// A longer piece of a state is none that could be handed back.
const LARGEST_PIECE: usize = 1 << 20;

/// Nor is a larger state, in bytes of memory.
pub const LARGEST_STATE: usize = 8 << 20;
