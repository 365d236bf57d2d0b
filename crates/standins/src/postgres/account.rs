//! Whom the server runs as when we are root, which it refuses to be.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, io_error};

/// An ordinary account of this machine.
#[derive(Debug)]
pub(super) struct Account {
    name: String,
    pub(super) uid: u32,
    gid: u32,
}

impl Account {
    /// `None` when we are not root: then the server runs as we do. Else `postgres`, which its package made, or
    /// `nobody`. It must be listed, because PostgreSQL looks its own name up.
    pub(super) fn to_run_as() -> Result<Option<Self>, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let passwd = std::fs::read_to_string("/etc/passwd").map_err(io_error("reading /etc/passwd"))?;
        let find = |name| passwd.lines().find_map(|line| parse(line).filter(|account| account.name == name));
        find("postgres").or_else(|| find("nobody")).map(Some).ok_or(Error::NoAccount)
    }

    /// Makes the command run as this account. Groups other than its own are dropped with it.
    pub(super) fn run_as(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Gives a directory to this account.
    pub(super) fn own(&self, directory: &Path) -> Result<(), Error> {
        chown(directory, Some(self.uid), Some(self.gid)).map_err(io_error(format!(
            "giving {} to {}",
            directory.display(),
            self.name
        )))
    }

    /// Checks that this account may pass through every directory above.
    pub(super) fn must_reach(&self, directory: &Path) -> Result<(), Error> {
        for above in directory.ancestors().skip(1) {
            let found = above.metadata().map_err(io_error(format!("looking at {}", above.display())))?;
            let bit = match (found.uid() == self.uid, found.gid() == self.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if found.mode() & bit == 0 {
                return Err(Error::Unreachable { directory: above.to_path_buf(), account: self.name.clone() });
            }
        }
        Ok(())
    }
}

/// Reads `name:password:uid:gid:…`.
fn parse(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(Account { name, uid, gid })
}
