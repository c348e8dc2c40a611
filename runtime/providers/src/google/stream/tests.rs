use crate::google::GenerateContent;
use crate::testing::{Xorshift, assert_comes_back, mixed, native, pieces, state, usage, wire};
use crate::*;

#[test]
fn the_length_of_the_state_is_that_of_its_items() {
    let (items, length) = state(&GenerateContent, &wire("google/tool-calls/signed"));
    assert_eq!(items.len(), 5);
    assert_eq!(
        length,
        items.iter().map(conversation::length).sum::<usize>()
    );
}

#[test]
fn more_calls_than_anybody_makes_are_too_large() {
    let many = vec!["{\"functionCall\":{\"name\":\"a\"}}"; 129].join(",");
    let body = format!("{{\"candidates\":[{{\"content\":{{\"parts\":[{many}]}}}}]}}");
    let failure = GenerateContent
        .reader(false)
        .whole(body.as_bytes(), &mut Answer::default());
    assert_eq!(failure.unwrap_err().class, ErrorKind::TooLarge);
}

/// The events of an answer; corrects it in what the format cannot say.
fn written(random: &mut Xorshift, answer: &mut Answer) -> Vec<String> {
    answer.usage.cache_write_tokens = Some(0);
    let [input, output, reasoned, cached, _, total] = usage(answer);
    answer.usage.cache_write_tokens = None;
    let thoughts = pieces(random, &answer.reasoning);
    let thoughts = thoughts
        .iter()
        .map(|piece| format!(r#"{{"text":{piece},"thought":true}}"#));
    let texts = pieces(random, &answer.text);
    let texts = texts.iter().map(|piece| format!(r#"{{"text":{piece}}}"#));
    let calls = answer.tool_calls.iter().map(|call| {
        let (id, name, arguments) = (&call.id, &call.name, &call.arguments);
        format!(r#"{{"functionCall":{{"id":"{id}","name":"{name}","args":{arguments}}}}}"#)
    });
    let lists = vec![thoughts.collect(), texts.collect(), calls.collect()];
    let parts = mixed(random, lists);
    let chunks = parts.chunks(1 + random.below(3)).map(|parts| {
        let parts = parts.join(",");
        format!(r#"{{"candidates":[{{"content":{{"parts":[{parts}]}}}}],"responseId":"r-1"}}"#)
    });
    let mut events: Vec<String> = chunks.collect();
    let visible = output - reasoned;
    let word = native(answer, ["STOP", "MAX_TOKENS", "STOP", "SAFETY"]);
    events.push(format!(
        r#"{{"candidates":[{{"content":{{"parts":[]}},"finishReason":"{word}"}}],"modelVersion":"m-1","usageMetadata":{{"promptTokenCount":{input},"candidatesTokenCount":{visible},"thoughtsTokenCount":{reasoned},"cachedContentTokenCount":{cached},"totalTokenCount":{total}}}}}"#
    ));
    events
}

/// Its arguments are JSON in JSON, so there are none that are not.
#[test]
fn generated_content_comes_back() {
    assert_comes_back(&GenerateContent, written, false);
}
