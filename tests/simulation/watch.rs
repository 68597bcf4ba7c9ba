//! A small model beside the real thing: which file is each feed's view, and what has been said and answered. It knows
//! nothing of claims, gates or rules; it looks at the bytes that were sent and at the people that are there.

use std::collections::{BTreeMap, BTreeSet};

use rosterd::roster::{Person, PersonId, State};
use rosterd_contract::{Role, RoleClass};
use serde_json::Value;

use super::files::Line;
use super::house::{House, Snap};
use crate::support::Row;

/// One feed, as its files make it.
#[derive(Default)]
pub struct Feed {
    /// Deliveries that were its view, oldest first; the last one is now.
    pub views: Vec<String>,
    /// Rows that corrections added since.
    pub patched: Vec<Line>,
}

#[derive(Default)]
pub struct Watch {
    /// Rows of every correction.
    corrections: Vec<Line>,
    pub feeds: BTreeMap<String, Feed>,
    pub seen: BTreeSet<PersonId>,
    pub numbers: BTreeMap<(RoleClass, String), PersonId>,
    pub links: BTreeMap<String, String>,
    /// Every address somebody had.
    pub emails: BTreeMap<PersonId, BTreeSet<String>>,
    /// Removals that were held, with the nights since.
    pub held: BTreeMap<PersonId, u32>,
    /// Removals that were rejected.
    pub kept: BTreeSet<PersonId>,
    /// Removals that were approved, until the person is seen again.
    pub approved: BTreeSet<PersonId>,
    /// How many of what is worth watching came by, so that a history of nothing is noticed.
    pub tally: BTreeMap<&'static str, u64>,
}

/// What a row says of a person.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Nothing,
    Active,
    Inactive,
}

impl Watch {
    pub fn count(&mut self, what: &'static str, many: usize) {
        *self.tally.entry(what).or_default() += many as u64;
    }

    /// An operator says yes to all that waits in a run.
    pub fn approve(&mut self, account: &Value) {
        for id in waiting_removals(account, &|_| true) {
            self.held.remove(&id);
            self.kept.remove(&id);
            self.approved.insert(id);
        }
    }

    /// An operator says no: removals that waited as removals are kept by decision.
    pub fn reject(&mut self, account: &Value) {
        let rules: Vec<String> = list(account, "held")
            .iter()
            .filter(|hold| matches!(&*text(hold, "what"), "removals" | "adds" | "updates"))
            .map(|hold| text(hold, "rule"))
            .collect();
        for id in waiting_removals(account, &|rule| rules.iter().any(|other| other == rule)) {
            self.held.remove(&id);
            self.kept.insert(id);
        }
    }

    /// Takes note of people as they are.
    pub fn remember(&mut self, people: &Snap) {
        for (id, person) in people {
            self.seen.insert(*id);
            if let Some(email) = &person.email {
                self.emails.entry(*id).or_default().insert(email.to_string());
            }
            for (class, number) in &person.numbers {
                self.numbers.entry((*class, number.to_string())).or_insert(*id);
            }
        }
    }

    /// Which delivery is whose view now; corrections are added to what was there.
    pub async fn look_at_views(&mut self, house: &House, district: usize, account: &Value) {
        let query = format!(
            "SELECT name, lower(ifnull(hex(view_delivery), '')) FROM feeds WHERE district_id = '{}'",
            house.districts[district].id
        );
        for row in house.rows(&query).await {
            let feed = self.feeds.entry(row[0].clone()).or_default();
            if !row[1].is_empty() && feed.views.last() != Some(&row[1]) && !house.contents[&row[1]].is_patch {
                feed.views.push(row[1].clone());
                feed.patched.clear();
            }
        }
        for delivery in list(account, "deliveries").iter().filter(|delivery| delivery["verdict"] == "patch") {
            let lines = &house.contents[&text(delivery, "delivery").replace('-', "")].lines;
            self.feeds.entry(text(delivery, "feed")).or_default().patched.extend(lines.clone());
            self.corrections.extend(lines.clone());
        }
    }

