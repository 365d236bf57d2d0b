//! Set-up: the two tables, made where they are missing.

use super::GlobalTables;
use super::classify::Trouble;
use super::items::text;
use super::replica::Replica;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, MultiRegionConsistency, ScalarAttributeType,
    TableDescription,
};
use onsale::{Failure, Region};

impl GlobalTables {
    /// Makes both tables at endpoints that are not AWS's own, paid by request; what is there stays as it is. On AWS they
    /// are made by `worldseat provision`, with their replicas, and must be there: a server needs no right to make any.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], whose source says in one line what is wrong where, and the mend.
    pub async fn create_tables(&self) -> Result<(), Failure> {
        for (table, sort_key) in self.tables() {
            for (place, replica) in self.config().regions.iter().zip(self.replicas()) {
                if place.endpoint_url.is_some() {
                    create(replica, table, sort_key).await?;
                }
            }
        }
        self.check_tables().await
    }

    /// Whether both tables are in both regions, with the keys that the adapter writes.
    pub(super) async fn check_tables(&self) -> Result<(), Failure> {
        for (table, sort_key) in self.tables() {
            let [first, second] = &self.config().regions;
            let on_aws = self.config().stand_in.is_none() && !self.config().is_own();
            self.each(|replica| {
                let other = if *replica.region() == first.region { &second.region } else { &first.region };
                check(replica, table, sort_key, on_aws.then_some(other))
            })
            .await?;
        }
        self.each(check_reading).await.map(drop)
    }

    fn tables(&self) -> [(&str, &'static str); 2] {
        [(&self.config().seats_table, "seat"), (&self.config().ledger_table, "sale")]
    }
}

/// Whether the credentials may read. Writing is not tried: it would write.
async fn check_reading(replica: &Replica) -> Result<(), Failure> {
    replica.warm(1).await?;
    // No floor is called this.
    let nobody = replica.query_ledger().key_condition_expression("floor = :floor");
    let nobody = nobody.expression_attribute_values(":floor", text("warm up"));
    replica.read_all(nobody, |_| Ok(())).await.map(drop)
}

/// A table with another key would take our puts for something else, or refuse them one by one.
async fn check(replica: &Replica, table: &str, sort_key: &str, is_global: Option<&Region>) -> Result<(), Failure> {
    let described = replica.describe(table).await?;
    let keys: Vec<&str> = described.key_schema().iter().map(KeySchemaElement::attribute_name).collect();
    let text = |name: &&str| {
        let mut all = described.attribute_definitions().iter();
        all.any(|it| it.attribute_name() == *name && *it.attribute_type() == ScalarAttributeType::S)
    };
    if let Some(other) = keys.iter().find(|name| !text(name)) {
        let what = format!("table {table} in {} has a key {other} that is no text", replica.region());
        let mend = "WorldSeat's keys are of type S: name another table with --dynamodb-tables".to_owned();
        return Err(Failure::unavailable(replica.database(), Trouble { what, mend, source: None }));
    }
    if keys == ["floor", sort_key] {
        return is_global.map_or(Ok(()), |other| check_replication(replica, &described, other));
    }
    let what = format!("table {table} in {} has the key ({})", replica.region(), keys.join(", "));
    let mend = format!("WorldSeat's has (floor, {sort_key}): name another table with --dynamodb-tables");
    Err(Failure::unavailable(replica.database(), Trouble { what, mend, source: None }))
}

/// Two tables that happen to have one name are no global table, and one that is strongly consistent is no foil.
fn check_replication(replica: &Replica, described: &TableDescription, other: &Region) -> Result<(), Failure> {
    let (table, here) = (described.table_name().unwrap_or_default(), replica.region());
    let trouble = |what: String| {
        let mend =
            "let `worldseat provision dynamodb` make the tables, and name them with --dynamodb-tables".to_owned();
        Err(Failure::unavailable(replica.database(), Trouble { what, mend, source: None }))
    };
    if !described.replicas().iter().any(|it| it.region_name() == Some(other.as_str())) {
        return trouble(format!("table {table} in {here} has no replica in {other}"));
    }
    if described.multi_region_consistency() == Some(&MultiRegionConsistency::Strong) {
        return trouble(format!(
            "table {table} in {here} is strongly consistent over regions (MRSC); the foil is MREC"
        ));
    }
    Ok(())
}

async fn create(replica: &Replica, table: &str, sort_key: &str) -> Result<(), Failure> {
    let request = request(replica, table, sort_key).map_err(|e| replica.unavailable("CreateTable", e))?;
    match Box::pin(request.send()).await {
        Ok(_) => Ok(()),
        Err(e) if matches!(e.as_service_error(), Some(CreateTableError::ResourceInUseException(_))) => Ok(()),
        Err(e) => Err(replica.trouble("CreateTable", table, e)),
    }
}

fn request(replica: &Replica, table: &str, sort_key: &str) -> Result<CreateTableFluentBuilder, BuildError> {
    let mut request = replica.client().create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("floor", KeyType::Hash), (sort_key, KeyType::Range)] {
        request = request
            .key_schema(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
            .attribute_definitions(
                AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()?,
            );
    }
    Ok(request)
}
