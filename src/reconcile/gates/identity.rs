//! Gates on identity: G06 key changes, G07 discontinuity, G08 everybody's key changed.

use std::collections::{BTreeMap, BTreeSet};

use rosterd_contract::Field;

use super::{Measures, Trip};
use crate::reconcile::input::FeedInput;
use crate::reconcile::names::{NameMatch, compare, loose_number};
use crate::reconcile::plan::{Action, EmailFrom, Operation, What};
use crate::reconcile::resolve::person_names;
use crate::reconcile::world::World;
use crate::roster::{Attribute, Person, PersonId, State};

/// A create that looks like somebody the feed loses or does not match, unambiguous both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    pub feed: usize,
    /// Index of the create.
    pub create: usize,
    /// Index of the removal, when the partner would be removed.
    pub removal: Option<usize>,
    pub partner: PersonId,
}

/// G06: number, e-mail or role-class changed for many. If only the domain of the addresses changed
/// and the names agree, just those changes wait.
pub fn g06(measures: &Measures<'_>, trips: &mut Vec<Trip>) {
    let changed = measures.open(|operation| operation.action != Action::Create && operation.key_changed());
    let count = changed.len() as u64;
    if !measures.limits.g06.trips(count, measures.all_matched()) {
        return;
    }
    let domains: Option<BTreeMap<(String, String), u64>> = changed.iter().try_fold(BTreeMap::new(), |mut seen, at| {
        let step = measures.operation(*at).and_then(only_domain)?;
        *seen.entry(step).or_insert(0) += 1;
        Some(seen)
    });
    let (what, message) = match domains {
        Some(steps) => {
            let list: Vec<String> = steps.iter().map(|((old, new), n)| format!("{old} → {new} ({n})")).collect();
            (What::Updates, format!("the domain of {count} addresses changed: {}", list.join(", ")))
        }
        None => (
            What::All,
            format!("{count} of {} matched people would change number, e-mail or class", measures.all_matched()),
        ),
    };
    let operations = if what == What::All { Vec::new() } else { changed };
    let field = (what == What::Updates).then_some(Attribute::Email);
    trips.push(Trip { field, ..whole_plan("G06", what, operations, message) });
}

fn whole_plan(rule: &'static str, what: What, operations: Vec<usize>, message: String) -> Trip {
    Trip {
        rule,
        what,
        field: None,
        scope: "district".to_owned(),
        cause: String::new(),
        feeds: Vec::new(),
        operations,
        message,
    }
}

fn only_domain(operation: &Operation) -> Option<(String, String)> {
    let before = operation.before.as_ref()?;
    let names_agree = compare(person_names(before), person_names(&operation.after)).name == NameMatch::Same;
    let same_numbers =
        before.numbers == operation.after.numbers && before.classes.len() == operation.after.classes.len();
    let (old_local, old_domain) = before.email.as_deref()?.split_once('@')?;
    let (new_local, new_domain) = operation.after.email.as_deref()?.split_once('@')?;
    (names_agree && same_numbers && old_local == new_local && old_domain != new_domain)
        .then(|| (old_domain.to_owned(), new_domain.to_owned()))
}

/// G07: names jumped, addresses wandered between people of the feed, matches without a witness: a
/// shifted, swapped or re-sorted column.
pub fn g07(measures: &Measures<'_>, trips: &mut Vec<Trip>) {
    let jumped = measures.open(|operation| {
        operation.matched && (operation.discontinuous || matches!(operation.email_from, Some(EmailFrom::Released(_))))
    });
    let reviews: u64 = measures.discontinuities.values().sum();
    let count = jumped.len() as u64 + reviews;
    let whole = measures.all_matched() + reviews;
    if measures.limits.g07.trips(count, whole) {
        let message = format!(
            "{count} of {whole} rows do not fit the people they match: a column may be shifted, swapped or sorted alone"
        );
        trips.push(whole_plan("G07", What::All, Vec::new(), message));
    }
}

/// G08: everybody's key changed. The pairs wait as one item; above a fifth of the feed, everything.
pub fn g08(measures: &Measures<'_>, trips: &mut Vec<Trip>) {
    for (rank, input) in measures.feeds.iter().enumerate() {
        let Some(delivery) = &input.delivery else { continue };
        let mine: Vec<&Pair> = measures
            .pairs
            .iter()
            .filter(|pair| pair.feed == rank)
            .filter(|pair| !measures.operation(pair.create).is_some_and(|operation| measures.approved(operation)))
            .collect();
        let rekeyed = measures.rekeyed.get(&rank).copied().unwrap_or_default();
        let count = mine.len() as u64 + rekeyed;
        let size = input.meta.counts.claims.max(delivery.tally.read);
        let limit = measures.limits.g08;
        let many = count as f64 > limit.more_than
            && (count as f64 * 100.0 > limit.percent * size as f64
                || count > 50
                || fills_a_cell(measures, &mine, input));
        if !many {
            continue;
        }
        let all = count * 5 > size;
        let mut operations: Vec<usize> =
            mine.iter().flat_map(|pair| [Some(pair.create), pair.removal]).flatten().collect();
        operations.sort_unstable();
        if all {
            operations.clear();
        }
        trips.push(Trip {
            field: None,
            rule: "G08",
            what: if all { What::All } else { What::Adds },
            scope: input.meta.label(),
            cause: "re-key".to_owned(),
            feeds: vec![rank],
            operations,
            message: format!(
                "{count} people of {} seem to have a new key: the numbers may have been re-made or damaged",
                input.meta.label()
            ),
        });
    }
}

