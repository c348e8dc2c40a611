//! The judge: every rule that holds whatever a client asks for, checked on everything that one process was sent and
//! everything it wrote.
//!
//! Each answer must belong to a request, be the only one to it, repeat its id byte for byte, and be valid against the
//! official schema of the revision of the request; `structuredContent` must be valid against the tool's own schema;
//! notifications must belong to something that is open. `R-nn` are the numbers of `docs/requirements.md`.
//!
//! Never here: the answer to a particular request, or starting a process.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use jsonschema::Validator;
use serde_json::Value;

use crate::schema::{
    self, BATCHES, MODERN, NEWEST_LEGACY, Official, REVISIONS, STRUCTURED, is_modern, modern,
};

use message::{
    Answer, ClientMessage, LONGEST_LINE, META, Message, elements, plain, read_answers,
    read_message, shown,
};

mod message;

/// One process, seen from outside.
#[derive(Debug)]
pub struct Case<'a> {
    /// All bytes for its stdin.
    pub sent: &'a [u8],
    /// All bytes from its stdout.
    pub received: &'a [u8],
    /// How it ended.
    pub end: End,
    /// Whether it was configured to send `structuredContent` to clients of all revisions.
    pub structured_for_all: bool,
}

/// Which answers must have been written by the end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was killed, or its output was closed: the last line may be cut.
    Cut,
    /// It ended on its own, and its lines are complete.
    Whole,
    /// The same after the end of its input, with exit code 0: every request is answered.
    Clean,
}

/// How clients name themselves that show their model structured results in place of the text.
const HIDES_TEXT: [&[u8]; 2] = [br#""name":"claude-code""#, br#""name":"codex"#];

/// Finds the schema of a tool's `structuredContent`; `None` if the tool has none.
pub type OutputSchema<'s> = dyn Fn(&str) -> Option<Arc<Validator>> + 's;

/// The first problems found. A session with a single bad line is not valid.
pub fn problems(case: &Case<'_>, output_schema: &OutputSchema<'_>) -> Vec<String> {
    let (answers, unreadable) = read_answers(case.received, case.end == End::Cut);
    let mut judge = Judge {
        output_schema,
        structured_for_all: case.structured_for_all,
        hides_text: HIDES_TEXT.iter().any(|name| {
            let first = &case.sent[..case.sent.len().min(LONGEST_LINE)];
            first.windows(name.len()).any(|part| part == *name)
        }),
        requests: Vec::new(),
        by_id: HashMap::new(),
        by_token: HashMap::new(),
        last_progress: HashMap::new(),
        legacy: BTreeSet::new(),
        logs: false,
        unreadable: 0,
        perhaps: 0,
        anonymous: 0,
        acknowledged: HashMap::new(),
        problems: unreadable,
    };
    judge.read_input(case, &answers);
    judge.read_output(&answers);
    if case.end == End::Clean {
        judge.check_nothing_is_owed();
    }
    judge.problems.truncate(MOST);
    judge.problems
}

/// Problems that are reported; one mistake can cause thousands.
const MOST: usize = 5;

/// The most messages of a batch that the program takes.
const LARGEST_BATCH: usize = 1000;

/// Methods, the types of their results, and whether modern results say how long they may be cached.
const RESULTS: [(&str, &str, bool); 12] = [
    ("initialize", "InitializeResult", false),
    ("server/discover", "DiscoverResult", true),
    ("ping", "EmptyResult", false),
    ("tools/list", "ListToolsResult", true),
    ("tools/call", "CallToolResult", false),
    ("resources/list", "ListResourcesResult", true),
    (
        "resources/templates/list",
        "ListResourceTemplatesResult",
        true,
    ),
    ("resources/read", "ReadResourceResult", true),
    ("prompts/list", "ListPromptsResult", true),
    ("prompts/get", "GetPromptResult", false),
    ("completion/complete", "CompleteResult", false),
    ("logging/setLevel", "EmptyResult", false),
];

/// Methods that 2026-07-28 removed.
const REMOVED: [&str; 3] = ["initialize", "ping", "logging/setLevel"];

const LISTEN: (&str, &str) = ("subscriptions/listen", "SubscriptionsListenResult");

/// Notifications of servers and their types.
const NOTIFICATIONS: [(&str, &str); 7] = [
    ("notifications/progress", "ProgressNotification"),
    ("notifications/message", "LoggingMessageNotification"),
    (
        "notifications/subscriptions/acknowledged",
        "SubscriptionsAcknowledgedNotification",
    ),
    (
        "notifications/tools/list_changed",
        "ToolListChangedNotification",
    ),
    (
        "notifications/prompts/list_changed",
        "PromptListChangedNotification",
    ),
    (
        "notifications/resources/list_changed",
        "ResourceListChangedNotification",
    ),
    (
        "notifications/resources/updated",
        "ResourceUpdatedNotification",
    ),
];

/// Error codes, and their types from 2026-07-28 on (R-14, R-33, R-37, R-38).
const MODERN_ERRORS: [(i64, &str); 7] = [
    (-32700, "ParseError"),
    (-32600, "InvalidRequestError"),
    (-32601, "MethodNotFoundError"),
    (-32602, "InvalidParamsError"),
    (-32603, "InternalError"),
    (-32021, "MissingRequiredClientCapabilityError"),
    (-32022, "UnsupportedProtocolVersionError"),
];

const LEGACY_ERRORS: [i64; 6] = [-32700, -32600, -32601, -32602, -32603, -32002];

/// A message that must be answered.
struct Request<'a> {
    asked: Rc<ClientMessage<'a>>,
    revision: &'static str,
    /// Number of the batch that it was part of.
    batch: Option<usize>,
    /// Its line may be refused without its id.
    may_be_anonymous: bool,
    cancelled: bool,
    answered: bool,
}

