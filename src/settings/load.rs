//! The files of a configuration, read one after the other, and what must be true across them.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use super::{
    District, Settings, SettingsError, Source, SourceKind, daemon::daemon, district::district, document::Document,
};

/// The folder beside the configuration file that holds one file a district.
const DISTRICTS: &str = "districts.d";

impl Settings {
    /// Reads `config` and `districts.d/*.toml` beside it, in the order of their names, and lays the
    /// environment over `config`. Relative paths in any of the files are taken from `config`'s folder.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn load(config: &Path, env: impl Iterator<Item = (String, String)>) -> Result<Self, SettingsError> {
        let unreadable = |cause| SettingsError::Unreadable { file: config.to_owned(), cause, hint: None };
        let config = std::path::absolute(config).map_err(unreadable)?;
        let base = config.parent().unwrap_or(Path::new("/"));
        let daemon = daemon(&Document::read(&config)?, base, env)?;
        let mut read = Vec::new();
        for file in district_files(&base.join(DISTRICTS))? {
            let (district, line) = district(&Document::read(&file)?, base)?;
            check_id_is_free(&district, line, &read)?;
            read.push(district);
        }
        check_folders(&read)?;
        Ok(Self {
            state_dir: daemon.state_dir,
            store: daemon.store,
            files: [config.clone()].into_iter().chain(read.iter().map(|district| district.file.clone())).collect(),
            districts: read,
            config_file: config,
        })
    }
}

/// The districts' files, sorted. No folder means no districts; hidden files are editors' leftovers.
fn district_files(folder: &Path) -> Result<Vec<PathBuf>, SettingsError> {
    let unreadable = |cause| SettingsError::Unreadable { file: folder.to_owned(), cause, hint: None };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(unreadable)?.path();
        let hidden = file.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn check_id_is_free(district: &District, line: usize, others: &[District]) -> Result<(), SettingsError> {
    match others.iter().find(|other| other.id == district.id) {
        Some(other) => {
            let message =
                format!("district `{}` is configured twice: here and in `{}`", district.id, other.file.display());
            Err(SettingsError::at(&district.file, line, message))
        }
        None => Ok(()),
    }
}

/// A folder source as seen by its neighbours.
struct Folder<'s> {
    district: &'s District,
    source: &'s Source,
    path: PathBuf,
    results: PathBuf,
}

/// A folder is read by one source, and never one that results are written to: what we wrote would come
/// back as a delivery. Results of two districts never share a folder.
fn check_folders(districts: &[District]) -> Result<(), SettingsError> {
    let folders: Vec<Folder<'_>> = districts.iter().flat_map(folders).collect();
    for (at, folder) in folders.iter().enumerate() {
        for other in folders.iter().take(at) {
            if folder.path == other.path {
                return Err(folder.clash(other, "reads the same folder as"));
            }
            if folder.results == other.results && folder.district.id != other.district.id {
                return Err(folder.clash(other, "writes its results into the same folder as"));
            }
            if folder.results == other.path {
                return Err(folder.clash(other, "writes its results into the folder that is read by"));
            }
            if folder.path == other.results {
                return Err(folder.clash(other, "reads the folder that holds the results of"));
            }
        }
    }
    Ok(())
}

fn folders(district: &District) -> impl Iterator<Item = Folder<'_>> {
    district.sources.iter().filter_map(move |source| match &source.kind {
        SourceKind::Folder { path, results } => {
            Some(Folder { district, source, path: real(path), results: real(results) })
        }
        SourceKind::Upload => None,
    })
}

impl Folder<'_> {
    fn clash(&self, other: &Self, does: &str) -> SettingsError {
        let message = format!(
            "source `{}` {does} source `{}` (`{}`, line {})",
            self.source.id,
            other.source.id,
            other.district.file.display(),
            other.source.line
        );
        SettingsError::at(&self.district.file, self.source.line, message)
            .with_hint("give each source a folder of its own")
    }
}

/// Where an absolute path leads: links are followed as far as the folders exist, the rest is read by the
/// letter.
pub(super) fn real(path: &Path) -> PathBuf {
    let mut real = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            real.pop();
            continue;
        }
        real.push(part);
        real = fs::canonicalize(&real).unwrap_or(real);
    }
    real
}
