//! The account of a run: report, findings, outcomes, plan, state and exit code.

use std::collections::HashSet;

use rosterd_contract::{Finding, Mode, Verdict};

use super::prepare::{Aside, Prepared, Stage};
use super::report::{DeliveryReport, HeldReport, OutcomeReport, PlanReport, Report, shown_time};
use super::run::{Context, Done, Request};
use super::sights::What;
use crate::reconcile::plan::{Action, Plan};
use crate::store::deliveries::StoredDelivery;

/// The account of the run: report, findings, outcomes, plan.
pub(super) fn account(context: &Context<'_>, stage: &Stage, plan: &Plan, request: &Request) -> Done {
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

pub(super) fn account_prepared(
    context: &Context<'_>,
    prepared: &Prepared,
    plan: &Plan,
    all_rows: bool,
    done: &mut Done,
) {
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
        for sight in prepared.read.seen.iter().filter(|sight| !listed.contains(&sight.line)) {
            let person = match sight.what {
                What::Known(place) => prepared.view.get(place).and_then(|entry| prepared.people.get(&entry.claim)),
                What::Fresh(_) => None,
            };
            done.outcomes.push(OutcomeReport {
                file: file.clone(),
                line: sight.line,
                outcome: "unchanged".to_owned(),
                rule: "P17".to_owned(),
                guid: person.map(|person| person.to_string()),
            });
        }
    }
}

pub(super) fn delivery_report(
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

pub(super) fn account_aside(aside: &Aside, done: &mut Done) {
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

pub(super) fn account_people(context: &Context<'_>, plan: &Plan, report: &mut Report) {
    let people = &mut report.people;
    people.active_before = context.population.active;
    people.created = plan.count(Action::Create);
    people.restored = plan.count(Action::Restore);
    people.archived = plan.count(Action::Archive);
    people.active_after =
        people.active_before + people.created + people.restored - people.archived.min(people.active_before);
}

pub(super) fn account_holds(context: &Context<'_>, plan: &Plan, report: &mut Report) {
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

pub(super) fn account_plan(plan: &Plan, done: &mut Done) {
    let steps = plan.apply.iter().map(|operation| (operation, None));
    let waiting = plan.wait.iter().map(|(operation, rule)| (operation, Some(rule.to_string())));
    for (operation, held) in steps.chain(waiting) {
        let (before, after) = super::apply::difference(operation.before.as_ref(), &operation.after);
        done.plan.push(PlanReport {
            action: operation.action.as_str().to_owned(),
            guid: operation.person.to_string(),
            name: format!("{} {}", operation.after.given(), operation.after.family()).trim().to_owned(),
            rule: operation.rule.to_owned(),
            identity: operation.identity.map(str::to_owned),
            held,
            before,
            after,
        });
    }
}

pub(super) fn is_refusal(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Failed | Verdict::Foreign | Verdict::Unassigned | Verdict::Refused)
}

pub(super) fn state_of(stage: &Stage, plan: &Plan, report: &Report) -> &'static str {
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
pub(super) fn exit_of(stage: &Stage, plan: &Plan, report: &Report) -> u8 {
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
