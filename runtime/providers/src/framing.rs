//! Whether a body is a stream of events or a single JSON text. The first bytes decide: relays put either of them under any
//! content type.
//!
//! Never here: reading the one or the other.

/// How a body is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Events,
    /// One JSON text, or something else that cannot be events: an HTML page, a sentence.
    Whole,
}

/// How an event begins. A name that is no field of one is a sentence's first word (`error: …`).
const FIELDS: [&[u8]; 4] = [b"data", b"event", b"id:", b"retry:"];

/// Looks for the first bytes that count. Blank lines and comments come before both: they keep a connection open while the
/// provider works (<https://openrouter.ai/docs/api/reference/streaming>).
#[derive(Debug, Default)]
pub struct Beginning {
    is_comment: bool,
}

impl Beginning {
    /// How the body is to be read, and from which byte of this chunk on; `None` if that is still open, and nothing of the
    /// chunk is needed.
    pub fn look(&mut self, chunk: &[u8]) -> Option<(Framing, usize)> {
        for (at, byte) in chunk.iter().enumerate() {
            match byte {
                b'\n' | b'\r' => self.is_comment = false,
                _ if self.is_comment => {}
                // Blanks, and the bytes of a byte order mark.
                b' ' | b'\t' | 0xef | 0xbb | 0xbf => {}
                b':' => self.is_comment = true,
                _ => {
                    let rest = chunk.get(at..).unwrap_or_default();
                    // The name may be cut.
                    let is_field = |name: &&[u8]| rest.starts_with(name) || name.starts_with(rest);
                    let framing = match FIELDS.iter().any(is_field) {
                        true => Framing::Events,
                        false => Framing::Whole,
                    };
                    return Some((framing, at));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide() {
        for (body, expected) in [
            ("data: {}", Some((Framing::Events, 0))),
            ("\r\n\n event: x", Some((Framing::Events, 4))),
            (": a\n: {\n\nretry: 1", Some((Framing::Events, 9))),
            ("\u{feff} {", Some((Framing::Whole, 4))),
            (": working\n\n[", Some((Framing::Whole, 11))),
            ("<html>", Some((Framing::Whole, 0))),
            ("Upstream", Some((Framing::Whole, 0))),
            ("", None),
            (" \n: {", None),
        ] {
            assert_eq!(Beginning::default().look(body.as_bytes()), expected);
            // Byte by byte.
            let mut beginning = Beginning::default();
            let mut bytes = body.as_bytes().chunks(1).enumerate();
            let found = bytes.find_map(|(at, byte)| Some((beginning.look(byte)?.0, at)));
            assert_eq!(found, expected, "{body:?}");
        }
        for sentence in ["error: overloaded", "rate limit exceeded", "internal error"] {
            let found = Beginning::default().look(sentence.as_bytes());
            assert_eq!(found, Some((Framing::Whole, 0)), "{sentence}");
        }
    }
}
