use std::os::unix::fs::symlink;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RemoveKind, RenameMode};
use tempfile::TempDir;

use super::*;

const LONG: Duration = Duration::from_secs(30);

/// Waits for `expected`, whatever else comes before it.
fn await_hint(hints: &Receiver<Hint>, expected: &Hint) {
    let end = Instant::now() + LONG;
    let mut others = Vec::new();
    loop {
        match hints.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(hint) if hint == *expected => return,
            Ok(hint) => others.push(hint),
            Err(_) => panic!("no {expected:?}, only {others:?}"),
        }
    }
}

fn watch(paths: &[PathBuf]) -> (Watcher, Receiver<Hint>) {
    let (sender, hints) = mpsc::channel();
    let watcher = Watcher::start(paths, move |hint| drop(sender.send(hint))).unwrap();
    (watcher, hints)
}

fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("drop");
    (home, folder)
}

#[test]
fn what_arrives_is_hinted_at() {
    let (home, folder) = home();
    fs::create_dir(&folder).unwrap();
    let outside = home.path().join("outside.csv");
    let arrivals: [(&str, &dyn Fn()); 4] = [
        ("written", &|| fs::write(folder.join("a.csv"), "x").unwrap()),
        ("renamed in", &|| {
            fs::write(&outside, "x").unwrap();
            fs::rename(&outside, folder.join("b.csv")).unwrap();
        }),
        ("linked in", &|| {
            fs::write(&outside, "x").unwrap();
            fs::hard_link(&outside, folder.join("c.csv")).unwrap();
        }),
        ("removed", &|| fs::remove_file(folder.join("a.csv")).unwrap()),
    ];
    for (what, arrival) in arrivals {
        let (_watcher, hints) = watch(std::slice::from_ref(&folder));
        arrival();
        assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Look(folder.clone())), "{what}");
    }
}

#[test]
fn a_folder_that_is_missing_at_the_start_is_watched_once_it_is_there() {
    let (_home, folder) = home();
    let (mut watcher, hints) = watch(std::slice::from_ref(&folder));
    assert!(watcher.polls());
    assert!(matches!(watcher.rearm().as_slice(), [FolderError::Missing { path }] if *path == folder));

    fs::create_dir(&folder).unwrap();
    assert!(watcher.rearm().is_empty());
    assert_eq!(watcher.polls(), !Mount::of(&folder).events);
    fs::write(folder.join("a.csv"), "x").unwrap();
    await_hint(&hints, &Hint::Look(folder));
}

#[test]
fn a_folder_removed_and_made_again_is_watched_again() {
    let (_home, folder) = home();
    fs::create_dir(&folder).unwrap();
    let (mut watcher, hints) = watch(std::slice::from_ref(&folder));

    fs::remove_dir(&folder).unwrap();
    await_hint(&hints, &Hint::Rescan);
    assert_eq!(watcher.rearm().len(), 1);
    assert!(watcher.polls());

    fs::create_dir(&folder).unwrap();
    assert!(watcher.rearm().is_empty());
    fs::write(folder.join("a.csv"), "x").unwrap();
    await_hint(&hints, &Hint::Look(folder));
}

#[test]
fn a_folder_replaced_behind_our_back_is_the_one_that_is_watched() {
    let (home, folder) = home();
    fs::create_dir(&folder).unwrap();
    let (mut watcher, hints) = watch(std::slice::from_ref(&folder));

    fs::rename(&folder, home.path().join("old")).unwrap();
    fs::create_dir(&folder).unwrap();
    await_hint(&hints, &Hint::Rescan);
    assert!(watcher.rearm().is_empty());
    hints.try_iter().for_each(drop);

    fs::write(folder.join("a.csv"), "x").unwrap();
    await_hint(&hints, &Hint::Look(folder));
}

#[test]
fn a_folder_that_was_moved_away_is_watched_no_more() {
    let (home, folder) = home();
    let [old, older] = ["old", "older"].map(|name| home.path().join(name));
    fs::create_dir(&folder).unwrap();
    let (mut watcher, hints) = watch(std::slice::from_ref(&folder));
    fs::rename(&folder, &old).unwrap();
    fs::create_dir(&folder).unwrap();
    await_hint(&hints, &Hint::Rescan);
    assert!(watcher.rearm().is_empty());
    hints.try_iter().for_each(drop);

    fs::write(old.join("a.csv"), "x").unwrap();
    // Events come in order, so whatever the write gave would stand before this.
    fs::rename(&folder, &older).unwrap();
    assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Rescan));
}

