use super::*;

fn all() -> ChatRequest {
    ChatRequest {
        model: "m".into(),
        temperature: Some(0.5),
        top_p: Some(0.9),
        max_tokens: Some(100_000),
        stop: vec!["END".into()],
        seed: Some(7),
        effort: Some(ReasoningEffort::Minimal),
        include_reasoning: true,
        ..ChatRequest::default()
    }
}

fn refusal(param: &str, message: &str) -> Failure {
    let mut failure = Failure::new(ErrorKind::InvalidRequest, message).at(Stage::Free);
    failure.status = Some(400);
    failure.param = (!param.is_empty()).then(|| param.into());
    failure
}

fn change(param: &str, message: &str) -> Option<(Change, bool)> {
    let repair = repair(&all(), &refusal(param, message), false)?;
    Some((repair.change, repair.is_lasting))
}

#[test]
fn names_in_schemas_and_conversations_are_no_parameters() {
    for path in [
        "tools[0].function.parameters.properties.temperature",
        "tools.0.custom.input_schema.properties.temperature",
        "messages[2].stop",
        "input[3].summary",
        "text.format.schema.properties.seed",
        "response_format.json_schema.schema.properties.seed",
    ] {
        let refused = change(path, "Invalid schema.");
        assert_eq!(refused, None, "{path}");
    }
}

#[test]
fn refusals_of_every_provider_are_understood() {
    use crate::ReasoningEffort::{Low, Minimal};
    use Change::{AtMost, Drop, ReasoningEffort as Step};
    use Parameter::{Reasoning, ReasoningEffort, Seed, Stop, Temperature, TopP};
    for (param, message, expected) in [
        // OpenAI
        (
            "temperature",
            "Unsupported parameter: 'temperature' is not supported with this model.",
            (Drop(Temperature), true),
        ),
        (
            "temperature",
            "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) value is supported.",
            (Drop(Temperature), true),
        ),
        (
            "temperature",
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 2.5 instead.",
            (Drop(Temperature), false),
        ),
        (
            "reasoning.effort",
            "Unsupported value: 'minimal' is not supported with the 'gpt-x' model. Supported values are: 'none', 'low', 'medium', and 'high'.",
            (Step(Minimal, Low), true),
        ),
        (
            "reasoning_effort",
            "Unrecognized request argument supplied: reasoning_effort",
            (Drop(ReasoningEffort), true),
        ),
        (
            "reasoning.summary",
            "Your organization must be verified to generate reasoning summaries.",
            (Drop(Reasoning), false),
        ),
        (
            "max_output_tokens",
            "Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 32768, but got 100000 instead.",
            (AtMost(32_768), true),
        ),
        // Anthropic
        (
            "",
            "temperature: Input should be less than or equal to 1",
            (Drop(Temperature), false),
        ),
        (
            "",
            "`temperature` is deprecated for this model.",
            (Drop(Temperature), true),
        ),
        (
            "",
            "max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for m",
            (AtMost(64_000), true),
        ),
        (
            "",
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
            (Drop(Temperature), false),
        ),
        (
            "",
            "thinking: adaptive thinking is not supported on this model",
            (Drop(ReasoningEffort), true),
        ),
        (
            "",
            "top_p: Extra inputs are not permitted",
            (Drop(TopP), true),
        ),
        (
            "",
            "stop_sequences: each stop sequence must contain non-whitespace",
            (Drop(Stop), false),
        ),
        // Google
        (
            "",
            "Thinking level is not supported: generation_config.thinking_config.thinking_level",
            (Drop(ReasoningEffort), true),
        ),
        (
            "",
            "Unknown name \"seed\" at 'generation_config': Cannot find field.",
            (Drop(Seed), true),
        ),
        // FastAPI
        (
            "seed",
            "body.seed: Extra inputs are not permitted",
            (Drop(Seed), true),
        ),
        ("", "This model doesn't support top_p.", (Drop(TopP), true)),
    ] {
        assert_eq!(change(param, message), Some(expected), "{message}");
    }
}

