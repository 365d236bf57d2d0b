//! Making the tables: what remains to be done, and doing it.

use super::{Place, SERVICE, Table, Tables, judge, requests};
use crate::{
    Call, Kind, TAG, Trouble,
    wait::{Seen, Watch, until},
};
use aws_sdk_dynamodb::{
    error::BuildError,
    types::{ReplicaStatus, TableStatus},
};

/// The tables and the steps that remain until both are active in both regions.
pub(crate) struct Setup {
    pub(crate) tables: Tables,
    steps: Vec<Step>,
}

/// One step, for the table of this index.
#[derive(Clone, Copy, Debug)]
enum Step {
    Create(usize),
    AwaitTable(usize),
    Replicate(usize),
    /// Until both sides call the replica active.
    AwaitReplica(usize),
    /// AWS does not copy tags to a replica.
    Tag(usize),
}

impl Setup {
    /// Judges what is there and finds what remains.
    pub(crate) fn new(tables: Tables) -> Result<Self, Trouble> {
        tables.judge()?;
        tables.joined()?;
        let steps = tables.steps();
        Ok(Self { tables, steps })
    }

    /// What remains, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.steps.iter().map(|step| self.tables.call(*step)).collect()
    }

    /// Makes those calls.
    pub(crate) async fn run(&mut self, watch: Watch<'_>) -> Result<(), Trouble> {
        for step in self.steps.clone() {
            self.tables.take(step, watch).await?;
        }
        Ok(())
    }
}

impl Tables {
    fn steps(&self) -> Vec<Step> {
        let all = || 0..self.both.len();
        let mut steps: Vec<_> = all().filter(|it| self.at_home(*it).is_none()).map(Step::Create).collect();
        let is_active = |it: usize| self.at_home(it).is_some_and(|home| home.status() == TableStatus::Active);
        let is_alone = |it: usize| self.replica(it).is_none();
        steps.extend(all().filter(|it| is_alone(*it) && !is_active(*it)).map(Step::AwaitTable));
        steps.extend(all().filter(|it| is_alone(*it)).map(Step::Replicate));
        steps.extend(all().filter(|it| !self.is_whole(*it)).map(Step::AwaitReplica));
        steps.extend(all().filter(|it| !self.away(*it).is_some_and(|away| away.is_tagged)).map(Step::Tag));
        steps
    }

    fn at_home(&self, table: usize) -> Option<&super::Replica> {
        self.both[table].seen[self.home(table)].as_ref()
    }

    fn away(&self, table: usize) -> Option<&super::Replica> {
        self.both[table].seen[1 - self.home(table)].as_ref()
    }

    /// What the table at home says of its replica.
    fn replica(&self, table: usize) -> Option<ReplicaStatus> {
        self.at_home(table)?.replica_status(&self.places[1 - self.home(table)].region)
    }

    /// Active on both sides.
    fn is_whole(&self, table: usize) -> bool {
        let active = |it: Option<&super::Replica>| it.is_some_and(|it| it.status() == TableStatus::Active);
        self.replica(table) == Some(ReplicaStatus::Active) && active(self.at_home(table)) && active(self.away(table))
    }

    fn call(&self, step: Step) -> Call {
        let (Step::Create(it) | Step::AwaitTable(it) | Step::Replicate(it) | Step::AwaitReplica(it) | Step::Tag(it)) =
            step;
        let Table { name: table, sort_key, .. } = &self.both[it];
        let home = &self.places[self.home(it)].region;
        let away = &self.places[1 - self.home(it)].region;
        let name = &self.name;
        match step {
            Step::Create(_) => Call::changes(
                SERVICE,
                home,
                "CreateTable",
                format!(
                    "{table} key=({}, {sort_key}) PAY_PER_REQUEST stream=NEW_AND_OLD_IMAGES tags={{{TAG}={name}}}",
                    requests::PARTITION_KEY
                ),
            ),
            Step::AwaitTable(_) => Call::waits(SERVICE, home, "DescribeTable", format!("{table} until ACTIVE")),
            Step::Replicate(_) => Call::changes(
                SERVICE,
                home,
                "UpdateTable",
                format!("{table} replica={away} multiRegionConsistency=EVENTUAL"),
            ),
            Step::AwaitReplica(_) => {
                Call::waits(SERVICE, away, "DescribeTable", format!("{table} until ACTIVE, in {home} too"))
            }
            Step::Tag(_) => Call::changes(SERVICE, away, "TagResource", format!("{table} tags={{{TAG}={name}}}")),
        }
    }

