//! Recorded stress tests: begun before the first burst, appended to by each, so that nothing can be picked afterwards.

use super::Service;
use crate::{error::AppError, island::THINK_MS_MAX, visitor::random_bits, words::engine_line};
use evidence::{StressLine, StressPlan, StressResult, StressTest};
use onsale::{Backend, Run, RunId, RunStore, Scoreboard, SeatId};
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
        self.check_seat(plan.seat)?;
        for level in &plan.levels {
            super::bursts::check_range("buyers", *level, 2, self.buyers_max)?;
        }
        for think_ms in &plan.think_ms {
            super::bursts::check_range("think time in ms", *think_ms, 0, THINK_MS_MAX)?;
        }
        if !(1..=LINES_MAX).contains(&plan.lines()) {
            let bursts = plan.lines();
            return Err(AppError::Invalid(format!("that is {bursts} bursts; a stress test has 1 to {LINES_MAX}")));
        }
        let began_at_ms = burst::wall_clock_ms();
        let id = RunId::in_time(began_at_ms, random_bits());
        let test = StressTest { id, began_at_ms, host: self.host.clone(), plan, lines: vec![] };
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

    /// The newest stress test that was done to its end.
    pub async fn latest_stress(&self) -> Result<Option<StressTest>, AppError> {
        // One under way, and one that was given up, come before it at most.
        let newest = self.store.load_records(8).await?;
        let done = |test: &StressTest| !matches!(test.result(), StressResult::Unfinished { .. });
        Ok(newest.iter().filter_map(|documents| read(documents)).find(done))
    }
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
    id: RunId,
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
        if seats != [test.plan.seat] {
            return Err(AppError::Invalid(format!("stress test {} is about seat {}", test.id, test.plan.seat)));
        }
        let words = |(backend, buyers, think_ms)| format!("{buyers} buyers on {backend} with {think_ms} ms think time");
        match test.plan.bursts().nth(test.lines.len()) {
            None => Err(AppError::Invalid(format!("stress test {} has all its bursts already", test.id))),
            Some(next) if next != burst => {
                Err(AppError::Invalid(format!("stress test {} goes on with {}", test.id, words(next))))
            }
            Some(_) => {
                let place = u32::try_from(test.lines.len() + 1).unwrap_or(u32::MAX);
                Ok(Self { id: test.id.clone(), place, _turn: turn })
            }
        }
    }

    /// Records the burst.
    pub async fn fill(self, store: &dyn RunStore, run: &Run) {
        let line = StressLine {
            backend: run.plan.backend,
            engine: engine_line(run.plan.backend, &run.engine),
            buyers: run.plan.buyers,
            think_ms: run.plan.think_ms,
            run: run.id.clone(),
            scoreboard: Scoreboard::of(run),
            verdict: judge_run(run).verdict,
        };
        let line = serde_json::to_string(&line).unwrap_or_default();
        match store.append_record(&self.id, self.place, &line).await {
            Ok(true) => {}
            Ok(false) => tracing::error!(stress = %self.id, "two servers record one stress test: a line was lost"),
            Err(failure) => tracing::warn!(%failure, stress = %self.id, "a line of a stress test could not be stored"),
        }
    }
}

/// A record read back; `None` if it is not a stress test's.
fn read(documents: &[String]) -> Option<StressTest> {
    let (header, lines) = documents.split_first()?;
    let mut test: StressTest = serde_json::from_str(header).ok()?;
    test.lines = lines.iter().map(|line| serde_json::from_str(line).ok()).collect::<Option<_>>()?;
    Some(test)
}
