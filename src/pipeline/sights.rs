//! Tonight's rows in file order: sixteen bytes for each that is known to the letter, more for the others.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::reconcile::input::AgainstReference;
use crate::store::fingerprints::{ACCEPTED, Entry, List};

/// A row that is not known to the letter.
#[derive(Debug, Clone, Copy)]
pub struct Fresh {
    /// Hash of the row's key (number, else e-mail); 0 when it has none.
    pub key: u64,
    pub fingerprint: [u8; 16],
    pub rejected: bool,
}

/// One row of tonight's file.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// Line as an editor shows it.
    pub line: u64,
    pub what: What<'a>,
}

/// Whether a row is known.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// Its place in the view.
    Known(usize),
    Fresh(&'a Fresh),
}

/// Keys of a row as they are kept of every row: a part of each hash is enough to say which rows must be looked at
/// together, since looking at one too many does no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys {
    pub number: Option<u64>,
    pub email: Option<u64>,
}

impl Keys {
    /// Hash of the number, else of the e-mail; 0 when the row has neither.
    pub fn key(self) -> u64 {
        self.number.or(self.email).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    line: u32,
    /// Place in the view, or, with the highest bit set, in `fresh`.
    place: u32,
    /// Parts of the hashes of number and e-mail; 0: none.
    number: u32,
    email: u32,
}

const FRESH: u32 = 1 << 31;

fn part(hash: Option<u64>) -> u32 {
    hash.map_or(0, |hash| u32::try_from(hash >> 32).unwrap_or_default().max(1))
}

/// All rows of one file.
#[derive(Debug, Default)]
pub struct Sights {
    slots: Vec<Slot>,
    fresh: Vec<Fresh>,
}

impl Sights {
    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds a row that is known by its place in the view.
    pub fn push_known(&mut self, line: u64, keys: Keys, place: usize) {
        self.push(line, keys, u32::try_from(place).unwrap_or(FRESH - 1));
    }

    /// Adds a row that is not known.
    pub fn push_fresh(&mut self, line: u64, keys: Keys, fresh: Fresh) {
        let place = FRESH | u32::try_from(self.fresh.len()).unwrap_or_default();
        self.fresh.push(fresh);
        self.push(line, keys, place);
    }

    fn push(&mut self, line: u64, keys: Keys, place: u32) {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        self.slots.push(Slot { line, place, number: part(keys.number), email: part(keys.email) });
    }

    /// Takes the row at a place in the file for one that is not known.
    pub fn refresh(&mut self, at: usize, fresh: Fresh) {
        let place = FRESH | u32::try_from(self.fresh.len()).unwrap_or_default();
        if let Some(slot) = self.slots.get_mut(at) {
            slot.place = place;
            self.fresh.push(fresh);
        }
    }

    /// Rejects the row on a line.
    pub fn reject(&mut self, line: u64) {
        let slots = self.slots.iter().filter(|slot| u64::from(slot.line) == line && slot.place & FRESH != 0);
        for slot in slots {
            if let Some(fresh) = self.fresh.get_mut((slot.place ^ FRESH) as usize) {
                fresh.rejected = true;
            }
        }
    }

    fn sight(&self, slot: &Slot) -> Option<Sight<'_>> {
        let what = if slot.place & FRESH == 0 {
            What::Known(slot.place as usize)
        } else {
            What::Fresh(self.fresh.get((slot.place ^ FRESH) as usize)?)
        };
        Some(Sight { line: u64::from(slot.line), what })
    }

