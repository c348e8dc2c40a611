//! Entries of `anygpt-mcp` in catalogues of MCP servers: the files under `runtime/registry`. They repeat facts of the
//! program (its tools, its variables, its version), so they are generated.
//!
//! Never here: the meaning of a tool or a variable; the program and the README have it.

use std::fmt::Write;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Placeholder for the owner of the repository and of the images.
pub const OWNER: &str = "YOUR_ORG";

/// Placeholder for the commit to be built: of the right form, but no commit.
pub const COMMIT: &str = "0000000000000000000000000000000000000000";

const REPOSITORY: &str = "https://github.com/YOUR_ORG/openai-gateway-mcp";
const NAME: &str = "anygpt";
const TITLE: &str = "AnyGPT";
const DESCRIPTION: &str = "Ask models of OpenAI, Anthropic, Google and compatible endpoints from any MCP client. Answers are \
    streamed from the provider, and what has arrived by the deadline is returned. One small static program: no port, no \
    storage.";
/// At most 100 characters, for the MCP registry.
const SHORT_DESCRIPTION: &str =
    "Ask models of OpenAI, Anthropic, Google and compatible endpoints from any MCP client";
const CONFIG_DESCRIPTION: &str = "One API key is enough; a local endpoint without a key will do as well. \
    Everything else is optional.";
const TAGS: [&str; 6] = [
    "ai",
    "llm",
    "openai",
    "anthropic",
    "gemini",
    "second-opinion",
];

/// A variable that a catalogue asks for.
struct Variable {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// For a key: a placeholder for lists. Otherwise a valid value: a registry lists the tools with it.
    example: &'static str,
}

const SECRETS: [Variable; 3] = [
    Variable {
        name: "OPENAI_API_KEY",
        title: "OpenAI API key",
        description: "Key of OpenAI",
        example: "<OPENAI_API_KEY>",
    },
    Variable {
        name: "ANTHROPIC_API_KEY",
        title: "Anthropic API key",
        description: "Key of Anthropic",
        example: "<ANTHROPIC_API_KEY>",
    },
    Variable {
        name: "GOOGLE_API_KEY",
        title: "Google AI API key",
        description: "Key of the Gemini API",
        example: "<GOOGLE_API_KEY>",
    },
];

const OPTIONS: [Variable; 8] = [
    Variable {
        name: "DEFAULT_PROVIDER",
        title: "Default provider",
        description: "Answers calls that name no provider: openai, anthropic, google or mock",
        example: "openai",
    },
    Variable {
        name: "DEFAULT_MODEL",
        title: "Default model",
        description: "Answers calls that name no model: a model's id, or provider/model",
        example: "gpt-4o",
    },
    Variable {
        name: "OPENAI_BASE_URL",
        title: "OpenAI base URL",
        description: "Another endpoint with the Responses API, for example http://host.docker.internal:11434/v1 for Ollama",
        example: "https://api.openai.com/v1",
    },
    Variable {
        name: "ANTHROPIC_BASE_URL",
        title: "Anthropic base URL",
        description: "Another endpoint with the Messages API, without /v1",
        example: "https://api.anthropic.com",
    },
    Variable {
        name: "GOOGLE_GEMINI_BASE_URL",
        title: "Gemini base URL",
        description: "Another endpoint with the Gemini API, without /v1beta",
        example: "https://generativelanguage.googleapis.com",
    },
    Variable {
        name: "ANYGPT_TIMEOUT",
        title: "Timeout",
        description: "Seconds for a call that names no other time; 55 if it is not set",
        example: "55",
    },
    Variable {
        name: "ANYGPT_TOOLS",
        title: "Tools",
        description: "Tools to offer: names, all, default, -name to take one away; the usual ones if it is not set",
        example: "default",
    },
    Variable {
        name: "LOG_LEVEL",
        title: "Log level",
        description: "debug, info, warn or error; info if it is not set",
        example: "info",
    },
];

impl Variable {
    /// The name in a user's configuration.
    fn parameter(&self) -> String {
        let name = self.name.to_ascii_lowercase();
        name.strip_prefix("anygpt_")
            .map_or(name.clone(), str::to_owned)
    }

    fn secret(&self) -> Node {
        map([
            ("name", text(format!("{NAME}.{}", self.parameter()))),
            ("env", text(self.name)),
            ("example", text(self.example)),
            ("description", text(self.description)),
            ("required", Node::Flag(false)),
        ])
    }

