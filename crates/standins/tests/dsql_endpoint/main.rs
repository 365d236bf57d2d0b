//! The stand-in for an endpoint of Aurora DSQL, as clients meet it: over TLS, with a signed token, on real PostgreSQL.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod clients;
mod conflicts;
mod dialect;
mod entry;
mod isolation;
mod limits;
mod protocol;
mod race;
mod raw;
mod support;
