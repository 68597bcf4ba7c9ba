//! Gates on people who are missing: G01, G02, G03, G09, G13, G16.

use super::{assert_flows, assert_held, two_nights};
use crate::support::{Pass, Roster, Row, TestRosterd, admin, spread, staff, student};

/// `people` students of whom the first `twice` stand in the file twice, then the same without the doubles and without
/// one student: so many rows fewer, one removal.
fn fewer_rows(people: usize, twice: usize) -> Pass {
    let single = Roster::students(people);
    let double: Vec<Row> = single
        .rows
        .iter()
        .enumerate()
        .flat_map(|(at, row)| vec![row.clone(); if at < twice { 2 } else { 1 }])
        .collect();
    let rosterd = TestRosterd::new();
    let pass = rosterd.night(&Roster { rows: double });
    assert_eq!((pass.only().people("created"), pass.only().skipped("duplicate-row")), (people as u64, twice as u64));
    rosterd.night(&single.without(&[people / 2]))
}

#[test]
fn g01_more_than_15_percent_and_more_than_twenty_rows_fewer() {
    // 200 rows, 159 left: 41 rows, 20.5 %. 80 rows, 59 left: 21 rows, 26 %.
    for (people, twice) in [(160, 40), (60, 20)] {
        let pass = fewer_rows(people, twice);
        assert_held(&pass, "G01");
        assert_eq!(pass.only().people("archived"), 0);
    }
}

#[test]
fn g01_fewer_rows_but_not_enough_of_them() {
    // 180 rows, 159 left: 21 rows, but 11.7 %. 79 rows, 59 left: 25 %, but 20 rows.
    for (people, twice) in [(160, 20), (60, 19)] {
        let pass = fewer_rows(people, twice);
        assert_flows(&pass);
        assert_eq!(pass.only().people("archived"), 1);
    }
}

#[test]
fn g01_a_list_of_newcomers_adds_them_and_removes_nobody() {
    let newcomers = Roster { rows: (200..210).map(student).collect() };
    let (rosterd, pass) = two_nights(&Roster::students(100), &newcomers);
    assert_held(&pass, "G01");
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (10, 0));
    assert_eq!(rosterd.active().len(), 110);
}

#[test]
fn g02_five_of_a_hundred_flow_and_six_wait() {
    let roster = Roster::students(100);
    let (_, pass) = two_nights(&roster, &roster.without(&spread(5, 100)));
    assert_flows(&pass);
    assert_eq!(pass.only().people("archived"), 5);

    let (rosterd, pass) = two_nights(&roster, &roster.without(&spread(6, 100)));
    assert_held(&pass, "G02");
    assert_eq!((pass.only().absent("held"), pass.only().people("archived")), (6, 0));
    assert_eq!(rosterd.active().len(), 100);
}

#[test]
fn g02_twenty_of_four_hundred_flow_and_twenty_one_wait() {
    let roster = Roster::students(400);
    let (_, pass) = two_nights(&roster, &roster.without(&spread(20, 400)));
    assert_flows(&pass);
    let (_, pass) = two_nights(&roster, &roster.without(&spread(21, 400)));
    assert_held(&pass, "G02");
}

#[test]
fn g02_two_of_a_handful_flow_and_three_wait() {
    let roster = Roster::students(9);
    let (_, pass) = two_nights(&roster, &roster.without(&[2, 5]));
    assert_flows(&pass);
    let (_, pass) = two_nights(&roster, &roster.without(&[1, 3, 5]));
    assert_held(&pass, "G02");
}

#[test]
fn g02_holds_the_class_of_people_it_is_about() {
    // Six of 40 teachers are over the limit of five; three of 300 students are not.
    let roster = Roster::school(300, 40);
    let missing = [10, 100, 200, 301, 307, 313, 319, 325, 331];
    let (rosterd, pass) = two_nights(&roster, &roster.without(&missing));
    assert_held(&pass, "G02");
    assert_eq!((pass.only().absent("archived"), pass.only().absent("held"), pass.only().people("archived")), (3, 6, 3));
    assert_eq!(rosterd.person(&roster.rows[10].idnumber).state(), "archived");
    assert_eq!(rosterd.person(&roster.rows[301].idnumber).state(), "active");
}

#[test]
fn g02_everything_else_goes_in() {
    let roster = Roster::students(100);
    let file = roster.clone().set(1, "gradyear", "2040").without(&spread(6, 100)).and([student(150)]);
    let (rosterd, pass) = two_nights(&roster, &file);
    assert_held(&pass, "G02");
    assert_eq!((pass.only().rows("updated"), pass.only().rows("created"), pass.only().people("archived")), (1, 1, 0));
    assert_eq!(rosterd.active().len(), 101);
}

#[test]
fn g02_is_a_setting() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::builder().limits("G02 = { percent = 10 }").build().load(&roster);
    let pass = rosterd.night(&roster.without(&spread(10, 100)));
    assert_flows(&pass);
    assert_eq!(pass.only().people("archived"), 10);
    let rosterd = TestRosterd::builder().limits("G02 = { percent = 10 }").build().load(&roster);
    assert_held(&rosterd.night(&roster.without(&spread(11, 100))), "G02");
}

