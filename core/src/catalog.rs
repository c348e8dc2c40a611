//! What a server offers, as data from the runtime.
//!
//! What takes work, or depends on the settings, is rendered by a [`Library`] on request.
//!
//! Never here: what a tool does, or the format of a revision.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt::Debug;

use crate::{revision::Revision, wire::jsonrpc};

/// Everything a server offers. Clients see each list in this order.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub server: Implementation,
    /// A few sentences for the model that uses the server.
    pub instructions: Cow<'static, str>,
    /// A [`ToolCall`](crate::ToolCall) refers to a tool by its position here.
    pub tools: Vec<Tool>,
    /// A [`Library`] renders a resource by its position here.
    pub resources: Vec<Resource>,
    /// Each resource of a template is also in `resources`.
    pub templates: Vec<ResourceTemplate>,
    /// A [`Library`] renders a prompt by its position here.
    pub prompts: Vec<Prompt>,
    /// Instructions and tools depend on this installation's settings, so a cached copy must not be shared.
    pub is_private: bool,
    /// Which clients receive `outputSchema` and `structuredContent`.
    pub structured: Structured,
}

/// Which clients receive structured results in addition to text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Structured {
    /// Clients of a revision with structured results, unless they hide the text then.
    #[default]
    Auto,
    /// All clients: others can ignore the additional member.
    Always,
    /// No clients: some show both forms, or fail on one.
    Never,
}

impl Structured {
    /// Whether a client of this revision receives them; `hides_text` is only called if it matters.
    pub(crate) fn is_for(self, revision: Revision, hides_text: impl FnOnce() -> bool) -> bool {
        match self {
            Structured::Auto => revision.has_structured_content() && !hides_text(),
            Structured::Always => true,
            Structured::Never => false,
        }
    }
}

/// Whether a client (`clientInfo`, as JSON) shows its model the structured result alone: the text as one escaped string, and
/// in Codex no pictures.
pub(crate) fn shows_structured_alone(client_info: &str) -> bool {
    // Seen in Claude Code 2.1.197 and in Codex 0.171.0, whose name is `codex-mcp-client`.
    client_name(client_info).is_some_and(|name| name == "claude-code" || name.starts_with("codex"))
}

/// The name in `clientInfo`, which is JSON.
pub(crate) fn client_name(client_info: &str) -> Option<Cow<'_, str>> {
    let [name] = jsonrpc::members(client_info, ["name"]).ok()?;
    jsonrpc::string(name?)
}

/// Name and version of the server.
#[derive(Clone, Debug)]
pub struct Implementation {
    pub name: Cow<'static, str>,
    pub title: Cow<'static, str>,
    pub version: Cow<'static, str>,
    pub description: Cow<'static, str>,
    /// Sent once, by `initialize` or `server/discover`.
    pub icon: Option<Icon>,
}

/// An icon that scales to any size.
#[derive(Clone, Debug)]
pub struct Icon {
    /// A `data:` or `https:` URI.
    pub src: Cow<'static, str>,
    pub mime_type: Cow<'static, str>,
}

#[derive(Clone, Debug)]
pub struct Tool {
    /// 1 to 128 of `A-Za-z0-9_.-`, unique.
    pub name: Cow<'static, str>,
    pub title: Cow<'static, str>,
    /// For the model that decides whether to call it.
    pub description: Cow<'static, str>,
    pub annotations: Annotations,
    /// JSON Schema of the arguments: one line of JSON text, an object with `"type":"object"`.
    pub input_schema: Cow<'static, str>,
    /// JSON Schema of `structuredContent`, likewise.
    pub output_schema: Option<Cow<'static, str>>,
}

/// Hints about a tool's behaviour (`ToolAnnotations`).
#[derive(Clone, Copy, Debug)]
pub struct Annotations {
    pub read_only: bool,
    pub idempotent: bool,
    pub open_world: bool,
}

/// A text with a URI.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Absolute URI.
    pub uri: Cow<'static, str>,
    pub name: Cow<'static, str>,
    pub title: Cow<'static, str>,
    /// For the model that decides whether to read it.
    pub description: Cow<'static, str>,
    pub mime_type: Cow<'static, str>,
    /// The text depends on this installation's settings, so a cached copy must not be shared.
    pub is_private: bool,
}

/// A family of resources whose URIs differ only at their end.
#[derive(Clone, Debug)]
pub struct ResourceTemplate {
    pub prefix: Cow<'static, str>,
    /// The variable for the rest of a URI.
    pub variable: Cow<'static, str>,
    pub name: Cow<'static, str>,
    pub title: Cow<'static, str>,
    pub description: Cow<'static, str>,
    pub mime_type: Cow<'static, str>,
}

#[derive(Clone, Debug)]
pub struct Prompt {
    pub name: Cow<'static, str>,
    pub title: Cow<'static, str>,
    pub description: Cow<'static, str>,
    /// Their values are free text.
    pub arguments: Vec<PromptArgument>,
}

#[derive(Clone, Debug)]
pub struct PromptArgument {
    pub name: Cow<'static, str>,
    pub title: Cow<'static, str>,
    pub description: Cow<'static, str>,
    pub required: bool,
}

/// The arguments that a client gave, in the order of [`Prompt::arguments`]. Required ones are present and not blank.
pub type Given<'a> = [Option<Cow<'a, str>>];

/// A rendered prompt.
#[derive(Clone, Debug)]
pub struct PromptText {
    /// The user's message.
    pub text: String,
    /// Resources to attach, by position in [`Catalog::resources`].
    pub resources: &'static [usize],
}

/// Renders what a [`Catalog`] only names. The methods are called while input is handled, so they must not block.
pub trait Library: Debug + Send {
    fn resource(&self, resource: usize) -> Cow<'static, str>;

    fn prompt(&self, prompt: usize, arguments: &Given<'_>) -> PromptText;

    /// Possible values of a prompt's argument, best first. The caller removes those that do not match what the user has typed.
    fn candidates(
        &self,
        prompt: usize,
        argument: usize,
        arguments: &Given<'_>,
    ) -> Vec<Cow<'_, str>>;
}

/// For a catalogue without resources and prompts.
#[derive(Clone, Copy, Debug)]
pub struct NoLibrary;

impl Library for NoLibrary {
    fn resource(&self, _: usize) -> Cow<'static, str> {
        Cow::Borrowed("")
    }

    fn prompt(&self, _: usize, _: &Given<'_>) -> PromptText {
        PromptText {
            text: String::new(),
            resources: &[],
        }
    }

    fn candidates(&self, _: usize, _: usize, _: &Given<'_>) -> Vec<Cow<'_, str>> {
        Vec::new()
    }
}
