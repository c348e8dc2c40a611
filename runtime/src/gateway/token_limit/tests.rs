use anygpt_providers::{Media, Message, Role, State, Tool, anthropic, google, openai};

use super::*;

#[test]
fn beyond_ascii_each_character_is_a_token_and_each_message_one_at_least() {
    let tokens = |texts: &[&str]| {
        let messages = texts.iter().map(|text| Message::text(Role::User, *text));
        let request = ChatRequest {
            messages: messages.collect::<Vec<_>>().into(),
            ..ChatRequest::default()
        };
        estimated_tokens(&request, None)
    };
    for (texts, expected) in [
        (&["hi"][..], 1),
        (&["12345"], 2),
        (&["ßßßß"], 4),
        (&["日本語"], 3),
        (&["🦀"], 1),
        (&["abcdß"], 2),
        (&["", "", "a"], 3),
    ] {
        assert_eq!(tokens(texts), expected, "{texts:?}");
    }
}

#[test]
fn the_schema_of_the_answer_is_input_too() {
    let of = |format| ChatRequest {
        format: Some(std::sync::Arc::new(format)),
        ..ChatRequest::default()
    };
    assert_eq!(estimated_tokens(&of(Format::Json), None), 0);
    let schema = serde_json::Map::from_iter([("d".into(), "ß".repeat(100).into())]);
    let format = Format::Schema {
        name: "answ".into(),
        schema,
        strict: None,
    };
    // {"d":""} and the name.
    assert_eq!(estimated_tokens(&of(format), None), 103);
}

#[test]
fn what_is_no_text_or_is_fetched_cannot_be_counted() {
    let of = |message: Message| ChatRequest {
        messages: vec![message].into(),
        ..ChatRequest::default()
    };
    let is_refused = |message: Message, kind| uncounted(&of(message), kind).is_some();
    let media = |mime: &str, is_image, source| Message {
        content: vec![Part::Media(Media {
            source,
            mime_type: mime.into(),
            is_image,
            name: None,
        })],
        ..Message::text(Role::User, "")
    };
    let url = || Source::Url("https://x/y".into());
    for kind in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Google] {
        for mime in ["", "text/plain", "application/pdf"] {
            assert!(is_refused(media(mime, false, url()), kind), "{mime}");
        }
        assert!(!is_refused(media("image/png", true, url()), kind));
        let data = |data: &str| media("image/png", true, Source::Data(data.into()));
        assert!(!is_refused(data("iVBORw0KGgo="), kind));
        assert!(is_refused(data("JVBERi0xLjQK"), kind));
        // Gemini would take a film.
        let is_google = kind == Dialect::Google;
        assert_eq!(is_refused(media("", true, url()), kind), is_google);
    }
    for (mime, data, expected) in [
        ("text/plain", "eA==", false),
        ("text/plain", "", false),
        // {"ß":"日🦀"}, and a file whose type says nothing.
        ("application/json", "eyLDnyI6IuaXpfCfpoAifQ==", false),
        ("application/octet-stream", "Zm4gbWFpbigpIHt9", false),
        ("application/pdf", "eA==", true),
        ("application/pdf; version=1.7", "eA==", true),
        // %PDF-1.4 by another name.
        ("text/plain", "JVBERi0xLjQK", true),
        ("audio/wav", "eA==", true),
        ("video/mp4", "eA==", true),
        // What is packed, half a character, bytes behind none, UTF-16, and a character in too many bytes.
        ("text/plain", "UEsDBAoAAAA=", true),
        ("text/plain", "eMM=", true),
        ("text/plain", "eL8=", true),
        ("text/plain", "//5oAGkA", true),
        ("text/plain", "wK8=", true),
    ] {
        let data = Source::Data(data.into());
        let refused = is_refused(media(mime, false, data.clone()), Dialect::OpenAi);
        assert_eq!(refused, expected, "{mime} {data:?}");
    }
    let state = |piece: &str| {
        let items = vec![serde_json::from_str(piece).unwrap_or_default()];
        let message = Message {
            state: Some(State {
                provider: "p".into(),
                model: "m".into(),
                items,
            }),
            ..Message::text(Role::Assistant, "")
        };
        is_refused(message, Dialect::Google)
    };
    for piece in [
        r#"{"parts":[{"fileData":{"fileUri":"https://x/y"}}]}"#,
        r#"{"parts":[{"inlineData":{"mimeType":"application/pdf","data":"eA=="}}]}"#,
        r#"{"inline_data":{"data":"eA=="}}"#,
        r#"{"type":"message","content":[{"type":"input_file","file_url":"https://x"}]}"#,
        r#"{"content":[{"type":"input_file","file_id":"file-1"}]}"#,
        r#"{"content":[{"type":"input_image","image_url":"https://x"}]}"#,
        r#"{"content":[{"type":"input_audio","input_audio":{"data":"eA==","format":"wav"}}]}"#,
        r#"{"type":"document","source":{"type":"url","url":"https://x"}}"#,
        r#"{"type":"document","source":{"type":"file","file_id":"f"}}"#,
        r#"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"eA=="}}"#,
    ] {
        assert!(state(piece), "{piece}");
    }
    for piece in [
        r#"{"type":"reasoning","encrypted_content":"abc","summary":[]}"#,
        r#"{"content":[{"annotations":[{"type":"url_citation","url":"https://x"}]}]}"#,
        r#"{"type":"thinking","thinking":"t","signature":"s","image_url":null}"#,
        r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"eA=="}}"#,
        r#"{"inlineData":{"mimeType":"image/png","data":"eA=="}}"#,
        r#"{"functionCall":{"name":"f","args":{"file_id":"x","source":{"type":"url"}}}}"#,
        r#"{"type":"tool_use","name":"f","input":{"image_url":"x"}}"#,
    ] {
        assert!(!state(piece), "{piece}");
    }
}

