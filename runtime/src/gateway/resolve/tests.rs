use super::*;
use crate::settings::Environment;

fn settings(variables: &[(&str, &str)]) -> Settings {
    Settings::load(
        Environment::new(variables.iter().copied()).with_secrets("/nowhere"),
        &[],
    )
    .unwrap()
}

/// Settings with these variables and this configuration file.
fn with_file(name: &str, file: &str, variables: &[(&str, &str)]) -> Settings {
    let path = std::env::temp_dir().join(format!("anygpt-{name}-{}.yaml", std::process::id()));
    std::fs::write(&path, file).unwrap();
    let mut variables = variables.to_vec();
    variables.push(("CONFIG_FILE", path.to_str().unwrap()));
    let settings = settings(&variables);
    std::fs::remove_file(path).unwrap();
    settings
}

const ALL: [(&str, &str); 3] = [
    ("OPENAI_API_KEY", "a-1"),
    ("ANTHROPIC_API_KEY", "b-1"),
    ("GOOGLE_API_KEY", "c-1"),
];

fn resolve(settings: &Settings, provider: &str, model: &str) -> Result<String, Error> {
    let given = |text: &'static str| (!text.is_empty()).then_some(text);
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let chain = chain(settings, given(leak(provider)), given(leak(model)), &[])?;
    let first = &chain.targets[0];
    let id = &settings.providers[first.provider].id;
    Ok(format!("{id} {}", first.model.as_deref().unwrap_or("-")))
}

#[test]
fn names_lead_to_providers_in_the_documented_order() {
    let settings = settings(&ALL);
    for (provider, model, expected) in [
        ("", "", "openai -"),
        ("", "gpt-5", "openai gpt-5"),
        ("", "o3-mini", "openai o3-mini"),
        ("", "chatgpt-latest", "openai chatgpt-latest"),
        ("", "claude-sonnet-5", "anthropic claude-sonnet-5"),
        ("", "gemini-3", "google gemini-3"),
        ("", "models/gemini-3", "google models/gemini-3"),
        ("", "gemini/x", "google x"),
        ("", "OpenAI/gpt-5", "openai gpt-5"),
        ("", "openai/something-new", "openai something-new"),
        ("openai", "something-new", "openai something-new"),
        ("Gemini", "", "google -"),
        ("openai", "openai/gpt-5", "openai gpt-5"),
        ("google", "gemma-3", "google gemma-3"),
        ("", "ft:gpt-4o:org::id", "openai ft:gpt-4o:org::id"),
    ] {
        assert_eq!(
            resolve(&settings, provider, model).as_deref(),
            Ok(expected),
            "{provider} {model}"
        );
    }
    assert!(
        resolve(&settings, "nobody", "")
            .unwrap_err()
            .for_client()
            .contains("openai, anthropic, google")
    );
}

#[test]
fn defaults_count_where_nothing_is_named() {
    let mut variables = ALL.to_vec();
    variables.push(("DEFAULT_MODEL", "claude-x"));
    assert_eq!(
        resolve(&settings(&variables), "", "").as_deref(),
        Ok("anthropic claude-x")
    );
    assert_eq!(
        resolve(&settings(&variables), "google", "").as_deref(),
        Ok("google -")
    );
    assert_eq!(
        resolve(&settings(&variables), "anthropic", "").as_deref(),
        Ok("anthropic claude-x")
    );
    variables.push(("DEFAULT_PROVIDER", "gemini"));
    assert_eq!(
        resolve(&settings(&variables), "", "gemini-new").as_deref(),
        Ok("google gemini-new")
    );
    // An id that might be anybody's is sent to a vendor only if the operator has said so.
    assert!(resolve(&settings(&variables), "", "new").is_err());
    variables.push(("DEFAULT_MODEL", "new"));
    variables.remove(ALL.len());
    assert_eq!(
        resolve(&settings(&variables), "", "").as_deref(),
        Ok("google new")
    );
    let mock = settings(&[("DEFAULT_PROVIDER", "mock")]);
    assert_eq!(resolve(&mock, "", "gpt-5").as_deref(), Ok("mock gpt-5"));
}

