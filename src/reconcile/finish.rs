//! From operations and tripped gates to the plan: what flows, what waits, what depends on what
//! waits, and what became of every row and claim.

use std::collections::{BTreeMap, BTreeSet};

use rosterd_contract::{Finding, Mode, Status};

use super::derive::Derived;
use super::engine::{Resolved, drops_email, near_twin};
use super::gates::{Pair, Trip};
use super::identity_table::Who;
use super::input::{Content, Counts, Delivery, Input, WholeHold};
use super::ledger::count_claim;
use super::merge::{Remark, RemarkKind};
use super::outcome::{Outcome, RowResult};
use super::plan::{AbsentLedger, Action, ClaimChange, EmailFrom, FeedOutcome, HeldItem, Hold, Operation, Plan, What};
use super::presence;
use super::resolve::{Candidate, rejects_in_use};
use super::scope::Standing;
use crate::roster::{Claim, Evidence, Gone, PersonId, SeenAs};

/// What the last stage is given.
pub struct Finish<'a, 'b> {
    pub input: &'a Input<'b>,
    pub resolved: Resolved,
    pub operations: Vec<Operation>,
    pub pairs: Vec<Pair>,
    pub trips: Vec<Trip>,
    pub whole: BTreeMap<usize, Vec<WholeHold>>,
    pub preview: Option<BTreeMap<usize, Vec<Operation>>>,
}

/// Why an operation waits.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Waits {
    /// A gate, by the index of its trip.
    Gate(usize),
    /// Held on an earlier night by this gate, and not answered since (I31).
    Sticky(Box<str>),
    /// Rejected by an operator on the same evidence: no question.
    Decision,
    /// What it needs is held.
    Dependency,
}

struct State {
    /// By operation.
    waits: Vec<Option<Waits>>,
    /// Operations that go on without the address they wanted.
    without_email: BTreeSet<usize>,
    /// The rule that holds everything.
    all: Option<usize>,
    by_person: BTreeMap<PersonId, usize>,
}

/// Makes the plan.
pub fn finish(mut parts: Finish<'_, '_>) -> Plan {
    let state = settle(&mut parts);
    let mut plan = Plan::default();
    holds(&parts, &state, &mut plan);
    rows(&parts, &state, &mut plan);
    claims(&parts, &state, &mut plan);
    whole_deliveries(&parts, &mut plan);
    scopes_of_removals(&parts, &state, &mut plan);
    for (at, operation) in parts.operations.iter().enumerate() {
        match state.waits.get(at).and_then(Option::as_ref) {
            None => plan.apply.push(operation.clone()),
            Some(waits) => plan.wait.push((operation.clone(), rule_of(&parts, waits))),
        }
    }
    plan
}

/// Derived people come sorted by id.
fn derived_of<'p>(parts: &'p Finish<'_, '_>, person: PersonId) -> Option<&'p Derived> {
    let derived = &parts.resolved.derived;
    derived.binary_search_by_key(&person, |derived| derived.person).ok().and_then(|at| derived.get(at))
}

fn rule_of(parts: &Finish<'_, '_>, waits: &Waits) -> Box<str> {
    match waits {
        Waits::Gate(trip) => parts.trips.get(*trip).map_or("", |trip| trip.rule).into(),
        Waits::Sticky(rule) => rule.clone(),
        Waits::Decision => "review".into(),
        Waits::Dependency => "dependency".into(),
    }
}

/// Which operations wait, to the last dependency.
fn settle(parts: &mut Finish<'_, '_>) -> State {
    let approvals = &parts.input.approvals.operations;
    let rejections = &parts.input.rejections.operations;
    let all = parts.trips.iter().position(|trip| trip.what == What::All);
    let gates = first_gates(parts);
    let mut waits: Vec<Option<Waits>> = parts
        .operations
        .iter()
        .enumerate()
        .map(|(at, operation)| {
            if !approvals.is_empty() && approvals.contains(&operation.key()) {
                return None;
            }
            if let Some(all) = all {
                return Some(Waits::Gate(all));
            }
            if !rejections.is_empty() && operation.action != Action::Archive && rejections.contains(&operation.key()) {
                return Some(Waits::Decision);
            }
            let gate = gates.get(&at).copied().map(Waits::Gate);
            gate.or_else(|| operation.removal.as_ref()?.sticky.clone().map(Waits::Sticky))
        })
        .collect();
    if all.is_some() {
        // Approved operations wait with everything else: nothing of an all-held plan is written.
        for slot in &mut waits {
            *slot = slot.take().or_else(|| all.map(Waits::Gate));
        }
    }
    let by_person = parts.operations.iter().enumerate().map(|(at, operation)| (operation.person, at)).collect();
    let mut state = State { waits, without_email: BTreeSet::new(), all, by_person };
    while one_more_dependency(parts, &mut state) {}
    state
}

