//! A good file cut at every byte: whatever is left of it archives nobody.
//!
//! One cut cannot be told from a real leaver: exactly the last line missing, its neighbour whole.

use crate::support::{Roster, TestRosterd};

/// 23 students and two teachers; the file is the same as the night before but for one grade year.
fn installation() -> (TestRosterd, Vec<u8>) {
    let roster = Roster::school(23, 2);
    (TestRosterd::loaded(&roster), roster.set(4, "gradyear", "2040").csv())
}

/// The offset at which the last line is missing whole.
fn without_last_line(whole: &[u8]) -> usize {
    whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1
}

/// Every fourth offset, beginning with one of the first four: the four tests together try them all.
fn checks(first: usize) {
    let (rosterd, whole) = installation();
    let exempt = without_last_line(&whole);
    for at in (first..whole.len()).step_by(4) {
        let (code, report) = rosterd.check("users.csv", &whole[..at]);
        let archived = report.people("archived");
        if at == exempt {
            assert!(archived <= 1, "cut at {at}: {report:?}");
            continue;
        }
        assert_eq!(archived, 0, "cut at {at} of {}: {report:?}", whole.len());
        // Only a file that lost nothing but its last line end is good (D12); of any other somebody hears.
        assert_eq!(code == 0, at == whole.len() - 1, "cut at {at} of {}, exit {code}: {report:?}", whole.len());
    }
    assert_eq!(rosterd.active().len(), 25, "`check` writes nothing");
    assert_eq!(rosterd.runs().len(), 1);
}

#[test]
fn dry_runs_of_every_fourth_cut() {
    checks(0);
}

#[test]
fn dry_runs_of_every_fourth_cut_from_1() {
    checks(1);
}

#[test]
fn dry_runs_of_every_fourth_cut_from_2() {
    checks(2);
}

#[test]
fn dry_runs_of_every_fourth_cut_from_3() {
    checks(3);
}

/// Real runs, each on its own copy of the installation.
#[test]
fn real_runs_of_a_sample() {
    let (rosterd, whole) = installation();
    let before = rosterd.everybody();
    let exempt = without_last_line(&whole);
    let line_ends: Vec<usize> = (0..whole.len() - 1).filter(|&at| whole[at] == b'\n').collect();
    // Around some line ends, where a cut looks best, and at odd places in between.
    let mut cuts: Vec<usize> = line_ends.iter().step_by(6).flat_map(|&at| [at, at + 1, at + 2]).collect();
    cuts.extend((0..whole.len()).step_by(149));
    cuts.extend([exempt - 1, exempt + 1, whole.len() - 2]);
    for at in cuts.into_iter().filter(|&at| at != exempt && at != whole.len() - 1) {
        let copy = rosterd.copy();
        copy.drop("users.csv", &whole[..at]);
        let pass = copy.sync();
        assert_ne!(pass.code, 0, "cut at {at} of {} passed for good: {pass:?}", whole.len());
        assert_eq!(copy.active().len(), 25, "cut at {at}");
        let changed = copy.everybody().iter().filter(|(guid, person)| before.get(*guid) != Some(person)).count();
        assert!(changed <= 1, "cut at {at}: {changed} people were written");
    }
}
