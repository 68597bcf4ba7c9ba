//! "This feed says that this person looks like this", and what became of the statement.

use chrono::{DateTime, Utc};
use rosterd_contract::{PersonRecord, RoleClass};
use serde::{Deserialize, Serialize};

use super::{DeliveryId, FeedId, PersonId, RunId};

/// Where a statement stands: a line of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub delivery: DeliveryId,
    /// Line in the file as an editor shows it, from 1.
    pub line: u64,
}

/// How the last delivery of the feed spoke of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeenAs {
    /// A valid row.
    Valid,
    /// A row that was refused or is in review: protects, asserts nothing new (S7).
    Rejected,
}

/// An answer to the question about a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The run whose removals were rejected.
    pub run: RunId,
    pub at: DateTime<Utc>,
}

/// A claim whose record is missing stays in the view until its removal is applied or it returns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// The first delivery without the record; the absence is one evidence until it ends (section 11).
    pub since: DeliveryId,
    pub since_at: DateTime<Utc>,
    /// Proven absences so far (S6).
    pub confirmations: u32,
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Confirmations this absence needs beyond the source's, for unattributable rows (S7).
    #[serde(default)]
    pub extra: u32,
    /// The gate that held the removal; a removal that was ever held flows only by approval, by the
    /// person's return, or after a long calm (I31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Box<str>>,
    /// When the question was first asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_since: Option<DateTime<Utc>>,
    /// Different deliveries since, all calm (section 11: ten end the hold).
    #[serde(default)]
    pub calm: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calm_at: Option<DateTime<Utc>>,
    /// Rejected by an operator: kept by decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
}

/// One statement of one feed about one person in one role-class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Number in the store; 0 until stored.
    pub id: i64,
    pub feed: FeedId,
    pub class: RoleClass,
    pub person: PersonId,
    /// The record as last accepted; its role is always set.
    pub record: PersonRecord,
    pub evidence: Evidence,
    /// When the feed stated it: the delivery's stated date, else its reception.
    pub stated_at: DateTime<Utc>,
    pub seen: SeenAs,
    /// Fingerprints of the rows that make it up.
    pub fingerprints: Vec<[u8; 16]>,
    pub gone: Option<Gone>,
    /// From a merge, a patch or a one-time upload: dissolves when a snapshot claims the same (S8).
    pub bridge: bool,
}
