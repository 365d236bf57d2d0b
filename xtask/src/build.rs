//! Wasm, then site, then server: always all three, from the same sources.
//!
//! The ids of the islands are hashes of the sources, so a server and a wasm file of different ages do not
//! find each other; and in release the server embeds the site, so the site comes first.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{child, site, tools, wasm};

/// Builds the site and the server; the path of the binary.
pub fn everything(profile: Profile) -> Result<PathBuf> {
    tools::wasm_target()?;
    build_site(profile)?;
    build_server(profile)
}

/// Compiles the browser's half and writes `target/site`.
pub fn build_site(profile: Profile) -> Result<()> {
    println!("building the browser's half (wasm, {}) …", profile.name());
    let files = wasm::build(profile)?;
    println!("writing target/site …");
    let summary = site::write(profile, files)?;
    println!("{summary}");
    Ok(())
}

/// Compiles the binary `worldseat`; in release it embeds `target/site`.
pub fn build_server(profile: Profile) -> Result<PathBuf> {
    println!("building the server ({}) …", profile.name());
    let mut cargo = child::cargo();
    // No `--package`: then the dependencies have the features that `cargo test` gives them, and are built once.
    cargo.args(["build", "--bin", "worldseat"]);
    let mend = "the compiler's messages above say what to mend";
    if profile == Profile::Dev {
        child::run(&mut cargo, mend)?;
        return Ok(server_binary(profile));
    }
    // Cargo sees when an embedded file changes, but not when one is added to the folder.
    let names = site::names()?;
    let embedded = target_dir().join("release/worldseat.site");
    if !fs::read_to_string(&embedded).is_ok_and(|old| old == names) {
        child::run(child::cargo().args(["clean", "--quiet", "--release", "--package", "server"]), mend)?;
    }
    child::run(cargo.arg("--release"), mend)?;
    fs::write(&embedded, names).with_context(|| format!("could not write {}", embedded.display()))?;
    Ok(server_binary(profile))
}

/// Where the binary `worldseat` is once it is built.
pub fn server_binary(profile: Profile) -> PathBuf {
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => "release",
    };
    target_dir().join(folder).join("worldseat")
}

/// How to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build; the server reads the site from its folder.
    Dev,
    /// Small and quick to run; the server carries the site.
    Release,
}

impl Profile {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }
}

/// The top of the repository: above the package that `cargo run` says it runs.
pub fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().map(Path::to_owned).unwrap_or_default()
}

/// Where cargo puts what it builds.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// The same path, shorter to read.
pub fn from_root(path: &Path) -> &Path {
    path.strip_prefix(root()).unwrap_or(path)
}
