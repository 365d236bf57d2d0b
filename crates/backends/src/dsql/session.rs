//! What is asked of an open session of somebody's own database before its tables are made: that it stays on one
//! connection of the server, takes writes, and has a schema to create tables in.

use super::{
    Client, RegionPool, SqlDatabase, SqlEndpoint,
    remedy::{POOLER, Step, identifier},
    trouble::Trouble,
};
use deadpool::managed::Object;
use onsale::Failure;
use std::time::Duration;
use tokio_postgres::{SimpleQueryMessage, error::SqlState};

/// How often a pooler is given the chance to hand the server's connection of one session to another.
const ROUNDS: u32 = 4;
/// A statement waits longer than that only if the pooler has no second connection for it.
const SECOND_CONNECTION_WITHIN: Duration = Duration::from_secs(3);

impl SqlDatabase {
    /// Asks the sessions of both endpoints.
    pub(super) async fn check_sessions(&self) -> Result<(), Failure> {
        for (region, endpoint) in self.shared.regions.iter().zip(&self.config().endpoints) {
            self.check_pooler(region, endpoint).await?;
            let client = self.client_of(region).await?;
            if let Some(trouble) = no_writes(&client, endpoint).await {
                return Err(self.trouble(trouble));
            }
            if let Some(trouble) = no_schema(&client, endpoint).await {
                return Err(self.trouble(trouble));
            }
        }
        Ok(())
    }

    /// Whether a prepared statement is still there after another session has been busy.
    async fn check_pooler(&self, region: &RegionPool, endpoint: &SqlEndpoint) -> Result<(), Failure> {
        if self.config().connections_per_region < 2 {
            return Ok(());
        }
        let (one, other) = (self.client_of(region).await?, self.client_of(region).await?);
        let kept = keeps_statements(&one, &other).await;
        // Whatever state the probe left them in, nobody else is to find it.
        drop((Object::take(one), Object::take(other)));
        match kept {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.trouble(Trouble::wrong(format!(
                "{endpoint}: the sessions do not keep a connection of the server to themselves; {POOLER}"
            )))),
            Err(error) => Err(self.trouble(Trouble::at(Step::Session, endpoint, &error))),
        }
    }
}

/// Prepares a statement in one session, has the other occupy the server's connection that has it, and runs it.
async fn keeps_statements(one: &Client, other: &Client) -> Result<bool, tokio_postgres::Error> {
    const PID: &str = "SELECT pg_backend_pid()";
    one.batch_execute("BEGIN").await?;
    let statement = one.prepare("SELECT 1").await?;
    let prepared_at = first_value(one, PID).await;
    one.batch_execute("COMMIT").await?;
    let Some(prepared_at) = prepared_at else { return Ok(true) };
    let mut shared = false;
    for _ in 0..ROUNDS {
        other.batch_execute("BEGIN").await?;
        if first_value(other, PID).await.as_ref() == Some(&prepared_at) {
            shared = true;
            break;
        }
        other.batch_execute("ROLLBACK").await?;
    }
    match tokio::time::timeout(SECOND_CONNECTION_WITHIN, one.query(&statement, &[])).await {
        Ok(Ok(_)) => Ok(true),
        Ok(Err(error)) if is_lost_statement(error.code()) => Ok(false),
        Ok(Err(error)) => Err(error),
        // The other session has the only connection there is.
        Err(_) => Ok(!shared),
    }
}

fn is_lost_statement(code: Option<&SqlState>) -> bool {
    code.is_some_and(|code| [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::PROTOCOL_VIOLATION].contains(code))
}

/// The first value of the first row as text; `None` where the database knows no answer.
async fn first_value(client: &Client, ask: &str) -> Option<String> {
    let answer = client.simple_query(ask).await.ok()?;
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    })?;
    row.try_get(0).ok()?.map(str::to_owned)
}

/// A standby, or a session that is read-only by default: said with the place where it is set.
async fn no_writes(client: &Client, endpoint: &SqlEndpoint) -> Option<Trouble> {
    if first_value(client, "SHOW transaction_read_only").await? != "on" {
        return None;
    }
    let standby = first_value(client, "SELECT pg_is_in_recovery()").await.is_some_and(|told| told == "t");
    let source = "SELECT source FROM pg_settings WHERE name = 'default_transaction_read_only'";
    let source = first_value(client, source).await.unwrap_or_default();
    let user = endpoint.connect.get_user().map_or_else(|| "CURRENT_USER".to_owned(), identifier);
    let database = endpoint.connect.get_dbname().map_or_else(|| "…".to_owned(), identifier);
    let why = "default_transaction_read_only is on";
    let (why, remedy) = match source.as_str() {
        _ if standby => ("it is a standby in recovery".to_owned(), "name a primary".to_owned()),
        "user" => (
            format!("{why} for the role {user}"),
            format!("run ALTER ROLE {user} RESET default_transaction_read_only, or name a primary"),
        ),
        "database" => (
            format!("{why} for the database"),
            format!("run ALTER DATABASE {database} RESET default_transaction_read_only, or name a primary"),
        ),
        "database user" => (
            format!("{why} for the role {user} in this database"),
            format!(
                "run ALTER ROLE {user} IN DATABASE {database} RESET default_transaction_read_only, or name a primary"
            ),
        ),
        "client" => (format!("{why} in the URL's options"), "leave it out of the URL, or name a primary".to_owned()),
        _ => (why.to_owned(), "name a primary, or switch it off in the server's configuration".to_owned()),
    };
    Some(Trouble::wrong(format!("{endpoint} takes no writes ({why}); buyers of both places write: {remedy}")))
}

/// None of the schemas that `search_path` names is there, or may be used.
async fn no_schema(client: &Client, endpoint: &SqlEndpoint) -> Option<Trouble> {
    // NULL where there is none; a database that does not know the question has other ways.
    if !first_value(client, "SELECT coalesce(current_schema()::text, '')").await?.is_empty() {
        return None;
    }
    let path = first_value(client, "SHOW search_path").await.unwrap_or_default();
    let user = endpoint.connect.get_user().map_or_else(|| "CURRENT_USER".to_owned(), identifier);
    // The first that can be created; "$user" stands for a schema with the role's name.
    let named = path.split(',').map(str::trim).find(|name| !name.is_empty() && *name != "\"$user\"");
    let schema = named.unwrap_or(&user);
    let there =
        format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{}'", schema.trim_matches('"').replace('\'', "''"));
    let is_there = first_value(client, &there).await.is_some_and(|count| count != "0");
    let (how, remedy) = if is_there {
        ("may be used by this role", format!("have its owner run GRANT USAGE, CREATE ON SCHEMA {schema} TO {user}"))
    } else {
        (
            "exists",
            format!("create it: CREATE SCHEMA {schema} AUTHORIZATION {user}; or name another in `options` of the URL"),
        )
    };
    Some(Trouble::wrong(format!(
        "{endpoint}: no schema of search_path ({path}) {how}, so no table can be made; {remedy}"
    )))
}
