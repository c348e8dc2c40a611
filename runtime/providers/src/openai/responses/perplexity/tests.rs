use serde_json::{Value, json};

use super::*;
use crate::Role;
use crate::conversation::{Part, State, ToolChoice};
use crate::parameter::{Change, Parameter, repair};
use crate::testing::{body, call_and_result, conversation, media, request, weather};

#[test]
fn a_request_has_nothing_that_the_agent_api_does_not_know() {
    let [image, file, _] = media();
    let [mut called, result] = call_and_result("{\"city\":\"Oslo\"}", "{\"c\":4}");
    called.state = Some(State {
        provider: "perplexity".into(),
        model: String::new(),
        items: vec![
            json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}]}),
            json!({"type": "function_call", "id": "fc_1", "status": "completed", "call_id": "call_1", "name": "weather",
                "arguments": "{\"city\":\"Oslo\"}", "thought_signature": "c2ln"}),
        ],
    });
    let mut messages = conversation(&[(Role::System, "Be brief."), (Role::User, "What is this?")]);
    messages[1]
        .content
        .extend([Part::Media(image), Part::Media(file)]);
    messages.extend([called, result]);
    let chat = ChatRequest {
        messages: messages.into(),
        temperature: Some(0.5),
        max_tokens: Some(7),
        top_p: Some(0.9),
        effort: Some(Low),
        include_reasoning: true,
        tools: vec![weather()].into(),
        tool_choice: Some(ToolChoice::Tool("weather".into())),
        format: Some(
            Format::Schema {
                name: "answer".into(),
                schema: serde_json::from_value(json!({"type": "object"})).unwrap(),
                strict: Some(true),
            }
            .into(),
        ),
        ..request("google/gemini-4-argon", &[])
    };
    Perplexity.check_supported(&chat).unwrap();
    let tool = body(&Responses, &chat)["tools"].take();
    let expected = json!({
        "model": "google/gemini-4-argon",
        "input": [
            {"type": "message", "role": "system", "content": "Be brief."},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0="},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}]},
            {"type": "message", "role": "assistant", "content": "Let me see."},
            {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{\"city\":\"Oslo\"}",
                "thought_signature": "c2ln"},
            {"type": "function_call_output", "call_id": "call_1", "output": "{\"c\":4}"},
        ],
        "temperature": 0.5, "max_output_tokens": 16, "top_p": 0.9, "reasoning": {"effort": "low"},
        "response_format": {"type": "json_schema",
            "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": true}},
        "tools": tool, "tool_choice": {"type": "function", "name": "weather"},
        "store": false, "stream": true,
    });
    assert_eq!(body(&Perplexity, &chat), expected);
}

#[test]
fn an_id_may_lack_perplexity_s_own_name_and_a_word_is_a_preset() {
    let sent = |model: &str| {
        let chat = request(model, &[(Role::User, "hi")]);
        let checked = Perplexity.check_supported(&chat);
        let problem = checked.err().map(|failure| {
            assert_eq!(failure.class, ErrorKind::ModelNotFound);
            failure.message.clone()
        });
        let mut body = body(&Perplexity, &chat);
        (body["model"].take(), body["preset"].take(), problem)
    };
    for (id, model) in [
        ("perplexity/sonar", "perplexity/sonar"),
        ("sonar", "perplexity/sonar"),
        ("glm-5.3", "perplexity/glm-5.3"),
        ("openai/gpt-5.4", "openai/gpt-5.4"),
        ("new/model", "new/model"),
        ("", ""),
    ] {
        assert_eq!(sent(id), (model.into(), Value::Null, None), "{id}");
    }
    for preset in ["fast", "xhigh", "deep-research", "of-tomorrow"] {
        assert_eq!(sent(preset), (Value::Null, preset.into(), None), "{preset}");
    }
    for (id, part) in [
        (
            "sonar-pro",
            "ended with Perplexity's Chat Completions on 2026-09-27: ask perplexity/sonar",
        ),
        ("sonar-deep-research", "(fast, low, medium, high, xhigh)"),
        ("gpt-5.4", "as openai/gpt-5.4"),
    ] {
        let (_, _, problem) = sent(id);
        let problem = problem.unwrap();
        assert!(problem.contains(part), "{id}: {problem}");
    }
}

