//! What outlives the click: downloads, `verify`, `stress` and its record.
// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Api, Server, check_report};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    process::{Command, Output, Stdio},
};

/// Runs the binary with `input` on its standard input.
fn worldseat(words: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worldseat"));
    command.args(words).env_remove("WORLDSEAT_RECORD_KEY").env_remove("WORLDSEAT_DATA").env_remove("RUST_LOG");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Beside the reading: neither side may wait for the other. Who stops reading early is not at fault.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn check(document: &Value, code: i32, words: &str) {
    let output = worldseat(&["verify", "-"], document.to_string().as_bytes());
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    assert!(said(&output).contains(words), "{words:?} is not in: {}", said(&output));
}

async fn burst(api: &Api, wish: Value) -> (String, Value) {
    let report = api.done("/api/breakit", &wish).await;
    (report["run"].as_str().unwrap().to_owned(), report)
}

#[tokio::test]
async fn a_run_is_taken_home_checked_and_every_change_is_noticed() {
    let server = Server::start(&[]);
    let api = &server.api;
    for (backend, verdict) in [("dsql", "Linearizable ✓"), ("naive", "Violated ✗")] {
        let (run, report) = burst(api, json!({"backend": backend, "concurrency": 24, "floor": "home"})).await;
        check_report(&report);
        let document = api.read(&format!("/run/{run}/run.json")).await;
        assert_eq!((&document["schema"], &document["version"]), (&json!("worldseat-run"), &json!(2)));
        check(&document, 0, verdict);
        check(&document, 0, "agrees");
        let by_address = worldseat(&["verify", &format!("http://{}/run/{run}", api.host())], b"");
        assert_eq!(by_address.status.code(), Some(0), "{}", said(&by_address));
        assert!(!document.to_string().contains("\"floor\""), "a run names no floor");

        let operation = |outcome: &str| {
            let all = document["run"]["operations"].as_array().unwrap();
            all.iter().position(|op| op["outcome"] == outcome).unwrap()
        };
        let sold = operation("confirmed");
        let mut changed = document.clone();
        changed["run"]["operations"][sold]["ticket"] = json!("AAAA-BBBB-CCCC-DDDD");
        check(&changed, 1, "does not agree");
        let mut changed = document.clone();
        changed["run"]["ledger"].as_array_mut().unwrap().remove(0);
        check(&changed, 1, "does not agree");
        let mut changed = document.clone();
        let end = &mut changed["run"]["operations"][sold]["endUs"];
        *end = json!(end.as_u64().unwrap() + 1);
        check(&changed, 1, "digest");
        let mut changed = document.clone();
        changed["run"]["operations"][sold]["outcome"] = json!("rejected");
        check(&changed, 1, "does not agree");

        for (file, begins) in [("history.edn", ";"), ("history.jsonl", "{"), ("porcupine.json", "[")] {
            let answer = api.get(&format!("/run/{run}/{file}")).await;
            assert_eq!(answer.status, 200, "{}", answer.what);
            assert!(answer.text().starts_with(begins), "{file}: {}", &answer.text()[..80]);
        }
        let of_seat = async |file: &str, seat: &str| api.get(&format!("/run/{run}/{file}?seat={seat}")).await;
        let alone = of_seat("history.edn", "A1").await;
        assert_eq!(alone.status, 200, "{}", alone.what);
        assert!(alone.text().contains(":value :free") && !alone.text().contains("[\"A1/"), "{}", alone.text());
        for (file, seat, status, words) in [
            ("history.edn", "H12", 404, "seat H12 is not in run"),
            ("history.edn", "first", 400, "first"),
            ("run.json", "A1", 400, "run.json is the whole run"),
        ] {
            let refused = of_seat(file, seat).await;
            assert_eq!(refused.status, status, "{}", refused.what);
            assert!(refused.error().contains(words), "{words:?} is not in: {}", refused.error());
        }
        let page = format!("http://{}/run/{run}", api.host());
        let exported = worldseat(&["export", &page, "--for", "knossos", "--seat", "A1"], b"");
        assert_eq!(String::from_utf8(exported.stdout).unwrap(), alone.text());
        let missing = api.get(&format!("/run/{run}/history.xml")).await;
        assert_eq!(missing.status, 404);
        assert!(missing.error().contains("run.json"), "{}", missing.error());
    }
    assert_eq!(api.get("/run/nosuchrun/run.json").await.status, 404);
    let absent = worldseat(&["verify", &format!("http://{}/run/nosuchrun/?page=2", api.host())], b"");
    assert_eq!(absent.status.code(), Some(2), "{}", said(&absent));
    assert!(said(&absent).contains("There is no run nosuchrun on this deployment."), "{}", said(&absent));
    server.stop();
}

#[test]
fn export_writes_what_the_checker_reads_from_wherever_the_run_is() {
    let run = worldseat(&["synth", "--operations", "60", "--seats", "2", "--plant", "double-sell"], b"").stdout;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("run.json"), &run).unwrap();
    let sizes = ["porcupine", "knossos", "elle"].map(|checker| {
        let whole = worldseat(&["export", "-", "--for", checker], &run);
        assert_eq!(whole.status.code(), Some(0), "{}", said(&whole));
        let of_file = worldseat(&["export", &path("run.json"), "--for", checker, "--out", &path(checker)], b"");
        assert_eq!((of_file.status.code(), of_file.stdout.len()), (Some(0), 0), "{}", said(&of_file));
        assert_eq!(std::fs::read(path(checker)).unwrap(), whole.stdout);
        let less = worldseat(&["export", "-", "--for", checker, "--seat", "A1", "--essential"], &run);
        assert_eq!(less.status.code(), Some(0), "{}", said(&less));
        (less.stdout.len(), whole.stdout.len())
    });
    assert!(sizes.iter().all(|(less, whole)| 0 < *less && less < whole), "{sizes:?}");

    for (words, wrong) in [
        (["export", "-", "--for", "porcupine", "--seat", "C3"], "seat C3 is not in run"),
        (["export", "-", "--for", "porcupine", "--seat", "3C"], "3C"),
        (["export", "-", "--for", "lincheck", "--seat", "A1"], "expected porcupine, knossos or elle"),
        (["export", "-", "--for", "elle", "--out", "/nonexistent/elle.jsonl"], "/nonexistent/elle.jsonl"),
    ] {
        let output = worldseat(&words, &run);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(wrong), "{wrong:?} is not in: {}", said(&output));
    }
    let unread = worldseat(&["export", "-", "--for", "elle"], b"not json");
    assert_eq!(unread.status.code(), Some(2), "{}", said(&unread));
}

