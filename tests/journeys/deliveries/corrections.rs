//! Corrected error files (D14, section 7) and files delivered by hand in merge mode (S8).

use crate::support::{HOME, Roster, TestRosterd, student};

/// Three rows of sixty are bad: two newcomers' and one known person's. Gives the error file.
fn with_errors() -> (TestRosterd, Roster, String) {
    let known = Roster::students(57);
    let rosterd = TestRosterd::loaded(&known);
    let file = known.clone().and([student(57), student(58), student(59)]);
    let pass =
        rosterd.night(&file.clone().set(20, "role", "wizard").set(57, "role", "wizard").set(58, "role", "wizard"));
    assert_eq!((pass.code, pass.only().rows("rejected"), pass.only().rows("created")), (3, 3, 1), "{pass:?}");
    let errors = rosterd.result_file(".errors.csv");
    assert_eq!(errors.lines().count(), 4, "the header and the bad rows only: {errors}");
    (rosterd, file, errors)
}

#[test]
fn d14_a_corrected_file_is_a_patch_under_whatever_name() {
    for name in ["users.csv", "corrections for Ms Gomez.csv"] {
        let (rosterd, file, errors) = with_errors();
        let before = rosterd.active();
        let fixed = errors.replace("wizard", "teacher");

        let pass = rosterd.night_of(name, fixed.as_bytes()).expect_code(0);

        let report = pass.only();
        assert_eq!(
            (report.verdict(), report.rows("read"), report.rows("created"), report.rows("updated")),
            ("patch", 3, 2, 1)
        );
        assert_eq!((report.absent("total"), report.people("archived")), (0, 0));
        assert!(rosterd.active().is_superset(&before));
        assert_eq!(rosterd.active().len(), 60);
        for at in [20, 57, 58] {
            assert_eq!(rosterd.person(&file.rows[at].email).role(), "teacher", "{name}: row {at}");
        }
    }
}

/// The error file with every row corrected and the marker of the `k`-th row (from 0) replaced.
fn remarked(errors: &str, marker: impl Fn(usize, &str) -> String) -> Vec<u8> {
    let mut reader = csv::Reader::from_reader(errors.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(reader.headers().unwrap()).unwrap();
    for (k, row) in reader.records().map(Result::unwrap).enumerate() {
        let mut cells: Vec<String> = row.iter().map(|cell| cell.replace("wizard", "student")).collect();
        cells[7] = marker(k, &row[7]);
        writer.write_record(cells).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn d14_one_marked_row_is_enough() {
    let (rosterd, _, errors) = with_errors();
    let fixed = remarked(&errors, |k, marker| if k == 0 { marker.into() } else { String::new() });
    let pass = rosterd.night_of("users.csv", &fixed).expect_code(0);
    assert_eq!((pass.only().verdict(), pass.only().absent("total"), pass.only().people("archived")), ("patch", 0, 0));
    assert_eq!(rosterd.active().len(), 60);
}

#[test]
fn d14_an_unknown_marker_is_rejected() {
    let (rosterd, _, errors) = with_errors();
    let before = rosterd.active();
    let fixed = remarked(
        &errors,
        |k, marker| {
            if k == 1 { "01990000-0000-7000-8000-000000000000:4".into() } else { marker.into() }
        },
    );

    let pass = rosterd.night_of("users.csv", &fixed).expect_code(3);

    let report = pass.only();
    assert_eq!((report.verdict(), report.rows("read"), report.rows("rejected")), ("patch", 3, 1));
    assert_eq!((report.absent("total"), report.people("archived")), (0, 0));
    assert_eq!(rosterd.outcome(report.run(), 3).outcome.split(':').next(), Some("rejected"));
    assert!(rosterd.active().is_superset(&before));
    assert_eq!(rosterd.active().len(), before.len() + 1);
}

#[test]
fn d14_a_row_still_bad_comes_back_in_the_next_error_file() {
    let (rosterd, _, errors) = with_errors();
    let half = errors.replacen("wizard", "student", 1);
    let pass = rosterd.night_of("users.csv", half.as_bytes()).expect_code(3);
    assert_eq!((pass.only().verdict(), pass.only().rows("rejected")), ("patch", 2));
    let again = rosterd.result_file(".errors.csv");
    assert_eq!(again.lines().count(), 3);
    assert_eq!(again.lines().next().map(|header| header.matches("_fix_of").count()), Some(1), "{again}");
    let pass = rosterd.night_of("users.csv", again.replace("wizard", "student").as_bytes()).expect_code(0);
    assert_eq!((pass.only().verdict(), pass.only().absent("total")), ("patch", 0));
    assert_eq!(rosterd.active().len(), 60);
}

#[test]
fn d14_a_patch_is_never_the_reference() {
    let (rosterd, file, errors) = with_errors();
    rosterd.night_of("users.csv", errors.replace("wizard", "student").as_bytes()).expect_code(0);
    let before = rosterd.active();
    // Measured against the three rows of the patch this would be no drop; against the file it is one.
    let gone: Vec<usize> = (0..60).filter(|at| at % 2 == 0).collect();
    let pass = rosterd.night(&file.without(&gone)).expect_code(4);
    assert_eq!(pass.only().people("archived"), 0);
    assert_eq!(rosterd.active(), before);
}

#[test]
fn s8_a_merge_adds_and_updates_and_proves_no_absence() {
    let roster = Roster::students(60);
    let rosterd = TestRosterd::loaded(&roster);
    let few = Roster { rows: vec![roster.rows[4].clone().with("gradyear", "2040"), student(90)] };
    let path = rosterd.aside("users.csv", &few.csv());
    let pass = rosterd
        .pass(&["import", &path, "--district", HOME, "--source", "sis", "--mode", "merge", "--json"])
        .expect_code(0);
    let report = pass.only();
    assert_eq!((report.rows("created"), report.rows("updated"), report.people("archived")), (1, 1, 0));
    assert_eq!(report.absent("total"), 0);
    assert_eq!(rosterd.active().len(), 61);
    assert_eq!(rosterd.person(&roster.rows[4].idnumber).grad_year(), Some(2040));
}

#[test]
fn s8_a_source_in_merge_mode() {
    let rosterd = TestRosterd::new();
    let file = rosterd.district_file();
    let toml = std::fs::read_to_string(&file).unwrap().replace("mode = \"snapshot\"", "mode = \"merge\"");
    std::fs::write(&file, toml).unwrap();
    rosterd.night(&Roster::students(40)).expect_code(0);
    let pass = rosterd.night(&Roster { rows: vec![student(50)] }).expect_code(0);
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (1, 0));
    assert_eq!(rosterd.active().len(), 41);
}
