//! The list of all tools.
//!
//! Never here: what a tool is, or does.

use super::{
    chat_completion, check_providers, compare, count_tokens, embed, generate_image, list_models,
    list_providers, list_tags, tool::Tool,
};

/// All tools, in the order in which clients see them.
pub(super) static TOOLS: [&Tool; 9] = [
    &chat_completion::TOOL,
    &compare::TOOL,
    &list_models::TOOL,
    &list_providers::TOOL,
    &list_tags::TOOL,
    &count_tokens::TOOL,
    &embed::TOOL,
    &generate_image::TOOL,
    &check_providers::TOOL,
];
