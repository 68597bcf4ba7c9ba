//! Everything a run changes, in one transaction: people, claims, views, verdicts, questions, report.

use std::collections::{BTreeSet, HashMap, HashSet};

use rosterd_contract::{Mode, Role, Verdict};

use super::apply::{Applying, apply};
use super::load::Decision;
use super::prepare::Stage;
use super::report::shown_time;
use super::run::{Context, Done, RunError};
use super::view::write_feed;
use crate::reconcile::input::Approvals;
use crate::reconcile::plan::{EmailFrom, Plan, What};
use crate::roster::{DeliveryId, FeedId, Person, PersonId, RunId, State};
use crate::store::deliveries::{self, DeliveryState, Judged};
use crate::store::feeds;
use crate::store::runs::StoredOutcome;
use crate::store::slice::Loaded;
use crate::store::{Connection, commit, holds, outbox, people, runs};

/// Answers that stand, and the one this run carries out.
pub(super) struct Answers {
    pub(super) decisions: Vec<Decision>,
    pub(super) remember: Option<(holds::Sets, chrono::DateTime<chrono::Utc>)>,
}

/// Everything the run changes, in one transaction.
pub(super) async fn write(
    context: &Context<'_>,
    stage: Stage,
    mut plan: Plan,
    loaded: Loaded,
    answers: Answers,
    approvals: &Approvals,
    done: &mut Done,
) -> Result<(), RunError> {
    let app = context.app;
    let now = context.started;
    let mut tx = app.store.begin().await?;
    let ids = real_feeds(&mut tx, context, &stage, &mut plan).await?;
    let holders: HashMap<PersonId, Person> = holders(&plan, &loaded);
    let approved = |operation: &crate::reconcile::Operation| {
        approvals.run.is_some() || approvals.operations.contains(&operation.key())
    };
    let mut applying = Applying {
        district: &context.district.id,
        run: context.id,
        now,
        rows: loaded.rows,
        deliveries: context
            .inputs
            .iter()
            .enumerate()
            .filter_map(|(rank, input)| Some((rank, input.delivery.as_ref()?.id)))
            .collect(),
        sources: context
            .inputs
            .iter()
            .map(|input| (ids.get(&input.meta.id).copied().unwrap_or(input.meta.id), input.meta.source.to_string()))
            .collect(),
        holders,
        approved: &approved,
    };
    let applied = apply(&mut tx, &plan, &mut applying).await?;
    for prepared in &stage.prepared {
        let feed = ids.get(&prepared.feed.id).copied().unwrap_or(prepared.feed.id);
        write_feed(&mut tx, context, prepared, feed, &plan, &applied).await?;
    }
    for (rank, counts) in &plan.other_counts {
        if let Some(input) = context.inputs.get(*rank) {
            feeds::set_counts(&mut tx, input.meta.id, counts).await?;
        }
    }
    write_asides(&mut tx, context, &stage, &ids).await?;
    let (active, admins) = population_after(context, &plan);
    people::set_population(&mut tx, &context.district.id, active, admins).await?;
    let spent: HashSet<[u8; 16]> = plan.apply.iter().map(crate::reconcile::Operation::key).collect();
    write_answers(&mut tx, context, &plan, answers.decisions, &spent).await?;
    if let (Some((mut sets, until)), Some(run)) = (answers.remember, approvals.run) {
        sets.operations.retain(|key| !spent.contains(key));
        holds::decide(&mut tx, &context.district.id, run, "approve", &sets, now, Some(until)).await?;
    }
    write_holds(&mut tx, context, &stage, &plan, done).await?;
    write_rows(&mut tx, context, done).await?;
    outbox::owe(&mut tx, &context.district.id, context.id, outbox::RESULTS).await?;
    done.report.finished_at = Some(shown_time(app.clock.now()));
    let report = crate::store::values::json(&done.report);
    runs::finish(
        &mut tx,
        &runs::Finished {
            id: context.id,
            state: &done.report.state,
            at: app.clock.now(),
            active_before: context.population.active,
            flowed: applied.flowed,
            report: &report,
        },
    )
    .await?;
    commit(tx, "apply a run").await?;
    Ok(())
}

