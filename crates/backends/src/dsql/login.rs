//! Who asks: what the connect string says, or an IAM token made anew for every connection.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dsql::{
    auth_token::{AuthToken, AuthTokenGenerator, Config},
    config::{Credentials, ProvideCredentials, Region as AwsRegion, SharedCredentialsProvider},
};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use onsale::{BoxedError, Region};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::sync::Mutex;

/// How a connection is let in.
#[derive(Clone)]
pub enum Login {
    /// As the connect string says.
    Own,
    /// By a token of AWS IAM in place of a password; the connection must be encrypted.
    Token(Tokens),
}

/// Makes the tokens that Aurora DSQL takes for passwords. Cloning shares the credentials it signs with.
#[derive(Clone)]
pub struct Tokens {
    found: Arc<SdkConfig>,
    credentials: Arc<Mutex<Option<Credentials>>>,
}

/// How long a token opens connections, in seconds: DSQL's own default. It is used once, at once.
const TOKEN_SECONDS: u64 = 900;
/// Credentials that end sooner than this are asked for anew.
const CREDENTIALS_LEFT: Duration = Duration::from_mins(1);

impl Tokens {
    /// Signs with what the AWS tools would use here: environment, profile, container or machine role.
    pub async fn from_environment(region: &Region) -> Self {
        let region = AwsRegion::new(region.to_string());
        Self::over(aws_config::defaults(BehaviorVersion::latest()).region(region).load().await)
    }

    /// Signs with one key, such as the stand-in's. Nothing of the environment applies.
    pub fn fixed(access_key: &str, secret_key: &str) -> Self {
        let credentials = Credentials::new(access_key, secret_key, None, None, "fixed");
        let credentials = SharedCredentialsProvider::new(credentials);
        let time = SharedTimeSource::new(SystemTimeSource::new());
        Self::over(SdkConfig::builder().credentials_provider(credentials).time_source(time).build())
    }

    fn over(found: SdkConfig) -> Self {
        Self { found: Arc::new(found), credentials: Arc::default() }
    }

    /// The configuration it signs with, for asking AWS other things.
    pub(super) fn found(&self) -> &SdkConfig {
        &self.found
    }

    /// A token for one new connection to `host`, as `admin` or as another user.
    ///
    /// # Errors
    /// If there are no credentials, in the SDK's words.
    pub(super) async fn token(&self, host: &str, region: &Region, user: &str) -> Result<AuthToken, BoxedError> {
        let config = Config::builder()
            .hostname(host)
            .region(AwsRegion::new(region.to_string()))
            .credentials(self.credentials().await?)
            .expires_in(TOKEN_SECONDS)
            .build()?;
        let generator = AuthTokenGenerator::new(config);
        if user == "admin" {
            generator.db_connect_admin_auth_token(&self.found).await
        } else {
            generator.db_connect_auth_token(&self.found).await
        }
    }

    /// Kept while they last: a burst opens a hundred connections, and a machine's role is asked for over the network.
    async fn credentials(&self) -> Result<Credentials, BoxedError> {
        let mut kept = self.credentials.lock().await;
        let lasts = |kept: &Credentials| kept.expiry().is_none_or(|end| end > SystemTime::now() + CREDENTIALS_LEFT);
        if let Some(credentials) = kept.as_ref().filter(|kept| lasts(kept)) {
            return Ok(credentials.clone());
        }
        let provider = self.found.credentials_provider().ok_or("no AWS credentials are configured")?;
        Ok(kept.insert(provider.provide_credentials().await?).clone())
    }
}
