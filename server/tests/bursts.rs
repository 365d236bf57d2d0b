//! Bursts: watched as they happen, many at once, and always with a right report.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Api, Server, check_report, deadline};
use futures::future::{join, join_all};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

#[tokio::test]
async fn a_burst_is_watched_from_beginning_to_end() {
    let server = Server::start(&["--control"]);
    for backend in ["dsql", "naive", "control"] {
        every_buyer_is_told_once(&server.api, backend).await;
    }
    nobody_needs_to_watch(&server.api).await;
    a_purchase_outlives_a_burst_on_its_seat(&server.api).await;
    a_purchase_may_come_between(&server.api).await;
    a_reset_waits_its_turn(&server.api).await;
    at_most_eight_wait(&server.api).await;
    server.stop();
}

#[tokio::test]
async fn forty_pairs_of_bursts_get_eighty_right_reports() {
    let server = Server::start(&[]);
    let api = &server.api;
    let running = AtomicBool::new(true);
    let bursts = async {
        let mut runs = BTreeSet::new();
        for _ in 0..40 {
            for report in pair(api, "dsql", 30).await {
                assert_eq!((&report["confirmed"], &report["oversold"]), (&json!(1), &json!(0)), "{report}");
                assert_eq!(
                    (&report["errors"], &report["unknown"], &report["others"]),
                    (&json!(0), &json!(0), &json!(0)),
                    "{report}"
                );
                assert_eq!(report["witness"], "Linearizable ✓", "{report}");
                runs.insert(report["run"].as_str().unwrap().to_owned());
            }
        }
        assert_eq!(runs.len(), 80);
        for _ in 0..4 {
            for report in pair(api, "naive", 30).await {
                assert!(report["confirmed"].as_u64() >= Some(1) && report["others"] == 0, "{report}");
                assert_eq!(report["confirmed"], report["appBelieved"], "{report}");
                runs.insert(report["run"].as_str().unwrap().to_owned());
            }
        }
        assert_eq!(runs.len(), 88);
        seats_side_by_side(api).await;
        running.store(false, Ordering::Relaxed);
    };
    let readers = async {
        let mut read = 0;
        while running.load(Ordering::Relaxed) {
            for backend in ["dsql", "naive"] {
                // Checks that all 96 are there.
                assert!(api.sold(backend, "main").await.len() <= 9);
            }
            read += 1;
        }
        assert!(read > 10);
    };
    join(bursts, readers).await;
    let witness = api.read("/api/witness?backend=dsql&seat=A1").await;
    let seats = witness["seatsChecked"].as_u64().unwrap();
    let verdict = format!("Sold once ✓ ({seats} seat{})", if seats == 1 { "" } else { "s" });
    assert_eq!((&witness["doubleSells"], &witness["verdict"]), (&json!(0), &json!(verdict)));
    let all_stored = async {
        // A run is stored after its verdict is told.
        while judged(api, "dsql").await["judged"] != 88 || judged(api, "naive").await["judged"] != 8 {}
    };
    deadline("every burst is stored and counted", all_stored).await;
    let bursts = judged(api, "dsql").await;
    assert!(bursts["linearizable"].as_u64() >= Some(80) && bursts["violated"] == 0, "{bursts}");
    server.stop();
}

/// Two bursts at one seat of `main`, started at the same time.
/// How the floor's stored bursts were judged.
async fn judged(api: &Api, backend: &str) -> Value {
    api.read(&format!("/api/witness?backend={backend}")).await["bursts"].clone()
}

/// As a browser's `EventSource` does: it names the last event it has seen, and stops at 204.
async fn a_watcher_comes_back(api: &Api) {
    let run = start(api, &json!({"backend": "dsql", "seat": "B3", "concurrency": 20, "thinkMs": 300})).await;
    let mut events = api.watch(&run).await;
    let mut told = vec![events.next().await.unwrap()];
    assert_eq!(events.last_id, "0");
    told.push(events.next().await.unwrap());
    let seen = events.last_id.clone();
    drop(events);
    let mut again = api.watch_again(&run, &[("last-event-id", &seen)]).await;
    while let Some(event) = again.next().await {
        told.push(event);
    }
    assert_eq!(again.last_id, "end");
    // Every answer once, whether it was told before the connection was lost or after.
    check_story(&told, 20);
    let path = format!("/api/runs/{run}/events");
    assert_eq!(api.send("GET", &path, &[("last-event-id", "end")], "").await.status, 204);
    check_story(&api.watch_again(&run, &[("last-event-id", "not ours")]).await.rest().await, 20);
}

