//! Running a statement: on its own, or tentatively within a transaction.

use bytes::BytesMut;
use pgwire::messages::data::DataRow;

use super::{Answer, CHANGED, Changes, Known, LOCK_TIMEOUT, Pending, ROWS_MAX, SAVEPOINT, Session, TAKE_BACK, Txn};
use crate::dsql::complaint::{Complaint, error, oc000, oc001, over_limit, unsupported};
use crate::dsql::statement::{Ddl, Kind, Lock, Statement, Write};
use crate::dsql::upstream::{Answered, Call, Outcome, Pipeline, put};

/// How a tentative run ended.
enum Tried {
    Done(Outcome),
    /// PostgreSQL saw a row that was changed after our snapshot.
    Conflict,
}

impl Session {
    /// A statement outside any transaction commits itself.
    pub(super) async fn alone(&mut self, statement: &Statement, call: &Call) -> Result<Answer, Complaint> {
        match &statement.kind {
            Kind::Read(tag) => Ok(read_answer(tag, self.upstream.run(call).await?)),
            Kind::Lock(_) => Ok(read_answer("SELECT", self.upstream.run(call).await.map_err(conflict)?)),
            Kind::Set => {
                self.upstream.run(call).await?;
                // The same names may mean other tables now.
                self.upstream.forget();
                Ok(Answer::tag("SET"))
            }
            Kind::Write(write) => {
                let done = self.write_alone(write, call).await;
                self.take_back_alone(&done).await?;
                done
            }
            Kind::Ddl(ddl) => {
                let done = self.ddl_alone(ddl, call).await;
                self.take_back_alone(&done).await?;
                done
            }
            Kind::Begin | Kind::Commit | Kind::Rollback => Err(error("XX000", "not a statement to be run")),
        }
    }

    /// Without RETURNING or not, a conflict may be told at once: statement and COMMIT are one.
    async fn write_alone(&mut self, write: &Write, call: &Call) -> Result<Answer, Complaint> {
        let mut txn = self.begin(true);
        txn.count(write.given_rows.unwrap_or(0), call.size_bytes())?;
        let mut line = Pipeline::new(&self.upstream.client);
        line.text("BEGIN").await;
        if !self.shared.half_latency().is_zero() {
            // The snapshot is taken before the way to the other region, not after it.
            line.text("SELECT 1").await;
            all(line.answers().await)?;
            self.shared.half_way().await;
            line = Pipeline::new(&self.upstream.client);
        }
        line.push(call).await;
        let outcome = all(line.answers().await).map_err(as_oc000)?;
        if outcome.affected > ROWS_MAX {
            return Err(over_limit("transaction row limit exceeded"));
        }
        // Not the other word for it: that one is for transactions a client has opened, and tests wait for it.
        self.upstream.text("END").await.map_err(conflict)?;
        self.shared.half_way().await;
        Ok(write_answer(write, outcome))
    }

    async fn ddl_alone(&mut self, ddl: &Ddl, call: &Call) -> Result<Answer, Complaint> {
        let mut line = Pipeline::new(&self.upstream.client);
        line.text("BEGIN").await;
        line.text(LOCK_TIMEOUT).await;
        line.push(call).await;
        let changed = line.text(CHANGED).await;
        let answers = line.answers().await;
        let really = changed_something(answers.get(changed));
        all(answers).map_err(|complaint| raced_ddl(ddl, complaint))?;
        self.shared.half_way().await;
        self.upstream.text("END").await.map_err(|e| raced_ddl(ddl, e.into()))?;
        if really {
            self.shared.cluster.catalogue_changed();
        }
        self.shared.half_way().await;
        Ok(ddl_answer(ddl))
    }

    async fn take_back_alone(&mut self, done: &Result<Answer, Complaint>) -> Result<(), Complaint> {
        match done {
            Ok(_) | Err(Complaint::Gone) => Ok(()),
            Err(_) => Ok(self.upstream.text("ROLLBACK").await?),
        }
    }

    /// A statement of an open transaction.
    pub(super) async fn within(&mut self, statement: &Statement, call: &Call) -> Result<Answer, Complaint> {
        match &statement.kind {
            Kind::Read(tag) => self.read(tag, call).await,
            Kind::Lock(lock) => self.lock(lock, call).await,
            Kind::Write(write) => self.write(write, call).await,
            Kind::Ddl(ddl) => self.ddl(ddl, call).await,
            Kind::Set => Err(unsupported("setting a parameter inside a transaction is not supported here")),
            Kind::Begin | Kind::Commit | Kind::Rollback => Err(error("XX000", "not a statement to be run")),
        }
    }

