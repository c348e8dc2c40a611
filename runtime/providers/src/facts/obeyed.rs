//! Every row of the table goes through the request builder with each effort and each sampling argument, and the body is held
//! against the words of the row, which are read here anew.

use std::collections::BTreeMap;

use serde_json::Value;

use super::COMPILED;
use crate::openai::chat_completions::PLAIN;
use crate::presets::OPENAI_CHAT;
use crate::testing::{body, request, weather};
use crate::*;

/// The cells of a row by their columns.
type Cells<'t> = BTreeMap<&'t str, &'t str>;

fn rows(provider: &str) -> Vec<Cells<'static>> {
    let names: Vec<&str> = COMPILED.lines().nth(1).unwrap().split('\t').collect();
    let begin = format!("\n[{provider}]\n");
    let rows = COMPILED.split_once(&*begin).unwrap().1;
    let rows = rows.split("\n[").next().unwrap().lines();
    let cells = |row: &'static str| {
        let cells = row.split('\t').chain(std::iter::repeat(""));
        names.iter().copied().zip(cells).collect::<Cells<'_>>()
    };
    let mut rows: Vec<Cells<'_>> = rows.map(cells).collect();
    rows.retain(|row| row["use"] == "chat");
    rows
}

/// Whether the row has this effort, or no word about efforts.
fn knows(row: &Cells<'_>, effort: &str) -> bool {
    row["efforts"].is_empty() || row["efforts"].split(',').any(|known| known == effort)
}

fn has(row: &Cells<'_>, column: &str, word: &str) -> bool {
    row[column].split(' ').any(|it| it == word)
}

/// A request for a row's model with an effort, which can be none, and both sampling arguments.
fn asked(
    codec: &dyn Codec,
    row: &Cells<'_>,
    effort: Option<ReasoningEffort>,
    sampling: [bool; 2],
) -> Value {
    let facts = Facts::default();
    let mut chat = ChatRequest {
        temperature: sampling[0].then_some(0.5),
        top_p: sampling[1].then_some(0.9),
        effort,
        include_reasoning: true,
        max_tokens: Some(60_000),
        tools: vec![weather()].into(),
        tool_choice: Some(ToolChoice::Required),
        ..request(row["id"], &[(Role::User, "Hi")])
    };
    // As the gateway does for a provider at its own address.
    if codec.vendor().is_none() {
        let section = [
            "mistral", "xai", "deepseek", "groq", "moonshot", "zai", "cerebras",
        ];
        let found = section
            .iter()
            .find_map(|section| facts.row(section, row["id"]));
        chat.rules = found.map(|row| row.rules());
    }
    let warnings = codec.adapt(&mut chat);
    let body = body(codec, &chat);
    // Whatever was left out or changed was said.
    let is_all = body.to_string().contains("0.5") == sampling[0]
        && body.to_string().contains("0.9") == sampling[1];
    assert!(is_all || !warnings.is_empty(), "{} {body}", row["id"]);
    body
}

/// Whether the row takes sampling arguments with what was sent of reasoning.
fn may_sample(row: &Cells<'_>, effort: Option<&str>) -> bool {
    match row["sampling"] {
        "no" => false,
        "none" => effort == Some("none"),
        "unreasoned" => effort.is_none_or(|effort| effort == "none"),
        _ => true,
    }
}

