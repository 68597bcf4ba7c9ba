//! Several feeds of one source, and several districts: scenarios 18, 25, 27 and 29.

use crate::support::{Pass, Roster, TestRosterd, student, teacher};

fn adults(n: usize) -> Roster {
    Roster::default().and((0..n).map(teacher))
}

/// `students.csv` and `adults.csv`, both taken.
fn two_feeds(confirmations: u32, students: usize) -> (TestRosterd, Roster, Roster) {
    let rosterd = TestRosterd::builder().students_and_adults().confirmations(confirmations).build();
    let (pupils, grown) = (Roster::students(students), adults(20));
    let pass = both(&rosterd, &pupils, &grown);
    assert_eq!((pass.code, pass.only().people("created")), (0, students as u64 + 20), "{pass:?}");
    (rosterd, pupils, grown)
}

fn both(rosterd: &TestRosterd, students: &Roster, adults: &Roster) -> Pass {
    rosterd.drop("students.csv", &students.csv());
    rosterd.drop("adults.csv", &adults.csv());
    let pass = rosterd.sync();
    rosterd.days(1);
    pass
}

#[test]
fn scenario_18_student_file_one_night_late() {
    let (rosterd, students, adults) = two_feeds(1, 80);
    let before = rosterd.active();
    let number = students.rows[10].idnumber.clone();
    let guid = rosterd.person(&number).guid().to_owned();
    let hired = adults.and([students.rows[10].clone().with("role", "staff").with("gradyear", "")]);

    // The adults file is on time: both claims overlap.
    let pass = rosterd.night_of("adults.csv", &hired.csv()).expect_code(0);
    assert_eq!((pass.only().people("created"), pass.only().rows("updated")), (0, 1), "a class gained is an update");
    assert_eq!(rosterd.active(), before);

    // The student file comes a night later, without her: the student class ends, nobody is removed.
    let pass = both(&rosterd, &students.without(&[10]), &hired);
    assert_eq!((pass.code, pass.only().people("archived")), (0, 0), "{pass:?}");
    let moved = rosterd.person(&number);
    assert_eq!((moved.guid(), moved.state(), moved.role()), (guid.as_str(), "active", "staff"));
    assert_eq!(rosterd.active(), before);
}

#[test]
fn scenario_18_both_in_one_night_never_flaps() {
    let (rosterd, students, adults) = two_feeds(1, 80);
    let before = rosterd.active();
    let number = students.rows[10].idnumber.clone();
    let hired = adults.and([students.rows[10].clone().with("role", "staff").with("gradyear", "")]);

    let pass = both(&rosterd, &students.without(&[10]), &hired);

    let report = pass.only();
    assert_eq!((pass.code, report.people("archived"), report.people("created")), (0, 0, 0));
    assert_eq!((report.people("restored"), report.rows("updated")), (0, 1));
    assert_eq!(rosterd.person(&number).roles(), ["staff"]);
    assert_eq!(rosterd.active(), before);
}

#[test]
fn scenario_18_lost_a_night_earlier_and_two_confirmations() {
    let (rosterd, students, adults) = two_feeds(2, 80);
    let before = rosterd.active();
    let lost = students.without(&[10]);
    let hired = adults.clone().and([students.rows[10].clone().with("role", "staff").with("gradyear", "")]);

    let pass = both(&rosterd, &lost, &adults);
    assert_eq!(pass.only().people("archived"), 0, "one absence is not enough");
    assert_eq!(rosterd.active(), before);

    let pass = both(&rosterd, &lost, &hired);
    assert_eq!((pass.only().people("archived"), pass.only().people("restored")), (0, 0));
    assert_eq!(rosterd.person(&students.rows[10].idnumber).roles(), ["staff"]);
    assert_eq!(rosterd.active(), before);
}

#[test]
fn scenario_18_lost_a_night_earlier_and_one_confirmation() {
    let (rosterd, students, adults) = two_feeds(1, 80);
    let before = rosterd.active();
    let lost = students.without(&[10]);
    let hired = adults.clone().and([students.rows[10].clone().with("role", "staff").with("gradyear", "")]);

    let pass = both(&rosterd, &lost, &adults);
    assert_eq!((pass.code, pass.only().people("archived")), (0, 1));

    let pass = both(&rosterd, &lost, &hired);
    assert_eq!((pass.only().people("restored"), pass.only().people("created")), (1, 0));
    assert_eq!(rosterd.active(), before, "restored as herself");
}

/// Six per-school files of twenty students each, students 0-19 in school 101's, and so on.
fn six_schools() -> (TestRosterd, Vec<Roster>) {
    let rosterd = TestRosterd::new();
    let files: Vec<Roster> =
        (0..6).map(|school| Roster { rows: (0..20).map(|i| student(school * 20 + i)).collect() }).collect();
    let pass = deliver(&rosterd, &files);
    assert_eq!((pass.code, pass.only().people("created")), (0, 120), "{pass:?}");
    (rosterd, files)
}

