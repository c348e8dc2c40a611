use anygpt_providers::{Media, Part, Source, ToolCall, ToolChoice};

use super::{functions::tools, *};
use crate::tools::arguments::tests::{charge, parse};

fn messages_of(json: &str) -> Result<Arc<[Message]>, Error> {
    let names = ["prompt", "system", "messages"];
    messages(&mut parse(json, &names, &mut charge())?)
}

fn read(json: &str) -> Result<Vec<(Role, String)>, Error> {
    let messages = messages_of(json)?;
    Ok(messages
        .iter()
        .map(|m| (m.role, m.all_text().into_owned()))
        .collect())
}

#[test]
fn conversations_come_in_several_forms() {
    let hello = |role| (role, "hello".to_owned());
    for (json, expected) in [
        (r#"{"prompt":"hello"}"#, vec![hello(Role::User)]),
        (
            r#"{"prompt":"hello","system":"hello"}"#,
            vec![hello(Role::System), hello(Role::User)],
        ),
        (
            r#"{"messages":[{"role":"developer","content":"hello"},{"role":"user","content":[{"type":"text","text":"hel"},"lo"]}]}"#,
            vec![hello(Role::Developer), hello(Role::User)],
        ),
        (
            r#"{"messages":"[{\"role\":\"user\",\"content\":\"hello\"}]"}"#,
            vec![hello(Role::User)],
        ),
    ] {
        assert_eq!(read(json), Ok(expected), "{json}");
    }
}

#[test]
fn errors_name_the_place() {
    for (json, part) in [
        ("{}", "nothing to ask"),
        (r#"{"messages":[]}"#, "nothing to ask"),
        (r#"{"prompt":"a","messages":[{}]}"#, "both"),
        (r#"{"messages":[1]}"#, "messages[0] is 1"),
        (
            r#"{"messages":[{"role":"bot","content":""}]}"#,
            "messages[0].role is \"bot\"",
        ),
        (
            r#"{"messages":[{"role":"user"}]}"#,
            "messages[0].content is missing",
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"audio"}]}]}"#,
            "messages[0].content[0].type is \"audio\"",
        ),
    ] {
        assert!(
            read(json).is_err_and(|error| error.for_client().contains(part)),
            "{json}"
        );
    }
}

