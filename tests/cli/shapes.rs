//! What `--json` prints: every key of the contract, of the kind it says.

use serde_json::{Value, json};

use crate::support::{HEADER, HOME, Roster, TestRosterd, spread};

/// Every key of `expected` is there, with a value of the same kind; `null` stands for any value.
#[track_caller]
fn assert_shape(found: &Value, expected: &Value) {
    for (key, kind) in expected.as_object().unwrap() {
        let value = found.get(key).unwrap_or_else(|| panic!("no `{key}` in {found}"));
        let same = match kind {
            Value::Null => true,
            Value::String(_) => value.is_string(),
            Value::Number(_) => value.is_u64(),
            Value::Bool(_) => value.is_boolean(),
            Value::Array(_) => value.is_array(),
            Value::Object(_) => value.is_object(),
        };
        assert!(same, "`{key}` is {value}, of another kind than {kind}");
        if kind.is_object() {
            assert_shape(value, kind);
        }
    }
}

fn report() -> Value {
    json!({
        "run": "", "district": "", "state": "", "dry_run": false, "started_at": "", "finished_at": "",
        "deliveries": [], "held": [], "findings": [],
        "rows": { "read": 0, "created": 0, "restored": 0, "updated": 0, "unchanged": 0, "deactivated": 0,
                  "skipped": {}, "rejected": 0, "held": 0 },
        "people": { "active_before": 0, "created": 0, "restored": 0, "archived": 0, "active_after": 0 },
        "absent": { "total": 0, "archived": 0, "handed_over": 0, "still_claimed": 0, "protected": 0, "unproven": 0,
                    "pinned": 0, "kept_by_decision": 0, "already_archived": 0, "held": 0 }
    })
}

/// A held run with rejected rows, after a good one.
fn eventful() -> (TestRosterd, Value) {
    let roster = Roster::students(100);
    let rosterd = TestRosterd::loaded(&roster);
    let file = roster.clone().set(1, "email", "x@elsewhere.example.com").without(&spread(20, 100));
    let pass = rosterd.night(&file).expect_code(4);
    (rosterd, pass.only().0.clone())
}

#[test]
fn the_report() {
    let (rosterd, found) = eventful();
    assert_shape(&found, &report());
    assert_eq!((found["district"].as_str(), found["dry_run"].as_bool()), (Some(HOME), Some(false)));
    assert_shape(
        &found["deliveries"][0],
        &json!({ "delivery": "", "source": "", "feed": "", "file": "", "format": "", "mode": "", "sha256": "", "bytes": 0, "verdict": "" }),
    );
    assert_eq!(
        (found["deliveries"][0]["source"].as_str(), found["deliveries"][0]["mode"].as_str()),
        (Some("sis"), Some("snapshot"))
    );
    assert_eq!(found["deliveries"][0]["sha256"].as_str().unwrap().len(), 64);
    let size = std::fs::metadata(rosterd.folder().join("users.csv")).unwrap().len();
    assert_eq!(found["deliveries"][0]["bytes"].as_u64(), Some(size));
    for hold in found["held"].as_array().unwrap() {
        assert_shape(
            hold,
            &json!({ "rule": "", "what": "", "scope": "", "count": 0, "since": "", "message": "", "waits_for_it": 0 }),
        );
    }
    let finding = found["findings"].as_array().unwrap().iter().find(|f| f["code"] == "email-domain").unwrap();
    assert_shape(
        finding,
        &json!({ "file": "", "line": 0, "column": "", "code": "", "severity": "", "value": "", "message": "", "fix": "" }),
    );
    assert_eq!((finding["line"].as_u64(), finding["value"].as_str()), (Some(2), Some("x@elsewhere.example.com")));
}

#[test]
fn ids_are_uuids_of_version_7() {
    let (rosterd, found) = eventful();
    let guid = rosterd.people("active")[0].guid().to_owned();
    for id in [found["run"].as_str().unwrap(), found["deliveries"][0]["delivery"].as_str().unwrap(), &guid] {
        assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 7, "{id}");
    }
}