#[test]
fn sonar_searches_unless_the_caller_has_tools() {
    let mut chat = request("sonar", &[(Role::User, "hi")]);
    assert_eq!(
        body(&Perplexity, &chat)["tools"],
        json!([{"type": "web_search"}])
    );
    chat.tools = vec![weather()].into();
    assert_eq!(body(&Perplexity, &chat)["tools"][0]["type"], "function");
    for model in ["openai/gpt-5.4", "fast"] {
        let body = body(&Perplexity, &request(model, &[(Role::User, "hi")]));
        assert_eq!(body.get("tools"), None, "{model}");
    }
}

#[test]
fn anthropic_s_models_get_a_limit_and_any_json_an_instruction() {
    let mut chat = request("anthropic/claude-sonnet-5", &[(Role::User, "hi")]);
    chat.format = Some(Format::Json.into());
    let sent = body(&Perplexity, &chat);
    assert_eq!(sent["max_output_tokens"], 16_384);
    assert_eq!(sent.get("response_format"), None);
    assert_eq!(sent["input"][0]["role"], "system");
    assert_eq!(sent["input"][1]["content"], "hi");
    chat.max_tokens = Some(100);
    assert_eq!(body(&Perplexity, &chat)["max_output_tokens"], 100);
    let other = body(&Perplexity, &request("openai/gpt-5", &[(Role::User, "hi")]));
    assert_eq!(other.get("max_output_tokens"), None);
}

#[test]
fn openai_s_rules_do_not_hold_and_the_api_s_own_do() {
    let mut chat = ChatRequest {
        temperature: Some(0.5),
        effort: Some(ReasoningEffort::Max),
        stop: vec!["END".into()],
        seed: Some(3),
        ..request("openai/gpt-6-sol", &[])
    };
    let warnings = Perplexity.adapt(&mut chat);
    assert_eq!(chat.temperature, Some(0.5));
    assert_eq!(chat.effort, Some(XHigh));
    assert!(chat.stop.is_empty() && chat.seed.is_none());
    assert_eq!(warnings.len(), 3, "{warnings:?}");
}

#[test]
fn errors_and_the_list_of_models() {
    let failure = |status, body: &str| Perplexity.failure(status, body.as_bytes());
    let key = r#"{"error":{"message":"Invalid API key provided. Ensure your API key is correct and active.","type":"invalid_api_key","code":401}}"#;
    assert_eq!(failure(401, key).class, ErrorKind::Auth);
    let model = r#"{"error":{"message":"Invalid model 'x'.","type":"invalid_model","code":400}}"#;
    assert_eq!(failure(400, model).class, ErrorKind::ModelNotFound);
    let field = r#"{"error":{"message":"invalid request body: json: unknown field \"temperature\"","type":"invalid_request","code":400,"param":"temperature"}}"#;
    let mut chat: ChatRequest = request("perplexity/sonar", &[]);
    chat.temperature = Some(0.5);
    let repaired = repair(&chat, &failure(400, field), false).unwrap();
    assert_eq!(repaired.change, Change::Drop(Parameter::Temperature));

    let list = r#"{"object":"list","data":[{"id":"anthropic/claude-sonnet-5","object":"model","created":0,"owned_by":"anthropic"},
        {"id":"perplexity/sonar","object":"model","created":0,"owned_by":"perplexity"}]}"#;
    let page = Perplexity.models_page(list.as_bytes()).unwrap();
    assert!(
        page.models
            .iter()
            .all(|model| model.may_chat() && model.created.is_none())
    );
    let newest = Perplexity.newest_chat_model(&page.models).unwrap();
    assert_eq!(newest.id, "perplexity/sonar");
}
