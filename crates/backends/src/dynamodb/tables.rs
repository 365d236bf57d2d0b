//! Set-up: the two tables, made where they are missing.

use super::GlobalTables;
use super::classify::Trouble;
use super::replica::Replica;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateReplicationGroupMemberAction, KeySchemaElement, KeyType,
    MultiRegionConsistency, ReplicationGroupUpdate, ScalarAttributeType, StreamSpecification, StreamViewType,
};
use onsale::{BoxedError, Failure};
use std::time::Duration;

/// How long AWS may take to make a table or a replica of it.
const READY_WITHIN: Duration = Duration::from_mins(10);

impl GlobalTables {
    /// Makes both tables in both regions, paid by request; what is there stays as it is. On AWS it returns once the
    /// replicas are active, which takes minutes the first time, and sends nothing but DescribeTable if they are there.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], whose source says in one line what is wrong where, and the mend.
    pub async fn create_tables(&self) -> Result<(), Failure> {
        for (table, sort_key) in self.tables() {
            if self.config().stand_in.is_some() {
                self.each(|replica| create(replica, table, sort_key, false)).await?;
            } else if !self.has_replicas(table).await? {
                self.create_global(table, sort_key).await?;
            }
        }
        self.check_tables().await
    }

    /// Whether both tables are in both regions, with the keys that the adapter writes.
    pub(super) async fn check_tables(&self) -> Result<(), Failure> {
        for (table, sort_key) in self.tables() {
            self.each(|replica| check(replica, table, sort_key)).await?;
        }
        Ok(())
    }

    fn tables(&self) -> [(&str, &'static str); 2] {
        [(&self.config().seats_table, "seat"), (&self.config().ledger_table, "sale")]
    }

    async fn has_replicas(&self, table: &str) -> Result<bool, Failure> {
        for replica in self.replicas() {
            let answer = Box::pin(replica.client().describe_table().table_name(table).send()).await;
            match answer {
                Ok(_) => {}
                Err(e) if matches!(e.as_service_error(), Some(DescribeTableError::ResourceNotFoundException(_))) => {
                    return Ok(false);
                }
                Err(e) => return Err(replica.trouble("DescribeTable", table, e)),
            }
        }
        Ok(true)
    }

    /// A table in the first region and its replica in the second, replicated asynchronously: AWS's default mode, named
    /// all the same, because the whole comparison rests on it.
    async fn create_global(&self, table: &str, sort_key: &str) -> Result<(), Failure> {
        let [first, second] = self.replicas();
        create(first, table, sort_key, true).await?;
        wait_until_active(first, table).await?;
        let described = first.describe(table).await?;
        let other = second.region().as_str();
        if !described.replicas().iter().any(|replica| replica.region_name() == Some(other)) {
            let failed = |e: BoxedError| first.unavailable("UpdateTable", e);
            let member = CreateReplicationGroupMemberAction::builder().region_name(other).build();
            let update = ReplicationGroupUpdate::builder().create(member.map_err(|e| failed(e.into()))?).build();
            let request = first.client().update_table().table_name(table).replica_updates(update);
            let request = request.multi_region_consistency(MultiRegionConsistency::Eventual);
            Box::pin(request.send()).await.map_err(|e| first.trouble("UpdateTable", table, e))?;
        }
        wait_until_active(second, table).await
    }
}

/// A table with another key would take our puts for something else, or refuse them one by one.
async fn check(replica: &Replica, table: &str, sort_key: &str) -> Result<(), Failure> {
    let described = replica.describe(table).await?;
    let keys: Vec<&str> = described.key_schema().iter().map(KeySchemaElement::attribute_name).collect();
    if keys == ["floor", sort_key] {
        return Ok(());
    }
    let what = format!("table {table} in {} has the key ({})", replica.region(), keys.join(", "));
    let mend = format!("WorldSeat's has (floor, {sort_key}): name another table with --dynamodb-tables");
    Err(Failure::unavailable(replica.database(), Trouble { what, mend, source: None }))
}

/// With `streamed`, the table has the stream of whole items by which AWS replicates it.
async fn create(replica: &Replica, table: &str, sort_key: &str, streamed: bool) -> Result<(), Failure> {
    let request = request(replica, table, sort_key, streamed).map_err(|e| replica.unavailable("CreateTable", e))?;
    match Box::pin(request.send()).await {
        Ok(_) => Ok(()),
        Err(e) if matches!(e.as_service_error(), Some(CreateTableError::ResourceInUseException(_))) => Ok(()),
        Err(e) => Err(replica.trouble("CreateTable", table, e)),
    }
}

async fn wait_until_active(replica: &Replica, table: &str) -> Result<(), Failure> {
    let waiter = replica.client().wait_until_table_exists().table_name(table);
    Box::pin(waiter.wait(READY_WITHIN)).await.map_err(|e| replica.unavailable("DescribeTable", e))?;
    Ok(())
}

fn request(
    replica: &Replica,
    table: &str,
    sort_key: &str,
    streamed: bool,
) -> Result<CreateTableFluentBuilder, BuildError> {
    let mut request = replica.client().create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    if streamed {
        let whole = StreamSpecification::builder().stream_view_type(StreamViewType::NewAndOldImages);
        request = request.stream_specification(whole.stream_enabled(true).build()?);
    }
    for (name, kind) in [("floor", KeyType::Hash), (sort_key, KeyType::Range)] {
        request = request
            .key_schema(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
            .attribute_definitions(
                AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()?,
            );
    }
    Ok(request)
}
