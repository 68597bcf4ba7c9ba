//! From statements to people: the presence table and the merge of fields, for everybody whose
//! claims changed. The result is one operation a person, before any gate.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::TimeDelta;
use rosterd_contract::{Field, PersonRecord, Role, RoleClass, Status};

use super::identity_table::{EmailMove, Who};
use super::input::{CellKey, FeedInput, cells_of};
use super::merge::{Remark, RemarkKind, Statement, merge_fields, merge_orgs};
use super::names::discontinuous;
use super::plan::{Action, EmailFrom, Operation, Removal};
use super::policy::{Absence as AbsencePolicy, FieldMode, Policy};
use super::presence::{self, Age, Decision, File, Outcome, Pinned, Stored, Sync};
use super::resolve::Candidate;
use super::scope::{FeedScope, Standing};
use super::world::World;
use crate::roster::person::Alias;
use crate::roster::{Attribute, Claim, ClassState, Gone, Owner, Person, PersonId, PresencePin, SeenAs, State};

/// How long a replaced address still finds its person (section 7).
pub const ALIAS_DAYS: i64 = 400;

/// What derivation knows of the run.
pub struct Context<'a> {
    pub world: &'a World,
    pub policy: &'a Policy,
    pub feeds: &'a [FeedInput],
    pub scopes: &'a BTreeMap<usize, FeedScope>,
    pub candidates: &'a [Candidate],
    /// Claims (by index) that are absent tonight: feed rank and place in its scope.
    pub absences: &'a HashMap<usize, (usize, usize)>,
}

/// A claim as it stands tonight.
#[derive(Debug, Clone)]
pub struct Standpoint {
    pub rank: usize,
    pub class: RoleClass,
    /// Index of the stored claim.
    pub claim: Option<usize>,
    /// Index of the candidate that carries it tonight.
    pub candidate: Option<usize>,
    pub record: PersonRecord,
    pub file: File,
    pub kept_by_decision: bool,
    pub gone: Option<Gone>,
}

/// The decision for one role-class of a person.
#[derive(Debug, Clone)]
pub struct ClassDecision {
    pub class: RoleClass,
    pub decision: Decision,
    /// Absence that the role's policy only flags.
    pub flagged: bool,
}

/// One person, derived.
#[derive(Debug, Clone)]
pub struct Derived {
    pub person: PersonId,
    pub classes: Vec<ClassDecision>,
    pub standpoints: Vec<Standpoint>,
    pub operation: Option<Operation>,
    pub remarks: Vec<Remark>,
}

/// Derives one person from everything that is claimed about them tonight.
pub fn derive(context: &Context<'_>, person: &Person, is_new: bool, mine: &[usize]) -> Derived {
    let standpoints = standpoints(context, person, mine);
    let classes = decide_classes(context, person, is_new, &standpoints);
    let mut after = person.clone();
    let remarks = apply_statements(context, &mut after, person, is_new, &standpoints, &classes, mine);
    let (action, rule) = settle_state(context, &mut after, person, is_new, &classes, &standpoints);
    let changed = is_new || differs(person, &after);
    let operation = action
        .filter(|action| changed || *action != Action::Update)
        .map(|action| operation(context, person, is_new, after, action, rule, &standpoints, &classes, mine, &remarks));
    Derived { person: person.id, classes, standpoints, operation, remarks }
}

/// Is there anything to write? Aliases alone (that ran out) are not a change of the person.
fn differs(before: &Person, after: &Person) -> bool {
    before != after
}

