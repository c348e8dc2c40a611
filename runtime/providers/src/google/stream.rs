//! Answers of `generateContent`, streamed or whole.
//!
//! Never here: requests.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::errors::failure;
use crate::facts::Tier;
use crate::finish;
use crate::json::{self, Lenient, Text, str_of};
use crate::pieces::Pieces;
use crate::sse;
use crate::state::StateCollector;
use crate::{Answer, ErrorKind, Failure, Finish, Stage, StreamReader, ToolCall, Usage};

/// Chunks are independent of each other except for the state and for characters that are cut in two.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) state: StateCollector,
    text: Pieces,
    thoughts: Pieces,
}

impl Reader {
    pub(super) fn new(wants_state: bool) -> Self {
        Reader {
            state: StateCollector::new(wants_state),
            text: Pieces::default(),
            thoughts: Pieces::default(),
        }
    }
}

impl StreamReader for Reader {
    fn read_event(&mut self, event: &sse::Event<'_>, answer: &mut Answer) -> Result<(), Failure> {
        match event.payload() {
            Some(payload) if event.name == "error" => Err(failure(None, payload)),
            Some(payload) => self.take_chunk(json::read(payload)?, answer),
            None => Ok(()),
        }
    }

    fn end(&mut self, answer: &mut Answer) {
        // There is no closing event, and more may follow a reason: some models and relays repeat it in each chunk.
        answer.complete = answer.native_finish.is_some();
    }

    fn read_whole(&mut self, body: &str, answer: &mut Answer) -> Result<(), Failure> {
        if body.trim_start().starts_with('[') {
            // Without `alt=sse`, which a proxy may drop, the stream is an array.
            for chunk in json::read::<json::List<'_>>(body)?.read() {
                self.take_chunk(chunk?, answer)?;
            }
        } else {
            self.take_chunk(json::read(body)?, answer)?;
        }
        self.end(answer);
        Ok(())
    }

    fn state_length(&self) -> usize {
        self.state.length()
    }
}

impl Reader {
    fn take_chunk(&mut self, chunk: Chunk<'_>, answer: &mut Answer) -> Result<(), Failure> {
        if let Some(counts) = chunk.usage_metadata.0 {
            take_usage(&counts, &mut answer.usage);
        }
        if let Some(error) = chunk.error {
            // Output that is sent with an error is billed as well.
            let has_output = chunk.candidates.is_some_and(|it| !it.is_empty());
            let failure = failure(None, error.get());
            return Err(match has_output {
                true => failure.at(Stage::Taken),
                false => failure,
            });
        }
        answer.response_id = chunk
            .response_id
            .and_then(Text::non_empty)
            .or(answer.response_id.take());
        answer.model = chunk
            .model_version
            .and_then(Text::non_empty)
            .or(answer.model.take());
        for candidate in chunk.candidates.unwrap_or_default().read() {
            let candidate: Candidate<'_> = candidate?;
            if candidate.index.0.unwrap_or_default() == 0 {
                self.take_candidate(candidate, answer)?;
                break;
            }
        }
        if let Some(feedback) = chunk.prompt_feedback {
            let filter = |_: &str| Some(Finish::ContentFilter);
            let message = feedback.block_reason_message;
            take_reason(feedback.block_reason, filter, message, answer);
        }
        Ok(())
    }

    fn take_candidate(
        &mut self,
        candidate: Candidate<'_>,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let grounding = candidate.grounding_metadata.0.as_ref();
        if let Some(queries) = grounding.and_then(|it| it.web_search_queries.as_ref()) {
            let searches = queries.raw().count() as u64;
            answer.usage.searches = answer
                .usage
                .searches
                .max(Some(searches).filter(|it| *it > 0));
        }
        let parts = candidate.content.and_then(|content| content.parts);
        for part in parts.unwrap_or_default().read() {
            let part: Piece<'_> = part?;
            if let Some(call) = part.function_call {
                let call: FunctionCall<'_> = json::read(call.get())?;
                if let Some(name) = call.name.and_then(Text::non_empty) {
                    answer.call(ToolCall {
                        id: str_of(&call.id).to_owned(),
                        name,
                        arguments: call.args.map_or("{}", RawValue::get).to_owned(),
                    })?;
                }
            }
            let (side, pieces) = match part.thought.0 {
                Some(true) => (&mut answer.reasoning, &mut self.thoughts),
                _ => (&mut answer.text, &mut self.text),
            };
            let text = part.text.map(|text| pieces.next(text.get()));
            let text = text.transpose()?.unwrap_or_default();
            side.push_str(&text);
            self.keep(&part, &text, answer);
        }
        let native = str_of(&candidate.finish_reason);
        if MALFORMED.contains(&native) {
            let why = str_of(&candidate.finish_message);
            let mut failure = Failure::quoting(
                ErrorKind::Unavailable,
                "the model wrote a tool call that cannot be carried out: ",
                if why.is_empty() { native } else { why },
                "",
            );
            failure.code = Some(native.into());
            return Err(failure);
        }
        let (reason, message) = (candidate.finish_reason, candidate.finish_message);
        take_reason(reason, finish::meaning, message, answer);
        Ok(())
    }

