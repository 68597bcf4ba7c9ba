//! Questions that wait for a person, and the answers that were given.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::values::{from_json, json, time, time_text, uuid};
use super::{Connection, Doing, StoreError};
use crate::reconcile::plan::Hold;
use crate::roster::{DeliveryId, FeedId, RunId};

/// A question as stored.
#[derive(Debug, Clone)]
pub struct StoredHold {
    pub id: i64,
    pub run: RunId,
    pub since: DateTime<Utc>,
    pub hold: Hold,
}

/// What an answer covers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sets {
    pub operations: Vec<[u8; 16]>,
    pub deliveries: Vec<(DeliveryId, String)>,
    pub dark: Vec<(FeedId, String)>,
    /// Feeds concerned: an approval lasts for two further deliveries of each, if that is longer.
    #[serde(default)]
    pub feeds: Vec<FeedId>,
}

/// Opens a question; the first night of the same question (rule, scope, cause) is kept.
///
/// # Errors
/// The database's.
pub async fn open(
    connection: &mut Connection,
    district: &str,
    run: RunId,
    hold: &Hold,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, StoreError> {
    let earlier: Option<String> = sqlx::query_scalar(
        "SELECT MIN(since) FROM holds
          WHERE district_id = $1 AND state = 'open' AND rule = $2 AND scope = $3 AND cause = $4",
    )
    .bind(district)
    .bind(&*hold.rule)
    .bind(&hold.scope)
    .bind(&hold.cause)
    .fetch_one(&mut *connection)
    .await
    .doing("find an earlier question")?;
    let since = earlier.as_deref().map(time).transpose()?.unwrap_or(now);
    sqlx::query(
        "INSERT INTO holds (district_id, run_id, rule, what, scope, cause, since, question, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open')",
    )
    .bind(district)
    .bind(run.0.as_bytes().as_slice())
    .bind(&*hold.rule)
    .bind(hold.what.as_str())
    .bind(&hold.scope)
    .bind(&hold.cause)
    .bind(time_text(since))
    .bind(json(hold))
    .execute(connection)
    .await
    .doing("open a question")?;
    Ok(since)
}

/// Open questions of a district, oldest first.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn open_in(connection: &mut Connection, district: &str) -> Result<Vec<StoredHold>, StoreError> {
    let rows: Vec<(i64, Vec<u8>, String, String)> = sqlx::query_as(
        "SELECT hold_id, run_id, since, question FROM holds WHERE district_id = $1 AND state = 'open' ORDER BY hold_id",
    )
    .bind(district)
    .fetch_all(connection)
    .await
    .doing("list questions")?;
    rows.into_iter().map(stored).collect()
}

/// Questions of one run, whatever became of them.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn of_run(connection: &mut Connection, run: RunId) -> Result<Vec<(StoredHold, String)>, StoreError> {
    let rows: Vec<(i64, Vec<u8>, String, String, String)> =
        sqlx::query_as("SELECT hold_id, run_id, since, question, state FROM holds WHERE run_id = $1 ORDER BY hold_id")
            .bind(run.0.as_bytes().as_slice())
            .fetch_all(connection)
            .await
            .doing("list questions")?;
    rows.into_iter().map(|(id, run, since, question, state)| Ok((stored((id, run, since, question))?, state))).collect()
}

fn stored((id, run, since, question): (i64, Vec<u8>, String, String)) -> Result<StoredHold, StoreError> {
    Ok(StoredHold { id, run: RunId(uuid(&run)?), since: time(&since)?, hold: from_json("question", &question)? })
}

/// Closes a question.
///
/// # Errors
/// The database's.
pub async fn close(connection: &mut Connection, hold: i64, state: &'static str) -> Result<(), StoreError> {
    sqlx::query("UPDATE holds SET state = $1 WHERE hold_id = $2")
        .bind(state)
        .bind(hold)
        .execute(connection)
        .await
        .doing("close a question")?;
    Ok(())
}

/// Remembers an answer.
///
/// # Errors
/// The database's.
pub async fn decide(
    connection: &mut Connection,
    district: &str,
    run: RunId,
    answer: &'static str,
    sets: &Sets,
    now: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO decisions (district_id, run_id, answer, at, until, sets) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(district)
        .bind(run.0.as_bytes().as_slice())
        .bind(answer)
        .bind(time_text(now))
        .bind(until.map(time_text))
        .bind(json(sets))
        .execute(connection)
        .await
        .doing("remember an answer")?;
    Ok(())
}

/// Answers that still count.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn decisions(
    connection: &mut Connection,
    district: &str,
    answer: &'static str,
    now: DateTime<Utc>,
) -> Result<Vec<(i64, DateTime<Utc>, Sets)>, StoreError> {
    let rows: Vec<(i64, String, String)> = sqlx::query_as(
        "SELECT decision_id, at, sets FROM decisions
          WHERE district_id = $1 AND answer = $2 AND (until IS NULL OR until > $3) ORDER BY decision_id",
    )
    .bind(district)
    .bind(answer)
    .bind(time_text(now))
    .fetch_all(connection)
    .await
    .doing("list answers")?;
    rows.into_iter().map(|(id, at, sets)| Ok((id, time(&at)?, from_json("answer", &sets)?))).collect()
}

/// Narrows what a remembered answer covers (a dark cell was seen again).
///
/// # Errors
/// The database's.
pub async fn set_sets(connection: &mut Connection, decision: i64, sets: &Sets) -> Result<(), StoreError> {
    sqlx::query("UPDATE decisions SET sets = $1 WHERE decision_id = $2")
        .bind(json(sets))
        .bind(decision)
        .execute(connection)
        .await
        .doing("narrow an answer")?;
    Ok(())
}
