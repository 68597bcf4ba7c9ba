//! A plan into the store, in the transaction that also holds its report: all of it or nothing.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use crate::reconcile::derive::ALIAS_DAYS;
use crate::reconcile::plan::{Action, ClaimChange, EmailFrom, Operation, Plan};
use crate::roster::{Attribute, Claim, Evidence, FeedId, Person, PersonId, RunId};
use crate::store::claims::NewClaim;
use crate::store::history::{self, Change};
use crate::store::keys::{NewKey, NewLink};
use crate::store::{Connection, StoreError, claims, keys, people};

/// What applying works with.
pub struct Applying<'a> {
    pub district: &'a str,
    pub run: RunId,
    pub now: DateTime<Utc>,
    /// Rows of stored people.
    pub rows: HashMap<PersonId, i64>,
    /// Delivery of each feed rank.
    pub deliveries: BTreeMap<usize, crate::roster::DeliveryId>,
    /// Source of each feed.
    pub sources: HashMap<FeedId, String>,
    /// Archived and leaving holders whose address is taken, as they were before.
    pub holders: HashMap<PersonId, Person>,
    /// The plan was approved by an operator.
    pub approved: &'a dyn Fn(&Operation) -> bool,
}

/// What applying brought.
#[derive(Debug, Default)]
pub struct Applied {
    /// Claim by fingerprint of its row, and whether the row need not be looked at again.
    pub claims: HashMap<(FeedId, [u8; 16]), (i64, bool)>,
    /// Removals that no approval covered, net of restores (G11).
    pub flowed: i64,
}

/// Applies operations and claims of a plan.
///
/// # Errors
/// The store's; the caller rolls back.
pub async fn apply(
    connection: &mut Connection,
    plan: &Plan,
    applying: &mut Applying<'_>,
) -> Result<Applied, StoreError> {
    let mut applied = Applied::default();
    release_keys(connection, plan, applying).await?;
    create_people(connection, plan, applying).await?;
    let mut keys = Vec::new();
    let mut changes = Vec::new();
    for operation in &plan.apply {
        if operation.action != Action::Create {
            write_person(connection, operation, applying).await?;
        }
        for alias in dissolved(operation) {
            keys::end_aliases(connection, applying.district, alias).await?;
        }
        acquire_keys(connection, operation, applying, &mut keys).await?;
        changes.push(change_of(operation, applying)?);
        count_flow(operation, applying, &mut applied);
    }
    keys::open(connection, applying.district, &keys, applying.now).await?;
    history::append(connection, applying.district, &changes).await?;
    write_claims(connection, plan, applying, &mut applied).await?;
    Ok(applied)
}

/// Aliases that have no more point: the source says the present address itself.
fn dissolved(operation: &Operation) -> impl Iterator<Item = &str> {
    let before = operation.before.as_ref().map(|before| before.aliases.as_slice()).unwrap_or_default();
    let kept = &operation.after.aliases;
    before.iter().filter(|alias| !kept.iter().any(|other| other.email == alias.email)).map(|alias| &*alias.email)
}

/// Newcomers, many at a time.
async fn create_people(
    connection: &mut Connection,
    plan: &Plan,
    applying: &mut Applying<'_>,
) -> Result<(), StoreError> {
    let mut row = people::last_row(connection).await?;
    let mut new = Vec::new();
    for operation in plan.apply.iter().filter(|operation| operation.action == Action::Create) {
        row += 1;
        applying.rows.insert(operation.person, row);
        new.push((row, &operation.after));
    }
    people::insert(connection, applying.district, &new, applying.run, applying.now).await
}

fn count_flow(operation: &Operation, applying: &Applying<'_>, applied: &mut Applied) {
    match operation.action {
        Action::Archive if !(applying.approved)(operation) => applied.flowed += 1,
        Action::Restore => applied.flowed -= 1,
        _ => {}
    }
}

fn row(applying: &Applying<'_>, person: PersonId) -> Result<i64, StoreError> {
    applying.rows.get(&person).copied().ok_or_else(|| StoreError::Damaged { what: "plan", value: person.to_string() })
}

