//! The protocol message by message, as drivers speak it.

use std::sync::Arc;

use pgwire::messages::data::DataRow;
use pgwire::messages::extendedquery::{Bind, Close, Describe, Execute, Flush, Parse, Sync};
use pgwire::messages::simplequery::Query;
use pgwire::messages::startup::{Password, Startup};
use pgwire::messages::{DecodeContext, Message, PgWireBackendMessage as Out, ProtocolVersion};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_postgres::types::Type;
use tokio_postgres::types::private::BytesMut;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::support::{Stage, stage, token, trusting_config, within};

struct Raw {
    socket: TlsStream<TcpStream>,
    read: BytesMut,
    send: BytesMut,
}

impl Raw {
    /// Connects with these parameters; what the endpoint said until it was ready.
    async fn connect(stage: &Stage, minor: u16, parameters: &[(&str, &str)]) -> (Self, Vec<Out>) {
        let endpoint = &stage.endpoints[0];
        let mut tcp = TcpStream::connect(endpoint.addr()).await.unwrap();
        // libpq asks for GSSAPI first where it can, then for TLS.
        for (request, expect) in [(80_877_104_u32, b'N'), (80_877_103, b'S')] {
            tcp.write_all(&[8_u32.to_be_bytes(), request.to_be_bytes()].concat()).await.unwrap();
            assert_eq!(tcp.read_u8().await.unwrap(), expect);
        }
        let tls = TlsConnector::from(Arc::new(trusting_config(&stage.authority)));
        let socket = tls.connect(ServerName::try_from(endpoint.host().to_owned()).unwrap(), tcp).await.unwrap();
        let mut raw = Self { socket, read: BytesMut::new(), send: BytesMut::new() };
        let mut startup = Startup::new();
        startup.protocol_number_minor = minor;
        for (name, value) in [("user", "admin"), ("database", "postgres")].iter().chain(parameters) {
            startup.parameters.insert((*name).to_owned(), (*value).to_owned());
        }
        raw.say(&startup).say(&Password::new(token(endpoint.host(), endpoint.region()).await));
        let said = raw.until_ready().await;
        (raw, said)
    }

    fn say(&mut self, message: &impl Message) -> &mut Self {
        message.encode(&mut self.send).unwrap();
        self
    }

    async fn flush(&mut self) {
        let send = self.send.split();
        self.socket.write_all(&send).await.unwrap();
        self.socket.flush().await.unwrap();
    }

    async fn next(&mut self) -> Out {
        loop {
            let context = DecodeContext::new(ProtocolVersion::PROTOCOL3_0);
            if let Some(message) = Out::decode(&mut self.read, &context).unwrap() {
                return message;
            }
            assert_ne!(within(self.socket.read_buf(&mut self.read)).await.unwrap(), 0, "it hung up");
        }
    }

    async fn until_ready(&mut self) -> Vec<Out> {
        self.flush().await;
        let mut said = Vec::new();
        loop {
            said.push(self.next().await);
            if matches!(said.last(), Some(Out::ReadyForQuery(_))) {
                return said;
            }
        }
    }

    async fn query(&mut self, sql: &str) -> Vec<Out> {
        self.say(&Query::new(sql.to_owned())).until_ready().await
    }

    fn parse(&mut self, name: &str, sql: &str) -> &mut Self {
        self.say(&Parse::new(Some(name.to_owned()), sql.to_owned(), Vec::new()))
    }

    fn bind(&mut self, name: &str, formats: &[i16]) -> &mut Self {
        self.say(&Bind::new(None, Some(name.to_owned()), Vec::new(), Vec::new(), formats.to_vec()))
    }

    fn execute(&mut self, max_rows: i32) -> &mut Self {
        self.say(&Execute::new(None, max_rows))
    }

    async fn sync(&mut self) -> Vec<Out> {
        self.say(&Sync::new()).until_ready().await
    }
}

