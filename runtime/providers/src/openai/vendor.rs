//! Which model ids are OpenAI's, and where its API is.
//!
//! Never here: what a model accepts (`rules`).

use super::prices::PRICES;
use super::rules::O_SERIES;
use crate::vendor::{NONE, Vendor};

pub(crate) static VENDOR: Vendor = Vendor {
    id: "openai",
    name: "OpenAI",
    closed: &[
        "gpt",
        "chatgpt",
        "chat-latest",
        "daybreak-",
        O_SERIES,
        "text-embedding",
        "dall-e",
        "codex",
        "computer-use",
        "sora",
        "tts",
        "whisper-1",
        "davinci",
        "babbage",
        "text-davinci",
        "text-moderation",
        "omni-moderation",
    ],
    apart: &["gpt-oss", "whisper"],
    domains: &["openai.com"],
    prices: PRICES,
    ..NONE
};
