//! Gates on what changes about people who stay: G06, G07, G14.

use super::{assert_flows, assert_held, two_nights};
use crate::support::{Pass, Roster, TestRosterd, spread};

/// So many people of so many get a new address; one more person has another grade year.
fn new_addresses(people: usize, count: usize) -> (TestRosterd, Pass) {
    let roster = Roster::students(people);
    let file = roster
        .clone()
        .set_all(&spread(count, people), "email", |at, _| format!("pupil{at}@springfield.example.org"))
        .set(people - 1, "gradyear", "2040");
    two_nights(&roster, &file)
}

#[test]
fn g06_many_addresses_change_at_once() {
    // 21 of 400: 5.25 %.
    let (_, pass) = new_addresses(400, 21);
    assert_held(&pass, "G06");
    pass.only().assert_no_writes();
    // Twenty; and 21 of 420, which are 5 %.
    for (people, count) in [(400, 20), (420, 21)] {
        let (_, pass) = new_addresses(people, count);
        assert_flows(&pass);
        assert_eq!(pass.only().rows("updated"), count as u64 + 1);
    }
}

#[test]
fn g06_a_new_domain_for_everybody_holds_just_the_addresses() {
    let roster = Roster::students(100);
    let rosterd =
        TestRosterd::builder().email_domains(&["springfield.example.org", "k12.example.net"]).build().load(&roster);
    let everybody: Vec<usize> = (0..100).collect();
    let file = roster
        .clone()
        .set_all(&everybody, "email", |_, row| row.email.replace("springfield.example.org", "k12.example.net"))
        .set(20, "gradyear", "2040")
        .without(&[50]);

    let pass = rosterd.night(&file);

    assert_held(&pass, "G06");
    assert!(pass.only().0.to_string().contains("k12.example.net"), "old and new domain are named: {pass:?}");
    assert_eq!((pass.only().people("archived"), pass.only().people("created")), (1, 0), "other things flow");
    assert_eq!(rosterd.person(&roster.rows[20].idnumber).grad_year(), Some(2040));
    assert_eq!(rosterd.person(&roster.rows[20].idnumber).email(), roster.rows[20].email);

    rosterd.approve(pass.only().run(), &[]).expect_code(0);
    assert_eq!(rosterd.person(&roster.rows[20].idnumber).email(), file.rows[20].email);
    assert_eq!(rosterd.active().len(), 99);
}

#[test]
fn g06_a_first_number_is_no_change() {
    let numbers = Roster::students(400);
    let blank: Vec<usize> = spread(40, 400);
    let before = numbers.clone().set_all(&blank, "idnumber", |_, _| String::new());
    let (_, pass) = two_nights(&before, &numbers);
    assert_flows(&pass);
    assert_eq!((pass.only().rows("updated"), pass.only().people("created")), (40, 0), "K17: the number is adopted");
}

/// So many people of so many get a family name that has nothing to do with the old one.
fn other_names(people: usize, count: usize) -> Pass {
    let roster = Roster::students(people);
    let file = roster.clone().set_all(&spread(count, people), "lastname", |at, _| format!("Other{:03}wise", at));
    two_nights(&roster, &file).1
}

#[test]
fn g07_many_people_are_suddenly_called_otherwise() {
    // 11 of 400: 2.75 %.
    let pass = other_names(400, 11);
    assert_held(&pass, "G07");
    pass.only().assert_no_writes();
    // Ten; and 11 of 550, which are 2 %.
    for (people, count) in [(400, 10), (550, 11)] {
        let pass = other_names(people, count);
        assert_flows(&pass);
        assert_eq!(pass.only().rows("updated"), count as u64);
    }
}

#[test]
fn g07_a_name_that_grows_is_the_same_name() {
    let roster = Roster::students(400);
    let grown = roster.clone().set_all(&spread(30, 400), "lastname", |_, row| format!("{}-Lund", row.lastname));
    let (_, pass) = two_nights(&roster, &grown);
    assert_flows(&pass);
    assert_eq!(pass.only().rows("updated"), 30);
}

/// So many of so many people get a longer family name, and the last one another grade year.
fn longer_names(people: usize, count: usize) -> (TestRosterd, Roster, Pass) {
    let roster = Roster::students(people);
    let changed: Vec<usize> = (0..count).collect();
    let file = roster.clone().set_all(&changed, "lastname", |_, row| format!("{}-Lund", row.lastname)).set(
        people - 1,
        "gradyear",
        "2040",
    );
    let (rosterd, pass) = two_nights(&roster, &file);
    (rosterd, roster, pass)
}

#[test]
fn g14_one_field_changes_for_most_people() {
    // 21 of 40: 52.5 %.
    let (rosterd, roster, pass) = longer_names(40, 21);
    assert_held(&pass, "G14");
    assert_eq!(rosterd.person(&roster.rows[3].idnumber).family(), roster.rows[3].lastname, "that field waits");
    assert_eq!(rosterd.person(&roster.rows[39].idnumber).grad_year(), Some(2040), "other fields go in");
    // Twenty; and 21 of 42, which are half.
    for (people, count) in [(30, 20), (42, 21)] {
        let (rosterd, roster, pass) = longer_names(people, count);
        assert_flows(&pass);
        assert!(rosterd.person(&roster.rows[3].idnumber).family().ends_with("-Lund"));
    }
}
