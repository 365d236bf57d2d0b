//! The on-sale's one island: controls, result, map and tickets share their state, and islands share none.

mod call;
pub mod card;
mod controls;
mod map;
mod marks;
mod on_sale;
mod result;
mod state;
mod stream;
mod tickets;

pub use on_sale::{OnSaleFloor, OnSaleFloorProps};
pub use result::{ResultCard, ResultCardProps};
pub use state::{Notice, Setup, THINK_MS_MAX};
