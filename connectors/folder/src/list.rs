//! One look into a folder: what could be input, and what is passed over and why.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::FolderError;
use crate::marker::Marker;
use crate::mount::Mount;
use crate::names::{is_temporary_here, shown};
use crate::stamp::Stamp;

#[cfg(test)]
mod tests;

/// Extensions of what is read as input, lower case; files may write them in any.
pub const EXTENSIONS: &[&str] = &["csv", "tsv", "txt"];

/// How one folder is looked at.
#[derive(Debug, Clone)]
pub struct FolderRules {
    /// The folder. A link to a folder is followed here, and nowhere else.
    pub path: PathBuf,
    /// Where results go; never read as input.
    pub results: PathBuf,
    /// Patterns beside the usual ones: `*` stands for any run of characters, case is ignored.
    pub extra_temporary: Vec<String>,
    /// A file waits until this one exists and is not older: `_SUCCESS`, `{name}.done`, `{stem}.trg`.
    pub done_marker: Option<String>,
}

impl FolderRules {
    /// The usual rules: results in `results/` inside the folder, no own patterns, no marker.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { results: path.join("results"), path, extra_temporary: Vec::new(), done_marker: None }
    }
}

/// A file that could be input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The name as text: unchanged where it is UTF-8, else with stray bytes as `\xE9`. Not safe to
    /// print as it is: a name may hold control characters.
    pub name: String,
    /// Where it lies; the name in it has its own bytes.
    pub path: PathBuf,
    pub stamp: Stamp,
}

/// Why a name was passed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    #[error("temporary name")]
    Temporary,
    #[error("done-marker of another file")]
    Marker,
    #[error("not a regular file")]
    NotAFile,
    #[error("symbolic link, not followed")]
    Link,
    #[error("not .csv, .tsv or .txt")]
    Unknown,
    #[error("waits for its done-marker `{marker}`")]
    NoMarker { marker: String },
    #[error("waits: its done-marker `{marker}` is older than the file")]
    OldMarker { marker: String },
}

impl Ignored {
    /// Whether the name is expected to become input by itself (D01), so that an alert is due when
    /// it does not.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Temporary | Self::NoMarker { .. } | Self::OldMarker { .. })
    }
}

/// What one look into a folder saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Sorted by name.
    pub files: Vec<Seen>,
    /// Every other name that is not a folder, sorted, and why it is not in `files`.
    pub ignored: Vec<(String, Ignored)>,
    /// What the file system's clock showed just before the look, in nanoseconds since 1970; `None`
    /// where it is not this machine's clock (NFS, CIFS, FUSE).
    pub clock_ns: Option<i64>,
}

/// Looks into a folder once. Sub-folders are not entered.
///
/// # Errors
/// When the folder is missing, is none, cannot be read to its end, or holds the results itself. A
/// file that vanishes during the look is no error.
pub fn list(rules: &FolderRules) -> Result<Listing, FolderError> {
    let folder = fs::metadata(&rules.path).map_err(|e| FolderError::reading(&rules.path, e))?;
    refuse_results_as_input(rules, &folder)?;
    // Read before any stamp: a file touched during the look then looks new, never old.
    let clock_ns = Mount::of(&rules.path).our_clock.then(now_ns).flatten();
    let found = read(rules).map_err(|e| FolderError::reading(&rules.path, e))?;
    Ok(Listing { clock_ns, ..sort_out(found, rules) })
}

fn refuse_results_as_input(rules: &FolderRules, folder: &Metadata) -> Result<(), FolderError> {
    match fs::metadata(&rules.results) {
        Ok(results) if (results.dev(), results.ino()) == (folder.dev(), folder.ino()) => {
            Err(FolderError::ResultsAreInput { path: rules.path.clone() })
        }
        _ => Ok(()),
    }
}

fn now_ns() -> Option<i64> {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
}

/// A name in the folder that is not a folder.
struct Found {
    name: OsString,
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    File(Stamp),
    Link,
    Other,
}

fn read(rules: &FolderRules) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(&rules.path)? {
        let entry = entry?;
        if entry.path() != rules.results {
            found.extend(look_at(&entry)?);
        }
    }
    Ok(found)
}

fn look_at(entry: &DirEntry) -> io::Result<Option<Found>> {
    let meta = match entry.metadata() {
        Ok(meta) => meta,
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(other) => return Err(other),
    };
    let kind = match meta.file_type() {
        kind if kind.is_dir() => return Ok(None),
        kind if kind.is_file() => Kind::File(Stamp::from(&meta)),
        kind if kind.is_symlink() => Kind::Link,
        _ => Kind::Other,
    };
    Ok(Some(Found { name: entry.file_name(), path: entry.path(), kind }))
}

fn sort_out(found: Vec<Found>, rules: &FolderRules) -> Listing {
    let marker = rules.done_marker.as_deref().map(Marker::parse);
    let markers = marker.map(|marker| marked_at(&found, marker)).unwrap_or_default();
    let mut listing = Listing::default();
    for Found { name, path, kind } in found {
        let text = shown(&name);
        let fate = by_name(&name, &text, marker, &rules.extra_temporary)
            .and_then(|()| by_kind(kind, &text))
            .and_then(|stamp| by_marker(&name, stamp, marker, &markers));
        match fate {
            Ok(stamp) => listing.files.push(Seen { name: text, path, stamp }),
            Err(why) => listing.ignored.push((text, why)),
        }
    }
    listing.files.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    listing.ignored.sort_by(|a, b| a.0.cmp(&b.0));
    listing
}

/// The markers that are there, with the time of their content.
fn marked_at(found: &[Found], marker: Marker<'_>) -> HashMap<OsString, i64> {
    let at = |found: &Found| match &found.kind {
        Kind::File(stamp) if marker.is(&found.name) => Some((found.name.clone(), stamp.mtime_ns)),
        _ => None,
    };
    found.iter().filter_map(at).collect()
}

/// A marker may well have a name that would be temporary otherwise: `.ready`.
fn by_name(name: &OsStr, text: &str, marker: Option<Marker<'_>>, extra: &[String]) -> Result<(), Ignored> {
    if marker.is_some_and(|marker| marker.is(name)) {
        Err(Ignored::Marker)
    } else if is_temporary_here(text, extra) {
        Err(Ignored::Temporary)
    } else {
        Ok(())
    }
}

fn by_kind(kind: Kind, text: &str) -> Result<Stamp, Ignored> {
    match kind {
        Kind::Link => Err(Ignored::Link),
        Kind::Other => Err(Ignored::NotAFile),
        Kind::File(_) if !has_known_extension(text) => Err(Ignored::Unknown),
        Kind::File(stamp) => Ok(stamp),
    }
}

/// Content times are compared, not change times: a mode or owner set afterwards must not make a
/// file wait for ever. Both were written by the same sender.
fn by_marker(
    name: &OsStr,
    stamp: Stamp,
    marker: Option<Marker<'_>>,
    markers: &HashMap<OsString, i64>,
) -> Result<Stamp, Ignored> {
    let Some(expected) = marker.map(|marker| marker.of(name)) else { return Ok(stamp) };
    match markers.get(&expected) {
        None => Err(Ignored::NoMarker { marker: shown(&expected) }),
        Some(marked_at) if *marked_at < stamp.mtime_ns => Err(Ignored::OldMarker { marker: shown(&expected) }),
        Some(_) => Ok(stamp),
    }
}

/// Whether the name says that this is a kind of file that is read.
pub(crate) fn has_known_extension(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}