#[test]
fn a_run_that_contradicts_itself_has_no_verdict() {
    let run = worldseat(&["synth", "--operations", "60", "--seats", "2"], b"").stdout;
    let mut document: Value = serde_json::from_slice(&run).unwrap();
    let read = &mut document["run"]["operations"][0]["reads"][0];
    *read = json!({"startUs": read["endUs"], "endUs": read["startUs"], "round": read["round"], "seen": read["seen"]});
    let output = worldseat(&["verify", "-"], document.to_string().as_bytes());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).starts_with("No verdict: the record contradicts itself."), "{}", said(&output));
    assert!(said(&output).contains("out of the order of its stamps"), "{}", said(&output));
    let verdicts = ["Linearizable", "Violated", "Inconclusive", "agrees: ", "From the record alone"];
    assert!(!verdicts.iter().any(|verdict| said(&output).contains(verdict)), "{}", said(&output));
}

/// The document of another run agrees with itself; it is not what was asked for.
#[test]
fn a_document_of_another_run_is_noticed_and_steers_no_terminal() {
    let run = worldseat(&["synth", "--operations", "40", "--seats", "2"], b"").stdout;
    let text = String::from_utf8(run.clone()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/run/wanted", listener.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", run.len()).unwrap();
        stream.write_all(&run).unwrap();
    });
    let other = worldseat(&["verify", &address], b"");
    answering.join().unwrap();
    assert_eq!(other.status.code(), Some(1), "{}", said(&other));
    assert!(said(&other).starts_with("does not agree"), "{}", said(&other));
    assert!(said(&other).contains("run: wanted was asked for"), "{}", said(&other));

    let name = "\"name\":\"";
    let steering = text.replacen(name, &format!("{name}\\u001b[2K\\u202e"), 1);
    assert_ne!(steering, text);
    let output = worldseat(&["verify", "-"], steering.as_bytes());
    assert!(!said(&output).contains(['\u{1b}', '\u{202e}']), "{}", said(&output));
    assert!(said(&output).contains("\\u{1b}[2K\\u{202e}"), "{}", said(&output));
}

