//! How fast connections may come.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A bucket of tokens, one for each new connection, that refills steadily.
#[derive(Debug)]
pub(super) struct Bucket {
    per_second: f64,
    burst: f64,
    state: Mutex<(Instant, f64)>,
}

impl Bucket {
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let burst = f64::from(burst);
        Self { per_second: f64::from(per_second), burst, state: Mutex::new((Instant::now(), burst)) }
    }

    /// Takes a token, if there is one.
    pub(super) fn take(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (filled, tokens) = *state;
        let now = Instant::now();
        let tokens = (tokens + now.duration_since(filled).as_secs_f64() * self.per_second).min(self.burst);
        let granted = tokens >= 1.0;
        *state = (now, if granted { tokens - 1.0 } else { tokens });
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_granted_and_no_more() {
        let bucket = Bucket::new(0, 3);
        assert_eq!([(); 5].map(|()| bucket.take()), [true, true, true, false, false]);
    }
}
