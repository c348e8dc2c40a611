//! The harness, tested with small programs that every system has.

use std::time::{Duration, Instant};

use anygpt_tests::server::{Builder, Exit, Server, Signal, Stdin, binary};
use serde_json::json;

fn shell(script: &str) -> Builder {
    Server::builder().program("sh").args(["-c", script])
}

#[test]
fn lines_come_one_by_one_and_the_exit_code_last() {
    let mut server = shell("read a; echo \"got $a\"; read b; echo \"and $b\" >&2; exit 7").spawn();
    server.send("one");
    assert_eq!(server.line(), "got one");
    server.send_raw(b"tw");
    server.send_raw(b"o\n");
    server.wait_stderr("and two");
    assert_eq!(
        server.wait(),
        Exit {
            code: Some(7),
            signal: None
        }
    );
    assert_eq!(server.stdout(), b"got one\n");
}

#[test]
fn environment_holds_only_path_and_what_was_given() {
    let output = Server::builder().program("env").env("GIVEN", "1").run(b"");
    let mut names: Vec<_> = output
        .stdout
        .lines()
        .filter_map(|line| line.split('=').next())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["DOCKER_MODEL_RUNNER", "GIVEN", "PATH"]);
}

#[test]
fn requests_find_their_answers_and_keep_the_rest() {
    let script = r#"read a; echo '{"jsonrpc":"2.0","method":"notifications/progress"}'
        echo '{"jsonrpc":"2.0","id":"request-1","result":{"ok":true}}'; cat"#;
    let mut server = shell(script).spawn();
    assert_eq!(
        server.request("x", json!({}))["result"],
        json!({"ok": true})
    );
    assert_eq!(server.json()["method"], "notifications/progress");
    server.close_stdin();
    assert_eq!(server.wait().code, Some(0));
}

#[test]
fn stdin_kinds() {
    let kind = |stdin| {
        shell("readlink /proc/self/fd/0 || echo none")
            .stdin(stdin)
            .run(b"")
            .stdout
    };
    assert!(kind(Stdin::Pipe).starts_with("pipe:"));
    assert_eq!(kind(Stdin::Null), "/dev/null\n");
    assert_eq!(kind(Stdin::File("/".into())), "/\n");
    assert_eq!(kind(Stdin::Closed), "none\n");
}

#[test]
fn signals_arrive() {
    let mut server = Server::builder().program("cat").spawn();
    assert!(server.is_running());
    server.signal(Signal::TERM);
    assert_eq!(
        server.wait(),
        Exit {
            code: None,
            signal: Some(15)
        }
    );
}

#[test]
fn a_paused_stdout_fills_the_pipe_and_loses_nothing() {
    let mut server = Server::builder().program("cat").spawn();
    server.send("first");
    assert_eq!(server.line(), "first");
    server.pause_stdout();
    server.send(&"x".repeat(1_000_000));
    std::thread::sleep(Duration::from_millis(100));
    assert!(
        server.unsent() > 0,
        "two pipes hold far less than a megabyte"
    );
    assert_eq!(server.stdout().len(), 6);
    server.resume_stdout();
    assert_eq!(server.line().len(), 1_000_000);
    server.wait_sent();
}

#[test]
fn a_closed_stdout_breaks_the_next_write() {
    let mut server = Server::builder().program("cat").spawn();
    server.close_stdout();
    server.send("into the void");
    assert_eq!(server.wait().signal, Some(13));
}

#[test]
fn an_unread_stderr_blocks_who_writes_too_much() {
    let mut server = shell("head -c 200000 /dev/zero >&2; echo done")
        .unread_stderr()
        .spawn();
    assert_eq!(server.line_within(Duration::from_millis(200)), None);
    assert!(server.is_running());
    server.close_stderr();
    assert_eq!(server.line(), "done");
}

