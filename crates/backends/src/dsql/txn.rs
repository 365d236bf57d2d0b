//! The transaction a purchase runs in: plain BEGIN, three statements, COMMIT.

use super::{
    Client,
    classify::{Stage, classify, classify_said},
    said::Said,
};
use deadpool::managed::Object;
use onsale::{Failure, Order, Seat, Transaction};
use tokio_postgres::{Row, Statement, error::SqlState, types::ToSql};

/// An open transaction. Dropped unfinished, it closes its connection instead of handing it to the next buyer.
pub struct SqlTxn {
    client: Option<Client>,
    database: &'static str,
}

const READ_SEAT: &str = "SELECT round, reset_round, status, ticket FROM seats WHERE floor = $1 AND seat = $2";
const WRITE_SEAT: &str = "UPDATE seats SET status = 'sold', owner = $3, ticket = $4, region = $5, changed_at = now() \
                          WHERE floor = $1 AND seat = $2";
const APPEND_SALE: &str = "INSERT INTO ledger (floor, seat, round, ticket, buyer, region, run, attempt, sold_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())";
const FIND_SALE: &str = "SELECT 1 FROM ledger WHERE floor = $1 AND seat = $2 AND ticket = $3";

/// Prepares on `client` what a purchase will run.
pub(super) async fn prepare(client: &Client, database: &'static str) -> Result<(), Failure> {
    for statement in [READ_SEAT, WRITE_SEAT, APPEND_SALE] {
        client.prepare_cached(statement).await.map_err(|e| classify(database, Stage::Statement, e))?;
    }
    Ok(())
}

impl SqlTxn {
    pub(super) fn new(client: Client, database: &'static str) -> Self {
        Self { client: Some(client), database }
    }

    fn client(&self) -> Result<&Client, Failure> {
        self.client.as_ref().ok_or_else(|| Failure::unavailable(self.database, "this transaction has already failed"))
    }

    async fn prepared(&self, sql: &str) -> Result<(&Client, Statement), Result<Failure, tokio_postgres::Error>> {
        let client = self.client().map_err(Ok)?;
        Ok((client, client.prepare_cached(sql).await.map_err(Err)?))
    }

    async fn query(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, Failure> {
        let result = match self.prepared(sql).await {
            Ok((client, statement)) => client.query_opt(&statement, params).await,
            Err(Ok(failure)) => return Err(failure),
            Err(Err(error)) => Err(error),
        };
        match result {
            Ok(row) => Ok(row),
            Err(error) => Err(self.failed(error).await),
        }
    }

    async fn execute(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Failure> {
        let result = match self.prepared(sql).await {
            Ok((client, statement)) => client.execute(&statement, params).await,
            Err(Ok(failure)) => return Err(failure),
            Err(Err(error)) => Err(error),
        };
        match result {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.failed(error).await),
        }
    }

    /// After a failed statement nothing can stand: ends the transaction, so that COMMIT can never be sent (it would be
    /// answered ROLLBACK without an error), and keeps the connection if it is still good.
    async fn failed(&mut self, error: tokio_postgres::Error) -> Failure {
        let said = self.client.as_ref().map_or_else(|| Said::new(&error), |client| client.explained(&error));
        if let Some(client) = &self.client {
            let rolled_back = client.batch_execute("ROLLBACK").await.is_ok();
            // Taken only now: cancelled in between, the transaction still closes its connection.
            if let Some(client) = self.client.take()
                && !rolled_back
            {
                drop(Object::take(client));
            }
        }
        let code = said.code().cloned();
        classify_said(self.database, Stage::Statement, code.as_ref(), said)
    }
}

impl Transaction for SqlTxn {
    async fn begin(&mut self) -> Result<(), Failure> {
        // A plain BEGIN: Aurora DSQL has one isolation level and refuses to be asked for another.
        match self.client()?.batch_execute("BEGIN").await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.failed(error).await),
        }
    }

    async fn find_sale(&mut self, order: &Order) -> Result<bool, Failure> {
        let params: [&(dyn ToSql + Sync); 3] = [&order.floor.as_str(), &order.seat.to_string(), &order.ticket.as_str()];
        Ok(self.query(FIND_SALE, &params).await?.is_some())
    }

    async fn read_seat(&mut self, order: &Order) -> Result<Seat, Failure> {
        let row = self.query(READ_SEAT, &[&order.floor.as_str(), &order.seat.to_string()]).await?;
        let row = row.ok_or_else(|| {
            Failure::unavailable(self.database, format!("the floor has no row for seat {}", order.seat))
        })?;
        seat(&row).ok_or_else(|| Failure::unavailable(self.database, super::office::STRANGE_ROW))
    }

    async fn write_seat(&mut self, order: &Order, _: &Seat) -> Result<(), Failure> {
        let params: [&(dyn ToSql + Sync); 5] = [
            &order.floor.as_str(),
            &order.seat.to_string(),
            &order.buyer.as_str(),
            &order.ticket.as_str(),
            &order.region.as_str(),
        ];
        self.execute(WRITE_SEAT, &params).await.map(drop)
    }

    async fn append_sale(&mut self, order: &Order, seat: &Seat) -> Result<(), Failure> {
        let params: [&(dyn ToSql + Sync); 8] = [
            &order.floor.as_str(),
            &order.seat.to_string(),
            &i64::from(seat.round),
            &order.ticket.as_str(),
            &order.buyer.as_str(),
            &order.region.as_str(),
            &order.run.as_ref().map(onsale::RunId::as_str),
            &i64::from(order.attempt),
        ];
        self.execute(APPEND_SALE, &params).await.map(drop)
    }

    async fn commit(mut self) -> Result<(), Failure> {
        let client = self.client()?;
        match client.batch_execute("COMMIT").await {
            Ok(()) => {
                self.client = None; // back to the pool
                Ok(())
            }
            Err(error) => {
                // A conflict told at COMMIT has ended the transaction, and the connection is as good as before; after
                // anything else nobody knows what it is in the middle of.
                let ended = error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE);
                let failure = classify_said(self.database, Stage::Commit, error.code(), client.explained(&error));
                if ended && !self.client()?.is_closed() {
                    self.client = None;
                }
                Err(failure)
            }
        }
    }

    async fn rollback(mut self) -> Result<(), Failure> {
        let client = self.client()?;
        match client.batch_execute("ROLLBACK").await {
            Ok(()) => self.client = None,
            // Nothing was written, so the answer stands; only the connection is given up.
            Err(error) => tracing::debug!(%error, "rollback"),
        }
        Ok(())
    }
}

impl Drop for SqlTxn {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

/// `None` for a row that nothing of ours wrote: it must not look like a free seat.
fn seat(row: &Row) -> Option<Seat> {
    let holder = match row.try_get("status").ok()? {
        "available" => None,
        "sold" => Some(row.try_get::<_, Option<&str>>("ticket").ok()??.parse().ok()?),
        _ => return None,
    };
    let [round, reset_round] =
        ["round", "reset_round"].map(|column| row.try_get(column).ok().and_then(super::office::round));
    Some(Seat { round: round?, reset_round: reset_round?, holder })
}
