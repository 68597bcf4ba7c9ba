//! Who vouches for a person tonight, and what the presence table makes of it, class by class.

use std::collections::BTreeSet;

use rosterd_contract::{RoleClass, Status};

use super::{ClassDecision, Context, Standpoint};
use crate::reconcile::policy::{Absence as AbsencePolicy, Policy};
use crate::reconcile::presence::{self, Age, Decision, File, Outcome, Pinned, Stored, Sync};
use crate::reconcile::scope::Standing;
use crate::roster::{Claim, Owner, Person, PresencePin, SeenAs, State};

pub(super) fn standpoints(context: &Context<'_>, person: &Person, mine: &[usize]) -> Vec<Standpoint> {
    let mut points: Vec<Standpoint> = Vec::new();
    for at in context.world.claims_of(person.id) {
        let Some(claim) = context.world.claims.get(*at) else { continue };
        let carried = mine.iter().copied().find(|candidate| carries(context, *candidate, claim));
        points.push(standpoint_of_claim(context, *at, claim, carried));
    }
    for at in mine {
        let Some(candidate) = context.candidates.get(*at) else { continue };
        if points.iter().any(|point| point.candidate == Some(*at)) {
            continue;
        }
        points.push(Standpoint {
            rank: candidate.feed,
            class: candidate.group.class,
            claim: None,
            candidate: Some(*at),
            record: candidate.group.record.clone(),
            file: file_state(candidate.group.record.status),
            kept_by_decision: false,
            gone: None,
        });
    }
    points.sort_by_key(|point| (point.rank, point.class));
    points
}

pub(super) fn carries(context: &Context<'_>, candidate: usize, claim: &Claim) -> bool {
    context.candidates.get(candidate).is_some_and(|candidate| {
        candidate.group.class == claim.class
            && context.feeds.get(candidate.feed).is_some_and(|input| input.meta.id == claim.feed)
    })
}

pub(super) const fn file_state(status: Status) -> File {
    match status {
        Status::Active => File::Ok,
        Status::Inactive => File::Inactive,
    }
}

pub(super) fn standpoint_of_claim(
    context: &Context<'_>,
    at: usize,
    claim: &Claim,
    carried: Option<usize>,
) -> Standpoint {
    let rank = context.world.rank(claim.feed);
    let candidate = carried.and_then(|candidate| context.candidates.get(candidate));
    let absence = context.absences.get(&at).and_then(|(feed, place)| context.scopes.get(feed)?.absences.get(*place));
    let rejected = context.scopes.get(&rank).is_some_and(|scope| scope.rejected.contains(&at));
    let file = match (candidate, absence) {
        (Some(candidate), _) => file_state(candidate.group.record.status),
        (None, Some(absence)) => match absence.standing {
            Standing::Proven | Standing::MovedClass => File::Absent,
            Standing::Protected(_) => File::Rejected,
            _ => File::Unproven,
        },
        (None, None) if rejected => File::Rejected,
        (None, None) if claim.gone.is_some() => File::Unproven,
        (None, None) if claim.seen == SeenAs::Rejected => File::Rejected,
        (None, None) => file_state(claim.record.status),
    };
    Standpoint {
        rank,
        class: claim.class,
        claim: Some(at),
        candidate: carried,
        record: candidate.map_or_else(|| claim.record.clone(), |candidate| candidate.group.record.clone()),
        file,
        kept_by_decision: absence.is_some_and(|absence| absence.standing == Standing::KeptByDecision),
        gone: absence.map(|absence| absence.gone.clone()).or_else(|| claim.gone.clone()),
    }
}

