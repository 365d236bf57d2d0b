//! Many at once: nothing is lost, and an open transaction holds nobody up.

use super::support::{number, run, stage, told, within};

const TASKS: usize = 16;
const ROUNDS: u32 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_update_is_lost_and_nobody_waits_for_an_open_transaction() {
    let stage = stage().await;
    let looking = stage.client(0).await;
    run(&looking, "CREATE TABLE counter (id bigint PRIMARY KEY, n bigint NOT NULL)").await;
    run(&looking, "INSERT INTO counter VALUES (1, 0)").await;
    // Opened, it writes the row and is left alone.
    let open = stage.client(1).await;
    run(&open, "BEGIN").await;
    assert_eq!(open.execute("UPDATE counter SET n = -1 WHERE id = 1", &[]).await.unwrap(), 1);
    let mut clients = Vec::new();
    for task in 0..TASKS {
        clients.push(stage.client(task % 2).await);
    }
    let tasks = clients.into_iter().map(|client| {
        tokio::spawn(async move {
            let (mut conflicts, mut successes) = (0_u32, 0_u32);
            while successes < ROUNDS {
                run(&client, "BEGIN").await;
                let n = number(&client, "SELECT n FROM counter WHERE id = 1").await;
                let next = n + 1;
                let changed = within(client.execute("UPDATE counter SET n = $1 WHERE id = 1", &[&next])).await;
                // Whatever has been committed meanwhile, the statement itself succeeds.
                assert_eq!(changed.unwrap(), 1);
                match within(client.batch_execute("COMMIT")).await {
                    Ok(()) => successes += 1,
                    Err(error) => {
                        assert_eq!(told(&error).0, "40001");
                        conflicts += 1;
                    }
                }
            }
            conflicts
        })
    });
    let mut conflicts = 0;
    for task in tasks.collect::<Vec<_>>() {
        conflicts += within(task).await.unwrap();
    }
    let sum = i64::try_from(TASKS).unwrap() * i64::from(ROUNDS);
    assert_eq!(number(&looking, "SELECT n FROM counter WHERE id = 1").await, sum);
    assert!(conflicts > 0, "they never met");
    assert_eq!(told(&open.batch_execute("COMMIT").await.unwrap_err()).0, "40001");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_taken_in_opposite_orders_do_not_lose_anything() {
    let stage = stage().await;
    let looking = stage.client(0).await;
    run(&looking, "CREATE TABLE account (id bigint PRIMARY KEY, n bigint NOT NULL)").await;
    run(&looking, "INSERT INTO account VALUES (1, 0), (2, 0)").await;
    let clients = stage.two().await;
    let tasks = clients.into_iter().zip([[1_i64, 2], [2, 1]]).map(|(client, order)| {
        tokio::spawn(async move {
            let mut successes = 0;
            while successes < 10 {
                run(&client, "BEGIN").await;
                for id in order {
                    within(client.execute("UPDATE account SET n = n + 1 WHERE id = $1", &[&id])).await.unwrap();
                }
                match within(client.batch_execute("COMMIT")).await {
                    Ok(()) => successes += 1,
                    Err(error) => assert_eq!(told(&error).0, "40001"),
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        within(task).await.unwrap();
    }
    assert_eq!(number(&looking, "SELECT sum(n)::bigint FROM account").await, 40);
}
