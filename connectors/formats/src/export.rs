//! People back into a format's rows, such that reading them again changes nothing.

use rosterd_contract::Field;

use crate::definition::{FormatDef, StatusWord, Target};

/// A person as exports write them; empty: not known.
#[derive(Debug, Clone, Default)]
pub struct ExportPerson {
    pub given: String,
    pub family: String,
    pub email: String,
    /// Canonical word.
    pub role: String,
    pub grad_year: String,
    pub number: String,
    /// Ids, parted by commas.
    pub orgs: String,
}

impl FormatDef {
    /// The cells of one active person, in the order of the columns, not guarded.
    pub fn export_row(&self, person: &ExportPerson) -> Vec<String> {
        self.columns
            .iter()
            .map(|column| match column.target {
                Target::Number => person.number.clone(),
                Target::Email => person.email.clone(),
                Target::Role => self.role_word(&person.role).unwrap_or(&person.role).to_owned(),
                Target::Status => self.active_word().to_owned(),
                Target::Org => person.orgs.clone(),
                Target::Field(Field::GivenName) => person.given.clone(),
                Target::Field(Field::FamilyName) => person.family.clone(),
                Target::Field(Field::GradYear) => person.grad_year.clone(),
                Target::Field(_) | Target::Password => String::new(),
            })
            .collect()
    }

    /// Why this person cannot be written in the format such that it can be read again; `None`: can be.
    pub fn inexpressible(&self, person: &ExportPerson) -> Option<&'static str> {
        if self.needs_email && person.email.is_empty() {
            return Some("the format needs an e-mail");
        }
        let blank = |field: &Field| match field {
            Field::GivenName => person.given.is_empty(),
            Field::FamilyName => person.family.is_empty(),
            _ => false,
        };
        if self.needs_names.iter().any(blank) {
            return Some("the format needs both names");
        }
        let roles = self.column_of(Target::Role).is_some();
        (roles && !person.role.is_empty() && self.role_word(&person.role).is_none())
            .then_some("the format has no word for the role")
    }

    /// The vendor's word for a canonical role.
    fn role_word(&self, role: &str) -> Option<&'static str> {
        self.roles.iter().find(|(_, canonical)| canonical.as_str() == role).map(|(word, _)| *word)
    }

    /// The vendor's word for an active person.
    fn active_word(&self) -> &'static str {
        self.statuses.iter().find(|(_, status)| *status == StatusWord::Active).map_or("", |(word, _)| *word)
    }
}
