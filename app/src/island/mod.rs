//! The on-sale's one island: controls, result, map and tickets share their state, and islands share none.
//!
//! The browser's half is weighed by the kilobyte. So the state is one model in one signal, and views that read it: every
//! other type of signal would be compiled, and sent, anew. What can be put into words on the server comes in words.

#[cfg(feature = "hydrate")]
mod browser;
pub mod card;
mod controls;
mod map;
pub mod marks;
mod model;
mod on_sale;
mod result;
#[cfg(not(feature = "hydrate"))]
mod server;
pub mod setup;
mod tickets;

#[cfg(feature = "hydrate")]
use browser as host;
#[cfg(not(feature = "hydrate"))]
use server as host;

pub use model::{THINK_MS_MAX, question};
pub use on_sale::OnSaleFloor;
pub use result::{ResultCard, ResultCardProps};
