//! SIGHUP: the configuration is read again.

use std::fs;

use rustix::process::Signal;

use crate::support::{Roster, TestRosterd, eventually, teacher};

/// A second source with a folder of its own, as text for the district's file.
fn more(rosterd: &TestRosterd) -> String {
    let folder = rosterd.root().join("drop/more");
    fs::create_dir_all(&folder).unwrap();
    format!(
        "\n[[sources]]\nid = \"hr\"\nkind = \"folder\"\npath = {folder:?}\nformat = \"auto\"\nmode = \"snapshot\"\n\
         baseline = \"apply\"\nquiet_for = \"0s\"\n"
    )
}

fn append(rosterd: &TestRosterd, text: &str) {
    let old = fs::read_to_string(rosterd.district_file()).unwrap();
    fs::write(rosterd.district_file(), old + text).unwrap();
}

#[test]
fn a_new_source_is_used() {
    let rosterd = TestRosterd::new();
    let daemon = rosterd.serve();
    rosterd.deliver("users.csv", &Roster::students(20).csv());
    rosterd.wait_for_runs(1);
    append(&rosterd, &more(&rosterd));
    daemon.process.signal(Signal::HUP);
    rosterd.deliver_to("more", "staff.csv", &Roster::default().and((0..5).map(teacher)).csv());
    let runs = rosterd.wait_for_runs(2);
    assert_eq!((runs[1].rows("created"), runs[1].feed_of("staff.csv")), (5, "staff"));
    // The old one goes on.
    rosterd.deliver("users.csv", &Roster::students(21).csv());
    assert_eq!(rosterd.wait_for_runs(3)[2].rows("created"), 1);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_broken_one_changes_nothing_and_is_told_with_its_place() {
    let rosterd = TestRosterd::new();
    let daemon = rosterd.serve();
    let good = fs::read_to_string(rosterd.district_file()).unwrap();
    append(&rosterd, &more(&rosterd).replace("quiet_for", "quite_for"));
    let line =
        1 + fs::read_to_string(rosterd.district_file()).unwrap().lines().position(|l| l.contains("quite")).unwrap();
    daemon.process.signal(Signal::HUP);
    daemon.logs(&["ERROR", &format!("springfield.toml:{line}:"), "quite_for", "quiet_for"]);
    // The old one is still used; commands would read the new one, so the results tell.
    rosterd.deliver("users.csv", &Roster::students(20).csv());
    let report = rosterd.wait_for_results(".report.txt", 1).remove(0);
    assert!(report.contains("created"), "{report}");
    // Put right, it is used after all.
    fs::write(rosterd.district_file(), good + &more(&rosterd)).unwrap();
    daemon.process.signal(Signal::HUP);
    rosterd.deliver_to("more", "staff.csv", &Roster::default().and([teacher(1)]).csv());
    rosterd.wait_for_runs(2);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_new_district_is_used() {
    let rosterd = TestRosterd::builder().district("shelby").build();
    let aside = rosterd.root().join("shelby.toml");
    let file = rosterd.root().join("districts.d/shelby.toml");
    fs::rename(&file, &aside).unwrap();
    let daemon = rosterd.serve();
    fs::rename(&aside, &file).unwrap();
    daemon.process.signal(Signal::HUP);
    rosterd.deliver_to(
        "shelby",
        "users.csv",
        &Roster::students(20)
            .set_all(&(0..20).collect::<Vec<_>>(), "email", |_, row| row.email.replace("springfield", "shelby"))
            .csv(),
    );
    let runs = rosterd.wait_for_runs(1);
    assert_eq!((runs[0].district(), runs[0].rows("created")), ("shelby", 20));
    assert_eq!(daemon.stop(), 0);
}

/// A source that is taken away is not read any more, and nobody of it is released.
#[test]
fn a_source_that_is_gone_is_left_alone() {
    let rosterd = TestRosterd::new();
    let text = more(&rosterd);
    let without = fs::read_to_string(rosterd.district_file()).unwrap();
    append(&rosterd, &text);
    let daemon = rosterd.serve();
    rosterd.deliver_to("more", "staff.csv", &Roster::default().and((0..5).map(teacher)).csv());
    rosterd.wait_for_runs(1);
    fs::write(rosterd.district_file(), without).unwrap();
    daemon.process.signal(Signal::HUP);
    daemon.logs(&["INFO", "configuration was read again"]);
    let ignored = Roster::default().and((0..9).map(teacher)).csv();
    rosterd.deliver_to("more", "staff.csv", &ignored);
    rosterd.deliver("users.csv", &Roster::students(20).csv());
    eventually("the other source", || (rosterd.active_now() == 25).then_some(()));
    assert!(!rosterd.is_sealed(&ignored));
    assert_eq!(daemon.stop(), 0);
}
