//! Ways of sending the same thing that must come to the same people: other orders, other files, fewer nights, another
//! district in the same store.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rosterd::reconcile::limits::Limits;
use rosterd::roster::{Person, State};
use rosterd_contract::Field;

use super::chance::Chance;
use super::files::{self, File, Layout};
use super::house::{House, Snap, district, plain_district};
use super::town::{Churn, Town};
use super::{for_all, nights, seeds};
use crate::support::HOME;

/// What a person is, whatever their GUID and their feeds.
pub fn shape(person: &Person) -> String {
    let mut numbers: Vec<String> = person.numbers.iter().map(|(class, number)| format!("{class} {number}")).collect();
    numbers.sort();
    let classes: Vec<String> = person.classes.iter().map(|state| state.role.to_string()).collect();
    format!(
        "{} {} <{}> {numbers:?} {classes:?} {} {:?} {} {}",
        person.given(),
        person.family(),
        person.email.as_deref().unwrap_or_default(),
        person.fields.text(Field::GradYear),
        person.orgs,
        person.state.as_str(),
        person.presence_pin.as_str(),
    )
}

/// The same people, each as often.
pub fn same_people(one: &Snap, other: &Snap) -> Result<(), String> {
    same_shapes(one.values(), other.values())
}

fn same_shapes<'p>(
    one: impl Iterator<Item = &'p Person>,
    other: impl Iterator<Item = &'p Person>,
) -> Result<(), String> {
    let mut count: BTreeMap<String, i32> = BTreeMap::new();
    one.for_each(|person| *count.entry(shape(person)).or_default() += 1);
    other.for_each(|person| *count.entry(shape(person)).or_default() -= 1);
    count.retain(|_, n| *n != 0);
    if count.is_empty() { Ok(()) } else { Err(format!("only here (1) or only there (-1): {count:#?}")) }
}

fn active(people: &Snap) -> impl Iterator<Item = &Person> {
    people.values().filter(|person| person.state == State::Active)
}

/// All gates but those that look at the order of the rows.
fn limits_without_order() -> Limits {
    let mut limits = Limits::default();
    for name in ["G01", "G16"] {
        limits.by_name(name).unwrap().more_than = f64::INFINITY;
    }
    limits
}

/// I10: rows in another order, files in another order.
async fn orders(seed: u64) -> Result<(), String> {
    let mut chance = Chance::new(seed);
    let layout = Layout::ALL[seed as usize % 3];
    let people = 40 + chance.below(60);
    let mut town = Town::new(&mut chance, people, Churn::Wild);
    let mut houses = Vec::new();
    for ids in 0..2 {
        houses.push(House::new(seed + ids, vec![district(HOME, layout, limits_without_order())]).await);
    }
    for night in 1..=nights(6) {
        town.night(&mut chance, Churn::Wild);
        let mut tonight = files::files(&town, layout);
        files::spoil_some(&mut tonight, &mut chance);
        let mut shuffled: Vec<File> = tonight.iter().map(|file| file.shuffled(&mut chance)).collect();
        chance.shuffle(&mut shuffled);
        houses[0].deliver(0, &tonight).await?;
        houses[1].deliver(0, &shuffled).await?;
        same_people(&houses[0].people(0).await, &houses[1].people(0).await)
            .map_err(|what| format!("I10: night {night} ({layout:?}) in another order: {what}"))?;
        houses.iter().for_each(|house| house.pass_time(TimeDelta::hours(24)));
    }
    Ok(())
}

#[test]
fn the_order_of_rows_and_files_does_not_matter() {
    for_all(seeds(6), orders);
}

/// I13: one file, two by role, three by school: the same people.
async fn splits(seed: u64) -> Result<(), String> {
    let mut chance = Chance::new(seed);
    let people = 40 + chance.below(60);
    let mut town = Town::new(&mut chance, people, Churn::Clean);
    let mut houses = Vec::new();
    for layout in Layout::ALL {
        houses.push((layout, House::new(seed, vec![plain_district(HOME, layout)]).await));
    }
    for night in 1..=nights(6) {
        town.night(&mut chance, Churn::Clean);
        for (layout, house) in &mut houses {
            house.deliver(0, &files::files(&town, *layout)).await?;
            house.pass_time(TimeDelta::hours(24));
        }
        let whole = houses[0].1.people(0).await;
        let expected: Vec<String> = town.people.values().map(|human| human.row.email.clone()).collect();
        let found =
            active(&whole).filter(|person| expected.contains(&person.email.as_deref().unwrap_or_default().into()));
        if found.count() != expected.len() || active(&whole).count() != expected.len() {
            return Err(format!("night {night}: the roster is not what the file says"));
        }
        for (layout, house) in &houses[1..] {
            same_people(&whole, &house.people(0).await)
                .map_err(|what| format!("I13: night {night}, whole and {layout:?}: {what}"))?;
        }
    }
    Ok(())
}

