//! Configurations that load: defaults, every setting once, the reference, the first configuration.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use chrono_tz::Tz;
use rosterd_contract::{Field, Mode, Role};

use super::{Folder, with_source};
use crate::{
    reconcile::limits::Limits,
    settings::{
        Absence, AbsencePolicy, Baseline, Feed, FieldMode, FieldName, Org, Settings, SourceKind, StoreUrl, daemon,
        district, first_configuration, source,
    },
};

#[test]
fn an_empty_file_has_working_defaults() {
    let folder = Folder::new("", &[]);
    let settings = folder.load(&[]).unwrap();
    assert_eq!(settings.state_dir, Path::new("/var/lib/rosterd"));
    assert_eq!(settings.store, StoreUrl::Sqlite("/var/lib/rosterd/rosterd.db".into()));
    assert_eq!(settings.config_file, folder.path().join("rosterd.toml"));
    assert_eq!(settings.files, [folder.path().join("rosterd.toml")]);
    assert!(settings.districts.is_empty());
}

#[test]
fn the_folder_of_districts_may_be_missing() {
    let folder = Folder::new("", &[]);
    fs::remove_dir(folder.path().join("districts.d")).unwrap();
    assert!(folder.load(&[]).unwrap().districts.is_empty());
}

#[test]
fn a_district_needs_no_more_than_its_id() {
    let folder = Folder::new("", &[("d.toml", "[district]\nid = 'd'\n")]);
    let settings = folder.load(&[]).unwrap();
    let district = settings.district("d").unwrap();
    assert_eq!((district.name.as_str(), district.time_zone), ("d", Tz::UTC));
    assert_eq!(district.takeover_max_age, Duration::from_secs(45 * 86_400));
    assert_eq!(
        district.absence,
        AbsencePolicy { student: Absence::Archive, staff: Absence::Archive, admin: Absence::FlagOnly }
    );
    assert_eq!(district.limits, Limits::default());
    assert!(district.email_domains.is_empty() && district.orgs.is_empty() && district.sources.is_empty());
    assert!(district.field_modes.is_empty() && district.authority.is_empty() && district.protected.is_empty());
    assert_eq!(district.file, folder.path().join("districts.d/d.toml"));
    assert!(settings.district("e").is_none());
}

#[test]
fn a_source_needs_no_more_than_id_kind_and_path() {
    let folder = Folder::new("", &[("d.toml", &with_source(""))]);
    let settings = folder.load(&[]).unwrap();
    let source = &settings.districts[0].sources[0];
    let path = folder.path().join("in");
    assert_eq!(source.kind, SourceKind::Folder { results: path.join("results"), path });
    assert_eq!((source.format.as_deref(), source.mode, source.baseline), (None, None, Baseline::Hold));
    assert_eq!((source.quiet_for, source.confirm_after), (Duration::from_secs(60), Duration::from_secs(43_200)));
    assert_eq!((source.confirmations, &source.schedule), (1, &None));
    assert!(source.feeds.is_empty() && source.blank_clears.is_empty());
    assert!(!source.strict && !source.completed_all && source.org.is_none() && source.done_marker.is_none());
    assert_eq!(source.line, 4);
}

#[test]
fn a_schedule_asks_for_two_confirmations_unless_told_otherwise() {
    let confirmations = |lines: &str| {
        let settings = Folder::new("", &[("d.toml", &with_source(lines))]).load(&[]).unwrap();
        settings.districts[0].sources[0].confirmations
    };
    assert_eq!(confirmations("schedule = '0 2 * * *'"), 2);
    assert_eq!(confirmations("schedule = '0 2 * * *'\nconfirmations = 1"), 1);
    assert_eq!(confirmations("confirmations = 3"), 3);
}

#[test]
fn mcgraw_hill_files_are_completed_with_every_row() {
    let all = |lines: &str| {
        let settings = Folder::new("", &[("d.toml", &with_source(lines))]).load(&[]).unwrap();
        settings.districts[0].sources[0].completed_all
    };
    assert!(all("format = 'mh-users'"));
    assert!(!all("format = 'mh-users'\ncompleted = 'changed'"));
    assert!(all("format = 'securly-pass'\ncompleted = 'all'"));
    assert!(!all("format = 'securly-pass'"));
}

