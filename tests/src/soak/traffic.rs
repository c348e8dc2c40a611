//! The messages of a session: calls of every kind, in a mixture that a seed determines.
//!
//! Never here: when they are sent, or the answers.

use std::collections::VecDeque;
use std::fmt::Write as _;

use fastrand::Rng;
use serde_json::{Value, json};

use super::ledger::{Entry, Wanted};
use crate::schema::{MODERN, is_modern};

/// An endless mixture of messages.
#[derive(Debug)]
pub(super) struct Traffic {
    rng: Rng,
    revision: &'static str,
    /// Requests so far; the number is in the id.
    last: u64,
    /// Ids to cancel, and how many messages to send before.
    cancels: VecDeque<(usize, String)>,
}

/// Models that answer at once or slowly, and well.
const GOOD: [&str; 11] = [
    "gpt-4.1",
    "claude-sonnet-5",
    "gemini-3.5-flash",
    "fast",
    "openai/gpt-5.6-terra",
    "compatible/gpt-4.1",
    "openai/slow-30",
    "anthropic/slow-15",
    "google/slow-start-80",
    "compatible/slow-40",
    "anthropic/fault-dribble",
];

const PROVIDERS: [&str; 4] = ["openai", "anthropic", "google", "compatible"];

/// Models that fail in a way that costs nothing but time.
const FAULTS: [&str; 42] = [
    "fault-blank",
    "fault-key-error",
    "refuse-temperature",
    "slow-700",
    "fault-400",
    "fault-401",
    "fault-403",
    "fault-404",
    "fault-413",
    "fault-429",
    "fault-429+ms-20",
    "fault-429+info-17",
    "fault-500+no",
    "fault-502-html",
    "fault-503+ms-10",
    "fault-529",
    "fault-200-text",
    "fault-quota",
    "fault-key",
    "fault-hang",
    "fault-hang-stream",
    "fault-cut",
    "fault-cut-stream",
    "fault-cut-at-40",
    "fault-cut-at-400",
    "fault-reset",
    "fault-reset-stream",
    "fault-end",
    "fault-end-at-200",
    "fault-stream-error",
    "fault-stream-error-9",
    "fault-empty",
    "fault-reasoning",
    "fault-length",
    "fault-think",
    "fault-refusal",
    "fault-pause",
    "fault-unsaid",
    "fault-garbage",
    "fault-json",
    "fault-gzip",
    "fault-bytes",
];

/// Models with enormous answers. Other calls must still get their answers.
const HUGE: [&str; 3] = ["fault-huge", "fault-huge-error", "fault-endless"];

/// Objects in an unknown argument.
const UNREAD: usize = 120_000;

/// The provider whose list of models has no end.
const ENDLESS: &str = "endless";

/// Lines that are not requests: each is answered once, without an id.
const BAD_LINES: [&str; 6] = [
    "x",
    "3",
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/list""#,
    r#"{"jsonrpc":"2.0","id":{},"method":"tools/list"}"#,
    r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#,
    "[\u{0}]",
];

/// Lines that get no answer.
const SILENT_LINES: [&str; 4] = [
    "",
    r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"never"}}"#,
    r#"{"jsonrpc":"2.0","method":"nobody/knows"}"#,
];

const CHAT: &str = "anygpt_chat_completion";

const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;

