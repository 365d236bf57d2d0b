//! The stress test's result: does the product never oversell, and does the foil show that the test could have told?

use onsale::{Backend, Host, RunId, Scoreboard, SeatId};
use serde::{Deserialize, Serialize};
use std::fmt;
use witness::Verdict;

/// Judges the lines of a stress test, done or not.
pub fn judge_stress(plan: &StressPlan, lines: &[StressLine]) -> StressResult {
    let of = |backend: Backend| lines.iter().filter(move |line| line.backend == backend);
    for line in of(PRODUCT) {
        let board = &line.scoreboard;
        let count = match board.confirmed {
            0 => "nobody was sold the seat".to_owned(),
            n if n > 1 || board.oversold > 0 => format!("{n} tickets for one seat"),
            _ if line.verdict.is_violated() => line.verdict.to_string(),
            _ => continue,
        };
        return StressResult::Fail { because: format!("{}: {count} ({})", line.engine, line.name()) };
    }
    let planned = plan.lines().unwrap_or(usize::MAX);
    if lines.len() < planned {
        return StressResult::Unfinished { done: lines.len(), planned };
    }
    let inconclusive = |because: &str| StressResult::Inconclusive { because: because.to_owned() };
    if let Some(line) = of(PRODUCT).find(|line| line.verdict != Verdict::Linearizable) {
        return inconclusive(&match line.scoreboard.contenders {
            0 | 1 => format!("nobody raced ({})", line.name()),
            _ => format!("the witness says {} ({})", line.verdict, line.name()),
        });
    }
    if !plan.backends.contains(&PRODUCT) {
        return inconclusive("the product was not tested");
    }
    if plan.no_foil {
        // Nothing here could have failed; who reads the result is told so.
        return StressResult::Pass;
    }
    if !plan.backends.contains(&FOIL) {
        return inconclusive(
            "the foil was not tested, so nothing shows that this test could have told a wrong database",
        );
    }
    if of(FOIL).all(|line| line.scoreboard.oversold == 0) {
        return inconclusive("the foil never oversold, so this test could not have told a wrong database");
    }
    StressResult::Pass
}

/// What must hold every time.
pub const PRODUCT: Backend = Backend::Dsql;
/// What must fail at least once.
pub const FOIL: Backend = Backend::Naive;

/// What a stress test does: every level with every think time, `rounds` times, on every backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StressPlan {
    /// Buyers at once, level by level.
    pub levels: Vec<u32>,
    /// Think times, in milliseconds.
    pub think_ms: Vec<u32>,
    /// How often each is done.
    pub rounds: u32,
    /// The seat.
    pub seat: SeatId,
    /// The databases, the product's first.
    pub backends: Vec<Backend>,
    /// The deployment has no foil, so that none could be tested.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_foil: bool,
}

impl StressPlan {
    /// How many bursts it is; `None` if that is more than can be counted.
    pub fn lines(&self) -> Option<usize> {
        let factors = [self.backends.len(), self.think_ms.len(), self.levels.len(), self.rounds as usize];
        factors.into_iter().try_fold(1_usize, usize::checked_mul)
    }

    /// The bursts in their order: backend, buyers, think time in milliseconds.
    pub fn bursts(&self) -> impl Iterator<Item = (Backend, u32, u32)> + '_ {
        let rounds = move |burst| std::iter::repeat_n(burst, self.rounds as usize);
        let levels = move |backend, think| self.levels.iter().flat_map(move |level| rounds((backend, *level, think)));
        let thinks = move |backend| self.think_ms.iter().flat_map(move |think| levels(backend, *think));
        self.backends.iter().flat_map(move |backend| thinks(*backend))
    }
}

/// One burst of a stress test, as the server that ran it counted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StressLine {
    /// Which database.
    pub backend: Backend,
    /// Who answered for it, in one line.
    pub engine: String,
    /// Buyers at once.
    pub buyers: u32,
    /// The pause between reading and writing, in milliseconds.
    pub think_ms: u32,
    /// The burst's run: everything else can be read there.
    pub run: RunId,
    /// The numbers.
    pub scoreboard: Scoreboard,
    /// What the witness said when it ended; the run's page judges it anew.
    pub verdict: Verdict,
}

impl StressLine {
    fn name(&self) -> String {
        format!("{} buyers, {} ms think time, run {}", self.buyers, self.think_ms, self.run)
    }

    /// Whether it was done on `backend`.
    pub fn is_of(&self, backend: Backend) -> bool {
        self.backend == backend
    }
}

