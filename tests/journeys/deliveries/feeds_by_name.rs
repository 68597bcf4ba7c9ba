//! Which feed a name means (D15).

use crate::support::{Roster, TestRosterd, student, teacher};

#[test]
fn d15_dates_and_counters_are_no_part_of_a_name() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::new();
    let first = rosterd.night_of("students.csv", &roster.csv()).expect_code(0);
    let feed = first.only().feed_of("students.csv").to_owned();
    let names = [
        "students (1).csv",
        "students - copy.csv",
        "students copy.csv",
        "students_final.csv",
        "students_new.csv",
        "students_v2.csv",
        "STUDENTS.csv",
        "students_a1b2c3d4.csv",
        "students_0b9ff1b8-3a3c-4d0e-9a55-0123456789ab.csv",
        "students_2026-09-24.csv",
        "students_20260925.csv",
        "students_2026-09-26_020000.csv",
    ];
    for (night, name) in names.into_iter().enumerate() {
        let file = roster.clone().set(night, "gradyear", "2050");
        let pass = rosterd.night_of(name, &file.csv());
        assert_eq!(pass.only().feed_of(name), feed, "`{name}` is the same feed as `students.csv`");
    }
    assert_eq!(rosterd.active().len(), 40);
}

#[test]
fn d15_a_bare_number_is_part_of_the_name() {
    let rosterd = TestRosterd::new();
    let first = rosterd.night_of("students_101.csv", &Roster::students(30).csv()).expect_code(0);
    let others = Roster { rows: (30..60).map(student).collect() };
    let second = rosterd.night_of("students_102.csv", &others.csv()).expect_code(0);
    assert_ne!(first.only().feed_of("students_101.csv"), second.only().feed_of("students_102.csv"));
    assert_eq!((second.only().people("archived"), second.only().absent("total")), (0, 0));
    assert_eq!(rosterd.active().len(), 60);
}

#[test]
fn d15_configured_feeds_take_their_own_names() {
    let rosterd = TestRosterd::builder().students_and_adults().build();
    rosterd.drop("students_2026-09-14.csv", &Roster::students(30).csv());
    rosterd.drop("adults.csv", &Roster::default().and((0..8).map(teacher)).csv());
    let pass = rosterd.sync().expect_code(0);
    let report = pass.only();
    assert_eq!(report.feed_of("students_2026-09-14.csv"), "students");
    assert_eq!(report.feed_of("adults.csv"), "adults");
}

#[test]
fn d15_a_name_of_no_configured_feed_is_unassigned() {
    let rosterd = TestRosterd::builder().students_and_adults().build();
    let pass = rosterd.night_of("parents.csv", &Roster::students(30).csv()).expect_code(5);
    let report = pass.only();
    assert_eq!(report.verdict_of("parents.csv"), "unassigned");
    report.assert_no_writes();
    assert!(rosterd.people("all").is_empty());
    let said = report.0.to_string();
    assert!(said.contains("students") && said.contains("adults"), "the candidates are named: {said}");
}

#[test]
fn d15_an_unassigned_file_does_not_stop_its_neighbours() {
    let rosterd = TestRosterd::builder().students_and_adults().build();
    rosterd.drop("parents.csv", &Roster::students(30).csv());
    rosterd.drop("students.csv", &Roster::students(30).csv());
    rosterd.sync().expect_code(5);
    assert_eq!(rosterd.active().len(), 30);
}

#[test]
fn rows_outside_the_scope_of_a_feed_are_rejected_and_protect() {
    let rosterd = TestRosterd::builder().students_and_adults().build();
    let students = Roster::students(40);
    rosterd.night_of("students.csv", &students.csv()).expect_code(0);
    let pass = rosterd.night_of("students.csv", &students.and([teacher(1)]).csv()).expect_code(3);
    let report = pass.only();
    assert_eq!((report.rows("rejected"), report.rows("created")), (1, 0));
    assert_eq!(rosterd.outcome(report.run(), 42).outcome, "rejected:out-of-scope");
}
