//! Environment, configuration file and command line: which settings are refused and with which message, what counts as
//! not set, which of two places wins.
//!
//! Never here: other ways to end (`process/endings.rs`), or the effect of valid settings beyond proof that they count.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use anygpt_tests::outcome::assert_parts;
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::server::{Builder, Output, Server, Stdin, binary, run};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

const NOTHING: [(&str, &str); 0] = [];

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","method":"initialize","id":1,"params":{}}"#;

const LIST: &str = r#"{"jsonrpc":"2.0","method":"tools/list","id":1}"#;

/// A file of this test program. It is complete or absent, even if two test programs run at a time.
fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    file_with_mode(name, content.as_ref(), 0o600)
}

fn file_with_mode(name: &str, content: &[u8], mode: u32) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("settings-{name}"));
    let new = path.with_extension(std::process::id().to_string());
    std::fs::write(&new, content).unwrap();
    std::fs::set_permissions(&new, PermissionsExt::from_mode(mode)).unwrap();
    std::fs::rename(&new, &path).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs the program as a user who may not read every file: as root, without the capabilities that permit it. `None`,
/// with a line on stderr, where that is not possible; in continuous integration it must be.
fn ordinary_user() -> Option<Builder> {
    const WITHOUT: &str = "--bounding-set=-dac_override,-dac_read_search";
    if !rustix::process::geteuid().is_root() {
        return Some(Server::builder());
    }
    let tried = Command::new("setpriv").args([WITHOUT, "true"]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        let why =
            "the tests run as root, and setpriv (util-linux) is missing: root may read every file";
        assert!(std::env::var_os("CI").is_none(), "{why}");
        eprintln!("SKIPPED: {why}");
        return None;
    }
    let builder = Server::builder().program("setpriv");
    Some(builder.arg(WITHOUT).arg(binary()))
}

/// Settings that cannot be used.
struct Bad {
    variables: Vec<(&'static str, OsString)>,
    /// Parts of the message: the setting, the problem, the fix.
    says: &'static [&'static str],
    /// Only a user who may not read every file is refused.
    ordinary: bool,
    /// The provider that it belongs to, which is switched off; without one the start stops.
    of: Option<&'static str>,
}

