//! What the pure function is given: what arrived, what is known of it, and the part of the roster
//! that it can touch.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use rosterd_contract::{Mode, PersonRecord, RawKeys, Role, Verdict};
use serde::{Deserialize, Serialize};

use crate::roster::{Claim, DeliveryId, FeedId, Person, PersonId, RunId};

/// One role in one org; `org` is empty for people without a school.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    pub role: Role,
    pub org: Box<str>,
}

impl CellKey {
    /// `student@101`: the form in stores and reports.
    pub fn text(&self) -> String {
        format!("{}@{}", self.role, self.org)
    }

    /// Reads [`CellKey::text`].
    pub fn from_text(text: &str) -> Option<Self> {
        let (role, org) = text.split_once('@')?;
        Some(Self { role: Role::from_canonical(role)?, org: org.into() })
    }
}

impl Serialize for CellKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for CellKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(&text).ok_or_else(|| serde::de::Error::custom(format!("no cell: `{text}`")))
    }
}

/// Counts of something by cell.
pub type Cells = BTreeMap<CellKey, u64>;

/// The cells in which a record lies.
pub fn cells_of(record: &PersonRecord) -> Vec<CellKey> {
    let role = record.role.unwrap_or(Role::Other);
    if record.orgs.is_empty() {
        return vec![CellKey { role, org: "".into() }];
    }
    record.orgs.iter().map(|org| CellKey { role, org: org.clone() }).collect()
}

/// What rosterd knows of a feed besides its claims.
#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct Counts {
    /// Claims in the view, gone ones that still stand included.
    pub claims: u64,
    /// The same by role-class.
    #[serde(default)]
    pub classes: BTreeMap<rosterd_contract::RoleClass, u64>,
    pub cells: Cells,
    /// Members of a school by grade (or year of graduation), `org@grade`.
    #[serde(default)]
    pub grades: BTreeMap<String, u64>,
}

/// A configured feed, as the reconciliation needs it.
#[derive(Debug, Clone)]
pub struct FeedMeta {
    pub id: FeedId,
    pub source: Box<str>,
    pub name: Box<str>,
    pub is_sync: bool,
    /// Roles the feed speaks for; empty: all.
    pub roles: Vec<Role>,
    /// Schools the feed speaks for; empty: all.
    pub orgs: Vec<Box<str>>,
    pub confirmations: u32,
    pub confirm_after: TimeDelta,
    /// Where the last applied delivery was stated (its date, else its reception).
    pub stated_at: Option<DateTime<Utc>>,
    /// When the feed last delivered anything that was applied.
    pub delivered_at: Option<DateTime<Utc>>,
    pub counts: Counts,
}

impl FeedMeta {
    /// `sis/students`, as reports name it.
    pub fn label(&self) -> String {
        format!("{}/{}", self.source, self.name)
    }

    /// Does the feed speak for `role`?
    pub fn speaks_for(&self, role: Role) -> bool {
        self.roles.is_empty() || self.roles.contains(&role)
    }
}

/// A gate on the whole delivery that the reading of the file already found (D04, D12, D17, A14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeHold {
    pub rule: &'static str,
    pub message: String,
}

/// What the reference says about tonight's file, record by record (G01, G16).
#[derive(Debug, Clone, Default)]
pub struct AgainstReference {
    /// Rows of the reference.
    pub rows: u64,
    /// Records of the reference whose key is still present.
    pub present: u64,
    /// Records up to and including the last one still present.
    pub until_last_present: u64,
    /// Longest run of records that are newly missing.
    pub longest_missing: u64,
    /// Rows of tonight whose key the reference does not know.
    pub unknown_rows: u64,
    /// Rejected rows of tonight whose key was accepted in the reference (G09).
    pub newly_rejected: u64,
}

/// Totals of one delivery, counted while it was read.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Rows read, blank lines not counted.
    pub read: u64,
    /// Rows known to the letter: their claims stand.
    pub known: u64,
    /// Rows that say inactive.
    pub inactive: u64,
    pub against: Option<AgainstReference>,
}

