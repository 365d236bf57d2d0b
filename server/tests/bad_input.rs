//! Wrong input is refused with a 4xx and one sentence that says what is wrong and what is allowed. Nothing is sold by it,
//! nothing starts, no floor is made, and the server keeps standing.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Answer, Api, Server, deadline};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn wrong_input_is_refused_in_words() {
    let server = Server::start(&[]);
    let api = &server.api;
    let before = everything(api).await;

    fields(api).await;
    bodies(api).await;
    queries(api).await;
    methods_and_paths(api).await;
    other_sites(api).await;
    server_functions(api).await;
    too_long_on_the_wire(api).await;

    assert_eq!(everything(api).await, before, "something was sold or reset by wrong input");
    harmless_text(api).await;
    only_posts_make_floors(&server).await;
    lists_of_seats(api).await;
    server.stop();
}

/// One wrong request: its status, and what its refusal must name.
async fn check(request: impl Future<Output = Answer>, status: u16, names: &[&str]) {
    let answer = request.await;
    let (what, words) = (&answer.what, answer.error());
    assert_eq!(answer.status, status, "{what}: {words}");
    for name in names {
        assert!(words.contains(name), "{what}: '{words}' does not name '{name}'");
    }
    assert!(words.chars().count() < 240, "{what}: too long to be read: {words}");
    for internal in ["panicked", "Failed to", "rejection", "serde", "axum", "src/", "SQLSTATE", "Error {"] {
        assert!(!words.contains(internal), "{what}: '{words}' is not for the client");
    }
}

async fn fields(api: &Api) {
    let long = "x".repeat(65);
    let endless = "x".repeat(4000);
    let seats = ["ZZ99", "A13", "I1", "a1", "A0", "A01", "A1 ", ""];
    for seat in seats {
        let wrong = format!("'{seat}' is not");
        let named = [wrong.as_str(), "A1"];
        check(api.post("/api/purchase", &json!({"seat": seat})), 400, &named).await;
        check(api.post("/api/breakit", &json!({"seat": seat})), 400, &named).await;
        check(api.post("/api/bursts", &json!({"seat": seat})), 400, &named).await;
        check(api.post("/api/reset", &json!({"seats": ["A1", seat]})), 400, &named).await;
    }
    for path in ["/api/purchase", "/api/breakit", "/api/bursts", "/api/reset"] {
        let with = |name: &str, value: Value| {
            let mut body = json!({"backend": "dsql"});
            if path != "/api/reset" {
                body["seat"] = json!("A1");
            }
            body[name] = value;
            async move { api.post(path, &body).await }
        };
        for unknown in ["mysql", "DSQL", "", "dsql "] {
            let named = format!("'{unknown}' is not a backend");
            check(with("backend", json!(unknown)), 400, &[&named, "dsql, naive and control"]).await;
        }
        check(with("backend", json!("control")), 404, &["'control'", "dsql and naive"]).await;
        check(with("backend", json!(42)), 400, &["backend must be a text"]).await;
        check(with("floor", json!("a/b")), 400, &["'a/b' is not a floor id", "1 to 64"]).await;
        check(with("floor", json!(long)), 400, &["is not a floor id", "1 to 64"]).await;
        check(with("floor", json!("")), 400, &["'' is not a floor id", "1 to 64"]).await;
        check(with("floor", json!({})), 400, &["floor must be a text"]).await;
    }
    check(api.post("/api/purchase", &json!({})), 400, &["seat required"]).await;
    check(api.post("/api/purchase", &json!({"seat": null})), 400, &["seat required"]).await;
    check(api.post("/api/purchase", &json!({"seat": 42})), 400, &["seat must be a text"]).await;
    check(api.post("/api/breakit", &json!({"seat": ["A1"]})), 400, &["seat must be a text"]).await;
    let unseen =
        ["\u{200b}", "\u{3164}", "\u{2060}\u{2060}", "\u{ad}", "\u{feff}", "\u{e0041}", "a\u{202e}b", "a\u{200b}b"];
    for buyer in ["", "   ", &long, &endless, "a\nb", "a\u{0}b", "\u{7f}"].into_iter().chain(unseen) {
        check(api.post("/api/purchase", &json!({"seat": "A1", "buyer": buyer})), 400, &["1 to 64 characters"]).await;
    }
    check(api.post("/api/purchase", &json!({"seat": "A1", "buyer": 7})), 400, &["buyer must be a text"]).await;
    let region = |region: Value| json!({"seat": "A1", "region": region});
    check(api.post("/api/purchase", &region(json!("eu-west-1"))), 400, &["'eu-west-1'", "us-east-1 and us-east-2"])
        .await;
    check(api.post("/api/purchase", &region(json!("über"))), 400, &["'über'", "us-east-1"]).await;
    check(api.post("/api/purchase", &region(json!(1))), 400, &["region must be a text"]).await;
    let buyers = [
        json!(1),
        json!(0),
        json!(-3),
        json!(2001),
        json!(1e9),
        json!("24"),
        json!(2.5),
        json!([24]),
        json!(1u64 << 40),
    ];
    for path in ["/api/breakit", "/api/bursts"] {
        for n in &buyers {
            check(api.post(path, &json!({"concurrency": n})), 400, &["concurrency", "from 2 to 2000", &n.to_string()])
                .await;
        }
        for ms in [json!(2001), json!(-1), json!("20"), json!(0.5), json!(true)] {
            check(api.post(path, &json!({"thinkMs": ms})), 400, &["thinkMs", "from 0 to 2000", &ms.to_string()]).await;
        }
        check(api.post(path, &json!({"concurrency": endless})), 400, &["concurrency", "from 2 to 2000"]).await;
    }
    for seats in [json!("A1"), json!(42), json!({"A1": true}), json!([42]), json!(["A1", null]), json!([["A1"]])] {
        check(api.post("/api/reset", &json!({"seats": seats})), 400, &["seats must be a list"]).await;
    }
}

