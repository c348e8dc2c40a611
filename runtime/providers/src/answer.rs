//! An answer while its stream is read, and when it is complete.
//!
//! Never here: how a provider writes it.

use serde::{Serialize, de::IgnoredAny};

use crate::facts::Tier;
use crate::{ErrorKind, Failure, ToolCall, conversation};

/// An answer as it grows while a stream is read. Whatever has arrived is valid at any moment, so a
/// call that runs into its deadline can return it as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The visible text so far.
    pub text: String,
    /// Reasoning the provider showed, if any.
    pub reasoning: String,
    /// The model that answered, as the provider names it.
    pub model: Option<String>,
    /// The provider's id for this answer (`resp_…`, `msg_…`, Gemini's `responseId`).
    pub response_id: Option<String>,
    /// Why it ended, once known.
    pub finish: Option<Finish>,
    /// The provider's word for `finish`, which has none if the word is unknown. Events may follow it: usage, and more text
    /// from relays that repeat the word.
    pub native_finish: Option<String>,
    /// What the provider adds to `native_finish`: the category of a refusal, an explanation.
    pub finish_message: Option<String>,
    /// Token counts and cost, once known.
    pub usage: Usage,
    /// URLs of the pages that a model with search names as its sources.
    pub citations: Vec<String>,
    /// The stream's closing event has arrived, or the body has ended after the finish reason. A body that ends without
    /// either is truncated.
    pub complete: bool,
    pub tool_calls: Vec<ToolCall>,
    /// The answer in the provider's own format (see [`State`](crate::State)), if the state is wanted.
    pub state: Vec<serde_json::Value>,
}

impl Answer {
    /// Approximate bytes of text, reasoning and calls.
    pub fn length(&self) -> usize {
        let calls = self.tool_calls.iter();
        let calls = calls.map(|call| call.id.len() + call.name.len() + call.arguments.len());
        self.text.len() + self.reasoning.len() + calls.sum::<usize>()
    }

    /// Approximate bytes of the state.
    pub fn state_length(&self) -> usize {
        self.state.iter().map(conversation::length).sum()
    }

    /// Approximate bytes of memory without the state.
    pub fn held(&self) -> usize {
        let words = [
            &self.model,
            &self.response_id,
            &self.native_finish,
            &self.finish_message,
        ];
        let words = words.into_iter().flatten().map(String::len);
        let sources = self.citations.iter();
        let sources = sources.map(|source| size_of::<String>() + 16 + source.len());
        self.length() + words.chain(sources).sum::<usize>()
    }

    /// Whether the provider has reported anything generated, or any usage.
    pub fn has_begun(&self) -> bool {
        self.length() > 0
            || self.finish.is_some()
            || !self.tool_calls.is_empty()
            || self.usage != Usage::default()
    }

    /// Adds a call, whole or as far as it has arrived. A call without an id gets one.
    ///
    /// # Errors
    /// `TooLarge` if there are more than [`MOST_CALLS`].
    pub(crate) fn call(&mut self, mut call: ToolCall) -> Result<(), Failure> {
        if self.tool_calls.len() >= MOST_CALLS {
            let problem = format!("the answer has more than {MOST_CALLS} tool calls");
            return Err(Failure::new(ErrorKind::TooLarge, problem));
        }
        let mut number = self.tool_calls.len();
        while call.id.is_empty() {
            number += 1;
            let id = ToolCall::generated_id(number);
            if self.tool_calls.iter().all(|other| other.id != id) {
                call.id = id;
            }
        }
        self.tool_calls.push(call);
        Ok(())
    }

    /// Sets why it ended: `finish` is what the provider's word means, if that is known. A tool call, a refusal or a limit is
    /// more specific than `Stop`.
    pub(crate) fn finish(&mut self, finish: Option<Finish>, native: String) {
        let called = (!self.tool_calls.is_empty()).then_some(Finish::ToolCalls);
        self.finish = match finish {
            None | Some(Finish::Stop) => {
                let specific = self.finish.filter(|earlier| *earlier != Finish::Stop);
                specific.or(called).or(finish)
            }
            finish => finish,
        };
        self.native_finish = Some(native);
    }

    /// Of arguments that are several whole objects, one after the other, the last counts: some services send `{}` with the
    /// name, or all arguments again at the end.
    pub(crate) fn settle_arguments(&mut self) {
        for call in &mut self.tool_calls {
            if let Some(start) = last_object(&call.arguments) {
                call.arguments.drain(..start);
            }
        }
    }
}

/// Where the last of several objects begins.
fn last_object(text: &str) -> Option<usize> {
    let mut objects = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut last = 0;
    loop {
        let start = objects.byte_offset();
        match objects.next() {
            None => return (last > 0).then_some(last),
            Some(Ok(_)) if text.get(start..)?.trim_start().starts_with('{') => last = start,
            Some(_) => return None,
        }
    }
}

/// A blank line after what a text has.
pub(crate) fn begin_paragraph(text: &mut String) {
    if !text.is_empty() {
        text.push_str("\n\n");
    }
}

/// Why a model stopped (see also [`Answer::native_finish`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The answer is complete, or a stop sequence was generated.
    Stop,
    /// A token limit was reached.
    Length,
    /// The model calls tools.
    ToolCalls,
    /// The model refused, or a filter stopped it.
    ContentFilter,
    /// The provider failed in the middle of the answer.
    Error,
    /// The model paused; sending the turn back continues it.
    Pause,
    /// Our own deadline was reached.
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

/// Token counts and cost. What the provider does not report is absent, never 0. Serialized as `usage` of a result, where the
/// cost is a separate member.
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
    /// The part of the input that was sound, where that is told.
    #[serde(skip)]
    pub audio_input_tokens: Option<u64>,
    /// The part of the input that was pictures, likewise.
    #[serde(skip)]
    pub image_input_tokens: Option<u64>,
    /// The part of the output that was pictures, likewise.
    #[serde(skip)]
    pub image_output_tokens: Option<u64>,
    /// Searches that are charged.
    #[serde(skip)]
    pub searches: Option<u64>,
    /// The service tier that has answered.
    #[serde(skip)]
    pub tier: Option<Tier>,
    /// What the provider charges, in US dollars.
    #[serde(skip)]
    pub cost_usd: Option<f64>,
}

impl Usage {
    /// Adds later counts, which replace earlier ones; but a zero does not undo a count.
    pub(crate) fn update(&mut self, later: &Usage) {
        for (known, later) in [
            (&mut self.input_tokens, later.input_tokens),
            (&mut self.output_tokens, later.output_tokens),
            (&mut self.reasoning_tokens, later.reasoning_tokens),
            (&mut self.cached_input_tokens, later.cached_input_tokens),
            (&mut self.cache_write_tokens, later.cache_write_tokens),
            (&mut self.total_tokens, later.total_tokens),
            (&mut self.audio_input_tokens, later.audio_input_tokens),
            (&mut self.image_input_tokens, later.image_input_tokens),
            (&mut self.image_output_tokens, later.image_output_tokens),
            (&mut self.searches, later.searches),
        ] {
            *known = later.filter(|count| *count > 0).or(*known).or(later);
        }
        self.tier = later.tier.or(self.tier);
        self.cost_usd = later.cost_usd.or(self.cost_usd);
    }
}

/// Upper bound on tool calls in one answer; more indicates a broken model.
const MOST_CALLS: usize = 128;
