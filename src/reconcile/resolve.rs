//! Which person is this row? Finds the candidates, weighs the witnesses, and asks the table
//! (`identity_table`); moves of addresses are decided for all rows together (design section 6).

use std::collections::{BTreeMap, BTreeSet};

use rosterd_contract::{Field, PersonRecord, Role, RoleClass, Status};

use super::groups::{Group, names};
use super::identity_table::{self as table, Axes, Decision, Email, EmailMove, Fate, Link, Number, Rule, Who};
use super::input::FeedInput;
use super::merge::email_wish;
use super::names::{Agreement, NameMatch, Names, compare};
use super::policy::Policy;
use super::world::World;
use crate::roster::{Person, PersonId, PresencePin};

/// A group on its way to a person.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Rank of the feed.
    pub feed: usize,
    pub group: Group,
    /// The person of the row's link or number.
    pub a: Option<PersonId>,
    pub by_link: bool,
    pub contradicts: bool,
    /// Another person who holds the row's address, or whose alias it is.
    pub b: Option<PersonId>,
    pub email: Email,
    pub witness: bool,
    pub name: NameMatch,
    /// The source says a new address for A that the three-way merge would take.
    pub wishes: bool,
    pub decision: Option<Decision>,
}

/// What is known before any decision: who is reached by a row, and who may be leaving.
#[derive(Debug, Default)]
pub struct Fates {
    /// People whose removal is proven and whom no row reaches.
    pub leaving: BTreeSet<PersonId>,
    /// People who give up their address in this plan.
    pub releasing: BTreeSet<PersonId>,
}

impl Fates {
    fn of(&self, person: PersonId) -> Fate {
        if self.releasing.contains(&person) {
            Fate::Releases
        } else if self.leaving.contains(&person) {
            Fate::Leaving
        } else {
            Fate::Keeps
        }
    }
}

/// Looks up A, B and the witnesses of one group.
pub fn look_up(world: &World, feeds: &[FeedInput], feed: usize, group: Group) -> Candidate {
    let source = feeds.get(feed).map(|input| &*input.meta.source).unwrap_or_default();
    let (a, by_link, contradicts) = find_a(world, source, group.class, &group.record);
    let person = a.and_then(|id| world.person(id));
    let (email, b) = find_b(world, &group, person);
    let other = b.and_then(|id| world.person(id));
    let witness = person.is_some_and(|person| witness(world, &group, person, true));
    let name = match (person, other) {
        (Some(person), _) => agreement(&group.record, person).name,
        (None, Some(other)) => name_by_mail(&group, other),
        (None, None) => NameMatch::Other,
    };
    Candidate { feed, group, a, by_link, contradicts, b, email, witness, name, wishes: true, decision: None }
}

/// Ties a row to a person by an operator's word (an approved re-key).
pub fn tie(world: &World, candidate: &mut Candidate, person: PersonId) {
    let Some(known) = world.person(person) else { return };
    let (email, b) = find_b(world, &candidate.group, Some(known));
    candidate.a = Some(person);
    candidate.by_link = false;
    candidate.contradicts = false;
    candidate.witness = true;
    candidate.name = agreement(&candidate.group.record, known).name;
    candidate.email = email;
    candidate.b = b;
}

/// Works out whether the source's address for A would win the merge; needs to know who is absent.
pub fn set_wish(world: &World, policy: &Policy, feeds: &[FeedInput], candidate: &mut Candidate) {
    let meta = feeds.get(candidate.feed).map(|input| &input.meta);
    if let (Some(person), Some(meta)) = (candidate.a.and_then(|id| world.person(id)), meta) {
        candidate.wishes = email_wish(world, policy, meta, candidate.group.class, person, &candidate.group.record);
    }
}

fn find_a(world: &World, source: &str, class: RoleClass, record: &PersonRecord) -> (Option<PersonId>, bool, bool) {
    let Some(number) = record.number.as_deref() else { return (None, false, false) };
    let holder = world.number_holder(class, number);
    if let Some(linked) = world.linked(source, class, number) {
        let contradicts = holder.is_some_and(|holder| holder != linked);
        return (Some(linked), true, contradicts);
    }
    if holder.is_some() {
        return (holder, false, false);
    }
    // One human in two roles, or changing role: only if e-mail or whole name agrees too.
    let across = RoleClass::ALL.into_iter().filter(|other| *other != class).find_map(|other| {
        let candidate = world.linked(source, other, number).or_else(|| world.number_holder(other, number))?;
        let person = world.person(candidate)?;
        let mail = record.email.as_deref().is_some_and(|email| owns(world, person, email));
        (mail || agreement(record, person).whole).then_some(candidate)
    });
    (across, false, false)
}

fn owns(world: &World, person: &Person, email: &str) -> bool {
    person.email.as_deref() == Some(email) || person.has_alias(email, world.now)
}