const TAGS: &str = "providers: {team: {type: openai, api_key: k-1}}\n\
        models:\n  \
          openai/mini: {tags: [fast, gpt-fast, own]}\n  \
          openai/fast2: {tags: [fast, openai]}\n  \
          anthropic/sonnet: {tags: [smart, Fast, claude]}\n  \
          team/org/x: {tags: [big]}\n  \
          team/own: {tags: [big, other]}\n  \
          team/other: {}\n";

#[test]
fn tags_lead_to_the_first_usable_model_that_carries_them() {
    let all = with_file("tags", TAGS, &ALL);
    for (provider, model, expected) in [
        ("", "fast", "openai mini"),
        ("", "FAST", "openai mini"),
        ("", " smart ", "anthropic sonnet"),
        ("anthropic", "fast", "anthropic sonnet"),
        ("openai", "fast", "openai mini"),
        ("openai", "OpenAI/fast", "openai mini"),
        ("", "openai/fast", "openai mini"),
        ("", "anthropic/fast", "anthropic sonnet"),
        // Families and providers do not hide a tag.
        ("", "gpt-fast", "openai mini"),
        ("", "claude", "anthropic sonnet"),
        ("", "openai", "openai fast2"),
        ("", "big", "team org/x"),
        // A model of that id, if one is configured, is what provider/model says.
        ("", "team/own", "team own"),
        ("team", "own", "team own"),
        ("", "own", "openai mini"),
        ("", "team/other", "team other"),
        ("team", "other", "team other"),
        ("", "other", "team own"),
        // Not a tag of this provider: sent as it is.
        ("", "google/fast", "google fast"),
        ("google", "google/fast", "google fast"),
        ("openai", "fastest", "openai fastest"),
        ("", "", "openai -"),
    ] {
        assert_eq!(
            resolve(&all, provider, model).as_deref(),
            Ok(expected),
            "{provider} {model}"
        );
    }
    let problem = resolve(&all, "google", "fast").unwrap_err().for_client();
    for part in ["google", "tag fast", "openai/mini", "google/fast"] {
        assert!(problem.contains(part), "{problem}");
    }

    let other = with_file("tags-other", TAGS, &ALL[1..]);
    assert_eq!(
        resolve(&other, "", "fast").as_deref(),
        Ok("anthropic sonnet")
    );
    assert!(resolve(&other, "openai", "fast").is_err());
    assert!(resolve(&other, "", "openai/fast").is_err());
}

#[test]
fn a_tag_may_be_the_default_model() {
    let with_default = |model| {
        let variables = [ALL[0], ALL[1], ALL[2], ("DEFAULT_MODEL", model)];
        with_file(
            &format!("default-{}", model.replace('/', "-")),
            TAGS,
            &variables,
        )
    };
    let fast = with_default("fast");
    assert_eq!(resolve(&fast, "", "").as_deref(), Ok("openai mini"));
    assert_eq!(
        resolve(&fast, "anthropic", "").as_deref(),
        Ok("anthropic sonnet")
    );
    assert_eq!(resolve(&fast, "google", "").as_deref(), Ok("google -"));
    let prefixed = with_default("anthropic/fast");
    assert_eq!(
        resolve(&prefixed, "", "").as_deref(),
        Ok("anthropic sonnet")
    );
    assert_eq!(resolve(&prefixed, "openai", "").as_deref(), Ok("openai -"));
    let file = format!("{TAGS}defaults: {{model: smart}}\n");
    let filed = with_file("default-filed", &file, &ALL);
    assert_eq!(resolve(&filed, "", "").as_deref(), Ok("anthropic sonnet"));
}