#[test]
fn long_input_costs_as_much_as_writing_it_to_a_cache() {
    let rates = Rates {
        input: 1.0,
        output: 2.0,
        cached_input: None,
        cache_write: Some(1.25),
    };
    let price = TokenPrice {
        long: Some((2_000, rates.scaled_to(2.0))),
        ..TokenPrice::new(rates)
    };
    let cost = |input| estimated_cost(&price, input, 0);
    assert_eq!([1_023, 1_024, 4_000].map(cost), [0.001_023, 0.001_28, 0.01]);
    // It is what is paid, then.
    assert_eq!(affordable_tokens(&price, 1_024, 0.001_312), Some(16));
    let cheaper = TokenPrice::new(Rates {
        cache_write: Some(0.5),
        ..rates
    });
    assert_eq!(estimated_cost(&cheaper, 1_024, 0), 0.001_024);
}

#[test]
fn images_tools_and_states_count_as_input() {
    let tokens = |request: &ChatRequest| estimated_tokens(request, Some(&google::GenerateContent));
    let mut message = Message::text(Role::User, "x".repeat(40));
    let of = |message: &Message| ChatRequest {
        messages: vec![message.clone()].into(),
        ..ChatRequest::default()
    };
    assert_eq!(tokens(&of(&message)), 10);
    let media = |is_image, source| {
        Part::Media(Media {
            source,
            mime_type: "a/b".into(),
            is_image,
            name: None,
        })
    };
    message.content.push(media(true, Source::Data("y".into())));
    assert_eq!(tokens(&of(&message)), 2_250);
    message
        .content
        // 57 letters and an ß.
        .push(media(
            false,
            Source::Data(format!("{}eMOf", "eHh4".repeat(18))),
        ));
    message
        .content
        .push(media(false, Source::Url("y".repeat(80))));
    assert_eq!(tokens(&of(&message)), 2_265);
    let with_tool = ChatRequest {
        tools: vec![Tool {
            name: "abcd".into(),
            description: Some("efgh".into()),
            parameters: serde_json::Map::new(),
            strict: None,
        }]
        .into(),
        ..of(&message)
    };
    assert_eq!(tokens(&with_tool), 2_268);
    message.state = Some(State {
        provider: "p".into(),
        model: "m".into(),
        items: vec!["z".repeat(12).into()],
    });
    assert_eq!(tokens(&of(&message)), 4);
}

#[test]
fn money_buys_what_is_left_behind_the_input() {
    let price = |input, output| {
        let rates = Rates {
            input,
            output,
            ..Rates::default()
        };
        let long = Rates {
            output: output * 1.5,
            ..rates.scaled_to(input * 2.0)
        };
        TokenPrice {
            long: Some((1_000, long)),
            ..TokenPrice::new(rates)
        }
    };
    for (input, output, tokens, usd, expected) in [
        (1.0, 2.0, 100, 0.000_300, Some(100)),
        (1.0, 2.0, 100, 0.000_132, Some(16)),
        (1.0, 2.0, 100, 0.000_131, None),
        (1.0, 2.0, 100, 0.000_05, None),
        (1.0, 0.0, 100, 0.000_1, Some(u64::MAX)),
        (0.0, 0.0, 100, 0.000_001, Some(u64::MAX)),
        // Long input costs twice as much, and what comes of it half as much again.
        (1.0, 2.0, 2_000, 0.007, Some(1_000)),
    ] {
        let found = affordable_tokens(&price(input, output), tokens, usd);
        assert_eq!(found, expected, "{input} {output} {tokens} {usd}");
    }
}