/// A stress test that a deployment recorded: begun before its first burst, and appended to by every burst, so that none
/// can be left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StressTest {
    /// Its permanent name.
    pub id: RunId,
    /// When it began, in milliseconds since 1970.
    pub began_at_ms: i64,
    /// The server that ran the buyers.
    pub host: Host,
    /// What was to be done.
    pub plan: StressPlan,
    /// What was done.
    pub lines: Vec<StressLine>,
    /// A burst that was begun and has no line: under way, or without a result. No other takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<RunId>,
}

impl StressTest {
    /// Judges it.
    pub fn result(&self) -> StressResult {
        judge_stress(&self.plan, &self.lines)
    }

    /// Whether every burst of the plan was done.
    pub fn is_done(&self) -> bool {
        self.plan.lines() == Some(self.lines.len())
    }

    /// What the headline says of a database: of the product the worst of all its bursts, of the foil the burst of the
    /// highest level that oversold most.
    pub fn headline(&self, backend: Backend) -> Option<&StressLine> {
        let lines = || self.lines.iter().filter(|line| line.is_of(backend));
        if backend == PRODUCT {
            return lines().max_by_key(|line| (badness(line.verdict), line.scoreboard.oversold, line.buyers));
        }
        lines().max_by_key(|line| (line.buyers, line.scoreboard.oversold))
    }
}

/// How far a verdict is from the one that is wished for.
fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Linearizable => 0,
        Verdict::NoSales | Verdict::Inconclusive | Verdict::Unknown => 1,
        Verdict::Violated { .. } => 2,
    }
}

/// How a stress test ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum StressResult {
    /// The product sold the seat once every time, and the foil oversold.
    Pass,
    /// The product oversold, or did not sell, or was caught otherwise.
    Fail {
        /// Where.
        because: String,
    },
    /// The product held, but the test could not have caught a wrong database.
    Inconclusive {
        /// Why.
        because: String,
    },
    /// It was not done to its end.
    Unfinished {
        /// Bursts done.
        done: usize,
        /// Bursts planned.
        planned: usize,
    },
}

impl StressResult {
    /// The exit code of `worldseat stress`: 0 pass, 1 fail, 3 inconclusive, 130 not done to its end.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail { .. } => 1,
            Self::Inconclusive { .. } => 3,
            Self::Unfinished { .. } => 130,
        }
    }
}

