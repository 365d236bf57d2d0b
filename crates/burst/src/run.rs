//! The burst: everybody warm behind one barrier, everything recorded, everything read back.

use crate::{
    barrier::Barrier,
    clock::{Clock, wall_clock_ms},
    recorder::Recorder,
    sell::sell,
};
use futures::{StreamExt, TryStreamExt, stream};
use onsale::{
    BoxOffice, BuyerName, Database, Engine, Failure, FloorId, Host, Opening, Order, Outcome, Plan, Run, RunId, SeatId,
    Setting, Ticket,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::Instant};

/// One burst, or a rush at several seats, that is about to happen.
pub struct Burst {
    /// Its permanent name.
    pub id: RunId,
    /// Where; kept out of the run, because a floor's id is the right to write on it.
    pub floor: FloorId,
    /// What to do.
    pub plan: Plan,
    /// Who does it, for the record.
    pub host: Host,
    /// A ticket for every buyer, made before the first attempt and never used again.
    pub tickets: Vec<Ticket>,
}

/// What happens while it runs.
#[derive(Clone, Debug)]
pub enum Event {
    /// Every seat is open and every connection warm; the barrier is about to fall.
    Ready {
        /// Who answers.
        engine: Engine,
        /// How the round of the plan's first seat began.
        opening: Opening,
    },
    /// One buyer was told.
    Answered {
        /// Which, in the plan's order.
        index: usize,
        /// What.
        outcome: Outcome,
    },
}

