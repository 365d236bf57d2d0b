//! Behind endpoints that behave like Aurora DSQL's: who is let in, what is said to who is not, and connections that end.

use crate::common::{Engine, JUDGED, NAME, Way, dsql_config, new_floor, order, seat, sell};
use aws_sdk_dsql::{
    auth_token,
    config::{Credentials, Region},
};
use backends::dsql::{Connect, ControlPlane, Login, Pace, Roots, SqlConfig, SqlDatabase, Tokens};
use onsale::{BoxOffice, Failure, FloorPlan, Outcome, RunId, RunStore};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde_json::json;
use standins::{Authority, Cluster, DsqlEndpoint, DsqlOptions, USER};
use std::{
    net::TcpListener,
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What `create_tables`, the first thing a server does, says of a configuration that cannot work.
async fn refusal(config: SqlConfig) -> String {
    let failure = SqlDatabase::new(config).unwrap().create_tables().await.unwrap_err();
    // What answered and would not is told from what cannot be reached.
    let line = failure.to_string();
    let away = line.contains("cannot be reached") || line.contains("did not answer");
    match &failure {
        Failure::Unavailable { database: NAME, .. } => assert!(away, "{line}"),
        Failure::Refused { database: NAME, .. } => assert!(!away, "{line}"),
        _ => panic!("{failure:?}"),
    }
    let line = failure.to_string();
    assert!(!line.contains('\n'), "{line}");
    line
}

#[tokio::test]
async fn whoever_is_not_let_in_is_told_why_and_what_to_do() {
    let engine = Engine::start().await;
    let good = dsql_config(&engine.dsql, engine.root_pem());
    let wrong = |change: fn(&mut SqlConfig)| {
        let mut config = good.clone();
        change(&mut config);
        config
    };
    let host = good.endpoints[0].host();

    let thief = Tokens::fixed(standins::ACCESS_KEY, "guessed");
    let mut stolen = good.clone();
    stolen.endpoints[0].login = Login::Token(thief);
    let line = refusal(stolen).await;
    assert!(line.contains(&host) && line.contains("refused the access token"), "{line}");
    assert!(line.contains("dsql:DbConnectAdmin") && line.contains("clock"), "{line}");

    let line = refusal(wrong(|config| config.endpoints[1].roots = Roots::Public)).await;
    assert!(line.contains("(us-east-2)") && line.contains("cannot be trusted"), "{line}");
    assert!(line.contains("--sql-root-cert"), "{line}");

    // A token and a certificate are for a name: the other region's endpoint is not this one.
    let mut crossed = good.clone();
    let [first, second] = &mut crossed.endpoints;
    std::mem::swap(&mut first.connect, &mut second.connect);
    let line = refusal(crossed).await;
    assert!(line.contains("refused the access token"), "{line}");

    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let mut away = good.clone();
    away.endpoints[0].connect = Connect::new();
    away.endpoints[0].connect.host("127.0.0.1").port(nobody.port()).user("admin").dbname("postgres");
    let line = refusal(away).await;
    assert!(line.contains(&nobody.to_string()) && line.contains("cannot be reached"), "{line}");

    let line = refusal(wrong(|config| config.endpoints[0].connect = Connect::new())).await;
    assert!(line.contains("no host"), "{line}");
    engine.stop().await;
}

/// Several servers start at once on a database without tables, each DDL in a transaction of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_servers_set_up_at_once() {
    let engine = Engine::start().await;
    let config = dsql_config(&engine.dsql, engine.root_pem());
    let servers = (0..4).map(|_| {
        let config = config.clone();
        tokio::spawn(async move {
            let db = SqlDatabase::new(config).unwrap();
            db.create_tables().await.unwrap();
            db.create_tables().await.unwrap();
            db.check().await.unwrap();
        })
    });
    for server in servers.collect::<Vec<_>>() {
        server.await.unwrap();
    }
    engine.stop().await;
}

