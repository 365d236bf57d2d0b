//! Purchases a second in process, beside pgbench: the same statements through the same endpoints, with as many
//! connections, on the same server.

use crate::{median, row};
use backends::dsql::{Connect, Dialect, Role, Roots, SqlConfig, SqlDatabase, SqlEndpoint, Tokens};
use burst::{Clock, Recorder, sell};
use futures::future::join_all;
use onsale::{BoxOffice, FloorId, FloorPlan, Order, Outcome, SeatId, Ticket};
use standins::{Options, StandIns};
use std::{
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::process::Command;

const CONNECTIONS: usize = 16;
const FLOORS: usize = 600;
const SECONDS: u64 = 4;
const ROUNDS: usize = 3;

/// The purchase's statements, as pgbench runs them.
const SCRIPT: &str = r"\set floor random(0, 599)
\set row random(0, 7)
\set number random(1, 12)
BEGIN;
SELECT round, reset_round, status, ticket FROM seats WHERE floor = 'pgbench-' || :floor AND seat = chr(65 + :row) || :number;
UPDATE seats SET status = 'sold', owner = 'ada', ticket = 't', region = 'us-east-1', changed_at = now() WHERE floor = 'pgbench-' || :floor AND seat = chr(65 + :row) || :number;
INSERT INTO ledger (floor, seat, round, ticket, buyer, region, run, attempt, sold_at) VALUES ('pgbench-' || :floor, chr(65 + :row) || :number, 1, gen_random_uuid()::text, 'ada', 'us-east-1', NULL, 1, now());
COMMIT;
";

/// Measures all in turn, so that they meet the same machine.
pub async fn measure() {
    let engines = StandIns::start(Options { commit_latency_ms: 0, ..Options::default() }).await.unwrap();
    let (db, imitated) = (Arc::new(database(&engines)), Arc::new(like_dsql(&engines)));
    db.create_tables().await.unwrap();
    for floor in 0..FLOORS {
        for kind in ["pgbench", "ours"] {
            db.make_floor(&format!("{kind}-{floor}").parse().unwrap()).await.unwrap();
        }
    }
    let pgbench = find_pgbench();
    let (mut ours, mut through, mut ceiling) = (vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        ours.push(sales(&db, 2 * round).await);
        through.push(sales(&imitated, 2 * round + 1).await);
        if let Some(pgbench) = &pgbench {
            ceiling.push(pgbench_rate(pgbench, &engines).await);
        }
    }
    let (ours, through) = (median(ours), median(through));
    let beside = if ceiling.is_empty() {
        "pgbench is not installed".to_owned()
    } else {
        let ceiling = median(ceiling);
        format!("pgbench {ceiling:.0}/s: {:.2} of it (aim: at least 0.8)", ours / ceiling)
    };
    row(&format!("purchases/s in process, 2 × {CONNECTIONS} connections"), &format!("{ours:.0}/s"), &beside);
    let beside = format!("{:.2} of it straight at PostgreSQL", through / ours);
    row("the same through the endpoints, COMMIT latency 0", &format!("{through:.0}/s"), &beside);
    engines.stop().await;
}

async fn sales(db: &Arc<SqlDatabase>, round: usize) -> f64 {
    for floor in 0..FLOORS {
        db.reset(&format!("ours-{floor}").parse().unwrap(), None).await.unwrap();
    }
    let seats: Arc<Vec<SeatId>> = Arc::new(FloorPlan::default().seats().collect());
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let sellers = (0..2 * CONNECTIONS).map(|seller| {
        let (db, seats, next) = (Arc::clone(db), Arc::clone(&seats), Arc::clone(&next));
        tokio::spawn(async move {
            let region = db.regions()[seller % 2].clone();
            let mut sold = 0;
            while began.elapsed() < Duration::from_secs(SECONDS) {
                let n = next.fetch_add(1, Relaxed);
                let floor = n % FLOORS;
                let Some(seat) = seats.get(n / FLOORS) else { break };
                let order = Order {
                    floor: format!("ours-{floor}").parse::<FloorId>().unwrap(),
                    seat: *seat,
                    buyer: "ada".parse().unwrap(),
                    region: region.clone(),
                    ticket: Ticket::from_random(((round as u128) << 64) + n as u128),
                    run: None,
                    attempt: 1,
                    in_doubt: false,
                };
                let buyer = Recorder::start(Clock::start(), Duration::ZERO);
                let operation = sell(&*db, order, buyer, fastrand::Rng::new()).await;
                assert_eq!(operation.outcome, Outcome::Confirmed);
                sold += 1;
            }
            sold
        })
    });
    let sold: usize = join_all(sellers).await.into_iter().map(Result::unwrap).sum();
    sold as f64 / began.elapsed().as_secs_f64()
}

/// Both endpoints at once, as we use them.
async fn pgbench_rate(pgbench: &PathBuf, engines: &StandIns) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("purchase.sql");
    std::fs::write(&script, SCRIPT).unwrap();
    let runs = engines.endpoints.iter().map(|endpoint| {
        let mut command = Command::new(pgbench);
        // No PGOPTIONS and no PGSSLMODE of somebody's own.
        command.env_clear();
        command.args(["--no-vacuum", "--protocol=prepared", "--max-tries=10", "--jobs=1"]);
        command.arg(format!("--client={CONNECTIONS}")).arg(format!("--time={SECONDS}"));
        command.args(["--host=127.0.0.1", &format!("--port={}", endpoint.addr().port())]);
        command.arg(format!("--username={}", standins::USER)).arg("--file").arg(&script).arg(standins::DATABASE);
        command.stderr(Stdio::null()).output()
    });
    let outputs = join_all(runs).await;
    let tps = |output: std::io::Result<std::process::Output>| {
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        let line = text.lines().find(|line| line.starts_with("tps = ")).expect("pgbench prints its rate").to_owned();
        line["tps = ".len()..].split_whitespace().next().unwrap().parse::<f64>().unwrap()
    };
    outputs.into_iter().map(tps).sum()
}

fn find_pgbench() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        places.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    places.into_iter().map(|place| place.join("pgbench")).find(|file| file.is_file())
}

/// The adapter straight at the stand-in's PostgreSQL.
pub fn database(engines: &StandIns) -> SqlDatabase {
    let endpoints = engines.endpoints.each_ref().map(|endpoint| {
        let mut connect = Connect::new();
        connect.host("127.0.0.1").port(endpoint.addr().port()).user(standins::USER).dbname(standins::DATABASE);
        SqlEndpoint::own(endpoint.region().parse().unwrap(), connect, Roots::default())
    });
    SqlDatabase::new(SqlConfig {
        connections_per_region: CONNECTIONS,
        ..SqlConfig::new("PostgreSQL", endpoints, Role::StandIn)
    })
    .unwrap()
}

/// The same tables through the endpoints that behave like Aurora DSQL's.
fn like_dsql(engines: &StandIns) -> SqlDatabase {
    let tokens = Tokens::fixed(standins::ACCESS_KEY, standins::SECRET_KEY);
    let endpoints = engines.dsql.each_ref().map(|endpoint| {
        let (region, roots) = (endpoint.region().parse().unwrap(), Roots::Pem(engines.root_pem().to_owned()));
        SqlEndpoint::by_token(region, endpoint.host(), "admin", tokens.clone(), roots).at(endpoint.addr())
    });
    SqlDatabase::new(SqlConfig {
        connections_per_region: CONNECTIONS,
        dialect: Dialect::Dsql,
        ..SqlConfig::new("PostgreSQL", endpoints, Role::StandIn)
    })
    .unwrap()
}
