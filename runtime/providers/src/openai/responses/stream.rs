//! Answers of the Responses API, streamed or whole.
//!
//! Never here: requests.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::begin_paragraph;
use crate::facts::Tier;
use crate::finish;
use crate::json::{self, Lenient, Text, str_of};
use crate::openai::arguments;
use crate::openai::errors::failure;
use crate::pieces::Pieces;
use crate::sse;
use crate::state::StateCollector;
use crate::{Answer, ErrorKind, Failure, Finish, Stage, StreamReader, ToolCall, Usage};

/// Remembers which call each item of the output has become.
#[derive(Debug)]
pub(super) struct Reader {
    /// Positions in `tool_calls` by `output_index`.
    pub(super) places: BTreeMap<u64, usize>,
    /// The same by the ids of items, where events have no place.
    items: Vec<(String, usize)>,
    /// How the texts of the current item have arrived so far. Later events repeat them.
    arrived: Arrived,
    text: Pieces,
    reasoning: Pieces,
    arguments: Pieces,
    state: StateCollector,
}

impl Reader {
    pub(super) fn new(wants_state: bool) -> Self {
        Reader {
            places: BTreeMap::new(),
            items: Vec::new(),
            arrived: Arrived::Nothing,
            text: Pieces::default(),
            reasoning: Pieces::default(),
            arguments: Pieces::default(),
            state: StateCollector::new(wants_state),
        }
    }
}

/// The largest units in which an item's texts have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrived {
    Nothing,
    Deltas,
    Parts,
}

impl StreamReader for Reader {
    // An arm per kind of event makes it longer than a function should be.
    fn read_event(&mut self, event: &sse::Event<'_>, answer: &mut Answer) -> Result<(), Failure> {
        let Some(payload) = event.payload() else {
            return Ok(());
        };
        if event.name == "error" {
            return Err(failure(None, payload));
        }
        // `output_index` is the position of the item that this event belongs to.
        let [kind, index, delta, item, response, error] = json::members(
            payload,
            &["type", "output_index", "delta", "item", "response", "error"],
        )?;
        let index = json::number(index);
        let delta = delta.unwrap_or(r#""""#);
        let kind = event.kind(kind);
        match &*kind {
            "response.output_text.delta" => {
                self.arrived = Arrived::Deltas;
                answer.text.push_str(&self.text.next(delta)?);
            }
            "response.refusal.delta" => {
                self.arrived = Arrived::Deltas;
                answer.text.push_str(&self.text.next(delta)?);
                answer.finish = Some(Finish::ContentFilter);
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.arrived = Arrived::Deltas;
                answer.reasoning.push_str(&self.reasoning.next(delta)?);
            }
            "response.reasoning_summary_part.added" => begin_paragraph(&mut answer.reasoning),
            "response.output_text.done"
            | "response.refusal.done"
            | "response.content_part.done"
            | "response.reasoning_summary_text.done"
            | "response.reasoning_text.done" => self.take_done(&kind, payload, answer)?,
            "response.output_item.added" | "response.output_item.done" => {
                let is_done = kind == "response.output_item.done";
                item.map_or(Ok(()), |item| self.take_item(item, index, is_done, answer))?;
            }
            "response.function_call_arguments.delta" => {
                let piece = self.arguments.next(delta)?;
                if let Some(call) = self.call_at(index, payload, answer)? {
                    call.arguments.push_str(&piece);
                }
            }
            "response.function_call_arguments.done" => {
                let [whole] = json::members(payload, &["arguments"])?;
                let whole = whole_arguments(whole);
                if let Some(call) = self.call_at(index, payload, answer)?
                    && !whole.is_empty()
                {
                    call.arguments = whole;
                }
            }
            "error" => return Err(failure(None, payload)),
            _ => match (kind.strip_prefix("response."), response) {
                (Some(status), Some(response)) if STATUSES.contains(&status) => {
                    self.take_response(json::read(response)?, status, answer)?;
                }
                (None, _) if error.is_some() => return Err(failure(None, payload)),
                _ => {}
            },
        }
        Ok(())
    }

    fn is_opening(&self, event: &sse::Event<'_>) -> bool {
        let Some(payload) = event.payload() else {
            return true;
        };
        let kind = json::members(payload, &["type"]).ok();
        OPENING.contains(&&*event.kind(kind.and_then(|[kind]| kind)))
    }

    fn end(&mut self, answer: &mut Answer) {
        answer.settle_arguments();
    }

    fn read_whole(&mut self, body: &str, answer: &mut Answer) -> Result<(), Failure> {
        self.take_response(json::read(body)?, "", answer)
    }

    fn state_length(&self) -> usize {
        self.state.length()
    }
}

impl Reader {
    fn take_item(
        &mut self,
        json: &str,
        place: Option<u64>,
        is_done: bool,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let item: OutputItem<'_> = json::read(json)?;
        self.take_call(&item, place, answer)?;
        if is_done {
            if str_of(&item.kind) != "function_call" {
                self.forget_call(place, answer);
            }
            let searches = &mut answer.usage.searches;
            *searches = (*searches)
                .max(Some(0))
                .map(|sum| sum + u64::from(item.is_search()))
                .filter(|sum| *sum > 0);
            take_refusal(&item, answer)?;
            if self.arrived == Arrived::Nothing {
                take_texts(&item, answer)?;
            }
            self.keep(&item, json, answer);
        }
        self.arrived = Arrived::Nothing;
        Ok(())
    }

