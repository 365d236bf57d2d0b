//! What must be on the machine, and how it gets there: found, installed and said so, or named in one line.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{child, wasm};

/// Rust's standard library for the browser.
pub fn wasm_target() -> Result<()> {
    if has_wasm_target() {
        return Ok(());
    }
    println!("adding Rust's target {} …", wasm::TARGET);
    rustup(&["target", "add", wasm::TARGET])?;
    if !has_wasm_target() {
        bail!("Rust's target {} is still missing: is the cargo on PATH the one that rustup manages?", wasm::TARGET);
    }
    Ok(())
}

/// The parts of Rust that only the checks need.
pub fn rust_components() -> Result<()> {
    for (component, command) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if child::output("cargo", &[command, "--version"]).is_none() {
            println!("adding Rust's component {component} …");
            rustup(&["component", "add", component])?;
        }
    }
    Ok(())
}

/// The server programs of PostgreSQL, from which the server makes its stand-in.
pub fn postgresql() -> Result<()> {
    if let Some(folder) = find_postgresql() {
        println!("PostgreSQL: {}", folder.display());
        return Ok(());
    }
    if !can_apt() {
        bail!(
            "PostgreSQL is missing: install {}, and start this again",
            package_here("postgresql", "postgresql-server", "postgresql")
        );
    }
    // Debian would make and start a database of its own; ours are made and removed by the server.
    let no_cluster = Path::new("/etc/postgresql-common/createcluster.d/worldseat.conf");
    let folder = no_cluster.parent().unwrap_or(no_cluster);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(no_cluster, "create_main_cluster = false\n"))
        .with_context(|| format!("could not write {}", no_cluster.display()))?;
    let installed = apt_install("PostgreSQL", &["postgresql"]);
    std::fs::remove_file(no_cluster).with_context(|| format!("could not remove {}", no_cluster.display()))?;
    installed?;
    find_postgresql()
        .map(|_| ())
        .context("PostgreSQL was installed, yet `initdb` and `postgres` are nowhere to be found")
}

/// A connection pooler for the tests of what is said about one.
pub fn pgbouncer() -> Result<()> {
    if find_pgbouncer() {
        return Ok(());
    }
    if !can_apt() {
        bail!(
            "PgBouncer is missing: install {}, and start this again",
            package_here("pgbouncer", "pgbouncer", "pgbouncer")
        );
    }
    // Debian would start one of its own; ours is started and ended by its test.
    let no_start = Path::new("/usr/sbin/policy-rc.d");
    let ours = !no_start.exists();
    if ours {
        std::fs::write(no_start, "#!/bin/sh\nexit 101\n")
            .and_then(|()| std::fs::set_permissions(no_start, std::fs::Permissions::from_mode(0o755)))
            .with_context(|| format!("could not write {}", no_start.display()))?;
    }
    let installed = apt_install("PgBouncer", &["pgbouncer"]);
    if ours {
        std::fs::remove_file(no_start).with_context(|| format!("could not remove {}", no_start.display()))?;
    }
    installed?;
    if !find_pgbouncer() {
        bail!("PgBouncer was installed, yet `pgbouncer` is nowhere to be found");
    }
    Ok(())
}

/// Debian puts it where only root looks.
fn find_pgbouncer() -> bool {
    on_path("pgbouncer").is_some() || Path::new("/usr/sbin/pgbouncer").is_file()
}

/// Whether we may install packages with apt.
pub fn can_apt() -> bool {
    rustix::process::geteuid().is_root() && on_path("apt-get").is_some()
}

/// Installs packages with apt, and says so.
pub fn apt_install(what: &str, packages: &[&str]) -> Result<()> {
    println!("installing {what} with apt: {} …", packages.join(", "));
    let network = "is there a network, and does /etc/apt name a mirror that answers?";
    child::run(apt().arg("update"), network)?;
    child::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages), network)
}

/// The package to install here: `apt install NAME` or whatever this machine has instead.
pub fn package_here(apt: &str, dnf: &str, brew: &str) -> String {
    let sudo = if rustix::process::geteuid().is_root() { "" } else { "sudo " };
    let all = [
        ("apt-get", format!("it with `{sudo}apt-get install {apt}`")),
        ("dnf", format!("it with `{sudo}dnf install {dnf}`")),
        ("brew", format!("it with `brew install {brew}`")),
    ];
    all.into_iter()
        .find(|(manager, _)| on_path(manager).is_some())
        .map_or_else(|| format!("the package {apt} (dnf: {dnf}, Homebrew: {brew})"), |(_, line)| line)
}

/// The file that a shell would run.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.args(["--quiet", "--option", "Dpkg::Use-Pty=0"]).env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

fn rustup(args: &[&str]) -> Result<()> {
    let line = format!("rustup {}", args.join(" "));
    if on_path("rustup").is_none() {
        bail!("rustup is missing, so `{line}` cannot be run: install Rust by rustup, or your system's package for it");
    }
    child::run(Command::new("rustup").args(args), &format!("run `{line}` by hand to see why"))
}

fn has_wasm_target() -> bool {
    child::output("rustc", &["--print", "target-libdir", "--target", wasm::TARGET])
        .is_some_and(|folder| Path::new(&folder).is_dir())
}

fn find_postgresql() -> Option<PathBuf> {
    postgresql_folders().into_iter().find(|folder| ["initdb", "postgres"].iter().all(|it| folder.join(it).is_file()))
}

/// Where the server programs may be: PATH, Debian's folder (newest first), what `pg_config` says, Homebrew's.
fn postgresql_folders() -> Vec<PathBuf> {
    let mut folders: Vec<_> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
    let versions = |parent: &str, prefix: &str| {
        let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
        let mut found: Vec<_> = entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .map(|it| it.path())
            .collect();
        found.sort();
        found.into_iter().rev().map(|folder| folder.join("bin")).collect::<Vec<_>>()
    };
    folders.extend(versions("/usr/lib/postgresql", ""));
    folders.extend(child::output("pg_config", &["--bindir"]).map(PathBuf::from));
    folders.extend(["/opt/homebrew/opt", "/usr/local/opt"].iter().flat_map(|parent| versions(parent, "postgresql")));
    folders
}
