//! Rows of the view that may be recognised to the letter. Files mostly come in the order in which they came
//! before, so the row after the last one is tried first; the index is made when that fails.

use std::collections::HashSet;

use crate::store::fingerprints::{List, REJECTED, SETTLED};

/// One bit a place.
#[derive(Debug, Default)]
pub struct Places(Vec<u64>);

impl Places {
    fn new(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    /// Is the place in it?
    pub fn has(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    fn set(&mut self, place: usize, to: bool) {
        if let Some(word) = self.0.get_mut(place / 64) {
            let bit = 1 << (place % 64);
            if to { *word |= bit } else { *word &= !bit }
        }
    }
}

/// What of the view a file's rows are compared with, and what was found so far.
pub struct Known<'a> {
    view: &'a List,
    /// Places that a row may still be known by.
    open: Places,
    /// Place of the row that probably comes next.
    next: usize,
    index: Option<Index>,
    rejected: HashSet<[u8; 16]>,
}

impl<'a> Known<'a> {
    /// Looks once over view and reference. Claims of `unsettled` must be looked at again whatever their rows say.
    pub fn new(view: &'a List, reference: Option<&List>, unsettled: &HashSet<i64>) -> Self {
        let mut open = Places::new(view.len());
        let mut rejected = HashSet::new();
        for (place, entry) in view.iter().enumerate() {
            if entry.flags & SETTLED != 0 && entry.claim != 0 && !(unsettled.contains(&entry.claim)) {
                open.set(place, true);
            }
        }
        for entry in reference.unwrap_or(view).iter().filter(|entry| entry.flags & REJECTED != 0) {
            rejected.insert(entry.fingerprint);
        }
        Self { view, open, next: 0, index: None, rejected }
    }

    /// The place in the view of a row with this fingerprint; each place counts once.
    pub fn take(&mut self, fingerprint: &[u8; 16]) -> Option<usize> {
        let place = (self.next..self.next + 2)
            .find(|place| self.view.fingerprint(*place) == Some(fingerprint))
            .or_else(|| self.index.get_or_insert_with(|| Index::new(self.view)).find(self.view, fingerprint))?;
        self.next = place + 1;
        if !self.open.has(place) {
            return None;
        }
        self.open.set(place, false);
        Some(place)
    }

    /// Did a row with the same raw cells stand rejected in the reference (S7)?
    pub fn was_rejected(&self, fingerprint: &[u8; 16]) -> bool {
        self.rejected.contains(fingerprint)
    }
}

/// Places by fingerprint: open addressing, the fingerprint itself being the hash.
struct Index {
    /// Place plus one; 0: nothing.
    slots: Vec<u32>,
}

impl Index {
    fn new(view: &List) -> Self {
        let size = (view.len() * 2).next_power_of_two().max(2);
        let mut index = Self { slots: vec![0; size] };
        for place in 0..view.len() {
            if let Some(fingerprint) = view.fingerprint(place) {
                index.insert(view, fingerprint, place);
            }
        }
        index
    }

    fn begin(&self, fingerprint: &[u8; 16]) -> usize {
        let hash = fingerprint.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        usize::try_from(hash & (self.slots.len() as u64 - 1)).unwrap_or_default()
    }

    /// Of equal rows the first stays.
    fn insert(&mut self, view: &List, fingerprint: &[u8; 16], place: usize) {
        let mut at = self.begin(fingerprint);
        let mask = self.slots.len() - 1;
        while let Some(slot) = self.slots.get_mut(at) {
            match slot.checked_sub(1) {
                None => {
                    *slot = u32::try_from(place + 1).unwrap_or_default();
                    return;
                }
                Some(other) if view.fingerprint(other as usize) == Some(fingerprint) => return,
                Some(_) => at = (at + 1) & mask,
            }
        }
    }

    fn find(&self, view: &List, fingerprint: &[u8; 16]) -> Option<usize> {
        let mut at = self.begin(fingerprint);
        let mask = self.slots.len() - 1;
        loop {
            let place = self.slots.get(at)?.checked_sub(1)? as usize;
            if view.fingerprint(place) == Some(fingerprint) {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
    }
}