/// A picture of 1,000 by 500 pixels, of which only the head is there.
const WIDE: &str = "iVBORw0KGgoAAAANSUhEUgAAA+gAAAH0CAIAAAA=";

#[test]
fn a_picture_counts_by_its_size_where_that_decides() {
    let tokens = |codec: &dyn Codec, source| {
        let media = Media {
            source,
            mime_type: "image/png".into(),
            is_image: true,
            name: None,
        };
        let message = Message {
            content: vec![Part::Media(media)],
            ..Message::text(Role::User, "")
        };
        let request = ChatRequest {
            messages: vec![message].into(),
            ..ChatRequest::default()
        };
        estimated_tokens(&request, Some(codec))
    };
    let data = || Source::Data(WIDE.into());
    let away = || Source::Url("https://example.com/a.png".into());
    // 32 times 16 squares; 500,000 pixels at 750.
    assert_eq!(tokens(&openai::Responses, data()), 512);
    assert_eq!(tokens(&openai::Responses, away()), 30_000);
    assert_eq!(tokens(&openai::Responses, Source::Data("x".into())), 30_000);
    assert_eq!(tokens(&anthropic::Messages, data()), 667);
    assert_eq!(tokens(&anthropic::Messages, away()), 4_784);
    assert_eq!(tokens(&google::GenerateContent, data()), 2_240);
}

/// Whatever is reported of so much input and output, for each model of the table, costs no more than was estimated.
#[test]
fn an_estimate_is_never_below_the_bill() {
    let facts = anygpt_providers::Facts::default();
    let mut bills = 0;
    for provider in [
        "openai",
        "anthropic",
        "google",
        "mistral",
        "xai",
        "deepseek",
        "zai",
    ] {
        for price in facts.prices(provider, facts.day()) {
            for input in [10, 1_000, 50_000, 150_000, 300_000] {
                let parts = [None, Some(input / 3), Some(input)];
                for (part, other) in parts
                    .iter()
                    .flat_map(|it| parts.iter().map(move |o| (*it, *o)))
                {
                    let usage = anygpt_providers::Usage {
                        input_tokens: Some(input),
                        cached_input_tokens: part,
                        cache_write_tokens: other.filter(|_| input >= CACHE_WRITE_MIN_TOKENS),
                        audio_input_tokens: part,
                        image_input_tokens: other,
                        output_tokens: Some(500),
                        reasoning_tokens: Some(300),
                        image_output_tokens: part.map(|_| 100),
                        ..Default::default()
                    };
                    let bill = price::of_usage(&price, &usage).unwrap();
                    let estimate = estimated_cost(&price, input, 500);
                    assert!(
                        bill <= estimate + 1e-9,
                        "{bill} {estimate} {price:?} {usage:?}"
                    );
                    bills += 1;
                }
            }
        }
    }
    assert!(bills > 1_000);
}

/// What a model may answer at most is known, and may be more than usual.
#[test]
fn an_answer_may_be_as_long_as_the_model_s_longest() {
    let limited = |max_output| {
        let settings = Settings::load(
            crate::settings::Environment::new([("OPENAI_API_KEY", "a-1")]).with_secrets("/nowhere"),
            &[],
        )
        .unwrap();
        let mut request = ChatRequest {
            model: "gpt-6.1-sol".into(),
            messages: vec![Message::text(Role::User, "x")].into(),
            rules: Some(anygpt_providers::Rules {
                max_output,
                ..Default::default()
            }),
            ..ChatRequest::default()
        };
        // Ten dollars for a million tokens: enough for 200,000.
        let purse = Purse::new(2.0, "P");
        keep_limit(
            &settings,
            ProviderIndex::new(0),
            &mut request,
            Some(&purse),
            None,
        )
        .unwrap();
        request.max_tokens
    };
    assert_eq!(limited(None), None);
    assert_eq!(limited(Some(150_000)), None);
    assert_eq!(limited(Some(300_000)), Some(199_999));
}
