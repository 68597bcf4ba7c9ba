//! The stages of a plan, in order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rosterd_contract::{RoleClass, Status};

use super::attribution::{Attribution, Bearing, Refused, attribute};
use super::decide::{Decided, blank, decide_all, near_twin};
use super::derive::{Context, Derived, derive};
use super::finish::{Finish, finish};
use super::gates::{Measures, Pair, evaluate, pairs as gate_pairs};
use super::identity_table::{EmailMove, Who};
use super::input::{FeedInput, Input, WholeHold};
use super::plan::{Operation, Plan};
use super::resolve::{self, Candidate, Fates};
use super::rows::{Results, sort_rows};
use super::scope::{FeedScope, ScopeContext, Standing, absent_claims, all_absent, prove, waited_for};
use super::world::World;
use crate::roster::{Claim, Owner, Person, PersonId, PresencePin, State};

/// What the stages before the gates know.
pub struct Resolved {
    pub world: World,
    pub candidates: Vec<Candidate>,
    /// The person of each candidate, `None` for rejections and reviews.
    pub persons: Vec<Option<PersonId>>,
    pub results: Results,
    pub scopes: BTreeMap<usize, FeedScope>,
    pub new_people: BTreeSet<PersonId>,
    pub derived: Vec<Derived>,
    pub rekeyed: BTreeMap<usize, u64>,
    pub discontinuities: BTreeMap<usize, u64>,
    pub matched: BTreeMap<usize, u64>,
}

/// Makes the plan of one run.
pub fn reconcile(mut input: Input<'_>) -> Plan {
    let whole = whole_holds(&mut input);
    let has_held = whole.values().any(|holds| !holds.is_empty());
    let preview = has_held.then(|| preview(&input, &whole));
    let mut resolved = resolve_all(&input, &whole, &Ties::new());
    let mut operations = operations_of(&resolved);
    let mut pairs = gate_pairs(&resolved.world, &input.feeds, &operations);
    let ties = approved_ties(&input, &operations, &pairs);
    if !ties.is_empty() {
        resolved = resolve_all(&input, &whole, &ties);
        operations = operations_of(&resolved);
        pairs = gate_pairs(&resolved.world, &input.feeds, &operations);
    }
    let trips = evaluate(&Measures {
        limits: &input.policy.limits,
        feeds: &input.feeds,
        population: &input.population,
        operations: &operations,
        scopes: &resolved.scopes,
        approvals: &input.approvals,
        pairs: &pairs,
        rekeyed: &resolved.rekeyed,
        discontinuities: &resolved.discontinuities,
        matched: &resolved.matched,
    });
    let keys = operations.iter().map(Operation::key).collect();
    finish(Finish { input: &input, resolved, operations, keys, pairs, trips, whole, preview })
}

/// Rows that an approved re-key ties to a person: feed rank and line.
type Ties = BTreeMap<(usize, u64), PersonId>;

fn operations_of(resolved: &Resolved) -> Vec<Operation> {
    resolved.derived.iter().filter_map(|derived| derived.operation.clone()).collect()
}

/// An operator said yes to the pairs of G08: the newcomer's row is the partner's, under a new key.
fn approved_ties(input: &Input<'_>, operations: &[Operation], pairs: &[Pair]) -> Ties {
    pairs
        .iter()
        .filter(|pair| super::decide::is_rekey_approved(input, &input.feeds, pair.feed))
        .filter_map(|pair| Some((operations.get(pair.create)?.evidence?, pair.partner)))
        .collect()
}

/// Holds on whole deliveries that no approval lifts, by rank.
fn whole_holds(input: &mut Input<'_>) -> BTreeMap<usize, Vec<WholeHold>> {
    let mut whole = BTreeMap::new();
    for (rank, feed) in input.feeds.iter_mut().enumerate() {
        let Some(delivery) = &mut feed.delivery else { continue };
        let id = delivery.id;
        // An operator who lets a delivery in has seen it: every reason to hold it whole is answered.
        let lifted = input
            .approvals
            .deliveries
            .iter()
            .any(|(other, rule)| *other == id && delivery.whole.iter().any(|hold| hold.rule == rule));
        if lifted {
            delivery.whole.clear();
        }
        if !delivery.whole.is_empty() {
            whole.insert(rank, delivery.whole.clone());
        }
    }
    whole
}