/// The first trip that names each operation: one question per cause.
fn first_gates(parts: &Finish<'_, '_>) -> BTreeMap<usize, usize> {
    let mut first = BTreeMap::new();
    for (trip, tripped) in parts.trips.iter().enumerate() {
        for at in &tripped.operations {
            first.entry(*at).or_insert(trip);
        }
    }
    first
}

/// Finds operations that depend on a held one; true when something changed.
fn one_more_dependency(parts: &mut Finish<'_, '_>, state: &mut State) -> bool {
    let mut changed = false;
    for at in 0..parts.operations.len() {
        let Some(operation) = parts.operations.get(at) else { continue };
        let waits = state.waits.get(at).is_some_and(Option::is_some);
        if waits {
            changed |= hold_partner(parts, state, at);
            continue;
        }
        let satisfied = match operation.email_from {
            Some(EmailFrom::Released(holder)) => releases(parts, state, holder),
            Some(EmailFrom::Leaving(holder)) => leaves(state, holder),
            Some(EmailFrom::Free | EmailFrom::Archived(_)) | None => true,
        };
        if satisfied || state.without_email.contains(&at) {
            continue;
        }
        changed = true;
        if operation.action == Action::Create {
            if let Some(slot) = state.waits.get_mut(at) {
                *slot = Some(Waits::Dependency);
            }
        } else {
            keep_old_email(parts, at);
            state.without_email.insert(at);
        }
    }
    changed
}

fn releases(parts: &Finish<'_, '_>, state: &State, holder: PersonId) -> bool {
    state.by_person.get(&holder).is_some_and(|at| {
        let open = state.waits.get(*at).is_some_and(Option::is_none);
        open && !state.without_email.contains(at)
            && parts.operations.get(*at).is_some_and(|operation| {
                operation.before.as_ref().is_some_and(|before| before.email != operation.after.email)
            })
    })
}

fn leaves(state: &State, holder: PersonId) -> bool {
    state.by_person.get(&holder).is_some_and(|at| state.waits.get(*at).is_some_and(Option::is_none))
}

/// The e-mail change waits, other fields apply (K07).
fn keep_old_email(parts: &mut Finish<'_, '_>, at: usize) {
    let Some(operation) = parts.operations.get_mut(at) else { return };
    let Some(before) = &operation.before else { return };
    operation.after.email = before.email.clone();
    operation.after.aliases = before.aliases.clone();
    operation.email_from = None;
}

/// A removal waits with an add that waits for its address, or that is its pair (G08).
fn hold_partner(parts: &Finish<'_, '_>, state: &mut State, at: usize) -> bool {
    let Some(operation) = parts.operations.get(at) else { return false };
    if !super::gates::is_add(operation.action) {
        return false;
    }
    let mut partners: Vec<usize> =
        parts.pairs.iter().filter(|pair| pair.create == at).filter_map(|pair| pair.removal).collect();
    if let Some(EmailFrom::Leaving(holder)) = operation.email_from {
        partners.extend(state.by_person.get(&holder).copied());
    }
    let own = state.waits.get(at).cloned().flatten();
    let gate = match own {
        Some(Waits::Gate(trip)) => Waits::Gate(trip),
        _ => return false,
    };
    let mut changed = false;
    for partner in partners {
        if let Some(slot @ None) = state.waits.get_mut(partner) {
            *slot = Some(gate.clone());
            changed = true;
        }
    }
    changed
}

