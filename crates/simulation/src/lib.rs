//! Two databases in memory that a burst runs on as on any other: [`Serialisable`], which never sells a seat twice, and
//! [`LastWriterWins`], which does. They are controls: the first shows that a burst and the witness do not cry wolf,
//! the second that they notice.
//!
//! Everything random in them, every delay above all, is drawn from one generator with a seed. On a runtime of one
//! thread whose clock is paused (tokio's `start_paused`) nothing else decides what happens when, so a seed is a
//! schedule. Make them inside that runtime. A paused clock moves in whole milliseconds, and so do all delays.

mod chance;
mod counter;
mod last_writer_wins;
mod serialisable;
mod shelf;

pub use counter::Way;
pub use last_writer_wins::{LastWriterWins, LastWriterWinsTxn};
pub use serialisable::{ConflictAt, Flaw, LostCommits, Serialisable, SerialisableOptions, SerialisableTxn};
