//! What the statements make of a person: fields, schools, numbers, address, role and owner.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use rosterd_contract::{Role, RoleClass, Status};

use super::{ALIAS_DAYS, ClassDecision, Context, Standpoint};
use crate::reconcile::identity_table::EmailMove;
use crate::reconcile::merge::{Remark, RemarkKind, Statement, merge_fields, merge_orgs};
use crate::reconcile::policy::FieldMode;
use crate::reconcile::presence::{File, Outcome};
use crate::reconcile::resolve::Candidate;
use crate::roster::person::Alias;
use crate::roster::{Attribute, ClassState, Owner, Person};

/// The live statements, highest rank first.
pub(super) fn live<'a>(
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
pub(super) fn apply_statements(
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
pub(super) fn handovers(
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

pub(super) fn owner_of(context: &Context<'_>, rank: usize) -> Option<Owner> {
    let meta = &context.feeds.get(rank)?.meta;
    Some(if meta.is_sync { Owner::Sync(meta.id) } else { Owner::File(meta.id) })
}

pub(super) fn adopt_number(after: &mut Person, candidate: &Candidate) {
    let Some(number) = &candidate.group.record.number else { return };
    let class = candidate.group.class;
    if !after.holds(class, number) {
        after.numbers.push((class, number.clone()));
    }
}

pub(super) fn take_email(context: &Context<'_>, after: &mut Person, candidate: &Candidate) -> Option<Remark> {
    let theirs = candidate.group.record.email.as_deref()?;
    let attribute = Attribute::Email;
    let moves = candidate
        .decision
        .is_some_and(|decision| matches!(decision.email, EmailMove::Take | EmailMove::Move | EmailMove::Depends));
    if after.email.as_deref() == Some(theirs) {
        // The source now says what an operator set: pin and alias have no more point.
        if let Some(pin) = after.pin(attribute) {
            let overrode = pin.overrode.clone();
            after.aliases.retain(|alias| alias.email != overrode);
        }
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

pub(super) fn base_email_differs(context: &Context<'_>, person: &Person, candidate: &Candidate) -> bool {
    context
        .feeds
        .get(candidate.feed)
        .and_then(|input| context.world.claim(input.meta.id, candidate.group.class, person.id))
        .and_then(|at| context.world.claims.get(at))
        .is_some_and(|claim| claim.record.email != candidate.group.record.email)
}

pub(super) fn update_class(
    context: &Context<'_>,
    after: &mut Person,
    class: &ClassDecision,
    statements: &[Statement<'_>],
) {
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
