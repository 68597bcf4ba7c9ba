//! Where absent claims go: the third ledger, and what stays of each absence.

use rosterd_contract::Verdict;

use super::{Finish, State, derived_of, rule_of};
use crate::reconcile::attribution::Bearing;
use crate::reconcile::plan::{AbsentLedger, Action, ClaimChange, What};
use crate::reconcile::presence;
use crate::reconcile::scope::{Absence, Standing};
use crate::roster::{Claim, Gone, Owner};

/// Where an absent claim goes in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Archived,
    HandedOver,
    StillClaimed,
    Protected,
    Unproven,
    Pinned,
    Kept,
    AlreadyArchived,
    Held,
}

pub(super) fn book(ledger: &mut AbsentLedger, part: Part) {
    ledger.total += 1;
    *match part {
        Part::Archived => &mut ledger.archived,
        Part::HandedOver => &mut ledger.handed_over,
        Part::StillClaimed => &mut ledger.still_claimed,
        Part::Protected => &mut ledger.protected,
        Part::Unproven => &mut ledger.unproven,
        Part::Pinned => &mut ledger.pinned,
        Part::Kept => &mut ledger.kept_by_decision,
        Part::AlreadyArchived => &mut ledger.already_archived,
        Part::Held => &mut ledger.held,
    } += 1;
}

pub(super) fn absence_part(parts: &Finish<'_, '_>, state: &State, claim: &Claim, standing: &Standing) -> Part {
    let derived = derived_of(parts, claim.person);
    let person = parts.resolved.world.person(claim.person);
    let operation = state.by_person.get(&claim.person).copied();
    let waits = state.waits(operation).is_some();
    match standing {
        Standing::Protected(_) => return Part::Protected,
        Standing::Leaving | Standing::Dark(_) | Standing::Unattributable | Standing::OutsideProof => {
            return Part::Unproven;
        }
        Standing::KeptByDecision => return Part::Kept,
        Standing::Proven | Standing::MovedClass => {}
    }
    if person.is_some_and(|person| person.state.is_archived()) {
        return Part::AlreadyArchived;
    }
    if waits {
        return Part::Held;
    }
    let class = derived.and_then(|d| d.classes.iter().find(|class| class.class == claim.class));
    match class.map(|class| (class.flagged, class.decision.outcome)) {
        Some((true, _)) => Part::Protected,
        Some((_, presence::Outcome::KeepPinned | presence::Outcome::Suspend)) => Part::Pinned,
        Some((_, presence::Outcome::Protect)) => Part::StillClaimed,
        Some((_, presence::Outcome::Archive)) => {
            let archived = operation
                .and_then(|at| parts.operations.get(at))
                .is_some_and(|operation| operation.action == Action::Archive);
            if archived { Part::Archived } else { Part::StillClaimed }
        }
        Some(_) => {
            let owned = person.and_then(|p| p.class(claim.class)).is_some_and(
                |state| matches!(state.owner, Owner::File(feed) | Owner::Sync(feed) if feed == claim.feed),
            );
            // From file to file is a move; a handover is a sync letting go.
            let rank = parts.resolved.world.rank(claim.feed);
            let is_sync = parts.input.feeds.get(rank).is_some_and(|feed| feed.meta.is_sync);
            if owned && is_sync { Part::HandedOver } else { Part::StillClaimed }
        }
        None => Part::StillClaimed,
    }
}

pub(super) fn absence_change(
    parts: &Finish<'_, '_>,
    state: &State,
    claim: &Claim,
    absence: &Absence,
    part: Part,
) -> ClaimChange {
    let gone = &absence.gone;
    if let Standing::Protected(bearing) = absence.standing {
        // A night on which somebody else's row may be theirs neither begins nor confirms an absence; what was
        // known of it, and decided, stays (I32).
        return match claim.gone.clone().filter(|_| bearing == Bearing::Concerned) {
            Some(gone) => ClaimChange::Gone { claim: claim.id, gone },
            None => ClaimChange::Seen { claim: claim.id, rejected: true },
        };
    }
    match part {
        Part::Archived | Part::HandedOver | Part::StillClaimed | Part::AlreadyArchived => {
            ClaimChange::End { claim: claim.id }
        }
        Part::Held => {
            let waits = state.waits(state.by_person.get(&claim.person).copied());
            let rule = waits.map(|waits| rule_of(parts, waits)).unwrap_or_default();
            ClaimChange::Gone { claim: claim.id, gone: marked(gone.clone(), &rule, parts) }
        }
        Part::Protected | Part::Unproven | Part::Pinned | Part::Kept => {
            ClaimChange::Gone { claim: claim.id, gone: gone.clone() }
        }
    }
}

/// Marks a removal as held; counts the calm nights after which it may flow (section 11).
pub(super) fn marked(mut gone: Gone, rule: &str, parts: &Finish<'_, '_>) -> Gone {
    let now = parts.input.now;
    if gone.held.is_none() {
        gone.held = Some(rule.into());
        gone.held_since = Some(now);
        gone.calm = 0;
        gone.calm_at = Some(now);
        return gone;
    }
    let gates_tripped = parts.trips.iter().any(|trip| trip.what == What::Removals && !trip.operations.is_empty());
    let different = parts
        .input
        .feeds
        .iter()
        .filter_map(|feed| feed.delivery.as_ref())
        .any(|delivery| !delivery.again && delivery.verdict != Verdict::Identical);
    if gates_tripped {
        gone.calm = 0;
    } else if different && gone.calm_at.is_none_or(|at| now - at >= chrono::TimeDelta::hours(12)) {
        gone.calm += 1;
        gone.calm_at = Some(now);
    }
    gone
}
