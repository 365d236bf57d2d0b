//! Where PostgreSQL's programs are.

use std::path::{Path, PathBuf};

use super::program::program;
use crate::error::{Error, io_error};

/// One installed PostgreSQL server.
#[derive(Debug)]
pub(super) struct Install {
    bin: PathBuf,
    /// Its major version as its data directories record it, such as `15`.
    pub(super) major: String,
}

impl Install {
    /// The one on PATH, else the newest a package has put in its usual place.
    pub(super) fn find() -> Result<Self, Error> {
        let bin = candidates().into_iter().find(|bin| complete(bin)).ok_or(Error::NotInstalled)?;
        let output = program(bin.join("postgres"))
            .arg("--version")
            .output()
            .map_err(io_error("asking PostgreSQL for its version"))?;
        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"; the major version is what precedes the dot,
        // or "18beta1" before a release.
        let words = String::from_utf8_lossy(&output.stdout);
        let number = words.split_whitespace().nth(2).unwrap_or_default();
        let major = number.chars().take_while(char::is_ascii_digit).collect();
        Ok(Self { bin, major })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

/// The first executable of that name on PATH.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
}

fn candidates() -> Vec<PathBuf> {
    let mut found = Vec::new();
    // A link on PATH leads to the directory that holds the other programs as well.
    if let Some(initdb) = on_path("initdb").and_then(|file| file.canonicalize().ok()) {
        found.extend(initdb.parent().map(Path::to_path_buf));
    }
    // Debian and Ubuntu; Fedora and its kin; Homebrew on Apple's and on Intel's processors.
    found.extend(versions_in(Path::new("/usr/lib/postgresql"), "bin"));
    found.extend(versions_in(Path::new("/usr"), "bin"));
    found.extend(versions_in(Path::new("/opt/homebrew/opt"), "bin"));
    found.extend(versions_in(Path::new("/usr/local/opt"), "bin"));
    if let Ok(output) = program("pg_config").arg("--bindir").output() {
        found.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    found
}

/// Directories `parent/<something with a version>/<below>`, newest version first.
fn versions_in(parent: &Path, below: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let digits = name.trim_start_matches("postgresql@").trim_start_matches("pgsql-");
            Some((digits.split('.').next()?.parse().ok()?, entry.path().join(below)))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, bin)| bin).collect()
}

fn complete(bin: &Path) -> bool {
    bin.join("initdb").is_file() && bin.join("postgres").is_file()
}
