//! What must be known or be there when the server is compiled.

use std::{path::Path, process::Command};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    make_site_folder(&root);
    name_commit(&root);
    println!("cargo::rerun-if-changed=build.rs");
}

/// rust-embed resolves the folder of the static files at compile time, and in development reads the files from it later.
fn make_site_folder(root: &Path) {
    let site = root.join("target/site");
    if let Err(error) = std::fs::create_dir_all(&site) {
        println!("cargo::error={} could not be made: {error}", site.display());
    }
}

/// Every run says by which commit it was made. A changed tree that is not committed says so as well.
fn name_commit(root: &Path) {
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(args)
            // Set inside a hook of another repository.
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
    };
    let commit = git(&["describe", "--always", "--dirty=, changed", "--abbrev=12", "--exclude=*"]);
    println!(
        "cargo::rustc-env=WORLDSEAT_COMMIT={}",
        commit.map_or("no commit".to_owned(), |id| format!("commit {id}"))
    );
    // A new commit has a new name, and a changed source is one that is not committed.
    for name in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", name]) {
            println!("cargo::rerun-if-changed={}", root.join(path).display());
        }
    }
    for sources in ["app", "crates", "server/src", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(sources).display());
    }
}
