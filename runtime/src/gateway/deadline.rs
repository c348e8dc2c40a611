//! Work that ends in time, and before the process ends.
//!
//! Never here: the work.

use std::{pin::pin, time::Duration};

use anygpt_providers::Failure;
use futures_util::future::{Either, select};
use tokio::{task::unconstrained, time::timeout_at};

use super::Gateway;
use crate::{
    call::CallContext,
    error::{ErrorKind, SHUTTING_DOWN},
};

impl Gateway {
    /// Waits for work until a call has lasted so long, or the process must return what it has; the failure says that there
    /// is no `what`.
    pub(super) async fn until_due<T>(
        &self,
        context: &CallContext,
        limit: Duration,
        what: &str,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        let work = pin!(work);
        let mut ending = self.ending.clone();
        // Work may use up all of the task's budget.
        let ending = pin!(unconstrained(ending.wait_for(|&ending| ending)));
        let due = context.received() + limit;
        match timeout_at(due.into(), select(work, ending)).await {
            Ok(Either::Left((done, _))) => Ok(done),
            Ok(Either::Right(_)) => Err(Failure::new(ErrorKind::Cancelled, SHUTTING_DOWN)),
            Err(_) => Err(Failure::new(
                ErrorKind::Timeout,
                format!("no {what} after {} s", limit.as_secs()),
            )),
        }
    }
}
