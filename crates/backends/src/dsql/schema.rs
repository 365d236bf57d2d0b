//! The tables. Nothing here that Aurora DSQL refuses; each DDL in a transaction of its own.

use super::{Dialect, Role, SqlDatabase, classify, trouble::Trouble};
use onsale::Failure;
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};
use tokio_postgres::error::SqlState;

const TABLES: [&str; 5] = [
    // The mutable owner per seat.
    "CREATE TABLE IF NOT EXISTS seats (floor text NOT NULL, seat text NOT NULL, round bigint NOT NULL, \
     reset_round bigint NOT NULL, status text NOT NULL, owner text, ticket text, region text, changed_at timestamptz, \
     PRIMARY KEY (floor, seat))",
    // The append-only record of sales. The ticket is part of the key, so no key can stop a double sale.
    "CREATE TABLE IF NOT EXISTS ledger (floor text NOT NULL, seat text NOT NULL, round bigint NOT NULL, \
     ticket text NOT NULL, buyer text NOT NULL, region text NOT NULL, run text, attempt bigint NOT NULL, \
     sold_at timestamptz NOT NULL, PRIMARY KEY (floor, seat, round, ticket))",
    // Runs, compressed, in parts, because a value holds at most 1 MiB.
    "CREATE TABLE IF NOT EXISTS runs (run text NOT NULL, part bigint NOT NULL, parts bigint NOT NULL, \
     floor text NOT NULL, document bytea NOT NULL, PRIMARY KEY (run, part))",
    // Runs that were begun: what is left of one whose server ended first.
    "CREATE TABLE IF NOT EXISTS begun (run text NOT NULL, floor text NOT NULL, plan text NOT NULL, PRIMARY KEY (run))",
    // Append-only records of what was done with runs, such as stress tests.
    "CREATE TABLE IF NOT EXISTS records (record text NOT NULL, place bigint NOT NULL, document text NOT NULL, \
     PRIMARY KEY (record, place))",
];

/// My tickets. The only statement that differs: Aurora DSQL builds indexes in the background.
const INDEX_POSTGRES: &str = "CREATE INDEX IF NOT EXISTS ledger_by_buyer ON ledger (floor, buyer)";
const INDEX_DSQL: &str = "CREATE INDEX ASYNC IF NOT EXISTS ledger_by_buyer ON ledger (floor, buyer)";

impl SqlDatabase {
    /// Creates what is missing. Safe to run again, and by two servers at once.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if the database is away or refuses.
    pub async fn create_tables(&self) -> Result<(), Failure> {
        // Both are asked, so that an endpoint which cannot be used is named now and not by the first buyer.
        let [first, second] = &self.shared.regions;
        let client = self.client_of(first).await?;
        drop(self.client_of(second).await?);
        let config = self.config();
        let schema = config.schema.map(|schema| format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
        let index = match config.dialect {
            Dialect::Postgres => INDEX_POSTGRES,
            Dialect::Dsql => INDEX_DSQL,
        };
        for ddl in schema.as_deref().into_iter().chain(TABLES).chain([index]) {
            let mut attempt = 1;
            while let Err(error) = client.batch_execute(ddl).await {
                // Another server is creating the same thing at this moment: look again.
                if !raced(error.code()) || attempt == ATTEMPTS_MAX {
                    return Err(self.unavailable(Trouble::not_set_up(&config.endpoints[0], error)));
                }
                tokio::time::sleep(Duration::from_millis(fastrand::u64(0..=2 * attempt))).await;
                attempt += 1;
            }
        }
        drop(client);
        if config.role == Role::Own {
            self.check_that_it_is_one().await?;
            let settles = self.levels().await?.iter().all(|level| SETTLING.contains(&level.as_str()));
            self.shared.settles_doubt.store(settles, Ordering::Relaxed);
        }
        self.check_tables().await
    }

    /// Whether the tables are there through both endpoints, with the columns that are used.
    pub(super) async fn check_tables(&self) -> Result<(), Failure> {
        for (region, endpoint) in self.shared.regions.iter().zip(&self.config().endpoints) {
            let client = self.client_of(region).await?;
            for look in COLUMNS {
                let asked = client.simple_query(look).await;
                asked.map_err(|error| self.unavailable(Trouble::not_as_made(endpoint, error)))?;
            }
        }
        Ok(())
    }

    /// Writes a mark through one endpoint and looks for it through the other: two databases would sell everything twice,
    /// and it would be nobody's fault but the configuration's.
    async fn check_that_it_is_one(&self) -> Result<(), Failure> {
        let [first, second] = &self.shared.regions;
        let failed = |error| classify::classify(self.config().database, classify::Stage::Statement, error);
        let mark = format!("mark-{:032x}", fastrand::u128(..));
        let here = self.client_of(first).await?;
        let there = self.client_of(second).await?;
        here.execute("INSERT INTO begun (run, floor, plan) VALUES ($1, 'mark', 'mark')", &[&mark])
            .await
            .map_err(failed)?;
        let look = "SELECT 1 FROM begun WHERE run = $1";
        let began = Instant::now();
        let seen = loop {
            match there.query(look, &[&mark]).await {
                Ok(rows) if !rows.is_empty() => break true,
                Err(error) if error.code() != Some(&SqlState::UNDEFINED_TABLE) => return Err(failed(error)),
                // A replica that lags shows it late.
                _ if began.elapsed() < MARK_WITHIN => tokio::time::sleep(MARK_WITHIN / 20).await,
                _ => break false,
            }
        };
        here.execute("DELETE FROM begun WHERE run = $1", &[&mark]).await.map_err(failed)?;
        if seen {
            return Ok(());
        }
        let [first, second] = &self.config().endpoints;
        Err(self.unavailable(format!(
            "{first} and {second} are not one database: what is written through the first is not there through the \
             second; give two ways into the same one, or the same URL twice"
        )))
    }
}

/// What must be there, though no row need be.
const COLUMNS: [&str; 5] = [
    "SELECT floor, seat, round, reset_round, status, owner, ticket, region, changed_at FROM seats LIMIT 0",
    "SELECT floor, seat, round, ticket, buyer, region, run, attempt, sold_at FROM ledger LIMIT 0",
    "SELECT run, part, parts, floor, document FROM runs LIMIT 0",
    "SELECT run, floor, plan FROM begun LIMIT 0",
    "SELECT record, place, document FROM records LIMIT 0",
];
/// How often a DDL that races another server's is tried.
const ATTEMPTS_MAX: u64 = 50;
/// The levels at which a transaction that finds no trace of a lost commit conflicts with it.
const SETTLING: [&str; 2] = ["REPEATABLE READ", "SERIALIZABLE"];
/// How long a replica may take to show a mark.
const MARK_WITHIN: Duration = Duration::from_secs(2);

fn raced(state: Option<&SqlState>) -> bool {
    let again = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::DUPLICATE_SCHEMA,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::INTERNAL_ERROR,
    ];
    state.is_some_and(|state| again.contains(state))
}
