//! Who is answering: asked of the database, with every setting that could bend a comparison.

use super::{
    Client, Dialect, Role, SqlDatabase, SqlEndpoint,
    ask::query,
    classify::{Stage, classify},
    connector,
};
use crate::own_task::in_own_task;
use futures::{
    TryFutureExt,
    future::{ready, try_join_all},
};
use onsale::{BoxOffice, Engine, Failure, Setting};
use tokio_postgres::error::SqlState;

/// What else it is asked about itself.
const ASKED: [(&str, &str); 6] = [
    ("encoding", "SELECT current_setting('server_encoding')"),
    // A role's own time-outs end purchases that would have succeeded.
    (
        "time-outs",
        "SELECT string_agg(name || ' ' || current_setting(name), ', ' ORDER BY name) FROM pg_settings \
      WHERE setting <> '0' AND name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout', \
      'idle_in_transaction_session_timeout', 'idle_session_timeout')",
    ),
    ("fsync", "SELECT current_setting('fsync')"),
    ("synchronous_commit", "SELECT current_setting('synchronous_commit')"),
    (
        "table seats",
        "SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) \
      FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'seats'",
    ),
    (
        "table ledger",
        "SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) \
      FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'ledger'",
    ),
];
/// Its name and version.
const VERSION: &str = "SELECT version()";
/// Its isolation level.
pub(super) const LEVEL: &str = "SELECT current_setting('transaction_isolation')";
const NOT_TOLD: &str = "not told";

impl SqlDatabase {
    /// Who is answering, in its own words where it has any.
    pub(super) async fn describe(&self) -> Result<Engine, Failure> {
        let config = self.config();
        let version_level_asked = [VERSION, LEVEL].into_iter().chain(ASKED.map(|(_, ask)| ask));
        let mut told = self.told(version_level_asked.collect()).await?.into_iter();
        let (version, level) = (told.next().unwrap_or_default(), told.next().unwrap_or_default());
        let isolation = match config.role {
            Role::Own => self.levels().await?.join(" in one place, in the other "),
            Role::Itself | Role::StandIn => level.to_uppercase(),
        };
        let place = match config.role {
            Role::StandIn => "this machine".to_owned(),
            Role::Itself => self.regions().map(|region| region.to_string()).join(" and "),
            Role::Own => config.endpoints.each_ref().map(SqlEndpoint::host).join(" and "),
        };
        let mut settings = self.own_settings();
        settings.extend(config.settings.iter().cloned());
        settings.push(Setting::told("version", version.clone()));
        settings.push(Setting::told("isolation", isolation.clone()));
        // Not every database that speaks as PostgreSQL does knows all of them.
        let told = ASKED.into_iter().zip(told).filter(|(_, value)| value != NOT_TOLD);
        settings.extend(told.map(|((name, _), value)| Setting::told(name, value)));
        settings.extend(self.clusters().await);
        Ok(Engine {
            stand_in: config.role == Role::StandIn,
            own: config.role == Role::Own,
            name: if config.role == Role::Itself { "Aurora DSQL".to_owned() } else { product(&version).to_owned() },
            consistency: isolation,
            place,
            settings,
        })
    }

    /// What this side of the connection decides.
    fn own_settings(&self) -> Vec<Setting> {
        let config = self.config();
        let [first, second] = self.regions();
        let [earliest, latest] = connector::RETIRED_AFTER_MINUTES;
        let timeout = |endpoint: &SqlEndpoint| connector::connect_timeout(&endpoint.connect).as_secs().to_string();
        let mut connect_timeouts: Vec<String> = config.endpoints.iter().map(timeout).collect();
        connect_timeouts.dedup();
        let mut settings = vec![
            Setting::new("regions", format!("{first}, {second}")),
            Setting::new("connections per region", config.connections_per_region.to_string()),
            Setting::new("connect timeout", format!("{} s", connect_timeouts.join(" s and "))),
            Setting::new("connections retired", format!("after {earliest} to {latest} minutes")),
        ];
        if let Some(pace) = config.pace {
            settings.push(Setting::new(
                "new connections",
                format!("{} a second, {} at once", pace.per_second, pace.at_once),
            ));
        }
        if config.dialect == Dialect::Dsql {
            settings.push(Setting::new("login", "TLS, and a token of its own for every connection"));
        }
        settings
    }

    /// The database's answers about itself, in the order of the questions, all sent at once on one connection.
    async fn told(&self, asked: Vec<&'static str>) -> Result<Vec<String>, Failure> {
        self.read(move |client| Box::pin(try_join_all(asked.clone().into_iter().map(|ask| told_one(client, ask)))))
            .await
    }

    /// The isolation levels of the two regional endpoints, one if they agree; only those of somebody's own may differ.
    pub(super) async fn levels(&self) -> Result<Vec<String>, Failure> {
        let database = self.clone();
        in_own_task(self.config().database, async move {
            let mut levels = Vec::new();
            for region in &database.shared.regions {
                let client = database.live_client_of(region).await?;
                let level = client.query_one(LEVEL, &[]).and_then(|row| ready(row.try_get::<_, String>(0))).await;
                let level = level.map_err(|error| classify(database.config().database, Stage::Statement, error))?;
                levels.push(level.to_uppercase());
            }
            levels.dedup();
            Ok(levels)
        })
        .await
    }
}

/// One answer; a database that refuses the question is not away.
async fn told_one(client: &Client, ask: &str) -> Result<String, tokio_postgres::Error> {
    match query(client, ask, &[]).await {
        Ok(rows) => Ok(rows.first().and_then(|row| row.try_get(0).ok()).unwrap_or_else(|| NOT_TOLD.to_owned())),
        Err(error) if error.code().is_some_and(|code| *code != SqlState::INTERNAL_ERROR) => Ok(NOT_TOLD.to_owned()),
        Err(error) => Err(error),
    }
}

/// Whether a transaction of this level that finds no trace of a lost commit conflicts with it.
pub(super) fn settles(level: &str) -> bool {
    ["REPEATABLE READ", "SERIALIZABLE"].contains(&level.to_uppercase().as_str())
}

/// Name and version out of `version()`: "PostgreSQL 15.18", "CockroachDB CCL v23.1.11".
fn product(version: &str) -> &str {
    let end = [" (", " on ", ","].iter().filter_map(|stop| version.find(stop)).min();
    &version[..end.unwrap_or(version.len())]
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_product_is_named_without_its_build() {
        for (version, name) in [
            ("PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc", "PostgreSQL 15.18"),
            ("PostgreSQL 16.4 on aarch64-apple-darwin, compiled by clang", "PostgreSQL 16.4"),
            ("CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27)", "CockroachDB CCL v23.1.11"),
            ("PostgreSQL 11.2-YB-2.20.1.0-b0 on x86_64-pc-linux-gnu", "PostgreSQL 11.2-YB-2.20.1.0-b0"),
            ("something else", "something else"),
        ] {
            assert_eq!(super::product(version), name);
        }
    }
}
