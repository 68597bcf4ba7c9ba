//! Typed ids, and where new ones come from (handed in, so that a plan can be repeated).

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// A person's GUID: given once, never re-used (I18).
    PersonId
);
id!(
    /// One arrival of data.
    DeliveryId
);
id!(
    /// One run of the pipeline for one district.
    RunId
);

/// A feed, by its number in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeedId(pub i64);

/// Where new ids come from.
pub trait IdSource: Send + Sync {
    /// A new UUID, version 7: later ones sort after earlier ones.
    fn next(&self) -> Uuid;
}

/// Ids from the machine's clock and random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct TimeIds;

impl IdSource for TimeIds {
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Ids that depend on a seed alone; for tests and dry runs.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    count: AtomicU64,
    last: Mutex<()>,
}

impl SeededIds {
    /// A sequence that is the same for the same seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, count: AtomicU64::new(0), last: Mutex::new(()) }
    }
}

impl IdSource for SeededIds {
    fn next(&self) -> Uuid {
        let _ordered = self.last.lock();
        let count = self.count.fetch_add(1, Ordering::SeqCst);
        let millis = 1_700_000_000_000 + count;
        let mut random = [0; 10];
        random[..2].copy_from_slice(&(count as u16).to_be_bytes());
        random[2..].copy_from_slice(&(self.seed ^ count.rotate_left(32)).to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}
