//! Rule by rule. Rows are read from text, as they would come.

use std::io::Cursor;

use rosterd_contract::{Mode, Role, Severity, Status};

use super::*;
use crate::definition::{ColumnDef, GENERAL_STATUSES, Target};
use crate::table::{OpenOptions, Table};

mod damage;

const HEADER: &str = "firstname,lastname,email,role,gradyear,status,idnumber";
const ROW: &str = "Ola,Berg,ola@x.example,student,2029,1,0048812";

const fn optional(header: &'static str, target: Target) -> ColumnDef {
    ColumnDef { header, required: false, target, help: "", example: "" }
}

/// A format that asks for little: no e-mail, either name, schools and grades.
static LENIENT: FormatDef = FormatDef {
    id: "lenient",
    title: "Lenient people",
    mode: Mode::Snapshot,
    needs_email: false,
    needs_names: &[],
    default_role: None,
    roles: &[("student", Role::Student), ("parent", Role::Guardian)],
    statuses: GENERAL_STATUSES,
    columns: &[
        optional("first", Target::Field(Field::GivenName)),
        optional("last", Target::Field(Field::FamilyName)),
        optional("mail", Target::Email),
        optional("role", Target::Role),
        optional("status", Target::Status),
        optional("number", Target::Number),
        optional("school", Target::Org),
        optional("grade", Target::Field(Field::Grades)),
        optional("password", Target::Password),
    ],
};

fn policy() -> AdmissionPolicy {
    AdmissionPolicy {
        email_domains: vec!["x.example".to_owned(), "y.example".to_owned()],
        ..AdmissionPolicy::default()
    }
}

fn admit_with(format: Option<&'static FormatDef>, text: &[u8], policy: &AdmissionPolicy) -> Admitted {
    let mut table = Table::open(Cursor::new(text), &OpenOptions { format, name: "people.csv" }).unwrap();
    let headers = table.headers().to_vec();
    let format = table.format();
    format.admit(table.next().unwrap().unwrap(), &headers, policy)
}

fn admit(row: &str) -> Admitted {
    admit_with(None, format!("{HEADER}\n{row}\n").as_bytes(), &policy())
}

/// The row of [`ROW`] with one cell changed.
fn with(column: &str, value: &str) -> Admitted {
    let place = HEADER.split(',').position(|header| header == column).unwrap();
    let mut cells: Vec<&str> = ROW.split(',').collect();
    cells[place] = value;
    admit(&cells.join(","))
}

fn lenient_with(header: &str, row: &str, policy: &AdmissionPolicy) -> Admitted {
    admit_with(Some(&LENIENT), format!("{header}\n{row}\n").as_bytes(), policy)
}

fn lenient(header: &str, row: &str) -> Admitted {
    lenient_with(header, row, &policy())
}

#[track_caller]
fn accepted(admitted: Admitted) -> PersonRecord {
    assert!(admitted.findings.iter().all(|finding| finding.severity != Severity::Error), "{:?}", admitted.findings);
    admitted.result.unwrap()
}

/// The code of a rejected row; its finding must name line, column, value, reason and cure.
#[track_caller]
fn rejected(admitted: Admitted, column: &str) -> (String, RawKeys) {
    let reason = admitted.result.unwrap_err();
    let finding = admitted.findings.iter().find(|finding| finding.code == reason.code).unwrap();
    assert_eq!((finding.line, &*finding.column, finding.severity), (2, column, Severity::Error));
    assert!(!finding.message.is_empty() && !finding.fix.is_empty(), "{finding:?}");
    (reason.code.into(), reason.keys)
}

/// The record, and code and severity of everything said about it.
#[track_caller]
fn remarked(admitted: Admitted) -> (PersonRecord, Vec<String>) {
    let said =
        admitted.findings.iter().map(|finding| format!("{}:{}", finding.code, finding.severity.as_str())).collect();
    (accepted(admitted), said)
}

#[test]
fn a_good_row() {
    let record = accepted(admit(" Ola  Marie ,Berg-Nilsen,Ola.B@X.Example,STUDENT,2029,active,0048812"));
    assert_eq!((record.given(), record.family()), ("Ola Marie", "Berg-Nilsen"));
    assert_eq!((record.email.as_deref(), record.number.as_deref()), (Some("ola.b@x.example"), Some("0048812")));
    assert_eq!((record.role, record.status), (Some(Role::Student), Status::Active));
    assert_eq!(record.fields.get(Field::GradYear), Some("2029"));
}

#[test]
fn a01_neither_number_nor_email() {
    assert_eq!(rejected(with("email", ""), "email").0, "email-required");
    assert_eq!(rejected(with("email", "  "), "email").0, "email-required");
    assert_eq!(rejected(lenient("first,mail,number", "Ann,,"), "").0, "no-identity-key");
    assert_eq!(rejected(lenient("first,last", "Ann,Berg"), "").0, "no-identity-key");
    assert_eq!(accepted(lenient("first,mail,number", "Ann,,7")).email, None);
}

