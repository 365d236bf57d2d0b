//! The box office on SQL: opening, resetting, listing, reading the ledger back. Counting is done in the database.

use super::{
    Client, Dialect, RegionPool, Role, SqlDatabase,
    classify::{Stage, classify, is_answer},
    connector,
    trouble::Trouble,
};
use async_trait::async_trait;
use deadpool::managed::Object;
use onsale::{
    BoxOffice, BuyerName, Engine, Failure, FloorId, Holder, Region, Round, RoundCount, Sale, SeatId, SeatRow, Setting,
    Span,
};
use std::{fmt::Write as _, time::Duration};
use tokio_postgres::{Row, error::SqlState, types::ToSql};

const SALE: &str = "SELECT seat, round, ticket, buyer, region, run, attempt, \
                    (extract(epoch FROM sold_at) * 1000)::bigint AS sold_at_ms FROM ledger";
const SEAT: &str = "SELECT seat, round, reset_round, status, owner, ticket, region FROM seats";
/// What must be there, though no row need be.
const COLUMNS: [&str; 5] = [
    "SELECT floor, seat, round, reset_round, status, owner, ticket, region, changed_at FROM seats LIMIT 0",
    "SELECT floor, seat, round, ticket, buyer, region, run, attempt, sold_at FROM ledger LIMIT 0",
    "SELECT run, part, parts, floor, document FROM runs LIMIT 0",
    "SELECT run, floor, plan FROM begun LIMIT 0",
    "SELECT record, place, document FROM records LIMIT 0",
];
/// How often an opening, a reset or a run to be kept is tried against transactions that race it.
const ATTEMPTS_MAX: u32 = 50;
/// Said of a row that cannot be read.
pub(super) const STRANGE_ROW: &str = "a row holds what WorldSeat did not write";

#[async_trait]
impl BoxOffice for SqlDatabase {
    fn regions(&self) -> [Region; 2] {
        self.config().endpoints.each_ref().map(|endpoint| endpoint.region.clone())
    }

    fn title(&self) -> Option<&str> {
        (self.config().role == Role::Own).then_some("Database under test")
    }

    async fn engine(&self) -> Result<Engine, Failure> {
        let config = self.config();
        let version = self.told("SELECT version()").await?;
        let levels = self.levels().await?;
        let place = match config.role {
            Role::StandIn => "this machine".to_owned(),
            Role::Itself => self.regions().map(|region| region.to_string()).join(" and "),
            Role::Own => config.endpoints.each_ref().map(super::SqlEndpoint::host).join(" and "),
        };
        let mut settings = self.own_settings();
        settings.push(Setting::new("version", version.clone()));
        settings.extend(config.settings.iter().cloned());
        settings.extend(self.clusters().await);
        Ok(Engine {
            stand_in: config.role == Role::StandIn,
            own: config.role == Role::Own,
            name: if config.role == Role::Itself { "Aurora DSQL".to_owned() } else { product(&version).to_owned() },
            consistency: levels.join(" in one place, in the other "),
            place,
            settings,
        })
    }

    async fn check(&self) -> Result<(), Failure> {
        for (region, endpoint) in self.shared.regions.iter().zip(&self.config().endpoints) {
            let client = self.client_of(region).await?;
            for look in COLUMNS {
                let asked = client.simple_query(look).await;
                asked.map_err(|error| self.unavailable(Trouble::not_as_made(endpoint, error)))?;
            }
        }
        Ok(())
    }

