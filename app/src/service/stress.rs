//! Recorded stress tests: begun before the first burst, appended to by each, so that nothing can be picked afterwards.

use super::{Service, heavy::heavy, live::Document};
use crate::{error::AppError, island::THINK_MS_MAX, visitor::random_bits, words::engine_line};
use evidence::{FOIL, PRODUCT, StressLine, StressPlan, StressTest};
use onsale::{Backend, RunId, RunStore, Scoreboard, SeatId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard};
use witness::judge_run;

/// The most bursts of one stress test.
const LINES_MAX: usize = 1000;

impl Service {
    /// Begins to record a stress test. Every burst that names it is appended, in the order of the plan.
    pub async fn begin_stress(&self, mut plan: StressPlan) -> Result<StressTest, AppError> {
        if plan.backends.is_empty() {
            plan.backends = self.backends();
        }
        for backend in &plan.backends {
            self.shop(*backend)?;
        }
        plan.no_foil = !self.has(FOIL);
        self.check_seat(plan.seat)?;
        for level in &plan.levels {
            super::bursts::check_range("buyers", *level, 2, self.buyers_max)?;
        }
        for think_ms in &plan.think_ms {
            super::bursts::check_range("think time in ms", *think_ms, 0, THINK_MS_MAX)?;
        }
        if !plan.lines().is_some_and(|bursts| (1..=LINES_MAX).contains(&bursts)) {
            let why = "levels × think times × rounds × backends";
            return Err(AppError::Invalid(format!("a stress test has 1 to {LINES_MAX} bursts: {why}")));
        }
        let began_at_ms = burst::wall_clock_ms();
        let id = RunId::in_time(began_at_ms, random_bits());
        let test = StressTest { id, began_at_ms, host: self.host.clone(), plan, lines: vec![], pending: None };
        let header = serde_json::to_string(&test).map_err(|error| AppError::Transport(error.to_string()))?;
        self.store.append_record(&test.id, 0, &header).await?;
        Ok(test)
    }

    /// A stress test with what was recorded of it so far; waits for a burst of it that is under way.
    pub async fn stress(&self, id: &RunId) -> Result<StressTest, AppError> {
        let _turn = self.stress_turns.turn(id).await;
        self.load_stress(id).await
    }

    /// The same for who has the turn already.
    pub(super) async fn load_stress(&self, id: &RunId) -> Result<StressTest, AppError> {
        let documents = self.store.load_record(id).await?;
        read(&documents).ok_or_else(|| AppError::NotFound(format!("There is no stress test {id} on this deployment.")))
    }

    /// Every stress test ever begun here, newest first.
    pub async fn stress_tests(&self) -> Result<Vec<StressTest>, AppError> {
        Ok(self.store.load_records(u32::MAX).await?.iter().filter_map(|documents| read(documents)).collect())
    }

    /// The newest stress test that was done to its end, on the product and on the foil if there is one.
    pub async fn latest_stress(&self) -> Result<Option<Arc<StressTest>>, AppError> {
        let sizes = self.store.newest_records(LATEST_AMONG).await?;
        if let Some((seen, latest)) = &*lock(&self.latest)
            && *seen == sizes
        {
            // Records are only appended to: what has the same names and sizes is the same.
            return Ok(latest.clone());
        }
        let mut latest = self.newest_whole(LATEST_AMONG).await?;
        if latest.is_none() && sizes.len() >= LATEST_AMONG as usize {
            // However many were begun and given up since, the last one that was done is the measured one.
            latest = self.newest_whole(u32::MAX).await?;
        }
        *lock(&self.latest) = Some((sizes, latest.clone()));
        Ok(latest)
    }

    /// The newest of the newest `among` that was done to its end, everywhere.
    async fn newest_whole(&self, among: u32) -> Result<Option<Arc<StressTest>>, AppError> {
        let whole = |test: &StressTest| {
            let everywhere = [PRODUCT, FOIL].iter().all(|side| test.plan.backends.contains(side) || !self.has(*side));
            test.is_done() && everywhere
        };
        let tests = self.store.load_records(among).await?;
        Ok(tests.iter().filter_map(|documents| read(documents)).find(whole).map(Arc::new))
    }
}