#[test]
fn runs_show_adds_outcomes_and_the_plan() {
    let (rosterd, found) = eventful();
    let shown = rosterd.show(found["run"].as_str().unwrap()).0;
    assert_shape(&shown, &report());
    assert!(shown.get("plan").is_some());
    let outcomes = shown["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 80, "every row has exactly one outcome (I25)");
    for row in outcomes {
        assert_shape(row, &json!({ "line": 0, "outcome": "", "rule": null, "guid": null }));
    }
    let mut lines: Vec<u64> = outcomes.iter().map(|row| row["line"].as_u64().unwrap()).collect();
    lines.sort_unstable();
    assert_eq!(lines, (2..82).collect::<Vec<u64>>());
}

#[test]
fn runs_list() {
    let (rosterd, _) = eventful();
    let runs = rosterd.runs();
    assert_eq!(runs.len(), 2);
    for run in &runs {
        assert_shape(run, &json!({ "run": "", "state": "" }));
    }
    let mut states: Vec<&str> = runs.iter().map(|run| run["state"].as_str().unwrap()).collect();
    states.sort_unstable();
    assert_eq!(states, ["completed", "held"]);
}

#[test]
fn people_list_and_show() {
    let (rosterd, _) = eventful();
    let people = rosterd.people("active");
    assert_eq!(people.len(), 100);
    for person in &people {
        assert_shape(
            &person.0,
            &json!({ "guid": "", "district": "", "state": "", "role": "", "roles": [], "given_name": "", "family_name": "",
                     "email": "", "idnumber": "", "numbers": [], "username": null, "grades": [], "grad_year": 0, "orgs": [],
                     "source": "", "feed": "", "covered": [], "pinned": [], "created_at": "", "updated_at": "",
                     "archived_at": null }),
        );
    }
    // The same person by GUID, idnumber and e-mail.
    let one = &people[7];
    for key in [one.guid(), one.number().unwrap(), one.email()] {
        let shown = rosterd.person(key);
        for (name, value) in one.0.as_object().unwrap() {
            assert_eq!(shown.0.get(name), Some(value), "`{name}` of {key}");
        }
    }
    assert_eq!((one.0["source"].as_str(), one.0["district"].as_str()), (Some("sis"), Some(HOME)));
    assert_eq!(one.0["numbers"], json!([one.number()]));
}

#[test]
fn people_by_state() {
    let roster = Roster::students(40);
    let rosterd = TestRosterd::loaded(&roster);
    rosterd.night(&roster.without(&[3])).expect_code(0);
    let count = |state: &str| rosterd.people(state).len();
    assert_eq!(
        (count("active"), count("archived"), count("suspended"), count("erased"), count("all")),
        (39, 1, 0, 0, 40)
    );
}

#[test]
fn sources_list() {
    let rosterd = TestRosterd::loaded(&Roster::students(20));
    let sources = rosterd.run(&["sources", "list", "--json"]).expect_code(0).json();
    assert_eq!(sources.len(), 1);
    assert_shape(
        &sources[0],
        &json!({ "id": "", "kind": "", "last_good_at": "", "age_seconds": 0, "next_due_at": null, "state": "", "message": null }),
    );
    assert_eq!((sources[0]["id"].as_str(), sources[0]["kind"].as_str()), (Some("sis"), Some("folder")));
    let age = sources[0]["age_seconds"].as_u64().unwrap();
    assert!((86_000..87_000).contains(&age), "taken a day ago, not {age} s");
}

#[test]
fn a_blank_sheet_has_the_header_alone() {
    let rosterd = TestRosterd::new();
    let printed = rosterd.run(&["template", "securly-pass"]).expect_code(0).stdout;
    assert_eq!(printed.trim_start_matches('\u{feff}').trim_end(), HEADER.join(","));
    let path = rosterd.root().join("blank.csv");
    rosterd.run(&["template", "securly-pass", "-o", path.to_str().unwrap()]).expect_code(0);
    assert_eq!(std::fs::read_to_string(path).unwrap(), printed);
    assert_eq!(rosterd.run(&["template", "no-such-format"]).code, 2);
}

#[test]
fn export_writes_every_active_person_once() {
    let roster = Roster::school(30, 5);
    let rosterd = TestRosterd::loaded(&roster);
    let printed = rosterd.run(&["export", "--district", HOME, "--format", "securly-pass"]).expect_code(0).stdout;
    let mut reader = csv::Reader::from_reader(printed.trim_start_matches('\u{feff}').as_bytes());
    let mut exported: Vec<Vec<String>> =
        reader.records().map(|row| row.unwrap().iter().take(7).map(str::to_owned).collect()).collect();
    let mut expected: Vec<Vec<String>> = roster
        .rows
        .iter()
        .map(|row| [&row.firstname, &row.lastname, &row.email, &row.role, &row.gradyear, &row.idnumber])
        .map(|cells| cells.map(String::clone).to_vec())
        .collect();
    for row in &mut exported {
        let status = row.remove(5).to_lowercase();
        assert!(status == "1" || status == "active", "`{status}`");
    }
    exported.sort();
    expected.sort();
    assert_eq!(exported, expected);
}

#[test]
fn state_of_health() {
    let rosterd = TestRosterd::loaded(&Roster::students(20));
    for command in [&["status", "--json"][..], &["doctor", "--json"]] {
        assert!(!rosterd.run(command).expect_code(0).json().is_empty(), "{command:?}");
    }
    rosterd.run(&["config", "check"]).expect_code(0);
}

#[test]
fn tables_are_for_people() {
    let (rosterd, _) = eventful();
    for command in [&["people", "list"][..], &["runs", "list"], &["sources", "list"], &["status"]] {
        let answer = rosterd.run(command).expect_code(0);
        assert!(!answer.stdout.trim().is_empty(), "{command:?}");
        assert!(!answer.stdout.trim_start().starts_with('{'), "{command:?} without --json is no JSON");
    }
    assert!(rosterd.run(&["status"]).stdout.contains("held") || rosterd.run(&["status"]).stdout.contains("wait"));
}

#[test]
fn a_district_may_be_left_out_only_where_there_is_one() {
    let rosterd = TestRosterd::loaded(&Roster::students(20));
    assert_eq!(rosterd.run(&["people", "list", "--json"]).expect_code(0).json().len(), 20);
    let two = TestRosterd::builder().district("shelby").build();
    let answer = two.run(&["people", "list", "--json"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(answer.stderr.contains("--district"), "{answer:?}");
}
