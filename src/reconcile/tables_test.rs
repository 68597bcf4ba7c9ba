//! The decision tables against a second reading of the prose (`tests/fixtures/tables`), one
//! combination at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::identity_table as identity;
use super::names::NameMatch;
use super::presence;

type Line = BTreeMap<String, String>;

fn fixture(name: &str) -> Vec<Line> {
    let path = format!("{}/tests/fixtures/tables/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut reader = csv::Reader::from_path(&path).expect("fixture");
    reader.deserialize().collect::<Result<_, _>>().expect("a table")
}

fn presence_axes(line: &Line) -> presence::Axes {
    use presence::{Age, File, Pinned, Stored, Sync};
    presence::Axes {
        sync: match &*line["sync"] {
            "none" => Sync::None,
            "live" => Sync::Live,
            "unproven" => Sync::Unproven,
            "inactive" => Sync::Inactive,
            "released" => Sync::Released,
            "withdrawn" => Sync::Withdrawn,
            other => panic!("sync {other}"),
        },
        file: match &*line["file"] {
            "never" => File::Never,
            "ok" => File::Ok,
            "inactive" => File::Inactive,
            "rejected" => File::Rejected,
            "absent" => File::Absent,
            "unproven" => File::Unproven,
            other => panic!("file {other}"),
        },
        stored: match &*line["stored"] {
            "new" => Stored::New,
            "active_sync" => Stored::ActiveSync,
            "active_file" => Stored::ActiveFile,
            "active_local" => Stored::ActiveLocal,
            "archived_auto" => Stored::ArchivedAuto,
            "archived_admin" => Stored::ArchivedAdmin,
            other => panic!("stored {other}"),
        },
        pin: match &*line["pin"] {
            "none" => Pinned::None,
            "keep" => Pinned::Keep,
            "suspend" => Pinned::Suspend,
            other => panic!("pin {other}"),
        },
        age: if line["age"] == "old" { Age::Old } else { Age::Fresh },
    }
}

#[test]
fn p01_to_p32_every_combination_of_the_presence_axes() {
    let lines = fixture("presence.csv");
    assert_eq!(lines.len(), 714);
    let mut seen = BTreeSet::new();
    for line in &lines {
        let decision = presence::decide(presence_axes(line));
        let class = match decision.class {
            presence::Class::None => "none",
            presence::Class::Add => "add",
            presence::Class::Update => "update",
            presence::Class::Remove => "remove",
            presence::Class::Hold => "hold",
        };
        let row = line["outcome_row"].split(['|', '+']).next().unwrap_or_default();
        assert_eq!((decision.rule.as_str(), class, decision.row), (&*line["rule"], &*line["class"], row), "{line:?}");
        let word = match decision.rule {
            presence::Rule::P15 => "none",
            presence::Rule::P25 => "keep",
            _ => outcome_word(decision.outcome),
        };
        assert_eq!(word, line["outcome_person"], "{line:?}");
        seen.insert(decision.rule);
    }
    assert_eq!(seen.len(), presence::Rule::ALL.len(), "every rule is reached");
}

fn outcome_word(outcome: presence::Outcome) -> &'static str {
    use presence::Outcome;
    match outcome {
        Outcome::Suspend => "suspend",
        Outcome::StayArchived => "stay_archived",
        Outcome::NotCreated => "none",
        Outcome::Create => "create",
        Outcome::Restore => "restore",
        Outcome::Update => "update",
        Outcome::Takeover => "takeover",
        Outcome::Adopt => "adopt",
        Outcome::Handover => "handover",
        Outcome::Freeze => "freeze",
        Outcome::Untouched => "untouched",
        Outcome::KeepPinned => "keep",
        Outcome::Protect => "protect",
        Outcome::Ask => "hold",
        Outcome::Archive => "archive",
    }
}

fn identity_axes(line: &Line, linked_is_archived: bool) -> identity::Axes {
    use identity::{Email, Fate, Link, Number};
    let yes = |axis: &str| line[axis] == "yes";
    let link = match &*line["link"] {
        "none" => Link::None,
        "ok" => Link::Ok,
        "contradicts_number" => Link::ContradictsNumber,
        other => panic!("link {other}"),
    };
    identity::Axes {
        link,
        number: match &*line["number"] {
            // A link is enough to know A (reading K-a of the fixtures).
            "blank" | "unknown" if link == Link::Ok && linked_is_archived => Number::OfArchived,
            "blank" | "unknown" if link == Link::Ok => Number::OfActive,
            "blank" => Number::Blank,
            "unknown" => Number::Unknown,
            "of_A_active" => Number::OfActive,
            "of_A_archived" => Number::OfArchived,
            other => panic!("number {other}"),
        },
        witness: yes("witness"),
        email: match &*line["email"] {
            "blank" => Email::Blank,
            "free" => Email::Free,
            "of_A" => Email::OfA,
            "alias_of_A" => Email::AliasOfA,
            "alias_of_X" => Email::AliasOfX,
            "of_B_active" => Email::OfActiveB,
            "of_B_archived" => Email::OfArchivedB,
            other => panic!("email {other}"),
        },
        name: match &*line["name"] {
            "same" => NameMatch::Same,
            "near" => NameMatch::Near,
            _ => NameMatch::Other,
        },
        b_has_number: line["b_number"] == "other",
        b_claimed: yes("b_claimed"),
        fate: match &*line["b_fate"] {
            "releases" => Fate::Releases,
            "leaving" => Fate::Leaving,
            _ => Fate::Keeps,
        },
        b_by_hand: yes("b_archived_by_hand"),
        by_mail: yes("by_mail"),
        damaged: yes("damaged"),
    }
}

fn check_identity(name: &str, linked_is_archived: bool) -> BTreeSet<identity::Rule> {
    use identity::{Email, EmailMove, Number, Who};
    let mut seen = BTreeSet::new();
    for line in fixture(name) {
        let axes = identity_axes(&line, linked_is_archived);
        let decision = identity::decide(axes);
        assert_eq!(decision.rule.as_str(), line["rule"], "{name} {line:?}");
        seen.insert(decision.rule);
        let archived_b = axes.email == Email::OfArchivedB;
        let in_use = decision.email == EmailMove::InUse && line["email_required"] == "yes";
        let who = match decision.who {
            _ if in_use => "reject",
            Who::A if axes.number == Number::OfArchived => "restore_a",
            Who::A => "match_a",
            Who::B if matches!(axes.email, Email::AliasOfX | Email::AliasOfA) => "match_x",
            Who::B if archived_b => "restore_b",
            Who::B => "match_b",
            Who::Create => "create",
            Who::Reject(_) => "reject",
            Who::Review(_) => "review",
        };
        assert_eq!(who, line["decision"], "{name} {line:?}");
        let settled = !matches!(who, "reject" | "review");
        let email = match decision.email {
            _ if !settled => "none",
            EmailMove::Keep if matches!(axes.email, Email::AliasOfA | Email::AliasOfX) => "keep",
            EmailMove::Keep => "none",
            EmailMove::Take => "take",
            EmailMove::Move => "move",
            EmailMove::Depends => "depends",
            EmailMove::InUse => "drop",
        };
        assert_eq!(email, line["email_change"], "{name} {line:?}");
    }
    seen
}

#[test]
fn k01_to_k31_every_combination_of_the_identity_axes() {
    let mut seen = check_identity("identity.csv", false);
    seen.extend(check_identity("identity_linked_archived.csv", true));
    let all: BTreeSet<_> = identity::Rule::ALL.iter().copied().filter(|rule| *rule != identity::Rule::K00).collect();
    assert_eq!(seen, all, "every rule is reached");
}