async fn bodies(api: &Api) {
    for path in ["/api/purchase", "/api/breakit", "/api/bursts", "/api/reset"] {
        let send = |body: &[u8]| {
            let body = body.to_vec();
            async move { api.send("POST", path, &[("content-type", "application/json")], body).await }
        };
        let broken = [
            "",
            "{",
            "{\"backend\":",
            "[]",
            "[\"naive\", null, \"A1\"]",
            "null",
            "42",
            "\"A1\"",
            "seat=A1",
            "{\"seat\":\"A1\"} x",
        ];
        for body in broken {
            check(send(body.as_bytes()), 400, &["The body must be a JSON object"]).await;
        }
        check(send(b"{\"baceknd\":\"naive\"}"), 400, &["unknown field 'baceknd'", "backend, floor"]).await;
        check(send(b"{\0\"\0b\0"), 400, &["UTF-16 (little endian)", "UTF-8"]).await;
        check(api.send("POST", &format!("{path}?floor=x"), &[], "{}"), 400, &["in the body", "query"]).await;
        check(send(b"{\"seat\":\"A1\",\"seat\":\"B1\"}"), 400, &["duplicate field `seat`"]).await;
        check(send(b"{\"seat\":\"A\xff\"}"), 400, &["The body must be a JSON object", "byte 10 (0xff)"]).await;
        check(send(b"\xef\xbb\xbf\xff\xfe"), 400, &["The body must be a JSON object"]).await;
        check(send(&vec![b' '; 70 * 1024]), 413, &["too long", "64 kB"]).await;
        let nested = "[".repeat(30_000);
        check(send(format!("{{\"seats\":{nested}").as_bytes()), 400, &["The body must be a JSON object"]).await;
    }
}

