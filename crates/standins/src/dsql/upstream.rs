//! The connection to PostgreSQL, message by message: what it answers a statement with passes as the bytes it sent, in the
//! formats that the client asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures::{SinkExt as _, StreamExt as _};
use pgwire::error::PgWireError;
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::data::{DataRow, FieldDescription};
use pgwire::messages::extendedquery::{Bind, Close, Describe, Execute, Parse, Sync};
use pgwire::messages::response::NoticeResponse;
use pgwire::messages::simplequery::Query;
use pgwire::messages::startup::{Authentication, BackendKeyData, ParameterStatus, Startup};
use pgwire::messages::terminate::Terminate;
use pgwire::messages::{DecodeContext, Message, PgWireBackendMessage as In, ProtocolVersion};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_util::codec::{Decoder, Encoder, Framed};

use super::complaint::{Complaint, error, startup_refused};

pub(super) const STATEMENT: u8 = b'S';

/// How one statement is sent.
#[derive(Debug, Clone)]
pub(super) enum Call {
    /// As text, answered in text: the simple protocol.
    Text(Arc<str>),
    /// Prepared, with its parameters.
    Prepared(Arc<Statement>, Arc<Bound>),
}

impl Call {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// What counts towards the size of a transaction.
    pub(super) fn size_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Prepared(_, bound) => bound.params.iter().flatten().map(Bytes::len).sum(),
        }
    }
}

/// What a prepared statement is executed with, as the client sent it.
#[derive(Debug, Clone, Default)]
pub(super) struct Bound {
    pub(super) params: Vec<Option<Bytes>>,
    /// Format codes of the parameters: none is text for all, one is for all.
    pub(super) param_formats: Vec<i16>,
    /// Format codes of the columns, likewise.
    pub(super) formats: Vec<i16>,
}

impl Bound {
    /// The format of one column.
    pub(super) fn format(&self, at: usize) -> i16 {
        match self.formats.as_slice() {
            [] => 0,
            [one] => *one,
            many => many.get(at).copied().unwrap_or(0),
        }
    }
}

/// A statement that PostgreSQL has prepared; closed there when dropped.
#[derive(Debug)]
pub(super) struct Statement {
    name: String,
    pub(super) text: String,
    /// The types of its parameters.
    pub(super) params: Vec<u32>,
    /// Its columns, as they are described before any format is chosen.
    pub(super) columns: Vec<FieldDescription>,
    closed: Arc<Mutex<Vec<String>>>,
}

impl Drop for Statement {
    fn drop(&mut self) {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.name));
    }
}

/// What a statement was answered with.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Only of a statement that was sent as text, or was described.
    pub(super) columns: Option<Vec<FieldDescription>>,
    pub(super) rows: Vec<DataRow>,
    pub(super) tag: String,
    pub(super) notices: Vec<NoticeResponse>,
    /// Only set of a change of the catalogue: whether there was any.
    pub(super) changed: bool,
    pub(super) params: Vec<u32>,
}

impl Outcome {
    /// The number of rows in the command tag.
    pub(super) fn affected(&self) -> u64 {
        self.tag.rsplit(' ').next().and_then(|rows| rows.parse().ok()).unwrap_or(0)
    }
}

pub(super) type Answered = Result<Outcome, Complaint>;

/// Statements that are sent together, each answered in its turn.
#[derive(Default)]
pub(super) struct Pipeline {
    bytes: BytesMut,
    calls: usize,
    /// Too large for a message: nothing of the pipeline is sent.
    refused: Option<PgWireError>,
}

impl Pipeline {
    /// Adds a statement, and gives its place among the answers.
    pub(super) fn push(&mut self, call: &Call) -> usize {
        match call {
            Call::Text(text) => self.put(&Query::new((**text).to_owned())),
            Call::Prepared(statement, bound) => {
                let Bound { params, param_formats, formats } = &**bound;
                let name = Some(statement.name.clone());
                self.put(&Bind::new(None, name, param_formats.clone(), params.clone(), formats.clone()));
                self.put(&Execute::new(None, 0));
                self.put(&Sync::new());
            }
        }
        self.calls += 1;
        self.calls - 1
    }

    pub(super) fn text(&mut self, text: &str) -> usize {
        self.push(&Call::text(text))
    }

    /// How many statements it has.
    pub(super) fn len(&self) -> usize {
        self.calls
    }