    /// Adds a part to the state. Consecutive texts are joined unless one has a signature. Thoughts are only for people, and
    /// need not be sent back.
    fn keep(&mut self, part: &Piece<'_>, text: &str, answer: &mut Answer) {
        let signature = str_of(&part.thought_signature);
        let is_thought = part.thought.0 == Some(true);
        let is_plain = signature.is_empty() && part.function_call.is_none();
        if !self.state.is_wanted() || is_plain && (is_thought || text.is_empty()) {
            return;
        }
        if is_plain
            && let Some(Value::Object(last)) = answer.state.last_mut()
            && last.len() == 1
            && let Some(Value::String(earlier)) = last.get_mut("text")
        {
            earlier.push_str(text);
            self.state.grow(text.len());
            return;
        }
        let mut item = Map::new();
        let mut set = |name: &str, value: Value| drop(item.insert(name.to_owned(), value));
        match part
            .function_call
            .map(|call| self.state.piece(call.get(), answer))
        {
            Some(Some(call)) => set("functionCall", call),
            Some(None) => return,
            None => set("text", text.into()),
        }
        if is_thought {
            set("thought", true.into());
        }
        if !signature.is_empty() {
            set("thoughtSignature", signature.into());
        }
        self.state.keep(item.into(), answer);
    }
}

/// Finish reasons of a tool call that is of no use (<https://ai.google.dev/api/generate-content#FinishReason>). The next
/// answer may be better.
const MALFORMED: &[&str] = &[
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
];

/// A whole answer or a chunk, which have the same structure.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(borrow)]
    candidates: Option<json::List<'a>>,
    #[serde(borrow)]
    prompt_feedback: Option<PromptFeedback<'a>>,
    #[serde(borrow)]
    model_version: Option<Text<'a>>,
    #[serde(borrow)]
    response_id: Option<Text<'a>>,
    #[serde(default)]
    usage_metadata: Lenient<UsageMetadata>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(default)]
    index: Lenient<u64>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    #[serde(borrow)]
    finish_message: Option<Text<'a>>,
    #[serde(borrow, default)]
    grounding_metadata: Lenient<Grounding<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grounding<'a> {
    #[serde(borrow)]
    web_search_queries: Option<json::List<'a>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    parts: Option<json::List<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(default)]
    thought: Lenient<bool>,
    #[serde(borrow)]
    function_call: Option<&'a RawValue>,
    #[serde(borrow)]
    thought_signature: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct FunctionCall<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromptFeedback<'a> {
    #[serde(borrow)]
    block_reason: Option<Text<'a>>,
    #[serde(borrow)]
    block_reason_message: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UsageMetadata {
    prompt_token_count: Lenient<u64>,
    tool_use_prompt_token_count: Lenient<u64>,
    cached_content_token_count: Lenient<u64>,
    candidates_token_count: Lenient<u64>,
    thoughts_token_count: Lenient<u64>,
    total_token_count: Lenient<u64>,
    prompt_tokens_details: Lenient<Vec<Modality>>,
    candidates_tokens_details: Lenient<Vec<Modality>>,
    service_tier: Lenient<String>,
}

/// The tokens of one kind of input or output.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Modality {
    modality: Lenient<String>,
    token_count: Lenient<u64>,
}

/// Sets the finish reason if there is one, and what the provider adds to it.
fn take_reason(
    reason: Option<Text<'_>>,
    meaning: impl Fn(&str) -> Option<Finish>,
    message: Option<Text<'_>>,
    answer: &mut Answer,
) {
    let reason = reason.and_then(Text::non_empty);
    // The "unset" of Protocol Buffers: FINISH_REASON_UNSPECIFIED, BLOCK_REASON_UNSPECIFIED.
    let Some(reason) = reason.filter(|reason| !reason.ends_with("_UNSPECIFIED")) else {
        return;
    };
    answer.finish(meaning(&reason), reason);
    if let Some(message) = message.and_then(Text::non_empty) {
        answer.finish_message = Some(message);
    }
}

/// Later counts replace earlier ones.
pub(super) fn take_usage(counts: &UsageMetadata, usage: &mut Usage) {
    let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    };
    let of_kind = |details: &Lenient<Vec<Modality>>, kind: &str| {
        let details = details.0.iter().flatten();
        let mut details = details.filter(|it| it.modality.0.as_deref() == Some(kind));
        details.next().and_then(|it| it.token_count.0)
    };
    usage.update(&Usage {
        audio_input_tokens: of_kind(&counts.prompt_tokens_details, "AUDIO"),
        image_input_tokens: of_kind(&counts.prompt_tokens_details, "IMAGE"),
        image_output_tokens: of_kind(&counts.candidates_tokens_details, "IMAGE"),
        tier: counts.service_tier.0.as_deref().map(Tier::read),
        input_tokens: sum(
            counts.prompt_token_count.0,
            counts.tool_use_prompt_token_count.0,
        ),
        output_tokens: sum(
            counts.candidates_token_count.0,
            counts.thoughts_token_count.0,
        ),
        reasoning_tokens: counts.thoughts_token_count.0,
        cached_input_tokens: counts.cached_content_token_count.0,
        total_tokens: counts.total_token_count.0,
        ..Usage::default()
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
