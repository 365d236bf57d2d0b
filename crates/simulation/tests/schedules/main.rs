//! Thousands of bursts on the two controls, each decided by its seed. The bursts, the retry loop and the purchase are
//! the product's own; only the database and the clock are not.
//!
//! A schedule that fails prints its seed. `SIMULATION_SEED=n cargo test -p simulation NAME -- --nocapture` plays that
//! one schedule alone and prints its run, for `worldseat verify`; `SIMULATION_SCHEDULES=n` plays n instead of the
//! number written at each test.
#![allow(clippy::unwrap_used, reason = "tests")]

mod flaws;
mod house;
mod last_writer_wins;
mod offices;
mod replay;
mod serialisable;
mod told;
