//! One run, stage by stage. Everything of one district that was ready, reconciled together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::TimeDelta;
use rosterd_contract::{Finding, Mode, RoleClass, Verdict};

use super::apply::{Applied, Applying, apply};
use super::arrive::{self, Arrival, Patch, Sorted};
use super::judge::{Case, Judgement, hold_regression, judge};
use super::read::{self, Read, ReadError, Reading};
use super::report::{DeliveryReport, HeldReport, OutcomeReport, PlanReport, Report, shown_time};
use super::{App, District, Source};
use crate::reconcile::input::{
    Approvals, Content, Delivery, FeedInput, FeedMeta, Input, Population, Rejections, WholeHold,
};
use crate::reconcile::names::{loose_number, name_key};
use crate::reconcile::outcome::{Outcome, RowResult};
use crate::reconcile::plan::{Action, EmailFrom, Plan, What};
use crate::reconcile::reconcile;
use crate::reconcile::world::World;
use crate::roster::{DeliveryId, FeedId, Person, PersonId, RunId};
use crate::store::deliveries::{self, DeliveryState, Judged, StoredDelivery};
use crate::store::feeds::{self, Reference, StoredFeed, ViewChange};
use crate::store::fingerprints::{self, ACCEPTED, Entry, Kind, REJECTED, SETTLED};
use crate::store::slice::{self, Leads, Loaded};
use crate::store::{Connection, Doing, StoreError, claims, commit, history, holds, people, runs};

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

/// A delivery that was read and judged.
struct Prepared {
    arrival: Arrival,
    feed: StoredFeed,
    mode: Mode,
    read: Read,
    view: Vec<Entry>,
    reference: Option<Vec<Entry>>,
    /// Claims whose rows must be looked at again: no row is known to the letter for them.
    unsettled: HashSet<i64>,
    /// People of the feed's claims; read for dry runs only, which list every row.
    people: HashMap<i64, PersonId>,
    version: u64,
    judgement: Judgement,
    older: Option<StoredDelivery>,
}

impl Prepared {
    /// Claims of the feed that no row known to the letter carries: those of the view's other rows,
    /// and those whose rows are never taken as known.
    fn unmatched(&self) -> BTreeSet<i64> {
        let mut claims = self.read.unmatched(&self.view);
        claims.extend(self.unsettled.iter().copied());
        claims
    }
}

/// A delivery that does not take part, with the reason.
struct Aside {
    arrival: Arrival,
    feed: Option<(FeedId, String)>,
    verdict: Verdict,
    state: DeliveryState,
    message: String,
    format: Option<&'static str>,
    findings: Vec<Finding>,
    rows: Vec<RowResult>,
    /// A question about it, e.g. D05 or D06.
    hold: Option<WholeHold>,
}

#[derive(Default)]
struct Stage {
    prepared: Vec<Prepared>,
    asides: Vec<Aside>,
    /// Held deliveries that a newer one replaces.
    replaced: Vec<DeliveryId>,
    dry_feeds: i64,
    /// Whole holds that an operator lifted, by delivery and rule.
    lifted: BTreeSet<(DeliveryId, String)>,
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
    if outcome.is_err() {
        forget(app, id).await;
    }
    outcome
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
    let mut plan = tokio::task::block_in_place(|| reconcile(make(inputs.clone())));
    let mut inputs = inputs;
    if hold_steps_back(district, &plan, &mut inputs, &mut stage, &approvals) {
        plan = tokio::task::block_in_place(|| reconcile(make(inputs.clone())));
    }
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
    write(&context, stage, plan, loaded, decisions, &approvals, &mut done).await?;
    super::publish::publish(app, district, &done).await;
    Ok(done)
}

struct Context<'a> {
    app: &'a App,
    district: &'a District,
    id: RunId,
    started: chrono::DateTime<chrono::Utc>,
    inputs: &'a [FeedInput],
    population: &'a Population,
}

/// Arrivals of one feed, newest first.
struct Group {
    source: String,
    feed: String,
    mode: Option<Mode>,
    patch: Option<Patch>,
    arrivals: Vec<Arrival>,
}

