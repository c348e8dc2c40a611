//! Perplexity's Agent API end to end: what it gets, and what old settings come to.
//!
//! Never here: the members of its requests (unit tests of the codec), its streams (`wire/responses/`).

use anygpt_tests::outcome::{answer, assert_parts, chat, error};
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::server::Server;
use serde_json::{Value, json};

const CHAT: &str = "anygpt_chat_completion";

/// The mock's Responses, as Perplexity.
fn start(variables: &[(&str, &str)]) -> (Provider, Server) {
    let provider = Provider::start();
    let server = Server::builder()
        .env("PERPLEXITY_API_KEY", Family::OpenAi.key())
        .env("PERPLEXITY_BASE_URL", provider.base_url(Family::OpenAi))
        .envs(variables.iter().copied())
        .spawn();
    (provider, server)
}

#[track_caller]
fn body(provider: &Provider) -> Value {
    provider
        .requests()
        .pop()
        .expect("a request was sent")
        .json()
}

#[test]
fn it_is_asked_by_responses_with_its_key_and_its_own_model_searches() {
    let (provider, mut server) = start(&[]);
    let result = server.call_tool(CHAT, json!({"prompt": "hi"}));
    assert_eq!(chat(&result)["text"], "echo: hi");
    assert_eq!(chat(&result)["provider"], "perplexity");
    assert_eq!(chat(&result)["model"], "perplexity/sonar");
    let request = provider.requests().pop().unwrap();
    assert_eq!(
        (&*request.method, &*request.path),
        ("POST", "/openai/v1/responses")
    );
    let bearer = format!("Bearer {}", Family::OpenAi.key());
    assert_eq!(request.header("authorization"), Some(&*bearer));
    assert_eq!(
        request.json(),
        json!({"model": "perplexity/sonar", "input": [{"type": "message", "role": "user", "content": "hi"}],
            "tools": [{"type": "web_search"}], "store": false, "stream": true})
    );

    server.call_tool(CHAT, json!({"prompt": "hi", "model": "perplexity/fast"}));
    let sent = body(&provider);
    assert_eq!((&sent["preset"], sent.get("model")), (&json!("fast"), None));
    // Another vendor's model, of which OpenAI's rules would leave the temperature out.
    let arguments =
        json!({"prompt": "hi", "model": "perplexity/openai/gpt-6-sol", "temperature": 0.5});
    server.call_tool(CHAT, arguments);
    let sent = body(&provider);
    assert_eq!(
        (&sent["model"], &sent["temperature"]),
        (&json!("openai/gpt-6-sol"), &json!(0.5))
    );

    let listed = server.call_tool("anygpt_list_providers", json!({}));
    let listed = answer(&listed)["providers"].as_array().unwrap();
    let listed = listed.iter().find(|it| it["id"] == "perplexity").unwrap();
    assert_eq!(
        (&listed["type"], &listed["usable"]),
        (&json!("perplexity"), &json!(true))
    );
}

#[test]
fn models_of_its_chat_completions_lead_to_its_own_or_to_an_explanation() {
    let (provider, mut server) = start(&[("ANYGPT_PROVIDER_PERPLEXITY_MODEL", "sonar-pro")]);
    for name in [
        json!({}),
        json!({"model": "sonar-reasoning-pro"}),
        json!({"model": "perplexity/sonar-pro"}),
    ] {
        let mut arguments = json!({"prompt": "hi"});
        arguments
            .as_object_mut()
            .unwrap()
            .extend(name.as_object().unwrap().clone());
        let result = server.call_tool(CHAT, arguments);
        assert_parts(
            error(&result),
            &[
                "model_not_found: ",
                "ended with Perplexity's Chat Completions on 2026-09-27",
                "perplexity/sonar",
                "fast, low",
            ],
        );
    }
    assert_eq!(provider.requests().len(), 0);
    for model in ["sonar", "perplexity/sonar", "perplexity/perplexity/sonar"] {
        chat(&server.call_tool(CHAT, json!({"prompt": "hi", "model": model})));
        assert_eq!(body(&provider)["model"], "perplexity/sonar", "{model}");
    }
}

#[test]
fn its_list_has_ids_with_vendors_and_proves_nothing_about_the_key() {
    let (provider, mut server) = start(&[("ANYGPT_TOOLS", "all")]);
    let list = json!({"object": "list", "data": [
        {"id": "anthropic/claude-sonnet-5", "object": "model", "created": 0, "owned_by": "anthropic"},
        {"id": "perplexity/sonar", "object": "model", "created": 0, "owned_by": "perplexity"}]});
    provider.script_models(
        Family::OpenAi,
        [Reply::json(200, &list), Reply::json(200, &list)],
    );
    let arguments = json!({"provider": "perplexity"});
    let result = server.call_tool("anygpt_list_models", arguments.clone());
    let models = answer(&result)["models"].as_array().unwrap();
    let ids: Vec<&str> = models.iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!(ids, ["anthropic/claude-sonnet-5", "perplexity/sonar"]);
    assert!(
        models.iter().all(|it| it.get("created").is_none()),
        "{result}"
    );

    let result = server.call_tool("anygpt_check_providers", arguments);
    assert_eq!(
        answer(&result)["providers"][0]["key_accepted"],
        Value::Null,
        "{result}"
    );
}

#[test]
fn a_proxy_of_one_s_own_may_speak_chat_completions() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .env("PERPLEXITY_API_KEY", Family::Compatible.key())
        .env("PERPLEXITY_BASE_URL", provider.base_url(Family::Compatible))
        .env("ANYGPT_PROVIDER_PERPLEXITY_TYPE", "openai-compatible")
        .spawn();
    let result = server.call_tool(
        CHAT,
        json!({"prompt": "hi", "model": "perplexity/sonar-pro"}),
    );
    assert_eq!(chat(&result)["text"], "echo: hi");
    assert_eq!(body(&provider)["model"], "sonar-pro");
}
