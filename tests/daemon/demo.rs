//! `demo`: nights of a made-up district, with the real daemon.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::support::Answer;

fn rosterd(args: &[&str]) -> Answer {
    let output = Command::new(env!("CARGO_BIN_EXE_rosterd")).args(args).output().unwrap();
    Answer {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Plays the demo; gives what it printed and the counts of its runs, oldest first.
fn play(dir: &Path, seed: &str) -> (String, Vec<Value>) {
    let answer = rosterd(&["demo", "--dir", dir.to_str().unwrap(), "--seed", seed]).expect_code(0);
    let config = dir.join("rosterd.toml");
    let runs = rosterd(&["--config", config.to_str().unwrap(), "runs", "list", "--json"]).expect_code(0).json();
    let counts = runs.into_iter().rev().map(|run| {
        let of = |key: &str| run[key].clone();
        Value::Array(vec![of("state"), of("rows"), of("people"), of("absent"), run["deliveries"][0]["sha256"].clone()])
    });
    (answer.stdout, counts.collect())
}

#[test]
fn the_same_seed_gives_the_same_nights() {
    let root = tempfile::tempdir().unwrap();
    let dirs = ["one", "two", "three"].map(|name| root.path().join(name));
    let mut played: Vec<(String, Vec<Value>)> = std::thread::scope(|scope| {
        let plays: Vec<_> =
            dirs.iter().zip(["7", "7", "8"]).map(|(dir, seed)| scope.spawn(move || play(dir, seed))).collect();
        plays.into_iter().map(|play| play.join().unwrap()).collect()
    });
    let other = played.pop().unwrap();
    let (again, first) = (played.pop().unwrap(), played.pop().unwrap());
    // The corrected file names its delivery, so its bytes are its own.
    let without_bytes =
        |counts: &[Value]| counts.iter().map(|count| count.as_array().unwrap()[..4].to_vec()).collect::<Vec<_>>();
    assert_eq!(without_bytes(&first.1), without_bytes(&again.1));
    assert_eq!(first.1[0], again.1[0]);
    assert_ne!(first.1[0], other.1[0], "another seed is another district");

    for night in ["Night 1", "Night 2", "Night 3", "Night 4"] {
        assert!(first.0.contains(night), "{night} is not told: {}", first.0);
    }
    let results: Vec<_> = std::fs::read_dir(dirs[0].join("inbox/results")).unwrap().collect();
    assert!(results.len() >= 12, "six runs with at least two files each: {results:?}");
    assert!(!dirs[0].join("state/serve.json").exists(), "its daemon is gone");
}

#[test]
fn it_never_plays_over_an_installation() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("rosterd.toml"), "# mine\n").unwrap();
    let answer = rosterd(&["demo", "--dir", root.path().to_str().unwrap()]).expect_code(2);
    assert!(answer.stderr.contains("--dir"), "{answer:?}");
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
}
