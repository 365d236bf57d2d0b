//! Random histories: made from the sequential model, and then lied about now and then.

use crate::common::{ROUND, build, name, sale, seat_row};
use onsale::{Opening, Operation, Outcome, Read, Round, Run, SeatId, Seen, Ticket};

/// A splitmix64 generator: a seed printed is a history replayed.
pub struct Random(pub u64);

/// What really happened at one seat.
struct Truth<'a> {
    seat: &'a str,
    opened_us: u64,
    sold_us: u64,
    winner: Option<&'a str>,
}

const TICKETS: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

impl Random {
    /// A number from 0 to `n` − 1.
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }

    fn interval(&mut self, from: u64, to: u64) -> (u64, u64) {
        let (a, b) = (from + self.below(to - from + 1), from + self.below(to - from + 1));
        (a.min(b), a.max(b))
    }

    /// A history of `operations` calls at up to three seats. About half of them are true to the model.
    pub fn run(&mut self, operations: u64) -> Run {
        let last_us = 3 + self.below(14);
        let n = usize::try_from(operations).unwrap();
        let seats = &["A1", "B2", "C3"][..usize::try_from(1 + self.below(3)).unwrap()];
        let wanted: Vec<_> = (0..n).map(|_| self.of(seats)).collect();
        let (mut calls, mut openings, mut ledger, mut rows) = (vec![], vec![], vec![], vec![]);
        for &seat in seats {
            let tickets: Vec<_> = TICKETS.iter().zip(&wanted).filter(|(_, at)| **at == seat).map(|(t, _)| *t).collect();
            let (start_us, end_us) = if self.one_in(2) { self.interval(0, last_us.min(4)) } else { (0, 0) };
            let opened_us = start_us + self.below(end_us - start_us + 1);
            let winner = match self.below(8) {
                0 => None,
                1 => Some("x"),
                _ if tickets.is_empty() => None,
                _ => Some(self.of(&tickets)),
            };
            let truth = Truth { seat, opened_us, sold_us: opened_us + self.below(last_us - opened_us + 1), winner };
            openings.push(Opening { seat: name(seat), round: ROUND, start_us, end_us });
            calls.extend(tickets.iter().map(|ticket| self.call(ticket, &truth, last_us)));
            ledger.extend(self.ledger(&truth));
            rows.extend(self.rows(&truth));
        }
        for (call, seat) in calls.iter_mut().zip(&openings) {
            if self.one_in(12) && call.outcome != Outcome::Confirmed {
                ledger.extend(self.buys_earlier(call, seat));
            }
        }
        let rows = rows.iter().map(|text| seat_row(text)).collect();
        let mut run = build(calls, Some(openings), Some(ledger.iter().map(|text| sale(text)).collect()), Some(rows));
        if self.one_in(3) {
            self.skew(&mut run);
        }
        run
    }

    /// Makes of `call` a purchase of the earlier round, before this one was open or not much later; returns its row, if
    /// the ledger shows it.
    fn buys_earlier(&mut self, call: &mut Operation, opening: &Opening) -> Option<String> {
        call.seat = opening.seat;
        call.start_us = self.below(opening.end_us + 1);
        let end_us = call.start_us + self.below(3);
        call.end_us = end_us + self.below(6);
        call.outcome = self.of(&[Outcome::Confirmed, Outcome::Confirmed, Outcome::Unknown]);
        call.reads.clear();
        if !self.one_in(4) {
            call.reads.push(Read { start_us: call.start_us, end_us, round: ROUND - 1, seen: Seen::Available });
        }
        self.one_in(2).then(|| format!("{}:{}@{}", call.seat, call.ticket.as_str(), ROUND - 1))
    }

    /// Every call is stamped by a clock of its own, which differs from any other by the skew at most.
    fn skew(&mut self, run: &mut Run) {
        run.skew_us = 1 + self.below(3);
        for opening in &mut run.openings {
            let late_us = self.below(run.skew_us + 1);
            (opening.start_us, opening.end_us) = (opening.start_us + late_us, opening.end_us + late_us);
        }
        for op in &mut run.operations {
            let late_us = self.below(run.skew_us + 1);
            (op.start_us, op.end_us) = (op.start_us + late_us, op.end_us + late_us);
            for read in &mut op.reads {
                (read.start_us, read.end_us) = (read.start_us + late_us, read.end_us + late_us);
            }
        }
        run.end_us += run.skew_us;
    }

    fn call(&mut self, ticket: &str, truth: &Truth<'_>, last_us: u64) -> Operation {
        let wins = truth.winner == Some(ticket);
        let (mut start_us, mut end_us) = self.interval(0, last_us);
        if wins {
            (start_us, end_us) = (self.below(truth.sold_us + 1), truth.sold_us + self.below(3));
        }
        // The winner has read before it buys.
        let looked_us = if wins { truth.sold_us } else { end_us };
        let mut from_us = start_us;
        let reads: onsale::Reads = (0..self.below(3))
            .map(|_| {
                let (start_us, end_us) = self.interval(from_us, looked_us);
                from_us = end_us;
                let at_us = start_us + self.below(end_us - start_us + 1);
                let (round, seen) = self.answer(at_us, truth, wins);
                Read { start_us, end_us, round, seen }
            })
            .collect();
        let saw_sold = match reads.last() {
            Some(read) => read.seen != Seen::Available,
            None => truth.winner.is_some() && self.below(end_us + 1) >= truth.sold_us,
        };
        let outcome = match (wins, saw_sold) {
            _ if self.one_in(40) => self.of(&[Outcome::Confirmed, Outcome::Rejected, Outcome::Error, Outcome::Unknown]),
            (true, _) => self.of(&[Outcome::Confirmed, Outcome::Confirmed, Outcome::Unknown]),
            (false, true) => self.of(&[Outcome::Rejected, Outcome::Rejected, Outcome::Error]),
            (false, false) => self.of(&[Outcome::Error, Outcome::Unknown]),
        };
        let op = crate::common::operation(&format!("{ticket} 0-0 error"));
        Operation { seat: name::<SeatId>(truth.seat), start_us, end_us, outcome, reads, ..op }
    }

    /// What the seat shows at an instant; at the very instant of a change, either.
    fn answer(&mut self, at_us: u64, truth: &Truth<'_>, wins: bool) -> (Round, Seen) {
        if self.one_in(40) {
            let round = self.of(&[ROUND, ROUND, ROUND, ROUND, ROUND - 1, ROUND + 1, ROUND + 2]);
            let holder = self.of(&["a", "b", "c", "x", "y"]);
            return (round, if self.one_in(2) { Seen::Available } else { Seen::Sold(name::<Ticket>(holder)) });
        }
        let passed = |random: &mut Self, us: u64| at_us > us || (at_us == us && random.one_in(2));
        match truth.winner {
            _ if !passed(self, truth.opened_us) => (ROUND - 1, Seen::Available),
            Some(winner) if !wins && passed(self, truth.sold_us) => (ROUND, Seen::Sold(name(winner))),
            _ => (ROUND, Seen::Available),
        }
    }

    fn ledger(&mut self, truth: &Truth<'_>) -> Vec<String> {
        let tickets: Vec<_> = match (self.one_in(16), truth.winner) {
            (true, _) => self.of(&[&[][..], &["a"], &["b"], &["x*"], &["x"], &["a", "b"], &["a", "x*"]]).to_vec(),
            (false, Some("x")) => vec!["x*"],
            (false, winner) => winner.into_iter().collect(),
        };
        tickets.into_iter().map(|ticket| format!("{}:{ticket}", truth.seat)).collect()
    }

    fn rows(&mut self, truth: &Truth<'_>) -> Vec<String> {
        let shown = truth.winner.unwrap_or("-");
        let lies = ["a", "b", "-", "-@5", "-@7", "x@7"];
        (0..self.below(3))
            .map(|_| if self.one_in(30) { self.of(&lies) } else { shown })
            .map(|row| format!("{}:{row}", truth.seat))
            .collect()
    }
}
