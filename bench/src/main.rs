//! Measures the server as a process: from start to first answer, from end of input to exit, memory.
//!
//! Numbers are medians over many runs, with minimum and maximum beside them; on a shared machine compare
//! ratios, not single numbers.
//!
//! Never here: a verdict. A timed test fails on a busy machine and proves nothing on an idle one.

#![allow(clippy::print_stdout, clippy::print_stderr)] // Printing is what it does.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

const RUNS: usize = 101;

const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;

fn main() -> ExitCode {
    let Some(program) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: anygpt-bench PATH-OF-ANYGPT-MCP");
        return ExitCode::from(2);
    };
    match measure(&program) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", program.display());
            ExitCode::FAILURE
        }
    }
}

/// One life of the server.
struct Run {
    answered: Duration,
    left: Duration,
    resident_kib: u64,
    peak_kib: u64,
}

fn measure(program: &Path) -> io::Result<()> {
    let mut runs = Vec::with_capacity(RUNS);
    run(program)?; // The first one reads the program from disk.
    for _ in 0..RUNS {
        runs.push(run(program)?);
    }
    println!(
        "{RUNS} runs of {} ({} bytes)",
        program.display(),
        fs::metadata(program)?.len()
    );
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    row(
        "start to first answer, µs",
        runs.iter().map(|run| micros(run.answered)),
    );
    row(
        "end of input to exit, µs",
        runs.iter().map(|run| micros(run.left)),
    );
    row(
        "resident after it, KiB",
        runs.iter().map(|run| run.resident_kib),
    );
    row("peak, KiB", runs.iter().map(|run| run.peak_kib));
    Ok(())
}

fn row(name: &str, values: impl Iterator<Item = u64>) {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    if let (Some(min), Some(max)) = (values.first(), values.last()) {
        let median = values[values.len() / 2];
        println!("{name:28} median {median:7}  min {min:7}  max {max:7}");
    }
}

fn run(program: &Path) -> io::Result<Run> {
    let start = Instant::now();
    let mut server = Command::new(program)
        .env_clear()
        .env("OPENAI_API_KEY", "not-a-key")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let (Some(mut stdin), Some(stdout)) = (server.stdin.take(), server.stdout.take()) else {
        return Err(io::Error::other("no pipes"));
    };
    writeln!(stdin, "{HELLO}")?;
    let mut answer = String::new();
    BufReader::new(stdout).read_line(&mut answer)?;
    let answered = start.elapsed();
    if !answer.contains("protocolVersion") {
        return Err(io::Error::other(format!("unexpected answer: {answer}")));
    }
    // Now the threads of the first moment are there, too.
    std::thread::sleep(Duration::from_millis(5));
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap_or_default();
    let end = Instant::now();
    drop(stdin);
    server.wait()?;
    Ok(Run {
        answered,
        left: end.elapsed(),
        resident_kib: field(&status, "VmRSS:"),
        peak_kib: field(&status, "VmHWM:"),
    })
}

/// A number of `/proc/PID/status`; 0 where there is no such file.
fn field(status: &str, name: &str) -> u64 {
    status
        .lines()
        .find_map(|line| {
            line.strip_prefix(name)?
                .trim()
                .strip_suffix(" kB")?
                .parse()
                .ok()
        })
        .unwrap_or(0)
}
