//! A statement of an open transaction: run tentatively, so that it leaves no lock behind.

use std::sync::Arc;

use super::answers::{all, changed_something, ddl_answer, is_conflict, raced_ddl, read_answer, write_answer};
use super::{Answer, CHANGED, Changes, Known, LOCK_TIMEOUT, Pending, SAVEPOINT, Session, TAKE_BACK, Txn};
use crate::dsql::complaint::{Complaint, error, oc001, unsupported};
use crate::dsql::statement::{Ddl, Kind, Lock, Statement, Write};
use crate::dsql::upstream::{Call, Outcome, Pipeline};

/// How a tentative run ended.
enum Tried {
    Done(Outcome),
    /// PostgreSQL saw a row that was changed after our snapshot.
    Conflict,
}

impl Session {
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
        let shared = Arc::clone(&self.shared);
        let _turn = shared.cluster.turn().await;
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

fn mixed() -> Complaint {
    unsupported("ddl and dml are not supported in the same transaction")
}
