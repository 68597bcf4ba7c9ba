//! A15: what spreadsheets leave behind where a value stood.

/// What a spreadsheet seems to have done to a value; `None`: nothing.
pub(super) fn spreadsheet_damage(text: &str) -> Option<&'static str> {
    if text.contains('\u{FFFD}') {
        return Some("letters were replaced by U+FFFD");
    }
    if text.starts_with('#') && is_error_value(text) {
        return Some("an error value stands in its place");
    }
    if is_scientific(text) {
        return Some("it is written as a power of ten, the last digits are lost");
    }
    is_decimal(text).then_some("it became a decimal number")
}

/// `#N/A`, `#REF!`, `#NAME?`, and `####` of a column that is too narrow.
fn is_error_value(text: &str) -> bool {
    let rest = text.trim_start_matches('#');
    let word = rest.strip_suffix(['!', '?']);
    (rest.is_empty() && text.len() > 1)
        || matches!(rest, "N/A" | "NV")
        || word
            .is_some_and(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b"/0_".contains(&b)))
}

/// `1.00E+07`, `4,8E+11`, `1E+07`. Without a decimal point and a plus (`12E5`, `12E-345`) it may
/// be a number of somebody's own making.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let mantissa = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let is_fraction = mantissa.split_once(['.', ',']).is_some_and(|(whole, part)| is_digits(whole) && is_digits(part));
    let power = exponent.strip_prefix(['+', '-']);
    let is_large = exponent.strip_prefix('+').is_some_and(is_digits);
    (is_fraction && is_digits(power.unwrap_or(exponent))) || (is_digits(mantissa) && is_large)
}

/// `1000007.0`: a number that went through a program which thought that it was an amount.
fn is_decimal(text: &str) -> bool {
    text.split_once('.').is_some_and(|(whole, part)| {
        is_digits(whole) && (1..=2).contains(&part.len()) && part.bytes().all(|b| b == b'0')
    })
}

/// A date, where none can be: `3-Apr`, `Apr-03`, `4/3/2026`, `2026-04-03`.
pub(super) fn is_date(text: &str) -> bool {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let is_month = |part: &&str| MONTHS.contains(&part.to_ascii_lowercase().as_str());
    let numbers = parts.iter().filter(|part| is_digits(part)).count();
    match parts.len() {
        2 => numbers == 1 && parts.iter().any(is_month),
        3 => numbers == 3 || (numbers == 2 && parts.iter().any(is_month)),
        _ => false,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_leave_behind() {
        for damaged in [
            "1.00E+07",
            "1E+07",
            "1.23457E+11",
            "4,81E+05",
            "1.5e-3",
            "1.0E7",
            "#N/A",
            "#REF!",
            "#VALUE!",
            "#NAME?",
            "#DIV/0!",
            "#NUM!",
            "#NULL!",
            "#SPILL!",
            "####",
            "Jos\u{fffd}",
            "1000007.0",
            "12.00",
        ] {
            assert!(spreadsheet_damage(damaged).is_some(), "{damaged}");
        }
        for sound in [
            "0048812", "12E5", "E12", "1E", "A1E+07", "#12", "#", "Null", "Na", "True", "NaN", "E+07", "1.5", "3.14",
            "1.2.3", "2026-04", "#hash", "E", "", "1e5", "12E-345",
        ] {
            assert_eq!(spreadsheet_damage(sound), None, "{sound}");
        }
    }

    #[test]
    fn dates_in_place_of_grades() {
        for date in ["3-Apr", "Apr-03", "4/3/2026", "2026-04-03", "3.4.26", "3-Apr-26"] {
            assert!(is_date(date), "{date}");
        }
        for other in ["03", "7-8", "K", "Grade 3", "a-b-c", "3.5"] {
            assert!(!is_date(other), "{other}");
        }
    }
}
