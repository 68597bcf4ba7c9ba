//! The part of the roster that a run can touch: everybody a row's keys, or a missing claim, can
//! lead to, with all their claims and links.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use rosterd_contract::RoleClass;

use super::bulk::{CHUNK, select_in};
use super::values::{time, time_text};
use super::{Connection, StoreError, claims, people};
use crate::reconcile::input::Slice;
use crate::roster::PersonId;
use crate::roster::person::Alias;

/// What leads to people.
#[derive(Debug, Clone, Default)]
pub struct Leads {
    pub numbers: BTreeSet<Box<str>>,
    pub loose_numbers: BTreeSet<String>,
    pub emails: BTreeSet<Box<str>>,
    /// Names of people all of whose namesakes matter.
    pub name_keys: BTreeSet<i64>,
    /// Names whose bearers matter unless they are many ([`NAMESAKES`]).
    pub rare_names: BTreeSet<i64>,
    pub claims: BTreeSet<i64>,
}

/// A name that more people of a district bear tells nobody apart: it makes no pair of a newcomer (G08).
pub const NAMESAKES: i64 = 16;

/// The slice, and the rows its people stand in.
#[derive(Debug, Default)]
pub struct Loaded {
    pub slice: Slice,
    pub rows: HashMap<PersonId, i64>,
    by_row: HashMap<i64, PersonId>,
}

const CLASSES: &str = "class IN ('staff', 'student', 'contact')";

/// Adds everybody to whom the leads lead and who is not there yet.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn load(
    connection: &mut Connection,
    district: &str,
    leads: &Leads,
    now: DateTime<Utc>,
    loaded: &mut Loaded,
) -> Result<(), StoreError> {
    let mut ids: Vec<i64> = people_of(connection, district, leads, now).await?.into_iter().collect();
    ids.retain(|id| !loaded.by_row.contains_key(id));
    let mut by_row = std::mem::take(&mut loaded.by_row);
    for chunk in ids.chunks(CHUNK) {
        load_chunk(connection, chunk, now, loaded, &mut by_row).await?;
    }
    loaded.by_row = by_row;
    Ok(())
}

async fn people_of(
    connection: &mut Connection,
    district: &str,
    leads: &Leads,
    now: DateTime<Utc>,
) -> Result<BTreeSet<i64>, StoreError> {
    let what = "find people by their keys";
    let mut ids: BTreeSet<i64> = BTreeSet::new();
    let numbers: Vec<String> = leads.numbers.iter().map(|n| n.to_string()).collect();
    let emails: Vec<String> = leads.emails.iter().map(|e| e.to_string()).collect();
    let loose: Vec<String> = leads.loose_numbers.iter().cloned().collect();
    let rare: Vec<i64> = leads.rare_names.iter().copied().collect();
    let claims: Vec<i64> = leads.claims.iter().copied().collect();
    let district = district.to_owned();
    let take = |rows: Vec<(i64,)>, ids: &mut BTreeSet<i64>| ids.extend(rows.into_iter().map(|row| row.0));
    let keyed = |kind: &'static str, classes: &'static str, column: &'static str, rest: &'static str| {
        let district = district.clone();
        move |query: &mut sqlx::QueryBuilder<sqlx::Sqlite>| {
            query.push("SELECT person_id FROM person_keys WHERE district_id = ").push_bind(district.clone());
            query.push(format!(" AND kind = '{kind}' AND {classes} {rest} AND {column}"));
        }
    };
    let open = "AND valid_to IS NULL";
    take(select_in(connection, keyed("number", CLASSES, "value", open), "", &numbers, what).await?, &mut ids);
    take(select_in(connection, keyed("number", CLASSES, "loose", ""), "", &loose, what).await?, &mut ids);
    take(select_in(connection, keyed("email", "class = ''", "value", open), "", &emails, what).await?, &mut ids);
    let aliased = {
        let district = district.clone();
        let now = time_text(now);
        move |query: &mut sqlx::QueryBuilder<sqlx::Sqlite>| {
            query.push("SELECT person_id FROM person_keys WHERE district_id = ").push_bind(district.clone());
            query.push(" AND alias_until > ").push_bind(now.clone()).push(" AND alias_until IS NOT NULL AND value");
        }
    };
    take(select_in(connection, aliased, "", &emails, what).await?, &mut ids);
    let linked = {
        let district = district.clone();
        move |query: &mut sqlx::QueryBuilder<sqlx::Sqlite>| {
            query.push("SELECT l.person_id FROM (SELECT DISTINCT source_id FROM feeds WHERE district_id = ");
            query.push_bind(district.clone());
            query.push(") s CROSS JOIN links l ON l.source_id = s.source_id WHERE l.district_id = ");
            query.push_bind(district.clone());
            query.push(" AND l.class IN ('staff', 'student', 'contact') AND l.source_key");
        }
    };
    take(select_in(connection, linked, "", &numbers, what).await?, &mut ids);
    let named = {
        let district = district.clone();
        move |query: &mut sqlx::QueryBuilder<sqlx::Sqlite>| {
            query.push("SELECT person_id FROM people WHERE district_id = ").push_bind(district.clone());
            query.push(" AND name_key");
        }
    };
    let counted = {
        let district = district.clone();
        move |query: &mut sqlx::QueryBuilder<sqlx::Sqlite>| {
            query.push("SELECT name_key FROM people WHERE district_id = ").push_bind(district.clone());
            query.push(" AND name_key");
        }
    };
    let few = format!("GROUP BY name_key HAVING COUNT(*) <= {NAMESAKES}");
    let few: Vec<(i64,)> = select_in(connection, counted, &few, &rare, what).await?;
    let names: BTreeSet<i64> = leads.name_keys.iter().copied().chain(few.into_iter().map(|row| row.0)).collect();
    let names: Vec<i64> = names.into_iter().collect();
    take(select_in(connection, named, "", &names, what).await?, &mut ids);
    let claimed = |query: &mut sqlx::QueryBuilder<sqlx::Sqlite>| {
        query.push("SELECT person_id FROM claims WHERE claim_id");
    };
    take(select_in(connection, claimed, "", &claims, what).await?, &mut ids);
    Ok(ids)
}

