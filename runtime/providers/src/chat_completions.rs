//! OpenAI's Chat Completions: the format that most other services and local servers have copied, each with
//! an accent of its own.
//!
//! Never here: which services there are (the presets of the settings), retries, HTTP.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::hash::{DefaultHasher, Hash, Hasher};

use http::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::conversation::{self, Url};
use super::error_body::{ErrorBody, Table};
use super::json;
use super::openai::{Responses, arguments};
use super::{
    Answer, ChatRequest, Class, Codec, Effort, Failure, Finish, Format, Media, Message, Model,
    ModelPage, Part, Request, Role, Source, ToolCall, ToolChoice, Usage, model, request, rules,
    sse,
};

/// The Chat Completions format as one service speaks it.
#[derive(Debug, PartialEq, Eq)]
pub struct ChatCompletions {
    /// Where the service is; empty if that must be configured.
    pub base_url: &'static str,
    /// What it wants to know of the program that asks; names in lower case.
    pub headers: &'static [(&'static str, &'static str)],
    /// The key travels in `api-key` instead of `Authorization`.
    pub api_key_header: bool,
    /// The model is a part of the path (Azure before its v1 API).
    pub model_in_path: bool,
    /// The limit is `max_completion_tokens`; most clones know only the older `max_tokens`.
    pub max_completion_tokens: bool,
    /// The role `developer` is known; most clones know only `system`.
    pub developer: bool,
    /// Instructions first, then user and assistant in turns, and no tools.
    pub in_turns: bool,
    /// Its word for a choice that must be made of the tools.
    pub required: &'static str,
    /// Ids of calls have nine letters and digits (Mistral), so those of others are changed.
    pub nine_letter_ids: bool,
    /// A file may be named by its address.
    pub takes_addresses: bool,
    /// Usage comes only if it is asked for. Services that always send it may refuse the question.
    pub asks_for_usage: bool,
    /// `completion_tokens` leaves out the reasoning.
    pub reasoning_apart: bool,
    /// The service's own id of an answer is worth more than that of the network in front of it.
    pub id_in_body: bool,
    /// Its name for the seed.
    pub seed: Seed,
    /// How an effort is told.
    pub effort: EffortField,
    /// How the newest model is found.
    pub newest: Newest,
}

/// A service's name for the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// `seed`
    Plain,
    /// `random_seed`
    Random,
}

/// How a service is told how much to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffortField {
    /// `reasoning_effort`
    Plain,
    /// `reasoning`, with `effort` in it.
    Reasoning,
    /// `thinking`, which is on or off.
    Thinking,
}

/// How the newest model is found in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newest {
    /// By its date, unless the list has this one.
    ByDate(&'static str),
    /// As OpenAI names its models.
    OpenAi,
    /// Not at all: the list does not tell what can be asked.
    Unknown,
}

/// A service without an accent.
pub const PLAIN: ChatCompletions = ChatCompletions {
    base_url: "",
    headers: &[],
    api_key_header: false,
    model_in_path: false,
    max_completion_tokens: false,
    developer: false,
    in_turns: false,
    required: "required",
    nine_letter_ids: false,
    takes_addresses: false,
    asks_for_usage: true,
    reasoning_apart: false,
    id_in_body: false,
    seed: Seed::Plain,
    effort: EffortField::Plain,
    newest: Newest::ByDate(""),
};

