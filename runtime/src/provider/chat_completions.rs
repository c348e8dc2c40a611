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
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::super::test_streams::{
        answer, answer_with_state, assert_truncations, body, call_and_result, calls, conversation,
        fuzz, media, newest, outcome, read, request, weather,
    };
    use super::super::{State, Tool};
    use super::*;

    const FULL: ChatCompletions = ChatCompletions {
        api_key_header: true,
        model_in_path: true,
        max_completion_tokens: true,
        developer: true,
        ..PLAIN
    };

    const STREAM: &str = r#"data: {"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

data: {"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"reasoning_content":"Weigh "},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"both.","reasoning":null}}]}

data: {"choices":[{"index":0,"delta":{"content":"Hé\n"},"logprobs":null,"finish_reason":""}],"error":null}

data: {"choices":[{"index":1,"delta":{"content":"another choice"}},{"delta":{"content":"lo \ud83d\ude00","refusal":null,"tool_calls":[]}}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: {"id":"c1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":3},"completion_tokens_details":{"reasoning_tokens":5}}}

data: [DONE]

"#;

    /// Two calls in turns, one in five pieces, the other not JSON; and one without arguments.
    const TOOL_CALLS: &str = r#"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_9","type":"function","function":{"name":"weather","arguments":""}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"ci"}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_8","type":"function","function":{"name":"time","arguments":"no "}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"ty\":"}},{"index":1,"function":{"arguments":"JSON"}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":" \"Os"}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"lo\""}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":2,"id":"call_7","function":{"name":"ping","arguments":""}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: [DONE]

"#;

    /// Mistral's parts, a choice without an index, usage in the last chunk, and no `[DONE]`.
    const PARTS: &str = r#"data: {"id":"c2","model":"m-2","choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Weigh "},{"type":"text","text":"both."}]}]},"finish_reason":null}]}

data: {"id":"c2","choices":[{"delta":{"content":[{"type":"thinking","thinking":" More."},{"type":"text","text":"Hel"}]}}]}

data: {"id":"c2","choices":[{"delta":{"content":"lo"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}

"#;

    const FAILED: &str = r#"data: {"id":"gen-1","model":"openai/gpt-4o","provider":"OpenAI","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}

data: {"id":"gen-1","object":"chat.completion.chunk","model":"openai/gpt-4o","provider":"OpenAI","error":{"code":502,"message":"Provider disconnected","metadata":{"error_type":"provider_unavailable"}},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}

"#;

    const MODELS: &str = r#"{"object":"list","data":[
        {"id":"vendor/large","object":"model","created":30,"name":"Vendor: Large","context_length":131072,
         "architecture":{"input_modalities":["text"],"output_modalities":["text"]},
         "pricing":{"prompt":"0.000001","completion":"0.000002"},"top_provider":{"max_completion_tokens":8192}},
        {"id":"vendor/large:free","created":60,"max_model_len":4096},
        {"id":"vendor/large-pro","created":50,"context_window":1000,"max_completion_tokens":100},
        {"id":"vendor/paint","created":90,"architecture":{"output_modalities":["image"]}},
        {"id":"vendor/sound","created":90,"type":"audio","display_name":"Sound"},
        {"id":"codestral-embed","created":90,"capabilities":{"completion_chat":false},"max_context_length":7},
        {"id":"text-embedding-3","created":90,"name":7},
        {"id":"whisper-large-v3","created":90},
        {"id":"small","name":"small","created":"soon"},
        {"name":"no id"}]}"#;

    fn said() -> Answer {
        Answer {
            text: "Hé\nlo 😀".to_owned(),
            reasoning: "Weigh both.".to_owned(),
            model: Some("m-1".to_owned()),
            response_id: Some("c1".to_owned()),
            finish: Some(Finish::Stop),
            native_finish: Some("stop".to_owned()),
            usage: Usage {
                input_tokens: Some(9),
                output_tokens: Some(7),
                reasoning_tokens: Some(5),
                cached_input_tokens: Some(0),
                cache_write_tokens: Some(3),
                total_tokens: Some(16),
                ..Usage::default()
            },
            complete: true,
            ..Answer::default()
        }
    }

    /// Without how it came about.
    fn plain(answer: Answer) -> Answer {
        Answer {
            inline: Default::default(),
            ..answer
        }
    }

    #[test]
    fn requests() {
        let mut chat = request(
            "m/1",
            &[
                (Role::System, "s"),
                (Role::User, "u"),
                (Role::Developer, "d"),
                (Role::Assistant, "a"),
                (Role::User, "v"),
            ],
        );
        let of = |messages: Value| json!({"model": "m/1", "messages": messages, "stream": true});
        let messages = json!([{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
            {"role": "system", "content": "d"}, {"role": "assistant", "content": "a"},
            {"role": "user", "content": "v"}]);
        let mut expected = of(messages.clone());
        expected["stream_options"] = json!({"include_usage": true});
        assert_eq!(body(&PLAIN, &chat), expected);
        assert_eq!(PLAIN.chat(&chat).path, "/chat/completions");

        chat.temperature = Some(0.5);
        chat.max_tokens = Some(7);
        expected["temperature"] = 0.5.into();
        let mut newer = expected.clone();
        expected["max_tokens"] = 7.into();
        assert_eq!(body(&PLAIN, &chat), expected);
        newer["max_completion_tokens"] = 7.into();
        newer["messages"][2]["role"] = "developer".into();
        assert_eq!(body(&FULL, &chat), newer);
        assert_eq!(FULL.chat(&chat).path, "/deployments/m%2F1/chat/completions");
        chat.model = "..".into();
        assert_eq!(FULL.chat(&chat).path, "/deployments/__/chat/completions");

        let in_turns = ChatCompletions {
            in_turns: true,
            asks_for_usage: false,
            ..PLAIN
        };
        let chat = request(
            "m/1",
            &[
                (Role::Assistant, "a"),
                (Role::System, "s"),
                (Role::User, "u"),
                (Role::User, "v"),
                (Role::Developer, "d"),
            ],
        );
        let turns = json!([{"role": "system", "content": "s\n\nd"},
            {"role": "user", "content": "(The conversation begins with your message.)"},
            {"role": "assistant", "content": "a"}, {"role": "user", "content": "u\n\nv"}]);
        assert_eq!(body(&in_turns, &chat), of(turns));

        // Nobody answers instructions alone.
        let alone = body(&PLAIN, &request("m", &[(Role::System, "s")]));
        assert_eq!(alone["messages"][0]["role"], "user");
    }

    #[test]
    fn conversations_with_images_files_and_tools() {
        let [image, file, away] = media();
        let sound = Media {
            mime_type: "audio/wav".into(),
            ..file.clone()
        };
        let [call, result] = call_and_result("{\"city\":\"Oslo\"}", "{\"c\":4}");
        let mut messages =
            conversation(&[(Role::System, "Be brief."), (Role::User, "What is this?")]);
        messages[1].content.extend([
            Part::Media(image.clone()),
            Part::Text("\n".into()),
            Part::Media(sound),
            Part::Media(file),
        ]);
        messages.extend([call, result]);
        let chat = |messages: &[Message]| ChatRequest {
            messages: messages.into(),
            ..request("m", &[])
        };
        let sent = |service: &ChatCompletions, messages: &[Message]| {
            service.carries(&chat(messages)).unwrap();
            body(service, &chat(messages))["messages"].take()
        };
        let shown = json!([{"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0="}},
            {"type": "input_audio", "input_audio": {"data": "JVBERi0=", "format": "wav"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}}]);
        let mut expected = json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": shown},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\"}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "{\"c\":4}"}
        ]);
        assert_eq!(sent(&PLAIN, &messages), expected);

        let in_turns = ChatCompletions {
            in_turns: true,
            ..PLAIN
        };
        assert_eq!(sent(&in_turns, &messages[..2])[1]["content"], shown);

        // Words before a call without arguments, and reasoning from before; nothing else of it goes back.
        messages[2].content = vec![Part::Text("Let me see.".into())];
        messages[2].tool_calls[0].arguments.clear();
        messages[2].state = Some(State {
            provider: "deepseek".into(),
            model: String::new(),
            items: vec![
                json!(7),
                json!({"reasoning_content": "Weigh.", "role": "system", "reasoning_details": [1]}),
            ],
        });
        expected[2]["content"] = "Let me see.".into();
        expected[2]["tool_calls"][0]["function"]["arguments"] = "{}".into();
        expected[2]["reasoning_content"] = "Weigh.".into();
        expected[2]["reasoning_details"] = json!([1]);
        assert_eq!(sent(&PLAIN, &messages), expected);

        let mistral = ChatCompletions {
            nine_letter_ids: true,
            ..PLAIN
        };
        let other = sent(&mistral, &messages);
        let id = other[2]["tool_calls"][0]["id"].as_str().unwrap();
        assert!(id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(other[3]["tool_call_id"], id);
        assert_eq!(mistral.call_id("aB3xK9mP2"), "aB3xK9mP2");
        assert_ne!(mistral.call_id("call_2"), id);

        // What cannot be sent is not left out in silence.
        let fails = |service: &ChatCompletions, chat: &ChatRequest| {
            let failure = service.carries(chat).unwrap_err();
            assert_eq!(failure.class, Class::InvalidRequest);
            failure.message
        };
        assert!(fails(&in_turns, &chat(&messages)).contains("has no tools"));
        let mut with_tool = chat(&messages[..2]);
        with_tool.tools = vec![weather()].into();
        assert!(fails(&in_turns, &with_tool).contains("has no tools"));
        let mut at = |place: usize, media: &Media| {
            messages[place].content.push(Part::Media(media.clone()));
            let chat = chat(&messages);
            messages[place].content.pop();
            chat
        };
        assert!(fails(&PLAIN, &at(2, &image)).contains("assistant"));
        assert!(fails(&PLAIN, &at(3, &image)).contains("tool's result"));
        assert!(fails(&PLAIN, &at(1, &away)).contains("address"));
        let picture = Media {
            is_image: true,
            ..away.clone()
        };
        PLAIN.carries(&at(1, &picture)).unwrap();
        let fetching = ChatCompletions {
            takes_addresses: true,
            ..PLAIN
        };
        fetching.carries(&at(1, &away)).unwrap();
        let body = body(&fetching, &at(1, &away));
        assert_eq!(
            body["messages"][1]["content"][4]["file"]["file_data"],
            "https://example.com/a.pdf"
        );
    }

    #[test]
    fn tools_choices_and_formats() {
        let sent = |service: &ChatCompletions, strict, tool_choice, format: Format| {
            let tool = Tool {
                strict,
                ..weather()
            };
            let chat = ChatRequest {
                tools: vec![tool].into(),
                tool_choice,
                format: Some(format.into()),
                ..request("m", &[(Role::User, "u")])
            };
            let mut body = body(service, &chat);
            for name in ["model", "messages", "stream", "stream_options"] {
                body.as_object_mut().unwrap().remove(name);
            }
            body
        };
        let mut function = json!({"name": "weather", "description": "Look up weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}});
        let schema = |strict| Format::Schema {
            name: "answer".into(),
            schema: weather().parameters,
            strict,
        };
        let expected = json!({"tools": [{"type": "function", "function": function}], "tool_choice": "none",
            "response_format": {"type": "json_object"}});
        let none = Some(ToolChoice::None);
        assert_eq!(sent(&PLAIN, None, none, Format::Json), expected);
        function["strict"] = false.into();
        let format = json!({"name": "answer", "schema": function["parameters"], "strict": true});
        let expected = json!({"tools": [{"type": "function", "function": function}],
            "tool_choice": {"type": "function", "function": {"name": "weather"}},
            "response_format": {"type": "json_schema", "json_schema": format}});
        let named = Some(ToolChoice::Tool("weather".into()));
        assert_eq!(
            sent(&PLAIN, Some(false), named, schema(Some(true))),
            expected
        );
        let any = ChatCompletions {
            required: "any",
            ..PLAIN
        };
        for (service, choice, word) in [
            (&PLAIN, ToolChoice::Auto, "auto"),
            (&PLAIN, ToolChoice::Required, "required"),
            (&any, ToolChoice::Required, "any"),
        ] {
            let body = sent(service, None, Some(choice), schema(None));
            assert_eq!(body["tool_choice"], word);
            let format = &body["response_format"]["json_schema"];
            assert_eq!(format.get("strict"), None);
        }
        let nothing = ChatRequest {
            tool_choice: Some(ToolChoice::None),
            ..request("m", &[(Role::User, "u")])
        };
        assert_eq!(body(&PLAIN, &nothing).get("tool_choice"), None);
    }

    #[test]
    fn options_have_the_names_of_each_service() {
        let mut chat = ChatRequest {
            top_p: Some(0.9),
            stop: vec!["END".into()],
            seed: Some(7),
            effort: Some(Effort::High),
            max_tokens: Some(9),
            ..request("m", &[(Role::User, "u")])
        };
        let sent = |service: &ChatCompletions, chat: &ChatRequest| {
            let mut body = body(service, chat);
            for name in ["model", "messages", "stream", "stream_options"] {
                body.as_object_mut().unwrap().remove(name);
            }
            body
        };
        let mut expected = json!({"top_p": 0.9, "stop": ["END"], "seed": 7, "reasoning_effort": "high",
            "max_tokens": 9});
        assert_eq!(sent(&PLAIN, &chat), expected);
        chat.other_token_name = true;
        expected.as_object_mut().unwrap().remove("max_tokens");
        expected["max_completion_tokens"] = 9.into();
        assert_eq!(sent(&PLAIN, &chat), expected);
        let other = ChatCompletions {
            seed: Seed::Random,
            effort: EffortField::Reasoning,
            ..PLAIN
        };
        chat.max_tokens = None;
        assert_eq!(
            sent(&other, &chat),
            json!({"top_p": 0.9, "stop": ["END"], "random_seed": 7, "reasoning": {"effort": "high"}})
        );
        let thinking = ChatCompletions {
            effort: EffortField::Thinking,
            ..PLAIN
        };
        for (effort, word) in [(Effort::None, "disabled"), (Effort::Low, "enabled")] {
            chat.effort = Some(effort);
            assert_eq!(sent(&thinking, &chat)["thinking"], json!({"type": word}));
        }
    }

    #[test]
    fn what_a_model_of_openai_does_not_take_is_left_out() {
        let asked = |model: &str| ChatRequest {
            temperature: Some(0.5),
            stop: vec!["END".into()],
            seed: Some(7),
            ..request(model, &[(Role::User, "u")])
        };
        let mut chat = asked("gpt-5");
        assert_eq!(FULL.fit(&mut chat).len(), 2);
        assert_eq!(
            (chat.temperature, chat.stop.len(), chat.seed),
            (None, 0, Some(7))
        );
        for (service, model) in [
            (&FULL, "gpt-4.1"),
            (&FULL, "my-deployment"),
            (&PLAIN, "gpt-5"),
        ] {
            let mut chat = asked(model);
            assert_eq!(service.fit(&mut chat).len(), 0, "{model}");
            assert_eq!(chat, asked(model));
        }
    }

    #[test]
    fn credentials() {
        let shown = |service: &ChatCompletions| {
            let (name, value) = service.credentials("k").unwrap();
            assert!(value.is_sensitive());
            format!("{name}: {}", value.to_str().unwrap())
        };
        assert_eq!(shown(&PLAIN), "authorization: Bearer k");
        assert_eq!(shown(&FULL), "api-key: k");
        assert!(PLAIN.credentials("a\nb").is_none());
    }

    #[test]
    fn streams() {
        assert_eq!(plain(answer(&PLAIN, STREAM)), said());
        assert_truncations(&PLAIN, STREAM);
        let tools = answer(&PLAIN, TOOL_CALLS);
        assert_eq!(
            (tools.finish, &*tools.text, tools.complete),
            (Some(Finish::ToolCalls), "", true)
        );
        let expected = [
            ("call_9", "weather", "{\"city\": \"Oslo\"}"),
            ("call_8", "time", "no JSON"),
            ("call_7", "ping", ""),
        ];
        assert_eq!(calls(&tools), expected);
        assert_truncations(&PLAIN, TOOL_CALLS);
    }

    #[test]
    fn calls_come_in_every_accent() {
        let said = |deltas: &[&str]| {
            let chunk = |delta: &&str| format!("data: {{\"choices\":[{{\"delta\":{delta}}}]}}\n\n");
            let chunks: String = deltas.iter().map(chunk).collect();
            let answer = answer(&PLAIN, &format!("{chunks}data: [DONE]\n\n"));
            assert_eq!(answer.finish, Some(Finish::ToolCalls), "{deltas:?}");
            let calls = calls(&answer).into_iter();
            let calls = calls.map(|(id, name, arguments)| format!("{id} {name} {arguments}"));
            calls.collect::<Vec<_>>().join(", ")
        };
        for (deltas, expected) in [
            // No index: an id or a name begins a call, and what has neither goes on with the last.
            (
                &[
                    r#"{"tool_calls":[{"id":"x","function":{"name":"a","arguments":"{\"b\""}}]}"#,
                    r#"{"tool_calls":[{"function":{"arguments":":1}"}}]}"#,
                    r#"{"tool_calls":[{"id":"y","function":{"name":"a","arguments":"{}"}}]}"#,
                ][..],
                r#"x a {"b":1}, y a {}"#,
            ),
            // The id, and the name with it, again and again.
            (
                &[
                    r#"{"tool_calls":[{"id":"x","function":{"name":"a","arguments":"{"}},{"id":"y","function":{"name":"a"}}]}"#,
                    r#"{"tool_calls":[{"id":"x","function":{"name":"a","arguments":"}"}}]}"#,
                    r#"{"tool_calls":[{"id":"y","function":{"arguments":"{}"}}]}"#,
                ],
                "x a {}, y a {}",
            ),
            (
                &[
                    r#"{"tool_calls":[{"index":0,"id":"x","function":{"name":"a","arguments":"{"}}]}"#,
                    r#"{"tool_calls":[{"index":0,"id":"x","function":{"name":"a","arguments":"}"}}]}"#,
                ],
                "x a {}",
            ),
            // Whole, several in one piece, without ids, the arguments not wrapped up.
            (
                &[
                    r#"{"tool_calls":[{"function":{"name":"a","arguments":{"b": [1]}}},{"id":"call_3","function":{"name":"a","arguments":null}},{"id":null,"function":{"name":"c"}}]}"#,
                ],
                r#"call_1 a {"b": [1]}, call_3 a , call_4 c "#,
            ),
            // All of them counted as the first.
            (
                &[
                    r#"{"tool_calls":[{"index":0,"id":"x","function":{"name":"a","arguments":"{}"}}]}"#,
                    r#"{"tool_calls":[{"index":0,"id":"y","function":{"name":"a","arguments":"{}"}}]}"#,
                    r#"{"tool_calls":[{"index":0,"function":{"name":"b","arguments":"{"}}]}"#,
                    r#"{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}"#,
                ],
                "x a {}, y a {}, call_3 b {}",
            ),
            // The older form; beside the newer one it says the same.
            (
                &[
                    r#"{"function_call":{"name":"a","arguments":"{"}}"#,
                    r#"{"function_call":{"name":"a","arguments":"}"},"tool_calls":null}"#,
                ],
                "call_1 a {}",
            ),
            (
                &[
                    r#"{"function_call":{"name":"a"},"tool_calls":[{"id":"x","function":{"name":"a"}}]}"#,
                ],
                "x a ",
            ),
            // Nonsense beside a call.
            (
                &[
                    r#"{"tool_calls":[{"index":18446744073709551615,"id":"x","function":{"name":"a","arguments":"{}"}}]}"#,
                    r#"{"tool_calls":[{"index":9,"function":{"arguments":"lost"}},{"index":"7","function":7},{}]}"#,
                ],
                "x a {}",
            ),
        ] {
            assert_eq!(said(deltas), expected);
        }
        let whole = r#"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"x","type":"function","function":{"name":"a","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
        let mut answer = Answer::default();
        PLAIN.whole(whole.as_bytes(), &mut answer).unwrap();
        assert_eq!(calls(&answer), [("x", "a", "{}")]);

        let call = |n| {
            format!(
                "data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"index\":{n},\"function\":{{\"name\":\"a\"}}}}]}}}}]}}\n\n"
            )
        };
        let many: String = (0..200).map(call).collect();
        let (answer, result) = read(&PLAIN, &[many.as_bytes()]);
        assert_eq!(result.unwrap_err().class, Class::TooLarge);
        assert_eq!((answer.tool_calls.len(), answer.places.len()), (128, 128));
    }

    #[test]
    fn reasoning_is_kept_for_the_next_turn_as_it_came() {
        let state = |deltas: &[&str]| {
            let chunk = |delta: &&str| format!("data: {{\"choices\":[{{\"delta\":{delta}}}]}}\n\n");
            let chunks: String = deltas.iter().map(chunk).collect();
            let stream = format!("{chunks}data: [DONE]\n\n");
            assert!(answer(&PLAIN, &stream).state.is_empty());
            let answer = answer_with_state(&PLAIN, &stream);
            let length: usize = answer.state.iter().map(conversation::length).sum();
            assert!(answer.state_length.abs_diff(length) < 1_000, "{length}");
            Value::Array(answer.state)
        };
        let content = [
            r#"{"reasoning_content":"Weigh "}"#,
            r#"{"reasoning_content":"both.","content":""}"#,
            r#"{"reasoning_content":"","content":"Hi"}"#,
        ];
        assert_eq!(
            state(&content),
            json!([{"reasoning_content": "Weigh both."}])
        );
        let details = [
            r#"{"reasoning":"We","reasoning_details":[{"type":"reasoning.text","text":"We","signature":null,"index":0}]}"#,
            r#"{"reasoning":"igh","reasoning_details":[{"type":"reasoning.text","text":"igh","index":0}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.text","text":"","signature":"sig","index":0}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.text","text":"More","index":1},{"type":"reasoning.summary","summary":"In ","index":1},{"type":"reasoning.summary","summary":"short","index":1}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"a","id":"x","index":2},{"type":"reasoning.encrypted","data":"b","id":"y","index":2},7]}"#,
            r#"{"reasoning_details":[],"content":"Hi"}"#,
        ];
        let expected = json!([{"reasoning": "Weigh", "reasoning_details": [
            {"type": "reasoning.text", "text": "Weigh", "signature": "sig", "index": 0},
            {"type": "reasoning.text", "text": "More", "index": 1},
            {"type": "reasoning.summary", "summary": "In short", "index": 1},
            {"type": "reasoning.encrypted", "data": "a", "id": "x", "index": 2},
            {"type": "reasoning.encrypted", "data": "b", "id": "y", "index": 2}, 7]}]);
        assert_eq!(state(&details), expected);
        for nothing in [
            r#"{"content":"Hi"}"#,
            r#"{"reasoning":"","reasoning_content":null,"reasoning_details":[]}"#,
            // What cannot be kept spoils the rest.
            r#"{"reasoning":"a","reasoning_details":["\ud83d"]}"#,
        ] {
            assert_eq!(state(&[nothing]), json!([]), "{nothing}");
        }
    }

    #[test]
    fn the_reason_to_finish_ends_an_answer_where_nothing_else_does() {
        let (mut cut, _) = read(&PLAIN, &[PARTS.as_bytes()]);
        assert!(!cut.complete);
        PLAIN.end(&mut cut);
        assert_eq!(
            plain(cut),
            Answer {
                text: "Hello".to_owned(),
                reasoning: "Weigh both. More.".to_owned(),
                model: Some("m-2".to_owned()),
                response_id: Some("c2".to_owned()),
                finish: Some(Finish::Length),
                native_finish: Some("length".to_owned()),
                usage: Usage {
                    input_tokens: Some(1),
                    output_tokens: Some(2),
                    total_tokens: Some(3),
                    ..Usage::default()
                },
                complete: true,
                ..Answer::default()
            }
        );
        // Up to there it is cut, wherever that is.
        let end = PARTS.rfind("data:").unwrap();
        for cut in 0..end {
            let (mut answer, _) = read(&PLAIN, &[&PARTS.as_bytes()[..cut]]);
            PLAIN.end(&mut answer);
            assert!(!answer.complete, "cut at {cut}");
        }
        // `[DONE]` without a reason is an end, too.
        let done = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\ndata: [DONE]\n\n";
        let answer = answer(&PLAIN, done);
        assert_eq!(
            (&*answer.text, answer.finish, answer.complete),
            ("Hi", None, true)
        );
    }

    #[test]
    fn inline_reasoning_is_told_from_the_text() {
        let stream = |pieces: &[&str]| {
            let chunk = |piece: &&str| {
                let chunk = json!({"choices": [{"delta": {"content": piece}}]});
                format!("data: {chunk}\n\n")
            };
            let pieces: String = pieces.iter().map(chunk).collect();
            let answer = answer(
                &PLAIN,
                &format!(
                    "{pieces}data: {{\"choices\":[{{\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
                ),
            );
            (answer.text, answer.reasoning)
        };
        let pair = |text: &str, reasoning: &str| (text.to_owned(), reasoning.to_owned());
        assert_eq!(
            stream(&["<th", "ink>\na", "b</thi", "nk>\n\n", "c"]),
            pair("c", "ab")
        );
        assert_eq!(stream(&["<think>a", "b"]), pair("", "ab"));
        assert_eq!(stream(&["<t"]), pair("<t", ""));
    }

    #[test]
    fn whole_answers() {
        let whole = |body: &str| {
            let mut answer = Answer::default();
            PLAIN
                .whole(body.as_bytes(), &mut answer)
                .map(|()| plain(answer))
        };
        let body = r#"{"id":"c1","object":"chat.completion","created":1,"model":"m-1","choices":[{"index":0,"finish_reason":"stop",
            "message":{"role":"assistant","content":"Hé\nlo 😀","refusal":null,"reasoning":"Weigh both.","reasoning_content":"Weigh both."}}],
            "usage":{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16,
            "prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":3},"completion_tokens_details":{"reasoning_tokens":5}}}"#;
        assert_eq!(whole(body).unwrap(), said());
        let refused = whole(
            r#"{"choices":[{"message":{"content":null,"refusal":"I can't."},"finish_reason":"stop"}]}"#,
        );
        let refused = refused.unwrap();
        assert_eq!(
            (refused.finish, &*refused.text),
            (Some(Finish::ContentFilter), "I can't.")
        );
        for (body, class) in [
            (r#"{"error":{"message":"m","code":402}}"#, Class::Quota),
            (r#"{"error":"text"}"#, Class::Unavailable),
            (
                r#"{"object":"error","message":"m","type":"invalid_model"}"#,
                Class::ModelNotFound,
            ),
            (r#"{"detail":"m"}"#, Class::Unavailable),
            (
                r#"{"choices":[{"error":{"code":429,"message":"m"}}]}"#,
                Class::RateLimit,
            ),
            ("{}", Class::Unavailable),
            ("<html>", Class::Unavailable),
        ] {
            assert_eq!(whole(body).unwrap_err().class, class, "{body}");
        }
        // What comes along with the error was generated.
        let mut answer = Answer::default();
        let body = r#"{"choices":[{"error":{"code":502,"message":"m"},"finish_reason":"error","message":{"content":"abc"}}]}"#;
        assert!(PLAIN.whole(body.as_bytes(), &mut answer).is_err());
        assert_eq!((&*answer.text, answer.has_begun()), ("abc", true));
    }

    #[test]
    fn accents() {
        let xai = ChatCompletions {
            reasoning_apart: true,
            ..PLAIN
        };
        let usage = |service: &ChatCompletions, chunk: &str| {
            answer(service, &format!("data: {chunk}\n\ndata: [DONE]\n\n")).usage
        };
        let chunk = r#"{"choices":[],"usage":{"completion_tokens":7,"completion_tokens_details":{"reasoning_tokens":5}}}"#;
        assert_eq!(usage(&xai, chunk).output_tokens, Some(12));
        assert_eq!(usage(&PLAIN, chunk).output_tokens, Some(7));
        let groq = r#"{"choices":[],"x_groq":{"id":"r","usage":{"prompt_tokens":4}}}"#;
        assert_eq!(usage(&PLAIN, groq).input_tokens, Some(4));
        let cost = r#"{"choices":[],"usage":{"cost":0.00014,"cost_details":{"upstream_inference_cost":1}}}"#;
        assert_eq!(usage(&PLAIN, cost).cost_usd, Some(0.00014));
        let odd = r#"{"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":"2","cost":"x","prompt_tokens_details":7}}"#;
        assert_eq!(usage(&PLAIN, odd), Usage::default());

        let sources = r#"data: {"choices":[{"delta":{"content":"a"}}],"citations":["https://a.example"]}

data: {"choices":[{"delta":{"content":"b"},"finish_reason":"stop","native_finish_reason":"STOP"}],"citations":["https://a.example","https://b.example",7],"search_results":[{"url":"https://c.example"}]}

data: [DONE]

"#;
        let answer_of = answer(&PLAIN, sources);
        assert_eq!(
            answer_of.citations,
            ["https://a.example", "https://b.example"]
        );
        assert_eq!(answer_of.native_finish.as_deref(), Some("STOP"));
        let results = r#"data: {"choices":[],"search_results":[{"title":"t","url":"https://c.example"},{}]}

data: [DONE]

"#;
        assert_eq!(answer(&PLAIN, results).citations, ["https://c.example"]);
    }

    #[test]
    fn finishes() {
        let finish = |word: &str, delta: &str| {
            let stream = format!(
                "data: {{\"choices\":[{{\"delta\":{delta},\"finish_reason\":\"{word}\"}}]}}\n\ndata: [DONE]\n\n"
            );
            let answer = answer(&PLAIN, &stream);
            assert_eq!(answer.native_finish.as_deref(), Some(word));
            answer.finish
        };
        for (word, expected) in [
            ("stop", Some(Finish::Stop)),
            ("eos", Some(Finish::Stop)),
            ("length", Some(Finish::Length)),
            ("model_length", Some(Finish::Length)),
            ("tool_calls", Some(Finish::ToolCalls)),
            ("function_call", Some(Finish::ToolCalls)),
            ("content_filter", Some(Finish::ContentFilter)),
            ("abort", None),
        ] {
            assert_eq!(finish(word, "{}"), expected, "{word}");
        }
        let call = r#"{"tool_calls":[{"id":"c","function":{"name":"f","arguments":""}}]}"#;
        assert_eq!(finish("stop", call), Some(Finish::ToolCalls));
        let old = r#"{"function_call":{"name":"f","arguments":""}}"#;
        assert_eq!(finish("stop", old), Some(Finish::ToolCalls));
        let refusal = r#"{"refusal":"No."}"#;
        assert_eq!(finish("stop", refusal), Some(Finish::ContentFilter));
    }

    #[test]
    fn errors_in_streams() {
        let failed = |stream: &str| {
            let (answer, result) = outcome(&PLAIN, stream);
            let failure = result.unwrap_err();
            assert!(!answer.complete);
            (failure.class, failure.message, answer.text)
        };
        let text = str::to_owned;
        assert_eq!(
            failed(FAILED),
            (
                Class::Unavailable,
                text("Provider disconnected"),
                text("Hel")
            )
        );
        for (data, class) in [
            (r#"{"error":{"code":429,"message":"m"}}"#, Class::RateLimit),
            (
                r#"{"error":{"code":400,"message":"m","metadata":{"error_type":"context_length_exceeded"}}}"#,
                Class::ContextLength,
            ),
            (
                r#"{"error":{"message":"m","type":"insufficient_quota","code":null}}"#,
                Class::Quota,
            ),
            (r#"{"error":"m"}"#, Class::Unavailable),
            (
                r#"{"object":"error","message":"m","code":401}"#,
                Class::Auth,
            ),
        ] {
            assert_eq!(
                failed(&format!("data: {data}\n\n")),
                (class, text("m"), text("")),
                "{data}"
            );
            assert_eq!(failed(&format!("event: error\ndata: {data}\n\n")).0, class);
        }
        for word in ["error", "insufficient_system_resource"] {
            let (class, message, _) = failed(&format!(
                "data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{word}\"}}]}}\n\n"
            ));
            assert_eq!(class, Class::Unavailable);
            assert!(message.contains(word), "{message}");
        }
        assert_eq!(
            read(&PLAIN, &[b"data: <html>\n\n"]).1.unwrap_err().class,
            Class::Unavailable
        );
    }

    #[test]
    fn error_table() {
        for (status, body, class) in [
            (
                400,
                r#"{"error":{"message":"m","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}"#,
                Class::InvalidRequest,
            ),
            (
                400,
                r#"{"error":{"message":"The prompt has 9 tokens, too large for model with 8 maximum context length"}}"#,
                Class::ContextLength,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
                Class::ContextLength,
            ),
            (
                400,
                r#"{"error":{"code":"content_filter","message":"m","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
                Class::ContentFilter,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"x is not a valid model ID"}}"#,
                Class::ModelNotFound,
            ),
            (
                400,
                r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: ab***yz."}"#,
                Class::Auth,
            ),
            (
                400,
                r#"{"error":{"message":"m","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"x"}}"#,
                Class::InvalidRequest,
            ),
            (401, r#"{"error":{"message":"m","code":401}}"#, Class::Auth),
            (401, r#"{"detail":"Unauthorized"}"#, Class::Auth),
            (
                402,
                r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}"#,
                Class::Quota,
            ),
            (
                403,
                r#"{"error":{"code":403,"message":"m","metadata":{"reasons":[]}}}"#,
                Class::Permission,
            ),
            (
                404,
                r#"{"error":{"code":"DeploymentNotFound","message":"m"}}"#,
                Class::ModelNotFound,
            ),
            (
                404,
                r#"{"error":{"message":"model \"x\" not found, try pulling it first","type":"api_error"}}"#,
                Class::ModelNotFound,
            ),
            (
                413,
                r#"{"error":{"message":"Request too large","type":"tokens","code":"rate_limit_exceeded"}}"#,
                Class::TooLarge,
            ),
            (
                422,
                r#"{"detail":[{"loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted","type":"extra_forbidden"}]}"#,
                Class::InvalidRequest,
            ),
            (
                429,
                r#"{"object":"error","message":"m","type":"rate_limited","code":"1300"}"#,
                Class::RateLimit,
            ),
            (
                429,
                r#"{"error":{"message":"m","code":"429","type":"None"}}"#,
                Class::RateLimit,
            ),
            (
                502,
                r#"{"error":{"code":502,"message":"m"}}"#,
                Class::Unavailable,
            ),
            (
                503,
                r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
                Class::Unavailable,
            ),
        ] {
            let failure = PLAIN.failure(status, body.as_bytes());
            assert_eq!(
                (failure.class, failure.status),
                (class, Some(status)),
                "{body}"
            );
        }
    }

    #[test]
    fn model_lists() {
        assert_eq!(PLAIN.models(None).path, "/models");
        let page = PLAIN.models_page(MODELS.as_bytes()).unwrap();
        assert_eq!((page.models.len(), page.next.as_deref()), (9, None));
        assert_eq!(
            page.models[0],
            Model {
                id: "vendor/large".into(),
                display_name: Some("Vendor: Large".into()),
                created: Some(30),
                input_token_limit: Some(131_072),
                output_token_limit: Some(8192),
                chat: true,
                can: page.models[0].can,
                input_modalities: vec!["text".into()],
                output_modalities: vec!["text".into()],
                price: Some(super::super::Price {
                    input: "0.000001".into(),
                    output: "0.000002".into(),
                }),
                ..Model::default()
            }
        );
        let limits = |at: usize| {
            let model = &page.models[at];
            (model.input_token_limit, model.output_token_limit)
        };
        assert_eq!(limits(1), (Some(4096), None));
        assert_eq!(limits(2), (Some(1000), Some(100)));
        assert_eq!(limits(5), (Some(7), None));
        let chat: Vec<&str> = page
            .models
            .iter()
            .filter(|model| model.chat)
            .map(|model| &*model.id)
            .collect();
        assert_eq!(
            chat,
            [
                "vendor/large",
                "vendor/large:free",
                "vendor/large-pro",
                "small"
            ]
        );
        let small = page.models.last().unwrap();
        assert_eq!((small.created, &small.display_name), (None, &None));

        let bare = MODELS.split_once("\"data\":").unwrap().1;
        let bare = bare.strip_suffix('}').unwrap();
        assert_eq!(PLAIN.models_page(bare.as_bytes()).unwrap(), page);
        assert_eq!(
            PLAIN
                .models_page(br#"{"object":"list","data":null}"#)
                .unwrap(),
            ModelPage::default()
        );
        for body in ["", "<html>", "{\"data\":7}"] {
            let failure = PLAIN.models_page(body.as_bytes()).unwrap_err();
            assert_eq!(failure.class, Class::Unavailable, "{body}");
        }
    }

    #[test]
    fn newest_models() {
        let of = |service: &ChatCompletions, entries: &[(&str, Option<i64>)]| {
            let data: Vec<_> = entries
                .iter()
                .map(|(id, created)| json!({"id": id, "created": created}))
                .collect();
            newest(service, &json!({"data": data}).to_string()).unwrap_or_default()
        };
        assert_eq!(newest(&PLAIN, MODELS).unwrap(), "vendor/large");
        assert_eq!(of(&PLAIN, &[]), "");
        assert_eq!(of(&PLAIN, &[("nomic-embed-text:latest", Some(9))]), "");
        assert_eq!(
            of(
                &PLAIN,
                &[("ai/smollm2:latest", Some(1)), ("ai/qwen3:8b", Some(2))]
            ),
            "ai/qwen3:8b"
        );
        // Without dates the order of the list counts, and something is better than nothing.
        assert_eq!(of(&PLAIN, &[("a", None), ("b", None)]), "a");
        assert_eq!(
            of(&PLAIN, &[("a-pro", Some(1)), ("b-preview", Some(2))]),
            "b-preview"
        );
        let usual = ChatCompletions {
            newest: Newest::ByDate("a/auto"),
            ..PLAIN
        };
        assert_eq!(
            of(&usual, &[("b/x", Some(2)), ("a/auto", Some(1))]),
            "a/auto"
        );
        assert_eq!(of(&usual, &[("b/x", Some(2))]), "b/x");
        let openai = ChatCompletions {
            newest: Newest::OpenAi,
            ..PLAIN
        };
        let gpt = [
            ("gpt-5-nano", Some(9)),
            ("gpt-5", Some(5)),
            ("other", Some(99)),
        ];
        assert_eq!(of(&openai, &gpt), "gpt-5");
        let unknown = ChatCompletions {
            newest: Newest::Unknown,
            ..PLAIN
        };
        assert_eq!(of(&unknown, &gpt), "");
    }

    #[test]
    fn noise_never_panics() {
        fuzz(&PLAIN, &[STREAM, TOOL_CALLS, PARTS, FAILED, MODELS]);
    }
}