struct Judge<'a, 's> {
    output_schema: &'s OutputSchema<'s>,
    structured_for_all: bool,
    /// The client shows its model structured results alone, so it gets none.
    hides_text: bool,
    requests: Vec<Request<'a>>,
    by_id: HashMap<&'a str, Vec<usize>>,
    by_token: HashMap<String, Vec<usize>>,
    /// Of open calls, by their token.
    last_progress: HashMap<String, f64>,
    /// Revisions that were agreed on by handshake, or assumed without one.
    legacy: BTreeSet<&'static str>,
    /// A modern request asked for log messages.
    logs: bool,
    /// Lines that must be answered without an id.
    unreadable: usize,
    /// Lines that may be answered without an id.
    perhaps: usize,
    /// Answers without an id.
    anonymous: usize,
    /// How often subscriptions with this id were acknowledged.
    acknowledged: HashMap<String, usize>,
    problems: Vec<String>,
}

// ------------------------------------------------------------------------------------------------ input

impl<'a> Judge<'a, '_> {
    fn read_input(&mut self, case: &Case<'a>, answers: &[Answer<'a>]) {
        let mut handshakes = Handshakes::new(answers);
        let mut revision = None;
        let mut last = None;
        let mut batches = 0;
        // A byte order mark in front of all is ignored.
        let sent = case.sent.strip_prefix(b"\xef\xbb\xbf").unwrap_or(case.sent);
        for line in sent.split(|byte| *byte == b'\n') {
            if revision == Some(BATCHES)
                && let Some(elements) = elements(line)
            {
                batches += 1;
                self.perhaps += 1;
                let refused = elements.is_empty() || elements.len() > LARGEST_BATCH;
                for element in elements {
                    match read_message(element.get().as_bytes(), &mut None) {
                        Message::Unreadable if refused => {}
                        message => self.message(message, BATCHES, Some(batches), true),
                    }
                }
                continue;
            }
            let too_long = line.len() > LONGEST_LINE;
            let message = read_message(line, &mut last);
            match &message {
                Message::Request(id, asked)
                    if asked.method == "initialize" && asked.modern.is_none() =>
                {
                    revision = handshakes.next(id).or(revision);
                }
                Message::Unreadable if too_long => {
                    self.perhaps += 1;
                    continue;
                }
                _ => self.perhaps += usize::from(too_long),
            }
            let legacy = revision.unwrap_or(NEWEST_LEGACY);
            self.message(message, legacy, None, too_long);
        }
    }

    fn message(
        &mut self,
        message: Message<'a>,
        legacy: &'static str,
        batch: Option<usize>,
        may_be_anonymous: bool,
    ) {
        let (id, asked) = match message {
            Message::Unreadable => {
                self.unreadable += 1;
                return;
            }
            Message::Silent(asked) => {
                if let Some(id) = asked.cancels {
                    self.cancel(id);
                }
                return;
            }
            Message::Request(id, asked) => (id, asked),
        };
        let place = self.requests.len();
        self.by_id.entry(id).or_default().push(place);
        if let Some(token) = &asked.token {
            self.by_token.entry(token.clone()).or_default().push(place);
        }
        // The error about a version that is not supported is that of the oldest one.
        let named = |version: &String| {
            let found = modern().iter().copied().find(|it| it == version);
            found.unwrap_or(MODERN)
        };
        let revision = asked.modern.as_ref().map_or(legacy, named);
        if asked.modern.is_some() {
            self.logs |= asked.logs;
        } else {
            self.legacy.insert(legacy);
        }
        self.requests.push(Request {
            asked,
            revision,
            batch,
            may_be_anonymous,
            cancelled: false,
            answered: false,
        });
    }

    fn cancel(&mut self, id: &str) {
        let open: Vec<usize> = match self.by_id.get(id) {
            Some(open) => open.clone(),
            // The same string can be written in several ways.
            None => {
                let same = self
                    .by_id
                    .iter()
                    .filter(|(other, _)| plain(other) == plain(id));
                same.flat_map(|(_, open)| open.clone()).collect()
            }
        };
        for place in open {
            self.requests[place].cancelled = true;
        }
    }
}