#[test]
fn a_tag_is_a_chain_of_its_usable_models_and_fallbacks_come_behind_it() {
    let names = |settings: &Settings, provider: Option<&str>, model, fallbacks: &[&str]| {
        let fallbacks: Vec<String> = fallbacks.iter().map(|&name| name.to_owned()).collect();
        let chain = chain(settings, provider, model, &fallbacks)?;
        let names: Vec<String> = chain
            .targets
            .iter()
            .map(|target| target.name(settings))
            .collect();
        let warnings: Vec<String> = chain.left_out.iter().map(LeftOut::for_client).collect();
        Ok::<_, Error>((names.join(" "), warnings.join("; ")))
    };
    let all = with_file("chain", TAGS, &ALL);
    for (provider, model, fallbacks, expected) in [
        (
            None,
            Some("FAST"),
            &[][..],
            "openai/mini openai/fast2 anthropic/sonnet",
        ),
        (
            Some("openai"),
            Some("fast"),
            &[],
            "openai/mini openai/fast2",
        ),
        (Some("anthropic"), Some("fast"), &[], "anthropic/sonnet"),
        (None, Some("openai/fast"), &[], "openai/mini openai/fast2"),
        (
            None,
            Some("smart"),
            &["fast", "gemini-3"],
            "anthropic/sonnet openai/mini openai/fast2 google/gemini-3",
        ),
        (
            None,
            None,
            &["claude-x", " google/y "],
            "openai anthropic/claude-x google/y",
        ),
        (
            None,
            Some("gpt-5"),
            &["gpt-5", "openai/gpt-5"],
            "openai/gpt-5",
        ),
    ] {
        assert_eq!(
            names(&all, provider, model, fallbacks),
            Ok((expected.to_owned(), String::new())),
            "{model:?} {fallbacks:?}"
        );
    }
    let one = with_file("chain-one", TAGS, &ALL[..1]);
    assert_eq!(
        names(&one, None, Some("fast"), &[]).unwrap().0,
        "openai/mini openai/fast2"
    );

    let (chain, warnings) = names(&one, None, Some("gpt-5"), &["claude-x", "gpt-4"]).unwrap();
    assert_eq!(chain, "openai/gpt-5 openai/gpt-4");
    assert!(
        warnings.starts_with("Fallback \"claude-x\" was left out: config:"),
        "{warnings}"
    );
    assert!(warnings.contains("ANTHROPIC_API_KEY"), "{warnings}");
    let (chain, warnings) = names(&one, None, Some("claude-x"), &["gpt-4"]).unwrap();
    assert_eq!(chain, "openai/gpt-4");
    assert!(
        warnings.starts_with("The first choice was left out: "),
        "{warnings}"
    );
    let problem = names(&one, None, Some("claude-x"), &["gemini-3"])
        .unwrap_err()
        .for_client();
    assert!(problem.contains("ANTHROPIC_API_KEY"), "{problem}");

    let many: String = (0..40)
        .map(|n| format!("  openai/m{n}: {{tags: [x]}}\n"))
        .collect();
    let many = with_file("chain-many", &format!("models:\n{many}"), &ALL);
    let (long, _) = names(&many, None, Some("x"), &[]).unwrap();
    assert_eq!(long.split(' ').count(), LONGEST_CHAIN);
}

#[test]
fn an_effort_may_stand_behind_a_name() {
    let all = with_file("efforts", TAGS, &ALL);
    let found = |model: Option<&str>, fallbacks: &[&str]| {
        let fallbacks: Vec<String> = fallbacks.iter().map(|&name| name.to_owned()).collect();
        let found: Vec<String> = chain(&all, None, model, &fallbacks)
            .unwrap()
            .targets
            .iter()
            .map(|target| {
                let effort = target.effort.map_or("-", ReasoningEffort::as_str);
                format!("{} {effort}", target.name(&all))
            })
            .collect();
        found.join(", ")
    };
    assert_eq!(
        found(Some("gpt-5@LOW"), &["smart@max", "google/x"]),
        "openai/gpt-5 low, anthropic/sonnet max, google/x -"
    );
    assert_eq!(
        found(Some("claude-x@20250101"), &[]),
        "anthropic/claude-x@20250101 -"
    );
    let variables = [ALL[0], ALL[1], ("DEFAULT_MODEL", "gpt-5@high")];
    let default = settings(&variables);
    let target = |provider| {
        chain(&default, provider, None, &[])
            .unwrap()
            .targets
            .remove(0)
    };
    assert_eq!(target(None).effort, Some(ReasoningEffort::High));
    assert_eq!(target(None).model.as_deref(), Some("gpt-5"));
    assert_eq!(target(Some("anthropic")).effort, None);
}

