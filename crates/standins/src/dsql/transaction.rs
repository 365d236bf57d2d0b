//! Optimistic concurrency on a server that locks: a write is run and taken back at once, remembered, and done at COMMIT.
//!
//! So an open transaction holds no row lock, nobody waits for it, and whoever commits first wins. Everything that was
//! remembered is done again in the same snapshot; PostgreSQL refuses there what has changed since, and that refusal is
//! the conflict which Aurora DSQL reports at COMMIT.

mod alone;
mod answers;
mod commit;
mod doomed;
mod kept;
mod within;

use std::sync::Arc;
use std::time::Instant;

use pgwire::messages::data::{DataRow, FieldDescription};
use pgwire::messages::response::{NoticeResponse, TransactionStatus};

use super::Shared;
use super::complaint::{Complaint, aborted, error, over_limit, unsupported, warning};
use super::statement::{Kind, Statement};
use super::upstream::{Call, Outcome, Upstream};
pub(super) use answers::job_columns;
use kept::Columns;

/// The most rows one transaction may change.
const ROWS_MAX: u64 = 3_000;
/// The most bytes one transaction may write.
const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Taken back to after each write; released only to be set anew.
const SAVEPOINT: &str = "SAVEPOINT tentative";
const RELEASE: &str = "RELEASE tentative";
const TAKE_BACK: &str = "ROLLBACK TO tentative";
/// For changes of the catalogue only: whoever reads a table holds a lock on its definition.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '1s'";
/// Whether the transaction so far has changed anything.
const CHANGED: &str = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL";

/// One client's session: its connection to PostgreSQL and the transaction it is in.
pub(super) struct Session {
    pub(super) upstream: Upstream,
    shared: Arc<Shared>,
    state: State,
    /// What is known of tables whose rows are not the same when they are inserted again.
    columns: Columns,
}

enum State {
    Idle,
    Open(Txn),
    /// A statement failed; nothing is open at PostgreSQL any more.
    Failed,
}

/// An open transaction.
struct Txn {
    since: Instant,
    /// The version of the catalogue it began with.
    catalogue: u64,
    /// Whether it lasts only as long as the query string it began with.
    implicit: bool,
    read_only: bool,
    known: Known,
    pending: Vec<Pending>,
    rows: u64,
    bytes: usize,
    changes: Changes,
    /// A row it wrote was changed after its snapshot: it cannot commit any more.
    doomed: bool,
}

/// What PostgreSQL knows of a transaction. It is told with the first statement, which is when the snapshot is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Known {
    Nothing,
    Begun,
    /// Begun, and there is a savepoint to go back to.
    Marked,
}

/// What a transaction has changed so far; it may change rows or the catalogue, not both.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changes {
    Nothing,
    Rows,
    Catalogue {
        /// Not so for IF NOT EXISTS on what exists.
        really: bool,
    },
}

/// A write to be done at COMMIT.
struct Pending {
    call: Call,
    /// How many rows the client was told it changed.
    rows: Option<u64>,
    /// What the client was told it returned, if anything.
    told: Option<Vec<DataRow>>,
    /// Not known of a change of the catalogue.
    table: Option<String>,
}

/// What a statement is answered with.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) notices: Vec<NoticeResponse>,
    /// Its columns, unless it has none or was described before.
    pub(super) columns: Option<Vec<FieldDescription>>,
    pub(super) rows: Vec<DataRow>,
    pub(super) tag: String,
}

impl Answer {
    pub(super) fn tag(tag: &str) -> Self {
        Self { tag: tag.to_owned(), ..Self::default() }
    }

    /// What PostgreSQL does too, but not without a word.
    fn warned(tag: &str, code: &str, message: &str) -> Self {
        Self { notices: vec![warning(code, message)], ..Self::tag(tag) }
    }
}

impl From<Outcome> for Answer {
    fn from(Outcome { columns, rows, tag, notices, .. }: Outcome) -> Self {
        Self { notices, columns, rows, tag }
    }
}

impl Session {
    pub(super) fn new(upstream: Upstream, shared: Arc<Shared>) -> Self {
        Self { upstream, shared, state: State::Idle, columns: Columns::default() }
    }

    /// What the client is told with each `ReadyForQuery`.
    pub(super) fn status(&self) -> TransactionStatus {
        match &self.state {
            State::Open(txn) if !txn.implicit => TransactionStatus::Transaction,
            State::Idle | State::Open(_) => TransactionStatus::Idle,
            State::Failed => TransactionStatus::Error,
        }
    }

    /// Whether a statement would be a transaction of its own.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// Whether statements are refused until the transaction ends.
    pub(super) fn is_aborted(&self) -> bool {
        matches!(self.state, State::Failed)
    }