#[test]
fn a02_names() {
    assert_eq!(rejected(with("firstname", ""), "firstname").0, "name-missing");
    assert_eq!(rejected(with("lastname", " \u{a0}"), "lastname").0, "name-missing");
    assert_eq!(rejected(lenient("first,last,number", ",,7"), "").0, "name-missing");
    assert_eq!(accepted(lenient("first,last,number", ",Berg,7")).family(), "Berg");
    for name in ["Null", "Na", "True", "O'Dowd", "d'Arc-Li", "X Æ A-12", "Ng", "\u{738b}"] {
        assert_eq!(accepted(with("lastname", name)).family(), name);
    }
}

#[test]
fn a03_email() {
    for good in ["a@x.example", "A@X.EXAMPLE", "a@students.x.example", "a@y.example", "t.o'dowd@x.example"] {
        assert_eq!(accepted(with("email", good)).email.unwrap(), good.to_lowercase().into());
    }
    for foreign in ["a@notx.example", "a@x.example.com", "a@gmail.com"] {
        assert_eq!(rejected(with("email", foreign), "email").0, "email-domain", "{foreign}");
    }
    for malformed in ["ann", "a@example", "@x.example", "a@@x.example", "a@x.example;b@x.example", "<a@x.example>"] {
        assert_eq!(rejected(with("email", malformed), "email").0, "email-malformed", "{malformed}");
    }
    let any = AdmissionPolicy::default();
    accepted(admit_with(None, format!("{HEADER}\n{}\n", ROW.replace("x.example", "z.org")).as_bytes(), &any));
}

#[test]
fn a03_where_the_email_is_not_needed_it_is_left_out_with_a_warning() {
    for (mail, code) in [("a@z.org", "email-domain"), ("ann", "email-malformed"), ("#N/A", "email-damaged")] {
        let (record, said) = remarked(lenient("first,mail,number", &format!("Ann,{mail},7")));
        assert_eq!((record.email, said), (None, vec![format!("{code}:warning")]));
        // As the only key it is needed.
        assert_eq!(rejected(lenient("first,mail,number", &format!("Ann,{mail},")), "mail").0, code);
        assert_eq!(rejected(lenient("first,mail", &format!("Ann,{mail}")), "mail").0, code);
        let strict = AdmissionPolicy { strict: true, ..policy() };
        assert_eq!(rejected(lenient_with("first,mail,number", &format!("Ann,{mail},7"), &strict), "mail").0, code);
    }
}

#[test]
fn a03_a_domain_that_is_nearly_ours_is_named() {
    let admitted = with("email", "a@x.exmaple");
    assert!(admitted.findings[0].fix.contains("`x.example`"), "{:?}", admitted.findings);
}

#[test]
fn a04_role() {
    for (word, role) in [("admin", Role::Admin), ("Teacher", Role::Teacher), ("STAFF", Role::Staff)] {
        assert_eq!(accepted(with("role", word)).role, Some(role));
    }
    let (code, keys) = rejected(with("role", "wizard"), "role");
    assert_eq!((&*code, keys.role, keys.role_unreadable), ("unknown-role", None, true));
    assert!(with("role", "techer").findings[0].fix.contains("`teacher`"));
    // Blank says nothing: what it means depends on who the person is.
    let (record, said) = remarked(with("role", ""));
    assert_eq!((record.role, said), (None, vec![]));
    assert_eq!(accepted(lenient("first,number", "Ann,7")).role, None);
    let adults = AdmissionPolicy { default_role: Some(Role::Staff), ..policy() };
    assert_eq!(accepted(lenient_with("first,number", "Ann,7", &adults)).role, Some(Role::Staff));
    assert_eq!(accepted(lenient("first,number,role", "Ann,7,Parent")).role, Some(Role::Guardian));
}

#[test]
fn a05_grades() {
    let grades = |cell: &str| remarked(lenient("first,number,grade", &format!("Ann,7,{cell}")));
    for (cell, codes) in [("3rd", "03"), ("K", "KG"), ("\"7,06\"", "06,07"), ("\"7, 7\"", "07"), ("Grade 11", "11")] {
        assert_eq!(grades(cell).0.fields.get(Field::Grades), Some(codes), "{cell}");
    }
    for (cell, code) in [("third", "unknown-grade"), ("3-Apr", "value-damaged"), ("#REF!", "value-damaged")] {
        let (record, said) = grades(cell);
        assert_eq!((record.fields.get(Field::Grades), said), (None, vec![format!("{code}:warning")]), "{cell}");
    }
    let strict = AdmissionPolicy { strict: true, ..policy() };
    assert_eq!(rejected(lenient_with("first,number,grade", "Ann,7,third", &strict), "grade").0, "unknown-grade");
}

