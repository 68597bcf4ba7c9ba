//! The absent ledger, and the counts a feed keeps beside its claims.

use super::derive::grade_cell;
use super::input::{Counts, cells_of};
use rosterd_contract::{PersonRecord, Status};

/// Adds or takes away one claim.
pub fn count_claim(counts: &mut Counts, record: &PersonRecord, adds: bool) {
    if record.status != Status::Active {
        return;
    }
    let step = |n: &mut u64| *n = if adds { *n + 1 } else { n.saturating_sub(1) };
    step(&mut counts.claims);
    if let Some(class) = record.class() {
        step(counts.classes.entry(class).or_default());
    }
    for cell in cells_of(record) {
        if let Some(grade) = grade_cell(record, &cell.org) {
            step(counts.grades.entry(grade).or_default());
        }
        step(counts.cells.entry(cell).or_default());
    }
    counts.cells.retain(|_, n| *n > 0);
    counts.grades.retain(|_, n| *n > 0);
}
