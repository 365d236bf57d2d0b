//! What only a browser does: reading what the server sends, and every deed of the visitor.

mod call;
mod deeds;
mod json;
mod stream;

pub use call::{focus, mark_hydrated, setup};
