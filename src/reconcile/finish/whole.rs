//! Deliveries held whole: nothing of them is read into the roster, every row waits.

use super::Finish;
use crate::reconcile::input::{Content, Delivery, WholeHold};
use crate::reconcile::outcome::{Outcome, RowResult};
use crate::reconcile::plan::{Action, FeedOutcome, Hold, Operation, Plan, What};

/// Deliveries held whole: nothing of them is read into the roster, every row waits.
pub(super) fn whole_deliveries(parts: &Finish<'_, '_>, plan: &mut Plan) {
    for (rank, holds) in &parts.whole {
        let Some(feed) = parts.input.feeds.get(*rank) else { continue };
        let Some(delivery) = &feed.delivery else { continue };
        let rule = holds.first().map_or("", |hold| hold.rule);
        let rows = delivery.rows.iter().map(|row| whole_row(row.line, &row.content, rule)).collect();
        plan.feeds.insert(
            *rank,
            FeedOutcome {
                feed: feed.meta.id,
                applied: false,
                accepted: false,
                held_by: Some(rule.into()),
                counts: feed.meta.counts.clone(),
                dark: Vec::new(),
                rows,
            },
        );
        let preview =
            parts.preview.as_ref().and_then(|preview| preview.get(rank)).map(Vec::as_slice).unwrap_or_default();
        for hold in holds {
            push_whole_hold(parts, *rank, hold, delivery, preview, plan);
        }
    }
}

pub(super) fn whole_row(line: u64, content: &Content, rule: &str) -> RowResult {
    let (outcome, rule) = match content {
        Content::Rejected { code, .. } => (Outcome::Rejected(code.clone()), crate::reconcile::admission::rule_of(code)),
        Content::Valid(_) => (Outcome::Held(rule.into()), rule),
    };
    RowResult { line, outcome, rule: rule.into(), person: None, findings: Vec::new() }
}

pub(super) fn push_whole_hold(
    parts: &Finish<'_, '_>,
    rank: usize,
    hold: &WholeHold,
    delivery: &Delivery,
    preview: &[Operation],
    plan: &mut Plan,
) {
    let Some(meta) = parts.input.feeds.get(rank).map(|feed| &feed.meta) else { return };
    let count = |action: Action| preview.iter().filter(|operation| operation.action == action).count();
    let effects = format!(
        "let in, it would create {}, restore {}, update {} and archive {}",
        count(Action::Create),
        count(Action::Restore),
        count(Action::Update),
        count(Action::Archive)
    );
    // Baselines of one source that wait together are one question (D17).
    if let Some(open) = plan.holds.iter_mut().find(|open| {
        &*open.rule == hold.rule && hold.rule == "D17" && open.scope.split('/').next() == Some(&*meta.source)
    }) {
        open.feeds.push(meta.id);
        open.deliveries.push(delivery.id);
        open.count += preview.len() as u64;
        open.scope = meta.source.to_string();
        open.message = format!("{}; {}: {effects}", open.message, meta.label());
        return;
    }
    plan.holds.push(Hold {
        rule: hold.rule.into(),
        what: What::Delivery,
        scope: meta.label(),
        cause: String::new(),
        feeds: vec![meta.id],
        deliveries: vec![delivery.id],
        count: preview.len() as u64,
        message: format!("{}; {effects}", hold.message),
        items: Vec::new(),
        waits_for_it: 0,
    });
}
