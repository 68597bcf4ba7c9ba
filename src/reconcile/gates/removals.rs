//! Gates on removals: G01, G02, G03, G09, G11, G13, G16.

use std::collections::BTreeMap;

use rosterd_contract::{Role, RoleClass};

use super::{Measures, Trip};
use crate::reconcile::input::AgainstReference;
use crate::reconcile::plan::{Action, Operation, What};

/// G16: a run of newly missing records of this length holds removals, wherever it stands.
const MISSING_RUN: u64 = 10;

/// G01, G16 and G09 compare the file with the reference and hold the feed's removals.
pub fn g01_g16_g09(measures: &Measures<'_>, trips: &mut Vec<Trip>) {
    for (rank, input) in measures.feeds.iter().enumerate() {
        if !measures.is_measured(rank) {
            continue;
        }
        let Some(delivery) = &input.delivery else { continue };
        let Some(against) = &delivery.tally.against else { continue };
        let held = measures.removals_of(rank);
        let mut trip = |rule, message: String| {
            trips.push(Trip {
                field: None,
                rule,
                what: What::Removals,
                scope: input.meta.label(),
                cause: String::new(),
                feeds: vec![rank],
                operations: held.clone(),
                message,
            });
        };
        let missing_rows = against.rows.saturating_sub(delivery.tally.read);
        if measures.limits.g01.trips(missing_rows, against.rows) {
            trip("G01", g01_message(against, delivery.tally.read));
        }
        let tail = against.rows.saturating_sub(against.until_last_present);
        let newly = against.longest_missing;
        if tail as f64 > measures.limits.g16.more_than
            || (measures.limits.g16.more_than.is_finite() && newly >= MISSING_RUN)
        {
            let what = if tail >= 2 {
                format!("the last {tail} records of the reference are missing")
            } else {
                format!("{newly} neighbouring records of the reference are missing")
            };
            trip("G16", format!("{what}: the file may have been cut, so nobody is removed for being absent"));
        }
        if measures.limits.g09.trips(against.newly_rejected, against.rows) {
            trip("G09", format!("{} rows that went in last time are rejected now", against.newly_rejected));
        }
    }
}

fn g01_message(against: &AgainstReference, rows: u64) -> String {
    let looks = if against.unknown_rows * 10 >= rows * 8 && rows > 0 {
        "it looks like a list of additions"
    } else if rows * 20 < against.rows && against.unknown_rows == 0 {
        "it looks like a correction"
    } else {
        "it looks like a part of the roster"
    };
    format!("{rows} rows instead of {}: {looks}", against.rows)
}

/// G02 for one scope: the absolute part grows from 2 to 5 with its size.
fn g02_trips(measures: &Measures<'_>, removed: u64, people: u64) -> bool {
    let limit = measures.limits.g02;
    let n = people as f64;
    let absolute = if limit.more_than < 0.0 { (n / 5.0).clamp(2.0, 5.0) } else { limit.more_than };
    let measured = n.min(100.0 * n.sqrt());
    removed as f64 > absolute && removed as f64 * 100.0 > limit.percent * measured
}

/// G02: removals per feed, per role-class of a feed, and per district.
pub fn g02(measures: &Measures<'_>, trips: &mut Vec<Trip>) {
    let mut push = |scope: String, feeds: Vec<usize>, operations: Vec<usize>, people: u64| {
        let removed = operations.len() as u64;
        if g02_trips(measures, removed, people) {
            let message = format!("{removed} of {people} people would be archived");
            let cause = String::new();
            trips.push(Trip {
                rule: "G02",
                what: What::Removals,
                field: None,
                scope,
                cause,
                feeds,
                operations,
                message,
            });
        }
    };
    for (rank, input) in measures.feeds.iter().enumerate().filter(|(rank, _)| measures.is_measured(*rank)) {
        let of_feed = measures.removals_of(rank);
        push(input.meta.label(), vec![rank], of_feed.clone(), input.meta.counts.claims);
        for class in RoleClass::ALL {
            let people = input.meta.counts.classes.get(&class).copied().unwrap_or_default();
            let of_class: Vec<usize> =
                of_feed.iter().copied().filter(|at| removes_class(measures.operation(*at), class)).collect();
            push(format!("{} {class}", input.meta.label()), vec![rank], of_class, people);
        }
    }
    let everywhere = measures.open(|operation| operation.action == Action::Archive);
    push("district".to_owned(), Vec::new(), everywhere, measures.population.active);
}

fn removes_class(operation: Option<&Operation>, class: RoleClass) -> bool {
    operation.and_then(|operation| operation.removal.as_ref()).is_some_and(|removal| removal.classes.contains(&class))
}

