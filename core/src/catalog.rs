//! What a server offers, as data that the runtime hands in.
//!
//! What takes work, or depends on the settings, is rendered by a [`Library`] when it is asked for.
//!
//! Never here: how it is done, or how a revision writes it.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt::Debug;

use crate::revision::Revision;

/// All that a server tells about itself. The order of each list is the order clients see.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// Who answers.
    pub server: Implementation,
    /// A few sentences for the model that will use the server.
    pub instructions: Cow<'static, str>,
    /// The tools; a call names one by its position here.
    pub tools: Vec<Tool>,
    /// The resources; a [`Library`] renders one by its position here.
    pub resources: Vec<Resource>,
    /// Families of resources. Each member is listed in `resources`, too.
    pub templates: Vec<ResourceTemplate>,
    /// The prompts; a [`Library`] renders one by its position here.
    pub prompts: Vec<Prompt>,
    /// Instructions and tools depend on this installation's settings: nobody else may be given a cached
    /// copy.
    pub is_private: bool,
    /// Who is given `outputSchema` and `structuredContent`.
    pub structured: Structured,
}

/// Who is given the structured form of results beside their text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Structured {
    /// Clients of a revision that knows it.
    #[default]
    Auto,
    /// All: to others it is one more member, which they may pass over.
    Always,
    /// Nobody: some clients show both forms, or choke on one.
    Never,
}

impl Structured {
    pub(crate) fn is_for(self, revision: Revision) -> bool {
        match self {
            Structured::Auto => revision.has_structured_content(),
            Structured::Always => true,
            Structured::Never => false,
        }
    }
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
    /// A picture for clients that show one. It is sent once, when a client opens or discovers.
    pub icon: Option<Icon>,
}

/// A picture that scales to any size.
#[derive(Clone, Debug)]
pub struct Icon {
    /// A `data:` or `https:` URI.
    pub src: Cow<'static, str>,
    /// Its media type.
    pub mime_type: Cow<'static, str>,
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

/// One resource: a text with a URI.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Absolute URI.
    pub uri: Cow<'static, str>,
    /// Name for programs.
    pub name: Cow<'static, str>,
    /// Name for people.
    pub title: Cow<'static, str>,
    /// What it is good for, for the model that decides whether to read it.
    pub description: Cow<'static, str>,
    /// Media type of the text.
    pub mime_type: Cow<'static, str>,
    /// The text depends on this installation's settings: nobody else may be given a cached copy.
    pub is_private: bool,
}

/// A family of resources, whose URIs differ in their end only.
#[derive(Clone, Debug)]
pub struct ResourceTemplate {
    /// What the URIs begin with.
    pub prefix: Cow<'static, str>,
    /// The variable that stands for the rest of a URI.
    pub variable: Cow<'static, str>,
    /// Name for programs.
    pub name: Cow<'static, str>,
    /// Name for people.
    pub title: Cow<'static, str>,
    /// What its members are.
    pub description: Cow<'static, str>,
    /// Media type of all members.
    pub mime_type: Cow<'static, str>,
}

/// One prompt.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// Name for programs.
    pub name: Cow<'static, str>,
    /// Name for people.
    pub title: Cow<'static, str>,
    /// What it makes a model do.
    pub description: Cow<'static, str>,
    /// Its arguments. Their values are free text.
    pub arguments: Vec<PromptArgument>,
}

/// One argument of a prompt.
#[derive(Clone, Debug)]
pub struct PromptArgument {
    /// Name for programs.
    pub name: Cow<'static, str>,
    /// Name for people.
    pub title: Cow<'static, str>,
    /// What to fill in.
    pub description: Cow<'static, str>,
    /// Without it there is no prompt.
    pub required: bool,
}

/// The arguments of one prompt that a client gave, in the order of [`Prompt::arguments`]. Required ones
/// are there and not blank.
pub type Given<'a> = [Option<Cow<'a, str>>];

/// A prompt, ready to be said to a model.
#[derive(Clone, Debug)]
pub struct PromptText {
    /// What the user says.
    pub text: String,
    /// Resources to look at, by position in [`Catalog::resources`].
    pub resources: &'static [usize],
}

/// Renders what a [`Catalog`] only names. Every method is called while input is handled, so it must not
/// wait for anything.
pub trait Library: Debug + Send {
    /// The text of a resource.
    fn resource(&self, resource: usize) -> Cow<'static, str>;

    /// The text of a prompt.
    fn prompt(&self, prompt: usize, arguments: &Given<'_>) -> PromptText;

    /// Values that a prompt's argument may have, best first. Those that do not fit what the user has typed
    /// are left out by the caller.
    fn candidates(
        &self,
        prompt: usize,
        argument: usize,
        arguments: &Given<'_>,
    ) -> Vec<Cow<'_, str>>;
}

/// For a catalogue without resources and prompts: there is nothing to render.
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
