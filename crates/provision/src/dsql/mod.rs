//! The clusters: one in each active region, each the other's peer, with a witness in a third.

mod judge;
mod removal;
mod setup;

use crate::{Call, Settings, TAG, Trouble, aws::Access, wait::Seen};
use aws_sdk_dsql::{
    Client,
    operation::get_cluster::{GetClusterError, GetClusterOutput},
    types::ClusterStatus,
};
pub(crate) use removal::Removal;
pub(crate) use setup::Setup;

/// The two regions of the database.
pub(crate) struct Clusters {
    name: String,
    witness: String,
    places: [Place; 2],
}

/// One region, and what carries our tag there.
struct Place {
    region: String,
    client: Client,
    clusters: Vec<Cluster>,
}

/// What matters of a cluster.
#[derive(Clone, Debug)]
struct Cluster {
    id: String,
    arn: String,
    endpoint: String,
    status: ClusterStatus,
    witness: Option<String>,
    /// Without itself, though AWS lists it too.
    peers: Vec<String>,
    is_protected: bool,
}

const SERVICE: &str = "dsql";

/// What every regional endpoint is called; AWS also says it, but not while a cluster is new.
fn host(id: &str, region: &str) -> String {
    format!("{id}.dsql.{region}.on.aws")
}

impl Clusters {
    /// As if nothing existed.
    pub(crate) fn unseen(settings: &Settings, access: &Access) -> Self {
        let place =
            |region: &String| Place { region: region.clone(), client: access.dsql(region), clusters: Vec::new() };
        Self {
            name: settings.name.clone(),
            witness: settings.witness_region.clone(),
            places: settings.regions.each_ref().map(place),
        }
    }

    /// Finds what carries our tag.
    pub(crate) async fn look(&mut self) -> Result<(), Trouble> {
        for place in &mut self.places {
            place.clusters = place.look(&self.name).await?;
        }
        Ok(())
    }

    /// The calls by which it looks.
    pub(crate) fn reading_calls(&self) -> impl Iterator<Item = Call> {
        let about = format!("of each, until all with the tag {TAG} = {} are known", self.name);
        self.places.iter().flat_map(move |place| {
            let region = &place.region;
            [
                Call::reads(SERVICE, region, "ListClusters", ""),
                Call::reads(SERVICE, region, "GetCluster", about.clone()),
            ]
        })
    }

    /// The ARNs that are known.
    pub(crate) fn arns(&self) -> impl Iterator<Item = &str> {
        self.places.iter().flat_map(|place| &place.clusters).map(|cluster| &*cluster.arn)
    }
}

impl Place {
    async fn look(&self, name: &str) -> Result<Vec<Cluster>, Trouble> {
        let call = || Call::reads(SERVICE, &self.region, "ListClusters", "");
        let mut pages = self.client.list_clusters().into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(summary) = pages.next().await {
            let summary = summary.map_err(|error| Trouble::call(call(), error))?;
            let Some(answer) = self.get(summary.identifier()).await? else { continue };
            let tag = answer.tags().and_then(|tags| tags.get(TAG));
            if tag.is_some_and(|value| value == name) && *answer.status() != ClusterStatus::Deleted {
                found.push(Cluster::from_answer(&self.region, &answer));
            }
        }
        Ok(found)
    }

    /// `None`: there is no such cluster, or no longer.
    async fn get(&self, id: &str) -> Result<Option<GetClusterOutput>, Trouble> {
        match Box::pin(self.client.get_cluster().identifier(id).send()).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if matches!(error.as_service_error(), Some(GetClusterError::ResourceNotFoundException(_))) => {
                Ok(None)
            }
            Err(error) => Err(Trouble::call(Call::reads(SERVICE, &self.region, "GetCluster", id), error)),
        }
    }

    /// Looks once whether the cluster is as `done` wants it.
    async fn glance(&self, id: &str, done: impl Fn(&Cluster) -> bool) -> Result<Seen<Cluster>, Trouble> {
        let Some(answer) = self.get(id).await? else {
            return Ok(Seen::NotYet("not to be seen yet".to_owned()));
        };
        let cluster = Cluster::from_answer(&self.region, &answer);
        if let Some((what, mend)) = judge::hopeless(&cluster) {
            return Err(Trouble::stuck(cluster.title(), what, mend));
        }
        Ok(if done(&cluster) { Seen::Done(cluster) } else { Seen::NotYet(cluster.status.to_string()) })
    }
}

impl Cluster {
    fn from_answer(region: &str, answer: &GetClusterOutput) -> Self {
        let id = answer.identifier().to_owned();
        let properties = answer.multi_region_properties();
        let peers = properties.map(|it| it.clusters().to_vec()).unwrap_or_default();
        Self {
            arn: answer.arn().to_owned(),
            endpoint: answer.endpoint().map_or_else(|| host(&id, region), str::to_owned),
            status: answer.status().clone(),
            witness: properties.and_then(|it| it.witness_region()).map(str::to_owned),
            peers: peers.into_iter().filter(|peer| peer != answer.arn()).collect(),
            is_protected: answer.deletion_protection_enabled(),
            id,
        }
    }

    /// The region stands in the ARN, so this names the cluster fully.
    fn title(&self) -> String {
        format!("cluster {}", self.arn)
    }

    /// Whether it serves connections; IDLE and INACTIVE ones wake at the first.
    fn is_usable(&self) -> bool {
        matches!(self.status, ClusterStatus::Active | ClusterStatus::Idle | ClusterStatus::Inactive)
    }

    fn is_leaving(&self) -> bool {
        matches!(self.status, ClusterStatus::Deleting | ClusterStatus::PendingDelete)
    }
}
