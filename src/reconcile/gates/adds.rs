//! Gates on adds and on fields: G05, G12, G14, G15.

use rosterd_contract::Field;
use rosterd_contract::vocabulary::GRADES;

use super::removals::is_admin;
use super::{Measures, Trip};
use crate::reconcile::plan::{Action, Operation, What};
use crate::roster::Attribute;

/// An archive this long ago makes a mass restore suspicious (G12).
const LONG_AGO_DAYS: i64 = 200;

fn trip(rule: &'static str, what: What, cause: &str, operations: Vec<usize>, message: String) -> Trip {
    let scope = "district".to_owned();
    Trip { rule, what, field: None, scope, cause: cause.to_owned(), feeds: Vec::new(), operations, message }
}

/// G05: many creates. A feed's first delivery has its own question (D17).
pub fn g05(measures: &Measures<'_>, trips: &mut Vec<Trip>) {
    let creates = measures.open(|operation| operation.action == Action::Create && !measures.by_baseline(operation));
    let count = creates.len() as u64;
    if measures.limits.g05.trips(count, measures.population.active) {
        let adds = measures.open(|operation| super::is_add(operation.action) && !measures.by_baseline(operation));
        let message = format!("{count} people would be created, beside {} active ones", measures.population.active);
        trips.push(trip("G05", What::Adds, "", adds, message));
    }
}

/// G12: many restores of people who were archived long ago.
pub fn g12(measures: &Measures<'_>, trips: &mut Vec<Trip>) {
    let restores = measures.open(|operation| {
        operation.action == Action::Restore
            && operation.before.as_ref().and_then(|before| before.archived_at).is_some_and(|at| {
                operation
                    .feeds
                    .iter()
                    .filter_map(|rank| measures.feeds.get(*rank)?.delivery.as_ref())
                    .any(|delivery| delivery.stated_at - at > chrono::TimeDelta::days(LONG_AGO_DAYS))
            })
    });
    let count = restores.len() as u64;
    if measures.limits.g12.trips(count, measures.population.active) {
        let message = format!("{count} people archived more than {LONG_AGO_DAYS} days ago would come back");
        trips.push(trip("G12", What::Adds, "restores", restores, message));
    }
}

/// G14: one field changed for more than half of the matched people.
pub fn g14(measures: &Measures<'_>, trips: &mut Vec<Trip>) {
    let fields = [
        (Attribute::Orgs, "school"),
        (Attribute::Field(Field::Grades), "grade"),
        (Attribute::Field(Field::GivenName), "given name"),
        (Attribute::Field(Field::FamilyName), "family name"),
    ];
    for (attribute, word) in fields {
        let changed = measures.open(|operation| changes(operation, attribute) && !measures.by_baseline(operation));
        let count = changed.len() as u64;
        if measures.limits.g14.trips(count, measures.all_matched()) {
            let message = format!("the {word} of {count} of {} people would change", measures.all_matched());
            let field = Some(attribute);
            trips.push(Trip { field, ..trip("G14", What::Updates, attribute.as_str(), changed, message) });
        }
    }
}

/// Does an update change this attribute from one value to another? A yearly step of one grade is
/// what every summer brings and does not count.
fn changes(operation: &Operation, attribute: Attribute) -> bool {
    let Some(before) = operation.before.as_ref().filter(|_| operation.action == Action::Update) else { return false };
    let (old, new) = (before.text(attribute), operation.after.text(attribute));
    if old.is_empty() || old == new {
        return false;
    }
    attribute != Attribute::Field(Field::Grades) || !is_next_grade(&old, &new)
}

fn is_next_grade(old: &str, new: &str) -> bool {
    let place = |grade: &str| GRADES.iter().position(|code| *code == grade);
    matches!((place(old), place(new)), (Some(old), Some(new)) if new == old + 1)
}

/// G15: new admins, created or raised.
pub fn g15(measures: &Measures<'_>, trips: &mut Vec<Trip>) {
    let new = measures.open(|operation| {
        operation.action != Action::Archive
            && is_admin(&operation.after)
            && !operation.before.as_ref().is_some_and(is_admin)
            && !measures.by_baseline(operation)
    });
    let count = new.len() as u64;
    if measures.limits.g15.trips(count, measures.population.active_admins) {
        let message = format!("{count} new admins, beside {} so far", measures.population.active_admins);
        trips.push(trip("G15", What::Updates, "admins", new, message));
    }
}
