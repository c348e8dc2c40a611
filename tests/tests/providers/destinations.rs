//! Destinations of prompts end to end: only providers that the caller or the settings name.
//!
//! Never here: the content of requests (`tools/chat.rs`, `chat_completions.rs`), and their replies (`attempts.rs`).

use anygpt_tests::outcome::{answer, assert_parts, chat, error, warnings};
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::proxy::{Manner, Proxy};
use anygpt_tests::server::{Builder, Server};
use serde_json::{Value, json};

const CHAT: &str = "anygpt_chat_completion";
const COMPARE: &str = "anygpt_compare";
const COUNT: &str = "anygpt_count_tokens";
const EMBED: &str = "anygpt_embed";
const DRAW: &str = "anygpt_generate_image";

/// OpenAI at its own address, through a proxy that leads nowhere and records its requests.
fn openai(proxy: &Proxy) -> Builder {
    Server::builder()
        .env("HTTPS_PROXY", format!("http://{}", proxy.address()))
        .env("OPENAI_API_KEY", "sk-some-key-of-openai")
        .env("ANYGPT_RETRIES", "0")
        .env("ANYGPT_TOOLS", "all")
}

#[track_caller]
fn is_refused(result: &Value, part: &str) {
    let problem = error(result);
    assert!(problem.starts_with("config: "), "{problem}");
    assert_parts(problem, &[part]);
}

#[test]
fn nobody_else_s_prompt_reaches_a_vendor_s_own_api() {
    let proxy = Proxy::start(1, Manner::Refuses(502));
    for default in [None, Some(("DEFAULT_PROVIDER", "openai"))] {
        let before = proxy.asked().len();
        let mut server = openai(&proxy).envs(default).spawn();
        for (model, part) in [
            ("claude-sonnet-5", "ANTHROPIC_API_KEY"),
            ("CLAUDE-Sonnet-5@high", "ANTHROPIC_API_KEY"),
            ("anthropic.claude-sonnet-5", "ANTHROPIC_API_KEY"),
            ("anthropic/claude-sonnet-5", "ANTHROPIC_API_KEY"),
            ("models/gemini-3", "GOOGLE_API_KEY"),
            ("grok-4", "XAI_API_KEY"),
            ("deepseek-chat", "DEEPSEEK_API_KEY"),
            ("mistral-large-latest", "MISTRAL_API_KEY"),
            ("kimi-k2", "MOONSHOT_API_KEY"),
            ("glm-4.6", "ZAI_API_KEY"),
            ("sonar", "PERPLEXITY_API_KEY"),
            ("meta-llama/llama-4", "OPENROUTER_API_KEY"),
            ("llama3.2", "OLLAMA_HOST"),
            ("qwen3:8b", "OLLAMA_HOST"),
            ("mine:latest", "OLLAMA_HOST"),
            ("org/mine", "vendor in front"),
            ("gpt-oss:20b", "OLLAMA_HOST"),
            ("mistral", "MISTRAL_API_KEY"),
            ("phi4", "Microsoft"),
            ("my-finetune", "PROVIDER/my-finetune"),
            ("something-new", "no known vendor's"),
            ("openai/claude-sonnet-5", "Anthropic"),
        ] {
            let arguments = json!({"prompt": "hi", "model": model});
            is_refused(&server.call_tool(CHAT, arguments), part);
            let arguments = json!({"prompt": "hi", "model": model, "dry_run": true});
            is_refused(&server.call_tool(CHAT, arguments), part);
            let counted = server.call_tool(COUNT, json!({"text": "hi", "model": model}));
            is_refused(&counted, part);
        }
        let arguments = json!({"prompt": "hi", "provider": "openai", "model": "claude-sonnet-5"});
        is_refused(&server.call_tool(CHAT, arguments), "Anthropic");
        for (model, part) in [
            ("voyage-3", "Voyage"),
            ("text-embedding-004", "GOOGLE_API_KEY"),
        ] {
            let arguments = json!({"input": "hi", "model": model});
            is_refused(&server.call_tool(EMBED, arguments), part);
        }
        for (model, part) in [("imagen-4", "GOOGLE_API_KEY"), ("flux-pro", "Black Forest")] {
            let arguments = json!({"prompt": "hi", "model": model});
            is_refused(&server.call_tool(DRAW, arguments), part);
        }
        let arguments = json!({"prompt": "hi", "models": ["claude-x", "llama3.2"], "mode": "all"});
        error(&server.call_tool(COMPARE, arguments));
        assert_eq!(proxy.asked()[before..], []);
        // Its own models are sent to it, and only the fallback is left out.
        for model in [
            "gpt-99",
            "o9-mini",
            "chatgpt-next",
            "codex-mini-latest",
            "openai/something-new",
            "ft:gpt-4o:org::id",
        ] {
            let arguments = json!({"prompt": "hi", "model": model, "fallbacks": ["claude-x"]});
            let failed = server.call_tool(CHAT, arguments);
            assert!(error(&failed).starts_with("network: "), "{failed}");
        }
        let asked = proxy.asked();
        assert!(asked.len() > before);
        assert!(
            asked.iter().all(|it| it.target == "api.openai.com:443"),
            "{asked:?}"
        );
    }
}

