//! The first delivery of a feed (D17).

use crate::support::{HOME, Roster, TestRosterd, teacher};

#[test]
fn d17_the_first_delivery_waits_for_one_yes() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::builder().baseline("hold").build();

    let pass = rosterd.night(&roster).expect_code(4);
    let report = pass.only();
    assert_eq!((report.verdict(), report.state()), ("baseline", "held"));
    assert_eq!(report.held_rules(), ["D17"]);
    report.assert_no_writes();
    assert!(rosterd.people("all").is_empty());

    let approved = rosterd.approve(report.run(), &[]).expect_code(0);
    assert_eq!(approved.only().people("created"), 40);
    assert_eq!(rosterd.active().len(), 40);

    // Once: the next file is an ordinary one.
    let pass = rosterd.night(&roster.without(&[9])).expect_code(0);
    assert_eq!((pass.only().verdict(), pass.only().people("archived")), ("accepted", 1));
}

#[test]
fn d17_two_feeds_that_wait_together_are_one_question() {
    let rosterd = TestRosterd::builder().students_and_adults().baseline("hold").build();
    rosterd.drop("students.csv", &Roster::students(40).csv());
    rosterd.drop("adults.csv", &Roster::default().and((0..10).map(teacher)).csv());

    let pass = rosterd.sync().expect_code(4);
    let report = pass.only();
    assert_eq!(report.held_rules(), ["D17"], "one question for the source");
    assert_eq!((report.verdict_of("students.csv"), report.verdict_of("adults.csv")), ("baseline", "baseline"));

    rosterd.approve(report.run(), &[]).expect_code(0);
    assert_eq!(rosterd.active().len(), 50);
}

#[test]
fn d17_rejected_nothing_goes_in() {
    let rosterd = TestRosterd::builder().baseline("hold").build();
    let pass = rosterd.night(&Roster::students(40)).expect_code(4);
    let run = pass.only().run().to_owned();
    rosterd.reject(&run);
    assert_eq!(rosterd.show(&run).state(), "cancelled");
    assert_eq!(rosterd.show(&run).verdict(), "refused");
    assert!(rosterd.people("all").is_empty());
}

#[test]
fn d17_a_newer_file_takes_the_place_of_the_one_that_waits() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::builder().baseline("hold").build();
    let first = rosterd.night(&roster).expect_code(4);
    let second = rosterd.night(&roster.without(&[3])).expect_code(4);
    assert_eq!(rosterd.show(first.only().run()).state(), "superseded");
    rosterd.approve(second.only().run(), &[]).expect_code(0);
    assert_eq!(rosterd.active().len(), 39);
}

#[test]
fn d17_settings_may_wave_the_first_file_through() {
    let rosterd = TestRosterd::builder().baseline("apply").build();
    let pass = rosterd.night(&Roster::students(40)).expect_code(0);
    assert_eq!(pass.only().people("created"), 40);
}

#[test]
fn d17_so_may_the_person_who_imports_it() {
    let rosterd = TestRosterd::builder().baseline("hold").build();
    let path = rosterd.aside("users.csv", &Roster::students(40).csv());
    let import = ["import", &path, "--district", HOME, "--source", "sis", "--accept-baseline", "--json"];
    let pass = rosterd.pass(&import).expect_code(0);
    assert_eq!(pass.only().people("created"), 40);
    assert_eq!(rosterd.active().len(), 40);
}

#[test]
fn d17_people_who_were_there_before_are_nobodys_until_claimed() {
    // A second feed of the same source starts and does not list the people of the first: S1, they are not its own.
    let rosterd = TestRosterd::new();
    rosterd.night_of("students.csv", &Roster::students(40).csv()).expect_code(0);
    let pass = rosterd.night_of("adults.csv", &Roster::default().and((0..10).map(teacher)).csv()).expect_code(0);
    assert_eq!((pass.only().absent("total"), pass.only().people("archived")), (0, 0));
    let fewer = Roster::default().and((0..9).map(teacher));
    let pass = rosterd.night_of("adults.csv", &fewer.csv()).expect_code(0);
    assert_eq!((pass.only().absent("total"), pass.only().people("archived")), (1, 1));
    assert_eq!(rosterd.active().len(), 49);
}
