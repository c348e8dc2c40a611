//! Money and limits end to end: the cost of answers, bounds on it, and the operator's permissions.
//!
//! Never here: which settings are refused (`settings/`).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anygpt_tests::outcome::{answer, assert_parts, chat, error, text, warnings};
use anygpt_tests::provider::{Family, Provider, Reply, Request};
use anygpt_tests::server::{Builder, Server};
use serde_json::{Value, json};

const CHAT: &str = "anygpt_chat_completion";
const COMPARE: &str = "anygpt_compare";
const PROVIDERS: &str = "anygpt_list_providers";
const MODELS: &str = "anygpt_list_models";
const TAGS: &str = "anygpt_list_tags";

/// A configuration file of this test program.
fn config(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("limits-{name}.yaml"));
    std::fs::write(&path, text).unwrap();
    path
}

fn builder(provider: &Provider) -> Builder {
    Server::builder()
        .envs(provider.env())
        .env("ANYGPT_RETRIES", "0")
}

#[track_caller]
fn ask(server: &mut Server, arguments: &Value) -> Value {
    let mut all = json!({"prompt": "hi"});
    let members = all.as_object_mut().unwrap();
    members.extend(arguments.as_object().cloned().unwrap_or_default());
    server.call_tool(CHAT, all)
}
fn sent(provider: &Provider) -> Value {
    provider.requests().last().unwrap().json()
}

/// Twelve input tokens and two of output, as the mock counts them, cost 32 micro dollars.
const PRICED: &str = "models:
  openai/gpt-4.1: {tags: [fast], price: {input: 2, output: 4}}
  anthropic/claude-sonnet-5: {tags: [fast], price: {input: 0.5, output: 1.5, cached_input: 0}}
  google/free: {price: {input: 0, output: 0}}
";

fn start_priced(name: &str) -> (Provider, Server) {
    let provider = Provider::start();
    let server = builder(&provider)
        .env("CONFIG_FILE", config(name, PRICED))
        .spawn();
    (provider, server)
}

#[test]
fn a_budget_for_thinking_fits_into_the_operators_limit() {
    let provider = Provider::start();
    for (limit, budget, effort) in [("1024", Value::Null, "none"), ("4096", json!(2_048), "low")] {
        let mut server = builder(&provider).env("ANYGPT_MAX_TOKENS", limit).spawn();
        let result = ask(
            &mut server,
            &json!({"model": "claude-haiku-4-5", "reasoning_effort": "high"}),
        );
        let body = sent(&provider);
        assert_eq!(body["max_tokens"].to_string(), limit);
        assert_eq!(body["thinking"]["budget_tokens"], budget);
        let said = format!("reasoning_effort is {effort}, not high: of max_tokens {limit}");
        assert_parts(&warnings(chat(&result)), &[&said]);
    }
}

// ----------------------------------------------------------------------------------------------- cost

#[test]
fn an_answer_tells_what_it_costs_and_how_that_is_known() {
    let (provider, mut server) = start_priced("cost");
    let result = ask(&mut server, &json!({"model": "gpt-4.1"}));
    let got = chat(&result);
    let tokens = |name: &str| got["usage"][name].as_f64().unwrap();
    let expected = (2.0 * tokens("input_tokens") + 4.0 * tokens("output_tokens")) / 1e6;
    let cost = got["cost_usd"].as_f64().unwrap();
    assert!(cost > 0.0 && (cost - expected).abs() < 1e-12, "{got}");
    assert_eq!(got["cost_source"], "configured");
    let result = ask(&mut server, &json!({"model": "google/free"}));
    assert_eq!(chat(&result)["cost_usd"], 0.0);
    // A published price applies only at the provider's own address, which this is not.
    let result = ask(&mut server, &json!({"model": "gemini-3.5-flash"}));
    assert_eq!(chat(&result).get("cost_usd"), None);
    assert_eq!(chat(&result).get("cost_source"), None);
    drop(provider);
}

#[test]
fn a_comparison_tells_what_all_of_it_costs_if_all_of_it_is_known() {
    let (_provider, mut server) = start_priced("compared");
    let mut compare = |models: [&str; 2]| {
        let result = server.call_tool(COMPARE, json!({"prompt": "hi", "models": models}));
        answer(&result).clone()
    };
    let got = compare(["gpt-4.1", "claude-sonnet-5"]);
    let cost = |of: &Value| of["cost_usd"].as_f64().unwrap();
    let sum = cost(&got["results"][0]) + cost(&got["results"][1]);
    assert!(
        sum > cost(&got["results"][0]) && (cost(&got) - sum).abs() < 1e-12,
        "{got}"
    );
    let got = compare(["gpt-4.1", "gemini-3.5-flash"]);
    assert_eq!(got.get("cost_usd"), None);
}

