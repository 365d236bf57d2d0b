//! The SQL adapter on a real PostgreSQL: what it guarantees, and what it does not.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

#[path = "../common/mod.rs"]
mod common;
mod dropped;
mod floors;
mod guarded;
mod house;
mod own;
mod pool;
mod purchases;
mod resets;
mod runs;
mod strange;
