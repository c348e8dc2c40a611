//! What the mock provider does when nothing is scripted: it checks a request as the real service would, echoes the
//! last user text, lists models in pages, and misbehaves when the model's name asks for it.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Family, Reply, Request, wire};

/// Models that misbehave, as the program's `--help` lists them.
pub const FAULTS: &str = "\
fault-STATUS            an error of that status (fault-429, fault-503, …); 429 asks to retry after one second
fault-once-STATUS       the same for the first request of that model, then answers
fault-hang              never answers
fault-hang-stream       two deltas, then nothing more
fault-cut               cuts the connection before the status line
fault-cut-stream        two deltas, then cuts the connection
fault-end               two deltas, then a proper end without the event that should end the stream
fault-stream-error      two deltas, then an error inside the stream
fault-empty             an answer without text
fault-garbage           a stream that is not JSON
fault-html              502 with an HTML page
fault-blank             500 without a body
fault-huge              an answer of 64 MiB
fault-huge-error        a 400 with a body of 64 MiB
fault-dribble           a good answer, written byte by byte
fault-key-error         401 with a message that repeats the key
fault-key-text          an answer that repeats the key
refuse-NAME+NAME        a 400 that names the first of these parameters that the request has (refuse-temperature+stop)
slow-MS                 MS milliseconds before each delta (slow-250)
slow-start-MS           MS milliseconds before the status line
";

/// The reply to a request that nobody scripted.
pub(super) fn reply(request: &Request, failed_once: &mut HashSet<(Family, String)>) -> Reply {
    let Some(family) = request.family() else {
        return Reply::plain(404, "mock provider: use one of the base URLs it printed\n");
    };
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let checked = match (request.method.as_str(), path) {
        ("GET", "/openai/v1/models" | "/compatible/v1/models") => {
            key(family, request).map(|()| openai_models())
        }
        ("GET", "/anthropic/v1/models") => {
            key(family, request).and_then(|()| anthropic_models(query))
        }
        ("GET", "/google/v1beta/models") => {
            key(family, request).and_then(|()| google_models(query))
        }
        ("POST", "/openai/v1/responses" | "/anthropic/v1/messages") => chat(family, request),
        ("POST", _)
            if path.starts_with("/compatible/v1/") && path.ends_with("/chat/completions") =>
        {
            chat(family, request)
        }
        ("POST", _)
            if path.starts_with("/google/v1beta/models/")
                && path.ends_with(":streamGenerateContent") =>
        {
            if query.split('&').any(|pair| pair == "alt=sse") {
                chat(family, request)
            } else {
                Err((400, "this mock streams only with alt=sse".to_owned()))
            }
        }
        (method, path) => Err((404, format!("this mock does not serve {method} {path}"))),
    };
    match checked {
        Ok(None) => answer(family, request, failed_once),
        Ok(Some(reply)) => reply,
        Err((status, message)) => Reply::error(family, status, &message),
    }
}

type Refusal = (u16, String);

/// Checks the key the way each family wants it, and that it is nowhere else.
fn key(family: Family, request: &Request) -> Result<(), Refusal> {
    if request.path.contains("key=") {
        return Err((400, "a key must not travel in a URL".to_owned()));
    }
    let filled = |name: &str| {
        request
            .header(name)
            .is_some_and(|value| !value.trim().is_empty())
    };
    let bearer = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    let bearer = bearer.is_some_and(|token| !token.trim().is_empty());
    let (present, wanted) = match family {
        Family::OpenAi => (bearer, "Authorization: Bearer"),
        Family::Anthropic if bearer && filled("x-api-key") => {
            return Err((400, "send x-api-key or Authorization, not both".to_owned()));
        }
        Family::Anthropic => (bearer || filled("x-api-key"), "x-api-key"),
        Family::Google => (filled("x-goog-api-key"), "x-goog-api-key"),
        Family::Compatible => (true, ""),
    };
    if !present {
        return Err((
            401,
            format!("no API key provided: header {wanted} is missing"),
        ));
    }
    if family == Family::Anthropic && !filled("anthropic-version") {
        return Err((400, "anthropic-version: header is required".to_owned()));
    }
    Ok(())
}

/// Checks a chat request. `None`: all is well, answer it.
fn chat(family: Family, request: &Request) -> Result<Option<Reply>, Refusal> {
    key(family, request)?;
    let body: Value = serde_json::from_slice(&request.body).map_err(|error| {
        (
            400,
            format!("We could not parse the JSON body of your request: {error}"),
        )
    })?;
    let filled = |value: &Value| match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    let problem = match family {
        _ if !request
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json")) =>
        {
            "content-type: must be application/json"
        }
        _ if !body.is_object() => "the body must be a JSON object",
        Family::Google if !(body["contents"].is_array() && filled(&body["contents"])) => {
            "contents is not specified"
        }
        Family::Google => return Ok(None),
        _ if !(body["model"].is_string() && filled(&body["model"])) => "model: Field required",
        _ if body["stream"] != true => "stream: this mock only streams",
        Family::OpenAi if !filled(&body["input"]) => "Missing required parameter: 'input'.",
        Family::OpenAi => return Ok(None),
        _ if !(body["messages"].is_array() && filled(&body["messages"])) => {
            "messages: Field required"
        }
        Family::Anthropic if body["max_tokens"].as_u64().is_none_or(|tokens| tokens == 0) => {
            "max_tokens: Field required"
        }
        Family::Anthropic if body["messages"][0]["role"] != "user" => {
            "messages: first message must use the user role"
        }
        Family::Compatible if body.get("max_output_tokens").is_some() => {
            "Unrecognized request argument supplied: max_output_tokens"
        }
        _ => return Ok(None),
    };
    Err((400, problem.to_owned()))
}

