//! Comments of JSON (`// …` and `/* … */`), as editors write it into files that end in `.jsonc`, and in `.json` too. Commas
//! behind the last value are YAML already.
//!
//! Never here: what else JSON and YAML differ in.

use zeroize::Zeroizing;

/// The text with spaces in place of its comments, so that every value stays where it is, if it is JSON with comments.
pub(super) fn without_comments(text: &str) -> Option<Zeroizing<String>> {
    let is_json = text.trim_start_matches('\u{feff}').trim_start();
    if !is_json.starts_with(['{', '[', '/']) {
        return None;
    }
    // It may hold secrets, and must not grow, which would leave them in memory.
    let mut rest = Zeroizing::new(String::with_capacity(text.len()));
    let (mut chars, mut before) = (text.chars().peekable(), '\n');
    let mut has_comment = false;
    while let Some(c) = chars.next() {
        // Not the slashes of an address without quotation marks, which YAML allows.
        let may_begin = before.is_whitespace() || ",{}[]\"".contains(before);
        match (c, chars.peek()) {
            ('"', _) => {
                rest.push(c);
                while let Some(inner) = chars.next() {
                    rest.push(inner);
                    match inner {
                        '"' => break,
                        '\\' => rest.extend(chars.next()),
                        _ => {}
                    }
                }
            }
            ('/', Some('/')) if may_begin => {
                has_comment = true;
                rest.push(' ');
                while let Some(inner) = chars.next_if(|c| *c != '\n') {
                    rest.push(if inner == '\r' { inner } else { ' ' });
                }
            }
            ('/', Some('*')) if may_begin => {
                has_comment = true;
                rest.push_str("  ");
                chars.next();
                let mut last = ' ';
                for inner in chars.by_ref() {
                    rest.push(if "\r\n".contains(inner) { inner } else { ' ' });
                    if (last, inner) == ('*', '/') {
                        break;
                    }
                    last = inner;
                }
            }
            _ => rest.push(c),
        }
        before = c;
    }
    has_comment.then_some(rest)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_spaces_and_all_else_stays() {
        for (text, expected) in [
            ("{ // a\n\"b\": 1 }", "{     \n\"b\": 1 }"),
            (
                "{\"b\": 1,/* é\r\n*/\"c\":2} // x",
                "{\"b\": 1,    \r\n  \"c\":2}     ",
            ),
            (
                "// a\n{\"k\":\"/*\\\"//\"/*b*/}",
                "    \n{\"k\":\"/*\\\"//\"     }",
            ),
            ("{/*/ \"a\": 1 */}", "{             }"),
            ("{/* /*/1}", "{      1}"),
            ("{ /* open", "{        "),
        ] {
            let read = without_comments(text).unwrap();
            assert_eq!(*read, expected, "{text}");
            assert_eq!(read.chars().count(), text.chars().count());
        }
        for text in [
            "{\"a\": \"http://b\"}",
            "{a: http://b, c: x//y}",
            "a: 1 // b",
            "",
            "{\"a",
        ] {
            assert_eq!(without_comments(text), None, "{text}");
        }
    }
}
