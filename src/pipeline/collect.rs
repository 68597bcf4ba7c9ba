//! What lies in a source's folder, sealed into the spool: looked at, quiet, copied, verified,
//! recorded. Nothing is acknowledged before it is durable.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use chrono::{DateTime, Utc};
use rosterd_folder::{FolderError, FolderRules, Seen, Settle, Stamp, TakeError, Taken};

use super::{App, District, Source};
use crate::reconcile::classify::{DateKind, is_ahead};
use crate::reconcile::feed_names::stated_date;
use crate::roster::DeliveryId;
use crate::spool::SpoolError;
use crate::store::deliveries::{self, DeliveryState, StoredDelivery};
use crate::store::{Doing, StoreError, commit};

/// Size limit of one file, in bytes (2 GiB).
pub const FILE_LIMIT: u64 = 2 << 30;

/// Why a source could not be collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Take(#[from] TakeError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What one look at a source brought.
#[derive(Debug, Default)]
pub struct Collected {
    /// Deliveries sealed now.
    pub sealed: Vec<DeliveryId>,
    /// Names that wait (temporary, still changing, marker missing), with the reason.
    pub waiting: Vec<(String, String)>,
    /// Names that are no input, with the reason.
    pub ignored: Vec<(String, String)>,
    /// Files that were refused at the door, with the reason.
    pub refused: Vec<(String, String)>,
    /// How long until something that waits may be ready.
    pub look_again: Option<std::time::Duration>,
}

/// The rules of a source's folder.
pub fn rules(source: &Source, folder: &Path) -> FolderRules {
    let mut rules = FolderRules::new(folder);
    if let Some(results) = &source.results {
        rules.results.clone_from(results);
    }
    rules.done_marker.clone_from(&source.done_marker);
    rules
}

