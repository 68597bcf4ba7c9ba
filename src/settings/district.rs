//! One file of `districts.d`: a district, its orgs, its sources and its rules.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono_tz::Tz;
use rosterd_contract::{Field, vocabulary};

use super::{
    SettingsError, Source,
    document::{Document, Section, Text},
    errors::nearest,
    source::source,
};
use crate::reconcile::limits::Limits;

/// A district as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct District {
    /// Unique among all districts: `[a-z0-9][a-z0-9_-]{0,63}`.
    pub id: String,
    /// For people. Default: the id.
    pub name: String,
    /// Schedules are read in it. Default: UTC, unless there is a schedule.
    pub time_zone: Tz,
    /// Lower-cased, without `@`; sub-domains count. Empty: any.
    pub email_domains: Vec<String>,
    pub orgs: Vec<Org>,
    /// In rank order.
    pub sources: Vec<Source>,
    /// The numbers of the gates.
    pub limits: Limits,
    /// A file older than this takes nobody over (P22): 1 day to 10 years, default 45 days.
    pub takeover_max_age: Duration,
    pub absence: AbsencePolicy,
    /// How a field is merged, where it differs from the default (F3, F5).
    pub field_modes: BTreeMap<FieldName, FieldMode>,
    /// Which sources or feeds decide a field, the first one first (F2): `SOURCE`, `FEED` or `SOURCE/FEED`.
    pub authority: BTreeMap<Field, Vec<String>>,
    /// Numbers and e-mails (lower-cased) of people who are never removed.
    pub protected: Vec<String>,
    /// The file all this stands in.
    pub file: PathBuf,
}

/// A school, office or department that is known before any delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Org {
    /// As delivered; unique in the district.
    pub id: String,
    /// Default: the id.
    pub name: String,
    /// Canonical codes (`PK`, `KG`, `01` …). Empty: not said.
    pub grades: Vec<String>,
}

/// What a proven absence from the last file does, by role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbsencePolicy {
    /// Default: archive.
    pub student: Absence,
    /// Teachers, staff and others. Default: archive.
    pub staff: Absence,
    /// Default: flag only.
    pub admin: Absence,
}

/// What an absence does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// The person is archived.
    Archive,
    /// The report says so, and the person stays.
    FlagOnly,
}

/// A field whose merging can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldName {
    Field(Field),
    Email,
    Role,
    Orgs,
    Status,
}

impl FieldName {
    /// Every name: those of [`Field`], and the four with a place of their own in a record.
    pub fn all() -> impl Iterator<Item = Self> {
        Field::ALL.into_iter().map(Self::Field).chain([Self::Email, Self::Role, Self::Orgs, Self::Status])
    }

    /// The word in `[fields]`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Field(field) => field.as_str(),
            Self::Email => "email",
            Self::Role => "role",
            Self::Orgs => "orgs",
            Self::Status => "status",
        }
    }
}

/// Who wins when the roster and the source both changed a field (F3, F5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldMode {
    /// Three-way merge with the field's own default for conflicts.
    Merge,
    /// Merge; in a conflict the edit made here stays.
    Sticky,
    /// Always what the source says.
    Authoritative,
    /// The source sets it when the person is created, then never again.
    CreateOnly,
    /// Only edits made here count.
    LocalOnly,
}

pub(super) const SECTIONS: [&str; 6] = ["district", "orgs", "sources", "limits", "fields", "authority"];
const UNBUILT_SECTIONS: [&str; 5] = ["sftp", "web", "metrics", "credentials", "year"];
pub(super) const KEYS: [&str; 7] =
    ["id", "name", "time_zone", "email_domains", "absence_policy", "takeover_max_age", "protected"];
/// Switches that say what a sync may do; there are no syncs yet.
const UNBUILT_KEYS: [&str; 4] = ["on_sync_release", "on_sync_inactive", "coverage", "status_authority"];
const DAY: Duration = Duration::from_secs(86_400);

