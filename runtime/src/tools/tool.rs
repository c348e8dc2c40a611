//! What a tool is: its definition and what a call does, first without and then with the network.
//!
//! Never here: a particular tool.

use std::fmt::{self, Debug};

use anygpt_core::Annotations;
use futures_util::future::BoxFuture;

use super::{
    arguments::{Arguments, Charge},
    input_schema::{Parameters, input_schema},
};
use crate::{
    call::CallContext,
    error::Error,
    gateway::{Gateway, Observer},
    outcome::Outcome,
    settings::Settings,
};

/// A tool. Each is a constant in a file of its own; `super::TOOLS` lists them.
pub(crate) struct Tool {
    /// As clients know it: `anygpt_` and a short name, which settings may use alone.
    pub(crate) name: &'static str,
    /// Whether clients are offered it where `ANYGPT_TOOLS` is not set. Each tool costs every client context.
    pub(crate) is_default: bool,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) annotations: Annotations,
    /// What the server's instructions say after its name; empty if they leave it out.
    pub(super) instruction: &'static str,
    /// All that it takes; others are ignored, with a warning.
    pub(super) parameters: Parameters,
    /// JSON Schema of `structuredContent`, on one line; empty if none is declared: some clients show only what it describes.
    pub(super) output_schema: &'static str,
    /// Runs on the stdio thread, so it must not wait for anything. An error is the caller's mistake.
    pub(super) begin: fn(&CallContext, &Settings, Arguments<'_>) -> Result<Step, Error>,
}

/// The memory of a call that uses the network in addition to its arguments, in bytes. An estimate.
const CALL: usize = 8 << 10;

impl Tool {
    /// Runs a call as far as it goes without the network.
    pub(super) fn begin(
        &self,
        context: &CallContext,
        settings: &Settings,
        json: &str,
        charge: &mut Charge,
    ) -> Result<Step, Error> {
        let arguments = Arguments::parse(json, self.parameters, charge)?;
        let step = (self.begin)(context, settings, arguments)?;
        if let Step::Network(_) = step {
            charge.add(CALL)?;
        }
        Ok(step)
    }

    /// The tool as clients see it.
    pub(crate) fn listed(&self) -> anygpt_core::Tool {
        anygpt_core::Tool {
            name: self.name.into(),
            title: self.title.into(),
            description: self.description.into(),
            annotations: self.annotations,
            input_schema: input_schema(self.parameters).into(),
            output_schema: (!self.output_schema.is_empty()).then(|| self.output_schema.into()),
        }
    }
}

impl Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// How far a call has come on the stdio thread.
#[derive(Debug)]
pub(crate) enum Step<N: ?Sized = dyn NetworkCall> {
    /// It is finished.
    Done(Outcome),
    /// The rest of it needs the network, and runs on the async thread.
    Network(Box<N>),
}

/// The part of a call that needs the network.
pub(crate) trait NetworkCall: Debug + Send {
    /// Boxed, because a future is as large as the largest that it may await, and all those around it grow with it.
    fn run<'a>(
        self: Box<Self>,
        context: &'a CallContext,
        gateway: &'a Gateway,
        observer: &'a mut dyn Observer,
    ) -> BoxFuture<'a, Outcome>;
}
