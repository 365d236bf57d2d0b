//! COMMIT: everything that was remembered is done in the snapshot it was tried in, and PostgreSQL judges.

use pgwire::messages::data::DataRow;

use super::{Answer, Changes, Known, LOCK_TIMEOUT, Session, State, Txn};
use crate::dsql::complaint::{Complaint, oc000, oc001, unsupported};
use crate::dsql::upstream::{Answered, Pipeline, all};

impl Session {
    /// Ends the open transaction, well or not.
    pub(super) async fn commit(&mut self) -> Result<Answer, Complaint> {
        let State::Open(txn) = std::mem::replace(&mut self.state, State::Idle) else {
            return Ok(Answer::tag("COMMIT"));
        };
        if txn.known == Known::Nothing {
            return Ok(Answer::tag("COMMIT"));
        }
        if txn.since.elapsed() > self.shared.options.txn_age {
            self.upstream.text("ROLLBACK").await?;
            return Err(self.too_old());
        }
        // Only what changes something has to be agreed on with the other region. No lock is held on the way.
        let agreed = txn.doomed || !txn.pending.is_empty();
        if agreed {
            self.shared.half_way().await;
        }
        let verdict = self.adjudicate(&txn).await;
        if agreed && !matches!(verdict, Err(Complaint::Gone)) {
            self.shared.half_way().await;
        }
        verdict.map(|()| Answer::tag("COMMIT"))
    }

    async fn adjudicate(&mut self, txn: &Txn) -> Result<(), Complaint> {
        let conflict = if txn.doomed {
            Some(oc000())
        } else if txn.catalogue != self.shared.cluster.catalogue() {
            Some(oc001())
        } else {
            None
        };
        if let Some(conflict) = conflict {
            self.upstream.text("ROLLBACK").await?;
            return Err(conflict);
        }
        if let Err(complaint) = self.replay(txn).await {
            if !matches!(complaint, Complaint::Gone) {
                self.upstream.text("ROLLBACK").await?;
            }
            return Err(complaint);
        }
        // Sent alone: a server that finds its client gone while it answers what came before never reads this.
        let end = if txn.implicit { "END" } else { "COMMIT" };
        let ended = self.upstream.text(end).await;
        ended.map_err(|complaint| match complaint.code() {
            // A deferred constraint, checked here for the first time.
            Some(code) if code.starts_with("23") => complaint,
            _ => conflicting(txn, complaint),
        })?;
        if txn.changes == (Changes::Catalogue { really: true }) {
            self.shared.cluster.catalogue_changed();
        }
        Ok(())
    }

    /// Does again, and for good, what was done and taken back.
    async fn replay(&mut self, txn: &Txn) -> Result<(), Complaint> {
        if txn.pending.is_empty() {
            return Ok(());
        }
        let mut line = Pipeline::default();
        if matches!(txn.changes, Changes::Catalogue { .. }) {
            line.text(LOCK_TIMEOUT);
        }
        let first = line.len();
        for pending in &txn.pending {
            line.push(&pending.call);
        }
        let answers = self.upstream.send(line).await?;
        let same = repeated(txn, answers.get(first..).unwrap_or_default());
        all(answers).map_err(|complaint| conflicting(txn, complaint)).and(same)
    }
}

/// What went well before and fails now is another transaction's doing.
fn conflicting(txn: &Txn, complaint: Complaint) -> Complaint {
    let Some(code) = complaint.code() else { return complaint };
    let catalogue = matches!(txn.changes, Changes::Catalogue { .. });
    match code.get(..2) {
        _ if catalogue => oc001(),
        // A row or a key that is now another's; a row referred to that is gone.
        Some("40" | "23") => oc000(),
        // A table or column that is gone.
        Some("42") => oc001(),
        _ => complaint,
    }
}

/// Whether the client was told the truth: what a default made up, such as a random key, comes out differently.
fn repeated(txn: &Txn, answers: &[Answered]) -> Result<(), Complaint> {
    let sorted = |rows: &[DataRow]| {
        let mut data: Vec<Vec<u8>> = rows.iter().map(|row| row.data.to_vec()).collect();
        data.sort_unstable();
        data
    };
    for (pending, answer) in txn.pending.iter().zip(answers) {
        let Ok(outcome) = answer else { continue };
        let other_rows = pending.told.as_ref().is_some_and(|told| sorted(told) != sorted(&outcome.rows));
        if other_rows || pending.rows.is_some_and(|rows| rows != outcome.affected()) {
            return Err(unsupported("a write that differs each time it is run is not supported here in a transaction"));
        }
    }
    Ok(())
}