    /// Reads a text that is whole. It counts if no delta has brought it.
    fn take_done(&mut self, kind: &str, json: &str, answer: &mut Answer) -> Result<(), Failure> {
        if self.arrived == Arrived::Deltas {
            return Ok(());
        }
        let [text, refusal, part] = json::members(json, &["text", "refusal", "part"])?;
        let [text, refusal] = match part {
            Some(part) => json::members(part, &["text", "refusal"])?,
            None => [text, refusal],
        };
        if refusal.is_some() {
            answer.finish = Some(Finish::ContentFilter);
        }
        let text = json::text(text.or(refusal));
        let side = match kind.starts_with("response.reasoning") {
            true => &mut answer.reasoning,
            false => &mut answer.text,
        };
        // The text of a part, and the part, may both arrive.
        if !text.is_empty() && !side.ends_with(&*text) {
            side.push_str(&text);
        }
        self.arrived = match text.is_empty() {
            true => self.arrived,
            false => Arrived::Parts,
        };
        Ok(())
    }

    /// Reads a response object: the first or last event, or a whole answer. `status` is used if the object has none.
    fn take_response(
        &mut self,
        mut response: ResponseObject<'_>,
        status: &str,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        if let Some(usage) = response.usage.0.take() {
            answer.usage.update(&usage.into());
        }
        let tier = response.service_tier.0.take();
        answer.usage.tier = tier.map(|word| Tier::read(&word.0)).or(answer.usage.tier);
        let has_output = response
            .output
            .is_some_and(|output| output.get().trim_start_matches(['[', ' ']) != "]");
        // With or after output, the provider has not merely declined the request.
        let stage = match has_output {
            true => Stage::Taken,
            false => Stage::Declined,
        };
        if let Some(error) = response.error {
            answer.native_finish = Some(status.to_owned()).filter(|status| !status.is_empty());
            return Err(failure(None, error.get()).at(stage));
        }
        answer.response_id = response
            .id
            .take()
            .and_then(Text::non_empty)
            .or(answer.response_id.take());
        answer.model = response
            .model
            .take()
            .and_then(Text::non_empty)
            .or(answer.model.take());
        let Some((finish, native)) = ending(&response, status, stage)? else {
            return Ok(());
        };
        if let Some(output) = response.output {
            self.take_output(json::read(output.get())?, answer)?;
        }
        answer.finish(finish, native.to_owned());
        answer.complete = true;
        Ok(())
    }

    /// Reads the output in the last event. It repeats what earlier events had, so it counts only where they had nothing.
    fn take_output(&mut self, items: json::List<'_>, answer: &mut Answer) -> Result<(), Failure> {
        let wants_text = answer.text.is_empty();
        let wants_reasoning = answer.reasoning.is_empty();
        let wants_pieces = answer.state.is_empty();
        let mut searches = 0;
        for (place, json) in (0..).zip(items.raw()) {
            let item: OutputItem<'_> = json::read(json)?;
            searches += u64::from(item.is_search());
            self.take_call(&item, Some(place), answer)?;
            if wants_pieces {
                self.keep(&item, json, answer);
            }
            take_refusal(&item, answer)?;
            let is_new = match str_of(&item.kind) {
                "message" => wants_text,
                _ => wants_reasoning,
            };
            if is_new {
                take_texts(&item, answer)?;
            }
        }
        let known = answer.usage.searches;
        answer.usage.searches = known.max(Some(searches).filter(|sum| *sum > 0));
        Ok(())
    }

