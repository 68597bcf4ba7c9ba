//! A feed's view after a run: verdict, fingerprints in file order, counts, and the reference where
//! the delivery was accepted.

use std::collections::{BTreeMap, HashMap, HashSet};

use rosterd_contract::Mode;

use super::apply::Applied;
use super::prepare::Prepared;
use super::run::{Context, RunError};
use super::sights::What;
use crate::reconcile::outcome::{Outcome, RowResult};
use crate::reconcile::plan::Plan;
use crate::roster::FeedId;
use crate::store::Connection;
use crate::store::deliveries::{self, DeliveryState, Judged};
use crate::store::feeds::{self, Reference, ViewChange};
use crate::store::fingerprints::{self, ACCEPTED, Entry, Kind, List, REJECTED, SETTLED};

pub(super) async fn write_feed(
    tx: &mut Connection,
    context: &Context<'_>,
    prepared: &Prepared,
    feed: FeedId,
    plan: &Plan,
    applied: &Applied,
) -> Result<(), RunError> {
    let delivery = &prepared.arrival.delivery;
    let rank = context.inputs.iter().position(|input| input.meta.id == prepared.feed.id);
    let outcome = rank.and_then(|rank| plan.feeds.get(&rank));
    let is_applied = outcome.is_some_and(|outcome| outcome.applied);
    let accepted = outcome.is_some_and(|outcome| outcome.accepted);
    let state = if is_applied { DeliveryState::Applied } else { DeliveryState::Held };
    let message = outcome.and_then(|outcome| outcome.held_by.as_deref()).unwrap_or_default();
    deliveries::judge(
        tx,
        &Judged {
            id: delivery.id,
            feed: Some(feed),
            state,
            verdict: prepared.judgement.verdict,
            mode: prepared.mode.as_str(),
            format: Some(prepared.read.format.id),
            message,
            rows_read: prepared.read.tally.read,
            accepted,
            policy: delivery.policy,
            run: Some(context.id),
        },
    )
    .await?;
    if !is_applied {
        return Ok(());
    }
    let rows = outcome.map(|outcome| outcome.rows.as_slice()).unwrap_or_default();
    if prepared.mode == Mode::Patch {
        return write_patch(tx, prepared, feed, outcome, entries(prepared, feed, rows, applied).collect()).await;
    }
    if accepted {
        fingerprints::drop_list(tx, feed, Kind::Reference).await?;
    } else if prepared.reference.is_none() && prepared.feed.reference_delivery.is_some() {
        fingerprints::save(tx, feed, Kind::Reference, &List::default(), prepared.view.iter()).await?;
    }
    if prepared.mode == Mode::Merge {
        let merged = merged(&prepared.view, entries(prepared, feed, rows, applied).collect());
        fingerprints::save(tx, feed, Kind::View, &prepared.view, merged.into_iter()).await?;
    } else {
        fingerprints::save(tx, feed, Kind::View, &prepared.view, entries(prepared, feed, rows, applied)).await?;
    }
    let reference = Reference {
        rows: prepared.read.tally.read,
        inactive: prepared.read.tally.inactive,
        domains: domains(prepared),
        final_newline: prepared.read.ending.final_newline,
        stated_at: Some(delivery.stated_at),
        stated_kind: delivery.stated_kind.clone(),
    };
    let default = crate::reconcile::input::Counts::default();
    feeds::set_view(
        tx,
        &ViewChange {
            feed,
            delivery: delivery.id,
            format: prepared.read.format.id,
            stated_at: delivery.stated_at,
            at: context.started,
            counts: outcome.map_or(&default, |outcome| &outcome.counts),
            reference: accepted.then_some(&reference),
        },
    )
    .await?;
    Ok(())
}

/// Domains of the reference: those of rows that were looked at, and for rows known to the letter the
/// reference's own, in proportion.
pub(super) fn domains(prepared: &Prepared) -> BTreeMap<String, u64> {
    let mut domains = prepared.read.domains.clone();
    let before = prepared.feed.reference.as_ref().map(|reference| reference.domains.clone()).unwrap_or_default();
    let total: u64 = before.values().sum();
    for (domain, n) in before {
        *domains.entry(domain).or_default() += (n * prepared.read.tally.known).checked_div(total).unwrap_or_default();
    }
    domains
}

/// The new view's entries, in file order.
pub(super) fn entries<'a>(
    prepared: &'a Prepared,
    feed: FeedId,
    rows: &[RowResult],
    applied: &'a Applied,
) -> impl Iterator<Item = Entry> + 'a {
    let refused: HashSet<u64> =
        rows.iter().filter(|row| matches!(row.outcome, Outcome::Rejected(_))).map(|row| row.line).collect();
    // Rows that are the same to the letter are one person's once: the others stay duplicates on every night.
    let mut settled_before: HashSet<[u8; 16]> = HashSet::new();
    prepared.read.seen.iter().filter_map(move |sight| {
        let fresh = match sight.what {
            What::Known(place) => return prepared.view.get(place),
            What::Fresh(fresh) => fresh,
        };
        let (key, fingerprint) = (fresh.key, fresh.fingerprint);
        if refused.contains(&sight.line) {
            return Some(Entry { key, fingerprint, claim: 0, flags: REJECTED });
        }
        let (claim, settled) = applied.claims.get(&(feed, fingerprint)).copied().unwrap_or_default();
        let settled = settled && settled_before.insert(fingerprint);
        let flags = if settled { ACCEPTED | SETTLED } else { ACCEPTED };
        Some(Entry { key, fingerprint, claim, flags })
    })
}

/// A merge adds to the view: rows of the same key are replaced.
pub(super) fn merged(view: &List, new: Vec<Entry>) -> Vec<Entry> {
    let keys: HashMap<u64, Entry> = new.iter().map(|entry| (entry.key, *entry)).collect();
    let known: HashSet<u64> = view.iter().map(|entry| entry.key).collect();
    let mut replaced: HashSet<u64> = HashSet::new();
    let kept = view.iter().map(|entry| match keys.get(&entry.key) {
        None => entry,
        Some(new) if replaced.insert(entry.key) => *new,
        // A second old row of this key: what replaced the first is settled once.
        Some(new) => Entry { flags: new.flags & !SETTLED, ..*new },
    });
    kept.chain(new.iter().filter(|entry| !known.contains(&entry.key)).copied()).collect()
}

/// A patch belongs to its parent's view and is never the reference.
pub(super) async fn write_patch(
    tx: &mut Connection,
    prepared: &Prepared,
    feed: FeedId,
    outcome: Option<&crate::reconcile::plan::FeedOutcome>,
    entries: Vec<Entry>,
) -> Result<(), RunError> {
    let view = fingerprints::load(tx, feed, Kind::View).await?;
    // The reference is the parent delivery as it came: kept apart before the view changes.
    let shared =
        prepared.feed.view_delivery.is_some() && prepared.feed.reference_delivery == prepared.feed.view_delivery;
    if shared && fingerprints::load(tx, feed, Kind::Reference).await?.is_empty() {
        fingerprints::save(tx, feed, Kind::Reference, &List::default(), view.iter()).await?;
    }
    fingerprints::save(tx, feed, Kind::View, &view, merged(&view, entries).into_iter()).await?;
    if let Some(outcome) = outcome {
        feeds::set_counts(tx, feed, &outcome.counts).await?;
    }
    Ok(())
}
