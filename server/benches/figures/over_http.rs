//! The running server, from outside: bursts, requests, memory, and what a first visit loads.

use crate::{
    common::{Api, Server},
    median, median_ms, ms, row,
};
use futures::future::join_all;
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Connections that ask at once.
const ASKING: usize = 16;
/// How long each kind of request is asked.
const ASKED_FOR: Duration = Duration::from_secs(3);

/// Measures all of it on a server of its own.
pub async fn measure() {
    let server = Server::start(&[]);
    let api = &server.api;
    api.get("/").await;
    let idle = server.resident_mb();
    row("server's memory, idle", &format!("{idle:.0} MB"), "aim: under 40 MB; PostgreSQL's own not counted");
    first_load(api).await;
    for backend in ["dsql", "naive"] {
        bursts(api, backend).await;
    }
    requests(api).await;
    let before = server.resident_mb();
    let sold: u64 = join_bursts(api, 5).await;
    let after = server.resident_mb();
    row("server's memory after all this", &format!("{after:.0} MB"), "aim: under 80 MB and the foil's rows");
    let bytes = (after - before).max(0.0) * 1e6 / sold as f64;
    row(
        "a ledger row of the in-memory foil",
        &format!("about {bytes:.0} bytes"),
        &format!("over {sold} sales, both replicas"),
    );
    server.stop();
}

async fn first_load(api: &Api) {
    let mut all = 0;
    let mut parts = Vec::new();
    for path in ["/", "/pkg/worldseat.css", "/pkg/worldseat.js", "/pkg/worldseat.wasm"] {
        let answer = api.send("GET", path, &[("accept-encoding", "br")], "").await;
        assert_eq!(answer.status, 200, "{path}: build the site first, with cargo xtask bench");
        all += answer.body.len();
        parts.push(format!("{path} {:.1}", answer.body.len() as f64 / 1000.0));
    }
    let all = format!("{:.1} kB", all as f64 / 1000.0);
    row("first load, brotli", &all, &format!("aim: under 92.4 kB; {}", parts.join(", ")));
}

async fn bursts(api: &Api, backend: &str) {
    for (buyers, times) in [(60, 15), (500, 7), (2000, 5)] {
        for think_ms in [0, 20] {
            let wish = json!({"backend": backend, "seat": "A1", "concurrency": buyers, "thinkMs": think_ms});
            api.done("/api/breakit", &wish).await;
            let (mut whole, mut duration, mut starts, mut raced) = (vec![], vec![], vec![], vec![]);
            for _ in 0..times {
                let began = Instant::now();
                let answer = api.done("/api/breakit", &wish).await;
                whole.push(ms(began.elapsed()));
                let number = |name: &str| answer[name].as_f64().unwrap();
                duration.push(number("durationMs"));
                starts.push(number("startsWithinUs") / 1000.0);
                raced.push(number("contenders"));
            }
            row(
                &format!("burst of {buyers} on {backend}, think {think_ms} ms"),
                &format!("{:.0} ms, request to scoreboard {:.0} ms", median(duration), median(whole)),
                &format!("starts within {:.1} ms, {:.0} raced", median(starts), median(raced)),
            );
        }
    }
}

async fn requests(api: &Api) {
    api.done("/api/purchase", &json!({"seat": "B1", "buyer": "ada", "floor": "bench"})).await;
    for (name, path) in [
        ("page /", "/"),
        ("/api/seats", "/api/seats?floor=bench"),
        ("/api/witness", "/api/witness?floor=bench&seat=B1"),
        ("/api/tickets", "/api/tickets?floor=bench&buyer=ada"),
    ] {
        let rate = rate(|_| api.get(path)).await;
        row(&format!("{name}: requests/s at {ASKING} connections"), &format!("{rate:.0}"), "");
    }
    let buy = |n: u64| {
        let body = json!({"seat": format!("{}{}", char::from(b'A' + (n / 12 % 8) as u8), n % 12 + 1),
                          "floor": format!("bench-{}", n / 96), "buyer": "ada"});
        async move { api.post("/api/purchase", &body).await }
    };
    let rate = rate(buy).await;
    row(
        &format!("/api/purchase: sales/s at {ASKING} connections"),
        &format!("{rate:.0}"),
        "each another seat, new floors included",
    );
    let witness = median_ms(9, async || drop(api.get("/api/witness?backend=naive&seat=A1").await)).await;
    row("/api/witness on the foil's `main` floor after these bursts", &format!("{witness:.1} ms"), "");
}

/// Requests a second, every answer checked.
async fn rate<F: Future<Output = crate::common::Answer>>(ask: impl Fn(u64) -> F) -> f64 {
    let (next, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let began = Instant::now();
    let asking = (0..ASKING).map(|_| async {
        while !over.load(Relaxed) {
            let answer = ask(next.fetch_add(1, Relaxed)).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    });
    let stop = async {
        tokio::time::sleep(ASKED_FOR).await;
        over.store(true, Relaxed);
    };
    futures::future::join(join_all(asking), stop).await;
    next.load(Relaxed) as f64 / began.elapsed().as_secs_f64()
}

/// Bursts of 2,000 on the foil; how many sales they left.
async fn join_bursts(api: &Api, bursts: u32) -> u64 {
    let mut sold = 0;
    for _ in 0..bursts {
        let wish = json!({"backend": "naive", "seat": "C1", "concurrency": 2000, "thinkMs": 20});
        let answer: Value = api.done("/api/breakit", &wish).await;
        sold += answer["confirmed"].as_u64().unwrap();
    }
    sold
}