/// Reads a district's file; relative paths are taken from `base`. Also says in which line the id stands.
pub(super) fn district(document: &Document, base: &Path) -> Result<(District, usize), SettingsError> {
    let root = document.root()?;
    root.allow(&SECTIONS, &UNBUILT_SECTIONS)?;
    let section = root.section("district")?.ok_or_else(|| {
        document
            .wrong(0, "`[district]` is missing")
            .with_hint("a district's file begins with `[district]` and its `id`")
    })?;
    section.allow(&KEYS, &UNBUILT_KEYS)?;
    let id = section.required("id")?;
    check_id(&section, &id, "id")?;
    let zone = time_zone(&section)?;
    let sources = sources(&root, base, zone)?;
    let district = District {
        name: section.text("name")?.map_or_else(|| id.value.clone(), |name| name.value),
        time_zone: zone.unwrap_or(Tz::UTC),
        email_domains: email_domains(&section)?,
        orgs: orgs(&root)?,
        limits: limits(&root)?,
        takeover_max_age: section.duration("takeover_max_age", DAY..=DAY * 3_660)?.unwrap_or(DAY * 45),
        absence: absence(&section)?,
        field_modes: field_modes(&root)?,
        authority: authority(&root, &sources)?,
        protected: protected(&section)?,
        sources,
        file: document.file.clone(),
        id: id.value,
    };
    Ok((district, document.line(id.at)))
}

/// Ids stand in file names, addresses and commands: `[a-z0-9][a-z0-9_-]{0,63}`.
pub(super) fn check_id(section: &Section<'_>, id: &Text, key: &str) -> Result<(), SettingsError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let begins = id.value.chars().next().is_some_and(plain);
    if begins && id.value.len() <= 64 && id.value.chars().all(|c| plain(c) || c == '_' || c == '-') {
        return Ok(());
    }
    let message = format!(
        "must be 1 to 64 lower-case letters, digits, `_` or `-`, the first a letter or digit, not `{}`",
        id.value
    );
    Err(section.wrong_at(id, key, message))
}

fn time_zone(section: &Section<'_>) -> Result<Option<Tz>, SettingsError> {
    let Some(text) = section.text("time_zone")? else { return Ok(None) };
    text.value.parse().map(Some).map_err(|_| {
        let names = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        // `Chicago` is nearer to `America/Chicago` than letters tell.
        let city =
            names().find(|name| name.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&text.value)));
        let near = city.or_else(|| nearest(&text.value, names())).unwrap_or_default();
        section.wrong("time_zone", format!("names no time zone `{}`, the nearest known one is `{near}`", text.value))
    })
}

fn email_domains(section: &Section<'_>) -> Result<Vec<String>, SettingsError> {
    let mut domains = Vec::new();
    for text in section.texts("email_domains")?.unwrap_or_default() {
        let domain = text.value.strip_prefix('@').unwrap_or(&text.value).to_lowercase();
        let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
        if !domain.split('.').all(label) {
            let message = format!("must name domains such as `springfield.example.org`, not `{}`", text.value);
            return Err(section.wrong_at(&text, "email_domains", message));
        }
        domains.push(domain);
    }
    Ok(domains)
}

fn absence(section: &Section<'_>) -> Result<AbsencePolicy, SettingsError> {
    let mut policy = AbsencePolicy { student: Absence::Archive, staff: Absence::Archive, admin: Absence::FlagOnly };
    let Some(section) = section.section("absence_policy")? else { return Ok(policy) };
    section.allow(&["student", "staff", "admin"], &[])?;
    let words = [("archive", Absence::Archive), ("flag-only", Absence::FlagOnly)];
    for (role, place) in [("student", &mut policy.student), ("staff", &mut policy.staff), ("admin", &mut policy.admin)]
    {
        *place = section.word(role, &words)?.unwrap_or(*place);
    }
    Ok(policy)
}

fn protected(section: &Section<'_>) -> Result<Vec<String>, SettingsError> {
    let texts = section.texts("protected")?.unwrap_or_default().into_iter().map(|text| text.value);
    // Numbers are kept to the letter; e-mails are compared lower-cased everywhere.
    Ok(texts.map(|text| if text.contains('@') { text.to_lowercase() } else { text }).collect())
}

fn orgs(root: &Section<'_>) -> Result<Vec<Org>, SettingsError> {
    let mut orgs: Vec<Org> = Vec::new();
    for mut section in root.sections("orgs")? {
        let id = section.required("id")?;
        section.place = format!("in org `{}`", id.value);
        section.allow(&["id", "name", "grades"], &[])?;
        if orgs.iter().any(|org| org.id == id.value) {
            return Err(section.wrong_at(&id, "id", "stands twice: an org is listed once"));
        }
        orgs.push(Org {
            name: section.text("name")?.map_or_else(|| id.value.clone(), |name| name.value),
            grades: grades(&section)?,
            id: id.value,
        });
    }
    Ok(orgs)
}