fn media_of(part: &str) -> Result<Media, Error> {
    let json = format!(r#"{{"messages":[{{"role":"user","content":[{part}]}}]}}"#);
    match &messages_of(&json)?[0].content[0] {
        Part::Media(media) => Ok(media.clone()),
        Part::Text(text) => Err(Error::new(ErrorKind::Config, text)),
    }
}

#[test]
fn images_and_files_come_in_the_spellings_of_many() {
    let image = |source, mime_type: &str| {
        Ok(Media {
            source,
            mime_type: mime_type.into(),
            is_image: true,
            name: None,
        })
    };
    let png = || Source::Data("iVBORw0KGgo=".into());
    let web = || Source::Url("https://example.com/a.JPG?x=1".into());
    for (part, expected) in [
        (
            r#"{"type":"image","data":"iVBORw0KGgo="}"#,
            image(png(), "image/png"),
        ),
        (
            r#"{"type":"image","data":"iVBORw0\nKGgo","mimeType":"image/PNG"}"#,
            image(png(), "image/png"),
        ),
        (
            r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"}}"#,
            image(png(), "image/png"),
        ),
        (
            r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo"}}"#,
            image(png(), "image/png"),
        ),
        (
            r#"{"type":"image","url":"https://example.com/a.JPG?x=1"}"#,
            image(web(), "image/jpeg"),
        ),
        (
            r#"{"type":"input_image","image_url":"https://example.com/a.JPG?x=1"}"#,
            image(web(), "image/jpeg"),
        ),
        (
            r#"{"type":"image","source":{"type":"url","url":"https://example.com/a.JPG?x=1"}}"#,
            image(web(), "image/jpeg"),
        ),
        (
            r#"{"type":"image","url":"https://example.com/a"}"#,
            image(Source::Url("https://example.com/a".into()), ""),
        ),
        (
            r#"{"type":"file","data":"_-__","mime_type":"image/x-icon"}"#,
            image(Source::Data("/+//".into()), "image/x-icon"),
        ),
    ] {
        assert_eq!(media_of(part), expected, "{part}");
    }
    let file = media_of(
        r#"{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}"#,
    );
    let file = file.unwrap();
    assert_eq!(file.source, Source::Data("JVBERi0=".into()));
    assert_eq!(file.mime_type, "application/pdf");
    assert_eq!(
        (file.is_image, file.name.as_deref()),
        (false, Some("a.pdf"))
    );
}

#[test]
fn nothing_is_read_from_a_file_and_bad_parts_are_named() {
    for (part, problem) in [
        (
            r#"{"type":"image","url":"file:///etc/passwd"}"#,
            "files are not read",
        ),
        (
            r#"{"type":"image","url":"/etc/passwd"}"#,
            "messages[0].content[0].url is \"/etc/passwd\"",
        ),
        (r#"{"type":"image","url":"https://a b"}"#, "url is"),
        (r#"{"type":"image"}"#, "either url or data"),
        (
            r#"{"type":"image","url":"https://a","data":"AAAA"}"#,
            "either url or data",
        ),
        (r#"{"type":"image","data":"A"}"#, "Base64, complete"),
        (r#"{"type":"image","data":"AA!A"}"#, "must be Base64"),
        (
            r#"{"type":"image","data":7}"#,
            "data is 7, but must be a string",
        ),
        (r#"{"type":"image","data":"AAAA"}"#, "mime_type is missing"),
        (r#"{"type":"image","data":"JVBERi0"}"#, "must be an image"),
        (
            r#"{"type":"file","data":"AAAA","mime_type":"a b"}"#,
            "mime_type is \"a b\"",
        ),
        (
            r#"{"type":"image","url":"data:image/png,x"}"#,
            "a data: URL in Base64",
        ),
        (
            r#"{"type":"image","url":"data:image/p\"g;base64,AAAA"}"#,
            "a type such as",
        ),
        (
            r#"{"type":"file","data":"JVBERi0","filename":3}"#,
            "filename is 3",
        ),
    ] {
        let found = media_of(part).unwrap_err().for_client();
        assert!(
            found.starts_with("invalid_request: ") && found.contains(problem),
            "{part}: {found}"
        );
    }
}

#[test]
fn calls_and_results_are_read_as_openai_and_others_write_them() {
    let call = |arguments: &str| ToolCall {
        id: "1".into(),
        name: "weather".into(),
        arguments: arguments.into(),
    };
    for (given, arguments) in [
        (
            r#"{"id":"1","name":"weather","arguments":{"b":1,"a":2}}"#,
            r#"{"a":2,"b":1}"#,
        ),
        (
            r#"{"id":"1","type":"function","function":{"name":"weather","arguments":"{}"}}"#,
            "{}",
        ),
        (r#"{"id":"1","name":"weather"}"#, "{}"),
    ] {
        let json = format!(
            r#"{{"messages":[{{"role":"assistant","content":null,"tool_calls":[{given}]}},
                {{"role":"tool","tool_call_id":"1","name":"weather","content":{{"c":4}}}}]}}"#
        );
        let read = messages_of(&json).unwrap();
        assert_eq!(read[0].tool_calls, [call(arguments)], "{given}");
        assert!(read[0].content.is_empty());
        assert_eq!(read[1].tool_call_id.as_deref(), Some("1"));
        assert_eq!(read[1].all_text(), r#"{"c":4}"#);
    }
    let state = r#"{"provider":"p","items":[{"type":"thinking"}]}"#;
    for state in [state.to_owned(), Value::from(state).to_string()] {
        let json = format!(
            r#"{{"messages":[{{"role":"assistant","provider_state":{state}}},
                {{"role":"tool","tool_call_id":"x","content":[{{"type":"text","text":"4"}}]}}]}}"#
        );
        let read = messages_of(&json).unwrap();
        let state = read[0].state.as_ref().unwrap();
        assert_eq!((state.provider.as_str(), state.items.len()), ("p", 1));
    }
    for (messages, problem) in [
        (
            r#"[{"role":"tool","content":"4"}]"#,
            "messages[0].tool_call_id is missing",
        ),
        (
            r#"[{"role":"tool","tool_call_id":"x","content":"4"}]"#,
            "id of one of the tool_calls",
        ),
        (
            r#"[{"role":"assistant","tool_calls":[{"name":"a"}]}]"#,
            "tool_calls[0].id is missing",
        ),
        (
            r#"[{"role":"assistant","tool_calls":[{"id":"1","name":"a b"}]}]"#,
            "tool_calls[0].name is \"a b\"",
        ),
        (
            r#"[{"role":"assistant","tool_calls":[{"id":"1","name":"a","arguments":1}]}]"#,
            "arguments is 1",
        ),
        (
            r#"[{"role":"assistant","provider_state":{"items":[1]}}]"#,
            "unchanged",
        ),
        (
            r#"[{"role":"user","content":null}]"#,
            "messages[0].content is missing",
        ),
    ] {
        let found = messages_of(&format!("{{\"messages\":{messages}}}"))
            .unwrap_err()
            .for_client();
        assert!(found.contains(problem), "{messages}: {found}");
    }
}

#[test]
fn tools_are_read_as_openai_anthropic_and_mcp_write_them() {
    let read =
        |json: &str| tools(&mut parse(json, &["tools", "tool_choice"], &mut charge()).unwrap());
    let schema = r#"{"type":"object","properties":{"city":{"type":"string"}}}"#;
    for tool in [
        format!(r#"{{"name":"weather","description":"d","parameters":{schema}}}"#),
        format!(r#"{{"name":"weather","description":"d","input_schema":{schema}}}"#),
        format!(r#"{{"name":"weather","description":"d","inputSchema":{schema}}}"#),
        format!(
            r#"{{"type":"function","function":{{"name":"weather","description":"d","parameters":{schema}}}}}"#
        ),
    ] {
        let (tools, choice) = read(&format!("{{\"tools\":[{tool}]}}")).unwrap();
        assert_eq!(choice, None);
        assert_eq!(
            (tools[0].name.as_str(), tools[0].description.as_deref()),
            ("weather", Some("d"))
        );
        assert_eq!(
            Value::Object(tools[0].parameters.clone()).to_string().len(),
            schema.len(),
            "{tool}"
        );
    }
    let choice = |choice: &str| {
        read(&format!(
            r#"{{"tools":[{{"name":"a"}}],"tool_choice":{choice}}}"#
        ))
    };
    for (given, expected) in [
        ("\"auto\"", ToolChoice::Auto),
        ("\"any\"", ToolChoice::Required),
        ("\"none\"", ToolChoice::None),
        ("\"a\"", ToolChoice::Tool("a".into())),
        (
            r#"{"type":"function","function":{"name":"a"}}"#,
            ToolChoice::Tool("a".into()),
        ),
        (
            r#"{"type":"tool","name":"a"}"#,
            ToolChoice::Tool("a".into()),
        ),
    ] {
        assert_eq!(choice(given).unwrap().1, Some(expected), "{given}");
    }
    assert!(
        choice("\"b\"")
            .unwrap_err()
            .for_client()
            .contains("tool_choice is \"b\"")
    );
    for (json, problem) in [
        (r#"{"tool_choice":"required"}"#, "without tools"),
        (
            r#"{"tools":[{"name":"a"},{"name":"a"}]}"#,
            "tools[1].name is \"a\", but must be a name of its own",
        ),
        (r#"{"tools":[{}]}"#, "tools[0].name is missing"),
        (
            r#"{"tools":[{"name":"a","parameters":1}]}"#,
            "tools[0].parameters is 1",
        ),
        (r#"{"tools":{"name":"a"}}"#, "tools is an object"),
    ] {
        assert!(
            read(json).unwrap_err().for_client().contains(problem),
            "{json}"
        );
    }
}
