//! Result files: report for machines and people, rows to correct, rows that went in. Written after
//! the commit, each whole or not at all; writing them again is harmless.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use rosterd_formats::{OpenOptions, Table, write};
use serde_json::Value;
use tracing::warn;

use super::report::{OutcomeReport, Report, finding_json};
use super::run::Done;
use super::{App, District, Source};
use crate::spool;
use crate::store::{Doing, StoreError, commit, deliveries, outbox, runs};

/// Longest part of a delivered name that stands in a result's name, in bytes.
const NAME_LIMIT: usize = 180;

/// Writes the result files of a run. A folder that cannot be written is told in the log and does not
/// undo the run: everything stands in the store as well, and the files are still owed.
pub async fn publish(app: &App, district: &District, done: &Done) {
    let mut all = true;
    for delivery in &done.report.deliveries {
        let Some(source) = district.source(&delivery.source) else { continue };
        let Some(folder) = source.results.clone() else { continue };
        let result = tokio::task::block_in_place(|| publish_one(app, district, source, &folder, done, delivery));
        if let Err(error) = result {
            all = false;
            warn!(district = district.id, source = source.id, run = done.report.run, error = %chain(&error),
                "The results could not be written; the run itself stands");
        }
    }
    if all && let Err(error) = settle(app, done).await {
        warn!(district = district.id, run = done.report.run, error = %chain(&error),
            "The results were written but not marked so; they will be written again");
    }
}

async fn settle(app: &App, done: &Done) -> Result<(), StoreError> {
    let Ok(run) = done.report.run.parse() else { return Ok(()) };
    let mut tx = app.store.begin().await?;
    outbox::settle(&mut tx, run, outbox::RESULTS, app.clock.now()).await?;
    commit(tx, "settle result files").await
}

