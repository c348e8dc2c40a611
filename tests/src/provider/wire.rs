//! The families' bytes: streams, errors, and where a request keeps its model and its last user text.
//!
//! Only shapes, as in the providers' documentation; the parent modules decide when they are sent.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Family, Request};

/// A streamed answer: one piece per delta, the first one with the opening events, and a last piece that ends it.
pub(super) fn answer(family: Family, deltas: &[String]) -> Vec<Bytes> {
    let stream = match family {
        Family::OpenAi => responses(deltas),
        Family::Anthropic => messages(deltas),
        Family::Google => generate_content(deltas),
        Family::Compatible => chat_completions(deltas),
    };
    let mut pieces: Vec<String> = stream.deltas;
    pieces.push(stream.closing);
    pieces[0].insert_str(0, &stream.opening);
    pieces.into_iter().map(Bytes::from).collect()
}

/// Cuts a text into up to four deltas, after blanks.
pub(super) fn split(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    words
        .chunks(words.len().div_ceil(4).max(1))
        .map(<[&str]>::concat)
        .collect()
}

/// The error that a family sends inside a stream that began well.
pub(super) fn stream_error(family: Family, message: &str) -> Bytes {
    match family {
        Family::OpenAi => named(&json!({
            "type": "error", "code": "server_error", "message": message, "param": null, "sequence_number": 99,
        })),
        Family::Anthropic => {
            named(&json!({"type": "error", "error": {"type": "overloaded_error", "message": message}}))
        }
        Family::Google => unnamed(&error(family, 503, message)),
        Family::Compatible => unnamed(&error(family, 502, message)),
    }
    .into()
}

/// The body of an error of this status.
pub(super) fn error(family: Family, status: u16, message: &str) -> Value {
    match family {
        Family::OpenAi | Family::Compatible => {
            let (kind, code) = match status {
                401 => ("invalid_request_error", Some("invalid_api_key")),
                404 => ("invalid_request_error", Some("model_not_found")),
                429 => ("requests", Some("rate_limit_exceeded")),
                500.. => ("server_error", None),
                _ => ("invalid_request_error", None),
            };
            json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
        }
        Family::Anthropic => {
            let kind = match status {
                401 => "authentication_error",
                402 => "billing_error",
                403 => "permission_error",
                404 => "not_found_error",
                413 => "request_too_large",
                429 => "rate_limit_error",
                504 => "timeout_error",
                529 => "overloaded_error",
                500.. => "api_error",
                _ => "invalid_request_error",
            };
            json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_mock"})
        }
        Family::Google => {
            let name = match status {
                401 => "UNAUTHENTICATED",
                403 => "PERMISSION_DENIED",
                404 => "NOT_FOUND",
                429 => "RESOURCE_EXHAUSTED",
                503 => "UNAVAILABLE",
                504 => "DEADLINE_EXCEEDED",
                500.. => "INTERNAL",
                _ => "INVALID_ARGUMENT",
            };
            json!({"error": {"code": status, "message": message, "status": name}})
        }
    }
}

/// The names of [`shape`], as the program's `--help` lists them.
pub const SHAPES: &str = "openai, anthropic, google, google-list, openrouter, xai, text, mistral, detail, \
    details, message, plain, html, garbage, empty";

/// The content type and the body of an error in the shape with this name, of any family.
pub(super) fn shape(name: &str, status: u16, message: &str) -> Option<(&'static str, String)> {
    let json = "application/json";
    let (kind, body) = match name {
        "openai" => (json, error(Family::OpenAi, status, message)),
        "anthropic" => (json, error(Family::Anthropic, status, message)),
        "google" => (json, error(Family::Google, status, message)),
        "google-list" => (json, json!([error(Family::Google, status, message)])),
        "openrouter" => (
            json,
            json!({"error": {"code": status, "message": message, "metadata": {"raw": "x"}}}),
        ),
        "xai" => (json, json!({"code": "mock_code", "error": message})),
        "text" => (json, json!({"error": message})),
        "mistral" => (
            json,
            json!({"object": "error", "message": message, "type": "mock_type", "param": null, "code": "1"}),
        ),
        "detail" => (json, json!({"detail": message})),
        "details" => (
            json,
            json!({"detail": [{"loc": ["body", "x"], "msg": message, "type": "mock_type"}]}),
        ),
        "message" => (json, json!({"message": message})),
        "plain" => return Some(("text/plain", message.to_owned())),
        "html" => {
            let page = format!(
                "<html><head><title>{status} {message}</title></head><body>x</body></html>"
            );
            return Some(("text/html; charset=utf-8", page));
        }
        "garbage" => return Some((json, "{\"error\": {\"mess".to_owned())),
        "empty" => return Some((json, String::new())),
        _ => return None,
    };
    Some((kind, body.to_string()))
}

