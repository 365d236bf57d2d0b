//! What is there but wrong is named and left alone; what AWS refuses is said in one line.

use crate::{front::Fault, rig::Rig};
use aws_sdk_dsql::types::MultiRegionProperties;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, StreamSpecification,
    StreamViewType, Tag,
};
use provision::{Cause, Deprovision, Provision, Scope, Settings, Trouble};

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_otherwise_are_left_alone() {
    let rig = Rig::start().await;
    for (name, table, expect) in [
        ("key", Odd { sort_key: "row", ..Odd::default() }, "has the key (floor, row), not (floor, seat)"),
        ("type", Odd { key_type: ScalarAttributeType::N, ..Odd::default() }, "of type N, not S"),
        ("stream", Odd { stream: false, ..Odd::default() }, "has no stream of NEW_AND_OLD_IMAGES"),
        ("foreign", Odd { tagged: false, ..Odd::default() }, "does not carry the tag worldseat = foreign"),
    ] {
        let settings = rig.settings(name, Scope::All);
        table.create(&rig, name).await;
        rig.front.heard();
        let error = Provision::look(settings.clone()).await.err().unwrap();
        refuses(&error, &[expect, &format!("{name}-seats"), "us-east-1", "nothing was changed", "--name"]);
        assert_eq!(rig.changes(), [], "{name}");
        // What is not ours is not removed either.
        if name == "foreign" {
            let error = Deprovision::look(settings).await.err().unwrap();
            refuses(&error, &[expect]);
        }
    }
    // Two tables of one name that know nothing of each other.
    let settings = rig.settings("apart", Scope::Dynamodb);
    for region in ["us-east-1", "us-east-2"] {
        Odd { region, ..Odd::default() }.create(&rig, "apart").await;
    }
    let error = Provision::look(settings).await.err().unwrap();
    refuses(&error, &["table/apart-seats is no replica of table"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_that_are_otherwise_are_left_alone() {
    let rig = Rig::start().await;
    let stranger = "arn:aws:dsql:us-east-2:123456789012:cluster/strangerstrangerstranger00";
    let west = MultiRegionProperties::builder().witness_region("us-west-2");
    for (name, properties, expect) in [
        ("peered", Some(west.clone().clusters(stranger).build()), "is peered with arn:aws:dsql:us-east-2"),
        (
            "witness",
            Some(MultiRegionProperties::builder().witness_region("eu-west-1").build()),
            "--witness-region eu-west-1",
        ),
        ("single", None, "belongs to one region only"),
    ] {
        cluster(&rig, name, properties).await;
        rig.front.heard();
        let error = Provision::look(rig.settings(name, Scope::All)).await.err().unwrap();
        refuses(&error, &[expect, "cluster arn:aws:dsql:us-east-1:123456789012:cluster/", "nothing was changed"]);
        assert_eq!(rig.changes(), [], "{name}");
    }
    for _ in 0..2 {
        cluster(&rig, "twice", Some(west.clone().build())).await;
    }
    let error = Provision::look(rig.settings("twice", Scope::All)).await.err().unwrap();
    refuses(&error, &["both carry the tag worldseat = twice", "take the tag from one of them"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_peer_of_two_deleted_is_said_and_finished_by_deprovision() {
    let rig = Rig::start().await;
    let settings = rig.settings("parting", Scope::Dsql);
    rig.provision(&settings).await.unwrap();
    rig.front.heard();
    // The two protections, the first deletion; the second does not happen.
    rig.front.set_fault(Some(Fault::Refused(3)));
    rig.deprovision(&settings).await.unwrap_err();
    rig.front.set_fault(None);
    let error = Provision::look(settings.clone()).await.err().unwrap();
    refuses(&error, &["PENDING_DELETE", "worldseat deprovision dsql"]);
    rig.deprovision(&settings).await.unwrap();
    rig.provision(&settings).await.unwrap();
    assert_eq!(rig.state(&settings).await, Rig::whole(&settings));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_refuses_is_one_line_with_the_mend() {
    let rig = Rig::start().await;
    let settings = rig.settings("refused", Scope::All);
    for (operation, status, code, cause, expect) in [
        ("ListClusters", 403, "UnrecognizedClientException", Cause::Credentials, "renew them"),
        ("ListClusters", 403, "ExpiredTokenException", Cause::Credentials, "renew them"),
        ("CreateCluster", 403, "AccessDeniedException", Cause::Permission, "have dsql:CreateCluster allowed"),
        ("CreateCluster", 402, "ServiceQuotaExceededException", Cause::Quota, "Service Quotas in us-east-1"),
        ("DescribeTable", 400, "AccessDeniedException", Cause::Permission, "have dynamodb:DescribeTable allowed"),
        ("CreateTable", 400, "LimitExceededException", Cause::Quota, "Service Quotas in us-east-1"),
        ("CreateTable", 400, "ValidationException", Cause::Refused, "mend what it says"),
    ] {
        rig.front.set_fault(Some(Fault::Code(operation, status, code)));
        let error = rig.provision(&settings).await.err().unwrap();
        refuses(&error, &[operation, "in us-east-1", code, "injected by the test", expect]);
        assert!(matches!(error, Trouble::Call { cause: found, .. } if found == cause), "{code}: {error:?}");
    }
    rig.front.set_fault(None);
    rig.provision(&settings).await.unwrap();
    assert_eq!(rig.state(&settings).await, Rig::whole(&settings));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_one_line_too() {
    let rig = Rig::start().await;
    let settings = Settings { endpoint_url: Some(rig.moto.url.clone()), ..rig.settings("nobody", Scope::Dsql) };
    drop(rig);
    let error = Provision::look(settings).await.err().unwrap();
    refuses(&error, &["dsql:ListClusters in us-east-1", "is there a network", "--endpoint-url"]);
    assert!(matches!(error, Trouble::Call { cause: Cause::Unreachable, .. }));
}

/// A table `NAME-seats` that differs in one thing.
struct Odd {
    region: &'static str,
    sort_key: &'static str,
    key_type: ScalarAttributeType,
    stream: bool,
    tagged: bool,
}

impl Default for Odd {
    fn default() -> Self {
        Self { region: "us-east-1", sort_key: "seat", key_type: ScalarAttributeType::S, stream: true, tagged: true }
    }
}

impl Odd {
    async fn create(&self, rig: &Rig, name: &str) {
        let mut request = rig
            .dynamodb(self.region)
            .create_table()
            .table_name(format!("{name}-seats"))
            .billing_mode(BillingMode::PayPerRequest);
        for (attribute, kind) in [("floor", KeyType::Hash), (self.sort_key, KeyType::Range)] {
            let definition = AttributeDefinition::builder().attribute_name(attribute);
            let definition = definition.attribute_type(self.key_type.clone()).build().unwrap();
            let key = KeySchemaElement::builder().attribute_name(attribute).key_type(kind).build().unwrap();
            request = request.key_schema(key).attribute_definitions(definition);
        }
        if self.stream {
            let whole = StreamSpecification::builder().stream_enabled(true);
            let whole = whole.stream_view_type(StreamViewType::NewAndOldImages).build().unwrap();
            request = request.stream_specification(whole);
        }
        if self.tagged {
            request = request.tags(Tag::builder().key("worldseat").value(name).build().unwrap());
        }
        request.send().await.unwrap();
    }
}

async fn cluster(rig: &Rig, name: &str, properties: Option<MultiRegionProperties>) {
    let request = rig.dsql("us-east-1").create_cluster().tags("worldseat", name);
    let made = request.set_multi_region_properties(properties.clone()).send().await.unwrap();
    if properties.is_some_and(|it| !it.clusters().is_empty()) {
        let update = rig.dsql("us-east-1").update_cluster().identifier(made.identifier());
        let stranger = MultiRegionProperties::builder().witness_region("us-west-2");
        let stranger = stranger.clusters("arn:aws:dsql:us-east-2:123456789012:cluster/strangerstrangerstranger00");
        update.multi_region_properties(stranger.build()).send().await.unwrap();
    }
}

fn refuses(error: &Trouble, expect: &[&str]) {
    let line = error.to_string();
    assert_eq!(line.lines().count(), 1, "{line}");
    for text in expect {
        assert!(line.contains(text), "{text:?} is not in: {line}");
    }
}
