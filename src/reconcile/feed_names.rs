//! From a file's name to its feed (D15), and to the date it states (D05).

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// The logical name of a file: extension, calendar dates, copy counters, `final`, `new`, `vN` and
/// hash-like endings dropped, case ignored. A bare number is part of the name.
pub fn logical_name(file: &str) -> String {
    let stem = strip_extension(file).to_lowercase();
    let (rest, _) = take_date(&stem);
    let mut name = tidy(&rest);
    loop {
        let shorter = drop_one(&name);
        if shorter == name || shorter.is_empty() {
            return if name.is_empty() { stem } else { name };
        }
        name = shorter;
    }
}

fn strip_extension(file: &str) -> &str {
    match file.rsplit_once('.') {
        Some((stem, ext)) if !stem.is_empty() && ext.len() <= 5 && ext.chars().all(char::is_alphanumeric) => stem,
        _ => file,
    }
}

const fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '_' | '-' | '.')
}

fn tidy(name: &str) -> String {
    name.trim_matches(is_separator).to_owned()
}

/// Drops one trailing ` (n)`, `copy`, `final`, `new`, `vN`, hex part or UUID.
fn drop_one(name: &str) -> String {
    if let Some(open) = name.strip_suffix(')').and_then(|inner| inner.rfind('(').map(|at| (at, inner))) {
        let (at, inner) = open;
        if inner.get(at + 1..).is_some_and(|count| !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit())) {
            return tidy(name.get(..at).unwrap_or_default());
        }
    }
    if let Some(rest) = strip_uuid(name) {
        return tidy(rest);
    }
    if let Some((first, rest)) = name.split_once(is_separator)
        && matches!(first, "copy" | "final" | "new")
        && !tidy(rest).is_empty()
    {
        return tidy(rest.strip_prefix("of ").unwrap_or(rest));
    }
    let Some((head, last)) = name.rsplit_once(is_separator) else { return name.to_owned() };
    if last.bytes().all(|b| b.is_ascii_digit())
        && let Some((before, "copy")) = head.rsplit_once(is_separator)
    {
        return tidy(before);
    }
    let version = last.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let word = matches!(last, "copy" | "final" | "new");
    let hex = last.len() >= 6
        && last.bytes().all(|b| b.is_ascii_hexdigit())
        && last.bytes().any(|b| b.is_ascii_digit())
        && last.bytes().any(|b| b.is_ascii_alphabetic());
    // `students - Copy (2)`: the counter went first, now the word.
    if word || version || hex { tidy(head) } else { name.to_owned() }
}

fn strip_uuid(name: &str) -> Option<&str> {
    let at = name.len().checked_sub(36)?;
    let tail = name.get(at..)?;
    let is_uuid = tail.len() == 36 && uuid::Uuid::try_parse(tail).is_ok();
    let head = name.get(..at)?;
    (is_uuid && head.ends_with(is_separator)).then_some(head)
}

/// The date or date-time a file name states, in the district's zone.
pub fn stated_date(file: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let (_, date) = take_date(&strip_extension(file).to_lowercase());
    let local = date?;
    zone.from_local_datetime(&local).earliest().map(|at| at.to_utc())
}

/// Takes the last calendar date (and a time after it) out of a name.
fn take_date(name: &str) -> (String, Option<NaiveDateTime>) {
    let bytes = name.as_bytes();
    for start in (0..bytes.len()).rev() {
        let boundary = start == 0 || !bytes.get(start - 1).is_some_and(u8::is_ascii_digit);
        if !boundary || !name.is_char_boundary(start) {
            continue;
        }
        let Some(rest) = name.get(start..) else { continue };
        if let Some((date, mut length)) = date_at(rest) {
            let time = rest.get(length..).and_then(time_at);
            let at = match time {
                Some((time, more)) => {
                    length += more;
                    date.and_time(time)
                }
                None => date.and_time(NaiveTime::MIN),
            };
            let head = name.get(..start).unwrap_or_default();
            let tail = rest.get(length..).unwrap_or_default();
            let joined = match (head.trim_end_matches(is_separator), tail.trim_start_matches(is_separator)) {
                (head, "") => head.to_owned(),
                ("", tail) => tail.to_owned(),
                (head, tail) => format!("{head}_{tail}"),
            };
            return (joined, Some(at));
        }
    }
    (name.to_owned(), None)
}

