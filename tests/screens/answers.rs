//! `runs` and the answers to what waits.

use insta::assert_snapshot;

use super::{assert_fits, screen};
use crate::support::{Roster, TestRosterd, spread};

/// A good night, one with errors, one that is held; the id of the last.
fn eventful() -> (TestRosterd, String) {
    let roster = Roster::school(120, 10);
    let rosterd = TestRosterd::loaded(&roster);
    rosterd.night(&roster.clone().set(3, "role", "wizard"));
    let held = rosterd.night(&roster.without(&spread(50, 130))).only().run().to_owned();
    (rosterd, held)
}

#[test]
fn runs_list() {
    let (rosterd, _) = eventful();
    let screen = screen(&rosterd, &["runs", "list"]);
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn runs_list_without_runs() {
    assert_snapshot!(screen(&TestRosterd::new(), &["runs", "list"]));
}

#[test]
fn runs_show_what_is_held() {
    let (rosterd, run) = eventful();
    let screen = screen(&rosterd, &["runs", "show", &run]);
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn runs_approve_wants_the_number() {
    let (rosterd, run) = eventful();
    assert_snapshot!(screen(&rosterd, &["runs", "approve", &run]));
}

#[test]
fn runs_approve() {
    let (rosterd, run) = eventful();
    let screen = screen(&rosterd, &["runs", "approve", &run, "--archive", "50"]);
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn runs_reject_and_after_it() {
    let (rosterd, run) = eventful();
    let rejected = screen(&rosterd, &["runs", "reject", &run]);
    let shown = screen(&rosterd, &["runs", "show", &run]);
    let listed = screen(&rosterd, &["runs", "list"]);
    let again = screen(&rosterd, &["runs", "approve", &run]);
    assert_snapshot!(format!("{rejected}\n{shown}\n{listed}\n{again}"));
}

#[test]
fn a_run_that_is_not_there() {
    let (rosterd, _) = eventful();
    assert_snapshot!(screen(&rosterd, &["runs", "show", "ffffffff"]));
}
