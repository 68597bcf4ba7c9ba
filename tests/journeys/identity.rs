//! Which person is this row? One story a rule of the identity table, as far as a Securly Pass file can tell it.

use crate::support::{Outcome, Roster, Row, TestRosterd, spread, student};

/// Sixty students taken as `users.csv`.
fn sixty() -> (TestRosterd, Roster) {
    let roster = Roster::students(60);
    (TestRosterd::loaded(&roster), roster)
}

/// The first rows of `users.csv` and one row more, as another file of the source; gives what became of that row.
fn in_another_file(rosterd: &TestRosterd, row: &Row) -> Outcome {
    let rows = vec![student(40), student(41), student(42), row.clone()];
    let pass = rosterd.night_of("bus.csv", &Roster { rows }.csv());
    assert_eq!(pass.only().people("archived"), 0);
    rosterd.outcome(pass.only().run(), 5)
}

#[test]
fn k02_a_sibling_under_the_same_number_needs_the_same_grade_year() {
    // Given name and address are another's; only the family name agrees.
    let (rosterd, roster) = sixty();
    let sibling = |year: &str| {
        let file = roster.clone().set(9, "firstname", "Wilhelmina").set(9, "email", "w.9@springfield.example.org");
        file.set(9, "gradyear", year)
    };
    let before = rosterd.everybody();
    let pass = rosterd.night(&sibling("2045")).expect_code(3);
    let row = rosterd.outcome(pass.only().run(), 11);
    assert_eq!((row.outcome.as_str(), row.rule.as_str()), ("held:review", "K02"));
    assert_eq!(rosterd.everybody(), before);

    let pass = rosterd.night(&sibling(&roster.rows[9].gradyear)).expect_code(0);
    assert_eq!((pass.only().rows("updated"), pass.only().rows("created")), (1, 0));
    assert_eq!(rosterd.person(&roster.rows[9].idnumber).given(), "Wilhelmina");
}

#[test]
fn k05_an_address_of_somebody_archived_is_free_to_take() {
    let (rosterd, roster) = sixty();
    let rest = roster.without(&[20]);
    rosterd.night(&rest).expect_code(0);
    let pass = rosterd.night(&rest.set(9, "email", &roster.rows[20].email)).expect_code(0);
    assert_eq!((pass.only().rows("updated"), pass.only().people("restored")), (1, 0));
    assert_eq!(rosterd.person(&roster.rows[9].idnumber).email(), roster.rows[20].email);
    let old = rosterd.person(&roster.rows[20].idnumber);
    assert_eq!(old.state(), "archived");
    assert_eq!(rosterd.person(&roster.rows[20].email).number(), Some(roster.rows[9].idnumber.as_str()));
}

#[test]
fn k06_a_rotation_of_seven() {
    // I19: exactly the moved people are updates.
    let (rosterd, roster) = sixty();
    let before = rosterd.active();
    let ring: Vec<usize> = (10..17).collect();
    let turned = roster.clone().set_all(&ring, "email", |at, _| roster.rows[10 + (at - 9) % 7].email.clone());
    let pass = rosterd.night(&turned).expect_code(0);
    assert_eq!((pass.only().rows("updated"), pass.only().rows("unchanged")), (7, 53));
    for at in ring {
        assert_eq!(rosterd.person(&roster.rows[at].idnumber).email(), turned.rows[at].email);
    }
    assert_eq!(rosterd.active(), before);
}

#[test]
fn k07_an_address_of_somebody_who_leaves_tonight() {
    let (rosterd, roster) = sixty();
    let file = roster.clone().set(9, "email", &roster.rows[20].email).without(&[20]);
    let pass = rosterd.night(&file).expect_code(0);
    assert_eq!((pass.only().rows("updated"), pass.only().people("archived")), (1, 1));
    assert_eq!(rosterd.person(&roster.rows[9].idnumber).email(), roster.rows[20].email);
    assert_eq!(rosterd.person(&roster.rows[20].idnumber).state(), "archived");
}

#[test]
fn k07_waits_with_a_held_removal_and_its_other_fields_do_not() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let missing = spread(6, 100);
    let wanted = &roster.rows[missing[2]].email;
    let file = roster.clone().set(50, "email", wanted).set(50, "gradyear", "2045").without(&missing);

    let pass = rosterd.night(&file).expect_code(4);
    let fifty = rosterd.person(&roster.rows[50].idnumber);
    assert_eq!((fifty.email(), fifty.grad_year()), (roster.rows[50].email.as_str(), Some(2045)));
    let hold = pass.only().0["held"].as_array().unwrap().iter().find(|hold| hold["rule"] == "G02").unwrap();
    assert!(hold["waits_for_it"].as_u64().unwrap() >= 1, "the hold says who waits: {hold}");

    rosterd.approve(pass.only().run(), &[]).expect_code(0);
    assert_eq!(rosterd.person(&roster.rows[50].idnumber).email(), wanted);
    assert_eq!(rosterd.active().len(), 94);
}

