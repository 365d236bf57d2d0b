//! What the result card says in each state. One shape for all of them, so that nothing on the page jumps.

use super::{
    marks::{Lane, lanes, legend},
    model::{Burst, Phase, Progress, Wish},
};
use onsale::Outcome;
use serde::{Deserialize, Serialize};

/// The card in words and marks; every field has its fixed place. That of a finished run is made on the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Which colour it wears: `calm`, `once`, `twice` or `maybe`.
    pub tone: String,
    /// The huge number, or the sign in its place.
    pub big: String,
    /// What happened to whom.
    pub headline: String,
    /// The verdict, if there is one.
    pub verdict: String,
    /// How it came about.
    pub sentence: String,
    /// More than one ticket was sold.
    pub oversold: bool,
    /// "60 of 60".
    pub answered: String,
    /// What follows it on the line.
    pub clock: String,
    /// Told, in the ledger, on the seats table, hidden.
    pub sources: [String; 4],
    /// The name of the fourth.
    pub hidden_name: String,
    /// The focus, and what stands under it.
    pub focus: [String; 2],
    /// The same for the whole floor, from the floor as it was last read; empty where no floor is at hand.
    pub floor_wide: [String; 2],
    /// What answered, or that the run could not be stored.
    pub engine: String,
    /// The run's page, once there is one.
    pub address: String,
    /// What is in the evidence.
    pub summary: String,
    /// The tickets and what the witness checked, as HTML.
    pub evidence: String,
    /// The buyers of each region. From the fates, wherever the card is shown.
    #[serde(skip)]
    pub lanes: [Lane; 2],
    /// How many were told what, as marks and words.
    #[serde(skip)]
    pub legend: String,
}

impl Card {
    /// Draws everybody's fate. `twice`: whether a buyer's seat was sold twice.
    pub fn draw(&mut self, told: &[Option<Outcome>], regions: &[String], twice: impl Fn(usize) -> bool) {
        self.lanes = lanes(told, regions, &twice);
        self.legend = legend(told, &twice);
    }
}

/// What the card says of a burst that is to come, under way, or over.
pub fn card(burst: &Burst, hidden_name: &str) -> Card {
    let wish = &burst.wish;
    let seat = &wish.seat;
    let mut card = match &burst.phase {
        Phase::Done(card) => return (**card).clone(),
        Phase::Running(progress) => running(progress, seat),
        _ => idle(wish),
    };
    let (headline, sentence) = match &burst.phase {
        Phase::Asked | Phase::Queued(0) => (
            format!("Opening seat {seat}."),
            "Its next round is opened and every connection is warmed, then all buyers start together.".to_owned(),
        ),
        Phase::Queued(ahead) => (
            format!("Waiting for seat {seat}."),
            format!(
                "{} before this one at the same seat. It starts by itself; closing the page does not stop it.",
                if *ahead == 1 {
                    "1 burst or reset comes".to_owned()
                } else {
                    format!("{ahead} bursts and resets come")
                }
            ),
        ),
        Phase::Failed(error) => {
            "–".clone_into(&mut card.big);
            (format!("The burst at seat {seat} has no result."), error.clone())
        }
        Phase::Idle | Phase::Running(_) | Phase::Done(_) => {
            (std::mem::take(&mut card.headline), std::mem::take(&mut card.sentence))
        }
    };
    (card.headline, card.sentence) = (headline, sentence);
    "calm".clone_into(&mut card.tone);
    hidden_name.clone_into(&mut card.hidden_name);
    card.address = burst.address();
    card
}

/// The mark of a buyer who waits, large.
const WAITING: &str = "○";

fn idle(wish: &Wish) -> Card {
    let Wish { seat, buyers, think_ms, regions } = wish;
    let buyers_all = grouped((*buyers).into());
    let mut card = Card {
        big: WAITING.to_owned(),
        headline: format!("Who gets seat {seat}?"),
        sentence: format!(
            "Press Break it: {buyers_all} buyers, half of them in each region, read seat {seat}, think for {think_ms} ms and buy it. \
             Then the committed ledger is read back and counted."
        ),
        answered: format!("0 of {buyers_all}"),
        clock: " answered · the clock starts when all buyers do".to_owned(),
        sources: nothing(),
        focus: ["–".to_owned(), format!("seat {seat}, not measured yet")],
        engine: "Every run gets a permanent link.".to_owned(),
        ..Card::default()
    };
    card.draw(&vec![None; *buyers as usize], regions, |_| false);
    card
}

fn running(progress: &Progress, seat: &str) -> Card {
    let all = progress.told.len();
    let answered = progress.told.iter().flatten().count();
    let sold = progress.told.iter().filter(|told| **told == Some(Outcome::Confirmed)).count();
    let all_words = grouped(all as u64);
    let mut card = Card {
        big: if answered == 0 { WAITING.to_owned() } else { grouped(sold as u64) },
        headline: if answered == 0 {
            format!("{all_words} buyers read seat {seat} and think.")
        } else {
            format!("told “seat {seat} is yours” so far")
        },
        sentence: if progress.interrupted {
            "The connection broke off; the burst goes on. Taking it up again."
        } else if answered == all {
            "Everybody was answered. Now the ledger is read back and the witness judges."
        } else {
            "The verdict follows when everybody was answered and the ledger was read back."
        }
        .to_owned(),
        answered: format!("{} of {all_words}", grouped(answered as u64)),
        clock: format!(" answered · {} ms", grouped(progress.ms)),
        sources: nothing(),
        focus: ["–".to_owned(), format!("seat {seat}, round {}", progress.round)],
        ..Card::default()
    };
    card.draw(&progress.told, &progress.regions, |_| sold > 1);
    card
}

fn nothing() -> [String; 4] {
    ["–"; 4].map(ToOwned::to_owned)
}

/// `12,345`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
