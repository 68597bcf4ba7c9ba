//! History: what changed, when, by which rule, on which evidence. Append-only.

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::values::{time, time_text, uuid};
use super::{Connection, Doing, StoreError, bulk};
use crate::roster::{DeliveryId, Evidence, PersonId, RunId};

/// One change of one person.
#[derive(Debug, Clone)]
pub struct Change {
    pub run: RunId,
    pub person: PersonId,
    pub action: String,
    pub rule: String,
    pub identity_rule: Option<String>,
    /// JSON of the attributes that differ.
    pub before: Option<String>,
    pub after: Option<String>,
    pub evidence: Option<Evidence>,
    pub approved: bool,
    pub at: DateTime<Utc>,
}

/// Appends changes, each with the row of its person.
///
/// # Errors
/// The database's.
pub async fn append(connection: &mut Connection, district: &str, changes: &[(i64, Change)]) -> Result<(), StoreError> {
    bulk::insert(
        connection,
        "INSERT INTO changes (district_id, run_id, person_id, action, rule, identity_rule, before, after, delivery_id,
                              line, approved, at) ",
        changes,
        |mut row, (person, change)| {
            row.push_bind(district.to_owned())
                .push_bind(change.run.0.as_bytes().to_vec())
                .push_bind(*person)
                .push_bind(change.action.clone())
                .push_bind(change.rule.clone())
                .push_bind(change.identity_rule.clone())
                .push_bind(change.before.clone())
                .push_bind(change.after.clone())
                .push_bind(change.evidence.map(|evidence| evidence.delivery.0.as_bytes().to_vec()))
                .push_bind(change.evidence.map(|evidence| i64::try_from(evidence.line).unwrap_or(i64::MAX)))
                .push_bind(i64::from(change.approved))
                .push_bind(time_text(change.at));
        },
        "",
        "write history",
    )
    .await
}

fn change(row: &sqlx::sqlite::SqliteRow) -> Result<Change, StoreError> {
    let what = "read history";
    let id = |column: &str| -> Result<Option<Vec<u8>>, StoreError> { row.try_get(column).doing(what) };
    let delivery = id("delivery_id")?.map(|bytes| uuid(&bytes)).transpose()?;
    let line: Option<i64> = row.try_get("line").doing(what)?;
    let at: String = row.try_get("at").doing(what)?;
    Ok(Change {
        run: RunId(uuid(&id("run_id")?.unwrap_or_default())?),
        person: PersonId(uuid(&id("guid")?.unwrap_or_default())?),
        action: row.try_get("action").doing(what)?,
        rule: row.try_get("rule").doing(what)?,
        identity_rule: row.try_get("identity_rule").doing(what)?,
        before: row.try_get("before").doing(what)?,
        after: row.try_get("after").doing(what)?,
        evidence: delivery.zip(line).map(|(delivery, line)| Evidence {
            delivery: DeliveryId(delivery),
            line: u64::try_from(line).unwrap_or_default(),
        }),
        approved: row.try_get::<i64, _>("approved").doing(what)? != 0,
        at: time(&at)?,
    })
}

const SELECT: &str = "SELECT c.run_id, p.guid, c.action, c.rule, c.identity_rule, c.before, c.after, c.delivery_id, \
                      c.line, c.approved, c.at FROM changes c JOIN people p ON p.person_id = c.person_id";

/// Changes of one person, oldest first.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn of_person(connection: &mut Connection, person_row: i64) -> Result<Vec<Change>, StoreError> {
    let query = format!("{SELECT} WHERE c.person_id = $1 ORDER BY c.change_id");
    let rows =
        sqlx::query(sqlx::AssertSqlSafe(query)).bind(person_row).fetch_all(connection).await.doing("read history")?;
    rows.iter().map(change).collect()
}

/// Changes of one run, in the order in which they were made.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn of_run(connection: &mut Connection, run: RunId) -> Result<Vec<Change>, StoreError> {
    let query = format!("{SELECT} WHERE c.run_id = $1 ORDER BY c.change_id");
    let rows = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(run.0.as_bytes().as_slice())
        .fetch_all(connection)
        .await
        .doing("read history")?;
    rows.iter().map(change).collect()
}

/// Removals since `since` that flowed without approval, net of restores of the same people (G11).
///
/// # Errors
/// The database's.
pub async fn flowed_since(
    connection: &mut Connection,
    district: &str,
    since: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let runs: Option<i64> =
        sqlx::query_scalar("SELECT SUM(flowed) FROM runs WHERE district_id = $1 AND started_at > $2")
            .bind(district)
            .bind(time_text(since))
            .fetch_one(connection)
            .await
            .doing("count the week's removals")?;
    Ok(u64::try_from(runs.unwrap_or_default()).unwrap_or_default())
}
