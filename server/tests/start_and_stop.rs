//! What is kept from one start to the next, and what a server says that cannot start.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Server, check_report, refused};
use serde_json::{Value, json};
use std::{fs::Permissions, net::TcpListener, os::unix::fs::PermissionsExt};

#[tokio::test]
async fn kept_data_are_there_after_a_restart_and_belong_to_one_server() {
    let kept = kept();
    let directory = kept.path().join("data");
    let options = ["--data", directory.to_str().unwrap()];

    let server = Server::start(&options);
    let mut runs = Vec::new();
    for backend in ["dsql", "naive"] {
        let wish = json!({"backend": backend, "floor": "kept", "seat": "B2", "buyer": "ada"});
        assert_eq!(server.api.done("/api/purchase", &wish).await["outcome"], "confirmed");
        let report =
            server.api.done("/api/breakit", &json!({"backend": backend, "floor": "kept", "concurrency": 10})).await;
        check_report(&report);
        runs.push((report["run"].as_str().unwrap().to_owned(), report));
    }
    let before = state(&server).await;

    let second = refused(&[&["--addr", "127.0.0.1:0"][..], &options].concat());
    assert!(!second.status.success());
    assert!(second.said.contains("in use by another process"), "{}", second.said);
    assert!(second.said.contains(directory.to_str().unwrap()), "{}", second.said);
    assert_eq!(state(&server).await, before, "the first goes on");
    server.stop();

    let server = Server::start(&options);
    assert_eq!(state(&server).await, before);
    for (run, report) in runs {
        let told = server.api.watch(&run).await.rest().await;
        let kinds: Vec<_> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["ready", "fates", "report"], "a run that ended long ago is told as one that is watched");
        for number in ["confirmed", "oversold", "appBelieved", "rejected", "contenders", "durationMs"] {
            assert_eq!(told[2]["scoreboard"][number], report[number], "{run} {number}");
        }
        assert_eq!(server.api.get(&format!("/run/{run}")).await.status, 200);
    }
    let wish = json!({"backend": "dsql", "floor": "kept", "seat": "B2", "buyer": "bob"});
    assert_eq!(server.api.done("/api/purchase", &wish).await["outcome"], "rejected", "sold is sold");
    server.stop();
    assert!(directory.join("postgres").is_dir(), "the data stay");
}

/// Killed outright while sixty buyers think: what was sold is in the ledger, and the run is not lost.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_killed_in_the_middle_of_a_burst_leaves_an_unfinished_run() {
    let kept = kept();
    let directory = kept.path().join("data");
    let options = ["--data", directory.to_str().unwrap()];
    let server = Server::start(&options);
    let wish = json!({"backend": "dsql", "floor": "cut", "seat": "B2", "concurrency": 60, "thinkMs": 2000});
    let run = server.api.post("/api/bursts", &wish).await.json().unwrap()["run"].as_str().unwrap().to_owned();
    let mut events = server.api.watch(&run).await;
    assert_eq!(events.next().await.unwrap()["type"], "ready");
    server.kill();

    let server = Server::start(&options);
    let page = server.api.get(&format!("/run/{run}")).await;
    assert_eq!(page.status, 404);
    assert!(page.text().contains("This run was not finished."), "{}", page.text());
    let answer = server.api.get(&format!("/run/{run}/run.json")).await;
    assert!(answer.error().contains(&format!("Run {run} was begun with 60 buyers at seat B2")), "{}", answer.error());
    let witness = server.api.read("/api/witness?backend=dsql&floor=cut&seat=B2").await;
    assert_eq!(witness["doubleSells"], 0, "{witness}");
    // And the seat can be broken again.
    let report = server.api.done("/api/breakit", &json!({"backend": "dsql", "floor": "cut", "seat": "B2"})).await;
    check_report(&report);
    server.stop();
}

