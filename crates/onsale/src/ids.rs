//! The names of things: floor, seat, buyer, ticket, region, backend, run.

use crate::text;
use compact_str::{CompactString, format_compact};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A chair, such as `C7`: a row letter and a number from 1. Ordered as on the floor, not as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeatId {
    row: u8,
    number: u16,
}

impl SeatId {
    /// The seat in `row` (`'A'..='Z'`) with `number` (1 to 65,535).
    pub fn new(row: char, number: u16) -> Result<Self, InvalidId> {
        match (u8::try_from(row), number) {
            (Ok(row @ b'A'..=b'Z'), 1..) => Ok(Self { row, number }),
            _ => Err(InvalidId(format!(
                "'{row}{number}' is not a seat: a row letter A to Z and a number 1 to 65535 are"
            ))),
        }
    }

    /// The row letter.
    pub fn row(self) -> char {
        char::from(self.row)
    }

    /// The number in the row, from 1.
    pub fn number(self) -> u16 {
        self.number
    }
}

impl fmt::Display for SeatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.row(), self.number)
    }
}

impl FromStr for SeatId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let bad =
            || InvalidId(format!("'{}' is not a seat: a row letter and a number, such as A1, are", clipped(text)));
        let mut chars = text.chars();
        let row = chars.next().ok_or_else(bad)?;
        let digits = chars.as_str();
        if digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        Self::new(row, digits.parse().map_err(|_| bad())?).map_err(|_| bad())
    }
}

/// The seats that exist on a floor: rows `A` and on, each with the same count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloorPlan {
    /// Rows, 1 to 26.
    pub rows: u8,
    /// Seats a row, 1 to 999; at most 2,000 on the floor, so that a reset is one transaction.
    pub seats_per_row: u16,
}

impl Default for FloorPlan {
    fn default() -> Self {
        Self { rows: 8, seats_per_row: 12 }
    }
}

impl FloorPlan {
    /// Every seat in floor order.
    pub fn seats(self) -> impl Iterator<Item = SeatId> {
        (0..self.rows)
            .flat_map(move |row| (1..=self.seats_per_row).map(move |number| SeatId { row: b'A' + row, number }))
    }

    /// How many seats there are.
    pub fn len(self) -> usize {
        usize::from(self.rows) * usize::from(self.seats_per_row)
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether `seat` stands on this floor.
    pub fn contains(self, seat: SeatId) -> bool {
        seat.row < b'A' + self.rows && seat.number <= self.seats_per_row
    }

    /// The first and the last seat, for error messages.
    pub fn range(self) -> String {
        format!("A1 to {}{}", char::from(b'A' + self.rows - 1), self.seats_per_row)
    }
}

/// One sale of a chair, from 1. Opening a seat again starts its next round.
pub type Round = u32;

/// What is wrong with a name, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidId(pub String);

/// A piece of somebody's input that is short enough to repeat to them.
fn clipped(given: &str) -> String {
    let shown = |c: char| if c.is_control() || text::is_steering(c) { '·' } else { c };
    let mut out: String = given.chars().take(24).map(shown).collect();
    if given.chars().nth(24).is_some() {
        out.push('…');
    }
    out
}

/// Declares a name that is a string.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $read:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(CompactString);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        text_serde!($name, $read);
    };
}

/// Declares a name that is a checked string.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $check:expr, $allowed:literal) => {
        text!($(#[$doc])* $name, str::parse);

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId(format!(concat!("'{}' is not ", $allowed), clipped(text))))
                }
            }
        }
    };
}

/// Lets serde read and write a name as a plain string, without a copy in between: a run may hold millions.
macro_rules! text_serde {
    ($name:ident, $read:expr) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Parsed($read))
            }
        }
    };
}

text_serde!(Backend, str::parse);

impl Serialize for SeatId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SeatId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Parsed(str::parse))
    }
}

/// What is read from a string, and how.
struct Parsed<T>(fn(&str) -> Result<T, InvalidId>);

impl<T> Visitor<'_> for Parsed<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

