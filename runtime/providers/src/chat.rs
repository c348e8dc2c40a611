//! A provider-neutral chat request.
//!
//! Never here: a wire format, or what a model accepts (`adapt`).

use std::sync::Arc;

use crate::conversation::{self, Format, Message, Tool, ToolChoice};
use crate::facts::{Facts, Rules};

/// A provider-neutral chat request. Options that are absent are not sent, so the provider's defaults apply.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatRequest {
    /// The provider's id for the model, sent unchanged.
    pub model: String,
    /// What is known of the model; if none, what the table that is compiled in says.
    pub rules: Option<Rules>,
    /// The conversation, oldest first; never empty. Shared by all attempts.
    pub messages: Arc<[Message]>,
    pub temperature: Option<f64>,
    /// Upper bound on the tokens of the answer.
    pub max_tokens: Option<u32>,
    pub top_p: Option<f64>,
    /// Stop sequences.
    pub stop: Vec<String>,
    pub seed: Option<u32>,
    pub effort: Option<ReasoningEffort>,
    /// Whether to ask for the reasoning as text.
    pub include_reasoning: bool,
    /// Tools that the model may call. Shared by all attempts.
    pub tools: Arc<[Tool]>,
    /// Whether the model may or must call them.
    pub tool_choice: Option<ToolChoice>,
    /// The format of the answer; plain text if none.
    pub format: Option<Arc<Format>>,
    /// Must not be served at a dearer service tier that the account is set to.
    pub wants_standard_tier: bool,
}

/// Choices in how a request is written, where its wire format has alternatives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// Sends the token limit under the format's other name for it.
    pub other_name: bool,
    /// The server does not stream this.
    pub without_stream: bool,
    /// Without the options of a stream.
    pub without_stream_options: bool,
    /// Without `store`.
    pub without_store: bool,
    /// In the format that [`Codec::substitute`](crate::Codec::substitute) has.
    pub in_substitute: bool,
}

impl ChatRequest {
    /// What is known of the model, if it is this vendor's.
    pub(crate) fn rules_of(&self, vendor: &str) -> Rules {
        self.rules.unwrap_or_else(|| {
            let facts = Facts::default();
            facts.rules(vendor, &self.model, facts.day())
        })
    }

    /// Approximate bytes of the body.
    pub fn length(&self) -> usize {
        // Member names and punctuation around a message, a part or a call.
        const FRAME: usize = 100;
        let message = |message: &Message| {
            let parts = message.content.iter().map(|part| part.length() + FRAME);
            let calls = message.tool_calls.iter();
            let calls = calls.map(|call| call.arguments.len() + 4 * FRAME);
            let state = message.state.iter().flat_map(|state| &state.items);
            let all = parts.chain(calls).chain(state.map(conversation::length));
            FRAME + all.sum::<usize>()
        };
        let tools = self.tools.iter().map(|tool| {
            let text = tool.description.as_ref().map_or(0, String::len);
            let members = tool.parameters.iter();
            let members = members.map(|(name, value)| name.len() + conversation::length(value));
            FRAME + text + members.sum::<usize>()
        });
        self.messages.iter().map(message).sum::<usize>() + tools.sum::<usize>()
    }
}

/// How much a model reasons before it answers; one scale for all providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i8)]
pub enum ReasoningEffort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

impl ReasoningEffort {
    /// In ascending order.
    pub const ALL: [ReasoningEffort; 7] = [
        ReasoningEffort::None,
        ReasoningEffort::Minimal,
        ReasoningEffort::Low,
        ReasoningEffort::Medium,
        ReasoningEffort::High,
        ReasoningEffort::XHigh,
        ReasoningEffort::Max,
    ];

    /// Splits `name@effort`.
    pub fn split(name: &str) -> (&str, Option<ReasoningEffort>) {
        let split = name
            .rsplit_once('@')
            .and_then(|(name, effort)| Some((name, ReasoningEffort::from_name(effort)?)));
        match split {
            Some((name, effort)) => (name.trim(), Some(effort)),
            None => (name.trim(), None),
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            ReasoningEffort::None => "none",
            ReasoningEffort::Minimal => "minimal",
            ReasoningEffort::Low => "low",
            ReasoningEffort::Medium => "medium",
            ReasoningEffort::High => "high",
            ReasoningEffort::XHigh => "xhigh",
            ReasoningEffort::Max => "max",
        }
    }

    /// Case-insensitive.
    pub fn from_name(name: &str) -> Option<Self> {
        ReasoningEffort::ALL
            .into_iter()
            .find(|effort| effort.as_str().eq_ignore_ascii_case(name.trim()))
    }
}
