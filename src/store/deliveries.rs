//! Deliveries: what arrived, where it stands, and what each file looked like when it was taken.

use chrono::{DateTime, Utc};
use rosterd_contract::Verdict;
use sqlx::Row;

use super::values::{time, time_text, uuid};
use super::{Connection, Doing, StoreError};
use crate::roster::{DeliveryId, FeedId, RunId};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// In the spool, not looked at yet.
    Sealed,
    Held,
    Applied,
    Late,
    Superseded,
    Refused,
    Failed,
}

impl DeliveryState {
    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Held => "held",
            Self::Applied => "applied",
            Self::Late => "late",
            Self::Superseded => "superseded",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Sealed, Self::Held, Self::Applied, Self::Late, Self::Superseded, Self::Refused, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A delivery as stored.
#[derive(Debug, Clone)]
pub struct StoredDelivery {
    pub id: DeliveryId,
    pub source: String,
    pub feed: Option<FeedId>,
    pub name: String,
    pub sha256: Vec<u8>,
    pub bytes: u64,
    pub received_at: DateTime<Utc>,
    pub stated_at: DateTime<Utc>,
    pub stated_kind: String,
    pub accept_baseline: bool,
    pub mode: Option<String>,
    pub format: Option<String>,
    pub state: DeliveryState,
    pub verdict: Option<Verdict>,
    pub message: String,
    pub rows_read: u64,
    /// Applied without a hold.
    pub accepted: bool,
    pub policy: i64,
    /// Where the result files go; `None`: nowhere.
    pub results: Option<String>,
}

const COLUMNS: &str = "delivery_id, source_id, feed_id, name, sha256, bytes, received_at, stated_at, stated_kind, \
                       accept_baseline, mode, format, state, verdict, message, rows_read, accepted, policy, results";

fn delivery(row: &sqlx::sqlite::SqliteRow) -> Result<StoredDelivery, StoreError> {
    let what = "read a delivery";
    let text = |column: &str| -> Result<String, StoreError> { row.try_get(column).doing(what) };
    let option = |column: &str| -> Result<Option<String>, StoreError> { row.try_get(column).doing(what) };
    let number = |column: &str| -> Result<i64, StoreError> { row.try_get(column).doing(what) };
    let id: Vec<u8> = row.try_get("delivery_id").doing(what)?;
    let state = text("state")?;
    Ok(StoredDelivery {
        id: DeliveryId(uuid(&id)?),
        source: text("source_id")?,
        feed: row.try_get::<Option<i64>, _>("feed_id").doing(what)?.map(FeedId),
        name: text("name")?,
        sha256: row.try_get("sha256").doing(what)?,
        bytes: u64::try_from(number("bytes")?).unwrap_or_default(),
        received_at: time(&text("received_at")?)?,
        stated_at: time(&text("stated_at")?)?,
        stated_kind: text("stated_kind")?,
        accept_baseline: number("accept_baseline")? != 0,
        mode: option("mode")?,
        format: option("format")?,
        state: DeliveryState::from_word(&state).ok_or(StoreError::Damaged { what: "delivery state", value: state })?,
        verdict: option("verdict")?.and_then(|word| Verdict::from_word(&word)),
        message: text("message")?,
        rows_read: u64::try_from(number("rows_read")?).unwrap_or_default(),
        accepted: number("accepted")? != 0,
        policy: number("policy")?,
        results: option("results")?,
    })
}

/// Records a sealed delivery.
///
/// # Errors
/// The database's.
pub async fn insert(connection: &mut Connection, district: &str, new: &StoredDelivery) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO deliveries (delivery_id, district_id, source_id, feed_id, name, sha256, bytes, received_at, stated_at,
                                 stated_kind, accept_baseline, mode, state, results)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(new.id.0.as_bytes().as_slice())
    .bind(district)
    .bind(&new.source)
    .bind(new.feed.map(|feed| feed.0))
    .bind(&new.name)
    .bind(&new.sha256)
    .bind(i64::try_from(new.bytes).unwrap_or(i64::MAX))
    .bind(time_text(new.received_at))
    .bind(time_text(new.stated_at))
    .bind(&new.stated_kind)
    .bind(i64::from(new.accept_baseline))
    .bind(new.mode.as_deref())
    .bind(new.state.as_str())
    .bind(new.results.as_deref())
    .execute(connection)
    .await
    .doing("record a delivery")?;
    Ok(())
}

/// What a run found out about a delivery.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    pub id: DeliveryId,
    pub feed: Option<FeedId>,
    pub state: DeliveryState,
    pub verdict: Verdict,
    pub mode: &'a str,
    pub format: Option<&'a str>,
    pub message: &'a str,
    pub rows_read: u64,
    pub accepted: bool,
    pub policy: i64,
    pub run: Option<RunId>,
}

