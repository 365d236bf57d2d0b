//! The connection to PostgreSQL: values pass as the bytes they are, and messages are sent before earlier ones are answered.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use futures::{Future, TryStreamExt as _, poll};
use pgwire::messages::data::DataRow;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, SimpleQueryMessage, Statement};

/// How one statement is sent.
#[derive(Debug, Clone)]
pub(super) enum Call {
    /// As text, answered in text: the simple protocol.
    Text(Arc<str>),
    /// Prepared, with its parameters, answered in binary.
    Prepared(Statement, Arc<[Param]>),
}

impl Call {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// What counts towards the size of a transaction.
    pub(super) fn size_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Prepared(_, params) => params.iter().filter_map(|param| param.value.as_ref()).map(Bytes::len).sum(),
        }
    }
}

/// A parameter as the client sent it.
#[derive(Debug, Clone)]
pub(super) struct Param {
    pub(super) value: Option<Bytes>,
    pub(super) text: bool,
}

impl ToSql for Param {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let Some(value) = &self.value else { return Ok(IsNull::Yes) };
        out.extend_from_slice(value);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        if self.text { Format::Text } else { Format::Binary }
    }

    to_sql_checked!();
}

/// A value as PostgreSQL sent it.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// What a statement was answered with.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) rows: Vec<DataRow>,
    /// The names of the columns, if it was sent as text and has any.
    pub(super) columns: Option<Vec<String>>,
    pub(super) affected: u64,
}

pub(super) type Answered = Result<Outcome, Error>;
type Running = Pin<Box<dyn Future<Output = Answered> + Send>>;

/// Statements under way, in the order they were sent.
pub(super) struct Pipeline {
    client: Arc<Client>,
    sent: Vec<Sent>,
}

enum Sent {
    Running(Running),
    Done(Answered),
}

impl Pipeline {
    pub(super) fn new(client: &Arc<Client>) -> Self {
        Self { client: Arc::clone(client), sent: Vec::new() }
    }

    /// Sends a statement, without waiting for its answer, and gives its place among the answers.
    pub(super) async fn push(&mut self, call: &Call) -> usize {
        let mut running: Running = Box::pin(run(Arc::clone(&self.client), call.clone()));
        // Its first poll is what sends it: polled here, they leave in order.
        self.sent.push(match poll!(running.as_mut()) {
            std::task::Poll::Ready(answered) => Sent::Done(answered),
            std::task::Poll::Pending => Sent::Running(running),
        });
        self.sent.len() - 1
    }

    pub(super) async fn text(&mut self, text: &str) -> usize {
        self.push(&Call::text(text)).await
    }

    /// How many were sent.
    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    /// All answers, in order.
    pub(super) async fn answers(self) -> Vec<Answered> {
        let mut answers = Vec::with_capacity(self.sent.len());
        for sent in self.sent {
            answers.push(match sent {
                Sent::Done(answered) => answered,
                Sent::Running(running) => running.await,
            });
        }
        answers
    }
}

async fn run(client: Arc<Client>, call: Call) -> Answered {
    match call {
        Call::Text(text) => in_text(&client.simple_query(&text).await?),
        Call::Prepared(statement, params) => {
            let mut stream = Box::pin(client.query_raw(&statement, params.iter()).await?);
            let mut rows = Vec::new();
            while let Some(row) = stream.try_next().await? {
                let mut data = BytesMut::with_capacity(row.raw_size_bytes() + 4 * row.len());
                for at in 0..row.len() {
                    put(&mut data, row.try_get::<_, Option<Raw<'_>>>(at)?.map(|raw| raw.0));
                }
                rows.push(DataRow::new(data, i16::try_from(row.len()).unwrap_or(i16::MAX)));
            }
            let affected = stream.rows_affected().unwrap_or(0);
            Ok(Outcome { rows, columns: None, affected })
        }
    }
}

fn in_text(messages: &[SimpleQueryMessage]) -> Answered {
    let mut outcome = Outcome::default();
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                outcome.columns = Some(columns.iter().map(|column| column.name().to_owned()).collect());
            }
            SimpleQueryMessage::Row(row) => {
                let mut data = BytesMut::new();
                for at in 0..row.len() {
                    put(&mut data, row.try_get(at)?.map(str::as_bytes));
                }
                outcome.rows.push(DataRow::new(data, i16::try_from(row.len()).unwrap_or(i16::MAX)));
            }
            SimpleQueryMessage::CommandComplete(affected) => outcome.affected = *affected,
            _ => {}
        }
    }
    Ok(outcome)
}

/// A value in the form a row carries it; `None` is NULL.
pub(super) fn put(data: &mut BytesMut, value: Option<&[u8]>) {
    data.put_i32(value.map_or(-1, |value| i32::try_from(value.len()).unwrap_or(i32::MAX)));
    data.extend_from_slice(value.unwrap_or_default());
}

/// PostgreSQL as one client sees it, with what was prepared there so far.
pub(super) struct Upstream {
    pub(super) client: Arc<Client>,
    prepared: HashMap<(String, Vec<u32>), Statement>,
}

impl Upstream {
    pub(super) fn new(client: Client) -> Self {
        Self { client: Arc::new(client), prepared: HashMap::new() }
    }

    /// Prepares each distinct statement once.
    pub(super) async fn prepare(&mut self, text: &str, types: &[Type]) -> Result<Statement, Error> {
        let key = (text.to_owned(), types.iter().map(Type::oid).collect());
        if let Some(statement) = self.prepared.get(&key) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare_typed(text, types).await?;
        self.prepared.insert(key, statement.clone());
        Ok(statement)
    }

    /// Prepares everything anew from now on.
    pub(super) fn forget(&mut self) {
        self.prepared.clear();
    }

    /// Another statement with the parameters of this one.
    pub(super) async fn instead(&mut self, call: &Call, text: &str) -> Result<Call, Error> {
        match call {
            Call::Text(_) => Ok(Call::text(text)),
            Call::Prepared(statement, params) => {
                let types = statement.params().to_vec();
                Ok(Call::Prepared(self.prepare(text, &types).await?, Arc::clone(params)))
            }
        }
    }

    pub(super) async fn run(&self, call: &Call) -> Answered {
        run(Arc::clone(&self.client), call.clone()).await
    }

    pub(super) async fn text(&self, text: &str) -> Result<(), Error> {
        self.client.batch_execute(text).await
    }
}