/// What a script reads is JSON however the test ended, and says what was not done.
#[test]
fn a_stress_test_that_cannot_go_on_says_so_in_json() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = worldseat(&["stress", &format!("http://{nobody}"), "--json", "--backends", "dsql"], b"");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(answer["error"].as_str().unwrap().contains("does not answer"), "{answer}");
    assert_eq!((answer["lines"].as_array().unwrap().len(), answer["notDone"].as_array().unwrap().len()), (0, 8));
    assert_eq!(answer["notDone"][0], json!({"backend": "dsql", "buyers": 8, "thinkMs": 0}));
}

#[test]
fn what_cannot_be_read_is_said_in_one_line() {
    let good = worldseat(&["synth", "--operations", "40", "--seats", "2"], b"");
    assert!(good.status.success());
    let other_version = String::from_utf8(good.stdout.clone()).unwrap().replacen("\"version\":2", "\"version\":99", 1);
    let table: [(&[u8], &str); 5] = [
        (b"", "empty"),
        (b"not json", "JSON"),
        (&good.stdout[..good.stdout.len() / 2], "cut off"),
        (other_version.as_bytes(), "99"),
        (b"{\"schema\":\"something-else\"}", "something-else"),
    ];
    for (input, words) in table {
        let output = worldseat(&["verify", "-"], input);
        let line = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert_eq!((output.stdout.len(), line.trim_end().lines().count()), (0, 1), "{line}");
        assert!(line.starts_with("worldseat: ") && line.contains(words), "{words:?} is not in: {line}");
    }
    let absent = worldseat(&["verify", "/nonexistent/run.json"], b"");
    assert_eq!(absent.status.code(), Some(2));
    assert!(said(&absent).contains("/nonexistent/run.json"), "{}", said(&absent));
}

#[test]
fn a_synthetic_run_is_what_was_asked_for() {
    for (plant, code, verdict) in [
        (None, 0, "Linearizable ✓"),
        (Some("double-sell"), 0, "Violated ✗ (1 double-sell)"),
        (Some("lost-sale"), 0, "lost-sale"),
        (Some("phantom"), 0, "phantom"),
        (Some("stale-rejection"), 0, "stale-rejection"),
    ] {
        let mut words = vec!["synth", "--operations", "600", "--seats", "10", "--seed", "7"];
        words.extend(plant.iter().flat_map(|plant| ["--plant", plant]));
        let run = worldseat(&words, b"");
        assert_eq!(run.stdout, worldseat(&words, b"").stdout, "the same seed writes the same run");
        let output = worldseat(&["verify", "-"], &run.stdout);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(said(&output).contains(verdict), "{plant:?}: {}", said(&output));
    }
    let refused = worldseat(&["synth", "--operations", "0"], b"");
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
}

