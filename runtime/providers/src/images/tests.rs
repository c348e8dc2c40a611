use serde_json::{Value, json};

use super::*;
use crate::Codec;
use crate::anthropic::Messages;
use crate::google::GenerateContent;
use crate::openai::Responses;
use crate::openai::chat_completions::PLAIN;

const PNG: &str = "iVBORw0KGgoAAAA=";

fn sent(codec: &dyn Codec, draw: &DrawRequest) -> (String, Value, Drawing) {
    let drawing = codec.draw(draw).unwrap();
    let body = serde_json::from_slice(&drawing.request.body).unwrap();
    (drawing.request.path.clone(), body, drawing)
}

fn draw(model: &str) -> DrawRequest {
    DrawRequest {
        model: model.into(),
        prompt: "a cat".into(),
        count: 2,
        ..DrawRequest::default()
    }
}

#[test]
fn each_format_asks_in_its_own_way() {
    let (path, body, drawing) = sent(&Responses, &draw("gpt-image-2"));
    assert_eq!((path.as_str(), drawing.times), ("/images/generations", 1));
    assert_eq!(
        body,
        json!({"model": "gpt-image-2", "prompt": "a cat", "n": 2})
    );
    assert_eq!(
        sent(&Responses, &draw("dall-e-3")).1["response_format"],
        "b64_json"
    );
    let wishes = DrawRequest {
        size: Some("1536x1024".into()),
        quality: Some("high".into()),
        format: Some("webp".into()),
        ..draw("m/x")
    };
    let (_, body, _) = sent(&PLAIN, &wishes);
    assert_eq!(
        body,
        json!({"model": "m/x", "prompt": "a cat", "n": 2, "size": "1536x1024", "quality": "high",
                "output_format": "webp", "response_format": "b64_json"})
    );
    let (path, body, drawing) = sent(&GenerateContent, &wishes);
    assert_eq!(path, "/v1beta/models/m%2Fx:generateContent");
    assert_eq!((drawing.times, drawing.warnings.len()), (2, 2));
    assert_eq!(
        body,
        json!({"contents": [{"role": "user", "parts": [{"text": "a cat"}]}],
                "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": "3:2"}}})
    );
    for (size, config) in [
        ("16:9", json!({"aspectRatio": "16:9"})),
        ("2k", json!({"imageSize": "2K"})),
        ("0x7", json!({"aspectRatio": "0x7"})),
    ] {
        let wishes = DrawRequest {
            size: Some(size.into()),
            ..draw("m")
        };
        let body = sent(&GenerateContent, &wishes).1;
        assert_eq!(body["generationConfig"]["imageConfig"], config);
    }
    assert!(Messages.draw(&draw("m")).is_none());
}

#[test]
fn pictures_are_told_by_their_first_bytes() {
    let body = json!({"data": [{"b64_json": PNG, "revised_prompt": "a fat cat"}, {"url": "https://x/y"}],
            "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}});
    let drawn = Responses.pictures(body.to_string().as_bytes()).unwrap();
    assert_eq!(
        (drawn.pictures[0].mime_type, &*drawn.urls[0]),
        ("image/png", "https://x/y")
    );
    assert_eq!(drawn.said.as_deref(), Some("a fat cat"));
    assert_eq!(drawn.usage.total_tokens, Some(3));

    let body = json!({"candidates": [{"content": {"parts": [{"text": "Here."},
            {"inlineData": {"mimeType": "image/png", "data": "/9j/AAAA"}}]}, "finishReason": "STOP"}]});
    let drawn = GenerateContent
        .pictures(body.to_string().as_bytes())
        .unwrap();
    assert_eq!(drawn.pictures[0].mime_type, "image/jpeg");
    assert_eq!(drawn.said.as_deref(), Some("Here."));
}

#[test]
fn no_picture_is_a_failure_that_says_why() {
    let google = |body: Value| GenerateContent.pictures(body.to_string().as_bytes());
    for (body, class, part) in [
        (
            json!({"promptFeedback": {"blockReason": "SAFETY"}}),
            Class::ContentFilter,
            "SAFETY",
        ),
        (
            json!({"candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "No."}]}}]}),
            Class::EmptyResponse,
            "it says: No.",
        ),
        (json!({}), Class::EmptyResponse, "unknown"),
        (
            json!({"candidates": [{"content": {"parts": [{"inlineData": {"data": "PHN2Zz4="}}]}}]}),
            Class::Unavailable,
            "no PNG",
        ),
    ] {
        let failure = google(body).unwrap_err();
        assert_eq!(failure.class, class, "{failure:?}");
        assert!(failure.message.contains(part), "{failure:?}");
    }
    for body in [
        json!({"data": []}),
        json!({"data": [{"b64_json": "iVBORw0KGgo\"<"}]}),
        json!({}),
    ] {
        assert!(PLAIN.pictures(body.to_string().as_bytes()).is_err());
    }
}
