//! Done-markers: a small file by which a sender says that a bigger one is whole.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::list::has_known_extension;
use crate::names::shown;

/// How a source's markers are named. Case counts, unlike in temporary names: the sender chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker<'a> {
    /// One marker for the whole folder: `_SUCCESS`.
    Folder(&'a str),
    /// One a file, around its whole name: `{name}.done`.
    Name { before: &'a str, after: &'a str },
    /// One a file, around its name without extension: `{stem}.trg`.
    Stem { before: &'a str, after: &'a str },
}

impl<'a> Marker<'a> {
    pub(crate) fn parse(pattern: &'a str) -> Self {
        if let Some((before, after)) = pattern.split_once("{name}") {
            Self::Name { before, after }
        } else if let Some((before, after)) = pattern.split_once("{stem}") {
            Self::Stem { before, after }
        } else {
            Self::Folder(pattern)
        }
    }

    /// The name of the marker that speaks for the file `name`.
    pub(crate) fn of(&self, name: &OsStr) -> OsString {
        match self {
            Self::Folder(fixed) => OsString::from(fixed),
            Self::Name { before, after } => around(before, name, after),
            Self::Stem { before, after } => around(before, Path::new(name).file_stem().unwrap_or(name), after),
        }
    }

    /// Whether `name` is a marker itself, also when its file is not there (yet).
    pub(crate) fn is(&self, name: &OsStr) -> bool {
        match self {
            Self::Folder(fixed) => name == OsStr::new(fixed),
            Self::Name { before, after } => within(before, name, after).is_some_and(|inner| {
                // `notes.done` beside a pattern `{name}.done` marks no file that could be input.
                has_known_extension(&shown(inner))
            }),
            Self::Stem { before, after } => within(before, name, after).is_some(),
        }
    }
}

fn around(before: &str, inner: &OsStr, after: &str) -> OsString {
    OsString::from_vec([before.as_bytes(), inner.as_bytes(), after.as_bytes()].concat())
}

fn within<'n>(before: &str, name: &'n OsStr, after: &str) -> Option<&'n OsStr> {
    let inner = name.as_bytes().strip_prefix(before.as_bytes())?.strip_suffix(after.as_bytes())?;
    (!inner.is_empty()).then(|| OsStr::from_bytes(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_named_after_their_file() {
        let of = |pattern, name| Marker::parse(pattern).of(OsStr::new(name));
        assert_eq!(of("_SUCCESS", "students.csv"), "_SUCCESS");
        assert_eq!(of("{name}.done", "students.csv"), "students.csv.done");
        assert_eq!(of("ok-{stem}.trg", "students.v2.csv"), "ok-students.v2.trg");
        let odd = OsStr::from_bytes(b"\xE9l.csv");
        assert_eq!(Marker::parse("{name}.done").of(odd).as_bytes(), b"\xE9l.csv.done");
    }

    #[test]
    fn markers_are_known_without_their_file() {
        let is = |pattern, name| Marker::parse(pattern).is(OsStr::new(name));
        assert!(is("done.txt", "done.txt"));
        assert!(!is("done.txt", "DONE.txt"));
        assert!(is("{name}.done", "absent.csv.done"));
        assert!(!is("{name}.done", "notes.done"));
        assert!(!is("{name}.done", ".done"));
        assert!(is("{stem}.trg", "absent.trg"));
        assert!(!is("{stem}.trg", "absent.csv"));
    }
}
