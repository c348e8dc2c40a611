//! Reading a stream by a codec alone, in any pieces, as the gateway does.
//!
//! Never here: what a stream means.

use anygpt_providers::{Answer, Codec, Failure, sse};

/// What came of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub answer: Answer,
    pub result: Result<(), Failure>,
    /// Bytes of the state, as the reader counts them at the end.
    pub state_length: usize,
}

/// How a stream is read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub codec: &'a dyn Codec,
    pub wants_state: bool,
    /// Longest event, in bytes.
    pub limit: usize,
}

impl Reading<'_> {
    /// Reads a stream in pieces of these sizes. `check` sees the answer, the length of the state and what the parser holds
    /// after each piece.
    pub fn read(
        self,
        stream: &[u8],
        sizes: &mut dyn FnMut() -> usize,
        check: &mut dyn FnMut(&Answer, usize, usize),
    ) -> Outcome {
        let mut answer = Answer::default();
        let mut reader = self.codec.reader(self.wants_state);
        let mut parser = sse::Parser::new(self.limit);
        let mut result = Ok(());
        let mut rest = stream;
        'stream: while !rest.is_empty() && !answer.complete {
            let (mut piece, after) = rest.split_at(sizes().clamp(1, rest.len()));
            rest = after;
            loop {
                let event = match parser.next_event(&mut piece) {
                    Ok(Some(event)) => event,
                    Ok(None) => break,
                    Err(failure) => {
                        result = Err(failure);
                        break 'stream;
                    }
                };
                let _ = reader.is_opening(&event);
                result = reader.event(&event, &mut answer);
                if result.is_err() || answer.complete {
                    break 'stream;
                }
            }
            check(&answer, reader.state_length(), parser.held());
        }
        if result.is_ok()
            && !answer.complete
            && let Some(event) = parser.finish()
        {
            result = reader.event(&event, &mut answer);
        }
        reader.end(&mut answer);
        check(&answer, reader.state_length(), 0);
        Outcome {
            state_length: reader.state_length(),
            answer,
            result,
        }
    }

    /// Reads a stream in one piece.
    pub fn whole(self, stream: &[u8]) -> Outcome {
        self.read(stream, &mut || usize::MAX, &mut |_, _, _| {})
    }
}