fn each(
    provider: &str,
    codec: &dyn Codec,
    check: impl Fn(&Cells<'_>, Option<ReasoningEffort>, &Value),
) {
    let efforts = ReasoningEffort::ALL.into_iter().map(Some).chain([None]);
    for row in rows(provider) {
        for effort in efforts.clone() {
            for sampling in [[true, true], [true, false], [false, true], [false, false]] {
                check(&row, effort, &asked(codec, &row, effort, sampling));
            }
        }
    }
}

#[test]
fn openai_s_rows() {
    let codecs: [(&dyn Codec, [&str; 2]); 2] = [
        (&openai::Responses, ["/reasoning/effort", "/temperature"]),
        (&OPENAI_CHAT, ["/reasoning_effort", "/temperature"]),
    ];
    for (codec, [effort_at, temperature_at]) in codecs {
        each("openai", codec, |row, _, body| {
            let id = row["id"];
            let effort = body.pointer(effort_at).and_then(Value::as_str);
            assert!(
                effort.is_none_or(|effort| knows(row, effort)),
                "{id} {body}"
            );
            let samples = body.pointer(temperature_at).is_some() || body.get("top_p").is_some();
            assert!(!samples || may_sample(row, effort), "{id} {body}");
            if row["efforts"] == "-" {
                assert_eq!(body.pointer("/reasoning/summary"), None, "{id} {body}");
            }
        });
    }
}

#[test]
fn anthropic_s_rows() {
    each("anthropic", &anthropic::Messages, |row, wanted, body| {
        let id = row["id"];
        let kind = body.pointer("/thinking/type").and_then(Value::as_str);
        let effort = body
            .pointer("/output_config/effort")
            .and_then(Value::as_str);
        let kinds: &[&str] = match row["thinks"] {
            "always" => &["adaptive"],
            "default" | "adaptive" => &["adaptive", "disabled"],
            "between" => &["adaptive", "between_tools"],
            "budget" => &["enabled"],
            _ => &[],
        };
        assert!(kind.is_none_or(|kind| kinds.contains(&kind)), "{id} {body}");
        assert!(
            effort.is_none_or(|effort| knows(row, effort) && effort != "none"),
            "{id} {body}"
        );
        // https://platform.claude.com/docs: without thinking, at most high.
        let is_off = matches!(kind, Some("disabled" | "between_tools"));
        assert!(
            !is_off || matches!(effort, None | Some("low" | "medium" | "high")),
            "{id} {body}"
        );
        if wanted == Some(ReasoningEffort::None) && knows(row, "none") {
            assert!(
                is_off || row["thinks"] == "budget" && kind.is_none(),
                "{id} {body}"
            );
        }
        let temperature = body.get("temperature").is_some();
        let top_p = body.get("top_p").is_some();
        assert!(
            !(temperature || top_p) || row["sampling"] != "no",
            "{id} {body}"
        );
        assert!(
            !(temperature && top_p) || row["sampling"] == "yes",
            "{id} {body}"
        );
        assert!(
            !(temperature || top_p) || kind != Some("enabled"),
            "{id} {body}"
        );
        let is_forced = body.pointer("/tool_choice/type").and_then(Value::as_str) == Some("any");
        assert!(!is_forced || has(row, "takes", "forced"), "{id} {body}");
        assert!(!is_forced || kind != Some("enabled"), "{id} {body}");
    });
}

#[test]
fn google_s_rows() {
    each("google", &google::GenerateContent, |row, _, body| {
        let id = row["id"];
        let config = &body["generationConfig"];
        let level = config
            .pointer("/thinkingConfig/thinkingLevel")
            .and_then(Value::as_str);
        let level = level.map(str::to_lowercase);
        let budget = config.pointer("/thinkingConfig/thinkingBudget");
        assert!(
            level.as_ref().is_none_or(|level| knows(row, level)),
            "{id} {body}"
        );
        assert!(level.is_none() || row["thinks"] == "level", "{id} {body}");
        assert!(budget.is_none() || row["thinks"] == "budget", "{id} {body}");
        let samples = config.get("temperature").is_some() || config.get("topP").is_some();
        assert!(!samples || row["sampling"] != "no", "{id} {body}");
    });
}

#[test]
fn rows_of_the_others() {
    for provider in [
        "mistral", "xai", "deepseek", "groq", "moonshot", "zai", "cerebras",
    ] {
        each(provider, &PLAIN, |row, wanted, body| {
            let id = row["id"];
            let effort = body.get("reasoning_effort").and_then(Value::as_str);
            assert!(
                effort.is_none_or(|effort| knows(row, effort)),
                "{id} {body}"
            );
            let samples = body.get("temperature").is_some() || body.get("top_p").is_some();
            assert!(!samples || may_sample(row, effort), "{id} {body}");
            // What is not known is sent.
            if row["efforts"].is_empty() {
                assert_eq!(effort, wanted.map(ReasoningEffort::as_str), "{id}");
            }
        });
    }
}