#[test]
fn what_is_not_about_one_parameter_is_left_alone() {
    for (param, message) in [
        ("model", "The model 'x' is not supported."),
        ("messages", "Invalid 'messages'"),
        ("input[0].content", "Invalid type for 'input[0].content'"),
        ("tools[0].parameters", "Invalid schema"),
        ("output_config.format.schema", "Invalid schema"),
        (
            "",
            "output_config.format.schema: 'additionalProperties' must be false, other values are not supported",
        ),
        ("", "messages: first message must use the user role"),
        ("", "the temperature of the sun"),
        ("", "stop asking, this isn't supported"),
        ("", ""),
        ("", "it's 'broken"),
    ] {
        assert_eq!(change(param, message), None, "{message}");
    }
    let other = |class, status| {
        let mut failure = refusal("temperature", "not supported");
        failure.class = class;
        failure.status = status;
        failure
    };
    for failure in [
        other(ErrorKind::Auth, Some(401)),
        other(ErrorKind::InvalidRequest, None).at(Stage::Taken),
        other(ErrorKind::InvalidRequest, Some(404)),
    ] {
        assert_eq!(repair(&all(), &failure, false), None);
    }
    let bare = ChatRequest::default();
    for parameter in [
        "temperature",
        "top_p",
        "max_tokens",
        "stop",
        "seed",
        "effort",
    ] {
        assert_eq!(
            repair(&bare, &refusal(parameter, "not supported"), false),
            None,
            "{parameter}"
        );
    }
    // A limit that we did not set is one all the same: some formats insist on a number.
    assert_eq!(
        repair(&bare, &refusal("", "max_tokens: 16384 > 8192"), false)
            .unwrap()
            .change,
        Change::Otherwise(8_192)
    );
}

#[test]
fn a_format_with_two_names_for_the_limit_takes_the_other_one() {
    let words = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    let failure = refusal("max_tokens", words);
    let repair = repair(&all(), &failure, true).unwrap();
    assert_eq!(repair.change, Change::OtherTokenName);
    let (mut chat, mut encoding) = (all(), Encoding::default());
    assert_eq!(
        repair.change.apply(&mut chat, &mut encoding),
        Changed::Silently
    );
    assert!(encoding.other_name);
}

#[test]
fn changes_are_said_and_made_once() {
    let mut chat = all();
    for (change, warning) in [
        (
            Change::Drop(Parameter::Temperature),
            "temperature was left out: m does not support it",
        ),
        (Change::AtMost(64), "max_tokens is 64: m allows no more"),
        (
            Change::ReasoningEffort(ReasoningEffort::Minimal, ReasoningEffort::Low),
            "reasoning_effort is low: m does not support minimal",
        ),
    ] {
        assert_eq!(
            change.apply(&mut chat, &mut Encoding::default()),
            Changed::Warn(warning.to_owned())
        );
        assert_eq!(
            change.apply(&mut chat, &mut Encoding::default()),
            Changed::No
        );
    }
    assert_eq!(
        (chat.temperature, chat.max_tokens, chat.effort),
        (None, Some(64), Some(ReasoningEffort::Low))
    );
    assert_eq!(
        Change::Otherwise(32).apply(&mut chat, &mut Encoding::default()),
        Changed::No
    );
    let mut bare = ChatRequest::default();
    assert_eq!(
        Change::AtMost(32).apply(&mut bare, &mut Encoding::default()),
        Changed::No
    );
    assert_ne!(
        Change::Otherwise(32).apply(&mut bare, &mut Encoding::default()),
        Changed::No
    );
    assert_eq!(bare.max_tokens, Some(32));
    for parameter in &Parameter::ALL[1..] {
        let parameter = *parameter;
        assert_ne!(
            Change::Drop(parameter).apply(&mut chat, &mut Encoding::default()),
            Changed::No
        );
    }
    let bare = ChatRequest {
        model: "m".into(),
        ..ChatRequest::default()
    };
    assert_eq!(chat, bare);
}
