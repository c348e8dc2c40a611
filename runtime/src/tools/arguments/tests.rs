use anygpt_core::Budget;

use super::*;

fn charge() -> Charge {
    Charge::new(Budget::new(1 << 30).reservation())
}

fn parse<'a>(
    json: &'a str,
    names: &'static [&'static str],
    charge: &'a mut Charge,
) -> Result<Arguments<'a>, Error> {
    Arguments::parse(json, names, charge)
}

#[test]
fn what_clients_really_send_is_understood() {
    let json =
        r#"{"t":"0.5","m":"100","n":100.0,"o":"7.0","p":1e2,"a":"[1,2]","s":"  ","z":null,"x":1}"#;
    let mut charge = charge();
    let names = &["t", "m", "n", "o", "p", "a", "s", "z"];
    let mut arguments = parse(json, names, &mut charge).unwrap();
    assert_eq!(arguments.integer("p", 1, 200), Ok(Some(100)));
    assert_eq!(arguments.number("t", 0.0, 2.0), Ok(Some(0.5)));
    assert_eq!(arguments.integer("m", 1, 200), Ok(Some(100)));
    assert_eq!(arguments.integer("n", 1, 200), Ok(Some(100)));
    assert_eq!(arguments.integer("o", 1, 200), Ok(Some(7)));
    let raw = arguments.raw("a").unwrap();
    assert_eq!(arguments.list(raw), Ok(Some("[1,2]".into())));
    assert_eq!(arguments.string("s"), Ok(None));
    assert_eq!(arguments.string("z"), Ok(None));
    assert_eq!(
        arguments.unknown().as_deref(),
        Some("Unknown arguments were ignored: x")
    );
}

