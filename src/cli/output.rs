//! Tables for people, JSON for scripts, colours only on a terminal.

use std::io::{IsTerminal, Write};

use rosterd_contract::finding::shown;
use serde_json::Value;

use crate::actions::Reply;
use crate::pipeline::run::Done;
use crate::pipeline::text;

/// Where and how a command prints.
pub struct Printer {
    pub json: bool,
    colour: bool,
}

impl Printer {
    /// A printer for standard output.
    pub fn new(json: bool) -> Self {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { json, colour }
    }

    /// Prints a text as it is; a reader who went away is no error.
    pub fn text(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes());
    }

    /// Prints one JSON object on one line.
    pub fn line(&self, value: &Value) {
        self.text(&format!("{value}\n"));
    }

    /// Prints an error: a sentence, and a hint.
    pub fn error(&self, sentence: &str, hint: Option<&str>) {
        eprintln!("error: {sentence}");
        if let Some(hint) = hint {
            eprintln!("hint: {hint}");
        }
    }

    /// Prints what an action brought.
    pub fn reply(&self, reply: &Reply) {
        for note in &reply.notes {
            eprintln!("{note}");
        }
        if let Some(problem) = &reply.error {
            self.error(&problem.sentence, problem.hint.as_deref());
            return;
        }
        if self.json {
            for value in &reply.json {
                self.line(value);
            }
        } else {
            self.text(&self.painted(&reply.text));
        }
    }

    /// Prints a dry run: ten rows and all effects for people, everything for scripts.
    pub fn check(&self, done: &Done) {
        if self.json {
            self.line(&done.json());
            return;
        }
        let mut out = text::report(&done.report, &done.findings, 80);
        if !done.outcomes.is_empty() {
            out.push_str("\nFirst rows\n");
            for outcome in done.outcomes.iter().take(10) {
                out.push_str(&format!("  line {:<8} {:<28} {}\n", outcome.line, outcome.outcome, outcome.rule));
            }
            if done.outcomes.len() > 10 {
                out.push_str(&format!("  … {} more (--json lists all)\n", done.outcomes.len() - 10));
            }
        }
        if !done.plan.is_empty() {
            out.push_str("\nEffects\n");
            for step in done.plan.iter().take(20) {
                let held = step.held.as_deref().map(|rule| format!("  held by {rule}")).unwrap_or_default();
                let name = shown(&step.name);
                let what = if step.action == "update" { changed(&step.after) } else { String::new() };
                text::wrap(&mut out, &format!("  {:<8} {name} {what}{held}", step.action), 11, 80);
            }
            if done.plan.len() > 20 {
                out.push_str(&format!("  … {} more (--json lists all)\n", done.plan.len() - 20));
            }
        }
        self.text(&self.painted(&out));
    }

    /// Headings bold, on a terminal only.
    fn painted(&self, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        text.lines()
            .map(|line| {
                let heading = !line.is_empty() && !line.starts_with(' ') && !line.contains("  ");
                if heading { format!("\x1b[1m{line}\x1b[0m\n") } else { format!("{line}\n") }
            })
            .collect()
    }

    /// Prints rows in columns as wide as their widest cell, the last one cut to the screen.
    pub fn table(&self, headers: &[&str], rows: &[Vec<String>]) {
        self.text(&self.painted(&table(headers, rows, 100)));
    }
}

fn changed(after: &Value) -> String {
    let Some(object) = after.as_object() else { return String::new() };
    let names: Vec<&str> =
        object.keys().map(String::as_str).filter(|name| !matches!(*name, "classes" | "pins")).collect();
    names.join(", ")
}

/// Rows in columns.
pub fn table(headers: &[&str], rows: &[Vec<String>], width: usize) -> String {
    let mut widths: Vec<usize> = headers.iter().map(|header| header.chars().count()).collect();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            if let Some(width) = widths.get_mut(at) {
                *width = (*width).max(cell.chars().count());
            }
        }
    }
    let mut out = String::new();
    let head: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let pad = widths.get(at).copied().unwrap_or_default();
            line.push_str(&format!("{cell:<pad$}  "));
        }
        let line: String = line.trim_end().chars().take(width.max(20)).collect();
        out.push_str(&line);
        out.push('\n');
    }
    out
}
