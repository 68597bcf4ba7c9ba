//! From operations and tripped gates to the plan: what flows, what waits, what depends on what
//! waits, and what became of every row and claim.

mod absent;
mod claims;
mod holds;
mod rows;
mod settle;
mod suspicions;
mod whole;
mod words;

use std::collections::BTreeMap;

use super::derive::Derived;
use super::engine::Resolved;
use super::gates::{Pair, Trip};
use super::input::{Input, WholeHold};
use super::plan::{Action, Operation, Plan};
use crate::roster::{Attribute, PersonId};

pub use words::two_rows_one_person;

/// What the last stage is given.
pub struct Finish<'a, 'b> {
    pub input: &'a Input<'b>,
    pub resolved: Resolved,
    pub operations: Vec<Operation>,
    /// Their keys, as an approval would name them; taken before anything is stripped.
    pub keys: Vec<[u8; 16]>,
    pub pairs: Vec<Pair>,
    pub trips: Vec<Trip>,
    pub whole: BTreeMap<usize, Vec<WholeHold>>,
    pub preview: Option<BTreeMap<usize, Vec<Operation>>>,
}

/// Why an operation, or a part of it, waits.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Waits {
    /// A gate, by the index of its trip.
    Gate(usize),
    /// Held on an earlier night by this gate, and not answered since (I31).
    Sticky(Box<str>),
    /// Rejected by an operator on the same evidence: no question.
    Decision,
    /// What it needs is held.
    Dependency,
}

/// What waits, by operation.
struct State {
    waits: Vec<Option<Waits>>,
    /// Operations that go on without one change: which, and why.
    stripped: BTreeMap<usize, Vec<(Attribute, Waits)>>,
    /// The trip that holds everything.
    all: Option<usize>,
    by_person: BTreeMap<PersonId, usize>,
}

impl State {
    fn waits(&self, operation: Option<usize>) -> Option<&Waits> {
        self.waits.get(operation?)?.as_ref()
    }

    /// Why a part of an operation waits, if one does.
    fn stripped(&self, operation: Option<usize>) -> Option<&Waits> {
        self.stripped.get(&operation?)?.first().map(|(_, waits)| waits)
    }
}

/// Makes the plan.
pub fn finish(mut parts: Finish<'_, '_>) -> Plan {
    let state = settle::settle(&mut parts);
    let mut plan = Plan::default();
    holds::holds(&parts, &state, &mut plan);
    rows::rows(&parts, &state, &mut plan);
    suspicions::suspicions(&parts, &state, &mut plan);
    claims::claims(&parts, &state, &mut plan);
    whole::whole_deliveries(&parts, &mut plan);
    scopes_of_removals(&parts, &state, &mut plan);
    for (at, operation) in parts.operations.iter().enumerate() {
        match state.waits.get(at).and_then(Option::as_ref) {
            None => plan.apply.push(operation.clone()),
            Some(waits) => plan.wait.push((operation.clone(), rule_of(&parts, waits))),
        }
    }
    plan
}

/// Derived people come sorted by id.
fn derived_of<'p>(parts: &'p Finish<'_, '_>, person: PersonId) -> Option<&'p Derived> {
    let derived = &parts.resolved.derived;
    derived.binary_search_by_key(&person, |derived| derived.person).ok().and_then(|at| derived.get(at))
}

fn rule_of(parts: &Finish<'_, '_>, waits: &Waits) -> Box<str> {
    match waits {
        Waits::Gate(trip) => parts.trips.get(*trip).map_or("", |trip| trip.rule).into(),
        Waits::Sticky(rule) => rule.clone(),
        Waits::Decision => "review".into(),
        Waits::Dependency => "dependency".into(),
    }
}

/// How many people each scope would lose, of how many: an approval above a quarter needs the number.
fn scopes_of_removals(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
    let removed: Vec<&Operation> = parts
        .operations
        .iter()
        .enumerate()
        .filter(|(at, operation)| operation.action == Action::Archive && state.waits(Some(*at)).is_none())
        .map(|(_, operation)| operation)
        .collect();
    plan.removals_by_scope.push(("the district".to_owned(), removed.len() as u64, parts.input.population.active));
    for (rank, feed) in parts.input.feeds.iter().enumerate() {
        let of_feed = removed
            .iter()
            .filter_map(|operation| operation.removal.as_ref())
            .filter(|removal| removal.feeds.contains(&rank))
            .count() as u64;
        plan.removals_by_scope.push((feed.meta.label(), of_feed, feed.meta.counts.claims));
        for (class, people) in &feed.meta.counts.classes {
            let of_class = removed
                .iter()
                .filter_map(|operation| operation.removal.as_ref())
                .filter(|removal| removal.feeds.contains(&rank) && removal.classes.contains(class))
                .count() as u64;
            plan.removals_by_scope.push((format!("{} {class}", feed.meta.label()), of_class, *people));
        }
    }
}