#[test]
fn a_local_model_s_prompt_goes_to_the_local_provider() {
    let proxy = Proxy::start(1, Manner::Refuses(502));
    let provider = Provider::start();
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("destinations.yaml");
    std::fs::write(&file, "models: {ollama/gpt-mine: {}}\n").unwrap();
    let mut server = openai(&proxy)
        .env("OLLAMA_HOST", provider.base_url(Family::Compatible))
        .env("NO_PROXY", "127.0.0.1")
        .env("CONFIG_FILE", &file)
        .spawn();
    for model in [
        "llama3.2",
        "qwen3:8b",
        "gpt-oss",
        "mine:latest",
        "mine",
        "gpt-mine",
        "gpt-oss:20b",
        "mistral",
        "phi4",
        "my-finetune",
    ] {
        let result = server.call_tool(CHAT, json!({"prompt": "hi", "model": model}));
        let got = chat(&result);
        assert_eq!(
            (&got["provider"], &got["model"]),
            (&json!("ollama"), &json!(model))
        );
    }
    let arguments = json!({"prompt": "hi", "model": "claude-x"});
    is_refused(&server.call_tool(CHAT, arguments), "ANTHROPIC_API_KEY");
    let arguments = json!({"prompt": "hi", "model": "claude-x", "fallbacks": ["llama3.2"]});
    let result = server.call_tool(CHAT, arguments);
    assert_eq!(chat(&result)["provider"], "ollama");
    assert_parts(&warnings(chat(&result)), &["ANTHROPIC_API_KEY"]);
    assert_eq!(proxy.asked(), []);
}

#[test]
fn behind_an_address_of_somebody_else_s_there_may_be_every_model() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .env("OPENAI_API_KEY", Family::OpenAi.key())
        .env("OPENAI_BASE_URL", provider.base_url(Family::OpenAi))
        .spawn();
    for arguments in [
        json!({"model": "claude-sonnet-5"}),
        json!({"model": "claude-sonnet-5", "provider": "openai"}),
        json!({"model": "openai/claude-sonnet-5"}),
        json!({"model": "anthropic/claude-sonnet-5"}),
        json!({"model": "qwen3:8b"}),
        json!({"model": "meta-llama/llama-4"}),
    ] {
        let mut all = arguments.clone();
        all["prompt"] = json!("hi");
        let result = server.call_tool(CHAT, all);
        assert_eq!(chat(&result)["provider"], "openai", "{arguments}");
    }
}

/// Denied by `gpt-5-pro, anthropic/*`, in every spelling.
const DENIED: [&str; 26] = [
    "gpt-5-pro",
    "GPT-5-Pro@high",
    "gpt-5-pro-high",
    "gpt-5-pro@high@low",
    "gpt-5-pro-2025-10-06",
    "gpt-5-pro-2025-10-06-high",
    "gpt-5-pro-latest",
    "gpt-5-pro-preview-customtools",
    "ft:gpt-5-pro:org::id",
    "openai/gpt-5-pro",
    "openai/openai/gpt-5-pro",
    "openai/publishers/openai/models/gpt-5-pro",
    "openrouter/openai/gpt-5-pro",
    "openrouter/openai/gpt-5-pro:nitro",
    "openrouter/openai/gpt-5-pro@20251006",
    "openrouter/openai/gpt-5-pro@preset/mine",
    "openrouter/@preset/mine",
    "openrouter/openai/gpt-5@preset/mine",
    "openrouter/auto",
    "openrouter/openrouter/auto",
    "openrouter/databricks-gpt-5-pro",
    "openrouter/accounts/fireworks/models/gpt-5-pro",
    "openrouter/anthropic/claude-sonnet-5",
    "claude-sonnet-5",
    "openrouter/us.anthropic.claude-sonnet-5-v1:0",
    "openrouter/global.anthropic.claude-sonnet-5-v1:0",
];

