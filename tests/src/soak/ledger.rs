//! The answers that a session must get: for every message sent what must come back, and for every line received what it
//! settles.
//!
//! It keeps only what is open, so that a soak can run for days. Never here: the messages, or processes.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Result,
    /// A result of a tool: an answer, or an error of one of the classes.
    Tool,
    /// An answer whose text is exactly this.
    Text(String),
    /// An error of the protocol with this code.
    Error(i64),
}

/// The effect of a line that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Nothing,
    /// An error without an id must come back.
    Nameless,
    /// The request with this id, as JSON, must be answered. Its id is its progress token, too.
    Request(String, Wanted),
    /// The request with this id need not be answered any more.
    Cancel(String),
}

/// Counts of messages, sent and received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub requests: u64,
    /// Lines that are not requests, and are answered without an id.
    pub bad_lines: u64,
    /// Results that are not errors.
    pub results: u64,
    /// Errors of tools, by class.
    pub classes: BTreeMap<String, u64>,
    /// Errors of the protocol, those without an id included.
    pub errors: u64,
    /// Requests that were cancelled before they were answered.
    pub cancelled: u64,
    /// Cancelled requests that were answered all the same, because answer and cancel crossed.
    pub crossed: u64,
    /// Notifications of the server.
    pub notifications: u64,
}

impl Tally {
    pub fn answers(&self) -> u64 {
        self.results + self.errors + self.classes.values().sum::<u64>()
    }

    /// Adds another session's counts.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.requests, other.requests),
            (&mut self.bad_lines, other.bad_lines),
            (&mut self.results, other.results),
            (&mut self.errors, other.errors),
            (&mut self.cancelled, other.cancelled),
            (&mut self.crossed, other.crossed),
            (&mut self.notifications, other.notifications),
        ] {
            *sum += more;
        }
        for (class, count) in &other.classes {
            *self.classes.entry(class.clone()).or_default() += count;
        }
    }
}

/// The documented classes of errors.
const CLASSES: [&str; 15] = [
    "auth",
    "permission",
    "model_not_found",
    "invalid_request",
    "context_length",
    "too_large",
    "rate_limit",
    "quota",
    "content_filter",
    "timeout",
    "network",
    "unavailable",
    "empty_response",
    "cancelled",
    "config",
];

/// The open requests of one session.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    open: HashMap<String, Open>,
    /// How many of them are cancelled.
    waived: usize,
    nameless: usize,
    pub(super) tally: Tally,
}

#[derive(Debug)]
struct Open {
    wanted: Wanted,
    cancelled: bool,
}

impl Ledger {
    /// Records a line that is about to be sent.
    pub(super) fn sent(&mut self, entry: &Entry) {
        match entry {
            Entry::Nothing => {}
            Entry::Nameless => {
                self.tally.bad_lines += 1;
                self.nameless += 1;
            }
            Entry::Request(id, wanted) => {
                self.tally.requests += 1;
                let open = Open {
                    wanted: wanted.clone(),
                    cancelled: false,
                };
                self.open.insert(id.clone(), open);
            }
            Entry::Cancel(id) => {
                if let Some(open) = self.open.get_mut(id).filter(|open| !open.cancelled) {
                    open.cancelled = true;
                    self.waived += 1;
                    self.tally.cancelled += 1;
                }
            }
        }
    }

    /// Records a line that was received.
    ///
    /// # Errors
    ///
    /// If the line must not come.
    pub(super) fn received(&mut self, line: &[u8]) -> Result<(), String> {
        let message: Value =
            serde_json::from_slice(line).map_err(|error| format!("not JSON: {error}"))?;
        if message["jsonrpc"] != "2.0" {
            return Err("not a message of JSON-RPC 2.0".to_owned());
        }
        if let Some(method) = message.get("method") {
            return self.notified(method, &message);
        }
        let code = message["error"]["code"].as_i64();
        if message.get("result").is_some() == code.is_some() {
            return Err("neither a result nor an error".to_owned());
        }
        let Some(id) = message.get("id").filter(|id| !id.is_null()) else {
            self.tally.errors += 1;
            self.nameless = self
                .nameless
                .checked_sub(1)
                .ok_or("an answer without an id, and no line is owed one")?;
            return Ok(());
        };
        let open = self.open.remove(&id.to_string()).ok_or_else(|| {
            format!("an answer to {id}: not asked, or answered or cancelled before")
        })?;
        if open.cancelled {
            self.waived -= 1;
            self.tally.crossed += 1;
        }
        self.answered(&open.wanted, &message["result"], code)
            .map_err(|problem| format!("the answer to {id}: {problem}"))
    }