#[test]
fn waiting_ends_and_shows_what_was_seen() {
    let begun = Instant::now();
    let failure = std::panic::catch_unwind(|| {
        let mut server = shell("echo before; echo why >&2; exec sleep 600")
            .limit(Duration::from_millis(300))
            .spawn();
        server.line();
        server.line();
    });
    let text = failure.unwrap_err().downcast::<String>().unwrap();
    assert!(
        text.contains("no further line") && text.contains("before") && text.contains("why"),
        "{text}"
    );
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn what_no_client_should_be_sent_fails_a_test_that_does_not_look_at_it() {
    // A script whose last argument is the program's path counts as the program.
    let pretend = |line: &str| {
        let script = format!("echo '{line}'");
        Server::builder()
            .program("sh")
            .args(["-c", &script])
            .arg(binary())
            .spawn()
    };
    let error = r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"m"}}"#;
    let waited = std::panic::catch_unwind(|| pretend(error).wait());
    let dropped = std::panic::catch_unwind(|| {
        let mut server = pretend(error);
        server.line();
    });
    for failure in [waited.map(|_| ()), dropped] {
        let text = failure.unwrap_err().downcast::<String>().unwrap();
        assert!(text.contains("more errors without an id"), "{text}");
    }
    // A test that has already failed reports its own reason.
    let failed = std::panic::catch_unwind(|| {
        let mut server = pretend(error);
        server.line();
        panic!("the real reason");
    });
    let text = failed.unwrap_err().downcast::<&str>().unwrap();
    assert_eq!(*text, "the real reason");
}

/// In any form, on either output, whether the test waits for the end or drops the server.
#[test]
fn a_configured_secret_in_any_output_fails_a_test_that_does_not_look_for_it() {
    let key = "sk-mock/0123456789";
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("hunted-key");
    std::fs::write(&file, format!("{key}\n")).unwrap();
    let config = file.with_extension("yaml");
    std::fs::write(&config, format!("providers:\n  x:\n    api_key: '{key}'\n")).unwrap();
    let variables = [
        ("X_API_KEY", key.to_owned()),
        ("ANTHROPIC_AUTH_TOKEN", key.to_owned()),
        ("X_API_KEY_FILE", file.to_str().unwrap().to_owned()),
        ("CONFIG_FILE", config.to_str().unwrap().to_owned()),
        (
            "HTTPS_PROXY",
            format!("http://me:{key}@127.0.0.1:1").replace("k/", "k-"),
        ),
        (
            "X_BASE_URL",
            "http://127.0.0.1:1/v1?api-version=2024-10-21&team=sk-mock/0123456789&x=k/012345"
                .to_owned(),
        ),
        (
            "X_CUSTOM_HEADERS",
            "X-Title: title-01234567\nX-Team: sk-mock/0123456789\nX-B: k/012345".to_owned(),
        ),
    ];
    for (variable, value) in variables {
        let shown = match variable {
            "HTTPS_PROXY" => "sk-mock-0123456789",
            _ => key,
        };
        for script in [
            format!("echo 'so {shown}.'"),
            format!("echo 'so {shown}.' >&2"),
            format!("printf %s {shown} | base64 >&2"),
            format!("echo 'bad key ...{}...'", &shown[6..14]),
        ] {
            let start = || shell(&script).env(variable, &value).spawn();
            let waited = std::panic::catch_unwind(|| start().wait());
            let dropped = std::panic::catch_unwind(|| {
                let server = start();
                server.until("it has written", || {
                    !server.stdout().is_empty() || !server.stderr().is_empty()
                });
            });
            for failure in [waited.map(drop), dropped] {
                let failure = failure.unwrap_err();
                let message = failure.downcast_ref::<String>().unwrap();
                assert!(
                    message.contains("a configured secret was written"),
                    "{message}"
                );
            }
        }
    }
    let seen = shell("env").env("X_API_KEY", key).shows_secrets().run(b"");
    assert!(seen.stdout.contains(key), "{}", seen.stdout);
}
