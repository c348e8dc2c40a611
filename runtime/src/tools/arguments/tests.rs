use anygpt_core::Budget;

use super::*;
use crate::tools::{
    input_schema::Described,
    kind::{Integer, Json, Kind as _, Text},
    parameter::Parameter,
};

const ANY: Json = Json { schema: "" };

pub(in crate::tools) fn charge() -> Charge {
    Charge::new(Budget::new(1 << 30).reservation())
}

/// Parameters of any type with these names.
pub(in crate::tools) fn known(names: &[&'static str]) -> Parameters {
    let known = names.iter().map(|&name| {
        let parameter: &'static dyn Described = Box::leak(Box::new(Parameter::new(name, Text)));
        parameter
    });
    Box::leak(known.collect())
}

pub(in crate::tools) fn parse<'a>(
    json: &'a str,
    names: &[&'static str],
    charge: &'a mut Charge,
) -> Result<Arguments<'a>, Error> {
    Arguments::parse(json, known(names), charge)
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
            Text.read("a", &mut arguments).unwrap().as_deref(),
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
        let error = Text.read("a", &mut arguments).unwrap_err().for_client();
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
    let error = ANY.read("a", &mut arguments).unwrap_err().for_client();
    assert!(error.starts_with("too_large: "), "{error}");
    assert_eq!(Text.read("b", &mut arguments), Ok(Some("x".into())));
    assert_eq!(budget.used(), 0);
    let unknown = arguments.unknown().unwrap();
    assert!(unknown.starts_with("Unknown arguments were ignored: z, y, nnn"));
    assert!(unknown.len() < 1_000);

    let json = format!(r#"{{"a":[{}0],"b":{deep}}}"#, "0,".repeat(1_000));
    let mut charge = Charge::new(budget.reservation());
    let mut arguments = parse(&json, &["a", "b"], &mut charge).unwrap();
    let before = arguments.charged();
    assert!(ANY.read("a", &mut arguments).unwrap().is_some());
    assert!(budget.used() > 1_000 * size_of::<Value>());
    arguments.settle(before, 10).unwrap();
    assert_eq!(budget.used(), 10);
    // Deeper than serde_json reads.
    assert!(ANY.read("b", &mut arguments).is_err());
    assert_eq!(charge.into_held().bytes(), budget.used());
}

#[test]
fn what_nobody_takes_is_named_with_its_path() {
    let mut charged = charge();
    let mut arguments = parse(r#"{"a b":1,"é":2,"m":3}"#, &["m"], &mut charged).unwrap();
    let unknown = |arguments: &Arguments<'_>| arguments.unknown().unwrap_or_default();
    assert_eq!(
        Integer { min: 1, max: 9 }.read("m", &mut arguments),
        Ok(Some(3))
    );
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
