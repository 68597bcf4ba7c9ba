//! Feeds: replaceable sequences of snapshots, with what is measured against.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use uuid::Uuid;

use super::values::{from_json, json, time_opt, time_text, uuid};
use super::{Connection, Doing, StoreError};
use crate::reconcile::input::Counts;
use crate::roster::{DeliveryId, FeedId};

/// Totals of the reference delivery.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reference {
    pub rows: u64,
    pub inactive: u64,
    /// E-mails by domain.
    #[serde(default)]
    pub domains: BTreeMap<String, u64>,
    pub final_newline: bool,
    /// The last record's key, to tell a missing line end from a missing record (D12).
    #[serde(default)]
    pub stated_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub stated_kind: String,
}

/// A feed as stored.
#[derive(Debug, Clone)]
pub struct StoredFeed {
    pub id: FeedId,
    pub source: String,
    pub name: String,
    pub format: Option<String>,
    pub confirmed: bool,
    pub view_delivery: Option<DeliveryId>,
    pub view_stated_at: Option<DateTime<Utc>>,
    pub view_at: Option<DateTime<Utc>>,
    pub reference_delivery: Option<DeliveryId>,
    pub reference: Option<Reference>,
    pub counts: Counts,
    pub late: u32,
}

const COLUMNS: &str = "feed_id, source_id, name, format, confirmed, view_delivery, view_stated_at, view_at, \
                       reference_delivery, reference, counts, late";

fn feed(row: &sqlx::sqlite::SqliteRow) -> Result<StoredFeed, StoreError> {
    let what = "read a feed";
    let id = |column: &str| -> Result<Option<DeliveryId>, StoreError> {
        let bytes: Option<Vec<u8>> = row.try_get(column).doing(what)?;
        bytes.map(|bytes| uuid(&bytes).map(DeliveryId)).transpose()
    };
    let text = |column: &str| -> Result<Option<String>, StoreError> { row.try_get(column).doing(what) };
    let counts: String = row.try_get("counts").doing(what)?;
    Ok(StoredFeed {
        id: FeedId(row.try_get("feed_id").doing(what)?),
        source: row.try_get("source_id").doing(what)?,
        name: row.try_get("name").doing(what)?,
        format: text("format")?,
        confirmed: row.try_get::<i64, _>("confirmed").doing(what)? != 0,
        view_delivery: id("view_delivery")?,
        view_stated_at: time_opt(text("view_stated_at")?.as_deref())?,
        view_at: time_opt(text("view_at")?.as_deref())?,
        reference_delivery: id("reference_delivery")?,
        reference: text("reference")?.map(|reference| from_json("reference", &reference)).transpose()?,
        counts: if counts == "{}" { Counts::default() } else { from_json("counts", &counts)? },
        late: u32::try_from(row.try_get::<i64, _>("late").doing(what)?).unwrap_or_default(),
    })
}

/// All feeds of a district.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn of_district(connection: &mut Connection, district: &str) -> Result<Vec<StoredFeed>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM feeds WHERE district_id = $1 ORDER BY feed_id");
    sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(district)
        .fetch_all(connection)
        .await
        .doing("list feeds")?
        .iter()
        .map(feed)
        .collect()
}

/// The feed of a name, made when it is new.
///
/// # Errors
/// The database's.
pub async fn ensure(
    connection: &mut Connection,
    district: &str,
    source: &str,
    name: &str,
    now: DateTime<Utc>,
) -> Result<FeedId, StoreError> {
    sqlx::query(
        "INSERT INTO feeds (district_id, source_id, name, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (district_id, source_id, name) DO NOTHING",
    )
    .bind(district)
    .bind(source)
    .bind(name)
    .bind(time_text(now))
    .execute(&mut *connection)
    .await
    .doing("make a feed")?;
    let id: i64 =
        sqlx::query_scalar("SELECT feed_id FROM feeds WHERE district_id = $1 AND source_id = $2 AND name = $3")
            .bind(district)
            .bind(source)
            .bind(name)
            .fetch_one(connection)
            .await
            .doing("find a feed")?;
    Ok(FeedId(id))
}

/// What a run changes about a feed.
#[derive(Debug, Clone)]
pub struct ViewChange<'a> {
    pub feed: FeedId,
    pub delivery: DeliveryId,
    pub format: &'a str,
    pub stated_at: DateTime<Utc>,
    pub at: DateTime<Utc>,
    pub counts: &'a Counts,
    /// Set when the delivery becomes the reference.
    pub reference: Option<&'a Reference>,
}

/// Replaces the view, and the reference where the delivery was accepted.
///
/// # Errors
/// The database's.
pub async fn set_view(connection: &mut Connection, change: &ViewChange<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE feeds SET view_delivery = $1, view_stated_at = $2, view_at = $3, counts = $4, format = $5,
                          confirmed = 1, late = 0
          WHERE feed_id = $6",
    )
    .bind(change.delivery.0.as_bytes().as_slice())
    .bind(time_text(change.stated_at))
    .bind(time_text(change.at))
    .bind(json(change.counts))
    .bind(change.format)
    .bind(change.feed.0)
    .execute(&mut *connection)
    .await
    .doing("set a feed's view")?;
    if let Some(reference) = change.reference {
        sqlx::query("UPDATE feeds SET reference_delivery = $1, reference_at = $2, reference = $3 WHERE feed_id = $4")
            .bind(change.delivery.0.as_bytes().as_slice())
            .bind(time_text(change.at))
            .bind(json(reference))
            .bind(change.feed.0)
            .execute(connection)
            .await
            .doing("set a feed's reference")?;
    }
    Ok(())
}

/// Sets the counts alone: claims of a feed that delivered nothing ended (a bridge dissolved).
///
/// # Errors
/// The database's.
pub async fn set_counts(connection: &mut Connection, feed: FeedId, counts: &Counts) -> Result<(), StoreError> {
    sqlx::query("UPDATE feeds SET counts = $1 WHERE feed_id = $2")
        .bind(json(counts))
        .bind(feed.0)
        .execute(connection)
        .await
        .doing("set a feed's counts")?;
    Ok(())
}

/// Counts late deliveries in a row (D05).
///
/// # Errors
/// The database's.
pub async fn set_late(connection: &mut Connection, feed: FeedId, late: u32) -> Result<(), StoreError> {
    sqlx::query("UPDATE feeds SET late = $1 WHERE feed_id = $2")
        .bind(i64::from(late))
        .bind(feed.0)
        .execute(connection)
        .await
        .doing("count a late delivery")?;
    Ok(())
}

/// The bytes of an id, for binding.
pub fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}