/// A connection of Aurora DSQL ends after an hour whatever it is doing; here after a second and a half.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_end_by_age_cost_nobody_a_seat() {
    let engine = Engine::start().await;
    let (authority, cluster) = (Authority::new().unwrap(), Arc::new(Cluster::new()));
    let options = DsqlOptions {
        commit_latency_ms: 20,
        connection_age: Duration::from_millis(1_500),
        ..DsqlOptions::new(standins::ACCESS_KEY, standins::SECRET_KEY)
    };
    let start = |before: &standins::RegionalEndpoint| {
        let mut upstream = tokio_postgres::Config::new();
        upstream.host("127.0.0.1").port(before.addr().port()).user(USER).dbname(standins::DATABASE);
        DsqlEndpoint::start(before.region(), upstream, &authority, &cluster, options.clone())
    };
    let [first, second] = &engine.endpoints;
    let endpoints = [start(first).await.unwrap(), start(second).await.unwrap()];
    let db = Arc::new(SqlDatabase::new(dsql_config(&endpoints, authority.root_pem())).unwrap());
    let (lasting, floor) = (engine.tables(Way::Dsql).await, new_floor());
    lasting.make_floor(&floor).await.unwrap();
    let buyers = FloorPlan::default().seats().take(60).enumerate().map(|(n, seat)| {
        let (db, order) = (Arc::clone(&db), order(&floor, seat, "ada", n % 2));
        // Spread over several lives of a connection, and thinking while some of them end.
        tokio::spawn(async move { sell(&*db, order, Duration::from_millis(60 * n as u64)).await })
    });
    let mut told = Vec::new();
    for buyer in buyers.collect::<Vec<_>>() {
        told.push(buyer.await.unwrap());
    }
    let tickets = lasting.tickets(&floor, &"ada".parse().unwrap()).await.unwrap();
    let held = |op: &onsale::Operation| tickets.iter().any(|sale| sale.ticket == op.ticket);
    assert!(told.iter().all(|op| (op.outcome == Outcome::Confirmed) == held(op)), "{told:?}");
    assert!(told.iter().all(|op| matches!(op.outcome, Outcome::Confirmed | Outcome::Error)), "{told:?}");
    let errors = told.iter().filter(|op| op.outcome == Outcome::Error).count();
    println!("60 buyers, connections of 1.5 s: {} sold, {errors} told that nothing was sold", tickets.len());
    assert!(errors > 0 && tickets.len() > 10, "{errors} errors, {} tickets", tickets.len());
    drop(endpoints);
    engine.stop().await;
}

/// New connections wait for their turn instead of being refused by the cluster.
#[tokio::test]
async fn connections_are_opened_at_the_pace_that_is_set() {
    let engine = Engine::start().await;
    let two = NonZeroU32::new(2).unwrap();
    let pace = Some(Pace { per_second: NonZeroU32::new(20).unwrap(), at_once: two });
    let config = SqlConfig { pace, connections_per_region: 6, ..dsql_config(&engine.dsql, engine.root_pem()) };
    let db = SqlDatabase::new(config).unwrap();
    let began = tokio::time::Instant::now();
    drop(onsale::Database::warm(&db, 6).await.unwrap_err()); // no tables yet, but all connections are open
    assert!(began.elapsed() >= Duration::from_millis(200), "six connections, two at once, one each 50 ms");
    let pools = db.with_connections(1).unwrap();
    let began = tokio::time::Instant::now();
    pools.create_tables().await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(40), "another pool of the same endpoint has no pace of its own");
    engine.stop().await;
}

