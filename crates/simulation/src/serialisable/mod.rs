//! The control that is right: snapshot reads, the first committer wins. Snapshot isolation is all it gives, and that is
//! serialisable for transactions which write the row they read, as a purchase does.

mod office;
mod state;
mod txn;

pub use txn::SerialisableTxn;

use crate::counter::{Counter, Way};
use onsale::{Database, Failure, FloorId, Region, SeatId};
use state::State;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// The database; cloning it shares it.
#[derive(Clone)]
pub struct Serialisable(Arc<Shared>);

/// How it behaves.
#[derive(Clone, Debug)]
pub struct SerialisableOptions {
    /// The way to it.
    pub way: Way,
    /// When the loser of a race is told.
    pub conflict_at: ConflictAt,
    /// Which answers of COMMIT are lost.
    pub lost: LostCommits,
    /// What is broken on purpose.
    pub flaw: Option<Flaw>,
}

/// When the loser of a race is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictAt {
    /// As PostgreSQL does: a write waits for the row's other writer and fails if that one committed.
    Write,
    /// As Aurora DSQL does: nobody waits, and COMMIT fails if the row was changed since the snapshot.
    Commit,
}

/// Of every hundred COMMITs, how many end with a connection that died, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LostCommits {
    /// COMMIT never arrived; nothing was written.
    pub before_percent: u64,
    /// COMMIT was carried out, its answer was lost.
    pub after_percent: u64,
    /// COMMIT is still under way when its buyer learns that the connection died, and lands within [`Self::LATE_MS_MAX`].
    pub late_percent: u64,
}

impl LostCommits {
    /// How late a COMMIT may land, in milliseconds. A buyer in doubt looks again within 500.
    pub const LATE_MS_MAX: u64 = 800;
}

/// What can be broken on purpose, so that the checks are seen to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nobody is ever told of a conflict; the last committer wins too.
    Unchecked,
    /// A ticket that is looked up after a lost answer is never found.
    Forgetful,
    /// A COMMIT that lands late is not checked for conflicts. Shows at [`ConflictAt::Commit`] only: a row lock is a
    /// fence too.
    Unfenced,
    /// A snapshot misses the newest commit if that is a sale.
    OldSnapshots,
    /// The ledger's row is left out.
    Unrecorded,
}

struct Shared {
    counter: Counter,
    conflict_at: ConflictAt,
    lost: LostCommits,
    flaw: Option<Flaw>,
    state: Mutex<State>,
    rows: Mutex<BTreeMap<(FloorId, SeatId), Arc<Row>>>,
}

/// A row as something that one transaction at a time may write.
type Row = tokio::sync::Mutex<()>;
/// A row that no other transaction writes until this is dropped.
type RowLock = OwnedMutexGuard<()>;

impl Serialisable {
    /// An empty one. Its clock begins now.
    pub fn new(options: SerialisableOptions) -> Self {
        let SerialisableOptions { way, conflict_at, lost, flaw } = options;
        Self(Arc::new(Shared {
            counter: Counter::new("the serialisable control", &way),
            conflict_at,
            lost,
            flaw,
            state: Mutex::default(),
            rows: Mutex::default(),
        }))
    }
}

impl Database for Serialisable {
    type Txn = SerialisableTxn;
    type Reservation = ();
    fn settles_doubt(&self) -> bool {
        true
    }

    async fn connect(&self, region: &Region) -> Result<SerialisableTxn, Failure> {
        let (_, connection) = self.0.counter.connect(region).await?;
        Ok(SerialisableTxn::new(Arc::clone(&self.0), connection))
    }

    async fn warm(&self, _: usize) -> Result<(), Failure> {
        Ok(())
    }
}

impl Shared {
    /// Looks at, or changes, everything at one instant.
    fn at_once<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for the row's other writers, where writers wait.
    async fn lock_row(&self, floor: &FloorId, seat: SeatId) -> Option<RowLock> {
        if self.conflict_at == ConflictAt::Commit {
            return None;
        }
        let row = {
            let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(rows.entry((floor.clone(), seat)).or_default())
        };
        Some(row.lock_owned().await)
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }
}
