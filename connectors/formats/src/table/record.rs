//! One record as it was cut out of the bytes: unquoted cells in one reused buffer.

use crate::limits::{COLUMN_LIMIT, FIELD_LIMIT, LINE_LIMIT};

/// Cells kept of one record; more are counted, not kept.
const KEPT_CELLS: usize = COLUMN_LIMIT + 1;

/// What is wrong with a record's structure (A16, A17, A19, A20).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// A line break inside quotes.
    LineBreak,
    /// A control, bidirectional or invisible character.
    Character(char),
    /// Bytes that do not decode.
    BadEncoding,
    /// A cell over the limit.
    FieldTooLong,
    /// The record is over the limit.
    LineTooLong,
    /// Text after a closing quote.
    TextAfterQuote,
    /// The file ends inside quotes.
    OpenQuote,
}

/// One record. The cells lie in `bytes` with one delimiter byte between them, so that a character
/// cannot be put together from the end of one cell and the beginning of the next.
#[derive(Debug, Default)]
pub struct Record {
    /// Line on which it begins, from 1.
    pub line: u64,
    /// Line on which it ends.
    pub last_line: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    cells: usize,
    /// Bytes as delivered so far.
    raw: usize,
    /// A cell that was not kept holds something.
    unkept: bool,
    /// The first damage.
    pub damage: Option<Damage>,
    /// Place of the damaged cell.
    pub damaged_cell: usize,
    /// There is a byte that is not printable ASCII.
    pub odd: bool,
}

impl Record {
    /// How many cells there are, kept or not.
    pub const fn len(&self) -> usize {
        self.cells
    }

    /// The cell at a place, from 0.
    pub fn cell(&self, at: usize) -> Option<&[u8]> {
        let end = *self.ends.get(at)?;
        let start = if at == 0 { 0 } else { *self.ends.get(at - 1)? + 1 };
        self.bytes.get(start..end)
    }

    /// All kept cells.
    pub fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).filter_map(|at| self.cell(at))
    }

    /// The kept bytes, delimiters between the cells.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Is there anything but blanks from place `from` on?
    pub fn is_filled_from(&self, from: usize) -> bool {
        self.unkept || (from..self.ends.len()).any(|at| self.cell(at).is_some_and(is_filled))
    }

    /// Notes damage; the first counts.
    pub fn damage(&mut self, damage: Damage, cell: usize) {
        if self.damage.is_none() {
            self.damage = Some(damage);
            self.damaged_cell = cell;
        }
    }

    pub(super) fn begin(&mut self, line: u64) {
        self.line = line;
        self.last_line = line;
        self.bytes.clear();
        self.ends.clear();
        self.cells = 0;
        self.raw = 0;
        self.unkept = false;
        self.damage = None;
        self.damaged_cell = 0;
        self.odd = false;
    }

    /// Ends of cells found so far by the fast path.
    pub(super) fn push_end(&mut self, end: usize) -> bool {
        self.ends.push(end);
        self.ends.len() < KEPT_CELLS
    }

    /// Takes a whole plain line whose ends were pushed before.
    pub(super) fn take_line(&mut self, line: &[u8], odd: bool) {
        self.bytes.extend_from_slice(line);
        self.cells = self.ends.len();
        self.odd = odd;
    }

    /// Counts bytes as delivered that are no content (quotes, delimiters).
    pub(super) fn count(&mut self, bytes: usize) {
        self.raw += bytes;
        if self.raw > LINE_LIMIT {
            self.damage(Damage::LineTooLong, self.cells);
        }
    }

    /// Adds to the cell that is being read, as far as the limits let it.
    pub(super) fn push(&mut self, text: &[u8]) {
        let room = LINE_LIMIT.saturating_sub(self.raw);
        self.count(text.len());
        if self.cells >= KEPT_CELLS {
            self.unkept |= is_filled(text);
            return;
        }
        let start = self.ends.last().map_or(0, |end| end + 1);
        let field_room = FIELD_LIMIT.saturating_sub(self.bytes.len().saturating_sub(start));
        if text.len() > field_room {
            self.damage(Damage::FieldTooLong, self.cells);
        }
        let kept = text.get(..text.len().min(room).min(field_room)).unwrap_or_default();
        self.odd |= !kept.iter().all(|byte| is_plain(*byte));
        self.bytes.extend_from_slice(kept);
    }

    /// Ends the cell that is being read; another one follows after `delimiter`.
    pub(super) fn end_cell(&mut self, delimiter: Option<u8>) {
        if self.cells < KEPT_CELLS {
            self.ends.push(self.bytes.len());
            if let Some(delimiter) = delimiter.filter(|_| self.cells + 1 < KEPT_CELLS) {
                self.bytes.push(delimiter);
            }
        }
        self.cells += 1;
    }
}

/// Printable ASCII: needs no look at its characters.
pub const fn is_plain(byte: u8) -> bool {
    byte.wrapping_sub(b' ') < 0x5F
}

/// Something other than blanks.
fn is_filled(text: &[u8]) -> bool {
    text.iter().any(|byte| !byte.is_ascii_whitespace())
}
