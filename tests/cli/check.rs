//! `check`: the same answer as the real run, and nothing written.

use std::{collections::BTreeMap, fs, path::Path};

use crate::support::{HOME, Roster, TestRosterd, spread, student};

/// Every file under a directory with its size.
fn tree(root: &Path) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        } else if !path.to_str().unwrap().ends_with("-shm") && !path.to_str().unwrap().ends_with("-wal") {
            found.insert(path.to_str().unwrap().to_owned(), fs::metadata(&path).unwrap().len());
        }
    }
    found
}

#[test]
fn writes_nothing() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::loaded(&roster);
    let (people, runs, files) = (rosterd.everybody(), rosterd.runs(), tree(&rosterd.folder()));

    let (code, report) = rosterd.check("users.csv", &roster.set(3, "gradyear", "2040").and([student(90)]).csv());

    assert_eq!(code, 0);
    assert_eq!(report.0["dry_run"], true);
    assert_eq!((report.rows("created"), report.rows("updated")), (1, 1));
    assert_eq!((rosterd.everybody(), rosterd.runs(), tree(&rosterd.folder())), (people, runs, files));
    assert!(rosterd.sync().expect_code(0).reports.is_empty(), "a checked file was delivered");
}

#[test]
fn says_what_the_real_run_says() {
    // I16, over files of every kind.
    let roster = Roster::students(100);
    let files = [
        roster.clone().set(3, "gradyear", "2040").without(&[50]).and([student(150)]).csv(),
        roster.clone().set(3, "role", "wizard").csv(),
        roster.without(&spread(20, 100)).csv(),
        roster.csv()[..2000].to_vec(),
        b"a,b\n1,2\n".to_vec(),
    ];
    for bytes in files {
        let rosterd = TestRosterd::loaded(&roster);
        let (dry_code, dry) = rosterd.check("users.csv", &bytes);
        let pass = rosterd.night_of("users.csv", &bytes);
        let real = pass.only();
        for key in ["rows", "people", "absent"] {
            assert_eq!(dry.0[key], real.0[key], "{key}");
        }
        assert_eq!((dry_code, dry.verdict(), dry.held_rules()), (pass.code, real.verdict(), real.held_rules()));
    }
}

#[test]
fn shows_every_rows_outcome() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::loaded(&roster);
    let file = roster.set(3, "role", "wizard").set(5, "gradyear", "2040").and([student(90)]);
    let (code, report) = rosterd.check("users.csv", &file.csv());
    assert_eq!(code, 3);
    let outcomes = report.outcomes();
    assert_eq!(outcomes.len(), 41);
    let at = |line: u64| outcomes.iter().find(|row| row.line == line).unwrap().outcome.as_str();
    assert!(at(5).starts_with("rejected:"), "{}", at(5));
    assert_eq!((at(2), at(7), at(42)), ("unchanged", "updated", "created"));
    assert!(report.0.get("plan").is_some());
}

#[test]
fn without_json_it_is_for_people() {
    let rosterd = TestRosterd::loaded(&Roster::students(40));
    let path = rosterd.aside("users.csv", &Roster::students(41).csv());
    let answer = rosterd.run(&["check", &path, "--district", HOME, "--source", "sis"]).expect_code(0);
    assert!(!answer.stdout.trim().is_empty() && !answer.stdout.trim_start().starts_with('{'), "{answer:?}");
}

#[test]
fn a_file_that_is_not_there() {
    let rosterd = TestRosterd::new();
    let answer = rosterd.run(&["check", "/no/such/users.csv", "--district", HOME]);
    assert_ne!(answer.code, 0);
    assert!(answer.stderr.contains("/no/such/users.csv"), "{answer:?}");
}
