//! Whether what is there may be built upon.

use super::{Cluster, Clusters};
use crate::{TAG, Trouble};
use aws_sdk_dsql::types::ClusterStatus;

impl Clusters {
    /// Refuses what is not as this program makes it. Changes nothing.
    pub(super) fn judge(&self) -> Result<(), Trouble> {
        let tag = format!("{TAG} = {}", self.name);
        for place in &self.places {
            if let [first, second, ..] = &*place.clusters {
                return Err(Trouble::wrong(
                    first.title(),
                    format!("and {} both carry the tag {tag}", second.arn),
                    "take the tag from one of them",
                ));
            }
            for cluster in &place.clusters {
                if let Some((what, mend)) = hopeless(cluster) {
                    return Err(Trouble::wrong(cluster.title(), what, mend));
                }
                self.witness(cluster)?;
                self.peers(cluster)?;
            }
        }
        Ok(())
    }

    fn witness(&self, cluster: &Cluster) -> Result<(), Trouble> {
        match &cluster.witness {
            Some(witness) if *witness == self.witness => Ok(()),
            Some(witness) => Err(Trouble::wrong(
                cluster.title(),
                format!("has its witness in {witness}, not in {}", self.witness),
                format!("give --witness-region {witness}, or another --name"),
            )),
            None => Err(Trouble::wrong(
                cluster.title(),
                "belongs to one region only: it was made without a witness region",
                format!("take the tag {TAG} from it, or give another --name"),
            )),
        }
    }

    fn peers(&self, cluster: &Cluster) -> Result<(), Trouble> {
        let ours: Vec<_> = self.arns().collect();
        let Some(stranger) = cluster.peers.iter().find(|peer| !ours.contains(&peer.as_str())) else { return Ok(()) };
        let [first, second] = self.places.each_ref().map(|place| &place.region);
        Err(Trouble::wrong(
            cluster.title(),
            format!("is peered with {stranger}, which is none of ours in {first} and {second}"),
            format!("give the --regions of both, tag that one {TAG} = {}, or give another --name", self.name),
        ))
    }
}

/// Why it will never be ready, and what to do, if that is so.
pub(super) fn hopeless(cluster: &Cluster) -> Option<(&'static str, &'static str)> {
    match &cluster.status {
        ClusterStatus::Failed => Some(("has the status FAILED", "run `worldseat deprovision dsql`, then this again")),
        // Nothing but the deletion of its peer brings it out of that state.
        ClusterStatus::PendingDelete => Some((
            "is to be deleted together with its peer (PENDING_DELETE)",
            "finish that with `worldseat deprovision dsql`, then run this again",
        )),
        ClusterStatus::Deleting | ClusterStatus::Deleted => {
            Some(("is being deleted", "run this again when it is gone, in a few minutes"))
        }
        _ => None,
    }
}
