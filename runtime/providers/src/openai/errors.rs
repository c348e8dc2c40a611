//! Error codes and phrases of OpenAI, and of services and servers with its formats.
//!
//! Never here: the shapes of error bodies (`error_body`).

use crate::ErrorKind::{
    Auth, ContentFilter, ContextLength, InvalidRequest, ModelNotFound, Permission, Quota,
    RateLimit, TooLarge, Unavailable,
};
use crate::error_body::Meanings;

pub(super) use crate::error_body::failure;

/// <https://platform.openai.com/docs/guides/error-codes/api-errors>, and the codes of `response.failed`
/// (<https://platform.openai.com/docs/api-reference/responses/object#responses/object-error>).
pub(crate) static OPENAI: Meanings = Meanings {
    codes: &[
        ("insufficient_quota", Quota),
        ("billing_hard_limit_reached", Quota),
        ("billing_not_active", Quota),
        ("invalid_api_key", Auth),
        ("account_deactivated", Permission),
        ("unsupported_country_region_territory", Permission),
        ("data_residency_mismatch", Permission),
        ("model_not_found", ModelNotFound),
        ("context_length_exceeded", ContextLength),
        ("string_above_max_length", ContextLength),
        ("content_filter", ContentFilter),
        ("content_policy_violation", ContentFilter),
        ("moderation_blocked", ContentFilter),
        ("image_content_policy_violation", ContentFilter),
        ("bio_policy", ContentFilter),
        ("cyber_policy", ContentFilter),
        ("misalignment_policy_violation", ContentFilter),
        ("rate_limit_exceeded", RateLimit),
        ("server_error", Unavailable),
        ("internal_error", Unavailable),
        ("service_unavailable", Unavailable),
        ("slow_down", RateLimit),
        ("vector_store_timeout", Unavailable),
        ("invalid_prompt", InvalidRequest),
        ("invalid_image", InvalidRequest),
        ("invalid_image_format", InvalidRequest),
        ("invalid_base64_image", InvalidRequest),
        ("invalid_image_url", InvalidRequest),
        ("invalid_image_mode", InvalidRequest),
        ("image_too_large", InvalidRequest),
        ("image_too_small", InvalidRequest),
        ("image_parse_error", InvalidRequest),
        ("image_file_too_large", InvalidRequest),
        ("image_file_not_found", InvalidRequest),
        ("unsupported_image_media_type", InvalidRequest),
        ("empty_image_file", InvalidRequest),
        ("failed_to_download_image", InvalidRequest),
    ],
    phrases: &[
        // Before the lengths, which it names as well: the limit is repaired (`parameter`).
        ("max_completion_tokens' is too large", InvalidRequest),
        ("incorrect api key", Auth),
        ("maximum context length", ContextLength),
        ("context window", ContextLength),
        ("context length", ContextLength),
        ("request too large", TooLarge),
        ("usage policy", ContentFilter),
        ("usage policies", ContentFilter),
    ],
};

/// Services and servers that speak Chat Completions, most of them other formats, too.
pub(crate) static SERVICES: Meanings = Meanings {
    codes: &[
        // Azure (https://learn.microsoft.com/azure/ai-foundry/openai/reference)
        ("DeploymentNotFound", ModelNotFound),
        // Mistral (https://docs.mistral.ai/api)
        ("invalid_model", ModelNotFound),
        // Groq (https://console.groq.com/docs/errors, …/docs/deprecations)
        ("model_decommissioned", ModelNotFound),
        // Moonshot (https://platform.moonshot.ai/docs/api/chat#error-codes)
        ("exceeded_current_quota_error", Quota),
        ("invalid_authentication_error", Auth),
        ("incorrect_api_key_error", Auth),
        ("permission_denied_error", Permission),
        ("resource_not_found_error", ModelNotFound),
        ("rate_limit_reached_error", RateLimit),
        ("engine_overloaded_error", Unavailable),
        // Z.ai (https://docs.z.ai/api-reference/api-code)
        ("1113", Quota),
        ("1211", ModelNotFound),
        ("1220", Permission),
        ("1261", ContextLength),
        ("1301", ContentFilter),
        ("1304", Quota),
        ("1308", Quota),
        ("1309", Quota),
        ("1310", Quota),
        // Alibaba (https://www.alibabacloud.com/help/en/model-studio/error-code)
        ("Arrearage", Quota),
        ("AllocationQuota.FreeTierOnly", Quota),
        ("data_inspection_failed", ContentFilter),
        ("DataInspectionFailed", ContentFilter),
        // Cerebras (https://inference-docs.cerebras.ai/support/error)
        ("wrong_api_key", Auth),
        // GitHub Models and Azure AI
        ("unknown_model", ModelNotFound),
        ("unavailable_model", ModelNotFound),
        ("tokens_limit_reached", ContextLength),
        // OpenRouter (https://openrouter.ai/docs/api-reference/errors)
        ("payment_required", Quota),
        ("authentication", Auth),
        ("provider_overloaded", Unavailable),
        ("provider_unavailable", Unavailable),
        // One API and New API (https://github.com/QuantumNous/new-api, types/error.go)
        ("insufficient_user_quota", Quota),
        ("pre_consume_token_quota_failed", Quota),
        // LiteLLM (https://docs.litellm.ai/docs/exception_mapping, …/docs/proxy/users)
        ("budget_exceeded", Quota),
        ("no_db_connection", Auth),
        ("token_not_found_in_db", Auth),
        // llama.cpp (tools/server/server-common.cpp)
        ("exceed_context_size_error", ContextLength),
        ("unavailable_error", Unavailable),
        ("not_supported_error", InvalidRequest),
    ],
    phrases: &[
        ("invalid api key", Auth),
        // xAI (https://docs.x.ai/docs/key-information/debugging): 403 for filters and money
        ("help with that request", ContentFilter),
        ("violates usage guidelines", ContentFilter),
        ("maximum prompt length", ContextLength),
        ("used all available credits", Quota),
        ("monthly spending limit", Quota),
        ("purchase more credits", Quota),
        ("have any credits", Quota),
        // DeepSeek (https://api-docs.deepseek.com/quick_start/error_codes)
        ("model not exist", ModelNotFound),
        ("content exists risk", ContentFilter),
        ("insufficient balance", Quota),
        // Groq
        ("has been decommissioned", ModelNotFound),
        // Moonshot
        ("exceeded model token limit", ContextLength),
        // Z.ai's Anthropic endpoint, which has no code
        ("[1113]", Quota),
        ("[1308]", Quota),
        ("[1211]", ModelNotFound),
        ("[1261]", ContextLength),
        ("[1301]", ContentFilter),
        ("prompt exceeds max length", ContextLength),
        // Alibaba, SiliconFlow
        ("range of input length", ContextLength),
        ("balance is insufficient", Quota),
        // Bedrock
        ("input is too long", ContextLength),
        // Cohere
        ("tokens in the prompt cannot exceed", ContextLength),
        // OpenRouter
        ("not a valid model", ModelNotFound),
        ("key limit exceeded", Quota),
        // LiteLLM
        ("invalid model", ModelNotFound),
        ("budget has been exceeded", Quota),
        ("no connected db", Auth),
        // vLLM
        ("longer than the maximum model length", ContextLength),
        // llama.cpp
        ("context size", ContextLength),
        ("image input is not supported", InvalidRequest),
        // Ollama
        ("prompt too long", ContextLength),
        // LM Studio
        ("no models loaded", ModelNotFound),
        // All of them
        ("unknown model", ModelNotFound),
        ("no such model", ModelNotFound),
    ],
};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
