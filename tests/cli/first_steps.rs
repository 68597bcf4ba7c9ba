//! `init`, `config check` and `doctor`: from nothing to a first sync.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use crate::support::{Answer, TestRosterd};

fn run(at: &Path, args: &[&str]) -> Answer {
    let output = Command::new(env!("CARGO_BIN_EXE_rosterd")).args(args).current_dir(at).output().unwrap();
    Answer {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn contents(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.to_str().unwrap().to_owned(), fs::read(&path).unwrap());
        }
    }
    found
}

/// A directory in which `init` was run.
fn begun() -> (tempfile::TempDir, Answer) {
    let root = tempfile::tempdir().unwrap();
    let answer = init(root.path());
    (root, answer)
}

fn init(root: &Path) -> Answer {
    let (dir, folder) = (root.join("conf"), root.join("drop"));
    fs::create_dir_all(&folder).unwrap();
    run(root, &["init", dir.to_str().unwrap(), "--district", "springfield", "--folder", folder.to_str().unwrap()])
}

#[test]
fn init_writes_a_configuration_that_works_at_once() {
    let (root, answer) = begun();
    let answer = answer.expect_code(0);
    let config = root.path().join("conf/rosterd.toml");
    assert!(config.is_file() && root.path().join("conf/districts.d/springfield.toml").is_file());
    assert!(format!("{}{}", answer.stdout, answer.stderr).contains("rosterd"), "the next command is named: {answer:?}");

    let config = config.to_str().unwrap();
    run(root.path(), &["--config", config, "config", "check"]).expect_code(0);
    let synced = run(root.path(), &["--config", config, "sync", "--json"]).expect_code(0);
    assert!(synced.json().is_empty(), "there is nothing to take yet");
    let sources = run(root.path(), &["--config", config, "sources", "list", "--json"]).expect_code(0).json();
    assert_eq!((sources.len(), sources[0]["kind"].as_str()), (1, Some("folder")));
}

#[test]
fn init_never_overwrites() {
    let (root, _) = begun();
    let file = root.path().join("conf/districts.d/springfield.toml");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "\n# mine\n").unwrap();
    let before = contents(root.path());
    init(root.path());
    assert_eq!(contents(root.path()), before);
}

#[test]
fn a_good_configuration_is_good() {
    let rosterd = TestRosterd::builder()
        .students_and_adults()
        .schedule("0 2 * * *")
        .confirmations(2)
        .confirm_after("12h")
        .limits("G02 = { percent = 5 }")
        .build();
    rosterd.run(&["config", "check"]).expect_code(0);
    let sources = rosterd.run(&["sources", "list", "--json"]).expect_code(0).json();
    assert_eq!(sources[0]["id"], "sis");
    assert!(sources[0]["next_due_at"].is_string(), "it has a schedule: {sources:?}");
}

/// `config check` and `sync` both refuse the settings, naming what stands there and, where it can be known, what was meant.
#[track_caller]
fn refused(rosterd: &TestRosterd, named: &[&str]) {
    for command in [&["config", "check"][..], &["sync"]] {
        let answer = rosterd.run(command);
        assert_eq!(answer.code, 2, "{command:?}: {answer:?}");
        for word in named {
            assert!(answer.stderr.contains(word), "{command:?} does not name `{word}`: {answer:?}");
        }
    }
}

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    refused(&TestRosterd::builder().source_line("confimations = 2").build(), &["confimations", "confirmations"]);
    refused(&TestRosterd::builder().district_line("time_zoen = \"UTC\"").build(), &["time_zoen", "time_zone"]);
    refused(&TestRosterd::builder().limits("G02 = { procent = 5 }").build(), &["procent", "percent"]);
    let rosterd = TestRosterd::new();
    let config = fs::read_to_string(rosterd.config()).unwrap();
    fs::write(rosterd.config(), config.replace("[state]", "[stte]")).unwrap();
    refused(&rosterd, &["stte", "state"]);
}

#[test]
fn values_that_cannot_be() {
    refused(&TestRosterd::builder().source_line("confirm_after = \"soon\"").build(), &["confirm_after"]);
    refused(&TestRosterd::builder().schedule("every night").build(), &["schedule"]);
    let wrong = |from: &str, to: &str| {
        let rosterd = TestRosterd::new();
        let text = fs::read_to_string(rosterd.district_file()).unwrap();
        assert!(text.contains(from));
        fs::write(rosterd.district_file(), text.replace(from, to)).unwrap();
        rosterd
    };
    refused(&wrong("America/Chicago", "America/Springfield"), &["America/Springfield"]);
    refused(&wrong("kind = \"folder\"", "kind = \"foldr\""), &["foldr", "folder"]);
    refused(&wrong("format = \"auto\"", "format = \"securly-pas\""), &["securly-pas", "securly-pass"]);
    refused(&wrong("baseline = \"apply\"", "baseline = \"aply\""), &["aply", "apply"]);
}
