//! The mock provider as a program, for people and for clients in other languages.
//!
//! Only the command line is here; what it answers is in the library's `provider`.

// Its output is what it is for.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

use anygpt_tests::provider::{FAULTS, Provider};
use lexopt::prelude::*;

const HELP: &str = "\
mock-provider: OpenAI, Anthropic and Google on this machine, without a model and without cost

Usage: mock-provider [--port N] [--address IP]

Prints three base URLs as NAME=VALUE lines and serves until its standard input ends or it is
killed. Any key is accepted. Answers are streamed and repeat the last user text: \"echo: TEXT\".
Chat Completions are spoken as well, under /compatible/v1 and without a key; point
ANYGPT_PROVIDER_<ID>_BASE_URL or OLLAMA_HOST there.

  --port N        listen on this port (default: a free one)
  --address IP    listen on this address (default: 127.0.0.1), for clients in containers
  --help          show this text

Some models misbehave:
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("mock-provider: {problem}; see --help");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut port = 0;
    let mut address: IpAddr = Ipv4Addr::LOCALHOST.into();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => port = arguments.value()?.parse()?,
            Long("address") => address = arguments.value()?.parse()?,
            Short('h') | Long("help") => {
                print!("{HELP}");
                FAULTS.lines().for_each(|fault| println!("  {fault}"));
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let provider = Provider::start_at((address, port).into())?;
    for (name, url) in provider.urls() {
        println!("{name}={url}");
    }
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