#[test]
fn a_denied_model_is_asked_by_no_other_name() {
    const REFUSAL: [&str; 2] = ["permission: ", "denied by ANYGPT_DENY_MODELS"];
    let provider = Provider::start();
    let start = |file: &str, default: Option<&str>| {
        let path = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("denied.yaml");
        std::fs::write(&path, file).unwrap();
        Server::builder()
            .envs(provider.env())
            .env("OPENROUTER_API_KEY", "k-1")
            .env("OPENROUTER_BASE_URL", provider.base_url(Family::Compatible))
            .env("ANYGPT_DENY_MODELS", "gpt-5-pro, anthropic/*")
            .env("ANYGPT_TOOLS", "all")
            .env("CONFIG_FILE", &path)
            .envs(default.map(|model| ("DEFAULT_MODEL", model)))
            .spawn()
    };
    let mut server = start("{}", None);
    let others = [(COUNT, "text"), (EMBED, "input"), (DRAW, "prompt")];
    for (tool, what) in others {
        let refused = server.call_tool(tool, json!({what: "hi", "model": DENIED[2]}));
        assert_parts(error(&refused), &REFUSAL);
    }
    for model in DENIED {
        let refused = server.call_tool(CHAT, json!({"prompt": "hi", "model": model}));
        assert_parts(error(&refused), &REFUSAL);
        // The provider separate from the id.
        if let Some((id, rest)) = model.split_once('/') {
            let arguments = json!({"prompt": "hi", "provider": id, "model": rest});
            assert_parts(error(&server.call_tool(CHAT, arguments)), &REFUSAL);
        }
        let models = ["google/a", "google/b"];
        let arguments =
            json!({"prompt": "hi", "models": models, "mode": "judge", "judge_model": model});
        assert_parts(error(&server.call_tool(COMPARE, arguments)), &REFUSAL);
    }
    let models = &DENIED[..8];
    let arguments = json!({"prompt": "hi", "models": models, "mode": "fastest"});
    assert_parts(error(&server.call_tool(COMPARE, arguments)), &REFUSAL);
    assert_eq!(provider.requests().len(), 0);
    // Parameters that choose models are not sent.
    for name in ["model", "models", "route", "plugins", "extra", "extra_body"] {
        let extra = json!({"model": "openai/gpt-5-pro", "models": ["openai/gpt-5-pro"]});
        let mut arguments = json!({"prompt": "hi", "model": "openrouter/openai/gpt-5-mini"});
        if name != "model" {
            arguments[name] = extra;
        }
        server.call_tool(CHAT, arguments);
    }
    for model in DENIED {
        let arguments = json!({"prompt": "hi", "model": "openai/gpt-5-mini", "fallbacks": [model]});
        provider.script(Family::OpenAi, [Reply::error(Family::OpenAi, 404, "gone")]);
        error(&server.call_tool(CHAT, arguments));
    }
    // Names of the operator's own that lead there.
    let places: [(&str, Option<&str>, Value); 6] = [
        (
            "aliases: {clever: openrouter/openai/gpt-5-pro-high}",
            None,
            json!({"model": "clever"}),
        ),
        (
            "aliases: {clever: 'openai/gpt-5-pro@high'}",
            Some("clever"),
            json!({}),
        ),
        (
            "models: {'openai/ft:gpt-5-pro:org::id': {tags: [clever]}}",
            None,
            json!({"model": "clever", "provider": "openai"}),
        ),
        (
            "providers: {openai: {model: gpt-5-pro-2025-10-06}}",
            None,
            json!({"provider": "openai"}),
        ),
        ("{}", Some("openrouter/openai/gpt-5-pro:floor"), json!({})),
        ("{}", Some("gpt-5-pro@high"), json!({"provider": "openai"})),
    ];
    for (file, default, mut arguments) in places {
        let mut server = start(file, default);
        arguments["prompt"] = json!("hi");
        assert_parts(error(&server.call_tool(CHAT, arguments)), &REFUSAL[1..]);
    }
    for request in provider.requests() {
        let model = request.json()["model"].clone();
        let is_allowed = ["gpt-5-mini", "openai/gpt-5-mini"].contains(&model.as_str().unwrap());
        assert!(is_allowed, "{model}");
    }
    let models = ["gpt-5-mini", "gpt-5", "openrouter/openai/gpt-5-nano:nitro"];
    let result = server.call_tool(COMPARE, json!({"prompt": "hi", "models": models}));
    assert!(
        answer(&result)["results"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["status"] == "ok")
    );
    // An allow list may name an id that chooses a model; that is the operator's decision.
    let mut server = Server::builder()
        .envs(provider.env())
        .env("OPENROUTER_API_KEY", "k-1")
        .env("OPENROUTER_BASE_URL", provider.base_url(Family::Compatible))
        .env("ANYGPT_DENY_MODELS", "gpt-5-pro")
        .env("ANYGPT_ALLOW_MODELS", "auto, gpt-5-pro")
        .spawn();
    let result = server.call_tool(CHAT, json!({"prompt": "hi", "model": "openrouter/auto"}));
    assert_eq!(chat(&result)["provider"], "openrouter");
    let result = server.call_tool(CHAT, json!({"prompt": "hi", "model": "gpt-5-pro"}));
    assert_parts(error(&result), &REFUSAL);
}
