//! The targets for the core: from bytes to a session.
//!
//! Never here: whether the server's output is right (`model`).

use std::{env, fs, process, sync::atomic::Ordering};

use anygpt_core::{Action, Budget, Limits};

use crate::{
    choices::Choices,
    driver::{self, Driver},
    judge::{Report, ToolAnswer},
    oracle::{MODERN, REVISIONS},
    scan::Object,
    world, write,
};

/// More than any input needs.
const AMPLE: usize = 1 << 30;

/// Runs a target on the files of the command line, and prints input (`>`) and output (`<`).
pub fn replay(target: fn(&[u8])) {
    driver::SHOW.store(true, Ordering::Relaxed);
    let files: Vec<_> = env::args_os().skip(1).collect();
    for file in &files {
        match fs::read(file) {
            Ok(data) => target(&data),
            Err(error) => panic!("{}: {error}", file.display()),
        }
    }
    if files.is_empty() {
        process::exit(2);
    }
}

/// The framing of lines. The first bytes choose limits and pieces, the rest is input as it is, except that a zero byte
/// stands for as many bytes of text as the next byte says, and a byte of one for as many KiB.
pub fn line(data: &[u8]) {
    let mut c = Choices::new(data);
    let limits = Limits {
        line: c.one_of(&[
            16 << 20,
            16,
            40,
            60,
            100,
            150,
            300,
            5000,
            65_536,
            70_000,
            200_000,
        ]),
        queued_output: c.one_of(&[4 << 20, 1, 200, 5000]),
        ..Limits::default()
    };
    let budget = c.one_of(&[AMPLE, AMPLE, AMPLE, 0, 65_536, 100_000]);
    let mut sizes = sizes(&mut c);
    let hello = c.one_of(&[None, Some(REVISIONS[1])]);
    let mut input = Vec::new();
    if let Some(revision) = hello {
        input.extend_from_slice(write::initialize(revision).as_bytes());
        input.push(b'\n');
    }
    while !c.is_empty() {
        let fill = match c.byte() {
            0 => usize::from(c.byte()),
            1 if input.len() < 400_000 => 1024 * usize::from(c.byte()),
            byte => {
                input.push(byte);
                continue;
            }
        };
        input.resize(input.len() + fill, b'y');
    }
    // Long input in tiny pieces is slow and finds nothing new.
    let least = input.len() / 512;
    let mut sizes = move || sizes().max(least);
    if budget < AMPLE {
        line_without_memory(&input, limits, budget, sizes);
        return;
    }
    let output = |sizes: &mut dyn FnMut() -> usize| {
        let mut driver = Driver::new(limits, budget);
        driver.feed(&input, sizes);
        driver.finish();
        driver.output
    };
    let cut = output(&mut sizes);
    let whole = output(&mut || usize::MAX);
    assert!(
        cut == whole,
        "cut:   {}\nwhole: {}",
        cut.escape_ascii(),
        whole.escape_ascii()
    );
}

/// Which lines have enough memory is not predicted, but each is answered at most once, the next line works, and the
/// memory is returned.
fn line_without_memory(
    input: &[u8],
    limits: Limits,
    budget: usize,
    mut sizes: impl FnMut() -> usize,
) {
    // The empty line at the end makes the server release a kept buffer, if the ping came in pieces.
    const PING: &[u8] = b"\n{\"id\":\"p\",\"jsonrpc\":\"2.0\",\"method\":\"ping\"}\n\n";
    let limits = Limits {
        line: limits.line.max(PING.len()),
        ..limits
    };
    let budget = Budget::new(budget);
    let mut server = world::server(limits, &budget);
    let mut output = Vec::new();
    let mut buffer = Vec::new();
    let mut calls = 0;
    let input = [input, PING].concat();
    let mut rest = &input[..];
    while !rest.is_empty() {
        let size = sizes().clamp(1, rest.len());
        rest = &rest[server.handle_input(&rest[..size])..];
        while let Some(action) = server.poll_action() {
            if let Action::CallTool(_) = action {
                calls += 1;
            }
        }
        server.take_output(&mut buffer);
        output.append(&mut buffer);
    }
    let lines = input.iter().filter(|byte| **byte == b'\n').count();
    let answers: Vec<&[u8]> = output.split_inclusive(|byte| *byte == b'\n').collect();
    assert!(
        answers.len() + calls <= lines,
        "too many answers: {}",
        output.escape_ascii()
    );
    let last = answers
        .last()
        .and_then(|line| str::from_utf8(line).ok())
        .and_then(Object::read);
    let last = last.expect("the last line is answered");
    assert_eq!(
        (last.get("id"), last.get("result")),
        (Some("\"p\""), Some("{}"))
    );
    for call in server.open_calls() {
        server.complete(
            call,
            &anygpt_core::ToolResult {
                content: &[],
                structured: None,
                is_error: false,
            },
        );
    }
    assert_eq!(budget.used(), 0, "memory is still held");
}

