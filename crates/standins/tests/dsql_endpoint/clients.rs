//! Drivers, ORMs and tools as they come from their registries. `cargo xtask test` installs them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::support::{ACCESS_KEY, SECRET_KEY, Stage, stage, token};

/// The programs that use them, and the list of npm packages with what npm made of it.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

macro_rules! served {
    ($($test:ident: $program:literal,)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            serve($program).await;
        }
    )*};
}

served! {
    psycopg_2_is_served: "with_psycopg2.py",
    psycopg_3_is_served: "with_psycopg3.py",
    asyncpg_is_served: "with_asyncpg.py",
    aws_connectors_for_python_are_served: "with_aws_connectors.py",
    sqlalchemy_with_the_dialect_of_aws_is_served: "with_sqlalchemy.py",
    django_with_the_adapter_of_aws_is_served: "with_django.py",
    node_postgres_and_the_connector_of_aws_are_served: "with_pg.cjs",
    postgres_js_is_served: "with_postgres_js.cjs",
}

async fn serve(program: &str) {
    let stage = stage().await;
    let root = stage.root();
    let mut command = if Path::new(program).extension().is_some_and(|extension| extension == "py") {
        let packages = python_packages();
        assert!(packages.join("psycopg").is_dir(), "{}: run `cargo xtask test --only unit`", packages.display());
        let mut python = Command::new("python3");
        python.env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1");
        python
    } else {
        let packages = Path::new(FOLDER).join("node_modules/pg");
        assert!(packages.is_dir(), "{}: run `cargo xtask test --only unit`", packages.display());
        Command::new("node")
    };
    let of = |what: fn(&standins::DsqlEndpoint) -> String| stage.endpoints.each_ref().map(what).join(" ");
    command
        .arg(Path::new(FOLDER).join(program))
        .env("DSQL_HOSTS", of(|endpoint| endpoint.host().to_owned()))
        .env("DSQL_PORTS", of(|endpoint| endpoint.addr().port().to_string()))
        .env("DSQL_REGIONS", of(|endpoint| endpoint.region().to_owned()))
        .env("DSQL_TOKENS", tokens(&stage).await)
        .env("DSQL_CA", root.path())
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    succeed(program, command).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pgbench_is_served_in_every_mode() {
    let stage = stage().await;
    let (root, endpoint) = (stage.root(), &stage.endpoints[0]);
    let client = stage.client(0).await;
    super::support::run(&client, "CREATE TABLE account (id bigint PRIMARY KEY, n bigint NOT NULL, note text)").await;
    super::support::run(&client, "INSERT INTO account SELECT id, 0 FROM generate_series(1, 100) id").await;
    let script = tempfile::NamedTempFile::new().unwrap();
    let transfer = "\\set from random(1, 50)\n\\set to random(51, 100)\nBEGIN;\n\
                    UPDATE account SET n = n - 1 WHERE id = :from;\nUPDATE account SET n = n + 1 WHERE id = :to;\n\
                    SELECT n, note FROM account WHERE id = :to;\nCOMMIT;\n";
    std::fs::write(script.path(), transfer).unwrap();
    for mode in ["simple", "extended", "prepared"] {
        let mut pgbench = Command::new(pgbench());
        pgbench
            .args(["-n", "-M", mode, "-c", "4", "-j", "2", "-t", "10", "--max-tries", "1000", "-f"])
            .arg(script.path())
            .args(["-h", endpoint.host(), "-p", &endpoint.addr().port().to_string(), "-U", "admin", "postgres"])
            .env("PGHOSTADDR", endpoint.addr().ip().to_string())
            .env("PGSSLMODE", "verify-full")
            .env("PGSSLROOTCERT", root.path())
            .env("PGPASSWORD", token(endpoint.host(), endpoint.region()).await);
        let out = succeed(&format!("pgbench -M {mode}"), pgbench).await;
        assert!(out.contains("number of transactions actually processed: 40/40"), "{out}");
    }
    assert_eq!(super::support::number(&client, "SELECT sum(n)::bigint FROM account").await, 0);
    assert_eq!(super::support::number(&client, "SELECT sum(n)::bigint FROM account WHERE id > 50").await, 120);
}

/// Runs a program to its end, and shows what it said if it fails.
async fn succeed(what: &str, mut command: Command) -> String {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let running = command.spawn().unwrap_or_else(|e| panic!("{what} cannot be started ({e}): run `cargo xtask test`"));
    let done = tokio::time::timeout(Duration::from_mins(2), running.wait_with_output()).await;
    let done = done.unwrap_or_else(|_| panic!("{what} does not end")).unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{what}: {}\n{out}{err}", done.status);
    out.into_owned()
}

async fn tokens(stage: &Stage) -> String {
    let [first, second] = &stage.endpoints;
    format!("{} {}", token(first.host(), first.region()).await, token(second.host(), second.region()).await)
}

/// `WORLDSEAT_PYTHON`, which `cargo xtask test` sets, or the folder that it fills.
fn python_packages() -> PathBuf {
    if let Some(folder) = std::env::var_os("WORLDSEAT_PYTHON") {
        return folder.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
    target.join("tools/python")
}

/// On PATH, or where Debian keeps the programs of a version.
fn pgbench() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions
        .map(|version| version.path().join("bin/pgbench"))
        .filter(|program| program.is_file())
        .max()
        .unwrap_or_else(|| "pgbench".into())
}
