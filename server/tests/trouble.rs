//! PostgreSQL dies under the running server: what needs it says so and names it, everything else goes on.
#![cfg(target_os = "linux")]
// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Api, Server, check_report, deadline};
use rustix::process::{Signal, kill_process};
use serde_json::json;

#[tokio::test]
async fn without_postgresql_the_rest_goes_on() {
    let server = Server::start(&["--control"]);
    let api = &server.api;
    let wish = |backend: &str, seat: &str| json!({"backend": backend, "seat": seat, "buyer": "ada"});
    let ready = api.read("/readyz").await;
    assert_eq!((&ready["ready"], ready["databases"].as_object().unwrap().len()), (&json!(true), 3), "{ready}");
    for backend in ["dsql", "naive"] {
        assert_eq!(api.done("/api/purchase", &wish(backend, "A1")).await["outcome"], "confirmed");
    }
    // On a floor of its own: a reset of `main` need not wait until this burst has given up.
    let burst = json!({"backend": "dsql", "floor": "crowd", "seat": "B1", "concurrency": 20, "thinkMs": 2000});
    let postmaster = server.postmaster();
    let run = api.post("/api/bursts", &burst).await.json().unwrap()["run"].as_str().unwrap().to_owned();
    let mut events = api.watch(&run).await;
    assert_eq!(events.next().await.unwrap()["type"], "ready");

    // As a crash: every connection is cut, nothing is flushed. Unlike SIGKILL it leaves no shared memory behind.
    kill_process(postmaster, Signal::QUIT).unwrap();

    deadline("the database is noticed to be away", async {
        while api.get("/api/seats?backend=dsql").await.status == 200 {}
    })
    .await;
    let mut fates = Vec::new();
    while fates.len() < 20 {
        let event = events.next().await.unwrap();
        assert_eq!(event["type"], "fates", "{event}");
        fates.extend(event["fates"].as_array().unwrap().clone());
    }
    let in_trouble = fates.iter().filter(|fate| fate["o"] == "error" || fate["o"] == "unknown").count();
    assert!(in_trouble > 0, "{fates:?}");
    drop(events);

    for backend in ["dsql", "control"] {
        what_needs_it_names_it(api, backend).await;
    }
    health_says_which(api).await;
    the_rest_goes_on(api).await;
    pages_say_it(api).await;
    // And it ends in order, though a burst still waits for its ledger.
    server.stop();
}

async fn what_needs_it_names_it(api: &Api, backend: &str) {
    for path in ["seats?", "witness?", "witness?seat=A1&", "tickets?buyer=ada&"] {
        let answer = api.get(&format!("/api/{path}backend={backend}")).await;
        assert_eq!(answer.status, 503, "{}", answer.what);
        assert!(
            answer.error().starts_with("PostgreSQL (") && answer.error().contains("does not answer"),
            "{}",
            answer.error()
        );
    }
    let bodies = [
        ("purchase", json!({"backend": backend, "seat": "C1"})),
        ("breakit", json!({"backend": backend, "seat": "C1", "concurrency": 4})),
        ("reset", json!({"backend": backend, "seats": ["C1"]})),
    ];
    for (path, body) in &bodies {
        let answer = api.post(&format!("/api/{path}"), body).await;
        assert_eq!(answer.status, 503, "{}", answer.what);
        assert!(answer.error().starts_with("PostgreSQL ("), "{}", answer.error());
    }
    // A burst may have been accepted before anybody asked the database; then its story says it.
    let answer = api.post("/api/bursts", &json!({"backend": backend, "seat": "C1", "concurrency": 4})).await;
    let words = if answer.status == 202 {
        let told = api.watch(answer.json().unwrap()["run"].as_str().unwrap()).await.rest().await;
        assert_eq!((told.len(), &told[0]["type"]), (1, &json!("failed")), "{told:?}");
        told[0]["error"].as_str().unwrap().to_owned()
    } else {
        answer.error()
    };
    assert!(words.starts_with("PostgreSQL ("), "{words}");
    // What is wrong with the request is said all the same.
    assert_eq!(api.post("/api/purchase", &json!({"backend": backend, "seat": "ZZ99"})).await.status, 400);
}

async fn health_says_which(api: &Api) {
    assert_eq!(api.get("/healthz").await.text(), "ok\n", "the process is well");
    let answer = api.get("/readyz").await;
    let ready = answer.json().unwrap();
    assert_eq!((answer.status, &ready["ready"]), (503, &json!(false)), "{ready}");
    let databases = &ready["databases"];
    assert_eq!((&databases["dsql"]["ready"], &databases["naive"]["ready"]), (&json!(false), &json!(true)), "{ready}");
    assert!(databases["dsql"]["error"].as_str().unwrap().contains("(us-east-1) cannot be reached"), "{ready}");
}

async fn the_rest_goes_on(api: &Api) {
    assert_eq!(api.sold("naive", "main").await, ["A1"]);
    let bought = api.done("/api/purchase", &json!({"backend": "naive", "seat": "A2", "buyer": "ada"})).await;
    assert_eq!(bought["outcome"], "confirmed");
    let tickets = api.read("/api/tickets?backend=naive&buyer=ada").await;
    assert_eq!(tickets["tickets"].as_array().unwrap().len(), 2);
    // The runs are kept in PostgreSQL: this one is shown as long as the server lives, and says so.
    let report = api.done("/api/breakit", &json!({"backend": "naive", "seat": "B1", "concurrency": 20})).await;
    check_report(&report);
    let run = report["run"].as_str().unwrap();
    let not_stored = async { while api.watch(run).await.rest().await.last().unwrap()["stored"] != json!(false) {} };
    deadline("the run says that it is not stored", not_stored).await;
    assert_eq!(api.get(&format!("/run/{run}")).await.status, 200);
    assert_eq!(api.done("/api/reset", &json!({"backend": "naive"})).await["reset"], 96);
    assert_eq!(api.read("/api/witness?backend=naive").await["doubleSells"], 0);
    assert_eq!(api.get("/api/runs/nosuchrun/events").await.status, 503, "whether there is such a run cannot be known");
}

async fn pages_say_it(api: &Api) {
    for path in ["/", "/?backend=dsql", "/proof"] {
        let page = api.get(path).await;
        assert_eq!(page.status, 503, "{path}");
        assert!(
            page.text().contains("PostgreSQL (stand-in for Aurora DSQL) does not answer"),
            "{path}: {}",
            page.text()
        );
    }
    let page = api.get("/?backend=naive").await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("does not answer"), "{}", page.text());
}