    fn notified(&mut self, method: &Value, message: &Value) -> Result<(), String> {
        self.tally.notifications += 1;
        if message.get("id").is_some() {
            return Err("a request of the server".to_owned());
        }
        let token = message["params"]["progressToken"].to_string();
        match method.as_str() {
            Some("notifications/message") => Ok(()),
            Some("notifications/progress") if self.open.contains_key(&token) => Ok(()),
            Some("notifications/progress") => {
                Err(format!("progress of {token}, which is not open"))
            }
            _ => Err(format!("an unexpected notification {method}")),
        }
    }

    fn answered(
        &mut self,
        wanted: &Wanted,
        result: &Value,
        code: Option<i64>,
    ) -> Result<(), String> {
        if let Some(code) = code {
            self.tally.errors += 1;
            return match wanted {
                Wanted::Error(wanted) if *wanted == code => Ok(()),
                _ => Err(format!("the error {code} instead of {wanted:?}")),
            };
        }
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        if result["isError"] != true {
            self.tally.results += 1;
            return match wanted {
                Wanted::Result | Wanted::Tool => Ok(()),
                Wanted::Text(wanted) if wanted == text => Ok(()),
                wanted => Err(format!("{} instead of {}", short(&text), short(wanted))),
            };
        }
        let class = text.split_once(": ").map_or("", |(class, _)| class);
        if !CLASSES.contains(&class) {
            return Err(format!("an error without a class: {text:?}"));
        }
        *self.tally.classes.entry(class.to_owned()).or_default() += 1;
        match wanted {
            Wanted::Tool => Ok(()),
            wanted => Err(format!("the error {text:?} instead of {}", short(wanted))),
        }
    }

    /// How many answers are outstanding.
    pub(super) fn owed(&self) -> usize {
        self.open.len() - self.waived + self.nameless
    }

    /// Some of the outstanding answers, in words.
    pub(super) fn debts(&self) -> String {
        let open = self.open.iter().filter(|(_, open)| !open.cancelled);
        let some: Vec<String> = open
            .take(5)
            .map(|(id, open)| format!("{id} ({})", short(&open.wanted)))
            .collect();
        let (owed, nameless) = (self.owed(), self.nameless);
        format!(
            "{owed} answers are owed, {nameless} of them without an id: {}",
            some.join(", ")
        )
    }

    /// Closes cancelled requests: something that was sent later has been answered, so nothing more may come for them.
    pub(super) fn settle(&mut self) {
        self.open.retain(|_, open| !open.cancelled);
        self.waived = 0;
    }
}