#[test]
fn a_dry_run_estimates_the_cost_by_the_published_price() {
    let mut server = Server::builder().env("OPENAI_API_KEY", "some-key").spawn();
    let prompt = "x".repeat(4_000);
    let arguments = json!({"prompt": prompt, "model": "gpt-4.1", "dry_run": true});
    let result = server.call_tool(CHAT, arguments.clone());
    assert_eq!(chat(&result)["estimated_input_tokens"], 1_000);
    assert_eq!(chat(&result)["estimated_cost_usd"], 0.002);
    assert_parts(text(&result), &["about $0.002 for the input alone"]);
    let mut bounded = arguments;
    bounded["max_tokens"] = json!(1_000);
    let result = server.call_tool(CHAT, bounded.clone());
    assert_eq!(chat(&result)["estimated_cost_usd"], 0.01);
    bounded["max_cost_usd"] = json!(0.004);
    let result = server.call_tool(CHAT, bounded);
    assert_eq!(chat(&result)["estimated_cost_usd"], 0.004);
    assert_eq!(chat(&result)["parameters"]["max_output_tokens"], 250);
    let result = server.call_tool(
        CHAT,
        json!({"prompt": "hi", "model": "gpt-99", "dry_run": true}),
    );
    assert_eq!(chat(&result).get("estimated_cost_usd"), None);
}

// -------------------------------------------------------------------------------------------- max_cost

#[test]
fn money_sets_or_lowers_the_token_limit_and_says_so() {
    let (provider, mut server) = start_priced("money");
    // "hi" is one token for 2 micro dollars, a token of the answer costs 4.
    let result = ask(
        &mut server,
        &json!({"model": "gpt-4.1", "max_cost_usd": 0.000_402}),
    );
    assert_eq!(sent(&provider)["max_output_tokens"], 100);
    assert_parts(
        &warnings(chat(&result)),
        &["max_tokens is 100", "max_cost_usd of $0.000402"],
    );
    let result = ask(
        &mut server,
        &json!({"model": "gpt-4.1", "max_cost_usd": "0.000402", "max_tokens": 101}),
    );
    assert_eq!(sent(&provider)["max_output_tokens"], 100);
    assert_parts(
        &warnings(chat(&result)),
        &["max_tokens was lowered from 101 to 100 by max_cost_usd"],
    );
    let result = ask(
        &mut server,
        &json!({"model": "gpt-4.1", "max_cost_usd": 0.000_402, "max_tokens": 50}),
    );
    assert_eq!(sent(&provider)["max_output_tokens"], 50);
    assert_eq!(warnings(chat(&result)), "");
    // Enough for the longest possible answer.
    let result = ask(&mut server, &json!({"model": "gpt-4.1", "max_cost_usd": 5}));
    assert_eq!(sent(&provider).get("max_output_tokens"), None);
    assert_eq!(warnings(chat(&result)), "");
    let result = ask(
        &mut server,
        &json!({"model": "google/free", "max_cost_usd": 0.000_001}),
    );
    assert_eq!(warnings(chat(&result)), "");
    // Anthropic requires a limit, which is kept if the money is enough.
    ask(
        &mut server,
        &json!({"model": "claude-sonnet-5", "max_cost_usd": 0.1}),
    );
    assert_eq!(sent(&provider)["max_tokens"], 16_384);
    ask(
        &mut server,
        &json!({"model": "claude-sonnet-5", "max_cost_usd": 0.000_302}),
    );
    assert_eq!(sent(&provider)["max_tokens"], 201);
}

