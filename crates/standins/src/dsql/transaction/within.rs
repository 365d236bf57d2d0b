//! A statement of an open transaction: run tentatively, so that it leaves no lock behind.

use std::sync::Arc;

use super::answers::{changed_something, ddl_answer, is_conflict, raced_ddl};
use super::{Answer, CHANGED, Changes, Known, LOCK_TIMEOUT, Pending, RELEASE, SAVEPOINT, Session, TAKE_BACK, Txn};
use crate::dsql::complaint::{Complaint, error, oc001, unsupported};
use crate::dsql::statement::{Ddl, Kind, Lock, Statement, Write};
use crate::dsql::upstream::{Answered, Call, Outcome, Pipeline, all};

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
            Kind::Read => self.read(call).await.map(Answer::from),
            Kind::Lock(lock) => self.lock(lock, call).await,
            Kind::Write(write) => self.write(write, call).await,
            Kind::Ddl(ddl) => self.ddl(ddl, call).await,
            Kind::Set => self.set(call).await,
            Kind::Begin { .. } | Kind::Commit | Kind::Rollback | Kind::Deallocate(_) => {
                Err(error("XX000", "not a statement to be run"))
            }
        }
    }

    /// Reads in the snapshot, after what the transaction itself has written.
    pub(super) async fn read(&mut self, call: &Call) -> Answered {
        let txn = self.txn()?;
        if !txn.doomed && !txn.pending.is_empty() {
            match self.attempt(call, true, false).await? {
                Tried::Done(outcome) => return Ok(outcome),
                Tried::Conflict => self.txn()?.doomed = true,
            }
        }
        let mut line = Pipeline::default();
        self.txn()?.begin(&mut line);
        line.push(call);
        self.upstream.last(line).await
    }

    /// Sets a parameter below the savepoint, or going back to that would set it back.
    async fn set(&mut self, call: &Call) -> Result<Answer, Complaint> {
        self.columns.forget();
        let txn = self.txn()?;
        let mut line = Pipeline::default();
        txn.begin(&mut line);
        let marked = txn.known == Known::Marked;
        if marked {
            line.text(RELEASE);
        }
        let place = line.push(call);
        if marked {
            line.text(SAVEPOINT);
        }
        let mut answers = self.upstream.send(line).await?;
        answers.truncate(place + 1);
        all(answers).map(Answer::from)
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
                    return Ok(outcome.into());
                }
                Tried::Conflict => self.txn()?.doomed = true,
            }
        }
        let unlocked = self.upstream.instead(call, &lock.unlocked, false).await?;
        self.read(&unlocked).await.map(Answer::from)
    }

    async fn write(&mut self, write: &Write, call: &Call) -> Result<Answer, Complaint> {
        if let (Some(function), None) = (&write.volatile, &write.into) {
            let what = format!("function {function} is not supported here in such a write within a transaction");
            return Err(unsupported(what));
        }
        let txn = self.txn()?;
        if matches!(txn.changes, Changes::Catalogue { .. }) {
            return Err(mixed());
        }
        txn.changes = Changes::Rows;
        txn.count(write.given_rows.unwrap_or(0), call.size_bytes())?;
        if !txn.doomed {
            let keeping = self.keeping(write, call).await?;
            let tried = keeping.as_ref().map_or(call, |keeping| &keeping.call);
            if let Some(mut outcome) = self.attempt_write(write, tried).await? {
                let rows = outcome.affected();
                let mut pending =
                    Pending { call: call.clone(), rows: Some(rows), told: None, table: write.table.clone() };
                match keeping {
                    Some(keeping) => pending.call = keeping.keep(&mut outcome),
                    None => pending.told = write.returning.then(|| outcome.rows.clone()),
                }
                let txn = self.txn()?;
                txn.count(rows.saturating_sub(write.given_rows.unwrap_or(0)), 0)?;
                if rows > 0 || write.into.is_none() {
                    txn.pending.push(pending);
                }
                return Ok(outcome.into());
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
                let lenient = self.upstream.instead(call, lenient, true).await?;
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
        txn.changes = Changes::Catalogue { really: outcome.changed };
        txn.pending.push(Pending { call: call.clone(), rows: None, told: None, table: None });
        Ok(ddl_answer(ddl, outcome))
    }

    /// Runs a statement, after the earlier writes if it has to see them, and takes all of it back: no lock is left.
    async fn attempt(&mut self, call: &Call, replay: bool, ddl: bool) -> Result<Tried, Complaint> {
        let shared = Arc::clone(&self.shared);
        let _turn = shared.cluster.turn().await;
        let mut line = Pipeline::default();
        let txn = self.txn()?;
        txn.begin(&mut line);
        if txn.known == Known::Begun {
            txn.known = Known::Marked;
            line.text(SAVEPOINT);
        }
        if replay {
            for pending in &txn.pending {
                line.push(&pending.call);
            }
        }
        if ddl {
            line.text(LOCK_TIMEOUT);
        }
        let place = line.push(call);
        let changed = ddl.then(|| line.text(CHANGED));
        line.text(TAKE_BACK);
        let mut answers = self.upstream.send(line).await?;
        let changed = changed.is_some_and(|changed| changed_something(answers.get(changed)));
        answers.truncate(place + 1);
        match all(answers) {
            Ok(mut outcome) => {
                outcome.changed = changed;
                Ok(Tried::Done(outcome))
            }
            Err(complaint) if is_conflict(&complaint) => Ok(Tried::Conflict),
            Err(complaint) => Err(complaint),
        }
    }
}

impl Txn {
    /// Tells PostgreSQL of the transaction, if it does not know yet.
    fn begin(&mut self, line: &mut Pipeline) {
        if self.known == Known::Nothing {
            self.known = Known::Begun;
            line.text(if self.read_only { "BEGIN READ ONLY" } else { "BEGIN" });
        }
    }
}

fn mixed() -> Complaint {
    unsupported("ddl and dml are not supported in the same transaction")
}
