//! The server under test: its catalogue, its library, and its constructor.
//!
//! Never here: the answers that it should give.

use std::{borrow::Cow, cell::RefCell, sync::Arc};

use anygpt_core::{
    Annotations, Budget, Catalog, Given, Icon, Implementation, Library, Limits, Prompt,
    PromptArgument, PromptText, Resource, ResourceTemplate, Server, Structured, Tool,
};

/// Names of its tools, in order.
pub(crate) const TOOLS: [&str; 3] = ["ask", "list.models-2", "_"];

/// URIs of its resources, in order, and the text of each.
pub(crate) const RESOURCES: [(&str, &str); 3] = [
    ("test://docs/a", "# A\n\"quoted\"\t\u{1}"),
    ("test://docs/b%20c", ""),
    ("test://settings", "private ü😀\u{2028}"),
];

/// The one that depends on the settings.
pub(crate) const PRIVATE: &str = "test://settings";

/// The one template, its variable, and the values that this has.
pub(crate) const TEMPLATE: (&str, &str) = ("test://docs/{section}", "section");
pub(crate) const SECTIONS: [&str; 2] = ["a", "b%20c"];

/// Names of its prompts, in order, and of the arguments of each. Those with a `!` are required; it is not part of the
/// name.
pub(crate) const PROMPTS: [(&str, &[&str]); 3] = [
    ("greet", &["whom!", "tone"]),
    ("plain", &[]),
    ("odd \"one\"", &["ü/\n", "whom"]),
];

/// A session before its first message.
pub(crate) fn server(limits: Limits, budget: &Arc<Budget>) -> Server {
    thread_local! {
        static CATALOG: RefCell<Option<Catalog>> = const { RefCell::new(None) };
    }
    let catalog = CATALOG.with_borrow_mut(|kept| kept.get_or_insert_with(catalog).clone());
    Server::new(catalog, Box::new(Books), limits, budget)
}

/// The text of a prompt with these arguments.
pub(crate) fn prompt_text(prompt: usize, given: &[Option<String>]) -> String {
    format!("{prompt}\n{given:?}")
}

/// The resources that every prompt points to.
pub(crate) const LINKS: &[usize] = &[2, 0];

/// All values that an argument may have.
pub(crate) fn candidates(argument: usize, given: &[Option<String>]) -> Vec<String> {
    match argument {
        0 => (0..150)
            .map(|number| format!("Maker/näme{number}"))
            .collect(),
        _ => given
            .iter()
            .flatten()
            .cloned()
            .chain(["Formal".into(), "for/mal".into(), "İ".into()])
            .collect(),
    }
}

#[derive(Debug)]
struct Books;

impl Library for Books {
    fn resource(&self, resource: usize) -> Cow<'static, str> {
        RESOURCES[resource].1.into()
    }

    fn prompt(&self, prompt: usize, arguments: &Given<'_>) -> PromptText {
        for (name, value) in PROMPTS[prompt].1.iter().zip(arguments) {
            let is_blank = value.as_ref().is_none_or(|value| value.trim().is_empty());
            assert!(
                !(is_blank && name.ends_with('!')),
                "{name} is missing in {arguments:?}"
            );
        }
        PromptText {
            text: prompt_text(prompt, &owned(arguments)),
            resources: LINKS,
        }
    }

    fn candidates(&self, _: usize, argument: usize, arguments: &Given<'_>) -> Vec<Cow<'_, str>> {
        candidates(argument, &owned(arguments))
            .into_iter()
            .map(Cow::Owned)
            .collect()
    }
}

fn owned(given: &Given<'_>) -> Vec<Option<String>> {
    given
        .iter()
        .map(|value| value.as_deref().map(str::to_owned))
        .collect()
}

/// The texts have characters that must be escaped.
fn catalog() -> Catalog {
    Catalog {
        server: Implementation {
            name: "fuzzed \"server\"".into(),
            title: "Fuzzed\\server".into(),
            version: "1\n2".into(),
            description: "Tab\there, and \u{1} and \u{2028} and 😀".into(),
            icon: Some(Icon {
                src: "data:image/svg+xml,\"x\"".into(),
                mime_type: "image/svg+xml".into(),
            }),
        },
        instructions: "Ask \"it\".\n".into(),
        tools: TOOLS
            .iter()
            .enumerate()
            .map(|(position, name)| tool(name, position))
            .collect(),
        resources: RESOURCES.iter().map(|(uri, _)| resource(uri)).collect(),
        templates: vec![ResourceTemplate {
            prefix: TEMPLATE.0.trim_end_matches("{section}").into(),
            variable: TEMPLATE.1.into(),
            name: "docs".into(),
            title: "Docs \"all\"".into(),
            description: "All\nof them".into(),
            mime_type: "text/markdown".into(),
        }],
        prompts: PROMPTS
            .iter()
            .map(|(name, arguments)| prompt(name, arguments))
            .collect(),
        is_private: false,
        structured: Structured::Auto,
    }
}

fn tool(name: &'static str, position: usize) -> Tool {
    Tool {
        name: name.into(),
        title: format!("Tool \"{position}\"").into(),
        description: format!("Line one of {position}\nline two\r").into(),
        annotations: Annotations {
            read_only: position == 0,
            idempotent: position == 1,
            open_world: position != 1,
        },
        input_schema: r#"{"type":"object","properties":{"x":{"type":"integer"}}}"#.into(),
        output_schema: (position == 0).then_some(r#"{"type":"object"}"#.into()),
    }
}

fn resource(uri: &'static str) -> Resource {
    Resource {
        uri: uri.into(),
        name: format!("name of {uri}").into(),
        title: "A \"title\"".into(),
        description: "About\tit".into(),
        mime_type: "text/markdown".into(),
        is_private: uri == PRIVATE,
    }
}

fn prompt(name: &'static str, arguments: &[&'static str]) -> Prompt {
    let argument = |name: &&'static str| PromptArgument {
        name: name.trim_end_matches('!').into(),
        title: "A \"title\"".into(),
        description: "Fill\nin".into(),
        required: name.ends_with('!'),
    };
    Prompt {
        name: name.into(),
        title: "A \"title\"".into(),
        description: "Says\n\"it\"".into(),
        arguments: arguments.iter().map(argument).collect(),
    }
}
