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
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent(account.is_some()))
            .map_err(io_error(doing))?;
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

/// Root's own temporary directory may be closed to the account the server runs as.
fn parent(as_another_account: bool) -> PathBuf {
    if as_another_account { PathBuf::from("/tmp") } else { std::env::temp_dir() }
}
