//! The extended protocol: parse, bind, describe, execute, close.

use std::collections::VecDeque;
use std::sync::Arc;

use pgwire::messages::PgWireBackendMessage as Out;
use pgwire::messages::PgWireFrontendMessage as In;
use pgwire::messages::data::{FieldDescription, NoData, ParameterDescription, RowDescription};
use pgwire::messages::extendedquery::{
    Bind, BindComplete, CloseComplete, Describe, Execute, Parse, ParseComplete, PortalSuspended,
};
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse};

use super::{Conversation, Portal, Prepared, Progress, no_such};
use crate::dsql::complaint::{Complaint, aborted, error};
use crate::dsql::door::{feed, next};
use crate::dsql::statement::{self, Kind};
use crate::dsql::transaction::job_columns;
use crate::dsql::upstream::{Bound, Call, STATEMENT};

impl Conversation {
    pub(super) async fn extended(&mut self, message: In) -> Result<(), Complaint> {
        match message {
            In::Parse(parse) => self.parse(parse).await,
            In::Bind(bind) => self.bind(bind).await,
            In::Describe(describe) => self.describe(&describe).await,
            In::Execute(execute) => self.execute(&execute).await,
            In::Close(close) => {
                let name = close.name.unwrap_or_default();
                if close.target_type == STATEMENT {
                    self.prepared.remove(&name);
                } else {
                    self.portals.remove(&name);
                }
                feed(&mut self.socket, Out::CloseComplete(CloseComplete::new())).await
            }
            _ => Err(Self::unexpected()),
        }
    }

    async fn parse(&mut self, parse: Parse) -> Result<(), Complaint> {
        let name = parse.name.unwrap_or_default();
        let statement = self.understood(statement::single(&parse.query))?;
        if !name.is_empty() && self.prepared.contains_key(&name) {
            return Err(error("42P05", format!("prepared statement \"{name}\" already exists")));
        }
        let upstream = match &statement {
            Some(statement) if !statement.kind.is_ours() => {
                if self.session.is_aborted() {
                    return Err(aborted());
                }
                // PostgreSQL infers the types that the client leaves open.
                Some(self.session.upstream.prepare(&statement.text, &parse.type_oids).await?)
            }
            _ => None,
        };
        self.prepared.insert(name, Arc::new(Prepared { statement, upstream }));
        feed(&mut self.socket, Out::ParseComplete(ParseComplete::new())).await
    }

    async fn bind(&mut self, bind: Bind) -> Result<(), Complaint> {
        let name = bind.statement_name.unwrap_or_default();
        let prepared = self.prepared.get(&name).ok_or_else(|| no_such("prepared statement", &name))?;
        let (given, expected) = (bind.parameters.len(), prepared.params().len());
        if given != expected {
            let statement = format!("prepared statement \"{name}\" requires {expected}");
            return Err(error("08P01", format!("bind message supplies {given} parameters, but {statement}")));
        }
        let bound = Bound {
            params: bind.parameters,
            param_formats: bind.parameter_format_codes,
            formats: bind.result_column_format_codes,
        };
        let portal = Portal { prepared: Arc::clone(prepared), bound: Arc::new(bound), progress: Progress::Bound };
        let name = bind.portal_name.unwrap_or_default();
        if !name.is_empty() && self.portals.contains_key(&name) {
            return Err(error("42P03", format!("cursor \"{name}\" already exists")));
        }
        self.portals.insert(name, portal);
        feed(&mut self.socket, Out::BindComplete(BindComplete::new())).await
    }

