//! `explain`: why a person or a row is as it is, on which evidence, and what would change it.

use rosterd_contract::finding::shown;
use serde_json::{Value, json};

use super::output::Printer;
use crate::actions::find;
use crate::installation::Failure;
use crate::installation::Opened;
use crate::pipeline::report::{finding_json, shown_time};
use crate::pipeline::{District, text};
use crate::reconcile::rules::sentence;
use crate::roster::{Claim, Person, PresencePin, State};
use crate::store::{Connection, claims, deliveries, history, runs};

/// Explains a person, or a row named RUN:FILE:LINE.
///
/// # Errors
/// The store's, or a word that means nothing.
pub async fn explain(opened: &Opened, district: Option<&str>, what: &str, printer: &Printer) -> Result<u8, Failure> {
    if let Some((run, file, line)) = row_words(what) {
        return row(opened, run, file, line, printer).await;
    }
    let district = find::district(&opened.districts, district)?;
    let mut connection = find::reader(&opened.app).await?;
    let (row, person) = find::person(&mut connection, district, what).await?;
    let story = story(&mut connection, district, row, &person).await?;
    if printer.json {
        printer.line(&story);
    } else {
        printer.text(&person_text(&person, &story));
    }
    Ok(0)
}

/// `RUN:FILE:LINE`; a file name may hold colons.
fn row_words(what: &str) -> Option<(&str, &str, u64)> {
    let (run, rest) = what.split_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    let hex = run.len() >= 4 && run.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    (hex && !file.is_empty()).then_some(())?;
    Some((run, file, line.parse().ok()?))
}

/// The story of a person, as text.
///
/// # Errors
/// The store's, or a word that means nobody.
pub async fn told(opened: &Opened, district: Option<&str>, what: &str) -> Result<String, Failure> {
    let district = find::district(&opened.districts, district)?;
    let mut connection = find::reader(&opened.app).await?;
    let (row, person) = find::person(&mut connection, district, what).await?;
    let story = story(&mut connection, district, row, &person).await?;
    Ok(person_text(&person, &story))
}

async fn story(connection: &mut Connection, district: &District, row: i64, person: &Person) -> Result<Value, Failure> {
    let claims = claims::of_person(connection, row, person.id).await?;
    let history = history::of_person(connection, row).await?;
    let mut evidence = Vec::new();
    for (source, feed, claim) in &claims {
        let delivery = deliveries::get(connection, claim.evidence.delivery).await?;
        evidence.push(json!({
            "feed": format!("{source}/{feed}"),
            "class": claim.class,
            "says": claim.record.status,
            "delivery": claim.evidence.delivery,
            "file": delivery.map(|delivery| delivery.name),
            "line": claim.evidence.line,
            "leaving": claim.gone.is_some(),
            "absent_since": claim.gone.as_ref().map(|gone| shown_time(gone.since_at)),
            "confirmations": claim.gone.as_ref().map(|gone| gone.confirmations),
            "held_by": claim.gone.as_ref().and_then(|gone| gone.held.clone()),
            "kept_by_decision": claim.gone.as_ref().is_some_and(|gone| gone.kept.is_some()),
        }));
    }
    let last = history.last();
    let mut last_file = None;
    if let Some(at) = last.and_then(|change| change.evidence) {
        last_file = deliveries::get(connection, at.delivery).await?.map(|delivery| delivery.name);
    }
    let rule = rule_now(person, &claims, last.map(|change| change.rule.as_str()));
    Ok(json!({
        "guid": person.id,
        "district": district.id,
        "state": person.state.shown(),
        "rule": rule,
        "because": sentence(&rule),
        "claims": evidence,
        "pins": person.pins.iter().map(|pin| json!({
            "field": pin.attribute, "overrode": pin.overrode, "since": shown_time(pin.since),
        })).collect::<Vec<_>>(),
        "last_change": last.map(|change| json!({
            "at": shown_time(change.at), "run": change.run, "action": change.action, "rule": change.rule,
            "identity_rule": change.identity_rule, "because": sentence(&change.rule),
            "file": last_file, "line": change.evidence.map(|evidence| evidence.line),
            "delivery": change.evidence.map(|evidence| evidence.delivery),
            "before": super::people::parsed(change.before.as_deref()),
            "after": super::people::parsed(change.after.as_deref()),
        })),
        "would_change_it": would_change(person, &claims),
    }))
}

