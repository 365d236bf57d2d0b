//! One schedule from one seed, and many of them.

use burst::Burst;
use onsale::{
    Backend, BoxOffice, Database, FloorId, FloorPlan, Host, Plan, RoundCount, Run, RunId, Sale, Span, Ticket,
};
use simulation::{ConflictAt, Flaw, LastWriterWins, LostCommits, Serialisable, SerialisableOptions, Way};
use std::{env, ops::RangeInclusive, sync::Arc, time::Duration};

/// How long replication takes unless a test says otherwise, in milliseconds: as on Global Tables.
pub const LAG_MS: RangeInclusive<u64> = 500..=1_000;

/// What a schedule is about; the seed decides the rest.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub seed: u64,
    pub buyers: u32,
    pub seats: usize,
    pub think_ms: u32,
    pub leg_ms_max: u64,
    pub connections_per_region: u32,
}

impl Scenario {
    /// Any burst or rush of 2 to 30 buyers who think up to 50 ms.
    pub fn any(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let buyers = rng.u32(2..=30);
        let seats = if rng.bool() { 1 } else { rng.usize(2..=8) };
        let connections_per_region = if rng.bool() { 64 } else { rng.u32(1..=8) };
        Self { seed, buyers, seats, think_ms: rng.u32(0..=50), leg_ms_max: rng.u64(1..=15), connections_per_region }
    }

    /// Sixty buyers at one seat who think for 20 ms.
    pub fn sixty(seed: u64) -> Self {
        Self { seed, buyers: 60, seats: 1, think_ms: 20, leg_ms_max: 5, connections_per_region: 64 }
    }

    /// On the control that is right.
    pub fn serialisable(self, conflict_at: ConflictAt, lost: LostCommits, flaw: Option<Flaw>) -> Ended {
        self.play(|way| Serialisable::new(SerialisableOptions { way, conflict_at, lost, flaw }))
    }

    /// On the control that is wrong.
    pub fn last_writer_wins(self) -> Ended {
        self.play(|way| LastWriterWins::new(&way, LAG_MS))
    }

    /// One burst on a database of its own, on a clock that stands still unless everybody waits.
    fn play<D: Database + BoxOffice>(self, database: impl FnOnce(Way) -> D) -> Ended {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let regions = ["east", "west"].map(|name| name.parse().unwrap());
            let connections_per_region = self.connections_per_region as usize;
            let (seed, leg_ms_max) = (self.seed, self.leg_ms_max);
            let db = Arc::new(database(Way { seed, regions, connections_per_region, leg_ms_max }));
            let floor = FloorId::main();
            let run = self.burst(&floor, &*db).run(Arc::clone(&db), &*db, |_| ()).await.unwrap();
            let counts = db.counts(&floor, Span::Ever).await.unwrap();
            // Whatever was still under way lands.
            tokio::time::sleep(Duration::from_mins(1)).await;
            let mut later = Vec::new();
            for opening in &run.openings {
                later.extend(db.sales(&floor, opening.seat, opening.round).await.unwrap());
            }
            Ended { run, counts, later }
        })
    }

    fn burst(self, floor: &FloorId, office: &dyn BoxOffice) -> Burst {
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let plan = Plan {
            backend: Backend::Control, // a label
            seats: FloorPlan::default().seats().take(self.seats).collect(),
            buyers: self.buyers,
            think_ms: self.think_ms,
            seed: self.seed,
            regions: office.regions().to_vec(),
            connections_per_region: self.connections_per_region,
        };
        let tickets = (0..self.buyers).map(|_| Ticket::from_random(rng.u128(..))).collect();
        let host = Host { worldseat: "simulation".to_owned(), machine: "none".to_owned() };
        Burst { id: RunId::from_random(rng.u128(..)), floor: floor.clone(), plan, host, tickets }
    }
}

/// A schedule that was played.
pub struct Ended {
    pub run: Run,
    /// The office's own counts, asked right after the run.
    pub counts: Vec<RoundCount>,
    /// The ledger of the run's rounds when nothing was under way any more.
    pub later: Vec<Sale>,
}

impl Ended {
    /// The run as a document. When it began stands on the wall clock, which no seed decides; nothing else does.
    pub fn json(&self) -> String {
        serde_json::to_string(&Run { began_at_ms: 0, ..self.run.clone() }).unwrap()
    }
}

/// Plays the schedules 1 to `many`, or the one that `SIMULATION_SEED` names, and returns what `look` made of each.
/// Stops at the first that `look` refuses, and says how to see it again.
pub fn each<T>(
    test: &str,
    many: u64,
    play: impl Fn(u64) -> Ended,
    look: impl Fn(&Ended) -> Result<T, String>,
) -> Vec<T> {
    let seeds = match asked("SIMULATION_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=asked("SIMULATION_SCHEDULES").unwrap_or(many),
    };
    let look = |seed| {
        let ended = play(seed);
        if is_replay() {
            println!("\n{}", ended.json());
        }
        look(&ended).unwrap_or_else(|wrong| {
            panic!("{wrong}\nreplay: SIMULATION_SEED={seed} cargo test -p simulation {test} -- --nocapture")
        })
    };
    seeds.map(look).collect()
}

/// Whether one schedule is played again: then rates say nothing.
pub fn is_replay() -> bool {
    asked("SIMULATION_SEED").is_some()
}

/// How many of every hundred are `true`.
pub fn percent(all: &[bool]) -> f64 {
    let yes = all.iter().filter(|yes| **yes).count();
    100.0 * f64::from(u32::try_from(yes).unwrap()) / f64::from(u32::try_from(all.len()).unwrap())
}

fn asked(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}
