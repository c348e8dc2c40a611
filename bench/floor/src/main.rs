//! The least that a server on stdin and stdout can do: a large read, the newlines in it, for each line the
//! canned answer with the line's own id, a large write. Nothing is allocated once it runs.
//!
//!   floor FILE     FILE holds what follows the id in every answer, newline included
//!
//! Never here: anything that a real server would need.

use std::{env, fs, process::ExitCode};

/// What a pipe holds.
const READ: usize = 64 << 10;

/// The bench's own requests begin like this, followed by the id.
const BEFORE_ID: usize = br#"{"jsonrpc":"2.0","id":"#.len();

/// The beginning of a line that is longer than a read, up to its id.
const HEAD: usize = 64;

fn main() -> ExitCode {
    let Some(rest) = env::args_os().nth(1).and_then(|path| fs::read(path).ok()) else {
        return ExitCode::from(2);
    };
    let mut input = vec![0; READ];
    let mut output = Vec::with_capacity(READ + 2 * HEAD + rest.len());
    let mut head = [0; HEAD];
    let mut kept = 0;
    loop {
        let read = match rustix::io::read(rustix::stdio::stdin(), &mut input) {
            Ok(0) => return ExitCode::SUCCESS,
            Ok(read) => read,
            Err(_) => return ExitCode::FAILURE,
        };
        let mut left = &input[..read];
        while let Some(end) = memchr::memchr(b'\n', left) {
            let line = &left[..end];
            left = &left[end + 1..];
            let id = if kept == 0 {
                id(line)
            } else {
                kept += fill(&mut head[kept..], line);
                id(&head[..kept])
            };
            output.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
            output.extend_from_slice(id);
            output.extend_from_slice(&rest);
            kept = 0;
            if output.len() >= READ && write(&mut output).is_err() {
                return ExitCode::FAILURE;
            }
        }
        kept += fill(&mut head[kept..], left);
        if write(&mut output).is_err() {
            return ExitCode::FAILURE;
        }
    }
}

fn fill(head: &mut [u8], bytes: &[u8]) -> usize {
    let count = head.len().min(bytes.len());
    head[..count].copy_from_slice(&bytes[..count]);
    count
}

fn id(line: &[u8]) -> &[u8] {
    let from = line.get(BEFORE_ID..).unwrap_or_default();
    let digits = from.iter().take_while(|byte| byte.is_ascii_digit()).count();
    &from[..digits]
}

fn write(output: &mut Vec<u8>) -> rustix::io::Result<()> {
    let mut left = &output[..];
    while !left.is_empty() {
        let written = rustix::io::write(rustix::stdio::stdout(), left)?;
        left = &left[written..];
    }
    output.clear();
    Ok(())
}
