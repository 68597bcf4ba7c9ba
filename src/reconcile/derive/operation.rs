//! What becomes of a person as a whole, and the one operation that says so.

use std::collections::BTreeSet;

use rosterd_contract::{Field, PersonRecord, Role, RoleClass};

use super::{ClassDecision, Context, Standpoint};
use crate::reconcile::identity_table::{Email, EmailMove, Who};
use crate::reconcile::input::{CellKey, cells_of};
use crate::reconcile::merge::Remark;
use crate::reconcile::names::discontinuous;
use crate::reconcile::plan::{Action, EmailFrom, Operation, Removal};
use crate::reconcile::presence::{self, File, Outcome};
use crate::reconcile::resolve::Candidate;
use crate::roster::{Person, State};

/// Which classes stand, and so what becomes of the person.
pub(super) fn settle_state(
    context: &Context<'_>,
    after: &mut Person,
    before: &Person,
    is_new: bool,
    classes: &[ClassDecision],
    points: &[Standpoint],
) -> (Option<Action>, &'static str) {
    let stands = |class: &&ClassDecision| match class.decision.outcome {
        Outcome::Archive | Outcome::NotCreated | Outcome::StayArchived => false,
        Outcome::Create | Outcome::Restore => true,
        _ => !before.state.is_archived() && before.class(class.class).is_some(),
    };
    let standing: Vec<&ClassDecision> = classes.iter().filter(stands).collect();
    let first_rule = |list: &[&ClassDecision]| list.first().map_or("", |class| class.decision.rule.as_str());
    let ended: Vec<&ClassDecision> =
        classes.iter().filter(|class| class.decision.outcome == Outcome::Archive).collect();
    if is_new {
        return match standing.is_empty() {
            true => (None, ""),
            false => (Some(Action::Create), first_rule(&standing)),
        };
    }
    if before.state.is_archived() {
        let restored = classes.iter().find(|class| class.decision.outcome == Outcome::Restore);
        return match restored {
            Some(class) => {
                restore(context, after, before, classes, points);
                (Some(Action::Restore), class.decision.rule.as_str())
            }
            None => {
                *after = before.clone();
                (None, "")
            }
        };
    }
    if standing.is_empty() && !ended.is_empty() {
        *after = before.clone();
        after.state = State::ArchivedAuto;
        after.archived_at = Some(context.world.now);
        return (Some(Action::Archive), first_rule(&ended));
    }
    for class in &ended {
        after.classes.retain(|state| state.class != class.class);
    }
    let rule = standing
        .iter()
        .find(|class| class.decision.class != presence::Class::None)
        .map_or_else(|| first_rule(&standing), |class| class.decision.rule.as_str());
    (Some(Action::Update), rule)
}

pub(super) fn restore(
    context: &Context<'_>,
    after: &mut Person,
    before: &Person,
    classes: &[ClassDecision],
    points: &[Standpoint],
) {
    after.state = State::Active;
    after.archived_at = None;
    let vouched: BTreeSet<RoleClass> =
        points.iter().filter(|point| point.file == File::Ok).map(|point| point.class).collect();
    let back = |class: RoleClass| classes.iter().any(|c| c.class == class && c.decision.outcome == Outcome::Restore);
    after.classes.retain(|state| vouched.contains(&state.class) && back(state.class));
    // A key that somebody else took over meanwhile is not this person's any more.
    let taken = after.email.as_deref().and_then(|email| context.world.email_holder(email));
    if after.email == before.email && taken.is_some_and(|holder| holder != after.id) {
        after.email = None;
    }
}

#[allow(clippy::too_many_arguments)]
pub(super) fn operation(
    context: &Context<'_>,
    before: &Person,
    is_new: bool,
    after: Person,
    action: Action,
    rule: &'static str,
    points: &[Standpoint],
    classes: &[ClassDecision],
    mine: &[usize],
    remarks: &[Remark],
) -> Operation {
    let candidates: Vec<&Candidate> = mine.iter().filter_map(|at| context.candidates.get(*at)).collect();
    let first = candidates.first();
    let email_from = (before.email != after.email || is_new)
        .then(|| candidates.iter().find_map(|candidate| email_source(candidate, &after)))
        .flatten();
    let removal = (action == Action::Archive).then(|| removal(context, before, points, classes));
    let by_status = removal.as_ref().is_some_and(|removal| removal.by_status);
    let mut feeds: Vec<usize> =
        points.iter().filter(|p| p.candidate.is_some() || p.gone.is_some()).map(|p| p.rank).collect();
    feeds.dedup();
    Operation {
        person: before.id,
        action,
        before: (!is_new).then(|| before.clone()),
        rule,
        identity: first.and_then(|candidate| candidate.decision).map(|decision| decision.rule.as_str()),
        evidence: first.map(|candidate| (candidate.feed, candidate.group.line)),
        rows: candidates.iter().flat_map(|c| c.group.rows.iter().map(|row| (c.feed, *row))).collect(),
        email_from,
        removal,
        remarks: remarks.to_vec(),
        feeds,
        content: (is_new || by_status).then(|| first.map(|candidate| content_hash(&candidate.group.record))).flatten(),
        discontinuous: !is_new && jumped(before, &candidates),
        matched: !is_new && !candidates.is_empty(),
        after,
    }
}

