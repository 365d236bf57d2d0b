//! Bytes that no honest client sends: requests with random paths, queries, cookies, forms and bodies, and random settings
//! on every way in. The server answers each of them, never with 500, and nothing panics.
#![cfg(target_os = "linux")]
// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Server, forget_settings};
use fastrand::Rng;
use std::{
    ffi::OsString,
    io::{Read, Write},
    net::TcpStream,
    os::unix::ffi::OsStringExt,
    process::Command,
    time::{Duration, Instant},
};

/// Pieces of what the server reads, beside which a random byte is likely to be looked at.
const PIECES: [&str; 44] = [
    "A1",
    "H12",
    "Z65535",
    "A65536",
    "dsql",
    "naive",
    "main",
    "us-east-1",
    "abc",
    "Ada",
    "é",
    "\u{feff}",
    "e\u{301}",
    "\u{202e}",
    "24",
    "-1",
    "4.0",
    "1e9",
    "18446744073709551615",
    "18446744073709551616",
    "null",
    "true",
    "\"",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "=",
    "&",
    ";",
    "%",
    "%00",
    "%ff",
    "%F0%9F",
    "+",
    "?",
    "/",
    "..",
    "a=b",
    "q=",
];

const NAMES: [&str; 14] = [
    "backend",
    "floor",
    "seat",
    "seats",
    "buyer",
    "region",
    "concurrency",
    "buyers",
    "thinkMs",
    "think_ms",
    "stress",
    "confirmed",
    "page",
    "from",
];

const PATHS: [(&str, &str); 16] = [
    ("POST", "/api/purchase"),
    ("POST", "/api/breakit"),
    ("POST", "/api/bursts"),
    ("POST", "/api/reset"),
    ("POST", "/api/stress"),
    ("GET", "/api/seats"),
    ("GET", "/api/witness"),
    ("GET", "/api/tickets"),
    ("GET", "/api/stress"),
    ("POST", "/do/buy"),
    ("POST", "/do/reset"),
    ("POST", "/do/floor"),
    ("GET", "/"),
    ("GET", "/proof"),
    ("GET", "/run/known-bad"),
    ("GET", "/api/runs/abc/events"),
];

/// A few pieces and random bytes.
fn noise(random: &mut Rng, most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.usize(..=most) {
        match random.u8(..4) {
            0 => bytes.push(random.u8(..)),
            _ => bytes.extend_from_slice(PIECES[random.usize(..PIECES.len())].as_bytes()),
        }
    }
    bytes
}

/// An object with some of the names that are known, and values of any kind.
fn object(random: &mut Rng) -> Vec<u8> {
    let mut fields = Vec::new();
    for _ in 0..random.usize(..5) {
        let value = match random.u8(..4) {
            0 => noise(random, 2),
            1 => [b"\"".as_slice(), &noise(random, 2), b"\""].concat(),
            2 => b"[\"A1\",\"B2\"]".to_vec(),
            _ => format!("\"{}\"", PIECES[random.usize(..PIECES.len())]).into_bytes(),
        };
        fields.push([format!("\"{}\":", NAMES[random.usize(..NAMES.len())]).as_bytes(), &value].concat());
    }
    [b"{".as_slice(), &fields.join(&b","[..]), b"}"].concat()
}

/// A query or a form.
fn pairs(random: &mut Rng) -> Vec<u8> {
    let pairs: Vec<_> = (0..random.usize(..5))
        .map(|_| [NAMES[random.usize(..NAMES.len())].as_bytes(), b"=", &noise(random, 2)].concat())
        .collect();
    pairs.join(&b"&"[..])
}

/// A request, as bytes.
fn request(random: &mut Rng) -> Vec<u8> {
    let (method, path) = PATHS[random.usize(..PATHS.len())];
    let mut target = path.as_bytes().to_vec();
    if random.bool() {
        target.extend([b"?".as_slice(), &pairs(random)].concat());
    }
    if random.u8(..8) == 0 {
        target.extend(noise(random, 3));
    }
    let one_line =
        |bytes: Vec<u8>, unfit: fn(u8) -> bool| bytes.into_iter().filter(|byte| !unfit(*byte)).collect::<Vec<_>>();
    let target = one_line(target, |byte| byte <= b' ' || byte == b'#');
    let (body, kind) = match random.u8(..4) {
        0 => (noise(random, 6), "application/json"),
        1 => (pairs(random), "application/x-www-form-urlencoded"),
        _ => (object(random), "application/json"),
    };
    let cookies =
        one_line([b"buyer=".as_slice(), &noise(random, 3), b"; floor=", &noise(random, 3)].concat(), |byte| {
            byte < b' '
        });
    let language = one_line(noise(random, 2), |byte| byte < b' ');
    let head =
        format!("host: localhost\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n", body.len());
    [
        method.as_bytes(),
        b" ",
        &target,
        b" HTTP/1.1\r\n",
        head.as_bytes(),
        b"cookie: ",
        &cookies,
        b"\r\naccept-encoding: ",
        &language,
        b"\r\n\r\n",
        &body,
    ]
    .concat()
}

