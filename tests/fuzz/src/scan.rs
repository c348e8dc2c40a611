//! A JSON reader that shares nothing with the one in the core: values are slices of the text, the grammar is exactly
//! that of RFC 8259, and a text that was cut off can be read up to the cut.
//!
//! Never here: what a value means.

/// Why reading stopped before the end of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Cut,
    Broken,
}

/// A member of an object. The key is `None` if it holds half of a surrogate pair, which no text can.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    key: Option<String>,
    value: &'a str,
}

#[derive(Debug, Default)]
pub(crate) struct Object<'a>(Vec<Member<'a>>);

impl<'a> Object<'a> {
    /// The object that `text` is, all of it.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let mut object = Object::default();
        let mut reader = Reader { text, at: 0 };
        reader.object(&mut object.0).ok()?;
        reader.is_done().then_some(object)
    }

    /// What can be read of an object from its beginning alone.
    pub(crate) fn read_beginning(text: &'a str) -> Self {
        let mut object = Object::default();
        let _stop = Reader { text, at: 0 }.object(&mut object.0);
        // What follows a key that is not a text cannot be interpreted.
        let readable = object.0.iter().take_while(|member| member.key.is_some());
        let readable = readable.count();
        object.0.truncate(readable);
        object
    }

    /// The value of the last member of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let mut named = self.0.iter().rev();
        let found = named.find(|member| member.key.as_deref() == Some(name));
        found.map(|member| member.value)
    }

    /// The same, where null counts as left out.
    pub(crate) fn given(&self, name: &str) -> Option<&'a str> {
        self.get(name).filter(|value| *value != "null")
    }

    /// All keys are texts.
    pub(crate) fn is_readable(&self) -> bool {
        self.0.iter().all(|member| member.key.is_some())
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|member| member.key.as_deref())
    }
}

/// `text` is one JSON value and nothing else.
pub(crate) fn is_json(text: &str) -> bool {
    let mut reader = Reader { text, at: 0 };
    reader.value().is_ok() && reader.is_done()
}

/// The elements of the array that `text` is.
pub(crate) fn elements(text: &str) -> Option<Vec<&str>> {
    let mut reader = Reader { text, at: 0 };
    let mut found = Vec::new();
    reader.space();
    reader.expect(b'[').ok()?;
    reader.space();
    if reader.expect(b']').is_err() {
        loop {
            found.push(reader.value().ok()?);
            reader.space();
            if reader.expect(b',').is_err() {
                reader.expect(b']').ok()?;
                break;
            }
        }
    }
    reader.is_done().then_some(found)
}

