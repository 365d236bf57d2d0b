//! The tables. Nothing here that Aurora DSQL refuses; each DDL in a transaction of its own.

use super::{Dialect, RegionPool, Role, SqlDatabase, SqlEndpoint, engine::settles, remedy::Step, trouble::Trouble};
use onsale::Failure;
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};
use tokio_postgres::{
    error::SqlState,
    types::{FromSql, Type},
};

const TABLES: [&str; 6] = [
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
    // How each stored run was judged when it ended, to be counted for each floor.
    "CREATE TABLE IF NOT EXISTS judged (floor text NOT NULL, backend text NOT NULL, run text NOT NULL, \
     verdict text NOT NULL, PRIMARY KEY (floor, backend, run))",
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
    /// [`Failure::Unavailable`] if the database is away, [`Failure::Refused`] if it refuses or cannot be used as it is.
    pub async fn create_tables(&self) -> Result<(), Failure> {
        // Both are asked, so that an endpoint which cannot be used is named now and not by the first buyer.
        let [first, second] = &self.shared.regions;
        let client = self.client_of(first).await?;
        drop(self.client_of(second).await?);
        let config = self.config();
        if config.role == Role::Own {
            self.check_sessions().await?;
        }
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
                    return Err(self.trouble(Trouble::at(Step::CreateTables, &config.endpoints[0], &error)));
                }
                tokio::time::sleep(Duration::from_millis(fastrand::u64(0..=2 * attempt))).await;
                attempt += 1;
            }
        }
        drop(client);
        if config.role == Role::Own {
            self.check_that_it_is_one().await?;
            let settles = self.levels().await?.iter().all(|level| settles(level));
            self.shared.settles_doubt.store(settles, Ordering::Relaxed);
        }
        self.check_tables().await
    }

    /// Whether the tables are there through both endpoints, with the columns that are used and the right to write them.
    pub(super) async fn check_tables(&self) -> Result<(), Failure> {
        let config = self.config();
        for (region, endpoint) in self.shared.regions.iter().zip(&config.endpoints) {
            let client = self.live_client_of(region).await?;
            let refused = |error| self.trouble(Trouble::at(Step::CheckTables, endpoint, &error));
            for (table, columns) in COLUMNS {
                let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
                let look = format!("SELECT {} FROM {table} LIMIT 0", names.join(", "));
                // Described, and run as well: it is the run that needs the right.
                let described = client.prepare(&look).await.map_err(refused)?;
                client.query(&described, &[]).await.map_err(refused)?;
                for (column, (name, wanted)) in described.columns().iter().zip(columns) {
                    if !fits(wanted, column.type_()) {
                        let how = format!("{name} of {table} is {}, not {wanted}", column.type_());
                        return Err(self.trouble(Trouble::other_tables(endpoint, &how)));
                    }
                }
            }
            if config.role != Role::StandIn {
                for write in WRITES {
                    // Explained, a statement asks for its keys and rights, and does nothing.
                    match client.simple_query(&format!("EXPLAIN {write}")).await {
                        Err(error) if error.code() != Some(&SqlState::FEATURE_NOT_SUPPORTED) => {
                            return Err(refused(error));
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes a mark through each endpoint and looks for it through the other: two databases would sell everything
    /// twice, and it would be nobody's fault but the configuration's.
    async fn check_that_it_is_one(&self) -> Result<(), Failure> {
        let [first, second] = &self.shared.regions;
        let [one, other] = &self.config().endpoints;
        self.mark_is_seen((first, one), (second, other)).await?;
        self.mark_is_seen((second, other), (first, one)).await
    }

    async fn mark_is_seen(
        &self,
        (here, first): (&RegionPool, &SqlEndpoint),
        (there, second): (&RegionPool, &SqlEndpoint),
    ) -> Result<(), Failure> {
        let unmarked = |error| self.trouble(Trouble::at(Step::Mark, first, &error));
        let mark = format!("mark-{:032x}", fastrand::u128(..));
        let here = self.live_client_of(here).await?;
        let there = self.live_client_of(there).await?;
        let insert = "INSERT INTO begun (run, floor, plan) VALUES ($1, 'mark', 'mark')";
        here.execute(insert, &[&mark]).await.map_err(unmarked)?;
        let look = "SELECT 1 FROM begun WHERE run = $1";
        let began = Instant::now();
        let seen = loop {
            match there.query(look, &[&mark]).await {
                Ok(rows) if !rows.is_empty() => break true,
                Err(error) if error.code() != Some(&SqlState::UNDEFINED_TABLE) => {
                    return Err(self.trouble(Trouble::at(Step::Mark, second, &error)));
                }
                // A replica that lags shows it late.
                _ if began.elapsed() < MARK_WITHIN => tokio::time::sleep(MARK_WITHIN / 20).await,
                _ => break false,
            }
        };
        here.execute("DELETE FROM begun WHERE run = $1", &[&mark]).await.map_err(unmarked)?;
        if seen {
            return Ok(());
        }
        Err(self.trouble(Trouble::wrong(format!(
            "{first} and {second} are not one database: what is written through the first is not there through the \
             second; give two ways into the same one, or the same URL twice"
        ))))
    }
}

/// What must be there, and of which types, though no row need be.
const COLUMNS: [(&str, &[(&str, Type)]); 6] = [
    (
        "seats",
        &[
            ("floor", Type::TEXT),
            ("seat", Type::TEXT),
            ("round", Type::INT8),
            ("reset_round", Type::INT8),
            ("status", Type::TEXT),
            ("owner", Type::TEXT),
            ("ticket", Type::TEXT),
            ("region", Type::TEXT),
            ("changed_at", Type::TIMESTAMPTZ),
        ],
    ),
    (
        "ledger",
        &[
            ("floor", Type::TEXT),
            ("seat", Type::TEXT),
            ("round", Type::INT8),
            ("ticket", Type::TEXT),
            ("buyer", Type::TEXT),
            ("region", Type::TEXT),
            ("run", Type::TEXT),
            ("attempt", Type::INT8),
            ("sold_at", Type::TIMESTAMPTZ),
        ],
    ),
    (
        "runs",
        &[
            ("run", Type::TEXT),
            ("part", Type::INT8),
            ("parts", Type::INT8),
            ("floor", Type::TEXT),
            ("document", Type::BYTEA),
        ],
    ),
    ("begun", &[("run", Type::TEXT), ("floor", Type::TEXT), ("plan", Type::TEXT)]),
    ("judged", &[("floor", Type::TEXT), ("backend", Type::TEXT), ("run", Type::TEXT), ("verdict", Type::TEXT)]),
    ("records", &[("record", Type::TEXT), ("place", Type::INT8), ("document", Type::TEXT)]),
];
/// What is written, with the keys that it counts on.
const WRITES: [&str; 7] = [
    "INSERT INTO seats (floor, seat, round, reset_round, status) VALUES ('', '', 1, 1, '') \
     ON CONFLICT (floor, seat) DO NOTHING",
    "UPDATE seats SET round = round WHERE floor = '' AND seat = ''",
    "INSERT INTO ledger (floor, seat, round, ticket, buyer, region, attempt, sold_at) \
     VALUES ('', '', 1, '', '', '', 1, now())",
    "INSERT INTO runs (run, part, parts, floor, document) VALUES ('', 1, 1, '', '') ON CONFLICT (run, part) DO NOTHING",
    "INSERT INTO begun (run, floor, plan) VALUES ('', '', '') ON CONFLICT (run) DO NOTHING",
    "INSERT INTO judged (floor, backend, run, verdict) VALUES ('', '', '', '') \
     ON CONFLICT (floor, backend, run) DO NOTHING",
    "INSERT INTO records (record, place, document) VALUES ('', 1, '') ON CONFLICT (record, place) DO NOTHING",
];
/// How often a DDL that races another server's is tried.
const ATTEMPTS_MAX: u64 = 50;
/// How long a replica may take to show a mark.
const MARK_WITHIN: Duration = Duration::from_secs(2);

/// Whether a column of the type `found` holds what `wanted` does; there are several types of text.
fn fits(wanted: &Type, found: &Type) -> bool {
    wanted == found || (*wanted == Type::TEXT && <&str as FromSql>::accepts(found))
}

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
