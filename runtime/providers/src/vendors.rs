//! The vendor of a model by its id, and of an API by its host; and the table of vendors without a folder here.
//!
//! Never here: the choice of a provider, or what a model can do.

use crate::vendor::{NONE, begins};
pub use crate::vendor::{Vendor, Weights};

/// The form of a model id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It may be an id of a vendor's own API.
    Plain,
    /// `name:tag`, as a local runtime has it.
    Tagged,
    /// `vendor/model`, as a gateway has it.
    Vendored,
}

/// What is known of an id.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Whose it is, if that is known.
    pub family: Option<(&'static Vendor, Weights)>,
    /// The form of the id.
    pub form: Form,
}

/// Those without a folder here. All names are in lower case.
static OTHERS: [Vendor; 22] = [
    Vendor {
        id: "xai",
        name: "xAI",
        words: &["x-ai", "grok"],
        closed: &["grok"],
        domains: &["x.ai"],
        ..NONE
    },
    Vendor {
        id: "mistral",
        name: "Mistral",
        words: &["mistralai"],
        open: &[
            "mistral-",
            "ministral-",
            "magistral-",
            "codestral-",
            "pixtral-",
            "devstral-",
            "voxtral-",
            "labs-",
            "open-mistral",
            "open-mixtral",
            "open-codestral",
        ],
        apart: &[
            "mistral",
            "mistrallite",
            "mixtral",
            "ministral",
            "magistral",
            "codestral",
            "pixtral",
            "devstral",
            "voxtral",
            "mathstral",
        ],
        domains: &["mistral.ai"],
        ..NONE
    },
    Vendor {
        id: "deepseek",
        name: "DeepSeek",
        words: &["deepseek-ai"],
        open: &["deepseek-"],
        apart: &[
            "deepseek",
            "deepseek-r1",
            "deepseek-coder",
            "deepseek-llm",
            "deepseek-ocr",
            "deepseek-vl",
        ],
        domains: &["deepseek.com"],
        ..NONE
    },
    Vendor {
        id: "perplexity",
        name: "Perplexity",
        closed: &["sonar", "pplx"],
        open: &["r1-1776"],
        domains: &["perplexity.ai"],
        ..NONE
    },
    Vendor {
        id: "moonshot",
        name: "Moonshot",
        words: &["moonshotai", "kimi"],
        open: &["moonshot", "kimi"],
        domains: &["moonshot.ai", "moonshot.cn"],
        ..NONE
    },
    Vendor {
        id: "zai",
        name: "Z.ai",
        words: &["z-ai", "z.ai", "zai-org", "zhipu", "thudm"],
        open: &["glm-", "cogview", "cogvideo"],
        apart: &["glm", "chatglm", "zai-glm"],
        domains: &["z.ai", "bigmodel.cn"],
        ..NONE
    },
    Vendor {
        id: "fireworks",
        name: "Fireworks",
        closed: &["accounts/fireworks/"],
        ..NONE
    },
    Vendor {
        id: "cohere",
        name: "Cohere",
        words: &["coherelabs", "cohereforai"],
        open: &[
            "command",
            "c4ai",
            "aya",
            "embed-english",
            "embed-multilingual",
            "embed-v",
            "rerank",
        ],
        domains: &["cohere.com", "cohere.ai"],
        ..NONE
    },
    Vendor {
        id: "meta",
        name: "Meta",
        words: &["meta-llama", "facebook"],
        apart: &["llama", "codellama", "meta-llama"],
        ..NONE
    },
    Vendor {
        id: "qwen",
        name: "Qwen",
        words: &["alibaba", "alibaba-nlp"],
        open: &[
            "qwen",
            "qwq",
            "qvq",
            "codeqwen",
            "tongyi",
            "text-embedding-v",
        ],
        ..NONE
    },
    Vendor {
        id: "amazon",
        name: "Amazon",
        words: &["aws"],
        closed: &["nova", "titan"],
        ..NONE
    },
    Vendor {
        id: "microsoft",
        name: "Microsoft",
        open: &["phi", "wizardlm", "mai"],
        ..NONE
    },
    Vendor {
        id: "ai21",
        name: "AI21",
        open: &["jamba", "jurassic", "j2"],
        domains: &["ai21.com"],
        ..NONE
    },
    Vendor {
        id: "nvidia",
        name: "NVIDIA",
        open: &["nemotron"],
        ..NONE
    },
    Vendor {
        id: "ibm",
        name: "IBM",
        words: &["ibm-granite"],
        open: &["granite"],
        ..NONE
    },
    Vendor {
        id: "minimax",
        name: "MiniMax",
        words: &["minimaxai"],
        open: &["minimax", "abab"],
        domains: &["minimax.io", "minimaxi.com"],
        ..NONE
    },
    Vendor {
        id: "bytedance",
        name: "ByteDance",
        words: &["bytedance-seed"],
        open: &["doubao", "seed-oss", "seed-", "seedream"],
        ..NONE
    },
    Vendor {
        id: "black-forest-labs",
        name: "Black Forest Labs",
        words: &["bfl"],
        open: &["flux"],
        ..NONE
    },
    Vendor {
        id: "stability",
        name: "Stability AI",
        words: &["stabilityai"],
        open: &["stable-", "sdxl", "sd3", "stablelm"],
        domains: &["stability.ai"],
        ..NONE
    },
    Vendor {
        id: "voyage",
        name: "Voyage",
        words: &["voyageai"],
        closed: &["voyage", "rerank-2"],
        domains: &["voyageai.com"],
        ..NONE
    },
    Vendor {
        id: "jina",
        name: "Jina",
        words: &["jinaai"],
        open: &["jina"],
        domains: &["jina.ai"],
        ..NONE
    },
    // What people run themselves.
    Vendor {
        id: "open-weights",
        name: "open weights",
        apart: &[
            "alfred",
            "all-minilm",
            "apertus",
            "arctic",
            "athene",
            "baichuan",
            "bakllava",
            "bespoke",
            "bge",
            "cogito",
            "cogvlm",
            "dbrx",
            "deepscaler",
            "dolphin",
            "dolphin3",
            "ernie",
            "everythinglm",
            "exaone",
            "falcon",
            "firefunction",
            "firellava",
            "goliath",
            "gte",
            "hermes",
            "hunyuan",
            "intern",
            "internlm",
            "internvl",
            "kat",
            "lfm",
            "ling",
            "llava",
            "longcat",
            "marco",
            "megadolphin",
            "mimo",
            "minicpm",
            "moondream",
            "mpt",
            "mxbai",
            "mythomax",
            "neural-chat",
            "nomic",
            "notus",
            "nous-hermes",
            "olmo",
            "openchat",
            "opencoder",
            "openhermes",
            "orca",
            "pangu",
            "paraphrase-multilingual",
            "reflection",
            "reka",
            "ring",
            "rnj",
            "samantha",
            "sarvam",
            "smollm",
            "snowflake-arctic",
            "solar",
            "stable-code",
            "starcoder",
            "starling",
            "step",
            "tinyllama",
            "trinity",
            "tulu",
            "vicuna",
            "wizard",
            "yi",
            "zephyr",
        ],
        ..NONE
    },
];