    fn put(&mut self, message: &impl Message) {
        if let Err(error) = message.encode(&mut self.bytes) {
            self.refused = Some(error);
        }
    }
}

/// PostgreSQL as one client sees it.
pub(super) struct Upstream {
    asked: UnboundedSender<Bytes>,
    answers: UnboundedReceiver<In>,
    /// Parameters whose change PostgreSQL has reported and the client has not been told of.
    pub(super) changed: Vec<ParameterStatus>,
    /// How many statements were prepared.
    prepared: u64,
    /// Names of statements that nobody uses any more.
    closed: Arc<Mutex<Vec<String>>>,
}

/// A connection just made.
pub(super) struct Connected {
    pub(super) upstream: Upstream,
    /// What PostgreSQL reports of itself at the start.
    pub(super) parameters: Vec<ParameterStatus>,
    /// What a request to cancel has to name.
    pub(super) key: BackendKeyData,
    /// Ends when PostgreSQL is lost.
    pub(super) lost: JoinHandle<()>,
}

impl Upstream {
    /// Connects with these parameters beside those of `config`.
    pub(super) async fn connect(config: &Config, given: &BTreeMap<String, String>) -> Result<Connected, Complaint> {
        let mut socket = Framed::new(open(config).await?, Codec::default());
        let mut startup = Startup::new();
        startup.parameters.clone_from(given);
        for (name, value) in [
            ("user", config.get_user()),
            ("database", config.get_dbname()),
            ("options", config.get_options()),
            ("client_encoding", Some("UTF8")),
        ] {
            startup.parameters.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        }
        socket.send(bytes_of(&startup)?).await?;
        let (mut parameters, mut key) = (Vec::new(), None);
        loop {
            match socket.next().await.ok_or(Complaint::Gone)?? {
                In::Authentication(Authentication::Ok) | In::NoticeResponse(_) => {}
                In::ParameterStatus(status) => parameters.push(status),
                In::BackendKeyData(data) => key = Some(data),
                In::ReadyForQuery(_) => break,
                In::ErrorResponse(response) => return Err(startup_refused(response)),
                // It asks for a password, say: ours never does.
                _ => return Err(Complaint::Gone),
            }
        }
        let (asked, asking) = unbounded_channel();
        let (answering, answers) = unbounded_channel();
        let lost = tokio::spawn(carry(socket, asking, answering));
        let (changed, closed) = (Vec::new(), Arc::default());
        let upstream = Self { asked, answers, changed, prepared: 0, closed };
        Ok(Connected { upstream, parameters, key: key.ok_or(Complaint::Gone)?, lost })
    }

    /// Prepares a statement; the types of parameters may be left open with 0.
    pub(super) async fn prepare(&mut self, text: &str, types: &[u32]) -> Result<Arc<Statement>, Complaint> {
        self.prepared += 1;
        let name = format!("s{}", self.prepared);
        let mut line = Pipeline { calls: 1, ..Pipeline::default() };
        line.put(&Parse::new(Some(name.clone()), text.to_owned(), types.to_vec()));
        line.put(&Describe::new(STATEMENT, Some(name.clone())));
        line.put(&Sync::new());
        let Outcome { params, columns, .. } = self.last(line).await?;
        let (text, closed) = (text.to_owned(), Arc::clone(&self.closed));
        Ok(Arc::new(Statement { name, text, params, columns: columns.unwrap_or_default(), closed }))
    }

    /// Another statement with the parameters of this one, and its columns unless these are asked for in text.
    pub(super) async fn instead(&mut self, call: &Call, text: &str, in_text: bool) -> Result<Call, Complaint> {
        match call {
            Call::Text(_) => Ok(Call::text(text)),
            Call::Prepared(statement, bound) => {
                let other = self.prepare(text, &statement.params).await?;
                let formats = if in_text { Vec::new() } else { bound.formats.clone() };
                Ok(Call::Prepared(other, Arc::new(Bound { formats, ..(**bound).clone() })))
            }
        }
    }

