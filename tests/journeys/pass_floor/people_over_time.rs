//! One file or two, the next file, people who go and come back, new addresses, new roles.

use crate::support::{Roster, TestRosterd, spread, student, teacher};

#[test]
fn one_file_with_everybody() {
    let rosterd = TestRosterd::new();
    let pass = rosterd.night(&Roster::school(60, 10)).expect_code(0);
    let report = pass.only();
    assert_eq!((report.verdict(), report.state(), report.rows("created")), ("accepted", "completed", 70));
    let people = rosterd.people("active");
    assert_eq!(people.iter().filter(|person| person.role() == "student").count(), 60);
    assert_eq!(people.iter().filter(|person| person.role() == "teacher").count(), 10);
}

#[test]
fn one_file_of_students_and_one_of_adults() {
    let (students, adults) = (Roster::students(60), Roster::default().and((0..10).map(teacher)));
    let rosterd = TestRosterd::new();
    rosterd.drop("students.csv", &students.csv());
    rosterd.drop("adults.csv", &adults.csv());
    let pass = rosterd.sync().expect_code(0);
    assert_eq!((pass.only().deliveries().len(), pass.only().people("created")), (2, 70));
    rosterd.days(1);

    // Either file alone says nothing about the people of the other.
    let pass = rosterd.night_of("adults.csv", &adults.set(3, "role", "staff").csv()).expect_code(0);
    assert_eq!((pass.only().absent("total"), pass.only().rows("updated")), (0, 1));
    assert_eq!(rosterd.active().len(), 70);
}

#[test]
fn the_same_name_replaces_the_earlier_file() {
    let rosterd = TestRosterd::new();
    let old = Roster::students(60);
    rosterd.drop("users.csv", &old.csv());
    rosterd.sync().expect_code(0);
    rosterd.days(1);
    let new = old.without(&[9, 33]).and([student(80)]);
    let pass = rosterd.night(&new).expect_code(0);
    let report = pass.only();
    assert_eq!((report.rows("unchanged"), report.rows("created"), report.people("archived")), (58, 1, 2));
    let mut expected: Vec<String> = new.rows.iter().map(|row| row.email.clone()).collect();
    let mut active: Vec<String> = rosterd.people("active").iter().map(|person| person.email().to_owned()).collect();
    expected.sort();
    active.sort();
    assert_eq!(active, expected);
}

#[test]
fn the_dropped_are_archived_with_their_history_and_come_back_as_themselves() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.person(&roster.rows[9].idnumber);

    let pass = rosterd.night(&roster.without(&[9])).expect_code(0);
    assert_eq!((pass.only().absent("archived"), pass.only().people("archived")), (1, 1));
    let archived = rosterd.person(&roster.rows[9].idnumber);
    assert_eq!((archived.guid(), archived.state()), (before.guid(), "archived"));
    assert!(archived.archived_at().is_some());
    assert_eq!((archived.family(), archived.email()), (before.family(), before.email()), "nothing is forgotten");
    assert_eq!(rosterd.people("archived").len(), 1);

    let pass = rosterd.night(&roster.clone().and([student(90)])).expect_code(0);
    assert_eq!((pass.only().rows("restored"), pass.only().rows("created")), (1, 1));
    let back = rosterd.person(&roster.rows[9].idnumber);
    assert_eq!((back.guid(), back.state(), back.archived_at()), (before.guid(), "active", None));
    assert_eq!(back.0["created_at"], before.0["created_at"]);
}

#[test]
fn a_new_address_with_an_id_number_is_the_same_person() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    let guid = rosterd.person(&roster.rows[9].idnumber).guid().to_owned();
    let pass = rosterd.night(&roster.set(9, "email", "new.nine@springfield.example.org")).expect_code(0);
    assert_eq!((pass.only().rows("updated"), pass.only().rows("created"), pass.only().people("archived")), (1, 0, 0));
    let nine = rosterd.person("new.nine@springfield.example.org");
    assert_eq!((nine.guid(), nine.state()), (guid.as_str(), "active"));
}

#[test]
fn a_new_address_without_an_id_number_is_a_new_person() {
    let roster = Roster::students(60).set(9, "idnumber", "");
    let rosterd = TestRosterd::loaded(&roster);
    let old = rosterd.person(&roster.rows[9].email).guid().to_owned();
    let pass = rosterd.night(&roster.set(9, "email", "new.nine@springfield.example.org"));
    assert_eq!((pass.only().rows("created"), pass.only().people("archived")), (1, 1));
    let new = rosterd.person("new.nine@springfield.example.org");
    assert_ne!(new.guid(), old);
    assert_eq!((new.state(), rosterd.person(&old).state()), ("active", "archived"));
    let listed = rosterd.show(pass.only().run()).0.to_string();
    assert!(listed.contains("rename-suspected"), "same name, one leaver, one newcomer: the merge is offered");
}

#[test]
fn a_person_without_an_id_number_is_known_by_address() {
    let blank: Vec<usize> = (0..60).collect();
    let roster = Roster::students(60).set_all(&blank, "idnumber", |_, _| String::new());
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.active();
    let file = roster.clone().set(4, "gradyear", "2040").set(5, "email", &roster.rows[5].email.to_uppercase());
    let pass = rosterd.night(&file).expect_code(0);
    assert_eq!((pass.only().rows("updated"), pass.only().rows("unchanged")), (1, 59));
    assert_eq!(rosterd.active(), before);
}

