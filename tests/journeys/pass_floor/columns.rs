//! The seven columns: header, role, e-mail, grade year, status.

use crate::support::{Report, Roster, TestRosterd, student, teacher};

/// Loads `n` students with one cell of the row at position 5 (line 7) changed; gives the report of that first load.
fn with_cell(column: &str, value: &str) -> (TestRosterd, Report, i32) {
    let rosterd = TestRosterd::new();
    let pass = rosterd.night(&Roster::students(40).set(5, column, value));
    (rosterd, pass.only().clone(), pass.code)
}

fn number() -> String {
    student(5).idnumber
}

/// The row on line 7 was rejected with this code, at this column; the others went in.
#[track_caller]
fn assert_rejected(report: &Report, code: i32, column: &str, reason: &str) {
    assert_eq!((code, report.state()), (3, "completed_with_errors"), "{report:?}");
    assert_eq!((report.rows("read"), report.rows("created"), report.rows("rejected")), (40, 39, 1));
    let found = report.findings_at(7);
    let finding = found.iter().find(|f| f["code"] == reason).unwrap_or_else(|| panic!("no `{reason}` in {found:?}"));
    assert_eq!((finding["severity"].as_str(), finding["column"].as_str()), (Some("error"), Some(column)));
    assert_eq!(finding["file"], "users.csv");
    assert!(finding["message"].as_str().is_some_and(|message| !message.is_empty()));
}

#[test]
fn the_header_is_exact_but_blind_to_case() {
    for header in [
        ["firstname", "lastname", "email", "role", "gradyear", "status", "idnumber"],
        ["FirstName", "LASTNAME", "Email", "Role", "GradYear", "STATUS", "IDNumber"],
    ] {
        let rosterd = TestRosterd::new();
        let pass = rosterd.night_of("users.csv", &Roster::school(20, 3).csv_with(&header)).expect_code(0);
        assert_eq!((pass.only().verdict(), pass.only().people("created")), ("accepted", 23));
        assert_eq!(pass.only().deliveries()[0]["format"], "securly-pass");
    }
}

#[test]
fn another_spelling_of_the_header_is_refused_and_named() {
    for (header, wrong) in [
        (["first name", "lastname", "email", "role", "gradyear", "status", "idnumber"], "firstname"),
        (["firstname", "lastname", "e-mail", "role", "gradyear", "status", "idnumber"], "email"),
    ] {
        let rosterd = TestRosterd::new();
        let pass = rosterd.night_of("users.csv", &Roster::students(20).csv_with(&header)).expect_code(5);
        assert_eq!((pass.only().verdict(), pass.only().state()), ("failed", "failed"));
        assert_eq!(rosterd.people("all").len(), 0);
        assert!(pass.only().0.to_string().contains(wrong), "the nearest header `{wrong}` is named: {pass:?}");
    }
}

#[test]
fn a_mark_of_byte_order_and_windows_line_ends_are_no_matter() {
    let plain = String::from_utf8(Roster::school(20, 3).csv()).unwrap();
    let rosterd = TestRosterd::new();
    let pass =
        rosterd.night_of("users.csv", format!("\u{feff}{}", plain.replace('\n', "\r\n")).as_bytes()).expect_code(0);
    assert_eq!((pass.only().people("created"), pass.only().findings_at(1).len()), (23, 0));
}

#[test]
fn the_order_of_columns_is_no_matter() {
    let rosterd = TestRosterd::new();
    let mut csv = String::from("idnumber,status,gradyear,role,email,lastname,firstname\n");
    for row in Roster::students(20).rows {
        let cells = [row.idnumber, row.status, row.gradyear, row.role, row.email, row.lastname, row.firstname];
        csv += &(cells.join(",") + "\n");
    }
    rosterd.night_of("users.csv", csv.as_bytes()).expect_code(0);
    assert_eq!(rosterd.person(&student(7).idnumber).email(), student(7).email);
}

