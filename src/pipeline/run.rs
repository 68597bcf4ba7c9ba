//! One run, stage by stage. Everything of one district that was ready, reconciled together.

use rosterd_contract::Finding;

use super::account::account;
use super::arrive::Arrival;
use super::judge::hold_regression;
use super::load::{feed_inputs, load_decisions, load_slice, population};
use super::prepare::{Stage, group_by_feed, prepare};
use super::read::ReadError;
use super::report::{OutcomeReport, PlanReport, Report, shown_time};
use super::write::{Answers, write};
use super::{App, District};
use crate::reconcile::input::{Approvals, FeedInput, Input, Population, Rejections};
use crate::reconcile::plan::{Action, Plan, What};
use crate::reconcile::reconcile;
use crate::roster::{FeedId, RunId};
use crate::store::holds::Sets;
use crate::store::{Doing, StoreError, claims, commit, feeds, runs};

/// Why a run did not come to an end. Bad data is never the reason.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a delivery cannot be read back from the spool")]
    Read(#[source] ReadError),
    /// An approval would archive more than a quarter of a scope: the number must be typed.
    #[error("this would archive {count} of {people} people of {scope}")]
    NeedsNumber { count: u64, people: u64, scope: String, total: u64 },
    /// The ledgers of the run do not balance: nothing was written.
    #[error("the ledgers of run {run} do not balance; nothing was written")]
    Unbalanced { run: String },
}

/// An approval that this run carries out.
#[derive(Debug, Clone, Copy)]
pub struct Approval {
    pub run: RunId,
    /// The number of removals that was typed.
    pub archive: Option<u64>,
}

/// What a run is asked to do.
#[derive(Default)]
pub struct Request {
    /// `sync`, `import`, `approve`, `check`.
    pub kind: &'static str,
    pub arrivals: Vec<Arrival>,
    pub approvals: Approvals,
    pub approval: Option<Approval>,
    /// Plan only; nothing is written (D16, `check`).
    pub dry: bool,
    /// An answer that is remembered with what it does: what it covers, and until when.
    pub remember: Option<(Sets, chrono::DateTime<chrono::Utc>)>,
}

/// A run that came to its end.
#[derive(Debug, Clone)]
pub struct Done {
    pub report: Report,
    /// With the file each is about.
    pub findings: Vec<(String, Finding)>,
    pub outcomes: Vec<OutcomeReport>,
    pub plan: Vec<PlanReport>,
    pub exit: u8,
}

impl Done {
    /// The report as one JSON object, with findings, outcomes and plan.
    pub fn json(&self) -> serde_json::Value {
        let findings = self.findings.iter().map(|(file, finding)| super::report::finding_json(file, finding));
        self.report.with(&[
            ("findings", findings.collect()),
            ("outcomes", serde_json::to_value(&self.outcomes).unwrap_or_default()),
            ("plan", serde_json::to_value(&self.plan).unwrap_or_default()),
        ])
    }
}

/// Runs a district's deliveries down the road.
///
/// # Errors
/// The store's or the spool's; an approval that needs a number; ledgers that do not balance. The
/// store is then as it was before.
pub async fn run(app: &App, district: &District, request: Request) -> Result<Done, RunError> {
    let id = RunId(app.ids.next());
    let started = app.clock.now();
    if !request.dry {
        let approves = request.approval.map(|approval| approval.run);
        let mut tx = app.store.begin().await?;
        runs::insert(&mut tx, id, &district.id, request.kind, "in_progress", started, approves).await?;
        commit(tx, "begin a run").await?;
    }
    let outcome = carry_out(app, district, request, id, started).await;
    match &outcome {
        Ok(_) => {}
        Err(RunError::NeedsNumber { .. }) => withdraw(app, id).await,
        Err(_) => forget(app, id).await,
    }
    outcome
}

/// An approval that was not carried out is no run.
async fn withdraw(app: &App, id: RunId) {
    if let Ok(mut tx) = app.store.begin().await {
        let _ = runs::withdraw(&mut tx, id).await;
        let _ = commit(tx, "withdraw a run").await;
    }
}

/// A run that failed leaves its deliveries as they were; its row says so.
async fn forget(app: &App, id: RunId) {
    if let Ok(mut tx) = app.store.begin().await {
        let _ = runs::set_state(&mut tx, id, "cancelled", "stopped before anything was written").await;
        let _ = commit(tx, "end a run").await;
    }
}

