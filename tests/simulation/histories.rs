//! Whole histories: nights, mishaps, answers, local edits; after every run everything in `check` must hold.

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::TimeDelta;
use rosterd::actions::Request;
use rosterd::reconcile::limits::Limits;
use rosterd::roster::{IdSource, Person, State};
use serde_json::Value;
use uuid::Uuid;

use super::chance::Chance;
use super::check::{Kind, Seen, check};
use super::equal::{same_people, shape};
use super::files::{self, File, Layout, cells};
use super::house::{House, Snap, district};
use super::town::{Churn, Town};
use super::watch::{Watch, list, text};
use super::{block_on, for_all, nights, seeds};
use crate::support::{HEADER, HOME};

struct History {
    chance: Chance,
    churn: Churn,
    layout: Layout,
    town: Town,
    house: House,
    watch: Watch,
    /// Every file that was sent, by name, oldest first.
    sent: BTreeMap<String, Vec<File>>,
    /// The last account of a run.
    last: Value,
}

impl History {
    async fn new(seed: u64, ids: Option<Unordered>) -> Self {
        let mut chance = Chance::new(seed);
        let layout = Layout::ALL[seed as usize % 3];
        let churn = if seed.is_multiple_of(4) { Churn::Clean } else { Churn::Wild };
        let people = 40 + chance.below(110);
        let town = Town::new(&mut chance, people, churn);
        let house = House::new(seed, vec![district(HOME, layout, Limits::default())]).await;
        let house = match ids {
            Some(ids) => house.ids(ids),
            None => house,
        };
        let (watch, sent, last) = (Watch::default(), BTreeMap::new(), Value::Null);
        Self { chance, churn, layout, town, house, watch, sent, last }
    }

    /// The files of tonight, with whatever goes wrong.
    fn files(&mut self) -> Vec<File> {
        let mut tonight = Vec::new();
        for mut file in files::files(&self.town, self.layout) {
            let chance = &mut self.chance;
            let sent = self.sent.entry(file.name.clone()).or_default();
            let first = sent.is_empty();
            match chance.below(40) {
                0..=3 if !first => continue,
                4..=6 if !first => file = sent[sent.len() - 1].clone(),
                7 | 8 if !first => file = chance.pick(sent).clone(),
                9 if !first => file.bytes = format!("{}\n", HEADER.join(",")).into_bytes(),
                10 if !first => file.bytes = b"who,what\n1,2\n".to_vec(),
                11 | 12 if !first => files::cut(&mut file, chance),
                13 if !first => {
                    let percent = 5 + chance.below(60) as u64;
                    file = file.only(|_| !chance.percent(percent));
                }
                14 if !first => {
                    let role = (*chance.pick(&["student", "teacher"])).to_owned();
                    file = file.only(|row| row.role != role);
                }
                15 if !first => file = shifted(&file),
                16..=29 => files::spoil(&mut file, chance),
                _ => {}
            }
            if file.bytes.iter().filter(|byte| **byte == b'\n').count() < 2 || file.bytes.starts_with(b"who") {
                file.lines.clear();
            }
            sent.push(file.clone());
            tonight.push(file);
        }
        tonight
    }

