//! That `anygpt-core` links into a program without std, and works there.
//!
//! Never here: what the core answers in detail.
use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::Value;

/// It must be built alone: together with other crates, feature unification would bring std in.
#[test]
fn the_core_serves_a_session_in_a_program_without_std() {
    let build = Command::new(env!("CARGO"))
        .args([
            "build",
            "--locked",
            "-p",
            "anygpt-no-std",
            "--message-format=json",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be started");
    assert!(build.status.success());
    let program = build
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
        .expect("cargo names the program");

    let mut server = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = [
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo","arguments":{"a":1}}}"#,
    ];
    let mut stdin = server.stdin.take().unwrap();
    stdin.write_all(input.join("\n").as_bytes()).unwrap();
    drop(stdin);
    let output = server.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers[0]["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(answers[1]["result"]["tools"][0]["name"], "echo");
    assert_eq!(answers[2]["result"]["content"][0]["text"], r#"{"a":1}"#);
}
