//! A client of the original WorldSeat works unchanged: every recorded request gets the recorded status, and every field of
//! the recorded answer with the recorded type.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Api, Server, check_report, outcomes};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

#[tokio::test]
async fn the_original_s_clients_work_unchanged() {
    let server = Server::start(&[]);
    let mut problems = Vec::new();
    for call in recorded() {
        let (method, path) = call["request"].as_str().unwrap().split_once(' ').unwrap();
        let body = if call["body"].is_null() { String::new() } else { call["body"].to_string() };
        let answer = server.api.send(method, path, &[("content-type", "application/json")], body).await;
        let ours = answer.json().unwrap_or_else(|| panic!("{path}: {}", answer.text()));
        let place = format!("{method} {path} {}", call["body"]);
        if call["status"] != answer.status {
            problems.push(format!("{place}: {} became {}", call["status"], answer.status));
        }
        same_shape(&call["response"], &ours, &place, &mut problems);
        same_values(&call["response"], &ours, &place, &mut problems);
        check_meaning(path, &ours);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    server.stop();
}

#[tokio::test]
async fn a_purchase_is_in_the_ledger_and_what_is_left_out_has_its_default() {
    let server = Server::start(&["--control"]);
    let api = &server.api;
    for backend in ["dsql", "naive", "control"] {
        buys(api, backend).await;
    }
    let bought = api.done("/api/purchase", &json!({"seat": "C3"})).await;
    assert_eq!((&bought["backend"], &bought["region"]), (&json!("dsql"), &json!("us-east-1")));
    assert!(bought["buyer"].as_str().unwrap().starts_with("guest-"), "a made-up name: {bought}");
    let bought = api.done("/api/purchase", &json!({"seat": "C4", "region": "us-east-2", "buyer": "ada"})).await;
    assert_eq!((&bought["outcome"], &bought["region"]), (&json!("confirmed"), &json!("us-east-2")));

    let report = api.done("/api/breakit", &json!({})).await;
    check_report(&report);
    let numbers = ["seat", "concurrency", "thinkMs", "oversold"].map(|name| &report[name]);
    assert_eq!(numbers, [&json!("A1"), &json!(24), &json!(20), &json!(0)]);
    assert!(
        report["contenders"].as_u64() >= Some(2) && report["conflicts"].as_u64() >= Some(1),
        "they raced: {report}"
    );

    // Caught in at least 99 of 100 tries, so once in three.
    let mut report = Value::Null;
    for _ in 0..3 {
        report = api.done("/api/breakit", &json!({"backend": "control", "concurrency": 60})).await;
        check_report(&report);
        if report["oversold"] != 0 {
            break;
        }
    }
    assert!(report["oversold"].as_u64() >= Some(1), "the known-bad control is not caught: {report}");
    let witness = api.read("/api/witness?backend=control&seat=A1").await;
    assert_eq!((&witness["linearizable"], &witness["focus"]["oversold"]), (&json!(false), &report["oversold"]));
    assert_eq!(witness["violations"][0]["round"], witness["focus"]["round"]);
    server.stop();
}

#[tokio::test]
async fn the_most_buyers_of_a_burst_are_configured() {
    let server = Server::start(&["--buyers-max", "100"]);
    let breakit = |buyers: u32| json!({"backend": "dsql", "concurrency": buyers, "thinkMs": 0});
    for path in ["/api/breakit", "/api/bursts"] {
        let refusal = server.api.post(path, &breakit(101)).await;
        assert_eq!(refusal.status, 400);
        assert!(refusal.error().contains("from 2 to 100"), "{}", refusal.error());
    }
    check_report(&server.api.done("/api/breakit", &breakit(100)).await);
    server.stop();
}

/// The recorded calls, in the order in which they were made.
fn recorded() -> Vec<Value> {
    serde_json::from_str(include_str!("data/original-api-recorded.json")).unwrap()
}

/// Every field of `theirs` is in `ours`, with the same JSON type. Lists are recorded with their first entries and
/// "… 94 more"; each entry must have its like in ours, in any place.
fn same_shape(theirs: &Value, ours: &Value, place: &str, problems: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(fields)) => {
            for (name, theirs) in theirs {
                match fields.get(name) {
                    Some(ours) => same_shape(theirs, ours, &format!("{place} .{name}"), problems),
                    None => problems.push(format!("{place} .{name} is missing")),
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            let more = theirs.last().and_then(|last| last.as_str()?.strip_prefix("… ")?.strip_suffix(" more"));
            let shown = if more.is_some() { &theirs[..theirs.len() - 1] } else { &theirs[..] };
            let length = shown.len() + more.map_or(0, |more| more.parse::<usize>().unwrap());
            if ours.len() != length {
                problems.push(format!("{place}: {length} entries became {}", ours.len()));
            }
            for theirs in shown {
                let difference = |ours| {
                    let mut problems = Vec::new();
                    same_shape(theirs, ours, place, &mut problems);
                    problems
                };
                let differences: Vec<_> = ours.iter().map(difference).collect();
                if let Some(least) = differences.into_iter().min_by_key(Vec::len) {
                    problems.extend(least);
                }
            }
        }
        (Value::Number(theirs), Value::Number(ours)) if theirs.is_u64() == ours.is_u64() => {}
        (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) | (Value::Null, Value::Null) => {}
        _ => problems.push(format!("{place}: {theirs} became {ours}")),
    }
}

/// The fields whose value follows from the request and from the calls before it.
fn same_values(theirs: &Value, ours: &Value, place: &str, problems: &mut Vec<String>) {
    let certain =
        ["backend", "reset", "outcome", "region", "buyer", "seat", "concurrency", "regions", "linearizable", "error"];
    for name in certain {
        if theirs.get(name).is_some_and(|theirs| ours.get(name) != Some(theirs)) {
            problems.push(format!("{place} .{name}: {} became {}", theirs[name], ours[name]));
        }
    }
}

fn check_meaning(path: &str, ours: &Value) {
    let list = |name: &str| ours[name].as_array().unwrap();
    match path.split('?').next().unwrap() {
        "/api/seats" => {
            let seats: Vec<_> = list("seats").iter().map(|seat| seat["seat_id"].as_str().unwrap()).collect();
            let floor: Vec<_> = ('A'..='H').flat_map(|row| (1..=12).map(move |n| format!("{row}{n}"))).collect();
            assert_eq!(seats, floor, "floor order");
            assert!(list("seats").iter().all(|seat| seat["status"] == "available" && seat["region"].is_null()));
        }
        "/api/tickets" => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
            let ts = list("tickets")[0]["ts"].as_u64().unwrap();
            assert!(now.abs_diff(ts.into()) < 120_000, "ts is in milliseconds since 1970: {ts}");
        }
        "/api/breakit" => {
            check_report(ours);
            for told in outcomes(ours) {
                assert_eq!(told["outcome"] == "confirmed", told.get("ticketId").is_some(), "{told}");
                assert!(told["ms"].as_u64() <= ours["durationMs"].as_u64(), "{told}");
            }
        }
        "/api/witness" => {
            let sum: u64 = list("violations").iter().map(|v| v["confirmed"].as_u64().unwrap() - 1).sum();
            assert_eq!(ours["doubleSells"], sum);
            assert_eq!(ours["linearizable"], sum == 0);
            let word = match (ours["seatsChecked"].as_u64().unwrap(), sum) {
                (0, _) => "No sales recorded yet".to_owned(),
                (seats, 0) => format!("Sold once ✓ ({seats} seat{})", if seats == 1 { "" } else { "s" }),
                (_, sum) => format!("Violated ✗ ({sum} double-sell{})", if sum == 1 { "" } else { "s" }),
            };
            assert_eq!(ours["verdict"], word);
            if let Some(focus) = ours["focus"].as_object() {
                let n = |name: &str| focus[name].as_u64().unwrap();
                assert_eq!(n("oversold"), n("confirmed").saturating_sub(1));
                assert_eq!(n("hidden"), n("confirmed").saturating_sub(n("seatTableShows")));
            }
        }
        _ => {}
    }
}

