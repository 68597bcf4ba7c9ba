//! Rows of the view that may be recognised to the letter. Files mostly come in the order in which they came
//! before, so the row after the last one is tried first; the index is made when that fails.

use std::collections::HashSet;

use hashbrown::HashTable;

use crate::store::fingerprints::{List, REJECTED, SETTLED};

/// What of the view a file's rows are compared with, and what was found so far.
pub struct Known<'a> {
    view: &'a List,
    /// Places that a row may still be known by.
    open: Vec<bool>,
    /// Place of the row that probably comes next.
    next: usize,
    /// Places that were open at first, by fingerprint.
    index: Option<HashTable<u32>>,
    rejected: HashSet<[u8; 16]>,
}

impl<'a> Known<'a> {
    /// Looks once over view and reference. Claims of `unsettled` must be looked at again whatever their rows say.
    pub fn new(view: &'a List, reference: Option<&List>, unsettled: &HashSet<i64>) -> Self {
        let open = view.iter().map(|entry| {
            entry.flags & SETTLED != 0
                && entry.claim != 0
                && (unsettled.is_empty() || !unsettled.contains(&entry.claim))
        });
        let rejected = reference.unwrap_or(view).iter().filter(|entry| entry.flags & REJECTED != 0);
        Self {
            view,
            open: open.collect(),
            next: 0,
            index: None,
            rejected: rejected.map(|entry| entry.fingerprint).collect(),
        }
    }

    /// The place in the view of a row with this fingerprint; each place counts once.
    pub fn take(&mut self, fingerprint: &[u8; 16]) -> Option<usize> {
        let near = self.next..self.next + 2;
        let place = near.into_iter().find(|place| self.is_open(*place, fingerprint));
        let place = place.or_else(|| self.look_up(fingerprint))?;
        self.next = place + 1;
        if let Some(open) = self.open.get_mut(place) {
            *open = false;
        }
        Some(place)
    }

    fn is_open(&self, place: usize, fingerprint: &[u8; 16]) -> bool {
        self.open.get(place).copied().unwrap_or_default() && self.view.fingerprint(place) == Some(fingerprint)
    }

    fn look_up(&mut self, fingerprint: &[u8; 16]) -> Option<usize> {
        let index = self.index.take().unwrap_or_else(|| self.make_index());
        let found = index.find(hash(fingerprint), |place| self.is_open(*place as usize, fingerprint));
        let found = found.map(|place| *place as usize);
        self.index = Some(index);
        found
    }

    /// What was taken before it is made need not be found again.
    fn make_index(&self) -> HashTable<u32> {
        let hash_of = |place: &u32| self.view.fingerprint(*place as usize).map_or(0, hash);
        let mut index = HashTable::with_capacity(self.view.len());
        let open = self.open.iter().enumerate().filter(|(_, open)| **open);
        for place in open.filter_map(|(place, _)| u32::try_from(place).ok()) {
            index.insert_unique(hash_of(&place), place, hash_of);
        }
        index
    }

    /// Did a row with the same raw cells stand rejected in the reference (S7)?
    pub fn was_rejected(&self, fingerprint: &[u8; 16]) -> bool {
        self.rejected.contains(fingerprint)
    }
}

/// A fingerprint is a hash already.
fn hash(fingerprint: &[u8; 16]) -> u64 {
    fingerprint.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::fingerprints::{ACCEPTED, Entry};

    /// Rows of a view, settled or not, each fingerprint once, and the rows of a file that mostly keeps their order.
    fn nights() -> impl Strategy<Value = (Vec<(u8, bool)>, Vec<u8>)> {
        let view = proptest::collection::btree_map(0_u8..40, any::<bool>(), 0..30).prop_map(Vec::from_iter);
        (view.prop_shuffle(), proptest::collection::vec(0_u8..44, 0..40), any::<bool>()).prop_map(
            |(view, mut file, keeps_order)| {
                if keeps_order {
                    let place = |row: &u8| view.iter().position(|(other, _)| other == row);
                    file.sort_by_key(place);
                }
                (view, file)
            },
        )
    }

    proptest! {
        #[test]
        fn each_settled_row_is_known_once_in_whatever_order((view, file) in nights()) {
            let entry = |(row, settled): &(u8, bool)| Entry {
                key: u64::from(*row),
                fingerprint: [*row; 16],
                claim: i64::from(*row) + 1,
                flags: if *settled { ACCEPTED | SETTLED } else { ACCEPTED },
            };
            let list: List = view.iter().map(entry).collect();
            let unsettled = HashSet::from([4, 8]);
            let mut known = Known::new(&list, None, &unsettled);
            let mut taken = HashSet::new();
            for row in file {
                let place = view.iter().position(|(other, _)| *other == row);
                let settled = place.is_some_and(|at| view[at].1) && !unsettled.contains(&(i64::from(row) + 1));
                let expected = place.filter(|_| settled && taken.insert(row));
                prop_assert_eq!(known.take(&[row; 16]), expected);
            }
        }
    }
}
