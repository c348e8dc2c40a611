//! The words with which providers say why a model stopped.
//!
//! Never here: the answer's own [`Finish`], or what an unknown word leads to.

use crate::Finish;

/// What a word means, in any case; none if nobody knows it. Relays do not always translate between formats, so that each
/// format may have the words of all.
pub(super) fn meaning(native: &str) -> Option<Finish> {
    let has = |words: &[&str]| words.iter().any(|known| native.eq_ignore_ascii_case(known));
    let row = FINISHES.iter().find(|(words, _)| has(words));
    row.map(|(_, finish)| *finish)
}

/// Chat Completions (<https://platform.openai.com/docs/api-reference/chat/object>), Responses
/// (<https://platform.openai.com/docs/api-reference/responses/object>), Messages
/// (<https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons>), Gemini
/// (<https://ai.google.dev/api/generate-content#FinishReason>,
/// <https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse#FinishReason>), Z.ai
/// (<https://docs.z.ai/api-reference/llm/chat-completion>), Bedrock's Converse
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>), Cohere
/// (<https://docs.cohere.com/reference/chat>), Mistral's `model_length`, DeepSeek's `insufficient_system_resource`,
/// `eos_token` of Text Generation Inference.
const FINISHES: &[(&[&str], Finish)] = &[
    (
        &[
            "stop",
            "end_turn",
            "stop_sequence",
            "completed",
            "complete",
            "eos",
            "eos_token",
        ],
        Finish::Stop,
    ),
    (
        &[
            "length",
            "max_tokens",
            "max_output_tokens",
            "max_messages",
            "model_length",
            "model_context_window_exceeded",
            "continuation",
        ],
        Finish::Length,
    ),
    (
        &["tool_calls", "function_call", "tool_use", "tool_call"],
        Finish::ToolCalls,
    ),
    (
        &[
            "content_filter",
            "content_filtered",
            "guardrail_intervened",
            "refusal",
            "sensitive",
            "error_toxic",
            "safety",
            "recitation",
            "blocklist",
            "prohibited_content",
            "spii",
            "model_armor",
            "escalation",
            "image_safety",
            "image_prohibited_content",
            "image_recitation",
        ],
        Finish::ContentFilter,
    ),
    (&["pause_turn"], Finish::Pause),
    (
        &[
            "error",
            "network_error",
            "insufficient_system_resource",
            "language",
            "other",
            "image_other",
            "no_image",
            "pup_limited_disabled",
            "malformed_function_call",
            "malformed_response",
            "unexpected_tool_call",
            "too_many_tool_calls",
            "missing_thought_signature",
        ],
        Finish::Error,
    ),
];
