//! Removing the tables: the replica first, because AWS keeps a table that was copied within a day while a copy lives.

use super::{SERVICE, Tables, setup::incomplete};
use crate::{
    Call, Kind, Trouble,
    wait::{Seen, Watch, until},
};
use aws_sdk_dynamodb::{
    operation::delete_table::DeleteTableError,
    types::{ReplicaStatus, TableStatus},
};

/// The tables that are ours, and the steps until they are gone.
pub(crate) struct Removal {
    pub(crate) tables: Tables,
    steps: Vec<Step>,
}

/// One step, for the table of this index; with a place, for that region's.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// While AWS makes or changes it, it cannot be deleted.
    AwaitRest(usize),
    Unreplicate(usize),
    AwaitAlone(usize),
    Delete(usize, usize),
    AwaitGone(usize, usize),
}

impl Removal {
    /// Finds what remains; refuses to touch a table that is not ours.
    pub(crate) fn new(tables: Tables) -> Result<Self, Trouble> {
        (0..tables.both.len()).try_for_each(|it| tables.ours(it))?;
        let steps = tables.removing_steps();
        Ok(Self { tables, steps })
    }

    /// What would be lost, a line each.
    pub(crate) fn things(&self) -> Vec<String> {
        let all = self.tables.both.iter().flat_map(|table| table.seen.iter().flatten());
        all.map(|it| format!("{} ({}) with all its items", it.title(), it.status())).collect()
    }

    /// What remains, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.steps.iter().map(|step| self.tables.removing_call(*step)).collect()
    }

    /// Makes those calls.
    pub(crate) async fn run(&self, watch: Watch<'_>) -> Result<(), Trouble> {
        for step in &self.steps {
            self.tables.remove(*step, watch).await?;
        }
        Ok(())
    }
}

impl Tables {
    fn removing_steps(&self) -> Vec<Step> {
        let mut phases: [Vec<Step>; 5] = Default::default();
        for (it, table) in self.both.iter().enumerate() {
            let away = 1 - table.home;
            let Some(home) = &table.seen[table.home] else { continue };
            let replica = home.replica_status(&self.places[away].region);
            let is_leaving = home.status() == TableStatus::Deleting;
            if !is_leaving {
                let replica_rests = matches!(replica, None | Some(ReplicaStatus::Active | ReplicaStatus::Deleting));
                if home.status() != TableStatus::Active && replica != Some(ReplicaStatus::Deleting) || !replica_rests {
                    phases[0].push(Step::AwaitRest(it));
                }
                match replica {
                    Some(ReplicaStatus::Deleting) => phases[2].push(Step::AwaitAlone(it)),
                    Some(_) => {
                        phases[1].push(Step::Unreplicate(it));
                        phases[2].push(Step::AwaitAlone(it));
                    }
                    None => {}
                }
                phases[3].push(Step::Delete(it, table.home));
            }
            phases[4].push(Step::AwaitGone(it, table.home));
            // A table of its own, once a replica of the other.
            if let (Some(second), None) = (&table.seen[away], replica) {
                if second.status() != TableStatus::Deleting {
                    phases[3].push(Step::Delete(it, away));
                }
                phases[4].push(Step::AwaitGone(it, away));
            }
        }
        phases.concat()
    }

    fn removing_call(&self, step: Step) -> Call {
        let (Step::AwaitRest(it)
        | Step::Unreplicate(it)
        | Step::AwaitAlone(it)
        | Step::Delete(it, _)
        | Step::AwaitGone(it, _)) = step;
        let table = &self.both[it].name;
        let home = &self.places[self.home(it)].region;
        let away = &self.places[1 - self.home(it)].region;
        match step {
            Step::AwaitRest(_) => Call::waits(SERVICE, home, "DescribeTable", format!("{table} until it is at rest")),
            Step::Unreplicate(_) => {
                Call::changes(SERVICE, home, "UpdateTable", format!("{table} delete replica={away}"))
            }
            Step::AwaitAlone(_) => {
                Call::waits(SERVICE, home, "DescribeTable", format!("{table} until its replica in {away} is gone"))
            }
            Step::Delete(_, at) => Call::changes(SERVICE, &self.places[at].region, "DeleteTable", table),
            Step::AwaitGone(_, at) => {
                Call::waits(SERVICE, &self.places[at].region, "DescribeTable", format!("{table} until it is gone"))
            }
        }
    }

