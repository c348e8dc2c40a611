//! The families of the mock provider: what is known of each wire format, for its replies and for the tests that run for
//! all of them. One file per family, and the list below.
//!
//! Here: shapes, as in the providers' documentation, and what every family must have ([`Format`]). The parent modules
//! decide when they are sent. Never here: assertions, or what only one family's tests need.

mod chat_completions;
mod generate_content;
mod messages;
mod responses;

use serde_json::{Value, json};

use super::{Ending, Request, Served};

/// Makes [`Family`]. A row: the name of the variant, and its file's constant.
macro_rules! families {
    ($($(#[$doc:meta])* $variant:ident = $format:expr;)*) => {
        /// A wire format, and the folder of the mock provider where it is spoken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Family {
            $($(#[$doc])* $variant,)*
        }

        impl Family {
            pub const ALL: [Self; [$(stringify!($variant)),*].len()] = [$(Self::$variant),*];

            /// What is known of it.
            pub fn format(self) -> &'static dyn Format {
                match self {
                    $(Self::$variant => $format,)*
                }
            }
        }
    };
}

families! {
    /// Responses, under `/openai/v1`.
    OpenAi = responses::FORMAT;
    /// Messages, under `/anthropic`.
    Anthropic = messages::FORMAT;
    /// generateContent, under `/google`.
    Google = generate_content::FORMAT;
    /// Chat Completions, under `/compatible/v1`; needs no key, like a local runtime. The path may name a deployment, as
    /// Azure's does.
    Compatible = chat_completions::FORMAT;
}

impl Family {
    /// Those of the three main vendors, which [`Provider::env`](super::Provider::env) sets up.
    pub const NATIVE: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Google];

    /// The id of the gateway's provider that speaks it, where one is built in.
    pub fn id(self) -> &'static str {
        self.format().id()
    }

    /// The key that [`Provider::env`](super::Provider::env) sets. The mock accepts any other as well.
    pub fn key(self) -> &'static str {
        self.format().key()
    }

    /// A chat model of its list, with the family's prefix.
    pub fn model(self) -> &'static str {
        self.format().model()
    }

    pub(super) fn of_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| {
            path.strip_prefix(family.format().folder())
                .is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

/// A status and a message.
pub type Refusal = (u16, String);

/// What every family has. Events are payloads: one with a `type` is sent as an event of that name.
pub trait Format: Sync {
    // ------------------------------------------------------------------------------------------ its place

    /// See [`Family::id`].
    fn id(&self) -> &'static str;

    /// See [`Family::key`].
    fn key(&self) -> &'static str;

    /// See [`Family::model`].
    fn model(&self) -> &'static str;

    /// A model that reasons, and accepts its reasoning back.
    fn reasoning_model(&self) -> &'static str {
        self.model()
    }

    /// The start of its paths; the base URL ends in it.
    fn folder(&self) -> &'static str;

    /// The gateway's variables for its base URL and its key.
    fn variables(&self) -> [&'static str; 2];

    /// The path of its list of models, below the folder.
    fn list_path(&self) -> &'static str;

    /// Whether this is a path of its chats, below the folder.
    fn is_chat_path(&self, path: &str) -> bool;

    /// The header in which it names a request.
    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    // ------------------------------------------------------------------------------------------- requests

    /// The first member of the body of a chat that the service does not know; none if it takes any.
    fn unknown_member(&self, _body: &Value) -> Option<String> {
        None
    }

    /// Checks that the key is where the family wants it, and the query.
    ///
    /// # Errors
    /// What is wrong.
    fn check_head(&self, request: &Request) -> Result<(), Refusal> {
        match request.has_bearer() {
            true => Ok(()),
            false => Err(no_key("Authorization: Bearer")),
        }
    }

    /// What is wrong with the body of a chat, an object.
    fn problem(&self, body: &Value) -> Option<&'static str> {
        problem_of_most(body, "messages", "messages: Field required")
    }

    /// The model that a request names.
    fn model_of(&self, request: &Request) -> Option<String> {
        Some(request.json()["model"].as_str()?.to_owned())
    }

    /// The members of a body that have its turns, and of a turn that has its content.
    fn turns(&self) -> [&'static str; 2] {
        ["messages", "content"]
    }

    /// Its names for a parameter, in lower case and without underscores, beside the usual ones.
    fn names_of(&self, _parameter: &str) -> &'static [&'static str] {
        &[]
    }

    /// A valid chat, to be sent without the gateway: path, headers, body.
    fn request(&self, model: &str, text: &str) -> (String, &'static str, Value);

    // -------------------------------------------------------------------------------------------- answers

    /// A streamed answer in these deltas.
    fn answer(&self, deltas: &[String]) -> Stream;

    /// A streamed answer with reasoning and text (no event for an empty one) and this ending.
    fn told(&self, reasoning: &str, text: &str, ending: Ending) -> Vec<Value>;

    /// What follows the last event of a stream.
    fn mark_of_end(&self) -> &'static str {
        ""
    }

    /// Whether an answer names its model.
    fn names_model(&self) -> bool {
        true
    }

    /// Where an event has a piece of the text.
    fn text_place(&self) -> &'static str;

    /// The answer as one JSON body.
    fn whole(&self, text: &str) -> Value;

    // ---------------------------------------------------------------------------------------------- lists

    /// A page of its list of models.
    ///
    /// # Errors
    /// What is wrong with the query.
    fn list(&self, query: &str) -> Result<Value, Refusal>;

    /// The list of a proxy in front of it: chat models with these ids.
    fn list_of(&self, ids: &mut dyn Iterator<Item = String>) -> Value {
        let entry = |id| json!({"id": id, "type": "model"});
        json!({"data": ids.map(entry).collect::<Vec<_>>()})
    }

    /// The whole list of a service that has these models.
    fn served_list(&self, models: &[&Served]) -> Value;

    // --------------------------------------------------------------------------------------------- errors

    /// What is said of a model that is not there, or does not chat.
    fn no_model(&self, id: &str) -> String {
        format!("The model `{id}` does not exist or you do not have access to it.")
    }

    /// The error for a member that the service does not know.
    fn unknown_member_error(&self, name: &str) -> Value {
        self.refusal(name)
    }

    /// The body of an error of this status.
    fn error(&self, status: u16, message: &str) -> Value;

    /// The error inside a stream that began well.
    fn stream_error(&self, message: &str) -> Value;

    /// No credit left.
    fn quota(&self) -> (u16, Value);

    /// A key that is not valid; families that repeat the key do so here.
    fn key_refused(&self) -> (u16, Value) {
        let said = "Incorrect API key provided: {{credential}}.";
        (401, self.error(401, said))
    }

    /// The error for a parameter that the model does not support.
    fn refusal(&self, name: &str) -> Value;

    /// A parameter that it may refuse, and its name for it.
    fn refusable(&self) -> [&'static str; 2] {
        ["max_tokens", "max_tokens"]
    }

    /// Words of errors that may pass.
    fn transient(&self) -> [&'static str; 2];

    /// The word of an error that does not.
    fn lasting(&self) -> &'static str {
        "invalid_request_error"
    }

    /// Streams that fail before anything was generated: they are free, so they are tried again.
    fn free(&self) -> Vec<String>;

    /// Events after which an error is charged.
    fn charged(&self) -> Vec<Value>;

    /// Replies with an error that is charged.
    fn charged_alone(&self) -> Vec<Value>;

    // -------------------------------------------------------------------------------------- conversations

    /// A stream in which the model reasons, if it shows that, and calls `weather` with the id `call_9` for Oslo, the
    /// arguments in two pieces; and how many of its events come before the second piece is whole. None if calls come whole.
    fn weather(&self) -> (Vec<Value>, Option<usize>);

    /// What the next request must have of the reasoning and the call, and of the result `4 C`, by place.
    fn weather_sent_back(&self) -> Vec<(&'static str, Value)>;

    /// An item of a state in which `SECRET-STATE` is to be sent back; none if the gateway must not accept one made up.
    fn state_item(&self) -> Option<Value>;

    /// The content of a user's turn of the text `What is this?`, an image as data, one at an address, and a PDF; none
    /// where it takes no files. In that case without the last.
    fn media(&self) -> (Value, bool);

    /// Where a request has the schema of the answer.
    fn schema_place(&self) -> &'static str;
}

