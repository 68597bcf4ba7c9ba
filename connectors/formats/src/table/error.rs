//! Why a file is no table that can be read (D11). Each is a verdict on the file, never a failure of
//! the daemon.

use crate::limits::{COLUMN_LIMIT, FIELD_LIMIT, LINE_LIMIT, ROW_LIMIT};

/// Why a file is no table that can be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The source gave an error.
    #[error("the file cannot be read")]
    Read(#[source] std::io::Error),
    /// Nothing in it but blank lines.
    #[error("the file is empty")]
    Empty,
    /// By its content it is something else.
    #[error("this is {what}, not a table in plain text")]
    NotText { what: &'static str },
    /// The name promises something else.
    #[error("by its name this is {what}, but what is in it is text")]
    NotAsNamed { what: &'static str },
    /// A known template that is not taken here; `why` says so, and begins with its own comma.
    #[error("this is {title}{why}")]
    WrongTemplate { title: &'static str, why: String, line: u64 },
    /// No known header. `missing` lists what the nearest format needs, each with the header that is
    /// there instead.
    #[error("{}line {line} is no header we know; the nearest is that of {nearest}, which needs {missing}",
        if *.is_person { format!("the header line is missing, line {} seems to be a person already: ", .line) } else { String::new() })]
    UnknownHeader { nearest: &'static str, id: &'static str, missing: String, is_person: bool, line: u64 },
    /// The right format, but a column is not there.
    #[error("the header is that of {format}, but it lacks {missing}")]
    MissingHeader { format: &'static str, id: &'static str, missing: String, line: u64 },
    /// All columns of a format, and one that only a rival has.
    #[error("the header is that of {format}, but its column `{rival}` belongs to another template")]
    RivalHeader { format: &'static str, id: &'static str, rival: String, line: u64 },
    /// The header stands further down.
    #[error("the header seems to stand on line {line}; line 1 must be the header")]
    HeaderBelow { line: u64 },
    /// One header twice; columns from 1.
    #[error("the header `{header}` stands twice, in columns {first} and {second}")]
    DoubleHeader { header: String, first: usize, second: usize, line: u64 },
    /// Too wide.
    #[error("the header has {columns} columns; at most {COLUMN_LIMIT} are read")]
    TooManyColumns { columns: usize, line: u64 },
    /// Line 1 is over a limit.
    #[error("the header line is longer than {LINE_LIMIT} bytes, or one of its cells than {FIELD_LIMIT}")]
    HeaderTooLong { line: u64 },
    /// A quote in the header never closes.
    #[error("the quote opened in the header never closes, so no row can be told apart")]
    HeaderUnclosed { line: u64 },
    /// Too many rows.
    #[error("the file has more than {ROW_LIMIT} rows")]
    TooManyRows { line: u64 },
}

impl TableError {
    /// Stable code for reports.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read(_) => "unreadable",
            Self::Empty => "empty",
            Self::NotText { .. } => "not-text",
            Self::NotAsNamed { .. } => "not-as-named",
            Self::WrongTemplate { .. } => "wrong-template",
            Self::UnknownHeader { .. } => "unknown-header",
            Self::MissingHeader { .. } => "missing-header",
            Self::RivalHeader { .. } => "rival-header",
            Self::HeaderBelow { .. } => "header-below",
            Self::DoubleHeader { .. } => "double-header",
            Self::TooManyColumns { .. } => "too-many-columns",
            Self::HeaderTooLong { .. } => "line-too-long",
            Self::HeaderUnclosed { .. } => "open-quote",
            Self::TooManyRows { .. } => "too-many-rows",
        }
    }

    /// Line it is about; `None`: the whole file.
    pub const fn line(&self) -> Option<u64> {
        match self {
            Self::Read(_) | Self::Empty | Self::NotText { .. } | Self::NotAsNamed { .. } => None,
            Self::WrongTemplate { line, .. }
            | Self::UnknownHeader { line, .. }
            | Self::MissingHeader { line, .. }
            | Self::RivalHeader { line, .. }
            | Self::HeaderBelow { line }
            | Self::DoubleHeader { line, .. }
            | Self::TooManyColumns { line, .. }
            | Self::HeaderTooLong { line }
            | Self::HeaderUnclosed { line }
            | Self::TooManyRows { line } => Some(*line),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let fixed = match self {
            Self::Read(_) => return None,
            Self::UnknownHeader { id, .. } | Self::MissingHeader { id, .. } => {
                return Some(format!("correct the header; `rosterd template {id}` prints the header"));
            }
            Self::RivalHeader { id, rival, .. } => {
                return Some(format!("take `{rival}` out, or set `format = \"{id}\"` for this source"));
            }
            Self::Empty => "export the file again; nothing was changed",
            Self::NotText { .. } => "export the list as CSV (UTF-8)",
            Self::NotAsNamed { .. } => "give the file a name that ends in .csv, or send what its name says",
            Self::WrongTemplate { .. } => {
                "send the file of the template that belongs here, or check where it was meant to go"
            }
            Self::HeaderBelow { .. } => "take the lines above the header out",
            Self::DoubleHeader { .. } => "take one of the two columns out, or rename it",
            Self::TooManyColumns { .. } => "take the columns out that the format does not have",
            Self::HeaderTooLong { .. } => "check the line ends of the file: it may have none",
            Self::HeaderUnclosed { .. } => "take the quote out of line 1, or close it",
            Self::TooManyRows { .. } => "split the file, one feed a part",
        };
        Some(fixed.to_owned())
    }
}