text_id!(
    /// One venue's seats on sale. Unguessable for a visitor's own floor; `main` for API calls that name none.
    FloorId,
    |t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
    "a floor id: 1 to 64 letters, digits, '-' or '_' are"
);
text!(
    /// Who buys: 1 to 64 characters. [`FromStr`] is for a name that somebody types or a client sends: it composes the
    /// name (see [`text::composed`]) and refuses what nobody can see. serde reads it as it was recorded
    /// ([`BuyerName::recorded`]).
    BuyerName,
    BuyerName::recorded
);
text_id!(
    /// The confirmation code, and the sale's id. Never used for a second sale.
    Ticket,
    |t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
    "a ticket: 1 to 64 letters, digits or '-' are"
);
text_id!(
    /// Where a buyer connects, such as `us-east-1`.
    Region,
    |t| (1..=32).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
    "a region: a name such as us-east-1 is"
);
text_id!(
    /// One recorded burst.
    RunId,
    |t| (1..=32).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
    "a run id: 1 to 32 letters, digits or '-' are"
);

impl FloorId {
    /// The floor that API calls mean when they name none.
    pub fn main() -> Self {
        Self("main".into())
    }
}

impl Ticket {
    /// A ticket from 80 random bits, grouped for reading aloud: `7Q4K-M2XD-9HTR-C3VW`.
    pub fn from_random(bits: u128) -> Self {
        let code = base32(bits, 16);
        Self(format_compact!("{}-{}-{}-{}", &code[..4], &code[4..8], &code[8..12], &code[12..]))
    }
}

impl RunId {
    /// A run id from 60 random bits.
    pub fn from_random(bits: u128) -> Self {
        Self(base32(bits, 12).to_ascii_lowercase().into())
    }

    /// An id that sorts by time: milliseconds since 1970, then 40 random bits.
    pub fn in_time(ms: i64, bits: u128) -> Self {
        let time = u128::from(ms.max(0).unsigned_abs());
        Self(base32(time << 40 | bits & ((1 << 40) - 1), 17).to_ascii_lowercase().into())
    }
}

impl FromStr for BuyerName {
    type Err = InvalidId;
    fn from_str(typed: &str) -> Result<Self, InvalidId> {
        let refused = |why: &str| {
            let typed = clipped(typed);
            let allowed = "1 to 64 characters are allowed, none of them a control or invisible character";
            InvalidId(format!("'{typed}' is not a buyer name{why}: {allowed}"))
        };
        let name = text::composed(typed).map_err(|c| refused(&format!(" (it holds U+{:04X})", u32::from(c))))?;
        if !(1..=64).contains(&name.chars().count()) {
            return Err(refused(""));
        }
        Ok(Self(name.into()))
    }
}

impl BuyerName {
    /// A name that a ledger or a document of a run holds, exactly as it stands there: what was sold to an odd name
    /// stays readable.
    ///
    /// # Errors
    /// If no version ever sold to such a name.
    pub fn recorded(name: &str) -> Result<Self, InvalidId> {
        if name.trim().is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
            let name = clipped(name);
            return Err(InvalidId(format!("'{name}' is not a buyer name: 1 to 64 characters without controls are")));
        }
        Ok(Self(name.into()))
    }

    /// A name for a buyer who gave none, from 40 random bits.
    pub fn guest(bits: u128) -> Self {
        Self(format_compact!("guest-{}", base32(bits, 8).to_ascii_lowercase()))
    }
}

impl FloorId {
    /// A visitor's floor from 120 random bits.
    pub fn from_random(bits: u128) -> Self {
        Self(base32(bits, 24).to_ascii_lowercase().into())
    }
}

/// The low `digits` base-32 digits of `bits`, in Crockford's alphabet (no I, L, O, U).
fn base32(bits: u128, digits: u32) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    (0..digits).rev().map(|place| char::from(ALPHABET[(bits >> (5 * place)) as usize & 31])).collect()
}

/// A label for people and for the wire; nothing that sells or judges branches on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Backend {
    /// Aurora DSQL, the product's database.
    Dsql,
    /// DynamoDB Global Tables, the foil.
    Naive,
    /// The known-bad control: the product's engine at READ COMMITTED.
    Control,
}

