//! What a database or its driver said, in words for a log, a run's record and a visitor: on one line, without secrets.

use std::{error::Error, fmt, io};
use tokio_postgres::error::SqlState;

/// How many characters are repeated of what somebody else said.
const CHARACTERS_MAX: usize = 200;
/// Stands in the place of a secret.
const HIDDEN: &str = "•••";

/// The words of an error, its SQLSTATE if a server sent one, and what to do about it.
#[derive(Clone, Debug)]
pub(super) struct Said {
    words: String,
    code: Option<SqlState>,
    remedy: Option<String>,
    /// The marker OC001 of Aurora DSQL: the tables changed meanwhile.
    schema_changed: bool,
}

impl Said {
    pub(super) fn new(error: &tokio_postgres::Error) -> Self {
        let answer = error.as_db_error();
        Self {
            words: answer.map_or_else(|| one_line(&with_cause(error)), |answer| one_line(answer.message())),
            code: answer.map(|answer| answer.code().clone()),
            remedy: None,
            schema_changed: answer.is_some_and(|answer| answer.message().contains("OC001")),
        }
    }

    /// The same with what to do about it.
    pub(super) fn advised(mut self, remedy: impl FnOnce(&SqlState) -> Option<String>) -> Self {
        self.remedy = self.code.as_ref().and_then(remedy);
        self
    }

    /// The server's SQLSTATE; `None` if no server answered.
    pub(super) fn code(&self) -> Option<&SqlState> {
        self.code.as_ref()
    }

    pub(super) fn schema_changed(&self) -> bool {
        self.schema_changed
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)?;
        if let Some(code) = &self.code {
            write!(f, " (SQLSTATE {})", code.code())?;
        }
        self.remedy.iter().try_for_each(|remedy| write!(f, "; {remedy}"))
    }
}

impl Error for Said {}

/// An error and what caused it, from the outermost to the innermost.
pub(super) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The last cause says most, and in the fewest words; its first line, if it is a long story.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let last = causes(error).last().unwrap_or(error);
    if last.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof) {
        return "it closed the connection".to_owned();
    }
    one_line(last.to_string().lines().next().unwrap_or_default())
}

/// What the error is called, and its innermost cause.
fn with_cause(error: &(dyn Error + 'static)) -> String {
    error.source().map_or_else(|| error.to_string(), |_| format!("{error}: {}", innermost(error)))
}

/// Foreign words as they may be repeated: on one line, not too many, passwords of connection strings masked.
fn one_line(words: &str) -> String {
    let masked = words.split_whitespace().map(masked).collect::<Vec<_>>().join(" ");
    masked.chars().filter(|c| !c.is_control()).take(CHARACTERS_MAX).collect()
}

/// One word without the password in it, if it is `password=…` or a URL with a user and a password.
fn masked(word: &str) -> String {
    if let Some(at) = word.to_ascii_lowercase().find("password=") {
        return format!("{}{HIDDEN}", &word[..at + "password=".len()]);
    }
    if let Some((scheme, rest)) = word.split_once("://")
        && let Some((login, place)) = rest.rsplit_once('@')
        && let Some((user, _)) = login.split_once(':')
    {
        return format!("{scheme}://{user}:{HIDDEN}@{place}");
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_are_one_line_without_secrets() {
        for (words, shown) in [
            ("could not connect:\n\thost=db password='my secret'", "could not connect: host=db password=••• secret'"),
            ("bad option \"Password=hunter2\"", "bad option \"Password=•••"),
            ("see postgres://ada:s@cret@db/x for it", "see postgres://ada:•••@db/x for it"),
            ("see postgres://ada@db/x", "see postgres://ada@db/x"),
            ("a \u{7}bell", "a bell"),
            ("", ""),
        ] {
            assert_eq!(one_line(words), shown);
        }
        assert_eq!(one_line(&"ü".repeat(1000)).chars().count(), CHARACTERS_MAX);
    }
}