/// One line, as it is. The first byte chooses the revision agreed on before.
pub fn envelope(data: &[u8]) {
    let mut c = Choices::new(data);
    let mut driver = Driver::new(Limits::default(), AMPLE);
    open(&mut c, &mut driver);
    driver.feed(c.rest(), || usize::MAX);
    driver.finish();
}

/// Nearly valid requests of every method in every revision.
pub fn dispatch(data: &[u8]) {
    let mut c = Choices::new(data);
    let mut driver = Driver::new(Limits::default(), AMPLE);
    open(&mut c, &mut driver);
    loop {
        driver.feed(write::request(&mut c).as_bytes(), || usize::MAX);
        driver.feed(b"\n", || 1);
        driver.sync();
        if c.is_empty() {
            break;
        }
    }
    driver.finish();
}

pub fn server(data: &[u8]) {
    let mut c = Choices::new(data);
    let limits = Limits {
        line: c.one_of(&[60_000, 60_000, 150, 300, 6000]),
        calls: c.one_of(&[4096, 4096, 1, 2, 3]),
        queued_output: c.one_of(&[4 << 20, 4 << 20, 1, 300, 3000]),
    };
    let mut driver = Driver::new(limits, c.one_of(&[AMPLE, AMPLE, 0, 5500, 12_000]));
    let mut sizes = sizes(&mut c);
    open(&mut c, &mut driver);
    while !c.is_empty() {
        match c.below(20) {
            0..=6 => {
                let line = write::line(&mut c);
                driver.feed(&line, &mut sizes);
                driver.feed(c.one_of(&[b"\n", b"\n", b"\n", b"\r\n"]), &mut sizes);
            }
            7 | 8 => {
                if let Some(handle) = call(&mut c, &driver) {
                    let told = answer(&mut c);
                    driver.complete(handle, told);
                }
            }
            9 | 10 => {
                if let Some(handle) = call(&mut c, &driver) {
                    let report = report(&mut c);
                    driver.progress(handle, &report);
                }
            }
            11 => driver.sync(),
            12 => {
                // What follows may use up the room for a queued call.
                let many = c.below(200);
                for _ in 0..many {
                    driver.feed(
                        b"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\"}\n",
                        &mut sizes,
                    );
                }
            }
            13 => {
                let many = c.below(100);
                let mut lines = String::new();
                for number in 0..many {
                    lines.push_str(&format!(
                        "{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"tools/call\",\"params\":{{\"name\":\"_\"}}}}\n"
                    ));
                }
                driver.feed(lines.as_bytes(), &mut sizes);
            }
            16 | 17 => {
                let open = driver.open_ids();
                if !open.is_empty() {
                    let position = c.below(256) % open.len();
                    let line = write::about(&mut c, &open[position]) + "\n";
                    driver.feed(line.as_bytes(), &mut sizes);
                }
            }
            18 | 19 => {
                let line = write::batch(&mut c, &driver.open_ids()) + "\n";
                driver.feed(line.as_bytes(), &mut sizes);
            }
            14 => {
                let fill = c.below(20) * 50;
                driver.feed(&write::line(&mut c), &mut sizes);
                driver.feed(&vec![b' '; fill], &mut sizes);
            }
            _ => {
                if c.rarely(16) {
                    driver.refuse();
                } else if c.rarely(16) {
                    driver.close_subscriptions();
                } else if c.rarely(16) {
                    let many = c.below(80);
                    driver.feed(subscriptions(many).as_bytes(), &mut sizes);
                } else if c.rarely(2) {
                    let level = c.below(8);
                    let (logger, text) = (write::text(&mut c), write::text(&mut c));
                    driver.log(level, &logger, &text);
                } else if c.rarely(8) {
                    driver.feed(format!("[{}1]\n", "1,".repeat(1000)).as_bytes(), &mut sizes);
                }
            }
        }
    }
    driver.finish();
}