    /// Reads an item of the output if it is a call. Each may arrive three times: when it begins, when it is complete, and in
    /// the last event.
    fn take_call(
        &mut self,
        item: &OutputItem<'_>,
        place: Option<u64>,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let name = str_of(&item.name.0);
        if str_of(&item.kind) != "function_call" || name.is_empty() {
            return Ok(());
        }
        let call = ToolCall {
            id: str_of(&item.call_id.0).to_owned(),
            name: name.to_owned(),
            arguments: whole_arguments(item.arguments.map(RawValue::get)),
        };
        answer.finish = Some(Finish::ToolCalls);
        let same_id = |known: &ToolCall| !call.id.is_empty() && known.id == call.id;
        let known = answer.tool_calls.iter().position(same_id);
        let known = known.or_else(|| self.places.get(&place?).copied());
        match known.and_then(|at| answer.tool_calls.get_mut(at)) {
            Some(known) => {
                known.name = call.name;
                if !call.id.is_empty() {
                    known.id = call.id;
                }
                if !call.arguments.is_empty() {
                    known.arguments = call.arguments;
                }
            }
            None => {
                let at = answer.tool_calls.len();
                answer.call(call)?;
                match place {
                    Some(place) => drop(self.places.insert(place, at)),
                    None => self.items.push((str_of(&item.id.0).to_owned(), at)),
                }
            }
        }
        Ok(())
    }

    /// Removes the call at a place where something else is in the end: Perplexity announces its own search as a call.
    fn forget_call(&mut self, place: Option<u64>, answer: &mut Answer) {
        let Some(at) = place.and_then(|place| self.places.remove(&place)) else {
            return;
        };
        answer.tool_calls.remove(at);
        let places = self.places.values_mut();
        let items = self.items.iter_mut().map(|(_, at)| at);
        places
            .chain(items)
            .filter(|other| **other > at)
            .for_each(|other| *other -= 1);
        if answer.tool_calls.is_empty() {
            answer.finish = answer.finish.filter(|it| *it != Finish::ToolCalls);
        }
    }

    /// The call that an event with arguments belongs to; the newest if it has neither a place nor the id of an item.
    fn call_at<'a>(
        &self,
        place: Option<u64>,
        json: &str,
        answer: &'a mut Answer,
    ) -> Result<Option<&'a mut ToolCall>, Failure> {
        let at = match place {
            Some(place) => self.places.get(&place).copied(),
            None => {
                let [id] = json::members(json, &["item_id"])?;
                let id = json::text(id);
                let item = self.items.iter().find(|(item, _)| *item == id);
                let newest = || answer.tool_calls.len().checked_sub(1);
                item.map(|(_, at)| *at).or_else(newest)
            }
        };
        Ok(at.and_then(|at| answer.tool_calls.get_mut(at)))
    }

    /// Adds an item of the output to the state if it can be sent again.
    fn keep(&mut self, item: &OutputItem<'_>, json: &str, answer: &mut Answer) {
        if REPLAYED.contains(&str_of(&item.kind)) {
            self.state.keep_json(json, answer);
        }
    }
}

#[derive(Deserialize)]
struct ResponseObject<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    incomplete_details: Option<IncompleteDetails<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(default)]
    usage: Lenient<UsageObject>,
    #[serde(borrow, default)]
    service_tier: Lenient<Text<'a>>,
}

#[derive(Deserialize)]
struct IncompleteDetails<'a> {
    #[serde(borrow)]
    reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct OutputItem<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    summary: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    call_id: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    name: Lenient<Text<'a>>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    action: Lenient<Action<'a>>,
}

impl OutputItem<'_> {
    /// Whether it is a search, which is charged; opening a page is not.
    fn is_search(&self) -> bool {
        let action = self.action.0.as_ref();
        str_of(&self.kind) == "web_search_call"
            && action.is_none_or(|action| matches!(str_of(&action.kind), "" | "search"))
    }
}

#[derive(Deserialize)]
struct Action<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct OutputPart<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    refusal: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct UsageObject {
    input_tokens: Lenient<u64>,
    input_tokens_details: Lenient<InputDetails>,
    output_tokens: Lenient<u64>,
    output_tokens_details: Lenient<OutputDetails>,
    total_tokens: Lenient<u64>,
    cost: Lenient<CostObject>,
}

