//! What PostgreSQL's answers mean, and what the client is answered.

use bytes::BytesMut;
use pgwire::messages::data::DataRow;

use super::Answer;
use crate::dsql::complaint::{Complaint, oc000, oc001};
use crate::dsql::random_id;
use crate::dsql::statement::{Ddl, Write};
use crate::dsql::upstream::{Answered, Outcome, put};

/// The last answer, if there is no error among them; a lost connection counts before any error.
pub(super) fn all(answers: Vec<Answered>) -> Result<Outcome, Complaint> {
    let mut last = Ok(Outcome::default());
    for answer in answers {
        match (answer.map_err(Complaint::from), &last) {
            (Err(Complaint::Gone), _) => return Err(Complaint::Gone),
            (answer, Ok(_)) => last = answer,
            (_, Err(_)) => {}
        }
    }
    last
}

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

pub(super) fn read_answer(tag: &'static str, outcome: Outcome) -> Answer {
    let tag = if tag == "SELECT" { format!("SELECT {}", outcome.rows.len()) } else { tag.to_owned() };
    Answer { tag, rows: outcome.rows, columns: outcome.columns }
}

pub(super) fn write_answer(write: &Write, outcome: Outcome) -> Answer {
    Answer { tag: format!("{} {}", write.tag, outcome.affected), rows: outcome.rows, columns: outcome.columns }
}

/// A job is answered with its id; here it has ended already.
pub(super) fn ddl_answer(ddl: &Ddl) -> Answer {
    let mut answer = Answer::tag(ddl.tag);
    if ddl.job {
        let mut data = BytesMut::new();
        put(&mut data, Some(random_id().as_bytes()));
        answer.rows.push(DataRow::new(data, 1));
        answer.columns = Some(vec!["job_id".to_owned()]);
    }
    answer
}
