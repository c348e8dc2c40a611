//! Reports of a call in progress.
//!
//! Never here: how they are shown.

use anygpt_providers::Answer;

/// Receives reports of a call in progress.
pub(crate) trait Observer: Send {
    /// There is a connection to this provider.
    fn connected(&mut self, provider: &str);
    /// The answer so far; called for each piece.
    fn received(&mut self, answer: &Answer);
    /// A new status: an attempt has failed, or one of several answers is complete.
    fn on_status(&mut self, status: &str);
}

/// Ignores all reports.
#[derive(Debug)]
pub(crate) struct NoopObserver;

impl Observer for NoopObserver {
    fn connected(&mut self, _provider: &str) {}
    fn received(&mut self, _answer: &Answer) {}
    fn on_status(&mut self, _status: &str) {}
}