/// An echo, or what the model's name asks for.
fn answer(family: Family, request: &Request, failed_once: &mut HashSet<(Family, String)>) -> Reply {
    let model = wire::model(request).unwrap_or_default();
    let said = wire::last_user_text(family, &request.json()).unwrap_or_default();
    let echo = Reply::text(family, &format!("echo: {said}"));
    let two = ["one ", "two "];
    let broken = || Reply::deltas(family, two, Duration::ZERO);

    if let Some(fault) = model.strip_prefix("fault-") {
        let (once, fault) = fault
            .strip_prefix("once-")
            .map_or((false, fault), |fault| (true, fault));
        if once && !failed_once.insert((family, model.clone())) {
            return echo;
        }
        return match fault {
            "hang" => Reply::hang(),
            "hang-stream" => broken().hang_after(2),
            "cut" => Reply::cut(),
            "cut-stream" => broken().cut_after(2),
            "end" => broken().end_after(2),
            "stream-error" => Reply::stream_error(family, two, "mock failure inside the stream"),
            "empty" => Reply::text(family, ""),
            "garbage" => Reply::raw_stream("data: {\"not\": json\n\ndata: ]]\n\n"),
            "html" => Reply::html(502, "<html><body><h1>502 Bad Gateway</h1></body></html>\n"),
            "blank" => Reply::empty(500),
            "huge" => Reply::huge_text(family, HUGE),
            "huge-error" => Reply::huge_body(400, HUGE),
            "dribble" => echo.dribble(),
            "key-error" => Reply::credential_in_error(family, 401),
            "key-text" => Reply::credential_in_text(family),
            _ => match fault.parse() {
                Ok(429) => rate_limit(family),
                Ok(status @ 400..600) => {
                    Reply::error(family, status, &format!("mock failure {status}"))
                }
                _ => Reply::error(
                    family,
                    404,
                    &format!("The model '{model}' does not exist; known faults:\n{FAULTS}"),
                ),
            },
        };
    }
    if let Some(names) = model.strip_prefix("refuse-") {
        let body = request.json();
        let refused = names
            .split('+')
            .find_map(|name| wire::parameter(&body, name));
        return refused.map_or(echo, |name| Reply::json(400, &wire::refusal(family, &name)));
    }
    if let Some(slow) = model.strip_prefix("slow-") {
        let (start, number) = slow
            .strip_prefix("start-")
            .map_or((false, slow), |number| (true, number));
        if let Ok(delay) = number.parse().map(Duration::from_millis) {
            return if start {
                echo.delay(delay)
            } else {
                echo.pause(delay)
            };
        }
    }
    echo
}

const HUGE: usize = 64 * 1024 * 1024;

/// A rate limit with the wait where the family states it.
fn rate_limit(family: Family) -> Reply {
    let mut body = wire::error(family, 429, "mock rate limit");
    if family == Family::Google {
        body["error"]["details"] =
            json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}]);
        return Reply::json(429, &body);
    }
    Reply::json(429, &body).header("retry-after", "1")
}

fn openai_models() -> Option<Reply> {
    let ids = [
        "gpt-4.1",
        "gpt-5.6-terra",
        "gpt-5.6-luna",
        "text-embedding-3-small",
    ];
    let data = ids.map(
        |id| json!({"id": id, "object": "model", "created": 1_790_000_000, "owned_by": "mock"}),
    );
    Some(Reply::json(200, &json!({"object": "list", "data": data})))
}

/// Two pages: what comes after nothing, and what comes after the last of those.
fn anthropic_models(query: &str) -> Result<Option<Reply>, Refusal> {
    let pages = [
        ["claude-opus-5", "claude-sonnet-5"],
        ["claude-sonnet-4-5", "claude-haiku-4-5"],
    ];
    let page = match parameter(query, "after_id") {
        None => 0,
        Some(id) if id == pages[0][1] => 1,
        Some(id) => return Err((400, format!("after_id: unknown model {id}"))),
    };
    let ids = pages[page];
    let data = ids.map(|id| {
        json!({"type": "model", "id": id, "display_name": id, "created_at": "2026-05-01T00:00:00Z",
            "max_input_tokens": 200_000, "max_tokens": 64_000,
            "capabilities": {"image_input": {"supported": true}, "thinking": {"supported": true}}})
    });
    let list = json!({"data": data, "has_more": page == 0, "first_id": ids[0], "last_id": ids[1]});
    Ok(Some(Reply::json(200, &list)))
}

/// Two pages: the token of the second stands in the first.
fn google_models(query: &str) -> Result<Option<Reply>, Refusal> {
    let model = |id: &str, method: &str| {
        json!({"name": format!("models/{id}"), "version": "001", "displayName": id, "description": "mock",
            "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
            "supportedGenerationMethods": [method, "countTokens"]})
    };
    let list = match parameter(query, "pageToken") {
        None | Some("") => json!({
            "models": [model("gemini-3.5-flash", "generateContent"), model("gemini-2.5-pro", "generateContent")],
            "nextPageToken": "page-2",
        }),
        Some("page-2") => json!({
            "models": [model("gemini-2.5-flash", "generateContent"), model("gemini-embedding-001", "embedContent")],
        }),
        Some(_) => return Err((400, "page token is not valid".to_owned())),
    };
    Ok(Some(Reply::json(200, &list)))
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}
