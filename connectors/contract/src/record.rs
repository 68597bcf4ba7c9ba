//! One row as delivered: admitted, but not yet believed.

use serde::{Deserialize, Serialize};

use crate::{Field, Role, RoleClass, Status};

/// Field values by [`Field`], sorted, small: a row seldom has more than six.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(Vec<(Field, Box<str>)>);

impl Fields {
    /// No values.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of `field`.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.0.binary_search_by_key(&field, |entry| entry.0).ok().and_then(|at| self.0.get(at)).map(|entry| &*entry.1)
    }

    /// The value of `field`, or the empty string.
    pub fn text(&self, field: Field) -> &str {
        self.get(field).unwrap_or_default()
    }

    /// Sets `field`, replacing what was there.
    pub fn set(&mut self, field: Field, value: impl Into<Box<str>>) {
        match self.0.binary_search_by_key(&field, |entry| entry.0) {
            Ok(at) => {
                if let Some(entry) = self.0.get_mut(at) {
                    entry.1 = value.into();
                }
            }
            Err(at) => self.0.insert(at, (field, value.into())),
        }
    }

    /// Removes `field`.
    pub fn remove(&mut self, field: Field) {
        self.0.retain(|entry| entry.0 != field);
    }

    /// All values, in storage order.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &str)> {
        self.0.iter().map(|entry| (entry.0, &*entry.1))
    }

    /// Is nothing said?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Field, Box<str>)> for Fields {
    fn from_iter<I: IntoIterator<Item = (Field, Box<str>)>>(values: I) -> Self {
        let mut fields = Self::new();
        for (field, value) in values {
            fields.set(field, value);
        }
        fields
    }
}

/// A person as one admitted row (or several merged ones) describes them.
///
/// Text is trimmed, runs of blanks collapsed, NFC; the e-mail is lower-cased as a whole; the number
/// is kept to the letter (leading zeros are significant).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRecord {
    /// The sender's own id (Pass: `idnumber`): the source key, and a number of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Box<str>>,
    /// E-mail, lower-cased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Box<str>>,
    /// `None`: the cell was blank or the column missing; says nothing about a person who is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Schools by their ids as delivered, sorted, without doubles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orgs: Vec<Box<str>>,
    pub status: Status,
    /// Values asserted by the row.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub fields: Fields,
    /// Fields whose blank cell clears the value (`blank_clears`, A11).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clears: Vec<Field>,
}

impl PersonRecord {
    /// The class of the role, if the row gives one.
    pub fn class(&self) -> Option<RoleClass> {
        self.role.map(Role::class)
    }

    /// Given name, empty if not said.
    pub fn given(&self) -> &str {
        self.fields.text(Field::GivenName)
    }

    /// Family name, empty if not said.
    pub fn family(&self) -> &str {
        self.fields.text(Field::FamilyName)
    }
}

/// What can still be read off a rejected row, to tell whose row it was (S7): for protection only,
/// never for a match.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RawKeys {
    pub number: Option<Box<str>>,
    /// Lower-cased, otherwise as delivered.
    pub email: Option<Box<str>>,
    pub role: Option<Role>,
    /// The role cell was not blank, but no known word.
    pub role_unreadable: bool,
    pub given: Box<str>,
    pub family: Box<str>,
    pub orgs: Vec<Box<str>>,
    /// The number cell itself is damaged (spreadsheet, bytes that do not decode).
    pub number_damaged: bool,
    /// The row's structure is damaged (A16 to A20): it may have swallowed its neighbours.
    pub structure_damaged: bool,
}