/// What was said, in short: a letter or a word for each message, with what matters of it.
fn short(said: &[Out]) -> String {
    let words = said.iter().map(|message| match message {
        Out::ParseComplete(_) => "parsed".to_owned(),
        Out::BindComplete(_) => "bound".to_owned(),
        Out::CloseComplete(_) => "closed".to_owned(),
        Out::NoData(_) => "no-data".to_owned(),
        Out::PortalSuspended(_) => "suspended".to_owned(),
        Out::EmptyQueryResponse(_) => "empty".to_owned(),
        Out::ParameterDescription(p) => format!("params{:?}", p.types),
        Out::RowDescription(r) => {
            format!("columns{:?}", r.fields.iter().map(|f| (f.type_id, f.format_code)).collect::<Vec<_>>())
        }
        Out::DataRow(_) => "row".to_owned(),
        Out::CommandComplete(c) => c.tag.replace(' ', "_"),
        Out::ParameterStatus(p) => format!("{}={}", p.name, p.value),
        Out::NoticeResponse(n) => format!("notice-{}", field(&n.fields, b'C')),
        Out::ErrorResponse(e) => format!("error-{}", field(&e.fields, b'C')),
        Out::ReadyForQuery(r) => format!("{}", char::from(r.status as u8)),
        other => format!("{other:?}"),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn field(fields: &[(u8, String)], code: u8) -> &str {
    fields.iter().find(|(c, _)| *c == code).map_or("", |(_, value)| value)
}

fn rows(said: &[Out]) -> Vec<&DataRow> {
    said.iter().filter_map(|m| if let Out::DataRow(row) = m { Some(row) } else { None }).collect()
}

#[tokio::test]
async fn columns_have_their_types_and_the_formats_that_were_asked_for() {
    let stage = stage().await;
    let (mut raw, _) = Raw::connect(&stage, 0, &[]).await;
    let sql = "SELECT 1, false, now(), 'x'::text, NULL::uuid, 2::bigint, 1.5, '{}'::jsonb, 'v'::varchar(3)";
    let types =
        [Type::INT4, Type::BOOL, Type::TIMESTAMPTZ, Type::TEXT, Type::UUID, Type::INT8, Type::NUMERIC, Type::JSONB];
    let types: Vec<u32> = types.iter().chain([&Type::VARCHAR]).map(Type::oid).collect();
    let columns = |format: i16| format!("columns{:?}", types.iter().map(|oid| (*oid, format)).collect::<Vec<_>>());
    // In a transaction with a write of its own as well, where statements run after what was written.
    raw.query("CREATE TABLE t (n bigint)").await;
    for begin in ["SELECT 1", "BEGIN; INSERT INTO t VALUES (1)"] {
        raw.query(begin).await;
        let said = raw.query(sql).await;
        assert!(short(&said).starts_with(&columns(0)), "{}", short(&said));
        assert!(rows(&said)[0].data.starts_with(b"\0\0\0\x011\0\0\0\x01f"), "{said:?}");
        for (formats, expect) in [(&[][..], 0), (&[0][..], 0), (&[1][..], 1), (&[1; 9][..], 1)] {
            let describe = Describe::new(b'P', None);
            let said = raw.parse("", sql).bind("", formats).say(&describe).execute(0).sync().await;
            assert!(short(&said).contains(&columns(expect)), "{}", short(&said));
            let value: &[u8] =
                if expect == 0 { b"\0\0\0\x011\0\0\0\x01f" } else { b"\0\0\0\x04\0\0\0\x01\0\0\0\x01\0" };
            assert!(rows(&said)[0].data.starts_with(value), "{said:?}");
        }
        // Each column in a format of its own.
        let said = raw.parse("", "SELECT 1, 1").bind("", &[0, 1]).execute(0).sync().await;
        assert_eq!(&rows(&said)[0].data[..], b"\0\0\0\x011\0\0\0\x04\0\0\0\x01");
    }
    raw.query("ROLLBACK").await;
    let said = raw.parse("", "INSERT INTO t VALUES ($1) RETURNING n").say(&Describe::new(b'S', None)).sync().await;
    assert_eq!(short(&said), "parsed params[20] columns[(20, 0)] I");
}

#[tokio::test]
async fn messages_are_answered_as_postgresql_answers_them() {
    let stage = stage().await;
    let (mut raw, _) = Raw::connect(&stage, 0, &[]).await;
    assert_eq!(short(&raw.query("").await), "empty I");
    assert_eq!(short(&raw.query("CREATE TABLE t (n bigint PRIMARY KEY)").await), "CREATE_TABLE I");
    for (sql, expect) in [
        ("CREATE TABLE IF NOT EXISTS t (n bigint)", "notice-42P07 CREATE_TABLE I"),
        ("COMMIT", "notice-25P01 COMMIT I"),
        ("BEGIN", "BEGIN T"),
        ("BEGIN", "notice-25001 BEGIN T"),
        ("SET TIME ZONE 'Europe/Berlin'", "SET TimeZone=Europe/Berlin T"),
        ("INSERT INTO t VALUES (7)", "INSERT_0_1 T"),
        ("SET application_name = 'x'", "SET application_name=x T"),
        ("SELECT n FROM t", "columns[(20, 0)] row SELECT_1 T"),
        ("SAVEPOINT s", "error-0A000 TimeZone=UTC application_name= E"),
        ("SELECT 1", "error-25P02 E"),
        ("ROLLBACK", "ROLLBACK I"),
        ("SELECT 1; SELECT 2", "columns[(23, 0)] row SELECT_1 columns[(23, 0)] row SELECT_1 I"),
        ("COPY t FROM STDIN", "error-0A000 I"),
        ("SHOW timezone", "columns[(25, 0)] row SHOW I"),
    ] {
        // What the failed transaction had set is set back, in any order.
        let said =
            short(&raw.query(sql).await).replace("application_name= TimeZone=UTC", "TimeZone=UTC application_name=");
        assert_eq!(said, expect, "{sql}");
    }
    let said = raw.parse("", "").bind("", &[]).say(&Describe::new(b'P', None)).execute(0).sync().await;
    assert_eq!(short(&said), "parsed bound no-data empty I");
    // A portal in portions; it is not run twice.
    raw.query("BEGIN").await;
    let sql = "SELECT generate_series(1, 3)";
    let said = raw.parse("", sql).bind("", &[]).execute(2).execute(2).execute(2).sync().await;
    assert_eq!(short(&said), "parsed bound row row suspended row SELECT_1 error-55000 E");
    raw.query("ROLLBACK").await;
    // Names.
    let said = raw.parse("s", "SELECT 1").parse("s", "SELECT 2").sync().await;
    assert_eq!(short(&said), "parsed error-42P05 I");
    assert_eq!(
        short(&raw.say(&Close::new(b'S', Some("s".to_owned()))).bind("s", &[]).sync().await),
        "closed error-26000 I"
    );
    assert_eq!(short(&raw.execute(0).sync().await), "error-34000 I");
    raw.parse("s", "SELECT 1").sync().await;
    assert_eq!(short(&raw.query("DEALLOCATE s").await), "DEALLOCATE I");
    assert_eq!(short(&raw.bind("s", &[]).sync().await), "error-26000 I");
    assert_eq!(short(&raw.parse("", "SELECT $1::int").bind("", &[]).sync().await), "parsed error-08P01 I");
    // Flush brings the answers so far.
    raw.parse("f", "SELECT 1").say(&Describe::new(b'S', Some("f".to_owned()))).say(&Flush::new()).flush().await;
    let said = [raw.next().await, raw.next().await, raw.next().await];
    assert_eq!(short(&said), "parsed params[] columns[(23, 0)]");
    assert_eq!(short(&raw.bind("f", &[]).execute(0).sync().await), "bound row SELECT_1 I");
    // What is prepared outlives a change of its table, as long as it is prepared anew.
    raw.parse("t", "SELECT * FROM t").sync().await;
    raw.query("ALTER TABLE t ADD COLUMN s text").await;
    let said = raw.parse("", "SELECT * FROM t").bind("", &[]).say(&Describe::new(b'P', None)).execute(0).sync().await;
    assert_eq!(short(&said), "parsed bound columns[(20, 0), (25, 0)] SELECT_0 I");
}

#[tokio::test]
async fn what_stands_before_a_sync_is_one_transaction() {
    let stage = stage().await;
    let (mut raw, _) = Raw::connect(&stage, 0, &[]).await;
    raw.query("CREATE TABLE t (n bigint PRIMARY KEY)").await;
    let insert = |n: i64| format!("INSERT INTO t VALUES ({n})");
    for (second, expect, count) in [
        (2, "parsed bound INSERT_0_1 parsed bound INSERT_0_1 I", 2),
        (4, "parsed bound INSERT_0_1 parsed bound INSERT_0_1 I", 4),
    ] {
        raw.parse("", &insert(second - 1)).bind("", &[]).execute(0);
        let said = raw.parse("", &insert(second)).bind("", &[]).execute(0).sync().await;
        assert_eq!(short(&said), expect);
        assert_eq!(rows(&raw.query("SELECT n FROM t").await).len(), count);
    }
    raw.parse("", &insert(5)).bind("", &[]).execute(0);
    let said = raw.parse("", &insert(1)).bind("", &[]).execute(0).parse("", "SELECT 1").sync().await;
    assert_eq!(short(&said), "parsed bound INSERT_0_1 parsed bound error-23505 I");
    assert_eq!(rows(&raw.query("SELECT n FROM t").await).len(), 4);
}

#[tokio::test]
async fn a_later_protocol_and_parameters_of_the_start_are_negotiated() {
    let stage = stage().await;
    let given =
        [("application_name", "tests"), ("TimeZone", "Europe/Berlin"), ("client_encoding", "'utf-8'"), ("_pq_.x", "1")];
    let (_raw, said) = Raw::connect(&stage, 2, &given).await;
    let said: Vec<String> = said.iter().map(|message| short(std::slice::from_ref(message))).collect();
    assert!(said[0].contains("newest_minor_protocol: 196608, unsupported_options: [\"_pq_.x\"]"), "{said:?}");
    for expect in [
        "application_name=tests",
        "TimeZone=Europe/Berlin",
        "client_encoding=UTF8",
        "standard_conforming_strings=on",
        "session_authorization=admin",
        "is_superuser=off",
    ] {
        assert!(said.iter().any(|word| word == expect), "{expect}: {said:?}");
    }
}
