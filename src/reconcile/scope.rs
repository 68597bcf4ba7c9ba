//! Scope and proof of absence (design section 4): whose absence counts, and whose does not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use rosterd_contract::{Mode, RawKeys, RoleClass, Status};

use super::dark::{dark_cause_of, dark_causes, dark_cells};
use super::input::{Approvals, Content, Delivery, FeedInput, FeedMeta, Rejections};
use super::limits::Limits;
use super::names::{NameMatch, Names, compare};
use super::resolve::{Candidate, reaches};
use super::world::World;
use crate::roster::{Claim, Gone, PersonId};

/// Other feeds of a source are waited for this long at most before an absence counts (S6).
const WAIT_FOR_SIBLINGS: TimeDelta = TimeDelta::days(10);

/// Why an absence does not remove anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Proven and confirmed.
    Proven,
    /// Proven, but fewer confirmations than needed: active with a `leaving` mark (S6).
    Leaving,
    /// In a dark cell, by its cause (S2, S3).
    Dark(String),
    /// Too many rows could not be attributed (S7).
    Unattributable,
    /// A merge, patch or delta proves no absence (S8), or the claim lies outside the scope (S1).
    OutsideProof,
    /// A refused or held row of this delivery is the person's (S7).
    Protected,
    /// The same delivery knows the person in another role-class.
    MovedClass,
    /// An operator rejected the removal.
    KeptByDecision,
}

/// An absent claim and what its absence is worth.
#[derive(Debug, Clone)]
pub struct Absence {
    /// Index of the claim.
    pub claim: usize,
    pub standing: Standing,
    pub gone: Gone,
}

/// A question about cells that went dark for one cause (G04).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DarkCause {
    /// `role:student`, `org:101`, `cell:student@101`.
    pub cause: String,
    pub people: Vec<PersonId>,
    pub answered_keep: bool,
}

/// What one delivery proves.
#[derive(Debug, Default)]
pub struct FeedScope {
    pub absences: Vec<Absence>,
    pub dark: Vec<DarkCause>,
    /// Rows that cannot be tied to anyone (S7, G10).
    pub unattributable: u64,
    /// Claims (by index) whose person has a refused row in this delivery.
    pub rejected: BTreeSet<usize>,
}

/// What scope needs beside the world.
pub struct ScopeContext<'a> {
    pub now: DateTime<Utc>,
    pub limits: &'a Limits,
    pub feeds: &'a [FeedInput],
    pub candidates: &'a [Candidate],
    pub approvals: &'a Approvals,
    pub rejections: &'a Rejections,
    /// People protected by rows that were set aside or put in review, by feed.
    pub protected: &'a BTreeMap<usize, BTreeSet<PersonId>>,
}

/// Claims of a delivered feed that no row carries tonight, by index.
pub fn absent_claims(world: &World, feed: usize, input: &FeedInput, candidates: &[Candidate]) -> Vec<usize> {
    let Some(delivery) = &input.delivery else { return Vec::new() };
    let reached: BTreeSet<(PersonId, RoleClass)> = candidates
        .iter()
        .filter(|candidate| candidate.feed == feed)
        .filter_map(|candidate| Some((reaches(world, candidate)?, candidate.group.class)))
        .collect();
    let unmatched = |claim: &Claim| claim.gone.is_some() || delivery.unmatched.contains(&claim.id);
    let mut absent: Vec<usize> = world
        .claims
        .iter()
        .enumerate()
        .filter(|(_, claim)| claim.feed == input.meta.id && unmatched(claim))
        .filter(|(_, claim)| !reached.contains(&(claim.person, claim.class)))
        .map(|(at, _)| at)
        .collect();
    absent.sort_by_key(|at| world.claims.get(*at).map(|claim| claim.id));
    absent
}

