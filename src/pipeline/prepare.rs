//! From arrivals to deliveries that were read and judged: which feed, which version, what it says.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rosterd_contract::{Finding, Mode, Verdict};

use super::arrive::{self, Arrival, Patch, Sorted};
use super::judge::{Case, Judgement, judge};
use super::read::{self, Read, ReadError, Reading};
use super::run::{Request, RunError};
use super::sights::What;
use super::{App, District, Source};
use crate::reconcile::input::{Content, WholeHold};
use crate::reconcile::outcome::{Outcome, RowResult};
use crate::roster::{DeliveryId, FeedId, PersonId};
use crate::store::deliveries::{self, DeliveryState, StoredDelivery};
use crate::store::feeds::StoredFeed;
use crate::store::fingerprints::{self, Kind, List};
use crate::store::{Connection, claims};

/// A delivery that was read and judged.
pub(super) struct Prepared {
    pub(super) arrival: Arrival,
    pub(super) feed: StoredFeed,
    pub(super) mode: Mode,
    pub(super) read: Read,
    pub(super) view: List,
    pub(super) reference: Option<List>,
    /// Claims whose rows must be looked at again: no row is known to the letter for them.
    pub(super) unsettled: HashSet<i64>,
    /// People of the feed's claims; read for dry runs only, which list every row.
    pub(super) people: HashMap<i64, PersonId>,
    pub(super) version: u64,
    pub(super) judgement: Judgement,
    pub(super) older: Option<StoredDelivery>,
}

impl Prepared {
    /// Claims of the feed that no row known to the letter carries: those of the view's other rows,
    /// and those whose rows are never taken as known.
    pub(super) fn unmatched(&self) -> BTreeSet<i64> {
        let mut claims = self.read.seen.unmatched(&self.view);
        claims.extend(self.unsettled.iter().copied());
        claims
    }
}

/// A delivery that does not take part, with the reason.
pub(super) struct Aside {
    pub(super) arrival: Arrival,
    pub(super) feed: Option<(FeedId, String)>,
    pub(super) verdict: Verdict,
    pub(super) state: DeliveryState,
    pub(super) message: String,
    pub(super) format: Option<&'static str>,
    pub(super) findings: Vec<Finding>,
    pub(super) rows: Vec<RowResult>,
    /// A question about it, e.g. D05 or D06.
    pub(super) hold: Option<WholeHold>,
}

#[derive(Default)]
pub(super) struct Stage {
    pub(super) prepared: Vec<Prepared>,
    pub(super) asides: Vec<Aside>,
    /// Held deliveries that a newer one replaces.
    pub(super) replaced: Vec<DeliveryId>,
    pub(super) dry_feeds: i64,
    /// Whole holds that an operator lifted, by delivery and rule.
    pub(super) lifted: BTreeSet<(DeliveryId, String)>,
}

/// Arrivals of one feed, newest first.
pub(super) struct Group {
    pub(super) source: String,
    pub(super) feed: String,
    pub(super) mode: Option<Mode>,
    pub(super) patch: Option<Patch>,
    pub(super) arrivals: Vec<Arrival>,
}

pub(super) async fn group_by_feed(
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

pub(super) async fn prepare(
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

pub(super) fn new_feed(id: FeedId, source: &str, name: &str) -> StoredFeed {
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
pub(super) fn superseded(
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
pub(super) async fn read_one(
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
    let view = if stored_id && !is_patch {
        fingerprints::load(connection, feed.id, Kind::View).await?
    } else {
        List::default()
    };
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
        reference: reference.as_ref(),
        unsettled: &unsettled,
    };
    let read = tokio::task::block_in_place(|| {
        let mut read = read::read(&reading)?;
        loop {
            let lines = read.seen.entangled();
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
    let known_last = read.seen.last().is_some_and(|last| matches!(last.what, What::Known(_)));
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

pub(super) fn mode_of(group: &Group, source: &Source, arrival: &Arrival, read: &Read) -> Mode {
    let asked = arrival.delivery.mode.as_deref().and_then(Mode::from_word).filter(|mode| *mode != Mode::Patch);
    group.mode.or(asked).or(source.mode).unwrap_or(read.format.mode)
}

pub(super) fn unreadable(feed: &StoredFeed, arrival: Arrival, error: &rosterd_formats::TableError) -> Aside {
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

pub(super) fn refused(feed: &StoredFeed, arrival: Arrival, read: Read, judgement: Judgement) -> Aside {
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

pub(super) fn refused_row(row: &crate::reconcile::input::Row, verdict: Verdict) -> RowResult {
    let code: Box<str> = match &row.content {
        Content::Rejected { code, .. } => code.clone(),
        Content::Valid(_) => verdict.as_str().into(),
    };
    let rule = crate::reconcile::admission::rule_of(&code).into();
    RowResult { line: row.line, outcome: Outcome::Rejected(code), rule, person: None, findings: Vec::new() }
}

/// D14: rows that correct nothing we know are rejected.
pub(super) fn reject_unknown_fixes(patch: &Patch, read: &mut Read) {
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
            read.seen.reject(row.line);
        }
    }
}