#[test]
fn k08_an_address_that_its_holder_keeps() {
    let (rosterd, roster) = sixty();
    let before = rosterd.everybody();
    // In another file, so that the two rows are no group of one delivery.
    let row = in_another_file(&rosterd, &roster.rows[9].clone().with("email", &roster.rows[20].email));
    assert_eq!((row.outcome.as_str(), row.rule.as_str()), ("rejected:email-in-use", "K08"));
    let (nine, twenty) = (&roster.rows[9], &roster.rows[20]);
    assert_eq!(rosterd.person(&nine.idnumber).email(), nine.email);
    assert_eq!(rosterd.person(&twenty.idnumber).email(), twenty.email);
    assert_eq!(rosterd.everybody().len(), before.len());
}

#[test]
fn k12_somebody_else_under_an_archived_number() {
    let (rosterd, roster) = sixty();
    rosterd.night(&roster.without(&[20])).expect_code(0);
    let before = rosterd.everybody();
    let stranger = student(500).with("idnumber", &roster.rows[20].idnumber);
    let pass = rosterd.night(&roster.without(&[20]).and([stranger])).expect_code(3);
    assert_eq!((pass.only().rows("held"), pass.only().rows("created"), pass.only().rows("restored")), (1, 0, 0));
    assert_eq!(rosterd.outcome(pass.only().run(), 61).outcome, "held:review");
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn k16_a_newcomer_gets_an_address_that_is_released() {
    let (rosterd, roster) = sixty();
    let guid = rosterd.person(&roster.rows[9].idnumber).guid().to_owned();
    let newcomer = student(500).with("email", &roster.rows[9].email);
    let file = roster.clone().set(9, "email", "nine@springfield.example.org").and([newcomer]);
    let pass = rosterd.night(&file).expect_code(0);
    assert_eq!((pass.only().rows("created"), pass.only().rows("updated"), pass.only().people("archived")), (1, 1, 0));
    let nine = rosterd.person(&roster.rows[9].idnumber);
    assert_eq!((nine.guid(), nine.email()), (guid.as_str(), "nine@springfield.example.org"));
    assert_eq!(rosterd.person(&student(500).idnumber).email(), roster.rows[9].email);
}

#[test]
fn k17_a_row_gains_a_number() {
    let roster = Roster::students(60).set(9, "idnumber", "");
    let rosterd = TestRosterd::loaded(&roster);
    let guid = rosterd.person(&roster.rows[9].email).guid().to_owned();
    let pass = rosterd.night(&roster.clone().set(9, "idnumber", "770009")).expect_code(0);
    assert_eq!((pass.only().rows("updated"), pass.only().rows("created"), pass.only().people("archived")), (1, 0, 0));
    let nine = rosterd.person("770009");
    assert_eq!((nine.guid(), nine.email()), (guid.as_str(), roster.rows[9].email.as_str()));
}

#[test]
fn k18_a_number_and_the_address_of_somebody_without_one() {
    let roster = Roster::students(60).set(9, "idnumber", "");
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();
    let row = in_another_file(&rosterd, &student(500).with("email", &roster.rows[9].email));
    assert_eq!((row.outcome.as_str(), row.rule.as_str()), ("held:review", "K18"));
    assert_eq!(rosterd.everybody().len(), before.len());
    assert_eq!(rosterd.person(&roster.rows[9].email).family(), roster.rows[9].lastname);
}

#[test]
fn k19_the_same_person_under_another_number_in_another_file() {
    let (rosterd, roster) = sixty();
    let guid = rosterd.person(&roster.rows[9].idnumber).guid().to_owned();
    let row = in_another_file(&rosterd, &roster.rows[9].clone().with("idnumber", "770009"));
    assert_eq!(row.rule, "K19", "{row:?}");
    assert_eq!(rosterd.active().len(), 60);
    let nine = rosterd.person(&roster.rows[9].email);
    assert_eq!(nine.guid(), guid);
    let mut numbers: Vec<&str> = nine.0["numbers"].as_array().unwrap().iter().filter_map(|n| n.as_str()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [roster.rows[9].idnumber.as_str(), "770009"]);
}

#[test]
fn k21_a_newcomer_under_the_address_of_somebody_who_leaves_tonight() {
    let (rosterd, roster) = sixty();
    let old = rosterd.person(&roster.rows[20].idnumber).guid().to_owned();
    let newcomer = student(500).with("email", &roster.rows[20].email);
    let pass = rosterd.night(&roster.without(&[20]).and([newcomer])).expect_code(0);
    assert_eq!((pass.only().rows("created"), pass.only().people("archived")), (1, 1));
    let new = rosterd.person(&student(500).idnumber);
    assert_eq!((new.email(), new.state()), (roster.rows[20].email.as_str(), "active"));
    assert_ne!(new.guid(), old);
    assert_eq!(rosterd.person(&old).state(), "archived");
}

#[test]
fn k21_waits_for_the_held_removal() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let missing = spread(6, 100);
    let newcomer = student(500).with("email", &roster.rows[missing[2]].email);
    let file = roster.without(&missing).and([newcomer.clone(), student(501)]);

    let pass = rosterd.night(&file).expect_code(4);
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (1, 0), "501 waits for nobody");
    assert_eq!(rosterd.outcome(pass.only().run(), 96).outcome, "held:dependency");

    let pass = rosterd.approve(pass.only().run(), &[]).expect_code(0);
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (1, 6));
    assert_eq!(rosterd.person(&newcomer.idnumber).email(), newcomer.email);
}