/// What the held deliveries would do if they were let in: for the question's numbers.
fn preview(input: &Input<'_>, whole: &BTreeMap<usize, Vec<WholeHold>>) -> BTreeMap<usize, Vec<Operation>> {
    let resolved = resolve_all(input, &BTreeMap::new(), &Ties::new());
    let mut by_feed: BTreeMap<usize, Vec<Operation>> = BTreeMap::new();
    for operation in resolved.derived.into_iter().filter_map(|derived| derived.operation) {
        for rank in operation.feeds.iter().filter(|rank| whole.contains_key(rank)) {
            by_feed.entry(*rank).or_default().push(operation.clone());
        }
    }
    by_feed
}

/// Everything up to one operation a person.
fn resolve_all(input: &Input<'_>, whole: &BTreeMap<usize, Vec<WholeHold>>, ties: &Ties) -> Resolved {
    let without_held: Vec<FeedInput>;
    let feeds: &[FeedInput] = if whole.is_empty() {
        &input.feeds
    } else {
        without_held = input.feeds.iter().enumerate().map(|(rank, feed)| unless_held(whole, rank, feed)).collect();
        &without_held
    };
    let mut world = World::new(input.now, input.slice.clone(), feeds);
    let mut results = Results::new();
    let mut refused: BTreeMap<usize, Refused> = BTreeMap::new();
    let mut candidates = Vec::new();
    for (rank, feed) in feeds.iter().enumerate().filter(|(_, feed)| feed.delivery.is_some()) {
        let sorted = sort_rows(&world, rank, feed);
        results.extend(sorted.results);
        refused.insert(rank, Refused { rows: sorted.refused, people: BTreeSet::new() });
        candidates.extend(sorted.groups.into_iter().map(|group| resolve::look_up(&world, feeds, rank, group)));
    }
    for candidate in &mut candidates {
        if let Some(person) = ties.get(&(candidate.feed, candidate.group.line)) {
            resolve::tie(&world, candidate, *person);
        }
    }
    reject_rows_of_one_person(&world, feeds, &mut candidates, &mut results, &mut refused);
    for (rank, feed) in feeds.iter().enumerate() {
        world.absent.extend(absent_claims(&world, rank, feed, &candidates));
    }
    for candidate in &mut candidates {
        resolve::set_wish(&world, input.policy, feeds, candidate);
    }
    let attribution = attribute(&world, feeds, &refused, &all_absent(&world, feeds, &candidates));
    let mut scopes = prove_all(&world, input, feeds, &candidates, &attribution);
    let fates = fates(&world, feeds, &candidates, &scopes);
    let mut decided = decide_all(input, feeds, &mut world, &mut candidates, &fates);
    protect_concerned(&world, feeds, &candidates, &decided.persons, &mut scopes);
    decided.count(feeds, &candidates);
    let derived = derive_all(input, feeds, &world, &candidates, &decided, &scopes);
    Resolved {
        world,
        candidates,
        persons: decided.persons,
        results,
        scopes,
        new_people: decided.new_people,
        derived,
        rekeyed: decided.rekeyed,
        discontinuities: decided.discontinuities,
        matched: decided.matched,
    }
}

/// The feed, without its delivery where that is held whole.
fn unless_held(whole: &BTreeMap<usize, Vec<WholeHold>>, rank: usize, feed: &FeedInput) -> FeedInput {
    let delivery = if whole.contains_key(&rank) { None } else { feed.delivery.clone() };
    FeedInput { meta: feed.meta.clone(), delivery }
}

