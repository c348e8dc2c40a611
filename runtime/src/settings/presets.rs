//! The providers that are known by name: one table.
//!
//! Never here: what the user has set.

use anygpt_providers::openai::chat_completions::{
    ChatCompletions, EffortField, Newest, PLAIN, Seed,
};

use super::dialect::Dialect;

/// A provider that a key or an address alone switches on.
#[derive(Debug)]
pub(crate) struct Preset {
    /// The name it is asked for by.
    pub(super) id: &'static str,
    /// Other names for it.
    pub(super) aliases: &'static [&'static str],
    /// How it is spoken to.
    pub(super) dialect: Dialect,
    /// Variables that hold its key; the first one counts.
    pub(super) key_variables: &'static [&'static str],
    /// Holds a token that travels as `Authorization: Bearer` where there is no key.
    pub(super) token_variable: Option<&'static str>,
    /// Variables that hold the value of a header.
    pub(super) header_variables: &'static [(&'static str, &'static str)],
    /// Holds lines of headers.
    pub(super) headers_variable: Option<&'static str>,
    /// Variables that hold its address; the first one counts.
    pub(super) url_variables: &'static [&'static str],
    /// Its ids are `vendor/model`, so it is the first to be asked for models of vendors that are not set up.
    pub(crate) has_vendors: bool,
    /// It serves whoever can reach it.
    pub(super) is_local: bool,
    /// Where it listens unless it is told otherwise: tried on this machine if it is named and not set up.
    pub(super) port: Option<u16>,
    /// What is asked if no model is named; the newest of its list if this is none.
    pub(super) model: Option<&'static str>,
}

const NONE: Preset = Preset {
    id: "",
    aliases: &[],
    dialect: Dialect::Compatible(&PLAIN),
    key_variables: &[],
    token_variable: None,
    header_variables: &[],
    headers_variable: None,
    url_variables: &[],
    has_vendors: false,
    is_local: false,
    port: None,
    model: None,
};

const LOCAL: Preset = Preset {
    is_local: true,
    ..NONE
};

/// OpenAI's own Chat Completions, for who asks for that format.
pub(super) const OPENAI_CHAT: ChatCompletions = ChatCompletions {
    base_url: "https://api.openai.com/v1",
    max_completion_tokens: true,
    developer: true,
    newest: Newest::OpenAi,
    ..PLAIN
};

/// Azure's v1 API. A model is a deployment's name, which no list tells.
const AZURE_V1: ChatCompletions = ChatCompletions {
    base_url: "",
    api_key_header: true,
    newest: Newest::Unknown,
    ..OPENAI_CHAT
};

/// Azure with a dated API version.
pub(super) const AZURE_DATED: ChatCompletions = ChatCompletions {
    model_in_path: true,
    ..AZURE_V1
};

/// Ids of those that are set up in a way of their own.
pub(super) const AZURE: &str = "azure";
pub(super) const DOCKER: &str = "docker";
pub(super) const OLLAMA: &str = "ollama";
pub(super) const OPENROUTER: &str = "openrouter";