/// Evidence of a row: its normalised content.
pub fn content_hash(record: &PersonRecord) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in [record.number.as_deref(), record.email.as_deref(), record.role.map(Role::as_str)] {
        hasher.update(part.unwrap_or_default().as_bytes());
        hasher.update(&[0x1f]);
    }
    for (field, value) in record.fields.iter() {
        hasher.update(field.as_str().as_bytes());
        hasher.update(value.as_bytes());
        hasher.update(&[0x1f]);
    }
    for org in &record.orgs {
        hasher.update(org.as_bytes());
        hasher.update(&[0x1e]);
    }
    hasher.finalize().as_bytes().first_chunk::<16>().copied().unwrap_or_default()
}

pub(super) fn email_source(candidate: &Candidate, after: &Person) -> Option<EmailFrom> {
    if after.email != candidate.group.record.email {
        return None;
    }
    match (candidate.decision?.email, candidate.b) {
        (EmailMove::Take, Some(b)) if candidate.email == Email::OfArchivedB => Some(EmailFrom::Archived(b)),
        (EmailMove::Take, _) if matches!(candidate.email, Email::AliasOfX | Email::AliasOfA) => Some(EmailFrom::Alias),
        (EmailMove::Take, _) => Some(EmailFrom::Free),
        (EmailMove::Move, Some(b)) => Some(EmailFrom::Released(b)),
        (EmailMove::Depends, Some(b)) => Some(EmailFrom::Leaving(b)),
        _ => None,
    }
}

/// Neither the given nor the family name is what it was, or contains it (G07).
pub(super) fn jumped(before: &Person, candidates: &[&Candidate]) -> bool {
    candidates.iter().filter(|c| matches!(c.decision.map(|d| d.who), Some(Who::A | Who::B))).any(|candidate| {
        let record = &candidate.group.record;
        discontinuous(before.given(), record.given()) || discontinuous(before.family(), record.family())
    })
}

pub(super) fn removal(
    context: &Context<'_>,
    person: &Person,
    points: &[Standpoint],
    classes: &[ClassDecision],
) -> Removal {
    let mut removal = Removal::default();
    let ended: BTreeSet<RoleClass> =
        classes.iter().filter(|c| c.decision.outcome == Outcome::Archive).map(|c| c.class).collect();
    for point in points.iter().filter(|point| ended.contains(&point.class)) {
        if context.feeds.get(point.rank).is_none() {
            continue;
        }
        removal.feeds.push(point.rank);
        let cells: Vec<CellKey> = cells_of(&point.record);
        removal.grades.extend(cells.iter().filter_map(|cell| grade_cell(&point.record, &cell.org)));
        removal.cells.extend(cells.into_iter().map(|cell| (point.rank, cell)));
        removal.by_status |= point.file == File::Inactive;
        removal.since = removal.since.or(point.gone.as_ref().map(|gone| gone.since));
        if let Some(gone) = &point.gone
            && let Some(rule) = &gone.held
            && gone.calm < crate::reconcile::gates::CALM_DELIVERIES
        {
            removal.sticky = Some(rule.clone());
        }
    }
    removal.feeds.dedup();
    removal.classes = ended.into_iter().filter(|class| person.class(*class).is_some()).collect();
    removal
}

/// `org@grade`: a grade of a school, or a year of graduation where no grade is said.
pub fn grade_cell(record: &PersonRecord, org: &str) -> Option<String> {
    let grade = record.fields.get(Field::Grades).or_else(|| record.fields.get(Field::GradYear))?;
    (record.role == Some(Role::Student)).then(|| format!("{org}@{grade}"))
}
