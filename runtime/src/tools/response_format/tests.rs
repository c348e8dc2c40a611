use serde_json::json;

use super::*;

#[test]
fn json_is_found_in_a_fence_too() {
    for text in [
        "{\"a\":1}",
        " ```json\n{\"a\": 1}\n```\n",
        "```\n{\"a\":1}```",
    ] {
        assert_eq!(
            read(&Format::Json, text),
            (Some(json!({"a":1})), None),
            "{text}"
        );
    }
    for (text, part) in [
        ("[1]", "not an object"),
        ("Sure! {}", "not JSON"),
        ("{\"a\":", "not JSON"),
    ] {
        let (_, problem) = read(&Format::Json, text);
        assert!(problem.unwrap().contains(part), "{text}");
    }
}

#[test]
fn long_answers_are_not_read() {
    let (json, problem) = read(&Format::Json, &" ".repeat(LONGEST + 1));
    assert!(json.is_none() && problem.unwrap().contains("too long"));
}

#[test]
fn formats_come_in_several_forms() {
    let schema = json!({"type": "object"});
    let Value::Object(map) = schema.clone() else {
        unreachable!("it is one")
    };
    let named = |name: &str, strict| {
        Ok(Some(Format::Schema {
            name: name.into(),
            schema: map.clone(),
            strict,
        }))
    };
    assert_eq!(format_of(json!("text")), Ok(None));
    assert_eq!(format_of(json!("json")), Ok(Some(Format::Json)));
    assert_eq!(
        format_of(json!({"type": "json_object"})),
        Ok(Some(Format::Json))
    );
    assert_eq!(
        format_of(json!("{\"type\":\"json_object\"}")),
        Ok(Some(Format::Json))
    );
    assert_eq!(
        format_of(json!({"type": "json_schema", "schema": schema})),
        named("answer", None)
    );
    let nested = json!({"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": schema}});
    assert_eq!(format_of(nested), named("n", Some(true)));
    for (value, part) in [
        (json!(1), "response_format is 1"),
        (json!({"type": "xml"}), "response_format.type is \"xml\""),
        (
            json!({"type": "json_schema"}),
            "response_format.schema is missing",
        ),
        (
            json!({"type": "json_schema", "schema": {}, "name": "a b"}),
            "response_format.name is \"a b\"",
        ),
    ] {
        let problem = format_of(value.clone()).unwrap_err().for_client();
        assert!(problem.contains(part), "{value}: {problem}");
    }
}
