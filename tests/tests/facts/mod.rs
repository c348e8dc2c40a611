//! What is known of models, end to end: the table, an operator's own, and what follows for requests and limits.
//!
//! Never here: the rows themselves (`runtime/providers/src/facts`), or what an answer costs (`tools/limits.rs`).

use std::path::PathBuf;
use std::sync::LazyLock;

use anygpt_tests::outcome::{assert_parts, error};
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::server::{Output, Server, run};
use serde_json::{Value, json};

const CHAT: &str = "anygpt_chat_completion";
const KEYS: [(&str, &str); 3] = [
    ("OPENAI_API_KEY", "key-12345678"),
    ("GROQ_API_KEY", "key-23456789"),
    ("OPENROUTER_API_KEY", "key-34567890"),
];

/// A file of this test program.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("facts-{name}"));
    std::fs::write(&path, text).unwrap();
    path
}

/// A table that prices one model and invents another.
const OWN: &str = "facts 2099-01-31 own
id\tuse\tinput\toutput\tcontext\tmost\tinputs\tefforts\tsampling\ttakes\tlong
[openai]
gpt-6.1-sol\t\t3
gpt-own\tchat\t5\t25\t50000\t4000\t-\tlow,high\tno\tno-tools\t32:10,,,50
";

fn own() -> (&'static str, String) {
    // Once: tests read it side by side.
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| file("own.tsv", OWN));
    ("ANYGPT_FACTS", PATH.display().to_string())
}

