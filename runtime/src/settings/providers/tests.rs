use anygpt_providers::{
    Dialect,
    openai::chat_completions::PLAIN,
    presets::{AZURE_DATED, OPENAI_CHAT},
};

use super::*;
use crate::settings::{Settings, index::ProviderIndex};

/// The providers that `providers` of a file comes to where nothing else is set.
pub(in crate::settings) fn providers(entries: BTreeMap<String, ProviderEntry>) -> Vec<Provider> {
    let environment = Environment::new::<&str>([]).with_secrets("/nowhere");
    let nothing = &Default::default();
    let mut warnings = Vec::new();
    all(
        &environment,
        entries,
        nothing,
        None,
        None,
        false,
        &mut warnings,
    )
    .unwrap()
}

fn load(variables: &[(&str, &str)]) -> Result<Settings, Problem> {
    let environment = Environment::new(variables.iter().copied());
    Settings::load(environment.with_secrets("/nowhere"), &[])
}

/// What is wrong with the first provider that is off because of a setting.
fn broken(variables: &[(&str, &str)]) -> String {
    let settings = load(variables).unwrap();
    let broken = settings.providers.iter().find_map(Provider::broken);
    let broken = broken.unwrap_or_default().to_owned();
    assert!(settings.has_broken_provider());
    assert!(settings.warnings.iter().any(|it| it.ends_with(&broken)));
    broken
}

/// The providers that are set up beyond the main three: id, type, address, model, whether there is a
/// key, and why it is off.
fn set_up(variables: &[(&str, &str)]) -> Vec<String> {
    let settings = load(variables).unwrap();
    let listed = settings
        .listed()
        .filter(|(position, _)| !settings.is_main(*position));
    let shown = |(_, provider): (ProviderIndex, &Provider)| {
        let mut shown = format!("{} {}", provider.id, provider.base_url.join(""));
        if provider.dialect != Dialect::Compatible(&PLAIN) && provider.preset.is_none() {
            shown.push_str(&format!(" {}", provider.dialect.as_str()));
        }
        if let Some(model) = &provider.model {
            shown.push_str(&format!(" model {model}"));
        }
        if provider.key.is_some() {
            shown.push_str(" key");
        }
        if let Some(why) = provider.unavailable_reason() {
            shown.push_str(&format!(" off: {why}"));
        }
        shown
    };
    listed.map(shown).collect()
}

#[test]
fn a_key_or_an_address_switches_a_preset_on() {
    for (variables, expected) in [
        (&[][..], &[][..]),
        (
            &[("GROQ_API_KEY", "k-1"), ("MISTRAL_API_KEY", "<UNKNOWN>")],
            &["groq https://api.groq.com/openai/v1 key"],
        ),
        (
            &[
                ("ZAI_API_KEY", "k-1"),
                ("LMSTUDIO_BASE_URL", "http://host.docker.internal:1234"),
            ],
            &[
                "zai https://api.z.ai/api/paas/v4 key",
                "lmstudio http://host.docker.internal:1234/v1",
            ],
        ),
        (
            &[
                ("PERPLEXITY_API_KEY", "k-1"),
                ("PERPLEXITY_BASE_URL", "https://proxy.example/"),
            ],
            &["perplexity https://proxy.example/v1 model perplexity/sonar key"],
        ),
        // LiteLLM has no address of its own; a private one needs no key.
        (
            &[("LITELLM_API_KEY", "k-1")],
            &["litellm  key off: the base URL is missing (set LITELLM_BASE_URL)"],
        ),
        (
            &[("LITELLM_BASE_URL", "http://litellm:4000/")],
            &["litellm http://litellm:4000/v1"],
        ),
        (
            &[("LITELLM_BASE_URL", "https://litellm.example/proxy?x=1")],
            &[
                "litellm https://litellm.example/proxy?x=1 off: the API key is missing (set LITELLM_API_KEY)",
            ],
        ),
        (
            &[
                ("VLLM_BASE_URL", "https://vllm.example"),
                ("VLLM_API_KEY", "k-1"),
            ],
            &["vllm https://vllm.example/v1 key"],
        ),
        (
            &[("LLAMACPP_BASE_URL", "http://10.0.0.1:8080/v1/")],
            &["llamacpp http://10.0.0.1:8080/v1"],
        ),
        // Named as the default, it is shown with what it needs.
        (
            &[("DEFAULT_PROVIDER", "grok")],
            &["xai https://api.x.ai/v1 off: the API key is missing (set XAI_API_KEY)"],
        ),
    ] {
        assert_eq!(set_up(variables), expected, "{variables:?}");
    }
}

