use super::*;

/// The sums of these lines.
fn costs(lines: &[&str]) -> Costs {
    let mut costs = Costs::default();
    costs.read(lines.join("\n").as_bytes()).unwrap();
    costs
}

/// The line of a call of this model, with more members.
fn paid(day: u8, model: &str, more: &str) -> String {
    format!(
        r#"{{"time":"2026-11-{day:02}T23:59:59.999999Z","level":"info","message":"paid","provider":"openai","model":"{model}"{more}}}"#
    )
}

fn rows(costs: &Costs) -> Value {
    serde_json::from_str(&costs.json()).unwrap()
}

#[test]
fn calls_are_summed_by_day_provider_model_and_client() {
    let other = paid(9, "b", r#","cost_usd":1,"client":"x""#).replace("openai", "google");
    let costs = costs(&[
        &paid(
            10,
            "a",
            r#","input_tokens":5,"output_tokens":7,"cost_usd":0.1"#,
        ),
        &paid(10, "a", r#","input_tokens":1,"cost_usd":0.2"#),
        &paid(10, "a", r#","input_tokens":2,"client":"x""#),
        &other,
        &paid(9, "b", r#","cost_usd":0,"client":"x""#),
        &paid(9, "a", ""),
    ]);
    let row = |day, provider, model, client: Option<&str>| {
        serde_json::json!({"day": day, "provider": provider, "model": model, "client": client, "calls": 1,
            "input_tokens": 0, "output_tokens": 0, "cost_usd": 0.0, "unknown": 0})
    };
    let with = |mut row: Value, members: Value| {
        let members = members.as_object().unwrap().clone();
        row.as_object_mut().unwrap().extend(members);
        row
    };
    let expected = [
        with(
            row("2026-11-09", "google", "b", Some("x")),
            serde_json::json!({"cost_usd": 1.0}),
        ),
        with(
            row("2026-11-09", "openai", "a", None),
            serde_json::json!({"unknown": 1}),
        ),
        row("2026-11-09", "openai", "b", Some("x")),
        // 0.1 and 0.2 without the noise of binary fractions.
        with(
            row("2026-11-10", "openai", "a", None),
            serde_json::json!({"calls": 2, "input_tokens": 6, "output_tokens": 7, "cost_usd": 0.3}),
        ),
        with(
            row("2026-11-10", "openai", "a", Some("x")),
            serde_json::json!({"input_tokens": 2, "unknown": 1}),
        ),
    ];
    assert_eq!(rows(&costs), Value::from(expected.to_vec()));
    assert_eq!(
        costs.messages(),
        [
            "the cost of 2 of 6 calls is not known and is in no sum: a price that is missing can be given in the configuration \
             file"
        ]
    );
}

#[test]
fn work_that_is_logged_twice_is_counted_once() {
    let one = paid(1, "a", r#","cost_usd":1,"work":"00000000000000ff""#);
    let again = paid(2, "a", r#","cost_usd":1,"work":"00000000000000ff""#);
    let other = paid(1, "a", r#","cost_usd":1,"work":"ff00000000000000""#);
    // An older log does not identify it.
    let old = paid(1, "a", r#","cost_usd":1"#);
    let odd = paid(1, "a", r#","cost_usd":1,"work":"none""#);
    let costs = costs(&[&one, &again, &other, &old, &old, &odd, &one]);
    assert_eq!(costs.total().calls, 5);
    assert_eq!(costs.rows.len(), 1);
    assert_eq!(costs.messages(), [""; 0]);
}

#[test]
fn the_set_of_work_is_bounded() {
    let mut costs = Costs::default();
    for work in 0..MOST_WORK as u64 {
        assert!(!costs.has_seen(work));
    }
    let capacity = costs.seen.capacity();
    assert!(costs.has_seen(7) && !costs.has_unseen);
    assert!(!costs.has_seen(u64::MAX) && !costs.has_seen(u64::MAX));
    assert_eq!(costs.seen.capacity(), capacity);
    assert!(costs.messages()[1].contains("is counted twice"));
}

#[test]
fn an_event_may_have_something_before_it() {
    let line = paid(1, "a", "");
    for before in [
        "anygpt-1  | ",
        "\u{1b}[36manygpt-1  |\u{1b}[0m ",
        "2026-11-29T10:00:00.123456789Z stdout F ",
        "2026-11-29T10:00:00.123456789Z ",
        "Nov 29 10:00:00 host anygpt[12]: ",
        "[pod/anygpt-7/anygpt] ",
        "\u{feff}",
    ] {
        let costs = costs(&[&format!("{before}{line}\r")]);
        assert_eq!((costs.total().calls, costs.unreadable), (1, 0), "{before}");
    }
}

#[test]
fn what_cannot_be_read_is_counted_and_other_events_are_not() {
    let long = paid(1, "a", &format!(r#","x":"{}""#, "x".repeat(LONGEST_LINE)));
    let longest = {
        let empty = paid(1, "a", r#","x":"""#).len() + 1;
        paid(
            1,
            "a",
            &format!(r#","x":"{}""#, "x".repeat(LONGEST_LINE - empty)),
        )
    };
    let no_time = paid(1, "a", "").replace("time", "tmie");
    let no_day = paid(1, "a", "").replace("2026-11-01", "yesterday!");
    let no_model = paid(1, "a", "").replace("model", "molde");
    let long_name = paid(1, &"a".repeat(LONGEST_NAME + 1), "");
    let costs = costs(&[
        &long,
        &longest,
        "2026-11-29T10:00:00.123456Z  INFO paid provider=\"openai\"",
        r#"{"message":"paid""#,
        "{} {}",
        "",
        " ",
        r#"{"message":"call","level":"info"}"#,
        r#"{"message":{"paid":1}}"#,
        "{}",
        "listening {1}",
        &no_time,
        &no_day,
        &no_model,
        &long_name,
        "\u{0}\u{1}",
        &long,
    ]);
    assert_eq!(costs.total().calls, 1);
    assert_eq!(costs.unreadable, 11);
    assert_eq!(
        costs.messages().last().unwrap(),
        "11 lines could not be read"
    );
    let mut bytes = Costs::default();
    bytes.read(&b"\xff\xfe{\xff}\n"[..]).unwrap();
    assert_eq!(bytes.messages()[1], "1 line could not be read");
}

#[test]
fn odd_numbers_do_no_harm() {
    let costs = costs(&[
        &paid(
            1,
            "a",
            r#","cost_usd":-1,"input_tokens":-5,"output_tokens":1.5"#,
        ),
        &paid(
            1,
            "a",
            r#","cost_usd":"1","input_tokens":18446744073709551615"#,
        ),
        &paid(1, "a", r#","cost_usd":null,"input_tokens":1"#),
    ]);
    let total = costs.total();
    assert_eq!((total.calls, total.unknown), (3, 3));
    assert_eq!((total.input_tokens, total.output_tokens), (u64::MAX, 0));
    assert!(total.cost_usd.abs() < f64::EPSILON);
}

#[test]
fn there_are_only_so_many_rows() {
    let mut costs = Costs::default();
    let names = |number: usize| Names {
        day: "2026-11-29".into(),
        provider: "p".into(),
        model: number.to_string(),
        client: None,
    };
    for number in 0..MOST_ROWS {
        costs.add(names(number), &Value::Null).unwrap();
    }
    costs.add(names(0), &Value::Null).unwrap();
    let error = costs.add(names(MOST_ROWS), &Value::Null).unwrap_err();
    assert!(error.to_string().contains("give a part of it"), "{error}");
}

#[test]
fn dropped_lines_and_an_empty_log_have_a_message() {
    let dropped = format!(r#"{{"message":"{DROPPED}","lines":3}}"#);
    let messages = costs(&[&dropped, &paid(1, "a", r#","cost_usd":1"#)]).messages();
    assert_eq!(messages.len(), 1);
    assert!(
        messages[0].contains("could not write 3 lines"),
        "{messages:?}"
    );
    let empty = costs(&[]);
    assert_eq!(empty.json(), "[]");
    assert!(empty.messages()[0].contains("LOG_FORMAT=json and LOG_LEVEL=info"));
}

#[test]
fn the_table_is_aligned_and_ends_with_the_total() {
    let costs = costs(&[
        &paid(
            9,
            "a",
            r#","input_tokens":12,"output_tokens":2,"cost_usd":0.000032,"client":"c""#,
        ),
        &paid(10, r"long\nname", r#","input_tokens":1200,"cost_usd":12.5"#),
        &paid(10, r"long\nname", ""),
    ]);
    let expected = "\
day         provider  model       client  calls  input tokens  output tokens  cost in USD  unknown cost
2026-11-09  openai    a           c           1            12              2   0.00003200             0
2026-11-10  openai    long\\nname  -           2          1200              0  12.50                   1
total                                         3          1212              2  12.50                   1
";
    assert_eq!(costs.table(Style::PLAIN), expected);
}

#[test]
fn money_has_four_digits_that_count() {
    for (usd, shown) in [
        (0.0, "0.00"),
        (0.000_000_000_001, "0.000000000001"),
        (0.000_032, "0.00003200"),
        (0.012_345_6, "0.01235"),
        (0.5, "0.5000"),
        (1.0, "1.000"),
        (99.999, "100.00"),
        (1_234.567, "1234.57"),
    ] {
        assert_eq!(money(usd), shown);
    }
}
