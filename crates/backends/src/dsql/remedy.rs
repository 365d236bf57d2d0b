//! What to do about a refusal: chosen by its SQLSTATE and by the step at which it came, never by its sentence.

use super::{SqlEndpoint, login::Login};
use tokio_postgres::error::SqlState;

/// What was being done when the database refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Opening a connection: start-up, authentication, the session's options.
    Connect,
    /// Asking the open session about itself.
    Session,
    /// Creating the tables.
    CreateTables,
    /// Looking whether the tables are as they must be.
    CheckTables,
    /// Writing, reading and deleting the mark that shows whether two endpoints lead to one database.
    Mark,
    /// A statement of a purchase or of a page.
    Statement,
}

/// The names that a remedy repeats, as far as they are known at that step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Names<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) database: Option<&'a str>,
    /// The login is by an access token.
    pub(super) token: bool,
}

impl<'a> Names<'a> {
    pub(super) fn of(endpoint: &'a SqlEndpoint) -> Self {
        Self {
            user: endpoint.connect.get_user(),
            database: endpoint.connect.get_dbname(),
            token: matches!(endpoint.login, Login::Token(_)),
        }
    }
}

/// Said where a session does not stay on one connection of the server.
pub(super) const POOLER: &str = "a connection pooler such as PgBouncer in transaction or statement mode does that: \
     connect to the server itself, set pool_mode = session, or have the pooler keep prepared statements \
     (max_prepared_statements, from PgBouncer 1.21 on)";

/// What to do about `code` at `step`; `None` where nothing more is known than the database said.
pub(super) fn remedy(step: Step, code: &SqlState, names: Names<'_>) -> Option<String> {
    let user = names.user.map_or_else(|| "…".to_owned(), identifier);
    let database = names.database.or(names.user).map_or_else(|| "…".to_owned(), identifier);
    let time_out = |setting: &str, what: &str| {
        format!(
            "{setting} of the role, the database or the URL ended {what}: ALTER ROLE {user} RESET {setting}, or set it higher"
        )
    };
    Some(match (step, code.code()) {
        (Step::Connect, "28P01" | "28000") if names.token => {
            let action = if names.user == Some("admin") { "dsql:DbConnectAdmin" } else { "dsql:DbConnect" };
            format!(
                "the credentials need {action} on this cluster, must not be expired, and this machine's clock must be right"
            )
        }
        (Step::Connect, "28P01" | "28000") if names.user.is_none() => {
            "the URL has no user, so the user of this process was tried: write postgres://USER:PASSWORD@HOST/DATABASE"
                .to_owned()
        }
        (Step::Connect, "28P01") => "check user and password in the URL".to_owned(),
        (Step::Connect, "28000") => {
            format!("check user and password in the URL, and whether pg_hba.conf lets {user} in from this machine")
        }
        (Step::Connect, "3D000") if names.database.is_none() => {
            "the URL has no database, so the one with the user's name was tried: add /DATABASE to the URL".to_owned()
        }
        (Step::Connect, "3D000") => {
            format!("check the database's name in the URL, or create it: CREATE DATABASE {database} OWNER {user}")
        }
        (Step::Connect, "42501") => format!("have its owner run GRANT CONNECT ON DATABASE {database} TO {user}"),
        (Step::Connect, "55000") => format!("have its owner run ALTER DATABASE {database} ALLOW_CONNECTIONS true"),
        (Step::Connect, "42704" | "22023" | "42601") => "check `options` in the URL".to_owned(),
        // PgBouncer's word for nearly everything; a server's own start-up does not fail with it.
        (Step::Connect, "08P01") => {
            "that is a connection pooler's answer, such as PgBouncer's: connect to the server itself".to_owned()
        }
        (_, "08P01" | "26000" | "42P05") => POOLER.to_owned(),
        (_, "25006") => "buyers of both places write: name a primary, or switch default_transaction_read_only off \
                         where it is set for the role, the database or the URL"
            .to_owned(),
        (_, "3F000") => format!(
            "create the schema that search_path names: CREATE SCHEMA … AUTHORIZATION {user}; or name another in `options` of the URL"
        ),
        (Step::CreateTables, "42501") => format!(
            "let the schema's owner run GRANT CREATE, USAGE ON SCHEMA … TO {user}, or give {user} the tables that are there"
        ),
        (Step::Mark, "42501") => format!("let the owner run GRANT SELECT, INSERT, DELETE ON begun TO {user}"),
        (_, "42501") => format!(
            "let their owner run GRANT SELECT, INSERT, UPDATE, DELETE ON seats, ledger, runs, begun, judged, records TO {user}"
        ),
        (Step::CreateTables | Step::CheckTables, "42P01" | "42703" | "42P10" | "42804" | "42883") => {
            "let it use a schema or a database of its own".to_owned()
        }
        (_, "42P01" | "42703") => {
            "a table or column was removed: start WorldSeat again, which creates missing tables; if \
                                   that does not help, let it use a schema of its own"
                .to_owned()
        }
        (_, "57014") => time_out("statement_timeout", "the statement, or somebody cancelled it"),
        (_, "25P03") => time_out("idle_in_transaction_session_timeout", "the session while its buyer was thinking"),
        (_, "25P04") => time_out("transaction_timeout", "the transaction"),
        (_, "57P05") => time_out("idle_session_timeout", "the idle session"),
        (_, "55P03") => time_out("lock_timeout", "the wait for a row that another buyer was changing"),
        (_, "53300") => {
            "lower --connections, or raise max_connections of the server or CONNECTION LIMIT of the role or \
                         the database"
                .to_owned()
        }
        (_, "53400") => "wait a little: it limits new connections".to_owned(),
        (_, "53100") => "make room on the disk of the database server".to_owned(),
        (_, "53200") => "the database server needs more memory, or fewer --connections".to_owned(),
        (_, "57P03") => {
            "it is starting, stopping or recovering: start this again once it accepts connections".to_owned()
        }
        (_, "57P01" | "57P02") => "the database server was stopped: start it again".to_owned(),
        (_, "22P05" | "22021") => {
            "the encoding of the database (server_encoding) does not have these characters: choose \
                                   another name, or create the database with ENCODING 'UTF8'"
                .to_owned()
        }
        (_, "22001") => {
            "a column is too short for it: choose a shorter name, or make the column's type text".to_owned()
        }
        (Step::Connect, _) => "see its documentation".to_owned(),
        _ => return None,
    })
}

