//! With a schedule files are taken at once and reconciled when it is due.

use chrono::{DateTime, TimeDelta, Utc};

use crate::support::{Roster, TestRosterd, eventually};

fn next_due(rosterd: &TestRosterd) -> DateTime<Utc> {
    let sources = rosterd.run_now(&["sources", "list", "--json"]).expect_code(0).json();
    sources[0]["next_due_at"].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_file_waits_until_it_is_due() {
    let rosterd = TestRosterd::builder().schedule("* * * * *").build();
    let daemon = rosterd.serve();
    // Enough time before the minute to see that it waits.
    let due = eventually("ten seconds before the minute", || {
        Some(next_due(&rosterd)).filter(|due| *due - Utc::now() > TimeDelta::seconds(10))
    });
    let file = Roster::students(20).csv();
    rosterd.deliver("users.csv", &file);
    eventually("the file in the spool", || rosterd.is_sealed(&file).then_some(()));
    let runs = rosterd.run_now(&["runs", "list", "--json"]).expect_code(0).json();
    assert!(runs.is_empty() || Utc::now() >= due, "it ran before {due}: {runs:#?}");
    let run = rosterd.wait_for_runs(1).remove(0);
    let started: DateTime<Utc> = run.0["started_at"].as_str().unwrap().parse().unwrap();
    assert!(started >= due, "it ran at {started}, before {due}");
    assert!(started - due < TimeDelta::seconds(30), "it ran at {started}, long after {due}");
    assert!(next_due(&rosterd) > due);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn sync_does_not_wait_for_it() {
    let rosterd = TestRosterd::builder().schedule("0 3 29 2 *").build();
    let daemon = rosterd.serve();
    rosterd.deliver("users.csv", &Roster::students(20).csv());
    let reports = rosterd.run_now(&["sync", "--json"]).expect_code(0).json();
    assert_eq!(reports.len(), 1, "{reports:#?}");
    assert_eq!(rosterd.active_now(), 20);
    assert_eq!(daemon.stop(), 0);
}

/// What waits for a schedule that is taken away waits for nothing any more.
#[test]
fn what_waited_for_a_schedule_is_run_without_it() {
    let rosterd = TestRosterd::builder().schedule("0 3 29 2 *").build();
    let daemon = rosterd.serve();
    let file = Roster::students(20).csv();
    rosterd.deliver("users.csv", &file);
    eventually("the file in the spool", || rosterd.is_sealed(&file).then_some(()));
    assert_eq!(daemon.stop(), 0);
    rosterd.reconfigure("schedule = \"0 3 29 2 *\"", "");
    let daemon = rosterd.serve();
    rosterd.wait_for_runs(1);
    assert_eq!(daemon.stop(), 0);
}
