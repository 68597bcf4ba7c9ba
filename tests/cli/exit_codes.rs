//! 0, 1, 2, 3, 4, 5, and the worst of a pass.

use std::fs;

use crate::support::{Roster, TestRosterd, spread};

#[test]
fn code_0_done() {
    let rosterd = TestRosterd::new();
    assert!(rosterd.sync().expect_code(0).reports.is_empty(), "nothing was there");
    let verdict = || rosterd.night(&Roster::students(20)).expect_code(0).only().verdict().to_owned();
    assert_eq!((verdict(), verdict()), ("accepted".into(), "identical".into()));
}

#[test]
fn code_1_rosterd_itself_failed() {
    let rosterd = TestRosterd::loaded(&Roster::students(20));
    let mut broken = 0;
    for entry in fs::read_dir(rosterd.state_dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().unwrap().contains(".db") {
            fs::write(path, b"this is no database, and has been one until a moment ago").unwrap();
            broken += 1;
        }
    }
    assert!(broken > 0, "no database in the state directory");
    let answer = rosterd.run(&["sync", "--json"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.stderr.contains("error"), "{answer:?}");
}

#[test]
fn code_2_wrong_usage_or_configuration() {
    let rosterd = TestRosterd::new();
    for args in [
        &["frobnicate"][..],
        &["sync", "--frobnicate"],
        &["sync", "--district", "atlantis"],
        &["people", "list", "--state", "odd"],
    ] {
        let answer = rosterd.run(args);
        assert_eq!(answer.code, 2, "{args:?}: {answer:?}");
        assert!(answer.stdout.is_empty() && !answer.stderr.trim().is_empty(), "{args:?}: {answer:?}");
    }
    fs::write(rosterd.district_file(), "[district\nid = ").unwrap();
    assert_eq!(rosterd.run(&["sync"]).code, 2);
    fs::remove_file(rosterd.config()).unwrap();
    assert_eq!(rosterd.run(&["sync"]).code, 2);
}

#[test]
fn code_3_done_with_rejected_or_review_rows() {
    let roster = Roster::students(40);
    TestRosterd::new().night(&roster.clone().set(3, "role", "wizard")).expect_code(3);
    // A review: number 000003 with other names and another address.
    let rosterd = TestRosterd::loaded(&roster);
    let stranger = crate::support::student(500).with("idnumber", &roster.rows[3].idnumber);
    let pass = rosterd.night(&roster.without(&[3]).and([stranger])).expect_code(3);
    assert_eq!((pass.only().rows("held"), pass.only().rows("rejected")), (1, 0));
}

#[test]
fn code_4_something_waits() {
    TestRosterd::builder().baseline("hold").build().night(&Roster::students(40)).expect_code(4);
    let roster = Roster::students(40);
    TestRosterd::loaded(&roster).night(&roster.without(&spread(20, 40))).expect_code(4);
}

#[test]
fn code_4_goes_before_3() {
    let roster = Roster::students(100);
    let file = roster.clone().set(1, "role", "wizard").without(&spread(20, 100));
    TestRosterd::loaded(&roster).night(&file).expect_code(4);
}

#[test]
fn code_5_refused_whole() {
    TestRosterd::new().night_of("users.csv", b"a,b,c\n1,2,3\n").expect_code(5);
}

#[test]
fn the_worst_of_a_pass_counts() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::builder().district("shelby").build();
    rosterd.drop("users.csv", &roster.csv());
    rosterd.drop_in("shelby", "users.csv", b"a,b,c\n1,2,3\n");
    let pass = rosterd.sync().expect_code(5);
    assert_eq!(pass.reports.len(), 2);
    assert_eq!(rosterd.active().len(), 40, "one district's bad file is nothing to another");
    // One that waits beside one refused in the same district.
    rosterd.days(1);
    rosterd.drop("users.csv", &roster.without(&spread(20, 40)).csv());
    rosterd.drop("other.csv", b"a,b,c\n1,2,3\n");
    rosterd.sync().expect_code(5);
}

#[test]
fn sync_of_one_district_leaves_the_other() {
    let rosterd = TestRosterd::builder().district("shelby").build();
    rosterd.drop("users.csv", &Roster::students(20).csv());
    rosterd.drop_in("shelby", "users.csv", b"a,b,c\n1,2,3\n");
    let pass = rosterd.pass(&["sync", "--district", "springfield", "--json"]).expect_code(0);
    assert_eq!(pass.only().district(), "springfield");
}
