//! Cells that went dark (S2, S3): nobody of a role or school is in the delivery any more. Their people
//! are unproven, and one question is asked for each cause.

use std::collections::{BTreeMap, BTreeSet};

use rosterd_contract::Mode;

use super::input::{CellKey, Cells, FeedMeta, cells_of};
use super::resolve::reaches;
use super::scope::{DarkCause, ScopeContext};
use super::world::World;
use crate::roster::{Claim, PersonId};

/// A cell of fewer members goes dark only together with its whole role or school (S2).
const DARK_MEMBERS: u64 = 5;

/// Cells without a valid row tonight, with their former members (S2).
pub(super) fn dark_cells(
    world: &World,
    feed: usize,
    absent: &[usize],
    rejected: &BTreeSet<usize>,
    context: &ScopeContext<'_>,
) -> BTreeSet<CellKey> {
    let Some(input) = context.feeds.get(feed) else { return BTreeSet::new() };
    if input.delivery.as_ref().is_none_or(|delivery| delivery.mode != Mode::Snapshot) {
        return BTreeSet::new();
    }
    let members = &input.meta.counts.cells;
    let missing = count_cells(world, absent.iter().copied());
    let valid = valid_tonight(world, feed, members, &missing, absent, rejected, context);
    let empty: BTreeSet<&CellKey> = members
        .iter()
        .filter(|(cell, n)| **n > 0 && valid.get(cell).is_none_or(|n| *n == 0))
        .map(|(cell, _)| cell)
        .collect();
    let whole_role = |cell: &CellKey| members.iter().all(|(c, n)| c.role != cell.role || *n == 0 || empty.contains(c));
    let whole_org = |cell: &CellKey| {
        !cell.org.is_empty() && members.iter().all(|(c, n)| c.org != cell.org || *n == 0 || empty.contains(c))
    };
    empty
        .iter()
        .filter(|cell| {
            let n = members.get(**cell).copied().unwrap_or_default();
            let gone = missing.get(**cell).copied().unwrap_or_default();
            let seen_elsewhere = n.saturating_sub(gone);
            let large = n >= DARK_MEMBERS || whole_role(cell) || whole_org(cell);
            gone > 0 && large && (seen_elsewhere as f64) < 0.95 * n as f64
        })
        .map(|cell| (*cell).clone())
        .collect()
}

pub(super) fn count_cells(world: &World, claims: impl Iterator<Item = usize>) -> Cells {
    let mut cells = Cells::new();
    for claim in claims.filter_map(|at| world.claims.get(at)) {
        for cell in cells_of(&claim.record) {
            *cells.entry(cell).or_default() += 1;
        }
    }
    cells
}

/// Valid rows by cell: the members that stayed, and those that came.
pub(super) fn valid_tonight(
    world: &World,
    feed: usize,
    members: &Cells,
    missing: &Cells,
    absent: &[usize],
    rejected: &BTreeSet<usize>,
    context: &ScopeContext<'_>,
) -> Cells {
    let mut valid = members.clone();
    let absent: BTreeSet<usize> = absent.iter().copied().collect();
    for (cell, n) in missing.iter().chain(&count_cells(world, rejected.difference(&absent).copied())) {
        let left = valid.entry(cell.clone()).or_default();
        *left = left.saturating_sub(*n);
    }
    let Some(meta) = context.feeds.get(feed).map(|input| &input.meta) else { return valid };
    for candidate in context.candidates.iter().filter(|candidate| candidate.feed == feed) {
        let before = reaches(world, candidate)
            .and_then(|person| world.claim(meta.id, candidate.group.class, person))
            .filter(|at| !rejected.contains(at))
            .and_then(|at| world.claims.get(at));
        for cell in before.map(|claim| cells_of(&claim.record)).unwrap_or_default() {
            let left = valid.entry(cell).or_default();
            *left = left.saturating_sub(1);
        }
        for cell in cells_of(&candidate.group.record) {
            *valid.entry(cell).or_default() += 1;
        }
    }
    valid
}

/// The one cause that explains a dark cell: its whole role, its whole school, or a part of the file.
pub(super) fn cause_of(cell: &CellKey, dark: &BTreeSet<CellKey>, meta: &FeedMeta) -> String {
    let members = &meta.counts.cells;
    let all = |same: &dyn Fn(&CellKey) -> bool| members.iter().all(|(c, n)| !same(c) || *n == 0 || dark.contains(c));
    if all(&|other| other.role == cell.role) {
        format!("role:{}", cell.role)
    } else if !cell.org.is_empty() && all(&|other| other.org == cell.org) {
        format!("org:{}", cell.org)
    } else {
        format!("cell:{}", cell.text())
    }
}

/// A person is absent only if absent from all their cells; one dark cell is enough to doubt it.
pub(super) fn dark_cause_of(
    claim: &Claim,
    dark: &BTreeSet<CellKey>,
    meta: &FeedMeta,
    context: &ScopeContext<'_>,
) -> Option<String> {
    let cell = cells_of(&claim.record).into_iter().find(|cell| dark.contains(cell))?;
    let cause = cause_of(&cell, dark, meta);
    (!context.approvals.dark.contains(&(meta.id, cause.clone()))).then_some(cause)
}

pub(super) fn dark_causes(
    world: &World,
    meta: &FeedMeta,
    absent: &[usize],
    dark: &BTreeSet<CellKey>,
    context: &ScopeContext<'_>,
) -> Vec<DarkCause> {
    let mut causes: BTreeMap<String, Vec<PersonId>> = BTreeMap::new();
    for claim in absent.iter().filter_map(|at| world.claims.get(*at)) {
        if let Some(cause) = dark_cause_of(claim, dark, meta, context) {
            causes.entry(cause).or_default().push(claim.person);
        }
    }
    causes
        .into_iter()
        .map(|(cause, people)| {
            let answered_keep = context.rejections.dark.contains(&(meta.id, cause.clone()));
            DarkCause { cause, people, answered_keep }
        })
        .collect()
}
