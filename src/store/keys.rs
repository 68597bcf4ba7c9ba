//! Identity keys with validity intervals, and the durable links of senders' ids.

use chrono::{DateTime, Utc};
use rosterd_contract::RoleClass;

use super::values::{time, time_text};
use super::{Connection, Doing, StoreError, bulk};
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

/// A key that becomes a person's: a number of a role-class, or an address.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub person: i64,
    /// `None`: an address.
    pub class: Option<RoleClass>,
    pub value: Box<str>,
}

/// Opens keys.
///
/// # Errors
/// The database's; above all when somebody else holds a key (I17).
pub async fn open(
    connection: &mut Connection,
    district: &str,
    keys: &[NewKey],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let now = time_text(now);
    bulk::insert(
        connection,
        "INSERT INTO person_keys (district_id, kind, class, value, loose, person_id, valid_from) ",
        keys,
        |mut row, key| {
            let (kind, class, loose) = match key.class {
                Some(class) => ("number", class.as_str(), loose_number(&key.value)),
                None => ("email", "", key.value.to_string()),
            };
            row.push_bind(district.to_owned())
                .push_bind(kind)
                .push_bind(class)
                .push_bind(key.value.to_string())
                .push_bind(loose)
                .push_bind(key.person)
                .push_bind(now.clone());
        },
        "",
        "open keys",
    )
    .await
}

/// The durable tie of a sender's id to a person.
#[derive(Debug, Clone)]
pub struct NewLink {
    pub source: Box<str>,
    pub class: RoleClass,
    pub key: Box<str>,
    pub person: i64,
}

/// Makes links; one that is there stays as it is (I18).
///
/// # Errors
/// The database's.
pub async fn link(connection: &mut Connection, district: &str, links: &[NewLink]) -> Result<(), StoreError> {
    bulk::insert(
        connection,
        "INSERT INTO links (district_id, source_id, class, source_key, person_id) ",
        links,
        |mut row, link| {
            row.push_bind(district.to_owned())
                .push_bind(link.source.to_string())
                .push_bind(link.class.as_str())
                .push_bind(link.key.to_string())
                .push_bind(link.person);
        },
        " ON CONFLICT DO NOTHING",
        "make links",
    )
    .await
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
