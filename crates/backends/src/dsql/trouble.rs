//! What keeps a database from being used, in one line that names the thing and the mend.

use super::{SqlEndpoint, login::Login};
use onsale::BoxedError;
use std::{error::Error, fmt, io, time::Duration};
use tokio_postgres::{
    config::SslMode,
    error::{DbError, SqlState},
};

/// How much of what somebody else said is repeated, in characters.
const WORDS_MAX: usize = 200;

/// One line; the driver's own words are its source.
#[derive(Debug)]
pub(super) struct Trouble {
    line: String,
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
        Self { line, source: Some(error) }
    }

    /// Nothing came back.
    pub(super) fn silent(endpoint: &SqlEndpoint, waited: Duration) -> Self {
        let line = format!(
            "{endpoint} did not answer within {} s; is the name right, and is the network open to it?",
            waited.as_secs()
        );
        Self { line, source: None }
    }

    /// A connection could not be opened.
    pub(super) fn not_connected(endpoint: &SqlEndpoint, error: tokio_postgres::Error) -> Self {
        let line = match error.as_db_error() {
            Some(refusal) => refused(endpoint, refusal),
            None => unreached(endpoint, &error),
        };
        Self { line, source: Some(Box::new(error)) }
    }

    /// A table is not there, is somebody else's, or may not be used.
    pub(super) fn not_as_made(endpoint: &SqlEndpoint, error: tokio_postgres::Error) -> Self {
        let line = match error.as_db_error() {
            Some(refusal) if *refusal.code() == SqlState::INSUFFICIENT_PRIVILEGE => {
                let user = endpoint.connect.get_user().unwrap_or_default();
                format!(
                    "{endpoint}: user {user} may not use WorldSeat's tables ({}); let their owner run \
                     GRANT SELECT, INSERT, UPDATE, DELETE ON seats, ledger, runs, begun, judged, records TO {user}",
                    refusal.message()
                )
            }
            Some(refusal) => return Self::other_tables(endpoint, refusal.message()),
            None => unreached(endpoint, &error),
        };
        Self { line, source: Some(Box::new(error)) }
    }

    /// The tables are not those that WorldSeat makes.
    pub(super) fn other_tables(endpoint: &SqlEndpoint, how: &str) -> Self {
        let line = format!(
            "{endpoint}: WorldSeat's tables are not as it makes them ({how}); let it use a schema or a database of its own"
        );
        Self { line, source: None }
    }

    /// The mark that shows whether two ways in lead to one database could not be written, seen or removed.
    pub(super) fn not_marked(endpoint: &SqlEndpoint, error: tokio_postgres::Error) -> Self {
        let user = endpoint.connect.get_user().unwrap_or_default();
        let line = match error.as_db_error() {
            Some(refusal) if *refusal.code() == SqlState::READ_ONLY_SQL_TRANSACTION => {
                format!(
                    "{endpoint} takes no writes ({}); buyers of both places write: name a primary",
                    refusal.message()
                )
            }
            Some(refusal) => format!(
                "{endpoint} refused a mark in the table begun, written at the start to see that both ways in lead to one \
                 database ({}); user {user} needs SELECT, INSERT and DELETE there",
                refusal.message()
            ),
            None => unreached(endpoint, &error),
        };
        Self { line, source: Some(Box::new(error)) }
    }

    /// The server met an error of its own and asks to be tried again.
    pub(super) fn is_transient(&self) -> bool {
        let error = self.source.as_ref().and_then(|source| source.downcast_ref::<tokio_postgres::Error>());
        error.and_then(tokio_postgres::Error::code) == Some(&SqlState::INTERNAL_ERROR)
    }

    /// A statement of the set-up was refused.
    pub(super) fn not_set_up(endpoint: &SqlEndpoint, error: tokio_postgres::Error) -> Self {
        let user = endpoint.connect.get_user().unwrap_or_default();
        let line = match error.code() {
            Some(code) if [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::INVALID_SCHEMA_NAME].contains(code) => format!(
                "{endpoint}: user {user} may not make WorldSeat's tables ({}); let the schema's owner run \
                 GRANT CREATE, USAGE ON SCHEMA … TO {user}, or give {user} the tables that are there",
                innermost(&error)
            ),
            _ => format!("{endpoint} refused to make WorldSeat's tables: {}", innermost(&error)),
        };
        Self { line, source: Some(Box::new(error)) }
    }
}

/// The server answered, and would not.
fn refused(endpoint: &SqlEndpoint, refusal: &DbError) -> String {
    let said = refusal.message();
    let code = refusal.code();
    let token = matches!(endpoint.login, Login::Token(_));
    let user = endpoint.connect.get_user().unwrap_or_default();
    let is_login = [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(code);
    if is_login && token {
        let action = if user == "admin" { "dsql:DbConnectAdmin" } else { "dsql:DbConnect" };
        return format!(
            "{endpoint} refused the access token ({said}); the credentials need {action} on this cluster, must not be \
             expired, and this machine's clock must be right"
        );
    }
    let mend = match code {
        _ if is_login => "check user and password in the URL",
        _ if *code == SqlState::INVALID_CATALOG_NAME => "check the database's name in the URL",
        _ if *code == SqlState::TOO_MANY_CONNECTIONS => "lower --connections, or raise the server's limit",
        _ if *code == SqlState::CONFIGURATION_LIMIT_EXCEEDED => "wait a little: it limits new connections",
        _ if *code == SqlState::CANNOT_CONNECT_NOW => "it is starting up",
        _ => "see its documentation",
    };
    format!("{endpoint} refused the connection ({said}, SQLSTATE {}); {mend}", code.code())
}

/// The server did not get as far as answering.
fn unreached(endpoint: &SqlEndpoint, error: &(dyn Error + 'static)) -> String {
    for cause in causes(error) {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let tls = cause.downcast_ref::<rustls::Error>().or_else(|| inner?.downcast_ref());
        if let Some(tls) = tls {
            return format!(
                "{endpoint}: its encryption cannot be trusted ({tls}); check the host's name, or name the certificate \
                 authority that signed it with --sql-root-cert"
            );
        }
    }
    if endpoint.connect.get_ssl_mode() == SslMode::Require && innermost(error).contains("TLS") {
        return format!("{endpoint} does not encrypt; leave sslmode=require out, or switch TLS on at the server");
    }
    format!("{endpoint} cannot be reached ({}); is the name right, and is the network open to it?", innermost(error))
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The last cause says most, and in the fewest words; its first line, if it is a long story.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let last = causes(error).last().unwrap_or(error);
    if last.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof) {
        return "it closed the connection".to_owned();
    }
    let said = last.to_string();
    said.lines().next().unwrap_or_default().chars().take(WORDS_MAX).collect()
}
