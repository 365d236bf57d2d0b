//! What `worldseat verify` is given that is no run.json: it says what it is, and needs little memory to find out.
// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use flate2::{Compression, write::GzEncoder};
use std::{
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
};

/// Runs `worldseat verify` with `words`; what it may take is limited, and `feed` writes its standard input until that is
/// closed.
fn verify(words: &[&str], feed: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send) -> (Option<i32>, String) {
    /// Of address space, in KiB: the threads' stacks and the program itself are most of it.
    const LIMIT: &str = "ulimit -v 1000000; exec \"$0\" verify \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", LIMIT, env!("CARGO_BIN_EXE_worldseat")]).args(words).env("RUST_BACKTRACE", "0");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // It may have seen enough before the end.
        scope.spawn(move || drop(feed(&mut stdin)));
        child.wait_with_output().unwrap()
    });
    told(&output)
}

fn told(output: &Output) -> (Option<i32>, String) {
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!told.contains("panicked"), "{told}");
    (output.status.code(), told)
}

fn given(bytes: &[u8]) -> (Option<i32>, String) {
    verify(&["-"], |input| input.write_all(bytes))
}

fn synthetic() -> Vec<u8> {
    let mut run = Vec::new();
    let options = evidence::SynthOptions { operations: 40, seats: 2, plant: None, seed: 1 };
    evidence::synth(&options, &mut run).unwrap();
    run
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn a_run_is_read_in_every_encoding_that_has_a_mark() {
    let run = synthetic();
    let text = String::from_utf8(run.clone()).unwrap();
    let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for wrapped in [&run, format!("\u{feff}{text}").as_bytes(), &utf16] {
        let (code, told) = given(wrapped);
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains("agrees"), "{told}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a run.json");
    std::fs::write(&path, &run).unwrap();
    let address = reqwest::Url::from_file_path(&path).unwrap();
    assert_eq!(verify(&[address.as_str()], |_| Ok(())).0, Some(0));
}

#[test]
fn what_is_no_run_is_named() {
    let run = synthetic();
    let packed = gzip(&run);
    let table: [(&[u8], &str); 14] = [
        (b"", "the document is empty"),
        (b"{:type :invoke, :f :read, :value nil, :process 0, :time 1, :index 0}\n", "a history in EDN"),
        (br#"{"index":0,"type":"invoke","process":0,"f":"txn","value":[["r","A1/2",null]]}"#, "for Elle"),
        (br#"[{"clientId":0,"input":{"key":"A1/2","op":"open"},"output":{},"call":1,"return":2}]"#, "for Porcupine"),
        (br#"{"error":"There is no run abc on this deployment."}"#, "There is no run abc on this deployment."),
        (b"<!doctype html><title>Run abc</title>", "a web page"),
        (b"seat,round,ticket\nA1,1,x\n", "CSV"),
        (b"PK\x03\x04\x14\0", "zip"),
        (b"\x28\xb5\x2f\xfd\x04", "zstd"),
        (b"BZh91AY&SY", "bzip2"),
        (b"\xfd7zXZ\0\0\x04", "xz"),
        (&packed, "compressed data (gzip): decompress it first, for example with `gunzip`"),
        (&run[..run.len() / 2], "is cut off (EOF while parsing"),
        (&[0; 100], "binary data"),
    ];
    for (bytes, named) in table {
        let (code, told) = given(bytes);
        assert_eq!((code, told.trim_end().lines().count()), (Some(2), 1), "{told}");
        assert!(told.starts_with("worldseat: -: ") && told.contains(named), "{named:?} is not in: {told}");
    }
    for (source, named) in [
        ("/", "a directory: give the run.json in it"),
        ("ftp://h/run.json", "begins with http:// or https://"),
        ("worldseat.example/run/abc", "write https://worldseat.example/run/abc"),
        ("http://", "http://: "),
    ] {
        let (code, told) = verify(&[source], |_| Ok(()));
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains(named), "{named:?} is not in: {told}");
    }
}

/// Writes `piece` for as long as it is read.
fn endless(start: &'static str, piece: &str) -> impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send + use<> {
    let pieces = piece.repeat((1 << 16) / piece.len());
    move |input| {
        input.write_all(start.as_bytes())?;
        loop {
            input.write_all(pieces.as_bytes())?;
        }
    }
}

#[test]
fn what_has_no_end_is_refused_within_little_memory() {
    for (start, piece, named) in [
        ("", " ", "longer than 8 MiB"),
        ("", "\0", "binary data"),
        ("", "[", "a list"),
        ("{\"note\":", "[", "more than 128 levels"),
        ("{\"note\":\"", "x", "a string of more than 1 MiB"),
        ("{\"note\":\"", "\\\"", "a string of more than 1 MiB"),
        ("{\"", "\\u0041", "a string of more than 1 MiB"),
        ("{\"note\":[", "1,", "longer than 8 MiB"),
        ("{\"note\":", "1", ""),
        ("{\"schema\":\"worldseat-run\",\"version\":2,\"claims\":{\"rules\":[", "\"phantom\",", "longer than 8 MiB"),
    ] {
        let (code, told) = verify(&["-", "--max-mib", "8"], endless(start, piece));
        assert_eq!((code, told.trim_end().lines().count()), (Some(2), 1), "{start}{piece}: {told}");
        assert!(told.contains(named), "{named:?} is not in: {told}");
    }
}

#[test]
fn devices_and_answers_without_end_are_refused() {
    for device in ["/dev/zero", "/dev/urandom"] {
        if Path::new(device).exists() {
            let (code, told) = verify(&[device, "--max-mib", "8"], |_| Ok(()));
            assert_eq!(code, Some(2), "{told}");
        }
    }
    for (status, start) in [("200 OK", "{\"note\":["), ("404 Not Found", "{\"error\":[")] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let source = format!("{}/run/abc", listener.local_addr().unwrap());
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            write!(stream, "HTTP/1.1 {status}\r\n\r\n{start}").unwrap();
            while stream.write_all("1,".repeat(4096).as_bytes()).is_ok() {}
        });
        let (code, told) = verify(&[&source, "--max-mib", "8"], |_| Ok(()));
        answering.join().unwrap();
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("longer than 8 MiB") || told.contains("404"), "{told}");
    }
}