/// Another client of the second endpoint, without the adapter.
async fn somebody(engine: &Engine) -> tokio_postgres::Client {
    let config = dsql_config(&engine.dsql, engine.root_pem());
    let mut connect = config.endpoints[1].connect.clone();
    let found = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .credentials_provider(Credentials::new(standins::ACCESS_KEY, standins::SECRET_KEY, None, None, "test"))
        .region(Region::new("us-east-2"))
        .load()
        .await;
    let signer = auth_token::Config::builder().hostname(config.endpoints[1].host()).build().unwrap();
    let token = auth_token::AuthTokenGenerator::new(signer).db_connect_admin_auth_token(&found).await.unwrap();
    let mut believed = rustls::RootCertStore::empty();
    believed.add(CertificateDer::from_pem_slice(engine.root_pem().as_bytes()).unwrap()).unwrap();
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(believed)
        .with_no_client_auth();
    let tls = tokio_postgres_rustls::MakeRustlsConnect::new(tls);
    let (client, connection) = connect.password(token.as_str()).connect(tls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// What the table of classification cannot show: where the conflict is told, and what a changed catalogue is.
#[tokio::test]
async fn a_conflict_is_told_at_commit_and_a_changed_catalogue_is_none() {
    use onsale::{Database, Transaction};
    let engine = Engine::start().await;
    let db = engine.tables(Way::Dsql).await;
    let floor = new_floor();
    db.make_floor(&floor).await.unwrap();
    let orders = [0, 1].map(|region| order(&floor, seat("A1"), "ada", region));
    let mut txns = Vec::new();
    for order in &orders {
        let mut txn = db.connect(&order.region).await.unwrap();
        txn.begin().await.unwrap();
        let free = txn.read_seat(order).await.unwrap();
        assert_eq!(free.holder, None);
        txn.write_seat(order, &free).await.unwrap();
        txn.append_sale(order, &free).await.unwrap();
        txns.push(txn);
    }
    let [first, second] = <[_; 2]>::try_from(txns).ok().unwrap();
    second.commit().await.unwrap();
    let backends = async || {
        let ask = "SELECT string_agg(pid::text, ',' ORDER BY pid) FROM pg_stat_activity \
                   WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        engine.direct().await.query_one(ask, &[]).await.unwrap().get::<_, String>(0)
    };
    let before = backends().await;
    let failure = first.commit().await.unwrap_err();
    assert!(matches!(failure, Failure::Conflict { database: NAME, .. }), "{failure:?}");
    // The connection is as good as before, and the next buyer gets it.
    let mut next = db.connect(&orders[0].region).await.unwrap();
    next.begin().await.unwrap();
    assert!(next.read_seat(&orders[0]).await.unwrap().holder.is_some());
    next.rollback().await.unwrap();
    assert_eq!(backends().await, before);

    let mut txn = db.connect(&orders[0].region).await.unwrap();
    let order = order(&floor, seat("A2"), "ada", 0);
    txn.begin().await.unwrap();
    let free = txn.read_seat(&order).await.unwrap();
    txn.write_seat(&order, &free).await.unwrap();
    somebody(&engine).await.batch_execute("CREATE TABLE another (id int PRIMARY KEY)").await.unwrap();
    let failure = txn.commit().await.unwrap_err();
    assert!(matches!(failure, Failure::SchemaChanged { database: NAME, .. }), "{failure:?}");
    engine.stop().await;
}

/// Asked of both regions' control planes, in the shape that AWS documents for `GetCluster`.
#[tokio::test]
async fn the_clusters_are_described_without_the_account() {
    let engine = Engine::start().await;
    let arn = |region: &str, id: &str| format!("arn:aws:dsql:{region}:123456789012:cluster/{id}");
    let peers = [arn("us-east-1", "one"), arn("us-east-2", "two")];
    let answer = json!({
        "identifier": "one", "arn": peers[0], "status": "ACTIVE", "creationTime": 1_763_000_000,
        "deletionProtectionEnabled": true,
        "multiRegionProperties": {"witnessRegion": "us-west-2", "clusters": peers},
    });
    let denied = json!({"message": "User: arn:aws:sts::123456789012:x is not authorized"});
    for (status, body, expect) in [
        (
            "200 OK",
            answer,
            "one, ACTIVE, witness region us-west-2, peer arn:aws:dsql:us-east-2:…:cluster/two, deletion protection on",
        ),
        ("403 Forbidden", denied, "not told: the credentials lack dsql:GetCluster"),
    ] {
        let (url, heard) = control_plane(status, body.to_string()).await;
        let config = dsql_config(&engine.dsql, engine.root_pem());
        let id = config.endpoints[0].host().split('.').next().unwrap().to_owned();
        let db = SqlDatabase::new(SqlConfig { control_plane: ControlPlane::At(url), ..config }).unwrap();
        db.create_tables().await.unwrap();
        let told = db.engine().await.unwrap();
        let told = told.settings.iter().find(|set| set.name == "cluster in us-east-1").unwrap();
        assert_eq!(told.value, expect);
        db.engine().await.unwrap();
        let heard = heard.lock().unwrap();
        assert_eq!(heard.len(), 2, "one question a region, kept for a while: {heard:?}");
        assert!(heard.iter().any(|line| line.starts_with(&format!("GET /cluster/{id} "))), "{heard:?}");
    }
    engine.stop().await;
}

/// A control plane with one answer, and the first lines of what it was asked.
async fn control_plane(status: &'static str, body: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::<Mutex<Vec<String>>>::default();
    let questions = Arc::clone(&heard);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                assert!(stream.read_buf(&mut request).await.unwrap() > 0, "a request that ends early");
            }
            let text = String::from_utf8(request).unwrap();
            questions.lock().unwrap().push(text.lines().next().unwrap().to_owned());
            let error = if status.starts_with("403") { "x-amzn-errortype: AccessDeniedException\r\n" } else { "" };
            let fields = format!("content-type: application/json\r\nconnection: close\r\n{error}content-length");
            let answer = format!("HTTP/1.1 {status}\r\n{fields}: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, heard)
}

/// Everything of ours fits into what Aurora DSQL takes in one transaction: 3,000 rows, 10 MiB.
#[tokio::test]
async fn the_largest_floor_and_the_largest_run_keep_within_the_limits() {
    let engine = Engine::start().await;
    let plan = FloorPlan { rows: 20, seats_per_row: 100 };
    let config = SqlConfig { plan, ..dsql_config(&engine.dsql, engine.root_pem()) };
    let db = SqlDatabase::new(config).unwrap();
    db.create_tables().await.unwrap();
    let floor = new_floor();
    db.make_floor(&floor).await.unwrap();
    let sold = "UPDATE seats SET status = 'sold', owner = 'ada', ticket = 'T-' || seat, region = 'us-east-1'";
    engine.direct().await.batch_execute(sold).await.unwrap();
    db.reset(&floor, None).await.unwrap();
    let rows = db.seats(&floor).await.unwrap();
    assert_eq!(rows.len(), 2_000);
    // A run's rounds are counted with one statement, at most as many as the floor has seats.
    let rounds: Vec<_> = rows.iter().map(|row| (row.seat, row.round)).collect();
    let counts = db.round_counts(&floor, &rounds).await.unwrap();
    assert!(counts.len() == 2_000 && counts.iter().all(|count| count.confirmed == 0));
    assert!(rows.iter().all(|row| row.holder.is_none() && (row.round, row.reset_round) == (2, 2)));

    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(12 << 20).collect();
    let id = RunId::from_random(fastrand::u128(..));
    db.save_run(&floor, &id, &JUDGED, &noise).await.unwrap();
    assert!(db.load_run(&id).await.unwrap() == Some((floor, noise)), "it came back otherwise");
    engine.stop().await;
}
