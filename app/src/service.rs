//! The service: everything the page and the JSON API can ask for. Both call these functions and no others.

mod bursts;
mod downloads;
mod floors;
mod heavy;
mod live;
mod queue;
mod report;
mod shop;
mod stress;

pub use bursts::BurstRequest;
pub use downloads::Download;
pub use heavy::heavy;
pub use shop::{Counter, Shop};

use crate::{api::PurchaseAnswer, error::AppError, visitor::random_bits};
use live::LiveRuns;
use onsale::{Backend, BuyerName, Engine, Failure, FloorId, FloorPlan, Host, Order, Region, RunStore, SeatId, Ticket};
use queue::Queues;
use std::{collections::BTreeMap, sync::Arc};
use stress::{Latest, StressTurns};
use tokio_util::task::TaskTracker;

/// What one deployment offers.
pub struct Service {
    /// The seats of every floor.
    pub plan: FloorPlan,
    /// The most buyers of one burst.
    pub buyers_max: u32,
    /// Who runs the buyers here.
    pub host: Host,
    /// Who records a stress test must know it; without one, anybody may.
    pub record_key: Option<String>,
    shops: BTreeMap<Backend, Arc<dyn Shop>>,
    store: Arc<dyn RunStore>,
    queues: Arc<Queues>,
    runs: LiveRuns,
    saves: TaskTracker,
    stress_turns: StressTurns,
    latest: Latest,
}

impl Service {
    /// A service that sells through `shops` and keeps its runs in `store`.
    pub fn new(
        plan: FloorPlan,
        buyers_max: u32,
        host: Host,
        record_key: Option<String>,
        shops: BTreeMap<Backend, Arc<dyn Shop>>,
        store: Arc<dyn RunStore>,
    ) -> Self {
        let (queues, runs, saves, stress_turns, latest) = Default::default();
        Self { plan, buyers_max, host, record_key, shops, store, queues, runs, saves, stress_turns, latest }
    }

    /// The backends that are on sale here, the product's first.
    pub fn backends(&self) -> Vec<Backend> {
        self.shops.keys().copied().collect()
    }

    /// What a backend goes by, if it is not what it is named after nor stands in for it.
    pub fn title(&self, backend: Backend) -> Option<String> {
        self.shops.get(&backend)?.office().title().map(str::to_owned)
    }

    /// Whether every regional endpoint of a backend can be used; if not, why, in one line that names the mend.
    pub async fn check(&self, backend: Backend) -> Result<(), String> {
        let shop = self.shop(backend).map_err(|error| error.to_string())?;
        shop.office().check().await.map_err(|failure| failure.to_string())
    }

    /// Whether a backend is on sale here.
    pub fn has(&self, backend: Backend) -> bool {
        self.shops.contains_key(&backend)
    }

    /// Who answers for one backend, asked now.
    pub async fn engine(&self, backend: Backend) -> Result<Engine, AppError> {
        Ok(self.shop(backend)?.office().engine().await?)
    }

    /// Lets go of whoever watches a run: the server is about to end.
    pub fn close(&self) {
        self.runs.close();
    }

    /// Waits until every run that has ended is stored, or could not be.
    pub async fn stored(&self) {
        self.saves.close();
        self.saves.wait().await;
    }

    /// Who answers for each backend, asked now.
    pub async fn engines(&self) -> Vec<(Backend, Result<Engine, AppError>)> {
        let ask = |(backend, shop): (&Backend, &Arc<dyn Shop>)| {
            let (backend, shop) = (*backend, Arc::clone(shop));
            async move { (backend, shop.office().engine().await.map_err(AppError::from)) }
        };
        futures::future::join_all(self.shops.iter().map(ask)).await
    }

    /// Sells one seat to one buyer, without think time. A missing region is the first.
    pub async fn buy(
        &self,
        backend: Backend,
        floor: &FloorId,
        seat: SeatId,
        buyer: BuyerName,
        region: Option<Region>,
    ) -> Result<PurchaseAnswer, AppError> {
        let shop = self.shop(backend)?;
        self.check_seat(seat)?;
        let regions = shop.office().regions();
        let region = region.unwrap_or_else(|| regions[0].clone());
        if !regions.contains(&region) {
            let [first, second] = regions;
            return Err(AppError::Invalid(format!("'{region}' is not a region here: {first} and {second} are")));
        }
        shop.office().make_floor(floor).await?;
        let ticket = Ticket::from_random(random_bits());
        let floor = floor.clone();
        let order = Order { floor, seat, buyer, region, ticket, run: None, attempt: 1, in_doubt: false };
        // Spawned: a visitor who goes away must not leave a purchase half done.
        let shop = Arc::clone(shop);
        let operation = tokio::spawn(async move { shop.sell(order).await }).await;
        let (operation, failure) =
            operation.map_err(|_| AppError::Transport("The purchase was stopped.".to_owned()))?;
        if let Some(failure) = failure {
            tracing::warn!(%failure, buyer = %operation.buyer, "a purchase failed");
            if let Failure::InvalidValue { database, .. } = failure {
                return Err(AppError::Invalid(format!(
                    "The buyer's name '{}' was refused by {database}: {}",
                    operation.buyer,
                    failure.said()
                )));
            }
        }
        Ok(report::purchase_answer(Some(backend), &operation))
    }

    /// Opens every seat that was sold since the last reset; of `seats`, or of the whole floor. Returns how many were named.
    pub async fn reset(&self, backend: Backend, floor: &FloorId, seats: Option<&[SeatId]>) -> Result<usize, AppError> {
        let shop = self.shop(backend)?;
        for seat in seats.unwrap_or_default() {
            self.check_seat(*seat)?;
        }
        shop.office().make_floor(floor).await?;
        let place = self.queues.join(backend, floor, None)?;
        let (shop, floor, seats) = (Arc::clone(shop), floor.clone(), seats.map(<[SeatId]>::to_vec));
        let named = seats.as_ref().map_or(self.plan.len(), Vec::len);
        // Spawned: a visitor who goes away must not leave a reset half done, nor the next in the queue in the middle of it.
        let reset = tokio::spawn(async move {
            let _turn = place.turn().await;
            shop.office().reset(&floor, seats.as_deref()).await
        });
        reset.await.map_err(|_| AppError::Transport("The reset was stopped.".to_owned()))??;
        Ok(named)
    }

    /// What is said of a backend that this deployment does not have.
    pub fn missing(&self, backend: Backend) -> Option<AppError> {
        self.shop(backend).err()
    }

    fn shop(&self, backend: Backend) -> Result<&Arc<dyn Shop>, AppError> {
        self.shops.get(&backend).ok_or_else(|| {
            let here: Vec<&str> = self.shops.keys().map(|backend| backend.as_str()).collect();
            AppError::NotFound(format!("This deployment has no backend '{backend}': it has {}.", here.join(" and ")))
        })
    }

    fn check_seat(&self, seat: SeatId) -> Result<(), AppError> {
        if self.plan.contains(seat) {
            return Ok(());
        }
        Err(AppError::Invalid(format!("'{seat}' is not on the floor: {} are", self.plan.range())))
    }
}
