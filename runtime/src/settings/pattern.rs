//! Patterns of models' names: `*` stands for anything, `?` for one character, whatever the case. For denying, all
//! spellings of a model are one.
//!
//! Never here: what follows from it that one fits.

use anygpt_providers::{
    presets::{self, PERPLEXITY},
    vendors,
};

/// A pattern as it is compared: in lower case, and with the provider's id where another name of it stands.
pub(super) fn pattern(item: &str) -> String {
    let item = item.to_lowercase();
    match item.split_once('/') {
        Some((prefix, rest)) => {
            let id = presets::named(prefix).map_or(prefix, |preset| preset.id);
            format!("{id}/{rest}")
        }
        None => item,
    }
}

/// The full name of a model as patterns are compared with it: `provider/id`, and where the id begins.
pub(super) fn name(provider: &str, model: &str) -> (String, usize) {
    let id = model.trim().to_lowercase();
    // Gemini's ids have two forms.
    let id = id.strip_prefix("models/").unwrap_or(&id);
    (
        format!("{}/{id}", provider.to_lowercase()),
        provider.len() + 1,
    )
}

/// Ways to serve a model, after a colon. What else stands there, as `8b`, tells which model it is.
const VARIANTS: [&str; 9] = [
    "free", "nitro", "floor", "exacto", "extended", "online", "thinking", "beta", "latest",
];

/// Words after a model's name that make it no other model. (`-mini`, `-nano` and `-lite` do.)
const STAGES: [&str; 5] = [
    "-latest",
    "-preview",
    "-experimental",
    "-exp",
    "-customtools",
];

/// The same of a way to ask it: an effort.
const EFFORTS: [&str; 5] = ["-none", "-minimal", "-low", "-high", "-xhigh"];

/// Those that are models of their own elsewhere: `mistral-medium`, `qwen3-max`, `kimi-k2-thinking`. Vendors who keep
/// their models to themselves have none of these.
const CLOSED_ONLY: [&str; 4] = ["-medium", "-max", "-thinking", "-1m"];

/// Words in a path that are not part of a model's name.
const FILLERS: [&str; 4] = ["", "models", "publishers", "accounts"];

/// Ids behind which a gateway chooses the model itself.
const ROUTERS: [&str; 6] = [
    "auto",
    "bodybuilder",
    "free",
    "fusion",
    "model-router",
    "router",
];

/// What a gateway puts before the name of a preset, which may name any model.
const PRESET: &str = "@preset/";

/// What some clouds put in front of a model's name, with a dash. (Vendors are put there, too.)
const CLOUDS: [&str; 4] = ["databricks", "azure", "bedrock", "vertex"];

/// A name, or a pattern of names, as it is compared where models are denied: the part with the model's name has no
/// date, stage or variant, the parts before it are ids of providers or vendors. With a star or a question mark in the
/// model's name only its form is made the same, since what looks like a date there may be part of what is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    /// Each ends in a slash.
    before: String,
    model: String,
}

impl Plain {
    pub(super) fn new(name: &str) -> Self {
        let name = name.trim().to_lowercase();
        let is_glob = name.contains(['*', '?']);
        let name = match at_sign(&name) {
            // Google's way to name a version, an effort, or a gateway's preset.
            Some(at) if !is_glob => &name[..at],
            _ => &name,
        };
        // Some gateways take a slash too many.
        let name = name.trim_end_matches('/');
        let (path, mut model) = match name.rsplit_once('/') {
            Some((path, model)) => (path, model),
            None => ("", name),
        };
        let mut before = String::new();
        let parts = path.split('/').filter(|part| !FILLERS.contains(part));
        for part in parts {
            let preset = presets::named(part).map(|preset| preset.id);
            let vendor = || vendors::named(part).map(|vendor| vendor.id);
            before.push_str(&dashed(preset.or_else(vendor).unwrap_or(part)));
            before.push('/');
        }
        // Some write a vendor before a colon. (`mistral:7b` is a model and its size.)
        if let Some((word, rest)) = model.split_once(':')
            && let Some(vendor) = vendors::named(word)
            && let rest = rest.trim_start_matches(':')
            && vendors::known(rest).family.is_some()
        {
            before.push_str(&format!("{}/", vendor.id));
            model = rest;
        }
        // Amazon's form has the vendor before a dot, and may have a version after all.
        if let Some((vendor, rest)) = vendors::dotted(model) {
            before.push_str(&format!("{}/", vendor.id));
            let version = rest.rsplit_once("-v").filter(|(_, it)| is_number(it));
            model = version.map_or(rest, |(rest, _)| rest);
        }
        let model = match model.contains(['*', '?']) {
            true => dashed(model),
            false => undated(model),
        };
        Plain { before, model }
    }

