//! Findings of the reconciliation, in sentences that say why and what to do.

use rosterd_contract::Finding;

use super::Finish;
use crate::reconcile::merge::{Remark, RemarkKind};
use crate::reconcile::outcome::{Outcome, RowResult};
use crate::reconcile::resolve::{Candidate, damaged_of};
use crate::roster::PersonId;

pub(super) fn email_in_use(parts: &Finish<'_, '_>, candidate: &Candidate, rejected: bool) -> Finding {
    let holder = candidate.b.and_then(|id| parts.resolved.world.person(id));
    let who = match holder.and_then(|person| person.numbers.first()) {
        Some((class, number)) => format!("the {class} with number {number}"),
        None => "another active person".to_owned(),
    };
    let email = candidate.group.record.email.as_deref().unwrap_or_default();
    let message = format!("the address belongs to {who}, who keeps it");
    let finding = if rejected {
        Finding::error("email-in-use", candidate.group.line, message)
    } else {
        Finding::warning("email-in-use", candidate.group.line, format!("{message}; the row goes in without it"))
    };
    finding.at("email", email).cure("give one of the two another address")
}

pub(super) fn reject_finding(parts: &Finish<'_, '_>, candidate: &Candidate, code: &str) -> Finding {
    let line = candidate.group.line;
    let number = candidate.group.record.number.as_deref().unwrap_or_default();
    if code == "number-damaged" {
        let world = &parts.resolved.world;
        let stored = damaged_of(world, &candidate.group)
            .and_then(|id| world.person(id))
            .and_then(|person| person.numbers.iter().find(|(class, _)| *class == candidate.group.class))
            .map(|(_, number)| number.to_string())
            .unwrap_or_default();
        let message = format!("the number looks damaged: {stored} is on record for a person of this name");
        return Finding::error(code, line, message)
            .at("number", number)
            .cure("format the number column as text before saving, so that zeros stay");
    }
    Finding::error(code, line, "the row has neither a number nor an e-mail, so it cannot be told whose it is")
        .cure("add the number or the e-mail")
}

pub(super) fn review_finding(line: u64, kind: &str) -> Finding {
    let message = match kind {
        "number-clash" => "the number belongs to somebody else than the name and address say",
        "number-reused" => "the number was somebody else's: it may have passed to another person",
        "renamed-while-away" => "the number belongs to an archived person of another name",
        "shared-address" => "the address belongs to a person of another name",
        "re-key-suspected" => "the same person seems to have a new number in this file",
        "returning-suspected" => "an archived person of this name had this address and was archived by hand",
        "alias-with-other-number" => "the address was once that of a person of this name with another number",
        "near-twin" => "a person of this name at this school comes through a sync",
        _ => "it cannot be told whose row this is",
    };
    Finding::warning(
        kind,
        line,
        format!("{message}; the row waits for review and everybody involved stays as they are"),
    )
    .cure("correct the row, or merge the two people by hand")
}

pub(super) fn remark_finding(line: u64, remark: &Remark) -> Finding {
    let (code, message) = match remark.kind {
        RemarkKind::Drift => ("drift", "the roster holds another value and keeps it"),
        RemarkKind::ConflictKept => {
            ("conflict", "both the source and an operator changed it; the operator's value stays")
        }
        RemarkKind::ConflictTaken => {
            ("conflict-taken", "both the source and an operator changed it; the source's value counts")
        }
        RemarkKind::Disagreement => ("disagreement", "a source of higher rank says otherwise"),
    };
    Finding::note(code, line, message).at(remark.attribute.as_str(), &remark.theirs)
}

/// Two rows of one delivery that reach one person by different keys.
pub fn two_rows_one_person(line: u64, lines: &[u64], person: PersonId) -> RowResult {
    let others: Vec<String> = lines.iter().filter(|other| **other != line).map(u64::to_string).collect();
    let message = format!("line {} is about the same person by another key; none of them goes in", others.join(", "));
    RowResult {
        line,
        outcome: Outcome::Rejected("duplicate-conflict".into()),
        rule: "K00".into(),
        person: Some(person),
        findings: vec![Finding::error("duplicate-conflict", line, message).cure("keep one row a person")],
    }
}
