//! What a district decided; part of the input of the pure function.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use rosterd_contract::{Field, Role};

use super::limits::Limits;
use crate::roster::Attribute;

/// What happens to a person of a role when every source has lost them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    Archive,
    /// Listed, never removed for being absent.
    FlagOnly,
}

/// How a field behaves when source and roster differ (F3, F5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldMode {
    /// Three-way merge; on a conflict the local value stays and the conflict is listed.
    Sticky,
    /// Three-way merge; on a conflict the source's value is taken.
    TakeTheirs,
    /// Always the source's value; local edits are reverted and reported.
    Authoritative,
    /// The source sets it at creation, afterwards it is local.
    CreateOnly,
    /// No source ever sets it.
    LocalOnly,
}

/// A district's policy, resolved from its settings.
#[derive(Debug, Clone)]
pub struct Policy {
    pub limits: Limits,
    /// A file claim older than this takes nobody over (P20, P22).
    pub takeover_max_age: TimeDelta,
    pub absence: BTreeMap<Role, Absence>,
    pub field_modes: BTreeMap<Attribute, FieldMode>,
    /// Sources by field that outrank the configured order (F2).
    pub authority: BTreeMap<Field, Vec<String>>,
    /// Numbers and e-mails of accounts that are never removed and never counted.
    pub protected: BTreeSet<String>,
    /// E-mail domains of the district; empty: any.
    pub email_domains: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            takeover_max_age: TimeDelta::days(45),
            absence: BTreeMap::from([(Role::Admin, Absence::FlagOnly)]),
            field_modes: BTreeMap::new(),
            authority: BTreeMap::new(),
            protected: BTreeSet::new(),
            email_domains: Vec::new(),
        }
    }
}

impl Policy {
    /// What absence does to people of `role`.
    pub fn absence(&self, role: Role) -> Absence {
        self.absence.get(&role).copied().unwrap_or(Absence::Archive)
    }

    /// How `attribute` is merged: names, preferred name and e-mail stick; role, school and grade are
    /// the source's.
    pub fn mode(&self, attribute: Attribute) -> FieldMode {
        self.field_modes.get(&attribute).copied().unwrap_or(match attribute {
            Attribute::Role | Attribute::Orgs | Attribute::Field(Field::Grades | Field::GradYear) => {
                FieldMode::TakeTheirs
            }
            _ => FieldMode::Sticky,
        })
    }
}