impl Bad {
    /// All kinds. Made once, since tests that run in parallel share their files.
    fn all() -> &'static [Bad] {
        static ALL: LazyLock<Vec<Bad>> = LazyLock::new(Bad::make);
        &ALL
    }

    /// Those that stop the start.
    fn stopping() -> impl Iterator<Item = &'static Bad> {
        Bad::all().iter().filter(|bad| bad.of.is_none())
    }

    fn make() -> Vec<Bad> {
        let bad = |variables: &[(&'static str, &str)], says| Bad {
            variables: variables
                .iter()
                .map(|(name, value)| (*name, OsString::from(value)))
                .collect(),
            says,
            ordinary: false,
            of: None,
        };
        let off = |id, variables: &[(&'static str, &str)], says| Bad {
            of: Some(id),
            ..bad(variables, says)
        };
        let config = |name: &str, text: &str| file(&format!("{name}.yaml"), text);
        let mut all = vec![
            bad(
                &[("LOG_LEVEL", "loud")],
                &["LOG_LEVEL", "loud", "debug, info, warn or error"],
            ),
            bad(
                &[("LOG_FORMAT", "xml")],
                &["LOG_FORMAT", "xml", "text or json"],
            ),
            bad(
                &[("DEFAULT_PROVIDER", "nobody")],
                &[
                    "DEFAULT_PROVIDER",
                    "nobody",
                    "openai, anthropic, google",
                    "mock",
                ],
            ),
            bad(
                &[("ANYGPT_STANDBY", "perhaps")],
                &["ANYGPT_STANDBY", "perhaps", "auto, always or never"],
            ),
            bad(
                &[("ANYGPT_TIMEOUT", "1m")],
                &["ANYGPT_TIMEOUT", "1m", "whole number of seconds"],
            ),
            bad(
                &[("ANYGPT_FIRST_BYTE_TIMEOUT", "0")],
                &["ANYGPT_FIRST_BYTE_TIMEOUT", "seconds from 1 to 86400"],
            ),
            bad(
                &[("ANYGPT_IDLE_TIMEOUT", "86401")],
                &["ANYGPT_IDLE_TIMEOUT", "seconds from 1 to 86400"],
            ),
            bad(
                &[("ANYGPT_RETRIES", "11")],
                &["ANYGPT_RETRIES", "11", "whole number from 0 to 10"],
            ),
            bad(
                &[("ANYGPT_SHUTDOWN_GRACE", "-1")],
                &["ANYGPT_SHUTDOWN_GRACE", "-1", "whole number of seconds"],
            ),
            bad(
                &[("ANYGPT_DENY_PROVIDERS", "openai, opnai")],
                &["ANYGPT_DENY_PROVIDERS", "opnai", "perhaps you mean openai"],
            ),
            bad(
                &[("ANYGPT_ALLOW_MODELS", " , ")],
                &["ANYGPT_ALLOW_MODELS", "empty list", "leave the setting out"],
            ),
            bad(
                &[("ANYGPT_MAX_TOKENS", "many")],
                &["ANYGPT_MAX_TOKENS", "whole number from 1 to 4294967295"],
            ),
            bad(
                &[("ANYGPT_MAX_COST_USD", "0")],
                &["ANYGPT_MAX_COST_USD", "a number above 0"],
            ),
            bad(
                &[("ANYGPT_MAX_TIMEOUT", "1m")],
                &["ANYGPT_MAX_TIMEOUT", "whole number of seconds"],
            ),
            bad(
                &[(
                    "CONFIG_FILE",
                    &config("allow", "limits:\n  allow_providers: []\n"),
                )],
                &[
                    "limits.allow_providers (line 2 of the configuration file)",
                    "empty list",
                ],
            ),
            bad(
                &[(
                    "CONFIG_FILE",
                    &config("money", "limits:\n  max_cost_usd: .inf\n"),
                )],
                &["limits.max_cost_usd (line 2", "a number above 0"],
            ),
            bad(
                &[("CONFIG_FILE", &config("time", "limits: {max_timeout: 0}"))],
                &["limits.max_timeout (line 1", "from 1 to 86400"],
            ),
            bad(
                &[(
                    "CONFIG_FILE",
                    &config(
                        "price",
                        "models: {openai/a: {price: {input: -1, output: 1}}}",
                    ),
                )],
                &[
                    "line 1, column 36: models.openai/a.price.input",
                    "a price must be 0 or more",
                ],
            ),
            bad(
                &[("CONFIG_FILE", "/nowhere/anygpt.yaml")],
                &["/nowhere/anygpt.yaml", "No such file", "CONFIG_FILE"],
            ),
            bad(
                &[("CONFIG_FILE", env!("CARGO_TARGET_TMPDIR"))],
                &[env!("CARGO_TARGET_TMPDIR"), "folder", "CONFIG_FILE"],
            ),
            bad(
                &[("CONFIG_FILE", &config("malformed", "a: 1\nproviders: [\n"))],
                &["settings-malformed.yaml", "line 2", "not closed"],
            ),
            bad(
                &[(
                    "CONFIG_FILE",
                    &config("unknown", "providers:\n  openai:\n    base_uri: x\n"),
                )],
                &[
                    "settings-unknown.yaml",
                    "line 3",
                    "providers.openai",
                    "did you mean \"base_url\"",
                ],
            ),
            bad(
                &[(
                    "CONFIG_FILE",
                    &config("nobody", "defaults:\n  provider: nobody\n"),
                )],
                &[
                    "defaults.provider",
                    "line 2",
                    "nobody",
                    "openai, anthropic, google",
                ],
            ),
            off(
                "openai",
                &[(
                    "CONFIG_FILE",
                    &config("url", "providers:\n  openai:\n    base_url: ftp://a.b\n"),
                )],
                &["providers.openai.base_url", "line 3", "https://"],
            ),
            bad(
                &[(
                    "CONFIG_FILE",
                    &config("model", "models:\n  opnai/gpt-5: {tags: [fast]}\n"),
                )],
                &[
                    "settings-model.yaml",
                    "line 2, column 3",
                    "models.opnai/gpt-5",
                    "did you mean \"openai\"",
                ],
            ),
            bad(
                &[(
                    "CONFIG_FILE",
                    &config("tag", "models:\n  openai/a:\n    tags: [fast, a/b]\n"),
                )],
                &[
                    "settings-tag.yaml",
                    "line 3, column 18",
                    "models.openai/a.tags[1]",
                    "join words with",
                ],
            ),
            bad(
                &[(
                    "CONFIG_FILE",
                    &config(
                        "alias",
                        "aliases:\n  fast:\n    - openai/a\n    - opnai/b\n",
                    ),
                )],
                &[
                    "settings-alias.yaml",
                    "line 4, column 7",
                    "aliases.fast[1]",
                    "did you mean \"openai\"",
                ],
            ),
            bad(
                &[(
                    "CONFIG_FILE",
                    &config("rule", "rules:\n  openai/a*:\n    drop: [temprature]\n"),
                )],
                &[
                    "settings-rule.yaml",
                    "line 3, column 12: rules.openai/a*.drop[0]",
                    "did you mean \"temperature\"",
                ],
            ),
            bad(
                &[(
                    "CONFIG_FILE",
                    &config("missing", "aliases:\n  fast: 'openai/${FAST_MODEL}'\n"),
                )],
                &[
                    "settings-missing.yaml",
                    "line 2, column 9: aliases.fast: the variable FAST_MODEL is not set; set it, or write \
                     ${FAST_MODEL:-default}",
                ],
            ),
            bad(
                &[("CONFIG_FILE", &config("call", "timeouts: {call: 0}"))],
                &["timeouts.call (line 1", "\"0\"", "from 1 to 86400"],
            ),
            bad(
                &[("CONFIG_FILE", &config("retries", "\nretries: 11"))],
                &["retries (line 2", "\"11\"", "from 0 to 10"],
            ),
            bad(
                &[("CONFIG_FILE", &config("level", "log:\n  level: loud"))],
                &[
                    "log.level (line 2",
                    "\"loud\"",
                    "debug, info, warn or error",
                ],
            ),
            bad(
                &[("CONFIG_FILE", &config("format", "log: {format: xml}"))],
                &["log.format (line 1", "\"xml\"", "text or json"],
            ),
            off(
                "openai",
                &[("OPENAI_BASE_URL", "api.example.com/v1")],
                &["OPENAI_BASE_URL", "https://"],
            ),
            off(
                "anthropic",
                &[("ANTHROPIC_BASE_URL", "ftp://api.example.com")],
                &["ANTHROPIC_BASE_URL", "https://"],
            ),
            off(
                "google",
                &[(
                    "GOOGLE_GEMINI_BASE_URL",
                    "https://user:pass-word@api.example.com",
                )],
                &["GOOGLE_GEMINI_BASE_URL", "password"],
            ),
            off(
                "openai",
                &[
                    ("OPENAI_BASE_URL", "http://api.example.com/v1"),
                    ("OPENAI_API_KEY", "k-123"),
                ],
                &[
                    "OPENAI_BASE_URL",
                    "plain http",
                    "https",
                    "ANYGPT_ALLOW_INSECURE_HTTP",
                ],
            ),
            off(
                "azure",
                &[
                    (
                        "AZURE_OPENAI_ENDPOINT",
                        "https://<hidden-resource>.openai.azure.com",
                    ),
                    ("AZURE_OPENAI_API_KEY", "hidden-1"),
                ],
                &["AZURE_OPENAI_ENDPOINT", "placeholder", "https://"],
            ),
            off(
                "openai",
                &[("OPENAI_BASE_URL", "https://hidden .example.com/v1")],
                &["OPENAI_BASE_URL", "blank", "https://"],
            ),
            off(
                "openai",
                &[("OPENAI_BASE_URL", "https://")],
                &["OPENAI_BASE_URL", "https://api.example.com/v1"],
            ),
            off(
                "groq",
                &[("GROQ_API_BASE", "hidden")],
                &["GROQ_API_BASE", "https://api.example.com/v1"],
            ),
            off(
                "docker",
                &[("DOCKER_MODEL_RUNNER", "on")],
                &["DOCKER_MODEL_RUNNER", "auto, off, a URL"],
            ),
            off(
                "ollama",
                &[("OLLAMA_HOST", "ftp://ollama")],
                &["OLLAMA_HOST", "http://"],
            ),
            bad(
                &[("ANYGPT_PROVIDER_X_URL", "http://llm:8000/v1")],
                &["ANYGPT_PROVIDER_X_URL", "_BASE_URL, _API_KEY, _TYPE"],
            ),
            off(
                "x",
                &[("ANYGPT_PROVIDER_X_API_KEY", "hidden-1")],
                &["ANYGPT_PROVIDER_X_BASE_URL", "http://llm:8000/v1"],
            ),
            off(
                "x",
                &[
                    ("ANYGPT_PROVIDER_X_BASE_URL", "http://llm:8000"),
                    ("ANYGPT_PROVIDER_X_TYPE", "opnai"),
                ],
                &["ANYGPT_PROVIDER_X_TYPE", "opnai", "openai-compatible"],
            ),
            off(
                "openai",
                &[("OPENAI_CUSTOM_HEADERS", "hidden")],
                &["OPENAI_CUSTOM_HEADERS", "one header to a line"],
            ),
        ];
        all.push(Bad {
            variables: vec![(
                "OPENAI_BASE_URL",
                OsStr::from_bytes(b"hidden\xff").to_owned(),
            )],
            says: &["OPENAI_BASE_URL", "UTF-8"],
            ordinary: false,
            of: Some("openai"),
        });
        let path = file_with_mode("unreadable-CONFIG_FILE", b"k-123\n", 0o000);
        let says = &["settings-unreadable", "denied", "CONFIG_FILE"];
        all.push(Bad {
            ordinary: true,
            ..bad(&[("CONFIG_FILE", &path)], says)
        });
        all
    }

    fn builder(&self) -> Option<Builder> {
        let builder = if self.ordinary {
            ordinary_user()?
        } else {
            Server::builder()
        };
        Some(builder.envs(self.variables.iter().map(|(name, value)| (name, value))))
    }

    #[track_caller]
    fn expect_in(&self, text: &str) {
        for part in self.says {
            assert!(text.contains(part), "{part:?} is missing in {text:?}");
        }
        assert!(!text.contains("hidden"), "{text:?} shows a key");
        assert!(!text.contains("pass-word"), "{text:?} shows a password");
    }
}

#[test]
fn config_validate_refuses_every_bad_setting() {
    for bad in Bad::all() {
        let Some(builder) = bad.builder() else {
            continue;
        };
        let output = builder.args(["config", "validate"]).run(b"");
        bad.expect_in(&output.stderr);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert_eq!(output.stdout, "");
        assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
    }
}

/// Another provider works, the reason is reported at the start and where the provider is named, and its key is not sent
/// anywhere.
#[test]
fn a_bad_setting_of_a_provider_switches_off_that_provider_alone() {
    let provider = Provider::start();
    let url = provider.base_url(Family::OpenAi);
    for bad in Bad::all() {
        let Some(id) = bad.of else {
            continue;
        };
        let builder = bad.builder().unwrap();
        let builder = builder.envs([
            ("ANYGPT_PROVIDER_OTHER_BASE_URL", &*url),
            ("ANYGPT_PROVIDER_OTHER_TYPE", "openai"),
            ("ANYGPT_PROVIDER_OTHER_API_KEY", "k-456"),
        ]);
        let mut server = builder.spawn();
        let ask = |model: &str| json!({"prompt": "hello", "model": model});
        let result = server.call_tool("anygpt_chat_completion", ask("other/gpt-4.1"));
        assert_eq!(
            result["structuredContent"]["text"], "echo: hello",
            "{result}"
        );
        for arguments in [
            ask(&format!("{id}/any-model")),
            json!({"prompt": "hello", "provider": id}),
        ] {
            let result = server.call_tool("anygpt_chat_completion", arguments);
            assert_eq!(result["isError"], true, "{result}");
            bad.expect_in(result["content"][0]["text"].as_str().unwrap());
        }
        server.close_stdin();
        server.end(0);
        bad.expect_in(&server.stderr());
        assert!(server.stderr().contains(&format!("Provider {id} is off: ")));
    }
}

/// Common mistakes, and the parts of each message: the file, the place in it, the problem, the fix.
#[test]
fn ten_typical_mistakes_are_explained_to_whoever_can_mend_them() {
    let mend = "mount a text file that the user of this process may read, or correct CONFIG_FILE";
    let folder = env!("CARGO_TARGET_TMPDIR").to_owned();
    let invalid = |place: &str| Some(format!("is not valid: {place}"));
    let unreadable = file_with_mode("ten-unreadable.yaml", b"retries: 2\n", 0o000);
    for (name, content, problem) in [
        (
            "typo.yaml",
            "providers:\n  openai:\n    base_uri: https://llm.example/v1\n",
            invalid(
                "line 3, column 5: providers.openai: unknown key \"base_uri\"; did you mean \"base_url\"?",
            ),
        ),
        (
            "indentation.yaml",
            "defaults:\nprovider: openai\n",
            invalid(
                "line 2, column 1: unknown key \"provider\"; did you mean \"providers\"? If it belongs to \
                 \"defaults\", indent it",
            ),
        ),
        (
            "variable.yaml",
            "providers:\n  openai:\n    base_url: ${TEAM_URL}\n",
            invalid(
                "line 3, column 15: providers.openai.base_url: the variable TEAM_URL is not set; set it, or \
                 write ${TEAM_URL:-default}",
            ),
        ),
        (
            "type.yaml",
            "models:\n  openai/gpt-5: {tags: fast}\n",
            invalid("line 2, column 24: models.openai/gpt-5.tags: expected a list, found a string"),
        ),
        (
            "provider.yaml",
            "aliases:\n  fast: opnai/gpt-5\n",
            invalid(
                "line 2, column 9: aliases.fast: there is no provider \"opnai\"; did you mean \"openai\"?",
            ),
        ),
        (
            "ten-unreadable.yaml",
            "",
            Some(format!(
                "cannot be read (Permission denied (os error 13)): {mend}"
            )),
        ),
        (
            "",
            "",
            Some(format!(
                "is a folder (Docker makes one where the file to be mounted is missing): {mend}"
            )),
        ),
        // Output of other systems' editors, and an empty file, are not mistakes.
        ("bom.yaml", "\u{feff}retries: 3\n", None),
        (
            "windows.yaml",
            "retries: 3\r\nlog:\r\n  level: info\r\n",
            None,
        ),
        ("empty.yaml", "", None),
    ] {
        let given = match name {
            "" => folder.clone(),
            "ten-unreadable.yaml" => unreadable.clone(),
            _ => file(name, content),
        };
        let start = || {
            let builder = match name {
                "ten-unreadable.yaml" => ordinary_user()?,
                _ => Server::builder(),
            };
            Some(builder.envs([("CONFIG_FILE", &*given), ("OPENAI_API_KEY", "k-1")]))
        };
        let (Some(checked), Some(served)) = (start(), start()) else {
            continue;
        };
        let checked = checked.args(["config", "validate"]).run(b"");
        let mut served = served.spawn();
        let answer = served.request("tools/list", json!({}));
        let Some(problem) = problem else {
            assert_eq!((checked.code, &*checked.stderr), (Some(0), ""), "{name}");
            assert!(answer["result"]["tools"].is_array(), "{name}: {answer}");
            served.close_stdin();
            served.end(0);
            continue;
        };
        let problem = format!("Configuration file {given} {problem}");
        assert_eq!(checked.code, Some(1), "{name}: {checked:?}");
        assert_eq!(checked.stderr, format!("anygpt-mcp: {problem}\n"));
        let told = format!("anygpt-mcp cannot start: {problem}");
        assert_eq!(answer["error"]["message"], told, "{name}: {answer}");
        served.end(1);
    }
}

#[test]
fn with_a_bad_setting_a_first_request_is_answered_with_what_is_wrong() {
    for bad in Bad::stopping() {
        let Some(builder) = bad.builder() else {
            continue;
        };
        let mut server = builder.spawn();
        server.send(INITIALIZE);
        // Stdin stays open.
        let messages = server.end(1);
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0]["id"], 1);
        let text = messages[0]["error"]["message"].as_str().unwrap();
        bad.expect_in(text);
        let stderr = server.stderr();
        assert!(stderr.contains(text), "{stderr:?} lacks {text:?}");
    }
}

#[test]
fn with_a_bad_setting_and_no_request_it_ends_by_itself() {
    // All at once, since each takes a second.
    let mut servers: Vec<(&Bad, Server)> = Bad::stopping()
        .filter_map(|bad| Some((bad, bad.builder()?.spawn())))
        .collect();
    for (bad, server) in &mut servers {
        assert_eq!(server.end(1), [] as [Value; 0]);
        bad.expect_in(&server.stderr());
    }
}

#[test]
fn with_a_bad_setting_whatever_comes_first_the_first_request_is_answered() {
    let call = r#"{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"anygpt_list_providers"}}"#;
    let discover = r#"{"jsonrpc":"2.0","id":"d","method":"server/discover"}"#;
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    for (pieces, id) in [
        (vec![LIST, "\n"], json!(1)),
        (vec![call, "\n"], json!("c")),
        (vec![discover, "\n"], json!("d")),
        (vec!["\n\n", initialized, "\n", LIST, "\n"], json!(1)),
        (LIST.split_inclusive(',').chain(["\n"]).collect(), json!(1)),
    ] {
        let mut server = Server::builder().env("LOG_LEVEL", "loud").spawn();
        for piece in &pieces {
            server.send_raw(piece.as_bytes());
            server.wait_sent();
        }
        let messages = server.end(1);
        assert_eq!(messages.len(), 1, "{pieces:?}");
        assert_eq!(messages[0]["id"], id);
        let text = messages[0]["error"]["message"].as_str().unwrap();
        assert!(text.contains("LOG_LEVEL"), "{text}");
    }
    // At the end of input nothing more can come, and a last line counts without its newline.
    for (input, answers) in [("", 0), ("\n", 0), (initialized, 0), (LIST, 1)] {
        let mut server = Server::builder().env("LOG_LEVEL", "loud").spawn();
        server.send_raw(input.as_bytes());
        server.close_stdin();
        assert_eq!(server.end(1).len(), answers, "{input}");
    }
    let mut server = Server::builder()
        .env("LOG_LEVEL", "loud")
        .stdin(Stdin::Null)
        .spawn();
    server.end(1);
}

