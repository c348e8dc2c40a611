use super::*;
use crate::settings::Settings;

fn load(variables: &[(&str, &str)]) -> Settings {
    let environment = Environment::new(variables.iter().copied());
    Settings::load(environment.with_secrets("/nowhere"), &[]).unwrap()
}

/// Where a provider is, where its key is from, and where its address is.
fn of(settings: &Settings, id: &str) -> (String, String, String) {
    let provider = settings.providers.iter().find(|it| it.id == id).unwrap();
    let key = provider.key.as_ref();
    (
        provider.base_url.to_string(),
        key.map_or(String::new(), |key| key.origin.clone()),
        provider.origins.base_url.clone().unwrap_or_default(),
    )
}

#[test]
fn synonyms_of_keys_are_read_and_noted() {
    for (name, id, ours) in [
        ("OPENAI_KEY", "openai", "OPENAI_API_KEY"),
        ("OPENAI_APIKEY", "openai", "OPENAI_API_KEY"),
        ("CLAUDE_API_KEY", "anthropic", "ANTHROPIC_API_KEY"),
        ("ANTHROPIC_KEY", "anthropic", "ANTHROPIC_API_KEY"),
        ("GOOGLE_GENERATIVE_AI_API_KEY", "google", "GOOGLE_API_KEY"),
        ("GOOGLE_KEY", "google", "GOOGLE_API_KEY"),
        ("GEMINI_KEY", "google", "GOOGLE_API_KEY"),
        ("AZURE_API_KEY", "azure", "AZURE_OPENAI_API_KEY"),
        ("AZURE_OPENAI_KEY", "azure", "AZURE_OPENAI_API_KEY"),
        ("TOGETHERAI_API_KEY", "together", "TOGETHER_API_KEY"),
        ("FIREWORKS_AI_API_KEY", "fireworks", "FIREWORKS_API_KEY"),
        ("PERPLEXITYAI_API_KEY", "perplexity", "PERPLEXITY_API_KEY"),
        ("GROK_API_KEY", "xai", "XAI_API_KEY"),
        ("LITELLM_PROXY_API_KEY", "litellm", "LITELLM_API_KEY"),
    ] {
        let settings = load(&[(name, "k-123")]);
        assert_eq!(of(&settings, id).1, name);
        assert_eq!(settings.notes, [format!("{name} is read as {ours}")]);
        assert_eq!(settings.warnings, [""; 0], "{name}");
        let both = load(&[(name, "k-123"), (ours, "k-456")]);
        assert_eq!(of(&both, id).1, ours);
        assert_eq!(both.warnings, [format!("{ours} is used, and not {name}")]);
    }
    // The second of our own names is ours, too.
    let both = load(&[("GEMINI_API_KEY", "k-1"), ("GOOGLE_KEY", "k-2")]);
    assert_eq!(of(&both, "google").1, "GEMINI_API_KEY");
    let own = load(&[
        ("ANYGPT_PROVIDER_OPENAI_API_KEY", "k-1"),
        ("OPENAI_KEY", "k-2"),
    ]);
    assert_eq!(of(&own, "openai").1, "ANYGPT_PROVIDER_OPENAI_API_KEY");
}

