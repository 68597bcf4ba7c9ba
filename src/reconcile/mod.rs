//! Records and roster to a plan. Pure: no I/O, no clock, no async; the same input gives the same
//! plan. The rules are those of the design page, by their ids.
//!
//! The road: group rows → resolve identities → prove absences → derive people → gates → plan.

pub mod admission;
mod attribution;
pub mod classify;
mod dark;
pub mod decide;
pub mod derive;
pub mod engine;
pub mod feed_names;
mod finish;
pub mod gates;
pub mod groups;
pub mod identity_table;
pub mod input;
mod ledger;
pub mod limits;
pub mod merge;
pub mod names;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod presence;
pub mod resolve;
mod rows;
pub mod rules;
pub mod scope;
#[cfg(test)]
mod tables_test;
pub mod world;

pub use engine::reconcile;
pub use input::Input;
pub use plan::{Action, Operation, Plan};
pub use policy::Policy;
