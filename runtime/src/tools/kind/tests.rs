use super::*;
use crate::tools::{
    arguments::tests::{charge, parse},
    input_schema::Described as _,
    parameter::Parameter,
};

#[test]
fn what_clients_really_send_is_understood() {
    let json =
        r#"{"t":"0.5","m":"100","n":100.0,"o":"7.0","p":1e2,"a":"[1,2]","s":"  ","z":null,"x":1}"#;
    let mut charge = charge();
    let names = &["t", "m", "n", "o", "p", "a", "s", "z"];
    let mut arguments = parse(json, names, &mut charge).unwrap();
    assert_eq!(
        Integer { min: 1, max: 200 }.read("p", &mut arguments),
        Ok(Some(100))
    );
    assert_eq!(
        Decimal { min: 0.0, max: 2.0 }.read("t", &mut arguments),
        Ok(Some(0.5))
    );
    assert_eq!(
        Integer { min: 1, max: 200 }.read("m", &mut arguments),
        Ok(Some(100))
    );
    assert_eq!(
        Integer { min: 1, max: 200 }.read("n", &mut arguments),
        Ok(Some(100))
    );
    assert_eq!(
        Integer { min: 1, max: 200 }.read("o", &mut arguments),
        Ok(Some(7))
    );
    let raw = arguments.raw("a").unwrap();
    assert_eq!(arguments.list(raw), Ok(Some("[1,2]".into())));
    assert_eq!(Text.read("s", &mut arguments), Ok(None));
    assert_eq!(Text.read("z", &mut arguments), Ok(None));
    assert_eq!(
        arguments.unknown().as_deref(),
        Some("Unknown arguments were ignored: x")
    );
}

#[test]
fn names_come_as_an_array_as_text_of_one_or_alone() {
    let read = |json: &str| {
        let json = format!("{{\"f\":{json}}}");
        let mut charge = charge();
        let mut arguments = parse(&json, &["f"], &mut charge).unwrap();
        Names { least: 0, most: 2 }.read("f", &mut arguments)
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
    assert_eq!(
        Flag { if_absent: false }.read("a", &mut arguments),
        Ok(true)
    );
    assert_eq!(
        Flag { if_absent: false }.read("b", &mut arguments),
        Ok(false)
    );
    assert_eq!(
        Flag { if_absent: false }.read("c", &mut arguments),
        Ok(false)
    );
    assert!(
        Flag { if_absent: false }
            .read("d", &mut arguments)
            .unwrap_err()
            .for_client()
            .contains("true or false")
    );
    let mut texts = |name| {
        Texts { most: 2 }
            .read(name, &mut arguments)
            .ok()
            .map(|texts| texts.join("|"))
    };
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
    let json = r#"{"t":3,"m":1.5,"n":-1,"a":{"b":1},"s":[1],"i":"1e400"}"#;
    let mut charged = charge();
    let names = &["t", "m", "n", "a", "s", "i"];
    let mut arguments = parse(json, names, &mut charged).unwrap();
    let error = Decimal { min: 0.0, max: 2.0 }
        .read("t", &mut arguments)
        .unwrap_err()
        .for_client();
    assert!(
        error.contains("t is 3, but must be a number from 0 to 2"),
        "{error}"
    );
    assert!(
        Integer { min: 1, max: 9 }
            .read("m", &mut arguments)
            .is_err()
    );
    assert!(
        Integer { min: 1, max: 9 }
            .read("n", &mut arguments)
            .is_err()
    );
    assert!(
        Names { least: 0, most: 1 }
            .read("a", &mut arguments)
            .is_err()
    );
    assert!(
        Text.read("s", &mut arguments)
            .unwrap_err()
            .for_client()
            .contains("an array of 1")
    );
    assert!(
        Decimal { min: 0.0, max: 2.0 }
            .read("i", &mut arguments)
            .is_err()
    );
    let broken = format!("{{\"a\":{}1", "[".repeat(100_000));
    assert!(parse(&broken, names, &mut charge()).is_err());
}

#[test]
fn a_choice_knows_its_words_and_names_them() {
    const SIZE: Choice<u8> = Choice {
        all: &[1, 2, 3],
        name: |size| ["none", "small", "large", "huge"][usize::from(size)],
        parse: |word| match word.trim() {
            "small" | "s" => Some(1),
            _ => None,
        },
    };
    let mut charge = charge();
    let json = r#"{"a":" s ","b":"none"}"#;
    let mut arguments = parse(json, &["a", "b", "c"], &mut charge).unwrap();
    assert_eq!(SIZE.read("a", &mut arguments), Ok(Some(1)));
    assert_eq!(SIZE.read("c", &mut arguments), Ok(None));
    let error = SIZE.read("b", &mut arguments).unwrap_err().for_client();
    assert!(
        error.contains("b is \"none\", but must be small, large or huge"),
        "{error}"
    );
}

#[test]
fn a_schema_has_as_much_as_it_should_show() {
    const LIMITED: Parameter<Integer> = Parameter::new("n", Integer { min: 1, max: 9 });
    let schema = |parameter: Parameter<Integer>| {
        let mut json = String::new();
        parameter.write_schema(&mut json);
        json
    };
    for (parameter, expected) in [
        (LIMITED, r#"{"type":"integer"}"#),
        (
            LIMITED.with(Detail::Minimum),
            r#"{"type":"integer","minimum":1}"#,
        ),
        (
            LIMITED.with(Detail::Limits).described("a b"),
            r#"{"type":"integer","minimum":1,"maximum":9,"description":"a b"}"#,
        ),
    ] {
        assert_eq!(schema(parameter), expected);
    }
    assert!(!LIMITED.with(Detail::Hidden).is_listed());
}
