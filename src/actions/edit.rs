//! Local edits: fields with pins and aliases, pins on presence, archive and restore by hand.

use chrono::TimeDelta;
use rosterd_contract::vocabulary::grade;
use rosterd_contract::{Field, Role};

use super::{ActionError, Reply, find};
use crate::pipeline::apply::difference;
use crate::pipeline::{App, District};
use crate::reconcile::derive::ALIAS_DAYS;
use crate::reconcile::merge::split_list;
use crate::roster::{Attribute, Owner, Person, Pin, PresencePin, RunId, State};
use crate::store::history::{self, Change};
use crate::store::keys::NewKey;
use crate::store::{Connection, claims, commit, keys, people, runs};

/// Edits fields of a person; every edited field is pinned, with the value it overrode (F4).
///
/// # Errors
/// When the person or a value is not what it should be, or an address belongs to somebody else.
pub async fn edit(
    app: &App,
    districts: &[District],
    district: Option<&str>,
    word: &str,
    set: &[(String, String)],
) -> Result<Reply, ActionError> {
    let district = find::district(districts, district)?;
    let mut tx = app.store.begin().await?;
    let (row, before) = find::person(&mut tx, district, word).await?;
    let now = app.clock.now();
    let mut after = before.clone();
    for (name, value) in set {
        let attribute = Attribute::from_word(name).ok_or_else(|| unknown_attribute(name))?;
        let overrode = after.text(attribute);
        change(&mut tx, district, row, &mut after, attribute, value).await?;
        if after.text(attribute) != overrode {
            let first = after.pin(attribute).map_or_else(|| overrode.into(), |pin| pin.overrode.clone());
            after.pins.retain(|pin| pin.attribute != attribute);
            after.pins.push(Pin { attribute, overrode: first, since: now });
        }
    }
    if before.email != after.email {
        move_email(&mut tx, app, district, row, &before, &after).await?;
    }
    write(tx, app, district, row, &before, &after, "edit").await
}

fn unknown_attribute(name: &str) -> ActionError {
    let words: Vec<&str> = Attribute::all().map(Attribute::as_str).collect();
    let near = words
        .iter()
        .map(|word| (strsim::jaro_winkler(name, word), *word))
        .filter(|(score, _)| *score > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match near {
        Some((_, word)) => format!("the nearest is `{word}`"),
        None => format!("there are: {}", words.join(", ")),
    };
    ActionError::Usage(format!("a person has no `{name}`"), Some(hint))
}

async fn change(
    tx: &mut Connection,
    district: &District,
    row: i64,
    person: &mut Person,
    attribute: Attribute,
    value: &str,
) -> Result<(), ActionError> {
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let wrong = |what: &str| ActionError::Usage(format!("`{value}` is not {what}"), None);
    match attribute {
        Attribute::Email => {
            let email = value.to_lowercase();
            let plausible =
                email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
            if !email.is_empty() && !plausible {
                return Err(wrong("an e-mail address"));
            }
            for (other, holder) in people::find(tx, &district.id, &email).await? {
                if other != row && holder.email.as_deref() == Some(email.as_str()) && !holder.state.is_archived() {
                    let sentence = format!("the address belongs to another active person ({})", holder.id);
                    return Err(ActionError::Usage(sentence, Some("edit that person first".to_owned())));
                }
            }
            person.email = (!email.is_empty()).then(|| email.into());
        }
        Attribute::Role => {
            let role = Role::from_canonical(&value).ok_or_else(|| wrong("a role"))?;
            let mut state = person.classes.first().cloned().unwrap_or(crate::roster::ClassState {
                class: role.class(),
                role,
                owner: Owner::Local,
            });
            // The class stays that of the claims about the person: the edit is of the role alone.
            state.role = role;
            person.set_class(state);
        }
        Attribute::Orgs => person.orgs = split_list(&value),
        Attribute::Field(Field::Grades) if !value.is_empty() => {
            let codes: Option<Vec<&str>> = value.split(',').map(|part| grade(part.trim())).collect();
            person.fields.set(Field::Grades, codes.ok_or_else(|| wrong("a grade"))?.join(","));
        }
        Attribute::Field(Field::GradYear) if !value.is_empty() => {
            if value.len() != 4 || !value.bytes().all(|b| b.is_ascii_digit()) {
                return Err(wrong("a year of four digits"));
            }
            person.fields.set(Field::GradYear, value);
        }
        Attribute::Field(field) if value.is_empty() => person.fields.remove(field),
        Attribute::Field(field) => person.fields.set(field, value),
    }
    Ok(())
}

/// The old address becomes an alias; an archived holder of the new one loses it.
async fn move_email(
    tx: &mut Connection,
    app: &App,
    district: &District,
    row: i64,
    before: &Person,
    after: &Person,
) -> Result<(), ActionError> {
    let now = app.clock.now();
    let until = now + TimeDelta::days(ALIAS_DAYS);
    if let Some(old) = before.email.as_deref() {
        keys::close_email(tx, row, old, now, until).await?;
    }
    let Some(new) = after.email.as_deref() else { return Ok(()) };
    for (other, mut holder) in people::find(tx, &district.id, new).await? {
        if other != row && holder.email.as_deref() == Some(new) {
            keys::close_email(tx, other, new, now, until).await?;
            holder.email = None;
            people::update(tx, other, &holder, now).await?;
        }
    }
    keys::end_aliases(tx, &district.id, new).await?;
    let key = NewKey { person: row, class: None, value: new.into() };
    keys::open(tx, &district.id, &[key], now).await?;
    Ok(())
}

async fn write(
    mut tx: crate::store::Transaction,
    app: &App,
    district: &District,
    row: i64,
    before: &Person,
    after: &Person,
    action: &str,
) -> Result<Reply, ActionError> {
    let now = app.clock.now();
    let (old, new) = difference(Some(before), after);
    if before != after {
        let run = RunId(app.ids.next());
        runs::insert(&mut tx, run, &district.id, "local", "completed", now, None).await?;
        people::update(&mut tx, row, after, now).await?;
        people::forget_population(&mut tx, &district.id).await?;
        claims::unsettle(&mut tx, row).await?;
        let change = Change {
            run,
            person: after.id,
            action: action.to_owned(),
            rule: "local".to_owned(),
            identity_rule: None,
            before: Some(old.to_string()),
            after: Some(new.to_string()),
            evidence: None,
            approved: true,
            at: now,
        };
        history::append(&mut tx, &district.id, &[(row, change)]).await?;
        commit(tx, "edit a person").await?;
    }
    let text = if before == after {
        format!("{} already is as asked; nothing was changed.\n", after.id)
    } else {
        format!("{}: {}\n", after.id, changes_in_words(&old, &new))
    };
    Ok(Reply::about(text, serde_json::json!({ "guid": after.id, "action": action, "before": old, "after": new })))
}

fn changes_in_words(old: &serde_json::Value, new: &serde_json::Value) -> String {
    let Some(new) = new.as_object() else { return String::new() };
    let parts: Vec<String> = new
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "classes" | "pins"))
        .map(|(name, value)| {
            let was = old.get(name).and_then(|was| was.as_str()).filter(|was| !was.is_empty()).unwrap_or("nothing");
            format!("{name}: {was} → {}", value.as_str().filter(|is| !is.is_empty()).unwrap_or("nothing"))
        })
        .collect();
    parts.join(", ")
}

