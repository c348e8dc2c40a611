//! Image generation of the Gemini API.
//!
//! Never here: images as input.

use serde::{Deserialize, Serialize};

use super::bare_id;
use super::stream::{self, UsageMetadata};
use crate::adapt;
use crate::http_request;
use crate::images::image;
use crate::json::{self, Text};
use crate::{ErrorKind, Failure, GenerateImagePlan, GenerateImageRequest, GeneratedImages};

pub(super) fn request(draw: &GenerateImageRequest) -> Option<GenerateImagePlan> {
    let (aspect_ratio, image_size) = match &draw.size {
        Some(size) if size.to_ascii_uppercase().ends_with('K') => {
            (None, Some(size.to_ascii_uppercase()))
        }
        Some(size) => (Some(ratio(size)), None),
        None => (None, None),
    };
    let has_config = draw.size.is_some();
    let body = ContentBody {
        contents: [Content {
            role: "user",
            parts: [PartBody { text: &draw.prompt }],
        }],
        generation_config: GenerationConfig {
            response_modalities: ["TEXT", "IMAGE"],
            image_config: has_config.then_some(ImageConfig {
                aspect_ratio,
                image_size,
            }),
        },
    };
    let unknown = [("quality", &draw.quality), ("format", &draw.format)];
    let unknown = unknown.iter().filter(|(_, value)| value.is_some());
    let id = http_request::percent_encoded(bare_id(&draw.model));
    Some(GenerateImagePlan {
        request: http_request::post(format!("/v1beta/models/{id}:generateContent"), &body),
        times: draw.count,
        warnings: unknown
            .map(|(name, _)| adapt::left_out(name, &draw.model))
            .collect(),
    })
}

pub(super) fn read(body: &[u8]) -> Result<GeneratedImages, Failure> {
    let text = String::from_utf8_lossy(body);
    let read: Reply<'_> = json::read(&text)?;
    let mut generated = GeneratedImages::default();
    stream::take_usage(&read.usage_metadata, &mut generated.usage);
    let mut reason = read.prompt_feedback.and_then(|it| it.block_reason);
    let mut text = String::new();
    for candidate in read.candidates.unwrap_or_default().read() {
        let candidate: Candidate<'_> = candidate?;
        reason = reason.or(candidate.finish_reason);
        let parts = candidate.content.and_then(|content| content.parts);
        for part in parts.unwrap_or_default().read() {
            let part: Part<'_> = part?;
            if let Some(data) = part.inline_data {
                generated.images.push(image(data.data.0.into_owned())?);
            }
            text.push_str(&part.text.unwrap_or_default().0);
        }
    }
    generated.text = Some(text).filter(|text| !text.trim().is_empty());
    if generated.images.is_empty() {
        let reason = reason.map(|reason| reason.0.into_owned());
        let reason = reason.unwrap_or_else(|| "unknown".into());
        let text = generated.text.map(|text| format!("; it says: {text}"));
        let class = match reason.as_str() {
            "STOP" | "MAX_TOKENS" | "unknown" => ErrorKind::EmptyResponse,
            _ => ErrorKind::ContentFilter,
        };
        let reason = format!("{reason}){}", text.unwrap_or_default());
        return Err(Failure::quoting(
            class,
            "the model returned no image (reason ",
            &reason,
            "",
        ));
    }
    Ok(generated)
}

/// The ratio of `1536x1024`; other texts are unchanged, for the provider to judge.
fn ratio(size: &str) -> String {
    let sides = size.split_once(['x', 'X', '×']);
    let sides = sides.and_then(|(width, height)| {
        let side = |text: &str| text.trim().parse::<u32>().ok().filter(|&side| side > 0);
        Some((side(width)?, side(height)?))
    });
    let Some((width, height)) = sides else {
        return size.to_owned();
    };
    let (mut divisor, mut rest) = (width, height);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    format!("{}:{}", width / divisor, height / divisor)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContentBody<'a> {
    contents: [Content<'a>; 1],
    generation_config: GenerationConfig,
}

#[derive(Serialize)]
struct Content<'a> {
    role: &'a str,
    parts: [PartBody<'a>; 1],
}

#[derive(Serialize)]
struct PartBody<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig {
    response_modalities: [&'static str; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    image_config: Option<ImageConfig>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    aspect_ratio: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_size: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    #[serde(borrow)]
    candidates: Option<json::List<'a>>,
    #[serde(borrow)]
    prompt_feedback: Option<Feedback<'a>>,
    #[serde(default)]
    usage_metadata: UsageMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback<'a> {
    #[serde(borrow)]
    block_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(borrow)]
    content: Option<Parts<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow)]
    parts: Option<json::List<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    inline_data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    data: Text<'a>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::google::GenerateContent;
    use crate::testing::{cats, sent};
    use crate::{Codec, ErrorKind};

    #[test]
    fn a_size_becomes_a_ratio_or_a_resolution() {
        let wishes = GenerateImageRequest {
            size: Some("1536x1024".into()),
            quality: Some("high".into()),
            format: Some("webp".into()),
            ..cats("m/x")
        };
        let plan = GenerateContent.generate_image(&wishes).unwrap();
        let (path, body) = sent(&plan.request);
        assert_eq!(path, "/v1beta/models/m%2Fx:generateContent");
        assert_eq!((plan.times, plan.warnings.len()), (2, 2));
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
            let wishes = GenerateImageRequest {
                size: Some(size.into()),
                ..cats("m")
            };
            let plan = GenerateContent.generate_image(&wishes).unwrap();
            let (_, body) = sent(&plan.request);
            assert_eq!(body["generationConfig"]["imageConfig"], config);
        }
    }

    #[test]
    fn pictures_are_told_by_their_first_bytes() {
        let body = json!({"candidates": [{"content": {"parts": [{"text": "Here."},
            {"inlineData": {"mimeType": "image/png", "data": "/9j/AAAA"}}]}, "finishReason": "STOP"}]});
        let generated = GenerateContent
            .generated_images(body.to_string().as_bytes())
            .unwrap();
        assert_eq!(generated.images[0].mime_type, "image/jpeg");
        assert_eq!(generated.text.as_deref(), Some("Here."));
    }

    #[test]
    fn no_picture_is_a_failure_that_says_why() {
        let google = |body: Value| GenerateContent.generated_images(body.to_string().as_bytes());
        for (body, class, part) in [
            (
                json!({"promptFeedback": {"blockReason": "SAFETY"}}),
                ErrorKind::ContentFilter,
                "SAFETY",
            ),
            (
                json!({"candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "No."}]}}]}),
                ErrorKind::EmptyResponse,
                "it says: No.",
            ),
            (json!({}), ErrorKind::EmptyResponse, "unknown"),
            (
                json!({"candidates": [{"content": {"parts": [{"inlineData": {"data": "PHN2Zz4="}}]}}]}),
                ErrorKind::Unavailable,
                "no PNG",
            ),
        ] {
            let failure = google(body).unwrap_err();
            assert_eq!(failure.class, class, "{failure:?}");
            assert!(failure.message.contains(part), "{failure:?}");
        }
    }
}