/// The text of a JSON string; `None` for other values, and for half of a surrogate pair.
pub(crate) fn string(raw: &str) -> Option<String> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut units: Vec<u16> = Vec::new();
    let mut rest = inner.chars();
    while let Some(next) = rest.next() {
        let unit = if next == '\\' {
            match rest.next()? {
                'b' => 8,
                'f' => 12,
                'n' => 10,
                'r' => 13,
                't' => 9,
                'u' => {
                    let (hex, behind) = rest.as_str().split_at_checked(4)?;
                    rest = behind.chars();
                    u16::from_str_radix(hex, 16).ok()?
                }
                same => u16::try_from(u32::from(same)).ok()?,
            }
        } else {
            let mut pair = [0; 2];
            units.extend_from_slice(next.encode_utf16(&mut pair));
            continue;
        };
        units.push(unit);
    }
    String::from_utf16(&units).ok()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Result<u8, Stop> {
        self.text.as_bytes().get(self.at).copied().ok_or(Stop::Cut)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Ok(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn is_done(&mut self) -> bool {
        self.space();
        self.at == self.text.len()
    }

    fn expect(&mut self, byte: u8) -> Result<(), Stop> {
        if self.peek()? != byte {
            return Err(Stop::Broken);
        }
        self.at += 1;
        Ok(())
    }

    fn object(&mut self, members: &mut Vec<Member<'a>>) -> Result<(), Stop> {
        self.space();
        self.expect(b'{')?;
        self.space();
        if self.expect(b'}').is_ok() {
            return Ok(());
        }
        loop {
            let key = string(self.key()?);
            let value = self.value()?;
            members.push(Member { key, value });
            self.space();
            match self.expect(b',') {
                Ok(()) => {}
                Err(Stop::Cut) => return Err(Stop::Cut),
                Err(Stop::Broken) => return self.expect(b'}'),
            }
        }
    }

    fn key(&mut self) -> Result<&'a str, Stop> {
        self.space();
        let start = self.at;
        self.string()?;
        let key = &self.text[start..self.at];
        self.space();
        self.expect(b':')?;
        Ok(key)
    }

    fn value(&mut self) -> Result<&'a str, Stop> {
        self.space();
        let start = self.at;
        let mut inside = Vec::new();
        loop {
            self.space();
            match self.peek()? {
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    self.space();
                    let close = open + 2;
                    if self.peek()? != close {
                        if open == b'{' {
                            self.key()?;
                        }
                        inside.push(close);
                        continue;
                    }
                    self.at += 1;
                }
                b'"' => self.string()?,
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => return Err(Stop::Broken),
            }
            loop {
                let Some(&close) = inside.last() else {
                    return Ok(&self.text[start..self.at]);
                };
                self.space();
                let next = self.peek()?;
                self.at += 1;
                if next == close {
                    inside.pop();
                } else if next == b',' {
                    if close == b'}' {
                        self.key()?;
                    }
                    break;
                } else {
                    return Err(Stop::Broken);
                }
            }
        }
    }

    fn string(&mut self) -> Result<(), Stop> {
        self.expect(b'"')?;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return Ok(()),
                b'\\' => {
                    let escaped = self.peek()?;
                    self.at += 1;
                    match escaped {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        b'u' => {
                            for _ in 0..4 {
                                if !self.peek()?.is_ascii_hexdigit() {
                                    return Err(Stop::Broken);
                                }
                                self.at += 1;
                            }
                        }
                        _ => return Err(Stop::Broken),
                    }
                }
                0..0x20 => return Err(Stop::Broken),
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Result<(), Stop> {
        let _sign = self.expect(b'-');
        if self.expect(b'0').is_err() {
            self.digits()?;
        } else if matches!(self.peek(), Ok(b'0'..=b'9')) {
            return Err(Stop::Broken);
        }
        if self.expect(b'.').is_ok() {
            self.digits()?;
        }
        if matches!(self.peek(), Ok(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Ok(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Stop> {
        if !self.peek()?.is_ascii_digit() {
            return Err(Stop::Broken);
        }
        while matches!(self.peek(), Ok(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Stop> {
        word.bytes().try_for_each(|byte| self.expect(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_that_of_json() {
        for good in [
            "0",
            "-0",
            "-1.5e+10",
            "1E9",
            "\"\"",
            r#""\u00e4\"\/""#,
            "[]",
            "[ ]",
            "{}",
            "{ }",
            " [1 , {\"a\" : [] }]\t",
            "null",
            "true",
            "false",
            r#""\ud800""#,
            "{\"a\":1,\"a\":2}",
            "[[[]],[]]",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "+1",
            "nul",
            "truee",
            "\"",
            "\"\t\"",
            r#""\x""#,
            r#""\u12g4""#,
            "[1,]",
            "[,]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{\"a\":1,}",
            "[}",
            "{]",
            "1 2",
            "\u{c}1",
            "\u{feff}1",
            "[1",
            "{\"a\":1",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }

    #[test]
    fn objects_are_read_as_far_as_they_go() {
        let object = Object::read(r#" { "a" : [1] , "\u0061":"x\n"} "#).unwrap();
        assert_eq!(object.get("a"), Some(r#""x\n""#));
        assert_eq!(string(r#""x\n\ud83d\ude00""#).as_deref(), Some("x\n😀"));
        assert!(Object::read("[1]").is_none() && Object::read("{} x").is_none());
        assert!(!Object::read(r#"{"\ud800":1}"#).unwrap().is_readable());
        let beginning = Object::read_beginning(r#"{"id":7,"params":{"x":"yy"#);
        assert_eq!(
            (beginning.get("id"), beginning.get("params")),
            (Some("7"), None)
        );
        assert_eq!(
            elements(" [1, [2] ,\"]\"]"),
            Some(vec!["1", "[2]", "\"]\""])
        );
        assert!(Object::read_beginning(r#"{"id":06"#).get("id").is_none());
        assert_eq!(elements("[1}"), None);
    }
}
