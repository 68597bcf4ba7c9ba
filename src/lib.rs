//! rosterd: a district's files and syncs in, one reconciliation, one roster out.
//!
//! The modules in dependency order: [`roster`] (what we believe) and [`reconcile`] (records and
//! roster to a plan) are pure; [`settings`], [`spool`] and [`store`] touch the world; [`pipeline`]
//! moves a run down the road; [`actions`] are what a person can ask for; [`daemon`] and [`cli`] are
//! the doors.

pub mod actions;
pub mod cli;
pub mod daemon;
pub mod installation;
pub mod pipeline;
pub mod reconcile;
pub mod roster;
pub mod settings;
pub mod sources;
pub mod spool;
pub mod store;
pub mod telemetry;
