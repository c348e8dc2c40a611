//! The result of a tool call, parsed. Rules for every result are checked on the way: an answer has the same content for
//! clients that read `content` and for those that read `structuredContent`, an error has everything in its text.
//!
//! Never here: the result of a particular tool.

use serde_json::Value;

/// `structuredContent` of an answer, which must not be an error.
#[track_caller]
pub fn answer(result: &Value) -> &Value {
    assert_ne!(result["isError"], true, "an error: {result}");
    text(result);
    let structured = &result["structuredContent"];
    assert!(structured.is_object(), "no structured content: {result}");
    structured
}

/// The same of a chat: `content` has the same text.
#[track_caller]
pub fn chat(result: &Value) -> &Value {
    let structured = answer(result);
    assert_eq!(structured["text"], text(result), "{result}");
    structured
}

/// The text of a result that must be an error.
#[track_caller]
pub fn error(result: &Value) -> &str {
    assert_eq!(result["isError"], true, "not an error: {result}");
    text(result)
}

/// The text of the first content block. There is a second one exactly if there are warnings, which it repeats for
/// clients that do not show `structuredContent`.
#[track_caller]
pub fn text(result: &Value) -> &str {
    let blocks: Vec<&str> = result["content"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|block| {
            assert_eq!(block["type"], "text", "{result}");
            block["text"].as_str().expect("a text block has text")
        })
        .collect();
    let (text, note) = match blocks[..] {
        [text] => (text, None),
        [text, note] => (text, Some(note)),
        _ => panic!("not one or two content blocks: {result}"),
    };
    assert!(!text.is_empty(), "no text: {result}");
    // Lists have their warnings in the text itself.
    let said = note.unwrap_or(text);
    for warning in warnings(&result["structuredContent"]).lines() {
        assert!(said.contains(warning), "{said:?} lacks {warning:?}");
    }
    text
}

/// `warnings` of an answer, one per line.
#[track_caller]
pub fn warnings(structured: &Value) -> String {
    let Some(warnings) = structured.get("warnings") else {
        return String::new();
    };
    let lines = warnings.as_array().expect("warnings are an array");
    let lines: Vec<&str> = lines
        .iter()
        .map(|line| line.as_str().expect("a warning is a string"))
        .collect();
    lines.join("\n")
}

/// A text has all these parts.
#[track_caller]
pub fn assert_parts(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "lacks {part:?}: {text}");
    }
}