/// All vendors, those with a folder here first.
fn all() -> impl Iterator<Item = &'static Vendor> {
    crate::VENDORS.iter().copied().chain(&OTHERS)
}

/// The vendor that this word in front of a model's name means.
pub fn named(word: &str) -> Option<&'static Vendor> {
    all().find(|vendor| vendor.id == word || vendor.words.contains(&word))
}

/// Whether a provider is a vendor's own API, so that another provider may serve its models if it is not set up.
pub fn makes_models(provider: &str) -> bool {
    let own = all().find(|vendor| vendor.id == provider);
    own.is_some_and(|vendor| !vendor.domains.is_empty())
}

/// The vendor whose own API is at this host.
pub(crate) fn at(host: &str) -> Option<&'static Vendor> {
    let is_here = |domain: &&str| is_below(host, domain);
    all().find(|vendor| vendor.domains.iter().any(&is_here))
}

/// Whether a host is this one or below it, whatever the case.
pub(crate) fn is_below(host: &str, domain: &str) -> bool {
    let Some(end) = host.len().checked_sub(domain.len()) else {
        return false;
    };
    let (before, end) = host.as_bytes().split_at(end);
    // Nearly all hosts have no dot there.
    matches!(before, [] | [.., b'.']) && end.eq_ignore_ascii_case(domain.as_bytes())
}

