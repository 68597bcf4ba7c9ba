//! Waiting, identical, returned, late and competing versions: D01, D03, D04, D05, D06.

use crate::support::{Roster, TestRosterd, student};

#[test]
fn d01_temporary_names_wait_and_are_named() {
    let rosterd = TestRosterd::new();
    let names = ["users.csv.part", "users.csv.filepart", "users.csv.tmp", ".users.csv"];
    for name in names {
        rosterd.drop(name, &Roster::students(20).csv());
    }
    let pass = rosterd.sync().expect_code(0);
    assert!(pass.reports.is_empty(), "a file under a temporary name was taken: {pass:?}");
    for name in names {
        assert!(pass.stderr.contains(name), "`{name}` is not named on standard error: {}", pass.stderr);
    }
    assert!(rosterd.runs().is_empty());
    assert!(rosterd.people("all").is_empty());
}

#[test]
fn d01_a_waiting_name_does_not_stop_its_neighbour() {
    let rosterd = TestRosterd::new();
    rosterd.drop("other.csv.part", b"firstname,lastn");
    let pass = rosterd.night(&Roster::students(20)).expect_code(0);
    assert_eq!(pass.only().people("created"), 20);
    assert!(pass.stderr.contains("other.csv.part"), "{}", pass.stderr);
}

#[test]
fn a_file_that_lies_untouched_makes_no_run() {
    let rosterd = TestRosterd::loaded(&Roster::students(20));
    for _ in 0..3 {
        assert!(rosterd.sync().expect_code(0).reports.is_empty());
        rosterd.days(1);
    }
    assert_eq!(rosterd.runs().len(), 1);
}

#[test]
fn an_empty_folder_makes_no_run() {
    let rosterd = TestRosterd::new();
    assert!(rosterd.sync().expect_code(0).reports.is_empty());
    assert!(rosterd.runs().is_empty());
    // Nor does the first file find anything else than a first file.
    let pass = rosterd.night(&Roster::students(20)).expect_code(0);
    assert_eq!((pass.only().people("active_before"), pass.only().people("created")), (0, 20));
}

#[test]
fn d03_written_again_with_the_same_bytes_is_identical() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();
    for _ in 0..2 {
        let pass = rosterd.night(&roster).expect_code(0);
        let report = pass.only();
        assert_eq!((report.verdict(), report.state()), ("identical", "completed"));
        assert_eq!((report.rows("read"), report.rows("unchanged")), (40, 40));
        report.assert_no_writes();
    }
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn d03_rejected_rows_of_identical_bytes_are_rejected_again() {
    let roster = Roster::students(40).set(5, "role", "wizard");
    let rosterd = TestRosterd::new();
    rosterd.night(&roster).expect_code(3);
    let pass = rosterd.night(&roster).expect_code(3);
    assert_eq!(pass.only().verdict(), "identical");
    assert_eq!((pass.only().rows("unchanged"), pass.only().rows("rejected")), (39, 1));
}

/// A week's file, then another with so many people changed; both taken.
fn old_and_new(changed: usize) -> (TestRosterd, Roster, Roster) {
    let old = Roster::students(100);
    let rosterd = TestRosterd::loaded(&old);
    let positions: Vec<usize> = (0..changed).map(|k| k * 3).collect();
    let new = old.clone().set_all(&positions, "gradyear", |_, _| "2040".into());
    let pass = rosterd.night(&new).expect_code(0);
    assert_eq!(pass.only().rows("updated"), changed as u64);
    (rosterd, old, new)
}