    /// All that a name is for patterns: with each spelling of the model the whole, any end of it that begins after a
    /// slash, and each part with the model, since `anthropic/*` is also what a gateway has under that vendor's name,
    /// whatever stands between the two.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut texts = Vec::new();
        for model in spellings(&self.model) {
            let parts = self.before.split_inclusive('/');
            texts.extend(parts.map(|part| format!("{part}{model}")));
            let text = format!("{}{model}", self.before);
            let ends = text.match_indices('/').map(|(slash, _)| &text[slash + 1..]);
            texts.extend(ends.map(str::to_owned));
            texts.push(text);
        }
        texts.sort_unstable();
        texts.dedup();
        texts
    }

    /// Whether this pattern fits one of the texts that a name is.
    pub(super) fn fits(&self, texts: &[String]) -> bool {
        let pattern = format!("{}{}", self.before, self.model);
        texts.iter().any(|text| fits(&pattern, text))
    }
}

/// A model's name and what it is called without what is said of one size, release or tuning of it, of its host or of
/// the way in which it is asked: with a model all of these are denied.
fn spellings(model: &str) -> Vec<String> {
    let mut all = vec![model.to_owned()];
    let mut next = 0;
    while let Some(model) = all.get(next) {
        let shorter = [
            Some(base_model(model)),
            without_release(model),
            without_host(model),
            without_variant(model),
        ];
        let shorter: Vec<String> = shorter.into_iter().flatten().map(undated).collect();
        for model in shorter {
            if !model.is_empty() && !all.contains(&model) {
                all.push(model);
            }
        }
        next += 1;
    }
    let word_orders: Vec<String> = all.iter().flat_map(|model| word_orders(model)).collect();
    all.extend(word_orders);
    all
}

/// Without a size, and of a model that was tuned the one that it was made of: `ft:gpt-4o:org::id`.
fn base_model(model: &str) -> &str {
    let model = model.strip_prefix("ft:").unwrap_or(model);
    model.split([':', '[']).next().unwrap_or_default()
}

/// `-001` is a release of Google's.
fn without_release(model: &str) -> Option<&str> {
    let (model, number) = model.rsplit_once('-')?;
    (number.len() == 3 && number.starts_with('0') && is_number(number)).then_some(model)
}

/// `databricks-claude-…`, `anthropic--claude-…`
fn without_host(model: &str) -> Option<&str> {
    let (host, rest) = model.split_once('-')?;
    let rest = rest.trim_start_matches('-');
    let is_host = CLOUDS.contains(&host) || vendors::named(host).is_some();
    (is_host && vendors::known(rest).family.is_some()).then_some(rest)
}

/// Without an effort, or another way to ask the same model.
fn without_variant(model: &str) -> Option<&str> {
    let without = |words: &[&str]| words.iter().find_map(|word| model.strip_suffix(word));
    let is_closed = || {
        let family = vendors::known(model).family;
        // One model of OpenAI's is called so.
        family.is_some_and(|(_, weights)| weights == vendors::Weights::Closed)
            && !model.ends_with("-codex-max")
    };
    let fast = || {
        model
            .strip_suffix("-fast")
            .filter(|it| it.starts_with("claude-"))
    };
    without(&EFFORTS)
        .or_else(|| without(&CLOSED_ONLY).filter(|_| is_closed()))
        .or_else(fast)
}

/// Whether nobody here can tell which model a name stands for, since the gateway that has it chooses one.
pub(super) fn is_open(name: &str) -> bool {
    let name = name.to_lowercase();
    let base = name.rsplit('/').next().unwrap_or_default();
    let base = base.split([':', '@']).next().unwrap_or_default();
    let of_perplexity = name.split_once('/').filter(|(it, _)| *it == PERPLEXITY);
    let is_preset = |(_, id): (_, &str)| !id.contains('/') && vendors::known(id).family.is_none();
    name.contains(PRESET) || ROUTERS.contains(&base) || of_perplexity.is_some_and(is_preset)
}

/// Where an `@` stands after a name. Some gateways begin a name with it: `@cf/meta/llama-3`.
fn at_sign(name: &str) -> Option<usize> {
    let mut all = name.match_indices('@').map(|(at, _)| at);
    all.find(|&at| at > 0 && !name[..at].ends_with('/'))
}

/// Both orders in which Claude's names stand: `claude-opus-4-5` and `claude-4-5-opus`.
fn word_orders(model: &str) -> impl Iterator<Item = String> {
    let parts = model.strip_prefix("claude-").map(|rest| rest.split('-'));
    parts.into_iter().flat_map(|parts| {
        let (numbers, words): (Vec<&str>, Vec<&str>) = parts.partition(|part| is_number(part));
        [[&words[..], &numbers].concat(), [numbers, words].concat()]
            .map(|parts| format!("claude-{}", parts.join("-")))
    })
}

