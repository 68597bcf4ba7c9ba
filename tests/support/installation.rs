//! A throw-away installation, and the binary run against it at a time of the story's choosing.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Value;
use tempfile::TempDir;

use super::{Builder, HOME, Outcome, Person, Report, Roster};

/// One installation: configuration, state directory and a folder a district, gone at the end of the test.
pub struct TestRosterd {
    pub(super) root: TempDir,
    pub(super) now: Cell<DateTime<Utc>>,
}

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    /// Standard output as one JSON object a line; anything else there is a defect.
    pub fn json(&self) -> Vec<Value> {
        let lines = self.stdout.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in the line `{line}` of {self:?}")))
            .inspect(|value: &Value| assert!(value.is_object(), "not an object: {value}"))
            .collect()
    }

    /// The only object.
    pub fn object(&self) -> Value {
        let mut all = self.json();
        assert_eq!(all.len(), 1, "one object was expected in {self:?}");
        all.remove(0)
    }

    /// Ended well, with this code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// What one pass (`sync`, `runs approve`, …) answered; the ledgers of every report were found to balance.
#[derive(Debug)]
pub struct Pass {
    pub code: i32,
    pub reports: Vec<Report>,
    pub stderr: String,
}

impl Pass {
    /// The report of the only run.
    #[track_caller]
    pub fn only(&self) -> &Report {
        assert_eq!(self.reports.len(), 1, "one run was expected: {self:?}");
        &self.reports[0]
    }

    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

impl TestRosterd {
    /// One district with one folder; first deliveries are applied.
    pub fn new() -> Self {
        Self::builder().build()
    }

    pub fn builder() -> Builder {
        Builder::default()
    }

    /// An installation in which this file was taken the day before.
    #[track_caller]
    pub fn loaded(roster: &Roster) -> Self {
        Self::new().load(roster)
    }

