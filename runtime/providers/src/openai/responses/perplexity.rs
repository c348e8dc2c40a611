//! Perplexity's Agent API (<https://docs.perplexity.ai/api-reference/agent-post>), which its Chat Completions gave way to on
//! 2026-09-27. It is Responses with members of its own, and refuses a request with any other member.
//!
//! Never here: what both have in common.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;

use super::Responses;
use super::request::{
    self, ChoiceBody, Content, InputItem, InputPart, ToolBody, input, max_output_tokens,
};
use crate::ReasoningEffort::{self, High, Low, Medium, Minimal, XHigh};
use crate::adapt;
use crate::anthropic::Messages;
use crate::http_request;
use crate::openai::chat_completions::FormatBody;
use crate::vendors::{self, Weights};
use crate::{
    ChatRequest, Codec, Encoding, ErrorKind, Failure, Format, Model, ModelPage, Request,
    StreamReader,
};

/// The Agent API.
#[derive(Clone, Copy, Debug, Default)]
pub struct Perplexity;

/// Perplexity's own model for answers from the web.
const SONAR: &str = "perplexity/sonar";

/// Models of Perplexity's Chat Completions that the Agent API does not have.
const ENDED: [&str; 4] = [
    "sonar-pro",
    "sonar-reasoning",
    "sonar-reasoning-pro",
    "sonar-deep-research",
];

const EFFORTS: [ReasoningEffort; 6] = [ReasoningEffort::None, Minimal, Low, Medium, High, XHigh];

impl Codec for Perplexity {
    fn default_base_url(&self) -> &'static str {
        "https://api.perplexity.ai/v1"
    }

    fn credentials(&self, key: &str) -> Option<(HeaderName, HeaderValue)> {
        Responses.credentials(key)
    }

    fn request_id_headers(&self) -> &'static [&'static str] {
        Responses.request_id_headers()
    }

    fn adapt(&self, chat: &mut ChatRequest) -> Vec<String> {
        let mut warnings = Vec::new();
        adapt::fit_effort(chat, EFFORTS.into_iter().collect(), &mut warnings);
        adapt::without_stop(chat, &mut warnings);
        adapt::without_seed(chat, &mut warnings);
        warnings
    }

    fn check_supported(&self, chat: &ChatRequest) -> Result<(), Failure> {
        let name = Name::of(&chat.model);
        name.map_err(|problem| Failure::new(ErrorKind::ModelNotFound, problem))?;
        Responses.check_supported(chat)
    }

    /// It requires a number for Anthropic's models, as Anthropic does.
    fn default_max_tokens(&self, chat: &ChatRequest) -> Option<u32> {
        let name = Name::of(&chat.model);
        let is_anthropic =
            matches!(name, Ok(Name::Model(model)) if model.starts_with("anthropic/"));
        Messages.default_max_tokens(chat).filter(|_| is_anthropic)
    }

    fn most_image_tokens(&self, size: Option<(usize, usize)>) -> u64 {
        Responses.most_image_tokens(size)
    }

    fn substitute(&self) -> Option<&'static dyn Codec> {
        Responses.substitute()
    }

    fn chat(&self, chat: &ChatRequest, encoding: Encoding) -> Request {
        let (model, preset) = match Name::of(&chat.model) {
            Ok(Name::Model(model)) => (Some(model), None),
            Ok(Name::Preset(preset)) => (None, Some(preset)),
            Err(_) => (Some(Cow::Borrowed(&*chat.model)), None),
        };
        let tools = match chat.tools.is_empty() && model.as_deref() == Some(SONAR) {
            // Its Chat Completions always searched.
            true => ToolsBody::Own([OwnTool { kind: "web_search" }]),
            false => ToolsBody::Functions(request::tools(chat)),
        };
        let usual = || self.default_max_tokens(chat);
        let body = ChatBody {
            input: known_input(chat),
            temperature: chat.temperature,
            max_output_tokens: max_output_tokens(chat.max_tokens.or_else(usual)),
            top_p: chat.top_p,
            reasoning: chat.effort.map(|effort| Reasoning {
                effort: effort.as_str(),
            }),
            response_format: (chat.format.as_deref())
                .filter(|format| **format != Format::Json)
                .map(FormatBody::of),
            tools,
            tool_choice: request::tool_choice(chat),
            store: (!encoding.without_store).then_some(false),
            stream: !encoding.without_stream,
            model,
            preset,
        };
        http_request::post("/responses".to_owned(), &body)
    }

    fn reader(&self, wants_state: bool) -> Box<dyn StreamReader + '_> {
        Responses.reader(wants_state)
    }

    fn models(&self, page: Option<&str>) -> Request {
        Responses.models(page)
    }

    fn models_page(&self, body: &[u8]) -> Result<ModelPage, Failure> {
        let mut page = Responses.models_page(body)?;
        for model in &mut page.models {
            // All have 0.
            model.created = model.created.filter(|seconds| *seconds > 0);
        }
        Ok(page)
    }

    fn newest_chat_model<'m>(&self, models: &'m [Model]) -> Option<&'m Model> {
        models.iter().find(|model| model.id == SONAR)
    }

    fn failure(&self, status: u16, body: &[u8]) -> Failure {
        Responses.failure(status, body)
    }
}

