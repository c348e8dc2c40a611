//! Instructions that the static program needs for a fixed set of messages, counted by valgrind's callgrind.
//!
//! A count does not depend on the machine's speed or load, so growth is a fact and not noise. Only the thread that
//! serves stdin is counted; for calls to a provider, all threads. Start-up cancels out: N and 2 N messages are
//! counted, and the difference is the cost of N messages. Start-up has a count of its own. The environment has nothing
//! but what is set here.
//!
//! The memory of an idle server is measured as well: it depends on the kernel, but little.
//!
//! Never here: seconds.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::{
    gateway,
    load::Load,
    process::{HELLO, PATH, Subject, bundle},
};

/// How much larger a ceiling is than the count it is made from: only a change that needs more than this is questioned.
const ROOM: f64 = 0.10;

/// Most MiB that an idle server takes.
pub(crate) const RESIDENT: f64 = 3.0;

/// Calls to a provider in the first run; the second makes twice as many.
const CALLS: usize = 200;

/// Counts everything, and compares or stores the counts.
#[derive(Debug)]
pub(crate) struct Gate<'a> {
    pub(crate) program: &'a Path,
    /// Where the counts are stored.
    pub(crate) file: &'a Path,
    /// A folder for files.
    pub(crate) folder: &'a Path,
}

impl Gate<'_> {
    /// Prints the counts next to their ceilings.
    ///
    /// # Errors
    /// One is above its ceiling, has none, or could not be taken.
    pub(crate) fn compare(&self) -> io::Result<String> {
        let stored = fs::read_to_string(self.file)?;
        let ceilings: Vec<(&str, u64)> = stored.lines().filter_map(parse).collect();
        let mut text = String::new();
        let mut problems = Vec::new();
        for (name, count) in &self.counts()? {
            let Some((_, ceiling)) = ceilings.iter().find(|(known, _)| known == name) else {
                problems.push(format!("{name} has no ceiling"));
                continue;
            };
            text.push_str(&format!("{name:32} {count:>12} of {ceiling:>12}\n"));
            if count > ceiling {
                problems.push(format!(
                    "{name} needs {count} instructions, {ceiling} at most"
                ));
            }
        }
        let resident = self.resident()?;
        text.push_str(&format!(
            "resident after initialize {resident:.2} of {RESIDENT} MiB\n"
        ));
        if resident > RESIDENT {
            problems.push(format!("an idle server takes {resident:.2} MiB"));
        }
        if problems.is_empty() {
            return Ok(text);
        }
        Err(io::Error::other(format!(
            "\n{text}{}.\nIf the change is worth it, or another compiler is the reason, store new ceilings: make bench-count",
            problems.join("; ")
        )))
    }

    /// Stores ceilings for the counts of this program.
    pub(crate) fn store(&self) -> io::Result<String> {
        let mut text = format!(
            "# Most instructions for each message (or life) of the static x86_64 program: {:.0} % above what it needed when\n\
             # `make bench-count` wrote this. Compared by `make bench-gate`; bench/README.md says how they are counted.\n",
            100.0 * ROOM,
        );
        if let Some(compiler) = compiler() {
            text.push_str(&format!("# Compiled by {compiler}.\n"));
        }
        for (name, count) in self.counts()? {
            let ceiling = (count as f64 * (1.0 + ROOM)).ceil();
            text.push_str(&format!("{name:32} {ceiling:>12}\n"));
        }
        fs::write(self.file, &text)?;
        Ok(text)
    }

    fn counts(&self) -> io::Result<Vec<(String, u64)>> {
        let bundle = bundle(self.folder)?;
        let life = |environment: &[(&str, &Path)]| {
            self.count(HELLO.as_bytes(), environment, |lines| lines == 1)
        };
        let mut counts = vec![
            ("start, initialize, end".to_owned(), life(&[])?),
            // As in a company's containers: nothing is read before the first connection.
            (
                "the same, certificates named".to_owned(),
                life(&[("SSL_CERT_FILE", &bundle)])?,
            ),
        ];
        let loads = [
            (Load::ping(1), 2_000),
            (Load::list_tools(1), 500),
            (Load::call(100, 1), 500),
            (Load::call(10_000, 1), 50),
            (Load::call(1_000_000, 1), 4),
        ];
        for (load, messages) in loads {
            let count = |messages: usize| {
                let mut input = HELLO.as_bytes().to_vec();
                input.extend(load.requests(messages).0);
                self.count(&input, &[], |lines| lines == messages + 1)
            };
            let (once, twice) = (count(messages)?, count(2 * messages)?);
            let each = twice.saturating_sub(once) / messages as u64;
            let name = load.name.trim_end_matches(", 1 in flight");
            counts.push((name.to_owned(), each));
        }
        let (once, twice) = (
            self.count_provider_calls(CALLS)?,
            self.count_provider_calls(2 * CALLS)?,
        );
        let each = twice.saturating_sub(once) / CALLS as u64;
        counts.push(("provider call".to_owned(), each));
        Ok(counts)
    }

    /// MiB of a server that has been initialized.
    fn resident(&self) -> io::Result<f64> {
        // Of a program that was just written the kernel keeps larger pieces, and maps more of it than is used: the same program
        // takes 0.3 MiB more then.
        let program = fs::File::open(self.program)?;
        program.sync_all()?;
        rustix::fs::fadvise(&program, 0, None, rustix::fs::Advice::DontNeed)?;
        let mut server = Subject::ours(self.program).start()?;
        server.shake_hands()?;
        // Wait until the threads of the start exist.
        thread::sleep(Duration::from_millis(20));
        let resident = server.resident() / 1024.0;
        server.end()?;
        Ok(resident)
    }

    /// What all threads take for so many calls to a provider, one after another.
    fn count_provider_calls(&self, calls: usize) -> io::Result<u64> {
        let counted = fresh(self.folder)?;
        gateway::one_by_one_under(
            self.program,
            self.folder,
            calls,
            "valgrind",
            valgrind(&counted),
        )?;
        let mut all = total(&counted, 1)?;
        // A thread that ended early, or never started, has no file.
        for thread in 2..10 {
            all += total(&counted, thread).unwrap_or_default();
        }
        Ok(all)
    }

    /// Instructions of one run of the program with this input; `is_answer` judges the number of answered lines.
    fn count(
        &self,
        input: &[u8],
        environment: &[(&str, &Path)],
        is_answer: impl Fn(usize) -> bool,
    ) -> io::Result<u64> {
        let [given, answered] = ["gate-input", "gate-answers"].map(|name| self.folder.join(name));
        let counted = fresh(self.folder)?;
        fs::write(&given, input)?;
        // To a file, which never blocks: the speed of a reader would change the counts.
        let status = Command::new("valgrind")
            .args(valgrind(&counted))
            .arg(self.program)
            .env_clear()
            .env("PATH", PATH)
            .env("DEFAULT_PROVIDER", "mock")
            .envs(environment.iter().copied())
            .stdin(fs::File::open(&given)?)
            .stdout(fs::File::create(&answered)?)
            .stderr(Stdio::null())
            .status()
            .map_err(|error| io::Error::other(format!("valgrind: {error}")))?;
        if !status.success() {
            return Err(io::Error::other(format!("under valgrind: {status}")));
        }
        let answers = fs::read(&answered)?;
        if !is_answer(answers.iter().filter(|&&byte| byte == b'\n').count()) {
            return Err(io::Error::other("not every message was answered"));
        }
        total(&counted, 1)
    }
}