#[test]
fn g03_a_fifth_of_a_cell_and_four_of_it() {
    // Staff are a cell of their own inside the class of adults; 41 teachers keep G02 (five) out of it.
    let school =
        |members: usize| Roster::school(100, 41).and((0..members).map(staff)).and([student(120), student(121)]);
    let gone = |count: usize| -> Vec<usize> { (0..count).map(|k| 141 + 2 * k).collect() };
    // 4 of 19: 21 %.
    let (_, pass) = two_nights(&school(19), &school(19).without(&gone(4)));
    assert_held(&pass, "G03");
    assert!(!pass.only().holds("G02"), "{pass:?}");
    assert_eq!(pass.only().people("archived"), 0);
    // 4 of 20: no more than a fifth. 3 of 10: no four.
    for (members, missing) in [(20, 4), (10, 3)] {
        let (_, pass) = two_nights(&school(members), &school(members).without(&gone(missing)));
        assert_flows(&pass);
        assert_eq!(pass.only().people("archived"), missing as u64);
    }
    // 4 of 9: too small a cell for a percentage.
    let (_, pass) = two_nights(&school(9), &school(9).without(&gone(4)));
    assert_flows(&pass);
}

fn some_rejected(people: usize, rejected: usize) -> Pass {
    let roster = Roster::students(people);
    let bad = spread(rejected, people);
    let leaver = (0..people).rev().skip(3).find(|at| !bad.contains(at)).unwrap();
    let file = roster.clone().set_all(&bad, "role", |_, _| "wizard".into()).without(&[leaver]);
    two_nights(&roster, &file).1
}

#[test]
fn g09_many_rows_rejected_that_were_accepted_before() {
    let pass = some_rejected(100, 11);
    assert_held(&pass, "G09");
    assert_eq!((pass.only().rows("rejected"), pass.only().people("archived")), (11, 0));
    // 10 rows; and 11 of 220 rows, which is 5 %.
    for (people, rejected) in [(100, 10), (220, 11)] {
        let pass = some_rejected(people, rejected);
        assert_eq!(pass.code, 3, "{pass:?}");
        assert!(pass.only().held_rules().is_empty(), "{pass:?}");
        assert_eq!(pass.only().people("archived"), 1);
    }
}

/// So many admins among 60 teachers, of whom the first `gone` are marked inactive.
fn admins_leave(admins: usize, gone: usize) -> (TestRosterd, Pass) {
    let roster = Roster::school(0, 60).and((0..admins).map(admin));
    let leavers: Vec<usize> = (60..60 + gone).collect();
    let file = roster.clone().set_all(&leavers, "status", |_, _| "inactive".into());
    two_nights(&roster, &file)
}

#[test]
fn g13_the_last_admin() {
    let (rosterd, pass) = admins_leave(1, 1);
    assert_held(&pass, "G13");
    assert_eq!((pass.only().people("archived"), rosterd.active().len()), (0, 61));
    let (_, pass) = admins_leave(2, 1);
    assert_flows(&pass);
}

#[test]
fn g13_a_quarter_and_three_of_the_admins() {
    // 4 of 9; the cell is too small for G03 and four are no matter for G02.
    let (_, pass) = admins_leave(9, 4);
    assert_held(&pass, "G13");
    assert_eq!(pass.only().people("archived"), 0);
    // 3 of 9: a third, but no more than three. 4 of 16: a quarter and no more (which is a matter for G03).
    let (_, pass) = admins_leave(9, 3);
    assert_flows(&pass);
    let (_, pass) = admins_leave(16, 4);
    assert!(!pass.only().holds("G13"), "{pass:?}");
}

#[test]
fn g16_one_record_at_the_end_flows_and_two_wait() {
    let roster = Roster::students(100);
    let (_, pass) = two_nights(&roster, &roster.without(&[99]));
    assert_flows(&pass);
    let (_, pass) = two_nights(&roster, &roster.without(&[98, 99]));
    assert_held(&pass, "G16");
    assert_eq!(pass.only().people("archived"), 0);
    // One in the middle waits with them: removals are held, not only the tail.
    let (_, pass) = two_nights(&roster, &roster.without(&[50, 98, 99]));
    assert_held(&pass, "G16");
    assert_eq!(pass.only().people("archived"), 0);
}

#[test]
fn g16_nine_in_a_row_flow_and_ten_wait() {
    let roster = Roster::students(400);
    let (_, pass) = two_nights(&roster, &roster.without(&(100..109).collect::<Vec<_>>()));
    assert_flows(&pass);
    let (_, pass) = two_nights(&roster, &roster.without(&(100..110).collect::<Vec<_>>()));
    assert_held(&pass, "G16");
    assert!(!pass.only().holds("G02"), "{pass:?}");
}

#[test]
fn g16_counts_rejected_rows_of_the_reference_too() {
    // The last row is rejected every night: it is still there, so nobody but one is missing from the tail.
    let roster = Roster::students(100).and([student(150).with("role", "wizard")]);
    let rosterd = TestRosterd::new();
    rosterd.night(&roster).expect_code(3);
    let pass = rosterd.night(&roster.without(&[98, 99])).expect_code(3);
    assert_eq!((pass.only().people("archived"), pass.only().held_rules().len()), (2, 0));
}