/// `2026-11-25`, `2026_11_25`, `20261125`, `11-25-2026`, `11.25.2026` (a day above twelve decides;
/// else month first, as the districts write it).
fn date_at(text: &str) -> Option<(NaiveDate, usize)> {
    let digits = |from: usize, to: usize| -> Option<u32> {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
    };
    let separated = |at: usize| text.as_bytes().get(at).is_some_and(|b| matches!(b, b'-' | b'_' | b'.' | b' '));
    let ends = |at: usize| !text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let plausible = |year: u32| (2000..2100).contains(&year);
    let make = |year: u32, month: u32, day: u32| NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day);
    if let (Some(year), true, Some(month), true, Some(day), true) =
        (digits(0, 4), separated(4), digits(5, 7), separated(7), digits(8, 10), ends(10))
        && plausible(year)
    {
        return make(year, month, day).map(|date| (date, 10));
    }
    if let (Some(a), true, Some(b), true, Some(year), true) =
        (digits(0, 2), separated(2), digits(3, 5), separated(5), digits(6, 10), ends(10))
        && plausible(year)
    {
        let (month, day) = if a > 12 { (b, a) } else { (a, b) };
        return make(year, month, day).map(|date| (date, 10));
    }
    let (year, month, day) = (digits(0, 4)?, digits(4, 6)?, digits(6, 8)?);
    // Eight digits are a date; fourteen and twelve are a date with a time behind it.
    let run = text.bytes().take_while(u8::is_ascii_digit).count();
    (plausible(year) && matches!(run, 8 | 12 | 14)).then(|| make(year, month, day)).flatten().map(|date| (date, 8))
}

/// `_0230`, `T02:30:00`, `-023000`, `023000` right after a date.
fn time_at(text: &str) -> Option<(NaiveTime, usize)> {
    let lead = text.len() - text.trim_start_matches(['t', '_', '-', ' ', '.']).len();
    if lead > 1 {
        return None;
    }
    let body = text.get(lead..)?;
    let compact: String = body.chars().take_while(|c| c.is_ascii_digit() || matches!(c, ':' | '-' | '.')).collect();
    let compact = compact.trim_end_matches(['-', '.', ':']);
    let digits: String = compact.chars().filter(char::is_ascii_digit).collect();
    let grouped = compact.len() != digits.len();
    let valid_groups = !grouped || compact.split([':', '-', '.']).all(|part| part.len() == 2);
    if !valid_groups || !matches!(digits.len(), 4 | 6) {
        return None;
    }
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse().ok());
    let seconds = if digits.len() == 6 { number(4, 6)? } else { 0 };
    let zulu = usize::from(body.get(compact.len()..).is_some_and(|rest| rest.starts_with('z')));
    NaiveTime::from_hms_opt(number(0, 2)?, number(2, 4)?, seconds).map(|time| (time, lead + compact.len() + zulu))
}

/// Does a file name match a pattern of `*` and `?`, case ignored?
pub fn matches_pattern(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || name.get(n) == Some(c) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    n = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d15_what_is_dropped_from_a_name() {
        for (file, name) in [
            ("students.csv", "students"),
            ("Students.CSV", "students"),
            ("students_2026-11-25.csv", "students"),
            ("students-20261125.csv", "students"),
            ("students_20261125_0230.csv", "students"),
            ("students_20261125023000.csv", "students"),
            ("2026-11-25 students.csv", "students"),
            ("students (2).csv", "students"),
            ("students - Copy.csv", "students"),
            ("students - Copy (3).csv", "students"),
            ("students_final.csv", "students"),
            ("students_final_v2.csv", "students"),
            ("students new.csv", "students"),
            ("students_3f9a1c.csv", "students"),
            ("students_0199f3a2-7d55-7abc-8def-0123456789ab.csv", "students"),
            ("students_101.csv", "students_101"),
            ("students_102.csv", "students_102"),
            ("students_123456.csv", "students_123456"),
            ("students_facade.csv", "students_facade"),
            ("11-25-2026.csv", "11-25-2026"),
            ("new.csv", "new"),
            ("final_students.csv", "students"),
            ("students copy 2.csv", "students"),
            ("copy of students.csv", "students"),
        ] {
            assert_eq!(logical_name(file), name, "{file}");
        }
    }

    #[test]
    fn d05_the_date_a_name_states() {
        let zone = chrono_tz::America::Chicago;
        let stated = |file: &str| stated_date(file, zone).map(|at| at.to_rfc3339());
        assert_eq!(stated("students_2026-11-25.csv").as_deref(), Some("2026-11-25T06:00:00+00:00"));
        assert_eq!(stated("students_20261125_0230.csv").as_deref(), Some("2026-11-25T08:30:00+00:00"));
        assert_eq!(stated("11-25-2026 students.csv").as_deref(), Some("2026-11-25T06:00:00+00:00"));
        assert_eq!(stated("students_20261399.csv"), None);
        assert_eq!(stated("students.csv"), None);
    }

    #[test]
    fn patterns_ignore_case() {
        assert!(matches_pattern("students*.csv", "Students_2026.CSV"));
        assert!(matches_pattern("a?c.csv", "abc.csv"));
        assert!(!matches_pattern("students*.csv", "adults.csv"));
        assert!(matches_pattern("*", "anything"));
    }
}