#[test]
fn an_alias_is_a_chain_with_efforts_of_its_own() {
    const FILE: &str = "models: {openai/mini: {tags: [cheap]}}\n\
            aliases:\n  \
              gpt-fast: [openai/mini@low, anthropic/haiku, google/flash@none]\n  \
              smart: anthropic/opus\n";
    let shown = |settings: &Settings, provider: Option<&str>, model, fallbacks: &[&str]| {
        let fallbacks: Vec<String> = fallbacks.iter().map(|&name| name.to_owned()).collect();
        let chain = chain(settings, provider, model, &fallbacks)?;
        let targets = chain.targets.iter().map(|target| {
            let effort = target.effort.map_or("-", ReasoningEffort::as_str);
            format!("{} {effort}", target.name(settings))
        });
        Ok::<_, Error>(targets.collect::<Vec<_>>().join(", "))
    };
    let all = with_file("alias", FILE, &ALL);
    let one = with_file("alias-one", FILE, &ALL[1..2]);
    let none = with_file("alias-none", FILE, &ALL[2..]);
    let variables = [ALL[0], ALL[1], ("DEFAULT_MODEL", "Smart@max")];
    let default = with_file("alias-default", FILE, &variables);
    for (settings, provider, model, fallbacks, expected) in [
        (
            &all,
            None,
            Some("GPT-Fast"),
            &[][..],
            "openai/mini low, anthropic/haiku -, google/flash none",
        ),
        (
            &all,
            None,
            Some("gpt-fast@high"),
            &["smart@low"],
            "openai/mini low, anthropic/haiku high, google/flash none, anthropic/opus low",
        ),
        (
            &all,
            Some("google"),
            Some("gpt-fast"),
            &[],
            "google/flash none",
        ),
        (
            &all,
            None,
            Some("google/gpt-fast"),
            &[],
            "google/flash none",
        ),
        (&one, None, Some("gpt-fast"), &[], "anthropic/haiku -"),
        (&default, None, None, &[], "anthropic/opus max"),
        (&default, Some("openai"), None, &[], "openai -"),
    ] {
        let found = shown(settings, provider, model, fallbacks);
        assert_eq!(found.as_deref(), Ok(expected), "{provider:?} {model:?}");
    }
    let problem = shown(&none, None, Some("smart"), &[])
        .unwrap_err()
        .for_client();
    let expected =
        "config: no model with the alias smart can be used: anthropic/opus: the API key is missing";
    assert!(problem.starts_with(expected), "{problem}");
    let problem = shown(&all, Some("google"), Some("smart"), &[])
        .unwrap_err()
        .for_client();
    let expected = "config: no model of provider google has the alias smart, which stands for \
                        anthropic/opus.";
    assert!(problem.starts_with(expected), "{problem}");
}

#[test]
fn a_tag_of_which_no_model_can_be_used_names_each_problem() {
    let google = with_file("unusable", TAGS, &ALL[2..]);
    let problem = resolve(&google, "", "fast").unwrap_err().for_client();
    assert_eq!(
        problem,
        "config: no model with the tag fast can be used: openai/mini: the API key is missing (set \
             OPENAI_API_KEY); openai/fast2: the API key is missing (set OPENAI_API_KEY); anthropic/sonnet: the \
             API key is missing (set ANTHROPIC_API_KEY). Set what is missing and restart the server, or name another \
             model (see anygpt_list_tags)."
    );
}

