//! The default behaviour of the mock provider: it checks a request as the real service would, echoes the last user
//! text, lists models in pages, and fails as the model's name says.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::{Ending, Family, Reply, Request, wire};

/// Models that misbehave, as the program's `--help` lists them.
pub const FAULTS: &str = "\
fault-STATUS            an error of that status (fault-429, fault-503, …); 429 asks to retry after one second
fault-STATUS-SHAPE      the same with a body of another shape; a status of 200 is allowed, too
fault-STATUS+WAIT       the same and says when to retry: ms-20, s-1.5, date-300 (seconds ahead), info-17, no, yes
fault-once-FAULT        a fault for the first request of that model, then answers
fault-quota             no money left, in the family's words
fault-key               a wrong key, in the family's words, which repeat it
fault-hang              never answers
fault-hang-stream       two deltas, then nothing more
fault-cut               cuts the connection before the status line
fault-cut-stream        two deltas, then cuts the connection
fault-cut-at-N          N bytes of an answer, then cuts the connection
fault-reset             resets the connection before the status line
fault-reset-stream      two deltas, then resets the connection
fault-end               two deltas, then a proper end without the event that should end the stream
fault-end-at-N          N bytes of an answer, then a proper end
fault-stream-error      two deltas, then an error inside the stream
fault-stream-error-N    N deltas, then the same
fault-empty             an answer without text
fault-reasoning         an answer with reasoning before its text
fault-length            reasoning, and the limit of tokens before any text
fault-think             reasoning inside the text that never ends (<think>), and the limit of tokens
fault-refusal           a refusal without a text, or a blocked prompt
fault-pause             a model that pauses before its text (pause_turn)
fault-unsaid            an answer that does not say why it ended
fault-garbage           a stream that is not JSON
fault-json              a good answer as JSON instead of a stream
fault-gzip              a good answer, compressed although that was not requested
fault-html              502 with an HTML page
fault-blank             500 without a body
fault-huge              an answer of 64 MiB
fault-huge-error        a 400 with a body of 64 MiB
fault-endless           an answer that never ends
fault-bytes             two deltas and then empty lines without end, written byte by byte
fault-dribble           a good answer, written byte by byte
fault-key-error         401 with a message that repeats the key
fault-key-text          an answer that repeats the key
refuse-NAME+NAME        a 400 that names the first of these parameters that the request has (refuse-temperature+stop)
slow-MS                 MS milliseconds before each delta (slow-250)
slow-start-MS           MS milliseconds before the status line
list-N                  N models in one list (as a base URL only)
list-array              a list that is a bare array (as a base URL only)
";

pub use super::wire::SHAPES;

/// Splits off a fault at the start of a path, which applies to every request to that base URL.
pub(super) fn fault_in_front(path: &str) -> (Option<&str>, &str) {
    let fault = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    match fault {
        Some((fault, _)) if is_fault(fault) => (Some(fault), &path[1 + fault.len()..]),
        _ => (None, path),
    }
}

fn is_fault(name: &str) -> bool {
    ["fault-", "refuse-", "slow-", "list-"]
        .iter()
        .any(|kind| name.starts_with(kind))
}

/// The reply to a request without a script.
pub(super) fn reply(request: &Request, failed_once: &mut HashSet<(Family, String)>) -> Reply {
    let Some(family) = request.family() else {
        return Reply::plain(404, "mock provider: use one of the base URLs it printed\n");
    };
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let models = match request.fault.as_deref() {
        Some("list-array") => Some(json!(numbered(3))),
        Some(fault) => fault
            .strip_prefix("list-")
            .and_then(|number| number.parse().ok())
            .map(|number| json!({"object": "list", "data": numbered(number)})),
        None => None,
    };
    let checked = match (request.method.as_str(), path) {
        ("GET", "/openai/v1/models" | "/compatible/v1/models") => key(family, request)
            .map(|()| models.map_or_else(openai_models, |list| Reply::json(200, &list))),
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
        Ok(good) => answer(family, request, good, failed_once),
        Err((status, message)) => Reply::error(family, status, &message),
    }
}

type Refusal = (u16, String);

/// Checks that the key is in the header that the family wants, and nowhere else.
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

/// Checks a chat request, and answers it with an echo.
fn chat(family: Family, request: &Request) -> Result<Reply, Refusal> {
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
    let said = wire::last_user_text(family, &body).unwrap_or_default();
    let echo = || Ok(Reply::text(family, &format!("echo: {said}")));
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
        Family::Google => return echo(),
        _ if !(body["model"].is_string() && filled(&body["model"])) => "model: Field required",
        _ if body["stream"] != true => "stream: this mock only streams",
        Family::OpenAi if !filled(&body["input"]) => "Missing required parameter: 'input'.",
        Family::OpenAi => return echo(),
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
        _ => return echo(),
    };
    Err((400, problem.to_owned()))
}

/// The good reply, or the fault that the base URL or the model names.
fn answer(
    family: Family,
    request: &Request,
    good: Reply,
    failed_once: &mut HashSet<(Family, String)>,
) -> Reply {
    let Some(name) = request.fault.clone().or_else(|| wire::model(request)) else {
        return good;
    };
    if let Some(fault) = name.strip_prefix("fault-") {
        let (once, fault) = fault
            .strip_prefix("once-")
            .map_or((false, fault), |fault| (true, fault));
        if once && !failed_once.insert((family, name.clone())) {
            return good;
        }
        let unknown = || {
            let said = format!("The model '{name}' does not exist; known faults:\n{FAULTS}");
            Reply::error(family, 404, &said)
        };
        return failing(family, fault, good).unwrap_or_else(unknown);
    }
    if let Some(names) = name.strip_prefix("refuse-") {
        let body = request.json();
        let refused = names
            .split('+')
            .find_map(|name| wire::parameter(&body, name));
        return refused.map_or(good, |name| Reply::refusal(family, &name));
    }
    if let Some(slow) = name.strip_prefix("slow-") {
        let (start, number) = slow
            .strip_prefix("start-")
            .map_or((false, slow), |number| (true, number));
        if let Ok(delay) = number.parse().map(Duration::from_millis) {
            return if start {
                good.delay(delay)
            } else {
                good.pause(delay)
            };
        }
    }
    good
}

