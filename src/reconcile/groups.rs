//! Several rows for one person inside one delivery (design section 7): exact doubles, conflicts,
//! merges, and one address on several rows. The result never depends on the order of rows.

use std::collections::{BTreeMap, BTreeSet};

use rosterd_contract::{Field, PersonRecord, RoleClass};

use super::names::{NameMatch, Names, compare};

/// A valid row on its way into groups.
#[derive(Debug, Clone)]
pub struct Member {
    /// Index of the row in its delivery.
    pub row: usize,
    pub line: u64,
    pub class: RoleClass,
    pub record: PersonRecord,
}

/// One person as a delivery describes them: a row, or several that were merged.
#[derive(Debug, Clone)]
pub struct Group {
    pub class: RoleClass,
    pub record: PersonRecord,
    /// Rows that make it up, the one accounted for first.
    pub rows: Vec<usize>,
    pub line: u64,
    /// The address stands on another row too and is not this row's to take.
    pub email_shared: bool,
    /// Single-valued fields on which merged rows differed.
    pub disputed: Vec<Field>,
}

/// Why a row does not go on by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aside {
    DuplicateOf(u64),
    MergedInto(u64),
    /// K00: the whole group is rejected, with the reason and the lines concerned.
    Rejected {
        code: &'static str,
        lines: Vec<u64>,
    },
}

/// Groups the valid rows of one delivery; `asides` come with the index of their row.
///
/// `held` tells whether somebody in the roster holds an address.
pub fn group(
    members: Vec<Member>,
    email_required: bool,
    held: &dyn Fn(&str) -> bool,
) -> (Vec<Group>, Vec<(usize, Aside)>) {
    let mut asides = Vec::new();
    let singles = merge_same_key(members, &mut asides);
    let groups = settle_shared_addresses(singles, email_required, held, &mut asides);
    (groups, asides)
}

fn key(member: &Member) -> (RoleClass, u8, Box<str>) {
    match (&member.record.number, &member.record.email) {
        (Some(number), _) => (member.class, 0, number.clone()),
        (None, email) => (member.class, 1, email.clone().unwrap_or_default()),
    }
}

/// Rows with one number (or, without number, one address) in one class.
fn merge_same_key(members: Vec<Member>, asides: &mut Vec<(usize, Aside)>) -> Vec<Group> {
    let mut by_key: BTreeMap<_, Vec<Member>> = BTreeMap::new();
    for member in members {
        by_key.entry(key(&member)).or_default().push(member);
    }
    let mut groups: Vec<Group> = by_key
        .into_values()
        .filter_map(|mut same| {
            same.sort_by_key(|member| member.line);
            merge(same, asides)
        })
        .collect();
    groups.sort_by_key(|group| group.line);
    groups
}

fn merge(same: Vec<Member>, asides: &mut Vec<(usize, Aside)>) -> Option<Group> {
    let mut distinct: Vec<Member> = Vec::new();
    for member in same {
        match distinct.iter().find(|kept| kept.record == member.record) {
            Some(kept) => asides.push((member.row, Aside::DuplicateOf(kept.line))),
            None => distinct.push(member),
        }
    }
    if conflict(&distinct) {
        let lines: Vec<u64> = distinct.iter().map(|member| member.line).collect();
        for member in &distinct {
            asides.push((member.row, Aside::Rejected { code: "duplicate-conflict", lines: lines.clone() }));
        }
        // The doubles of a rejected row are rejected with it: nothing of the group went in.
        for aside in asides.iter_mut() {
            if matches!(&aside.1, Aside::DuplicateOf(line) if lines.contains(line)) {
                aside.1 = Aside::Rejected { code: "duplicate-conflict", lines: lines.clone() };
            }
        }
        return None;
    }
    let mut rest = distinct.iter();
    let first = rest.next()?;
    for member in rest {
        asides.push((member.row, Aside::MergedInto(first.line)));
    }
    let (record, disputed) = combined(&distinct);
    let rows = distinct.iter().map(|member| member.row).collect();
    Some(Group { class: first.class, record, rows, line: first.line, email_shared: false, disputed })
}

/// Given name, family name, e-mail, number or birth date said twice and differently.
fn conflict(distinct: &[Member]) -> bool {
    let differs = |value: &dyn Fn(&PersonRecord) -> Option<String>| {
        let said: BTreeSet<String> = distinct.iter().filter_map(|member| value(&member.record)).collect();
        said.len() > 1
    };
    differs(&|record| record.email.as_deref().map(str::to_owned))
        || differs(&|record| record.number.as_deref().map(str::to_owned))
        || [Field::GivenName, Field::FamilyName, Field::BirthDate]
            .into_iter()
            .any(|field| differs(&|record| record.fields.get(field).map(str::to_owned)))
}

/// Schools are joined; other single values come from the smallest school, then the smallest value.
fn combined(distinct: &[Member]) -> (PersonRecord, Vec<Field>) {
    let mut by_school: Vec<&Member> = distinct.iter().collect();
    by_school.sort_by(|a, b| {
        (&a.record.orgs, a.record.role, a.record.fields.iter().collect::<Vec<_>>()).cmp(&(
            &b.record.orgs,
            b.record.role,
            b.record.fields.iter().collect::<Vec<_>>(),
        ))
    });
    let mut record = match by_school.first() {
        Some(first) => first.record.clone(),
        None => return (empty_record(), Vec::new()),
    };
    let mut disputed = BTreeSet::new();
    for member in by_school.iter().skip(1) {
        let other = &member.record;
        record.number = record.number.take().or_else(|| other.number.clone());
        record.email = record.email.take().or_else(|| other.email.clone());
        record.role = record.role.or(other.role);
        record.orgs.extend(other.orgs.iter().cloned());
        record.status = record.status.min(other.status);
        for (field, value) in other.fields.iter() {
            match record.fields.get(field) {
                None => record.fields.set(field, value),
                Some(kept) if kept != value => {
                    disputed.insert(field);
                }
                Some(_) => {}
            }
        }
    }
    record.orgs.sort();
    record.orgs.dedup();
    (record, disputed.into_iter().collect())
}

