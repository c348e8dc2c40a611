//! The commands next to the server, end to end: stdout, stderr, exit codes.
//!
//! Never here: requests to providers (`tools/chat.rs`, `providers/attempts.rs`), the content of lists
//! (`tools/lists.rs`).

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anygpt_tests::outcome::assert_parts;
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::server::{Builder, Output, Server, Signal, Stdin, binary, run};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

const NOTHING: [(&str, &str); 0] = [];
const MOCK: [(&str, &str); 1] = [("DEFAULT_PROVIDER", "mock")];
const LIMIT: Duration = Duration::from_secs(60);
const ESCAPE: &str = "\x1b";
/// It succeeded, with nothing on stderr.
#[track_caller]
fn well(output: &Output) -> &str {
    assert_eq!(
        (output.code, &*output.stderr),
        (Some(0), ""),
        "{}",
        output.stdout
    );
    &output.stdout
}

/// It failed: nothing on stdout, this on stderr.
#[track_caller]
fn wrong(output: &Output, code: i32, said: &[&str]) {
    assert_eq!(
        (output.code, &*output.stdout),
        (Some(code), ""),
        "{}",
        output.stderr
    );
    assert!(
        output.stderr.starts_with("anygpt-mcp: "),
        "{}",
        output.stderr
    );
    assert_parts(&output.stderr, said);
}

/// A command that calls the mock provider, with nothing on stdin.
fn asking(provider: &Provider, arguments: &[&str]) -> Builder {
    let builder = Server::builder().args(arguments).envs(provider.env());
    builder.stdin(Stdin::Null)
}

/// A file of this name in the folder for temporary files.
fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("anygpt-cli-{}-{name}", std::process::id()));
    fs::write(&path, text).unwrap();
    path
}

// ----------------------------------------------------------------------------------------------- terminals

/// A terminal: its two ends.
fn terminal() -> (File, File) {
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&near).unwrap();
    unlockpt(&near).unwrap();
    let name = ptsname(&near, Vec::new()).unwrap();
    let far = OpenOptions::new()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    (File::from(near), far)
}