fn grades(section: &Section<'_>) -> Result<Vec<String>, SettingsError> {
    let mut grades = Vec::new();
    for text in section.texts("grades")?.unwrap_or_default() {
        let grade = vocabulary::grade(&text.value).ok_or_else(|| {
            let near = nearest(&text.value, vocabulary::GRADES).unwrap_or_default();
            let message = format!("names no grade `{}`, the nearest known one is `{near}`", text.value);
            section.wrong_at(&text, "grades", message)
        })?;
        if !grades.iter().any(|known| known == grade) {
            grades.push(grade.to_owned());
        }
    }
    Ok(grades)
}

fn sources(root: &Section<'_>, base: &Path, zone: Option<Tz>) -> Result<Vec<Source>, SettingsError> {
    let mut sources: Vec<Source> = Vec::new();
    for section in root.sections("sources")? {
        let at = section.at;
        let source = source(section, base, zone)?;
        if let Some(other) = sources.iter().find(|other| other.id == source.id) {
            let message = format!("source `{}` stands twice: here and in line {}", source.id, other.line);
            return Err(root.document.wrong(at, message));
        }
        sources.push(source);
    }
    Ok(sources)
}

fn limits(root: &Section<'_>) -> Result<Limits, SettingsError> {
    let mut limits = Limits::default();
    let Some(section) = root.section("limits")? else { return Ok(limits) };
    section.allow(&Limits::NAMES, &[])?;
    for name in section.keys() {
        let entry = section.section(&name.value)?.ok_or_else(|| section.wrong(&name.value, "is missing"))?;
        entry.allow(&["percent", "more_than", "off"], &[])?;
        let wrong = |error: String| section.wrong(&name.value, format!("cannot be used: {error}"));
        limits.apply(&name.value, &section.plain(&name.value)?).map_err(wrong)?;
    }
    Ok(limits)
}

fn field_modes(root: &Section<'_>) -> Result<BTreeMap<FieldName, FieldMode>, SettingsError> {
    let mut modes = BTreeMap::new();
    let Some(section) = root.section("fields")? else { return Ok(modes) };
    section.allow(&FieldName::all().map(FieldName::as_str).collect::<Vec<_>>(), &[])?;
    let words = [
        ("merge", FieldMode::Merge),
        ("sticky", FieldMode::Sticky),
        ("authoritative", FieldMode::Authoritative),
        ("create-only", FieldMode::CreateOnly),
        ("local-only", FieldMode::LocalOnly),
    ];
    for field in FieldName::all() {
        if let Some(mode) = section.word(field.as_str(), &words)? {
            modes.insert(field, mode);
        }
    }
    Ok(modes)
}

fn authority(root: &Section<'_>, sources: &[Source]) -> Result<BTreeMap<Field, Vec<String>>, SettingsError> {
    let mut authority = BTreeMap::new();
    let Some(section) = root.section("authority")? else { return Ok(authority) };
    section.allow(&Field::ALL.map(Field::as_str), &[])?;
    for field in Field::ALL {
        let Some(texts) = section.texts(field.as_str())? else { continue };
        for text in &texts {
            check_authority(&section, field, text, sources)?;
        }
        authority.insert(field, texts.into_iter().map(|text| text.value).collect());
    }
    Ok(authority)
}

/// A name is a source, a configured feed, or `SOURCE/FEED` where the feeds come from file names.
fn check_authority(section: &Section<'_>, field: Field, text: &Text, sources: &[Source]) -> Result<(), SettingsError> {
    let names = || {
        let of = |source: &'_ Source| source.feeds.iter().map(|feed| feed.id.clone()).collect::<Vec<_>>();
        sources.iter().flat_map(move |source| [vec![source.id.clone()], of(source)].concat())
    };
    let of_feed = |(id, feed): (&str, &str)| {
        let source = sources.iter().find(|source| source.id == id);
        source.is_some_and(|source| source.feeds.is_empty() || source.feeds.iter().any(|known| known.id == feed))
    };
    if text.value == "local"
        || names().any(|name| name == text.value)
        || text.value.split_once('/').is_some_and(of_feed)
    {
        return Ok(());
    }
    let known: Vec<String> = names().collect();
    let near = nearest(&text.value, known.iter().map(String::as_str)).unwrap_or("local");
    let message = format!("names no source or feed `{}`, the nearest known one is `{near}`", text.value);
    Err(section
        .wrong_at(text, field.as_str(), message)
        .with_hint("feeds that take their name from the file are written `SOURCE/FEED`"))
}
