//! Files that are refused or held whole: D11, D12, D13, D15, D18, A14.

use crate::support::{Pass, Roster, TestRosterd, spread, student};

/// One night with these bytes on top of a loaded roster of 60 students; nobody is touched.
#[track_caller]
fn untouched_by(name: &str, bytes: &[u8]) -> Pass {
    let rosterd = TestRosterd::loaded(&Roster::students(60));
    let before = rosterd.everybody();
    let pass = rosterd.night_of(name, bytes);
    pass.reports.iter().for_each(|report| report.assert_no_writes());
    assert_eq!(rosterd.everybody(), before, "{pass:?}");
    pass
}

fn text() -> String {
    String::from_utf8(Roster::students(60).set(3, "gradyear", "2040").csv()).unwrap()
}

#[test]
fn d11_a_header_that_is_none() {
    for (header, missing) in [
        ("firstname,lastname,email,gradyear,status,idnumber", "role"),
        ("lastname,email,role,gradyear,status,idnumber", "firstname"),
        ("firstname,lastname,email,role,gradyear,status,status", "status"),
        ("firstname,lastname,email,email,role,gradyear,status,idnumber", "email"),
    ] {
        let body: String = text().lines().skip(1).map(|line| format!("{line}\n")).collect();
        let pass = untouched_by("users.csv", format!("{header}\n{body}").as_bytes()).expect_code(5);
        assert_eq!((pass.only().verdict(), pass.only().state()), ("failed", "failed"), "{header}");
        assert!(pass.only().0.to_string().contains(missing), "{header}: {pass:?}");
    }
}

#[test]
fn d11_a_file_without_a_header() {
    let body: String = text().lines().skip(1).map(|line| format!("{line}\n")).collect();
    assert_eq!(untouched_by("users.csv", body.as_bytes()).expect_code(5).only().verdict(), "failed");
}

#[test]
fn d11_content_that_is_no_text() {
    let picture = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &[0, 255, 254, 1].repeat(200)].concat();
    assert_eq!(untouched_by("users.csv", &picture).expect_code(5).only().verdict(), "failed");
}

#[test]
fn d11_an_empty_file() {
    assert_eq!(untouched_by("users.csv", b"").expect_code(5).only().verdict(), "failed");
}

#[test]
fn d11_a_good_file_afterwards_goes_in() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    rosterd.night_of("users.csv", b"a,b,c\n1,2,3\n").expect_code(5);
    let pass = rosterd.night(&roster.without(&[9])).expect_code(0);
    assert_eq!(pass.only().people("archived"), 1);
}

#[test]
fn d12_ends_inside_a_quote() {
    let cut = text() + "\"Quo";
    assert_eq!(untouched_by("users.csv", cut.as_bytes()).expect_code(4).only().verdict(), "truncated");
}

#[test]
fn d12_ends_inside_a_letter() {
    let mut cut = text().into_bytes();
    cut.extend_from_slice("Zo\u{eb}".as_bytes());
    cut.pop();
    let pass = untouched_by("users.csv", &cut).expect_code(4);
    assert_eq!((pass.only().verdict(), pass.only().state()), ("truncated", "held"));
}

#[test]
fn d12_last_record_shorter_than_the_header() {
    let whole = text();
    let cut = &whole[..whole.len() - "1,000059\n".len()];
    assert!(cut.ends_with(','));
    assert_eq!(untouched_by("users.csv", cut.as_bytes()).expect_code(4).only().verdict(), "truncated");
}

#[test]
fn d12_last_cell_cut_short() {
    // Seven cells, but no line end where the reference had one, and the number is another's.
    let whole = text();
    let cut = &whole[..whole.len() - "59\n".len()];
    assert_eq!(untouched_by("users.csv", cut.as_bytes()).expect_code(4).only().verdict(), "truncated");
}

#[test]
fn d12_last_line_end_missing_and_somebody_too() {
    let whole = String::from_utf8(Roster::students(60).without(&[59]).csv()).unwrap();
    assert_eq!(untouched_by("users.csv", whole.trim_end().as_bytes()).expect_code(4).only().verdict(), "truncated");
}

