use super::*;
use crate::settings::Settings;

/// The warnings about names, or why the start is refused.
fn load(variables: &[(&str, &str)]) -> Result<String, String> {
    let environment = Environment::new(variables.iter().copied());
    match Settings::load(environment.with_secrets("/nowhere"), &[]) {
        Ok(settings) => Ok(settings.warnings.join("\n")),
        Err(problem) => Err(problem.to_string()),
    }
}

#[test]
fn a_mistyped_limit_stops_the_start_and_the_limit_is_named() {
    for (name, meant) in [
        ("ANYGPT_ALLOW_MODEL", "ANYGPT_ALLOW_MODELS"),
        ("ANYGPT_ALOW_MODELS", "ANYGPT_ALLOW_MODELS"),
        ("ANYGPT_ALOW_MODLE", "ANYGPT_ALLOW_MODELS"),
        ("ANYGPT_ALLOWED_MODELS", "ANYGPT_ALLOW_MODELS"),
        ("ANYGPT_MODELS_ALLOWED", "ANYGPT_ALLOW_MODELS"),
        ("ANYGPT_MODEL_WHITELIST", "ANYGPT_ALLOW_MODELS"),
        ("ANYGPT_ONLY_PROVIDERS", "ANYGPT_ALLOW_PROVIDERS"),
        ("ANYGPT_BLOCKED_MODELS", "ANYGPT_DENY_MODELS"),
        ("ANYGPT_DENY_MODEL", "ANYGPT_DENY_MODELS"),
        ("ANYGPT_DNY_PROVIDER", "ANYGPT_DENY_PROVIDERS"),
        ("ANYGPT_DISALLOW_MODELS", "ANYGPT_DENY_MODELS"),
        ("ANYGPT_DISABLED_MODELS", "ANYGPT_DENY_MODELS"),
        ("ANYGPT_MAX_COST", "ANYGPT_MAX_COST_USD"),
        ("ANYGPT_MAXCOST", "ANYGPT_MAX_COST_USD"),
        ("ANYGPT_MAX_COST_EUR", "ANYGPT_MAX_COST_USD"),
        ("ANYGPT_COST_LIMIT", "ANYGPT_MAX_COST_USD"),
        ("ANYGPT_BUDGET", "ANYGPT_MAX_COST_USD"),
        ("ANYGPT_MAX_TOKEN", "ANYGPT_MAX_TOKENS"),
        ("ANYGPT_TOKEN_LIMIT", "ANYGPT_MAX_TOKENS"),
        ("ANYGPT_TIMEOUT_MAX", "ANYGPT_MAX_TIMEOUT"),
        ("ANYGPT_MXA_TIMEOUT", "ANYGPT_MAX_TIMEOUT"),
        ("anygpt_max_cost_usd", "ANYGPT_MAX_COST_USD"),
        ("AnyGPT-Max-Cost", "ANYGPT_MAX_COST_USD"),
        ("anygpt.deny_models", "ANYGPT_DENY_MODELS"),
        ("ANYGTP_MAX_COST_USD", "ANYGPT_MAX_COST_USD"),
        ("ANY_GPT_DENY_MODELS", "ANYGPT_DENY_MODELS"),
        ("AYNGPT_ALLOW_MODELS", "ANYGPT_ALLOW_MODELS"),
        ("NYGPT_ALLOW_MODELS", "ANYGPT_ALLOW_MODELS"),
        ("MYANYGPT_MAX_TOKENS", "ANYGPT_MAX_TOKENS"),
        ("ANYGPTM_AX_TOKENS", "ANYGPT_MAX_TOKENS"),
        ("ANYGPT__MAX_TOKENS", "ANYGPT_MAX_TOKENS"),
        ("ANYGPT_ALLOW_INSECURE_HTTPS", "ANYGPT_ALLOW_INSECURE_HTTP"),
        ("MAX_COST_USD", "ANYGPT_MAX_COST_USD"),
        ("max_cost_usd", "ANYGPT_MAX_COST_USD"),
        ("ALLOW_MODELS", "ANYGPT_ALLOW_MODELS"),
        ("ALLOW_PROVIDERS", "ANYGPT_ALLOW_PROVIDERS"),
        ("DENY_MODELS", "ANYGPT_DENY_MODELS"),
        ("DENY_PROVIDERS", "ANYGPT_DENY_PROVIDERS"),
        ("ANYGPT_PROVIDER_X_MAX_TOKENS", ""),
        ("ANYGPT_PROVIDER_OPENAI_ALLOWED_MODELS", ""),
    ] {
        let problem = load(&[(name, "x-1")]).unwrap_err();
        assert!(problem.starts_with(name), "{problem}");
        assert!(problem.contains("looks like a limit"), "{problem}");
        assert!(
            problem.contains(&format!("{meant};")) || meant.is_empty(),
            "{name}: {problem}"
        );
        assert!(!problem.contains("x-1"), "{problem}");
        // What says nothing limits nothing.
        assert_eq!(
            load(&[(name, " ")]).as_deref().unwrap_or("refused"),
            "",
            "{name}"
        );
    }
}

