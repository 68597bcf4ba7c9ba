//! Text of cells as it is compared and stored: trimmed, blanks collapsed, NFC.

use std::borrow::Cow;

use rosterd_contract::finding::is_invisible;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The text of a cell: bytes that do not decode replaced, an `="…"` shell taken off, trimmed, runs
/// of blanks collapsed, NFC. `None` when nothing is left.
pub fn tidy(cell: &[u8]) -> Option<Cow<'_, str>> {
    if let Ok(text) = std::str::from_utf8(cell) {
        return tidy_str(text);
    }
    tidy_str(&String::from_utf8_lossy(cell)).map(|text| Cow::Owned(text.into_owned()))
}

fn tidy_str(text: &str) -> Option<Cow<'_, str>> {
    let text = without_shell(trimmed(text));
    if text.is_empty() {
        return None;
    }
    if is_tidy_ascii(text.as_bytes()) || (is_nfc(text) && !has_odd_blanks(text)) {
        return Some(Cow::Borrowed(text));
    }
    let joined = text.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    (!joined.is_empty()).then_some(Cow::Owned(joined))
}

/// `="0012"`: a formula by which some exports keep the zeros of a number.
fn without_shell(text: &str) -> &str {
    let inner = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).map_or(text, trimmed)
}

/// Without blanks and characters of no width at both ends: what hangs on to a value that was copied
/// from a page. Marks that turn the direction of text stay, for [`forbidden`] to find.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '\u{AD}' | '\u{180E}' | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}')
    })
}

/// Printable ASCII without two blanks in a row.
fn is_tidy_ascii(text: &[u8]) -> bool {
    let mut blank = false;
    text.iter().all(|byte| {
        let again = blank && *byte == b' ';
        blank = *byte == b' ';
        (b' '..=b'~').contains(byte) && !again
    })
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

/// A control, bidirectional or invisible character, or one that breaks a line; what is trimmed at
/// the ends aside (A16).
pub fn forbidden(text: &str) -> Option<char> {
    trimmed(text).chars().find(|c| is_forbidden(*c))
}

fn is_forbidden(c: char) -> bool {
    // U+200C and U+200D join and part letters: some scripts cannot spell a name without them.
    let is_joiner = matches!(c, '\u{200C}' | '\u{200D}');
    c.is_control() || (is_invisible(c) && !is_joiner) || matches!(c, '\u{2028}' | '\u{2029}')
}

/// May `text` hold a forbidden character? Looks at bytes only: ASCII controls, and the first bytes
/// of the characters that [`forbidden`] names.
pub fn may_be_forbidden(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, 0..=0x1F | 0x7F | 0xC2 | 0xD8 | 0xE1 | 0xE2 | 0xEF))
}

/// A 64-bit hash that is the same on every machine and in every version; never 0.
pub fn stable_hash(kind: u64, text: &[u8]) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = kind ^ ODD;
    let (eights, rest) = text.as_chunks::<8>();
    for eight in eights {
        state = fold(state ^ u64::from_le_bytes(*eight));
    }
    let mut last = [0; 8];
    for (into, byte) in last.iter_mut().zip(rest) {
        *into = *byte;
    }
    state = fold(state ^ u64::from_le_bytes(last));
    fold(state ^ text.len() as u64).max(1)
}

/// Multiplies into 128 bits and folds the halves together.
fn fold(value: u64) -> u64 {
    let product = u128::from(value ^ 0x2D35_8DCC_AA6C_78A5).wrapping_mul(0x8BB8_4B93_962E_ACC9);
    let high = u64::try_from(product >> 64).unwrap_or_default();
    let low = u64::try_from(product & u128::from(u64::MAX)).unwrap_or_default();
    high ^ low
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blanks_shells_and_accents_are_tidied() {
        for (cell, text) in [
            (" Ann ", Some("Ann")),
            ("Ann  Marie", Some("Ann Marie")),
            ("Ann\u{a0}Marie\u{2003}", Some("Ann Marie")),
            ("=\"0012\"", Some("0012")),
            ("=\"a\"&\"b\"", Some("=\"a\"&\"b\"")),
            ("Zoe\u{308}", Some("Zo\u{eb}")),
            ("\u{200b}\u{a0}Ann\u{feff} ", Some("Ann")),
            ("\u{200b}\u{2060}", None),
            ("   ", None),
            ("=\"\"", None),
            ("", None),
        ] {
            assert_eq!(tidy(cell.as_bytes()).as_deref(), text, "{cell:?}");
        }
        assert_eq!(tidy(b"Zo\xEB").as_deref(), Some("Zo\u{fffd}"));
    }

    proptest! {
        #[test]
        fn tidy_text_stays_as_it_is(text in "\\PC*") {
            if let Some(once) = tidy(text.as_bytes()) {
                prop_assume!(!once.starts_with("=\""));
                let again = tidy(once.as_bytes());
                prop_assert_eq!(again.as_deref(), Some(&*once));
            }
        }

        #[test]
        fn the_look_at_bytes_misses_nothing(c in any::<char>()) {
            let text = format!("a{c}b");
            if forbidden(&text).is_some() {
                prop_assert!(may_be_forbidden(text.as_bytes()), "{:?}", c);
            }
        }
    }

    #[test]
    fn the_look_at_bytes_misses_no_character_at_all() {
        for c in '\0'..=char::MAX {
            let mut buffer = [0; 4];
            assert!(!is_forbidden(c) || may_be_forbidden(c.encode_utf8(&mut buffer).as_bytes()), "{c:?}");
        }
    }

    #[test]
    fn hashes_are_the_same_for_ever() {
        assert_eq!(stable_hash(1, b""), stable_hash(1, b""));
        let all = [&b""[..], b"0", b"00", b"0012", b"12", b"00000000", b"000000000"];
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                assert_ne!(stable_hash(1, one), stable_hash(1, other));
            }
            assert_ne!(stable_hash(1, one), stable_hash(2, one));
        }
    }
}
