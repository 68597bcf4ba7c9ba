//! From words to things: districts, sources, people, runs.

use super::ActionError;
use crate::pipeline::{App, District, Source};
use crate::roster::Person;
use crate::store::runs::StoredRun;
use crate::store::{Connection, Doing, people, runs};

/// The district of this name, or the only one.
///
/// # Errors
/// When there is none, or several and none is named.
pub fn district<'a>(districts: &'a [District], name: Option<&str>) -> Result<&'a District, ActionError> {
    match (name, districts) {
        (Some(name), _) => districts
            .iter()
            .find(|district| district.id == name)
            .ok_or_else(|| ActionError::NoDistrict { name: name.to_owned(), known: ids(districts) }),
        (None, [only]) => Ok(only),
        (None, []) => Err(ActionError::NoDistricts),
        (None, several) => Err(ActionError::WhichDistrict(ids(several))),
    }
}

fn ids(districts: &[District]) -> String {
    districts.iter().map(|district| district.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// The source of this name, or the only one.
///
/// # Errors
/// When there is none, or several and none is named.
pub fn source<'a>(district: &'a District, name: Option<&str>) -> Result<&'a Source, ActionError> {
    match (name, district.sources.as_slice()) {
        (Some(name), _) => district
            .source(name)
            .ok_or_else(|| ActionError::NoSource { district: district.id.clone(), source_id: name.to_owned() }),
        (None, [only]) => Ok(only),
        (None, []) => Err(ActionError::NoSources(district.id.clone())),
        (None, several) => Err(ActionError::WhichSource {
            district: district.id.clone(),
            list: several.iter().map(|source| source.id.as_str()).collect::<Vec<_>>().join(", "),
        }),
    }
}

/// The person a word means: a GUID, a number or an address.
///
/// # Errors
/// When it is nobody, or several.
pub async fn person(
    connection: &mut Connection,
    district: &District,
    word: &str,
) -> Result<(i64, Person), ActionError> {
    let mut found = people::find(connection, &district.id, word).await?;
    if found.len() > 1 {
        // An active person goes before archived ones.
        let active: Vec<usize> =
            found.iter().enumerate().filter(|(_, (_, p))| !p.state.is_archived()).map(|(at, _)| at).collect();
        if let [only] = active[..] {
            return Ok(found.swap_remove(only));
        }
        let list = found.iter().map(|(_, person)| person.id.to_string()).collect::<Vec<_>>().join(", ");
        return Err(ActionError::WhichPerson { word: word.to_owned(), list });
    }
    found.pop().ok_or_else(|| ActionError::NoPerson { district: district.id.clone(), word: word.to_owned() })
}

/// The run whose id begins with a word.
///
/// # Errors
/// When there is none, or several.
pub async fn run(connection: &mut Connection, word: &str) -> Result<StoredRun, ActionError> {
    let hex = word.chars().all(|c| c.is_ascii_hexdigit() || c == '-') && word.chars().any(|c| c.is_ascii_hexdigit());
    let mut found = if hex { runs::starting_with(connection, word).await? } else { Vec::new() };
    if found.len() > 1 {
        let list = found.iter().map(|run| run.id.to_string()).collect::<Vec<_>>().join(", ");
        return Err(ActionError::WhichRun { word: word.to_owned(), list });
    }
    found.pop().ok_or_else(|| ActionError::NoRun(word.to_owned()))
}

/// The district of a run.
///
/// # Errors
/// When it is no longer configured.
pub fn district_of<'a>(districts: &'a [District], run: &StoredRun) -> Result<&'a District, ActionError> {
    district(districts, Some(&run.district))
}

/// A connection for reading.
///
/// # Errors
/// The store's.
pub async fn reader(app: &App) -> Result<sqlx::pool::PoolConnection<sqlx::Sqlite>, ActionError> {
    Ok(app.store.reader().acquire().await.doing("read the roster")?)
}
