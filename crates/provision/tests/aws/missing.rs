//! What moto 5.2.5 lacks, answered by the documented shape; everything else is moto's own answer.
//!
//! DSQL: a cluster with a witness waits as `PENDING_SETUP` until both peers name each other; it lists itself among its
//! clusters; its endpoint is `ID.dsql.REGION.on.aws`; a peer that is deleted first waits as `PENDING_DELETE`.
//! DynamoDB: `ReplicaUpdates` and `MultiRegionConsistency` are ignored by moto, so a replica is made in its other region
//! as a table and listed here; the source of a replica is not deleted before it; a new table is `CREATING` for one look.

use crate::front::{Answer, Request, Upstream, error};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Missing {
    /// Whom a cluster names, by ARN.
    peers: BTreeMap<String, BTreeSet<String>>,
    /// Deleted before its peer: its ARN, and how to delete it when the peer is deleted too.
    half_deleted: BTreeMap<String, Request>,
    /// Looks that still see `CREATING`, by ARN.
    young: BTreeMap<String, u32>,
    /// Source region, other region and mode, by table.
    replicas: BTreeMap<String, (String, String, String)>,
}

impl Missing {
    pub async fn answer(&mut self, moto: &Upstream, request: &Request) -> Answer {
        match &*request.heard.operation {
            "CreateCluster" | "GetCluster" => {
                let answer = moto.hand_on(request).await;
                if answer.is_ok() { self.cluster(answer) } else { answer }
            }
            "UpdateCluster" => {
                let answer = moto.hand_on(request).await;
                let (asked, done) = (parsed(&request.body), parsed(&answer.body));
                if let (true, Some(clusters)) = (answer.is_ok(), asked["multiRegionProperties"]["clusters"].as_array())
                {
                    let peers = clusters.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                    let arn = text(&done["arn"]);
                    self.young.insert(arn.clone(), 1);
                    self.peers.insert(arn, peers);
                }
                answer
            }
            "DeleteCluster" => self.delete_cluster(moto, request).await,
            "CreateTable" => {
                let answer = moto.hand_on(request).await;
                let mut body = parsed(&answer.body);
                if !answer.is_ok() {
                    return answer;
                }
                self.young.insert(text(&body["TableDescription"]["TableArn"]), 1);
                body["TableDescription"]["TableStatus"] = json!("CREATING");
                with_body(answer, &body)
            }
            "DescribeTable" => self.describe_table(moto, request).await,
            "UpdateTable" => self.update_table(moto, request).await,
            "DeleteTable" => {
                let table = text(&parsed(&request.body)["TableName"]);
                if self.replicas.get(&table).is_some_and(|(source, ..)| *source == request.heard.region) {
                    let message = "Replica cannot be deleted because it has acted as a source region";
                    return error(request, 400, "ValidationException", message);
                }
                moto.hand_on(request).await
            }
            _ => moto.hand_on(request).await,
        }
    }

    fn cluster(&mut self, answer: Answer) -> Answer {
        let mut body = parsed(&answer.body);
        let (arn, id) = (text(&body["arn"]), text(&body["identifier"]));
        let region = arn.split(':').nth(3).unwrap().to_owned();
        body["endpoint"] = json!(format!("{id}.dsql.{region}.on.aws"));
        if body["multiRegionProperties"]["witnessRegion"].is_string() {
            let peers = self.peers.get(&arn).cloned().unwrap_or_default();
            let is_paired = self.is_paired(&arn);
            body["multiRegionProperties"]["clusters"] = json!(peers.iter().chain([&arn]).collect::<Vec<_>>());
            if self.half_deleted.contains_key(&arn) {
                body["status"] = json!("PENDING_DELETE");
            } else if !is_paired {
                body["status"] = json!("PENDING_SETUP");
            } else if self.still_young(&arn) {
                body["status"] = json!("CREATING");
            }
        }
        with_body(answer, &body)
    }

