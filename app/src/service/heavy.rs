//! Work that keeps a processor busy, such as judging a run of ten thousand buyers: it leaves the threads on which a burst's
//! buyers run, because those stamp what the buyers see.

use crate::error::AppError;
use tokio::sync::Semaphore;

/// So many at once; the others wait. More would take the processors from a burst that is under way.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Does `work` on a thread where it may take long.
///
/// # Errors
/// If it panics.
pub async fn heavy<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    // It is never closed.
    let place = PLACES.acquire().await.ok();
    let done = tokio::task::spawn_blocking(move || {
        // Kept to the end of the work, also if nobody waits for it any more.
        let _place = place;
        work()
    });
    done.await.map_err(|stopped| {
        tracing::error!(%stopped, "work on a thread of its own");
        AppError::Transport("This could not be done, by a fault of the server.".to_owned())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    /// On a runtime with one thread, nothing else could run beside work that blocks it.
    #[tokio::test]
    async fn others_go_on_and_a_panic_is_an_answer() {
        let (tell, told) = std::sync::mpsc::channel();
        let waits = tokio::spawn(heavy(move || told.recv_timeout(Duration::from_mins(1)).is_ok()));
        tokio::spawn(async move { tell.send(()) }).await.unwrap().unwrap();
        assert_eq!(waits.await.unwrap(), Ok(true));
        assert!(heavy(|| panic!("on purpose")).await.is_err());
        // A panic gives its place back.
        for _ in 0..3 {
            assert!(heavy(|| panic!("on purpose")).await.is_err());
        }
        assert_eq!(heavy(|| 7).await, Ok(7));
    }
}
