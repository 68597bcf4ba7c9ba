use super::*;

const SECOND: i64 = 1_000_000_000;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Touched at second 1000 of its file system's clock.
fn file(name: &str) -> Seen {
    let stamp = Stamp { device: 1, inode: 7, size: 100, mtime_ns: 1000 * SECOND, ctime_ns: 1000 * SECOND };
    Seen { name: name.to_owned(), path: PathBuf::from("/drop").join(name), stamp }
}

fn listing(files: &[Seen]) -> Listing {
    Listing { files: files.to_vec(), ..Listing::default() }
}

fn at_clock(files: &[Seen], second: i64) -> Listing {
    Listing { clock_ns: Some(second * SECOND), ..listing(files) }
}

fn ready(seen: &Seen) -> Settled {
    Settled { ready: vec![seen.clone()], waiting: Vec::new() }
}

fn waiting(seen: &Seen, left: u64) -> Settled {
    Settled { ready: Vec::new(), waiting: vec![(seen.clone(), seconds(left))] }
}

#[test]
fn two_looks_far_enough_apart_must_agree() {
    let (start, seen) = (Instant::now(), file("students.csv"));
    let mut settle = Settle::new(seconds(60));
    for (after, expected) in [
        (0, waiting(&seen, 60)),
        (1, waiting(&seen, 59)),
        (59, waiting(&seen, 1)),
        (60, ready(&seen)),
        (61, ready(&seen)),
    ] {
        assert_eq!(
            settle.look(&listing(std::slice::from_ref(&seen)), start + seconds(after)),
            expected,
            "after {after} s"
        );
    }
}

#[test]
fn any_change_of_the_stamp_starts_the_wait_anew() {
    let base = file("students.csv").stamp;
    let changes = [
        ("device", Stamp { device: 2, ..base.clone() }),
        ("inode", Stamp { inode: 8, ..base.clone() }),
        ("size", Stamp { size: 101, ..base.clone() }),
        ("mtime", Stamp { mtime_ns: base.mtime_ns + 1, ..base.clone() }),
        ("ctime", Stamp { ctime_ns: base.ctime_ns + 1, ..base.clone() }),
    ];
    for (what, stamp) in changes {
        let (start, before) = (Instant::now(), file("students.csv"));
        let after = Seen { stamp, ..before.clone() };
        let mut settle = Settle::new(seconds(60));
        settle.look(&listing(&[before]), start);
        let changed = listing(std::slice::from_ref(&after));
        assert_eq!(settle.look(&changed, start + seconds(60)), waiting(&after, 60), "{what}");
        assert_eq!(settle.look(&changed, start + seconds(120)), ready(&after), "{what}");
    }
}

#[test]
fn a_file_that_changes_and_changes_back_has_not_been_quiet() {
    let (start, seen) = (Instant::now(), file("students.csv"));
    let other = Seen { stamp: Stamp { size: 1, ..seen.stamp.clone() }, ..seen.clone() };
    let mut settle = Settle::new(seconds(60));
    settle.look(&listing(std::slice::from_ref(&seen)), start);
    settle.look(&listing(&[other]), start + seconds(30));
    assert_eq!(settle.look(&listing(std::slice::from_ref(&seen)), start + seconds(60)), waiting(&seen, 60));
}

#[test]
fn a_file_that_was_away_has_not_been_quiet() {
    let (start, seen) = (Instant::now(), file("students.csv"));
    let mut settle = Settle::new(seconds(60));
    settle.look(&listing(std::slice::from_ref(&seen)), start);
    settle.look(&listing(&[]), start + seconds(30));
    assert_eq!(settle.look(&listing(std::slice::from_ref(&seen)), start + seconds(60)), waiting(&seen, 60));
}

#[test]
fn without_a_quiet_time_the_first_look_is_enough() {
    let seen = file("students.csv");
    let mut settle = Settle::new(Duration::ZERO);
    assert_eq!(settle.look(&listing(std::slice::from_ref(&seen)), Instant::now()), ready(&seen));
}

#[test]
fn what_lies_there_since_long_ago_need_not_wait_again() {
    let seen = file("students.csv");
    for (clock, expected) in [
        (87_400, ready(&seen)),
        (1060, ready(&seen)),
        (1059, waiting(&seen, 1)),
        (1000, waiting(&seen, 60)),
        (900, waiting(&seen, 60)),
    ] {
        let mut settle = Settle::new(seconds(60));
        let look = settle.look(&at_clock(std::slice::from_ref(&seen), clock), Instant::now());
        assert_eq!(look, expected, "clock shows {clock}");
    }
}

#[test]
fn an_old_date_on_a_fresh_copy_does_not_count_as_quiet() {
    let copied = Seen { stamp: Stamp { mtime_ns: 0, ..file("x.csv").stamp }, ..file("x.csv") };
    let mut settle = Settle::new(seconds(60));
    assert_eq!(settle.look(&at_clock(std::slice::from_ref(&copied), 1010), Instant::now()), waiting(&copied, 50));
}

#[test]
fn a_date_in_the_future_is_waited_out_by_two_looks() {
    let start = Instant::now();
    let ahead = Seen { stamp: Stamp { mtime_ns: i64::MAX, ..file("x.csv").stamp }, ..file("x.csv") };
    let mut settle = Settle::new(seconds(60));
    let look = at_clock(std::slice::from_ref(&ahead), 9999);
    assert_eq!(settle.look(&look, start), waiting(&ahead, 60));
    assert_eq!(settle.look(&look, start + seconds(60)), ready(&ahead));
}

#[test]
fn files_settle_each_for_itself_and_keep_their_order() {
    let (start, first, second) = (Instant::now(), file("a.csv"), file("b.csv"));
    let mut settle = Settle::new(seconds(10));
    settle.look(&listing(std::slice::from_ref(&second)), start);
    let settled = settle.look(&listing(&[first.clone(), second.clone()]), start + seconds(10));
    assert_eq!(settled, Settled { ready: vec![second], waiting: vec![(first, seconds(10))] });
}

#[test]
fn files_that_are_gone_are_forgotten() {
    let many: Vec<_> = (0..10_000).map(|n| file(&format!("{n}.csv"))).collect();
    let mut settle = Settle::new(seconds(10));
    settle.look(&listing(&many), Instant::now());
    assert_eq!(settle.watched.len(), 10_000);
    settle.look(&listing(&[]), Instant::now());
    assert_eq!(settle.watched.len(), 0);
}
