//! `anygpt_generate_image`: pictures by description.
//!
//! Never here: fetching a picture from an address.

use anygpt_core::Annotations;
use anygpt_providers::{
    Codec, Feature, GenerateImagePlan, GenerateImageRequest, GeneratedImages, Usage,
};
use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;

use super::{
    arguments::Arguments,
    common::{CostMembers, MODEL, PROVIDER, TIMEOUT, may_cost, unsupported},
    input_schema::Detail,
    kind::{Choice, Integer, Name, Text},
    parameter::Parameter,
    tool::{NetworkCall, Step, Tool},
};
use crate::{
    call::CallContext,
    error::{Advice, Error, ErrorKind},
    gateway::{
        CallLimits, Gateway, Observer, Reserved,
        resolve::{self, Target},
    },
    outcome::Outcome,
    settings::Settings,
};

pub(super) static TOOL: Tool = Tool {
    name: "anygpt_generate_image",
    is_default: false,
    title: "Generate an image",
    description: "Generate images from a description with an image model.",
    instruction: "",
    annotations: Annotations {
        read_only: true,
        idempotent: false,
        open_world: true,
    },
    parameters: &[
        &PROMPT,
        &MODEL.required(),
        &PROVIDER,
        &SIZE,
        &QUALITY,
        &COUNT,
        &FORMAT,
        &TIMEOUT,
    ],
    // Clients that prefer structured results would drop the images.
    output_schema: "",
    begin,
};

const PROMPT: Parameter<Text> = Parameter::new("prompt", Text).required();

const SIZE: Parameter<Name> = Parameter::new("size", Name).described("1024x1024, 16:9 or 2K");

const QUALITY: Parameter<Name> = Parameter::new("quality", Name);

const COUNT: Parameter<Integer> =
    Parameter::new("n", Integer { min: 1, max: 4 }).with(Detail::Limits);

const FORMAT: Parameter<Choice<&'static str>> = Parameter::new(
    "format",
    Choice {
        all: &["png", "jpeg", "webp"],
        name: |format| format,
        parse: format,
    },
)
.with(Detail::Limits);

/// A request for images that is ready to be sent.
#[derive(Debug)]
pub(super) struct Image {
    target: Target,
    plan: GenerateImagePlan,
    size: Option<String>,
    limits: CallLimits,
    warnings: Vec<String>,
}

fn begin(
    _: &CallContext,
    settings: &Settings,
    mut arguments: Arguments<'_>,
) -> Result<Step, Error> {
    let prompt = arguments.take(&PROMPT)?;
    let model = arguments.take(&MODEL)?;
    let provider = arguments.take(&PROVIDER)?;
    let size = arguments.take(&SIZE)?;
    let quality = arguments.take(&QUALITY)?;
    let count = arguments.take(&COUNT)?;
    let format = arguments.take(&FORMAT)?;
    let timeout = arguments.take(&TIMEOUT)?;
    let mut warnings: Vec<String> = arguments.unknown().into_iter().collect();
    let Some(prompt) = prompt else {
        return Err(Error::new(ErrorKind::InvalidRequest, "prompt is missing")
            .advise_plain("Describe the image to generate."));
    };
    let Some(model) = model else {
        return Err(
            Error::new(ErrorKind::InvalidRequest, "model is missing").advise(
                Advice::NameModelFor {
                    which: "one that generates images, for example gpt-image-2 or gemini-3.1-flash-image",
                    capability: "images",
                },
            ),
        );
    };
    may_cost(settings, "images")?;
    let mut chain = resolve::chain(settings, provider.as_deref(), Some(&model), &[])?;
    let target = chain.targets.swap_remove(0);
    let request = GenerateImageRequest {
        model: target.model.clone().unwrap_or_default(),
        prompt,
        size,
        quality,
        count: count.unwrap_or(1),
        format: format.map(str::to_owned),
    };
    let codec = settings.providers[target.provider].dialect.codec();
    let Some(plan) = codec.and_then(|codec| codec.generate_image(&request)) else {
        let what = "model that generates images";
        return Err(unsupported(settings, &target, Feature::Images, what));
    };
    warnings.extend_from_slice(&plan.warnings);
    Ok(Step::Network(Box::new(Image {
        target,
        plan,
        size: request.size,
        limits: CallLimits::of(settings, timeout),
        warnings,
    })))
}

fn format(word: &str) -> Option<&'static str> {
    match word.trim().to_ascii_lowercase().as_str() {
        "png" => Some("png"),
        "jpeg" | "jpg" => Some("jpeg"),
        "webp" => Some("webp"),
        _ => None,
    }
}

