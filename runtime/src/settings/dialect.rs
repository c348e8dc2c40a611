//! The wire formats that a provider can be spoken to in, and their words in `type`.
//!
//! Never here: the formats themselves (`anygpt_providers`), or which provider has which (`presets`).

use anygpt_providers::{
    Codec,
    anthropic::Messages,
    google::GenerateContent,
    openai::{
        Responses,
        chat_completions::{ChatCompletions, PLAIN},
    },
};

/// The id of the built-in echo.
pub(super) const MOCK: &str = "mock";

/// How a provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI's Responses API.
    OpenAi,
    /// Anthropic's Messages API.
    Anthropic,
    /// Google's generateContent API.
    Google,
    /// OpenAI's Chat Completions API, in some service's way.
    Compatible(&'static ChatCompletions),
    /// Not at all: it echoes the last user text, offline.
    Mock,
}

impl Dialect {
    pub(super) const ALL: [Dialect; 5] = [
        Dialect::OpenAi,
        Dialect::Anthropic,
        Dialect::Google,
        Dialect::Compatible(&PLAIN),
        Dialect::Mock,
    ];

    /// The word for it in `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::OpenAi => "openai",
            Dialect::Anthropic => "anthropic",
            Dialect::Google => "google",
            Dialect::Compatible(_) => "openai-compatible",
            Dialect::Mock => MOCK,
        }
    }

    /// The wire format; none for the mock.
    pub fn codec(self) -> Option<&'static dyn Codec> {
        match self {
            Dialect::OpenAi => Some(&Responses),
            Dialect::Anthropic => Some(&Messages),
            Dialect::Google => Some(&GenerateContent),
            Dialect::Compatible(service) => Some(service),
            Dialect::Mock => None,
        }
    }
}
