use super::*;
use crate::settings::{BaseUrl, vendors::preset_at};
use std::collections::BTreeSet;

use anygpt_providers::Codec;

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
        ("https://r.services.ai.azure.com", Some("azure")),
        ("https://generativelanguage.googleapis.com.", Some("google")),
        ("https://storage.googleapis.com", None),
        ("https://r.azure.com", None),
    ] {
        let address = BaseUrl::parse("X", url);
        let found = address.ok().and_then(|address| preset_at(address.host()));
        assert_eq!(found.map(|preset| preset.id), id, "{url}");
    }
}

#[test]
fn what_is_built_in_is_as_if_it_were_parsed() {
    let usual = PRESETS.iter().filter_map(|preset| preset.dialect.codec());
    let usual = usual.map(|codec| codec.default_base_url().to_owned());
    let ports = PRESETS.iter().filter_map(|preset| preset.port);
    let ports = ports.map(|port| format!("http://127.0.0.1:{port}/v1"));
    for url in usual.chain(ports).filter(|url| !url.is_empty()) {
        let parsed = BaseUrl::parse("X", &url);
        assert_eq!(parsed.as_ref(), Ok(&BaseUrl::built_in(&*url)), "{url}");
    }
    assert_eq!(BaseUrl::built_in(""), BaseUrl::default());
}

#[test]
fn every_usual_address_is_its_vendor_s_own() {
    for preset in &PRESETS {
        let usual = preset.dialect.codec().map_or("", Codec::default_base_url);
        let Ok(address) = BaseUrl::parse("X", usual) else {
            continue;
        };
        let found = preset_at(address.host()).map(|preset| preset.id);
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
