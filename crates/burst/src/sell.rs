//! The retry loop: once, for every database. It runs the purchase again where the database aborted it, and looks before
//! buying again where the answer to COMMIT was lost.

use crate::recorder::{Aborts, Recorder};
use onsale::{Answer, Database, Failure, Operation, Order, Outcome, Setting, purchase};
use std::time::Duration;

/// How often the purchase of one buyer runs at most. A lost race means that somebody else's write was committed, so two
/// or three attempts are the rule; a burst of 2,000 does not come near this.
pub const ATTEMPTS_MAX: u32 = 64;
/// The pause after an aborted attempt is random between 0 and twice as long as after the one before, from 1 ms up to this.
pub const BACKOFF_MS_MAX: u64 = 64;
/// The pause before looking a ticket up after a lost answer; the database may be restarting.
const DOUBT_PAUSE_MS_MAX: u64 = 500;
/// One attempt, waiting for a connection included. Beyond it nobody knows whether COMMIT went out.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(90);

/// No attempt begins later than this after the first: a database that stays away must not hold a seat's queue for ever.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// Sells to one buyer, or says why not. Never fails: whatever happens is an outcome.
pub async fn sell<D: Database>(db: &D, order: Order, buyer: Recorder, rng: fastrand::Rng) -> Operation {
    sell_or_failure(db, order, buyer, rng).await.0
}

/// The same, with the failure that ended it if the outcome is an error or unknown.
pub async fn sell_or_failure<D: Database>(
    db: &D,
    mut order: Order,
    mut buyer: Recorder,
    mut rng: fastrand::Rng,
) -> (Operation, Option<Failure>) {
    let mut aborts = Aborts::default();
    let began = tokio::time::Instant::now();
    loop {
        let attempt = tokio::time::timeout(ATTEMPT_TIMEOUT, purchase(db, &order, &mut buyer)).await;
        let failure = match attempt {
            Ok(Ok(Answer::Confirmed)) => return (buyer.told(order, aborts, Outcome::Confirmed, None), None),
            Ok(Ok(Answer::Rejected)) => return (buyer.told(order, aborts, Outcome::Rejected, None), None),
            Ok(Err(failure)) => failure,
            Err(elapsed) => Failure::Indeterminate { database: "the database", source: Box::new(elapsed) },
        };
        let again = match &failure {
            Failure::Conflict { .. } => {
                aborts.conflicts += 1;
                true
            }
            Failure::SchemaChanged { .. } => {
                aborts.schema_conflicts += 1;
                true
            }
            Failure::Transient { .. } => true,
            Failure::Unavailable { .. } | Failure::Refused { .. } | Failure::PoolTimeout { .. } => order.in_doubt,
            Failure::InvalidValue { .. } => false,
            Failure::Indeterminate { .. } => {
                order.in_doubt = true;
                db.settles_doubt()
            }
        };
        if !again || order.attempt == ATTEMPTS_MAX || began.elapsed() > PATIENCE {
            let outcome = if order.in_doubt { Outcome::Unknown } else { Outcome::Error };
            tracing::info!(%failure, attempt = order.attempt, ?outcome, "gave up");
            let reason = reason(&failure, outcome);
            return (buyer.told(order, aborts, outcome, Some(reason)), Some(failure));
        }
        let longest_ms = match failure {
            Failure::Conflict { .. } | Failure::SchemaChanged { .. } => {
                (1 << order.attempt.min(16)).min(BACKOFF_MS_MAX)
            }
            _ => DOUBT_PAUSE_MS_MAX,
        };
        tokio::time::sleep(Duration::from_millis(rng.u64(0..=longest_ms))).await;
        order.attempt += 1;
    }
}

/// What this loop adds to the settings that stand in the open.
pub fn settings() -> Vec<Setting> {
    vec![
        Setting::new(
            "attempts per buyer",
            format!("at most {ATTEMPTS_MAX}, only after a conflict, a changed schema, XX000 or a lost COMMIT"),
        ),
        Setting::new("pause after a conflict", format!("random, 0 to 2 ms, doubling up to {BACKOFF_MS_MAX} ms")),
        Setting::new("attempt timeout", format!("{} s", ATTEMPT_TIMEOUT.as_secs())),
        Setting::new("last attempt begins", format!("within {} s", PATIENCE.as_secs())),
    ]
}

/// What happened in a phrase, then what the database itself said: the run's record must be enough to find the cause.
fn reason(failure: &Failure, outcome: Outcome) -> String {
    let database = failure.database();
    let what = match (outcome, failure) {
        // Only this program gave up here.
        (Outcome::Error, Failure::PoolTimeout { connections, .. }) => {
            return format!("all {connections} connections to {database} were in use; nothing was sold");
        }
        (Outcome::Unknown, _) => format!("{database} did not answer; the ledger will tell"),
        (_, Failure::Conflict { .. }) => format!("{database} aborted all {ATTEMPTS_MAX} attempts as racing"),
        (_, Failure::SchemaChanged { .. }) => {
            format!("{database} aborted all {ATTEMPTS_MAX} attempts because its tables changed; nothing was sold")
        }
        (_, Failure::Transient { .. }) => {
            format!("{database} was not available in {ATTEMPTS_MAX} attempts; nothing was sold")
        }
        (_, Failure::Refused { .. } | Failure::InvalidValue { .. }) => {
            format!("{database} refused the purchase; nothing was sold")
        }
        _ => format!("{database} was not available; nothing was sold"),
    };
    format!("{what}: {}", failure.said())
}
