//! The examples to paste, in the README and in the files shipped with the program, work.
//!
//! Never here: prose.
use anygpt_tests::server::{Server, binary, run};
use serde_json::{Value, json};

fn file(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path);
    std::fs::read_to_string(path).unwrap()
}

fn readme() -> String {
    file("README.md")
}

/// The code blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let readme = readme();
    let fence = format!("```{language}\n");
    let blocks: Vec<String> = readme
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect();
    assert!(!blocks.is_empty(), "no {language} in the README");
    blocks
}

#[test]
fn every_client_configuration_starts_a_server_that_lists_its_tools() {
    for block in blocks("json") {
        let json: Value = serde_json::from_str(&block).expect("a client configuration is JSON");
        let servers = json
            .get("mcpServers")
            .or_else(|| json.get("servers"))
            .unwrap();
        starts(&servers["anygpt"]);
    }
}

/// A client's entry starts a server with usable keys.
fn starts(entry: &Value) {
    let env = entry["env"].as_object().unwrap();
    if entry["command"] == "docker" {
        let arguments: Vec<&str> = entry["args"]
            .as_array()
            .unwrap()
            .iter()
            .map(|argument| argument.as_str().unwrap())
            .collect();
        // Docker passes only the variables that it is given by name.
        let passed = arguments.windows(2).filter(|pair| pair[0] == "-e");
        let passed: Vec<&str> = passed.map(|pair| pair[1]).collect();
        assert_eq!(passed, env.keys().collect::<Vec<_>>());
        assert!(arguments.contains(&"-i") && arguments.ends_with(&["anygpt-mcp"]));
    } else {
        assert_eq!(entry["command"], "/usr/local/bin/anygpt-mcp");
    }
    let mut server = Server::builder();
    for (name, value) in env {
        // A client fills in its inputs, a person the rest of a key.
        let value = value.as_str().unwrap().replace('…', "filled-in");
        let is_left_out = value.is_empty() || value.starts_with("${input:");
        server = server.env(name, if is_left_out { "filled-in" } else { &value });
    }
    let mut server = server.spawn();
    let tools = server.request("tools/list", Value::Null);
    assert_eq!(
        tools["result"]["tools"][0]["name"],
        "anygpt_chat_completion"
    );
    server.close_stdin();
    assert_eq!(server.wait().code, Some(0));
}

/// A user who fills in one key and leaves the examples of the others gets a server with one provider.
#[test]
fn an_example_that_was_left_in_a_client_configuration_switches_off_its_own_provider_alone() {
    for block in blocks("json") {
        let json: Value = serde_json::from_str(&block).unwrap();
        let servers = json.get("mcpServers").or_else(|| json.get("servers"));
        let env = servers.unwrap()["anygpt"]["env"].as_object().unwrap();
        assert_eq!(env.len(), 1, "one key is enough to begin with");
    }
    for examples in [
        [
            ("ANTHROPIC_API_KEY", "sk-ant-…"),
            ("GOOGLE_API_KEY", "AIza…"),
        ],
        [
            ("ANTHROPIC_API_KEY", "sk-ant-..."),
            ("GOOGLE_API_KEY", "AIza..."),
        ],
        [
            ("ANTHROPIC_API_KEY", "xxx"),
            ("GOOGLE_API_KEY", "your-api-key"),
        ],
    ] {
        let mut server = Server::builder()
            .env("OPENAI_API_KEY", "sk-filled-in")
            .envs(examples)
            .spawn();
        let listed = server.call_tool("anygpt_list_providers", json!({}));
        let providers = listed["structuredContent"]["providers"].as_array().unwrap();
        let usable =
            |id: &str| providers.iter().find(|it| it["id"] == id).unwrap()["usable"].clone();
        let found = ["openai", "anthropic", "google"].map(usable);
        assert_eq!(found, [json!(true), json!(false), json!(false)], "{listed}");
        server.close_stdin();
        assert_eq!(server.wait().code, Some(0));
    }
}

#[test]
fn the_links_for_one_click_hold_what_the_client_needs() {
    let readme = readme();
    let link = |start: &str| -> Vec<(String, String)> {
        let link = readme.split(start).nth(1).expect(start);
        let query = link.split(')').next().unwrap();
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
        pairs
            .map(|(name, value)| (name.to_owned(), percent_decoded(value)))
            .collect()
    };
    let get = |link: &[(String, String)], wanted: &str| -> String {
        let found = link.iter().find(|(name, _)| name == wanted);
        found.expect(wanted).1.clone()
    };

    let cursor = link("https://cursor.com/en/install-mcp?");
    assert_eq!(get(&cursor, "name"), "anygpt");
    let config = base64_decoded(&get(&cursor, "config"));
    starts(&serde_json::from_str(&config).unwrap());

    let code = link("https://insiders.vscode.dev/redirect/mcp/install?");
    assert_eq!(get(&code, "name"), "anygpt");
    let config: Value = serde_json::from_str(&get(&code, "config")).unwrap();
    starts(&config);
    let inputs: Value = serde_json::from_str(&get(&code, "inputs")).unwrap();
    let input = format!("${{input:{}}}", inputs[0]["id"].as_str().unwrap());
    assert_eq!(config["env"]["OPENAI_API_KEY"], input.as_str());
    assert_eq!(inputs[0]["password"], true);
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let hex = [rest.next().unwrap(), rest.next().unwrap()];
            u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
        } else {
            byte
        });
    }
    String::from_utf8(bytes).unwrap()
}