/// Who is active, and an active admin, when the plan is applied.
fn population_after(context: &Context<'_>, plan: &Plan) -> (u64, u64) {
    let is_active = |person: &Person| person.state == State::Active;
    let is_admin = |person: &Person| is_active(person) && person.classes.iter().any(|class| class.role == Role::Admin);
    let count = |start: u64, counts: &dyn Fn(&Person) -> bool| {
        let before = plan.apply.iter().filter_map(|operation| operation.before.as_ref()).filter(|p| counts(p)).count();
        let after = plan.apply.iter().filter(|operation| counts(&operation.after)).count();
        (start + after as u64).saturating_sub(before as u64)
    };
    (count(context.population.active, &is_active), count(context.population.active_admins, &is_admin))
}

/// Feeds that were only planned get their numbers.
pub(super) async fn real_feeds(
    tx: &mut Connection,
    context: &Context<'_>,
    stage: &Stage,
    plan: &mut Plan,
) -> Result<HashMap<FeedId, FeedId>, RunError> {
    let mut ids = HashMap::new();
    let planned = stage.prepared.iter().map(|p| (p.feed.id, p.feed.name.clone(), p.feed.source.clone()));
    let aside = stage
        .asides
        .iter()
        .filter_map(|aside| aside.feed.clone().map(|(id, name)| (id, name, aside.arrival.delivery.source.clone())));
    for (planned, name, source) in planned.chain(aside).filter(|(id, ..)| id.0 < 0).collect::<Vec<_>>() {
        let real = feeds::ensure(tx, &context.district.id, &source, &name, context.started).await?;
        ids.insert(planned, real);
    }
    let real = |id: &mut FeedId| {
        if let Some(real) = ids.get(id) {
            *id = *real;
        }
    };
    for change in &mut plan.claims {
        if let crate::reconcile::plan::ClaimChange::Put { claim, .. } = change {
            real(&mut claim.feed);
        }
    }
    for hold in &mut plan.holds {
        hold.feeds.iter_mut().for_each(real);
    }
    for operation in &mut plan.apply {
        for state in &mut operation.after.classes {
            if let crate::roster::Owner::File(feed) | crate::roster::Owner::Sync(feed) = &mut state.owner {
                real(feed);
            }
        }
    }
    Ok(ids)
}

/// Archived (or leaving) people whose address passes on in this run.
pub(super) fn holders(plan: &Plan, loaded: &Loaded) -> HashMap<PersonId, Person> {
    plan.apply
        .iter()
        .filter_map(|operation| match operation.email_from {
            Some(EmailFrom::Archived(holder) | EmailFrom::Leaving(holder)) => {
                loaded.slice.people.iter().find(|person| person.id == holder).cloned()
            }
            _ => None,
        })
        .map(|person| (person.id, person))
        .collect()
}

pub(super) async fn write_asides(
    tx: &mut Connection,
    context: &Context<'_>,
    stage: &Stage,
    ids: &HashMap<FeedId, FeedId>,
) -> Result<(), RunError> {
    for aside in &stage.asides {
        let feed = aside.feed.as_ref().map(|(id, _)| ids.get(id).copied().unwrap_or(*id));
        let mode = aside.arrival.delivery.mode.clone().unwrap_or_else(|| Mode::Snapshot.as_str().to_owned());
        deliveries::judge(
            tx,
            &Judged {
                id: aside.arrival.delivery.id,
                feed,
                state: aside.state,
                verdict: aside.verdict,
                mode: &mode,
                format: aside.format,
                message: &aside.message,
                rows_read: 0,
                accepted: false,
                policy: aside.arrival.delivery.policy,
                run: Some(context.id),
            },
        )
        .await?;
        if let (Verdict::Late, Some(feed)) = (aside.verdict, feed) {
            let before = context.inputs.iter().find(|input| input.meta.id == feed);
            let _ = before;
            let late = feeds::of_district(tx, &context.district.id).await?.into_iter().find(|f| f.id == feed);
            feeds::set_late(tx, feed, late.map_or(1, |feed| feed.late + 1)).await?;
        }
    }
    for id in &stage.replaced {
        deliveries::set_state(tx, *id, DeliveryState::Superseded, Verdict::Superseded).await?;
    }
    Ok(())
}

