//! Questions: one per tripped gate that holds something, per sticky rule, and per dark cause.

use std::collections::BTreeMap;

use rosterd_contract::Finding;

use super::{Finish, State, Waits};
use crate::reconcile::gates::Trip;
use crate::reconcile::plan::{Action, HeldItem, Hold, Plan, What};

/// One question per tripped gate that holds something, per sticky rule, and per dark cause.
pub(super) fn holds(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
    for (at, trip) in parts.trips.iter().enumerate() {
        let mut mine: Vec<usize> = held_by(state, |waits| *waits == Waits::Gate(at));
        mine.extend(stripped_by(state, at).filter(|operation| !mine.contains(operation)).collect::<Vec<_>>());
        let rows = rows_of(parts, trip);
        if mine.is_empty() && rows == 0 {
            let whole = !trip.feeds.is_empty() && trip.feeds.iter().all(|rank| parts.whole.contains_key(rank));
            if trip.operations.is_empty() && !whole {
                let message = format!("{}: {} (nothing to hold)", trip.rule, trip.message);
                plan.notes.push(Finding::note("gate-with-nothing-to-hold", 0, message));
            }
            continue;
        }
        let mut hold = hold_of(parts, trip, &mine);
        hold.count += rows;
        plan.holds.push(hold);
    }
    sticky_holds(parts, state, plan);
    dark_holds(parts, state, plan);
    let dependent = held_by(state, |waits| *waits == Waits::Dependency).len() as u64
        + state.stripped.values().flatten().filter(|(_, waits)| *waits == Waits::Dependency).count() as u64;
    if let Some(first) = plan.holds.first_mut() {
        first.waits_for_it = dependent;
    }
}

fn stripped_by(state: &State, trip: usize) -> impl Iterator<Item = usize> {
    state
        .stripped
        .iter()
        .filter(move |(_, parts)| parts.iter().any(|(_, waits)| *waits == Waits::Gate(trip)))
        .map(|(at, _)| *at)
}

/// Rows in review or rejected that are part of the question: their answer is what they become.
fn rows_of(parts: &Finish<'_, '_>, trip: &Trip) -> u64 {
    let of = |counts: &BTreeMap<usize, u64>| -> u64 {
        counts.iter().filter(|(rank, _)| trip.feeds.is_empty() || trip.feeds.contains(rank)).map(|(_, n)| n).sum()
    };
    match trip.rule {
        "G08" => of(&parts.resolved.rekeyed),
        "G07" => of(&parts.resolved.discontinuities),
        _ => 0,
    }
}

pub(super) fn held_by(state: &State, wanted: impl Fn(&Waits) -> bool) -> Vec<usize> {
    state.waits.iter().enumerate().filter(|(_, waits)| waits.as_ref().is_some_and(&wanted)).map(|(at, _)| at).collect()
}

pub(super) fn items(parts: &Finish<'_, '_>, operations: &[usize]) -> Vec<HeldItem> {
    operations
        .iter()
        .filter_map(|at| Some((at, parts.operations.get(*at)?)))
        .map(|(at, operation)| HeldItem {
            key: parts.keys.get(*at).copied().unwrap_or_default(),
            action: operation.action,
            person: operation.person,
            orgs: operation.after.orgs.clone(),
        })
        .collect()
}

pub(super) fn hold_of(parts: &Finish<'_, '_>, trip: &Trip, operations: &[usize]) -> Hold {
    let feeds = &parts.input.feeds;
    let concerned: Vec<usize> = if trip.feeds.is_empty() || trip.what == What::All {
        feeds.iter().enumerate().filter(|(_, feed)| feed.delivery.is_some()).map(|(rank, _)| rank).collect()
    } else {
        trip.feeds.clone()
    };
    let deliveries = match trip.what {
        What::Adds | What::All if trip.what == What::All || trip.rule == "G08" => {
            concerned.iter().filter_map(|rank| feeds.get(*rank)?.delivery.as_ref()).map(|d| d.id).collect()
        }
        _ => Vec::new(),
    };
    Hold {
        rule: trip.rule.into(),
        what: trip.what,
        scope: trip.scope.clone(),
        cause: trip.cause.clone(),
        feeds: concerned.iter().filter_map(|rank| feeds.get(*rank)).map(|feed| feed.meta.id).collect(),
        deliveries,
        count: operations.len() as u64,
        message: trip.message.clone(),
        items: items(parts, operations),
        waits_for_it: 0,
    }
}

/// Removals held on an earlier night still wait, whether or not a gate trips tonight.
pub(super) fn sticky_holds(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
    let mut by_rule: BTreeMap<(Box<str>, usize), Vec<usize>> = BTreeMap::new();
    for at in held_by(state, |waits| matches!(waits, Waits::Sticky(_))) {
        let Some(Some(Waits::Sticky(rule))) = state.waits.get(at) else { continue };
        let feed =
            parts.operations.get(at).and_then(|o| o.removal.as_ref()?.feeds.first().copied()).unwrap_or_default();
        by_rule.entry((rule.clone(), feed)).or_default().push(at);
    }
    for ((rule, feed), operations) in by_rule {
        // The same question may be open tonight for others of the same feed: it is one question.
        let same = plan.holds.iter_mut().find(|hold| {
            hold.rule == rule && parts.input.feeds.get(feed).is_some_and(|input| hold.feeds.contains(&input.meta.id))
        });
        if let Some(hold) = same {
            hold.count += operations.len() as u64;
            hold.items.extend(items(parts, &operations));
            continue;
        }
        let Some(meta) = parts.input.feeds.get(feed).map(|input| &input.meta) else { continue };
        let count = operations.len() as u64;
        plan.holds.push(Hold {
            rule,
            what: What::Removals,
            scope: meta.label(),
            cause: String::new(),
            feeds: vec![meta.id],
            deliveries: Vec::new(),
            count,
            message: format!("{count} people still wait for the answer to an earlier question"),
            items: items(parts, &operations),
            waits_for_it: 0,
        });
    }
}

pub(super) fn dark_holds(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
    if state.all.is_some() {
        return;
    }
    for (rank, scope) in &parts.resolved.scopes {
        let Some(meta) = parts.input.feeds.get(*rank).map(|input| &input.meta) else { continue };
        for dark in scope.dark.iter().filter(|dark| !dark.answered_keep) {
            let count = dark.people.len() as u64;
            plan.holds.push(Hold {
                rule: "G04".into(),
                what: What::Dark,
                scope: meta.label(),
                cause: dark.cause.clone(),
                feeds: vec![meta.id],
                deliveries: Vec::new(),
                count,
                message: dark_message(&dark.cause, count),
                items: dark
                    .people
                    .iter()
                    .map(|person| HeldItem { key: [0; 16], action: Action::Archive, person: *person, orgs: Vec::new() })
                    .collect(),
                waits_for_it: 0,
            });
        }
    }
}

pub(super) fn dark_message(cause: &str, count: u64) -> String {
    let what = match cause.split_once(':') {
        Some(("role", role)) => format!("all {role}s of the feed"),
        Some(("org", org)) => format!("everybody of school {org}"),
        Some(("cell", cell)) => format!("everybody of {cell}"),
        _ => cause.to_owned(),
    };
    format!("{what} ({count} people) are missing: keep them until they come back, or archive them?")
}