pub(super) fn decide_classes(
    context: &Context<'_>,
    person: &Person,
    is_new: bool,
    points: &[Standpoint],
) -> Vec<ClassDecision> {
    let mut classes: BTreeSet<RoleClass> = points.iter().map(|point| point.class).collect();
    classes.extend(person.classes.iter().map(|state| state.class));
    classes
        .into_iter()
        .map(|class| {
            let own: Vec<&Standpoint> = points.iter().filter(|point| point.class == class).collect();
            let axes = presence::Axes {
                sync: Sync::strongest(own.iter().filter(|p| is_sync(context, p)).map(|p| sync_state(p))),
                file: File::strongest(own.iter().filter(|p| !is_sync(context, p)).map(|p| p.file)),
                stored: stored(person, is_new, class),
                pin: match person.presence_pin {
                    PresencePin::None => Pinned::None,
                    PresencePin::Keep => Pinned::Keep,
                    PresencePin::Suspend => Pinned::Suspend,
                },
                age: age(context, person, &own),
            };
            let mut decision = presence::decide(axes);
            let flagged = flagged(context.policy, person, class, &decision);
            if flagged {
                decision.outcome = Outcome::Protect;
                decision.class = presence::Class::None;
            }
            ClassDecision { class, decision, flagged }
        })
        .collect()
}

pub(super) fn is_sync(context: &Context<'_>, point: &Standpoint) -> bool {
    context.feeds.get(point.rank).is_some_and(|input| input.meta.is_sync)
}

/// A sync's claim in the words of the table: what a file's states mean when a sync says them.
pub(super) const fn sync_state(point: &Standpoint) -> Sync {
    match (point.file, point.record.status) {
        (File::Ok, _) => Sync::Live,
        (File::Inactive, _) => Sync::Inactive,
        (File::Rejected | File::Unproven, _) => Sync::Unproven,
        (File::Absent, Status::Active) => Sync::Released,
        (File::Absent, Status::Inactive) => Sync::Withdrawn,
        (File::Never, _) => Sync::None,
    }
}

/// Admins (by default) and listed accounts are never removed for being absent.
pub(super) fn flagged(policy: &Policy, person: &Person, class: RoleClass, decision: &Decision) -> bool {
    if decision.outcome != Outcome::Archive {
        return false;
    }
    let listed = person.email.as_deref().is_some_and(|email| policy.protected.contains(email))
        || person.numbers.iter().any(|(_, number)| policy.protected.contains(&**number));
    let by_absence = matches!(decision.rule, presence::Rule::P31 | presence::Rule::P32);
    let role = person.class(class).map(|state| state.role);
    listed || (by_absence && role.is_some_and(|role| policy.absence(role) == AbsencePolicy::FlagOnly))
}

pub(super) fn stored(person: &Person, is_new: bool, class: RoleClass) -> Stored {
    if is_new {
        return Stored::New;
    }
    match (person.state, person.class(class).map(|state| state.owner)) {
        (State::ArchivedAdmin | State::Erased, _) => Stored::ArchivedAdmin,
        (State::ArchivedAuto, _) => Stored::ArchivedAuto,
        (_, None) => Stored::New,
        (_, Some(Owner::Sync(_))) => Stored::ActiveSync,
        (_, Some(Owner::File(_))) => Stored::ActiveFile,
        (_, Some(Owner::Local)) => Stored::ActiveLocal,
    }
}

/// Old: stated longer ago than `takeover_max_age`, or before the person was archived.
pub(super) fn age(context: &Context<'_>, person: &Person, own: &[&Standpoint]) -> Age {
    let newest = own
        .iter()
        .filter(|point| point.file == File::Ok && !is_sync(context, point))
        .filter_map(|point| {
            let input = context.feeds.get(point.rank)?;
            match (&input.delivery, point.candidate) {
                (Some(delivery), Some(_)) => Some(delivery.stated_at),
                _ => input.meta.stated_at,
            }
        })
        .max();
    match newest {
        Some(stated) if context.world.now - stated > context.policy.takeover_max_age => Age::Old,
        Some(stated) if person.archived_at.is_some_and(|archived| stated < archived) => Age::Old,
        _ => Age::Fresh,
    }
}
