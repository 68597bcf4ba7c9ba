//! `rosterd.toml` and the environment laid over it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use config::{Config, Environment, File, FileFormat};
use serde::Deserialize;

use super::{
    SettingsError, StoreUrl,
    document::{Document, WORKS},
    errors::nearest,
};

/// What `rosterd.toml` says.
pub(super) struct Daemon {
    pub state_dir: PathBuf,
    pub store: StoreUrl,
}

const PREFIX: &str = "ROSTERD_";

/// Where the state lies when nothing is said.
const STATE_DIR: &str = "/var/lib/rosterd";

/// Every setting of the file: section and key. A new one is added here and in [`Layers`].
pub(super) const SETTINGS: [(&str, &str); 2] = [("state", "dir"), ("store", "url")];

const SECTIONS: [&str; 2] = ["state", "store"];
const UNBUILT_SECTIONS: [&str; 5] = ["sftp", "web", "metrics", "credentials", "year"];

/// Variables that are no settings: read elsewhere.
const OURS: [&str; 3] = ["ROSTERD_CONFIG", "ROSTERD_BIN", "ROSTERD_LOG"];
const TESTS: &str = "ROSTERD_TEST_";

/// The file and the environment, laid over each other.
#[derive(Deserialize)]
struct Layers {
    state: State,
    #[serde(default)]
    store: Store,
}

#[derive(Deserialize)]
struct State {
    dir: String,
}

#[derive(Default, Deserialize)]
struct Store {
    url: Option<String>,
}

/// Reads the file; relative paths, those of the environment too, are taken from `base`.
pub(super) fn daemon(
    document: &Document,
    base: &Path,
    env: impl Iterator<Item = (String, String)>,
) -> Result<Daemon, SettingsError> {
    check_file(document)?;
    let env = variables(env)?;
    let layers = layers(document, &env)?;
    let wrong = |section: &str, key: &str, message: String| at_fault(document, &env, section, key, &message);
    let dir = layers.state.dir.trim();
    if dir.is_empty() {
        return Err(wrong("state", "dir", "must not be empty".to_owned()));
    }
    let state_dir = base.join(dir);
    let store = match layers.store.url {
        Some(url) => store_url(url.trim(), base).map_err(|message| wrong("store", "url", message))?,
        None => StoreUrl::Sqlite(state_dir.join("rosterd.db")),
    };
    Ok(Daemon { state_dir, store })
}

/// Keys and types, while lines are known.
fn check_file(document: &Document) -> Result<(), SettingsError> {
    let root = document.root()?;
    root.allow(&SECTIONS, &UNBUILT_SECTIONS)?;
    for name in SECTIONS {
        let Some(section) = root.section(name)? else { continue };
        let keys: Vec<&str> = SETTINGS.iter().filter(|(of, _)| *of == name).map(|(_, key)| *key).collect();
        section.allow(&keys, &[])?;
        for key in keys {
            section.text(key)?;
        }
    }
    Ok(())
}

/// The variables that are settings. Any other `ROSTERD_…` is a slip that would go unnoticed.
fn variables(env: impl Iterator<Item = (String, String)>) -> Result<BTreeMap<String, String>, SettingsError> {
    let ours = |name: &str| OURS.contains(&name) || name.starts_with(TESTS);
    // Sorted, so that of several wrong ones it is always the same that is named.
    let set: BTreeMap<String, String> = env.filter(|(name, _)| name.starts_with(PREFIX) && !ours(name)).collect();
    let known: Vec<String> = SETTINGS.iter().map(|(section, key)| variable(section, key)).collect();
    match set.keys().find(|name| !known.contains(name)) {
        Some(name) => Err(stray(name, &known)),
        None => Ok(set),
    }
}

/// `ROSTERD_STATE__DIR` for `state.dir`.
fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{section}__{key}").to_uppercase()
}

fn stray(name: &str, known: &[String]) -> SettingsError {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name).to_lowercase();
    let section = rest.split("__").next().unwrap_or_default();
    let (message, hint) = if UNBUILT_SECTIONS.contains(&section) {
        (format!("cannot work yet: {WORKS}; unset it"), None)
    } else {
        let near = nearest(name, known.iter().map(String::as_str).chain(OURS)).unwrap_or_default();
        let hint =
            "a setting of `rosterd.toml` is `ROSTERD_SECTION__KEY`; what a district's file says stands only there";
        (format!("matches no setting, the nearest known one is `{near}`"), Some(hint.to_owned()))
    };
    SettingsError::Environment { variable: name.to_owned(), message, hint }
}

fn layers(document: &Document, env: &BTreeMap<String, String>) -> Result<Layers, SettingsError> {
    let environment = Environment::with_prefix("ROSTERD")
        .prefix_separator("_")
        .separator("__")
        .source(Some(env.iter().map(|(name, value)| (name.clone(), value.clone())).collect()));
    Config::builder()
        .set_default("state.dir", STATE_DIR)
        .map(|builder| builder.add_source(File::from_str(&document.text, FileFormat::Toml)).add_source(environment))
        .and_then(|builder| builder.build())
        .and_then(Config::try_deserialize)
        .map_err(|error| SettingsError::at(&document.file, 1, error.to_string()))
}

/// An error about a setting, at the place that decided it.
fn at_fault(
    document: &Document,
    env: &BTreeMap<String, String>,
    section: &str,
    key: &str,
    message: &str,
) -> SettingsError {
    let variable = variable(section, key);
    if env.contains_key(&variable) {
        return SettingsError::Environment { variable, message: message.to_owned(), hint: None };
    }
    match document.root().and_then(|root| root.section(section)) {
        Ok(Some(table)) => table.wrong(key, message),
        Ok(None) => document.wrong(0, format!("`{section}.{key}` {message}")),
        Err(error) => error,
    }
}

/// Reads `sqlite:///absolute/path` or `sqlite://relative/path`. The answer to anything else never
/// repeats the address: it may hold a password.
fn store_url(url: &str, base: &Path) -> Result<StoreUrl, String> {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("postgres" | "postgresql") => {
            return Err(
                "cannot be a PostgreSQL address yet: this version keeps its roster in SQLite; take it out".to_owned()
            );
        }
        Some("sqlite") => {}
        _ => return Err("must be an address such as `sqlite:///var/lib/rosterd/rosterd.db`".to_owned()),
    }
    let path = url.get("sqlite:".len()..).unwrap_or_default();
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.ends_with('/') {
        return Err("must name a file, such as `sqlite:///var/lib/rosterd/rosterd.db`".to_owned());
    }
    if path == ":memory:" || path.contains('?') {
        return Err("must name a file and nothing else: no `:memory:`, no options after `?`".to_owned());
    }
    Ok(StoreUrl::Sqlite(base.join(path)))
}