    /// Lines of a feed's view, corrections included.
    pub fn lines<'h>(&'h self, house: &'h House, feed: &'h Feed) -> impl Iterator<Item = &'h Line> {
        let view = feed.views.last().map(|id| house.contents[id].lines.as_slice()).unwrap_or_default();
        view.iter().chain(&feed.patched)
    }

    /// What lines say of a person: active anywhere beats inactive.
    pub fn said<'l>(&self, person: &Person, lines: impl IntoIterator<Item = &'l Line>) -> Said {
        let mut said = Said::Nothing;
        for line in lines {
            match self.says(person, line) {
                Said::Active => return Said::Active,
                Said::Inactive => said = Said::Inactive,
                Said::Nothing => {}
            }
        }
        said
    }

    fn says(&self, person: &Person, line: &Line) -> Said {
        if let Some(text) = &line.broken {
            let cells: Vec<&str> = text.trim_end().split(',').collect();
            let number = cells.get(6).is_some_and(|cell| person.numbers.iter().any(|(_, number)| **number == **cell));
            let email = cells.iter().any(|cell| person.email.as_deref() == Some(&*cell.to_lowercase()));
            let inactive = cells.get(5).is_some_and(|cell| matches!(*cell, "0" | "inactive"));
            let here = number || (email && self.is_named(person, &line.row));
            return if here && !inactive { Said::Active } else { Said::Nothing };
        }
        if !self.is_named(person, &line.row) {
            return Said::Nothing;
        }
        if matches!(&*line.row.status, "0" | "inactive") { Said::Inactive } else { Said::Active }
    }

    /// As [`Self::is_named`], by any address the person ever had (local edits included).
    pub fn was_ever_named(&self, person: &Person, row: &Row) -> bool {
        let emails = self.emails.get(&person.id);
        self.is_named(person, row) || emails.is_some_and(|emails| emails.contains(&row.email.to_lowercase()))
    }

    /// Was the person seen in this line, so that answers about their absence end? Local edits do not hide them.
    pub fn shows(&self, person: &Person, line: &Line) -> bool {
        let name = same(person.given(), &line.row.firstname) || same(person.family(), &line.row.lastname);
        self.says(person, line) == Said::Active || (name && self.was_ever_named(person, &line.row))
    }

    /// Was the person ever named by a correction that stands?
    pub fn corrected(&self, person: &Person) -> bool {
        self.corrections.iter().any(|line| self.was_ever_named(person, &line.row))
    }

    /// Does a row name a person: by the number in its class; or by address and whole name, unless its number is
    /// somebody else's?
    pub fn is_named(&self, person: &Person, row: &Row) -> bool {
        let class = Role::from_canonical(&row.role).map(Role::class);
        let whole = same(person.given(), &row.firstname) && same(person.family(), &row.lastname);
        let mail = person.email.as_deref() == Some(&*row.email.to_lowercase());
        let in_class = |other: RoleClass| class.is_none_or(|class| class == other);
        let number = !row.idnumber.is_empty() && person.numbers.iter().any(|(_, number)| **number == *row.idnumber);
        let here = person.numbers.iter().any(|(other, number)| in_class(*other) && **number == *row.idnumber);
        let of_another = RoleClass::ALL
            .into_iter()
            .any(|class| self.numbers.get(&(class, row.idnumber.clone())).is_some_and(|holder| *holder != person.id));
        let same_class = person.classes.iter().any(|state| in_class(state.class));
        (number && (here || mail || whole)) || (mail && whole && same_class && !of_another)
    }
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// People whom the rules archived between two looks.
pub fn archived(before: &Snap, after: &Snap) -> Vec<PersonId> {
    let gone = |id: &PersonId| after.get(id).is_some_and(|person| person.state == State::ArchivedAuto);
    before.iter().filter(|(id, person)| !person.state.is_archived() && gone(id)).map(|(id, _)| *id).collect()
}

pub fn restored(before: &Snap, after: &Snap) -> Vec<PersonId> {
    let back = |id: &PersonId| after.get(id).is_some_and(|person| !person.state.is_archived());
    before.iter().filter(|(id, person)| person.state.is_archived() && back(id)).map(|(id, _)| *id).collect()
}

pub fn created(before: &Snap, after: &Snap) -> Vec<PersonId> {
    after.keys().filter(|id| !before.contains_key(id)).copied().collect()
}

/// Who a person is, for messages.
pub fn shown(person: &Person) -> String {
    let numbers: Vec<&str> = person.numbers.iter().map(|(_, number)| &**number).collect();
    let email = person.email.as_deref().unwrap_or("-");
    format!("{} {} <{email}> {numbers:?} {}", person.given(), person.family(), person.state.as_str())
}

pub fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// People whose removal waits in a run, by the rule that holds it.
pub fn waiting_removals(account: &Value, wanted: &dyn Fn(&str) -> bool) -> Vec<PersonId> {
    list(account, "plan")
        .iter()
        .filter(|step| step["action"] == "archive" && step["held"].as_str().is_some_and(wanted))
        .filter_map(|step| text(step, "guid").parse().ok())
        .collect()
}