async fn load_chunk(
    connection: &mut Connection,
    ids: &[i64],
    now: DateTime<Utc>,
    loaded: &mut Loaded,
    by_row: &mut HashMap<i64, PersonId>,
) -> Result<(), StoreError> {
    let list = |head: &'static str| {
        move |query: &mut sqlx::QueryBuilder<sqlx::Sqlite>| {
            query.push(head);
        }
    };
    let mut aliases: HashMap<i64, Vec<Alias>> = HashMap::new();
    let keys: Vec<(i64, String, String)> = select_in(
        connection,
        list("SELECT person_id, value, alias_until FROM person_keys WHERE kind = 'email' AND alias_until IS NOT NULL AND person_id"),
        "ORDER BY key_id",
        ids,
        "list aliases",
    )
    .await?;
    for (row, email, until) in keys {
        let until = time(&until)?;
        if until > now {
            aliases.entry(row).or_default().push(Alias { email: email.into(), until });
        }
    }
    let mut query = sqlx::QueryBuilder::<sqlx::Sqlite>::new(format!(
        "SELECT {} FROM people p WHERE p.person_id IN (",
        people::COLUMNS
    ));
    push_ids(&mut query, ids);
    for row in fetch(&mut query, connection, ids.len(), "load people").await? {
        let (id, mut person) = people::person(&row)?;
        person.aliases = aliases.remove(&id).unwrap_or_default();
        by_row.insert(id, person.id);
        loaded.rows.insert(person.id, id);
        loaded.slice.people.push(person);
    }
    let mut query =
        sqlx::QueryBuilder::<sqlx::Sqlite>::new(format!("SELECT {} FROM claims WHERE person_id IN (", claims::COLUMNS));
    push_ids(&mut query, ids);
    for row in fetch(&mut query, connection, ids.len(), "load claims").await? {
        loaded.slice.claims.extend(claims::claim(&row, by_row)?);
    }
    load_links(connection, ids, loaded, by_row).await
}

async fn load_links(
    connection: &mut Connection,
    ids: &[i64],
    loaded: &mut Loaded,
    by_row: &HashMap<i64, PersonId>,
) -> Result<(), StoreError> {
    let numbers: BTreeSet<String> = loaded
        .slice
        .people
        .iter()
        .rev()
        .take(ids.len())
        .flat_map(|person| person.numbers.iter().map(|(_, number)| number.to_string()))
        .collect();
    let numbers: Vec<String> = numbers.into_iter().collect();
    let rows: Vec<(String, String, String, i64)> = select_in(
        connection,
        |query| {
            query.push(
                "SELECT l.source_id, l.class, l.source_key, l.person_id
                   FROM (SELECT DISTINCT district_id, source_id FROM feeds) s
                   CROSS JOIN links l ON l.district_id = s.district_id AND l.source_id = s.source_id
                  WHERE l.class IN ('staff', 'student', 'contact') AND l.source_key",
            );
        },
        "",
        &numbers,
        "load links",
    )
    .await?;
    for (source, class, key, row) in rows {
        let class = RoleClass::from_word(&class).ok_or(StoreError::Damaged { what: "role-class", value: class })?;
        if let Some(person) = by_row.get(&row) {
            loaded.slice.links.push((source.into(), class, key.into(), *person));
        }
    }
    Ok(())
}

fn push_ids(query: &mut sqlx::QueryBuilder<sqlx::Sqlite>, ids: &[i64]) {
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    query.push(")");
}

async fn fetch(
    query: &mut sqlx::QueryBuilder<sqlx::Sqlite>,
    connection: &mut Connection,
    count: usize,
    what: &'static str,
) -> Result<Vec<sqlx::sqlite::SqliteRow>, StoreError> {
    use super::Doing;
    query.build().persistent(count == CHUNK).fetch_all(connection).await.doing(what)
}