/// The beginning of a value, for a failure.
fn short(value: &impl std::fmt::Debug) -> String {
    let shown = format!("{value:?}");
    shown.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(wanted: Wanted) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.sent(&Entry::Request("7".to_owned(), wanted));
        ledger
    }

    fn result(result: Value) -> Vec<u8> {
        let mut line = json!({"jsonrpc": "2.0", "id": 7});
        line["result"] = result;
        line.to_string().into_bytes()
    }

    fn tool(text: &str, is_error: bool) -> Vec<u8> {
        result(json!({"content": [{"type": "text", "text": text}], "isError": is_error}))
    }

    #[track_caller]
    fn refused(ledger: &mut Ledger, line: &[u8], part: &str) {
        let problem = ledger.received(line).unwrap_err();
        assert!(problem.contains(part), "{problem}");
    }

    #[test]
    fn a_lost_answer_stays_owed() {
        let mut ledger = asked(Wanted::Result);
        assert_eq!(ledger.owed(), 1);
        ledger.settle();
        assert_eq!(ledger.owed(), 1);
        assert!(ledger.debts().contains("7 (Result)"), "{}", ledger.debts());
        assert_eq!(ledger.received(&result(json!({}))), Ok(()));
        assert_eq!(ledger.owed(), 0);
        assert_eq!((ledger.tally.requests, ledger.tally.answers()), (1, 1));
    }

    #[test]
    fn a_second_answer_and_one_that_nobody_asked_for_are_refused() {
        let mut ledger = asked(Wanted::Result);
        ledger.received(&result(json!({}))).unwrap();
        refused(&mut ledger, &result(json!({})), "an answer to 7: not asked");
        let line = br#"{"jsonrpc":"2.0","id":"7","result":{}}"#;
        refused(&mut asked(Wanted::Result), line, "an answer to \"7\"");
    }

    #[test]
    fn a_cancelled_call_is_answered_at_most_once_and_never_after_a_later_answer() {
        let cancel = Entry::Cancel("7".to_owned());
        let mut ledger = asked(Wanted::Tool);
        ledger.sent(&cancel);
        ledger.sent(&cancel);
        assert_eq!((ledger.owed(), ledger.tally.cancelled), (0, 1));
        ledger.received(&tool("x", false)).unwrap();
        assert_eq!((ledger.owed(), ledger.tally.crossed), (0, 1));
        refused(&mut ledger, &tool("x", false), "an answer to 7");

        let mut ledger = asked(Wanted::Tool);
        ledger.sent(&cancel);
        ledger.settle();
        refused(&mut ledger, &tool("x", false), "cancelled before");
        assert_eq!(ledger.owed(), 0);
    }

    #[test]
    fn an_answer_is_the_one_that_is_wanted() {
        let text = || Wanted::Text("echo: a".to_owned());
        asked(text()).received(&tool("echo: a", false)).unwrap();
        refused(&mut asked(text()), &tool("echo: b", false), "\"echo: b\"");
        refused(&mut asked(text()), &tool("network: x", true), "instead");
        let error = br#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":""}}"#;
        asked(Wanted::Error(-32601)).received(error).unwrap();
        refused(&mut asked(Wanted::Error(-32602)), error, "-32601");
        refused(&mut asked(Wanted::Tool), error, "-32601");
        refused(
            &mut asked(Wanted::Error(-32601)),
            &result(json!({})),
            "instead",
        );
    }

    #[test]
    fn an_error_of_a_tool_begins_with_a_class() {
        let mut ledger = asked(Wanted::Tool);
        ledger.received(&tool("rate_limit: later", true)).unwrap();
        assert_eq!(ledger.tally.classes["rate_limit"], 1);
        for text in ["", "rate_limit", "rate limit: x", "Oh: no"] {
            refused(
                &mut asked(Wanted::Tool),
                &tool(text, true),
                "without a class",
            );
        }
    }

    #[test]
    fn a_bad_line_is_owed_one_answer_without_an_id() {
        let mut ledger = Ledger::default();
        ledger.sent(&Entry::Nameless);
        assert_eq!(ledger.owed(), 1);
        let line = br#"{"jsonrpc":"2.0","error":{"code":-32700,"message":""}}"#;
        ledger.received(line).unwrap();
        assert_eq!(ledger.owed(), 0);
        refused(&mut ledger, line, "without an id");
    }

    #[test]
    fn every_line_is_a_message() {
        let mut ledger = asked(Wanted::Result);
        refused(&mut ledger, b"thread panicked", "not JSON");
        refused(&mut ledger, br#"{"id":7,"result":{}}"#, "2.0");
        refused(&mut ledger, br#"{"jsonrpc":"2.0","id":7}"#, "neither");
        refused(
            &mut ledger,
            br#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#,
            "of the server",
        );
        refused(
            &mut ledger,
            br#"{"jsonrpc":"2.0","method":"x"}"#,
            "unexpected",
        );
    }

    #[test]
    fn progress_belongs_to_an_open_call() {
        let mut ledger = asked(Wanted::Result);
        let line = br#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":1}}"#;
        ledger.received(line).unwrap();
        ledger.received(&result(json!({}))).unwrap();
        refused(&mut ledger, line, "progress of 7");
    }
}