impl Codec for ChatCompletions {
    fn default_base_url(&self) -> &'static str {
        self.base_url
    }

    fn credentials(&self, key: &str) -> Option<(HeaderName, HeaderValue)> {
        if self.api_key_header {
            return request::api_key(key);
        }
        request::bearer(key)
    }

    fn request_id_headers(&self) -> &'static [&'static str] {
        match self.id_in_body {
            true => &["x-request-id"],
            false => &["x-request-id", "request-id", "apim-request-id", "cf-ray"],
        }
    }

    fn has_two_token_names(&self) -> bool {
        true
    }

    fn fit(&self, chat: &mut ChatRequest) -> Vec<String> {
        let mut warnings = Vec::new();
        // Whose models the others have is not known; their own words repair what does not fit.
        if self.developer
            && let Some(rules) = rules::openai(&chat.model)
        {
            rules::apply(chat, rules.sampling, rules.efforts, &mut warnings);
            if !rules.efforts.is_empty() {
                rules::without_stop(chat, &mut warnings);
            }
        }
        warnings
    }

    fn carries(&self, chat: &ChatRequest) -> Result<(), Failure> {
        request::only_text_of_assistant(&chat.messages)?;
        let of_tool = |message: &Message| message.role == Role::Tool;
        let is_call = |message: &Message| of_tool(message) || !message.tool_calls.is_empty();
        let shows = |message: &Message| of_tool(message) && message.media().next().is_some();
        let mut media = chat.messages.iter().flat_map(Message::media);
        let is_away = |media: &Media| !media.is_image && matches!(media.source, Source::Url(_));
        let problem = if self.in_turns
            && (!chat.tools.is_empty() || chat.messages.iter().any(is_call))
        {
            "this provider has no tools: leave tools and their results out, or ask another one"
        } else if chat.messages.iter().any(shows) {
            "this provider takes only text as a tool's result: put images and files into a user's message"
        } else if !self.takes_addresses && media.any(is_away) {
            "this provider does not fetch files from an address: send the file's data, or its text"
        } else {
            return Ok(());
        };
        Err(Failure::new(Class::InvalidRequest, problem))
    }

    fn chat(&self, chat: &ChatRequest) -> Request {
        // A refusal of one name may have asked for the other.
        let (older, newer) = match self.max_completion_tokens != chat.other_token_name {
            true => (None, chat.max_tokens),
            false => (chat.max_tokens, None),
        };
        let seed = |name| chat.seed.filter(|_| self.seed == name);
        let effort = |field| chat.effort.filter(|_| self.effort == field);
        let body = ChatBody {
            model: &chat.model,
            messages: self.messages(&chat.messages),
            temperature: chat.temperature,
            top_p: chat.top_p,
            stop: &chat.stop,
            seed: seed(Seed::Plain),
            random_seed: seed(Seed::Random),
            reasoning_effort: effort(EffortField::Plain).map(Effort::as_str),
            // Reasoning that nobody wants to see is streamed all the same, and not excluded: it shows that the model
            // is at work, where silence would end in a timeout.
            reasoning: effort(EffortField::Reasoning).map(|effort| Reasoning {
                effort: effort.as_str(),
            }),
            thinking: effort(EffortField::Thinking).map(|effort| Thinking {
                kind: match effort {
                    Effort::None => "disabled",
                    _ => "enabled",
                },
            }),
            tools: chat
                .tools
                .iter()
                .map(|tool| ToolBody {
                    kind: "function",
                    function: FunctionBody {
                        name: &tool.name,
                        description: tool.description.as_deref(),
                        parameters: &tool.parameters,
                        strict: tool.strict,
                    },
                })
                .collect(),
            tool_choice: (chat.tool_choice.as_ref().filter(|_| !chat.tools.is_empty())).map(
                |choice| match choice {
                    ToolChoice::Auto => ChoiceBody::Word("auto"),
                    ToolChoice::None => ChoiceBody::Word("none"),
                    ToolChoice::Required => ChoiceBody::Word(self.required),
                    ToolChoice::Tool(name) => ChoiceBody::Tool {
                        kind: "function",
                        function: Named { name },
                    },
                },
            ),
            response_format: chat.format.as_deref().map(|format| match format {
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
            }),
            max_tokens: older,
            max_completion_tokens: newer,
            stream: true,
            stream_options: self.asks_for_usage.then_some(StreamOptions {
                include_usage: true,
            }),
        };
        let path = self.path_for(&chat.model, "/chat/completions");
        let mut request = request::post(path, &body);
        let headers = self.headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        request.headers.extend(headers);
        request
    }

    fn event(&self, event: &sse::Event<'_>, answer: &mut Answer) -> Result<(), Failure> {
        let Some(payload) = event.payload() else {
            if event.is_done() {
                finish(answer);
            }
            return Ok(());
        };
        if event.name == "error" {
            return Err(failure(None, payload));
        }
        self.take(payload, answer).map(|_| ())
    }

    fn end(&self, answer: &mut Answer) {
        // Some servers do without `[DONE]`; the reason to finish is the end of an answer, too.
        if !answer.complete && answer.native_finish.is_some() {
            finish(answer);
        }
    }

    fn whole(&self, body: &[u8], answer: &mut Answer) -> Result<(), Failure> {
        if !self.take(&String::from_utf8_lossy(body), answer)? {
            return Err(Failure::new(
                Class::Unavailable,
                "the provider's reply is JSON, but not a chat completion",
            ));
        }
        finish(answer);
        Ok(())
    }

    fn models(&self, _page: Option<&str>) -> Request {
        request::get("/models".to_owned())
    }

    fn models_page(&self, body: &[u8]) -> Result<ModelPage, Failure> {
        if self.newest == Newest::OpenAi {
            return Responses.models_page(body);
        }
        let body = String::from_utf8_lossy(body);
        let list = match body.trim_start() {
            list if list.starts_with('[') => Some(json::read::<&RawValue>(list)?.get()),
            object => json::members(object, &["data"])?[0],
        };
        // A local server that has no model yet may say null.
        let entries = list.map(json::elements).transpose()?;
        let entries = json::entries(entries.into_iter().flatten());
        Ok(ModelPage {
            models: entries.filter_map(read_model).collect(),
            next: None,
        })
    }

    fn newest_chat_model<'m>(&self, models: &'m [Model]) -> Option<&'m Model> {
        let usual = match self.newest {
            Newest::OpenAi => return Responses.newest_chat_model(models),
            Newest::Unknown => return None,
            Newest::ByDate(usual) => usual,
        };
        if let Some(model) = models.iter().find(|model| model.id == usual) {
            return Some(model);
        }
        let newest = |ordinary: bool| {
            let fits = |model: &&Model| model.chat && (!ordinary || is_ordinary(&model.id));
            let chat = models.iter().enumerate().filter(|(_, model)| fits(model));
            // Where there are no dates, the first of the list.
            chat.max_by_key(|(place, model)| (model.created, Reverse(*place)))
                .map(|(_, model)| model)
        };
        newest(true).or_else(|| newest(false))
    }

    fn failure(&self, status: u16, body: &[u8]) -> Failure {
        failure(Some(status), &String::from_utf8_lossy(body))
    }
}

