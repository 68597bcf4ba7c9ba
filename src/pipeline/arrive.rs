//! Which feed a delivery belongs to (D14, D15), and which of several versions counts (D06, D07, D10).

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use rosterd_contract::Mode;

use super::read::{self, Read, ReadError, Reading};
use super::{App, District, Source};
use crate::reconcile::classify::DateKind;
use crate::reconcile::feed_names::{logical_name, matches_pattern};
use crate::roster::DeliveryId;
use crate::store::deliveries::{self, DeliveryState, StoredDelivery};
use crate::store::fingerprints::List;
use crate::store::{Connection, StoreError};

/// A delivery on its way into a run.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub delivery: StoredDelivery,
    /// Where its bytes stand.
    pub path: PathBuf,
    /// Read again for an approval.
    pub again: bool,
}

/// What became of an arrival before it was read as a whole.
pub enum Sorted {
    /// Goes on, under this feed name.
    Feed { feed: String, mode: Option<Mode>, patch: Option<Patch> },
    /// D15: matches no feed; the candidates are named.
    Unassigned(String),
}

/// A delivery of corrected rows.
#[derive(Debug, Clone)]
pub struct Patch {
    /// Lines whose `_fix_of` names a row we know, with what they name.
    pub known: HashSet<u64>,
}

/// Finds the feed of an arrival.
///
/// # Errors
/// The store's; a file that cannot be read goes on and fails where it is read.
pub async fn sort(
    app: &App,
    connection: &mut Connection,
    district: &District,
    source: &Source,
    arrival: &Arrival,
) -> Result<Sorted, StoreError> {
    if let Some((feed, patch)) = patch_of(app, connection, district, source, arrival).await? {
        return Ok(Sorted::Feed { feed, mode: Some(Mode::Patch), patch: Some(patch) });
    }
    let name = &arrival.delivery.name;
    if source.feeds.is_empty() {
        return Ok(Sorted::Feed { feed: logical_name(name), mode: None, patch: None });
    }
    let matching: Vec<&str> = source
        .feeds
        .iter()
        .filter(|feed| feed.patterns.iter().any(|pattern| matches_pattern(pattern, name)))
        .map(|feed| feed.id.as_str())
        .collect();
    Ok(match matching[..] {
        [only] => Sorted::Feed { feed: only.to_owned(), mode: None, patch: None },
        [] => {
            let candidates: Vec<String> =
                source.feeds.iter().map(|feed| format!("{} ({})", feed.id, feed.patterns.join(", "))).collect();
            Sorted::Unassigned(format!("the name fits no feed of {}; there are: {}", source.id, candidates.join("; ")))
        }
        _ => Sorted::Unassigned(format!("the name fits several feeds of {}: {}", source.id, matching.join(", "))),
    })
}

/// D14: at least one row says which row of ours it corrects.
async fn patch_of(
    _app: &App,
    connection: &mut Connection,
    district: &District,
    source: &Source,
    arrival: &Arrival,
) -> Result<Option<(String, Patch)>, StoreError> {
    let Ok(read) = read_plain(district, source, arrival) else { return Ok(None) };
    if !read.has_fix_column || read.fixes.is_empty() {
        return Ok(None);
    }
    let mut known = HashSet::new();
    let mut parents: BTreeMap<DeliveryId, u64> = BTreeMap::new();
    for (line, fix) in &read.fixes {
        let Some((delivery, at)) = fix.split_once(':') else { continue };
        let (Ok(delivery), Ok(at)) = (delivery.trim().parse::<DeliveryId>(), at.trim().parse::<u64>()) else {
            continue;
        };
        if deliveries::knows_line(connection, delivery, at).await? {
            known.insert(*line);
            *parents.entry(delivery).or_default() += 1;
        }
    }
    let parent = parents.into_iter().max_by_key(|(_, count)| *count).map(|(id, _)| id);
    let feed = match parent {
        Some(parent) => deliveries::get(connection, parent).await?.and_then(|delivery| delivery.feed),
        None => None,
    };
    let name = match feed {
        Some(feed) => crate::store::feeds::of_district(connection, &district.id)
            .await?
            .into_iter()
            .find(|stored| stored.id == feed && stored.source == source.id)
            .map(|stored| stored.name),
        None => None,
    };
    Ok(Some((name.unwrap_or_else(|| logical_name(&arrival.delivery.name)), Patch { known })))
}

/// Reads only as far as the header tells whether a whole reading is worth it.
fn read_plain(district: &District, source: &Source, arrival: &Arrival) -> Result<Read, ReadError> {
    let policy = source.admission(district);
    let reading = Reading {
        path: &arrival.path,
        name: &arrival.delivery.name,
        format: source.format,
        policy: &policy,
        version: 0,
        org: None,
        view: &List::default(),
        reference: None,
        unsettled: &HashSet::new(),
    };
    if !read::has_fix_column(&reading)? {
        return Err(ReadError::NoFix);
    }
    read::read(&reading)
}

/// D05's order: stated date within one kind, then arrival.
pub fn newest_first(arrivals: &mut [Arrival]) {
    arrivals.sort_by_key(|arrival| std::cmp::Reverse(order(&arrival.delivery)));
}

fn order(delivery: &StoredDelivery) -> (DateTime<Utc>, DateTime<Utc>, DeliveryId) {
    let stated = match DateKind::from_word(&delivery.stated_kind) {
        Some(DateKind::Name) => delivery.stated_at,
        _ => delivery.received_at,
    };
    (stated, delivery.received_at, delivery.id)
}

/// D06: do two versions share less than half of the smaller one's keys? Then it may be two feeds.
///
/// # Errors
/// When one of them cannot be read; the caller goes on with the newest.
pub fn may_be_two_feeds(district: &District, source: &Source, a: &Arrival, b: &Arrival) -> Result<bool, ReadError> {
    let keys = |arrival: &Arrival| -> Result<HashSet<u64>, ReadError> {
        let policy = source.admission(district);
        let reading = Reading {
            path: &arrival.path,
            name: &arrival.delivery.name,
            format: source.format,
            policy: &policy,
            version: 0,
            org: None,
            view: &List::default(),
            reference: None,
            unsettled: &HashSet::new(),
        };
        Ok(read::read(&reading)?.seen.fresh().map(|seen| seen.key).collect())
    };
    let (a, b) = (keys(a)?, keys(b)?);
    let smaller = a.len().min(b.len());
    Ok(smaller > 0 && a.intersection(&b).count() * 2 < smaller)
}

/// Whole holds of the past that a newer delivery of the feed replaces (D10).
///
/// # Errors
/// The store's.
pub async fn held_before(
    connection: &mut Connection,
    feed: crate::roster::FeedId,
    now: DeliveryId,
) -> Result<Vec<DeliveryId>, StoreError> {
    let recent = deliveries::of_feed(connection, feed, 50).await?;
    Ok(recent
        .into_iter()
        .filter(|delivery| delivery.state == DeliveryState::Held && delivery.id != now)
        .map(|delivery| delivery.id)
        .collect())
}
