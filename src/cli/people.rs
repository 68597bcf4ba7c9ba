//! `people list` and `people show`.

use std::collections::HashMap;
use std::io::Write;

use rosterd_contract::finding::shown;
use rosterd_contract::{Field, Role};
use serde_json::{Value, json};

use super::output;
use super::output::Printer;
use crate::actions::find;
use crate::installation::Failure;
use crate::installation::Opened;
use crate::pipeline::report::shown_time;
use crate::roster::{Owner, Person, PresencePin};
use crate::store::people::{self, Filter};
use crate::store::{Connection, claims, feeds, history};

/// Names of feeds by number, as `source` and `feed`.
pub type FeedNames = HashMap<i64, (String, String)>;

/// The feeds of a district by number.
///
/// # Errors
/// The store's.
pub async fn feed_names(connection: &mut Connection, district: &str) -> Result<FeedNames, Failure> {
    let feeds = feeds::of_district(connection, district).await?;
    Ok(feeds.into_iter().map(|feed| (feed.id.0, (feed.source, feed.name))).collect())
}

/// A person as the contract shows them.
pub fn person_json(district: &str, person: &Person, updated_at: &str, names: &FeedNames, live: &[i64]) -> Value {
    let owner = person.classes.first().map(|state| state.owner);
    let (owner_id, is_sync) = match owner {
        Some(Owner::Sync(feed)) => (Some(feed.0), true),
        Some(Owner::File(feed)) => (Some(feed.0), false),
        Some(Owner::Local) | None => (None, false),
    };
    let label = owner_id.and_then(|id| names.get(&id));
    let covered: Vec<String> = live
        .iter()
        .filter(|id| is_sync && Some(**id) != owner_id)
        .filter_map(|id| names.get(id))
        .map(|(source, feed)| format!("{source}/{feed}"))
        .collect();
    let mut pinned: Vec<&str> = person.pins.iter().map(|pin| pin.attribute.as_str()).collect();
    if person.presence_pin != PresencePin::None {
        pinned.push(person.presence_pin.as_str());
    }
    let mut numbers: Vec<&str> = person.numbers.iter().map(|(_, number)| &**number).collect();
    numbers.dedup();
    let roles: Vec<&str> = person.classes.iter().map(|state| state.role.as_str()).collect();
    let grades: Vec<&str> = person.fields.text(Field::Grades).split(',').filter(|grade| !grade.is_empty()).collect();
    let mut value = json!({
        "guid": person.id,
        "district": district,
        "state": person.state.shown(),
        "role": person.role().map(Role::as_str),
        "roles": roles,
        "given_name": person.given(),
        "family_name": person.family(),
        "email": person.email,
        "idnumber": numbers.first(),
        "numbers": numbers,
        "username": person.fields.get(Field::Username),
        "grades": grades,
        "grad_year": person.fields.get(Field::GradYear).and_then(|year| year.parse::<u16>().ok()),
        "orgs": person.orgs,
        "source": label.map_or("local", |(source, _)| source.as_str()),
        "feed": label.map(|(_, feed)| feed.as_str()),
        "covered": covered,
        "pinned": pinned,
        "created_at": shown_time(person.created_at),
        "updated_at": seconds(updated_at),
        "archived_at": person.archived_at.map(shown_time),
    });
    if let Some(object) = value.as_object_mut() {
        for field in [Field::RawRole, Field::Team] {
            if let Some(text) = person.fields.get(field) {
                object.insert(field.as_str().to_owned(), Value::String(text.to_owned()));
            }
        }
        if let Some(list) = person.fields.get(Field::Entitlements) {
            object.insert("entitlements".to_owned(), list.split(',').collect());
        }
    }
    value
}

/// A stored time as reports show it: whole seconds.
fn seconds(stored: &str) -> String {
    match stored.get(..19) {
        Some(whole) => format!("{whole}Z"),
        None => stored.to_owned(),
    }
}

const PAGE: i64 = 2000;

/// Lists people, streamed page by page.
///
/// # Errors
/// The store's, or a word that means nothing.
pub async fn list(
    opened: &Opened,
    district: Option<&str>,
    state: &str,
    added_by: Option<&str>,
    printer: &Printer,
) -> Result<u8, Failure> {
    let district = find::district(&opened.districts, district)?;
    let mut connection = find::reader(&opened.app).await?;
    let added_by = match added_by {
        Some(word) => Some(find::run(&mut connection, word).await?.id),
        None => None,
    };
    let filter = Filter { state: (state != "all").then(|| state.to_owned()), added_by };
    let names = feed_names(&mut connection, &district.id).await?;
    let mut after = 0;
    let mut count = 0;
    let mut rows = Vec::new();
    let mut out = std::io::BufWriter::with_capacity(1 << 18, std::io::stdout().lock());
    loop {
        let page = people::page(&mut connection, &district.id, &filter, after, PAGE).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
        let live = people::feeds_of(&mut connection, first.0, last.0).await?;
        after = last.0;
        count += page.len();
        for (row, person, updated_at) in &page {
            let feeds = live.get(row).map(Vec::as_slice).unwrap_or_default();
            if printer.json {
                let value = person_json(&district.id, person, updated_at, &names, feeds);
                if writeln!(out, "{value}").is_err() {
                    return Ok(0); // the reader went away
                }
            } else if rows.len() < 1000 {
                rows.push(table_row(person));
            }
        }
    }
    drop(out);
    if !printer.json {
        printer.table(&["NUMBER", "NAME", "E-MAIL", "ROLE", "STATE"], &rows);
        let shown = if count > rows.len() {
            format!(", the first {} shown; --json lists all", rows.len())
        } else {
            String::new()
        };
        printer.text(&format!("{count} people{shown}\n"));
    }
    Ok(0)
}

