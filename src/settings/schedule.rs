//! When a source is due: a five-field cron line, read in the district's time zone.
//!
//! The `cron` crate computes the times on the clock on the wall. What it does not do for us is done
//! here: it counts weekdays from 1 = Sunday, ANDs the two kinds of day where POSIX ORs them, drops
//! times inside the spring gap and runs times inside the autumn overlap twice.

use std::str::FromStr;

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use cron::TimeUnitSpec;

/// A schedule that cannot be read, or never comes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    #[error("must have five fields (minute, hour, day of month, month, weekday), not {0}")]
    Fields(usize),
    #[error("limits both the day of the month and the weekday; cron programs disagree whether that means one or both")]
    BothDays,
    #[error("has an unreadable {field}: `{text}`")]
    Field { field: &'static str, text: String },
    #[error("never comes")]
    Never,
}

/// The fields of a line, in order: name, least, most.
const FIELDS: [&str; 5] = ["minute", "hour", "day of the month", "month", "weekday"];

/// Weekdays in POSIX order: 0 = Sunday. They are what the `cron` crate reads without ambiguity.
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Shorthands and what they stand for.
const SHORTHANDS: [(&str, &str); 6] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
];

/// A cron line in a time zone, such as `30 1 * * 1-5`: Monday to Friday at half past one.
///
/// A time of day that the clock skips in spring comes at the end of the gap; one that it shows twice in
/// autumn comes once, the first time. A line that names every hour is an interval ("every 15 minutes")
/// and comes whenever the clock shows a matching minute, also in both halves of the overlap.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    tz: Tz,
    wall: cron::Schedule,
    /// Every hour is named: an interval, not a time of day.
    interval: bool,
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.tz == other.tz
    }
}

impl std::fmt::Display for Schedule {
    /// The line as it was written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Schedule {
    /// Reads a POSIX line of five fields (`0` and `7` are Sunday; lists, ranges, steps and English
    /// names of months and weekdays) or a shorthand such as `@daily`.
    ///
    /// # Errors
    /// Another number of fields, both kinds of day limited, a field that cannot be read, or a date that
    /// does not exist in any year.
    pub fn parse(expr: &str, tz: Tz) -> Result<Self, ScheduleError> {
        let text = expr.trim();
        let line = SHORTHANDS.iter().find(|(short, _)| *short == text).map_or(text, |(_, line)| line);
        let wall = cron::Schedule::from_str(&six_fields(line)?).map_err(|_| culprit(line))?;
        let interval = wall.hours().count() == 24;
        let schedule = Self { text: text.to_owned(), tz, wall, interval };
        // From a fixed day, so that a line is good or bad whatever the date is.
        schedule.next(DateTime::UNIX_EPOCH).map(|_| schedule.clone()).ok_or(ScheduleError::Never)
    }

    /// The first time strictly after `after`; `None` only beyond the year 2100.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.interval { self.next_interval(after) } else { self.next_of_day(after) }
    }

    fn wall_after(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        // As if in UTC, where every time exists exactly once.
        self.wall.after(&wall.and_utc()).next().map(|time| time.naive_utc())
    }

    fn next_of_day(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // A day back: inside a gap or an overlap the clock on the wall is no guide.
        let mut wall = after.with_timezone(&self.tz).naive_local().checked_sub_signed(Duration::days(1))?;
        loop {
            wall = self.wall_after(wall)?;
            let at = self.first_showing(wall)?;
            if at > after {
                return Some(at);
            }
        }
    }

    /// When the clock first shows `wall`, or the end of the gap in which it would have.
    fn first_showing(&self, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
        let mut probe = wall;
        loop {
            match self.tz.from_local_datetime(&probe) {
                LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => return Some(time.to_utc()),
                LocalResult::None => probe = probe.checked_add_signed(Duration::minutes(1))?.with_second(0)?,
            }
        }
    }

    fn next_interval(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut from = after;
        loop {
            let offset = self.offset(from);
            let candidate = self.wall.after(&from.with_timezone(&offset)).next()?.to_utc();
            if self.offset(candidate) == offset {
                return Some(candidate);
            }
            // The clock is changed before the candidate: go on from the change, which may itself match.
            from = self.change_between(from, candidate)?;
            if self.wall.includes(from.with_timezone(&self.tz)) {
                return Some(from);
            }
        }
    }

    fn offset(&self, time: DateTime<Utc>) -> chrono::FixedOffset {
        self.tz.offset_from_utc_datetime(&time.naive_utc()).fix()
    }

    /// The second in which the offset changes, between two times with different offsets.
    fn change_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let before = self.offset(from);
        let (mut low, mut high) = (from.timestamp(), to.timestamp());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.offset(DateTime::from_timestamp(middle, 0)?) == before { low = middle } else { high = middle }
        }
        DateTime::from_timestamp(high, 0)
    }
}

