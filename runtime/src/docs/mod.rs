//! The documentation that models and people read: MCP resources with `anygpt://` URIs.
//!
//! Never here: what a tool answers.

use std::{borrow::Cow, fmt::Write as _};

use anygpt_core::{Resource, ResourceTemplate};

use crate::{gateway::resolve, settings::Settings};

/// One page. The order is the order clients see.
struct Page {
    resource: fn() -> Resource,
    text: &'static str,
    /// What is added before the text, made from the settings.
    configured: Option<fn(&Settings) -> String>,
}

const DOCS: &str = "anygpt://docs/";
const EXAMPLES: &str = "anygpt://examples/";
const MARKDOWN: &str = "text/markdown";

/// Positions of pages to which others refer.
pub(crate) const WORKFLOW: usize = 1;
pub(crate) const PROVIDERS: usize = 2;

const PAGES: [Page; 6] = [
    Page {
        resource: || Resource {
            uri: "anygpt://docs/overview".into(),
            name: "overview".into(),
            title: "Overview".into(),
            description:
                "The tools with their arguments, how a model is chosen, what a result holds, limits"
                    .into(),
            mime_type: MARKDOWN.into(),
            is_private: false,
        },
        text: include_str!("overview.md"),
        configured: None,
    },
    Page {
        resource: || Resource {
            uri: "anygpt://docs/workflow".into(),
            name: "workflow".into(),
            title: "Workflow".into(),
            description:
                "How to use the tools well: discover, choose, ask, read the result, react to errors"
                    .into(),
            mime_type: MARKDOWN.into(),
            is_private: false,
        },
        text: include_str!("workflow.md"),
        configured: None,
    },
    Page {
        resource: || Resource {
            uri: "anygpt://docs/providers".into(),
            name: "providers".into(),
            title: "Providers".into(),
            description:
                "What is configured here, and how providers, keys and endpoints are set up".into(),
            mime_type: MARKDOWN.into(),
            is_private: true,
        },
        text: include_str!("providers.md"),
        configured: Some(configured),
    },
    Page {
        resource: || {
            Resource {
            uri: "anygpt://docs/errors".into(),
            name: "errors".into(),
            title: "Errors".into(),
            description: "Every class of error with its cause and what to do next; codes of JSON-RPC and exit"
                .into(),
            mime_type: MARKDOWN.into(),
            is_private: false,
        }
        },
        text: include_str!("errors.md"),
        configured: None,
    },
    Page {
        resource: || Resource {
            uri: "anygpt://docs/troubleshooting".into(),
            name: "troubleshooting".into(),
            title: "Troubleshooting".into(),
            description: "Symptoms that users see, their causes, and how to fix them".into(),
            mime_type: MARKDOWN.into(),
            is_private: false,
        },
        text: include_str!("troubleshooting.md"),
        configured: None,
    },
    Page {
        resource: || Resource {
            uri: "anygpt://examples/basic-chat".into(),
            name: "basic-chat".into(),
            title: "Basic chat".into(),
            description: "A whole session, call by call, with the real answers".into(),
            mime_type: MARKDOWN.into(),
            is_private: false,
        },
        text: include_str!("basic-chat.md"),
        configured: None,
    },
];

/// All pages, as resources.
pub(crate) fn resources() -> Vec<Resource> {
    PAGES.iter().map(|page| (page.resource)()).collect()
}

/// The two families of pages.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate {
            prefix: DOCS.into(),
            variable: "section".into(),
            name: "docs".into(),
            title: "Documentation".into(),
            description: "A section of the documentation".into(),
            mime_type: MARKDOWN.into(),
        },
        ResourceTemplate {
            prefix: EXAMPLES.into(),
            variable: "example".into(),
            name: "examples".into(),
            title: "Examples".into(),
            description: "A worked example".into(),
            mime_type: MARKDOWN.into(),
        },
    ]
}

/// The page with this name.
pub(crate) struct Topic {
    pub(crate) position: usize,
    pub(crate) name: Cow<'static, str>,
    pub(crate) description: Cow<'static, str>,
}

/// All pages, by their names.
pub(crate) fn topics() -> impl Iterator<Item = Topic> {
    PAGES.iter().enumerate().map(|(position, page)| {
        let resource = (page.resource)();
        Topic {
            position,
            name: resource.name,
            description: resource.description,
        }
    })
}

/// The text of a page, without what settings add.
pub(crate) fn plain_text(page: usize) -> &'static str {
    PAGES.get(page).map_or("", |page| page.text)
}

/// Whether the settings add to a page.
pub(crate) fn needs_settings(page: usize) -> bool {
    PAGES
        .get(page)
        .is_some_and(|page| page.configured.is_some())
}

pub(crate) fn text(page: usize, settings: &Settings) -> Cow<'static, str> {
    match PAGES.get(page) {
        None => Cow::Borrowed(""),
        Some(page) => match page.configured {
            None => Cow::Borrowed(page.text),
            Some(configured) => Cow::Owned(configured(settings) + page.text),
        },
    }
}

/// The providers of this installation. The origin of a key is named, never the key.
fn configured(settings: &Settings) -> String {
    let mut text = String::from(
        "# Providers\n\n## Configured here\n\n| provider | type | state | base URL | key from |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    let default = resolve::default_provider(settings);
    for (position, provider) in settings.listed() {
        let mark = if default == Some(position) {
            " (default)"
        } else {
            ""
        };
        let state = match provider.unavailable_reason() {
            None => Cow::Borrowed("usable"),
            Some(why) => Cow::Owned(format!("off: {why}")),
        };
        let key = provider.key.as_ref().map_or("", |key| &key.origin);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| `{}`{mark} | `{}` | {state} | {} | {key} |",
            provider.id,
            provider.dialect.as_str(),
            provider.base_url,
        );
    }
    let _ = writeln!(text, "\nNot set up: {}.", settings.not_set_up());
    match &settings.default_model {
        Some(model) => {
            let _ = writeln!(text, "\nDefault model: `{model}`.\n");
        }
        None => text.push_str("\nNo default model: the newest of the provider is asked.\n\n"),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_where_others_point_to_and_belong_to_a_template() {
        let resources = resources();
        assert_eq!(resources[WORKFLOW].name, "workflow");
        assert_eq!(resources[PROVIDERS].name, "providers");
        for resource in &resources {
            let fits = |template: &ResourceTemplate| {
                let rest = resource.uri.strip_prefix(&*template.prefix);
                rest == Some(&*resource.name)
            };
            assert!(templates().iter().any(fits), "{}", resource.uri);
        }
    }
}
