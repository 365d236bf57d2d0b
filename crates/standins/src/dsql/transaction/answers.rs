//! What PostgreSQL's answers mean, and what the client is answered.

use bytes::{BufMut as _, BytesMut};
use pgwire::messages::data::{DataRow, FieldDescription};
use tokio_postgres::types::Type;

use super::Answer;
use crate::dsql::complaint::{Complaint, oc000, oc001};
use crate::dsql::random_id;
use crate::dsql::statement::Ddl;
use crate::dsql::upstream::{Answered, Outcome};

pub(super) fn is_conflict(complaint: &Complaint) -> bool {
    matches!(complaint.code(), Some("40001" | "40P01"))
}

pub(super) fn as_oc000(complaint: Complaint) -> Complaint {
    if is_conflict(&complaint) { oc000() } else { complaint }
}

/// Two changes of the catalogue that met in PostgreSQL's own tables, or one that met an open reader.
pub(super) fn raced_ddl(ddl: &Ddl, complaint: Complaint) -> Complaint {
    match complaint.code() {
        Some("40001" | "40P01" | "55P03" | "XX000") => oc001(),
        // A unique index over rows that are not unique is nobody else's fault.
        Some("23505") if !ddl.job => oc001(),
        _ => complaint,
    }
}

pub(super) fn changed_something(answer: Option<&Answered>) -> bool {
    let row = answer.and_then(|answer| answer.as_ref().ok()).and_then(|outcome| outcome.rows.first());
    row.is_some_and(|row| row.data.ends_with(b"t"))
}

/// A job is answered with its id; here it has ended already.
pub(super) fn ddl_answer(ddl: &Ddl, outcome: Outcome) -> Answer {
    let mut answer = Answer::from(outcome);
    if ddl.job {
        let id = random_id();
        let mut data = BytesMut::new();
        data.put_i32(i32::try_from(id.len()).unwrap_or(i32::MAX));
        data.extend_from_slice(id.as_bytes());
        answer.rows.push(DataRow::new(data, 1));
        answer.columns = Some(job_columns());
    }
    answer
}

/// The columns of that answer.
pub(in crate::dsql) fn job_columns() -> Vec<FieldDescription> {
    vec![FieldDescription::new("job_id".to_owned(), 0, 0, Type::TEXT.oid(), -1, -1, 0)]
}
