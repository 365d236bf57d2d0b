use crate::rig::Rig;
use aws_sdk_dsql::error::ProvideErrorMetadata;
use provision::{Deprovision, Scope};

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_what_it_removes_and_a_second_run_finds_nothing() {
    let rig = Rig::start().await;
    let settings = rig.settings("gone", Scope::All);
    rig.provision(&settings).await.unwrap();

    // Protected until then.
    let dsql = rig.dsql("us-east-1");
    let id = dsql.list_clusters().send().await.unwrap().clusters()[0].identifier().to_owned();
    let refused = dsql.delete_cluster().identifier(&id).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ConflictException"));

    let plan = Deprovision::look(settings.clone()).await.unwrap();
    let things = plan.things();
    assert_eq!(things.len(), 6, "{things:#?}");
    assert!(things[0].contains(&id) && things[0].contains("ACTIVE"), "{things:#?}");
    for table in ["us-east-1", "us-east-2"].map(|region| format!("arn:aws:dynamodb:{region}:123456789012:table/gone-"))
    {
        assert_eq!(things.iter().filter(|thing| thing.contains(&table)).count(), 2, "{table}: {things:#?}");
    }
    plan.run(&|_| {}).await.unwrap();
    assert_eq!(rig.state(&settings).await, "");

    let plan = Deprovision::look(settings).await.unwrap();
    assert!(plan.is_done() && plan.things().is_empty());
    plan.run(&|line| panic!("{line}")).await.unwrap();
    assert_eq!(rig.changes(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_half_made_is_removed_too() {
    let rig = Rig::start().await;
    for nth in 1..10 {
        let settings = rig.settings(&format!("half-{nth}"), Scope::All);
        rig.front.reset().await;
        rig.front.set_fault(Some(crate::front::Fault::Refused(nth)));
        rig.provision(&settings).await.unwrap_err();
        rig.front.set_fault(None);
        rig.deprovision(&settings).await.unwrap_or_else(|error| panic!("{nth}: {error}"));
        assert_eq!(rig.state(&settings).await, "", "{nth}");
    }
}
