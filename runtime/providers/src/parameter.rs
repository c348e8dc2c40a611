//! What a provider's status 400 or 422 says about one parameter, and the one change of the request that fixes it. Models,
//! tools and schemas are never changed; of messages only where the instructions are.
//!
//! Never here: how often that is tried, or where it is remembered.

use std::mem::{self, swap};

use crate::facts::Efforts;

use super::{
    ChatRequest, Encoding, ErrorKind, Failure, Format, Message, Part, ReasoningEffort, Role, Stage,
    adapt,
};

/// An optional argument of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    Temperature,
    TopP,
    MaxTokens,
    Stop,
    Seed,
    /// `reasoning_effort`
    ReasoningEffort,
    /// `include_reasoning`
    Reasoning,
}

/// One change of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Drop(Parameter),
    /// Lowers `max_tokens` to this.
    AtMost(u32),
    /// Sets `max_tokens` where the format requires a number and the caller gave none.
    Otherwise(u32),
    /// Sends the token limit under the format's other name for it.
    OtherTokenName,
    /// Replaces the first effort by the second.
    ReasoningEffort(ReasoningEffort, ReasoningEffort),
    /// Leaves out `stream_options`.
    NoStreamOptions,
    /// Leaves out `store`.
    NoStore,
    /// Asks for an answer that is not a stream.
    NoStream,
    /// Asks in the format that the codec has as its substitute.
    Substitute,
    /// Puts the instructions into the user's first message.
    InstructionsIntoTurn,
    /// Instructs the model to answer in JSON, where it is asked for JSON by a parameter.
    MentionJson,
}

/// A change that fixes a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    pub change: Change,
    /// It applies to all requests to the model, not only to this value.
    pub is_lasting: bool,
}

/// Words of a refusal of the parameter itself, not of its value.
const UNSUPPORTED: &[&str] = &[
    "unsupported",
    "not supported",
    "does not support",
    "doesn't support",
    "not permitted",
    "not allowed",
    "unknown",
    "unrecognized",
    "unexpected",
    "deprecated",
    "only the default",
    // Moonshot: "only 1 is allowed for this model"
    "is allowed for this",
];

/// Words of a refusal of a value.
const WRONG_VALUE: &[&str] = &[
    "invalid",
    "valid range",
    "supported range",
    "out of range",
    "must be",
    "should be",
    "too large",
    "exceeds",
];

/// Members that are never changed; a schema can contain any names.
const CONTENT: &[&str] = &[
    "tools",
    "messages",
    "input",
    "contents",
    "text",
    "response_format",
];

/// A smaller number in a message is not a model's token limit.
const LEAST_LIMIT: u32 = 16;

impl Parameter {
    /// All of them.
    pub const ALL: [Parameter; 7] = [
        Parameter::Temperature,
        Parameter::TopP,
        Parameter::MaxTokens,
        Parameter::Stop,
        Parameter::Seed,
        Parameter::ReasoningEffort,
        Parameter::Reasoning,
    ];