    /// Sends all of it, and waits for the answers.
    pub(super) async fn send(&mut self, line: Pipeline) -> Result<Vec<Answered>, Complaint> {
        if let Some(refused) = line.refused {
            return Err(error("54000", refused.to_string()));
        }
        let mut bytes = BytesMut::new();
        for name in self.closed.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            Close::new(STATEMENT, Some(name)).encode(&mut bytes).map_err(|_| Complaint::Gone)?;
        }
        bytes.unsplit(line.bytes);
        self.asked.send(bytes.freeze()).map_err(|_| Complaint::Gone)?;
        let mut answers = Vec::with_capacity(line.calls);
        for _ in 0..line.calls {
            answers.push(self.answer().await);
        }
        Ok(answers)
    }

    /// As `send`: the last answer, if there is no error among them; a lost connection counts before any error.
    pub(super) async fn last(&mut self, line: Pipeline) -> Answered {
        all(self.send(line).await?)
    }

    pub(super) async fn run(&mut self, call: &Call) -> Answered {
        let mut line = Pipeline::default();
        line.push(call);
        self.last(line).await
    }

    pub(super) async fn text(&mut self, text: &str) -> Answered {
        self.run(&Call::text(text)).await
    }

    async fn answer(&mut self) -> Answered {
        let mut outcome = Outcome::default();
        let mut refused = None;
        loop {
            match self.answers.recv().await.ok_or(Complaint::Gone)? {
                In::RowDescription(description) => outcome.columns = Some(description.fields),
                In::ParameterDescription(description) => outcome.params = description.types,
                In::DataRow(row) => outcome.rows.push(row),
                In::CommandComplete(complete) => outcome.tag = complete.tag,
                In::NoticeResponse(notice) => outcome.notices.push(notice),
                In::ParameterStatus(status) => self.changed.push(status),
                In::ErrorResponse(response) => refused = Some(Complaint::from(response)),
                In::ReadyForQuery(_) => return refused.map_or(Ok(outcome), Err),
                _ => {}
            }
        }
    }
}

/// The last answer, if there is no error among them; a lost connection counts before any error.
pub(super) fn all(answers: Vec<Answered>) -> Answered {
    let mut last = Ok(Outcome::default());
    for answer in answers {
        match (answer, &last) {
            (Err(Complaint::Gone), _) => return Err(Complaint::Gone),
            (answer, Ok(_)) => last = answer,
            (_, Err(_)) => {}
        }
    }
    last
}

/// Passes a request to cancel on, as it came: the key is PostgreSQL's own.
pub(super) async fn cancel(config: &Config, request: &CancelRequest) -> Result<(), Complaint> {
    Ok(Framed::new(open(config).await?, Codec::default()).send(bytes_of(request)?).await?)
}

async fn open(config: &Config) -> Result<TcpStream, Complaint> {
    let (Some(Host::Tcp(host)), Some(port)) = (config.get_hosts().first(), config.get_ports().first()) else {
        return Err(Complaint::Gone);
    };
    let stream = TcpStream::connect((host.as_str(), *port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn bytes_of(message: &impl Message) -> Result<Bytes, Complaint> {
    let mut bytes = BytesMut::new();
    message.encode(&mut bytes).map_err(|_| Complaint::Gone)?;
    Ok(bytes.freeze())
}

/// Carries both directions until PostgreSQL ends the connection. Once nobody asks any more it is told so; what is under
/// way runs to its end.
async fn carry(socket: Framed<TcpStream, Codec>, mut asking: UnboundedReceiver<Bytes>, answering: UnboundedSender<In>) {
    let (mut sink, mut stream) = socket.split();
    let sending = async {
        while let Some(bytes) = asking.recv().await {
            if sink.send(bytes).await.is_err() {
                return;
            }
        }
        if let Ok(terminate) = bytes_of(&Terminate::new()) {
            let _ = sink.send(terminate).await;
        }
        let _ = sink.close().await;
        std::future::pending::<()>().await;
    };
    let receiving = async {
        while let Some(Ok(message)) = stream.next().await {
            // Nobody may wait for it any more.
            let _ = answering.send(message);
        }
    };
    tokio::select! {
        () = sending => {}
        () = receiving => {}
    }
}

/// PostgreSQL's messages as they come, and ours as the bytes they are.
struct Codec(DecodeContext);

impl Default for Codec {
    fn default() -> Self {
        Self(DecodeContext::new(ProtocolVersion::PROTOCOL3_0))
    }
}

impl Decoder for Codec {
    type Item = In;
    type Error = PgWireError;

    fn decode(&mut self, from: &mut BytesMut) -> Result<Option<In>, PgWireError> {
        In::decode(from, &self.0)
    }
}

impl Encoder<Bytes> for Codec {
    type Error = PgWireError;

    fn encode(&mut self, bytes: Bytes, to: &mut BytesMut) -> Result<(), PgWireError> {
        to.extend_from_slice(&bytes);
        Ok(())
    }
}