/// The revisions that the answers to `initialize` agree on.
struct Handshakes<'a>(HashMap<&'a str, Vec<&'static str>>);

impl<'a> Handshakes<'a> {
    fn new(answers: &[Answer<'a>]) -> Self {
        let mut agreed: HashMap<&'a str, Vec<&'static str>> = HashMap::new();
        for answer in answers.iter().rev() {
            let version = &answer.body.message["result"]["protocolVersion"];
            let known = REVISIONS.into_iter().find(|known| version == known);
            if let (Some(id), Some(revision)) = (answer.id, known) {
                agreed.entry(id).or_default().push(revision);
            }
        }
        Self(agreed)
    }

    fn next(&mut self, id: &str) -> Option<&'static str> {
        self.0.get_mut(id)?.pop()
    }
}

// ----------------------------------------------------------------------------------------------- output

impl Judge<'_, '_> {
    fn read_output(&mut self, answers: &[Answer<'_>]) {
        for answer in answers {
            if self.problems.len() >= MOST {
                return;
            }
            let found = self.answer(answer);
            let text = shown(answer.text.as_bytes());
            let found = found
                .into_iter()
                .map(|problem| format!("{problem}\n    {text}"));
            self.problems.extend(found);
        }
        for line in answers.chunk_by(|one, next| one.batch == next.batch) {
            if line[0].batch.is_some() {
                self.problems.extend(batch(line));
            }
        }
    }

    fn answer(&mut self, answer: &Answer<'_>) -> Vec<String> {
        let message = &answer.body.message;
        if let Some(method) = message.get("method") {
            // R-06
            if answer.id.is_some() {
                return vec!["a request of the server".to_owned()];
            }
            if answer.batch.is_some() {
                return vec!["a notification among answers".to_owned()];
            }
            return self.notification(method.as_str().unwrap_or_default(), message);
        }
        // R-13
        let members = message
            .as_object()
            .map(|message| message.keys().map(String::as_str));
        let members: BTreeSet<&str> = members.into_iter().flatten().collect();
        let is_one_of_two = ["result", "error"].iter().any(|kind| {
            let mut wanted = BTreeSet::from(["jsonrpc", kind]);
            wanted.extend(answer.id.map(|_| "id"));
            members == wanted
        });
        if !is_one_of_two {
            return vec![format!("neither a result nor an error: {members:?}")];
        }
        match answer.id {
            Some(id) => self.response(id, answer),
            None => self.anonymous(message),
        }
    }

    /// An error without an id answers a line whose id cannot be read. The first three revisions have no valid form for
    /// that, so the newest one with a handshake, which has no other differences, is used for all.
    fn anonymous(&mut self, message: &Value) -> Vec<String> {
        self.anonymous += 1;
        let mut found = Official::of(NEWEST_LEGACY).problems(&["JSONRPCErrorResponse"], message);
        if !["-32700", "-32600"].contains(&message["error"]["code"].to_string().as_str()) {
            found.push("only what cannot be read is answered without an id".to_owned());
        }
        if self.anonymous > self.unreadable + self.perhaps {
            found.push("more errors without an id than lines that could be meant".to_owned());
        }
        found
    }

    fn response(&mut self, id: &str, answer: &Answer<'_>) -> Vec<String> {
        let open = |request: &Request<'_>| !request.answered;
        let all = self.by_id.get(id).into_iter().flatten().copied();
        let mut candidates: Vec<usize> = all.filter(|place| open(&self.requests[*place])).collect();
        // One id may name several requests: they are answered in order. Cancelled ones are the least likely to be
        // answered; and a valid request that is refused is the second one, because the id belongs to the first.
        candidates.sort_by_key(|place| self.requests[*place].cancelled);
        let refused = answer.body.message["error"]["code"] == -32600;
        if let [first, _, ..] = candidates[..]
            && refused
            && !self.requests[first].asked.broken
        {
            candidates.swap(0, 1);
        }
        let mut first_problems = None;
        for place in candidates {
            let found = self.as_answer_to(&self.requests[place], id, answer);
            if found.is_empty() {
                self.close(place);
                return found;
            }
            first_problems = first_problems.or(Some((place, found)));
        }
        // R-10, R-13
        let Some((place, found)) = first_problems else {
            return vec!["no request with this id is open".to_owned()];
        };
        self.close(place);
        found
    }

    fn close(&mut self, place: usize) {
        let request = &mut self.requests[place];
        request.answered = true;
        if let Some(token) = &request.asked.token {
            self.last_progress.remove(token);
        }
    }

    fn as_answer_to(&self, request: &Request<'_>, id: &str, answer: &Answer<'_>) -> Vec<String> {
        let (asked, revision) = (&request.asked, request.revision);
        let mut found = Vec::new();
        if request.batch.is_some() != answer.batch.is_some() {
            found.push("answers are in one line exactly if the requests were".to_owned());
        }
        if asked.method == LISTEN.0 && answer.body.message.get("result").is_some() {
            // R-43, R-44
            let named = &answer.body.message["result"]["_meta"][format!("{META}subscriptionId")];
            if plain(&named.to_string()) != plain(id) {
                found.push(format!("the subscription is {id}, not {named}"));
            }
        }
        let same = (revision, asked.method.clone(), asked.tool.clone());
        if answer.body.valid_for.borrow().contains(&same) {
            return found;
        }
        let message = &answer.body.message;
        let valid = match message.get("result") {
            Some(result) => self.result(revision, asked, result, message),
            None => error(revision, message),
        };
        if valid.is_empty() {
            answer.body.valid_for.borrow_mut().push(same);
        }
        found.extend(valid);
        found
    }

    fn result(
        &self,
        revision: &'static str,
        asked: &ClientMessage<'_>,
        result: &Value,
        message: &Value,
    ) -> Vec<String> {
        let method = asked.method.as_str();
        let official = Official::of(revision);
        let mut found = official.problems(&["JSONRPCResultResponse", "JSONRPCResponse"], message);
        let listed = RESULTS.iter().find(|(name, ..)| *name == method);
        let (name, kept) = match listed {
            Some((_, name, kept)) => (*name, *kept),
            None if method == LISTEN.0 && is_modern(revision) => (LISTEN.1, false),
            None => {
                found.push(format!("{method:?} has no result"));
                return found;
            }
        };
        // R-41
        let is_modern = is_modern(revision);
        let removed = is_modern && REMOVED.contains(&method);
        if removed || !official.has(name) {
            found.push(format!("{method} does not exist in {revision}"));
            return found;
        }
        found.extend(official.problems(&[name], result));

        let who = format!("{META}serverInfo");
        for (member, present, wanted) in [
            // R-34
            ("resultType", result.get("resultType").is_some(), is_modern),
            // R-35
            (&who, result["_meta"].get(&who).is_some(), is_modern),
            // R-39
            ("ttlMs", result.get("ttlMs").is_some(), is_modern && kept),
            (
                "cacheScope",
                result.get("cacheScope").is_some(),
                is_modern && kept,
            ),
        ] {
            if present != wanted {
                let said = if present { "has" } else { "lacks" };
                found.push(format!(
                    "the result of {method} in {revision} {said} {member}"
                ));
            }
        }
        // R-45: the client is never asked for anything.
        if is_modern && result["resultType"] != "complete" {
            found.push("a result that is not complete".to_owned());
        }
        if method == "tools/call" {
            found.extend(self.structured(revision, asked, result));
        }
        found
    }

    /// R-56
    fn structured(&self, revision: &str, asked: &ClientMessage<'_>, result: &Value) -> Vec<String> {
        let name = asked.tool.as_deref().unwrap_or_default();
        let Some(content) = result.get("structuredContent") else {
            let must = revision >= STRUCTURED
                && result["isError"] != true
                && !self.hides_text
                && (self.output_schema)(name).is_some();
            return must
                .then(|| format!("{name} has an output schema, its result no structuredContent"))
                .into_iter()
                .collect();
        };
        if revision < STRUCTURED && !self.structured_for_all {
            return vec![format!("structuredContent is unknown in {revision}")];
        }
        if self.hides_text && !self.structured_for_all {
            return vec!["structuredContent, which hides the text".to_owned()];
        }
        match (self.output_schema)(name) {
            Some(validator) => schema::problems(&validator, content, &format!("result of {name}")),
            None => Vec::new(),
        }
    }

    fn notification(&mut self, method: &str, message: &Value) -> Vec<String> {
        let Some((_, name)) = NOTIFICATIONS.iter().find(|(known, _)| *known == method) else {
            return vec![format!("{method:?} is no notification of a server")];
        };
        let params = &message["params"];
        let subscription = params["_meta"].get(format!("{META}subscriptionId"));
        let mut found = Vec::new();
        let revisions: BTreeSet<&'static str> = match method {
            "notifications/progress" => {
                let (revisions, problem) = self.progress(params);
                found.extend(problem);
                revisions
            }
            // R-42, R-50
            "notifications/message" => {
                let modern = modern().iter().filter(|_| self.logs);
                self.legacy.iter().chain(modern).copied().collect()
            }
            _ => {
                found.extend(self.subscription(method, subscription));
                modern().iter().copied().collect()
            }
        };
        if revisions.is_empty() && found.is_empty() {
            found.push("this notification was not requested".to_owned());
        }
        // With several revisions in use, the notification belongs to one of them.
        let judged = revisions
            .iter()
            .map(|revision| Official::of(revision).problems(&[name], message));
        found.extend(judged.min_by_key(Vec::len).unwrap_or_default());
        found
    }