#[test]
fn a_role_edit_keeps_the_person() {
    let roster = Roster::school(60, 10);
    let rosterd = TestRosterd::loaded(&roster);
    let (student, teacher) = (roster.rows[9].clone(), roster.rows[65].clone());
    let guid = |row: &crate::support::Row| rosterd.person(&row.email).guid().to_owned();
    let guids = [guid(&student), guid(&teacher)];

    let pass = rosterd.night(&roster.set(9, "role", "staff").set(65, "role", "admin")).expect_code(0);

    assert_eq!((pass.only().rows("updated"), pass.only().rows("created"), pass.only().people("archived")), (2, 0, 0));
    let (first, second) = (rosterd.person(&student.email), rosterd.person(&teacher.email));
    assert_eq!((first.guid(), first.role(), first.roles()), (guids[0].as_str(), "staff", vec!["staff"]));
    assert_eq!((second.guid(), second.role()), (guids[1].as_str(), "admin"));
}

#[test]
fn a_name_edit_keeps_the_person() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.person(&roster.rows[9].idnumber);
    rosterd.night(&roster.set(9, "lastname", "Married-Otherwise")).expect_code(0);
    let after = rosterd.person(before.guid());
    assert_eq!((after.family(), after.given(), after.state()), ("Married-Otherwise", before.given(), "active"));
}

#[test]
fn what_a_blank_or_missing_column_does_not_say_stays() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    let year = rosterd.person(&roster.rows[9].idnumber).grad_year();
    assert!(year.is_some());
    // A11: a blank cell.
    let pass = rosterd.night(&roster.clone().set(9, "gradyear", "")).expect_code(0);
    assert_eq!((pass.only().rows("unchanged"), pass.only().rows("updated")), (60, 0));
    assert_eq!(rosterd.person(&roster.rows[9].idnumber).grad_year(), year);
    // A12: no such column.
    let mut csv = String::from("firstname,lastname,email,role,status,idnumber\n");
    for row in &roster.rows {
        let cells = [&row.firstname, &row.lastname, &row.email, &row.role, &row.status, &row.idnumber];
        csv += &(cells.map(String::as_str).join(",") + "\n");
    }
    let pass = rosterd.night_of("users.csv", csv.as_bytes()).expect_code(0);
    assert_eq!((pass.only().rows("unchanged"), pass.only().rows("updated")), (60, 0));
    assert_eq!(rosterd.person(&roster.rows[9].idnumber).grad_year(), year);
}

#[test]
fn the_same_person_twice_in_a_file() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();
    // Exactly the same row: the first counts. Another name: neither does, and the person is protected.
    let twice = roster.clone().and([roster.rows[9].clone(), roster.rows[20].clone().with("lastname", "Otherwise")]);
    let pass = rosterd.night(&twice).expect_code(3);
    let report = pass.only();
    assert_eq!((report.skipped("duplicate-row"), report.rows("rejected"), report.rows("unchanged")), (1, 2, 59));
    assert_eq!(rosterd.outcome(report.run(), 63).outcome, "rejected:duplicate-conflict");
    assert_eq!(rosterd.outcome(report.run(), 22).outcome, "rejected:duplicate-conflict");
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn d03_a_row_that_stands_twice_is_a_duplicate_on_every_night() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    let far = roster.clone().and([roster.rows[9].clone()]);
    let mut near = roster.clone();
    near.rows.insert(10, roster.rows[9].clone());
    for file in [&far, &far, &near, &near, &far] {
        let report = rosterd.night(file).expect_code(0);
        assert_eq!((report.only().skipped("duplicate-row"), report.only().rows("unchanged")), (1, 60));
    }
}

#[test]
fn two_numbers_with_one_address_are_both_rejected_and_the_holder_is_protected() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();
    let sibling = student(90).with("email", &roster.rows[9].email);
    let pass = rosterd.night(&roster.and([sibling])).expect_code(3);
    assert_eq!((pass.only().rows("rejected"), pass.only().rows("created")), (2, 0));
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn rejected_rows_protect_their_people() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();
    let file = roster
        .set(3, "role", "wizard")
        .set(4, "email", "x@elsewhere.example.com")
        .set(6, "email", "")
        .set(8, "status", "perhaps")
        .set(10, "firstname", "");
    let pass = rosterd.night(&file).expect_code(3);
    assert_eq!((pass.only().rows("rejected"), pass.only().rows("unchanged")), (5, 55));
    assert_eq!((pass.only().people("archived"), pass.only().absent("archived")), (0, 0));
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn a_small_leave_flows_and_a_large_one_waits() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let pass = rosterd.night(&roster.without(&spread(5, 100))).expect_code(0);
    assert_eq!(pass.only().people("archived"), 5);
    let pass = rosterd.night(&roster.without(&spread(40, 100))).expect_code(4);
    assert_eq!((pass.only().state(), pass.only().people("archived")), ("held", 0));
}
