//! The plan: what would happen, person by person, what waits for an answer, and what became of
//! every row. A value; nothing here acts.

use std::collections::BTreeMap;

use rosterd_contract::{Finding, RoleClass};
use serde::{Deserialize, Serialize};

use super::input::{CellKey, Counts};
use super::merge::Remark;
use super::outcome::RowResult;
use super::presence::Class;
use crate::roster::{Claim, DeliveryId, FeedId, Gone, Person, PersonId};

/// What happens to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Create,
    Restore,
    Update,
    Archive,
}

impl Action {
    /// The word in history and plans.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Restore => "restore",
            Self::Update => "update",
            Self::Archive => "archive",
        }
    }

    /// The class a gate holds it by.
    pub const fn class(self) -> Class {
        match self {
            Self::Create | Self::Restore => Class::Add,
            Self::Update => Class::Update,
            Self::Archive => Class::Remove,
        }
    }
}

/// Where an address comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailFrom {
    /// Nobody's, and nobody's alias.
    Free,
    /// An alias of somebody, which ends with it.
    Alias,
    /// An archived holder whose key is closed.
    Archived(PersonId),
    /// A holder who gives it up in this plan.
    Released(PersonId),
    /// A holder whose removal must be applied first.
    Leaving(PersonId),
}

/// Why and where somebody would be removed.
#[derive(Debug, Clone, Default)]
pub struct Removal {
    /// Ranks of the feeds that removed the last claims.
    pub feeds: Vec<usize>,
    pub classes: Vec<RoleClass>,
    pub cells: Vec<(usize, CellKey)>,
    /// `org@grade`, for whole grades that leave.
    pub grades: Vec<String>,
    /// The removal was held on an earlier night, by this gate (I31).
    pub sticky: Option<Box<str>>,
    /// The last statement that ended it says inactive (P30), not absent.
    pub by_status: bool,
    /// The first delivery that lacked the person, for a removal by absence.
    pub since: Option<DeliveryId>,
}

/// One step of the plan: everything that happens to one person.
#[derive(Debug, Clone)]
pub struct Operation {
    pub person: PersonId,
    pub action: Action,
    pub before: Option<Person>,
    pub after: Person,
    /// Rule of the presence table.
    pub rule: &'static str,
    /// Rule of the identity table, where a row decided.
    pub identity: Option<&'static str>,
    /// Rank of the feed and line of the row that speaks.
    pub evidence: Option<(usize, u64)>,
    /// Ranks of feeds and indexes of the rows that are accounted for by it.
    pub rows: Vec<(usize, usize)>,
    pub email_from: Option<EmailFrom>,
    pub removal: Option<Removal>,
    pub remarks: Vec<Remark>,
    /// Ranks of the feeds whose statements changed the person.
    pub feeds: Vec<usize>,
    /// Evidence of a create, or of a removal by status: the normalised content of its row.
    pub content: Option<[u8; 16]>,
    /// An identity match whose names, or whose value, jumped (G07).
    pub discontinuous: bool,
    pub matched: bool,
}

impl Operation {
    /// The identity an approval or rejection is bound to: person, class and, for keys, the value.
    pub fn key(&self) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.action.as_str().as_bytes());
        if self.action != Action::Create {
            hasher.update(self.person.0.as_bytes());
        }
        if let Some(content) = &self.content {
            hasher.update(content);
        }
        if self.action == Action::Update {
            hasher.update(self.after.email.as_deref().unwrap_or_default().as_bytes());
            for (class, number) in &self.after.numbers {
                hasher.update(class.as_str().as_bytes());
                hasher.update(number.as_bytes());
            }
        }
        let mut key = [0; 16];
        key.copy_from_slice(hasher.finalize().as_bytes().first_chunk::<16>().unwrap_or(&[0; 16]));
        key
    }

    /// Did the address change from one value to another?
    pub fn email_changed(&self) -> bool {
        self.before.as_ref().is_some_and(|before| before.email.is_some() && before.email != self.after.email)
    }

    /// Keys that changed, a first value not counted: number, e-mail, role-class (G06).
    pub fn key_changed(&self) -> bool {
        let Some(before) = &self.before else { return false };
        let classes = |person: &Person| person.classes.iter().map(|state| state.class).collect::<Vec<_>>();
        let number = !before.numbers.is_empty()
            && self
                .after
                .numbers
                .iter()
                .any(|(class, number)| before.has_number_in(*class) && !before.holds(*class, number));
        self.email_changed() || number || (!before.classes.is_empty() && classes(before) != classes(&self.after))
    }
}

