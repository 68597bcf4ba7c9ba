//! The log is for everybody who looks after the machine; the roster is not.

use crate::support::{Roster, TestRosterd, spread};

#[test]
fn nobodys_data_is_in_the_log() {
    let rosterd = TestRosterd::builder().baseline("hold").build();
    let mut command = rosterd.command(&["serve"]);
    command.env("ROSTERD_LOG", "debug");
    let daemon = rosterd.serve_by(command).ready();
    let planted = "Xaverine";
    let roster = Roster::students(60)
        .set(3, "firstname", planted)
        .set(4, "role", "quidditch")
        .set(5, "email", "planted.address@elsewhere.example.com")
        .set(6, "gradyear", "nineteen-ninety")
        .set(7, "idnumber", "PLANTED-77");
    rosterd.deliver("users.csv", &roster.csv());
    let held = rosterd.wait_for_runs(1).remove(0);
    rosterd.run_now(&["runs", "approve", held.run()]);
    // A cut file, a night without half the school, and one that is no roster at all.
    let bytes = roster.csv();
    rosterd.deliver("users.csv", &bytes[..bytes.len() * 6 / 10]);
    rosterd.wait_for_runs(3);
    rosterd.deliver("users.csv", &roster.without(&spread(25, 60)).csv());
    rosterd.wait_for_runs(4);
    rosterd.deliver("notes.csv", b"who,what\nXaverine,has a planted.address\n");
    rosterd.wait_for_runs(5);
    // Commands through the daemon, good ones and wrong ones.
    let someone = &roster.rows[10];
    let family = format!("family_name={planted}sdottir");
    rosterd.run_now(&["people", "edit", &someone.email, "--set", &family]).expect_code(0);
    rosterd.run_now(&["people", "edit", "nobody.planted@springfield.example.org", "--set", &family]).expect_code(2);
    rosterd.run_now(&["people", "archive", &someone.idnumber]).expect_code(0);
    rosterd.run_now(&[
        "people",
        "edit",
        &roster.rows[11].idnumber,
        "--set",
        &format!("email={}", roster.rows[12].email),
    ]);

    let log = daemon.log_text();
    assert!(log.len() > 1000 && daemon.log().len() > 5, "too little was logged to tell: {log}");
    let mut words: Vec<&str> =
        vec![planted, "quidditch", "planted", "PLANTED", "nineteen-ninety", "elsewhere.example.com"];
    for row in &roster.rows {
        words.extend([&*row.firstname, &row.lastname, &row.email]);
        // Six digits in a row are in many an id and time of ours.
        assert!(!log.contains(&format!("\"{}\"", row.idnumber)), "number {}", row.idnumber);
    }
    for word in words {
        let line = log.lines().find(|line| line.contains(word));
        assert!(line.is_none(), "`{word}` is in the log: {}", line.unwrap_or_default());
    }
    assert_eq!(daemon.stop(), 0);
}
