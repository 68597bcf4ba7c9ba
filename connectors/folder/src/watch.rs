//! Hints that something moved in a folder.
//!
//! Events are lost in many silent ways (overflow, a folder made again, changes on another machine),
//! so they never say more than "look again", and the caller looks every few minutes regardless.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::error::FolderError;
use crate::mount::Mount;

#[cfg(test)]
mod tests;

/// What to do about an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hint {
    /// List this folder again; the path is the one that was given to [`Watcher::start`].
    Look(PathBuf),
    /// Events may have been lost, or a folder is not what it was: [`Watcher::rearm`], then list all.
    Rescan,
}

/// Watches a fixed set of folders, not what is inside their sub-folders.
pub struct Watcher {
    events: RecommendedWatcher,
    folders: Vec<Folder>,
    watched: Watched,
}

struct Folder {
    path: PathBuf,
    /// The real path that is watched, links resolved; `None` while there is nothing to watch.
    armed: Option<PathBuf>,
    mount_has_events: bool,
}

/// Real paths and the folders that lead to each: two sources may reach one folder by two names, and
/// the kernel gives both one watch. Shared with the thread that receives events, which must never
/// find it locked by someone who waits for that thread.
#[derive(Clone, Default)]
struct Watched(Arc<Mutex<HashMap<PathBuf, BTreeSet<PathBuf>>>>);

impl Watcher {
    /// Watches `paths`. A folder that is missing now is no error: [`Watcher::rearm`] tries again.
    /// List after this returns, not before, or what arrives in between is missed.
    ///
    /// `on_hint` runs on the watcher's own thread, often many times for one file. It must not block
    /// and not panic: put the hint on a bounded channel without waiting, and when that is full
    /// remember that a rescan is due.
    ///
    /// # Errors
    /// [`FolderError::NoEvents`] when the kernel's limit of watchers is reached; poll then.
    pub fn start(paths: &[PathBuf], on_hint: impl Fn(Hint) + Send + 'static) -> Result<Self, FolderError> {
        let watched = Watched::default();
        let known = watched.clone();
        let handler = move |event: notify::Result<Event>| known.hints(&event).into_iter().for_each(&on_hint);
        let events =
            RecommendedWatcher::new(handler, Config::default()).map_err(|source| FolderError::NoEvents { source })?;
        let folder = |path: &PathBuf| Folder { path: path.clone(), armed: None, mount_has_events: false };
        let mut watcher = Self { events, folders: paths.iter().map(folder).collect(), watched };
        watcher.rearm();
        Ok(watcher)
    }

    /// Whether events alone cannot be relied on for at least one folder: it is missing, could not be
    /// watched, or lies on a mount where changes made elsewhere give none (NFS, CIFS, FUSE, overlay).
    pub fn polls(&self) -> bool {
        self.folders.iter().any(|folder| folder.armed.is_none() || !folder.mount_has_events)
    }

    /// Watches every folder anew. Call it at each rescan, then list.
    ///
    /// A folder that was removed and made again can bear the same device and inode as before while
    /// its watch is dead, so nothing is compared: every watch is replaced.
    ///
    /// Returns why folders are not watched now, one error each; those are to be polled for.
    pub fn rearm(&mut self) -> Vec<FolderError> {
        self.disarm();
        let mut failed = Vec::new();
        for folder in &mut self.folders {
            match arm(&mut self.events, &self.watched, &folder.path) {
                Ok(real) => {
                    folder.mount_has_events = Mount::of(&real).events;
                    folder.armed = Some(real);
                }
                Err(error) => failed.push(error),
            }
        }
        failed
    }

    fn disarm(&mut self) {
        for real in self.folders.iter_mut().filter_map(|folder| folder.armed.take()) {
            // Fails when the kernel dropped the watch together with the folder, or when a second
            // folder shared it: both mean that it is gone already.
            let _ = self.events.unwatch(&real);
            self.watched.lock().remove(&real);
        }
    }
}

/// Watches one folder and returns its real path, which changes when a link on the way does.
fn arm(events: &mut RecommendedWatcher, watched: &Watched, path: &Path) -> Result<PathBuf, FolderError> {
    let real = fs::canonicalize(path).map_err(|e| FolderError::reading(path, e))?;
    if !real.is_dir() {
        return Err(FolderError::NotAFolder { path: path.to_path_buf() });
    }
    // Known before it is watched, so that the first event finds it.
    let first = watched.add(&real, path);
    if !first {
        return Ok(real);
    }
    events.watch(&real, RecursiveMode::NonRecursive).map(|()| real.clone()).map_err(|source| {
        watched.lock().remove(&real);
        FolderError::NoEvents { source }
    })
}

impl Watched {
    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, BTreeSet<PathBuf>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether nobody led to `real` before.
    fn add(&self, real: &Path, path: &Path) -> bool {
        let mut known = self.lock();
        let first = !known.contains_key(real);
        known.entry(real.to_path_buf()).or_default().insert(path.to_path_buf());
        first
    }

    fn hints(&self, event: &notify::Result<Event>) -> BTreeSet<Hint> {
        match event {
            Err(_) => BTreeSet::from([Hint::Rescan]),
            Ok(event) if event.need_rescan() => BTreeSet::from([Hint::Rescan]),
            Ok(event) if !matters(&event.kind) => BTreeSet::new(),
            Ok(event) => event.paths.iter().flat_map(|path| self.hints_at(&event.kind, path)).collect(),
        }
    }

    fn hints_at(&self, kind: &EventKind, path: &Path) -> BTreeSet<Hint> {
        let known = self.lock();
        let itself = known.get(path);
        if itself.is_some() && matches!(kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))) {
            return BTreeSet::from([Hint::Rescan]);
        }
        // A folder within a watched folder can be watched too: then both are looked at.
        let parent = path.parent().and_then(|parent| known.get(parent));
        let hints: BTreeSet<_> = itself.into_iter().chain(parent).flatten().cloned().map(Hint::Look).collect();
        if hints.is_empty() { BTreeSet::from([Hint::Rescan]) } else { hints }
    }
}

/// Leaves out what is not a reason to look: somebody reads (we do), and each single write, since the
/// close follows. An unknown kind is a reason.
fn matters(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(access) => *access == AccessKind::Close(AccessMode::Write),
        EventKind::Modify(ModifyKind::Data(_)) => false,
        _ => true,
    }
}
