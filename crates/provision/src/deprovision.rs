//! `worldseat deprovision`: look, then remove what is ours.

use crate::{Call, Kind, Policies, Say, Settings, Trouble, dsql, dynamodb, provision::unseen, wait::Watch};

/// What exists, and the calls that remain until nothing does.
pub struct Deprovision {
    settings: Settings,
    dsql: Option<dsql::Removal>,
    dynamodb: Option<dynamodb::Removal>,
}

impl Deprovision {
    /// Looks at what exists. Makes reading calls only, and refuses tables that have our name but not our tag.
    pub async fn look(settings: Settings) -> Result<Self, Trouble> {
        let (access, clusters, tables) = unseen(&settings).await?;
        access.check().await?;
        let mut dsql = None;
        if let Some(mut clusters) = clusters {
            Box::pin(clusters.look()).await?;
            dsql = Some(dsql::Removal::new(clusters));
        }
        let mut dynamodb = None;
        if let Some(mut tables) = tables {
            Box::pin(tables.look()).await?;
            dynamodb = Some(dynamodb::Removal::new(tables)?);
        }
        Ok(Self { settings, dsql, dynamodb })
    }

    /// What would be lost, a line each; empty when nothing is left.
    pub fn things(&self) -> Vec<String> {
        let clusters = self.dsql.iter().flat_map(dsql::Removal::things);
        clusters.chain(self.dynamodb.iter().flat_map(dynamodb::Removal::things)).collect()
    }

    /// Every call, in order: those by which it looks, and those that remain.
    pub fn calls(&self) -> Vec<Call> {
        let dsql = self.dsql.iter().flat_map(|it| it.clusters.reading_calls());
        let dynamodb = self.dynamodb.iter().flat_map(|it| it.tables.reading_calls());
        let remaining = self.dsql.iter().flat_map(dsql::Removal::calls);
        dsql.chain(dynamodb).chain(remaining).chain(self.dynamodb.iter().flat_map(dynamodb::Removal::calls)).collect()
    }

    /// Whether nothing remains, not even waiting.
    pub fn is_done(&self) -> bool {
        self.calls().iter().all(|call| call.kind == Kind::Reads)
    }

    /// Makes the calls that remain and says what it is about. Nothing brings the data back.
    pub async fn run(&self, say: Say<'_>) -> Result<(), Trouble> {
        let watch = Watch::new(say, self.settings.pace);
        if let Some(dsql) = &self.dsql {
            dsql.run(watch).await?;
        }
        if let Some(dynamodb) = &self.dynamodb {
            dynamodb.run(watch).await?;
        }
        Ok(())
    }

    /// What IAM must allow.
    pub fn policies(&self) -> Policies<'_> {
        let clusters = self.dsql.iter().flat_map(|it| it.clusters.arns()).map(str::to_owned).collect();
        Policies::new(&self.settings, clusters)
    }
}
