//! Cron lines: POSIX weekdays, and nights on which the clock is changed. New York 2026: the gap is
//! 8 March 02:00 to 03:00, the overlap 1 November 01:00 to 02:00.

use std::str::FromStr;

use chrono::{DateTime, Datelike, Utc, Weekday};
use chrono_tz::{America::New_York, Australia::Lord_Howe, Tz};

use crate::settings::{Schedule, ScheduleError};

fn utc(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

/// The next times after `after`, on the wall.
fn times(line: &str, tz: Tz, after: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(line, tz).unwrap();
    let mut now = utc(after);
    (0..count)
        .map(|_| {
            now = schedule.next(now).unwrap();
            now.with_timezone(&tz).format("%a %m-%d %H:%M %Z").to_string()
        })
        .collect()
}

#[test]
fn what_the_cron_crate_does_alone() {
    let daily = cron::Schedule::from_str("0 30 2 * * *").unwrap();
    let next = daily.after(&utc("2026-03-08T00:00:00Z").with_timezone(&New_York)).next().unwrap();
    assert_eq!(next.to_string(), "2026-03-09 02:30:00 EDT", "the night of the gap is dropped");
    let quarters = cron::Schedule::from_str("0 */15 * * * *").unwrap();
    let after = utc("2026-11-01T06:05:00Z");
    let next = quarters.after(&after.with_timezone(&New_York)).next().unwrap();
    assert!(next < after, "in the second hour it answers with the past");
    let weekdays = cron::Schedule::from_str("0 0 6 * * 1-5").unwrap();
    let next = weekdays.after(&utc("2026-11-07T12:00:00Z")).next().unwrap();
    assert_eq!(next.weekday(), Weekday::Sun, "weekdays count from 1 = Sunday");
}

#[test]
fn an_ordinary_night() {
    assert_eq!(
        times("30 1 * * *", New_York, "2026-01-10T12:00:00Z", 2),
        ["Sun 01-11 01:30 EST", "Mon 01-12 01:30 EST"]
    );
    let schedule = Schedule::parse("30 1 * * *", New_York).unwrap();
    let due = utc("2026-01-11T06:30:00Z");
    assert_eq!(schedule.next(due), Some(utc("2026-01-12T06:30:00Z")), "strictly after");
    assert_eq!(schedule.next(due - chrono::Duration::milliseconds(1)), Some(due));
}

#[test]
fn weekdays_are_those_of_posix() {
    let days = |field: &str| {
        let week = times(&format!("0 6 * * {field}"), Tz::UTC, "2026-11-07T12:00:00Z", 7);
        let mut days: Vec<String> = Vec::new();
        for day in week.iter().filter_map(|time| time.get(..3)) {
            if days.iter().any(|known| known == day) {
                break;
            }
            days.push(day.to_owned());
        }
        days.join(" ")
    };
    for (field, expected) in [
        ("0", "Sun"),
        ("7", "Sun"),
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("mon-fri", "Mon Tue Wed Thu Fri"),
        ("Monday,Wed", "Mon Wed"),
        ("5-7", "Sun Fri Sat"),
        ("FRI-MON", "Sun Mon Fri Sat"),
        ("6-1", "Sun Mon Sat"),
        ("0-7", "Sun Mon Tue Wed Thu Fri Sat"),
        ("*", "Sun Mon Tue Wed Thu Fri Sat"),
        ("*/2", "Sun Tue Thu Sat"),
        ("1-5/2", "Mon Wed Fri"),
        ("5-2/2", "Sun Tue Fri"),
        ("0,3,7", "Sun Wed"),
    ] {
        assert_eq!(days(field), expected, "{field}");
    }
}

#[test]
fn a_time_in_the_gap_comes_at_its_end() {
    assert_eq!(
        times("30 2 * * *", New_York, "2026-03-07T12:00:00Z", 2),
        ["Sun 03-08 03:00 EDT", "Mon 03-09 02:30 EDT"]
    );
    assert_eq!(
        times("0,30 2 * * *", New_York, "2026-03-08T05:00:00Z", 2),
        ["Sun 03-08 03:00 EDT", "Mon 03-09 02:00 EDT"],
        "once, however many fell into it"
    );
    assert_eq!(
        times("15 2,3 * * *", New_York, "2026-03-08T05:00:00Z", 3),
        ["Sun 03-08 03:00 EDT", "Sun 03-08 03:15 EDT", "Mon 03-09 02:15 EDT"]
    );
    assert_eq!(
        times("15 2 * * *", Lord_Howe, "2026-10-03T12:00:00Z", 1),
        ["Sun 10-04 02:30 +11"],
        "half an hour's gap"
    );
}

#[test]
fn a_time_in_the_overlap_comes_once() {
    assert_eq!(
        times("30 1 * * *", New_York, "2026-10-31T12:00:00Z", 2),
        ["Sun 11-01 01:30 EDT", "Mon 11-02 01:30 EST"]
    );
    let schedule = Schedule::parse("30 1 * * *", New_York).unwrap();
    let next = schedule.next(utc("2026-11-01T06:05:00Z"));
    assert_eq!(next, Some(utc("2026-11-02T06:30:00Z")), "asked in the second hour");
    assert_eq!(
        times("*/30 1-2 * * *", New_York, "2026-11-01T04:00:00Z", 4),
        ["Sun 11-01 01:00 EDT", "Sun 11-01 01:30 EDT", "Sun 11-01 02:00 EST", "Sun 11-01 02:30 EST"]
    );
}

#[test]
fn an_interval_follows_the_clock_on_the_wall() {
    assert_eq!(
        times("*/30 * * * *", New_York, "2026-11-01T05:10:00Z", 4),
        ["Sun 11-01 01:30 EDT", "Sun 11-01 01:00 EST", "Sun 11-01 01:30 EST", "Sun 11-01 02:00 EST"]
    );
    assert_eq!(
        times("*/30 * * * *", New_York, "2026-03-08T06:10:00Z", 3),
        ["Sun 03-08 01:30 EST", "Sun 03-08 03:00 EDT", "Sun 03-08 03:30 EDT"]
    );
    assert_eq!(
        times("20 * * * *", New_York, "2026-03-08T06:30:00Z", 2),
        ["Sun 03-08 03:20 EDT", "Sun 03-08 04:20 EDT"]
    );
    assert_eq!(
        times("*/20 * * * *", Lord_Howe, "2026-10-03T15:25:00Z", 2),
        ["Sun 10-04 02:40 +11", "Sun 10-04 03:00 +11"]
    );
}

#[test]
fn time_only_goes_forward() {
    for line in ["*/15 * * * *", "0 * * * *", "30 1 * * *", "0,30 1-3 * * *", "15 2 * * 0", "* * * * *", "0 * 1 1 *"] {
        let schedule = Schedule::parse(line, New_York).unwrap();
        for night in ["2026-03-08T04:00:00Z", "2026-11-01T03:00:00Z"] {
            for minute in 0..360 {
                let now = utc(night) + chrono::Duration::seconds(minute * 60 + 7);
                let next = schedule.next(now).unwrap();
                assert!(next > now, "{line}: {next} after {now}");
                // Whoever asks any time before gets the same answer: nothing is skipped.
                let between = now + (next - now) / 2;
                assert_eq!(schedule.next(between), Some(next), "{line} at {between}");
            }
        }
    }
}

#[test]
fn dates_and_names_and_shorthands() {
    assert_eq!(times("0 6 29 2 *", Tz::UTC, "2026-01-01T00:00:00Z", 1), ["Tue 02-29 06:00 UTC"]);
    assert_eq!(times("0 6 ? aug-sep 1", Tz::UTC, "2026-01-01T00:00:00Z", 1), ["Mon 08-03 06:00 UTC"]);
    assert_eq!(times("@daily", New_York, "2026-01-01T12:00:00Z", 1), ["Fri 01-02 00:00 EST"]);
    assert_eq!(times(" @weekly ", New_York, "2026-01-01T12:00:00Z", 1), ["Sun 01-04 00:00 EST"]);
    let schedule = Schedule::parse("  0 6 * * *", New_York).unwrap();
    assert_eq!(schedule.to_string(), "0 6 * * *");
    assert_eq!(schedule, Schedule::parse("0 6 * * *", New_York).unwrap());
    assert_ne!(schedule, Schedule::parse("0 6 * * *", Tz::UTC).unwrap());
    assert_eq!(schedule.next(utc("2100-12-31T23:59:59Z")), None, "the end of the calendar");
}

#[test]
fn lines_that_are_refused() {
    let field = |field: &'static str, text: &str| ScheduleError::Field { field, text: text.to_owned() };
    for (line, error) in [
        ("", ScheduleError::Fields(0)),
        ("0 2 * *", ScheduleError::Fields(4)),
        ("0 0 2 * * *", ScheduleError::Fields(6)),
        ("@dayly", ScheduleError::Fields(1)),
        ("0 2 1 * 1", ScheduleError::BothDays),
        ("0 2 30 2 *", ScheduleError::Never),
        ("60 2 * * *", field("minute", "60")),
        ("*/0 2 * * *", field("minute", "*/0")),
        ("0 24 * * *", field("hour", "24")),
        ("0 22-2 * * *", field("hour", "22-2")),
        ("0 1* 2 * *", field("hour", "1*")),
        ("0 1,,2 * * *", field("hour", "1,,2")),
        ("0 ? * * *", field("hour", "?")),
        ("0 2 0 * *", field("day of the month", "0")),
        ("0 2 L * *", field("day of the month", "L")),
        ("0 2 * 13 *", field("month", "13")),
        ("0 2 * juli *", field("month", "juli")),
        ("0 2 * * 8", field("weekday", "8")),
        ("0 2 * * lun", field("weekday", "lun")),
        ("0 2 * * 5#2", field("weekday", "5#2")),
        ("0 2 * * 1/2", field("weekday", "1/2")),
        ("0 2 * * */0", field("weekday", "*/0")),
        ("0 2 * * 99999999999999999999", field("weekday", "99999999999999999999")),
    ] {
        assert_eq!(Schedule::parse(line, New_York).unwrap_err(), error, "{line}");
    }
}