#[test]
fn names_lead_to_presets_that_are_set_up() {
    let mut variables = ALL.to_vec();
    variables.extend([
        ("DEEPSEEK_API_KEY", "d-1"),
        ("XAI_API_KEY", "x-1"),
        ("PERPLEXITY_API_KEY", "p-1"),
        ("FIREWORKS_API_KEY", "f-1"),
        ("OLLAMA_HOST", "127.0.0.1"),
    ]);
    let some = settings(&variables);
    for (provider, model, expected) in [
        ("", "deepseek-chat", "deepseek deepseek-chat"),
        ("", "Grok-5", "xai Grok-5"),
        ("", "grok/x", "xai x"),
        ("", "sonar", "perplexity sonar"),
        ("", "sonar-pro", "perplexity sonar-pro"),
        ("", "perplexity/sonar", "perplexity sonar"),
        ("perplexity", "", "perplexity perplexity/sonar"),
        // It has other vendors' models, for those who name it.
        ("", "perplexity/fast", "perplexity fast"),
        (
            "",
            "perplexity/anthropic/claude-x",
            "perplexity anthropic/claude-x",
        ),
        ("perplexity", "openai/gpt-5", "perplexity openai/gpt-5"),
        (
            "",
            "accounts/fireworks/models/x",
            "fireworks accounts/fireworks/models/x",
        ),
        ("", "ollama/llama3.2:1b", "ollama llama3.2:1b"),
        ("OLLAMA", "x", "ollama x"),
    ] {
        assert_eq!(
            resolve(&some, provider, model).as_deref(),
            Ok(expected),
            "{provider} {model}"
        );
    }
    // Who runs other people's models is asked itself, or nobody.
    for (provider, model) in [("", "groq/llama"), ("groq", ""), ("groq", "x")] {
        let problem = resolve(&some, provider, model).unwrap_err().for_client();
        assert!(
            problem.contains("the API key is missing (set GROQ_API_KEY)"),
            "{problem}"
        );
    }
}

#[test]
fn models_of_vendors_that_are_not_set_up_are_asked_where_all_vendors_are() {
    let only = settings(&[("OPENROUTER_API_KEY", "r-1")]);
    let both = settings(&[("OPENROUTER_API_KEY", "r-1"), ("OPENAI_API_KEY", "a-1")]);
    let chosen = settings(&[
        ("OPENROUTER_API_KEY", "r-1"),
        ("ANTHROPIC_API_KEY", "b-1"),
        ("DEFAULT_PROVIDER", "anthropic"),
    ]);
    let default = with_file(
        "vendors-default",
        "providers: {team: {type: openai-compatible, base_url: 'http://team:1'}}\n",
        &[("OPENROUTER_API_KEY", "r-1"), ("DEFAULT_PROVIDER", "team")],
    );
    for (settings, model, expected) in [
        (&only, "", "openrouter -"),
        (&only, "openai/gpt-5", "openrouter openai/gpt-5"),
        (&only, "deepseek/x:free", "openrouter deepseek/x:free"),
        (&only, "openrouter/auto", "openrouter auto"),
        (&only, "openrouter/openai/gpt-5", "openrouter openai/gpt-5"),
        (&both, "", "openai -"),
        (&both, "openai/gpt-5", "openai gpt-5"),
        (&both, "google/gemini-3", "openrouter google/gemini-3"),
        (&both, "meta-llama/llama-4", "openrouter meta-llama/llama-4"),
        (&both, "/x", "openrouter /x"),
        (&both, "x/", "openrouter x/"),
        (&both, "models/gemini-3", "openrouter models/gemini-3"),
        (&both, "claude-x", "openrouter claude-x"),
        (&both, "groq/llama", "groq"),
        (&both, "ollama/llama3.2", "ollama"),
        (&chosen, "openai/gpt-5", "openrouter openai/gpt-5"),
        (
            &chosen,
            "meta-llama/llama-4",
            "openrouter meta-llama/llama-4",
        ),
        (&default, "openai/gpt-5", "team openai/gpt-5"),
        (&default, "llama3.2", "team llama3.2"),
    ] {
        match resolve(settings, "", model) {
            Ok(found) => assert_eq!(found, expected, "{model}"),
            Err(problem) => {
                let problem = problem.for_client();
                let names = format!("provider {expected} cannot be used");
                assert!(problem.contains(&names), "{problem}");
            }
        }
    }
}