#[tokio::test]
async fn a_stress_test_is_recorded_by_the_server_and_cannot_be_picked() {
    let server = Server::start(&[]);
    let api = &server.api;
    assert!(api.get("/proof").await.text().contains("not measured here yet"));
    let url = format!("http://{}", api.host());
    let words = ["stress", &url, "--levels", "8,24", "--think", "0,20", "--record"];
    let output = worldseat(&words, b"");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("RESULT: PASS"), "{}", said(&output));
    assert_eq!(said(&output).matches("Linearizable ✓").count(), 4, "{}", said(&output));

    let tests = api.read("/api/stress").await;
    let test = &tests[0];
    assert_eq!((test["result"].as_str(), test["lines"].as_array().unwrap().len()), (Some("PASS"), 8), "{test}");
    let page = api.get("/proof").await.text();
    for line in test["lines"].as_array().unwrap() {
        let run = line["run"].as_str().unwrap();
        assert!(page.contains(&format!("/run/{run}")), "the page links to run {run}");
        assert_eq!(api.get(&format!("/run/{run}")).await.status, 200);
    }
    assert!(api.get("/").await.text().contains("measured here"), "the headline pair");
    for path in
        ["?from=18446744073709551000&to=18446744073709551615", "?from=0&to=18446744073709551615", "?page=99999999999"]
    {
        let run = test["lines"][0]["run"].as_str().unwrap();
        assert_eq!(api.get(&format!("/run/{run}{path}")).await.status, 200, "{path}");
    }

    // Begun and left: it is listed all the same. And a burst that is not the plan's next is refused.
    let plan = json!({"levels": [8], "thinkMs": [0], "seat": "C3"});
    let begun = api.post("/api/stress", &plan).await;
    assert_eq!(begun.status, 201, "{}", begun.text());
    let id = begun.json().unwrap()["id"].as_str().unwrap().to_owned();
    for wrong in [
        json!({"stress": id, "backend": "naive", "seat": "C3", "concurrency": 8, "thinkMs": 0}),
        json!({"stress": id, "backend": "dsql", "seat": "C3", "concurrency": 9, "thinkMs": 0}),
        json!({"stress": id, "backend": "dsql", "seat": "C4", "concurrency": 8, "thinkMs": 0}),
    ] {
        let answer = api.post("/api/breakit", &wrong).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.error().contains(&id), "{}", answer.error());
    }
    // Somebody far away, whom a proxy here passes on, records nothing where there is no key.
    let far = api.send("POST", "/api/stress", &[("x-forwarded-for", "203.0.113.9")], "{}").await;
    assert_eq!(far.status, 403, "{}", far.text());
    let tests = api.read("/api/stress").await;
    assert_eq!(tests.as_array().unwrap().len(), 2);
    assert_eq!(tests[0]["result"], "UNFINISHED: 0 of 2 bursts were done", "newest first");
    assert!(api.get("/proof").await.text().contains("UNFINISHED"));
    for wrong in [json!({"levels": [1]}), json!({"levels": []}), json!({"thinkMs": [9999]}), json!({"seat": "Z9"})] {
        let answer = api.post("/api/stress", &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
    }
    assert_eq!(api.get("/api/stress/nosuchtest").await.status, 404);
    server.stop();
}

#[tokio::test]
async fn who_has_no_key_records_nothing() {
    let server = Server::start(&["--record-key", "secret"]);
    let url = format!("http://{}", server.api.host());
    let small = ["--levels", "8", "--think", "20", "--backends", "dsql", "--record"];
    let refused = worldseat(&[&["stress", &url][..], &small].concat(), b"");
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(said(&refused).contains("--record-key"), "{}", said(&refused));
    assert_eq!(server.api.read("/api/stress").await, json!([]));
    let recorded = worldseat(&[&["stress", &url, "--record-key", "secret"][..], &small].concat(), b"");
    // The product alone: it held, and nothing shows that the test could have told.
    assert_eq!(recorded.status.code(), Some(3), "{}", said(&recorded));
    let result = server.api.read("/api/stress").await[0]["result"].as_str().unwrap().to_owned();
    assert!(result.starts_with("INCONCLUSIVE: the foil was not tested"), "{result}");
    let front = server.api.get("/").await.text();
    assert!(front.contains("Not measured on this deployment yet"), "no headline without the foil");
    assert!(!server.said().contains("secret"));
    server.stop();
}