    async fn take(&mut self, step: Step, watch: Watch<'_>) -> Result<(), Trouble> {
        let call = self.call(step);
        if call.kind == Kind::Changes {
            watch.say(&format!("{}: {}", call.title(), call.parameters));
        }
        match step {
            Step::Create(it) => {
                let Table { name: table, sort_key, .. } = &self.both[it];
                let request = self.places[self.home(it)].create(table, sort_key, &self.name);
                let sent = Box::pin(request.map_err(incomplete)?.send()).await;
                sent.map(drop).map_err(|error| Trouble::call(call, error))
            }
            Step::Replicate(it) => {
                let home = self.home(it);
                let request = self.places[home].replicate(&self.both[it].name, &self.places[1 - home].region);
                let sent = Box::pin(request.map_err(incomplete)?.send()).await;
                sent.map(drop).map_err(|error| Trouble::call(call, error))
            }
            Step::Tag(it) => {
                let arn = self.away(it).map(super::Replica::arn).unwrap_or_default();
                let client = &self.places[1 - self.home(it)].client;
                let tag = requests::tag(&self.name).map_err(incomplete)?;
                let sent = Box::pin(client.tag_resource().resource_arn(arn).tags(tag).send()).await;
                sent.map(drop).map_err(|error| Trouble::call(call, error))
            }
            Step::AwaitTable(it) => self.wait(it, false, watch).await,
            Step::AwaitReplica(it) => self.wait(it, true, watch).await,
        }
    }

    /// Until the table is active: at home, or on both sides.
    async fn wait(&mut self, it: usize, with_replica: bool, watch: Watch<'_>) -> Result<(), Trouble> {
        let home = self.home(it);
        let away = self.places[1 - home].region.clone();
        let thing = format!("table {} in {}", self.both[it].name, self.places[home].region);
        self.wait_in(it, home, &thing, with_replica.then_some(&away), watch).await?;
        if with_replica {
            let thing = format!("table {} in {away}", self.both[it].name);
            self.wait_in(it, 1 - home, &thing, None, watch).await?;
        }
        Ok(())
    }

    /// Until the table is active in that place, and its replica, if one is named, by its account too.
    async fn wait_in(
        &mut self,
        it: usize,
        at: usize,
        thing: &str,
        replica: Option<&String>,
        watch: Watch<'_>,
    ) -> Result<(), Trouble> {
        let (place, name, table) = (&self.places[at], &self.name, &self.both[it].name);
        let goal = replica.map_or_else(|| "ACTIVE".to_owned(), |region| format!("ACTIVE with its replica in {region}"));
        let found = until(watch, thing, &goal, async || {
            let Some(description) = place.describe(table).await? else {
                return Ok(Seen::NotYet("not to be seen yet".to_owned()));
            };
            let seen = super::Replica { description, is_tagged: false };
            if let Some((what, mend)) = judge::hopeless(place, &seen) {
                return Err(Trouble::stuck(seen.title(), what, mend));
            }
            let there = replica.map(|region| seen.replica_status(region));
            let is_there = there.as_ref().is_none_or(|status| *status == Some(ReplicaStatus::Active));
            Ok(match (seen.status(), is_there) {
                (TableStatus::Active, true) => Seen::Done(seen.description),
                (status, true) => Seen::NotYet(status.to_string()),
                (status, false) => {
                    let there = there.flatten().map_or_else(|| "not to be seen yet".to_owned(), |it| it.to_string());
                    Seen::NotYet(format!("{status}, replica {there}"))
                }
            })
        })
        .await?;
        let found = place.with_tag(found, name).await?;
        self.both[it].seen[at] = Some(found);
        Ok(())
    }
}

/// A request that we did not fill in; it was never sent.
pub(super) fn incomplete(error: BuildError) -> Trouble {
    Trouble::Settings(format!("a request is incomplete: {error}"))
}

impl Place {
    /// The table in the middle of a sentence.
    pub(super) fn title(&self, table: &str) -> String {
        format!("table {table} in {}", self.region)
    }
}
