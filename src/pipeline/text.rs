//! A run's account for people: one screen, 80 columns, the important things first.

use std::collections::BTreeMap;
use std::fmt::Write;

use rosterd_contract::{Finding, Severity};

use super::report::Report;

/// How many findings one screen shows.
const SHOWN: usize = 8;

/// The report as text, at most `width` columns wide.
pub fn report(report: &Report, findings: &[(String, Finding)], width: usize) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "Run {}  {}  {}", short(&report.run), report.district, state_line(report));
    let _ = writeln!(out);
    for delivery in &report.deliveries {
        let format = delivery.format.as_deref().unwrap_or("unknown format");
        let line = format!("  {}  {}, {}, {}", delivery.file, format, delivery.mode, delivery.verdict);
        wrap(&mut out, &line, 4, width);
        if !delivery.message.is_empty() {
            wrap(&mut out, &format!("    {}", delivery.message), 4, width);
        }
    }
    if report.rows.read > 0 {
        rows(&mut out, report);
        people(&mut out, report);
    }
    held(&mut out, report, width);
    for note in &report.notes {
        out.push('\n');
        wrap(&mut out, &format!("Note: {note}"), 6, width);
    }
    list_findings(&mut out, findings, width);
    out
}

/// The first characters of an id: enough to name a run.
pub fn short(id: &str) -> &str {
    id.get(..13).unwrap_or(id)
}

fn state_line(report: &Report) -> String {
    let state = report.state.replace('_', " ");
    if report.dry_run { format!("{state} (dry run)") } else { state }
}

fn rows(out: &mut String, report: &Report) {
    let rows = &report.rows;
    let mut parts: Vec<(String, u64)> = vec![
        ("created".into(), rows.created),
        ("restored".into(), rows.restored),
        ("updated".into(), rows.updated),
        ("unchanged".into(), rows.unchanged),
        ("deactivated".into(), rows.deactivated),
    ];
    parts.extend(rows.skipped.iter().map(|(why, n)| (format!("skipped, {why}"), *n)));
    parts.push(("rejected".into(), rows.rejected));
    parts.push(("held".into(), rows.held));
    let _ = writeln!(out, "\nRows");
    let _ = writeln!(out, "  {:<28}{:>10}", "read", rows.read);
    for (word, n) in parts.into_iter().filter(|(_, n)| *n > 0) {
        let _ = writeln!(out, "  {word:<28}{n:>10}");
    }
}

fn people(out: &mut String, report: &Report) {
    let people = &report.people;
    let _ = writeln!(out, "\nPeople");
    let _ = writeln!(
        out,
        "  active {} → {}   created {}, restored {}, archived {}",
        people.active_before, people.active_after, people.created, people.restored, people.archived
    );
    let absent = &report.absent;
    if absent.total > 0 {
        let parts = [
            ("archived", absent.archived),
            ("handed over", absent.handed_over),
            ("claimed elsewhere", absent.still_claimed),
            ("protected", absent.protected),
            ("not proven", absent.unproven),
            ("pinned", absent.pinned),
            ("kept by decision", absent.kept_by_decision),
            ("archived before", absent.already_archived),
            ("held", absent.held),
        ];
        let list: Vec<String> = parts.iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{n} {word}")).collect();
        let _ = writeln!(out, "  without a valid row now: {} ({})", absent.total, list.join(", "));
    }
}

fn held(out: &mut String, report: &Report, width: usize) {
    if report.held.is_empty() {
        return;
    }
    let open = report.state == "held";
    let title = match (open, report.dry_run) {
        (_, true) => "Would wait for you",
        (true, false) => "Waits for you",
        (false, false) => "Waited for an answer",
    };
    let _ = writeln!(out, "\n{title}");
    for hold in &report.held {
        let head = format!("  {} {} of {}: {}", hold.rule, hold.what, hold.scope, hold.message);
        wrap(out, &head, 6, width);
        let waits =
            if hold.waits_for_it > 0 { format!("; {} more wait for it", hold.waits_for_it) } else { String::new() };
        let _ = writeln!(out, "      since {}{waits}", hold.since);
    }
    if open && !report.dry_run {
        let run = short(&report.run);
        let _ = writeln!(out, "  look   rosterd runs show {run}");
        let _ = writeln!(out, "  yes    rosterd runs approve {run}");
        let _ = writeln!(out, "  no     rosterd runs reject {run}");
    }
}

fn list_findings(out: &mut String, findings: &[(String, Finding)], width: usize) {
    let mut weighty: Vec<&(String, Finding)> =
        findings.iter().filter(|(_, finding)| finding.severity != Severity::Note).collect();
    weighty.sort_by_key(|finding| std::cmp::Reverse(finding.1.severity));
    let notes = findings.len() - weighty.len();
    if !weighty.is_empty() {
        let _ = writeln!(out, "\nFindings");
    }
    for (file, finding) in weighty.iter().take(SHOWN) {
        let place = if finding.line > 0 { format!("{file}:{}", finding.line) } else { file.clone() };
        let value = if finding.value.is_empty() { String::new() } else { format!(" `{}`", finding.value) };
        let column = if finding.column.is_empty() { String::new() } else { format!(" {}{value}", finding.column) };
        wrap(out, &format!("  {place}{column}: {} [{}]", finding.message, finding.code), 6, width);
        if !finding.fix.is_empty() {
            wrap(out, &format!("      → {}", finding.fix), 8, width);
        }
    }
    if weighty.len() > SHOWN {
        let mut by_code: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, finding) in weighty.iter().skip(SHOWN) {
            *by_code.entry(&finding.code).or_default() += 1;
        }
        let list: Vec<String> = by_code.iter().map(|(code, n)| format!("{code} {n}")).collect();
        wrap(out, &format!("  and {} more: {}", weighty.len() - SHOWN, list.join(", ")), 6, width);
    }
    if notes > 0 {
        let mut by_code: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, finding) in findings.iter().filter(|(_, finding)| finding.severity == Severity::Note) {
            *by_code.entry(&finding.code).or_default() += 1;
        }
        let list: Vec<String> = by_code.iter().map(|(code, n)| format!("{code} {n}")).collect();
        wrap(out, &format!("Notes: {}", list.join(", ")), 7, width);
    }
}

/// Breaks a line at blanks; later lines are indented.
pub fn wrap(out: &mut String, line: &str, indent: usize, width: usize) {
    let lead: String = line.chars().take_while(|c| *c == ' ').collect();
    let mut current = lead;
    let mut empty = true;
    for word in line.split_whitespace() {
        let fits = current.chars().count() + 1 + word.chars().count() <= width;
        if !empty && !fits {
            let _ = writeln!(out, "{current}");
            current = " ".repeat(indent);
            empty = true;
        }
        if !empty {
            current.push(' ');
        }
        current.push_str(word);
        empty = false;
    }
    let _ = writeln!(out, "{current}");
}
