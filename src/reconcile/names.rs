//! Names as witnesses: folded and compared, never used as keys (design section 1).

use std::hash::{Hash, Hasher};

use unicode_normalization::UnicodeNormalization;

/// How two people's names agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameMatch {
    /// Family equal, and given equal, or its first word, or the preferred one.
    Same,
    /// One of given and family equal, or both exchanged.
    Near,
    Other,
}

/// Given, family and preferred name as delivered or stored.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    pub given: &'a str,
    pub family: &'a str,
    pub preferred: &'a str,
}

/// Drops case, accents, blanks, all punctuation, and Jr, Sr, II to IV.
pub fn fold(name: &str) -> String {
    name.split(|c: char| c.is_whitespace() || c == ',')
        .map(fold_word)
        .filter(|word| !matches!(word.as_str(), "jr" | "sr" | "ii" | "iii" | "iv"))
        .collect()
}

fn fold_word(word: &str) -> String {
    word.nfkd().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).map(unstroke).collect()
}

/// Letters whose stroke or tail does not decompose.
const fn unstroke(c: char) -> char {
    match c {
        'ł' => 'l',
        'ø' => 'o',
        'đ' | 'ð' => 'd',
        'ı' => 'i',
        other => other,
    }
}

fn first_word(name: &str) -> String {
    name.split_whitespace().next().map(fold_word).unwrap_or_default()
}

/// Which parts of two names agree, folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    pub given: bool,
    pub family: bool,
    /// Given is the other's family and the other way round.
    pub exchanged: bool,
    /// Both parts, by the whole given name.
    pub whole: bool,
    pub name: NameMatch,
}

/// Compares two names. Two empty parts do not agree.
pub fn compare(a: Names<'_>, b: Names<'_>) -> Agreement {
    let (given_a, given_b) = (fold(a.given), fold(b.given));
    let (family_a, family_b) = (fold(a.family), fold(b.family));
    let both = |x: &str, y: &str| !x.is_empty() && x == y;
    let whole_given = both(&given_a, &given_b);
    let given = whole_given
        || both(&first_word(a.given), &first_word(b.given))
        || both(&fold(a.preferred), &given_b)
        || both(&given_a, &fold(b.preferred))
        || both(&fold(a.preferred), &fold(b.preferred));
    let family = both(&family_a, &family_b);
    let exchanged = both(&given_a, &family_b) && both(&family_a, &given_b);
    // A person who has one name only has it in either column.
    let single = |g: &str, f: &str| if g.is_empty() { f.to_owned() } else { g.to_owned() };
    let one_name = (given_a.is_empty() || family_a.is_empty())
        && (given_b.is_empty() || family_b.is_empty())
        && both(&single(&given_a, &family_a), &single(&given_b, &family_b));
    let name = if (given && family) || one_name {
        NameMatch::Same
    } else if given || family || exchanged {
        NameMatch::Near
    } else {
        NameMatch::Other
    };
    Agreement { given, family, exchanged, whole: (whole_given && family) || one_name, name }
}

/// Has a name become another one? False when the new one equals, contains or is contained in the
/// old one (G07): a middle name added or a double name shortened is not another person.
pub fn discontinuous(old: &str, new: &str) -> bool {
    let (old, new) = (fold(old), fold(new));
    !(old.is_empty() || new.is_empty() || old.contains(&new) || new.contains(&old))
}

/// A number by which people of the same name are looked up; agreement is checked afterwards.
pub fn name_key(given: &str, family: &str) -> i64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    fold(family).hash(&mut hasher);
    first_word(given).hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// FNV-1a: stable across versions and machines, which the standard hasher does not promise.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// A number without leading zeros, blanks and punctuation: what a spreadsheet leaves of it (K13).
pub fn loose_number(number: &str) -> String {
    let kept: String = number.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let bare = kept.trim_start_matches('0');
    if bare.is_empty() && !kept.is_empty() { "0".to_owned() } else { bare.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<'a>(given: &'a str, family: &'a str) -> Names<'a> {
        Names { given, family, preferred: "" }
    }

    #[test]
    fn names_agree_through_case_accents_punctuation_and_suffixes() {
        for (a, b, expected) in [
            (("José", "O'Neill, Jr."), ("JOSE", "ONeill"), NameMatch::Same),
            (("Anna Maria", "Berg-Nilsen"), ("Anna", "Berg Nilsen"), NameMatch::Same),
            (("Anna", "Berg"), ("Anna", "Holm"), NameMatch::Near),
            (("Anna", "Berg"), ("Ola", "Berg"), NameMatch::Near),
            (("Anna", "Berg"), ("Berg", "Anna"), NameMatch::Near),
            (("Anna", "Berg"), ("Ola", "Holm"), NameMatch::Other),
            (("", "Cher"), ("Cher", ""), NameMatch::Same),
            (("Søren", "Łukasz"), ("Soren", "Lukasz"), NameMatch::Same),
            (("", ""), ("", ""), NameMatch::Other),
        ] {
            assert_eq!(compare(names(a.0, a.1), names(b.0, b.1)).name, expected, "{a:?} {b:?}");
        }
        let preferred = Names { given: "Robert", family: "Hill", preferred: "Bob" };
        assert_eq!(compare(preferred, names("Bob", "Hill")).name, NameMatch::Same);
    }

    #[test]
    fn a_longer_name_is_no_discontinuity() {
        assert!(!discontinuous("Anna", "Anna Maria"));
        assert!(!discontinuous("Berg-Nilsen", "Berg"));
        assert!(discontinuous("Berg", "Holm"));
        assert!(!discontinuous("", "Holm"));
    }

    #[test]
    fn loose_numbers_lose_zeros_blanks_and_punctuation() {
        for (number, loose) in [("000123", "123"), ("12-3", "123"), ("0000", "0"), (" A0 1", "a01"), ("", "")] {
            assert_eq!(loose_number(number), loose);
        }
    }

    #[test]
    fn name_keys_are_stable() {
        assert_eq!(name_key("José Luis", "O'Neill"), name_key("jose", "ONEILL"));
        assert_ne!(name_key("Ann", "Berg"), name_key("Berg", "Ann"));
    }
}