#[test]
fn what_cannot_be_paid_or_has_no_price_is_not_asked() {
    let (provider, mut server) = start_priced("poor");
    let result = ask(
        &mut server,
        &json!({"model": "gpt-4.1", "max_cost_usd": 0.000_065}),
    );
    let text = error(&result);
    assert!(
        text.starts_with("invalid_request: openai/gpt-4.1: "),
        "{text}"
    );
    assert_parts(
        text,
        &[
            "about 1 tokens of input and 16 of output",
            "$0.000066",
            "$0.000065",
            "send less text",
        ],
    );
    let result = ask(&mut server, &json!({"model": "gpt-new", "max_cost_usd": 1}));
    let text = error(&result);
    assert!(text.starts_with("config: openai/gpt-new: "), "{text}");
    assert_parts(
        text,
        &[
            "max_cost_usd needs a price",
            "models: {openai/gpt-new: {price: {input:",
        ],
    );
    for wrong in [json!(0), json!(-1), json!("much")] {
        let result = ask(
            &mut server,
            &json!({"model": "gpt-4.1", "max_cost_usd": wrong}),
        );
        assert_parts(
            error(&result),
            &[
                "invalid_request: max_cost_usd is",
                "a number from 0.000000001 to 1000000",
            ],
        );
    }
    assert_eq!(provider.requests().len(), 0);
    // In a chain the next model is called.
    let arguments =
        json!({"model": "gpt-new", "fallbacks": ["claude-sonnet-5"], "max_cost_usd": 1});
    let result = ask(&mut server, &arguments);
    assert_eq!(chat(&result)["provider"], "anthropic");
    assert_parts(
        &warnings(chat(&result)),
        &["openai/gpt-new was left out: max_cost_usd needs a price"],
    );
}

/// The newest model is not known before its turn.
#[test]
fn the_newest_model_is_paid_like_any_other() {
    let provider = Provider::start();
    let file = "models: {google/gemini-3.1-pro-preview: {price: {input: 1, output: 1}}}";
    let list = json!({"models": [
        {"name": "models/gemini-3.8-flash", "supportedGenerationMethods": ["generateContent"]},
        {"name": "models/gemini-3.1-pro-preview", "supportedGenerationMethods": ["generateContent"]}]});
    provider.script_models(Family::Google, [Reply::json(200, &list)]);
    let mut server = builder(&provider)
        .env("CONFIG_FILE", config("newest", file))
        .env("ANYGPT_DENY_MODELS", "*flash*")
        .spawn();
    let result = ask(
        &mut server,
        &json!({"provider": "google", "max_cost_usd": 0.000_101}),
    );
    assert_eq!(chat(&result)["model"], "gemini-3.1-pro-preview");
    assert_eq!(sent(&provider)["generationConfig"]["maxOutputTokens"], 100);
    let result = ask(
        &mut server,
        &json!({"provider": "anthropic", "max_cost_usd": 1}),
    );
    assert_parts(
        error(&result),
        &["config: anthropic/", "max_cost_usd needs a price"],
    );
}

#[test]
fn a_comparison_shares_its_money() {
    let (provider, mut server) = start_priced("shares");
    let models = ["gpt-4.1", "claude-sonnet-5", "gpt-new"];
    let arguments = json!({"prompt": "hi", "models": models, "mode": "judge", "max_cost_usd": 0.001_608,
        "judge_model": "gpt-4.1"});
    let result = server.call_tool(COMPARE, arguments);
    let got = answer(&result);
    assert_eq!(got["results"][2]["status"], "error");
    assert_parts(
        got["results"][2]["error"].as_str().unwrap(),
        &["one of 4 equal shares of max_cost_usd"],
    );
    let limits: Vec<u64> = provider
        .requests()
        .iter()
        .filter(|request| request.family() == Some(Family::OpenAi))
        .filter_map(|request| request.json()["max_output_tokens"].as_u64())
        .collect();
    assert_eq!(limits[0], 100);
    // The judge gets a share, plus what the others left: more than one share, less than all.
    assert_eq!(limits.len(), 2, "{got}");
    assert!(limits[1] < 400, "{limits:?}");
}

// ------------------------------------------------------------------------------------------- one purse

/// Models of OpenAI that cost a micro dollar per token of output, and `input` per token of input.
fn purse(name: &str, models: usize, input: u32, bound: &str) -> (Provider, Server) {
    use std::fmt::Write as _;
    let mut file = String::from("models:\n");
    for model in 0..models {
        writeln!(
            file,
            "  openai/m{model}: {{tags: [all], price: {{input: {input}, output: 1}}}}"
        )
        .unwrap();
    }
    let provider = Provider::start();
    let server = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", config(name, &file))
        .env("ANYGPT_MAX_COST_USD", bound)
        .spawn();
    (provider, server)
}

