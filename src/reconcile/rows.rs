//! From admitted rows to groups: the role of a row that gives none, the feed's declared scope, and
//! what the grouping sets aside.

use std::collections::{BTreeMap, BTreeSet};

use rosterd_contract::{Field, Finding, PersonRecord, Role, RoleClass};

use super::groups::{Aside, Group, Member, group};
use super::input::{Content, Delivery, FeedInput, FeedMeta};
use super::outcome::{Outcome, RowResult};
use super::resolve::newcomer_role;
use super::world::World;
use crate::roster::Person;

/// Row results by feed rank and row index.
pub type Results = BTreeMap<(usize, usize), RowResult>;

/// What comes of the rows of one delivery before identity.
#[derive(Debug, Default)]
pub struct Sorted {
    pub groups: Vec<Group>,
    pub results: Results,
    /// Rows that were rejected here: whoever they may be about is protected (K00, S7).
    pub refused: BTreeSet<usize>,
}

/// Groups the valid rows of one delivery.
pub fn sort_rows(world: &World, rank: usize, input: &FeedInput) -> Sorted {
    let mut sorted = Sorted::default();
    let Some(delivery) = &input.delivery else { return sorted };
    let mut members = Vec::new();
    for (at, row) in delivery.rows.iter().enumerate() {
        match &row.content {
            Content::Rejected { code, .. } => {
                let rule = super::admission::rule_of(code);
                let result = RowResult {
                    line: row.line,
                    outcome: Outcome::Rejected(code.clone()),
                    rule: rule.into(),
                    person: None,
                    findings: Vec::new(),
                };
                sorted.results.insert((rank, at), result);
            }
            Content::Valid(record) => match place(world, &input.meta, delivery, record) {
                Ok((record, class, note)) => {
                    if let Some(note) = note {
                        notes(&mut sorted, rank, at, row.line).findings.push(note.on(row.line));
                    }
                    members.push(Member { row: at, line: row.line, class, record });
                }
                Err((code, finding)) => {
                    sorted.refused.insert(at);
                    let result = rejected(row.line, code, "S1", finding.on(row.line));
                    sorted.results.insert((rank, at), result);
                }
            },
        }
    }
    let held = |email: &str| world.email_holder(email).is_some();
    let (groups, asides) = group(members, delivery.email_required, &held);
    sorted.groups = groups;
    for (at, aside) in asides {
        set_aside(rank, delivery, at, aside, &mut sorted);
    }
    sorted
}

/// A finding that still wants its line.
struct Remarked(Finding);

impl Remarked {
    fn on(mut self, line: u64) -> Finding {
        self.0.line = line;
        self.0
    }
}

fn notes(sorted: &mut Sorted, rank: usize, at: usize, line: u64) -> &mut RowResult {
    sorted.results.entry((rank, at)).or_insert_with(|| RowResult {
        line,
        outcome: Outcome::Unchanged,
        rule: "".into(),
        person: None,
        findings: Vec::new(),
    })
}

fn rejected(line: u64, code: &str, rule: &str, finding: Finding) -> RowResult {
    RowResult {
        line,
        outcome: Outcome::Rejected(code.into()),
        rule: rule.into(),
        person: None,
        findings: vec![finding],
    }
}