/// Why a burst has no run to show.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// No buyer was let go: nothing was bought.
    #[error("the burst could not start: {0}")]
    NotStarted(#[source] Failure),
    /// The buyers were answered, but what was committed could not be read back.
    #[error("the burst's ledger could not be read back: {0}")]
    NotReadBack(#[source] Failure),
}

/// For how long a ledger that cannot be read back is asked again.
const READ_BACK_WITHIN: Duration = Duration::from_secs(30);
const READ_BACK_PAUSE: Duration = Duration::from_millis(500);
/// How many seats of a rush are opened, or read back, at once.
const SEATS_AT_ONCE: usize = 8;

impl Burst {
    /// Opens every seat, lets every buyer go at once, and reads back what was committed. `db` has pools of its own, so
    /// that buyers who think do not starve the site.
    ///
    /// # Errors
    /// [`Unfinished`] if a seat could not be opened, or the ledger not be read back within 30 s. What happens to a
    /// single buyer is an outcome, not an error.
    pub async fn run<D: Database>(
        self,
        db: Arc<D>,
        office: &dyn BoxOffice,
        events: impl Fn(Event) + Clone + Send + 'static,
    ) -> Result<Run, Unfinished> {
        let per_region = self.plan.buyers.div_ceil(u32::try_from(self.plan.regions.len()).unwrap_or(1));
        let mut engine = office.engine().await.map_err(Unfinished::NotStarted)?;
        engine.settings.extend(crate::settings());
        let reservation = db.warm(per_region.try_into().unwrap_or(usize::MAX)).await.map_err(Unfinished::NotStarted)?;

        let repeated = office.writes_repeated();
        let clock = Clock::start();
        let began_at_ms = wall_clock_ms();
        let openings = self.open_seats(office, clock).await.map_err(Unfinished::NotStarted)?;
        events(Event::Ready { engine: engine.clone(), opening: openings[0] });

        let operations = self.release(&db, clock, &events).await;
        drop(reservation);
        if let (Some(before), Some(after)) = (repeated, office.writes_repeated()) {
            engine.settings.push(Setting::new("puts sent again while the run lasted", (after - before).to_string()));
        }

        let barrier_us = operations.iter().map(|op| op.start_us).min().unwrap_or_else(|| clock.now_us());
        let end_us = operations.iter().map(|op| op.end_us).max().unwrap_or(barrier_us);
        // The seats first: an owner they show must then stand in the ledger.
        let (floor, until) = (&self.floor, Instant::now() + READ_BACK_WITHIN);
        let seat_rows = each(&openings, |open| again(until, move || office.seat_rows(floor, open.seat)));
        let seat_rows = seat_rows.await.map_err(Unfinished::NotReadBack)?;
        let ledger = each(&openings, |open| again(until, move || office.sales(floor, open.seat, open.round)));
        let ledger = ledger.await.map_err(Unfinished::NotReadBack)?;
        Ok(Run {
            version: Run::VERSION,
            id: self.id,
            began_at_ms,
            plan: self.plan,
            engine,
            host: self.host,
            openings,
            skew_us: 0,
            barrier_us,
            end_us,
            operations,
            ledger,
            seat_rows,
        })
    }

    /// Starts the next round of every seat of the plan.
    async fn open_seats(&self, office: &dyn BoxOffice, clock: Clock) -> Result<Vec<Opening>, Failure> {
        let open = |seat: SeatId| async move {
            let start_us = clock.now_us();
            let round = office.open_seat(&self.floor, seat).await?;
            Ok(vec![Opening { seat, round, start_us, end_us: clock.now_us() }])
        };
        each(&self.plan.seats, open).await
    }

    /// Every buyer a task, all of them behind one barrier; their operations in the plan's order.
    async fn release<D: Database>(
        &self,
        db: &Arc<D>,
        clock: Clock,
        events: &(impl Fn(Event) + Clone + Send + 'static),
    ) -> Vec<onsale::Operation> {
        let orders: Vec<Order> = self.orders().collect();
        let barrier = Arc::new(Barrier::new(orders.len()));
        let think = Duration::from_millis(self.plan.think_ms.into());
        let mut seeds = fastrand::Rng::with_seed(self.plan.seed);
        let mut buyers = JoinSet::new();
        for (index, order) in orders.into_iter().enumerate() {
            let (db, barrier, events, rng) = (Arc::clone(db), Arc::clone(&barrier), events.clone(), seeds.fork());
            buyers.spawn(async move {
                barrier.wait().await;
                let operation = sell(&*db, order, Recorder::start(clock, think), rng).await;
                events(Event::Answered { index, outcome: operation.outcome });
                (index, operation)
            });
        }
        let mut operations = buyers.join_all().await;
        operations.sort_unstable_by_key(|(index, _)| *index);
        let operations: Vec<_> = operations.into_iter().map(|(_, operation)| operation).collect();
        for (reason, buyers) in reasons(&operations) {
            tracing::warn!(run = %self.id, buyers, reason, "buyers met an error");
        }
        operations
    }

    /// What each buyer wants; buyers alternate between the regions, and one of each region goes for the same seat.
    fn orders(&self) -> impl Iterator<Item = Order> {
        let (regions, seats) = (&self.plan.regions, &self.plan.seats);
        self.tickets.iter().enumerate().filter_map(|(index, ticket)| {
            Some(Order {
                floor: self.floor.clone(),
                seat: seats[index / regions.len() % seats.len()],
                buyer: format!("buyer-{index}").parse::<BuyerName>().ok()?,
                region: regions[index % regions.len()].clone(),
                ticket: ticket.clone(),
                run: Some(self.id.clone()),
                attempt: 1,
                in_doubt: false,
            })
        })
    }
}

/// Why buyers were not answered, each reason once with how many buyers it met.
pub fn reasons(operations: &[onsale::Operation]) -> BTreeMap<&str, usize> {
    let mut reasons = BTreeMap::new();
    for reason in operations.iter().filter_map(|operation| operation.reason.as_deref()) {
        *reasons.entry(reason).or_default() += 1;
    }
    reasons
}

/// What `ask` answers for every seat, in order; a few are asked at once.
async fn each<S: Copy, T, F>(seats: &[S], ask: impl Fn(S) -> F) -> Result<Vec<T>, Failure>
where
    F: Future<Output = Result<Vec<T>, Failure>>,
{
    let asks: Vec<F> = seats.iter().copied().map(ask).collect();
    let answers = stream::iter(asks).buffered(SEATS_AT_ONCE);
    Ok(answers.try_collect::<Vec<_>>().await?.into_iter().flatten().collect())
}

/// Asks again while the database is away: what was committed must be read, however long a restart takes.
async fn again<T, F: Future<Output = Result<T, Failure>>>(until: Instant, ask: impl Fn() -> F) -> Result<T, Failure> {
    loop {
        match ask().await {
            Err(failure) if Instant::now() < until => tracing::warn!(%failure, "reading back"),
            answer => return answer,
        }
        tokio::time::sleep(READ_BACK_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_database_that_stays_away_is_asked_for_thirty_seconds_in_all_and_one_that_returns_is_read() {
        let begun = Instant::now();
        let until = begun + READ_BACK_WITHIN;
        let asked = |back_after: Duration| {
            each(&[1, 2, 3], move |seat| {
                again(until, move || async move {
                    if begun.elapsed() < back_after { Err(Failure::unavailable("it", "away")) } else { Ok(vec![seat]) }
                })
            })
        };
        assert_eq!(asked(Duration::from_secs(10)).await.unwrap(), [1, 2, 3]);
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
        for what in ["seats", "ledger"] {
            asked(Duration::MAX).await.unwrap_err();
            assert_eq!(begun.elapsed(), READ_BACK_WITHIN, "{what}");
        }
    }
}