#[test]
fn without_an_address_the_stand_ins_are_started_for_the_test() {
    let output = worldseat(&["stress", "--levels", "8", "--think", "20", "--rounds", "2", "--json"], b"");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["result"], answer["lines"].as_array().unwrap().len()), (&json!("PASS"), 4), "{answer}");
    let nobody = worldseat(&["stress", "http://127.0.0.1:1"], b"");
    assert_eq!(nobody.status.code(), Some(2));
    assert!(said(&nobody).contains("http://127.0.0.1:1 does not answer"), "{}", said(&nobody));
}

/// A rush: buyers spread over several seats, each of which is sold once, or is not.
#[tokio::test]
async fn a_rush_is_judged_seat_by_seat() {
    let server = Server::start(&[]);
    let api = &server.api;
    let seats = ["A1", "A2", "A3", "B1", "B2"];
    for (backend, sound) in [("dsql", true), ("naive", false)] {
        let wish = json!({"backend": backend, "floor": "rush", "seats": seats, "concurrency": 100});
        let (run, report) = burst(api, wish).await;
        let n = |name: &str| report[name].as_u64().unwrap();
        assert_eq!(n("appBelieved") + n("rejected") + n("errors") + n("unknown"), 100, "{report}");
        assert_eq!(n("confirmed"), n("oversold") + 5, "each seat was sold at least once: {report}");
        assert_eq!(n("oversold") == 0, sound, "{report}");
        let verdict = report["verdict"].as_str().unwrap();
        assert!(verdict.starts_with(&format!("oversold = {} — 5 seats: ", n("oversold"))), "{verdict}");
        let document = api.read(&format!("/run/{run}/run.json")).await;
        assert_eq!(document["run"]["plan"]["seats"], json!(seats));
        check(&document, 0, if sound { "Linearizable ✓" } else { "Violated ✗" });
        assert_eq!(api.get(&format!("/run/{run}")).await.status, 200);
        let witness = api.read(&format!("/api/witness?backend={backend}&floor=rush")).await;
        assert_eq!(witness["doubleSells"], report["oversold"], "{witness}");
    }
    let both = api.post("/api/breakit", &json!({"seat": "A1", "seats": ["A2"]})).await;
    assert_eq!(both.status, 400, "{}", both.text());
    assert_eq!(api.post("/api/breakit", &json!({"seats": []})).await.status, 400);
    server.stop();
}

/// No figure on the Proof panel is typed in: where nothing was measured there is no digit on it, but in what is computed or
/// asked while the page is made.
#[tokio::test]
async fn an_empty_deployment_has_no_figures() {
    let server = Server::start(&[]);
    let page = server.api.get("/proof").await.text();
    let mut main = page[page.find("<main").unwrap()..page.find("</main>").unwrap()].to_owned();
    for (from, to) in [
        // Sources, compiled in; the drawing; what the databases say now; the known-bad history, judged now.
        ("<figure class=\"source\"", "</figure>"),
        ("<svg", "</svg>"),
        ("id=\"databases\"", "id=\"run\""),
        ("A history that must be rejected", "</p>"),
    ] {
        assert!(main.contains(from), "{from} in {main}");
        while let Some(begin) = main.find(from) {
            let end = begin + main[begin..].find(to).unwrap();
            main.replace_range(begin..end, "");
        }
    }
    let text: String = main.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, t)| t).collect();
    assert!(text.contains("The headline, measured") && text.contains("Everything in one place"), "{text}");
    // The numbers of the sections, and the address in the command, which is this server's.
    let mut rest = text.replace(&format!("worldseat stress http://{} --record", server.api.host()), "");
    assert!(rest.len() < text.len(), "how to measure: {text}");
    for (number, heading) in [(1, "The headline"), (2, "A test"), (3, "Why it"), (5, "Everything")] {
        rest = rest.replace(&format!("{number}{heading}"), "");
    }
    assert!(!rest.contains(|c: char| c.is_ascii_digit()), "a figure where nothing was measured: {rest}");
    let front = server.api.get("/").await.text();
    let lead = &front[front.find("class=\"lead\"").unwrap()..front.find("<leptos-island").unwrap()];
    assert!(lead.contains("Not measured on this deployment yet"), "{lead}");
    server.stop();
}
