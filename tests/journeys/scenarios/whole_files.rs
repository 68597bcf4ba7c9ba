//! Files that are the same, cut, partial or damaged as a whole: scenarios 1, 2, 3, 13, 14 and 15.

use crate::support::{Roster, TestRosterd, spread};

#[test]
fn scenario_01_identical_bytes() {
    let roster = Roster::school(360, 40);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();

    let pass = rosterd.night(&roster).expect_code(0);

    let report = pass.only();
    assert_eq!(report.verdict(), "identical");
    assert_eq!(report.state(), "completed");
    assert_eq!((report.rows("read"), report.rows("unchanged")), (400, 400));
    report.assert_no_writes();
    assert_eq!(rosterd.everybody(), before, "identical bytes wrote to people");
}

#[test]
fn scenario_02_cut_in_the_middle_of_a_row() {
    let roster = Roster::school(360, 40);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();
    let whole = roster.csv();
    let mut at = whole.len() * 44 / 100;
    while whole[at - 1] == b'\n' {
        at += 1;
    }

    let pass = rosterd.night_of("users.csv", &whole[..at]).expect_code(4);

    let report = pass.only();
    assert_eq!((report.verdict(), report.state()), ("truncated", "held"));
    report.assert_no_writes();
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn scenario_02_cut_between_two_rows() {
    let roster = Roster::school(360, 40);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();
    let gone: Vec<usize> = (176..400).collect();
    let cut = roster.set(3, "gradyear", "2040").without(&gone);

    let pass = rosterd.night(&cut).expect_code(4);

    // 176 of 400 rows, the first ones complete and none of the rest: G01 calls it a cut and holds all of the feed.
    let report = pass.only();
    assert_eq!(report.state(), "held");
    assert!(report.holds("G01"), "{report:?}");
    report.assert_no_writes();
    assert_eq!(rosterd.everybody(), before, "a change inside a cut file went in");
}

#[test]
fn scenario_03_adults_only_in_the_whole_district_file() {
    let roster = Roster::school(360, 40);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.active();
    let students: Vec<usize> = (0..360).collect();
    let adults = roster.clone().set(365, "lastname", "Quillfeather").without(&students);

    let pass = rosterd.night(&adults).expect_code(4);

    let report = pass.only();
    assert_eq!(report.state(), "held");
    assert_eq!(report.held_rules(), ["G04"], "one question for one cause: {report:?}");
    assert_eq!((report.people("archived"), report.rows("updated"), report.rows("unchanged")), (0, 1, 39));
    assert_eq!((report.absent("total"), report.absent("archived")), (360, 0));
    assert_eq!(rosterd.active(), before);
    assert_eq!(rosterd.person(&roster.rows[365].idnumber).family(), "Quillfeather", "the adults are processed");

    // The students come back: the question is gone.
    let pass = rosterd.night(&roster.clone().set(365, "lastname", "Quillfeather")).expect_code(0);
    assert!(pass.only().held_rules().is_empty());
    assert_eq!(rosterd.active(), before);
}

#[test]
fn scenario_13_number_column_lost_its_zeros() {
    let roster = Roster::school(200, 20);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.active();
    // Position 0 holds number 000000, which has nothing but zeros; it keeps them.
    let all: Vec<usize> = (1..220).collect();
    let damaged = roster.set_all(&all, "idnumber", |_, row| row.idnumber.trim_start_matches('0').to_owned());

    let pass = rosterd.night(&damaged).expect_code(4);

    let report = pass.only();
    assert_eq!(report.state(), "held");
    assert!(report.holds("G08"), "{report:?}");
    report.assert_no_writes();
    assert_eq!(rosterd.active(), before);

    let approved = rosterd.approve(report.run(), &[]);
    for report in &approved.reports {
        assert_eq!((report.people("created"), report.people("archived")), (0, 0), "{report:?}");
    }
    assert_eq!(rosterd.active(), before, "a re-key creates and archives nobody");
}

#[test]
fn scenario_14_one_column_sorted_alone() {
    let roster = Roster::school(200, 20);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();
    let mut names: Vec<String> = roster.rows.iter().map(|row| row.lastname.clone()).collect();
    names.sort();
    let all: Vec<usize> = (0..220).collect();
    let sorted = roster.set_all(&all, "lastname", |at, _| names[at].clone());

    let pass = rosterd.night(&sorted).expect_code(4);

    let report = pass.only();
    assert!(report.holds("G07"), "{report:?}");
    report.assert_no_writes();
    assert_eq!(rosterd.everybody(), before, "somebody got a neighbour's name");
}

/// 300 students of whom twelve, spread over the file, have a role that does not exist.
fn twelve_bad_rows() -> (TestRosterd, Roster, Vec<usize>) {
    let good = Roster::students(300);
    let bad = spread(12, 300);
    let rosterd = TestRosterd::new();
    let pass = rosterd.night(&good.clone().set_all(&bad, "role", |_, _| "wizard".into())).expect_code(3);
    let report = pass.only();
    assert_eq!(report.state(), "completed_with_errors");
    assert_eq!((report.rows("created"), report.rows("rejected")), (288, 12));
    (rosterd, good, bad)
}

#[test]
fn scenario_15_fixed_error_file_under_the_original_name_is_a_patch() {
    let (rosterd, good, bad) = twelve_bad_rows();
    let fixed = rosterd.result_file(".errors.csv").replace("wizard", "student");

    let pass = rosterd.night_of("users.csv", fixed.as_bytes()).expect_code(0);

    let report = pass.only();
    assert_eq!((report.verdict(), report.state()), ("patch", "completed"));
    assert_eq!((report.rows("read"), report.rows("created")), (12, 12));
    assert_eq!((report.absent("total"), report.people("archived")), (0, 0));
    assert_eq!(rosterd.active().len(), 300);
    assert_eq!(rosterd.person(&good.rows[bad[4]].idnumber).state(), "active");

    // A patch is never what the next file is measured against: the whole file is no surprise.
    let pass = rosterd.night(&good).expect_code(0);
    assert_eq!((pass.only().rows("unchanged"), pass.only().people("archived")), (300, 0));
}

#[test]
fn scenario_15_fixed_error_file_without_its_marker() {
    let (rosterd, good, bad) = twelve_bad_rows();
    let before = rosterd.active();
    let only_the_bad: Vec<usize> = (0..300).filter(|at| !bad.contains(at)).collect();

    let pass = rosterd.night(&good.without(&only_the_bad)).expect_code(4);

    let report = pass.only();
    assert_eq!(report.state(), "held");
    assert!(report.holds("G01"), "{report:?}");
    assert_eq!((report.rows("created"), report.people("archived"), report.absent("archived")), (12, 0, 0));
    let after = rosterd.active();
    assert!(after.is_superset(&before));
    assert_eq!(after.len(), 300, "the twelve rows go in");
}
