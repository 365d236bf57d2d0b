//! Functions that must not be called, and functions that cannot be called twice.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, ObjectName, Statement as Tree, TableFactor, Visit, Visitor, visit_expressions};

use crate::dsql::complaint::{Complaint, unsupported};

/// They lock, signal or set beyond the transaction, or tell of the server that stands in.
const REFUSED: [&str; 20] = [
    "dblink",
    "lo_create",
    "lo_export",
    "lo_from_bytea",
    "lo_import",
    "lo_unlink",
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_advisory_unlock",
    "pg_advisory_unlock_all",
    "pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared",
    "pg_backend_pid",
    "pg_cancel_backend",
    "pg_notify",
    "pg_terminate_backend",
    "pg_try_advisory_lock",
    "pg_try_advisory_xact_lock",
    "set_config",
    "setval",
];

/// They give another value when a statement is run again.
const VOLATILE: [&str; 7] =
    ["clock_timestamp", "gen_random_uuid", "nextval", "random", "random_normal", "timeofday", "uuidv7"];

/// The last part of a name as PostgreSQL reads it.
pub(super) fn last(name: &ObjectName) -> String {
    let last = name.0.last().and_then(|part| part.as_ident());
    last.map(|ident| if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() })
        .unwrap_or_default()
}

/// A function in the statement whose answer cannot be repeated.
pub(super) fn volatile(tree: &Tree) -> Option<String> {
    let called = visit_expressions(tree, |expr| match expr {
        Expr::Function(function) if VOLATILE.contains(&last(&function.name).as_str()) => {
            ControlFlow::Break(last(&function.name))
        }
        _ => ControlFlow::Continue(()),
    });
    called.break_value()
}

/// Refuses what may stand anywhere in a statement.
pub(super) fn refuse_unknown_to_dsql(tree: &Tree) -> Result<(), Complaint> {
    match tree.visit(&mut Refusals) {
        ControlFlow::Break(complaint) => Err(complaint),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Refusals;

impl Refusals {
    fn call(name: &ObjectName) -> ControlFlow<Complaint> {
        let name = last(name);
        if REFUSED.contains(&name.as_str()) {
            return ControlFlow::Break(unsupported(format!("function {name} not supported")));
        }
        ControlFlow::Continue(())
    }
}

impl Visitor for Refusals {
    type Break = Complaint;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Complaint> {
        match expr {
            Expr::Function(function) => Self::call(&function.name),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Complaint> {
        match factor {
            TableFactor::Table { sample: Some(_), .. } => {
                ControlFlow::Break(unsupported("TABLESAMPLE clause not supported"))
            }
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => Self::call(name),
            _ => ControlFlow::Continue(()),
        }
    }
}
