//! What is left when the process that started the stand-ins ends, in order or not, as root or not.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use standins::{Options, StandIns};

/// Tells the child that it is one.
const CHILD: &str = "STANDINS_TEST_CHILD";

/// The child: serves until Ctrl-C and stops in order. Run by the others, as a process of its own.
#[tokio::test]
#[ignore = "the other tests start it as a process of its own"]
async fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    // From here on, and not only from the first look at it.
    let mut interrupted = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).unwrap();
    let stand_ins = StandIns::start(Options::default()).await.unwrap();
    println!("ready {} {}", stand_ins.postgres.process_id(), stand_ins.postgres.directory().display());
    interrupted.recv().await.unwrap();
    stand_ins.stop().await;
}

/// A child whose stand-ins answer.
struct Started {
    child: Child,
    /// The server's first process.
    server: u32,
    directory: PathBuf,
    /// Kept open for what the child still has to say.
    _said: Lines<BufReader<ChildStdout>>,
}

fn start(program: &Path) -> Started {
    start_as(Command::new(program))
}

fn start_as(mut command: Command) -> Started {
    command.args(["child", "--exact", "--ignored", "--nocapture"]).env(CHILD, "1").current_dir("/");
    command.stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = said.find_map(|line| Some(line.unwrap().split_once("ready ")?.1.to_owned()));
    let (server, directory) = ready.as_deref().and_then(|line| line.split_once(' ')).expect("the child did not start");
    Started { child, server: server.parse().unwrap(), directory: directory.into(), _said: said }
}

impl Started {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it as Ctrl-C does.
    fn interrupt(&mut self) {
        self.signal(Signal::INT);
        assert!(self.child.wait().unwrap().success());
    }

    fn has_left_nothing(&self) {
        assert!(!is_running(self.server), "the server is left");
        assert!(!self.directory.exists(), "{} is left", self.directory.display());
    }
}

fn is_running(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

#[test]
fn ctrl_c_leaves_nothing() {
    let mut started = start(&std::env::current_exe().unwrap());
    assert!(is_running(started.server) && started.directory.exists());
    started.interrupt();
    started.has_left_nothing();
}

#[test]
fn what_a_killed_process_leaves_is_gone_after_the_next_start() {
    let program = std::env::current_exe().unwrap();
    // Without a PATH the kernel is not asked to end the server: then it lives on until the next start.
    for path in [std::env::var_os("PATH").unwrap(), "/nowhere".into()] {
        let mut command = Command::new(&program);
        command.env("PATH", &path);
        let mut killed = start_as(command);
        killed.signal(Signal::KILL);
        killed.child.wait().unwrap();
        assert!(path != "/nowhere" || is_running(killed.server));
        start(&program).interrupt();
        let deadline = Instant::now() + Duration::from_secs(10);
        while is_running(killed.server) && Instant::now() < deadline {}
        killed.has_left_nothing();
    }
}

#[test]
fn an_ordinary_user_can_start_them() {
    if !rustix::process::geteuid().is_root() {
        return; // Then every other test has shown it.
    }
    // The account must be able to reach the program.
    let place = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let program = place.path().join("child");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let nobody = 65_534;
    let mut command = Command::new(program);
    command.uid(nobody).gid(nobody);
    let mut started = start_as(command);
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&started.directory.metadata().unwrap()), nobody);
    started.interrupt();
    started.has_left_nothing();
}
