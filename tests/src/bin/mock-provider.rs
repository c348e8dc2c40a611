//! The mock provider as a program, for people and for clients in other languages.
//!
//! Only the command line is here; its answers are in the library's `provider`.

// Printing is its purpose.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

use anygpt_tests::provider::{FAULTS, Family, Provider, SHAPES};
use lexopt::prelude::*;

const HELP: &str = "\
mock-provider: every format of the providers on this machine, without a model and without cost

Usage: mock-provider [--port N] [--address IP]

Prints the base URL of each format as a NAME=VALUE line and serves until its standard input ends or it is
killed. Any key is accepted; Chat Completions need none. Answers are streamed and repeat the
last user text: \"echo: TEXT\". Lists of models come in pages where the family has pages.

  --port N        listen on this port (default: a free one)
  --address IP    listen on this address (default: 127.0.0.1), for clients in containers
  --help          show this text

A fault is asked for by the name of the model (fault-503), or by a base URL with the fault in
front of its path (http://127.0.0.1:8089/fault-503/openai/v1): then every request meets it,
lists of models too. Names:
";

/// The shapes that a fault's body can have, and how a wait is written.
const WORDS: &str = "
SHAPE is one of
WAIT is ms-N (retry-after-ms), s-N (retry-after, in seconds), date-N (retry-after, as a date), info-N
(Google's RetryInfo), no or yes (x-should-retry). Examples: fault-429+ms-20, fault-502-html,
fault-once-500+no, fault-200-text.
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
                print!("{}", WORDS.replace("one of", &format!("one of {SHAPES}.")));
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let provider = Provider::start_at((address, port).into())?;
    for family in Family::ALL {
        let [(name, url), _] = provider.family_env(family);
        println!("{name}={url}");
    }
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