#[test]
fn words_are_brought_into_one_form() {
    let text = "
        [district]
        id = 'd'
        email_domains = ['@Springfield.Example.org', 'müller.example']
        protected = ['Chief@Springfield.Example.org', 'A007']
        absence_policy = { admin = 'archive' }
        [[orgs]]
        id = '101'
        grades = ['Kindergarten', '1', '1st', 'PreK']
        [fields]
        orgs = 'local-only'
        grad_year = 'create-only'
        [authority]
        team = ['sis/adults', 'local', 'office', 'walk-ins']
        [limits]
        G02 = { percent = 2.5 }
        G14 = { off = true }
        [[sources]]
        id = 'sis'
        kind = 'folder'
        path = '/srv/in'
        results = 'out'
        [[sources]]
        id = 'office'
        kind = 'upload'
        mode = 'merge'
        [[sources.feeds]]
        id = 'walk-ins'
        files = ['walk?ins*.csv']
        roles = ['student', 'guardian']";
    let folder = Folder::new("", &[("d.toml", text)]);
    let settings = folder.load(&[]).unwrap();
    let district = &settings.districts[0];
    assert_eq!(district.email_domains, ["springfield.example.org", "müller.example"]);
    assert_eq!(district.protected, ["chief@springfield.example.org", "A007"]);
    assert_eq!((district.absence.staff, district.absence.admin), (Absence::Archive, Absence::Archive));
    let grades = ["KG", "01", "PK"].map(str::to_owned).to_vec();
    assert_eq!(district.orgs, [Org { id: "101".into(), name: "101".into(), grades }]);
    let modes = [(FieldName::Orgs, FieldMode::LocalOnly), (FieldName::Field(Field::GradYear), FieldMode::CreateOnly)];
    assert_eq!(district.field_modes, BTreeMap::from(modes));
    assert_eq!(district.authority[&Field::Team], ["sis/adults", "local", "office", "walk-ins"]);
    assert_eq!((district.limits.g02.percent, district.limits.g14.more_than), (2.5, f64::INFINITY));
    assert_eq!(district.limits.g02.more_than, Limits::default().g02.more_than, "the other part stays");
    let kind = SourceKind::Folder { path: "/srv/in".into(), results: folder.path().join("out") };
    assert_eq!(district.sources[0].kind, kind);
    let office = &district.sources[1];
    assert_eq!((&office.kind, office.mode), (&SourceKind::Upload, Some(Mode::Merge)));
    let roles = vec![Role::Student, Role::Guardian];
    assert_eq!(
        office.feeds,
        [Feed { id: "walk-ins".into(), files: vec!["walk?ins*.csv".into()], roles, orgs: Vec::new() }]
    );
}

#[test]
fn districts_are_read_in_the_order_of_their_files() {
    let district = |id: &str| format!("\u{feff}[district]\r\nid = '{id}'\r\n");
    let (a, b) = (district("zebra"), district("ant"));
    let folder =
        Folder::new("", &[("b.toml", &b), ("a.toml", &a), (".#a.toml", "x"), ("a.toml~", "x"), ("README", "x")]);
    let settings = folder.load(&[]).unwrap();
    assert_eq!(settings.districts.iter().map(|district| district.id.as_str()).collect::<Vec<_>>(), ["zebra", "ant"]);
    let names: Vec<_> = settings.files.iter().filter_map(|file| file.file_name()).collect();
    assert_eq!(names, ["rosterd.toml", "a.toml", "b.toml"]);
}

#[test]
fn addresses_of_the_store() {
    for (url, path) in [
        ("sqlite:///srv/r.db", "/srv/r.db"),
        ("sqlite:/srv/r.db", "/srv/r.db"),
        ("sqlite://data/r.db", "HERE/data/r.db"),
        ("sqlite:r.db", "HERE/r.db"),
    ] {
        let folder = Folder::new(&format!("[store]\nurl = '{url}'"), &[]);
        let path = path.replace("HERE", &folder.path().display().to_string());
        assert_eq!(folder.load(&[]).unwrap().store, StoreUrl::Sqlite(path.into()), "{url}");
    }
}