impl ChatCompletions {
    /// The path of a method for a model.
    pub(super) fn path_for(&self, model: &str, method: &str) -> String {
        match self.model_in_path {
            true => format!("/deployments/{}{method}", request::segment(model)),
            false => method.to_owned(),
        }
    }

    fn messages<'m>(&self, messages: &'m [Message]) -> Vec<MessageBody<'m>> {
        if self.in_turns {
            let (instructions, turns) = request::turns(messages);
            let instructions = (!instructions.is_empty()).then(|| {
                let text = Cow::Owned(instructions.join("\n\n"));
                MessageBody::new("system", Content::Text(text))
            });
            let turns = turns.into_iter().map(|turn| {
                let role = if turn.assistant { "assistant" } else { "user" };
                MessageBody::new(role, turn_content(&turn))
            });
            return instructions.into_iter().chain(turns).collect();
        }
        let instructions_speak = request::only_instructions(messages.iter());
        let messages = messages.iter().map(|message| {
            let role = match message.role {
                Role::System | Role::Developer if instructions_speak => "user",
                Role::Developer if self.developer => "developer",
                Role::System | Role::Developer => "system",
                Role::User => "user",
                Role::Assistant => "assistant",
                Role::Tool => "tool",
            };
            self.message(role, message)
        });
        messages.collect()
    }

    fn message<'m>(&self, role: &'static str, message: &'m Message) -> MessageBody<'m> {
        let calls = message.tool_calls.iter().map(|call| CallBody {
            id: self.call_id(&call.id),
            kind: "function",
            function: CalledBody {
                name: &call.name,
                arguments: request::arguments(call),
            },
        });
        let is_silent = !message.tool_calls.is_empty() && message.all_text().trim().is_empty();
        let items = message.state.iter().flat_map(|state| &state.items);
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

    /// The id of a call as the service takes it. The same id always becomes the same.
    fn call_id<'m>(&self, id: &'m str) -> Cow<'m, str> {
        let fits = id.len() == SHORT_ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !self.nine_letter_ids || fits {
            return Cow::Borrowed(id);
        }
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let hash = format!("{:016x}", hasher.finish());
        Cow::Owned(hash.chars().take(SHORT_ID).collect())
    }

    /// Reads a chunk of a stream, or a whole answer; both have the same frame. Tells whether it is one. What stands beside
    /// the answer must not cost it, whatever its shape is.
    fn take(&self, json: &str, answer: &mut Answer) -> Result<bool, Failure> {
        if let Some(text) = answer.repeated.news(json) {
            take_text(text, answer);
            return Ok(true);
        }
        let [
            id,
            object,
            model,
            choices,
            usage,
            x_groq,
            citations,
            search_results,
            error,
            detail,
            message,
        ] = json::members(
            json,
            &[
                "id",
                "object",
                "model",
                "choices",
                "usage",
                "x_groq",
                "citations",
                "search_results",
                "error",
                "detail",
                "message",
            ],
        )?;
        let is_bare_error = choices.is_none() && usage.is_none();
        // The other one is Groq's place for it.
        let usage = usage.or_else(|| beside(x_groq, &["usage"])[0]);
        if usage.is_some_and(|usage| usage.starts_with('{')) {
            answer.usage = self.usage(usage);
        }
        // Some errors do without `error`.
        if error.is_some()
            || json::text(object) == "error"
            || is_bare_error && (detail.is_some() || message.is_some())
        {
            // What comes along with an error is paid, too.
            for choice in choices.into_iter().flat_map(json::elements).flatten() {
                let _said_by_the_error = take_choice(choice, answer);
            }
            return Err(failure(None, json));
        }
        json::keep(&mut answer.response_id, id);
        json::keep(&mut answer.model, model);
        if citations.is_some() || search_results.is_some() {
            take_sources(citations, search_results, answer);
        }
        let Some(choices) = choices else {
            return Ok(false);
        };
        let mut news = None;
        let mut all = 0;
        for choice in json::elements(choices)?.take(MOST_CHOICES) {
            news = take_choice(choice, answer)?;
            all += 1;
        }
        if let (Some(text), 1) = (news, all) {
            answer.repeated.remember(json, text);
        }
        Ok(true)
    }

    fn usage(&self, usage: Option<&str>) -> Usage {
        let [input, output, total, cost, input_details, output_details] = beside(
            usage,
            &[
                "prompt_tokens",
                "completion_tokens",
                "total_tokens",
                "cost",
                "prompt_tokens_details",
                "completion_tokens_details",
            ],
        );
        let [reasoning] = beside(output_details, &["reasoning_tokens"]);
        let [cached, written] = beside(input_details, &["cached_tokens", "cache_write_tokens"]);
        let reasoning = json::number(reasoning);
        let apart = match self.reasoning_apart {
            true => reasoning.unwrap_or_default(),
            false => 0,
        };
        Usage {
            input_tokens: json::number(input),
            output_tokens: json::number(output).map(|tokens| tokens.saturating_add(apart)),
            reasoning_tokens: reasoning,
            cached_input_tokens: json::number(cached),
            cache_write_tokens: json::number(written),
            total_tokens: json::number(total),
            // OpenRouter's, in USD.
            cost_usd: side(cost).as_f64().filter(|cost| *cost >= 0.0),
        }
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
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct MessageBody<'a> {
    role: &'static str,
    /// Null where there are only calls.
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CallBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<Cow<'a, str>>,
    // Reasoning of an earlier answer, as it came.
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
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledBody<'a>,
}

