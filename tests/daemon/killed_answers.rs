//! I14 for answers: an approval that is killed is carried out once when it is given again, or was carried out already.

use std::{
    fs,
    time::{Duration, Instant},
};

use super::kills::{applied, asked_for, assert_created_once, assert_files_are_whole, start};
use crate::support::{Roster, Running, TestRosterd};

const PEOPLE: usize = 3000;

/// A first delivery that waits; its file is gone, so that nothing arrives beside it. The id of its run.
fn waiting() -> (TestRosterd, String) {
    let rosterd = TestRosterd::builder().baseline("hold").build();
    rosterd.drop("users.csv", &Roster::students(PEOPLE).csv());
    let run = rosterd.sync().expect_code(4).only().run().to_owned();
    fs::remove_file(rosterd.folder().join("users.csv")).unwrap();
    (rosterd, run)
}

#[test]
fn killed_approvals_are_carried_out_once() {
    let (kills, mut chance) = asked_for();
    let (waiting, run) = waiting();
    let spared = waiting.copy();
    let begun = Instant::now();
    spared.approve(&run, &[]).expect_code(0);
    let most = u64::try_from(begun.elapsed().as_micros()).unwrap();
    let mut killed = 0;
    for _ in 0..kills.div_ceil(3) {
        let rosterd = waiting.copy();
        let mut approval = Running::start(start(&rosterd, &["runs", "approve", &run]));
        killed += u64::from(approval.kill_after(Duration::from_micros(chance.below(most))));
        // All of it or nothing.
        let done = rosterd.active().len();
        assert!(done == 0 || done == PEOPLE, "{done} of {PEOPLE} people");
        let again = rosterd.run(&["runs", "approve", &run, "--json"]);
        assert_eq!(again.code, if done == 0 { 0 } else { 2 }, "{again:?}");
        assert_eq!(rosterd.active().len(), PEOPLE);
        assert_eq!(applied(&rosterd).len(), 2, "the run that waited and the one that answered it");
        // What was owed when it was killed is written by the next that works here.
        assert!(rosterd.sync().expect_code(0).reports.is_empty());
        assert_created_once(&rosterd);
        assert_files_are_whole(&rosterd);
    }
    assert!(killed > 0, "nothing was killed");
}
