//! The tools: a file each for its schema, its arguments and its result.
//!
//! Never here: how a provider is reached.

use std::{pin::Pin, sync::Arc};

use anygpt_core::{Budget, CallHandle, Reservation, ToolCall};

use self::arguments::{Arguments, Charge};
use crate::{
    call::Call,
    error::{Error, ErrorKind},
    gateway::{Gateway, Observer},
    outcome::Outcome,
    settings::{Settings, Tool},
};

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
mod json_answer;
mod list_models;
mod list_providers;
mod list_tags;

/// What a tool is made of.
fn entry(tool: Tool) -> Entry {
    macro_rules! of {
        ($module:ident) => {
            Entry {
                listed: $module::listed,
                names: $module::NAMES,
                call: $module::call,
            }
        };
    }
    match tool {
        Tool::ChatCompletion => of!(chat_completion),
        Tool::Compare => of!(compare),
        Tool::ListModels => of!(list_models),
        Tool::ListProviders => of!(list_providers),
        Tool::ListTags => of!(list_tags),
        Tool::CountTokens => of!(count_tokens),
        Tool::Embed => of!(embed),
        Tool::GenerateImage => of!(generate_image),
        Tool::CheckProviders => of!(check_providers),
    }
}

struct Entry {
    listed: fn() -> anygpt_core::Tool,
    /// All arguments that it takes; others are only named.
    names: &'static [&'static str],
    /// Runs on the stdio thread: must not wait for anything. An error is what the caller did wrong.
    call: fn(&Settings, Arguments<'_>) -> Result<Work, Error>,
}

impl Entry {
    fn begin(&self, settings: &Settings, json: &str, charge: &mut Charge) -> Result<Work, Error> {
        let arguments = Arguments::parse(json, self.names, charge)?;
        let work = (self.call)(settings, arguments)?;
        if let Work::Network(_) = work {
            charge.add(CALL)?;
        }
        Ok(work)
    }
}

/// What a call takes beside its arguments as long as it is at work.
const CALL: usize = 8 << 10;

/// What becomes of a call on the stdio thread.
#[derive(Debug)]
enum Work {
    /// It is answered.
    Done(Outcome),
    /// It needs the network.
    Network(Network),
}

/// What is left to do on the async thread.
#[derive(Debug)]
enum Network {
    Chat(Box<chat_completion::Chat>),
    Compare(Box<compare::Comparison>),
    ListModels(list_models::Query),
    CountTokens(count_tokens::Count),
    Embed(embed::Embedding),
    GenerateImage(generate_image::Image),
    CheckProviders(check_providers::Check),
}

/// What became of a call on the stdio thread.
#[derive(Debug)]
pub enum Called {
    /// It is answered.
    Done(Outcome),
    /// It goes on on the async thread.
    Job(Box<Job>),
}

/// A call that needs the network.
#[derive(Debug)]
pub struct Job {
    /// The call to complete.
    pub handle: CallHandle,
    /// Whether its client wants to hear of progress.
    pub wants_progress: bool,
    work: Network,
    call: Arc<Call>,
    /// Covers what has become of the arguments until the call is done.
    held: Reservation,
}

impl Job {
    /// Does the work.
    pub fn run<'a>(
        self: Box<Self>,
        gateway: &'a Gateway,
        observer: &'a mut dyn Observer,
    ) -> impl Future<Output = Outcome> + 'a {
        let Job {
            work,
            call,
            held: kept,
            ..
        } = *self;
        let work = work.run(gateway, observer);
        call.run(async move {
            let _kept = kept;
            work.await
        })
    }
}

impl Network {
    /// In a box, because a future is as large as the largest that it may hold, and so is each one around it.
    fn run<'a>(
        self,
        gateway: &'a Gateway,
        observer: &'a mut dyn Observer,
    ) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>> {
        match self {
            Network::Chat(chat) => Box::pin(chat.run(gateway, observer)),
            Network::Compare(comparison) => Box::pin(comparison.run(gateway, observer)),
            Network::ListModels(query) => Box::pin(query.run(gateway)),
            Network::CountTokens(count) => Box::pin(count.run(gateway)),
            Network::Embed(embedding) => Box::pin(embedding.run(gateway)),
            Network::GenerateImage(image) => Box::pin(image.run(gateway)),
            Network::CheckProviders(check) => Box::pin(check.run(gateway)),
        }
    }
}

/// All tools, with the settings they need.
#[derive(Debug)]
pub struct Tools {
    settings: Arc<Settings>,
    budget: Arc<Budget>,
}

impl Tools {
    /// Tools that follow these settings. What calls hold is counted against `budget`.
    pub fn new(settings: Arc<Settings>, budget: Arc<Budget>) -> Self {
        Tools { settings, budget }
    }

    /// Runs a call as far as it goes without the network.
    pub fn call(&self, mut call: ToolCall) -> Called {
        let Some(&tool) = self.settings.offer.tools.get(call.tool) else {
            return Called::Done(Outcome::error(Error::new(
                ErrorKind::Config,
                "there is no such tool",
            )));
        };
        let at_work = Call::new(tool.name().into(), &mut call);
        let mut charge = Charge::new(self.budget.reservation());
        let work =
            at_work.begin(|| entry(tool).begin(&self.settings, &call.arguments, &mut charge));
        match work.unwrap_or_else(|error| Work::Done(Outcome::refused(error))) {
            Work::Done(outcome) => {
                at_work.end(&outcome);
                Called::Done(Outcome {
                    reservation: Some(charge.into_held()),
                    ..outcome
                })
            }
            Work::Network(work) => Called::Job(Box::new(Job {
                handle: call.handle,
                wants_progress: call.wants_progress,
                work,
                call: at_work,
                held: charge.into_held(),
            })),
        }
    }

    /// Runs a call from beginning to end, for those who are not a client. An error is what the caller did
    /// wrong.
    pub(crate) async fn run(
        &self,
        tool: Tool,
        arguments: &str,
        gateway: &Gateway,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, Error> {
        let mut charge = Charge::new(self.budget.reservation());
        let work = entry(tool).begin(&self.settings, arguments, &mut charge);
        match work? {
            Work::Done(outcome) => Ok(outcome),
            Work::Network(work) => Ok(work.run(gateway, observer).await),
        }
    }
}

/// These tools, as the catalogue has them.
pub(crate) fn listed(tools: &[Tool]) -> Vec<anygpt_core::Tool> {
    tools.iter().map(|&tool| (entry(tool).listed)()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