fn standpoints(context: &Context<'_>, person: &Person, mine: &[usize]) -> Vec<Standpoint> {
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

fn carries(context: &Context<'_>, candidate: usize, claim: &Claim) -> bool {
    context.candidates.get(candidate).is_some_and(|candidate| {
        candidate.group.class == claim.class
            && context.feeds.get(candidate.feed).is_some_and(|input| input.meta.id == claim.feed)
    })
}

const fn file_state(status: Status) -> File {
    match status {
        Status::Active => File::Ok,
        Status::Inactive => File::Inactive,
    }
}

fn standpoint_of_claim(context: &Context<'_>, at: usize, claim: &Claim, carried: Option<usize>) -> Standpoint {
    let rank = context.world.rank(claim.feed);
    let candidate = carried.and_then(|candidate| context.candidates.get(candidate));
    let absence = context.absences.get(&at).and_then(|(feed, place)| context.scopes.get(feed)?.absences.get(*place));
    let rejected = context.scopes.get(&rank).is_some_and(|scope| scope.rejected.contains(&at));
    let file = match (candidate, absence) {
        (Some(candidate), _) => file_state(candidate.group.record.status),
        (None, Some(absence)) => match absence.standing {
            Standing::Proven | Standing::MovedClass => File::Absent,
            Standing::Protected => File::Rejected,
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

fn decide_classes(context: &Context<'_>, person: &Person, is_new: bool, points: &[Standpoint]) -> Vec<ClassDecision> {
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

fn is_sync(context: &Context<'_>, point: &Standpoint) -> bool {
    context.feeds.get(point.rank).is_some_and(|input| input.meta.is_sync)
}

/// A sync's claim in the words of the table: what a file's states mean when a sync says them.
const fn sync_state(point: &Standpoint) -> Sync {
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
fn flagged(policy: &Policy, person: &Person, class: RoleClass, decision: &Decision) -> bool {
    if decision.outcome != Outcome::Archive {
        return false;
    }
    let listed = person.email.as_deref().is_some_and(|email| policy.protected.contains(email))
        || person.numbers.iter().any(|(_, number)| policy.protected.contains(&**number));
    let by_absence = matches!(decision.rule, presence::Rule::P31 | presence::Rule::P32);
    let role = person.class(class).map(|state| state.role);
    listed || (by_absence && role.is_some_and(|role| policy.absence(role) == AbsencePolicy::FlagOnly))
}

fn stored(person: &Person, is_new: bool, class: RoleClass) -> Stored {
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
fn age(context: &Context<'_>, person: &Person, own: &[&Standpoint]) -> Age {
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

/// The live statements, highest rank first.
fn live<'a>(
    context: &'a Context<'_>,
    points: &'a [Standpoint],
    handovers: &BTreeSet<(usize, RoleClass)>,
) -> Vec<Statement<'a>> {
    points
        .iter()
        .filter(|point| point.file == File::Ok)
        .filter_map(|point| {
            let meta = &context.feeds.get(point.rank)?.meta;
            let base = point.claim.and_then(|at| context.world.claims.get(at)).map(|claim| &claim.record);
            let changed = point.candidate.is_some() && base != Some(&point.record);
            Some(Statement {
                feed: meta.id,
                rank: point.rank,
                source: &meta.source,
                class: point.class,
                record: &point.record,
                base,
                changed,
                handover: handovers.contains(&(point.rank, point.class)),
            })
        })
        .collect()
}

#[allow(clippy::too_many_arguments)]
fn apply_statements(
    context: &Context<'_>,
    after: &mut Person,
    before: &Person,
    is_new: bool,
    points: &[Standpoint],
    classes: &[ClassDecision],
    mine: &[usize],
) -> Vec<Remark> {
    let writes = classes.iter().any(|class| {
        matches!(
            class.decision.outcome,
            Outcome::Create
                | Outcome::Restore
                | Outcome::Update
                | Outcome::Takeover
                | Outcome::Adopt
                | Outcome::Handover
        )
    });
    if !writes {
        return Vec::new();
    }
    let handovers = handovers(context, before, is_new, points);
    let statements = live(context, points, &handovers);
    let mut remarks = merge_fields(after, context.policy, &statements);
    remarks.extend(merge_orgs(after, context.policy, &statements));
    for at in mine {
        if let Some(candidate) = context.candidates.get(*at).filter(|c| c.group.record.status == Status::Active) {
            adopt_number(after, candidate);
            remarks.extend(take_email(context, after, candidate));
        }
    }
    for class in classes {
        update_class(context, after, class, &statements);
    }
    remarks
}

/// Feeds that become the owner of a class in this run (F6).
fn handovers(
    context: &Context<'_>,
    before: &Person,
    is_new: bool,
    points: &[Standpoint],
) -> BTreeSet<(usize, RoleClass)> {
    if is_new {
        return BTreeSet::new();
    }
    RoleClass::ALL
        .into_iter()
        .filter_map(|class| {
            let top = points.iter().find(|point| point.class == class && point.file == File::Ok)?;
            let owner = before.class(class).map(|state| state.owner);
            let own = owner_of(context, top.rank);
            (owner.is_some() && owner != own).then_some((top.rank, class))
        })
        .collect()
}

fn owner_of(context: &Context<'_>, rank: usize) -> Option<Owner> {
    let meta = &context.feeds.get(rank)?.meta;
    Some(if meta.is_sync { Owner::Sync(meta.id) } else { Owner::File(meta.id) })
}

fn adopt_number(after: &mut Person, candidate: &Candidate) {
    let Some(number) = &candidate.group.record.number else { return };
    let class = candidate.group.class;
    if !after.holds(class, number) {
        after.numbers.push((class, number.clone()));
    }
}

fn take_email(context: &Context<'_>, after: &mut Person, candidate: &Candidate) -> Option<Remark> {
    let theirs = candidate.group.record.email.as_deref()?;
    let attribute = Attribute::Email;
    let moves = candidate
        .decision
        .is_some_and(|decision| matches!(decision.email, EmailMove::Take | EmailMove::Move | EmailMove::Depends));
    if after.email.as_deref() == Some(theirs) {
        // The source now says what an operator set: pin and alias have no more point.
        after.pins.retain(|pin| pin.attribute != attribute);
        return None;
    }
    if !moves {
        let kind =
            if after.pin(attribute).is_some() && !candidate.wishes && base_email_differs(context, after, candidate) {
                RemarkKind::ConflictKept
            } else {
                RemarkKind::Drift
            };
        return Some(Remark { attribute, kind, theirs: theirs.into() });
    }
    let until = context.world.now + TimeDelta::days(ALIAS_DAYS);
    if let Some(old) = after.email.take() {
        after.aliases.retain(|alias| alias.email != old);
        after.aliases.push(Alias { email: old, until });
    }
    after.aliases.retain(|alias| *alias.email != *theirs);
    after.email = Some(theirs.into());
    if after.pin(attribute).is_some() {
        after.pins.retain(|pin| pin.attribute != attribute);
        return Some(Remark { attribute, kind: RemarkKind::ConflictTaken, theirs: theirs.into() });
    }
    None
}

fn base_email_differs(context: &Context<'_>, person: &Person, candidate: &Candidate) -> bool {
    context
        .feeds
        .get(candidate.feed)
        .and_then(|input| context.world.claim(input.meta.id, candidate.group.class, person.id))
        .and_then(|at| context.world.claims.get(at))
        .is_some_and(|claim| claim.record.email != candidate.group.record.email)
}

fn update_class(context: &Context<'_>, after: &mut Person, class: &ClassDecision, statements: &[Statement<'_>]) {
    let Some(top) = statements.iter().find(|statement| statement.class == class.class) else { return };
    let owner = owner_of(context, top.rank).unwrap_or(Owner::Local);
    let said = top.record.role.unwrap_or(Role::Other);
    let held = after.class(class.class).map(|state| state.role);
    let pinned = after.pin(Attribute::Role).is_some();
    let role = match held {
        None => said,
        Some(held) if said == held => {
            if pinned && top.changed {
                after.pins.retain(|pin| pin.attribute != Attribute::Role);
            }
            held
        }
        Some(held) => {
            let base = top.base.and_then(|base| base.role);
            let keeps = pinned && (base == Some(said) || context.policy.mode(Attribute::Role) == FieldMode::Sticky);
            let unmoved = !pinned && base == Some(said) && !top.handover;
            if keeps || unmoved {
                held
            } else {
                after.pins.retain(|pin| pin.attribute != Attribute::Role);
                said
            }
        }
    };
    after.set_class(ClassState { class: class.class, role, owner });
}

/// Which classes stand, and so what becomes of the person.
fn settle_state(
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
                restore(context, after, classes, points);
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

fn restore(context: &Context<'_>, after: &mut Person, classes: &[ClassDecision], points: &[Standpoint]) {
    after.state = State::Active;
    after.archived_at = None;
    let vouched: BTreeSet<RoleClass> =
        points.iter().filter(|point| point.file == File::Ok).map(|point| point.class).collect();
    let back = |class: RoleClass| classes.iter().any(|c| c.class == class && c.decision.outcome == Outcome::Restore);
    after.classes.retain(|state| vouched.contains(&state.class) && back(state.class));
    // A key that somebody else took over meanwhile is not this person's any more.
    let taken = after.email.as_deref().and_then(|email| context.world.email_holder(email));
    if taken.is_some_and(|holder| holder != after.id) {
        after.email = None;
    }
}

#[allow(clippy::too_many_arguments)]
fn operation(
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
        content: is_new.then(|| first.map(|candidate| content_hash(&candidate.group.record))).flatten(),
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

fn email_source(candidate: &Candidate, after: &Person) -> Option<EmailFrom> {
    if after.email != candidate.group.record.email {
        return None;
    }
    match (candidate.decision?.email, candidate.b) {
        (EmailMove::Take, Some(b)) if candidate.email == super::identity_table::Email::OfArchivedB => {
            Some(EmailFrom::Archived(b))
        }
        (EmailMove::Take, _) => Some(EmailFrom::Free),
        (EmailMove::Move, Some(b)) => Some(EmailFrom::Released(b)),
        (EmailMove::Depends, Some(b)) => Some(EmailFrom::Leaving(b)),
        _ => None,
    }
}

/// Neither the given nor the family name is what it was, or contains it (G07).
fn jumped(before: &Person, candidates: &[&Candidate]) -> bool {
    candidates.iter().filter(|c| matches!(c.decision.map(|d| d.who), Some(Who::A | Who::B))).any(|candidate| {
        let record = &candidate.group.record;
        discontinuous(before.given(), record.given()) || discontinuous(before.family(), record.family())
    })
}

fn removal(context: &Context<'_>, person: &Person, points: &[Standpoint], classes: &[ClassDecision]) -> Removal {
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
        if let Some(gone) = &point.gone
            && let Some(rule) = &gone.held
            && gone.calm < super::gates::CALM_DELIVERIES
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
