//! A human in a roster.

use chrono::{DateTime, Utc};
use rosterd_contract::{Field, Fields, Role, RoleClass};
use serde::{Deserialize, Serialize};

use super::{FeedId, PersonId};

/// Whether a person is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Active,
    /// Exists, without access.
    Suspended,
    /// Archived by the rules; a source may bring the person back.
    ArchivedAuto,
    /// Archived by hand; no source brings the person back (I06).
    ArchivedAdmin,
    Erased,
}

impl State {
    /// The word shown to people: both kinds of archive are `archived`.
    pub const fn shown(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::ArchivedAuto | Self::ArchivedAdmin => "archived",
            Self::Erased => "erased",
        }
    }

    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::ArchivedAuto => "archived-auto",
            Self::ArchivedAdmin => "archived-admin",
            Self::Erased => "erased",
        }
    }

    /// Reads the word of [`State::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::ArchivedAuto, Self::ArchivedAdmin, Self::Erased]
            .into_iter()
            .find(|state| state.as_str() == word)
    }

    /// Out of use, history kept.
    pub const fn is_archived(self) -> bool {
        matches!(self, Self::ArchivedAuto | Self::ArchivedAdmin)
    }
}

/// Who asserts a person in one role-class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    Sync(FeedId),
    File(FeedId),
    /// Entered or taken over by hand.
    Local,
}

/// One role-class of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassState {
    pub class: RoleClass,
    pub role: Role,
    pub owner: Owner,
}

/// What an operator asks of a person's presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PresencePin {
    #[default]
    None,
    /// Stays active whatever the sources say.
    Keep,
    /// Exists, without access, whatever the sources say.
    Suspend,
}

impl PresencePin {
    /// The word shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Keep => "keep",
            Self::Suspend => "suspend",
        }
    }

    /// Reads the word of [`PresencePin::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::None, Self::Keep, Self::Suspend].into_iter().find(|pin| pin.as_str() == word)
    }
}

/// One thing about a person that can be edited, pinned, merged and undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    Email,
    Role,
    Orgs,
    Field(Field),
}

impl Attribute {
    /// The word in stores, reports and `people edit --set WORD=VALUE`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Role => "role",
            Self::Orgs => "orgs",
            Self::Field(field) => field.as_str(),
        }
    }

    /// Reads the word of [`Attribute::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "email" => Some(Self::Email),
            "role" => Some(Self::Role),
            "orgs" => Some(Self::Orgs),
            _ => Field::from_word(word).map(Self::Field),
        }
    }

    /// Every attribute.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Email, Self::Role, Self::Orgs].into_iter().chain(Field::ALL.into_iter().map(Self::Field))
    }
}

impl Serialize for Attribute {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Attribute {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::from_word(&word).ok_or_else(|| serde::de::Error::custom(format!("unknown attribute `{word}`")))
    }
}

/// A local edit, remembered with the value it overrode (F4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    pub attribute: Attribute,
    /// What stood there before; empty when nothing did.
    pub overrode: Box<str>,
    pub since: DateTime<Utc>,
}

/// An address the person used to have; finds them for 400 days (section 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    pub email: Box<str>,
    pub until: DateTime<Utc>,
}

/// A human in a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub state: State,
    /// Role-classes in which the person is (or, when archived, last was) active; sorted by class.
    pub classes: Vec<ClassState>,
    pub email: Option<Box<str>>,
    /// Numbers by role-class, first the one that is shown.
    pub numbers: Vec<(RoleClass, Box<str>)>,
    pub orgs: Vec<Box<str>>,
    pub fields: Fields,
    pub presence_pin: PresencePin,
    pub pins: Vec<Pin>,
    pub aliases: Vec<Alias>,
    pub created_at: DateTime<Utc>,
    pub archived_at: Option<DateTime<Utc>>,
}

impl Person {
    /// The role shown: that of the first class in the order staff, student, contact.
    pub fn role(&self) -> Option<Role> {
        RoleClass::ALL.into_iter().find_map(|class| self.class(class)).map(|state| state.role)
    }

    /// Puts the numbers of the role shown first; within a class they stay in the order in which they came.
    pub fn order_numbers(&mut self) {
        let held: Vec<RoleClass> = RoleClass::ALL.into_iter().filter(|class| self.class(*class).is_some()).collect();
        self.numbers.sort_by_key(|(class, _)| held.iter().position(|other| other == class).unwrap_or(held.len()));
    }

    /// The state of one role-class.
    pub fn class(&self, class: RoleClass) -> Option<&ClassState> {
        self.classes.iter().find(|state| state.class == class)
    }

    /// Sets or adds the state of one role-class.
    pub fn set_class(&mut self, new: ClassState) {
        self.classes.retain(|state| state.class != new.class);
        self.classes.push(new);
        self.classes.sort_by_key(|state| state.class);
    }

    /// Given name, empty if unknown.
    pub fn given(&self) -> &str {
        self.fields.text(Field::GivenName)
    }

    /// Family name, empty if unknown.
    pub fn family(&self) -> &str {
        self.fields.text(Field::FamilyName)
    }

    /// Does the person hold `number` in `class`?
    pub fn holds(&self, class: RoleClass, number: &str) -> bool {
        self.numbers.iter().any(|held| held.0 == class && *held.1 == *number)
    }

    /// Does the person hold any number in `class`?
    pub fn has_number_in(&self, class: RoleClass) -> bool {
        self.numbers.iter().any(|held| held.0 == class)
    }

    /// The value of `attribute` as text: lists joined by commas, empty when there is none.
    pub fn text(&self, attribute: Attribute) -> String {
        match attribute {
            Attribute::Email => self.email.as_deref().unwrap_or_default().to_owned(),
            Attribute::Role => self.role().map(Role::as_str).unwrap_or_default().to_owned(),
            Attribute::Orgs => self.orgs.join(","),
            Attribute::Field(field) => self.fields.text(field).to_owned(),
        }
    }

    /// The pin on `attribute`.
    pub fn pin(&self, attribute: Attribute) -> Option<&Pin> {
        self.pins.iter().find(|pin| pin.attribute == attribute)
    }

    /// Was `email` this person's address, not longer ago than aliases last?
    pub fn has_alias(&self, email: &str, now: DateTime<Utc>) -> bool {
        self.aliases.iter().any(|alias| *alias.email == *email && alias.until > now)
    }
}
