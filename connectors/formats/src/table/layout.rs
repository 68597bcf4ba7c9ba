//! Where the columns of a format stand in a file.

use crate::definition::{FormatDef, Target};

/// Columns that only result files of ours have; no format reads them.
pub const RESULT_COLUMNS: [&str; 4] = ["_fix_of", "error", "guid", "outcome"];

/// The places of a format's columns in one file.
#[derive(Debug, Clone)]
pub struct Layout {
    pub format: &'static FormatDef,
    /// By column of the format: its place in the file.
    pub places: Vec<Option<usize>>,
    /// Place of `_fix_of`.
    pub fix_of: Option<usize>,
    /// Cells that a row must have: those of the header without empty ones at its end.
    pub width: usize,
    /// Cells of the header line as delivered.
    pub delivered_width: usize,
    /// Column of the format that holds the number, and the one that holds the e-mail.
    pub number: Option<usize>,
    pub email: Option<usize>,
    /// The file is one of ours: a cell may carry the guard against formulas.
    pub guarded: bool,
}

impl Layout {
    /// Finds the columns of `format` among the header keys of a file; `marked`: the header carries
    /// the mark of our own exports.
    pub fn new(format: &'static FormatDef, keys: &[String], delivered_width: usize, marked: bool) -> Self {
        let place = |header: &str| keys.iter().position(|key| key.eq_ignore_ascii_case(header));
        let fix_of = place("_fix_of");
        let is_result = place("guid").is_some() && place("outcome").is_some();
        Self {
            places: format.columns.iter().map(|column| place(column.header)).collect(),
            number: format.column_of(Target::Number),
            email: format.column_of(Target::Email),
            guarded: fix_of.is_some() || is_result || marked,
            width: keys.len(),
            delivered_width,
            fix_of,
            format,
        }
    }
}
