//! Verdicts on whole deliveries that need no identity (design section 3): dates, regressions,
//! cuts, foreign files, upside-down status words.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::input::AgainstReference;
use super::limits::Limits;

/// How far a date is to be trusted, most trusted first; dates are compared within one kind only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DateKind {
    Name,
    ModifiedBySender,
    Arrival,
}

impl DateKind {
    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::ModifiedBySender => "mtime",
            Self::Arrival => "arrival",
        }
    }

    /// Reads the word of [`DateKind::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Name, Self::ModifiedBySender, Self::Arrival].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// D05: stated older by more than two hours than the last accepted delivery, within one kind.
pub fn is_late(stated: (DateTime<Utc>, DateKind), last: Option<(DateTime<Utc>, DateKind)>) -> bool {
    last.is_some_and(|last| {
        last.1 == stated.1 && stated.1 != DateKind::Arrival && last.0 - stated.0 > TimeDelta::hours(2)
    })
}

/// A date more than 36 hours ahead of the clock is no date.
pub fn is_ahead(stated: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    stated - now > TimeDelta::hours(36)
}

/// G01's harder case: what is left is the beginning of the reference, and nothing after a point.
pub fn is_cut(limits: &Limits, against: &AgainstReference, rows: u64) -> bool {
    let missing = against.rows.saturating_sub(rows);
    let after = against.rows.saturating_sub(against.until_last_present);
    limits.g01.trips(missing, against.rows)
        && limits.g01.trips(after, against.rows)
        && against.until_last_present > 0
        && against.present * 10 >= against.until_last_present * 9
}

/// A14: too many rows say inactive.
pub fn is_upside_down(limits: &Limits, inactive: u64, rows: u64, reference_inactive: Option<(u64, u64)>) -> bool {
    if rows == 0 || limits.a14.more_than.is_infinite() {
        return false;
    }
    match reference_inactive {
        None => inactive * 100 >= rows * 80,
        Some((was, of)) => limits.a14.trips(inactive, rows) && was * 100 < of.max(1) * 5,
    }
}

/// D18: more than half of the addresses lie outside the district's domains, or outside the domains
/// that made up 95 % of the reference. Gives the foreign domains with counts.
pub fn foreign_domains(
    limits: &Limits,
    configured: &[String],
    reference: &BTreeMap<String, u64>,
    seen: &BTreeMap<String, u64>,
) -> Option<Vec<(String, u64)>> {
    let known: Vec<&str> =
        if configured.is_empty() { usual(reference) } else { configured.iter().map(String::as_str).collect() };
    if known.is_empty() {
        return None;
    }
    let total: u64 = seen.values().sum();
    let is_known = |domain: &str| {
        known.iter().any(|own| domain == *own || (!configured.is_empty() && domain.ends_with(&format!(".{own}"))))
    };
    let mut foreign: Vec<(String, u64)> =
        seen.iter().filter(|(domain, _)| !is_known(domain)).map(|(domain, n)| (domain.clone(), *n)).collect();
    foreign.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let count: u64 = foreign.iter().map(|(_, n)| n).sum();
    (total > 0 && limits.d18.trips(count, total)).then_some(foreign)
}

/// The domains that made up 95 % of the reference.
fn usual(reference: &BTreeMap<String, u64>) -> Vec<&str> {
    let total: u64 = reference.values().sum();
    let mut by_count: Vec<(&str, u64)> = reference.iter().map(|(domain, n)| (domain.as_str(), *n)).collect();
    by_count.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let mut covered = 0;
    let mut usual = Vec::new();
    for (domain, n) in by_count {
        if covered * 100 >= total * 95 {
            break;
        }
        covered += n;
        usual.push(domain);
    }
    usual
}
