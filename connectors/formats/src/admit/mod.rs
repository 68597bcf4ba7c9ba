//! Admission of one row by itself (design section 5): what it says, or why it does not go in. One
//! bad row never touches its neighbours, and nothing here knows the roster.

mod address;
mod damage;
mod desk;
mod keys;
mod structure;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;

use rosterd_contract::{Field, Finding, PersonRecord, RawKeys, Role};

use crate::definition::FormatDef;
use crate::table::Row;
use desk::Desk;

/// What a district decided about rows.
#[derive(Debug, Clone, Default)]
pub struct AdmissionPolicy {
    /// Lower-case; sub-domains count; empty: any.
    pub email_domains: Vec<String>,
    /// A value that would be dropped with a warning rejects its row.
    pub strict: bool,
    /// Fields that an empty cell clears (A11).
    pub blank_clears: Vec<Field>,
    /// Known schools with the grades they teach (empty: all); `None`: schools are not known.
    pub orgs: Option<BTreeMap<String, Vec<String>>>,
    /// The role of a row that gives none, where the source has but one.
    pub default_role: Option<Role>,
}

/// A row that does not go in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Stable reason, the first of several: `email-domain`.
    pub code: Box<str>,
    /// What can still be read off it, for protection.
    pub keys: RawKeys,
}

/// What admission says of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    pub result: Result<PersonRecord, Rejected>,
    /// Every problem of the row, notes and warnings about an accepted one included.
    pub findings: Vec<Finding>,
}

impl FormatDef {
    /// Admits one row of a file with these headers, or says why not.
    ///
    /// A blank or absent role gives a record without one: what that means depends on who the person
    /// is, and is said where that is known.
    pub fn admit(&'static self, row: &Row, headers: &[String], policy: &AdmissionPolicy) -> Admitted {
        let mut desk = Desk::new(self, row, headers, policy);
        desk.read_keys();
        desk.check_structure();
        let record = if desk.is_rejected() { None } else { Some(desk.read_record()) };
        desk.decide(record)
    }
}