async fn pair(api: &Api, backend: &str, buyers: u32) -> [Value; 2] {
    let wish = json!({"backend": backend, "seat": "A1", "concurrency": buyers});
    let (first, second) = join(api.done("/api/breakit", &wish), api.done("/api/breakit", &wish)).await;
    check_report(&first);
    check_report(&second);
    [first, second]
}

async fn seats_side_by_side(api: &Api) {
    let wishes: Vec<Value> =
        ('A'..='H').map(|row| json!({"backend": "dsql", "seat": format!("{row}2"), "concurrency": 10})).collect();
    let reports = join_all(wishes.iter().map(|wish| api.done("/api/breakit", wish))).await;
    for (wish, report) in wishes.iter().zip(&reports) {
        check_report(report);
        assert_eq!((&report["seat"], &report["confirmed"]), (&wish["seat"], &json!(1)));
    }
}

async fn start(api: &Api, wish: &Value) -> String {
    let answer = api.post("/api/bursts", wish).await;
    let json = answer.json().unwrap();
    assert_eq!(answer.status, 202, "{json}");
    assert!(json["ahead"].is_u64(), "{json}");
    let run = json["run"].as_str().unwrap();
    assert_eq!(json["events"], format!("/api/runs/{run}/events"));
    run.to_owned()
}

/// The stream is one Ready, everybody's fate once, one Report, and then its end. Returns the report.
fn check_story(told: &[Value], buyers: usize) -> &Value {
    let kinds: Vec<_> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let [first, middle @ .., last] = &kinds[..] else { panic!("{kinds:?}") };
    assert_eq!((*first, *last), ("ready", "report"), "{kinds:?}");
    assert!(middle.iter().all(|kind| *kind == "fates"), "{kinds:?}");
    let mut fates: Vec<_> = told.iter().filter_map(|event| event["fates"].as_array()).flatten().collect();
    // The report repeats them all, in the plan's order.
    let repeated = fates.split_off(fates.len() - buyers);
    fates.sort_by_key(|fate| fate["i"].as_u64());
    assert_eq!(
        fates.iter().map(|fate| fate["i"].as_u64().unwrap()).collect::<Vec<_>>(),
        (0..buyers as u64).collect::<Vec<_>>()
    );
    assert_eq!(fates, repeated);
    let report = told.last().unwrap();
    let confirmed = fates.iter().filter(|fate| fate["o"] == "confirmed").count();
    assert_eq!(report["scoreboard"]["appBelieved"], confirmed);
    assert_eq!((&report["plan"], &report["round"]), (&told[0]["plan"], &told[0]["round"]));
    report
}

async fn every_buyer_is_told_once(api: &Api, backend: &str) {
    let run = start(api, &json!({"backend": backend, "seat": "B1", "concurrency": 60})).await;
    let told = api.watch(&run).await.rest().await;
    let report = check_story(&told, 60);
    assert_eq!(
        (&report["run"], &report["plan"]["backend"], &report["plan"]["thinkMs"]),
        (&json!(run), &json!(backend), &json!(20))
    );
    assert!(report["scoreboard"]["contenders"].as_u64() >= Some(2), "{report}");
    if backend == "dsql" {
        assert_eq!(report["scoreboard"]["oversold"], 0);
    }
    // Whoever comes late is told everything, too.
    let late = api.watch(&run).await.rest().await;
    assert_eq!(check_story(&late, 60), report);
}

async fn nobody_needs_to_watch(api: &Api) {
    let run = start(api, &json!({"backend": "dsql", "seat": "B2", "concurrency": 20, "thinkMs": 300})).await;
    let mut events = api.watch(&run).await;
    assert_eq!(events.next().await.unwrap()["type"], "ready");
    drop(events);
    check_story(&api.watch(&run).await.rest().await, 20);
    a_watcher_comes_back(api).await;
    assert!(api.sold("dsql", "main").await.contains(&"B2".to_owned()));
    let page = api.get(&format!("/run/{run}")).await;
    assert_eq!(page.status, 200);
    assert_eq!(api.get("/api/runs/nosuchrun/events").await.status, 404);
    assert_eq!(api.get("/run/nosuchrun").await.status, 404);
}

