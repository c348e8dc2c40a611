use super::*;

#[test]
fn of_a_value_in_the_wrong_place_nothing_is_shown_that_may_be_a_key() {
    let known = ["anthropic", "openai"];
    for value in ["7 chars", "antropic", "ANTHROPIC"] {
        assert_eq!(shown(value, known), format!("{value:?}"));
    }
    for value in [
        "geheimes",
        "Zk3TestKeyNoPrefix012345",
        "sk-proj-12",
        "correct-horse",
    ] {
        let characters = format!("a value of {} characters", value.len());
        assert_eq!(shown(value, known), characters);
        assert_eq!(shown_path(value), characters);
    }
    for path in [
        "/run/secrets/openai_api_key",
        "/config/anygpt.config.yaml",
        "./a",
        "/nowhere/OPENAI_API_KEY-2.txt",
        env!("CARGO_MANIFEST_DIR"),
    ] {
        assert_eq!(shown_path(path), format!("{path:?}"));
    }
    for key in [
        "/Zk3TestKeyNoPrefix012345",
        "/a/0123456789abcdef",
        "/abcdefghijklmnopqrstuvwxyz",
    ] {
        assert!(!shown_path(key).contains("ef"), "{key}");
    }
}

#[test]
fn a_key_is_told_from_a_name() {
    for key in [
        "sk-proj-Zk3Test0",
        "AIzaSyD4Wh3reIsTh1s",
        "Zk3TestKeyNoPrefix012345abcdEFGH",
        "0123456789abcdef0123456789abcdef",
    ] {
        assert!(is_key(key), "{key}");
    }
    for name in [
        "ollama",
        "gpu-server-01",
        "ollama-7d9f8b6c5d-x2k4j",
        "3f2a9c8b1d4e",
        "DeepSeekR1DistillQwen32B",
        "sk-telecom",
        "anthropic/claude-opus-4-1-20250805",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "accounts/fireworks/models/llama-v3p1-405b-instruct",
        "ft:gpt-4o-mini-2024-07-18:my-org:custom:AbCdEf12",
    ] {
        assert!(!is_key(name), "{name}");
    }
}

#[test]
fn keys_are_known_by_the_names_of_their_variables() {
    let variables = [
        ("OPENAI_API_KEY", " key-of-openai\nsecond-line "),
        ("HF_TOKEN", "token-of-hf"),
        ("OPENAI_API_KEY_FILE", "/run/secrets/key"),
        ("LM_STUDIO_API_KEY", "lm-studio"),
        ("OPENAI_CUSTOM_HEADERS", "X-Team: research-7\nX-B: short"),
        ("https_proxy", "http://user:pass-word-7@proxy:1"),
        (
            "X_BASE_URL",
            "https://a.example/v1?key=of-the-query&a=b#fragment",
        ),
        ("PATH", "/usr/local/bin:/usr/bin"),
    ];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let secrets = named_secrets(variables.into_iter());
    let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
    assert_eq!(
        secrets,
        [
            "key-of-openai\nsecond-line",
            "key-of-openai",
            "second-line",
            "token-of-hf",
            "research-7",
            "pass-word-7",
            "of-the-query",
            "fragment",
        ]
    );
}