    /// The argument's name in this program's tools.
    pub fn as_str(self) -> &'static str {
        match self {
            Parameter::Temperature => "temperature",
            Parameter::TopP => "top_p",
            Parameter::MaxTokens => "max_tokens",
            Parameter::Stop => "stop",
            Parameter::Seed => "seed",
            Parameter::ReasoningEffort => "reasoning_effort",
            Parameter::Reasoning => "include_reasoning",
        }
    }

    /// By any provider's name for it, which may be a path: the innermost known name counts, except inside [`CONTENT`].
    fn named(path: &str) -> Option<Self> {
        let outermost = path.split(['.', '[', '/']).next().unwrap_or_default();
        if CONTENT.contains(&outermost) || path.starts_with("output_config.format") {
            return None;
        }
        let names = path.split(['.', '[', ']', '/']);
        names.rev().find_map(|name| {
            let plain: String = name
                .chars()
                .filter(|c| *c != '_')
                .map(|c| c.to_ascii_lowercase())
                .collect();
            Some(match plain.as_str() {
                "temperature" => Parameter::Temperature,
                "topp" => Parameter::TopP,
                "maxtokens" | "maxoutputtokens" | "maxcompletiontokens" => Parameter::MaxTokens,
                "stop" | "stopsequences" => Parameter::Stop,
                "seed" | "randomseed" => Parameter::Seed,
                "summary" | "includethoughts" | "display" => Parameter::Reasoning,
                "reasoning" | "reasoningeffort" | "effort" | "outputconfig" | "thinking"
                | "thinkingconfig" | "thinkinglevel" | "thinkingbudget" | "budgettokens" => {
                    Parameter::ReasoningEffort
                }
                _ => return None,
            })
        })
    }

    /// The first one that a message names: as `name: …`, else in quotes, else as a word of a message that refuses something.
    fn in_message(message: &str) -> Option<Self> {
        let place = message.split(':').next().unwrap_or_default();
        if !place.contains(' ')
            && let Some(parameter) = Parameter::named(place)
        {
            return Some(parameter);
        }
        if let Some(parameter) = quoted(message).find_map(Parameter::named) {
            return Some(parameter);
        }
        let lower = message.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|words| lower.contains(words));
        // Ollama: "\"llama3.2\" does not support thinking"; Gemini: "Budget 0 is invalid. This model only works in thinking
        // mode."
        if has(&[
            "support thinking",
            "support reasoning",
            "thinking mode",
            "thinking budget",
        ]) {
            return Some(Parameter::ReasoningEffort);
        }
        // Bedrock: "The maximum tokens you requested exceeds the model limit of 4096"
        if has(&["maximum tokens you requested"]) {
            return Some(Parameter::MaxTokens);
        }
        if !has(UNSUPPORTED) && !has(WRONG_VALUE) {
            return None;
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
        message
            .split(|c: char| !is_part(c))
            .filter(|word| !["reasoning", "thinking", "display", "summary", "stop"].contains(word))
            .find_map(Parameter::named)
    }

    pub fn is_in(self, chat: &ChatRequest) -> bool {
        match self {
            Parameter::Temperature => chat.temperature.is_some(),
            Parameter::TopP => chat.top_p.is_some(),
            Parameter::MaxTokens => chat.max_tokens.is_some(),
            Parameter::Stop => !chat.stop.is_empty(),
            Parameter::Seed => chat.seed.is_some(),
            Parameter::ReasoningEffort => chat.effort.is_some(),
            Parameter::Reasoning => chat.include_reasoning,
        }
    }

    pub fn leave_out(self, chat: &mut ChatRequest) {
        self.swap(chat, &mut ChatRequest::default());
    }

    pub fn swap(self, one: &mut ChatRequest, other: &mut ChatRequest) {
        match self {
            Parameter::Temperature => swap(&mut one.temperature, &mut other.temperature),
            Parameter::TopP => swap(&mut one.top_p, &mut other.top_p),
            Parameter::MaxTokens => swap(&mut one.max_tokens, &mut other.max_tokens),
            Parameter::Stop => swap(&mut one.stop, &mut other.stop),
            Parameter::Seed => swap(&mut one.seed, &mut other.seed),
            Parameter::ReasoningEffort => swap(&mut one.effort, &mut other.effort),
            Parameter::Reasoning => {
                swap(&mut one.include_reasoning, &mut other.include_reasoning);
            }
        }
    }
}

