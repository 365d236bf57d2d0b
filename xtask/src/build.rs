//! Wasm, then site, then server: always all three, from the same sources.
//!
//! The ids of the islands are hashes of the sources, so a server and a wasm file of different ages do not
//! find each other; and in release the server embeds the site, so the site comes first.

use std::path::{Path, PathBuf};

use anyhow::Result;

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
    cargo.args(["build", "--package", "server", "--bin", "worldseat"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    child::run(&mut cargo, "the compiler's messages above say what to mend")?;
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

/// The top of the repository.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Where cargo puts what it builds.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// The same path, shorter to read.
pub fn from_root(path: &Path) -> &Path {
    path.strip_prefix(root()).unwrap_or(path)
}
