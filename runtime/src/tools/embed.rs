//! `anygpt_embed`: embeddings of texts.
//!
//! Never here: comparing vectors.

use anygpt_core::Annotations;
use anygpt_providers::{Codec, EmbedRequest, Embeddings, Feature, Request};
use futures_util::future::BoxFuture;
use serde::Serialize;

use super::{
    arguments::Arguments,
    common::{CostMembers, MODEL, PROVIDER, TIMEOUT, may_cost, unsupported},
    input_schema::Detail,
    kind::{Integer, Texts},
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
    offload::offload,
    outcome::Outcome,
    settings::Settings,
};

pub(super) static TOOL: Tool = Tool {
    name: "anygpt_embed",
    is_default: false,
    title: "Embed texts",
    description: "Turn texts into vectors with an embedding model.",
    instruction: "",
    annotations: Annotations {
        read_only: true,
        idempotent: true,
        open_world: true,
    },
    parameters: &[&INPUT, &MODEL.required(), &PROVIDER, &DIMENSIONS, &TIMEOUT],
    output_schema: concat!(
        r#"{"type":"object","properties":{"embeddings":{"type":"array","items":{"type":"array","items":{"type":"number"}}},"#,
        r#""dimensions":{"type":"integer"},"model":{"type":"string"},"provider":{"type":"string"},"usage":{"type":"object"}},"#,
        r#""required":["embeddings","dimensions","model","provider"]}"#,
    ),
    begin,
};

const INPUT: Parameter<Texts> = Parameter::new("input", Texts { most: 256 })
    .required()
    .with(Detail::Limits);

/// More than any model has.
const MOST_DIMENSIONS: u32 = 1 << 16;

const DIMENSIONS: Parameter<Integer> = Parameter::new(
    "dimensions",
    Integer {
        min: 1,
        max: MOST_DIMENSIONS,
    },
)
.with(Detail::Minimum);

/// Up to this many numbers, about 16 kB, are also in the text, for clients without `structuredContent`.
const NUMBERS_IN_TEXT: usize = 1_600;

/// Texts that are ready to be sent.
#[derive(Debug)]
pub(super) struct Embedding {
    target: Target,
    request: Request,
    texts: usize,
    /// The wanted length of the vectors.
    dimensions: Option<u32>,
    limits: CallLimits,
    warnings: Vec<String>,
}

fn begin(
    _: &CallContext,
    settings: &Settings,
    mut arguments: Arguments<'_>,
) -> Result<Step, Error> {
    let input = arguments.take(&INPUT)?;
    let model = arguments.take(&MODEL)?;
    let provider = arguments.take(&PROVIDER)?;
    let dimensions = arguments.take(&DIMENSIONS)?;
    let timeout = arguments.take(&TIMEOUT)?;
    let warnings = arguments.unknown().into_iter().collect();
    if input.is_empty() {
        return Err(Error::new(ErrorKind::InvalidRequest, "input is missing")
            .advise_plain("Give a string, or an array of strings."));
    }
    let Some(model) = model else {
        let message = "model is missing, and vectors of different models cannot be compared";
        return Err(
            Error::new(ErrorKind::InvalidRequest, message).advise(Advice::NameModelFor {
                which: "one, for example text-embedding-3-small or gemini-embedding-001",
                capability: "embeddings",
            }),
        );
    };
    may_cost(settings, "embeddings")?;
    let mut chain = resolve::chain(settings, provider.as_deref(), Some(&model), &[])?;
    let target = chain.targets.swap_remove(0);
    let texts = input.len();
    let embed = EmbedRequest {
        model: target.model.clone().unwrap_or_default(),
        input,
        dimensions,
    };
    let codec = settings.providers[target.provider].dialect.codec();
    let Some(request) = codec.and_then(|codec| codec.embed(&embed)) else {
        let feature = Feature::Embeddings;
        return Err(unsupported(settings, &target, feature, "embeddings"));
    };
    Ok(Step::Network(Box::new(Embedding {
        target,
        request,
        texts,
        dimensions: embed.dimensions,
        limits: CallLimits::of(settings, timeout),
        warnings,
    })))
}

#[derive(Serialize)]
struct Structured<'a> {
    embeddings: &'a [Vec<f32>],
    dimensions: usize,
    model: &'a str,
    provider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(flatten)]
    cost: Option<CostMembers>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Usage {
    input_tokens: u64,
}

impl NetworkCall for Embedding {
    fn run<'a>(
        self: Box<Self>,
        context: &'a CallContext,
        gateway: &'a Gateway,
        _: &'a mut dyn Observer,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.embed(context, gateway))
    }
}

impl Embedding {
    async fn embed(self: Box<Self>, context: &CallContext, gateway: &Gateway) -> Outcome {
        let texts = self.texts;
        let read = move |codec: &dyn Codec, body: &[u8]| codec.embeddings(body, texts);
        let reply = gateway
            .fetch(
                context,
                &self.target,
                &self.request,
                self.limits,
                "embeddings",
                read,
            )
            .await;
        let reply = match reply {
            Ok(reply) => reply,
            Err(problem) => return Outcome::error(problem),
        };
        let numbers = reply.value.vectors.iter().map(Vec::len).sum::<usize>();
        let settings = gateway.shared_settings();
        let length = numbers * size_of::<f32>();
        offload(length, move || self.outcome(&settings, reply)).await
    }

    fn outcome(&self, settings: &Settings, reply: Reserved<Embeddings>) -> Outcome {
        let Embeddings {
            vectors,
            input_tokens,
        } = reply.value;
        let dimensions = vectors.first().map_or(0, Vec::len);
        let name = self.target.name(settings);
        let count = vectors.len();
        let mut lines = vec![format!(
            "{count} vectors of {dimensions} numbers from {name}"
        )];
        let mut warnings = self.warnings.clone();
        if let Some(wanted) = self
            .dimensions
            .filter(|&it| usize::try_from(it) != Ok(dimensions))
        {
            warnings.push(format!(
                "dimensions had no effect: the vectors have {dimensions} numbers, not {wanted}"
            ));
        }
        lines.extend_from_slice(&warnings);
        if count * dimensions <= NUMBERS_IN_TEXT {
            lines.extend(serde_json::to_string(&vectors).ok());
        } else {
            lines.push(format!(
                "They are in structuredContent. Where only this text is shown, ask for fewer texts or \
                 dimensions: {NUMBERS_IN_TEXT} numbers fit in here"
            ));
        }
        let structured = Structured {
            embeddings: &vectors,
            dimensions,
            model: self.target.model.as_deref().unwrap_or_default(),
            provider: &settings.providers[self.target.provider].id,
            usage: input_tokens.map(|input_tokens| Usage { input_tokens }),
            cost: reply.cost.map(CostMembers::from),
            warnings: &warnings,
        };
        Outcome {
            reservation: Some(reply.reservation),
            ..Outcome::structured(lines.join("\n"), &structured)
        }
    }
}
