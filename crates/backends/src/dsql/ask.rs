//! Asking outside a purchase: on a connection that answers, again where that is safe, and never twice where it is not.
//!
//! Every question takes one connection, in a task of its own (see [`crate::own_task`]), and sends all its statements on
//! it. So one caller may wait for several answers at once, and none of them can keep a connection from the others.

use super::{
    Client, RegionPool, SqlDatabase,
    classify::{Stage, classify},
};
use crate::own_task::in_own_task;
use deadpool::managed::Object;
use futures::future::BoxFuture;
use onsale::Failure;
use std::{sync::Arc, time::Duration};
use tokio_postgres::{Row, error::SqlState, types::ToSql};

/// How often an opening, a reset or a run to be kept is tried against transactions that race it.
const ATTEMPTS_MAX: u32 = 50;

/// A parameter of a statement, owned, because the statement runs in another task.
pub(super) type Param = Box<dyn ToSql + Send + Sync>;

/// A parameter of type `text`.
pub(super) fn text(value: impl ToString) -> Param {
    Box::new(value.to_string())
}

/// A parameter of type `bigint`.
pub(super) fn int(value: impl Into<i64>) -> Param {
    Box::new(value.into())
}

/// What statements on one connection come to.
pub(super) type Asked<'a, T> = BoxFuture<'a, Result<T, tokio_postgres::Error>>;

impl SqlDatabase {
    /// Reads with one statement.
    pub(super) async fn select(&self, sql: impl Into<String>, params: Vec<Param>) -> Result<Vec<Row>, Failure> {
        let asked = Arc::new((sql.into(), params));
        self.read(move |client| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { query(client, &asked.0, &asked.1).await })
        })
        .await
    }

    /// Reads with any number of statements on one connection, again if the connection turns out to have died in the
    /// pool: then another region may answer.
    pub(super) async fn read<T, F>(&self, statements: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a Client) -> Asked<'a, T> + Send + Sync + 'static,
    {
        let database = self.clone();
        in_own_task(self.config().database, async move {
            let mut dead = 0;
            loop {
                let client = database.client().await?;
                let error = match statements(&client).await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                };
                let again = error.code().is_none_or(|code| *code == SqlState::INTERNAL_ERROR);
                if !again || dead == database.config().connections_per_region {
                    return Err(classify(database.config().database, Stage::Statement, error));
                }
                drop(Object::take(client));
                dead += 1;
            }
        })
        .await
    }

    /// A connection that answers, for what is not to be sent twice.
    pub(super) async fn live_client(&self) -> Result<Client, Failure> {
        let [first, second] = &self.shared.regions;
        match self.live_client_of(first).await {
            Ok(client) => Ok(client),
            Err(_) => self.live_client_of(second).await,
        }
    }

    /// The same in one region.
    pub(super) async fn live_client_of(&self, region: &RegionPool) -> Result<Client, Failure> {
        let mut dead = 0;
        loop {
            let client = self.client_of(region).await?;
            // Not an empty query: a proxy on the way may answer that by itself.
            match client.simple_query("SELECT 1").await {
                Ok(_) => return Ok(client),
                Err(error) if dead == self.config().connections_per_region => {
                    return Err(classify(self.config().database, Stage::Statement, error));
                }
                Err(_) => drop(Object::take(client)),
            }
            dead += 1;
        }
    }

    /// Runs one changing statement on its own, again when a purchase raced it, never after a lost answer: a repeated
    /// reset would open what was bought in between.
    pub(super) async fn change(&self, sql: impl Into<String>, params: Vec<Param>) -> Result<Vec<Row>, Failure> {
        self.run(Twice::Never, sql.into(), params).await
    }

    /// The same where a second time changes nothing: then also after a lost answer.
    pub(super) async fn add(&self, sql: impl Into<String>, params: Vec<Param>) -> Result<(), Failure> {
        self.run(Twice::IsOnce, sql.into(), params).await.map(drop)
    }

    async fn run(&self, twice: Twice, sql: String, params: Vec<Param>) -> Result<Vec<Row>, Failure> {
        let database = self.clone();
        in_own_task(self.config().database, async move {
            let once = || async {
                let client = database.live_client().await?;
                // A statement on its own commits itself: an answer that is lost leaves it open whether it was done.
                client.query(&sql, &borrowed(&params)).await.map_err(|error| {
                    let stage = if is_refusal(error.code()) { Stage::Statement } else { Stage::Commit };
                    classify(database.config().database, stage, error)
                })
            };
            patiently(twice, once).await
        })
        .await
    }
}

/// Asks again while somebody else's transaction races it.
pub(super) async fn patiently<T, F>(twice: Twice, ask: impl Fn() -> F + Send) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    let mut attempt = 1;
    loop {
        let answer = ask().await;
        let again = match &answer {
            Err(Failure::Conflict { .. } | Failure::SchemaChanged { .. } | Failure::Transient { .. }) => true,
            Err(Failure::Indeterminate { .. }) => twice == Twice::IsOnce,
            _ => false,
        };
        if !again || attempt == ATTEMPTS_MAX {
            return answer;
        }
        attempt += 1;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..=u64::from(attempt.min(20))))).await;
    }
}

/// Runs one statement, prepared once for each connection.
pub(super) async fn query(client: &Client, sql: &str, params: &[Param]) -> Result<Vec<Row>, tokio_postgres::Error> {
    let statement = client.prepare_cached(sql).await?;
    client.query(&statement, &borrowed(params)).await
}

fn borrowed(params: &[Param]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect()
}

/// What doing it twice would mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twice {
    /// Something else than doing it once.
    Never,
    /// The same.
    IsOnce,
}

/// Whether the server certainly did not do what it was asked: it found the statement wrong, or undid it. Whatever ends a
/// connection, or is anybody's guess, may have come after the deed.
fn is_refusal(code: Option<&SqlState>) -> bool {
    const CLASSES: [&str; 10] = ["0A", "22", "23", "25", "3D", "3F", "40", "42", "54", "55"];
    let open = SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN;
    code.is_some_and(|code| {
        *code == SqlState::QUERY_CANCELED
            || *code != open && CLASSES.contains(&code.code().get(..2).unwrap_or_default())
    })
}
