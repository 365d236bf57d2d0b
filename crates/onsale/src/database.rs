//! The seam to a database: what the purchase asks of it, and how it may fail.

use crate::ids::{BuyerName, FloorId, Region, Round, RunId, SeatId, Ticket};
use std::future::Future;

/// A database with regional endpoints.
pub trait Database: Send + Sync + 'static {
    /// A transaction on a connection of its own. On a database that has none, the calls stand for themselves.
    type Txn: Transaction;
    /// Keeps what [`Database::warm`] opened reserved for its caller until dropped.
    type Reservation: Send;

    /// Whether looking a ticket up and touching the seat's row in one transaction settles a lost commit: either the
    /// lost commit is seen, or it conflicts. That takes snapshot isolation or more; without it an indeterminate purchase
    /// stays unknown.
    fn settles_doubt(&self) -> bool;

    /// Waits for a connection to `region`.
    fn connect(&self, region: &Region) -> impl Future<Output = Result<Self::Txn, Failure>> + Send;

    /// Opens and warms `connections` connections (at most the pool's size) in every region, so that a burst starts on open ones.
    fn warm(&self, connections: usize) -> impl Future<Output = Result<Self::Reservation, Failure>> + Send;
}

/// One attempt at a purchase. Dropped unfinished, it must not leave its connection to the next buyer.
pub trait Transaction: Send {
    /// Begins. What is read from here on is at least as new as this moment.
    fn begin(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Is the order's ticket in the ledger, under its seat, in whatever round?
    fn find_sale(&mut self, order: &Order) -> impl Future<Output = Result<bool, Failure>> + Send;
    /// The seat as this region shows it.
    fn read_seat(&mut self, order: &Order) -> impl Future<Output = Result<Seat, Failure>> + Send;
    /// Writes the seat as sold to the order's buyer, in the round that was read.
    fn write_seat(&mut self, order: &Order, seat: &Seat) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Appends the sale to the ledger.
    fn append_sale(&mut self, order: &Order, seat: &Seat) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Makes the writes stand.
    fn commit(self) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Gives up; nothing was written.
    fn rollback(self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// What a buyer does while at the counter; a recorder implements it to take the times.
pub trait Buyer: Send {
    /// The wait for a connection is over; the transaction begins.
    fn connected(&mut self);
    /// The seat was read.
    fn saw(&mut self, seat: &Seat);
    /// The payment step between reading and writing; the same on every database.
    fn thinks(&mut self) -> impl Future<Output = ()> + Send;
}

/// One buyer's wish. The ticket is made before the first attempt and stays the same in all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The floor.
    pub floor: FloorId,
    /// The chair.
    pub seat: SeatId,
    /// Who buys.
    pub buyer: BuyerName,
    /// Where the buyer connects.
    pub region: Region,
    /// The confirmation code.
    pub ticket: Ticket,
    /// The burst it belongs to, if any.
    pub run: Option<RunId>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// An earlier attempt may have been committed: look before buying again.
    pub in_doubt: bool,
}

/// A seat as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The sale this chair is in.
    pub round: Round,
    /// The round that the last reset began.
    pub reset_round: Round,
    /// The ticket that holds it, if it is sold.
    pub holder: Option<Ticket>,
}

/// Why an attempt ended without an answer. `source` is for the log; nothing here is for a visitor's eyes.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database aborted the transaction because it raced another (SQLSTATE 40001). It certainly did not happen.
    #[error("{database} aborted a racing transaction")]
    Conflict {
        /// Which database.
        database: &'static str,
        /// What the driver said.
        #[source]
        source: BoxedError,
    },
    /// The database aborted the transaction because its tables were changed meanwhile (SQLSTATE 40001 with OC001 on Aurora
    /// DSQL). It certainly did not happen, and nobody raced it.
    #[error("{database} aborted a transaction because its tables changed")]
    SchemaChanged {
        /// Which database.
        database: &'static str,
        /// What the driver said.
        #[source]
        source: BoxedError,
    },
    /// The database asks to try again (SQLSTATE XX000 before COMMIT). It certainly did not happen.
    #[error("{database} was not available for a moment: {source}")]
    Transient {
        /// Which database.
        database: &'static str,
        /// What the driver said.
        #[source]
        source: BoxedError,
    },
    /// The database cannot be reached, or stops. It certainly did not happen.
    #[error("{database} is not available: {source}")]
    Unavailable {
        /// Which database.
        database: &'static str,
        /// What the driver said.
        #[source]
        source: BoxedError,
    },
    /// No connection was free in time: more requests wait for `database` than its pool serves. It certainly did not happen.
    #[error("all {connections} connections to {database} in {region} are in use: none was free within {waited_s} s")]
    PoolTimeout {
        /// Which database.
        database: &'static str,
        /// The pool's region.
        region: Region,
        /// Connections the pool holds.
        connections: usize,
        /// How long the request waited, in seconds.
        waited_s: u64,
    },
    /// The database answered, and will not do this work: a setting, a right, a limit or a thing of its own is in the way.
    /// It certainly did not happen, and asking again changes nothing until somebody changes that.
    #[error("{database} cannot be used: {source}")]
    Refused {
        /// Which database.
        database: &'static str,
        /// What the database said, and the remedy.
        #[source]
        source: BoxedError,
    },
    /// The database refused a value that its caller chose, such as a name with characters that its encoding does not have
    /// (SQLSTATE class 22). It certainly did not happen, and the same value is refused again.
    #[error("{database} refused a value: {source}")]
    InvalidValue {
        /// Which database.
        database: &'static str,
        /// What the database said.
        #[source]
        source: BoxedError,
    },
    /// The answer was lost: it may have happened.
    #[error("{database} did not answer a write; it may have been done: {source}")]
    Indeterminate {
        /// Which database.
        database: &'static str,
        /// What the driver said.
        #[source]
        source: BoxedError,
    },
}

/// Any driver's error.
pub type BoxedError = Box<dyn std::error::Error + Send + Sync>;

impl Failure {
    /// [`Failure::Unavailable`] of `database`.
    pub fn unavailable(database: &'static str, source: impl Into<BoxedError>) -> Self {
        Self::Unavailable { database, source: source.into() }
    }

    /// The words of the innermost cause: what the database itself said, where it said something.
    pub fn said(&self) -> String {
        let mut cause: &dyn std::error::Error = self;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        cause.to_string()
    }

    /// Which database failed.
    pub fn database(&self) -> &'static str {
        match self {
            Self::Conflict { database, .. }
            | Self::SchemaChanged { database, .. }
            | Self::Transient { database, .. }
            | Self::Unavailable { database, .. }
            | Self::PoolTimeout { database, .. }
            | Self::Refused { database, .. }
            | Self::InvalidValue { database, .. }
            | Self::Indeterminate { database, .. } => database,
        }
    }
}