/// All keys are released before any is acquired: swaps and rotations need no order (section 7).
async fn release_keys(connection: &mut Connection, plan: &Plan, applying: &Applying<'_>) -> Result<(), StoreError> {
    let until = applying.now + TimeDelta::days(ALIAS_DAYS);
    for operation in &plan.apply {
        if let Some(before) = &operation.before
            && let Some(old) = before.email.as_deref()
            && operation.after.email.as_deref() != Some(old)
        {
            keys::close_email(connection, row(applying, before.id)?, old, applying.now, until).await?;
        }
        let taken_from = match operation.email_from {
            Some(EmailFrom::Archived(holder) | EmailFrom::Leaving(holder)) => Some(holder),
            _ => None,
        };
        if let (Some(holder), Some(email)) = (taken_from, operation.after.email.as_deref()) {
            let holder_row = row(applying, holder)?;
            keys::close_email(connection, holder_row, email, applying.now, until).await?;
            close_on_holder(connection, operation, holder, holder_row, applying).await?;
        }
    }
    Ok(())
}

/// The archived or leaving holder loses the address, and history says to whom it went.
async fn close_on_holder(
    connection: &mut Connection,
    operation: &Operation,
    holder: PersonId,
    holder_row: i64,
    applying: &Applying<'_>,
) -> Result<(), StoreError> {
    let Some(stored) = applying.holders.get(&holder) else { return Ok(()) };
    let mut after = stored.clone();
    after.email = None;
    people::update(connection, holder_row, &after, applying.now).await?;
    let change = Change {
        run: applying.run,
        person: holder,
        action: Action::Update.as_str().to_owned(),
        rule: operation.identity.unwrap_or(operation.rule).to_owned(),
        identity_rule: None,
        before: Some(difference(Some(stored), &after).0.to_string()),
        after: Some(difference(Some(stored), &after).1.to_string()),
        evidence: evidence(operation, applying),
        approved: false,
        at: applying.now,
    };
    history::append(connection, applying.district, &[(holder_row, change)]).await
}

async fn write_person(
    connection: &mut Connection,
    operation: &Operation,
    applying: &Applying<'_>,
) -> Result<(), StoreError> {
    let mut after = operation.after.clone();
    // A leaving holder whose address passes on in this very run loses it with the archive.
    if operation.action == Action::Archive && applying.holders.contains_key(&operation.person) {
        after.email = None;
    }
    people::update(connection, row(applying, operation.person)?, &after, applying.now).await
}

/// The keys an operation takes; an alias that ends with it ends at once.
async fn acquire_keys(
    connection: &mut Connection,
    operation: &Operation,
    applying: &Applying<'_>,
    taken: &mut Vec<NewKey>,
) -> Result<(), StoreError> {
    let person = row(applying, operation.person)?;
    let before = operation.before.as_ref();
    if operation.action == Action::Archive {
        return Ok(());
    }
    if let Some(email) = operation.after.email.as_deref()
        && before.and_then(|before| before.email.as_deref()) != Some(email)
    {
        if operation.email_from != Some(EmailFrom::Free) {
            keys::end_aliases(connection, applying.district, email).await?;
        }
        taken.push(NewKey { person, class: None, value: email.into() });
    }
    for (class, number) in &operation.after.numbers {
        if !before.is_some_and(|before| before.holds(*class, number)) {
            taken.push(NewKey { person, class: Some(*class), value: number.clone() });
        }
    }
    Ok(())
}

fn evidence(operation: &Operation, applying: &Applying<'_>) -> Option<Evidence> {
    match operation.evidence {
        Some((rank, line)) => applying.deliveries.get(&rank).map(|delivery| Evidence { delivery: *delivery, line }),
        // A removal by absence, or a claim that ended, cites the delivery that lacks the person (I25); there
        // is no line to cite. Where tonight's was only waited for (S6), that is the first that lacked them.
        None => {
            let tonight = |feeds: &[usize]| feeds.iter().find_map(|rank| applying.deliveries.get(rank)).copied();
            let removal = operation.removal.as_ref();
            removal
                .and_then(|removal| tonight(&removal.feeds).or(removal.since))
                .or_else(|| tonight(&operation.feeds))
                .map(|delivery| Evidence { delivery, line: 0 })
        }
    }
}

