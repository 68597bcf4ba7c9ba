//! Roles, role-classes, states, fields and grades, and the words the world uses for them.

use serde::{Deserialize, Serialize};

/// What a person is in a school, in rosterd's canonical words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Student,
    Teacher,
    Staff,
    Admin,
    Guardian,
    Other,
}

impl Role {
    /// Every role, in the order of the vocabulary.
    pub const ALL: [Self; 6] = [Self::Student, Self::Teacher, Self::Staff, Self::Admin, Self::Guardian, Self::Other];

    /// The canonical word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Teacher => "teacher",
            Self::Staff => "staff",
            Self::Admin => "admin",
            Self::Guardian => "guardian",
            Self::Other => "other",
        }
    }

    /// Reads the canonical word, case ignored. Vendors' other words belong to their format.
    pub fn from_canonical(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str().eq_ignore_ascii_case(word))
    }

    /// The class in which claims about this role are held.
    pub const fn class(self) -> RoleClass {
        match self {
            Self::Student => RoleClass::Student,
            Self::Teacher | Self::Staff | Self::Admin | Self::Other => RoleClass::Staff,
            Self::Guardian => RoleClass::Contact,
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Claims are held per class: a sync that knows Ann as a guardian says nothing about Ann the teacher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleClass {
    Staff,
    Student,
    Contact,
}

impl RoleClass {
    /// Every class, in the order in which the role shown for a person is chosen.
    pub const ALL: [Self; 3] = [Self::Staff, Self::Student, Self::Contact];

    /// The word that stands in stores and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Student => "student",
            Self::Contact => "contact",
        }
    }

    /// Reads the word of [`RoleClass::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }
}

impl std::fmt::Display for RoleClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a row says of a person's state (A07 to A09).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Active,
    Inactive,
}

/// A field of a person that a source may assert, besides number, e-mail, role, schools and status,
/// which decide who somebody is and have their own places in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    GivenName,
    FamilyName,
    MiddleName,
    PreferredName,
    Username,
    GradYear,
    /// Canonical grade codes, joined by commas, in the order of the vocabulary.
    Grades,
    /// ISO date, `2012-03-31`.
    BirthDate,
    Sex,
    Phone,
    Team,
    /// Names of products that are switched on, joined by commas, sorted.
    Entitlements,
    /// The role in the sender's own word, where it says more than the canonical one.
    RawRole,
    StateId,
}

impl Field {
    /// Every field, in storage order.
    pub const ALL: [Self; 14] = [
        Self::GivenName,
        Self::FamilyName,
        Self::MiddleName,
        Self::PreferredName,
        Self::Username,
        Self::GradYear,
        Self::Grades,
        Self::BirthDate,
        Self::Sex,
        Self::Phone,
        Self::Team,
        Self::Entitlements,
        Self::RawRole,
        Self::StateId,
    ];

    /// The word used in stores, reports and `people edit`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::MiddleName => "middle_name",
            Self::PreferredName => "preferred_name",
            Self::Username => "username",
            Self::GradYear => "grad_year",
            Self::Grades => "grades",
            Self::BirthDate => "birth_date",
            Self::Sex => "sex",
            Self::Phone => "phone",
            Self::Team => "team",
            Self::Entitlements => "entitlements",
            Self::RawRole => "raw_role",
            Self::StateId => "state_id",
        }
    }

    /// Reads the word of [`Field::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == word)
    }
}

/// Canonical grade codes, youngest first (CEDS, as OneRoster uses them).
pub const GRADES: [&str; 21] = [
    "IT", "PR", "PK", "TK", "KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "PS",
    "UG", "Other",
];

/// Reads a grade in any of the words the known senders use; `None` when it is none of them.
///
/// `3`, `03`, `3rd`, `Grade 3`, `K`, `Kindergarten`, `PreKindergarten`, `-1` … An unknown value is
/// never turned into a wrong grade (`templates.md` section 17.1).
pub fn grade(word: &str) -> Option<&'static str> {
    let folded: String =
        word.chars().filter(|c| !c.is_whitespace() && *c != '.' && *c != '_').collect::<String>().to_lowercase();
    let bare = folded.strip_prefix("grade").or_else(|| folded.strip_suffix("grade")).unwrap_or(&folded);
    let bare = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|ordinal| bare.strip_suffix(ordinal).filter(|rest| rest.bytes().all(|b| b.is_ascii_digit())))
        .unwrap_or(bare);
    if bare.is_empty() {
        return None;
    }
    let code = match bare {
        "it" | "infant" | "infant/toddler" => "IT",
        "pr" | "preschool" | "-2" => "PR",
        "pk" | "prek" | "pre-k" | "prekindergarten" | "pre-kindergarten" | "-1" => "PK",
        "tk" | "transitionalkindergarten" => "TK",
        "kg" | "k" | "kindergarten" => "KG",
        "ps" | "postsecondary" | "post-secondary" => "PS",
        "ug" | "ungraded" => "UG",
        "other" => "Other",
        digits if digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            let number: usize = digits.parse().ok()?;
            return match number {
                0 => Some("KG"),
                1..=13 => GRADES.get(4 + number).copied(),
                _ => None,
            };
        }
        _ => return None,
    };
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_are_read_in_many_words_and_never_guessed() {
        for (word, code) in [
            ("3", "03"),
            ("03", "03"),
            ("3rd", "03"),
            ("Grade 3", "03"),
            ("11th grade", "11"),
            ("K", "KG"),
            ("0", "KG"),
            ("-1", "PK"),
            ("PreKindergarten", "PK"),
            ("13", "13"),
            ("Ungraded", "UG"),
        ] {
            assert_eq!(grade(word), Some(code), "{word}");
        }
        for word in ["", "grade", "14", "third", "7-8", "3.5x", "th"] {
            assert_eq!(grade(word), None, "{word}");
        }
    }

    #[test]
    fn words_of_fields_and_roles_read_back() {
        assert!(Field::ALL.into_iter().all(|field| Field::from_word(field.as_str()) == Some(field)));
        assert!(Role::ALL.into_iter().all(|role| Role::from_canonical(role.as_str()) == Some(role)));
        assert!(RoleClass::ALL.into_iter().all(|class| RoleClass::from_word(class.as_str()) == Some(class)));
    }
}
