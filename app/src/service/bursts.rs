//! Starting a burst, watching it, and what is left of it.

use super::{
    Service, Shop,
    heavy::heavy,
    live::{Document, LiveRun},
    queue::Place,
    report,
    stress::Slot,
};
use crate::{
    api::{BreakItAnswer, BurstEvent, BurstStart, Fate, RunReport},
    error::AppError,
    island::THINK_MS_MAX,
    visitor::random_bits,
};
use burst::{Burst, Event};
use futures::{Stream, StreamExt, stream};
use onsale::{
    Backend, BoxOffice, BuyerName, Failure, FloorId, Judged, Opening, Plan, RoundCount, Run, RunId, RunStore, SeatId,
    Ticket,
};
use std::{borrow::Cow, sync::Arc, time::Duration};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// A wish for a burst, not yet checked.
#[derive(Clone, Debug)]
pub struct BurstRequest {
    /// On which database.
    pub backend: Backend,
    /// On which floor.
    pub floor: FloorId,
    /// At which seat; or at several, which is a rush.
    pub seats: Vec<SeatId>,
    /// How many at once.
    pub buyers: u32,
    /// The pause between reading and writing, in milliseconds.
    pub think_ms: u32,
    /// The stress test it is recorded in, if any.
    pub stress: Option<RunId>,
}