impl NetworkCall for Image {
    fn run<'a>(
        self: Box<Self>,
        context: &'a CallContext,
        gateway: &'a Gateway,
        _: &'a mut dyn Observer,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.generate(context, gateway))
    }
}

impl Image {
    async fn generate(mut self: Box<Self>, context: &CallContext, gateway: &Gateway) -> Outcome {
        let read = |codec: &dyn Codec, body: &[u8]| codec.generated_images(body);
        let (target, request) = (&self.target, &self.plan.request);
        let all = (0..self.plan.times)
            .map(|_| gateway.fetch(context, target, request, self.limits, "image", read));
        let mut generated: Option<Reserved<GeneratedImages>> = None;
        let mut problem = None;
        for one in join_all(all).await {
            match (one, &mut generated) {
                (Ok(one), None) => generated = Some(one),
                (Ok(one), Some(generated)) => add(generated, one),
                (Err(error), _) => problem = Some(error),
            }
        }
        match (generated, problem) {
            (Some(generated), problem) => {
                let missing = problem.map(|error| {
                    format!("Some images could not be generated: {}", error.for_client())
                });
                self.warnings.extend(missing);
                self.outcome(gateway.settings(), generated)
            }
            (None, problem) => Outcome::failed(problem.into_iter().collect()),
        }
    }

    fn outcome(&self, settings: &Settings, reply: Reserved<GeneratedImages>) -> Outcome {
        let generated = reply.value;
        let size = self.size.as_deref().map(|size| format!(", {size}"));
        let mut lines = vec![format!(
            "{} images from {}{}",
            generated.images.len() + generated.urls.len(),
            self.target.name(settings),
            size.unwrap_or_default()
        )];
        lines.extend(
            generated
                .text
                .as_ref()
                .map(|prompt| format!("Revised prompt: {prompt}")),
        );
        lines.extend(generated.urls.iter().map(|url| format!("Image URL: {url}")));
        lines.extend_from_slice(&self.warnings);
        let inline = generated.images.iter().map(|image| Listed::Inline {
            mime_type: image.mime_type,
            bytes: image.data.trim_end_matches('=').len() * 3 / 4,
        });
        let urls = generated.urls.iter().map(|url| Listed::Url { url });
        let structured = Structured {
            images: inline.chain(urls).collect(),
            revised_prompt: generated.text.as_deref(),
            model: self.target.model.as_deref().unwrap_or_default(),
            provider: &settings.providers[self.target.provider].id,
            usage: Some(&generated.usage).filter(|usage| **usage != Usage::default()),
            cost: reply.cost.map(CostMembers::from),
            warnings: &self.warnings,
        };
        let structured = serde_json::to_string(&structured).ok();
        Outcome {
            reservation: Some(reply.reservation),
            ..Outcome::with_json(lines.join("\n"), structured)
        }
        .with_images(generated.images)
    }
}

/// `structuredContent`.
#[derive(Serialize)]
struct Structured<'a> {
    images: Vec<Listed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revised_prompt: Option<&'a str>,
    model: &'a str,
    provider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<&'a Usage>,
    #[serde(flatten)]
    cost: Option<CostMembers>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
}

#[derive(Serialize)]
#[serde(untagged)]
enum Listed<'a> {
    /// The image is a content block.
    Inline {
        mime_type: &'static str,
        bytes: usize,
    },
    Url {
        url: &'a str,
    },
}

/// Adds another reply to the first one.
fn add(first: &mut Reserved<GeneratedImages>, other: Reserved<GeneratedImages>) {
    let bytes = first
        .reservation
        .bytes()
        .saturating_add(other.reservation.bytes());
    let Reserved {
        value: mut more,
        cost,
        reservation: mut held,
    } = other;
    // Unknown if one of them is.
    first.cost = first.cost.zip(cost).map(|(one, other)| one.and(other));
    // Cannot fail: the first takes what the other just released, and no other task runs in between.
    held.release();
    let _counted = first.reservation.resize(bytes);
    let all = &mut first.value;
    all.images.append(&mut more.images);
    all.urls.append(&mut more.urls);
    all.text = all.text.take().or(more.text);
    let sum = |one: Option<u64>, other: Option<u64>| Some(one? + other?);
    all.usage.input_tokens = sum(all.usage.input_tokens, more.usage.input_tokens);
    all.usage.output_tokens = sum(all.usage.output_tokens, more.usage.output_tokens);
    all.usage.total_tokens = sum(all.usage.total_tokens, more.usage.total_tokens);
}
