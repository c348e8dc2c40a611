//! Answers of Chat Completions, streamed or whole.
//!
//! Never here: requests.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::ChatCompletions;
use super::inline_reasoning::InlineReasoning;
use crate::conversation;
use crate::facts::Tier;
use crate::finish;
use crate::json::{self, Object as _};
use crate::openai::arguments;
use crate::openai::errors::failure;
use crate::pieces::Pieces;
use crate::sse;
use crate::state::StateCollector;
use crate::{Answer, ErrorKind, Failure, Finish, Stage, StreamReader, ToolCall, Usage};

/// Remembers the calls by their index, and text that may be the beginning of reasoning or of a character.
#[derive(Debug)]
pub(super) struct Reader<'c> {
    service: &'c ChatCompletions,
    /// Positions in `tool_calls` by the provider's index of a call.
    pub(super) places: BTreeMap<u64, usize>,
    inline: InlineReasoning,
    text: Pieces,
    /// Of each of [`REASONING`].
    reasoning: [Pieces; 2],
    arguments: Pieces,
    state: StateCollector,
}

/// What Gemini adds to a call (<https://ai.google.dev/gemini-api/docs/thought-signatures>).
pub(super) const EXTRA_CONTENT: &str = "extra_content";

impl<'c> Reader<'c> {
    pub(super) fn new(service: &'c ChatCompletions, wants_state: bool) -> Self {
        Reader {
            service,
            places: BTreeMap::new(),
            inline: InlineReasoning::default(),
            text: Pieces::default(),
            reasoning: Default::default(),
            arguments: Pieces::default(),
            state: StateCollector::new(wants_state),
        }
    }
}

impl StreamReader for Reader<'_> {
    fn read_event(&mut self, event: &sse::Event<'_>, answer: &mut Answer) -> Result<(), Failure> {
        let Some(payload) = event.payload() else {
            if event.is_done() {
                self.finish(answer);
            }
            return Ok(());
        };
        if event.name == "error" {
            return Err(failure(None, payload));
        }
        self.take(payload, answer).map(|_| ())
    }

    fn end(&mut self, answer: &mut Answer) {
        // Some servers send no `[DONE]`; a finish reason also ends the answer.
        if !answer.complete && answer.native_finish.is_some() {
            self.finish(answer);
        }
        answer.settle_arguments();
    }

    fn read_whole(&mut self, body: &str, answer: &mut Answer) -> Result<(), Failure> {
        if !self.take(body, answer)? {
            return Err(Failure::new(
                ErrorKind::Unavailable,
                "the provider's reply is JSON, but not a chat completion",
            ));
        }
        self.finish(answer);
        answer.settle_arguments();
        Ok(())
    }

    fn state_length(&self) -> usize {
        self.state.length()
    }
}