    async fn delete_cluster(&mut self, moto: &Upstream, request: &Request) -> Answer {
        let look = moto.ask(request, &request.heard.region, &format!("GET {}", request.id()), &Value::Null).await;
        let cluster = parsed(&look.body);
        let arn = text(&cluster["arn"]);
        let waits = self.is_paired(&arn) && !self.peers[&arn].iter().all(|peer| self.half_deleted.contains_key(peer));
        // Protection is moto's to refuse; a cluster without a peer is moto's to delete.
        if !look.is_ok() || cluster["deletionProtectionEnabled"] == json!(true) {
            return moto.hand_on(request).await;
        }
        if waits {
            self.half_deleted.insert(arn.clone(), request.clone());
            let mut body = cluster.clone();
            body["status"] = json!("PENDING_DELETE");
            return with_body(look, &body);
        }
        for peer in self.peers.remove(&arn).into_iter().flatten() {
            if let Some(first) = self.half_deleted.remove(&peer) {
                moto.hand_on(&first).await;
            }
        }
        moto.hand_on(request).await
    }

    async fn describe_table(&mut self, moto: &Upstream, request: &Request) -> Answer {
        let answer = moto.hand_on(request).await;
        if !answer.is_ok() {
            return answer;
        }
        let mut body = parsed(&answer.body);
        let table = &mut body["Table"];
        let arn = text(&table["TableArn"]);
        if self.still_young(&arn) {
            table["TableStatus"] = json!("CREATING");
        }
        if let Some((source, other, mode)) = self.replicas.get(&text(&table["TableName"])).cloned() {
            let region = if request.heard.region == source { &other } else { &source };
            let theirs = arn.replace(&format!(":{}:", request.heard.region), &format!(":{region}:"));
            let status = if self.still_young(&theirs) { "CREATING" } else { "ACTIVE" };
            table["Replicas"] = json!([{ "RegionName": region, "ReplicaStatus": status }]);
            table["MultiRegionConsistency"] = json!(mode);
            table["GlobalTableVersion"] = json!("2019.11.21");
        }
        with_body(answer, &body)
    }

    async fn update_table(&mut self, moto: &Upstream, request: &Request) -> Answer {
        let asked = parsed(&request.body);
        let table = text(&asked["TableName"]);
        let (region, update) = (&request.heard.region, &asked["ReplicaUpdates"][0]);
        let named = json!({ "TableName": table });
        let look = moto.ask(request, region, "DescribeTable", &named).await;
        if !look.is_ok() || update.is_null() {
            return moto.hand_on(request).await;
        }
        let source = &parsed(&look.body)["Table"];
        let answer = if let Some(other) = update["Create"]["RegionName"].as_str() {
            if source["StreamSpecification"]["StreamViewType"] != "NEW_AND_OLD_IMAGES" {
                return error(request, 400, "ValidationException", "Table needs a stream of new and old images");
            }
            let consistency = asked["MultiRegionConsistency"].as_str().unwrap_or("EVENTUAL").to_owned();
            let copy = json!({
                "TableName": table, "BillingMode": "PAY_PER_REQUEST", "KeySchema": source["KeySchema"],
                "AttributeDefinitions": source["AttributeDefinitions"],
                "StreamSpecification": source["StreamSpecification"],
            });
            let made = moto.ask(request, other, "CreateTable", &copy).await;
            self.young.insert(text(&parsed(&made.body)["TableDescription"]["TableArn"]), 2);
            self.replicas.insert(table, (region.clone(), other.to_owned(), consistency));
            made
        } else {
            let other = text(&update["Delete"]["RegionName"]);
            self.replicas.remove(&table);
            moto.ask(request, &other, "DeleteTable", &named).await
        };
        if !answer.is_ok() {
            return answer;
        }
        let mut source = source.clone();
        source["TableStatus"] = json!("UPDATING");
        with_body(answer, &json!({ "TableDescription": source }))
    }

    /// Whether it names peers and all of them name it.
    fn is_paired(&self, arn: &str) -> bool {
        let names = |peer: &String| self.peers.get(peer).is_some_and(|theirs| theirs.contains(arn));
        self.peers.get(arn).is_some_and(|peers| !peers.is_empty() && peers.iter().all(names))
    }

    fn still_young(&mut self, arn: &str) -> bool {
        let Some(looks) = self.young.get_mut(arn) else { return false };
        *looks -= 1;
        if *looks == 0 {
            self.young.remove(arn);
        }
        true
    }
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn with_body(answer: Answer, body: &Value) -> Answer {
    Answer { body: body.to_string().into(), ..answer }
}