#[test]
fn config_validate_accepts_good_settings() {
    let config = file(
        "good.yaml",
        "providers:\n  openai:\n    api_key: k-123\nmodels:\n  google/a/b:\n  openai/gpt-4.1:\n    tags: [fast]\n\
         defaults:\n  model: fast\n",
    );
    let key = file("good-key", "k-123\n");
    for variables in [
        &[("OPENAI_API_KEY", "test-1")][..],
        &[("OPENAI_API_KEY_FILE", &key)],
        &[("GEMINI_API_KEY", "k-123")],
        &[("DEFAULT_PROVIDER", "mock")],
        &[("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")],
        &[("CONFIG_FILE", &config), ("DEFAULT_PROVIDER", "gemini")],
        &[
            ("OPENAI_API_KEY", "k-123"),
            ("LOG_LEVEL", "DEBUG"),
            ("ANYGPT_STANDBY", "Auto"),
            ("ANYGPT_TIMEOUT", " 120 "),
            ("ANYGPT_RETRIES", "0"),
            ("ANYGPT_SHUTDOWN_GRACE", "5"),
        ],
    ] {
        let output = run(&["config", "validate"], variables.iter().copied(), b"");
        assert_eq!(output.code, Some(0), "{variables:?}: {output:?}");
        assert_ne!(output.stdout, "");
    }
    let output = run(&["config", "validate"], NOTHING, b"");
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    assert_names_keys(&output.stderr);
}

/// The variables of the built-in providers; one is enough.
#[track_caller]
fn assert_names_keys(text: &str) {
    for name in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"] {
        assert!(text.contains(name), "{name} is missing in {text:?}");
    }
}

#[test]
fn a_key_travels_in_the_open_only_where_that_is_allowed() {
    let validate = |url: &str, allow: &str| {
        let variables = [
            ("OPENAI_API_KEY", "k-123"),
            ("OPENAI_BASE_URL", url),
            ("ANYGPT_ALLOW_INSECURE_HTTP", allow),
        ];
        run(&["config", "validate"], variables, b"").code
    };
    assert_eq!(validate("http://api.example.com/v1", "1"), Some(0));
    // Only a clear yes counts.
    for allow in ["", "0", "false", "False", "no", "off", "<UNKNOWN>"] {
        assert_eq!(
            validate("http://api.example.com/v1", allow),
            Some(1),
            "{allow:?}"
        );
    }
    for url in [
        "https://api.example.com/v1",
        "http://localhost:8080",
        "http://127.0.0.1/v1",
        "http://[::1]:1",
        "http://192.168.1.2",
        "http://litellm:4000",
        "http://host.docker.internal:1234",
    ] {
        assert_eq!(validate(url, ""), Some(0), "{url}");
    }
    for url in [
        "http://8.8.8.8",
        "http://[2001:db8::1]/v1",
        "http://127.0.0.1.example.com",
    ] {
        assert_eq!(validate(url, ""), Some(1), "{url}");
    }
}

/// What counts as not set.
const PLACEHOLDERS: [&str; 17] = [
    "",
    " \t ",
    "<UNKNOWN>",
    "<OPENAI_API_KEY>",
    "<your key>",
    "se://docker/mcp/openai.api_key",
    "%!s(<nil>)",
    "{{anygpt.api_key}}",
    "{{ secrets.KEY }}",
    "${OPENAI_KEY}",
    "null",
    "NULL",
    "undefined",
    "changeme",
    "your_openai_key",
    "YOUR_KEY",
    "put_your_key_here",
];

/// Every variable that is read when `OPENAI_API_KEY` has a key.
const VARIABLES: [&str; 39] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_API_KEY_FILE",
    "GOOGLE_API_KEY",
    "GOOGLE_API_KEY_FILE",
    "GEMINI_API_KEY",
    "GEMINI_API_KEY_FILE",
    "OPENAI_BASE_URL",
    "ANTHROPIC_BASE_URL",
    "GOOGLE_GEMINI_BASE_URL",
    "GEMINI_BASE_URL",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_CUSTOM_HEADERS",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "OPENAI_CUSTOM_HEADERS",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_ENDPOINT",
    "OPENROUTER_API_KEY",
    "OPENROUTER_BASE_URL",
    "GROQ_API_KEY_FILE",
    "LITELLM_BASE_URL",
    "OLLAMA_HOST",
    "DOCKER_MODEL_RUNNER",
    "ANYGPT_PROVIDER_OWN_BASE_URL",
    "ANYGPT_PROVIDER_OWN_API_KEY",
    "ANYGPT_PROVIDER_OWN_TYPE",
    "DEFAULT_PROVIDER",
    "DEFAULT_MODEL",
    "CONFIG_FILE",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "ANYGPT_TIMEOUT",
    "ANYGPT_FIRST_BYTE_TIMEOUT",
    "ANYGPT_IDLE_TIMEOUT",
    "ANYGPT_RETRIES",
    "ANYGPT_SHUTDOWN_GRACE",
    "ANYGPT_STANDBY",
    "ANYGPT_TOOLS",
    "ANYGPT_STRUCTURED_OUTPUT",
];

#[test]
fn placeholders_count_as_unset_in_every_variable_and_are_named_once() {
    for placeholder in PLACEHOLDERS {
        let variables = VARIABLES.map(|name| (name, placeholder));
        let with_key = variables.into_iter().chain([
            ("OPENAI_API_KEY", "k-123"),
            ("ANYGPT_ALLOW_INSECURE_HTTP", placeholder),
        ]);
        let validated = run(&["config", "validate"], with_key.clone(), b"");
        let served = run(&[], with_key, LIST.as_bytes());
        for output in [validated, served] {
            assert_eq!(output.code, Some(0), "{placeholder:?}: {output:?}");
            let warnings: Vec<&str> = output.stderr.lines().collect();
            assert_eq!(warnings.len(), 1, "{placeholder:?}: {warnings:?}");
            for name in VARIABLES.into_iter().chain(["ANYGPT_ALLOW_INSECURE_HTTP"]) {
                let named = warnings[0]
                    .split([' ', ',', '('])
                    .filter(|word| *word == name);
                assert_eq!(named.count(), 1, "{name} in {warnings:?}");
            }
            let blank = placeholder.trim().is_empty();
            assert!(blank || !output.stderr.contains(placeholder), "{output:?}");
            assert!(!output.stderr.contains("k-123"), "{output:?}");
        }

        let without_key = run(&[], [("OPENAI_API_KEY", placeholder)], LIST.as_bytes());
        assert_eq!(without_key.code, Some(1), "{placeholder:?}");
        assert_names_keys(&without_key.stderr);
    }
}

/// A value in place of OpenAI's key, and the parts of the message about it.
type NoKey<'a> = (Vec<(&'a str, OsString)>, &'a [&'a str]);

#[test]
fn what_is_no_key_switches_off_its_provider_and_never_the_server() {
    let in_file = |name: &str, text: &[u8]| file(&format!("no-key-{name}"), text);
    let config = |name: &str, key: &str| {
        let text = json!({"providers": {"openai": {"api_key": key}}}).to_string();
        in_file(&format!("{name}.json"), text.as_bytes())
    };
    let (text, large) = (
        in_file("two", b"hidden\nhidden\n"),
        in_file("large", &[b'k'; 70_000]),
    );
    let of_others = in_file(
        "others.env",
        b"# mine\nGROQ_API_KEY=hidden\nPORT_NUMBER=1\n",
    );
    let cut = in_file("cut", "sk-hidden…".as_bytes());
    let (unset, reference) = (
        config("unset", "${NOT_SET_KEY}"),
        config("op", "op://hidden/a/b"),
    );
    let (other, example) = (
        config("ant", "sk-ant-hidden"),
        config("example", "your-hidden-key"),
    );
    let shapes = [
        "{env: HIDDEN}",
        "{env:HIDDEN}",
        "!secret hidden",
        "!secret {a: hidden}",
        "[hidden]",
        "{env: \"${NOT_SET_KEY}\"}",
    ];
    let shapes = shapes.map(|shape| {
        let text = format!("providers:\n  openai:\n    api_key: {shape}\n");
        in_file(&format!("shape-{}.yaml", shape.len()), text.as_bytes())
    });
    let set = |name, value: &str| vec![(name, OsString::from(value))];
    let key = |value: &str| set("OPENAI_API_KEY", value);
    let path = |value: &str| set("OPENAI_API_KEY_FILE", value);
    let file = |value: &str| set("CONFIG_FILE", value);
    let raw = OsStr::from_bytes(b"hidden\xff").to_owned();
    let mut cases: Vec<NoKey<'_>> = vec![
        (key("sk-hidden…"), &["OPENAI_API_KEY", "cut short"]),
        (key("sk-..."), &["OPENAI_API_KEY", "cut short"]),
        (key("sk-proj-hid****den"), &["OPENAI_API_KEY", "cut short"]),
        (
            key("sk-hidden-größe"),
            &["OPENAI_API_KEY", "characters that no key has"],
        ),
        (
            key("hidden hidden"),
            &["OPENAI_API_KEY", "characters that no key has"],
        ),
        (
            key("hidden\nhidden"),
            &["OPENAI_API_KEY", "line break", "one line"],
        ),
        (
            key("hidden\x07hidden"),
            &["OPENAI_API_KEY", "characters that no key has"],
        ),
        (
            key("xxx-xxx"),
            &["OPENAI_API_KEY", "copied from an example"],
        ),
        (
            key("INSERT_KEY"),
            &["OPENAI_API_KEY", "copied from an example"],
        ),
        (
            key("sk-your-hidden-key"),
            &["OPENAI_API_KEY", "copied from an example"],
        ),
        (key("none"), &["OPENAI_API_KEY", "copied from an example"]),
        (key("$HIDDEN_KEY"), &["OPENAI_API_KEY", "template"]),
        (
            key("os.environ/HIDDEN"),
            &["OPENAI_API_KEY", "secret reference"],
        ),
        (
            key("op://hidden/a/b"),
            &["OPENAI_API_KEY", "secret reference"],
        ),
        (
            key("OTHER_KEY=hidden"),
            &["OPENAI_API_KEY", "sets another variable"],
        ),
        (
            key("sk-ant-hidden-1"),
            &["OPENAI_API_KEY", "a key of Anthropic", "ANTHROPIC_API_KEY"],
        ),
        (
            key("/run/hidden/key"),
            &["OPENAI_API_KEY", "OPENAI_API_KEY", "_FILE"],
        ),
        (vec![("OPENAI_API_KEY", raw)], &["OPENAI_API_KEY", "UTF-8"]),
        (
            path("/nowhere/key"),
            &[
                "OPENAI_API_KEY_FILE",
                "/nowhere/key",
                "No such file",
                "mount",
            ],
        ),
        (
            path(env!("CARGO_TARGET_TMPDIR")),
            &["OPENAI_API_KEY_FILE", "is a folder", "mount"],
        ),
        (
            path("sk-hidden-in-the-wrong-place"),
            &["OPENAI_API_KEY_FILE", "a file", "No such file"],
        ),
        (path(&large), &["OPENAI_API_KEY_FILE", "64 KiB"]),
        (path(&text), &["OPENAI_API_KEY_FILE", "line break"]),
        (path(&cut), &["OPENAI_API_KEY_FILE", "cut short"]),
        (
            path(&of_others),
            &["OPENAI_API_KEY_FILE", "list of variables"],
        ),
        (
            file(&unset),
            &[
                "providers.openai.api_key (line 1",
                "the variable NOT_SET_KEY is not set",
            ],
        ),
        (
            file(&reference),
            &["providers.openai.api_key (line 1", "secret reference"],
        ),
        (
            file(&other),
            &["providers.openai.api_key (line 1", "a key of Anthropic"],
        ),
        (
            file(&example),
            &["providers.openai.api_key (line 1", "copied from an example"],
        ),
    ];
    cases.extend(shapes.iter().map(|shape| {
        let says: &[&str] = &["providers.openai.api_key (line 3", "it is not a text"];
        (file(shape), says)
    }));
    for (variables, says) in cases {
        let expect = |text: &str| {
            for part in says {
                assert!(text.contains(part), "{part:?} is missing in {text:?}");
            }
            for shown in ["hidden", "HIDDEN", "xxx", "..."] {
                assert!(!text.contains(shown), "{text:?} shows {shown}");
            }
        };
        let start = |with_another: bool| {
            let builder =
                Server::builder().envs(variables.iter().map(|(name, value)| (name, value)));
            match with_another {
                true => builder.env("ANTHROPIC_API_KEY", "k-123"),
                false => builder,
            }
        };
        let checked = start(true).args(["config", "validate"]).run(b"");
        assert_eq!(checked.code, Some(0), "{checked:?}");
        assert_eq!(checked.stderr.lines().count(), 1, "{checked:?}");
        expect(&checked.stderr);

        let mut server = start(true).spawn();
        let listed = server.call_tool("anygpt_list_providers", json!({}));
        let providers = listed["structuredContent"]["providers"].as_array().unwrap();
        let [openai, anthropic] =
            ["openai", "anthropic"].map(|id| providers.iter().find(|it| it["id"] == id).unwrap());
        assert_eq!(
            (&openai["usable"], &openai["default"]),
            (&json!(false), &json!(false))
        );
        assert_eq!(
            (&anthropic["usable"], &anthropic["default"]),
            (&json!(true), &json!(true))
        );
        expect(openai["problem"].as_str().unwrap());
        server.close_stdin();
        server.end(0);
        expect(&server.stderr());

        for command in [&["doctor"][..], &["config", "show"]] {
            let shown = start(true).args(command).run(b"");
            assert_eq!(shown.code, Some(0), "{shown:?}");
            expect(
                &shown
                    .stdout
                    .lines()
                    .filter(|it| it.contains("no usable API key"))
                    .collect::<String>(),
            );
        }

        // Without another provider there is nothing to do, and the reason is reported.
        for arguments in [&["config", "validate"][..], &[]] {
            let alone = start(false).args(arguments).run(LIST.as_bytes());
            assert_eq!(alone.code, Some(1), "{alone:?}");
            expect(&alone.stderr);
        }
    }
}

