//! Runs, and what became of every row of theirs.

use chrono::{DateTime, Utc};
use rosterd_contract::{Finding, Severity};
use sqlx::Row;

use super::values::{time, time_opt, time_text, uuid};
use super::{Connection, Doing, StoreError, bulk};
use crate::roster::{DeliveryId, PersonId, RunId};

/// A run as stored.
#[derive(Debug, Clone)]
pub struct StoredRun {
    pub id: RunId,
    pub district: String,
    pub kind: String,
    pub state: String,
    pub started_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub approves: Option<RunId>,
    pub report: String,
    pub note: String,
}

const COLUMNS: &str = "run_id, district_id, kind, state, started_at, finished_at, approves, report, note";

fn run(row: &sqlx::sqlite::SqliteRow) -> Result<StoredRun, StoreError> {
    let what = "read a run";
    let id: Vec<u8> = row.try_get("run_id").doing(what)?;
    let approves: Option<Vec<u8>> = row.try_get("approves").doing(what)?;
    let started: String = row.try_get("started_at").doing(what)?;
    let finished: Option<String> = row.try_get("finished_at").doing(what)?;
    Ok(StoredRun {
        id: RunId(uuid(&id)?),
        district: row.try_get("district_id").doing(what)?,
        kind: row.try_get("kind").doing(what)?,
        state: row.try_get("state").doing(what)?,
        started_at: time(&started)?,
        finished_at: time_opt(finished.as_deref())?,
        approves: approves.map(|bytes| uuid(&bytes).map(RunId)).transpose()?,
        report: row.try_get("report").doing(what)?,
        note: row.try_get("note").doing(what)?,
    })
}

/// Begins a run; it is visible as queued or in progress while it works.
///
/// # Errors
/// The database's.
pub async fn insert(
    connection: &mut Connection,
    id: RunId,
    district: &str,
    kind: &str,
    state: &str,
    started_at: DateTime<Utc>,
    approves: Option<RunId>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO runs (run_id, district_id, kind, state, started_at, approves) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id.0.as_bytes().as_slice())
    .bind(district)
    .bind(kind)
    .bind(state)
    .bind(time_text(started_at))
    .bind(approves.map(|run| run.0.as_bytes().to_vec()))
    .execute(connection)
    .await
    .doing("begin a run")?;
    Ok(())
}

/// The end of a run.
#[derive(Debug, Clone)]
pub struct Finished<'a> {
    pub id: RunId,
    pub state: &'a str,
    pub at: DateTime<Utc>,
    pub active_before: u64,
    pub flowed: i64,
    pub report: &'a str,
}

/// Writes the end of a run.
///
/// # Errors
/// The database's.
pub async fn finish(connection: &mut Connection, end: &Finished<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE runs SET state = $1, finished_at = $2, active_before = $3, flowed = $4, report = $5 WHERE run_id = $6",
    )
    .bind(end.state)
    .bind(time_text(end.at))
    .bind(i64::try_from(end.active_before).unwrap_or(i64::MAX))
    .bind(end.flowed)
    .bind(end.report)
    .bind(end.id.0.as_bytes().as_slice())
    .execute(connection)
    .await
    .doing("finish a run")?;
    Ok(())
}

/// Changes a run's state, with a word about why.
///
/// # Errors
/// The database's.
pub async fn set_state(connection: &mut Connection, id: RunId, state: &str, note: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE runs SET state = $1, note = $2 WHERE run_id = $3")
        .bind(state)
        .bind(note)
        .bind(id.0.as_bytes().as_slice())
        .execute(connection)
        .await
        .doing("set a run's state")?;
    Ok(())
}

/// Takes back a run that never did anything.
///
/// # Errors
/// The database's.
pub async fn withdraw(connection: &mut Connection, id: RunId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM runs WHERE run_id = $1 AND finished_at IS NULL")
        .bind(id.0.as_bytes().as_slice())
        .execute(connection)
        .await
        .doing("withdraw a run")?;
    Ok(())
}

/// Ties a delivery to a run.
///
/// # Errors
/// The database's.
pub async fn add_delivery(
    connection: &mut Connection,
    run: RunId,
    delivery: DeliveryId,
    place: usize,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO run_deliveries (run_id, delivery_id, place) VALUES ($1, $2, $3)")
        .bind(run.0.as_bytes().as_slice())
        .bind(delivery.0.as_bytes().as_slice())
        .bind(i64::try_from(place).unwrap_or_default())
        .execute(connection)
        .await
        .doing("tie a delivery to a run")?;
    Ok(())
}

/// One run.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn get(connection: &mut Connection, id: RunId) -> Result<Option<StoredRun>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM runs WHERE run_id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(id.0.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .doing("find a run")?;
    row.as_ref().map(run).transpose()
}

/// Runs of one district (or all), newest first; local edits left out unless asked for.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn list(
    connection: &mut Connection,
    district: Option<&str>,
    limit: i64,
) -> Result<Vec<StoredRun>, StoreError> {
    let query = format!(
        "SELECT {COLUMNS} FROM runs WHERE ($1 IS NULL OR district_id = $1) AND kind <> 'local'
          ORDER BY started_at DESC, run_id DESC LIMIT $2"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(district)
        .bind(limit)
        .fetch_all(connection)
        .await
        .doing("list runs")?;
    rows.iter().map(run).collect()
}

/// Runs whose id begins with these hexadecimal characters (dashes ignored).
///
/// # Errors
/// The database's, or a damaged row.
pub async fn starting_with(connection: &mut Connection, prefix: &str) -> Result<Vec<StoredRun>, StoreError> {
    let hex: String = prefix.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_uppercase();
    let query = format!("SELECT {COLUMNS} FROM runs WHERE substr(hex(run_id), 1, length($1)) = $1 LIMIT 3");
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(hex).fetch_all(connection).await.doing("find a run")?;
    rows.iter().map(run).collect()
}

/// Runs of a district in one of these states, oldest first.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn in_state(connection: &mut Connection, district: &str, state: &str) -> Result<Vec<StoredRun>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM runs WHERE district_id = $1 AND state = $2 ORDER BY started_at, run_id");
    let rows = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(district)
        .bind(state)
        .fetch_all(connection)
        .await
        .doing("list runs")?;
    rows.iter().map(run).collect()
}

