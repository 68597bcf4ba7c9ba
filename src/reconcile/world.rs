//! The slice of the roster with its indexes, as it changes while a plan is made.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use rosterd_contract::RoleClass;

use super::input::{FeedInput, Slice};
use super::names::{loose_number, name_key};
use crate::roster::{Claim, FeedId, Person, PersonId, State};

/// Everything identity can ask about the roster.
pub struct World {
    pub now: DateTime<Utc>,
    pub people: BTreeMap<PersonId, Person>,
    pub claims: Vec<Claim>,
    claims_of: HashMap<PersonId, Vec<usize>>,
    by_number: HashMap<(RoleClass, Box<str>), PersonId>,
    by_email: HashMap<Box<str>, PersonId>,
    by_alias: HashMap<Box<str>, BTreeSet<PersonId>>,
    by_loose: HashMap<(RoleClass, String), BTreeSet<PersonId>>,
    by_name: HashMap<i64, BTreeSet<PersonId>>,
    links: HashMap<(Box<str>, RoleClass, Box<str>), PersonId>,
    ranks: HashMap<FeedId, usize>,
    /// Claims (by index) that no row of tonight's deliveries carries.
    pub absent: BTreeSet<usize>,
}

impl World {
    /// Builds the indexes. Feeds come in rank order.
    pub fn new(now: DateTime<Utc>, slice: Slice, feeds: &[FeedInput]) -> Self {
        let mut world = Self {
            now,
            people: BTreeMap::new(),
            claims: Vec::new(),
            claims_of: HashMap::new(),
            by_number: HashMap::new(),
            by_email: HashMap::new(),
            by_alias: HashMap::new(),
            by_loose: HashMap::new(),
            by_name: HashMap::new(),
            links: HashMap::new(),
            ranks: feeds.iter().enumerate().map(|(rank, feed)| (feed.meta.id, rank)).collect(),
            absent: BTreeSet::new(),
        };
        for person in slice.people {
            world.add_person(person);
        }
        for claim in slice.claims {
            world.add_claim(claim);
        }
        for (source, class, key, person) in slice.links {
            world.links.insert((source, class, key), person);
        }
        world
    }

    /// Adds a person (stored, or created by this plan) to every index.
    pub fn add_person(&mut self, person: Person) {
        let id = person.id;
        for (class, number) in &person.numbers {
            self.by_number.insert((*class, number.clone()), id);
            self.by_loose.entry((*class, loose_number(number))).or_default().insert(id);
        }
        if let Some(email) = &person.email {
            self.by_email.insert(email.clone(), id);
        }
        for alias in person.aliases.iter().filter(|alias| alias.until > self.now) {
            self.by_alias.entry(alias.email.clone()).or_default().insert(id);
        }
        self.by_name.entry(name_key(person.given(), person.family())).or_default().insert(id);
        self.people.insert(id, person);
    }

    /// Adds a claim.
    pub fn add_claim(&mut self, claim: Claim) {
        self.claims_of.entry(claim.person).or_default().push(self.claims.len());
        self.claims.push(claim);
    }

    /// Remembers a link made by this plan.
    pub fn add_link(&mut self, source: &str, class: RoleClass, key: &str, person: PersonId) {
        self.links.insert((source.into(), class, key.into()), person);
    }

    /// Remembers a number adopted by this plan.
    pub fn add_number(&mut self, class: RoleClass, number: &str, person: PersonId) {
        self.by_number.entry((class, number.into())).or_insert(person);
    }

    /// The person of a link.
    pub fn linked(&self, source: &str, class: RoleClass, key: &str) -> Option<PersonId> {
        self.links.get(&(source.into(), class, key.into())).copied().filter(|id| self.usable(*id))
    }

    /// The holder of a number in a class.
    pub fn number_holder(&self, class: RoleClass, number: &str) -> Option<PersonId> {
        self.by_number.get(&(class, number.into())).copied().filter(|id| self.usable(*id))
    }

    /// The current holder of an address, archived people included.
    pub fn email_holder(&self, email: &str) -> Option<PersonId> {
        self.by_email.get(email).copied().filter(|id| self.usable(*id))
    }

    /// The one person whose alias this is. Two people with the same old address: nobody's alias,
    /// since it cannot tell them apart.
    pub fn alias_of(&self, email: &str) -> Option<PersonId> {
        let people = self.by_alias.get(email)?;
        let mut usable = people.iter().copied().filter(|id| self.usable(*id));
        let first = usable.next()?;
        usable.next().is_none().then_some(first)
    }

    /// People whose number in `class` equals `number` but for zeros, blanks and punctuation.
    pub fn loosely_numbered(&self, class: RoleClass, number: &str) -> Vec<PersonId> {
        self.by_loose.get(&(class, loose_number(number))).into_iter().flatten().copied().collect()
    }

    /// People whose folded name has this key; agreement is still to be checked.
    pub fn named(&self, given: &str, family: &str) -> Vec<PersonId> {
        self.by_name.get(&name_key(given, family)).into_iter().flatten().copied().collect()
    }

    /// The person.
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.people.get(&id)
    }

    fn usable(&self, id: PersonId) -> bool {
        self.people.get(&id).is_some_and(|person| person.state != State::Erased)
    }

    /// Claims about a person, by index.
    pub fn claims_of(&self, person: PersonId) -> &[usize] {
        self.claims_of.get(&person).map(Vec::as_slice).unwrap_or_default()
    }

    /// The claim of one feed about a person in one class.
    pub fn claim(&self, feed: FeedId, class: RoleClass, person: PersonId) -> Option<usize> {
        self.claims_of(person)
            .iter()
            .copied()
            .find(|at| self.claims.get(*at).is_some_and(|claim| claim.feed == feed && claim.class == class))
    }

    /// Rank of a feed: 0 is the highest. A feed that is no longer configured ranks below all.
    pub fn rank(&self, feed: FeedId) -> usize {
        self.ranks.get(&feed).copied().unwrap_or(usize::MAX)
    }
}