#[test]
fn local_runtimes_are_tried_if_they_are_named_but_not_in_a_container() {
    let settings = load(&[]).unwrap();
    let tried: Vec<String> = settings
        .providers
        .iter()
        .filter(|it| it.is_tried_if_named)
        .map(|it| {
            assert!(
                it.unavailable_reason()
                    .is_some_and(|why| why.contains("only if it is named"))
            );
            assert!(!it.is_listed, "{}", it.id);
            assert_eq!(it.untried_reason(false), None);
            let in_container = it.untried_reason(true).unwrap();
            let (_, host) = in_container
                .split_once("http://host.docker.internal")
                .unwrap();
            format!("{} {} {host}", it.id, it.base_url)
        })
        .collect();
    assert_eq!(
        tried,
        [
            "ollama http://127.0.0.1:11434/v1 :11434)",
            "lmstudio http://127.0.0.1:1234/v1 :1234)",
            "vllm http://127.0.0.1:8000/v1 :8000)",
            "llamacpp http://127.0.0.1:8080/v1 :8080)",
        ]
    );
    for variables in [
        ("DEFAULT_PROVIDER", "ollama"),
        ("DEFAULT_MODEL", "ollama/x"),
    ] {
        let settings = load(&[variables]).unwrap();
        let ollama = &settings.providers[position(&settings.providers, "ollama").unwrap()];
        assert!(ollama.is_listed);
        assert_eq!(
            ollama.unavailable_reason(),
            ollama
                .untried_reason(settings.network.in_container())
                .as_deref()
        );
    }
    let denied = load(&[("ANYGPT_DENY_PROVIDERS", "ollama")]).unwrap();
    let ollama = &denied.providers[position(&denied.providers, "ollama").unwrap()];
    assert!(!ollama.is_tried_if_named);
}

