//! One region's SDK client. Every option that could bend a comparison is set here, none is left to a default.

use super::RegionalTable;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Credentials, Region as AwsRegion, StalledStreamProtectionConfig,
};
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_http_client::Builder as HttpBuilder;
use onsale::Region;
use std::time::Duration;

/// How long a connection may take to open, in milliseconds.
pub(super) const CONNECT_TIMEOUT_MS: u64 = 2_000;
/// How long a request may take with everything, in milliseconds.
pub(super) const REQUEST_TIMEOUT_MS: u64 = 5_000;

/// How often a read that was throttled, or whose answer was lost, is sent at most.
pub(super) const READ_ATTEMPTS: u32 = 3;
/// How often a put that was throttled is sent at most.
pub(super) const PUT_ATTEMPTS: u32 = 4;
/// The pause before the second attempt, in milliseconds, at most; doubled before each further one, up to the next.
pub(super) const BACKOFF_MS: u64 = 50;
/// The longest pause, in milliseconds.
pub(super) const BACKOFF_MS_MAX: u64 = 500;

/// What puts are sent with: a put that the SDK repeats could overwrite a later owner unseen, so it repeats none. We do,
/// where that is safe, and count it.
pub(super) fn puts() -> Builder {
    Config::builder().retry_config(RetryConfig::disabled())
}

/// Opens a client with an HTTP connection pool of its own; nothing is sent yet.
pub(super) fn connect(access: &Access) -> Client {
    let config = access
        .base
        .clone()
        // For reads; puts go without (see [`puts`]).
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(READ_ATTEMPTS)
                .with_initial_backoff(Duration::from_millis(BACKOFF_MS))
                .with_max_backoff(Duration::from_millis(BACKOFF_MS_MAX)),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MS))
                .operation_timeout(Duration::from_millis(REQUEST_TIMEOUT_MS))
                .build(),
        )
        // Answers are a few kilobytes; the request's timeout covers a stalled one.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// Where a region is and who asks, without connections.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) region: Region,
    base: Builder,
}

/// Finds out how to reach a replica. A plain `http://` endpoint is an emulator: it gets made-up credentials and is asked
/// directly, so that no variable meant for AWS and no proxy meant for the internet applies to it. For AWS they come from
/// the environment, the profile or the machine's role.
pub(super) async fn access(place: &RegionalTable) -> Access {
    let aws_region = AwsRegion::new(place.region.to_string());
    let is_plain = place.endpoint_url.as_deref().is_some_and(|url| url.starts_with("http://"));
    let mut base = if is_plain {
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new("standin", "standin", None, None, "stand-in"))
            .http_client(HttpBuilder::new().build_http())
            .region(aws_region)
    } else {
        let found = aws_config::defaults(BehaviorVersion::latest()).region(aws_region).load().await;
        aws_sdk_dynamodb::config::Builder::from(&found)
    };
    base.set_endpoint_url(place.endpoint_url.clone());
    Access { region: place.region.clone(), base }
}
