//! Whose rows the refused ones are (S7): leniently, since this only ever protects. Whichever feed has
//! the row, the person it may be about is not gone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rosterd_contract::{PersonRecord, RawKeys, Role, RoleClass};

use super::input::{Content, FeedInput};
use super::names::{NameMatch, Names, compare, name_key};
use super::resolve::person_names;
use super::world::World;
use crate::roster::{Claim, PersonId};

/// Rows that passed admission and are refused all the same: out of scope, or with their group (K00).
#[derive(Debug, Clone, Default)]
pub struct Refused {
    /// Indexes of the rows.
    pub rows: BTreeSet<usize>,
    /// People whose own rows are known to be among them.
    pub people: BTreeSet<PersonId>,
}

/// How a refused or held row bears on somebody who is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bearing {
    /// It may be about them, so tonight is no night of absence.
    Concerned,
    /// It is their own row in this feed, so they were seen.
    Own,
}

/// What the refused rows of all deliveries say of people.
#[derive(Debug, Default)]
pub struct Attribution {
    by_feed: BTreeMap<usize, BTreeMap<PersonId, Bearing>>,
    unattributable: BTreeMap<usize, u64>,
}

impl Attribution {
    /// How the rows of any feed bear on the person's absence from `feed`.
    pub fn bearing(&self, feed: usize, person: PersonId) -> Option<Bearing> {
        let own = self.by_feed.get(&feed).and_then(|people| people.get(&person)).copied();
        own.or_else(|| self.by_feed.values().any(|people| people.contains_key(&person)).then_some(Bearing::Concerned))
    }

    /// Has this feed itself a refused row that may be about the person?
    pub fn is_in(&self, feed: usize, person: PersonId) -> bool {
        self.by_feed.get(&feed).is_some_and(|people| people.contains_key(&person))
    }

    /// Rows of the feed that cannot be tied to anyone (S7, G10).
    pub fn unattributable(&self, feed: usize) -> u64 {
        self.unattributable.get(&feed).copied().unwrap_or_default()
    }
}

/// Ties the refused rows of all deliveries to people; `absent` are the claims without a row tonight.
pub fn attribute(
    world: &World,
    feeds: &[FeedInput],
    refused: &BTreeMap<usize, Refused>,
    absent: &[usize],
) -> Attribution {
    let by_name = absent_by_name(world, absent);
    let mut attribution = Attribution::default();
    for (rank, input) in feeds.iter().enumerate() {
        let Some(delivery) = &input.delivery else { continue };
        let set_aside = refused.get(&rank);
        let people = attribution.by_feed.entry(rank).or_default();
        people.extend(set_aside.iter().flat_map(|refused| &refused.people).map(|id| (*id, Bearing::Own)));
        for (at, row) in delivery.rows.iter().enumerate() {
            let Some(cells) = Cells::of(&row.content, set_aside.is_some_and(|refused| refused.rows.contains(&at)))
            else {
                continue;
            };
            let tied = tied_to(world, &input.meta.source, &cells, &by_name);
            if (cells.torn || (cells.keyless && tied.is_empty())) && !row.seen_rejected {
                *attribution.unattributable.entry(rank).or_default() += 1;
            }
            for (id, bearing) in tied {
                let known = people.entry(id).or_insert(bearing);
                *known = bearing.max(*known);
            }
        }
    }
    attribution
}

/// What a refused row says, whether it failed admission or was refused later.
struct Cells<'a> {
    number: Option<&'a str>,
    email: Option<&'a str>,
    names: Names<'a>,
    role: Option<Role>,
    orgs: &'a [Box<str>],
    /// No number that could be trusted.
    keyless: bool,
    /// The row's structure is damaged: it may have swallowed its neighbours.
    torn: bool,
}

impl<'a> Cells<'a> {
    fn of(content: &'a Content, is_set_aside: bool) -> Option<Self> {
        match content {
            Content::Rejected { keys, .. } => Some(Self::raw(keys)),
            Content::Valid(record) => is_set_aside.then(|| Self::valid(record)),
        }
    }

    fn raw(keys: &'a RawKeys) -> Self {
        Self {
            number: keys.number.as_deref(),
            email: keys.email.as_deref(),
            names: Names { given: &keys.given, family: &keys.family, preferred: "" },
            role: keys.role,
            orgs: &keys.orgs,
            keyless: keys.number_damaged || keys.number.is_none(),
            torn: keys.structure_damaged,
        }
    }

    fn valid(record: &'a PersonRecord) -> Self {
        Self {
            number: record.number.as_deref(),
            email: record.email.as_deref(),
            names: super::groups::names(record),
            role: record.role,
            orgs: &record.orgs,
            keyless: record.number.is_none(),
            torn: false,
        }
    }
}

type ByName<'w> = HashMap<i64, Vec<&'w Claim>>;

fn absent_by_name<'w>(world: &'w World, absent: &[usize]) -> ByName<'w> {
    let mut by_name: ByName<'w> = HashMap::new();
    for claim in absent.iter().filter_map(|at| world.claims.get(*at)) {
        by_name.entry(name_key(claim.record.given(), claim.record.family())).or_default().push(claim);
    }
    by_name
}

fn tied_to(world: &World, source: &str, cells: &Cells<'_>, by_name: &ByName<'_>) -> BTreeMap<PersonId, Bearing> {
    let mut people = BTreeSet::new();
    if let Some(number) = cells.number {
        for class in RoleClass::ALL {
            people.extend(world.linked(source, class, number));
            people.extend(world.number_holder(class, number));
            people.extend(world.loosely_numbered(class, number));
        }
    }
    if let Some(email) = cells.email {
        people.extend(world.email_holder(email));
        people.extend(world.alias_of(email));
    }
    let mut tied: BTreeMap<PersonId, Bearing> =
        people.into_iter().map(|id| (id, bearing_by_key(world, cells, id))).collect();
    let named = by_name.get(&name_key(cells.names.given, cells.names.family)).into_iter().flatten();
    tied.extend(named.filter(|claim| could_be(claim, cells)).map(|claim| (claim.person, Bearing::Own)));
    tied
}

/// A key alone tells no own row from that of somebody who has come by it (section 6).
fn bearing_by_key(world: &World, cells: &Cells<'_>, id: PersonId) -> Bearing {
    let known = world.person(id).map_or(NameMatch::Other, |person| compare(cells.names, person_names(person)).name);
    if known == NameMatch::Other { Bearing::Concerned } else { Bearing::Own }
}

/// Name plus school plus role, as far as the refused row says them.
fn could_be(claim: &Claim, cells: &Cells<'_>) -> bool {
    let stored = Names { given: claim.record.given(), family: claim.record.family(), preferred: "" };
    let role = cells.role.is_none_or(|role| claim.record.role.is_none_or(|other| other.class() == role.class()));
    let org = cells.orgs.is_empty()
        || claim.record.orgs.is_empty()
        || cells.orgs.iter().any(|org| claim.record.orgs.contains(org));
    role && org && compare(cells.names, stored).name == NameMatch::Same
}
