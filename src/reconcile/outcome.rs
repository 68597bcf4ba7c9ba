//! What became of a row: exactly one outcome each (design section 9).

use rosterd_contract::Finding;

use crate::roster::PersonId;

/// Exactly one per row. Warnings are findings, never outcomes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Created,
    Restored,
    Updated,
    Unchanged,
    Deactivated,
    /// `covered`, `pinned`, `duplicate-row`, `merged-into:17` …
    Skipped(Box<str>),
    /// With the stable reason.
    Rejected(Box<str>),
    /// With the gate, or `review`, `dependency`, `stale-handover`, `withdrawn-in-sync`.
    Held(Box<str>),
}

impl Outcome {
    /// The words of section 9: `skipped:covered`.
    pub fn text(&self) -> String {
        match self {
            Self::Created => "created".to_owned(),
            Self::Restored => "restored".to_owned(),
            Self::Updated => "updated".to_owned(),
            Self::Unchanged => "unchanged".to_owned(),
            Self::Deactivated => "deactivated".to_owned(),
            Self::Skipped(why) => format!("skipped:{why}"),
            Self::Rejected(why) => format!("rejected:{why}"),
            Self::Held(why) => format!("held:{why}"),
        }
    }

    /// Reads the word of the presence table's last column.
    pub fn from_table(word: &str) -> Self {
        match word {
            "created" => Self::Created,
            "restored" => Self::Restored,
            "updated" => Self::Updated,
            "deactivated" => Self::Deactivated,
            "unchanged" | "-" => Self::Unchanged,
            other => match other.split_once(':') {
                Some(("skipped", why)) => Self::Skipped(why.into()),
                Some(("held", why)) => Self::Held(why.into()),
                _ => Self::Rejected(other.into()),
            },
        }
    }

    /// Did the row go in as it stands, so that the same bytes need not be looked at again?
    pub const fn is_plain(&self) -> bool {
        matches!(self, Self::Created | Self::Restored | Self::Updated | Self::Unchanged)
    }
}

/// What became of one row, and by which rule.
#[derive(Debug, Clone)]
pub struct RowResult {
    pub line: u64,
    pub outcome: Outcome,
    /// Rule id: `K04`, `P17`, `A01`, `G02` …
    pub rule: Box<str>,
    pub person: Option<PersonId>,
    /// Findings the reconciliation adds to those of admission.
    pub findings: Vec<Finding>,
}