/// Writes the result files that an earlier process owed when it stopped.
///
/// # Errors
/// The store's.
pub async fn publish_owed(app: &App, district: &District) -> Result<(), StoreError> {
    let mut connection = app.store.reader().acquire().await.doing("look for owed results")?;
    for id in outbox::owed(&mut connection, &district.id, outbox::RESULTS).await? {
        let Some(run) = runs::get(&mut connection, id).await? else { continue };
        let report: Report = serde_json::from_str(&run.report).unwrap_or_default();
        let files: HashMap<_, _> = deliveries::of_run(&mut connection, id)
            .await?
            .into_iter()
            .map(|delivery| (delivery.id, delivery.name))
            .collect();
        let file = |id| files.get(&id).cloned().unwrap_or_default();
        let findings = runs::findings(&mut connection, id).await?;
        let outcomes = runs::outcomes(&mut connection, id).await?;
        let done = Done {
            report,
            findings: findings.into_iter().map(|(delivery, finding)| (file(delivery), finding)).collect(),
            outcomes: outcomes
                .into_iter()
                .map(|outcome| OutcomeReport {
                    file: file(outcome.delivery),
                    line: outcome.line,
                    outcome: outcome.outcome,
                    rule: outcome.rule,
                    guid: outcome.person.map(|person| person.to_string()),
                })
                .collect(),
            plan: Vec::new(),
            exit: 0,
        };
        publish(app, district, &done).await;
    }
    Ok(())
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Why a result file could not be written.
#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error(transparent)]
    Spool(#[from] spool::SpoolError),
    #[error("the results folder cannot be made")]
    Folder(#[source] std::io::Error),
    #[error("the delivery cannot be read again")]
    Read(#[source] std::io::Error),
    #[error("the delivery cannot be read again")]
    Table(#[source] rosterd_formats::TableError),
}

/// `NAME.EXT` as it may stand in a file name of ours: control characters and slashes escaped, cut.
pub fn result_name(name: &str) -> String {
    let mut safe = String::new();
    for c in name.chars() {
        if c.is_control() || matches!(c, '/' | '\\') {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    while safe.len() > NAME_LIMIT {
        safe.pop();
    }
    safe
}

fn publish_one(
    app: &App,
    district: &District,
    source: &Source,
    folder: &Path,
    done: &Done,
    delivery: &super::report::DeliveryReport,
) -> Result<(), PublishError> {
    make_folder(folder)?;
    let stem = format!("{}.{}", result_name(&delivery.file), done.report.run);
    let mine: Vec<&OutcomeReport> = done.outcomes.iter().filter(|outcome| outcome.file == delivery.file).collect();
    let findings: Vec<Value> = done
        .findings
        .iter()
        .filter(|(file, _)| *file == delivery.file)
        .map(|(file, finding)| finding_json(file, finding))
        .collect();
    let path = app.spool.path(&district.id, &bytes_of(&delivery.sha256));
    let files = RowFiles::new(source, done, delivery, &mine);
    if files.has_rows() {
        let (errors, completed) = files.write(&path, source, &delivery.file)?;
        if let Some(errors) = errors {
            spool::publish(folder, &format!("{stem}.errors.csv"), &errors)?;
        }
        if let Some(completed) = completed {
            spool::publish(folder, &format!("{stem}.completed.csv"), &completed)?;
        }
    }
    let json = done.report.with(&[("findings", Value::Array(findings))]);
    let text = super::text::report(&done.report, &done.findings, 80);
    spool::publish(folder, &format!("{stem}.report.txt"), text.as_bytes())?;
    // The machine's report comes last: where it stands, everything else of the run stands too.
    spool::publish(folder, &format!("{stem}.report.json"), format!("{json:#}\n").as_bytes())?;
    Ok(())
}

fn make_folder(folder: &Path) -> Result<(), PublishError> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(PublishError::Folder)
}

fn bytes_of(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .filter_map(|pair| std::str::from_utf8(pair).ok().and_then(|text| u8::from_str_radix(text, 16).ok()))
        .collect()
}

/// The error file and the completed file, where there are any.
type Written = (Option<Vec<u8>>, Option<Vec<u8>>);

/// The rows of one delivery that go into the error file and the completed file.
struct RowFiles {
    delivery: String,
    /// By line: what is wrong, in one cell.
    errors: BTreeMap<u64, String>,
    /// By line: guid and outcome.
    completed: BTreeMap<u64, (String, String)>,
    all: bool,
}

impl RowFiles {
    fn new(source: &Source, done: &Done, delivery: &super::report::DeliveryReport, mine: &[&OutcomeReport]) -> Self {
        let mut errors = BTreeMap::new();
        let mut completed = BTreeMap::new();
        for outcome in mine {
            let bad = outcome.outcome.starts_with("rejected:") || outcome.outcome == "held:review";
            if bad {
                errors.insert(outcome.line, reason(done, &delivery.file, outcome));
            } else if matches!(outcome.outcome.as_str(), "created" | "restored" | "updated" | "deactivated") {
                completed.insert(outcome.line, (outcome.guid.clone().unwrap_or_default(), outcome.outcome.clone()));
            }
        }
        Self { delivery: delivery.delivery.clone(), errors, completed, all: source.completed_all }
    }

    fn has_rows(&self) -> bool {
        self.all || !self.errors.is_empty() || !self.completed.is_empty()
    }

    /// Reads the delivery once more and copies the rows concerned, columns as delivered.
    fn write(&self, path: &PathBuf, source: &Source, name: &str) -> Result<Written, PublishError> {
        let file = std::fs::File::open(path).map_err(PublishError::Read)?;
        let options = OpenOptions { format: source.format, name };
        let reader = std::io::BufReader::with_capacity(1 << 20, file);
        let mut table = match Table::open(reader, &options) {
            Ok(table) => table,
            Err(_) => return Ok((None, None)), // a file without a readable header has no rows to give back
        };
        let headers: Vec<String> = table.headers().to_vec();
        let kept: Vec<usize> =
            headers.iter().enumerate().filter(|(_, header)| !is_ours(header)).map(|(at, _)| at).collect();
        let names: Vec<&[u8]> = kept.iter().filter_map(|at| headers.get(*at)).map(String::as_bytes).collect();
        let (mut errors, mut completed) = (Vec::new(), Vec::new());
        write::record(&mut errors, names.iter().copied().chain([b"_fix_of".as_slice(), b"error"]));
        write::record(&mut completed, names.iter().copied().chain([b"guid".as_slice(), b"outcome"]));
        let mut written = HashSet::new();
        while let Some(row) = table.next().map_err(PublishError::Table)? {
            let line = row.line();
            let cells: Vec<&[u8]> = row.delivered().collect();
            let mine = kept.iter().map(|at| cells.get(*at).copied().unwrap_or_default());
            if let Some(reason) = self.errors.get(&line) {
                let fix = format!("{}:{line}", self.delivery);
                write::guarded(&mut errors, mine.chain([fix.as_bytes(), reason.as_bytes()]));
                written.insert(line);
            } else if let Some((guid, outcome)) = self.completed.get(&line) {
                write::guarded(&mut completed, mine.chain([guid.as_bytes(), outcome.as_bytes()]));
            } else if self.all {
                write::guarded(&mut completed, mine.chain([b"".as_slice(), b"unchanged"]));
            }
        }
        let errors = (!written.is_empty()).then_some(errors);
        let completed = (self.all || !self.completed.is_empty()).then_some(completed);
        Ok((errors, completed))
    }
}

/// Columns that only result files of ours have; they are not columns as delivered.
fn is_ours(header: &str) -> bool {
    matches!(header.trim().to_lowercase().as_str(), "_fix_of" | "error" | "guid" | "outcome")
}

/// The error cell: every error of the row, else what the outcome says.
fn reason(done: &Done, file: &str, outcome: &OutcomeReport) -> String {
    let reasons: Vec<String> = done
        .findings
        .iter()
        .filter(|(of, finding)| of == file && finding.line == outcome.line && !finding.message.is_empty())
        .filter(|(_, finding)| finding.severity != rosterd_contract::Severity::Note)
        .map(|(_, finding)| {
            if finding.fix.is_empty() {
                format!("{}: {}", finding.code, finding.message)
            } else {
                format!("{}: {}; {}", finding.code, finding.message, finding.fix)
            }
        })
        .collect();
    if reasons.is_empty() { outcome.outcome.clone() } else { reasons.join(" | ") }
}
