//! Asks the identity table for every candidate, feeds in rank order, and lets lower feeds see the
//! people that higher ones create.

use std::collections::{BTreeMap, BTreeSet};

use rosterd_contract::{Field, Fields, Status};

use super::identity_table::{Email, EmailMove, Rule, Who};
use super::input::{FeedInput, Input};
use super::names::NameMatch;
use super::resolve::{self, Candidate, Fates};
use super::world::World;
use crate::roster::{Owner, Person, PersonId, PresencePin, State};

/// Decisions of all candidates, and what they count for the gates.
pub(super) struct Decided {
    pub(super) persons: Vec<Option<PersonId>>,
    pub(super) new_people: BTreeSet<PersonId>,
    pub(super) rekeyed: BTreeMap<usize, u64>,
    pub(super) discontinuities: BTreeMap<usize, u64>,
    pub(super) matched: BTreeMap<usize, u64>,
}

impl Decided {
    pub(super) fn count(&mut self, feeds: &[FeedInput], candidates: &[Candidate]) {
        for (rank, feed) in feeds.iter().enumerate() {
            if let Some(delivery) = &feed.delivery {
                *self.matched.entry(rank).or_default() += delivery.tally.known;
            }
        }
        for (candidate, person) in candidates.iter().zip(&self.persons) {
            let Some(decision) = candidate.decision else { continue };
            let feed = candidate.feed;
            if matches!(decision.rule, Rule::K13 | Rule::K20) && person.is_none() {
                *self.rekeyed.entry(feed).or_default() += 1;
            }
            if matches!(decision.rule, Rule::K02 | Rule::K29) {
                *self.discontinuities.entry(feed).or_default() += 1;
            }
            if person.is_some_and(|person| !self.new_people.contains(&person)) {
                *self.matched.entry(feed).or_default() += 1;
            }
        }
    }
}

/// Asks the identity table for every candidate, feeds in rank order: a lower feed sees the people
/// that a higher one creates.
pub(super) fn decide_all(
    input: &Input<'_>,
    feeds: &[FeedInput],
    world: &mut World,
    candidates: &mut [Candidate],
    fates: &Fates,
) -> Decided {
    let mut decided = Decided {
        persons: Vec::with_capacity(candidates.len()),
        new_people: BTreeSet::new(),
        rekeyed: BTreeMap::new(),
        discontinuities: BTreeMap::new(),
        matched: BTreeMap::new(),
    };
    let mut granted = returning_addresses(world, candidates);
    for candidate in candidates.iter_mut() {
        if !decided.new_people.is_empty() && candidate.a.is_none() {
            let again = resolve::look_up(world, feeds, candidate.feed, candidate.group.clone());
            *candidate = Candidate { wishes: true, ..again };
            resolve::set_wish(world, input.policy, feeds, candidate);
        }
        let mut decision = resolve::decide(world, feeds, fates, candidate);
        if is_rekey_approved(input, feeds, candidate.feed)
            && let Some(person) = resolve::rekeyed_person(world, candidate, decision)
        {
            candidate.b = Some(person);
            decision.who = Who::B;
            decision.email = EmailMove::Keep;
        }
        if is_granted_to_another(&granted, candidate, decision) {
            decision.email = EmailMove::InUse;
        }
        let required = feeds
            .get(candidate.feed)
            .and_then(|feed| feed.delivery.as_ref())
            .is_some_and(|delivery| delivery.email_required);
        candidate.decision = Some(decision);
        let person = if resolve::rejects_in_use(decision, required) {
            None
        } else {
            match decision.who {
                Who::A => candidate.a,
                Who::B => candidate.b,
                Who::Create if near_twin(world, candidate).is_some() => None,
                Who::Create if candidate.group.record.status == Status::Inactive => None,
                Who::Create => {
                    let id = PersonId(input.ids.next());
                    decided.new_people.insert(id);
                    Some(id)
                }
                Who::Reject(_) | Who::Review(_) => None,
            }
        };
        if let Some(id) = person {
            if is_given(decision.email)
                && let Some(email) = &candidate.group.record.email
            {
                granted.entry(email.clone()).or_insert(id);
            }
            remember(world, feeds, candidate, id, decided.new_people.contains(&id));
        }
        decided.persons.push(person);
    }
    decided
}

