//! From statements to people: the presence table and the merge of fields, for everybody whose
//! claims changed. The result is one operation a person, before any gate.

mod fields;
mod operation;
mod vouching;

use std::collections::{BTreeMap, HashMap};

use rosterd_contract::{PersonRecord, RoleClass};

use super::input::FeedInput;
use super::merge::Remark;
use super::plan::{Action, Operation};
use super::policy::Policy;
use super::presence::{Decision, File};
use super::resolve::Candidate;
use super::scope::FeedScope;
use super::world::World;
use crate::roster::{Gone, Person, PersonId};

use fields::apply_statements;
use operation::{operation, settle_state};
use vouching::{decide_classes, standpoints};

pub use operation::{content_hash, grade_cell};

/// How long a replaced address still finds its person (section 7).
pub const ALIAS_DAYS: i64 = 400;

/// What derivation knows of the run.
pub struct Context<'a> {
    pub world: &'a World,
    pub policy: &'a Policy,
    pub feeds: &'a [FeedInput],
    pub scopes: &'a BTreeMap<usize, FeedScope>,
    pub candidates: &'a [Candidate],
    /// Claims (by index) that are absent tonight: feed rank and place in its scope.
    pub absences: &'a HashMap<usize, (usize, usize)>,
}

/// A claim as it stands tonight.
#[derive(Debug, Clone)]
pub struct Standpoint {
    pub rank: usize,
    pub class: RoleClass,
    /// Index of the stored claim.
    pub claim: Option<usize>,
    /// Index of the candidate that carries it tonight.
    pub candidate: Option<usize>,
    pub record: PersonRecord,
    pub file: File,
    pub kept_by_decision: bool,
    pub gone: Option<Gone>,
}

/// The decision for one role-class of a person.
#[derive(Debug, Clone)]
pub struct ClassDecision {
    pub class: RoleClass,
    pub decision: Decision,
    /// Absence that the role's policy only flags.
    pub flagged: bool,
}

/// One person, derived.
#[derive(Debug, Clone)]
pub struct Derived {
    pub person: PersonId,
    pub classes: Vec<ClassDecision>,
    pub standpoints: Vec<Standpoint>,
    pub operation: Option<Operation>,
    pub remarks: Vec<Remark>,
}

/// Derives one person from everything that is claimed about them tonight.
pub fn derive(context: &Context<'_>, person: &Person, is_new: bool, mine: &[usize]) -> Derived {
    let standpoints = standpoints(context, person, mine);
    let classes = decide_classes(context, person, is_new, &standpoints);
    let mut after = person.clone();
    let remarks = apply_statements(context, &mut after, person, is_new, &standpoints, &classes, mine);
    let (action, rule) = settle_state(context, &mut after, person, is_new, &classes, &standpoints);
    if after.classes != person.classes {
        after.order_numbers();
    }
    let changed = is_new || differs(person, &after);
    let operation = action
        .filter(|action| changed || *action != Action::Update)
        .map(|action| operation(context, person, is_new, after, action, rule, &standpoints, &classes, mine, &remarks));
    Derived { person: person.id, classes, standpoints, operation, remarks }
}

/// Is there anything to write? Aliases alone (that ran out) are not a change of the person.
fn differs(before: &Person, after: &Person) -> bool {
    before != after
}
