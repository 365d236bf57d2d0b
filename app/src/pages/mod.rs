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