/// An empty folder for the counts of a run, below this one.
fn fresh(folder: &Path) -> io::Result<PathBuf> {
    let folder = folder.join("counts");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder.join("thread"))
}

/// Valgrind's arguments, to be put before the program.
fn valgrind(counted: &Path) -> Vec<OsString> {
    let mut file = OsString::from("--callgrind-out-file=");
    file.push(counted);
    ["--tool=callgrind", "--separate-threads=yes", "--quiet"]
        .map(OsString::from)
        .into_iter()
        .chain([file])
        .collect()
}

/// Instructions of one thread.
fn total(counted: &Path, thread: usize) -> io::Result<u64> {
    let counts = fs::read_to_string(format!("{}-{thread:02}", counted.display()))?;
    counts
        .lines()
        .find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
        .ok_or_else(|| io::Error::other("callgrind says no total"))
}

/// A line of the file: a name and its count.
fn parse(line: &str) -> Option<(&str, u64)> {
    if line.starts_with('#') {
        return None;
    }
    let (name, count) = line.rsplit_once(' ')?;
    Some((name.trim_end(), count.parse().ok()?))
}

fn compiler() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_file_are_names_and_counts() {
        assert_eq!(
            parse("call, 10 KB           1234"),
            Some(("call, 10 KB", 1234))
        );
        assert_eq!(parse("# Compiled by rustc 1"), None);
        assert_eq!(parse(""), None);
    }
}
