//! Keeps the requests that the tests send, for the judge of `tests/contracts/`, if `ANYGPT_TEST_BODIES` names a folder.
//!
//! Never here: a judgement, or the value of a header that could be a secret.

use std::fs::OpenOptions;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::Request;

/// Larger bodies are kept without their content: they are long texts, not other members.
const LARGEST: usize = 1024 * 1024;

/// Headers whose values are fixed, or made by the program itself.
const PLAIN: [&str; 11] = [
    "accept",
    "accept-encoding",
    "anthropic-beta",
    "anthropic-version",
    "connection",
    "content-type",
    "http-referer",
    "user-agent",
    "x-title",
    "x-openrouter-title",
    "openai-beta",
];

/// Writes a request of this test, once however often it is sent.
pub(super) fn keep(test: &str, request: &Request) {
    let Some(folder) = std::env::var_os("ANYGPT_TEST_BODIES") else {
        return;
    };
    let headers = request.headers.iter();
    let kept = json!({
        "test": test,
        "method": request.method,
        "path": request.path.split('?').next(),
        "headers": headers.map(|(name, value)| json!([name, shown(name, value)])).collect::<Vec<_>>(),
        "length": request.body.len(),
        "body": (request.body.len() <= LARGEST).then(|| request.json()),
    })
    .to_string();
    write(Path::new(&folder), &kept)
        .expect("ANYGPT_TEST_BODIES names a folder that can be written");
}

fn shown(name: &str, value: &str) -> Value {
    if PLAIN.contains(&name) {
        return value.into();
    }
    match value.split_once(' ') {
        Some((scheme, _)) if name == "authorization" => format!("{scheme} …").into(),
        _ => "…".into(),
    }
}

fn write(folder: &Path, kept: &str) -> std::io::Result<()> {
    let mut hasher = DefaultHasher::new();
    kept.hash(&mut hasher);
    std::fs::create_dir_all(folder)?;
    let name = format!("{:016x}.json", hasher.finish());
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(folder.join(name));
    match file {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        file => file?.write_all(kept.as_bytes()),
    }
}
