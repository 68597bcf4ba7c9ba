//! One record in the places of its format.

use super::layout::Layout;
use super::record::{Damage, Record};
use crate::text::{forbidden, may_be_forbidden, stable_hash, tidy};
use crate::write::unguard;

/// One row of a file; lends its buffer, which the next row takes over.
#[derive(Debug)]
pub struct Row {
    pub(super) record: Record,
    pub(super) layout: Layout,
}

impl Row {
    pub(super) fn new(layout: Layout) -> Self {
        Self { record: Record::default(), layout }
    }

    /// Line in the file as an editor shows it, from 1; of a row with line breaks in it, the first.
    pub const fn line(&self) -> u64 {
        self.record.line
    }

    /// Line on which the row ends.
    pub const fn last_line(&self) -> u64 {
        self.record.last_line
    }

    /// The cell of a column of the format, counted from 0 in the order of
    /// [`FormatDef::columns`](crate::FormatDef); `None`: the file has no such column, or the row no
    /// such cell.
    pub fn cell(&self, column: usize) -> Option<&[u8]> {
        self.record.cell(self.place(column)?).map(|cell| self.unguarded(cell))
    }

    /// Place of a format's column in the file, from 0.
    pub fn place(&self, column: usize) -> Option<usize> {
        *self.layout.places.get(column)?
    }

    /// All cells as delivered, in file order; the guard of our own files is taken off. At most 513
    /// cells are kept, of a cell 64 KiB, of a row 1 MiB.
    pub fn delivered(&self) -> impl Iterator<Item = &[u8]> {
        self.record.cells().map(|cell| self.unguarded(cell))
    }

    fn unguarded<'c>(&self, cell: &'c [u8]) -> &'c [u8] {
        if self.layout.guarded { unguard(cell) } else { cell }
    }

    /// What the row corrects (D14).
    pub fn fix_of(&self) -> Option<&str> {
        let cell = self.record.cell(self.layout.fix_of?)?;
        std::str::from_utf8(cell).ok().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The structural damage, and the place in the file of the damaged cell.
    pub fn damage(&self) -> Option<(Damage, usize)> {
        self.record.damage.map(|damage| (damage, self.record.damaged_cell))
    }

    /// Is the structure damaged, or are there more or fewer cells than the header has (A16 to A20)?
    /// Such a row never counts as known by its fingerprint.
    pub fn is_damaged(&self) -> bool {
        self.record.damage.is_some() || self.is_short() || self.is_long()
    }

    /// Fewer cells than the header.
    pub const fn is_short(&self) -> bool {
        self.record.len() < self.layout.width
    }

    /// More cells than the header, and not all of the extra ones blank.
    pub fn is_long(&self) -> bool {
        self.record.len() > self.layout.width && self.record.is_filled_from(self.layout.width)
    }

    /// How many cells there are, and how many the header has.
    pub const fn widths(&self) -> (usize, usize) {
        (self.record.len(), self.layout.width)
    }

    /// A line without content: empty, or delimiters only and no more of them than the header has. A
    /// lone end-of-file mark of DOS counts as one.
    pub(super) fn is_blank(&self) -> bool {
        self.record.len() <= self.layout.delivered_width.max(1)
            && self.record.damage.is_none()
            && (!self.record.is_filled_from(0) || self.record.bytes() == [0x1A] || self.is_blank_to_the_eye())
    }

    /// Nothing but blanks beyond ASCII and characters of no width.
    fn is_blank_to_the_eye(&self) -> bool {
        self.record.odd && self.record.cells().all(|cell| tidy(cell).is_none())
    }

    /// Looks for bytes that do not decode and for characters that have no business in a roster.
    pub(super) fn check(&mut self) {
        if !self.record.odd || self.record.damage.is_some() {
            return;
        }
        if std::str::from_utf8(self.record.bytes()).is_err() {
            let bad = |cell: &[u8]| std::str::from_utf8(cell).is_err();
            let place = self.record.cells().position(bad).unwrap_or_default();
            self.record.damage(Damage::BadEncoding, place);
        } else if may_be_forbidden(self.record.bytes()) {
            let find = |cell: &[u8]| std::str::from_utf8(cell).ok().and_then(forbidden);
            let found = self.record.cells().enumerate().find_map(|(place, cell)| Some((place, find(cell)?)));
            if let Some((place, c)) = found {
                self.record.damage(Damage::Character(c), place);
            }
        }
    }

    /// 128 bits over the format's columns in their own order, as delivered: the order of the
    /// columns, quoting and extra columns do not matter; a blank and a missing column differ.
    /// `seed` names whatever else decides about the row: format and policy version.
    pub fn fingerprint(&self, seed: u64) -> [u8; 16] {
        let mut canonical = Canonical::default();
        for column in 0..self.layout.places.len() {
            canonical.cell(self.cell(column));
        }
        if self.is_damaged() {
            canonical.add(&(self.record.len() as u64).to_le_bytes());
            canonical.add(&[self.record.damage.is_some().into()]);
        }
        canonical.finish(seed)
    }

    /// Hash of the number as it will be compared; `None` when blank or absent. Never 0.
    pub fn number_hash(&self) -> Option<u64> {
        let cell = self.cell(self.layout.number?)?;
        match self.plain(cell) {
            Some(plain) => Some(stable_hash(NUMBER, plain)),
            None => Some(stable_hash(NUMBER, tidy(cell)?.as_bytes())),
        }
    }

    /// Hash of the e-mail as it will be compared, lower-cased; `None` when blank or absent. Never 0.
    pub fn email_hash(&self) -> Option<u64> {
        let cell = self.cell(self.layout.email?)?;
        let mut lower = [0; 64];
        if let Some(plain) = self.plain(cell)
            && let Some(lower) = lower.get_mut(..plain.len())
        {
            lower.copy_from_slice(plain);
            lower.make_ascii_lowercase();
            return Some(stable_hash(EMAIL, lower));
        }
        Some(stable_hash(EMAIL, tidy(cell)?.to_lowercase().as_bytes()))
    }

    /// The cell, where it is plain to see that tidying would change nothing but its ends.
    fn plain<'c>(&self, cell: &'c [u8]) -> Option<&'c [u8]> {
        let plain = cell.trim_ascii();
        let is_plain = !self.record.odd && plain.first().is_some_and(|byte| *byte != b'=') && !plain.contains(&b' ');
        is_plain.then_some(plain)
    }
}

