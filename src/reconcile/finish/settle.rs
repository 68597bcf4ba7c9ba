//! Which operations wait, to the last dependency, and which go on without a part of themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finish, State, Waits};
use crate::reconcile::gates::is_add;
use crate::reconcile::plan::{Action, EmailFrom, What};
use crate::roster::{Attribute, PersonId};

/// Applies approvals, rejections, gates and earlier holds, then follows the dependencies.
pub(super) fn settle(parts: &mut Finish<'_, '_>) -> State {
    let all = parts.trips.iter().position(|trip| trip.what == What::All);
    let waits = first_reasons(parts, all);
    let by_person = parts.operations.iter().enumerate().map(|(at, operation)| (operation.person, at)).collect();
    let mut state = State { waits, stripped: BTreeMap::new(), all, by_person };
    if all.is_none() {
        strip_fields(parts, &mut state);
    }
    while one_more_dependency(parts, &mut state) {}
    state
}

fn first_reasons(parts: &Finish<'_, '_>, all: Option<usize>) -> Vec<Option<Waits>> {
    let gates = first_gates(parts);
    let approvals = &parts.input.approvals.operations;
    let rejections = &parts.input.rejections.operations;
    parts
        .operations
        .iter()
        .zip(&parts.keys)
        .enumerate()
        .map(|(at, (operation, key))| {
            // Nothing of an all-held plan is written, approved or not.
            if let Some(all) = all {
                return Some(Waits::Gate(all));
            }
            if approvals.contains(key) {
                return None;
            }
            let by_absence = operation.removal.as_ref().is_some_and(|removal| !removal.by_status);
            if rejections.contains(key) && !by_absence {
                return Some(Waits::Decision);
            }
            let gate = gates.get(&at).copied().map(Waits::Gate);
            gate.or_else(|| operation.removal.as_ref()?.sticky.clone().map(Waits::Sticky))
        })
        .collect()
}

/// The first trip that names each operation as a whole: one question per cause.
fn first_gates(parts: &Finish<'_, '_>) -> BTreeMap<usize, usize> {
    let mut first = BTreeMap::new();
    for (at, trip) in parts.trips.iter().enumerate().filter(|(_, trip)| trip.field.is_none()) {
        for operation in &trip.operations {
            first.entry(*operation).or_insert(at);
        }
    }
    first
}

/// Gates that hold one field (G14, the domain of G06): just that change waits, others apply.
fn strip_fields(parts: &mut Finish<'_, '_>, state: &mut State) {
    let trips: Vec<(usize, Attribute, Vec<usize>)> = parts
        .trips
        .iter()
        .enumerate()
        .filter_map(|(at, trip)| Some((at, trip.field?, trip.operations.clone())))
        .collect();
    for (trip, field, operations) in trips {
        for at in operations {
            strip(parts, state, at, field, Waits::Gate(trip));
        }
    }
}

/// Takes one change out of an operation; one without anything left waits as a whole.
fn strip(parts: &mut Finish<'_, '_>, state: &mut State, at: usize, field: Attribute, why: Waits) {
    let Some(operation) = parts.operations.get_mut(at) else { return };
    let Some(before) = operation.before.clone() else { return };
    match field {
        Attribute::Email => {
            operation.after.email.clone_from(&before.email);
            operation.after.aliases.clone_from(&before.aliases);
            operation.email_from = None;
        }
        Attribute::Orgs => operation.after.orgs.clone_from(&before.orgs),
        Attribute::Role => operation.after.classes.clone_from(&before.classes),
        Attribute::Field(name) => match before.fields.get(name) {
            Some(value) => operation.after.fields.set(name, value),
            None => operation.after.fields.remove(name),
        },
    }
    state.stripped.entry(at).or_default().push((field, why.clone()));
    if operation.action == Action::Update
        && operation.after == before
        && let Some(slot) = state.waits.get_mut(at)
    {
        *slot = slot.take().or(Some(why));
    }
}

/// Finds operations that depend on a held one; true when something changed.
fn one_more_dependency(parts: &mut Finish<'_, '_>, state: &mut State) -> bool {
    let mut changed = false;
    for at in 0..parts.operations.len() {
        let Some(operation) = parts.operations.get(at) else { continue };
        if state.waits(Some(at)).is_some() {
            changed |= hold_partner(parts, state, at);
            continue;
        }
        let satisfied = match operation.email_from {
            Some(EmailFrom::Released(holder)) => releases(parts, state, holder),
            Some(EmailFrom::Leaving(holder)) => leaves(parts, state, holder),
            Some(EmailFrom::Free | EmailFrom::Alias | EmailFrom::Archived(_)) | None => true,
        };
        if satisfied {
            continue;
        }
        changed = true;
        if operation.action == Action::Create {
            if let Some(slot) = state.waits.get_mut(at) {
                *slot = Some(Waits::Dependency);
            }
        } else {
            // The e-mail change waits, other fields apply (K07).
            strip(parts, state, at, Attribute::Email, Waits::Dependency);
        }
    }
    changed
}

fn releases(parts: &Finish<'_, '_>, state: &State, holder: PersonId) -> bool {
    let Some(at) = state.by_person.get(&holder).copied() else { return false };
    state.waits(Some(at)).is_none()
        && parts.operations.get(at).is_some_and(|operation| {
            operation.before.as_ref().is_some_and(|before| before.email != operation.after.email)
        })
}

fn leaves(parts: &Finish<'_, '_>, state: &State, holder: PersonId) -> bool {
    let Some(at) = state.by_person.get(&holder).copied() else { return false };
    state.waits(Some(at)).is_none()
        && parts.operations.get(at).is_some_and(|operation| operation.action == Action::Archive)
}

/// A removal waits with an add that waits for its address, or that is its pair (G08).
fn hold_partner(parts: &Finish<'_, '_>, state: &mut State, at: usize) -> bool {
    let Some(operation) = parts.operations.get(at).filter(|operation| is_add(operation.action)) else { return false };
    let Some(Waits::Gate(trip)) = state.waits(Some(at)).cloned() else { return false };
    let mut partners: BTreeSet<usize> =
        parts.pairs.iter().filter(|pair| pair.create == at).filter_map(|pair| pair.removal).collect();
    if let Some(EmailFrom::Leaving(holder)) = operation.email_from {
        partners.extend(state.by_person.get(&holder));
    }
    let mut changed = false;
    for partner in partners {
        if let Some(slot @ None) = state.waits.get_mut(partner) {
            *slot = Some(Waits::Gate(trip));
            changed = true;
        }
    }
    changed
}