/// What a hold keeps from happening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    Removals,
    Adds,
    Updates,
    /// The whole plan.
    All,
    /// One delivery as a whole.
    Delivery,
    /// People of dark cells.
    Dark,
}

impl What {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Removals => "removals",
            Self::Adds => "adds",
            Self::Updates => "updates",
            Self::All => "all",
            Self::Delivery => "delivery",
            Self::Dark => "dark",
        }
    }
}

/// One operation that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldItem {
    /// [`Operation::key`].
    pub key: [u8; 16],
    pub action: Action,
    pub person: PersonId,
    pub orgs: Vec<Box<str>>,
}

/// One question that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub rule: Box<str>,
    pub what: What,
    /// `sis/students`, `sis/students student`, `district`.
    pub scope: String,
    pub cause: String,
    pub feeds: Vec<FeedId>,
    /// Deliveries held whole.
    pub deliveries: Vec<crate::roster::DeliveryId>,
    pub count: u64,
    pub message: String,
    pub items: Vec<HeldItem>,
    /// Operations of other kinds that wait for this one.
    pub waits_for_it: u64,
}

/// What becomes of a claim.
#[derive(Debug, Clone)]
pub enum ClaimChange {
    /// New or changed by a row. `settled`: the row need not be looked at again while it is the same.
    Put { claim: Box<Claim>, settled: bool },
    /// Absent, or absent for one more night.
    Gone { claim: i64, gone: Gone },
    /// Seen again, as a valid or a refused row.
    Seen { claim: i64, rejected: bool },
    /// Its end was applied.
    End { claim: i64 },
}

/// Where the absent claims of the delivered feeds went; the parts sum to `total`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbsentLedger {
    pub total: u64,
    pub archived: u64,
    pub handed_over: u64,
    pub still_claimed: u64,
    pub protected: u64,
    pub unproven: u64,
    pub pinned: u64,
    pub kept_by_decision: u64,
    pub already_archived: u64,
    pub held: u64,
}

impl AbsentLedger {
    /// Do the parts add up?
    pub const fn balances(&self) -> bool {
        self.total
            == self.archived
                + self.handed_over
                + self.still_claimed
                + self.protected
                + self.unproven
                + self.pinned
                + self.kept_by_decision
                + self.already_archived
                + self.held
    }
}

/// What became of one delivered feed.
#[derive(Debug, Clone)]
pub struct FeedOutcome {
    pub feed: FeedId,
    /// The view was replaced by this delivery.
    pub applied: bool,
    /// Applied without a hold: the next delivery is measured against this one.
    pub accepted: bool,
    /// Rules that hold the delivery whole.
    pub held_by: Option<Box<str>>,
    pub counts: Counts,
    /// Causes of cells that are dark in this delivery, answered or not.
    pub dark: Vec<String>,
    pub rows: Vec<RowResult>,
}

/// The whole plan.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Operations that will be applied.
    pub apply: Vec<Operation>,
    /// Operations that wait, with the rule that holds each.
    pub wait: Vec<(Operation, Box<str>)>,
    pub claims: Vec<ClaimChange>,
    pub holds: Vec<Hold>,
    /// Gates that tripped with nothing to hold, and other remarks about the run.
    pub notes: Vec<Finding>,
    /// By rank; only delivered feeds.
    pub feeds: BTreeMap<usize, FeedOutcome>,
    /// Counts of feeds that delivered nothing and lost claims all the same, by rank.
    pub other_counts: BTreeMap<usize, Counts>,
    pub absent: AbsentLedger,
    /// Removals that would be applied, by scope, with its size: for the typed confirmation.
    pub removals_by_scope: Vec<(String, u64, u64)>,
}

impl Plan {
    /// Does anything wait for a person?
    pub fn is_held(&self) -> bool {
        !self.holds.is_empty()
    }

    /// Operations of a kind that will be applied.
    pub fn count(&self, action: Action) -> u64 {
        self.apply.iter().filter(|operation| operation.action == action).count() as u64
    }
}
