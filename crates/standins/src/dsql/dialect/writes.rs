//! INSERT, UPDATE, DELETE: and what can still be said of them once their transaction is bound to fail.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Delete, Expr, FromTable, Insert, OnConflict, OnConflictAction, OnInsert, SetExpr, Statement as Tree, TableFactor,
    TableObject, TableWithJoins, Update, visit_expressions,
};

use super::{functions, reads};
use crate::dsql::complaint::Complaint;
use crate::dsql::statement::Write;

pub(super) fn insert(tree: &Tree, insert: &Insert) -> Result<Write, Complaint> {
    if let Some(source) = &insert.source {
        reads::inside(source.as_ref())?;
    }
    let given = match insert.source.as_ref().map(|source| source.body.as_ref()) {
        Some(SetExpr::Values(values)) => u64::try_from(values.rows.len()).ok(),
        _ => None,
    };
    let lenient = insert.on.is_none().then(|| {
        let on = OnInsert::OnConflict(OnConflict { conflict_target: None, action: OnConflictAction::DoNothing });
        Insert { on: Some(on), ..insert.clone() }.to_string()
    });
    let table = match &insert.table {
        TableObject::TableName(name) => Some(name),
        _ => None,
    };
    Ok(Write {
        tag: "INSERT 0",
        returning: insert.returning.is_some(),
        volatile: functions::volatile(tree),
        table: table.map(functions::last),
        into: table.filter(|_| insert.on.is_none()).map(ToString::to_string),
        blind: given.is_some() && insert.on.is_none() && !asks(tree),
        given_rows: given,
        count: None,
        lenient,
    })
}

pub(super) fn update(tree: &Tree, update: &Update) -> Result<Write, Complaint> {
    reads::inside(update)?;
    let count = update.from.is_none().then(|| count(&update.table, update.selection.as_ref()));
    Ok(changing("UPDATE", tree, Some(&update.table), update.returning.is_some(), count))
}

pub(super) fn delete(tree: &Tree, delete: &Delete) -> Result<Write, Complaint> {
    reads::inside(delete)?;
    let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
    let count = match tables.as_slice() {
        [table] if delete.using.is_none() => Some(count(table, delete.selection.as_ref())),
        _ => None,
    };
    Ok(changing("DELETE", tree, tables.first(), delete.returning.is_some(), count))
}

fn changing(
    tag: &'static str,
    tree: &Tree,
    table: Option<&TableWithJoins>,
    returning: bool,
    count: Option<String>,
) -> Write {
    let table = match table.map(|table| &table.relation) {
        Some(TableFactor::Table { name, .. }) => Some(functions::last(name)),
        _ => None,
    };
    let volatile = functions::volatile(tree);
    Write { tag, returning, volatile, table, blind: false, given_rows: None, count, lenient: None, into: None }
}

fn count(table: &TableWithJoins, selection: Option<&Expr>) -> String {
    let filter = selection.map(|expr| format!(" WHERE {expr}")).unwrap_or_default();
    format!("SELECT count(*) FROM {table}{filter}")
}

/// Whether a statement contains a query of its own.
fn asks(tree: &Tree) -> bool {
    let asking = |expr: &Expr| match expr {
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    visit_expressions(tree, asking).is_break()
}
