//! The server's data directory: recognised if it is there, otherwise made with one role and one database.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::account::Account;
use super::install::Install;
use super::program::program;
use super::{DATABASE, USER};
use crate::error::{Error, io_error};

/// The cluster's superuser, whom nobody can connect as.
const SUPERUSER: &str = "postgres";

/// Who may connect: our role without a password, whoever reaches the socket, and nobody else.
///
/// The regional endpoints let every program of this machine reach it, so the role must not be a superuser, who may
/// run programs in our name.
fn access() -> String {
    format!("local all {USER} trust\n")
}

/// Makes sure that `data` holds a cluster this installation can serve.
pub(super) fn ensure(install: &Install, account: Option<&Account>, data: &Path, kept: bool) -> Result<(), Error> {
    if let Ok(found) = fs::read_to_string(data.join("PG_VERSION")) {
        let found = found.trim().to_owned();
        return if found == install.major {
            Ok(())
        } else {
            Err(Error::OtherVersion { directory: data.to_owned(), found, ours: install.major.clone() })
        };
    }
    // Made beside its place and moved there when complete: an interrupted start leaves nothing half made.
    let unfinished = PathBuf::from(format!("{}.new", data.display()));
    let doing = || io_error(format!("making {}", data.display()));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(doing())?;
    }
    fs::create_dir_all(&unfinished).map_err(doing())?;
    if let Some(account) = account {
        account.own(&unfinished)?;
        account.must_reach(&unfinished)?;
    }
    make(install, account, &unfinished, kept)?;
    fs::rename(&unfinished, data).map_err(doing())
}

fn make(install: &Install, account: Option<&Account>, data: &Path, kept: bool) -> Result<(), Error> {
    let mut initdb = program(install.program("initdb"));
    initdb.args(["-A", "trust", "--no-locale", "-E", "UTF8", "-U", SUPERUSER, "-D"]).arg(data);
    let mut single = program(install.program("postgres"));
    single.args(["--single", "-D"]).arg(data);
    if !kept {
        initdb.arg("--no-sync");
        single.arg("-F");
    }
    single.arg("postgres");
    run(initdb, account, data, "")?;
    fs::write(data.join("pg_hba.conf"), access()).map_err(io_error("writing pg_hba.conf"))?;
    // A server for one, without a socket, in which every line is a statement.
    let statements = format!("CREATE ROLE {USER} LOGIN CREATEDB\nCREATE DATABASE {DATABASE} OWNER {USER}\n");
    run(single, account, data, &statements)
}

fn run(mut command: Command, account: Option<&Account>, directory: &Path, input: &str) -> Result<(), Error> {
    if let Some(account) = account {
        account.run_as(&mut command);
    }
    let name = command.get_program().to_string_lossy().into_owned();
    let doing = || io_error(format!("running {name}"));
    command.current_dir(directory).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(doing())?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ended early tells why below.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(doing())?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Program { program: name, words: String::from_utf8_lossy(&output.stderr).into_owned() })
}