async fn a_purchase_outlives_a_burst_on_its_seat(api: &Api) {
    for backend in ["dsql", "naive"] {
        let wish = json!({"backend": backend, "seat": "C1", "buyer": "ada"});
        let bought = api.done("/api/purchase", &wish).await;
        assert_eq!(bought["outcome"], "confirmed");
        let tickets = async || api.read(&format!("/api/tickets?backend={backend}&buyer=ada")).await["tickets"].clone();
        let before = tickets().await;
        assert_eq!((before.as_array().unwrap().len(), &before[0]["ticketId"]), (1, &bought["ticketId"]));
        let report = api.done("/api/breakit", &json!({"backend": backend, "seat": "C1"})).await;
        check_report(&report);
        assert_eq!(report["others"], 0, "the earlier sale is of an earlier round");
        assert_eq!(tickets().await, before, "the ticket and its round stay");
        let focus = api.read(&format!("/api/witness?backend={backend}&seat=C1")).await["focus"].clone();
        assert!(focus["round"].as_u64() > before[0]["round"].as_u64());
        assert_eq!(focus["confirmed"], report["confirmed"]);
    }
}

/// Somebody buys the seat of a burst that is under way: whoever wins, everything that is told agrees.
async fn a_purchase_may_come_between(api: &Api) {
    let run = start(api, &json!({"backend": "dsql", "seat": "D1", "concurrency": 20, "thinkMs": 400})).await;
    let mut events = api.watch(&run).await;
    let ready = events.next().await.unwrap();
    let wish = json!({"backend": "dsql", "seat": "D1", "buyer": "eve"});
    let bought = api.done("/api/purchase", &wish).await;
    let told = [vec![ready], events.rest().await].concat();
    let board = &check_story(&told, 20)["scoreboard"];
    let won = u64::from(bought["outcome"] == "confirmed");
    assert_eq!((&board["confirmed"], &board["oversold"]), (&json!(1), &json!(0)), "{board}");
    assert_eq!((&board["others"], &board["appBelieved"]), (&json!(won), &json!(1 - won)), "{board}");
    let tickets = api.read("/api/tickets?backend=dsql&buyer=eve").await["tickets"].clone();
    assert_eq!(tickets.as_array().unwrap().len() as u64, won);
}

async fn a_reset_waits_its_turn(api: &Api) {
    let run =
        start(api, &json!({"backend": "dsql", "floor": "turns", "seat": "A1", "concurrency": 10, "thinkMs": 400}))
            .await;
    let mut events = api.watch(&run).await;
    let ready = events.next().await.unwrap();
    assert_eq!(api.done("/api/reset", &json!({"backend": "dsql", "floor": "turns"})).await["reset"], 96);
    // It opened the seat after the burst's buyers, and not under them.
    assert_eq!(api.sold("dsql", "turns").await, Vec::<String>::new());
    let told = [vec![ready], events.rest().await].concat();
    let report = check_story(&told, 10);
    assert_eq!((&report["scoreboard"]["confirmed"], &report["scoreboard"]["seatTableShows"]), (&json!(1), &json!(1)));
    assert_eq!(api.sold("dsql", "turns").await, Vec::<String>::new());
    let focus = api.read("/api/witness?backend=dsql&floor=turns&seat=A1").await["focus"].clone();
    assert_eq!(focus["round"].as_u64(), report["round"].as_u64().map(|round| round + 1));
}

async fn at_most_eight_wait(api: &Api) {
    let wish = json!({"backend": "dsql", "floor": "queue", "seat": "A1", "concurrency": 4, "thinkMs": 500});
    let asked = Instant::now();
    let answers = join_all((0..12).map(|_| api.post("/api/bursts", &wish))).await;
    // None ends before its buyers have thought.
    let ended = usize::try_from(asked.elapsed().as_millis() / 500).unwrap();
    let (accepted, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 202);
    let most = 9 + ended;
    assert!((1..=most).contains(&accepted.len()), "one runs and eight wait, not {}", accepted.len());
    assert!(accepted.iter().all(|answer| answer.json().unwrap()["ahead"].as_u64() <= Some(8)));
    for answer in &refused {
        assert_eq!(answer.status, 503);
        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
        assert!(answer.error().contains("A1 is busy") && answer.error().contains("Try again in"), "{}", answer.error());
    }
    let purchase = json!({"backend": "dsql", "floor": "queue", "seat": "A2", "buyer": "ada"});
    let bought = deadline("a purchase, which waits for no queue", api.done("/api/purchase", &purchase)).await;
    assert_eq!(bought["outcome"], "confirmed");
    let runs: Vec<String> =
        accepted.iter().map(|answer| answer.json().unwrap()["run"].as_str().unwrap().to_owned()).collect();
    let ends = join_all(runs.iter().map(async |run| api.watch(run).await.rest().await)).await;
    let rounds: BTreeSet<u64> = ends.iter().map(|told| check_story(told, 4)["round"].as_u64().unwrap()).collect();
    assert_eq!(rounds.len(), accepted.len(), "each had a round of its own");
    check_report(&api.done("/api/breakit", &wish).await);
}
