//! WorldSeat's pages, their islands, the server functions, and (on the server) the service behind them.

pub mod api;
pub mod error;
pub mod functions;
#[cfg(feature = "ssr")]
pub mod service;