/// The vendor and the rest of an id of Amazon's, in lower case: `anthropic.claude-…`, or with a region in front
/// `us.anthropic.claude-…`.
pub fn dotted(id: &str) -> Option<(&'static Vendor, &str)> {
    let (first, rest) = id.split_once('.')?;
    let found = match named(first) {
        Some(vendor) => (vendor, rest),
        None => {
            let (second, rest) = rest.split_once('.')?;
            (named(second)?, rest)
        }
    };
    Some(found).filter(|(_, rest)| !rest.is_empty())
}

/// What is known from an id.
pub fn known(id: &str) -> Known {
    let id = id.trim().to_lowercase();
    let known = |family, form| Known { family, form };
    // Gemini's ids have two forms.
    let id = id.strip_prefix("models/").unwrap_or(&id);
    if let Some(tuned) = id.strip_prefix("ft:") {
        return known(family(tuned), Form::Plain);
    }
    // Those that have a slash of their own.
    if (id.starts_with("accounts/") || id.starts_with("tunedmodels/"))
        && let Some(found) = family(id)
    {
        return known(Some(found), Form::Plain);
    }
    let (before, base) = match id.rsplit_once('/') {
        Some((before, base)) => (Some(before), base),
        None => (None, id),
    };
    let form = match before {
        // Where local runtimes fetch models from.
        Some(before) if ["hf.co", "huggingface.co"].contains(&first_of(before)) => Form::Tagged,
        Some(_) => Form::Vendored,
        None => Form::Plain,
    };
    if let Some((vendor, rest)) = dotted(base) {
        return known(family(rest).or(Some(vendor.unknown_model())), form);
    }
    if let Some(found) = family(base) {
        let is_tagged = found.1 != Weights::Closed && is_tagged(base) && form == Form::Plain;
        return known(Some(found), if is_tagged { Form::Tagged } else { form });
    }
    // As people write it: `openai:gpt-5`.
    if let Some(found) = base.split_once(':').and_then(|(_, rest)| family(rest)) {
        return known(Some(found), form);
    }
    let mut words = before.unwrap_or(base).rsplit('/');
    match words.find_map(named) {
        Some(vendor) => known(Some(vendor.unknown_model()), form),
        None if form == Form::Plain && is_tagged(base) => known(None, Form::Tagged),
        None => known(None, form),
    }
}

fn first_of(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

fn is_tagged(base: &str) -> bool {
    let parts = base.split_once(':');
    parts.is_some_and(|(name, tag)| !name.is_empty() && !tag.is_empty())
}

/// By the beginning of an id in lower case.
fn family(id: &str) -> Option<(&'static Vendor, Weights)> {
    let first = *id.as_bytes().first()?;
    let mut longest = 0;
    let mut found = None;
    for vendor in all() {
        for (beginnings, weights) in vendor.families() {
            for beginning in beginnings {
                // Nearly all differ in their first letter.
                let may_begin = matches!(beginning.as_bytes(), [letter, ..] if *letter == first);
                if may_begin && beginning.len() > longest && begins(id, beginning) {
                    longest = beginning.len();
                    found = Some((vendor, weights));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