/// The one change that a refusal suggests, if it names something that the request has and can be without.
pub fn repair(chat: &ChatRequest, failure: &Failure, has_other_token_name: bool) -> Option<Repair> {
    if failure.lacks_path {
        return lasting(Change::Substitute);
    }
    // An error inside a stream may have no status.
    let is_refusal = failure.status.is_none_or(|it| it <= 400 || it == 422);
    let is_free = failure.stage != Stage::Taken;
    if failure.class != ErrorKind::InvalidRequest || !is_refusal || !is_free {
        return None;
    }
    let message = &failure.message;
    let lower = message.to_lowercase();
    if let Some(change) = of_our_choice(failure.param.as_deref().unwrap_or_default(), &lower) {
        return lasting(change);
    }
    let named = failure.param.as_deref().and_then(Parameter::named);
    let parameter = named.or_else(|| Parameter::in_message(message))?;
    let is_unsupported = UNSUPPORTED.iter().any(|words| lower.contains(words));
    let change = match parameter {
        Parameter::MaxTokens => {
            let given = chat.max_tokens.unwrap_or(u32::MAX);
            match chat.max_tokens {
                Some(_) if has_other_token_name && is_unsupported => Change::OtherTokenName,
                Some(_) => most_tokens(&lower, given, |limits| limits.max())
                    .map_or(Change::Drop(parameter), Change::AtMost),
                None => Change::Otherwise(most_tokens(&lower, given, |limits| limits.min())?),
            }
        }
        Parameter::ReasoningEffort => {
            let given = chat.effort?;
            let listed: Efforts = quoted(message)
                .filter_map(ReasoningEffort::from_name)
                .filter(|effort| *effort != given)
                .collect();
            let least = ReasoningEffort::Minimal;
            match adapt::nearest(given, listed) {
                Some(other) => Change::ReasoningEffort(given, other),
                // A model that always reasons.
                None if given == ReasoningEffort::None && lower.contains("budget") => {
                    Change::ReasoningEffort(given, least)
                }
                None => Change::Drop(parameter),
            }
        }
        parameter if parameter.is_in(chat) => Change::Drop(parameter),
        _ => return None,
    };
    Some(Repair {
        change,
        // The model may accept another value of a parameter that it knows.
        is_lasting: is_unsupported || !matches!(change, Change::Drop(_)),
    })
}

#[allow(clippy::unnecessary_wraps)]
fn lasting(change: Change) -> Option<Repair> {
    Some(Repair {
        change,
        is_lasting: true,
    })
}

/// The change of what no caller has chosen that a refusal suggests.
fn of_our_choice(param: &str, lower: &str) -> Option<Change> {
    let has = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    let last = param.rsplit(['.', '/']).next().unwrap_or_default();
    let is_refused = has(UNSUPPORTED);
    if matches!(
        last,
        "include_usage" | "include_obfuscation" | "stream_options"
    ) || is_refused && has(&["stream_options", "include_usage", "include_obfuscation"])
    {
        return Some(Change::NoStreamOptions);
    }
    if last == "store" || is_refused && has(&["'store'", "\"store\"", "`store`", ": store"]) {
        return Some(Change::NoStore);
    }
    if last == "stream"
        || has(&[
            "verified to stream",
            "support streaming",
            "support stream ",
            "streaming is not",
        ])
        || is_refused
            && has(&[
                "'stream'",
                "\"stream\"",
                "`stream`",
                "stream=true",
                "stream: true",
            ])
    {
        return Some(Change::NoStream);
    }
    // Google of Gemma, and the templates of Gemma and Mistral in servers of one's own.
    if has(&[
        "developer instruction is not enabled",
        "system instruction is not",
        "system role not supported",
        "system role is not supported",
        "support system role",
        "system messages are not supported",
        "support system messages",
    ]) {
        return Some(Change::InstructionsIntoTurn);
    }
    // OpenAI, and those with its words: "'messages' must contain the word 'json' in some form"
    has(&["must contain the word"]).then_some(Change::MentionJson)
}

/// The limit that a refusal of a larger one names.
fn most_tokens(
    lower: &str,
    given: u32,
    choose: fn(&mut dyn Iterator<Item = u32>) -> Option<u32>,
) -> Option<u32> {
    // vLLM: "(9000 > 8192 - 15)", the prompt taken off.
    let difference = || {
        let (_, right) = lower.split_once(&format!("{given} > "))?;
        let (limit, prompt) = right.split_once(" - ")?;
        let prompt = prompt.split(|c: char| !c.is_ascii_digit()).next()?;
        limit.parse::<u32>().ok()?.checked_sub(prompt.parse().ok()?)
    };
    let mut limits = numbers(lower).filter(|n| (LEAST_LIMIT..given).contains(n));
    // Google: "from 1 (inclusive) to 65537 (exclusive)"
    let excluded = u32::from(lower.contains("(exclusive)"));
    difference()
        .filter(|limit| *limit > 0)
        .or_else(|| Some(choose(&mut limits)? - excluded))
}

/// Whether a change was made.
#[derive(Debug, PartialEq, Eq)]
pub enum Changed {
    No,
    /// Only in how the request is written, which nobody needs to know.
    Silently,
    /// With a sentence about it.
    Warn(String),
}

impl Change {
    /// Whether it must be made before the request is adapted to its model, which looks at what the caller has set.
    pub fn is_before_adapting(self) -> bool {
        matches!(self, Change::Drop(_))
    }