fn empty_record() -> PersonRecord {
    PersonRecord {
        number: None,
        email: None,
        role: None,
        orgs: Vec::new(),
        status: rosterd_contract::Status::Active,
        fields: rosterd_contract::Fields::new(),
        clears: Vec::new(),
    }
}

/// One address on several groups of a delivery.
fn settle_shared_addresses(
    groups: Vec<Group>,
    email_required: bool,
    held: &dyn Fn(&str) -> bool,
    asides: &mut Vec<(usize, Aside)>,
) -> Vec<Group> {
    let mut by_email: BTreeMap<Box<str>, Vec<usize>> = BTreeMap::new();
    for (at, group) in groups.iter().enumerate() {
        if let Some(email) = &group.record.email {
            by_email.entry(email.clone()).or_default().push(at);
        }
    }
    let mut slots: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
    for (email, sharing) in by_email.into_iter().filter(|(_, sharing)| sharing.len() > 1) {
        settle_one(&mut slots, &sharing, email_required, held(&email), asides);
    }
    slots.into_iter().flatten().collect()
}

fn settle_one(
    slots: &mut [Option<Group>],
    sharing: &[usize],
    email_required: bool,
    is_held: bool,
    asides: &mut Vec<(usize, Aside)>,
) {
    let (numbered, blank): (Vec<usize>, Vec<usize>) = sharing
        .iter()
        .copied()
        .partition(|at| slots.get(*at).and_then(Option::as_ref).is_some_and(|group| group.record.number.is_some()));
    for at in &blank {
        absorb_blank(slots, *at, &numbered, asides);
    }
    let mut left: Vec<usize> =
        sharing.iter().copied().filter(|at| slots.get(*at).is_some_and(Option::is_some)).collect();
    if left.len() < 2 || one_human_in_several_classes(slots, &left) {
        return;
    }
    if numbered.len() == 1 && is_held {
        // The numbered row stands; whose the other is, identity decides by the holder (K28, K29).
        left.retain(|at| !numbered.contains(at));
        if left.len() < 2 {
            return;
        }
    }
    if email_required {
        let lines: Vec<u64> = left.iter().filter_map(|at| slots.get(*at)?.as_ref()).map(|group| group.line).collect();
        for at in left {
            reject(slots, at, "email-shared", &lines, asides);
        }
    } else {
        for at in left {
            if let Some(Some(group)) = slots.get_mut(at) {
                group.email_shared = true;
            }
        }
    }
}

/// A row with number and e-mail, and one with the same e-mail and no number: merged when the names
/// agree, else the blank one is ambiguous.
fn absorb_blank(slots: &mut [Option<Group>], at: usize, numbered: &[usize], asides: &mut Vec<(usize, Aside)>) {
    let Some(blank) = slots.get(at).and_then(Clone::clone) else { return };
    let same_class: Vec<usize> = numbered
        .iter()
        .copied()
        .filter(|other| slots.get(*other).and_then(Option::as_ref).is_some_and(|group| group.class == blank.class))
        .collect();
    let [single] = same_class[..] else {
        if !same_class.is_empty() {
            reject(slots, at, "ambiguous-email", &[blank.line], asides);
        }
        return;
    };
    let agrees =
        slots.get(single).and_then(Option::as_ref).is_some_and(|group| agree(group, &blank).name == NameMatch::Same);
    if !agrees {
        reject(slots, at, "ambiguous-email", &[blank.line], asides);
        return;
    }
    if let Some(Some(group)) = slots.get_mut(single) {
        group.record.orgs.extend(blank.record.orgs.iter().cloned());
        group.record.orgs.sort();
        group.record.orgs.dedup();
        for row in &blank.rows {
            asides.push((*row, Aside::MergedInto(group.line)));
        }
        group.rows.extend(blank.rows);
    }
    if let Some(slot) = slots.get_mut(at) {
        *slot = None;
    }
}

fn reject(slots: &mut [Option<Group>], at: usize, code: &'static str, lines: &[u64], asides: &mut Vec<(usize, Aside)>) {
    if let Some(group) = slots.get_mut(at).and_then(Option::take) {
        for row in group.rows {
            asides.retain(|aside| aside.0 != row);
            asides.push((row, Aside::Rejected { code, lines: lines.to_vec() }));
        }
    }
}

/// Ann the teacher and Ann the guardian: different classes, the whole name agrees.
fn one_human_in_several_classes(slots: &[Option<Group>], left: &[usize]) -> bool {
    let groups: Vec<&Group> = left.iter().filter_map(|at| slots.get(*at)?.as_ref()).collect();
    let classes: BTreeSet<RoleClass> = groups.iter().map(|group| group.class).collect();
    classes.len() == groups.len() && groups.windows(2).all(|pair| matches!(pair, [a, b] if agree(a, b).whole))
}

fn agree(a: &Group, b: &Group) -> super::names::Agreement {
    compare(names(&a.record), names(&b.record))
}

/// The names a record gives.
pub fn names(record: &PersonRecord) -> Names<'_> {
    Names { given: record.given(), family: record.family(), preferred: record.fields.text(Field::PreferredName) }
}