/// A run whose answer was given is stored, though the server is asked to stop in that moment.
#[tokio::test]
async fn a_run_that_was_answered_is_there_after_a_stop_at_once() {
    let kept = kept();
    let directory = kept.path().join("data");
    let options = ["--data", directory.to_str().unwrap()];
    for (floor, backend) in [("one", "naive"), ("two", "dsql"), ("three", "naive")] {
        let server = Server::start(&options);
        let wish = json!({"backend": backend, "floor": floor, "concurrency": 1_000, "thinkMs": 0});
        let run = server.api.done("/api/breakit", &wish).await["run"].as_str().unwrap().to_owned();
        server.stop();
        let server = Server::start(&options);
        assert_eq!(server.api.get(&format!("/run/{run}")).await.status, 200, "{backend}");
        server.stop();
    }
}

/// Whoever watches a run is let go when the server is asked to stop: the stream ends, it does not break.
#[tokio::test]
async fn a_server_that_stops_ends_the_streams_of_its_runs() {
    let server = Server::start(&[]);
    let wish = json!({"backend": "dsql", "floor": "stops", "seat": "B2", "concurrency": 60, "thinkMs": 2000});
    let run = server.api.post("/api/bursts", &wish).await.json().unwrap()["run"].as_str().unwrap().to_owned();
    let mut events = server.api.watch(&run).await;
    assert_eq!(events.next().await.unwrap()["type"], "ready");
    let stop = tokio::task::spawn_blocking(|| server.stop());
    let rest = events.rest().await;
    assert!(rest.iter().all(|event| event["type"] != "report"), "{rest:?}");
    stop.await.unwrap();
}

#[tokio::test]
async fn what_cannot_start_says_so_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refusal = refused(&["--addr", &address]);
    assert!(!refusal.status.success());
    assert_eq!(refusal.said.lines().count(), 1, "{}", refusal.said);
    assert!(refusal.said.contains(&address) && refusal.said.contains("choose another --addr"), "{}", refusal.said);

    let theirs = tempfile::tempdir().unwrap();
    std::fs::write(theirs.path().join("thesis.txt"), "not ours").unwrap();
    let refusal = refused(&["--addr", "127.0.0.1:0", "--data", theirs.path().to_str().unwrap()]);
    assert!(!refusal.status.success());
    assert!(refusal.said.contains("was not made by WorldSeat"), "{}", refusal.said);
    assert_eq!(std::fs::read_dir(theirs.path()).unwrap().count(), 1);

    for wrong in [["--buyers-max", "1"], ["--buyers-max", "10001"], ["--addr", "nowhere"], ["--connections", "0"]] {
        let refusal = refused(&wrong);
        assert!(!refusal.status.success());
        assert!(refusal.said.contains(wrong[0]) && refusal.said.contains(wrong[1]), "{}", refusal.said);
    }
}

/// Where data are kept from one start to the next. Root's PostgreSQL runs as somebody else, who must get in.
fn kept() -> tempfile::TempDir {
    let kept = tempfile::tempdir().unwrap();
    std::fs::set_permissions(kept.path(), Permissions::from_mode(0o755)).unwrap();
    kept
}

/// What a client can read of the floor, but for whom the foil shows in the seat that was fought for: until its regions
/// have converged, that may change.
async fn state(server: &Server) -> Vec<Value> {
    let mut all = Vec::new();
    for backend in ["dsql", "naive"] {
        for path in ["seats?", "witness?seat=A1&", "tickets?buyer=ada&"] {
            let mut answer = server.api.read(&format!("/api/{path}backend={backend}&floor=kept")).await;
            if let (Some(seats), "naive") = (answer["seats"].as_array_mut(), backend) {
                let fought_for = seats.iter_mut().find(|seat| seat["seat_id"] == "A1").unwrap();
                (fought_for["owner"], fought_for["region"]) = (Value::Null, Value::Null);
            }
            all.push(answer);
        }
    }
    all
}
