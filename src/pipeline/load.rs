//! The part of the roster a run can touch, and its feeds, as the reconciliation takes them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::TimeDelta;
use rosterd_contract::{Mode, RoleClass};

use super::District;
use super::prepare::{Prepared, Stage};
use super::read::Reading;
use super::run::RunError;
use crate::reconcile::input::{Approvals, Content, Delivery, FeedInput, FeedMeta, Population, Rejections};
use crate::reconcile::names::{loose_number, name_key};
use crate::reconcile::world::World;
use crate::roster::{FeedId, PersonId};
use crate::store::feeds::StoredFeed;
use crate::store::fingerprints::List;
use crate::store::slice::{self, Leads, Loaded};
use crate::store::{Connection, claims, deliveries, history, holds, people, runs};

/// An answer that still counts.
pub(super) struct Decision {
    pub(super) id: i64,
    pub(super) sets: holds::Sets,
    pub(super) is_approval: bool,
}

/// An approval lasts this long, or for two further deliveries of each feed, whichever is later.
const APPROVAL_LASTS: TimeDelta = TimeDelta::hours(72);

/// Adds the answers that still count to those of the request.
pub(super) async fn load_decisions(
    connection: &mut Connection,
    district: &District,
    now: chrono::DateTime<chrono::Utc>,
    approvals: &mut Approvals,
    rejections: &mut Rejections,
) -> Result<Vec<Decision>, RunError> {
    let mut decisions = Vec::new();
    for (id, at, sets) in holds::decisions(connection, &district.id, "approve", now).await? {
        if now - at > APPROVAL_LASTS && two_deliveries_since(connection, &sets, at).await? {
            continue;
        }
        approvals.operations.extend(sets.operations.iter().copied());
        approvals.deliveries.extend(sets.deliveries.iter().cloned());
        approvals.dark.extend(sets.dark.iter().cloned());
        decisions.push(Decision { id, sets, is_approval: true });
    }
    for (id, _, sets) in holds::decisions(connection, &district.id, "reject", now).await? {
        rejections.operations.extend(sets.operations.iter().copied());
        rejections.dark.extend(sets.dark.iter().cloned());
        decisions.push(Decision { id, sets, is_approval: false });
    }
    Ok(decisions)
}

