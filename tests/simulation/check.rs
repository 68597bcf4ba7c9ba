//! What must hold after every single run, whatever came.

use std::collections::{BTreeMap, BTreeSet};

use rosterd::roster::{Person, PersonId, PresencePin, State};
use rosterd_contract::Role;
use serde_json::Value;

use super::house::{House, Snap};
use super::watch::{Feed, Said, Watch, archived, created, list, restored, shown, text, waiting_removals};

/// How a run came about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Night,
    Approval,
}

/// One run, between two looks at the people.
pub struct Seen<'a> {
    pub house: &'a House,
    pub district: usize,
    pub kind: Kind,
    pub account: &'a Value,
    pub before: &'a Snap,
    pub after: &'a Snap,
}

type Checked = Result<(), String>;

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(what()) }
}

/// Everything; the first broken rule is named.
pub async fn check(watch: &mut Watch, seen: &Seen<'_>) -> Checked {
    let views: BTreeMap<String, usize> =
        watch.feeds.iter().map(|(name, feed)| (name.clone(), feed.views.len())).collect();
    watch.look_at_views(seen.house, seen.district, seen.account).await;
    ledgers(seen)?;
    population(seen).await?;
    evidence(seen).await?;
    keys(watch, seen).await?;
    strangers(watch, seen)?;
    held_is_held(watch, seen)?;
    by_hand(seen)?;
    for id in archived(seen.before, seen.after) {
        let person = &seen.before[&id];
        nobody_speaks(watch, seen, person)?;
        somebody_lacks(watch, seen, person, &views)?;
    }
    answers(watch, seen)?;
    watch.remember(seen.after);
    watch.count("archived", archived(seen.before, seen.after).len());
    watch.count("restored", restored(seen.before, seen.after).len());
    watch.count("created", created(seen.before, seen.after).len());
    watch.count("held", usize::from(!list(seen.account, "held").is_empty()));
    watch.count("approved", usize::from(seen.kind == Kind::Approval));
    Ok(())
}

/// I24: the count that is kept from night to night is what a count of everybody gives.
async fn population(seen: &Seen<'_>) -> Checked {
    let active = || seen.after.values().filter(|person| person.state == State::Active);
    let admins = active().filter(|person| person.classes.iter().any(|class| class.role == Role::Admin)).count();
    let there = format!("{} {admins}", active().count());
    let district = &seen.house.districts[seen.district].id;
    let kept = format!("SELECT active || ' ' || admins FROM populations WHERE district_id = '{district}'");
    let kept = seen.house.rows(&kept).await.concat();
    ensure(kept == [there.clone()], || format!("I24: kept {kept:?}, there are {there}"))
}

/// I24: what the report counts is what is there.
fn ledgers(seen: &Seen<'_>) -> Checked {
    let active = |people: &Snap| people.values().filter(|person| person.state == State::Active).count() as u64;
    let people = &seen.account["people"];
    let counted = [
        ("active_before", active(seen.before)),
        ("active_after", active(seen.after)),
        ("created", created(seen.before, seen.after).len() as u64),
        ("restored", restored(seen.before, seen.after).len() as u64),
        ("archived", archived(seen.before, seen.after).len() as u64),
    ];
    for (name, there) in counted {
        ensure(people[name] == there, || format!("I24: the report says {name} {}, there are {there}", people[name]))?;
    }
    let absent = seen.account["absent"].as_object().into_iter().flatten();
    let parts: u64 = absent.filter(|(name, _)| *name != "total").filter_map(|(_, n)| n.as_u64()).sum();
    ensure(seen.account["absent"]["total"] == parts, || format!("I24: absent {}", seen.account["absent"]))?;
    let rows = &seen.account["rows"];
    let read: u64 = list(seen.account, "deliveries").iter().filter_map(|delivery| rows_of(seen.house, delivery)).sum();
    let countable = list(seen.account, "deliveries").iter().all(|delivery| rows_of(seen.house, delivery).is_some());
    ensure(!countable || rows["read"] == read, || format!("I25: {} rows read of {read}", rows["read"]))?;
    let mut once = BTreeSet::new();
    for outcome in list(seen.account, "outcomes") {
        let place = (text(outcome, "file"), outcome["line"].as_u64());
        ensure(once.insert(place.clone()), || format!("I25: two outcomes for {place:?}"))?;
        ensure(!text(outcome, "rule").is_empty(), || format!("I25: no rule: {outcome}"))?;
    }
    Ok(())
}

