//! Chat requests of Chat Completions.
//!
//! Never here: what a model accepts (`rules`).

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Map, Value};

use super::stream::EXTRA_CONTENT;
use super::{ChatCompletions, EffortField, Seed};
use crate::adapt;
use crate::conversation::Url;
use crate::facts::Rules;
use crate::http_request;
use crate::turns;
use crate::{
    ChatRequest, Encoding, ErrorKind, Failure, Format, Media, Message, Part, ReasoningEffort,
    Request, Role, Source, Tool, ToolChoice,
};

impl ChatCompletions {
    pub(super) fn adapt_request(&self, chat: &mut ChatRequest) -> Vec<String> {
        let mut warnings = Vec::new();
        let rules = self.rules(chat);
        adapt::fit(chat, rules, &mut warnings);
        // OpenAI's reasoning models alone refuse it.
        if self.developer && rules.reasons() == Some(true) {
            adapt::without_stop(chat, &mut warnings);
        }
        warnings
    }

    /// What is known of the model. Other services may have any models; a refusal says what to change (`parameter`).
    fn rules(&self, chat: &ChatRequest) -> Rules {
        match self.developer {
            true => chat.rules_of("openai"),
            false => chat.rules.unwrap_or_default(),
        }
    }

    pub(super) fn check(&self, chat: &ChatRequest) -> Result<(), Failure> {
        turns::only_text_of_assistant(&chat.messages)?;
        let shows =
            |message: &Message| message.role == Role::Tool && message.media().next().is_some();
        let mut media = chat.messages.iter().flat_map(Message::media);
        let is_away = |media: &Media| !media.is_image && matches!(media.source, Source::Url(_));
        let problem = if chat.messages.iter().any(shows) {
            "this provider takes only text as a tool's result: put images and files into a user's message"
        } else if !self.takes_addresses && media.any(is_away) {
            "this provider does not fetch files from an address: send the file's data, or its text"
        } else {
            return Ok(());
        };
        Err(Failure::new(ErrorKind::InvalidRequest, problem))
    }

    pub(super) fn encode(&self, chat: &ChatRequest, encoding: Encoding) -> Request {
        // A refusal of one name may have suggested the other.
        let (older, newer) = match self.max_completion_tokens != encoding.other_name {
            true => (None, chat.max_tokens),
            false => (chat.max_tokens, None),
        };
        let seed = |name| chat.seed.filter(|_| self.seed == name);
        let effort = |field| chat.effort.filter(|_| self.effort == field);
        let stream = !encoding.without_stream;
        let asks_for_usage = self.asks_for_usage && stream && !encoding.without_stream_options;
        let body = ChatBody {
            model: &chat.model,
            messages: self.messages(&chat.messages),
            temperature: chat.temperature,
            top_p: chat.top_p,
            stop: &chat.stop,
            seed: seed(Seed::Plain),
            random_seed: seed(Seed::Random),
            reasoning_effort: effort(EffortField::Plain).map(ReasoningEffort::as_str),
            // Reasoning is streamed even if the caller does not want it: without it, a long silence would end in a timeout.
            reasoning: effort(EffortField::Reasoning).map(|effort| Reasoning {
                effort: effort.as_str(),
            }),
            thinking: effort(EffortField::Thinking).map(|effort| Thinking {
                kind: match effort {
                    ReasoningEffort::None => "disabled",
                    _ => "enabled",
                },
            }),
            tools: chat.tools.iter().map(ToolBody::of).collect(),
            tool_choice: (chat.tool_choice.as_ref().filter(|_| !chat.tools.is_empty()))
                .map(|choice| ChoiceBody::of(choice, self.required)),
            response_format: chat.format.as_deref().map(FormatBody::of),
            max_tokens: older,
            max_completion_tokens: newer,
            stream,
            service_tier: (self.developer && chat.wants_standard_tier).then_some("default"),
            stream_options: asks_for_usage.then_some(StreamOptions {
                include_usage: true,
            }),
        };
        let path = self.path_for(&chat.model, "/chat/completions");
        let mut request = http_request::post(path, &body);
        let headers = self.headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        request.headers.extend(headers);
        request
    }

