//! `[[sources]]` of a district's file: where data comes from, and when it counts.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use chrono_tz::Tz;
use rosterd_contract::{Field, Mode, Role};

use super::{
    Schedule, SettingsError,
    district::check_id,
    document::{Section, Text, WORKS},
    errors::nearest,
    load::real,
};

/// One configured origin of data. Their order in the file is their rank within a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Unique in the district: `[a-z0-9][a-z0-9_-]{0,63}`, never `local`.
    pub id: String,
    pub kind: SourceKind,
    /// A format's id; `None`: recognised by the header (`format = "auto"`, the default).
    pub format: Option<String>,
    /// Snapshot or merge; `None`: what is usual for the format.
    pub mode: Option<Mode>,
    /// What happens to the first delivery of a feed (D17). Default: hold.
    pub baseline: Baseline,
    /// How long a file must lie unchanged before it counts as complete: 0 s to 1 day, default 60 s.
    pub quiet_for: Duration,
    /// Proven absences before a removal (S6): 1 to 30, default 1, with a schedule 2.
    pub confirmations: u32,
    /// The least time between two of them: 0 s to 30 days, default 12 h.
    pub confirm_after: Duration,
    /// When to reconcile; `None`: as soon as a file is complete.
    pub schedule: Option<Schedule>,
    /// Empty: one feed per file name (D15).
    pub feeds: Vec<Feed>,
    /// Fields that an empty cell clears (A11). Default: none.
    pub blank_clears: Vec<Field>,
    /// One bad row refuses the file. Default: false.
    pub strict: bool,
    /// The org of a file that names no school.
    pub org: Option<String>,
    /// The file that must lie beside a delivery before it counts (D01).
    pub done_marker: Option<String>,
    /// The completed file lists every row that went in, not only what changed. Default: false, for `mh-*` true.
    pub completed_all: bool,
    /// Where the source begins in the district's file, counted from 1.
    pub line: usize,
}

/// How data gets here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A folder on this machine; results go to a folder that is never read (default: `results` inside it).
    Folder { path: PathBuf, results: PathBuf },
    /// Files that an operator hands over.
    Upload,
}

/// What happens to the first delivery of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Baseline {
    /// Its plan waits for a yes.
    Hold,
    /// It is applied like any other.
    Apply,
}

/// One replaceable sequence of snapshots within a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Unique in the source.
    pub id: String,
    /// Patterns of file names, `*` and `?`, case ignored. At least one.
    pub files: Vec<String>,
    /// The roles it speaks for; empty: all.
    pub roles: Vec<Role>,
    /// The orgs it speaks for, by their ids as delivered; empty: all.
    pub orgs: Vec<String>,
}

pub(super) const KEYS: [&str; 17] = [
    "id",
    "kind",
    "path",
    "results",
    "format",
    "mode",
    "baseline",
    "quiet_for",
    "confirmations",
    "confirm_after",
    "schedule",
    "feeds",
    "blank_clears",
    "strict",
    "org",
    "done_marker",
    "completed",
];

/// Keys of kinds and formats that a later version reads.
const UNBUILT: [&str; 3] = ["columns", "values", "google_sign_in"];

/// Keys that say something only about a folder.
const OF_FOLDERS: [&str; 5] = ["path", "results", "quiet_for", "schedule", "done_marker"];

const DAY: Duration = Duration::from_secs(86_400);

/// Kinds that a later version reads.
const UNBUILT_KINDS: [&str; 4] = ["sftp-inbox", "sftp-pull", "clever", "oneroster"];

/// Reads one `[[sources]]`; relative paths are taken from `base`. `zone` is `None` where the district
/// names none.
pub(super) fn source(mut section: Section<'_>, base: &Path, zone: Option<Tz>) -> Result<Source, SettingsError> {
    let id = section.required("id")?;
    check_id(&section, &id, "id")?;
    if id.value == "local" {
        return Err(section.wrong_at(
            &id,
            "id",
            "must not be `local`: that is the name of edits made in rosterd itself",
        ));
    }
    section.place = format!("in source `{}`", id.value);
    // First of all: the keys of a kind that cannot work yet are not known either.
    let is_folder = is_folder(&section)?;
    section.allow(&KEYS, &UNBUILT)?;
    let kind = if is_folder { folder(&section, base)? } else { upload(&section)? };
    let format = format(&section)?;
    let schedule = schedule(&section, zone)?;
    let usual = if schedule.is_some() { 2 } else { 1 };
    let completed = section.word("completed", &[("changed", false), ("all", true)])?;
    Ok(Source {
        id: id.value,
        kind,
        mode: section.word("mode", &[("snapshot", Mode::Snapshot), ("merge", Mode::Merge)])?,
        baseline: section
            .word("baseline", &[("hold", Baseline::Hold), ("apply", Baseline::Apply)])?
            .unwrap_or(Baseline::Hold),
        quiet_for: section.duration("quiet_for", Duration::ZERO..=DAY)?.unwrap_or(Duration::from_secs(60)),
        confirmations: section.number("confirmations", 1..=30)?.unwrap_or(usual),
        confirm_after: section.duration("confirm_after", Duration::ZERO..=DAY * 30)?.unwrap_or(DAY / 2),
        schedule,
        feeds: feeds(&section)?,
        blank_clears: blank_clears(&section)?,
        strict: section.flag("strict")?.unwrap_or(false),
        org: section.text("org")?.map(|org| org.value),
        done_marker: done_marker(&section)?,
        completed_all: completed.unwrap_or_else(|| format.as_ref().is_some_and(|format| format.starts_with("mh-"))),
        format,
        line: section.document.line(section.at),
    })
}

