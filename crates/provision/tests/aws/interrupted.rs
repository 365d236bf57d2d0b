//! A run that ends anywhere is continued by the next.

use crate::{
    front::{Fault, Heard},
    rig::Rig,
};
use provision::{Cause, Pace, Scope, Settings, Trouble};
use std::time::Duration;

/// Creates, peers, creates, replicates, tags.
const CHANGES: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn whichever_changing_call_fails_the_next_run_continues() {
    let rig = Rig::start().await;
    for (kind, fault) in [("refused", Fault::Refused as fn(usize) -> Fault), ("lost", Fault::AnswerLost)] {
        for nth in 0..CHANGES {
            let name = format!("{kind}-{nth}");
            let settings = rig.settings(&name, Scope::All);
            rig.front.reset().await;
            rig.front.set_fault(Some(fault(nth)));
            let error = rig.provision(&settings).await.unwrap_err();
            assert!(matches!(error, Trouble::Call { cause: Cause::Permission, .. }), "{name}: {error}");
            let before = rig.changes();
            assert_eq!(before.len(), nth + 1, "{name}: it went on after an error");
            rig.front.set_fault(None);
            rig.provision(&settings).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            // What was done is not done again; what was refused is.
            let after = rig.changes();
            let repeated = usize::from(kind == "refused");
            assert_eq!(before.len() + after.len(), CHANGES + repeated, "{name}: {before:?} {after:?}");
            assert_eq!(rig.state(&settings).await, Rig::whole(&settings), "{name}");
        }
    }
    // There is no eleventh.
    rig.front.reset().await;
    let settings = rig.settings("whole", Scope::All);
    rig.front.set_fault(Some(Fault::Refused(CHANGES)));
    rig.provision(&settings).await.unwrap();
    assert_eq!(rig.changes().len(), CHANGES);
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_deletion_fails_the_next_run_continues() {
    let rig = Rig::start().await;
    let mut changes = None;
    for (kind, fault) in [("refused", Fault::Refused as fn(usize) -> Fault), ("lost", Fault::AnswerLost)] {
        for nth in 0.. {
            let name = format!("{kind}-{nth}");
            let settings = rig.settings(&name, Scope::All);
            rig.front.reset().await;
            rig.provision(&settings).await.unwrap();
            rig.front.heard();
            rig.front.set_fault(Some(fault(nth)));
            let outcome = rig.deprovision(&settings).await;
            rig.front.set_fault(None);
            if outcome.is_ok() {
                changes = Some(nth);
                break;
            }
            rig.deprovision(&settings).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(rig.state(&settings).await, "", "{name}");
        }
    }
    // Two unprotected, two deleted, two replicas, two tables.
    assert_eq!(changes, Some(8));
}

/// One cluster without a peer, a table without a replica, protection taken off: each by hand.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_left_half_done_is_completed() {
    let rig = Rig::start().await;
    let settings = rig.settings("half", Scope::All);
    rig.provision(&settings).await.unwrap();
    let dsql = rig.dsql("us-east-2");
    let id = dsql.list_clusters().send().await.unwrap().clusters()[0].identifier().to_owned();
    dsql.update_cluster().identifier(id).deletion_protection_enabled(false).send().await.unwrap();
    rig.front.heard();
    rig.provision(&settings).await.unwrap();
    let operations: Vec<_> =
        rig.changes().into_iter().map(|Heard { region, operation, .. }| (region, operation)).collect();
    assert_eq!(operations, [("us-east-2".to_owned(), "UpdateCluster".to_owned())]);
    assert_eq!(rig.state(&settings).await, Rig::whole(&settings));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_wait_long_enough_goes_on_waiting_next_time() {
    let rig = Rig::start().await;
    let patient = rig.settings("late", Scope::All);
    let hasty = Settings { pace: Pace { wait_at_most: Duration::ZERO, ..patient.pace }, ..patient.clone() };
    let mut given_up = 0;
    while let Err(error) = rig.provision(&hasty).await {
        assert!(matches!(error, Trouble::Stuck { .. }), "{error}");
        assert!(error.to_string().ends_with("run the same command again; it goes on waiting"), "{error}");
        given_up += 1;
        assert!(given_up < 20);
    }
    assert!(given_up > 2, "{given_up}");
    assert_eq!(rig.changes().len(), CHANGES);
    assert_eq!(rig.state(&patient).await, Rig::whole(&patient));
}
