//! Wrong configurations and the exact words they get.

use std::fs;

use super::{Folder, SOURCE, with_source};

/// Loads one district's file and compares the words; `…` is the folder, `~` the district's file.
#[track_caller]
fn district(text: &str, words: &str) -> Option<String> {
    let (said, hint) = Folder::new("", &[("d.toml", text)]).complaint(&[]);
    assert_eq!(said.replace("…/districts.d/d.toml", "~"), words);
    hint
}

/// The same for a line in the one source of [`with_source`]; the line is number 8.
#[track_caller]
fn in_source(line: &str, words: &str) -> Option<String> {
    district(&with_source(line), &format!("~:8: {words}"))
}

/// The same for a line in `[district]`, number 3.
#[track_caller]
fn in_district(line: &str, words: &str) -> Option<String> {
    district(&format!("[district]\nid = 'd'\n{line}\n"), &format!("~:3: {words}"))
}

#[test]
fn the_daemons_file() {
    for (text, words) in [
        ("[state]\ndirr = '/x'", ":2: unknown key `dirr` in `[state]`, the nearest known one is `dir`"),
        ("\n[stat]\ndir = '/x'", ":2: unknown key `stat` at the top level, the nearest known one is `state`"),
        ("[state]\ndir = 5", ":2: `dir` in `[state]` must be text in quotes, not a number"),
        ("[state]\ndir = ' '", ":2: `dir` in `[state]` must not be empty"),
        ("state = 'x'", ":1: `state` at the top level must be a table, not text"),
        ("[[state]]\ndir = 'x'", ":1: `state` at the top level must be a table, not a list"),
        ("[state\n", ":1: not valid TOML: unclosed table, expected `]`"),
        ("[state]\ndir = 'a'\ndir = 'b'", ":3: not valid TOML: duplicate key"),
        (
            "[web]\nlisten = '127.0.0.1:8080'",
            ":1: `[web]` cannot work yet: this version reads folders and uploads; take the section out",
        ),
        (
            "[state]\n[sftp]\n",
            ":2: `[sftp]` cannot work yet: this version reads folders and uploads; take the section out",
        ),
        (
            "[metrics]\n",
            ":1: `[metrics]` cannot work yet: this version reads folders and uploads; take the section out",
        ),
        (
            "[store]\n\nurl = 'postgres://rosterd:hunter2@db/rosterd'",
            ":3: `url` in `[store]` cannot be a PostgreSQL address yet: this version keeps its roster in SQLite; take it out",
        ),
        (
            "[store]\nurl = 'mysql://x'",
            ":2: `url` in `[store]` must be an address such as `sqlite:///var/lib/rosterd/rosterd.db`",
        ),
        (
            "[store]\nurl = 'sqlite://'",
            ":2: `url` in `[store]` must name a file, such as `sqlite:///var/lib/rosterd/rosterd.db`",
        ),
        (
            "[store]\nurl = 'sqlite::memory:'",
            ":2: `url` in `[store]` must name a file and nothing else: no `:memory:`, no options after `?`",
        ),
    ] {
        let (said, _) = Folder::new(text, &[]).complaint(&[]);
        assert_eq!(said, format!("…/rosterd.toml{words}"), "{text}");
    }
}

#[test]
fn files_that_cannot_be_read() {
    let folder = Folder::new("", &[]);
    fs::remove_file(folder.path().join("rosterd.toml")).unwrap();
    let (said, hint) = folder.complaint(&[]);
    assert_eq!(said, "cannot read `…/rosterd.toml`: No such file or directory (os error 2)");
    assert_eq!(hint.as_deref(), Some("name the file with `--config FILE`, or write a first one with `rosterd init`"));

    let folder = Folder::new("", &[("d.toml", "")]);
    fs::write(folder.path().join("districts.d/d.toml"), b"[district]\n\nname = '\xff'\n").unwrap();
    let (said, _) = folder.complaint(&[]);
    assert_eq!(said, "…/districts.d/d.toml:3: the file is not UTF-8 text from here on");
}

#[test]
fn things_in_the_wrong_place() {
    let (said, _) = Folder::new("[district]\nid = 'd'", &[]).complaint(&[]);
    let home = "it belongs at the top level of a district's own file, `districts.d/NAME.toml`";
    assert_eq!(said, format!("…/rosterd.toml:1: `district` stands in the wrong place: {home}"));
    district(
        "protected = ['7']\n[district]\nid = 'd'",
        "~:1: `protected` stands in the wrong place: it belongs in `[district]` of a district's file",
    );
    district(
        "[district]\nid = 'd'\n[state]\ndir = 'x'",
        "~:3: `state` stands in the wrong place: it belongs in `rosterd.toml`",
    );
    in_source("name = 'SIS'", "unknown key `name` in source `sis`, the nearest known one is `done_marker`");
}