#[test]
fn the_last_resort_is_asked_where_nobody_else_can_be() {
    let none = settings(&[]);
    for (provider, model, expected) in [
        ("", "", "docker -"),
        ("", "ai/smollm2", "docker ai/smollm2"),
        ("", "docker/ai/smollm2", "docker ai/smollm2"),
        ("dmr", "x", "docker x"),
    ] {
        assert_eq!(resolve(&none, provider, model).as_deref(), Ok(expected));
    }
    // Who asks for somebody else is not helped by it.
    for model in ["gpt-5", "google/x"] {
        assert!(
            resolve(&none, "", model)
                .unwrap_err()
                .for_client()
                .contains("GOOGLE_API_KEY")
        );
    }
    let one = settings(&ALL[..1]);
    assert_eq!(resolve(&one, "", "").as_deref(), Ok("openai -"));
    assert!(resolve(&one, "", "ai/x").is_err());
    assert_eq!(resolve(&one, "", "docker/x").as_deref(), Ok("docker x"));
    let off = settings(&[("DOCKER_MODEL_RUNNER", "off"), ALL[0]]);
    let problem = resolve(&off, "docker", "").unwrap_err().for_client();
    assert!(problem.contains("DOCKER_MODEL_RUNNER is off"), "{problem}");
}

