use std::collections::BTreeSet;

use http::Uri;

use super::*;
use crate::Codec;

/// The host of an address.
fn host(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    url.host().map(str::to_owned)
}

#[test]
fn a_vendor_s_own_address_is_known_by_its_host() {
    for (url, id) in [
        ("https://api.openai.com/v1", Some("openai")),
        ("https://API.OpenAI.com", Some("openai")),
        ("https://eu.api.openai.com/v1", Some("openai")),
        ("https://r.openai.azure.com/openai/v1", Some("azure")),
        ("https://openrouter.ai/api/v1", Some("openrouter")),
        ("https://api.anthropic.com:443", Some("anthropic")),
        ("https://evilapi.openai.com.example/v1", None),
        ("https://myapi.openai.com.example", None),
        ("https://api.notanthropic.com", None),
        ("http://localhost:1234/v1", None),
        ("http://model-runner.docker.internal/engines/v1", None),
        ("https://api.moonshot.cn/v1", Some("moonshot")),
        ("https://api.together.ai/v1", Some("together")),
        ("https://api.together.xyz/v1", Some("together")),
        ("https://api.tokenfactory.nebius.com/v1", Some("nebius")),
        ("https://api.studio.nebius.ai/v1", Some("nebius")),
        ("https://r.services.ai.azure.com", Some("azure")),
        ("https://generativelanguage.googleapis.com.", Some("google")),
        ("https://storage.googleapis.com", None),
        ("https://r.azure.com", None),
    ] {
        let found = at(&host(url).unwrap());
        assert_eq!(found.map(|preset| preset.id), id, "{url}");
    }
}

#[test]
fn every_usual_address_is_its_vendor_s_own() {
    for preset in &PRESETS {
        let usual = preset.dialect.codec().map_or("", Codec::default_base_url);
        let Some(host) = host(usual) else {
            continue;
        };
        let found = at(&host).map(|preset| preset.id);
        assert_eq!(found, (!preset.is_local).then_some(preset.id));
    }
}

#[test]
fn every_name_and_every_variable_stands_for_one_provider() {
    let mut names = BTreeSet::new();
    let mut variables = BTreeSet::new();
    for preset in &PRESETS {
        for name in preset.aliases.iter().chain([&preset.id]) {
            assert!(names.insert(*name), "{name}");
            assert_eq!(*name, name.to_ascii_lowercase());
        }
        for variable in preset.key_variables.iter().chain(preset.url_variables) {
            assert!(variables.insert(*variable), "{variable}");
        }
    }
}

#[test]
fn an_address_tells_whose_api_is_there() {
    for (host, expected) in [
        ("api.openai.com", Serves::Own("openai")),
        ("EU.API.OpenAI.com.", Serves::Own("openai")),
        ("api.x.ai", Serves::Own("xai")),
        ("api.z.ai", Serves::Own("zai")),
        ("x.ai", Serves::Own("xai")),
        ("generativelanguage.googleapis.com", Serves::Own("google")),
        ("api.groq.com", Serves::Open),
        ("r.openai.azure.com", Serves::All),
        ("notopenai.com", Serves::All),
        ("api.openai.com.example", Serves::All),
        ("openrouter.ai", Serves::All),
        ("localhost", Serves::All),
        ("", Serves::All),
    ] {
        assert_eq!(served_at(host), expected, "{host}");
    }
}

#[test]
fn the_longest_beginning_of_a_key_counts() {
    for (key, owner, preset) in [
        ("sk-ant-api03-x", "Anthropic", Some("anthropic")),
        ("sk-ant-x", "Anthropic", Some("anthropic")),
        ("sk-or-v1-x", "OpenRouter", Some("openrouter")),
        ("sk-proj-x", "OpenAI", Some("openai")),
        ("sk-x", "OpenAI", Some("openai")),
        ("AIzaSyX", "Google", Some("google")),
        ("tgp_v1_x", "Together", Some("together")),
        ("ghp_x", "GitHub", None),
    ] {
        let found = key_prefix(key).unwrap();
        assert!(key.starts_with(found.text));
        let id = found.preset.map(|preset| preset.id);
        assert_eq!((found.owner, id), (owner, preset), "{key}");
    }
    assert!(key_prefix("x-sk-").is_none());
    let shared = PRESETS.iter().filter(|it| it.key_prefixes.contains(&"sk-"));
    let ids: Vec<_> = shared.map(|preset| preset.id).collect();
    assert_eq!(ids, ["openai", "deepseek", "moonshot"]);
}

#[test]
fn a_format_goes_by_its_word_or_by_a_preset() {
    for known in Dialect::ALL {
        assert_eq!(dialect(&known.as_str().to_uppercase()), Some(known));
    }
    assert_eq!(dialect("openai_chat"), Some(Dialect::Compatible(&PLAIN)));
    assert_eq!(dialect("gemini"), Some(Dialect::Google));
    assert_eq!(dialect("groq"), named("groq").map(|it| it.dialect));
    assert_eq!(dialect("other"), None);
}
