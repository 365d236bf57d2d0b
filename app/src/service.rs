//! The service: everything the page and the JSON API can ask for.

use crate::{
    api::{BurstStart, FloorView, PurchaseAnswer, RunReport},
    error::AppError,
};
use onsale::{Backend, BuyerName, FloorId, FloorPlan, Region, RunId, SeatId};

/// What one deployment offers.
pub struct Service {
    /// The seats of every floor.
    pub plan: FloorPlan,
    /// The most buyers of one burst.
    pub buyers_max: u32,
}

impl Service {
    /// The backends that are on sale here, the product's first.
    pub fn backends(&self) -> Vec<Backend> {
        vec![]
    }
    /// Buys.
    pub async fn buy(&self, _: Backend, _: &FloorId, _: SeatId, _: BuyerName, _: Option<Region>) -> Result<PurchaseAnswer, AppError> {
        todo!()
    }
    /// Bursts.
    pub async fn break_it(&self, _: Backend, _: &FloorId, _: SeatId, _: u32, _: u32, _: bool) -> Result<BurstStart, AppError> {
        todo!()
    }
    /// Resets.
    pub async fn reset(&self, _: Backend, _: &FloorId, _: Option<&[SeatId]>) -> Result<(), AppError> {
        todo!()
    }
    /// The floor.
    pub async fn floor_view(&self, _: Backend, _: &FloorId, _: &BuyerName) -> Result<FloorView, AppError> {
        todo!()
    }
    /// A run.
    pub async fn report(&self, _: &RunId) -> Result<RunReport, AppError> {
        todo!()
    }
}
