//! Whose a model is, by its id, and whose API is at an address: one table, which is most of this file and the reason for
//! its length.
//!
//! Never here: which provider is asked, or what a model can do.

use super::presets::{self, Preset};

/// Who makes models.
#[derive(Debug)]
pub(crate) struct Vendor {
    /// The id of the provider that is its own API; of the others, a word.
    pub(crate) id: &'static str,
    /// For people.
    pub(crate) name: &'static str,
    /// What it is called in front of a model's name, beside its id.
    words: &'static [&'static str],
    /// Beginnings of the ids of models that only itself or a gateway has.
    closed: &'static [&'static str],
    /// The same of models that its own API has and others may have.
    open: &'static [&'static str],
    /// The same of models that only others have: it gave away their weights.
    apart: &'static [&'static str],
    /// Its own API is at one of these, or below.
    domains: &'static [&'static str],
}

/// Where models of a family are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weights {
    /// At the vendor.
    Closed,
    /// At the vendor, and wherever else they run.
    Open,
    /// Wherever they run, and not at the vendor.
    Apart,
}

/// What the form of an id tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// It may be an id of a vendor's own API.
    Plain,
    /// `name:tag`, as a local runtime has it.
    Tagged,
    /// `vendor/model`, as a gateway has it.
    Vendored,
}

/// What is known of an id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Whose it is, if that is known.
    pub(crate) family: Option<(&'static Vendor, Weights)>,
    pub(crate) form: Form,
}

/// Whose models an API has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Serves {
    /// Those of this vendor: it is its own API.
    Own(&'static str),
    /// Those whose weights are open.
    Open,
    /// Those that its user has loaded.
    Local,
    /// Whatever there is: it passes requests on.
    All,
}

const NONE: Vendor = Vendor {
    id: "",
    name: "",
    words: &[],
    closed: &[],
    open: &[],
    apart: &[],
    domains: &[],
};

/// The longest beginning that fits an id counts. All in lower case. What follows a beginning is no letter, unless
/// its own last character is none.
static VENDORS: [Vendor; 25] = [
    Vendor {
        id: "openai",
        name: "OpenAI",
        closed: &[
            "gpt",
            "chatgpt",
            "o1",
            "o2",
            "o3",
            "o4",
            "o5",
            "o6",
            "o7",
            "o8",
            "o9",
            "text-embedding",
            "dall-e",
            "codex",
            "computer-use",
            "sora",
            "tts",
            "whisper-1",
            "davinci",
            "babbage",
            "text-davinci",
            "text-moderation",
            "omni-moderation",
        ],
        apart: &["gpt-oss", "whisper"],
        domains: &["openai.com"],
        ..NONE
    },
    Vendor {
        id: "anthropic",
        name: "Anthropic",
        words: &["claude"],
        closed: &["claude", "sonnet", "opus", "haiku"],
        domains: &["anthropic.com"],
        ..NONE
    },
    Vendor {
        id: "google",
        name: "Google",
        words: &["gemini", "vertex_ai", "vertex"],
        closed: &[
            "gemini",
            "imagen",
            "veo",
            "lyria",
            "learnlm",
            "palm",
            "bard",
            "medlm",
            "text-bison",
            "chat-bison",
            "code-bison",
            "codechat-bison",
            "aqa",
            "embedding-0",
            "text-embedding-0",
            "text-multilingual-embedding",
            "tunedmodels/",
        ],
        open: &["gemma-"],
        apart: &[
            "gemma",
            "codegemma",
            "embeddinggemma",
            "functiongemma",
            "medgemma",
            "paligemma",
            "shieldgemma",
            "recurrentgemma",
            "t5gemma",
        ],
        domains: &["generativelanguage.googleapis.com"],
    },
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
        apart: &["glm", "chatglm"],
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

/// At whose addresses there are many vendors' models, and whose: providers that are no vendors themselves.
const HOSTS: [(&str, &str, Serves); 13] = [
    ("groq.com", "groq", Serves::Open),
    ("together.xyz", "together", Serves::Open),
    ("together.ai", "together", Serves::Open),
    ("fireworks.ai", "fireworks", Serves::Open),
    ("cerebras.ai", "cerebras", Serves::Open),
    ("nebius.ai", "nebius", Serves::Open),
    ("nebius.com", "nebius", Serves::Open),
    ("sambanova.ai", "sambanova", Serves::Open),
    ("deepinfra.com", "deepinfra", Serves::Open),
    ("openrouter.ai", presets::OPENROUTER, Serves::All),
    ("openai.azure.com", presets::AZURE, Serves::All),
    ("cognitiveservices.azure.com", presets::AZURE, Serves::All),
    ("services.ai.azure.com", presets::AZURE, Serves::All),
];

/// What is called a vendor in front of a model's name.
pub(crate) fn named(word: &str) -> Option<&'static Vendor> {
    VENDORS
        .iter()
        .find(|vendor| vendor.id == word || vendor.words.contains(&word))
}

