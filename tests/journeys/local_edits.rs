//! Edits by hand in rosterd itself: pins, aliases, the three-way merge (F1 to F9), archive and restore, keep and suspend.

use crate::support::{Roster, TestRosterd, spread};

fn loaded() -> (TestRosterd, Roster) {
    let roster = Roster::school(60, 10);
    (TestRosterd::loaded(&roster), roster)
}

/// Another file each night: the grade year of somebody who is no part of the story.
fn tonight(roster: &Roster, year: u32) -> Roster {
    roster.clone().set(30, "gradyear", &year.to_string())
}

#[test]
fn an_edit_shows_at_once_and_is_pinned() {
    let (rosterd, roster) = loaded();
    let number = &roster.rows[9].idnumber;
    let before = rosterd.person(number);
    rosterd.people_command(
        "edit",
        number,
        &["--set", "email=nine@springfield.example.org", "--set", "given_name=Nina"],
    );
    let after = rosterd.person(number);
    assert_eq!((after.guid(), after.email(), after.given()), (before.guid(), "nine@springfield.example.org", "Nina"));
    assert_eq!(after.family(), before.family());
    assert!(after.pins() > 0 && before.pins() == 0);
}

#[test]
fn f3_the_source_says_the_same_as_before_ours_stays() {
    let (rosterd, roster) = loaded();
    let number = &roster.rows[9].idnumber;
    rosterd.people_command("edit", number, &["--set", "given_name=Nina"]);
    for year in 2041..2044 {
        let pass = rosterd.night(&tonight(&roster, year)).expect_code(0);
        assert_eq!(rosterd.outcome(pass.only().run(), 11).outcome, "unchanged");
        assert_eq!(rosterd.person(number).given(), "Nina");
    }
}

#[test]
fn f3_the_source_comes_to_say_what_we_say() {
    let (rosterd, roster) = loaded();
    let number = &roster.rows[9].idnumber;
    rosterd.people_command("edit", number, &["--set", "given_name=Nina"]);
    rosterd.night(&tonight(&roster, 2041).set(9, "firstname", "Nina")).expect_code(0);
    assert_eq!(
        (rosterd.person(number).given(), rosterd.person(number).pins()),
        ("Nina", 0),
        "converged: no pin any more"
    );
    // So the source has its say again.
    rosterd.night(&tonight(&roster, 2042).set(9, "firstname", "Ninetta")).expect_code(0);
    assert_eq!(rosterd.person(number).given(), "Ninetta");
}

#[test]
fn f3_both_changed_a_name_ours_sticks() {
    let (rosterd, roster) = loaded();
    let number = &roster.rows[9].idnumber;
    rosterd.people_command("edit", number, &["--set", "given_name=Nina"]);
    let file = tonight(&roster, 2041).set(9, "firstname", "Wilhelmina");
    rosterd.night(&file).expect_code(0);
    let nine = rosterd.person(number);
    assert_eq!((nine.given(), nine.state()), ("Nina", "active"));
    assert!(nine.pins() > 0);
}

#[test]
fn f3_both_changed_a_role_theirs_counts() {
    let (rosterd, roster) = loaded();
    let number = &roster.rows[65].idnumber;
    rosterd.people_command("edit", number, &["--set", "role=staff"]);
    rosterd.night(&tonight(&roster, 2041)).expect_code(0);
    assert_eq!(rosterd.person(number).role(), "staff", "the source said nothing new");
    rosterd.night(&tonight(&roster, 2042).set(65, "role", "admin")).expect_code(0);
    assert_eq!(rosterd.person(number).role(), "admin");
}

#[test]
fn f3_a_field_nobody_edited_follows_the_source() {
    let (rosterd, roster) = loaded();
    let number = &roster.rows[9].idnumber;
    rosterd.people_command("edit", number, &["--set", "given_name=Nina"]);
    rosterd.night(&tonight(&roster, 2041).set(9, "lastname", "Otherwise").set(9, "gradyear", "2050")).expect_code(0);
    let nine = rosterd.person(number);
    assert_eq!((nine.given(), nine.family(), nine.grad_year()), ("Nina", "Otherwise", Some(2050)));
}

#[test]
fn an_edited_email_survives_stale_files_with_a_number() {
    let (rosterd, roster) = loaded();
    let number = &roster.rows[9].idnumber;
    let new = "nine@springfield.example.org";
    rosterd.people_command("edit", number, &["--set", &format!("email={new}")]);
    let before = rosterd.active();
    for year in 2041..2043 {
        let pass = rosterd.night(&tonight(&roster, year)).expect_code(0);
        assert_eq!((pass.only().rows("created"), pass.only().people("archived")), (0, 0));
        assert_eq!(rosterd.person(number).email(), new);
    }
    rosterd.night(&tonight(&roster, 2044).set(9, "email", new)).expect_code(0);
    assert_eq!((rosterd.person(number).email(), rosterd.person(number).pins()), (new, 0));
    assert_eq!(rosterd.active(), before);
}

