use super::*;

fn parsed(line: &str) -> Result<Option<Command>, UsageError> {
    parse(line.split_ascii_whitespace().map(OsString::from))
}

#[test]
fn words_become_commands() {
    let chat = |prompt: &str, json, arguments: &[(&'static str, &str)]| {
        Command::Chat(Chat {
            prompt: prompt.into(),
            json,
            arguments: arguments
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
        })
    };
    let tools = |json, all| Command::Tools { json, all };
    let named = |name: &str| COMMANDS.iter().find(|spec| spec.name == name);
    for (line, command) in [
        ("config validate", Command::ConfigValidate),
        ("config show --json", Command::ConfigShow { json: true }),
        ("config init", Command::ConfigInit),
        ("config schema", Command::ConfigSchema),
        ("tools", tools(false, false)),
        ("tools --all", tools(false, true)),
        ("--json tools", tools(true, false)),
        ("doctor --online", Command::Doctor { online: true }),
        (
            "costs --json a.log -",
            Command::Costs {
                files: vec!["a.log".into(), "-".into()],
                json: true,
            },
        ),
        ("docs", Command::Docs { topic: None }),
        (
            "docs errors",
            Command::Docs {
                topic: Some("errors".into()),
            },
        ),
        (
            "models --provider=x --json",
            Command::Models {
                provider: Some("x".into()),
                json: true,
            },
        ),
        (
            "models --resolve fast",
            Command::Resolve {
                name: "fast".into(),
                provider: None,
                json: false,
            },
        ),
        (
            "models --resolve a --provider b --json",
            Command::Resolve {
                name: "a".into(),
                provider: Some("b".into()),
                json: true,
            },
        ),
        ("completions zsh", Command::Completions(Shell::Zsh)),
        ("chat", chat("", false, &[])),
        (
            "chat -m a/b@high -sshort --json why is it --max-tokens 5 -- --so",
            chat(
                "why is it --so",
                true,
                &[
                    ("model", "a/b@high"),
                    ("system", "short"),
                    ("max_tokens", "5"),
                ],
            ),
        ),
        // Commands are words of a prompt like others.
        ("chat config validate", chat("config validate", false, &[])),
        (
            "__complete chat -m",
            Command::Complete(vec!["chat".into(), "-m".into()]),
        ),
        ("--help", Command::Help(None)),
        ("help", Command::Help(None)),
        ("config --help", Command::Help(None)),
        ("help config show", Command::Help(named("config show"))),
        ("chat -h", Command::Help(named("chat"))),
        ("-V", Command::Version),
    ] {
        assert_eq!(parsed(line), Ok(Some(command)), "{line}");
    }
    assert_eq!(parsed(""), Ok(None));
}

#[test]
fn what_cannot_be_meant_is_told_with_what_perhaps_is() {
    for (line, expected) in [
        (
            "config",
            "needs another word: config validate, config show, config init, config schema",
        ),
        ("config x", "unknown command: config x"),
        ("config vlaidate", "perhaps you mean config validate"),
        ("validate", "perhaps you mean config validate"),
        ("doctro", "perhaps you mean doctor"),
        ("modles --json", "perhaps you mean models"),
        ("caht hello there", "perhaps you mean chat"),
        ("help chta", "perhaps you mean chat"),
        ("serve me", "unknown command: serve me."),
        ("--nope", "no option --nope."),
        ("doctor --onlnie", "perhaps you mean --online"),
        ("chat --modle=x", "perhaps you mean --model"),
        ("-x", "no option -x"),
        (
            "--json",
            "belongs to: chat, models, costs, config show, tools",
        ),
        ("tools --online", "--online belongs to: doctor"),
        ("tools x", "takes no word \"x\""),
        ("docs a b", "takes no word \"b\""),
        ("tools --json=x", "--json takes no value"),
        ("chat -m", "missing argument"),
        ("completions", "bash, zsh or fish"),
        ("completions tcsh", "bash, zsh or fish"),
    ] {
        let problem = parsed(line).unwrap_err().to_string();
        assert!(problem.contains(expected), "{line}: {problem}");
        assert!(
            problem.ends_with("Try anygpt-mcp --help"),
            "{line}: {problem}"
        );
    }
}