#[test]
fn two_names_of_one_folder_are_both_hinted_at() {
    let (home, folder) = home();
    fs::create_dir(&folder).unwrap();
    let alias = home.path().join("alias");
    symlink(&folder, &alias).unwrap();
    let (mut watcher, hints) = watch(&[folder.clone(), alias.clone()]);
    for round in ["a.csv", "b.csv"] {
        fs::write(folder.join(round), "x").unwrap();
        await_hint(&hints, &Hint::Look(folder.clone()));
        await_hint(&hints, &Hint::Look(alias.clone()));
        assert!(watcher.rearm().is_empty());
        hints.try_iter().for_each(drop);
    }
}

#[test]
fn a_link_that_leads_elsewhere_now_is_followed_anew() {
    let (home, link) = home();
    let [one, two] = ["one", "two"].map(|name| home.path().join(name));
    fs::create_dir(&one).unwrap();
    fs::create_dir(&two).unwrap();
    symlink(&one, &link).unwrap();
    let (mut watcher, hints) = watch(std::slice::from_ref(&link));

    fs::remove_file(&link).unwrap();
    symlink(&two, &link).unwrap();
    assert!(watcher.rearm().is_empty());
    fs::write(two.join("a.csv"), "x").unwrap();
    await_hint(&hints, &Hint::Look(link));
}

#[test]
fn a_file_in_place_of_a_folder_is_not_watched() {
    let (_home, folder) = home();
    fs::write(&folder, "x").unwrap();
    let (mut watcher, _hints) = watch(std::slice::from_ref(&folder));
    assert!(matches!(watcher.rearm().as_slice(), [FolderError::NotAFolder { .. }]));
    assert!(watcher.polls());
}

#[test]
fn a_missing_folder_does_not_keep_others_from_being_watched() {
    let (home, missing) = home();
    let there = home.path().join("there");
    fs::create_dir(&there).unwrap();
    let (watcher, hints) = watch(&[missing, there.clone()]);
    assert!(watcher.polls());
    fs::write(there.join("a.csv"), "x").unwrap();
    await_hint(&hints, &Hint::Look(there));
}

#[test]
fn events_become_looks_rescans_or_nothing() {
    let watched = Watched::default();
    assert!(watched.add(Path::new("/real/drop"), Path::new("/drop")));
    assert!(!watched.add(Path::new("/real/drop"), Path::new("/alias")));
    let both = [Hint::Look("/alias".into()), Hint::Look("/drop".into())];
    let rescan = [Hint::Rescan];
    let (file, root) = ("/real/drop/a.csv", "/real/drop");
    let name = |mode| EventKind::Modify(ModifyKind::Name(mode));
    let table: [(EventKind, &str, &[Hint]); 13] = [
        (EventKind::Create(CreateKind::File), file, &both),
        (EventKind::Create(CreateKind::Folder), file, &both),
        (EventKind::Remove(RemoveKind::File), file, &both),
        (name(RenameMode::To), file, &both),
        (EventKind::Access(AccessKind::Close(AccessMode::Write)), file, &both),
        (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), file, &both),
        (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), root, &both),
        (EventKind::Remove(RemoveKind::Folder), root, &rescan),
        (name(RenameMode::From), root, &rescan),
        (EventKind::Create(CreateKind::File), "/elsewhere/a.csv", &rescan),
        (EventKind::Modify(ModifyKind::Data(DataChange::Any)), file, &[]),
        (EventKind::Access(AccessKind::Open(AccessMode::Any)), file, &[]),
        (EventKind::Access(AccessKind::Close(AccessMode::Read)), file, &[]),
    ];
    for (kind, path, expected) in table {
        let hints = watched.hints(&Ok(Event::new(kind).add_path(path.into())));
        assert!(hints.iter().eq(expected), "{kind:?} at {path}: {hints:?}");
    }
}

#[test]
fn overflow_and_errors_mean_rescan() {
    let watched = Watched::default();
    let rescan = BTreeSet::from([Hint::Rescan]);
    assert_eq!(watched.hints(&Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan))), rescan);
    assert_eq!(watched.hints(&Err(notify::Error::generic("lost"))), rescan);
}
