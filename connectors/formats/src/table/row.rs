//! One record in the places of its format.

use std::hash::{Hash, Hasher};

use rosterd_contract::finding::is_invisible;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::scan::{Damage, Record};
use crate::definition::{FormatDef, Target};
use crate::write::unguard;

/// Where the format's columns stand in the file.
#[derive(Debug, Clone)]
pub struct Layout {
    pub format: &'static FormatDef,
    /// By column of the format: its place in the file.
    places: Vec<Option<usize>>,
    pub fix_of: Option<usize>,
    width: usize,
    number: Option<usize>,
    email: Option<usize>,
    /// The file is one of ours: cells may carry the guard.
    ours: bool,
}

impl Layout {
    pub(super) fn new(format: &'static FormatDef, keys: &[String], marked: bool) -> Self {
        let place = |header: &str| keys.iter().position(|key| key.eq_ignore_ascii_case(header));
        let places: Vec<Option<usize>> = format.columns.iter().map(|column| place(column.header)).collect();
        let of = |target: Target| format.column_of(target);
        let fix_of = place("_fix_of");
        let result = place("guid").is_some() && place("outcome").is_some();
        Self {
            number: of(Target::Number),
            email: of(Target::Email),
            ours: fix_of.is_some() || result || marked,
            fix_of,
            width: keys.len(),
            places,
            format,
        }
    }
}

/// One record; lends its buffer.
#[derive(Debug)]
pub struct Row {
    pub(super) record: Record,
    layout: Layout,
}

impl Row {
    pub(super) fn new(layout: Layout) -> Self {
        Self { record: Record::default(), layout }
    }

    /// Line in the file as an editor shows it, from 1.
    pub const fn line(&self) -> u64 {
        self.record.line
    }

    /// The cell of a column of the format; `None`: the file has no such column (or the row no such
    /// cell).
    pub fn cell(&self, column: usize) -> Option<&[u8]> {
        let place = (*self.layout.places.get(column)?)?;
        let cell = self.record.cell(place)?;
        Some(if self.layout.ours { unguard(cell) } else { cell })
    }

    /// Place of a format's column in the file, from 0.
    pub fn place(&self, column: usize) -> Option<usize> {
        *self.layout.places.get(column)?
    }

    /// All cells as delivered (the guard of our own files taken off), in file order.
    pub fn delivered(&self) -> impl Iterator<Item = &[u8]> {
        let ours = self.layout.ours;
        self.record.cells().map(move |cell| if ours { unguard(cell) } else { cell })
    }