async fn group_by_feed(
    app: &App,
    connection: &mut Connection,
    district: &District,
    request: &Request,
    stage: &mut Stage,
) -> Result<Vec<Group>, RunError> {
    let mut groups: BTreeMap<(usize, String, bool), Group> = BTreeMap::new();
    for arrival in &request.arrivals {
        let Some(rank) = district.sources.iter().position(|source| source.id == arrival.delivery.source) else {
            continue;
        };
        let Some(source) = district.sources.get(rank) else { continue };
        match arrive::sort(app, connection, district, source, arrival).await? {
            Sorted::Unassigned(message) => stage.asides.push(Aside {
                arrival: arrival.clone(),
                feed: None,
                verdict: Verdict::Unassigned,
                state: DeliveryState::Failed,
                findings: vec![
                    Finding::error("unassigned", 0, message.clone())
                        .cure("rename the file, or add a pattern for it to `feeds`"),
                ],
                message,
                format: None,
                rows: Vec::new(),
                hold: None,
            }),
            Sorted::Feed { feed, mode, patch } => {
                let key = (rank, feed.clone(), patch.is_some());
                let group = groups.entry(key).or_insert_with(|| Group {
                    source: source.id.clone(),
                    feed,
                    mode,
                    patch: patch.clone(),
                    arrivals: Vec::new(),
                });
                if let (Some(known), Some(more)) = (&mut group.patch, patch) {
                    known.known.extend(more.known);
                }
                group.arrivals.push(arrival.clone());
            }
        }
    }
    // A correction that came together with its feed's snapshot runs after it.
    let snapshots: HashSet<(usize, String)> =
        groups.keys().filter(|key| !key.2).map(|key| (key.0, key.1.clone())).collect();
    groups.retain(|key, _| !key.2 || !snapshots.contains(&(key.0, key.1.clone())));
    Ok(groups.into_values().collect())
}

async fn prepare(
    app: &App,
    connection: &mut Connection,
    district: &District,
    stored: &[StoredFeed],
    mut group: Group,
    stage: &mut Stage,
) -> Result<(), RunError> {
    let Some(source) = district.source(&group.source) else { return Ok(()) };
    let feed =
        stored.iter().find(|feed| feed.source == group.source && feed.name == group.feed).cloned().unwrap_or_else(
            || {
                stage.dry_feeds -= 1;
                new_feed(FeedId(stage.dry_feeds), &group.source, &group.feed)
            },
        );
    arrive::newest_first(&mut group.arrivals);
    let mut arrivals = std::mem::take(&mut group.arrivals).into_iter();
    let Some(newest) = arrivals.next() else { return Ok(()) };
    for older in arrivals {
        superseded(district, source, &feed, &newest, older, stage);
    }
    if stage.asides.iter().any(|aside| aside.arrival.delivery.id == newest.delivery.id) {
        return Ok(());
    }
    if feed.id.0 > 0 && group.patch.is_none() {
        stage.replaced.extend(arrive::held_before(connection, feed.id, newest.delivery.id).await?);
    }
    read_one(app, connection, district, source, feed, &group, newest, stage).await
}

fn new_feed(id: FeedId, source: &str, name: &str) -> StoredFeed {
    StoredFeed {
        id,
        source: source.to_owned(),
        name: name.to_owned(),
        format: None,
        confirmed: false,
        view_delivery: None,
        view_stated_at: None,
        view_at: None,
        reference_delivery: None,
        reference: None,
        counts: crate::reconcile::input::Counts::default(),
        late: 0,
    }
}

/// D06 and D07: the newest counts. Two that hardly share a key may be two feeds: both wait.
fn superseded(
    district: &District,
    source: &Source,
    feed: &StoredFeed,
    newest: &Arrival,
    older: Arrival,
    stage: &mut Stage,
) {
    let same_name = newest.delivery.name == older.delivery.name;
    let two = !same_name && arrive::may_be_two_feeds(district, source, newest, &older).unwrap_or(false);
    let aside = |arrival: Arrival, hold: bool| Aside {
        message: if hold {
            format!("{} and {} hardly share a person: one feed or two?", newest.delivery.name, arrival.delivery.name)
        } else {
            format!("{} is newer", newest.delivery.name)
        },
        feed: Some((feed.id, feed.name.clone())),
        verdict: if hold { Verdict::Waiting } else { Verdict::Superseded },
        state: if hold { DeliveryState::Held } else { DeliveryState::Superseded },
        format: None,
        findings: Vec::new(),
        rows: Vec::new(),
        hold: hold.then(|| WholeHold {
            rule: "D06",
            message: "two versions of one feed hardly share a person: one feed or two?".to_owned(),
        }),
        arrival,
    };
    if two && !stage.asides.iter().any(|other| other.arrival.delivery.id == newest.delivery.id) {
        stage.asides.push(aside(newest.clone(), true));
    }
    stage.asides.push(aside(older, two));
}

