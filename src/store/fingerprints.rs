//! A feed's rows as fingerprints, in file order, in parts of about one megabyte.

use super::{Connection, Doing, StoreError};
use crate::roster::FeedId;

/// What is kept of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Hash of the row's key (number, else e-mail); 0 when it has none.
    pub key: u64,
    pub fingerprint: [u8; 16],
    /// Claim the row makes up; 0: the row was not accepted.
    pub claim: i64,
    pub flags: u8,
}

/// The row went in.
pub const ACCEPTED: u8 = 1;
/// The row was rejected.
pub const REJECTED: u8 = 2;
/// The row went in and need not be looked at again while it is the same to the letter.
pub const SETTLED: u8 = 4;

const WIDTH: usize = 8 + 16 + 8 + 1;
const PART: usize = (1 << 20) / WIDTH;

/// Which list of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    View,
    Reference,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Reference => "reference",
        }
    }
}

/// Reads a list.
///
/// # Errors
/// The database's.
pub async fn load(connection: &mut Connection, feed: FeedId, kind: Kind) -> Result<Vec<Entry>, StoreError> {
    let parts: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT entries FROM fingerprints WHERE feed_id = $1 AND kind = $2 ORDER BY part")
            .bind(feed.0)
            .bind(kind.as_str())
            .fetch_all(connection)
            .await
            .doing("read fingerprints")?;
    let mut entries = Vec::with_capacity(parts.iter().map(|part| part.len() / WIDTH).sum());
    for part in &parts {
        entries.extend(part.chunks_exact(WIDTH).map(decode));
    }
    Ok(entries)
}

fn decode(bytes: &[u8]) -> Entry {
    let array = |from: usize| bytes.get(from..from + 8).and_then(|b| b.try_into().ok()).unwrap_or([0; 8]);
    Entry {
        key: u64::from_le_bytes(array(0)),
        fingerprint: bytes.get(8..24).and_then(|b| b.try_into().ok()).unwrap_or([0; 16]),
        claim: i64::from_le_bytes(array(24)),
        flags: bytes.get(32).copied().unwrap_or_default(),
    }
}

/// Replaces a list.
///
/// # Errors
/// The database's.
pub async fn save(connection: &mut Connection, feed: FeedId, kind: Kind, entries: &[Entry]) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM fingerprints WHERE feed_id = $1 AND kind = $2")
        .bind(feed.0)
        .bind(kind.as_str())
        .execute(&mut *connection)
        .await
        .doing("drop fingerprints")?;
    for (part, chunk) in entries.chunks(PART).enumerate() {
        let mut bytes = Vec::with_capacity(chunk.len() * WIDTH);
        for entry in chunk {
            bytes.extend_from_slice(&entry.key.to_le_bytes());
            bytes.extend_from_slice(&entry.fingerprint);
            bytes.extend_from_slice(&entry.claim.to_le_bytes());
            bytes.push(entry.flags);
        }
        sqlx::query("INSERT INTO fingerprints (feed_id, kind, part, entries) VALUES ($1, $2, $3, $4)")
            .bind(feed.0)
            .bind(kind.as_str())
            .bind(i64::try_from(part).unwrap_or_default())
            .bind(bytes)
            .execute(&mut *connection)
            .await
            .doing("write fingerprints")?;
    }
    Ok(())
}

/// Drops a list.
///
/// # Errors
/// The database's.
pub async fn drop_list(connection: &mut Connection, feed: FeedId, kind: Kind) -> Result<(), StoreError> {
    save(connection, feed, kind, &[]).await
}
