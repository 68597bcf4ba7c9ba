//! What became of every row: exactly one outcome each (design section 9).

use rosterd_contract::{Finding, Status};

use super::words::{email_in_use, reject_finding, remark_finding, review_finding};
use super::{Finish, State, derived_of, rule_of};
use crate::reconcile::decide::{drops_email, near_twin};
use crate::reconcile::derive::Derived;
use crate::reconcile::identity_table::Who;
use crate::reconcile::outcome::{Outcome, RowResult};
use crate::reconcile::plan::{Action, FeedOutcome, Plan};
use crate::reconcile::presence;
use crate::reconcile::resolve::{Candidate, rejects_in_use};
use crate::roster::PersonId;

pub(super) fn rows(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
    let mut results = parts.resolved.results.clone();
    for (at, candidate) in parts.resolved.candidates.iter().enumerate() {
        let person = parts.resolved.persons.get(at).copied().flatten();
        let result = row_result(parts, state, candidate, person);
        let delivery = parts.input.feeds.get(candidate.feed).and_then(|feed| feed.delivery.as_ref());
        let mut rows = candidate.group.rows.iter();
        let Some(first) = rows.next() else { continue };
        let early = results.remove(&(candidate.feed, *first)).map(|result| result.findings).unwrap_or_default();
        let mut result = result;
        result.findings.splice(0..0, early);
        results.insert((candidate.feed, *first), result.clone());
        for row in rows {
            // Merged rows share the fate of the row they were merged into when that is refused.
            if matches!(result.outcome, Outcome::Rejected(_) | Outcome::Held(_)) {
                let line = delivery.and_then(|d| d.rows.get(*row)).map_or(result.line, |row| row.line);
                results.insert((candidate.feed, *row), RowResult { line, ..result.clone() });
            }
        }
    }
    for (rank, feed) in parts.input.feeds.iter().enumerate() {
        if feed.delivery.is_none() || parts.whole.contains_key(&rank) {
            continue;
        }
        let mut rows: Vec<RowResult> =
            results.range((rank, 0)..(rank + 1, 0)).map(|(_, result)| result.clone()).collect();
        rows.sort_by_key(|row| row.line);
        let removals_held = plan.holds.iter().any(|hold| hold.feeds.contains(&feed.meta.id));
        plan.feeds.insert(
            rank,
            FeedOutcome {
                feed: feed.meta.id,
                applied: state.all.is_none(),
                accepted: state.all.is_none() && !removals_held,
                held_by: state.all.and_then(|at| parts.trips.get(at)).map(|trip| trip.rule.into()),
                counts: feed.meta.counts.clone(),
                dark: dark_causes(parts, rank),
                rows,
            },
        );
    }
}

pub(super) fn dark_causes(parts: &Finish<'_, '_>, rank: usize) -> Vec<String> {
    parts.resolved.scopes.get(&rank).into_iter().flat_map(|scope| &scope.dark).map(|dark| dark.cause.clone()).collect()
}

pub(super) fn row_result(
    parts: &Finish<'_, '_>,
    state: &State,
    candidate: &Candidate,
    person: Option<PersonId>,
) -> RowResult {
    let line = candidate.group.line;
    let mut result = RowResult { line, outcome: Outcome::Unchanged, rule: "".into(), person, findings: Vec::new() };
    let Some(decision) = candidate.decision else { return result };
    result.rule = decision.rule.as_str().into();
    if !candidate.group.disputed.is_empty() {
        result.findings.push(crate::reconcile::rows::disputed(line, &candidate.group.disputed));
    }
    let delivery = parts.input.feeds.get(candidate.feed).and_then(|feed| feed.delivery.as_ref());
    let required = delivery.is_some_and(|delivery| delivery.email_required);
    let Some(person) = person else {
        refuse(parts, candidate, required, &mut result);
        return result;
    };
    let derived = derived_of(parts, person);
    let operation = state.by_person.get(&person).copied();
    result.outcome = match (state.waits(operation), state.stripped(operation)) {
        (Some(waits), _) | (None, Some(waits)) => Outcome::Held(rule_of(parts, waits)),
        (None, None) => accepted(parts, candidate, derived, operation, &mut result.rule),
    };
    if drops_email(candidate) {
        result.findings.push(email_in_use(parts, candidate, false));
    }
    if let Some(derived) = derived {
        result.findings.extend(derived.remarks.iter().map(|remark| remark_finding(line, remark)));
        if derived.classes.iter().any(|class| class.flagged) {
            let message = "the person is missing elsewhere and stays: the role is only flagged";
            result.findings.push(Finding::note("flagged-only", line, message));
        }
    }
    result
}

