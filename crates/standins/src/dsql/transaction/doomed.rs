//! What can be said of statements that PostgreSQL can no longer run; and rows that are locked without being changed.

use super::Session;
use super::kept::{quoted, text_of};
use crate::dsql::complaint::{Complaint, oc000, unsupported};
use crate::dsql::statement::{Lock, Write};
use crate::dsql::upstream::Call;

/// The first column of a table that can be set to itself.
const COLUMN: &str = "SELECT quote_ident(attname) FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped \
                      AND attgenerated = '' AND attidentity <> 'a' AND attrelid = ";

impl Session {
    /// How many rows a write of a doomed transaction would change. Aurora DSQL would run it; here only its number of
    /// rows can be known, so with RETURNING the conflict is told at once.
    pub(super) async fn plausible_rows(&mut self, write: &Write, call: &Call) -> Result<u64, Complaint> {
        match (&write.count, write.given_rows) {
            _ if write.returning => Err(oc000()),
            (_, Some(rows)) => Ok(rows),
            (Some(count), None) => {
                let counting = self.upstream.instead(call, count, true).await?;
                let answer = self.read(&counting).await?;
                answer.rows.first().and_then(|row| text_of(row)?.parse().ok()).ok_or_else(oc000)
            }
            (None, None) => Err(oc000()),
        }
    }

    /// The write that a lock becomes at COMMIT: its rows are changed to what they are, so that the next one to commit
    /// a change or a lock of them meets a conflict, which a lock alone would not give.
    pub(super) async fn touch(&mut self, lock: &Lock, call: &Call) -> Result<Call, Complaint> {
        let Lock { table, rows, .. } = lock;
        let finding = format!("{COLUMN}{}::regclass ORDER BY attnum LIMIT 1", quoted(table));
        let found = self.upstream.text(&finding).await?;
        let column = found.rows.first().and_then(text_of);
        let column = column
            .ok_or_else(|| unsupported("FOR UPDATE is supported on tables with a column that can be set only"))?;
        let touching = format!("UPDATE {table} SET {column} = {column} WHERE ctid = ANY (ARRAY({rows}))");
        self.upstream.instead(call, &touching, true).await
    }
}