impl Traffic {
    pub(super) fn new(seed: u64, revision: &'static str) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            revision,
            last: 0,
            cancels: VecDeque::new(),
        }
    }

    /// The next line, without its end, and its entry in the ledger.
    pub(super) fn next(&mut self) -> (String, Entry) {
        for (left, _) in &mut self.cancels {
            *left = left.saturating_sub(1);
        }
        if let Some(place) = self.cancels.iter().position(|(left, _)| *left == 0)
            && let Some((_, id)) = self.cancels.remove(place)
        {
            let line = format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
            );
            return (line, Entry::Cancel(id));
        }
        match self.rng.u8(..100) {
            0..=34 => self.good(),
            35..=54 => self.fault(),
            55..=59 => self.fallback(),
            60..=64 => self.dry_run(),
            65..=70 => self.compare(),
            71..=76 => self.models(),
            77..=83 => self.other_tool(),
            84..=91 => self.other_method(),
            92..=95 => self.wrong(),
            96..=97 => (self.pick(&SILENT_LINES).to_owned(), Entry::Nothing),
            _ => (self.pick(&BAD_LINES).to_owned(), Entry::Nameless),
        }
    }

    /// A request that is answered at once, whatever the load.
    pub(super) fn probe(&mut self) -> (String, Entry) {
        self.request("resources/templates/list", json!({}), Wanted::Result)
    }

    /// A call that takes the most memory that a single call gets.
    pub(super) fn huge(&mut self) -> (String, Entry) {
        let (name, arguments) = match self.rng.u8(..5) {
            // A tree in an unknown argument, of the most expensive kind.
            0 => {
                let tree = vec![json!({"": 0}); UNREAD];
                (
                    CHAT,
                    json!({"prompt": self.prompt(), "model": "openai/gpt-4.1", "zz": tree}),
                )
            }
            1 => ("anygpt_list_models", json!({"provider": ENDLESS})),
            _ => {
                let model = format!("{}/{}", self.pick(&PROVIDERS), self.pick(&HUGE));
                (
                    CHAT,
                    json!({"prompt": self.prompt(), "model": model, "timeout_seconds": 2}),
                )
            }
        };
        self.request(
            "tools/call",
            json!({"name": name, "arguments": arguments}),
            Wanted::Tool,
        )
    }

    /// A call that takes a moment and is answered well.
    pub(super) fn last_call(&mut self) -> (String, Entry) {
        let prompt = self.prompt();
        let model = format!("{}/slow-60", self.pick(&PROVIDERS));
        let wanted = Wanted::Text(format!("echo: {prompt}"));
        self.chat(json!({"prompt": prompt, "model": model}), wanted)
    }

    fn pick<'p>(&mut self, from: &[&'p str]) -> &'p str {
        from[self.rng.usize(..from.len())]
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.rng.u32(..count) == 0
    }

    /// Text that no other call has.
    fn prompt(&mut self) -> String {
        let mut prompt = format!("{}:", self.last + 1);
        let words = match self.one_in(20) {
            true => self.rng.usize(..4000),
            false => self.rng.usize(..30),
        };
        for _ in 0..words {
            let word = self.pick(&[" a", " \"b\"", "\nc", " \u{e9}", " \u{1f600}", "\\d"]);
            prompt.push_str(word);
        }
        prompt.push('.');
        prompt
    }

    fn good(&mut self) -> (String, Entry) {
        let prompt = self.prompt();
        let wanted = Wanted::Text(format!("echo: {prompt}"));
        let mut arguments = json!({"model": self.pick(&GOOD)});
        if self.one_in(4) {
            arguments["messages"] = json!([
                {"role": "user", "content": "one"},
                {"role": "assistant", "content": "two"},
                {"role": "user", "content": prompt},
            ]);
        } else {
            arguments["prompt"] = prompt.into();
        }
        if self.one_in(4) {
            arguments["max_tokens"] = self.rng.u32(1..4000).into();
        }
        if self.one_in(4) {
            arguments["system"] = "Be brief.".into();
        }
        self.chat(arguments, wanted)
    }

    fn fault(&mut self) -> (String, Entry) {
        let arguments = self.failing();
        self.chat(arguments, Wanted::Tool)
    }

    /// Arguments that make a call fail soon.
    fn failing(&mut self) -> Value {
        let model = format!("{}/{}", self.pick(&PROVIDERS), self.pick(&FAULTS));
        let seconds = self.rng.u32(1..=2);
        json!({"prompt": self.prompt(), "model": model, "temperature": 0.5, "timeout_seconds": seconds})
    }

    fn fallback(&mut self) -> (String, Entry) {
        let mut arguments = self.failing();
        arguments["fallbacks"] = json!([self.pick(&GOOD)]);
        self.chat(arguments, Wanted::Tool)
    }

    fn dry_run(&mut self) -> (String, Entry) {
        let mut arguments = self.failing();
        arguments["dry_run"] = true.into();
        self.chat(arguments, Wanted::Tool)
    }

    fn compare(&mut self) -> (String, Entry) {
        let models: Vec<&str> = (0..self.rng.usize(2..4))
            .map(|_| self.pick(&GOOD))
            .collect();
        let mut models = json!(models);
        if self.one_in(2) {
            models[0] = self.failing()["model"].take();
        }
        let mode = self.pick(&["all", "fastest", "judge"]);
        let mut arguments =
            json!({"prompt": self.prompt(), "models": models, "mode": mode, "timeout_seconds": 2});
        if mode == "judge" {
            arguments["judge_model"] = self.pick(&GOOD).into();
        }
        self.tool("anygpt_compare", arguments)
    }

    fn models(&mut self) -> (String, Entry) {
        let arguments = match self.rng.u8(..5) {
            0 => json!({}),
            1 => json!({"provider": self.pick(&PROVIDERS), "details": true}),
            2 => json!({"query": "gpt", "limit": 1}),
            3 => json!({"live": false}),
            _ => json!({"tag": "fast"}),
        };
        self.tool("anygpt_list_models", arguments)
    }

    fn other_tool(&mut self) -> (String, Entry) {
        let text = self.prompt();
        let model = self.pick(&GOOD);
        match self.rng.u8(..8) {
            0 | 1 => self.tool("anygpt_list_providers", json!({})),
            2 | 3 => self.tool("anygpt_list_tags", json!({})),
            4 => self.tool("anygpt_check_providers", json!({"timeout_seconds": 2})),
            5 => self.tool("anygpt_embed", json!({"input": text, "model": "openai/text-embedding-3-small", "timeout_seconds": 2})),
            6 => self.tool("anygpt_generate_image", json!({"prompt": text, "model": "openai/gpt-image-1", "timeout_seconds": 2})),
            _ => self.tool("anygpt_count_tokens", json!({"text": text, "model": model})),
        }
    }

    fn other_method(&mut self) -> (String, Entry) {
        let section = self.pick(&["overview", "workflow", "providers", "errors"]);
        let (method, params) = match self.rng.u8(..8) {
            0 if is_modern(self.revision) => ("server/discover", json!({})),
            0 => ("ping", json!({})),
            1 => ("tools/list", json!({})),
            2 => ("resources/list", json!({})),
            3 => ("prompts/list", json!({})),
            4 => ("prompts/get", json!({"name": "list-capabilities"})),
            5 => {
                let (by, argument) = (
                    json!({"type": "ref/prompt", "name": "second-opinion"}),
                    json!({"name": "model", "value": "g"}),
                );
                let completes = self.one_in(2);
                return match completes {
                    true => self.request(
                        "completion/complete",
                        json!({"ref": by, "argument": argument}),
                        Wanted::Result,
                    ),
                    false => self.probe(),
                };
            }
            _ => (
                "resources/read",
                json!({"uri": format!("anygpt://docs/{section}")}),
            ),
        };
        self.request(method, params, Wanted::Result)
    }

    /// Requests that are refused.
    fn wrong(&mut self) -> (String, Entry) {
        let wrong = Wanted::Error;
        match self.rng.u8(..4) {
            0 => self.request("nobody/knows", json!({}), wrong(METHOD_NOT_FOUND)),
            1 => self.request(
                "tools/call",
                json!({"name": "nobody"}),
                wrong(INVALID_PARAMS),
            ),
            2 => self.request(
                "prompts/get",
                json!({"name": "nobody"}),
                wrong(INVALID_PARAMS),
            ),
            _ => self.chat(json!({"prompt": 3, "temperature": "hot"}), Wanted::Tool),
        }
    }

    fn chat(&mut self, arguments: Value, wanted: Wanted) -> (String, Entry) {
        self.call(CHAT, arguments, wanted)
    }

    fn tool(&mut self, name: &str, arguments: Value) -> (String, Entry) {
        self.call(name, arguments, Wanted::Tool)
    }

    /// A call; one of ten is cancelled some messages later, answered or not.
    fn call(&mut self, name: &str, arguments: Value, wanted: Wanted) -> (String, Entry) {
        let mut params = json!({"name": name});
        params["arguments"] = arguments;
        if self.one_in(3) {
            params["_meta"]["progressToken"] = self.next_id();
        }
        let sent = self.request("tools/call", params, wanted);
        if let Entry::Request(id, _) = &sent.1
            && self.rng.u8(..10) == 0
        {
            self.cancels.push_back((self.rng.usize(1..10), id.clone()));
        }
        sent
    }

    /// A number or a string, never the same twice.
    fn next_id(&self) -> Value {
        let number = self.last + 1;
        match number % 3 {
            0 => json!(format!("s{number}")),
            _ => json!(number),
        }
    }

    fn request(&mut self, method: &str, mut params: Value, wanted: Wanted) -> (String, Entry) {
        let id = self.next_id();
        self.last += 1;
        if is_modern(self.revision) {
            let meta = &mut params["_meta"];
            meta["io.modelcontextprotocol/protocolVersion"] = MODERN.into();
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        let id = id.to_string();
        let mut line = String::new();
        // Params come last, as in most clients.
        _ = write!(
            line,
            r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#
        );
        (line, Entry::Request(id, wanted))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_seed_says_the_same_and_another_one_something_else() {
        let lines = |seed| {
            let mut traffic = Traffic::new(seed, MODERN);
            (0..500).map(|_| traffic.next().0).collect::<Vec<String>>()
        };
        assert_eq!(lines(1), lines(1));
        assert_ne!(lines(1), lines(2));
    }

    #[test]
    fn no_id_comes_twice_and_only_what_was_asked_is_cancelled() {
        let mut traffic = Traffic::new(3, MODERN);
        let (mut ids, mut cancels) = (HashSet::new(), 0);
        for _ in 0..5000 {
            match traffic.next().1 {
                Entry::Request(id, _) => assert!(ids.insert(id)),
                Entry::Cancel(id) => {
                    assert!(ids.contains(&id));
                    cancels += 1;
                }
                Entry::Nothing | Entry::Nameless => {}
            }
        }
        assert!(cancels > 100, "{cancels}");
    }
}