fn deliver(rosterd: &TestRosterd, files: &[Roster]) -> Pass {
    for (school, file) in files.iter().enumerate() {
        rosterd.drop(&format!("students_10{}.csv", school + 1), &file.csv());
    }
    let pass = rosterd.sync();
    rosterd.days(1);
    pass
}

#[test]
fn scenario_25_a_student_moves_between_per_school_files() {
    let (rosterd, mut files) = six_schools();
    let before = rosterd.active();
    let mover = files[0].rows[8].clone();
    files[0] = files[0].without(&[8]);
    files[1] = files[1].clone().and([mover]);

    let pass = deliver(&rosterd, &files);

    let report = pass.only();
    assert_eq!(
        (pass.code, report.people("archived"), report.people("created"), report.people("restored")),
        (0, 0, 0, 0)
    );
    assert_eq!(report.deliveries().len(), 6);
    assert_eq!(report.absent("archived"), 0);
    assert_eq!(rosterd.active(), before);
}

#[test]
fn scenario_25_the_new_schools_file_comes_a_night_later() {
    let (rosterd, files) = six_schools();
    let before = rosterd.active();
    let mover = files[0].rows[8].clone();

    // School 102 holds students too and has not delivered since: her absence from 101's file is not proven (S6).
    let pass = rosterd.night_of("students_101.csv", &files[0].without(&[8]).csv());
    assert_eq!(pass.only().people("archived"), 0);
    assert_eq!(rosterd.active(), before);

    let pass = rosterd.night_of("students_102.csv", &files[1].clone().and([mover]).csv());
    assert_eq!((pass.only().people("archived"), pass.only().people("created")), (0, 0));
    assert_eq!(rosterd.active(), before);
}

#[test]
fn scenario_25_a_teacher_in_two_files_stays_while_one_lists_them() {
    let rosterd = TestRosterd::new();
    let (first, second) = (adults(10), Roster::default().and((9..20).map(teacher)));
    rosterd.drop("adults_101.csv", &first.csv());
    rosterd.drop("adults_102.csv", &second.csv());
    let pass = rosterd.sync().expect_code(0);
    assert_eq!(pass.only().people("created"), 20, "one person, though in two files");
    rosterd.days(1);
    let before = rosterd.active();

    rosterd.drop("adults_101.csv", &first.without(&[9]).csv());
    rosterd.drop("adults_102.csv", &second.csv());
    let pass = rosterd.sync().expect_code(0);

    let report = pass.only();
    assert_eq!((report.absent("total"), report.absent("still_claimed"), report.people("archived")), (1, 1, 0));
    assert_eq!(rosterd.active(), before);
}

#[test]
fn scenario_27_two_districts_files_under_the_wrong_names() {
    let rosterd = TestRosterd::builder().district("shelby").build();
    let ours = Roster::students(40);
    let everybody: Vec<usize> = (0..40).collect();
    let theirs = Roster { rows: (40..80).map(student).collect() }
        .set_all(&everybody, "email", |_, row| row.email.replace("springfield", "shelby"));
    rosterd.drop("users.csv", &ours.csv());
    rosterd.drop_in("shelby", "users.csv", &theirs.csv());
    assert_eq!(rosterd.sync().expect_code(0).reports.len(), 2);
    rosterd.days(1);
    let before = (rosterd.everybody(), rosterd.people_of("shelby", "all"));

    rosterd.drop("users.csv", &theirs.csv());
    rosterd.drop_in("shelby", "users.csv", &ours.csv());
    let pass = rosterd.sync().expect_code(5);

    assert_eq!(pass.reports.len(), 2, "a district is a run of its own");
    for report in &pass.reports {
        assert_eq!((report.verdict(), report.rows("created"), report.people("archived")), ("foreign", 0, 0));
        let seen = if report.district() == "shelby" { "springfield.example.org" } else { "shelby.example.org" };
        assert!(report.0.to_string().contains(seen), "the domain seen is named: {report:?}");
    }
    assert_eq!((rosterd.everybody(), rosterd.people_of("shelby", "all")), before);
}

#[test]
fn scenario_29_twelve_students_beside_an_adults_file() {
    let (rosterd, students, adults) = two_feeds(1, 12);

    // Five of the twelve: held, though they are few against the 32 people of the district.
    let pass = both(&rosterd, &students.without(&[1, 3, 5, 7, 9]), &adults);
    let report = pass.only();
    assert_eq!((pass.code, report.people("active_before"), report.people("active_after")), (4, 32, 32));
    assert!(report.holds("G02"), "{report:?}");
    assert_eq!((report.absent("total"), report.absent("archived")), (5, 0));

    // All five return, and two siblings leave.
    both(&rosterd, &students.clone().set(0, "gradyear", "2040"), &adults);
    let pass = both(&rosterd, &students.without(&[4, 5]), &adults);
    assert_eq!((pass.code, pass.only().people("archived"), pass.only().people("active_after")), (0, 2, 30));
}