impl From<UsageObject> for Usage {
    fn from(usage: UsageObject) -> Self {
        let input = usage.input_tokens_details.0.unwrap_or_default();
        let output = usage.output_tokens_details.0.unwrap_or_default();
        Usage {
            input_tokens: usage.input_tokens.0,
            output_tokens: usage.output_tokens.0,
            reasoning_tokens: output.reasoning_tokens.0,
            cached_input_tokens: input.cached_tokens.0,
            cache_write_tokens: input.cache_write_tokens.0,
            total_tokens: usage.total_tokens.0,
            cost_usd: (usage.cost.0.and_then(|cost| cost.total_cost.0)).filter(|cost| *cost >= 0.0),
            ..Usage::default()
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InputDetails {
    cached_tokens: Lenient<u64>,
    cache_write_tokens: Lenient<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OutputDetails {
    reasoning_tokens: Lenient<u64>,
}

/// Perplexity's.
#[derive(Deserialize, Default)]
#[serde(default)]
struct CostObject {
    total_cost: Lenient<f64>,
}

fn whole_arguments(raw: Option<&str>) -> String {
    arguments(raw, &mut Pieces::default())
}

/// Adds the texts of an item that is whole.
fn take_texts(item: &OutputItem<'_>, answer: &mut Answer) -> Result<(), Failure> {
    match str_of(&item.kind) {
        "message" => {
            for part in parts(item.content)? {
                let part = part?;
                answer.text.push_str(str_of(&part.text));
                answer.text.push_str(str_of(&part.refusal));
            }
        }
        "reasoning" => {
            for part in parts(item.summary)? {
                begin_paragraph(&mut answer.reasoning);
                answer.reasoning.push_str(str_of(&part?.text));
            }
            for part in parts(item.content)? {
                answer.reasoning.push_str(str_of(&part?.text));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Marks an answer that is a refusal.
fn take_refusal(item: &OutputItem<'_>, answer: &mut Answer) -> Result<(), Failure> {
    if str_of(&item.kind) == "message" {
        for part in parts(item.content)? {
            if str_of(&part?.kind) == "refusal" {
                answer.finish = Some(Finish::ContentFilter);
            }
        }
    }
    Ok(())
}

fn parts(
    list: Option<&RawValue>,
) -> Result<impl Iterator<Item = Result<OutputPart<'_>, Failure>>, Failure> {
    let list = list.map(|list| json::read::<json::List<'_>>(list.get()));
    Ok(list.transpose()?.unwrap_or_default().read())
}

/// How a response ends: the finish reason, if it is known, and the provider's word for it. None if it has not ended. `event`
/// is the status that the event is named after. It decides, but some servers close every response as completed.
fn ending<'r>(
    response: &'r ResponseObject<'_>,
    event: &'r str,
    stage: Stage,
) -> Result<Option<(Option<Finish>, &'r str)>, Failure> {
    let own = str_of(&response.status);
    let native = match event {
        "" | "completed" if !matches!(own, "" | "queued" | "in_progress") => own,
        "" => own,
        event => event,
    };
    Ok(Some(match native {
        "completed" => (Some(Finish::Stop), native),
        // https://platform.openai.com/docs/api-reference/responses/object
        "incomplete" => {
            let details = response.incomplete_details.as_ref();
            match details.map_or("", |details| str_of(&details.reason)) {
                "" => (Some(Finish::Length), native),
                reason => (finish::meaning(reason), reason),
            }
        }
        "cancelled" => (Some(Finish::Error), native),
        "failed" => {
            return Err(Failure::new(
                ErrorKind::Unavailable,
                "the provider failed without an explanation",
            )
            .at(stage));
        }
        "" => {
            return Err(Failure::new(
                ErrorKind::Unavailable,
                "the provider's reply is JSON, but not a response object",
            ));
        }
        _ => return Ok(None),
    }))
}

/// Types of items that are sent again.
pub(super) const REPLAYED: &[&str] = &["reasoning", "message", "function_call"];

/// Events that arrive before anything is generated.
const OPENING: &[&str] = &[
    "response.created",
    "response.queued",
    "response.in_progress",
    "keepalive",
];

/// Values of `status`; the events with a response object are named after them.
const STATUSES: &[&str] = &[
    "created",
    "queued",
    "in_progress",
    "completed",
    "incomplete",
    "failed",
    "cancelled",
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
