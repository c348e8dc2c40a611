//! The server that is fuzzed: its catalogue, and the one place where it is built.
//!
//! Never here: what it should answer.

use std::{cell::RefCell, sync::Arc};

use anygpt_core::{Annotations, Budget, Catalog, Implementation, Limits, Server, Tool};

/// Names of its tools, in order.
pub(crate) const TOOLS: [&str; 3] = ["ask", "list.models-2", "_"];

/// A session with nothing said.
pub(crate) fn server(limits: Limits, budget: &Arc<Budget>) -> Server {
    thread_local! {
        static CATALOG: RefCell<Option<Catalog>> = const { RefCell::new(None) };
    }
    let catalog = CATALOG.with_borrow_mut(|kept| kept.get_or_insert_with(catalog).clone());
    Server::new(catalog, limits, budget)
}

/// Texts hold what must be escaped when it is written.
fn catalog() -> Catalog {
    Catalog {
        server: Implementation {
            name: "fuzzed \"server\"".into(),
            title: "Fuzzed\\server".into(),
            version: "1\n2".into(),
            description: "Tab\there, and \u{1} and \u{2028} and 😀".into(),
        },
        instructions: "Ask \"it\".\n".into(),
        tools: TOOLS.iter().enumerate().map(|(position, name)| tool(name, position)).collect(),
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
