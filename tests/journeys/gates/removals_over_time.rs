//! Removals that add up over nights (G11), and held removals that must not slip through later (I31).

use super::{assert_flows, assert_held};
use crate::support::{Roster, TestRosterd, spread};

/// Each night five more people are missing, for four nights; gives who is missing.
fn twenty_in_four_nights(people: usize) -> (TestRosterd, Roster, Vec<usize>) {
    let roster = Roster::students(people);
    let rosterd = TestRosterd::loaded(&roster);
    let order = spread(40, people);
    // Every second of them, so that no two neighbours of the file go in one night.
    let leaving: Vec<usize> =
        order.iter().step_by(2).copied().chain(order.iter().skip(1).step_by(2).copied()).collect();
    for night in 1..=4 {
        let pass = rosterd.night(&roster.without(&leaving[..5 * night]));
        assert_flows(&pass);
        assert_eq!(pass.only().people("archived"), 5, "night {night}");
    }
    (rosterd, roster, leaving)
}

#[test]
fn g11_twenty_one_of_a_hundred_in_a_week() {
    let (rosterd, roster, leaving) = twenty_in_four_nights(100);
    let pass = rosterd.night(&roster.without(&leaving[..21]));
    assert_held(&pass, "G11");
    assert_eq!((pass.only().people("archived"), rosterd.active().len()), (0, 80));
}

#[test]
fn g11_restores_are_taken_off() {
    let (rosterd, roster, leaving) = twenty_in_four_nights(100);
    // One comes back as another one leaves: twenty net.
    let pass = rosterd.night(&roster.without(&leaving[1..21]));
    assert_flows(&pass);
    assert_eq!((pass.only().people("archived"), pass.only().people("restored")), (1, 1));
}

#[test]
fn g11_fifteen_in_a_hundred_is_the_measure() {
    // 21 of 140 are 15 %, which is not more; 22 are.
    let (rosterd, roster, leaving) = twenty_in_four_nights(140);
    let pass = rosterd.night(&roster.without(&leaving[..21]));
    assert_flows(&pass);
    let pass = rosterd.night(&roster.without(&leaving[..22]));
    assert_held(&pass, "G11");
    assert_eq!(rosterd.active().len(), 119);
}

#[test]
fn g11_approved_removals_do_not_count() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let leaving = spread(21, 100);
    let pass = rosterd.night(&roster.without(&leaving[..20]));
    assert_held(&pass, "G02");
    rosterd.approve(pass.only().run(), &[]);
    assert_eq!(rosterd.active().len(), 80);
    let pass = rosterd.night(&roster.without(&leaving));
    assert_flows(&pass);
    assert_eq!(rosterd.active().len(), 79);
}

#[test]
fn i31_a_held_removal_does_not_flow_with_the_next_small_file() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.active();
    let missing = spread(12, 100);
    assert_held(&rosterd.night(&roster.without(&missing)), "G02");
    // Nine of the twelve are back: three missing people alone would never have been held.
    for year in ["2041", "2042", "2043"] {
        let pass = rosterd.night(&roster.without(&missing[..3]).set(50, "gradyear", year)).expect_code(4);
        assert_eq!(pass.only().people("archived"), 0);
    }
    assert_eq!(rosterd.active(), before);
}

#[test]
fn i31_nor_by_identical_bytes_or_at_once() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let before = rosterd.active();
    let file = roster.without(&spread(12, 100));
    for _ in 0..4 {
        rosterd.night(&file).expect_code(4);
    }
    rosterd.sync();
    assert_eq!(rosterd.active(), before);
}

#[test]
fn a_held_removal_ends_when_the_person_is_seen_again() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let missing = spread(12, 100);
    assert_held(&rosterd.night(&roster.without(&missing)), "G02");
    assert_flows(&rosterd.night(&roster.clone().set(50, "gradyear", "2041")));
    // From there on they are people like any other.
    let pass = rosterd.night(&roster.without(&missing[..3]));
    assert_flows(&pass);
    assert_eq!(pass.only().people("archived"), 3);
}

#[test]
fn a_long_calm_lets_held_removals_go() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let missing = spread(12, 100);
    assert_held(&rosterd.night(&roster.without(&missing)), "G02");
    // Nine of them return for good; three stay away, night after night, and no gate of the feed trips.
    let calm = roster.without(&missing[..3]);
    for night in 1..10 {
        rosterd.night(&calm.clone().set(50, "gradyear", &(2040 + night).to_string()));
        assert_eq!(rosterd.active().len(), 100, "night {night} is not the end of ten further deliveries");
    }
    for night in 10..12 {
        rosterd.night(&calm.clone().set(50, "gradyear", &(2040 + night).to_string()));
    }
    assert_eq!(rosterd.active().len(), 97);
}

#[test]
fn the_next_night_supersedes_the_run_that_waits() {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let missing = spread(12, 100);
    let first = rosterd.night(&roster.without(&missing));
    let second = rosterd.night(&roster.without(&missing).set(50, "gradyear", "2041"));
    assert_eq!(rosterd.show(first.only().run()).state(), "superseded");
    assert_eq!(rosterd.show(second.only().run()).state(), "held");
    assert_eq!(second.only().rows("updated"), 1, "what does not wait goes in each night");
    // Approving the superseded run approves the same people on its successor.
    rosterd.approve(first.only().run(), &[]);
    assert_eq!(rosterd.active().len(), 88);
}