    /// Changes a request, or how it is written.
    pub fn apply(self, chat: &mut ChatRequest, encoding: &mut Encoding) -> Changed {
        let model = &chat.model;
        match self {
            Change::Drop(parameter) if parameter.is_in(chat) => {
                let warning = adapt::left_out(parameter.as_str(), model);
                parameter.leave_out(chat);
                Changed::Warn(warning)
            }
            Change::AtMost(limit) if chat.max_tokens.is_some_and(|given| given > limit) => {
                Changed::Warn(limit_tokens(chat, limit))
            }
            Change::Otherwise(limit) if chat.max_tokens.is_none() => {
                Changed::Warn(limit_tokens(chat, limit))
            }
            Change::ReasoningEffort(from, to) if chat.effort == Some(from) => {
                let warning = adapt::other_effort(to, model, from);
                chat.effort = Some(to);
                Changed::Warn(warning)
            }
            Change::OtherTokenName => {
                encoding.other_name = !encoding.other_name;
                Changed::Silently
            }
            Change::NoStreamOptions => silently(&mut encoding.without_stream_options),
            Change::NoStore => silently(&mut encoding.without_store),
            Change::NoStream => silently(&mut encoding.without_stream),
            Change::Substitute => silently(&mut encoding.in_substitute),
            Change::InstructionsIntoTurn if put_instructions_into_turn(chat) => {
                let model = &chat.model;
                Changed::Warn(format!(
                    "the instructions are part of the first message: {model} takes none apart"
                ))
            }
            Change::MentionJson if mention_json(chat) => Changed::Warn(format!(
                "the instruction {ANSWER_IN_JSON:?} was added: {} requires that a message says so",
                chat.model
            )),
            _ => Changed::No,
        }
    }
}

fn silently(choice: &mut bool) -> Changed {
    match mem::replace(choice, true) {
        true => Changed::No,
        false => Changed::Silently,
    }
}

fn is_instruction(message: &Message) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}

/// Whether there were instructions, and a message to put them into.
fn put_instructions_into_turn(chat: &mut ChatRequest) -> bool {
    let (instructions, mut rest): (Vec<Message>, Vec<Message>) =
        chat.messages.iter().cloned().partition(is_instruction);
    let Some(first) = rest.iter_mut().find(|message| message.role == Role::User) else {
        return false;
    };
    if instructions.is_empty() {
        return false;
    }
    let texts = instructions.iter().map(|message| message.all_text());
    let text = texts.collect::<Vec<_>>().join("\n\n") + "\n\n";
    first.content.insert(0, Part::Text(text));
    chat.messages = rest.into();
    true
}

const ANSWER_IN_JSON: &str = "Answer with a JSON object.";

/// Whether the request wants JSON, and no message said so.
fn mention_json(chat: &mut ChatRequest) -> bool {
    let says = |message: &Message| message.all_text().to_lowercase().contains("json");
    if chat.format.as_deref() != Some(&Format::Json) || chat.messages.iter().any(says) {
        return false;
    }
    let instruction = Message::text(Role::System, ANSWER_IN_JSON);
    let messages = chat.messages.iter().cloned();
    chat.messages = [instruction].into_iter().chain(messages).collect();
    true
}

fn limit_tokens(chat: &mut ChatRequest, limit: u32) -> String {
    chat.max_tokens = Some(limit);
    format!("max_tokens is {limit}: {} allows no more", chat.model)
}

/// The texts between quotation marks or backticks.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let start = rest.find(['\'', '"', '`'])?;
        let mark = rest.get(start..start + 1)?;
        let inner = rest.get(start + 1..)?;
        let Some(end) = inner.find(mark) else {
            rest = "";
            return None;
        };
        let found = inner.get(..end)?;
        // Several words: the mark was an apostrophe.
        if found.contains(' ') {
            rest = inner;
            return Some("");
        }
        rest = inner.get(end + 1..)?;
        Some(found)
    })
}

/// The whole numbers in a text.
fn numbers(text: &str) -> impl Iterator<Item = u32> {
    text.split(|c: char| !c.is_ascii_digit() && c != ',')
        .filter_map(|digits| digits.replace(',', "").parse().ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