    async fn night(&mut self) -> Result<(), String> {
        self.town.night(&mut self.chance, self.churn);
        if self.chance.percent(25) {
            self.by_hand().await?;
        }
        let tonight = self.files();
        for file in &tonight {
            self.house.seal(0, file).await;
        }
        if tonight.is_empty() {
            return Ok(());
        }
        self.run_once().await?;
        if self.chance.percent(30) {
            self.again(&tonight).await?;
        }
        if self.chance.percent(20) {
            self.correct(&tonight).await?;
        }
        if !list(&self.last, "held").is_empty() {
            match self.chance.below(10) {
                0..=2 => self.approve().await?,
                3 | 4 => self.reject().await?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Rehearses what is sealed, runs it, checks it.
    async fn run_once(&mut self) -> Result<(), String> {
        self.house.pass_time(TimeDelta::minutes(1));
        let everything =
            ["people", "person_keys", "links", "claims", "feeds", "deliveries", "runs", "holds", "changes"];
        let base = self.house.dump(&everything, None).await;
        let rehearsed = self.house.rehearse(0).await?.json();
        if self.house.dump(&everything, None).await != base {
            return Err("I16: a dry run writes".into());
        }
        let before = self.house.people(0).await;
        for done in self.house.run(0).await? {
            let account = done.json();
            same_verdicts(&rehearsed, &account)?;
            self.check(Kind::Night, &before, account).await?;
        }
        Ok(())
    }

    async fn check(&mut self, kind: Kind, before: &Snap, account: Value) -> Result<(), String> {
        let after = self.house.people(0).await;
        let (house, district) = (&self.house, 0);
        let seen = Seen { house, district, kind, account: &account, before, after: &after };
        check(&mut self.watch, &seen).await?;
        self.last = account;
        Ok(())
    }

    /// I11: the same files once more change nobody.
    async fn again(&mut self, tonight: &[File]) -> Result<(), String> {
        // An older export that is dropped three times in a row is taken as meant (D04, D05).
        if list(&self.last, "held").iter().any(|hold| matches!(hold["rule"].as_str(), Some("D04" | "D05"))) {
            return Ok(());
        }
        let base = self.house.roster().await;
        for file in tonight {
            self.house.seal(0, file).await;
        }
        self.run_once().await?;
        let now = self.house.roster().await;
        let new: Vec<&String> = now.iter().filter(|row| !base.contains(row)).collect();
        if new.is_empty() && now.len() == base.len() {
            return Ok(());
        }
        Err(format!("I11: the same files again change people: {new:#?}; {}", self.last["held"]))
    }

    /// Some rejected rows come back as a correction, put right.
    async fn correct(&mut self, tonight: &[File]) -> Result<(), String> {
        let rejected: Vec<(String, u64)> = list(&self.last, "outcomes")
            .iter()
            .filter(|outcome| text(outcome, "outcome").starts_with("rejected"))
            .filter_map(|outcome| Some((text(outcome, "file"), outcome["line"].as_u64()?)))
            .collect();
        let mut text_of = format!("{},_fix_of\n", HEADER.join(","));
        let mut rows = Vec::new();
        for (name, line) in self.chance.some(&rejected, 3) {
            let Some(file) = tonight.iter().find(|file| file.name == name && !file.is_patch) else { continue };
            let delivery = list(&self.last, "deliveries").iter().find(|delivery| delivery["file"] == *name);
            let (Some(row), Some(delivery)) = (file.lines.iter().find(|other| other.line == line), delivery) else {
                continue;
            };
            // A corrected row that says inactive is an explicit removal (S8).
            let leaves = matches!(&*row.row.status, "0" | "inactive");
            if leaves || delivery["feed"].is_null() || rows.iter().any(|(other, _)| *other != name) {
                continue;
            }
            text_of.push_str(&format!("{},{}:{line}\n", cells(&row.row).join(","), text(delivery, "delivery")));
            rows.push((name, row.row.clone()));
        }
        if rows.is_empty() {
            return Ok(());
        }
        let mut patch = files::file("corrected.csv", rows.into_iter().map(|(_, row)| row).collect());
        patch.bytes = text_of.into_bytes();
        patch.is_patch = true;
        self.house.seal(0, &patch).await;
        self.run_once().await
    }

    async fn approve(&mut self) -> Result<(), String> {
        self.house.pass_time(TimeDelta::minutes(30));
        let before = self.house.people(0).await;
        let reply = self.house.approve(&text(&self.last, "run")).await;
        if let Some(error) = reply.error {
            let nothing = error.sentence.contains("nothing");
            return if nothing { Ok(()) } else { Err(format!("an approval fails: {}", error.sentence)) };
        }
        self.watch.approve(&self.last);
        for account in reply.json {
            self.check(Kind::Approval, &before, account).await?;
        }
        Ok(())
    }

    async fn reject(&mut self) -> Result<(), String> {
        let base = self.house.dump(&["people", "person_keys", "links"], None).await;
        let reply = self.house.ask(Request::Reject { run: text(&self.last, "run") }).await;
        if let Some(error) = reply.error {
            let nothing = error.sentence.contains("nothing");
            return if nothing { Ok(()) } else { Err(format!("a rejection fails: {}", error.sentence)) };
        }
        self.watch.reject(&self.last);
        self.watch.count("rejected", 1);
        if self.house.dump(&["people", "person_keys", "links"], None).await != base {
            return Err("I07: a rejection writes people".into());
        }
        Ok(())
    }

    /// Something an operator does to a person.
    async fn by_hand(&mut self) -> Result<(), String> {
        let mut people: Vec<Person> = self.house.people(0).await.into_values().collect();
        people.sort_by_key(shape);
        if people.is_empty() {
            return Ok(());
        }
        let person = self.chance.pick(&people).clone();
        let (district, word) = (None, person.id.to_string());
        let set = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let request = match self.chance.below(9) {
            0 => Request::Edit { district, person: word, set: set("given_name", "Handmade") },
            1 => {
                let email = format!("hand{}@{HOME}.example.org", self.chance.below(100_000));
                Request::Edit { district, person: word, set: set("email", &email) }
            }
            2 if person.state == State::Active => Request::Pin { district, person: word, pin: "keep".into() },
            3 if person.state == State::Active => Request::Pin { district, person: word, pin: "suspend".into() },
            4 | 5 => Request::Pin { district, person: word, pin: "none".into() },
            6 => Request::Archive { district, person: word },
            _ => Request::Restore { district, person: word },
        };
        self.house.pass_time(TimeDelta::minutes(5));
        let reply = self.house.ask(request.clone()).await;
        let after = self.house.people(0).await;
        self.watch.remember(&after);
        match reply.error {
            None => Ok(()),
            Some(error) if error.sentence.contains("belongs to") || error.sentence.contains("no `") => Ok(()),
            Some(error) => Err(format!("{request:?} fails: {}", error.sentence)),
        }
    }
}

/// A column slips by one row: the classic of spreadsheets.
fn shifted(file: &File) -> File {
    let mut rows = file.rows();
    let mut emails: Vec<String> = rows.iter().map(|row| row.email.clone()).collect();
    emails.rotate_left(1);
    for (row, email) in rows.iter_mut().zip(emails) {
        row.email = email;
    }
    files::file(&file.name, rows)
}

/// I16: what a dry run says is what the run does.
fn same_verdicts(rehearsed: &Value, real: &Value) -> Result<(), String> {
    let mut expected = vec![rehearsed["rows"].clone(), rehearsed["people"].clone(), rehearsed["absent"].clone()];
    let mut found = vec![real["rows"].clone(), real["people"].clone(), real["absent"].clone()];
    for (account, all) in [(rehearsed, &mut expected), (real, &mut found)] {
        let holds = list(account, "held")
            .iter()
            .map(|hold| format!("{} {} {} {}", hold["rule"], hold["what"], hold["scope"], hold["count"]));
        let mut lines: Vec<String> = holds.collect();
        lines.sort();
        let fresh: Vec<String> = list(account, "plan")
            .iter()
            .filter(|step| step["action"] == "create")
            .map(|step| text(step, "guid"))
            .collect();
        let guid =
            |value: &Value| if fresh.contains(&text(value, "guid")) { "new".into() } else { text(value, "guid") };
        let mut rows: Vec<String> = list(account, "outcomes")
            .iter()
            .filter(|outcome| outcome["outcome"] != "unchanged")
            .map(|outcome| {
                format!(
                    "{}:{} {} {} {}",
                    outcome["file"],
                    outcome["line"],
                    outcome["outcome"],
                    outcome["rule"],
                    guid(outcome)
                )
            })
            .collect();
        rows.sort();
        let mut steps: Vec<String> = list(account, "plan")
            .iter()
            .map(|step| {
                format!("{} {} {} {} {}", step["action"], guid(step), step["rule"], step["identity"], step["held"])
            })
            .collect();
        steps.sort();
        all.extend(lines.into_iter().chain(rows).chain(steps).map(Value::from));
    }
    let differs = expected.iter().zip(&found).find(|(a, b)| a != b);
    match differs {
        Some((dry, real)) => Err(format!("I16: the dry run says {dry}, the run {real}")),
        None if expected.len() != found.len() => Err("I16: the dry run says more or less than the run".into()),
        None => Ok(()),
    }
}

async fn play(seed: u64, nights: u64) -> Result<BTreeMap<&'static str, u64>, String> {
    let mut history = History::new(seed, None).await;
    for night in 1..=nights {
        history.night().await.map_err(|what| format!("night {night} ({:?}): {what}", history.layout))?;
        history.house.pass_time(TimeDelta::hours(23));
    }
    Ok(history.watch.tally)
}

/// Ids in no order: what came first does not sort first.
struct Unordered(Mutex<Chance>);

impl IdSource for Unordered {
    fn next(&self) -> Uuid {
        let mut chance = self.0.lock().unwrap();
        uuid::Builder::from_random_bytes((u128::from(chance.next()) << 64 | u128::from(chance.next())).to_be_bytes())
            .into_uuid()
    }
}

/// I09, I12: the same deliveries, answers and edits again, under other ids, make the same people.
async fn replay(seed: u64) -> Result<(), String> {
    let mut first = History::new(seed, None).await;
    let mut second = History::new(seed, Some(Unordered(Mutex::new(Chance::new(seed ^ 0xabcd))))).await;
    for night in 1..=nights(6) {
        for history in [&mut first, &mut second] {
            history.night().await.map_err(|what| format!("night {night}: {what}"))?;
            history.house.pass_time(TimeDelta::hours(23));
        }
        same_people(&first.house.people(0).await, &second.house.people(0).await)
            .map_err(|what| format!("I12: night {night} played again: {what}"))?;
    }
    Ok(())
}

#[test]
fn played_again_under_other_ids_it_is_the_same() {
    for_all(seeds(3), replay);
}

#[test]
fn whatever_comes_the_rules_hold() {
    let (seeds, nights) = (seeds(20), nights(8));
    let (mut broken, mut tally) = (Vec::new(), BTreeMap::<&str, u64>::new());
    for seed in &seeds {
        match block_on(play(*seed, nights)) {
            Ok(counts) => counts.into_iter().for_each(|(what, n)| *tally.entry(what).or_default() += n),
            Err(what) => broken.push(format!("ROSTERD_TEST_SEED={seed} {what}")),
        }
    }
    assert!(broken.is_empty(), "{} of {} histories break a rule:\n{}", broken.len(), seeds.len(), broken.join("\n"));
    println!("{tally:?}");
    if seeds.len() >= 9 && nights >= 8 {
        for what in ["created", "archived", "restored", "held", "approved", "rejected"] {
            assert!(tally.get(what).is_some_and(|n| *n > 0), "the histories never had anything {what}: {tally:?}");
        }
    }
}
