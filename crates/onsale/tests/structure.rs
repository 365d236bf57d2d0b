//! What is absent from this workspace, and stays absent: the walls between its rooms, read from the source text.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn there_is_one_purchase() {
    let sources: Vec<Source> =
        ["crates", "app", "frontend", "server", "xtask"].iter().flat_map(|room| rust_sources(room, &["src"])).collect();
    assert!(sources.len() > 40, "only {} sources found", sources.len());
    let found: Vec<&str> = sources.iter().flat_map(|file| definitions(file, "purchase").map(|_| &*file.path)).collect();
    assert_eq!(found, ["crates/onsale/src/purchase.rs"]);
}

#[test]
fn the_purchase_fits_on_a_screen() {
    let lines = read("crates/onsale/src/purchase.rs").text.lines().count();
    assert!(lines < 60, "{lines} lines");
}

/// `onsale` is pure, and what sells or judges does not ask which database it is on.
#[test]
fn nothing_that_sells_or_judges_knows_the_database() {
    for file in rust_sources("crates/onsale", &["src"]) {
        assert_none(&file, &["tokio", "tokio_postgres", "aws_sdk", "aws_config", "deadpool", "dynoxide", "std::time"]);
        assert_none(&file, &["Instant", "SystemTime", "std::net", "std::fs", "std::thread"]);
    }
    for room in ["crates/onsale", "crates/witness", "crates/burst", "crates/backends", "crates/simulation"] {
        for file in rust_sources(room, &["src"]) {
            assert_none(&file, &["Backend::", "backend =="]);
        }
    }
}

/// The naive path is naive on both databases.
#[test]
fn the_purchase_has_no_lock_and_no_condition() {
    for path in [
        "crates/onsale/src/purchase.rs",
        "crates/burst/src/sell.rs",
        "crates/backends/src/dsql/txn.rs",
        "crates/backends/src/dynamodb/txn.rs",
        "crates/backends/src/dynamodb/replica.rs",
        "crates/backends/src/dynamodb/items.rs",
    ] {
        assert_none(&read(path), &TRICKS);
    }
    // No key can stop a double sale: every sale's ticket is part of the ledger's key, and nothing else is unique.
    let schema = read("crates/backends/src/dsql/schema.rs");
    assert_none(&schema, &["UNIQUE ", "UNIQUE(", "UNIQUE,", "UNIQUE)", "EXCLUDE ", "TRIGGER", "CHECK ("]);
    let ledger = schema.code().find("CREATE TABLE IF NOT EXISTS ledger").map(|at| schema.code()[at..].to_owned());
    let key = "PRIMARY KEY (floor, seat, round, ticket)";
    assert!(ledger.is_some_and(|ledger| ledger[..ledger.find(")\"").unwrap()].contains(key)));
}

/// The arrows of the map: which of our own crates a crate may name in its manifest.
#[test]
fn the_arrows_point_one_way() {
    for (room, allowed) in [
        ("crates/onsale", &[] as &[&str]),
        ("crates/provision", &[]),
        ("crates/standins", &[]),
        ("crates/witness", &["onsale"]),
        ("crates/burst", &["onsale"]),
        ("crates/backends", &["onsale"]),
        ("crates/simulation", &["onsale"]),
        ("crates/evidence", &["onsale", "witness"]),
        ("checker", &["evidence", "witness"]),
    ] {
        let manifest = read(&format!("{room}/Cargo.toml")).text;
        let ours = [
            "app",
            "backends",
            "burst",
            "checker",
            "evidence",
            "frontend",
            "onsale",
            "provision",
            "server",
            "simulation",
            "standins",
            "witness",
        ];
        let named: Vec<_> = dependencies(&manifest).into_iter().filter(|name| ours.contains(&name.as_str())).collect();
        assert_eq!(named, allowed, "{room}");
    }
    assert!(!dependencies(&read("crates/onsale/Cargo.toml").text).contains(&"tokio".to_owned()));
    for room in ["app", "server"] {
        assert!(!read(&format!("{room}/Cargo.toml")).text.contains("simulation"), "{room} offers a simulated database");
    }
    // Who makes the history never judges it, not even in its tests.
    assert!(!read("crates/burst/Cargo.toml").text.contains("witness"));
}

/// Databases are chosen in one file.
#[test]
fn only_the_composition_chooses_a_database() {
    let adapters = ["SqlDatabase", "SqlConfig", "GlobalTables", "DynamoConfig", "backends::"];
    let mut choosing = Vec::new();
    for room in ["app", "server", "frontend"] {
        for file in rust_sources(room, &["src"]) {
            if adapters.iter().any(|adapter| file.names(adapter)) {
                choosing.push(file.path);
            }
        }
    }
    assert_eq!(choosing, ["server/src/compose.rs"]);
    // Elsewhere in the server a backend is named as what a request means when it names none, never compared with.
    for file in rust_sources("server", &["src"]).into_iter().filter(|file| file.path != "server/src/compose.rs") {
        assert_none(&file, &["Backend::Naive", "Backend::Control", "== Backend::", "Backend::Dsql =>"]);
    }
}

