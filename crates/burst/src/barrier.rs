//! The barrier that a burst's buyers wait behind.

use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Falls when the last buyer is there, and lets the others go in the order in which they came. `tokio::sync::Barrier`
/// wakes them in an order drawn from the runtime's own random numbers, which no seed of ours decides.
pub struct Barrier {
    missing: AtomicUsize,
    fallen: Notify,
}

impl Barrier {
    /// One that `buyers` wait behind.
    pub fn new(buyers: usize) -> Self {
        Self { missing: AtomicUsize::new(buyers), fallen: Notify::new() }
    }

    /// Waits until everybody is there.
    pub async fn wait(&self) {
        // Made before this buyer is counted: from here on the fall cannot be missed.
        let fall = self.fallen.notified();
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.fallen.notify_waiters();
        }
        fall.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tokio::task::JoinSet;

    #[tokio::test]
    async fn everybody_goes_at_once_in_the_order_of_coming() {
        let (barrier, gone) = (Arc::new(Barrier::new(100)), Arc::new(Mutex::new(Vec::new())));
        let mut buyers = JoinSet::new();
        for buyer in 0..100 {
            let (barrier, going) = (Arc::clone(&barrier), Arc::clone(&gone));
            buyers.spawn(async move {
                barrier.wait().await;
                going.lock().unwrap().push(buyer);
            });
            tokio::task::yield_now().await;
            assert!(buyer == 99 || gone.lock().unwrap().is_empty(), "it fell before everybody was there");
        }
        buyers.join_all().await;
        // The last to come does not wait.
        let expected: Vec<_> = std::iter::once(99).chain(0..99).collect();
        assert_eq!(*gone.lock().unwrap(), expected);
    }
}
