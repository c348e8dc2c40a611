//! Variables that other programs read, for the same thing in other words: one table, used by the start, `doctor` and
//! `config validate`. Keys and addresses are read where nothing of this program's own says anything. What is not
//! read is warned of by name where its user believes that it sends calls elsewhere or forbids something.
//!
//! Never here: variables that are documented as this program's.

use std::cell::RefCell;

use anygpt_providers::{
    Codec,
    presets::{self, PRESETS, Preset},
};

use self::Meaning::{Key, Like, Not, Stranger, Switch, Url};
use super::{environment::Environment, problem::Problem};

/// What a variable is, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// A key of the provider; read.
    Key,
    /// The provider's address; read.
    Url,
    /// This variable in other words; read.
    Like(&'static str),
    /// Not read; what to do instead. `{id}` stands for the provider's id, `{ID}` for the same in a variable, `{URL}` for
    /// the variable of its address.
    Not(&'static str),
    /// The same, unless it says no.
    Switch(&'static str),
    /// A key of a provider that has no preset. It does no harm, so it is only noted.
    Stranger,
}

const ALLOW: Meaning = Not("set ANYGPT_ALLOW_MODELS");
const DENY: Meaning = Not("set ANYGPT_DENY_MODELS");
const TOOLS: Meaning = Not("set ANYGPT_TOOLS, for example default,-compare");
const TOKENS: Meaning = Not("set ANYGPT_MAX_TOKENS");
const COST: Meaning = Not("set ANYGPT_MAX_COST_USD");
const ADDRESS: Meaning = Not("set {URL}");
const PROXY: Meaning = Not("set HTTPS_PROXY, or {URL} if it is a gateway");
const MODEL: Meaning = Not("set ANYGPT_PROVIDER_{ID}_MODEL");
const RESOURCE: Meaning = Not("set AZURE_OPENAI_ENDPOINT=https://NAME.openai.azure.com");
const CLOUD: Meaning = Switch("calls go to {id}'s own API unless {URL} names another address");

/// What stands in names for a provider beside its id, which needs no row if it has a key; in order, as the tables below
/// are, since each variable is looked up.
const VENDORS: [(&str, &str); 23] = [
    ("AZURE_OPENAI", presets::AZURE),
    ("CLAUDE", "anthropic"),
    ("FIREWORKSAI", "fireworks"),
    ("FIREWORKS_AI", "fireworks"),
    ("GEMINI", "google"),
    ("GOOGLE_AI", "google"),
    ("GOOGLE_GEMINI", "google"),
    ("GOOGLE_GENAI", "google"),
    ("GOOGLE_GENERATIVE_AI", "google"),
    ("GROK", "xai"),
    ("LITELLM_PROXY", "litellm"),
    ("LLAMACPP", "llamacpp"),
    ("LLAMA_CPP", "llamacpp"),
    ("LMSTUDIO", "lmstudio"),
    ("LM_STUDIO", "lmstudio"),
    ("MISTRALAI", "mistral"),
    ("MISTRAL_AI", "mistral"),
    ("OLLAMA", presets::OLLAMA),
    ("OPEN_AI", "openai"),
    ("OPEN_ROUTER", presets::OPENROUTER),
    ("PERPLEXITYAI", "perplexity"),
    ("TOGETHERAI", "together"),
    ("TOGETHER_AI", "together"),
];

/// What stands after a provider.
const ENDINGS: [(&str, Meaning); 53] = [
    ("_ALLOWED_MODEL", ALLOW),
    ("_ALLOWED_MODELS", ALLOW),
    ("_ALLOW_MODELS", ALLOW),
    ("_APIKEY", Key),
    ("_API_BASE", Url),
    ("_API_BASE_PATH", ADDRESS),
    ("_API_BASE_URL", Url),
    ("_API_BASE_URLS", ADDRESS),
    ("_API_ENDPOINT", Url),
    ("_API_HOST", ADDRESS),
    ("_API_KEY", Key),
    ("_API_TOKEN", Key),
    ("_API_URL", Url),
    ("_BASE", ADDRESS),
    ("_BASEURL", Url),
    ("_BASE_PATH", ADDRESS),
    ("_BASE_URL", Url),
    ("_BASE_URLS", ADDRESS),
    ("_BLOCKED_MODELS", DENY),
    ("_BUDGET", COST),
    ("_CHAT_DEPLOYMENT_NAME", MODEL),
    ("_CHAT_MODEL", MODEL),
    ("_DEFAULT_MODEL", MODEL),
    ("_DENIED_MODELS", DENY),
    ("_DENY_MODELS", DENY),
    ("_DEPLOYMENT", MODEL),
    ("_DEPLOYMENT_NAME", MODEL),
    ("_DISABLED_MODELS", DENY),
    ("_ENABLED_MODELS", ALLOW),
    ("_ENDPOINT", Url),
    ("_EXCLUDED_MODELS", DENY),
    ("_GATEWAY_URL", ADDRESS),
    ("_HOST", ADDRESS),
    ("_KEY", Key),
    ("_MAX_BUDGET", COST),
    ("_MAX_COST", COST),
    ("_MAX_COST_USD", COST),
    ("_MAX_OUTPUT_TOKENS", TOKENS),
    ("_MAX_TOKENS", TOKENS),
    ("_MODEL", MODEL),
    ("_MODELS", ALLOW),
    ("_MODEL_ALLOWLIST", ALLOW),
    ("_MODEL_ALLOW_LIST", ALLOW),
    ("_MODEL_BLACKLIST", DENY),
    ("_MODEL_BLOCKLIST", DENY),
    ("_MODEL_NAME", MODEL),
    ("_MODEL_WHITELIST", ALLOW),
    ("_PROXY", PROXY),
    ("_PROXY_URL", PROXY),
    ("_REVERSE_PROXY", PROXY),
    ("_SERVER", ADDRESS),
    ("_SERVER_URL", ADDRESS),
    ("_URL", Url),
];

/// Whole names.
const NAMES: [(&str, Meaning); 80] = [
    ("AI21_API_KEY", Stranger),
    ("AI_GATEWAY_API_KEY", Stranger),
    ("ALLOWED_MODEL", ALLOW),
    ("ALLOWED_MODELS", ALLOW),
    ("ALLOWED_PROVIDERS", Not("set ANYGPT_ALLOW_PROVIDERS")),
    ("ALLOWED_TOOLS", TOOLS),
    ("ANTHROPIC_BEDROCK_BASE_URL", ADDRESS),
    ("ANTHROPIC_VERTEX_BASE_URL", ADDRESS),
    ("ARK_API_KEY", Stranger),
    ("AZURE_API_VERSION", Like("OPENAI_API_VERSION")),
    ("AZURE_OPENAI_API_INSTANCE_NAME", RESOURCE),
    ("AZURE_OPENAI_API_VERSION", Like("OPENAI_API_VERSION")),
    ("AZURE_OPENAI_RESOURCE", RESOURCE),
    ("AZURE_OPENAI_RESOURCE_NAME", RESOURCE),
    ("AZURE_RESOURCE_NAME", RESOURCE),
    ("BLOCKED_MODELS", DENY),
    ("BLOCKED_PROVIDERS", Not("set ANYGPT_DENY_PROVIDERS")),
    ("BUDGET_LIMIT", COST),
    ("CLAUDE_CODE_USE_BEDROCK", CLOUD),
    ("CLAUDE_CODE_USE_FOUNDRY", CLOUD),
    ("CLAUDE_CODE_USE_VERTEX", CLOUD),
    ("COHERE_API_KEY", Stranger),
    ("COST_LIMIT", COST),
    ("CO_API_KEY", Stranger),
    ("CUSTOM_ALLOWED_MODELS", ALLOW),
    (
        "CUSTOM_API_BASE",
        Not("set ANYGPT_PROVIDER_CUSTOM_BASE_URL"),
    ),
    ("CUSTOM_API_KEY", Not("set ANYGPT_PROVIDER_CUSTOM_API_KEY")),
    ("CUSTOM_API_URL", Not("set ANYGPT_PROVIDER_CUSTOM_BASE_URL")),
    (
        "CUSTOM_BASE_URL",
        Not("set ANYGPT_PROVIDER_CUSTOM_BASE_URL"),
    ),
    ("CUSTOM_MODEL_NAME", Not("set ANYGPT_PROVIDER_CUSTOM_MODEL")),
    ("DASHSCOPE_API_KEY", Stranger),
    ("DEEPINFRA_API_KEY", Stranger),
    ("DENIED_MODELS", DENY),
    ("DENIED_PROVIDERS", Not("set ANYGPT_DENY_PROVIDERS")),
    ("DIAL_ALLOWED_MODELS", ALLOW),
    ("DIAL_API_HOST", Not("set ANYGPT_PROVIDER_DIAL_BASE_URL")),
    ("DIAL_API_KEY", Stranger),
    ("DISABLED_MODELS", DENY),
    ("DISABLED_PROVIDERS", Not("set ANYGPT_DENY_PROVIDERS")),
    ("DISABLED_TOOLS", TOOLS),
    ("DISALLOWED_TOOLS", TOOLS),
    ("ENABLED_MODELS", ALLOW),
    ("ENABLED_PROVIDERS", Not("set ANYGPT_ALLOW_PROVIDERS")),
    ("ENABLED_TOOLS", TOOLS),
    ("EXCLUDED_MODELS", DENY),
    ("GITHUB_MODELS_BASE_URL", Not(presets::GITHUB_ENDED)),
    ("GOOGLE_GENAI_USE_VERTEXAI", CLOUD),
    ("HF_TOKEN", Stranger),
    ("HUGGINGFACEHUB_API_TOKEN", Stranger),
    ("HUGGINGFACE_API_KEY", Stranger),
    ("HUGGINGFACE_TOKEN", Stranger),
    ("HYPERBOLIC_API_KEY", Stranger),
    ("LLM_API_BASE", Not("set ANYGPT_PROVIDER_LLM_BASE_URL")),
    ("LLM_BASE_URL", Not("set ANYGPT_PROVIDER_LLM_BASE_URL")),
    ("MAX_BUDGET", COST),
    ("MAX_BUDGET_USD", COST),
    ("MAX_COST", COST),
    ("MAX_OUTPUT_TOKENS", TOKENS),
    ("MAX_TIMEOUT", Not("set ANYGPT_MAX_TIMEOUT")),
    ("MAX_TOKENS", TOKENS),
    ("MINIMAX_API_KEY", Stranger),
    ("MODELS_ALLOWED", ALLOW),
    ("MODEL_ALLOWLIST", ALLOW),
    ("MODEL_BLACKLIST", DENY),
    ("MODEL_BLOCKLIST", DENY),
    ("MODEL_WHITELIST", ALLOW),
    ("NOVITA_API_KEY", Stranger),
    ("NVIDIA_API_KEY", Stranger),
    (
        "OPENAI_API_TYPE",
        Switch("for Azure set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY"),
    ),
    (
        "OPENAI_COMPATIBLE_API_BASE",
        Not("set ANYGPT_PROVIDER_COMPATIBLE_BASE_URL"),
    ),
    (
        "OPENAI_COMPATIBLE_BASE_URL",
        Not("set ANYGPT_PROVIDER_COMPATIBLE_BASE_URL"),
    ),
    (
        "OPENAI_LIKE_API_BASE",
        Not("set ANYGPT_PROVIDER_COMPATIBLE_BASE_URL"),
    ),
    ("OPENAI_ORGANIZATION", Like("OPENAI_ORG_ID")),
    ("OPENAI_ORGANIZATION_ID", Like("OPENAI_ORG_ID")),
    ("OPENAI_PROJECT", Like("OPENAI_PROJECT_ID")),
    ("QWEN_API_KEY", Stranger),
    ("REPLICATE_API_TOKEN", Stranger),
    ("SAMBANOVA_API_KEY", Stranger),
    ("SILICONFLOW_API_KEY", Stranger),
    ("ZHIPUAI_API_KEY", Stranger),
];

/// Those that are set.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    present: Vec<Present>,
    /// What was read.
    notes: RefCell<Vec<String>>,
}

#[derive(Debug)]
struct Present {
    name: String,
    /// None for names of no single provider.
    provider: Option<&'static Preset>,
    meaning: Meaning,
}

impl Foreign {
    /// Looks at the names of all variables. What the configuration file has used is its author's own, and no matter of
    /// this table.
    pub(super) fn of(environment: &Environment) -> Self {
        let present = environment
            .names()
            .filter_map(known)
            .filter(|it| environment.holds(&it.name) && !environment.was_used(&it.name))
            .collect();
        Foreign {
            present,
            notes: RefCell::default(),
        }
    }

    /// Another program's variable with the key of a provider.
    pub(super) fn key(&self, preset: &Preset) -> Option<String> {
        self.find(preset, Key).map(|it| it.name.clone())
    }

    /// The address of a provider by another program's variable, and that variable. The vendor's own one says nothing.
    pub(super) fn url(
        &self,
        environment: &Environment,
        preset: &Preset,
    ) -> Result<Option<(String, String)>, Problem> {
        let Some(it) = self.find(preset, Url) else {
            return Ok(None);
        };
        let usual = preset.dialect.codec().map(Codec::default_base_url);
        let is_usual = |text: &String| {
            let at = authority(text);
            at.is_some() && at == usual.and_then(authority)
        };
        let text = environment.value(&it.name)?.filter(|text| !is_usual(text));
        Ok(text.map(|text| {
            // Some name the address of Ollama's own API.
            let own_api = text.trim_end_matches('/').strip_suffix("/api");
            let text = match own_api.filter(|_| preset.id == presets::OLLAMA) {
                Some(before) => before.to_owned(),
                None => text,
            };
            (it.name.clone(), text)
        }))
    }

    /// What a variable of ours says, else another program's for the same, and which of them.
    pub(super) fn value(
        &self,
        environment: &Environment,
        ours: &'static str,
    ) -> Result<Option<(String, String)>, Problem> {
        if let Some(text) = environment.value(ours)? {
            return Ok(Some((ours.to_owned(), text)));
        }
        let Some(it) = self.present.iter().find(|it| it.meaning == Like(ours)) else {
            return Ok(None);
        };
        self.read(&it.name, ours);
        let text = environment.value(&it.name)?;
        Ok(text.map(|text| (it.name.clone(), text)))
    }

    /// Notes what was read as what.
    pub(super) fn read(&self, name: &str, ours: &str) {
        let note = format!("{name} is read as {ours}");
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// What is only worth knowing, and one warning of all that is not read and should be known.
    pub(super) fn notes(
        self,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Vec<String> {
        let mut notes = self.notes.into_inner();
        let mut unread = Vec::new();
        for it in &self.present {
            match it.meaning {
                Key | Url | Like(_) => {}
                Not(advice) => unread.push(it.with(advice)),
                Switch(advice) if is_on(environment, &it.name) => unread.push(it.with(advice)),
                Switch(_) => {}
                Stranger => notes.push(format!(
                    "{} is not read: set ANYGPT_PROVIDER_<ID>_BASE_URL and ANYGPT_PROVIDER_<ID>_API_KEY to use it",
                    it.name
                )),
            }
        }
        if !unread.is_empty() {
            warnings.push(format!(
                "Variables of other programs, which do nothing here: {}",
                unread.join("; ")
            ));
        }
        notes
    }

    fn find(&self, preset: &Preset, meaning: Meaning) -> Option<&Present> {
        self.present.iter().find(|it| {
            it.meaning == meaning && it.provider.is_some_and(|known| known.id == preset.id)
        })
    }
}

impl Present {
    fn with(&self, advice: &str) -> String {
        let id = self.provider.map_or("", |preset| preset.id);
        let url = self
            .provider
            .and_then(|preset| preset.url_variables.first());
        let advice = advice
            .replace("{id}", id)
            .replace("{ID}", &id.to_ascii_uppercase())
            .replace("{URL}", url.copied().unwrap_or_default());
        format!("{} ({advice})", self.name)
    }
}

/// Scheme, host and port of a URL.
fn authority(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?']).next()?;
    url.get(..scheme.len() + 3 + host.len())
}

/// Whether a switch says what matters: anything but no, or for the kind of an API Azure.
fn is_on(environment: &Environment, name: &str) -> bool {
    let value = environment.value(name).ok().flatten().unwrap_or_default();
    let value = value.to_ascii_lowercase();
    match name {
        "OPENAI_API_TYPE" => value.contains("azure"),
        _ => !["0", "false", "no", "off"].contains(&&*value),
    }
}

fn known(name: &str) -> Option<Present> {
    let present = |provider, meaning| {
        Some(Present {
            name: name.to_owned(),
            provider,
            meaning,
        })
    };
    let mut vendors = vendors(name);
    // A key is no stranger's once there is a preset for it.
    let named = entry(&NAMES, name).filter(|it| *it != Stranger || !is_ours(name));
    if let Some(meaning) = named {
        return present(vendors.next().map(|(preset, _)| preset), meaning);
    }
    let (preset, meaning, rest) =
        vendors.find_map(|(preset, rest)| Some((preset, entry(&ENDINGS, rest)?, rest)))?;
    // Ollama keeps its models where OLLAMA_MODELS says.
    let is_folder = meaning == ALLOW && preset.is_local && rest == "_MODELS";
    (!is_folder && !is_ours(name)).then(|| present(Some(preset), meaning))?
}

/// The providers that a name may begin with, each with the rest of the name.
fn vendors(name: &str) -> impl Iterator<Item = (&'static Preset, &str)> {
    name.match_indices('_').filter_map(|(end, _)| {
        let word = &name[..end];
        let preset = match entry(&VENDORS, word) {
            Some(id) => presets::named(id),
            None => with_key(word),
        };
        Some((preset?, &name[end..]))
    })
}

/// The preset with this id, if it has a key: those of local runtimes are common words.
fn with_key(word: &str) -> Option<&'static Preset> {
    let is_it =
        |preset: &&Preset| !preset.key_variables.is_empty() && preset.id.eq_ignore_ascii_case(word);
    let is_upper = !word.contains(|c: char| c.is_ascii_lowercase());
    PRESETS.iter().filter(|_| is_upper).find(is_it)
}

/// What a table has for this name.
fn entry<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    let position = table.binary_search_by_key(&name, |(known, _)| known).ok()?;
    Some(table[position].1)
}

/// Whether a variable is one of the documented ones.
fn is_ours(name: &str) -> bool {
    PRESETS.iter().any(|preset| {
        let variables = preset.key_variables.iter().chain(preset.url_variables);
        variables
            .chain(&preset.token_variable)
            .any(|known| *known == name)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
