//! Settings to live districts: the one place that knows which kinds of source there are.

use chrono::TimeDelta;
use rosterd_contract::Role;

use crate::pipeline::{District, FeedRule, Source};
use crate::reconcile::policy::{Absence, FieldMode, Policy};
use crate::roster::Attribute;
use crate::settings;

/// A setting that cannot be carried out.
#[derive(Debug, thiserror::Error)]
#[error("{file}: source `{source_id}` wants the format `{format}`, which is not one of ours")]
pub struct UnknownFormat {
    pub file: String,
    pub source_id: String,
    pub format: String,
}

impl UnknownFormat {
    /// The nearest format, and all of them.
    pub fn hint(&self) -> String {
        let known: Vec<&str> = rosterd_formats::formats().iter().map(|format| format.id).collect();
        let nearest = known
            .iter()
            .max_by(|a, b| strsim::jaro_winkler(a, &self.format).total_cmp(&strsim::jaro_winkler(b, &self.format)));
        let nearest = nearest.map(|id| format!("the nearest is `{id}`; ")).unwrap_or_default();
        format!("{nearest}there are: auto, {}", known.join(", "))
    }
}

/// The districts of a configuration.
///
/// # Errors
/// When a source is bound to a format that does not exist.
pub fn districts(settings: &settings::Settings) -> Result<Vec<District>, UnknownFormat> {
    settings.districts.iter().map(district).collect()
}

fn district(from: &settings::District) -> Result<District, UnknownFormat> {
    let sources = from.sources.iter().map(|each| source(from, each)).collect::<Result<Vec<_>, _>>()?;
    let orgs =
        (!from.orgs.is_empty()).then(|| from.orgs.iter().map(|org| (org.id.clone(), org.grades.clone())).collect());
    Ok(District {
        id: from.id.clone(),
        name: from.name.clone(),
        zone: from.time_zone,
        policy: policy(from),
        orgs,
        sources,
    })
}

fn source(district: &settings::District, from: &settings::Source) -> Result<Source, UnknownFormat> {
    let format = match from.format.as_deref() {
        None => None,
        Some(id) => Some(rosterd_formats::format(id).ok_or_else(|| UnknownFormat {
            file: district.file.display().to_string(),
            source_id: from.id.clone(),
            format: id.to_owned(),
        })?),
    };
    let (folder, results) = match &from.kind {
        settings::SourceKind::Folder { path, results } => (Some(path.clone()), Some(results.clone())),
        settings::SourceKind::Upload => (None, None),
    };
    Ok(Source {
        id: from.id.clone(),
        folder,
        results,
        format,
        mode: from.mode,
        baseline_applies: from.baseline == settings::Baseline::Apply,
        quiet_for: from.quiet_for,
        confirmations: from.confirmations,
        confirm_after: delta(from.confirm_after),
        feeds: from
            .feeds
            .iter()
            .map(|feed| FeedRule {
                id: feed.id.clone(),
                patterns: feed.files.clone(),
                roles: feed.roles.clone(),
                orgs: feed.orgs.iter().map(|org| org.as_str().into()).collect(),
            })
            .collect(),
        blank_clears: from.blank_clears.clone(),
        strict: from.strict,
        org: from.org.clone(),
        done_marker: from.done_marker.clone(),
        completed_all: from.completed_all,
        schedule: from.schedule.clone(),
    })
}

fn delta(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

fn policy(from: &settings::District) -> Policy {
    let mut policy = Policy {
        limits: from.limits,
        takeover_max_age: delta(from.takeover_max_age),
        email_domains: from.email_domains.clone(),
        protected: from.protected.iter().cloned().collect(),
        authority: from.authority.clone(),
        ..Policy::default()
    };
    let absence = |setting: settings::Absence| match setting {
        settings::Absence::Archive => Absence::Archive,
        settings::Absence::FlagOnly => Absence::FlagOnly,
    };
    policy.absence.insert(Role::Student, absence(from.absence.student));
    for role in [Role::Teacher, Role::Staff, Role::Other] {
        policy.absence.insert(role, absence(from.absence.staff));
    }
    policy.absence.insert(Role::Admin, absence(from.absence.admin));
    for (name, mode) in &from.field_modes {
        let attribute = match name {
            settings::FieldName::Field(field) => Attribute::Field(*field),
            settings::FieldName::Email => Attribute::Email,
            settings::FieldName::Role => Attribute::Role,
            settings::FieldName::Orgs => Attribute::Orgs,
            settings::FieldName::Status => continue,
        };
        let mode = match mode {
            settings::FieldMode::Merge => continue, // the field's own default
            settings::FieldMode::Sticky => FieldMode::Sticky,
            settings::FieldMode::Authoritative => FieldMode::Authoritative,
            settings::FieldMode::CreateOnly => FieldMode::CreateOnly,
            settings::FieldMode::LocalOnly => FieldMode::LocalOnly,
        };
        policy.field_modes.insert(attribute, mode);
    }
    policy
}
