//! The default behaviour of the mock provider: it checks a request as the real service would, echoes the last user
//! text, lists models in pages, and fails as the model's name says.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::{Ending, Family, Refusal, Reply, Request, wire};

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
    let format = family.format();
    let below = path.strip_prefix(format.folder()).unwrap_or_default();
    let checked = match request.method.as_str() {
        "GET" if below == format.list_path() => key(family, request).and_then(|()| {
            let list = numbered_list(family, request.fault.as_deref());
            list.map_or_else(|| format.list(query), Ok)
                .map(|list| Reply::json(200, &list))
        }),
        "POST" if format.is_chat_path(below) => chat(family, request),
        method => Err((404, format!("this mock does not serve {method} {path}"))),
    };
    match checked {
        Ok(good) => answer(family, request, good, failed_once),
        Err((status, message)) => Reply::error(family, status, &message),
    }
}

/// The list that a fault names, where lists are as most services have them.
fn numbered_list(family: Family, fault: Option<&str>) -> Option<Value> {
    let is_usual = [Family::OpenAi, Family::Compatible].contains(&family);
    match fault?.strip_prefix("list-").filter(|_| is_usual)? {
        "array" => Some(json!(numbered(3))),
        number => {
            let count = number.parse().ok()?;
            Some(json!({"object": "list", "data": numbered(count)}))
        }
    }
}

/// Checks that the key is in the header that the family wants, and nowhere else.
pub(super) fn key(family: Family, request: &Request) -> Result<(), Refusal> {
    match request.path.contains("key=") {
        true => Err((400, "a key must not travel in a URL".to_owned())),
        false => family.format().check_head(request),
    }
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
    let kind = request.header("content-type");
    let problem = if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        Some("content-type: must be application/json")
    } else if !body.is_object() {
        Some("the body must be a JSON object")
    } else {
        family.format().problem(&body)
    };
    if let Some(problem) = problem {
        return Err((400, problem.to_owned()));
    }
    let said = wire::last_user_text(family, &body).unwrap_or_default();
    Ok(Reply::text(family, &format!("echo: {said}")))
}

/// The good reply, or the fault that the base URL or the model names.
fn answer(
    family: Family,
    request: &Request,
    good: Reply,
    failed_once: &mut HashSet<(Family, String)>,
) -> Reply {
    let Some(name) = request.fault.clone().or_else(|| request.model()) else {
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
            .find_map(|name| wire::parameter(family, &body, name));
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
        let mut body = family.format().error(status, &said);
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
