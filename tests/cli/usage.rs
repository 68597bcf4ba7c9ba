//! Help and mistakes.

use crate::support::{Roster, TestRosterd};

/// The commands that `--help` lists: the first words of the indented lines after `Commands:`.
fn listed(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| !line.trim_end().ends_with("Commands:"))
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with(' '))
        .filter(|line| line.starts_with("  ") && !line.starts_with("    "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn help_lists_what_there_is() {
    let rosterd = TestRosterd::new();
    let help = rosterd.run(&["--help"]).expect_code(0).stdout;
    let commands = listed(&help);
    for wanted in [
        "init", "sync", "check", "import", "people", "explain", "runs", "sources", "export", "template", "config",
        "doctor", "status",
    ] {
        assert!(commands.iter().any(|command| command == wanted), "`{wanted}` is missing: {commands:?}");
    }
    for command in commands.iter().filter(|&command| command != "help") {
        let answer = rosterd.run(&[command.as_str(), "--help"]).expect_code(0);
        assert!(!answer.stdout.trim().is_empty(), "{command}");
    }
}

#[test]
fn help_does_not_list_what_there_is_not() {
    let rosterd = TestRosterd::new();
    let help = rosterd.run(&["--help"]).expect_code(0).stdout;
    for absent in ["sftp", "verify"] {
        assert!(!listed(&help).iter().any(|command| command == absent), "`{absent}` is listed");
        assert_eq!(rosterd.run(&[absent, "--help"]).code, 2, "`{absent}`");
    }
    let runs = rosterd.run(&["runs", "--help"]).expect_code(0).stdout;
    for wanted in ["list", "show", "approve", "reject"] {
        assert!(listed(&runs).iter().any(|command| command == wanted), "`runs {wanted}` is missing: {runs}");
    }
    assert!(!listed(&runs).iter().any(|command| command == "undo"), "`runs undo` is listed");
}

#[test]
fn version() {
    let answer = TestRosterd::new().run(&["--version"]).expect_code(0);
    assert!(answer.stdout.starts_with("rosterd "), "{answer:?}");
}

#[test]
fn mistyped_commands_and_flags_are_answered_with_the_nearest() {
    let rosterd = TestRosterd::new();
    for (args, meant) in [
        (&["snyc"][..], "sync"),
        (&["peopel", "list"], "people"),
        (&["people", "lst"], "list"),
        (&["sync", "--distrct", "springfield"], "--district"),
        (&["runs", "approve", "x", "--removal"], "--removals"),
    ] {
        let answer = rosterd.run(args);
        assert_eq!(answer.code, 2, "{args:?}: {answer:?}");
        assert!(answer.stderr.contains(meant), "{args:?} does not name `{meant}`: {answer:?}");
    }
}

#[test]
fn an_unknown_district_is_answered_with_the_known_ones() {
    let answer = TestRosterd::new().run(&["sync", "--district", "sprngfield"]);
    assert_eq!(answer.code, 2);
    assert!(answer.stderr.contains("sprngfield") && answer.stderr.contains("springfield"), "{answer:?}");
}

#[test]
fn people_and_runs_that_are_not_there() {
    let rosterd = TestRosterd::loaded(&Roster::students(20));
    for args in [
        &["people", "show", "nobody@springfield.example.org"][..],
        &["people", "archive", "999999"],
        &["runs", "show", "00000000-0000-7000-8000-000000000000"],
        &["runs", "approve", "ffffffff"],
        &["export", "--format", "no-such-format"],
    ] {
        let answer = rosterd.run(args);
        assert_ne!(answer.code, 0, "{args:?}");
        assert!(answer.stdout.trim().is_empty() && !answer.stderr.trim().is_empty(), "{args:?}: {answer:?}");
    }
}

#[test]
fn answers_to_a_run_that_asks_nothing_change_nothing() {
    let rosterd = TestRosterd::loaded(&Roster::students(20));
    let before = rosterd.everybody();
    let run = rosterd.runs()[0]["run"].as_str().unwrap().to_owned();
    for answer in ["approve", "reject"] {
        rosterd.run(&["runs", answer, &run]);
        assert_eq!(rosterd.show(&run).state(), "completed", "{answer}");
    }
    assert_eq!(rosterd.everybody(), before);
}

#[test]
fn errors_are_a_sentence_and_a_hint() {
    let rosterd = TestRosterd::new();
    std::fs::write(rosterd.district_file(), "[district]\nid = \"springfield\"\nnam = \"S\"\n").unwrap();
    let answer = rosterd.run(&["sync"]);
    assert_eq!(answer.code, 2);
    assert!(answer.stderr.contains("error") && answer.stderr.contains("hint"), "{answer:?}");
    assert!(!answer.stderr.contains("panicked"), "{answer:?}");
}