#[test]
fn addresses_are_read_and_told_and_ours_win() {
    for (name, text, id, expected) in [
        (
            "OPENAI_API_BASE",
            "http://localhost:4000/v1",
            "openai",
            "http://localhost:4000/v1",
        ),
        (
            "OPENAI_API_BASE_URL",
            "http://localhost:4000/v1/",
            "openai",
            "http://localhost:4000/v1",
        ),
        (
            "ANTHROPIC_API_BASE",
            "https://gate.example",
            "anthropic",
            "https://gate.example",
        ),
        (
            "ANTHROPIC_API_URL",
            "https://gate.example",
            "anthropic",
            "https://gate.example",
        ),
        (
            "GEMINI_API_BASE",
            "https://gate.example",
            "google",
            "https://gate.example",
        ),
        (
            "AZURE_API_BASE",
            "https://r.example",
            "azure",
            "https://r.example/openai/v1",
        ),
        (
            "GROQ_API_BASE",
            "https://gate.example/x",
            "groq",
            "https://gate.example/x",
        ),
        (
            "OLLAMA_BASE_URL",
            "http://localhost:11434",
            "ollama",
            "http://localhost:11434/v1",
        ),
        (
            "OLLAMA_API_BASE",
            "http://localhost:11434/v1",
            "ollama",
            "http://localhost:11434/v1",
        ),
        (
            "OLLAMA_API_BASE_URL",
            "http://ollama:11434/api",
            "ollama",
            "http://ollama:11434/v1",
        ),
        (
            "OLLAMA_URL",
            "localhost",
            "ollama",
            "http://localhost:11434/v1",
        ),
        (
            "LM_STUDIO_API_BASE",
            "http://localhost:1234",
            "lmstudio",
            "http://localhost:1234/v1",
        ),
        (
            "VLLM_API_BASE",
            "http://gpu:8000/v1",
            "vllm",
            "http://gpu:8000/v1",
        ),
        (
            "LITELLM_PROXY_API_BASE",
            "http://proxy:4000",
            "litellm",
            "http://proxy:4000/v1",
        ),
    ] {
        let settings = load(&[(name, text)]);
        let found = of(&settings, id);
        assert_eq!((&*found.0, &*found.2), (expected, name));
        let preset = presets::named(id).unwrap();
        let ours = preset.url_variables[0];
        let note = format!("{name} is read as {ours}");
        if preset.is_local {
            assert_eq!(
                (&settings.notes[..], &settings.warnings[..]),
                (&[note][..], &[][..])
            );
        } else {
            let note = format!("{note}: requests to {id} go to {expected}");
            assert_eq!(settings.warnings, [note]);
        }
        let both = load(&[(name, text), (ours, "http://127.0.0.1:9/v1")]);
        assert_eq!(of(&both, id).2, ours);
        assert_eq!(both.warnings, [format!("{ours} is used, and not {name}")]);
    }
    for text in ["https://api.openai.com", "https://api.openai.com/v1/"] {
        let settings = load(&[("OPENAI_API_BASE", text)]);
        assert!(settings.providers[0].original() == Some("openai"), "{text}");
        assert_eq!(settings.warnings, [""; 0], "{text}");
    }
    let azure = load(&[
        ("AZURE_API_BASE", "https://r.example"),
        ("AZURE_API_VERSION", "2024-10-21"),
    ]);
    let azure = azure.providers.iter().find(|it| it.id == "azure").unwrap();
    assert_eq!(
        azure.base_url.join("/x"),
        "https://r.example/openai/x?api-version=2024-10-21"
    );
}

