//! What may be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Keeps a district's roster in step with its files: who exists, who is active, what changed, why.
#[derive(Debug, Parser)]
#[command(name = "rosterd", version, max_term_width = 100, propagate_version = true)]
pub struct Arguments {
    /// The configuration file; districts.d/ lies beside it.
    #[arg(
        long,
        global = true,
        env = "ROSTERD_CONFIG",
        default_value = "/etc/rosterd/rosterd.toml",
        value_name = "FILE"
    )]
    pub config: PathBuf,
    /// Print JSON: one object a line for lists, one object for reports.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon: watch, schedule, reconcile.
    Serve,
    /// Write a first configuration that works at once; nothing is ever overwritten.
    Init {
        /// Folder for the configuration.
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// Id of the district: lower-case letters, digits, - and _.
        #[arg(long)]
        district: String,
        /// Folder in which the district's files appear.
        #[arg(long, value_name = "PATH")]
        folder: Option<PathBuf>,
        /// Time zone of the district, e.g. America/Chicago.
        #[arg(long)]
        time_zone: Option<String>,
    },
    /// See it work: a made-up district, several nights, the real daemon.
    Demo {
        /// Leave the daemon running afterwards.
        #[arg(long)]
        keep_running: bool,
        /// Work in this (new or empty) folder instead of a temporary one.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Another seed gives another district.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// One pass, now: collect what is there, reconcile, print a report a run.
    Sync {
        #[arg(long)]
        district: Option<String>,
        #[arg(long)]
        source: Option<String>,
    },
    /// Dry run of one file: every row's outcome, findings, the plan; writes nothing.
    Check {
        file: PathBuf,
        #[arg(long)]
        district: Option<String>,
        #[arg(long)]
        source: Option<String>,
    },
    /// Deliver one file by hand and reconcile it.
    Import {
        file: PathBuf,
        #[arg(long)]
        district: Option<String>,
        #[arg(long)]
        source: Option<String>,
        /// How much the file speaks for.
        #[arg(long, value_parser = ["snapshot", "merge"])]
        mode: Option<String>,
        /// Let the first delivery of a feed in without asking.
        #[arg(long)]
        accept_baseline: bool,
    },
    /// List, show and edit people.
    People {
        #[command(subcommand)]
        command: PeopleCommand,
    },
    /// Why a person (GUID, number, e-mail) or a row (RUN:FILE:LINE) is as it is.
    Explain {
        what: String,
        #[arg(long)]
        district: Option<String>,
    },
    /// List, show and answer runs.
    Runs {
        #[command(subcommand)]
        command: RunsCommand,
    },
    /// Where data comes from, and how fresh it is.
    Sources {
        #[command(subcommand)]
        command: SourcesCommand,
    },
    /// The active roster in a known format; what comes out goes back in with no change.
    Export {
        #[arg(long)]
        district: Option<String>,
        #[arg(long)]
        format: String,
        /// Write to this file instead of standard output.
        #[arg(short, long = "output", value_name = "PATH")]
        output: Option<PathBuf>,
    },
    /// A blank sheet of a format.
    Template {
        format: String,
        #[arg(short, long = "output", value_name = "PATH")]
        output: Option<PathBuf>,
    },
    /// Look at the configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Check settings, folders, permissions, database, disk and clock.
    Doctor,
    /// What the daemon is doing and what waits for a person.
    Status,
}

#[derive(Debug, Subcommand)]
pub enum PeopleCommand {
    /// People of a district.
    List {
        #[arg(long)]
        district: Option<String>,
        #[arg(long, default_value = "active", value_parser = ["active", "suspended", "archived", "erased", "all"])]
        state: String,
        /// Only people whom this run created.
        #[arg(long, value_name = "RUN")]
        added_by: Option<String>,
    },
    /// One person, with claims, keys and history.
    Show {
        person: String,
        #[arg(long)]
        district: Option<String>,
    },
    /// Change fields; each stays as edited until the source changes its word.
    Edit {
        person: String,
        #[arg(long)]
        district: Option<String>,
        /// FIELD=VALUE, e.g. email=ann@example.org; an empty value clears.
        #[arg(long, required = true, value_parser = pair, value_name = "FIELD=VALUE")]
        set: Vec<(String, String)>,
    },
    /// Keep a person active, or suspended, whatever the sources say; `none` ends it.
    Pin {
        person: String,
        #[arg(value_parser = ["keep", "suspend", "none"])]
        pin: String,
        #[arg(long)]
        district: Option<String>,
    },
    /// Archive a person by hand: no source brings them back.
    Archive {
        person: String,
        #[arg(long)]
        district: Option<String>,
    },
    /// Bring an archived person back, with history and pins.
    Restore {
        person: String,
        #[arg(long)]
        district: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Runs, newest first.
    List {
        #[arg(long)]
        district: Option<String>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// One run: counts, what is held and why, findings.
    Show { run: String },
    /// Let what waits happen, or a part of it.
    Approve {
        run: String,
        /// Only what these rules hold.
        #[arg(long, value_name = "RULE", num_args = 1..)]
        only: Vec<String>,
        /// Only people of this school.
        #[arg(long)]
        org: Option<String>,
        /// Not this person; may be given several times.
        #[arg(long, value_name = "PERSON")]
        except: Vec<String>,
        /// Only people who come.
        #[arg(long)]
        adds: bool,
        /// Only people who go.
        #[arg(long)]
        removals: bool,
        /// The number of people that will be archived, where that is more than a quarter.
        #[arg(long, value_name = "N")]
        archive: Option<u64>,
    },
    /// Drop what waits, and do not ask again on the same evidence.
    Reject { run: String },
    /// End what waits without an answer.
    Cancel { run: String },
}

#[derive(Debug, Subcommand)]
pub enum SourcesCommand {
    /// Last good delivery, freshness, what is due.
    List {
        #[arg(long)]
        district: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Read everything and say what is wrong, with file and line.
    Check,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("write it as FIELD=VALUE".to_owned()),
    }
}