/// Reads what a terminal shows until `wanted` appears, or everything if it is `None`.
fn shown(near: &mut File, wanted: Option<&str>) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        if wanted.is_some_and(|wanted| text.contains(wanted)) {
            return text;
        }
        match near.read(&mut buffer) {
            // The other end is closed.
            Ok(0) | Err(_) => return text,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Runs a command whose stdout is a terminal: the terminal's content, exit code, stderr.
fn on_terminal(builder: Builder) -> (String, Option<i32>, String) {
    let (mut near, far) = terminal();
    let mut server = builder.stdout_to(far).spawn();
    let text = shown(&mut near, None);
    let code = server.wait().code;
    (text, code, server.stderr())
}

// ------------------------------------------------------------------------------------------ words and help

#[test]
fn help_and_version_go_to_stdout_and_mistakes_to_stderr() {
    let help = run(&["--help"], NOTHING, b"");
    assert_parts(
        well(&help),
        &[
            "chat [PROMPT…]",
            "config validate",
            "OPENAI_API_KEY",
            "Exit codes",
        ],
    );
    let version = run(&["--version"], NOTHING, b"");
    assert_eq!(
        well(&version),
        concat!("anygpt-mcp ", env!("CARGO_PKG_VERSION"), "\n")
    );
    let chat = run(&["chat", "--help"], NOTHING, b"");
    assert_parts(well(&chat), &["-m, --model MODEL", "--effort"]);
    assert_eq!(well(&run(&["help", "chat"], NOTHING, b"")), chat.stdout);

    wrong(
        &run(&["doctro"], NOTHING, b""),
        1,
        &["perhaps you mean doctor", "--help"],
    );
    wrong(
        &run(&["chat", "--modle", "x"], NOTHING, b""),
        1,
        &["perhaps you mean --model"],
    );
    wrong(
        &run(&["\x1b[31m"], NOTHING, b""),
        1,
        &["unknown command: \\"],
    );
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let builder = || Server::builder().args(["doctor"]).envs(MOCK);
    let (text, code, _) = on_terminal(builder().env("TERM", "xterm"));
    assert_eq!(code, Some(0));
    assert_parts(&text, &["\x1b[32musable\x1b[0m"]);
    for variables in [
        vec![("TERM", "xterm"), ("NO_COLOR", "1")],
        vec![("TERM", "dumb")],
        vec![],
    ] {
        let (plain, ..) = on_terminal(builder().envs(variables.clone()));
        assert!(
            plain.contains("usable") && !plain.contains(ESCAPE),
            "{variables:?}: {plain}"
        );
    }
    // The same without a terminal.
    let piped = builder().env("TERM", "xterm").run(b"");
    assert!(!well(&piped).contains(ESCAPE));
}

#[test]
fn completions_are_scripts_of_the_shells_and_what_they_ask_is_answered() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell], NOTHING, b"");
        let script = file(shell, well(&output));
        let checked = Command::new(shell).arg("-n").arg(&script).output();
        match checked {
            Ok(checked) => assert!(
                checked.status.success() && checked.stderr.is_empty(),
                "{shell}: {}",
                String::from_utf8_lossy(&checked.stderr)
            ),
            // Every machine has bash.
            Err(_) => assert_ne!(shell, "bash"),
        }
        fs::remove_file(script).unwrap();
    }
    wrong(
        &run(&["completions", "tcsh"], NOTHING, b""),
        1,
        &["bash, zsh or fish"],
    );

    let folder = std::env::temp_dir().join(format!("anygpt-cli-path-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let link = folder.join("anygpt-mcp");
    _ = std::os::unix::fs::symlink(binary(), &link);
    let found = |words: &str, current: usize| {
        let script = format!(
            r#"source <("$1" completions bash); COMP_WORDS=({words}); COMP_CWORD={current}
               _anygpt_mcp "$1"; printf '%s\n' "${{COMPREPLY[@]}}""#
        );
        let output = Command::new("bash")
            .args(["-c", &script, "bash"])
            .arg(&link)
            .env("DEFAULT_PROVIDER", "mock")
            .env("DEFAULT_MODEL", "team-model")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().replace('\n', " ")
    };
    assert_eq!(found("anygpt-mcp con", 1), "config ");
    assert_eq!(
        found("anygpt-mcp config ''", 2),
        "validate show init schema "
    );
    assert_eq!(found("anygpt-mcp chat --mo", 2), "--model ");
    assert_eq!(found("anygpt-mcp chat -m te", 3), "team-model ");
    assert_eq!(found("anygpt-mcp chat --provider mo", 3), "mock ");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_reader_that_has_seen_enough_ends_a_command_quietly_and_a_full_disk_does_not() {
    let closed = |arguments: &str| {
        // The reader exits before anything is written.
        let script = format!(r#"("$0" {arguments}; echo "code $?" >&2) | sleep 0"#);
        let script = format!("sleep 0.2; {script}");
        let output = Command::new("bash")
            .args(["-c", &script.replace("(\"$0\"", "(sleep 0.2; \"$0\"")])
            .arg(binary())
            .env("DEFAULT_PROVIDER", "mock")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    for arguments in [
        "--help",
        "docs overview",
        "chat hello",
        "config show",
        "doctor",
        "models",
    ] {
        assert_eq!(closed(arguments), "code 0\n", "{arguments}");
    }
    #[cfg(target_os = "linux")]
    {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Server::builder().arg("--help").stdout_to(full).run(b"");
        wrong(&output, 3, &["stdout cannot be written"]);
    }
}

// ------------------------------------------------------------------------------------------------ settings

#[test]
fn the_example_that_is_printed_is_valid() {
    let output = run(&["config", "init"], NOTHING, b"");
    let path = file("init.yaml", well(&output));
    let checked = run(
        &["config", "validate"],
        [("CONFIG_FILE", path.to_str().unwrap())],
        b"",
    );
    assert_eq!(well(&checked), "The settings are valid.\n");
    fs::remove_file(path).unwrap();
}

#[test]
fn the_schema_that_the_example_names_can_be_printed() {
    let example = run(&["config", "init"], NOTHING, b"");
    let mut lines = well(&example).lines();
    assert_parts(
        lines.next().unwrap(),
        &["$schema=anygpt.config.schema.json"],
    );
    assert_parts(
        lines.next().unwrap(),
        &["anygpt-mcp config schema >anygpt.config.schema.json"],
    );
    let schema = run(&["config", "schema"], NOTHING, b"");
    let schema: Value = serde_json::from_str(well(&schema)).unwrap();
    let tools = &schema["properties"]["tools"]["description"];
    assert_eq!(
        tools,
        "The tools that clients are offered, as in ANYGPT_TOOLS"
    );
}

#[test]
fn without_anything_chat_says_in_one_sentence_what_to_do() {
    let output = run(&["chat", "hi"], [("DOCKER_MODEL_RUNNER", "auto")], b"");
    let words = [
        "OPENAI_API_KEY",
        "\"docker model run ai/smollm2\"",
        "DEFAULT_PROVIDER=mock",
    ];
    wrong(&output, 1, &words);
    assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
}

#[test]
fn settings_are_shown_with_their_origins_and_without_secrets() {
    let path = file(
        "show.yaml",
        "providers:\n  team:\n    type: anthropic\n    base_url: http://llm-proxy:8080\n    api_key: in-the-file-1234xy\n    \
         model: claude-x\nmodels:\n  team/claude-x:\n    tags: [fast]\ndefaults:\n  provider: team\n  model: fast\n",
    );
    let variables = [
        ("CONFIG_FILE", path.to_str().unwrap()),
        ("OPENAI_API_KEY", "sk-in-the-variable-9q"),
        ("OPENAI_ORG_ID", "org-1"),
        ("GEMINI_API_KEY", "<UNKNOWN>"),
        ("ANYGPT_TIMEOUT", "20"),
        ("https_proxy", "http://user:pass-word-7@proxy.example:3128"),
    ];
    let output = run(&["config", "show", "--json"], variables, b"");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_parts(
        &output.stderr,
        &["warning: Treated as not set: GEMINI_API_KEY"],
    );
    let shown: Value = serde_json::from_str(&output.stdout).unwrap();
    let settings = shown["settings"].as_array().unwrap();
    for (name, value, origin) in [
        ("config_file", path.to_str().unwrap(), "CONFIG_FILE"),
        ("timeouts.call", "20 s", "ANYGPT_TIMEOUT"),
        ("retries", "2", "default"),
        ("https_proxy", "proxy.example:3128", "https_proxy"),
        (
            "defaults.provider",
            "team",
            "defaults.provider (line 11 of the configuration file)",
        ),
        (
            "defaults.model",
            "fast",
            "defaults.model (line 12 of the configuration file)",
        ),
        (
            "providers.openai.api_key",
            "21 characters, the last two are \"9q\"",
            "OPENAI_API_KEY",
        ),
        (
            "providers.openai.base_url",
            "https://api.openai.com/v1",
            "default",
        ),
        (
            "providers.openai.headers",
            "openai-organization",
            "OPENAI_ORG_ID",
        ),
        (
            "providers.team.type",
            "anthropic",
            "providers.team.type (line 3 of the configuration file)",
        ),
        (
            "providers.team.base_url",
            "http://llm-proxy:8080",
            "providers.team.base_url (line 4 of the configuration file)",
        ),
        (
            "providers.team.api_key",
            "18 characters, the last two are \"xy\"",
            "providers.team.api_key (line 5 of the configuration file)",
        ),
        (
            "providers.team.model",
            "claude-x",
            "providers.team.model (line 6 of the configuration file)",
        ),
        (
            "models.team/claude-x.tags",
            "fast",
            "line 8 of the configuration file",
        ),
    ] {
        let wanted = json!({"name": name, "value": value, "origin": origin});
        assert!(settings.contains(&wanted), "{wanted}: {shown:#}");
    }
    let text = run(&["config", "show"], variables, b"").stdout;
    assert_eq!(text.lines().count(), settings.len());
    assert_parts(&text, &["20 s", "(ANYGPT_TIMEOUT)"]);

    // The environment wins over the file, and is the origin then.
    let own = variables.into_iter().chain([
        ("DEFAULT_PROVIDER", "openai"),
        ("ANYGPT_PROVIDER_TEAM_MODEL", "claude-y"),
    ]);
    let text = run(&["config", "show"], own, b"").stdout;
    assert_parts(
        &text,
        &["(DEFAULT_PROVIDER)", "(ANYGPT_PROVIDER_TEAM_MODEL)"],
    );
    for text in [&text, &output.stdout] {
        for secret in ["in-the-file", "in-the-variable", "pass-word"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    fs::remove_file(path).unwrap();
    wrong(
        &run(&["config", "show"], [("LOG_LEVEL", "loud")], b""),
        1,
        &["LOG_LEVEL"],
    );
}

/// A file with every key of the schema, as JSON, and the paths of its keys.
fn everything(schema: &Value, path: &str, paths: &mut Vec<String>) -> Value {
    let below = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    if let Some(keys) = schema["properties"].as_object() {
        let keys = keys.iter().map(|(key, schema)| {
            let value = everything(schema, &below(key), paths);
            (key.clone(), value)
        });
        return Value::Object(keys.collect());
    }
    if schema["additionalProperties"].is_object() {
        let key = match path {
            "providers" => "team",
            "models" | "rules" => "team/model-1",
            "aliases" => "best",
            _ => panic!("no sample of a key below {path}"),
        };
        let value = everything(&schema["additionalProperties"], &below(key), paths);
        return json!({key: value});
    }
    paths.push(path.to_owned());
    match path {
        "providers.team.type" => json!("openai-compatible"),
        "providers.team.api_key" => json!("key-of-the-file"),
        "providers.team.base_url" => json!("http://127.0.0.1:1/v1"),
        "providers.team.model" | "defaults.model" => json!("model-1"),
        "models.team/model-1.tags" => json!(["fast"]),
        "aliases.best" => json!(["team/model-1@high"]),
        "rules.team/model-1.drop" => json!(["seed"]),
        "rules.team/model-1.keep" => json!(["stop"]),
        "rules.team/model-1.max_tokens_as" => json!("max_tokens"),
        "defaults.provider" => json!("team"),
        "models.team/model-1.efforts" => json!(["low"]),
        "models.team/model-1.inputs" => json!(["image"]),
        "models.team/model-1.sampling"
        | "models.team/model-1.tools"
        | "models.team/model-1.forced_tools" => json!(true),
        "facts" => json!(file("everything.tsv", "facts 2099-01-31 own\nid\n")),
        "tools" => json!(["chat_completion"]),
        "limits.allow_providers" => json!(["team", "openai", "anthropic", "google"]),
        "limits.deny_providers" => json!(["groq"]),
        "limits.allow_models" => json!(["*"]),
        "limits.deny_models" => json!(["*-pro"]),
        "log.level" => json!("warn"),
        "log.format" => json!("json"),
        _ if path.ends_with(".reasoning_effort") => json!("low"),
        _ if path.ends_with(".top_p") || path.ends_with(".temperature") => json!(0.5),
        _ => json!(7),
    }
}

#[test]
fn every_key_of_the_file_and_every_variable_is_shown_with_its_origin() {
    let share = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime");
    let json = |path: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(share.join(path)).unwrap()).unwrap()
    };
    let mut paths = Vec::new();
    let whole = everything(&json("share/anygpt.config.schema.json"), "", &mut paths);
    assert!(paths.len() > 30, "{paths:?}");
    let path = file("everything.json", &whole.to_string());
    let given = ("CONFIG_FILE", path.to_str().unwrap());
    let shown = |variables: &[(&str, &str)]| -> Vec<(String, String)> {
        let variables = variables.iter().copied().chain([given]);
        let output = run(&["config", "show", "--json"], variables, b"");
        assert_eq!(output.code, Some(0), "{output:?}");
        assert!(!output.stdout.contains("key-of-the-file"), "{output:?}");
        let shown: Value = serde_json::from_str(&output.stdout).unwrap();
        let settings = shown["settings"].as_array().unwrap().iter();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        settings
            .map(|it| (word(&it["name"]), word(&it["origin"])))
            .collect()
    };
    let of_file = shown(&[]);
    for path in paths {
        let found = of_file.iter().find(|(name, _)| *name == path);
        let (_, origin) = found.unwrap_or_else(|| panic!("{path} is not shown: {of_file:#?}"));
        assert!(
            origin.contains("the configuration file"),
            "{path}: {origin}"
        );
    }

    let registry = json("registry/server.json");
    let variables = registry["packages"][0]["environmentVariables"].as_array();
    let names = variables.unwrap().iter().map(|it| it["name"].as_str());
    let own = [
        "ANYGPT_FIRST_BYTE_TIMEOUT",
        "ANYGPT_IDLE_TIMEOUT",
        "ANYGPT_RETRIES",
        "ANYGPT_SHUTDOWN_GRACE",
        "ANYGPT_STRUCTURED_OUTPUT",
        "ANYGPT_STANDBY",
        "ANYGPT_ALLOW_INSECURE_HTTP",
        "ANYGPT_MAX_TOKENS",
        "ANYGPT_ALLOW_MODELS",
        "ANTHROPIC_CUSTOM_HEADERS",
        "LOG_FORMAT",
        "ANYGPT_FACTS",
    ];
    let facts = file("everything.tsv", "facts 2099-01-31 own\nid\n");
    for name in names.map(Option::unwrap).chain(own) {
        let value = match name {
            "DEFAULT_PROVIDER" => "openai",
            "ANYGPT_FACTS" => facts.to_str().unwrap(),
            "ANYGPT_TOOLS" => "all",
            "LOG_LEVEL" => "debug",
            "LOG_FORMAT" => "text",
            "ANYGPT_STRUCTURED_OUTPUT" | "ANYGPT_STANDBY" => "always",
            "ANTHROPIC_CUSTOM_HEADERS" => "X-Team: research",
            _ if name.ends_with("_URL") => "https://llm.example",
            _ => "1",
        };
        let shown = shown(&[(name, value)]);
        assert!(
            shown.iter().any(|(_, origin)| origin == name),
            "{name}: {shown:#?}"
        );
    }
    fs::remove_file(path).unwrap();
    fs::remove_file(facts).unwrap();
}

// -------------------------------------------------------------------------------------------------- doctor

#[test]
fn the_doctor_tells_what_is_usable_and_why_the_rest_is_not() {
    let output = run(&["doctor"], [("OPENAI_API_KEY", "sk-abcdefgh12")], b"");
    let text = well(&output);
    assert_parts(
        text,
        &[
            "openai (default)\n  usable\n",
            "key from OPENAI_API_KEY: 13 characters, the last two are \"12\"",
            "anthropic\n  off: the API key is missing (set ANTHROPIC_API_KEY)",
            "GROQ_API_KEY",
        ],
    );
    assert!(!text.contains("abcdef"), "{text}");
    let none = run(&["doctor"], NOTHING, b"");
    assert_eq!(none.code, Some(1));
    assert_parts(&none.stderr, &["No provider can be used"]);
    assert_parts(&none.stdout, &["off: the API key is missing"]);
}

#[test]
fn online_the_doctor_asks_every_provider_and_one_that_answers_is_enough() {
    let provider = Provider::start();
    provider.script_models(
        Family::Anthropic,
        [Reply::error(
            Family::Anthropic,
            401,
            "bad key {{credential}} \x1b[2J",
        )],
    );
    let output = asking(&provider, &["doctor", "--online"]).run(b"");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_parts(
        &output.stdout,
        &[
            "answers: 4 models in ",
            "fails after ",
            "auth: anthropic answered HTTP 401",
            "Check the key in ANTHROPIC_API_KEY",
        ],
    );
    for family in Family::NATIVE {
        assert!(!output.stdout.contains(family.key()), "{}", output.stdout);
    }

    let refused = Server::builder()
        .args(["doctor", "--online"])
        .env("OPENAI_API_KEY", "some-key-12345")
        .env("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
        .run(b"");
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert_parts(&refused.stdout, &["fails after", "network: openai"]);
}

// -------------------------------------------------------------------------------------------------- models

#[test]
fn models_are_listed_for_people_and_programs() {
    let provider = Provider::start();
    let output = asking(&provider, &["models", "--provider", "openai"]).run(b"");
    assert_parts(
        well(&output),
        &["openai/gpt-5.6-terra\n", "openai/gpt-4.1\n"],
    );
    assert!(!output.stdout.contains("anthropic/"));
    let output = asking(&provider, &["models", "--json"]).run(b"");
    let list: Value = serde_json::from_str(well(&output)).unwrap();
    assert_eq!(list["models"].as_array().unwrap().len(), 12);
    assert!(list.get("next_cursor").is_none());

    let unknown = asking(&provider, &["models", "--provider", "opnai"]).run(b"");
    wrong(&unknown, 1, &["config: there is no provider \"opnai\""]);
    provider.script_models(Family::OpenAi, [Reply::error(Family::OpenAi, 401, "no")]);
    let failed = asking(&provider, &["models", "--provider", "openai"]).run(b"");
    assert_eq!(
        (failed.code, &*failed.stdout),
        (Some(3), ""),
        "{}",
        failed.stderr
    );
}

#[test]
fn where_a_name_leads_is_explained_without_a_network() {
    let path = file(
        "resolve.yaml",
        "providers:\n  team:\n    type: openai-compatible\n    base_url: http://127.0.0.1:1/v1\nmodels:\n  \
         openai/gpt-5-mini: {tags: [fast]}\n  team/gpt-5-mini: {tags: [fast, gpt-quick]}\nrules:\n  \
         '*/llama': {drop: [temperature], keep: [seed], defaults: {max_tokens: 9}, max_tokens_as: max_tokens}\n",
    );
    let resolved = |arguments: &[&str]| {
        let variables = [
            ("CONFIG_FILE", path.to_str().unwrap()),
            ("OPENAI_API_KEY", "key-12345678"),
            ("OPENROUTER_API_KEY", "key-87654321"),
        ];
        let arguments = [&["models", "--resolve"], arguments].concat();
        run(&arguments, variables, b"")
    };
    // What is known of the models is told in lines of its own.
    let led = |arguments: &[&str]| {
        let told = resolved(arguments);
        let lines = well(&told)
            .lines()
            .filter(|line| !line.contains(": facts: "));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    assert_eq!(
        led(&["fast"]),
        "openai/gpt-5-mini\nteam/gpt-5-mini, if that fails\nbecause it is a tag or an alias of the configuration file\n"
    );
    assert_eq!(
        led(&["gpt-5-mini@high"]),
        "openai/gpt-5-mini with effort high\nbecause models with such names are this provider's\n\
         ambiguous: team/gpt-5-mini may be meant, too (the configuration file has it); write that to ask it\n"
    );
    assert_eq!(
        led(&["gpt-quick"]),
        "team/gpt-5-mini\nbecause it is a tag or an alias of the configuration file\n\
         ambiguous: openai/gpt-quick may be meant, too (its name is that of this provider's models); write that to ask it\n"
    );
    assert_eq!(
        led(&["openai/gpt-9"]),
        "openai/gpt-9\nbecause the provider is named\n\
         ambiguous: openrouter/openai/gpt-9 may be meant, too (it has the models of all vendors); write that to ask it\n"
    );
    assert_eq!(
        led(&["meta/llama"]),
        "openrouter/meta/llama\nbecause its vendor is not set up, and this provider has the models of many vendors\n\
         rules for openrouter/meta/llama: defaults.max_tokens 9\n\
         rules for openrouter/meta/llama: drop temperature\n\
         rules for openrouter/meta/llama: keep seed\n\
         rules for openrouter/meta/llama: max_tokens_as max_tokens\n"
    );
    wrong(
        &resolved(&["unheard-of"]),
        1,
        &[
            "config: more than one provider may have",
            "Name one: openrouter/unheard-of or team/unheard-of",
        ],
    );
    assert_eq!(
        led(&["fast", "--provider", "team"]),
        "team/gpt-5-mini\nbecause it is a tag or an alias of the configuration file\n"
    );
    wrong(
        &resolved(&["x", "--provider", "anthropic"]),
        1,
        &["config: provider anthropic cannot be used"],
    );
    for (name, part) in [
        (
            "llama3.2:1b",
            "team/llama3.2:1b\nbecause this is the name of a local model",
        ),
        (
            "groq/llama-4",
            "config: provider groq cannot be used: the API key is missing (set GROQ_API_KEY)",
        ),
        (
            "openai/claude-x",
            "config: model \"claude-x\" is not sent to provider openai: it is a model of Anthropic",
        ),
    ] {
        let told = resolved(&[name]);
        let said = [&*told.stdout, &*told.stderr].concat();
        assert!(said.contains(part), "{name}: {said}");
    }
    fs::remove_file(path).unwrap();
}

// ---------------------------------------------------------------------------------------------------- docs

#[test]
fn the_documentation_is_that_of_the_server() {
    let list = run(&["docs"], NOTHING, b"");
    let topics: Vec<&str> = well(&list)
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let mut server = Server::builder()
        .env("OPENAI_API_KEY", "some-key-1234")
        .spawn();
    let resources = server.request("resources/list", json!({}));
    let resources = resources["result"]["resources"].as_array().unwrap().clone();
    assert_eq!(topics.len(), resources.len());
    for (topic, resource) in topics.iter().zip(&resources) {
        let read = server.request("resources/read", json!({"uri": resource["uri"]}));
        let page = run(&["docs", topic], [("OPENAI_API_KEY", "some-key-1234")], b"");
        assert_eq!(
            read["result"]["contents"][0]["text"],
            well(&page),
            "{topic}"
        );
    }
    server.close_stdin();
    server.wait();

    wrong(
        &run(&["docs", "erors"], NOTHING, b""),
        1,
        &["perhaps you mean errors", "overview"],
    );
    // Documentation must also work when the settings are broken.
    let broken = run(&["docs", "providers"], [("LOG_LEVEL", "loud")], b"");
    assert_eq!(broken.code, Some(0));
    assert!(broken.stdout.len() > 1000);
    assert_parts(&broken.stderr, &["LOG_LEVEL"]);
}

// ---------------------------------------------------------------------------------------------------- chat

#[test]
fn a_question_is_words_what_is_piped_in_or_both() {
    let ask = |arguments: &[&str], input: &[u8]| {
        let arguments = [&["chat", "--json"], arguments].concat();
        let output = run(&arguments, MOCK, input);
        let answer: Value = serde_json::from_str(well(&output)).unwrap();
        answer["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(ask(&["two", "words"], b""), "two words");
    assert_eq!(ask(&["--", "--json", "-m"], b""), "--json -m");
    assert_eq!(ask(&[], b"a\nb\n"), "a\nb\n");
    assert_eq!(ask(&["read", "this:"], b"text\n"), "read this:\n\ntext\n");
    // Without --json the answer is on lines of its own.
    assert_eq!(well(&run(&["chat", "hello"], MOCK, b"")), "hello\n");
    assert_eq!(well(&run(&["chat"], MOCK, b"hello\n")), "hello\n");
    // Stdin cannot have anything, so it is not waited for.
    let null = Server::builder()
        .args(["chat", "hello"])
        .envs(MOCK)
        .stdin(Stdin::Null);
    assert_eq!(well(&null.run(b"")), "hello\n");

    wrong(&run(&["chat"], MOCK, b" \n"), 1, &["nothing to ask"]);
    wrong(&run(&["chat"], MOCK, b"\xff\xfe"), 1, &["not valid UTF-8"]);
}

#[test]
fn a_pipe_that_nobody_closes_is_explained() {
    let mut server = Server::builder().args(["chat", "hello"]).envs(MOCK).spawn();
    server.wait_stderr("waiting for the end of stdin");
    server.close_stdin();
    assert_eq!(server.wait().code, Some(0));
    assert_eq!(server.stdout(), b"hello\n");
}

#[test]
fn options_are_the_arguments_of_the_tool() {
    let provider = Provider::start();
    let output = asking(
        &provider,
        &[
            "chat",
            "-m",
            "gpt-5.6-terra",
            "-s",
            "Be brief",
            "--effort=low",
            "--max-tokens",
            "77",
            "--timeout",
            "9",
            "--provider",
            "openai",
            "why",
            "--json",
        ],
    )
    .run(b"");
    let answer: Value = serde_json::from_str(well(&output)).unwrap();
    assert_eq!(
        (&answer["text"], &answer["provider"]),
        (&json!("echo: why"), &json!("openai"))
    );
    let requests = provider.requests();
    assert_eq!(requests.len(), 1);
    let body = requests[0].json();
    assert_eq!(body["model"], "gpt-5.6-terra");
    assert_eq!(body["max_output_tokens"], 77);
    assert_eq!(body["reasoning"]["effort"], "low");
    assert!(body.to_string().contains("Be brief"), "{body}");

    let dry = asking(&provider, &["chat", "-m", "gpt-x", "--dry-run", "?"]).run(b"");
    assert_parts(well(&dry), &["Dry run", "openai/gpt-x"]);
    assert_eq!(provider.requests().len(), 1);
    for (arguments, said) in [
        (["--max-tokens", "many"], "--max-tokens is \"many\""),
        (["--effort", "huge"], "--effort is \"huge\""),
        (["--timeout", "0"], "--timeout is \"0\""),
        (["--provider", "nobody"], "there is no provider \"nobody\""),
    ] {
        let arguments = [&["chat", "?"][..], &arguments].concat();
        wrong(&asking(&provider, &arguments).run(b""), 1, &[said]);
    }
    assert_eq!(provider.requests().len(), 1);
    wrong(
        &run(&["chat", "?"], NOTHING, b""),
        1,
        &["config: No provider can be used"],
    );
}

#[test]
fn a_question_by_hand_has_no_limit_of_time_that_nobody_has_set() {
    let provider = Provider::start();
    let seconds = |variables: &[(&str, &str)], more: &[&str]| {
        let arguments = [&["chat", "-m", "gpt-x", "--dry-run", "--json", "?"], more].concat();
        let builder = asking(&provider, &arguments).envs(variables.iter().copied());
        let plan: Value = serde_json::from_str(well(&builder.run(b""))).unwrap();
        plan["timeout_seconds"].as_u64().unwrap()
    };
    let path = file("call.yaml", "timeouts: {call: 55}\n");
    let path = path.to_str().unwrap();
    assert_eq!(seconds(&[], &[]), 86_400);
    assert_eq!(seconds(&[], &["--timeout", "5"]), 5);
    assert_eq!(seconds(&[("ANYGPT_TIMEOUT", "55")], &[]), 55);
    assert_eq!(seconds(&[("CONFIG_FILE", path)], &[]), 55);
    assert_eq!(seconds(&[("ANYGPT_MAX_TIMEOUT", "90")], &[]), 90);
    let both = [("ANYGPT_TIMEOUT", "70"), ("ANYGPT_MAX_TIMEOUT", "90")];
    assert_eq!(seconds(&both, &[]), 70);
}

#[test]
fn advice_names_options_where_there_are_options() {
    let provider = Provider::start();
    provider.always(Family::OpenAi, Reply::hang());
    let silent = asking(&provider, &["chat", "-m", "gpt-x", "--timeout", "1", "?"]).run(b"");
    wrong(&silent, 3, &["raise --timeout (ANYGPT_TIMEOUT"]);
    assert!(!silent.stderr.contains("timeout_seconds"), "{silent:?}");

    let lowered = [("ANYGPT_MAX_TIMEOUT", "9"), ("ANYGPT_MAX_TOKENS", "50")];
    let arguments = [
        "chat",
        "-m",
        "gpt-x",
        "--timeout",
        "60",
        "--max-tokens",
        "77",
        "--dry-run",
        "?",
    ];
    let output = asking(&provider, &arguments).envs(lowered).run(b"");
    assert_eq!(output.code, Some(0), "{output:?}");
    let all = format!("{}{}", output.stdout, output.stderr);
    for part in [
        "--timeout was lowered from 60 to 9 by ANYGPT_MAX_TIMEOUT",
        "--max-tokens was lowered from 77 to 50",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
}

#[test]
fn the_exit_code_says_whether_there_is_an_answer() {
    let provider = Provider::start();
    let ask = |model: &str, more: &[&str]| {
        let arguments = [&["chat", "?", "-m", model][..], more].concat();
        asking(&provider, &arguments)
            .env("ANYGPT_RETRIES", "0")
            .run(b"")
    };
    wrong(
        &ask("fault-401", &["--provider", "openai"]),
        3,
        &["auth: openai/fault-401", "then try again"],
    );
    wrong(
        &ask("fault-404", &["--provider", "openai"]),
        3,
        &["anygpt-mcp models --provider \"openai\" lists them"],
    );
    let repeated = ask("fault-key-error", &["--provider", "openai", "--json"]);
    wrong(&repeated, 3, &["auth: openai"]);
    assert!(
        !repeated.stderr.contains(Family::OpenAi.key()),
        "{}",
        repeated.stderr
    );

    // A partial answer is printed, and the exit code says so.
    provider.script(
        Family::OpenAi,
        [Reply::deltas(Family::OpenAi, ["half ", "of it"], Duration::ZERO).hang_after(1)],
    );
    let partial = ask("gpt-x", &["--timeout", "3"]);
    assert_eq!(
        (partial.code, &*partial.stdout),
        (Some(3), "half \n"),
        "{}",
        partial.stderr
    );
    assert_parts(&partial.stderr, &["the answer is not complete: timeout"]);
}

#[test]
fn a_terminal_sees_the_answer_as_it_comes_and_others_see_it_whole() {
    let provider = Provider::start();
    let slow = |deltas: &[&str]| {
        Reply::deltas(
            Family::OpenAi,
            deltas.iter().copied(),
            Duration::from_millis(10),
        )
    };
    provider.script(Family::OpenAi, [slow(&["first ", "second"]).hang_after(1)]);
    let (mut near, far) = terminal();
    let mut server = asking(&provider, &["chat", "?", "-m", "gpt-x"])
        .env("ANYGPT_SHUTDOWN_GRACE", "3600")
        .stdout_to(far)
        .spawn();
    assert_eq!(shown(&mut near, Some("first ")), "first ");
    assert!(server.is_running());
    // Ctrl-C drops the call, whatever the grace period is.
    server.signal(Signal::INT);
    assert_eq!(server.wait().code, Some(130));
    provider.wait_dropped(LIMIT);

    // A key in the answer is not shown, wherever the stream is cut; escape sequences and characters that change the
    // direction of text are escaped.
    let key = Family::OpenAi.key();
    let deltas = [
        "key: ",
        &key[..9],
        &key[9..],
        " \x1b[2J\u{9b}1m\u{202e}\u{2066}\u{200f}\ttab\nend ",
        &key[..5],
    ];
    provider.script(
        Family::OpenAi,
        [slow(&deltas), slow(&deltas), slow(&deltas)],
    );
    let chat = ["chat", "?", "-m", "gpt-x"];
    let (text, code, stderr) = on_terminal(asking(&provider, &chat));
    assert_eq!((code, &*stderr), (Some(0), ""));
    let end = format!("end {}", &key[..5]);
    // Tabs are expanded by some terminals.
    let text = text.replace('\t', "TAB");
    assert_eq!(
        text,
        format!(
            "key: [redacted] \\u{{1b}}[2J\\u{{9b}}1m\\u{{202e}}\\u{{2066}}\\u{{200f}}TABtab\n{end}\n"
        )
    );
    // Not a terminal: unchanged, except for the key.
    let piped = asking(&provider, &chat).run(b"");
    assert_eq!(
        well(&piped),
        format!("key: [redacted] \x1b[2J\u{9b}1m\u{202e}\u{2066}\u{200f}\ttab\n{end}\n")
    );
    let json = asking(&provider, &["chat", "?", "-m", "gpt-x", "--json"]);
    let (text, ..) = on_terminal(json);
    for shown in [ESCAPE, "\u{202e}", key] {
        assert!(!text.contains(shown), "{text}");
    }
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        answer["text"],
        format!("key: [redacted] \x1b[2J\u{9b}1m\u{202e}\u{2066}\u{200f}\ttab\n{end}")
    );
}

#[test]
fn an_attempt_that_broke_off_is_told_from_the_answer() {
    let provider = Provider::start();
    let broken = || Reply::deltas(Family::OpenAi, ["broken ", "off"], Duration::ZERO).cut_after(1);
    let good = || Reply::text(Family::OpenAi, "all of it");
    provider.script(Family::OpenAi, [broken(), good(), broken(), good()]);
    let models = "aliases: {both: [openai/gpt-x, openai/gpt-y]}";
    let config = file("both.yaml", models);
    let config = config.to_str().unwrap();
    let chat = ["chat", "?", "-m", "both"];
    let asking = || asking(&provider, &chat).env("CONFIG_FILE", config);
    let (text, code, stderr) = on_terminal(asking());
    assert_eq!(
        (code, &*text),
        (Some(0), "broken \nall of it\n"),
        "{stderr}"
    );
    assert_parts(
        &stderr,
        &[
            "asking openai/gpt-y instead",
            "what follows replaces the text above",
        ],
    );
    let piped = asking().run(b"");
    assert_eq!((piped.code, &*piped.stdout), (Some(0), "all of it\n"));
}

#[test]
fn a_person_is_asked_for_the_prompt() {
    let (near, far) = terminal();
    let stdin = OwnedFd::from(far);
    let mut server = Server::builder()
        .args(["chat"])
        .envs(MOCK)
        .stdin(Stdin::Fd(stdin))
        .spawn();
    server.wait_stderr("Ctrl-D");
    (&near).write_all(b"typed\n\x04").unwrap();
    assert_eq!(server.wait().code, Some(0));
    assert_eq!(server.stdout(), b"typed\n");

    // With a prompt the terminal is not read.
    let (_near, far) = terminal();
    let builder = Server::builder().args(["chat", "hello"]).envs(MOCK);
    assert_eq!(
        well(&builder.stdin(Stdin::Fd(far.into())).run(b"")),
        "hello\n"
    );

    // Ctrl-C while it waits, and a closed terminal.
    for signal in [Signal::INT, Signal::HUP] {
        let (_near, far) = terminal();
        let builder = Server::builder().args(["chat"]).envs(MOCK);
        let mut server = builder.stdin(Stdin::Fd(far.into())).spawn();
        server.wait_stderr("Ctrl-D");
        server.signal(signal);
        assert_eq!(server.wait().code, Some(130));
    }
}