#[test]
fn what_stands_around_a_value_is_taken_off_and_said_once() {
    let provider = Provider::start();
    let url = provider.base_url(Family::OpenAi);
    let config = file("around.yaml", "retries: 0\n");
    let bom = file("around-bom", "\u{feff}key-1234-abcd\r\n");
    let wide: Vec<u8> = "\u{feff}key-1234-abcd\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let wide = file("around-wide", wide);
    let env_file = file(
        "around.env",
        "# mine\nexport OPENAI_API_KEY=\"key-1234-abcd\" # key\nGROQ_API_KEY=other\n",
    );
    let quoted_url = format!("\"{url}\"");
    let config_file = format!("'{config}' # mine");
    for (variables, said) in [
        (
            vec![("OPENAI_API_KEY", "\"key-1234-abcd\"")],
            "OPENAI_API_KEY (without a pair of quotes)",
        ),
        (
            vec![("OPENAI_API_KEY", "key-1234-abcd # mine")],
            "OPENAI_API_KEY (without a comment)",
        ),
        (
            vec![("OPENAI_API_KEY", "'key-1234-abcd' # mine")],
            "OPENAI_API_KEY (without a pair of quotes, a comment)",
        ),
        (
            vec![("OPENAI_API_KEY", "\u{feff}key-1234-abcd")],
            "OPENAI_API_KEY (without a byte order mark)",
        ),
        (
            vec![("OPENAI_API_KEY", "Bearer key-1234-abcd")],
            "OPENAI_API_KEY (without the word Bearer)",
        ),
        (
            vec![("OPENAI_API_KEY", "Token key-1234-abcd")],
            "OPENAI_API_KEY (without the word Token)",
        ),
        (
            vec![("OPENAI_API_KEY", "key-12\u{200b}34-ab\u{ad}cd")],
            "OPENAI_API_KEY (without invisible characters)",
        ),
        (
            vec![("OPENAI_API_KEY", "OPENAI_API_KEY=key-1234-abcd")],
            "OPENAI_API_KEY (without its own name)",
        ),
        (
            vec![("OPENAI_API_KEY_FILE", &*bom)],
            "around-bom) (without a byte order mark)",
        ),
        (
            vec![("OPENAI_API_KEY_FILE", &*wide)],
            "around-wide) (without a byte order mark)",
        ),
        (
            vec![("OPENAI_API_KEY_FILE", &*env_file)],
            "(without the other lines, a comment, its own name, a pair of quotes)",
        ),
        (
            vec![
                ("OPENAI_API_KEY", "key-1234-abcd"),
                ("OPENAI_BASE_URL", &*quoted_url),
                ("LOG_LEVEL", "\"info\""),
                ("ANYGPT_TIMEOUT", "20 # seconds"),
                ("ANYGPT_DENY_MODELS", "'gpt-9, gpt-10'"),
                ("DEFAULT_PROVIDER", "`openai`"),
                ("CONFIG_FILE", &*config_file),
            ],
            "LOG_LEVEL (without a pair of quotes)",
        ),
        (
            vec![
                ("OPENAI_API_KEY", "key-1234-abcd"),
                ("OPENAI_CUSTOM_HEADERS", "X-Team: a #1"),
            ],
            "",
        ),
    ] {
        let mut server = Server::builder()
            .env("OPENAI_BASE_URL", &url)
            .envs(variables.iter().copied())
            .spawn();
        let asked = json!({"prompt": "hello", "model": "openai/gpt-4.1"});
        let result = server.call_tool("anygpt_chat_completion", asked);
        assert_eq!(
            result["structuredContent"]["text"], "echo: hello",
            "{result}"
        );
        let requests = provider.requests();
        let request = requests.last().unwrap();
        assert_eq!(request.credential(), "key-1234-abcd", "{variables:?}");
        let names_headers = variables
            .iter()
            .any(|(name, _)| *name == "OPENAI_CUSTOM_HEADERS");
        let header = names_headers.then_some("a #1");
        assert_eq!(request.header("x-team"), header);
        server.close_stdin();
        server.end(0);
        let stderr = server.stderr();
        assert_eq!(
            stderr.matches("Corrected:").count(),
            usize::from(!said.is_empty()),
            "{stderr}"
        );
        assert!(stderr.contains(said), "{said} is missing in {stderr}");
        if variables.len() > 2 {
            let names = [
                "OPENAI_BASE_URL",
                "ANYGPT_TIMEOUT",
                "ANYGPT_DENY_MODELS",
                "DEFAULT_PROVIDER",
                "CONFIG_FILE",
            ];
            for name in names {
                assert_eq!(
                    stderr.matches(&format!("{name} (without")).count(),
                    1,
                    "{name}: {stderr}"
                );
            }
        }
        assert!(!stderr.contains("1234-abcd"), "{stderr}");
    }
}

#[test]
fn at_any_other_address_a_value_is_sent_as_it_is_and_an_example_is_no_secret() {
    let provider = Provider::start();
    for key in [
        "none",
        "EMPTY",
        "lm-studio",
        "sk-no-key-required",
        "your-api-key",
        "changeme",
        "sk-...",
        "sk-ant-api03-other-vendor",
        "not needed",
    ] {
        let mut server = Server::builder()
            .env("OPENAI_BASE_URL", provider.base_url(Family::OpenAi))
            .env("OPENAI_API_KEY", key)
            // Not all of these are secrets, which is the point of the test.
            .shows_secrets()
            .spawn();
        let is_example = !key.contains("ant-") && !key.contains("...");
        let said = format!("there is {key} here");
        provider.script(
            Family::OpenAi,
            [
                Reply::text(Family::OpenAi, &said),
                Reply::error(Family::OpenAi, 400, &said),
            ],
        );
        let asked = json!({"prompt": "hello", "model": "openai/gpt-4.1"});
        let result = server.call_tool("anygpt_chat_completion", asked.clone());
        let requests = provider.requests();
        assert_eq!(requests.last().unwrap().credential(), key);
        let text = result["structuredContent"]["text"].as_str().unwrap();
        assert_eq!(text == said, is_example || key.len() < 8, "{key}: {text}");
        let failed = server.call_tool("anygpt_chat_completion", asked);
        let text = failed["content"][0]["text"].as_str().unwrap();
        if is_example && !key.starts_with("sk-") {
            assert!(text.contains(&said), "{key}: {text}");
        }
        server.close_stdin();
        server.end(0);
        assert_eq!(server.stderr().matches("Treated as not set").count(), 0);
    }
}

#[test]
fn a_file_with_more_providers_than_keys_serves_those_that_have_one() {
    let provider = Provider::start();
    let url = provider.base_url(Family::Compatible);
    let path = file(
        "more-providers.yaml",
        format!(
            "providers:\n  zhipu:\n    type: openai-compatible\n    base_url: https://zhipu.example/v1\n    \
             api_key: \"${{ZHIPU_API_KEY}}\"\n  groq:\n    api_key: ${{GROQ_TEAM_KEY}}\n  team:\n    \
             type: openai-compatible\n    base_url: {url}\n    api_key: ${{TEAM_KEY}}\n"
        ),
    );
    let mut server = Server::builder()
        .envs([("CONFIG_FILE", &*path), ("TEAM_KEY", "\"team-key-1234\"")])
        .spawn();
    let asked = json!({"prompt": "hello", "model": "team/a-model"});
    let result = server.call_tool("anygpt_chat_completion", asked);
    assert_eq!(
        result["structuredContent"]["text"], "echo: hello",
        "{result}"
    );
    assert_eq!(
        provider.requests().last().unwrap().credential(),
        "team-key-1234"
    );
    let asked = json!({"prompt": "hello", "model": "zhipu/a-model"});
    let result = server.call_tool("anygpt_chat_completion", asked);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("the variable ZHIPU_API_KEY is not set"),
        "{text}"
    );
    server.close_stdin();
    server.end(0);
    let stderr = server.stderr();
    for part in [
        "providers.zhipu.api_key (line 5 of the configuration file) (the variable ZHIPU_API_KEY is not set)",
        "providers.groq.api_key (line 7 of the configuration file) (the variable GROQ_TEAM_KEY is not set)",
        "TEAM_KEY (without a pair of quotes)",
    ] {
        assert!(stderr.contains(part), "{part} is missing in {stderr}");
    }
}