#[derive(Serialize)]
struct CalledBody<'a> {
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
struct ToolBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: FunctionBody<'a>,
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

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct FormatBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<SchemaBody<'a>>,
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

/// Members of something beside the answer; nothing if it is no object, or too large to be what it should be.
fn beside<'a, const N: usize>(raw: Option<&'a str>, names: &[&str; N]) -> [Option<&'a str>; N] {
    let raw = raw.filter(|raw| raw.len() <= LARGEST_SIDE);
    raw.and_then(|raw| json::members(raw, names).ok())
        .unwrap_or([None; N])
}

/// Puts the addresses of sources into the answer; each chunk repeats them all.
fn take_sources(citations: Option<&str>, search_results: Option<&str>, answer: &mut Answer) {
    let mut sources = strings(side(citations).as_array().into_iter().flatten());
    if sources.is_empty() && answer.citations.is_empty() {
        let results = side(search_results);
        let results = results.as_array().into_iter().flatten();
        sources = strings(results.map(|result| &result["url"]));
    }
    if !sources.is_empty() {
        answer.citations = sources;
    }
}

/// Something beside the answer, in whatever shape; nothing if it is too large to be what it should be.
fn side(raw: Option<&str>) -> Value {
    let raw = raw.filter(|raw| raw.len() <= LARGEST_SIDE);
    raw.and_then(json::tree).unwrap_or_default()
}