/// An answer about dark cells is remembered until the cell is seen again (S3); an approved operation
/// until it was carried out, since doing it once more would need new evidence (I32).
pub(super) async fn write_answers(
    tx: &mut Connection,
    context: &Context<'_>,
    plan: &Plan,
    decisions: Vec<Decision>,
    spent: &HashSet<[u8; 16]>,
) -> Result<(), RunError> {
    for Decision { id, mut sets, is_approval } in decisions {
        let before = sets.dark.len() + sets.operations.len();
        sets.operations.retain(|key| !is_approval || !spent.contains(key));
        sets.dark.retain(|(feed, cause)| {
            let delivered =
                context.inputs.iter().enumerate().find(|(_, input)| input.meta.id == *feed && input.delivery.is_some());
            let Some((rank, _)) = delivered else { return true };
            let Some(outcome) = plan.feeds.get(&rank) else { return true };
            !outcome.applied || outcome.dark.contains(cause)
        });
        if sets.dark.len() + sets.operations.len() != before {
            holds::set_sets(tx, id, &sets).await?;
        }
    }
    Ok(())
}

/// Opens tonight's questions; earlier ones about the same feeds are replaced by them.
pub(super) async fn write_holds(
    tx: &mut Connection,
    context: &Context<'_>,
    stage: &Stage,
    plan: &Plan,
    done: &mut Done,
) -> Result<(), RunError> {
    let delivered: HashSet<FeedId> =
        context.inputs.iter().filter(|input| input.delivery.is_some()).map(|input| input.meta.id).collect();
    let asides: HashSet<FeedId> = stage.asides.iter().filter_map(|a| a.feed.as_ref()).map(|feed| feed.0).collect();
    let open = holds::open_in(tx, &context.district.id).await?;
    let mut touched: BTreeSet<RunId> = BTreeSet::new();
    let mut reports = done.report.held.iter_mut();
    for hold in &plan.holds {
        let since = holds::open(tx, &context.district.id, context.id, hold, context.started).await?;
        if let Some(report) = reports.next() {
            report.since = since.with_timezone(&context.district.zone).format("%Y-%m-%d").to_string();
        }
    }
    for earlier in open {
        let concerns = earlier.hold.feeds.iter().any(|feed| delivered.contains(feed));
        let by_aside =
            earlier.hold.what == What::Delivery && earlier.hold.feeds.iter().any(|feed| asides.contains(feed));
        if concerns || (by_aside && plan.holds.iter().any(|hold| hold.rule == earlier.hold.rule)) {
            let answered = Some(earlier.run.to_string()) == done.report.approves;
            holds::close(tx, earlier.id, if answered { "approved" } else { "superseded" }).await?;
            touched.insert(earlier.run);
        }
    }
    let left: HashSet<RunId> =
        holds::open_in(tx, &context.district.id).await?.into_iter().map(|hold| hold.run).collect();
    for run in touched.into_iter().filter(|run| !left.contains(run) && *run != context.id) {
        let approved = Some(run.to_string()) == done.report.approves;
        let still_waits = approved && plan.is_held();
        let (state, note) = match (approved, still_waits) {
            (true, false) => ("completed", format!("approved; carried out by run {}", context.id)),
            (true, true) => ("superseded", format!("approved in part; the rest waits in run {}", context.id)),
            (false, _) => ("superseded", format!("replaced by run {}", context.id)),
        };
        runs::set_state(tx, run, state, &note).await?;
    }
    Ok(())
}

pub(super) async fn write_rows(tx: &mut Connection, context: &Context<'_>, done: &Done) -> Result<(), RunError> {
    let ids: HashMap<&str, DeliveryId> = done
        .report
        .deliveries
        .iter()
        .filter_map(|delivery| Some((delivery.file.as_str(), delivery.delivery.parse().ok()?)))
        .collect();
    for (place, delivery) in done.report.deliveries.iter().enumerate() {
        if let Ok(id) = delivery.delivery.parse() {
            runs::add_delivery(tx, context.id, id, place).await?;
        }
    }
    let outcomes: Vec<StoredOutcome> = done
        .outcomes
        .iter()
        .filter(|outcome| outcome.outcome != "unchanged")
        .filter_map(|outcome| {
            Some(StoredOutcome {
                delivery: *ids.get(outcome.file.as_str())?,
                line: outcome.line,
                outcome: outcome.outcome.clone(),
                rule: outcome.rule.clone(),
                person: outcome.guid.as_deref().and_then(|guid| guid.parse().ok()),
            })
        })
        .collect();
    runs::add_outcomes(tx, context.id, &outcomes).await?;
    let findings: Vec<(DeliveryId, &rosterd_contract::Finding)> =
        done.findings.iter().filter_map(|(file, finding)| Some((*ids.get(file.as_str())?, finding))).collect();
    runs::add_findings(tx, context.id, &findings).await?;
    Ok(())
}