/// Kinds of keys, so that a number and an e-mail of the same letters differ.
const NUMBER: u64 = 1;
const EMAIL: u64 = 2;

/// Cells of a row, each after its length, so that no two rows give the same bytes.
#[derive(Debug)]
struct Canonical {
    near: [u8; 256],
    filled: usize,
    /// Takes over when `near` is full.
    far: Vec<u8>,
}

impl Default for Canonical {
    fn default() -> Self {
        Self { near: [0; 256], filled: 0, far: Vec::new() }
    }
}

impl Canonical {
    fn cell(&mut self, cell: Option<&[u8]>) {
        let Some(cell) = cell else {
            self.add(&[0]);
            return;
        };
        match u8::try_from(cell.len() + 1) {
            Ok(length) if length < u8::MAX => self.add(&[length]),
            _ => {
                self.add(&[u8::MAX]);
                self.add(&(cell.len() as u64).to_le_bytes());
            }
        }
        self.add(cell);
    }

    fn add(&mut self, bytes: &[u8]) {
        let end = self.filled + bytes.len();
        match self.near.get_mut(self.filled..end).filter(|_| self.far.is_empty()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.filled = end;
            }
            None => {
                if self.far.is_empty() {
                    self.far.extend_from_slice(self.near.get(..self.filled).unwrap_or_default());
                }
                self.far.extend_from_slice(bytes);
            }
        }
    }

    /// Not a cryptographic hash: it only has to notice that a row changed, and whoever could build two rows of
    /// one fingerprint would hide nothing but a change of their own file. What was received is proven by the
    /// SHA-256 of the whole delivery.
    fn finish(&self, seed: u64) -> [u8; 16] {
        let near = self.near.get(..self.filled).unwrap_or_default();
        let bytes = if self.far.is_empty() { near } else { &self.far };
        xxhash_rust::xxh3::xxh3_128_with_seed(bytes, seed).to_le_bytes()
    }
}