/// Rows that a delivery of a run stands for; `None` where nobody can tell.
fn rows_of(house: &House, delivery: &Value) -> Option<u64> {
    let file = house.contents.get(&text(delivery, "delivery").replace('-', ""))?;
    match &*text(delivery, "verdict") {
        "accepted" | "identical" | "baseline" | "regression" | "patch" => {
            file.countable.then_some(file.lines.len() as u64)
        }
        "late" | "superseded" | "waiting" | "unassigned" => Some(0),
        _ => None,
    }
}

/// I25: every change of a person stands in the history, with its rule and its evidence.
async fn evidence(seen: &Seen<'_>) -> Checked {
    let run = text(seen.account, "run").replace('-', "");
    let query = format!(
        "SELECT lower(hex(p.guid)), c.action, c.rule, ifnull(hex(c.delivery_id), '') FROM changes c
           JOIN people p USING (person_id) WHERE lower(hex(c.run_id)) = '{run}'"
    );
    let mut cited: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for change in seen.house.rows(&query).await {
        ensure(!change[2].is_empty() && !change[3].is_empty(), || format!("I25: no rule or evidence: {change:?}"))?;
        cited.entry(change[0].clone()).or_default().push(change[1].clone());
    }
    // Beside its own change a person may lose an address to somebody else, and history says to whom.
    let twice = cited.iter().find(|(_, actions)| actions.iter().filter(|action| *action != "update").count() > 1);
    ensure(twice.is_none(), || format!("I25: several changes of one person in one run: {twice:?}"))?;
    for (id, after) in seen.after {
        let changed = seen.before.get(id) != Some(after);
        let told = cited.contains_key(&id.0.simple().to_string());
        ensure(changed == told, || format!("I25: changed {changed}, told {told}: {}", shown(after)))?;
    }
    Ok(())
}

/// I17, I18: keys have one holder, numbers and links never move, GUIDs stay.
async fn keys(watch: &mut Watch, seen: &Seen<'_>) -> Checked {
    let id = &seen.house.districts[seen.district].id;
    let query = format!(
        "SELECT lower(hex(p.guid)), k.kind, k.class, k.value FROM person_keys k JOIN people p USING (person_id)
          WHERE k.district_id = '{id}' AND k.valid_to IS NULL"
    );
    let mut open: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut holders = BTreeSet::new();
    for key in seen.house.rows(&query).await {
        let name = format!("{} {} {}", key[1], key[2], key[3]);
        ensure(holders.insert(name.clone()), || format!("I17: two holders of {name}"))?;
        open.entry(key[0].clone()).or_default().insert(name);
    }
    for (id, person) in seen.after {
        let email = person.email.iter().map(|email| format!("email  {email}"));
        let numbers = person.numbers.iter().map(|(class, number)| format!("number {class} {number}"));
        let own: BTreeSet<String> = email.chain(numbers).collect();
        let there = open.remove(&id.0.simple().to_string()).unwrap_or_default();
        ensure(own == there, || format!("I17: {} has {own:?}, its open keys are {there:?}", shown(person)))?;
        for (class, number) in &person.numbers {
            let holder = watch.numbers.get(&(*class, number.to_string())).copied().unwrap_or(*id);
            ensure(holder == *id, || format!("I18: number {number} went from {holder} to {}", shown(person)))?;
        }
        if let Some(before) = seen.before.get(id) {
            ensure(before.created_at == person.created_at, || format!("F8: created anew: {}", shown(person)))?;
            let lost = before.numbers.iter().find(|(class, number)| !person.holds(*class, number));
            ensure(lost.is_none(), || format!("I18: {} lost the number {lost:?}", shown(person)))?;
        }
    }
    let gone = seen.before.keys().find(|id| !seen.after.contains_key(id));
    ensure(gone.is_none(), || format!("I18: {gone:?} is gone from the store"))?;
    let query = format!(
        "SELECT l.source_id || ' ' || l.class || ' ' || l.source_key, hex(p.guid) FROM links l
           JOIN people p USING (person_id) WHERE l.district_id = '{id}'"
    );
    for link in seen.house.rows(&query).await {
        let first = watch.links.entry(link[0].clone()).or_insert_with(|| link[1].clone());
        ensure(*first == link[1], || format!("I18: the link {} moved from {first} to {}", link[0], link[1]))?;
    }
    Ok(())
}

