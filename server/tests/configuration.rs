//! What a deployment is made of: settings from three places, a database of one's own, no foil, and what is refused in words.
#![cfg(target_os = "linux")]
// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Server, forget_settings, refused};
use serde_json::json;
use standins::{DATABASE, Postgres, PostgresOptions, REGIONS, RegionalEndpoint, USER};
use std::{fs, process::Command};

/// Runs `worldseat config` in a directory of its own: exit code, stdout, stderr.
fn config(file: &str, variables: &[(&str, &str)], flags: &[&str]) -> (Option<i32>, String, String) {
    let home = tempfile::tempdir().unwrap();
    if !file.is_empty() {
        fs::write(home.path().join("worldseat.toml"), file).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_worldseat"));
    forget_settings(&mut command);
    let command = command.arg("config").args(flags).envs(variables.iter().copied()).current_dir(home.path());
    let done = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.code(), text(done.stdout), text(done.stderr))
}

/// The line about one setting, its columns separated by single spaces.
fn line(shown: &str, name: &str) -> String {
    let line = shown.lines().find(|line| line.split_whitespace().next() == Some(name));
    line.unwrap_or_else(|| panic!("{name} in {shown}")).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let (code, shown, said) = config("", &[], &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(line(&shown, "connections"), "connections 64 default");
    assert_eq!(line(&shown, "addr"), "addr 127.0.0.1:3000 default");
    assert_eq!(line(&shown, "data"), "data – not set");
    assert_eq!(line(&shown, "product"), "product a stand-in for Aurora DSQL: PostgreSQL on this machine");

    let file = "connections = 8\nbuyers-max = 100\nlag_ms = [1, 2]\nno-foil = true\nrecord-key = 'secret'";
    let (code, shown, said) = config(file, &[("WORLDSEAT_CONNECTIONS", "9")], &["--buyers-max", "50"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(line(&shown, "connections"), "connections 9 the environment");
    assert_eq!(line(&shown, "buyers-max"), "buyers-max 50 the command line");
    assert_eq!(line(&shown, "lag-ms"), "lag-ms 1,2 worldseat.toml");
    assert_eq!(line(&shown, "record-key"), "record-key ••• worldseat.toml");
    assert_eq!(line(&shown, "foil"), "foil none");
    assert!(!shown.contains("secret"), "{shown}");

    let urls = "postgres://ada:secret@one/x,postgres://ada:secret@two/x";
    let (code, shown, _) = config("", &[("WORLDSEAT_SQL_URLS", urls)], &[]);
    assert_eq!(code, Some(0));
    assert!(line(&shown, "sql-urls").contains("postgres://ada:•••@one/x") && !shown.contains("secret"), "{shown}");
}

#[test]
fn a_file_with_a_mistake_is_named() {
    for (file, named) in [
        ("speed = 1", "worldseat.toml: 'speed' is not a setting"),
        ("connections = [", "worldseat.toml: "),
        ("connections = 'many'", "invalid value 'many' for '--connections"),
        ("dsql-endpoints = ['one']", "--dsql-endpoints (WORLDSEAT_DSQL_ENDPOINTS) takes two"),
    ] {
        let (code, _, said) = config(file, &[], &[]);
        assert_eq!(code, Some(2), "{file}: {said}");
        assert!(said.contains(named) && !said.contains("panicked"), "{file}: {said}");
    }
    let (code, _, said) = config("", &[], &["--config", "nowhere.toml"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("nowhere.toml cannot be read"), "{said}");
}

/// How the URL asks for a level, and how the server calls it.
const LEVELS: [(&str, &str); 2] = [
    ("?options=-c%20default_transaction_isolation%3Dread%5C%20committed", "READ COMMITTED"),
    ("?options=-c%20default_transaction_isolation%3Dserializable", "SERIALIZABLE"),
];

/// A PostgreSQL of somebody's own, and the URLs of its two places.
struct Own {
    postgres: Postgres,
    places: [RegionalEndpoint; 2],
}

impl Own {
    async fn start() -> Self {
        let postgres = Postgres::start(PostgresOptions::default()).await.unwrap();
        let socket = postgres.socket();
        let [first, second] = REGIONS.map(|region| RegionalEndpoint::start(region, &socket));
        let places = [first.await.unwrap(), second.await.unwrap()];
        Self { postgres, places }
    }

    fn urls(&self, user: &str, database: &str, query: &str) -> String {
        let url = |place: &RegionalEndpoint| format!("postgres://{user}@{}/{database}{query}", place.addr());
        self.places.each_ref().map(url).join(",")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_ones_own_is_tested_under_its_own_name_and_without_a_foil() {
    let own = Own::start().await;
    for (query, level) in LEVELS {
        let urls = own.urls(USER, DATABASE, query);
        let server = Server::start(&["--sql-urls", &urls, "--sql-regions", "here,there"]);
        let api = &server.api;
        let ready = api.read("/readyz").await;
        let engine = ready["databases"]["dsql"]["engine"].as_str().unwrap();
        assert!(engine.starts_with("database under test: PostgreSQL 1") && engine.contains(level), "{engine}");
        assert_eq!(ready["databases"].as_object().unwrap().len(), 1, "{ready}");

        let wish = json!({"backend": "dsql", "floor": level.replace(' ', "-"), "seat": "A1", "concurrency": 24, "thinkMs": 20});
        let report = api.done("/api/breakit", &wish).await;
        assert_eq!(report["regions"], json!(["here", "there"]));
        let oversold = report["oversold"].as_u64().unwrap();
        assert_eq!(oversold > 0, level == "READ COMMITTED", "{report}");

        for path in ["/api/seats?backend=naive", "/api/witness?backend=naive"] {
            let answer = api.get(path).await;
            let words = "This deployment has no backend 'naive': it has dsql.";
            assert_eq!((answer.status, answer.error().as_str()), (404, words));
        }
        let page = api.get("/").await.text();
        assert!(page.contains("Database under test") && page.contains(level), "{page}");
        assert!(!page.contains("<legend>Database</legend>") && !page.contains("foil"), "{page}");
        let proof = api.get("/proof").await;
        assert!(proof.status == 200 && proof.text().contains("no foil beside it"), "{}", proof.text());
        let run = api.get(&format!("/run/{}", report["run"].as_str().unwrap())).await.text();
        assert!(run.contains("database under test: PostgreSQL") && !run.contains("stand-in"), "{run}");
        assert!(!run.contains("Aurora") && !run.contains("Dynamo"), "{run}");
        server.stop();
    }
    own.postgres.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_foil_the_stand_in_sells_and_the_stress_test_passes() {
    let server = Server::start(&["--no-foil"]);
    let api = &server.api;
    let ready = api.read("/readyz").await;
    assert_eq!(ready["databases"].as_object().unwrap().keys().collect::<Vec<_>>(), ["dsql"], "{ready}");
    assert_eq!(api.get("/api/seats?backend=naive").await.status, 404);
    let url = format!("http://{}", api.host());
    let mut stress = Command::new(env!("CARGO_BIN_EXE_worldseat"));
    forget_settings(&mut stress);
    let stress = stress.args(["stress", &url, "--levels", "8", "--think", "20", "--record"]);
    let done = stress.output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success() && said.contains("RESULT: PASS"), "{said}");
    assert!(said.contains("nothing shows here that this test can tell a wrong database"), "{said}");
    let proof = api.get("/proof").await.text();
    assert!(proof.contains("PASS") && proof.contains("no foil beside it"), "{proof}");
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_used_is_refused_in_one_line_with_the_mend() {
    let own = Own::start().await;
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let good = own.urls(USER, DATABASE, "");
    let half = good.split(',').next().unwrap();
    for (urls, names) in [
        (format!("{half},postgres://x@{nobody}/x"), vec!["127.0.0.1", "(second)", "cannot be reached"]),
        (own.urls(USER, "nowhere", ""), vec!["(first)", "\"nowhere\" does not exist", "check the database's name"]),
        (own.urls("stranger", DATABASE, ""), vec!["(first)", "stranger", "check user and password"]),
        (own.urls(USER, "postgres", ""), vec!["user worldseat may not make", "permission denied", "GRANT CREATE"]),
        (own.urls(USER, DATABASE, "?sslmode=require"), vec!["(first)", "does not encrypt", "sslmode"]),
    ] {
        let refusal = refused(&["--addr", "127.0.0.1:0", "--sql-urls", &urls]);
        assert_eq!(refusal.status.code(), Some(1), "{}", refusal.said);
        let lines: Vec<&str> = refusal.said.lines().filter(|line| line.starts_with("worldseat: ")).collect();
        assert_eq!(lines.len(), 1, "{urls}: {}", refusal.said);
        assert!(lines[0].len() < 400, "{}", lines[0]);
        for name in names {
            assert!(lines[0].contains(name), "{urls}: no {name:?} in {}", lines[0]);
        }
        assert!(!refusal.said.contains("panicked"), "{}", refusal.said);
    }
    own.postgres.stop().await;
}

/// What cannot be right is refused before anything is started, and not with the code of what may be right tomorrow.
#[test]
fn settings_that_cannot_be_right_end_with_two() {
    for (flags, named) in [
        (["--sql-urls", "nonsense,nonsense"], "not a URL of PostgreSQL's protocol"),
        (["--dsql-endpoints", "one"], "takes two values"),
        (["--sql-root-cert", "nowhere.pem"], "--sql-root-cert"),
    ] {
        let refusal = refused(&[&["--addr", "127.0.0.1:0"][..], &flags].concat());
        assert_eq!(refusal.status.code(), Some(2), "{}", refusal.said);
        assert!(refusal.said.contains(named) && refusal.said.lines().count() == 1, "{}", refusal.said);
    }
}

/// The second URL leads to another database, where nothing that is written through the first is ever seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_databases_are_not_one() {
    let own = Own::start().await;
    own.postgres.create_database("another").await.unwrap();
    let [first, second] = [own.urls(USER, DATABASE, ""), own.urls(USER, "another", "")];
    let urls = format!("{},{}", first.split(',').next().unwrap(), second.split(',').nth(1).unwrap());
    let refusal = refused(&["--addr", "127.0.0.1:0", "--sql-urls", &urls]);
    assert_eq!(refusal.status.code(), Some(1), "{}", refusal.said);
    assert!(refusal.said.contains("are not one database"), "{}", refusal.said);
    own.postgres.stop().await;
}

/// Two levels in two places are both shown: no level is blamed for the other's work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_levels_are_both_shown() {
    let own = Own::start().await;
    let [lower, higher] = LEVELS.map(|(query, _)| own.urls(USER, DATABASE, query));
    let urls = format!("{},{}", higher.split(',').next().unwrap(), lower.split(',').nth(1).unwrap());
    let server = Server::start(&["--sql-urls", &urls]);
    let ready = server.api.read("/readyz").await;
    let engine = ready["databases"]["dsql"]["engine"].as_str().unwrap();
    assert!(engine.contains("SERIALIZABLE in one place, in the other READ COMMITTED"), "{engine}");
    server.stop();
    own.postgres.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_region_that_goes_away_is_named_by_readyz() {
    let own = Own::start().await;
    let server = Server::start(&["--sql-urls", &own.urls(USER, DATABASE, "")]);
    assert_eq!(server.api.get("/readyz").await.status, 200);
    own.places[1].set_down(true);
    let answer = server.api.get("/readyz").await;
    let told = answer.json().unwrap();
    let error = told["databases"]["dsql"]["error"].as_str().unwrap();
    assert_eq!(answer.status, 503);
    assert!(error.contains("(second)") && error.contains("the database under test is not available"), "{error}");
    own.places[1].set_down(false);
    assert_eq!(server.api.get("/readyz").await.status, 200);
    server.stop();
    own.postgres.stop().await;
}
