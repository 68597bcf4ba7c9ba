//! From one base, two nights that differ in one respect: what the difference may and may not do.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use rosterd::actions::Request;
use rosterd::roster::{Person, PersonId, State};
use rosterd_contract::Field;

use super::chance::Chance;
use super::files::{self, File, Layout};
use super::house::{House, Snap, plain_district};
use super::town::{Churn, Town};
use super::watch::{archived, created, list, restored, shown, text};
use super::{for_all, nights, seeds};
use crate::support::{HOME, Row, student};

/// A town and its installation after some nights, and the files of the last one.
struct Base {
    chance: Chance,
    town: Town,
    house: House,
    last: Vec<File>,
}

async fn base(seed: u64, churn: Churn, layout: Layout) -> Result<Base, String> {
    let mut chance = Chance::new(seed);
    let people = 40 + chance.below(60);
    let mut town = Town::new(&mut chance, people, churn);
    let mut house = House::new(seed, vec![plain_district(HOME, layout)]).await;
    let mut last = Vec::new();
    for _ in 0..nights(4).min(12) {
        town.night(&mut chance, churn);
        last = files::files(&town, layout);
        if churn == Churn::Wild {
            files::spoil_some(&mut last, &mut chance);
        }
        house.deliver(0, &last).await?;
        house.pass_time(TimeDelta::hours(24));
    }
    Ok(Base { chance, town, house, last })
}

/// The people before and after one more night on a copy.
async fn one_more_night(base: &Base, files: &[File]) -> Result<(Snap, Snap), String> {
    let mut copy = base.house.fork(77).await;
    let before = copy.people(0).await;
    copy.deliver(0, files).await?;
    Ok((before, copy.people(0).await))
}

fn churn(seed: u64) -> Churn {
    if seed.is_multiple_of(2) { Churn::Clean } else { Churn::Wild }
}

/// I15: removing rows never creates or restores anyone (but whoever had a row that waited for the place).
async fn fewer_rows(seed: u64) -> Result<(), String> {
    let mut base = base(seed, Churn::Clean, Layout::ALL[seed as usize % 3]).await?;
    let percent = 1 + base.chance.below(40) as u64;
    let chance = &mut base.chance;
    let fewer: Vec<File> = base.last.iter().map(|file| file.only(|_| !chance.percent(percent))).collect();
    let (before, after) = one_more_night(&base, &fewer).await?;
    let new = created(&before, &after).len() + restored(&before, &after).len();
    if new > 0 { Err(format!("I15: {new} people come from rows that are missing")) } else { Ok(()) }
}

#[test]
fn fewer_rows_bring_nobody() {
    for_all(seeds(4), fewer_rows);
}

/// What the same night archives with and without a difference in its files.
async fn more_archived(base: &Base, files: &[File]) -> Result<Vec<String>, String> {
    let (before, after) = one_more_night(base, &base.last).await?;
    let usual: BTreeSet<PersonId> = archived(&before, &after).into_iter().collect();
    let (before, after) = one_more_night(base, files).await?;
    Ok(archived(&before, &after).into_iter().filter(|id| !usual.contains(id)).map(|id| shown(&before[&id])).collect())
}

/// I15: adding valid active rows never archives anyone, whatever keys and names they share.
async fn more_rows(seed: u64) -> Result<(), String> {
    let mut base = base(seed, churn(seed), Layout::ALL[seed as usize / 2 % 3]).await?;
    // Rows that were damaged are whole again in both: that would be a difference of its own.
    base.last = base.last.iter().map(|file| files::file(&file.name, file.rows())).collect();
    let mut more = base.last.clone();
    let at = base.chance.below(more.len());
    let mut rows = more[at].rows();
    let mut added = Vec::new();
    for n in 0..1 + base.chance.below(5) {
        let other = if rows.is_empty() { student(9_000) } else { base.chance.pick(&rows).clone() };
        let fresh = student(9_100 + n);
        added.push(match base.chance.below(8) {
            0 => Row { email: other.email, ..fresh },
            1 => Row { idnumber: other.idnumber, ..fresh },
            2 => Row { lastname: other.lastname, firstname: other.firstname, ..fresh },
            3 => Row { idnumber: fresh.idnumber, ..other },
            4 => Row { email: fresh.email, ..other },
            5 => Row { idnumber: String::new(), ..other },
            _ => fresh,
        });
    }
    let shown = format!("{added:#?}");
    rows.extend(added);
    more[at] = files::file(&more[at].name.clone(), rows);
    let gone = more_archived(&base, &more).await?;
    if gone.is_empty() { Ok(()) } else { Err(format!("I15: more rows archive {gone:#?}; added: {shown}")) }
}

#[test]
fn more_rows_archive_nobody() {
    for_all(seeds(8), more_rows);
}

/// I15: damaging rows, in any cells, archives nobody in that run.
async fn damaged_rows(seed: u64) -> Result<(), String> {
    let mut base = base(seed, churn(seed), Layout::ALL[seed as usize / 2 % 3]).await?;
    let mut damaged = base.last.clone();
    for file in &mut damaged {
        for _ in 0..1 + base.chance.below(4) {
            files::damage(file, &mut base.chance);
        }
    }
    let gone = more_archived(&base, &damaged).await?;
    if gone.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = damaged.iter().flat_map(|file| &file.lines).filter_map(|line| line.broken.clone()).collect();
    Err(format!("I15: damaged rows archive {gone:#?}; damaged: {lines:#?}"))
}

