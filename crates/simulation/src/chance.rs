//! The one source of everything random, and of the time.

use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A seeded generator and a clock that begins with it.
pub struct Chance {
    rng: Mutex<fastrand::Rng>,
    began: Instant,
}

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self { rng: Mutex::new(fastrand::Rng::with_seed(seed)), began: Instant::now() }
    }

    /// Waits for some milliseconds of the range.
    pub async fn pause(&self, range_ms: RangeInclusive<u64>) {
        let ms = self.draw(range_ms);
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }

    /// A number of the range.
    pub fn draw(&self, range: RangeInclusive<u64>) -> u64 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).u64(range)
    }

    /// Milliseconds since it began; what stands in a ledger row.
    pub fn now_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}