    /// What the row corrects (D14).
    pub fn fix_of(&self) -> Option<&str> {
        let cell = self.record.cell(self.layout.fix_of?)?;
        std::str::from_utf8(cell).ok().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The structural damage, and the place of the damaged cell.
    pub fn damage(&self) -> Option<(Damage, usize)> {
        self.record.damage.map(|damage| (damage, self.record.damaged_cell))
    }

    /// Is the structure damaged, or are there more or fewer cells than the header has (A16 to A20)?
    pub fn is_damaged(&self) -> bool {
        self.record.damage.is_some() || self.is_short() || self.is_long()
    }

    /// Fewer cells than the header.
    pub fn is_short(&self) -> bool {
        self.record.len() < self.layout.width
    }

    /// More cells than the header, and the extra ones are not blank.
    pub fn is_long(&self) -> bool {
        (self.layout.width..self.record.len())
            .any(|at| self.record.cell(at).is_some_and(|cell| !cell.trim_ascii().is_empty()))
    }

    /// How many cells there are, and how many the header has.
    pub fn widths(&self) -> (usize, usize) {
        (self.record.len(), self.layout.width)
    }

    /// A line without content: empty, or delimiters only and no more of them than the header has.
    pub(super) fn is_blank(&self) -> bool {
        self.record.damage.is_none()
            && !self.record.quoted
            && self.record.len() <= self.layout.width
            && self.record.bytes.iter().all(u8::is_ascii_whitespace)
    }

    /// Finds bytes that do not decode.
    pub(super) fn check(&mut self) {
        if self.record.damage.is_none() && std::str::from_utf8(&self.record.bytes).is_err() {
            let at = (0..self.record.len())
                .find(|at| self.record.cell(*at).is_some_and(|cell| std::str::from_utf8(cell).is_err()));
            self.record.damage = Some(Damage::BadEncoding);
            self.record.damaged_cell = at.unwrap_or_default();
        }
    }

    /// 128 bits over the format's columns in their own order, so that column order, quoting and
    /// extra columns do not matter; `seed` names the format and policy version.
    pub fn fingerprint(&self, seed: u64) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        let mut block = [0_u8; 512];
        let mut filled = 0;
        let mut feed = |bytes: &[u8], hasher: &mut blake3::Hasher| {
            if filled + bytes.len() > block.len() {
                hasher.update(block.get(..filled).unwrap_or_default());
                filled = 0;
                if bytes.len() > block.len() {
                    hasher.update(bytes);
                    return;
                }
            }
            if let Some(room) = block.get_mut(filled..filled + bytes.len()) {
                room.copy_from_slice(bytes);
                filled += bytes.len();
            }
        };
        feed(&seed.to_le_bytes(), &mut hasher);
        for column in 0..self.layout.places.len() {
            match self.cell(column) {
                Some(cell) => {
                    feed(cell, &mut hasher);
                    feed(&[0x1F], &mut hasher);
                }
                None => feed(&[0x1E], &mut hasher),
            }
        }
        if self.record.damage.is_some() {
            feed(&[0x1D], &mut hasher);
        }
        hasher.update(block.get(..filled).unwrap_or_default());
        let mut fingerprint = [0; 16];
        if let Some(first) = hasher.finalize().as_bytes().first_chunk::<16>() {
            fingerprint = *first;
        }
        fingerprint
    }

    /// Hash of the number as it will be compared; `None` when blank.
    pub fn number_hash(&self) -> Option<u64> {
        let text = clean(self.cell(self.layout.number?)?)?;
        Some(hash("n", &text))
    }

    /// Hash of the address as it will be compared; `None` when blank.
    pub fn email_hash(&self) -> Option<u64> {
        let text = clean(self.cell(self.layout.email?)?)?;
        Some(hash("e", &text.to_lowercase()))
    }
}

/// NFC, trimmed, runs of blanks collapsed; `None` when nothing is left.
pub fn clean(cell: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    let text = match String::from_utf8_lossy(cell) {
        std::borrow::Cow::Borrowed(text) => text,
        std::borrow::Cow::Owned(text) => return tidy(&text).map(std::borrow::Cow::Owned),
    };
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return None;
    }
    let plain = trimmed.is_ascii()
        && !trimmed.as_bytes().windows(2).any(|pair| pair.iter().all(u8::is_ascii_whitespace))
        && !trimmed.contains('\t');
    if plain || (is_nfc(trimmed) && !has_odd_blanks(trimmed)) {
        return Some(std::borrow::Cow::Borrowed(trimmed));
    }
    tidy(trimmed).map(std::borrow::Cow::Owned)
}

fn has_odd_blanks(text: &str) -> bool {
    let mut last = false;
    text.chars().any(|c| {
        let blank = c.is_whitespace();
        let odd = blank && (last || c != ' ');
        last = blank;
        odd
    })
}

fn tidy(text: &str) -> Option<String> {
    let joined = text.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    (!joined.is_empty()).then_some(joined)
}

fn hash(kind: &str, text: &str) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    kind.hash(&mut hasher);
    hasher.write(text.as_bytes());
    // 0 stands for "no key".
    hasher.finish().max(1)
}

/// FNV-1a with a final mix: stable across versions and machines.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^ (mixed >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// Control, bidirectional or invisible characters.
pub fn forbidden(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_control() || is_invisible(*c))
}
