//! Files come, change, come together, and come slowly.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    thread,
    time::{Duration, Instant},
};

use crate::support::{Roster, TestRosterd, eventually, student, teacher};

#[test]
fn a_file_is_taken_and_its_results_appear() {
    let rosterd = TestRosterd::new();
    let daemon = rosterd.serve();
    let roster = Roster::students(30).set(4, "role", "wizard");
    rosterd.deliver("users.csv", &roster.csv());
    let runs = rosterd.wait_for_runs(1);
    assert_eq!((runs[0].verdict(), runs[0].rows("created"), runs[0].rows("rejected")), ("accepted", 29, 1));
    let report = rosterd.wait_for_results(".report.json", 1).remove(0);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&report).unwrap()["run"], runs[0].run());
    assert!(rosterd.wait_for_results(".report.txt", 1)[0].contains("wizard"));
    assert_eq!(rosterd.wait_for_results(".errors.csv", 1)[0].lines().count(), 2, "a header and a row");
    assert_eq!(rosterd.active_now(), 29);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn what_lies_there_at_the_start_is_taken_once() {
    let rosterd = TestRosterd::new();
    rosterd.deliver("users.csv", &Roster::students(20).csv());
    assert_eq!(rosterd.serve_until_runs(1).stop(), 0);
    // Untouched since, it is no delivery for the next daemon.
    let daemon = rosterd.serve();
    rosterd.deliver("others.csv", &Roster::default().and([teacher(1), teacher(2), teacher(3)]).csv());
    let runs = rosterd.wait_for_runs(2);
    assert_eq!(runs[1].deliveries().len(), 1, "{runs:#?}");
    assert_eq!(runs[1].feed_of("others.csv"), "others");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_changed_file_is_taken_again() {
    let rosterd = TestRosterd::new();
    let daemon = rosterd.serve();
    let roster = Roster::students(30);
    rosterd.deliver("users.csv", &roster.csv());
    rosterd.wait_for_runs(1);
    rosterd.deliver("users.csv", &roster.clone().set(2, "gradyear", "2040").and([student(30)]).csv());
    let runs = rosterd.wait_for_runs(2);
    assert_eq!((runs[1].rows("updated"), runs[1].rows("created"), runs[1].rows("unchanged")), (1, 1, 29));
    // Overwritten in place, as an export that knows no better does.
    fs::write(rosterd.folder().join("users.csv"), roster.and([student(30), student(31)]).csv()).unwrap();
    eventually("the third file, whole", || (rosterd.active_now() == 32).then_some(()));
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn files_that_come_while_it_works_are_taken_after() {
    let rosterd = TestRosterd::builder().students_and_adults().build();
    let daemon = rosterd.serve();
    let students = Roster::students(2000).csv();
    rosterd.deliver("students.csv", &students);
    eventually("the first file in the spool", || rosterd.is_sealed(&students).then_some(()));
    for name in ["adults.csv", "students-late.csv"] {
        let more = if name == "adults.csv" { vec![teacher(1), teacher(2)] } else { vec![] };
        let roster = if more.is_empty() { Roster::students(2010) } else { Roster { rows: more } };
        rosterd.deliver(name, &roster.csv());
    }
    eventually("all of them", || (rosterd.active_now() == 2012).then_some(()));
    let runs = rosterd.ended_runs();
    let mut files: Vec<String> = runs
        .iter()
        .flat_map(|run| run.deliveries().iter().map(|delivery| delivery["file"].as_str().unwrap().to_owned()))
        .collect();
    files.sort();
    assert_eq!(files, ["adults.csv", "students-late.csv", "students.csv"], "each once");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_temporary_name_is_left_alone_until_it_is_final() {
    let rosterd = TestRosterd::new();
    let daemon = rosterd.serve();
    let half = Roster::students(10).csv();
    rosterd.deliver(".users.csv.tmp", &half);
    rosterd.deliver("users.csv.part", &half);
    // Something that is taken afterwards shows that the daemon has looked.
    let whole = Roster::students(30).csv();
    rosterd.deliver("users.csv", &whole);
    let runs = rosterd.wait_for_runs(1);
    assert_eq!(runs[0].rows("read"), 30);
    assert!(!rosterd.is_sealed(&half));
    fs::write(rosterd.folder().join("users.csv.part"), Roster::students(31).csv()).unwrap();
    fs::rename(rosterd.folder().join("users.csv.part"), rosterd.folder().join("users.csv")).unwrap();
    assert_eq!(rosterd.wait_for_runs(2)[1].rows("read"), 31);
    assert_eq!(daemon.stop(), 0);
}

/// Appends line by line for four seconds; says whether no pause was nearly as long as `quiet_for`.
fn written_slowly(rosterd: &TestRosterd, whole: &[u8]) -> bool {
    let path = rosterd.folder().join("users.csv");
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let mut steady = true;
    let mut written = Instant::now();
    for (at, line) in lines.iter().enumerate() {
        let due = Instant::now() + Duration::from_millis(100);
        OpenOptions::new().create(true).append(true).open(&path).unwrap().write_all(line).unwrap();
        steady &= at == 0 || written.elapsed() < Duration::from_millis(900);
        written = Instant::now();
        while Instant::now() < due {
            thread::sleep(Duration::from_millis(5));
        }
    }
    steady
}

#[test]
fn a_file_that_grows_slowly_is_taken_whole() {
    let whole = Roster::students(40).csv();
    for _ in 0..5 {
        let rosterd = TestRosterd::new();
        rosterd.reconfigure("quiet_for = \"0s\"", "quiet_for = \"1s\"");
        let daemon = rosterd.serve();
        // On a machine so busy that this test itself pauses for a second, the file does look finished.
        if !written_slowly(&rosterd, &whole) {
            continue;
        }
        let runs = rosterd.wait_for_runs(1);
        assert_eq!(runs[0].deliveries()[0]["bytes"], whole.len());
        assert!(rosterd.is_sealed(&whole));
        assert_eq!(daemon.stop(), 0);
        assert_eq!(rosterd.ended_runs().len(), 1, "there was one delivery");
        return;
    }
    panic!("this machine is too busy for the story");
}

#[test]
fn one_that_was_killed_at_work_leaves_the_rest_to_the_next() {
    let rosterd = TestRosterd::new();
    let mut daemon = rosterd.serve();
    let file = Roster::students(3000).csv();
    rosterd.deliver("users.csv", &file);
    eventually("the file in the spool", || rosterd.is_sealed(&file).then_some(()));
    daemon.process.kill();
    let next = rosterd.serve();
    eventually("everybody", || (rosterd.active_now() == 3000).then_some(()));
    assert_eq!(next.stop(), 0);
}
