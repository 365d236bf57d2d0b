//! What a burst recorded: every buyer's operation on one monotonic clock.

use crate::ids::{BuyerName, Region, Round, SeatId, Ticket};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use smallvec::SmallVec;
use std::fmt;

/// One buyer's call, from the fall of the barrier to the answer. Times are microseconds since the run's clock began,
/// before its seat was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Who.
    pub buyer: BuyerName,
    /// Where the buyer connects.
    pub region: Region,
    /// The seat wanted.
    pub seat: SeatId,
    /// The ticket asked for; never asked for twice.
    pub ticket: Ticket,
    /// The call began.
    pub start_us: u64,
    /// The first connection was there; what lies before is waiting, not buying. `None`: it never came.
    pub connected_us: Option<u64>,
    /// The buyer was told.
    pub end_us: u64,
    /// How often the purchase ran, at least 1.
    pub attempts: u32,
    /// How often the database aborted it as racing (40001).
    pub conflicts: u32,
    /// How often the database aborted it because its tables were changed (OC001); no race of buyers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub schema_conflicts: u32,
    /// What each attempt read.
    #[serde(serialize_with = "as_list", deserialize_with = "from_list")]
    pub reads: Reads,
    /// What the buyer was told.
    pub outcome: Outcome,
    /// Why, for an error or an unknown outcome, in words a visitor may read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
}

impl Operation {
    /// Whether the buyer read "available" in any attempt: only such buyers race.
    pub fn contended(&self) -> bool {
        self.reads.iter().any(|read| read.seen == Seen::Available)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// What the attempts of an operation read. The first read stands in the operation itself: a run may have a million of
/// them, and most buyers read once or twice.
pub type Reads = SmallVec<[Read; 1]>;

fn as_list<S: Serializer>(reads: &Reads, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(reads)
}

fn from_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Reads, D::Error> {
    struct List;
    impl<'de> Visitor<'de> for List {
        type Value = Reads;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of reads")
        }
        fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Reads, S::Error> {
            let mut reads = Reads::new();
            while let Some(read) = seq.next_element()? {
                reads.push(read);
            }
            Ok(reads)
        }
    }
    deserializer.deserialize_seq(List)
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Told "the seat is yours".
    Confirmed,
    /// Told "sold": the seat was read as sold.
    Rejected,
    /// It certainly did not happen.
    Error,
    /// It may have happened.
    Unknown,
}

impl Outcome {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }
}

/// One read of the seat's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Read {
    /// The read was sent.
    pub start_us: u64,
    /// Its answer was there.
    pub end_us: u64,
    /// The round the row was in.
    pub round: Round,
    /// What stood there.
    pub seen: Seen,
}

impl Read {
    /// Whether somebody held the seat.
    pub fn saw_sold(&self) -> bool {
        matches!(self.seen, Seen::Sold(_))
    }
}

/// What a read saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Seen {
    /// Nobody held the seat.
    Available,
    /// This ticket held it.
    Sold(Ticket),
}

/// The operation that began a seat's round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opening {
    /// The seat.
    pub seat: SeatId,
    /// The round it began.
    pub round: Round,
    /// It was asked for.
    pub start_us: u64,
    /// Every replica showed it.
    pub end_us: u64,
}