    async fn make_floor(&self, floor: &FloorId) -> Result<(), Failure> {
        if self.made(|made| made.contains(floor)) {
            return Ok(());
        }
        let mut insert = "INSERT INTO seats (floor, seat, round, reset_round, status) VALUES ".to_owned();
        for (place, seat) in self.config().plan.seats().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let _ = write!(insert, "{comma}($1, '{seat}', 1, 1, 'available')");
        }
        insert += " ON CONFLICT DO NOTHING";
        self.change(&insert, &[&floor.as_str()]).await?;
        self.made(|made| {
            if made.len() >= 100_000 {
                made.clear(); // only a shortcut: asking again is cheap
            }
            made.insert(floor.clone())
        });
        Ok(())
    }

    async fn open_seat(&self, floor: &FloorId, seat: SeatId) -> Result<Round, Failure> {
        let open = "UPDATE seats SET round = round + 1, status = 'available', owner = NULL, ticket = NULL, \
                    region = NULL, changed_at = now() WHERE floor = $1 AND seat = $2 RETURNING round";
        let rows = self.change(open, &[&floor.as_str(), &seat.to_string()]).await?;
        let row = rows.first().ok_or_else(|| self.unavailable(format!("the floor has no row for seat {seat}")))?;
        round(row.get(0)).ok_or_else(|| self.unavailable(STRANGE_ROW))
    }

    async fn reset(&self, floor: &FloorId, seats: Option<&[SeatId]>) -> Result<(), Failure> {
        let mut reset = "UPDATE seats SET round = round + 1, reset_round = round + 1, status = 'available', \
                         owner = NULL, ticket = NULL, region = NULL, changed_at = now() \
                         WHERE floor = $1 AND (status = 'sold' OR round > reset_round)"
            .to_owned();
        if let Some(seats) = seats {
            // A seat id is a letter and a number; it needs no quoting.
            let list: Vec<String> = seats.iter().map(|seat| format!("'{seat}'")).collect();
            if list.is_empty() {
                return Ok(());
            }
            let _ = write!(reset, " AND seat IN ({})", list.join(", "));
        }
        self.change(&reset, &[&floor.as_str()]).await.map(drop)
    }

    async fn seats(&self, floor: &FloorId) -> Result<Vec<SeatRow>, Failure> {
        let rows = self.select(&format!("{SEAT} WHERE floor = $1"), &[&floor.as_str()]).await?;
        let mut seats = self.all(&rows, seat_row)?;
        seats.sort_unstable_by_key(|row| row.seat);
        Ok(seats)
    }

    async fn seat_rows(&self, floor: &FloorId, seat: SeatId) -> Result<Vec<SeatRow>, Failure> {
        let select = format!("{SEAT} WHERE floor = $1 AND seat = $2");
        let rows = self.select(&select, &[&floor.as_str(), &seat.to_string()]).await?;
        let rows = self.all(&rows, seat_row)?;
        Ok(if rows.is_empty() { vec![SeatRow::untouched(seat)] } else { rows })
    }

    async fn tickets(&self, floor: &FloorId, buyer: &BuyerName) -> Result<Vec<Sale>, Failure> {
        let select = format!("{SALE} WHERE floor = $1 AND buyer = $2 ORDER BY sold_at DESC, ticket");
        let rows = self.select(&select, &[&floor.as_str(), &buyer.as_str()]).await?;
        self.all(&rows, sale)
    }

    async fn counts(&self, floor: &FloorId, span: Span) -> Result<Vec<RoundCount>, Failure> {
        // One statement, one snapshot: a reset in between cannot be half seen.
        let select = match span {
            Span::Ever => "SELECT seat, round, count(*) FROM ledger WHERE floor = $1 GROUP BY seat, round",
            // Grouped in the order of the key before the seats are joined: twice as fast over a million rows as joining first.
            Span::SinceReset => {
                "SELECT g.seat, g.round, g.confirmed FROM \
                 (SELECT seat, round, count(*) AS confirmed FROM ledger WHERE floor = $1 GROUP BY seat, round \
                 HAVING count(*) > 1) g \
                 JOIN seats s ON s.floor = $1 AND s.seat = g.seat AND g.round >= s.reset_round \
                 UNION ALL \
                 SELECT l.seat, l.round, count(*) FROM seats s JOIN ledger l ON l.floor = s.floor AND l.seat = s.seat \
                 AND l.round = (SELECT max(m.round) FROM ledger m WHERE m.floor = s.floor AND m.seat = s.seat \
                 AND m.round >= s.reset_round) \
                 WHERE s.floor = $1 GROUP BY l.seat, l.round HAVING count(*) = 1"
            }
        };
        let rows = self.select(select, &[&floor.as_str()]).await?;
        let count = |row: &Row| {
            let confirmed = u64::try_from(row.get::<_, i64>(2)).ok()?;
            Some(RoundCount { seat: row.get::<_, &str>(0).parse().ok()?, round: round(row.get(1))?, confirmed })
        };
        let mut counts = self.all(&rows, count)?;
        counts.sort_unstable();
        Ok(counts)
    }

    async fn sales(&self, floor: &FloorId, seat: SeatId, round: Round) -> Result<Vec<Sale>, Failure> {
        let select = format!("{SALE} WHERE floor = $1 AND seat = $2 AND round = $3 ORDER BY sold_at, ticket");
        let rows = self.select(&select, &[&floor.as_str(), &seat.to_string(), &i64::from(round)]).await?;
        self.all(&rows, sale)
    }
}

