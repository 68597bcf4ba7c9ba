//! People, their keys and links.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rosterd_contract::{Field, Fields};
use sqlx::Row;

use super::keys::aliases;
use super::values::{from_json, json, time, time_opt, time_text, uuid};
use super::{Connection, Doing, StoreError, bulk};
use crate::reconcile::names::name_key;
use crate::roster::{Person, PersonId, PresencePin, RunId, State};

pub(super) const COLUMNS: &str = "p.person_id, p.guid, p.state, p.given_name, p.family_name, p.email, p.grad_year, \
                                  p.numbers, p.classes, p.more, p.orgs, p.presence_pin, p.pins, p.created_at, p.archived_at";

/// Reads a person, aliases not included.
pub(super) fn person(row: &sqlx::sqlite::SqliteRow) -> Result<(i64, Person), StoreError> {
    let what = "read a person";
    let text = |column: &str| -> Result<String, StoreError> { row.try_get(column).doing(what) };
    let option = |column: &str| -> Result<Option<String>, StoreError> { row.try_get(column).doing(what) };
    let guid: Vec<u8> = row.try_get("guid").doing(what)?;
    let state = text("state")?;
    let pin = text("presence_pin")?;
    let mut fields: Fields = option("more")?.map(|more| from_json("fields", &more)).transpose()?.unwrap_or_default();
    for (field, column) in [(Field::GivenName, "given_name"), (Field::FamilyName, "family_name")] {
        let value = text(column)?;
        if !value.is_empty() {
            fields.set(field, value);
        }
    }
    if let Some(year) = option("grad_year")? {
        fields.set(Field::GradYear, year);
    }
    let person = Person {
        id: PersonId(uuid(&guid)?),
        state: State::from_word(&state).ok_or(StoreError::Damaged { what: "state", value: state })?,
        classes: from_json("classes", &text("classes")?)?,
        email: option("email")?.map(Into::into),
        numbers: from_json("numbers", &text("numbers")?)?,
        orgs: option("orgs")?.map(|orgs| from_json("orgs", &orgs)).transpose()?.unwrap_or_default(),
        fields,
        presence_pin: PresencePin::from_word(&pin).ok_or(StoreError::Damaged { what: "pin", value: pin })?,
        pins: option("pins")?.map(|pins| from_json("pins", &pins)).transpose()?.unwrap_or_default(),
        aliases: Vec::new(),
        created_at: time(&text("created_at")?)?,
        archived_at: time_opt(option("archived_at")?.as_deref())?,
    };
    Ok((row.try_get("person_id").doing(what)?, person))
}

/// Fields that have no column of their own.
fn more(person: &Person) -> Option<String> {
    let mut fields = person.fields.clone();
    for field in [Field::GivenName, Field::FamilyName, Field::GradYear] {
        fields.remove(field);
    }
    (!fields.is_empty()).then(|| json(&fields))
}

fn list_or_none<T: serde::Serialize>(list: &[T]) -> Option<String> {
    (!list.is_empty()).then(|| json(&list))
}

/// The highest number of a person's row; new rows count on from there (there is one writer).
///
/// # Errors
/// The database's.
pub async fn last_row(connection: &mut Connection) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT COALESCE(MAX(person_id), 0) FROM people")
        .fetch_one(connection)
        .await
        .doing("number people")
}

/// Inserts people without keys, under the numbers given.
///
/// # Errors
/// The database's.
pub async fn insert(
    connection: &mut Connection,
    district: &str,
    new: &[(i64, &Person)],
    run: RunId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let run = run.0.as_bytes().to_vec();
    let now = time_text(now);
    bulk::insert(
        connection,
        "INSERT INTO people (person_id, district_id, guid, state, given_name, family_name, email, role, grad_year, numbers,
                             classes, more, orgs, presence_pin, pins, name_key, created_at, created_run, updated_at,
                             archived_at) ",
        new,
        |mut row, (id, person)| {
            row.push_bind(*id)
                .push_bind(district.to_owned())
                .push_bind(person.id.0.as_bytes().to_vec())
                .push_bind(person.state.as_str())
                .push_bind(person.given().to_owned())
                .push_bind(person.family().to_owned())
                .push_bind(person.email.as_deref().map(str::to_owned))
                .push_bind(person.role().map(rosterd_contract::Role::as_str))
                .push_bind(person.fields.get(Field::GradYear).map(str::to_owned))
                .push_bind(json(&person.numbers))
                .push_bind(json(&person.classes))
                .push_bind(more(person))
                .push_bind(list_or_none(&person.orgs))
                .push_bind(person.presence_pin.as_str())
                .push_bind(list_or_none(&person.pins))
                .push_bind(name_key(person.given(), person.family()))
                .push_bind(time_text(person.created_at))
                .push_bind(run.clone())
                .push_bind(now.clone())
                .push_bind(person.archived_at.map(time_text));
        },
        "",
        "add people",
    )
    .await
}

