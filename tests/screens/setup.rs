//! From nothing to a first sync: `--help`, `init`, `config check`, `doctor`.

use std::fs;

use insta::assert_snapshot;

use super::{assert_fits, screen};
use crate::support::TestRosterd;

#[test]
fn help() {
    let rosterd = TestRosterd::new();
    let help = [&["--help"][..], &["runs", "approve", "--help"], &["people", "edit", "--help"]]
        .map(|args| screen(&rosterd, args));
    assert_snapshot!(help.join("\n"));
}

#[test]
fn usage() {
    let rosterd = TestRosterd::new();
    let wrong =
        [&["snyc"][..], &["sync", "--districts", "x"], &["people", "edit", "7"], &["people", "list", "--state", "odd"]]
            .map(|args| screen(&rosterd, args));
    assert_snapshot!(wrong.join("\n"));
}

#[test]
fn init() {
    let rosterd = TestRosterd::new();
    let args = ["init", "conf", "--district", "springfield"];
    let first = screen(&rosterd, &args);
    let again = screen(&rosterd, &args);
    let wrong = screen(&rosterd, &["init", "other", "--district", "Spring Field"]);
    let zone = screen(&rosterd, &["init", "other", "--district", "springfield", "--time-zone", "Springfield"]);
    assert!(!rosterd.root().join("other").exists(), "nothing is written that does not load");
    assert_snapshot!(format!("{first}\n{again}\n{wrong}\n{zone}"));
}

#[test]
fn config_check() {
    let good = screen(&TestRosterd::new(), &["config", "check"]);
    assert_fits(&good);
    let bad = |from: &str, to: &str| {
        let rosterd = TestRosterd::new();
        rosterd.reconfigure(from, to);
        screen(&rosterd, &["config", "check"])
    };
    let screens = [
        good,
        bad("quiet_for", "quite_for"),
        bad("America/Chicago", "America/Springfield"),
        bad("\"0s\"", "\"soon\""),
        bad("kind = \"folder\"", "kind = \"foldr\""),
        bad("format = \"auto\"", "format = \"securly-pas\""),
        bad("[district]", "[district"),
        bad("kind = \"folder\"", "kind = \"clever\""),
    ];
    assert_snapshot!(screens.join("\n"));
}

#[test]
fn no_configuration() {
    let rosterd = TestRosterd::new();
    fs::remove_file(rosterd.config()).unwrap();
    assert_snapshot!(screen(&rosterd, &["sync"]));
}

/// The free space of the disk is not the product's.
fn without_space(screen: &str) -> String {
    let line = |line: &str| match line.find(" MiB free") {
        Some(end) => format!("{}00000 MiB free", line[..end].trim_end_matches(|c: char| c.is_ascii_digit())),
        None => line.to_owned(),
    };
    screen.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn doctor() {
    let rosterd = TestRosterd::new();
    let well = without_space(&screen(&rosterd, &["doctor"]));
    fs::remove_dir_all(rosterd.folder()).unwrap();
    fs::write(rosterd.folder(), b"no folder").unwrap();
    let ill = without_space(&screen(&rosterd, &["doctor"]));
    assert_snapshot!(format!("{well}\n{ill}"));
}
