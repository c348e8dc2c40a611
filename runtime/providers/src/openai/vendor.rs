//! Which model ids are OpenAI's, and where its API is.
//!
//! Never here: what a model accepts (`rules`).

use crate::vendor::{NONE, Vendor};

pub(crate) static VENDOR: Vendor = Vendor {
    id: "openai",
    name: "OpenAI",
    closed: &[
        "gpt",
        "chatgpt",
        "chat-latest",
        "daybreak-",
        // `o3`, `o4-mini` (see `begins`).
        "o#",
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
    ..NONE
};
