//! A database of somebody's own: what it must have is asked at the start and again by a check, and said in one line.

use crate::common::{NAME, Server};
use backends::dsql::{Connect, Role, Roots, SqlConfig, SqlDatabase, SqlEndpoint};
use onsale::{BoxOffice, Database, Failure, RunStore};
use std::sync::Arc;

/// An empty database, owned by the user.
struct Own {
    server: Arc<Server>,
    name: String,
}

impl Own {
    async fn new() -> Self {
        let server = Server::shared();
        let name = server.create_database().await;
        Self { server, name }
    }

    /// Reached in two places, in the second with `options`.
    fn through(&self, options: &str) -> SqlDatabase {
        let place = |n: usize, region: &str, options: &str| {
            let mut connect = Connect::new();
            connect.host("127.0.0.1").port(self.server.addresses[n].port()).user(standins::USER).dbname(&self.name);
            connect.options(options);
            SqlEndpoint::own(region.parse().unwrap(), connect, Roots::default())
        };
        let endpoints = [place(0, "first", ""), place(1, "second", options)];
        SqlDatabase::new(SqlConfig { connections_per_region: 4, ..SqlConfig::new(NAME, endpoints, Role::Own) }).unwrap()
    }

    /// Past the adapter.
    async fn execute(&self, sql: &str) {
        let mut connect = Connect::new();
        connect.host("127.0.0.1").port(self.server.addresses[0].port()).user(standins::USER).dbname(&self.name);
        let (client, connection) = connect.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
    }

    async fn gone(self) {
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.server.direct().await.batch_execute(&sql).await.unwrap();
    }
}

fn line(failure: &Failure, parts: &[&str]) {
    let line = failure.to_string();
    assert!(!line.contains('\n') && parts.iter().all(|part| line.contains(part)), "{parts:?} in {line}");
}

#[tokio::test]
async fn tables_of_somebody_else_are_refused_by_column_key_and_right() {
    for (change, parts) in [
        ("ALTER TABLE seats ALTER round TYPE int", &["round of seats is int4, not int8", "a schema or a database"][..]),
        ("ALTER TABLE ledger ALTER sold_at TYPE text", &["sold_at of ledger is text, not timestamptz"]),
        ("ALTER TABLE runs DROP COLUMN parts", &["parts"]),
        ("ALTER TABLE seats DROP CONSTRAINT seats_pkey", &["no unique or exclusion constraint"]),
        ("REVOKE INSERT ON ledger FROM CURRENT_USER", &["may not use", "table ledger", "GRANT SELECT, INSERT"]),
        ("REVOKE UPDATE ON seats FROM CURRENT_USER", &["may not use", "table seats", "GRANT SELECT, INSERT"]),
        ("REVOKE SELECT ON records FROM CURRENT_USER", &["may not use", "table records"]),
    ] {
        let own = Own::new().await;
        let db = own.through("");
        db.create_tables().await.unwrap();
        db.check().await.unwrap();
        own.execute(change).await;
        line(&db.check().await.expect_err(change), parts);
        line(&own.through("").create_tables().await.expect_err(change), parts);
        drop(db);
        own.gone().await;
    }
}

#[tokio::test]
async fn an_endpoint_that_takes_no_writes_is_named() {
    let own = Own::new().await;
    let db = own.through("-c default_transaction_read_only=on");
    line(&db.create_tables().await.unwrap_err(), &["takes no writes", "(second)", "name a primary"]);
    own.through("").create_tables().await.unwrap();
    own.gone().await;
}

/// Somebody else's tables allow NULL, and text of any encoding: what cannot be read is an error and no panic.
#[tokio::test]
async fn stored_rows_that_nothing_of_ours_wrote_are_errors() {
    let own = Own::new().await;
    let db = own.through("");
    db.create_tables().await.unwrap();
    own.execute(
        "ALTER TABLE begun ALTER floor DROP NOT NULL, ALTER plan DROP NOT NULL;
         ALTER TABLE runs ALTER floor DROP NOT NULL, ALTER parts DROP NOT NULL, ALTER document DROP NOT NULL;
         ALTER TABLE records ALTER document DROP NOT NULL;
         INSERT INTO begun VALUES ('nothing', NULL, NULL), ('noplan', 'f', NULL), ('broken', 'f', '{');
         INSERT INTO runs VALUES ('nothing', 0, NULL, NULL, NULL), ('nofloor', 0, 1, NULL, ''), ('empty', 0, 1, 'f', NULL),
             ('broken', 0, 1, 'f', 'no gzip'), ('partly', 0, 2, 'f', '');
         INSERT INTO records VALUES ('nothing', 0, NULL)",
    )
    .await;
    for run in ["nothing", "noplan", "broken"] {
        db.load_begun(&run.parse().unwrap()).await.expect_err(run);
    }
    for run in ["nothing", "nofloor", "empty", "broken", "partly"] {
        db.load_run(&run.parse().unwrap()).await.expect_err(run);
    }
    db.load_record(&"nothing".parse().unwrap()).await.unwrap_err();
    db.load_records(9).await.unwrap_err();
    assert_eq!(db.newest_records(9).await.unwrap(), [("nothing".parse().unwrap(), 1)]);
    drop(db);
    own.gone().await;
}

/// The administrator lowers the level while WorldSeat runs: doubt is settled no more from the first connection on that
/// has the lower one.
#[tokio::test]
async fn a_level_that_is_lowered_settles_no_doubt() {
    let own = Own::new().await;
    let repeatable = "-c default_transaction_isolation=repeatable\\ read";
    own.execute(&format!("ALTER DATABASE {} SET default_transaction_isolation TO 'repeatable read'", own.name)).await;
    let db = own.through(repeatable);
    db.create_tables().await.unwrap();
    assert!(db.settles_doubt());
    own.execute(&format!("ALTER DATABASE {} SET default_transaction_isolation TO 'read committed'", own.name)).await;
    let crowd = db.with_connections(2).unwrap();
    drop(crowd.warm(2).await.unwrap());
    assert!(!crowd.settles_doubt() && !db.settles_doubt());
    drop((db, crowd));
    own.gone().await;
}
