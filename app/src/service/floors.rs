//! A floor as it is now: its seats, a buyer's tickets, the witness. Read anew each time.

use super::{Service, report};
use crate::{
    api::{FloorSeat, FloorView, JudgedBursts, SeatAnswer, SeatsAnswer, TicketAnswer, TicketsAnswer, WitnessAnswer},
    error::AppError,
};
use futures::future::{join, try_join, try_join_all, try_join4};
use onsale::{Backend, BoxOffice, BuyerName, Failure, FloorId, RoundCount, Sale, SeatId, SeatRow, Span};
use std::collections::HashMap;

/// How many double-sold seats have their tickets named.
const VIOLATIONS_NAMED: usize = 8;

impl Service {
    /// Everything the on-sale page shows of a floor.
    pub async fn floor_view(
        &self,
        backend: Backend,
        floor: &FloorId,
        buyer: &BuyerName,
    ) -> Result<FloorView, AppError> {
        let office = self.shop(backend)?.office();
        let all =
            try_join4(office.engine(), office.seats(floor), office.tickets(floor, buyer), self.judged(office, floor));
        let (all, bursts) = join(all, self.judged_bursts(backend, floor)).await;
        let (engine, rows, tickets, (counts, named)) = all?;
        let holders = |row: &SeatRow| witness::focus_count(&counts, row.seat, row.round).confirmed;
        let seat = |row: SeatRow| FloorSeat {
            seat: row.seat,
            round: row.round,
            holders: holders(&row),
            owner: row.holder.map(|holder| holder.owner),
        };
        Ok(FloorView {
            backend,
            engine: engine.to_string(),
            regions: office.regions().into(),
            seats: self.every_seat(rows).map(seat).collect(),
            tickets: tickets.into_iter().map(ticket_answer).collect(),
            witness: report::witness_answer(backend, &counts, None, |count| tickets_of(&named, count), bursts),
        })
    }

    /// `GET /api/seats`.
    pub async fn seats(&self, backend: Backend, floor: &FloorId) -> Result<SeatsAnswer, AppError> {
        let rows = self.shop(backend)?.office().seats(floor).await?;
        let seat = |row: SeatRow| SeatAnswer {
            seat_id: row.seat,
            status: if row.holder.is_some() { "sold" } else { "available" }.to_owned(),
            round: row.round,
            region: row.holder.as_ref().map(|holder| holder.region.clone()),
            owner: row.holder.map(|holder| holder.owner),
        };
        Ok(SeatsAnswer { backend, seats: self.every_seat(rows).map(seat).collect() })
    }

    /// `GET /api/tickets`.
    pub async fn tickets(
        &self,
        backend: Backend,
        floor: &FloorId,
        buyer: BuyerName,
    ) -> Result<TicketsAnswer, AppError> {
        let tickets = self.shop(backend)?.office().tickets(floor, &buyer).await?;
        Ok(TicketsAnswer { backend, buyer, tickets: tickets.into_iter().map(ticket_answer).collect() })
    }

    /// `GET /api/witness`.
    pub async fn witness(
        &self,
        backend: Backend,
        floor: &FloorId,
        focus: Option<SeatId>,
    ) -> Result<WitnessAnswer, AppError> {
        let office = self.shop(backend)?.office();
        if let Some(seat) = focus {
            self.check_seat(seat)?;
        }
        let row = async {
            let Some(seat) = focus else { return Ok(None) };
            // On two replicas the newer round counts, and an owner before none.
            let rows = office.seat_rows(floor, seat).await?;
            Ok(rows.into_iter().max_by_key(|row| (row.round, row.holder.is_some())))
        };
        let counted = try_join(row, self.judged(office, floor));
        let (counted, bursts) = join(counted, self.judged_bursts(backend, floor)).await;
        let (row, (counts, named)) = counted?;
        Ok(report::witness_answer(backend, &counts, row.as_ref(), |count| tickets_of(&named, count), bursts))
    }

    /// The counts since the last reset, and the sales behind the first violations.
    async fn judged(
        &self,
        office: &dyn BoxOffice,
        floor: &FloorId,
    ) -> Result<(Vec<RoundCount>, Vec<Vec<Sale>>), Failure> {
        let counts = office.counts(floor, Span::SinceReset).await?;
        let violations = counts.iter().filter(|count| count.confirmed > 1).take(VIOLATIONS_NAMED);
        let named = try_join_all(violations.map(|count| office.sales(floor, count.seat, count.round))).await?;
        Ok((counts, named))
    }

    /// How the floor's stored bursts were judged. The store may be away while the backend answers.
    async fn judged_bursts(&self, backend: Backend, floor: &FloorId) -> Option<JudgedBursts> {
        let mut bursts = JudgedBursts::default();
        for (verdict, n) in self.store.judged_runs(floor, backend).await.ok()? {
            bursts.judged += n;
            match verdict.as_str() {
                "linearizable" => bursts.linearizable += n,
                "violated" => bursts.violated += n,
                "unknown" => bursts.unknown += n,
                _ => bursts.inconclusive += n,
            }
        }
        Some(bursts)
    }

    /// Every seat of the floor: its row, or untouched.
    fn every_seat(&self, rows: Vec<SeatRow>) -> impl Iterator<Item = SeatRow> {
        let mut rows: HashMap<SeatId, SeatRow> = rows.into_iter().map(|row| (row.seat, row)).collect();
        self.plan.seats().map(move |seat| rows.remove(&seat).unwrap_or_else(|| SeatRow::untouched(seat)))
    }
}

fn ticket_answer(sale: Sale) -> TicketAnswer {
    TicketAnswer {
        seat_id: sale.seat,
        ticket_id: sale.ticket,
        region: sale.region,
        ts: sale.sold_at_ms,
        round: sale.round,
    }
}

fn tickets_of(named: &[Vec<Sale>], count: &RoundCount) -> Vec<onsale::Ticket> {
    let of_round = |sales: &&Vec<Sale>| sales.first().is_some_and(|s| (s.seat, s.round) == (count.seat, count.round));
    named.iter().find(of_round).into_iter().flatten().map(|sale| sale.ticket.clone()).collect()
}
