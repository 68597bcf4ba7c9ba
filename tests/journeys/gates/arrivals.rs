//! Gates on people who arrive: G05, G12, G15, and the creates that look like somebody else (G08).

use super::{assert_flows, assert_held, two_nights};
use crate::support::{Pass, Roster, Row, TestRosterd, admin, spread, student};

fn newcomers(count: usize) -> impl Iterator<Item = Row> {
    (1000..1000 + count).map(student)
}

#[test]
fn g05_more_than_fifty_and_a_quarter() {
    // 51 for 200 people: 25.5 %.
    let roster = Roster::students(200);
    let file = roster.clone().set(3, "gradyear", "2040").and(newcomers(51));
    let (rosterd, pass) = two_nights(&roster, &file);
    assert_held(&pass, "G05");
    assert_eq!((pass.only().people("created"), pass.only().rows("held"), pass.only().rows("updated")), (0, 51, 1));
    assert_eq!(rosterd.active().len(), 200);
    // Fifty; and 51 for 204 people, which are a quarter.
    for (people, count) in [(200, 50), (204, 51)] {
        let roster = Roster::students(people);
        let (_, pass) = two_nights(&roster, &roster.clone().and(newcomers(count)));
        assert_flows(&pass);
        assert_eq!(pass.only().people("created"), count as u64);
    }
}

#[test]
fn g05_does_not_hold_ordinary_removals() {
    let roster = Roster::students(200);
    let (_, pass) = two_nights(&roster, &roster.without(&[20, 100]).and(newcomers(51)));
    assert_held(&pass, "G05");
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (0, 2));
}

/// 25 of 100 students are archived (approved) and come back so many days later, `back` of them.
fn long_gone(back: usize, days: i64) -> (TestRosterd, Pass) {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let gone = spread(25, 100);
    let pass = rosterd.night(&roster.without(&gone));
    rosterd.approve(pass.only().run(), &[]);
    assert_eq!(rosterd.active().len(), 75);
    rosterd.days(days);
    let pass = rosterd.night(&roster.without(&gone[back..]).and([student(150)]));
    (rosterd, pass)
}

#[test]
fn g12_many_people_archived_long_ago_come_back() {
    let (rosterd, pass) = long_gone(21, 205);
    assert_held(&pass, "G12");
    assert_eq!((pass.only().people("restored"), pass.only().people("created")), (0, 1), "only they wait");
    assert_eq!(rosterd.active().len(), 76);
    rosterd.approve(pass.only().run(), &[]);
    assert_eq!(rosterd.active().len(), 97);
}

#[test]
fn g12_twenty_or_of_this_year() {
    for (back, days) in [(20, 205), (21, 190)] {
        let (_, pass) = long_gone(back, days);
        assert_flows(&pass);
        assert_eq!(pass.only().people("restored"), back as u64, "{back} after {days} days");
    }
}

#[test]
fn g15_many_new_admins() {
    // Four beside one.
    let roster = Roster::school(60, 6).and([admin(0)]);
    let (rosterd, pass) = two_nights(&roster, &roster.clone().and((1..5).map(admin)).and([student(70)]));
    assert_held(&pass, "G15");
    assert_eq!(pass.only().people("created"), 1, "only the admins wait");
    assert_eq!(rosterd.people("active").iter().filter(|person| person.role() == "admin").count(), 1);

    // A role raised to admin counts like a new one.
    let raised = roster.clone().set_all(&[60, 61, 62, 63], "role", |_, _| "admin".into());
    let (rosterd, pass) = two_nights(&roster, &raised);
    assert_held(&pass, "G15");
    assert_eq!(rosterd.people("active").iter().filter(|person| person.role() == "admin").count(), 1);
}

#[test]
fn g15_three_new_ones_or_no_more_than_double() {
    for (before, new) in [(1, 3), (4, 4)] {
        let roster = Roster::school(60, 6).and((0..before).map(admin));
        let (_, pass) = two_nights(&roster, &roster.clone().and((before..before + new).map(admin)));
        assert_flows(&pass);
        assert_eq!(pass.only().people("created"), new as u64);
    }
}