fn find_b(world: &World, group: &Group, a: Option<&Person>) -> (Email, Option<PersonId>) {
    let Some(email) = group.record.email.as_deref() else { return (Email::Blank, None) };
    match world.email_holder(email).and_then(|id| world.person(id)) {
        Some(holder) if a.is_some_and(|person| person.id == holder.id) => (Email::OfA, None),
        Some(holder) if holder.state.is_archived() => (Email::OfArchivedB, Some(holder.id)),
        Some(holder) => (Email::OfActiveB, Some(holder.id)),
        None if a.is_some_and(|person| person.has_alias(email, world.now)) => (Email::AliasOfA, None),
        None => match world.alias_of(email) {
            Some(x) => (Email::AliasOfX, Some(x)),
            None => (Email::Free, None),
        },
    }
}

/// The stored names of a person.
pub fn person_names(person: &Person) -> Names<'_> {
    Names { given: person.given(), family: person.family(), preferred: person.fields.text(Field::PreferredName) }
}

fn agreement(record: &PersonRecord, person: &Person) -> Agreement {
    compare(names(record), person_names(person))
}

/// The second agreement that every match needs. By link or number an address counts too; where only
/// the family name of a student agrees, the year of graduation (or the grade) must agree as well,
/// since numbers and addresses pass between siblings.
fn witness(world: &World, group: &Group, person: &Person, by_number: bool) -> bool {
    let record = &group.record;
    if by_number && record.email.as_deref().is_some_and(|email| owns(world, person, email)) {
        return true;
    }
    let agreement = agreement(record, person);
    if agreement.given || agreement.exchanged || agreement.name == NameMatch::Same {
        return true;
    }
    if !agreement.family {
        return false;
    }
    group.class != RoleClass::Student || same_year(record, person)
}

fn same_year(record: &PersonRecord, person: &Person) -> bool {
    [Field::GradYear, Field::Grades].into_iter().any(|field| {
        let said = record.fields.text(field);
        !said.is_empty() && said == person.fields.text(field)
    })
}

/// By e-mail across role-classes only the whole name makes two names the same.
fn name_by_mail(group: &Group, person: &Person) -> NameMatch {
    let agreement = agreement(&group.record, person);
    match agreement.name {
        NameMatch::Same if person.class(group.class).is_none() && !agreement.whole => NameMatch::Near,
        name => name,
    }
}

fn witness_by_mail(world: &World, group: &Group, person: &Person) -> bool {
    if person.class(group.class).is_none() {
        return agreement(&group.record, person).whole;
    }
    witness(world, group, person, false)
}

/// Does the candidate, whatever becomes of addresses, reach this person (so that nobody takes them
/// for absent)?
pub fn reaches(world: &World, candidate: &Candidate) -> Option<PersonId> {
    if candidate.a.is_some() {
        return candidate.a;
    }
    let b = candidate.b.and_then(|id| world.person(id))?;
    let agrees = if candidate.group.record.number.is_some() {
        candidate.name == NameMatch::Same
    } else {
        witness_by_mail(world, &candidate.group, b)
    };
    agrees.then_some(b.id)
}

/// Who gives up an address: the greatest fixpoint. All admissible moves are granted, then moves onto
/// keepers are withdrawn until nothing changes; a row that loses its move makes its own person a
/// keeper. Swaps and rotations come out of it, and never two holders.
pub fn releasing(world: &World, candidates: &[Candidate], leaving: &BTreeSet<PersonId>) -> BTreeSet<PersonId> {
    let mut moving: BTreeMap<PersonId, &Candidate> = BTreeMap::new();
    for candidate in candidates {
        let Some(a) = candidate.a.and_then(|id| world.person(id)) else { continue };
        // A row that says inactive changes nothing else: its person keeps the address, archived.
        let accepted = candidate.group.record.status == Status::Active
            && candidate.witness
            && !candidate.contradicts
            && !candidate.group.email_shared
            && (!a.state.is_archived() || candidate.name == NameMatch::Same);
        let moves = matches!(
            candidate.email,
            Email::Free | Email::AliasOfA | Email::AliasOfX | Email::OfActiveB | Email::OfArchivedB
        );
        if accepted && moves && candidate.wishes && a.email.is_some() {
            moving.insert(a.id, candidate);
        }
    }
    loop {
        let withdrawn: Vec<PersonId> = moving
            .iter()
            .filter(|(_, candidate)| {
                candidate.email == Email::OfActiveB
                    && candidate.b.is_some_and(|b| !moving.contains_key(&b) && !leaving.contains(&b))
            })
            .map(|(id, _)| *id)
            .collect();
        if withdrawn.is_empty() {
            return moving.into_keys().collect();
        }
        for id in withdrawn {
            moving.remove(&id);
        }
    }
}

