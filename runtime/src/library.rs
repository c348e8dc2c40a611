//! What the server offers, as a catalogue: tools, documentation, prompts; and rendering the latter two.
//!
//! Never here: the texts themselves, or what a tool does.

use std::{borrow::Cow, sync::Arc};

use anygpt_core::{Catalog, Given, Icon, Implementation, PromptText};

use crate::{
    VERSION, docs, prompts,
    redact::Redactor,
    settings::{Offer, Settings},
    tools,
};

/// Two speech bubbles, 290 bytes.
const ICON: &str = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCAyNCAyNCIgZmlsbD0ibm9uZSIgc3Ryb2tlPSIjMGI3Mjg1IiBzdHJva2Utd2lkdGg9IjIiIHN0cm9rZS1saW5lam9pbj0icm91bmQiPjxwYXRoIGQ9Ik0zIDRoMTJ2OEg4bC0zIDN2LTNIM3oiLz48cGF0aCBkPSJNMTggOWgzdjhoLTJ2M2wtMy0zSDl2LTIiLz48L3N2Zz4=";

/// What the server offers; it does not change during the life of a process.
pub(crate) fn catalog(offer: &Offer) -> Catalog {
    Catalog {
        server: Implementation {
            name: "anygpt-mcp".into(),
            title: "AnyGPT".into(),
            version: VERSION.into(),
            description: "Ask models of OpenAI, Anthropic, Google and others".into(),
            icon: Some(Icon {
                src: ICON.into(),
                mime_type: "image/svg+xml".into(),
            }),
        },
        instructions: instructions(&offer.tools).into(),
        tools: tools::listed(&offer.tools),
        resources: docs::resources(),
        templates: docs::templates(),
        prompts: prompts::listed(),
        is_private: offer.tools != Offer::usual(&tools::names()).tools,
        structured: offer.structured,
    }
}

/// The server's instructions: what a model should know before it calls one of these tools.
fn instructions(offered: &[&str]) -> String {
    let of_tools = tools::instructions(offered).join(" ");
    format!("Ask other AI models. {of_tools} More: the resource anygpt://docs/workflow.")
}

/// Renders documentation and prompts for these settings.
#[derive(Debug)]
pub(crate) struct Library {
    settings: Arc<Settings>,
    redactor: Redactor,
}

impl Library {
    /// A library for these settings. Configured keys are removed from all that it returns.
    pub(crate) fn new(settings: Arc<Settings>, redactor: Redactor) -> Self {
        Library { settings, redactor }
    }
}

impl anygpt_core::Library for Library {
    fn resource(&self, resource: usize) -> Cow<'static, str> {
        match docs::text(resource, &self.settings) {
            Cow::Owned(text) => Cow::Owned(self.redactor.text(&text).into_owned()),
            fixed => fixed,
        }
    }

    fn prompt(&self, prompt: usize, arguments: &Given<'_>) -> PromptText {
        let prompt = prompts::text(prompt, &self.settings, arguments);
        PromptText {
            text: self.redactor.text(&prompt.text).into_owned(),
            ..prompt
        }
    }

    fn candidates(
        &self,
        prompt: usize,
        argument: usize,
        arguments: &Given<'_>,
    ) -> Vec<Cow<'_, str>> {
        prompts::candidates(prompt, argument, &self.settings, arguments)
    }
}
