use serde_json::{Value, json};

use super::*;
use crate::Capability::{Chat, Embeddings, Images, Reasoning, Vision};
use crate::anthropic::Messages;
use crate::anthropic::tests::MODELS;
use crate::testing::{known_abilities, named_model};
use crate::*;

#[test]
fn model_lists() {
    assert_eq!(Messages.models(None).path, "/v1/models?limit=1000");
    assert_eq!(
        Messages.models(Some("a&b=c")).path,
        "/v1/models?limit=1000&after_id=a%26b%3Dc"
    );
    let page = Messages.models_page(MODELS.as_bytes()).unwrap();
    assert_eq!(page.next.as_deref(), Some("claude-3-haiku-20240307"));
    assert_eq!(
        page.models[0],
        Model {
            id: "claude-opus-5".to_owned(),
            display_name: Some("Claude Opus 5".to_owned()),
            created: Some(1_777_593_600),
            input_token_limit: Some(1_000_000),
            output_token_limit: Some(128_000),
            can: page.models[0].can,
            ..Model::default()
        }
    );
    assert_eq!(
        Messages
            .models_page(br#"{"data":[],"has_more":false,"last_id":null}"#)
            .unwrap(),
        ModelPage::default()
    );
    assert_eq!(
        Messages.models_page(b"{}").unwrap_err().class,
        ErrorKind::Unavailable
    );
}

#[test]
fn times() {
    for (time, seconds) in [
        ("1970-01-01T00:00:00Z", Some(0)),
        ("2000-02-29T23:59:59.123456z", Some(951_868_799)),
        ("2025-02-19T00:00:00Z", Some(1_739_923_200)),
        ("2025-02-19T01:30:00+01:30", Some(1_739_923_200)),
        ("2025-02-18T19:00:00-05:00", Some(1_739_923_200)),
        ("1969-12-31T23:59:59Z", None),
        ("2025-13-01T00:00:00Z", None),
        ("2025-01-01T00:00:00", None),
        ("2025-01-01", None),
        ("", None),
        ("99999-01-01T00:00:00Z", None),
        ("2025-01-01Tüüüüüüü", None),
    ] {
        assert_eq!(unix_seconds(time), seconds, "{time}");
    }
}

#[test]
fn anthropic_says_what_is_supported() {
    let mut model = named_model("claude-x", true);
    let capabilities = json!({"image_input": {"supported": true}, "thinking": {"supported": false},
        "effort": {"supported": true, "low": {"supported": true}, "max": {"supported": true}, "high": {"supported": false}}});
    set_abilities(&mut model, &capabilities);
    assert_eq!(
        known_abilities(&model),
        (vec![Chat, Vision], vec![Reasoning, Embeddings, Images])
    );
    assert_eq!(model.efforts, [ReasoningEffort::Low, ReasoningEffort::Max]);
    // A proxy may have others, and lists that say nothing.
    let mut model = named_model("other", true);
    set_abilities(&mut model, &Value::Null);
    assert_eq!(
        known_abilities(&model),
        (vec![Chat], vec![Embeddings, Images])
    );
}

#[test]
fn the_list_says_what_ends() {
    let list = r#"{"data":[
        {"id":"a","lifecycle":"active","retires_at":null},
        {"id":"b","lifecycle":"deprecated","retires_at":"2027-01-22T00:00:00Z"},
        {"id":"c","lifecycle":"retired"}, {"id":"d"}]}"#;
    let page = Messages.models_page(list.as_bytes()).unwrap();
    let ends = page
        .models
        .iter()
        .map(|model| (model.is_withdrawn, model.retires.as_deref()));
    let expected = [
        (false, None),
        (true, Some("2027-01-22")),
        (true, None),
        (false, None),
    ];
    assert_eq!(ends.collect::<Vec<_>>(), expected);
}