/// Pins a person's presence: `keep`, `suspend` or `none`.
///
/// # Errors
/// When the person or the word is not what it should be.
pub async fn pin(
    app: &App,
    districts: &[District],
    district: Option<&str>,
    word: &str,
    pin: &str,
) -> Result<Reply, ActionError> {
    let district = find::district(districts, district)?;
    let pin = PresencePin::from_word(pin).ok_or_else(|| {
        ActionError::Usage(format!("`{pin}` is no pin"), Some("there are: keep, suspend, none".to_owned()))
    })?;
    let mut tx = app.store.begin().await?;
    let (row, before) = find::person(&mut tx, district, word).await?;
    let mut after = before.clone();
    after.presence_pin = pin;
    after.state = match (before.state, pin) {
        (State::Active, PresencePin::Suspend) => State::Suspended,
        (State::Suspended, PresencePin::None | PresencePin::Keep) => State::Active,
        (state, _) => state,
    };
    write(tx, app, district, row, &before, &after, "pin").await
}

/// Archives a person by hand: no source brings them back.
///
/// # Errors
/// When there is no such person.
pub async fn archive(
    app: &App,
    districts: &[District],
    district: Option<&str>,
    word: &str,
) -> Result<Reply, ActionError> {
    let district = find::district(districts, district)?;
    let mut tx = app.store.begin().await?;
    let (row, before) = find::person(&mut tx, district, word).await?;
    let mut after = before.clone();
    after.state = State::ArchivedAdmin;
    after.archived_at = before.archived_at.or_else(|| Some(app.clock.now()));
    write(tx, app, district, row, &before, &after, "archive").await
}

/// Restores a person by hand, with everything that was known.
///
/// # Errors
/// When there is no such person, or the address belongs to somebody else by now.
pub async fn restore(
    app: &App,
    districts: &[District],
    district: Option<&str>,
    word: &str,
) -> Result<Reply, ActionError> {
    let district = find::district(districts, district)?;
    let mut tx = app.store.begin().await?;
    let (row, before) = find::person(&mut tx, district, word).await?;
    let mut after = before.clone();
    if before.state.is_archived() {
        after.state = State::Active;
        after.archived_at = None;
        let live = claims::of_person(&mut tx, row, before.id).await?;
        for state in &mut after.classes {
            let vouched = live.iter().any(|(_, _, claim)| claim.class == state.class && claim.gone.is_none());
            if !vouched {
                state.owner = Owner::Local;
            }
        }
    }
    write(tx, app, district, row, &before, &after, "restore").await
}
