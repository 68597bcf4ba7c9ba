//! A feed's rows as fingerprints, in file order, in parts of about one megabyte. In memory they stay as
//! they are stored: 33 bytes a row.

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

/// Fingerprints as they are stored, found by their place in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// All of them full but the last.
    parts: Vec<Vec<u8>>,
    len: usize,
}

impl List {
    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Is there none?
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn bytes(&self, place: usize) -> Option<&[u8]> {
        let at = place % PART * WIDTH;
        self.parts.get(place / PART)?.get(at..at + WIDTH)
    }

    /// The row at a place, from 0.
    pub fn get(&self, place: usize) -> Option<Entry> {
        self.bytes(place).map(decode)
    }

    /// The fingerprint of the row at a place.
    pub fn fingerprint(&self, place: usize) -> Option<&[u8; 16]> {
        self.bytes(place)?.get(8..)?.first_chunk()
    }

    /// All rows in file order.
    pub fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        self.parts.iter().flat_map(|part| part.chunks_exact(WIDTH)).map(decode)
    }

    /// Adds a row at the end.
    pub fn push(&mut self, entry: &Entry) {
        if self.len.is_multiple_of(PART) {
            self.parts.push(Vec::with_capacity(PART * WIDTH));
        }
        if let Some(part) = self.parts.last_mut() {
            encode(entry, part);
            self.len += 1;
        }
    }
}

impl FromIterator<Entry> for List {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut list = Self::default();
        for entry in entries {
            list.push(&entry);
        }
        list
    }
}

fn encode(entry: &Entry, into: &mut Vec<u8>) {
    into.extend_from_slice(&entry.key.to_le_bytes());
    into.extend_from_slice(&entry.fingerprint);
    into.extend_from_slice(&entry.claim.to_le_bytes());
    into.push(entry.flags);
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

/// Reads a list.
///
/// # Errors
/// The database's.
pub async fn load(connection: &mut Connection, feed: FeedId, kind: Kind) -> Result<List, StoreError> {
    let parts: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT entries FROM fingerprints WHERE feed_id = $1 AND kind = $2 ORDER BY part")
            .bind(feed.0)
            .bind(kind.as_str())
            .fetch_all(connection)
            .await
            .doing("read fingerprints")?;
    let len = parts.iter().map(|part| part.len() / WIDTH).sum();
    Ok(List { parts, len })
}

/// Replaces a list by the rows of `entries`, part by part; a part that is as it was in `before` (what the store
/// holds now) is not written again.
///
/// # Errors
/// The database's.
pub async fn save(
    connection: &mut Connection,
    feed: FeedId,
    kind: Kind,
    before: &List,
    entries: impl Iterator<Item = Entry>,
) -> Result<(), StoreError> {
    let mut entries = entries.peekable();
    let mut part = 0;
    while entries.peek().is_some() {
        let mut bytes = Vec::with_capacity(PART * WIDTH);
        for entry in entries.by_ref().take(PART) {
            encode(&entry, &mut bytes);
        }
        if before.parts.get(part) != Some(&bytes) {
            sqlx::query(
                "INSERT INTO fingerprints (feed_id, kind, part, entries) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (feed_id, kind, part) DO UPDATE SET entries = excluded.entries",
            )
            .bind(feed.0)
            .bind(kind.as_str())
            .bind(i64::try_from(part).unwrap_or_default())
            .bind(bytes)
            .execute(&mut *connection)
            .await
            .doing("write fingerprints")?;
        }
        part += 1;
    }
    sqlx::query("DELETE FROM fingerprints WHERE feed_id = $1 AND kind = $2 AND part >= $3")
        .bind(feed.0)
        .bind(kind.as_str())
        .bind(i64::try_from(part).unwrap_or_default())
        .execute(&mut *connection)
        .await
        .doing("drop fingerprints")?;
    Ok(())
}

/// Drops a list.
///
/// # Errors
/// The database's.
pub async fn drop_list(connection: &mut Connection, feed: FeedId, kind: Kind) -> Result<(), StoreError> {
    save(connection, feed, kind, &List::default(), std::iter::empty()).await
}
