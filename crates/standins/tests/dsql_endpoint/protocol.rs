//! Both protocols, and what a client sees when PostgreSQL is lost.

use std::error::Error as StdError;
use std::time::SystemTime;

use standins::{Cut, When};
use tokio::io::AsyncWriteExt as _;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use super::support::{number, refusal, run, stage, token, told, within};

#[tokio::test]
async fn values_pass_unchanged() {
    let stage = stage().await;
    let client = stage.client(0).await;
    run(&client, "CREATE TABLE t (id bigint PRIMARY KEY, s text, b bytea, at timestamptz, f boolean, x jsonb)").await;
    let (bytes, now) = (vec![0_u8, 1, 255], SystemTime::UNIX_EPOCH + std::time::Duration::from_micros(1_234_567_890));
    let insert = "INSERT INTO t (id, s, b, at, f) VALUES ($1, $2, $3, $4, $5) RETURNING id, s, b, at, f, x::text";
    for (id, transaction) in [(1_i64, false), (2, true)] {
        if transaction {
            run(&client, "BEGIN").await;
        }
        let row = client.query_one(insert, &[&id, &"é;'", &bytes, &now, &None::<bool>]).await.unwrap();
        let got: (i64, &str, Vec<u8>, SystemTime) = (row.get(0), row.get(1), row.get(2), row.get(3));
        assert_eq!(got, (id, "é;'", bytes.clone(), now));
        assert_eq!((row.get::<_, Option<bool>>(4), row.get::<_, Option<&str>>(5)), (None, None));
        if transaction {
            run(&client, "COMMIT").await;
        }
    }
    assert_eq!(number(&client, "SELECT count(*) FROM t").await, 2);
}

#[tokio::test]
async fn the_simple_protocol_answers_statement_by_statement() {
    let stage = stage().await;
    let client = stage.client(0).await;
    run(&client, "").await;
    run(&client, " ; ;").await;
    run(&client, "CREATE TABLE t (n bigint PRIMARY KEY, s text)").await;
    let messages =
        client.simple_query("INSERT INTO t VALUES (1, 'a;b'), (2, NULL); SELECT n, s FROM t ORDER BY n").await.unwrap();
    let mut told = Vec::new();
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => told.push(format!("{:?} {:?}", row.get("n"), row.get("s"))),
            SimpleQueryMessage::CommandComplete(rows) => told.push(rows.to_string()),
            _ => {}
        }
    }
    assert_eq!(told, ["2", "Some(\"1\") Some(\"a;b\")", "Some(\"2\") None", "2"]);
    // Several statements are one transaction, unless they say otherwise.
    assert_eq!(refusal(&client, "INSERT INTO t VALUES (3); INSERT INTO t VALUES (1)").await.0, "23505");
    assert_eq!(number(&client, "SELECT count(*) FROM t").await, 2);
    run(&client, "BEGIN; INSERT INTO t VALUES (3); COMMIT; BEGIN; INSERT INTO t VALUES (4); ROLLBACK").await;
    assert_eq!(number(&client, "SELECT count(*) FROM t").await, 3);
    let job = client.simple_query("CREATE INDEX ASYNC t_s ON t (s)").await.unwrap();
    assert!(job.iter().any(|m| matches!(m, SimpleQueryMessage::Row(row) if row.get("job_id").unwrap().len() == 26)));
}

#[tokio::test]
async fn rows_can_be_fetched_in_portions() {
    let stage = stage().await;
    let mut client = stage.client(0).await;
    let transaction = client.transaction().await.unwrap();
    let portal = transaction.bind("SELECT n FROM generate_series(1, 5) n", &[]).await.unwrap();
    let mut portions = Vec::new();
    loop {
        let rows = transaction.query_portal(&portal, 2).await.unwrap();
        portions.push(rows.len());
        if rows.len() < 2 {
            break;
        }
    }
    assert_eq!(portions, [2, 2, 1]);
}

#[tokio::test]
async fn after_a_failed_statement_commit_rolls_back() {
    let stage = stage().await;
    let client = stage.client(0).await;
    run(&client, "CREATE TABLE t (n bigint PRIMARY KEY)").await;
    let failing = ["INSERT INTO t VALUES (1)", "SELECT 1 / (n - n) FROM t", "SELECT nothing FROM t", "TRUNCATE t"];
    for statement in failing {
        run(&client, "BEGIN; INSERT INTO t VALUES (1)").await;
        assert_ne!(refusal(&client, statement).await.0, "25P02", "{statement}");
        assert_eq!(refusal(&client, "SELECT 1").await.0, "25P02", "{statement}");
        assert_eq!(refusal(&client, "TRUNCATE t").await.0, "25P02", "{statement}");
        assert_eq!(told(&client.query("SELECT 1", &[]).await.unwrap_err()).0, "25P02", "{statement}");
        run(&client, "COMMIT").await;
        assert_eq!(number(&client, "SELECT count(*) FROM t").await, 0, "{statement}");
    }
}

