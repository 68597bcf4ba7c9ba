//! The configuration as a whole. Pure parts have their tests beside them.

mod across;
mod environment;
mod good;
mod schedule;
mod wrong;

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{Settings, SettingsError};

/// A folder with `rosterd.toml` and some districts' files.
struct Folder(TempDir);

impl Folder {
    fn new(daemon: &str, districts: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("districts.d")).unwrap();
        fs::write(folder.path().join("rosterd.toml"), daemon).unwrap();
        for (name, text) in districts {
            fs::write(folder.path().join("districts.d").join(name), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn load(&self, env: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(&self.path().join("rosterd.toml"), env)
    }

    /// The error's words and hint, with `…` for this folder.
    fn complaint(&self, env: &[(&str, &str)]) -> (String, Option<String>) {
        let error = self.load(env).expect_err("this configuration is wrong");
        let short = |text: String| text.replace(&self.path().display().to_string(), "…");
        (short(error.to_string()), error.hint().map(short))
    }
}

/// A source that lacks nothing, to be put behind `[district]`.
const SOURCE: &str = "[[sources]]\nid = 'sis'\nkind = 'folder'\npath = 'in'\n";

/// A district with that one source, and more lines in the source.
fn with_source(lines: &str) -> String {
    format!("[district]\nid = 'd'\ntime_zone = 'America/Chicago'\n{SOURCE}{lines}\n")
}
