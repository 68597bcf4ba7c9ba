//! Deliveries on disk: land whole or not at all. Content-addressed, one folder a district, written
//! once and never again; no part of a path comes from outside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// What can go wrong with the spool.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The file system refused.
    #[error("cannot {what} {path}")]
    Io {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SpoolError {
    let path = path.to_owned();
    move |source| SpoolError::Io { what, path, source }
}

/// The spool of one installation.
#[derive(Debug, Clone)]
pub struct Spool {
    root: PathBuf,
}

impl Spool {
    /// Opens (or makes) the spool below the state directory, and clears away what an earlier
    /// process left half-written: it was never acknowledged.
    ///
    /// # Errors
    /// When the folders cannot be made or read.
    pub fn open(state_dir: &Path) -> Result<Self, SpoolError> {
        let spool = Self { root: state_dir.join("spool") };
        let incoming = spool.root.join("incoming");
        make_private(&incoming)?;
        make_private(&spool.root.join("versions"))?;
        Ok(spool)
    }

    /// Removes what an earlier process left in `incoming`. Only for the one who holds the lock of
    /// the state directory.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn clear_incoming(&self) -> Result<(), SpoolError> {
        let incoming = self.root.join("incoming");
        for entry in fs::read_dir(&incoming).map_err(failed("read", &incoming))? {
            let path = entry.map_err(failed("read", &incoming))?.path();
            fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
        Ok(())
    }

    /// A fresh place to write a delivery to.
    pub fn incoming(&self, id: Uuid) -> PathBuf {
        self.root.join("incoming").join(id.simple().to_string())
    }

    /// Where a delivery of this content stands.
    pub fn path(&self, district: &str, sha256: &[u8]) -> PathBuf {
        let name: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        let fan = name.get(..2).unwrap_or("00").to_owned();
        self.root.join("versions").join(district).join(fan).join(name)
    }

    /// Moves a whole, synced file from `incoming` to its place; durable when it returns. The same
    /// content twice is one file.
    ///
    /// # Errors
    /// When the file system refuses; the caller must not acknowledge then.
    pub fn seal(&self, incoming: &Path, district: &str, sha256: &[u8]) -> Result<PathBuf, SpoolError> {
        let place = self.path(district, sha256);
        let folder = place.parent().unwrap_or(&self.root).to_owned();
        make_private(&folder)?;
        if place.exists() {
            fs::remove_file(incoming).map_err(failed("remove", incoming))?;
        } else {
            let mut rights = fs::metadata(incoming).map_err(failed("read", incoming))?.permissions();
            rights.set_readonly(true);
            fs::set_permissions(incoming, rights).map_err(failed("protect", incoming))?;
            fs::rename(incoming, &place).map_err(failed("move a delivery to", &place))?;
        }
        sync_folder(&folder)?;
        sync_folder(&self.root.join("incoming"))?;
        Ok(place)
    }

    /// Bytes the spool holds.
    pub fn bytes(&self) -> u64 {
        fn walk(folder: &Path) -> u64 {
            let Ok(entries) = fs::read_dir(folder) else { return 0 };
            entries
                .flatten()
                .map(|entry| match entry.metadata() {
                    Ok(about) if about.is_dir() => walk(&entry.path()),
                    Ok(about) => about.len(),
                    Err(_) => 0,
                })
                .sum()
        }
        walk(&self.root)
    }
}

/// Makes a folder that only we may enter.
fn make_private(folder: &Path) -> Result<(), SpoolError> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed("make", folder))
}

/// Makes renames inside a folder durable.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> Result<(), SpoolError> {
    fs::File::open(folder).and_then(|file| file.sync_all()).map_err(failed("sync", folder))
}

/// Writes a file so that a reader sees all of it or nothing: a hidden temporary name, synced, then
/// renamed.
///
/// # Errors
/// When the file system refuses.
pub fn publish(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, SpoolError> {
    use std::io::Write;
    let temporary = folder.join(format!(".{name}.tmp"));
    let place = folder.join(name);
    let mut file = fs::File::create(&temporary).map_err(failed("write", &temporary))?;
    file.write_all(bytes).map_err(failed("write", &temporary))?;
    file.sync_all().map_err(failed("sync", &temporary))?;
    fs::rename(&temporary, &place).map_err(failed("move a file to", &place))?;
    sync_folder(folder)?;
    Ok(place)
}
