//! Keeps the program busy for a long time, and reports whether it stays correct and small.
//!
//! Only the command line and the table are here; the work is in the library's `soak`.

// Printing is its purpose.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anygpt_tests::soak::{self, Plan, Tally, Told};
use lexopt::prelude::*;

const HELP: &str = "\
soak: long sessions of anygpt-mcp with mixed calls, faults, cancels and slow clients

Usage: soak [--seconds N] [--seed N] [--sessions N] PROGRAM

Ends with 0 if every call got exactly one answer, every line was right and nothing grew.

  --seconds N     how long calls are sent (default: 600)
  --seed N        send what a run with this seed has sent (default: another one each time)
  --sessions N    sessions at once, each a process of its own (default: 4)
  --help          show this text
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("soak: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let (mut seconds, mut seed, mut sessions) = (600, None, 4);
    let mut program = None;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("seconds") => seconds = arguments.value()?.parse()?,
            Long("seed") => seed = Some(arguments.value()?.parse()?),
            Long("sessions") => sessions = arguments.value()?.parse()?,
            Value(path) => program = Some(PathBuf::from(path)),
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let plan = Plan {
        program: program.ok_or("give PROGRAM; see --help")?,
        time: Duration::from_secs(seconds),
        seed: match seed {
            Some(seed) => seed,
            None => u64::from(SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos()),
        },
        sessions,
    };
    let seed = plan.seed;
    println!("{sessions} sessions for {seconds} s, seed {seed}");
    let told = soak::run(&plan).map_err(|problem| {
        format!("{problem}\n--- again: soak --seconds {seconds} --sessions {sessions} --seed {seed} PROGRAM")
    })?;
    show(&told, seconds);
    Ok(())
}

fn show(told: &[Told], seconds: u64) {
    println!(
        "revision    requests  answers  cancelled  MiB start  end  peak  fds  threads  judged lines"
    );
    let mut sum = Tally::default();
    for session in told {
        let first = session.samples.first().copied().unwrap_or_default();
        let last = session.samples.last().copied().unwrap_or_default();
        let mib = |bytes: u64| format!("{}.{}", bytes >> 20, ((bytes % (1 << 20)) * 10) >> 20);
        println!(
            "{}  {:>8} {:>8} {:>10} {:>10} {:>5} {:>5} {:>4} {:>8} {:>13}",
            session.revision,
            session.tally.requests,
            session.tally.answers(),
            session.tally.cancelled,
            mib(first.memory),
            mib(last.memory),
            mib(session.peak),
            last.descriptors,
            last.threads,
            session.judged,
        );
        sum.add(&session.tally);
    }
    let per_second = sum.requests / seconds.max(1);
    println!(
        "{} requests ({per_second}/s) and {} bad lines: {} answers, of which {} errors of the protocol; \
         {} cancelled, {} of them answered all the same; {} notifications",
        sum.requests,
        sum.bad_lines,
        sum.answers(),
        sum.errors,
        sum.cancelled,
        sum.crossed,
        sum.notifications,
    );
    println!("errors of tools:");
    for (class, count) in &sum.classes {
        println!("  {class:<16} {count:>8}");
    }
}
