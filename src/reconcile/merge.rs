//! Fields and precedence (design section 10): the three-way merge between what a source last said,
//! what it says now, and what the roster holds.

use std::collections::BTreeSet;

use rosterd_contract::{Field, PersonRecord, RoleClass};

use super::input::FeedMeta;
use super::policy::{FieldMode, Policy};
use super::world::World;
use crate::roster::{Attribute, FeedId, Person};

/// What the merge makes of one value (F3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    Unchanged,
    /// The local value stays; it differs from what the source keeps saying.
    Drift,
    /// The source's new value is taken.
    Take,
    /// Source and roster arrived at the same value: pin and alias dissolve.
    Converged,
    /// Both changed; the local value stays and the conflict is listed.
    ConflictKept,
    /// Both changed; the source's value is taken and the pin dissolves.
    ConflictTaken,
}

impl Merged {
    /// Is the source's value the result?
    pub const fn takes(self) -> bool {
        matches!(self, Self::Take | Self::ConflictTaken)
    }
}

/// The values that are merged.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// Said now by the source.
    pub theirs: &'a str,
    /// Last said by the source; `None` when it never spoke of the person before.
    pub base: Option<&'a str>,
    /// Held by the roster.
    pub ours: &'a str,
    /// An operator edited it.
    pub pinned: bool,
    /// The source takes the person over in this run (F6).
    pub handover: bool,
}

/// F3, F5 and F6 for one value. Without a pin, a roster value that differs from the base came from
/// another source, not from a person's hand, so the source that speaks now is believed.
pub fn three_way(mode: FieldMode, values: Values<'_>) -> Merged {
    let Values { theirs, base, ours, pinned, handover } = values;
    if theirs == ours {
        return if pinned { Merged::Converged } else { Merged::Unchanged };
    }
    match mode {
        FieldMode::LocalOnly => return Merged::Unchanged,
        FieldMode::CreateOnly => return Merged::Drift,
        FieldMode::Authoritative => return if pinned { Merged::ConflictTaken } else { Merged::Take },
        FieldMode::Sticky | FieldMode::TakeTheirs => {}
    }
    let theirs_same = base == Some(theirs);
    let ours_same = !pinned && base.is_none_or(|base| base == ours);
    match (theirs_same, ours_same) {
        (true, _) if handover && mode == FieldMode::TakeTheirs && !pinned => Merged::Take,
        (true, _) => Merged::Drift,
        (false, true) => Merged::Take,
        (false, false) if !pinned => Merged::Take,
        (false, false) if mode == FieldMode::TakeTheirs => Merged::ConflictTaken,
        (false, false) => Merged::ConflictKept,
    }
}

/// Does the record's address, if it is another one than the person's, win the merge?
pub fn email_wish(
    world: &World,
    policy: &Policy,
    meta: &FeedMeta,
    class: RoleClass,
    person: &Person,
    record: &PersonRecord,
) -> bool {
    let Some(theirs) = record.email.as_deref() else { return false };
    if outranked_on_email(world, meta.id, class, person) {
        return false;
    }
    let claim = world.claim(meta.id, class, person.id).and_then(|at| world.claims.get(at));
    let values = Values {
        theirs,
        base: claim.and_then(|claim| claim.record.email.as_deref()),
        ours: person.email.as_deref().unwrap_or_default(),
        pinned: person.pin(Attribute::Email).is_some(),
        handover: false,
    };
    three_way(policy.mode(Attribute::Email), values).takes()
}

/// Does a feed of higher rank still say an address of this person?
fn outranked_on_email(world: &World, feed: FeedId, class: RoleClass, person: &Person) -> bool {
    let rank = world.rank(feed);
    world.claims_of(person.id).iter().filter_map(|at| world.claims.get(*at).map(|claim| (*at, claim))).any(
        |(at, claim)| {
            !(claim.feed == feed && claim.class == class)
                && world.rank(claim.feed) < rank
                && claim.gone.is_none()
                && !world.absent.contains(&at)
                && claim.record.email.is_some()
        },
    )
}

/// A claim as it stands tonight, with what the feed said before.
#[derive(Debug, Clone)]
pub struct Statement<'a> {
    pub feed: FeedId,
    pub rank: usize,
    pub source: &'a str,
    pub class: RoleClass,
    pub record: &'a PersonRecord,
    /// What this feed said of the person before; `None` for a new claim.
    pub base: Option<&'a PersonRecord>,
    /// The claim is new or its record changed tonight.
    pub changed: bool,
    /// This feed takes the person over in this run.
    pub handover: bool,
}

/// A merge result worth telling: a drift, a conflict, a difference between sources (F9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub attribute: Attribute,
    pub kind: RemarkKind,
    pub theirs: Box<str>,
}

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RemarkKind {
    Drift,
    ConflictKept,
    ConflictTaken,
    Disagreement,
}

/// Applies the statements about one person, highest rank first, to every field but e-mail, role and
/// schools, which have rules of their own.
pub fn merge_fields(person: &mut Person, policy: &Policy, statements: &[Statement<'_>]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for field in Field::ALL {
        let attribute = Attribute::Field(field);
        let mut spoken = false;
        for statement in by_authority(policy, field, statements) {
            let said = said(statement.record, field);
            let Some(theirs) = said else { continue };
            if spoken {
                note_disagreement(person, attribute, theirs, &mut remarks);
                continue;
            }
            spoken = true;
            if !(statement.changed || statement.handover) {
                continue;
            }
            let values = Values {
                theirs,
                base: statement.base.and_then(|base| self::said(base, field)),
                ours: person.fields.text(field),
                pinned: person.pin(attribute).is_some(),
                handover: statement.handover,
            };
            let merged = three_way(policy.mode(attribute), values);
            if let Some(remark) = settle(person, attribute, merged, theirs) {
                remarks.push(remark);
            }
        }
    }
    remarks
}

