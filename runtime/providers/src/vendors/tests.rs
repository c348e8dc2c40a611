use super::*;
use Form::{Plain, Tagged, Vendored};
use Weights::{Apart, Closed, Open};

#[test]
fn an_id_tells_whose_it_is_and_what_form_it_has() {
    for (id, family, form) in [
        ("gpt-5.2", Some(("openai", Closed)), Plain),
        (" GPT-5 ", Some(("openai", Closed)), Plain),
        ("gpt5", Some(("openai", Closed)), Plain),
        ("chatgpt-4o-latest", Some(("openai", Closed)), Plain),
        ("o4-mini", Some(("openai", Closed)), Plain),
        ("chat-latest", Some(("openai", Closed)), Plain),
        ("daybreak-blue-latest", Some(("openai", Closed)), Plain),
        ("o3-deep-research", Some(("openai", Closed)), Plain),
        (
            "deep-research-preview-04-2026",
            Some(("google", Closed)),
            Plain,
        ),
        ("nano-banana-pro-preview", Some(("google", Closed)), Plain),
        ("labs-leanstral-1-5", Some(("mistral", Open)), Plain),
        ("devstral-medium-latest", Some(("mistral", Open)), Plain),
        ("voxtral-small-latest", Some(("mistral", Open)), Plain),
        ("open-mistral-nemo", Some(("mistral", Open)), Plain),
        ("opus", Some(("anthropic", Closed)), Plain),
        ("text-embedding-3-small", Some(("openai", Closed)), Plain),
        ("text-embedding-004", Some(("google", Closed)), Plain),
        ("text-embedding-v4", Some(("qwen", Open)), Plain),
        ("ft:gpt-4o:org::id", Some(("openai", Closed)), Plain),
        ("ft:open-mistral-7b:org", Some(("mistral", Open)), Plain),
        ("gpt-oss-120b", Some(("openai", Apart)), Plain),
        ("gpt-oss:20b", Some(("openai", Apart)), Tagged),
        ("gpt-5:high", Some(("openai", Closed)), Plain),
        ("openai:gpt-5", Some(("openai", Closed)), Plain),
        ("openai", Some(("openai", Closed)), Plain),
        ("Claude-Sonnet-5", Some(("anthropic", Closed)), Plain),
        ("claude sonnet", Some(("anthropic", Closed)), Plain),
        (
            "anthropic.claude-sonnet-5",
            Some(("anthropic", Closed)),
            Plain,
        ),
        (
            "us.anthropic.claude-sonnet-5-v1:0",
            Some(("anthropic", Closed)),
            Plain,
        ),
        ("models/gemini-3", Some(("google", Closed)), Plain),
        ("tunedModels/mine", Some(("google", Closed)), Plain),
        ("gemma-3-27b-it", Some(("google", Open)), Plain),
        ("gemma3", Some(("google", Apart)), Plain),
        ("gemma3n:e4b", Some(("google", Apart)), Tagged),
        ("google/gemma-3", Some(("google", Open)), Vendored),
        ("google/x", Some(("google", Closed)), Vendored),
        ("grok-4", Some(("xai", Closed)), Plain),
        ("x-ai/grok-4", Some(("xai", Closed)), Vendored),
        ("mistral", Some(("mistral", Apart)), Plain),
        ("mistral-large-latest", Some(("mistral", Open)), Plain),
        ("mixtral:8x7b", Some(("mistral", Apart)), Tagged),
        ("deepseek-chat", Some(("deepseek", Open)), Plain),
        ("deepseek-r1:8b", Some(("deepseek", Apart)), Tagged),
        ("deepseek/x:free", Some(("deepseek", Open)), Vendored),
        ("sonar-pro", Some(("perplexity", Closed)), Plain),
        ("perplexity/sonar", Some(("perplexity", Closed)), Vendored),
        ("perplexity/glm-5.3", Some(("zai", Open)), Vendored),
        ("kimi-k2", Some(("moonshot", Open)), Plain),
        ("glm-4.6", Some(("zai", Open)), Plain),
        ("zai-glm-5", Some(("zai", Apart)), Plain),
        ("command-r-plus", Some(("cohere", Open)), Plain),
        ("llama3.2", Some(("meta", Apart)), Plain),
        ("llama-3.3-70b-versatile", Some(("meta", Apart)), Plain),
        ("meta-llama/whatever", Some(("meta", Apart)), Vendored),
        ("meta.llama3-1-8b-v1:0", Some(("meta", Apart)), Plain),
        ("qwen3:8b", Some(("qwen", Open)), Tagged),
        ("qwen2.5-coder", Some(("qwen", Open)), Plain),
        ("amazon.nova-pro-v1:0", Some(("amazon", Closed)), Plain),
        ("phi4", Some(("microsoft", Open)), Plain),
        ("nomic-embed-text", Some(("open-weights", Apart)), Plain),
        ("smollm2", Some(("open-weights", Apart)), Plain),
        ("hunyuan-large", Some(("open-weights", Apart)), Plain),
        ("ernie-4.5", Some(("open-weights", Apart)), Plain),
        ("r1-1776", Some(("perplexity", Open)), Plain),
        ("text-bison", Some(("google", Closed)), Plain),
        ("voyage-3", Some(("voyage", Closed)), Plain),
        ("flux.1-dev", Some(("black-forest-labs", Open)), Plain),
        (
            "accounts/fireworks/models/deepseek-v3",
            Some(("fireworks", Closed)),
            Plain,
        ),
        ("groq/llama-3.3-70b", Some(("meta", Apart)), Vendored),
        ("something-new", None, Plain),
        ("omega", None, Plain),
        ("philosopher", None, Plain),
        ("commander", None, Plain),
        ("mine:latest", None, Tagged),
        ("org/mine", None, Vendored),
        ("hf.co/org/mine:Q4", None, Tagged),
        (":x", None, Plain),
    ] {
        let found = known(id);
        let of = found.family.map(|(vendor, weights)| (vendor.id, weights));
        assert_eq!((of, found.form), (family, form), "{id}");
    }
}

#[test]
fn each_word_and_each_beginning_stands_for_one_vendor() {
    let mut known = std::collections::BTreeSet::new();
    for vendor in all() {
        for (beginnings, _) in vendor.families() {
            for beginning in beginnings {
                assert!(known.insert(*beginning), "{beginning}");
                assert_eq!(*beginning, beginning.to_lowercase());
            }
        }
    }
    let mut known = std::collections::BTreeSet::new();
    for vendor in all() {
        for word in vendor.words.iter().chain([&vendor.id]) {
            assert!(known.insert(*word), "{word}");
        }
    }
}