#[test]
fn split_into_several_files_it_is_the_same_people() {
    for_all(seeds(4), splits);
}

/// Convergence: whoever missed nights has the same active people once the latest files are there.
async fn missed_nights(seed: u64) -> Result<(), String> {
    let mut chance = Chance::new(seed);
    let layout = Layout::ALL[seed as usize % 3];
    let people = 40 + chance.below(60);
    let mut town = Town::new(&mut chance, people, Churn::Clean);
    let mut every = House::new(seed, vec![plain_district(HOME, layout)]).await;
    let mut some = House::new(seed, vec![plain_district(HOME, layout)]).await;
    let mut last = House::new(seed, vec![plain_district(HOME, layout)]).await;
    for _ in 1..nights(8) {
        town.night(&mut chance, Churn::Clean);
        let tonight = files::files(&town, layout);
        let came: Vec<File> = tonight.iter().filter(|_| chance.percent(50)).cloned().collect();
        every.deliver(0, &tonight).await?;
        some.deliver(0, &came).await?;
        [&every, &some, &last].into_iter().for_each(|house| house.pass_time(TimeDelta::hours(24)));
    }
    let tonight = files::files(&town, layout);
    for house in [&mut every, &mut some, &mut last] {
        house.deliver(0, &tonight).await?;
    }
    let (every, some, last) = (every.people(0).await, some.people(0).await, last.people(0).await);
    same_shapes(active(&every), active(&some)).map_err(|what| format!("every night or some ({layout:?}): {what}"))?;
    same_shapes(active(&every), active(&last)).map_err(|what| format!("every night or the last ({layout:?}): {what}"))
}

#[test]
fn missed_nights_leave_no_trace() {
    for_all(seeds(4), missed_nights);
}

const OF_A_DISTRICT: [&str; 9] =
    ["people", "person_keys", "links", "changes", "feeds", "deliveries", "runs", "holds", "outbox"];

/// I29: what one district does changes no byte of the other, though both know the same keys.
async fn neighbours(seed: u64) -> Result<(), String> {
    let mut chance = Chance::new(seed);
    let layouts = [Layout::ALL[seed as usize % 3], Layout::ALL[(seed as usize + 1) % 3]];
    let people = 40 + chance.below(30);
    let mut towns = [Town::new(&mut chance, people, Churn::Wild), Town::new(&mut chance, people, Churn::Wild)];
    let districts =
        vec![district(HOME, layouts[0], Limits::default()), district("shelbyville", layouts[1], Limits::default())];
    let names = [HOME, "shelbyville"];
    let mut both = House::new(seed, districts.clone()).await;
    let mut alone = House::new(seed, vec![districts[0].clone()]).await;
    for night in 1..=nights(5) {
        for at in 0..2 {
            towns[at].night(&mut chance, Churn::Wild);
            let mut tonight = files::files(&towns[at], layouts[at]);
            tonight.iter_mut().for_each(|file| files::spoil(file, &mut chance));
            let other = names[1 - at];
            let before = both.dump(&OF_A_DISTRICT, Some(other)).await;
            both.deliver(at, &tonight).await?;
            if both.dump(&OF_A_DISTRICT, Some(other)).await != before {
                return Err(format!("I29: night {night}: a run of {} writes into {other}", names[at]));
            }
            if at == 0 {
                alone.deliver(0, &tonight).await?;
            }
        }
        same_people(&both.people(0).await, &alone.people(0).await)
            .map_err(|what| format!("I29: night {night}, with and without a neighbour: {what}"))?;
        both.pass_time(TimeDelta::hours(24));
        alone.pass_time(TimeDelta::hours(24));
    }
    Ok(())
}

#[test]
fn two_districts_in_one_store_do_not_touch() {
    for_all(seeds(3), neighbours);
}