/// Writes a person's row; keys are moved apart from it.
///
/// # Errors
/// The database's.
pub async fn update(
    connection: &mut Connection,
    row: i64,
    person: &Person,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE people SET state = $1, given_name = $2, family_name = $3, email = $4, role = $5, grad_year = $6,
                numbers = $7, classes = $8, more = $9, orgs = $10, presence_pin = $11, pins = $12, name_key = $13,
                updated_at = $14, archived_at = $15
          WHERE person_id = $16",
    )
    .bind(person.state.as_str())
    .bind(person.given())
    .bind(person.family())
    .bind(person.email.as_deref())
    .bind(person.role().map(rosterd_contract::Role::as_str))
    .bind(person.fields.get(Field::GradYear))
    .bind(json(&person.numbers))
    .bind(json(&person.classes))
    .bind(more(person))
    .bind(list_or_none(&person.orgs))
    .bind(person.presence_pin.as_str())
    .bind(list_or_none(&person.pins))
    .bind(name_key(person.given(), person.family()))
    .bind(time_text(now))
    .bind(person.archived_at.map(time_text))
    .bind(row)
    .execute(connection)
    .await
    .doing("update a person")?;
    Ok(())
}

/// The row number of a GUID.
///
/// # Errors
/// The database's.
pub async fn row_of(connection: &mut Connection, person: PersonId) -> Result<Option<i64>, StoreError> {
    sqlx::query_scalar("SELECT person_id FROM people WHERE guid = $1")
        .bind(person.0.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .doing("find a person")
}

/// People a word may mean: a GUID, a number (in any class) or an address, present or past.
///
/// # Errors
/// The database's.
pub async fn find(connection: &mut Connection, district: &str, word: &str) -> Result<Vec<(i64, Person)>, StoreError> {
    let guid = uuid::Uuid::parse_str(word).ok();
    let by_guid = format!("SELECT {COLUMNS} FROM people p WHERE p.district_id = $1 AND p.guid = $2");
    let by_key = format!(
        "SELECT {COLUMNS} FROM people p WHERE p.person_id IN (
             SELECT person_id FROM person_keys
              WHERE district_id = $1 AND kind IN ('email', 'number') AND class IN ('', 'staff', 'student', 'contact')
                AND value IN ($2, $3) AND valid_to IS NULL)
         ORDER BY p.person_id"
    );
    let past = format!(
        "SELECT {COLUMNS} FROM people p WHERE p.person_id IN (
             SELECT person_id FROM person_keys WHERE district_id = $1 AND value = $2 AND alias_until IS NOT NULL)
         ORDER BY p.person_id"
    );
    let lower = word.to_lowercase();
    let rows = match guid {
        Some(guid) => {
            sqlx::query(sqlx::AssertSqlSafe(by_guid))
                .bind(district)
                .bind(guid.as_bytes().to_vec())
                .fetch_all(&mut *connection)
                .await
        }
        None => {
            sqlx::query(sqlx::AssertSqlSafe(by_key))
                .bind(district)
                .bind(word)
                .bind(&lower)
                .fetch_all(&mut *connection)
                .await
        }
    }
    .doing("find a person")?;
    let rows = if rows.is_empty() && guid.is_none() {
        sqlx::query(sqlx::AssertSqlSafe(past))
            .bind(district)
            .bind(&lower)
            .fetch_all(&mut *connection)
            .await
            .doing("find a person")?
    } else {
        rows
    };
    let mut people = rows.iter().map(person).collect::<Result<Vec<_>, _>>()?;
    for (row, person) in &mut people {
        person.aliases = aliases(connection, *row).await?;
    }
    Ok(people)
}

