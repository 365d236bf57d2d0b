use crate::rig::{Rig, planned};
use provision::{Deprovision, Provision, Scope, Settings};

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_lists_exactly_the_changes_that_a_run_makes() {
    let rig = Rig::start().await;
    let settings = rig.settings("dry", Scope::All);
    let before = rig.state(&settings).await;

    let plan = planned(&Provision::look(settings.clone()).await.unwrap().calls());
    assert_eq!(rig.changes(), []);
    assert_eq!(rig.state(&settings).await, before);
    rig.provision(&settings).await.unwrap();
    let made = rig.changes();
    assert_eq!((made.len(), &made), (10, &plan));

    let plan = planned(&Deprovision::look(settings.clone()).await.unwrap().calls());
    assert_eq!(rig.changes(), []);
    assert_eq!(rig.state(&settings).await, Rig::whole(&settings));
    rig.deprovision(&settings).await.unwrap();
    assert_eq!(rig.changes(), plan);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_reach_it_lists_a_fresh_set_up() {
    let rig = Rig::start().await;
    let reached = rig.settings("far", Scope::All);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let unreached = Settings { endpoint_url: Some(nowhere), ..reached.clone() };

    let error = Provision::look(unreached.clone()).await.err().unwrap();
    assert!(error.is_blindness(), "{error}");
    let fresh = Provision::fresh(unreached).await.unwrap().calls();
    assert_eq!(fresh, Provision::look(reached).await.unwrap().calls());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policies_allow_every_call_of_the_plan_and_name_the_clusters() {
    let rig = Rig::start().await;
    let settings = rig.settings("policy", Scope::All);
    let plan = Provision::look(settings.clone()).await.unwrap();
    let policy = plan.policies().provisioning();
    for call in plan.calls() {
        assert!(policy.contains(&format!("\"{}\"", call.action())), "{} is missing", call.action());
    }
    // Before they exist, clusters have no names.
    assert!(plan.policies().serving().contains("arn:aws:dsql:us-east-1:*:cluster/*"));
    rig.provision(&settings).await.unwrap();

    let plan = Deprovision::look(settings.clone()).await.unwrap();
    let policy = plan.policies().removing();
    for call in plan.calls() {
        assert!(policy.contains(&format!("\"{}\"", call.action())), "{} is missing", call.action());
    }
    let plan = Provision::look(settings).await.unwrap();
    let serving: serde_json::Value = serde_json::from_str(&plan.policies().serving()).unwrap();
    let statements = serving["Statement"].as_array().unwrap();
    assert_eq!(statements[0]["Action"], serde_json::json!(["dsql:DbConnectAdmin", "dsql:GetCluster"]));
    let clusters = statements[0]["Resource"].as_array().unwrap();
    assert!(clusters.len() == 2 && !clusters.iter().any(|arn| arn.as_str().unwrap().contains('*')), "{clusters:?}");
    assert_eq!(statements[1]["Resource"][0], "arn:aws:dynamodb:us-east-1:*:table/policy-seats");
}