/// One question per tripped gate that holds something, per sticky rule, and per dark cause.
fn holds(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
    for (at, trip) in parts.trips.iter().enumerate() {
        let mine: Vec<usize> = held_by(state, |waits| *waits == Waits::Gate(at));
        let rows = parts.resolved.rekeyed.values().sum::<u64>() + parts.resolved.discontinuities.values().sum::<u64>();
        if mine.is_empty() && !(trip.what == What::All && rows > 0) {
            if trip.operations.is_empty() {
                let message = format!("{}: {} (nothing to hold)", trip.rule, trip.message);
                plan.notes.push(Finding::note("gate-with-nothing-to-hold", 0, message));
            }
            continue;
        }
        let hold = hold_of(parts, trip, &mine);
        plan.holds.push(hold);
    }
    sticky_holds(parts, state, plan);
    dark_holds(parts, state, plan);
    let dependent = held_by(state, |waits| *waits == Waits::Dependency).len() as u64 + state.without_email.len() as u64;
    if let Some(first) = plan.holds.first_mut() {
        first.waits_for_it = dependent;
    }
}

fn held_by(state: &State, wanted: impl Fn(&Waits) -> bool) -> Vec<usize> {
    state.waits.iter().enumerate().filter(|(_, waits)| waits.as_ref().is_some_and(&wanted)).map(|(at, _)| at).collect()
}

fn items(parts: &Finish<'_, '_>, operations: &[usize]) -> Vec<HeldItem> {
    operations
        .iter()
        .filter_map(|at| parts.operations.get(*at))
        .map(|operation| HeldItem {
            key: operation.key(),
            action: operation.action,
            person: operation.person,
            orgs: operation.after.orgs.clone(),
        })
        .collect()
}

