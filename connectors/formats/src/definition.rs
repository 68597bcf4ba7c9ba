//! What a format is: columns, words, rules. Recognition, decoding, validation, the blank sheet and
//! the export are all driven by this one description.

use rosterd_contract::{Field, Mode, Role};

use crate::securly_pass::SECURLY_PASS;

/// What a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The sender's own id of a person: the source key.
    Number,
    Email,
    Role,
    Status,
    /// Schools by id; several in one cell are parted by a comma, semicolon or bar.
    Org,
    Field(Field),
    /// A first password; never part of a record.
    Password,
}

/// One column of a format.
#[derive(Debug)]
pub struct ColumnDef {
    /// As the vendor spells it; letter case is ignored in reading.
    pub header: &'static str,
    /// The file must have the column. A cell may be blank unless the format says otherwise.
    pub required: bool,
    pub target: Target,
    /// One sentence for whoever fills the sheet.
    pub help: &'static str,
    pub example: &'static str,
}

/// What a word in a status cell says (A07 to A09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusWord {
    Active,
    Inactive,
    /// Gone for good: an explicit removal in a delta, inactive in a snapshot.
    Removed,
}

/// The words of A07 to A09, for formats that have no others of their own; case ignored.
pub const GENERAL_STATUSES: &[(&str, StatusWord)] = &[
    ("1", StatusWord::Active),
    ("active", StatusWord::Active),
    ("true", StatusWord::Active),
    ("yes", StatusWord::Active),
    ("enrolled", StatusWord::Active),
    ("0", StatusWord::Inactive),
    ("inactive", StatusWord::Inactive),
    ("false", StatusWord::Inactive),
    ("suspended", StatusWord::Inactive),
    ("withdrawn", StatusWord::Inactive),
    ("deleted", StatusWord::Removed),
    ("removed", StatusWord::Removed),
    ("tobedeleted", StatusWord::Removed),
];

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
    /// Names that every row needs (A02); none: one name part, whichever, is enough.
    pub needs_names: &'static [Field],
    /// The vendor's words for roles, case ignored. Of several for one role, exports write the first.
    pub roles: &'static [(&'static str, Role)],
    /// The vendor's words for states, case ignored. Exports write the first.
    pub statuses: &'static [(&'static str, StatusWord)],
    /// The role of a newcomer whose row gives none (section 1).
    pub default_role: Option<Role>,
}

/// Every importable format, in the order in which they are proposed.
pub fn formats() -> &'static [&'static FormatDef] {
    static FORMATS: [&FormatDef; 1] = [&SECURLY_PASS];
    &FORMATS
}

/// The importable format called `id`.
pub fn format(id: &str) -> Option<&'static FormatDef> {
    formats().iter().copied().find(|format| format.id == id)
}

impl FormatDef {
    /// Is a row without an e-mail rejected?
    pub const fn email_required(&self) -> bool {
        self.needs_email
    }

    /// The header line alone: a blank sheet.
    pub fn blank_sheet(&self) -> String {
        let headers: Vec<&str> = self.columns.iter().map(|column| column.header).collect();
        let mut sheet = Vec::new();
        crate::write::record(&mut sheet, headers.iter().map(|header| header.as_bytes()));
        String::from_utf8(sheet).unwrap_or_default()
    }

    /// The place of the column that means `target`, from 0.
    pub fn column_of(&self, target: Target) -> Option<usize> {
        self.columns.iter().position(|column| column.target == target)
    }

    /// Headers that a file must have.
    pub fn required(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().filter(|column| column.required).map(|column| column.header)
    }

    /// Headers that a file must have, and one with these (normalised) keys has not.
    pub fn missing(&self, keys: &[String]) -> impl Iterator<Item = &'static str> {
        self.required().filter(|header| !keys.iter().any(|key| key.eq_ignore_ascii_case(header)))
    }

    /// The role that a word means.
    pub fn role(&self, word: &str) -> Option<Role> {
        self.roles.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, role)| *role)
    }

    /// What a word in the status cell means.
    pub fn status(&self, word: &str) -> Option<StatusWord> {
        self.statuses.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, status)| *status)
    }
}
