//! Every bad file of `tests/fixtures/bad` through the binary: the expected verdict, at the expected
//! place, and nobody archived.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Roster, TestRosterd};

/// One expected finding of one file.
struct Expected {
    verdict: String,
    line: u64,
    code: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bad")
}

fn expectations() -> BTreeMap<String, Vec<Expected>> {
    let mut files: BTreeMap<String, Vec<Expected>> = BTreeMap::new();
    let mut reader = csv::Reader::from_path(folder().join("expected.csv")).unwrap();
    for record in reader.deserialize::<BTreeMap<String, String>>() {
        let record = record.unwrap();
        files.entry(record["file"].clone()).or_default().push(Expected {
            verdict: record["verdict"].clone(),
            line: record["line"].parse().unwrap_or(0),
            code: record["code"].clone(),
        });
    }
    files
}

fn has(list: &Value, wanted: impl Fn(&Value) -> bool) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(wanted))
}

fn check_file(rosterd: &TestRosterd, name: &str, expected: &[Expected]) {
    let path = folder().join(name);
    let answer = rosterd.run(&["check", path.to_str().unwrap(), "--json"]);
    let report = answer.object();
    let verdict = report["deliveries"][0]["verdict"].as_str().unwrap_or_default().to_owned();
    assert_eq!(report["people"]["archived"], 0, "{name}: {report}");
    for each in expected {
        let found = has(&report["findings"], |finding| finding["code"] == each.code && finding["line"] == each.line);
        match each.verdict.as_str() {
            "failed" => assert_eq!((verdict.as_str(), answer.code), ("failed", 5), "{name}: {report}"),
            "truncated" => assert!(
                verdict == "truncated" || verdict == "failed",
                "{name}: cut off (or nothing valid is left), but the verdict is {verdict}: {report}"
            ),
            "row" => assert!(
                has(&report["outcomes"], |row| {
                    row["line"] == each.line && row["outcome"].as_str().is_some_and(|o| o.starts_with("rejected:"))
                }),
                "{name}: line {} went in: {report}",
                each.line
            ),
            _ => {}
        }
        if each.verdict != "truncated" && !each.code.is_empty() {
            assert!(found, "{name}: no `{}` on line {} in {}", each.code, each.line, report["findings"]);
        }
    }
}

#[test]
fn eighty_bad_files_each_with_its_place() {
    let files = expectations();
    assert!(files.len() >= 80, "{} bad files", files.len());
    let rosterd = TestRosterd::loaded(&Roster::students(60));
    let before = rosterd.everybody();
    for (name, expected) in &files {
        check_file(&rosterd, name, expected);
    }
    assert_eq!(rosterd.everybody(), before, "a dry run changes nobody");
}
