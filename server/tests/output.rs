//! What happens to a command whose output cannot be written: a full disk is an error, a closed pipe is none, and neither is
//! a panic.
// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(target_os = "linux")] // /dev/full

use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

/// Commands that end by themselves, and print.
const COMMANDS: [&[&str]; 7] = [
    &["--help"],
    &["--version"],
    &["stress", "--help"],
    &["config"],
    &["synth", "--operations", "2000"],
    &["stress", "http://127.0.0.1:9", "--json"],
    &["provision", "all", "--dry-run", "--endpoint-url", "http://127.0.0.1:9"],
];

fn worldseat(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worldseat"));
    command.args(words).stdin(Stdio::null()).env("RUST_BACKTRACE", "0");
    command
}

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

#[test]
fn a_full_disk_is_an_error_of_every_command() {
    let run = tempfile::NamedTempFile::new().unwrap();
    let written = worldseat(&["synth", "--operations", "40", "--seats", "2"]).stdout(run.reopen().unwrap()).status();
    assert!(written.unwrap().success());
    let verify = ["verify", run.path().to_str().unwrap()];
    let export = ["export", run.path().to_str().unwrap(), "--for", "porcupine"];
    let to_file = worldseat(&[&export[..], &["--out", "/dev/full"]].concat()).output().unwrap();
    assert_eq!(to_file.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&to_file.stderr).contains("/dev/full: No space left on device"), "{to_file:?}");
    for words in COMMANDS.into_iter().chain([&verify[..], &export[..]]) {
        let output = worldseat(words).stdout(full()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {told}");
        assert!(told.contains("standard output could not be written: No space left on device"), "{words:?}: {told}");
        // Where not even that can be said, the exit code says it.
        let output = worldseat(words).stdout(full()).stderr(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for words in COMMANDS {
        let code = worldseat(words).output().unwrap().status.code();
        let mut child = worldseat(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // The pipe is closed before, or while, the first line is written.
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), code, "{words:?}: {told}");
        assert!(!told.contains("could not be written") && !told.contains("panicked"), "{words:?}: {told}");
    }
}

/// The log is not what a server is for: it goes on without one.
#[test]
fn a_server_whose_log_cannot_be_written_serves() {
    let words = ["serve", "--addr", "127.0.0.1:0", "--no-foil"];
    let mut server = worldseat(&words).env("RUST_LOG", "trace").stdout(Stdio::piped()).stderr(full()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let answer = worldseat(&["stress", address.trim(), "--levels", "2", "--think", "0"]).output().unwrap();
    let told = String::from_utf8_lossy(&answer.stdout);
    let pid = rustix::process::Pid::from_child(&server);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert!(told.contains("RESULT"), "{told}{}", String::from_utf8_lossy(&answer.stderr));
}
