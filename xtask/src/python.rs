//! What tests ask of Python: moto, botocore and the drivers of databases in a folder of the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{build, child, tools};

/// Installs what the lists of the tests name, unless those very lists are installed already.
pub fn packages() -> Result<()> {
    let python = python()?;
    // Compiled packages fit one Python only.
    let mut wanted = format!("# {python}\n");
    for list in REQUIREMENTS {
        wanted += &fs::read_to_string(build::root().join(list)).with_context(|| format!("{list} cannot be read"))?;
    }
    let folder = folder();
    // Written last: an installation that was stopped is done again.
    let installed = folder.join(".installed-requirements.txt");
    if fs::read_to_string(&installed).is_ok_and(|old| old == wanted) {
        println!("Python packages: {}", build::from_root(&folder).display());
        return Ok(());
    }
    println!("installing the Python packages of {} …", REQUIREMENTS.join(" and "));
    remove(&folder)?;
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"])
        .args(["--only-binary", ":all:", "--target"])
        .arg(&folder)
        .args(REQUIREMENTS.iter().flat_map(|list| [PathBuf::from("--requirement"), build::root().join(list)]))
        // A variable, because pip before 22.1 refuses it as an argument.
        .env("PIP_ROOT_USER_ACTION", "ignore");
    child::run(&mut pip, "is there a network, and does pip's configuration name an index that answers?")?;
    fs::write(&installed, wanted).with_context(|| format!("could not write {}", installed.display()))
}

/// Where the tests find the packages; they are told by the variable `WORLDSEAT_PYTHON`.
pub fn folder() -> PathBuf {
    build::target_dir().join("tools/python")
}

/// Packages of one list are not named in the other.
const REQUIREMENTS: [&str; 2] =
    ["crates/provision/tests/requirements.txt", "crates/standins/tests/clients/requirements.txt"];
/// The oldest Python that these packages run on.
const MINOR_MIN: u32 = 10;

/// The version of a Python that has pip, installed if need be.
fn python() -> Result<String> {
    if version().is_none() || !has_pip() {
        if !tools::can_apt() {
            let mend = tools::package_here("python3 python3-pip", "python3 python3-pip", "python");
            bail!("python3 or its pip is missing, and the tests need both: install {mend}");
        }
        tools::apt_install("Python", &["python3", "python3-pip"])?;
    }
    let version = version().context("Python was installed, yet `python3` is not on PATH")?;
    if !has_pip() {
        bail!("`python3 -m pip` does not run: the python3 on PATH is not the one that apt gave pip to");
    }
    if minor(&version).is_some_and(|minor| minor < MINOR_MIN) {
        bail!("{version} is too old: the tests need 3.{MINOR_MIN} or newer (https://python.org)");
    }
    Ok(version)
}

/// Such as "Python 3.11.7".
fn version() -> Option<String> {
    child::output("python3", &["--version"])
}

fn has_pip() -> bool {
    child::output("python3", &["-m", "pip", "--version"]).is_some()
}

fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("Python 3.")?.split('.').next()?.parse().ok()
}

/// pip leaves older versions beside the newer ones.
fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version_of_python() {
        for (version, expect) in [("Python 3.11.7", Some(11)), ("Python 3.9", Some(9)), ("Python 2.7.18", None)] {
            assert_eq!(minor(version), expect, "{version}");
        }
    }
}