/// Those of the values that are strings.
fn strings<'v>(values: impl IntoIterator<Item = &'v Value>) -> Vec<String> {
    let strings = values.into_iter().filter_map(Value::as_str);
    strings.take(MOST_SOURCES).map(str::to_owned).collect()
}

/// Takes a choice, and gives its text as it stands there if it has nothing else to say.
fn take_choice<'a>(choice: &'a str, answer: &mut Answer) -> Result<Option<&'a str>, Failure> {
    // `message` stands in a whole answer, and in streams of servers that do not tell the two apart.
    let [index, delta, message, word, native, error] = json::members(
        choice,
        &[
            "index",
            "delta",
            "message",
            "finish_reason",
            "native_finish_reason",
            "error",
        ],
    )?;
    // Others come only if they are asked for; who leaves the index out has one.
    if json::number(index).is_some_and(|index| index > 0) {
        return Ok(None);
    }
    let text = match delta.or(message) {
        Some(said) => take_said(said, answer)?,
        None => None,
    };
    // What comes along with it was generated, and is paid.
    if let Some(error) = error {
        return Err(failure(None, error));
    }
    let word = match word {
        Some(word) => json::string(word)?,
        None => return Ok(text),
    };
    if word.is_empty() {
        return Ok(None);
    }
    answer.native_finish = Some(match json::text(native) {
        native if native.is_empty() => word.clone().into_owned(),
        native => native.into_owned(),
    });
    let word = &*word;
    let finish = match word {
        "stop" | "eos" | "end_turn" | "stop_sequence" => Finish::Stop,
        "length" | "max_tokens" | "model_length" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" | "refusal" | "safety" => Finish::ContentFilter,
        "error" | "insufficient_system_resource" => {
            let mut failure = Failure::new(
                Class::Unavailable,
                format!("the provider stopped in the middle (finish reason {word})"),
            );
            failure.code = Some(word.into());
            return Err(failure);
        }
        _ => return Ok(None),
    };
    // A tool call or a refusal beside it says more than stop.
    if finish != Finish::Stop || answer.finish.is_none() {
        answer.finish = Some(finish);
    }
    Ok(None)
}