#[tokio::test]
async fn parameters_may_be_text_and_what_is_wrong_is_told() {
    let stage = stage().await;
    let client = stage.client(0).await;
    let row = client.query_one("SELECT $1::bigint + 1", &[&InText("41")]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 42);
    assert_eq!(told(&client.query("SELECT $1::bigint", &[&InText("x")]).await.unwrap_err()).0, "22P02");
    assert_eq!(told(&client.prepare("SELECT 1; SELECT 2").await.unwrap_err()).0, "42601");
    assert_eq!(told(&client.prepare("SELEC 1").await.unwrap_err()).0, "42601");
    assert_eq!(told(&client.prepare("SELECT * FROM nothing").await.unwrap_err()).0, "42P01");
    assert_eq!(number(&client, "SELECT 1::bigint").await, 1);
}

#[tokio::test]
async fn when_postgresql_is_lost_the_client_gets_no_answer() {
    let stage = stage().await;
    let looking = stage.client(1).await;
    run(&looking, "CREATE TABLE t (n bigint)").await;
    for (when, happened) in [(When::BeforeForward, 0), (When::AfterForward, 1), (When::AfterAnswer, 1)] {
        let client = stage.client(0).await;
        run(&client, "BEGIN").await;
        client.execute("INSERT INTO t VALUES ($1)", &[&1_i64]).await.unwrap();
        stage.regional[0].cut_at(Cut::once(b"COMMIT", when));
        let error = within(client.batch_execute("COMMIT")).await.unwrap_err();
        assert!(error.code().is_none(), "{when:?}: {error:?}");
        assert!(client.is_closed());
        within(async { while number(&looking, "SELECT count(*) FROM t").await != happened {} }).await;
        run(&looking, "DELETE FROM t").await;
    }
    assert_eq!(stage.regional[0].cuts_made(), 3);
    // Between statements; and a region that is down lets nobody in.
    let client = stage.client(0).await;
    stage.regional[0].cut_all();
    assert!(within(client.batch_execute("SELECT 1")).await.unwrap_err().code().is_none());
    stage.regional[0].set_down(true);
    assert!(stage.try_client(0).await.expect_err("it came in").code().is_none());
    // An endpoint that is dropped takes its connections along.
    drop(stage.endpoints);
    assert!(within(looking.batch_execute("SELECT 1")).await.unwrap_err().code().is_none());
}

#[tokio::test]
async fn psql_is_served() {
    let stage = stage().await;
    let endpoint = &stage.endpoints[0];
    let root = stage.root();
    let place = format!(
        "host={} hostaddr={} port={} user=admin dbname=postgres sslmode=verify-full sslrootcert={}",
        endpoint.host(),
        endpoint.addr().ip(),
        endpoint.addr().port(),
        root.path().display()
    );
    let script = "CREATE TABLE t (n bigint PRIMARY KEY, s text); BEGIN; INSERT INTO t VALUES (1, 'a'), (2, NULL); \
                  SELECT * FROM t ORDER BY n; COMMIT";
    let mut psql = tokio::process::Command::new("psql");
    psql.args(["-XAt", "-v", "ON_ERROR_STOP=1", "-d", &place]).stdin(std::process::Stdio::piped());
    // No PGOPTIONS, no PGSERVICE and no ~/.psqlrc of somebody's own.
    psql.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    psql.env("PGPASSWORD", token(endpoint.host(), endpoint.region()).await).kill_on_drop(true);
    psql.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let Ok(mut psql) = psql.spawn() else {
        eprintln!("psql is not installed: not tried");
        return;
    };
    let mut stdin = psql.stdin.take().unwrap();
    stdin.write_all(format!("{script};\n").as_bytes()).await.unwrap();
    drop(stdin);
    let done = within(psql.wait_with_output()).await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert_eq!((out.as_ref(), err.as_ref()), ("CREATE TABLE\nBEGIN\nINSERT 0 2\n1|a\n2|\nCOMMIT\n", ""));
}

/// A parameter in text.
#[derive(Debug)]
struct InText(&'static str);

impl ToSql for InText {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}
