#![allow(clippy::unwrap_used, clippy::panic)]

use std::{collections::BTreeMap, fmt::Debug};

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

use super::{
    Error, Ordered, Spanned, Variables, from_str,
    tree::{self, Content, Node},
};

/// A value of each kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    name: Option<Text>,
    port: Option<u32>,
    ratio: Option<f64>,
    even: Option<Even>,
    models: Vec<Model>,
    providers: BTreeMap<String, Provider>,
}

/// What serde makes of `String`, with shorter debug output.
#[derive(Deserialize, PartialEq)]
struct Text(String);

impl Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "u32")]
#[allow(dead_code)]
struct Even(u32);

impl TryFrom<u32> for Even {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        if number.is_multiple_of(2) {
            Ok(Even(number))
        } else {
            Err("not an even number")
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Model {
    tags: Vec<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Provider {
    #[serde(rename = "type")]
    kind: Text,
    base_url: Option<Spanned<String>>,
    api_key: Option<Text>,
}

/// The error, or the value's debug output without what is absent.
fn outcome<T: DeserializeOwned + Default + Debug>(text: &str) -> String {
    match from_str::<T>(text) {
        Ok(value) => format!("{value:?}"),
        Err(error) => error.to_string(),
    }
}

/// No variable is set.
const NONE: Variables<'static> = Variables {
    value: &|_| Ok(None),
    may_lack: "",
};

/// The values of a document before a type reads them; strings are in quotes.
fn parsed(text: &str, variables: Variables<'_>) -> Result<String, String> {
    let root = tree::parse(text, variables).map_err(|error| error.to_string())?;
    Ok(root.map_or(String::new(), |root| rendered(&root)))
}

fn rendered(node: &Node<'_>) -> String {
    match &node.content {
        Content::Plain(text) => text.to_string(),
        Content::Quoted(text) => format!("{text:?}"),
        Content::Sequence(items) => {
            let items: Vec<String> = items.iter().map(|item| rendered(item)).collect();
            format!("[{}]", items.join(", "))
        }
        Content::Mapping(entries) => {
            let entry =
                |entry: &tree::Entry<'_>| format!("{}: {}", entry.key, rendered(&entry.value));
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Content::Tagged => "!".to_owned(),
    }
}

#[track_caller]
fn check<T: DeserializeOwned + Default + Debug>(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(outcome::<T>(text), *expected, "{text:?}");
    }
}

#[test]
fn nothing_is_the_default() {
    for text in [
        "",
        "\u{feff}",
        "# only\n# comments",
        "---",
        "--- # c\n",
        "null",
        "~",
        "{}",
        "...\n",
    ] {
        let file: File = from_str(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert!(file.providers.is_empty(), "{text:?}");
    }
}

#[test]
fn a_section_may_be_empty() {
    let file: File = from_str("providers:\n  # work:\nmodels:\nname:\nport: ~\n").unwrap();
    assert!(file.providers.is_empty() && file.models.is_empty());
    assert!(file.name.is_none() && file.port.is_none());
    check::<BTreeMap<String, Model>>(&[(
        "a:\nb: ~",
        r#"{"a": Model { tags: [] }, "b": Model { tags: [] }}"#,
    )]);
    check::<BTreeMap<String, Text>>(&[
        (
            "a: x\nb:\n",
            "line 2, column 2: b: the value is missing; expected a string",
        ),
        (
            "a: null",
            "line 1, column 4: a: the value is missing; expected a string",
        ),
        ("a: ''", r#"{"a": ""}"#),
        ("a: !!str", r#"{"a": ""}"#),
    ]);
    check::<BTreeMap<String, u32>>(&[(
        "a:",
        "line 1, column 2: a: the value is missing; expected a whole number",
    )]);
}

#[test]
fn strings_keep_their_spelling() {
    for plain in [
        "no",
        "4.10",
        "010",
        "8080",
        "true",
        "0x1F",
        "1e3",
        ".inf",
        "http://[::1]:80/a?b=c#d",
        "a:b",
        "?x",
        "1_000",
        "2024-01-01",
        "é",
        "😀",
        "=",
        "<<",
    ] {
        for text in [
            format!("name: {plain}"),
            format!("name: '{plain}'"),
            format!("name: \"{plain}\""),
        ] {
            let file: File = from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(file.name, Some(Text(plain.into())));
        }
    }
    check::<BTreeMap<String, Text>>(&[
        ("a: 'null'", r#"{"a": "null"}"#),
        ("a: |\n  x\n  y\n", r#"{"a": "x\ny\n"}"#),
        ("a: >-\n  x\n  y\n", r#"{"a": "x y"}"#),
        ("a: x # c", r#"{"a": "x"}"#),
        (
            "a: [x]",
            "line 1, column 4: a: expected a string, found a list",
        ),
        (
            "a: {b: c}",
            "line 1, column 4: a: expected a string, found a mapping",
        ),
        (
            "1: x\ntrue: y\n4.10: z",
            r#"{"1": "x", "4.10": "z", "true": "y"}"#,
        ),
    ]);
}

#[test]
fn variables_are_filled_in_values_only_and_are_no_syntax() {
    let read = |text: &str| {
        let value = |name: &str| {
            let value = match name {
                "NUMBER" => "7",
                "SYNTAX" => "[a, b: c] # d",
                _ => return Ok(None),
            };
            Ok(Some(value.to_owned()))
        };
        let variables = Variables {
            value: &value,
            may_lack: "lenient",
        };
        parsed(text, variables)
    };
    for (text, expected) in [
        ("a: ${NUMBER}", "{a: 7}"),
        ("a: '${NUMBER}'", "{a: \"7\"}"),
        ("a: ${SYNTAX}", "{a: [a, b: c] # d}"),
        ("a: ['x-${NUMBER}', \"${X:-y}\"]", r#"{a: ["x-7", "y"]}"#),
        ("a: ${X:-}", "{a: }"),
        (
            "a: |\n  ${NUMBER}\n  $${NUMBER}",
            r#"{a: "7\n${NUMBER}\n"}"#,
        ),
        ("\"${NUMBER}\": 1 # ${X}", "{${NUMBER}: 1}"),
        ("a: &v ${NUMBER}\nb: *v", "{a: 7, b: 7}"),
        (
            "a:\n  lenient: ${X}\n  b: ${NUMBER}",
            "{a: {lenient: ${X}, b: 7}}",
        ),
    ] {
        assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
    }
    assert_eq!(
        read("a:\n  - b: x${X}").unwrap_err(),
        "line 2, column 8: a[0].b: the variable X is not set; set it, or write ${X:-default}"
    );
    // What a variable holds counts like text.
    let long = "x".repeat(256 * tree::SIZE);
    let variables = Variables {
        value: &|_| Ok(Some(long.clone())),
        may_lack: "",
    };
    let error = parsed("a: ${L}", variables).unwrap_err();
    assert!(error.contains("too many values"), "{error}");
}

#[test]
fn flags_are_plain() {
    check::<BTreeMap<String, bool>>(&[
        ("a: true\nb: False", r#"{"a": true, "b": false}"#),
        (
            "a: 'true'",
            "line 1, column 4: a: expected true or false, found a string in quotes",
        ),
        (
            "a: 1",
            "line 1, column 4: a: expected true or false, found a whole number",
        ),
    ]);
}

#[test]
fn numbers_are_plain() {
    check::<BTreeMap<String, u32>>(&[
        (
            "a: 0\nb: +7\nc: 010\nd: 0x1f\ne: 0o17\nf: 4294967295",
            r#"{"a": 0, "b": 7, "c": 10, "d": 31, "e": 15, "f": 4294967295}"#,
        ),
        (
            "a: 4294967296",
            "line 1, column 4: a: expected a whole number from 0 to 4294967295, found another",
        ),
        (
            "a: -1",
            "line 1, column 4: a: expected a whole number from 0 to 4294967295, found another",
        ),
        (
            "a: 99999999999999999999999999999999999999999999999999",
            "line 1, column 4: a: expected a whole number from 0 to 4294967295, found another",
        ),
        (
            "a: '80'",
            "line 1, column 4: a: expected a whole number, found a string in quotes",
        ),
        (
            "a: 8.0",
            "line 1, column 4: a: expected a whole number, found a decimal number",
        ),
        (
            "a: 1_000",
            "line 1, column 4: a: expected a whole number, found a string",
        ),
        (
            "a: 0x",
            "line 1, column 4: a: expected a whole number, found a string",
        ),
        (
            "a: true",
            "line 1, column 4: a: expected a whole number, found true or false",
        ),
        (
            "a: [1]",
            "line 1, column 4: a: expected a whole number, found a list",
        ),
    ]);
    check::<BTreeMap<String, f64>>(&[
        (
            "a: 1\nb: -.5\nc: 1.\nd: 1e3\ne: 0x10\nf: -.inf\ng: .NaN",
            r#"{"a": 1.0, "b": -0.5, "c": 1.0, "d": 1000.0, "e": 16.0, "f": -inf, "g": NaN}"#,
        ),
        (
            "a: 1e999",
            "line 1, column 4: a: expected a number from -1.7e308 to 1.7e308, found another",
        ),
        (
            "a: inf",
            "line 1, column 4: a: expected a number, found a string",
        ),
        (
            "a: nan",
            "line 1, column 4: a: expected a number, found a string",
        ),
        (
            "a: '1'",
            "line 1, column 4: a: expected a number, found a string in quotes",
        ),
    ]);
}

#[test]
fn own_types() {
    check::<File>(&[
        ("even: 3", "line 1, column 7: even: not an even number"),
        (
            "ratio: x",
            "line 1, column 8: ratio: expected a number, found a string",
        ),
    ]);
}

#[test]
fn errors_name_key_and_position() {
    check::<File>(&[
        (
            "providers:\n  work:\n    type: x\n    base_ulr: y",
            r#"line 4, column 5: providers.work: unknown key "base_ulr"; did you mean "base_url"?"#,
        ),
        (
            "providers:\n  work:\n    type: x\n    zzz: y",
            "line 4, column 5: providers.work: \
            unknown key \"zzz\"; expected one of \"type\", \"base_url\", \"api_key\"",
        ),
        (
            "\u{feff}portt: 1",
            r#"line 1, column 1: unknown key "portt"; did you mean "port"?"#,
        ),
        (
            "providers:\n  work:\n    api_key: k\n",
            r#"line 3, column 5: providers.work: the key "type" is missing"#,
        ),
        (
            "providers:\n  work:\n",
            r#"line 2, column 7: providers.work: the key "type" is missing"#,
        ),
        (
            "models:\n  - tags: [a]\n  - tags:\n      - a\n      - [b]\n",
            "line 5, column 9: models[1].tags[1]: expected a string, found a list",
        ),
        (
            "name: a\nport: 1\n\"name\": b",
            r#"line 3, column 1: the key "name" is given twice, first on line 1"#,
        ),
        (
            "providers: {a: {type: x}, b: {type: x, type: x}}",
            r#"line 1, column 40: providers.b: the key "type" is given twice, first on line 1"#,
        ),
        (
            "unknown:\n  deep: {a: 1, a: 2}",
            r#"line 2, column 16: unknown.deep: the key "a" is given twice, first on line 2"#,
        ),
        (
            "name: a\r\nport: x\r\n",
            "line 2, column 7: port: expected a whole number, found a string",
        ),
        (
            "é: 1",
            "line 1, column 1: unknown key \"é\"; expected one of \"name\", \"port\", \"ratio\", \
            \"even\", \"models\", \"providers\"",
        ),
        (
            "- a",
            "line 1, column 1: expected a mapping of keys to values, found a list",
        ),
        (
            "providers: x",
            "line 1, column 12: providers: expected a mapping of keys to values, found a string",
        ),
        (
            "models: {}",
            "line 1, column 9: models: expected a list, found a mapping",
        ),
    ]);
    let error = from_str::<File>("models:\n- tags: x").unwrap_err();
    assert_eq!(
        (error.line, error.column, &*error.path),
        (Some(2), Some(9), "models[0].tags")
    );
    assert_eq!(error.message, "expected a list, found a string");
}

#[test]
fn keys_in_messages_are_short_and_harmless() {
    let key = "\\e[31m\\u202e".to_owned() + &"k".repeat(100_000);
    let shown = format!("\\u{{1b}}[31m\\u{{202e}}{}…", "k".repeat(58));
    let known = r#"expected one of "tags""#;
    // A long one may be a secret.
    assert_eq!(
        outcome::<Model>(&format!("? \"{key}\"\n: 1")),
        format!("line 1, column 3: unknown key of 100006 characters; {known}")
    );
    assert_eq!(
        outcome::<Model>("? \"\\e[1m\\u202e\"\n: 1"),
        format!("line 1, column 3: unknown key \"\\u{{1b}}[1m\\u{{202e}}\"; {known}")
    );
    assert_eq!(
        outcome::<BTreeMap<String, u32>>(&format!("? \"{key}\"\n: x")),
        format!("line 2, column 3: {shown}: expected a whole number, found a string")
    );
}

#[test]
fn positions_of_values() {
    let text =
        "providers:\n  a:\n    type: x\n    base_url:   \"http\"\n  b: {type: x, base_url: }\n";
    let file: File = from_str(text).unwrap();
    let expected = Spanned {
        value: "http".to_owned(),
        line: 4,
        column: 17,
    };
    assert_eq!(file.providers["a"].base_url, Some(expected));
    assert_eq!(file.providers["b"].base_url, None);
    check::<Vec<Spanned<u32>>>(&[(
        "- 1\n- x",
        "line 2, column 3: [1]: expected a whole number, found a string",
    )]);
    assert!(serde_json::from_str::<Spanned<u32>>("7").is_err());
}

#[test]
fn order_and_positions_of_keys() {
    check::<Ordered<Text, u32>>(&[
        ("b: 1\na: 2\n", r#"Ordered([("b", 1), ("a", 2)])"#),
        ("{}", "Ordered([])"),
        (
            "[a]",
            "line 1, column 1: expected a mapping of keys to values, found a list",
        ),
        (
            "a: x",
            "line 1, column 4: a: expected a whole number, found a string",
        ),
    ]);
    check::<Ordered<Spanned<Text>, Spanned<u32>>>(&[(
        "é: 0\n'k': 7",
        "Ordered([(Spanned { value: \"é\", line: 1, column: 1 }, Spanned { value: 0, line: 1, column: 4 }), \
         (Spanned { value: \"k\", line: 2, column: 1 }, Spanned { value: 7, line: 2, column: 6 })])",
    )]);
    check::<Ordered<u32, u32>>(&[("1: 1", "line 1, column 1: expected u32, found a string")]);
}

#[test]
fn json_is_read() {
    let key = "k".repeat(3_000);
    let text = format!(
        "{{\r\n\t\"a\":\"\\ud83d\\ude00\\/\\u00e9\",\n\t\"{key}\": [\n\t\t1,\t2.5,null\n\t]}}\n"
    );
    assert_eq!(
        parsed(&text, NONE),
        Ok(format!("{{a: \"😀/é\", {key}: [1, 2.5, null]}}"))
    );
    check::<IgnoredAny>(&[
        (
            "{\"a\": 1",
            "line 1, column 1: the bracket that opens here is not closed",
        ),
        (
            "{\"a\" 1}",
            "line 1, column 6: text follows the closing quote; is a comma or a colon missing? \
            Write a \" inside of double quotes as \\\"",
        ),
        (
            "{\"a\": \"\\ud83d\"}",
            "line 1, column 7: these quotes hold an escape that is not valid; \
            write a backslash as \\\\, or use single quotes",
        ),
    ]);
}

#[test]
fn what_is_not_supported_is_said() {
    check::<BTreeMap<String, Text>>(&[
        (
            "a: b\n---\nc: d",
            "line 2, column 1: a second document begins here; only one is read",
        ),
        ("a: b\n...\n# end\n", r#"{"a": "b"}"#),
        ("%YAML 1.2\n---\na: b", r#"{"a": "b"}"#),
        (
            "a: !secret b",
            "line 1, column 4: a: tags are not supported; \
            put a text that begins with \"!\" in quotes",
        ),
        (
            "a: !!binary b",
            "line 1, column 4: a: tags are not supported; \
            put a text that begins with \"!\" in quotes",
        ),
        (
            "a: !!map b",
            "line 1, column 4: a: tags are not supported; \
            put a text that begins with \"!\" in quotes",
        ),
        ("!!map\na: !!str 1\n", r#"{"a": "1"}"#),
        (
            "a: &x b\n<<: *x",
            "line 2, column 1: merge keys (\"<<\") are not supported; write the keys out",
        ),
        ("'<<': x", r#"{"<<": "x"}"#),
        (
            "? [a]\n: b",
            "line 1, column 3: a key must be plain text; \
            put a value that begins with \"{{\" in quotes",
        ),
        (
            "a: {{ x }}",
            "line 1, column 5: a: a key must be plain text; \
            put a value that begins with \"{{\" in quotes",
        ),
        (": b", "line 1, column 1: the key before \":\" is missing"),
        (
            "a: &b\n",
            "line 1, column 6: a: no value; put a text that begins with \"&\" in quotes",
        ),
    ]);
    check::<BTreeMap<String, u32>>(&[("a: !!int 1\nb: !!int '2'", r#"{"a": 1, "b": 2}"#)]);
}

#[test]
fn broken_syntax_is_explained() {
    let tab = "a tab is not allowed here; indent with spaces";
    let quote = "the quote that opens here is not closed, or its next lines are not indented";
    let begin = "a value cannot begin with this character; put it in quotes";
    let anchor = "there is no such anchor; put a text that begins with \"*\" or \"&\" in quotes";
    let template = "put \"${…}\" in quotes inside of [ ] and { }";
    let colon = "this \":\" is not expected; check the indentation and the space after each \":\" \
        above, and put a text with \": \" in quotes";
    let key = "expected \"key: value\"; is the \":\" or the space after it missing?";
    let above = "this does not continue what is above; is the indentation the same?";
    let escape = "these quotes hold an escape that is not valid; write a backslash as \\\\, \
        or use single quotes";
    let single = "text follows the closing quote; write a ' inside of single quotes as ''";
    for (text, place, message) in [
        ("a:\n\tb: 1", "2, column 2", tab),
        ("a: 1\n\tb: 2", "2, column 1", tab),
        ("a:\n  b: 1\n\tc: 2", "3, column 1", tab),
        ("a:\n  - b\n\t- c", "3, column 1", tab),
        ("a:\n  b: 1\n c: 2", "3, column 2", above),
        ("a:\n  b: 1\n   c: 2", "3, column 5", colon),
        ("  a: 1\nb: 2", "2, column 1", above),
        ("- a\nb: c", "2, column 1", above),
        ("a: \"x\nb: 1\nc: 2", "1, column 4", quote),
        (
            "# don't\na: 1 # it's\nb: 'x\nc: 2\nd: 3",
            "3, column 4",
            quote,
        ),
        ("a: \"x\nb: \"y\"\n", "1, column 4", quote),
        ("\"x", "1, column 1", quote),
        ("[a, \"b]\n", "1, column 5", quote),
        ("a: 'it's'", "1, column 8", single),
        ("a: \"C:\\Users\"", "1, column 4", escape),
        ("a: 1\nb:2\nc: 3", "2, column 1", key),
        ("a:1\nb: 2", "2, column 2", colon),
        ("a: b: c", "1, column 5", colon),
        ("a: @x", "1, column 4", begin),
        ("a: `x", "1, column 4", begin),
        ("a: %x", "1, column 4", begin),
        ("a: *x", "1, column 4", anchor),
        ("a: * x", "1, column 4", anchor),
        ("{a: ${X}}", "1, column 6", template),
        ("a: [${X}]", "1, column 6", template),
        (
            "a: - b",
            "1, column 4",
            "a list begins on the line below its key; \
            put a text that begins with \"-\" in quotes",
        ),
        (
            "a: >x",
            "1, column 4",
            "a block of text begins on the next line; \
            put a text that begins with \"|\" or \">\" in quotes",
        ),
        (
            "a: b]\nc: ]",
            "2, column 4",
            "this bracket closes nothing that is open",
        ),
        (
            "a: [b",
            "1, column 4",
            "the bracket that opens here is not closed",
        ),
        (
            "a: !<b",
            "1, column 4",
            "this is not a tag; put a text that begins with \"!\" in quotes",
        ),
        (
            "a: \u{1}",
            "1, column 4",
            "an invisible character that YAML does not allow; remove it",
        ),
        (
            "a: 'b'#c",
            "1, column 7",
            "a comment needs a space before its \"#\"",
        ),
        ("[1,,2]", "1, column 4", super::syntax::OTHER),
    ] {
        let expected = format!("line {place}: {message}");
        assert_eq!(outcome::<IgnoredAny>(text), expected, "{text:?}");
    }
    let missing =
        "expected a mapping of keys to values, found a string; is the space after a \":\" missing?";
    check::<File>(&[
        ("port:80", &format!("line 1, column 1: {missing}")),
        (
            "providers:\n  work:x",
            &format!("line 2, column 3: providers: {missing}"),
        ),
        (
            "models: {tags:a}",
            "line 1, column 9: models: expected a list, found a mapping",
        ),
    ]);
}

#[test]
fn messages_hold_no_values() {
    let documents = [
        "name: [SECRET]",
        "name: {SECRET: 1}",
        "port: SECRET",
        "port: 'SECRET'",
        "ratio: SECRET",
        "models: SECRET",
        "models: [SECRET]",
        "providers: SECRET",
        "providers: {a: SECRET}",
        "even: SECRET",
        "name: !SECRET",
        "name: &SECRET",
        "name: *SECRET",
        "name: @SECRET",
        "name: %SECRET",
        "name: \"SECRET",
        "name: 'SECRET' SECRET",
        "name: \"SECRET\\q\"",
        "name: SECRET: SECRET",
        "name: [SECRET",
        "name: {{SECRET}}x",
        "SECRET",
        "[SECRET]",
        "name: |SECRET",
        "name:\n\tSECRET: SECRET",
        "name: &a [*a, SECRET]",
        "- SECRET",
        "name: !<SECRET",
        "name: !SECRET!SECRET x",
        "'SECRET",
        "name: `SECRET`",
        "name: SECRET\nport:SECRET",
    ];
    let mut refused = 0;
    for text in documents {
        if let Err(error) = from_str::<File>(text) {
            refused += 1;
            // Keys may be shown; "SECRET" is one only in the second document.
            assert!(
                !format!("{error:?}").contains("SECRET"),
                "{text:?}: {error}"
            );
        }
    }
    assert_eq!(refused, documents.len());
}

#[test]
fn aliases_are_followed_within_bounds() {
    check::<BTreeMap<String, Model>>(&[
        (
            "a: &m {tags: [x]}\nb: *m",
            r#"{"a": Model { tags: ["x"] }, "b": Model { tags: ["x"] }}"#,
        ),
        (
            "a: {tags: &t [&x x, *x]}\nb: {tags: *t}",
            r#"{"a": Model { tags: ["x", "x"] }, "b": Model { tags: ["x", "x"] }}"#,
        ),
        (
            "a: &m {tags: [*m]}",
            "line 1, column 15: a.tags[0]: an alias must refer to a complete value above it",
        ),
        (
            "&k a: {}\nb: *k",
            "line 2, column 4: b: an alias must refer to a complete value above it",
        ),
        (
            "a: &m {tags: [[]]}\nb: *m",
            "line 1, column 15: a.tags[0]: expected a string, found a list",
        ),
    ]);
    let laughs = |levels: usize| -> String {
        let level = |n: usize| {
            format!(
                "l{n}: &l{n} [{}]\n",
                vec![format!("*l{}", n - 1); 9].join(", ")
            )
        };
        "l0: &l0 lol\n".to_owned() + &(1..=levels).map(level).collect::<String>()
    };
    // 9 + 1 values in the first list, 9 * 10 + 1 in the second, 820 and 7,381 in the next.
    let text = laughs(4);
    let root = tree::parse(&text, NONE).unwrap().unwrap();
    assert_eq!(root.size, 1 + 1 + 10 + 91 + 820 + 7_381);
    assert_eq!(
        outcome::<IgnoredAny>(&laughs(9)),
        "line 6, column 15: l5[1]: \
        too many aliases or values: more than 20000 in total"
    );
    let long = format!("a: &a {}\nb: [{}]", "x".repeat(256_000), "*a,".repeat(20));
    assert!(outcome::<IgnoredAny>(&long).ends_with("more than 20000 in total"));
}

#[test]
fn depth_and_size_are_bounded() {
    let too_deep = "more than 32 lists and mappings inside each other";
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let block = |depth: usize| {
        (0..depth)
            .map(|n| " ".repeat(n) + "a:\n")
            .collect::<String>()
    };
    let mixed = |depth: usize| block(depth - 16) + &" ".repeat(32) + &nested(16);
    for (text, place) in [
        (nested(33), "line 1, column 33: "),
        (block(33), "line 33, column 33: "),
        (mixed(33), "line 18, column 48: "),
        ("- ".repeat(500_000), ""),
        ("[".repeat(1 << 20), ""),
        ("{".repeat(1 << 20), ""),
        ("{a: ".repeat(200_000), ""),
    ] {
        let error = outcome::<IgnoredAny>(&text);
        assert!(
            error.starts_with(place) && error.ends_with(too_deep),
            "{place}{error}"
        );
    }
    for text in [nested(32), block(32), mixed(32)] {
        assert!(from_str::<IgnoredAny>(&text).is_ok());
    }
    // A chain of aliases is as deep as what it stands for.
    let chain = |levels: usize| {
        let level = |n: usize| format!("a{n}: &a{n} [*a{}]\n", n - 1);
        "a0: &a0 x\n".to_owned() + &(1..=levels).map(level).collect::<String>()
    };
    assert!(from_str::<IgnoredAny>(&chain(31)).is_ok());
    let expected = format!("line 33, column 12: a32[0]: {too_deep}");
    assert_eq!(outcome::<IgnoredAny>(&chain(32)), expected);

    let list = |items: usize| format!("[{}]", "1,".repeat(items));
    assert!(from_str::<Vec<u32>>(&list(tree::SIZE - 1)).is_ok());
    let error = from_str::<Vec<u32>>(&list(tree::SIZE)).unwrap_err();
    assert_eq!(
        (error.column, &*error.message),
        (Some(40_000), "too many values: more than 20000 in total")
    );

    let limit = 1 << 20;
    let comment = "#".repeat(limit);
    assert_eq!(from_str::<Option<u32>>(&comment).unwrap(), None);
    assert_eq!(
        outcome::<Option<u32>>(&(comment + "\n")),
        "larger than 1 MiB"
    );
    let scalar = from_str::<String>(&"x".repeat(limit)).unwrap();
    assert_eq!(scalar.len(), limit);
}

/// Documents with a few random changes: no panic, and each error is at a place in the document.
#[test]
fn changed_documents_do_no_harm() {
    let pieces = [
        ": ",
        "- ",
        "? ",
        "\n",
        "\n  ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&a ",
        "*a",
        "!!str ",
        "!x ",
        "|\n",
        ">-\n",
        "\"",
        "'",
        "#",
        " #",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "<<: ",
        "\r\n",
        "\u{feff}",
        "é",
        "\\u",
        "\\ud83d",
        "\0",
        "0x",
        "null",
        "~",
        "\u{85}",
        "\u{2028}",
        "${A}",
        "@",
        "`",
    ];
    let seeds = [
        "name: x\nport: 80\nratio: 1.5\nmodels:\n  - tags: [a, \"b\"]\n  - &m {tags: }\n  - *m\n",
        "providers:\n  work:\n    type: openai\n    base_url: \"http://x\\n\"\n    api_key: |\n      k\n      l\n",
        "{\n\t\"name\": \"\\ud83d\\ude00\",\n\t\"ratio\": .5,\n\t\"models\": [{\"tags\": ['x']}]\n}\n",
        "? a\n: !!int 7\n# comment\n\"b\": >-\n  folded\n  text\n",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    let mut read = 0;
    for _ in 0..4_000 {
        let mut text: Vec<char> = seeds[random(seeds.len())].chars().collect();
        for _ in 0..=random(3) {
            let start = random(text.len() + 1);
            let end = (start + random(6)).min(text.len());
            text.splice(start..end, pieces[random(pieces.len())].chars());
        }
        let text = String::from_iter(text);
        let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}']).count();
        let results = [
            from_str::<File>(&text).map(drop),
            from_str::<IgnoredAny>(&text).map(drop),
            from_str::<BTreeMap<String, Spanned<Option<Text>>>>(&text).map(drop),
        ];
        for result in results {
            match result {
                Ok(()) => read += 1,
                Err(Error {
                    line: Some(line),
                    column: Some(column),
                    ..
                }) => {
                    assert!((1..=lines).contains(&line) && column > 0, "{text:?}");
                }
                Err(error) => panic!("{error}: {text:?}"),
            }
        }
    }
    assert!(read > 500, "{read}");
}
