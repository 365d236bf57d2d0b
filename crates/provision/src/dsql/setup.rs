//! Making the clusters: what remains to be done, and doing it.

use super::{Cluster, Clusters, Place, SERVICE, host};
use crate::{
    Call, TAG, Trouble,
    wait::{Watch, until},
};
use aws_sdk_dsql::types::{ClusterStatus, MultiRegionProperties};

/// The clusters and the steps that remain until both are active.
pub(crate) struct Setup {
    pub(crate) clusters: Clusters,
    steps: Vec<Step>,
}

/// One step, in the place of this index.
#[derive(Clone, Copy, Debug)]
enum Step {
    Create(usize),
    /// Until it accepts a peer.
    AwaitSetUp(usize),
    /// Tells it who its peer is.
    Peer(usize),
    /// Deletion protection on.
    Protect(usize),
    AwaitActive(usize),
}

impl Setup {
    /// Judges what is there and finds what remains.
    pub(crate) fn new(clusters: Clusters) -> Result<Self, Trouble> {
        clusters.judge()?;
        let steps = clusters.steps();
        Ok(Self { clusters, steps })
    }

    /// What remains, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.steps.iter().map(|step| self.clusters.call(*step)).collect()
    }

    /// Makes those calls.
    pub(crate) async fn run(&mut self, watch: Watch<'_>) -> Result<(), Trouble> {
        for step in self.steps.clone() {
            self.clusters.take(step, watch).await?;
        }
        Ok(())
    }

    /// The endpoints, once both clusters are there.
    pub(crate) fn endpoints(&self) -> Option<[String; 2]> {
        let [first, second] = self.clusters.places.each_ref().map(|place| place.clusters.first());
        Some([first?.endpoint.clone(), second?.endpoint.clone()])
    }
}

impl Clusters {
    fn steps(&self) -> Vec<Step> {
        let found = self.places.each_ref().map(|place| place.clusters.first());
        let missing = |at: usize| found[at].is_none();
        // It may name its peer only once it knows of it.
        let is_alone = |at: usize| found[at].is_none_or(|cluster| cluster.peers.is_empty());
        let is_set_up =
            |at: usize| found[at].is_some_and(|it| it.is_usable() || it.status == ClusterStatus::PendingSetup);
        let is_bare = |at: usize| found[at].is_some_and(|cluster| !cluster.is_protected);
        let both = || 0..self.places.len();
        let mut steps: Vec<_> = both().filter(|at| is_bare(*at)).map(Step::Protect).collect();
        steps.extend(both().filter(|at| missing(*at)).map(Step::Create));
        steps.extend(both().filter(|at| is_alone(*at) && !is_set_up(*at)).map(Step::AwaitSetUp));
        steps.extend(both().filter(|at| is_alone(*at)).map(Step::Peer));
        let is_at_rest = steps.is_empty() && found.iter().all(|it| it.is_some_and(Cluster::is_usable));
        if !is_at_rest {
            steps.extend(both().map(Step::AwaitActive));
        }
        steps
    }

    fn call(&self, step: Step) -> Call {
        let (Step::Create(at) | Step::AwaitSetUp(at) | Step::Peer(at) | Step::Protect(at) | Step::AwaitActive(at)) =
            step;
        let Place { region, clusters, .. } = &self.places[at];
        let id = clusters.first().map_or_else(|| format!("(the new cluster of {region})"), |it| it.id.clone());
        let Self { name, witness, .. } = self;
        match step {
            Step::Create(_) => Call::changes(
                SERVICE,
                region,
                "CreateCluster",
                format!("deletionProtectionEnabled=true tags={{{TAG}={name}}} witnessRegion={witness}"),
            ),
            Step::AwaitSetUp(_) => Call::waits(SERVICE, region, "GetCluster", format!("{id} until PENDING_SETUP")),
            Step::Peer(_) => {
                let other = &self.places[1 - at];
                let peer =
                    other.clusters.first().map_or_else(|| format!("(ARN of {})", other.region), |it| it.arn.clone());
                let parameters = format!("{id} witnessRegion={witness} clusters=[{peer}]");
                Call::changes(SERVICE, region, "UpdateCluster", parameters)
            }
            Step::Protect(_) => {
                Call::changes(SERVICE, region, "UpdateCluster", format!("{id} deletionProtectionEnabled=true"))
            }
            Step::AwaitActive(_) => Call::waits(SERVICE, region, "GetCluster", format!("{id} until ACTIVE")),
        }
    }

    async fn take(&mut self, step: Step, watch: Watch<'_>) -> Result<(), Trouble> {
        let call = self.call(step);
        if call.kind == crate::Kind::Changes {
            watch.say(&format!("{}: {}", call.title(), call.parameters));
        }
        match step {
            Step::Create(at) => self.create(at, call).await,
            Step::Peer(at) => {
                let peer = self.known(1 - at)?.arn.clone();
                let properties = MultiRegionProperties::builder().witness_region(&self.witness).clusters(peer).build();
                let update = self.places[at].client.update_cluster().identifier(&self.known(at)?.id);
                let sent = Box::pin(update.multi_region_properties(properties).send()).await;
                sent.map(drop).map_err(|error| Trouble::call(call, error))
            }
            Step::Protect(at) => {
                let update = self.places[at].client.update_cluster().identifier(&self.known(at)?.id);
                let sent = Box::pin(update.deletion_protection_enabled(true).send()).await;
                sent.map(drop).map_err(|error| Trouble::call(call, error))
            }
            Step::AwaitSetUp(at) => {
                let done = |it: &Cluster| it.is_usable() || it.status == ClusterStatus::PendingSetup;
                self.wait(at, "PENDING_SETUP", done, watch).await
            }
            Step::AwaitActive(at) => self.wait(at, "ACTIVE", Cluster::is_usable, watch).await,
        }
    }

    async fn create(&mut self, at: usize, call: Call) -> Result<(), Trouble> {
        let properties = MultiRegionProperties::builder().witness_region(&self.witness).build();
        let Place { client, region, clusters } = &mut self.places[at];
        let request = client.create_cluster().deletion_protection_enabled(true).tags(TAG, &self.name);
        let sent = Box::pin(request.multi_region_properties(properties).send()).await;
        let made = sent.map_err(|error| Trouble::call(call, error))?;
        let id = made.identifier().to_owned();
        clusters.push(Cluster {
            arn: made.arn().to_owned(),
            endpoint: made.endpoint().map_or_else(|| host(&id, region), str::to_owned),
            status: made.status().clone(),
            witness: Some(self.witness.clone()),
            peers: Vec::new(),
            is_protected: made.deletion_protection_enabled(),
            id,
        });
        Ok(())
    }

    async fn wait(
        &mut self,
        at: usize,
        goal: &str,
        done: impl Fn(&Cluster) -> bool,
        watch: Watch<'_>,
    ) -> Result<(), Trouble> {
        let Cluster { id, .. } = self.known(at)?.clone();
        let place = &mut self.places[at];
        let thing = format!("cluster {id} in {}", place.region);
        let found = until(watch, &thing, goal, async || place.glance(&id, &done).await).await?;
        place.clusters = vec![found];
        Ok(())
    }

    /// The one cluster of a place; the steps before have made it.
    fn known(&self, at: usize) -> Result<&Cluster, Trouble> {
        let Place { region, clusters, .. } = &self.places[at];
        clusters.first().ok_or_else(|| {
            Trouble::stuck(format!("the cluster of {region}"), "is not there any more", "run the same command again")
        })
    }
}