/// The rule of the presence table that holds the person as they are.
fn rule_now(person: &Person, claims: &[(String, String, Claim)], last: Option<&str>) -> String {
    let live = claims.iter().any(|(_, _, claim)| claim.gone.is_none());
    let rejected = claims.iter().any(|(_, _, claim)| claim.seen == crate::roster::SeenAs::Rejected);
    match (person.state, person.presence_pin) {
        (State::Suspended, _) | (_, PresencePin::Suspend) => "P01",
        (State::ArchivedAdmin, _) => "P02",
        (State::ArchivedAuto, _) => last.unwrap_or("P28"),
        (State::Active, PresencePin::Keep) if !live => "P29",
        (State::Active, _) if rejected => "P24",
        (State::Active, _) if live => "P17",
        (State::Active, _) if !claims.is_empty() => "P25",
        (State::Active, _) => "P27",
        (State::Erased, _) => "",
    }
    .to_owned()
}

fn would_change(person: &Person, claims: &[(String, String, Claim)]) -> Vec<String> {
    let mut list = Vec::new();
    match person.state {
        State::ArchivedAdmin => list.push("`people restore` brings the person back; no file does".to_owned()),
        State::ArchivedAuto => {
            list.push("a newer delivery that lists the person brings them back with the same GUID".to_owned())
        }
        State::Suspended => list.push("`people pin PERSON none` ends the suspension".to_owned()),
        State::Active | State::Erased => {}
    }
    for (source, feed, claim) in claims.iter().filter(|_| person.state == State::Active) {
        list.push(match &claim.gone {
            None => format!("a complete delivery of {source}/{feed} without the person ends this claim"),
            Some(gone) if gone.kept.is_some() => {
                format!("an operator rejected the removal; it is asked again when {source}/{feed} lists the person again and drops them")
            }
            Some(gone) if gone.held.is_some() => {
                format!("`runs approve` archives the person; a delivery of {source}/{feed} with the person cancels it")
            }
            Some(_) => format!("one more complete delivery of {source}/{feed} without the person archives them"),
        });
    }
    if person.presence_pin == PresencePin::Keep {
        list.push("the pin `keep` holds the person active whatever the files say".to_owned());
    }
    list
}

fn person_text(person: &Person, story: &Value) -> String {
    let word = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut out = format!("{} {} is {}\n", shown(person.given()), shown(person.family()), person.state.shown());
    text::wrap(&mut out, &format!("  because {} ({})", word(story, "because"), word(story, "rule")), 4, 80);
    let empty = Vec::new();
    let claims = story.get("claims").and_then(Value::as_array).unwrap_or(&empty);
    out.push_str("\nWho says so\n");
    if claims.is_empty() {
        out.push_str("  no source claims this person now\n");
    }
    for claim in claims {
        let line = claim.get("line").and_then(Value::as_u64).unwrap_or_default();
        let state = if claim.get("leaving").and_then(Value::as_bool) == Some(true) {
            format!(", absent since {}", word(claim, "absent_since"))
        } else {
            String::new()
        };
        let text = format!(
            "  {} ({}): {} line {line}{state}",
            word(claim, "feed"),
            word(claim, "class"),
            shown(&word(claim, "file"))
        );
        text::wrap(&mut out, &text, 4, 80);
    }
    if let Some(last) = story.get("last_change").filter(|last| !last.is_null()) {
        out.push_str("\nLast change\n");
        let place = match (last.get("file").and_then(Value::as_str), last.get("line").and_then(Value::as_u64)) {
            (Some(file), Some(line)) if line > 0 => format!(", {} line {line}", shown(file)),
            (Some(file), _) => format!(", {}", shown(file)),
            _ => String::new(),
        };
        let run = word(last, "run");
        let head = format!(
            "  {} {} by {} in run {}{place}",
            word(last, "at"),
            word(last, "action"),
            word(last, "rule"),
            text::short(&run)
        );
        text::wrap(&mut out, &head, 4, 80);
        if let (Some(before), Some(after)) = (last.get("before"), last.get("after").and_then(Value::as_object)) {
            for (name, value) in after.iter().filter(|(name, _)| *name != "classes") {
                let old = before.get(name).and_then(Value::as_str).unwrap_or_default();
                let said = |text: &str| if text.is_empty() { "(none)".to_owned() } else { shown(text) };
                out.push_str(&format!(
                    "    {name}: {} → {}
",
                    said(old),
                    said(value.as_str().unwrap_or_default())
                ));
            }
        }
    }
    out.push_str("\nWhat would change it\n");
    for line in story.get("would_change_it").and_then(Value::as_array).unwrap_or(&empty) {
        text::wrap(&mut out, &format!("  - {}", line.as_str().unwrap_or_default()), 4, 80);
    }
    out
}

