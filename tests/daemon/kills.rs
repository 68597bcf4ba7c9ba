//! I14: killed at any moment and then started again is as never killed.
//!
//! `ROSTERD_TEST_KILLS` sets how many kills there are (15 without it), `ROSTERD_TEST_SEED` repeats a printed story.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use chrono::SecondsFormat;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Report, Roster, Running, TestRosterd, eventually, files_below, student};

const PEOPLE: usize = 3000;

/// Kills come up to this long after the start, or as long as a night takes without them, if that is more.
const DELAY: Duration = Duration::from_millis(400);

/// Chance from a seed (splitmix64).
pub(super) struct Chance(pub u64);

impl Chance {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    fn position(&mut self, of: usize) -> usize {
        usize::try_from(self.below(of as u64)).unwrap()
    }
}

/// The next night's roster: some leave, some come, some change; none of it enough to wait for anybody.
fn next_night(roster: &mut Roster, newcomer: &mut usize, chance: &mut Chance) {
    for _ in 0..chance.below(8) {
        // Never from the end, which could look cut.
        let at = chance.position(roster.len() / 2);
        roster.rows.remove(at);
    }
    for _ in 0..1 + chance.below(12) {
        roster.rows.push(student(*newcomer));
        *newcomer += 1;
    }
    for _ in 0..chance.below(20) {
        let at = chance.position(roster.len());
        roster.rows[at].gradyear = (2027 + chance.below(14)).to_string();
    }
}

/// The file of a night, with some wrong rows that are right again the night after.
fn file(roster: &Roster, chance: &mut Chance) -> Vec<u8> {
    let mut file = roster.clone();
    for _ in 0..chance.below(6) {
        let at = chance.position(PEOPLE / 2);
        file.rows[at].role = "wizard".into();
    }
    file.csv()
}

pub(super) fn start(rosterd: &TestRosterd, args: &[&str]) -> std::process::Command {
    let mut command = rosterd.command(args);
    command.env("ROSTERD_TEST_CLOCK", rosterd.time().to_rfc3339_opts(SecondsFormat::Secs, true));
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command
}

/// Everybody by number, without what no two installations share: times, and GUIDs of people who came after the copy.
fn people(rosterd: &TestRosterd, old: &BTreeSet<String>) -> BTreeMap<String, Value> {
    let everybody = rosterd.people("all");
    let count = everybody.len();
    let described = everybody.into_iter().map(|person| {
        let key = format!("{} {}", person.number().unwrap_or("-"), person.email());
        let mut value = person.0.clone();
        let object = value.as_object_mut().unwrap();
        object.retain(|name, _| !matches!(&**name, "created_at" | "updated_at"));
        object["archived_at"] = json!(person.archived_at().is_some());
        if !old.contains(person.guid()) {
            object.remove("guid");
        }
        (key, value)
    });
    let described: BTreeMap<String, Value> = described.collect();
    assert_eq!(described.len(), count, "somebody is there twice");
    described
}

/// Runs that were not interrupted, oldest first.
pub(super) fn applied(rosterd: &TestRosterd) -> Vec<Report> {
    let mut runs = rosterd.run(&["runs", "list", "--limit", "1000000", "--json"]).expect_code(0).json();
    runs.retain(|run| run["state"] != "cancelled");
    runs.into_iter().rev().map(Report).collect()
}

/// Counts and verdicts of a run, and what was delivered.
fn counts(report: &Report) -> Value {
    let deliveries: Vec<Value> = report
        .deliveries()
        .iter()
        .map(|d| json!([d["file"], d["sha256"], d["verdict"], d["feed"], d["bytes"]]))
        .collect();
    json!([report.state(), report.0["rows"], report.0["people"], report.0["absent"], deliveries])
}

/// Every created person was created once, and every person was created.
pub(super) fn assert_created_once(rosterd: &TestRosterd) {
    let mut created = BTreeSet::new();
    for run in applied(rosterd) {
        let shown = rosterd.show(run.run());
        let mut here = 0;
        for step in shown.0["plan"].as_array().unwrap().iter().filter(|step| step["action"] == "create") {
            let guid = step["guid"].as_str().unwrap().to_owned();
            assert!(created.insert(guid.clone()), "{guid} was created twice");
            here += 1;
        }
        assert_eq!(here, run.people("created"), "history and report of {} differ", run.run());
    }
    let everybody: BTreeSet<String> = rosterd.everybody().into_keys().collect();
    assert_eq!(created, everybody);
}

