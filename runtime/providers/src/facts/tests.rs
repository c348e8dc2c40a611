use super::*;
use crate::testing::named_model;
use crate::{Capability, Model};

fn day(text: &str) -> Day {
    Day::read(text).unwrap()
}

/// The table's own day, so that a newer table needs no new tests.
fn now() -> Day {
    Facts::default().day()
}

#[test]
fn a_model_and_its_snapshots_have_a_price_and_nothing_else_has() {
    let facts = Facts::default();
    let price = |model: &str| {
        let row = facts
            .row("openai", model)
            .or(facts.row("anthropic", model))?;
        row.price(now())
            .map(|price| (price.rates.input, price.rates.output))
    };
    for (model, expected) in [
        ("gpt-4.1", Some((2.0, 8.0))),
        ("GPT-4.1-2025-04-14", Some((2.0, 8.0))),
        ("models/gpt-4.1", Some((2.0, 8.0))),
        ("claude-haiku-4-5-20251001", Some((1.0, 5.0))),
        ("gpt-4.1-turbo", None),
        ("gpt-4.10", None),
        ("gpt-4.1-2025", None),
        ("gpt-4.1-99990414", None),
        ("gpt-5.7", None),
        ("ft:gpt-4.1", None),
        ("20250929", None),
        ("-20250929", None),
        ("", None),
        ("\n", None),
        ("gpt-4.1\tchat", None),
    ] {
        assert_eq!(price(model), expected, "{model}");
    }
}

/// What the vendors' pages say; a table that loses it is wrong whatever its sources say.
#[test]
fn golden_rows() {
    let facts = Facts::default();
    // Input, cached, written, output; from so many thousand tokens on, and then input and output.
    for (provider, id, rates, long) in [
        // https://developers.openai.com/api/docs/pricing
        ("openai", "gpt-6.2-sol", [2.0, 0.1, 2.5, 10.0], None),
        (
            "openai",
            "gpt-6.2-astra",
            [8.0, 0.4, 10.0, 40.0],
            Some((272, 16.0, 60.0)),
        ),
        ("openai", "gpt-6-luna", [0.1, 0.01, 0.125, 0.5], None),
        (
            "openai",
            "gpt-5.6",
            [4.0, 0.4, 5.0, 20.0],
            Some((272, 8.0, 30.0)),
        ),
        // https://platform.claude.com/docs/en/about-claude/pricing
        ("anthropic", "claude-opus-5-5", [4.0, 0.2, 5.0, 20.0], None),
        (
            "anthropic",
            "claude-sonnet-5-5",
            [2.0, 0.1, 2.5, 10.0],
            None,
        ),
        (
            "anthropic",
            "claude-haiku-5-5",
            [0.1, 0.01, 0.125, 0.5],
            Some((100, 0.5, 2.5)),
        ),
        (
            "anthropic",
            "claude-fable-5-2",
            [8.0, 0.2, 10.0, 40.0],
            None,
        ),
        // https://ai.google.dev/gemini-api/docs/pricing
        (
            "google",
            "gemini-3.8-flash",
            [0.75, 0.075, f64::NAN, 3.75],
            None,
        ),
        (
            "google",
            "gemini-4-hydrogen",
            [1.5, 0.075, f64::NAN, 7.5],
            None,
        ),
        (
            "google",
            "gemini-3.1-pro-preview",
            [2.0, 0.2, f64::NAN, 12.0],
            Some((200, 4.0, 18.0)),
        ),
        // https://docs.x.ai/docs/models
        (
            "xai",
            "grok-4.7",
            [2.0, 0.5, f64::NAN, 6.0],
            Some((200, 4.0, 12.0)),
        ),
    ] {
        let row = facts.row(provider, id).unwrap_or_else(|| panic!("{id}"));
        let price = row.price(now()).unwrap();
        let Rates {
            input,
            cached_input,
            cache_write,
            output,
        } = price.rates;
        let found = [
            input,
            cached_input.unwrap_or(f64::NAN),
            cache_write.unwrap_or(f64::NAN),
            output,
        ];
        let is_same =
            |one: f64, other: f64| one.is_nan() && other.is_nan() || (one - other).abs() < 1e-9;
        assert!(
            found
                .iter()
                .zip(rates)
                .all(|(one, other)| is_same(*one, other)),
            "{id} {found:?}"
        );
        let found = price
            .long
            .map(|(from, it)| (from / 1_000, it.input, it.output));
        if long.is_some() || provider != "openai" {
            assert_eq!(found, long, "{id}");
        }
    }
}