#[test]
fn ollama_s_address_is_read_as_ollama_writes_it() {
    for (text, expected) in [
        ("0.0.0.0", "http://127.0.0.1:11434/v1"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080/v1"),
        (":8080", "http://127.0.0.1:8080/v1"),
        (
            "host.docker.internal",
            "http://host.docker.internal:11434/v1",
        ),
        ("ollama:11434", "http://ollama:11434/v1"),
        ("http://ollama:8080/", "http://ollama:8080/v1"),
        ("http://ollama", "http://ollama/v1"),
        ("https://ollama.example/x/v1", "https://ollama.example/x/v1"),
        ("[::1]:8080", "http://[::1]:8080/v1"),
        ("[::1]", "http://[::1]:11434/v1"),
        ("::", "http://[::1]:11434/v1"),
        ("localhost:11434/api/chat", "http://localhost:11434/v1"),
        ("http://ollama:11434/api", "http://ollama:11434/v1"),
        (
            "http://ollama:11434/v1/chat/completions/",
            "http://ollama:11434/v1",
        ),
        ("http://ui:3000/api/chat/completions", "http://ui:3000/api"),
    ] {
        let shown = format!("ollama {expected}");
        assert_eq!(set_up(&[("OLLAMA_HOST", text)]), [shown], "{text}");
    }
    for (variable, text, expected) in [
        (
            "LMSTUDIO_BASE_URL",
            "localhost:1234",
            "lmstudio http://localhost:1234/v1",
        ),
        (
            "LMSTUDIO_BASE_URL",
            "localhost",
            "lmstudio http://localhost:1234/v1",
        ),
        (
            "VLLM_BASE_URL",
            "0.0.0.0:8000",
            "vllm http://127.0.0.1:8000/v1",
        ),
        (
            "VLLM_BASE_URL",
            "gpu.example/v1",
            "vllm http://gpu.example:8000/v1",
        ),
        (
            "LLAMACPP_BASE_URL",
            "[::1]:8080/v1/models",
            "llamacpp http://[::1]:8080/v1",
        ),
        (
            "DOCKER_MODEL_RUNNER",
            "localhost:12434/engines/v1",
            "docker http://localhost:12434/engines/v1",
        ),
    ] {
        assert_eq!(set_up(&[(variable, text)]), [expected], "{text}");
    }
    for text in [
        "ftp://a",
        "a:b",
        "http://u:secret@a",
        "Zk3TestKeySecretPrefix0123456789".to_lowercase().as_str(),
    ] {
        let problem = broken(&[("OLLAMA_HOST", text)]);
        assert!(problem.starts_with("OLLAMA_HOST "), "{problem}");
        assert!(!problem.contains("secret"), "{problem}");
    }
}

#[test]
fn whole_endpoints_and_addresses_without_a_path_are_taken() {
    let of = |variable: &str, id: &str, url: &str| {
        let settings = load(&[(variable, url)]).unwrap();
        let provider = &settings.providers[position(&settings.providers, id).unwrap()];
        provider.base_url.join("")
    };
    for (url, expected) in [
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        (
            "https://api.openai.com/v1/responses",
            "https://api.openai.com/v1",
        ),
        (
            "https://api.openai.com/v1/chat/completions/",
            "https://api.openai.com/v1",
        ),
        (
            "https://api.openai.com/v1/models",
            "https://api.openai.com/v1",
        ),
        (
            "https://api.openai.com/v1/embeddings?x=1",
            "https://api.openai.com/v1?x=1",
        ),
        ("https://gate.example/openai", "https://gate.example/openai"),
        ("https://gate.example/v1#top", "https://gate.example/v1"),
        ("https://openrouter.ai", "https://openrouter.ai/api/v1"),
        ("localhost:1234", "http://localhost:1234/v1"),
        (
            "http://0.0.0.0:1234/v1/completions",
            "http://127.0.0.1:1234/v1",
        ),
    ] {
        assert_eq!(of("OPENAI_BASE_URL", "openai", url), expected, "{url}");
    }
    for (url, expected) in [
        ("https://api.anthropic.com/v1", "https://api.anthropic.com"),
        (
            "https://gate.example/v1/chat/completions",
            "https://gate.example",
        ),
        ("https://api.anthropic.com/v1/", "https://api.anthropic.com"),
        (
            "https://api.anthropic.com/v1/messages",
            "https://api.anthropic.com",
        ),
        (
            "https://api.anthropic.com/v1/messages/count_tokens",
            "https://api.anthropic.com",
        ),
        (
            "https://api.anthropic.com/v1/models",
            "https://api.anthropic.com",
        ),
        (
            "https://api.deepseek.com/anthropic",
            "https://api.deepseek.com/anthropic",
        ),
        (
            "https://gate.example/anthropic/v1/messages",
            "https://gate.example/anthropic",
        ),
        (
            "https://gate.example/v1/a/anthropic",
            "https://gate.example/v1/a/anthropic",
        ),
    ] {
        assert_eq!(
            of("ANTHROPIC_BASE_URL", "anthropic", url),
            expected,
            "{url}"
        );
    }
    let google = "https://generativelanguage.googleapis.com";
    for path in [
        "/",
        "/v1",
        "/v1beta",
        "/v1beta/",
        "/v1alpha/models",
        "/v1beta/models/gemini-2.5-flash:generateContent",
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        "/v1beta/openai/",
        "/v1beta/openai/chat/completions",
    ] {
        let url = format!("{google}{path}");
        assert_eq!(of("GEMINI_BASE_URL", "google", &url), google, "{path}");
    }
    let gate = "https://gate.example/v1/account/google-ai-studio";
    assert_eq!(of("GEMINI_BASE_URL", "google", gate), gate);
    assert_eq!(
        of(
            "GEMINI_BASE_URL",
            "google",
            &format!("{gate}/v1beta/models")
        ),
        gate
    );
    for (variable, id, url, expected) in [
        (
            "GROQ_BASE_URL",
            "groq",
            "https://api.groq.com",
            "https://api.groq.com/openai/v1",
        ),
        (
            "PERPLEXITY_BASE_URL",
            "perplexity",
            "https://api.perplexity.ai",
            "https://api.perplexity.ai/v1",
        ),
        (
            "PERPLEXITY_BASE_URL",
            "perplexity",
            "https://api.perplexity.ai/chat/completions",
            "https://api.perplexity.ai/v1",
        ),
        (
            "PERPLEXITY_BASE_URL",
            "perplexity",
            "https://api.perplexity.ai/v1/agent",
            "https://api.perplexity.ai/v1",
        ),
        (
            "PERPLEXITY_BASE_URL",
            "perplexity",
            "https://api.perplexity.ai/v1/responses",
            "https://api.perplexity.ai/v1",
        ),
        (
            "ZAI_BASE_URL",
            "zai",
            "https://api.z.ai/api/paas/v4/chat/completions",
            "https://api.z.ai/api/paas/v4",
        ),
        (
            "DEEPSEEK_BASE_URL",
            "deepseek",
            "https://api.deepseek.com/chat/completions",
            "https://api.deepseek.com/v1",
        ),
        (
            "LITELLM_BASE_URL",
            "litellm",
            "localhost:4000/v1/chat/completions",
            "http://localhost:4000/v1",
        ),
        (
            "ANYGPT_PROVIDER_X_BASE_URL",
            "x",
            "https://r.example/models",
            "https://r.example/models",
        ),
        (
            "ANYGPT_PROVIDER_X_BASE_URL",
            "x",
            "https://r.example/v1/models",
            "https://r.example/v1",
        ),
        (
            "ANYGPT_PROVIDER_X_BASE_URL",
            "x",
            "x:8000",
            "http://x:8000/v1",
        ),
    ] {
        assert_eq!(of(variable, id, url), expected, "{url}");
    }
}

#[test]
fn azure_is_reached_by_its_endpoint_and_version() {
    let azure = |endpoint: &str, version: &str| {
        let variables = [
            ("AZURE_OPENAI_API_KEY", "k-1"),
            ("AZURE_OPENAI_ENDPOINT", endpoint),
            ("OPENAI_API_VERSION", version),
        ];
        load(&variables).map(|settings| {
            let azure = &settings.providers[position(&settings.providers, "azure").unwrap()];
            assert_eq!(azure.unavailable_reason(), None);
            (
                azure.base_url.join("/x"),
                azure.dialect == Dialect::Compatible(&AZURE_DATED),
            )
        })
    };
    for (endpoint, version, expected, dated) in [
        (
            "https://r.example/",
            "",
            "https://r.example/openai/v1/x",
            false,
        ),
        (
            "https://r.example/openai",
            "",
            "https://r.example/openai/v1/x",
            false,
        ),
        (
            "https://r.example/openai/v1/",
            "",
            "https://r.example/openai/v1/x",
            false,
        ),
        (
            "https://r.example",
            "preview",
            "https://r.example/openai/v1/x?api-version=preview",
            false,
        ),
        (
            "https://r.example",
            "2024-10-21",
            "https://r.example/openai/x?api-version=2024-10-21",
            true,
        ),
        (
            "https://gate.example/team/openai",
            "2024-10-21",
            "https://gate.example/team/openai/x?api-version=2024-10-21",
            true,
        ),
    ] {
        let expected = (expected.to_owned(), dated);
        assert_eq!(
            azure(endpoint, version),
            Ok(expected),
            "{endpoint} {version}"
        );
    }
    // Whole endpoints, as the portal shows them.
    let dated = "https://r.example/openai/deployments/d/chat/completions?api-version=2024-10-21";
    assert_eq!(
        azure(dated, ""),
        Ok((
            "https://r.example/openai/x?api-version=2024-10-21".to_owned(),
            true
        ))
    );
    assert_eq!(
        azure(dated, "preview"),
        Ok((
            "https://r.example/openai/v1/x?api-version=preview".to_owned(),
            false
        ))
    );
    for endpoint in [
        "https://r.example/openai/deployments/d/chat/completions",
        "https://r.example/openai/deployments/d",
        "https://r.example/openai/v1/chat/completions",
        "https://r.example/openai/v1/responses/",
        "https://r.example/openai/responses?api-version=x",
        "https://r.example/models/chat/completions",
    ] {
        let expected = ("https://r.example/openai/v1/x".to_owned(), false);
        assert_eq!(azure(endpoint, ""), Ok(expected), "{endpoint}");
    }
    let variables = [
        ("AZURE_OPENAI_ENDPOINT", dated),
        ("AZURE_OPENAI_API_KEY", "k-1"),
    ];
    assert_eq!(
        set_up(&variables),
        ["azure https://r.example/openai?api-version=2024-10-21 model d key"]
    );
    let problem = broken(&[
        ("AZURE_OPENAI_API_KEY", "k-1"),
        ("AZURE_OPENAI_ENDPOINT", "https://r.example"),
        ("OPENAI_API_VERSION", "a&b"),
    ]);
    assert!(problem.starts_with("OPENAI_API_VERSION "), "{problem}");
    assert_eq!(
        set_up(&[("AZURE_OPENAI_API_KEY", "k-1")]),
        ["azure  key off: the base URL is missing (set AZURE_OPENAI_ENDPOINT)"]
    );
}

#[test]
fn docker_model_runner_is_on_off_or_the_last_resort() {
    let runner = |variables: &[(&str, &str)]| {
        let settings = load(variables).unwrap();
        (set_up(variables), settings.last_resort().is_some())
    };
    let listed = |text: &str| vec![text.to_owned()];
    let usual = "http://model-runner.docker.internal/engines/v1";
    for (variables, expected) in [
        (&[][..], (vec![], true)),
        (&[("DOCKER_MODEL_RUNNER", "auto")], (vec![], true)),
        (&[("DOCKER_MODEL_RUNNER", "OFF")], (vec![], false)),
        (
            &[("DOCKER_MODEL_RUNNER", "http://localhost:12434/engines/v1/")],
            (listed("docker http://localhost:12434/engines/v1"), false),
        ),
        (
            &[("DOCKER_MODEL_RUNNER", "http://172.17.0.1:12434")],
            (listed("docker http://172.17.0.1:12434/v1"), false),
        ),
        (
            &[
                ("DOCKER_MODEL_RUNNER", "LLM_URL"),
                ("LLM_URL", "http://model-runner.docker.internal/engines/v1/"),
                ("LLM_MODEL", "ai/smollm2"),
            ],
            (listed(&format!("docker {usual} model ai/smollm2")), false),
        ),
        (
            &[("DEFAULT_PROVIDER", "docker")],
            (listed(&format!("docker {usual}")), false),
        ),
    ] {
        assert_eq!(runner(variables), expected, "{variables:?}");
    }
    let settings = load(&[]).unwrap();
    assert!(!settings.has_usable_provider());
    for value in ["on", "runner", "_URL", "llm_URL", "LLM_URL"] {
        let problem = broken(&[("DOCKER_MODEL_RUNNER", value)]);
        assert!(problem.starts_with("DOCKER_MODEL_RUNNER "), "{problem}");
        assert!(problem.contains(value), "{problem}");
    }
}

#[test]
fn endpoints_of_the_user_s_own_are_told_by_variables() {
    for (variables, expected) in [
        (
            &[
                ("ANYGPT_PROVIDER_MY_LLM_BASE_URL", "http://llm:8000"),
                ("ANYGPT_PROVIDER_MY_LLM_MODEL", "x"),
                ("ANYGPT_PROVIDER_B_BASE_URL", "https://b.example/v1"),
                ("ANYGPT_PROVIDER_B_API_KEY", "k-1"),
                ("ANYGPT_PROVIDER_B_TYPE", "Anthropic"),
            ][..],
            &[
                "b https://b.example anthropic key",
                "my-llm http://llm:8000/v1 model x",
            ][..],
        ),
        (
            &[("ANYGPT_PROVIDER_B_BASE_URL", "https://b.example/v1")],
            &["b https://b.example/v1 off: the API key is missing (set ANYGPT_PROVIDER_B_API_KEY)"],
        ),
        // A preset in other words.
        (
            &[
                ("ANYGPT_PROVIDER_LM_STUDIO_BASE_URL", "http://studio:1/v1"),
                ("LMSTUDIO_BASE_URL", "http://other:1/v1"),
            ],
            &["lmstudio http://studio:1/v1"],
        ),
        (
            &[
                ("ANYGPT_PROVIDER_GROQ_API_KEY", "k-1"),
                ("ANYGPT_PROVIDER_GROQ_TYPE", "openai_compatible"),
            ],
            &["groq https://api.groq.com/openai/v1 key"],
        ),
        // Placeholders are nothing.
        (
            &[
                ("ANYGPT_PROVIDER_X_BASE_URL", "<UNKNOWN>"),
                ("ANYGPT_PROVIDER_X_API_KEY", ""),
            ],
            &[],
        ),
    ] {
        assert_eq!(set_up(variables), expected, "{variables:?}");
    }
    let settings = load(&[("ANYGPT_PROVIDER_OPENAI_TYPE", "openai-chat")]).unwrap();
    assert_eq!(
        settings.providers[0].dialect,
        Dialect::Compatible(&OPENAI_CHAT)
    );
    let xai = [
        ("ANYGPT_PROVIDER_X_TYPE", "xai"),
        ("ANYGPT_PROVIDER_X_BASE_URL", "http://x"),
    ];
    let settings = load(&xai).unwrap();
    let own = &settings.providers[position(&settings.providers, "x").unwrap()];
    assert!(matches!(own.dialect, Dialect::Compatible(service) if service.reasoning_apart));

    for (variables, parts) in [
        (
            &[("ANYGPT_PROVIDER_X_URL", "http://x")][..],
            ["ANYGPT_PROVIDER_X_URL", "_BASE_URL"],
        ),
        (
            &[("ANYGPT_PROVIDER__TYPE", "x")],
            ["ANYGPT_PROVIDER__TYPE", "an id"],
        ),
        (
            &[("ANYGPT_PROVIDER_A-B_TYPE", "x")],
            ["ANYGPT_PROVIDER_A-B_TYPE", "letters"],
        ),
    ] {
        let problem = load(variables).unwrap_err().to_string();
        for part in parts {
            assert!(problem.contains(part), "{part} in {problem}");
        }
    }
    for (variables, parts) in [
        (
            &[("ANYGPT_PROVIDER_X_API_KEY", "k-123")][..],
            ["ANYGPT_PROVIDER_X_BASE_URL is not set", "set it to"],
        ),
        (
            &[("ANYGPT_PROVIDER_X_BASE_URL", "x.example:8000")],
            ["ANYGPT_PROVIDER_X_BASE_URL", "http"],
        ),
        (
            &[
                ("ANYGPT_PROVIDER_X_BASE_URL", "http://x"),
                ("ANYGPT_PROVIDER_X_TYPE", "opnai"),
            ],
            ["ANYGPT_PROVIDER_X_TYPE is \"opnai\"", "openai-compatible"],
        ),
        (
            &[("ANYGPT_PROVIDER_GOOGLE_TYPE", "openai")],
            ["ANYGPT_PROVIDER_GOOGLE_TYPE", "built-in"],
        ),
        (
            &[
                ("ANYGPT_PROVIDER_X_BASE_URL", "http://x.example"),
                ("ANYGPT_PROVIDER_X_API_KEY", "k-123"),
            ],
            ["ANYGPT_PROVIDER_X_BASE_URL", "plain http"],
        ),
    ] {
        let problem = broken(variables);
        for part in parts {
            assert!(problem.contains(part), "{part} in {problem}");
        }
        assert!(!problem.contains("k-123"), "{problem}");
    }
}

#[test]
fn entries_of_the_file_and_variables_of_their_own_come_together() {
    let read = |text: &str, variables: &[(&str, &str)]| {
        let path = std::env::temp_dir().join(format!(
            "anygpt-providers-{}-{}.yaml",
            std::process::id(),
            text.len()
        ));
        std::fs::write(&path, text).unwrap();
        let mut all = vec![("CONFIG_FILE", path.to_str().unwrap())];
        all.extend(variables);
        let read = load(&all).map(|_| set_up(&all));
        std::fs::remove_file(&path).unwrap();
        read.map_err(|problem| problem.to_string())
    };
    let file = "providers:\n  my.team: {type: openai-compatible, base_url: 'http://a:1', model: m}\n  \
                    grok: {api_key: k-1}\n  ollama: {type: openai, base_url: 'http://b:1/v1'}\n";
    let own = [
        ("ANYGPT_PROVIDER_MY_TEAM_API_KEY", "k-1"),
        ("ANYGPT_PROVIDER_MY_TEAM_BASE_URL", "http://c:1/x"),
    ];
    assert_eq!(
        read(file, &[]).unwrap(),
        [
            "xai https://api.x.ai/v1 key",
            "ollama http://b:1/v1",
            "my.team http://a:1/v1 model m",
        ]
    );
    assert_eq!(
        read(file, &own).unwrap()[2],
        "my.team http://c:1/x model m key"
    );
    for (text, part) in [
        (
            "providers: {x: {type: openai-compatible, api_key: k-1}}",
            "add a base URL",
        ),
        (
            "providers: {x: {base_url: 'http://a'}}",
            &format!("add type: {}", Dialect::ALL.map(Dialect::as_str).join(", ")),
        ),
    ] {
        let shown = read(text, &[]).unwrap();
        assert!(shown[0].contains(part), "{shown:?}");
    }
    let problem = read("providers: {xai: {}, grok: {}}", &[]).unwrap_err();
    assert!(
        problem.contains("is another name of providers.xai"),
        "{problem}"
    );
    assert_eq!(
        read("providers: {groq: {type: anthropic, api_key: k-1}}", &[]).unwrap(),
        [
            "groq https://api.anthropic.com key off: the base URL is missing (set providers.groq.base_url)"
        ]
    );
}