async fn two_deliveries_since(
    connection: &mut Connection,
    sets: &holds::Sets,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<bool, RunError> {
    for feed in &sets.feeds {
        if deliveries::count_since(connection, *feed, at).await? < 2 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Loads everybody the rows can lead to; rows of people who are reached by another key are looked at
/// too, until nothing more turns up. Namesakes matter only for rows that may be newcomers.
pub(super) async fn load_slice(
    connection: &mut Connection,
    district: &District,
    stored: &[StoredFeed],
    stage: &mut Stage,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Loaded, RunError> {
    let mut loaded = Loaded::default();
    let mut leads = Leads::default();
    for sibling in siblings(stored, stage) {
        leads.claims.extend(claims::gone(connection, sibling).await?);
    }
    for prepared in &stage.prepared {
        if prepared.feed.id.0 > 0 && prepared.mode == Mode::Snapshot {
            leads.claims.extend(claims::gone(connection, prepared.feed.id).await?);
        }
    }
    let metas = metas(district, stored);
    loop {
        for prepared in &stage.prepared {
            add_leads(prepared, &mut leads);
        }
        slice::load(connection, &district.id, &leads, now, &mut loaded).await?;
        let world = World::new(now, loaded.slice.clone(), &metas);
        if pull_reached(district, &world, stage)? {
            leads = Leads::default();
            continue;
        }
        let names = namesakes(&world, stage);
        if !names.name_keys.is_empty() || !names.rare_names.is_empty() {
            slice::load(connection, &district.id, &names, now, &mut loaded).await?;
        }
        return Ok(loaded);
    }
}

/// Names of rows that may be newcomers. Without a number all namesakes matter (near-twins).
fn namesakes(world: &World, stage: &Stage) -> Leads {
    let mut leads = Leads::default();
    for prepared in &stage.prepared {
        for row in &prepared.read.rows {
            let Content::Valid(record) = &row.content else { continue };
            let name = name_key(record.given(), record.family());
            let Some(number) = record.number.as_deref() else {
                leads.name_keys.insert(name);
                continue;
            };
            let known = RoleClass::ALL.into_iter().any(|class| {
                world.linked(&prepared.feed.source, class, number).or(world.number_holder(class, number)).is_some()
            });
            if !known {
                leads.rare_names.insert(name);
            }
        }
    }
    leads
}

/// Feeds of the delivered sources that deliver nothing tonight: an absence of theirs may have waited
/// for tonight's delivery (S6).
fn siblings(stored: &[StoredFeed], stage: &Stage) -> Vec<FeedId> {
    let delivered = |feed: &StoredFeed| stage.prepared.iter().any(|prepared| prepared.feed.id == feed.id);
    let source = |feed: &StoredFeed| stage.prepared.iter().any(|prepared| prepared.feed.source == feed.source);
    stored.iter().filter(|feed| source(feed) && !delivered(feed)).map(|feed| feed.id).collect()
}

pub(super) fn add_leads(prepared: &Prepared, leads: &mut Leads) {
    if prepared.mode == Mode::Snapshot {
        leads.claims.extend(prepared.unmatched());
    }
    for row in &prepared.read.rows {
        let (number, email) = match &row.content {
            Content::Valid(record) => (&record.number, &record.email),
            Content::Rejected { keys, .. } => (&keys.number, &keys.email),
        };
        if let Some(number) = number {
            leads.loose_numbers.insert(loose_number(number));
            leads.numbers.insert(number.clone());
        }
        leads.emails.extend(email.clone());
    }
}

/// Takes known rows back whose people a looked-at row reaches by another key; true if there were any.
pub(super) fn pull_reached(district: &District, world: &World, stage: &mut Stage) -> Result<bool, RunError> {
    let mut any = false;
    for prepared in &mut stage.prepared {
        let mut people: BTreeSet<PersonId> = BTreeSet::new();
        for row in &prepared.read.rows {
            if let Content::Valid(record) = &row.content {
                if let Some(number) = record.number.as_deref() {
                    for class in RoleClass::ALL {
                        people.extend(world.linked(&prepared.feed.source, class, number));
                        people.extend(world.number_holder(class, number));
                    }
                }
                if let Some(email) = record.email.as_deref() {
                    people.extend(world.email_holder(email));
                    people.extend(world.alias_of(email));
                }
            }
        }
        let claims: HashSet<i64> = people
            .iter()
            .flat_map(|id| world.claims_of(*id))
            .filter_map(|at| world.claims.get(*at))
            .filter(|claim| claim.feed == prepared.feed.id)
            .map(|claim| claim.id)
            .collect();
        let lines = prepared.read.seen.lines_of(&prepared.view, &claims);
        if lines.is_empty() {
            continue;
        }
        any = true;
        let Some(source) = district.source(&prepared.feed.source) else { continue };
        let policy = source.admission(district);
        let (nothing, unsettled) = (List::default(), HashSet::new());
        let reading = Reading {
            path: &prepared.arrival.path,
            name: &prepared.arrival.delivery.name,
            format: source.format,
            policy: &policy,
            version: prepared.version,
            org: source.org.as_deref(),
            view: &nothing,
            reference: None,
            unsettled: &unsettled,
        };
        tokio::task::block_in_place(|| {
            prepared.read.pull(&reading, &lines)?;
            loop {
                let lines = prepared.read.seen.entangled();
                if lines.is_empty() {
                    return Ok(());
                }
                prepared.read.pull(&reading, &lines)?;
            }
        })
        .map_err(RunError::Read)?;
    }
    Ok(any)
}

pub(super) fn metas(district: &District, stored: &[StoredFeed]) -> Vec<FeedInput> {
    ranked(district, stored).into_iter().map(|feed| FeedInput { meta: meta(district, feed), delivery: None }).collect()
}

/// Feeds in rank order: sources as configured, feeds of a source as configured, else by id; feeds
/// that are no longer configured come last.
pub(super) fn ranked<'a>(district: &District, stored: &'a [StoredFeed]) -> Vec<&'a StoredFeed> {
    let mut feeds: Vec<&StoredFeed> = stored.iter().collect();
    feeds.sort_by_cached_key(|feed| {
        let source = district.sources.iter().position(|source| source.id == feed.source).unwrap_or(usize::MAX);
        let declared = district.source(&feed.source).map(|source| &source.feeds);
        let place =
            declared.and_then(|feeds| feeds.iter().position(|declared| declared.id == feed.name)).unwrap_or(usize::MAX);
        (source, place, feed.name.clone())
    });
    feeds
}

pub(super) fn meta(district: &District, feed: &StoredFeed) -> FeedMeta {
    let source = district.source(&feed.source);
    let rule = source.and_then(|source| source.feed(&feed.name));
    FeedMeta {
        id: feed.id,
        source: feed.source.as_str().into(),
        name: feed.name.as_str().into(),
        is_sync: false,
        roles: rule.map(|rule| rule.roles.clone()).unwrap_or_default(),
        orgs: rule.map(|rule| rule.orgs.clone()).unwrap_or_default(),
        confirmations: source.map_or(1, |source| source.confirmations),
        confirm_after: source.map_or(TimeDelta::hours(12), |source| source.confirm_after),
        stated_at: feed.view_stated_at,
        delivered_at: feed.view_at,
        counts: feed.counts.clone(),
    }
}

pub(super) fn feed_inputs(district: &District, stored: &[StoredFeed], stage: &mut Stage) -> Vec<FeedInput> {
    let mut all: Vec<StoredFeed> = stored.to_vec();
    for prepared in &stage.prepared {
        if !all.iter().any(|feed| feed.id == prepared.feed.id) {
            all.push(prepared.feed.clone());
        }
    }
    ranked(district, &all)
        .into_iter()
        .map(|feed| {
            // A patch and a snapshot of one feed in one run: the snapshot is the delivery, the patch
            // waits for the next tick (it is kept sealed by the caller).
            let prepared = stage.prepared.iter_mut().find(|prepared| prepared.feed.id == feed.id);
            FeedInput { meta: meta(district, feed), delivery: prepared.map(delivery_input) }
        })
        .collect()
}

pub(super) fn delivery_input(prepared: &mut Prepared) -> Delivery {
    Delivery {
        id: prepared.arrival.delivery.id,
        mode: prepared.mode,
        verdict: prepared.judgement.verdict,
        stated_at: prepared.arrival.delivery.stated_at,
        again: prepared.arrival.again,
        first: !prepared.feed.confirmed && prepared.mode != Mode::Patch,
        email_required: prepared.read.format.email_required(),
        newcomer_role: prepared.read.format.default_role,
        whole: prepared.judgement.whole.clone(),
        rows: std::mem::take(&mut prepared.read.rows),
        tally: prepared.read.tally.clone(),
        unmatched: if prepared.mode == Mode::Snapshot { prepared.unmatched() } else { BTreeSet::new() },
    }
}

pub(super) async fn population(
    connection: &mut Connection,
    district: &District,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Population, RunError> {
    let (active, active_admins) = people::population(connection, &district.id).await?;
    let week = now - TimeDelta::days(7);
    Ok(Population {
        active,
        active_admins,
        active_by_class: BTreeMap::new(),
        largest_week: runs::largest_since(connection, &district.id, week).await?,
        removed_week: history::flowed_since(connection, &district.id, week).await?,
    })
}