/// Which people a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Shown words: `active`, `suspended`, `archived`, `erased`; empty: all.
    pub state: Option<String>,
    pub added_by: Option<RunId>,
}

/// Streams people of a district in the order in which they came, page by page.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn page(
    connection: &mut Connection,
    district: &str,
    filter: &Filter,
    after: i64,
    size: i64,
) -> Result<Vec<(i64, Person, String)>, StoreError> {
    let states: &[&str] = match filter.state.as_deref() {
        Some("active") => &["active"],
        Some("suspended") => &["suspended"],
        Some("archived") => &["archived-auto", "archived-admin"],
        Some("erased") => &["erased"],
        _ => &["active", "suspended", "archived-auto", "archived-admin", "erased"],
    };
    let words: Vec<String> = states.iter().map(|state| format!("'{state}'")).collect();
    let added = if filter.added_by.is_some() { "AND p.created_run = $4" } else { "AND $4 IS NULL" };
    // The state is filtered by reading, not by an index: an index on what changes nightly costs more.
    let query = format!(
        "SELECT {COLUMNS}, p.updated_at FROM people p
          WHERE p.district_id = $1 AND p.person_id > $2 AND +p.state IN ({}) {added}
          ORDER BY p.person_id LIMIT $3",
        words.join(", ")
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(district)
        .bind(after)
        .bind(size)
        .bind(filter.added_by.map(|run| run.0.as_bytes().to_vec()))
        .fetch_all(connection)
        .await
        .doing("list people")?;
    rows.iter()
        .map(|row| {
            let (id, person) = person(row)?;
            Ok((id, person, row.try_get("updated_at").doing("list people")?))
        })
        .collect()
}

/// Claims of live people, by person row: the feeds that vouch for them (for `source`, `covered`).
///
/// # Errors
/// The database's.
pub async fn feeds_of(
    connection: &mut Connection,
    first: i64,
    last: i64,
) -> Result<HashMap<i64, Vec<i64>>, StoreError> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT person_id, feed_id FROM claims WHERE person_id >= $1 AND person_id <= $2 AND gone IS NULL
          ORDER BY person_id, feed_id",
    )
    .bind(first)
    .bind(last)
    .fetch_all(connection)
    .await
    .doing("list claims")?;
    let mut feeds: HashMap<i64, Vec<i64>> = HashMap::new();
    for (person, feed) in rows {
        feeds.entry(person).or_default().push(feed);
    }
    Ok(feeds)
}

/// How many people are active, and how many of them are admins: as it was last written down, else counted.
///
/// # Errors
/// The database's.
pub async fn population(connection: &mut Connection, district: &str) -> Result<(u64, u64), StoreError> {
    let known: Option<(i64, i64)> = sqlx::query_as("SELECT active, admins FROM populations WHERE district_id = $1")
        .bind(district)
        .fetch_optional(&mut *connection)
        .await
        .doing("read the population")?;
    let (active, admins) = match known {
        Some(known) => known,
        None => sqlx::query_as(
            "SELECT COUNT(*), COALESCE(SUM(classes LIKE '%\"role\":\"admin\"%'), 0) FROM people
              WHERE district_id = $1 AND state = 'active'",
        )
        .bind(district)
        .fetch_one(connection)
        .await
        .doing("count people")?,
    };
    Ok((u64::try_from(active).unwrap_or_default(), u64::try_from(admins).unwrap_or_default()))
}

/// Writes down how many people are active; belongs into the transaction that changes them.
///
/// # Errors
/// The database's.
pub async fn set_population(
    connection: &mut Connection,
    district: &str,
    active: u64,
    admins: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO populations (district_id, active, admins) VALUES ($1, $2, $3)
         ON CONFLICT (district_id) DO UPDATE SET active = excluded.active, admins = excluded.admins",
    )
    .bind(district)
    .bind(i64::try_from(active).unwrap_or(i64::MAX))
    .bind(i64::try_from(admins).unwrap_or(i64::MAX))
    .execute(connection)
    .await
    .doing("write down the population")?;
    Ok(())
}

/// Forgets the count: it is counted again when it is wanted.
///
/// # Errors
/// The database's.
pub async fn forget_population(connection: &mut Connection, district: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM populations WHERE district_id = $1")
        .bind(district)
        .execute(connection)
        .await
        .doing("forget the population")?;
    Ok(())
}
