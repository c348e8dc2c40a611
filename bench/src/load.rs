//! What is sent to a server, and whether its answers are right.
//!
//! Never here: clocks.

use serde_json::{Value, json, value::RawValue};

/// Ids have the same number of digits, so that all requests of a load are equally long.
const FIRST_ID: usize = 1_000_000;

/// One kind of request, and how many of them are in flight.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) name: String,
    pub(crate) window: usize,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Ping,
    ListTools,
    Call {
        prompt: String,
        model: Option<String>,
    },
}

impl Load {
    pub(crate) fn ping(window: usize) -> Self {
        Load::new("ping", window, What::Ping)
    }

    pub(crate) fn list_tools(window: usize) -> Self {
        Load::new("tools/list", window, What::ListTools)
    }

    /// A call whose answer repeats a prompt of so many bytes.
    pub(crate) fn call(bytes: usize, window: usize) -> Self {
        let size = match bytes {
            bytes if bytes >= 1_000_000 => format!("{} MB", bytes / 1_000_000),
            bytes if bytes >= 1_000 => format!("{} KB", bytes / 1_000),
            bytes => format!("{bytes} B"),
        };
        let what = What::Call {
            prompt: prompt(bytes),
            model: None,
        };
        Load::new(&format!("call, {size}"), window, what)
    }

    pub(crate) fn call_of(model: String) -> Self {
        let what = What::Call {
            prompt: prompt(100),
            model: Some(model),
        };
        Load::new("call of a model", 1, what)
    }

    fn new(name: &str, window: usize, what: What) -> Self {
        Load {
            name: format!("{name}, {window} in flight"),
            window,
            what,
        }
    }

    /// The request at a position, as a line.
    pub(crate) fn request(&self, position: usize) -> String {
        let id = FIRST_ID + position;
        let rest = match &self.what {
            What::Ping => r#""ping"}"#.to_owned(),
            What::ListTools => r#""tools/list"}"#.to_owned(),
            What::Call { prompt, model } => {
                let mut arguments = json!({"prompt": prompt});
                if let Some(model) = model {
                    arguments["model"] = json!(model);
                }
                let params = json!({"name": TOOL, "arguments": arguments});
                format!(r#""tools/call","params":{params}}}"#)
            }
        };
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":{rest}\n")
    }

    /// So many requests in a row, and the length of each.
    pub(crate) fn requests(&self, count: usize) -> (Vec<u8>, usize) {
        let mut lines = self.request(0).into_bytes();
        let length = lines.len();
        let template = lines.clone();
        let id = br#"{"jsonrpc":"2.0","id":"#.len();
        for position in 1..count {
            let start = lines.len();
            lines.extend_from_slice(&template);
            let digits = (FIRST_ID + position).to_string();
            lines[start + id..][..digits.len()].copy_from_slice(digits.as_bytes());
        }
        (lines, length)
    }

    /// Checks that these lines are the answers to so many requests: each is JSON, each has a different id, each has the
    /// expected content.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn verify(&self, answers: &[u8], count: usize) -> Result<(), String> {
        let mut seen = vec![false; count];
        let mut right: Option<String> = None;
        for line in answers.split_inclusive(|&byte| byte == b'\n') {
            let (id, result) = read(line)?;
            let place = id.wrapping_sub(FIRST_ID as u64);
            let slot = usize::try_from(place)
                .ok()
                .and_then(|place| seen.get_mut(place));
            match slot {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(format!("an answer to nothing that was asked: id {id}")),
            }
            match &right {
                Some(right) if *right == result => {}
                Some(_) => return Err(format!("another answer than before: {}", start(&result))),
                None => {
                    self.check(&result)?;
                    right = Some(result);
                }
            }
        }
        match seen.iter().filter(|seen| !**seen).count() {
            0 => Ok(()),
            missing => Err(format!("{missing} answers are missing")),
        }
    }

    fn check(&self, result: &str) -> Result<(), String> {
        let value: Value = serde_json::from_str(result).map_err(|error| error.to_string())?;
        let right = match &self.what {
            What::Ping => value == json!({}),
            What::ListTools => value["tools"]
                .as_array()
                .is_some_and(|tools| tools.iter().any(|tool| tool["name"] == TOOL)),
            What::Call { prompt, .. } => {
                value["content"][0]["text"] == *prompt && value["isError"] != true
            }
        };
        if right {
            Ok(())
        } else {
            Err(format!("not the answer: {}", start(result)))
        }
    }
}

/// The tool that is called, here and by our peers.
pub(crate) const TOOL: &str = "anygpt_chat_completion";

/// Prose in which every line ends with a character that JSON must escape.
pub(crate) fn prompt(bytes: usize) -> String {
    let text = "The quick brown fox jumps over the lazy dog, and it does so twice a day.\n";
    text.chars().cycle().take(bytes).collect()
}

/// The id and the result of an answer.
fn read(line: &[u8]) -> Result<(u64, String), String> {
    #[derive(serde::Deserialize)]
    struct Answer<'a> {
        jsonrpc: &'a str,
        id: u64,
        #[serde(borrow)]
        result: &'a RawValue,
    }
    let answer: Answer<'_> = serde_json::from_slice(line)
        .map_err(|error| format!("{error}: {}", start(&String::from_utf8_lossy(line))))?;
    match answer.jsonrpc {
        "2.0" => Ok((answer.id, answer.result.get().to_owned())),
        other => Err(format!("jsonrpc {other}")),
    }
}

/// The beginning of a text, for messages.
fn start(text: &str) -> String {
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_answers_are_found() {
        let load = Load::call(100, 2);
        let answer = |id: usize, text: &str| {
            let result = json!({"content": [{"type": "text", "text": text}]});
            json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string() + "\n"
        };
        let right = prompt(100);
        let first = answer(FIRST_ID, &right);
        let second = answer(FIRST_ID + 1, &right);
        let verify = |lines: &[&str]| load.verify(lines.concat().as_bytes(), 2);
        assert_eq!(verify(&[&second, &first]), Ok(()));
        for wrong in [
            &[&*first][..],
            &[&first, &first],
            &[&first, &answer(FIRST_ID + 1, "no")],
            &[&answer(FIRST_ID, "no"), &answer(FIRST_ID + 1, "no")],
            &[&first, &answer(FIRST_ID + 2, &right)],
            &[&first, "{}\n"],
        ] {
            assert!(verify(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn requests_differ_in_their_id_alone() {
        let load = Load::call(100, 2);
        let (lines, length) = load.requests(3);
        assert_eq!(lines.len(), 3 * length);
        assert_eq!(
            lines,
            (0..3)
                .map(|position| load.request(position))
                .collect::<String>()
                .into_bytes()
        );
    }
}
