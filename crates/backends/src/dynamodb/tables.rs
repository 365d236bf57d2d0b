//! Set-up: the two tables, made where they are missing.

use super::GlobalTables;
use super::replica::Replica;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use onsale::Failure;

impl GlobalTables {
    /// Makes both tables at both endpoints; a table that is there stays as it is.
    pub async fn create_tables(&self) -> Result<(), Failure> {
        let config = self.config();
        self.each(|replica| async move {
            create(replica, &config.seats_table, "seat").await?;
            create(replica, &config.ledger_table, "sale").await
        })
        .await?;
        Ok(())
    }
}

async fn create(replica: &Replica, table: &str, sort_key: &str) -> Result<(), Failure> {
    let request = request(replica, table, sort_key).map_err(|e| replica.unavailable("CreateTable", e))?;
    match request.send().await {
        Ok(_) => Ok(()),
        Err(e) if matches!(e.as_service_error(), Some(CreateTableError::ResourceInUseException(_))) => Ok(()),
        Err(e) => Err(replica.unavailable("CreateTable", e)),
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