#[test]
fn any_other_unknown_name_is_a_warning_with_the_nearest_one() {
    for (name, meant) in [
        ("ANYGPT_TIMEOT", "ANYGPT_TIMEOUT"),
        ("ANYGPT_CALL_TIMEOUT", "ANYGPT_TIMEOUT"),
        ("ANYGPT_RETRY", "ANYGPT_RETRIES"),
        ("anygpt_tools", "ANYGPT_TOOLS"),
        ("ANYGPT_STRUCTURED", "ANYGPT_STRUCTURED_OUTPUT"),
        ("ANYGPT_LOG_LEVEL", "LOG_LEVEL"),
        ("ANYGPT_DEFAULT_MODEL", "DEFAULT_MODEL"),
        ("ANYGPT_CONFIG", "CONFIG_FILE"),
        (
            "ANYGPT_ENABLE_STRUCTURED_OUTPUT",
            "ANYGPT_STRUCTURED_OUTPUT",
        ),
        ("ANYGPT_OPENAI_API_KEY", "OPENAI_API_KEY"),
        ("anygpt_provider_x_base_url", "ANYGPT_PROVIDER_X_BASE_URL"),
        (
            "ANYGPT_PROVIDER_GROQ_APIKEY",
            "ANYGPT_PROVIDER_GROQ_API_KEY",
        ),
    ] {
        let warnings = load(&[(name, "x-1")]).unwrap();
        let expected = format!("{name} (perhaps you mean {meant})");
        assert!(
            warnings.contains(&expected) || name == "ANYGPT_CONFIG",
            "{name}: {warnings}"
        );
        assert_eq!(warnings.lines().count(), 1, "{warnings}");
        assert!(!warnings.contains("x-1"), "{warnings}");
    }
    let warnings = load(&[("ANYGPT_FLAVOUR", "x")]).unwrap();
    assert!(
        warnings.ends_with("does nothing: ANYGPT_FLAVOUR"),
        "{warnings}"
    );
}

#[test]
fn what_is_read_or_another_program_s_is_no_mistake() {
    for name in [
        "ANYGPT_MAX_TOKENS",
        "ANYGPT_RETRIES",
        "ANYGPT_PROVIDER_GROQ_API_KEY_FILE",
        "ANYGPT_SERVICE_HOST",
        "ANYGPT_MCP_SERVICE_PORT_HTTP",
        "ANYGPT_PORT_8080_TCP_ADDR",
        "ANYTHING_MAX_TOKENS",
        "ANYSCALE_ALLOWED_MODELS",
        "MAX_CONNECTIONS",
    ] {
        let value = if name.ends_with("_FILE") {
            file!()
        } else {
            "1"
        };
        let loaded = load(&[(name, value)]);
        assert!(
            loaded.as_deref().is_ok_and(str::is_empty) || name.ends_with("_FILE"),
            "{name}: {loaded:?}"
        );
        assert!(!format!("{loaded:?}").contains("No setting"), "{loaded:?}");
    }
}