/// Asks the table.
pub fn decide(world: &World, feeds: &[FeedInput], fates: &Fates, candidate: &Candidate) -> Decision {
    let axes = axes(world, feeds, fates, candidate);
    let mut decision = table::decide(axes);
    if decision.who == Who::A && matches!(decision.email, EmailMove::Take | EmailMove::Move | EmailMove::Depends) {
        // An address the merge would not take is not taken: the local edit or a higher source stands.
        if !candidate.wishes {
            decision.email = EmailMove::Keep;
        }
    }
    // The feed itself went back to an address it had said before, or the person has none: the newest
    // word counts (F3). After a local edit the feed's word is an old one, and the alias stays.
    let bare = candidate.a.and_then(|id| world.person(id)).is_some_and(|person| person.email.is_none());
    if decision.who == Who::A && candidate.email == Email::AliasOfA && (candidate.wishes || bare) {
        decision.email = EmailMove::Take;
    }
    if candidate.group.email_shared && !matches!(decision.email, EmailMove::Keep) {
        decision.email = EmailMove::InUse;
    }
    decision
}

fn axes(world: &World, feeds: &[FeedInput], fates: &Fates, candidate: &Candidate) -> Axes {
    let group = &candidate.group;
    let b = candidate.b.and_then(|id| world.person(id));
    let number = match candidate.a.and_then(|id| world.person(id)) {
        Some(person) if person.state.is_archived() => Number::OfArchived,
        Some(_) => Number::OfActive,
        None if group.record.number.is_none() => Number::Blank,
        None => Number::Unknown,
    };
    Axes {
        link: match (candidate.contradicts, candidate.by_link) {
            (true, _) => Link::ContradictsNumber,
            (false, true) => Link::Ok,
            (false, false) => Link::None,
        },
        number,
        witness: candidate.witness,
        email: candidate.email,
        name: candidate.name,
        b_has_number: b.is_some_and(|person| person.has_number_in(group.class)),
        b_claimed: b.is_some_and(|person| number_claimed(world, feeds, candidate.feed, group.class, person.id)),
        fate: b.map_or(Fate::Keeps, |person| fates.of(person.id)),
        b_by_hand: b.is_some_and(|person| person.state == crate::roster::State::ArchivedAdmin),
        by_mail: b.is_some_and(|person| witness_by_mail(world, group, person)),
        damaged: number == Number::Unknown && damaged_of(world, group).is_some(),
    }
}

/// B's number is, or was until this delivery, claimed by this feed.
fn number_claimed(world: &World, feeds: &[FeedInput], feed: usize, class: RoleClass, person: PersonId) -> bool {
    feeds
        .get(feed)
        .and_then(|input| world.claim(input.meta.id, class, person))
        .and_then(|at| world.claims.get(at))
        .is_some_and(|claim| claim.record.number.is_some())
}

/// K13: exactly one person of the class whose number equals this one but for zeros, blanks and
/// punctuation, with the same name.
pub fn damaged_of(world: &World, group: &Group) -> Option<PersonId> {
    let number = group.record.number.as_deref()?;
    let mut matching = world
        .loosely_numbered(group.class, number)
        .into_iter()
        .filter(|id| !world.person(*id).is_some_and(|person| person.holds(group.class, number)));
    let only = matching.next()?;
    if matching.next().is_some() {
        return None;
    }
    let person = world.person(only)?;
    (agreement(&group.record, person).name == NameMatch::Same).then_some(only)
}

/// The person an approved re-key ties the row to: K13's stored number, K20's holder of the address.
pub fn rekeyed_person(world: &World, candidate: &Candidate, decision: Decision) -> Option<PersonId> {
    match decision.rule {
        Rule::K13 => damaged_of(world, &candidate.group),
        Rule::K20 => candidate.b,
        _ => None,
    }
}

/// People that must be left as they are when this candidate is rejected or in review.
pub fn concerned(world: &World, candidate: &Candidate) -> Vec<PersonId> {
    let mut people: Vec<PersonId> = candidate.a.into_iter().chain(candidate.b).collect();
    if candidate.contradicts
        && let Some(number) = candidate.group.record.number.as_deref()
    {
        people.extend(world.number_holder(candidate.group.class, number));
    }
    people.extend(damaged_of(world, &candidate.group));
    people
}

/// Does a pin keep the person whatever the sources say?
pub fn kept_by_pin(person: &Person) -> bool {
    person.presence_pin != PresencePin::None
}

/// The rule id shown for a decision that turns into a rejection for want of an address.
pub const fn rejects_in_use(decision: Decision, email_required: bool) -> bool {
    email_required && matches!(decision.email, EmailMove::InUse)
}

/// Ids of the K rules that are reviews of a discontinuity (G07).
pub const fn is_discontinuity(rule: Rule) -> bool {
    matches!(rule, Rule::K02 | Rule::K29)
}

/// The role a newcomer gets when the row gives none.
pub fn newcomer_role(feed_roles: &[Role], format_default: Option<Role>) -> Option<Role> {
    match feed_roles {
        [only] => Some(*only),
        [] => format_default,
        several => format_default.filter(|role| several.contains(role)),
    }
}
