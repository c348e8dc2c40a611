//! `anygpt_embed`: texts as vectors.
//!
//! Never here: what to do with a vector.

use anygpt_providers::{Codec, EmbedRequest, Embeddings, Request};
use serde::Serialize;

use super::{Network, Outcome, Work, arguments::Arguments, common::may_cost};
use crate::{
    aside::aside,
    error::{Advice, Error, ErrorKind},
    gateway::{
        Bounds, Gateway, Told,
        resolve::{self, Target},
    },
    settings::Settings,
};

pub(super) fn listed() -> anygpt_core::Tool {
    anygpt_core::Tool {
        name: "anygpt_embed".into(),
        title: "Embed texts".into(),
        description: "Turn texts into vectors with an embedding model.".into(),
        annotations: anygpt_core::Annotations {
            read_only: true,
            idempotent: true,
            open_world: true,
        },
        input_schema: concat!(
            r#"{"type":"object","properties":{"input":{"type":"array","items":{"type":"string"},"maxItems":256},"#,
            r#""model":{"type":"string"},"provider":{"type":"string"},"dimensions":{"type":"integer","minimum":1},"#,
            r#""timeout_seconds":{"type":"integer"}},"required":["input","model"]}"#,
        )
        .into(),
        output_schema: Some(
            concat!(
                r#"{"type":"object","properties":{"embeddings":{"type":"array","items":{"type":"array","items":{"type":"number"}}},"#,
                r#""dimensions":{"type":"integer"},"model":{"type":"string"},"provider":{"type":"string"},"usage":{"type":"object"}},"#,
                r#""required":["embeddings","dimensions","model","provider"]}"#,
            )
            .into(),
        ),
    }
}

/// Most texts of one call.
const MOST_TEXTS: usize = 256;

/// More numbers than any model has in a vector.
const MOST_DIMENSIONS: u32 = 1 << 16;

/// So many numbers also stand in the text of a result, about 16 kB: clients that show only the text.
const NUMBERS_IN_TEXT: usize = 1_600;

/// Texts that are ready to be sent.
#[derive(Debug)]
pub(super) struct Embedding {
    target: Target,
    request: Request,
    texts: usize,
    bounds: Bounds,
    warnings: Vec<String>,
}

/// All arguments.
pub(super) const NAMES: &[&str] = &[
    "input",
    "model",
    "provider",
    "dimensions",
    "timeout_seconds",
];

pub(super) fn call(settings: &Settings, mut arguments: Arguments<'_>) -> Result<Work, Error> {
    let input = arguments.texts("input", MOST_TEXTS)?;
    let model = arguments.name("model")?;
    let provider = arguments.name("provider")?;
    let dimensions = arguments.integer("dimensions", 1, MOST_DIMENSIONS)?;
    let timeout = arguments.timeout()?;
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
    let codec = settings.providers[target.provider].kind.codec();
    let Some(request) = codec.and_then(|codec| codec.embed(&embed)) else {
        let can = |codec: &dyn Codec| codec.embed(&EmbedRequest::default()).is_some();
        let who = resolve::who_can(settings, can);
        let id = &settings.providers[target.provider].id;
        let message = format!("{id} has no embeddings");
        return Err(
            Error::new(ErrorKind::InvalidRequest, message).advise_plain(format!("Ask {who}."))
        );
    };
    Ok(Work::Network(Network::Embed(Embedding {
        target,
        request,
        texts,
        bounds: Bounds::of(settings, timeout),
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
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Usage {
    input_tokens: u64,
}

impl Embedding {
    pub(super) async fn run(self, gateway: &Gateway) -> Outcome {
        let texts = self.texts;
        let read = move |codec: &dyn Codec, body: &[u8]| codec.embeddings(body, texts);
        let told = gateway
            .ask_for(&self.target, &self.request, self.bounds, "embeddings", read)
            .await;
        let told = match told {
            Ok(told) => told,
            Err(problem) => return Outcome::error(problem),
        };
        let numbers = told.told.vectors.iter().map(Vec::len).sum::<usize>();
        let settings = gateway.shared_settings();
        let length = numbers * size_of::<f32>();
        aside(length, move || self.outcome(&settings, told)).await
    }

    fn outcome(&self, settings: &Settings, told: Told<Embeddings>) -> Outcome {
        let Embeddings {
            vectors,
            input_tokens,
        } = told.told;
        let dimensions = vectors.first().map_or(0, Vec::len);
        let name = self.target.name(settings);
        let count = vectors.len();
        let mut lines = vec![format!(
            "{count} vectors of {dimensions} numbers from {name}"
        )];
        lines.extend_from_slice(&self.warnings);
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
            warnings: &self.warnings,
        };
        Outcome {
            reservation: Some(told.held),
            ..Outcome::structured(lines.join("\n"), &structured)
        }
    }
}
