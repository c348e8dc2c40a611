//! Pictures by description, where a provider draws them.
//!
//! Never here: fetching a picture from an address, or pictures that are looked at.

use serde::{Deserialize, Serialize};

use super::anthropic::Messages;
use super::chat_completions::ChatCompletions;
use super::google::{self, GenerateContent};
use super::json::{self, Lenient, Text};
use super::openai::Responses;
use super::{Class, Failure, Request, Usage, request};

/// A picture to be drawn.
#[derive(Clone, Debug, Default)]
pub struct DrawRequest {
    /// The provider's id for the model.
    pub model: String,
    /// What is to be seen.
    pub prompt: String,
    /// `1024x1024`, `16:9` or `2K`, if not the usual size.
    pub size: Option<String>,
    /// The provider's word for how carefully.
    pub quality: Option<String>,
    /// How many of them; never none.
    pub count: u32,
    /// `png`, `jpeg` or `webp`, if not the usual one.
    pub format: Option<String>,
}

/// How to ask for it.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The request.
    pub request: Request,
    /// To be sent so often: some formats draw one picture at a time.
    pub times: u32,
    /// What of it this format cannot say.
    pub warnings: Vec<String>,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its bytes in base64.
    pub data: String,
    /// Its media type.
    pub mime_type: &'static str,
}

/// What has been drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pictures {
    /// The pictures.
    pub pictures: Vec<Picture>,
    /// Where others can be fetched.
    pub urls: Vec<String>,
    /// The description that was used instead, or what was said beside.
    pub said: Option<String>,
    /// What it took.
    pub usage: Usage,
}

/// A format that may have pictures.
pub trait Draw {
    /// How to ask for a picture, if the format has them.
    fn draw(&self, _request: &DrawRequest) -> Option<Drawing> {
        None
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// `ContentFilter` if nothing was drawn for that reason, `Unavailable` if it is no such reply.
    fn pictures(&self, body: &[u8]) -> Result<Pictures, Failure> {
        openai_pictures(body)
    }
}

impl Draw for Messages {}

impl Draw for Responses {
    fn draw(&self, draw: &DrawRequest) -> Option<Drawing> {
        // The newer models always answer with the bytes, and refuse the question.
        let is_old = draw.model.starts_with("dall-e");
        let path = "/images/generations".to_owned();
        Some(openai_draw(path, draw, is_old))
    }
}

impl Draw for ChatCompletions {
    fn draw(&self, draw: &DrawRequest) -> Option<Drawing> {
        let path = self.path_for(&draw.model, "/images/generations");
        // Azure's are OpenAI's.
        let asks = !self.api_key_header || draw.model.starts_with("dall-e");
        Some(openai_draw(path, draw, asks))
    }
}

impl Draw for GenerateContent {
    fn draw(&self, draw: &DrawRequest) -> Option<Drawing> {
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
        let id = request::percent_encoded(google::bare_id(&draw.model));
        Some(Drawing {
            request: request::post(format!("/v1beta/models/{id}:generateContent"), &body),
            times: draw.count,
            warnings: unknown
                .map(|(name, _)| format!("{name} was left out: Google's models do not take it"))
                .collect(),
        })
    }