/// A POSIX line as the six fields of the `cron` crate: seconds in front, weekdays by name.
fn six_fields(line: &str) -> Result<String, ScheduleError> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else { return Err(ScheduleError::Fields(fields.len())) };
    for (field, text) in FIELDS.into_iter().zip([minute, hour, day, month, weekday]) {
        if !well_formed(text, field) {
            return Err(ScheduleError::Field { field, text: text.to_owned() });
        }
    }
    if !open(day) && !open(weekday) {
        return Err(ScheduleError::BothDays);
    }
    let unread = || ScheduleError::Field { field: "weekday", text: weekday.to_owned() };
    let names = weekdays(weekday).ok_or_else(unread)?;
    Ok(format!("0 {minute} {hour} {day} {month} {names}"))
}

fn open(field: &str) -> bool {
    field == "*" || field == "?"
}

/// Lists of `*`, `5`, `5-9` or `MON-FRI`, each with `/step` if wanted. The `cron` crate needs no blank
/// between two fields, so that `1*` would be read as two of them and move all that follow.
fn well_formed(text: &str, field: &str) -> bool {
    let plain = |word: &str, kind: fn(&u8) -> bool| !word.is_empty() && word.bytes().all(|byte| kind(&byte));
    let point = |word: &str| plain(word, u8::is_ascii_digit) || plain(word, u8::is_ascii_alphabetic);
    let base = |word: &str| match word.split_once('-') {
        Some((first, last)) => point(first) && point(last),
        None => word == "*" || point(word),
    };
    let item = |item: &str| match item.split_once('/') {
        Some((word, step)) => base(word) && plain(step, u8::is_ascii_digit),
        None => base(item),
    };
    (text == "?" && field.contains("day")) || text.split(',').all(item)
}

/// The weekdays of a field, by name; `None` when it cannot be read.
fn weekdays(field: &str) -> Option<String> {
    if open(field) {
        return Some("*".to_owned());
    }
    let mut chosen = [false; 7];
    for item in field.split(',') {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let step: usize = step.parse().ok().filter(|step| (1..=7).contains(step))?;
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (0, 6),
            Some((first, last)) => (weekday(first)?, weekday(last)?),
            None if item.contains('/') => return None,
            None => (weekday(range)?, weekday(range)?),
        };
        // `5-7` and `FRI-MON` run over the end of the week.
        let last = if last < first { last + 7 } else { last };
        for day in (first..=last).step_by(step) {
            *chosen.get_mut(day % 7)? = true;
        }
    }
    let names: Vec<&str> =
        WEEKDAYS.into_iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(name, _)| name).collect();
    Some(names.join(","))
}

/// `0` to `7`, or the first three letters or all of the English name.
fn weekday(word: &str) -> Option<usize> {
    if let Ok(number) = word.parse::<usize>() {
        return (number <= 7).then_some(number);
    }
    let upper = word.to_ascii_uppercase();
    let full = ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"];
    WEEKDAYS.iter().zip(full).position(|(short, full)| upper == *short || upper == full)
}

/// The first field that the `cron` crate does not read.
fn culprit(line: &str) -> ScheduleError {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let alone = |at: usize, text: &str| {
        let mut fields = ["0", "*", "*", "*", "*", "*"];
        if let Some(field) = fields.get_mut(at + 1) {
            *field = text;
        }
        cron::Schedule::from_str(&fields.join(" ")).is_err()
    };
    let bad = FIELDS.into_iter().zip(&fields).take(4).enumerate().find(|(at, (_, text))| alone(*at, text));
    match bad {
        Some((_, (field, text))) => ScheduleError::Field { field, text: (*text).to_owned() },
        None => ScheduleError::Field { field: "field", text: line.to_owned() },
    }
}
