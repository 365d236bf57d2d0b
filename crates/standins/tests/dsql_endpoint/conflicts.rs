//! Optimistic concurrency: nobody waits, the first to commit wins, the loser learns of it at COMMIT.

use super::support::{OC000, Stage, assert_conflict, number, refusal, run, stage, told, within};

async fn seats() -> Stage {
    let stage = stage().await;
    let client = stage.client(0).await;
    run(&client, "CREATE TABLE seats (seat text PRIMARY KEY, owner text, n bigint NOT NULL)").await;
    run(&client, "INSERT INTO seats VALUES ('A1', NULL, 0), ('A2', NULL, 0)").await;
    stage
}

#[tokio::test]
async fn of_two_writers_the_first_to_commit_wins() {
    let stage = seats().await;
    let [a, b] = stage.two().await;
    let update = "UPDATE seats SET owner = $1, n = n + 1 WHERE seat = 'A1'";
    for client in [&a, &b] {
        run(client, "BEGIN").await;
        assert_eq!(number(client, "SELECT n FROM seats WHERE seat = 'A1'").await, 0);
    }
    // Each sees its own write and waits for nobody, though both are open.
    for (client, name) in [(&a, "a"), (&b, "b")] {
        assert_eq!(within(client.execute(update, &[&name])).await.unwrap(), 1);
        let owner: String = client.query_one("SELECT owner FROM seats WHERE seat = 'A1'", &[]).await.unwrap().get(0);
        assert_eq!(owner, name);
    }
    // Not the first to write but the first to commit.
    run(&b, "COMMIT").await;
    assert_conflict(&a, "COMMIT", OC000).await;
    assert_eq!(number(&a, "SELECT n FROM seats WHERE seat = 'A1' AND owner = 'b'").await, 1);
}

#[tokio::test]
async fn after_a_rollback_the_other_commits() {
    let stage = seats().await;
    let [a, b] = stage.two().await;
    for client in [&a, &b] {
        run(client, "BEGIN").await;
        run(client, "UPDATE seats SET n = n + 1 WHERE seat = 'A1'").await;
    }
    run(&a, "ROLLBACK").await;
    run(&b, "COMMIT").await;
    assert_eq!(number(&a, "SELECT n FROM seats WHERE seat = 'A1'").await, 1);
}

#[tokio::test]
async fn write_skew_is_allowed_and_for_update_stops_it() {
    for (lock, both) in [("", true), (" FOR UPDATE", false)] {
        let stage = seats().await;
        let [a, b] = stage.two().await;
        for (client, seat) in [(&a, "A1"), (&b, "A2")] {
            run(client, "BEGIN").await;
            // Each takes one seat if both are free.
            let rows = within(client.query(&format!("SELECT n FROM seats ORDER BY seat{lock}"), &[])).await.unwrap();
            assert!(rows.iter().all(|row| row.get::<_, i64>(0) == 0));
            run(client, &format!("UPDATE seats SET n = 1 WHERE seat = '{seat}'")).await;
        }
        run(&a, "COMMIT").await;
        if both {
            run(&b, "COMMIT").await;
        } else {
            assert_conflict(&b, "COMMIT", OC000).await;
        }
    }
}

#[tokio::test]
async fn for_update_conflicts_with_a_write_and_with_another_lock() {
    let stage = seats().await;
    let [a, b] = stage.two().await;
    let lock = "SELECT n FROM seats WHERE seat = $1 FOR UPDATE";
    for (first, second) in [("UPDATE", "lock"), ("lock", "UPDATE"), ("lock", "lock")] {
        for (client, what) in [(&a, first), (&b, second)] {
            run(client, "BEGIN").await;
            if what == "lock" {
                assert_eq!(within(client.query(lock, &[&"A1"])).await.unwrap().len(), 1);
            } else {
                run(client, "UPDATE seats SET n = n + 1 WHERE seat = 'A1'").await;
            }
        }
        run(&a, "COMMIT").await;
        assert_conflict(&b, "COMMIT", OC000).await;
    }
    // Locks of different rows have nothing to do with each other.
    for (client, seat) in [(&a, "A1"), (&b, "A2")] {
        run(client, "BEGIN").await;
        within(client.query(lock, &[&seat])).await.unwrap();
    }
    run(&a, "COMMIT").await;
    run(&b, "COMMIT").await;
}

