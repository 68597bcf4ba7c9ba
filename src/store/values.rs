//! How values stand in the database: times as text that sorts, ids as bytes, lists as JSON.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::StoreError;

/// RFC 3339 in UTC with microseconds: sorts like the time it stands for.
pub fn time_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Reads [`time_text`].
///
/// # Errors
/// When the text is no time.
pub fn time(text: &str) -> Result<DateTime<Utc>, StoreError> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.to_utc())
        .map_err(|_| StoreError::Damaged { what: "time", value: text.to_owned() })
}

/// Reads an optional time.
///
/// # Errors
/// When there is a text and it is no time.
pub fn time_opt(text: Option<&str>) -> Result<Option<DateTime<Utc>>, StoreError> {
    text.map(time).transpose()
}

/// Reads an id.
///
/// # Errors
/// When these are not 16 bytes.
pub fn uuid(bytes: &[u8]) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|_| StoreError::Damaged { what: "id", value: format!("{} bytes", bytes.len()) })
}

/// A value as JSON. Our own types always serialise; should one not, `null` is stored and read back
/// as damage instead of being lost silently.
pub fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// Reads [`json`].
///
/// # Errors
/// When the text does not fit the type.
pub fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged { what, value: error.to_string() })
}