#[test]
fn the_last_of_several_with_one_name_counts_whatever_stands_around_it() {
    for (json, expected) in [
        ("{}", None),
        (
            r#" { "z" : [{"":0}] , "a" : "\u00e9\n" , "b":-1.50 } "#,
            Some("é\n"),
        ),
        (r#"{"a":1,"\u0061":"2","":0}"#, Some("2")),
        (r#"{"a":"x","a":null}"#, None),
    ] {
        let mut charged = charge();
        let mut arguments = parse(json, &["a"], &mut charged).unwrap();
        assert_eq!(
            arguments.string("a").unwrap().as_deref(),
            expected,
            "{json}"
        );
    }
    for (json, problem) in [
        (r#"{"a":"\ud800"}"#, "hex escape"),
        (r#"{"a":[1]}"#, "an array of 1"),
    ] {
        let mut charged = charge();
        let mut arguments = parse(json, &["a"], &mut charged).unwrap();
        let error = arguments.string("a").unwrap_err().for_client();
        assert!(error.contains(problem), "{json}: {error}");
    }
    assert!(parse(r#"{"\udc00":1}"#, &["a"], &mut charge()).is_err());
}

#[test]
fn what_nobody_takes_is_never_built_and_what_is_built_is_charged_first() {
    let budget = Budget::new(1 << 20);
    let tree = format!("[{}0]", r#"{"":0},"#.repeat(100_000));
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let json = format!(
        r#"{{"z":{tree},"y":{deep},"a":{tree},"b":"x","{}":0}}"#,
        "n".repeat(1 << 19)
    );
    let mut charge = Charge::new(budget.reservation());
    let mut arguments = parse(&json, &["a", "b"], &mut charge).unwrap();
    let error = arguments.value("a").unwrap_err().for_client();
    assert!(error.starts_with("too_large: "), "{error}");
    assert_eq!(arguments.string("b"), Ok(Some("x".into())));
    assert_eq!(budget.used(), 0);
    let unknown = arguments.unknown().unwrap();
    assert!(unknown.starts_with("Unknown arguments were ignored: z, y, nnn"));
    assert!(unknown.len() < 1_000);

    let json = format!(r#"{{"a":[{}0],"b":{deep}}}"#, "0,".repeat(1_000));
    let mut charge = Charge::new(budget.reservation());
    let mut arguments = parse(&json, &["a", "b"], &mut charge).unwrap();
    let before = arguments.charged();
    assert!(arguments.value("a").unwrap().is_some());
    assert!(budget.used() > 1_000 * size_of::<Value>());
    arguments.settle(before, 10).unwrap();
    assert_eq!(budget.used(), 10);
    // Deeper than serde_json reads.
    assert!(arguments.value("b").is_err());
    assert_eq!(charge.into_held().bytes(), budget.used());
}

#[test]
fn what_nobody_takes_is_named_with_its_path() {
    let mut charged = charge();
    let mut arguments = parse(r#"{"a b":1,"é":2,"m":3}"#, &["m"], &mut charged).unwrap();
    let unknown = |arguments: &Arguments<'_>| arguments.unknown().unwrap_or_default();
    assert_eq!(arguments.integer("m", 1, 9), Ok(Some(3)));
    let Ok(Value::Object(rest)) = serde_json::from_str(r#"{"x":1,"\"":2}"#) else {
        unreachable!("it is an object");
    };
    arguments.ignore_rest("m[0]", &rest);
    assert_eq!(
        unknown(&arguments),
        r#"Unknown arguments were ignored: ["a b"], é, m[0]["\""], m[0].x"#
    );
    for place in 1..20 {
        arguments.ignore_rest(&format!("m[{place}]"), &rest);
    }
    let long = unknown(&arguments);
    assert!(
        long.ends_with("m[3][\"\\\"\"], m[3].x and 32 more"),
        "{long}"
    );
    let name = "é".repeat(1_000);
    let json = format!("{{\"{name}\":1}}");
    let mut charged = charge();
    let arguments = parse(&json, &[], &mut charged).unwrap();
    assert_eq!(
        unknown(&arguments).chars().filter(|c| *c == 'é').count(),
        100
    );
}

#[test]
fn names_come_as_an_array_as_text_of_one_or_alone() {
    let read = |json: &str| {
        let json = format!("{{\"f\":{json}}}");
        let mut charge = charge();
        let mut arguments = parse(&json, &["f"], &mut charge).unwrap();
        arguments.names("f", 2)
    };
    let names = |names: &[&str]| Ok(names.iter().map(|&name| name.to_owned()).collect());
    for (json, expected) in [
        (r#"["a","b/c"]"#, &["a", "b/c"][..]),
        (r#""[\"a\"]""#, &["a"]),
        (r#""a""#, &["a"]),
        (r#""  ""#, &[]),
        ("[]", &[]),
        ("null", &[]),
    ] {
        assert_eq!(read(json), names(expected), "{json}");
    }
    for (json, part) in [
        ("1", "f is 1, but must be an array of strings"),
        (r#"["a",1]"#, "f[1] is 1, but must be a string"),
        (r#"["a"," "]"#, "f[1]"),
        (r#"["a","b","c"]"#, "at most 2 strings"),
        (r#""[a""#, "an array of strings"),
    ] {
        assert!(
            read(json).unwrap_err().for_client().contains(part),
            "{json}"
        );
    }
}

#[test]
fn flags_and_texts() {
    let mut charge = charge();
    let mut arguments = parse(
            r#"{"a":true,"b":"False","c":null,"d":1,"e":"\n","f":["[",""],"g":"[\"x\",\"y\"]","h":"[","i":["a","b","c"],"j":[1],"k":"[1]"}"#,
            &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "z"],
            &mut charge,
        )
        .unwrap();
    assert_eq!(arguments.flag("a"), Ok(true));
    assert_eq!(arguments.flag("b"), Ok(false));
    assert_eq!(arguments.flag("c"), Ok(false));
    assert!(
        arguments
            .flag("d")
            .unwrap_err()
            .for_client()
            .contains("true or false")
    );
    let mut texts = |name| arguments.texts(name, 2).ok().map(|texts| texts.join("|"));
    assert_eq!(texts("e").as_deref(), Some("\n"));
    assert_eq!(texts("f"), None);
    assert_eq!(texts("g").as_deref(), Some("x|y"));
    assert_eq!(texts("h").as_deref(), Some("["));
    assert_eq!(texts("i"), None);
    assert_eq!(texts("j"), None);
    assert_eq!(texts("k").as_deref(), Some("[1]"));
    assert_eq!(texts("z").as_deref(), Some(""));
}

#[test]
fn errors_name_path_value_and_what_is_allowed() {
    let json = r#"{"t":3,"m":1.5,"n":-1,"a":{},"s":[1],"i":"1e400"}"#;
    let mut charged = charge();
    let names = &["t", "m", "n", "a", "s", "i"];
    let mut arguments = parse(json, names, &mut charged).unwrap();
    let error = arguments.number("t", 0.0, 2.0).unwrap_err().for_client();
    assert!(
        error.contains("t is 3, but must be a number from 0 to 2"),
        "{error}"
    );
    assert!(arguments.integer("m", 1, 9).is_err());
    assert!(arguments.integer("n", 1, 9).is_err());
    assert!(arguments.names("a", 1).is_err());
    assert!(
        arguments
            .string("s")
            .unwrap_err()
            .for_client()
            .contains("an array of 1")
    );
    assert!(arguments.number("i", 0.0, 2.0).is_err());
    let broken = format!("{{\"a\":{}1", "[".repeat(100_000));
    assert!(parse(&broken, names, &mut charge()).is_err());
}