impl Reader<'_> {
    /// Reads a chunk of a stream, or a whole answer, which have the same structure. Returns whether it is one. A side field of
    /// an unexpected shape must not make the answer fail.
    fn take(&mut self, json: &str, answer: &mut Answer) -> Result<bool, Failure> {
        let chunk = Chunk::read(json)?;
        let is_bare_error = chunk.choices.is_none() && chunk.usage.is_none();
        // `x_groq` is where Groq sends it.
        let usage = chunk.usage;
        let usage = usage.or_else(|| side_members(chunk.x_groq, &["usage"])[0]);
        self.take_usage(usage, answer);
        if let Some(tier) = side_field(chunk.service_tier).as_str() {
            answer.usage.tier = Some(Tier::read(tier));
        }
        // Some errors have no `error` member; MiniMax's is in `base_resp`.
        if chunk.error.is_some()
            || chunk.object.is_some_and(|object| json::is(object, "error"))
            || is_bare_error && (chunk.detail.or(chunk.message).or(chunk.base_resp)).is_some()
        {
            // Output that is sent with an error is billed as well.
            let choices = chunk.choices.into_iter().flat_map(Choice::read_all);
            for choice in choices.flatten().flatten() {
                let _said_by_the_error = self.take_choice(&choice, answer);
            }
            return Err(failure(None, json));
        }
        json::keep(&mut answer.response_id, chunk.id);
        json::keep(&mut answer.model, chunk.model);
        if chunk.citations.is_some() || chunk.search_results.is_some() {
            take_sources(chunk.citations, chunk.search_results, answer);
        }
        let Some(choices) = chunk.choices else {
            return Ok(false);
        };
        for choice in Choice::read_all(choices)?.take(MOST_CHOICES) {
            self.take_choice(&choice?, answer)?;
        }
        Ok(true)
    }

    fn take_usage(&self, usage: Option<&str>, answer: &mut Answer) {
        if usage.is_none_or(|usage| !usage.starts_with('{')) {
            return;
        }
        let [
            input,
            output,
            total,
            cost,
            cache_hits,
            input_details,
            output_details,
        ] = side_members(
            usage,
            &[
                "prompt_tokens",
                "completion_tokens",
                "total_tokens",
                "cost",
                // DeepSeek's (https://api-docs.deepseek.com/guides/kv_cache).
                "prompt_cache_hit_tokens",
                "prompt_tokens_details",
                "completion_tokens_details",
            ],
        );
        let [reasoning] = side_members(output_details, &["reasoning_tokens"]);
        let [cached, written, audio] = side_members(
            input_details,
            &["cached_tokens", "cache_write_tokens", "audio_tokens"],
        );
        let reasoning = json::number(reasoning);
        let apart = match self.service.reasoning_apart {
            true => reasoning.unwrap_or_default(),
            false => 0,
        };
        answer.usage.update(&Usage {
            input_tokens: json::number(input),
            output_tokens: json::number(output).map(|tokens| tokens.saturating_add(apart)),
            reasoning_tokens: reasoning,
            cached_input_tokens: json::number(cached).or(json::number(cache_hits)),
            cache_write_tokens: json::number(written),
            total_tokens: json::number(total),
            // OpenRouter's member, in US dollars.
            audio_input_tokens: json::number(audio),
            cost_usd: side_field(cost).as_f64().filter(|cost| *cost >= 0.0),
            ..Usage::default()
        });
    }

    fn take_choice(&mut self, choice: &Choice<'_>, answer: &mut Answer) -> Result<(), Failure> {
        // We request only one choice; a service that sends no index has only one.
        if json::number(choice.index).is_some_and(|index| index > 0) {
            return Ok(());
        }
        // A whole answer has `message`, and so have the streams of some servers.
        if let Some(delta) = choice.delta.or(choice.message) {
            self.take_delta(&Delta::read(delta)?, answer)?;
        } else if let Some(text) = choice.text {
            // The older Completions, which some relays answer with.
            self.take_text(text, answer)?;
        }
        // Moonshot sends it here (https://platform.moonshot.ai/docs/api/chat).
        self.take_usage(choice.usage, answer);
        // Output that is sent with it was generated, and is billed.
        if let Some(error) = choice.error {
            return Err(failure(None, error));
        }
        let word = match choice.finish_reason {
            Some(word) => json::string(word)?,
            None => return Ok(()),
        };
        if word.is_empty() {
            return Ok(());
        }
        let native = match json::text(choice.native_finish_reason) {
            native if native.is_empty() => word.clone(),
            native => native,
        };
        let finish = finish::meaning(&word);
        answer.finish(finish, native.into_owned());
        match finish {
            Some(Finish::Error) => {
                answer.finish = None;
                let mut failure = Failure::quoting(
                    ErrorKind::Unavailable,
                    "the provider stopped in the middle (finish reason ",
                    &word,
                    ")",
                );
                failure.code = Some(word.into());
                // The provider itself reports it.
                Err(failure.at(Stage::Declined))
            }
            _ => Ok(()),
        }
    }

    fn take_delta(&mut self, delta: &Delta<'_>, answer: &mut Answer) -> Result<(), Failure> {
        let [content, other] = &mut self.reasoning;
        let texts = [
            (REASONING[0], content.text(delta.reasoning_content)),
            (REASONING[1], other.text(delta.reasoning)),
        ];
        if self.state.is_wanted() {
            self.keep_reasoning(&texts, delta.reasoning_details, answer);
        }
        // Some services send the same reasoning under both names.
        let reasoning = texts.iter().rev().find(|(_, text)| !text.is_empty());
        let reasoning = reasoning.map_or("", |(_, text)| text);
        answer.reasoning.push_str(reasoning);
        match delta.content {
            None => {}
            Some(content) if content.starts_with('[') => self.take_parts(content, answer)?,
            Some(content) => self.take_text(content, answer)?,
        }
        let refusal = delta.refusal.map(|refusal| self.text.next(refusal));
        let refusal = refusal.transpose()?.unwrap_or_default();
        if !refusal.is_empty() {
            answer.text.push_str(&refusal);
            answer.finish = Some(Finish::ContentFilter);
        }
        let calls = delta.tool_calls.map(json::elements).transpose()?;
        let mut calls = calls.into_iter().flatten().peekable();
        if calls.peek().is_none()
            && let Some(function) = delta.function_call
        {
            // The deprecated `function_call`: there is only one.
            self.take_call(Some(0), "", Some(function), answer)?;
        }
        for call in calls {
            // Some services send no index.
            let [index, id, function, extra] =
                json::members(call, &["index", "id", "function", EXTRA_CONTENT])?;
            let id = json::text(id);
            self.take_call(json::number(index), &id, function, answer)?;
            if let Some(extra) = extra.filter(|_| self.state.is_wanted()) {
                self.keep_extra(&id, extra, answer);
            }
        }
        Ok(())
    }

    /// Adds a call or a piece of one: a name begins a call, unless that call has it already. A piece without a name belongs
    /// to the call with its id, else with its index, else to the latest one if that is not whole.
    fn take_call(
        &mut self,
        index: Option<u64>,
        id: &str,
        function: Option<&str>,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let called = function.and_then(|called| json::members(called, &["name", "arguments"]).ok());
        let [name, arguments] = called.unwrap_or_default();
        let name = &*json::text(name);
        let arguments = self::arguments(arguments, &mut self.arguments);
        let calls = &answer.tool_calls;
        let by_id = || match id {
            "" => None,
            id => calls.iter().position(|call| call.id == id),
        };
        let by_index = index.and_then(|index| self.places.get(&index).copied());
        let known = if name.is_empty() {
            let is_whole = |call: &ToolCall| {
                index.is_some() && serde_json::from_str::<IgnoredAny>(&call.arguments).is_ok()
            };
            let latest = calls.last().filter(|call| !is_whole(call));
            let latest = latest.map(|_| calls.len() - 1);
            by_id().or(by_index).or(latest)
        } else {
            // Some services give all calls the index 0, others all of them one id.
            let has_name = |at: &usize| calls.get(*at).is_some_and(|call| call.name == name);
            let has_id = |at: &usize| id.is_empty() || calls[*at].id == id;
            let is_open = |at: &usize| index.is_none() || calls[*at].arguments.is_empty();
            let by_index = by_index.filter(has_name).filter(has_id);
            by_index.or_else(|| by_id().filter(has_name).filter(is_open))
        };
        if let Some(call) = known.and_then(|at| answer.tool_calls.get_mut(at)) {
            call.arguments.push_str(&arguments);
            if by_index.is_none() {
                self.places.extend(index.zip(known));
            }
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
        self.places.extend(index.map(|index| (index, at)));
        answer.finish = Some(Finish::ToolCalls);
        Ok(())
    }

    /// Adds what belongs to a call (Gemini's `thought_signature`) to the state, under the call's id. Without an id it is the
    /// last call's.
    fn keep_extra(&mut self, id: &str, extra: &str, answer: &mut Answer) {
        let calls = &answer.tool_calls;
        let call = match id {
            "" => calls.last(),
            id => calls.iter().find(|call| call.id == id),
        };
        let Some(id) = call.map(|call| call.id.clone()) else {
            return;
        };
        let Some(extra) = self.state.piece(extra, answer) else {
            return;
        };
        let added = id.len() + conversation::length(&extra);
        if let Some(member) = self.member(EXTRA_CONTENT, answer) {
            if !member.is_object() {
                *member = Value::Object(Map::new());
            }
            member[id] = extra;
            self.state.grow(added);
        }
    }

    /// Adds the reasoning to the state, under the names that it was received with.
    fn keep_reasoning(
        &mut self,
        texts: &[(&str, Cow<'_, str>)],
        details: Option<&str>,
        answer: &mut Answer,
    ) {
        for (name, text) in texts {
            if !text.is_empty()
                && let Some(member) = self.member(name, answer)
            {
                extend(member, text);
                self.state.grow(text.len());
            }
        }
        let details = details.and_then(|details| self.state.piece(details, answer));
        let Some(Value::Array(details)) = details else {
            return;
        };
        if details.is_empty() {
            return;
        }
        let Some(member) = self.member("reasoning_details", answer) else {
            return;
        };
        let added: usize = details
            .into_iter()
            .map(|detail| add_detail(member, detail))
            .sum();
        self.state.grow(added);
    }

    /// A member of the single piece of the state.
    fn member<'a>(&mut self, name: &str, answer: &'a mut Answer) -> Option<&'a mut Value> {
        if answer.state.is_empty() {
            self.state.keep(Value::Object(Map::new()), answer);
        }
        let piece = answer.state.first_mut()?.as_object_mut()?;
        Some(piece.entry(name).or_insert(Value::Null))
    }

    fn take_parts(&mut self, content: &str, answer: &mut Answer) -> Result<(), Failure> {
        for part in json::elements(content)? {
            // Mistral's reasoning is a list of parts or a string.
            let [reasoning, _] = &mut self.reasoning;
            let [text, thinking] = json::members(part, &["text", "thinking"])?;
            match thinking {
                None => {}
                Some(parts) if parts.starts_with('[') => {
                    for part in json::elements(parts)? {
                        let [text] = json::members(part, &["text"])?;
                        answer.reasoning.push_str(&reasoning.text(text));
                    }
                }
                Some(text) => answer.reasoning.push_str(&reasoning.next(text)?),
            }
            if let Some(text) = text.filter(|text| text.starts_with('"')) {
                self.take_text(text, answer)?;
            }
        }
        Ok(())
    }

    fn take_text(&mut self, raw: &str, answer: &mut Answer) -> Result<(), Failure> {
        let text = self.text.next(raw)?;
        (self.inline).push(&text, &mut answer.text, &mut answer.reasoning);
        Ok(())
    }

    fn finish(&mut self, answer: &mut Answer) {
        (self.inline).finish(&mut answer.text, &mut answer.reasoning);
        answer.complete = true;
    }
}

