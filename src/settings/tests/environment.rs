//! `ROSTERD_…` variables: they win over the file, and none goes unnoticed.

use std::path::Path;

use super::Folder;
use crate::settings::StoreUrl;

#[test]
fn a_variable_wins_over_the_file() {
    let folder = Folder::new("[state]\ndir = '/srv/a'\n[store]\nurl = 'sqlite:///srv/a.db'", &[]);
    let settings = folder.load(&[("ROSTERD_STATE__DIR", "/srv/b")]).unwrap();
    assert_eq!(settings.state_dir, Path::new("/srv/b"));
    assert_eq!(settings.store, StoreUrl::Sqlite("/srv/a.db".into()), "the rest stays");
}

#[test]
fn a_variable_works_without_the_section() {
    let settings = Folder::new("", &[]).load(&[("ROSTERD_STATE__DIR", "/srv/b")]).unwrap();
    assert_eq!(settings.store, StoreUrl::Sqlite("/srv/b/rosterd.db".into()), "the default follows");
    let folder = Folder::new("", &[]);
    let settings = folder.load(&[("ROSTERD_STORE__URL", "sqlite://0123"), ("ROSTERD_STATE__DIR", "007")]).unwrap();
    assert_eq!(settings.state_dir, folder.path().join("007"), "text stays text, from the file's folder");
    assert_eq!(settings.store, StoreUrl::Sqlite(folder.path().join("0123")));
}

#[test]
fn our_own_variables_and_other_peoples_are_left_alone() {
    let env = [
        ("ROSTERD_CONFIG", "x"),
        ("ROSTERD_BIN", "x"),
        ("ROSTERD_LOG", "debug"),
        ("ROSTERD_TEST_POSTGRES", "x"),
        ("ROSTERDX", "x"),
        ("rosterd_state__dir", "x"),
        ("HOME", "x"),
    ];
    let settings = Folder::new("", &[]).load(&env).unwrap();
    assert_eq!(settings.state_dir, Path::new("/var/lib/rosterd"));
}

#[test]
fn wrong_variables() {
    const HINT: &str =
        "a setting of `rosterd.toml` is `ROSTERD_SECTION__KEY`; what a district's file says stands only there";
    for (name, value, message, hint) in [
        ("ROSTERD_STATE_DIR", "x", "matches no setting, the nearest known one is `ROSTERD_STATE__DIR`", Some(HINT)),
        ("ROSTERD_state__dir", "x", "matches no setting, the nearest known one is `ROSTERD_STATE__DIR`", Some(HINT)),
        ("ROSTERD_STORE__URI", "x", "matches no setting, the nearest known one is `ROSTERD_STORE__URL`", Some(HINT)),
        ("ROSTERD_LOGS", "x", "matches no setting, the nearest known one is `ROSTERD_LOG`", Some(HINT)),
        ("ROSTERD_SFTP__LISTEN", "x", "cannot work yet: this version reads folders and uploads; unset it", None),
        ("ROSTERD_STATE__DIR", " ", "must not be empty", None),
        (
            "ROSTERD_STORE__URL",
            "postgres://rosterd:hunter2@db/rosterd",
            "cannot be a PostgreSQL address yet: this version keeps its roster in SQLite; take it out",
            None,
        ),
        ("ROSTERD_STORE__URL", "", "must be an address such as `sqlite:///var/lib/rosterd/rosterd.db`", None),
    ] {
        let (words, said) = Folder::new("", &[]).complaint(&[(name, value)]);
        assert_eq!(words, format!("environment variable `{name}` {message}"));
        assert_eq!(said.as_deref(), hint, "{name}");
    }
}

#[test]
fn of_two_wrong_variables_it_is_always_the_same_that_is_named() {
    let one = [("ROSTERD_B", ""), ("ROSTERD_A", "")];
    let other = [("ROSTERD_A", ""), ("ROSTERD_B", "")];
    assert_eq!(Folder::new("", &[]).complaint(&one), Folder::new("", &[]).complaint(&other));
}

#[test]
fn a_wrong_file_is_named_although_a_variable_covers_it() {
    let (words, _) = Folder::new("[state]\ndir = 7", &[]).complaint(&[("ROSTERD_STATE__DIR", "/srv")]);
    assert_eq!(words, "…/rosterd.toml:2: `dir` in `[state]` must be text in quotes, not a number");
}
