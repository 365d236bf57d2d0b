//! Set-up: the two tables, made where they are missing.

use super::GlobalTables;
use super::replica::Replica;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateReplicationGroupMemberAction, KeySchemaElement, KeyType,
    ReplicationGroupUpdate, ScalarAttributeType, StreamSpecification, StreamViewType,
};
use onsale::{BoxedError, Failure};
use std::time::Duration;

/// How long AWS may take to make a table or a replica of it.
const READY_WITHIN: Duration = Duration::from_mins(10);

impl GlobalTables {
    /// Makes both tables in both regions, paid by request; what is there stays as it is. On AWS it returns once the
    /// replicas are active, which takes minutes the first time.
    pub async fn create_tables(&self) -> Result<(), Failure> {
        let config = self.config();
        for (table, sort_key) in [(&config.seats_table, "seat"), (&config.ledger_table, "sale")] {
            if config.stand_in.is_some() {
                self.each(|replica| create(replica, table, sort_key, false)).await?;
            } else {
                self.create_global(table, sort_key).await?;
            }
        }
        Ok(())
    }

    /// A table in the first region and its replica in the second, replicated asynchronously: AWS's default mode.
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
            Box::pin(request.send()).await.map_err(|e| failed(e.into()))?;
        }
        wait_until_active(second, table).await
    }
}

/// With `streamed`, the table has the stream of whole items by which AWS replicates it.
async fn create(replica: &Replica, table: &str, sort_key: &str, streamed: bool) -> Result<(), Failure> {
    let request = request(replica, table, sort_key, streamed).map_err(|e| replica.unavailable("CreateTable", e))?;
    match Box::pin(request.send()).await {
        Ok(_) => Ok(()),
        Err(e) if matches!(e.as_service_error(), Some(CreateTableError::ResourceInUseException(_))) => Ok(()),
        Err(e) => Err(replica.unavailable("CreateTable", e)),
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
