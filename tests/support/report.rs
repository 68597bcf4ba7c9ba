//! A run's report, with the three ledgers checked.

use serde_json::{Map, Value};

/// The report of one run (`sync --json`, `runs show --json`, `report.json`).
#[derive(Clone, Debug, PartialEq)]
pub struct Report(pub Value);

/// What became of one row (`outcomes` of `runs show` and `check`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Line in the file as delivered; the header is line 1.
    pub line: u64,
    pub outcome: String,
    pub rule: String,
}

impl Report {
    fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("no text `{key}` in {}", self.0))
    }

    fn list(&self, key: &str) -> &Vec<Value> {
        self.0.get(key).and_then(Value::as_array).unwrap_or_else(|| panic!("no list `{key}` in {}", self.0))
    }

    fn ledger(&self, name: &str) -> &Map<String, Value> {
        self.0.get(name).and_then(Value::as_object).unwrap_or_else(|| panic!("no ledger `{name}` in {}", self.0))
    }

    fn count(&self, ledger: &str, key: &str) -> u64 {
        let entry = self.ledger(ledger).get(key).and_then(Value::as_u64);
        entry.unwrap_or_else(|| panic!("no count `{ledger}.{key}` in {}", self.0))
    }

    pub fn run(&self) -> &str {
        self.text("run")
    }

    pub fn state(&self) -> &str {
        self.text("state")
    }

    pub fn district(&self) -> &str {
        self.text("district")
    }

    pub fn deliveries(&self) -> &Vec<Value> {
        self.list("deliveries")
    }

    /// The verdict on the delivery of this file name.
    pub fn verdict_of(&self, file: &str) -> &str {
        self.about(file, "verdict")
    }

    /// The feed that this file was taken for.
    pub fn feed_of(&self, file: &str) -> &str {
        self.about(file, "feed")
    }

    fn about(&self, file: &str, key: &str) -> &str {
        let found = self.deliveries().iter().find(|d| d["file"] == file);
        let found = found.unwrap_or_else(|| panic!("no delivery of `{file}` in {}", self.0));
        found[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {found}"))
    }

    /// The verdict on the only delivery.
    pub fn verdict(&self) -> &str {
        assert_eq!(self.deliveries().len(), 1, "more or less than one delivery in {}", self.0);
        self.deliveries()[0]["verdict"].as_str().unwrap()
    }

    /// Rows with this outcome: `read`, `created`, `rejected`, …
    pub fn rows(&self, outcome: &str) -> u64 {
        self.count("rows", outcome)
    }

    /// Rows skipped for this reason; 0 where the reason is not named.
    pub fn skipped(&self, reason: &str) -> u64 {
        self.ledger("rows")["skipped"].get(reason).and_then(Value::as_u64).unwrap_or(0)
    }

    pub fn people(&self, key: &str) -> u64 {
        self.count("people", key)
    }

    pub fn absent(&self, key: &str) -> u64 {
        self.count("absent", key)
    }

    /// The rule ids of everything that waits, in report order.
    pub fn held_rules(&self) -> Vec<&str> {
        self.list("held").iter().map(|hold| hold["rule"].as_str().unwrap()).collect()
    }

    pub fn holds(&self, rule: &str) -> bool {
        self.held_rules().contains(&rule)
    }

    pub fn findings(&self) -> &Vec<Value> {
        self.list("findings")
    }

    /// The findings on one line.
    pub fn findings_at(&self, line: u64) -> Vec<&Value> {
        self.findings().iter().filter(|f| f["line"] == line).collect()
    }

    /// Is there a finding of this code on this line?
    pub fn finds(&self, line: u64, code: &str) -> bool {
        self.findings_at(line).iter().any(|f| f["code"] == code)
    }

    /// `outcomes`, where this report has them (`runs show`, `check`).
    pub fn outcomes(&self) -> Vec<Outcome> {
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let outcome = |row: &Value| Outcome {
            line: row["line"].as_u64().unwrap(),
            outcome: text(row, "outcome"),
            rule: text(row, "rule"),
        };
        self.list("outcomes").iter().map(outcome).collect()
    }

    /// I24: rows read, people active and claims absent each add up.
    pub fn assert_balanced(&self) {
        let rows = self.ledger("rows");
        let sum: u64 = rows.iter().filter(|(key, _)| *key != "read").map(|(_, value)| total(value)).sum();
        assert_eq!(self.rows("read"), sum, "the rows do not balance: {}", self.0);

        let people = self.ledger("people");
        let optional = |key: &str| people.get(key).and_then(Value::as_u64).unwrap_or(0);
        let gained =
            self.people("active_before") + self.people("created") + self.people("restored") + optional("unsuspended");
        let lost = self.people("archived") + optional("suspended");
        assert_eq!(self.people("active_after") + lost, gained, "the people do not balance: {}", self.0);

        let absent = self.ledger("absent");
        let sum: u64 = absent.iter().filter(|(key, _)| *key != "total").map(|(_, value)| total(value)).sum();
        assert_eq!(self.absent("total"), sum, "the absences do not balance: {}", self.0);
    }

    /// Nothing about people was written.
    pub fn assert_no_writes(&self) {
        for key in ["created", "restored", "archived"] {
            assert_eq!(self.people(key), 0, "{key} people in {}", self.0);
        }
        for key in ["created", "restored", "updated", "deactivated"] {
            assert_eq!(self.rows(key), 0, "{key} rows in {}", self.0);
        }
    }
}

fn total(value: &Value) -> u64 {
    match value {
        Value::Object(parts) => parts.values().map(total).sum(),
        other => other.as_u64().unwrap_or_else(|| panic!("`{other}` is no count")),
    }
}