impl fmt::Display for StressResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("PASS"),
            Self::Fail { because } => write!(f, "FAIL: {because}"),
            Self::Inconclusive { because } => write!(f, "INCONCLUSIVE: {because}"),
            Self::Unfinished { done, planned } => write!(f, "UNFINISHED: {done} of {planned} bursts were done"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(backend: Backend, confirmed: u64, contenders: u64, verdict: Verdict) -> StressLine {
        let scoreboard =
            Scoreboard { confirmed, oversold: confirmed.saturating_sub(1), contenders, ..Scoreboard::default() };
        let run = "example".parse().unwrap();
        StressLine { backend, engine: "stand-in".into(), buyers: 8, think_ms: 0, run, scoreboard, verdict }
    }

    fn judged(lines: &[StressLine], backends: &[Backend]) -> String {
        let rounds = u32::try_from(lines.len() / backends.len()).unwrap();
        let seat = SeatId::new('A', 1).unwrap();
        let plan = StressPlan {
            levels: vec![8],
            think_ms: vec![0],
            rounds,
            seat,
            backends: backends.to_vec(),
            no_foil: false,
        };
        assert_eq!(Some(plan.bursts().count()), plan.lines());
        judge_stress(&plan, lines).to_string()
    }

    #[test]
    fn the_result_says_what_the_test_could_tell() {
        use Backend::{Dsql, Naive};
        let held = || line(Dsql, 1, 8, Verdict::Linearizable);
        let sold_twice = Verdict::Violated { double_sells: 6 };
        let caught = || line(Naive, 7, 8, sold_twice);
        let table: [(&[StressLine], &[Backend], &str); 9] = [
            (&[held(), caught()], &[Dsql, Naive], "PASS"),
            (&[held()], &[Dsql], "INCONCLUSIVE: the foil was not tested"),
            (&[line(Dsql, 2, 8, sold_twice), caught()], &[Dsql, Naive], "FAIL: stand-in: 2 tickets"),
            (&[line(Dsql, 0, 8, Verdict::Inconclusive), caught()], &[Dsql, Naive], "FAIL: stand-in: nobody"),
            // A lost sale: one ticket, and still wrong.
            (
                &[line(Dsql, 1, 8, Verdict::Violated { double_sells: 0 }), caught()],
                &[Dsql, Naive],
                "FAIL: stand-in: Vio",
            ),
            (&[line(Dsql, 1, 1, Verdict::Inconclusive), caught()], &[Dsql, Naive], "INCONCLUSIVE: nobody raced"),
            (&[line(Dsql, 1, 5, Verdict::Unknown), caught()], &[Dsql, Naive], "INCONCLUSIVE: the witness says Unknown"),
            (&[held(), line(Naive, 1, 8, Verdict::Linearizable)], &[Dsql, Naive], "INCONCLUSIVE: the foil never"),
            (&[caught()], &[Naive], "INCONCLUSIVE: the product was not tested"),
        ];
        for (lines, backends, begins) in table {
            let said = judged(lines, backends);
            assert!(said.starts_with(begins), "{said:?} should begin with {begins:?}");
        }
    }

    #[test]
    fn where_there_is_no_foil_the_product_alone_decides() {
        let dsql = Backend::Dsql;
        let seat = SeatId::new('A', 1).unwrap();
        let plan =
            StressPlan { levels: vec![8], think_ms: vec![0], rounds: 1, seat, backends: vec![dsql], no_foil: true };
        for (line, code) in [
            (line(dsql, 1, 8, Verdict::Linearizable), 0),
            (line(dsql, 2, 8, Verdict::Violated { double_sells: 1 }), 1),
            (line(dsql, 1, 1, Verdict::Inconclusive), 3),
        ] {
            assert_eq!(judge_stress(&plan, std::slice::from_ref(&line)).exit_code(), code, "{line:?}");
        }
    }

    #[test]
    fn a_test_that_was_stopped_is_unfinished_unless_it_failed_before() {
        let plan = StressPlan {
            levels: vec![8, 24],
            think_ms: vec![0, 20],
            rounds: 2,
            seat: SeatId::new('A', 1).unwrap(),
            backends: vec![Backend::Dsql, Backend::Naive],
            no_foil: false,
        };
        assert_eq!(plan.lines(), Some(16));
        let held = line(Backend::Dsql, 1, 8, Verdict::Linearizable);
        let result = judge_stress(&plan, std::slice::from_ref(&held));
        assert_eq!((result.exit_code(), result.to_string().as_str()), (130, "UNFINISHED: 1 of 16 bursts were done"));
        let sold_twice = line(Backend::Dsql, 2, 8, Verdict::Violated { double_sells: 1 });
        assert_eq!(judge_stress(&plan, &[held, sold_twice]).exit_code(), 1);
        let order: Vec<_> = plan.bursts().take(5).collect();
        let dsql = Backend::Dsql;
        assert_eq!(order, [(dsql, 8, 0), (dsql, 8, 0), (dsql, 24, 0), (dsql, 24, 0), (dsql, 8, 20)]);
    }

    #[test]
    fn a_plan_beyond_counting_is_none() {
        let seat = SeatId::new('A', 1).unwrap();
        let backends = vec![Backend::Dsql; 1 << 12];
        let plan = StressPlan {
            levels: vec![2; 1 << 12],
            think_ms: vec![0; 1 << 12],
            rounds: u32::MAX,
            seat,
            backends,
            no_foil: false,
        };
        assert_eq!(plan.lines(), None);
    }

    #[test]
    fn the_headline_of_the_product_is_its_worst_burst() {
        let (dsql, naive) = (Backend::Dsql, Backend::Naive);
        let at = |buyers, line| StressLine { buyers, ..line };
        let seat = SeatId::new('A', 1).unwrap();
        let plan = StressPlan {
            levels: vec![24, 60],
            think_ms: vec![0],
            rounds: 1,
            seat,
            backends: vec![dsql, naive],
            no_foil: false,
        };
        let host = onsale::Host { worldseat: String::new(), machine: String::new() };
        let lines = vec![
            at(24, line(dsql, 1, 24, Verdict::Violated { double_sells: 0 })),
            at(60, line(dsql, 1, 60, Verdict::Linearizable)),
            at(24, line(naive, 20, 24, Verdict::Violated { double_sells: 19 })),
            at(60, line(naive, 10, 60, Verdict::Violated { double_sells: 9 })),
        ];
        let id = "example".parse().unwrap();
        let test = StressTest { id, began_at_ms: 0, host, plan, lines, pending: None };
        assert_eq!(test.headline(dsql).unwrap().buyers, 24, "a lost sale is worse than a higher level");
        assert_eq!(test.headline(naive).unwrap().scoreboard.oversold, 9);
    }
}
