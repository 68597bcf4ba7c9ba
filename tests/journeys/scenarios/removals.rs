//! People who are missing, a few or many: scenarios 16, 23, 24, 26, 28 and 29.

use std::collections::BTreeSet;

use crate::support::{Roster, TestRosterd, spread, student};

/// 200 students of whom 41 are missing on Monday, which is held; gives the run and the missing positions.
fn monday() -> (TestRosterd, Roster, String, Vec<usize>) {
    let roster = Roster::students(200);
    let rosterd = TestRosterd::loaded(&roster);
    let missing = spread(41, 200);
    let pass = rosterd.night(&roster.without(&missing)).expect_code(4);
    assert_eq!(pass.only().people("archived"), 0);
    let run = pass.only().run().to_owned();
    (rosterd, roster, run, missing)
}

fn states(rosterd: &TestRosterd, roster: &Roster, positions: &[usize]) -> BTreeSet<String> {
    positions.iter().map(|&at| rosterd.person(&roster.rows[at].idnumber).state().to_owned()).collect()
}

#[test]
fn scenario_16_approved_on_monday_slightly_other_on_tuesday() {
    let (rosterd, roster, run, missing) = monday();
    // Tuesday: three of them are back, three others are missing (limit for 159 people: 7).
    let (back, others) = (&missing[..3], [1, 2, 100]);
    let tuesday: Vec<usize> = missing[3..].iter().copied().chain(others).collect();
    assert!(others.iter().all(|at| !missing.contains(at)));

    rosterd.approve(&run, &[]);
    rosterd.night(&roster.without(&tuesday)).expect_code(0);

    assert_eq!(states(&rosterd, &roster, &missing[3..]), ["archived".to_owned()].into());
    assert_eq!(states(&rosterd, &roster, &others), ["archived".to_owned()].into());
    assert_eq!(states(&rosterd, &roster, back), ["active".to_owned()].into());
    assert_eq!(rosterd.active().len(), 200 - 38 - 3);
}

#[test]
fn scenario_16_the_others_are_over_a_limit() {
    let (rosterd, roster, run, missing) = monday();
    let free: Vec<usize> = (0..198).filter(|at| !missing.contains(at)).collect();
    let others: Vec<usize> = spread(12, free.len()).into_iter().map(|k| free[k]).collect();
    let tuesday: Vec<usize> = missing[3..].iter().copied().chain(others.iter().copied()).collect();

    rosterd.approve(&run, &[]);
    let pass = rosterd.night(&roster.without(&tuesday)).expect_code(4);

    assert!(pass.only().holds("G02"), "{pass:?}");
    assert_eq!(states(&rosterd, &roster, &missing[3..]), ["archived".to_owned()].into());
    assert_eq!(states(&rosterd, &roster, &others), ["active".to_owned()].into(), "only they are held");
    assert_eq!(rosterd.active().len(), 200 - 38);
}

#[test]
fn scenario_23_the_gap_closes_night_by_night() {
    let roster = Roster::students(200);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.active();
    let gap = spread(60, 200);
    // From 30 % to 3 %, which is under every limit; each night's missing were missing the night before.
    for (night, missing) in [60, 45, 30, 20, 12, 6].into_iter().enumerate() {
        let pass = rosterd.night(&roster.without(&gap[..missing])).expect_code(4);
        assert_eq!(pass.only().people("archived"), 0, "night {night}");
        assert_eq!(rosterd.active(), before, "night {night}");
    }
    // The very bytes of a week ago would be a regression (D04); a file of today has changes of its own.
    let pass = rosterd.night(&roster.set(1, "gradyear", "2040")).expect_code(0);
    assert_eq!((pass.only().people("restored"), pass.only().people("created")), (0, 0));
    assert_eq!(rosterd.active(), before);
}

#[test]
fn scenario_24_the_tail_is_gone_at_a_row_border() {
    let roster = Roster::students(400);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.active();
    // The last 3 % and five ordinary leavers: 17 of 400, under G02's 20.
    let missing: Vec<usize> = [20, 95, 170, 245, 320].into_iter().chain(388..400).collect();

    let pass = rosterd.night(&roster.without(&missing)).expect_code(4);

    let report = pass.only();
    assert!(report.holds("G16") && !report.holds("G02"), "{report:?}");
    assert_eq!((report.absent("total"), report.absent("archived"), report.people("archived")), (17, 0, 0));
    assert_eq!(rosterd.active(), before);
}

#[test]
fn scenario_26_rejected_removals_are_not_asked_again() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.active();
    let missing = spread(30, 100);
    let rest = roster.without(&missing);
    let pass = rosterd.night(&rest).expect_code(4);
    let run = pass.only().run().to_owned();

    rosterd.reject(&run);
    assert_eq!(rosterd.show(&run).state(), "cancelled");

    // Ninety days would bring one question for the set (section 11); until then none.
    for night in 1..90 {
        let file = rest.clone().set(night % 70, "gradyear", &(2033 + night).to_string());
        let pass = rosterd.night(&file).expect_code(0);
        let report = pass.only();
        assert!(report.held_rules().is_empty(), "night {night}: {report:?}");
        assert_eq!((report.people("archived"), report.absent("kept_by_decision")), (0, 30), "night {night}");
    }
    assert_eq!(rosterd.active(), before);
}

#[test]
fn scenario_28_rows_rejected_every_night_hold_nobody_elses_removal() {
    let kindergarten: Vec<_> = (200..215).map(|i| student(i).with("email", "")).collect();
    let known = Roster::students(100);
    let rosterd = TestRosterd::new();
    let pass = rosterd.night(&known.clone().and(kindergarten.clone())).expect_code(3);
    assert_eq!((pass.only().rows("created"), pass.only().rows("rejected")), (100, 15));

    // 15 of 115 rows are rejected, far over G09's 10 and 5 %, but none of them was ever accepted.
    let pass = rosterd.night(&known.without(&[10, 40, 70]).and(kindergarten)).expect_code(3);
    let report = pass.only();
    assert_eq!(report.state(), "completed_with_errors");
    assert!(report.held_rules().is_empty(), "{report:?}");
    assert_eq!((report.rows("rejected"), report.people("archived"), report.absent("archived")), (15, 3, 3));
    assert_eq!(rosterd.active().len(), 97);
}

#[test]
fn scenario_29_five_of_twelve_are_missing() {
    let roster = Roster::students(12);
    let rosterd = TestRosterd::loaded(&roster);

    let pass = rosterd.night(&roster.without(&[1, 3, 5, 7, 9])).expect_code(4);

    let report = pass.only();
    assert!(report.holds("G02"), "{report:?}");
    assert_eq!((report.absent("total"), report.absent("archived"), report.people("archived")), (5, 0, 0));
    assert_eq!(rosterd.active().len(), 12);
}

#[test]
fn scenario_29_two_siblings_leave() {
    let roster = Roster::students(12);
    let rosterd = TestRosterd::loaded(&roster);

    let pass = rosterd.night(&roster.without(&[4, 5])).expect_code(0);

    let report = pass.only();
    assert_eq!((report.absent("archived"), report.people("archived"), report.people("active_after")), (2, 2, 10));
    assert_eq!(rosterd.active().len(), 10);
}
