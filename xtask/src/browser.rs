//! The browser tests: Node, Playwright by lockfile, a browser, and one run against the built server.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{build, child, tools};

/// Runs the browser tests against this binary, on a port that is free.
pub fn test(binary: &Path, extra: &[String]) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("worldseat-e2e-").tempdir().context("no temporary folder")?;
    let mut playwright = playwright("test");
    playwright
        .args(extra)
        .env("WORLDSEAT_BIN", binary)
        .env("WORLDSEAT_PORT", free_port()?.to_string())
        // A browser that is stopped leaves files there, so the folder is ours to remove. The server keeps the
        // usual one: it hands its databases to another user, who may not look into ours.
        .env("TMPDIR", folder.path())
        .env("WORLDSEAT_TMPDIR", std::env::temp_dir());
    child::run(&mut playwright, "the report above names the test; what it left is in end2end/test-results")
}

/// Node, the npm packages of the lockfile, and a browser: installed where they are missing.
pub fn install() -> Result<()> {
    node()?;
    npm_packages()?;
    if chromium().is_some() {
        return Ok(());
    }
    if tools::can_apt() {
        tools::apt_install("Chromium", &["chromium", "fonts-liberation"])?;
        return chromium().map(|_| ()).context("Chromium was installed, yet `chromium` is not on PATH");
    }
    println!("no Chromium on this machine: Playwright fetches its own (once, about 150 MB) …");
    let instead = tools::package_here("chromium", "chromium", "--cask chromium");
    child::run(
        playwright("install").arg("chromium"),
        &format!("install {instead}, or name a browser in the variable CHROMIUM"),
    )
}

/// The oldest Node that this Playwright runs on.
const NODE_MAJOR_MIN: u32 = 20;

fn node() -> Result<()> {
    let mend = tools::package_here("nodejs npm", "nodejs npm", "node");
    let Some(version) = child::output("node", &["--version"]) else {
        bail!("Node is missing, and the browser tests need {NODE_MAJOR_MIN} or newer: install {mend}");
    };
    if major(&version).is_some_and(|major| major < NODE_MAJOR_MIN) {
        bail!("Node {version} is too old: the browser tests need {NODE_MAJOR_MIN} or newer (https://nodejs.org)");
    }
    if tools::on_path("npm").is_none() {
        bail!("npm is missing, and it comes with Node: install {mend}");
    }
    Ok(())
}

fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// `npm ci`, unless the packages are those of this very lockfile.
fn npm_packages() -> Result<()> {
    let folder = folder();
    let lockfile = fs::read(folder.join("package-lock.json")).context("end2end/package-lock.json cannot be read")?;
    // Written last: an installation that was stopped is done again.
    let installed = folder.join("node_modules/.installed-lock.json");
    if fs::read(&installed).is_ok_and(|old| old == lockfile) {
        return Ok(());
    }
    println!("installing the npm packages of end2end/package-lock.json …");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    child::run(&mut npm, "is there a network, and does the lockfile fit end2end/package.json?")?;
    fs::write(&installed, lockfile).with_context(|| format!("could not write {}", installed.display()))
}

fn playwright(verb: &str) -> Command {
    let folder = folder();
    let mut playwright = Command::new(folder.join("node_modules/.bin/playwright"));
    playwright.arg(verb).current_dir(folder).envs(chromium().map(|browser| ("CHROMIUM", browser)));
    playwright
}

/// The browser of this machine: what the variable CHROMIUM names, else what is on PATH.
fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM").filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    ["chromium", "chromium-browser", "google-chrome"].iter().find_map(|name| tools::on_path(name))
}

fn folder() -> PathBuf {
    build::root().join("end2end")
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port of 127.0.0.1 is free")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version_of_node() {
        for (version, expect) in [("v20.20.2", Some(20)), ("v8.0.0", Some(8)), ("nonsense", None)] {
            assert_eq!(major(version), expect, "{version}");
        }
    }
}
