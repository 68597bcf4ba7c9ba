//! What becomes of every claim: put, seen again, gone for one more night, or ended.

use std::collections::{BTreeMap, BTreeSet};

use rosterd_contract::{Mode, PersonRecord, Status};

use super::absent::{absence_change, absence_part, book, marked};
use super::rows::row_result;
use super::{Finish, State, Waits, rule_of};
use crate::reconcile::decide::drops_email;
use crate::reconcile::input::{Counts, Delivery};
use crate::reconcile::ledger::count_claim;
use crate::reconcile::plan::{Action, ClaimChange, Plan};
use crate::reconcile::resolve::Candidate;
use crate::roster::{Attribute, Claim, Evidence, Gone, PersonId, SeenAs};

pub(super) fn claims(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
    let mut counts: BTreeMap<usize, Counts> = BTreeMap::new();
    let mut ended: BTreeSet<i64> = BTreeSet::new();
    if state.all.is_none() {
        for (at, candidate) in parts.resolved.candidates.iter().enumerate() {
            if let Some(person) = parts.resolved.persons.get(at).copied().flatten() {
                put_claim(parts, state, candidate, person, plan, &mut counts, &mut ended);
            }
        }
    }
    for (rank, scope) in &parts.resolved.scopes {
        for absence in &scope.absences {
            let Some(claim) = parts.resolved.world.claims.get(absence.claim) else { continue };
            if ended.contains(&claim.id) {
                continue;
            }
            let part = absence_part(parts, state, claim, &absence.standing);
            book(&mut plan.absent, part);
            if state.all.is_some() {
                continue;
            }
            let change = absence_change(parts, state, claim, absence, part);
            if matches!(change, ClaimChange::End { .. }) {
                let counts = counts.entry(*rank).or_insert_with(|| counts_of(parts, *rank));
                count_claim(counts, &claim.record, false);
            }
            plan.claims.push(change);
        }
        if state.all.is_none() {
            let absent: BTreeSet<usize> = scope.absences.iter().map(|absence| absence.claim).collect();
            for claim in scope.rejected.difference(&absent).filter_map(|at| parts.resolved.world.claims.get(*at)) {
                plan.claims.push(ClaimChange::Seen { claim: claim.id, rejected: true });
            }
        }
    }
    for (rank, counts) in counts {
        match plan.feeds.get_mut(&rank) {
            Some(feed) => feed.counts = counts,
            None => {
                plan.other_counts.insert(rank, counts);
            }
        }
    }
}

pub(super) fn counts_of(parts: &Finish<'_, '_>, rank: usize) -> Counts {
    parts.input.feeds.get(rank).map(|feed| feed.meta.counts.clone()).unwrap_or_default()
}

#[allow(clippy::too_many_arguments)]
pub(super) fn put_claim(
    parts: &Finish<'_, '_>,
    state: &State,
    candidate: &Candidate,
    person: PersonId,
    plan: &mut Plan,
    counts: &mut BTreeMap<usize, Counts>,
    ended: &mut BTreeSet<i64>,
) {
    let world = &parts.resolved.world;
    let Some(feed) = parts.input.feeds.get(candidate.feed) else { return };
    let Some(delivery) = &feed.delivery else { return };
    let existing = world.claim(feed.meta.id, candidate.group.class, person).and_then(|at| world.claims.get(at));
    let operation = state.by_person.get(&person).copied();
    let waits = state.waits(operation);
    if waits.is_some() {
        keep_waiting(parts, candidate, existing, operation, waits, plan);
        return;
    }
    let mut record = candidate.group.record.clone();
    if let Some(existing) = existing.filter(|_| record.status == Status::Inactive) {
        // Nothing else of such a row is taken, so it is not what the feed is known to have said (F3).
        record = PersonRecord { status: Status::Inactive, ..existing.record.clone() };
    }
    let stripped = operation.and_then(|at| state.stripped.get(&at));
    for (attribute, _) in stripped.into_iter().flatten() {
        unsay(&mut record, existing.map(|claim| &claim.record), *attribute);
    }
    let result = row_result(parts, state, candidate, Some(person));
    let entry = counts.entry(candidate.feed).or_insert_with(|| counts_of(parts, candidate.feed));
    if let Some(existing) = existing {
        count_claim(entry, &existing.record, false);
    }
    count_claim(entry, &record, true);
    let claim = Claim {
        id: existing.map_or(0, |claim| claim.id),
        feed: feed.meta.id,
        class: candidate.group.class,
        person,
        record,
        evidence: Evidence { delivery: delivery.id, line: candidate.group.line },
        stated_at: delivery.stated_at,
        seen: SeenAs::Valid,
        fingerprints: fingerprints(delivery, candidate),
        gone: None,
        bridge: delivery.mode != Mode::Snapshot && existing.is_none_or(|claim| claim.bridge),
    };
    let settled =
        result.outcome.is_plain() && candidate.group.rows.len() == 1 && stripped.is_none() && !drops_email(candidate);
    plan.claims.push(ClaimChange::Put { claim: Box::new(claim), settled });
    if delivery.mode == Mode::Snapshot && candidate.group.record.status == Status::Active {
        end_bridges(parts, candidate, person, plan, counts, ended);
    }
}

