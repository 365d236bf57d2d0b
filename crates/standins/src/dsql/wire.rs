//! The conversation with one client, in the simple and in the extended protocol.

mod extended;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use futures::SinkExt as _;
use pgwire::messages::data::{DataRow, RowDescription};
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse, ReadyForQuery};
use pgwire::messages::{PgWireBackendMessage as Out, PgWireFrontendMessage as In};

use super::complaint::{Complaint, aborted, error, fatal};
use super::door::{Socket, feed, next};
use super::statement::{self, Kind, Statement};
use super::transaction::{Answer, Session};
use super::upstream::{self, Bound, Call};

/// One client, let in.
pub(super) struct Conversation {
    pub(super) socket: Socket,
    session: Session,
    prepared: HashMap<String, Arc<Prepared>>,
    portals: HashMap<String, Portal>,
    /// A message that was read to see whether it is a Sync.
    ahead: Option<In>,
    /// After an error in the extended protocol everything is skipped until the client says Sync.
    skipping: bool,
}

/// A statement that the client has prepared.
struct Prepared {
    /// `None` for an empty one.
    statement: Option<Statement>,
    /// `None` for what PostgreSQL is not sent as it is, such as COMMIT.
    upstream: Option<Arc<upstream::Statement>>,
}

/// A prepared statement with its parameters.
struct Portal {
    prepared: Arc<Prepared>,
    bound: Arc<Bound>,
    progress: Progress,
}

/// How far a portal has been executed.
enum Progress {
    Bound,
    /// Rows that have not been fetched yet, and the tag that follows them.
    Suspended(VecDeque<DataRow>, String),
    Done,
}

impl Conversation {
    pub(super) fn new(socket: Socket, session: Session) -> Self {
        Self { socket, session, prepared: HashMap::new(), portals: HashMap::new(), ahead: None, skipping: false }
    }

    /// Answers until the client has had enough, or until something happens that ends the connection.
    pub(super) async fn converse(&mut self) -> Result<(), Complaint> {
        self.ready().await?;
        loop {
            let message = match self.ahead.take() {
                Some(message) => message,
                None => match next(&mut self.socket).await? {
                    Some(message) => message,
                    None => return Ok(()),
                },
            };
            match message {
                In::Terminate(_) => return Ok(()),
                In::Query(query) => {
                    self.skipping = false;
                    self.prepared.remove("");
                    let done = self.query(&query.query).await;
                    self.tell(done).await?;
                    self.ready().await?;
                }
                In::Sync(_) => {
                    self.skipping = false;
                    let done = self.session.end_implicit().await;
                    self.tell(done).await?;
                    self.ready().await?;
                }
                In::Flush(_) => self.socket.flush().await?,
                // What a client still sends whose COPY was refused.
                In::CopyData(_) | In::CopyDone(_) | In::CopyFail(_) => {}
                _ if self.skipping => {}
                message => {
                    let done = self.extended(message).await;
                    self.skipping = done.is_err();
                    self.tell(done).await?;
                }
            }
        }
    }

    async fn ready(&mut self) -> Result<(), Complaint> {
        for status in std::mem::take(&mut self.session.upstream.changed) {
            feed(&mut self.socket, Out::ParameterStatus(status)).await?;
        }
        if self.session.is_idle() {
            // Portals last as long as the transaction they were bound in.
            self.portals.clear();
        }
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
            if several {
                self.session.begin_implicit();
            }
            let call = Call::text(&statement.text);
            let answer = self.run(statement, &call).await?;
            self.answer_in_text(answer).await?;
        }
        self.session.end_implicit().await
    }

    /// Runs one statement.
    async fn run(&mut self, statement: &Statement, call: &Call) -> Result<Answer, Complaint> {
        let Kind::Deallocate(name) = &statement.kind else { return self.session.run(statement, call).await };
        if self.session.is_aborted() {
            return Err(aborted());
        }
        let Some(name) = name else {
            self.prepared.clear();
            return Ok(Answer::tag("DEALLOCATE ALL"));
        };
        self.prepared.remove(name).ok_or_else(|| no_such("prepared statement", name))?;
        Ok(Answer::tag("DEALLOCATE"))
    }

    async fn answer_in_text(&mut self, mut answer: Answer) -> Result<(), Complaint> {
        self.notify(&mut answer).await?;
        if let Some(columns) = answer.columns {
            feed(&mut self.socket, Out::RowDescription(RowDescription::new(columns))).await?;
        }
        for row in answer.rows {
            feed(&mut self.socket, Out::DataRow(row)).await?;
        }
        feed(&mut self.socket, Out::CommandComplete(CommandComplete::new(answer.tag))).await
    }

    async fn notify(&mut self, answer: &mut Answer) -> Result<(), Complaint> {
        for notice in std::mem::take(&mut answer.notices) {
            feed(&mut self.socket, Out::NoticeResponse(notice)).await?;
        }
        Ok(())
    }

    /// Anything else is not for here.
    fn unexpected() -> Complaint {
        fatal("08P01", "unexpected message")
    }
}

fn no_such(what: &str, name: &str) -> Complaint {
    let code = if what == "portal" { "34000" } else { "26000" };
    error(code, format!("{what} \"{name}\" does not exist"))
}
