//! What can be said of statements that PostgreSQL can no longer run; and rows that are locked without being changed.

use pgwire::messages::data::DataRow;

use super::Session;
use crate::dsql::complaint::{Complaint, oc000, unsupported};
use crate::dsql::statement::{Lock, Write};
use crate::dsql::upstream::Call;

/// The first column of a table that can be set to itself.
const COLUMN: &str = "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 \
                      AND NOT attisdropped AND attgenerated = '' AND attidentity <> 'a' ORDER BY attnum LIMIT 1";

impl Session {
    /// How many rows a write of a doomed transaction would change. Aurora DSQL would run it; here only its number of
    /// rows can be known, so with RETURNING the conflict is told at once.
    pub(super) async fn plausible_rows(&mut self, write: &Write, call: &Call) -> Result<u64, Complaint> {
        match (&write.count, write.given_rows) {
            _ if write.returning => Err(oc000()),
            (_, Some(rows)) => Ok(rows),
            (Some(count), None) => {
                let counting = self.upstream.instead(call, count).await?;
                let answer = self.read("SELECT", &counting).await?;
                let in_text = matches!(counting, Call::Text(_));
                answer.rows.first().and_then(|row| number(row, in_text)).ok_or_else(oc000)
            }
            (None, None) => Err(oc000()),
        }
    }

    /// The write that a lock becomes at COMMIT: its rows are changed to what they are, so that the next one to commit
    /// a change or a lock of them meets a conflict, which a lock alone would not give.
    pub(super) async fn touch(&mut self, lock: &Lock, call: &Call) -> Result<Call, Complaint> {
        let row = self.upstream.client.query_opt(COLUMN, &[&lock.table]).await?;
        let column: String = match row {
            Some(row) => row.try_get(0)?,
            None => return Err(unsupported("FOR UPDATE is supported on tables with a column that can be set only")),
        };
        let Lock { table, rows, .. } = lock;
        let touching = format!("UPDATE {table} SET {column} = {column} WHERE ctid = ANY (ARRAY({rows}))");
        Ok(self.upstream.instead(call, &touching).await?)
    }
}

/// The one number in a row, a bigint.
fn number(row: &DataRow, in_text: bool) -> Option<u64> {
    let value = row.data.get(4..)?;
    if in_text {
        return std::str::from_utf8(value).ok()?.parse().ok();
    }
    u64::try_from(i64::from_be_bytes(value.try_into().ok()?)).ok()
}