#[test]
fn a_price_ends_on_its_day() {
    let facts = Facts::default();
    let row = facts.row("google", "gemini-4-argon").unwrap();
    let output = |text| row.price(day(text)).unwrap().rates.output;
    assert_eq!((output("2026-11-30"), output("2026-12-01")), (10.0, 20.0));
}

#[test]
fn a_model_without_a_row_is_judged_by_its_family() {
    let facts = Facts::default();
    let judge = |provider: &str, id: &str| {
        let found = facts.find(provider, id, now())?;
        Some((found.row.id().to_owned(), found.is_judged))
    };
    for (provider, id, expected) in [
        ("openai", "gpt-6.1-sol", Some(("gpt-6.1-sol", false))),
        (
            "openai",
            "openai/gpt-6.1-sol:online",
            Some(("gpt-6.1-sol", false)),
        ),
        ("openai", "gpt-7-sol", Some(("gpt-6.2-sol", true))),
        ("openai", "gpt-9-luna", Some(("gpt-6-luna", true))),
        ("openai", "gpt-4-turbo", Some(("gpt-4.1", true))),
        (
            "google",
            "gemini-3-pro-preview",
            Some(("gemini-3.1-pro-preview", true)),
        ),
        ("openai", "o1", Some(("o3", true))),
        ("openai", "gpt-oss-20b", None),
        ("openai", "llama-4", None),
        ("openai", "claude-sonnet-5-5", None),
        (
            "anthropic",
            "claude-sonnet-7",
            Some(("claude-sonnet-5-5", true)),
        ),
        (
            "anthropic",
            "claude-sonnet-5.5",
            Some(("claude-sonnet-5-5", false)),
        ),
        (
            "anthropic",
            "us.anthropic.claude-sonnet-5-5-v1:0",
            Some(("claude-sonnet-5-5", false)),
        ),
        (
            "anthropic",
            "claude-3-5-haiku-20241022",
            Some(("claude-haiku-4-5", true)),
        ),
        ("anthropic", "deepseek-chat", None),
        ("google", "gemini-9-flash", Some(("gemini-3.8-flash", true))),
        ("google", "gemma-4-9b", Some(("gemma-4-26b-a4b-it", true))),
        ("google", "medgemma-4", None),
        ("nobody", "gpt-6.1-sol", None),
    ] {
        let expected = expected.map(|(id, is_judged)| (id.to_owned(), is_judged));
        assert_eq!(judge(provider, id), expected, "{id}");
    }
    // Of another sort by its class.
    let purpose = |id| facts.find("openai", id, now()).unwrap().row.purpose();
    assert_eq!(purpose("gpt-realtime-9"), Some(Purpose::Other));
    assert_eq!(purpose("gpt-image-9"), Some(Purpose::Images));
}

#[test]
fn an_assumed_price_is_the_dearest_of_the_family() {
    let facts = Facts::default();
    let price = |provider, id| {
        let price = facts.assumed_price(provider, id, now())?;
        Some((price.rates.input, price.rates.output))
    };
    assert_eq!(price("openai", "gpt-7-sol"), Some((4.0, 20.0)));
    assert_eq!(price("anthropic", "claude-haiku-7"), Some((1.0, 5.0)));
    // No such line: the dearest of the vendor.
    let all = facts.chats("anthropic", now());
    let dearest = all
        .iter()
        .filter_map(|row| Some(row.price(now())?.rates.output))
        .fold(0.0, f64::max);
    assert_eq!(price("anthropic", "sonnet").unwrap().1, dearest);
    assert_eq!(price("nobody", "x"), None);
}

fn picked(provider: &str, ids: &[&str], day: Day) -> String {
    let models: Vec<Model> = ids
        .iter()
        .map(|id| Model {
            chat: None,
            ..named_model(id, true)
        })
        .collect();
    match Facts::default().pick(provider, &models, day) {
        Pick::Marked(model) => format!("={}", model.id),
        Pick::Nearest(model) => model.id.clone(),
        Pick::None => "none".to_owned(),
        Pick::Unknown => "unknown".to_owned(),
    }
}