/// What is only written otherwise means the same.
async fn harmless_text(api: &Api) {
    let floor = "harmless";
    let answer = api.done("/api/purchase", &json!({"floor": floor, "seat": "C1", "buyer": " Zo\u{eb}\u{feff}"})).await;
    assert_eq!(answer["buyer"], "Zo\u{eb}");
    for buyer in ["Zo%C3%AB", "Zoe%CC%88", "Zo\u{eb}", "+Zoe%CC%88%E2%80%8B"] {
        let found = api.read(&format!("/api/tickets?floor={floor}&buyer={buyer}")).await;
        assert_eq!(found["tickets"][0]["seat_id"], "C1", "{buyer}: {found}");
    }
    for buyer in ["\u{1f469}\u{200d}\u{1f4bb}", "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}"] {
        let wish = json!({"floor": floor, "seat": "C2", "buyer": buyer});
        assert_eq!(api.done("/api/purchase", &wish).await["buyer"], buyer);
    }
    for (concurrency, mark) in [("4.0", ""), ("4e0", "\u{feff}")] {
        let body = format!(
            "{mark}{{\"floor\":\"{floor}\",\"seat\":\"C3\",\"concurrency\":{concurrency},\"thinkMs\":0.0}}\r\n"
        );
        let answer = api.send("POST", "/api/breakit", &[], body).await;
        assert_eq!((answer.status, &answer.json().unwrap()["concurrency"]), (200, &json!(4)), "{}", answer.text());
    }
    let utf16: Vec<u8> = "\u{feff}{\"floor\":\"harmless\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(api.send("POST", "/api/reset", &[], utf16).await.status, 200);
    let form = "backend=dsql&floor=harmless&seat=C4&buyers=2e0&think_ms=0.0&buyer=guest";
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = api.send("POST", "/do/break", &headers, form).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn queries(api: &Api) {
    for path in ["/api/seats", "/api/tickets", "/api/witness"] {
        let with = |query: &str| {
            let path = format!("{path}?buyer=ada&{query}");
            async move { api.get(&path).await }
        };
        check(with("backend=mysql"), 400, &["'mysql' is not a backend", "dsql, naive and control"]).await;
        check(with("backend=control"), 404, &["'control'", "dsql and naive"]).await;
        check(with("backend="), 400, &["'' is not a backend"]).await;
        check(with("backend=dsql&backend=naive"), 400, &["backend"]).await;
        check(with("floor=a%2Fb"), 400, &["'a/b' is not a floor id", "1 to 64"]).await;
        check(with(&format!("floor={}", "x".repeat(65))), 400, &["is not a floor id", "1 to 64"]).await;
        check(with("floor=%FF%FE"), 400, &["floor is not UTF-8 (%FF)"]).await;
        check(with("floor=a&floor=a"), 400, &["floor is given twice"]).await;
        check(with("flor=a"), 400, &["unknown field 'flor'", "backend, floor, seat, buyer"]).await;
    }
    check(api.get("/api/tickets"), 400, &["buyer required"]).await;
    check(api.get("/api/tickets?buyer="), 400, &["1 to 64 characters"]).await;
    check(api.get("/api/tickets?buyer=%00"), 400, &["1 to 64 characters"]).await;
    check(api.get("/api/tickets?buyer=Zo%EB"), 400, &["buyer is not UTF-8 (%EB)", "%C3%AB"]).await;
    check(api.get("/api/tickets?buyer=100%"), 400, &["buyer is not percent-encoded"]).await;
    check(api.get("/api/tickets?buyer=a%E2%80%AEb"), 400, &["it holds U+202E"]).await;
    check(api.get(&format!("/api/tickets?buyer={}", "x".repeat(4000))), 400, &["1 to 64 characters"]).await;
    check(api.get("/api/witness?seat=ZZ99"), 400, &["'ZZ99' is not a seat"]).await;
    check(api.get("/api/witness?seat=A13"), 400, &["'A13' is not on the floor", "A1 to H12"]).await;
    check(api.get("/api/witness?seat="), 400, &["'' is not a seat"]).await;
    check(api.get("/api/runs/nosuchrun/events"), 404, &["no run nosuchrun"]).await;
    check(api.get("/api/runs/a%20b/events"), 400, &["'a b' is not a run id"]).await;
    check(api.get("/api/runs/%FF/events"), 400, &["run"]).await;
    check(api.get(&format!("/api/runs/{}/events", "x".repeat(3000))), 400, &["is not a run id"]).await;
}

async fn methods_and_paths(api: &Api) {
    let reading = ["/api/seats", "/api/tickets", "/api/witness", "/api/runs/x/events"];
    let changing = ["/api/purchase", "/api/breakit", "/api/bursts", "/api/reset"];
    let wrong =
        reading.iter().flat_map(|path| ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"].map(|method| (method, path)));
    let wrong = wrong.chain(
        changing.iter().flat_map(|path| ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"].map(|method| (method, path))),
    );
    for (method, path) in wrong {
        check(api.send(method, path, &[], "{}"), 405, &["reading is GET, changing is POST"]).await;
    }
    for path in ["/api", "/api/", "/api/nothing", "/api/seats/A1", "/api/runs/x", "/api/Seats"] {
        for method in ["GET", "POST", "DELETE"] {
            check(api.send(method, path, &[], "{}"), 404, &["no such call"]).await;
        }
    }
    let head = api.send("HEAD", "/api/seats", &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

/// What a page of another site makes a browser send.
async fn other_sites(api: &Api) {
    let signs: [&[(&str, &str)]; 4] = [
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1:1")],
        &[("sec-fetch-site", "cross-site")],
    ];
    let calls = ["/api/purchase", "/api/breakit", "/api/bursts", "/api/stress", "/api/reset"];
    let functions = ["/do/buy", "/do/break", "/do/reset", "/do/floor"];
    for sign in signs {
        for path in calls {
            check(api.send("POST", path, sign, "{\"seat\":\"A1\"}"), 403, &["another site"]).await;
        }
        for path in functions {
            let form = "backend=dsql&floor=main&seat=A1&buyer=ada&buyers=2&think_ms=0&confirmed=true&id=x";
            let headers = [sign, &[("content-type", "application/x-www-form-urlencoded")]].concat();
            check(api.send("POST", path, &headers, form), 403, &["another site"]).await;
        }
    }
    for method in ["PUT", "DELETE", "PATCH"] {
        check(api.send(method, "/api/reset", signs[0], "{}"), 403, &["another site"]).await;
    }
}

/// The page's own calls answer with the error's own status and its words, never with 500.
async fn server_functions(api: &Api) {
    let long = format!("backend=dsql&floor=main&seat=A1&buyer={}", "x".repeat(70 * 1024));
    let cases = [
        ("/do/buy", "backend=dsql&floor=main&seat=ZZ99&buyer=ada", 400, "'ZZ99' is not a seat"),
        ("/do/buy", "backend=dsql&floor=main&seat=A13&buyer=ada", 400, "A1 to H12"),
        ("/do/buy", "backend=mysql&floor=main&seat=A1&buyer=ada", 400, "'mysql' is not a backend"),
        ("/do/buy", "backend=control&floor=main&seat=A1&buyer=ada", 404, "'control'"),
        ("/do/buy", "backend=dsql&floor=a/b&seat=A1&buyer=ada", 400, "'a/b' is not a floor id"),
        ("/do/buy", "backend=dsql&floor=main&seat=A1&buyer=", 400, "1 to 64 characters"),
        ("/do/buy", "nonsense", 400, "backend"),
        ("/do/buy", "", 400, "backend"),
        ("/do/buy", "backend=dsql&floor=main&seat=A1&buyer=Zo%EB", 400, "buyer is not UTF-8 (%EB)"),
        ("/do/buy", "backend=dsql&floor=main&seat=A1&buyer=a%E2%80%AEb", 400, "U+202E"),
        ("/do/buy", "backend=dsql&floor=main&seat=A1&buyer=%E2%80%8B", 400, "1 to 64 characters"),
        ("/do/buy", "backend=dsql&floor=main&seat=A1&buyer=%EF%BF%BD", 400, "U+FFFD"),
        ("/do/buy", "backend=dsql&floor=main&seat=A1&seat=B1&buyer=ada", 400, "seat is given twice"),
        ("/do/reset", "backend=dsql&floor=main&buyer=ada&seats=A1", 400, "unknown field 'seats'"),
        ("/do/break", "backend=dsql&floor=main&seat=A1&buyers=2.5&think_ms=0", 400, "whole numbers"),
        ("/do/break", "backend=dsql&floor=main&seat=A1&buyers=2001&think_ms=0", 400, "2 to 2000"),
        ("/do/break", "backend=dsql&floor=main&seat=A1&buyers=-1&think_ms=0", 400, ""),
        ("/do/break", "backend=dsql&floor=main&seat=A1&buyers=2&think_ms=2001", 400, "0 to 2000"),
        ("/do/buy", &long, 413, "too long"),
    ];
    for (path, form, status, names) in cases {
        let answer = api.send("POST", path, &[("content-type", "application/x-www-form-urlencoded")], form).await;
        let words = answer.text();
        assert_eq!(answer.status, status, "{path} {}: {words}", &form[..form.len().min(80)]);
        assert!(answer.json().is_some() && words.contains(names), "{path}: {words}");
    }
    // A form without JavaScript is led back to its page, which says it.
    let page = format!("http://{}/?backend=dsql", api.host());
    let headers =
        [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html"), ("referer", page.as_str())];
    let answer = api.send("POST", "/do/buy", &headers, cases[1].1).await;
    assert_eq!(answer.status, 302);
    assert!(answer.header("location").contains("__err="), "{:?}", answer.headers);
}

/// Whoever sends 50 MB is told so, whether or not the length is announced.
async fn too_long_on_the_wire(api: &Api) {
    let megabyte = vec![b'x'; 1 << 20];
    let chunk = [b"100000\r\n".as_slice(), &megabyte, b"\r\n"].concat();
    for (length, piece) in [("content-length: 52428800", &megabyte), ("transfer-encoding: chunked", &chunk)] {
        let mut stream = TcpStream::connect(api.host()).await.unwrap();
        let head = format!("POST /api/breakit HTTP/1.1\r\nhost: {}\r\n{length}\r\n\r\n", api.host());
        let talk = async {
            stream.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..50 {
                // The server need not listen to the end.
                if stream.write_all(piece).await.is_err() {
                    break;
                }
            }
            let mut answer = vec![0; 4096];
            let n = stream.read(&mut answer).await.unwrap();
            String::from_utf8(answer[..n].to_vec()).unwrap()
        };
        let answer = deadline("the refusal of 50 MB", talk).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{length}: {answer}");
        assert!(
            answer.contains("application/json") && answer.contains("{\"error\":\"The body is too long"),
            "{answer}"
        );
    }
}

/// Reading makes nothing: no floor has rows before something is bought or opened on it.
async fn only_posts_make_floors(server: &Server) {
    let api = &server.api;
    let rows = rows_of_floors(server).await;
    let paths = ["/api/seats?", "/api/tickets?buyer=ada&", "/api/witness?", "/api/witness?seat=A1&", "/?"];
    for path in paths {
        let answer = api.get(&format!("{path}floor=onlylooked&backend=dsql")).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    let stranger = [("origin", "https://evil.example")];
    api.send("POST", "/api/purchase", &stranger, "{\"seat\":\"A1\",\"floor\":\"onlylooked\"}").await;
    api.post("/api/purchase", &json!({"seat": "ZZ99", "floor": "onlylooked"})).await;
    api.post("/api/breakit", &json!({"concurrency": 1, "floor": "onlylooked"})).await;
    assert_eq!(rows_of_floors(server).await, rows, "somebody who only looked made a floor");
    api.done("/api/purchase", &json!({"seat": "A1", "floor": "bought-on"})).await;
    assert_eq!(rows_of_floors(server).await.len(), rows.len() + 1);
}

/// Looked up in the database itself: the API would show an empty floor either way.
async fn rows_of_floors(server: &Server) -> Vec<(String, i64)> {
    let mut config = tokio_postgres::Config::new();
    config.host_path(server.socket_dir()).user("worldseat").dbname("worldseat");
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let rows = client.query("SELECT floor, count(*) FROM seats GROUP BY floor ORDER BY floor", &[]).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// A list of seats may be empty or name a seat twice; what counts is the seats it names.
async fn lists_of_seats(api: &Api) {
    for seat in ["E1", "E2", "E3"] {
        api.done("/api/purchase", &json!({"seat": seat, "floor": "lists"})).await;
    }
    for (seats, named, sold) in
        [(json!([]), 0, 3), (json!(["E1", "E1", "F1", "E1"]), 2, 2), (json!(["E2"]), 1, 1), (Value::Null, 96, 0)]
    {
        let answer = api.done("/api/reset", &json!({"floor": "lists", "seats": seats})).await;
        assert_eq!(answer["reset"], named, "{seats}");
        assert_eq!(api.sold("dsql", "lists").await.len(), sold, "after {seats}");
    }
}

/// The state of the floors that the wrong input named.
async fn everything(api: &Api) -> Vec<Value> {
    let mut all = Vec::new();
    for backend in ["dsql", "naive"] {
        for path in ["seats", "witness", "tickets"] {
            all.push(api.read(&format!("/api/{path}?backend={backend}&buyer=ada")).await);
        }
    }
    all
}