#[allow(clippy::too_many_arguments)]
async fn read_one(
    _app: &App,
    connection: &mut Connection,
    district: &District,
    source: &Source,
    feed: StoredFeed,
    group: &Group,
    mut arrival: Arrival,
    stage: &mut Stage,
) -> Result<(), RunError> {
    let is_patch = group.patch.is_some();
    let stored_id = feed.id.0 > 0;
    let view =
        if stored_id && !is_patch { fingerprints::load(connection, feed.id, Kind::View).await? } else { Vec::new() };
    let own_reference =
        stored_id && !is_patch && feed.reference_delivery.is_some() && feed.reference_delivery != feed.view_delivery;
    let reference =
        if own_reference { Some(fingerprints::load(connection, feed.id, Kind::Reference).await?) } else { None };
    let unsettled: HashSet<i64> =
        if stored_id { claims::unsettled(connection, feed.id).await?.into_iter().collect() } else { HashSet::new() };
    let history = if stored_id { deliveries::of_feed(connection, feed.id, 400).await? } else { Vec::new() };
    let history: Vec<StoredDelivery> = history.into_iter().filter(|other| other.id != arrival.delivery.id).collect();
    let policy = source.admission(district);
    let format_word = source.format.map_or("auto", |format| format.id);
    let version = source.policy_version(district, &feed.name, format_word);
    arrival.delivery.policy = version.cast_signed();
    let reading = Reading {
        path: &arrival.path,
        name: &arrival.delivery.name,
        format: source.format,
        policy: &policy,
        version,
        org: source.org.as_deref(),
        view: &view,
        reference: reference.as_deref(),
        unsettled: &unsettled,
    };
    let read = tokio::task::block_in_place(|| {
        let mut read = read::read(&reading)?;
        loop {
            let lines = read.entangled();
            if lines.is_empty() {
                return Ok(read);
            }
            read.pull(&reading, &lines)?;
        }
    });
    let mut read = match read {
        Ok(read) => read,
        Err(ReadError::Table(error)) => {
            stage.asides.push(unreadable(&feed, arrival, &error));
            return Ok(());
        }
        Err(other) => return Err(RunError::Read(other)),
    };
    if let Some(patch) = &group.patch {
        reject_unknown_fixes(patch, &mut read);
    }
    let nobody_missing = read.tally.against.as_ref().is_none_or(|against| against.present == against.rows);
    let mode = mode_of(group, source, &arrival, &read);
    if mode != Mode::Snapshot {
        read.tally.against = None;
    }
    let known_last = read.seen.last().is_some_and(|seen| (seen.known as usize) < view.len());
    let lifted: BTreeSet<String> =
        stage.lifted.iter().filter(|(id, _)| *id == arrival.delivery.id).map(|(_, rule)| rule.clone()).collect();
    let judgement = judge(&Case {
        district,
        source,
        feed: &feed,
        delivery: &arrival.delivery,
        mode,
        read: &read,
        history: &history,
        again: arrival.again,
        nobody_missing,
        last_row_known: known_last,
        lifted: &lifted,
    });
    let older = history.iter().find(|other| other.sha256 == arrival.delivery.sha256).cloned();
    if judgement.refused.is_some() || judgement.late {
        stage.asides.push(refused(&feed, arrival, read, judgement));
        return Ok(());
    }
    stage.prepared.push(Prepared {
        arrival,
        feed,
        mode,
        read,
        view,
        reference,
        unsettled,
        people: HashMap::new(),
        version,
        judgement,
        older,
    });
    Ok(())
}

fn mode_of(group: &Group, source: &Source, arrival: &Arrival, read: &Read) -> Mode {
    let asked = arrival.delivery.mode.as_deref().and_then(Mode::from_word).filter(|mode| *mode != Mode::Patch);
    group.mode.or(asked).or(source.mode).unwrap_or(read.format.mode)
}

fn unreadable(feed: &StoredFeed, arrival: Arrival, error: &rosterd_formats::TableError) -> Aside {
    let mut finding = Finding::error(error.code(), error.line().unwrap_or(0), error.to_string());
    if let Some(hint) = error.hint() {
        finding = finding.cure(hint);
    }
    Aside {
        feed: Some((feed.id, feed.name.clone())),
        verdict: Verdict::Failed,
        state: DeliveryState::Failed,
        message: error.to_string(),
        format: None,
        findings: vec![finding],
        rows: Vec::new(),
        hold: None,
        arrival,
    }
}

