//! A running `worldseat serve`, talked to as any client would, and ended as Ctrl-C ends it.

// A test fails by panicking, and every test file uses a part of this.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, dead_code, unused_imports)]

mod api;
mod process;
mod report;

pub use api::{Answer, Api, Events, deadline};
pub use process::{Refusal, Server, forget_settings, refused};
pub use report::{check_report, outcomes};