#[track_caller]
fn resolved(name: &str, variables: &[(&str, String)]) -> Value {
    let keys = KEYS.map(|(name, value)| (name, value.to_owned()));
    let all: Vec<(&str, String)> = keys.into_iter().chain(variables.iter().cloned()).collect();
    let output = run(&["models", "--resolve", name, "--json"], all, b"");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn what_is_known_of_a_model_is_told_without_a_network() {
    let got = resolved("gpt-6.1-sol@high", &[]);
    assert_eq!(
        (&got["provider"], &got["model"], &got["effort"]),
        (&json!("openai"), &json!("gpt-6.1-sol"), &json!("high"))
    );
    let facts = &got["facts"];
    assert!(facts["date"].as_str().unwrap().starts_with("20"), "{got}");
    for price in ["input", "cached_input", "output"] {
        assert!(facts["price"][price].as_f64().unwrap() > 0.0, "{got}");
    }
    assert!(facts["context"].as_u64().unwrap() > 100_000, "{got}");
    assert!(
        facts["efforts"]
            .as_array()
            .unwrap()
            .contains(&json!("high")),
        "{got}"
    );
    assert_eq!(facts["sampling"], false, "{got}");
    assert_eq!(facts.get("like"), None, "{got}");

    // One that is new: like the newest of its family, whose price it need not have.
    let got = resolved("gpt-77-sol", &[]);
    let facts = &got["facts"];
    assert_parts(facts["like"].as_str().unwrap(), &["gpt-", "-sol"]);
    assert_eq!(
        (facts.get("price"), facts.get("retires")),
        (None, None),
        "{got}"
    );
    assert!(
        facts["price_for_limit"]["output"].as_f64().unwrap() > 0.0,
        "{got}"
    );

    // A host's, of which nothing is known; and one that runs here.
    assert_eq!(resolved("openrouter/vendor/model", &[]).get("facts"), None);
    let local = resolved("ollama/x", &[("OLLAMA_HOST", "127.0.0.1:9".to_owned())]);
    assert_eq!(
        local["facts"]["price"],
        json!({"input": 0.0, "output": 0.0})
    );
}

#[test]
fn an_operator_s_table_and_the_configuration_file_win() {
    let facts = resolved("gpt-own", &[own()])["facts"].take();
    assert_eq!(
        (
            &facts["date"],
            &facts["context"],
            &facts["max_output"],
            &facts["inputs"]
        ),
        (
            &json!("2099-01-31"),
            &json!(50_000),
            &json!(4_000),
            &json!([])
        )
    );
    assert_eq!(
        facts["price"],
        json!({"input": 5.0, "output": 25.0, "long_from": 32_000.0, "long_input": 10.0, "long_output": 50.0})
    );
    assert_eq!(
        (&facts["efforts"], &facts["tools"]),
        (&json!(["low", "high"]), &json!(false))
    );
    let facts = resolved("gpt-6.1-sol", &[own()])["facts"].take();
    assert_eq!(facts["price"]["input"], 3.0);
    assert!(facts["price"]["cached_input"].is_number(), "{facts}");

    let text = format!(
        "facts: {}\nmodels:\n  openai/gpt-own:\n    price: {{input: 1, output: 2, cache_write: 1.5, search: 4, \
         long_from: 1000, long_input: 3}}\n    efforts: [none, medium]\n    inputs: [image]\n    tools: true\n    \
         sampling: true\n    forced_tools: false\n    context: 7000\n    max_output: 500\n",
        own().1
    );
    let path = file("file.yaml", &text).display().to_string();
    let facts = resolved("gpt-own", &[("CONFIG_FILE", path.clone())])["facts"].take();
    let expected = json!({"source": facts["source"], "date": "2099-01-31",
        "price": {"input": 1.0, "output": 2.0, "cache_write": 1.5, "search": 4.0, "long_from": 1000.0,
            "long_input": 3.0, "long_cache_write": 4.5, "long_output": 6.0},
        "context": 7_000, "max_output": 500, "inputs": ["image"], "efforts": ["none", "medium"], "sampling": true,
        "tools": true, "forced_tools": false});
    assert_eq!(facts, expected);
    let shown = run(&["config", "show"], [("CONFIG_FILE", path), own()], b"");
    assert_parts(
        &shown.stdout,
        &["facts", "table of 2099-01-31", "price.long_input"],
    );
}

#[test]
fn a_table_that_cannot_be_used_stops_the_start_with_its_line() {
    let start = |path: &str| -> Output {
        let variables = [("ANYGPT_FACTS", path), ("OPENAI_API_KEY", "key-12345678")];
        run(&["config", "validate"], variables, b"")
    };
    let wrong = file("wrong.tsv", "facts 2099-01-31 own\nid\tprize\n");
    let large = file("large.tsv", &"# x\n".repeat(400_000));
    for (path, parts) in [
        (
            wrong.to_str().unwrap(),
            &["ANYGPT_FACTS", "line 2", "no column \"prize\""][..],
        ),
        (
            large.to_str().unwrap(),
            &["ANYGPT_FACTS", "is larger than 1024 KiB"],
        ),
        ("/nowhere/facts.tsv", &["ANYGPT_FACTS", "cannot be read"]),
        ("/", &["ANYGPT_FACTS", "is a folder"]),
    ] {
        let output = start(path);
        assert_eq!(output.code, Some(1), "{path}");
        assert_parts(&output.stderr, parts);
    }
    assert_eq!(start(own().1.as_str()).code, Some(0));
}

#[test]
fn doctor_and_lists_tell_the_day_of_the_table() {
    let output = run(&["doctor"], KEYS, b"");
    assert_parts(&output.stdout, &["\nfacts: table of 20"]);
    let mut server = Server::builder().envs(KEYS).spawn();
    let listed = server.call_tool("anygpt_list_models", json!({"live": false}));
    let facts = listed["structuredContent"]["facts"].as_str().unwrap();
    assert!(facts.starts_with("table of 20"), "{facts}");
}

/// What a request to a model would hold, and the warnings.
fn planned(variables: &[(&str, String)], arguments: &Value) -> Value {
    let keys = KEYS.map(|(name, value)| (name, value.to_owned()));
    let all = keys.into_iter().chain(variables.iter().cloned());
    let mut server = Server::builder().envs(all).spawn();
    let mut all = json!({"prompt": "hi", "dry_run": true});
    all.as_object_mut()
        .unwrap()
        .extend(arguments.as_object().unwrap().clone());
    server.call_tool(CHAT, all)
}

#[test]
fn a_request_has_what_the_row_takes() {
    let planned = |model: &str| {
        let arguments = json!({"model": model, "reasoning_effort": "minimal", "temperature": 0.5});
        planned(&[own()], &arguments)["structuredContent"].take()
    };
    let got = planned("gpt-own");
    assert_eq!(
        got["parameters"],
        json!({"reasoning": {"effort": "low"}}),
        "{got}"
    );
    assert_eq!(got["warnings"].as_array().unwrap().len(), 2, "{got}");
    let got = planned("gpt-own-2");
    assert_parts(
        &got["warnings"].to_string(),
        &["gpt-own-2 is not in the table of models of 2099-01-31"],
    );
}

#[test]
fn what_a_model_is_known_not_to_take_is_refused_before_it_is_sent() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("ANYGPT_FACTS", own().1)
        .spawn();
    let tool = json!({"name": "look", "parameters": {"type": "object"}});
    let mut sent = 0;
    let image = json!([{"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0="}}]);
    for (arguments, part) in [
        (
            json!({"prompt": "hi", "tools": [tool]}),
            "gpt-own takes no tools: leave them out",
        ),
        (
            json!({"messages": [{"role": "user", "content": image}]}),
            "gpt-own takes no images: describe them",
        ),
    ] {
        let mut known = arguments.clone();
        known["model"] = json!("gpt-own");
        let result = server.call_tool(CHAT, known);
        assert_parts(error(&result), &["invalid_request: openai", part]);
        assert_eq!(provider.requests().len(), sent, "nothing was sent");
        // Of a model that only may be like it nothing is refused.
        let mut new = arguments;
        new["model"] = json!("gpt-own-2");
        let result = server.call_tool(CHAT, new);
        assert_ne!(result["isError"], true, "{result}");
        sent += 1;
        assert_eq!(provider.requests().len(), sent);
    }
}

