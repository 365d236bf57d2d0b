//! Functions that must not be called, and functions that cannot be called twice.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Ident, ObjectName, Statement as Tree, TableFactor, Visit, Visitor, visit_expressions};

use crate::dsql::complaint::{Complaint, unsupported};

/// They lock, signal, write or set beyond the transaction, run SQL that nobody has looked at, or tell of the server that
/// stands in.
const REFUSED: [&str; 12] = [
    "loread",
    "lowrite",
    "pg_backend_pid",
    "pg_cancel_backend",
    "pg_export_snapshot",
    "pg_notify",
    "pg_promote",
    "pg_reload_conf",
    "pg_switch_wal",
    "pg_terminate_backend",
    "set_config",
    "setval",
];
/// The same of whole families: how their names begin.
const REFUSED_FAMILIES: [&str; 8] =
    ["dblink", "lo_", "pg_advisory_", "pg_create_", "pg_drop_", "pg_logical_", "pg_replication_", "pg_try_advisory_"];
/// And how they end.
const REFUSED_ENDINGS: [&str; 3] = ["_to_xml", "_to_xmlschema", "_to_xml_and_xmlschema"];

fn is_refused(name: &str) -> bool {
    REFUSED.contains(&name)
        || REFUSED_FAMILIES.iter().any(|begins| name.starts_with(begins))
        || REFUSED_ENDINGS.iter().any(|ends| name.ends_with(ends))
}

/// They give another value when a statement is run again.
pub(in crate::dsql) const VOLATILE: [&str; 7] =
    ["clock_timestamp", "gen_random_uuid", "nextval", "random", "random_normal", "timeofday", "uuidv7"];

/// The last part of a name as PostgreSQL reads it.
pub(super) fn last(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(folded).unwrap_or_default()
}

/// An identifier as PostgreSQL reads it.
pub(super) fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
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
        if is_refused(&name) {
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
