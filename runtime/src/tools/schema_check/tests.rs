use serde_json::json;

use super::*;

fn problem(schema: Value, text: &str) -> String {
    let Value::Object(schema) = schema else {
        unreachable!("schemas of these tests are objects")
    };
    let value = serde_json::from_str(text).unwrap();
    let mismatch = check(&schema, &value, "json").err();
    mismatch.map(|Mismatch(why)| why).unwrap_or_default()
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
        assert_eq!(problem(schema.clone(), text), expected, "{text}");
    }
}

#[test]
fn schemas_that_lead_nowhere_end() {
    assert_eq!(problem(json!({"$ref": "#"}), "1"), "");
    let twice = json!({"anyOf": [{"$ref": "#"}, {"$ref": "#"}]});
    assert_eq!(problem(twice, "1"), "");
    assert_eq!(problem(json!({"$ref": "#/nowhere"}), "1"), "");
}

#[test]
fn what_is_not_known_never_makes_a_problem() {
    for (schema, text) in [
        (
            json!({"oneOf": [{"pattern": "^a"}, {"pattern": "^b"}]}),
            "\"a\"",
        ),
        (
            json!({"patternProperties": {"^a": {}}, "additionalProperties": false}),
            r#"{"a":1}"#,
        ),
        (json!({"enum": [[1, {"a": 2.0}]]}), r#"[1.0,{"a":2}]"#),
    ] {
        assert_eq!(problem(schema.clone(), text), "", "{schema}");
    }
}
