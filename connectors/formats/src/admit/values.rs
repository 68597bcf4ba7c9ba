//! Role, status, schools, names and the other fields: A02, A04 to A12, A15, A21.

use rosterd_contract::vocabulary::{GRADES, grade};
use rosterd_contract::{Cell, Field, PersonRecord, Role, Status};

use super::damage::{is_date, spreadsheet_damage};
use super::desk::{Desk, Fault};
use super::structure::split;
use crate::definition::{StatusWord, Target};

impl Desk<'_> {
    /// A04; a blank role says nothing yet.
    pub(super) fn role(&mut self, column: usize) -> Option<Role> {
        let Cell::Value(text) = self.text(column) else { return self.policy.default_role };
        let role = self.format.role(&text);
        if role.is_none() {
            let words: Vec<&str> = self.format.roles.iter().map(|(word, _)| *word).collect();
            let message = format!("the role is none of {}", words.join(", "));
            let lower = text.to_lowercase();
            let fix = match words.iter().find(|word| strsim::jaro_winkler(word, &lower) > 0.85) {
                Some(meant) => format!("correct the role; `{meant}` may be meant"),
                None => "correct the role".to_owned(),
            };
            self.reject(self.header(column), &text, Fault::new("unknown-role", message, fix));
        }
        role
    }

    /// A07 to A10.
    pub(super) fn status(&mut self, column: usize) -> Status {
        let text = match self.text(column) {
            Cell::Absent => return Status::Active,
            Cell::Blank => {
                let message = "the status is blank, which is taken as active";
                self.note(column, Fault::new("blank-status", message, "write the status into the cell"));
                return Status::Active;
            }
            Cell::Value(text) => text,
        };
        match self.format.status(&text) {
            Some(StatusWord::Active) => Status::Active,
            Some(StatusWord::Inactive) => Status::Inactive,
            Some(StatusWord::Removed) => {
                let message = "the row says that the person was removed; this is taken as inactive";
                let fix = "take people who left out of the file instead of marking them";
                self.warn(column, &text, Fault::new("removed-in-row", message, fix));
                Status::Inactive
            }
            None => {
                let message = "the status is no known word, so nobody can say whether the person is active";
                let fix = "write Active or 1, and take people who left out of the file";
                self.reject(self.header(column), &text, Fault::new("bad-status", message, fix));
                Status::Active
            }
        }
    }

    /// Schools as delivered. Where schools are known, a row of an unknown one is rejected: whether it
    /// belongs to somebody who is known cannot be seen from here (A06).
    pub(super) fn orgs(&mut self, column: usize) -> Vec<Box<str>> {
        let Some(text) = self.text(column).value() else { return Vec::new() };
        let orgs = split(&text);
        if let Some(known) = &self.policy.orgs
            && let Some(unknown) = orgs.iter().find(|org| !known.contains_key(&***org))
        {
            let message = format!("the district has no school {unknown}");
            let fix = "correct the school, or add it to `[[orgs]]`";
            self.reject(self.header(column), unknown, Fault::new("unknown-org", message, fix));
        }
        orgs
    }

    /// Every other field, and the names that the format needs (A02).
    pub(super) fn fields(&mut self, record: &mut PersonRecord) {
        for (at, column) in self.format.columns.iter().enumerate() {
            let Target::Field(field) = column.target else { continue };
            match self.text(at) {
                Cell::Absent => {}
                Cell::Blank if self.format.needs_names.contains(&field) => {
                    let message = format!("the name is blank, and {} need it", self.format.title);
                    self.reject(self.header(at), "", Fault::new("name-missing", message, "add the name"));
                }
                Cell::Blank if self.policy.blank_clears.contains(&field) => record.clears.push(field),
                Cell::Blank => {}
                Cell::Value(text) => self.field(at, field, &text, record),
            }
        }
        if !self.is_rejected() && record.given().is_empty() && record.family().is_empty() {
            self.reject("", "", Fault::new("name-missing", "the row has no name", "add the name"));
        }
    }

    fn field(&mut self, column: usize, field: Field, text: &str, record: &mut PersonRecord) {
        let fault = match field {
            Field::GradYear if is_year(text) => None,
            Field::GradYear => Some(Fault::new(
                "grad-year",
                "the year of graduation is not four digits",
                "write a year such as 2029, or leave the cell blank",
            )),
            Field::Grades => match self.grades(text, record) {
                Ok(codes) => {
                    record.fields.set(field, codes);
                    return;
                }
                Err(fault) => Some(fault),
            },
            _ => spreadsheet_damage(text).map(|what| {
                let message = format!("a spreadsheet seems to have damaged the value: {what}");
                Fault::new("value-damaged", message, "format the column as text and enter the value again")
            }),
        };
        match fault {
            None => record.fields.set(field, text),
            // The row cannot go in without it, and must not be told that the cell is blank.
            Some(fault) if self.format.needs_names.contains(&field) => self.reject(self.header(column), text, fault),
            Some(fault) => self.drop_value(column, text, fault),
        }
    }

    /// A05: canonical codes, in the order of the vocabulary.
    fn grades(&self, text: &str, record: &PersonRecord) -> Result<String, Fault> {
        let fix = "write the grade as 01 to 13, KG or PK";
        if spreadsheet_damage(text).is_some() || is_date(text) {
            let message = "a spreadsheet seems to have made something else of the grade";
            return Err(Fault::new("value-damaged", message, "format the column as text and enter the grade again"));
        }
        let mut codes = Vec::new();
        for word in text.split([',', ';', '|']).map(str::trim).filter(|word| !word.is_empty()) {
            let code = grade(word).ok_or_else(|| Fault::new("unknown-grade", "the grade is no known word", fix))?;
            if !self.is_taught(code, &record.orgs) {
                let message = format!("grade {code} is not taught at the person's school");
                return Err(Fault::new("grade-not-taught", message, "correct the grade or the school"));
            }
            codes.push(code);
        }
        codes.sort_by_key(|code| GRADES.iter().position(|known| known == code));
        codes.dedup();
        Ok(codes.join(","))
    }

    /// Does any of the schools teach the grade, as far as that is known?
    fn is_taught(&self, code: &str, orgs: &[Box<str>]) -> bool {
        let Some(known) = self.policy.orgs.as_ref().filter(|_| !orgs.is_empty()) else { return true };
        orgs.iter().any(|org| {
            known.get(&**org).is_none_or(|taught| taught.is_empty() || taught.iter().any(|taught| taught == code))
        })
    }
}

/// A21: four digits.
fn is_year(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit()) && text != "0000"
}
