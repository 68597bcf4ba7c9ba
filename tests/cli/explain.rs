//! `explain`: why a person or a row is as it is.

use crate::support::{Roster, TestRosterd};

#[test]
fn a_person_by_any_key() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::loaded(&roster);
    let person = rosterd.person(&roster.rows[3].idnumber);
    for key in [person.guid(), &roster.rows[3].idnumber, &roster.rows[3].email] {
        let told = rosterd.explain(key).to_string();
        assert!(told.contains(person.guid()), "{told}");
        assert!(told.contains("users.csv"), "the evidence is named: {told}");
    }
}

#[test]
fn an_archived_person() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::loaded(&roster);
    rosterd.night(&roster.without(&[3])).expect_code(0);
    let told = rosterd.explain(&roster.rows[3].idnumber).to_string();
    assert!(told.contains("P31") && told.contains("absent-from-file"), "{told}");
}

#[test]
fn a_person_archived_by_hand() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::loaded(&roster);
    rosterd.people_command("archive", &roster.rows[3].idnumber, &[]);
    rosterd.night(&roster.set(9, "gradyear", "2040")).expect_code(0);
    let told = rosterd.explain(&Roster::students(40).rows[3].idnumber).to_string();
    assert!(told.contains("P02"), "{told}");
}

#[test]
fn a_row_of_a_run() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::loaded(&roster);
    let pass =
        rosterd.night(&roster.set(3, "email", "x@elsewhere.example.com").set(5, "gradyear", "2040")).expect_code(3);
    let run = pass.only().run();
    let rejected = rosterd.explain(&format!("{run}:users.csv:5")).to_string();
    assert!(rejected.contains("email-domain") && rejected.contains("A03"), "{rejected}");
    let updated = rosterd.explain(&format!("{run}:users.csv:7")).to_string();
    assert!(updated.contains("updated") && updated.contains("P17"), "{updated}");
}

#[test]
fn what_does_not_exist() {
    let rosterd = TestRosterd::loaded(&Roster::students(20));
    for what in ["nobody@springfield.example.org", "00000000-0000-7000-8000-000000000000:users.csv:2"] {
        let answer = rosterd.run(&["explain", what]);
        assert_ne!(answer.code, 0, "{what}: {answer:?}");
        assert!(!answer.stderr.trim().is_empty());
    }
}
