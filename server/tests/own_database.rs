//! A PostgreSQL of somebody's own that checks passwords, and what `worldseat` says when it, its roles, its settings or
//! what lies between are not as they must be.
#![cfg(target_os = "linux")]
// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Server, forget_settings};
use flate2::{Compression, write::GzEncoder};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::{
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A program that is ended in order when dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::INT);
        let _ = self.0.wait();
    }
}

/// A PostgreSQL with SCRAM passwords: superuser `boss`, role `me`, database `seats`, all passwords `x`.
struct Cluster {
    _postgres: Program,
    home: TempDir,
    port: u16,
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// The newest folder with PostgreSQL's programs.
fn programs() -> PathBuf {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|it| it.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).chain(debian).collect();
    folders.sort();
    folders.into_iter().rev().find(|folder| folder.join("initdb").is_file()).expect("PostgreSQL is installed")
}

/// A command that root runs as the account `postgres`: neither PostgreSQL nor `PgBouncer` runs as root.
fn unprivileged(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn wait_for(port: u16) {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_mins(1), "nothing listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Cluster {
    async fn start() -> Self {
        let home = tempfile::Builder::new().prefix("worldseat-own-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (data, password) = (home.path().join("data"), home.path().join("password"));
        fs::write(&password, "x").unwrap();
        fs::create_dir(&data).unwrap();
        if rustix::process::geteuid().is_root() {
            assert!(Command::new("chown").args(["-R", "postgres"]).arg(home.path()).status().unwrap().success());
        }
        let programs = programs();
        let mut initdb = unprivileged(&programs.join("initdb"));
        initdb.args(["-A", "scram-sha-256", "-U", "boss", "-E", "UTF8", "--no-locale", "--no-sync", "--pwfile"]);
        let made = initdb.arg(&password).arg("-D").arg(&data).current_dir(home.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let mut postgres = unprivileged(&programs.join("postgres"));
        postgres.arg("-D").arg(&data).args(["-p", &port.to_string()]).current_dir(home.path());
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=150"] {
            postgres.args(["-c", setting]);
        }
        let log = fs::File::create(home.path().join("log")).unwrap();
        let postgres = Program(postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
        let cluster = Self { _postgres: postgres, home, port };
        wait_for(port);
        while cluster.connect("postgres").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        cluster.sql("CREATE ROLE me LOGIN PASSWORD 'x'").await;
        cluster.sql("CREATE DATABASE seats OWNER me").await;
        cluster
    }

    async fn connect(&self, database: &str) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port).user("boss").password("x").dbname(database);
        let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    async fn sql(&self, sql: &str) {
        self.connect("postgres").await.unwrap().batch_execute(sql).await.unwrap();
    }

    /// A role with a setting of its own, and a database that it owns, both of this name.
    async fn role(&self, name: &str, setting: &str) {
        self.sql(&format!("CREATE ROLE {name} LOGIN PASSWORD 'x'")).await;
        self.sql(&format!("CREATE DATABASE {name} OWNER {name}")).await;
        self.sql(&format!("ALTER ROLE {name} SET {setting}")).await;
    }

    /// A `PgBouncer` before it, in this mode.
    fn pooler(&self, mode: &str) -> (Program, u16) {
        let port = free_port();
        let (users, config) =
            (self.home.path().join(format!("users-{mode}")), self.home.path().join(format!("{mode}.ini")));
        fs::write(&users, "\"me\" \"x\"\n").unwrap();
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\n\
             auth_type=scram-sha-256\nauth_file={}\npool_mode={mode}\ndefault_pool_size=40\nmax_client_conn=400\n\
             unix_socket_dir=\n",
            self.port,
            users.display()
        );
        fs::write(&config, text).unwrap();
        let sbin = Path::new("/usr/sbin/pgbouncer");
        let program = if sbin.is_file() { sbin } else { Path::new("pgbouncer") };
        let mut pooler = unprivileged(program);
        let pooler = pooler.arg("-q").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let pooler = Program(pooler.spawn().expect("PgBouncer: `cargo xtask test` installs it"));
        wait_for(port);
        (pooler, port)
    }
}

/// `worldseat stress` straight at this URL, twice: its exit code, and everything it said.
fn stress(url: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worldseat"));
    forget_settings(&mut command);
    command.args(["stress", "--levels", "4", "--think", "20", "--connections", "8"]);
    let done = command.args(["--sql-urls", &format!("{url},{url}")]).output().unwrap();
    let said = [done.stdout, done.stderr].map(|said| String::from_utf8(said).unwrap()).concat();
    (done.status.code(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_is_named_with_the_remedy_that_fits_it() {
    let cluster = Cluster::start().await;
    cluster.role("reader", "default_transaction_read_only = on").await;
    cluster.role("hasty", "statement_timeout = '1ms'").await;
    let port = cluster.port;
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    for (url, named, never) in [
        (format!("postgres://me@127.0.0.1:{port}/seats"), &["asks for a password"][..], "network"),
        ("postgres://me:x@/seats".to_owned(), &["no host"], "network"),
        (format!("postgres://me:x@127.0.0.1:{port}/seats?channel_binding=require"), &["channel_binding"], "network"),
        (format!("postgres://me:x@127.0.0.1:{port}/seats?sslmode=require"), &["does not encrypt"], "network"),
        (format!("postgres://me:y@127.0.0.1:{port}/seats"), &["28P01", "check user and password"], "network"),
        (format!("postgres://me:x@127.0.0.1:{port}"), &["3D000", "the URL has no database"], "network"),
        (format!("postgres://me:x@127.0.0.1:{port}/seats?keepalives_count=1"), &["'keepalives_count'"], "network"),
        (
            format!("postgres://me:x@127.0.0.1:{port}/seats?options=-c%20search_path%3Dnope"),
            &["search_path (nope)", "CREATE SCHEMA nope AUTHORIZATION me"],
            "GRANT",
        ),
        (format!("postgres://me:x@127.0.0.1:{port}/seats?options=-c%20nope%3D1"), &["42704", "`options`"], "network"),
        (
            format!("postgres://reader:x@127.0.0.1:{port}/reader"),
            &["takes no writes", "ALTER ROLE reader RESET default_transaction_read_only"],
            "GRANT",
        ),
        (format!("postgres://me:x@127.0.0.1:{port}/seats?target_session_attrs=read-only"), &["buyers write"], "GRANT"),
        (
            format!("postgres://reader:x@127.0.0.1:{port}/reader?target_session_attrs=read-write"),
            &["takes no writes", "name a primary"],
            "network",
        ),
        (format!("postgres://hasty:x@127.0.0.1:{port}/hasty"), &["57014", "statement_timeout"], "network"),
        (format!("postgres://me:x@127.0.0.1:{silent_port}/seats?connect_timeout=1"), &["within 1 s"], "password"),
    ] {
        let (code, said) = stress(&url);
        assert_eq!(code, Some(2), "{url}: {said}");
        for named in named {
            assert!(said.contains(named), "{url}: no {named:?} in {said}");
        }
        assert!(!said.contains(never) && !said.contains("panicked"), "{url}: {never:?} in {said}");
        assert_eq!(said.lines().filter(|line| line.starts_with("worldseat: ")).count(), 1, "{said}");
    }
    // Whatever was refused, the database itself is good.
    let (code, said) = stress(&format!("postgres://me:x@127.0.0.1:{port}/seats?sslmode=prefer"));
    assert!(code.is_some() && said.contains("RESULT:"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_out_of_the_role_is_named_in_the_run_and_by_stress() {
    let cluster = Cluster::start().await;
    cluster.role("short", "idle_in_transaction_session_timeout = '5ms'").await;
    let (code, said) = stress(&format!("postgres://short:x@127.0.0.1:{}/short", cluster.port));
    // Nobody was sold the seat.
    assert_eq!(code, Some(1), "{said}");
    let reason = said.lines().find(|line| line.contains(" × ")).unwrap_or_else(|| panic!("{said}"));
    assert!(reason.contains("25P03") && reason.contains("RESET idle_in_transaction_session_timeout"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_loses_prepared_statements_is_named() {
    let cluster = Cluster::start().await;
    for mode in ["transaction", "statement"] {
        let (_pooler, port) = cluster.pooler(mode);
        for attempt in 1..=3 {
            let (code, said) = stress(&format!("postgres://me:x@127.0.0.1:{port}/seats"));
            // A newer one may keep prepared statements; then the test can be done through it.
            let tested = mode == "transaction" && said.contains("RESULT:");
            let named = code == Some(2) && said.contains("PgBouncer in transaction or statement mode");
            assert!(tested || named, "{mode}, attempt {attempt}: {said}");
        }
    }
    let (_pooler, port) = cluster.pooler("session");
    let (_, said) = stress(&format!("postgres://me:x@127.0.0.1:{port}/seats"));
    assert!(said.contains("RESULT:"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_the_encoding_does_not_have_is_the_callers_mistake() {
    let cluster = Cluster::start().await;
    cluster.sql("CREATE DATABASE latin OWNER me ENCODING 'LATIN1' TEMPLATE template0").await;
    let url = format!("postgres://me:x@127.0.0.1:{}/latin?application_name=loadtest", cluster.port);
    let server = Server::start(&["--sql-urls", &format!("{url},{url}"), "--connections", "4"]);
    let wish = |buyer: &str, seat: &str| json!({ "backend": "dsql", "seat": seat, "buyer": buyer });
    let refused = server.api.post("/api/purchase", &wish("Łukasz", "A1")).await;
    assert_eq!(refused.status, 400, "{}", refused.error());
    assert!(refused.error().contains("'Łukasz'") && refused.error().contains("22P05"), "{}", refused.error());
    let refused = server.api.get("/api/tickets?backend=dsql&buyer=%C5%81ukasz").await;
    assert!(refused.status == 400 && refused.error().contains("22P05"), "{}", refused.error());
    for (buyer, seat) in [("Günther", "A1"), ("ada", "A2")] {
        assert_eq!(server.api.done("/api/purchase", &wish(buyer, seat)).await["outcome"], "confirmed");
    }
    let direct = cluster.connect("latin").await.unwrap();
    let named = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'loadtest'";
    assert!(direct.query_one(named, &[]).await.unwrap().get::<_, i64>(0) > 0, "application_name of the URL is used");
    server.stop();
}

#[test]
fn too_few_open_files_are_named_before_anything_is_connected() {
    let mut command = Command::new("sh");
    forget_settings(&mut command);
    let url = "postgres://me:x@127.0.0.1:1/seats";
    let script = format!("ulimit -n 100; exec \"$0\" stress --sql-urls {url},{url}");
    let done = command.args(["-c", &script, env!("CARGO_BIN_EXE_worldseat")]).output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(said.contains("open files") && said.contains("ulimit -n") && said.contains("--connections"), "{said}");
}

/// Somebody changed a stored run so that its stamps are out of order: no page and no call gives a verdict on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_run_that_contradicts_itself_has_no_verdict() {
    let cluster = Cluster::start().await;
    let url = format!("postgres://me:x@127.0.0.1:{}/seats", cluster.port);
    let server = Server::start(&["--sql-urls", &format!("{url},{url}"), "--connections", "4"]);
    let wish = json!({ "backend": "dsql", "concurrency": 4, "thinkMs": 20 });
    let run = server.api.done("/api/breakit", &wish).await["run"].as_str().unwrap().to_owned();
    let mut document = server.api.read(&format!("/run/{run}/run.json")).await;
    let read = &mut document["run"]["operations"][0]["reads"][0];
    *read = json!({"startUs": read["endUs"], "endUs": read["startUs"], "round": read["round"], "seen": read["seen"]});
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(document.to_string().as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let insert = "INSERT INTO runs (run, part, parts, floor, document) VALUES ('changed', 1, 1, 'main', $1)";
    cluster.connect("seats").await.unwrap().execute(insert, &[&packed]).await.unwrap();

    let page = server.api.get("/run/changed").await;
    assert_eq!(page.status, 500, "{}", page.what);
    assert!(page.text().contains("This run has no verdict."), "{}", page.text());
    assert!(page.text().contains("out of the order of its stamps"), "{}", page.text());
    assert!(!page.text().contains("Linearizable"), "{}", page.text());
    let events = server.api.get("/api/runs/changed/events").await;
    assert_eq!(events.status, 500, "{}", events.what);
    assert!(events.error().contains("contradicts itself"), "{}", events.error());
    assert_eq!(server.api.get("/run/changed/run.json").await.status, 200, "it can be taken home and looked at");
    server.stop();
}