/// In the order in which the first usable one is the default.
pub(super) static PRESETS: [Preset; 22] = [
    Preset {
        id: "openai",
        dialect: Dialect::OpenAi,
        key_variables: &["OPENAI_API_KEY"],
        header_variables: &[
            ("OPENAI_ORG_ID", "openai-organization"),
            ("OPENAI_PROJECT_ID", "openai-project"),
        ],
        headers_variable: Some("OPENAI_CUSTOM_HEADERS"),
        url_variables: &["OPENAI_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "anthropic",
        dialect: Dialect::Anthropic,
        key_variables: &["ANTHROPIC_API_KEY"],
        token_variable: Some("ANTHROPIC_AUTH_TOKEN"),
        headers_variable: Some("ANTHROPIC_CUSTOM_HEADERS"),
        url_variables: &["ANTHROPIC_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "google",
        aliases: &["gemini"],
        dialect: Dialect::Google,
        key_variables: &["GOOGLE_API_KEY", "GEMINI_API_KEY"],
        url_variables: &["GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL"],
        ..NONE
    },
    Preset {
        id: AZURE,
        aliases: &["azure-openai"],
        dialect: Dialect::Compatible(&AZURE_V1),
        key_variables: &["AZURE_OPENAI_API_KEY"],
        url_variables: &["AZURE_OPENAI_ENDPOINT"],
        ..NONE
    },
    Preset {
        id: OPENROUTER,
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://openrouter.ai/api/v1",
            headers: &[("x-title", "AnyGPT MCP")],
            effort: EffortField::Reasoning,
            asks_for_usage: false,
            id_in_body: true,
            takes_addresses: true,
            newest: Newest::ByDate("openrouter/auto"),
            ..PLAIN
        }),
        key_variables: &["OPENROUTER_API_KEY"],
        url_variables: &["OPENROUTER_BASE_URL"],
        has_vendors: true,
        ..NONE
    },
    Preset {
        id: "groq",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.groq.com/openai/v1",
            ..PLAIN
        }),
        key_variables: &["GROQ_API_KEY"],
        url_variables: &["GROQ_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "mistral",
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
        ..NONE
    },
    Preset {
        id: "deepseek",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.deepseek.com/v1",
            ..PLAIN
        }),
        key_variables: &["DEEPSEEK_API_KEY"],
        url_variables: &["DEEPSEEK_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "xai",
        aliases: &["x-ai", "grok"],
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.x.ai/v1",
            reasoning_apart: true,
            ..PLAIN
        }),
        key_variables: &["XAI_API_KEY"],
        url_variables: &["XAI_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "together",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.together.xyz/v1",
            ..PLAIN
        }),
        key_variables: &["TOGETHER_API_KEY"],
        url_variables: &["TOGETHER_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "fireworks",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.fireworks.ai/inference/v1",
            ..PLAIN
        }),
        key_variables: &["FIREWORKS_API_KEY"],
        url_variables: &["FIREWORKS_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "perplexity",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.perplexity.ai",
            in_turns: true,
            asks_for_usage: false,
            ..PLAIN
        }),
        key_variables: &["PERPLEXITY_API_KEY"],
        url_variables: &["PERPLEXITY_BASE_URL"],
        // It has no list to take one from.
        model: Some("sonar"),
        ..NONE
    },
    Preset {
        id: "moonshot",
        aliases: &["kimi"],
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.moonshot.ai/v1",
            ..PLAIN
        }),
        key_variables: &["MOONSHOT_API_KEY"],
        url_variables: &["MOONSHOT_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "zai",
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
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.cerebras.ai/v1",
            max_completion_tokens: true,
            ..PLAIN
        }),
        key_variables: &["CEREBRAS_API_KEY"],
        url_variables: &["CEREBRAS_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "nebius",
        dialect: Dialect::Compatible(&ChatCompletions {
            base_url: "https://api.studio.nebius.ai/v1",
            ..PLAIN
        }),
        key_variables: &["NEBIUS_API_KEY"],
        url_variables: &["NEBIUS_BASE_URL"],
        ..NONE
    },
    Preset {
        id: "litellm",
        key_variables: &["LITELLM_API_KEY"],
        url_variables: &["LITELLM_BASE_URL"],
        ..NONE
    },
    // Local ones.
    Preset {
        id: DOCKER,
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
        url_variables: &["OLLAMA_HOST"],
        port: Some(11434),
        ..LOCAL
    },
    Preset {
        id: "lmstudio",
        aliases: &["lm-studio"],
        url_variables: &["LMSTUDIO_BASE_URL"],
        port: Some(1234),
        ..LOCAL
    },
    Preset {
        id: "vllm",
        key_variables: &["VLLM_API_KEY"],
        url_variables: &["VLLM_BASE_URL"],
        port: Some(8000),
        ..LOCAL
    },
    Preset {
        id: "llamacpp",
        aliases: &["llama.cpp", "llama-cpp"],
        url_variables: &["LLAMACPP_BASE_URL"],
        port: Some(8080),
        ..LOCAL
    },
];

impl Preset {
    /// Its id and its other names.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.id].into_iter().chain(self.aliases.iter().copied())
    }

    /// Whether this is one of its names, in whatever case.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.names().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether it is there without being set up: the three whose keys most people have.
    pub(super) fn is_main(&self) -> bool {
        !matches!(self.dialect, Dialect::Compatible(_))
    }
}

/// What is said of the first of [`ENDED`].
pub(super) const GITHUB_ENDED: &str = "GitHub Models ended on 2026-07-30";

/// Names of services that there were presets for.
const ENDED: [(&str, &str); 2] = [("github", GITHUB_ENDED), ("github-models", GITHUB_ENDED)];

/// What became of a service that no longer exists, by its name.
pub(crate) fn ended(name: &str) -> Option<&'static str> {
    let ended = ENDED.iter().find(|(id, _)| id.eq_ignore_ascii_case(name));
    ended.map(|(_, what)| *what)
}

/// The preset of that name.
pub(super) fn named(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.is_named(name))
}

#[cfg(test)]
mod tests;
