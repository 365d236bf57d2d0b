//! Work in a task of its own, so that a connection pool cannot lock up.
//!
//! A pool hands a free connection to the future that has waited longest. If that future belongs to a task that awaits
//! something else at that moment, nothing polls it, and the connection lies idle. If the task awaits another future that
//! needs a connection as well, it does so without end: a *futurelock*. A page with several parts is such a task. A
//! future that is spawned is always polled, so it takes its connection, uses it and returns it.

use onsale::Failure;
use tokio_util::task::AbortOnDropHandle;

/// Runs `work` in a task of its own. Dropping the returned future drops `work` too.
pub(crate) async fn in_own_task<T: Send + 'static>(
    database: &'static str,
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T, Failure> {
    match AbortOnDropHandle::new(tokio::spawn(work)).await {
        Ok(answer) => answer,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Err(Failure::unavailable(database, error)),
    }
}
