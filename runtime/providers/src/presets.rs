//! The providers that are known by name: one table, and what follows from it.
//!
//! Never here: what the user has set, or whose a model is (`vendors`).

use crate::openai::chat_completions::{ChatCompletions, EffortField, Newest, PLAIN, Seed};
use crate::{Dialect, vendors};

/// A provider that needs only a key or an address to be used.
#[derive(Debug)]
pub struct Preset {
    /// What a caller names it by.
    pub id: &'static str,
    /// Its name in messages.
    pub name: &'static str,
    /// Other ids for it.
    pub aliases: &'static [&'static str],
    /// Its wire format.
    pub dialect: Dialect,
    /// Variables that may hold its key; the first that is set wins.
    pub key_variables: &'static [&'static str],
    /// What its keys begin with.
    pub key_prefixes: &'static [&'static str],
    /// A variable with a token that is sent as `Authorization: Bearer` if there is no key.
    pub token_variable: Option<&'static str>,
    /// Variables with the value of a header, and that header.
    pub header_variables: &'static [(&'static str, &'static str)],
    /// A variable with lines of headers.
    pub headers_variable: Option<&'static str>,
    /// Variables that may hold its address; the first that is set wins.
    pub url_variables: &'static [&'static str],
    /// Hosts of its API, and all below them. A vendor's own API has them in `vendors`.
    hosts: &'static [&'static str],
    /// What is served at these hosts.
    serves: Serves,
    /// Its list has the names that requests use. Azure lists the models that deployments are made of, but a request names a
    /// deployment.
    pub lists_request_names: bool,
    /// Its ids are `vendor/model`, so it is tried first for models of vendors that are not set up.
    pub has_vendors: bool,
    /// It is a vendor's own API that has models of other vendors, too, for those who name it.
    pub passes_on: bool,
    /// Anyone may read its list of models, so that reading it proves nothing about the key.
    pub has_public_list: bool,
    /// It is listed even if it is not set up.
    is_main: bool,
    /// It serves anyone who can reach it.
    pub is_local: bool,
    /// Its usual port on this machine, which is tried if a caller names it and it is not set up.
    pub port: Option<u16>,
    /// The model for requests that name none; the newest of its list if this is none.
    pub model: Option<&'static str>,
}

/// Whose models an API has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// Those of this vendor: it is the vendor's own API.
    Own(&'static str),
    /// Those whose weights are open.
    Open,
    /// Those that its user has loaded.
    Local,
    /// Any: it passes requests on.
    All,
}

const NONE: Preset = Preset {
    id: "",
    name: "",
    aliases: &[],
    dialect: Dialect::Compatible(&PLAIN),
    key_variables: &[],
    key_prefixes: &[],
    token_variable: None,
    header_variables: &[],
    headers_variable: None,
    url_variables: &[],
    hosts: &[],
    serves: Serves::All,
    lists_request_names: true,
    has_vendors: false,
    passes_on: false,
    has_public_list: false,
    is_main: false,
    is_local: false,
    port: None,
    model: None,
};

const LOCAL: Preset = Preset {
    is_local: true,
    ..NONE
};

/// OpenAI's own Chat Completions, for users who choose that format.
pub const OPENAI_CHAT: ChatCompletions = ChatCompletions {
    base_url: "https://api.openai.com/v1",
    max_completion_tokens: true,
    developer: true,
    newest: Newest::OpenAi,
    ..PLAIN
};

/// Azure's v1 API. A model is the name of a deployment, which no list has.
const AZURE_V1: ChatCompletions = ChatCompletions {
    base_url: "",
    api_key_header: true,
    newest: Newest::Unknown,
    ..OPENAI_CHAT
};

/// Azure with a dated API version.
pub const AZURE_DATED: ChatCompletions = ChatCompletions {
    model_in_path: true,
    ..AZURE_V1
};

/// Ids of presets that the settings treat in a way of their own.
pub const AZURE: &str = "azure";
pub const DOCKER: &str = "docker";
pub const OLLAMA: &str = "ollama";
pub const OPENROUTER: &str = "openrouter";
pub const PERPLEXITY: &str = "perplexity";

