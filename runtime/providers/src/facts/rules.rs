//! What requests to a model may have.
//!
//! Never here: field names, which model it is, or what a provider has refused (`parameter`).

use crate::ReasoningEffort;

/// What is known of a model, as far as requests depend on it. What is not known is absent, and is no reason to leave
/// anything out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// None of them if it does not reason.
    pub efforts: Option<Efforts>,
    pub thinking: Option<Thinking>,
    pub sampling: Option<Sampling>,
    /// What it takes besides text.
    pub inputs: Option<Inputs>,
    pub tools: Option<bool>,
    /// It can be forced to call a tool.
    pub forced_tools: Option<bool>,
    /// The API can enforce a schema on its answers.
    pub schemas: Option<bool>,
    /// Most tokens of an answer.
    pub max_output: Option<u32>,
}

impl Rules {
    /// These, and where they say nothing, the others.
    #[must_use]
    pub fn or(self, other: Rules) -> Self {
        Rules {
            efforts: self.efforts.or(other.efforts),
            thinking: self.thinking.or(other.thinking),
            sampling: self.sampling.or(other.sampling),
            inputs: self.inputs.or(other.inputs),
            tools: self.tools.or(other.tools),
            forced_tools: self.forced_tools.or(other.forced_tools),
            schemas: self.schemas.or(other.schemas),
            max_output: self.max_output.or(other.max_output),
        }
    }

    /// Whether it reasons; none if that is not known.
    pub fn reasons(&self) -> Option<bool> {
        self.efforts.map(|efforts| !efforts.is_empty())
    }
}

/// When a model thinks, and how that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thinking {
    Never,
    /// If the request gives it a number of tokens for it.
    Budget,
    /// As much as a level in the request says.
    Level,
    /// If the request asks for it.
    OnDemand,
    /// Unless the request turns it off.
    ByDefault,
    /// Unless the request lets it think between calls of tools only.
    BetweenTools,
    Always,
}

/// Whether `temperature` and `top_p` may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Both.
    Yes,
    /// One of them.
    OneOfTwo,
    /// Only while the model does not reason: effort none, or none given.
    Unreasoned,
    /// Only with effort `none`.
    EffortNone,
    /// Neither.
    No,
}

/// A set of reasoning efforts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Efforts(u8);

impl Efforts {
    pub const NONE: Efforts = Efforts(0);
    pub const ALL: Efforts = Efforts(0x7f);

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn has(self, effort: ReasoningEffort) -> bool {
        self.0 & Self::bit(effort) != 0
    }

    /// In ascending order.
    pub fn iter(self) -> impl Iterator<Item = ReasoningEffort> {
        let all = ReasoningEffort::ALL.into_iter();
        all.filter(move |effort| self.has(*effort))
    }

    fn bit(effort: ReasoningEffort) -> u8 {
        1 << effort as u8
    }
}

impl FromIterator<ReasoningEffort> for Efforts {
    fn from_iter<I: IntoIterator<Item = ReasoningEffort>>(efforts: I) -> Self {
        let efforts = efforts.into_iter();
        Efforts(efforts.fold(0, |all, effort| all | Self::bit(effort)))
    }
}

/// A kind of input besides text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    Image,
    Pdf,
    Audio,
    Video,
}

impl Input {
    pub const ALL: [Input; 4] = [Input::Image, Input::Pdf, Input::Audio, Input::Video];

    pub fn as_str(self) -> &'static str {
        match self {
            Input::Image => "image",
            Input::Pdf => "pdf",
            Input::Audio => "audio",
            Input::Video => "video",
        }
    }

    /// The kind of a file of this type; none for text and for what is not known.
    pub fn of_type(mime_type: &str) -> Option<Self> {
        match mime_type.split('/').next().unwrap_or_default() {
            "image" => Some(Input::Image),
            "audio" => Some(Input::Audio),
            "video" => Some(Input::Video),
            _ if mime_type == "application/pdf" => Some(Input::Pdf),
            _ => None,
        }
    }
}

/// A set of kinds of input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inputs(u8);

impl Inputs {
    pub fn has(self, input: Input) -> bool {
        self.0 & (1 << input as u8) != 0
    }

    #[must_use]
    pub fn with(self, input: Input) -> Self {
        self.iter().chain([input]).collect()
    }

    pub fn iter(self) -> impl Iterator<Item = Input> {
        Input::ALL.into_iter().filter(move |it| self.has(*it))
    }
}

impl FromIterator<Input> for Inputs {
    fn from_iter<I: IntoIterator<Item = Input>>(inputs: I) -> Self {
        Inputs(inputs.into_iter().fold(0, |all, it| all | (1 << it as u8)))
    }
}