/// A change that waits was not said yet: the claim keeps what the feed said before.
fn unsay(record: &mut PersonRecord, before: Option<&PersonRecord>, attribute: Attribute) {
    match attribute {
        Attribute::Email => record.email = before.and_then(|before| before.email.clone()),
        Attribute::Role => record.role = before.map_or(record.role, |before| before.role),
        Attribute::Orgs => record.orgs = before.map(|before| before.orgs.clone()).unwrap_or_default(),
        Attribute::Field(field) => match before.and_then(|before| before.fields.get(field)) {
            Some(value) => record.fields.set(field, value),
            None => record.fields.remove(field),
        },
    }
}

pub(super) fn fingerprints(delivery: &Delivery, candidate: &Candidate) -> Vec<[u8; 16]> {
    candidate.group.rows.iter().filter_map(|row| delivery.rows.get(*row)).map(|row| row.fingerprint).collect()
}

/// The person's operation waits: the row is seen, nothing new is asserted. A held removal by an
/// inactive row is remembered like one by absence (I31).
pub(super) fn keep_waiting(
    parts: &Finish<'_, '_>,
    candidate: &Candidate,
    existing: Option<&Claim>,
    operation: Option<usize>,
    waits: Option<&Waits>,
    plan: &mut Plan,
) {
    let Some(existing) = existing else { return };
    let removes = operation.and_then(|at| parts.operations.get(at)).is_some_and(|o| o.action == Action::Archive);
    let Some(delivery) = parts.input.feeds.get(candidate.feed).and_then(|feed| feed.delivery.as_ref()) else { return };
    if removes && let Some(waits) = waits {
        let gone = existing.gone.clone().unwrap_or(Gone {
            since: delivery.id,
            since_at: parts.input.now,
            confirmations: 0,
            confirmed_at: None,
            extra: 0,
            held: None,
            held_since: None,
            calm: 0,
            calm_at: None,
            kept: None,
        });
        let gone = marked(gone, &rule_of(parts, waits), parts);
        plan.claims.push(ClaimChange::Gone { claim: existing.id, gone });
    } else {
        plan.claims.push(ClaimChange::Seen { claim: existing.id, rejected: false });
    }
}

/// S8: a bridge dissolves when a snapshot claims the same person and class live.
pub(super) fn end_bridges(
    parts: &Finish<'_, '_>,
    candidate: &Candidate,
    person: PersonId,
    plan: &mut Plan,
    counts: &mut BTreeMap<usize, Counts>,
    ended: &mut BTreeSet<i64>,
) {
    let world = &parts.resolved.world;
    for claim in world.claims_of(person).iter().filter_map(|at| world.claims.get(*at)) {
        let rank = world.rank(claim.feed);
        if claim.bridge && rank != candidate.feed && claim.class == candidate.group.class && ended.insert(claim.id) {
            plan.claims.push(ClaimChange::End { claim: claim.id });
            let counts = counts.entry(rank).or_insert_with(|| counts_of(parts, rank));
            count_claim(counts, &claim.record, false);
        }
    }
}