/// Weighs every absence of one delivery.
pub fn prove(world: &World, feed: usize, context: &ScopeContext<'_>) -> FeedScope {
    let Some(input) = context.feeds.get(feed) else { return FeedScope::default() };
    let Some(delivery) = &input.delivery else { return FeedScope::default() };
    let absent = absent_claims(world, feed, input, context.candidates);
    let attribution = attribute_rejected(world, &input.meta, delivery, &absent);
    let mut scope = FeedScope { unattributable: attribution.unattributable, ..FeedScope::default() };
    for at in &absent {
        let Some(claim) = world.claims.get(*at) else { continue };
        let protected = context.protected.get(&feed).is_some_and(|people| people.contains(&claim.person));
        if protected || attribution.people.contains(&claim.person) {
            scope.rejected.insert(*at);
        }
    }
    if delivery.mode != Mode::Snapshot {
        return scope; // S8: only explicit removal rows remove
    }
    let dark = dark_cells(world, feed, &absent, &scope.rejected, context);
    scope.dark = dark_causes(world, &input.meta, &absent, &dark, context);
    let everything = context.limits.g10.trips(attribution.unattributable, delivery.tally.read);
    let also_here = people_in_other_classes(world, feed, context.candidates);
    for at in absent {
        let Some(claim) = world.claims.get(at) else { continue };
        let gone = next_gone(claim, &input.meta, delivery, attribution.unattributable > 0, context.now);
        let cause = dark_cause_of(claim, &dark, &input.meta, context);
        let standing = if scope.rejected.contains(&at) {
            Standing::Protected
        } else if !in_scope(claim, &input.meta) {
            Standing::OutsideProof
        } else if also_here.contains(&claim.person) {
            Standing::MovedClass
        } else if gone.kept.is_some() {
            Standing::KeptByDecision
        } else if let Some(cause) = cause {
            if context.rejections.dark.contains(&(input.meta.id, cause.clone())) {
                Standing::KeptByDecision
            } else {
                Standing::Dark(cause)
            }
        } else if everything && claim.gone.is_none() {
            Standing::Unattributable
        } else if confirmed(&gone, claim, input, context) {
            Standing::Proven
        } else {
            Standing::Leaving
        };
        scope.absences.push(Absence { claim: at, standing, gone });
    }
    scope
}

/// Absences of a feed that delivers nothing tonight, which waited only for its siblings (S6): tonight's
/// delivery of another feed of the source may be the one they waited for.
pub fn waited_for(world: &World, feed: usize, context: &ScopeContext<'_>) -> FeedScope {
    let Some(input) = context.feeds.get(feed) else { return FeedScope::default() };
    let delivers = |other: &FeedInput| other.meta.source == input.meta.source && other.delivery.is_some();
    let mut scope = FeedScope::default();
    if !context.feeds.iter().any(delivers) {
        return scope;
    }
    let reached: BTreeSet<PersonId> = context.candidates.iter().filter_map(|c| reaches(world, c)).collect();
    for (at, claim) in world.claims.iter().enumerate().filter(|(_, claim)| claim.feed == input.meta.id) {
        let Some(gone) = claim.gone.as_ref().filter(|gone| gone.held.is_none() && gone.kept.is_none()) else {
            continue;
        };
        if gone.confirmations > 0 && confirmed(gone, claim, input, context) && !reached.contains(&claim.person) {
            scope.absences.push(Absence { claim: at, standing: Standing::Proven, gone: gone.clone() });
        }
    }
    scope
}

fn people_in_other_classes(world: &World, feed: usize, candidates: &[Candidate]) -> BTreeSet<PersonId> {
    candidates
        .iter()
        .filter(|candidate| candidate.feed == feed && candidate.group.record.status == Status::Active)
        .filter_map(|candidate| reaches(world, candidate))
        .collect()
}

fn in_scope(claim: &Claim, meta: &FeedMeta) -> bool {
    let role = claim.record.role.is_none_or(|role| meta.speaks_for(role));
    let org = meta.orgs.is_empty()
        || claim.record.orgs.is_empty()
        || claim.record.orgs.iter().any(|org| meta.orgs.contains(org));
    role && org
}