json::object! {
    /// A chunk of a stream, or a whole answer.
    struct Chunk {
        id,
        object,
        model,
        choices,
        usage,
        service_tier,
        x_groq,
        citations,
        search_results,
        error,
        detail,
        message,
        base_resp,
    }
}

json::object! {
    struct Choice {
        index,
        delta,
        message,
        text,
        usage,
        finish_reason,
        native_finish_reason,
        error,
    }
}

json::object! {
    struct Delta {
        content,
        reasoning,
        reasoning_content,
        refusal,
        reasoning_details,
        tool_calls,
        function_call,
    }
}

/// Members of a side field; none if it is no object, or implausibly large.
fn side_members<'a, const N: usize>(
    raw: Option<&'a str>,
    names: &[&str; N],
) -> [Option<&'a str>; N] {
    let raw = raw.filter(|raw| raw.len() <= LARGEST_SIDE);
    raw.and_then(|raw| json::members(raw, names).ok())
        .unwrap_or([None; N])
}

/// Adds the URLs of sources to the answer; each chunk repeats all of them.
fn take_sources(citations: Option<&str>, search_results: Option<&str>, answer: &mut Answer) {
    let mut sources = strings(side_field(citations).as_array().into_iter().flatten());
    if sources.is_empty() && answer.citations.is_empty() {
        let results = side_field(search_results);
        let results = results.as_array().into_iter().flatten();
        sources = strings(results.map(|result| &result["url"]));
    }
    if !sources.is_empty() {
        answer.citations = sources;
    }
}

