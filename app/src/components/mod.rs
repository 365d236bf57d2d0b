//! What several pages share.

mod header;
mod settings;

pub use header::{Header, Here};
pub use settings::Settings;
