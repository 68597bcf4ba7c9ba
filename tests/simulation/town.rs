//! The people of an invented town, as they really are, and what happens to them from night to night.

use std::collections::BTreeMap;

use super::chance::Chance;
use crate::support::{Row, admin, staff, student, teacher};

/// How many files the town may be split into.
pub const PARTS: usize = 3;

/// One human.
#[derive(Clone, Debug)]
pub struct Human {
    pub row: Row,
    /// Which of several files holds them, where the town is split.
    pub part: usize,
}

#[derive(Clone, Debug)]
pub struct Town {
    pub people: BTreeMap<usize, Human>,
    /// Who left, as they were.
    left: Vec<(usize, Human)>,
    next: usize,
    fresh: usize,
}

/// How rough the nights are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Churn {
    /// What every district does: nobody is ambiguous, nothing is used twice.
    Clean,
    /// Keys that pass from one to another, people without numbers, twins, changed numbers.
    Wild,
}

impl Town {
    /// About one adult to five students.
    pub fn new(chance: &mut Chance, people: usize, churn: Churn) -> Self {
        let mut town = Self { people: BTreeMap::new(), left: Vec::new(), next: 0, fresh: 0 };
        for _ in 0..people {
            town.join(chance, churn);
        }
        town
    }

    fn join(&mut self, chance: &mut Chance, churn: Churn) -> usize {
        let id = self.next;
        self.next += 1;
        let mut row = match id % 12 {
            3 | 9 => teacher(id),
            7 if id % 24 == 7 => admin(id),
            7 => staff(id),
            _ => student(id),
        };
        if churn == Churn::Wild && chance.percent(15) {
            row.idnumber.clear();
        }
        self.people.insert(id, Human { row, part: id % PARTS });
        id
    }

    fn anybody(&self, chance: &mut Chance) -> Option<usize> {
        let ids: Vec<usize> = self.people.keys().copied().collect();
        (!ids.is_empty()).then(|| *chance.pick(&ids))
    }

    fn fresh_email(&mut self) -> String {
        self.fresh += 1;
        format!("fresh{}@springfield.example.org", self.fresh)
    }

    fn leave(&mut self, id: usize) {
        if let Some(human) = self.people.remove(&id) {
            self.left.push((id, human));
        }
    }

    /// One night's events.
    pub fn night(&mut self, chance: &mut Chance, churn: Churn) {
        let events = chance.below(6);
        for _ in 0..events {
            self.ordinary(chance, churn);
        }
        if churn == Churn::Wild {
            for _ in 0..chance.below(4) {
                self.wild(chance);
            }
        }
    }

    fn ordinary(&mut self, chance: &mut Chance, churn: Churn) {
        let Some(who) = self.anybody(chance) else { return };
        match chance.below(8) {
            0 | 1 => {
                self.join(chance, churn);
            }
            2 => self.leave(who),
            3 if !self.left.is_empty() => {
                let (id, human) = self.left.remove(chance.below(self.left.len()));
                self.people.insert(id, human);
            }
            4 => {
                let email = self.fresh_email();
                self.change(who, |row| row.email = email);
            }
            5 => {
                let family = format!("Wed{}", self.fresh_email().split('@').next().unwrap_or_default());
                // Who has no number is known by name and address alone.
                self.change(who, |row| row.lastname = family);
            }
            6 => self.change(who, |row| {
                if row.role == "student" {
                    row.gradyear = if row.gradyear == "2031" { "2032".into() } else { "2031".into() };
                }
            }),
            _ => {
                let many = 2 + chance.below(3);
                self.rotate_emails(chance, many);
            }
        }
    }

    fn change(&mut self, id: usize, how: impl FnOnce(&mut Row)) {
        if let Some(human) = self.people.get_mut(&id) {
            how(&mut human.row);
        }
    }

    /// The addresses of several people with numbers go round; those who moved are returned.
    pub fn rotate_emails(&mut self, chance: &mut Chance, many: usize) -> Vec<usize> {
        let ids: Vec<usize> =
            self.people.iter().filter(|(_, human)| !human.row.idnumber.is_empty()).map(|(id, _)| *id).collect();
        let ids = chance.some(&ids, many);
        if ids.len() < 2 {
            return Vec::new();
        }
        let mut emails: Vec<String> = ids.iter().map(|id| self.people[id].row.email.clone()).collect();
        emails.rotate_left(1);
        for (id, email) in ids.iter().zip(emails) {
            self.change(*id, |row| row.email = email);
        }
        ids
    }

    fn wild(&mut self, chance: &mut Chance) {
        let (Some(who), Some(other)) = (self.anybody(chance), self.anybody(chance)) else { return };
        let model = self.people[&other].row.clone();
        match chance.below(12) {
            0 => self.change(who, |row| row.idnumber.clear()),
            1 => self.change(who, |row| row.idnumber = format!("9{:05}", who)),
            2 => self.change(who, |row| row.idnumber = row.idnumber.trim_start_matches('0').to_owned()),
            // Keys that pass on.
            3 => self.change(who, |row| row.email = model.email),
            4 => self.change(who, |row| row.idnumber = model.idnumber),
            5 if !self.left.is_empty() => {
                let heir = self.join(chance, Churn::Wild);
                let email = self.left[chance.below(self.left.len())].1.row.email.clone();
                self.change(heir, |row| row.email = email);
            }
            6 if !self.left.is_empty() => {
                let heir = self.join(chance, Churn::Wild);
                let number = self.left[chance.below(self.left.len())].1.row.idnumber.clone();
                self.change(heir, |row| row.idnumber = number);
            }
            // Siblings and namesakes.
            7 => {
                let twin = self.join(chance, Churn::Wild);
                self.change(twin, |row| row.lastname = model.lastname);
            }
            8 => {
                let twin = self.join(chance, Churn::Wild);
                self.change(twin, |row| {
                    row.firstname = model.firstname;
                    row.lastname = model.lastname;
                });
            }
            9 => self.change(who, |row| {
                row.role = if row.role == "student" { "staff".into() } else { "student".into() };
                row.gradyear.clear();
            }),
            10 => {
                let email = self.fresh_email();
                self.change(who, |row| {
                    row.email = email;
                    row.firstname = format!("Neo{}", row.firstname.to_lowercase());
                });
            }
            _ => {
                if let Some(human) = self.people.get_mut(&who) {
                    human.part = chance.below(PARTS);
                }
            }
        }
    }
}
