//! Identity keys with validity intervals, and the durable links of senders' ids.

use chrono::{DateTime, Utc};
use rosterd_contract::RoleClass;

use super::values::{time, time_text};
use super::{Connection, Doing, StoreError};
use crate::reconcile::names::loose_number;
use crate::roster::person::Alias;

/// Closes the open interval of an address; it stays an alias until `alias_until`.
///
/// # Errors
/// The database's.
pub async fn close_email(
    connection: &mut Connection,
    row: i64,
    email: &str,
    now: DateTime<Utc>,
    alias_until: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE person_keys SET valid_to = $1, alias_until = $2
          WHERE person_id = $3 AND kind = 'email' AND value = $4 AND valid_to IS NULL",
    )
    .bind(time_text(now))
    .bind(time_text(alias_until))
    .bind(row)
    .bind(email)
    .execute(connection)
    .await
    .doing("close an address")?;
    Ok(())
}

/// An address that becomes somebody's ends as everybody's alias.
///
/// # Errors
/// The database's.
pub async fn end_aliases(connection: &mut Connection, district: &str, email: &str) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE person_keys SET alias_until = NULL
          WHERE district_id = $1 AND value = $2 AND alias_until IS NOT NULL AND kind = 'email'",
    )
    .bind(district)
    .bind(email)
    .execute(connection)
    .await
    .doing("end an alias")?;
    Ok(())
}

/// Opens a key for a person.
///
/// # Errors
/// The database's; above all when somebody else holds the key (I17).
pub async fn open_key(
    connection: &mut Connection,
    district: &str,
    row: i64,
    class: Option<RoleClass>,
    value: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (kind, class, loose) = match class {
        Some(class) => ("number", class.as_str(), loose_number(value)),
        None => ("email", "", value.to_owned()),
    };
    sqlx::query(
        "INSERT INTO person_keys (district_id, kind, class, value, loose, person_id, valid_from)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(district)
    .bind(kind)
    .bind(class)
    .bind(value)
    .bind(loose)
    .bind(row)
    .bind(time_text(now))
    .execute(connection)
    .await
    .doing("open a key")?;
    Ok(())
}

/// Makes a durable link.
///
/// # Errors
/// The database's.
pub async fn link(
    connection: &mut Connection,
    district: &str,
    source: &str,
    class: RoleClass,
    key: &str,
    row: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO links (district_id, source_id, class, source_key, person_id) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
    )
    .bind(district)
    .bind(source)
    .bind(class.as_str())
    .bind(key)
    .bind(row)
    .execute(connection)
    .await
    .doing("make a link")?;
    Ok(())
}

/// Closed addresses of a person that still find them.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn aliases(connection: &mut Connection, row: i64) -> Result<Vec<Alias>, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT value, alias_until FROM person_keys
          WHERE person_id = $1 AND kind = 'email' AND alias_until IS NOT NULL ORDER BY key_id",
    )
    .bind(row)
    .fetch_all(connection)
    .await
    .doing("list aliases")?;
    rows.into_iter().map(|(email, until)| Ok(Alias { email: email.into(), until: time(&until)? })).collect()
}
