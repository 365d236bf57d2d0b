//! The conversation with one client, in the simple and in the extended protocol.

mod extended;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use futures::SinkExt as _;
use pgwire::messages::data::{DataRow, FieldDescription, RowDescription};
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse, ReadyForQuery};
use pgwire::messages::{PgWireBackendMessage as Out, PgWireFrontendMessage as In};
use tokio_postgres::types::Type;

use super::complaint::{Complaint, aborted, fatal};
use super::door::{Socket, feed, next};
use super::statement::{self, Kind, Statement};
use super::transaction::{Answer, Session};
use super::upstream::{Call, Param};

/// One client, let in.
pub(super) struct Conversation {
    pub(super) socket: Socket,
    session: Session,
    prepared: HashMap<String, Arc<Prepared>>,
    portals: HashMap<String, Portal>,
    /// After an error in the extended protocol everything is skipped until the client says Sync.
    skipping: bool,
}

/// A statement that the client has prepared.
struct Prepared {
    /// `None` for an empty one.
    statement: Option<Statement>,
    /// `None` for what PostgreSQL is not sent as it is, such as COMMIT.
    upstream: Option<tokio_postgres::Statement>,
}

/// A prepared statement with its parameters.
struct Portal {
    prepared: Arc<Prepared>,
    params: Arc<[Param]>,
    /// Formats of the columns as the client asked for them.
    formats: Vec<i16>,
    /// Rows that have not been fetched yet, and the tag that follows them.
    waiting: Option<(VecDeque<DataRow>, String)>,
}

impl Conversation {
    pub(super) fn new(socket: Socket, session: Session) -> Self {
        Self { socket, session, prepared: HashMap::new(), portals: HashMap::new(), skipping: false }
    }

    /// Answers until the client has had enough, or until something happens that ends the connection.
    pub(super) async fn converse(&mut self) -> Result<(), Complaint> {
        self.ready().await?;
        while let Some(message) = next(&mut self.socket).await? {
            match message {
                In::Terminate(_) => break,
                In::Query(query) => {
                    self.skipping = false;
                    let done = self.query(&query.query).await;
                    self.tell(done).await?;
                    self.ready().await?;
                }
                In::Sync(_) => {
                    self.skipping = false;
                    self.portals.remove("");
                    self.ready().await?;
                }
                In::Flush(_) => self.socket.flush().await?,
                _ if self.skipping => {}
                message => {
                    let done = self.extended(message).await;
                    self.skipping = done.is_err();
                    self.tell(done).await?;
                }
            }
        }
        Ok(())
    }

    async fn ready(&mut self) -> Result<(), Complaint> {
        feed(&mut self.socket, Out::ReadyForQuery(ReadyForQuery::new(self.session.status()))).await?;
        Ok(self.socket.flush().await?)
    }

    /// Tells the client of an error, and fails the transaction it happened in.
    async fn tell(&mut self, done: Result<(), Complaint>) -> Result<(), Complaint> {
        let Err(complaint) = done else { return Ok(()) };
        if complaint.is_fatal() {
            return Err(complaint);
        }
        let response = complaint.response().ok_or(Complaint::Gone)?;
        self.session.fail().await?;
        feed(&mut self.socket, Out::ErrorResponse(response)).await
    }

    /// What a client prepares or asks; in a failed transaction only its end is looked at.
    fn understood<T>(&self, parsed: Result<T, Complaint>) -> Result<T, Complaint> {
        if self.session.is_aborted() { parsed.map_err(|_| aborted()) } else { parsed }
    }

    async fn query(&mut self, sql: &str) -> Result<(), Complaint> {
        let statements = self.understood(statement::statements(sql))?;
        if statements.is_empty() {
            return feed(&mut self.socket, Out::EmptyQueryResponse(EmptyQueryResponse::new())).await;
        }
        let several = statements.len() > 1;
        for statement in &statements {
            if several && !matches!(statement.kind, Kind::Set) {
                self.session.begin_implicit();
            }
            let call = Call::text(&statement.text);
            let answer = self.session.run(statement, &call).await?;
            self.answer_in_text(answer).await?;
        }
        self.session.end_implicit().await
    }

    async fn answer_in_text(&mut self, answer: Answer) -> Result<(), Complaint> {
        if let Some(columns) = answer.columns {
            let columns = columns.into_iter().map(text_column).collect();
            feed(&mut self.socket, Out::RowDescription(RowDescription::new(columns))).await?;
        }
        for row in answer.rows {
            feed(&mut self.socket, Out::DataRow(row)).await?;
        }
        feed(&mut self.socket, Out::CommandComplete(CommandComplete::new(answer.tag))).await
    }

    /// Anything else is not for here.
    fn unexpected() -> Complaint {
        fatal("08P01", "unexpected message")
    }
}

/// A column of which only the name is known.
fn text_column(name: String) -> FieldDescription {
    FieldDescription::new(name, 0, 0, Type::TEXT.oid(), -1, -1, 0)
}
