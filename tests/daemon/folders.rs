//! Folders that are not there.

use std::fs;

use crate::support::{Roster, TestRosterd, eventually, student};

fn source_state(rosterd: &TestRosterd) -> String {
    let sources = rosterd.run_now(&["sources", "list", "--json"]).expect_code(0).json();
    sources[0]["state"].as_str().unwrap().to_owned()
}

#[test]
fn one_that_is_missing_at_the_start_is_waited_for() {
    let rosterd = TestRosterd::new();
    fs::remove_dir(rosterd.folder()).unwrap();
    let daemon = rosterd.serve();
    daemon.logs(&["WARN", "springfield", "sis"]);
    assert_eq!(source_state(&rosterd), "unreachable");
    fs::create_dir(rosterd.folder()).unwrap();
    rosterd.deliver("users.csv", &Roster::students(20).csv());
    assert_eq!(rosterd.wait_for_runs(1)[0].rows("created"), 20);
    assert_eq!(source_state(&rosterd), "ok");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn one_that_is_made_again_is_watched_again_and_nobody_is_gone() {
    let rosterd = TestRosterd::new();
    let daemon = rosterd.serve();
    let roster = Roster::students(20);
    rosterd.deliver("users.csv", &roster.csv());
    rosterd.wait_for_runs(1);
    rosterd.wait_for_results(".report.json", 1);
    for round in 1..=2 {
        fs::remove_dir_all(rosterd.folder()).unwrap();
        if round == 1 {
            // Long enough for the daemon to notice.
            daemon.logs(&["WARN", "springfield", "sis"]);
            assert_eq!(rosterd.active_now(), 20);
        }
        fs::create_dir(rosterd.folder()).unwrap();
        rosterd.deliver("users.csv", &roster.clone().and((0..round).map(|i| student(100 + i))).csv());
        let runs = rosterd.wait_for_runs(1 + round);
        assert_eq!((runs[round].rows("created"), runs[round].people("archived")), (1, 0));
    }
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn one_districts_missing_folder_is_nothing_to_another() {
    let rosterd = TestRosterd::builder().district("shelby").build();
    fs::remove_dir(rosterd.root().join("drop/shelby")).unwrap();
    let daemon = rosterd.serve();
    rosterd.deliver("users.csv", &Roster::students(20).csv());
    assert_eq!(rosterd.wait_for_runs(1)[0].district(), "springfield");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn results_that_cannot_be_written_are_owed_and_written_later() {
    let rosterd = TestRosterd::new();
    // A file stands where the folder should be: nobody, not even root, can write into it.
    fs::write(rosterd.folder().join("results"), b"in the way").unwrap();
    let daemon = rosterd.serve();
    rosterd.deliver("users.csv", &Roster::students(20).csv());
    let runs = rosterd.wait_for_runs(1);
    assert_eq!(runs[0].state(), "completed", "the run itself stands");
    daemon.logs(&["WARN", "results"]);
    assert_eq!(daemon.stop(), 0);
    fs::remove_file(rosterd.folder().join("results")).unwrap();
    let daemon = rosterd.serve();
    let report = eventually("the report that was owed", || rosterd.results(".report.json").pop());
    assert!(report.to_str().unwrap().contains(runs[0].run()));
    assert_eq!(daemon.stop(), 0);
}