#[test]
fn an_address_of_somebody_else_cannot_be_given() {
    let (rosterd, roster) = loaded();
    let before = rosterd.everybody();
    let taken = format!("email={}", roster.rows[12].email);
    let answer = rosterd.run(&["people", "edit", &roster.rows[9].idnumber, "--set", &taken]);
    assert_ne!(answer.code, 0, "{answer:?}");
    assert!(!answer.stderr.trim().is_empty());
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn archived_by_hand_stays_archived_though_the_file_lists_them() {
    let (rosterd, roster) = loaded();
    let number = &roster.rows[9].idnumber;
    let guid = rosterd.person(number).guid().to_owned();
    rosterd.people_command("archive", number, &[]);
    assert_eq!(rosterd.person(number).state(), "archived");
    for year in 2041..2044 {
        let pass = rosterd.night(&tonight(&roster, year)).expect_code(0);
        let report = pass.only();
        assert_eq!(
            (report.skipped("admin-archived"), report.rows("restored"), report.people("active_after")),
            (1, 0, 69)
        );
        let row = rosterd.outcome(report.run(), 11);
        assert_eq!((row.outcome.as_str(), row.rule.as_str()), ("skipped:admin-archived", "P02"));
        assert_eq!(rosterd.person(number).state(), "archived");
    }

    rosterd.people_command("restore", number, &[]);
    let pass = rosterd.night(&tonight(&roster, 2045)).expect_code(0);
    assert_eq!((pass.only().skipped("admin-archived"), pass.only().people("active_after")), (0, 70));
    let back = rosterd.person(number);
    assert_eq!((back.guid(), back.state()), (guid.as_str(), "active"));
}

#[test]
fn archived_by_hand_holds_for_a_role_that_turns_up_later() {
    let (rosterd, roster) = loaded();
    let number = &roster.rows[9].idnumber;
    rosterd.people_command("archive", number, &[]);
    let pass = rosterd.night(&tonight(&roster, 2041).set(9, "role", "staff"));
    assert_eq!((pass.only().people("created"), pass.only().people("restored")), (0, 0));
    assert_eq!(rosterd.person(number).state(), "archived", "I06");
}

#[test]
fn kept_by_hand_stays_active_though_the_file_lost_them() {
    let (rosterd, roster) = loaded();
    let number = &roster.rows[9].idnumber;
    rosterd.people_command("pin", number, &["keep"]);
    assert!(rosterd.person(number).pins() > 0);

    let pass = rosterd.night(&roster.without(&[9])).expect_code(0);
    let report = pass.only();
    assert_eq!((report.absent("total"), report.absent("pinned"), report.people("archived")), (1, 1, 0));
    assert_eq!(rosterd.person(number).state(), "active");

    // P29: the same for a row that says inactive.
    let pass = rosterd.night(&tonight(&roster, 2041).set(9, "status", "inactive")).expect_code(0);
    assert_eq!((pass.only().skipped("pinned"), pass.only().people("archived")), (1, 0));
    assert_eq!(rosterd.outcome(pass.only().run(), 11).rule, "P29");
    assert_eq!(rosterd.person(number).state(), "active");

    // The pin taken off, the file decides.
    rosterd.people_command("pin", number, &["none"]);
    rosterd.night(&tonight(&roster, 2042).without(&[9])).expect_code(0);
    assert_eq!(rosterd.person(number).state(), "archived");
}

#[test]
fn the_kept_are_never_counted_by_a_gate() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let missing = spread(6, 100);
    rosterd.people_command("pin", &roster.rows[missing[2]].idnumber, &["keep"]);
    // Six of a hundred are missing; without the kept one they are five, which G02 lets pass.
    let pass = rosterd.night(&roster.without(&missing)).expect_code(0);
    assert_eq!((pass.only().absent("pinned"), pass.only().people("archived")), (1, 5));
}

#[test]
fn suspended_by_hand_has_no_access_and_its_row_is_skipped() {
    let (rosterd, roster) = loaded();
    let number = &roster.rows[9].idnumber;
    let guid = rosterd.person(number).guid().to_owned();
    rosterd.people_command("pin", number, &["suspend"]);
    let pass = rosterd.night(&tonight(&roster, 2041)).expect_code(0);
    assert_eq!((pass.only().skipped("pinned"), pass.only().people("active_after")), (1, 69));
    let row = rosterd.outcome(pass.only().run(), 11);
    assert_eq!((row.outcome.as_str(), row.rule.as_str()), ("skipped:pinned", "P01"));
    assert_eq!(rosterd.person(number).state(), "suspended");
    assert_eq!(rosterd.people("suspended").len(), 1);

    rosterd.people_command("pin", number, &["none"]);
    let pass = rosterd.night(&tonight(&roster, 2042)).expect_code(0);
    assert_eq!((pass.only().skipped("pinned"), pass.only().people("active_after")), (0, 70));
    assert_eq!((rosterd.person(number).guid(), rosterd.person(number).state()), (guid.as_str(), "active"));
}

#[test]
fn a_replaced_address_still_finds_its_person() {
    // The source itself replaced the address; a row of another file still uses the old one and has no number.
    let (rosterd, roster) = loaded();
    let old = roster.rows[9].clone();
    rosterd.night(&tonight(&roster, 2041).set(9, "email", "nine@springfield.example.org")).expect_code(0);
    let before = rosterd.active();
    let bus = Roster { rows: vec![roster.rows[3].clone(), old.clone().with("idnumber", ""), roster.rows[4].clone()] };
    let pass = rosterd.night_of("bus.csv", &bus.csv());
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (0, 0), "K26: the alias and the name");
    assert_eq!(rosterd.person(&old.idnumber).email(), "nine@springfield.example.org");
    assert_eq!(rosterd.active(), before);
}
