//! What a format is: columns, words, rules.

use rosterd_contract::{Field, Mode, Role};

use crate::securly_pass::SECURLY_PASS;

/// What a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Number,
    Email,
    Role,
    Status,
    Org,
    Field(Field),
    Password,
}

/// One column of a format.
#[derive(Debug)]
pub struct ColumnDef {
    /// As the vendor spells it; letter case is ignored in reading.
    pub header: &'static str,
    /// The file must have the column.
    pub required: bool,
    pub target: Target,
    /// One sentence for whoever fills the sheet.
    pub help: &'static str,
    pub example: &'static str,
}

/// One known format.
#[derive(Debug)]
pub struct FormatDef {
    /// Id as in configuration and reports.
    pub id: &'static str,
    pub title: &'static str,
    /// How much a file of this format speaks for, as its vendor means it.
    pub mode: Mode,
    pub columns: &'static [ColumnDef],
    /// Every row needs an e-mail (A01, A03).
    pub needs_email: bool,
    /// Names that every row needs (A02).
    pub needs_names: &'static [Field],
    /// The vendor's words for roles.
    pub roles: &'static [(&'static str, Role)],
    /// The role of a newcomer whose row gives none (section 1).
    pub default_role: Option<Role>,
    /// Headers that must all be there, normalised.
    pub must_have: &'static [&'static str],
    /// Headers that belong to a rival format.
    pub must_lack: &'static [&'static str],
}

/// Every importable format.
pub fn formats() -> &'static [&'static FormatDef] {
    static FORMATS: [&FormatDef; 1] = [&SECURLY_PASS];
    &FORMATS
}

/// The format called `id`.
pub fn format(id: &str) -> Option<&'static FormatDef> {
    formats().iter().copied().find(|format| format.id == id)
}

/// A person as exports write them.
#[derive(Debug, Clone, Default)]
pub struct ExportPerson {
    pub given: String,
    pub family: String,
    pub email: String,
    pub role: String,
    pub grad_year: String,
    pub number: String,
    pub orgs: String,
}

impl FormatDef {
    /// Is a row without an e-mail rejected?
    pub const fn email_required(&self) -> bool {
        self.needs_email
    }

    /// The header line alone: a blank sheet.
    pub fn blank_sheet(&self) -> String {
        let headers: Vec<&str> = self.columns.iter().map(|column| column.header).collect();
        format!("{}\n", headers.join(","))
    }

    /// The cells of one person, in the order of the columns.
    pub fn export_row(&self, person: &ExportPerson) -> Vec<String> {
        self.columns
            .iter()
            .map(|column| match column.target {
                Target::Number => person.number.clone(),
                Target::Email => person.email.clone(),
                Target::Role => self.role_word(&person.role),
                Target::Status => "1".to_owned(),
                Target::Org => person.orgs.clone(),
                Target::Field(Field::GivenName) => person.given.clone(),
                Target::Field(Field::FamilyName) => person.family.clone(),
                Target::Field(Field::GradYear) => person.grad_year.clone(),
                Target::Field(_) | Target::Password => String::new(),
            })
            .collect()
    }

    /// The vendor's word for a canonical role.
    fn role_word(&self, role: &str) -> String {
        let word = self.roles.iter().find(|(_, canonical)| canonical.as_str() == role);
        word.map_or(role, |(word, _)| word).to_owned()
    }

    /// The place of the column that means `target`.
    pub fn column_of(&self, target: Target) -> Option<usize> {
        self.columns.iter().position(|column| column.target == target)
    }
}
