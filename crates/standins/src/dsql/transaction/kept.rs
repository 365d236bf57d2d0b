//! Rows that come out differently when they are inserted again, because a default or a function draws something: they
//! are inserted at COMMIT as they were the first time.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Buf as _, BytesMut};
use pgwire::messages::data::DataRow;

use super::Session;
use crate::dsql::complaint::Complaint;
use crate::dsql::dialect::VOLATILE;
use crate::dsql::statement::Write;
use crate::dsql::upstream::{Bound, Call, Outcome};

/// The columns that can be inserted, by table as it is written, if its rows have to be kept.
#[derive(Default)]
pub(super) struct Columns {
    catalogue: u64,
    known: HashMap<(String, bool), Arc<[String]>>,
}

impl Columns {
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }
}

/// An INSERT that returns whole rows, after what the client wants returned.
pub(super) struct Keeping {
    pub(super) call: Call,
    table: String,
    columns: Arc<[String]>,
}

impl Session {
    /// How to keep the rows of a write, if they would not be the same again.
    pub(super) async fn keeping(&mut self, write: &Write, call: &Call) -> Result<Option<Keeping>, Complaint> {
        let Some(table) = &write.into else { return Ok(None) };
        let columns = self.kept_columns(table, write.volatile.is_some()).await?;
        if columns.is_empty() {
            return Ok(None);
        }
        let returning = if write.returning { "," } else { " RETURNING" };
        let more = |text: &str| format!("{text}{returning} {}", columns.join(", "));
        let call = match call {
            Call::Text(text) => Call::text(&more(text)),
            Call::Prepared(statement, bound) => {
                let kept = self.upstream.prepare(&more(&statement.text), &statement.params).await?;
                let wanted = (0..statement.columns.len()).map(|at| bound.format(at));
                let formats = wanted.chain(columns.iter().map(|_| 0)).collect();
                Call::Prepared(kept, Arc::new(Bound { formats, ..(**bound).clone() }))
            }
        };
        Ok(Some(Keeping { call, table: table.clone(), columns }))
    }

    /// None if its rows can be inserted again, unless the statement itself draws something.
    async fn kept_columns(&mut self, table: &str, always: bool) -> Result<Arc<[String]>, Complaint> {
        let catalogue = self.shared.cluster.catalogue();
        if self.columns.catalogue != catalogue {
            self.columns.forget();
            self.columns.catalogue = catalogue;
        }
        let key = (table.to_owned(), always);
        if let Some(columns) = self.columns.known.get(&key) {
            return Ok(Arc::clone(columns));
        }
        let table = quoted(table);
        let drawn = VOLATILE.join("|");
        let finding = format!(
            "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = to_regclass({table}) AND attnum > 0 \
             AND NOT attisdropped AND attgenerated = '' AND ({always} OR EXISTS (SELECT FROM pg_attribute a \
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = to_regclass({table}) \
             AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) ~ '\\m({drawn})\\('))) ORDER BY attnum"
        );
        let columns: Arc<[String]> = self.upstream.text(&finding).await?.rows.iter().filter_map(text_of).collect();
        self.columns.known.insert(key, Arc::clone(&columns));
        Ok(columns)
    }
}

impl Keeping {
    /// Leaves of the outcome what the client wants, and gives the statement that inserts the same rows.
    pub(super) fn keep(self, outcome: &mut Outcome) -> Call {
        let mut rows = Vec::with_capacity(outcome.rows.len());
        for row in &mut outcome.rows {
            let mut values = fields(row);
            let wanted = values.len().saturating_sub(self.columns.len());
            let kept = values.split_off(wanted);
            let kept: Vec<String> = kept.iter().map(|value| literal(value.as_deref())).collect();
            rows.push(format!("({})", kept.join(", ")));
            let wanted_bytes: usize = values.iter().map(|value| 4 + value.as_ref().map_or(0, BytesMut::len)).sum();
            row.data.truncate(wanted_bytes);
            row.field_count = i16::try_from(wanted).unwrap_or(i16::MAX);
        }
        if let Some(columns) = &mut outcome.columns {
            columns.truncate(columns.len().saturating_sub(self.columns.len()));
        }
        if outcome.columns.as_ref().is_some_and(Vec::is_empty) {
            outcome.columns = None;
        }
        if outcome.rows.iter().all(|row| row.field_count == 0) {
            outcome.rows.clear();
        }
        let (columns, rows) = (self.columns.join(", "), rows.join(", "));
        Call::text(&format!("INSERT INTO {} ({columns}) OVERRIDING SYSTEM VALUE VALUES {rows}", self.table))
    }
}

/// The values of a row.
fn fields(row: &DataRow) -> Vec<Option<BytesMut>> {
    let mut data = row.data.clone();
    let mut found = Vec::new();
    while data.len() >= 4 {
        let length = usize::try_from(data.get_i32()).ok();
        found.push(length.map(|length| data.split_to(length.min(data.len()))));
    }
    found
}

/// The one value of a row that was asked for in text.
pub(super) fn text_of(row: &DataRow) -> Option<String> {
    let value = fields(row).into_iter().next()??;
    String::from_utf8(value.to_vec()).ok()
}

fn literal(value: Option<&[u8]>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| quoted(&String::from_utf8_lossy(value)))
}

/// A text as a literal of SQL; `standard_conforming_strings` is always on.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_parted_into_what_the_client_wants_and_what_is_kept() {
        let data = BytesMut::from(&b"\0\0\0\x01a\xff\xff\xff\xff\0\0\0\x03o'k"[..]);
        for (kept, wanted, expect) in [(2, 1, "(NULL, 'o''k')"), (3, 0, "('a', NULL, 'o''k')")] {
            let columns = (0..kept).map(|at| format!("c{at}")).collect();
            let keeping = Keeping { call: Call::text(""), table: "t".to_owned(), columns };
            let mut outcome = Outcome { rows: vec![DataRow::new(data.clone(), 3)], ..Outcome::default() };
            let Call::Text(text) = keeping.keep(&mut outcome) else { panic!("it is text") };
            assert!(text.ends_with(expect), "{text}");
            let rows: Vec<_> = outcome.rows.iter().map(|row| (row.field_count, row.data.len())).collect();
            assert_eq!(rows, if wanted == 1 { vec![(1, 5)] } else { Vec::new() });
        }
    }
}