#[tokio::test]
async fn a_transaction_sees_its_own_writes_and_nobody_elses() {
    let stage = seats().await;
    let [a, b] = stage.two().await;
    run(&a, "BEGIN").await;
    assert_eq!(number(&a, "SELECT sum(n)::bigint FROM seats").await, 0);
    run(&b, "UPDATE seats SET n = 7 WHERE seat = 'A2'").await;
    run(&a, "INSERT INTO seats VALUES ('A3', NULL, 1)").await;
    let n = within(a.query_one("UPDATE seats SET n = n + 1 WHERE seat = 'A3' RETURNING n", &[])).await.unwrap();
    assert_eq!(n.get::<_, i64>(0), 2);
    assert_eq!(within(a.execute("UPDATE seats SET n = n + 10 WHERE seat = 'A3'", &[])).await.unwrap(), 1);
    assert_eq!(number(&a, "SELECT n FROM seats WHERE seat = 'A3'").await, 12);
    assert_eq!(number(&a, "SELECT sum(n)::bigint FROM seats").await, 12, "its snapshot is its own");
    assert_eq!(number(&b, "SELECT count(*) FROM seats").await, 2, "nobody sees what is not committed");
    assert_eq!(within(a.execute("DELETE FROM seats WHERE seat = 'A1'", &[])).await.unwrap(), 1);
    run(&a, "COMMIT").await;
    assert_eq!(number(&b, "SELECT sum(n)::bigint FROM seats").await, 19);
}

#[tokio::test]
async fn two_inserts_of_one_key_conflict_at_commit() {
    let stage = seats().await;
    let [a, b] = stage.two().await;
    let insert = "INSERT INTO seats VALUES ($1, NULL, 0)";
    for client in [&a, &b] {
        run(client, "BEGIN").await;
        assert_eq!(within(client.execute(insert, &[&"Z9"])).await.unwrap(), 1);
    }
    run(&a, "COMMIT").await;
    assert_conflict(&b, "COMMIT", OC000).await;
    // A key that the snapshot contains is nobody's race.
    run(&b, "BEGIN").await;
    let error = within(b.execute(insert, &[&"Z9"])).await.unwrap_err();
    assert_eq!(told(&error).0, "23505");
    assert_eq!(refusal(&b, "SELECT 1").await.0, "25P02");
    run(&b, "ROLLBACK").await;
    assert_eq!(told(&within(b.execute(insert, &[&"Z9"])).await.unwrap_err()).0, "23505");
}

#[tokio::test]
async fn a_doomed_transaction_learns_of_it_at_commit_only() {
    let stage = seats().await;
    let [a, b] = stage.two().await;
    run(&b, "BEGIN").await;
    assert_eq!(number(&b, "SELECT n FROM seats WHERE seat = 'A1'").await, 0);
    // Committed before the other one writes: PostgreSQL would refuse that write at once.
    run(&a, "UPDATE seats SET n = 1 WHERE seat = 'A1'").await;
    run(&a, "INSERT INTO seats VALUES ('Z9', NULL, 0)").await;
    let update = "UPDATE seats SET n = n + $2, owner = $3 WHERE seat = $1";
    assert_eq!(within(b.execute(update, &[&"A1", &1_i64, &"b"])).await.unwrap(), 1);
    assert_eq!(within(b.execute(update, &[&"none", &1_i64, &"b"])).await.unwrap(), 0);
    assert_eq!(within(b.execute("INSERT INTO seats VALUES ('Z9', NULL, 0)", &[])).await.unwrap(), 1);
    assert_eq!(within(b.execute("DELETE FROM seats WHERE n = 0", &[])).await.unwrap(), 2);
    assert_eq!(within(b.query("SELECT 1 FROM seats WHERE seat = 'A1' FOR UPDATE", &[])).await.unwrap().len(), 1);
    assert_conflict(&b, "COMMIT", OC000).await;
    // So does the one whose first conflict is a key that came after its snapshot.
    run(&b, "BEGIN").await;
    assert_eq!(number(&b, "SELECT count(*) FROM seats WHERE seat = 'Z10'").await, 0);
    run(&a, "INSERT INTO seats VALUES ('Z10', NULL, 0)").await;
    assert_eq!(within(b.execute("INSERT INTO seats VALUES ('Z10', NULL, 0)", &[])).await.unwrap(), 1);
    assert_conflict(&b, "COMMIT", OC000).await;
    // And only what must return a row is told at once.
    run(&b, "BEGIN").await;
    number(&b, "SELECT n FROM seats WHERE seat = 'A1'").await;
    run(&a, "UPDATE seats SET n = n + 1 WHERE seat = 'A1'").await;
    assert_conflict(&b, "UPDATE seats SET n = 0 WHERE seat = 'A1' RETURNING n", OC000).await;
    run(&b, "ROLLBACK").await;
}

