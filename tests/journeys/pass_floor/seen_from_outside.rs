//! What users see: the export that goes back in, who was added, states of files, results beside the files.

use crate::support::{HEADER, HOME, Roster, TestRosterd, student};

#[test]
fn the_export_goes_back_in_with_no_change() {
    // Names that a spreadsheet would run, an apostrophe in front, quotes, commas, letters of many kinds.
    let odd = Roster::school(40, 6)
        .set(1, "lastname", "'t Hart")
        .set(2, "lastname", "-Dash")
        .set(3, "firstname", "=Anna")
        .set(4, "lastname", "Smith, Jr.")
        .set(5, "firstname", "Bo \"Bobby\"")
        .set(6, "lastname", "Ñúñez Łąka")
        .set(7, "gradyear", "")
        .set(8, "idnumber", "");
    let rosterd = TestRosterd::loaded(&odd);
    rosterd.night(&odd.without(&[20])).expect_code(0);
    let before = rosterd.everybody();

    let export = rosterd.run(&["export", "--district", HOME, "--format", "securly-pass"]).expect_code(0).stdout;

    assert_eq!(export.lines().next().unwrap().trim_start_matches('\u{feff}').split(',').collect::<Vec<_>>(), HEADER);
    assert!(!export.contains(&student(20).email), "the archived stay out");
    let pass = rosterd.night_of("users.csv", export.as_bytes()).expect_code(0);
    let report = pass.only();
    assert_eq!((report.rows("read"), report.rows("unchanged")), (45, 45), "{report:?}");
    report.assert_no_writes();
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn an_export_into_a_file_is_the_export_on_standard_output() {
    let rosterd = TestRosterd::loaded(&Roster::school(20, 3));
    let printed = rosterd.run(&["export", "--district", HOME, "--format", "securly-pass"]).expect_code(0).stdout;
    let path = rosterd.root().join("out.csv");
    let to_file = ["export", "--district", HOME, "--format", "securly-pass", "-o", path.to_str().unwrap()];
    rosterd.run(&to_file).expect_code(0);
    let written = std::fs::read_to_string(path).unwrap();
    assert_eq!((written.lines().count(), written.lines().next()), (24, printed.lines().next()));
}

#[test]
fn people_newly_added_are_marked() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::loaded(&roster);
    let pass = rosterd.night(&roster.clone().and([student(90), student(91)])).expect_code(0);
    let added = ["people", "list", "--district", HOME, "--added-by", pass.only().run(), "--json"];
    let mut numbers: Vec<String> = rosterd
        .run(&added)
        .expect_code(0)
        .json()
        .iter()
        .map(|person| person["idnumber"].as_str().unwrap().to_owned())
        .collect();
    numbers.sort();
    assert_eq!(numbers, [student(90).idnumber, student(91).idnumber]);

    // A run that only changes somebody adds nobody.
    let pass = rosterd.night(&roster.and([student(90), student(91)]).set(3, "gradyear", "2040")).expect_code(0);
    let added = ["people", "list", "--district", HOME, "--added-by", pass.only().run(), "--json"];
    assert!(rosterd.run(&added).expect_code(0).json().is_empty());
}

#[test]
fn the_states_of_files_are_listed() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::new();
    let mut expected = Vec::new();
    let mut night = |file: &[u8], state: &str| {
        let pass = rosterd.night_of("users.csv", file);
        assert_eq!(pass.only().state(), state, "{pass:?}");
        expected.push((pass.only().run().to_owned(), state.to_owned()));
    };
    night(&roster.csv(), "completed");
    night(&roster.clone().set(3, "role", "wizard").csv(), "completed_with_errors");
    night(b"not,a,roster\n1,2,3\n", "failed");
    night(&roster.without(&(1..60).collect::<Vec<_>>()).csv(), "held");

    let mut listed: Vec<(String, String)> = rosterd
        .runs()
        .iter()
        .map(|run| (run["run"].as_str().unwrap().to_owned(), run["state"].as_str().unwrap().to_owned()))
        .collect();
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
}

#[test]
fn results_lie_beside_the_files_and_are_never_read() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::new();
    let file = roster.clone().set(5, "role", "wizard").set(9, "email", "x@elsewhere.example.com");
    let pass = rosterd.night(&file).expect_code(3);
    let report = pass.only();
    let name = |ending: &str| rosterd.folder().join("results").join(format!("users.csv.{}.{ending}", report.run()));

    let written: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(name("report.json")).unwrap()).unwrap();
    for key in ["run", "state", "rows", "people", "absent"] {
        assert_eq!(written[key], report.0[key], "{key}");
    }
    assert!(!std::fs::read_to_string(name("report.txt")).unwrap().trim().is_empty());

    let mut errors = csv::Reader::from_path(name("errors.csv")).unwrap();
    let header: Vec<String> = errors.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header, [&HEADER[..], &["_fix_of", "error"]].concat());
    let rows: Vec<csv::StringRecord> = errors.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    let delivery = report.deliveries()[0]["delivery"].as_str().unwrap();
    assert_eq!(&rows[0][7], format!("{delivery}:7"));
    assert_eq!(&rows[1][7], format!("{delivery}:11"));
    assert_eq!((&rows[0][3], &rows[1][2]), ("wizard", "x@elsewhere.example.com"), "as delivered");
    assert!(!rows[0][8].is_empty() && !rows[1][8].is_empty());

    let mut done = csv::Reader::from_path(name("completed.csv")).unwrap();
    let header: Vec<String> = done.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header[..9], [&HEADER[..], &["guid", "outcome"]].concat());
    assert_eq!(done.records().count(), 38);

    let again = rosterd.sync().expect_code(0);
    assert!(again.reports.is_empty(), "results were read as input: {again:?}");
    assert_eq!(std::fs::read(rosterd.folder().join("users.csv")).unwrap(), file.csv(), "the sender's file stays");
}

#[test]
fn a_file_without_bad_rows_has_no_error_file() {
    let rosterd = TestRosterd::loaded(&Roster::students(20));
    assert_eq!((rosterd.results(".errors.csv").len(), rosterd.results(".report.json").len()), (0, 1));
}