/// The status of the answer.
fn ask(host: &str, request: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    // It may be refused before it is read.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(answer.get(9..12)?).parse().ok()
}

fn ask_all(seeds: impl Iterator<Item = u64>) {
    let server = Server::start(&["--no-foil"]);
    for seed in seeds {
        let request = request(&mut Rng::with_seed(seed));
        let status = ask(server.api.host(), &request);
        let words = || format!("seed {seed}: {}", String::from_utf8_lossy(&request));
        assert!(status.is_some_and(|status| status != 500), "{status:?}, {}", words());
    }
    // It says that nothing panicked.
    server.stop();
}

#[test]
fn no_request_makes_a_panic() {
    ask_all(0..600);
}

/// `cargo test --test random_input -- --ignored`: ten minutes each, other seeds each time.
#[test]
#[ignore = "takes ten minutes"]
fn no_request_makes_a_panic_for_long() {
    ask_all(for_long());
}

fn for_long() -> impl Iterator<Item = u64> {
    let (first, end) = (fastrand::u64(..u64::MAX / 2), Instant::now() + Duration::from_mins(10));
    println!("from seed {first}");
    (first..).take_while(move |_| Instant::now() < end)
}

const FLAGS: [&str; 20] = [
    "addr",
    "dsql-endpoints",
    "dsql-regions",
    "dsql-user",
    "sql-urls",
    "sql-regions",
    "sql-root-cert",
    "dynamodb-regions",
    "dynamodb-tables",
    "dynamodb-endpoints",
    "no-foil",
    "data",
    "commit-latency-ms",
    "lag-ms",
    "control",
    "buyers-max",
    "connections",
    "record-key",
    "config",
    "public-url",
];

/// What other programs are told by the environment, and libraries of ours may read.
const OTHERS: [&str; 12] = [
    "RUST_LOG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PGPORT",
    "PGSSLMODE",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "TMPDIR",
    "NO_COLOR",
    "COLUMNS",
    "LC_ALL",
];

/// A value of a setting, that may well be right.
fn setting(random: &mut Rng) -> Vec<u8> {
    const VALUES: [&str; 14] = [
        "postgres://ada:pw@h/x,postgres://ada@h/y",
        "postgres://",
        "host=h user=u options='-c x'",
        "us-east-1,us-east-2",
        "1,2",
        "a,b",
        "true",
        "no",
        "0",
        "18446744073709551616",
        "[::1]:0",
        "http://h:80,http://h:81",
        "/nowhere",
        "",
    ];
    let mut value = VALUES[random.usize(..VALUES.len())].as_bytes().to_vec();
    if random.bool() {
        let at = random.usize(..=value.len());
        value.splice(at..at, noise(random, 2));
    }
    value.retain(|byte| *byte != 0);
    value
}

/// Runs `worldseat config` with random settings in all three places.
fn configure(random: &mut Rng) -> (Option<i32>, String) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_worldseat"));
    forget_settings(&mut command);
    command.arg("config").current_dir(home.path()).env("RUST_BACKTRACE", "0");
    for _ in 0..random.usize(..3) {
        let flag = FLAGS[random.usize(..FLAGS.len())];
        command.arg(OsString::from_vec([b"--", flag.as_bytes(), b"=", &setting(random)].concat()));
    }
    for _ in 0..random.usize(..3) {
        let name = format!("WORLDSEAT_{}", FLAGS[random.usize(..FLAGS.len())].to_uppercase().replace('-', "_"));
        command.env(name, OsString::from_vec(setting(random)));
    }
    if random.bool() {
        command.env(OTHERS[random.usize(..OTHERS.len())], OsString::from_vec(setting(random)));
    }
    if random.bool() {
        let mut file = Vec::new();
        for _ in 0..random.usize(..4) {
            let quote = if random.bool() { b"'".as_slice() } else { b"" };
            file.extend(
                [FLAGS[random.usize(..FLAGS.len())].as_bytes(), b" = ", quote, &setting(random), quote, b"\n"].concat(),
            );
        }
        if random.u8(..3) == 0 {
            file.extend(noise(random, 4));
        }
        std::fs::write(home.path().join("worldseat.toml"), file).unwrap();
    }
    let output = command.output().unwrap();
    let told =
        format!("{command:?}\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), told)
}

fn configure_all(seeds: impl Iterator<Item = u64>) {
    for seed in seeds {
        let (code, told) = configure(&mut Rng::with_seed(seed));
        assert!(matches!(code, Some(0 | 2)) && !told.contains("panicked"), "seed {seed}: {code:?}: {told}");
    }
}

#[test]
fn no_setting_makes_a_panic() {
    configure_all(0..150);
}

#[test]
#[ignore = "takes ten minutes"]
fn no_setting_makes_a_panic_for_long() {
    configure_all(for_long());
}
