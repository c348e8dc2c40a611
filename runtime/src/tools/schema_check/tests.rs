use serde_json::json;

use super::*;

fn problem(schema: Value, text: &str) -> String {
    let Value::Object(schema) = schema else {
        unreachable!("schemas of these tests are objects")
    };
    let format = Format::Schema {
        name: "answer".into(),
        schema,
        strict: None,
    };
    read(&format, text).1.unwrap_or_default()
}

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
fn what_breaks_a_schema_is_named_with_its_path() {
    let schema = json!({
        "type": "object", "required": ["name", "tags"], "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "minLength": 2},
            "age": {"type": ["integer", "null"], "minimum": 0, "exclusiveMaximum": 150},
            "kind": {"enum": ["cat", 1]},
            "tags": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/tag"}},
            "size": {"oneOf": [{"type": "string"}, {"type": "number"}, {"const": 3}]},
            "next": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}
        },
        "$defs": {"tag": {"type": "string"}}
    });
    for (text, expected) in [
        (
            r#"{"name":"ab","tags":["a"],"age":1.0,"kind":1.0,"size":2,"next":{"name":"cd","tags":[]}}"#,
            "",
        ),
        (r#"{"name":"ab","tags":[],"age":null}"#, ""),
        (r#"{"tags":[]}"#, "json.name is missing"),
        (
            r#"{"name":1,"tags":[]}"#,
            "json.name is 1, but must be string",
        ),
        (
            r#"{"name":"a","tags":[]}"#,
            "json.name has 1 characters, but must have at least 2",
        ),
        (
            r#"{"name":"ab","tags":[],"age":1.5}"#,
            "json.age is 1.5, but must be integer or null",
        ),
        (
            r#"{"name":"ab","tags":[],"age":-1}"#,
            "json.age is -1, but must be at least 0",
        ),
        (
            r#"{"name":"ab","tags":[],"age":150}"#,
            "json.age is 150, but must be less than 150",
        ),
        (
            r#"{"name":"ab","tags":[],"kind":"dog"}"#,
            "json.kind is \"dog\", but must be one of \"cat\", 1",
        ),
        (
            r#"{"name":"ab","tags":["a",2]}"#,
            "json.tags[1] is 2, but must be string",
        ),
        (
            r#"{"name":"ab","tags":["a","b","c"]}"#,
            "json.tags has 3 elements, but must have at most 2",
        ),
        (
            r#"{"name":"ab","tags":[],"size":3}"#,
            "json.size is more than one of the choices in oneOf",
        ),
        (
            r#"{"name":"ab","tags":[],"size":null}"#,
            "json.size is none of the choices in oneOf",
        ),
        (
            r#"{"name":"ab","tags":[],"next":{}}"#,
            "json.next is none of the choices in anyOf",
        ),
        (
            r#"{"name":"ab","tags":[],"x y":1}"#,
            "json[\"x y\"] must not be there",
        ),
        ("[]", "json is an array of 0, but must be object"),
    ] {
        let found = problem(schema.clone(), text);
        let found = found
            .strip_prefix("The answer does not keep to the schema: ")
            .unwrap_or(&found);
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn schemas_that_lead_nowhere_end() {
    assert_eq!(problem(json!({"$ref": "#"}), "1"), "");
    let twice = json!({"anyOf": [{"$ref": "#"}, {"$ref": "#"}]});
    assert_eq!(problem(twice, "1"), "");
    assert_eq!(problem(json!({"$ref": "#/nowhere"}), "1"), "");
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
    assert_eq!(format(json!("text")), Ok(None));
    assert_eq!(format(json!("json")), Ok(Some(Format::Json)));
    assert_eq!(
        format(json!({"type": "json_object"})),
        Ok(Some(Format::Json))
    );
    assert_eq!(
        format(json!("{\"type\":\"json_object\"}")),
        Ok(Some(Format::Json))
    );
    assert_eq!(
        format(json!({"type": "json_schema", "schema": schema})),
        named("answer", None)
    );
    let nested = json!({"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": schema}});
    assert_eq!(format(nested), named("n", Some(true)));
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
        let problem = format(value.clone()).unwrap_err().for_client();
        assert!(problem.contains(part), "{value}: {problem}");
    }
}
