//! Provisioning over HTTP, against moto: an implementation of AWS's control planes that knows nothing of ours.
//!
//! `front.rs` stands before it: it counts the calls, injects failures, and answers what moto lacks.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod deprovisioning;
mod dry_run;
mod front;
mod interrupted;
mod missing;
mod moto;
mod provisioning;
mod refusals;
mod rig;
