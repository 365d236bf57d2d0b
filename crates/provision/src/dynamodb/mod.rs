//! The global tables: each made in one region, its home, and replicated to the other, where the last writer wins.

mod judge;
mod removal;
mod requests;
mod setup;

use crate::{Call, Settings, TAG, Trouble, aws::Access};
use aws_sdk_dynamodb::{
    Client,
    operation::describe_table::DescribeTableError,
    types::{ReplicaDescription, ReplicaStatus, TableDescription, TableStatus},
};
pub(crate) use removal::Removal;
pub(crate) use setup::Setup;

/// Both tables in both regions.
pub(crate) struct Tables {
    name: String,
    places: [Place; 2],
    both: [Table; 2],
}

struct Place {
    region: String,
    client: Client,
}

/// One table, and what is there of it in each region.
struct Table {
    name: String,
    /// The partition key is `floor`.
    sort_key: &'static str,
    seen: [Option<Replica>; 2],
    /// Which place it was made in or is to be made in. AWS refuses to delete that one before its replicas, for a day.
    home: usize,
}

/// A table in one region.
#[derive(Clone)]
struct Replica {
    description: TableDescription,
    is_tagged: bool,
}

const SERVICE: &str = "dynamodb";

impl Tables {
    /// As if nothing existed.
    pub(crate) fn unseen(settings: &Settings, access: &Access) -> Self {
        let place = |region: &String| Place { region: region.clone(), client: access.dynamodb(region) };
        let [seats, ledger] = settings.tables();
        let table = |name, sort_key| Table { name, sort_key, seen: [None, None], home: 0 };
        Self {
            name: settings.name.clone(),
            places: settings.regions.each_ref().map(place),
            both: [table(seats, "seat"), table(ledger, "sale")],
        }
    }

    /// Finds what is there under these names.
    pub(crate) async fn look(&mut self) -> Result<(), Trouble> {
        for table in &mut self.both {
            for (place, seen) in self.places.iter().zip(&mut table.seen) {
                *seen = match place.describe(&table.name).await? {
                    Some(description) => Some(place.with_tag(description, &self.name).await?),
                    None => None,
                };
            }
            table.home = table.oldest();
        }
        Ok(())
    }

    /// The calls by which it looks.
    pub(crate) fn reading_calls(&self) -> impl Iterator<Item = Call> {
        self.both.iter().flat_map(move |table| {
            self.places.iter().flat_map(move |place| {
                [
                    Call::reads(SERVICE, &place.region, "DescribeTable", &table.name),
                    Call::reads(
                        SERVICE,
                        &place.region,
                        "ListTagsOfResource",
                        format!("{}, if it is there", table.name),
                    ),
                ]
            })
        })
    }

    /// Where this table is at home.
    fn home(&self, table: usize) -> usize {
        self.both[table].home
    }
}

impl Table {
    /// The place that has had it for longest.
    fn oldest(&self) -> usize {
        let born = |at: usize| self.seen[at].as_ref().map(|it| it.description.creation_date_time());
        match (born(0), born(1)) {
            (None, Some(_)) => 1,
            (Some(Some(first)), Some(Some(second))) if second < first => 1,
            _ => 0,
        }
    }
}

impl Place {
    /// `None`: there is no such table.
    async fn describe(&self, table: &str) -> Result<Option<TableDescription>, Trouble> {
        let call = || Call::reads(SERVICE, &self.region, "DescribeTable", table);
        match Box::pin(self.client.describe_table().table_name(table).send()).await {
            Ok(answer) => Ok(answer.table),
            Err(error)
                if matches!(error.as_service_error(), Some(DescribeTableError::ResourceNotFoundException(_))) =>
            {
                Ok(None)
            }
            Err(error) => Err(Trouble::call(call(), error)),
        }
    }

    async fn with_tag(&self, description: TableDescription, name: &str) -> Result<Replica, Trouble> {
        let call =
            || Call::reads(SERVICE, &self.region, "ListTagsOfResource", description.table_name().unwrap_or_default());
        let mut next = None;
        loop {
            let request = self.client.list_tags_of_resource().set_resource_arn(description.table_arn.clone());
            let answer = Box::pin(request.set_next_token(next).send()).await;
            let answer = answer.map_err(|error| Trouble::call(call(), error))?;
            if answer.tags().iter().any(|tag| tag.key() == TAG && tag.value() == name) {
                return Ok(Replica { description, is_tagged: true });
            }
            next = answer.next_token;
            if next.is_none() {
                return Ok(Replica { description, is_tagged: false });
            }
        }
    }
}

impl Replica {
    /// The ARN if AWS says it: region and name stand in it.
    fn title(&self) -> String {
        format!("table {}", self.description.table_arn().or(self.description.table_name()).unwrap_or_default())
    }

    fn arn(&self) -> String {
        self.description.table_arn().unwrap_or_default().to_owned()
    }

    fn status(&self) -> TableStatus {
        self.description.table_status().cloned().unwrap_or(TableStatus::Active)
    }

    /// The replicas elsewhere; `region` is its own.
    fn elsewhere<'a>(&'a self, region: &'a str) -> impl Iterator<Item = &'a ReplicaDescription> {
        self.description.replicas().iter().filter(move |replica| replica.region_name() != Some(region))
    }

    /// What it says of its replica in that region.
    fn replica_status(&self, region: &str) -> Option<ReplicaStatus> {
        let replica = self.description.replicas().iter().find(|replica| replica.region_name() == Some(region))?;
        Some(replica.replica_status().cloned().unwrap_or(ReplicaStatus::Active))
    }
}
