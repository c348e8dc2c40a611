//! What a server offers, as data that the runtime hands in.
//!
//! Never here: how it is done, or how a revision writes it.

use alloc::{borrow::Cow, vec::Vec};

/// All that a server tells about itself. The order of each list is the order clients see.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// Who answers.
    pub server: Implementation,
    /// A few sentences for the model that will use the server.
    pub instructions: Cow<'static, str>,
    /// The tools; a call names one by its position here.
    pub tools: Vec<Tool>,
}

/// Name and version of the server.
#[derive(Clone, Debug)]
pub struct Implementation {
    /// Name for programs.
    pub name: Cow<'static, str>,
    /// Name for people.
    pub title: Cow<'static, str>,
    /// Version.
    pub version: Cow<'static, str>,
    /// One sentence.
    pub description: Cow<'static, str>,
}

/// One tool.
#[derive(Clone, Debug)]
pub struct Tool {
    /// 1 to 128 of `A-Za-z0-9_.-`, unique.
    pub name: Cow<'static, str>,
    /// Name for people.
    pub title: Cow<'static, str>,
    /// What it does, for the model that decides whether to call it.
    pub description: Cow<'static, str>,
    /// Hints about its behaviour.
    pub annotations: Annotations,
    /// JSON Schema of the arguments: one line of JSON text, an object with `"type":"object"`.
    pub input_schema: Cow<'static, str>,
    /// JSON Schema of `structuredContent`, likewise.
    pub output_schema: Option<Cow<'static, str>>,
}

/// Hints about a tool's behaviour (`ToolAnnotations`).
#[derive(Clone, Copy, Debug)]
pub struct Annotations {
    /// It changes nothing.
    pub read_only: bool,
    /// Calling it twice is like calling it once.
    pub idempotent: bool,
    /// It talks to the world outside.
    pub open_world: bool,
}