/// Gives a row without role the one its person has, or a newcomer's; checks the declared scope.
fn place(
    world: &World,
    meta: &FeedMeta,
    delivery: &Delivery,
    record: &PersonRecord,
) -> Result<(PersonRecord, RoleClass, Option<Remarked>), (&'static str, Remarked)> {
    let mut record = record.clone();
    let mut note = None;
    if record.role.is_none() {
        let known = known_role(world, meta, &record);
        record.role = known.or_else(|| newcomer_role(&meta.roles, delivery.newcomer_role));
        note = record.role.map(|role| {
            let message = if known.is_some() {
                format!("the role is blank: the person stays {role}")
            } else {
                format!("the role is blank: taken as {role}")
            };
            Remarked(Finding::note("blank-role", 0, message).at("role", "").cure("write the role into the file"))
        });
    }
    let Some(role) = record.role else {
        let message = "the role is blank, and the feed speaks for several roles, so it cannot be told";
        return Err(("role-missing", Remarked(Finding::error("role-missing", 0, message).cure("write the role"))));
    };
    let school =
        meta.orgs.is_empty() || record.orgs.is_empty() || record.orgs.iter().any(|org| meta.orgs.contains(org));
    if !meta.speaks_for(role) || !school {
        let message = format!("this feed does not speak for {}", if school { role.as_str() } else { "this school" });
        let cure = "move the row to the right file, or widen `roles` or `orgs` of the feed";
        return Err(("out-of-scope", Remarked(Finding::error("out-of-scope", 0, message).cure(cure))));
    }
    Ok((record, role.class(), note))
}

/// The role the person of this row already has; in the class the feed claims, if it claims one.
fn known_role(world: &World, meta: &FeedMeta, record: &PersonRecord) -> Option<Role> {
    let person = known_person(world, meta, record)?;
    let claimed = world
        .claims_of(person.id)
        .iter()
        .filter_map(|at| world.claims.get(*at))
        .find(|claim| claim.feed == meta.id)
        .and_then(|claim| person.class(claim.class));
    claimed.map(|state| state.role).or_else(|| person.role())
}

fn known_person<'w>(world: &'w World, meta: &FeedMeta, record: &PersonRecord) -> Option<&'w Person> {
    let by_number = record.number.as_deref().and_then(|number| {
        RoleClass::ALL
            .into_iter()
            .find_map(|class| world.linked(&meta.source, class, number).or_else(|| world.number_holder(class, number)))
    });
    let by_mail =
        || record.email.as_deref().and_then(|email| world.email_holder(email).or_else(|| world.alias_of(email)));
    by_number.or_else(by_mail).and_then(|id| world.person(id))
}

fn set_aside(rank: usize, delivery: &Delivery, at: usize, aside: Aside, sorted: &mut Sorted) {
    let Some(row) = delivery.rows.get(at) else { return };
    let result = match aside {
        Aside::DuplicateOf(line) => RowResult {
            line: row.line,
            outcome: Outcome::Skipped("duplicate-row".into()),
            rule: "K00".into(),
            person: None,
            findings: vec![Finding::note("duplicate-row", row.line, format!("says the same as line {line}"))],
        },
        Aside::MergedInto(line) => RowResult {
            line: row.line,
            outcome: Outcome::Skipped(format!("merged-into:{line}").into()),
            rule: "K00".into(),
            person: None,
            findings: Vec::new(),
        },
        Aside::Rejected { code, lines } => {
            sorted.refused.insert(at);
            rejected(row.line, code, "K00", group_finding(code, row.line, &lines))
        }
    };
    sorted.results.insert((rank, at), result);
}

fn group_finding(code: &str, line: u64, lines: &[u64]) -> Finding {
    let others: Vec<String> = lines.iter().filter(|other| **other != line).map(u64::to_string).collect();
    let list = if others.is_empty() { "another row".to_owned() } else { format!("line {}", others.join(", ")) };
    let (message, cure) = match code {
        "duplicate-conflict" => (
            format!(
                "{list} has the same key and says something else; neither goes in, since none of them can be trusted"
            ),
            "keep the right row and take the other out",
        ),
        "email-shared" => (
            format!("{list} has the same address under another number; an address belongs to one person"),
            "give each person an address of their own",
        ),
        _ => (
            format!("the address stands on {list} with a number and another name"),
            "add the number to this row, or correct the address",
        ),
    };
    Finding::error(code, line, message).cure(cure)
}

/// A finding about fields on which merged rows differed.
pub fn disputed(line: u64, fields: &[Field]) -> Finding {
    let words: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
    let message = format!("merged rows differ in {}; the row of the first school counts", words.join(", "));
    Finding::warning("merged-rows-differ", line, message).cure("let all rows of one person say the same")
}
