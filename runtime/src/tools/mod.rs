//! The tools: a file each, with its definition, its parameters, its work and its result; and their list.
//!
//! Never here: how a provider is reached.

use std::sync::Arc;

use anygpt_core::{Budget, CallHandle, Reservation, ToolCall};

pub(crate) use self::tool::Step;
use self::{arguments::Charge, tool::NetworkCall};
pub(crate) use self::{
    chat_completion::TOOL as CHAT_COMPLETION,
    list_models::{LARGEST_PAGE, TOOL as LIST_MODELS},
    tool::Tool,
};
use crate::{
    call::CallContext,
    error::{Error, ErrorKind},
    gateway::{Gateway, Observer},
    outcome::Outcome,
    settings::{Settings, ToolName},
};

mod answer;
mod arguments;
mod chat_completion;
mod check_providers;
mod common;
mod compare;
mod conversation;
mod count_tokens;
mod dry_run;
mod embed;
mod generate_image;
mod input_schema;
mod kind;
mod list_models;
mod list_providers;
mod list_tags;
mod parameter;
mod response_format;
mod schema_check;
mod tool;

/// All tools, in the order in which clients see them.
static TOOLS: &[&Tool] = &[
    &chat_completion::TOOL,
    &compare::TOOL,
    &list_models::TOOL,
    &list_providers::TOOL,
    &list_tags::TOOL,
    &count_tokens::TOOL,
    &embed::TOOL,
    &generate_image::TOOL,
    &check_providers::TOOL,
];

/// The settings' view of all tools.
pub(crate) fn names() -> Vec<ToolName> {
    let names = TOOLS.iter().map(|tool| ToolName {
        name: tool.name,
        is_default: tool.is_default,
    });
    names.collect()
}

/// The tools with these names, as the catalogue has them.
pub(crate) fn listed(names: &[&str]) -> Vec<anygpt_core::Tool> {
    named(names).map(Tool::listed).collect()
}

/// What the server's instructions say of the tools with these names.
pub(crate) fn instructions(names: &[&str]) -> Vec<String> {
    let tools = named(names).filter(|tool| !tool.instruction.is_empty());
    tools
        .map(|tool| format!("{} {}", tool.name, tool.instruction))
        .collect()
}

fn named(names: &[&str]) -> impl Iterator<Item = &'static Tool> {
    let find = |name: &&str| TOOLS.iter().find(|tool| tool.name == *name);
    names.iter().filter_map(find).copied()
}

/// A call that needs the network.
#[derive(Debug)]
pub(crate) struct Job {
    /// The call to complete.
    pub handle: CallHandle,
    /// Whether the client asked for progress.
    pub wants_progress: bool,
    work: Box<dyn NetworkCall>,
    context: CallContext,
    /// The memory of the parsed arguments, until the call is finished.
    held: Reservation,
}

impl Job {
    /// Does the work.
    pub(crate) async fn run(
        self: Box<Self>,
        gateway: &Gateway,
        observer: &mut dyn Observer,
    ) -> Outcome {
        let Job {
            work,
            context,
            held: _held,
            ..
        } = *self;
        let outcome = work.run(&context, gateway, observer).await;
        context.end(&outcome);
        outcome
    }
}

/// The tools that clients are offered, with the settings they need.
#[derive(Debug)]
pub(crate) struct Tools {
    settings: Arc<Settings>,
    budget: Arc<Budget>,
    /// In the order of the catalogue: a call names one by its position.
    offered: Vec<&'static Tool>,
}

impl Tools {
    /// Tools that follow these settings. What calls hold is counted against `budget`.
    pub(crate) fn new(settings: Arc<Settings>, budget: Arc<Budget>) -> Self {
        Tools {
            offered: named(&settings.offer.tools).collect(),
            settings,
            budget,
        }
    }

    /// Runs a call as far as it goes without the network.
    pub(crate) fn call(&self, mut call: ToolCall) -> Step<Job> {
        let Some(&tool) = self.offered.get(call.tool) else {
            let error = Error::new(ErrorKind::Config, "there is no such tool");
            return Step::Done(Outcome::error(error));
        };
        let context = CallContext::new(tool.name, &mut call);
        let mut charge = Charge::new(self.budget.reservation());
        let step = tool.begin(&context, &self.settings, &call.arguments, &mut charge);
        match step.unwrap_or_else(|error| Step::Done(Outcome::refused(error))) {
            Step::Done(outcome) => {
                context.end(&outcome);
                Step::Done(Outcome {
                    reservation: Some(charge.into_held()),
                    ..outcome
                })
            }
            Step::Network(work) => Step::Network(Box::new(Job {
                handle: call.handle,
                wants_progress: call.wants_progress,
                work,
                context,
                held: charge.into_held(),
            })),
        }
    }

    /// Runs a call of any tool from beginning to end, for commands. An error is the caller's mistake.
    pub(crate) async fn run(
        &self,
        tool: &Tool,
        arguments: &str,
        gateway: &Gateway,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, Error> {
        let context = CallContext::of_command();
        let mut charge = Charge::new(self.budget.reservation());
        let step = tool.begin(&context, &self.settings, arguments, &mut charge);
        match step? {
            Step::Done(outcome) => Ok(outcome),
            Step::Network(work) => Ok(work.run(&context, gateway, observer).await),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