impl Service {
    /// Starts a burst for the page, which asks before it opens a seat that somebody bought for real.
    pub async fn break_it(&self, wish: BurstRequest, confirmed: bool) -> Result<BurstStart, AppError> {
        let office = self.shop(wish.backend)?.office();
        for seat in wish.seats.iter().filter(|_| !confirmed) {
            self.check_seat(*seat)?;
            if let Some(owner) = bought_for_real(office, &wish.floor, *seat).await? {
                return Ok(BurstStart::Ask { seat: *seat, owner });
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
        let document = burst.await.map_err(|_| AppError::Transport(format!("Run {id} was stopped.")))??;
        heavy(move || report::break_it_answer(&document.run)).await
    }

    /// Everything that happened and happens in a run; of one that ended long ago, its report. A watcher who comes back has
    /// `seen` the beginning and that many buyers' answers: it is told the rest.
    pub async fn watch(
        &self,
        id: &RunId,
        seen: Option<usize>,
    ) -> Result<impl Stream<Item = BurstEvent> + Send + use<>, AppError> {
        match self.runs.watch(id, seen) {
            Some(live) => Ok(live.left_stream()),
            None => Ok(stream::iter(report::story(self.recorded(id).await?.1, seen)).right_stream()),
        }
    }

    /// A run as it was recorded, and what the witness says of it now; waits for one that is under way. The ledger is
    /// asked once, however many seats the run was at. A run that contradicts itself has no verdict: it is an error here,
    /// and can still be downloaded.
    pub async fn recorded(&self, id: &RunId) -> Result<(Arc<Document>, RunReport), AppError> {
        let (document, found) = self.found(id).await?;
        let contradictions = evidence::contradictions(&document.run);
        if !contradictions.is_empty() {
            let why = contradictions.join("; ");
            return Err(AppError::NoVerdict(format!("The record of run {id} contradicts itself: {why}.")));
        }
        let counts = match found {
            Found::Reported(report) => return Ok((document, *report)),
            Found::KnownBad => None,
            // A backend that is away, or gone, leaves the run unreconciled.
            Found::Stored(floor) => match self.shop(document.run.plan.backend) {
                Ok(shop) => count_again(shop.office(), &floor, &document.run).await,
                Err(_) => None,
            },
        };
        let judged = Arc::clone(&document);
        let report = heavy(move || report::run_report(&judged.run, counts.as_deref(), true)).await?;
        Ok((document, report))
    }

    /// A run as it was recorded, for a download: the ledger is not asked.
    pub async fn document(&self, id: &RunId) -> Result<Arc<Document>, AppError> {
        Ok(self.found(id).await?.0)
    }

    async fn found(&self, id: &RunId) -> Result<(Arc<Document>, Found), AppError> {
        let known_bad = evidence::known_bad();
        if *id == known_bad.run.id {
            return Ok((Arc::new(known_bad), Found::KnownBad));
        }
        if let Some(live) = self.runs.get(id)
            && let Some(report) = live.end().await.transpose()?
            && let Some(document) = live.document()
        {
            // Not stored, or not yet: what was found when it ended.
            return Ok((document, Found::Reported(report)));
        }
        let Some((floor, document)) = self.store.load_run(id).await? else {
            return Err(self.not_recorded(id).await?);
        };
        let document = heavy(move || Document::read(&document[..])).await?.map_err(|unusable| {
            tracing::warn!(%unusable, run = %id, "a stored run cannot be read");
            AppError::NotFound(format!("Run {id} was stored by another version of WorldSeat, and cannot be shown."))
        })?;
        Ok((Arc::new(document), Found::Stored(floor)))
    }

    /// Why there is no record of a run: it has no result, or there is no such run.
    async fn not_recorded(&self, id: &RunId) -> Result<AppError, AppError> {
        Ok(match self.store.load_begun(id).await? {
            Some((_, plan)) => AppError::Unfinished { run: id.clone(), seat: plan.seat(), buyers: plan.buyers },
            None => AppError::NotFound(format!("There is no run {id} on this deployment.")),
        })
    }

    async fn start(&self, wish: BurstRequest) -> Result<(RunId, usize, UnderWay), AppError> {
        let shop = Arc::clone(self.shop(wish.backend)?);
        for seat in &wish.seats {
            self.check_seat(*seat)?;
        }
        if wish.seats.is_empty() {
            return Err(AppError::Invalid("a burst needs a seat".to_owned()));
        }
        check_range("buyers", wish.buyers, 2, self.buyers_max)?;
        check_range("think time in ms", wish.think_ms, 0, THINK_MS_MAX)?;
        let slot = match &wish.stress {
            Some(id) => {
                let turn = self.stress_turns.turn(id).await;
                let burst = (wish.backend, wish.buyers, wish.think_ms);
                Some(Slot::next(&self.load_stress(id).await?, &wish.seats, burst, turn)?)
            }
            None => None,
        };
        shop.office().make_floor(&wish.floor).await?;
        let tickets = (0..wish.buyers).map(|_| Ok(Ticket::from_random(random_bits())));
        let burst = Burst {
            id: RunId::from_random(random_bits()),
            plan: Plan {
                backend: wish.backend,
                seats: wish.seats,
                buyers: wish.buyers,
                think_ms: wish.think_ms,
                seed: fastrand::u64(..),
                regions: shop.office().regions().to_vec(),
                connections_per_region: shop.connections_per_region(),
            },
            host: self.host.clone(),
            floor: wish.floor,
            tickets: tickets.collect::<Result<_, AppError>>()?,
        };
        // A rush takes its turn as a reset does: before or after every seat.
        let one = if let [seat] = burst.plan.seats[..] { Some(seat) } else { None };
        let place = self.queues.join(wish.backend, &burst.floor, one)?;
        let (id, ahead) = (burst.id.clone(), place.ahead);
        let live = self.runs.begin(&id)?;
        // Spawned: closing the tab never stops a run.
        let store = Arc::clone(&self.store);
        let saves = self.saves.clone();
        let burst = async move {
            let work = run_to_the_end(shop, store, saves, place, slot, burst, Arc::clone(&live));
            tokio::spawn(work.in_current_span()).await.unwrap_or_else(|stopped| {
                tracing::error!(%stopped, "a burst");
                let error = AppError::Transport("The burst was stopped by a fault of the server.".to_owned());
                live.failed(error.clone());
                Err(error)
            })
        };
        // In the span of the request that started it, so that the log names both.
        Ok((id, ahead, tokio::spawn(burst.in_current_span())))
    }
}

/// Where a run's document was found.
enum Found {
    /// It is the history that is known to be wrong.
    KnownBad,
    /// This server ran it and has its report.
    Reported(Box<RunReport>),
    /// In the store, beside the floor it was on.
    Stored(FloorId),
}

/// How long a burst waits for the store to know of it.
const BEGIN_PATIENCE: Duration = Duration::from_secs(1);

/// A burst that goes on whether or not anybody waits for it.
type UnderWay = JoinHandle<Result<Arc<Document>, AppError>>;

async fn run_to_the_end(
    shop: Arc<dyn Shop>,
    store: Arc<dyn RunStore>,
    saves: TaskTracker,
    place: Place,
    slot: Option<Slot>,
    burst: Burst,
    live: Arc<LiveRun>,
) -> Result<Arc<Document>, AppError> {
    let turn = place.turn().await;
    // Before the first buyer is let go: the run is not lost if the server is. A store that is away holds up no burst.
    let begun = tokio::time::timeout(BEGIN_PATIENCE, store.begin_run(&burst.floor, &burst.id, &burst.plan)).await;
    if !matches!(begun, Ok(Ok(()))) {
        tracing::warn!(run = %burst.id, ?begun, "that a run begins could not be stored");
    }
    if let Some(slot) = &slot
        && let Err(error) = slot.take(&*store, &burst.id).await
    {
        live.failed(error.clone());
        return Err(error);
    }
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
        Ok(run) => run,
        Err(unfinished) => {
            tracing::warn!(error = %unfinished, "a burst has no result");
            let error = AppError::from(unfinished);
            live.failed(error.clone());
            return Err(error);
        }
    };
    // Counted anew by the database: the witness does not take the run's word for it. Only the run's own rounds: the
    // verdict does not wait for a floor with a long history.
    let counts = count_again(shop.office(), &floor, &run).await;
    drop(turn);
    let judging = heavy(move || {
        let report = report::run_report(&run, counts.as_deref(), true);
        let claims = report::claims(&run, &report.verdict);
        (Document { run: Cow::Owned(run), claims }, report)
    });
    let (document, report) = judging.await.inspect_err(|error| live.failed(error.clone()))?;
    let judged = Judged { backend: report.plan.backend, verdict: report.verdict.verdict.kind() };
    let document = Arc::new(document);
    let board = &report.scoreboard;
    tracing::info!(
        run = %report.run,
        backend = %report.plan.backend,
        buyers = report.plan.buyers,
        verdict = %report.verdict.verdict,
        confirmed = board.confirmed,
        rejected = board.rejected,
        unknown = board.unknown,
        errors = board.errors,
        conflicts = board.conflicts,
        ms = board.duration_ms,
        "burst ended"
    );
    live.ended(Arc::clone(&document), report);
    saves.spawn(save(store, floor, judged, Arc::clone(&document), slot, live));
    Ok(document)
}

/// The verdict does not wait for the store; a run that cannot be stored says so from then on.
async fn save(
    store: Arc<dyn RunStore>,
    floor: FloorId,
    judged: Judged,
    document: Arc<Document>,
    slot: Option<Slot>,
    live: Arc<LiveRun>,
) {
    let id = &document.run.id;
    let writing = Arc::clone(&document);
    let written = heavy(move || {
        let mut written = Vec::new();
        writing.write(&mut written).map(|()| written)
    });
    let saved = match written.await {
        Ok(Ok(written)) => store.save_run(&floor, id, &judged, &written).await,
        Ok(Err(error)) => Err(Failure::unavailable("the store of runs", error)),
        Err(error) => Err(Failure::unavailable("the store of runs", error)),
    };
    if let Err(failure) = &saved {
        tracing::warn!(%failure, run = %id, "a run could not be stored");
    }
    live.stored(saved.is_ok());
    // A line of a stress test links to its run: without the run it is not done.
    if let (Some(slot), Ok(())) = (slot, saved) {
        slot.fill(&*store, &document).await;
    }
}

/// Whom the seats table shows as the owner of `seat`, if that sale was no burst's.
async fn bought_for_real(office: &dyn BoxOffice, floor: &FloorId, seat: SeatId) -> Result<Option<BuyerName>, AppError> {
    let rows = office.seat_rows(floor, seat).await?;
    let held = rows.iter().filter_map(|row| Some((row.round, row.holder.as_ref()?)));
    let Some((round, holder)) = held.max_by_key(|(round, _)| *round) else { return Ok(None) };
    let sales = office.sales(floor, seat, round).await?;
    let real = sales.iter().any(|sale| sale.ticket == holder.ticket && sale.run.is_none());
    Ok(real.then(|| holder.owner.clone()))
}

pub(super) fn check_range(what: &str, value: u32, least: u32, most: u32) -> Result<(), AppError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(AppError::Invalid(format!("{what}: {value} is out of range; {least} to {most} are allowed")))
}

/// The ledger's counts of the run's rounds as they are now; `None` if they cannot be had.
async fn count_again(office: &dyn BoxOffice, floor: &FloorId, run: &Run) -> Option<Vec<RoundCount>> {
    let rounds: Vec<_> = run.openings.iter().map(|&Opening { seat, round, .. }| (seat, round)).collect();
    office.round_counts(floor, &rounds).await.ok()
}
