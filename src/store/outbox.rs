//! Effects on the outside that a run owes: written in its transaction, carried out after it, and
//! again after a crash. Repeating one is harmless.

use chrono::{DateTime, Utc};

use super::values::{time_text, uuid};
use super::{Connection, Doing, StoreError};
use crate::roster::RunId;

/// The result files of a run.
pub const RESULTS: &str = "results";

/// Owes an effect.
///
/// # Errors
/// The database's.
pub async fn owe(connection: &mut Connection, district: &str, run: RunId, kind: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO outbox (district_id, run_id, kind, payload) VALUES ($1, $2, $3, '{}')")
        .bind(district)
        .bind(run.0.as_bytes().as_slice())
        .bind(kind)
        .execute(connection)
        .await
        .doing("owe an effect")?;
    Ok(())
}

/// Runs whose effect of this kind is still owed, oldest first.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn owed(connection: &mut Connection, district: &str, kind: &str) -> Result<Vec<RunId>, StoreError> {
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT run_id FROM outbox WHERE district_id = $1 AND kind = $2 AND published_at IS NULL ORDER BY event_id",
    )
    .bind(district)
    .bind(kind)
    .fetch_all(connection)
    .await
    .doing("list owed effects")?;
    rows.iter().map(|bytes| uuid(bytes).map(RunId)).collect()
}

/// The effect was carried out.
///
/// # Errors
/// The database's.
pub async fn settle(connection: &mut Connection, run: RunId, kind: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("UPDATE outbox SET published_at = $1 WHERE run_id = $2 AND kind = $3 AND published_at IS NULL")
        .bind(time_text(now))
        .bind(run.0.as_bytes().as_slice())
        .bind(kind)
        .execute(connection)
        .await
        .doing("settle an effect")?;
    Ok(())
}
