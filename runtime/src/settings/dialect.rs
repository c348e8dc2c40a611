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
pub enum Kind {
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

impl Kind {
    pub(super) const ALL: [Kind; 5] = [
        Kind::OpenAi,
        Kind::Anthropic,
        Kind::Google,
        Kind::Compatible(&PLAIN),
        Kind::Mock,
    ];

    /// The word for it in `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::OpenAi => "openai",
            Kind::Anthropic => "anthropic",
            Kind::Google => "google",
            Kind::Compatible(_) => "openai-compatible",
            Kind::Mock => MOCK,
        }
    }

    /// The wire format; none for the mock.
    pub fn codec(self) -> Option<&'static dyn Codec> {
        match self {
            Kind::OpenAi => Some(&Responses),
            Kind::Anthropic => Some(&Messages),
            Kind::Google => Some(&GenerateContent),
            Kind::Compatible(service) => Some(service),
            Kind::Mock => None,
        }
    }
}
