//! Claims: what each feed says of each person.

use rosterd_contract::RoleClass;
use sqlx::Row;
use std::collections::HashMap;

use super::values::{from_json, json, time, time_text, uuid};
use super::{Connection, Doing, StoreError, bulk};
use crate::roster::{Claim, DeliveryId, Evidence, FeedId, Gone, PersonId, SeenAs};

pub(super) const COLUMNS: &str = "claim_id, feed_id, person_id, class, record, delivery_id, line, stated_at, seen, \
                                  fingerprints, gone, bridge";

pub(super) fn claim(
    row: &sqlx::sqlite::SqliteRow,
    people: &HashMap<i64, PersonId>,
) -> Result<Option<Claim>, StoreError> {
    let what = "read a claim";
    let text = |column: &str| -> Result<String, StoreError> { row.try_get(column).doing(what) };
    let Some(person) = people.get(&row.try_get::<i64, _>("person_id").doing(what)?).copied() else { return Ok(None) };
    let class = text("class")?;
    let fingerprints: Vec<u8> = row.try_get("fingerprints").doing(what)?;
    let gone: Option<String> = row.try_get("gone").doing(what)?;
    let delivery: Vec<u8> = row.try_get("delivery_id").doing(what)?;
    Ok(Some(Claim {
        id: row.try_get("claim_id").doing(what)?,
        feed: FeedId(row.try_get("feed_id").doing(what)?),
        class: RoleClass::from_word(&class).ok_or(StoreError::Damaged { what: "role-class", value: class })?,
        person,
        record: from_json("claim", &text("record")?)?,
        evidence: Evidence {
            delivery: DeliveryId(uuid(&delivery)?),
            line: u64::try_from(row.try_get::<i64, _>("line").doing(what)?).unwrap_or_default(),
        },
        stated_at: time(&text("stated_at")?)?,
        seen: if text("seen")? == "rejected" { SeenAs::Rejected } else { SeenAs::Valid },
        fingerprints: fingerprints.chunks_exact(16).filter_map(|bytes| bytes.try_into().ok()).collect(),
        gone: gone.map(|gone| from_json::<Gone>("absence", &gone)).transpose()?,
        bridge: row.try_get::<i64, _>("bridge").doing(what)? != 0,
    }))
}

/// Writes a claim; gives its number.
///
/// # Errors
/// The database's.
pub async fn put(connection: &mut Connection, claim: &Claim, person: i64, settled: bool) -> Result<i64, StoreError> {
    let gone = claim.gone.as_ref().map(json);
    let seen = match claim.seen {
        SeenAs::Valid => "valid",
        SeenAs::Rejected => "rejected",
    };
    sqlx::query_scalar(
        "INSERT INTO claims (feed_id, person_id, class, record, delivery_id, line, stated_at, seen, fingerprints,
                             gone, bridge, unsettled)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (person_id, feed_id, class) DO UPDATE SET
             record = excluded.record, delivery_id = excluded.delivery_id, line = excluded.line,
             stated_at = excluded.stated_at, seen = excluded.seen, fingerprints = excluded.fingerprints,
             gone = excluded.gone, bridge = excluded.bridge, unsettled = excluded.unsettled
         RETURNING claim_id",
    )
    .bind(claim.feed.0)
    .bind(person)
    .bind(claim.class.as_str())
    .bind(json(&claim.record))
    .bind(claim.evidence.delivery.0.as_bytes().as_slice())
    .bind(i64::try_from(claim.evidence.line).unwrap_or(i64::MAX))
    .bind(time_text(claim.stated_at))
    .bind(seen)
    .bind(claim.fingerprints.concat())
    .bind(gone)
    .bind(i64::from(claim.bridge))
    .bind(i64::from(!settled))
    .fetch_one(connection)
    .await
    .doing("write a claim")
}

/// The highest number of a claim; new ones count on from there (there is one writer).
///
/// # Errors
/// The database's.
pub async fn last_row(connection: &mut Connection) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT COALESCE(MAX(claim_id), 0) FROM claims")
        .fetch_one(connection)
        .await
        .doing("number claims")
}

/// A claim of a feed that never spoke of the person before.
#[derive(Debug, Clone, Copy)]
pub struct NewClaim<'a> {
    pub id: i64,
    pub person: i64,
    pub claim: &'a Claim,
    pub settled: bool,
}