    fn messages<'m>(&self, messages: &'m [Message]) -> Vec<MessageBody<'m>> {
        let instructions_speak = turns::only_instructions(messages.iter());
        let role_of = |message: &Message| match message.role {
            Role::System | Role::Developer if instructions_speak => "user",
            Role::Developer if self.developer => "developer",
            Role::System | Role::Developer => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        };
        // Several services accept only one system message.
        let joined = match instructions_speak {
            true => 0,
            false => leading_instructions(messages, role_of),
        };
        let (leading, rest) = messages.split_at(joined);
        let leading = leading.first().map(|first| {
            let texts: Vec<_> = leading.iter().map(Message::all_text).collect();
            MessageBody::new(role_of(first), Content::Text(texts.join("\n\n").into()))
        });
        let rest = rest.iter();
        let rest = rest.map(|message| self.message(role_of(message), message));
        leading.into_iter().chain(rest).collect()
    }

    fn message<'m>(&self, role: &'static str, message: &'m Message) -> MessageBody<'m> {
        let items = message.state.iter().flat_map(|state| &state.items);
        let kept = items.clone().find_map(|item| item.get(EXTRA_CONTENT));
        let calls = message.tool_calls.iter().map(|call| CallBody {
            id: self.call_id(&call.id),
            extra_content: kept.and_then(|kept| kept.get(&call.id)),
            kind: "function",
            function: CalledBody {
                name: &call.name,
                arguments: turns::arguments(call),
            },
        });
        let is_silent = !message.tool_calls.is_empty() && message.all_text().trim().is_empty();
        let reasoning = |name: &str| items.clone().find_map(|item| item.get(name));
        MessageBody {
            role,
            content: (!is_silent).then(|| content(message)),
            tool_calls: calls.collect(),
            tool_call_id: message.tool_call_id.as_deref().map(|id| self.call_id(id)),
            reasoning_content: reasoning("reasoning_content"),
            reasoning: reasoning("reasoning"),
            reasoning_details: reasoning("reasoning_details"),
        }
    }

    /// The id of a call as the service accepts it. Equal ids give equal results.
    pub(super) fn call_id<'m>(&self, id: &'m str) -> Cow<'m, str> {
        let fits = id.len() == SHORT_ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !self.nine_letter_ids || fits {
            let longest = if self.developer {
                LONGEST_ID
            } else {
                usize::MAX
            };
            return turns::call_id(id, longest, |_| true);
        }
        Cow::Owned(turns::hash(id)[..SHORT_ID].to_owned())
    }
}

#[derive(Serialize)]
struct ChatBody<'a> {
    model: &'a str,
    messages: Vec<MessageBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    random_seed: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ChoiceBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<FormatBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct MessageBody<'a> {
    role: &'static str,
    /// Null if there are only calls.
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CallBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<Cow<'a, str>>,
    // The reasoning of an earlier answer, as it was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_details: Option<&'a Value>,
}

impl<'a> MessageBody<'a> {
    fn new(role: &'static str, content: Content<'a>) -> Self {
        MessageBody {
            role,
            content: Some(content),
            tool_calls: Vec::new(),
            tool_call_id: None,
            reasoning_content: None,
            reasoning: None,
            reasoning_details: None,
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<PartBody<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum PartBody<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageBody<'a> },
    InputAudio { input_audio: AudioBody<'a> },
    File { file: FileBody<'a> },
}

#[derive(Serialize)]
struct ImageBody<'a> {
    url: Url<'a>,
}

#[derive(Serialize)]
struct AudioBody<'a> {
    data: &'a str,
    format: &'static str,
}

#[derive(Serialize)]
struct FileBody<'a> {
    filename: &'a str,
    file_data: Url<'a>,
}

#[derive(Serialize)]
struct CallBody<'a> {
    id: Cow<'a, str>,
    /// As it was received: Gemini refuses a call without its thought signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<&'a Value>,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledBody<'a>,
}