fn change_of(operation: &Operation, applying: &Applying<'_>) -> Result<(i64, Change), StoreError> {
    let (before, after) = difference(operation.before.as_ref(), &operation.after);
    let change = Change {
        run: applying.run,
        person: operation.person,
        action: operation.action.as_str().to_owned(),
        rule: operation.rule.to_owned(),
        identity_rule: operation.identity.map(str::to_owned),
        before: operation.before.is_some().then(|| before.to_string()),
        after: Some(after.to_string()),
        evidence: evidence(operation, applying),
        approved: (applying.approved)(operation),
        at: applying.now,
    };
    Ok((row(applying, operation.person)?, change))
}

/// The attributes that differ, before and after.
pub fn difference(before: Option<&Person>, after: &Person) -> (Value, Value) {
    let (mut old, mut new) = (Map::new(), Map::new());
    let mut put = |key: &str, was: String, is: String| {
        if was != is {
            if before.is_some() {
                old.insert(key.to_owned(), Value::String(was));
            }
            new.insert(key.to_owned(), Value::String(is));
        }
    };
    let state = |person: &Person| person.state.as_str().to_owned();
    put("state", before.map(state).unwrap_or_default(), state(after));
    for attribute in Attribute::all() {
        put(attribute.as_str(), before.map(|person| person.text(attribute)).unwrap_or_default(), after.text(attribute));
    }
    let numbers = |person: &Person| {
        person.numbers.iter().map(|(class, number)| format!("{class}:{number}")).collect::<Vec<_>>().join(",")
    };
    put("numbers", before.map(numbers).unwrap_or_default(), numbers(after));
    let classes = |person: &Person| crate::store::values::json(&person.classes);
    put("classes", before.map(classes).unwrap_or_default(), classes(after));
    let pins = |person: &Person| {
        let list: Vec<&str> = person.pins.iter().map(|pin| pin.attribute.as_str()).collect();
        list.join(",")
    };
    put("pins", before.map(pins).unwrap_or_default(), pins(after));
    let pin = |person: &Person| person.presence_pin.as_str().to_owned();
    put("pinned", before.map_or_else(|| "none".to_owned(), pin), pin(after));
    (Value::Object(old), Value::Object(new))
}

async fn write_claims(
    connection: &mut Connection,
    plan: &Plan,
    applying: &Applying<'_>,
    applied: &mut Applied,
) -> Result<(), StoreError> {
    let mut next = claims::last_row(connection).await?;
    let mut new = Vec::new();
    let mut links = Vec::new();
    for change in &plan.claims {
        match change {
            ClaimChange::Put { claim, settled } => {
                let person = row(applying, claim.person)?;
                links.extend(link_of(claim, person, applying));
                let id = if claim.id == 0 {
                    next += 1;
                    new.push(NewClaim { id: next, person, claim, settled: *settled });
                    next
                } else {
                    claims::put(connection, claim, person, *settled).await?
                };
                for fingerprint in &claim.fingerprints {
                    applied.claims.insert((claim.feed, *fingerprint), (id, *settled));
                }
            }
            ClaimChange::Gone { claim, gone } => claims::set_gone(connection, *claim, gone).await?,
            ClaimChange::Seen { claim, rejected } => claims::set_seen(connection, *claim, *rejected).await?,
            ClaimChange::End { claim } => claims::end(connection, *claim).await?,
        }
    }
    claims::insert(connection, &new).await?;
    keys::link(connection, applying.district, &links).await
}

/// The durable tie of the sender's key; a row without a number has none.
fn link_of(claim: &Claim, person: i64, applying: &Applying<'_>) -> Option<NewLink> {
    let key = claim.record.number.clone()?;
    let source = applying.sources.get(&claim.feed)?.as_str().into();
    Some(NewLink { source, class: claim.class, key, person })
}