#[test]
fn sections_of_a_district() {
    let hint = district("# nothing\n", "~:1: `[district]` is missing");
    assert_eq!(hint.as_deref(), Some("a district's file begins with `[district]` and its `id`"));
    district("[district]\nname = 'D'", "~:1: `id` in `[district]` is missing");
    district(
        "[district]\nid = 'd'\n[source]",
        "~:3: unknown key `source` at the top level, the nearest known one is `sources`",
    );
    district(
        "[district]\nid = 'd'\n[sources]\nid = 'x'",
        "~:3: `sources` at the top level must be a list of tables, not a table",
    );
    district(
        "[district]\nid = 'd'\n[year]\nlast_day = 2027-06-10",
        "~:3: `[year]` cannot work yet: this version reads folders and uploads; take the section out",
    );
    district(
        "[district]\nid = 'd'\n[credentials]\ngenerate = true",
        "~:3: `[credentials]` cannot work yet: this version reads folders and uploads; take the section out",
    );
}

#[test]
fn the_district_itself() {
    let id =
        "`id` in `[district]` must be 1 to 64 lower-case letters, digits, `_` or `-`, the first a letter or digit, not";
    for wrong in ["Springfield", "-d", "_d", "d.e", "d/e", "é", &"d".repeat(65)] {
        district(&format!("[district]\nid = '{wrong}'"), &format!("~:2: {id} `{wrong}`"));
    }
    assert!(Folder::new("", &[("d.toml", &format!("[district]\nid = '{}'", "0".repeat(64)))]).load(&[]).is_ok());
    let hint =
        in_district("time_zne = 'UTC'", "unknown key `time_zne` in `[district]`, the nearest known one is `time_zone`");
    let known = "`id`, `name`, `time_zone`, `email_domains`, `absence_policy`, `takeover_max_age` and `protected`";
    assert_eq!(hint, Some(format!("known in `[district]`: {known}")));
    for (zone, near) in [
        ("America/Chicgo", "America/Chicago"),
        ("chicago", "America/Chicago"),
        ("america/chicago", "America/Chicago"),
        ("Europe/Oslow", "Europe/Oslo"),
    ] {
        let words =
            format!("`time_zone` in `[district]` names no time zone `{zone}`, the nearest known one is `{near}`");
        in_district(&format!("time_zone = '{zone}'"), &words);
    }
    for domain in ["x@y.org", "a b.org", ".org", "a..org", "@", "https://a.org"] {
        let words = "`email_domains` in `[district]` must name domains such as `springfield.example.org`, not";
        in_district(&format!("email_domains = ['{domain}']"), &format!("{words} `{domain}`"));
    }
    in_district(
        "email_domains = 'a.org'",
        "`email_domains` in `[district]` must be a list of texts in quotes, not text",
    );
    in_district(
        "email_domains = []",
        "`email_domains` in `[district]` must not be an empty list; leave it out instead",
    );
    in_district("protected = [' ']", "`protected` in `[district]` has an empty entry");
    let hint =
        in_district("protected = [42]", "`protected` in `[district]` must be a list of texts in quotes, not a number");
    assert_eq!(hint.as_deref(), Some("write it in quotes: \"42\""));
    in_district("takeover_max_age = '1h'", "`takeover_max_age` in `[district]` must be from `1d` to `3660d`, not `1h`");
    in_district(
        "absence_policy = { student = 'delete' }",
        "`student` in `absence_policy` in `[district]` must be `archive` or `flag-only`, not `delete`",
    );
    in_district(
        "absence_policy = { teacher = 'archive' }",
        "unknown key `teacher` in `absence_policy` in `[district]`, the nearest known one is `staff`",
    );
    in_district(
        "on_sync_release = 'ask'",
        "`on_sync_release` in `[district]` cannot work yet: this version reads folders and uploads; take the line out",
    );
}

#[test]
fn orgs_and_their_grades() {
    let org = |lines: &str, words: &str| district(&format!("[district]\nid = 'd'\n[[orgs]]\n{lines}"), words);
    let hint = org("id = 101", "~:4: `id` in `[[orgs]]` must be text in quotes, not a number");
    assert_eq!(hint.as_deref(), Some("write it in quotes: \"101\""));
    org("name = 'North'", "~:3: `id` in `[[orgs]]` is missing");
    org("id = '101'\ngrade = ['1']", "~:5: unknown key `grade` in org `101`, the nearest known one is `grades`");
    org(
        "id = '101'\ngrades = [\n  '01',\n  'O2',\n]",
        "~:7: `grades` in org `101` names no grade `O2`, the nearest known one is `02`",
    );
    org("id = '101'\n[[orgs]]\nid = '101'", "~:6: `id` in org `101` stands twice: an org is listed once");
}

