//! A statement on its own: a transaction that begins and commits with it.

use super::answers::{all, as_oc000, changed_something, ddl_answer, raced_ddl, read_answer, write_answer};
use super::{Answer, CHANGED, LOCK_TIMEOUT, ROWS_MAX, Session};
use crate::dsql::complaint::{Complaint, error, over_limit};
use crate::dsql::statement::{Ddl, Kind, Statement, Write};
use crate::dsql::upstream::{Call, Pipeline};

impl Session {
    /// A statement outside any transaction commits itself.
    pub(super) async fn alone(&mut self, statement: &Statement, call: &Call) -> Result<Answer, Complaint> {
        match &statement.kind {
            Kind::Read(tag) => Ok(read_answer(tag, self.upstream.run(call).await?)),
            Kind::Lock(_) => Ok(read_answer("SELECT", self.upstream.run(call).await.map_err(|e| as_oc000(e.into()))?)),
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
        self.upstream.text("END").await.map_err(|e| as_oc000(e.into()))?;
        self.shared.half_way().await;
        Ok(write_answer(write, outcome))
    }

    async fn ddl_alone(&mut self, ddl: &Ddl, call: &Call) -> Result<Answer, Complaint> {
        // Before it takes its locks, which everybody else would have to wait for.
        self.shared.half_way().await;
        let mut line = Pipeline::new(&self.upstream.client);
        line.text("BEGIN").await;
        line.text(LOCK_TIMEOUT).await;
        line.push(call).await;
        let changed = line.text(CHANGED).await;
        let answers = line.answers().await;
        let really = changed_something(answers.get(changed));
        all(answers).map_err(|complaint| raced_ddl(ddl, complaint))?;
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
}