/// The first usable one is the default.
pub static PRESETS: [Preset; 22] = [
    Preset {
        id: "openai",
        name: "OpenAI",
        dialect: Dialect::OpenAi,
        key_variables: &["OPENAI_API_KEY"],
        key_prefixes: &["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-"],
        header_variables: &[
            ("OPENAI_ORG_ID", "openai-organization"),
            ("OPENAI_PROJECT_ID", "openai-project"),
        ],
        headers_variable: Some("OPENAI_CUSTOM_HEADERS"),
        url_variables: &["OPENAI_BASE_URL"],
        is_main: true,
        ..NONE
    },
    Preset {
        id: "anthropic",
        name: "Anthropic",
        dialect: Dialect::Anthropic,
        key_variables: &["ANTHROPIC_API_KEY"],
        key_prefixes: &[
            "sk-ant-api03-",
            "sk-ant-admin01-",
            "sk-ant-oat01-",
            "sk-ant-",
        ],
        token_variable: Some("ANTHROPIC_AUTH_TOKEN"),
        headers_variable: Some("ANTHROPIC_CUSTOM_HEADERS"),
        url_variables: &["ANTHROPIC_BASE_URL"],
        is_main: true,
        ..NONE
    },
    Preset {
        id: "google",
        name: "Google",
        aliases: &["gemini"],
        dialect: Dialect::Google,
        key_variables: &["GOOGLE_API_KEY", "GEMINI_API_KEY"],
        key_prefixes: &["AIzaSy", "AIza", "AQ."],
        url_variables: &["GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL"],
        is_main: true,
        ..NONE
    },
    Preset {
        id: AZURE,
        name: "Azure OpenAI",
        aliases: &["azure-openai"],
        dialect: Dialect::Compatible(&AZURE_V1),
        key_variables: &["AZURE_OPENAI_API_KEY"],
        url_variables: &["AZURE_OPENAI_ENDPOINT"],
        lists_request_names: false,
        hosts: &[
            "openai.azure.com",
            "cognitiveservices.azure.com",
            "services.ai.azure.com",
        ],
        ..NONE
    },
    Preset {
        id: OPENROUTER,
        name: "OpenRouter",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://openrouter.ai/api/v1",
            // https://openrouter.ai/docs/app-attribution
            headers: &[("x-openrouter-title", "AnyGPT MCP")],
            effort: EffortField::Reasoning,
            asks_for_usage: false,
            id_in_body: true,
            takes_addresses: true,
            newest: Newest::ByDate("openrouter/auto"),
            ..PLAIN
        }),
        key_variables: &["OPENROUTER_API_KEY"],
        key_prefixes: &["sk-or-v1-", "sk-or-"],
        header_variables: &[
            ("OPENROUTER_APP_URL", "http-referer"),
            ("OPENROUTER_APP_TITLE", "x-openrouter-title"),
        ],
        url_variables: &["OPENROUTER_BASE_URL"],
        hosts: &["openrouter.ai"],
        has_vendors: true,
        has_public_list: true,
        ..NONE
    },
    Preset {
        id: "groq",
        name: "Groq",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.groq.com/openai/v1",
            ..PLAIN
        }),
        key_variables: &["GROQ_API_KEY"],
        key_prefixes: &["gsk_"],
        url_variables: &["GROQ_BASE_URL"],
        hosts: &["groq.com"],
        serves: Serves::Open,
        ..NONE
    },
    Preset {
        id: "mistral",
        name: "Mistral",
        // It refuses fields that it does not know, and sends usage unasked.
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.mistral.ai/v1",
            seed: Seed::Random,
            required: "any",
            nine_letter_ids: true,
            asks_for_usage: false,
            ..PLAIN
        }),
        key_variables: &["MISTRAL_API_KEY"],
        url_variables: &["MISTRAL_BASE_URL"],
        // Z.ai's and DeepSeek's, of which the weights are open.
        passes_on: true,
        ..NONE
    },
    Preset {
        id: "deepseek",
        name: "DeepSeek",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.deepseek.com/v1",
            ..PLAIN
        }),
        key_variables: &["DEEPSEEK_API_KEY"],
        key_prefixes: &["sk-"],
        url_variables: &["DEEPSEEK_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "xai",
        name: "xAI",
        aliases: &["x-ai", "grok"],
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.x.ai/v1",
            reasoning_apart: true,
            ..PLAIN
        }),
        key_variables: &["XAI_API_KEY"],
        key_prefixes: &["xai-"],
        url_variables: &["XAI_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "together",
        name: "Together",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.together.ai/v1",
            ..PLAIN
        }),
        key_variables: &["TOGETHER_API_KEY"],
        key_prefixes: &["tgp_v1_", "tgp_"],
        url_variables: &["TOGETHER_BASE_URL"],
        hosts: &["together.xyz", "together.ai"],
        serves: Serves::Open,
        ..NONE
    },
    Preset {
        id: "fireworks",
        name: "Fireworks",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.fireworks.ai/inference/v1",
            ..PLAIN
        }),
        key_variables: &["FIREWORKS_API_KEY"],
        key_prefixes: &["fw_"],
        url_variables: &["FIREWORKS_BASE_URL"],
        hosts: &["fireworks.ai"],
        serves: Serves::Open,
        ..NONE
    },
    Preset {
        id: PERPLEXITY,
        name: "Perplexity",
        dialect: Dialect::Perplexity,
        key_variables: &["PERPLEXITY_API_KEY"],
        key_prefixes: &["pplx-"],
        url_variables: &["PERPLEXITY_BASE_URL"],
        // Its list has no dates, and is public.
        model: Some("perplexity/sonar"),
        has_public_list: true,
        passes_on: true,
        ..NONE
    },
    Preset {
        id: "moonshot",
        name: "Moonshot",
        aliases: &["kimi"],
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.moonshot.ai/v1",
            ..PLAIN
        }),
        key_variables: &["MOONSHOT_API_KEY"],
        key_prefixes: &["sk-"],
        url_variables: &["MOONSHOT_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "zai",
        name: "Z.ai",
        aliases: &["z-ai", "z.ai"],
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.z.ai/api/paas/v4",
            effort: EffortField::Thinking,
            ..PLAIN
        }),
        key_variables: &["ZAI_API_KEY"],
        url_variables: &["ZAI_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "cerebras",
        name: "Cerebras",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.cerebras.ai/v1",
            max_completion_tokens: true,
            ..PLAIN
        }),
        key_variables: &["CEREBRAS_API_KEY"],
        key_prefixes: &["csk-"],
        url_variables: &["CEREBRAS_BASE_URL"],
        hosts: &["cerebras.ai"],
        serves: Serves::Open,
        ..NONE
    },
    Preset {
        id: "nebius",
        name: "Nebius",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.tokenfactory.nebius.com/v1",
            ..PLAIN
        }),
        key_variables: &["NEBIUS_API_KEY"],
        url_variables: &["NEBIUS_BASE_URL"],
        hosts: &["nebius.ai", "nebius.com"],
        serves: Serves::Open,
        ..NONE
    },
    Preset {
        id: "litellm",
        name: "LiteLLM",
        key_variables: &["LITELLM_API_KEY"],
        url_variables: &["LITELLM_BASE_URL"],
        ..NONE
    },
    // Local ones.
    Preset {
        id: DOCKER,
        name: "Docker Model Runner",
        aliases: &["docker-model-runner", "model-runner", "dmr"],
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "http://model-runner.docker.internal/engines/v1",
            ..PLAIN
        }),
        url_variables: &["DOCKER_MODEL_RUNNER"],
        ..LOCAL
    },
    Preset {
        id: OLLAMA,
        name: "Ollama",
        url_variables: &["OLLAMA_HOST"],
        port: Some(11434),
        ..LOCAL
    },
    Preset {
        id: "lmstudio",
        name: "LM Studio",
        aliases: &["lm-studio"],
        url_variables: &["LMSTUDIO_BASE_URL"],
        port: Some(1234),
        ..LOCAL
    },
    Preset {
        id: "vllm",
        name: "vLLM",
        key_variables: &["VLLM_API_KEY"],
        url_variables: &["VLLM_BASE_URL"],
        port: Some(8000),
        ..LOCAL
    },
    Preset {
        id: "llamacpp",
        name: "llama.cpp",
        aliases: &["llama.cpp", "llama-cpp"],
        url_variables: &["LLAMACPP_BASE_URL"],
        port: Some(8080),
        ..LOCAL
    },
];

