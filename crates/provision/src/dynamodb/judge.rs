//! Whether what is there may be built upon.

use super::{Place, Replica, Table, Tables, requests::PARTITION_KEY};
use crate::{TAG, Trouble};
use aws_sdk_dynamodb::types::{
    BillingMode, KeySchemaElement, KeyType, MultiRegionConsistency, ReplicaStatus, ScalarAttributeType, StreamViewType,
    TableStatus,
};

impl Tables {
    /// Refuses what is not as this program makes it. Changes nothing.
    pub(super) fn judge(&self) -> Result<(), Trouble> {
        for (index, table) in self.both.iter().enumerate() {
            self.ours(index)?;
            for (place, replica) in self.places.iter().zip(&table.seen) {
                if let Some(replica) = replica {
                    if let Some((what, mend)) = hopeless(place, replica) {
                        return Err(Trouble::wrong(replica.title(), what, mend));
                    }
                    shape(replica, table.sort_key)?;
                }
            }
        }
        Ok(())
    }

    /// A table is ours by its tag; a replica also by belonging to such a table, because it is tagged last.
    pub(super) fn ours(&self, index: usize) -> Result<(), Trouble> {
        let table = &self.both[index];
        let home = self.home(index);
        let (Some(first), place) = (&table.seen[home], &self.places[home]) else { return Ok(()) };
        let other = &self.places[1 - home];
        if !first.is_tagged {
            return Err(self.foreign(first));
        }
        let stranger = first.elsewhere(&place.region).find(|replica| replica.region_name() != Some(&*other.region));
        if let Some(region) = stranger.and_then(|replica| replica.region_name()) {
            return Err(Trouble::wrong(
                first.title(),
                format!("has a replica in {region}, which is neither {} nor {}", place.region, other.region),
                "delete that replica, give other --regions, or another --name",
            ));
        }
        match &table.seen[1 - home] {
            Some(second) if first.replica_status(&other.region).is_none() && !second.is_tagged => {
                Err(self.foreign(second))
            }
            _ => Ok(()),
        }
    }

    fn foreign(&self, replica: &Replica) -> Trouble {
        Trouble::wrong(
            replica.title(),
            format!("is there, but does not carry the tag {TAG} = {}", self.name),
            "give another --name, or tag it so if it is meant",
        )
    }

    /// Two tables of one name that do not replicate to each other.
    pub(super) fn joined(&self) -> Result<(), Trouble> {
        for (index, Table { seen, .. }) in self.both.iter().enumerate() {
            let home = self.home(index);
            let region = &self.places[1 - home].region;
            if let (Some(first), Some(second)) = (&seen[home], &seen[1 - home])
                && first.replica_status(region).is_none()
            {
                return Err(Trouble::wrong(
                    second.title(),
                    format!("is no replica of {}", first.title()),
                    "delete one of the two, or give another --name",
                ));
            }
        }
        Ok(())
    }
}

/// Why it will never be ready, and what to do, if that is so.
pub(super) fn hopeless(place: &Place, replica: &Replica) -> Option<(String, &'static str)> {
    let status = replica.status();
    if status == TableStatus::Deleting {
        return Some(("is being deleted".to_owned(), "run this again when it is gone, in a few minutes"));
    }
    if !matches!(status, TableStatus::Active | TableStatus::Creating | TableStatus::Updating) {
        return Some((format!("has the status {status}"), "see it in AWS's console, or give another --name"));
    }
    replica.elsewhere(&place.region).find_map(|there| match there.replica_status() {
        None | Some(ReplicaStatus::Active | ReplicaStatus::Creating | ReplicaStatus::Updating) => None,
        Some(status) => {
            let what = format!("has a replica in {} with the status {status}", there.region_name().unwrap_or_default());
            Some((what, "wait until that is gone or delete it, then run this again"))
        }
    })
}

fn shape(replica: &Replica, sort_key: &str) -> Result<(), Trouble> {
    let it = &replica.description;
    let wrong = |what: String| Err(Trouble::wrong(replica.title(), what, "give another --name, or delete the table"));
    let key =
        |kind: KeyType| it.key_schema().iter().find(|key| key.key_type == kind).map(KeySchemaElement::attribute_name);
    let found = (key(KeyType::Hash), key(KeyType::Range));
    if found != (Some(PARTITION_KEY), Some(sort_key)) {
        let name = |key: Option<&str>| key.unwrap_or("none").to_owned();
        let (partition, sort) = (name(found.0), name(found.1));
        return wrong(format!("has the key ({partition}, {sort}), not ({PARTITION_KEY}, {sort_key})"));
    }
    if let Some(odd) = it.attribute_definitions().iter().find(|it| it.attribute_type != ScalarAttributeType::S) {
        return wrong(format!("has the key {} of type {}, not S", odd.attribute_name(), odd.attribute_type));
    }
    let billing = it.billing_mode_summary().and_then(|it| it.billing_mode());
    if billing != Some(&BillingMode::PayPerRequest) {
        return wrong("is not paid by request (PAY_PER_REQUEST)".to_owned());
    }
    let stream = it.stream_specification().and_then(|it| it.stream_view_type());
    if stream != Some(&StreamViewType::NewAndOldImages) {
        return wrong("has no stream of NEW_AND_OLD_IMAGES, by which AWS replicates it".to_owned());
    }
    // Without a word it is eventual.
    if it.multi_region_consistency() == Some(&MultiRegionConsistency::Strong) {
        return wrong("replicates with strong consistency (MRSC); the foil is MREC".to_owned());
    }
    Ok(())
}
