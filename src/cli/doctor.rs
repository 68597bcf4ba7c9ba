//! `doctor`: settings, permissions, reachability, database, disk, clock.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::json;

use super::output::Printer;
use crate::installation::{self as open, Failure};

/// Below this much free disk intake would stop, in bytes.
const FREE_DISK: u64 = 1 << 30;

struct Check {
    what: String,
    ok: bool,
    message: String,
    fix: String,
}

fn check(what: impl Into<String>, ok: bool, message: impl Into<String>, fix: impl Into<String>) -> Check {
    Check { what: what.into(), ok, message: message.into(), fix: fix.into() }
}

/// Looks at everything an installation needs.
///
/// # Errors
/// When the configuration cannot be read at all.
pub async fn doctor(config: &Path, printer: &Printer) -> Result<u8, Failure> {
    let opened = open::open(config).await?;
    let mut checks = vec![check("configuration", true, format!("{} files read", opened.settings.files.len()), "")];
    checks.push(state_dir(&opened.settings.state_dir));
    checks.push(disk(&opened.settings.state_dir));
    checks.push(match opened.app.store.quick_check().await {
        Ok(answer) if answer == "ok" => check("database", true, "whole", ""),
        Ok(answer) => check("database", false, answer, "stop the daemon and restore a backup"),
        Err(error) => check("database", false, error.to_string(), "look at the file and its permissions"),
    });
    checks.push(clock(&opened).await?);
    for district in &opened.districts {
        for source in &district.sources {
            let place = format!("{}/{}", district.id, source.id);
            if let Some(folder) = &source.folder {
                checks.push(folder_check(&place, folder));
            }
            if let Some(results) = &source.results {
                checks.push(results_check(&place, results));
            }
        }
    }
    let failed = checks.iter().filter(|check| !check.ok).count();
    if printer.json {
        for each in &checks {
            printer.line(&json!({ "check": each.what, "ok": each.ok, "message": each.message, "fix": each.fix }));
        }
    } else {
        let mut out = String::new();
        for each in &checks {
            let mark = if each.ok { "ok  " } else { "BAD " };
            out.push_str(&format!("{mark} {:<28} {}\n", each.what, each.message));
            if !each.ok && !each.fix.is_empty() {
                out.push_str(&format!("     → {}\n", each.fix));
            }
        }
        printer.text(&out);
    }
    Ok(u8::from(failed > 0))
}

fn state_dir(dir: &Path) -> Check {
    match std::fs::metadata(dir) {
        Ok(about) if about.mode() & 0o077 != 0 => check(
            "state directory",
            false,
            format!("{} is open to others", dir.display()),
            format!("chmod 700 {}", dir.display()),
        ),
        Ok(_) => check("state directory", true, dir.display().to_string(), ""),
        Err(error) => check("state directory", false, error.to_string(), "make it, or set `[state] dir`"),
    }
}

fn disk(dir: &Path) -> Check {
    match rustix::fs::statvfs(dir) {
        Ok(about) => {
            let free = about.f_bavail * about.f_frsize;
            let text = format!("{} MiB free", free >> 20);
            check("disk", free >= FREE_DISK, text, "make room: below 1 GiB intake stops")
        }
        Err(error) => check("disk", false, error.to_string(), ""),
    }
}

/// A clock behind what was written last would make new deliveries look old.
async fn clock(opened: &open::Opened) -> Result<Check, Failure> {
    let mut connection = crate::actions::find::reader(&opened.app).await?;
    let last = crate::store::runs::list(&mut connection, None, 1).await?.pop().map(|run| run.started_at);
    let now = opened.app.clock.now();
    let behind = last.is_some_and(|last| last > now);
    let text = format!("{}", now.format("%Y-%m-%d %H:%M:%S UTC"));
    Ok(check("clock", !behind, text, "the clock is behind the last run; set it right"))
}

fn folder_check(place: &str, folder: &Path) -> Check {
    let what = format!("folder {place}");
    match std::fs::read_dir(folder) {
        Ok(_) => check(what, true, folder.display().to_string(), ""),
        Err(error) => check(what, false, format!("{}: {error}", folder.display()), "make it, or let this user read it"),
    }
}

fn results_check(place: &str, results: &Path) -> Check {
    let what = format!("results {place}");
    // Two that look at once are not in each other's way.
    let trial = results.join(format!(".rosterd-doctor-{}.tmp", std::process::id()));
    let made = std::fs::create_dir_all(results)
        .and_then(|()| std::fs::write(&trial, b""))
        .and_then(|()| std::fs::remove_file(&trial));
    match made {
        Ok(()) => check(what, true, results.display().to_string(), ""),
        Err(error) => {
            check(what, false, format!("{}: {error}", results.display()), "let this user write there, or set `results`")
        }
    }
}