    /// R-70
    fn progress(&mut self, params: &Value) -> (BTreeSet<&'static str>, Option<String>) {
        let token = params["progressToken"].to_string();
        let all = self.by_token.get(&token).into_iter().flatten();
        let open: Vec<&Request<'_>> = all
            .map(|place| &self.requests[*place])
            .filter(|request| !request.answered)
            .collect();
        let revisions = open.iter().map(|request| request.revision).collect();
        if open.is_empty() {
            return (
                revisions,
                Some(format!("no call with the token {token} is open")),
            );
        }
        let progress = params["progress"].as_f64().unwrap_or(f64::NAN);
        let before = self.last_progress.insert(token, progress);
        // Two calls with the same token cannot be distinguished.
        let stuck = open.len() == 1 && before.is_some_and(|before| progress <= before);
        (
            revisions,
            stuck.then(|| "progress does not grow".to_owned()),
        )
    }

    /// R-43: nothing before the acknowledgement, nothing without a subscription, nothing after its end.
    fn subscription(&mut self, method: &str, id: Option<&Value>) -> Option<String> {
        let Some(id) = id.map(Value::to_string) else {
            return Some("a notification that names no subscription".to_owned());
        };
        let listens = |place: &usize| {
            let request = &self.requests[*place];
            request.asked.method == LISTEN.0 && !request.answered
        };
        let with_id = self.by_id.iter().filter(|(raw, _)| plain(raw) == id);
        // A cancelled one stays in the list, since the time at which the cancel was read is unknown.
        let open = with_id
            .flat_map(|(_, places)| places)
            .filter(|place| listens(place))
            .count();
        if open == 0 {
            return Some(format!("no subscription {id} is open"));
        }
        let before = self.acknowledged.entry(id).or_default();
        if method == "notifications/subscriptions/acknowledged" {
            *before += 1;
            return (*before > open).then(|| "acknowledged twice".to_owned());
        }
        (*before == 0).then(|| "the acknowledgement comes first".to_owned())
    }