/// Writes the verdict on a delivery.
///
/// # Errors
/// The database's.
pub async fn judge(connection: &mut Connection, judged: &Judged<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE deliveries SET feed_id = COALESCE($1, feed_id), state = $2, verdict = $3, mode = $4, format = $5,
                message = $6, rows_read = $7, accepted = $8, policy = $9, run_id = COALESCE($10, run_id)
          WHERE delivery_id = $11",
    )
    .bind(judged.feed.map(|feed| feed.0))
    .bind(judged.state.as_str())
    .bind(judged.verdict.as_str())
    .bind(judged.mode)
    .bind(judged.format)
    .bind(judged.message)
    .bind(i64::try_from(judged.rows_read).unwrap_or(i64::MAX))
    .bind(i64::from(judged.accepted))
    .bind(judged.policy)
    .bind(judged.run.map(|run| run.0.as_bytes().to_vec()))
    .bind(judged.id.0.as_bytes().as_slice())
    .execute(connection)
    .await
    .doing("judge a delivery")?;
    Ok(())
}

/// Changes only where a delivery stands.
///
/// # Errors
/// The database's.
pub async fn set_state(
    connection: &mut Connection,
    id: DeliveryId,
    state: DeliveryState,
    verdict: Verdict,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE deliveries SET state = $1, verdict = $2 WHERE delivery_id = $3")
        .bind(state.as_str())
        .bind(verdict.as_str())
        .bind(id.0.as_bytes().as_slice())
        .execute(connection)
        .await
        .doing("set a delivery's state")?;
    Ok(())
}

/// One delivery.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn get(connection: &mut Connection, id: DeliveryId) -> Result<Option<StoredDelivery>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM deliveries WHERE delivery_id = $1");
    sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(id.0.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .doing("find a delivery")?
        .as_ref()
        .map(delivery)
        .transpose()
}

/// Deliveries that wait for a run, oldest first.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn sealed(connection: &mut Connection, district: &str) -> Result<Vec<StoredDelivery>, StoreError> {
    let query = format!(
        "SELECT {COLUMNS} FROM deliveries WHERE district_id = $1 AND state = 'sealed' ORDER BY received_at, delivery_id"
    );
    list(connection, query, district).await
}

/// The last deliveries of a feed, newest first.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn of_feed(connection: &mut Connection, feed: FeedId, limit: i64) -> Result<Vec<StoredDelivery>, StoreError> {
    let query = format!(
        "SELECT {COLUMNS} FROM deliveries WHERE feed_id = $1 ORDER BY received_at DESC, delivery_id DESC LIMIT $2"
    );
    sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(feed.0)
        .bind(limit)
        .fetch_all(connection)
        .await
        .doing("list deliveries")?
        .iter()
        .map(delivery)
        .collect()
}

/// How many deliveries of a feed came after a moment.
///
/// # Errors
/// The database's.
pub async fn count_since(connection: &mut Connection, feed: FeedId, at: DateTime<Utc>) -> Result<u64, StoreError> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM deliveries WHERE feed_id = $1 AND received_at > $2")
        .bind(feed.0)
        .bind(time_text(at))
        .fetch_one(connection)
        .await
        .doing("count deliveries")?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Deliveries of a run, in their order.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn of_run(connection: &mut Connection, run: RunId) -> Result<Vec<StoredDelivery>, StoreError> {
    let columns: Vec<String> = COLUMNS.split(", ").map(|column| format!("d.{column}")).collect();
    let query = format!(
        "SELECT {} FROM run_deliveries r JOIN deliveries d ON d.delivery_id = r.delivery_id
          WHERE r.run_id = $1 ORDER BY r.place",
        columns.join(", ")
    );
    sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(run.0.as_bytes().as_slice())
        .fetch_all(connection)
        .await
        .doing("list deliveries of a run")?
        .iter()
        .map(delivery)
        .collect()
}

async fn list(connection: &mut Connection, query: String, district: &str) -> Result<Vec<StoredDelivery>, StoreError> {
    sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(district)
        .fetch_all(connection)
        .await
        .doing("list deliveries")?
        .iter()
        .map(delivery)
        .collect()
}

/// What the file looked like when it was last taken.
///
/// # Errors
/// The database's.
pub async fn taken(
    connection: &mut Connection,
    district: &str,
    source: &str,
    name: &str,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT stamp FROM taken WHERE district_id = $1 AND source_id = $2 AND name = $3")
        .bind(district)
        .bind(source)
        .bind(name)
        .fetch_optional(connection)
        .await
        .doing("find a taken file")
}

/// Remembers what a file looked like when it was taken.
///
/// # Errors
/// The database's.
pub async fn set_taken(
    connection: &mut Connection,
    district: &str,
    source: &str,
    name: &str,
    stamp: &str,
    id: DeliveryId,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO taken (district_id, source_id, name, stamp, delivery_id) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (district_id, source_id, name) DO UPDATE SET stamp = excluded.stamp, delivery_id = excluded.delivery_id",
    )
    .bind(district)
    .bind(source)
    .bind(name)
    .bind(stamp)
    .bind(id.0.as_bytes().as_slice())
    .execute(connection)
    .await
    .doing("remember a taken file")?;
    Ok(())
}

/// The lines of a delivery that a run rejected or put in review.
///
/// # Errors
/// The database's.
pub async fn knows_line(connection: &mut Connection, id: DeliveryId, line: u64) -> Result<bool, StoreError> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM outcomes WHERE delivery_id = $1 AND line = $2 LIMIT 1")
        .bind(id.0.as_bytes().as_slice())
        .bind(i64::try_from(line).unwrap_or(i64::MAX))
        .fetch_optional(connection)
        .await
        .doing("find a line")?;
    Ok(found.is_some())
}