/// Lines that open so many subscriptions.
fn subscriptions(many: usize) -> String {
    let meta = format!(
        r#"{{"io.modelcontextprotocol/protocolVersion":"{MODERN}","io.modelcontextprotocol/clientCapabilities":{{}}}}"#
    );
    (0..many)
        .map(|number| {
            format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":\"s{number}\",\"method\":\"subscriptions/listen\",\"params\":{{\"_meta\":{meta},\"notifications\":{{}}}}}}\n"
            )
        })
        .collect()
}

/// Sizes of the pieces of the input.
pub(crate) fn sizes(c: &mut Choices<'_>) -> impl FnMut() -> usize + use<> {
    let most = c.one_of(&[usize::MAX, usize::MAX, 1, 2, 7, 40, 300, 5000]);
    let mut state = c.u32() | 1;
    move || {
        // Any sequence works, as long as the same input gives the same one.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        match most {
            usize::MAX => most,
            most => 1 + usize::try_from(state).unwrap_or_default() % most,
        }
    }
}

/// The client's first messages.
fn open(c: &mut Choices<'_>, driver: &mut Driver) {
    let choice = c.below(48);
    let revision = match choice % 8 {
        0 | 5 => None,
        choice @ 1..=4 => Some(choice - 1),
        // The only one with batches.
        _ => Some(1),
    };
    if let Some(revision) = revision {
        driver.feed(write::initialize(REVISIONS[revision]).as_bytes(), || {
            usize::MAX
        });
        driver.feed(b"\n", || 1);
        driver.sync();
    }
    if choice == 47 {
        driver.refuse();
    }
}

/// A call, usually an open one.
fn call(c: &mut Choices<'_>, driver: &Driver) -> Option<anygpt_core::CallHandle> {
    let open: Vec<_> = driver
        .model
        .open()
        .iter()
        .map(|open| open.call.handle)
        .collect();
    let dead = &driver.model.dead;
    let handles = if c.rarely(8) && !dead.is_empty() {
        &dead[..]
    } else {
        &open
    };
    let position = c.below(256);
    handles.get(position % handles.len().max(1)).copied()
}

fn answer(c: &mut Choices<'_>) -> ToolAnswer {
    let texts = c.one_of(&[1, 1, 1, 0, 2, 3]);
    ToolAnswer {
        texts: (0..texts).map(|_| write::text(c)).collect(),
        resources: (0..c.one_of(&[0, 0, 0, 1, 2]))
            .map(|_| c.below(5))
            .collect(),
        structured: c
            .one_of(&[
                None,
                Some("{}"),
                Some(r#"{"a":[1,"\n"],"b":null}"#),
                Some(r#"{"ü":{"x":1.5}}"#),
            ])
            .map(str::to_owned),
        is_error: c.rarely(4),
    }
}

fn report(c: &mut Choices<'_>) -> Report {
    Report {
        progress: match c.below(8) {
            7 => u64::MAX,
            6 => 0,
            _ => u64::from(c.byte()),
        },
        total: c.one_of(&[None, Some(0), Some(10), Some(u64::MAX)]),
        message: c.rarely(2).then(|| write::text(c)),
    }
}
