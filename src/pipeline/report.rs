//! The account of a run: the report of the contract, as a value.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use rosterd_contract::Finding;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::reconcile::outcome::Outcome;
use crate::reconcile::plan::AbsentLedger;

/// Counts of rows by outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    pub read: u64,
    pub created: u64,
    pub restored: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub deactivated: u64,
    pub skipped: BTreeMap<String, u64>,
    pub rejected: u64,
    pub held: u64,
}

impl Rows {
    /// Counts one row.
    pub fn add(&mut self, outcome: &Outcome) {
        self.read += 1;
        match outcome {
            Outcome::Created => self.created += 1,
            Outcome::Restored => self.restored += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Deactivated => self.deactivated += 1,
            Outcome::Skipped(why) => {
                let word = why.split(':').next().unwrap_or_default().to_owned();
                *self.skipped.entry(word).or_default() += 1;
            }
            Outcome::Rejected(_) => self.rejected += 1,
            Outcome::Held(_) => self.held += 1,
        }
    }

    /// Counts rows known to the letter.
    pub const fn add_known(&mut self, count: u64) {
        self.read += count;
        self.unchanged += count;
    }

    /// Do the outcomes add up to the rows read?
    pub fn balances(&self) -> bool {
        self.read
            == self.created
                + self.restored
                + self.updated
                + self.unchanged
                + self.deactivated
                + self.skipped.values().sum::<u64>()
                + self.rejected
                + self.held
    }
}

/// Counts of people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    pub active_before: u64,
    pub created: u64,
    pub restored: u64,
    pub archived: u64,
    pub active_after: u64,
}

impl People {
    /// Does what happened explain what is there now?
    pub const fn balances(&self) -> bool {
        self.active_after + self.archived == self.active_before + self.created + self.restored
    }
}

/// One delivery of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryReport {
    pub delivery: String,
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
    pub file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    pub mode: String,
    pub sha256: String,
    pub bytes: u64,
    pub verdict: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// One question that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldReport {
    pub rule: String,
    pub what: String,
    pub scope: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
    pub count: u64,
    /// Date of the first night.
    pub since: String,
    pub message: String,
    pub waits_for_it: u64,
}

/// A run's account; findings, outcomes and the plan are added where they are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub run: String,
    pub district: String,
    pub state: String,
    pub dry_run: bool,
    pub started_at: String,
    #[serde(default)]
    pub finished_at: Option<String>,
    pub deliveries: Vec<DeliveryReport>,
    pub rows: Rows,
    pub people: People,
    pub absent: AbsentLedger,
    pub held: Vec<HeldReport>,
    /// Remarks about the run as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The run whose approval this one carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approves: Option<String>,
}

/// Times in reports: seconds, UTC.
pub fn shown_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A finding as reports list it: with the file it is about.
pub fn finding_json(file: &str, finding: &Finding) -> Value {
    let mut value = json!({
        "file": file,
        "line": finding.line,
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
    });
    for (key, text) in [("column", &finding.column), ("value", &finding.value), ("fix", &finding.fix)] {
        if !text.is_empty()
            && let Some(object) = value.as_object_mut()
        {
            object.insert(key.to_owned(), Value::String(text.to_string()));
        }
    }
    value
}

/// What became of one row, as reports list it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeReport {
    pub file: String,
    pub line: u64,
    pub outcome: String,
    pub rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
}

/// One step of the plan, as reports list it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanReport {
    pub action: String,
    pub guid: String,
    /// Given and family name, as they will be.
    pub name: String,
    pub rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The gate that holds it; left out when it is applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    pub before: Value,
    pub after: Value,
}

impl Report {
    /// Do the three ledgers balance?
    pub fn balances(&self) -> bool {
        self.rows.balances() && self.people.balances() && self.absent.balances()
    }

    /// The report as one JSON object, with lists added.
    pub fn with(&self, lists: &[(&str, Value)]) -> Value {
        let mut value = serde_json::to_value(self).unwrap_or(Value::Null);
        if let Some(object) = value.as_object_mut() {
            for (name, list) in lists {
                object.insert((*name).to_owned(), list.clone());
            }
        }
        value
    }
}
