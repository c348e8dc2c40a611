//! Which model ids are Google's, and where its API is.
//!
//! Never here: what a model accepts (`rules`).

use crate::vendor::Vendor;

pub(crate) static VENDOR: Vendor = Vendor {
    id: "google",
    name: "Google",
    words: &["gemini", "vertex_ai", "vertex"],
    closed: &[
        "gemini",
        "imagen",
        "veo",
        "nano-banana",
        "deep-research-",
        "lyria",
        "learnlm",
        "palm",
        "bard",
        "medlm",
        "text-bison",
        "chat-bison",
        "code-bison",
        "codechat-bison",
        "aqa",
        "embedding-0",
        "text-embedding-0",
        "text-multilingual-embedding",
        "tunedmodels/",
    ],
    open: &["gemma-"],
    apart: &[
        "gemma",
        "codegemma",
        "embeddinggemma",
        "functiongemma",
        "medgemma",
        "paligemma",
        "shieldgemma",
        "recurrentgemma",
        "t5gemma",
    ],
    domains: &["generativelanguage.googleapis.com"],
};