    fn check_nothing_is_owed(&mut self) {
        let mut refused = self.anonymous.saturating_sub(self.unreadable);
        if self.anonymous < self.unreadable {
            let (few, many) = (self.anonymous, self.unreadable);
            self.problems.push(format!(
                "{many} lines that cannot be read, {few} errors without an id"
            ));
        }
        let mut batches = HashSet::new();
        for (id, places) in &self.by_id {
            for place in places {
                let request = &self.requests[*place];
                if request.answered || request.cancelled {
                    continue;
                }
                let is_known = request.batch.is_some_and(|batch| !batches.insert(batch));
                if request.may_be_anonymous && (is_known || refused > 0) {
                    refused -= usize::from(!is_known);
                    continue;
                }
                let method = &request.asked.method;
                self.problems.push(format!(
                    "{method} with the id {} was never answered",
                    shown(id.as_bytes())
                ));
            }
        }
    }
}

/// A line of several answers is valid in the only revision that has batches (R-15).
fn batch(line: &[Answer<'_>]) -> Vec<String> {
    // An error without an id makes it invalid there.
    if line.iter().any(|answer| answer.id.is_none()) {
        return Vec::new();
    }
    let all: Value = line
        .iter()
        .map(|answer| answer.body.message.clone())
        .collect();
    Official::of(BATCHES).problems(&["JSONRPCBatchResponse"], &all)
}

fn error(revision: &'static str, message: &Value) -> Vec<String> {
    let official = Official::of(revision);
    let mut found = official.problems(&["JSONRPCErrorResponse", "JSONRPCError"], message);
    let code = message["error"]["code"].as_i64().unwrap_or_default();
    if message["error"]["message"] == "" {
        found.push("an error that says nothing".to_owned());
    }
    let named = MODERN_ERRORS.iter().find(|(known, _)| *known == code);
    match named {
        _ if !is_modern(revision) => {
            if !LEGACY_ERRORS.contains(&code) {
                found.push(format!("{code} is no code of {revision}"));
            }
        }
        None => found.push(format!("{code} is no code of {revision}")),
        // The types of errors that are only sent on their own describe the whole line, the others its error.
        Some((-32022 | -32021, name)) => found.extend(official.problems(&[name], message)),
        Some((_, name)) => found.extend(official.problems(&[name], &message["error"])),
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::LEGACY;

    const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    const PONG: &str = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;

    /// The judge's report on these lines, with a clean end.
    fn said(sent: &[&str], received: &[&str]) -> String {
        let lines =
            |lines: &[&str]| -> String { lines.iter().map(|line| format!("{line}\n")).collect() };
        said_of(&lines(sent), &lines(received), End::Clean)
    }

    fn said_of(sent: &str, received: &str, end: End) -> String {
        let case = Case {
            sent: sent.as_bytes(),
            received: received.as_bytes(),
            end,
            structured_for_all: false,
        };
        let schema =
            json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
        let schema = Arc::new(schema::compile(&schema, "count"));
        problems(&case, &|tool| {
            (tool == "count").then(|| Arc::clone(&schema))
        })
        .join("\n")
    }

    #[track_caller]
    fn fine(sent: &[&str], received: &[&str]) {
        assert_eq!(said(sent, received), "");
    }

    /// This problem is reported, perhaps among others.
    #[track_caller]
    fn wrong(sent: &[&str], received: &[&str], problem: &str) {
        let said = said(sent, received);
        assert!(said.contains(problem), "{problem:?} is not in: {said}");
    }

    fn initialize(revision: &str) -> [String; 2] {
        let client = json!({"name": "c", "version": "1"});
        let params = json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client});
        let server = json!({"name": "s", "version": "1"});
        let result = json!({"protocolVersion": revision, "capabilities": {}, "serverInfo": server});
        [
            json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
                .to_string(),
            format!(r#"{{"jsonrpc":"2.0","id":0,"result":{result}}}"#),
        ]
    }

    fn envelope(more: &str) -> String {
        format!(
            r#"{{"_meta":{{"{META}protocolVersion":"2026-07-28","{META}clientCapabilities":{{}}{more}}}"#
        )
    }

    fn modern(method: &str, more: &str) -> String {
        let envelope = envelope("");
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{envelope}{more}}}}}"#)
    }

    fn modern_result(members: &str) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"result":{{{members}"_meta":{{"{META}serverInfo":{{"name":"s","version":"1"}}}}}}}}"#
        )
    }

    fn call(token: &str) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"count","_meta":{{"progressToken":{token}}}}}}}"#
        )
    }

    fn counted(result: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[],{result}}}}}"#)
    }

    fn progress(token: &str, progress: u32) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{progress}}}}}"#
        )
    }

    #[test]
    fn good_sessions_are_good() {
        fine(&[], &[]);
        fine(&[PING, "", " \r"], &[PONG]);
        for revision in &REVISIONS[..LEGACY] {
            let [asked, answered] = initialize(revision);
            fine(&[&asked, PING], &[&answered, PONG]);
        }
        fine(
            &[&modern("tools/list", "")],
            &[&modern_result(
                r#""resultType":"complete","tools":[],"ttlMs":0,"cacheScope":"public","#,
            )],
        );
        fine(
            &[&call("\"t\"")],
            &[
                &progress("\"t\"", 1),
                &progress("\"t\"", 2),
                &counted(r#""structuredContent":{"n":1}"#),
            ],
        );
        let [a, z] = ["x", "\\u0078"].map(|id| PING.replace(":1,", &format!(":\"{id}\",")));
        let [b, y] = ["x", "\\u0078"].map(|id| PONG.replace(":1,", &format!(":\"{id}\",")));
        fine(&[&a, &z], &[&y, &b]);
    }

    #[test]
    fn lines_are_messages_and_whole() {
        for line in [
            "hello",
            "1",
            "",
            "[]",
            "{\"jsonrpc\":\"2.0\",\"id\":1",
            "[1]",
        ] {
            assert_ne!(said(&[PING], &[PONG, line]), "", "{line}");
        }
        let sent = format!("{PING}\n");
        assert_eq!(said_of(&sent, &PONG[..20], End::Cut), "");
        for end in [End::Whole, End::Clean] {
            assert!(said_of(&sent, PONG, end).contains("not whole"));
        }
        let case = Case {
            sent: sent.as_bytes(),
            received: b"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"result\":{}}\n",
            end: End::Whole,
            structured_for_all: false,
        };
        assert!(problems(&case, &|_| None).join("").contains("UTF-8"));
    }

    #[test]
    fn each_request_is_answered_once_with_its_own_id() {
        wrong(&[PING], &[], "ping with the id 1 was never answered");
        wrong(&[PING], &[PONG, PONG], "no request with this id");
        wrong(&[], &[PONG], "no request with this id");
        for id in ["2", "\"1\"", "1.0", "null"] {
            let answer = PONG.replace(":1,", &format!(":{id},"));
            assert_ne!(said(&[PING], &[&answer]), "", "{id}");
        }
        let big = "1234567890123456789012345678901234567890";
        let [asked, answered] = [PING, PONG].map(|line| line.replace(":1,", &format!(":{big},")));
        fine(&[&asked], &[&answered]);
        let other = answered.replace("890,", "891,");
        wrong(&[&asked], &[&other], "no request with this id");
        // A cancelled request may be answered or not.
        let cancel =
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
        fine(&[PING, cancel], &[]);
        fine(&[PING, cancel, PING], &[PONG]);
        wrong(&[PING, cancel, PING], &[], "never answered");
        wrong(&[cancel, PING], &[], "never answered");
        // A process that was stopped need not answer.
        assert_eq!(said_of(&format!("{PING}\n"), "", End::Whole), "");
    }

    #[test]
    fn a_response_has_a_result_or_an_error_and_nothing_else() {
        for line in [
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":-32603,"message":"m"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"more":1}"#,
        ] {
            wrong(&[PING], &[line], "neither a result nor an error");
        }
        for line in [
            r#"{"jsonrpc":"1.0","id":1,"result":{}}"#,
            r#"{"id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":"-32601","message":"m"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":""}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32042,"message":"m"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
        ] {
            assert_ne!(said(&[PING], &[line]), "", "{line}");
        }
    }

    #[test]
    fn only_what_cannot_be_read_is_answered_without_an_id() {
        let error = r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"m"}}"#;
        for line in [
            "x",
            "1",
            "[]",
            "{}",
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        ] {
            fine(&[line], &[error]);
            wrong(&[line], &[], "1 lines that cannot be read, 0 errors");
            wrong(&[line], &[error, error], "more errors without an id");
        }
        wrong(&[PING], &[error, PONG], "more errors without an id");
        wrong(
            &["x"],
            &[&error.replace("-32700", "-32601")],
            "only what cannot be read",
        );
        wrong(
            &["x"],
            &[&error.replace("\"error\"", "\"id\":null,\"error\"")],
            "no request",
        );
        // A line over the limit may be answered either way.
        let long = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#,
            "x".repeat(LONGEST_LINE)
        );
        fine(&[&long], &[error]);
        fine(
            &[&long],
            &[r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"m"}}"#],
        );
        wrong(&[&long], &[], "never answered");
    }

    #[test]
    fn a_result_is_of_the_type_of_its_method_in_the_revision_of_its_request() {
        let list = |members: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{{members}}}}}"#);
        let asked = PING.replace("ping", "tools/list");
        fine(&[&asked], &[&list(r#""tools":[]"#)]);
        wrong(
            &[&asked],
            &[&list(r#""tools":{}"#)],
            "ListToolsResult of 2025-11-25",
        );
        wrong(&[&asked], &[PONG], "ListToolsResult of 2025-11-25");
        wrong(
            &[&asked.replace("tools", "tasks")],
            &[PONG],
            "has no result",
        );
        // Members of the newest revision are invalid in the others, and the other way round.
        for more in [
            r#""resultType":"complete""#,
            r#""ttlMs":0"#,
            r#""cacheScope":"public""#,
        ] {
            wrong(
                &[&asked],
                &[&list(&format!(r#""tools":[],{more}"#))],
                "has ",
            );
        }
        let asked = modern("tools/list", "");
        wrong(
            &[&asked],
            &[&list(r#""tools":[]"#)],
            "ListToolsResult of 2026-07-28",
        );
        let all = r#""resultType":"complete","tools":[],"ttlMs":0,"cacheScope":"public","#;
        wrong(
            &[&asked],
            &[&list(all.trim_end_matches(','))],
            "lacks io.modelcontextprotocol/serverInfo",
        );
        wrong(
            &[&asked],
            &[&modern_result(&all.replace("complete", "input_required"))],
            "not complete",
        );
        wrong(
            &[&modern("ping", "")],
            &[&modern_result(r#""resultType":"complete","#)],
            "ping does not exist in 2026-07-28",
        );
        // From there on the revision is the one that the server agreed to.
        let [asked, answered] = initialize("2025-03-26");
        let tool = r#"{"name":"t","inputSchema":{"type":"object"},"annotations":7}"#;
        let tools = list(&format!(r#""tools":[{tool}]"#));
        let ask = PING.replace("ping", "tools/list");
        wrong(&[&asked, &ask], &[&answered, &tools], "of 2025-03-26");
        let [asked, answered] = initialize("2024-11-05");
        fine(&[&asked, &ask], &[&answered, &tools]);
    }

    #[test]
    fn structured_content_is_what_the_tool_promised() {
        let call = call("1");
        fine(&[&call], &[&counted(r#""structuredContent":{"n":1}"#)]);
        fine(&[&call], &[&counted(r#""isError":true"#)]);
        wrong(
            &[&call],
            &[&counted(r#""structuredContent":{"n":"1"}"#)],
            "result of count",
        );
        wrong(
            &[&call],
            &[&counted(r#""isError":false"#)],
            "no structuredContent",
        );
        let other = call.replace("count", "other");
        fine(&[&other], &[&counted(r#""isError":false"#)]);
        fine(&[&other], &[&counted(r#""structuredContent":{"n":1}"#)]);
        let [asked, answered] = initialize("2025-03-26");
        wrong(
            &[&asked, &call],
            &[&answered, &counted(r#""structuredContent":{"n":1}"#)],
            "unknown in 2025-03-26",
        );
        // The same answer is valid for one tool and invalid for another.
        let second = other.replace(":1,", ":2,");
        let [one, two] = [1, 2].map(|id| {
            counted(r#""structuredContent":{"n":"1"}"#).replace(":1,\"res", &format!(":{id},\"res"))
        });
        fine(&[&other], &[&one]);
        wrong(&[&call, &second], &[&one, &two], "result of count");
        // A client that would show it in place of the text gets none.
        let [asked, answered] = initialize("2025-06-18");
        let asked = asked.replace(r#""name":"c""#, r#""name":"claude-code""#);
        let alone = &counted(r#""structuredContent":{"n":1}"#);
        wrong(&[&asked, &call], &[&answered, alone], "hides the text");
        fine(
            &[&asked, &call],
            &[&answered, &counted(r#""isError":false"#)],
        );
    }

    #[test]
    fn progress_belongs_to_an_open_call_and_grows() {
        let [call, done] = [call("\"t\""), counted(r#""structuredContent":{"n":1}"#)];
        let step = |number| progress("\"t\"", number);
        wrong(&[&call], &[&step(1), &step(1), &done], "does not grow");
        wrong(&[&call], &[&done, &step(1)], "no call with the token");
        wrong(
            &[&call],
            &[&progress("\"u\"", 1), &done],
            "no call with the token",
        );
        wrong(
            &[&call],
            &[&progress("1", 1), &done],
            "no call with the token",
        );
        wrong(&[PING], &[&step(1), PONG], "no call with the token");
        wrong(
            &[&call],
            &[
                &step(1).replace("\"progress\":1", "\"progress\":\"1\""),
                &done,
            ],
            "ProgressNotification",
        );
        let changed = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
        wrong(&[PING], &[changed, PONG], "names no subscription");
        for other in ["notifications/x", "notifications/cancelled"] {
            let other = changed.replace("notifications/tools/list_changed", other);
            wrong(&[PING], &[&other, PONG], "no notification of a server");
        }
    }

    #[test]
    fn log_messages_are_for_those_who_asked() {
        let message = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#;
        fine(&[PING], &[message, PONG]);
        wrong(
            &[PING],
            &[&message.replace("info", "loud"), PONG],
            "LoggingMessageNotification",
        );
        let asked = modern("completion/complete", "");
        let answered = modern_result(r#""resultType":"complete","completion":{"values":[]},"#);
        fine(&[&asked], &[&answered]);
        wrong(&[&asked], &[message, &answered], "not requested");
        let level = format!(r#","{META}logLevel":"info""#);
        let asked = asked.replace(&envelope(""), &envelope(&level));
        fine(&[&asked], &[message, &answered]);
    }

    #[test]
    fn a_subscription_is_acknowledged_named_and_closed() {
        let listen = modern("subscriptions/listen", r#","notifications":{}"#);
        let note = |method: &str, id: &str, more: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/{method}","params":{{"_meta":{{"{META}subscriptionId":{id}}}{more}}}}}"#
            )
        };
        let ack = note("subscriptions/acknowledged", "1", r#","notifications":{}"#);
        let changed = note("tools/list_changed", "1", "");
        let end = modern_result(r#""resultType":"complete","#).replace(
            "\"_meta\":{",
            &format!("\"_meta\":{{\"{META}subscriptionId\":1,"),
        );
        fine(&[&listen], &[&ack, &changed, &end]);
        wrong(
            &[&listen],
            &[&changed, &end],
            "the acknowledgement comes first",
        );
        wrong(&[&listen], &[&ack, &ack, &end], "acknowledged twice");
        wrong(
            &[&listen],
            &[&ack, &end, &changed],
            "no subscription 1 is open",
        );
        wrong(
            &[&listen],
            &[&ack.replace(":1}", ":\"1\"}"), &end],
            "no subscription",
        );
        wrong(
            &[&listen],
            &[&ack, &end.replace("Id\":1", "Id\":2")],
            "the subscription is 1",
        );
        wrong(&[PING], &[&ack, PONG], "no subscription 1 is open");
    }

    #[test]
    fn batches_are_answered_with_batches_in_their_only_revision() {
        let [asked, answered] = initialize("2025-03-26");
        let [one, two] = [PING.to_owned(), PING.replace(":1,", ":2,")];
        let [first, second] = [PONG.to_owned(), PONG.replace(":1,", ":2,")];
        let batch = format!("[{one},{two}]");
        let answers = format!("[{second},{first}]");
        fine(&[&asked, &batch], &[&answered, &answers]);
        wrong(
            &[&asked, &batch],
            &[&answered, &first, &second],
            "in one line exactly if",
        );
        wrong(
            &[&asked, &one, &two],
            &[&answered, &answers],
            "in one line exactly if",
        );
        wrong(
            &[&asked, &batch],
            &[&answered, &format!("[{first}]")],
            "2 was never answered",
        );
        wrong(&[&asked, &batch], &[&answered], "never answered");
        let error = r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"m"}}"#;
        fine(&[&asked, &batch], &[&answered, error]);
        fine(
            &[&asked, &format!("[{one},7]")],
            &[&answered, &format!("[{first},{error}]")],
        );
        fine(&[&asked, "[]"], &[&answered, error]);
        // In other revisions it is one line that cannot be read.
        fine(&[&batch], &[error]);
        wrong(&[&batch], &[&answers], "no request with this id");
    }
}