    /// Runs one statement.
    pub(super) async fn run(&mut self, statement: &Statement, call: &Call) -> Result<Answer, Complaint> {
        let done = self.dispatch(statement, call).await;
        if done.is_err() {
            self.fail().await?;
        }
        done
    }

    /// Opens the transaction that several statements are which are sent together.
    pub(super) fn begin_implicit(&mut self) {
        if self.is_idle() {
            self.state = State::Open(self.begin(true, false));
        }
    }

    /// Ends it, if it is still that.
    pub(super) async fn end_implicit(&mut self) -> Result<(), Complaint> {
        if matches!(&self.state, State::Open(txn) if txn.implicit) {
            self.commit().await?;
        }
        Ok(())
    }

    /// After a failed statement: takes everything back and refuses what follows, as PostgreSQL does.
    pub(super) async fn fail(&mut self) -> Result<(), Complaint> {
        if let State::Open(txn) = &self.state {
            let (begun, implicit) = (txn.known != Known::Nothing, txn.implicit);
            self.state = if implicit { State::Idle } else { State::Failed };
            if begun {
                self.upstream.text("ROLLBACK").await?;
            }
        }
        Ok(())
    }

    async fn dispatch(&mut self, statement: &Statement, call: &Call) -> Result<Answer, Complaint> {
        match (&statement.kind, &mut self.state) {
            (Kind::Commit, State::Open(_)) => self.commit().await,
            (Kind::Rollback, State::Open(txn)) => {
                let begun = txn.known != Known::Nothing;
                self.state = State::Idle;
                if begun {
                    self.upstream.text("ROLLBACK").await?;
                    self.columns.forget(); // a SET may have been taken back
                }
                Ok(Answer::tag("ROLLBACK"))
            }
            (Kind::Commit | Kind::Rollback, State::Failed) => {
                self.state = State::Idle;
                Ok(Answer::tag("ROLLBACK"))
            }
            (_, State::Failed) => Err(aborted()),
            (Kind::Commit, State::Idle) => Ok(Answer::warned("COMMIT", "25P01", "there is no transaction in progress")),
            (Kind::Rollback, State::Idle) => {
                Ok(Answer::warned("ROLLBACK", "25P01", "there is no transaction in progress"))
            }
            (Kind::Begin { .. }, State::Open(txn)) if !txn.implicit => {
                Ok(Answer::warned("BEGIN", "25001", "there is already a transaction in progress"))
            }
            (Kind::Begin { read_only }, State::Open(txn)) => {
                if *read_only && txn.known != Known::Nothing {
                    return Err(unsupported(
                        "BEGIN READ ONLY after other statements of a query string is not supported here",
                    ));
                }
                (txn.implicit, txn.read_only) = (false, *read_only);
                Ok(Answer::tag("BEGIN"))
            }
            (Kind::Begin { read_only }, State::Idle) => {
                self.state = State::Open(self.begin(false, *read_only));
                Ok(Answer::tag("BEGIN"))
            }
            (_, State::Idle) => self.alone(statement, call).await,
            (_, State::Open(txn)) => {
                if txn.since.elapsed() > self.shared.options.txn_age {
                    return Err(self.too_old());
                }
                self.within(statement, call).await
            }
        }
    }

    fn begin(&self, implicit: bool, read_only: bool) -> Txn {
        Txn {
            since: Instant::now(),
            catalogue: self.shared.cluster.catalogue(),
            implicit,
            read_only,
            known: Known::Nothing,
            pending: Vec::new(),
            rows: 0,
            bytes: 0,
            changes: Changes::Nothing,
            doomed: false,
        }
    }

    fn too_old(&self) -> Complaint {
        over_limit(format!("transaction age limit of {}s exceeded", self.shared.options.txn_age.as_secs()))
    }

    /// The open transaction; only asked for where there is one.
    fn txn(&mut self) -> Result<&mut Txn, Complaint> {
        match &mut self.state {
            State::Open(txn) => Ok(txn),
            _ => Err(error("XX000", "no transaction is open")),
        }
    }
}

impl Txn {
    /// Counts a write, and refuses the one that is too much.
    fn count(&mut self, rows: u64, bytes: usize) -> Result<(), Complaint> {
        self.rows += rows;
        self.bytes += bytes;
        if self.rows > ROWS_MAX {
            return Err(over_limit("transaction row limit exceeded"));
        }
        if self.bytes > BYTES_MAX {
            return Err(over_limit("transaction size limit 10mb exceeded"));
        }
        Ok(())
    }
}
