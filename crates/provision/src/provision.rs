//! `worldseat provision`: look, then make what is missing.

use crate::{Call, Configuration, Kind, Policies, Say, Settings, Trouble, aws::Access, dsql, dynamodb, wait::Watch};

/// What exists, and the calls that remain until everything does.
pub struct Provision {
    settings: Settings,
    dsql: Option<dsql::Setup>,
    dynamodb: Option<dynamodb::Setup>,
}

impl Provision {
    /// Looks at what exists. Makes reading calls only, and refuses what is there but wrong.
    pub async fn look(settings: Settings) -> Result<Self, Trouble> {
        let (access, mut clusters, mut tables) = unseen(&settings).await?;
        access.check().await?;
        // Everything is looked at before anything is changed.
        if let Some(clusters) = &mut clusters {
            Box::pin(clusters.look()).await?;
        }
        if let Some(tables) = &mut tables {
            Box::pin(tables.look()).await?;
        }
        Self::new(settings, clusters, tables)
    }

    /// As if nothing existed, for a dry run that cannot look. Sends nothing.
    pub async fn fresh(settings: Settings) -> Result<Self, Trouble> {
        let (_, clusters, tables) = unseen(&settings).await?;
        Self::new(settings, clusters, tables)
    }

    fn new(
        settings: Settings,
        clusters: Option<dsql::Clusters>,
        tables: Option<dynamodb::Tables>,
    ) -> Result<Self, Trouble> {
        let dsql = clusters.map(dsql::Setup::new).transpose()?;
        let dynamodb = tables.map(dynamodb::Setup::new).transpose()?;
        Ok(Self { settings, dsql, dynamodb })
    }

    /// Every call, in order: those by which it looks, and those that remain.
    pub fn calls(&self) -> Vec<Call> {
        let dsql = self.dsql.iter().flat_map(|it| it.clusters.reading_calls());
        let dynamodb = self.dynamodb.iter().flat_map(|it| it.tables.reading_calls());
        let remaining = self.dsql.iter().flat_map(dsql::Setup::calls);
        dsql.chain(dynamodb).chain(remaining).chain(self.dynamodb.iter().flat_map(dynamodb::Setup::calls)).collect()
    }

    /// Whether nothing remains, not even waiting.
    pub fn is_done(&self) -> bool {
        self.calls().iter().all(|call| call.kind == Kind::Reads)
    }

    /// Makes the calls that remain and says what it is about.
    pub async fn run(&mut self, say: Say<'_>) -> Result<Configuration, Trouble> {
        let watch = Watch::new(say, self.settings.pace);
        if let Some(dsql) = &mut self.dsql {
            dsql.run(watch).await?;
        }
        if let Some(dynamodb) = &mut self.dynamodb {
            dynamodb.run(watch).await?;
        }
        Ok(Configuration {
            dsql_endpoints: self.dsql.as_ref().and_then(dsql::Setup::endpoints),
            dynamodb: self.dynamodb.as_ref().map(|_| (self.settings.regions.clone(), self.settings.tables())),
        })
    }

    /// What IAM must allow.
    pub fn policies(&self) -> Policies<'_> {
        let clusters = self.dsql.iter().flat_map(|it| it.clusters.arns()).map(str::to_owned).collect();
        Policies::new(&self.settings, clusters)
    }
}

/// The engines that are meant, before anybody looked.
pub(crate) async fn unseen(
    settings: &Settings,
) -> Result<(Access, Option<dsql::Clusters>, Option<dynamodb::Tables>), Trouble> {
    settings.check()?;
    let access = Access::find(settings).await;
    let clusters = settings.scope.has_dsql().then(|| dsql::Clusters::unseen(settings, &access));
    let tables = settings.scope.has_dynamodb().then(|| dynamodb::Tables::unseen(settings, &access));
    Ok((access, clusters, tables))
}
