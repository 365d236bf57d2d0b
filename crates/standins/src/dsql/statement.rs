//! What a client sends, cut into statements and understood: by the tokens and the syntax tree, never by its text.

use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::complaint::{Complaint, error, unsupported};
use super::dialect;

/// One statement that Aurora DSQL would accept.
#[derive(Debug)]
pub(super) struct Statement {
    /// What PostgreSQL is sent for it.
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// What has to be known of a statement to run it.
#[derive(Debug)]
pub(super) enum Kind {
    Begin {
        read_only: bool,
    },
    Commit,
    Rollback,
    /// Changes nothing.
    Read,
    /// Sets parameters of the session, or sets them back.
    Set,
    /// Forgets the prepared statement of this name; `None` is all of them.
    Deallocate(Option<String>),
    Lock(Lock),
    Write(Write),
    Ddl(Ddl),
}

impl Kind {
    /// Whether PostgreSQL is not sent it as it is.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Self::Begin { .. } | Self::Commit | Self::Rollback | Self::Deallocate(_))
    }
}

/// `SELECT … FOR UPDATE` on one table.
#[derive(Debug)]
pub(super) struct Lock {
    pub(super) table: String,
    /// The same rows, as a query for their `ctid`.
    pub(super) rows: String,
    /// The same query without the lock.
    pub(super) unlocked: String,
}

/// INSERT, UPDATE or DELETE.
#[derive(Debug)]
pub(super) struct Write {
    /// The command tag without the number of rows.
    pub(super) tag: &'static str,
    pub(super) returning: bool,
    /// A function in it that gives another value each time.
    pub(super) volatile: Option<String>,
    /// The table it changes, without its schema.
    pub(super) table: Option<String>,
    /// Whether it inserts given values and reads nothing.
    pub(super) blind: bool,
    /// How many rows it inserts, where the statement itself says so.
    pub(super) given_rows: Option<u64>,
    /// A query for the number of rows it would change.
    pub(super) count: Option<String>,
    /// The same INSERT with ON CONFLICT DO NOTHING, if it has no such clause.
    pub(super) lenient: Option<String>,
    /// The table of an INSERT without such a clause, as it is written there.
    pub(super) into: Option<String>,
}

/// A change of the catalogue.
#[derive(Debug)]
pub(super) struct Ddl {
    /// Whether it is answered with the id of a job that runs in the background.
    pub(super) job: bool,
}

/// Commands of PostgreSQL that the parser does not know and Aurora DSQL does not have.
const UNKNOWN_COMMANDS: [&str; 14] = [
    "CHECKPOINT",
    "CLUSTER",
    "COPY",
    "DECLARE",
    "DO",
    "FETCH",
    "IMPORT",
    "LOAD",
    "LOCK",
    "MOVE",
    "REASSIGN",
    "REFRESH",
    "REINDEX",
    "SECURITY",
];

/// The statements of a query string, in order; the first one that is refused refuses all.
pub(super) fn statements(sql: &str) -> Result<Vec<Statement>, Complaint> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location();
    let tokens = tokens.map_err(|e| error("42601", format!("syntax error: {e}")))?;
    let pieces: Vec<&[TokenWithSpan]> = tokens.split(|token| token.token == Token::SemiColon).collect();
    let mut found = Vec::new();
    for piece in pieces {
        let mut words = piece.iter().filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
        let Some(first) = words.next() else { continue };
        let last = words.next_back().unwrap_or(first);
        let text = slice(sql, first.span.start, last.span.end);
        found.push(understand(piece, &first.token, text)?);
    }
    Ok(found)
}

/// For the extended protocol: the one statement, or none.
pub(super) fn single(sql: &str) -> Result<Option<Statement>, Complaint> {
    let mut all = statements(sql)?;
    if all.len() > 1 {
        return Err(error("42601", "cannot insert multiple commands into a prepared statement"));
    }
    Ok(all.pop())
}

