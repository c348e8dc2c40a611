//! From a resolved request to one reply: model choice, attempts one after the other, the total time limit, partial answers.
//!
//! Never here: a provider's wire format, MCP, a tool's arguments.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use anygpt_core::Budget;
use tokio::sync::{Semaphore, watch};

use crate::{http_client::HttpClient, redact::Redactor, settings::Settings};

mod adapt;
mod attempt;
mod bill;
mod body;
mod chat;
mod chat_state;
mod deadline;
pub(crate) mod facts;
mod learned;
mod list;
mod memory;
pub(crate) mod mock;
mod observer;
mod plan;
pub(crate) mod price;
pub(crate) mod purse;
mod reply;
pub(crate) mod report;
mod request;
pub(crate) mod resolve;
mod retry;
mod send;
pub(crate) mod token_limit;

pub(crate) use adapt::{adapt, encoding};
pub(crate) use chat_state::Attempt;
pub(crate) use list::Listed;
pub(crate) use observer::{NoopObserver, Observer};
pub(crate) use plan::Plan;
pub(crate) use reply::Reply;
pub(crate) use request::{CallLimits, Reserved};

use learned::Learned;

/// Sends calls to providers. One for the process; lives on the async thread.
#[derive(Debug)]
pub(crate) struct Gateway {
    settings: Arc<Settings>,
    redactor: Arc<Redactor>,
    budget: Arc<Budget>,
    http: OnceLock<HttpClient>,
    /// Calls beyond these wait for their turn, in order.
    turns: Semaphore,
    /// What models have refused.
    learned: Learned,
    /// Turns true when the process must return what it has.
    ending: watch::Receiver<bool>,
    has_answered: AtomicBool,
}

/// Calls that use the network at once, if there are file descriptors for them.
const AT_ONCE: usize = 1024;

/// File descriptors that are left for everything else.
const SPARE_FILES: usize = 32;

impl Gateway {
    /// A gateway that opens at most `files` files and sockets, and nothing before the first call.
    pub(crate) fn new(
        settings: Arc<Settings>,
        redactor: Redactor,
        budget: Arc<Budget>,
        files: usize,
        ending: watch::Receiver<bool>,
    ) -> Self {
        Gateway {
            settings,
            redactor: Arc::new(redactor),
            budget,
            http: OnceLock::new(),
            turns: Semaphore::new(AT_ONCE.min(files.saturating_sub(SPARE_FILES)).max(1)),
            learned: Learned::default(),
            ending,
            has_answered: AtomicBool::new(false),
        }
    }

    /// Whether any provider has ever answered.
    pub(crate) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// A provider has answered.
    pub(crate) fn record_answer(&self) {
        self.has_answered.store(true, Ordering::Relaxed);
    }

    /// The settings in use.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same, to be kept.
    pub(crate) fn shared_settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings)
    }

    /// The client, made when it is first needed.
    fn http(&self) -> &HttpClient {
        self.http.get_or_init(|| {
            HttpClient::new(
                self.settings.network.http_config(self.settings.http),
                Arc::clone(&self.budget),
            )
        })
    }
}