/// The largest active population that a run of these days began with (G11).
///
/// # Errors
/// The database's.
pub async fn largest_since(
    connection: &mut Connection,
    district: &str,
    since: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let largest: Option<i64> =
        sqlx::query_scalar("SELECT MAX(active_before) FROM runs WHERE district_id = $1 AND started_at > $2")
            .bind(district)
            .bind(time_text(since))
            .fetch_one(connection)
            .await
            .doing("find the largest population")?;
    Ok(u64::try_from(largest.unwrap_or_default()).unwrap_or_default())
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOutcome {
    pub delivery: DeliveryId,
    pub line: u64,
    pub outcome: String,
    pub rule: String,
    pub person: Option<PersonId>,
}

/// Records what became of rows.
///
/// # Errors
/// The database's.
pub async fn add_outcomes(
    connection: &mut Connection,
    run: RunId,
    outcomes: &[StoredOutcome],
) -> Result<(), StoreError> {
    let run = run.0.as_bytes().to_vec();
    bulk::insert(
        connection,
        "INSERT INTO outcomes (run_id, delivery_id, line, outcome, rule, guid) ",
        outcomes,
        |mut row, outcome| {
            row.push_bind(run.clone())
                .push_bind(outcome.delivery.0.as_bytes().to_vec())
                .push_bind(i64::try_from(outcome.line).unwrap_or(i64::MAX))
                .push_bind(outcome.outcome.clone())
                .push_bind(outcome.rule.clone())
                .push_bind(outcome.person.map(|person| person.0.as_bytes().to_vec()));
        },
        "",
        "record outcomes",
    )
    .await
}

/// Delivery, line, outcome, rule, person.
type OutcomeRow = (Vec<u8>, i64, String, String, Option<Vec<u8>>);

/// Outcomes of a run that were recorded, by delivery and line.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn outcomes(connection: &mut Connection, run: RunId) -> Result<Vec<StoredOutcome>, StoreError> {
    let rows: Vec<OutcomeRow> = sqlx::query_as(
        "SELECT delivery_id, line, outcome, rule, guid FROM outcomes WHERE run_id = $1 ORDER BY delivery_id, line",
    )
    .bind(run.0.as_bytes().as_slice())
    .fetch_all(connection)
    .await
    .doing("list outcomes")?;
    rows.into_iter()
        .map(|(delivery, line, outcome, rule, guid)| {
            Ok(StoredOutcome {
                delivery: DeliveryId(uuid(&delivery)?),
                line: u64::try_from(line).unwrap_or_default(),
                outcome,
                rule,
                person: guid.map(|bytes| uuid(&bytes).map(PersonId)).transpose()?,
            })
        })
        .collect()
}

/// Records findings.
///
/// # Errors
/// The database's.
pub async fn add_findings(
    connection: &mut Connection,
    run: RunId,
    findings: &[(DeliveryId, &Finding)],
) -> Result<(), StoreError> {
    let run = run.0.as_bytes().to_vec();
    bulk::insert(
        connection,
        "INSERT INTO findings (run_id, delivery_id, line, column_name, code, severity, value, message, fix) ",
        findings,
        |mut row, (delivery, finding)| {
            row.push_bind(run.clone())
                .push_bind(delivery.0.as_bytes().to_vec())
                .push_bind(i64::try_from(finding.line).unwrap_or(i64::MAX))
                .push_bind(finding.column.to_string())
                .push_bind(finding.code.to_string())
                .push_bind(finding.severity.as_str())
                .push_bind(finding.value.to_string())
                .push_bind(finding.message.to_string())
                .push_bind(finding.fix.to_string());
        },
        "",
        "record findings",
    )
    .await
}

/// Findings of a run, in the order in which they were made.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn findings(connection: &mut Connection, run: RunId) -> Result<Vec<(DeliveryId, Finding)>, StoreError> {
    let rows = sqlx::query(
        "SELECT delivery_id, line, column_name, code, severity, value, message, fix FROM findings
          WHERE run_id = $1 ORDER BY finding_id",
    )
    .bind(run.0.as_bytes().as_slice())
    .fetch_all(connection)
    .await
    .doing("list findings")?;
    let what = "read a finding";
    rows.iter()
        .map(|row| {
            let text = |column: &str| -> Result<Box<str>, StoreError> {
                row.try_get::<String, _>(column).doing(what).map(Into::into)
            };
            let delivery: Vec<u8> = row.try_get("delivery_id").doing(what)?;
            let severity = match &*text("severity")? {
                "error" => Severity::Error,
                "warning" => Severity::Warning,
                _ => Severity::Note,
            };
            let finding = Finding {
                line: u64::try_from(row.try_get::<i64, _>("line").doing(what)?).unwrap_or_default(),
                column: text("column_name")?,
                code: text("code")?,
                severity,
                value: text("value")?,
                message: text("message")?,
                fix: text("fix")?,
            };
            Ok((DeliveryId(uuid(&delivery)?), finding))
        })
        .collect()
}