fn understand(piece: &[TokenWithSpan], first: &Token, text: &str) -> Result<Statement, Complaint> {
    let tree = parse(piece).map_err(|e| match first {
        Token::Word(word) if UNKNOWN_COMMANDS.contains(&word.value.to_uppercase().as_str()) => {
            unsupported(format!("unsupported statement: {}", word.value.to_uppercase()))
        }
        _ => error("42601", format!("syntax error, or more than the parser of this stand-in knows: {e}")),
    })?;
    let kind = dialect::kind(&tree)?;
    let text = match tree {
        // Here it is built at once.
        ast::Statement::CreateIndex(index) => ast::CreateIndex { r#async: false, ..index }.to_string(),
        _ => text.to_owned(),
    };
    Ok(Statement { text, kind })
}

fn parse(piece: &[TokenWithSpan]) -> Result<ast::Statement, ParserError> {
    let mut parser = Parser::new(&PostgreSqlDialect {}).with_tokens_with_locations(piece.to_vec());
    let statement = parser.parse_statement()?;
    match parser.next_token().token {
        Token::EOF => Ok(statement),
        rest => Err(ParserError::ParserError(format!("unexpected {rest}"))),
    }
}

fn slice(sql: &str, from: Location, to: Location) -> &str {
    sql.get(offset(sql, from)..offset(sql, to)).unwrap_or(sql)
}

/// A place in lines and characters, both from 1, as one in bytes.
fn offset(sql: &str, place: Location) -> usize {
    let number = |n: u64| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
    let mut lines = sql.split_inclusive('\n');
    let before: usize = lines.by_ref().take(number(place.line)).map(str::len).sum();
    let line = lines.next().unwrap_or_default();
    before + line.char_indices().nth(number(place.column)).map_or(line.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_is_cut_into_its_statements() {
        let table: [(&str, &[&str]); 6] = [
            (" ; ;; -- nothing", &[]),
            ("SELECT ';' ; SELECT 2", &["SELECT ';'", "SELECT 2"]),
            (
                "SELECT 'é', $1 -- a; b\n, 2;\n  /* ; */ SELECT \"x;y\"\n;",
                &["SELECT 'é', $1 -- a; b\n, 2", "SELECT \"x;y\""],
            ),
            ("BEGIN; COMMIT;", &["BEGIN", "COMMIT"]),
            ("CREATE INDEX ASYNC IF NOT EXISTS i ON t (a)", &["CREATE INDEX IF NOT EXISTS i ON t(a)"]),
            (
                "CREATE UNIQUE INDEX ASYNC i ON t (lower(a), b DESC) INCLUDE (c) WHERE d > 1",
                &["CREATE UNIQUE INDEX i ON t(lower(a), b DESC) INCLUDE (c) WHERE d > 1"],
            ),
        ];
        for (sql, expect) in table {
            let found = statements(sql).unwrap();
            let texts: Vec<&str> = found.iter().map(|statement| statement.text.as_str()).collect();
            assert_eq!(texts, expect, "{sql}");
        }
    }

    #[test]
    fn of_a_doomed_write_the_rows_are_counted_where_they_can_be() {
        let table = [
            (
                "UPDATE a.t AS x SET n = $1 WHERE x.n = $2 AND s IN ('a')",
                Some("SELECT count(*) FROM a.t AS x WHERE x.n = $2 AND s IN ('a')"),
                None,
            ),
            ("DELETE FROM t", Some("SELECT count(*) FROM t"), None),
            ("UPDATE t SET n = u.n FROM u", None, None),
            ("DELETE FROM t USING u", None, None),
            ("INSERT INTO t VALUES (1), (2)", None, Some(2)),
            ("INSERT INTO t SELECT 1", None, None),
        ];
        for (sql, count, rows) in table {
            let Some(Statement { kind: Kind::Write(write), .. }) = single(sql).unwrap() else { panic!("{sql}") };
            assert_eq!((write.count.as_deref(), write.given_rows), (count, rows), "{sql}");
        }
    }
}