#[test]
fn the_order_of_rows_is_no_matter() {
    // I10. Neither who is who nor any gate may depend on it.
    let roster = Roster::school(60, 10);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();
    let mut turned = roster;
    turned.rows.reverse();
    let pass = rosterd.night(&turned).expect_code(0);
    assert_eq!((pass.only().verdict(), pass.only().rows("unchanged")), ("accepted", 70));
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn each_role_word_in_any_case() {
    for (word, role) in [("student", "student"), ("TEACHER", "teacher"), ("Staff", "staff"), ("admin", "admin")] {
        let (rosterd, _, code) = with_cell("role", word);
        assert_eq!(code, 0, "{word}");
        assert_eq!(rosterd.person(&number()).role(), role);
    }
}

#[test]
fn a_blank_role_is_a_student_with_a_note() {
    let (rosterd, report, code) = with_cell("role", "");
    assert_eq!((code, report.rows("created"), report.rows("rejected")), (0, 40, 0));
    assert_eq!(rosterd.person(&number()).role(), "student");
    let notes = report.findings_at(7);
    assert!(notes.iter().any(|note| note["column"] == "role" && note["severity"] != "error"), "{notes:?}");
}

#[test]
fn a_blank_role_says_nothing_about_a_person_who_is_known() {
    let roster = Roster::school(20, 10);
    let rosterd = TestRosterd::loaded(&roster);
    rosterd.night(&roster.set(25, "role", "")).expect_code(0);
    assert_eq!(rosterd.person(&teacher(5).idnumber).role(), "teacher");
}

#[test]
fn an_unknown_role_is_rejected() {
    let (_, report, code) = with_cell("role", "wizard");
    assert_eq!((code, report.rows("created"), report.rows("rejected")), (3, 39, 1));
    assert!(report.findings_at(7).iter().any(|f| f["column"] == "role" && f["value"] == "wizard"), "{report:?}");
}

#[test]
fn a_blank_email_is_rejected() {
    let (_, report, code) = with_cell("email", "");
    assert_rejected(&report, code, "email", "email-required");
}

#[test]
fn a_foreign_domain_is_rejected() {
    let (_, report, code) = with_cell("email", "somebody@elsewhere.example.com");
    assert_rejected(&report, code, "email", "email-domain");
    // Whole labels are compared: this one only ends in the same letters.
    let (_, report, code) = with_cell("email", "somebody@notspringfield.example.org");
    assert_rejected(&report, code, "email", "email-domain");
}

#[test]
fn a_sub_domain_of_a_listed_domain_counts() {
    let (rosterd, _, code) = with_cell("email", "Somebody@Students.Springfield.Example.org");
    assert_eq!(code, 0);
    assert_eq!(rosterd.person(&number()).email(), "somebody@students.springfield.example.org");
}

#[test]
fn a_missing_name_is_rejected() {
    for column in ["firstname", "lastname"] {
        let (_, report, code) = with_cell(column, "");
        assert_eq!((code, report.rows("created"), report.rows("rejected")), (3, 39, 1), "{column}");
        assert!(report.findings_at(7).iter().any(|f| f["column"] == column), "{report:?}");
    }
}

#[test]
fn names_that_look_like_nothing_are_names() {
    for name in ["Null", "Na", "True", "O'Dowd", "Berg-Nilsen", "Ñandú"] {
        let (rosterd, _, code) = with_cell("lastname", name);
        assert_eq!(code, 0, "{name}");
        assert_eq!(rosterd.person(&number()).family(), name);
    }
}

#[test]
fn a_grade_year_has_four_digits_or_is_left_out() {
    let (rosterd, report, code) = with_cell("gradyear", "2031");
    assert_eq!((code, report.findings_at(7).len()), (0, 0));
    assert_eq!(rosterd.person(&number()).grad_year(), Some(2031));
    let (rosterd, report, code) = with_cell("gradyear", "");
    assert_eq!((code, report.findings_at(7).len()), (0, 0));
    assert_eq!(rosterd.person(&number()).grad_year(), None);
    for bad in ["27", "0", "nul", "20311"] {
        let (rosterd, report, code) = with_cell("gradyear", bad);
        assert_eq!((code, report.rows("created")), (0, 40), "the row goes in without its year: {bad}");
        assert_eq!(rosterd.person(&number()).grad_year(), None, "{bad}");
        let warned = report.findings_at(7);
        assert!(warned.iter().any(|f| f["column"] == "gradyear" && f["severity"] != "error"), "{bad}: {report:?}");
    }
}

#[test]
fn status_words() {
    for word in ["1", "Active", "ACTIVE", "active"] {
        let (rosterd, report, code) = with_cell("status", word);
        assert_eq!((code, report.findings_at(7).len()), (0, 0), "{word}");
        assert_eq!(rosterd.person(&number()).state(), "active");
    }
    let (rosterd, report, code) = with_cell("status", "");
    assert_eq!((code, rosterd.person(&number()).state()), (0, "active"));
    assert!(report.findings_at(7).iter().any(|f| f["column"] == "status" && f["severity"] != "error"), "a note");
    let (_, report, code) = with_cell("status", "perhaps");
    assert_rejected(&report, code, "status", "bad-status");
}

#[test]
fn an_inactive_row_archives_a_known_person_and_makes_no_new_one() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::loaded(&roster);
    let file = roster.set(5, "status", "inactive").and([student(90).with("status", "inactive")]);
    let pass = rosterd.night(&file).expect_code(0);
    let report = pass.only();
    assert_eq!((report.rows("deactivated"), report.skipped("inactive-not-created")), (1, 1));
    assert_eq!((report.people("archived"), report.people("created")), (1, 0));
    assert_eq!(rosterd.outcome(report.run(), 7).rule, "P30");
    assert_eq!(rosterd.person(&number()).state(), "archived");
    assert_eq!(rosterd.people("all").len(), 40);
}