    /// Reads in the snapshot, after what the transaction itself has written.
    pub(super) async fn read(&mut self, tag: &'static str, call: &Call) -> Result<Answer, Complaint> {
        let txn = self.txn()?;
        if !txn.doomed && !txn.pending.is_empty() {
            match self.attempt(call, true, false).await? {
                Tried::Done(outcome) => return Ok(read_answer(tag, outcome)),
                Tried::Conflict => self.txn()?.doomed = true,
            }
        }
        let mut line = Pipeline::new(&self.upstream.client);
        self.txn()?.begin(&mut line).await;
        line.push(call).await;
        Ok(read_answer(tag, all(line.answers().await)?))
    }

    async fn lock(&mut self, lock: &Lock, call: &Call) -> Result<Answer, Complaint> {
        if matches!(self.txn()?.changes, Changes::Catalogue { .. }) {
            return Err(mixed());
        }
        if !self.txn()?.doomed {
            match self.attempt(call, true, false).await? {
                Tried::Done(outcome) => {
                    let call = self.touch(lock, call).await?;
                    let txn = self.txn()?;
                    txn.pending.push(Pending { call, rows: None, told: None, table: None });
                    return Ok(read_answer("SELECT", outcome));
                }
                Tried::Conflict => self.txn()?.doomed = true,
            }
        }
        let unlocked = self.upstream.instead(call, &lock.unlocked).await?;
        self.read("SELECT", &unlocked).await
    }

    async fn write(&mut self, write: &Write, call: &Call) -> Result<Answer, Complaint> {
        if let Some(function) = &write.volatile {
            let what = format!("function {function} is not supported here in a write within a transaction");
            return Err(unsupported(what));
        }
        let txn = self.txn()?;
        if matches!(txn.changes, Changes::Catalogue { .. }) {
            return Err(mixed());
        }
        txn.changes = Changes::Rows;
        txn.count(write.given_rows.unwrap_or(0), call.size_bytes())?;
        if !txn.doomed {
            if let Some(outcome) = self.attempt_write(write, call).await? {
                let txn = self.txn()?;
                txn.count(outcome.affected.saturating_sub(write.given_rows.unwrap_or(0)), 0)?;
                let told = write.returning.then(|| outcome.rows.clone());
                let rows = Some(outcome.affected);
                txn.pending.push(Pending { call: call.clone(), rows, told, table: write.table.clone() });
                return Ok(write_answer(write, outcome));
            }
            self.txn()?.doomed = true;
        }
        let rows = self.plausible_rows(write, call).await?;
        Ok(Answer::tag(&format!("{} {rows}", write.tag)))
    }

    /// Tries a write; `None` is a conflict.
    async fn attempt_write(&mut self, write: &Write, call: &Call) -> Result<Option<Outcome>, Complaint> {
        let txn = self.txn()?;
        let before = !txn.pending.is_empty();
        let reads = !write.blind || txn.pending.iter().any(|p| p.table.is_none() || p.table == write.table);
        let mut tried = self.attempt(call, before && reads, false).await;
        if tried.is_err() && before && !reads {
            // It may need an earlier write after all, such as the row that it refers to.
            tried = self.attempt(call, true, false).await;
        }
        match (tried, &write.lenient) {
            (Ok(Tried::Done(outcome)), _) => Ok(Some(outcome)),
            (Ok(Tried::Conflict), _) => Ok(None),
            (Err(complaint), Some(lenient)) if complaint.code() == Some("23505") => {
                // With this clause PostgreSQL tells a key that our snapshot contains from one that came later.
                let lenient = self.upstream.instead(call, lenient).await?;
                match self.attempt(&lenient, true, false).await? {
                    Tried::Conflict => Ok(None),
                    Tried::Done(_) => Err(complaint),
                }
            }
            (Err(complaint), _) => Err(complaint),
        }
    }

    async fn ddl(&mut self, ddl: &Ddl, call: &Call) -> Result<Answer, Complaint> {
        match self.txn()?.changes {
            Changes::Nothing => {}
            Changes::Rows => return Err(mixed()),
            Changes::Catalogue { .. } => {
                return Err(unsupported("multiple ddl statements not supported in a transaction"));
            }
        }
        let tried = self.attempt(call, true, true).await.map_err(|complaint| raced_ddl(ddl, complaint))?;
        let Tried::Done(outcome) = tried else { return Err(oc001()) };
        let txn = self.txn()?;
        txn.changes = Changes::Catalogue { really: outcome.affected == 1 };
        txn.pending.push(Pending { call: call.clone(), rows: None, told: None, table: None });
        Ok(ddl_answer(ddl))
    }

