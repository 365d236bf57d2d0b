//! The calls that change a table, as the SDK wants them.

use super::Place;
use crate::TAG;
use aws_sdk_dynamodb::{
    error::BuildError,
    operation::{create_table::builders::CreateTableFluentBuilder, update_table::builders::UpdateTableFluentBuilder},
    types::{
        AttributeDefinition, BillingMode, CreateReplicationGroupMemberAction, DeleteReplicationGroupMemberAction,
        KeySchemaElement, KeyType, MultiRegionConsistency, ReplicationGroupUpdate, ScalarAttributeType,
        StreamSpecification, StreamViewType, Tag,
    },
};

/// The partition key of both tables.
pub(super) const PARTITION_KEY: &str = "floor";

impl Place {
    /// Paid by request, with the stream of whole items by which AWS replicates it.
    pub(super) fn create(
        &self,
        table: &str,
        sort_key: &str,
        name: &str,
    ) -> Result<CreateTableFluentBuilder, BuildError> {
        let whole = StreamSpecification::builder().stream_view_type(StreamViewType::NewAndOldImages);
        let mut request = self
            .client
            .create_table()
            .table_name(table)
            .billing_mode(BillingMode::PayPerRequest)
            .stream_specification(whole.stream_enabled(true).build()?)
            .tags(tag(name)?);
        for (attribute, kind) in [(PARTITION_KEY, KeyType::Hash), (sort_key, KeyType::Range)] {
            let definition = AttributeDefinition::builder().attribute_name(attribute);
            request = request
                .key_schema(KeySchemaElement::builder().attribute_name(attribute).key_type(kind).build()?)
                .attribute_definitions(definition.attribute_type(ScalarAttributeType::S).build()?);
        }
        Ok(request)
    }

    /// Eventual consistency is AWS's default too; here it is what is being shown, so it is said.
    pub(super) fn replicate(&self, table: &str, region: &str) -> Result<UpdateTableFluentBuilder, BuildError> {
        let member = CreateReplicationGroupMemberAction::builder().region_name(region).build()?;
        let request = self.client.update_table().table_name(table);
        Ok(request
            .replica_updates(ReplicationGroupUpdate::builder().create(member).build())
            .multi_region_consistency(MultiRegionConsistency::Eventual))
    }

    pub(super) fn unreplicate(&self, table: &str, region: &str) -> Result<UpdateTableFluentBuilder, BuildError> {
        let member = DeleteReplicationGroupMemberAction::builder().region_name(region).build()?;
        let request = self.client.update_table().table_name(table);
        Ok(request.replica_updates(ReplicationGroupUpdate::builder().delete(member).build()))
    }
}

/// Our tag.
pub(super) fn tag(name: &str) -> Result<Tag, BuildError> {
    Tag::builder().key(TAG).value(name).build()
}
