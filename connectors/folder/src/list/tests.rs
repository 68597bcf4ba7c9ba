use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::*;

fn folder_with(names: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in names {
        fs::write(dir.path().join(name), name).unwrap();
    }
    dir
}

fn names(listing: &Listing) -> Vec<&str> {
    listing.files.iter().map(|seen| seen.name.as_str()).collect()
}

fn ignored(listing: &Listing) -> Vec<(&str, Ignored)> {
    listing.ignored.iter().map(|(name, why)| (name.as_str(), why.clone())).collect()
}

fn marked(dir: &TempDir, pattern: &str) -> FolderRules {
    FolderRules { done_marker: Some(pattern.to_owned()), ..FolderRules::new(dir.path()) }
}

/// Sets the content time of `name` to so many seconds after 1970.
fn dated(dir: &TempDir, name: &str, seconds: u64) {
    let file = File::options().write(true).open(dir.path().join(name)).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

#[test]
fn input_is_listed_by_name_and_all_else_is_named_with_a_reason() {
    let dir = folder_with(&[
        "teachers.TSV",
        "adults.txt",
        "students.csv",
        "students.csv.part",
        ".hidden",
        "README",
        "a.zip",
        "b.xlsx",
    ]);
    symlink("students.csv", dir.path().join("linked.csv")).unwrap();
    symlink("nowhere", dir.path().join("dangling.csv")).unwrap();
    mknodat(CWD, dir.path().join("pipe.csv"), FileType::Fifo, Mode::RUSR, 0).unwrap();

    let listing = list(&FolderRules::new(dir.path())).unwrap();

    assert_eq!(names(&listing), ["adults.txt", "students.csv", "teachers.TSV"]);
    assert_eq!(
        ignored(&listing),
        [
            (".hidden", Ignored::Temporary),
            ("README", Ignored::Unknown),
            ("a.zip", Ignored::Unknown),
            ("b.xlsx", Ignored::Unknown),
            ("dangling.csv", Ignored::Link),
            ("linked.csv", Ignored::Link),
            ("pipe.csv", Ignored::NotAFile),
            ("students.csv.part", Ignored::Temporary),
        ]
    );
    let seen = &listing.files[1];
    assert_eq!(seen.path, dir.path().join("students.csv"));
    assert_eq!(seen.stamp, Stamp::from(&fs::metadata(&seen.path).unwrap()));
    assert_eq!(seen.stamp.size, 12);
}

#[test]
fn folders_inside_are_not_entered_and_results_are_never_input() {
    let dir = folder_with(&["students.csv"]);
    for inner in ["results", "archive.csv", ".git"] {
        fs::create_dir(dir.path().join(inner)).unwrap();
        fs::write(dir.path().join(inner).join("students.csv.0199.errors.csv"), "x").unwrap();
    }
    let listing = list(&FolderRules::new(dir.path())).unwrap();
    assert_eq!(names(&listing), ["students.csv"]);
    assert_eq!(ignored(&listing), []);
}

#[test]
fn results_behind_a_link_are_not_even_named() {
    let elsewhere = tempfile::tempdir().unwrap();
    let dir = folder_with(&["students.csv"]);
    symlink(elsewhere.path(), dir.path().join("results")).unwrap();
    assert_eq!(ignored(&list(&FolderRules::new(dir.path())).unwrap()), []);
}

#[test]
fn results_in_the_folder_itself_are_refused() {
    let dir = folder_with(&["students.csv"]);
    let alias = tempfile::tempdir().unwrap();
    symlink(dir.path(), alias.path().join("link")).unwrap();
    for results in [dir.path().to_path_buf(), dir.path().join("."), alias.path().join("link")] {
        let rules = FolderRules { results, ..FolderRules::new(dir.path()) };
        let error = list(&rules).unwrap_err();
        assert!(matches!(&error, FolderError::ResultsAreInput { .. }), "{error}");
        assert!(!error.may_pass());
    }
}

#[test]
fn a_missing_folder_is_an_error_until_it_is_back() {
    let home = tempfile::tempdir().unwrap();
    let rules = FolderRules::new(home.path().join("drop"));
    let error = list(&rules).unwrap_err();
    assert!(matches!(&error, FolderError::Missing { path } if *path == rules.path), "{error}");
    assert!(error.may_pass());

    fs::create_dir(&rules.path).unwrap();
    assert_eq!(list(&rules).unwrap().files, []);
    fs::write(rules.path.join("students.csv"), "x").unwrap();
    assert_eq!(names(&list(&rules).unwrap()), ["students.csv"]);

    fs::remove_dir_all(&rules.path).unwrap();
    assert!(matches!(list(&rules), Err(FolderError::Missing { .. })));
}

#[test]
fn a_file_in_place_of_the_folder_is_no_folder() {
    let dir = folder_with(&["drop"]);
    let error = list(&FolderRules::new(dir.path().join("drop"))).unwrap_err();
    assert!(matches!(&error, FolderError::NotAFolder { .. }), "{error}");
    assert!(!error.may_pass());
}

#[test]
fn the_folder_itself_may_be_reached_by_a_link() {
    let dir = folder_with(&["students.csv"]);
    let home = tempfile::tempdir().unwrap();
    symlink(dir.path(), home.path().join("drop")).unwrap();
    assert_eq!(names(&list(&FolderRules::new(home.path().join("drop"))).unwrap()), ["students.csv"]);
}

#[test]
fn names_with_odd_bytes_are_listed_and_can_be_opened() {
    let dir = tempfile::tempdir().unwrap();
    let odd: [&[u8]; 4] = [b"\xE9l\xE8ves.csv", b"line\nfeed.csv", b"\x1B[31m.csv", b" .csv"];
    for name in odd {
        fs::write(dir.path().join(OsStr::from_bytes(name)), "x").unwrap();
    }
    let listing = list(&FolderRules::new(dir.path())).unwrap();
    assert_eq!(names(&listing), ["\u{1B}[31m.csv", " .csv", "\\xE9l\\xE8ves.csv", "line\nfeed.csv"]);
    assert!(listing.files.iter().all(|seen| fs::read(&seen.path).unwrap() == b"x"));
}

#[test]
fn ten_thousand_files_are_seen_once_each() {
    let dir = tempfile::tempdir().unwrap();
    let mut expected: Vec<_> = (0..10_000).map(|n| format!("students_{n}.csv")).collect();
    for name in &expected {
        File::create(dir.path().join(name)).unwrap();
    }
    expected.sort();
    let listing = list(&FolderRules::new(dir.path())).unwrap();
    assert_eq!(names(&listing), expected);
    assert_eq!(ignored(&listing), []);
}

#[test]
fn own_patterns_make_a_name_temporary() {
    let dir = folder_with(&["students.csv", "Draft-students.csv"]);
    let rules = FolderRules { extra_temporary: vec!["draft-*".to_owned()], ..FolderRules::new(dir.path()) };
    let listing = list(&rules).unwrap();
    assert_eq!(names(&listing), ["students.csv"]);
    assert_eq!(ignored(&listing), [("Draft-students.csv", Ignored::Temporary)]);
}

#[test]
fn a_file_waits_for_its_own_marker() {
    let dir = folder_with(&["a.csv", "a.csv.done", "b.csv", "b.csv.done", "c.csv", "gone.csv.done"]);
    for (name, at) in [("a.csv", 100), ("a.csv.done", 100), ("b.csv", 200), ("b.csv.done", 100), ("c.csv", 1)] {
        dated(&dir, name, at);
    }
    let listing = list(&marked(&dir, "{name}.done")).unwrap();
    assert_eq!(names(&listing), ["a.csv"]);
    let marker = |name: &str| name.to_owned() + ".done";
    assert_eq!(
        ignored(&listing),
        [
            ("a.csv.done", Ignored::Marker),
            ("b.csv", Ignored::OldMarker { marker: marker("b.csv") }),
            ("b.csv.done", Ignored::Marker),
            ("c.csv", Ignored::NoMarker { marker: marker("c.csv") }),
            ("gone.csv.done", Ignored::Marker),
        ]
    );
    assert!(listing.ignored[1].1.waits() && listing.ignored[3].1.waits() && !listing.ignored[0].1.waits());
}

#[test]
fn one_marker_can_speak_for_the_folder_and_have_a_hidden_name() {
    let dir = folder_with(&["a.csv", "b.csv"]);
    assert_eq!(names(&list(&marked(&dir, ".ready")).unwrap()), [""; 0]);
    fs::write(dir.path().join(".ready"), "").unwrap();
    for (name, at) in [("a.csv", 100), ("b.csv", 101), (".ready", 100)] {
        dated(&dir, name, at);
    }
    let listing = list(&marked(&dir, ".ready")).unwrap();
    assert_eq!(names(&listing), ["a.csv"]);
    assert_eq!(
        ignored(&listing),
        [(".ready", Ignored::Marker), ("b.csv", Ignored::OldMarker { marker: ".ready".to_owned() })]
    );
}

#[test]
fn a_folder_or_link_is_no_marker() {
    let dir = folder_with(&["a.csv", "b.csv"]);
    fs::create_dir(dir.path().join("a.csv.done")).unwrap();
    symlink("b.csv", dir.path().join("b.csv.done")).unwrap();
    assert_eq!(names(&list(&marked(&dir, "{name}.done")).unwrap()), [""; 0]);
}

#[test]
fn the_clock_of_a_local_file_system_is_read_before_the_stamps() {
    let dir = folder_with(&["students.csv"]);
    let before = now_ns().unwrap();
    let listing = list(&FolderRules::new(dir.path())).unwrap();
    let after = now_ns().unwrap();
    assert_eq!(listing.clock_ns.is_some(), Mount::of(dir.path()).our_clock);
    assert!(listing.clock_ns.is_none_or(|clock| (before..=after).contains(&clock)));
}