async fn row(opened: &Opened, run: &str, file: &str, line: u64, printer: &Printer) -> Result<u8, Failure> {
    let mut connection = find::reader(&opened.app).await?;
    let run = find::run(&mut connection, run).await?;
    let deliveries = deliveries::of_run(&mut connection, run.id).await?;
    let Some(delivery) = deliveries.iter().find(|delivery| delivery.name == file) else {
        let names: Vec<String> = deliveries.iter().map(|delivery| shown(&delivery.name)).collect();
        return Err(Failure::usage(
            format!("run {} took no file {}", run.id, shown(file)),
            Some(format!("it took: {}", names.join(", "))),
        ));
    };
    let recorded = runs::outcomes(&mut connection, run.id).await?;
    let mine = recorded.iter().find(|outcome| outcome.delivery == delivery.id && outcome.line == line);
    let path = opened.app.spool.path(&run.district, &delivery.sha256);
    if mine.is_none() && !crate::pipeline::keys_of(&path, &delivery.name).iter().any(|row| row.line == line) {
        return Err(Failure::usage(
            format!("{} has no row on line {line}", shown(file)),
            Some("line 1 is the header; blank lines are no rows".to_owned()),
        ));
    }
    let change = history::of_run(&mut connection, run.id)
        .await?
        .into_iter()
        .find(|change| change.evidence.is_some_and(|at| at.delivery == delivery.id && at.line == line));
    let identity = change.as_ref().map(|change| change.rule.clone());
    let outcome = mine.map_or("unchanged", |outcome| outcome.outcome.as_str());
    let rule = mine.map_or("P17", |outcome| outcome.rule.as_str());
    let findings: Vec<_> = super::runs::findings(&mut connection, run.id)
        .await?
        .into_iter()
        .filter(|(of, finding)| of == file && finding.line == line)
        .collect();
    let value = json!({
        "run": run.id, "file": file, "line": line, "delivery": delivery.id, "outcome": outcome, "rule": rule,
        "because": sentence(rule), "person_rule": identity, "guid": mine.and_then(|outcome| outcome.person),
        "findings": findings.iter().map(|(file, finding)| finding_json(file, finding)).collect::<Vec<_>>(),
    });
    if printer.json {
        printer.line(&value);
        return Ok(0);
    }
    let mut out = format!("{} line {line}: {outcome}\n", shown(file));
    text::wrap(&mut out, &format!("  because {} ({rule})", sentence(rule)), 4, 80);
    if let Some(identity) = &identity {
        text::wrap(&mut out, &format!("  {} ({identity})", sentence(identity)), 4, 80);
    }
    for (_, finding) in &findings {
        text::wrap(&mut out, &format!("  {}: {} {}", finding.column, finding.message, finding.value), 4, 80);
        if !finding.fix.is_empty() {
            text::wrap(&mut out, &format!("    → {}", finding.fix), 6, 80);
        }
    }
    if let Some(person) = mine.and_then(|outcome| outcome.person) {
        out.push_str(&format!("  person {person}: `rosterd explain {person}` tells more\n"));
    }
    printer.text(&out);
    Ok(0)
}