/// G03: removals in one cell of ten or more, or a whole grade of a school.
pub fn g03(measures: &Measures<'_>, trips: &mut Vec<Trip>) {
    let mut by_cell: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    let mut by_grade: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    for at in measures.open(|operation| operation.action == Action::Archive) {
        let Some(removal) = measures.operation(at).and_then(|operation| operation.removal.as_ref()) else { continue };
        for (rank, cell) in &removal.cells {
            by_cell.entry((*rank, cell.text())).or_default().push(at);
        }
        for (rank, grade) in removal.feeds.iter().flat_map(|rank| removal.grades.iter().map(move |g| (*rank, g))) {
            by_grade.entry((rank, grade.clone())).or_default().push(at);
        }
    }
    for ((rank, cell), operations) in by_cell {
        let members = members(measures, rank, &cell);
        if members >= 10 && measures.is_measured(rank) && measures.limits.g03.trips(operations.len() as u64, members) {
            let message = format!("{} of {members} people of {cell} would be archived", operations.len());
            trips.push(g03_trip(measures, rank, cell, operations, message));
        }
    }
    for ((rank, grade), operations) in by_grade {
        let all = measures.feeds.get(rank).and_then(|input| input.meta.counts.grades.get(&grade)).copied();
        let whole = all.is_some_and(|all| all >= 10 && operations.len() as u64 >= all);
        if whole && measures.is_measured(rank) && measures.limits.g03.more_than.is_finite() {
            let message = format!("the whole grade {grade}, {} people, would be archived", operations.len());
            trips.push(g03_trip(measures, rank, grade, operations, message));
        }
    }
}

fn g03_trip(measures: &Measures<'_>, rank: usize, cause: String, operations: Vec<usize>, message: String) -> Trip {
    let scope = format!("{} {cause}", measures.label(rank));
    Trip { rule: "G03", what: What::Removals, field: None, scope, cause, feeds: vec![rank], operations, message }
}

fn members(measures: &Measures<'_>, rank: usize, cell: &str) -> u64 {
    let cells = measures.feeds.get(rank).map(|input| &input.meta.counts.cells);
    crate::reconcile::input::CellKey::from_text(cell)
        .and_then(|key| cells.and_then(|cells| cells.get(&key)))
        .copied()
        .unwrap_or_default()
}

/// G11: removals of seven days that flowed without approval, tonight's included.
pub fn g11(measures: &Measures<'_>, trips: &mut Vec<Trip>) {
    let operations = measures.open(|operation| {
        operation.action == Action::Archive
            && operation
                .removal
                .as_ref()
                .is_some_and(|removal| removal.feeds.iter().any(|rank| measures.is_measured(*rank)))
    });
    if operations.is_empty() {
        return;
    }
    let restored = measures.operations.iter().filter(|operation| operation.action == Action::Restore).count() as u64;
    let week = (measures.population.removed_week + operations.len() as u64).saturating_sub(restored);
    let largest = measures.population.largest_week.max(measures.population.active);
    if measures.limits.g11.trips(week, largest) {
        trips.push(Trip {
            field: None,
            rule: "G11",
            what: What::Removals,
            scope: "district".to_owned(),
            cause: String::new(),
            feeds: Vec::new(),
            message: format!("{week} of {largest} people would have been archived within seven days, little by little"),
            operations,
        });
    }
}

/// G13: the last admins of the district, or many of them.
pub fn g13(measures: &Measures<'_>, trips: &mut Vec<Trip>) {
    let was = |operation: &Operation| operation.before.as_ref().is_some_and(is_admin);
    let stays = |operation: &Operation| operation.action != Action::Archive && is_admin(&operation.after);
    let gone = measures.open(|operation| was(operation) && !stays(operation));
    let new = measures.operations.iter().filter(|operation| !was(operation) && stays(operation)).count() as u64;
    let before = measures.population.active_admins;
    let lost = gone.len() as u64;
    if lost == 0 {
        return;
    }
    let none_left = before > 0 && (before + new).saturating_sub(lost) == 0 && measures.limits.g13.more_than.is_finite();
    if none_left || measures.limits.g13.trips(lost, before) {
        let message = if none_left {
            "no active admin would be left in the district".to_owned()
        } else {
            format!("{lost} of {before} admins would be gone")
        };
        trips.push(Trip {
            field: None,
            rule: "G13",
            what: What::Updates,
            scope: "district".to_owned(),
            cause: "admins".to_owned(),
            feeds: Vec::new(),
            operations: gone,
            message,
        });
    }
}

/// Is the person an admin in any class?
pub fn is_admin(person: &crate::roster::Person) -> bool {
    !person.state.is_archived() && person.classes.iter().any(|state| state.role == Role::Admin)
}
