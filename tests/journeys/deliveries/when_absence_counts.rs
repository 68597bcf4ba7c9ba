//! Confirmations (S6), dark cells (S2, S3) and damaged rows (S7, G10).

use crate::support::{Roster, TestRosterd, spread, staff, teacher};

fn number(roster: &Roster, at: usize) -> String {
    roster.rows[at].idnumber.clone()
}

#[test]
fn s6_two_confirmations_lie_twelve_hours_apart() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::builder().confirmations(2).build().load(&roster);
    let gone = roster.without(&[9]);
    let file = |year: &str| gone.clone().set(30, "gradyear", year).csv();

    let at = |hours: i64, year: &str| {
        rosterd.drop("users.csv", &file(year));
        let pass = rosterd.sync();
        rosterd.hours(hours);
        pass.only().people("archived")
    };
    assert_eq!(at(11, "2041"), 0, "the first absence");
    assert_eq!(at(2, "2042"), 0, "eleven hours later is no second one");
    assert_eq!(rosterd.person(&number(&roster, 9)).state(), "active");
    assert_eq!(at(1, "2043"), 1, "thirteen hours later is");
    assert_eq!(rosterd.person(&number(&roster, 9)).state(), "archived");
}

#[test]
fn s6_confirm_after_is_a_setting() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::builder().confirmations(2).confirm_after("48h").build().load(&roster);
    let gone = roster.without(&[9]);
    let archived = |year: &str| rosterd.night(&gone.clone().set(30, "gradyear", year)).only().people("archived");
    assert_eq!((archived("2041"), archived("2042"), archived("2043")), (0, 0, 1));
}

#[test]
fn s6_identical_bytes_confirm_too() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::builder().confirmations(2).build().load(&roster);
    let gone = roster.without(&[9]);
    assert_eq!(rosterd.night(&gone).only().people("archived"), 0);
    let pass = rosterd.night(&gone);
    assert_eq!((pass.only().verdict(), pass.only().people("archived")), ("identical", 1));
}

#[test]
fn s6_a_scheduled_source_needs_two() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::builder().schedule("0 2 * * *").build().load(&roster);
    let gone = roster.without(&[9]);
    assert_eq!(rosterd.night(&gone).only().people("archived"), 0);
    assert_eq!(rosterd.night(&gone.set(30, "gradyear", "2041")).only().people("archived"), 1);
}

#[test]
fn s6_reappearing_cancels() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::builder().confirmations(2).build().load(&roster);
    let before = rosterd.active();
    rosterd.night(&roster.without(&[9]));
    rosterd.night(&roster.clone().set(30, "gradyear", "2041")).expect_code(0);
    let pass = rosterd.night(&roster.without(&[9]).set(30, "gradyear", "2042"));
    assert_eq!(pass.only().people("archived"), 0, "the count begins anew");
    assert_eq!(rosterd.active(), before);
}

#[test]
fn s2_a_whole_role_that_vanishes_is_dark_whatever_its_size() {
    let roster = Roster::students(60).and((0..2).map(staff)).and((0..5).map(teacher));
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.active();
    let pass = rosterd.night(&roster.without(&[60, 61])).expect_code(4);
    assert_eq!(pass.only().held_rules(), ["G04"], "{pass:?}");
    assert_eq!((pass.only().absent("archived"), pass.only().people("archived")), (0, 0));
    assert_eq!(rosterd.active(), before);
}

#[test]
fn s2_people_of_a_cell_who_are_seen_elsewhere_have_moved() {
    let roster = Roster::students(60).and((0..5).map(staff)).and((0..5).map(teacher));
    let rosterd = TestRosterd::loaded(&roster);
    let moved = roster.clone().set_all(&[60, 61, 62, 63, 64], "role", |_, _| "teacher".into());
    let pass = rosterd.night(&moved).expect_code(0);
    assert_eq!((pass.only().rows("updated"), pass.only().people("archived")), (5, 0));
    assert_eq!(rosterd.person(&number(&roster, 62)).role(), "teacher");
}

#[test]
fn s3_an_answer_about_a_dark_cell_is_remembered_until_it_is_seen() {
    let roster = Roster::students(60).and((0..8).map(teacher));
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.active();
    let adults = roster.without(&(0..60).collect::<Vec<_>>());
    let pass = rosterd.night(&adults).expect_code(4);
    rosterd.reject(pass.only().run());
    for year in ["2041", "2042"] {
        let other = adults.clone().set(2, "gradyear", year);
        let pass = rosterd.night(&other).expect_code(0);
        assert!(pass.only().held_rules().is_empty(), "{pass:?}");
        assert_eq!(rosterd.active(), before);
    }
}

/// The file without person 9, and so many rows (from position 20) with a cell too few.
fn damaged(roster: &Roster, rows: usize) -> Vec<u8> {
    let hit: Vec<String> = roster.rows[20..20 + rows].iter().map(|row| format!(",1,{}\n", row.idnumber)).collect();
    let mut text = String::from_utf8(roster.without(&[9]).csv()).unwrap();
    for cells in hit {
        let number = &cells[2..];
        text = text.replacen(&cells, number, 1);
    }
    text.into_bytes()
}

#[test]
fn g10_a_damaged_row_asks_for_one_more_confirmation() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let pass = rosterd.night_of("users.csv", &damaged(&roster, 1));
    assert_eq!((pass.only().rows("rejected"), pass.only().people("archived")), (1, 0), "{pass:?}");
    assert_eq!(rosterd.active().len(), 100);

    let pass = rosterd.night(&roster.without(&[9])).expect_code(0);
    assert_eq!(pass.only().people("archived"), 1);
    assert_eq!(rosterd.person(&number(&roster, 9)).state(), "archived");
}

#[test]
fn g10_many_damaged_rows_prove_nothing() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.active();
    let pass = rosterd.night_of("users.csv", &damaged(&roster, 4));
    assert_eq!((pass.only().rows("rejected"), pass.only().people("archived")), (4, 0), "{pass:?}");
    assert_eq!(rosterd.active(), before);
}

#[test]
fn g10_a_row_damaged_in_the_same_way_before_is_no_news() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::new();
    let whole = String::from_utf8(roster.csv()).unwrap();
    let cells = format!(",1,{}\n", roster.rows[20].idnumber);
    rosterd.night_of("users.csv", whole.replacen(&cells, &cells[2..], 1).as_bytes()).expect_code(3);
    let pass = rosterd.night_of("users.csv", &damaged(&roster, 1));
    assert_eq!((pass.only().rows("rejected"), pass.only().people("archived")), (1, 1), "{pass:?}");
}

#[test]
fn s1_nobody_is_archived_by_a_feed_that_never_claimed_them() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    // Another feed starts with half of the same people, then drops some of them: the first still lists them.
    let half = Roster { rows: roster.rows[..30].to_vec() };
    rosterd.night_of("bus.csv", &half.csv());
    let pass = rosterd.night_of("bus.csv", &half.without(&spread(3, 30)).csv());
    assert_eq!((pass.only().people("archived"), pass.only().absent("archived")), (0, 0));
    assert_eq!(rosterd.active().len(), 60);
}
