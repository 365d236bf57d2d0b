//! Running other programs so that Ctrl-C leaves none of them behind.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Runs a program to its end; `mend` says what to do when it fails.
///
/// The program leads a process group of its own, and a signal sent to us is passed on to that whole group:
/// it makes no difference whether a terminal or a supervisor asks us to stop.
pub fn run(command: &mut Command, mend: &str) -> Result<()> {
    let name = describe(command);
    if interrupted() {
        bail!("stopped before {name}");
    }
    let mut running = running();
    let mut child = command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("could not start {name}: is it installed and on PATH?"))?;
    let group = Pid::from_child(&child);
    *running = Some(group);
    drop(running);
    let status = child.wait().with_context(|| format!("could not wait for {name}"));
    *self::running() = None;
    if interrupted() {
        outlive(group);
        bail!("stopped during {name}");
    }
    if !status?.success() {
        bail!("{name} failed: {mend}");
    }
    Ok(())
}

/// Runs a program quietly; what it prints, or `None` if it cannot be run or fails.
pub fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stderr(Stdio::null()).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Puts the program in our place: signals then reach it and nothing stands between.
pub fn become_program(command: &mut Command) -> Result<()> {
    let error = command.exec();
    Err(error).with_context(|| format!("could not start {}", describe(command)))
}

/// Cargo, without what `cargo run` told us about ourselves: some build scripts watch those variables and
/// would build again each time that cargo is called in another way.
pub fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(about_ourselves) {
            cargo.env_remove(name);
        }
    }
    cargo
}

fn about_ourselves(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|prefix| variable.starts_with(prefix))
        || ["CARGO", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&variable)
}

/// From now on SIGINT, SIGTERM and SIGHUP stop the running program first and us afterwards.
pub fn watch_signals() -> Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]).context("no signal handler")?;
    thread::spawn(move || {
        for _ in signals.forever() {
            let running = running();
            let again = INTERRUPTED.swap(true, Ordering::SeqCst);
            match *running {
                None => std::process::exit(i32::from(EXIT_INTERRUPTED)),
                Some(group) if again => signal_group(group, Signal::KILL),
                Some(group) => {
                    signal_group(group, Signal::INT);
                    thread::spawn(move || kill_when_late(group));
                }
            }
        }
    });
    Ok(())
}

/// Whether somebody asked us to stop.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// What a shell calls "ended by SIGINT".
pub const EXIT_INTERRUPTED: u8 = 130;

/// How long a program may take to tidy up.
const GRACE: Duration = Duration::from_secs(15);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// The process group of the running program. Held while one is started, so that no signal falls in between.
static RUNNING: Mutex<Option<Pid>> = Mutex::new(None);

fn running() -> MutexGuard<'static, Option<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kill_when_late(group: Pid) {
    thread::sleep(GRACE);
    if *running() == Some(group) {
        signal_group(group, Signal::KILL);
    }
}

/// Waits until the group is empty, and empties it when it takes too long.
fn outlive(group: Pid) {
    let deadline = Instant::now() + GRACE;
    while test_kill_process_group(group).is_ok() {
        if Instant::now() > deadline {
            return signal_group(group, Signal::KILL);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn signal_group(group: Pid, signal: Signal) {
    // The group may have ended in the meantime: then there is nothing to stop.
    let _ = kill_process_group(group, signal);
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    format!("`{}`", words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_what_cargo_run_says_about_us_and_keeps_what_people_set() {
        for (variable, ours) in [
            ("CARGO", true),
            ("CARGO_PKG_NAME", true),
            ("CARGO_MANIFEST_DIR", true),
            ("CARGO_HOME", false),
            ("CARGO_TARGET_DIR", false),
            ("CARGO_TERM_COLOR", false),
            ("PATH", false),
        ] {
            assert_eq!(about_ourselves(variable), ours, "{variable}");
        }
    }

    #[test]
    fn a_failure_names_the_program_and_the_mend() {
        let error = run(&mut Command::new("false"), "try another").err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("`false` failed: try another"));
    }
}