/// Rows of one delivery that reach one person by different keys form a group too (section 7): what
/// they agree on is merged by the claim, what they do not makes all of them rejected.
fn reject_rows_of_one_person(
    world: &World,
    feeds: &[FeedInput],
    candidates: &mut Vec<Candidate>,
    results: &mut Results,
    refused: &mut BTreeMap<usize, Refused>,
) {
    let mut reached: BTreeMap<(usize, RoleClass, PersonId), Vec<usize>> = BTreeMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        if let Some(person) = resolve::reaches(world, candidate) {
            reached.entry((candidate.feed, candidate.group.class, person)).or_default().push(at);
        }
    }
    let mut dropped: BTreeSet<usize> = BTreeSet::new();
    for ((feed, _, person), group) in reached.into_iter().filter(|(_, group)| group.len() > 1) {
        let lines: Vec<u64> = group.iter().filter_map(|at| candidates.get(*at)).map(|c| c.group.line).collect();
        let delivery = feeds.get(feed).and_then(|input| input.delivery.as_ref());
        for at in group {
            let Some(candidate) = candidates.get(at) else { continue };
            for row in &candidate.group.rows {
                refused.entry(feed).or_default().rows.insert(*row);
                let line = delivery.and_then(|d| d.rows.get(*row)).map_or(candidate.group.line, |row| row.line);
                results.insert((feed, *row), super::finish::two_rows_one_person(line, &lines, person));
            }
            dropped.insert(at);
        }
        refused.entry(feed).or_default().people.insert(person);
    }
    let mut at = 0;
    candidates.retain(|_| {
        at += 1;
        !dropped.contains(&(at - 1))
    });
}

fn prove_all(
    world: &World,
    input: &Input<'_>,
    feeds: &[FeedInput],
    candidates: &[Candidate],
    attribution: &Attribution,
) -> BTreeMap<usize, FeedScope> {
    let context = ScopeContext {
        now: input.now,
        limits: &input.policy.limits,
        feeds,
        candidates,
        approvals: &input.approvals,
        rejections: &input.rejections,
        attribution,
    };
    feeds
        .iter()
        .enumerate()
        .map(|(rank, feed)| match feed.delivery {
            Some(_) => (rank, prove(world, rank, &context)),
            None => (rank, waited_for(world, rank, &context)),
        })
        .filter(|(rank, scope)| !scope.absences.is_empty() || feeds.get(*rank).is_some_and(|f| f.delivery.is_some()))
        .collect()
}

/// Who is leaving (section 6), then who gives up an address.
fn fates(world: &World, feeds: &[FeedInput], candidates: &[Candidate], scopes: &BTreeMap<usize, FeedScope>) -> Fates {
    let proven: BTreeSet<usize> = scopes
        .values()
        .flat_map(|scope| &scope.absences)
        .filter(|absence| absence.standing == Standing::Proven)
        .map(|absence| absence.claim)
        .collect();
    let said = |status: Status| candidates.iter().filter(move |candidate| candidate.group.record.status == status);
    let reached: BTreeSet<PersonId> =
        said(Status::Active).filter_map(|candidate| resolve::reaches(world, candidate)).collect();
    // Who is marked inactive leaves like who is absent (K07).
    let ended: BTreeSet<usize> = said(Status::Inactive)
        .filter_map(|candidate| {
            let feed = feeds.get(candidate.feed)?;
            world.claim(feed.meta.id, candidate.group.class, resolve::reaches(world, candidate)?)
        })
        .chain(proven)
        .collect();
    let people: BTreeSet<PersonId> =
        ended.iter().filter_map(|at| world.claims.get(*at)).map(|claim| claim.person).collect();
    let leaving = people
        .into_iter()
        .filter(|id| !reached.contains(id))
        .filter(|id| world.claims_of(*id).iter().all(|at| ended.contains(at)))
        .filter(|id| world.person(*id).is_some_and(is_removable))
        .collect();
    let releasing = resolve::releasing(world, candidates, &leaving);
    Fates { leaving, releasing }
}

fn is_removable(person: &Person) -> bool {
    person.state == State::Active
        && person.presence_pin == PresencePin::None
        && person.classes.iter().all(|state| state.owner != Owner::Local)
}

