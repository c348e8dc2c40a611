//! Reasoning in the text of an answer, between `<think>` and `</think>`: how it is separated while the text arrives in
//! pieces.
//!
//! Never here: reasoning that has a field of its own.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Separates the reasoning from the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InlineReasoning {
    position: Position,
    /// A tail that may be the beginning of a tag.
    held: String,
    /// Bytes at the start of `held` that are known to be white space.
    blank: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Position {
    /// Only white space, or a part of the opening tag, so far.
    #[default]
    Start,
    /// After the opening tag.
    Reasoning,
    /// After the closing tag, with only white space since.
    Between,
    /// In the answer; tags are ordinary text from here on.
    Answer,
}

impl InlineReasoning {
    /// Appends the next piece of the content to the text or to the reasoning.
    pub(super) fn push(&mut self, piece: &str, text: &mut String, reasoning: &mut String) {
        let mut rest = piece;
        loop {
            match self.position {
                Position::Answer => return text.push_str(rest),
                Position::Start => {
                    self.held.push_str(rest);
                    // White space that was skipped before is not scanned again.
                    let begun = self.held[self.blank..].trim_start();
                    self.blank = self.held.len() - begun.len();
                    let Some(after) = begun.strip_prefix(OPEN) else {
                        if !OPEN.starts_with(begun) {
                            self.position = Position::Answer;
                            text.push_str(&std::mem::take(&mut self.held));
                        }
                        return;
                    };
                    rest = &piece[piece.len() - after.len()..];
                    self.held.clear();
                    self.position = Position::Reasoning;
                }
                Position::Reasoning => {
                    self.held.push_str(rest);
                    let Some(end) = self.held.find(CLOSE) else {
                        let kept = (0..CLOSE.len())
                            .rev()
                            .find(|&length| self.held.ends_with(&CLOSE[..length]));
                        let tail = self.held.len() - kept.unwrap_or_default();
                        add(reasoning, &self.held[..tail]);
                        self.held.drain(..tail);
                        return;
                    };
                    add(reasoning, &self.held[..end]);
                    reasoning.truncate(reasoning.trim_end().len());
                    let after = self.held.len() - end - CLOSE.len();
                    rest = &piece[piece.len() - after..];
                    self.held.clear();
                    self.position = Position::Between;
                }
                Position::Between => {
                    rest = rest.trim_start();
                    if rest.is_empty() {
                        return;
                    }
                    self.position = Position::Answer;
                }
            }
        }
    }

    /// At the end of the stream: adds what was held back, which is not a tag.
    pub(super) fn finish(&mut self, text: &mut String, reasoning: &mut String) {
        let held = std::mem::take(&mut self.held);
        match self.position {
            Position::Reasoning => add(reasoning, &held),
            _ => text.push_str(&held),
        }
    }
}

/// Appends to the reasoning, without white space at its start.
fn add(reasoning: &mut String, piece: &str) {
    reasoning.push_str(match reasoning.is_empty() {
        true => piece.trim_start(),
        false => piece,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&str]) -> (String, String) {
        let (mut text, mut reasoning) = (String::new(), String::new());
        let mut inline = InlineReasoning::default();
        for piece in pieces {
            inline.push(piece, &mut text, &mut reasoning);
        }
        inline.finish(&mut text, &mut reasoning);
        (text, reasoning)
    }

    #[test]
    fn many_blanks_one_by_one_are_each_looked_at_once() {
        let (mut text, mut reasoning) = (String::new(), String::new());
        let mut inline = InlineReasoning::default();
        // It would take minutes if all were looked at again with each.
        for _ in 0..300_000 {
            inline.push(" ", &mut text, &mut reasoning);
        }
        inline.push("<think>a</think>b", &mut text, &mut reasoning);
        assert_eq!((text.as_str(), reasoning.as_str()), ("b", "a"));
    }

    #[test]
    fn however_a_text_is_cut_the_same_is_reasoning() {
        for (whole, text, reasoning) in [
            ("", "", ""),
            ("hällo", "hällo", ""),
            (" \n hello", " \n hello", ""),
            ("<think>a</think>b", "b", "a"),
            ("\n<think>\n a\nö \n</think>\n\nb\n", "b\n", "a\nö"),
            ("<think></think>b", "b", ""),
            ("<think>never closed </th", "", "never closed </th"),
            ("<think>a<</think> </think>", "</think>", "a<"),
            (
                "<think>a</think>b<think>c</think>",
                "b<think>c</think>",
                "a",
            ),
            ("<thi", "<thi", ""),
            ("<thinking>a", "<thinking>a", ""),
            ("a <think>b</think>", "a <think>b</think>", ""),
        ] {
            let expected = (text.to_owned(), reasoning.to_owned());
            assert_eq!(split(&[whole]), expected, "{whole}");
            let letters: Vec<String> = whole.chars().map(String::from).collect();
            let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
            assert_eq!(split(&letters), expected, "{whole} letter by letter");
            for (cut, _) in whole.char_indices() {
                let (head, tail) = whole.split_at(cut);
                assert_eq!(split(&[head, "", tail]), expected, "{whole} cut at {cut}");
            }
        }
    }
}