impl SqlDatabase {
    /// What this side of the connection decides.
    fn own_settings(&self) -> Vec<Setting> {
        let config = self.config();
        let [first, second] = self.regions();
        let [earliest, latest] = connector::RETIRED_AFTER_MINUTES;
        let mut settings = vec![
            Setting::new("regions", format!("{first}, {second}")),
            Setting::new("connections per region", config.connections_per_region.to_string()),
            Setting::new("connect timeout", format!("{} s", connector::CONNECT_TIMEOUT.as_secs())),
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

    /// One word of the database about itself; a database that refuses the question is not away.
    async fn told(&self, ask: &str) -> Result<String, Failure> {
        match self.select(ask, &[]).await {
            Ok(rows) => Ok(rows.first().map(|row| row.get(0)).unwrap_or_default()),
            Err(Failure::Unavailable { source, .. }) if is_answer(&*source) => Ok("not told".to_owned()),
            Err(failure) => Err(failure),
        }
    }

    /// The isolation levels of the two regional endpoints, one if they agree. Only somebody's own may differ: both are
    /// asked there.
    pub(super) async fn levels(&self) -> Result<Vec<String>, Failure> {
        const ASK: &str = "SELECT current_setting('transaction_isolation')";
        if self.config().role != Role::Own {
            return Ok(vec![self.told(ASK).await?.to_uppercase()]);
        }
        let mut levels = Vec::new();
        for region in &self.shared.regions {
            let client = self.live_client_of(region).await?;
            let row = client.query_one(ASK, &[]).await;
            let row = row.map_err(|error| classify(self.config().database, Stage::Statement, error))?;
            levels.push(row.get::<_, String>(0).to_uppercase());
        }
        levels.dedup();
        Ok(levels)
    }

    /// Reads, again if the connection turns out to have died in the pool: then another region may answer.
    pub(super) async fn select(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Failure> {
        let mut dead = 0;
        loop {
            let client = self.client().await?;
            let error = match client.prepare_cached(sql).await {
                Ok(statement) => match client.query(&statement, params).await {
                    Ok(rows) => return Ok(rows),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            let again = error.code().is_none_or(|code| *code == SqlState::INTERNAL_ERROR);
            if !again || dead == self.config().connections_per_region {
                return Err(classify(self.config().database, Stage::Statement, error));
            }
            drop(Object::take(client));
            dead += 1;
        }
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

    /// Every row read, or none: a row that cannot be read must not look like one that is not there.
    fn all<T>(&self, rows: &[Row], read: impl Fn(&Row) -> Option<T>) -> Result<Vec<T>, Failure> {
        let all: Option<Vec<T>> = rows.iter().map(read).collect();
        all.ok_or_else(|| self.unavailable(STRANGE_ROW))
    }

    /// Runs one changing statement on its own, again when a purchase raced it, never after a lost answer: a repeated
    /// reset would open what was bought in between.
    pub(super) async fn change(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Failure> {
        let database = self.config().database;
        self.patiently(move || async move {
            let client = self.live_client().await?;
            // A statement on its own commits itself: an answer that is lost leaves it open whether it was done.
            client.query(sql, params).await.map_err(|error| {
                let stage = if is_refusal(error.code()) { Stage::Statement } else { Stage::Commit };
                classify(database, stage, error)
            })
        })
        .await
    }

    /// Asks again while somebody else's transaction races it.
    pub(super) async fn patiently<T, F>(&self, ask: impl Fn() -> F + Send) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>> + Send,
    {
        let mut attempt = 1;
        loop {
            match ask().await {
                Err(Failure::Conflict { .. } | Failure::SchemaChanged { .. } | Failure::Transient { .. })
                    if attempt < ATTEMPTS_MAX =>
                {
                    attempt += 1;
                }
                answer => return answer,
            }
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..=u64::from(attempt.min(20))))).await;
        }
    }

    fn made<T>(&self, look: impl FnOnce(&mut std::collections::HashSet<FloorId>) -> T) -> T {
        look(&mut self.shared.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// Whether the server certainly did not do what it was asked: it found the statement wrong, or undid it. Whatever ends a
/// connection, or is anybody's guess, may have come after the deed.
fn is_refusal(code: Option<&SqlState>) -> bool {
    const CLASSES: [&str; 9] = ["0A", "22", "23", "25", "3D", "3F", "40", "42", "54"];
    code.is_some_and(|code| CLASSES.contains(&code.code().get(..2).unwrap_or_default()))
}

/// Name and version out of `version()`: "PostgreSQL 15.18", "CockroachDB CCL v23.1.11".
fn product(version: &str) -> &str {
    let end = [" (", " on ", ","].iter().filter_map(|stop| version.find(stop)).min();
    &version[..end.unwrap_or(version.len())]
}

/// A round as the column holds it; `None` for what is none.
pub(super) fn round(column: i64) -> Option<Round> {
    Round::try_from(column).ok().filter(|round| *round >= 1)
}

/// `None` for a row that nothing of ours wrote.
fn seat_row(row: &Row) -> Option<SeatRow> {
    let holder = || {
        Some(Holder {
            owner: row.get::<_, Option<&str>>("owner")?.parse().ok()?,
            ticket: row.get::<_, Option<&str>>("ticket")?.parse().ok()?,
            region: row.get::<_, Option<&str>>("region")?.parse().ok()?,
        })
    };
    Some(SeatRow {
        seat: row.get::<_, &str>("seat").parse().ok()?,
        round: round(row.get("round"))?,
        reset_round: round(row.get("reset_round"))?,
        holder: match row.get("status") {
            "available" => None,
            "sold" => Some(holder()?),
            _ => return None,
        },
    })
}

/// `None` for a row that nothing of ours wrote.
fn sale(row: &Row) -> Option<Sale> {
    Some(Sale {
        seat: row.get::<_, &str>("seat").parse().ok()?,
        round: round(row.get("round"))?,
        ticket: row.get::<_, &str>("ticket").parse().ok()?,
        buyer: row.get::<_, &str>("buyer").parse().ok()?,
        region: row.get::<_, &str>("region").parse().ok()?,
        run: row.get::<_, Option<&str>>("run").map(str::parse).transpose().ok()?,
        attempt: u32::try_from(row.get::<_, i64>("attempt")).ok()?,
        sold_at_ms: row.get("sold_at_ms"),
    })
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