/// No credit left, in each family's words.
pub(super) fn quota(family: Family) -> (u16, Value) {
    match family {
        Family::OpenAi | Family::Compatible => (
            429,
            json!({"error": {"message": "You exceeded your current quota", "type": "insufficient_quota",
                "param": null, "code": "insufficient_quota"}}),
        ),
        Family::Anthropic => (
            400,
            error(
                family,
                400,
                "Your credit balance is too low to access the API.",
            ),
        ),
        Family::Google => {
            let mut body = error(family, 429, "Quota exceeded");
            body["error"]["details"] = json!([
                {"@type": "type.googleapis.com/google.rpc.QuotaFailure",
                    "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}]);
            (429, body)
        }
    }
}

/// A key that is not valid, in each family's words; families that repeat the key do so here.
pub(super) fn key_refused(family: Family) -> (u16, Value) {
    let mut body = error(
        family,
        if family == Family::Google { 400 } else { 401 },
        "Incorrect API key provided: {{credential}}.",
    );
    if family != Family::Google {
        return (401, body);
    }
    body["error"]["details"] = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]);
    (400, body)
}

/// The error of a family for a parameter that the model does not support.
pub(super) fn refusal(family: Family, name: &str) -> Value {
    match family {
        Family::OpenAi | Family::Compatible => json!({"error": {
            "message": format!("Unsupported parameter: '{name}' is not supported with this model."),
            "type": "invalid_request_error", "param": name, "code": "unsupported_parameter"}}),
        Family::Anthropic => error(
            family,
            400,
            &format!("{name}: Extra inputs are not permitted"),
        ),
        Family::Google => error(
            family,
            400,
            &format!(
                "Invalid JSON payload received. Unknown name \"{name}\" at 'generation_config': Cannot find field."
            ),
        ),
    }
}

/// A family's name for this parameter, if the request has it.
pub(super) fn parameter(body: &Value, name: &str) -> Option<String> {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let asked = plain(name);
    let names = match name {
        "max_tokens" => &["maxtokens", "maxoutputtokens", "maxcompletiontokens"][..],
        "stop" => &["stop", "stopsequences"],
        "reasoning_effort" => &[
            "reasoning",
            "reasoningeffort",
            "thinking",
            "thinkingconfig",
            "outputconfig",
        ],
        _ => &[asked.as_str()],
    };
    let members = body.as_object()?.iter();
    let inner = body["generationConfig"].as_object().into_iter().flatten();
    members
        .chain(inner)
        .find(|(known, _)| names.contains(&plain(known).as_str()))
        .map(|(known, _)| known.clone())
}

/// The model that a request names.
pub(super) fn model(request: &Request) -> Option<String> {
    if request.family() == Some(Family::Google) {
        let id = request
            .path
            .split_once("/v1beta/models/")?
            .1
            .split([':', '?'])
            .next()?;
        return Some(percent_decoded(id));
    }
    Some(request.json()["model"].as_str()?.to_owned())
}

/// The text of the last user turn.
pub(super) fn last_user_text(family: Family, body: &Value) -> Option<String> {
    let (turns, content) = match family {
        Family::OpenAi => (&body["input"], "content"),
        Family::Anthropic | Family::Compatible => (&body["messages"], "content"),
        Family::Google => (&body["contents"], "parts"),
    };
    if let Some(text) = turns.as_str() {
        return Some(text.to_owned());
    }
    // Gemini permits a single user turn without a role.
    let user = |turn: &&Value| {
        turn["role"] == "user" || (family == Family::Google && turn["role"].is_null())
    };
    let content = &turns.as_array()?.iter().rfind(user)?[content];
    match content {
        Value::String(text) => Some(text.clone()),
        _ => Some(
            content
                .as_array()?
                .iter()
                .filter_map(|part| part["text"].as_str())
                .collect(),
        ),
    }
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The model finished.
    Stop,
    /// It reached the limit of tokens.
    Length,
    /// It refused, or a filter stopped it; Google without a text: the prompt was blocked.
    Refusal,
    /// It paused (`pause_turn`); Anthropic only, the others stop.
    Pause,
    /// The stream ends as streams do, but without a reason.
    Unsaid,
}

/// A streamed answer: this reasoning, this text (no delta for an empty one), this ending. One piece per event.
pub(super) fn told(family: Family, reasoning: &str, text: &str, ending: Ending) -> Vec<Bytes> {
    let mut events = Vec::new();
    let mut say = |text: &str, event: &dyn Fn(&str) -> Value| {
        if !text.is_empty() {
            events.push(event(text));
        }
    };
    match family {
        Family::OpenAi => {
            say(
                reasoning,
                &|delta| json!({"type": "response.reasoning_summary_text.delta", "delta": delta}),
            );
            say(
                text,
                &|delta| json!({"type": "response.output_text.delta", "delta": delta}),
            );
            let (status, details) = match ending {
                Ending::Length => ("incomplete", json!({"reason": "max_output_tokens"})),
                Ending::Refusal => ("incomplete", json!({"reason": "content_filter"})),
                _ => ("completed", Value::Null),
            };
            let mut output = Vec::new();
            if !reasoning.is_empty() {
                output.push(json!({"type": "reasoning", "id": "rs_mock",
                    "summary": [{"type": "summary_text", "text": reasoning}]}));
            }
            if !text.is_empty() {
                output.push(
                    json!({"type": "message", "id": "msg_mock", "role": "assistant",
                    "content": [{"type": "output_text", "text": text, "annotations": []}]}),
                );
            }
            events.push(json!({"type": format!("response.{status}"), "response": {"id": "resp_mock",
                "status": status, "model": "{{model}}", "output": output, "incomplete_details": details,
                "error": null, "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 64,
                    "output_tokens_details": {"reasoning_tokens": reasoning.len()}, "total_tokens": 76}}}));
        }
        Family::Anthropic => {
            say("x", &|_| {
                json!({"type": "message_start", "message": {"id": "msg_mock", "model": "{{model}}",
                    "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 1}}})
            });
            // A thinking block comes first, and is empty where thoughts are hidden.
            say("x", &|_| {
                json!({"type": "content_block_start", "index": 0,
                "content_block": {"type": "thinking", "thinking": "", "signature": ""}})
            });
            say(reasoning, &|delta| {
                json!({"type": "content_block_delta", "index": 0,
                "delta": {"type": "thinking_delta", "thinking": delta}})
            });
            say("x", &|_| {
                json!({"type": "content_block_delta", "index": 0,
                "delta": {"type": "signature_delta", "signature": "EqQB"}})
            });
            say("x", &|_| json!({"type": "content_block_stop", "index": 0}));
            say(text, &|delta| {
                json!({"type": "content_block_delta", "index": 1,
                "delta": {"type": "text_delta", "text": delta}})
            });
            let reason = match ending {
                Ending::Stop => json!("end_turn"),
                Ending::Length => json!("max_tokens"),
                Ending::Refusal => json!("refusal"),
                Ending::Pause => json!("pause_turn"),
                Ending::Unsaid => Value::Null,
            };
            events.push(json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage":
                {"output_tokens": 64, "output_tokens_details": {"thinking_tokens": reasoning.len()}}}));
            events.push(json!({"type": "message_stop"}));
        }
        Family::Google => {
            let parts = |part: Value| json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}]});
            say(reasoning, &|said| {
                parts(json!({"text": said, "thought": true}))
            });
            say(text, &|said| parts(json!({"text": said})));
            let usage = json!({"promptTokenCount": INPUT_TOKENS, "thoughtsTokenCount": reasoning.len(),
                "totalTokenCount": 76});
            let reason = match ending {
                Ending::Length => "MAX_TOKENS",
                Ending::Refusal => "SAFETY",
                _ => "STOP",
            };
            events.push(match ending {
                Ending::Refusal if text.is_empty() => {
                    json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": usage})
                }
                Ending::Unsaid => json!({"candidates": [{"index": 0}], "usageMetadata": usage}),
                _ => json!({"candidates": [{"index": 0, "finishReason": reason}], "usageMetadata": usage}),
            });
        }
        Family::Compatible => {
            let chunk = |delta: Value, reason: Value| {
                json!({"id": "chatcmpl-mock", "model": "{{model}}",
                    "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
            };
            say(reasoning, &|delta| {
                chunk(json!({"reasoning_content": delta}), Value::Null)
            });
            say(text, &|delta| chunk(json!({"content": delta}), Value::Null));
            let reason = match ending {
                Ending::Length => json!("length"),
                Ending::Refusal => json!("content_filter"),
                Ending::Unsaid => Value::Null,
                Ending::Stop | Ending::Pause => json!("stop"),
            };
            events.push(chunk(json!({}), reason));
            events.push(json!({"choices": [], "usage": {"prompt_tokens": INPUT_TOKENS, "completion_tokens": 64,
                "total_tokens": 76, "completion_tokens_details": {"reasoning_tokens": reasoning.len()}}}));
        }
    }
    let mut pieces: Vec<String> = events
        .iter()
        .map(|event| match event["type"].is_string() {
            true => named(event),
            false => unnamed(event),
        })
        .collect();
    if family == Family::Compatible {
        pieces.push("data: [DONE]\n\n".to_owned());
    }
    pieces.into_iter().map(Bytes::from).collect()
}

