//! A backend as the service meets it: an office, a counter that sells to one buyer, and a crowd of buyers.

use async_trait::async_trait;
use burst::{Burst, Clock, Event, Recorder, Unfinished};
use onsale::{BoxOffice, Database, Failure, Operation, Order, Run};
use std::{sync::Arc, time::Duration};

/// One backend on sale.
#[async_trait]
pub trait Shop: Send + Sync + 'static {
    /// Opening, resetting, listing, reading back.
    fn office(&self) -> &dyn BoxOffice;
    /// Sells to one buyer; with the failure that ended it, if the outcome is an error or unknown.
    async fn sell(&self, order: Order) -> (Operation, Option<Failure>);
    /// Lets a crowd of buyers go at once.
    async fn burst(&self, burst: Burst, events: Arc<dyn Fn(Event) + Send + Sync>) -> Result<Run, Unfinished>;
    /// How many buyers of a burst a region serves at once.
    fn connections_per_region(&self) -> u32;
}

/// A [`Shop`] over any database. The crowd has pools of its own, so that buyers who think do not starve the site.
pub struct Counter<D> {
    site: Arc<D>,
    crowd: Arc<D>,
    connections_per_region: u32,
}

impl<D: Database + BoxOffice> Counter<D> {
    /// Sells the site's seats through `site` and bursts through `crowd`, whose pools have `connections_per_region`.
    pub fn over(site: D, crowd: D, connections_per_region: u32) -> Arc<dyn Shop> {
        Arc::new(Self { site: Arc::new(site), crowd: Arc::new(crowd), connections_per_region })
    }
}

#[async_trait]
impl<D: Database + BoxOffice> Shop for Counter<D> {
    fn office(&self) -> &dyn BoxOffice {
        &*self.site
    }

    async fn sell(&self, order: Order) -> (Operation, Option<Failure>) {
        let buyer = Recorder::start(Clock::start(), Duration::ZERO);
        burst::sell_or_failure(&*self.site, order, buyer, fastrand::Rng::new()).await
    }

    async fn burst(&self, burst: Burst, events: Arc<dyn Fn(Event) + Send + Sync>) -> Result<Run, Unfinished> {
        // The crowd is its own office, so that the run names the pools that its buyers used.
        burst.run(Arc::clone(&self.crowd), &*self.crowd, move |event| events(event)).await
    }

    fn connections_per_region(&self) -> u32 {
        self.connections_per_region
    }
}
