//! A whole MCP conversation with the real program, printed so that a person can follow it.
//!
//! It uses the provider that is configured in the environment; without one, the built-in mock.
//!
//! Never here: checks (the tests do those).

#![allow(clippy::print_stdout, clippy::print_stderr)] // Printing is its purpose.

use std::{
    env,
    io::{self, BufRead, BufReader, Lines, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio},
};

use serde_json::{Value, json};

/// Longer lines are shortened for the reader.
const SHOWN: usize = 400;

fn main() -> ExitCode {
    let Some(program) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: conversation PATH-OF-ANYGPT-MCP [PROMPT]");
        return ExitCode::from(2);
    };
    let prompt = env::args().nth(2);
    match converse(&program, prompt) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("The conversation broke off: {error}");
            ExitCode::FAILURE
        }
    }
}

fn converse(program: &PathBuf, prompt: Option<String>) -> io::Result<ExitCode> {
    let configured = Command::new(program)
        .args(["config", "validate"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?
        .success();
    let mut command = Command::new(program);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    if configured {
        println!("A provider is configured: its default model will answer.\n");
    } else {
        println!(
            "No provider is configured, so the built-in mock will answer: it echoes. Set OPENAI_API_KEY,\n\
             ANTHROPIC_API_KEY or GOOGLE_API_KEY to ask a real model.\n"
        );
        command.env("DEFAULT_PROVIDER", "mock");
    }
    let mut client = Client::start(&mut command)?;

    println!("1. The client introduces itself, and both agree on a revision of the protocol.");
    let hello = client.request(
        "initialize",
        &json!({"protocolVersion": "2025-11-25", "capabilities": {},
               "clientInfo": {"name": "conversation", "version": "1"}}),
    )?;
    client.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)?;
    let server = &hello["result"]["serverInfo"];
    println!(
        "   It is {} {}.\n",
        text(&server["name"]),
        text(&server["version"])
    );

    println!("2. Which tools are there?");
    let list = client.request("tools/list", &json!({}))?;
    for tool in list["result"]["tools"].as_array().into_iter().flatten() {
        println!("   {}: {}", text(&tool["name"]), text(&tool["description"]));
    }

    println!("\n3. Which providers can be asked?");
    let providers = client.call("anygpt_list_providers", &json!({}))?;
    println!("{}\n", indented(&providers));

    println!("4. A question.");
    let prompt =
        prompt.unwrap_or_else(|| "Say hello to the person who reads this, in one sentence.".into());
    let answer = client.call("anygpt_chat_completion", &json!({"prompt": prompt}))?;
    println!("{}\n", indented(&answer));

    println!("5. The client closes its end, and the server leaves.");
    let code = client.finish()?;
    println!("   It left with exit code {code}.");
    Ok(if code == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

struct Client {
    process: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    last_id: u64,
}

impl Client {
    fn start(command: &mut Command) -> io::Result<Self> {
        let mut process = command.spawn()?;
        let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("the server has no pipes"));
        };
        Ok(Client {
            process,
            stdin,
            stdout: BufReader::new(stdout).lines(),
            last_id: 0,
        })
    }

    fn send(&mut self, line: &str) -> io::Result<()> {
        println!("   client → {}", shown(line));
        writeln!(self.stdin, "{line}")
    }

    fn request(&mut self, method: &str, params: &Value) -> io::Result<Value> {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#
        ))?;
        loop {
            let line = self
                .stdout
                .next()
                .ok_or_else(|| io::Error::other("the server has exited"))??;
            println!("   server → {}", shown(&line));
            let answer: Value = serde_json::from_str(&line)?;
            if answer["id"] == id {
                return Ok(answer);
            }
        }
    }

    /// The text of a tool's answer.
    fn call(&mut self, tool: &str, arguments: &Value) -> io::Result<String> {
        let params = json!({"name": tool, "arguments": arguments});
        let answer = self.request("tools/call", &params)?;
        let blocks = answer["result"]["content"].as_array();
        let texts = blocks
            .into_iter()
            .flatten()
            .map(|block| text(&block["text"]));
        Ok(texts.collect::<Vec<_>>().join("\n"))
    }

    fn finish(mut self) -> io::Result<i32> {
        drop(self.stdin);
        Ok(self.process.wait()?.code().unwrap_or(-1))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("   {line}")).collect();
    lines.join("\n")
}

fn shown(line: &str) -> String {
    if line.chars().count() <= SHOWN {
        return line.to_owned();
    }
    let start: String = line.chars().take(SHOWN).collect();
    format!("{start}… ({} bytes)", line.len())
}