#[test]
fn a_vendor_s_own_api_gets_no_other_vendor_s_models() {
    let with = |variables: &[(&'static str, &'static str)]| {
        let mut all = vec![ALL[0]];
        all.extend(variables);
        settings(&all)
    };
    let one = with(&[]);
    let chosen = with(&[("DEFAULT_PROVIDER", "openai")]);
    let all = settings(&ALL);
    let local = with(&[("OLLAMA_HOST", "localhost")]);
    let local_chosen = with(&[("OLLAMA_HOST", "localhost"), ("DEFAULT_PROVIDER", "ollama")]);
    let groq = with(&[("GROQ_API_KEY", "g-1")]);
    let groq_chosen = with(&[("GROQ_API_KEY", "g-1"), ("DEFAULT_PROVIDER", "groq")]);
    let two = with(&[("GROQ_API_KEY", "g-1"), ("TOGETHER_API_KEY", "t-1")]);
    let both = with(&[("GROQ_API_KEY", "g-1"), ("OLLAMA_HOST", "localhost")]);
    let gateway = with(&[("OPENAI_BASE_URL", "https://gate.example/v1")]);
    let azure = with(&[
        ("AZURE_OPENAI_API_KEY", "k-1"),
        ("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com"),
        ("DEFAULT_PROVIDER", "azure"),
    ]);
    let deepseek = with(&[("DEEPSEEK_API_KEY", "d-1"), ("OLLAMA_HOST", "localhost")]);
    let perplexity = with(&[("PERPLEXITY_API_KEY", "p-1")]);
    let mistral = with(&[("MISTRAL_API_KEY", "m-1")]);
    for (settings, provider, model, expected) in [
        // What is missing is named, whatever the default is.
        (&one, "", "claude-sonnet-5", "ANTHROPIC_API_KEY"),
        (&chosen, "", "claude-sonnet-5", "ANTHROPIC_API_KEY"),
        (&chosen, "", "Claude-Sonnet-5@high", "ANTHROPIC_API_KEY"),
        (
            &chosen,
            "",
            "us.anthropic.claude-x-v1:0",
            "ANTHROPIC_API_KEY",
        ),
        (&chosen, "", "models/gemini-3", "GOOGLE_API_KEY"),
        (&chosen, "", "gemma-3-27b-it", "GOOGLE_API_KEY"),
        (&chosen, "", "imagen-4", "GOOGLE_API_KEY"),
        (&chosen, "", "grok-4", "XAI_API_KEY"),
        (&chosen, "", "deepseek-chat", "DEEPSEEK_API_KEY"),
        (&chosen, "", "mistral-large-latest", "MISTRAL_API_KEY"),
        (&chosen, "", "pixtral-12b", "MISTRAL_API_KEY"),
        (&chosen, "", "kimi-k3", "MOONSHOT_API_KEY"),
        (&chosen, "", "glm-5", "ZAI_API_KEY"),
        (&chosen, "", "sonar", "PERPLEXITY_API_KEY"),
        (
            &chosen,
            "",
            "accounts/fireworks/models/x",
            "FIREWORKS_API_KEY",
        ),
        (&one, "", "llama3.2", "OLLAMA_HOST"),
        (&chosen, "", "meta-llama/llama-4", "OPENROUTER_API_KEY"),
        (&all, "", "phi4", "a model of Microsoft"),
        (&all, "", "jamba-large", "a model of AI21"),
        (&all, "", "amazon.nova-pro-v1:0", "a model of Amazon"),
        (&all, "", "voyage-3", "a model of Voyage"),
        (&all, "", "nomic-embed-text", "open weights"),
        (&all, "", "mine:latest", "a local model"),
        (&all, "", "gpt-oss:20b", "OLLAMA_HOST"),
        (&all, "", "org/mine", "a vendor in front"),
        (&all, "", "ollama", "the name of a provider"),
        // Whoever names it.
        (&all, "openai", "claude-x", "a model of Anthropic"),
        (&all, "openai", "google/x", "a model of Google"),
        (&all, "openai", "anthropic/fast", "a model of Anthropic"),
        (&all, "", "openai/claude-x", "a model of Anthropic"),
        (&all, "", "anthropic/gpt-5", "a model of OpenAI"),
        (&all, "google", "gpt-5", "a model of OpenAI"),
        (&one, "openai", "claude-x", "ANTHROPIC_API_KEY"),
        (&all, "openai", "qwen3:8b", "a model of Qwen"),
        (&all, "openai", "mine:8b", "a local model"),
        (&all, "openai", "org/mine", "another vendor"),
        // Who is near is asked first.
        (&local, "", "llama3.2", "=ollama llama3.2"),
        (&local, "", "qwen3:8b", "=ollama qwen3:8b"),
        (&local, "", "gpt-oss", "=ollama gpt-oss"),
        (&local, "", "mine:latest", "=ollama mine:latest"),
        (&local, "", "mine", "=ollama mine"),
        (&local, "", "hf.co/a/b:Q4", "=ollama hf.co/a/b:Q4"),
        (&local, "", "gpt-5", "=openai gpt-5"),
        (&local, "", "", "=openai -"),
        (&local, "", "claude-x", "ANTHROPIC_API_KEY"),
        (&local_chosen, "", "claude-x", "=ollama claude-x"),
        (&local_chosen, "", "gpt-5", "=openai gpt-5"),
        (&deepseek, "", "deepseek-r1:8b", "=ollama deepseek-r1:8b"),
        (&deepseek, "", "deepseek-r1", "=ollama deepseek-r1"),
        (&deepseek, "", "deepseek-chat", "=deepseek deepseek-chat"),
        // Who has others' models gets them if it is named.
        (&perplexity, "", "claude-x", "ANTHROPIC_API_KEY"),
        (&perplexity, "", "anthropic/claude-x", "ANTHROPIC_API_KEY"),
        (&perplexity, "", "llama3.2", "OLLAMA_HOST"),
        (&mistral, "", "glm-5-2", "ZAI_API_KEY"),
        (&mistral, "mistral", "glm-5-2", "=mistral glm-5-2"),
        (&mistral, "", "mistral/zai-glm-5", "=mistral zai-glm-5"),
        (&both, "", "llama3.2", "=ollama llama3.2"),
        // Who has the models of many.
        (&groq, "", "llama-4", "=groq llama-4"),
        (&groq, "", "qwen/qwen3", "=groq qwen/qwen3"),
        (&groq, "", "claude-x", "ANTHROPIC_API_KEY"),
        (&groq_chosen, "", "claude-x", "ANTHROPIC_API_KEY"),
        (&groq_chosen, "", "new", "=groq new"),
        (&groq_chosen, "", "org/new", "=groq org/new"),
        (&two, "", "llama-4", "groq/llama-4 or together/llama-4"),
        (&gateway, "", "claude-x", "=openai claude-x"),
        (&gateway, "openai", "claude-x", "=openai claude-x"),
        (&gateway, "", "qwen3:8b", "=openai qwen3:8b"),
        (&gateway, "", "org/mine", "=openai org/mine"),
        (&azure, "", "my-claude", "=azure my-claude"),
        (&azure, "", "claude-x", "=azure claude-x"),
    ] {
        match (
            expected.strip_prefix('='),
            resolve(settings, provider, model),
        ) {
            (Some(expected), found) => {
                assert_eq!(found.as_deref(), Ok(expected), "{provider} {model}");
            }
            (None, Ok(found)) => panic!("{provider} {model} went to {found}"),
            (None, Err(problem)) => {
                let problem = problem.for_client();
                assert!(problem.starts_with("config: "), "{problem}");
                assert!(problem.contains(expected), "{model}: {problem}");
            }
        }
    }
}

