//! Verdicts on a delivery that was read (design section 3, in its order): late, foreign, empty,
//! truncated, baseline, upside down, a step back, a cut.

use chrono::TimeDelta;
use rosterd_contract::{Finding, Mode, Verdict};

use super::read::Read;
use super::{District, Source};
use crate::reconcile::classify::{self, DateKind};
use crate::reconcile::input::WholeHold;
use crate::store::deliveries::{DeliveryState, StoredDelivery};
use crate::store::feeds::StoredFeed;

/// An older delivery this long ago is not what a sender means by sending it again (D04).
const OLD_EXPORT: TimeDelta = TimeDelta::days(7);

/// What is known when a delivery is judged.
pub struct Case<'a> {
    pub district: &'a District,
    pub source: &'a Source,
    pub feed: &'a StoredFeed,
    pub delivery: &'a StoredDelivery,
    pub mode: Mode,
    pub read: &'a Read,
    /// Deliveries of the feed, newest first, this one left out.
    pub history: &'a [StoredDelivery],
    pub again: bool,
    /// The last view's rows are all here, key by key.
    pub nobody_missing: bool,
    /// The last row equals the accepted one of its key.
    pub last_row_known: bool,
    /// Rules whose hold on this delivery an operator lifted.
    pub lifted: &'a std::collections::BTreeSet<String>,
}

/// The verdict.
#[derive(Debug)]
pub struct Judgement {
    pub verdict: Verdict,
    /// Nothing of it is applied and nothing waits.
    pub refused: Option<String>,
    /// It is kept and not applied (D05).
    pub late: bool,
    pub whole: Vec<WholeHold>,
    pub findings: Vec<Finding>,
    /// D04: held if going back would change more than a few people.
    pub step_back: bool,
}

/// Judges a delivery.
pub fn judge(case: &Case<'_>) -> Judgement {
    let mut judgement = Judgement {
        verdict: if case.mode == Mode::Patch { Verdict::Patch } else { Verdict::Accepted },
        refused: None,
        late: false,
        whole: Vec::new(),
        findings: Vec::new(),
        step_back: false,
    };
    if case.mode != Mode::Patch {
        same_bytes(case, &mut judgement);
        late(case, &mut judgement);
    }
    if !judgement.late {
        foreign(case, &mut judgement);
    }
    if judgement.refused.is_none() {
        empty(case, &mut judgement);
    }
    if judgement.refused.is_none() && !judgement.late {
        truncated(case, &mut judgement);
        baseline(case, &mut judgement);
        upside_down(case, &mut judgement);
        cut(case, &mut judgement);
        strict(case, &mut judgement);
        one_question(&mut judgement);
    }
    judgement
}

/// D03 and D04.
fn same_bytes(case: &Case<'_>, judgement: &mut Judgement) {
    let same = |other: &&StoredDelivery| other.sha256 == case.delivery.sha256;
    // A correction is never what the next snapshot is compared with.
    let applied =
        |other: &&StoredDelivery| other.state == DeliveryState::Applied && other.verdict != Some(Verdict::Patch);
    let last = case.history.iter().find(applied);
    if last.is_some_and(|last| last.sha256 == case.delivery.sha256) {
        if case.again || last.is_some_and(|last| last.policy == case.delivery.policy) {
            judgement.verdict = if case.again { judgement.verdict } else { Verdict::Identical };
        }
        return;
    }
    if case.again {
        return;
    }
    let Some(older) = case.history.iter().filter(|other| other.accepted).find(same) else { return };
    // The same bytes on two more nights are a normal delivery.
    let nights = case.history.iter().take_while(same).filter(|other| !applied(other)).count();
    if nights >= 2 {
        judgement.findings.push(Finding::note(
            "step-back",
            0,
            "an older export came three times in a row and is taken as meant",
        ));
        return;
    }
    if case.delivery.received_at - older.received_at > OLD_EXPORT {
        hold_regression(judgement, older);
    } else {
        judgement.step_back = true;
        judgement.findings.push(Finding::note(
            "step-back",
            0,
            "the same bytes were delivered before, and others since",
        ));
    }
}

/// D04: the whole delivery waits.
pub fn hold_regression(judgement: &mut Judgement, older: &StoredDelivery) {
    judgement.verdict = Verdict::Regression;
    let date = older.received_at.format("%Y-%m-%d");
    judgement
        .whole
        .push(WholeHold { rule: "D04", message: format!("an old export was dropped again: the bytes of {date}") });
}

/// D05.
fn late(case: &Case<'_>, judgement: &mut Judgement) {
    if case.lifted.contains("D05") || judgement.verdict == Verdict::Identical {
        return;
    }
    let kind = DateKind::from_word(&case.delivery.stated_kind).unwrap_or(DateKind::Arrival);
    let last = case
        .feed
        .reference
        .as_ref()
        .and_then(|reference| Some((reference.stated_at?, DateKind::from_word(&reference.stated_kind)?)));
    if !classify::is_late((case.delivery.stated_at, kind), last) {
        return;
    }
    judgement.verdict = Verdict::Late;
    judgement.late = true;
    judgement.whole.clear();
    judgement.step_back = false;
    if case.feed.late + 1 >= 3 {
        let message = format!("{} deliveries in a row are older than what was taken last", case.feed.late + 1);
        judgement.whole.push(WholeHold { rule: "D05", message });
    }
}