/// So many of 100 students come with a new number and a new address, but the name and the grade year they had.
fn renumbered(count: usize) -> (TestRosterd, Pass) {
    let roster = Roster::students(100);
    let changed = spread(count, 100);
    let file = roster.clone().set_all(&changed, "idnumber", |at, _| format!("{}", 880_000 + at)).set_all(
        &changed,
        "email",
        |at, _| format!("pupil{at}@springfield.example.org"),
    );
    two_nights(&roster, &file)
}

#[test]
fn g08_new_people_who_look_like_the_leavers() {
    let (rosterd, pass) = renumbered(6);
    assert_held(&pass, "G08");
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (0, 0), "both halves wait");
    assert_eq!(rosterd.people("all").len(), 100);

    let (_, pass) = renumbered(5);
    assert!(!pass.only().holds("G08"), "{pass:?}");
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (5, 5));
}

#[test]
fn g08_above_a_fifth_of_the_feed_everything_waits() {
    let roster = Roster::students(100);
    let changed = spread(21, 100);
    let file = roster
        .clone()
        .set_all(&changed, "idnumber", |at, _| format!("{}", 880_000 + at))
        .set_all(&changed, "email", |at, _| format!("pupil{at}@springfield.example.org"))
        .set(99, "gradyear", "2040");
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();
    let pass = rosterd.night(&file);
    assert_held(&pass, "G08");
    pass.only().assert_no_writes();
    assert_eq!(rosterd.everybody(), before);
}

/// So many of 100 students lost the zeros in front of their numbers.
fn without_zeros(count: usize) -> Pass {
    let roster = Roster::students(100);
    let changed: Vec<usize> = spread(count, 98).into_iter().map(|at| at + 1).collect();
    let file = roster.clone().set_all(&changed, "idnumber", |_, row| row.idnumber.trim_start_matches('0').into());
    two_nights(&roster, &file).1
}

#[test]
fn g08_damaged_numbers() {
    let pass = without_zeros(6);
    assert_held(&pass, "G08");
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (0, 0));

    // Five are five rejected rows, each with the stored number; their people are protected.
    let pass = without_zeros(5);
    assert_eq!((pass.code, pass.only().held_rules().len()), (3, 0), "{pass:?}");
    assert_eq!((pass.only().rows("rejected"), pass.only().people("archived")), (5, 0));
    assert!(pass.only().findings().iter().any(|finding| finding["code"] == "number-damaged"));
}

#[test]
fn g08_the_same_addresses_under_other_numbers() {
    // K20: the feed itself claimed the old numbers, so nothing is matched; six of them are a re-key.
    let with = |count: usize| {
        let roster = Roster::students(100);
        let changed = spread(count, 100);
        let file = roster.clone().set_all(&changed, "idnumber", |at, _| format!("{}", 880_000 + at));
        two_nights(&roster, &file)
    };
    let (rosterd, pass) = with(6);
    assert_held(&pass, "G08");
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (0, 0));
    assert_eq!(rosterd.active().len(), 100);

    let (rosterd, pass) = with(5);
    assert!(!pass.only().holds("G08"), "{pass:?}");
    assert_eq!((pass.only().rows("held"), pass.only().people("created"), pass.only().people("archived")), (5, 0, 0));
    assert_eq!(rosterd.active().len(), 100);
}

#[test]
fn g08_at_the_first_delivery_of_another_feed() {
    // The same sixty people under a new file name, with new numbers and addresses: a baseline, but not sixty newcomers.
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    let everybody: Vec<usize> = (0..60).collect();
    let rekeyed = roster.set_all(&everybody, "idnumber", |at, _| format!("{}", 880_000 + at)).set_all(
        &everybody,
        "email",
        |at, _| format!("pupil{at}@springfield.example.org"),
    );
    let pass = rosterd.night_of("pupils.csv", &rekeyed.csv());
    assert_held(&pass, "G08");
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (0, 0));
    assert_eq!(rosterd.people("all").len(), 60);
}