#[test]
fn k22_a_newcomer_under_an_address_that_its_holder_keeps() {
    let (rosterd, roster) = sixty();
    let row = in_another_file(&rosterd, &student(500).with("email", &roster.rows[9].email));
    assert_eq!((row.outcome.as_str(), row.rule.as_str()), ("rejected:email-in-use", "K22"));
    assert_eq!(rosterd.people("all").len(), 60);
}

#[test]
fn k23_somebody_archived_without_a_number_returns_with_one() {
    let roster = Roster::students(60).set(9, "idnumber", "");
    let rosterd = TestRosterd::loaded(&roster);
    let guid = rosterd.person(&roster.rows[9].email).guid().to_owned();
    rosterd.night(&roster.without(&[9])).expect_code(0);
    assert_eq!(rosterd.person(&guid).state(), "archived");
    let pass = rosterd.night(&roster.set(9, "idnumber", "770009")).expect_code(0);
    assert_eq!((pass.only().rows("restored"), pass.only().rows("created")), (1, 0));
    assert_eq!((rosterd.person("770009").guid(), rosterd.person("770009").state()), (guid.as_str(), "active"));
}

#[test]
fn k24_a_stranger_under_an_archived_address_is_a_new_person() {
    let (rosterd, roster) = sixty();
    let old = rosterd.person(&roster.rows[20].idnumber).guid().to_owned();
    rosterd.night(&roster.without(&[20])).expect_code(0);
    let stranger = student(500).with("email", &roster.rows[20].email);
    let pass = rosterd.night(&roster.without(&[20]).and([stranger])).expect_code(0);
    assert_eq!((pass.only().rows("created"), pass.only().rows("restored")), (1, 0));
    let new = rosterd.person(&student(500).idnumber);
    assert_ne!(new.guid(), old);
    assert_eq!((new.email(), rosterd.person(&old).state()), (roster.rows[20].email.as_str(), "archived"));
}

#[test]
fn k30_and_k31_without_a_number_the_name_decides_about_the_archived() {
    let roster = Roster::students(60).set(9, "idnumber", "");
    let rosterd = TestRosterd::loaded(&roster);
    let guid = rosterd.person(&roster.rows[9].email).guid().to_owned();
    let rest = roster.without(&[9]);
    rosterd.night(&rest).expect_code(0);

    // Another name: re-use cannot be told from a name change.
    let stranger = student(500).with("idnumber", "").with("email", &roster.rows[9].email);
    let pass = rosterd.night(&rest.clone().and([stranger])).expect_code(3);
    let row = rosterd.outcome(pass.only().run(), 61);
    assert_eq!((row.outcome.as_str(), row.rule.as_str()), ("held:review", "K31"));
    assert_eq!((rosterd.person(&guid).state(), rosterd.people("all").len()), ("archived", 60));

    // The same name: restored.
    let pass = rosterd.night(&rest.and([roster.rows[9].clone()])).expect_code(0);
    assert_eq!((pass.only().rows("restored"), pass.only().rows("created")), (1, 0));
    assert_eq!((rosterd.person(&guid).state(), rosterd.active().len()), ("active", 60));
}

#[test]
fn numbers_are_compared_exactly() {
    // Zeros in front are significant: 000009 and 9 are two numbers, here of two people.
    let (rosterd, roster) = sixty();
    let pass = rosterd.night(&roster.and([student(500).with("idnumber", "9")])).expect_code(0);
    assert_eq!(pass.only().rows("created"), 1);
    assert_ne!(rosterd.person("9").guid(), rosterd.person("000009").guid());
    assert_eq!(rosterd.person("9").family(), student(500).lastname);
}