/// As [`take_choice`].
fn take_said<'a>(said: &'a str, answer: &mut Answer) -> Result<Option<&'a str>, Failure> {
    let [
        content,
        reasoning,
        reasoning_content,
        refusal,
        reasoning_details,
        tool_calls,
        function_call,
    ] = json::members(
        said,
        &[
            "content",
            "reasoning",
            "reasoning_content",
            "refusal",
            "reasoning_details",
            "tool_calls",
            "function_call",
        ],
    )?;
    let has_more = [refusal, reasoning_details, tool_calls, function_call]
        .iter()
        .any(Option::is_some);
    let texts = [
        ("reasoning_content", json::text(reasoning_content)),
        ("reasoning", json::text(reasoning)),
    ];
    if answer.wants_state {
        keep_reasoning(&texts, reasoning_details, answer);
    }
    // Some send the same reasoning under both names.
    let reasoning = texts.iter().rev().find(|(_, text)| !text.is_empty());
    let reasoning = reasoning.map_or("", |(_, text)| text);
    answer.reasoning.push_str(reasoning);
    match content {
        None => {}
        Some(content) if content.starts_with('[') => take_parts(content, answer)?,
        Some(content) => take_text(&json::string(content)?, answer),
    }
    let refusal = refusal.map_or(Ok(Cow::default()), json::string)?;
    if !refusal.is_empty() {
        answer.text.push_str(&refusal);
        answer.finish = Some(Finish::ContentFilter);
    }
    let calls = tool_calls.map(json::elements).transpose()?;
    let mut calls = calls.into_iter().flatten().peekable();
    if calls.peek().is_none()
        && let Some(function) = function_call
    {
        // A call before there were tools: there is but one.
        take_call(Some(0), "", Some(function), answer)?;
    }
    for call in calls {
        // The place of the call; some leave it out.
        let [index, id, function] = json::members(call, &["index", "id", "function"])?;
        take_call(json::number(index), &json::text(id), function, answer)?;
    }
    let is_alone = !has_more && texts.iter().all(|(_, text)| text.is_empty());
    Ok(content.filter(|content| is_alone && content.starts_with('"')))
}

/// Puts a call, or a piece of one, where it belongs. Where there is no index, an id or a name begins a call.
fn take_call(
    index: Option<u64>,
    id: &str,
    function: Option<&str>,
    answer: &mut Answer,
) -> Result<(), Failure> {
    let called = function.and_then(|called| json::members(called, &["name", "arguments"]).ok());
    let [name, arguments] = called.unwrap_or_default();
    let name = &*json::text(name);
    let arguments = self::arguments(arguments);
    let calls = &answer.tool_calls;
    // Some count all calls as the first.
    let is_same = |at: &usize| {
        calls.get(*at).is_some_and(|call| {
            name.is_empty() || call.name == name && (id.is_empty() || call.id == id)
        })
    };
    let known = match index {
        Some(index) => answer.places.get(&index).copied().filter(is_same),
        None if !id.is_empty() => calls.iter().position(|call| call.id == id),
        None if !name.is_empty() => None,
        None => calls.len().checked_sub(1),
    };
    if let Some(call) = known.and_then(|at| answer.tool_calls.get_mut(at)) {
        call.arguments.push_str(&arguments);
        return Ok(());
    }
    if name.is_empty() {
        return Ok(());
    }
    let at = answer.tool_calls.len();
    answer.call(ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments,
    })?;
    answer.places.extend(index.map(|index| (index, at)));
    answer.finish = Some(Finish::ToolCalls);
    Ok(())
}

/// Puts what was reasoned into the state, under the names that it came with.
fn keep_reasoning(texts: &[(&str, Cow<'_, str>)], details: Option<&str>, answer: &mut Answer) {
    for (name, text) in texts {
        if !text.is_empty()
            && let Some(member) = member(name, answer)
        {
            extend(member, text);
            answer.state_length += text.len();
        }
    }
    let details = details.and_then(|details| answer.piece(details));
    let Some(Value::Array(details)) = details else {
        return;
    };
    if details.is_empty() {
        return;
    }
    let Some(member) = member("reasoning_details", answer) else {
        return;
    };
    let added: usize = details
        .into_iter()
        .map(|detail| add_detail(member, detail))
        .sum();
    answer.state_length += added;
}

/// A member of the one piece that a state has.
fn member<'a>(name: &str, answer: &'a mut Answer) -> Option<&'a mut Value> {
    if answer.state.is_empty() {
        answer.keep(Value::Object(Map::new()));
    }
    let piece = answer.state.first_mut()?.as_object_mut()?;
    Some(piece.entry(name).or_insert(Value::Null))
}

