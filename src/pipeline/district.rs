//! A district as the road needs it: values, no settings.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;
use rosterd_contract::{Field, Mode, Role};
use rosterd_formats::{AdmissionPolicy, FormatDef};

use crate::reconcile::Policy;

/// One district.
#[derive(Debug, Clone)]
pub struct District {
    pub id: String,
    pub name: String,
    pub zone: Tz,
    pub policy: Policy,
    /// Known schools with the grades they teach; `None`: schools are not known.
    pub orgs: Option<BTreeMap<String, Vec<String>>>,
    /// In rank order.
    pub sources: Vec<Source>,
}

impl District {
    /// The source called `id`.
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }
}

/// One source of files.
#[derive(Debug, Clone)]
pub struct Source {
    pub id: String,
    /// Where files appear; `None`: an operator hands them over.
    pub folder: Option<PathBuf>,
    /// Where results go; `None`: nowhere.
    pub results: Option<PathBuf>,
    /// `None`: recognised by the header.
    pub format: Option<&'static FormatDef>,
    pub mode: Option<Mode>,
    pub baseline_applies: bool,
    pub quiet_for: Duration,
    pub confirmations: u32,
    pub confirm_after: TimeDelta,
    pub feeds: Vec<FeedRule>,
    pub blank_clears: Vec<Field>,
    pub strict: bool,
    /// The school of a file that names none.
    pub org: Option<String>,
    pub done_marker: Option<String>,
    /// The completed file lists every row that went in.
    pub completed_all: bool,
    pub schedule: Option<crate::settings::Schedule>,
}

/// A declared feed.
#[derive(Debug, Clone)]
pub struct FeedRule {
    pub id: String,
    pub patterns: Vec<String>,
    pub roles: Vec<Role>,
    pub orgs: Vec<Box<str>>,
}

impl Source {
    /// The declared feed of this name.
    pub fn feed(&self, name: &str) -> Option<&FeedRule> {
        self.feeds.iter().find(|feed| feed.id == name)
    }

    /// How rows of this source are admitted.
    pub fn admission(&self, district: &District) -> AdmissionPolicy {
        AdmissionPolicy {
            email_domains: district.policy.email_domains.clone(),
            strict: self.strict,
            blank_clears: self.blank_clears.clone(),
            orgs: district.orgs.clone(),
            default_role: None,
        }
    }

    /// A number that changes with everything a row's verdict depends on beside the row: fingerprints
    /// made under another version are not trusted.
    pub fn policy_version(&self, district: &District, feed: &str, format: &str) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        format.hash(&mut hasher);
        district.policy.email_domains.hash(&mut hasher);
        self.strict.hash(&mut hasher);
        self.blank_clears.hash(&mut hasher);
        self.org.hash(&mut hasher);
        district.orgs.hash(&mut hasher);
        if let Some(feed) = self.feed(feed) {
            feed.roles.hash(&mut hasher);
            feed.orgs.hash(&mut hasher);
        }
        hasher.finish()
    }
}