fn table_row(person: &Person) -> Vec<String> {
    let cut = |text: String, width: usize| -> String {
        if text.chars().count() > width { text.chars().take(width - 1).chain(['…']).collect() } else { text }
    };
    vec![
        cut(person.numbers.first().map(|(_, number)| shown(number)).unwrap_or_default(), 12),
        cut(shown(&format!("{} {}", person.given(), person.family())), 24),
        cut(person.email.as_deref().map(shown).unwrap_or_default(), 32),
        person.role().map(Role::as_str).unwrap_or_default().to_owned(),
        person.state.shown().to_owned(),
    ]
}

/// Shows one person.
///
/// # Errors
/// The store's, or a word that means nobody or several.
pub async fn show(opened: &Opened, district: Option<&str>, word: &str, printer: &Printer) -> Result<u8, Failure> {
    let district = find::district(&opened.districts, district)?;
    let mut connection = find::reader(&opened.app).await?;
    let (row, person) = find::person(&mut connection, district, word).await?;
    let names = feed_names(&mut connection, &district.id).await?;
    let claims = claims::of_person(&mut connection, row, person.id).await?;
    let history = history::of_person(&mut connection, row).await?;
    let live: Vec<i64> = claims.iter().filter(|(_, _, c)| c.gone.is_none()).map(|(_, _, c)| c.feed.0).collect();
    let updated = history.last().map(|change| shown_time(change.at)).unwrap_or_default();
    let mut value = person_json(&district.id, &person, &updated, &names, &live);
    let aliases: Vec<&str> = person.aliases.iter().map(|alias| &*alias.email).collect();
    let claim_list: Vec<Value> = claims
        .iter()
        .map(|(source, feed, claim)| {
            json!({
                "feed": format!("{source}/{feed}"), "class": claim.class, "delivery": claim.evidence.delivery,
                "line": claim.evidence.line, "leaving": claim.gone.is_some(),
            })
        })
        .collect();
    let changes: Vec<Value> = history
        .iter()
        .map(|change| {
            json!({
                "at": shown_time(change.at), "action": change.action, "rule": change.rule, "run": change.run,
                "before": parsed(change.before.as_deref()), "after": parsed(change.after.as_deref()),
                "delivery": change.evidence.map(|evidence| evidence.delivery),
                "line": change.evidence.map(|evidence| evidence.line),
            })
        })
        .collect();
    if let Some(object) = value.as_object_mut() {
        object.insert("aliases".to_owned(), json!(aliases));
        object.insert("leaving".to_owned(), json!(claims.iter().any(|(_, _, claim)| claim.gone.is_some())));
        object.insert("claims".to_owned(), Value::Array(claim_list));
        object.insert("history".to_owned(), Value::Array(changes));
    }
    if printer.json {
        printer.line(&value);
    } else {
        printer.text(&person_text(&person, &value, &history));
    }
    Ok(0)
}

/// JSON that was stored as text.
pub fn parsed(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
}

fn person_text(person: &Person, value: &Value, history: &[history::Change]) -> String {
    let mut out = format!("{} {}  ({})\n\n", shown(person.given()), shown(person.family()), person.state.shown());
    let text = |name: &str| match value.get(name) {
        Some(Value::String(text)) => shown(text),
        Some(Value::Array(list)) => {
            let parts: Vec<String> = list.iter().filter_map(Value::as_str).map(shown).collect();
            parts.join(", ")
        }
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    for (word, name) in [
        ("GUID", "guid"),
        ("roles", "roles"),
        ("e-mail", "email"),
        ("former e-mails", "aliases"),
        ("numbers", "numbers"),
        ("graduates", "grad_year"),
        ("grades", "grades"),
        ("schools", "orgs"),
        ("source", "source"),
        ("pinned", "pinned"),
    ] {
        let shown = text(name);
        if !shown.is_empty() {
            out.push_str(&format!("  {word:<16}{shown}\n"));
        }
    }
    let rows: Vec<Vec<String>> = history
        .iter()
        .rev()
        .take(10)
        .map(|change| {
            let after = parsed(change.after.as_deref());
            let what = after
                .as_object()
                .map(|object| object.keys().filter(|key| *key != "classes").cloned().collect::<Vec<_>>().join(", "))
                .unwrap_or_default();
            vec![format!("  {}", shown_time(change.at)), change.action.clone(), change.rule.clone(), what]
        })
        .collect();
    out.push('\n');
    out.push_str(&output::table(&["  WHEN", "WHAT", "RULE", "CHANGED"], &rows, 80));
    out
}
