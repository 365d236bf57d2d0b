//! Reading a document that somebody hands us: nothing in it is trusted, and nothing in it can cause a panic.

use crate::{Claims, Foreign, RunDocument, bounded::Bounded};
use onsale::{
    Run, SeatId, SeatIndex,
    text::{self, BYTE_ORDER_MARK, Encoding, EncodingError},
};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use std::{
    borrow::Cow,
    fmt,
    io::{self, BufReader, Read},
};

/// So much of a document is looked at to tell what it is.
const HEAD_BYTES: usize = 4096;
/// The longest document in UTF-16, which is read as a whole before it is parsed.
const UTF16_BYTES_MAX: u64 = 64 << 20;

/// Reads a document, or says why it is none.
pub(crate) fn document(mut from: impl Read) -> Result<RunDocument<'static>, Unusable> {
    let mut head = Vec::new();
    from.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(Unusable::Unreadable)?;
    if head.trim_ascii().is_empty() && head.len() < HEAD_BYTES {
        return Err(Unusable::Empty);
    }
    let document = match Encoding::of(&head) {
        Encoding::Utf8 => json(&head, from),
        Encoding::Utf8Marked => json(&head[BYTE_ORDER_MARK.len()..], from),
        _ => {
            let mut whole = head;
            from.take(UTF16_BYTES_MAX).read_to_end(&mut whole).map_err(Unusable::Unreadable)?;
            if whole.len() as u64 > UTF16_BYTES_MAX {
                return Err(Unusable::Encoding(EncodingError::Unsupported(Encoding::of(&whole))));
            }
            let text = text::decode(&whole).map_err(Unusable::Encoding)?;
            json(text.as_bytes(), io::empty())
        }
    }?;
    consistent(&document.run).map_err(Unusable::Inconsistent)?;
    Ok(document)
}

/// Reads JSON that begins with `head` and goes on with `rest`. Memory is bounded by the length of the run's own lists.
fn json(head: &[u8], rest: impl Read) -> Result<RunDocument<'static>, Unusable> {
    let mut refused = None;
    let from = BufReader::with_capacity(1 << 16, Bounded::new(head.chain(rest)));
    let mut json = serde_json::Deserializer::from_reader(from);
    let read = Document { refused: &mut refused }.deserialize(&mut json).and_then(|read| json.end().map(|()| read));
    read.map_err(|error| {
        let foreign = || match error.classify() {
            Category::Syntax | Category::Data => Foreign::of(&head[..head.len().min(HEAD_BYTES)]),
            Category::Io | Category::Eof => None,
        };
        refused.or_else(|| foreign().map(Unusable::Foreign)).unwrap_or_else(|| error.into())
    })
}

/// Why a document cannot be used. Printed, it is one line that names what is wrong and the way out.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It could not be read to its end.
    #[error("the document could not be read: {0}")]
    Unreadable(#[source] io::Error),
    /// It holds nothing.
    #[error("the document is empty: expected the run.json of a WorldSeat run, as /run/ID/run.json hands it out")]
    Empty,
    /// It is a text in an encoding that is not read.
    #[error("{0}")]
    Encoding(#[source] EncodingError),
    /// It is something else, and this is what.
    #[error("this is {0}; expected the run.json of a WorldSeat run, as /run/ID/run.json hands it out")]
    Foreign(#[source] Foreign),
    /// It is something else.
    #[error("not JSON ({told}): expected the run.json of a WorldSeat run, as /run/ID/run.json hands it out", told = told(.0))]
    NotJson(#[source] serde_json::Error),
    /// Its end is missing.
    #[error("the document is cut off ({told}): fetch it again, whole", told = told(.0))]
    Truncated(#[source] serde_json::Error),
    /// It is JSON of another kind.
    #[error("the document says it is '{0}', not '{schema}': fetch the run.json of a run", schema = RunDocument::SCHEMA)]
    OtherSchema(String),
    /// It was written by an older or a newer WorldSeat.
    #[error(
        "the document has version {0}, and this WorldSeat reads version {expected} only: fetch the run again from its \
         deployment, or use the WorldSeat that wrote it",
        expected = RunDocument::VERSION
    )]
    OtherVersion(u64),
    /// A field is missing or holds what it cannot hold.
    #[error(
        "not a run of version {expected} ({told}): docs/verify.md describes every field",
        expected = RunDocument::VERSION,
        told = told(.0)
    )]
    Misshapen(#[source] serde_json::Error),
    /// Its parts do not belong together.
    #[error("the run contradicts its own plan: {0}; fetch it again from its deployment")]
    Inconsistent(String),
}

/// What the parser says, on one line: it may repeat a text of the document, of any length.
fn told(error: &serde_json::Error) -> String {
    let (text, place) = (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
    let (what, place) = text.strip_suffix(&place).map_or((&*text, ""), |what| (what, &*place));
    one_line(what, 200) + place
}

/// The first characters of a text from elsewhere, without those that end a line or steer a terminal.
fn one_line(text: &str, characters_max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(characters_max).collect()
}

impl From<serde_json::Error> for Unusable {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            Category::Io => Self::Unreadable(error.into()),
            Category::Syntax => Self::NotJson(error),
            Category::Eof => Self::Truncated(error),
            Category::Data => Self::Misshapen(error),
        }
    }
}