    fn pictures(&self, body: &[u8]) -> Result<Pictures, Failure> {
        let text = String::from_utf8_lossy(body);
        let read: Reply<'_> = json::read(&text)?;
        let usage = read.usage_metadata;
        let mut drawn = Pictures {
            usage: Usage {
                input_tokens: usage.prompt_token_count.0,
                output_tokens: usage.candidates_token_count.0,
                total_tokens: usage.total_token_count.0,
                ..Usage::default()
            },
            ..Pictures::default()
        };
        let mut reason = read.prompt_feedback.and_then(|it| it.block_reason);
        let mut said = String::new();
        for candidate in read.candidates.unwrap_or_default().read() {
            let candidate: Candidate<'_> = candidate?;
            reason = reason.or(candidate.finish_reason);
            let parts = candidate.content.and_then(|content| content.parts);
            for part in parts.unwrap_or_default().read() {
                let part: Part<'_> = part?;
                if let Some(data) = part.inline_data {
                    drawn.pictures.push(picture(data.data.0.into_owned())?);
                }
                said.push_str(&part.text.unwrap_or_default().0);
            }
        }
        drawn.said = Some(said).filter(|said| !said.trim().is_empty());
        if drawn.pictures.is_empty() {
            let reason = reason.map(|reason| reason.0.into_owned());
            let reason = reason.unwrap_or_else(|| "unknown".into());
            let said = drawn.said.map(|said| format!("; it says: {said}"));
            let class = match reason.as_str() {
                "STOP" | "MAX_TOKENS" | "unknown" => Class::EmptyResponse,
                _ => Class::ContentFilter,
            };
            let reason = format!("{reason}){}", said.unwrap_or_default());
            return Err(Failure::quoting(
                class,
                "the model drew nothing (reason ",
                &reason,
                "",
            ));
        }
        Ok(drawn)
    }
}

/// The ratio of `1536x1024`; what is none stays as it is, for the provider to judge.
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

fn openai_draw(path: String, draw: &DrawRequest, asks_for_bytes: bool) -> Drawing {
    let body = DrawBody {
        model: &draw.model,
        prompt: &draw.prompt,
        n: draw.count,
        size: draw.size.as_deref(),
        quality: draw.quality.as_deref(),
        output_format: draw.format.as_deref(),
        response_format: asks_for_bytes.then_some("b64_json"),
    };
    Drawing {
        request: request::post(path, &body),
        times: 1,
        warnings: Vec::new(),
    }
}

fn openai_pictures(body: &[u8]) -> Result<Pictures, Failure> {
    let text = String::from_utf8_lossy(body);
    let read: List<'_> = json::read(&text)?;
    let mut drawn = Pictures {
        usage: Usage {
            input_tokens: read.usage.input_tokens.0,
            output_tokens: read.usage.output_tokens.0,
            total_tokens: read.usage.total_tokens.0,
            ..Usage::default()
        },
        ..Pictures::default()
    };
    for one in read.data.read().take(MOST_PICTURES) {
        let one: One<'_> = one?;
        match (one.b64_json, one.url) {
            (Some(data), _) => drawn.pictures.push(picture(data.0.into_owned())?),
            (None, Some(url)) if url.0.len() <= LONGEST_URL => drawn.urls.push(url.0.into_owned()),
            _ => {}
        }
        if drawn.said.is_none() {
            drawn.said = one.revised_prompt.and_then(Text::non_empty);
        }
    }
    match drawn.pictures.is_empty() && drawn.urls.is_empty() {
        true => Err(Failure::new(
            Class::EmptyResponse,
            "the provider's reply has no picture",
        )),
        false => Ok(drawn),
    }
}

/// More pictures than anybody draws at once.
const MOST_PICTURES: usize = 64;

/// A signed address is long.
const LONGEST_URL: usize = 8 << 10;

/// A picture of a type that its first bytes tell.
fn picture(data: String) -> Result<Picture, Failure> {
    let known = [
        ("iVBORw0KGgo", "image/png"),
        ("/9j/", "image/jpeg"),
        ("UklGR", "image/webp"),
        ("R0lGOD", "image/gif"),
    ];
    let known = known.iter().find(|(start, _)| data.starts_with(start));
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    match known {
        Some((_, mime_type)) if data.bytes().all(is_base64) => Ok(Picture { data, mime_type }),
        _ => Err(Failure::new(
            Class::Unavailable,
            "the provider sent a picture that is no PNG, JPEG, WebP or GIF in base64",
        )),
    }
}

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
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    #[serde(borrow)]
    candidates: Option<json::List<'a>>,
    #[serde(borrow)]
    prompt_feedback: Option<Feedback<'a>>,
    #[serde(default)]
    usage_metadata: Metadata,
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

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    prompt_token_count: Lenient<u64>,
    candidates_token_count: Lenient<u64>,
    total_token_count: Lenient<u64>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