    /// All rows in file order.
    pub fn iter(&self) -> impl Iterator<Item = Sight<'_>> {
        self.slots.iter().filter_map(|slot| self.sight(slot))
    }

    /// The last row.
    pub fn last(&self) -> Option<Sight<'_>> {
        self.slots.last().and_then(|slot| self.sight(slot))
    }

    /// Rows that are not known and stand in the file.
    pub fn fresh(&self) -> impl Iterator<Item = &Fresh> {
        self.fresh.iter()
    }

    /// Places of the view that rows of tonight carry.
    fn carried(&self, len: usize) -> Vec<bool> {
        let mut carried = vec![false; len];
        for slot in self.slots.iter().filter(|slot| slot.place & FRESH == 0) {
            if let Some(place) = carried.get_mut(slot.place as usize) {
                *place = true;
            }
        }
        carried
    }

    /// Numbers of the view's claims that no row known to the letter carries.
    pub fn unmatched(&self, view: &List) -> BTreeSet<i64> {
        let carried = self.carried(view.len());
        let places = || view.iter().zip(&carried);
        let mut missing: HashSet<i64> =
            places().filter(|(entry, carried)| !**carried && entry.claim != 0).map(|(entry, _)| entry.claim).collect();
        if !missing.is_empty() {
            for (entry, _) in places().filter(|(_, carried)| **carried) {
                missing.remove(&entry.claim);
            }
        }
        missing.into_iter().collect()
    }

    /// Lines of known rows that share a number or an address with a row that is looked at: they may form a group
    /// (section 7), so they are looked at too.
    pub fn entangled(&self) -> BTreeSet<u64> {
        if self.fresh.is_empty() {
            return BTreeSet::new();
        }
        let fresh = || self.slots.iter().filter(|slot| slot.place & FRESH != 0);
        // Quick to ask: they are asked once a row.
        let numbers: hashbrown::HashSet<u32> = fresh().map(|slot| slot.number).filter(|part| *part != 0).collect();
        let emails: hashbrown::HashSet<u32> = fresh().map(|slot| slot.email).filter(|part| *part != 0).collect();
        self.slots
            .iter()
            .filter(|slot| slot.place & FRESH == 0)
            .filter(|slot| numbers.contains(&slot.number) || emails.contains(&slot.email))
            .map(|slot| u64::from(slot.line))
            .collect()
    }

    /// Lines of known rows that carry one of these claims.
    pub fn lines_of(&self, view: &List, claims: &HashSet<i64>) -> BTreeSet<u64> {
        if claims.is_empty() {
            return BTreeSet::new();
        }
        let known = self.slots.iter().filter(|slot| slot.place & FRESH == 0);
        known
            .filter(|slot| view.get(slot.place as usize).is_some_and(|entry| claims.contains(&entry.claim)))
            .map(|slot| u64::from(slot.line))
            .collect()
    }

    /// Tonight's keys against the reference, record by record (G01, G09, G16). `own` is the reference where that is
    /// not the view.
    pub fn against(&self, view: &List, own: Option<&List>) -> Option<AgainstReference> {
        let reference = own.unwrap_or(view);
        if reference.is_empty() {
            return None;
        }
        let tonight = self.tonight(view, own.is_none());
        let fresh: HashSet<u64> = self.fresh.iter().map(|fresh| fresh.key).collect();
        let mut result = AgainstReference { rows: reference.len() as u64, ..AgainstReference::default() };
        let mut missing: u64 = 0;
        let (mut all, mut accepted) = (HashSet::new(), HashSet::new());
        for (place, entry) in reference.iter().enumerate() {
            if fresh.contains(&entry.key) {
                all.insert(entry.key);
                if entry.flags & ACCEPTED != 0 {
                    accepted.insert(entry.key);
                }
            }
            if tonight.has(place, &entry) || fresh.contains(&entry.key) {
                result.present += 1;
                result.until_last_present = place as u64 + 1;
                missing = 0;
            } else {
                missing += 1;
                result.longest_missing = result.longest_missing.max(missing);
            }
        }
        let unknown = |fresh: &&Fresh| !all.contains(&fresh.key);
        result.unknown_rows = self.fresh.iter().filter(unknown).count() as u64 + tonight.strangers(reference);
        result.newly_rejected =
            self.fresh.iter().filter(|row| row.rejected && row.key != 0 && accepted.contains(&row.key)).count() as u64;
        Some(result)
    }

    /// Keys of the rows known to the letter.
    fn tonight(&self, view: &List, is_reference: bool) -> Tonight {
        let carried = self.carried(view.len());
        if !is_reference {
            let known = view.iter().zip(&carried).filter(|(_, carried)| **carried);
            let mut keys = HashMap::new();
            for (entry, _) in known {
                *keys.entry(entry.key).or_default() += 1;
            }
            return Tonight::Keys(keys);
        }
        // Only a key whose own place has no row can stand on the row of another place.
        let lost = view.iter().zip(&carried).filter(|(_, carried)| !**carried).map(|(entry, _)| entry.key);
        let lost: HashSet<u64> = lost.collect();
        let mut doubled = HashSet::new();
        if !lost.is_empty() {
            let known = view.iter().zip(&carried).filter(|(_, carried)| **carried).map(|(entry, _)| entry.key);
            doubled.extend(known.filter(|key| lost.contains(key)));
        }
        Tonight::Places { carried, doubled }
    }
}

/// Which records of the reference have a known row tonight.
enum Tonight {
    /// The view is the reference.
    Places { carried: Vec<bool>, doubled: HashSet<u64> },
    /// Keys of the known rows, and how many rows have each.
    Keys(HashMap<u64, u64>),
}

impl Tonight {
    fn has(&self, place: usize, entry: &Entry) -> bool {
        match self {
            Self::Places { carried, doubled } => {
                carried.get(place).copied().unwrap_or_default() || doubled.contains(&entry.key)
            }
            Self::Keys(keys) => keys.contains_key(&entry.key),
        }
    }