fn base64_decoded(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for digit in text.trim_end_matches('=').bytes() {
        let value = DIGITS.iter().position(|d| *d == digit).expect("base64");
        bits = (bits << 6) | u32::try_from(value).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn every_command_is_one_for_the_shell() {
    for block in blocks("sh") {
        let checked = std::process::Command::new("sh")
            .args(["-n", "-c", &block])
            .output()
            .unwrap();
        let problem = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{problem}\n{block}");
    }
}

/// The YAML blocks of one kind, recognised by a line that only this kind has.
fn yaml(kind: &str) -> Vec<String> {
    let blocks = blocks("yaml").into_iter();
    let blocks: Vec<String> = blocks.filter(|block| block.starts_with(kind)).collect();
    assert!(!blocks.is_empty(), "no {kind} in the README");
    blocks
}

#[test]
fn compose_and_kubernetes_name_one_image_and_what_it_allows() {
    let parse = |text: &String| -> Value { serde_saphyr::from_str(text).unwrap() };
    let compose = parse(&yaml("services:")[0]);
    let service = &compose["services"]["anygpt"];
    assert_eq!(service["image"], "anygpt-mcp");
    assert!(service.get("stdin_open").is_none(), "it stands by without");
    for secret in service["secrets"].as_array().unwrap() {
        let name = secret.as_str().unwrap();
        assert!(compose["secrets"][name]["file"].is_string(), "{name}");
        // Found under /run/secrets by the lower-case name of a variable.
        assert_eq!(name, "openai_api_key");
    }

    let released = format!("ghcr.io/YOUR_ORG/anygpt-mcp:{}", env!("CARGO_PKG_VERSION"));
    let objects: Vec<Value> = yaml("apiVersion:").iter().map(parse).collect();
    let deployment = &objects[0];
    assert_eq!(deployment["kind"], "Deployment");
    let template = &deployment["spec"]["template"];
    let labels = &template["metadata"]["labels"];
    assert_eq!(&deployment["spec"]["selector"]["matchLabels"], labels);
    assert_eq!(template["spec"]["securityContext"]["runAsUser"], 1001);
    let container = &template["spec"]["containers"][0];
    assert_eq!(container["image"], released);
    // With an open stdin it would not stand by.
    assert!(container.get("stdin").is_none());
    let server = &objects[1];
    assert_eq!(server["kind"], "MCPServer");
    assert_eq!(
        (&server["spec"]["image"], &server["spec"]["transport"]),
        (&json!(released), &json!("stdio"))
    );
}

#[test]
fn the_configuration_file_is_valid_and_every_part_of_it_counts() {
    for block in yaml("providers:") {
        let file = std::env::temp_dir().join(format!("anygpt-readme-{}.yaml", std::process::id()));
        std::fs::write(&file, block).unwrap();
        let variables = [
            ("CONFIG_FILE", file.to_str().unwrap()),
            ("OPENAI_API_KEY", "some-key"),
        ];
        let checked = run(&["config", "validate"], variables, b"");
        assert_eq!(checked.code, Some(0), "{}", checked.stderr);
        let mut server = Server::builder().envs(variables).spawn();
        let listed = server.call_tool("anygpt_list_providers", json!({}));
        let text = listed["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("team (default): usable"), "{text}");
        assert!(text.contains("default model: claude-sonnet-5"), "{text}");
        assert_eq!(
            listed["structuredContent"]["providers"][0]["base_url"],
            "https://eu.api.openai.com/v1"
        );
        let tags = server.call_tool("anygpt_list_tags", json!({}));
        assert_eq!(
            tags["content"][0]["text"],
            "fast: openai/gpt-5-mini\ncheap: openai/gpt-5-mini\nsmart: team/claude-sonnet-5\n\
             best (alias): team/claude-opus-5@high; also openai/gpt-5.2"
        );
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn the_command_to_try_by_hand_answers() {
    let shell = blocks("sh")
        .into_iter()
        .find(|block| block.contains("echo '{"))
        .unwrap();
    let shell = shell.replace("anygpt-mcp", binary().to_str().unwrap());
    let output = std::process::Command::new("sh")
        .args(["-c", &shell])
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "hello");
}

#[test]
fn the_example_configuration_is_valid_and_answers() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../runtime/share/anygpt.config.example.yaml"
    );
    let checked = run(&["config", "validate"], [("CONFIG_FILE", path)], b"");
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert_eq!(checked.stderr, "", "it warns");
    let mut server = Server::builder().env("CONFIG_FILE", path).spawn();
    let listed = server.call_tool("anygpt_list_providers", json!({}));
    let providers = listed["structuredContent"]["providers"].as_array().unwrap();
    let usable = providers.iter().filter(|p| p["usable"] == true);
    let usable: Vec<&str> = usable.map(|p| p["id"].as_str().unwrap()).collect();
    // Known ones before custom ones.
    assert_eq!(usable, ["ollama", "mock", "team"]);
    let answer = server.call_tool("anygpt_chat_completion", json!({"prompt": "hello"}));
    assert_eq!(answer["content"][0]["text"], "hello");
    let tags = server.call_tool("anygpt_list_tags", json!({}));
    let tags = tags["content"][0]["text"].as_str().unwrap();
    assert!(tags.contains("fast: team/claude-sonnet-5"), "{tags}");
}

/// The image and the documentation resource have the same file.
#[test]
fn the_troubleshooting_guide_names_cause_and_mend_of_every_symptom() {
    let guide = file("runtime/share/TROUBLESHOOTING.md");
    assert_eq!(guide, file("runtime/src/docs/troubleshooting.md"));
    let entries: Vec<&str> = guide.split("\n### ").skip(1).collect();
    assert!(entries.len() >= 20);
    for entry in entries {
        assert!(
            entry.contains("\n- Cause: ") && entry.contains("\n- Mend: "),
            "{entry}"
        );
    }
}

/// A new variable must be in both places.
#[test]
fn readme_and_help_name_the_same_variables() {
    let help = run(&["--help"], [("A", "b")], b"").stdout;
    let readme = readme();
    let names = |text: &str| {
        let mut names: Vec<String> = text
            .split(|c: char| !(c.is_ascii_uppercase() || c == '_'))
            .filter(|word| word.len() > 6 && word.contains('_') && !word.ends_with("_FILE"))
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        names
    };
    let settings = readme.split("\n## Settings\n").nth(1).unwrap();
    let settings = settings.split("\n## ").next().unwrap();
    assert_eq!(names(settings), names(&help));
}

/// What stands before or below all others.
const BESIDE: [&str; 5] = ["allocator", "before_main", "lib", "main", "no_unwinding"];

/// So the picture and the table are true, and there are no loops.
#[test]
fn a_module_imports_only_from_rows_below_its_own() {
    let readme = readme();
    let table = readme.split("| where |").nth(1).unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut places: Vec<(&str, usize)> = Vec::new();
    for (place, row) in rows.enumerate() {
        let cell = row.split('|').nth(1).unwrap();
        let names = cell.split('`').skip(1).step_by(2);
        let names = names.map(|name| name.trim_start_matches("runtime/src/"));
        places
            .extend(names.map(|name| (name.trim_end_matches('/').trim_end_matches(".rs"), place)));
    }
    let place_of = |module: &str| {
        places
            .iter()
            .find(|(name, _)| *name == module)
            .map(|it| it.1)
    };

    let mut problems = Vec::new();
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/src");
    for (module, imported) in imports(std::path::Path::new(sources)) {
        let places = (place_of(&module), place_of(&imported));
        if places.0.is_none() && !BESIDE.contains(&&*module) {
            problems.push(format!("{module} has no row"));
        }
        if let (Some(own), Some(other)) = places
            && module != imported
            && own >= other
        {
            problems.push(format!("{module} imports {imported}"));
        }
    }
    assert!(place_of("gateway").is_some() && place_of("settings").is_some());
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Pairs of a top-level module and one that its sources name after `crate::`; comments and tests are left out.
fn imports(folder: &std::path::Path) -> std::collections::BTreeSet<(String, String)> {
    let mut pairs = std::collections::BTreeSet::new();
    let mut files = vec![folder.to_owned()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|it| it.unwrap().path()),
            );
            continue;
        }
        if path.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        let Ok(source) = std::fs::read_to_string(&path) else {
            continue;
        };
        let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code = source
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let source: String = code.flat_map(|line| [line, "\n"]).collect();
        let relative = path.strip_prefix(folder).unwrap().to_str().unwrap();
        let module = relative.split(['/', '.']).next().unwrap();
        for rest in source.split("crate::").skip(1) {
            for name in first_names(rest) {
                pairs.insert((module.to_owned(), name.to_owned()));
            }
        }
    }
    pairs
}

/// The first segment of each path in `a::b`, or in `{a::{b, c}, d}`.
fn first_names(path: &str) -> Vec<&str> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![first_name(path)];
    };
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (position, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(first_name(&group[start..position]));
                start = position + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

fn first_name(path: &str) -> &str {
    let path = path.trim_start();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    &path[..path.find(|c| !is_part(c)).unwrap_or(path.len())]
}
