//! That what the README and the files shipped beside the program tell people to paste is true.
//!
//! Never here: prose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test fails by panicking.

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
        let entry = &servers["anygpt"];
        assert_eq!(entry["command"], "/usr/local/bin/anygpt-mcp");
        let mut server = Server::builder();
        for (name, value) in entry["env"].as_object().unwrap() {
            // A client fills in its inputs, a person the rest of a key.
            let value = value.as_str().unwrap().replace('…', "filled-in");
            let is_input = value.starts_with("${input:");
            server = server.env(name, if is_input { "filled-in" } else { &value });
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
}

#[test]
fn the_configuration_file_is_valid_and_every_part_of_it_counts() {
    for block in blocks("yaml") {
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
            "fast: openai/gpt-5-mini\ncheap: openai/gpt-5-mini\nsmart: team/claude-sonnet-5"
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
    assert_eq!(usable, ["mock", "ollama", "team"]);
    let answer = server.call_tool("anygpt_chat_completion", json!({"prompt": "hello"}));
    assert_eq!(answer["content"][0]["text"], "hello");
}

/// What the image and the documentation resource show is one file.
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

/// Whoever adds a variable tells it in both places.
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
    assert_eq!(names(&readme), names(&help));
}
