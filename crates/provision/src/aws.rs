//! How AWS is reached: credentials from the environment, one client per service and region.

use crate::{Settings, Trouble, trouble::with_causes};
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dsql::config::{Credentials, ProvideCredentials};
use aws_smithy_http_client::Builder as HttpBuilder;
use std::time::Duration;

/// Who asks, and where.
pub(crate) struct Access {
    base: SdkConfig,
}

impl Access {
    /// Finds out; nothing is sent to either service yet.
    pub(crate) async fn find(settings: &Settings) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(settings.regions[0].clone()))
            // A call repeated by the SDK carries the same client token: a cluster is not made twice.
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(5))
                    .operation_attempt_timeout(Duration::from_secs(20))
                    .build(),
            );
        if let Some(url) = &settings.endpoint_url {
            loader = loader.endpoint_url(url);
            if url.starts_with("http://") {
                // An emulator: no proxy meant for the internet leads there.
                loader = loader
                    .credentials_provider(Credentials::new("emulator", "emulator", None, None, "emulator"))
                    .http_client(HttpBuilder::new().build_http());
            }
        }
        Self { base: Box::pin(loader.load()).await }
    }

    /// Whether somebody says who we are. Asked first, because a call without it fails with a riddle.
    pub(crate) async fn check(&self) -> Result<(), Trouble> {
        // The SDK goes on with everything it tried.
        let none = |why: String| Trouble::Credentials(why.split(". Attempted").next().unwrap_or_default().to_owned());
        let provider = self.base.credentials_provider().ok_or_else(|| none("nothing provides any".to_owned()))?;
        provider.provide_credentials().await.map_err(|error| none(with_causes(&error)))?;
        Ok(())
    }

    pub(crate) fn dsql(&self, region: &str) -> aws_sdk_dsql::Client {
        let config = aws_sdk_dsql::config::Builder::from(&self.base).region(Region::new(region.to_owned()));
        aws_sdk_dsql::Client::from_conf(config.build())
    }

    pub(crate) fn dynamodb(&self, region: &str) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::config::Builder::from(&self.base).region(Region::new(region.to_owned()));
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }
}