fn by_authority<'s, 'a>(policy: &Policy, field: Field, statements: &'s [Statement<'a>]) -> Vec<&'s Statement<'a>> {
    let mut ordered: Vec<&Statement<'a>> = statements.iter().collect();
    if let Some(sources) = policy.authority.get(&field) {
        ordered.sort_by_key(|statement| {
            let place = sources.iter().position(|source| source == statement.source);
            (place.unwrap_or(usize::MAX), statement.rank)
        });
    }
    ordered
}

/// What a record says of a field: a value, or empty where a blank clears.
fn said(record: &PersonRecord, field: Field) -> Option<&str> {
    record.fields.get(field).or_else(|| record.clears.contains(&field).then_some(""))
}

fn note_disagreement(person: &Person, attribute: Attribute, theirs: &str, remarks: &mut Vec<Remark>) {
    if person.text(attribute) != theirs {
        remarks.push(Remark { attribute, kind: RemarkKind::Disagreement, theirs: theirs.into() });
    }
}

/// Writes the result of a merge into the person; pins dissolve where they have no more point.
pub fn settle(person: &mut Person, attribute: Attribute, merged: Merged, theirs: &str) -> Option<Remark> {
    if matches!(merged, Merged::Converged | Merged::ConflictTaken) {
        person.pins.retain(|pin| pin.attribute != attribute);
    }
    if merged.takes() {
        set(person, attribute, theirs);
    }
    let kind = match merged {
        Merged::Drift => RemarkKind::Drift,
        Merged::ConflictKept => RemarkKind::ConflictKept,
        Merged::ConflictTaken => RemarkKind::ConflictTaken,
        Merged::Unchanged | Merged::Take | Merged::Converged => return None,
    };
    Some(Remark { attribute, kind, theirs: theirs.into() })
}

/// Sets a field or the schools from text; e-mail and role are set where their rules are.
fn set(person: &mut Person, attribute: Attribute, value: &str) {
    match attribute {
        Attribute::Field(field) if value.is_empty() => person.fields.remove(field),
        Attribute::Field(field) => person.fields.set(field, value),
        Attribute::Orgs => person.orgs = split_list(value),
        Attribute::Email | Attribute::Role => {}
    }
}

/// A comma-joined list, sorted, without doubles and empty parts.
pub fn split_list(text: &str) -> Vec<Box<str>> {
    let parts: BTreeSet<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    parts.into_iter().map(Into::into).collect()
}

/// Schools are the union over the live claims (F2); an operator's edit stays until sources move.
pub fn merge_orgs(person: &mut Person, policy: &Policy, statements: &[Statement<'_>]) -> Option<Remark> {
    let union = |records: Vec<&PersonRecord>| -> String {
        let orgs: BTreeSet<&str> = records.iter().flat_map(|record| record.orgs.iter().map(|org| &**org)).collect();
        orgs.into_iter().collect::<Vec<_>>().join(",")
    };
    let theirs = union(statements.iter().map(|statement| statement.record).collect());
    let bases: Vec<&PersonRecord> =
        statements.iter().filter_map(|s| if s.changed { s.base } else { Some(s.record) }).collect();
    let base = union(bases.clone());
    if theirs.is_empty() {
        return None; // no feed says a school: what is there stays (F7)
    }
    let ours = person.text(Attribute::Orgs);
    let values = Values {
        theirs: &theirs,
        base: (!bases.is_empty()).then_some(base.as_str()),
        ours: &ours,
        pinned: person.pin(Attribute::Orgs).is_some(),
        handover: true,
    };
    let merged = three_way(policy.mode(Attribute::Orgs), values);
    settle(person, Attribute::Orgs, merged, &theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<'a>(theirs: &'a str, base: &'a str, ours: &'a str, pinned: bool) -> Values<'a> {
        Values { theirs, base: Some(base), ours, pinned, handover: false }
    }

    #[test]
    fn f3_every_line_of_the_table() {
        for (mode, conflict) in
            [(FieldMode::Sticky, Merged::ConflictKept), (FieldMode::TakeTheirs, Merged::ConflictTaken)]
        {
            assert_eq!(three_way(mode, values("a", "a", "a", false)), Merged::Unchanged);
            assert_eq!(three_way(mode, values("a", "a", "b", true)), Merged::Drift, "local edit stays");
            assert_eq!(three_way(mode, values("c", "a", "a", false)), Merged::Take);
            assert_eq!(three_way(mode, values("b", "a", "b", true)), Merged::Converged);
            assert_eq!(three_way(mode, values("c", "a", "b", true)), conflict);
        }
    }

    #[test]
    fn f5_modes_per_field() {
        assert_eq!(three_way(FieldMode::Authoritative, values("a", "a", "b", true)), Merged::ConflictTaken);
        assert_eq!(three_way(FieldMode::CreateOnly, values("c", "a", "a", false)), Merged::Drift);
        assert_eq!(three_way(FieldMode::LocalOnly, values("c", "a", "a", false)), Merged::Unchanged);
    }

    #[test]
    fn f6_an_unchanged_dormant_value_overwrites_only_what_is_the_sources() {
        let dormant = Values { handover: true, ..values("a", "a", "b", false) };
        assert_eq!(three_way(FieldMode::Sticky, dormant), Merged::Drift);
        assert_eq!(three_way(FieldMode::TakeTheirs, dormant), Merged::Take);
    }
}
