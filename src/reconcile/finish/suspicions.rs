//! Pairs that may be one person, listed and never merged: a newcomer and a leaver of one name, a
//! newcomer with the old address of an archived person of the same name, a newcomer like somebody.

use std::collections::BTreeMap;

use rosterd_contract::Finding;

use super::{Finish, State};
use crate::reconcile::groups::names;
use crate::reconcile::identity_table::{Rule, Who};
use crate::reconcile::names::{NameMatch, compare};
use crate::reconcile::outcome::RowResult;
use crate::reconcile::plan::{Action, Operation, Plan};
use crate::reconcile::resolve::{Candidate, person_names};
use crate::roster::{Person, PersonId};

/// Adds the findings to the rows of the newcomers.
pub(super) fn suspicions(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
    let renamed = renames(parts, state);
    for (at, candidate) in parts.resolved.candidates.iter().enumerate() {
        let Some(person) = parts.resolved.persons.get(at).copied().flatten() else { continue };
        if !parts.resolved.new_people.contains(&person) {
            continue;
        }
        let finding = returning(parts, candidate)
            .or_else(|| renamed.get(&person).map(|leaver| rename(candidate, *leaver)))
            .or_else(|| duplicate(parts, candidate, person));
        let row = plan.feeds.get_mut(&candidate.feed).and_then(|feed| row_of(&mut feed.rows, candidate.group.line));
        if let (Some(finding), Some(row)) = (finding, row) {
            row.findings.push(finding);
        }
    }
}

fn row_of(rows: &mut [RowResult], line: u64) -> Option<&mut RowResult> {
    rows.binary_search_by_key(&line, |row| row.line).ok().and_then(|at| rows.get_mut(at))
}

/// K24 with the same name: a new person, and a merge that can be undone is offered.
fn returning(parts: &Finish<'_, '_>, candidate: &Candidate) -> Option<Finding> {
    let decision = candidate.decision.filter(|decision| decision.rule == Rule::K24 && decision.who == Who::Create)?;
    let archived = candidate.b.and_then(|id| parts.resolved.world.person(id))?;
    let same = compare(names(&candidate.group.record), person_names(archived)).name == NameMatch::Same;
    same.then(|| {
        let message = format!(
            "an archived person of this name ({}) had this address: a new person was made ({})",
            archived.id,
            decision.rule.as_str()
        );
        Finding::note("returning-suspected", candidate.group.line, message)
            .cure("if it is the same person, merge the two by hand")
    })
}

fn rename(candidate: &Candidate, leaver: PersonId) -> Finding {
    let message =
        format!("one person of this name leaves the feed as this one comes ({leaver}): perhaps a new address");
    Finding::note("rename-suspected", candidate.group.line, message)
        .cure("if it is the same person, merge the two by hand; a number in the file would have told")
}

/// Exactly one leaver and one newcomer of a feed agree in name, class and school, on both sides.
fn renames(parts: &Finish<'_, '_>, state: &State) -> BTreeMap<PersonId, PersonId> {
    let flows = |at: &usize| state.waits(Some(*at)).is_none();
    let of = |action: Action| -> Vec<&Operation> {
        (0..parts.operations.len())
            .filter(flows)
            .filter_map(|at| parts.operations.get(at))
            .filter(|operation| operation.action == action)
            .collect()
    };
    let leavers: Vec<&Operation> = of(Action::Archive);
    let newcomers: Vec<&Operation> = of(Action::Create).into_iter().filter(|o| o.after.numbers.is_empty()).collect();
    let mut by_family: BTreeMap<String, Vec<&Operation>> = BTreeMap::new();
    for leaver in leavers {
        by_family.entry(crate::reconcile::names::fold(leaver.after.family())).or_default().push(leaver);
    }
    let mut found: BTreeMap<PersonId, PersonId> = BTreeMap::new();
    let mut uses: BTreeMap<PersonId, u32> = BTreeMap::new();
    for newcomer in newcomers {
        let Some((feed, _)) = newcomer.evidence else { continue };
        let family = crate::reconcile::names::fold(newcomer.after.family());
        let alike: Vec<PersonId> = by_family
            .get(&family)
            .into_iter()
            .flatten()
            .filter(|leaver| leaver.removal.as_ref().is_some_and(|removal| removal.feeds.contains(&feed)))
            .filter(|leaver| alike(&newcomer.after, &leaver.after))
            .map(|leaver| leaver.person)
            .collect();
        if let [only] = alike[..] {
            found.insert(newcomer.person, only);
            *uses.entry(only).or_default() += 1;
        }
    }
    found.retain(|_, leaver| uses.get(leaver) == Some(&1));
    found
}

fn alike(a: &Person, b: &Person) -> bool {
    let class = a.classes.iter().any(|state| b.class(state.class).is_some());
    let school = a.orgs == b.orgs || a.orgs.iter().any(|org| b.orgs.contains(org));
    class && school && compare(person_names(a), person_names(b)).name == NameMatch::Same
}

/// Name and school agree with somebody who is active: worth a look, nothing more.
fn duplicate(parts: &Finish<'_, '_>, candidate: &Candidate, person: PersonId) -> Option<Finding> {
    let record = &candidate.group.record;
    let world = &parts.resolved.world;
    let other = world
        .named(record.given(), record.family())
        .into_iter()
        .filter(|id| *id != person)
        .filter_map(|id| world.person(id))
        .find(|other| {
            let school = other.orgs.iter().any(|org| record.orgs.contains(org));
            let same = compare(names(record), person_names(other)).name == NameMatch::Same;
            school && same && !other.state.is_archived() && other.class(candidate.group.class).is_some()
        })?;
    let message = format!("a person of this name at this school is in the roster already ({})", other.id);
    Some(Finding::note("possible-duplicate", candidate.group.line, message).cure("look whether they are two people"))
}
