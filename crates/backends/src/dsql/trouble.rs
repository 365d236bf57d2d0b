//! What keeps a database from being used, in one line that names the thing and the remedy.

use super::{
    SqlEndpoint,
    classify::{self, Kind, Stage},
    remedy::{Names, Step, remedy},
    said::{Said, causes, innermost},
};
use onsale::{BoxedError, Failure};
use std::{error::Error, fmt, io, time::Duration};
use tokio_postgres::{
    config::{ChannelBinding, SslMode},
    error::SqlState,
};

/// One line; what the database or the driver said is its source.
#[derive(Debug)]
pub(super) struct Trouble {
    line: String,
    kind: Kind,
    source: Option<BoxedError>,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl Error for Trouble {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}

impl Trouble {
    /// No token could be made.
    pub(super) fn no_token(endpoint: &SqlEndpoint, error: BoxedError) -> Self {
        let said = innermost(&*error);
        // The SDK goes on with everything it tried.
        let said = said.split(". Attempted").next().unwrap_or_default();
        let line =
            format!("no access token for {endpoint}: {said}; set AWS_PROFILE, AWS_ACCESS_KEY_ID or the machine's role");
        Self { line, kind: Kind::Unavailable, source: Some(error) }
    }

    /// Nothing came back.
    pub(super) fn silent(endpoint: &SqlEndpoint, waited: Duration) -> Self {
        let line = format!(
            "{endpoint} did not answer within {} s; is the name right, and is the network open to it?",
            waited.as_secs()
        );
        Self { line, kind: Kind::Unavailable, source: None }
    }

    /// A thing of the database or of the configuration is in the way.
    pub(super) fn wrong(line: String) -> Self {
        Self { line, kind: Kind::Refused, source: None }
    }

    /// The tables are not those that WorldSeat makes.
    pub(super) fn other_tables(endpoint: &SqlEndpoint, how: &str) -> Self {
        Self::wrong(format!(
            "{endpoint}: WorldSeat's tables are not as it makes them ({how}); let it use a schema or a database of its own"
        ))
    }

    /// What failed at `step`: refused by the database, or not even heard.
    pub(super) fn at(step: Step, endpoint: &SqlEndpoint, error: &tokio_postgres::Error) -> Self {
        let said = Said::new(error);
        let (line, kind) = match said.code() {
            Some(code) => (refused(step, endpoint, &said, code), classify::kind(Stage::Statement, Some(code))),
            None => unreached(endpoint, error),
        };
        Self { line, kind, source: Some(Box::new(said)) }
    }

