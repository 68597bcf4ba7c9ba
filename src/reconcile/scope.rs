//! Scope and proof of absence (design section 4): whose absence counts, and whose does not.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rosterd_contract::{Mode, RoleClass, Status};

use super::attribution::{Attribution, Bearing};
use super::dark::{dark_cause_of, dark_causes, dark_cells};
use super::input::{Approvals, Delivery, FeedInput, FeedMeta, Rejections};
use super::limits::Limits;
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
    /// A refused or held row is the person's, or may be (S7).
    Protected(Bearing),
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
    /// Whom the refused rows of all deliveries may be about.
    pub attribution: &'a Attribution,
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

/// Claims that have no row tonight, or have had none for a while where nothing was delivered.
pub fn all_absent(world: &World, feeds: &[FeedInput], candidates: &[Candidate]) -> Vec<usize> {
    let delivered = feeds.iter().enumerate().flat_map(|(rank, feed)| absent_claims(world, rank, feed, candidates));
    let silent = world.claims.iter().enumerate().filter(|(_, claim)| {
        let feed = feeds.get(world.rank(claim.feed));
        claim.gone.is_some() && feed.is_none_or(|feed| feed.delivery.is_none())
    });
    delivered.chain(silent.map(|(at, _)| at)).collect()
}

/// Weighs every absence of one delivery.
pub fn prove(world: &World, feed: usize, context: &ScopeContext<'_>) -> FeedScope {
    let Some(input) = context.feeds.get(feed) else { return FeedScope::default() };
    let Some(delivery) = &input.delivery else { return FeedScope::default() };
    let absent = absent_claims(world, feed, input, context.candidates);
    let unattributable = context.attribution.unattributable(feed);
    let refused = |at: &usize| world.claims.get(*at).is_some_and(|claim| context.attribution.is_in(feed, claim.person));
    let mut scope = FeedScope {
        unattributable,
        rejected: absent.iter().copied().filter(refused).collect(),
        ..FeedScope::default()
    };
    if delivery.mode != Mode::Snapshot {
        return scope; // S8: only explicit removal rows remove
    }
    let dark = dark_cells(world, feed, &absent, &scope.rejected, context);
    scope.dark = dark_causes(world, &input.meta, &absent, &dark, context);
    let everything = context.limits.g10.trips(unattributable, delivery.tally.read);
    let also_here = people_in_other_classes(world, feed, context.candidates);
    for at in absent {
        let Some(claim) = world.claims.get(at) else { continue };
        let gone = next_gone(claim, &input.meta, delivery, unattributable > 0, context.now);
        let cause = dark_cause_of(claim, &dark, &input.meta, context);
        let standing = if let Some(bearing) = context.attribution.bearing(feed, claim.person) {
            Standing::Protected(bearing)
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
    let delivers = |other: &FeedInput| other.meta.source == input.meta.source && delivers_now(other);
    let mut scope = FeedScope::default();
    if !context.feeds.iter().any(delivers) {
        return scope;
    }
    let reached: BTreeSet<PersonId> = context.candidates.iter().filter_map(|c| reaches(world, c)).collect();
    for (at, claim) in world.claims.iter().enumerate().filter(|(_, claim)| claim.feed == input.meta.id) {
        let Some(gone) = claim.gone.as_ref().filter(|gone| gone.held.is_none() && gone.kept.is_none()) else {
            continue;
        };
        let protected = context.attribution.bearing(feed, claim.person).is_some();
        if gone.confirmations > 0
            && confirmed(gone, claim, input, context)
            && !reached.contains(&claim.person)
            && !protected
        {
            scope.absences.push(Absence { claim: at, standing: Standing::Proven, gone: gone.clone() });
        }
    }
    scope
}

/// Tonight's delivery says who is there; a correction says something of its own rows only (S8).
fn delivers_now(feed: &FeedInput) -> bool {
    feed.delivery.as_ref().is_some_and(|delivery| delivery.mode != Mode::Patch)
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
            let since = delivers_now(other) || other.meta.delivered_at.is_some_and(|at| at >= gone.since_at);
            !sibling || !holds || since
        })
}
