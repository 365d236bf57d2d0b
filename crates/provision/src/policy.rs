//! The least that IAM must allow, as policies to paste.

use crate::Settings;
use serde_json::{Value, json};

/// The policies of one deployment.
pub struct Policies<'a> {
    settings: &'a Settings,
    /// The clusters that exist; without any, every cluster of the regions.
    clusters: Vec<String>,
}

impl<'a> Policies<'a> {
    pub(crate) fn new(settings: &'a Settings, clusters: Vec<String>) -> Self {
        Self { settings, clusters }
    }

    /// For who runs `worldseat provision`.
    pub fn provisioning(&self) -> String {
        let mut statements = Vec::new();
        if self.settings.scope.has_dsql() {
            let [first, second] = &self.settings.regions;
            let witness = &self.settings.witness_region;
            let change = [
                "CreateCluster",
                "TagResource",
                "GetCluster",
                "UpdateCluster",
                "PutMultiRegionProperties",
                "AddPeerCluster",
            ];
            statements.extend([
                // New clusters have no names yet, so they cannot be named here.
                allow("dsql", &change, &any_cluster([first, second])),
                allow("dsql", &["ListClusters"], &["*".to_owned()]),
                // AWS asks for it of whoever sets a peer, and of every region at once.
                allow("dsql", &["RemovePeerCluster"], &["arn:aws:dsql:*:*:cluster/*".to_owned()]),
                // Asked in the cluster's region and in the witness's.
                only_if(
                    allow("dsql", &["PutWitnessRegion"], &any_cluster([first, second, witness])),
                    "dsql:WitnessRegion",
                    witness,
                ),
                service_role("dsql.amazonaws.com", "AWSServiceRoleForAuroraDsql"),
            ]);
        }
        if self.settings.scope.has_dynamodb() {
            let change = [
                "CreateTable",
                "DescribeTable",
                "UpdateTable",
                "CreateTableReplica",
                "TagResource",
                "ListTagsOfResource",
            ];
            // AWS wants these of whoever adds a replica, because it copies in their name.
            let copy = ["Query", "Scan", "GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"];
            statements.extend([
                allow("dynamodb", &[&change[..], &copy[..]].concat(), &self.tables()),
                service_role("replication.dynamodb.amazonaws.com", "AWSServiceRoleForDynamoDBReplication"),
            ]);
        }
        policy(statements)
    }

    /// For who runs `worldseat deprovision`.
    pub fn removing(&self) -> String {
        let mut statements = Vec::new();
        if self.settings.scope.has_dsql() {
            statements.push(allow("dsql", &["ListClusters"], &["*".to_owned()]));
            // It looks at every cluster to find its own.
            statements.push(allow("dsql", &["GetCluster"], &any_cluster(&self.settings.regions)));
            statements.push(allow("dsql", &["UpdateCluster", "DeleteCluster"], &self.clusters()));
        }
        if self.settings.scope.has_dynamodb() {
            let change = ["DescribeTable", "ListTagsOfResource", "UpdateTable", "DeleteTable", "DeleteTableReplica"];
            statements.push(allow("dynamodb", &change, &self.tables()));
        }
        policy(statements)
    }

    /// For the running server.
    pub fn serving(&self) -> String {
        let mut statements = Vec::new();
        if self.settings.scope.has_dsql() {
            statements.push(allow("dsql", &["DbConnectAdmin", "GetCluster"], &self.clusters()));
        }
        if self.settings.scope.has_dynamodb() {
            let use_it = ["DescribeTable", "GetItem", "PutItem", "Query"];
            statements.push(allow("dynamodb", &use_it, &self.tables()));
        }
        policy(statements)
    }

    fn clusters(&self) -> Vec<String> {
        if self.clusters.is_empty() { any_cluster(&self.settings.regions) } else { self.clusters.clone() }
    }

    fn tables(&self) -> Vec<String> {
        let tables = self.settings.tables();
        let arn = |region: &String, table: &String| format!("arn:aws:dynamodb:{region}:*:table/{table}");
        self.settings.regions.iter().flat_map(|region| tables.iter().map(move |table| arn(region, table))).collect()
    }
}

fn any_cluster<'a>(regions: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    regions.into_iter().map(|region| format!("arn:aws:dsql:{region}:*:cluster/*")).collect()
}

fn allow(service: &str, operations: &[&str], resources: &[String]) -> Value {
    let actions: Vec<_> = operations.iter().map(|operation| format!("{service}:{operation}")).collect();
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

fn only_if(mut statement: Value, key: &str, value: &str) -> Value {
    statement["Condition"] = json!({ "StringEquals": { key: value } });
    statement
}

/// AWS makes it at an account's first use of the service, in the caller's name.
fn service_role(service: &str, role: &str) -> Value {
    let arn = format!("arn:aws:iam::*:role/aws-service-role/{service}/{role}");
    only_if(allow("iam", &["CreateServiceLinkedRole"], &[arn]), "iam:AWSServiceName", service)
}

fn policy(statements: Vec<Value>) -> String {
    // `{:#}` of a value is its indented text, and cannot fail.
    format!("{:#}", json!({ "Version": "2012-10-17", "Statement": statements }))
}