fn refused(feed: &StoredFeed, arrival: Arrival, read: Read, judgement: Judgement) -> Aside {
    let message =
        judgement.refused.clone().unwrap_or_else(|| "older than what was taken last: kept, not applied".to_owned());
    let state = match (judgement.late, judgement.whole.is_empty(), judgement.verdict) {
        (true, true, _) => DeliveryState::Late,
        (true, false, _) => DeliveryState::Held,
        (false, _, Verdict::Refused) => DeliveryState::Refused,
        _ => DeliveryState::Failed,
    };
    let mut findings = judgement.findings;
    let mut rows = Vec::new();
    if !judgement.late {
        // Nothing is applied, but the sender is told what is wrong with each row.
        findings.extend(read.findings);
        rows = read.rows.iter().map(|row| refused_row(row, judgement.verdict)).collect();
    }
    Aside {
        feed: Some((feed.id, feed.name.clone())),
        verdict: judgement.verdict,
        state,
        message,
        format: Some(read.format.id),
        findings,
        rows,
        hold: judgement.whole.into_iter().next(),
        arrival,
    }
}

fn refused_row(row: &crate::reconcile::input::Row, verdict: Verdict) -> RowResult {
    let code: Box<str> = match &row.content {
        Content::Rejected { code, .. } => code.clone(),
        Content::Valid(_) => verdict.as_str().into(),
    };
    let rule = crate::reconcile::admission::rule_of(&code).into();
    RowResult { line: row.line, outcome: Outcome::Rejected(code), rule, person: None, findings: Vec::new() }
}

/// D14: rows that correct nothing we know are rejected.
fn reject_unknown_fixes(patch: &Patch, read: &mut Read) {
    for row in &mut read.rows {
        if patch.known.contains(&row.line) || !read.fixes.contains_key(&row.line) {
            continue;
        }
        if let Content::Valid(_) = &row.content {
            row.content = Content::Rejected { code: "unknown-fix".into(), keys: rosterd_contract::RawKeys::default() };
            let given = read.fixes.get(&row.line).map(String::as_str).unwrap_or_default();
            read.findings.push(
                Finding::error("unknown-fix", row.line, "the row names no row of an earlier error file of ours")
                    .at("_fix_of", given)
                    .cure("leave `_fix_of` as it was in the error file, or deliver the row in the ordinary file"),
            );
            for seen in read.seen.iter_mut().filter(|seen| u64::from(seen.line) == row.line) {
                seen.rejected = true;
            }
        }
    }
}

async fn load_decisions(
    connection: &mut Connection,
    district: &District,
    now: chrono::DateTime<chrono::Utc>,
    approvals: &mut Approvals,
    rejections: &mut Rejections,
) -> Result<Vec<(i64, holds::Sets)>, RunError> {
    let mut dark = Vec::new();
    for (id, sets) in holds::decisions(connection, &district.id, "approve", now).await? {
        approvals.operations.extend(sets.operations.iter().copied());
        approvals.deliveries.extend(sets.deliveries.iter().cloned());
        approvals.dark.extend(sets.dark.iter().cloned());
        if !sets.dark.is_empty() {
            dark.push((id, sets));
        }
    }
    for (id, sets) in holds::decisions(connection, &district.id, "reject", now).await? {
        rejections.operations.extend(sets.operations.iter().copied());
        rejections.dark.extend(sets.dark.iter().cloned());
        if !sets.dark.is_empty() {
            dark.push((id, sets));
        }
    }
    Ok(dark)
}