    /// Runs a statement, after the earlier writes if it has to see them, and takes all of it back: no lock is left.
    /// Of a change of the catalogue it tells, as the number of rows, whether there was any.
    async fn attempt(&mut self, call: &Call, replay: bool, ddl: bool) -> Result<Tried, Complaint> {
        let mut line = Pipeline::new(&self.upstream.client);
        let txn = self.txn()?;
        txn.begin(&mut line).await;
        if txn.known == Known::Begun {
            txn.known = Known::Marked;
            line.text(SAVEPOINT).await;
        }
        if replay {
            for pending in &txn.pending {
                line.push(&pending.call).await;
            }
        }
        if ddl {
            line.text(LOCK_TIMEOUT).await;
        }
        let place = line.push(call).await;
        let changed = if ddl { Some(line.text(CHANGED).await) } else { None };
        line.text(TAKE_BACK).await;
        let mut answers = line.answers().await;
        let really = changed.map(|changed| changed_something(answers.get(changed)));
        answers.truncate(place + 1);
        match all(answers) {
            Ok(mut outcome) => {
                if let Some(really) = really {
                    outcome.affected = u64::from(really);
                }
                Ok(Tried::Done(outcome))
            }
            Err(complaint) if is_conflict(&complaint) => Ok(Tried::Conflict),
            Err(complaint) => Err(complaint),
        }
    }
}

impl Txn {
    /// Tells PostgreSQL of the transaction, if it does not know yet.
    async fn begin(&mut self, line: &mut Pipeline) {
        if self.known == Known::Nothing {
            self.known = Known::Begun;
            line.text("BEGIN").await;
        }
    }
}

/// The last answer, if there is no error among them; a lost connection counts before any error.
pub(super) fn all(answers: Vec<Answered>) -> Result<Outcome, Complaint> {
    let mut last = Ok(Outcome::default());
    for answer in answers {
        match (answer.map_err(Complaint::from), &last) {
            (Err(Complaint::Gone), _) => return Err(Complaint::Gone),
            (answer, Ok(_)) => last = answer,
            (_, Err(_)) => {}
        }
    }
    last
}

pub(super) fn is_conflict(complaint: &Complaint) -> bool {
    matches!(complaint.code(), Some("40001" | "40P01"))
}

fn conflict(error: tokio_postgres::Error) -> Complaint {
    as_oc000(error.into())
}

fn as_oc000(complaint: Complaint) -> Complaint {
    if is_conflict(&complaint) { oc000() } else { complaint }
}

/// Two changes of the catalogue that met in PostgreSQL's own tables, or one that met an open reader.
fn raced_ddl(ddl: &Ddl, complaint: Complaint) -> Complaint {
    match complaint.code() {
        Some("40001" | "40P01" | "55P03" | "XX000") => oc001(),
        // A unique index over rows that are not unique is nobody else's fault.
        Some("23505") if !ddl.job => oc001(),
        _ => complaint,
    }
}

fn changed_something(answer: Option<&Answered>) -> bool {
    let row = answer.and_then(|answer| answer.as_ref().ok()).and_then(|outcome| outcome.rows.first());
    row.is_some_and(|row| row.data.ends_with(b"t"))
}

fn mixed() -> Complaint {
    unsupported("ddl and dml are not supported in the same transaction")
}

fn read_answer(tag: &'static str, outcome: Outcome) -> Answer {
    let tag = if tag == "SELECT" { format!("SELECT {}", outcome.rows.len()) } else { tag.to_owned() };
    Answer { tag, rows: outcome.rows, columns: outcome.columns }
}

fn write_answer(write: &Write, outcome: Outcome) -> Answer {
    Answer { tag: format!("{} {}", write.tag, outcome.affected), rows: outcome.rows, columns: outcome.columns }
}

/// A job is answered with its id; here it has ended already.
fn ddl_answer(ddl: &Ddl) -> Answer {
    let mut answer = Answer::tag(ddl.tag);
    if ddl.job {
        let mut data = BytesMut::new();
        put(&mut data, Some(super::super::random_id().as_bytes()));
        answer.rows.push(DataRow::new(data, 1));
        answer.columns = Some(vec!["job_id".to_owned()]);
    }
    answer
}