/// Addresses that archived people bring back themselves; nobody else is given one in the same run.
fn returning_addresses(world: &World, candidates: &[Candidate]) -> BTreeMap<Box<str>, PersonId> {
    candidates
        .iter()
        .filter(|candidate| candidate.group.record.status == Status::Active)
        .filter_map(|candidate| {
            let person = world.person(candidate.a?)?;
            let email = candidate.group.record.email.as_ref()?;
            let returns = person.state.is_archived() && person.email.as_ref() == Some(email);
            returns.then(|| (email.clone(), person.id))
        })
        .collect()
}

const fn is_given(email: EmailMove) -> bool {
    matches!(email, EmailMove::Take | EmailMove::Move | EmailMove::Depends)
}

/// One address goes to one person in a run (I17): to whom the highest feed gives it.
fn is_granted_to_another(
    granted: &BTreeMap<Box<str>, PersonId>,
    candidate: &Candidate,
    decision: super::identity_table::Decision,
) -> bool {
    let person = match decision.who {
        Who::A => candidate.a,
        Who::B => candidate.b,
        _ => None,
    };
    let holder = candidate.group.record.email.as_deref().and_then(|email| granted.get(email)).copied();
    is_given(decision.email) && holder.is_some() && holder != person
}

/// An approved re-key (G08): damaged and changed numbers are taken for what they stand for (I18).
pub(super) fn is_rekey_approved(input: &Input<'_>, feeds: &[FeedInput], feed: usize) -> bool {
    feeds
        .get(feed)
        .and_then(|feed| feed.delivery.as_ref())
        .is_some_and(|delivery| input.approvals.deliveries.contains(&(delivery.id, "G08".to_owned())))
}

/// A would-be create without number that has the name, school and class of exactly one active
/// person whom a sync covers waits for review.
pub fn near_twin(world: &World, candidate: &Candidate) -> Option<PersonId> {
    let record = &candidate.group.record;
    if record.number.is_some() {
        return None;
    }
    let mut twins =
        world.named(record.given(), record.family()).into_iter().filter_map(|id| world.person(id)).filter(|person| {
            let covered = person.class(candidate.group.class).is_some_and(|s| matches!(s.owner, Owner::Sync(_)));
            let school = person.orgs.iter().any(|org| record.orgs.contains(org))
                || (person.orgs.is_empty() && record.orgs.is_empty());
            let born = |text: &str| record.fields.text(Field::BirthDate) == text;
            let other_birth = record.fields.get(Field::BirthDate).is_some()
                && person.fields.get(Field::BirthDate).is_some_and(|date| !born(date));
            let same = super::names::compare(super::groups::names(record), resolve::person_names(person)).name;
            person.state == State::Active && covered && school && !other_birth && same == NameMatch::Same
        });
    let only = twins.next()?.id;
    twins.next().is_none().then_some(only)
}

/// Makes a match or a create visible to the feeds below.
pub(super) fn remember(world: &mut World, feeds: &[FeedInput], candidate: &Candidate, id: PersonId, is_new: bool) {
    let record = &candidate.group.record;
    let class = candidate.group.class;
    if is_new && world.person(id).is_none() {
        let takes = candidate.decision.is_some_and(|decision| decision.email != EmailMove::InUse);
        let mut person = blank(id, world.now);
        person.fields = record.fields.clone();
        person.orgs = record.orgs.clone();
        person.numbers = record.number.iter().map(|number| (class, number.clone())).collect();
        person.email = record.email.clone().filter(|_| takes);
        if let (Some(role), Some(meta)) = (record.role, feeds.get(candidate.feed).map(|feed| &feed.meta)) {
            let owner = if meta.is_sync { Owner::Sync(meta.id) } else { Owner::File(meta.id) };
            person.set_class(crate::roster::ClassState { class, role, owner });
        }
        world.add_person(person);
    }
    if let Some(number) = record.number.as_deref() {
        world.add_number(class, number, id);
        if let Some(feed) = feeds.get(candidate.feed) {
            world.add_link(&feed.meta.source, class, number, id);
        }
    }
}

/// A person of whom nothing is known yet.
pub fn blank(id: PersonId, now: chrono::DateTime<chrono::Utc>) -> Person {
    Person {
        id,
        state: State::Active,
        classes: Vec::new(),
        email: None,
        numbers: Vec::new(),
        orgs: Vec::new(),
        fields: Fields::new(),
        presence_pin: PresencePin::None,
        pins: Vec::new(),
        aliases: Vec::new(),
        created_at: now,
        archived_at: None,
    }
}

/// Did the table let the row have the address it names?
pub const fn drops_email(candidate: &Candidate) -> bool {
    matches!(candidate.decision, Some(decision) if matches!(decision.email, EmailMove::InUse))
        && !matches!(candidate.email, Email::Blank)
}
