//! What the server hands to the island: words that are ready to be shown.
//!
//! The browser's half is weighed by the kilobyte, so whatever can be decided on the server is decided there, and these
//! types carry no more than what the page shows.

use onsale::FloorPlan;
use serde::{Deserialize, Serialize};

/// What the page begins with. It travels as JSON in an element of its own, because a property of the island would bring a
/// JSON parser into the browser.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Setup {
    /// The visitor's floor, or the one the address names.
    pub floor_id: String,
    /// Who buys.
    pub buyer: String,
    /// What is on sale here, the product's database first.
    pub shops: Vec<ShopWords>,
    /// The one shown first.
    pub shop: usize,
    /// The seats there are.
    pub plan: FloorPlan,
    /// The most buyers of one burst.
    pub buyers_max: u32,
    /// Break it's seat.
    pub seat: String,
    /// Break it's buyers.
    pub buyers: u32,
    /// Break it's think time.
    pub think_ms: u32,
    /// The floor, unless its database is away.
    pub floor: Option<Floor>,
    /// Said at the map.
    pub at_map: Notice,
    /// Said at the controls.
    pub at_controls: Notice,
    /// What a burst asks before it opens a seat that somebody bought.
    pub question: String,
}

impl Setup {
    /// The id of the element that carries it through the page.
    pub const ID: &str = "setup";
}

/// A backend as the page names it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShopWords {
    /// On the wire.
    pub id: String,
    /// In the controls.
    pub name: String,
    /// In full.
    pub title: String,
    /// What the tickets are called that the seats table does not show.
    pub hidden_name: String,
}

/// A floor as the page shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// Which backend's, on the wire.
    pub shop: String,
    /// What answers for it.
    pub engine: String,
    /// Where buyers connect.
    pub regions: Vec<String>,
    /// One letter a seat, in floor order: see [`Look`].
    pub looks: String,
    /// How many are sold.
    pub tally: String,
    /// The floor-wide witness: the number, and the line under it.
    pub floor_wide: [String; 2],
    /// The visitor's ticket stubs, as HTML.
    pub stubs: String,
    /// How many there are.
    pub stubs_tally: String,
}

/// Something said at the place it is about; it stays until dismissed or answered by the next deed there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// What happened, to which thing, what to do; empty if there is nothing to say.
    pub text: String,
    /// The confirmation code of a purchase.
    pub code: String,
    /// It did not go as asked.
    pub wrong: bool,
}

impl Notice {
    /// Something went as asked.
    pub fn done(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Something did not.
    pub fn trouble(text: impl Into<String>) -> Self {
        Self { text: text.into(), wrong: true, ..Self::default() }
    }

    /// A seat was bought.
    pub fn bought(seat: &str, code: String) -> Self {
        Self { text: format!("Seat {seat} is yours. Confirmation code "), code, wrong: false }
    }
}

/// How a seat looks. A seat that may be sold is never shown as free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Not read yet.
    Unread,
    /// Nobody has it.
    Free,
    /// Somebody has it.
    Sold,
    /// The visitor has it.
    Mine,
    /// More than one person has it.
    Twice,
}

impl Look {
    /// Its letter in [`Floor::looks`].
    pub fn letter(self) -> char {
        match self {
            Self::Unread => '?',
            Self::Free => 'f',
            Self::Sold => 's',
            Self::Mine => 'm',
            Self::Twice => 't',
        }
    }

    /// The look of a letter.
    pub fn of_letter(letter: Option<&u8>) -> Self {
        match letter {
            Some(b'f') => Self::Free,
            Some(b's') => Self::Sold,
            Some(b'm') => Self::Mine,
            Some(b't') => Self::Twice,
            _ => Self::Unread,
        }
    }

    /// The classes of its button.
    pub fn class(self) -> &'static str {
        match self {
            Self::Unread => "seat unread",
            Self::Free => "seat",
            Self::Sold => "seat sold",
            Self::Mine => "seat sold mine",
            Self::Twice => "seat sold twice",
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unread => "not read yet",
            Self::Free => "free",
            Self::Sold => "sold",
            Self::Mine => "yours",
            Self::Twice => "sold twice",
        }
    }
}