/// What would make the purchase clever.
const TRICKS: [&str; 17] = [
    "ConditionExpression",
    "condition_expression",
    "ConditionalOperator",
    "conditional_operator",
    "expected",
    "TransactWrite",
    "transact_write",
    "TransactGet",
    "FOR UPDATE",
    "FOR SHARE",
    "FOR NO KEY UPDATE",
    "ON CONFLICT",
    "advisory",
    "LOCK TABLE",
    "SERIALIZABLE",
    "Mutex",
    "UNIQUE",
];

/// Every check above can fail.
#[test]
fn the_checks_notice() {
    let file = |text: &str| Source { path: "sample.rs".to_owned(), text: text.to_owned() };
    for (text, trick) in [
        (r#"put.condition_expression("attribute_not_exists(pk)")"#, "condition_expression"),
        (r"put.set_condition_expression(None)", "condition_expression"),
        (r"let put = PutItem { ConditionExpression: None };", "ConditionExpression"),
        (r"client.transact_write_items()", "transact_write"),
        ("const READ: &str = \"SELECT round FROM seats \\\n                    FOR  update\";", "FOR UPDATE"),
        ("const ADD: &str = \"INSERT INTO ledger VALUES ($1) ON\n    CONFLICT DO NOTHING\";", "ON CONFLICT"),
        (r#"client.execute("SELECT pg_advisory_xact_lock($1)", &[])"#, "advisory"),
        (r#"client.batch_execute("lock table seats")"#, "LOCK TABLE"),
        (r"if plan.backend == Backend::Dsql {", "Backend::"),
        (r"use tokio_postgres::Client;", "tokio_postgres"),
        (r"let now = std::time::Instant::now();", "std::time"),
    ] {
        assert!(file(text).names(trick), "{trick} is in {text}");
    }
    for (text, trick) in [
        (r#"query.key_condition_expression("floor = :floor")"#, "condition_expression"),
        (r"    // No ON CONFLICT here, and nothing is locked FOR UPDATE.", "ON CONFLICT"),
        ("fn real() {}\n#[cfg(test)]\nmod tests { const TRICK: &str = \"FOR UPDATE\"; }", "FOR UPDATE"),
        (r"let not_unexpected = 1;", "expected"),
    ] {
        assert!(!file(text).names(trick), "{trick} is not in {text}");
    }
    let purchases = |text: &str| definitions(&file(text), "purchase").count();
    assert_eq!(purchases("pub async fn purchase<D>(db: &D) {}\n    fn purchase (&self) {}\nfn\n  purchase() {}"), 3);
    assert_eq!(purchases("fn purchase_answer() {}\nfn repurchase() {}\n// fn purchase()\nlet _ = purchase(db);"), 0);
    let manifest =
        "[dependencies]\nonsale.workspace = true\ntokio = { workspace = true }\n[dev-dependencies]\nburst = 1\n";
    assert_eq!(dependencies(manifest), ["onsale", "tokio"]);
    assert_eq!(
        dependencies("[target.'cfg(unix)'.dependencies]\nwitness = 1\n[dependencies.burst]\n"),
        ["witness", "burst"]
    );
}

/// A file of this workspace.
struct Source {
    /// From the root.
    path: String,
    text: String,
}

impl Source {
    /// The text without comments and unit tests, every run of white space one blank.
    fn code(&self) -> String {
        let text = self.text.split("#[cfg(test)]").next().unwrap_or_default().replace("\\\n", " ");
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    }

    /// Whether the code names it, in capitals or not. `key_condition_expression` of a Query is not one of a put, and a
    /// name that begins in the middle of a word is another word, but for a setter's.
    fn names(&self, what: &str) -> bool {
        let (code, what) = (self.code().to_lowercase(), what.to_lowercase());
        code.match_indices(&what).any(|(at, _)| {
            let before = &code[..at];
            before.ends_with("set_")
                || before.ends_with("pg_")
                || !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        })
    }
}

fn assert_none(file: &Source, absent: &[&str]) {
    let found: Vec<_> = absent.iter().filter(|what| file.names(what)).collect();
    assert!(found.is_empty(), "{} names {found:?}", file.path);
}

/// Where functions of this name are defined.
fn definitions(file: &Source, name: &str) -> impl Iterator<Item = usize> {
    let (code, definition) = (file.code(), format!("fn {name}"));
    let starts: Vec<usize> = code
        .match_indices(&definition)
        .filter(|(at, found)| {
            let after = code[at + found.len()..].trim_start();
            (*at == 0 || code[..*at].ends_with([' ', '(', '{', ';', '}'])) && after.starts_with(['(', '<'])
        })
        .map(|(at, _)| at)
        .collect();
    starts.into_iter()
}

/// The names under `[dependencies]`, also those of one platform, and not those that only tests use.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section == "dependencies" || section.ends_with(".dependencies");
            if let Some(name) = section.strip_prefix("dependencies.") {
                names.push(name.to_owned());
            }
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            names.push(line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned());
        }
    }
    names
}

/// Every `.rs` under `room`, in the folders named or anywhere below them, in order.
fn rust_sources(room: &str, folders: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    walk(&root().join(room), &mut found);
    let mut sources: Vec<_> = found
        .iter()
        .map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/"))
        .filter(|path| folders.iter().any(|folder| path.contains(&format!("/{folder}/"))))
        .map(|path| read(&path))
        .collect();
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!sources.is_empty(), "no source under {room}");
    sources
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            walk(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

fn read(path: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}")),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
