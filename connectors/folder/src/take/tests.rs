use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, mknodat};
use tempfile::TempDir;

use super::*;

const GIB: u64 = 1 << 30;

/// What a sender does to a file, in words and in deed.
type Strike = (&'static str, fn(&Path));

/// A folder of a sender with one file in it, and a place for the copy.
struct Sent {
    dir: TempDir,
    seen: Seen,
    into: PathBuf,
}

impl Sent {
    fn with(content: &[u8]) -> Self {
        Self::named(OsStr::new("students.csv"), content)
    }

    fn named(name: &OsStr, content: &[u8]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("spool")).unwrap();
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        let into = dir.path().join("spool/copy");
        Self { seen: seen(&path), dir, into }
    }

    fn take(&self) -> Result<Taken, TakeError> {
        take(&self.seen, &self.into, 2 * GIB)
    }

    /// Takes the file while `strike` happens to its path at `step`.
    fn take_struck(&self, step: Step, strike: impl Fn(&Path)) -> Result<Taken, TakeError> {
        take_in_steps(&self.seen, &self.into, 2 * GIB, &mut |reached| {
            if reached == step {
                strike(&self.seen.path);
            }
        })
    }

    fn assert_nothing_left(&self) {
        assert_eq!(fs::read_dir(self.dir.path().join("spool")).unwrap().count(), 0, "a partial copy was left");
    }
}

fn seen(path: &Path) -> Seen {
    Seen {
        name: "students.csv".to_owned(),
        path: path.into(),
        stamp: Stamp::from(&fs::symlink_metadata(path).unwrap()),
    }
}

fn append(path: &Path) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(b"more\n").unwrap();
}

#[test]
fn a_quiet_file_is_copied_whole() {
    let sent = Sent::with(b"hello world");
    let taken = sent.take().unwrap();
    let hex: String = taken.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
    assert_eq!((taken.bytes, &taken.stamp), (11, &sent.seen.stamp));
    assert_eq!(fs::read(&sent.into).unwrap(), b"hello world");
    assert_eq!(fs::metadata(&sent.into).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read(&sent.seen.path).unwrap(), b"hello world", "the sender's file stays");
    assert_eq!(seen(&sent.seen.path), sent.seen, "and was not even touched");
}

#[test]
fn sizes_around_the_buffer_are_copied_whole() {
    for size in [0, 1, BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER + 7] {
        let content: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        let sent = Sent::with(&content);
        let taken = sent.take().unwrap();
        assert_eq!(taken.bytes, size as u64);
        assert_eq!(taken.sha256, <[u8; 32]>::from(Sha256::digest(&content)), "{size} bytes");
        assert!(fs::read(&sent.into).unwrap() == content, "{size} bytes");
    }
}

#[test]
fn a_name_with_odd_bytes_is_taken_like_any_other() {
    let sent = Sent::named(OsStr::from_bytes(b"\xFF\n\xE9.csv"), b"x");
    assert_eq!(sent.take().unwrap().bytes, 1);
}

#[test]
fn a_file_that_is_not_what_was_seen_is_not_copied() {
    let sent = Sent::with(b"old");
    append(&sent.seen.path);
    let outcome = take_in_steps(&sent.seen, &sent.into, GIB, &mut |step| panic!("went on to {step:?}"));
    assert!(matches!(outcome, Err(TakeError::Changed)), "{outcome:?}");
    sent.assert_nothing_left();
}

#[test]
fn a_change_while_it_is_read_is_noticed() {
    let strikes: [Strike; 6] = [
        ("grows", append),
        ("is cut", |path| File::options().write(true).open(path).unwrap().set_len(2).unwrap()),
        ("is emptied and written anew", |path| fs::write(path, "another text").unwrap()),
        ("is replaced by rename", |path| {
            let new = path.with_extension("new");
            fs::write(&new, "same size").unwrap();
            fs::rename(&new, path).unwrap();
        }),
        ("gets another date", |path| {
            File::options().write(true).open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }),
        ("becomes a link", |path| {
            fs::rename(path, path.with_extension("moved")).unwrap();
            symlink(path.with_extension("moved"), path).unwrap();
        }),
    ];
    for step in [Step::Opened, Step::Copied] {
        for (what, strike) in strikes {
            let sent = Sent::with(b"some text");
            let outcome = sent.take_struck(step, strike);
            assert!(matches!(outcome, Err(TakeError::Changed)), "{what} at {step:?}: {outcome:?}");
            sent.assert_nothing_left();
        }
    }
}

#[test]
fn a_file_written_over_in_place_is_noticed_by_its_bytes_alone() {
    // Same inode, same size, perhaps within one tick of the clock: no stamp needs to differ.
    let sent = Sent::with(b"some text");
    let mut original = open(&sent.seen.path).unwrap();
    let mut same = |content: &[u8]| {
        let poured = pour(&mut &*content, Path::new("from"), &mut io::sink(), Path::new("to"), GIB).unwrap();
        assert_eq!(poured.sha256, <[u8; 32]>::from(Sha256::digest(content)));
        reads_the_same(&mut original, &sent.seen, &poured).unwrap()
    };
    assert!(same(b"some text"));
    assert!(!same(b"more text"));
}

