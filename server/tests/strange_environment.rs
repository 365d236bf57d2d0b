//! Whatever the environment, the arguments and the files hold, byte for byte: the program does what it was asked, or says
//! in a sentence why not. Variables that are meant for others change nothing.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Server, forget_settings};
use serde_json::json;
use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Command, Output, Stdio},
};

fn run(directory: &Path, args: &[&OsStr], variables: &[(OsString, OsString)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worldseat"));
    forget_settings(&mut command);
    command.args(args).envs(variables.iter().cloned()).current_dir(directory).stdin(Stdio::null());
    command.output().unwrap()
}

/// A refusal or an answer, never a crash.
fn stands(done: &Output, what: &str) {
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(matches!(done.status.code(), Some(0..=3)), "{what}: {:?}: {said}", done.status);
    assert!(!said.contains("panicked"), "{what}: {said}");
}

/// What a setting, an argument or a file may hold.
const BYTES: [&[u8]; 14] = [
    b"",
    b" ",
    b"\xff",
    b"a\xffb",
    b"\xef\xbb\xbf",
    b"\xff\xfea\0",
    b"-1",
    b"0",
    b"99999999999999999999",
    b"[",
    b"://",
    b",,",
    "\u{202e}\u{0301}".as_bytes(),
    b"a=b\r\n",
];

/// Variables that libraries read by themselves, or that are ours.
const VARIABLES: [&str; 20] = [
    "RUST_LOG",
    "RUST_BACKTRACE",
    "TOKIO_WORKER_THREADS",
    "RUST_MIN_STACK",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "AWS_PROFILE",
    "AWS_REGION",
    "LEPTOS_SITE_ADDR",
    "LANG",
    "COLUMNS",
    "WORLDSEAT_CONFIG",
    "WORLDSEAT_ADDR",
    "WORLDSEAT_SQL_URLS",
    "WORLDSEAT_LAG_MS",
    "WORLDSEAT_NO_FOIL",
    "WORLDSEAT_RECORD_KEY",
];

#[test]
fn no_variable_makes_it_crash() {
    let home = tempfile::tempdir().unwrap();
    for bytes in BYTES.into_iter().filter(|bytes| !bytes.contains(&0)) {
        for name in VARIABLES {
            let set = [(OsString::from(name), OsStr::from_bytes(bytes).to_owned())];
            let done = run(home.path(), &["config".as_ref()], &set);
            stands(&done, &format!("{name}={}", bytes.escape_ascii()));
        }
        let name = [b"WORLDSEAT_".as_slice(), bytes].concat();
        if !name.contains(&b'=') {
            let set = [(OsStr::from_bytes(&name).to_owned(), OsString::from("x"))];
            stands(&run(home.path(), &["config".as_ref()], &set), &name.escape_ascii().to_string());
        }
    }
}

#[test]
fn no_argument_makes_it_crash() {
    let home = tempfile::tempdir().unwrap();
    for bytes in BYTES.into_iter().filter(|bytes| !bytes.contains(&0)) {
        let word = OsStr::from_bytes(bytes);
        for before in ["config", "--config", "verify"] {
            stands(&run(home.path(), &[before.as_ref(), word], &[]), &format!("{before} {}", bytes.escape_ascii()));
        }
        for flag in ["--config=", "--addr=", "--sql-urls=", "--lag-ms=", "--sql-root-cert=", "--dsql-endpoints="] {
            let flag = [flag.as_bytes(), bytes].concat();
            let done = run(home.path(), &["config".as_ref(), OsStr::from_bytes(&flag)], &[]);
            stands(&done, &flag.escape_ascii().to_string());
        }
    }
}

#[test]
fn no_file_makes_it_crash() {
    let home = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let urls = "postgres://me:x@h/d,postgres://me:x@h/d";
    let random =
        std::iter::repeat_with(|| (0..random.usize(1..200)).map(|_| random.u8(..)).collect::<Vec<u8>>()).take(40);
    for bytes in BYTES.into_iter().map(<[u8]>::to_vec).chain(random) {
        let file = home.path().join("file");
        fs::write(&file, &bytes).unwrap();
        for args in [
            vec!["verify".as_ref(), file.as_os_str()],
            vec!["config".as_ref(), "--config".as_ref(), file.as_os_str()],
            vec!["config".as_ref(), "--sql-urls".as_ref(), urls.as_ref(), "--sql-root-cert".as_ref(), file.as_os_str()],
        ] {
            stands(&run(home.path(), &args, &[]), &format!("{args:?}: {}", bytes.escape_ascii()));
        }
    }
}

/// A byte order mark and the line ends of Windows are harmless in a configuration, and so is UTF-16 after its mark.
#[test]
fn a_file_from_windows_is_read() {
    let home = tempfile::tempdir().unwrap();
    let text = "\u{feff}connections = 9.0\r\nno-foil = true\r\nlag-ms = ' 5, 6 '\r\n";
    for bytes in [text.as_bytes().to_vec(), text.encode_utf16().flat_map(u16::to_be_bytes).collect()] {
        fs::write(home.path().join("worldseat.toml"), bytes).unwrap();
        let done = run(home.path(), &["config".as_ref()], &[]);
        let (shown, said) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert_eq!(done.status.code(), Some(0), "{said}");
        let connections = shown.lines().find(|line| line.starts_with("connections ")).unwrap();
        assert!(connections.split_whitespace().any(|word| word == "9"), "{shown}");
    }
    fs::write(home.path().join("worldseat.toml"), b"record-key = 'schl\xfcssel'").unwrap();
    let done = run(home.path(), &["config".as_ref()], &[]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.code() == Some(2) && said.contains("byte 18 (0xfc) is not valid UTF-8"), "{said}");
}

/// All at once, and each of them alone would have kept the emulators from starting or from being reached.
#[tokio::test]
async fn variables_for_others_change_nothing() {
    let nobody = "http://127.0.0.1:9";
    let others = [
        ("HTTP_PROXY", nobody),
        ("http_proxy", nobody),
        ("HTTPS_PROXY", nobody),
        ("ALL_PROXY", nobody),
        ("PGPORT", "5433"),
        ("PGHOST", "nowhere.invalid"),
        ("PGUSER", "nobody"),
        ("PGDATABASE", "nowhere"),
        ("PGDATA", "/nonexistent"),
        ("PGOPTIONS", "-c nonsense=1"),
        ("PGSERVICE", "nonsense"),
        ("PGSSLMODE", "nonsense"),
        ("PGTZ", "nonsense"),
        ("PGDATESTYLE", "nonsense"),
        ("PGCLIENTENCODING", "nonsense"),
        ("TZ", "Nowhere/Nowhere"),
        ("LC_ALL", "xx_XX.nonsense"),
        ("AWS_ENDPOINT_URL", nobody),
        ("AWS_ENDPOINT_URL_DYNAMODB", nobody),
        ("AWS_PROFILE", "nonsense"),
        ("AWS_REGION", "nonsense"),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_CA_BUNDLE", "/nonexistent"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("SSL_CERT_FILE", "/nonexistent"),
        ("TOKIO_WORKER_THREADS", "0"),
        ("RUST_LOG", "["),
        ("LEPTOS_SITE_ADDR", "nonsense"),
        ("LEPTOS_OUTPUT_NAME", "nonsense"),
    ];
    let server = Server::start_with(&[], &others);
    for backend in ["dsql", "naive"] {
        let report = server.api.done("/api/breakit", &json!({"backend": backend, "concurrency": 2})).await;
        assert_eq!(report["errors"], 0, "{report}");
        let run = format!("http://{}/run/{}", server.api.host(), report["run"].as_str().unwrap());
        let mut verify = Command::new(env!("CARGO_BIN_EXE_worldseat"));
        forget_settings(&mut verify);
        let done = verify.args(["verify", &run]).envs(others).output().unwrap();
        assert!(done.status.success(), "{run}: {}", String::from_utf8_lossy(&done.stderr));
    }
    server.stop();
}