/// The answer as one JSON body.
pub(super) fn whole(family: Family, text: &str) -> Value {
    match family {
        Family::OpenAi => {
            json!({"id": "resp_mock", "object": "response", "status": "completed", "model": "{{model}}",
            "error": null, "output": [{"type": "message", "role": "assistant",
                "content": [{"type": "output_text", "text": text, "annotations": []}]}],
            "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 1, "total_tokens": INPUT_TOKENS + 1}})
        }
        Family::Anthropic => {
            json!({"id": "msg_mock", "type": "message", "role": "assistant", "model": "{{model}}",
            "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
            "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 1}})
        }
        Family::Google => json!({"candidates": [{"index": 0, "finishReason": "STOP",
                "content": {"role": "model", "parts": [{"text": text}]}}],
            "modelVersion": "{{model}}", "responseId": "mock-response",
            "usageMetadata": {"promptTokenCount": INPUT_TOKENS, "candidatesTokenCount": 1,
                "totalTokenCount": INPUT_TOKENS + 1}}),
        Family::Compatible => {
            json!({"id": "chatcmpl-mock", "object": "chat.completion", "model": "{{model}}",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": INPUT_TOKENS, "completion_tokens": 1, "total_tokens": INPUT_TOKENS + 1}})
        }
    }
}

struct Stream {
    opening: String,
    deltas: Vec<String>,
    closing: String,
}

const INPUT_TOKENS: usize = 12;
const CREATED: u64 = 1_790_000_000;

fn responses(deltas: &[String]) -> Stream {
    let response = |status: &str, output: Value, usage: Value| {
        json!({"id": "resp_mock", "object": "response", "created_at": CREATED, "status": status,
            "model": "{{model}}", "output": output, "incomplete_details": null, "error": null, "usage": usage})
    };
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
    let item = |status: &str, content: Value| json!({"type": "message", "id": "msg_mock", "role": "assistant", "status": status, "content": content});
    let mut sequence = 0;
    let mut event = |mut value: Value| {
        value["sequence_number"] = sequence.into();
        sequence += 1;
        named(&value)
    };

    let opening = [
        json!({"type": "response.created", "response": response("in_progress", json!([]), Value::Null)}),
        json!({"type": "response.in_progress", "response": response("in_progress", json!([]), Value::Null)}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": item("in_progress", json!([]))}),
        json!({"type": "response.content_part.added", "item_id": "msg_mock", "output_index": 0,
            "content_index": 0, "part": part("")}),
    ]
    .map(&mut event)
    .concat();
    let streamed = deltas
        .iter()
        .map(|delta| {
            event(json!({"type": "response.output_text.delta", "item_id": "msg_mock", "output_index": 0,
                "content_index": 0, "delta": delta, "logprobs": []}))
        })
        .collect();
    let text = deltas.concat();
    let whole = item("completed", json!([part(&text)]));
    let usage = json!({"input_tokens": INPUT_TOKENS,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": deltas.len(), "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": INPUT_TOKENS + deltas.len()});
    let closing = [
        json!({"type": "response.output_text.done", "item_id": "msg_mock", "output_index": 0,
            "content_index": 0, "text": text}),
        json!({"type": "response.content_part.done", "item_id": "msg_mock", "output_index": 0,
            "content_index": 0, "part": part(&text)}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": whole}),
        json!({"type": "response.completed", "response": response("completed", json!([whole]), usage)}),
    ]
    .map(&mut event)
    .concat();
    Stream {
        opening,
        deltas: streamed,
        closing,
    }
}

fn messages(deltas: &[String]) -> Stream {
    let usage = |output: usize| {
        json!({"input_tokens": INPUT_TOKENS, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            "output_tokens": output})
    };
    let opening = [
        json!({"type": "message_start", "message": {"id": "msg_mock", "type": "message", "role": "assistant",
            "model": "{{model}}", "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage(1)}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "ping"}),
    ];
    let deltas_of = |delta: &String| {
        named(
            &json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": delta}}),
        )
    };
    let closing = [
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
            "usage": {"output_tokens": deltas.len()}}),
        json!({"type": "message_stop"}),
    ];
    Stream {
        opening: opening.iter().map(named).collect(),
        deltas: deltas.iter().map(deltas_of).collect(),
        closing: closing.iter().map(named).collect(),
    }
}

fn generate_content(deltas: &[String]) -> Stream {
    let chunk = |text: &str, finish: Option<&str>, output: Option<usize>| {
        let mut candidate =
            json!({"content": {"role": "model", "parts": [{"text": text}]}, "index": 0});
        let mut usage = json!({"promptTokenCount": INPUT_TOKENS, "totalTokenCount": INPUT_TOKENS});
        if let Some(finish) = finish {
            candidate["finishReason"] = finish.into();
        }
        if let Some(output) = output {
            usage["candidatesTokenCount"] = output.into();
            usage["totalTokenCount"] = (INPUT_TOKENS + output).into();
        }
        unnamed(
            &json!({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "{{model}}",
            "responseId": "mock-response"}),
        )
    };
    Stream {
        opening: String::new(),
        deltas: deltas
            .iter()
            .map(|delta| chunk(delta, None, None))
            .collect(),
        closing: chunk("", Some("STOP"), Some(deltas.len())),
    }
}

fn chat_completions(deltas: &[String]) -> Stream {
    let chunk = |choices: Value, usage: Value| {
        unnamed(
            &json!({"id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": CREATED,
            "model": "{{model}}", "choices": choices, "usage": usage}),
        )
    };
    let choice = |delta: Value, finish: Option<&str>| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    let usage = json!({"prompt_tokens": INPUT_TOKENS, "completion_tokens": deltas.len(),
        "total_tokens": INPUT_TOKENS + deltas.len()});
    let content = |delta: &String| chunk(choice(json!({"content": delta}), None), Value::Null);
    Stream {
        opening: chunk(
            choice(json!({"role": "assistant", "content": ""}), None),
            Value::Null,
        ),
        deltas: deltas.iter().map(content).collect(),
        closing: chunk(choice(json!({}), Some("stop")), Value::Null)
            + &chunk(json!([]), usage)
            + "data: [DONE]\n\n",
    }
}

/// An event named after its own `type`.
fn named(data: &Value) -> String {
    format!(
        "event: {}\ndata: {data}\n\n",
        data["type"].as_str().unwrap_or("message")
    )
}

fn unnamed(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail
            .get(..2)
            .and_then(|two| u8::from_str_radix(str::from_utf8(two).ok()?, 16).ok());
        match code {
            Some(code) if *first == b'%' => {
                bytes.push(code);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
