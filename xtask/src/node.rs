//! Node, and the packages that npm installs from a lockfile.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{build, child, tools};

/// Installs what the lockfile in this folder of the repository names; Node itself must be there.
pub fn packages(within: &str) -> Result<()> {
    node()?;
    npm_packages(within)
}

/// The oldest Node that what is installed runs on: Playwright, AWS' connector for node-postgres.
const NODE_MAJOR_MIN: u32 = 20;

fn node() -> Result<()> {
    let mend = tools::package_here("nodejs npm", "nodejs npm", "node");
    let Some(version) = child::output("node", &["--version"]) else {
        bail!("Node is missing, and the tests need {NODE_MAJOR_MIN} or newer: install {mend}");
    };
    if major(&version).is_some_and(|major| major < NODE_MAJOR_MIN) {
        bail!("Node {version} is too old: the tests need {NODE_MAJOR_MIN} or newer (https://nodejs.org)");
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
fn npm_packages(within: &str) -> Result<()> {
    let folder = build::root().join(within);
    let lockfile = fs::read(folder.join("package-lock.json"))
        .with_context(|| format!("{within}/package-lock.json cannot be read"))?;
    // Written last: an installation that was stopped is done again.
    let installed = folder.join("node_modules/.installed-lock.json");
    if fs::read(&installed).is_ok_and(|old| old == lockfile) {
        return Ok(());
    }
    println!("installing the npm packages of {within}/package-lock.json …");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    child::run(&mut npm, &format!("is there a network, and does the lockfile fit {within}/package.json?"))?;
    fs::write(&installed, lockfile).with_context(|| format!("could not write {}", installed.display()))
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