#[test]
fn a05_grades_that_the_school_does_not_teach() {
    let orgs = [("101", vec!["01", "02"]), ("102", vec![])];
    let orgs = orgs.map(|(id, grades)| (id.to_owned(), grades.into_iter().map(str::to_owned).collect()));
    let known = AdmissionPolicy { orgs: Some(BTreeMap::from(orgs)), ..policy() };
    let of = |row: &str| remarked(lenient_with("first,number,school,grade", row, &known));
    assert_eq!(of("Ann,7,101,02").0.fields.get(Field::Grades), Some("02"));
    assert_eq!(of("Ann,7,102,09").0.fields.get(Field::Grades), Some("09"));
    assert_eq!(of("Ann,7,\"101,102\",09").0.fields.get(Field::Grades), Some("09"));
    assert_eq!(of("Ann,7,,09").0.fields.get(Field::Grades), Some("09"));
    let (record, said) = of("Ann,7,101,03");
    assert_eq!((record.fields.get(Field::Grades), said), (None, vec!["grade-not-taught:warning".to_owned()]));
    // A06
    let unknown = lenient_with("first,number,school,grade", "Ann,7,205,01", &known);
    let (code, keys) = rejected(unknown, "school");
    assert_eq!((&*code, &*keys.orgs), ("unknown-org", &["205".into()][..]));
}

#[test]
fn schools_are_sorted_and_single() {
    let record = accepted(lenient("first,number,school", "Ann,7,\"102; 101,102\""));
    assert_eq!(record.orgs, ["101".into(), "102".into()]);
}

#[test]
fn a07_to_a10_status() {
    for word in ["1", "Active", "TRUE", "yes", "enrolled"] {
        assert_eq!(remarked(with("status", word)).0.status, Status::Active, "{word}");
    }
    for word in ["0", "Inactive", "false", "suspended", "WITHDRAWN"] {
        assert_eq!(remarked(with("status", word)).0.status, Status::Inactive, "{word}");
    }
    for word in ["deleted", "Removed", "tobedeleted"] {
        let (record, said) = remarked(with("status", word));
        assert_eq!((record.status, said), (Status::Inactive, vec!["removed-in-row:warning".to_owned()]), "{word}");
    }
    for word in ["maybe", "2", "-", "actve", "nul"] {
        assert_eq!(rejected(with("status", word), "status").0, "bad-status", "{word}");
    }
    let (record, said) = remarked(with("status", ""));
    assert_eq!((record.status, said), (Status::Active, vec!["blank-status:note".to_owned()]));
    assert_eq!(remarked(lenient("first,number", "Ann,7")), (accepted(lenient("first,number", "Ann,7")), vec![]));
}

#[test]
fn a11_a12_blank_and_absent_cells_assert_nothing() {
    let blank = accepted(with("gradyear", ""));
    assert_eq!((blank.fields.get(Field::GradYear), blank.clears), (None, vec![]));
    let clears = AdmissionPolicy { blank_clears: vec![Field::GradYear], ..policy() };
    let text = format!("{HEADER}\n{}\n", ROW.replace("2029", ""));
    assert_eq!(accepted(admit_with(None, text.as_bytes(), &clears)).clears, [Field::GradYear]);
    let without = b"firstname,lastname,email,role,status\nOla,Berg,ola@x.example,student,1\n";
    let absent = accepted(admit_with(None, without, &clears));
    assert_eq!((absent.clears, absent.number, absent.fields.get(Field::GradYear)), (vec![], None, None));
}

#[test]
fn a13_passwords_are_no_part_of_a_record() {
    let admitted = lenient("first,number,password", "Ann,7,Maple#Lane7");
    assert!(!format!("{admitted:?}").contains("Maple"));
    accepted(admitted);
}

#[test]
fn every_problem_of_a_row_is_told() {
    let admitted = admit(",Berg,a@z.org,wizard,27,maybe,1.00E+07");
    let said: Vec<&str> = admitted.findings.iter().map(|finding| &*finding.code).collect();
    assert_eq!(said, ["number-damaged", "email-domain", "unknown-role", "name-missing", "grad-year", "bad-status"]);
    assert_eq!(&*admitted.result.unwrap_err().code, "number-damaged");
}

#[test]
fn values_are_shown_as_delivered_and_cut() {
    let admitted = with("role", &"w".repeat(200));
    assert_eq!(admitted.findings[0].value.chars().count(), 81);
    let text = "First Name,MAIL,Role\nAnn,a@x.example,wizard\n";
    let finding = &admit_with(Some(&LENIENT), text.as_bytes(), &policy()).findings[0];
    assert_eq!((&*finding.column, &*finding.value), ("Role", "wizard"));
}

#[test]
fn a_header_that_comes_once_more_is_called_that() {
    let text = format!("{HEADER}\n{}\n", HEADER.to_uppercase());
    assert_eq!(rejected(admit_with(None, text.as_bytes(), &policy()), "").0, "repeated-header");
}

#[test]
fn keys_of_a_rejected_row_are_kept_for_protection() {
    let (_, keys) = rejected(admit("Ola,Berg,OLA@z.org,teacher,2029,1,0048812"), "email");
    assert_eq!(
        keys,
        RawKeys {
            number: Some("0048812".into()),
            email: Some("ola@z.org".into()),
            role: Some(Role::Teacher),
            given: "Ola".into(),
            family: "Berg".into(),
            ..RawKeys::default()
        }
    );
}