/// What a request names.
enum Name<'a> {
    /// `vendor/model`
    Model(Cow<'a, str>),
    /// `fast`, `low`, …: a model that Perplexity chooses, with its own instructions and tools.
    Preset(&'a str),
}

impl<'a> Name<'a> {
    /// The name for an id, in which Perplexity's own name may be left out; or what is wrong with it.
    fn of(id: &'a str) -> Result<Self, String> {
        if id.is_empty() || id.contains('/') {
            return Ok(Name::Model(Cow::Borrowed(id)));
        }
        if ENDED.contains(&id) {
            return Err(format!(
                "{id} ended with Perplexity's Chat Completions on 2026-09-27: ask {SONAR}, or one of Perplexity's presets \
                 (fast, low, medium, high, xhigh)"
            ));
        }
        match vendors::known(id).family {
            Some((vendor, Weights::Closed)) if vendor.id != "perplexity" => Err(format!(
                "Perplexity has no model {id}: its ids have the vendor in front, as {}/{id}",
                vendor.id
            )),
            Some(_) => Ok(Name::Model(Cow::Owned(format!("perplexity/{id}")))),
            None => Ok(Name::Preset(id)),
        }
    }
}

/// The conversation without what the Agent API does not know.
fn known_input(chat: &ChatRequest) -> Vec<InputItem<'_>> {
    let mut input = input(chat, true);
    for item in &mut input {
        match item {
            InputItem::Message {
                content: Content::Parts(parts),
                ..
            }
            | InputItem::Output {
                output: Content::Parts(parts),
                ..
            } => parts.iter_mut().for_each(without_detail),
            InputItem::Kept(kept) if kept.get("type").is_some_and(|it| *it == "message") => {
                let parts = kept.get("content").and_then(|parts| parts.as_array());
                let texts = parts.into_iter().flatten();
                let texts = texts.filter_map(|part| part.get("text").and_then(Value::as_str));
                *item = message("assistant", texts.collect::<String>().into());
            }
            _ => {}
        }
    }
    // It knows no other format than a schema.
    if chat.format.as_deref() == Some(&Format::Json) {
        let instruction = "Answer with one JSON object and nothing else.";
        input.insert(0, message("system", instruction.into()));
    }
    input
}

fn message<'a>(role: &'static str, text: Cow<'a, str>) -> InputItem<'a> {
    InputItem::Message {
        kind: "message",
        role,
        content: Content::Text(text),
    }
}

fn without_detail(part: &mut InputPart<'_>) {
    if let InputPart::Image { detail, .. } = part {
        *detail = None;
    }
}

#[derive(Serialize)]
struct ChatBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preset: Option<&'a str>,
    input: Vec<InputItem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<FormatBody<'a>>,
    #[serde(skip_serializing_if = "ToolsBody::is_empty")]
    tools: ToolsBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ChoiceBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<bool>,
    stream: bool,
}

#[derive(Serialize)]
struct Reasoning {
    effort: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ToolsBody<'a> {
    Functions(Vec<ToolBody<'a>>),
    Own([OwnTool; 1]),
}

impl ToolsBody<'_> {
    fn is_empty(&self) -> bool {
        matches!(self, ToolsBody::Functions(tools) if tools.is_empty())
    }
}

/// A tool that Perplexity runs itself.
#[derive(Serialize)]
struct OwnTool {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