/// D18.
fn foreign(case: &Case<'_>, judgement: &mut Judgement) {
    let mut reference = case.feed.reference.as_ref().map(|r| r.domains.clone()).unwrap_or_default();
    reference.remove("");
    let limits = &case.district.policy.limits;
    let mut seen = case.read.domains.clone();
    if case.read.tally.known > 0 {
        // Rows known to the letter carry addresses of the reference's domains.
        let usual = reference.iter().max_by_key(|(_, n)| **n).map(|(domain, _)| domain.clone());
        let home = usual.or_else(|| case.district.policy.email_domains.first().cloned());
        if let Some(home) = home {
            *seen.entry(home).or_default() += case.read.tally.known;
        }
    }
    if let Some(domains) = classify::foreign_domains(limits, &case.district.policy.email_domains, &reference, &seen) {
        let list: Vec<String> = domains.iter().take(5).map(|(domain, n)| format!("{domain} ({n})")).collect();
        judgement.verdict = Verdict::Foreign;
        judgement.refused = Some(format!(
            "most addresses are not this district's: {}; nothing was applied, since this may be another district's file",
            list.join(", ")
        ));
    }
}

/// D13.
fn empty(case: &Case<'_>, judgement: &mut Judgement) {
    if case.read.valid == 0 && case.mode != Mode::Patch {
        judgement.verdict = Verdict::Failed;
        judgement.late = false;
        judgement.whole.clear();
        let rows = case.read.tally.read;
        let message = if rows == 0 {
            "the file has no rows; nothing changes".to_owned()
        } else {
            format!("none of the {rows} rows is valid; nothing changes")
        };
        let finding = Finding::error("empty", 0, message.clone());
        judgement.findings.push(finding.cure("export the file again; a list of nobody is never believed"));
        judgement.refused = Some(message);
    }
}

/// D12.
fn truncated(case: &Case<'_>, judgement: &mut Judgement) {
    let cut = case.read.ending.cut();
    let had_newline = case.feed.reference.as_ref().is_some_and(|reference| reference.final_newline);
    let whole_last = case.last_row_known && case.nobody_missing;
    let unended = had_newline && !case.read.ending.final_newline && !whole_last && case.read.tally.read > 0;
    let finding = cut.or_else(|| {
        unended.then(|| {
            Finding::error("cut-off", case.read.ending.last_line, "the last line does not end, as it did before")
                .cure("export the file again and send it whole")
        })
    });
    if let Some(finding) = finding {
        judgement.verdict = Verdict::Truncated;
        judgement
            .whole
            .push(WholeHold { rule: "D12", message: format!("the file seems to be cut off: {}", finding.message) });
        judgement.findings.push(finding);
    }
}

/// D17.
fn baseline(case: &Case<'_>, judgement: &mut Judgement) {
    if case.feed.confirmed || case.mode == Mode::Patch {
        return;
    }
    if !case.source.baseline_applies && !case.delivery.accept_baseline && !case.lifted.contains("D17") {
        if judgement.verdict == Verdict::Accepted {
            judgement.verdict = Verdict::Baseline;
        }
        judgement.whole.push(WholeHold {
            rule: "D17",
            message: "first delivery of this feed: its plan is shown once for a yes".to_owned(),
        });
    }
}

/// A14.
fn upside_down(case: &Case<'_>, judgement: &mut Judgement) {
    if case.mode != Mode::Snapshot {
        return;
    }
    let reference = case.feed.reference.as_ref().map(|reference| (reference.inactive, reference.rows));
    let rows = case.read.tally.read;
    if classify::is_upside_down(&case.district.policy.limits, case.read.tally.inactive, rows, reference) {
        let inactive = case.read.tally.inactive;
        let active = rows - inactive;
        judgement.whole.push(WholeHold {
            rule: "A14",
            message: format!(
                "{inactive} of {rows} rows say inactive and {active} active: the words may be upside down"
            ),
        });
    }
}

/// G01's harder case.
fn cut(case: &Case<'_>, judgement: &mut Judgement) {
    let Some(against) = &case.read.tally.against else { return };
    if case.mode == Mode::Snapshot && classify::is_cut(&case.district.policy.limits, against, case.read.tally.read) {
        judgement.whole.push(WholeHold {
            rule: "G01",
            message: format!(
                "{} rows instead of {}, and none of the reference after record {}: the file looks cut there",
                case.read.tally.read, against.rows, against.until_last_present
            ),
        });
    }
}

/// Several reasons to hold one delivery are one question, under the first of them.
fn one_question(judgement: &mut Judgement) {
    let mut reasons = std::mem::take(&mut judgement.whole).into_iter();
    judgement.whole.extend(reasons.next());
    if let Some(first) = judgement.whole.first_mut() {
        for more in reasons {
            first.message = format!("{}; {} ({})", first.message, more.message, more.rule);
        }
    }
}

/// One bad row refuses the file where the source says so.
fn strict(case: &Case<'_>, judgement: &mut Judgement) {
    let rejected = case.read.seen.fresh().filter(|row| row.rejected).count();
    if case.source.strict && rejected > 0 {
        judgement.verdict = Verdict::Refused;
        judgement.whole.clear();
        judgement.refused = Some(format!("{rejected} rows have errors and the source is strict: nothing was applied"));
    }
}
