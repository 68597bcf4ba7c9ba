//! Why a folder could not be looked at.

use std::io;
use std::path::{Path, PathBuf};

/// A whole folder failed; never a reason to believe that it is empty.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Not there: not made yet, renamed, or not mounted.
    #[error("folder {} is missing", path.display())]
    Missing { path: PathBuf },
    /// Something else stands under this name.
    #[error("{} is not a folder", path.display())]
    NotAFolder { path: PathBuf },
    /// There, but listing it failed, wholly or half-way.
    #[error("cannot read folder {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The results would be written where input is read, and come back as deliveries.
    #[error("results of folder {} go into the folder itself", path.display())]
    ResultsAreInput { path: PathBuf },
    /// The kernel gives no events: its limit of watches or instances is reached.
    #[error("cannot watch for changes")]
    NoEvents {
        #[source]
        source: notify::Error,
    },
}

impl FolderError {
    /// Whether waiting can help; the others need a person.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::NoEvents { .. } => true,
            Self::Unreadable { source, .. } => source.kind() != io::ErrorKind::PermissionDenied,
            Self::NotAFolder { .. } | Self::ResultsAreInput { .. } => false,
        }
    }

    /// Sorts an error met while reading the folder `path`.
    pub(crate) fn reading(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::NotADirectory => Self::NotAFolder { path },
            _ => Self::Unreadable { path, source },
        }
    }
}
