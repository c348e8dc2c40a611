//! A chat request in no provider's dialect.
//!
//! Never here: how a provider writes it, or what a model takes (`fit`).

use std::sync::Arc;

use crate::conversation::{self, Format, Message, Tool, ToolChoice};

/// A chat request in no provider's dialect. Absent options are not sent, so the provider's own
/// defaults hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatRequest {
    /// The provider's id for the model, passed through as it is.
    pub model: String,
    /// The conversation, oldest first; never empty. Shared by all attempts.
    pub messages: Arc<[Message]>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Most tokens the answer may have.
    pub max_tokens: Option<u32>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// The seed of the chance.
    pub seed: Option<u32>,
    /// How much to think.
    pub effort: Option<Effort>,
    /// The caller wants to see the reasoning, where it is shown.
    pub include_reasoning: bool,
    /// What the model may want to be called. Shared by all attempts.
    pub tools: Arc<[Tool]>,
    /// Whether it may or must.
    pub tool_choice: Option<ToolChoice>,
    /// The form that the answer is to have, if not just text.
    pub format: Option<Arc<Format>>,
}

/// How a request is to be written, where its format leaves a choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// Under the other of two names for the same parameter, where the format has two.
    pub other_name: bool,
}

impl ChatRequest {
    /// Bytes of its body, about.
    pub fn length(&self) -> usize {
        // Names and brackets around a message, a part or a call.
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

/// How much a model is to think; one scale for all providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i8)]
#[allow(missing_docs)] // The names say it.
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

impl Effort {
    /// All, from the least to the most.
    pub const ALL: [Effort; 7] = [
        Effort::None,
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::XHigh,
        Effort::Max,
    ];

    /// The name and the effort of `name@effort`.
    pub fn split(name: &str) -> (&str, Option<Effort>) {
        let split = name
            .rsplit_once('@')
            .and_then(|(name, effort)| Some((name, Effort::from_name(effort)?)));
        match split {
            Some((name, effort)) => (name.trim(), Some(effort)),
            None => (name.trim(), None),
        }
    }

    /// The word for it in arguments and results.
    pub fn as_str(self) -> &'static str {
        match self {
            Effort::None => "none",
            Effort::Minimal => "minimal",
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
            Effort::XHigh => "xhigh",
            Effort::Max => "max",
        }
    }

    /// By that word, in whatever case it is written.
    pub fn from_name(name: &str) -> Option<Self> {
        Effort::ALL
            .into_iter()
            .find(|effort| effort.as_str().eq_ignore_ascii_case(name.trim()))
    }
}
