//! `runs approve`, `runs reject`, `runs cancel`: the answers to what waits.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::TimeDelta;
use rosterd_contract::Verdict;

use super::collect_and_run::arrival;
use super::{ActionError, Reply, Selection, find};
use crate::pipeline::run::{Approval, Request, run};
use crate::pipeline::text::short;
use crate::pipeline::{App, District};
use crate::reconcile::input::Approvals;
use crate::reconcile::plan::{Action, HeldItem, What};
use crate::roster::{FeedId, Kept, PersonId, RunId};
use crate::store::deliveries::{self, DeliveryState};
use crate::store::holds::{self, Sets, StoredHold};
use crate::store::runs::StoredRun;
use crate::store::{Connection, claims, commit, people, runs};

/// Longest time an approved set stays valid (section 11).
const VALID_AT_MOST: TimeDelta = TimeDelta::days(21);

/// The run an answer is about: the one named, or its successor when it was superseded.
async fn held_run(connection: &mut Connection, word: &str) -> Result<(StoredRun, Vec<StoredHold>), ActionError> {
    let named = find::run(connection, word).await?;
    let open: Vec<StoredHold> = holds::open_in(connection, &named.district).await?;
    let mine: Vec<StoredHold> = open.iter().filter(|hold| hold.run == named.id).cloned().collect();
    if !mine.is_empty() {
        return Ok((named, mine));
    }
    if named.state == "superseded" {
        // The same questions, on the run that replaced it.
        let asked: HashSet<(Box<str>, String, String)> = holds::of_run(connection, named.id)
            .await?
            .into_iter()
            .map(|(hold, _)| (hold.hold.rule, hold.hold.scope, hold.hold.cause))
            .collect();
        let same: Vec<StoredHold> = open
            .into_iter()
            .filter(|hold| asked.contains(&(hold.hold.rule.clone(), hold.hold.scope.clone(), hold.hold.cause.clone())))
            .collect();
        if let Some(first) = same.first()
            && let Some(successor) = runs::get(connection, first.run).await?
        {
            return Ok((successor, same));
        }
    }
    Err(ActionError::NothingWaits { run: named.id.to_string(), state: named.state })
}

/// Approves a held run, or a part of it, and carries it out.
///
/// # Errors
/// When nothing waits or fits, or the number of removals must be typed.
pub async fn approve(
    app: &App,
    districts: &[District],
    word: &str,
    selection: &Selection,
) -> Result<Reply, ActionError> {
    let mut connection = find::reader(app).await?;
    let (held, questions) = held_run(&mut connection, word).await?;
    let district = find::district_of(districts, &held)?;
    let except = people_named(&mut connection, district, &selection.except).await?;
    let (sets, feeds) = sets(&questions, selection, &except);
    if sets.operations.is_empty() && sets.deliveries.is_empty() && sets.dark.is_empty() {
        return Err(ActionError::NothingSelected(held.id.to_string()));
    }
    let mut arrivals = Vec::new();
    for feed in feeds {
        if let Some(delivery) = newest(&mut connection, feed, &sets).await? {
            arrivals.push(arrival(app, district, delivery, true));
        }
    }
    drop(connection);
    let approvals = Approvals {
        operations: sets.operations.iter().copied().collect(),
        deliveries: sets.deliveries.iter().cloned().collect(),
        dark: sets.dark.iter().cloned().collect(),
        run: Some(held.id),
    };
    let approval = Approval { run: held.id, archive: selection.archive };
    let remember = Some((sets, app.clock.now() + VALID_AT_MOST));
    let request = Request { kind: "approve", arrivals, approvals, approval: Some(approval), dry: false, remember };
    let done = run(app, district, request).await?;
    let mut reply = Reply::default();
    reply.add(&done);
    Ok(reply)
}

async fn people_named(
    connection: &mut Connection,
    district: &District,
    words: &[String],
) -> Result<HashSet<PersonId>, ActionError> {
    let mut people = HashSet::new();
    for word in words {
        people.insert(find::person(connection, district, word).await?.1.id);
    }
    Ok(people)
}

/// What a selection covers of the questions, and the feeds concerned.
fn sets(questions: &[StoredHold], selection: &Selection, except: &HashSet<PersonId>) -> (Sets, BTreeSet<FeedId>) {
    let mut sets = Sets::default();
    let mut feeds = BTreeSet::new();
    let in_parts = selection.adds || selection.removals || selection.org.is_some() || !except.is_empty();
    for question in questions {
        let hold = &question.hold;
        feeds.extend(hold.feeds.iter().copied());
        let named =
            selection.only.is_empty() || selection.only.iter().any(|rule| rule.eq_ignore_ascii_case(&hold.rule));
        if !named {
            continue;
        }
        let wanted = |item: &HeldItem| {
            let adds = matches!(item.action, Action::Create | Action::Restore);
            let kind = (!selection.adds && !selection.removals)
                || (selection.adds && adds)
                || (selection.removals && item.action == Action::Archive);
            let org = selection.org.as_ref().is_none_or(|org| item.orgs.iter().any(|other| **other == **org));
            kind && org && !except.contains(&item.person)
        };
        match hold.what {
            What::Dark if !in_parts || selection.removals => {
                sets.dark.extend(hold.feeds.iter().map(|feed| (*feed, hold.cause.clone())));
            }
            What::Dark => {}
            What::Delivery => {
                sets.deliveries.extend(hold.deliveries.iter().map(|id| (*id, hold.rule.to_string())));
            }
            What::All => {
                if !in_parts {
                    sets.deliveries.extend(hold.deliveries.iter().map(|id| (*id, hold.rule.to_string())));
                }
                sets.operations.extend(hold.items.iter().filter(|item| wanted(item)).map(|item| item.key));
            }
            What::Removals | What::Adds | What::Updates => {
                sets.operations.extend(hold.items.iter().filter(|item| wanted(item)).map(|item| item.key));
            }
        }
    }
    sets.feeds = feeds.iter().copied().collect();
    (sets, feeds)
}

