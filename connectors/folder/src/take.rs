//! The verified copy: one settled file, whole and unchanged, or nothing.
//!
//! The copy is durable when [`take`] returns, its name is not: whoever renames it into place syncs
//! the folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::list::Seen;
use crate::stamp::Stamp;

#[cfg(test)]
mod tests;

const BUFFER: usize = 1 << 20;

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub sha256: [u8; 32],
    pub bytes: u64,
    /// What the file looked like before, while and after it was read.
    pub stamp: Stamp,
}

/// Why nothing was taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// D02: not what was seen, or changed while it was read. Look again.
    #[error("file changed since it was seen or while it was read")]
    Changed,
    /// Removed or renamed since it was seen.
    #[error("file is gone")]
    Gone,
    #[error("file is larger than the limit")]
    TooLarge,
    /// A link, folder, pipe, socket or device stands under the name now.
    #[error("not a regular file")]
    NotAFile,
    /// Reading the file or writing the copy failed; the path says which.
    #[error("cannot copy: {}", .0.display())]
    Io(PathBuf, #[source] io::Error),
}

impl TakeError {
    /// Whether another look and another try can help without a person.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Changed | Self::Gone => true,
            Self::Io(_, source) => source.kind() != io::ErrorKind::PermissionDenied,
            Self::TooLarge | Self::NotAFile => false,
        }
    }

    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Io(path.to_path_buf(), source)
    }
}

/// Instants between which a sender may strike; tests strike there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Opened,
    Copied,
}

/// Copies one settled file of at most `limit` bytes to `into`, a new file with mode 0600, and hashes
/// it on the way. The copy is on disk before this returns.
///
/// The file is read twice: stamps are only as fine as the clock tick of the file system, and a
/// change in the middle of one tick shows in the second hash alone.
///
/// # Errors
/// See [`TakeError`]. No copy is left behind; a file that was at `into` before is an error and stays.
pub fn take(seen: &Seen, into: &Path, limit: u64) -> Result<Taken, TakeError> {
    take_in_steps(seen, into, limit, &mut |_| {})
}

fn take_in_steps(seen: &Seen, into: &Path, limit: u64, reached: &mut dyn FnMut(Step)) -> Result<Taken, TakeError> {
    let mut original = open(&seen.path)?;
    let stamp = stamp_of_open(&original, seen)?;
    if stamp.size > limit {
        return Err(TakeError::TooLarge);
    }
    if stamp != seen.stamp {
        return Err(TakeError::Changed);
    }
    reached(Step::Opened);
    let mut copy = create(into)?;
    let outcome = copy_unchanged(&mut original, seen, &mut copy, into, reached);
    if outcome.is_err() {
        drop(copy);
        remove_partial(into);
    }
    outcome
}

/// Never follows a link, never waits for the other end of a pipe, never takes a terminal.
fn open(path: &Path) -> Result<File, TakeError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(descriptor) => Ok(File::from(descriptor)),
        Err(Errno::NOENT) => Err(TakeError::Gone),
        Err(Errno::LOOP | Errno::NXIO | Errno::NODEV) => Err(TakeError::NotAFile),
        Err(other) => Err(TakeError::Io(path.to_path_buf(), other.into())),
    }
}

fn stamp_of_open(file: &File, seen: &Seen) -> Result<Stamp, TakeError> {
    let meta = file.metadata().map_err(TakeError::at(&seen.path))?;
    if meta.is_file() { Ok(Stamp::from(&meta)) } else { Err(TakeError::NotAFile) }
}

fn create(into: &Path) -> Result<File, TakeError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(into).map_err(TakeError::at(into))
}

fn copy_unchanged(
    original: &mut File,
    seen: &Seen,
    copy: &mut File,
    into: &Path,
    reached: &mut dyn FnMut(Step),
) -> Result<Taken, TakeError> {
    let mut buffer = vec![0; BUFFER];
    let (sha256, bytes) = pour(original, &seen.path, copy, into, seen.stamp.size, &mut buffer)?;
    reached(Step::Copied);
    if bytes != seen.stamp.size || !reads_the_same(original, seen, sha256, &mut buffer)? {
        return Err(TakeError::Changed);
    }
    still_as_seen(original, seen)?;
    copy.sync_data().map_err(TakeError::at(into))?;
    Ok(Taken { sha256, bytes, stamp: seen.stamp.clone() })
}

/// Copies and hashes up to the end; stops soon after more than `expected` bytes, since a file that
/// grows is refused anyway and must not fill the disk.
fn pour(
    from: &mut dyn Read,
    from_path: &Path,
    to: &mut dyn Write,
    to_path: &Path,
    expected: u64,
    buffer: &mut [u8],
) -> Result<([u8; 32], u64), TakeError> {
    let mut hash = Sha256::new();
    let mut bytes = 0_u64;
    while bytes <= expected {
        let length = match from.read(buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(again) if again.kind() == io::ErrorKind::Interrupted => continue,
            Err(other) => return Err(TakeError::at(from_path)(other)),
        };
        let part = buffer.get(..length).unwrap_or_default();
        hash.update(part);
        to.write_all(part).map_err(TakeError::at(to_path))?;
        bytes = bytes.saturating_add(part.len() as u64);
    }
    Ok((hash.finalize().into(), bytes))
}

fn reads_the_same(original: &mut File, seen: &Seen, sha256: [u8; 32], buffer: &mut [u8]) -> Result<bool, TakeError> {
    original.rewind().map_err(TakeError::at(&seen.path))?;
    let again = pour(original, &seen.path, &mut io::sink(), Path::new(""), seen.stamp.size, buffer)?;
    Ok(again == (sha256, seen.stamp.size))
}

/// The open file and whatever bears its name now must both be what was seen.
fn still_as_seen(original: &File, seen: &Seen) -> Result<(), TakeError> {
    let by_name = match fs::symlink_metadata(&seen.path) {
        Ok(meta) => Stamp::from(&meta),
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Err(TakeError::Gone),
        Err(other) => return Err(TakeError::at(&seen.path)(other)),
    };
    if by_name == seen.stamp && stamp_of_open(original, seen)? == seen.stamp { Ok(()) } else { Err(TakeError::Changed) }
}

fn remove_partial(into: &Path) {
    if let Err(error) = fs::remove_file(into) {
        tracing::warn!(error = %error, "A partial copy could not be removed");
    }
}
