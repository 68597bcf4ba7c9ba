//! The gates of section 11, each just tripping and each just not, and what people answer.
//!
//! The limits in the tests were worked out from the published numbers: percentages of the reference's rows, of the active
//! people before, of a cell's members or of the matched rows, as the rule says.

mod answers;
mod arrivals;
mod changes;
mod removals;
mod removals_over_time;

use crate::support::{Pass, Roster, TestRosterd};

/// The pass was held by this gate and archived nobody.
#[track_caller]
fn assert_held(pass: &Pass, rule: &str) {
    assert_eq!(pass.code, 4, "{pass:?}");
    assert_eq!(pass.only().state(), "held");
    assert!(pass.only().holds(rule), "{rule} does not hold: {pass:?}");
}

/// The pass went through; nothing waits.
#[track_caller]
fn assert_flows(pass: &Pass) {
    assert_eq!(pass.code, 0, "{pass:?}");
    assert!(pass.only().held_rules().is_empty(), "{pass:?}");
}

/// A roster was loaded; the next night brings another.
#[track_caller]
fn two_nights(first: &Roster, second: &Roster) -> (TestRosterd, Pass) {
    let rosterd = TestRosterd::loaded(first);
    let pass = rosterd.night(second);
    (rosterd, pass)
}
