//! Trouble: servers killed, connections cut, regions down. Whatever happens, nobody is told what is not true.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

/// Every test of a room, straight at PostgreSQL and through what behaves like Aurora DSQL.
macro_rules! both_ways {
    ($($test:ident)*) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::Way::Postgres).await;
            })*
        }
        mod dsql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::Way::Dsql).await;
            })*
        }
    };
}

#[path = "../common/mod.rs"]
mod common;
mod cuts;
mod forgetful;
mod house;
mod kills;
mod regions;
mod tally;
