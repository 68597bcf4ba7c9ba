//! `status`: what the daemon is doing and what waits for a person.

use serde_json::{Value, json};

use super::output::Printer;
use crate::actions::find;
use crate::installation::Failure;
use crate::installation::Opened;
use crate::pipeline::report::shown_time;
use crate::pipeline::text;
use crate::store::{holds, people, runs};

/// Prints the state of the installation.
///
/// # Errors
/// The store's.
pub async fn status(opened: &Opened, printer: &Printer) -> Result<u8, Failure> {
    let daemon = daemon(opened).await;
    let mut connection = find::reader(&opened.app).await?;
    let mut districts = Vec::new();
    for district in &opened.districts {
        let (active, _) = people::population(&mut connection, &district.id).await?;
        let waiting: Vec<Value> = holds::open_in(&mut connection, &district.id)
            .await?
            .into_iter()
            .map(|hold| {
                json!({
                    "run": hold.run, "rule": hold.hold.rule, "scope": hold.hold.scope, "count": hold.hold.count,
                    "since": shown_time(hold.since), "message": hold.hold.message,
                })
            })
            .collect();
        let last = runs::list(&mut connection, Some(&district.id), 1).await?.pop();
        districts.push(json!({
            "district": district.id,
            "active": active,
            "last_run": last.map(|run| json!({ "run": run.id, "state": run.state, "started_at": shown_time(run.started_at) })),
            "waits_for_you": waiting,
            "sources": super::sources::sources_of(opened, &mut connection, district).await?,
        }));
    }
    let value = json!({ "daemon": daemon, "districts": districts });
    if printer.json {
        printer.line(&value);
    } else {
        printer.text(&words(&value));
    }
    Ok(0)
}

/// What `serve.json` says, if the daemon answers.
async fn daemon(opened: &Opened) -> Value {
    let path = opened.settings.state_dir.join("serve.json");
    let answers = tokio::net::UnixStream::connect(opened.settings.state_dir.join("control.sock")).await.is_ok();
    let about: Value =
        std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or(Value::Null);
    json!({ "running": answers, "pid": about.get("pid") })
}

fn words(value: &Value) -> String {
    let running = value.pointer("/daemon/running").and_then(Value::as_bool) == Some(true);
    let mut out = if running {
        format!("The daemon runs (pid {}).\n", value.pointer("/daemon/pid").unwrap_or(&Value::Null))
    } else {
        "No daemon runs; `rosterd serve` starts one, `rosterd sync` does one pass.\n".to_owned()
    };
    let empty = Vec::new();
    for district in value.get("districts").and_then(Value::as_array).unwrap_or(&empty) {
        let word = |pointer: &str| district.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
        out.push_str(&format!(
            "\n{}: {} active people\n",
            word("/district"),
            district.get("active").unwrap_or(&Value::Null)
        ));
        out.push_str(&format!("  last run  {} at {}\n", word("/last_run/state"), word("/last_run/started_at")));
        for source in district.get("sources").and_then(Value::as_array).unwrap_or(&empty) {
            let text = |name: &str| source.get(name).and_then(Value::as_str).unwrap_or("-");
            out.push_str(&format!(
                "  source    {} {}, last good {}\n",
                text("id"),
                text("state"),
                text("last_good_at")
            ));
        }
        for hold in district.get("waits_for_you").and_then(Value::as_array).unwrap_or(&empty) {
            let text = |name: &str| hold.get(name).and_then(Value::as_str).unwrap_or_default();
            let line = format!("  waits     {} {}: {}", text("rule"), text("scope"), text("message"));
            text::wrap(&mut out, &line, 12, 80);
            out.push_str(&format!("            rosterd runs show {}\n", text::short(text("run"))));
        }
    }
    out
}
