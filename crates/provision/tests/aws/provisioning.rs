use crate::{front::Heard, rig::Rig};
use provision::{Deprovision, Provision, Scope, Settings};
use std::sync::Mutex;

#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_two_peers_and_two_global_tables() {
    let rig = Rig::start().await;
    let settings = rig.settings("fresh", Scope::All);
    let said = Mutex::new(Vec::new());
    let say = |line: &str| said.lock().unwrap().push(line.to_owned());
    let mut plan = Provision::look(settings.clone()).await.unwrap();
    assert!(!plan.is_done());
    let configuration = plan.run(&say).await.unwrap();
    assert_eq!(rig.state(&settings).await, Rig::whole(&settings));

    let lines: Vec<_> = configuration.to_string().lines().map(str::to_owned).collect();
    let endpoints = lines[0].strip_prefix("WORLDSEAT_DSQL_ENDPOINTS=").unwrap().split(',');
    for (endpoint, region) in endpoints.zip(["us-east-1", "us-east-2"]) {
        let (id, rest) = endpoint.split_once('.').unwrap();
        assert_eq!((id.len(), rest), (26, &*format!("dsql.{region}.on.aws")));
    }
    assert_eq!(
        lines[1..],
        ["WORLDSEAT_DYNAMODB_REGIONS=us-east-1,us-east-2", "WORLDSEAT_DYNAMODB_TABLES=fresh-seats,fresh-ledger"]
    );
    // Who waits is told for what: the first look at a new cluster, at a peered one, at a new table, at a new replica.
    let said = said.into_inner().unwrap();
    for expect in [
        "CREATING, waiting for ACTIVE, 0 s",
        "table fresh-seats in us-east-1: CREATING, waiting for ACTIVE, 0 s",
        "table fresh-seats in us-east-1: ACTIVE, replica CREATING, waiting for ACTIVE with its replica in us-east-2, 0 s",
    ] {
        assert!(said.iter().any(|line| line.ends_with(expect)), "{expect} is not among {said:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_only_reads_and_says_the_same() {
    let rig = Rig::start().await;
    let settings = rig.settings("again", Scope::All);
    let first = rig.provision(&settings).await.unwrap();
    rig.front.heard();
    let mut plan = Provision::look(settings.clone()).await.unwrap();
    assert!(plan.is_done());
    assert_eq!(plan.run(&|line| panic!("{line}")).await.unwrap(), first);
    let heard = rig.front.heard();
    assert!(!heard.is_empty() && !heard.iter().any(Heard::changes), "{heard:?}");
    // Also with the regions the other way round.
    let [first, second] = settings.regions.clone();
    let turned = Settings { regions: [second, first], ..settings };
    assert!(Provision::look(turned).await.unwrap().is_done());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_engine_alone_and_two_deployments_side_by_side() {
    let rig = Rig::start().await;
    let (clusters, tables) = (rig.settings("left", Scope::Dsql), rig.settings("left", Scope::Dynamodb));
    let configuration = rig.provision(&clusters).await.unwrap();
    assert!(configuration.dsql_endpoints.is_some() && configuration.dynamodb.is_none());
    assert_eq!(rig.state(&clusters).await, Rig::whole(&clusters));
    let configuration = rig.provision(&tables).await.unwrap();
    assert!(configuration.dsql_endpoints.is_none() && configuration.dynamodb.is_some());

    let other = rig.settings("right", Scope::All);
    rig.provision(&other).await.unwrap();
    let both = rig.settings("left", Scope::All);
    assert_eq!(rig.state(&both).await, Rig::whole(&both));
    rig.deprovision(&other).await.unwrap();
    assert_eq!(rig.state(&both).await, Rig::whole(&both));
    assert!(Deprovision::look(other).await.unwrap().is_done());
}