/// No half file, in the spool or among the results; every run has its report.
pub(super) fn assert_files_are_whole(rosterd: &TestRosterd) {
    let spool = rosterd.state_dir().join("spool");
    assert_eq!(files_below(&spool.join("incoming")), Vec::<std::path::PathBuf>::new());
    for path in files_below(&spool.join("versions")) {
        let digest = Sha256::digest(fs::read(&path).unwrap());
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(path.ends_with(&name), "{} holds something else", path.display());
    }
    let mut reports = BTreeSet::new();
    for path in files_below(&rosterd.folder().join("results")) {
        let (name, bytes) = (path.file_name().unwrap().to_str().unwrap(), fs::read(&path).unwrap());
        if name.ends_with(".json") {
            let report: Value = serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
            reports.insert(report["run"].as_str().unwrap().to_owned());
        } else if name.ends_with(".csv") {
            // A row with more or fewer cells than the header is an error here.
            let rows: Result<Vec<csv::StringRecord>, _> = csv::Reader::from_reader(&*bytes).records().collect();
            assert!(rows.is_ok_and(|rows| !rows.is_empty()) && bytes.ends_with(b"\n"), "{name}");
        } else {
            assert!(name.ends_with(".report.txt") && bytes.ends_with(b"\n"), "what is {name}?");
        }
    }
    let runs: BTreeSet<String> = applied(rosterd).iter().map(|run| run.run().to_owned()).collect();
    assert_eq!(reports, runs, "each run that was applied has its report, and no other");
}

/// The rows of the newest result file of this ending, without the columns that name ids of ours.
fn rows_of_results(rosterd: &TestRosterd, ending: &str) -> Vec<Vec<String>> {
    let Some(newest) = rosterd.results(ending).pop() else { return Vec::new() };
    let mut reader = csv::Reader::from_path(newest).unwrap();
    let ours = |name: &str| matches!(name, "guid" | "_fix_of");
    let keep: Vec<bool> = reader.headers().unwrap().iter().map(|name| !ours(name)).collect();
    let kept = |row: csv::StringRecord| {
        row.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(cell, _)| cell.to_owned()).collect()
    };
    reader.records().map(|row| kept(row.unwrap())).collect()
}

struct Story {
    spared: TestRosterd,
    killed: TestRosterd,
    old: BTreeSet<String>,
    chance: Chance,
    longest: Duration,
    kills: u64,
}

impl Story {
    fn delay(&mut self) -> Duration {
        let most = DELAY.max(self.longest + self.longest / 5);
        Duration::from_micros(self.chance.below(u64::try_from(most.as_micros()).unwrap()))
    }

    /// One night: the same file for both; one of them is killed at it, up to three times.
    fn night(&mut self, bytes: &[u8]) {
        let before = applied(&self.killed).len();
        self.spared.drop("users.csv", bytes);
        self.killed.drop("users.csv", bytes);
        let begun = Instant::now();
        let code = self.spared.sync().code;
        self.longest = self.longest.max(begun.elapsed());
        for _ in 0..=self.chance.below(3) {
            let args: &[&str] = if self.chance.below(2) == 0 { &["sync"] } else { &["serve"] };
            let delay = self.delay();
            let mut process = Running::start(start(&self.killed, args));
            if process.kill_after(delay) {
                self.kills += 1;
            }
        }
        if self.chance.below(2) == 0 {
            let again = self.killed.sync();
            assert!(again.code == code || again.reports.is_empty(), "{again:?}");
        } else {
            let daemon = self.killed.serve_by(start(&self.killed, &["serve"])).ready();
            eventually("what the killed one left", || (applied(&self.killed).len() > before).then_some(()));
            assert_eq!(daemon.stop(), 0);
        }
        self.compare();
        self.spared.days(1);
        self.killed.days(1);
    }

    fn compare(&self) {
        let (spared, killed) = (applied(&self.spared), applied(&self.killed));
        let all = |reports: &[Report]| reports.iter().map(counts).collect::<Vec<_>>();
        assert_eq!(all(&spared), all(&killed), "the runs differ");
        let (spared, killed) = (people(&self.spared, &self.old), people(&self.killed, &self.old));
        for (key, person) in &spared {
            assert_eq!(Some(person), killed.get(key), "{key}");
        }
        assert_eq!(spared.len(), killed.len());
        for ending in [".errors.csv", ".completed.csv"] {
            assert_eq!(rows_of_results(&self.spared, ending), rows_of_results(&self.killed, ending), "{ending}");
        }
        assert_files_are_whole(&self.killed);
    }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|e| panic!("{name}: {e}")))
}

/// How many kills, and the chance they come by; printed, so that a story can be told again.
pub(super) fn asked_for() -> (u64, Chance) {
    let kills = number("ROSTERD_TEST_KILLS").unwrap_or(15);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let seed = number("ROSTERD_TEST_SEED").unwrap_or(u64::try_from(now).unwrap());
    println!("ROSTERD_TEST_SEED={seed} ROSTERD_TEST_KILLS={kills}");
    (kills, Chance(seed))
}

#[test]
fn killed_nights_end_as_others_do() {
    let (kills, chance) = asked_for();
    let mut roster = Roster::students(PEOPLE);
    let spared = TestRosterd::loaded(&roster);
    let killed = spared.copy();
    let old = spared.everybody().into_keys().collect();
    let mut story = Story { spared, killed, old, chance, longest: Duration::ZERO, kills: 0 };
    let mut newcomer = PEOPLE;
    let mut nights = 0;
    while story.kills < kills {
        nights += 1;
        assert!(nights <= kills * 3, "only {} kills in {nights} nights: most come too late", story.kills);
        next_night(&mut roster, &mut newcomer, &mut story.chance);
        let bytes = file(&roster, &mut story.chance);
        println!("night {nights}: {} rows, {} kills so far", roster.len(), story.kills);
        story.night(&bytes);
    }
    assert_created_once(&story.killed);
}
