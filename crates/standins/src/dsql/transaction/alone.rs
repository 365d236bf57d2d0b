//! A statement on its own: a transaction that begins and commits with it.

use super::answers::{as_oc000, changed_something, ddl_answer, raced_ddl};
use super::{Answer, CHANGED, LOCK_TIMEOUT, ROWS_MAX, Session};
use crate::dsql::complaint::{Complaint, error, over_limit};
use crate::dsql::statement::{Ddl, Kind, Statement, Write};
use crate::dsql::upstream::{Call, Pipeline, all};

impl Session {
    /// A statement outside any transaction commits itself.
    pub(super) async fn alone(&mut self, statement: &Statement, call: &Call) -> Result<Answer, Complaint> {
        match &statement.kind {
            Kind::Read => Ok(self.upstream.run(call).await?.into()),
            Kind::Lock(_) => Ok(self.upstream.run(call).await.map_err(as_oc000)?.into()),
            Kind::Set => {
                // The same names may mean other tables now.
                self.columns.forget();
                Ok(self.upstream.run(call).await?.into())
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
            Kind::Begin { .. } | Kind::Commit | Kind::Rollback | Kind::Deallocate(_) => {
                Err(error("XX000", "not a statement to be run"))
            }
        }
    }

    /// Without RETURNING or not, a conflict may be told at once: statement and COMMIT are one.
    async fn write_alone(&mut self, write: &Write, call: &Call) -> Result<Answer, Complaint> {
        let mut txn = self.begin(true, false);
        txn.count(write.given_rows.unwrap_or(0), call.size_bytes())?;
        let mut line = Pipeline::default();
        line.text("BEGIN");
        if !self.shared.half_latency().is_zero() {
            // The snapshot is taken before the way to the other region, not after it.
            line.text("SELECT 1");
            self.upstream.last(line).await?;
            self.shared.half_way().await;
            line = Pipeline::default();
        }
        line.push(call);
        let outcome = self.upstream.last(line).await.map_err(as_oc000)?;
        if outcome.affected() > ROWS_MAX {
            return Err(over_limit("transaction row limit exceeded"));
        }
        // Not the other word for it: that one is for transactions a client has opened, and tests wait for it.
        self.upstream.text("END").await.map_err(as_oc000)?;
        self.shared.half_way().await;
        Ok(outcome.into())
    }

    async fn ddl_alone(&mut self, ddl: &Ddl, call: &Call) -> Result<Answer, Complaint> {
        // Before it takes its locks, which everybody else would have to wait for.
        self.shared.half_way().await;
        let mut line = Pipeline::default();
        line.text("BEGIN");
        line.text(LOCK_TIMEOUT);
        let place = line.push(call);
        let changed = line.text(CHANGED);
        let mut answers = self.upstream.send(line).await?;
        let really = changed_something(answers.get(changed));
        answers.truncate(place + 1);
        let outcome = all(answers).map_err(|complaint| raced_ddl(ddl, complaint))?;
        self.upstream.text("END").await.map_err(|complaint| raced_ddl(ddl, complaint))?;
        if really {
            self.shared.cluster.catalogue_changed();
        }
        self.shared.half_way().await;
        Ok(ddl_answer(ddl, outcome))
    }

    async fn take_back_alone(&mut self, done: &Result<Answer, Complaint>) -> Result<(), Complaint> {
        match done {
            Ok(_) | Err(Complaint::Gone) => Ok(()),
            Err(_) => self.upstream.text("ROLLBACK").await.map(drop),
        }
    }
}
