//! What is not the purchase: opening seats, listing them, reading the ledger back, keeping runs.

use crate::database::Failure;
use crate::ids::{Backend, BuyerName, FloorId, Region, Round, RunId, SeatId, Ticket};
use crate::run::{Engine, Plan};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A backend's office. Every read begins after it was asked for: nothing here is cached.
#[async_trait]
pub trait BoxOffice: Send + Sync + 'static {
    /// The two regions buyers connect to.
    fn regions(&self) -> [Region; 2];

    /// What it goes by, if it is not what the backend is named after nor stands in for it.
    fn title(&self) -> Option<&str> {
        None
    }

    /// Who is answering, asked of the database now.
    async fn engine(&self) -> Result<Engine, Failure>;

    /// Whether every regional endpoint can be used: it answers, lets us in, and has the tables as they must be. The
    /// failure's source says in one line what is wrong where, and the mend.
    async fn check(&self) -> Result<(), Failure> {
        self.engine().await.map(drop)
    }

    /// Makes the floor's seats where the database needs rows for them; does nothing where they are there.
    async fn make_floor(&self, floor: &FloorId) -> Result<(), Failure>;

    /// Starts the seat's next round and returns it once every replica shows it.
    async fn open_seat(&self, floor: &FloorId, seat: SeatId) -> Result<Round, Failure>;

    /// Opens every seat that was sold since the last reset, of `seats` or of the whole floor, and remembers the rounds
    /// it began. Nobody sees a part of it on a database with transactions.
    async fn reset(&self, floor: &FloorId, seats: Option<&[SeatId]>) -> Result<(), Failure>;

    /// The rows there are, in floor order, the replicas united; a seat without a row is available in round 1.
    async fn seats(&self, floor: &FloorId) -> Result<Vec<SeatRow>, Failure>;

    /// One seat's row as each replica shows it.
    async fn seat_rows(&self, floor: &FloorId, seat: SeatId) -> Result<Vec<SeatRow>, Failure>;

    /// A buyer's sales, newest first.
    async fn tickets(&self, floor: &FloorId, buyer: &BuyerName) -> Result<Vec<Sale>, Failure>;

    /// Confirmed sales per seat and round, the replicas united by ticket. Ever: of every round. Since the last reset: at
    /// least of every round sold more than once and of each seat's latest that was sold; a floor may have a million
    /// rounds that are as they should be.
    async fn counts(&self, floor: &FloorId, span: Span) -> Result<Vec<RoundCount>, Failure>;

    /// How many sales each of `rounds` has, in their order. Here with one question for each seat, as a database needs it
    /// whose queries are about one key; where one statement can ask for all of them, one does.
    async fn round_counts(&self, floor: &FloorId, rounds: &[(SeatId, Round)]) -> Result<Vec<RoundCount>, Failure> {
        let mut counts = Vec::with_capacity(rounds.len());
        for &(seat, round) in rounds {
            let confirmed = self.sales(floor, seat, round).await?.len() as u64;
            counts.push(RoundCount { seat, round, confirmed });
        }
        Ok(counts)
    }

    /// The ledger rows of one round of one seat, oldest first; the replicas united by ticket.
    async fn sales(&self, floor: &FloorId, seat: SeatId, round: Round) -> Result<Vec<Sale>, Failure>;

    /// How many writes this office and its buyers sent a second time so far, because the answer was an error or was
    /// lost; `None` where nothing is ever sent twice.
    fn writes_repeated(&self) -> Option<u64> {
        None
    }
}

/// Keeps runs, in the product's database, for both backends.
#[async_trait]
pub trait RunStore: Send + Sync + 'static {
    /// Stores that a run was begun, so that it is not lost if the server is: its plan, and the floor it is on.
    async fn begin_run(&self, floor: &FloorId, id: &RunId, plan: &Plan) -> Result<(), Failure>;
    /// What was stored of a run when it began; `None` if there is none.
    async fn load_begun(&self, id: &RunId) -> Result<Option<(FloorId, Plan)>, Failure>;

    /// Stores a run's document as it will be handed out, the floor it was on, which the run itself does not name, and
    /// how it was judged when it ended; storing the same run again changes nothing.
    async fn save_run(&self, floor: &FloorId, id: &RunId, judged: &Judged, document: &[u8]) -> Result<(), Failure>;
    /// How many of a floor's stored runs on `backend` were judged how, by the name of the verdict.
    async fn judged_runs(&self, floor: &FloorId, backend: Backend) -> Result<Vec<(String, u64)>, Failure>;
    /// Reads a run's floor and document back; `None` if there is none.
    async fn load_run(&self, id: &RunId) -> Result<Option<(FloorId, Vec<u8>)>, Failure>;

    /// Appends `document` to a record, such as a stress test's, at `place`. A place that is taken keeps what it
    /// has, and the answer is no.
    async fn append_record(&self, record: &RunId, place: u32, document: &str) -> Result<bool, Failure>;
    /// One record's documents in the order of their places; empty if there is none.
    async fn load_record(&self, record: &RunId) -> Result<Vec<String>, Failure>;
    /// The newest records, up to `most`, newest first, and how many documents each has.
    async fn newest_records(&self, most: u32) -> Result<Vec<(RunId, i64)>, Failure>;
    /// The documents of the newest records, up to `most`, newest first: their ids sort by time.
    async fn load_records(&self, most: u32) -> Result<Vec<Vec<String>>, Failure>;
}

/// How a run was judged when it ended. Only counted: a run's page judges the run anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The backend it ran on.
    pub backend: Backend,
    /// The verdict's name, such as "linearizable".
    pub verdict: &'static str,
}

/// How much of the ledger is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// What came since the last reset.
    SinceReset,
    /// Everything.
    Ever,
}

/// A ledger row: one confirmed sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sale {
    /// The chair.
    pub seat: SeatId,
    /// Which sale of it.
    pub round: Round,
    /// The confirmation code.
    pub ticket: Ticket,
    /// To whom.
    pub buyer: BuyerName,
    /// Through which region.
    pub region: Region,
    /// The burst it was sold in, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The attempt that was committed, from 1.
    pub attempt: u32,
    /// The seller's wall clock, in milliseconds since 1970.
    pub sold_at_ms: i64,
}

/// A row of the seats table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeatRow {
    /// The chair.
    pub seat: SeatId,
    /// The sale it is in.
    pub round: Round,
    /// The round the last reset began.
    pub reset_round: Round,
    /// Whom the table shows as its owner.
    pub holder: Option<Holder>,
}

impl SeatRow {
    /// A seat nobody has touched yet.
    pub fn untouched(seat: SeatId) -> Self {
        Self { seat, round: 1, reset_round: 1, holder: None }
    }
}

/// The owner that the seats table displays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Who.
    pub owner: BuyerName,
    /// By which ticket.
    pub ticket: Ticket,
    /// Through which region.
    pub region: Region,
}

/// How many confirmed sales one round of one seat has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoundCount {
    /// The chair.
    pub seat: SeatId,
    /// Which sale of it.
    pub round: Round,
    /// Confirmed sales; more than one is a violation.
    pub confirmed: u64,
}