#[test]
fn a_base_url_may_be_what_people_paste() {
    let provider = Provider::start();
    let everywhere = format!("http://0.0.0.0:{}", provider.port());
    let bare = format!("localhost:{}", provider.port());
    let of = |family| {
        let url = provider.base_url(family);
        let (_, folder) = url.split_once("://").unwrap().1.split_once('/').unwrap();
        folder.to_owned()
    };
    for (variable, family, model, endings) in [
        (
            "OPENAI_BASE_URL",
            Family::OpenAi,
            "openai/a",
            &["", "/", "/responses", "/chat/completions", "/models/"][..],
        ),
        (
            "ANTHROPIC_BASE_URL",
            Family::Anthropic,
            "anthropic/a",
            &["", "/v1", "/v1/", "/v1/messages", "/v1/models"],
        ),
        (
            "GOOGLE_GEMINI_BASE_URL",
            Family::Google,
            "google/a",
            &[
                "",
                "/v1beta",
                "/v1",
                "/v1beta/models",
                "/v1beta/models/a:generateContent",
            ],
        ),
        (
            "LMSTUDIO_BASE_URL",
            Family::Compatible,
            "lmstudio/a",
            &["", "/chat/completions", "/models"],
        ),
    ] {
        for start in [&everywhere, &bare] {
            for ending in endings {
                let url = format!("{start}/{}{ending}", of(family));
                let keys = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"];
                let mut server = Server::builder()
                    .envs(keys.map(|name| (name, "some-key-1234")))
                    .env(variable, &url)
                    .spawn();
                let asked = json!({"prompt": "hello", "model": model});
                let result = server.call_tool("anygpt_chat_completion", asked);
                assert_eq!(
                    result["structuredContent"]["text"], "echo: hello",
                    "{url}: {result}"
                );
            }
        }
    }
}

