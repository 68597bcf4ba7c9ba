//! `people`, `explain`, `sources`, `status`.

use insta::assert_snapshot;

use super::{assert_fits, screen};
use crate::support::{Roster, TestRosterd, spread};

/// A small school; one left, one row is wrong, one was edited by hand, one is pinned.
fn school() -> (Roster, TestRosterd, String) {
    let roster = Roster::school(12, 3);
    let rosterd = TestRosterd::loaded(&roster);
    rosterd.people_command("edit", &roster.rows[2].idnumber, &["--set", "given_name=Ola-Marie"]);
    rosterd.people_command("pin", &roster.rows[3].idnumber, &["keep"]);
    let file = roster.clone().set(4, "role", "wizard").set(6, "gradyear", "2040").without(&[5]);
    let run = rosterd.night(&file).only().run().to_owned();
    (roster, rosterd, run)
}

#[test]
fn people_list() {
    let (_, rosterd, _) = school();
    let screen = screen(&rosterd, &["people", "list", "--state", "all"]);
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn people_show() {
    let (roster, rosterd, _) = school();
    let edited = screen(&rosterd, &["people", "show", &roster.rows[2].idnumber]);
    let gone = screen(&rosterd, &["people", "show", &roster.rows[5].email]);
    assert_snapshot!(format!("{edited}\n{gone}"));
    assert_fits(&edited);
}

#[test]
fn nobody() {
    let (_, rosterd, _) = school();
    assert_snapshot!(screen(&rosterd, &["people", "show", "nobody@springfield.example.org"]));
}

#[test]
fn commands_about_a_person() {
    let (roster, rosterd, _) = school();
    let key = &*roster.rows[8].idnumber;
    let screens = [
        &["people", "edit", key, "--set", "family_name=Berg", "--set", "grad_year=2031"][..],
        &["people", "edit", key, "--set", "shoe_size=44"],
        &["people", "pin", key, "keep"],
        &["people", "archive", key],
        &["people", "restore", key],
    ];
    assert_snapshot!(screens.map(|args| screen(&rosterd, args)).join("\n"));
}

#[test]
fn explain_a_person() {
    let (roster, rosterd, _) = school();
    let told = [6, 5, 4, 3, 2].map(|at| screen(&rosterd, &["explain", &roster.rows[at].idnumber]));
    told.iter().for_each(|screen| assert_fits(screen));
    assert_snapshot!(told.join("\n"));
}

#[test]
fn explain_a_row() {
    let (_, rosterd, run) = school();
    // Unchanged, rejected, updated, no row.
    let told = [2, 6, 7, 99].map(|line| screen(&rosterd, &["explain", &format!("{run}:users.csv:{line}")]));
    assert_snapshot!(told.join("\n"));
}

#[test]
fn sources_list() {
    let (_, rosterd, _) = school();
    let screen = screen(&rosterd, &["sources", "list"]);
    assert_snapshot!(screen);
    assert_fits(&screen);
}

#[test]
fn sources_list_with_a_missing_folder_and_a_schedule() {
    let rosterd = TestRosterd::builder().schedule("0 2 * * *").build();
    std::fs::remove_dir(rosterd.folder()).unwrap();
    let screen = screen(&rosterd, &["sources", "list"]);
    // Until messages are wrapped: what is cut off depends on how long the path is.
    let kept = screen.lines().map(|line| line.find("the folder").map_or(line, |at| &line[..at]).trim_end());
    assert_snapshot!(kept.collect::<Vec<_>>().join("\n"));
}

#[test]
fn status() {
    let roster = Roster::school(120, 10);
    let rosterd = TestRosterd::loaded(&roster);
    let quiet = screen(&rosterd, &["status"]);
    rosterd.night(&roster.without(&spread(50, 130)));
    let waiting = screen(&rosterd, &["status"]);
    assert_fits(&waiting);
    let new = screen(&TestRosterd::new(), &["status"]);
    assert_snapshot!(format!("{new}\n{quiet}\n{waiting}"));
}
