//! What AWS says of the clusters themselves: asked of each region's control plane.

use super::{ControlPlane, SqlDatabase, login::Login};
use aws_sdk_dsql::{
    Client,
    config::{Builder, Region as AwsRegion, retry::RetryConfig, timeout::TimeoutConfig},
    error::ProvideErrorMetadata,
    operation::get_cluster::GetClusterOutput,
};
use onsale::Setting;
use std::time::{Duration, Instant};

/// How long an answer is shown before it is asked for again: the control plane allows few requests a second.
const FRESH: Duration = Duration::from_secs(30);
/// The page does not wait longer for it.
const TIMEOUT: Duration = Duration::from_secs(3);

impl SqlDatabase {
    /// One line a region: status, witness, peers. Empty where there is no control plane to ask.
    pub(super) async fn clusters(&self) -> Vec<Setting> {
        let url = match &self.config().control_plane {
            ControlPlane::None => return vec![],
            ControlPlane::Aws => None,
            ControlPlane::At(url) => Some(url.clone()),
        };
        let mut told = self.shared.clusters.lock().await;
        if let Some((at, settings)) = &*told
            && at.elapsed() < FRESH
        {
            return settings.clone();
        }
        let asked = self.config().endpoints.iter().filter_map(|endpoint| {
            let Login::Token(tokens) = &endpoint.login else { return None };
            let host = endpoint.host();
            let identifier = host.split('.').next().unwrap_or_default().to_owned();
            let mut config = Builder::from(tokens.found());
            config.set_endpoint_url(url.clone().or_else(|| tokens.found().endpoint_url().map(str::to_owned)));
            let config = config
                .region(AwsRegion::new(endpoint.region.to_string()))
                .retry_config(RetryConfig::standard().with_max_attempts(2))
                .timeout_config(TimeoutConfig::builder().operation_timeout(TIMEOUT).build())
                .build();
            Some(async move {
                let answer = Box::pin(Client::from_conf(config).get_cluster().identifier(identifier).send()).await;
                let words = match answer {
                    Ok(cluster) => words(&cluster),
                    Err(error) => match error.code() {
                        Some("AccessDeniedException") => "not told: the credentials lack dsql:GetCluster".to_owned(),
                        Some(code) => format!("not told: {code}"),
                        None => "not told: the control plane did not answer".to_owned(),
                    },
                };
                Setting::told(format!("cluster in {}", endpoint.region), words)
            })
        });
        let settings = futures::future::join_all(asked).await;
        told.insert((Instant::now(), settings)).1.clone()
    }
}

fn words(cluster: &GetClusterOutput) -> String {
    let mut words = vec![cluster.identifier().to_owned(), cluster.status().to_string()];
    if let Some(multi) = cluster.multi_region_properties() {
        words.extend(multi.witness_region().map(|region| format!("witness region {region}")));
        let peers = multi.clusters().iter().filter(|arn| *arn != cluster.arn());
        words.extend(peers.map(|arn| format!("peer {}", masked(arn))));
    }
    words.push(format!("deletion protection {}", if cluster.deletion_protection_enabled() { "on" } else { "off" }));
    words.join(", ")
}

/// An ARN without the account: `arn:aws:dsql:us-east-2:…:cluster/abc`.
fn masked(arn: &str) -> String {
    let part =
        |(place, part): (usize, &str)| if place == 4 && !part.is_empty() { "…".to_owned() } else { part.to_owned() };
    arn.splitn(6, ':').enumerate().map(part).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_account_is_never_shown() {
        for (arn, shown) in [
            ("arn:aws:dsql:us-east-2:123456789012:cluster/abc", "arn:aws:dsql:us-east-2:…:cluster/abc"),
            ("arn:aws:dsql:us-east-2::cluster/a:b", "arn:aws:dsql:us-east-2::cluster/a:b"),
            ("no arn", "no arn"),
        ] {
            assert_eq!(super::masked(arn), shown);
        }
    }
}
