//! The browser tests: Node, Playwright by lockfile, a browser, and one run against the built server.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{build, child, node, tools};

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
    node::packages("end2end")?;
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
