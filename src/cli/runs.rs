//! `runs list` and `runs show`.

use rosterd_contract::Finding;
use serde_json::{Value, json};

use super::output::Printer;
use crate::actions::find;
use crate::installation::Failure;
use crate::installation::Opened;
use crate::pipeline::report::{Report, finding_json, shown_time};
use crate::pipeline::text;
use crate::roster::RunId;
use crate::store::runs::StoredRun;
use crate::store::{Connection, deliveries, history, holds, runs};

/// Lists runs, newest first.
///
/// # Errors
/// The store's.
pub async fn list(opened: &Opened, district: Option<&str>, limit: u32, printer: &Printer) -> Result<u8, Failure> {
    if let Some(name) = district {
        find::district(&opened.districts, Some(name))?;
    }
    let mut connection = find::reader(&opened.app).await?;
    let runs = runs::list(&mut connection, district, i64::from(limit)).await?;
    let mut rows = Vec::new();
    for run in &runs {
        let report = report_of(run);
        if printer.json {
            let mut value = report.with(&[]);
            if let Some(object) = value.as_object_mut() {
                object.insert("kind".to_owned(), json!(run.kind));
                object.insert("note".to_owned(), json!(run.note));
            }
            printer.line(&value);
            continue;
        }
        let files: Vec<&str> = report.deliveries.iter().map(|delivery| delivery.file.as_str()).collect();
        rows.push(vec![
            text::short(&run.id.to_string()).to_owned(),
            run.started_at.format("%Y-%m-%d %H:%M").to_string(),
            run.state.replace("completed_with_errors", "with errors"),
            report.rows.read.to_string(),
            waiting_rules(&report),
            rosterd_contract::finding::shown(&files.join(", ")),
        ]);
    }
    if !printer.json && rows.is_empty() {
        printer.text("No runs yet; `rosterd sync` makes one when a file has arrived.\n");
    } else if !printer.json {
        printer.table(&["RUN", "STARTED (UTC)", "STATE", "ROWS", "HELD", "FILES"], &rows);
    }
    Ok(0)
}

/// Rules of the questions that are open.
fn waiting_rules(report: &Report) -> String {
    let rules = report.held.iter().filter(|_| report.state == "held").map(|hold| hold.rule.as_str());
    rules.collect::<Vec<_>>().join(" ")
}

/// The report of a run, with the state the run has now.
pub fn report_of(run: &StoredRun) -> Report {
    let mut report: Report = serde_json::from_str(&run.report).unwrap_or_default();
    report.run = run.id.to_string();
    report.district.clone_from(&run.district);
    report.state.clone_from(&run.state);
    report.started_at = shown_time(run.started_at);
    report
}

/// A delivery that was held may have been refused or replaced since.
async fn verdicts_now(connection: &mut Connection, report: &mut Report, run: RunId) -> Result<(), Failure> {
    for delivery in deliveries::of_run(connection, run).await? {
        let id = delivery.id.to_string();
        let shown = report.deliveries.iter_mut().find(|shown| shown.delivery == id);
        if let (Some(shown), Some(verdict)) = (shown, delivery.verdict)
            && matches!(verdict, rosterd_contract::Verdict::Refused | rosterd_contract::Verdict::Superseded)
        {
            verdict.as_str().clone_into(&mut shown.verdict);
        }
    }
    Ok(())
}

/// Findings of a run, with the file each is about.
///
/// # Errors
/// The store's.
pub async fn findings(connection: &mut Connection, run: RunId) -> Result<Vec<(String, Finding)>, Failure> {
    let names: std::collections::HashMap<_, _> =
        deliveries::of_run(connection, run).await?.into_iter().map(|delivery| (delivery.id, delivery.name)).collect();
    let found = runs::findings(connection, run).await?;
    Ok(found
        .into_iter()
        .map(|(delivery, finding)| (names.get(&delivery).cloned().unwrap_or_default(), finding))
        .collect())
}

/// Shows one run.
///
/// # Errors
/// The store's, or a word that means no run or several.
pub async fn show(opened: &Opened, word: &str, printer: &Printer) -> Result<u8, Failure> {
    let mut connection = find::reader(&opened.app).await?;
    let run = find::run(&mut connection, word).await?;
    let mut report = report_of(&run);
    verdicts_now(&mut connection, &mut report, run.id).await?;
    let findings = findings(&mut connection, run.id).await?;
    if !printer.json {
        let mut out = text::report(&report, &findings, 80);
        if !run.note.is_empty() {
            out.push_str(&format!("\n{}\n", run.note));
        }
        out.push_str(&waiting_people(opened, &mut connection, run.id).await?);
        printer.text(&out);
        return Ok(0);
    }
    let mut value = report.with(&[
        ("findings", findings.iter().map(|(file, finding)| finding_json(file, finding)).collect()),
        ("outcomes", outcomes(opened, &mut connection, &run).await?),
        ("plan", plan(&mut connection, run.id).await?),
        ("held_people", held_people(&mut connection, run.id).await?),
    ]);
    if let Some(object) = value.as_object_mut() {
        object.insert("note".to_owned(), json!(run.note));
    }
    printer.line(&value);
    Ok(0)
}