fn extend(text: &mut Value, piece: &str) {
    match text {
        Value::String(text) => text.push_str(piece),
        other => *other = piece.into(),
    }
}

/// Adds to the details of reasoning, and tells how many bytes, about. A text that comes in pieces, each an
/// entry of its own, becomes one again; the last word on anything beside it counts.
fn add_detail(details: &mut Value, detail: Value) -> usize {
    if details.is_null() {
        *details = Value::Array(Vec::new());
    }
    let Some(details) = details.as_array_mut() else {
        return 0;
    };
    let is_text = |value: &Value| GROWING.iter().any(|name| value[*name].is_string());
    let is_same = |last: &Value| {
        let has_same = |name: &str| last.get(name) == detail.get(name);
        is_text(last) && ["type", "index"].into_iter().all(has_same)
    };
    let last = details.last_mut().filter(|last| is_same(last));
    let (Some(Value::Object(last)), Value::Object(detail)) = (last, &detail) else {
        let length = conversation::length(&detail);
        details.push(detail);
        return length;
    };
    let mut length = 0;
    for (name, value) in detail {
        match (last.get_mut(name), value) {
            (_, Value::Null) => {}
            (Some(text), Value::String(piece)) if GROWING.contains(&&**name) => {
                extend(text, piece);
                length += piece.len();
            }
            (Some(known), value) if known == value => {}
            _ => {
                length += conversation::length(value);
                last.insert(name.clone(), value.clone());
            }
        }
    }
    length
}

/// Text stays a string: many who speak this format understand nothing else.
fn content(message: &Message) -> Content<'_> {
    match message.media().next() {
        None => Content::Text(message.all_text()),
        Some(_) => Content::Parts(parts(message).collect()),
    }
}

fn turn_content<'m>(turn: &request::Turn<'m>) -> Content<'m> {
    let mut media = turn.messages.iter().flat_map(|message| message.media());
    match media.next() {
        None => Content::Text(Cow::Owned(request::texts(turn).join("\n\n"))),
        Some(_) => Content::Parts(turn.messages.iter().flat_map(|m| parts(m)).collect()),
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
                filename: request::file_name(media),
                file_data: media.url(),
            },
        },
    }
}

fn take_parts(content: &str, answer: &mut Answer) -> Result<(), Failure> {
    for part in json::elements(content)? {
        // Mistral's reasoning: parts again, or a string.
        let [text, thinking] = json::members(part, &["text", "thinking"])?;
        match thinking {
            None => {}
            Some(parts) if parts.starts_with('[') => {
                for part in json::elements(parts)? {
                    let [text] = json::members(part, &["text"])?;
                    answer.reasoning.push_str(&json::text(text));
                }
            }
            Some(text) => answer.reasoning.push_str(&json::string(text)?),
        }
        take_text(&json::text(text), answer);
    }
    Ok(())
}

fn take_text(text: &str, answer: &mut Answer) {
    (answer.inline).push(text, &mut answer.text, &mut answer.reasoning);
}

fn finish(answer: &mut Answer) {
    (answer.inline).finish(&mut answer.text, &mut answer.reasoning);
    answer.complete = true;
}

fn read_model(entry: &str) -> Option<Model> {
    let entry = side(Some(entry));
    let text = |name: &str| entry[name].as_str().filter(|text| !text.is_empty());
    let number = |name: &str| entry[name].as_u64();
    let id = text("id")?;
    let modalities = entry["architecture"]["output_modalities"].as_array();
    let speaks = modalities.is_none_or(|list| list.iter().any(|word| word == "text"));
    let told = entry["capabilities"]["completion_chat"].as_bool();
    let is_other = text("type").is_some_and(|kind| OTHER_TYPES.contains(&kind));
    let name = text("display_name").or(text("name"));
    let mut model = Model {
        chat: told.unwrap_or(speaks && !is_other && !has_word(id, NOT_CHAT)),
        display_name: name.filter(|name| *name != id).map(str::to_owned),
        id: id.to_owned(),
        created: entry["created"].as_i64(),
        // OpenRouter's word, vLLM's, Groq's and Mistral's.
        input_token_limit: number("context_length")
            .or(number("max_model_len"))
            .or(number("context_window"))
            .or(number("max_context_length")),
        output_token_limit: number("max_completion_tokens")
            .or(entry["top_provider"]["max_completion_tokens"].as_u64()),
        ..Model::default()
    };
    model::compatible(&mut model, &entry);
    Some(model)
}