    /// Takes this file as `users.csv`, whole and without a complaint, and lets a day pass.
    #[track_caller]
    pub fn load(self, roster: &Roster) -> Self {
        self.drop("users.csv", &roster.csv());
        let pass = self.sync().expect_code(0);
        assert_eq!(pass.only().people("active_after"), roster.len() as u64, "{pass:?}");
        self.days(1);
        self
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn state_dir(&self) -> PathBuf {
        self.root().join("state")
    }

    pub fn config(&self) -> PathBuf {
        self.root().join("rosterd.toml")
    }

    pub fn district_file(&self) -> PathBuf {
        self.root().join("districts.d").join(format!("{HOME}.toml"))
    }

    pub fn folder(&self) -> PathBuf {
        self.root().join("drop").join(HOME)
    }

    pub fn days(&self, days: i64) {
        self.hours(days * 24);
    }

    pub fn hours(&self, hours: i64) {
        self.now.set(self.now.get() + TimeDelta::hours(hours));
    }

    /// Runs the binary; a second passes.
    pub fn run(&self, args: &[&str]) -> Answer {
        self.now.set(self.now.get() + TimeDelta::seconds(1));
        let output = Command::new(env!("CARGO_BIN_EXE_rosterd"))
            .arg("--config")
            .arg(self.config())
            .args(args)
            .env("ROSTERD_TEST_CLOCK", self.now.get().to_rfc3339_opts(SecondsFormat::Secs, true))
            .current_dir(self.root())
            .output()
            .unwrap();
        Answer {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Puts a file into the folder as a careful sender does: written aside, then renamed.
    pub fn drop(&self, name: &str, bytes: &[u8]) {
        self.drop_in(HOME, name, bytes);
    }

    pub fn drop_in(&self, district: &str, name: &str, bytes: &[u8]) {
        let aside = self.root().join("aside");
        self.write(&aside, bytes);
        fs::rename(&aside, self.root().join("drop").join(district).join(name)).unwrap();
    }

    /// A file that lies elsewhere, for `check` and `import`; gives its path.
    pub fn aside(&self, name: &str, bytes: &[u8]) -> String {
        let folder = self.root().join("elsewhere");
        fs::create_dir_all(&folder).unwrap();
        self.write(&folder.join(name), bytes);
        folder.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file whose time is the story's, not the machine's.
    fn write(&self, path: &Path, bytes: &[u8]) {
        fs::write(path, bytes).unwrap();
        File::options().write(true).open(path).unwrap().set_modified(self.now.get().into()).unwrap();
    }

    /// `sync --json`.
    #[track_caller]
    pub fn sync(&self) -> Pass {
        self.pass(&["sync", "--json"])
    }

    /// Any command that ends in reports.
    #[track_caller]
    pub fn pass(&self, args: &[&str]) -> Pass {
        let answer = self.run(args);
        assert!(answer.code != 1 && answer.code != 2, "{args:?}: {answer:?}");
        let reports: Vec<Report> = answer.json().into_iter().map(Report).collect();
        reports.iter().for_each(Report::assert_balanced);
        Pass { code: answer.code, reports, stderr: answer.stderr }
    }

    /// `users.csv` arrives and is taken; then a day passes.
    #[track_caller]
    pub fn night(&self, roster: &Roster) -> Pass {
        self.night_of("users.csv", &roster.csv())
    }

    #[track_caller]
    pub fn night_of(&self, name: &str, bytes: &[u8]) -> Pass {
        self.drop(name, bytes);
        let pass = self.sync();
        self.days(1);
        pass
    }

    /// `check FILE --json`: the report of a dry run.
    #[track_caller]
    pub fn check(&self, name: &str, bytes: &[u8]) -> (i32, Report) {
        let path = self.aside(name, bytes);
        let pass = self.pass(&["check", &path, "--district", HOME, "--source", "sis", "--json"]);
        (pass.code, pass.only().clone())
    }

    #[track_caller]
    pub fn approve(&self, run: &str, flags: &[&str]) -> Pass {
        self.pass(&[&["runs", "approve", run, "--json"], flags].concat())
    }

    #[track_caller]
    pub fn reject(&self, run: &str) {
        let answer = self.run(&["runs", "reject", run]);
        assert!(answer.code != 1 && answer.code != 2, "{answer:?}");
    }

    /// `runs show RUN --json`.
    #[track_caller]
    pub fn show(&self, run: &str) -> Report {
        Report(self.run(&["runs", "show", run, "--json"]).expect_code(0).object())
    }

    /// What became of the row on a line of the only file of a run.
    #[track_caller]
    pub fn outcome(&self, run: &str, line: u64) -> Outcome {
        let all = self.show(run).outcomes();
        let mut here: Vec<Outcome> = all.into_iter().filter(|row| row.line == line).collect();
        assert_eq!(here.len(), 1, "line {line} has one outcome: {here:?}");
        here.remove(0)
    }

    /// `runs list --json`.
    #[track_caller]
    pub fn runs(&self) -> Vec<Value> {
        self.run(&["runs", "list", "--json"]).expect_code(0).json()
    }

    /// `people list --json` of the home district.
    #[track_caller]
    pub fn people(&self, state: &str) -> Vec<Person> {
        self.people_of(HOME, state)
    }

    #[track_caller]
    pub fn people_of(&self, district: &str, state: &str) -> Vec<Person> {
        let answer = self.run(&["people", "list", "--district", district, "--state", state, "--json"]).expect_code(0);
        answer.json().into_iter().map(Person).collect()
    }

    /// `people show PERSON --json`.
    #[track_caller]
    pub fn person(&self, key: &str) -> Person {
        Person(self.run(&["people", "show", key, "--district", HOME, "--json"]).expect_code(0).object())
    }

    /// A command about one person that has to succeed.
    #[track_caller]
    pub fn people_command(&self, command: &str, key: &str, more: &[&str]) {
        self.run(&[&["people", command, key, "--district", HOME], more].concat()).expect_code(0);
    }

    #[track_caller]
    pub fn explain(&self, what: &str) -> Value {
        self.run(&["explain", what, "--json"]).expect_code(0).object()
    }

    /// The GUIDs of everybody active.
    #[track_caller]
    pub fn active(&self) -> BTreeSet<String> {
        self.people("active").iter().map(|person| person.guid().to_owned()).collect()
    }

    /// Everybody as printed, by GUID: equal maps mean that nothing about people was written.
    #[track_caller]
    pub fn everybody(&self) -> BTreeMap<String, Person> {
        self.people("all").into_iter().map(|person| (person.guid().to_owned(), person)).collect()
    }

    /// The files under `results/` whose names end so, oldest run first.
    pub fn results(&self, ending: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.folder().join("results")) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut found: Vec<PathBuf> = paths.filter(|path| path.to_str().unwrap().ends_with(ending)).collect();
        found.sort();
        found
    }

    /// The newest result file of this ending, as text.
    #[track_caller]
    pub fn result_file(&self, ending: &str) -> String {
        let found = self.results(ending);
        let newest = found.last().unwrap_or_else(|| panic!("no result file `*{ending}`"));
        fs::read_to_string(newest).unwrap()
    }

    /// A second installation in the same state, at the same time.
    pub fn copy(&self) -> Self {
        let root = tempfile::Builder::new().prefix("rosterd-test-").tempdir().unwrap();
        copy_tree(self.root(), root.path());
        let (old, new) = (self.root().to_str().unwrap(), root.path().to_str().unwrap());
        for file in [root.path().join("rosterd.toml"), root.path().join("districts.d").join(format!("{HOME}.toml"))] {
            let text = fs::read_to_string(&file).unwrap();
            fs::write(file, text.replace(old, new)).unwrap();
        }
        Self { root, now: self.now.clone() }
    }
}

fn copy_tree(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_tree(&entry.path(), &target);
        } else {
            let modified = entry.metadata().unwrap().modified().unwrap();
            fs::copy(entry.path(), &target).unwrap();
            // A file that only keeps its bytes would look delivered again.
            if let Ok(file) = File::options().write(true).open(&target) {
                file.set_modified(modified).unwrap();
            }
        }
    }
}