#[test]
fn kinds_of_sources() {
    let source =
        |lines: &str, words: &str| district(&format!("[district]\nid = 'd'\n[[sources]]\nid = 's'\n{lines}"), words);
    let hint = source("kind = 'foldr'", "~:5: `kind` in source `s` must be `folder` or `upload`, not `foldr`");
    assert_eq!(hint.as_deref(), Some("the nearest is `folder`"));
    for kind in ["sftp-inbox", "sftp-pull", "clever", "oneroster"] {
        let words = format!(
            "~:5: kind `{kind}` in source `s` cannot work yet: this version reads folders and uploads; take the section out"
        );
        source(&format!("kind = '{kind}'\nbase_url = 'x'"), &words);
    }
    source("kind = 'folder'\npth = 'x'", "~:6: unknown key `pth` in source `s`, the nearest known one is `path`");
    source("path = 'x'", "~:3: `kind` in source `s` is missing");
    source("kind = 'folder'", "~:3: `path` in source `s` is missing: a source of kind `folder` reads one folder");
    source(
        "kind = 'upload'\npath = 'x'",
        "~:6: `path` in source `s` means nothing for kind `upload`; take the line out",
    );
    source(
        "kind = 'upload'\nschedule = '@daily'",
        "~:6: `schedule` in source `s` means nothing for kind `upload`; take the line out",
    );
    source(
        "kind = 'folder'\npath = 'x'\nresults = 'x'",
        "~:7: `results` in source `s` must not be the folder that is read",
    );
    source(
        "kind = 'folder'\npath = 'x'\nschedule = '@daily'",
        "~:7: `schedule` in source `s` needs `time_zone` in `[district]`: it is read in the district's time",
    );
}

#[test]
fn ids_of_sources() {
    district("[district]\nid = 'd'\n[[sources]]\nkind = 'upload'", "~:3: `id` in `[[sources]]` is missing");
    district(
        "[district]\nid = 'd'\n[[sources]]\nkind = 'upload'\nid = 'S'",
        "~:5: `id` in `[[sources]]` must be 1 to 64 lower-case letters, digits, `_` or `-`, the first a letter or digit, not `S`",
    );
    district(
        "[district]\nid = 'd'\n[[sources]]\nkind = 'upload'\nid = 'local'",
        "~:5: `id` in `[[sources]]` must not be `local`: that is the name of edits made in rosterd itself",
    );
    district(
        &format!("[district]\nid = 'd'\n{SOURCE}{}", SOURCE.replace("'in'", "'other'")),
        "~:7: source `sis` stands twice: here and in line 3",
    );
}

#[test]
fn settings_of_a_source() {
    in_source("quiet = '5s'", "unknown key `quiet` in source `sis`, the nearest known one is `quiet_for`");
    for wrong in ["60", "1h30m", "-5s", "soon"] {
        let words = "a length of time is a whole number and a unit, such as `60s`, `5m`, `12h` or `7d`";
        in_source(
            &format!("quiet_for = '{wrong}'"),
            &format!("`quiet_for` in source `sis` must not be `{wrong}`: {words}"),
        );
    }
    in_source("quiet_for = 60", "`quiet_for` in source `sis` must be text in quotes, not a number");
    in_source("quiet_for = '25h'", "`quiet_for` in source `sis` must be from `0s` to `1d`, not `25h`");
    in_source("confirm_after = '31d'", "`confirm_after` in source `sis` must be from `0s` to `30d`, not `31d`");
    for wrong in ["0", "31", "-1"] {
        let words = format!("`confirmations` in source `sis` must be a whole number from 1 to 30, not {wrong}");
        in_source(&format!("confirmations = {wrong}"), &words);
    }
    in_source("confirmations = '2'", "`confirmations` in source `sis` must be a whole number from 1 to 30, not text");
    in_source("mode = 'delta'", "`mode` in source `sis` must be `snapshot` or `merge`, not `delta`");
    in_source("baseline = 'held'", "`baseline` in source `sis` must be `hold` or `apply`, not `held`");
    in_source("completed = 'every'", "`completed` in source `sis` must be `changed` or `all`, not `every`");
    in_source("strict = 'yes'", "`strict` in source `sis` must be true or false, not text");
    in_source(
        "format = 'Securly Pass'",
        "`format` in source `sis` must be `auto` or the id of a format, such as `securly-pass`, not `Securly Pass`",
    );
    in_source(
        "blank_clears = ['teem']",
        "`blank_clears` in source `sis` names no field `teem`, the nearest known one is `team`",
    );
    in_source("done_marker = '../x'", "`done_marker` in source `sis` must be a name without a folder, not `../x`");
    let hint = in_source(
        "schedule = '0 2 * *'",
        "`schedule` in source `sis` must have five fields (minute, hour, day of month, month, weekday), not 4",
    );
    assert_eq!(hint.as_deref(), Some("`30 1 * * 1-5` is 01:30, Monday to Friday"));
    in_source("schedule = '0 25 * * *'", "`schedule` in source `sis` has an unreadable hour: `25`");
    in_source(
        "schedule = '0 2 1 * 1'",
        "`schedule` in source `sis` limits both the day of the month and the weekday; cron programs disagree whether that \
         means one or both",
    );
    in_source(
        "google_sign_in = true",
        "`google_sign_in` in source `sis` cannot work yet: this version reads folders and uploads; take the line out",
    );
    in_source(
        "columns = { firstname = 'Vorname' }",
        "`columns` in source `sis` cannot work yet: this version reads folders and uploads; take the line out",
    );
}