/// Rejections and reviews protect everybody they concern, whichever feed has the row (K02).
fn protect_concerned(
    world: &World,
    feeds: &[FeedInput],
    candidates: &[Candidate],
    persons: &[Option<PersonId>],
    scopes: &mut BTreeMap<usize, FeedScope>,
) {
    let waiting: Vec<&Candidate> = candidates
        .iter()
        .zip(persons)
        .filter(|(c, person)| person.is_none() && !creates_nothing(c))
        .map(|(c, _)| c)
        .collect();
    let everybody: BTreeSet<PersonId> = waiting.iter().flat_map(|candidate| concerned(world, candidate)).collect();
    for absence in scopes.values_mut().flat_map(|scope| &mut scope.absences) {
        let concerns = world.claims.get(absence.claim).is_some_and(|claim| everybody.contains(&claim.person));
        if concerns && !matches!(absence.standing, Standing::Protected(_)) {
            absence.standing = Standing::Protected(Bearing::Concerned);
        }
    }
    let carried = carried(world, feeds, candidates, persons);
    for candidate in waiting {
        let Some(scope) = scopes.get_mut(&candidate.feed) else { continue };
        let delivery = feeds.get(candidate.feed).and_then(|input| input.delivery.as_ref());
        let missing = |claim: &Claim| {
            claim.gone.is_some() || delivery.is_some_and(|delivery| delivery.unmatched.contains(&claim.id))
        };
        // Somebody may be reached by the row in review, and so not be absent: it is their row.
        for id in concerned(world, candidate) {
            scope.rejected.extend(world.claims_of(id).iter().copied().filter(|at| {
                world.claims.get(*at).is_some_and(|claim| {
                    let theirs = world.rank(claim.feed) == candidate.feed && claim.class == candidate.group.class;
                    theirs && missing(claim) && !carried.contains(at)
                })
            }));
        }
    }
}

/// An inactive row of somebody unknown.
fn creates_nothing(candidate: &Candidate) -> bool {
    candidate.group.record.status == Status::Inactive
        && candidate.decision.is_some_and(|decision| decision.who == Who::Create)
}

/// Whom a row without a person may be about. A row that only wants somebody's address is not theirs: it
/// protects nobody beyond K08 itself, by which the holder keeps it.
fn concerned(world: &World, candidate: &Candidate) -> Vec<PersonId> {
    let mut people = resolve::concerned(world, candidate);
    people.extend(near_twin(world, candidate));
    if candidate.decision.is_some_and(|decision| decision.email == EmailMove::InUse) {
        people.retain(|id| Some(*id) != candidate.b);
    }
    people
}

/// Claims that rows of tonight carry.
fn carried(
    world: &World,
    feeds: &[FeedInput],
    candidates: &[Candidate],
    persons: &[Option<PersonId>],
) -> BTreeSet<usize> {
    candidates
        .iter()
        .zip(persons)
        .filter_map(|(candidate, person)| {
            world.claim(feeds.get(candidate.feed)?.meta.id, candidate.group.class, (*person)?)
        })
        .collect()
}

fn derive_all(
    input: &Input<'_>,
    feeds: &[FeedInput],
    world: &World,
    candidates: &[Candidate],
    decided: &Decided,
    scopes: &BTreeMap<usize, FeedScope>,
) -> Vec<Derived> {
    let mut by_person: BTreeMap<PersonId, Vec<usize>> = BTreeMap::new();
    for (at, person) in decided.persons.iter().enumerate() {
        if let Some(person) = person {
            by_person.entry(*person).or_default().push(at);
        }
    }
    let mut absences = HashMap::new();
    for (rank, scope) in scopes {
        for (place, absence) in scope.absences.iter().enumerate() {
            absences.insert(absence.claim, (*rank, place));
            if let Some(claim) = world.claims.get(absence.claim) {
                by_person.entry(claim.person).or_default();
            }
        }
    }
    let context = Context { world, policy: input.policy, feeds, scopes, candidates, absences: &absences };
    by_person
        .into_iter()
        .filter_map(|(id, mine)| {
            let is_new = decided.new_people.contains(&id);
            let person = if is_new { blank(id, input.now) } else { world.person(id)?.clone() };
            Some(derive(&context, &person, is_new, &mine))
        })
        .collect()
}
