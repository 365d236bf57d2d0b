//! Why a stand-in could not be started or used; every message names the mend.

use std::io;
use std::path::PathBuf;

/// What went wrong, in words for the person who started the program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither `initdb` nor `postgres` was found.
    #[error(
        "PostgreSQL's programs initdb and postgres were found neither on PATH nor where packages put them; \
         install the server: `apt-get install postgresql` (Debian, Ubuntu), \
         `dnf install postgresql-server` (Fedora), `brew install postgresql@17` (macOS)"
    )]
    NotInstalled,

    /// We run as root, PostgreSQL refuses to, and there is nobody to run it as.
    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd has neither a user postgres nor a user nobody to run it as"
    )]
    NoAccount,

    /// The account PostgreSQL runs as cannot enter a directory above its data.
    #[error("PostgreSQL refuses to run as root, so it runs as user {account}, who cannot enter {}; \
             keep the data elsewhere or run `chmod o+x {}`", .directory.display(), .directory.display())]
    Unreachable {
        /// The directory without the permission.
        directory: PathBuf,
        /// The account that lacks it.
        account: String,
    },

    /// The data directory was written by another major version of PostgreSQL.
    #[error("{} holds data of PostgreSQL {found}, but PostgreSQL {ours} is installed; \
             install PostgreSQL {found}, convert the data with pg_upgrade, or name another directory", .directory.display())]
    OtherVersion {
        /// The directory of the cluster.
        directory: PathBuf,
        /// The major version found in it.
        found: String,
        /// The major version of the server we would start.
        ours: String,
    },

    /// Another process is using the data directory.
    #[error("{} is in use by another process; stop it, or name another directory", .directory.display())]
    InUse {
        /// The directory.
        directory: PathBuf,
    },

    /// The data directory holds something that is not ours.
    #[error("{} is not empty and was not made by WorldSeat (it has no file named WORLDSEAT); name an empty or a new directory", .directory.display())]
    NotOurs {
        /// The directory.
        directory: PathBuf,
    },

    /// The data directory is of a format this version does not know.
    #[error("{} is of data format {found:?}, this version knows only {ours:?}; use the version that made it, or name another directory", .directory.display())]
    OtherFormat {
        /// The directory.
        directory: PathBuf,
        /// What its marker file says.
        found: String,
        /// What we would have written.
        ours: String,
    },

    /// A program ended otherwise than it should.
    #[error("{program} failed; its last words:\n{words}")]
    Program {
        /// Its name.
        program: String,
        /// The end of what it printed.
        words: String,
    },

    /// PostgreSQL runs but did not answer in time.
    #[error("PostgreSQL did not answer within {seconds} s; its last words:\n{words}")]
    Silent {
        /// How long we waited.
        seconds: u64,
        /// The end of its log.
        words: String,
    },

    /// PostgreSQL answered a statement of ours with an error.
    #[error("PostgreSQL refused a statement of the stand-in: {0}")]
    Sql(#[from] tokio_postgres::Error),

    /// No certificate for an endpoint that imitates Aurora DSQL could be made.
    #[error("the stand-in could not make its certificates: {0}")]
    Certificate(#[from] rcgen::Error),

    /// TLS refused the certificate of an endpoint that imitates Aurora DSQL.
    #[error("the stand-in could not set up TLS: {0}")]
    Tls(#[from] rustls::Error),

    /// A database name other than lower-case letters, digits and underscores.
    #[error("{0:?} cannot name a database: use lower-case letters, digits and underscores, at most 63")]
    DatabaseName(String),

    /// The DynamoDB engine could not be opened.
    #[error("the DynamoDB stand-in could not open {}: {source}", .file.display())]
    Engine {
        /// The replica's file, or `:memory:`.
        file: PathBuf,
        /// The engine's own error.
        source: dynoxide::DynoxideError,
    },

    /// No directory can be made where temporary ones belong.
    #[error("no directory for PostgreSQL can be made in {}: {source}; set TMPDIR to a directory that exists and that you may write", .directory.display())]
    TemporaryDirectory {
        /// Where.
        directory: PathBuf,
        /// The system's error.
        source: io::Error,
    },

    /// The operating system refused something.
    #[error("{doing}: {source}")]
    Io {
        /// What we were doing.
        doing: String,
        /// The system's error.
        source: io::Error,
    },
}

/// Says what was being done when the system refused, for `map_err`.
pub(crate) fn io_error(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io { doing: doing.into(), source }
}
