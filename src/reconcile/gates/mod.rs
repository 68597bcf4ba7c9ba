//! Gates G01 to G16 (design section 11): what may pass, what is held. Evaluated on the complete
//! plan, before any write. Every number is a setting ([`super::limits::Limits`]).

mod adds;
mod identity;
mod removals;

use std::collections::{BTreeMap, BTreeSet};

use rosterd_contract::Mode;

use super::input::{Approvals, Delivery, FeedInput, Population};
use super::limits::Limits;
use super::plan::{Action, Operation, What};
use super::scope::FeedScope;
use crate::roster::{Attribute, PersonId};

pub use identity::{Pair, pairs};

/// Further different deliveries, all calm, after which a held removal flows (section 11).
pub const CALM_DELIVERIES: u32 = 10;

/// What the gates measure.
pub struct Measures<'a> {
    pub limits: &'a Limits,
    pub feeds: &'a [FeedInput],
    pub population: &'a Population,
    pub operations: &'a [Operation],
    pub scopes: &'a BTreeMap<usize, FeedScope>,
    pub approvals: &'a Approvals,
    /// Creates that look like a person who leaves or whom the feed does not match (G08).
    pub pairs: &'a [Pair],
    /// Rows rejected by K13 and in review by K20, by feed.
    pub rekeyed: &'a BTreeMap<usize, u64>,
    /// Rows in review by K02 and K29, by feed.
    pub discontinuities: &'a BTreeMap<usize, u64>,
    /// Matched rows by feed: known to the letter, or matched by a rule.
    pub matched: &'a BTreeMap<usize, u64>,
}

/// A gate that tripped.
#[derive(Debug, Clone)]
pub struct Trip {
    pub rule: &'static str,
    pub what: What,
    pub scope: String,
    pub cause: String,
    /// Ranks of the feeds concerned; empty: the whole plan.
    pub feeds: Vec<usize>,
    /// Only the change of this attribute waits; `None`: whole operations.
    pub field: Option<Attribute>,
    /// Indexes of the operations it holds.
    pub operations: Vec<usize>,
    pub message: String,
}

/// Evaluates every gate, in the order of their numbers.
pub fn evaluate(measures: &Measures<'_>) -> Vec<Trip> {
    let mut trips = Vec::new();
    removals::g01_g16_g09(measures, &mut trips);
    removals::g02(measures, &mut trips);
    removals::g03(measures, &mut trips);
    adds::g05(measures, &mut trips);
    identity::g06(measures, &mut trips);
    identity::g07(measures, &mut trips);
    identity::g08(measures, &mut trips);
    removals::g11(measures, &mut trips);
    adds::g12(measures, &mut trips);
    removals::g13(measures, &mut trips);
    adds::g14(measures, &mut trips);
    adds::g15(measures, &mut trips);
    trips.retain(|trip| !lifted(measures, trip));
    trips
}

/// Did an operator lift this gate for every delivery it speaks of (an approval of the whole)?
fn lifted(measures: &Measures<'_>, trip: &Trip) -> bool {
    if trip.what != What::All && trip.rule != "G08" {
        return false;
    }
    let concerned = |rank: &usize| trip.feeds.is_empty() || trip.feeds.contains(rank);
    let mut deliveries = measures
        .feeds
        .iter()
        .enumerate()
        .filter(|(rank, _)| concerned(rank))
        .filter_map(|(_, input)| input.delivery.as_ref())
        .peekable();
    // A plan that was shown whole and approved whole is not asked about again under another number.
    let answered = |delivery: &Delivery| {
        let is_lifted = |rule: &str| measures.approvals.deliveries.contains(&(delivery.id, rule.to_owned()));
        ["G06", "G07", "G08"].into_iter().any(is_lifted)
    };
    deliveries.peek().is_some() && deliveries.all(answered)
}

impl Measures<'_> {
    /// Operations of an action that no approval covers, by index.
    fn open(&self, wanted: impl Fn(&Operation) -> bool) -> Vec<usize> {
        self.operations
            .iter()
            .enumerate()
            .filter(|(_, operation)| wanted(operation) && !self.approved(operation))
            .map(|(at, _)| at)
            .collect()
    }

    /// Did an operator approve exactly this operation?
    pub fn approved(&self, operation: &Operation) -> bool {
        !self.approvals.operations.is_empty() && self.approvals.operations.contains(&operation.key())
    }

    fn operation(&self, at: usize) -> Option<&Operation> {
        self.operations.get(at)
    }

    /// Is the feed's delivery a snapshot with a history, so that all gates apply to it?
    fn is_measured(&self, rank: usize) -> bool {
        self.feeds
            .get(rank)
            .and_then(|input| input.delivery.as_ref())
            .is_some_and(|delivery| delivery.mode == Mode::Snapshot && !delivery.first)
    }

    /// Does a baseline alone speak for this operation?
    fn by_baseline(&self, operation: &Operation) -> bool {
        !operation.feeds.is_empty()
            && operation.feeds.iter().all(|rank| {
                self.feeds.get(*rank).and_then(|input| input.delivery.as_ref()).is_some_and(|delivery| delivery.first)
            })
    }

    fn label(&self, rank: usize) -> String {
        self.feeds.get(rank).map(|input| input.meta.label()).unwrap_or_default()
    }

    /// Open removals of one feed.
    fn removals_of(&self, rank: usize) -> Vec<usize> {
        self.open(|operation| operation.removal.as_ref().is_some_and(|removal| removal.feeds.contains(&rank)))
    }

    fn all_matched(&self) -> u64 {
        self.matched.values().sum()
    }
}

/// People of an operation list, for messages and sets.
pub fn people(operations: &[Operation], indexes: &[usize]) -> BTreeSet<PersonId> {
    indexes.iter().filter_map(|at| operations.get(*at)).map(|operation| operation.person).collect()
}

/// Is it an add that a held removal, or its own gate, may keep back?
pub const fn is_add(action: Action) -> bool {
    matches!(action, Action::Create | Action::Restore)
}