/// Outcome of a row whose person's operation flows, or who has none.
pub(super) fn accepted(
    parts: &Finish<'_, '_>,
    candidate: &Candidate,
    derived: Option<&Derived>,
    operation: Option<usize>,
    rule: &mut Box<str>,
) -> Outcome {
    let class = derived.and_then(|d| d.classes.iter().find(|class| class.class == candidate.group.class));
    let Some(class) = class else { return Outcome::Unchanged };
    let word = Outcome::from_table(class.decision.row);
    if !matches!(word, Outcome::Created | Outcome::Restored | Outcome::Updated) {
        // What the row came to was decided by the presence table, not by whose row it is.
        *rule = class.decision.rule.as_str().into();
    }
    let action = operation.and_then(|at| parts.operations.get(at)).map(|operation| operation.action);
    let unchanged = |rule: &mut Box<str>| {
        *rule = class.decision.rule.as_str().into();
        Outcome::Unchanged
    };
    match word {
        Outcome::Created | Outcome::Restored | Outcome::Updated => match action {
            Some(Action::Create) => Outcome::Created,
            Some(Action::Restore) => Outcome::Restored,
            Some(_) if contributes(parts, candidate, operation) => Outcome::Updated,
            _ => unchanged(rule),
        },
        Outcome::Unchanged | Outcome::Deactivated if candidate.group.record.status == Status::Inactive => {
            if action == Some(Action::Archive) { Outcome::Deactivated } else { Outcome::Unchanged }
        }
        other => other,
    }
}

/// Did this row, and not another feed's, bring the change?
pub(super) fn contributes(parts: &Finish<'_, '_>, candidate: &Candidate, operation: Option<usize>) -> bool {
    let Some(operation) = operation.and_then(|at| parts.operations.get(at)) else { return false };
    let world = &parts.resolved.world;
    let base = parts
        .input
        .feeds
        .get(candidate.feed)
        .and_then(|feed| world.claim(feed.meta.id, candidate.group.class, operation.person))
        .and_then(|at| world.claims.get(at));
    base.is_none_or(|claim| claim.record != candidate.group.record || claim.gone.is_some())
        || operation.rows.len() == candidate.group.rows.len()
}

pub(super) fn refuse(parts: &Finish<'_, '_>, candidate: &Candidate, required: bool, result: &mut RowResult) {
    let Some(decision) = candidate.decision else { return };
    let line = candidate.group.line;
    if rejects_in_use(decision, required) {
        result.outcome = Outcome::Rejected("email-in-use".into());
        result.findings.push(email_in_use(parts, candidate, true));
        return;
    }
    match decision.who {
        Who::Reject(code) => {
            result.outcome = Outcome::Rejected(code.into());
            result.findings.push(reject_finding(parts, candidate, code));
        }
        Who::Review(kind) => {
            result.outcome = Outcome::Held("review".into());
            result.findings.push(review_finding(line, kind));
        }
        Who::Create if candidate.group.record.status == Status::Inactive => {
            result.outcome = Outcome::Skipped("inactive-not-created".into());
            result.rule = presence::Rule::P26.as_str().into();
        }
        _ => {
            result.outcome = Outcome::Held("review".into());
            let kind = if near_twin(&parts.resolved.world, candidate).is_some() { "near-twin" } else { "unresolved" };
            result.findings.push(review_finding(line, kind));
        }
    }
}