/// An answer of OpenAI that is all hidden reasoning, with this usage.
fn reasoned(input: u32, output: u32) -> Reply {
    let event = json!({"type": "response.completed", "response": {"id": "r", "status": "completed",
        "output": [], "usage": {"input_tokens": input, "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": output}, "total_tokens": input + output}}});
    Reply::raw_stream(format!("data: {event}\n\n"))
}

/// An answer that breaks off after 400 characters, about 100 tokens, so that its cost is not reported.
fn broken() -> Reply {
    let some = "half".repeat(100);
    Reply::deltas(Family::OpenAi, [&*some, "words"], Duration::ZERO).cut_after(1)
}

/// The first model with eight fallbacks.
fn nine() -> Value {
    let fallbacks: Vec<String> = (1..9).map(|model| format!("openai/m{model}")).collect();
    json!({"model": "openai/m0", "fallbacks": fallbacks, "max_tokens": 100})
}

#[test]
fn a_chain_is_paid_from_one_purse() {
    // The reply, what nine of them cost, and how many of them the budget pays for.
    for (name, reply, requests, limits) in [
        // By the reported usage: 101 of 303 each.
        ("reasoned", reasoned(1, 100), 3, [100, 100, 100]),
        // An overestimate is returned: 61 each, and the rest is not enough for an answer.
        ("cheaper", reasoned(1, 60), 5, [100, 100, 100]),
        // Nothing is reported: by the estimate, which is 101.
        ("broken", broken(), 3, [100, 100, 100]),
        ("empty", Reply::empty(200), 3, [100, 100, 100]),
        // A status that refuses costs nothing.
        (
            "refused",
            Reply::error(Family::OpenAi, 400, "no"),
            9,
            [100, 100, 100],
        ),
    ] {
        let (provider, mut server) = purse(name, 9, 1, "0.000303");
        provider.always(Family::OpenAi, reply);
        let result = ask(&mut server, &nine());
        let asked = provider.requests();
        assert_eq!(asked.len(), requests, "{name}: {result}");
        let most = |request: &Request| request.json()["max_output_tokens"].as_u64().unwrap();
        let first: Vec<u64> = asked.iter().take(3).map(most).collect();
        assert_eq!(first, limits, "{name}");
        if requests < 9 {
            let who = format!("Not sent to openai/m{requests}");
            let why = ": about 1 tokens of input";
            let left = "of ANYGPT_MAX_COST_USD ($0.000303) is left";
            assert_parts(&result.to_string(), &[&who, why, left]);
        }
    }
}

/// An answer without text, so that the next model is called, with this usage.
fn told(usage: &Value) -> Reply {
    let event = json!({"type": "response.completed", "response": {"id": "r", "status": "completed",
        "output": [], "usage": usage}});
    Reply::raw_stream(format!("data: {event}\n\n"))
}

#[test]
fn a_report_of_usage_that_cannot_be_true_is_paid_by_the_estimate() {
    for (name, usage) in [
        ("zero", json!({"input_tokens": 0, "output_tokens": 0})),
        ("negative", json!({"input_tokens": -1, "output_tokens": -1})),
        ("null", json!({"input_tokens": null, "output_tokens": null})),
        ("none", Value::Null),
        ("partial", json!({"input_tokens": 1})),
        ("no-input", json!({"output_tokens": 1})),
        ("input-0", json!({"input_tokens": 0, "output_tokens": 1})),
        (
            "absurd",
            json!({"input_tokens": 1, "output_tokens": 900_000_000_000_u64}),
        ),
        (
            "reasoned-more",
            json!({"input_tokens": 1, "output_tokens": 1,
                "output_tokens_details": {"reasoning_tokens": 90}}),
        ),
    ] {
        let (provider, mut server) = purse(&format!("told-{name}"), 9, 1, "0.000303");
        provider.always(Family::OpenAi, told(&usage));
        let result = ask(&mut server, &nine());
        assert_eq!(provider.requests().len(), 3, "{name}: {result}");
    }
}