/// Whether a model is what people mean who name none: no size or price beyond the usual, no variant.
fn is_ordinary(id: &str) -> bool {
    let variant = [":free", ":nitro", ":floor", ":online", ":extended"];
    !variant.iter().any(|end| id.ends_with(end)) && !has_word(id, SPECIAL)
}

fn has_word(id: &str, words: &[&str]) -> bool {
    let id = id.to_ascii_lowercase();
    id.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| words.contains(&word))
}

fn failure(status: Option<u16>, body: &str) -> Failure {
    ErrorBody::read(body).failure(status, WORDS, PHRASES)
}

/// Members of a detail that grow while it comes in pieces.
const GROWING: &[&str] = &["text", "summary"];

/// More sources than anybody looks at.
const MOST_SOURCES: usize = 1_000;

/// More choices than anybody asks for; only the first one counts.
const MOST_CHOICES: usize = 128;

/// Letters in an id of Mistral's.
const SHORT_ID: usize = 9;

/// Usage, sources or the entry of a list are never longer.
const LARGEST_SIDE: usize = 64 << 10;

/// What some lists call models that do something else.
const OTHER_TYPES: &[&str] = &[
    "embedding",
    "embeddings",
    "image",
    "audio",
    "rerank",
    "moderation",
    "transcribe",
    "video",
];

/// Words in ids of models that do something else.
const NOT_CHAT: &[&str] = &[
    "embed",
    "embedding",
    "embeddings",
    "whisper",
    "tts",
    "stt",
    "asr",
    "transcribe",
    "rerank",
    "reranker",
    "moderation",
    "guard",
    "safeguard",
    "ocr",
    "image",
    "imagine",
    "dall",
    "flux",
    "diffusion",
    "bge",
    "video",
    "realtime",
    "audio",
];

/// Words in ids of models that are not what is meant where none is named.
const SPECIAL: &[&str] = &["pro", "preview", "beta", "codex", "vision", "vl", "base"];

const WORDS: &Table = &[
    ("insufficient_quota", Class::Quota),
    ("billing_hard_limit_reached", Class::Quota),
    ("billing_not_active", Class::Quota),
    ("payment_required", Class::Quota),
    ("invalid_api_key", Class::Auth),
    ("authentication_error", Class::Auth),
    ("authentication", Class::Auth),
    ("permission_error", Class::Permission),
    ("unsupported_country_region_territory", Class::Permission),
    ("model_not_found", Class::ModelNotFound),
    ("invalid_model", Class::ModelNotFound),
    ("DeploymentNotFound", Class::ModelNotFound),
    ("context_length_exceeded", Class::ContextLength),
    ("exceed_context_size_error", Class::ContextLength),
    ("content_filter", Class::ContentFilter),
    ("content_policy_violation", Class::ContentFilter),
    ("rate_limit_exceeded", Class::RateLimit),
    ("rate_limit_error", Class::RateLimit),
    ("provider_overloaded", Class::Unavailable),
    ("provider_unavailable", Class::Unavailable),
    ("unavailable_error", Class::Unavailable),
    ("server_error", Class::Unavailable),
];

const PHRASES: &Table = &[
    ("incorrect api key", Class::Auth),
    ("invalid api key", Class::Auth),
    ("maximum context length", Class::ContextLength),
    ("context window", Class::ContextLength),
    ("context size", Class::ContextLength),
    ("context length", Class::ContextLength),
    ("not a valid model", Class::ModelNotFound),
    ("invalid model", Class::ModelNotFound),
    ("usage policy", Class::ContentFilter),
];

#[cfg(test)]
mod tests;
