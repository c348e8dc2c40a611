//! A request for an answer, as a provider got it: what it holds, whatever the format.
//!
//! Never here: what it should hold.

use std::fmt;

use serde_json::Value;

use crate::provider::{Family, Request};

/// A chat that reached a provider.
#[derive(Debug)]
pub(super) struct Sent {
    /// The provider of the scenario.
    pub(super) provider: &'static str,
    pub(super) model: String,
    status: u16,
    family: Family,
    pub(super) body: Value,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)?;
        match self.status {
            200 => Ok(()),
            status => write!(f, ", {status}"),
        }
    }
}

impl Sent {
    /// Names for [`Sent::fact`].
    pub(super) const FACTS: [&str; 13] = [
        "effort",
        "format",
        "images",
        "files",
        "max_tokens",
        "roles",
        "seed",
        "stop",
        "system",
        "temperature",
        "text",
        "tools",
        "top_p",
    ];

    pub(super) fn of(provider: &'static str, request: &Request) -> Option<Self> {
        Some(Sent {
            provider,
            model: request.model()?,
            status: request.status,
            family: request.family()?,
            body: request.json(),
        })
    }

    /// Whether it is charged.
    pub(super) fn is_paid(&self) -> bool {
        self.status == 200
    }

    /// What it holds of a kind, as text; empty if nothing.
    pub(super) fn fact(&self, name: &str) -> String {
        match name {
            "text" => self.text(),
            "system" => self.system(),
            "roles" => self.roles(),
            "images" => count(self.count(&is_image)),
            "files" => count(self.count(&is_file)),
            "tools" => self.tools(),
            _ => self.parameter(name),
        }
    }

    /// All texts of the conversation.
    pub(super) fn text(&self) -> String {
        let mut all = Vec::new();
        for turn in self.turns() {
            strings(turn, &mut all);
        }
        all.join("\n")
    }

    fn system(&self) -> String {
        let mut all = Vec::new();
        for place in ["instructions", "system", "systemInstruction"] {
            strings(&self.body[place], &mut all);
        }
        for turn in self.all_turns().filter(|turn| is_system(turn)) {
            strings(&turn["content"], &mut all);
        }
        all.join("\n")
    }

    /// The roles of the turns; of items without one, the type.
    fn roles(&self) -> String {
        let role = |turn: &Value| {
            let role = turn["role"].as_str().or(turn["type"].as_str());
            match role.unwrap_or("user") {
                "model" => "assistant".to_owned(),
                role => role.to_owned(),
            }
        };
        self.turns().map(role).collect::<Vec<_>>().join(",")
    }

    fn tools(&self) -> String {
        let mut names = Vec::new();
        for tool in self.body["tools"].as_array().into_iter().flatten() {
            let functions = tool["functionDeclarations"].as_array();
            let functions = functions.map_or(vec![tool], |all| all.iter().collect());
            let name = |it: &Value| {
                let name = it["name"].as_str().or(it["function"]["name"].as_str());
                name.map(str::to_owned)
            };
            names.extend(functions.into_iter().filter_map(name));
        }
        names.join(",")
    }

    fn parameter(&self, name: &str) -> String {
        let places: &[&str] = match (name, self.family) {
            ("effort", Family::Google) => &["/generationConfig/thinkingConfig/thinkingLevel"],
            ("effort", _) => &[
                "/reasoning/effort",
                "/output_config/effort",
                "/reasoning_effort",
            ],
            ("max_tokens", Family::Google) => &["/generationConfig/maxOutputTokens"],
            ("max_tokens", _) => &[
                "/max_output_tokens",
                "/max_tokens",
                "/max_completion_tokens",
            ],
            ("stop", Family::Google) => &["/generationConfig/stopSequences/0"],
            ("stop", _) => &["/stop_sequences/0", "/stop/0", "/stop"],
            ("format", Family::Google) => &["/generationConfig/responseMimeType"],
            ("format", _) => &[
                "/text/format/type",
                "/output_config/format/type",
                "/response_format/type",
            ],
            ("top_p", Family::Google) => &["/generationConfig/topP"],
            ("seed", Family::Google) => &["/generationConfig/seed"],
            ("temperature", Family::Google) => &["/generationConfig/temperature"],
            ("top_p", _) => &["/top_p"],
            ("seed", _) => &["/seed"],
            _ => &["/temperature"],
        };
        let found = places.iter().find_map(|place| self.body.pointer(place));
        match found {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.to_lowercase(),
            Some(other) => other.to_string(),
        }
    }

    fn all_turns(&self) -> impl Iterator<Item = &Value> {
        let [turns, _] = self.family.format().turns();
        self.body[turns].as_array().into_iter().flatten()
    }

    fn turns(&self) -> impl Iterator<Item = &Value> {
        self.all_turns().filter(|turn| !is_system(turn))
    }

    fn count(&self, is_it: &dyn Fn(&Value) -> bool) -> usize {
        self.turns().map(|turn| occurrences(turn, is_it)).sum()
    }
}

fn is_system(turn: &Value) -> bool {
    ["system", "developer"]
        .iter()
        .any(|role| turn["role"] == *role)
}

fn is_image(part: &Value) -> bool {
    let of_type = ["image", "image_url", "input_image"];
    let place = |it: &str| part[it]["mimeType"].as_str().unwrap_or_default().to_owned();
    of_type.iter().any(|kind| part["type"] == *kind)
        || ["inlineData", "fileData"]
            .iter()
            .any(|it| place(it).starts_with("image/"))
}

fn is_file(part: &Value) -> bool {
    let of_type = ["document", "file", "input_file"];
    let place = |it: &str| part[it]["mimeType"].as_str().unwrap_or_default().to_owned();
    of_type.iter().any(|kind| part["type"] == *kind)
        || ["inlineData", "fileData"]
            .iter()
            .any(|it| place(it).starts_with("application/"))
}

fn count(number: usize) -> String {
    match number {
        0 => String::new(),
        number => number.to_string(),
    }
}

fn occurrences(value: &Value, is_it: &dyn Fn(&Value) -> bool) -> usize {
    let inside: usize = match value {
        Value::Array(items) => items.iter().map(|it| occurrences(it, is_it)).sum(),
        Value::Object(members) => members.values().map(|it| occurrences(it, is_it)).sum(),
        _ => 0,
    };
    inside + usize::from(value.is_object() && is_it(value))
}

fn strings(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::String(text) => all.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|it| strings(it, all)),
        Value::Object(members) => members.values().for_each(|it| strings(it, all)),
        _ => {}
    }
}
