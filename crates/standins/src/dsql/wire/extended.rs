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
use tokio_postgres::types::Type;

use super::{Conversation, Portal, Prepared, text_column};
use crate::dsql::complaint::{Complaint, aborted, error, unsupported};
use crate::dsql::door::feed;
use crate::dsql::statement::{self, Kind};
use crate::dsql::upstream::{Call, Param};

const STATEMENT: u8 = b'S';

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
        let statement = self.understood(statement::single(&parse.query))?;
        let upstream = match &statement {
            Some(statement) if !matches!(statement.kind, Kind::Begin | Kind::Commit | Kind::Rollback) => {
                if self.session.is_aborted() {
                    return Err(aborted());
                }
                // PostgreSQL infers what the client leaves open.
                let types: Vec<Type> =
                    parse.type_oids.iter().map(|oid| Type::from_oid(*oid).unwrap_or(Type::UNKNOWN)).collect();
                Some(self.session.upstream.prepare(&statement.text, &types).await?)
            }
            _ => None,
        };
        self.prepared.insert(parse.name.unwrap_or_default(), Arc::new(Prepared { statement, upstream }));
        feed(&mut self.socket, Out::ParseComplete(ParseComplete::new())).await
    }

    async fn bind(&mut self, bind: Bind) -> Result<(), Complaint> {
        let name = bind.statement_name.unwrap_or_default();
        let prepared = self.prepared.get(&name).ok_or_else(|| no_such("prepared statement", &name))?;
        let expected = prepared.upstream.as_ref().map_or(0, |statement| statement.params().len());
        if bind.parameters.len() != expected {
            let given = bind.parameters.len();
            return Err(error("08P01", format!("{given} parameters were given, the statement has {expected}")));
        }
        for (at, column) in prepared.columns().into_iter().enumerate() {
            if format_of(&bind.result_column_format_codes, at) == 0 && !same_in_text(column.type_id) {
                return Err(unsupported("results in text are not supported here in the extended protocol"));
            }
        }
        let text = |at| format_of(&bind.parameter_format_codes, at) == 0;
        let params = bind.parameters.into_iter().enumerate();
        let portal = Portal {
            prepared: Arc::clone(prepared),
            params: params.map(|(at, value)| Param { value, text: text(at) }).collect(),
            formats: bind.result_column_format_codes,
            waiting: None,
        };
        self.portals.insert(bind.portal_name.unwrap_or_default(), portal);
        feed(&mut self.socket, Out::BindComplete(BindComplete::new())).await
    }

    async fn describe(&mut self, describe: &Describe) -> Result<(), Complaint> {
        let name = describe.name.clone().unwrap_or_default();
        let mut columns;
        if describe.target_type == STATEMENT {
            let prepared = self.prepared.get(&name).ok_or_else(|| no_such("prepared statement", &name))?;
            let params = prepared.upstream.as_ref().map(tokio_postgres::Statement::params).unwrap_or_default();
            let params = ParameterDescription::new(params.iter().map(Type::oid).collect());
            columns = prepared.columns();
            feed(&mut self.socket, Out::ParameterDescription(params)).await?;
        } else {
            let portal = self.portals.get(&name).ok_or_else(|| no_such("portal", &name))?;
            columns = portal.prepared.columns();
            for (at, column) in columns.iter_mut().enumerate() {
                column.format_code = format_of(&portal.formats, at);
            }
        }
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
        let (mut rows, tag) = if let Some(waiting) = portal.waiting.take() {
            waiting
        } else {
            let prepared = Arc::clone(&portal.prepared);
            let Some(statement) = &prepared.statement else {
                return feed(&mut self.socket, Out::EmptyQueryResponse(EmptyQueryResponse::new())).await;
            };
            let call = match &prepared.upstream {
                Some(upstream) => Call::Prepared(upstream.clone(), Arc::clone(&portal.params)),
                None => Call::text(&statement.text),
            };
            let answer = self.session.run(statement, &call).await?;
            (VecDeque::from(answer.rows), answer.tag)
        };
        // Zero is no limit.
        let most = usize::try_from(execute.max_rows).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
        for row in rows.drain(..most.min(rows.len())) {
            feed(&mut self.socket, Out::DataRow(row)).await?;
        }
        if rows.is_empty() {
            return feed(&mut self.socket, Out::CommandComplete(CommandComplete::new(tag))).await;
        }
        if let Some(portal) = self.portals.get_mut(&name) {
            portal.waiting = Some((rows, tag));
        }
        feed(&mut self.socket, Out::PortalSuspended(PortalSuspended::new())).await
    }
}

impl Prepared {
    fn columns(&self) -> Vec<FieldDescription> {
        if let Some(Kind::Ddl(ddl)) = self.statement.as_ref().map(|statement| &statement.kind) {
            return if ddl.job { vec![text_column("job_id".to_owned())] } else { Vec::new() };
        }
        let columns = self.upstream.as_ref().map(tokio_postgres::Statement::columns).unwrap_or_default();
        let described = columns.iter().map(|column| {
            let table = column.table_oid().map_or(0, u32::cast_signed);
            let number = column.column_id().unwrap_or(0);
            let (oid, modifier) = (column.type_().oid(), column.type_modifier());
            FieldDescription::new(column.name().to_owned(), table, number, oid, -1, modifier, 0)
        });
        described.collect()
    }
}

/// The format of one value: none given is text, one is for all.
fn format_of(formats: &[i16], at: usize) -> i16 {
    match formats {
        [] => 0,
        [one] => *one,
        many => many.get(at).copied().unwrap_or(0),
    }
}

/// Types whose values are the same bytes in text and in binary.
fn same_in_text(oid: u32) -> bool {
    [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME, Type::UNKNOWN, Type::JSON].iter().any(|t| t.oid() == oid)
}

fn no_such(what: &str, name: &str) -> Complaint {
    let code = if what == "portal" { "34000" } else { "26000" };
    error(code, format!("{what} \"{name}\" does not exist"))
}
