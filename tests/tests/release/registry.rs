//! The entries for catalogues of MCP servers: that they agree with the program, and that they follow each catalogue's
//! rules, which cannot be tried without submitting.
//!
//! Never here: how they are written (`src/registry.rs`).
use std::path::PathBuf;
use std::process::Command;

use anygpt_tests::registry::{self, COMMIT, OWNER};
use anygpt_tests::server::{Server, binary, run};
use serde_json::{Value, json};

const NOTHING: [(&str, &str); 0] = [];
const HASH: &str = "94ff26c673a64087eb29f8f54c1828f1157c594a";

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/registry")).join(name)
}

fn file(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn parsed(name: &str, text: &str) -> Value {
    if name.ends_with(".yaml") {
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
    } else {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

fn submitted(name: &str) -> Value {
    parsed(name, &registry::filled(&file(name), "acme", HASH))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn tools() -> String {
    let listed = run(&["tools", "--json"], NOTHING, b"");
    assert_eq!((listed.code, listed.stderr.as_str()), (Some(0), ""));
    listed.stdout
}

fn is_among(text: &str, allowed: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| allowed.contains(c) || c.is_ascii_lowercase())
}

#[test]
fn every_file_says_what_the_program_says() {
    for (name, content) in registry::files(&tools(), env!("CARGO_PKG_VERSION")).unwrap() {
        assert_eq!(file(name), content, "{name} is out of date: make registry");
    }
}

#[test]
fn the_command_tools_prints_what_clients_are_told() {
    let mut server = Server::builder().spawn();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let answer = server.request("tools/list", json!({"_meta": meta}));
    let printed = parsed("tools.json", &tools());
    assert_eq!(printed, answer["result"]["tools"]);
    let text = run(&["tools"], NOTHING, b"").stdout;
    for tool in list(&printed) {
        assert!(
            text.contains(self::text(&tool["name"]))
                && text.contains(self::text(&tool["description"]))
        );
    }
}

#[test]
fn a_submission_holds_no_placeholder() {
    for name in [
        "server.yaml",
        "tools.json",
        "catalog.yaml",
        "server.json",
        "readme.md",
        "mcpb/manifest.json",
    ] {
        let filled = registry::filled(&file(name), "acme", HASH);
        assert!(
            !filled.contains(OWNER) && !filled.contains(COMMIT),
            "{name}"
        );
        assert!(!filled.contains("make registry"), "{name}");
    }
}

#[test]
fn names_of_images_are_lower_case_others_as_the_owner_writes_them() {
    let filled = registry::filled(&file("server.json"), "AcmeCo", HASH);
    let server = parsed("server.json", &filled);
    assert_eq!(server["name"], "io.github.AcmeCo/anygpt-mcp");
    let identifier = text(&server["packages"][0]["identifier"]);
    assert!(identifier.starts_with("ghcr.io/acmeco/"), "{identifier}");
}

#[test]
fn a_submission_needs_an_owner_and_a_commit() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("submission");
    let write = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_registry"))
            .args(arguments)
            .args([binary(), folder.as_path()])
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(!write(&["--owner", OWNER, "--commit", HASH]));
    assert!(!write(&["--owner", "", "--commit", HASH]));
    assert!(!write(&["--owner", "acme", "--commit", COMMIT]));
    assert!(!write(&["--owner", "acme", "--commit", "main"]));
    assert!(!write(&["--owner", "acme"]));
    assert!(write(&["--owner", "acme", "--commit", HASH]));
    assert!(folder.join("readme.md").exists());
}

/// The rules of `validate` in the Docker MCP Registry.
#[test]
fn the_docker_registry_would_accept_the_entry() {
    let entry = submitted("server.yaml");
    let name = text(&entry["name"]);
    assert!(is_among(name, "-0123456789"));
    assert_eq!(name, "anygpt");
    assert_eq!(
        (&entry["type"], &entry["image"]),
        (&json!("server"), &json!("mcp/anygpt"))
    );
    assert_eq!(entry["longLived"], true, "or every call costs a container");

    let title = text(&entry["about"]["title"]);
    for word in title.split(' ') {
        assert!(
            !["MCP", "SERVER"].contains(&word.to_uppercase().as_str()),
            "{title}"
        );
        assert!(
            word.starts_with(char::is_uppercase) || ["and", "for"].contains(&word),
            "{title}"
        );
    }
    assert!(!text(&entry["about"]["description"]).is_empty());
    assert!(text(&entry["about"]["icon"]).starts_with("https://"));
    assert_eq!(entry["meta"]["category"], "ai");
    for tag in list(&entry["meta"]["tags"]) {
        assert!(is_among(text(tag), "-0123456789"), "{tag}");
    }

    let commit = text(&entry["source"]["commit"]);
    assert!(commit.len() == 40 && commit.bytes().all(|b| b"0123456789abcdef".contains(&b)));
    assert!(text(&entry["source"]["project"]).starts_with("https://github.com/acme/"));

    let config = &entry["config"];
    assert!(
        !text(&config["description"]).is_empty(),
        "needed where there are parameters"
    );
    for secret in list(&config["secrets"]) {
        let (prefix, rest) = text(&secret["name"]).split_once('.').unwrap();
        assert_eq!(
            (prefix, rest),
            (name, text(&secret["env"]).to_lowercase().as_str())
        );
        assert_eq!(
            secret["required"], false,
            "the tools are listed without keys"
        );
    }
    let properties = config["parameters"]["properties"].as_object().unwrap();
    assert_eq!(config["parameters"]["type"], "object");
    for env in list(&config["env"]) {
        let value = text(&env["value"]);
        let parameter = value
            .strip_prefix("{{anygpt.")
            .and_then(|rest| rest.strip_suffix("}}"));
        assert!(properties.contains_key(parameter.unwrap()), "{value}");
        assert!(
            !text(&env["example"]).is_empty(),
            "junk is put in for a missing one"
        );
    }
    assert_eq!(properties.len(), list(&config["env"]).len());
    for (name, property) in properties {
        assert!(is_among(name, "_"), "{name}");
        assert_eq!(property["type"], "string", "{name}");
        assert!(!text(&property["description"]).is_empty(), "{name}");
        // The registry drops these: a user would read something that does not hold.
        assert!(
            property.get("default").is_none() && property.get("enum").is_none(),
            "{name}"
        );
    }
}

/// The registry runs the server with every variable set to its example.
#[test]
fn the_tools_are_listed_with_the_examples_as_values() {
    let config = submitted("server.yaml")["config"].take();
    let mut builder = Server::builder();
    for variable in list(&config["secrets"]).iter().chain(list(&config["env"])) {
        let name = variable.get("env").unwrap_or(&variable["name"]);
        builder = builder.env(text(name), text(&variable["example"]));
    }
    let mut server = builder.spawn();
    let initialized = server.request("initialize", json!({"protocolVersion": "2024-11-05"}));
    assert!(
        initialized["result"]["serverInfo"].is_object(),
        "{initialized}"
    );
    let answer = server.request("tools/list", Value::Null);
    let names = |tools: &Value| -> Vec<String> {
        list(tools)
            .iter()
            .map(|tool| text(&tool["name"]).to_owned())
            .collect()
    };
    assert_eq!(
        names(&answer["result"]["tools"]),
        names(&submitted("tools.json"))
    );
    for tool in list(&answer["result"]["tools"]) {
        let schema = &tool["inputSchema"];
        assert_eq!(schema["type"], "object", "without it the gateway panics");
        for (name, property) in schema["properties"].as_object().unwrap() {
            assert!(
                property["type"].is_string(),
                "{name}: other types show as string"
            );
        }
    }
}

/// A renamed variable must change in the catalogues, too.
#[test]
fn every_variable_is_one_that_the_program_knows() {
    let help = run(&["--help"], NOTHING, b"").stdout;
    let server = submitted("server.json");
    let variables = list(&server["packages"][0]["environmentVariables"]);
    assert!(!variables.is_empty());
    for variable in variables {
        let name = text(&variable["name"]);
        assert!(help.contains(name), "{name}");
        assert_eq!(variable["isSecret"], name.ends_with("_KEY"), "{name}");
    }
}

/// The gateway reads this file; it needs more than the registry's entry.
#[test]
fn the_catalogue_file_has_one_complete_entry() {
    let catalog = submitted("catalog.yaml");
    let entries = catalog["registry"].as_object().unwrap();
    assert_eq!(entries.keys().collect::<Vec<_>>(), ["anygpt"]);
    let entry = &entries["anygpt"];
    assert_eq!(
        (&entry["type"], &entry["longLived"]),
        (&json!("server"), &json!(true))
    );
    let image = format!("ghcr.io/acme/anygpt-mcp:{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(entry["image"], image.as_str());
    let wanted = submitted("server.yaml")["config"].take();
    assert_eq!(entry["secrets"], wanted["secrets"]);
    assert_eq!(
        entry["config"][0]["properties"],
        wanted["parameters"]["properties"]
    );
    assert_eq!(entry["config"][0]["name"], "anygpt");
    for (ours, theirs) in list(&entry["env"]).iter().zip(list(&wanted["env"])) {
        assert_eq!(
            (&ours["name"], &ours["value"]),
            (&theirs["name"], &theirs["value"])
        );
    }
    // With allowed hosts the gateway's --block-network permits only its proxy, which cannot reach a custom endpoint.
    assert!(entry.get("allowHosts").is_none());
    assert_eq!(
        list(&entry["tools"]).len(),
        list(&submitted("tools.json")).len()
    );
}

/// The MCP registry's schema of 2025-12-11, and its rules for images.
#[test]
fn the_mcp_registry_would_accept_the_description() {
    let server = submitted("server.json");
    let (namespace, name) = text(&server["name"]).split_once('/').unwrap();
    assert_eq!((namespace, name), ("io.github.acme", "anygpt-mcp"));
    assert!(text(&server["description"]).chars().count() <= 100);
    assert!(text(&server["title"]).chars().count() <= 100);
    assert_eq!(server["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(server["repository"]["source"], "github");
    for package in list(&server["packages"]) {
        assert_eq!(
            (&package["registryType"], &package["transport"]),
            (&json!("oci"), &json!({"type": "stdio"}))
        );
        let (image, tag) = text(&package["identifier"]).rsplit_once(':').unwrap();
        assert_eq!(
            (image, tag),
            ("ghcr.io/acme/anygpt-mcp", env!("CARGO_PKG_VERSION"))
        );
        // An image's version is its tag, and its registry its first part; other fields are refused.
        assert!(package.get("version").is_none() && package.get("registryBaseUrl").is_none());
    }
}

/// The bundle's manifest, version 0.3.
#[test]
fn the_bundle_asks_for_what_it_passes_on() {
    let manifest = submitted("mcpb/manifest.json");
    assert_eq!(manifest["manifest_version"], "0.3");
    assert_eq!(manifest["server"]["type"], "binary");
    let launch = &manifest["server"]["mcp_config"];
    let entry_point = text(&manifest["server"]["entry_point"]);
    assert_eq!(launch["command"], format!("${{__dirname}}/{entry_point}"));
    let asked = manifest["user_config"].as_object().unwrap();
    let env = launch["env"].as_object().unwrap();
    assert_eq!(asked.len(), env.len());
    for (name, value) in env {
        let value = text(value);
        let option = value
            .strip_prefix("${user_config.")
            .and_then(|rest| rest.strip_suffix('}'));
        let option = &asked[option.unwrap()];
        assert_eq!(option["required"], false, "{name}");
        assert_eq!(
            option.get("sensitive").is_some(),
            name.ends_with("_KEY"),
            "{name}"
        );
    }
    // A client may pass this for an option that was left empty; it counts as not set.
    let unset = env.iter().map(|(name, value)| (name.as_str(), text(value)));
    let checked = run(
        &["config", "validate"],
        unset.chain([("DEFAULT_PROVIDER", "mock")]),
        b"",
    );
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
}

/// The image's labels repeat the same for the gateway and the registry.
#[test]
fn the_labels_of_the_image_agree() {
    let dockerfile = std::fs::read_to_string(path("../../Dockerfile.scratch")).unwrap();
    let label = |name: &str| {
        let value = dockerfile.split(&format!("{name}=")).nth(1).expect(name);
        let quote = value.chars().next().unwrap();
        let value = value[1..].split(quote).next().unwrap();
        value.replace("${OWNER}", "acme")
    };
    let server = submitted("server.json");
    assert_eq!(server["name"], label("io.modelcontextprotocol.server.name"));
    assert_eq!(
        server["repository"]["url"],
        label("org.opencontainers.image.source")
    );
    let metadata = parsed("the label", &label("io.docker.server.metadata"));
    let entry = submitted("server.yaml");
    assert_eq!(metadata["name"], entry["name"]);
    assert_eq!(metadata["title"], entry["about"]["title"]);
    let variables = server["packages"][0]["environmentVariables"].to_string();
    for variable in list(&metadata["env"]) {
        let name = variable["name"].to_string();
        assert!(variables.contains(&name), "{name}");
    }
}
