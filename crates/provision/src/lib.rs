//! What WorldSeat needs on AWS, made and removed: an Aurora DSQL cluster in each of two regions, peered, and two DynamoDB
//! global tables.
//!
//! [`Provision`] and [`Deprovision`] both look first and then know every call that remains ([`Provision::calls`]); running
//! them makes these calls and no others. So a second run changes nothing, an interrupted one is continued, and a dry run
//! prints what a real one does.

mod aws;
mod call;
mod configuration;
mod deprovision;
mod dsql;
mod dynamodb;
mod policy;
mod provision;
mod settings;
mod trouble;
mod wait;

pub use call::{Call, Kind};
pub use configuration::Configuration;
pub use deprovision::Deprovision;
pub use policy::Policies;
pub use provision::Provision;
pub use settings::{Pace, Scope, Settings};
pub use trouble::{Cause, Trouble};
pub use wait::Say;

/// The tag by which a later run recognises what belongs to a deployment; its value is the deployment's name.
pub const TAG: &str = "worldseat";