#[test]
fn damaged_rows_archive_nobody() {
    for_all(seeds(8), damaged_rows);
}

/// I19: addresses that go round are updates of exactly those who moved.
async fn rotations(seed: u64) -> Result<(), String> {
    let mut base = base(seed, Churn::Clean, Layout::ALL[seed as usize % 3]).await?;
    let many = 2 + base.chance.below(30);
    let moved = base.town.rotate_emails(&mut base.chance, many);
    let (before, after) = one_more_night(&base, &files::files(&base.town, Layout::ALL[seed as usize % 3])).await?;
    let number = |person: &Person| person.numbers.first().map(|(_, number)| number.to_string()).unwrap_or_default();
    let changed: BTreeSet<String> =
        after.iter().filter(|(id, person)| before.get(id) != Some(person)).map(|(_, person)| number(person)).collect();
    let expected: BTreeSet<String> = moved.iter().map(|id| base.town.people[id].row.idnumber.clone()).collect();
    let right = after.values().filter(|person| expected.contains(&number(person))).all(|person| {
        base.town
            .people
            .values()
            .any(|human| human.row.idnumber == number(person) && person.email.as_deref() == Some(&*human.row.email))
    });
    if changed == expected && right && before.len() == after.len() {
        return Ok(());
    }
    Err(format!("I19: moved {expected:?}, changed {changed:?}, right {right}"))
}

#[test]
fn addresses_that_go_round_are_updates_of_those_who_moved() {
    for_all(seeds(4), rotations);
}

/// I21: archived and restored, by hand or by the sources, a person is the same.
async fn there_and_back(seed: u64) -> Result<(), String> {
    let mut base = base(seed, Churn::Clean, Layout::ALL[seed as usize % 3]).await?;
    let before = base.house.people(0).await;
    // Staff are few, and a role that vanishes as a whole is asked about (G04).
    let is_student = |person: &Person| person.role().is_some_and(|role| role.as_str() == "student");
    let active: Vec<&Person> =
        before.values().filter(|person| person.state == State::Active && is_student(person)).collect();
    let by_hand: Vec<Person> = base.chance.some(&active, 5).into_iter().cloned().collect();
    for person in &by_hand {
        for request in [
            Request::Archive { district: None, person: person.id.to_string() },
            Request::Restore { district: None, person: person.id.to_string() },
        ] {
            let reply = base.house.ask(request).await;
            if let Some(error) = reply.error {
                return Err(format!("I21: {}", error.sentence));
            }
        }
    }
    same_records(&before, &base.house.people(0).await, "by hand")?;
    let emails: Vec<&str> = by_hand.iter().filter_map(|person| person.email.as_deref()).collect();
    let fewer: Vec<File> = base.last.iter().map(|file| file.only(|row| !emails.contains(&&*row.email))).collect();
    base.house.deliver(0, &fewer).await?;
    let gone = base.house.people(0).await;
    if by_hand.iter().any(|person| gone[&person.id].state != State::ArchivedAuto) {
        return Err("I21: they were to be archived first".into());
    }
    base.house.pass_time(TimeDelta::days(3));
    base.house.deliver(0, &base.last).await?;
    same_records(&before, &base.house.people(0).await, "by the files")
}

fn same_records(before: &Snap, after: &Snap, how: &str) -> Result<(), String> {
    let differs = before.iter().find(|(id, person)| after.get(id) != Some(person));
    match differs {
        Some((id, person)) => Err(format!("I21: back {how}: {person:?} is now {:?}", after.get(id))),
        None if before.len() != after.len() => Err(format!("I21: back {how}: others came")),
        None => Ok(()),
    }
}

#[test]
fn archived_and_back_a_person_is_the_same() {
    for_all(seeds(4), there_and_back);
}

/// I23: the roster, written as a file and delivered, changes nobody.
async fn exported(seed: u64) -> Result<(), String> {
    let mut base = base(seed, churn(seed), Layout::Whole).await?;
    let before = base.house.people(0).await;
    let row = |person: &Person| Row {
        firstname: person.given().into(),
        lastname: person.family().into(),
        email: person.email.as_deref().unwrap_or_default().into(),
        role: person.role().map(|role| role.to_string()).unwrap_or_default(),
        gradyear: person.fields.text(Field::GradYear).into(),
        status: "1".into(),
        idnumber: person.numbers.first().map(|(_, number)| number.to_string()).unwrap_or_default(),
    };
    let rows = before.values().filter(|person| person.state == State::Active).map(row).collect();
    base.house.seal(0, &files::file("roster.csv", rows)).await;
    let account = base.house.rehearse(0).await?.json();
    base.house.run(0).await?;
    let changed: Vec<&serde_json::Value> =
        list(&account, "outcomes").iter().filter(|outcome| text(outcome, "outcome") != "unchanged").collect();
    if !changed.is_empty() {
        let plan = list(&account, "plan");
        return Err(format!("I23: rows of the export are not unchanged: {changed:?}; plan: {plan:?}"));
    }
    same_records(&before, &base.house.people(0).await, "as an export").map_err(|what| what.replace("I21", "I23"))
}

#[test]
fn exported_and_delivered_all_is_unchanged() {
    for_all(seeds(6), exported);
}