async fn carry_out(
    app: &App,
    district: &District,
    request: Request,
    id: RunId,
    started: chrono::DateTime<chrono::Utc>,
) -> Result<Done, RunError> {
    let mut connection = app.store.reader().acquire().await.doing("read the roster")?;
    let mut stage = Stage::default();
    let mut approvals = request.approvals.clone();
    let mut rejections = Rejections::default();
    let decisions = load_decisions(&mut connection, district, started, &mut approvals, &mut rejections).await?;
    stage.lifted.clone_from(&approvals.deliveries);
    let stored = feeds::of_district(&mut connection, &district.id).await?;
    for group in group_by_feed(app, &mut connection, district, &request, &mut stage).await? {
        prepare(app, &mut connection, district, &stored, group, &mut stage).await?;
    }
    let loaded = load_slice(&mut connection, district, &stored, &mut stage, started).await?;
    let population = population(&mut connection, district, started).await?;
    if request.dry {
        for prepared in stage.prepared.iter_mut().filter(|prepared| prepared.feed.id.0 > 0) {
            prepared.people = claims::people_of(&mut connection, prepared.feed.id).await?;
        }
    }
    drop(connection);
    let inputs = feed_inputs(district, &stored, &mut stage);
    let make = |inputs: Vec<FeedInput>| Input {
        now: started,
        policy: &district.policy,
        feeds: inputs,
        slice: loaded.slice.clone(),
        population: population.clone(),
        approvals: approvals.clone(),
        rejections: rejections.clone(),
        ids: app.ids.as_ref(),
    };
    let light: Vec<FeedInput> = inputs.iter().map(FeedInput::without_rows).collect();
    // A step back (D04) is weighed by its plan, and may have to be planned again as a hold.
    let steps_back = stage.prepared.iter().any(|prepared| prepared.judgement.step_back);
    let again = steps_back.then(|| inputs.clone());
    let mut plan = tokio::task::block_in_place(|| reconcile(make(inputs)));
    if let Some(mut again) = again
        && hold_steps_back(district, &plan, &mut again, &mut stage, &approvals)
    {
        plan = tokio::task::block_in_place(|| reconcile(make(again)));
    }
    let inputs = light;
    add_aside_holds(&stage, &mut plan);
    if let Some(approval) = request.approval {
        check_number(&plan, approval)?;
    }
    let context = Context { app, district, id, started, inputs: &inputs, population: &population };
    let mut done = account(&context, &stage, &plan, &request);
    if !done.report.balances() {
        return Err(RunError::Unbalanced { run: id.to_string() });
    }
    if request.dry {
        done.report.finished_at = Some(shown_time(app.clock.now()));
        return Ok(done);
    }
    let answers = Answers { decisions, remember: request.remember };
    write(&context, stage, plan, loaded, answers, &approvals, &mut done).await?;
    super::publish::publish(app, district, &done).await;
    Ok(done)
}

pub(super) struct Context<'a> {
    pub(super) app: &'a App,
    pub(super) district: &'a District,
    pub(super) id: RunId,
    pub(super) started: chrono::DateTime<chrono::Utc>,
    pub(super) inputs: &'a [FeedInput],
    pub(super) population: &'a Population,
}

/// D04's second case: going back would change more than a few people.
fn hold_steps_back(
    district: &District,
    plan: &Plan,
    inputs: &mut [FeedInput],
    stage: &mut Stage,
    approvals: &Approvals,
) -> bool {
    let mut held = false;
    for prepared in stage.prepared.iter_mut().filter(|prepared| prepared.judgement.step_back) {
        let Some(rank) = inputs.iter().position(|input| input.meta.id == prepared.feed.id) else { continue };
        let operations = plan.apply.iter().chain(plan.wait.iter().map(|(operation, _)| operation));
        let changes = operations.filter(|operation| operation.feeds.contains(&rank)).count() as u64;
        let lifted = approvals.deliveries.contains(&(prepared.arrival.delivery.id, "D04".to_owned()));
        let limit = district.policy.limits.d04;
        let size = prepared.feed.counts.claims as f64;
        if (changes as f64) <= limit.more_than.max(limit.percent * size / 100.0) || lifted {
            continue;
        }
        let Some(older) = prepared.older.clone() else { continue };
        hold_regression(&mut prepared.judgement, &older);
        if let Some(delivery) = inputs.get_mut(rank).and_then(|input| input.delivery.as_mut()) {
            delivery.whole.clone_from(&prepared.judgement.whole);
            delivery.verdict = prepared.judgement.verdict;
            held = true;
        }
    }
    held
}

fn add_aside_holds(stage: &Stage, plan: &mut Plan) {
    for aside in &stage.asides {
        let Some(hold) = &aside.hold else { continue };
        let (feed, name) = aside.feed.clone().unwrap_or((FeedId(0), String::new()));
        if let Some(open) = plan.holds.iter_mut().find(|open| &*open.rule == hold.rule && open.feeds.contains(&feed)) {
            open.deliveries.push(aside.arrival.delivery.id);
            continue;
        }
        plan.holds.push(crate::reconcile::plan::Hold {
            rule: hold.rule.into(),
            what: What::Delivery,
            scope: format!("{}/{name}", aside.arrival.delivery.source),
            cause: String::new(),
            feeds: vec![feed],
            deliveries: vec![aside.arrival.delivery.id],
            count: 1,
            message: hold.message.clone(),
            items: Vec::new(),
            waits_for_it: 0,
        });
    }
}

/// An approval that would archive more than a quarter of a scope needs the number typed.
fn check_number(plan: &Plan, approval: Approval) -> Result<(), RunError> {
    let total = plan.count(Action::Archive);
    if approval.archive.is_some_and(|typed| typed == total) {
        return Ok(());
    }
    let over = plan.removals_by_scope.iter().find(|(_, count, people)| *count * 4 > *people && *count > 2);
    match over {
        Some((scope, count, people)) => {
            Err(RunError::NeedsNumber { count: *count, people: *people, scope: scope.clone(), total })
        }
        None if approval.archive.is_some() => {
            Err(RunError::NeedsNumber { count: total, people: total, scope: "the district".to_owned(), total })
        }
        None => Ok(()),
    }
}