impl Backend {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dsql => "dsql",
            Self::Naive => "naive",
            Self::Control => "control",
        }
    }

    /// The name on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Dsql => "Aurora DSQL",
            Self::Naive => "DynamoDB Global Tables · foil",
            Self::Control => "READ COMMITTED · known-bad control",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Backend {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text {
            "dsql" => Ok(Self::Dsql),
            "naive" => Ok(Self::Naive),
            "control" => Ok(Self::Control),
            _ => Err(InvalidId(format!("'{}' is not a backend: dsql, naive and control are", clipped(text)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_parse_and_print() {
        for good in ["A1", "H12", "Z65535"] {
            assert_eq!(good.parse::<SeatId>().unwrap().to_string(), good);
        }
        for bad in ["", "A", "1", "a1", "A0", "A01", "A65536", "AA1", "A+1", "A1 ", "É1", "A１"] {
            assert!(bad.parse::<SeatId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn seats_are_ordered_as_on_the_floor() {
        let seats: Vec<_> = FloorPlan::default().seats().collect();
        assert_eq!(seats.len(), 96);
        assert!(seats.is_sorted());
        assert_eq!((seats[9].to_string(), seats[95].to_string()), ("A10".into(), "H12".into()));
        assert!(
            !FloorPlan::default().contains("A13".parse().unwrap())
                && !FloorPlan::default().contains("I1".parse().unwrap())
        );
    }

    #[test]
    fn names_say_what_is_allowed() {
        let long = "x".repeat(65);
        assert!(
            "".parse::<BuyerName>().is_err()
                && long.parse::<BuyerName>().is_err()
                && "ada\n".parse::<BuyerName>().is_err()
        );
        let turned = "a\u{202e}b".parse::<BuyerName>().unwrap_err().to_string();
        assert!(turned.starts_with("'a·b' is not a buyer name (it holds U+202E): 1 to 64 characters"), "{turned}");
        assert!("\u{200b}".parse::<BuyerName>().is_err() && BuyerName::recorded("\u{200b}").is_ok());
        assert_eq!("Zoe\u{308} ".parse::<BuyerName>().unwrap(), "Zoë".parse().unwrap());
        assert_eq!(BuyerName::recorded("Zoe\u{308}").unwrap().as_str(), "Zoe\u{308}");
        assert_eq!(serde_json::from_str::<BuyerName>("\"Zoe\u{308}\"").unwrap().as_str(), "Zoe\u{308}");
        assert_eq!(long.parse::<BuyerName>().unwrap_err().to_string().chars().filter(|c| *c == 'x').count(), 24);
        assert_eq!(
            "maybe".parse::<Backend>().unwrap_err().to_string(),
            "'maybe' is not a backend: dsql, naive and control are"
        );
    }

    #[test]
    fn names_are_strings_in_json() {
        fn check<T: Serialize + for<'de> Deserialize<'de>>(json: &str) {
            assert_eq!(serde_json::to_string(&serde_json::from_str::<T>(json).unwrap()).unwrap(), json);
            let refused = |json| serde_json::from_str::<T>(json).map(|_| ()).unwrap_err().to_string();
            assert!(refused("5").starts_with("invalid type: integer `5`, expected a string at"), "{}", refused("5"));
            assert!(refused(r#""""#).starts_with("'' is not a"), "{}", refused(r#""""#));
        }
        check::<SeatId>(r#""C7""#);
        check::<Backend>(r#""naive""#);
        check::<Ticket>(r#""7Q4K-M2XD-9HTR-C3VW""#);
        check::<BuyerName>(r#""Zoë \"the\\best\"""#);
        check::<Region>(r#""us-east-1""#);
        check::<FloorId>(r#""main""#);
        check::<RunId>(r#""run-1""#);
    }

    #[test]
    fn ids_in_time_sort_by_time() {
        let ids = [0, 1, 1_795_285_425_564, 1_795_285_425_565, i64::MAX >> 18].map(|ms| RunId::in_time(ms, u128::MAX));
        assert!(ids.is_sorted(), "{ids:?}");
        assert_eq!(RunId::in_time(5, 0).as_str(), "00000000500000000");
    }

    #[test]
    fn a_ticket_is_four_groups() {
        assert_eq!(Ticket::from_random(0).as_str(), "0000-0000-0000-0000");
        assert_eq!(Ticket::from_random(u128::MAX).as_str(), "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
    }
}
