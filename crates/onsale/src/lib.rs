//! The words of the on-sale, the seams to a database, and the one purchase function. Pure: no runtime, no clock, no AWS.

pub mod box_office;
pub mod database;
pub mod history;
pub mod ids;
pub mod purchase;
pub mod run;
pub mod scoreboard;
pub mod seat_index;
pub mod text;

pub use box_office::{BoxOffice, Holder, Judged, RoundCount, RunStore, Sale, SeatRow, Span};
pub use database::{BoxedError, Buyer, Database, Failure, Order, Seat, Transaction};
pub use history::{Opening, Operation, Outcome, Read, Reads, Seen};
pub use ids::{Backend, BuyerName, FloorId, FloorPlan, InvalidId, Region, Round, RunId, SeatId, Ticket};
pub use purchase::{Answer, purchase};
pub use run::{Engine, Host, Plan, Run, Setting};
pub use scoreboard::Scoreboard;
pub use seat_index::SeatIndex;