/// The newest delivery of a feed that is in the view or waits.
async fn newest(
    connection: &mut Connection,
    feed: FeedId,
    sets: &Sets,
) -> Result<Option<deliveries::StoredDelivery>, ActionError> {
    let recent = deliveries::of_feed(connection, feed, 100).await?;
    let approved = |id| sets.deliveries.iter().any(|(other, _)| *other == id);
    Ok(recent
        .iter()
        .find(|delivery| delivery.state == DeliveryState::Held && approved(delivery.id))
        .or_else(|| {
            recent.iter().find(|delivery| {
                matches!(delivery.state, DeliveryState::Held | DeliveryState::Applied)
                    && delivery.verdict != Some(Verdict::Patch)
            })
        })
        .cloned())
}

/// Rejects a held run: what waits is dropped and remembered, what was applied stays.
///
/// # Errors
/// When nothing waits.
pub async fn reject(app: &App, districts: &[District], word: &str) -> Result<Reply, ActionError> {
    let mut connection = find::reader(app).await?;
    let (held, questions) = held_run(&mut connection, word).await?;
    drop(connection);
    let district = find::district_of(districts, &held)?;
    let now = app.clock.now();
    let mut sets = Sets::default();
    let mut tx = app.store.begin().await?;
    let mut count = 0;
    for question in &questions {
        let hold = &question.hold;
        match hold.what {
            What::Dark => sets.dark.extend(hold.feeds.iter().map(|feed| (*feed, hold.cause.clone()))),
            What::Removals | What::Adds | What::Updates => {
                sets.operations.extend(hold.items.iter().map(|item| item.key));
                keep_people(&mut tx, hold.items.iter(), &hold.feeds, held.id, now).await?;
            }
            What::All | What::Delivery => {}
        }
        for delivery in &hold.deliveries {
            deliveries::set_state(&mut tx, *delivery, DeliveryState::Refused, Verdict::Refused).await?;
        }
        count += hold.count;
        holds::close(&mut tx, question.id, "rejected").await?;
    }
    holds::decide(&mut tx, &district.id, held.id, "reject", &sets, now, None).await?;
    runs::set_state(&mut tx, held.id, "cancelled", "rejected by an operator").await?;
    commit(tx, "reject a run").await?;
    let text = format!(
        "Run {} is rejected: {count} changes were dropped and will not be asked again.\n",
        short(&held.id.to_string())
    );
    let json = serde_json::json!({ "run": held.id, "state": "cancelled", "dropped": count });
    Ok(Reply::about(text, json))
}

/// The absences of these people are kept by decision until they are seen again.
async fn keep_people(
    tx: &mut Connection,
    items: impl Iterator<Item = &HeldItem>,
    feeds: &[FeedId],
    run: RunId,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), ActionError> {
    for item in items.filter(|item| item.action == Action::Archive) {
        let Some(row) = people::row_of(tx, item.person).await? else { continue };
        for (_, _, claim) in claims::of_person(tx, row, item.person).await? {
            if let Some(mut gone) = claim.gone.filter(|_| feeds.contains(&claim.feed)) {
                gone.kept = Some(Kept { run, at: now });
                claims::set_gone(tx, claim.id, &gone).await?;
            }
        }
    }
    Ok(())
}

/// Ends a run that waits without answering its questions: the next delivery asks again.
///
/// # Errors
/// When the run is not one that can be cancelled.
pub async fn cancel(app: &App, districts: &[District], word: &str) -> Result<Reply, ActionError> {
    let mut connection = find::reader(app).await?;
    let named = find::run(&mut connection, word).await?;
    drop(connection);
    find::district_of(districts, &named)?;
    if !matches!(named.state.as_str(), "held" | "queued" | "in_progress") {
        return Err(ActionError::NothingWaits { run: named.id.to_string(), state: named.state });
    }
    let mut tx = app.store.begin().await?;
    let questions: HashMap<i64, StoredHold> = holds::open_in(&mut tx, &named.district)
        .await?
        .into_iter()
        .filter(|hold| hold.run == named.id)
        .map(|hold| (hold.id, hold))
        .collect();
    for (id, question) in &questions {
        for delivery in &question.hold.deliveries {
            deliveries::set_state(&mut tx, *delivery, DeliveryState::Refused, Verdict::Refused).await?;
        }
        holds::close(&mut tx, *id, "superseded").await?;
    }
    runs::set_state(&mut tx, named.id, "cancelled", "cancelled by an operator").await?;
    commit(tx, "cancel a run").await?;
    let text = format!("Run {} is cancelled; the next delivery asks again.\n", short(&named.id.to_string()));
    Ok(Reply::about(text, serde_json::json!({ "run": named.id, "state": "cancelled" })))
}
