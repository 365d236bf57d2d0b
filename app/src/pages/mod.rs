//! The pages. They are rendered on the server and cost the browser nothing but their HTML.

mod asked;
mod not_found;
mod onsale;
mod proof;
mod run;

pub use not_found::NotFound;
pub use onsale::OnSale;
pub use proof::ProofPanel;
pub use run::RunPage;

use crate::error::AppError;
use http::StatusCode;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

/// Answers the page with the status of `error`, which the page shows in the place of what could not be read.
fn set_status(error: &AppError) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_GATEWAY));
    }
}