/// The reply of the fault with this name; `None` if there is no such fault.
fn failing(family: Family, fault: &str, good: Reply) -> Option<Reply> {
    let said = "mock failure inside the stream";
    let two = ["one ", "two "];
    let broken = || Reply::deltas(family, two, Duration::ZERO);
    let number = |name: &str| fault.strip_prefix(name)?.parse::<usize>().ok();
    Some(match fault {
        "quota" => Reply::quota(family),
        "key" => Reply::key_refused(family),
        "hang" => Reply::hang(),
        "hang-stream" => broken().hang_after(2),
        "cut" => Reply::cut(),
        "cut-stream" => broken().cut_after(2),
        "reset" => Reply::reset(),
        "reset-stream" => broken().reset_after(2),
        "end" => broken().end_after(2),
        "stream-error" => Reply::stream_error(family, two, said),
        "empty" => Reply::text(family, ""),
        "reasoning" => Reply::told(family, "Hm.", "Yes.", Ending::Stop),
        "length" => Reply::told(family, "Hm.", "", Ending::Length),
        "think" => Reply::told(family, "", "<think>Hm.", Ending::Length),
        "refusal" => Reply::told(family, "", "", Ending::Refusal),
        "pause" => Reply::told(family, "", "", Ending::Pause),
        "unsaid" => Reply::told(family, "", "Yes.", Ending::Unsaid),
        "garbage" => Reply::raw_stream("data: {\"not\": json\n\ndata: ]]\n\n"),
        "json" => Reply::whole(family, "Yes."),
        "gzip" => good.gzip(),
        "html" => Reply::html(502, "<html><body><h1>502 Bad Gateway</h1></body></html>\n"),
        "blank" => Reply::empty(500),
        "huge" => Reply::huge_text(family, HUGE),
        "huge-error" => Reply::huge_body(400, HUGE),
        "endless" => broken().again_after(2),
        "bytes" => broken().again_after(2).dribble(),
        "dribble" => good.dribble(),
        "key-error" => Reply::credential_in_error(family, 401),
        "key-text" => Reply::credential_in_text(family),
        _ => {
            if let Some(bytes) = number("cut-at-") {
                return Some(good.cut_at(bytes));
            }
            if let Some(bytes) = number("end-at-") {
                return Some(good.end_at(bytes));
            }
            if let Some(count) = number("stream-error-") {
                let deltas = (1..=count).map(|number| format!("{number} "));
                return Some(Reply::stream_error(family, deltas, said));
            }
            return of_status(family, fault);
        }
    })
}

/// `STATUS`, `STATUS-SHAPE`, either followed by `+WAIT`.
fn of_status(family: Family, fault: &str) -> Option<Reply> {
    let (fault, wait) = fault
        .split_once('+')
        .map_or((fault, None), |(fault, wait)| (fault, Some(wait)));
    let (status, shape) = fault
        .split_once('-')
        .map_or((fault, None), |(status, shape)| (status, Some(shape)));
    let status = status
        .parse()
        .ok()
        .filter(|status| (400..600).contains(status) || (*status == 200 && shape.is_some()))?;
    let said = format!("mock failure {status}");
    let info = |wait: &str| {
        let mut body = wire::error(family, status, &said);
        body["error"]["details"] = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{wait}s")}]);
        Reply::json(status, &body)
    };
    let reply = match shape {
        Some(shape) => Reply::shaped(shape, status, &said)?,
        None => Reply::error(family, status, &said),
    };
    Some(match wait {
        None if status == 429 && shape.is_none() => match family {
            Family::Google => info("1"),
            _ => reply.header("retry-after", "1"),
        },
        None => reply,
        Some("no") => reply.header("x-should-retry", "false"),
        Some("yes") => reply.header("x-should-retry", "true"),
        Some(wait) => match wait.split_once('-')? {
            ("ms", number) => reply.header("retry-after-ms", number),
            ("s", number) => reply.header("retry-after", number),
            ("date", number) => {
                let then = SystemTime::now() + Duration::from_secs(number.parse().ok()?);
                reply.header("retry-after", &httpdate::fmt_http_date(then))
            }
            ("info", number) => info(number),
            _ => return None,
        },
    })
}

const HUGE: usize = 64 * 1024 * 1024;

/// That many entries, as OpenRouter has hundreds.
fn numbered(count: usize) -> Vec<Value> {
    let entry = |number| json!({"id": format!("vendor/model-{number}"), "object": "model", "created": 1_790_000_000});
    (1..=count).map(entry).collect()
}

fn openai_models() -> Reply {
    let ids = [
        "gpt-4.1",
        "gpt-5.6-terra",
        "gpt-5.6-luna",
        "text-embedding-3-small",
    ];
    let data = ids.map(
        |id| json!({"id": id, "object": "model", "created": 1_790_000_000, "owned_by": "mock"}),
    );
    Reply::json(200, &json!({"object": "list", "data": data}))
}

/// Two pages: the first, and the one after its last entry.
fn anthropic_models(query: &str) -> Result<Reply, Refusal> {
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
    Ok(Reply::json(200, &list))
}

/// Two pages: the token of the second is in the first.
fn google_models(query: &str) -> Result<Reply, Refusal> {
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
    Ok(Reply::json(200, &list))
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}