/// Whether its models are asked of others where itself cannot be.
pub(crate) fn makes_models(provider: &str) -> bool {
    let own = VENDORS.iter().find(|vendor| vendor.id == provider);
    own.is_some_and(|vendor| !vendor.domains.is_empty())
}

/// Whose models the API at this host has.
pub(crate) fn at(host: &str) -> Serves {
    found_at(host).map_or(Serves::All, |(_, serves)| serves)
}

/// The preset whose vendor's own host this is; none for proxies, gateways and local ones.
pub(super) fn preset_at(host: &str) -> Option<&'static Preset> {
    presets::named(found_at(host)?.0)
}

fn found_at(host: &str) -> Option<(&'static str, Serves)> {
    let host = host.trim_end_matches('.');
    let is_below = |domain: &str| is_below(host, domain);
    let is_own = |vendor: &&Vendor| vendor.domains.iter().any(|domain| is_below(domain));
    if let Some(vendor) = VENDORS.iter().find(is_own) {
        return Some((vendor.id, Serves::Own(vendor.id)));
    }
    let others = HOSTS.iter().find(|(domain, ..)| is_below(domain));
    others.map(|(_, id, serves)| (*id, *serves))
}

/// Whether a host is this one or below it, whatever the case.
pub(super) fn is_below(host: &str, domain: &str) -> bool {
    let end = host.len().checked_sub(domain.len());
    end.and_then(|end| host.split_at_checked(end))
        .is_some_and(|(before, end)| {
            end.eq_ignore_ascii_case(domain) && (before.is_empty() || before.ends_with('.'))
        })
}

/// The vendor and the rest of an id of Amazon's, in lower case: `anthropic.claude-…`, or with a region in front
/// `us.anthropic.claude-…`.
pub(crate) fn dotted(id: &str) -> Option<(&'static Vendor, &str)> {
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

/// What an id tells of itself.
pub(crate) fn known(id: &str) -> Known {
    let id = id.trim().to_lowercase();
    let known = |family, form| Known { family, form };
    // Gemini's ids have two forms.
    let id = id.strip_prefix("models/").unwrap_or(&id);
    if let Some(tuned) = id.strip_prefix("ft:") {
        return known(family(tuned), Form::Plain);
    }
    // Those that have a slash of their own.
    let whole =
        family(id).filter(|_| id.starts_with("accounts/") || id.starts_with("tunedmodels/"));
    if whole.is_some() {
        return known(whole, Form::Plain);
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
        return known(family(rest).or(Some(vendor.whole())), form);
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
        Some(vendor) => known(Some(vendor.whole()), form),
        None if form == Form::Plain && is_tagged(base) => known(None, Form::Tagged),
        None => known(None, form),
    }
}

impl Vendor {
    /// A model of its own, nothing more being known.
    fn whole(&'static self) -> (&'static Vendor, Weights) {
        let weights = match (self.closed, self.open) {
            ([_, ..], _) => Weights::Closed,
            ([], [_, ..]) => Weights::Open,
            ([], []) => Weights::Apart,
        };
        (self, weights)
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
    let mut longest = 0;
    let mut found = None;
    for vendor in &VENDORS {
        for (beginnings, weights) in [
            (vendor.closed, Weights::Closed),
            (vendor.open, Weights::Open),
            (vendor.apart, Weights::Apart),
        ] {
            for beginning in beginnings {
                if beginning.len() > longest && begins(id, beginning) {
                    longest = beginning.len();
                    found = Some((vendor, weights));
                }
            }
        }
    }
    found
}

fn begins(id: &str, beginning: &str) -> bool {
    let is_word = beginning.ends_with(|c: char| c.is_alphabetic());
    let rest = id.strip_prefix(beginning);
    rest.is_some_and(|rest| !is_word || !rest.starts_with(char::is_alphabetic))
}

#[cfg(test)]
mod tests;