#[test]
fn d04_an_old_export_that_would_change_many_is_a_regression() {
    let (rosterd, old, _) = old_and_new(6);
    let before = rosterd.everybody();

    let pass = rosterd.night(&old).expect_code(4);

    let report = pass.only();
    assert_eq!((report.verdict(), report.state()), ("regression", "held"));
    report.assert_no_writes();
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn d04_an_old_export_that_changes_few_is_accepted() {
    // max(5, 1 %) of 100 people: five may go back.
    let (rosterd, old, _) = old_and_new(5);
    let pass = rosterd.night(&old).expect_code(0);
    assert_eq!((pass.only().verdict(), pass.only().rows("updated")), ("accepted", 5));
}

#[test]
fn d04_an_export_of_more_than_seven_days_ago_is_a_regression() {
    let (rosterd, old, _) = old_and_new(1);
    rosterd.days(6);
    let before = rosterd.everybody();
    let pass = rosterd.night(&old).expect_code(4);
    assert_eq!(pass.only().verdict(), "regression");
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn d04_the_same_bytes_on_two_more_nights_are_believed() {
    let (rosterd, old, _) = old_and_new(6);
    rosterd.night(&old).expect_code(4);
    rosterd.night(&old);
    rosterd.night(&old);
    let year = |at: usize| rosterd.person(&old.rows[at].idnumber).grad_year().unwrap().to_string();
    for at in [0, 3, 15] {
        assert_eq!(year(at), old.rows[at].gradyear);
    }
}

#[test]
fn d04_approved_the_old_export_goes_in() {
    let (rosterd, old, _) = old_and_new(6);
    let pass = rosterd.night(&old).expect_code(4);
    rosterd.approve(pass.only().run(), &[]).expect_code(0);
    assert_eq!(rosterd.person(&old.rows[3].idnumber).grad_year().unwrap().to_string(), old.rows[3].gradyear);
}

#[test]
fn d05_an_earlier_date_in_the_name_is_late() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::new();
    rosterd.night_of("users_2026-09-14.csv", &roster.csv()).expect_code(0);
    let before = rosterd.everybody();

    let older = roster.without(&[9]).and([student(90)]);
    let pass = rosterd.night_of("users_2026-09-12.csv", &older.csv()).expect_code(0);

    assert_eq!(pass.only().verdict(), "late");
    pass.only().assert_no_writes();
    assert_eq!(rosterd.everybody(), before);

    // The next file of today is none the worse for it.
    let pass = rosterd.night_of("users_2026-09-16.csv", &roster.and([student(91)]).csv()).expect_code(0);
    assert_eq!((pass.only().verdict(), pass.only().rows("created")), ("accepted", 1));
}

#[test]
fn d05_the_third_late_file_in_a_row_is_asked_about() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::new();
    rosterd.night_of("users_2026-09-14.csv", &roster.csv()).expect_code(0);
    let before = rosterd.everybody();
    for (name, year, code) in
        [("users_2026-09-10.csv", "2041", 0), ("users_2026-09-11.csv", "2042", 0), ("users_2026-09-12.csv", "2043", 4)]
    {
        let pass = rosterd.night_of(name, &roster.clone().set(3, "gradyear", year).csv());
        assert_eq!(pass.code, code, "{name}: {pass:?}");
        assert_eq!(pass.only().verdict(), "late");
    }
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn d06_the_newer_of_two_versions_wins() {
    for newer_first in [true, false] {
        let roster = Roster::students(60);
        let rosterd = TestRosterd::new();
        rosterd.night_of("users.csv", &roster.csv()).expect_code(0);
        let newer = ("users_2026-09-15.csv", roster.clone().and([student(90)]).csv());
        let older = ("users_2026-09-14.csv", roster.without(&[9]).and([student(91)]).csv());
        let both = if newer_first { [&newer, &older] } else { [&older, &newer] };
        for (name, bytes) in both {
            rosterd.drop(name, bytes);
        }
        let pass = rosterd.sync().expect_code(0);
        let verdict = |name: &str| {
            pass.reports
                .iter()
                .find(|report| report.deliveries().iter().any(|d| d["file"] == name))
                .unwrap_or_else(|| panic!("no delivery of {name}: {pass:?}"))
                .verdict_of(name)
        };
        assert_eq!((verdict(newer.0), verdict(older.0)), ("accepted", "superseded"), "newer first: {newer_first}");
        assert_eq!(rosterd.active().len(), 61);
        assert_eq!(rosterd.person(&student(90).idnumber).state(), "active");
        assert_eq!(rosterd.person(&student(9).idnumber).state(), "active");
    }
}

#[test]
fn d06_two_versions_with_little_in_common_are_asked_about() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();
    rosterd.drop("users_2026-09-15.csv", &roster.clone().set(3, "gradyear", "2040").csv());
    rosterd.drop("users_2026-09-14.csv", &Roster { rows: (200..240).map(student).collect() }.csv());
    let pass = rosterd.sync().expect_code(4);
    pass.reports.iter().for_each(|report| report.assert_no_writes());
    assert_eq!(rosterd.everybody(), before);
}
