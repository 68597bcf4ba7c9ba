//! `sync`, `check`, `import` and the reports they leave.

use insta::assert_snapshot;

use super::{assert_fits, at_home, screen, shown};
use crate::support::{Roster, TestRosterd, spread, student, teacher};

fn loaded() -> (Roster, TestRosterd) {
    let roster = Roster::school(120, 10);
    let rosterd = TestRosterd::loaded(&roster);
    (roster, rosterd)
}

fn synced(rosterd: &TestRosterd, bytes: &[u8]) -> String {
    rosterd.drop("users.csv", bytes);
    screen(rosterd, &["sync"])
}

/// Some come, some go, some change.
fn ordinary(roster: &Roster) -> Roster {
    roster.without(&[5, 40]).and([student(200), student(201), student(202), teacher(20)]).set(9, "gradyear", "2040")
}

#[test]
fn an_ordinary_night() {
    let (roster, rosterd) = loaded();
    let screen = synced(&rosterd, &ordinary(&roster).csv());
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn nothing_new() {
    let (_, rosterd) = loaded();
    assert_snapshot!(screen(&rosterd, &["sync"]));
}

#[test]
fn the_same_file_again() {
    let (roster, rosterd) = loaded();
    assert_snapshot!(synced(&rosterd, &roster.csv()));
}

fn with_errors(roster: &Roster) -> Roster {
    roster
        .clone()
        .set(3, "role", "wizard")
        .set(4, "email", "someone@gmail.com")
        .set(5, "email", "")
        .set(6, "firstname", "")
        .set(7, "email", &roster.rows[8].email)
        .set(9, "gradyear", "soon")
        .set(10, "status", "perhaps")
        .set(11, "email", "no address at all")
        .set_all(&[20, 21, 22, 23], "role", |_, _| "pupil".into())
}

#[test]
fn a_night_with_errors() {
    let (roster, rosterd) = loaded();
    let screen = synced(&rosterd, &with_errors(&roster).csv());
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn report_txt() {
    let (roster, rosterd) = loaded();
    synced(&rosterd, &with_errors(&roster).csv());
    let report = at_home(&rosterd, &rosterd.result_file(".report.txt"));
    assert_snapshot!(report);
    assert_fits(&report);
}

#[test]
fn the_error_file() {
    let (roster, rosterd) = loaded();
    synced(&rosterd, &with_errors(&roster).csv());
    assert_snapshot!(at_home(&rosterd, &rosterd.result_file(".errors.csv")));
}

#[test]
fn a_night_that_is_held() {
    let (roster, rosterd) = loaded();
    let screen = synced(&rosterd, &roster.without(&spread(50, 130)).csv());
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn a_cut_file() {
    let (roster, rosterd) = loaded();
    let bytes = roster.csv();
    let screen = synced(&rosterd, &bytes[..bytes.len() * 6 / 10]);
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn the_first_file() {
    let rosterd = TestRosterd::builder().baseline("hold").build();
    let screen = synced(&rosterd, &Roster::school(120, 10).csv());
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn no_roster_at_all() {
    let (_, rosterd) = loaded();
    let screen = synced(&rosterd, b"room,beds\n101,2\n102,3\n");
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn names_that_wait_and_are_ignored() {
    let (_, rosterd) = loaded();
    rosterd.drop("users.csv.part", b"half");
    rosterd.drop("readme.pdf", b"read me");
    assert_snapshot!(screen(&rosterd, &["sync"]));
}

#[test]
fn a_folder_that_is_missing() {
    let rosterd = TestRosterd::new();
    std::fs::remove_dir(rosterd.folder()).unwrap();
    assert_snapshot!(screen(&rosterd, &["sync"]));
}

#[test]
fn a_dry_run() {
    let (roster, rosterd) = loaded();
    let file = ordinary(&roster).set(3, "role", "wizard");
    rosterd.aside("users.csv", &file.csv());
    let screen = screen(&rosterd, &["check", "elsewhere/users.csv"]);
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn a_dry_run_that_would_be_held() {
    let (roster, rosterd) = loaded();
    rosterd.aside("users.csv", &roster.without(&spread(50, 130)).csv());
    let screen = screen(&rosterd, &["check", "elsewhere/users.csv"]);
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn two_districts() {
    let rosterd = TestRosterd::builder().district("shelby").build();
    rosterd.drop("users.csv", &Roster::students(20).csv());
    rosterd.drop_in("shelby", "users.csv", b"a,b,c\n1,2,3\n");
    let answer = rosterd.run(&["sync"]);
    assert_snapshot!(shown(&rosterd, &["sync"], &answer));
}
