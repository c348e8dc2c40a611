//! The scenarios: stand-ins for the providers, and the program with their keys.
//!
//! The vendors' stand-ins are reached at the vendors' own addresses, through a proxy: behind any other address the program
//! expects the models of others, too. Plain http spares them a certificate.
//!
//! Never here: which calls are made.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::reading::{List, Scenario, stand_ins};
use super::{Call, Played, Sent};
use crate::provider::{Family, Provider, Request};
use crate::proxy::{Manner, Proxy};
use crate::server::{Builder, Server};

/// Stand-ins at addresses of their own: the provider, its format, the variables of its address and key, and the address.
const REMOTE: [(&str, Family, [&str; 2], &str); 4] = [
    (
        "openai",
        Family::OpenAi,
        ["OPENAI_BASE_URL", "OPENAI_API_KEY"],
        "http://api.openai.com/openai/v1",
    ),
    (
        "anthropic",
        Family::Anthropic,
        ["ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"],
        "http://api.anthropic.com/anthropic",
    ),
    (
        "google",
        Family::Google,
        ["GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY"],
        "http://generativelanguage.googleapis.com/google",
    ),
    (
        "openrouter",
        Family::Compatible,
        ["OPENROUTER_BASE_URL", "OPENROUTER_API_KEY"],
        "http://openrouter.ai/compatible/v1",
    ),
];

/// The one on this machine.
const LOCAL: &str = "ollama";

/// All stand-ins, and the scenarios that have some of them.
#[derive(Debug)]
pub struct Stage {
    scenarios: Vec<Scenario>,
    /// For configuration files.
    folder: PathBuf,
    remote: Provider,
    local: Provider,
    proxy: Proxy,
}

impl Stage {
    /// Starts the stand-ins; the configuration files of scenarios go to this folder.
    pub fn start(folder: &Path) -> Self {
        let (scenarios, lists) = stand_ins();
        let (remote, local) = (Provider::start(), Provider::start());
        for List { provider, models } in lists {
            match REMOTE.iter().find(|it| it.0 == provider) {
                Some((_, family, ..)) => remote.serve_only(*family, models),
                None => local.serve_only(Family::Compatible, models),
            }
        }
        let proxy = Proxy::start(remote.port(), Manner::Good);
        Stage {
            scenarios,
            folder: folder.to_owned(),
            remote,
            local,
            proxy,
        }
    }

    /// The program in a scenario.
    ///
    /// # Panics
    /// If there is no such scenario.
    pub fn program(&self, name: &str) -> Builder {
        let scenario = self.scenarios.iter().find(|it| it.name == name);
        let scenario = scenario.unwrap_or_else(|| panic!("there is no scenario {name}"));
        let mut builder = Server::builder()
            .env("HTTP_PROXY", format!("http://{}", self.proxy.address()))
            .env("NO_PROXY", "127.0.0.1")
            .env("ANYGPT_ALLOW_INSECURE_HTTP", "1")
            .env("ANYGPT_RETRIES", "0");
        for provider in &scenario.providers {
            builder = match REMOTE.iter().find(|it| it.0 == provider) {
                Some((_, family, [address, key], url)) => {
                    builder.env(address, url).env(key, family.key())
                }
                None => builder.env("OLLAMA_HOST", self.local.base_url(Family::Compatible)),
            };
        }
        if let Some(text) = &scenario.file {
            let file = self.folder.join(format!("assistant-{name}.json"));
            std::fs::write(&file, text).unwrap();
            builder = builder.env("CONFIG_FILE", file);
        }
        builder
    }

    /// Makes a call.
    pub fn play(&self, server: &mut Server, call: &Call) -> Played {
        let before = [&self.remote, &self.local].map(|it| it.requests().len());
        let mut params = json!({"name": call.name});
        if let Some(arguments) = &call.arguments {
            params["arguments"] = arguments.clone();
        }
        let answer = server.request(call.method, params);
        let model = call.arguments.as_ref().and_then(|it| it["model"].as_str());
        Played {
            called: model
                .into_iter()
                .chain([&*call.name])
                .map(str::to_owned)
                .collect(),
            answer,
            sent: self.sent(before),
        }
    }

    /// The chats since then.
    fn sent(&self, before: [usize; 2]) -> Vec<Sent> {
        let chats = |provider: &Provider, before| {
            let requests = provider.requests().split_off(before);
            requests.into_iter().filter(Request::is_chat)
        };
        let of_remote = chats(&self.remote, before[0]).filter_map(|request| {
            let known = REMOTE.iter().find(|it| Some(it.1) == request.family())?;
            Sent::of(known.0, &request)
        });
        let of_local = chats(&self.local, before[1]);
        let of_local = of_local.filter_map(|request| Sent::of(LOCAL, &request));
        of_remote.chain(of_local).collect()
    }
}
