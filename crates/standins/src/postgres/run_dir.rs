//! The directory a server runs in, and the sweeping up after owners that died.

use std::fs::{self, File, Permissions, TryLockError};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::account::Account;
use crate::error::{Error, io_error};

const PREFIX: &str = "worldseat-pg-";

/// A throw-away directory for the socket, the log and, unless they are kept, the data. Removed when dropped.
///
/// As long as we live we hold a lock on its file `owner`. The system lets go of it when we die, however we die, so
/// whoever can take that lock knows that the directory is stale. No process number can be mistaken for another.
#[derive(Debug)]
pub(super) struct RunDir {
    directory: TempDir,
    _owner: File,
}

impl RunDir {
    pub(super) fn new(account: Option<&Account>) -> Result<Self, Error> {
        let doing = "making a directory for PostgreSQL";
        let parent = parent(account.is_some());
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .map_err(|source| Error::TemporaryDirectory { directory: parent, source })?;
        // Locked first and named second: a sweep never sees an `owner` that is not locked yet.
        let unnamed = directory.path().join("owner.new");
        let owner = File::create(&unnamed).map_err(io_error(doing))?;
        owner.lock().map_err(io_error(doing))?;
        fs::rename(&unnamed, directory.path().join("owner")).map_err(io_error(doing))?;
        if let Some(account) = account {
            account.own(directory.path())?;
        }
        Ok(Self { directory, _owner: owner })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path().join("log")
    }

    /// The end of the server's log.
    pub(super) fn last_words(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Writes down where the data are, for the sweep.
    pub(super) fn remember_data(&self, data: &Path) -> Result<(), Error> {
        let words = data.as_os_str().as_encoded_bytes();
        fs::write(self.path().join("data-is-in"), words).map_err(io_error("writing PostgreSQL's directory down"))
    }
}

/// Ends servers whose owner died without ending them, and removes their directories. What cannot be removed, because
/// it is somebody else's, stays.
pub(super) fn sweep(account: Option<&Account>) {
    let us = rustix::process::geteuid().as_raw();
    let ours = |uid| uid == us || account.is_some_and(|account| account.uid == uid);
    for entry in fs::read_dir(parent(account.is_some())).into_iter().flatten().flatten() {
        let is_ours = entry.metadata().is_ok_and(|found| found.is_dir() && ours(found.uid()));
        if !is_ours || !entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            continue;
        }
        let directory = entry.path();
        let Ok(owner) = File::open(directory.join("owner")) else { continue };
        if matches!(owner.try_lock(), Err(TryLockError::WouldBlock | TryLockError::Error(_))) {
            continue;
        }
        end_orphan(&directory);
        match fs::remove_dir_all(&directory) {
            Ok(()) => tracing::info!(directory = %directory.display(), "removed what a dead owner left behind"),
            Err(error) => tracing::warn!(directory = %directory.display(), %error, "left behind by a dead owner"),
        }
    }
}

/// Ends the server that still listens in a stale directory. That it listens there proves that the process number in
/// its data directory is its own and not a later process's.
fn end_orphan(directory: &Path) {
    let socket = directory.join(".s.PGSQL.5432");
    let listens = || UnixStream::connect(&socket).is_ok();
    if !listens() {
        return;
    }
    let recorded = fs::read_to_string(directory.join("data-is-in"))
        .and_then(|data| fs::read_to_string(Path::new(&data).join("postmaster.pid")))
        .unwrap_or_default();
    let Some(pid) = recorded.lines().next().and_then(|line| line.parse().ok()).and_then(Pid::from_raw) else { return };
    if kill_process(pid, Signal::QUIT).is_err() {
        return;
    }
    let asked = Instant::now();
    while listens() && asked.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Where the directory is made. Root's own temporary directory may be closed to the account the server runs as. One that
/// cannot hold a socket is left for `/tmp`.
fn parent(as_another_account: bool) -> PathBuf {
    let ordinary = PathBuf::from("/tmp");
    if as_another_account {
        return ordinary;
    }
    let wanted = std::path::absolute(std::env::temp_dir()).unwrap_or_else(|_| ordinary.clone());
    if holds_a_socket(&wanted) { wanted } else { ordinary }
}

/// Whether a socket in a directory of ours in `parent` can be named to PostgreSQL: the whole path has at most 107 bytes
/// in the system's address, and the setting is a list with commas and quotes.
fn holds_a_socket(parent: &Path) -> bool {
    /// What `sun_path` holds beside the zero at its end; 104 in all on macOS.
    const SOCKET_PATH_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
    /// tempfile's six random characters, and the socket.
    const REST: usize = "/".len() + PREFIX.len() + 6 + "/.s.PGSQL.5432".len();
    let plain = |c: char| !c.is_control() && !",\"'\\".contains(c);
    parent
        .to_str()
        .is_some_and(|path| path.len() + REST <= SOCKET_PATH_MAX && path.chars().all(plain) && path.trim() == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    #[test]
    fn a_directory_whose_path_postgresql_cannot_take_holds_no_socket() {
        let long = |bytes: usize| format!("/{}", "a".repeat(bytes - 1));
        for (parent, holds) in [
            ("/tmp", true),
            ("/var/tmp/with blank", true),
            ("/tmp/größe", true),
            ("/tmp/a,b", false),
            ("/tmp/a\"b", false),
            ("/tmp/a'b", false),
            ("/tmp/a\\b", false),
            ("/tmp/a\nb", false),
            ("/tmp/blank ", false),
            (long(73).as_str(), true),
            (long(74).as_str(), false),
        ] {
            assert_eq!(
                holds_a_socket(Path::new(parent)),
                holds || (cfg!(not(target_os = "linux")) && parent.len() > 69),
                "{parent}"
            );
        }
        assert!(!holds_a_socket(Path::new(OsStr::from_bytes(b"/tmp/\xff"))));
    }
}
