//! `sources list`: last good delivery, freshness, what is due.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::output::Printer;
use crate::actions::find;
use crate::installation::Failure;
use crate::installation::Opened;
use crate::pipeline::report::shown_time;
use crate::pipeline::{District, Source};
use crate::store::Connection;
use crate::store::feeds::{self, StoredFeed};

/// Lists sources.
///
/// # Errors
/// The store's.
pub async fn list(opened: &Opened, district: Option<&str>, printer: &Printer) -> Result<u8, Failure> {
    let chosen: Vec<&District> = match district {
        Some(name) => vec![find::district(&opened.districts, Some(name))?],
        None => opened.districts.iter().collect(),
    };
    let mut connection = find::reader(&opened.app).await?;
    let mut rows = Vec::new();
    for district in chosen {
        for value in sources_of(opened, &mut connection, district).await? {
            if printer.json {
                printer.line(&value);
            } else {
                let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
                rows.push(vec![
                    text("district"),
                    text("id"),
                    text("kind"),
                    text("state"),
                    text("last_good_at"),
                    text("next_due_at"),
                    text("message"),
                ]);
            }
        }
    }
    if !printer.json {
        printer.table(&["DISTRICT", "SOURCE", "KIND", "STATE", "LAST GOOD", "NEXT DUE", "MESSAGE"], &rows);
    }
    Ok(0)
}

/// The sources of one district, as the contract shows them.
///
/// # Errors
/// The store's.
pub async fn sources_of(
    opened: &Opened,
    connection: &mut Connection,
    district: &District,
) -> Result<Vec<Value>, Failure> {
    let now = opened.app.clock.now();
    let feeds = feeds::of_district(connection, &district.id).await?;
    let mut list: Vec<Value> = district.sources.iter().map(|source| described(district, source, &feeds, now)).collect();
    let gone: std::collections::BTreeSet<&str> =
        feeds.iter().map(|feed| feed.source.as_str()).filter(|id| district.source(id).is_none()).collect();
    for id in gone {
        let last = last_good(&feeds, id);
        list.push(json!({
            "district": district.id, "id": id, "kind": "missing", "state": "suspended",
            "last_good_at": last.map(shown_time), "age_seconds": last.map(|at| (now - at).num_seconds()),
            "next_due_at": null, "message": "no longer in the configuration; nobody is released",
        }));
    }
    Ok(list)
}

fn last_good(feeds: &[StoredFeed], source: &str) -> Option<DateTime<Utc>> {
    feeds.iter().filter(|feed| feed.source == source).filter_map(|feed| feed.view_at).max()
}

fn described(district: &District, source: &Source, feeds: &[StoredFeed], now: DateTime<Utc>) -> Value {
    let last = last_good(feeds, &source.id);
    let (state, message) = match &source.folder {
        Some(folder) if !folder.is_dir() => ("unreachable", format!("the folder {} is missing", folder.display())),
        _ if last.is_none() => ("waiting", "nothing was taken yet".to_owned()),
        _ => ("ok", String::new()),
    };
    json!({
        "district": district.id,
        "id": source.id,
        "kind": if source.folder.is_some() { "folder" } else { "upload" },
        "state": state,
        "last_good_at": last.map(shown_time),
        "age_seconds": last.map(|at| (now - at).num_seconds()),
        "next_due_at": source.schedule.as_ref().and_then(|schedule| schedule.next(now)).map(shown_time),
        "message": message,
    })
}