fn hold_of(parts: &Finish<'_, '_>, trip: &Trip, operations: &[usize]) -> Hold {
    let feeds = &parts.input.feeds;
    let concerned: Vec<usize> = if trip.feeds.is_empty() || trip.what == What::All {
        feeds.iter().enumerate().filter(|(_, feed)| feed.delivery.is_some()).map(|(rank, _)| rank).collect()
    } else {
        trip.feeds.clone()
    };
    let deliveries = match trip.what {
        What::All => concerned.iter().filter_map(|rank| feeds.get(*rank)?.delivery.as_ref()).map(|d| d.id).collect(),
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
fn sticky_holds(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
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

fn dark_holds(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
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

fn dark_message(cause: &str, count: u64) -> String {
    let what = match cause.split_once(':') {
        Some(("role", role)) => format!("all {role}s of the feed"),
        Some(("org", org)) => format!("everybody of school {org}"),
        Some(("cell", cell)) => format!("everybody of {cell}"),
        _ => cause.to_owned(),
    };
    format!("{what} ({count} people) are missing: keep them until they come back, or archive them?")
}

fn rows(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
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
        let Some(delivery) = feed.delivery.as_ref().filter(|_| !parts.whole.contains_key(&rank)) else { continue };
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
                rows,
            },
        );
        let _ = delivery;
    }
}

fn row_result(parts: &Finish<'_, '_>, state: &State, candidate: &Candidate, person: Option<PersonId>) -> RowResult {
    let line = candidate.group.line;
    let mut result = RowResult { line, outcome: Outcome::Unchanged, rule: "".into(), person, findings: Vec::new() };
    let Some(decision) = candidate.decision else { return result };
    result.rule = decision.rule.as_str().into();
    if !candidate.group.disputed.is_empty() {
        result.findings.push(super::rows::disputed(line, &candidate.group.disputed));
    }
    let delivery = parts.input.feeds.get(candidate.feed).and_then(|feed| feed.delivery.as_ref());
    let required = delivery.is_some_and(|delivery| delivery.email_required);
    let Some(person) = person else {
        refuse(parts, candidate, required, &mut result);
        return result;
    };
    let derived = derived_of(parts, person);
    let operation = state.by_person.get(&person).copied();
    result.outcome = match operation.and_then(|at| state.waits.get(at)).and_then(Option::as_ref) {
        Some(waits) => Outcome::Held(rule_of(parts, waits)),
        None if operation.is_some_and(|at| state.without_email.contains(&at)) => Outcome::Held("dependency".into()),
        None => accepted(parts, candidate, derived, operation, &mut result.rule),
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
fn accepted(
    parts: &Finish<'_, '_>,
    candidate: &Candidate,
    derived: Option<&Derived>,
    operation: Option<usize>,
    rule: &mut Box<str>,
) -> Outcome {
    let class = derived.and_then(|d| d.classes.iter().find(|class| class.class == candidate.group.class));
    let Some(class) = class else { return Outcome::Unchanged };
    let word = Outcome::from_table(class.decision.row);
    let action = operation.and_then(|at| parts.operations.get(at)).map(|operation| operation.action);
    match word {
        Outcome::Created | Outcome::Restored | Outcome::Updated => match action {
            Some(Action::Create) => Outcome::Created,
            Some(Action::Restore) => Outcome::Restored,
            Some(_) if contributes(parts, candidate, operation) => Outcome::Updated,
            _ => Outcome::Unchanged,
        },
        Outcome::Unchanged | Outcome::Deactivated if candidate.group.record.status == Status::Inactive => {
            *rule = class.decision.rule.as_str().into();
            if action == Some(Action::Archive) { Outcome::Deactivated } else { Outcome::Unchanged }
        }
        other => {
            *rule = class.decision.rule.as_str().into();
            other
        }
    }
}

/// Did this row, and not another feed's, bring the change?
fn contributes(parts: &Finish<'_, '_>, candidate: &Candidate, operation: Option<usize>) -> bool {
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

fn refuse(parts: &Finish<'_, '_>, candidate: &Candidate, required: bool, result: &mut RowResult) {
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

fn email_in_use(parts: &Finish<'_, '_>, candidate: &Candidate, rejected: bool) -> Finding {
    let holder = candidate.b.and_then(|id| parts.resolved.world.person(id));
    let who = match holder.and_then(|person| person.numbers.first()) {
        Some((class, number)) => format!("the {class} with number {number}"),
        None => "another active person".to_owned(),
    };
    let email = candidate.group.record.email.as_deref().unwrap_or_default();
    let message = format!("the address belongs to {who}, who keeps it");
    let finding = if rejected {
        Finding::error("email-in-use", candidate.group.line, message)
    } else {
        Finding::warning("email-in-use", candidate.group.line, format!("{message}; the row goes in without it"))
    };
    finding.at("email", email).cure("give one of the two another address")
}

fn reject_finding(parts: &Finish<'_, '_>, candidate: &Candidate, code: &str) -> Finding {
    let line = candidate.group.line;
    let number = candidate.group.record.number.as_deref().unwrap_or_default();
    if code == "number-damaged" {
        let world = &parts.resolved.world;
        let stored = super::resolve::damaged_of(world, &candidate.group)
            .and_then(|id| world.person(id))
            .and_then(|person| person.numbers.iter().find(|(class, _)| *class == candidate.group.class))
            .map(|(_, number)| number.to_string())
            .unwrap_or_default();
        let message = format!("the number looks damaged: {stored} is on record for a person of this name");
        return Finding::error(code, line, message)
            .at("number", number)
            .cure("format the number column as text before saving, so that zeros stay");
    }
    Finding::error(code, line, "the row has neither a number nor an e-mail, so it cannot be told whose it is")
        .cure("add the number or the e-mail")
}

fn review_finding(line: u64, kind: &str) -> Finding {
    let message = match kind {
        "number-clash" => "the number belongs to somebody else than the name and address say",
        "number-reused" => "the number was somebody else's: it may have passed to another person",
        "renamed-while-away" => "the number belongs to an archived person of another name",
        "shared-address" => "the address belongs to a person of another name",
        "re-key-suspected" => "the same person seems to have a new number in this file",
        "returning-suspected" => "an archived person of this name had this address and was archived by hand",
        "alias-with-other-number" => "the address was once that of a person of this name with another number",
        "near-twin" => "a person of this name at this school comes through a sync",
        _ => "it cannot be told whose row this is",
    };
    Finding::warning(
        kind,
        line,
        format!("{message}; the row waits for review and everybody involved stays as they are"),
    )
    .cure("correct the row, or merge the two people by hand")
}

fn remark_finding(line: u64, remark: &Remark) -> Finding {
    let (code, message) = match remark.kind {
        RemarkKind::Drift => ("drift", "the roster holds another value and keeps it"),
        RemarkKind::ConflictKept => {
            ("conflict", "both the source and an operator changed it; the operator's value stays")
        }
        RemarkKind::ConflictTaken => {
            ("conflict-taken", "both the source and an operator changed it; the source's value counts")
        }
        RemarkKind::Disagreement => ("disagreement", "a source of higher rank says otherwise"),
    };
    Finding::note(code, line, message).at(remark.attribute.as_str(), &remark.theirs)
}

/// Two rows of one delivery that reach one person by different keys.
pub fn two_rows_one_person(line: u64, lines: &[u64], person: PersonId) -> RowResult {
    let others: Vec<String> = lines.iter().filter(|other| **other != line).map(u64::to_string).collect();
    let message = format!("line {} is about the same person by another key; none of them goes in", others.join(", "));
    RowResult {
        line,
        outcome: Outcome::Rejected("duplicate-conflict".into()),
        rule: "K00".into(),
        person: Some(person),
        findings: vec![Finding::error("duplicate-conflict", line, message).cure("keep one row a person")],
    }
}

fn claims(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
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
            let change = absence_change(parts, state, claim, &absence.gone, part);
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
        if let Some(feed) = plan.feeds.get_mut(&rank) {
            feed.counts = counts;
        }
    }
}

fn counts_of(parts: &Finish<'_, '_>, rank: usize) -> Counts {
    parts.input.feeds.get(rank).map(|feed| feed.meta.counts.clone()).unwrap_or_default()
}

#[allow(clippy::too_many_arguments)]
fn put_claim(
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
    let waits = operation.and_then(|at| state.waits.get(at)).and_then(Option::as_ref);
    if waits.is_some() {
        keep_waiting(parts, candidate, existing, operation, waits, plan);
        return;
    }
    let mut record = candidate.group.record.clone();
    let without_email = operation.is_some_and(|at| state.without_email.contains(&at));
    if without_email {
        record.email = existing.and_then(|claim| claim.record.email.clone());
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
        result.outcome.is_plain() && candidate.group.rows.len() == 1 && !without_email && !drops_email(candidate);
    plan.claims.push(ClaimChange::Put { claim, settled });
    if delivery.mode == Mode::Snapshot && candidate.group.record.status == Status::Active {
        end_bridges(parts, candidate, person, plan, counts, ended);
    }
}

fn fingerprints(delivery: &Delivery, candidate: &Candidate) -> Vec<[u8; 16]> {
    candidate.group.rows.iter().filter_map(|row| delivery.rows.get(*row)).map(|row| row.fingerprint).collect()
}

/// The person's operation waits: the row is seen, nothing new is asserted. A held removal by an
/// inactive row is remembered like one by absence (I31).
fn keep_waiting(
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
fn end_bridges(
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

/// Where an absent claim goes in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
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

fn book(ledger: &mut AbsentLedger, part: Part) {
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

fn absence_part(parts: &Finish<'_, '_>, state: &State, claim: &Claim, standing: &Standing) -> Part {
    let derived = derived_of(parts, claim.person);
    let person = parts.resolved.world.person(claim.person);
    let operation = state.by_person.get(&claim.person).copied();
    let waits = operation.is_some_and(|at| state.waits.get(at).is_some_and(Option::is_some));
    match standing {
        Standing::Protected => return Part::Protected,
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
            let owned = person.and_then(|p| p.class(claim.class)).is_some_and(|state| {
                matches!(state.owner, crate::roster::Owner::File(feed) | crate::roster::Owner::Sync(feed) if feed == claim.feed)
            });
            if owned { Part::HandedOver } else { Part::StillClaimed }
        }
        None => Part::StillClaimed,
    }
}

fn absence_change(parts: &Finish<'_, '_>, state: &State, claim: &Claim, gone: &Gone, part: Part) -> ClaimChange {
    match part {
        Part::Archived | Part::HandedOver | Part::StillClaimed | Part::AlreadyArchived => {
            ClaimChange::End { claim: claim.id }
        }
        Part::Protected if parts.resolved.scopes.values().any(|scope| is_rejected(parts, scope, claim)) => {
            ClaimChange::Seen { claim: claim.id, rejected: true }
        }
        Part::Held => {
            let waits = state.by_person.get(&claim.person).and_then(|at| state.waits.get(*at)).and_then(Option::as_ref);
            let rule = waits.map(|waits| rule_of(parts, waits)).unwrap_or_default();
            ClaimChange::Gone { claim: claim.id, gone: marked(gone.clone(), &rule, parts) }
        }
        Part::Protected | Part::Unproven | Part::Pinned | Part::Kept => {
            ClaimChange::Gone { claim: claim.id, gone: gone.clone() }
        }
    }
}

fn is_rejected(parts: &Finish<'_, '_>, scope: &super::scope::FeedScope, claim: &Claim) -> bool {
    scope.rejected.iter().any(|at| parts.resolved.world.claims.get(*at).is_some_and(|other| other.id == claim.id))
}

/// Marks a removal as held; counts the calm nights after which it may flow (section 11).
fn marked(mut gone: Gone, rule: &str, parts: &Finish<'_, '_>) -> Gone {
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
        .any(|delivery| !delivery.again && delivery.verdict != rosterd_contract::Verdict::Identical);
    if gates_tripped {
        gone.calm = 0;
    } else if different && gone.calm_at.is_none_or(|at| now - at >= chrono::TimeDelta::hours(12)) {
        gone.calm += 1;
        gone.calm_at = Some(now);
    }
    gone
}

/// Deliveries held whole: nothing of them is read into the roster, every row waits.
fn whole_deliveries(parts: &Finish<'_, '_>, plan: &mut Plan) {
    for (rank, holds) in &parts.whole {
        let Some(feed) = parts.input.feeds.get(*rank) else { continue };
        let Some(delivery) = &feed.delivery else { continue };
        let rule = holds.first().map_or("", |hold| hold.rule);
        let rows = delivery.rows.iter().map(|row| whole_row(row.line, &row.content, rule)).collect();
        plan.feeds.insert(
            *rank,
            FeedOutcome {
                feed: feed.meta.id,
                applied: false,
                accepted: false,
                held_by: Some(rule.into()),
                counts: feed.meta.counts.clone(),
                rows,
            },
        );
        let preview =
            parts.preview.as_ref().and_then(|preview| preview.get(rank)).map(Vec::as_slice).unwrap_or_default();
        for hold in holds {
            push_whole_hold(parts, *rank, hold, delivery, preview, plan);
        }
    }
}

fn whole_row(line: u64, content: &Content, rule: &str) -> RowResult {
    let (outcome, rule) = match content {
        Content::Rejected { code, .. } => (Outcome::Rejected(code.clone()), super::admission::rule_of(code)),
        Content::Valid(_) => (Outcome::Held(rule.into()), rule),
    };
    RowResult { line, outcome, rule: rule.into(), person: None, findings: Vec::new() }
}

fn push_whole_hold(
    parts: &Finish<'_, '_>,
    rank: usize,
    hold: &WholeHold,
    delivery: &Delivery,
    preview: &[Operation],
    plan: &mut Plan,
) {
    let Some(meta) = parts.input.feeds.get(rank).map(|feed| &feed.meta) else { return };
    let count = |action: Action| preview.iter().filter(|operation| operation.action == action).count();
    let effects = format!(
        "let in, it would create {}, restore {}, update {} and archive {}",
        count(Action::Create),
        count(Action::Restore),
        count(Action::Update),
        count(Action::Archive)
    );
    // Baselines of one source that wait together are one question (D17).
    if let Some(open) = plan.holds.iter_mut().find(|open| {
        &*open.rule == hold.rule && hold.rule == "D17" && open.scope.split('/').next() == Some(&*meta.source)
    }) {
        open.feeds.push(meta.id);
        open.deliveries.push(delivery.id);
        open.count += preview.len() as u64;
        open.scope = meta.source.to_string();
        open.message = format!("{}; {}: {effects}", open.message, meta.label());
        return;
    }
    plan.holds.push(Hold {
        rule: hold.rule.into(),
        what: What::Delivery,
        scope: meta.label(),
        cause: String::new(),
        feeds: vec![meta.id],
        deliveries: vec![delivery.id],
        count: preview.len() as u64,
        message: format!("{}; {effects}", hold.message),
        items: Vec::new(),
        waits_for_it: 0,
    });
}

/// How many people each scope would lose, of how many: an approval above a quarter needs the number.
fn scopes_of_removals(parts: &Finish<'_, '_>, state: &State, plan: &mut Plan) {
    let flows = |at: &usize| state.waits.get(*at).is_some_and(Option::is_none);
    let removed: Vec<usize> = (0..parts.operations.len())
        .filter(|at| parts.operations.get(*at).is_some_and(|o| o.action == Action::Archive))
        .filter(flows)
        .collect();
    plan.removals_by_scope.push(("the district".to_owned(), removed.len() as u64, parts.input.population.active));
    for (rank, feed) in parts.input.feeds.iter().enumerate() {
        let of_feed = removed
            .iter()
            .filter_map(|at| parts.operations.get(*at)?.removal.as_ref())
            .filter(|removal| removal.feeds.contains(&rank))
            .count() as u64;
        plan.removals_by_scope.push((feed.meta.label(), of_feed, feed.meta.counts.claims));
    }
}
