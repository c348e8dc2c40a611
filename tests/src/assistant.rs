//! First calls of assistants (`assistant/`), as text files: what is called, and what must come of it. This module plays them
//! with the real program and says how each went.
//!
//! `assistant/README.md` documents the form. In `reading`: the files. In `stage`: stand-ins and program. In `sent`: what a
//! request to a provider holds, whatever its format. Never here: a call itself, or the outcomes of today.

mod reading;
mod sent;
mod stage;

use std::fmt;

use serde_json::Value;

pub use self::reading::{Call, KINDS, calls};
use self::reading::{Condition, Expected, Target};
use self::sent::Sent;
pub use self::stage::Stage;

/// How a call went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered as meant.
    AsMeant,
    /// Refused as it must be.
    Refused,
    Wrong(String),
    /// The same, and a provider was paid for it.
    PaidWrong(String),
}

impl Outcome {
    pub fn is_right(&self) -> bool {
        matches!(self, Outcome::AsMeant | Outcome::Refused)
    }

    pub fn is_paid_wrong(&self) -> bool {
        matches!(self, Outcome::PaidWrong(_))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::AsMeant => f.write_str("as meant"),
            Outcome::Refused => f.write_str("refused with advice"),
            Outcome::Wrong(why) => write!(f, "WRONG: {why}"),
            Outcome::PaidWrong(why) => write!(f, "PAID WRONG: {why}"),
        }
    }
}

/// What came of a call. Shown are the whole answer of the program, and the requests.
#[derive(Debug)]
pub struct Played {
    /// The names of the tool or prompt and of the model: to repeat them is no advice.
    called: Vec<String>,
    /// The whole answer of the program.
    answer: Value,
    /// Chats that reached a provider, in order of arrival.
    sent: Vec<Sent>,
}

/// A difference from what was expected.
struct Fault {
    why: String,
    /// The model, the content and the limits are as meant: what is missing is a word.
    is_mild: bool,
}

fn fault<T>(why: impl Into<String>) -> Result<T, Fault> {
    let why = why.into();
    let is_mild = false;
    Err(Fault { why, is_mild })
}

impl Played {
    /// The best of the outcomes that the call may have.
    pub fn outcome(&self, call: &Call) -> Outcome {
        let mut faults = Vec::new();
        for expected in &call.expected {
            match self.compare(expected) {
                Ok(outcome) => return outcome,
                Err(fault) => faults.push(fault),
            }
        }
        // The first one is what was meant; another one counts if less is missing.
        let mild = faults.iter().position(|fault| fault.is_mild);
        let Fault { why, is_mild } = faults.swap_remove(mild.unwrap_or(0));
        match self.sent.iter().any(Sent::is_paid) && !is_mild {
            true => Outcome::PaidWrong(why),
            false => Outcome::Wrong(why),
        }
    }

    fn compare(&self, expected: &Expected) -> Result<Outcome, Fault> {
        match expected {
            Expected::Answered {
                targets,
                after,
                conditions,
            } => self.is_answered(targets, after, conditions),
            Expected::Refused { by, words } => self.is_refused(by.as_deref(), words),
            Expected::Result { has, lacks } => self.is_result(has, lacks),
        }
    }

    fn is_answered(
        &self,
        targets: &[Target],
        after: &[Target],
        conditions: &[Condition],
    ) -> Result<Outcome, Fault> {
        let fits = |all: &[Target], sent: &Sent| all.iter().any(|it| it.is(sent));
        if let Some(other) = self
            .sent
            .iter()
            .find(|it| !fits(targets, it) && !fits(after, it))
        {
            return fault(format!("sent to {other}"));
        }
        if let Some(problem) = self.problem() {
            return fault(problem.kind);
        }
        for target in targets {
            let paid = self.sent.iter().find(|it| it.is_paid() && target.is(it));
            let Some(paid) = paid else {
                return fault(format!("{} was not asked", target.provider));
            };
            for condition in conditions {
                condition.holds(paid).or_else(fault)?;
            }
            // The question is always the same, unless the call says what must arrive.
            let names_text = conditions.iter().any(|it| it.name == "text");
            if !names_text && !paid.text().contains(QUESTION) {
                return fault("the question was lost");
            }
        }
        let warnings = self.warnings();
        for condition in conditions {
            let name = &condition.value;
            match condition.name.as_str() {
                "taken" if is_ignored(&warnings, name) => return fault(format!("{name} dropped")),
                "warns" if !self.says(&warnings.join("\n"), name) => {
                    let why = format!("no warning that names {name}");
                    return Err(Fault { why, is_mild: true });
                }
                _ => {}
            }
        }
        Ok(Outcome::AsMeant)
    }

    fn is_refused(&self, by: Option<&str>, words: &[String]) -> Result<Outcome, Fault> {
        let is_allowed = |sent: &Sent| !sent.is_paid() && by == Some(sent.provider);
        if let Some(sent) = self.sent.iter().find(|it| !is_allowed(it)) {
            return fault(format!("sent to {sent}"));
        }
        let Some(problem) = self.problem() else {
            return fault("not refused");
        };
        match words.iter().find(|word| !self.says(&problem.text, word)) {
            Some(word) => fault(format!("{} without {word}", problem.kind)),
            None => Ok(Outcome::Refused),
        }
    }