const REFERENCE: &str = include_str!("../../../config/rosterd.toml");
const SPRINGFIELD: &str = include_str!("../../../config/districts.d/springfield.toml");

#[test]
fn the_reference_loads_and_says_what_it_says() {
    let settings = Folder::new(REFERENCE, &[("springfield.toml", SPRINGFIELD)]).load(&[]).unwrap();
    assert_eq!(settings.store, StoreUrl::Sqlite("/var/lib/rosterd/rosterd.db".into()));
    let district = settings.district("springfield").unwrap();
    assert_eq!(district.orgs.len(), 2);
    let sis = &district.sources[0];
    assert_eq!(sis.feeds.iter().map(|feed| feed.id.as_str()).collect::<Vec<_>>(), ["students", "adults"]);
    assert_eq!(sis.schedule.as_ref().unwrap().to_string(), "0 2 * * *");
    assert_eq!(district.limits, Limits::default(), "the limits shown are the defaults");
}

#[test]
fn the_reference_loads_with_every_setting_turned_on() {
    let turn_on = |line: &str| match line.strip_prefix("# ") {
        Some(setting) if is_setting(setting) => setting.to_owned(),
        _ => line.to_owned(),
    };
    let text: Vec<String> = SPRINGFIELD.lines().map(turn_on).collect();
    let settings = Folder::new(REFERENCE, &[("springfield.toml", &text.join("\n"))]).load(&[]).unwrap();
    let district = &settings.districts[0];
    assert_eq!(district.protected.len(), 2);
    assert_eq!(district.sources[0].done_marker.as_deref(), Some("export.done"));
}

/// `key = …`, with nothing but a key before the sign.
fn is_setting(line: &str) -> bool {
    line.split_once(" = ").is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

#[test]
fn the_reference_names_every_setting() {
    let has = |text: &str, key: &str| {
        text.lines().map(|line| line.trim_start_matches("# ")).any(|line| line.starts_with(&format!("{key} = ")))
    };
    assert!(
        daemon::SETTINGS
            .iter()
            .all(|(section, key)| REFERENCE.contains(&format!("[{section}]")) && has(REFERENCE, key))
    );
    for key in district::KEYS.iter().chain(&source::KEYS) {
        assert!(has(SPRINGFIELD, key), "{key}");
    }
    for section in district::SECTIONS {
        assert!(SPRINGFIELD.contains(&format!("[{section}]")), "{section}");
    }
}

#[test]
fn the_first_configuration_works_at_once() {
    for path in ["/srv/exports", "in box/\"quoted\" \\ 'both'", "übung"] {
        let (daemon, district) = first_configuration("spring-1", Path::new(path), "America/Chicago");
        let folder = Folder::new(&daemon, &[("spring-1.toml", &district)]);
        let settings = folder.load(&[]).unwrap();
        assert_eq!(settings.state_dir, folder.path().join("state"));
        assert_eq!(settings.store, StoreUrl::Sqlite(folder.path().join("state/rosterd.db")));
        let district = settings.district("spring-1").unwrap();
        assert_eq!(district.time_zone, Tz::America__Chicago);
        let path = folder.path().join(path);
        assert_eq!(district.sources[0].kind, SourceKind::Folder { results: path.join("results"), path });
        assert!(daemon.lines().count() + district_lines(&folder) < 30, "short");
    }
}

fn district_lines(folder: &Folder) -> usize {
    fs::read_to_string(folder.path().join("districts.d/spring-1.toml")).unwrap().lines().count()
}

#[test]
fn a_path_without_a_folder_is_taken_from_where_we_are() {
    let error = Settings::load(Path::new("no-such-rosterd.toml"), std::iter::empty()).unwrap_err().to_string();
    let here = std::env::current_dir().unwrap().join("no-such-rosterd.toml");
    assert!(error.starts_with(&format!("cannot read `{}`: ", here.display())), "{error}");
}