#[derive(Serialize)]
struct CalledBody<'a> {
    name: &'a str,
    arguments: Cow<'a, str>,
}

#[derive(Serialize)]
struct ToolBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: FunctionBody<'a>,
}

impl<'a> ToolBody<'a> {
    fn of(tool: &'a Tool) -> Self {
        ToolBody {
            kind: "function",
            function: FunctionBody {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters: &tool.parameters,
                strict: tool.strict,
            },
        }
    }
}

#[derive(Serialize)]
struct FunctionBody<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ChoiceBody<'a> {
    Word(&'static str),
    Tool {
        #[serde(rename = "type")]
        kind: &'static str,
        function: Named<'a>,
    },
}

impl<'a> ChoiceBody<'a> {
    fn of(choice: &'a ToolChoice, required: &'static str) -> Self {
        match choice {
            ToolChoice::Auto => ChoiceBody::Word("auto"),
            ToolChoice::None => ChoiceBody::Word("none"),
            ToolChoice::Required => ChoiceBody::Word(required),
            ToolChoice::Tool(name) => ChoiceBody::Tool {
                kind: "function",
                function: Named { name },
            },
        }
    }
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Serialize)]
pub(in crate::openai) struct FormatBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<SchemaBody<'a>>,
}

impl<'a> FormatBody<'a> {
    pub(in crate::openai) fn of(format: &'a Format) -> Self {
        match format {
            Format::Json => FormatBody {
                kind: "json_object",
                json_schema: None,
            },
            Format::Schema {
                name,
                schema,
                strict,
            } => FormatBody {
                kind: "json_schema",
                json_schema: Some(SchemaBody {
                    name,
                    schema,
                    strict: *strict,
                }),
            },
        }
    }
}

#[derive(Serialize)]
struct SchemaBody<'a> {
    name: &'a str,
    schema: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Serialize)]
struct Reasoning {
    effort: &'static str,
}

#[derive(Serialize)]
struct Thinking {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

/// How many messages at the beginning are text for the same role, a system message's.
fn leading_instructions(messages: &[Message], role: impl Fn(&Message) -> &'static str) -> usize {
    let first = messages.first().map(&role);
    let is_joined = |message: &&Message| {
        let is_instruction = matches!(message.role, Role::System | Role::Developer);
        is_instruction && Some(role(message)) == first && message.media().next().is_none()
    };
    messages.iter().take_while(is_joined).count()
}

/// Text alone is sent as a string: many services understand nothing else.
fn content(message: &Message) -> Content<'_> {
    match message.media().next() {
        None => Content::Text(message.all_text()),
        Some(_) => Content::Parts(parts(message).collect()),
    }
}

fn parts(message: &Message) -> impl Iterator<Item = PartBody<'_>> {
    message.content.iter().filter_map(|part| match part {
        Part::Text(text) if text.trim().is_empty() => None,
        Part::Text(text) => Some(PartBody::Text { text }),
        Part::Media(media) => Some(media_part(media)),
    })
}

fn media_part(media: &Media) -> PartBody<'_> {
    if media.is_image {
        let image_url = ImageBody { url: media.url() };
        return PartBody::ImageUrl { image_url };
    }
    let format = match &*media.mime_type {
        "audio/wav" | "audio/x-wav" => Some("wav"),
        "audio/mpeg" | "audio/mp3" => Some("mp3"),
        _ => None,
    };
    match (&media.source, format) {
        (Source::Data(data), Some(format)) => PartBody::InputAudio {
            input_audio: AudioBody { data, format },
        },
        _ => PartBody::File {
            file: FileBody {
                filename: turns::file_name(media),
                file_data: media.url(),
            },
        },
    }
}

/// Longest id of a call at OpenAI ("string too long. Expected a string with maximum length 40").
const LONGEST_ID: usize = 40;

/// Length of Mistral's call ids.
const SHORT_ID: usize = 9;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
