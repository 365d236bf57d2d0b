//! What several pages share.

mod header;

pub use header::{Header, Here};