/// Reads the document's fields, and turns away what is of another schema or version as soon as it says so: the rest of
/// it may have changed beyond recognition.
struct Document<'r> {
    refused: &'r mut Option<Unusable>,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = RunDocument<'static>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = RunDocument<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} document", RunDocument::SCHEMA)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut fields: M) -> Result<Self::Value, M::Error> {
        let (mut schema, mut version, mut run, mut claims) = (None, None, None, None);
        let mut refuse = |why| {
            *self.refused = Some(why);
            M::Error::custom("another kind of document")
        };
        while let Some(field) = fields.next_key::<Cow<'de, str>>()? {
            let twice = match field.as_ref() {
                "schema" => schema.is_some(),
                "version" => version.is_some(),
                "run" => run.is_some(),
                "claims" => claims.is_some(),
                _ => false,
            };
            if twice {
                return Err(M::Error::custom(format_args!("duplicate field `{field}`")));
            }
            match field.as_ref() {
                "schema" => match fields.next_value::<String>()? {
                    found if found == RunDocument::SCHEMA => schema = Some(()),
                    found => {
                        return Err(refuse(Unusable::OtherSchema(one_line(&found, 40))));
                    }
                },
                "version" => match fields.next_value::<u64>()? {
                    found if found == u64::from(RunDocument::VERSION) => version = Some(()),
                    found => return Err(refuse(Unusable::OtherVersion(found))),
                },
                "run" => run = Some(fields.next_value::<Run>()?),
                "claims" => claims = Some(fields.next_value::<Claims>()?),
                _ => _ = fields.next_value::<IgnoredAny>()?,
            }
        }
        schema.ok_or_else(|| M::Error::missing_field("schema"))?;
        version.ok_or_else(|| M::Error::missing_field("version"))?;
        let run = run.ok_or_else(|| M::Error::missing_field("run"))?;
        let claims = claims.ok_or_else(|| M::Error::missing_field("claims"))?;
        Ok(RunDocument { run: Cow::Owned(run), claims })
    }
}

/// Whether the parts of a run name the same seats. Everything else is for the witness and for [`crate::verify()`].
fn consistent(run: &Run) -> Result<(), String> {
    if run.version != RunDocument::VERSION {
        return Err(format!("the run inside says version {}, the document {}", run.version, RunDocument::VERSION));
    }
    let index = SeatIndex::of(run.plan.seats.iter().copied());
    if let Some((_, seat)) = run.plan.seats.iter().enumerate().find(|(at, seat)| index.get(**seat) != Some(*at)) {
        return Err(format!("seat {seat} stands twice in its plan"));
    }
    if !run.openings.iter().map(|opening| opening.seat).eq(run.plan.seats.iter().copied()) {
        return Err("its openings are not those of the plan's seats, one each and in their order".into());
    }
    let planned = |seat: &SeatId| index.get(*seat).is_some();
    if let Some((index, op)) = run.operations.iter().enumerate().find(|(_, op)| !planned(&op.seat)) {
        return Err(format!("operation {index} wants seat {}, which is not in the plan", op.seat));
    }
    if let Some(sale) = run.ledger.iter().find(|sale| !planned(&sale.seat)) {
        return Err(format!(
            "the ledger row of ticket {} is of seat {}, which is not in the plan",
            sale.ticket, sale.seat
        ));
    }
    match run.seat_rows.iter().find(|row| !planned(&row.seat)) {
        Some(row) => Err(format!("a row of the seats table is of seat {}, which is not in the plan", row.seat)),
        None => Ok(()),
    }
}
