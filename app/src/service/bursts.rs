//! Starting a burst, watching it, and what is left of it.

use super::{Service, Shop, live::LiveRun, queue::Place, report};
use crate::{
    api::{BreakItAnswer, BurstEvent, BurstStart, Fate, RunReport},
    error::AppError,
    island::THINK_MS_MAX,
    visitor::random_bits,
};
use burst::{Burst, Event};
use futures::{Stream, StreamExt, stream};
use onsale::{Backend, FloorId, Plan, RoundCount, Run, RunId, RunStore, SeatId, Span, Ticket};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// A wish for a burst, not yet checked.
#[derive(Clone, Debug)]
pub struct BurstRequest {
    /// On which database.
    pub backend: Backend,
    /// On which floor.
    pub floor: FloorId,
    /// At which seat.
    pub seat: SeatId,
    /// How many at once.
    pub buyers: u32,
    /// The pause between reading and writing, in milliseconds.
    pub think_ms: u32,
}

impl Service {
    /// Starts a burst for the page, which asks before it opens a seat that somebody bought for real.
    pub async fn break_it(&self, wish: BurstRequest, confirmed: bool) -> Result<BurstStart, AppError> {
        let office = self.shop(wish.backend)?.office();
        self.check_seat(wish.seat)?;
        if !confirmed {
            let rows = office.seat_rows(&wish.floor, wish.seat).await?;
            let newest = rows.iter().filter(|row| row.holder.is_some()).max_by_key(|row| row.round);
            if let Some((row, holder)) = newest.and_then(|row| Some((row, row.holder.as_ref()?))) {
                let sales = office.sales(&wish.floor, wish.seat, row.round).await?;
                if sales.iter().any(|sale| sale.ticket == holder.ticket && sale.run.is_none()) {
                    return Ok(BurstStart::Ask { seat: wish.seat, owner: holder.owner.clone() });
                }
            }
        }
        let (run, ahead, _) = self.start(wish).await?;
        Ok(BurstStart::Started { run, ahead })
    }

    /// Starts a burst for a client of the API, without asking; says how many come first.
    pub async fn start_burst(&self, wish: BurstRequest) -> Result<(RunId, usize), AppError> {
        let (run, ahead, _) = self.start(wish).await?;
        Ok((run, ahead))
    }

    /// Runs a burst to its end, for clients of the API.
    pub async fn break_it_and_wait(&self, wish: BurstRequest) -> Result<BreakItAnswer, AppError> {
        let (id, _, burst) = self.start(wish).await?;
        let run = burst.await.map_err(|_| AppError::Transport(format!("Run {id} was stopped.")))??;
        Ok(report::break_it_answer(&run))
    }

    /// Everything that happened and happens in a run; of one that ended long ago, its report.
    pub async fn watch(&self, id: &RunId) -> Result<impl Stream<Item = BurstEvent> + Send + use<>, AppError> {
        match self.runs.get(id) {
            Some(live) => Ok(live.watch().left_stream()),
            None => Ok(stream::iter(report::story(self.report(id).await?)).right_stream()),
        }
    }

    /// A run as its page shows it, judged anew; waits for one that is under way.
    pub async fn report(&self, id: &RunId) -> Result<RunReport, AppError> {
        let live = match self.runs.get(id) {
            Some(live) => live.end().await.transpose()?,
            None => None,
        };
        let stored = self.store.load_run(id).await;
        let (floor, run) = match (stored, live) {
            (Ok(Some(stored)), _) => stored,
            // Not stored, or not yet: what was found when it ended.
            (_, Some(report)) => return Ok(*report),
            (Ok(None), None) => {
                return Err(AppError::NotFound(format!("There is no run {id} on this deployment.")));
            }
            (Err(failure), None) => return Err(failure.into()),
        };
        // Counted anew from the ledger as it is now; a backend that is away or gone leaves the run unreconciled.
        let (seat, round) = (run.plan.seat, run.opening.round);
        let focus = match self.shop(run.plan.backend) {
            Ok(shop) => shop.office().sales(&floor, seat, round).await.ok(),
            Err(_) => None,
        };
        let focus = focus.map(|sales| RoundCount { seat, round, confirmed: sales.len() as u64 });
        Ok(report::run_report(&run, focus, None, true))
    }