/// Beginnings of keys of services without a preset, and whose they are.
const OTHER_KEYS: [(&str, &str); 5] = [
    ("hf_", "Hugging Face"),
    ("ghp_", "GitHub"),
    ("gho_", "GitHub"),
    ("github_pat_", "GitHub"),
    ("nvapi-", "NVIDIA"),
];

/// Hosts without a preset that serve models with open weights.
const OTHER_HOSTS: [(&str, &str); 2] = [
    ("sambanova.ai", "sambanova"),
    ("deepinfra.com", "deepinfra"),
];

impl Preset {
    /// Its id and its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.id].into_iter().chain(self.aliases.iter().copied())
    }

    /// Whether this is one of its names, in any case.
    pub fn is_named(&self, name: &str) -> bool {
        self.names().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether a key alone switches it on: it is at an address of its own.
    pub fn needs_only_key(&self) -> bool {
        let codec = self.dialect.codec();
        let has_address = codec.is_some_and(|codec| !codec.default_base_url().is_empty());
        has_address && !self.is_local && !self.key_variables.is_empty()
    }

    /// The host of its usual address, if it has one.
    pub fn default_host(&self) -> Option<&'static str> {
        let address = self.dialect.codec()?.default_base_url();
        let (_, rest) = address.split_once("://")?;
        rest.split(['/', ':']).next()
    }

    /// Whether it is listed even if it is not set up: the three whose keys most people have.
    pub fn is_main(&self) -> bool {
        self.is_main
    }
}