    fn env(&self) -> Node {
        map([
            ("name", text(self.name)),
            ("example", text(self.example)),
            ("value", self.template()),
        ])
    }

    /// What the gateway inserts: nothing, which leaves the variable unset, unless the user chose a value.
    fn template(&self) -> Node {
        text(format!("{{{{{NAME}.{}}}}}", self.parameter()))
    }
}

/// A tool, as in the output of `anygpt-mcp tools --json`.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tool {
    name: String,
    description: String,
    input_schema: Schema,
    #[serde(default)]
    annotations: Annotations,
}

#[derive(serde::Deserialize)]
struct Schema {
    properties: Properties,
    #[serde(default)]
    required: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Property {
    /// Registries understand only a literal type.
    r#type: String,
    description: Option<String>,
    items: Option<Items>,
}

#[derive(serde::Deserialize)]
struct Items {
    r#type: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Annotations {
    read_only_hint: Option<bool>,
    idempotent_hint: Option<bool>,
    open_world_hint: Option<bool>,
}

/// In the order of the schema.
struct Properties(Vec<(String, Property)>);

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Properties;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the properties of a schema")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
                let mut properties = Vec::new();
                while let Some(property) = map.next_entry()? {
                    properties.push(property);
                }
                Ok(Properties(properties))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// The files, each with its path below `runtime/registry`. `tools` is the output of `anygpt-mcp tools --json`.
pub fn files(tools: &str, version: &str) -> serde_json::Result<Vec<(&'static str, String)>> {
    let tools: Vec<Tool> = serde_json::from_str(tools)?;
    Ok(vec![
        ("server.yaml", yaml(&server_entry())),
        ("tools.json", json(&tool_list(&tools, false))?),
        ("catalog.yaml", yaml(&catalog(&tools, version))),
        ("server.json", json(&mcp_registry(version))?),
        ("mcpb/manifest.json", json(&bundle(&tools, version))?),
    ])
}

/// The same text for a submission: with a real owner and commit, and without the notes for this repository.
pub fn filled(content: &str, owner: &str, commit: &str) -> String {
    let content = content.strip_prefix(HEADER).unwrap_or(content);
    content
        // Image names are lower case.
        .replace(
            &format!("ghcr.io/{OWNER}"),
            &format!("ghcr.io/{}", owner.to_lowercase()),
        )
        .replace(OWNER, owner)
        .replace(COMMIT, commit)
}

const HEADER: &str = "# Written by `make registry` from the program and tests/src/registry.rs.\n";

/// `servers/anygpt/server.yaml` of the Docker MCP Registry.
fn server_entry() -> Node {
    map([
        ("name", text(NAME)),
        ("image", text("mcp/anygpt")),
        ("type", text("server")),
        // A container per call would cost half a second each.
        ("longLived", Node::Flag(true)),
        (
            "meta",
            map([("category", text("ai")), ("tags", texts(TAGS))]),
        ),
        (
            "about",
            map([
                ("title", text(TITLE)),
                ("description", text(DESCRIPTION)),
                ("icon", icon()),
            ]),
        ),
        (
            "source",
            map([("project", text(REPOSITORY)), ("commit", text(COMMIT))]),
        ),
        ("config", config()),
    ])
}

fn icon() -> Node {
    text(format!("https://github.com/{OWNER}.png?size=200"))
}

fn config() -> Node {
    map([
        ("description", text(CONFIG_DESCRIPTION)),
        ("secrets", list(SECRETS.iter().map(Variable::secret))),
        ("env", list(OPTIONS.iter().map(Variable::env))),
        ("parameters", parameters()),
    ])
}

fn parameters() -> Node {
    map([("type", text("object")), ("properties", properties())])
}

fn properties() -> Node {
    let properties = OPTIONS.iter().map(|option| {
        let property = [
            ("type", text("string")),
            ("description", text(option.description)),
        ];
        (option.parameter(), map(property))
    });
    Node::Map(properties.collect())
}

/// A catalogue file of the MCP gateway with this one server, for use without the public catalogue.
fn catalog(tools: &[Tool], version: &str) -> Node {
    let config = map([
        ("name", text(NAME)),
        ("description", text(CONFIG_DESCRIPTION)),
        ("type", text("object")),
        ("properties", properties()),
    ]);
    let env = OPTIONS
        .iter()
        .map(|option| map([("name", text(option.name)), ("value", option.template())]));
    let entry = map([
        ("title", text(TITLE)),
        ("description", text(DESCRIPTION)),
        ("type", text("server")),
        (
            "image",
            text(format!("ghcr.io/{OWNER}/anygpt-mcp:{version}")),
        ),
        ("longLived", Node::Flag(true)),
        ("icon", icon()),
        ("readme", text(format!("{REPOSITORY}/blob/main/README.md"))),
        ("secrets", list(SECRETS.iter().map(Variable::secret))),
        ("env", list(env)),
        ("config", list([config])),
        ("tools", tool_list(tools, true)),
        (
            "metadata",
            map([
                ("category", text("ai")),
                ("tags", texts(TAGS)),
                ("license", text("MIT License")),
                ("owner", text(OWNER)),
            ]),
        ),
    ]);
    map([
        ("name", text(NAME)),
        ("displayName", text(TITLE)),
        ("registry", Node::Map(vec![(NAME.into(), entry)])),
    ])
}

fn tool_list(tools: &[Tool], with_annotations: bool) -> Node {
    list(tools.iter().map(|tool| {
        let arguments = tool
            .input_schema
            .properties
            .0
            .iter()
            .map(|(name, property)| {
                let mut argument = vec![("name", text(name)), ("type", text(&property.r#type))];
                if let Some(items) = &property.items {
                    argument.push(("items", map([("type", text(&items.r#type))])));
                }
                if let Some(description) = &property.description {
                    argument.push(("desc", text(description)));
                }
                if !tool.input_schema.required.contains(name) {
                    argument.push(("optional", Node::Flag(true)));
                }
                map(argument)
            });
        let mut listed = vec![
            ("name", text(&tool.name)),
            ("description", text(&tool.description)),
        ];
        let arguments: Vec<Node> = arguments.collect();
        if !arguments.is_empty() {
            listed.push(("arguments", Node::List(arguments)));
        }
        if with_annotations {
            let hints = &tool.annotations;
            let hints = [
                ("readOnlyHint", hints.read_only_hint),
                ("idempotentHint", hints.idempotent_hint),
                ("openWorldHint", hints.open_world_hint),
            ];
            let hints = hints.into_iter();
            let hints = hints.filter_map(|(name, hint)| Some((name, Node::Flag(hint?))));
            listed.push(("annotations", map(hints)));
        }
        map(listed)
    }))
}

/// `server.json` of the MCP registry.
fn mcp_registry(version: &str) -> Node {
    let variable = |variable: &Variable, is_secret: bool| {
        map([
            ("name", text(variable.name)),
            ("description", text(variable.description)),
            ("isRequired", Node::Flag(false)),
            ("isSecret", Node::Flag(is_secret)),
        ])
    };
    let secrets = SECRETS.iter().map(|secret| variable(secret, true));
    let options = OPTIONS.iter().map(|option| variable(option, false));
    map([
        (
            "$schema",
            text("https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"),
        ),
        // Must equal the image's label io.modelcontextprotocol.server.name.
        ("name", text(format!("io.github.{OWNER}/anygpt-mcp"))),
        ("title", text(TITLE)),
        ("description", text(SHORT_DESCRIPTION)),
        (
            "repository",
            map([("url", text(REPOSITORY)), ("source", text("github"))]),
        ),
        ("version", text(version)),
        (
            "packages",
            list([map([
                ("registryType", text("oci")),
                (
                    "identifier",
                    text(format!("ghcr.io/{OWNER}/anygpt-mcp:{version}")),
                ),
                ("transport", map([("type", text("stdio"))])),
                ("environmentVariables", list(secrets.chain(options))),
            ])]),
        ),
    ])
}

/// The manifest of the bundle for Claude Desktop.
fn bundle(tools: &[Tool], version: &str) -> Node {
    let asked = SECRETS
        .iter()
        .map(|v| (v, true))
        .chain(OPTIONS.iter().map(|v| (v, false)));
    let env = asked.clone().map(|(variable, _)| {
        let value = format!("${{user_config.{}}}", variable.parameter());
        (variable.name.to_owned(), text(value))
    });
    let user_config = asked.map(|(variable, sensitive)| {
        let mut option = vec![
            ("type", text("string")),
            ("title", text(variable.title)),
            ("description", text(variable.description)),
            ("required", Node::Flag(false)),
        ];
        if sensitive {
            option.push(("sensitive", Node::Flag(true)));
        }
        (variable.parameter(), map(option))
    });
    let tools = tools.iter().map(|tool| {
        map([
            ("name", text(&tool.name)),
            ("description", text(&tool.description)),
        ])
    });
    map([
        ("manifest_version", text("0.3")),
        ("name", text("anygpt-mcp")),
        ("display_name", text(TITLE)),
        ("version", text(version)),
        ("description", text(SHORT_DESCRIPTION)),
        ("long_description", text(DESCRIPTION)),
        ("author", map([("name", text("The AnyGPT authors"))])),
        (
            "repository",
            map([("type", text("git")), ("url", text(REPOSITORY))]),
        ),
        (
            "server",
            map([
                ("type", text("binary")),
                ("entry_point", text("server/anygpt-mcp")),
                (
                    "mcp_config",
                    map([
                        ("command", text("${__dirname}/server/anygpt-mcp")),
                        ("args", list([])),
                        ("env", Node::Map(env.collect())),
                    ]),
                ),
            ]),
        ),
        ("tools", list(tools)),
        ("keywords", texts(TAGS)),
        ("license", text("MIT")),
        (
            "compatibility",
            map([("platforms", texts(["darwin", "linux"]))]),
        ),
        ("user_config", Node::Map(user_config.collect())),
    ])
}

/// A document: the same in JSON and in YAML, in the order it was written.
#[derive(Clone)]
enum Node {
    Text(String),
    Flag(bool),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

fn text(text: impl Into<String>) -> Node {
    Node::Text(text.into())
}

fn list(items: impl IntoIterator<Item = Node>) -> Node {
    Node::List(items.into_iter().collect())
}

fn texts<const N: usize>(texts: [&str; N]) -> Node {
    list(texts.map(text))
}

fn map(entries: impl IntoIterator<Item = (&'static str, Node)>) -> Node {
    Node::Map(
        entries
            .into_iter()
            .map(|(key, node)| (key.into(), node))
            .collect(),
    )
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Text(text) => serializer.serialize_str(text),
            Node::Flag(flag) => serializer.serialize_bool(*flag),
            Node::List(items) => serializer.collect_seq(items),
            Node::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, node) in entries {
                    map.serialize_entry(key, node)?;
                }
                map.end()
            }
        }
    }
}

fn json(node: &Node) -> serde_json::Result<String> {
    serde_json::to_string_pretty(node).map(|json| json + "\n")
}

/// Block style, as the Docker MCP Registry's formatter (prettier) leaves it.
fn yaml(node: &Node) -> String {
    let mut out = HEADER.to_owned();
    write_block(&mut out, node, 0);
    out
}

fn write_block(out: &mut String, node: &Node, indent: usize) {
    match node {
        Node::Map(entries) => {
            for (position, (key, value)) in entries.iter().enumerate() {
                // The first key of a list item follows the dash.
                if position > 0 || !out.ends_with("- ") {
                    _ = write!(out, "{:indent$}", "");
                }
                _ = write!(out, "{key}:");
                write_value(out, value, indent);
            }
        }
        Node::List(items) => {
            for item in items {
                _ = write!(out, "{:indent$}- ", "");
                match item {
                    Node::Map(_) => write_block(out, item, indent + 2),
                    _ => {
                        out.truncate(out.len() - 1);
                        write_value(out, item, indent);
                    }
                }
            }
        }
        Node::Text(_) | Node::Flag(_) => write_value(out, node, indent),
    }
}

/// After a key's colon or a dash.
fn write_value(out: &mut String, node: &Node, indent: usize) {
    match node {
        Node::Flag(flag) => _ = writeln!(out, " {flag}"),
        Node::Text(text) => _ = writeln!(out, " {}", scalar(text)),
        Node::List(items) if items.is_empty() => out.push_str(" []\n"),
        Node::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
        Node::List(_) | Node::Map(_) => {
            out.push('\n');
            write_block(out, node, indent + 2);
        }
    }
}

/// Without quotes where YAML cannot read another type into it.
fn scalar(text: &str) -> String {
    let begins_with_letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_word = matches!(
        text,
        "true" | "false" | "null" | "yes" | "no" | "on" | "off"
    );
    let plain = begins_with_letter
        && !is_word
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !text.contains('\n');
    if plain {
        text.to_owned()
    } else if text.contains('"') && !text.contains(['\'', '\n']) {
        format!("'{text}'")
    } else {
        serde_json::Value::from(text).to_string()
    }
}