    async fn describe(&mut self, describe: &Describe) -> Result<(), Complaint> {
        let name = describe.name.clone().unwrap_or_default();
        let columns = if describe.target_type == STATEMENT {
            let prepared = self.prepared.get(&name).ok_or_else(|| no_such("prepared statement", &name))?;
            let params = ParameterDescription::new(prepared.params().to_vec());
            let columns = prepared.columns(|_| 0);
            feed(&mut self.socket, Out::ParameterDescription(params)).await?;
            columns
        } else {
            let portal = self.portals.get(&name).ok_or_else(|| no_such("portal", &name))?;
            portal.prepared.columns(|at| portal.bound.format(at))
        };
        let described = if columns.is_empty() {
            Out::NoData(NoData::new())
        } else {
            Out::RowDescription(RowDescription::new(columns))
        };
        feed(&mut self.socket, described).await
    }

    async fn execute(&mut self, execute: &Execute) -> Result<(), Complaint> {
        let name = execute.name.clone().unwrap_or_default();
        let portal = self.portals.get_mut(&name).ok_or_else(|| no_such("portal", &name))?;
        let (mut rows, tag) = match std::mem::replace(&mut portal.progress, Progress::Done) {
            Progress::Suspended(rows, tag) => (rows, tag),
            Progress::Done => return Err(error("55000", format!("portal \"{name}\" cannot be run"))),
            Progress::Bound => {
                let (prepared, bound) = (Arc::clone(&portal.prepared), Arc::clone(&portal.bound));
                let Some(statement) = &prepared.statement else {
                    return feed(&mut self.socket, Out::EmptyQueryResponse(EmptyQueryResponse::new())).await;
                };
                if self.session.is_idle() && !statement.kind.is_ours() {
                    self.join_pipeline().await?;
                }
                let call = match &prepared.upstream {
                    Some(upstream) => Call::Prepared(Arc::clone(upstream), bound),
                    None => Call::text(&statement.text),
                };
                let mut answer = self.run(statement, &call).await?;
                self.notify(&mut answer).await?;
                (VecDeque::from(answer.rows), answer.tag)
            }
        };
        // Zero is no limit.
        let most = usize::try_from(execute.max_rows).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
        let most = most.min(rows.len());
        for row in rows.drain(..most) {
            feed(&mut self.socket, Out::DataRow(row)).await?;
        }
        if rows.is_empty() {
            // Of a query this portion is counted only.
            let tag = if tag.starts_with("SELECT ") { format!("SELECT {most}") } else { tag };
            return feed(&mut self.socket, Out::CommandComplete(CommandComplete::new(tag))).await;
        }
        if let Some(portal) = self.portals.get_mut(&name) {
            portal.progress = Progress::Suspended(rows, tag);
        }
        feed(&mut self.socket, Out::PortalSuspended(PortalSuspended::new())).await
    }

    /// A statement that no Sync follows at once is in one transaction with what comes until then.
    async fn join_pipeline(&mut self) -> Result<(), Complaint> {
        let following = next(&mut self.socket).await?.ok_or(Complaint::Gone)?;
        if !matches!(following, In::Sync(_)) {
            self.session.begin_implicit();
        }
        self.ahead = Some(following);
        Ok(())
    }
}

impl Prepared {
    fn params(&self) -> &[u32] {
        self.upstream.as_ref().map_or(&[], |statement| &statement.params)
    }

    /// Its columns, with the format of each.
    fn columns(&self, format: impl Fn(usize) -> i16) -> Vec<FieldDescription> {
        let described = match (&self.upstream, &self.statement) {
            (_, Some(statement::Statement { kind: Kind::Ddl(ddl), .. })) => {
                if ddl.job {
                    job_columns()
                } else {
                    Vec::new()
                }
            }
            (Some(upstream), _) => upstream.columns.iter().map(same).collect(),
            (None, _) => Vec::new(),
        };
        let mut columns = described;
        for (at, column) in columns.iter_mut().enumerate() {
            column.format_code = format(at);
        }
        columns
    }
}

/// A copy of a description.
fn same(of: &FieldDescription) -> FieldDescription {
    let (size, modifier) = (of.type_size, of.type_modifier);
    FieldDescription::new(of.name.clone(), of.table_id, of.column_id, of.type_id, size, modifier, of.format_code)
}
