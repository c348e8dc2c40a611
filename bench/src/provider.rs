//! A provider on the loopback, as fast as possible: an OpenAI-compatible stream that is built once and sent as it is;
//! or one that never ends.
//!
//! Never here: faults (the tests' mock provider has those).

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// Serves until the process ends. Prints the port on stdout, as a line.
pub(crate) async fn serve(latency: Duration, tokens: usize) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let answer: &'static [u8] = answer(tokens).leak();
    loop {
        let (socket, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A client that disconnects is not an error here.
            let _left = connection(socket, latency, answer).await;
        });
    }
}

/// The same, but its answers never end, and every byte of them is a chunk of its own.
pub(crate) async fn flood() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let chunk = |byte: u8| [b'1', b'\r', b'\n', byte, b'\r', b'\n'];
    let events: Vec<u8> = event(WORD).bytes().flat_map(chunk).collect();
    let events: &'static [u8] = events.repeat(64).leak();
    loop {
        let (socket, _) = listener.accept().await?;
        tokio::spawn(async move {
            let _left = flooded(socket, events).await;
        });
    }
}

async fn flooded(mut socket: TcpStream, events: &[u8]) -> io::Result<()> {
    let mut input = Vec::with_capacity(16 << 10);
    while request(&input).is_none() {
        if socket.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    }
    socket.write_all(HEAD).await?;
    loop {
        socket.write_all(events).await?;
    }
}

async fn connection(mut socket: TcpStream, latency: Duration, answer: &[u8]) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut input = Vec::with_capacity(16 << 10);
    loop {
        while let Some(length) = request(&input) {
            input.drain(..length);
            if !latency.is_zero() {
                sleep(latency).await;
            }
            socket.write_all(answer).await?;
        }
        if socket.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    }
}

/// The length of the first request, if it is complete.
fn request(input: &[u8]) -> Option<usize> {
    let head = input.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&input[..head]).ok()?;
    let body = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let length = head + body.unwrap_or(0);
    (input.len() >= length).then_some(length)
}

/// The text of the answer: a word for each token.
pub(crate) fn text(tokens: usize) -> String {
    "word ".repeat(tokens)
}

/// Every token is an event and a chunk of its own, as providers send them.
fn answer(tokens: usize) -> Vec<u8> {
    let mut bytes = HEAD.to_vec();
    let mut event = |rest: &str| {
        let event = event(rest);
        bytes.extend(format!("{:x}\r\n{event}\r\n", event.len()).into_bytes());
    };
    for _ in 0..tokens {
        event(WORD);
    }
    event(r#""choices":[{"index":0,"delta":{},"finish_reason":"stop"}]"#);
    event(&format!(
        r#""choices":[],"usage":{{"prompt_tokens":10,"completion_tokens":{tokens},"total_tokens":{}}}"#,
        tokens + 10
    ));
    bytes.extend_from_slice(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
    bytes
}

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// The part of an event that differs from token to token.
const WORD: &str = r#""choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]"#;

fn event(rest: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",{rest}}}\n\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_whole_when_its_body_is() {
        let input = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET";
        assert_eq!(request(input), Some(input.len() - 3));
        assert_eq!(request(&input[..input.len() - 4]), None);
        assert_eq!(request(b"POST / HTTP/1.1\r\n"), None);
    }
}