#[test]
fn the_open_file_and_its_name_are_both_looked_at() {
    let sent = Sent::with(b"some text");
    let path = &sent.seen.path;
    let original = open(path).unwrap();
    assert!(still_as_seen(&original, &sent.seen).is_ok());

    fs::rename(path, path.with_extension("old")).unwrap();
    fs::write(path, "some text").unwrap();
    let the_open_one = Seen { stamp: Stamp::from(&original.metadata().unwrap()), ..sent.seen.clone() };
    let the_new_one = seen(path);
    for seen in [the_open_one, the_new_one] {
        assert!(matches!(still_as_seen(&original, &seen), Err(TakeError::Changed)), "{seen:?}");
    }
}

#[test]
fn a_file_removed_before_or_while_it_is_read_is_gone() {
    for step in [None, Some(Step::Opened), Some(Step::Copied)] {
        let sent = Sent::with(b"some text");
        let outcome = match step {
            Some(step) => sent.take_struck(step, |path| fs::remove_file(path).unwrap()),
            None => {
                fs::remove_file(&sent.seen.path).unwrap();
                sent.take()
            }
        };
        assert!(matches!(outcome, Err(TakeError::Gone)), "{step:?}: {outcome:?}");
        sent.assert_nothing_left();
    }
}

#[test]
fn a_link_is_not_followed() {
    let sent = Sent::with(b"secret");
    let link = sent.dir.path().join("link.csv");
    symlink(&sent.seen.path, &link).unwrap();
    // Even when the stamp is that of the file behind it.
    let outcome = take(&Seen { path: link, ..sent.seen.clone() }, &sent.into, GIB);
    assert!(matches!(outcome, Err(TakeError::NotAFile)), "{outcome:?}");
    sent.assert_nothing_left();
}

#[test]
fn pipes_sockets_and_folders_are_refused_at_once() {
    let sent = Sent::with(b"x");
    let at = |name| sent.dir.path().join(name);
    mknodat(CWD, at("pipe.csv"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = UnixListener::bind(at("socket.csv")).unwrap();
    fs::create_dir(at("folder.csv")).unwrap();
    for name in ["pipe.csv", "socket.csv", "folder.csv"] {
        let (seen, into) = (seen(&at(name)), sent.into.clone());
        let (done, outcome) = mpsc::channel();
        // On a thread of its own: opening a pipe the wrong way would wait for ever.
        std::thread::spawn(move || done.send(take(&seen, &into, GIB)));
        let outcome = outcome.recv_timeout(Duration::from_secs(30)).expect("take hangs");
        assert!(matches!(outcome, Err(TakeError::NotAFile)), "{name}: {outcome:?}");
        sent.assert_nothing_left();
    }
}

#[test]
fn the_limit_counts_before_a_byte_is_copied() {
    let sent = Sent::with(b"12345");
    assert!(matches!(take(&sent.seen, &sent.into, 4), Err(TakeError::TooLarge)));
    sent.assert_nothing_left();
    assert_eq!(take(&sent.seen, &sent.into, 5).unwrap().bytes, 5);

    let huge = Sent::with(b"");
    File::options().write(true).open(&huge.seen.path).unwrap().set_len(2 * GIB + 1).unwrap();
    let outcome = take(&seen(&huge.seen.path), &huge.into, 2 * GIB);
    assert!(matches!(outcome, Err(TakeError::TooLarge)), "{outcome:?}");
}

#[test]
fn a_file_that_never_ends_stops_soon_after_what_was_expected() {
    let mut copy = Vec::new();
    let poured = pour(&mut io::repeat(b'x'), Path::new("from"), &mut copy, Path::new("to"), 100).unwrap();
    assert_eq!(poured.bytes, BUFFER as u64, "one reading is enough to see that it is too much");
    assert_eq!(copy.len() as u64, poured.bytes);
}

#[test]
fn what_is_at_the_place_of_the_copy_stays() {
    let sent = Sent::with(b"new");
    fs::write(&sent.into, "precious").unwrap();
    let outcome = sent.take();
    assert!(
        matches!(&outcome, Err(TakeError::Io(path, source))
        if *path == sent.into && source.kind() == io::ErrorKind::AlreadyExists),
        "{outcome:?}"
    );
    assert_eq!(fs::read(&sent.into).unwrap(), b"precious");
}

#[test]
fn a_failed_write_names_the_copy_and_a_failed_read_the_file() {
    let sent = Sent::with(b"x");
    let nowhere = sent.dir.path().join("absent/copy");
    let outcome = take(&sent.seen, &nowhere, GIB);
    assert!(matches!(&outcome, Err(TakeError::Io(path, _)) if *path == nowhere), "{outcome:?}");

    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from_raw_os_error(5))
        }
    }
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (from, to) = (Path::new("from"), Path::new("to"));
    let read = pour(&mut Broken, from, &mut io::sink(), to, 9);
    assert!(matches!(&read, Err(error @ TakeError::Io(path, _)) if path == from && error.may_pass()), "{read:?}");
    let write = pour(&mut io::repeat(1), from, &mut Broken, to, 9);
    assert!(matches!(&write, Err(error @ TakeError::Io(path, _)) if path == to && error.may_pass()), "{write:?}");
}
