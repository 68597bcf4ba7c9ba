//! Which template a header is (`templates.md` section 2), and which one it nearly is.

mod fingerprints;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::definition::{FormatDef, format, formats};
pub use fingerprints::fingerprints;

/// The header set by which a template is told, importable or not.
#[derive(Debug)]
pub struct Fingerprint {
    pub id: &'static str,
    /// What it is, for a sentence: "a Clever students file".
    pub title: &'static str,
    /// Keys that must all be there, parted by commas. `a|b` is either, `a&b` both; `&` binds tighter.
    has: &'static str,
    /// Keys of rival templates, of which none may be there; `a&b`: not both.
    lacks: &'static str,
}

impl Fingerprint {
    /// Does a header with these keys match?
    pub fn matches(&self, keys: &[String]) -> bool {
        terms(self.has).all(|term| term.split('|').any(|all| has_all(all, keys)))
            && !terms(self.lacks).any(|all| has_all(all, keys))
    }

    /// Every key that must or may prove this template.
    fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.has.split([',', '|', '&']).map(str::trim)
    }
}

fn terms(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(',').map(str::trim).filter(|term| !term.is_empty())
}

fn has_all(all: &str, keys: &[String]) -> bool {
    all.split('&').map(str::trim).all(|key| keys.iter().any(|other| other == key))
}

/// The template a header is; `None` when it is none.
pub fn recognise(keys: &[String]) -> Option<&'static Fingerprint> {
    // Each known header matches one template. Of a mixture the most demanding one counts.
    fingerprints().iter().filter(|known| known.matches(keys)).max_by_key(|known| terms(known.has).count())
}

/// Is the key one of a known template, a column of an importable format, or one of our own?
pub fn is_known(key: &str) -> bool {
    fingerprints().iter().any(|known| known.keys().any(|other| other == key))
        || formats().iter().any(|format| format.columns.iter().any(|column| column.header.eq_ignore_ascii_case(key)))
}

/// The importable format of a fingerprint.
pub fn importable(fingerprint: &Fingerprint) -> Option<&'static FormatDef> {
    format(fingerprint.id)
}

/// The column of a rival that keeps a complete header from being that of `format`.
pub fn rival(format: &FormatDef, keys: &[String]) -> Option<String> {
    let own = fingerprints().iter().find(|known| known.id == format.id)?;
    terms(own.lacks).find(|all| has_all(all, keys)).map(str::to_owned)
}

/// A column that a header lacks, and the header that looks most like it.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing {
    pub wanted: &'static str,
    pub near: Option<String>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.near {
            Some(near) => write!(f, "`{}` (there is `{near}`)", self.wanted),
            None => write!(f, "`{}`", self.wanted),
        }
    }
}

/// The importable format nearest to a header (or the one that is asked for), and what it lacks.
pub fn nearest(keys: &[String], bound: Option<&'static FormatDef>) -> Option<(&'static FormatDef, Vec<Missing>)> {
    let candidates = formats().iter().copied().filter(|format| bound.is_none_or(|bound| bound.id == format.id));
    // Of equals the first: the formats stand in the order in which they are proposed.
    candidates.rev().map(|format| (format, lacking(format, keys))).max_by_key(|(format, missing)| {
        let near = missing.iter().filter(|missing| missing.near.is_some()).count();
        let required = format.required().count();
        (required - missing.len()) * 2 + near
    })
}

fn lacking(format: &'static FormatDef, keys: &[String]) -> Vec<Missing> {
    // A header that is right for one column is not proposed for another.
    let free: Vec<&String> = keys
        .iter()
        .filter(|key| !format.columns.iter().any(|column| column.header.eq_ignore_ascii_case(key)))
        .collect();
    format.missing(keys).map(|wanted| Missing { wanted, near: closest(wanted, &free) }).collect()
}

/// The header that looks most like `wanted`, if one does at all.
fn closest(wanted: &str, keys: &[&String]) -> Option<String> {
    keys.iter()
        .map(|key| (likeness(wanted, key), key))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| (*key).clone())
}

/// Could `key` be a misspelling of `header`?
pub fn is_near(header: &str, key: &str) -> bool {
    likeness(header, key) > 0.9
}

/// From 0 to 1; blanks and punctuation do not count.
fn likeness(wanted: &str, key: &str) -> f64 {
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    strsim::jaro_winkler(&bare(wanted), &bare(key))
}
