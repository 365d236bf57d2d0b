//! Removing the clusters: peers are deleted together, so both are told before either is waited for.

use super::{Cluster, Clusters, Place, SERVICE};
use crate::{
    Call, Kind, Trouble,
    wait::{Seen, Watch, until},
};
use aws_sdk_dsql::{operation::delete_cluster::DeleteClusterError, types::ClusterStatus};

/// The clusters that carry our tag, and the steps until they are gone.
pub(crate) struct Removal {
    pub(crate) clusters: Clusters,
    steps: Vec<Step>,
}

/// One step, for the cluster at (place, index).
#[derive(Clone, Copy, Debug)]
enum Step {
    /// While AWS makes or changes it, it cannot be deleted.
    AwaitRest(usize, usize),
    Unprotect(usize, usize),
    Delete(usize, usize),
    AwaitGone(usize, usize),
}

impl Removal {
    pub(crate) fn new(clusters: Clusters) -> Self {
        let all: Vec<(usize, usize, &Cluster)> = (0..clusters.places.len())
            .flat_map(|at| clusters.places[at].clusters.iter().enumerate().map(move |(nth, it)| (at, nth, it)))
            .collect();
        let staying: Vec<_> = all.iter().filter(|(.., it)| !it.is_leaving()).collect();
        let restless = |it: &Cluster| matches!(it.status, ClusterStatus::Creating | ClusterStatus::Updating);
        let mut steps: Vec<_> =
            staying.iter().filter(|(.., it)| restless(it)).map(|(at, nth, _)| Step::AwaitRest(*at, *nth)).collect();
        let protected = staying.iter().filter(|(.., it)| it.is_protected);
        steps.extend(protected.map(|(at, nth, _)| Step::Unprotect(*at, *nth)));
        steps.extend(staying.iter().map(|(at, nth, _)| Step::Delete(*at, *nth)));
        steps.extend(all.iter().map(|(at, nth, _)| Step::AwaitGone(*at, *nth)));
        Self { clusters, steps }
    }

    /// What would be lost, a line each.
    pub(crate) fn things(&self) -> Vec<String> {
        let all = self.clusters.places.iter().flat_map(|place| &place.clusters);
        all.map(|it| format!("{} ({}) with all its data", it.title(), it.status)).collect()
    }

    /// What remains, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.steps.iter().map(|step| self.clusters.removing_call(*step)).collect()
    }

    /// Makes those calls.
    pub(crate) async fn run(&self, watch: Watch<'_>) -> Result<(), Trouble> {
        for step in &self.steps {
            self.clusters.remove(*step, watch).await?;
        }
        Ok(())
    }
}

impl Clusters {
    fn removing_call(&self, step: Step) -> Call {
        let (Step::AwaitRest(at, nth) | Step::Unprotect(at, nth) | Step::Delete(at, nth) | Step::AwaitGone(at, nth)) =
            step;
        let Place { region, clusters, .. } = &self.places[at];
        let id = &clusters[nth].id;
        match step {
            Step::AwaitRest(..) => Call::waits(SERVICE, region, "GetCluster", format!("{id} until it is at rest")),
            Step::Unprotect(..) => {
                Call::changes(SERVICE, region, "UpdateCluster", format!("{id} deletionProtectionEnabled=false"))
            }
            Step::Delete(..) => Call::changes(SERVICE, region, "DeleteCluster", id),
            Step::AwaitGone(..) => Call::waits(SERVICE, region, "GetCluster", format!("{id} until it is gone")),
        }
    }

    async fn remove(&self, step: Step, watch: Watch<'_>) -> Result<(), Trouble> {
        let call = self.removing_call(step);
        if call.kind == Kind::Changes {
            watch.say(&format!("{}: {}", call.title(), call.parameters));
        }
        match step {
            Step::Unprotect(at, nth) => {
                let Place { client, clusters, .. } = &self.places[at];
                let update = client.update_cluster().identifier(&clusters[nth].id);
                let sent = Box::pin(update.deletion_protection_enabled(false).send()).await;
                sent.map(drop).map_err(|error| Trouble::call(call, error))
            }
            Step::Delete(at, nth) => {
                let Place { client, clusters, .. } = &self.places[at];
                match Box::pin(client.delete_cluster().identifier(&clusters[nth].id).send()).await {
                    Ok(_) => Ok(()),
                    // Somebody was quicker.
                    Err(e)
                        if matches!(e.as_service_error(), Some(DeleteClusterError::ResourceNotFoundException(_))) =>
                    {
                        Ok(())
                    }
                    Err(error) => Err(Trouble::call(call, error)),
                }
            }
            Step::AwaitRest(at, nth) => {
                let rests =
                    |status: &ClusterStatus| !matches!(status, ClusterStatus::Creating | ClusterStatus::Updating);
                self.wait_for(at, nth, "rest", rests, watch).await
            }
            Step::AwaitGone(at, nth) => self.wait_for(at, nth, "gone", |_| false, watch).await,
        }
    }

    /// Until its status is such, or it is gone.
    async fn wait_for(
        &self,
        at: usize,
        nth: usize,
        goal: &str,
        done: impl Fn(&ClusterStatus) -> bool,
        watch: Watch<'_>,
    ) -> Result<(), Trouble> {
        let place = &self.places[at];
        let id = &place.clusters[nth].id;
        let thing = format!("cluster {id} in {}", place.region);
        until(watch, &thing, goal, async || {
            Ok(match place.get(id).await? {
                Some(answer) if *answer.status() != ClusterStatus::Deleted && !done(answer.status()) => {
                    Seen::NotYet(answer.status().to_string())
                }
                _ => Seen::Done(()),
            })
        })
        .await
    }
}
