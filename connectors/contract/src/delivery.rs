//! What arrived, and what was made of it as a whole.

use serde::{Deserialize, Serialize};

/// How much a delivery speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Complete inside its scope: absence means something.
    Snapshot,
    /// Adds and updates only.
    Merge,
    /// Only what changed since the delivery before.
    Delta,
    /// Corrected rows of an earlier delivery (`_fix_of`, D14).
    Patch,
}

impl Mode {
    /// The word that stands in stores and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Merge => "merge",
            Self::Delta => "delta",
            Self::Patch => "patch",
        }
    }

    /// Reads the word of [`Mode::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Snapshot, Self::Merge, Self::Delta, Self::Patch].into_iter().find(|mode| mode.as_str() == word)
    }
}

/// The verdict on a whole delivery (rules D01 to D18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Accepted,
    Baseline,
    Identical,
    Patch,
    Regression,
    Late,
    Superseded,
    Waiting,
    Unassigned,
    Truncated,
    Foreign,
    Failed,
    Refused,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 13] = [
        Self::Accepted,
        Self::Baseline,
        Self::Identical,
        Self::Patch,
        Self::Regression,
        Self::Late,
        Self::Superseded,
        Self::Waiting,
        Self::Unassigned,
        Self::Truncated,
        Self::Foreign,
        Self::Failed,
        Self::Refused,
    ];

    /// The word that stands in stores and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Baseline => "baseline",
            Self::Identical => "identical",
            Self::Patch => "patch",
            Self::Regression => "regression",
            Self::Late => "late",
            Self::Superseded => "superseded",
            Self::Waiting => "waiting",
            Self::Unassigned => "unassigned",
            Self::Truncated => "truncated",
            Self::Foreign => "foreign",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }

    /// Reads the word of [`Verdict::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }
}
