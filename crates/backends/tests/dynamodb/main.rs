//! The foil's adapter against two real replicas: what it guarantees, and what it does not.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod house;
mod purchases;
mod reading;
mod rounds;
mod trouble;