/// A first party's new model is never refused for being new.
#[test]
fn a_limit_knows_a_bound_for_what_is_new_and_none_for_what_is_anybody_s() {
    let got =
        planned(&[], &json!({"model": "gpt-77-sol", "max_cost_usd": 0.5}))["structuredContent"]
            .take();
    let warnings = got["warnings"].to_string();
    assert_parts(
        &warnings,
        &[
            "The price of gpt-77-sol is not known",
            "the dearest of its family",
            "is taken for the limit",
        ],
    );
    assert_eq!(got["parameters"]["service_tier"], "default", "{got}");
    let refused = planned(
        &[],
        &json!({"model": "openrouter/a/b", "max_cost_usd": 0.5}),
    );
    assert_parts(error(&refused), &["max_cost_usd needs a price"]);
    let free = planned(
        &[("OLLAMA_HOST", "127.0.0.1:9".to_owned())],
        &json!({"model": "ollama/x", "max_cost_usd": 0.5}),
    );
    assert_eq!(
        free["structuredContent"]["estimated_cost_usd"], 0.0,
        "{free}"
    );
    // Elsewhere nobody asks for a tier.
    let provider = Provider::start();
    let priced = "models: {openai/gpt-4.1: {price: {input: 1, output: 1}}}";
    let mut server = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", file("priced.yaml", priced))
        .spawn();
    let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "max_cost_usd": 0.5});
    assert_ne!(server.call_tool(CHAT, arguments)["isError"], true);
    assert_eq!(provider.requests()[0].json().get("service_tier"), None);
}

/// What the list says of the model that is picked counts for the request.
#[test]
fn the_live_list_wins_over_the_table() {
    let provider = Provider::start();
    let list = json!({"has_more": false, "data": [{"type": "model", "id": "claude-sonnet-5-5", "lifecycle": "active",
        "max_tokens": 1_000, "capabilities": {"effort": {"supported": true, "high": {"supported": true}},
            "thinking": {"supported": true, "types": {"adaptive": {"supported": true}, "enabled": {"supported": false},
                "disabled": {"supported": false}, "between_tools": {"supported": false}}}}}]});
    provider.script_models(Family::Anthropic, [Reply::json(200, &list)]);
    let mut server = Server::builder().envs(provider.env()).spawn();
    let arguments = json!({"prompt": "hi", "provider": "anthropic", "reasoning_effort": "none"});
    let result = server.call_tool(CHAT, arguments);
    assert_ne!(result["isError"], true, "{result}");
    let body = provider.requests().last().unwrap().json();
    assert_eq!(body["output_config"]["effort"], "high", "{body}");
    assert_eq!(
        (body.get("thinking"), &body["max_tokens"]),
        (None, &json!(1_000)),
        "{body}"
    );
}