/// A row that is not known to the letter.
#[derive(Debug, Clone)]
pub struct Row {
    /// Line in the file as an editor shows it.
    pub line: u64,
    pub fingerprint: [u8; 16],
    pub content: Content,
    /// A rejected row with the same raw cells stood in the reference (S7).
    pub seen_rejected: bool,
}

/// A row after admission.
#[derive(Debug, Clone)]
pub enum Content {
    Valid(PersonRecord),
    Rejected { code: Box<str>, keys: RawKeys },
}

/// One delivery that takes part in the run.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: DeliveryId,
    pub mode: Mode,
    pub verdict: Verdict,
    pub stated_at: DateTime<Utc>,
    /// Read again for an approval: confirms nothing anew.
    pub again: bool,
    /// The first delivery of its feed (D17).
    pub first: bool,
    /// E-mail is required by the format.
    pub email_required: bool,
    /// The role of a newcomer whose row gives none; `None`: such a row is rejected.
    pub newcomer_role: Option<Role>,
    pub whole: Vec<WholeHold>,
    pub rows: Vec<Row>,
    pub tally: Tally,
    /// Claims (by number) of the last view that no row known to the letter carries.
    pub unmatched: BTreeSet<i64>,
}

/// A feed with what arrived for it, if anything did.
#[derive(Debug, Clone)]
pub struct FeedInput {
    pub meta: FeedMeta,
    pub delivery: Option<Delivery>,
}

impl FeedInput {
    /// The same without the rows, for whoever needs only to know what took part.
    pub fn without_rows(&self) -> Self {
        let delivery = self.delivery.as_ref().map(|delivery| Delivery {
            whole: delivery.whole.clone(),
            rows: Vec::new(),
            tally: Tally::default(),
            unmatched: BTreeSet::new(),
            ..*delivery
        });
        Self { meta: self.meta.clone(), delivery }
    }
}

/// Population and history of the district, as the gates measure them.
#[derive(Debug, Clone, Default)]
pub struct Population {
    pub active: u64,
    pub active_by_class: BTreeMap<rosterd_contract::RoleClass, u64>,
    pub active_admins: u64,
    /// Active people by the feed that claims them and class.
    pub largest_week: u64,
    /// Removals of the last 7 days that flowed without approval, net of restores (G11).
    pub removed_week: u64,
}

/// What an operator approved: exactly these operations, whatever gate would hold them.
#[derive(Debug, Clone, Default)]
pub struct Approvals {
    /// Operations by [`crate::reconcile::plan::op_key`].
    pub operations: BTreeSet<[u8; 16]>,
    /// Deliveries whose whole hold of this rule is lifted.
    pub deliveries: BTreeSet<(DeliveryId, String)>,
    /// Dark cells answered with "archive": feed and cause.
    pub dark: BTreeSet<(FeedId, String)>,
    /// The run whose approval this run carries out.
    pub run: Option<RunId>,
}

/// What an operator rejected (section 11).
#[derive(Debug, Clone, Default)]
pub struct Rejections {
    pub operations: BTreeSet<[u8; 16]>,
    /// Dark cells answered with "keep".
    pub dark: BTreeSet<(FeedId, String)>,
}

/// The part of the roster that the run can touch, with its indexes.
#[derive(Debug, Clone, Default)]
pub struct Slice {
    pub people: Vec<Person>,
    pub claims: Vec<Claim>,
    /// (source, class, source key) → person.
    pub links: Vec<(Box<str>, rosterd_contract::RoleClass, Box<str>, PersonId)>,
}

/// Everything one run needs to know.
pub struct Input<'a> {
    pub now: DateTime<Utc>,
    pub policy: &'a super::policy::Policy,
    /// Every feed of the district, in rank order.
    pub feeds: Vec<FeedInput>,
    pub slice: Slice,
    pub population: Population,
    pub approvals: Approvals,
    pub rejections: Rejections,
    pub ids: &'a dyn crate::roster::IdSource,
}
