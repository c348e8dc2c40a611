use anygpt_providers::ReasoningEffort;

use super::*;
use crate::settings::{file::File, providers::tests::providers, rule::of, yaml};

fn read(text: &str) -> Result<Vec<Rule>, Error> {
    let file: File = yaml::from_str(text)?;
    let providers = providers(file.providers);
    all(&providers, file.rules)
}

#[test]
fn of_each_parameter_the_first_rule_counts_that_says_anything_of_it() {
    let rules = read(
            "rules:\n  \
               OpenAI/gpt-9-mini: {keep: [temperature], defaults: {max_tokens: 10}}\n  \
               gemini/*: {drop: [seed]}\n  \
               '*/gpt-?-*':\n    \
                 drop: [temperature, top_p, max_tokens, stop]\n    \
                 max_tokens_as: max_completion_tokens\n  \
               '*/*':\n    \
                 keep: [stop, seed]\n    \
                 defaults: {temperature: 1, top_p: 0.5, max_tokens: 20, reasoning_effort: low}\n    \
                 max_tokens_as: max_tokens\n",
        )
        .unwrap();
    for (provider, model, expected) in [
        (
            "openai",
            "GPT-9-mini",
            "defaults.temperature 1; defaults.max_tokens 10; defaults.reasoning_effort low; drop top_p, stop; keep temperature, \
                 seed; max_tokens_as max_completion_tokens",
        ),
        (
            "google",
            "models/gemini-x",
            "defaults.temperature 1; defaults.top_p 0.5; defaults.max_tokens 20; defaults.reasoning_effort low; drop seed; keep stop; \
                 max_tokens_as max_tokens",
        ),
        (
            "groq",
            "a/gpt-9-x",
            "defaults.reasoning_effort low; drop temperature, top_p, max_tokens, stop; keep seed; \
                 max_tokens_as max_completion_tokens",
        ),
    ] {
        let shown = of(&rules, provider, model).shown().into_iter();
        let shown: Vec<_> = shown.map(|(key, value)| format!("{key} {value}")).collect();
        assert_eq!(shown.join("; "), expected, "{provider}/{model}");
    }
    assert_eq!(of(&rules[..1], "openai", "gpt-9"), Rule::default());
    let effort = of(&rules, "groq", "x").defaults.effort;
    assert_eq!(effort, Some(ReasoningEffort::Low));
}

#[test]
fn what_is_wrong_with_a_rule_is_told_with_its_place_and_the_mend() {
    for (text, expected) in [
        (
            "rules:\n  gpt-9*: {drop: [seed]}",
            "line 2, column 3: rules: the pattern \"gpt-9*\" names no provider; write provider/model, \
                 for example \"*/gpt-9*\"",
        ),
        (
            "rules:\n  opnai/gpt-9*: {drop: [seed]}",
            "line 2, column 3: rules.opnai/gpt-9*: there is no provider \"opnai\"; did you mean \"openai\"?",
        ),
        (
            "rules:\n  openai/a:\n    drop: [temprature]",
            "line 3, column 12: rules.openai/a.drop[0]: there is no parameter of this name; did you \
                 mean \"temperature\"?",
        ),
        (
            "rules: {openai/a: {keep: [messages]}}",
            "line 1, column 27: rules.openai/a.keep[0]: use one of temperature, top_p, max_tokens, \
                 stop, seed, reasoning_effort, include_reasoning",
        ),
        (
            "rules: {openai/a: {drop: temperature}}",
            "line 1, column 26: rules.openai/a.drop: expected a list, found a string",
        ),
        (
            "rules: {openai/a: {drops: []}}",
            "line 1, column 20: rules.openai/a: unknown key \"drops\"; did you mean \"drop\"?",
        ),
        (
            "rules: {openai/a: {max_tokens_as: max_token}}",
            "line 1, column 35: rules.openai/a.max_tokens_as: there is no parameter of this name; did \
                 you mean \"max_tokens\"?",
        ),
        (
            "rules: {openai/a: {defaults: {top_p: 2}}}",
            "line 1, column 38: rules.openai/a.defaults.top_p: use a number from 0 to 1",
        ),
        (
            "rules: {openai/a: {defaults: {top_p: 1}, drop: [top_p]}}",
            "line 1, column 9: rules.openai/a: top_p is dropped, and also kept or given a default; \
                 leave top_p out of one of them",
        ),
        (
            "rules:\n  openai/a: {}\n  openai/a: {}",
            "line 3, column 3: rules: the key \"openai/a\" is given twice, first on line 2",
        ),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
    }
}
