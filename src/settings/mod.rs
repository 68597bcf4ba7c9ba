//! Files and environment → checked values.
//!
//! `rosterd.toml` holds what concerns the daemon, `districts.d/*.toml` one district each. Everything is
//! checked here, once: unknown keys, words, ranges, and what must be true across files. What a later
//! version will do is refused with a sentence, never passed over. Checks of the world (does the folder
//! exist, may it be read) belong to `rosterd doctor`, not here.

mod daemon;
mod district;
mod document;
mod duration;
mod errors;
mod first;
mod load;
mod schedule;
mod source;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use district::{Absence, AbsencePolicy, District, FieldMode, FieldName, Org};
pub use duration::{DurationError, duration};
pub use errors::SettingsError;
pub use first::first_configuration;
pub use schedule::{Schedule, ScheduleError};
pub use source::{Baseline, Feed, Source, SourceKind};

/// The whole configuration. All paths are absolute.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Database, spool and whatever else must outlive a restart. Default: `/var/lib/rosterd`.
    pub state_dir: PathBuf,
    /// Default: SQLite, `rosterd.db` in the state directory.
    pub store: StoreUrl,
    /// In the order of their files' names.
    pub districts: Vec<District>,
    /// Every file that was read, the configuration file first.
    pub files: Vec<PathBuf>,
    pub config_file: PathBuf,
}

/// Where the roster is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// One file.
    Sqlite(PathBuf),
}

impl Settings {
    /// The district called `id`.
    pub fn district(&self, id: &str) -> Option<&District> {
        self.districts.iter().find(|district| district.id == id)
    }
}