#[test]
fn a_repetition_is_paid_from_the_same_purse() {
    let (provider, mut server) = purse("again", 1, 1, "0.000202");
    // Lost before a status: the provider may have done the work.
    provider.always(Family::OpenAi, Reply::cut());
    let result = ask(
        &mut server,
        &json!({"model": "openai/m0", "max_tokens": 100}),
    );
    assert_eq!(provider.requests().len(), 2, "{result}");
    assert_parts(
        error(&result),
        &["network: ", "2 times", "Not sent to openai/m0 again: about"],
    );
    // Without a limit of its own the first one may use the whole budget.
    let result = ask(&mut server, &json!({"model": "openai/m0"}));
    assert_eq!(provider.requests().len(), 3, "{result}");
    // A refused request costs nothing, and is retried as usual.
    let busy = Reply::error(Family::OpenAi, 503, "busy").header("retry-after-ms", "1");
    provider.always(Family::OpenAi, busy);
    let result = ask(&mut server, &json!({"model": "openai/m0"}));
    assert_eq!(provider.requests().len(), 6, "{result}");
    // The caller's budget works the same way, but is smaller.
    provider.always(Family::OpenAi, broken());
    ask(
        &mut server,
        &json!({"model": "openai/m0", "fallbacks": ["openai/m0"], "max_cost_usd": 0.000_101}),
    );
    assert_eq!(provider.requests().len(), 7);
    assert_eq!(sent(&provider)["max_output_tokens"], 100);
}

