//! The built-in echo: a provider without a network, for a first run, demonstrations and benchmarks.
//!
//! Never here: anything that depends on time or chance.

use std::sync::Arc;

use super::{Plan, Reply, model_of, price, resolve::Target};
use crate::{
    call,
    provider::{Answer, ChatRequest, Finish, Model, Role, Usage},
    settings::{Kind, Settings},
};

/// The only model it lists; it answers to any name.
const MODEL: &str = "mock-echo";

/// Answers a request with the last user text, which is taken out of it where nobody else needs it: it may be long. It counts words
/// as tokens.
pub fn answer(request: &mut ChatRequest, answer: &mut Answer) {
    let input: u64 = request.messages.iter().map(|m| words(&m.all_text())).sum();
    let mut messages = request.messages.iter();
    let asked = messages.rposition(|message| message.role == Role::User);
    let text = asked.map(|asked| match Arc::get_mut(&mut request.messages) {
        Some(messages) => messages[asked].take_text(),
        // Others are asked the same.
        None => request.messages[asked].all_text().into_owned(),
    });
    let text = text.unwrap_or_default();
    let output = match &request.messages[..] {
        // It was counted already.
        [only] if only.role == Role::User => input,
        _ => words(&text),
    };
    answer.text = text;
    answer.finish = Some(Finish::Stop);
    answer.usage = Usage {
        input_tokens: Some(input),
        output_tokens: Some(output),
        total_tokens: Some(input + output),
        ..Usage::default()
    };
    answer.complete = true;
}

/// Words are what stands between spaces and control characters. Eight bytes are looked at together: compiled for size,
/// the splitting iterators of std took half the time of a long call.
fn words(text: &str) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    let mut words = 0;
    let mut before = 0;
    let mut count = |bytes: &[u8; 8]| {
        let bytes = u64::from_le_bytes(*bytes);
        // The highest bit of each byte that is part of a word, and of each that is the first of one.
        let inside = (((bytes & !HIGHS) + ONES * 0x5f) | bytes) & HIGHS;
        let first = inside & !((inside << 8) | before);
        before = inside >> 56;
        words += (first >> 7).wrapping_mul(ONES) >> 56;
    };
    let (chunks, rest) = text.as_bytes().as_chunks();
    chunks.iter().for_each(&mut count);
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    count(&last);
    words
}

/// Whether the first target of a plan is an echo: nobody has to wait for that.
pub fn is_asked(settings: &Settings, plan: &Plan) -> bool {
    let kind = |target: &Target| settings.providers[target.provider].kind;
    plan.targets.first().map(kind) == Some(Kind::Mock)
}

/// Replies to such a plan, which is then of no use any more. The reply is written where it stays: it is large, and would
/// be copied twice.
pub fn reply(settings: &Settings, plan: &mut Plan, reply: &mut Reply) {
    answer(&mut plan.request, &mut reply.answer);
    if let Some(first) = plan.targets.first() {
        reply
            .provider
            .clone_from(&settings.providers[first.provider].id);
        reply.model.push_str(match model_of(first) {
            "" => MODEL,
            named => named,
        });
    }
    price::charge(settings, reply);
    call::note(reply.asked());
    if let Some(most) = plan.max_output_chars {
        reply.shorten(most);
    }
}

/// Its model list.
pub fn models() -> Vec<Model> {
    vec![Model {
        id: MODEL.into(),
        chat: true,
        ..Model::default()
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_stands_between_spaces() {
        for text in [
            "",
            " ",
            "a",
            " a  b\tc\n",
            "é ü",
            "one two\u{a0}three",
            "\r\n.\u{c}",
        ] {
            let expected = text.split_ascii_whitespace().count() as u64;
            assert_eq!(words(text), expected, "{text:?}");
        }
    }
}