    /// The failure that it means for whoever asked.
    pub(super) fn failure(self, database: &'static str) -> Failure {
        let kind = self.kind;
        let source = Box::new(self);
        match kind {
            Kind::Transient => Failure::Transient { database, source },
            Kind::Unavailable => Failure::Unavailable { database, source },
            // A step of the set-up sends no value of anybody's choice, and nothing races it.
            _ => Failure::Refused { database, source },
        }
    }
}

/// The server answered, and would not.
fn refused(step: Step, endpoint: &SqlEndpoint, said: &Said, code: &SqlState) -> String {
    let names = Names::of(endpoint);
    let user = names.user.unwrap_or("of this process");
    let may_not = *code == SqlState::INSUFFICIENT_PRIVILEGE;
    let takes_no_writes = *code == SqlState::READ_ONLY_SQL_TRANSACTION;
    let is_login = [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(code);
    let what = match step {
        _ if takes_no_writes => format!("{endpoint} takes no writes"),
        Step::Connect if is_login && names.token => format!("{endpoint} refused the access token"),
        Step::Connect => format!("{endpoint} refused the connection"),
        Step::Session | Step::Statement => format!("{endpoint} refused a statement"),
        Step::CreateTables if may_not => format!("{endpoint}: user {user} may not make WorldSeat's tables"),
        Step::CreateTables => format!("{endpoint} refused to make WorldSeat's tables"),
        Step::CheckTables if may_not => format!("{endpoint}: user {user} may not use WorldSeat's tables"),
        Step::CheckTables => format!("{endpoint}: WorldSeat's tables cannot be used"),
        Step::Mark => format!(
            "{endpoint} refused a mark in the table begun, written at the start to see that both ways in lead to one database"
        ),
    };
    match remedy(step, code, names) {
        Some(remedy) => format!("{what}: {said}; {remedy}"),
        None => format!("{what}: {said}"),
    }
}

/// No server answered: TLS, the process's own limits, the login and the network are told apart by the error's kind.
fn unreached(endpoint: &SqlEndpoint, error: &tokio_postgres::Error) -> (String, Kind) {
    let connect = &endpoint.connect;
    let mut io_error = None;
    for cause in causes(error) {
        let io = cause.downcast_ref::<io::Error>();
        let tls = cause.downcast_ref::<rustls::Error>().or_else(|| io?.get_ref()?.downcast_ref());
        if let Some(tls) = tls {
            let line = format!(
                "{endpoint}: its encryption cannot be trusted ({tls}); check the host's name, or name the certificate \
                 authority that signed it with --sql-root-cert"
            );
            return (line, Kind::Refused);
        }
        io_error = io_error.or(io);
    }
    let said = innermost(error);
    if let Some(io) = io_error {
        if io.raw_os_error().is_some_and(|number| [ENFILE, EMFILE].contains(&number)) {
            let line = format!(
                "no connection to {endpoint} could be opened ({said}): this process has reached its limit of open files; \
                 raise it (`ulimit -n`, LimitNOFILE= of systemd), or lower --connections"
            );
            return (line, Kind::Refused);
        }
        // The driver's own word for a server that is not what target_session_attrs asks for.
        if io.kind() == io::ErrorKind::PermissionDenied && io.raw_os_error().is_none() {
            let line = format!(
                "{endpoint} takes no writes, and target_session_attrs=read-write asks for a server that does; name a primary"
            );
            return (line, Kind::Refused);
        }
        let line = format!("{endpoint} cannot be reached ({said}); is the name right, and is the network open to it?");
        return (line, Kind::Unavailable);
    }
    if error.is_closed() {
        let line = format!(
            "{endpoint} closed the connection; is that the port of a server that speaks PostgreSQL's protocol?"
        );
        return (line, Kind::Unavailable);
    }
    // The driver tells the step at which it gave up by what its error is called, and by nothing else.
    let line = match error.to_string().as_str() {
        "error performing TLS handshake" if connect.get_ssl_mode() == SslMode::Require => {
            format!("{endpoint} does not encrypt; leave sslmode=require out, or switch TLS on at the server")
        }
        "invalid configuration" if connect.get_hosts().is_empty() && connect.get_hostaddrs().is_empty() => {
            format!("{endpoint}: there is no host to connect to")
        }
        "invalid configuration" if connect.get_password().is_none() => format!(
            "{endpoint} asks for a password, and the URL has none: write postgres://USER:PASSWORD@HOST/DATABASE (neither \
             PGPASSWORD nor a file .pgpass is read)"
        ),
        "authentication error" if connect.get_channel_binding() == ChannelBinding::Require => format!(
            "{endpoint}: channel_binding=require in the URL cannot be met ({said}): it needs an encrypted connection and a \
             login by SCRAM-SHA-256-PLUS; add sslmode=require, or leave channel_binding out"
        ),
        "authentication error" | "invalid configuration" => format!(
            "{endpoint}: the login failed ({said}); WorldSeat logs in with a password (SCRAM-SHA-256, MD5 or in clear) or \
             without one"
        ),
        _ => format!(
            "{endpoint} does not speak PostgreSQL's protocol as expected ({said}); check host and port in the URL"
        ),
    };
    (line, Kind::Refused)
}

/// The system's numbers for "too many open files", of all processes and of this one; the same on every Unix.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;