/// A side field of any shape; null if it is implausibly large.
pub(super) fn side_field(raw: Option<&str>) -> Value {
    let raw = raw.filter(|raw| raw.len() <= LARGEST_SIDE);
    raw.and_then(json::tree).unwrap_or_default()
}

/// Those of the values that are strings.
fn strings<'v>(values: impl IntoIterator<Item = &'v Value>) -> Vec<String> {
    let strings = values.into_iter().filter_map(Value::as_str);
    strings.take(MOST_SOURCES).map(str::to_owned).collect()
}

fn extend(text: &mut Value, piece: &str) {
    match text {
        Value::String(text) => text.push_str(piece),
        other => *other = piece.into(),
    }
}

/// Adds to the details of reasoning, and returns the approximate number of bytes. Text that arrives in pieces, each in its
/// own entry, is joined; of other members the last value counts.
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

/// The names that reasoning has as text.
const REASONING: [&str; 2] = ["reasoning_content", "reasoning"];

/// Members of a detail that are appended to, piece by piece.
const GROWING: &[&str] = &["text", "summary"];

/// Upper bound on sources in an answer.
const MOST_SOURCES: usize = 1_000;

/// Upper bound on choices that are read; only the first is used.
const MOST_CHOICES: usize = 128;

/// Upper bound on usage, sources or an entry of a list, in bytes of JSON.
const LARGEST_SIDE: usize = 64 << 10;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
