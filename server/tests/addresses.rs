//! Addresses: which site a request is for, which machine it is from, and what the log says of it.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Api, Server};
use serde_json::json;

#[tokio::test]
async fn an_origin_with_a_default_port_left_out_is_the_same_site() {
    let server = Server::start(&["--no-foil"]);
    let table = [
        ("ws.example:443", "https://ws.example", 200),
        ("ws.example", "https://ws.example:443", 200),
        ("ws.example:80", "http://ws.example", 200),
        ("ws.example:8443", "https://ws.example", 403),
        ("ws.example", "https://other.example", 403),
    ];
    for (n, (host, origin, status)) in table.into_iter().enumerate() {
        assert_eq!(buys(&server.api, n, &[("host", host), ("origin", origin)]).await, status, "{origin} at {host}");
    }
    // Loopback is a trusted proxy unless it is said otherwise.
    let proxied = [("host", "backend:3000"), ("x-forwarded-host", "ws.example"), ("x-forwarded-proto", "https")];
    let page = server.api.send("GET", "/", &proxied, "").await;
    let cookies: Vec<_> = page.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    assert!(!cookies.is_empty() && cookies.iter().all(|cookie| cookie.ends_with("; Secure")), "{cookies:?}");
    let mut own = proxied.to_vec();
    own.push(("origin", "https://ws.example"));
    assert_eq!(buys(&server.api, 6, &own).await, 200);
    // A name that resolves to loopback, as in a rebinding attack, is not this machine.
    let foreign = [("host", "rebound.example:3000"), ("content-type", "application/json")];
    assert_eq!(server.api.send("POST", "/api/stress", &foreign, "{}").await.status, 403);
    assert_eq!(server.api.send("POST", "/api/stress", &foreign[1..], "{}").await.status, 201);
    server.stop();
}

#[tokio::test]
async fn a_public_url_names_the_site_and_an_untrusted_proxy_does_not() {
    let server =
        Server::start(&["--no-foil", "--public-url", "https://seats.example", "--trusted-proxies", "192.0.2.1"]);
    let own = [("host", "backend.internal:3000"), ("origin", "https://seats.example")];
    assert_eq!(buys(&server.api, 0, &own).await, 200);
    let foreign = [("host", "backend.internal:3000"), ("origin", "https://other.example")];
    assert_eq!(buys(&server.api, 1, &foreign).await, 403);
    let forged = [("origin", "https://other.example"), ("x-forwarded-host", "other.example")];
    assert_eq!(buys(&server.api, 2, &forged).await, 403);
    server.stop();
}

#[tokio::test]
async fn a_burst_and_a_refused_request_can_be_followed_in_the_log() {
    let server = Server::start(&["--no-foil"]);
    let burst = json!({"concurrency": 8}).to_string();
    let given = [("x-request-id", "from-a-proxy.1"), ("content-type", "application/json")];
    let answer = server.api.send("POST", "/api/breakit", &given, burst).await;
    assert_eq!(answer.header("x-request-id"), "from-a-proxy.1");
    let run = answer.ok()["run"].as_str().unwrap().to_owned();
    let refused = server.api.send("GET", "/api/seats?backend=oracle", &[("x-request-id", "no good")], "").await;
    assert_eq!(refused.status, 400);
    let id = refused.header("x-request-id").to_owned();
    assert!(id.len() == 16 && id != server.api.get("/healthz").await.header("x-request-id"), "{id}");
    let said = server.said();
    let line = |what: &str| said.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {said}"));
    line("started");
    let burst = line("burst ended");
    assert!(burst.contains(&run) && burst.contains("from-a-proxy.1") && burst.contains("buyers=8"), "{burst}");
    let refusal = line(&id);
    assert!(
        refusal.contains("status=400") && refusal.contains("/api/seats") && refusal.contains("oracle"),
        "{refusal}"
    );
    server.stop();
}

/// The status of a purchase of the seat with this number.
async fn buys(api: &Api, seat: usize, headers: &[(&str, &str)]) -> u16 {
    let body = json!({"seat": format!("C{}", seat + 1), "buyer": "ada"}).to_string();
    api.send("POST", "/api/purchase", headers, body).await.status
}
