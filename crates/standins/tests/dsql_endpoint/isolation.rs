//! The isolation cases of Martin Kleppmann's Hermitage (github.com/ept/hermitage), each over both endpoints: what snapshot
//! isolation with conflicts told at COMMIT makes of them.

use tokio_postgres::SimpleQueryMessage;

use super::support::{OC000, run, stage, told, within};

/// A transaction, what it sends, and what that gives: rows, nothing, or the marker of a conflict.
type Step = (usize, &'static str, &'static str);

struct Case {
    name: &'static str,
    steps: &'static [Step],
    /// What everybody sees in the end.
    after: &'static str,
}

const ALL: &str = "SELECT id, value FROM test ORDER BY id";
const FIRST: &str = "SELECT value FROM test WHERE id = 1";
const SECOND: &str = "SELECT value FROM test WHERE id = 2";
const THIRDS: &str = "SELECT id, value FROM test WHERE value % 3 = 0 ORDER BY id";

const CASES: &[Case] = &[
    Case {
        name: "G0, write cycles: prevented",
        steps: &[
            (1, "UPDATE test SET value = 11 WHERE id = 1", ""),
            (2, "UPDATE test SET value = 12 WHERE id = 1", ""),
            (1, "UPDATE test SET value = 21 WHERE id = 2", ""),
            (1, "COMMIT", ""),
            (2, "UPDATE test SET value = 22 WHERE id = 2", ""),
            (2, "COMMIT", OC000),
        ],
        after: "1,11 2,21",
    },
    Case {
        name: "G1a, aborted reads: prevented",
        steps: &[
            (1, "UPDATE test SET value = 101 WHERE id = 1", ""),
            (2, ALL, "1,10 2,20"),
            (1, "ROLLBACK", ""),
            (2, ALL, "1,10 2,20"),
            (2, "COMMIT", ""),
        ],
        after: "1,10 2,20",
    },
    Case {
        name: "G1b, intermediate reads: prevented",
        steps: &[
            (1, "UPDATE test SET value = 101 WHERE id = 1", ""),
            (2, ALL, "1,10 2,20"),
            (1, "UPDATE test SET value = 11 WHERE id = 1", ""),
            (1, "COMMIT", ""),
            (2, ALL, "1,10 2,20"),
            (2, "COMMIT", ""),
        ],
        after: "1,11 2,20",
    },
    Case {
        name: "G1c, circular information flow: prevented",
        steps: &[
            (1, "UPDATE test SET value = 11 WHERE id = 1", ""),
            (2, "UPDATE test SET value = 22 WHERE id = 2", ""),
            (1, SECOND, "20"),
            (2, FIRST, "10"),
            (1, "COMMIT", ""),
            (2, "COMMIT", ""),
        ],
        after: "1,11 2,22",
    },
    Case {
        name: "OTV, an observed transaction vanishes: prevented",
        steps: &[
            (1, "UPDATE test SET value = 11 WHERE id = 1", ""),
            (1, "UPDATE test SET value = 19 WHERE id = 2", ""),
            (2, "UPDATE test SET value = 12 WHERE id = 1", ""),
            (1, "COMMIT", ""),
            (3, FIRST, "11"),
            (2, "UPDATE test SET value = 18 WHERE id = 2", ""),
            (3, SECOND, "19"),
            (2, "COMMIT", OC000),
            (3, ALL, "1,11 2,19"),
            (3, "COMMIT", ""),
        ],
        after: "1,11 2,19",
    },
    Case {
        name: "PMP, predicate-many-preceders: prevented",
        steps: &[
            (1, "SELECT id FROM test WHERE value = 30", ""),
            (2, "INSERT INTO test VALUES (3, 30)", ""),
            (2, "COMMIT", ""),
            (1, THIRDS, ""),
            (1, "COMMIT", ""),
        ],
        after: "1,10 2,20 3,30",
    },
    Case {
        name: "PMP with a write by predicate: prevented",
        steps: &[
            (1, "UPDATE test SET value = value + 10", ""),
            (2, "DELETE FROM test WHERE value = 20", ""),
            (2, SECOND, ""),
            (1, "COMMIT", ""),
            (2, "COMMIT", OC000),
        ],
        after: "1,20 2,30",
    },
    Case {
        name: "P4, lost update: prevented",
        steps: &[
            (1, FIRST, "10"),
            (2, FIRST, "10"),
            (1, "UPDATE test SET value = 11 WHERE id = 1", ""),
            (2, "UPDATE test SET value = 11 WHERE id = 1", ""),
            (1, "COMMIT", ""),
            (2, "COMMIT", OC000),
        ],
        after: "1,11 2,20",
    },
    Case {
        name: "G-single, read skew: prevented",
        steps: &[
            (1, FIRST, "10"),
            (2, ALL, "1,10 2,20"),
            (2, "UPDATE test SET value = 12 WHERE id = 1", ""),
            (2, "UPDATE test SET value = 18 WHERE id = 2", ""),
            (2, "COMMIT", ""),
            (1, SECOND, "20"),
            (1, "COMMIT", ""),
        ],
        after: "1,12 2,18",
    },
    Case {
        name: "G-single by predicates: prevented",
        steps: &[
            (1, "SELECT id FROM test WHERE value % 5 = 0 ORDER BY id", "1 2"),
            (2, "UPDATE test SET value = 12 WHERE value = 10", ""),
            (2, "COMMIT", ""),
            (1, THIRDS, ""),
            (1, "COMMIT", ""),
        ],
        after: "1,12 2,20",
    },
    Case {
        name: "G-single with a write by predicate: prevented",
        steps: &[
            (1, FIRST, "10"),
            (2, ALL, "1,10 2,20"),
            (2, "UPDATE test SET value = 12 WHERE id = 1", ""),
            (2, "UPDATE test SET value = 18 WHERE id = 2", ""),
            (2, "COMMIT", ""),
            (1, "DELETE FROM test WHERE value = 20", ""),
            (1, "COMMIT", OC000),
        ],
        after: "1,12 2,18",
    },
    Case {
        name: "G2-item, write skew: allowed",
        steps: &[
            (1, ALL, "1,10 2,20"),
            (2, ALL, "1,10 2,20"),
            (1, "UPDATE test SET value = 11 WHERE id = 1", ""),
            (2, "UPDATE test SET value = 21 WHERE id = 2", ""),
            (1, "COMMIT", ""),
            (2, "COMMIT", ""),
        ],
        after: "1,11 2,21",
    },
    Case {
        name: "G2-item of rows read FOR UPDATE: prevented",
        steps: &[
            (1, "SELECT id, value FROM test ORDER BY id FOR UPDATE", "1,10 2,20"),
            (2, "SELECT id, value FROM test ORDER BY id FOR UPDATE", "1,10 2,20"),
            (1, "UPDATE test SET value = 11 WHERE id = 1", ""),
            (2, "UPDATE test SET value = 21 WHERE id = 2", ""),
            (1, "COMMIT", ""),
            (2, "COMMIT", OC000),
        ],
        after: "1,11 2,20",
    },
    Case {
        name: "G2, anti-dependency cycles by predicates: allowed",
        steps: &[
            (1, THIRDS, ""),
            (2, THIRDS, ""),
            (1, "INSERT INTO test VALUES (3, 30)", ""),
            (2, "INSERT INTO test VALUES (4, 42)", ""),
            (1, "COMMIT", ""),
            (2, "COMMIT", ""),
        ],
        after: "1,10 2,20 3,30 4,42",
    },
];