#[tokio::test]
async fn a_lost_reference_is_a_conflict() {
    let stage = seats().await;
    let [a, b] = stage.two().await;
    run(&a, "CREATE TABLE sales (id bigint PRIMARY KEY, seat text REFERENCES seats (seat))").await;
    // Parent and child in one transaction: the child needs the parent that is not committed yet.
    run(&a, "BEGIN; INSERT INTO seats VALUES ('P', NULL, 0); INSERT INTO sales VALUES (1, 'P'); COMMIT").await;
    run(&a, "BEGIN; DELETE FROM seats WHERE seat = 'A1'").await;
    run(&b, "BEGIN; INSERT INTO sales VALUES (2, 'A1')").await;
    run(&a, "COMMIT").await;
    assert_conflict(&b, "COMMIT", OC000).await;
    assert_eq!(number(&b, "SELECT count(*) FROM sales").await, 1);
}

#[tokio::test]
async fn a_change_of_the_catalogue_is_another_conflict() {
    let stage = seats().await;
    let [a, b] = stage.two().await;
    run(&b, "BEGIN").await;
    assert_eq!(within(b.execute("UPDATE seats SET n = 1 WHERE seat = 'A1'", &[])).await.unwrap(), 1);
    run(&a, "CREATE TABLE other (id bigint)").await;
    assert_conflict(&b, "COMMIT", "OC001").await;
    // What exists already is not made again, so nothing changes.
    run(&b, "BEGIN").await;
    run(&b, "UPDATE seats SET n = 1 WHERE seat = 'A1'").await;
    run(&a, "CREATE TABLE IF NOT EXISTS other (id bigint)").await;
    run(&b, "COMMIT").await;
    // Two changes of the same thing, each in a transaction.
    for client in [&a, &b] {
        run(client, "BEGIN; CREATE TABLE twice (id bigint)").await;
    }
    run(&b, "COMMIT").await;
    assert_conflict(&a, "COMMIT", "OC001").await;
}

#[tokio::test]
async fn autocommit_writes_conflict_with_what_commits_meanwhile() {
    let stage = seats().await;
    let [a, b] = stage.two().await;
    let direct = stage.direct().await;
    // The snapshot is taken before the way to the other region: half of this passes before the write.
    stage.endpoints[0].set_commit_latency_ms(6_000);
    let slow = async { a.batch_execute("UPDATE seats SET n = n + 1 WHERE seat = 'A1'").await };
    let quick = async {
        // Until the slow one has its snapshot.
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND state = 'idle in transaction'";
        within(async { while number(&direct, waiting).await == 0 {} }).await;
        b.batch_execute("UPDATE seats SET n = n + 1 WHERE seat = 'A1'").await
    };
    let (slow, quick) = tokio::join!(slow, quick);
    quick.unwrap();
    assert_eq!(told(&slow.unwrap_err()).0, "40001");
    assert_eq!(number(&b, "SELECT n FROM seats WHERE seat = 'A1'").await, 1);
}