    async fn start(&self, wish: BurstRequest) -> Result<(RunId, usize, UnderWay), AppError> {
        let shop = Arc::clone(self.shop(wish.backend)?);
        self.check_seat(wish.seat)?;
        check_range("buyers", wish.buyers, 2, self.buyers_max)?;
        check_range("think time in ms", wish.think_ms, 0, THINK_MS_MAX)?;
        shop.office().make_floor(&wish.floor).await?;
        let tickets = (0..wish.buyers).map(|_| Ok(Ticket::from_random(random_bits())));
        let burst = Burst {
            id: RunId::from_random(random_bits()),
            plan: Plan {
                backend: wish.backend,
                seat: wish.seat,
                buyers: wish.buyers,
                think_ms: wish.think_ms,
                seed: fastrand::u64(..),
                regions: shop.office().regions().to_vec(),
                connections_per_region: shop.connections_per_region(),
            },
            floor: wish.floor,
            tickets: tickets.collect::<Result<_, AppError>>()?,
        };
        let place = self.queues.join(wish.backend, &burst.floor, Some(wish.seat))?;
        let (id, ahead) = (burst.id.clone(), place.ahead);
        let live = self.runs.begin(&id)?;
        // Spawned: closing the tab never stops a run.
        let store = Arc::clone(&self.store);
        let burst = tokio::spawn(async move {
            let work = run_to_the_end(shop, store, place, burst, Arc::clone(&live));
            tokio::spawn(work).await.unwrap_or_else(|stopped| {
                tracing::error!(%stopped, "a burst");
                let error = AppError::Transport("The burst was stopped by a fault of the server.".to_owned());
                live.ended(Err(error.clone()));
                Err(error)
            })
        });
        Ok((id, ahead, burst))
    }
}

/// A burst that goes on whether or not anybody waits for it.
type UnderWay = JoinHandle<Result<Arc<Run>, AppError>>;

async fn run_to_the_end(
    shop: Arc<dyn Shop>,
    store: Arc<dyn RunStore>,
    place: Place,
    burst: Burst,
    live: Arc<LiveRun>,
) -> Result<Arc<Run>, AppError> {
    let turn = place.turn().await;
    let (floor, plan) = (burst.floor.clone(), burst.plan.clone());
    let watcher = Arc::clone(&live);
    let events = move |event| match event {
        Event::Ready { engine, opening } => {
            watcher.ready(BurstEvent::Ready { plan: plan.clone(), engine, round: opening.round });
        }
        Event::Answered { index, outcome } => {
            watcher.answered(Fate { index: u32::try_from(index).unwrap_or(u32::MAX), outcome });
        }
    };
    let run = match shop.burst(burst, Arc::new(events)).await {
        Ok(run) => Arc::new(run),
        Err(unfinished) => {
            tracing::warn!(error = %unfinished, "a burst has no result");
            let error = AppError::from(unfinished);
            live.ended(Err(error.clone()));
            return Err(error);
        }
    };
    // Counted anew by the database: the witness does not take the run's word for it.
    let counts = shop.office().counts(&floor, Span::SinceReset).await.ok();
    drop(turn);
    let focus = counts.as_ref().map(|counts| witness::focus_count(counts, run.plan.seat, run.opening.round));
    live.ended(Ok(Box::new(report::run_report(&run, focus, counts.as_deref(), true))));
    tokio::spawn(save(store, floor, Arc::clone(&run), live));
    Ok(run)
}

/// The verdict does not wait for the store; a run that cannot be stored says so from then on.
async fn save(store: Arc<dyn RunStore>, floor: FloorId, run: Arc<Run>, live: Arc<LiveRun>) {
    if let Err(failure) = store.save_run(&floor, &run).await {
        tracing::warn!(%failure, run = %run.id, "a run could not be stored");
        live.not_stored();
    }
}

fn check_range(what: &str, value: u32, least: u32, most: u32) -> Result<(), AppError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(AppError::Invalid(format!("{what}: {value} is out of range; {least} to {most} are allowed")))
}