/// Writes new claims under the numbers given.
///
/// # Errors
/// The database's.
pub async fn insert(connection: &mut Connection, claims: &[NewClaim<'_>]) -> Result<(), StoreError> {
    bulk::insert(
        connection,
        "INSERT INTO claims (claim_id, feed_id, person_id, class, record, delivery_id, line, stated_at, seen, fingerprints,
                             gone, bridge, unsettled) ",
        claims,
        |mut row, new| {
            let claim = new.claim;
            row.push_bind(new.id)
                .push_bind(claim.feed.0)
                .push_bind(new.person)
                .push_bind(claim.class.as_str())
                .push_bind(json(&claim.record))
                .push_bind(claim.evidence.delivery.0.as_bytes().to_vec())
                .push_bind(i64::try_from(claim.evidence.line).unwrap_or(i64::MAX))
                .push_bind(time_text(claim.stated_at))
                .push_bind("valid")
                .push_bind(claim.fingerprints.concat())
                .push_bind(claim.gone.as_ref().map(json))
                .push_bind(i64::from(claim.bridge))
                .push_bind(i64::from(!new.settled));
        },
        "",
        "write claims",
    )
    .await
}

/// Marks a claim as absent, for one more night or for the first.
///
/// # Errors
/// The database's.
pub async fn set_gone(connection: &mut Connection, claim: i64, gone: &Gone) -> Result<(), StoreError> {
    sqlx::query("UPDATE claims SET gone = $1, unsettled = 1 WHERE claim_id = $2")
        .bind(json(gone))
        .bind(claim)
        .execute(connection)
        .await
        .doing("mark a claim as absent")?;
    Ok(())
}

/// Marks a claim as seen again; its row is looked at again next time.
///
/// # Errors
/// The database's.
pub async fn set_seen(connection: &mut Connection, claim: i64, rejected: bool) -> Result<(), StoreError> {
    sqlx::query("UPDATE claims SET gone = NULL, seen = $1, unsettled = 1 WHERE claim_id = $2")
        .bind(if rejected { "rejected" } else { "valid" })
        .bind(claim)
        .execute(connection)
        .await
        .doing("mark a claim as seen")?;
    Ok(())
}

/// Ends a claim.
///
/// # Errors
/// The database's.
pub async fn end(connection: &mut Connection, claim: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM claims WHERE claim_id = $1").bind(claim).execute(connection).await.doing("end a claim")?;
    Ok(())
}

/// Rows of a person that must be looked at again, whatever feed they stand in: something about the
/// person changed beside the files.
///
/// # Errors
/// The database's.
pub async fn unsettle(connection: &mut Connection, person: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE claims SET unsettled = 1 WHERE person_id = $1")
        .bind(person)
        .execute(connection)
        .await
        .doing("unsettle claims")?;
    Ok(())
}

/// Claims of a feed whose rows must be looked at again.
///
/// # Errors
/// The database's.
pub async fn unsettled(connection: &mut Connection, feed: FeedId) -> Result<Vec<i64>, StoreError> {
    sqlx::query_scalar("SELECT claim_id FROM claims WHERE feed_id = $1 AND unsettled = 1 ORDER BY claim_id")
        .bind(feed.0)
        .fetch_all(connection)
        .await
        .doing("list unsettled claims")
}

/// Gone claims of a feed.
///
/// # Errors
/// The database's.
pub async fn gone(connection: &mut Connection, feed: FeedId) -> Result<Vec<i64>, StoreError> {
    sqlx::query_scalar("SELECT claim_id FROM claims WHERE feed_id = $1 AND gone IS NOT NULL ORDER BY claim_id")
        .bind(feed.0)
        .fetch_all(connection)
        .await
        .doing("list absent claims")
}

/// The person of every claim of a feed.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn people_of(connection: &mut Connection, feed: FeedId) -> Result<HashMap<i64, PersonId>, StoreError> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT c.claim_id, p.guid FROM claims c JOIN people p ON p.person_id = c.person_id WHERE c.feed_id = $1",
    )
    .bind(feed.0)
    .fetch_all(connection)
    .await
    .doing("list the people of claims")?;
    rows.into_iter().map(|(claim, guid)| Ok((claim, PersonId(uuid(&guid)?)))).collect()
}

/// All claims about one person, with feed labels.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn of_person(
    connection: &mut Connection,
    person_row: i64,
    person: PersonId,
) -> Result<Vec<(String, String, Claim)>, StoreError> {
    let query =
        "SELECT claim_id, c.feed_id, person_id, class, record, delivery_id, line, stated_at, seen, fingerprints,
                        gone, bridge, f.source_id, f.name
                   FROM claims c JOIN feeds f ON f.feed_id = c.feed_id
                  WHERE person_id = $1
                  ORDER BY c.feed_id, class";
    let people = HashMap::from([(person_row, person)]);
    let mut found = Vec::new();
    for row in sqlx::query(query).bind(person_row).fetch_all(connection).await.doing("list claims")? {
        let source = row.try_get("source_id").doing("list claims")?;
        let name = row.try_get("name").doing("list claims")?;
        if let Some(claim) = claim(&row, &people)? {
            found.push((source, name, claim));
        }
    }
    Ok(found)
}
