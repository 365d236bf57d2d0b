//! More visitors than connections: every page and route answers each of them, and none keeps the others waiting.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Server, deadline};
use serde_json::json;
use std::collections::BTreeSet;
use tokio::task::JoinSet;

/// Clients that ask at the same time.
const CLIENTS: usize = 64;
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// Every route: its pattern in the router, and a request to it. `{seat}` is another seat for each client.
const ROUTES: &[(&str, &str, &str, &str)] = &[
    ("/", "/?floor=crowd", "", ""),
    ("/", "/?backend=naive&floor=crowd", "", ""),
    ("/proof", "/proof", "", ""),
    ("/run/:id", "/run/{run}", "", ""),
    ("/run/{id}/{file}", "/run/{run}/run.json", "", ""),
    ("/run/{id}/{file}", "/run/{run}/porcupine.json", "", ""),
    ("/api/seats", "/api/seats?floor=crowd", "", ""),
    ("/api/witness", "/api/witness?floor=crowd&seat=A1", "", ""),
    ("/api/witness", "/api/witness?floor=crowd&backend=naive", "", ""),
    ("/api/tickets", "/api/tickets?floor=crowd&buyer=ada", "", ""),
    ("/api/runs/{run}/events", "/api/runs/{run}/events", "", ""),
    ("/api/stress", "/api/stress", "", ""),
    ("/api/stress/{test}", "/api/stress/{test}", "", ""),
    ("/healthz", "/healthz", "", ""),
    ("/readyz", "/readyz", "", ""),
    ("/api/purchase", "/api/purchase", JSON, r#"{"floor": "crowd", "seat": "{seat}", "buyer": "ada"}"#),
    ("/api/bursts", "/api/bursts", JSON, r#"{"floor": "crowd", "seat": "{seat}", "concurrency": 2, "thinkMs": 0}"#),
    ("/api/breakit", "/api/breakit", JSON, r#"{"floor": "crowd", "seat": "{seat}", "concurrency": 2, "thinkMs": 0}"#),
    ("/api/reset", "/api/reset", JSON, r#"{"floor": "crowd-{seat}"}"#),
    ("/api/stress", "/api/stress", JSON, "{}"),
    ("/do/buy", "/do/buy", FORM, "backend=dsql&floor=crowd-{seat}&seat=A1&buyer=ada"),
    ("/do/break", "/do/break", FORM, "backend=dsql&floor=crowd-{seat}&seat=A2&buyers=2&think_ms=0"),
    ("/do/reset", "/do/reset", FORM, "backend=dsql&floor=crowd-{seat}&buyer=ada"),
    ("/do/floor", "/do/floor", FORM, "backend=dsql&floor=crowd&buyer=ada"),
];

#[tokio::test]
async fn a_pool_of_two_connections_serves_sixty_four_clients_on_every_route() {
    let server = Server::start(&["--site-connections", "2"]);
    let api = &server.api;
    let burst = json!({"floor": "crowd", "seat": "H1", "concurrency": 20});
    let run = api.done("/api/breakit", &burst).await["run"].as_str().unwrap().to_owned();
    let test = api.post("/api/stress", &json!({})).await.json().unwrap()["id"].as_str().unwrap().to_owned();
    for (_, path, media, body) in ROUTES {
        let path = path.replace("{run}", &run).replace("{test}", &test);
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let (api, path, media) = (api.clone(), path.clone(), (*media).to_owned());
            let row = char::from(b'A' + u8::try_from(client / 12).unwrap());
            let body = body.replace("{seat}", &format!("{row}{}", client % 12 + 1));
            clients.spawn(async move {
                let answer = match media.as_str() {
                    "" => api.get(&path).await,
                    media => api.send("POST", &path, &[("content-type", media)], body).await,
                };
                assert!(
                    answer.status < 400 || names_the_wait(&answer.text(), answer.status),
                    "{}: {} {}",
                    answer.what,
                    answer.status,
                    answer.text()
                );
            });
        }
        let meanwhile =
            deadline(&format!("/api/seats beside {CLIENTS} clients on {path}"), api.get("/api/seats")).await;
        assert!(
            meanwhile.status == 200 || names_the_wait(&meanwhile.text(), meanwhile.status),
            "{path}: {}",
            meanwhile.text()
        );
        while let Some(client) = clients.join_next().await {
            client.unwrap();
        }
    }
    server.stop();
}

/// Whether a refusal says which connections are in use, or which queue is full.
fn names_the_wait(text: &str, status: u16) -> bool {
    status == 503 && (text.contains("All connections to ") || text.contains(" is busy: too many bursts"))
}

#[test]
fn every_route_is_asked() {
    let asked: BTreeSet<&str> = ROUTES.iter().map(|(pattern, ..)| *pattern).collect();
    let api = include_str!("../src/api/mod.rs").split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let there: BTreeSet<&str> =
        api.filter(|route| !route.starts_with("/api/{*") && *route != "/api" && *route != "/api/").collect();
    assert!(there.len() > 10, "the routes are found in the source: {there:?}");
    let missing: Vec<_> = there.difference(&asked).collect();
    assert!(missing.is_empty(), "add these routes to the table: {missing:?}");
}
