//! Tool calls without a client: the parts of the server that commands need, without its stdin and stdout.
//!
//! Never here: what is printed.

use std::{io, sync::Arc};

use anygpt_core::Budget;
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::{
    error::Error,
    gateway::{Gateway, Observer},
    mcp::runner::new_runtime,
    outcome::Outcome,
    redact::Redactor,
    resources,
    settings::Settings,
    tools::{Tool, Tools},
};

/// Tools and gateway for these settings.
#[derive(Debug)]
pub(crate) struct LocalCalls {
    pub(crate) redactor: Redactor,
    pub(crate) gateway: Gateway,
    tools: Tools,
    /// Keeps the gateway from ending its calls.
    _ending: watch::Sender<bool>,
}

impl LocalCalls {
    pub(crate) fn new(settings: Settings) -> Self {
        let settings = Arc::new(settings);
        let redactor = Redactor::of(&settings);
        let (ending, watched) = watch::channel(false);
        let budget = Budget::new(resources::budget());
        LocalCalls {
            gateway: Gateway::new(
                Arc::clone(&settings),
                redactor.clone(),
                Arc::clone(&budget),
                resources::raise_file_limit(),
                watched,
            ),
            redactor,
            tools: Tools::new(settings, budget),
            _ending: ending,
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        self.gateway.settings()
    }

    /// Calls a tool, offered or not. An error is what is wrong with arguments or settings; what a provider has
    /// done wrong is in the outcome. No text of the outcome holds a key; for an error see [`LocalCalls::text`].
    pub(crate) async fn call(
        &self,
        tool: &'static Tool,
        arguments: Map<String, Value>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, Error> {
        let arguments = Value::Object(arguments).to_string();
        let called = self.tools.run(tool, &arguments, &self.gateway, observer);
        let mut outcome = called.await?;
        outcome.redact(&self.redactor);
        Ok(outcome)
    }

    /// The text of an error for a terminal, without keys.
    pub(crate) fn text(&self, error: &Error) -> String {
        let text = error.for_command_line();
        self.redactor.diagnostic(&text).into_owned()
    }

    /// The same for several, on a line each.
    pub(crate) fn texts(&self, errors: &[Error]) -> String {
        let texts: Vec<String> = errors.iter().map(|error| self.text(error)).collect();
        texts.join("\n")
    }
}

/// Runs a future on this thread.
///
/// # Errors
/// The operating system refuses the runtime its descriptors.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = new_runtime()?;
    let done = runtime.block_on(work);
    // Joining it could wait seconds for a name look-up.
    runtime.shutdown_background();
    Ok(done)
}
