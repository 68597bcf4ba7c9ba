//! Lengths of time with their unit: `60s`, `5m`, `12h`, `7d`.

use std::time::Duration;

/// A length of time that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a length of time is a whole number and a unit, such as `60s`, `5m`, `12h` or `7d`")]
pub struct DurationError;

/// Units by their letter, in seconds; the largest first.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Ten years: more is a slip of the finger, and adding it to a date stays far from any overflow.
const LONGEST: u64 = 3_660 * 86_400;

/// Reads `60s`, `5m`, `12h`, `7d` or `0s`: a whole number and one unit, up to ten years.
///
/// # Errors
/// When there is no unit, an unknown one, no number, or a number out of range.
pub fn duration(text: &str) -> Result<Duration, DurationError> {
    let (unit, seconds) = UNITS.into_iter().find(|(unit, _)| text.ends_with(*unit)).ok_or(DurationError)?;
    let number = text.strip_suffix(unit).unwrap_or_default();
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DurationError);
    }
    let total = number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)).ok_or(DurationError)?;
    if total > LONGEST { Err(DurationError) } else { Ok(Duration::from_secs(total)) }
}

/// The shortest text that [`duration`] reads as this length (whole seconds).
pub(super) fn in_words(length: Duration) -> String {
    let seconds = length.as_secs();
    UNITS
        .into_iter()
        .find(|(_, unit)| seconds > 0 && seconds.is_multiple_of(*unit))
        .map_or_else(|| format!("{seconds}s"), |(letter, unit)| format!("{}{letter}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit() {
        for (text, seconds) in
            [("0s", 0), ("60s", 60), ("5m", 300), ("12h", 43_200), ("7d", 604_800), ("45d", 3_888_000), ("007s", 7)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "s", "60", "60 s", " 60s", "-5m", "+5m", "1.5h", "1h30m", "5M", "5w", "٣s", "99999999999d"] {
            assert_eq!(duration(text), Err(DurationError), "{text}");
        }
        assert_eq!(duration("18446744073709551615d"), Err(DurationError), "no overflow");
        assert!(duration("3660d").is_ok() && duration("3661d").is_err(), "ten years at most");
    }

    #[test]
    fn written_as_short_as_it_goes() {
        for text in ["0s", "90s", "5m", "36h", "7d"] {
            assert_eq!(duration(text).map(in_words).as_deref(), Ok(text));
        }
    }
}
