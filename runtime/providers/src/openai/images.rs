//! OpenAI's image generation, which other services have copied.
//!
//! Never here: images as input.

use serde::{Deserialize, Serialize};

use crate::http_request;
use crate::images::image;
use crate::json::{self, Lenient, Text};
use crate::{ErrorKind, Failure, GenerateImagePlan, GenerateImageRequest, GeneratedImages, Usage};

pub(super) fn request(
    path: String,
    draw: &GenerateImageRequest,
    is_openai: bool,
) -> GenerateImagePlan {
    let body = DrawBody {
        model: &draw.model,
        prompt: &draw.prompt,
        n: draw.count,
        size: draw.size.as_deref(),
        quality: draw.quality.as_deref(),
        output_format: draw.format.as_deref(),
        response_format: needs_response_format(&draw.model, is_openai).then_some("b64_json"),
    };
    GenerateImagePlan {
        request: http_request::post(path, &body),
        times: 1,
        warnings: Vec::new(),
    }
}

/// OpenAI's newer models always send the bytes, and refuse `response_format`
/// (<https://developers.openai.com/api/docs/guides/image-generation>).
fn needs_response_format(model: &str, is_openai: bool) -> bool {
    !is_openai || model.starts_with("dall-e")
}

pub(super) fn read(body: &[u8]) -> Result<GeneratedImages, Failure> {
    let image_tokens = |kinds: &Lenient<Kinds>| kinds.0.as_ref()?.image_tokens.0;
    let text = String::from_utf8_lossy(body);
    let read: List<'_> = json::read(&text)?;
    let mut generated = GeneratedImages {
        usage: Usage {
            input_tokens: read.usage.input_tokens.0,
            output_tokens: read.usage.output_tokens.0,
            total_tokens: read.usage.total_tokens.0,
            image_input_tokens: image_tokens(&read.usage.input_tokens_details),
            // All of it, where it is not divided.
            image_output_tokens: image_tokens(&read.usage.output_tokens_details)
                .or(read.usage.output_tokens.0),
            ..Usage::default()
        },
        ..GeneratedImages::default()
    };
    for one in read.data.read().take(MOST_PICTURES) {
        let one: One<'_> = one?;
        match (one.b64_json, one.url) {
            (Some(data), _) => generated.images.push(image(data.0.into_owned())?),
            (None, Some(url)) if url.0.len() <= LONGEST_URL => {
                generated.urls.push(url.0.into_owned());
            }
            _ => {}
        }
        if generated.text.is_none() {
            generated.text = one.revised_prompt.and_then(Text::non_empty);
        }
    }
    match generated.images.is_empty() && generated.urls.is_empty() {
        true => Err(Failure::new(
            ErrorKind::EmptyResponse,
            "the provider's reply has no image",
        )),
        false => Ok(generated),
    }
}

/// Upper bound on images in one reply.
const MOST_PICTURES: usize = 64;

/// Upper bound on an image's URL, in bytes; signed ones are long.
const LONGEST_URL: usize = 8 << 10;

#[derive(Serialize)]
struct DrawBody<'a> {
    model: &'a str,
    prompt: &'a str,
    n: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_format: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<&'a str>,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    data: json::List<'a>,
    #[serde(default)]
    usage: Tokens,
}

#[derive(Deserialize)]
struct One<'a> {
    #[serde(borrow)]
    b64_json: Option<Text<'a>>,
    #[serde(borrow)]
    url: Option<Text<'a>>,
    #[serde(borrow)]
    revised_prompt: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tokens {
    input_tokens: Lenient<u64>,
    output_tokens: Lenient<u64>,
    total_tokens: Lenient<u64>,
    input_tokens_details: Lenient<Kinds>,
    output_tokens_details: Lenient<Kinds>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Kinds {
    image_tokens: Lenient<u64>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use crate::openai::Responses;
    use crate::openai::chat_completions::PLAIN;
    use crate::presets::OPENAI_CHAT;
    use crate::testing::{cats, sent};
    use crate::{Codec, GenerateImageRequest};

    #[test]
    fn what_is_not_wanted_is_not_sent() {
        let plan = Responses.generate_image(&cats("gpt-image-2")).unwrap();
        let (path, body) = sent(&plan.request);
        assert_eq!((path, plan.times), ("/images/generations", 1));
        assert_eq!(
            body,
            json!({"model": "gpt-image-2", "prompt": "a cat", "n": 2})
        );
        let old = Responses.generate_image(&cats("dall-e-3")).unwrap();
        assert_eq!(sent(&old.request).1["response_format"], "b64_json");
        let plan = OPENAI_CHAT.generate_image(&cats("gpt-image-2")).unwrap();
        assert_eq!(sent(&plan.request).1, body);
        let wishes = GenerateImageRequest {
            size: Some("1536x1024".into()),
            quality: Some("high".into()),
            format: Some("webp".into()),
            ..cats("m/x")
        };
        let other = PLAIN.generate_image(&wishes).unwrap();
        assert_eq!(
            sent(&other.request).1,
            json!({"model": "m/x", "prompt": "a cat", "n": 2, "size": "1536x1024", "quality": "high",
                "output_format": "webp", "response_format": "b64_json"})
        );
    }

    #[test]
    fn pictures_are_told_by_their_first_bytes() {
        let body = json!({"data": [{"b64_json": "iVBORw0KGgoAAAA=", "revised_prompt": "a fat cat"}, {"url": "https://x/y"}],
            "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}});
        let generated = Responses
            .generated_images(body.to_string().as_bytes())
            .unwrap();
        assert_eq!(
            (generated.images[0].mime_type, &*generated.urls[0]),
            ("image/png", "https://x/y")
        );
        assert_eq!(generated.text.as_deref(), Some("a fat cat"));
        assert_eq!(generated.usage.total_tokens, Some(3));
        for body in [
            json!({"data": []}),
            json!({"data": [{"b64_json": "iVBORw0KGgo\"<"}]}),
            json!({}),
        ] {
            assert!(PLAIN.generated_images(body.to_string().as_bytes()).is_err());
        }
    }
}
