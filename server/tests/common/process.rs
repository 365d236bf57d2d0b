//! The process: the binary itself, started on a free port and ended as Ctrl-C ends it.

use super::Api;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Starting makes a database cluster, which takes its time on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(90);
const ENDED_WITHIN: Duration = Duration::from_mins(1);

/// A server that answers. [`Server::stop`] ends it and sees that nothing is left; if a test fails first, dropping it ends
/// it all the same.
pub struct Server {
    /// How to talk to it.
    pub api: Api,
    process: Process,
}

impl Server {
    /// `worldseat serve` on a free port, with `options`.
    pub fn start(options: &[&str]) -> Self {
        Self::start_with(options, &[])
    }

    /// The same, with variables in its environment.
    pub fn start_with(options: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut process = Process::start(&[&["--addr", "127.0.0.1:0"], options].concat(), variables);
        let base = process.says_where();
        Self { api: Api::new(base), process }
    }

    /// What it has said on stderr so far.
    pub fn said(&self) -> String {
        self.process.said.lock().unwrap().clone()
    }

    /// The first process of its PostgreSQL.
    pub fn postmaster(&self) -> Pid {
        let family = family(self.process.child.id());
        let is_postmaster = |member: &&Member| member.words.iter().any(|word| word == "-D");
        Pid::from_raw(family.iter().find(is_postmaster).expect("no PostgreSQL is running").pid).unwrap()
    }

    /// The directory with PostgreSQL's socket.
    pub fn socket_dir(&self) -> PathBuf {
        let directories = directories(&family(self.process.child.id()));
        assert_eq!(directories.len(), 1, "{directories:?}");
        directories.into_iter().next().unwrap()
    }

    /// The server's own resident memory, in megabytes; PostgreSQL's is not counted.
    pub fn resident_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1000.0
    }

    /// Kills it outright, as the machine might, and waits until its PostgreSQL has followed.
    pub fn kill(mut self) {
        let family = family(self.process.child.id());
        self.process.signal(Signal::KILL);
        self.process.ended();
        let killed = Instant::now();
        let runs = |member: &Member| Member::read(member.pid).is_some_and(|now| now.started == member.started);
        while family.iter().any(runs) {
            assert!(killed.elapsed() < ENDED_WITHIN, "PostgreSQL outlives its server");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Interrupts it, and checks that it ends well and leaves nothing: no process, no directory, no panic.
    pub fn stop(mut self) {
        let family = family(self.process.child.id());
        let directories = directories(&family);
        self.process.signal(Signal::INT);
        let status = self.process.ended();
        let said = self.process.all_said();
        assert!(status.success(), "{status}: {said}");
        assert!(!said.contains("panicked"), "{said}");
        let runs = |member: &&Member| Member::read(member.pid).is_some_and(|now| now.started == member.started);
        let left: Vec<_> = family.iter().filter(runs).collect();
        assert!(left.is_empty(), "processes are left: {left:?}");
        let left: Vec<_> = directories.iter().filter(|directory| directory.exists()).collect();
        assert!(left.is_empty(), "directories are left: {left:?}");
        let left: Vec<_> = fs::read_dir(self.process.temp.path()).unwrap().collect();
        assert!(left.is_empty(), "temporary files are left: {left:?}");
    }
}

/// How a server ended that would not start.
pub struct Refusal {
    /// Whether it said so to the shell.
    pub status: ExitStatus,
    /// All it said on stderr.
    pub said: String,
}

/// Runs `worldseat serve` with options it must refuse, and waits for its end.
pub fn refused(options: &[&str]) -> Refusal {
    let mut process = Process::start(options, &[]);
    let status = process.ended();
    let said = process.all_said();
    assert_eq!(process.announced.try_iter().collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(fs::read_dir(process.temp.path()).unwrap().count(), 0, "temporary files are left");
    Refusal { status, said }
}

/// Takes out of a command's environment what somebody may have set for their own server.
pub fn forget_settings(command: &mut Command) {
    command.env_remove("RUST_LOG");
    let ours = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("WORLDSEAT_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
}

struct Process {
    child: Child,
    ended: Option<ExitStatus>,
    announced: mpsc::Receiver<String>,
    said: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
    /// Its own directory for temporary files, so that what it leaves there is its own.
    temp: TempDir,
}

impl Process {
    fn start(options: &[&str], variables: &[(&str, &str)]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_worldseat"));
        command.arg("serve").args(options).env("TMPDIR", temp.path()).stdin(Stdio::null());
        forget_settings(&mut command);
        command.envs(variables.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (tell, announced) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let said = Arc::<Mutex<String>>::default();
        let (mut stderr, heard) = (child.stderr.take().unwrap(), Arc::clone(&said));
        let listener = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(n @ 1..) = stderr.read(&mut piece) {
                *heard.lock().unwrap() += &String::from_utf8_lossy(&piece[..n]);
            }
        });
        Self { child, ended: None, announced, said, listener: Some(listener), temp }
    }

    fn says_where(&mut self) -> String {
        let line = self.announced.recv_timeout(READY_WITHIN);
        line.unwrap_or_else(|error| panic!("the server did not start ({error}): {}", self.said.lock().unwrap()))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn ended(&mut self) -> ExitStatus {
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.ended = Some(status);
                return status;
            }
            assert!(asked.elapsed() < ENDED_WITHIN, "the server does not end: {}", self.said.lock().unwrap());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn all_said(&mut self) -> String {
        self.listener.take().unwrap().join().unwrap();
        self.said.lock().unwrap().clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended.is_some() {
            return;
        }
        eprintln!("the server said:\n{}", self.said.lock().unwrap());
        let _ = kill_process(Pid::from_child(&self.child), Signal::INT);
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > ENDED_WITHIN {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A process of the server's family, as the kernel lists it. Where it does not (macOS), the family is empty.
#[derive(Debug)]
struct Member {
    pid: i32,
    parent: u32,
    /// Which tells it from a later process with the same number.
    started: String,
    words: Vec<String>,
}

impl Member {
    fn read(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // After the name, which may hold anything, come the state, the parent and, as the 20th, the start.
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let words = words.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        Some(Self { pid, parent: fields[1].parse().ok()?, started: fields[19].to_owned(), words })
    }
}

fn family(of: u32) -> Vec<Member> {
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut others: Vec<Member> = numbers.filter_map(Member::read).collect();
    let mut parents = BTreeSet::from([of]);
    let mut family = Vec::new();
    loop {
        let (found, rest): (Vec<_>, Vec<_>) = others.into_iter().partition(|member| parents.contains(&member.parent));
        if found.is_empty() {
            return family;
        }
        parents = found.iter().filter_map(|member| u32::try_from(member.pid).ok()).collect();
        family.extend(found);
        others = rest;
    }
}

/// The temporary directories that the family works in; root's PostgreSQL may not have its own below ours.
fn directories(family: &[Member]) -> BTreeSet<PathBuf> {
    let words = family.iter().flat_map(|member| &member.words).flat_map(|word| word.split('='));
    let ours = |path: &&Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("worldseat-"));
    words.filter_map(|word| Path::new(word).ancestors().find(ours).map(Path::to_path_buf)).collect()
}