async fn buys(api: &Api, backend: &str) {
    let empty = api.read(&format!("/api/witness?backend={backend}&seat=D4")).await;
    assert_eq!(empty["verdict"], "No sales recorded yet", "an empty history proves nothing");
    let bought = api.done("/api/purchase", &json!({"backend": backend, "seat": "D4", "buyer": "grace hopper"})).await;
    assert_eq!(bought["outcome"], "confirmed");
    let tickets = api.read(&format!("/api/tickets?backend={backend}&buyer=grace%20hopper")).await;
    assert_eq!(tickets["tickets"].as_array().unwrap().len(), 1);
    assert_eq!(tickets["tickets"][0]["ticketId"], bought["ticketId"]);
    let seats = api.read(&format!("/api/seats?backend={backend}")).await;
    let seat = seats["seats"].as_array().unwrap().iter().find(|seat| seat["seat_id"] == "D4").unwrap();
    assert_eq!((&seat["status"], &seat["owner"]), (&json!("sold"), &json!("grace hopper")));
    let witness = api.read(&format!("/api/witness?backend={backend}&seat=D4")).await;
    let focus = ["confirmed", "oversold", "seatTableShows", "hidden"].map(|name| &witness["focus"][name]);
    assert_eq!(focus, [&json!(1), &json!(0), &json!(1), &json!(0)]);
}
