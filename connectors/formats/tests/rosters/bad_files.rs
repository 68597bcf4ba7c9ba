//! Every file in `tests/fixtures/bad` does exactly what `expected.csv` there says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rosterd_contract::{Finding, Severity};

use super::support::{ReadFile, read};

/// verdict, line, column, code; empty where it does not apply.
type Said = [String; 4];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/bad")
}

fn expected() -> BTreeMap<String, Vec<Said>> {
    let mut expected: BTreeMap<String, Vec<Said>> = BTreeMap::new();
    let mut reader = csv::Reader::from_path(folder().join("expected.csv")).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        let cell = |at: usize| record[at].to_owned();
        expected.entry(cell(0)).or_default().push([cell(1), cell(2), cell(3), cell(4)]);
    }
    expected
}

fn said(verdict: &str, finding: &Finding) -> Said {
    let line = if finding.line == 0 { String::new() } else { finding.line.to_string() };
    [verdict.to_owned(), line, finding.column.to_string(), finding.code.to_string()]
}

/// What is said of a file, in the order of `expected.csv`: remarks on what went in, rows that did
/// not, then the file itself.
fn observe(bytes: &[u8]) -> Vec<Said> {
    match read(bytes) {
        Ok(file) => of_file(&file),
        Err(error) => {
            let line = error.line().map(|line| line.to_string()).unwrap_or_default();
            vec![["failed".to_owned(), line, String::new(), error.code().to_owned()]]
        }
    }
}

fn of_file(file: &ReadFile) -> Vec<Said> {
    let mut all: Vec<Said> = file.notes.iter().take(1).map(|note| said("accepted", note)).collect();
    for row in &file.rows {
        match &row.result {
            Ok(_) => all.extend(row.findings.iter().map(|finding| said("accepted", finding))),
            Err(rejected) => {
                let errors = || row.findings.iter().filter(|finding| finding.severity == Severity::Error);
                let reason = errors().find(|finding| finding.code == rejected.code);
                all.push(said("row", reason.unwrap_or_else(|| panic!("{} has no finding", rejected.code))));
            }
        }
    }
    if !file.rows.iter().any(|row| row.result.is_ok()) {
        all.push(["failed", "", "", "empty"].map(str::to_owned)); // D13
    }
    all.extend(file.ending.cut().map(|finding| said("truncated", &finding)));
    if all.is_empty() {
        all.push(["accepted", "", "", ""].map(str::to_owned));
    }
    all
}

#[test]
fn every_bad_file_gets_the_verdict_it_deserves() {
    let mut wrong = Vec::new();
    for (name, expected) in expected() {
        let bytes = std::fs::read(folder().join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let observed = observe(&bytes);
        if observed != expected {
            wrong.push(format!("{name}\n  expected {expected:?}\n  observed {observed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} files differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_bad_file_is_listed() {
    let listed: BTreeSet<String> = expected().into_keys().collect();
    let there: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !matches!(name.as_str(), "expected.csv" | "README.md" | ".gitattributes"))
        .collect();
    assert_eq!(listed, there);
    assert!(listed.len() >= 80, "{} files", listed.len());
}

#[test]
fn every_refusal_says_what_is_wrong_and_what_to_do() {
    for name in expected().keys() {
        match read(&std::fs::read(folder().join(name)).unwrap()) {
            Ok(file) => {
                for finding in file.rows.iter().flat_map(|row| &row.findings) {
                    assert!(!finding.message.is_empty() && !finding.fix.is_empty(), "{name}: {finding:?}");
                }
            }
            Err(error) => assert!(!error.to_string().is_empty() && error.hint().is_some(), "{name}: {error}"),
        }
    }
}
