//! The model of a session: it gets the bytes that the server took, and checks what the server did with them.
//!
//! Never here: the server itself, which has no access to this.

use std::collections::VecDeque;

use anygpt_core::{Action, CallHandle, Limits, ToolCall};

use crate::{
    judge::{self, Expected, Outstanding, Report, ToolAnswer},
    oracle::{self, Answer, Message, NEWEST_LEGACY},
    scan::Object,
};

/// What the server did, in order, and has not been checked yet.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) lines: VecDeque<String>,
    pub(crate) actions: VecDeque<Action>,
}

/// A call whose answer is outstanding.
#[derive(Debug)]
pub(crate) struct Open {
    id: String,
    revision: &'static str,
    token: Option<String>,
    progress: u64,
    batch: Option<usize>,
    /// As the server returned it; it covers memory while it lives.
    pub(crate) call: ToolCall,
}

/// The answers of a batch.
#[derive(Debug)]
struct Batch {
    name: usize,
    /// Its calls without an answer, plus one until all of it has been read.
    open: usize,
    outstanding: Vec<Outstanding>,
}

/// A session's state as its client knows it.
#[derive(Debug)]
pub(crate) struct Model {
    limits: Limits,
    /// The beginning of a line.
    partial: Vec<u8>,
    /// The rest of a line that was too long.
    skipping: bool,
    agreed: Option<&'static str>,
    pub(crate) refuses: bool,
    open: Vec<Open>,
    /// Ids and revisions of open subscriptions, oldest first.
    subscriptions: Vec<(String, &'static str)>,
    /// New ones are closed at once.
    ends: bool,
    /// The level that the client set.
    level: Option<&'static str>,
    level_is_known: bool,
    batches: Vec<Batch>,
    last_batch: usize,
    /// Handles of finished calls.
    pub(crate) dead: Vec<CallHandle>,
}

/// From this size on arguments and ids count against the budget, so that they may be refused.
const COUNTED: usize = 4096;

/// Inputs are too short for answers of this length.
pub(crate) const PLENTY: usize = 1 << 20;

impl Model {
    pub(crate) fn new(limits: Limits) -> Self {
        Model {
            limits,
            partial: Vec::new(),
            skipping: false,
            agreed: None,
            refuses: false,
            open: Vec::new(),
            subscriptions: Vec::new(),
            ends: false,
            level: None,
            level_is_known: true,
            batches: Vec::new(),
            last_batch: 0,
            dead: Vec::new(),
        }
    }

    /// Calls without an answer, oldest first.
    pub(crate) fn open(&self) -> &[Open] {
        &self.open
    }

