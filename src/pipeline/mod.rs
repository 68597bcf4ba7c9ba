//! Moves one run down the road and survives a crash between any two stages: collect, read,
//! reconcile, apply in one transaction, report, publish.

mod account;
pub mod apply;
mod arrive;
pub mod collect;
pub mod district;
mod judge;
mod known;
mod load;
mod prepare;
mod publish;
mod read;
pub mod report;
pub mod run;
mod sights;
pub mod text;
mod view;
mod write;

use std::sync::Arc;

use rosterd_contract::Clock;

pub use arrive::Arrival;
pub use district::{District, FeedRule, Source};
pub use publish::publish_owed;
pub use read::{ReadError, RowKeys, keys_of};
pub use report::Report;
pub use run::{Approval, Done, Request, RunError, run};

use crate::roster::IdSource;
use crate::spool::Spool;
use crate::store::Store;

/// What every stage works with.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub spool: Spool,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
}