#[tokio::test]
async fn hermitage_comes_out_as_snapshot_isolation() {
    let stage = stage().await;
    let looking = stage.client(0).await;
    run(&looking, "CREATE TABLE test (id bigint PRIMARY KEY, value bigint NOT NULL)").await;
    let clients = [stage.client(0).await, stage.client(1).await, stage.client(0).await];
    for Case { name, steps, after } in CASES {
        run(&looking, "DELETE FROM test").await;
        run(&looking, "INSERT INTO test VALUES (1, 10), (2, 20)").await;
        for client in &clients {
            run(client, "BEGIN").await;
        }
        for (transaction, sql, expect) in *steps {
            let answer = within(clients[transaction - 1].simple_query(sql)).await;
            let got = match &answer {
                Ok(messages) => shown(messages),
                Err(error) if told(error).0 == "40001" && told(error).1.contains(OC000) => OC000.to_owned(),
                Err(error) => format!("{error:?}"),
            };
            assert_eq!(got, *expect, "{name}: transaction {transaction}, {sql}");
        }
        for client in &clients {
            run(client, "ROLLBACK").await;
        }
        assert_eq!(shown(&within(looking.simple_query(ALL)).await.unwrap()), *after, "{name}");
    }
}

/// Values with commas between, rows with blanks between.
fn shown(messages: &[SimpleQueryMessage]) -> String {
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            let values: Vec<_> = (0..row.len()).map(|at| row.get(at).unwrap_or("NULL")).collect();
            Some(values.join(","))
        }
        _ => None,
    });
    rows.collect::<Vec<_>>().join(" ")
}