/// The message about the first of [`ENDED`].
pub const GITHUB_ENDED: &str = "GitHub Models ended on 2026-07-30";

/// The variable of its token, which is usually set for another purpose.
pub const GITHUB_TOKEN: &str = "GITHUB_TOKEN";

/// Names of services that there were presets for.
const ENDED: [(&str, &str); 2] = [("github", GITHUB_ENDED), ("github-models", GITHUB_ENDED)];

/// What happened to a service that no longer exists, by its name.
pub fn ended(name: &str) -> Option<&'static str> {
    let ended = ENDED.iter().find(|(id, _)| id.eq_ignore_ascii_case(name));
    ended.map(|(_, what)| *what)
}

/// The preset with this name.
pub fn named(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.is_named(name))
}

/// The wire format with this name. The name of a preset also works, and means its format.
pub fn dialect(name: &str) -> Option<Dialect> {
    let name = name.to_ascii_lowercase().replace('_', "-");
    if name == "openai-chat" {
        return Some(Dialect::Compatible(&PLAIN));
    }
    let mut dialects = Dialect::ALL.into_iter();
    dialects
        .find(|dialect| dialect.as_str() == name)
        .or_else(|| named(&name).map(|preset| preset.dialect))
}

/// Whose models the API at this host has.
pub fn served_at(host: &str) -> Serves {
    served_by(host).map_or(Serves::All, |(_, serves)| serves)
}

/// The preset whose own host this is; none for proxies, gateways of others and local servers.
pub fn at(host: &str) -> Option<&'static Preset> {
    served_by(host).and_then(|(id, _)| named(id))
}

/// The id of the provider at a host, and what it has.
fn served_by(host: &str) -> Option<(&'static str, Serves)> {
    let host = host.trim_end_matches('.');
    if let Some(vendor) = vendors::at(host) {
        return Some((vendor.id, Serves::Own(vendor.id)));
    }
    let is_here = |domain: &&str| vendors::is_below(host, domain);
    if let Some(preset) = PRESETS.iter().find(|it| it.hosts.iter().any(&is_here)) {
        return Some((preset.id, preset.serves));
    }
    let other = OTHER_HOSTS.iter().find(|(domain, _)| is_here(domain));
    other.map(|(_, id)| (*id, Serves::Open))
}

/// What keys of a provider begin with.
#[derive(Clone, Copy, Debug)]
pub struct KeyPrefix {
    /// The beginning itself.
    pub text: &'static str,
    /// Whose keys they are, for messages.
    pub owner: &'static str,
    /// The provider that takes them, if there is a preset for it.
    pub preset: Option<&'static Preset>,
}

/// All known beginnings of keys, in the order of the presets. Some providers share one.
pub fn key_prefixes() -> impl Iterator<Item = KeyPrefix> {
    let presets = PRESETS.iter().flat_map(|preset| {
        preset.key_prefixes.iter().map(move |text| KeyPrefix {
            text,
            owner: preset.name,
            preset: Some(preset),
        })
    });
    let others = OTHER_KEYS.iter().map(|(text, owner)| KeyPrefix {
        text,
        owner,
        preset: None,
    });
    presets.chain(others)
}

/// The longest known beginning of a key; the first preset's if several share it.
pub fn key_prefix(key: &str) -> Option<KeyPrefix> {
    let mut longest: Option<KeyPrefix> = None;
    for prefix in key_prefixes().filter(|prefix| key.starts_with(prefix.text)) {
        if longest.is_none_or(|longest| prefix.text.len() > longest.text.len()) {
            longest = Some(prefix);
        }
    }
    longest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