#[test]
fn the_marked_model_is_picked_or_the_nearest() {
    for (provider, ids, expected) in [
        (
            "openai",
            &[
                "gpt-live-1",
                "gpt-6-astra",
                "gpt-6.1-sol",
                "gpt-6.1-sol-2026-10-01",
            ][..],
            "=gpt-6.1-sol",
        ),
        (
            "openai",
            &["gpt-6-astra", "gpt-6-luna", "gpt-6-sol"],
            "gpt-6-sol",
        ),
        ("openai", &["gpt-9-sol", "gpt-6-sol"], "gpt-6-sol"),
        ("openai", &["gpt-9-sol", "gpt-live-1"], "gpt-9-sol"),
        (
            "openai",
            &[
                "gpt-live-2",
                "gpt-rosalind-discovery",
                "gpt-6-cyber",
                "gpt-6-astra-law",
            ],
            "none",
        ),
        (
            "openai",
            &[
                "gpt-6-rosalind",
                "gpt-daybreak-red-latest",
                "daybreak-red-latest",
            ],
            "none",
        ),
        ("openai", &["ft:gpt-6.1-sol:me::1", "gpt-5.5-pro"], "none"),
        ("openai", &["qwen3", "gpt-oss-20b"], "unknown"),
        ("openai", &[], "unknown"),
        (
            "anthropic",
            &["claude-fable-5-2", "claude-opus-5-5", "claude-sonnet-5-5"],
            "=claude-sonnet-5-5",
        ),
        ("anthropic", &["claude-fable-5-1"], "none"),
        (
            "google",
            &[
                "gemini-3.5-transcribe",
                "gemini-3.8-flash",
                "gemini-4-hydrogen",
            ],
            "=gemini-4-hydrogen",
        ),
        (
            "google",
            &["gemini-3.5-transcribe", "lyria-4", "gemini-9-flash-tts"],
            "none",
        ),
        ("xai", &["grok-imagine-video", "nothing"], "none"),
    ] {
        assert_eq!(picked(provider, ids, now()), expected, "{ids:?}");
    }
}

#[test]
fn what_is_shut_down_soon_is_not_picked() {
    // gpt-4.1 ends on 2027-01-14.
    let of = |text| picked("openai", &["gpt-4.1"], day(text));
    assert_eq!(
        (of("2026-09-01"), of("2026-11-29")),
        ("gpt-4.1".to_owned(), "none".to_owned())
    );
    // As the live list says, whatever the table says.
    let model = |retires: &str, is_withdrawn| Model {
        retires: Some(retires.to_owned()),
        is_withdrawn,
        ..named_model("claude-sonnet-5-5", true)
    };
    let pick = |model: Model| Facts::default().pick("anthropic", &[model], now()) != Pick::None;
    assert!(pick(model("2099-01-01", false)));
    assert!(!pick(model("2099-01-01", true)));
    assert!(!pick(model(&now().to_string(), false)));
}

/// The list of each vendor as the table has it.
#[test]
fn of_all_that_a_vendor_has_the_marked_model_is_picked() {
    let facts = Facts::default();
    for provider in [
        "openai",
        "anthropic",
        "google",
        "mistral",
        "xai",
        "deepseek",
        "groq",
        "moonshot",
        "zai",
        "cerebras",
    ] {
        let rows = facts.0.rows(provider);
        let marked: Vec<&str> = rows
            .iter()
            .filter(|row| row.is_pick())
            .map(Row::id)
            .collect();
        let [marked] = marked[..] else {
            panic!("{provider}: {marked:?}");
        };
        let ids: Vec<&str> = rows.iter().map(Row::id).collect();
        assert_eq!(
            picked(provider, &ids, now()),
            format!("={marked}"),
            "{provider}"
        );
        // And without it, whatever is: an ordinary chat.
        let others: Vec<&str> = ids.into_iter().filter(|id| *id != marked).collect();
        let other = picked(provider, &others, now());
        if let Some(row) = facts.row(provider, &other) {
            assert!(
                !row.is_restricted() && !row.takes_minutes(),
                "{provider}: {other}"
            );
            assert_eq!(row.purpose(), Some(Purpose::Chat), "{provider}: {other}");
        }
    }
}

#[test]
fn a_list_is_completed_and_wins() {
    let mut models = [
        Model {
            chat: None,
            ..named_model("claude-sonnet-5-5", true)
        },
        Model {
            chat: None,
            efforts: vec![crate::ReasoningEffort::Max],
            output_token_limit: Some(7),
            ..named_model("claude-haiku-5-5", true)
        },
        named_model("llama", true),
    ];
    let facts = Facts::default();
    facts.complete("anthropic", &mut models, now(), true);
    let [sonnet, haiku, llama] = &models;
    assert_eq!(sonnet.chat, Some(true));
    assert_eq!(sonnet.has(Capability::Vision), Some(true));
    assert!(sonnet.efforts.len() >= 3 && sonnet.output_token_limit.is_some());
    let price = sonnet.price.as_ref().unwrap();
    assert_eq!((&*price.input, &*price.output), ("0.000002", "0.00001"));
    assert_eq!(
        (haiku.efforts.len(), haiku.output_token_limit),
        (1, Some(7))
    );
    assert_eq!(*llama, named_model("llama", true));
}