fn is_folder(section: &Section<'_>) -> Result<bool, SettingsError> {
    let kind = section.required("kind")?;
    if UNBUILT_KINDS.contains(&kind.value.as_str()) {
        let message = format!("kind `{}` {} cannot work yet: {WORKS}", kind.value, section.place);
        return Err(section.document.wrong(kind.at, format!("{message}; take the section out")));
    }
    section.one_of(&kind, "kind", &[("folder", true), ("upload", false)])
}

fn folder(section: &Section<'_>, base: &Path) -> Result<SourceKind, SettingsError> {
    let path = section
        .path("path", base)?
        .ok_or_else(|| section.wrong("path", "is missing: a source of kind `folder` reads one folder"))?;
    let results = section.path("results", base)?.unwrap_or_else(|| path.join("results"));
    if real(&results) == real(&path) {
        return Err(section.wrong("results", "must not be the folder that is read"));
    }
    Ok(SourceKind::Folder { path, results })
}

fn upload(section: &Section<'_>) -> Result<SourceKind, SettingsError> {
    match OF_FOLDERS.into_iter().find(|key| section.has(key)) {
        Some(key) => Err(section.wrong(key, "means nothing for kind `upload`; take the line out")),
        None => Ok(SourceKind::Upload),
    }
}

fn format(section: &Section<'_>) -> Result<Option<String>, SettingsError> {
    let Some(text) = section.text("format")? else { return Ok(None) };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    if !text.value.chars().all(fits) {
        let message = format!("must be `auto` or the id of a format, such as `securly-pass`, not `{}`", text.value);
        return Err(section.wrong("format", message));
    }
    Ok(Some(text.value).filter(|format| format != "auto"))
}

fn schedule(section: &Section<'_>, zone: Option<Tz>) -> Result<Option<Schedule>, SettingsError> {
    let Some(text) = section.text("schedule")? else { return Ok(None) };
    let Some(zone) = zone else {
        let message = "needs `time_zone` in `[district]`: it is read in the district's time";
        return Err(section.wrong("schedule", message));
    };
    let wrong = |error| section.wrong("schedule", error).with_hint("`30 1 * * 1-5` is 01:30, Monday to Friday");
    Schedule::parse(&text.value, zone).map(Some).map_err(wrong)
}

fn blank_clears(section: &Section<'_>) -> Result<Vec<Field>, SettingsError> {
    let words = Field::ALL.map(|field| (field.as_str(), field));
    let texts = section.texts("blank_clears")?.unwrap_or_default();
    texts.iter().map(|text| field(section, text, &words)).collect()
}

fn field(section: &Section<'_>, text: &Text, words: &[(&str, Field)]) -> Result<Field, SettingsError> {
    words.iter().find(|(word, _)| *word == text.value).map(|(_, field)| *field).ok_or_else(|| {
        let near = nearest(&text.value, words.iter().map(|(word, _)| *word)).unwrap_or_default();
        let message = format!("names no field `{}`, the nearest known one is `{near}`", text.value);
        section.wrong_at(text, "blank_clears", message)
    })
}

fn done_marker(section: &Section<'_>) -> Result<Option<String>, SettingsError> {
    let Some(text) = section.text("done_marker")? else { return Ok(None) };
    check_file_name(section, &text, "done_marker")?;
    Ok(Some(text.value))
}

fn check_file_name(section: &Section<'_>, text: &Text, key: &str) -> Result<(), SettingsError> {
    if text.value.contains(['/', '\\']) {
        return Err(section.wrong_at(text, key, format!("must be a name without a folder, not `{}`", text.value)));
    }
    Ok(())
}

fn feeds(section: &Section<'_>) -> Result<Vec<Feed>, SettingsError> {
    let mut feeds: Vec<Feed> = Vec::new();
    for entry in section.sections("feeds")? {
        let at = entry.at;
        let feed = feed(entry, &section.place)?;
        if feeds.iter().any(|other| other.id == feed.id) {
            return Err(section.document.wrong(at, format!("feed `{}` stands twice {}", feed.id, section.place)));
        }
        let taken = |file: &&String| {
            let same = |other: &String| other.to_lowercase() == file.to_lowercase();
            feeds.iter().any(|feed| feed.files.iter().any(same))
        };
        let pattern = feed.files.iter().find(taken);
        if let Some(pattern) = pattern {
            let message = format!("`{pattern}` stands in two feeds {}: a file belongs to one", section.place);
            return Err(section.document.wrong(at, message));
        }
        feeds.push(feed);
    }
    if feeds.is_empty() && section.has("feeds") {
        return Err(section.wrong("feeds", "must not be an empty list; left out, each file name is a feed of its own"));
    }
    Ok(feeds)
}

fn feed(mut section: Section<'_>, of: &str) -> Result<Feed, SettingsError> {
    let id = section.required("id")?;
    check_id(&section, &id, "id")?;
    section.place = format!("in feed `{}` {of}", id.value).replace(" in source", " of source");
    section.allow(&["id", "files", "roles", "orgs"], &[])?;
    let files = section.texts("files")?.ok_or_else(|| section.wrong("files", "is missing"))?;
    for file in &files {
        check_file_name(&section, file, "files")?;
    }
    let words = Role::ALL.map(|role| (role.as_str(), role));
    let roles = section.texts("roles")?.unwrap_or_default();
    Ok(Feed {
        id: id.value,
        files: files.into_iter().map(|file| file.value).collect(),
        roles: roles.iter().map(|role| section.one_of(role, "roles", &words)).collect::<Result<_, _>>()?,
        orgs: section.texts("orgs")?.unwrap_or_default().into_iter().map(|org| org.value).collect(),
    })
}