    /// Known rows whose key the reference lacks.
    fn strangers(&self, reference: &List) -> u64 {
        match self {
            Self::Places { .. } => 0,
            Self::Keys(keys) => {
                let mut left = keys.clone();
                for entry in reference.iter() {
                    left.remove(&entry.key);
                }
                left.values().sum()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(key: u8, accepted: bool) -> Entry {
        Entry {
            key: u64::from(key),
            fingerprint: [key; 16],
            claim: i64::from(key / 2),
            flags: if accepted { ACCEPTED } else { 0 },
        }
    }

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        let rows = proptest::collection::vec((1_u8..20, any::<bool>()), 1..16);
        rows.prop_map(|rows| rows.into_iter().map(|(key, accepted)| entry(key, accepted)).collect())
    }

    /// Places of the view that have a known row tonight, and the fresh rows: key, rejected.
    fn tonight() -> impl Strategy<Value = (Vec<bool>, Vec<(u8, bool)>)> {
        let fresh = proptest::collection::vec((0_u8..24, any::<bool>()), 0..8);
        (proptest::collection::vec(any::<bool>(), 16), fresh)
    }

    fn sights(view: &[Entry], known: &[bool], fresh: &[(u8, bool)]) -> Sights {
        let mut sights = Sights::default();
        let mut line = 2;
        for (place, entry) in view.iter().enumerate().filter(|(place, _)| known[*place]) {
            sights.push_known(line, Keys { number: Some(entry.key << 40), email: None }, place);
            line += 1;
        }
        for (key, rejected) in fresh {
            let number = (*key != 0).then(|| u64::from(*key) << 40);
            let row = Fresh { key: u64::from(*key), fingerprint: [0xFF; 16], rejected: *rejected };
            sights.push_fresh(line, Keys { number, email: None }, row);
            line += 1;
        }
        sights
    }

    /// What the design says of keys, row by row and slowly (G01, G09, G16).
    fn slow(reference: &[Entry], tonight: &HashSet<u64>, fresh: &[(u8, bool)]) -> (u64, u64, u64, u64) {
        let is_present: Vec<bool> = reference.iter().map(|entry| tonight.contains(&entry.key)).collect();
        let present = is_present.iter().filter(|present| **present).count() as u64;
        let last = is_present.iter().rposition(|present| *present).map_or(0, |at| at as u64 + 1);
        let runs = is_present.split(|present| *present).map(<[bool]>::len).max().unwrap_or_default() as u64;
        let was_accepted = |key: u8| reference.iter().any(|e| e.key == u64::from(key) && e.flags & ACCEPTED != 0);
        let refused =
            fresh.iter().filter(|(key, rejected)| *rejected && *key != 0 && was_accepted(*key)).count() as u64;
        (present, last, runs, refused)
    }

    proptest! {
        #[test]
        fn the_quick_comparison_says_what_the_slow_one_says(
            view in entries(), own in proptest::option::of(entries()), (known, fresh) in tonight()
        ) {
            let sights = sights(&view, &known, &fresh);
            let keys = view.iter().zip(&known).filter(|(_, known)| **known).map(|(entry, _)| entry.key);
            let keys: HashSet<u64> = keys.chain(fresh.iter().map(|(key, _)| u64::from(*key))).collect();
            let lists: (List, Option<List>) = (view.iter().copied().collect(), own.clone().map(List::from_iter));
            let found = sights.against(&lists.0, lists.1.as_ref()).unwrap();
            let quick = (found.present, found.until_last_present, found.longest_missing, found.newly_rejected);
            let reference = own.unwrap_or_else(|| view.clone());
            prop_assert_eq!(quick, slow(&reference, &keys, &fresh));
            let all: HashSet<u64> = reference.iter().map(|entry| entry.key).collect();
            let known_keys: Vec<u64> = view.iter().zip(&known).filter(|(_, k)| **k).map(|(e, _)| e.key).collect();
            let rows = known_keys.into_iter().chain(fresh.iter().map(|(key, _)| u64::from(*key)));
            prop_assert_eq!(found.unknown_rows, rows.filter(|key| !all.contains(key)).count() as u64);
        }

        #[test]
        fn claims_without_a_known_row_and_rows_with_a_fresh_ones_key(view in entries(), (known, fresh) in tonight()) {
            let sights = sights(&view, &known, &fresh);
            let claims = |is: bool| -> BTreeSet<i64> {
                view.iter().zip(&known).filter(|(_, known)| **known == is).map(|(entry, _)| entry.claim).collect()
            };
            let missing: BTreeSet<i64> = claims(false).difference(&claims(true)).copied().filter(|id| *id != 0).collect();
            prop_assert_eq!(sights.unmatched(&view.iter().copied().collect()), missing);
            let keys: HashSet<u64> = fresh.iter().map(|(key, _)| u64::from(*key)).collect();
            let known = view.iter().zip(&known).filter(|(_, known)| **known).map(|(entry, _)| entry.key);
            let lines = known.zip(2_u64..).filter(|(key, _)| keys.contains(key)).map(|(_, line)| line);
            prop_assert_eq!(sights.entangled(), lines.collect::<BTreeSet<u64>>());
        }
    }
}
