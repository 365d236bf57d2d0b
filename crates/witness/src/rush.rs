//! The verdict on a rush, a run at several seats, in words for anybody.

use crate::explain::{MOVED, NO_BUYERS, lost_answers, nobody_answered};
use crate::words::{buyers, count, grouped, verb};
use crate::{Reason, Rule, RunVerdict, Verdict};
use onsale::{Run, Scoreboard};

/// The headline and the sentence.
pub(crate) fn words(run: &Run, verdict: &RunVerdict, board: &Scoreboard) -> (String, String) {
    match verdict.verdict {
        Verdict::Linearizable => one_holder_each(run, board),
        Verdict::Violated { double_sells: 0 } => contradiction(verdict, board),
        Verdict::Violated { double_sells } => sold_twice(run, verdict, double_sells, board),
        Verdict::Unknown => unknown(verdict, board),
        Verdict::Inconclusive => inconclusive(run, verdict.inconclusive_because, board),
        Verdict::NoSales => (format!("{}.", Verdict::NoSales), "Nobody has tried to buy a seat.".to_owned()),
    }
}

/// `96 seats`.
pub(crate) fn seats(run: &Run) -> String {
    count(run.plan.seats.len() as u64, "seat", "seats")
}

fn one_holder_each(run: &Run, board: &Scoreboard) -> (String, String) {
    let unanswered = board.confirmed.saturating_sub(board.others).saturating_sub(board.app_believed);
    let fates = [
        (board.app_believed, verb(board.app_believed, "was sold a seat", "were sold a seat")),
        (unanswered, verb(unanswered, "was sold a seat but got no answer", "were sold a seat but got no answer")),
        (board.rejected, "read “sold” and left"),
        (board.errors, "met an error"),
        (board.unknown.saturating_sub(unanswered), "got no answer and bought nothing"),
    ];
    let fates: Vec<_> =
        fates.iter().filter(|(n, _)| *n > 0).map(|(n, fate)| format!("{} {fate}", grouped(*n))).collect();
    let outside = match board.others {
        0 => String::new(),
        n => format!(" {} went to somebody outside this run.", count(n, "seat", "seats")),
    };
    let aborted = if board.conflicts == 0 {
        "The database aborted nobody, so the race was never put to the test.".to_owned()
    } else {
        format!("The database aborted {}.", count(board.conflicts, "racing transaction", "racing transactions"))
    };
    let wanted = format!("{} wanted {}", buyers(run.operations.len() as u64), seats(run));
    let found = grouped(board.contenders);
    let headline = format!("{} sold, and each has one holder.", count(board.confirmed, "seat was", "seats were"));
    (headline, format!("{wanted}; {found} found theirs free. {}.{outside} {aborted}", fates.join(", ")))
}

fn sold_twice(run: &Run, verdict: &RunVerdict, double_sells: u64, board: &Scoreboard) -> (String, String) {
    let people = count(double_sells, "person holds", "people hold");
    let (twice, others): (Vec<_>, Vec<_>) =
        verdict.findings.iter().partition(|finding| finding.rule == Rule::DoubleSell);
    let twice = twice.len() as u64;
    let sentence = format!(
        "{} of {} {} sold more than once: {} for {}. The seats table hides {} of them.",
        grouped(twice),
        seats(run),
        verb(twice, "was", "were"),
        count(board.confirmed, "ticket", "tickets"),
        count(board.confirmed.saturating_sub(double_sells), "chair", "chairs"),
        grouped(board.hidden_by_seats_table),
    );
    let worst = others.first().map(|finding| format!(" {}", finding.sentence)).unwrap_or_default();
    let more = more_findings((others.len() as u64).saturating_sub(1));
    let sentence = format!("{sentence}{worst} {more}").trim_end().to_owned();
    (format!("{people} a ticket for a chair that is taken."), sentence)
}

/// That more is wrong than was said, if it is.
fn more_findings(n: u64) -> String {
    match n {
        0 => String::new(),
        n => format!("That is not all: {} below. ", count(n, "more finding stands", "more findings stand")),
    }
}

/// Violated without a double-sell: the worst finding speaks.
fn contradiction(verdict: &RunVerdict, board: &Scoreboard) -> (String, String) {
    let headline = verdict.findings.first().map(|finding| finding.sentence.clone()).unwrap_or_default();
    let others = more_findings((verdict.findings.len() as u64).saturating_sub(1));
    let held = match board.confirmed {
        0 => "The ledger holds no ticket for any of the seats.".to_owned(),
        n => format!("The ledger holds {}, no two for one chair, and still no order of events explains the record.", {
            count(n, "ticket", "tickets")
        }),
    };
    (headline, format!("{others}{held}"))
}

fn unknown(verdict: &RunVerdict, board: &Scoreboard) -> (String, String) {
    let n = verdict.unsettled.len() as u64;
    let who = if n == 1 { "one buyer".to_owned() } else { format!("any of {}", buyers(n)) };
    let held = match board.confirmed {
        0 => String::new(),
        n => format!(" {}, each with one holder.", count(n, "seat was sold", "seats were sold")),
    };
    let sentence = lost_answers(n);
    (format!("Nobody can say whether {who} bought the seat they wanted."), format!("{sentence}{held}"))
}

fn inconclusive(run: &Run, reason: Option<Reason>, board: &Scoreboard) -> (String, String) {
    let all = run.operations.len() as u64;
    match reason {
        Some(Reason::RoundMoved) => ("A seat was opened again in the middle of this run.".to_owned(), MOVED.to_owned()),
        Some(Reason::NobodyAnswered) => {
            (format!("No buyer got an answer about any of the {}.", seats(run)), nobody_answered(board))
        }
        Some(Reason::SomeErrors) => (
            "Not every buyer could be answered.".to_owned(),
            format!(
                "{} met an error. The others found nothing wrong, but this is not the test that was asked for.",
                buyers(board.errors)
            ),
        ),
        Some(Reason::NobodyRaced) | None if all == 0 => {
            ("No two buyers raced for the same seat.".to_owned(), NO_BUYERS.to_owned())
        }
        Some(Reason::NobodyRaced) | None => (
            "No two buyers raced for the same seat.".to_owned(),
            format!(
                "{} of {} found their seat free, but never two of them the same one, and a race needs two. More buyers, \
                 fewer seats or a longer think time make one.",
                grouped(board.contenders),
                buyers(all)
            ),
        ),
    }
}