#[test]
fn the_configuration_file_gives_no_vendor_another_one_s_models() {
    const FILE: &str = "providers:\n  \
              other: {type: openai, base_url: 'https://api.openai.com/v1', api_key: k-1}\n  \
              claude: {type: anthropic, api_key: k-1, model: gpt-5}\n\
            models:\n  \
              openai/claude-x: {tags: [smart]}\n  \
              openai/org/new: {tags: [new]}\n  \
              ollama/mine: {}\n\
            aliases:\n  \
              both: [other/grok-4, google/gemini-3]\n";
    let all = with_file("foreign", FILE, &ALL);
    for (provider, model, expected) in [
        ("", "smart", None),
        ("", "both", Some("google gemini-3")),
        ("other", "claude-x", None),
        ("", "other/llama3.2", None),
        ("claude", "", None),
        // The file says that there is such an id.
        ("", "new", Some("openai org/new")),
        ("openai", "org/new", Some("openai org/new")),
    ] {
        let found = resolve(&all, provider, model);
        assert_eq!(found.ok().as_deref(), expected, "{provider} {model}");
    }
    let mut variables = ALL.to_vec();
    variables.push(("OLLAMA_HOST", "localhost"));
    let local = with_file("foreign-local", FILE, &variables);
    let found = resolve(&local, "", "mine");
    assert_eq!(found.as_deref(), Ok("ollama mine"));
    variables.push(("DEFAULT_MODEL", "openai/grok-4"));
    assert!(resolve(&settings(&variables), "", "").is_err());
}

#[test]
fn what_is_missing_is_named() {
    let one = settings(&ALL[..1]);
    assert!(
        resolve(&one, "", "claude-x")
            .unwrap_err()
            .for_client()
            .contains("ANTHROPIC_API_KEY")
    );
    assert!(
        resolve(&one, "google", "")
            .unwrap_err()
            .for_client()
            .contains("GOOGLE_API_KEY")
    );
    let none = settings(&[("DOCKER_MODEL_RUNNER", "off")]);
    for (provider, model) in [("", ""), ("", "gpt-5"), ("openai", ""), ("", "google/x")] {
        let problem = resolve(&none, provider, model).unwrap_err().for_client();
        assert!(
            problem.contains("OPENAI_API_KEY, ANTHROPIC_API_KEY or GOOGLE_API_KEY"),
            "{problem}"
        );
    }
    let default = settings(&[("DEFAULT_PROVIDER", "anthropic"), ("OPENAI_API_KEY", "a-1")]);
    assert!(
        resolve(&default, "", "")
            .unwrap_err()
            .for_client()
            .contains("ANTHROPIC_API_KEY")
    );
}