/// A name as SQL takes it: quoted unless it is plain.
pub(super) fn identifier(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.is_empty() && name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_is_chosen_by_step_and_sqlstate() {
        use Step::{CheckTables, Connect, CreateTables, Mark, Session, Statement};
        let me = Names { user: Some("me"), database: Some("Seats"), token: false };
        let nobody = Names::default();
        let token = Names { user: Some("admin"), token: true, ..nobody };
        for (step, code, names, expect) in [
            (Connect, "28P01", me, "check user and password"),
            (Connect, "28P01", nobody, "the URL has no user"),
            (Connect, "28P01", token, "dsql:DbConnectAdmin"),
            (Connect, "28000", Names { user: Some("reader"), ..token }, "need dsql:DbConnect on"),
            (Connect, "28000", me, "pg_hba.conf lets me in"),
            (Connect, "3D000", me, "CREATE DATABASE \"Seats\" OWNER me"),
            (Connect, "3D000", Names { database: None, ..me }, "the URL has no database"),
            (Connect, "42501", me, "GRANT CONNECT ON DATABASE \"Seats\" TO me"),
            (Connect, "55000", me, "ALLOW_CONNECTIONS"),
            (Connect, "42704", me, "`options`"),
            (Connect, "08P01", me, "PgBouncer"),
            (Connect, "26000", me, "PgBouncer"),
            (Connect, "53300", me, "--connections"),
            (Connect, "53400", me, "wait"),
            (Connect, "57P03", me, "starting"),
            (Connect, "XX000", me, "documentation"),
            (Session, "08P01", me, "pool_mode = session"),
            (Statement, "26000", me, "PgBouncer"),
            (Statement, "42P05", me, "PgBouncer"),
            (CreateTables, "3F000", me, "CREATE SCHEMA … AUTHORIZATION me"),
            (CreateTables, "42501", me, "GRANT CREATE, USAGE ON SCHEMA … TO me"),
            (CreateTables, "25006", me, "default_transaction_read_only"),
            (CheckTables, "42501", me, "GRANT SELECT, INSERT, UPDATE, DELETE ON seats"),
            (CheckTables, "42703", me, "a schema or a database of its own"),
            (Mark, "42501", me, "ON begun TO me"),
            (Mark, "25006", me, "name a primary"),
            (Statement, "42501", nobody, "GRANT SELECT, INSERT, UPDATE, DELETE ON seats"),
            (Statement, "42P01", nobody, "start WorldSeat again"),
            (Statement, "57014", me, "ALTER ROLE me RESET statement_timeout"),
            (Statement, "25P03", me, "ALTER ROLE me RESET idle_in_transaction_session_timeout"),
            (Statement, "25P04", nobody, "ALTER ROLE … RESET transaction_timeout"),
            (Statement, "57P05", me, "idle_session_timeout"),
            (Statement, "55P03", me, "lock_timeout"),
            (Statement, "53100", me, "disk"),
            (Statement, "53200", me, "memory"),
            (Statement, "22P05", me, "ENCODING 'UTF8'"),
            (Statement, "22021", me, "ENCODING 'UTF8'"),
            (Statement, "22001", me, "shorter"),
            (Statement, "57P01", me, "start it again"),
        ] {
            let found = remedy(step, &SqlState::from_code(code), names).unwrap_or_default();
            assert!(found.contains(expect), "{step:?} {code}: {found}");
            let grants = code == "42501";
            assert_eq!(
                found.contains("GRANT"),
                grants,
                "{step:?} {code}: a right is named only where one is missing: {found}"
            );
        }
        assert_eq!(remedy(Statement, &SqlState::from_code("P0001"), me), None);
    }

    #[test]
    fn names_are_quoted_where_sql_needs_it() {
        for (name, quoted) in [("me", "me"), ("Me", "\"Me\""), ("a\"b", "\"a\"\"b\""), ("1a", "\"1a\""), ("", "\"\"")] {
            assert_eq!(identifier(name), quoted);
        }
    }
}
