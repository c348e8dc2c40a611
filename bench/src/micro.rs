//! The state machine alone: no process, no pipe. The difference to `stdio` is the cost of the kernel.
//!
//! A loop of our own instead of criterion or divan: they bring 30 and 12 crates for statistics. The minimum of many
//! short stretches needs none, and on a busy machine the minimum is the value that repeats.
//!
//! Never here: anything of the program around the core.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use anygpt_core::{
    Action, Annotations, Budget, Catalog, Content, Implementation, Limits, NoLibrary, Server,
    Structured, Tool, ToolResult,
};

use crate::{
    load::{self, Load},
    report::{Report, Row},
};

/// Messages of one stretch, and stretches.
const MESSAGES: usize = 64;
const STRETCHES: usize = 300;

pub(crate) fn run(report: &mut Report) -> io::Result<()> {
    for (load, stretches) in [
        (Load::ping(MESSAGES), STRETCHES),
        (Load::list_tools(MESSAGES), STRETCHES),
        (Load::call(100, MESSAGES), STRETCHES),
        (Load::call(10_000, MESSAGES), STRETCHES / 10),
    ] {
        let least = least(&load, stretches)?;
        let nanoseconds = least.as_secs_f64() * 1e9 / MESSAGES as f64;
        let name = load.name.split(", 64").next().unwrap_or_default();
        report.add(Row::new(&format!("core alone: {name}"), "ns", nanoseconds));
    }
    Ok(())
}

/// The shortest time for a stretch of messages; the answers are verified after the last.
fn least(load: &Load, stretches: usize) -> io::Result<Duration> {
    let budget = Budget::new(64 << 20);
    let mut server = server(&budget);
    let (input, _) = load.requests(MESSAGES);
    let echo = match load.name.contains("10 KB") {
        true => load::prompt(10_000),
        false => load::prompt(100),
    };
    let content = [Content::Text(&echo)];
    let result = ToolResult {
        content: &content,
        structured: None,
        is_error: false,
    };
    let mut least = Duration::MAX;
    let mut output = Vec::new();
    let mut answers = Vec::new();
    for _ in 0..stretches {
        answers.clear();
        let mut rest = &input[..];
        let start = Instant::now();
        while !rest.is_empty() {
            let used = server.handle_input(rest);
            rest = &rest[used..];
            while let Some(action) = server.poll_action() {
                if let Action::CallTool(call) = action {
                    server.complete(call.handle, &result);
                }
            }
            server.take_output(&mut output);
            answers.extend_from_slice(&output);
        }
        least = least.min(start.elapsed());
    }
    load.verify(&answers, MESSAGES).map_err(io::Error::other)?;
    Ok(least)
}

fn server(budget: &Arc<Budget>) -> Server {
    let catalog = Catalog {
        server: Implementation {
            name: "bench".into(),
            title: "Bench".into(),
            version: "1".into(),
            description: "A bench".into(),
            icon: None,
        },
        instructions: "".into(),
        tools: vec![Tool {
            name: load::TOOL.into(),
            title: "Echo".into(),
            // As long as all our tools together.
            description: "x".repeat(4_000).into(),
            annotations: Annotations {
                read_only: true,
                idempotent: true,
                open_world: false,
            },
            input_schema: r#"{"type":"object"}"#.into(),
            output_schema: None,
        }],
        resources: Vec::new(),
        templates: Vec::new(),
        prompts: Vec::new(),
        is_private: false,
        structured: Structured::Auto,
    };
    Server::new(catalog, Box::new(NoLibrary), Limits::default(), budget)
}