/// I20: who is new was never there before; who is matched has a second agreement with the row.
fn strangers(watch: &Watch, seen: &Seen<'_>) -> Checked {
    for id in created(seen.before, seen.after) {
        ensure(!watch.seen.contains(&id), || format!("I18: GUID {id} was used before"))?;
    }
    for outcome in list(seen.account, "outcomes") {
        let word = text(outcome, "outcome");
        let Ok(id) = text(outcome, "guid").parse::<PersonId>() else { continue };
        let (Some(person), true) = (seen.before.get(&id), matches!(&*word, "updated" | "unchanged" | "restored"))
        else {
            continue;
        };
        let Some(line) = line_of(seen, outcome) else { continue };
        let row = &line.row;
        let eq = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        let name = eq(person.given(), &row.firstname)
            || eq(person.family(), &row.lastname)
            || eq(person.given(), &row.lastname)
            || eq(person.family(), &row.firstname);
        let mail = watch.emails.get(&id).is_some_and(|emails| emails.contains(&row.email.to_lowercase()));
        let number = person.numbers.iter().any(|(_, number)| **number == *row.idnumber);
        ensure(name || (mail && number), || {
            format!("I20: {word} without a witness: {row:?} is taken for {}", shown(person))
        })?;
    }
    Ok(())
}

fn line_of<'s>(seen: &'s Seen<'_>, outcome: &Value) -> Option<&'s super::files::Line> {
    let file = text(outcome, "file");
    let delivery = list(seen.account, "deliveries").iter().find(|delivery| delivery["file"] == *file)?;
    let content = seen.house.contents.get(&text(delivery, "delivery").replace('-', ""))?;
    content.lines.iter().find(|line| Some(line.line) == outcome["line"].as_u64() && line.broken.is_none())
}

/// I07: what the report calls held did not happen.
fn held_is_held(watch: &Watch, seen: &Seen<'_>) -> Checked {
    for step in list(seen.account, "plan").iter().filter(|step| step["held"].is_string()) {
        let Ok(id) = text(step, "guid").parse::<PersonId>() else { continue };
        let state = |people: &Snap| people.get(&id).map(|person| person.state);
        ensure(state(seen.before) == state(seen.after), || format!("I07: held, but done: {step}"))?;
    }
    for hold in list(seen.account, "held") {
        let (what, scope) = (text(hold, "what"), text(hold, "scope"));
        if what == "all" {
            ensure(seen.before == seen.after, || format!("I07: all is held, and people were written: {hold}"))?;
        }
        if what == "removals" && seen.kind == Kind::Night {
            let feed = scope.rsplit('/').next().unwrap_or_default().split(' ').next().unwrap_or_default();
            let done: Vec<String> = archived(seen.before, seen.after)
                .iter()
                .filter(|id| !watch.approved.contains(id))
                .map(|id| &seen.before[id])
                .filter(|person| was_named(watch, seen, feed, person))
                .map(shown)
                .collect();
            // A question about one class, cell or grade, or about earlier absences, leaves others alone.
            let whole =
                matches!(&*text(hold, "rule"), "G01" | "G09" | "G16") && !text(hold, "message").contains("wait");
            ensure(!whole || done.is_empty(), || format!("I07: removals are held, and done: {done:?}: {hold}"))?;
        }
    }
    Ok(())
}

/// Did the feed's view before the last one name the person?
fn was_named(watch: &Watch, seen: &Seen<'_>, feed: &str, person: &Person) -> bool {
    let Some(feed) = watch.feeds.get(feed) else { return false };
    let earlier = feed.views.iter().rev().nth(1).map(|id| seen.house.contents[id].lines.as_slice());
    earlier.is_some_and(|lines| watch.said(person, lines) == Said::Active)
}