#[test]
fn restrictions_models_and_other_addresses_are_warned_of_by_name() {
    for (name, advice) in [
        ("GOOGLE_ALLOWED_MODELS", "set ANYGPT_ALLOW_MODELS"),
        ("OPENAI_ALLOWED_MODELS", "set ANYGPT_ALLOW_MODELS"),
        ("OPENROUTER_ALLOWED_MODELS", "set ANYGPT_ALLOW_MODELS"),
        ("XAI_ALLOWED_MODELS", "set ANYGPT_ALLOW_MODELS"),
        ("ANTHROPIC_MODELS", "set ANYGPT_ALLOW_MODELS"),
        ("MISTRAL_BLOCKED_MODELS", "set ANYGPT_DENY_MODELS"),
        ("DISABLED_TOOLS", "set ANYGPT_TOOLS"),
        ("MAX_COST", "set ANYGPT_MAX_COST_USD"),
        ("DISABLED_MODELS", "set ANYGPT_DENY_MODELS"),
        ("OPENAI_MAX_TOKENS", "set ANYGPT_MAX_TOKENS"),
        (
            "OPENROUTER_DEFAULT_MODEL",
            "set ANYGPT_PROVIDER_OPENROUTER_MODEL",
        ),
        ("OPENAI_MODEL", "set ANYGPT_PROVIDER_OPENAI_MODEL"),
        ("ANTHROPIC_MODEL", "set ANYGPT_PROVIDER_ANTHROPIC_MODEL"),
        (
            "AZURE_OPENAI_DEPLOYMENT_NAME",
            "set ANYGPT_PROVIDER_AZURE_MODEL",
        ),
        ("OPENAI_HOST", "set OPENAI_BASE_URL"),
        ("OPENAI_BASE", "set OPENAI_BASE_URL"),
        ("OPENAI_GATEWAY_URL", "set OPENAI_BASE_URL"),
        ("GEMINI_SERVER_URL", "set GOOGLE_GEMINI_BASE_URL"),
        (
            "OPENAI_COMPATIBLE_BASE_URL",
            "set ANYGPT_PROVIDER_COMPATIBLE_BASE_URL",
        ),
        ("OPENAI_MODEL_ALLOW_LIST", "set ANYGPT_ALLOW_MODELS"),
        ("MODEL_BLOCKLIST", "set ANYGPT_DENY_MODELS"),
        ("BLOCKED_PROVIDERS", "set ANYGPT_DENY_PROVIDERS"),
        ("COST_LIMIT", "set ANYGPT_MAX_COST_USD"),
        ("ANTHROPIC_MAX_COST_USD", "set ANYGPT_MAX_COST_USD"),
        ("OPENAI_PROXY", "set HTTPS_PROXY, or OPENAI_BASE_URL"),
        (
            "OPENAI_REVERSE_PROXY",
            "set HTTPS_PROXY, or OPENAI_BASE_URL",
        ),
        ("AZURE_RESOURCE_NAME", "set AZURE_OPENAI_ENDPOINT"),
        ("CUSTOM_API_URL", "set ANYGPT_PROVIDER_CUSTOM_BASE_URL"),
        ("CUSTOM_API_KEY", "set ANYGPT_PROVIDER_CUSTOM_API_KEY"),
        (
            "CLAUDE_CODE_USE_BEDROCK",
            "calls go to anthropic's own API unless ANTHROPIC_BASE_URL",
        ),
        (
            "GITHUB_MODELS_BASE_URL",
            "GitHub Models ended on 2026-07-30",
        ),
    ] {
        let warnings = load(&[(name, "x-1")]).warnings;
        assert_eq!(warnings.len(), 1, "{name}: {warnings:?}");
        assert!(
            warnings[0].contains(&format!("{name} ({advice}")),
            "{warnings:?}"
        );
        assert!(!warnings[0].contains("x-1"), "{warnings:?}");
        // A placeholder is nothing.
        assert_eq!(load(&[(name, "<UNKNOWN>")]).warnings, [""; 0], "{name}");
    }
    let azure = load(&[("OPENAI_API_TYPE", "Azure_AD")]).warnings;
    assert!(azure[0].contains("AZURE_OPENAI_ENDPOINT"), "{azure:?}");
}

#[test]
fn what_says_nothing_of_models_is_left_alone() {
    for (name, value) in [
        ("OPENAI_API_TYPE", "openai"),
        ("CLAUDE_CODE_USE_BEDROCK", "0"),
        ("OLLAMA_MODELS", "/var/models"),
        ("OLLAMA_KEEP_ALIVE", "1h"),
        ("OLLAMA_SERVICE_HOST", "10.0.0.1"),
        ("OLLAMA_PORT", "tcp://10.0.0.1:11434"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/x"),
        ("GOOGLE_CLOUD_PROJECT", "x"),
        ("DOCKER_HOST", "tcp://x:1"),
        ("AZURE_CLIENT_ID", "x"),
        ("OPENAI_LOG", "debug"),
        ("GITHUB_TOKEN", "ghp-x"),
        ("LLM_URL", "http://x"),
    ] {
        let settings = load(&[(name, value)]);
        assert_eq!(settings.warnings, [""; 0], "{name}");
        assert_eq!(settings.notes, [""; 0], "{name}");
    }
    let notes = load(&[("HF_TOKEN", "k-1")]).notes;
    assert!(notes[0].starts_with("HF_TOKEN is not read"), "{notes:?}");
}

#[test]
fn rows_are_in_order_and_there_once_and_lead_to_a_preset() {
    fn is_in_order<T>(table: &[(&str, T)]) -> bool {
        table.is_sorted_by(|(one, _), (next, _)| one < next)
    }
    assert!(is_in_order(&VENDORS) && is_in_order(&ENDINGS) && is_in_order(&NAMES));
    for (word, id) in VENDORS {
        assert!(presets::named(id).is_some(), "{word}");
    }
    for (name, meaning) in NAMES {
        // A stranger's key may become one of ours by a preset.
        assert!(meaning == Stranger || !is_ours(name), "{name}");
    }
}
