//! The verified copy: one settled file, whole and unchanged, or nothing.
//!
//! The copy is durable when [`take`] returns, its name is not: whoever renames it into place syncs
//! the folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::Xxh3;

use crate::list::Seen;
use crate::stamp::Stamp;

#[cfg(test)]
mod tests;

/// Bytes read at a time.
const BUFFER: usize = 1 << 20;
/// Buffers on their way to be hashed or back.
const BUFFERS: usize = 4;

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
    let poured = pour(original, &seen.path, copy, into, seen.stamp.size)?;
    reached(Step::Copied);
    if poured.bytes != seen.stamp.size {
        return Err(TakeError::Changed);
    }
    // The disk works while the file is read once more.
    let (synced, same) = std::thread::scope(|scope| {
        let copy = &*copy;
        let synced = scope.spawn(move || copy.sync_data());
        let same = reads_the_same(original, seen, &poured);
        let failed = |_| Err(io::Error::other("the thread that syncs the copy failed"));
        (synced.join().unwrap_or_else(failed), same)
    });
    if !same? {
        return Err(TakeError::Changed);
    }
    still_as_seen(original, seen)?;
    synced.map_err(TakeError::at(into))?;
    Ok(Taken { sha256: poured.sha256, bytes: poured.bytes, stamp: seen.stamp.clone() })
}

/// What was read once.
#[derive(Debug)]
struct Poured {
    sha256: [u8; 32],
    /// Only has to notice that the second reading differs from the first.
    quick: u128,
    bytes: u64,
}

/// Copies up to the end and hashes beside it; stops soon after more than `expected` bytes, since a file that
/// grows is refused anyway and must not fill the disk.
fn pour(
    from: &mut dyn Read,
    from_path: &Path,
    to: &mut dyn Write,
    to_path: &Path,
    expected: u64,
) -> Result<Poured, TakeError> {
    std::thread::scope(|scope| {
        let (filled, to_hash) = mpsc::sync_channel::<Vec<u8>>(BUFFERS);
        let (hashed, free) = mpsc::sync_channel::<Vec<u8>>(BUFFERS);
        for _ in 0..BUFFERS {
            // There is room for all of them.
            let _ = hashed.send(Vec::with_capacity(BUFFER));
        }
        let hashing = scope.spawn(move || hash_all(&to_hash, &hashed));
        let mut bytes = 0_u64;
        while bytes <= expected {
            let Ok(mut buffer) = free.recv() else { break };
            buffer.resize(BUFFER, 0);
            let length = read_full(from, &mut buffer).map_err(TakeError::at(from_path))?;
            if length == 0 {
                break;
            }
            buffer.truncate(length);
            to.write_all(&buffer).map_err(TakeError::at(to_path))?;
            bytes = bytes.saturating_add(length as u64);
            if filled.send(buffer).is_err() {
                break;
            }
        }
        drop(filled);
        let failed = || io::Error::other("the thread that hashes the file failed");
        let (sha256, quick) = hashing.join().map_err(|_| failed()).map_err(TakeError::at(from_path))?;
        Ok(Poured { sha256, quick, bytes })
    })
}

/// Hashes buffers in the order in which they come and gives them back.
fn hash_all(filled: &mpsc::Receiver<Vec<u8>>, hashed: &mpsc::SyncSender<Vec<u8>>) -> ([u8; 32], u128) {
    let (mut strong, mut quick) = (Sha256::new(), Xxh3::new());
    while let Ok(buffer) = filled.recv() {
        strong.update(&buffer);
        quick.update(&buffer);
        // At the end nobody wants it back.
        let _ = hashed.send(buffer);
    }
    (strong.finalize().into(), quick.digest128())
}

/// Fills the buffer unless the source ends before; gives how much there was.
fn read_full(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match from.read(room) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(again) if again.kind() == io::ErrorKind::Interrupted => {}
            Err(other) => return Err(other),
        }
    }
    Ok(filled)
}

fn reads_the_same(original: &mut File, seen: &Seen, first: &Poured) -> Result<bool, TakeError> {
    original.rewind().map_err(TakeError::at(&seen.path))?;
    let (mut quick, mut bytes) = (Xxh3::new(), 0_u64);
    let mut buffer = vec![0; BUFFER];
    while bytes <= first.bytes {
        let length = read_full(original, &mut buffer).map_err(TakeError::at(&seen.path))?;
        if length == 0 {
            break;
        }
        quick.update(buffer.get(..length).unwrap_or_default());
        bytes = bytes.saturating_add(length as u64);
    }
    Ok(bytes == first.bytes && quick.digest128() == first.quick)
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