/// I06: pins and archives by hand stand.
fn by_hand(seen: &Seen<'_>) -> Checked {
    for (id, before) in seen.before {
        let Some(after) = seen.after.get(id) else { continue };
        let stays = before.state == State::ArchivedAdmin || before.presence_pin != PresencePin::None;
        ensure(!stays || before.state == after.state, || {
            format!("I06: {} became {} against an operator's word", shown(before), after.state.as_str())
        })?;
        ensure(before.presence_pin == after.presence_pin, || format!("I06: {} lost its pin", shown(before)))?;
    }
    Ok(())
}

/// I01, I05: nobody is archived whom the view of any feed still names.
fn nobody_speaks(watch: &Watch, seen: &Seen<'_>, person: &Person) -> Checked {
    for (name, feed) in &watch.feeds {
        let said = watch.said(person, watch.lines(seen.house, feed));
        ensure(said != Said::Active, || {
            let lines: Vec<String> = watch
                .lines(seen.house, feed)
                .filter(|line| watch.said(person, [*line]) == Said::Active)
                .map(|line| format!("{}: {:?} {:?}", line.line, line.row, line.broken))
                .collect();
            format!("I01: {} is archived, and {name} names them: {lines:?}", shown(person))
        })?;
    }
    Ok(())
}

/// I02, I03: an archive is caused by a complete snapshot of tonight; a feed that named the person before does not now
/// (or says inactive). It may be another feed than tonight's, whose absence waited for its siblings (S6).
fn somebody_lacks(watch: &Watch, seen: &Seen<'_>, person: &Person, views: &BTreeMap<String, usize>) -> Checked {
    let applied = |delivery: &Value| {
        let id = text(delivery, "delivery").replace('-', "");
        watch.feeds.get(&text(delivery, "feed")).is_some_and(|feed| feed.views.last() == Some(&id))
    };
    let deliveries = list(seen.account, "deliveries");
    ensure(deliveries.iter().any(applied), || format!("I02: {} is archived by {deliveries:?}", shown(person)))?;
    let lacks = |(name, feed): (&String, &Feed)| {
        let old = views.get(name).copied().unwrap_or_default();
        let earlier = feed.views.iter().take(old.max(feed.views.len().saturating_sub(1)));
        earlier.flat_map(|id| &seen.house.contents[id].lines).any(|line| watch.was_ever_named(person, &line.row))
    };
    ensure(watch.feeds.iter().any(lacks) || watch.corrected(person), || {
        format!("I03: {} is archived, but no feed ever named them: {deliveries:?}", shown(person))
    })
}

/// I31, I32: a held removal waits for its answer, a rejected one is not asked again.
fn answers(watch: &mut Watch, seen: &Seen<'_>) -> Checked {
    let mut names: BTreeSet<PersonId> = BTreeSet::new();
    for (id, person) in seen.after {
        for feed in watch.feeds.values() {
            let mut lines = watch.lines(seen.house, feed).filter(|line| line.broken.is_none());
            if lines.any(|line| watch.shows(person, line)) {
                names.insert(*id);
            }
        }
    }
    watch.held.retain(|id, _| !names.contains(id));
    watch.kept.retain(|id| !names.contains(id));
    watch.approved.retain(|id| !names.contains(id));
    if seen.kind == Kind::Night {
        for id in archived(seen.before, seen.after) {
            let nights = watch.held.get(&id).copied();
            ensure(watch.approved.contains(&id) || nights.is_none_or(|nights| nights >= 10), || {
                format!(
                    "I31: {} was held {nights:?} nights and is archived without an answer",
                    shown(&seen.before[&id])
                )
            })?;
            ensure(!watch.kept.contains(&id), || format!("I32: {} was to be kept", shown(&seen.before[&id])))?;
        }
    }
    for nights in watch.held.values_mut() {
        *nights += 1;
    }
    let removals: BTreeSet<String> = list(seen.account, "held")
        .iter()
        .filter(|hold| hold["what"] == "removals")
        .map(|hold| text(hold, "rule"))
        .collect();
    for id in waiting_removals(seen.account, &|rule| removals.contains(rule)) {
        if !names.contains(&id) {
            watch.held.entry(id).or_default();
            ensure(!watch.kept.contains(&id), || format!("I32: {id} is asked about again"))?;
        }
    }
    Ok(())
}
