//! The box office on SQL: opening, resetting, listing, reading the ledger back. Counting is done in the database.

use super::{
    Role, SqlDatabase,
    ask::{int, text},
};
use crate::own_task::in_own_task;
use async_trait::async_trait;
use onsale::{
    BoxOffice, BuyerName, Engine, Failure, FloorId, Holder, Region, Round, RoundCount, Sale, SeatId, SeatRow, Span,
};
use std::fmt::Write as _;
use tokio_postgres::Row;

const SALE: &str = "SELECT seat, round, ticket, buyer, region, run, attempt, \
                    (extract(epoch FROM sold_at) * 1000)::bigint AS sold_at_ms FROM ledger";
const SEAT: &str = "SELECT seat, round, reset_round, status, owner, ticket, region FROM seats";
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
        let database = self.clone();
        in_own_task(self.config().database, async move { database.describe().await }).await
    }

    async fn check(&self) -> Result<(), Failure> {
        let database = self.clone();
        in_own_task(self.config().database, async move { database.check_tables().await }).await
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
        insert += " ON CONFLICT (floor, seat) DO NOTHING";
        self.add(insert, vec![text(floor)]).await?;
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
        let rows = self.change(open, vec![text(floor), text(seat)]).await?;
        let row = rows.first().ok_or_else(|| self.unavailable(format!("the floor has no row for seat {seat}")))?;
        row.try_get(0).ok().and_then(round).ok_or_else(|| self.unavailable(STRANGE_ROW))
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
        self.change(reset, vec![text(floor)]).await.map(drop)
    }

    async fn seats(&self, floor: &FloorId) -> Result<Vec<SeatRow>, Failure> {
        let rows = self.select(format!("{SEAT} WHERE floor = $1"), vec![text(floor)]).await?;
        let mut seats = self.all(&rows, seat_row)?;
        seats.sort_unstable_by_key(|row| row.seat);
        Ok(seats)
    }

    async fn seat_rows(&self, floor: &FloorId, seat: SeatId) -> Result<Vec<SeatRow>, Failure> {
        let select = format!("{SEAT} WHERE floor = $1 AND seat = $2");
        let rows = self.select(select, vec![text(floor), text(seat)]).await?;
        let rows = self.all(&rows, seat_row)?;
        Ok(if rows.is_empty() { vec![SeatRow::untouched(seat)] } else { rows })
    }

    async fn tickets(&self, floor: &FloorId, buyer: &BuyerName) -> Result<Vec<Sale>, Failure> {
        let select = format!("{SALE} WHERE floor = $1 AND buyer = $2 ORDER BY sold_at DESC, ticket");
        let rows = self.select(select, vec![text(floor), text(buyer)]).await?;
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
        let rows = self.select(select, vec![text(floor)]).await?;
        let mut counts = self.all(&rows, round_count)?;
        counts.sort_unstable();
        Ok(counts)
    }

    async fn round_counts(&self, floor: &FloorId, rounds: &[(SeatId, Round)]) -> Result<Vec<RoundCount>, Failure> {
        if rounds.is_empty() {
            return Ok(vec![]);
        }
        // A seat id is a letter and a number; it needs no quoting. Each row of the list is one range of the key.
        let list: Vec<String> = rounds.iter().map(|(seat, round)| format!("('{seat}', {round}::bigint)")).collect();
        let select = format!(
            "SELECT a.seat, a.round, (SELECT count(*) FROM ledger l WHERE l.floor = $1 AND l.seat = a.seat \
             AND l.round = a.round) FROM (VALUES {}) AS a (seat, round)",
            list.join(", ")
        );
        let rows = self.select(select, vec![text(floor)]).await?;
        self.all(&rows, round_count)
    }

    async fn sales(&self, floor: &FloorId, seat: SeatId, round: Round) -> Result<Vec<Sale>, Failure> {
        let select = format!("{SALE} WHERE floor = $1 AND seat = $2 AND round = $3 ORDER BY sold_at, ticket");
        let rows = self.select(select, vec![text(floor), text(seat), int(round)]).await?;
        self.all(&rows, sale)
    }
}

impl SqlDatabase {
    /// Every row read, or none: a row that cannot be read must not look like one that is not there.
    pub(super) fn all<T>(&self, rows: &[Row], read: impl Fn(&Row) -> Option<T>) -> Result<Vec<T>, Failure> {
        let all: Option<Vec<T>> = rows.iter().map(read).collect();
        all.ok_or_else(|| self.unavailable(STRANGE_ROW))
    }

    fn made<T>(&self, look: impl FnOnce(&mut std::collections::HashSet<FloorId>) -> T) -> T {
        look(&mut self.shared.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// A round as the column holds it; `None` for what is none.
pub(super) fn round(column: i64) -> Option<Round> {
    Round::try_from(column).ok().filter(|round| *round >= 1)
}

/// Seat, round and number of sales.
fn round_count(row: &Row) -> Option<RoundCount> {
    Some(RoundCount {
        seat: row.try_get::<_, &str>(0).ok()?.parse().ok()?,
        round: round(row.try_get(1).ok()?)?,
        confirmed: u64::try_from(row.try_get::<_, i64>(2).ok()?).ok()?,
    })
}

/// `None` for a row that nothing of ours wrote.
fn seat_row(row: &Row) -> Option<SeatRow> {
    let holder = || {
        Some(Holder {
            owner: BuyerName::recorded(row.try_get::<_, Option<&str>>("owner").ok()??).ok()?,
            ticket: row.try_get::<_, Option<&str>>("ticket").ok()??.parse().ok()?,
            region: row.try_get::<_, Option<&str>>("region").ok()??.parse().ok()?,
        })
    };
    Some(SeatRow {
        seat: row.try_get::<_, &str>("seat").ok()?.parse().ok()?,
        round: round(row.try_get("round").ok()?)?,
        reset_round: round(row.try_get("reset_round").ok()?)?,
        holder: match row.try_get("status").ok()? {
            "available" => None,
            "sold" => Some(holder()?),
            _ => return None,
        },
    })
}

/// `None` for a row that nothing of ours wrote.
fn sale(row: &Row) -> Option<Sale> {
    Some(Sale {
        seat: row.try_get::<_, &str>("seat").ok()?.parse().ok()?,
        round: round(row.try_get("round").ok()?)?,
        ticket: row.try_get::<_, &str>("ticket").ok()?.parse().ok()?,
        buyer: BuyerName::recorded(row.try_get("buyer").ok()?).ok()?,
        region: row.try_get::<_, &str>("region").ok()?.parse().ok()?,
        run: row.try_get::<_, Option<&str>>("run").ok()?.map(str::parse).transpose().ok()?,
        attempt: u32::try_from(row.try_get::<_, i64>("attempt").ok()?).ok()?,
        sold_at_ms: row.try_get("sold_at_ms").ok()?,
    })
}