/// One more night of absence, or the first.
fn next_gone(claim: &Claim, meta: &FeedMeta, delivery: &Delivery, unattributable: bool, now: DateTime<Utc>) -> Gone {
    match &claim.gone {
        None => Gone {
            since: delivery.id,
            since_at: now,
            confirmations: 1,
            confirmed_at: Some(now),
            extra: u32::from(unattributable),
            held: None,
            held_since: None,
            calm: 0,
            calm_at: None,
            kept: None,
        },
        Some(gone) => {
            let mut gone = gone.clone();
            let due = gone.confirmed_at.is_none_or(|at| now - at >= meta.confirm_after);
            if due && !delivery.again {
                gone.confirmations += 1;
                gone.confirmed_at = Some(now);
            }
            gone
        }
    }
}

/// S6: enough confirmations, and every other feed of the source that holds people of the class has
/// delivered since.
fn confirmed(gone: &Gone, claim: &Claim, input: &FeedInput, context: &ScopeContext<'_>) -> bool {
    if gone.confirmations < input.meta.confirmations + gone.extra {
        return false;
    }
    let waited = context.now - gone.since_at >= WAIT_FOR_SIBLINGS;
    waited
        || context.feeds.iter().all(|other| {
            let sibling = other.meta.source == input.meta.source && other.meta.id != input.meta.id;
            let holds = other.meta.counts.cells.iter().any(|(cell, n)| *n > 0 && cell.role.class() == claim.class);
            let since = other.delivery.is_some() || other.meta.delivered_at.is_some_and(|at| at >= gone.since_at);
            !sibling || !holds || since
        })
}

/// Whose rows the refused ones are; leniently, since this only protects (S7).
struct Attribution {
    people: BTreeSet<PersonId>,
    unattributable: u64,
}

fn attribute_rejected(world: &World, meta: &FeedMeta, delivery: &Delivery, absent: &[usize]) -> Attribution {
    let mut people = BTreeSet::new();
    let mut unattributable = 0;
    let by_name = absent_by_name(world, absent);
    for row in &delivery.rows {
        let Content::Rejected { keys, .. } = &row.content else { continue };
        let tied = tied_to(world, meta, keys, &by_name);
        let keyless = keys.number_damaged || keys.number.is_none();
        if (keys.structure_damaged || (keyless && tied.is_empty())) && !row.seen_rejected {
            unattributable += 1;
        }
        people.extend(tied);
    }
    Attribution { people, unattributable }
}

type ByName<'w> = HashMap<i64, Vec<&'w Claim>>;

fn absent_by_name<'w>(world: &'w World, absent: &[usize]) -> ByName<'w> {
    let mut by_name: ByName<'w> = HashMap::new();
    for claim in absent.iter().filter_map(|at| world.claims.get(*at)) {
        let key = super::names::name_key(claim.record.given(), claim.record.family());
        by_name.entry(key).or_default().push(claim);
    }
    by_name
}

fn tied_to(world: &World, meta: &FeedMeta, keys: &RawKeys, by_name: &ByName<'_>) -> BTreeSet<PersonId> {
    let mut people = BTreeSet::new();
    if let Some(number) = keys.number.as_deref() {
        for class in RoleClass::ALL {
            people.extend(world.linked(&meta.source, class, number));
            people.extend(world.number_holder(class, number));
            people.extend(world.loosely_numbered(class, number));
        }
    }
    if let Some(email) = keys.email.as_deref() {
        people.extend(world.email_holder(email));
        people.extend(world.alias_of(email));
    }
    let names = Names { given: &keys.given, family: &keys.family, preferred: "" };
    let named = by_name.get(&super::names::name_key(&keys.given, &keys.family)).into_iter().flatten();
    people.extend(named.filter(|claim| could_be(claim, keys, names)).map(|claim| claim.person));
    people
}

/// Name plus school plus role, as far as the refused row says them.
fn could_be(claim: &Claim, keys: &RawKeys, names: Names<'_>) -> bool {
    let stored = Names { given: claim.record.given(), family: claim.record.family(), preferred: "" };
    let role = keys.role.is_none_or(|role| claim.record.role.is_none_or(|other| other.class() == role.class()));
    let org = keys.orgs.is_empty()
        || claim.record.orgs.is_empty()
        || keys.orgs.iter().any(|org| claim.record.orgs.contains(org));
    role && org && compare(names, stored).name == NameMatch::Same
}
