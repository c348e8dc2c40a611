//! Which functions a session runs, as a script for the linker: it puts them side by side.
//!
//! A kernel maps a program's file 64 KiB at a time where it is touched. Without an order of their own, the functions that every
//! session needs lie between those for TLS, the command line and files of settings, and nearly all of the program becomes
//! resident; with it, less than half.
//!
//! Names stand in the script without what compilers and versions change. A function that is new or renamed only loses its
//! place.
//!
//! Never here: an order among these functions.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    gate::{fresh, valgrind},
    gateway,
    load::Load,
    process::Subject,
};

/// Before the names. Musl's objects end in `.lo`; it is small, and its sections are not all named. Behind it what has a name of C.
const BEFORE: &str = "\
/* What every session runs, side by side, and behind it what calls to providers need: see bench/src/layout.rs.
   Written by `make layout`. */
SECTIONS { .text.session : {
*crt*.o(.text .text.*)
*.lo(.text .text.*)
*(.text*.main .text*.memcpy .text*.memmove .text*.memcmp .text*.bcmp)
";

/// Behind them. Equal functions are merged, and that one of them stays which nobody has seen by its name: most of them drop
/// a value.
const AFTER: &str = "\
*(.text*._ZN4core3ptr*drop_in_place*)
} } INSERT BEFORE .text;
";

/// Runs sessions of this program, which must have its symbols, and writes the script into `file`.
///
/// # Errors
/// A session failed.
pub(crate) fn store(program: &Path, file: &Path, folder: &Path) -> io::Result<String> {
    let counted = fresh(folder)?;
    let subject = Subject::ours(program).under("valgrind", arguments(&counted));
    let mut server = subject.start()?;
    server.shake_hands()?;
    for load in [Load::ping(1), Load::list_tools(1), Load::call(10_000, 1)] {
        server.ask(&load.request(0))?;
    }
    server.end()?;
    let session = functions(&counted)?;
    let counted = fresh(folder)?;
    gateway::one_by_one_under(program, folder, 3, "valgrind", arguments(&counted))?;
    let calls = functions(&counted)?;
    let patterns = session.iter().chain(calls.difference(&session));
    let lines: String = patterns
        .map(|pattern| format!("*(.text*.{pattern})\n"))
        .collect();
    fs::write(file, [BEFORE, &lines, AFTER].concat())?;
    Ok(format!("{} functions\n", lines.lines().count()))
}

fn arguments(counted: &Path) -> Vec<OsString> {
    let mut arguments = valgrind(counted);
    arguments.insert(0, "--demangle=no".into());
    arguments
}

/// What all threads have run, as patterns.
fn functions(counted: &Path) -> io::Result<BTreeSet<String>> {
    let mut patterns = BTreeSet::new();
    for thread in 1.. {
        let file = PathBuf::from(format!("{}-{thread:02}", counted.display()));
        if !file.exists() {
            break;
        }
        for line in fs::read_to_string(file)?.lines() {
            let function = line
                .strip_prefix("fn=(")
                .or_else(|| line.strip_prefix("cfn=("))
                .and_then(|rest| rest.split_once(") "));
            patterns.extend(function.and_then(|(_, symbol)| pattern(symbol)));
        }
    }
    Ok(patterns)
}

/// A Rust function's name as a pattern for what it is called by any compiler.
fn pattern(symbol: &str) -> Option<String> {
    if symbol.starts_with("_ZN") {
        let (path, _hash) = symbol.rsplit_once("17h")?;
        return Some(format!("{path}17h*"));
    }
    // In the newer form, which the standard library has, each crate's name has a number before it, between "Cs" and "_".
    let path = symbol.strip_prefix("_R")?;
    let path = path.split(['.', '\'']).next().unwrap_or_default();
    let mut parts = path.split("Cs");
    let mut pattern = format!("_R{}", parts.next().unwrap_or_default());
    for part in parts {
        pattern.push_str("Cs*_");
        pattern.push_str(part.split_once('_').map_or("", |(_, rest)| rest));
    }
    pattern.push('*');
    Some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_compilers_change() {
        let cases = [
            (
                "_ZN10anygpt_mcp5stdio5Stdio5serve17h283f9083b3c556b7E",
                Some("_ZN10anygpt_mcp5stdio5Stdio5serve17h*"),
            ),
            (
                "_ZN4core3ptr4drop17h283f9083b3c556b7E.llvm.12'2",
                Some("_ZN4core3ptr4drop17h*"),
            ),
            (
                "_RNvNtCs2Nb3gJ4iU0I_5alloc3fmt6format.41",
                Some("_RNvNtCs*_5alloc3fmt6format*"),
            ),
            ("memcpy", None),
            ("0x0000000000273715", None),
        ];
        for (symbol, expected) in cases {
            assert_eq!(pattern(symbol).as_deref(), expected, "{symbol}");
        }
    }
}
