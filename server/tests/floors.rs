//! Floors do not touch each other, and only who names a floor reaches it.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Api, Server, check_report};
use serde_json::json;

#[tokio::test]
async fn floors() {
    let server = Server::start(&[]);
    for backend in ["dsql", "naive"] {
        two_floors_do_not_see_each_other(&server.api, backend).await;
        left_out_means_main_whatever_the_cookies_say(&server.api, backend).await;
        a_run_names_no_floor(&server.api, backend).await;
    }
    nobody_sees_a_floor_half_reset(&server.api).await;
    server.stop();
}

async fn two_floors_do_not_see_each_other(api: &Api, backend: &str) {
    for (floor, seat) in [("one", "A1"), ("one", "A2"), ("two", "A1")] {
        let wish = json!({"backend": backend, "floor": floor, "seat": seat, "buyer": "ada"});
        assert_eq!(api.done("/api/purchase", &wish).await["outcome"], "confirmed", "{backend} {floor} {seat}");
    }
    let tickets = async |floor: &str| {
        let answer = api.read(&format!("/api/tickets?backend={backend}&buyer=ada&floor={floor}")).await;
        answer["tickets"].as_array().unwrap().len()
    };
    let checked = async |floor: &str| {
        let answer = api.read(&format!("/api/witness?backend={backend}&floor={floor}")).await;
        answer["seatsChecked"].as_u64().unwrap()
    };
    assert_eq!((tickets("one").await, tickets("two").await, tickets("three").await), (2, 1, 0));
    assert_eq!((checked("one").await, checked("two").await, checked("three").await), (2, 1, 0));

    check_report(&api.done("/api/breakit", &json!({"backend": backend, "floor": "two", "seat": "A2"})).await);
    api.done("/api/reset", &json!({"backend": backend, "floor": "two"})).await;
    assert_eq!(api.sold(backend, "one").await, ["A1", "A2"]);
    assert_eq!(api.sold(backend, "two").await, Vec::<String>::new());
    assert_eq!((checked("one").await, checked("two").await), (2, 0), "judged is what came since the floor's own reset");
    assert_eq!(tickets("two").await, 1, "a ticket outlives a reset");
}

async fn left_out_means_main_whatever_the_cookies_say(api: &Api, backend: &str) {
    let cookies = [("cookie", "worldseat_floor=one; worldseat_buyer=guest-7k2m9q3x")];
    let wish = json!({"backend": backend, "seat": "H12", "buyer": "grace"}).to_string();
    assert_eq!(api.send("POST", "/api/purchase", &cookies, wish).await.ok()["outcome"], "confirmed");
    assert_eq!(api.sold(backend, "main").await, ["H12"]);
    assert_eq!(api.sold(backend, "one").await, ["A1", "A2"]);
    for path in ["seats?", "witness?", "tickets?buyer=grace&"] {
        let plain = api.read(&format!("/api/{path}backend={backend}")).await;
        let with_cookies = api.send("GET", &format!("/api/{path}backend={backend}"), &cookies, "").await;
        assert!(with_cookies.headers.get("set-cookie").is_none());
        assert_eq!(with_cookies.ok(), plain);
        assert_eq!(api.read(&format!("/api/{path}backend={backend}&floor=main")).await, plain);
    }
}

/// The link to a floor is the right to write on it; a run is there to be shown to others.
async fn a_run_names_no_floor(api: &Api, backend: &str) {
    let floor = "secret5b0q7x9k2m4n6p8r";
    let report = api.done("/api/breakit", &json!({"backend": backend, "floor": floor, "concurrency": 4})).await;
    check_report(&report);
    let run = report["run"].as_str().unwrap();
    let told = api.watch(run).await.rest().await;
    let page = api.get(&format!("/run/{run}")).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains(run) && page.text().contains("A1"));
    for shown in [report.to_string(), json!(told).to_string(), page.text()] {
        assert!(!shown.contains(floor), "{shown}");
    }
}

/// Readers see a reset whole or not at all.
async fn nobody_sees_a_floor_half_reset(api: &Api) {
    let seats: Vec<String> = (1..=12).map(|n| format!("C{n}")).collect();
    for _ in 0..5 {
        for seat in &seats {
            let wish = json!({"backend": "dsql", "floor": "whole", "seat": seat, "buyer": "ada"});
            assert_eq!(api.done("/api/purchase", &wish).await["outcome"], "confirmed");
        }
        let wish = json!({"backend": "dsql", "floor": "whole"});
        let resets = async { futures::join!(api.done("/api/reset", &wish), api.done("/api/reset", &wish)) };
        let mut resets = std::pin::pin!(resets);
        let mut seen = Vec::new();
        loop {
            tokio::select! {
                biased;
                (first, second) = &mut resets => {
                    assert_eq!((&first["reset"], &second["reset"]), (&json!(96), &json!(96)));
                    break;
                }
                sold = api.sold("dsql", "whole") => seen.push(sold.len()),
            }
        }
        seen.push(api.sold("dsql", "whole").await.len());
        assert!(seen.iter().all(|sold| [0, 12].contains(sold)) && seen.is_sorted_by(|a, b| a >= b), "{seen:?}");
        assert_eq!(seen.last(), Some(&0));
    }
}

#[tokio::test]
async fn a_browser_without_cookies_sees_its_ticket_and_is_told() {
    const TOLD: &str = "This browser keeps no cookie.";
    let server = Server::start(&["--no-foil"]);
    let encoding = ("content-type", "application/x-www-form-urlencoded");
    let (plain, script) = ([encoding, ("accept", "text/html")], [encoding, ("accept", "application/json")]);
    let form = "backend=dsql&floor=nocookie&seat=B2&buyer=guest-7k2m9q3x";
    let bought = server.api.send("POST", "/do/buy", &plain, form).await;
    assert_eq!(bought.status, 302, "{}", bought.text());
    let location = bought.header("location").to_owned();
    let page = server.api.get(&location).await.text();
    assert!(page.contains("Seat B2 is yours.") && page.contains(TOLD), "{location}: {page}");
    let floor = server.api.send("POST", "/do/floor", &script, form).await.ok();
    assert!(floor["stubs"].as_str().unwrap().contains(TOLD), "{floor}");
    let reset = server.api.send("POST", "/do/reset", &plain, form).await;
    let page = server.api.get(reset.header("location")).await.text();
    assert!(page.contains("an earlier sale of this chair") && page.contains(TOLD), "{page}");

    // With a cookie nothing is said, and the address makes nobody else of the visitor.
    let cookie = ("cookie", "worldseat_floor=other; worldseat_buyer=guest-aaaaaaaa");
    let page = server.api.send("GET", &location, &[cookie], "").await.text();
    assert!(!page.contains(TOLD) && !page.contains("Seat B2 is yours."), "{page}");
    let known = [script[0], script[1], cookie];
    let floor = server.api.send("POST", "/do/floor", &known, form).await.ok();
    assert!(!floor["stubs"].as_str().unwrap().contains(TOLD), "{floor}");
    // Whatever is no name of the server's own making is nobody.
    let page = server.api.get(&location.replace("guest-7k2m9q3x", "%3Cb%3EAda")).await.text();
    assert!(!page.contains(TOLD) && !page.contains("<b>Ada"), "{page}");
    server.stop();
}
