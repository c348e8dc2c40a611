use super::*;

#[test]
fn a_star_stands_for_anything_and_a_question_mark_for_one_character() {
    for (pattern, text, expected) in [
        ("", "", true),
        ("", "a", false),
        ("a", "a", true),
        ("a", "ab", false),
        ("*", "", true),
        ("a*", "a", true),
        ("a*", "ba", false),
        ("*a", "ba", true),
        ("*a", "ab", false),
        ("a*a", "a", false),
        ("a*a", "aa", true),
        ("a*b*c", "axbxc", true),
        ("a*b*c", "axcxb", false),
        ("*b*b*", "b", false),
        ("*b*b*", "bab", true),
        ("a**", "a", true),
        ("?", "", false),
        ("?", "ß", true),
        ("a?c", "abc", true),
        ("a?", "abc", false),
        ("*?", "", false),
        ("*/o3-?", "openai/o3-7", true),
        ("*/o3-*", "openrouter/openai/o3-mini", true),
    ] {
        assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn for_denying_all_spellings_of_a_model_are_one() {
    for (name, expected) in [
        ("GPT-5-pro", "gpt-5-pro"),
        ("gpt-5-pro-2025-10-06", "gpt-5-pro"),
        ("openai/gpt-5-pro:nitro", "openai/gpt-5-pro"),
        ("openrouter/OpenAI/gpt-5-pro", "openrouter/openai/gpt-5-pro"),
        ("openai/openai/gpt-5-pro", "openai/openai/gpt-5-pro"),
        ("gpt-5-mini-2025-08-07", "gpt-5-mini"),
        ("gpt-4o-latest", "gpt-4o"),
        ("gpt-4-0613", "gpt-4"),
        ("gpt-3.5-turbo-0125", "gpt-3-5-turbo"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4-5"),
        ("claude-opus-4@20250514", "claude-opus-4"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet"),
        ("claude-3.7-sonnet:thinking", "claude-3-7-sonnet"),
        (
            "us.anthropic.claude-sonnet-4-20250514-v1:0",
            "anthropic/claude-sonnet-4",
        ),
        (
            "anthropic.claude-3-haiku-20240307-v1:0:200k",
            "anthropic/claude-3-haiku",
        ),
        ("openai.gpt-oss-120b-1:0", "openai/gpt-oss-120b"),
        (
            "us-gov.anthropic.claude-opus-4-6-v1",
            "anthropic/claude-opus-4-6",
        ),
        ("openai/openai:gpt-5-pro", "openai/openai/gpt-5-pro"),
        ("google::gemini-2.5-pro:free", "google/gemini-2-5-pro"),
        (
            "openrouter/openai/gpt-5-pro/",
            "openrouter/openai/gpt-5-pro",
        ),
        (
            "bedrock/global.amazon.nova-pro-v1:0",
            "bedrock/amazon/nova-pro",
        ),
        ("models/gemini-2.5-pro-preview-05-06", "gemini-2-5-pro"),
        ("gemini-2.5-flash-preview-09-2025", "gemini-2-5-flash"),
        ("gemini-2.5-pro-exp-03-25", "gemini-2-5-pro"),
        ("gemini/x", "google/x"),
        ("openrouter/x-ai/grok-4-0709", "openrouter/xai/grok-4"),
        (
            "openrouter/mistralai/mistral-large-2411",
            "openrouter/mistral/mistral-large",
        ),
        ("command-r-08-2024", "command-r"),
        ("kimi-k2-0711-preview", "kimi-k2"),
        ("deepseek-chat-v3-0324:free", "deepseek-chat-v3"),
        ("deepseek-v3", "deepseek-v3"),
        ("qwen3:8b", "qwen3:8b"),
        ("mistral:7b", "mistral:7b"),
        ("ollama/mistral:instruct", "ollama/mistral:instruct"),
        ("qwen3:latest", "qwen3"),
        ("r1-1776", "r1-1776"),
        ("gpt-5-2", "gpt-5-2"),
        ("phi-4", "phi-4"),
        ("llama-3.1-405b", "llama-3-1-405b"),
        ("-latest", "-latest"),
        ("", ""),
        // Patterns keep what they say of the name.
        ("*-latest", "*-latest"),
        ("gpt-?-2025-10-06", "gpt-?-2025-10-06"),
        ("*:free", "*:free"),
        ("x-ai/*", "xai/*"),
        ("*/gpt-5-pro-2025-10-06", "*/gpt-5-pro"),
    ] {
        let plain = Plain::new(name);
        assert_eq!([plain.before, plain.model].concat(), expected, "{name}");
    }
}

#[test]
fn claude_is_one_in_both_orders() {
    for (pattern, name, expected) in [
        (
            "claude-opus-4-5",
            "openrouter/anthropic/claude-4.5-opus-20251124",
            true,
        ),
        ("claude-4.5-opus", "anthropic/claude-opus-4-5", true),
        ("claude-3-5-*", "anthropic/claude-3.5-sonnet", true),
        (
            "claude-sonnet-*",
            "openrouter/anthropic/claude-3.7-sonnet:thinking",
            true,
        ),
        ("claude-opus-4", "anthropic/claude-4.5-opus", false),
        ("claude-opus-4-5", "anthropic/claude-4.5-sonnet", false),
    ] {
        let fits = Plain::new(pattern).fits(&Plain::new(name).texts());
        assert_eq!(fits, expected, "{pattern} {name}");
    }
}

/// Spellings that vendors, clouds, gateways and people have.
#[test]
fn a_denied_model_is_denied_by_every_spelling_and_no_other_model_is() {
    let is_denied = |pattern, name: &str| Plain::new(pattern).fits(&Plain::new(name).texts());
    let gpt = "gpt-5-pro GPT-5-Pro gpt-5-pro-latest gpt-5-pro-preview gpt-5-pro-2025-10-06 gpt-5-pro-20251006 \
            gpt-5-pro-1006 gpt-5-pro-251006 gpt-5-pro-202510 gpt-5-pro-2025-10 gpt-5-pro-preview-10-06 gpt-5-pro:nitro \
            gpt-5-pro:high gpt-5-pro:thinking:high gpt-5-pro-none gpt-5-pro-minimal gpt-5-pro-low gpt-5-pro-medium \
            gpt-5-pro-high gpt-5-pro-xhigh gpt-5-pro-max gpt-5-pro-high-2025-10-06 gpt-5-pro-2025-10-06-high \
            gpt-5-pro-high-preview gpt-5-pro@high gpt-5-pro@high@low gpt-5-pro@default gpt-5-pro@20251006 \
            gpt-5-pro@preset/x openai/gpt-5-pro openai/openai/gpt-5-pro openrouter/openai/gpt-5-pro \
            openrouter//openai//gpt-5-pro/ openrouter/openai/gpt-5-pro:floor openrouter/openai/gpt-5-pro@preset/mine \
            openrouter/openai/gpt-5-pro@high:nitro openai:gpt-5-pro openai::gpt-5-pro openai.gpt-5-pro \
            us.openai.gpt-5-pro-v1:0 openai-gpt-5-pro openai--gpt-5-pro openai_gpt-5-pro azure-gpt-5-pro \
            databricks-gpt-5-pro ft:gpt-5-pro:org::id openai/ft:gpt-5-pro-2025-10-06:org:name:id ft:gpt-5-pro-high \
            team/responses/gpt-5-pro azure/eu/gpt-5-pro gpt_5_pro gpt-5.pro gpt-5-pro[1m] gpt-5-pro-1m \
            gpt-5-pro-experimental";
    let gemini = "gemini-2.5-pro models/gemini-2.5-pro google/models/gemini-2.5-pro gemini-2.5-pro-001 \
            gemini-2.5-pro-preview-05-06 gemini-2.5-pro-preview-customtools gemini-2.5-pro-exp-03-25 \
            gemini-2.5-pro-latest publishers/google/models/gemini-2.5-pro google/publishers/google/models/gemini-2.5-pro \
            projects/p/locations/l/publishers/google/models/gemini-2.5-pro vertex_ai/gemini-2.5-pro \
            openrouter/google/gemini-2.5-pro:free google::gemini-2.5-pro databricks-gemini-2-5-pro gemini-2.5-pro-high \
            gemini-2.5-pro-thinking gemini-2.5-pro@001 gemini/gemini-2.5-pro google-gemini-2.5-pro \
            gemini-2.5-pro-preview-05-06-thinking";
    let claude = "claude-opus-4-5 claude-opus-4.5 claude-4.5-opus claude-opus-4-5-20251101 claude-opus-4-5@20251101 \
            claude-opus-4-5-latest claude-opus-4-5-thinking claude-opus-4-5-20251101-thinking claude-opus-4-5:thinking \
            claude-opus-4-5-fast claude-opus-4-5-high claude-opus-4-5-max claude-opus-4-5[1m] claude-opus-4-5-1m \
            anthropic/claude-opus-4-5 openrouter/anthropic/claude-4.5-opus-20251124 anthropic.claude-opus-4-5-20251101-v1:0 \
            us.anthropic.claude-opus-4-5-20251101-v1:0 eu.anthropic.claude-opus-4-5-v1 apac.anthropic.claude-opus-4-5-v1:0 \
            global.anthropic.claude-opus-4-5-20251101-v1:0 us-gov.anthropic.claude-opus-4-5-v1:0 \
            mx.anthropic.claude-opus-4-5-v1:0 global.anthropic.claude-opus-4-5-v1:0:200k bedrock/us.anthropic.claude-opus-4-5-v1:0 \
            bedrock/us-east-1/anthropic.claude-opus-4-5-v1:0 bedrock/converse/eu.anthropic.claude-opus-4-5-v1 \
            arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-5-20251101-v1:0 \
            arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-5-v1:0 databricks-claude-opus-4-5 \
            databricks/databricks-claude-opus-4-5 anthropic--claude-4.5-opus anthropic-claude-opus-4-5 \
            vertex_ai/claude-opus-4-5@20251101 publishers/anthropic/models/claude-opus-4-5 \
            projects/p/locations/l/publishers/anthropic/models/claude-opus-4-5@20251101 vertex-claude-opus-4-5";
    let glm = "glm-4.6 glm-4p6 accounts/fireworks/models/glm-4p6 fireworks/accounts/fireworks/models/glm-4p6 \
            zai/glm-4.6 z-ai/glm-4.6:free openrouter/z-ai/glm-4.6 zai-org/GLM-4.6 glm-4.6-high @cf/zai-org/glm-4.6";
    let mut all = 0;
    for (pattern, names) in [
        ("gpt-5-pro", gpt),
        ("gemini-2.5-pro", gemini),
        ("claude-opus-4-5", claude),
        ("glm-4.6", glm),
        (
            "gpt-?-pro",
            "gpt-5-pro-high ft:gpt-5-pro:org::id azure-gpt-5-pro",
        ),
        ("*-pro", "gpt-5-pro@preset/x gpt-5-pro-high"),
        (
            "openai/*",
            "team/responses/openai/x openai/ft:gpt-4o:org::id",
        ),
        (
            "openai/gpt-5-pro",
            "openrouter/openai/responses/gpt-5-pro-high",
        ),
        (
            "anthropic/claude-*",
            "bedrock/us.anthropic.claude-x-v1:0 publishers/anthropic/models/claude-x",
        ),
        ("fireworks/*", "accounts/fireworks/models/x"),
        (
            "accounts/fireworks/models/x",
            "fireworks/accounts/fireworks/models/x",
        ),
        ("publishers/google/models/x", "google/x"),
        ("ft:gpt-4o:org::id", "openai/ft:gpt-4o:org::id"),
    ] {
        for name in names.split_whitespace() {
            assert!(is_denied(pattern, name), "{pattern} {name}");
            all += 1;
        }
    }
    assert!(all >= 120, "{all}");
    for (pattern, names) in [
        (
            "gpt-5",
            "gpt-5-mini gpt-5-nano gpt-5-pro gpt-5-codex gpt-5.1 gpt-5-mini-high openai-gpt-5-nano ft:gpt-5-mini:org::id \
                 databricks-gpt-5-mini gpt-5-chat",
        ),
        ("gpt-5.1-codex", "gpt-5.1-codex-max gpt-5.1-codex-mini"),
        ("gpt-5-pro-high", "gpt-5-pro gpt-5-pro-low"),
        ("ft:gpt-4o:org::id", "gpt-4o ft:gpt-4o:org::other"),
        (
            "gemini-2.5-flash",
            "gemini-2.5-flash-lite gemini-2.5-flash-image models/gemini-2.5-flash-lite-preview-06-17",
        ),
        ("mistral", "mistral-medium mistral-large"),
        ("qwen3", "qwen3-max qwen3-coder"),
        ("kimi-k2", "kimi-k2-thinking kimi-k2.5"),
        ("grok-4", "grok-4-fast grok-4.1"),
        (
            "claude-opus-4",
            "claude-opus-4-5 global.anthropic.claude-opus-4-5-v1:0",
        ),
        ("google/*", "openrouter/x azure/gemini"),
        ("databricks-claude-opus-4", "claude-opus-4"),
        ("*@2025*", "gpt-5"),
    ] {
        for name in names.split_whitespace() {
            assert!(!is_denied(pattern, name), "{pattern} {name}");
        }
    }
}

#[test]
fn names_have_one_form() {
    assert_eq!(pattern("Gemini/X*"), "google/x*");
    assert_eq!(pattern("GPT-*"), "gpt-*");
    let (full, id) = name("Google", " models/Gemini-X");
    assert_eq!((&*full, &full[id..]), ("google/gemini-x", "gemini-x"));
}
