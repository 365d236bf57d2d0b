//! Opens connections to one region, at a pace it allows, and retires them before it does.

use super::{SqlEndpoint, engine, login::Login, remedy::Step, said::Said, tls, trouble::Trouble};
use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use onsale::BoxedError;
use std::{
    num::NonZeroU32,
    ops::{Deref, DerefMut},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The longest that opening one connection may take, unless the URL has a `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest that opening one connection with `config` may take: address, TLS and login together.
pub(super) fn connect_timeout(config: &Config) -> Duration {
    config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT)
}

/// Connections are retired at a random age between these; Aurora DSQL ends them after 60 minutes, whatever they do.
pub(super) const RETIRED_AFTER_MINUTES: [u64; 2] = [45, 55];

/// How fast connections to one endpoint are opened, counted over all pools of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// New connections a second in the long run.
    pub per_second: NonZeroU32,
    /// How many may come at once after a pause.
    pub at_once: NonZeroU32,
}

impl Pace {
    /// Half of what Aurora DSQL allows a cluster, so that two servers fit.
    pub const DSQL: Self = Self { per_second: NonZeroU32::new(50).unwrap(), at_once: NonZeroU32::new(500).unwrap() };
}

/// Opens the connections of a pool.
pub(super) struct Connector {
    endpoint: SqlEndpoint,
    config: Config,
    tls: MakeRustlsConnect,
    turnstile: Arc<Turnstile>,
    /// Taken back by the first connection whose level settles no doubt; only somebody's own database can have such.
    settles_doubt: Option<Arc<AtomicBool>>,
}

/// Keeps the pace, where there is one to keep.
pub(super) struct Turnstile(Option<DefaultDirectRateLimiter>);

impl Turnstile {
    pub(super) fn new(pace: Option<Pace>) -> Arc<Self> {
        let quota = |pace: Pace| Quota::per_second(pace.per_second).allow_burst(pace.at_once);
        Arc::new(Self(pace.map(|pace| RateLimiter::direct(quota(pace)))))
    }

    async fn pass(&self) {
        if let Some(limiter) = &self.0 {
            limiter.until_ready().await;
        }
    }
}

/// An open connection with the statements it has prepared.
pub(super) struct Connection {
    client: ClientWrapper,
    retired_at: Instant,
    /// What the server said when it ended the connection by itself.
    last_words: Arc<OnceLock<Said>>,
}

impl Connection {
    /// What is to be said of `error`: if it is only that the connection is gone, the words with which the server ended it.
    pub(super) fn explained(&self, error: &tokio_postgres::Error) -> Said {
        let ended = self.last_words.get().filter(|_| error.code().is_none());
        ended.cloned().unwrap_or_else(|| Said::new(error))
    }
}

impl Connector {
    pub(super) fn new(
        endpoint: &SqlEndpoint,
        config: Config,
        turnstile: Arc<Turnstile>,
        settles_doubt: Option<Arc<AtomicBool>>,
    ) -> Result<Self, BoxedError> {
        let tls = tls::connector(&endpoint.roots)?;
        Ok(Self { endpoint: endpoint.clone(), config, tls, turnstile, settles_doubt })
    }

    async fn open(&self) -> Result<Connection, Trouble> {
        let mut config = self.config.clone();
        if let Login::Token(tokens) = &self.endpoint.login {
            let user = config.get_user().unwrap_or_default().to_owned();
            let token = tokens.token(&self.endpoint.host(), &self.endpoint.region, &user).await;
            config.password(token.map_err(|error| Trouble::no_token(&self.endpoint, error))?.as_str());
        }
        let connected = config.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| Trouble::at(Step::Connect, &self.endpoint, &error))?;
        let last_words = Arc::<OnceLock<Said>>::default();
        let words = Arc::clone(&last_words);
        let task = tokio::spawn(async move {
            let mut connection = connection;
            // Kept before the connection is dropped: whoever then finds it closed finds the reason too.
            if let Err(error) = (&mut connection).await {
                let said = Said::new(&error);
                tracing::debug!(%said, "a connection ended");
                if said.code().is_some() {
                    let _ = words.set(said);
                }
            }
            drop(connection);
        });
        if let Some(settles_doubt) = &self.settles_doubt {
            // Its administrator may have changed the level since the start.
            let told = client.query_one(engine::LEVEL, &[]).await;
            let level = told.map_err(|error| Trouble::at(Step::Connect, &self.endpoint, &error))?;
            if !level.try_get(0).is_ok_and(engine::settles) {
                settles_doubt.store(false, Ordering::Relaxed);
            }
        }
        let [earliest, latest] = RETIRED_AFTER_MINUTES.map(|minutes| minutes * 60);
        let age = Duration::from_secs(fastrand::u64(earliest..=latest));
        Ok(Connection { client: ClientWrapper::new(client, task), retired_at: Instant::now() + age, last_words })
    }
}

impl Manager for Connector {
    type Type = Connection;
    type Error = Trouble;

    async fn create(&self) -> Result<Connection, Trouble> {
        self.turnstile.pass().await;
        // Boxed, so that whoever waits for a connection does not carry the handshake of a new one.
        let within = connect_timeout(&self.config);
        let opened = tokio::time::timeout(within, Box::pin(self.open())).await;
        opened.unwrap_or_else(|_| Err(Trouble::silent(&self.endpoint, within)))
    }

    /// Only asks whether it is still open; a purchase finds out the rest.
    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Trouble> {
        if connection.client.is_closed() {
            return Err(RecycleError::message("the server closed this connection"));
        }
        if Instant::now() >= connection.retired_at {
            return Err(RecycleError::message("this connection is old enough to be retired"));
        }
        Ok(())
    }
}

impl Deref for Connection {
    type Target = ClientWrapper;
    fn deref(&self) -> &ClientWrapper {
        &self.client
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut ClientWrapper {
        &mut self.client
    }
}