/// Among how many of the newest stress tests the headline is looked for first.
const LATEST_AMONG: u32 = 32;

/// The latest stress test, and the names and sizes of the records it was found among.
pub type Latest = Mutex<Option<(Vec<(RunId, i64)>, Option<Arc<StressTest>>)>>;

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The turns of the stress tests under way: a test's bursts come one after the other.
#[derive(Default)]
pub struct StressTurns(Mutex<HashMap<RunId, Arc<Turns<()>>>>);

impl StressTurns {
    /// Waits for the burst before this one to be recorded.
    pub async fn turn(&self, id: &RunId) -> OwnedMutexGuard<()> {
        let turns = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, turns| Arc::strong_count(turns) > 1);
            Arc::clone(all.entry(id.clone()).or_default())
        };
        turns.lock_owned().await
    }
}

/// A burst's place in a stress test, held until it is recorded.
pub struct Slot {
    test: RunId,
    place: u32,
    _turn: OwnedMutexGuard<()>,
}

impl Slot {
    /// The next place of `test`, which must be one for this burst.
    pub fn next(
        test: &StressTest,
        seats: &[SeatId],
        burst: (Backend, u32, u32),
        turn: OwnedMutexGuard<()>,
    ) -> Result<Self, AppError> {
        let words = |(backend, buyers, think_ms)| format!("{buyers} buyers on {backend} with {think_ms} ms think time");
        let wrong = |why: String| Err(AppError::Invalid(format!("stress test {} {why}", test.id)));
        if seats != [test.plan.seat] {
            return wrong(format!("is about seat {}", test.plan.seat));
        }
        if let Some(run) = &test.pending {
            return wrong(format!(
                "has a burst without a result, run {run}, whose place no other takes: begin a new test"
            ));
        }
        match test.plan.bursts().nth(test.lines.len()) {
            None => wrong("has all its bursts already".to_owned()),
            Some(next) if next != burst => wrong(format!("goes on with {}", words(next))),
            Some(_) => {
                // A header, and two documents for each burst.
                let place = u32::try_from(2 * test.lines.len() + 1).unwrap_or(u32::MAX);
                Ok(Self { test: test.id.clone(), place, _turn: turn })
            }
        }
    }

    /// Takes the place for `run`, before its first buyer is let go.
    pub async fn take(&self, store: &dyn RunStore, run: &RunId) -> Result<(), AppError> {
        let document = json!(Entry::Begun { run: run.clone() }).to_string();
        if store.append_record(&self.test, self.place, &document).await? {
            return Ok(());
        }
        Err(AppError::Invalid(format!("stress test {} is being done by somebody else as well", self.test)))
    }

    /// Records what came out.
    pub async fn fill(self, store: &dyn RunStore, document: &Arc<Document>) {
        let document = Arc::clone(document);
        let line = heavy(move || {
            let run = &*document.run;
            StressLine {
                backend: run.plan.backend,
                engine: engine_line(run.plan.backend, &run.engine),
                buyers: run.plan.buyers,
                think_ms: run.plan.think_ms,
                run: run.id.clone(),
                scoreboard: Scoreboard::of(run),
                verdict: judge_run(run).verdict,
            }
        });
        let Ok(line) = line.await else { return };
        let document = json!(Entry::Line(Box::new(line))).to_string();
        let filled = store.append_record(&self.test, self.place + 1, &document).await;
        if !matches!(filled, Ok(true)) {
            tracing::warn!(?filled, stress = %self.test, "a line of a stress test could not be stored");
        }
    }
}

/// One document of a record, after its header.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Entry {
    /// A burst is about to be let go.
    Begun { run: RunId },
    /// It was done.
    Line(Box<StressLine>),
}

/// A record read back; `None` if it is not a stress test's. What cannot be read leaves it unfinished.
fn read(documents: &[String]) -> Option<StressTest> {
    let (header, entries) = documents.split_first()?;
    let mut test: StressTest = serde_json::from_str(header).ok()?;
    for entry in entries {
        match serde_json::from_str(entry) {
            Ok(Entry::Begun { run }) => test.pending = Some(run),
            Ok(Entry::Line(line)) => {
                test.pending = None;
                test.lines.push(*line);
            }
            Err(_) => break,
        }
    }
    Some(test)
}