/// Looks at a source's folder once and seals what is ready. `settle` remembers between looks.
///
/// # Errors
/// When the folder cannot be read, or the spool or store refuse.
pub async fn look(
    app: &App,
    district: &District,
    source: &Source,
    settle: &mut Settle,
) -> Result<Collected, CollectError> {
    let mut collected = Collected::default();
    let Some(folder) = &source.folder else { return Ok(collected) };
    let mut listing = rosterd_folder::list(&rules(source, folder))?;
    for (name, why) in std::mem::take(&mut listing.ignored) {
        let list = if why.waits() { &mut collected.waiting } else { &mut collected.ignored };
        list.push((name, why.to_string()));
    }
    listing.files = untouched_left_out(app, district, source, listing.files).await?;
    let settled = settle.look(&listing, Instant::now());
    for (seen, left) in settled.waiting {
        collected.look_again = Some(collected.look_again.map_or(left, |other| other.min(left)));
        collected
            .waiting
            .push((seen.name, format!("still changing, or not yet quiet for {}s", source.quiet_for.as_secs())));
    }
    for seen in settled.ready {
        match seal(app, district, source, &seen).await {
            Ok(id) => collected.sealed.push(id),
            Err(CollectError::Take(error)) if error.may_pass() => {
                collected.waiting.push((seen.name, error.to_string()));
            }
            Err(CollectError::Take(error @ (TakeError::TooLarge | TakeError::NotAFile))) => {
                collected.refused.push((seen.name, error.to_string()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(collected)
}

/// A file that lies there untouched since it was taken is not a delivery.
async fn untouched_left_out(
    app: &App,
    district: &District,
    source: &Source,
    files: Vec<Seen>,
) -> Result<Vec<Seen>, CollectError> {
    let mut connection = app.store.reader().acquire().await.doing("look at what was taken")?;
    let mut left = Vec::new();
    for seen in files {
        let taken = deliveries::taken(&mut connection, &district.id, &source.id, &seen.name).await?;
        if taken.as_deref() != Some(stamp_text(&seen.stamp).as_str()) {
            left.push(seen);
        }
    }
    Ok(left)
}

fn stamp_text(stamp: &Stamp) -> String {
    serde_json::to_string(stamp).unwrap_or_default()
}

/// Copies one file into the spool and records it.
async fn seal(app: &App, district: &District, source: &Source, seen: &Seen) -> Result<DeliveryId, CollectError> {
    let id = app.ids.next();
    let incoming = app.spool.incoming(id);
    let file = seen.clone();
    let into = incoming.clone();
    let taken = tokio::task::spawn_blocking(move || rosterd_folder::take(&file, &into, FILE_LIMIT))
        .await
        .map_err(|error| TakeError::Io(seen.path.clone(), std::io::Error::other(error)))??;
    app.spool.seal(&incoming, &district.id, &taken.sha256)?;
    let now = app.clock.now();
    let (stated_at, kind) = stated(district, &seen.name, modified(&taken.stamp), now);
    let delivery = new_delivery(DeliveryId(id), source, &seen.name, &taken, now, stated_at, kind);
    let mut tx = app.store.begin().await?;
    deliveries::insert(&mut tx, &district.id, &delivery).await?;
    let stamp = stamp_text(&taken.stamp);
    deliveries::set_taken(&mut tx, &district.id, &source.id, &seen.name, &stamp, delivery.id).await?;
    commit(tx, "record a delivery").await?;
    Ok(delivery.id)
}

fn modified(stamp: &Stamp) -> Option<DateTime<Utc>> {
    Some(DateTime::from_timestamp_nanos(stamp.mtime_ns))
}

/// The delivery's stated date: from its name, else the file's time, else its arrival (D05).
pub fn stated(
    district: &District,
    name: &str,
    modified: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> (DateTime<Utc>, DateKind) {
    let usable = |at: &DateTime<Utc>| !is_ahead(*at, now);
    if let Some(at) = stated_date(name, district.zone).filter(usable) {
        return (at, DateKind::Name);
    }
    match modified.filter(usable) {
        Some(at) => (at, DateKind::ModifiedBySender),
        None => (now, DateKind::Arrival),
    }
}

fn new_delivery(
    id: DeliveryId,
    source: &Source,
    name: &str,
    taken: &Taken,
    now: DateTime<Utc>,
    stated_at: DateTime<Utc>,
    kind: DateKind,
) -> StoredDelivery {
    StoredDelivery {
        id,
        source: source.id.clone(),
        feed: None,
        name: name.to_owned(),
        sha256: taken.sha256.to_vec(),
        bytes: taken.bytes,
        received_at: now,
        stated_at,
        stated_kind: kind.as_str().to_owned(),
        accept_baseline: false,
        mode: None,
        format: None,
        state: DeliveryState::Sealed,
        verdict: None,
        message: String::new(),
        rows_read: 0,
        accepted: false,
        policy: 0,
        results: source.results.as_ref().map(|path| path.display().to_string()),
    }
}

/// A file handed over by an operator (`import`): sealed like any other, never late by its time.
///
/// # Errors
/// When the file cannot be copied, or the spool or store refuse.
pub async fn hand_over(
    app: &App,
    district: &District,
    source: &Source,
    file: &Path,
    mode: Option<&str>,
    accept_baseline: bool,
) -> Result<DeliveryId, CollectError> {
    let seen = seen_file(file)?;
    let id = app.ids.next();
    let incoming = app.spool.incoming(id);
    let taken = rosterd_folder::take(&seen, &incoming, FILE_LIMIT)?;
    app.spool.seal(&incoming, &district.id, &taken.sha256)?;
    let now = app.clock.now();
    let (stated_at, kind) = stated(district, &seen.name, None, now);
    let mut delivery = new_delivery(DeliveryId(id), source, &seen.name, &taken, now, stated_at, kind);
    delivery.mode = mode.map(str::to_owned);
    delivery.accept_baseline = accept_baseline;
    let mut tx = app.store.begin().await?;
    deliveries::insert(&mut tx, &district.id, &delivery).await?;
    commit(tx, "record a delivery").await?;
    Ok(delivery.id)
}

/// A file named on the command line, as it is now. A link is followed: the operator named it.
///
/// # Errors
/// When it cannot be looked at.
pub fn seen_file(file: &Path) -> Result<Seen, TakeError> {
    let path = file.canonicalize().map_err(|source| TakeError::Io(file.to_owned(), source))?;
    let about = path.metadata().map_err(|source| TakeError::Io(path.clone(), source))?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Seen { name, stamp: Stamp::from(&about), path })
}

/// Settle memories of a district's sources.
#[derive(Debug, Default)]
pub struct Settles(BTreeMap<String, Settle>);

impl Settles {
    /// The memory of one source; `quiet_for` counts when it is new.
    pub fn of(&mut self, source: &Source, quiet_for: std::time::Duration) -> &mut Settle {
        self.0.entry(source.id.clone()).or_insert_with(|| Settle::new(quiet_for))
    }
}