#[test]
fn feeds() {
    in_source("feeds = 'students'", "`feeds` in source `sis` must be a list of tables, not text");
    in_source("feeds = ['students.csv']", "`feeds` in source `sis` must be a list of tables, not text");
    in_source(
        "feeds = []",
        "`feeds` in source `sis` must not be an empty list; left out, each file name is a feed of its own",
    );
    in_source("feeds = [{ files = ['x'] }]", "`id` in `feeds` in source `sis` is missing");
    in_source("feeds = [{ id = 'a' }]", "`files` in feed `a` of source `sis` is missing");
    in_source(
        "feeds = [{ id = 'a', files = ['in/x'] }]",
        "`files` in feed `a` of source `sis` must be a name without a folder, not `in/x`",
    );
    in_source(
        "feeds = [{ id = 'a', files = ['x'], roles = ['pupil'] }]",
        "`roles` in feed `a` of source `sis` must be `student`, `teacher`, `staff`, `admin`, `guardian` or `other`, not `pupil`",
    );
    in_source(
        "feeds = [{ id = 'a', files = ['x'], role = ['student'] }]",
        "unknown key `role` in feed `a` of source `sis`, the nearest known one is `roles`",
    );
    district(
        &with_source("feeds = [\n  { id = 'a', files = ['x'] },\n  { id = 'a', files = ['y'] },\n]"),
        "~:10: feed `a` stands twice in source `sis`",
    );
    in_source(
        "feeds = [{ id = 'a', files = ['x*'] }, { id = 'b', files = ['y', 'X*'] }]",
        "`X*` stands in two feeds in source `sis`: a file belongs to one",
    );
}

#[test]
fn limits_fields_and_authority() {
    let with = |lines: &str, words: &str| district(&with_source(lines), words);
    with("[limits]\nG2 = { percent = 5 }", "~:9: unknown key `G2` in `[limits]`, the nearest known one is `G02`");
    with("[limits]\nG04 = { off = true }", "~:9: unknown key `G04` in `[limits]`, the nearest known one is `G01`");
    with("[limits]\nG02 = 5", "~:9: `G02` in `[limits]` must be a table, not a number");
    with(
        "[limits]\nG02 = { percnt = 5 }",
        "~:9: unknown key `percnt` in `G02` in `[limits]`, the nearest known one is `percent`",
    );
    with("[limits]\nG02 = { percent = 101 }", "~:9: `G02` in `[limits]` cannot be used: `percent` must be at most 100");
    with(
        "[limits]\nG02 = { more_than = -1 }",
        "~:9: `G02` in `[limits]` cannot be used: `more_than` must be a number of at least 0",
    );
    with("[fields]\nemial = 'sticky'", "~:9: unknown key `emial` in `[fields]`, the nearest known one is `email`");
    with(
        "[fields]\nemail = 'stiky'",
        "~:9: `email` in `[fields]` must be `merge`, `sticky`, `authoritative`, `create-only` or `local-only`, not `stiky`",
    );
    with(
        "[authority]\nemail = ['sis']",
        "~:9: unknown key `email` in `[authority]`, the nearest known one is `family_name`",
    );
    let hint = with(
        "[authority]\nteam = ['siss']",
        "~:9: `team` in `[authority]` names no source or feed `siss`, the nearest known one is `sis`",
    );
    assert_eq!(hint.as_deref(), Some("feeds that take their name from the file are written `SOURCE/FEED`"));
    with(
        "feeds = [{ id = 'adults', files = ['*'] }]\n[authority]\nteam = ['sis/adult']",
        "~:10: `team` in `[authority]` names no source or feed `sis/adult`, the nearest known one is `adults`",
    );
}
