//! N simultaneous buyers: plan, barrier, purchase, record. Judges nothing.

mod barrier;
mod clock;
mod recorder;
mod run;
mod sell;

pub use clock::{Clock, wall_clock_ms};
pub use recorder::Recorder;
pub use run::{Burst, Event, Unfinished, reasons};
pub use sell::{ATTEMPT_TIMEOUT, ATTEMPTS_MAX, BACKOFF_MS_MAX, sell, sell_or_failure, settings};
