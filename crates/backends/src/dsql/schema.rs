//! The tables. Nothing here that Aurora DSQL refuses; each DDL in a transaction of its own.

use super::{Dialect, SqlDatabase, trouble::Trouble};
use onsale::Failure;
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
            loop {
                match client.batch_execute(ddl).await {
                    Ok(()) => break,
                    // Another server is creating the same thing at this moment: look again.
                    Err(error) if raced(error.code()) => tokio::task::yield_now().await,
                    Err(error) => return Err(self.unavailable(Trouble::not_set_up(&config.endpoints[0], error))),
                }
            }
        }
        Ok(())
    }
}

fn raced(state: Option<&SqlState>) -> bool {
    let again = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::DUPLICATE_SCHEMA,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    state.is_some_and(|state| again.contains(state))
}