/// The separators of versions and words are the same everywhere. Fireworks writes `4p6` for 4.6.
fn dashed(text: &str) -> String {
    let text = text.replace(['.', '_', ' '], "-");
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| text.as_bytes().get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let is_point = |at: usize| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1));
    text.char_indices()
        .map(|(at, c)| if c == 'p' && is_point(at) { '-' } else { c })
        .collect()
}

/// A model's own name without what makes it no other model.
fn undated(model: &str) -> String {
    let (model, variant) = match model.split_once(':') {
        Some((model, variant)) => (model, Some(variant)),
        None => (model, None),
    };
    let mut model = dashed(model);
    let mut kept = None;
    match variant {
        // Amazon's way: `-v1:0`.
        Some(variant) if variant.split(':').all(is_amazon_s) => {
            let version = model.rsplit_once('-');
            let version = version.filter(|(_, it)| is_number(it.strip_prefix('v').unwrap_or(it)));
            if let Some((rest, _)) = version {
                model.truncate(rest.len());
            }
        }
        Some(variant) if VARIANTS.contains(&variant) => {}
        variant => kept = variant,
    }
    loop {
        let stage = STAGES.iter().find_map(|stage| model.strip_suffix(stage));
        let rest = stage.or_else(|| without_date(&model));
        match rest.filter(|rest| !rest.is_empty()).map(str::len) {
            Some(rest) => model.truncate(rest),
            None => break,
        }
    }
    match kept {
        Some(kept) => format!("{model}:{}", dashed(kept)),
        None => model,
    }
}

/// `0`, or with a length of context `200k`.
fn is_amazon_s(part: &str) -> bool {
    is_number(part.strip_suffix('k').unwrap_or(part))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands before a date, in whichever of the ways that vendors have: `-2025-10-06`, `-20251006`, `-10-06`,
/// `-10-2025`, `-2025-10`, `-1006`, `-2510`, `-251006`, `-202510`.
fn without_date(model: &str) -> Option<&str> {
    let (before, last) = model.rsplit_once('-').filter(|(_, it)| is_number(it))?;
    let number = |text: &str| text.parse::<u32>().unwrap_or_default();
    let is_month = |text: &str| text.len() == 2 && (1..=12).contains(&number(text));
    let is_day = |text: &str| text.len() == 2 && (1..=31).contains(&number(text));
    let is_year = |text: &str| text.len() == 4 && (2020..2100).contains(&number(text));
    let is_short_year = |text: &str| text.len() == 2 && (20..=39).contains(&number(text));
    match last.len() {
        8 => {
            let is_date = is_year(&last[..4]) && is_month(&last[4..6]) && is_day(&last[6..]);
            is_date.then_some(before)
        }
        4 if is_year(last) => {
            let (rest, month) = before.rsplit_once('-')?;
            is_month(month).then_some(rest)
        }
        4 => {
            let (first, second) = last.split_at(2);
            let is_date =
                is_month(first) && is_day(second) || is_short_year(first) && is_month(second);
            is_date.then_some(before)
        }
        6 => {
            let (first, rest) = last.split_at(4);
            let is_date = is_year(first) && is_month(rest)
                || is_short_year(&last[..2]) && is_month(&last[2..4]) && is_day(rest);
            is_date.then_some(before)
        }
        2 if is_month(last) && before.rsplit_once('-').is_some_and(|(_, it)| is_year(it)) => {
            before.rsplit_once('-').map(|(rest, _)| rest)
        }
        2 if is_day(last) => {
            let (rest, _) = before.rsplit_once('-').filter(|(_, it)| is_month(it))?;
            let year = rest.rsplit_once('-').filter(|(_, it)| is_year(it));
            Some(year.map_or(rest, |(rest, _)| rest))
        }
        _ => None,
    }
}

/// Whether a pattern fits the whole text.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // What is left of both after the last star, with what it may still take.
    let mut star = None;
    loop {
        let (at, next) = (text.clone(), text.next());
        match (pattern.next(), next) {
            (Some('*'), _) => {
                text = at;
                star = Some((pattern.clone(), text.clone()));
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {}
            // The star takes one more; the last one leaves most for what follows.
            _ => {
                let Some((after_star, taken)) = &mut star else {
                    return false;
                };
                if taken.next().is_none() {
                    return false;
                }
                (pattern, text) = (after_star.clone(), taken.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests;