#[test]
fn d12_only_the_last_line_end_missing() {
    let rosterd = TestRosterd::loaded(&Roster::students(60));
    let pass = rosterd.night_of("users.csv", text().trim_end().as_bytes()).expect_code(0);
    assert_eq!(
        (pass.only().verdict(), pass.only().rows("updated"), pass.only().rows("unchanged")),
        ("accepted", 1, 59)
    );
}

#[test]
fn d13_a_header_and_nothing_else() {
    let pass = untouched_by("users.csv", b"firstname,lastname,email,role,gradyear,status,idnumber\n").expect_code(5);
    assert_eq!(pass.only().verdict(), "failed");
}

#[test]
fn d13_no_valid_row() {
    let everybody: Vec<usize> = (0..60).collect();
    let bad = Roster::students(60).set_all(&everybody, "role", |_, _| "wizard".into());
    assert_eq!(untouched_by("users.csv", &bad.csv()).expect_code(5).only().verdict(), "failed");
}

/// 100 students, so many of them (spread) with addresses of another district.
fn foreign(count: usize) -> Roster {
    Roster::students(100).set_all(&spread(count, 100), "email", |_, row| row.email.replace("springfield", "shelby"))
}

#[test]
fn d18_more_than_half_of_another_domain() {
    let rosterd = TestRosterd::loaded(&Roster::students(100));
    let before = rosterd.everybody();
    let pass = rosterd.night(&foreign(51)).expect_code(5);
    assert_eq!(pass.only().verdict(), "foreign");
    pass.only().assert_no_writes();
    assert!(pass.only().0.to_string().contains("shelby.example.org"), "the domain is named: {pass:?}");
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn d18_half_is_not_more_than_half() {
    let rosterd = TestRosterd::loaded(&Roster::students(100));
    let pass = rosterd.night(&foreign(50));
    assert_ne!(pass.only().verdict(), "foreign");
    assert_eq!((pass.only().rows("rejected"), pass.only().people("archived")), (50, 0));
}

#[test]
fn d18_without_a_setting_the_reference_says_which_domains_are_ours() {
    let rosterd = TestRosterd::builder().any_domain().build().load(&Roster::students(100));
    let before = rosterd.everybody();
    let pass = rosterd.night(&foreign(51)).expect_code(5);
    assert_eq!(pass.only().verdict(), "foreign");
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn d18_on_the_first_delivery() {
    let rosterd = TestRosterd::new();
    assert_eq!(rosterd.night(&foreign(51)).expect_code(5).only().verdict(), "foreign");
    assert!(rosterd.people("all").is_empty());
}

fn inactive(count: usize) -> Roster {
    Roster::students(100).set_all(&spread(count, 100), "status", |_, _| "inactive".into())
}

#[test]
fn a14_more_than_a_fifth_inactive_holds_the_feed() {
    let rosterd = TestRosterd::loaded(&Roster::students(100));
    let before = rosterd.everybody();
    let pass = rosterd.night(&inactive(21).and([student(120)])).expect_code(4);
    assert_eq!(pass.only().state(), "held");
    assert!(pass.only().holds("A14"), "{pass:?}");
    pass.only().assert_no_writes();
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn a14_a_fifth_is_a_matter_for_the_other_gates() {
    let rosterd = TestRosterd::loaded(&Roster::students(100));
    let pass = rosterd.night(&inactive(20)).expect_code(4);
    assert!(!pass.only().holds("A14") && pass.only().holds("G02"), "{pass:?}");
}

#[test]
fn a14_a_first_delivery_that_is_nearly_all_inactive() {
    let rosterd = TestRosterd::new();
    let pass = rosterd.night(&inactive(80)).expect_code(4);
    assert!(pass.only().holds("A14"), "{pass:?}");
    assert!(rosterd.people("all").is_empty());

    let rosterd = TestRosterd::new();
    let pass = rosterd.night(&inactive(79)).expect_code(0);
    assert_eq!((pass.only().rows("created"), pass.only().skipped("inactive-not-created")), (21, 79));
}
