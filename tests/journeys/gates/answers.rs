//! Approve in parts, approve with a number, reject, and what is remembered.

use super::{assert_flows, assert_held};
use crate::support::{Roster, TestRosterd, spread, student};

/// 200 students; 51 newcomers wait for G05 and 11 leavers for G02.
fn adds_and_removals() -> (TestRosterd, Roster, Vec<usize>, String) {
    let roster = Roster::students(200);
    let missing = spread(11, 200);
    let file = roster.without(&missing).and((1000..1051).map(student));
    let rosterd = TestRosterd::loaded(&roster);
    let pass = rosterd.night(&file);
    assert_held(&pass, "G02");
    assert_held(&pass, "G05");
    assert_eq!(rosterd.active().len(), 200);
    let run = pass.only().run().to_owned();
    (rosterd, roster, missing, run)
}

#[test]
fn approve_all() {
    let (rosterd, _, _, run) = adds_and_removals();
    let pass = rosterd.approve(&run, &[]).expect_code(0);
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (51, 11));
    assert_eq!(rosterd.active().len(), 240);
}

#[test]
fn approve_the_adds_then_the_removals() {
    let (rosterd, _, _, run) = adds_and_removals();
    let pass = rosterd.approve(&run, &["--adds"]).expect_code(4);
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (51, 0));
    assert_eq!(rosterd.active().len(), 251);
    rosterd.approve(&run, &["--removals"]);
    assert_eq!(rosterd.active().len(), 240);
}

#[test]
fn approve_the_removals_alone() {
    let (rosterd, _, _, run) = adds_and_removals();
    let pass = rosterd.approve(&run, &["--removals"]).expect_code(4);
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (0, 11));
    assert_eq!(rosterd.active().len(), 189);
}

#[test]
fn approve_only_one_rule() {
    let (rosterd, _, _, run) = adds_and_removals();
    let pass = rosterd.approve(&run, &["--only", "G02"]).expect_code(4);
    assert_eq!((pass.only().people("created"), pass.only().people("archived")), (0, 11));
    assert_eq!(pass.only().held_rules(), ["G05"]);
}

#[test]
fn approve_all_but_one_person() {
    let (rosterd, roster, missing, run) = adds_and_removals();
    let spared = &roster.rows[missing[4]].idnumber;
    rosterd.approve(&run, &["--except", spared]);
    assert_eq!(rosterd.person(spared).state(), "active");
    assert_eq!(rosterd.person(&roster.rows[missing[5]].idnumber).state(), "archived");
    assert_eq!(rosterd.active().len(), 241);
}

/// 100 students of whom so many are missing.
fn missing(count: usize) -> (TestRosterd, String) {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let pass = rosterd.night(&roster.without(&spread(count, 100))).expect_code(4);
    (rosterd, pass.only().run().to_owned())
}

#[test]
fn more_than_a_quarter_needs_the_number_typed() {
    let (rosterd, run) = missing(26);
    for flags in [&[][..], &["--archive", "25"], &["--archive", "100"]] {
        let answer = rosterd.run(&[&["runs", "approve", run.as_str()], flags].concat());
        assert_ne!(answer.code, 0, "{flags:?}: {answer:?}");
        assert!(answer.stderr.contains("26"), "the number is named: {answer:?}");
        assert_eq!(rosterd.active().len(), 100, "{flags:?}");
    }
    let pass = rosterd.approve(&run, &["--archive", "26"]).expect_code(0);
    assert_eq!(pass.only().people("archived"), 26);
    assert_eq!(rosterd.active().len(), 74);
}

#[test]
fn a_quarter_needs_no_number() {
    let (rosterd, run) = missing(25);
    rosterd.approve(&run, &[]).expect_code(0);
    assert_eq!(rosterd.active().len(), 75);
}

#[test]
fn an_approved_run_is_done_and_the_next_night_is_quiet() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let rest = roster.without(&spread(20, 100));
    let pass = rosterd.night(&rest).expect_code(4);
    rosterd.approve(pass.only().run(), &[]).expect_code(0);
    assert!(rosterd.runs().iter().all(|run| run["state"] != "held"), "nothing waits any more");
    let pass = rosterd.night(&rest.set(2, "gradyear", "2040"));
    assert_flows(&pass);
    assert_eq!((pass.only().people("active_before"), pass.only().people("active_after")), (80, 80));
}

#[test]
fn rejected_people_stay_and_their_return_ends_the_matter() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.active();
    let gone = spread(20, 100);
    let pass = rosterd.night(&roster.without(&gone)).expect_code(4);
    rosterd.reject(pass.only().run());
    assert_eq!(rosterd.show(pass.only().run()).state(), "cancelled");
    assert_eq!(rosterd.active(), before);

    assert_flows(&rosterd.night(&roster.without(&gone).set(2, "gradyear", "2040")));
    assert_eq!(rosterd.active(), before);
    // They are seen again; an absence after that is new evidence (I32), and three are no matter for a gate.
    assert_flows(&rosterd.night(&roster.clone().set(2, "gradyear", "2041")));
    let pass = rosterd.night(&roster.without(&gone[..3]));
    assert_flows(&pass);
    assert_eq!(pass.only().people("archived"), 3);
}

#[test]
fn others_missing_beside_rejected_ones_are_weighed_alone() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let order = spread(28, 100);
    let pass = rosterd.night(&roster.without(&order[..20])).expect_code(4);
    rosterd.reject(pass.only().run());
    let pass = rosterd.night(&roster.without(&order[..26])).expect_code(4);
    assert_eq!((pass.only().absent("kept_by_decision"), pass.only().people("archived")), (20, 0));
    assert_eq!(pass.only().absent("held"), 6);
}

#[test]
fn what_was_applied_of_a_rejected_run_stays() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let file = roster.clone().set(1, "gradyear", "2040").without(&spread(20, 100)).and([student(150)]);
    let pass = rosterd.night(&file).expect_code(4);
    rosterd.reject(pass.only().run());
    assert_eq!(rosterd.active().len(), 101);
    assert_eq!(rosterd.person(&roster.rows[1].idnumber).grad_year(), Some(2040));
}

#[test]
fn a_delivery_held_whole_and_rejected_leaves_everything_as_it_was() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.everybody();
    let whole = roster.clone().set(3, "gradyear", "2040").csv();
    let pass = rosterd.night_of("users.csv", &whole[..whole.len() / 2]).expect_code(4);
    let run = pass.only().run().to_owned();
    rosterd.reject(&run);
    assert_eq!((rosterd.show(&run).state(), rosterd.show(&run).verdict()), ("cancelled", "refused"));
    assert_eq!(rosterd.everybody(), before);
    assert_flows(&rosterd.night_of("users.csv", &whole));
}

#[test]
fn a_run_may_be_named_by_its_first_characters() {
    let (rosterd, run) = missing(20);
    rosterd.approve(&run[..run.len() - 4], &[]).expect_code(0);
    assert_eq!(rosterd.active().len(), 80);
}