    /// The server took these bytes and did nothing else. It has already seen the next byte, if there is one, which
    /// makes a line too long that cannot be distinguished from a complete one yet.
    pub(crate) fn took(&mut self, bytes: &[u8], behind: Option<u8>, seen: &mut Seen) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (body, is_end) = match piece.split_last() {
                Some((b'\n', body)) => (body, true),
                _ => (piece, false),
            };
            if self.skipping {
                self.skipping = !is_end;
                continue;
            }
            let room = self.limits.line - self.partial.len();
            let mut line = std::mem::take(&mut self.partial);
            line.extend_from_slice(&body[..body.len().min(room)]);
            if body.len() > room {
                self.skipping = !is_end;
                self.message(oracle::sort_beginning(&line), None, seen);
            } else if is_end {
                self.line(&line, seen);
            } else {
                self.partial = line;
            }
        }
        let goes_on = behind.is_some_and(|byte| byte != b'\n');
        if goes_on && !self.skipping && self.partial.len() == self.limits.line {
            let line = std::mem::take(&mut self.partial);
            let message = oracle::sort_beginning(&line);
            // Its answer shows whether the server reached it before it had to stop.
            if matches!(message, Message::Silent) || !seen.lines.is_empty() {
                self.skipping = true;
                self.message(message, None, seen);
            } else {
                self.partial = line;
            }
        }
        self.nothing_else(seen);
    }

    pub(crate) fn ended(&mut self, seen: &mut Seen) {
        let line = std::mem::take(&mut self.partial);
        self.line(&line, seen);
        self.nothing_else(seen);
    }

    fn nothing_else(&self, seen: &Seen) {
        assert!(seen.lines.is_empty(), "not requested: {:?}", seen.lines);
        assert!(seen.actions.is_empty(), "not requested: {:?}", seen.actions);
    }

    fn line(&mut self, line: &[u8], seen: &mut Seen) {
        match oracle::sort(line) {
            Message::Batch(messages) if self.agreed == Some(oracle::BATCHES) => {
                self.batch(&messages, seen);
            }
            message => self.message(message, None, seen),
        }
    }

    fn batch(&mut self, messages: &[&str], seen: &mut Seen) {
        // It may be refused while many answers of other batches are kept.
        let keeps_answers = self.batches.iter().any(|open| !open.outstanding.is_empty());
        let is_turned_away = keeps_answers
            && self.limits.queued_output < PLENTY
            && seen
                .lines
                .front()
                .is_some_and(|line| line.contains("Too many batches"));
        if messages.is_empty() || messages.len() > oracle::MOST_IN_BATCH || is_turned_away {
            self.message(Message::Invalid(None, oracle::INVALID_REQUEST), None, seen);
            return;
        }
        self.last_batch += 1;
        let name = self.last_batch;
        self.batches.push(Batch {
            name,
            open: 1,
            outstanding: Vec::new(),
        });
        for message in messages {
            self.message(oracle::sort(message.as_bytes()), Some(name), seen);
        }
        self.close_in_batch(Some(name), seen);
    }

    fn close_in_batch(&mut self, batch: Option<usize>, seen: &mut Seen) {
        let Some(position) = self
            .batches
            .iter()
            .position(|known| Some(known.name) == batch)
        else {
            return;
        };
        self.batches[position].open -= 1;
        if self.batches[position].open > 0 {
            return;
        }
        let batch = self.batches.remove(position);
        if !batch.outstanding.is_empty() {
            let line = seen.lines.pop_front();
            let line = line.unwrap_or_else(|| {
                panic!("a batch without an answer, owed: {:?}", batch.outstanding)
            });
            judge::batch(&line, &batch.outstanding);
        }
    }

    /// Expects an answer: now, or when its batch is complete.
    fn expect(&mut self, outstanding: Outstanding, batch: Option<usize>, seen: &mut Seen) {
        if let Some(batch) = self
            .batches
            .iter_mut()
            .find(|known| Some(known.name) == batch)
        {
            batch.outstanding.push(outstanding);
            return;
        }
        let line = seen.lines.pop_front();
        judge::answer(
            &line.unwrap_or_else(|| panic!("no answer, owed: {outstanding:?}")),
            &outstanding,
        );
    }

    fn message(&mut self, message: Message<'_>, batch: Option<usize>, seen: &mut Seen) {
        let revision = self.agreed.unwrap_or(NEWEST_LEGACY);
        match message {
            Message::Silent => {}
            Message::Notification { method, params } => self.notification(&method, params, seen),
            Message::Request { id, method, params } => {
                self.request(id, &method, params, batch, seen);
            }
            Message::Batch(_) => {
                self.message(Message::Invalid(None, oracle::INVALID_REQUEST), batch, seen);
            }
            Message::Invalid(id, code) => {
                let expected = Expected::Error(vec![code]);
                self.expect(Outstanding::new(revision, id, expected), batch, seen);
            }
            Message::Doubtful(id, codes) => {
                // Of the lines that may be answered, the next one's error could be mistaken for this one's. So an
                // answer is always expected, which is what the core does.
                let expected = Expected::Error(codes.to_vec());
                let line = seen.lines.front().and_then(|line| Object::read(line));
                let with_id = id.filter(|id| line.is_some_and(|line| line.get("id") == Some(id)));
                self.expect(Outstanding::new(revision, with_id, expected), batch, seen);
            }
        }
    }

    fn request(
        &mut self,
        id: &str,
        method: &str,
        params: Option<&str>,
        batch: Option<usize>,
        seen: &mut Seen,
    ) {
        let ruling = oracle::rule(method, params, self.agreed, batch.is_some());
        let mut revision = ruling.revision;
        // The answers of a batch are kept until the last one; if they grow too large, no more are made.
        let or_full = batch.is_some() && self.limits.queued_output < PLENTY;
        let in_use = || Expected::Error(vec![oracle::INVALID_REQUEST]);
        let expected = match ruling.answer {
            _ if self.refuses => Expected::Error(vec![oracle::INTERNAL_ERROR]),
            Answer::Error(codes) => Expected::Error(codes),
            Answer::Result(method) => Expected::Result(method),
            Answer::Resource(resource) => Expected::Resource(resource),
            Answer::Prompt(prompt, given) => Expected::Prompt(prompt, given),
            Answer::Completion(values) => Expected::Completion(values),
            Answer::Agreed(agreed) => {
                self.agreed = Some(agreed);
                // The answer is already in the revision that it agrees on.
                revision = agreed;
                Expected::Agreed(agreed)
            }
            Answer::Level(level) => {
                if !or_full {
                    self.level = Some(level);
                } else {
                    self.level_is_known = false;
                }
                Expected::Result("logging/setLevel")
            }
            Answer::Subscription | Answer::Call { .. } if self.is_open(id) => in_use(),
            Answer::Subscription => return self.subscribe(id, revision, seen),
            Answer::Call {
                tool,
                arguments,
                token,
            } => {
                let is_counted = arguments.len() >= COUNTED
                    || id.len() + token.as_ref().map_or(0, String::len) >= COUNTED;
                let is_full = self.open.len() >= self.limits.calls;
                let is_begun = matches!(seen.actions.front(),
                    Some(Action::CallTool(call)) if call.tool == tool && *call.arguments == *arguments);
                if is_full || ((is_counted || or_full) && !is_begun) {
                    if is_full || is_counted {
                        Expected::Full
                    } else {
                        Expected::Error(vec![oracle::INTERNAL_ERROR])
                    }
                } else {
                    return self.begin(id, revision, (tool, &arguments, token), batch, seen);
                }
            }
        };
        let outstanding = Outstanding {
            or_full,
            ..Outstanding::new(revision, Some(id), expected)
        };
        self.expect(outstanding, batch, seen);
    }

    fn subscribe(&mut self, id: &str, revision: &'static str, seen: &mut Seen) {
        let is_counted = 2 * id.len() >= COUNTED;
        let is_begun = seen
            .lines
            .front()
            .is_some_and(|line| line.contains("acknowledged"));
        let is_full = self.subscriptions.len() >= oracle::MOST_SUBSCRIPTIONS;
        if is_full || (is_counted && !is_begun) {
            let expected = Expected::Error(vec![oracle::INTERNAL_ERROR]);
            return self.expect(Outstanding::new(revision, Some(id), expected), None, seen);
        }
        let line = seen.lines.pop_front();
        let line = line.unwrap_or_else(|| panic!("no subscription {id}"));
        judge::acknowledged(&line, id, revision);
        self.subscriptions.push((id.to_owned(), revision));
        if self.ends {
            self.end_subscriptions(seen);
        }
    }

    fn end_subscriptions(&mut self, seen: &mut Seen) {
        for (id, revision) in std::mem::take(&mut self.subscriptions) {
            self.expect(
                Outstanding::new(revision, Some(&id), Expected::Ended),
                None,
                seen,
            );
        }
    }

    pub(crate) fn closed(&mut self, seen: &mut Seen) {
        self.ends = true;
        self.end_subscriptions(seen);
        self.nothing_else(seen);
    }

    /// A message was logged for the clients that asked for it.
    pub(crate) fn logged(
        &mut self,
        level: &'static str,
        logger: &str,
        text: &str,
        seen: &mut Seen,
    ) {
        let position = |level| oracle::LEVELS.iter().position(|known| *known == level);
        if self
            .level
            .is_some_and(|least| position(level) >= position(least))
        {
            let line = seen
                .lines
                .pop_front()
                .unwrap_or_else(|| panic!("no word of {text}"));
            judge::logged(
                &line,
                self.agreed.unwrap_or(NEWEST_LEGACY),
                level,
                logger,
                text,
            );
        }
        self.nothing_else(seen);
    }

    /// Takes over the server's level, since it may have refused a part of a batch.
    pub(crate) fn compare_level(&mut self, level: Option<&'static str>) {
        if self.level_is_known {
            assert_eq!(self.level, level);
        }
        self.level = level;
        self.level_is_known = true;
    }

    /// Ids of calls and subscriptions in flight.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        let ids = self.open.iter().map(|open| &open.id);
        let subscriptions = self.subscriptions.iter().map(|(id, _)| id);
        ids.chain(subscriptions).map(String::as_str)
    }

    fn is_open(&self, id: &str) -> bool {
        let identity = oracle::identity(id);
        self.ids().any(|open| oracle::identity(open) == identity)
    }

    fn begin(
        &mut self,
        id: &str,
        revision: &'static str,
        (tool, arguments, token): (usize, &str, Option<String>),
        batch: Option<usize>,
        seen: &mut Seen,
    ) {
        let call = match seen.actions.pop_front() {
            Some(Action::CallTool(call)) => call,
            other => panic!(
                "no call of {tool} with {arguments}, but {other:?} and {:?}",
                seen.lines
            ),
        };
        assert_eq!((call.tool, &*call.arguments), (tool, arguments));
        assert_eq!(call.wants_progress, token.is_some());
        assert!(!self.dead.contains(&call.handle), "a handle was used twice");
        assert!(
            !self.open.iter().any(|open| open.call.handle == call.handle),
            "a handle was used twice"
        );
        if let Some(batch) = self
            .batches
            .iter_mut()
            .find(|known| Some(known.name) == batch)
        {
            batch.open += 1;
        }
        self.open.push(Open {
            id: id.to_owned(),
            revision,
            token,
            progress: 0,
            batch,
            call,
        });
    }

    fn notification(&mut self, method: &str, params: Option<&str>, seen: &mut Seen) {
        let Some(cancelled) = oracle::cancelled(method, params) else {
            return;
        };
        self.subscriptions
            .retain(|(id, _)| oracle::identity(id) != cancelled);
        let Some(position) = self
            .open
            .iter()
            .position(|open| oracle::identity(&open.id) == cancelled)
        else {
            return;
        };
        let open = self.open.remove(position);
        let handle = open.call.handle;
        match seen.actions.pop_front() {
            Some(Action::CancelCall(told)) if told == handle => {}
            other => panic!("{handle:?} was cancelled, but came {other:?}"),
        }
        self.dead.push(handle);
        self.close_in_batch(open.batch, seen);
    }

    pub(crate) fn completed(&mut self, handle: CallHandle, told: ToolAnswer, seen: &mut Seen) {
        if let Some(position) = self.open.iter().position(|open| open.call.handle == handle) {
            let open = self.open.remove(position);
            self.dead.push(handle);
            let outstanding = Outstanding::new(open.revision, Some(&open.id), Expected::Tool(told));
            self.expect(outstanding, open.batch, seen);
            self.close_in_batch(open.batch, seen);
        }
        self.nothing_else(seen);
    }

    pub(crate) fn progressed(&mut self, handle: CallHandle, report: &Report, seen: &mut Seen) {
        let open = self.open.iter_mut().find(|open| open.call.handle == handle);
        if let Some(open) = open
            && let Some(token) = &open.token
            && report.progress > open.progress
        {
            open.progress = report.progress;
            let line = seen
                .lines
                .pop_front()
                .unwrap_or_else(|| panic!("no word of {report:?}"));
            judge::progress(&line, open.revision, token, report);
        }
        self.nothing_else(seen);
    }
}
