//! Queries: what only reads, and what locks the rows it reads.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, LockType, Query, Select, SelectItem, SetExpr, Statement as Tree, TableFactor, Visit, Visitor,
};

use crate::dsql::complaint::{Complaint, unsupported};
use crate::dsql::statement::{Kind, Lock};

pub(super) fn query(query: &Query) -> Result<Kind, Complaint> {
    let mut outer = query.clone();
    let locks = std::mem::take(&mut outer.locks);
    if let ControlFlow::Break(complaint) = outer.visit(&mut Inside) {
        return Err(complaint);
    }
    let Some(lock) = locks.first() else { return Ok(Kind::Read) };
    if locks.len() > 1 || lock.nonblock.is_some() || !matches!(lock.lock_type, LockType::Update) {
        return Err(unsupported("locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported"));
    }
    let unlocked = outer.to_string();
    let table = locked_table(&outer).ok_or_else(|| unsupported("FOR UPDATE is supported on a single table only"))?;
    if let SetExpr::Select(select) = outer.body.as_mut() {
        select.projection = vec![SelectItem::UnnamedExpr(Expr::Identifier(Ident::new("ctid")))];
    }
    Ok(Kind::Lock(Lock { table, rows: outer.to_string(), unlocked }))
}

/// The one table that a locking query reads, if its rows are rows of that table.
fn locked_table(query: &Query) -> Option<String> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let [from] = select.from.as_slice() else { return None };
    let TableFactor::Table { name, args: None, .. } = &from.relation else { return None };
    (query.with.is_none() && from.joins.is_empty()).then(|| name.to_string())
}

/// What may stand in no query, however deep.
struct Inside;

impl Visitor for Inside {
    type Break = Complaint;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Complaint> {
        if !query.locks.is_empty() {
            return ControlFlow::Break(unsupported("FOR UPDATE is supported in the outermost query only"));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Complaint> {
        if select.into.is_some() {
            return ControlFlow::Break(unsupported("unsupported statement: CreateTableAs"));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, _: &Tree) -> ControlFlow<Complaint> {
        ControlFlow::Break(unsupported("INSERT, UPDATE and DELETE are not supported inside another statement"))
    }
}

/// Refuses in a statement that changes rows what no query may contain.
pub(super) fn inside(part: &impl Visit) -> Result<(), Complaint> {
    match part.visit(&mut Inside) {
        ControlFlow::Break(complaint) => Err(complaint),
        ControlFlow::Continue(()) => Ok(()),
    }
}