#[test]
fn an_operator_s_table_wins_cell_by_cell() {
    let mut facts = Facts::default();
    let text = "# ours\nfacts 2099-01-31 own\nid\toutput\tefforts\n\n[openai]\ngpt-6.1-sol\t12\t\ngpt-99\t3\tlow,high\n";
    facts.put_in_front(text).unwrap();
    assert_eq!(facts.day(), day("2099-01-31"));
    assert!(
        facts.source().starts_with("own over "),
        "{}",
        facts.source()
    );
    let known = Facts::default()
        .row("openai", "gpt-6.1-sol")
        .unwrap()
        .price(now())
        .unwrap();
    let row = facts.row("openai", "GPT-6.1-sol").unwrap();
    let price = row.price(now()).unwrap();
    assert_eq!(
        (price.rates.output, price.rates.input),
        (12.0, known.rates.input)
    );
    assert!(row.rules().efforts.unwrap().iter().count() > 2);
    let new = facts.find("openai", "gpt-99", now()).unwrap();
    assert_eq!((new.row.price(now()), new.is_judged), (None, false));
    assert_eq!(new.row.rules().efforts.unwrap().iter().count(), 2);
}

#[test]
fn a_wrong_line_of_an_operator_s_table_is_named() {
    let problem = |rest: &str| {
        let text = format!("facts 2099-01-31 own\n{rest}");
        Facts::default()
            .put_in_front(&text)
            .unwrap_err()
            .to_string()
    };
    for (rest, expected) in [
        ("id\tprice\n", "line 2: there is no column \"price\""),
        ("input\tid\n", "line 2: the first column is not id"),
        (
            "id\tinput\tinput\n",
            "line 2: the column input is there twice",
        ),
        ("id\tinput\nx\t1\n", "line 3: there is no [provider] above"),
        (
            "id\tinput\n[a]\nx\tcheap\n",
            "line 4: input is \"cheap\"; write US dollars",
        ),
        ("id\tinput\n[a]\nx\t-1\n", "line 4: input is \"-1\""),
        ("id\tinput\n[a]\nx\tNaN\n", "line 4: input is \"NaN\""),
        (
            "id\tefforts\n[a]\nx\tmuch\n",
            "line 4: efforts is \"much\"; write none,",
        ),
        (
            "id\tretires\n[a]\nx\tsoon\n",
            "line 4: retires is \"soon\"; write a day",
        ),
        (
            "id\tlong\n[a]\nx\t1,2\n",
            "line 4: long is \"1,2\"; write THOUSANDS:",
        ),
        (
            "id\ttakes\n[a]\nx\tall\n",
            "line 4: takes is \"all\"; write tools",
        ),
        (
            "id\tuse\n[a]\nx\tfun\n",
            "line 4: use is \"fun\"; write chat",
        ),
        (
            "id\tinput\n[a]\nx\t1\t2\n",
            "line 4: this row has more cells",
        ),
        ("id\tinput\n[a]\n\t1\n", "line 4: this row has no id"),
        (
            "id\tinput\n[a]\nx\t1\nX\t2\n",
            "line 5: this id has a row above",
        ),
    ] {
        let found = problem(rest);
        assert!(found.starts_with(expected), "{found}");
    }
    for text in ["", "id\tinput\n", "facts\n", "facts 2099-13-31 own\n"] {
        assert!(Facts::default().put_in_front(text).is_err(), "{text}");
    }
}

/// What is compiled in is checked like an operator's table, and more.
#[test]
fn the_table_is_plausible() {
    let mut facts = Facts::default();
    facts.put_in_front(COMPILED).unwrap();
    let table = Facts::default();
    let providers = COMPILED
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'));
    let mut rows = 0;
    for provider in providers {
        for row in table.0.rows(provider) {
            rows += 1;
            let id = row.id();
            let alone = table.row(provider, id).unwrap();
            assert_eq!(alone.id(), id);
            let Some(price) = row.price(now()) else {
                continue;
            };
            let rates = price.rates;
            assert!(rates.input.is_finite() && rates.input <= 1_000.0, "{id}");
            assert!(
                rates.cached_input.is_none_or(|it| it <= rates.input),
                "{id}"
            );
            if let Some((from, long)) = price.long {
                assert!(
                    from >= 32_000 && long.input >= rates.input && long.output >= rates.output,
                    "{id}"
                );
            }
        }
    }
    assert!(rows > 200);
    assert!(COMPILED.matches('[').count() < 20);
}