fn fills_a_cell(measures: &Measures<'_>, pairs: &[&Pair], input: &FeedInput) -> bool {
    let mut cells: BTreeMap<String, u64> = BTreeMap::new();
    for removal in pairs.iter().filter_map(|pair| measures.operation(pair.removal?)?.removal.as_ref()) {
        for (_, cell) in &removal.cells {
            *cells.entry(cell.text()).or_default() += 1;
        }
    }
    cells.iter().any(|(cell, count)| {
        let members = crate::reconcile::input::CellKey::from_text(cell)
            .and_then(|key| input.meta.counts.cells.get(&key).copied());
        members.is_some_and(|members| count * 5 > members)
    })
}

/// Finds the pairs of G08: creates with removals, and with active people whom the feed does not match.
pub fn pairs(world: &World, feeds: &[FeedInput], operations: &[Operation]) -> Vec<Pair> {
    let index = PairIndex::new(operations);
    let mut found: Vec<Pair> = Vec::new();
    for (at, create) in operations.iter().enumerate().filter(|(_, operation)| operation.action == Action::Create) {
        let Some((feed, _)) = create.evidence else { continue };
        let Some(meta) = feeds.get(feed).map(|input| &input.meta) else { continue };
        let mut partners: BTreeMap<PersonId, Option<usize>> = BTreeMap::new();
        for removal in index.candidates(&create.after) {
            let Some(operation) = operations.get(removal) else { continue };
            if operation.removal.as_ref().is_some_and(|r| r.feeds.contains(&feed))
                && agree(&create.after, &operation.after)
            {
                partners.insert(operation.person, Some(removal));
            }
        }
        for id in unmatched(world, &create.after) {
            let Some(person) = world.person(id) else { continue };
            let claimed = world.claims_of(id).iter().any(|at| world.claims.get(*at).is_some_and(|c| c.feed == meta.id));
            if !claimed && person.state == State::Active && !index.touched.contains(&id) && agree(&create.after, person)
            {
                partners.insert(id, None);
            }
        }
        if let (Some((partner, removal)), 1) = (partners.iter().next(), partners.len()) {
            found.push(Pair { feed, create: at, removal: *removal, partner: *partner });
        }
    }
    let mut uses: BTreeMap<PersonId, u32> = BTreeMap::new();
    for pair in &found {
        *uses.entry(pair.partner).or_default() += 1;
    }
    found.retain(|pair| uses.get(&pair.partner) == Some(&1));
    found
}

/// Active people who might be the one a create describes, in whatever feed.
fn unmatched(world: &World, person: &Person) -> BTreeSet<PersonId> {
    let mut people: BTreeSet<PersonId> = world.named(person.given(), person.family()).into_iter().collect();
    for (class, number) in &person.numbers {
        people.extend(world.loosely_numbered(*class, number));
    }
    people.remove(&person.id);
    people
}

/// Removals by what a create could share with them.
struct PairIndex {
    by_mail: BTreeMap<String, Vec<usize>>,
    by_number: BTreeMap<String, Vec<usize>>,
    by_name: BTreeMap<i64, Vec<usize>>,
    /// People with an operation, or created by this plan.
    touched: BTreeSet<PersonId>,
}

impl PairIndex {
    fn new(operations: &[Operation]) -> Self {
        let mut index = Self {
            by_mail: BTreeMap::new(),
            by_number: BTreeMap::new(),
            by_name: BTreeMap::new(),
            touched: operations.iter().map(|operation| operation.person).collect(),
        };
        for (at, operation) in operations.iter().enumerate().filter(|(_, o)| o.action == Action::Archive) {
            for (key, map) in [(local_part(&operation.after), &mut index.by_mail)] {
                if !key.is_empty() {
                    map.entry(key).or_default().push(at);
                }
            }
            for (_, number) in &operation.after.numbers {
                index.by_number.entry(loose_number(number)).or_default().push(at);
            }
            let name = crate::reconcile::names::name_key(operation.after.given(), operation.after.family());
            index.by_name.entry(name).or_default().push(at);
        }
        index
    }

    fn candidates(&self, create: &Person) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        found.extend(self.by_mail.get(&local_part(create)).into_iter().flatten());
        for (_, number) in &create.numbers {
            found.extend(self.by_number.get(&loose_number(number)).into_iter().flatten());
        }
        let name = crate::reconcile::names::name_key(create.given(), create.family());
        found.extend(self.by_name.get(&name).into_iter().flatten());
        found
    }
}

fn local_part(person: &Person) -> String {
    person.email.as_deref().and_then(|email| email.split_once('@')).map(|parts| parts.0.to_owned()).unwrap_or_default()
}

/// A pair agrees in e-mail, or local part, or number without zeros and punctuation, or name and one
/// of school, grade, year of graduation, birth date.
fn agree(create: &Person, other: &Person) -> bool {
    let local = local_part(create);
    let mail = !local.is_empty() && local == local_part(other);
    let number = create
        .numbers
        .iter()
        .any(|(_, number)| other.numbers.iter().any(|(_, held)| loose_number(held) == loose_number(number)));
    mail || number || (same_name(create, other) && shares_something(create, other))
}

fn same_name(a: &Person, b: &Person) -> bool {
    compare(person_names(a), person_names(b)).name == NameMatch::Same
}

fn shares_something(a: &Person, b: &Person) -> bool {
    let orgs = a.orgs.iter().any(|org| b.orgs.contains(org));
    let field = [Field::Grades, Field::GradYear, Field::BirthDate].into_iter().any(|field| {
        let value = a.text(Attribute::Field(field));
        !value.is_empty() && value == b.text(Attribute::Field(field))
    });
    orgs || field
}
