//! The burst: everybody warm behind one barrier, everything recorded, everything read back.

use crate::{clock::Clock, recorder::Recorder, sell::sell};
use onsale::{
    BoxOffice, BuyerName, Database, Engine, Failure, FloorId, Opening, Order, Outcome, Plan, Run, RunId, Ticket,
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Barrier, task::JoinSet};

/// One burst that is about to happen.
pub struct Burst {
    /// Its permanent name.
    pub id: RunId,
    /// Where; kept out of the run, because a floor's id is the right to write on it.
    pub floor: FloorId,
    /// What to do.
    pub plan: Plan,
    /// A ticket for every buyer, made before the first attempt and never used again.
    pub tickets: Vec<Ticket>,
}

/// What happens while it runs.
#[derive(Clone, Debug)]
pub enum Event {
    /// The seat is open and every connection warm; the barrier is about to fall.
    Ready {
        /// Who answers.
        engine: Engine,
        /// How the round began.
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

/// How long a ledger that cannot be read back is asked again.
const READ_BACK_TRIES: u32 = 60;
const READ_BACK_PAUSE: Duration = Duration::from_millis(500);

impl Burst {
    /// Opens the seat, lets every buyer go at once, and reads back what was committed. `db` has pools of its own, so
    /// that buyers who think do not starve the site.
    ///
    /// # Errors
    /// [`Unfinished`] if the seat could not be opened, or the ledger not be read back within 30 s. What happens to a
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

        let clock = Clock::start();
        let began_at_ms = wall_clock_ms();
        let round = office.open_seat(&self.floor, self.plan.seat).await.map_err(Unfinished::NotStarted)?;
        let opening = Opening { round, start_us: 0, end_us: clock.now_us() };
        events(Event::Ready { engine: engine.clone(), opening });

        let operations = self.release(&db, clock, &events).await;
        drop(reservation);

        let barrier_us = operations.iter().map(|op| op.start_us).min().unwrap_or(opening.end_us);
        let end_us = operations.iter().map(|op| op.end_us).max().unwrap_or(barrier_us);
        // The seats first: an owner they show must then stand in the ledger.
        let seat_rows =
            again(|| office.seat_rows(&self.floor, self.plan.seat)).await.map_err(Unfinished::NotReadBack)?;
        let ledger =
            again(|| office.sales(&self.floor, self.plan.seat, round)).await.map_err(Unfinished::NotReadBack)?;
        let Self { id, plan, .. } = self;
        let version = Run::VERSION;
        Ok(Run { version, id, began_at_ms, plan, engine, opening, barrier_us, end_us, operations, ledger, seat_rows })
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
        operations.into_iter().map(|(_, operation)| operation).collect()
    }

    /// What each buyer wants; buyers alternate between the regions.
    fn orders(&self) -> impl Iterator<Item = Order> {
        self.tickets.iter().zip(self.plan.regions.iter().cycle()).enumerate().filter_map(|(index, (ticket, region))| {
            Some(Order {
                floor: self.floor.clone(),
                seat: self.plan.seat,
                buyer: format!("buyer-{index}").parse::<BuyerName>().ok()?,
                region: region.clone(),
                ticket: ticket.clone(),
                run: Some(self.id.clone()),
                attempt: 1,
                in_doubt: false,
            })
        })
    }
}

/// Asks again while the database is away: what was committed must be read, however long a restart takes.
async fn again<T, F: Future<Output = Result<T, Failure>>>(ask: impl Fn() -> F) -> Result<T, Failure> {
    let mut tries = 1;
    loop {
        match ask().await {
            Err(failure) if tries < READ_BACK_TRIES => tracing::warn!(%failure, tries, "reading back"),
            answer => return answer,
        }
        tries += 1;
        tokio::time::sleep(READ_BACK_PAUSE).await;
    }
}

fn wall_clock_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