/// Every row's outcome: recorded ones, and unchanged ones from the delivery itself.
async fn outcomes(opened: &Opened, connection: &mut Connection, run: &StoredRun) -> Result<Value, Failure> {
    let recorded = runs::outcomes(connection, run.id).await?;
    let mut list = Vec::new();
    for delivery in deliveries::of_run(connection, run.id).await? {
        let mut mine: std::collections::BTreeMap<u64, Value> = recorded
            .iter()
            .filter(|outcome| outcome.delivery == delivery.id)
            .map(|outcome| {
                let value = json!({
                    "file": delivery.name, "line": outcome.line, "outcome": outcome.outcome, "rule": outcome.rule,
                    "guid": outcome.person,
                });
                (outcome.line, value)
            })
            .collect();
        if delivery.rows_read > 0 {
            let path = opened.app.spool.path(&run.district, &delivery.sha256);
            let rows = crate::pipeline::keys_of(&path, &delivery.name);
            let unchanged: Vec<_> = rows.into_iter().filter(|row| !mine.contains_key(&row.line)).collect();
            let people = people_of(opened, connection, &run.district, &unchanged).await?;
            for (row, person) in unchanged.iter().zip(people) {
                let value = json!({
                    "file": delivery.name, "line": row.line, "outcome": "unchanged", "rule": "P17", "guid": person,
                });
                mine.insert(row.line, value);
            }
        }
        list.extend(mine.into_values());
    }
    Ok(Value::Array(list))
}

/// Whose unchanged rows these are, by their keys as they are held now.
async fn people_of(
    opened: &Opened,
    connection: &mut Connection,
    district: &str,
    rows: &[crate::pipeline::RowKeys],
) -> Result<Vec<Option<crate::roster::PersonId>>, Failure> {
    let mut leads = crate::store::slice::Leads::default();
    for row in rows {
        leads.numbers.extend(row.number.clone());
        leads.emails.extend(row.email.clone());
    }
    let mut loaded = crate::store::slice::Loaded::default();
    crate::store::slice::load(connection, district, &leads, opened.app.clock.now(), &mut loaded).await?;
    let slice = loaded.slice;
    let mut by_number = std::collections::HashMap::new();
    let mut by_email = std::collections::HashMap::new();
    for person in &slice.people {
        by_number.extend(person.numbers.iter().map(|(_, number)| (number.clone(), person.id)));
        by_email.extend(person.email.iter().map(|email| (email.clone(), person.id)));
    }
    let of = |row: &crate::pipeline::RowKeys| {
        let number = row.number.as_ref().and_then(|number| by_number.get(number));
        number.or_else(|| by_email.get(row.email.as_ref()?)).copied()
    };
    Ok(rows.iter().map(of).collect())
}

async fn plan(connection: &mut Connection, run: RunId) -> Result<Value, Failure> {
    let changes = history::of_run(connection, run).await?;
    let applied = changes.iter().map(|change| {
        json!({
            "action": change.action, "guid": change.person, "rule": change.rule, "identity": change.identity_rule,
            "before": super::people::parsed(change.before.as_deref()),
            "after": super::people::parsed(change.after.as_deref()),
            "line": change.evidence.map(|evidence| evidence.line),
        })
    });
    let mut list: Vec<Value> = applied.collect();
    for (question, _) in holds::of_run(connection, run).await? {
        list.extend(
            question
                .hold
                .items
                .iter()
                .map(|item| json!({ "action": item.action, "guid": item.person, "held": question.hold.rule })),
        );
    }
    Ok(Value::Array(list))
}

async fn held_people(connection: &mut Connection, run: RunId) -> Result<Value, Failure> {
    let mut list = Vec::new();
    for (question, state) in holds::of_run(connection, run).await? {
        let people: Vec<String> = question.hold.items.iter().map(|item| item.person.to_string()).collect();
        list.push(
            json!({ "rule": question.hold.rule, "scope": question.hold.scope, "state": state, "people": people }),
        );
    }
    Ok(Value::Array(list))
}

/// The first people who wait, by name.
async fn waiting_people(opened: &Opened, connection: &mut Connection, run: RunId) -> Result<String, Failure> {
    let mut out = String::new();
    for (question, state) in holds::of_run(connection, run).await? {
        if state != "open" || question.hold.items.is_empty() {
            continue;
        }
        out.push_str(&format!("\n{} {}\n", question.hold.rule, question.hold.scope));
        let district = opened.districts.iter().map(|district| district.id.as_str());
        let districts: Vec<&str> = district.collect();
        for item in question.hold.items.iter().take(10) {
            let mut name = item.person.to_string();
            for district in &districts {
                if let Some((_, person)) = crate::store::people::find(connection, district, &name).await?.pop() {
                    name = format!("{} {}", person.given(), person.family());
                    break;
                }
            }
            out.push_str(&format!("  {:<8} {}\n", item.action.as_str(), rosterd_contract::finding::shown(&name)));
        }
        if question.hold.items.len() > 10 {
            out.push_str(&format!("  … {} more (--json lists all)\n", question.hold.items.len() - 10));
        }
    }
    Ok(out)
}