/// Loads everybody the rows can lead to; rows of people who are reached by another key are looked at
/// too, until nothing more turns up.
async fn load_slice(
    connection: &mut Connection,
    district: &District,
    stored: &[StoredFeed],
    stage: &mut Stage,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Loaded, RunError> {
    loop {
        let mut leads = Leads::default();
        for prepared in &stage.prepared {
            add_leads(prepared, &mut leads);
            if prepared.feed.id.0 > 0 && prepared.mode == Mode::Snapshot {
                leads.claims.extend(claims::gone(connection, prepared.feed.id).await?);
            }
        }
        let loaded = slice::load(connection, &district.id, &leads, now).await?;
        if !pull_reached(district, stored, stage, &loaded, now)? {
            return Ok(loaded);
        }
    }
}

fn add_leads(prepared: &Prepared, leads: &mut Leads) {
    if prepared.mode == Mode::Snapshot {
        leads.claims.extend(prepared.unmatched());
    }
    for row in &prepared.read.rows {
        let (number, email, given, family) = match &row.content {
            Content::Valid(record) => (&record.number, &record.email, record.given(), record.family()),
            Content::Rejected { keys, .. } => (&keys.number, &keys.email, &*keys.given, &*keys.family),
        };
        if let Some(number) = number {
            leads.loose_numbers.insert(loose_number(number));
            leads.numbers.insert(number.clone());
        }
        leads.emails.extend(email.clone());
        if matches!(row.content, Content::Valid(_)) {
            leads.name_keys.insert(name_key(given, family));
        }
    }
}

/// Takes known rows back whose people a looked-at row reaches by another key; true if there were any.
fn pull_reached(
    district: &District,
    stored: &[StoredFeed],
    stage: &mut Stage,
    loaded: &Loaded,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<bool, RunError> {
    let world = World::new(now, loaded.slice.clone(), &metas(district, stored));
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
        let lines = prepared.read.lines_of(&prepared.view, &claims);
        if lines.is_empty() {
            continue;
        }
        any = true;
        let Some(source) = district.source(&prepared.feed.source) else { continue };
        let policy = source.admission(district);
        let unsettled = HashSet::new();
        let reading = Reading {
            path: &prepared.arrival.path,
            name: &prepared.arrival.delivery.name,
            format: source.format,
            policy: &policy,
            version: prepared.version,
            org: source.org.as_deref(),
            view: &[],
            reference: None,
            unsettled: &unsettled,
        };
        tokio::task::block_in_place(|| {
            prepared.read.pull(&reading, &lines)?;
            loop {
                let lines = prepared.read.entangled();
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

fn metas(district: &District, stored: &[StoredFeed]) -> Vec<FeedInput> {
    ranked(district, stored).into_iter().map(|feed| FeedInput { meta: meta(district, feed), delivery: None }).collect()
}

/// Feeds in rank order: sources as configured, feeds of a source as configured, else by id; feeds
/// that are no longer configured come last.
fn ranked<'a>(district: &District, stored: &'a [StoredFeed]) -> Vec<&'a StoredFeed> {
    let mut feeds: Vec<&StoredFeed> = stored.iter().collect();
    feeds.sort_by_key(|feed| {
        let source = district.sources.iter().position(|source| source.id == feed.source).unwrap_or(usize::MAX);
        let declared = district.source(&feed.source).map(|source| &source.feeds);
        let place =
            declared.and_then(|feeds| feeds.iter().position(|declared| declared.id == feed.name)).unwrap_or(usize::MAX);
        (source, place, if feed.id.0 < 0 { i64::MAX + feed.id.0 } else { feed.id.0 })
    });
    feeds
}

fn meta(district: &District, feed: &StoredFeed) -> FeedMeta {
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

fn feed_inputs(district: &District, stored: &[StoredFeed], stage: &mut Stage) -> Vec<FeedInput> {
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
            let prepared = stage.prepared.iter().find(|prepared| prepared.feed.id == feed.id);
            FeedInput { meta: meta(district, feed), delivery: prepared.map(delivery_input) }
        })
        .collect()
}

fn delivery_input(prepared: &Prepared) -> Delivery {
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
        rows: prepared.read.rows.clone(),
        tally: prepared.read.tally.clone(),
        unmatched: if prepared.mode == Mode::Snapshot { prepared.unmatched() } else { BTreeSet::new() },
    }
}

async fn population(
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

/// The account of the run: report, findings, outcomes, plan.
fn account(context: &Context<'_>, stage: &Stage, plan: &Plan, request: &Request) -> Done {
    let mut done = Done {
        report: Report {
            run: context.id.to_string(),
            district: context.district.id.clone(),
            dry_run: request.dry,
            started_at: shown_time(context.started),
            approves: request.approval.map(|approval| approval.run.to_string()),
            absent: plan.absent,
            notes: plan.notes.iter().map(|note| note.message.to_string()).collect(),
            ..Report::default()
        },
        findings: Vec::new(),
        outcomes: Vec::new(),
        plan: Vec::new(),
        exit: 0,
    };
    for prepared in &stage.prepared {
        account_prepared(context, prepared, plan, request.dry, &mut done);
    }
    for aside in &stage.asides {
        account_aside(aside, &mut done);
    }
    account_people(context, plan, &mut done.report);
    account_holds(context, plan, &mut done.report);
    account_plan(plan, &mut done);
    done.report.state = state_of(stage, plan, &done.report).to_owned();
    done.exit = exit_of(stage, plan, &done.report);
    done.outcomes.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    done
}

fn account_prepared(context: &Context<'_>, prepared: &Prepared, plan: &Plan, all_rows: bool, done: &mut Done) {
    let delivery = &prepared.arrival.delivery;
    let rank = context.inputs.iter().position(|input| input.meta.id == prepared.feed.id);
    done.report.deliveries.push(delivery_report(
        delivery,
        Some(&prepared.feed.name),
        Some(prepared.read.format.id),
        prepared.mode,
        prepared.judgement.verdict,
        "",
    ));
    let file = delivery.name.clone();
    done.findings.extend(prepared.judgement.findings.iter().map(|finding| (file.clone(), finding.clone())));
    done.findings.extend(prepared.read.findings.iter().map(|finding| (file.clone(), finding.clone())));
    done.report.rows.add_known(prepared.read.tally.known);
    let Some(outcome) = rank.and_then(|rank| plan.feeds.get(&rank)) else { return };
    for row in &outcome.rows {
        done.report.rows.add(&row.outcome);
        done.findings.extend(row.findings.iter().map(|finding| (file.clone(), finding.clone())));
        done.outcomes.push(OutcomeReport {
            file: file.clone(),
            line: row.line,
            outcome: row.outcome.text(),
            rule: row.rule.to_string(),
            guid: row.person.map(|person| person.to_string()),
        });
    }
    if all_rows {
        let listed: HashSet<u64> = outcome.rows.iter().map(|row| row.line).collect();
        for seen in prepared.read.seen.iter().filter(|seen| !listed.contains(&u64::from(seen.line))) {
            done.outcomes.push(OutcomeReport {
                file: file.clone(),
                line: u64::from(seen.line),
                outcome: "unchanged".to_owned(),
                rule: "P17".to_owned(),
                guid: prepared
                    .view
                    .get(seen.known as usize)
                    .and_then(|entry| prepared.people.get(&entry.claim))
                    .map(|person| person.to_string()),
            });
        }
    }
}

fn delivery_report(
    delivery: &StoredDelivery,
    feed: Option<&str>,
    format: Option<&str>,
    mode: Mode,
    verdict: Verdict,
    message: &str,
) -> DeliveryReport {
    DeliveryReport {
        delivery: delivery.id.to_string(),
        source: delivery.source.clone(),
        feed: feed.map(str::to_owned),
        file: delivery.name.clone(),
        format: format.map(str::to_owned),
        mode: mode.as_str().to_owned(),
        sha256: delivery.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
        bytes: delivery.bytes,
        verdict: verdict.as_str().to_owned(),
        message: message.to_owned(),
    }
}

fn account_aside(aside: &Aside, done: &mut Done) {
    let delivery = &aside.arrival.delivery;
    let feed = aside.feed.as_ref().map(|feed| feed.1.as_str());
    let mode = delivery.mode.as_deref().and_then(Mode::from_word).unwrap_or(Mode::Snapshot);
    done.report.deliveries.push(delivery_report(delivery, feed, aside.format, mode, aside.verdict, &aside.message));
    done.findings.extend(aside.findings.iter().map(|finding| (delivery.name.clone(), finding.clone())));
    if aside.findings.is_empty() && matches!(aside.verdict, Verdict::Failed | Verdict::Foreign | Verdict::Refused) {
        let finding = Finding::error(aside.verdict.as_str(), 0, aside.message.clone());
        done.findings.push((delivery.name.clone(), finding));
    }
    for row in &aside.rows {
        done.report.rows.add(&row.outcome);
        done.outcomes.push(OutcomeReport {
            file: delivery.name.clone(),
            line: row.line,
            outcome: row.outcome.text(),
            rule: row.rule.to_string(),
            guid: None,
        });
    }
}

fn account_people(context: &Context<'_>, plan: &Plan, report: &mut Report) {
    let people = &mut report.people;
    people.active_before = context.population.active;
    people.created = plan.count(Action::Create);
    people.restored = plan.count(Action::Restore);
    people.archived = plan.count(Action::Archive);
    people.active_after =
        people.active_before + people.created + people.restored - people.archived.min(people.active_before);
}

fn account_holds(context: &Context<'_>, plan: &Plan, report: &mut Report) {
    let tonight = context.started.with_timezone(&context.district.zone).format("%Y-%m-%d").to_string();
    report.held = plan
        .holds
        .iter()
        .map(|hold| HeldReport {
            rule: hold.rule.to_string(),
            what: hold.what.as_str().to_owned(),
            scope: hold.scope.clone(),
            cause: hold.cause.clone(),
            count: hold.count,
            since: tonight.clone(),
            message: hold.message.clone(),
            waits_for_it: hold.waits_for_it,
        })
        .collect();
}

fn account_plan(plan: &Plan, done: &mut Done) {
    let steps = plan.apply.iter().map(|operation| (operation, None));
    let waiting = plan.wait.iter().map(|(operation, rule)| (operation, Some(rule.to_string())));
    for (operation, held) in steps.chain(waiting) {
        let (before, after) = super::apply::difference(operation.before.as_ref(), &operation.after);
        done.plan.push(PlanReport {
            action: operation.action.as_str().to_owned(),
            guid: operation.person.to_string(),
            rule: operation.rule.to_owned(),
            identity: operation.identity.map(str::to_owned),
            held,
            before,
            after,
        });
    }
}

fn is_refusal(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Failed | Verdict::Foreign | Verdict::Unassigned | Verdict::Refused)
}

fn state_of(stage: &Stage, plan: &Plan, report: &Report) -> &'static str {
    let refused = stage.asides.iter().any(|aside| is_refusal(aside.verdict));
    if plan.is_held() {
        "held"
    } else if stage.prepared.is_empty() && refused {
        "failed"
    } else if refused || report.rows.rejected > 0 || report.rows.held > 0 {
        "completed_with_errors"
    } else if stage.prepared.is_empty()
        && !stage.asides.is_empty()
        && stage.asides.iter().all(|a| a.verdict == Verdict::Superseded)
    {
        "superseded"
    } else {
        "completed"
    }
}

/// The contract's exit code of a run.
fn exit_of(stage: &Stage, plan: &Plan, report: &Report) -> u8 {
    if stage.asides.iter().any(|aside| is_refusal(aside.verdict)) {
        5
    } else if plan.is_held() {
        4
    } else if report.rows.rejected > 0 || report.rows.held > 0 {
        3
    } else {
        0
    }
}

/// Everything the run changes, in one transaction.
async fn write(
    context: &Context<'_>,
    stage: Stage,
    mut plan: Plan,
    loaded: Loaded,
    decisions: Vec<(i64, holds::Sets)>,
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
    for (rank, input) in context.inputs.iter().enumerate() {
        // A bridge of a feed that delivered nothing may have dissolved.
        if input.delivery.is_none()
            && let Some(outcome) = plan.feeds.get(&rank)
        {
            feeds::set_counts(&mut tx, input.meta.id, &outcome.counts).await?;
        }
    }
    write_asides(&mut tx, context, &stage, &ids).await?;
    write_answers(&mut tx, context, &plan, decisions).await?;
    write_holds(&mut tx, context, &stage, &plan, done).await?;
    write_rows(&mut tx, context, done).await?;
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

/// Feeds that were only planned get their numbers.
async fn real_feeds(
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
fn holders(plan: &Plan, loaded: &Loaded) -> HashMap<PersonId, Person> {
    plan.apply
        .iter()
        .filter_map(|operation| match operation.email_from {
            Some(EmailFrom::Archived(holder)) => loaded.slice.people.iter().find(|person| person.id == holder).cloned(),
            Some(EmailFrom::Leaving(holder)) => loaded
                .slice
                .people
                .iter()
                .find(|person| person.id == holder)
                .cloned()
                .map(|person| Person { email: None, ..person }),
            _ => None,
        })
        .map(|person| (person.id, person))
        .collect()
}

async fn write_feed(
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
            policy: delivery.policy,
            run: Some(context.id),
        },
    )
    .await?;
    if !is_applied {
        return Ok(());
    }
    let entries = entries(prepared, feed, outcome.map(|outcome| outcome.rows.as_slice()).unwrap_or_default(), applied);
    if prepared.mode == Mode::Patch {
        return write_patch(tx, prepared, feed, outcome, entries).await;
    }
    let entries = if prepared.mode == Mode::Merge { merged(&prepared.view, entries) } else { entries };
    if accepted {
        fingerprints::drop_list(tx, feed, Kind::Reference).await?;
    } else if prepared.reference.is_none() && prepared.feed.reference_delivery.is_some() {
        fingerprints::save(tx, feed, Kind::Reference, &prepared.view).await?;
    }
    fingerprints::save(tx, feed, Kind::View, &entries).await?;
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
fn domains(prepared: &Prepared) -> BTreeMap<String, u64> {
    let mut domains = prepared.read.domains.clone();
    let before = prepared.feed.reference.as_ref().map(|reference| reference.domains.clone()).unwrap_or_default();
    let total: u64 = before.values().sum();
    for (domain, n) in before {
        *domains.entry(domain).or_default() += (n * prepared.read.tally.known).checked_div(total).unwrap_or_default();
    }
    domains
}

/// The new view's entries, in file order.
fn entries(prepared: &Prepared, feed: FeedId, rows: &[RowResult], applied: &Applied) -> Vec<Entry> {
    let refused: HashSet<u64> =
        rows.iter().filter(|row| matches!(row.outcome, Outcome::Rejected(_))).map(|row| row.line).collect();
    prepared
        .read
        .seen
        .iter()
        .map(|seen| match prepared.view.get(seen.known as usize) {
            Some(entry) => *entry,
            None if refused.contains(&u64::from(seen.line)) => {
                Entry { key: seen.key, fingerprint: seen.fingerprint, claim: 0, flags: REJECTED }
            }
            None => {
                let (claim, settled) = applied.claims.get(&(feed, seen.fingerprint)).copied().unwrap_or_default();
                let flags = if settled { ACCEPTED | SETTLED } else { ACCEPTED };
                Entry { key: seen.key, fingerprint: seen.fingerprint, claim, flags }
            }
        })
        .collect()
}

/// A merge adds to the view: rows of the same key are replaced.
fn merged(view: &[Entry], new: Vec<Entry>) -> Vec<Entry> {
    let keys: HashMap<u64, Entry> = new.iter().map(|entry| (entry.key, *entry)).collect();
    let known: HashSet<u64> = view.iter().map(|entry| entry.key).collect();
    let kept = view.iter().map(|entry| keys.get(&entry.key).copied().unwrap_or(*entry));
    kept.chain(new.iter().filter(|entry| !known.contains(&entry.key)).copied()).collect()
}

/// A patch belongs to its parent's view and is never the reference.
async fn write_patch(
    tx: &mut Connection,
    prepared: &Prepared,
    feed: FeedId,
    outcome: Option<&crate::reconcile::plan::FeedOutcome>,
    entries: Vec<Entry>,
) -> Result<(), RunError> {
    let view = fingerprints::load(tx, feed, Kind::View).await?;
    if prepared.feed.reference_delivery == prepared.feed.view_delivery && prepared.feed.view_delivery.is_some() {
        // The reference stays what it was: rows as the parent delivery had them.
        fingerprints::save(tx, feed, Kind::View, &merged(&view, entries)).await?;
    } else {
        fingerprints::save(tx, feed, Kind::View, &merged(&view, entries)).await?;
    }
    if let Some(outcome) = outcome {
        feeds::set_counts(tx, feed, &outcome.counts).await?;
    }
    Ok(())
}

async fn write_asides(
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

/// An answer about dark cells is remembered until the cell is seen again (S3).
async fn write_answers(
    tx: &mut Connection,
    context: &Context<'_>,
    plan: &Plan,
    decisions: Vec<(i64, holds::Sets)>,
) -> Result<(), RunError> {
    for (id, mut sets) in decisions {
        let before = sets.dark.len();
        sets.dark.retain(|(feed, cause)| {
            let delivered =
                context.inputs.iter().enumerate().find(|(_, input)| input.meta.id == *feed && input.delivery.is_some());
            let Some((rank, _)) = delivered else { return true };
            let Some(outcome) = plan.feeds.get(&rank) else { return true };
            !outcome.applied || outcome.dark.contains(cause)
        });
        if sets.dark.len() != before {
            holds::set_sets(tx, id, &sets).await?;
        }
    }
    Ok(())
}

/// Opens tonight's questions; earlier ones about the same feeds are replaced by them.
async fn write_holds(
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

async fn write_rows(tx: &mut Connection, context: &Context<'_>, done: &Done) -> Result<(), RunError> {
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
    for outcome in done.outcomes.iter().filter(|outcome| outcome.outcome != "unchanged") {
        let Some(delivery) = ids.get(outcome.file.as_str()) else { continue };
        let stored = runs::StoredOutcome {
            delivery: *delivery,
            line: outcome.line,
            outcome: outcome.outcome.clone(),
            rule: outcome.rule.clone(),
            person: outcome.guid.as_deref().and_then(|guid| guid.parse().ok()),
        };
        runs::add_outcome(tx, context.id, &stored).await?;
    }
    for (file, finding) in &done.findings {
        if let Some(delivery) = ids.get(file.as_str()) {
            runs::add_finding(tx, context.id, *delivery, finding).await?;
        }
    }
    Ok(())
}