    async fn remove(&self, step: Step, watch: Watch<'_>) -> Result<(), Trouble> {
        let call = self.removing_call(step);
        if call.kind == Kind::Changes {
            watch.say(&format!("{}: {}", call.title(), call.parameters));
        }
        match step {
            Step::Unreplicate(it) => {
                let home = self.home(it);
                let request = self.places[home].unreplicate(&self.both[it].name, &self.places[1 - home].region);
                let sent = Box::pin(request.map_err(incomplete)?.send()).await;
                sent.map(drop).map_err(|error| Trouble::call(call, error))
            }
            Step::Delete(it, at) => {
                let request = self.places[at].client.delete_table().table_name(&self.both[it].name);
                match Box::pin(request.send()).await {
                    Ok(_) => Ok(()),
                    // Somebody was quicker.
                    Err(e) if matches!(e.as_service_error(), Some(DeleteTableError::ResourceNotFoundException(_))) => {
                        Ok(())
                    }
                    Err(error) => Err(Trouble::call(call, error)),
                }
            }
            Step::AwaitRest(it) => self.rest(it, watch).await,
            Step::AwaitAlone(it) => {
                let away = 1 - self.home(it);
                self.alone(it, watch).await?;
                self.gone(it, away, watch).await
            }
            Step::AwaitGone(it, at) => self.gone(it, at, watch).await,
        }
    }

    /// Until neither the table at home nor its replica is being made or changed.
    async fn rest(&self, it: usize, watch: Watch<'_>) -> Result<(), Trouble> {
        let busy = |status: &str| matches!(status, "CREATING" | "UPDATING");
        self.at_home_until(it, "rest", |status, replica| busy(status) || replica.is_some_and(busy), watch).await
    }

    /// Until the table at home has no replica any more and accepts the next change.
    async fn alone(&self, it: usize, watch: Watch<'_>) -> Result<(), Trouble> {
        let busy = |status: &str, replica: Option<&str>| status == "UPDATING" || replica.is_some();
        self.at_home_until(it, "no replica", busy, watch).await
    }

    async fn at_home_until(
        &self,
        it: usize,
        goal: &str,
        busy: impl Fn(&str, Option<&str>) -> bool,
        watch: Watch<'_>,
    ) -> Result<(), Trouble> {
        let home = self.home(it);
        let (place, table) = (&self.places[home], &self.both[it].name);
        let away = &self.places[1 - home].region;
        until(watch, &place.title(table), goal, async || {
            let Some(description) = place.describe(table).await? else { return Ok(Seen::Done(())) };
            let seen = super::Replica { description, is_tagged: true };
            let (status, replica) = (seen.status(), seen.replica_status(away));
            let replica = replica.as_ref().map(ReplicaStatus::as_str);
            if !busy(status.as_str(), replica) {
                return Ok(Seen::Done(()));
            }
            let there = replica.map_or_else(String::new, |it| format!(", replica in {away} {it}"));
            Ok(Seen::NotYet(format!("{status}{there}")))
        })
        .await
    }

    async fn gone(&self, it: usize, at: usize, watch: Watch<'_>) -> Result<(), Trouble> {
        let (place, table) = (&self.places[at], &self.both[it].name);
        until(watch, &place.title(table), "gone", async || {
            Ok(match place.describe(table).await? {
                Some(it) => Seen::NotYet(it.table_status().map_or_else(String::new, ToString::to_string)),
                None => Seen::Done(()),
            })
        })
        .await
    }
}
