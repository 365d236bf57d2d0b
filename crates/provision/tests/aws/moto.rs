//! A moto server of one test's own.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Ended when dropped; if this process dies, its standard input closes and it ends too.
pub struct Moto {
    child: Child,
    pub url: String,
}

impl Moto {
    pub fn start() -> Self {
        // Another moto that happens to be on the machine is not the one these tests were written for.
        assert!(
            packages().is_dir(),
            "{} is not there: `cargo xtask test` makes it (its step \"Python packages\")",
            packages().display()
        );
        let mut child = python()
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/moto_server.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 cannot be started: `cargo xtask test` installs what the tests need");
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        assert!(
            !port.trim().is_empty(),
            "moto did not start from {}: `cargo xtask test` installs it (its step \"Python packages\")",
            packages().display()
        );
        Self { child, url: format!("http://127.0.0.1:{}", port.trim()) }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A python3 that sees the packages of `requirements.txt`.
pub fn python() -> Command {
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", packages()).env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

/// `WORLDSEAT_PYTHON`, which `cargo xtask test` sets, or the folder that it fills.
pub fn packages() -> PathBuf {
    if let Some(folder) = env::var_os("WORLDSEAT_PYTHON") {
        return folder.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
    target.join("tools/python")
}