    fn is_result(&self, has: &[String], lacks: &[String]) -> Result<Outcome, Fault> {
        if let Some(sent) = self.sent.first() {
            return fault(format!("sent to {sent}"));
        }
        if let Some(problem) = self.problem() {
            return fault(problem.kind);
        }
        let text = texts(&self.answer["result"]);
        if let Some(word) = has.iter().find(|word| !says(&text, word, &[])) {
            return fault(format!("the result lacks {word}"));
        }
        match lacks.iter().find(|word| says(&text, word, &[])) {
            Some(word) => fault(format!("the result has {word}")),
            None => Ok(Outcome::AsMeant),
        }
    }

    fn problem(&self) -> Option<Problem> {
        let error = &self.answer["error"];
        if error.is_object() {
            let said = error["message"].as_str().unwrap_or_default();
            return Some(Problem {
                kind: format!("protocol error {}", error["code"]),
                text: format!("{said}\n{}", error["data"]),
            });
        }
        let result = &self.answer["result"];
        let text = texts(result);
        if result["isError"] == true {
            let kind = text.split(':').next().unwrap_or_default();
            return Some(Problem {
                kind: format!("refused ({kind})"),
                text,
            });
        }
        None
    }

    fn says(&self, text: &str, words: &str) -> bool {
        says(text, words, &self.called)
    }

    fn warnings(&self) -> Vec<String> {
        let warnings = &self.answer["result"]["structuredContent"]["warnings"];
        let warnings = warnings.as_array().into_iter().flatten();
        let warnings = warnings.filter_map(|it| it.as_str().map(str::to_owned));
        warnings.collect()
    }
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for sent in &self.sent {
            writeln!(f, "sent to {sent}: {}", sent.body)?;
        }
        write!(f, "{:#}", self.answer)
    }
}

/// What all calls ask, where they do not say otherwise.
const QUESTION: &str = "Why is the sky blue?";

/// A refusal, whoever it is of.
struct Problem {
    kind: String,
    text: String,
}

/// All texts that a client shows of a result.
fn texts(result: &Value) -> String {
    let content = result["content"].as_array().into_iter().flatten();
    let content = content.filter_map(|block| block["text"].as_str());
    let messages = result["messages"].as_array().into_iter().flatten();
    let messages = messages.filter_map(|message| message["content"]["text"].as_str());
    content.chain(messages).collect::<Vec<_>>().join("\n")
}

/// Whether a warning says that this argument was ignored.
fn is_ignored(warnings: &[String], name: &str) -> bool {
    let names = |text: &str| {
        let is_part = |c: char| c.is_alphanumeric() || "_-".contains(c);
        text.split(|c| !is_part(c)).any(|word| word == name)
    };
    let mut ignored = warnings.iter().filter(|it| it.contains("ignored"));
    ignored.any(|warning| names(warning))
}

/// Whether a text has one of the words between `|`, as a whole word; behind `*` it may go on. Case does not count, but the
/// words as they were `called` are an echo.
fn says(text: &str, words: &str, called: &[String]) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_part = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
    let has = |word: &str| {
        let (word, may_go_on) = match word.strip_suffix('*') {
            Some(beginning) => (beginning, true),
            None => (word, false),
        };
        lower.match_indices(word).any(|(at, _)| {
            let end = at + word.len();
            let (before, after) = (lower[..at].chars().next_back(), &lower[end..]);
            // A full stop or a colon may end a sentence.
            let next = after.trim_start_matches(['.', ':']).chars().next();
            let goes_on = after.starts_with(is_part) && next.is_some_and(is_part);
            before.is_none_or(|c| !is_part(c))
                && (may_go_on || !goes_on)
                && !called.iter().any(|it| text[at..end] == **it)
        })
    };
    words.to_ascii_lowercase().split('|').any(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_whole_unless_it_may_go_on_and_is_no_echo() {
        for (text, words, expected) in [
            ("Did you mean gpt-5.2?", "gpt-5.2", true),
            ("It is openai/GPT-5.2.", "gpt-5.2", true),
            ("gpt-5.22 is unknown", "gpt-5.2", false),
            ("gpt-5.2-pro is unknown", "gpt-5.2", false),
            ("gpt-4.1: no", "gpt-4.1", true),
            ("my-gpt-4.1", "gpt-4.1", false),
            ("gpt-4.1", "gpt-4", false),
            ("gpt-5.2-pro", "gpt-5*", true),
            ("one of a, b", "c|b", true),
            ("llama3.2:3b", "llama3.2", false),
            ("Unknown tool: Tool_A", "tool_a", false),
            ("Unknown tool: Tool_A. Did you mean tool_a?", "tool_a", true),
        ] {
            assert_eq!(
                says(text, words, &["Tool_A".to_owned()]),
                expected,
                "{text} {words}"
            );
        }
    }
}