#[test]
fn compared_chains_and_the_judge_are_paid_from_one_purse() {
    // Nine shares, each of which pays for two attempts; only output costs anything.
    let (provider, mut server) = purse("eight", 9, 0, "0.0018");
    provider.always(Family::OpenAi, broken());
    let arguments = json!({"prompt": "hi", "models": vec!["all"; 8], "mode": "judge", "judge_model": "openai/m8",
        "max_tokens": 100});
    let result = server.call_tool(COMPARE, arguments.clone());
    let got = answer(&result);
    assert_eq!(got["results"].as_array().unwrap().len(), 8, "{got}");
    let asked = provider.requests();
    // Two for each member, and at most two for the judge.
    assert_eq!(asked.len(), 17, "{got}");

    // The judge gets what the members leave.
    let (provider, mut server) = purse("left", 2, 0, "0.0018");
    let arguments = json!({"prompt": "hi", "models": ["openai/m0", "openai/m1"], "mode": "judge",
        "judge_model": "openai/m0"});
    let result = server.call_tool(COMPARE, arguments);
    let got = answer(&result);
    let asked = provider.requests();
    assert_eq!(asked.len(), 3, "{got}");
    let most = |place: usize| asked[place].json()["max_output_tokens"].as_u64();
    assert_eq!((most(0), most(1)), (Some(600), Some(600)));
    let spent = |place: usize| {
        got["results"][place]["usage"]["output_tokens"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(most(2), Some(1_800 - spent(0) - spent(1)));
}

#[test]
fn what_cannot_be_counted_is_refused_under_the_bound() {
    let file = "models: {openai/m: {price: {input: 1, output: 1}}, google/m: {price: {input: 1, output: 1}}}";
    let provider = Provider::start();
    let mut server = builder(&provider)
        .env("CONFIG_FILE", config("uncounted", file))
        .env("ANYGPT_MAX_COST_USD", "1")
        .spawn();
    let file = |model: &str, part: Value| {
        let content = vec![part; 20];
        json!({"model": model, "messages": [{"role": "user", "content": content}]})
    };
    let part =
        json!({"type": "file", "url": "https://x.example/a.pdf", "mime_type": "application/pdf"});
    let state = json!({"provider": "google", "items": [{"fileData": {"fileUri": "https://x.example/a.mp4"}}]});
    let pdf = json!({"type": "file", "data": "JVBERi0xLjQK", "mime_type": "application/pdf"});
    let sound = json!({"type": "file", "data": "UklGRgAAAAA=", "mime_type": "audio/wav"});
    let film = json!({"type": "image", "url": "https://x.example/watch"});
    for arguments in [
        file("openai/m", part.clone()),
        file("google/m", part.clone()),
        file("openai/m", pdf.clone()),
        file("google/m", pdf),
        file("google/m", sound),
        file("google/m", film),
        json!({"model": "google/m", "messages": [{"role": "user", "content": "hi"},
            {"role": "assistant", "provider_state": state}, {"role": "user", "content": "hi"}]}),
    ] {
        for is_dry_run in [false, true] {
            let mut arguments = arguments.clone();
            arguments["dry_run"] = json!(is_dry_run);
            let result = server.call_tool(CHAT, arguments);
            let text = error(&result);
            assert!(text.starts_with("invalid_request: "), "{text}");
            assert_parts(
                text,
                &[
                    "ANYGPT_MAX_COST_USD bounds the cost",
                    "cannot be known before",
                ],
            );
        }
    }
    assert_eq!(provider.requests().len(), 0);
    // An image is an image wherever it is, and may be a large one.
    let image = json!({"type": "image", "url": "https://x.example/a.png"});
    let mut arguments = file("openai/m", image);
    arguments["dry_run"] = json!(true);
    let result = server.call_tool(CHAT, arguments);
    assert_eq!(chat(&result)["estimated_input_tokens"], 600_000);
    // Without a bound it is the caller's money.
    let mut free = builder(&provider).spawn();
    let result = free.call_tool(CHAT, file("google/m", part));
    assert_eq!(chat(&result)["provider"], "google");
}

#[test]
fn a_dry_run_counts_as_the_purse_does() {
    let (provider, mut server) = purse("dry", 1, 1, "0.001");
    let schema = json!({"type": "json_schema", "schema": {"type": "object", "description": "ß".repeat(200)}});
    let arguments =
        json!({"model": "openai/m0", "prompt": "ß".repeat(100), "response_format": schema});
    let mut dry = arguments.clone();
    dry["dry_run"] = json!(true);
    let result = server.call_tool(CHAT, dry);
    let got = chat(&result);
    let input = got["estimated_input_tokens"].as_u64().unwrap();
    assert!((300..340).contains(&input), "{got}");
    assert_eq!(got["parameters"]["max_output_tokens"], 1_000 - input);
    assert_eq!(got["estimated_cost_usd"], 0.001);
    assert_parts(text(&result), &["about $0.001 at most"]);
    ask(&mut server, &arguments);
    assert_eq!(sent(&provider)["max_output_tokens"], 1_000 - input);
}

// ------------------------------------------------------------------------------------------ the operator

#[test]
fn a_denied_provider_is_off_by_whatever_name_it_is_asked() {
    let provider = Provider::start();
    for (variable, value, word) in [
        (
            "ANYGPT_DENY_PROVIDERS",
            "xai, OpenAI",
            "denied by ANYGPT_DENY_PROVIDERS",
        ),
        (
            "ANYGPT_ALLOW_PROVIDERS",
            "gemini,anthropic",
            "not allowed by ANYGPT_ALLOW_PROVIDERS",
        ),
    ] {
        let mut server = builder(&provider)
            .env("OPENROUTER_API_KEY", "k-1")
            .env("OPENROUTER_BASE_URL", provider.base_url(Family::Compatible))
            .env(variable, value)
            .spawn();
        let listed = server.call_tool(PROVIDERS, json!({}));
        let first = &answer(&listed)["providers"][0];
        assert_eq!(
            (&first["id"], &first["usable"]),
            (&json!("openai"), &json!(false))
        );
        assert_eq!(first["problem"], word);
        for arguments in [
            json!({"model": "gpt-4.1"}),
            json!({"model": "openai/gpt-4.1@high"}),
            json!({"provider": "openai"}),
            json!({"provider": "openai", "model": "claude-sonnet-5", "dry_run": true}),
        ] {
            let refused = ask(&mut server, &arguments);
            let text = error(&refused);
            assert!(
                text.starts_with(&format!("permission: provider openai is {word}")),
                "{text}"
            );
        }
        let refused = server.call_tool(MODELS, json!({"provider": "openai"}));
        assert_parts(error(&refused), &["permission: provider openai is"]);
        // The others still work, the default included.
        assert_ne!(chat(&ask(&mut server, &json!({})))["provider"], "openai");
        let result = ask(
            &mut server,
            &json!({"model": "gpt-4.1", "fallbacks": ["gemini-3.5-flash"]}),
        );
        assert_eq!(chat(&result)["provider"], "google");
        let models = ["openai/gpt-4.1", "gemini-3.5-flash"];
        let result = server.call_tool(COMPARE, json!({"prompt": "hi", "models": models}));
        assert_parts(
            answer(&result)["results"][0]["error"].as_str().unwrap(),
            &["permission: ", word],
        );
        let arguments = json!({"prompt": "hi", "models": ["claude-sonnet-5", "gemini-3.5-flash"], "mode": "judge",
            "judge_model": "gpt-4.1"});
        assert_parts(
            error(&server.call_tool(COMPARE, arguments)),
            &["permission: ", word],
        );
    }
    let asked = provider.requests();
    assert!(
        asked
            .iter()
            .all(|request| request.family() != Some(Family::OpenAi))
    );
}

#[test]
fn a_denied_model_is_refused_skipped_and_not_listed() {
    let provider = Provider::start();
    let file = "models:
  openai/gpt-4.1: {tags: [fast]}
  google/gemini-2.5-flash: {tags: [fast, only]}
limits: {deny_models: ['*/GPT-4.1', 'gemini-2.5-flash', nobody]}
";
    let mut server = builder(&provider)
        .env("CONFIG_FILE", config("models", file))
        .env("DEFAULT_MODEL", "gpt-4.1")
        .spawn();
    let place = "denied by limits.deny_models (line 4 of the configuration file)";
    for arguments in [
        json!({}),
        json!({"model": "gpt-4.1"}),
        json!({"model": "openai/Gpt-4.1@low"}),
        json!({"model": "models/gemini-2.5-flash"}),
        json!({"model": "only"}),
        json!({"model": "fast"}),
    ] {
        let refused = ask(&mut server, &arguments);
        assert_parts(error(&refused), &[place]);
    }
    let refused = ask(&mut server, &json!({"model": "gpt-4.1"}));
    assert!(error(&refused).starts_with("permission: model openai/gpt-4.1 is denied"));
    let result = ask(
        &mut server,
        &json!({"model": "gpt-4.1", "fallbacks": ["claude-sonnet-5"]}),
    );
    assert_eq!(chat(&result)["provider"], "anthropic");
    assert_parts(
        &warnings(chat(&result)),
        &["The first choice was left out: permission: "],
    );
    let tags = server.call_tool(TAGS, json!({}));
    assert_eq!(answer(&tags)["tags"][0]["problem"], place);
    let listed = server.call_tool(MODELS, json!({}));
    let lines = text(&listed);
    assert_parts(lines, &["openai/gpt-5.6-luna", "google/gemini-2.5-pro"]);
    for denied in ["gpt-4.1", "gemini-2.5-flash"] {
        assert!(!lines.contains(denied), "{lines}");
    }
    let asked: Vec<_> = provider
        .requests()
        .iter()
        .filter_map(|r| r.model())
        .collect();
    assert!(
        !asked.iter().any(|model| model.contains("4.1")),
        "{asked:?}"
    );
}

#[test]
fn a_tag_skips_the_denied_and_variables_beat_the_file() {
    let provider = Provider::start();
    let file = "models: {openai/gpt-4.1: {tags: [fast]}, google/gemini-2.5-pro: {tags: [fast]}}
limits: {allow_models: [nobody], max_tokens: 5000}
";
    let mut server = builder(&provider)
        .env("CONFIG_FILE", config("tags", file))
        .env("ANYGPT_ALLOW_MODELS", "gemini/*")
        .spawn();
    let result = ask(&mut server, &json!({"model": "fast"}));
    assert_eq!(chat(&result)["provider"], "google");
    assert_eq!(warnings(chat(&result)), "");
    // The file's other keys still count.
    assert_eq!(
        sent(&provider)["generationConfig"]["maxOutputTokens"],
        5_000
    );
    let refused = ask(&mut server, &json!({"model": "claude-sonnet-5"}));
    assert_parts(
        error(&refused),
        &["permission: ", "not allowed by ANYGPT_ALLOW_MODELS"],
    );
}

#[test]
fn tokens_and_time_are_capped_and_only_what_was_lowered_is_said() {
    let provider = Provider::start();
    let mut server = builder(&provider)
        .env("ANYGPT_MAX_TOKENS", "200")
        .env("ANYGPT_MAX_TIMEOUT", "3")
        .spawn();
    for (model, given, warning) in [
        ("gpt-4.1", json!({}), ""),
        (
            "gpt-4.1",
            json!({"max_tokens": 500}),
            "max_tokens was lowered from 500 to 200 by ANYGPT_MAX_TOKENS",
        ),
        ("claude-sonnet-5", json!({}), ""),
    ] {
        let mut arguments = given;
        arguments["model"] = json!(model);
        let result = ask(&mut server, &arguments);
        let body = sent(&provider);
        let limit = body.get("max_output_tokens").or(body.get("max_tokens"));
        assert_eq!(limit, Some(&json!(200)), "{model}");
        assert_eq!(warnings(chat(&result)), warning, "{model}");
    }
    ask(&mut server, &json!({"model": "gpt-4.1", "max_tokens": 100}));
    assert_eq!(sent(&provider)["max_output_tokens"], 100);

    for arguments in [json!({"timeout_seconds": 30}), json!({})] {
        let begun = Instant::now();
        let mut arguments = arguments;
        arguments["model"] = json!("openai/fault-hang-stream");
        let result = ask(&mut server, &arguments);
        // Sooner than after 30 s, or after the default's 55 s.
        assert!(begun.elapsed() < Duration::from_secs(25));
        assert_eq!(chat(&result)["finish_reason"], "timeout");
        let said = warnings(chat(&result))
            .contains("timeout_seconds was lowered from 30 to 3 by ANYGPT_MAX_TIMEOUT");
        assert_eq!(said, arguments.get("timeout_seconds").is_some());
    }
    let models = ["gpt-4.1", "claude-sonnet-5"];
    let before = provider.requests().len();
    server.call_tool(
        COMPARE,
        json!({"prompt": "hi", "models": models, "mode": "judge"}),
    );
    let bodies = provider.requests().split_off(before);
    assert_eq!(bodies.len(), 3);
    for body in bodies.iter().map(|request| request.json()) {
        assert_eq!(
            body.get("max_output_tokens").or(body.get("max_tokens")),
            Some(&json!(200))
        );
    }
}

#[test]
fn the_operators_money_bounds_every_call() {
    let provider = Provider::start();
    let mut server = builder(&provider)
        .env("CONFIG_FILE", config("operator", PRICED))
        .env("ANYGPT_MAX_COST_USD", "0.000402")
        .spawn();
    let result = ask(&mut server, &json!({"model": "gpt-4.1"}));
    assert_eq!(sent(&provider)["max_output_tokens"], 100);
    assert_parts(&warnings(chat(&result)), &["ANYGPT_MAX_COST_USD"]);
    let result = ask(&mut server, &json!({"model": "gpt-4.1", "max_cost_usd": 3}));
    assert_eq!(sent(&provider)["max_output_tokens"], 100);
    assert_parts(
        &warnings(chat(&result)),
        &["max_cost_usd was lowered from 3 to 0.000402 by ANYGPT_MAX_COST_USD"],
    );
    ask(
        &mut server,
        &json!({"model": "gpt-4.1", "max_cost_usd": 0.000_202}),
    );
    assert_eq!(sent(&provider)["max_output_tokens"], 50);
    let result = ask(&mut server, &json!({"model": "gemini-3.5-flash"}));
    assert_parts(
        error(&result),
        &["config: google/gemini-3.5-flash: ANYGPT_MAX_COST_USD needs a price"],
    );
}

#[test]
fn limits_bound_the_tools_to_choose_too() {
    let provider = Provider::start();
    let tools = [
        (
            "anygpt_embed",
            json!({"input": "hi", "model": "openai/text-embedding-3-small"}),
        ),
        (
            "anygpt_generate_image",
            json!({"prompt": "a cat", "model": "openai/gpt-image-2"}),
        ),
        (
            "anygpt_count_tokens",
            json!({"prompt": "hi", "model": "openai/gpt-4.1"}),
        ),
    ];
    let start = |name: &str, value: &str| {
        let server = builder(&provider).env("ANYGPT_TOOLS", "all");
        server.env(name, value).spawn()
    };
    let mut free = start("ANYGPT_MAX_TOKENS", "100");
    let mut denied = start("ANYGPT_DENY_MODELS", "openai/*");
    let mut bounded = start("ANYGPT_MAX_COST_USD", "1");
    for (tool, arguments) in tools {
        let before = provider.requests().len();
        free.call_tool(tool, arguments.clone());
        let sent = provider.requests().len();
        assert!(sent > before, "{tool}");
        let result = denied.call_tool(tool, arguments.clone());
        assert_parts(error(&result), &["permission: ", "ANYGPT_DENY_MODELS"]);
        // Counting costs nothing.
        if tool != "anygpt_count_tokens" {
            let result = bounded.call_tool(tool, arguments);
            assert_parts(
                error(&result),
                &["permission: ANYGPT_MAX_COST_USD bounds the cost"],
            );
        }
        assert_eq!(provider.requests().len(), sent, "{tool}");
    }
}