/// The events of a streamed answer.
#[derive(Debug)]
pub struct Stream {
    pub opening: Vec<Value>,
    pub deltas: Vec<Value>,
    pub closing: Vec<Value>,
}

pub(super) const INPUT_TOKENS: usize = 12;
pub(super) const CREATED: u64 = 1_790_000_000;

/// Collects events, leaving out those without a text.
#[derive(Default)]
struct Events(Vec<Value>);

impl Events {
    fn say(&mut self, text: &str, event: impl Fn(&str) -> Value) {
        if !text.is_empty() {
            self.0.push(event(text));
        }
    }
}

fn no_key(wanted: &str) -> Refusal {
    let said = format!("no API key provided: header {wanted} is missing");
    (401, said)
}

/// What is wrong with a chat that has a model, `stream`, and turns.
fn problem_of_most(body: &Value, turns: &str, missing: &'static str) -> Option<&'static str> {
    match body {
        _ if body["model"].as_str().is_none_or(str::is_empty) => Some("model: Field required"),
        _ if body["stream"] != true => Some("stream: this mock only streams"),
        _ if !is_filled(&body[turns]) => Some(missing),
        _ => None,
    }
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// The first member of an object that is not one of these.
fn member_beside(object: &Value, known: &[&str]) -> Option<String> {
    let mut names = object.as_object()?.keys();
    names.find(|name| !known.contains(&name.as_str())).cloned()
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// A user's turn.
fn user_turn(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}