/// The answers of a run, which must be messages.
fn answers(output: &Output) -> Vec<Value> {
    let lines = output.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn keys_are_taken_from_the_first_place_that_has_one() {
    let named = file("key", "from-file-1234\r\n");
    let placeholder = file("key-placeholder", "<UNKNOWN>\n");
    let provider = Provider::start();
    let (openai, anthropic, google) = (Family::OpenAi, Family::Anthropic, Family::Google);
    for (family, variables, key) in [
        (
            openai,
            &[("OPENAI_API_KEY", " direct-1234 ")][..],
            "direct-1234",
        ),
        (openai, &[("OPENAI_API_KEY_FILE", &named)], "from-file-1234"),
        (
            openai,
            &[
                ("OPENAI_API_KEY", "direct-1234"),
                ("OPENAI_API_KEY_FILE", &named),
            ],
            "direct-1234",
        ),
        (
            openai,
            &[
                ("OPENAI_API_KEY", "<UNKNOWN>"),
                ("OPENAI_API_KEY_FILE", &named),
            ],
            "from-file-1234",
        ),
        (
            anthropic,
            &[("ANTHROPIC_API_KEY", "direct-1234")],
            "direct-1234",
        ),
        (
            anthropic,
            &[("ANTHROPIC_API_KEY_FILE", &named)],
            "from-file-1234",
        ),
        (google, &[("GOOGLE_API_KEY", "direct-1234")], "direct-1234"),
        (google, &[("GEMINI_API_KEY", "direct-1234")], "direct-1234"),
        (google, &[("GEMINI_API_KEY_FILE", &named)], "from-file-1234"),
        (
            google,
            &[
                ("GOOGLE_API_KEY", "direct-1234"),
                ("GEMINI_API_KEY", "other-1234"),
            ],
            "direct-1234",
        ),
        (
            google,
            &[
                ("GOOGLE_API_KEY_FILE", &placeholder),
                ("GEMINI_API_KEY", "direct-1234"),
            ],
            "direct-1234",
        ),
    ] {
        let mut server = Server::builder()
            .envs(provider.urls())
            .envs(variables.iter().copied())
            .spawn();
        let id = match family {
            Family::OpenAi => "openai",
            Family::Anthropic => "anthropic",
            _ => "google",
        };
        let asked = json!({"model": format!("{id}/a-model"), "prompt": "hello"});
        let result = server.call_tool("anygpt_chat_completion", asked);
        assert_eq!(
            result["structuredContent"]["text"], "echo: hello",
            "{result}"
        );
        let requests = provider.requests();
        assert_eq!(requests.last().unwrap().credential(), key, "{variables:?}");

        server.close_stdin();
        server.end(0);
        let stderr = server.stderr();
        let two = variables.iter().any(|(_, value)| *value == "other-1234");
        assert_eq!(stderr.contains("GOOGLE_API_KEY is used"), two, "{stderr}");
        assert!(!stderr.contains("-1234"), "{stderr}");
    }
}

#[test]
fn the_environment_beats_the_file() {
    let (filed, named) = (Provider::start(), Provider::start());
    let (filed_url, named_url) = (
        filed.base_url(Family::OpenAi),
        named.base_url(Family::OpenAi),
    );
    let yaml = format!(
        "# A comment.\nproviders:\n  openai:\n    api_key: filed-1234\n    base_url: {filed_url}\n\
         defaults:\n  provider: openai\n  model: filed-model\n"
    );
    let json = json!({
        "providers": {"openai": {"api_key": "filed-1234", "base_url": filed_url}},
        "defaults": {"provider": "openai", "model": "filed-model"},
    });
    let files = [
        file(&format!("{}.yaml", filed.port()), yaml),
        file(&format!("{}.json", filed.port()), json.to_string()),
        // With comments, and with a comma behind the last value.
        file(
            &format!("{}.jsonc", filed.port()),
            format!("// mine\n{json} // end").replace("}}", "}, /* last */}"),
        ),
    ];
    let file_wins = (&filed, "filed-1234", "filed-model");
    for (variables, (provider, key, model)) in [
        (&[][..], file_wins),
        (
            &[("OPENAI_API_KEY", "named-1234")],
            (&filed, "named-1234", "filed-model"),
        ),
        (
            &[("OPENAI_BASE_URL", &*named_url)],
            (&named, "filed-1234", "filed-model"),
        ),
        (
            &[("DEFAULT_MODEL", "named-model")],
            (&filed, "filed-1234", "named-model"),
        ),
        (
            &[
                ("OPENAI_API_KEY", "named-1234"),
                ("OPENAI_BASE_URL", &*named_url),
                ("DEFAULT_MODEL", "named-model"),
            ],
            (&named, "named-1234", "named-model"),
        ),
        // An unset value overrides nothing.
        (
            &[
                ("OPENAI_API_KEY", "<UNKNOWN>"),
                ("OPENAI_BASE_URL", ""),
                ("DEFAULT_MODEL", "null"),
                ("DEFAULT_PROVIDER", "${PROVIDER}"),
            ],
            file_wins,
        ),
    ] {
        for file in &files {
            let before = provider.requests().len();
            let mut server = Server::builder()
                .env("CONFIG_FILE", file)
                .envs(variables.iter().copied())
                .spawn();
            let result = server.call_tool("anygpt_chat_completion", json!({"prompt": "hello"}));
            assert_eq!(
                result["structuredContent"]["text"], "echo: hello",
                "{result}"
            );
            let requests = provider.wait_requests(before + 1, LIMIT);
            let request = requests.last().unwrap();
            assert_eq!(request.credential(), key, "{variables:?}");
            assert_eq!(request.json()["model"], model, "{variables:?}");
        }
    }
    let mut server = Server::builder()
        .envs([("CONFIG_FILE", &*files[0]), ("DEFAULT_PROVIDER", "mock")])
        .spawn();
    let result = server.call_tool("anygpt_chat_completion", json!({"prompt": "hello"}));
    assert_eq!(result["structuredContent"]["provider"], "mock", "{result}");
    for file in files {
        std::fs::remove_file(file).unwrap();
    }
}

/// The parameters of a dry run, and the rest of it.
fn planned(file: &str, variables: &[(&str, &str)], arguments: &Value) -> Value {
    let mut server = Server::builder()
        .env("CONFIG_FILE", file)
        .envs(variables.iter().copied())
        .spawn();
    let mut given = arguments.clone();
    given["prompt"] = json!("hello");
    given["dry_run"] = json!(true);
    server.call_tool("anygpt_chat_completion", given)["structuredContent"].take()
}

#[test]
fn timeouts_come_from_the_file_unless_a_variable_says_something_else() {
    let path = file(
        "timeouts.yaml",
        "timeouts: {call: 77, shutdown: 5}\nretries: 3\n",
    );
    for (variables, expected) in [
        (&[("OPENAI_API_KEY", "k-1")][..], 77),
        (&[("OPENAI_API_KEY", "k-1"), ("ANYGPT_TIMEOUT", "66")], 66),
        (&[("OPENAI_API_KEY", "k-1"), ("ANYGPT_TIMEOUT", "")], 77),
    ] {
        let got = planned(&path, variables, &json!({"model": "gpt-5"}));
        assert_eq!(got["timeout_seconds"], expected, "{got}");
    }
}

#[test]
fn retries_come_from_the_file_unless_a_variable_says_something_else() {
    let path = file(
        "file-retries.yaml",
        "providers: {gone: {type: openai-compatible, base_url: 'http://127.0.0.1:9/v1'}}\nretries: 0\n",
    );
    for (variables, expected) in [(&[][..], 1), (&[("ANYGPT_RETRIES", "1")], 2)] {
        let mut server = Server::builder()
            .env("CONFIG_FILE", &path)
            .envs(variables.iter().copied())
            .spawn();
        let asked = json!({"prompt": "hello", "model": "gone/x"});
        let result = server.call_tool("anygpt_chat_completion", asked);
        assert_eq!(result["isError"], true);
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(text.matches("Attempts:").count(), expected - 1, "{text}");
    }
}

#[test]
fn the_log_is_as_the_file_says_unless_a_variable_says_something_else() {
    let path = file(
        "file-log.yaml",
        "log: {level: info, format: JSON}\nproviders: {mock: {}}\n",
    );
    for (variables, lines, is_json) in [
        (&[][..], 1, true),
        (&[("LOG_FORMAT", "text")], 1, false),
        (&[("LOG_LEVEL", "error")], 0, true),
    ] {
        let mut server = Server::builder()
            .env("CONFIG_FILE", &path)
            .envs(variables.iter().copied())
            .spawn();
        server.call_tool(
            "anygpt_chat_completion",
            json!({"prompt": "hello", "provider": "mock"}),
        );
        server.close_stdin();
        server.end(0);
        let log = server.stderr();
        let called: Vec<&str> = log
            .lines()
            .filter(|it| it.contains("anygpt_chat_completion"))
            .collect();
        assert_eq!(called.len(), lines, "{log}");
        for line in called {
            assert_eq!(
                serde_json::from_str::<Value>(line).is_ok(),
                is_json,
                "{line}"
            );
        }
    }
}

#[test]
fn default_parameters_are_sent_where_the_caller_gives_none() {
    let path = file(
        "file-parameters.yaml",
        "providers:\n  groq: {defaults: {temperature: 0.5, max_tokens: 200}}\n\
         defaults: {provider: groq, model: llama-x, temperature: 1, reasoning_effort: low}\n",
    );
    let variables = [("GROQ_API_KEY", "k-1"), ("OPENAI_API_KEY", "k-2")];
    let got = planned(&path, &variables, &json!({}));
    let parameters = &got["parameters"];
    assert_eq!(parameters["temperature"], 0.5, "{got}");
    assert_eq!(parameters["reasoning_effort"], "low", "{got}");
    let sent = parameters.to_string();
    assert!(sent.contains("200"), "{sent}");
    let arguments = json!({"temperature": 0, "max_tokens": 30, "model": "llama-x@high"});
    let got = planned(&path, &variables, &arguments);
    let parameters = &got["parameters"];
    assert_eq!(parameters["temperature"].as_f64(), Some(0.0), "{got}");
    assert_eq!(parameters["reasoning_effort"], "high", "{got}");
    let sent = parameters.to_string();
    assert!(sent.contains("30") && !sent.contains("200"), "{sent}");
    // Another provider has only the defaults for all.
    let got = planned(&path, &variables, &json!({"model": "openai/gpt-4o"}));
    assert_eq!(
        got["parameters"]["temperature"].as_f64(),
        Some(1.0),
        "{got}"
    );
    assert_eq!(got["parameters"].get("max_output_tokens"), None, "{got}");
}

#[test]
fn default_parameters_reach_the_provider() {
    let provider = Provider::start();
    let text = "defaults: {temperature: 0.25, max_tokens: 321}\n";
    let mut server = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", file("sent.yaml", text))
        .spawn();
    let asked = json!({"prompt": "hello", "model": "openai/gpt-4o"});
    server.call_tool("anygpt_chat_completion", asked);
    let requests = provider.wait_requests(1, LIMIT);
    let sent = requests.last().unwrap().json();
    assert_eq!(sent["temperature"], 0.25);
    assert_eq!(sent["max_output_tokens"], 321);
}

#[test]
fn a_rule_says_what_models_take_that_the_program_does_not_know() {
    let path = file(
        "rules.yaml",
        "rules:\n  openai/gpt-9-mini: {keep: [temperature]}\n  \
           '*/gpt-9*': {drop: [reasoning_effort], defaults: {max_tokens: 300}}\n  \
           groq/*: {drop: [seed, temperature], max_tokens_as: max_tokens, defaults: {top_p: 0.5}}\n\
         defaults: {temperature: 0.25, reasoning_effort: low}\n",
    );
    let variables = [("OPENAI_API_KEY", "k-1"), ("GROQ_API_KEY", "k-2")];
    let asked = |model: &str| json!({"model": model, "temperature": 1, "seed": 7, "max_tokens": 30, "reasoning_effort": "high"});
    let dropped = |name: &str, place: &str| {
        json!(format!(
            "{name} was left out: rules.{place} of the configuration file) drops it"
        ))
    };
    // A parameter that the program would leave out for this family is kept, and the call's value wins over a default.
    let got = planned(&path, &variables, &asked("openai/gpt-9-mini"));
    assert_eq!(got["parameters"]["temperature"].as_f64(), Some(1.0));
    assert_eq!(got["parameters"]["max_output_tokens"], 30);
    assert_eq!(got["parameters"].get("reasoning"), None, "{got}");
    let warnings = got["warnings"].as_array().unwrap();
    let told = dropped("reasoning_effort", "*/gpt-9* (line 3");
    assert!(warnings.contains(&told), "{got}");
    // The defaults for all do not restore what a rule drops, and that needs no warning.
    let got = planned(&path, &variables, &json!({"model": "openai/gpt-9-mini"}));
    assert_eq!(got["parameters"].get("reasoning"), None, "{got}");
    assert_eq!(got["parameters"]["temperature"], 0.25);
    assert_eq!(got["parameters"]["max_output_tokens"], 300);
    let warnings = got["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{got}");
    assert_parts(
        warnings[0].as_str().unwrap(),
        &["gpt-9-mini is not in the table of models"],
    );
    let got = planned(&path, &variables, &asked("openai/gpt-9"));
    assert_eq!(got["parameters"].get("temperature"), None, "{got}");
    let got = planned(&path, &variables, &asked("groq/llama-x"));
    assert_eq!(
        got["parameters"],
        json!({"max_tokens": 30, "top_p": 0.5, "reasoning_effort": "high"})
    );
    assert_eq!(
        got["warnings"],
        json!([
            dropped("seed", "groq/* (line 4"),
            dropped("temperature", "groq/* (line 4"),
        ])
    );
}

#[test]
fn a_rule_reaches_the_provider_and_its_drops_are_told() {
    let provider = Provider::start();
    let path = file(
        "rules-sent.yaml",
        format!(
            "providers: {{clone: {{type: openai-compatible, base_url: '{}'}}}}\n\
             rules: {{'clone/new-*': {{drop: [top_p], max_tokens_as: max_completion_tokens}}}}\n",
            provider.base_url(Family::Compatible)
        ),
    );
    let mut server = Server::builder().env("CONFIG_FILE", path).spawn();
    for (model, sent, warned) in [
        ("clone/old-1", json!([30, null, 0.5]), false),
        ("clone/new-1", json!([null, 30, null]), true),
    ] {
        let before = provider.requests().len();
        let asked = json!({"prompt": "hello", "model": model, "max_tokens": 30, "top_p": 0.5});
        let result = server.call_tool("anygpt_chat_completion", asked);
        let requests = provider.wait_requests(before + 1, LIMIT);
        let body = requests.last().unwrap().json();
        let got = json!([
            body["max_tokens"],
            body["max_completion_tokens"],
            body["top_p"]
        ]);
        assert_eq!(got, sent, "{model}");
        let warnings = &result["structuredContent"]["warnings"];
        let told = warnings
            .to_string()
            .contains("top_p was left out: rules.clone/new-*");
        assert_eq!(told, warned, "{result}");
    }
}

#[test]
fn variables_and_secrets_fill_in_the_values_of_the_file() {
    let provider = Provider::start();
    let url = provider.base_url(Family::OpenAi);
    let path = file(
        "file-variables.yaml",
        "providers:\n  team:\n    type: openai\n    base_url: ${TEAM_URL}\n    api_key: \"${TEAM_KEY}\"\n\
         aliases:\n  mine: ['team/${TEAM_MODEL:-gpt-4o}@low']\n\
         timeouts: {call: \"${NOBODY:-44}\"}\n",
    );
    // In quotes it would not be a number.
    let error = run(
        &["config", "validate"],
        [
            ("CONFIG_FILE", &*path),
            ("TEAM_URL", &url),
            ("TEAM_KEY", "k-1"),
        ],
        b"",
    );
    assert!(error.stderr.contains("timeouts.call"), "{error:?}");
    let text = std::fs::read_to_string(&path).unwrap();
    let path = file(
        "file-variables.yaml",
        text.replace(
            "timeouts: {call: \"${NOBODY:-44}\"}",
            "retries: ${NOBODY:-0}",
        ),
    );
    let key = file("team-key", "file-key-1234\n");
    for (variables, credential, model) in [
        (
            &[("TEAM_KEY", "team-key-1234")][..],
            "team-key-1234",
            "gpt-4o",
        ),
        (
            &[("TEAM_KEY_FILE", &*key), ("TEAM_MODEL", "o9")],
            "file-key-1234",
            "o9",
        ),
    ] {
        let before = provider.requests().len();
        let mut server = Server::builder()
            .envs([("CONFIG_FILE", &*path), ("TEAM_URL", &url)])
            .envs(variables.iter().copied())
            .spawn();
        let asked = json!({"prompt": "hello", "model": "mine"});
        let result = server.call_tool("anygpt_chat_completion", asked);
        assert_eq!(
            result["structuredContent"]["text"], "echo: hello",
            "{result}"
        );
        let requests = provider.wait_requests(before + 1, LIMIT);
        let request = requests.last().unwrap();
        assert_eq!(request.credential(), credential);
        assert_eq!(request.json()["model"], model);
    }
}

#[test]
fn the_examples_are_taken_by_the_program_and_by_the_schema_for_editors() {
    let share = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/share");
    let schema = std::fs::read_to_string(share.join("anygpt.config.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let readme = include_str!("../../../README.md");
    let examples = std::fs::read_dir(share.join("examples")).unwrap();
    let mut paths: Vec<PathBuf> = examples.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(paths.len(), 6, "{paths:?}");
    paths.push(share.join("anygpt.config.example.yaml"));
    for path in paths {
        let name = path.file_name().and_then(OsStr::to_str).unwrap();
        assert!(readme.contains(name), "{name} is not in the README");
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap();
        let named = first.strip_prefix("# yaml-language-server: $schema=");
        let named = path.with_file_name(named.expect(name));
        assert!(named.is_file(), "{name}: {first}");
        let file: Value = serde_saphyr::from_str(&text).unwrap();
        if let Err(error) = validator.validate(&file) {
            panic!("{name}: {}: {error}", error.instance_path());
        }
        let variables = [
            ("CONFIG_FILE", path.to_str().unwrap()),
            ("OPENAI_API_KEY", "k-1"),
            ("ANTHROPIC_API_KEY", "k-2"),
            ("GOOGLE_API_KEY", "k-3"),
            ("OPENROUTER_API_KEY", "k-4"),
            ("COMPANY_LLM_KEY", "k-5"),
            ("DOCKER_MODEL_RUNNER", "http://127.0.0.1:9/engines/v1"),
        ];
        let output = run(&["config", "validate"], variables, b"");
        assert_eq!(
            (output.code, &*output.stderr),
            (Some(0), ""),
            "{name}: {output:?}"
        );
    }
    for bad in [
        json!({"model": {}}),
        json!({"aliases": {"fast": []}}),
        json!({"aliases": {"fast": {"openai/a": {}}}}),
        json!({"providers": {"a": {"base_uri": "x"}}}),
        json!({"models": {"openai/a": {"price": {"input": "cheap"}}}}),
        json!({"defaults": {"temperature": []}}),
        json!({"rules": {"openai/a": {"drop": "seed"}}}),
        json!({"timeouts": {"call": 1.5}}),
    ] {
        assert!(!validator.is_valid(&bad), "{bad}");
    }
}

#[test]
fn a_default_provider_without_a_key_is_a_warning_and_its_calls_say_so() {
    for (variables, code) in [
        (
            &[
                ("DEFAULT_PROVIDER", "anthropic"),
                ("OPENAI_API_KEY", "k-123"),
            ][..],
            0,
        ),
        (&[("DEFAULT_PROVIDER", "anthropic")], 1),
    ] {
        let mut server = Server::builder().envs(variables.iter().copied()).spawn();
        let result = server.call_tool("anygpt_chat_completion", json!({"prompt": "hello"}));
        assert_eq!(result["isError"], true, "{result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("ANTHROPIC_API_KEY"), "{text}");
        server.wait_stderr("ANTHROPIC_API_KEY");
        let stderr = server.stderr();
        assert!(stderr.contains("DEFAULT_PROVIDER"), "{stderr}");
        server.close_stdin();
        server.end(code);
    }
}

#[test]
fn without_a_provider_lists_work_and_calls_name_the_variables() {
    let mut server = Server::builder().spawn();
    server.wait_stderr("No provider can be used");
    assert_names_keys(&server.stderr());
    let list = server.request("tools/list", Value::Null);
    assert!(
        !list["result"]["tools"].as_array().unwrap().is_empty(),
        "{list}"
    );

    for arguments in [
        json!({"prompt": "hello"}),
        json!({"prompt": "hello", "model": "gpt-4.1"}),
        json!({"prompt": "hello", "model": "anthropic/claude-sonnet-5"}),
        json!({"prompt": "hello", "provider": "google"}),
    ] {
        let result = server.call_tool("anygpt_chat_completion", arguments);
        assert_eq!(result["isError"], true, "{result}");
        assert_names_keys(result["content"][0]["text"].as_str().unwrap());
    }
    let result = server.call_tool("anygpt_list_providers", json!({}));
    assert_eq!(result.get("isError"), None, "{result}");
    assert_names_keys(result["content"][0]["text"].as_str().unwrap());
    server.close_stdin();
    server.end(1);
}

#[test]
fn the_command_line_explains_itself() {
    let version = concat!("anygpt-mcp ", env!("CARGO_PKG_VERSION"), "\n");
    // A bad setting does not prevent help.
    let variables = [("LOG_LEVEL", "loud")];
    for (arguments, stdout) in [
        (&["--help"][..], "config validate"),
        (&["-h"], "OPENAI_API_KEY"),
        (&["help"], "--version"),
        (&["config", "--help"], "Exit codes"),
        (&["--version"], version),
        (&["-V"], version),
    ] {
        let output = run(arguments, variables, b"");
        assert_eq!(output.code, Some(0), "{arguments:?}: {output:?}");
        assert!(output.stdout.contains(stdout), "{arguments:?}: {output:?}");
        assert_eq!(output.stderr, "", "{arguments:?}");
    }
    for arguments in [
        &["serve"][..],
        &["--nope"],
        &["-x"],
        &["config"],
        &["config", "nope"],
        &["config", "validate", "nope"],
        &["--nope=1"],
        &[""],
    ] {
        let output = run(arguments, variables, LIST.as_bytes());
        assert_eq!(output.code, Some(1), "{arguments:?}: {output:?}");
        assert_eq!(output.stdout, "", "{arguments:?}");
        assert!(
            output.stderr.contains("--help"),
            "{arguments:?}: {output:?}"
        );
        let wrong = arguments.last().unwrap().split('=').next().unwrap();
        assert!(output.stderr.contains(wrong), "{arguments:?}: {output:?}");
    }
    let not_text = OsStr::from_bytes(b"--\xff");
    let output = Server::builder().arg(not_text).run(b"");
    assert_eq!((output.code, &*output.stdout), (Some(1), ""));
}

#[test]
fn the_checks_of_the_specification_pass() {
    let key = &[("OPENAI_API_KEY", "test-1")][..];
    for (variables, request, code) in [
        (key, INITIALIZE, 0),
        (&[], INITIALIZE, 1),
        (key, LIST, 0),
        (&[], LIST, 1),
    ] {
        // As `echo` writes it.
        let input = format!("{request}\n");
        let output = run(&[], variables.iter().copied(), input.as_bytes());
        assert_eq!(output.code, Some(code), "{output:?}");
        let answers = answers(&output);
        assert_eq!(answers.len(), 1);
        let answer = &answers[0];
        assert_eq!(
            (&answer["jsonrpc"], &answer["id"]),
            (&json!("2.0"), &json!(1))
        );
        if request == INITIALIZE {
            assert_eq!(answer["result"]["serverInfo"]["name"], "anygpt-mcp");
        } else {
            let tools = answer["result"]["tools"].as_array().unwrap();
            let names: Vec<_> = tools.iter().map(|tool| &tool["name"]).collect();
            assert!(
                names.contains(&&json!("anygpt_chat_completion")),
                "{names:?}"
            );
        }
    }
}

#[test]
fn on_a_terminal_it_says_what_it_is_and_serves() {
    let found = Command::new("script").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        let why = "script (util-linux) is missing, so there is no terminal";
        assert!(std::env::var_os("CI").is_none(), "{why}");
        eprintln!("SKIPPED: {why}");
        return;
    }
    let errors = PathBuf::from(file("terminal-stderr", ""));
    let line = r#"stty -echo -onlcr; exec "$SERVER" 2>"$ERRORS""#;
    let mut server = Server::builder()
        .program("script")
        .args(["--quiet", "--return", "--command", line, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .env("SERVER", binary())
        .env("ERRORS", &errors)
        .env("DEFAULT_PROVIDER", "mock")
        .spawn();
    let said = || std::fs::read_to_string(&errors).unwrap_or_default();
    server.until("it has said what it is", || said().ends_with('\n'));
    let hint = said();
    for part in ["MCP", "tools/list", "--help"] {
        assert!(hint.contains(part), "{part} is missing in {hint:?}");
    }
    server.send(LIST);
    assert!(server.json()["result"]["tools"].is_array());
    // Ctrl-D.
    server.send_raw(b"\x04");
    server.end(0);
    assert_eq!(said(), hint);
}

// ------------------------------------------------------------------------------------- names of variables

/// Both ways to find out: the check, and a prompt that must not be sent.
#[track_caller]
fn refused(variables: &[(&str, &str)], says: &[&str]) {
    let provider = Provider::start();
    let with = |arguments: &[&str]| {
        let builder = Server::builder().args(arguments).envs(provider.env());
        builder.envs(variables.iter().copied()).stdin(Stdin::Null)
    };
    for arguments in [
        &["config", "validate"][..],
        &["chat", "-m", "gpt-5.2-pro", "hi"],
    ] {
        let output = with(arguments).run(b"");
        assert_eq!(
            (output.code, &*output.stdout),
            (Some(1), ""),
            "{variables:?}: {output:?}"
        );
        for part in says {
            assert!(
                output.stderr.contains(part),
                "{part:?} is missing: {output:?}"
            );
        }
    }
    let mut server = with(&[]).stdin(Stdin::Pipe).spawn();
    server.send(INITIALIZE);
    server.wait_stderr(says[0]);
    server.end(1);
    assert_eq!(provider.requests().len(), 0, "{variables:?}");
}

#[test]
fn a_mistyped_limit_stops_the_start() {
    for (name, meant) in [
        ("ANYGPT_ALLOW_MODEL", "ANYGPT_ALLOW_MODELS"),
        ("ANYGPT_ALOW_MODELS", "ANYGPT_ALLOW_MODELS"),
        ("ANYGPT_BLOCK_MODELS", "ANYGPT_DENY_MODELS"),
        ("ANYGPT_MAX_COST", "ANYGPT_MAX_COST_USD"),
        ("ANYGPT_BUDGET_USD", "ANYGPT_MAX_COST_USD"),
        ("ANYGPT_TOKENS_LIMIT", "ANYGPT_MAX_TOKENS"),
        ("anygpt_max_cost_usd", "ANYGPT_MAX_COST_USD"),
        ("ANYGTP_MAX_TOKENS", "ANYGPT_MAX_TOKENS"),
        ("ANYGPT_PROVIDER_OPENAI_MAX_TOKENS", "limit"),
        ("MAX_COST_USD", "ANYGPT_MAX_COST_USD"),
        ("DENY_MODELS", "ANYGPT_DENY_MODELS"),
    ] {
        refused(&[(name, "0.000001")], &[name, meant, "looks like a limit"]);
    }
    // The file has always been strict.
    for (name, text, says) in [
        ("limit", "limit: {max_tokens: 5}", "did you mean \"limits\""),
        ("max", "limits: {max_cost: 0.01}", "limits: unknown key"),
        (
            "allow",
            "limits: {allow_model: [x]}",
            "did you mean \"allow_models\"",
        ),
        (
            "provider",
            "providers: {openai: {max_tokens: 5}}",
            "unknown key \"max_tokens\"",
        ),
        (
            "rule",
            "rules: {'openai/*': {allow: []}}",
            "unknown key \"allow\"",
        ),
        (
            "model",
            "models: {openai/x: {max_cost_usd: 1}}",
            "unknown key \"max_cost_usd\"",
        ),
    ] {
        let path = file(&format!("mistyped-{name}.yaml"), text);
        refused(&[("CONFIG_FILE", &path)], &[says]);
    }
}

#[test]
fn any_other_unknown_name_is_a_warning() {
    for (name, value, meant) in [
        ("ANYGPT_TIMEOT", "5", "ANYGPT_TIMEOUT"),
        ("ANYGPT_LOG_LEVEL", "debug", "LOG_LEVEL"),
        ("anygpt_retries", "5", "ANYGPT_RETRIES"),
        (
            "ANYGPT_PROVIDER_GROQ_APIKEY",
            "hidden-1",
            "ANYGPT_PROVIDER_GROQ_API_KEY",
        ),
    ] {
        let variables = [(name, value), ("OPENAI_API_KEY", "k-123")];
        for arguments in [&["config", "validate"][..], &[], &["doctor"]] {
            let output = run(arguments, variables, LIST.as_bytes());
            assert_eq!(output.code, Some(0), "{output:?}");
            let expected = format!("{name} (perhaps you mean {meant})");
            assert!(output.stderr.contains(&expected), "{output:?}");
            assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
            assert!(!output.stderr.contains("hidden"), "{output:?}");
        }
    }
}

#[test]
fn a_limit_whose_value_is_mistyped_stops_the_start() {
    let wrong: [(&str, &[&str]); 5] = [
        (
            "ANYGPT_MAX_COST_USD",
            &[
                "abc", "-1", "0", "-0.0", "1,5", "$5", "5$", "5 USD", "\"x\"", "NaN", "inf",
                "1e999",
            ],
        ),
        (
            "ANYGPT_MAX_TOKENS",
            &["0", "-5", "1.5", "1k", "4294967296", "'x'"],
        ),
        ("ANYGPT_MAX_TIMEOUT", &["0", "-5", "1m", "1.5", "86401"]),
        (
            "ANYGPT_DENY_MODELS",
            &[
                ",",
                "'a','b'",
                "[gpt-5]",
                "[\"a\"]",
                "a;b",
                "a b",
                "a|b",
                "^gpt",
                "gpt-(4|5)",
                "gpt$",
                "*,-gpt-5",
                "!gpt-5",
            ],
        ),
        (
            "ANYGPT_ALLOW_PROVIDERS",
            &[",", "opnai", "openai;google", "openai google"],
        ),
    ];
    for (name, values) in wrong {
        for value in values {
            let output = run(
                &["config", "validate"],
                [(name, *value), ("OPENAI_API_KEY", "k-123")],
                b"",
            );
            assert_eq!(output.code, Some(1), "{name}={value}: {output:?}");
            assert!(output.stderr.contains(name), "{output:?}");
        }
    }
    refused(
        &[("ANYGPT_MAX_COST_USD", "1,5")],
        &["ANYGPT_MAX_COST_USD", "number above 0"],
    );
    for (number, text) in [
        "max_cost_usd: abc",
        "max_cost_usd: -1",
        "max_cost_usd: 0",
        "max_cost_usd: .nan",
        "max_cost_usd: .inf",
        "max_cost_usd: 1,5",
        "max_cost_usd: $5",
        "max_tokens: 0",
        "max_tokens: -1",
        "max_tokens: many",
        "max_timeout: 1m",
        "deny_models: []",
        "deny_models: ['gpt-5 gpt-4']",
        "deny_models: ['\"gpt-5\"']",
        "allow_providers: [opnai]",
    ]
    .into_iter()
    .enumerate()
    {
        let path = file(
            &format!("value-{number}.yaml"),
            format!("limits:\n  {text}\n"),
        );
        let output = run(
            &["config", "validate"],
            [("CONFIG_FILE", &*path), ("OPENAI_API_KEY", "k-123")],
            b"",
        );
        assert_eq!(output.code, Some(1), "{text}: {output:?}");
        assert!(output.stderr.contains("line 2"), "{text}: {output:?}");
    }
    // Catalogues send these for values that were not filled in.
    for value in ["", "<UNKNOWN>", "${COST}"] {
        let output = run(
            &["config", "validate"],
            [("ANYGPT_MAX_COST_USD", value), ("OPENAI_API_KEY", "k-123")],
            b"",
        );
        assert_eq!(output.code, Some(0), "{value}: {output:?}");
        for part in ["ANYGPT_MAX_COST_USD", "this limit does not hold"] {
            assert!(output.stderr.contains(part), "{output:?}");
        }
    }
    let typo = [
        ("ANYGPT_DENY_MODELS", "opnai/*, meta-llama/*"),
        ("OPENAI_API_KEY", "k-123"),
    ];
    let output = run(&["config", "validate"], typo, b"");
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(
        output.stderr.contains("opnai/* holds for no provider"),
        "{output:?}"
    );
    assert!(!output.stderr.contains("meta-llama"), "{output:?}");
}

#[test]
fn other_programs_addresses_and_keys_are_read() {
    let provider = Provider::start();
    let [(_, openai), (_, anthropic), _] = provider.urls();
    for (variables, model, family) in [
        (
            [
                ("OPENAI_KEY", Family::OpenAi.key()),
                ("OPENAI_API_BASE", &*openai),
            ],
            "gpt-4.1",
            Family::OpenAi,
        ),
        (
            [
                ("OPENAI_API_KEY", Family::OpenAi.key()),
                ("OPENAI_API_BASE_URL", &*openai),
            ],
            "gpt-4.1",
            Family::OpenAi,
        ),
        (
            [
                ("CLAUDE_API_KEY", Family::Anthropic.key()),
                ("ANTHROPIC_API_URL", &*anthropic),
            ],
            "claude-sonnet-4-5",
            Family::Anthropic,
        ),
    ] {
        let url = variables[1];
        let builder = Server::builder()
            .args(["chat", "-m", model, "hi"])
            .stdin(Stdin::Null);
        let output = builder.envs(variables).run(b"");
        assert_eq!(
            (output.code, &*output.stdout),
            (Some(0), "echo: hi\n"),
            "{output:?}"
        );
        let request = provider.requests().pop().unwrap();
        assert_eq!(request.family(), Some(family));
        assert_eq!(request.credential(), family.key());
        for arguments in [&["config", "validate"][..], &["doctor"], &[]] {
            let output = run(arguments, variables, LIST.as_bytes());
            assert_eq!(output.code, Some(0), "{output:?}");
            let told = format!("{} is read as", url.0);
            assert_eq!(output.stderr.matches(&told).count(), 1, "{output:?}");
            assert!(output.stderr.contains(url.1), "{output:?}");
        }
        let doctor = run(&["doctor"], variables, b"");
        assert!(doctor.stdout.contains(variables[0].0), "{doctor:?}");
    }
    // Our own variable, or the file, wins.
    let path = file(
        "own-url.yaml",
        format!("providers: {{openai: {{base_url: '{openai}'}}}}"),
    );
    let elsewhere = ("OPENAI_API_BASE", "http://127.0.0.1:9/v1");
    for own in [("OPENAI_BASE_URL", &*openai), ("CONFIG_FILE", &*path)] {
        let variables = [own, elsewhere, ("OPENAI_API_KEY", Family::OpenAi.key())];
        let builder = Server::builder()
            .args(["chat", "-m", "gpt-4.1", "hi"])
            .stdin(Stdin::Null);
        let output = builder.envs(variables).run(b"");
        assert_eq!(
            (output.code, &*output.stdout),
            (Some(0), "echo: hi\n"),
            "{output:?}"
        );
        assert!(
            output.stderr.contains("is used, and not OPENAI_API_BASE"),
            "{output:?}"
        );
    }
}

#[test]
fn restrictions_that_only_other_programs_know_are_warned_of_by_name() {
    let variables = [
        ("GOOGLE_ALLOWED_MODELS", "flash"),
        ("DISABLED_TOOLS", "chat"),
        ("CUSTOM_API_URL", "http://localhost:11434/v1"),
        ("OPENROUTER_DEFAULT_MODEL", "auto"),
        ("OPENAI_PROXY", "http://proxy:3128"),
        ("OPENAI_API_KEY", "k-123"),
    ];
    for arguments in [&["config", "validate"][..], &["doctor"], &[]] {
        let output = run(arguments, variables, LIST.as_bytes());
        assert_eq!(output.code, Some(0), "{output:?}");
        assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
        for (name, _) in &variables[..5] {
            assert!(
                output.stderr.contains(&format!("{name} (set ")),
                "{name}: {output:?}"
            );
        }
    }
    // A file that uses it was written for this program.
    let path = file(
        "custom.yaml",
        "providers: {custom: {type: openai-compatible, base_url: '${CUSTOM_API_URL}'}}",
    );
    let used = [
        ("CUSTOM_API_URL", "http://localhost:11434/v1"),
        ("CONFIG_FILE", &*path),
    ];
    let output = run(&["config", "validate"], used, b"");
    assert_eq!((output.code, &*output.stderr), (Some(0), ""), "{output:?}");
}

#[test]
fn a_default_that_leaves_the_choice_counts_as_not_set() {
    let path = file("auto.yaml", "defaults: {model: Auto}\n");
    let alias = file(
        "auto-alias.yaml",
        "aliases: {auto: mock/echo}\nproviders: {mock: {}}\n",
    );
    for (variables, is_told) in [
        (
            [("DEFAULT_MODEL", "auto"), ("DEFAULT_PROVIDER", "mock")],
            true,
        ),
        (
            [("CONFIG_FILE", &*path), ("DEFAULT_PROVIDER", "mock")],
            true,
        ),
        (
            [("DEFAULT_PROVIDER", "auto"), ("CONFIG_FILE", &*alias)],
            true,
        ),
        ([("DEFAULT_MODEL", "auto"), ("CONFIG_FILE", &*alias)], false),
    ] {
        let output = run(&["chat", "hi"], variables, b"");
        assert_eq!(
            (output.code, &*output.stdout),
            (Some(0), "hi\n"),
            "{variables:?}: {output:?}"
        );
        let told = output.stderr.matches("counts as not set").count();
        assert_eq!(told, usize::from(is_told), "{variables:?}: {output:?}");
    }
}

#[test]
fn of_a_service_that_has_ended_the_day_is_said() {
    const ENDED: &str = "GitHub Models ended on 2026-07-30";
    for id in ["github", "GitHub", "github-models"] {
        let variables = [
            ("DEFAULT_PROVIDER", id),
            ("GITHUB_TOKEN", "ghp-hidden"),
            ("OPENAI_API_KEY", "k-123"),
        ];
        let output = run(&["config", "validate"], variables, b"");
        assert_eq!(output.code, Some(1), "{output:?}");
        for part in ["DEFAULT_PROVIDER", ENDED, "openai"] {
            assert!(output.stderr.contains(part), "{output:?}");
        }
    }
    // Its token is usually set for another purpose.
    let output = run(
        &["config", "validate"],
        [("GITHUB_TOKEN", "ghp-hidden")],
        b"",
    );
    assert_eq!(output.code, Some(1), "{output:?}");
    assert_names_keys(&output.stderr);
    let why = format!("GITHUB_TOKEN is of no use: {ENDED}");
    assert!(output.stderr.contains(&why), "{output:?}");
    let mut server = Server::builder()
        .env("GITHUB_TOKEN", "ghp-hidden")
        .env("DOCKER_MODEL_RUNNER", "off")
        .spawn();
    let result = server.call_tool("anygpt_chat_completion", json!({"prompt": "hi"}));
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.ends_with(&format!(". {why}.")), "{text}");
    assert_names_keys(text);
    assert!(server.stderr().contains(&why), "{}", server.stderr());

    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("GITHUB_TOKEN", "ghp-hidden")
        .spawn();
    for arguments in [
        json!({"prompt": "hi", "model": "github/openai/gpt-5"}),
        json!({"prompt": "hi", "model": "GitHub-Models/gpt-5@high"}),
        json!({"prompt": "hi", "model": "gpt-5", "provider": "github"}),
    ] {
        let result = server.call_tool("anygpt_chat_completion", arguments);
        assert_eq!(result["isError"], true, "{result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(ENDED) && text.contains("openai"), "{text}");
    }
    assert_eq!(provider.requests().len(), 0);
    assert!(
        !server.stderr().contains("GITHUB_TOKEN"),
        "{}",
        server.stderr()
    );
    for (name, text, code) in [
        ("deny", "limits: {deny_providers: [github]}", 0),
        ("entry", "providers: {github: {api_key: ghp-hidden}}", 0),
        (
            "own",
            "providers: {github: {type: openai-compatible, base_url: 'http://127.0.0.1:9/v1'}}",
            0,
        ),
        ("model", "models: {github/openai/gpt-5: {tags: [x]}}", 1),
        ("default", "defaults: {provider: github}", 1),
    ] {
        let path = file(&format!("github-{name}.yaml"), text);
        let output = run(
            &["config", "validate"],
            [("CONFIG_FILE", &*path), ("OPENAI_API_KEY", "k-123")],
            b"",
        );
        assert_eq!(output.code, Some(code), "{text}: {output:?}");
        let is_said = output.stderr.contains(ENDED);
        assert_eq!(
            is_said,
            !["deny", "own"].contains(&name),
            "{text}: {output:?}"
        );
    }
}
