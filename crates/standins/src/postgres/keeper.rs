//! The server's process: signalled and waited for by exactly one owner.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::install::on_path;
use super::program::program;
use crate::error::{Error, io_error};

/// A shutdown that writes kept data back may take its time; only then do we stop asking.
const PATIENCE: Duration = Duration::from_mins(1);

/// A process and the thread that started it and waits for it.
///
/// The thread lives as long as the process because the kernel's "tell me when my parent dies" follows the *thread*
/// that forked, and the threads of an async runtime come and go.
#[derive(Debug)]
pub(super) struct Keeper {
    pid: Pid,
    ended: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

/// The command for a program that the kernel ends when we die without ending it ourselves, where that can be had.
///
/// `setpriv` from util-linux sets the parent's death signal and becomes the program. The direct way needs code between
/// fork and exec, which is unsafe. Without `setpriv` (macOS, `BusyBox`) the next start sweeps the survivor up.
pub(super) fn mortal(file: &Path) -> Command {
    let quiet = |command: &mut Command| {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    };
    if let Some(setpriv) = on_path("setpriv")
        && quiet(program(&setpriv).args(["--pdeathsig", "QUIT", "true"]))
    {
        let mut command = program(setpriv);
        command.args(["--pdeathsig", "QUIT", "--"]).arg(file);
        return command;
    }
    program(file)
}

impl Keeper {
    /// Starts the process in a group of its own, so that Ctrl-C reaches only us and we end it in order.
    pub(super) fn spawn(mut command: Command) -> Result<Self, Error> {
        command.process_group(0);
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let told = Arc::clone(&ended);
        let (started, start) = mpsc::channel();
        let keep = move || {
            let mut child = match command.spawn() {
                Ok(child) => child,
                Err(error) => return drop(started.send(Err(error))),
            };
            let pid = Pid::from_child(&child);
            let _ = started.send(Ok(pid));
            // Waits without reaping, so that until the flag below is set the number belongs to nobody else.
            while matches!(
                waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT),
                Err(rustix::io::Errno::INTR)
            ) {}
            let mut flag = lock(&told.0);
            *flag = true;
            let _ = child.wait();
            told.1.notify_all();
        };
        let doing = || io_error("starting postgres");
        let thread = std::thread::Builder::new().name("postgres-keeper".to_owned()).spawn(keep).map_err(doing())?;
        let pid = start.recv().unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into())).map_err(doing())?;
        Ok(Self { pid, ended, thread: Some(thread) })
    }

    pub(super) fn process_id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    pub(super) fn has_ended(&self) -> bool {
        *lock(&self.ended.0)
    }

    /// Sends a signal unless the process has ended.
    pub(super) fn signal(&self, signal: Signal) {
        let ended = lock(&self.ended.0);
        if !*ended && let Err(error) = kill_process(self.pid, signal) {
            tracing::warn!(%error, "PostgreSQL could not be signalled");
        }
    }

    /// Asks the process to end and waits until it has.
    pub(super) async fn end(&mut self, signal: Signal) {
        self.signal(signal);
        let (ended, pid) = (Arc::clone(&self.ended), self.pid);
        let thread = self.thread.take();
        let waited = tokio::task::spawn_blocking(move || wait(&ended, pid, thread)).await;
        if let Err(error) = waited {
            tracing::warn!(%error, "the wait for PostgreSQL's end was cut short");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.signal(Signal::QUIT);
        wait(&self.ended, self.pid, self.thread.take());
    }
}

/// Waits for the end, by force if asking has not helped.
fn wait(ended: &(Mutex<bool>, Condvar), pid: Pid, thread: Option<JoinHandle<()>>) {
    let flag = lock(&ended.0);
    let (flag, _) = ended.1.wait_timeout_while(flag, PATIENCE, |ended| !*ended).unwrap_or_else(PoisonError::into_inner);
    if !*flag {
        let _ = kill_process(pid, Signal::KILL);
    }
    drop(flag);
    if let Some(thread) = thread {
        let _ = thread.join();
    }
}

fn lock(flag: &Mutex<bool>) -> MutexGuard<'_, bool> {
    flag.lock().unwrap_or_else(PoisonError::into_inner)
}
