//! House rules a compiler cannot check: who may use whom, where SQL stands, how long files get, and that rule ids and
//! their page agree. Reads the tree as text and needs nothing of the program; a binary of its own, so that it runs
//! while everything else is being rebuilt.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Longest source file of `src/` and `connectors/`, in lines.
const LONGEST: usize = 400;

/// Largest file that is kept, in bytes.
const LARGEST: usize = 512 << 10;

/// What each folder of `src/` may use beside itself. A folder that is not listed fails the test: a new one has to
/// find its level first.
const MAY_USE: &[(&str, &[&str])] = &[
    ("roster", &[]),
    ("reconcile", &["roster"]),
    ("telemetry", &[]),
    ("settings", &["reconcile", "roster"]),
    ("spool", &["roster"]),
    ("store", &["reconcile", "roster"]),
    ("pipeline", &["reconcile", "roster", "spool", "store"]),
    ("sources", &["pipeline", "reconcile", "roster", "settings"]),
    ("actions", &["pipeline", "reconcile", "roster", "spool", "store"]),
    ("installation", &["actions", "pipeline", "roster", "settings", "sources", "spool", "store"]),
    (
        "daemon",
        &[
            "actions",
            "installation",
            "pipeline",
            "reconcile",
            "roster",
            "settings",
            "sources",
            "spool",
            "store",
            "telemetry",
        ],
    ),
    (
        "cli",
        &[
            "actions",
            "daemon",
            "installation",
            "pipeline",
            "reconcile",
            "roster",
            "settings",
            "sources",
            "spool",
            "store",
            "telemetry",
        ],
    ),
];

/// Uses that break the levels and are known: file, folder it uses, why. One that is gone has to leave this list.
const KNOWN_USES: &[(&str, &str, &str)] =
    &[("src/pipeline/district.rs", "settings", "a source carries its parsed schedule")];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder`, sorted; build output and hidden folders left out.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && name != ".git" {
                    folders.push(path);
                }
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The path as it stands in the repository.
fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned()
}

/// Rust files of `src/` and `connectors/`, with their text.
fn sources() -> Vec<(String, String)> {
    let rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let files = [files_below(&root().join("src")), files_below(&root().join("connectors"))].concat();
    let read = |path: PathBuf| (shown(&path), std::fs::read_to_string(&path).unwrap());
    let sources: Vec<(String, String)> = files.into_iter().filter(rust).map(read).collect();
    assert!(sources.len() > 50, "only {} sources found: looking in the wrong place?", sources.len());
    sources
}

/// Text files that are tracked by git; where there is no repository (an unpacked archive), all files of the tree.
fn tracked() -> Vec<(String, String)> {
    let listed = std::process::Command::new("git").arg("-C").arg(root()).args(["ls-files", "-z"]).output();
    let files: Vec<PathBuf> = match listed {
        Ok(output) if output.status.success() => {
            let names = String::from_utf8(output.stdout).unwrap();
            names.split('\0').filter(|name| !name.is_empty()).map(|name| root().join(name)).collect()
        }
        _ => files_below(&root()),
    };
    let read = |path: PathBuf| Some((shown(&path), String::from_utf8(std::fs::read(&path).ok()?).ok()?));
    files.into_iter().filter_map(read).collect()
}

/// The code of a line: what stands before a comment. Good enough for the questions asked here.
fn code(line: &str) -> &str {
    line.split_once("//").map_or(line, |(before, _)| before)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The word that `text` begins with, empty if it begins with something else.
fn word(text: &str) -> &str {
    text.split(|c: char| !is_word(c)).next().unwrap_or_default()
}

/// How many modules lie between a file and the top of its crate: `src/store/people.rs` is `store::people`, 2.
fn depth(file: &str) -> usize {
    let inside = file.trim_start_matches("src/").trim_end_matches(".rs");
    inside.split('/').filter(|part| *part != "mod").count()
}

/// Folders at the top of the crate that a file names: after `crate::`, in `use crate::{…}`, or by going up with
/// `super::` until the top is reached.
fn uses(file: &str, text: &str) -> BTreeSet<String> {
    let code: String = text.lines().map(code).collect::<Vec<_>>().join("\n");
    let mut used = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| is_word(c) || c == '$') {
            continue;
        }
        used.extend(named(&code[at + found.len()..]));
    }
    for (at, _) in code.match_indices("super::") {
        let mut rest = &code[at..];
        let mut up = 0;
        while let Some(further) = rest.strip_prefix("super::") {
            (rest, up) = (further, up + 1);
        }
        if up >= depth(file) && !code[..at].ends_with("super::") {
            used.extend(named(rest));
        }
    }
    used
}

/// The first word of a path, or of every entry of a `{…}` list.
fn named(path: &str) -> Vec<String> {
    let Some(list) = path.strip_prefix('{') else { return vec![word(path).to_owned()] };
    let (mut open, mut entry, mut entries) = (0, String::new(), Vec::new());
    for c in list.chars() {
        match c {
            '}' if open == 0 => break,
            ',' if open == 0 => entries.push(std::mem::take(&mut entry)),
            '{' => open += 1,
            '}' => open -= 1,
            c => entry.push(c),
        }
    }
    entries.push(entry);
    entries.iter().map(|entry| word(entry.trim()).to_owned()).filter(|name| !name.is_empty()).collect()
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    let of = |file: &str, text: &str| uses(file, text);
    assert_eq!(of("src/store/people.rs", "use crate::roster::Person;"), list(&["roster"]));
    assert_eq!(of("src/cli/mod.rs", "use crate::{actions::{a, b}, store};"), list(&["actions", "store"]));
    assert_eq!(of("src/store/people.rs", "let x = super::super::cli::main();"), list(&["cli"]));
    assert_eq!(of("src/store/mod.rs", "use super::cli;"), list(&["cli"]));
    assert_eq!(of("src/store/people.rs", "use super::error::E; // crate::cli"), list(&[]));
    assert_eq!(of("src/reconcile/gates/adds.rs", "use super::super::plan::What;"), list(&[]));
}

#[test]
fn nobody_uses_a_folder_above_its_level() {
    let may_use: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut broken = Vec::new();
    let mut unused: BTreeSet<(&str, &str)> = KNOWN_USES.iter().map(|(file, folder, _)| (*file, *folder)).collect();
    for (file, text) in sources() {
        let Some((folder, _)) = file.strip_prefix("src/").and_then(|rest| rest.split_once('/')) else { continue };
        let Some(allowed) = may_use.get(folder) else {
            broken.push(format!("{file}: the folder `{folder}` has no level in tests/tidy.rs"));
            continue;
        };
        for used in uses(&file, &text) {
            let is_folder = may_use.contains_key(used.as_str());
            if !is_folder || used == folder || allowed.contains(&used.as_str()) {
                continue;
            }
            match KNOWN_USES.iter().find(|(of, what, _)| *of == file && *what == used) {
                Some((of, what, _)) => {
                    unused.remove(&(of, what));
                }
                None => broken.push(format!("{file}: `{folder}` may not use `{used}`")),
            }
        }
    }
    for (file, used) in unused {
        broken.push(format!("{file}: no longer uses `{used}`; take the line out of KNOWN_USES"));
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn sql_stands_only_in_the_store() {
    let has_sql = |line: &str| {
        let update = line.split_once("UPDATE ").is_some_and(|(_, rest)| rest.contains(" SET "));
        update || ["SELECT ", "INSERT INTO ", "DELETE FROM "].iter().any(|word| line.contains(word))
    };
    let mut broken = Vec::new();
    let mut in_store = 0;
    for (file, text) in sources() {
        let lines = text.lines().enumerate().filter(|(_, line)| has_sql(code(line)));
        for (at, _) in lines {
            if file.starts_with("src/store/") {
                in_store += 1;
            } else {
                broken.push(format!("{file}:{}: SQL outside src/store", at + 1));
            }
        }
    }
    assert!(in_store > 10, "no SQL found even in the store: the test looks for the wrong words");
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<String> = sources()
        .iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(file, lines)| format!("{file}: {lines} lines, more than {LONGEST}"))
        .collect();
    assert!(long.is_empty(), "\n{}\n", long.join("\n"));
}

#[test]
fn no_file_is_named_after_what_it_is_not() {
    let vague = ["utils", "util", "helpers", "helper", "misc", "common"];
    let bad: Vec<String> = files_below(&root())
        .iter()
        .filter(|path| path.file_stem().is_some_and(|stem| vague.iter().any(|name| stem.eq_ignore_ascii_case(name))))
        .map(|path| shown(path))
        .collect();
    assert!(bad.is_empty(), "a name has to say what lives there: {}", bad.join(", "));
}

#[test]
fn what_is_kept_is_text_of_a_modest_size() {
    let listed = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<&str> = names.split_terminator('\0').collect();
    assert!(names.len() > 100, "git lists only {} files", names.len());
    let odd = |name: &&&str| {
        let Ok(bytes) = std::fs::read(root().join(name)) else { return false }; // being removed
        // Bad files are what they are on purpose.
        let is_text = name.starts_with("tests/fixtures/bad/") || !bytes.iter().take(8192).any(|byte| *byte == 0);
        bytes.len() > LARGEST || !is_text
    };
    let odd: Vec<&&str> = names.iter().filter(odd).collect();
    assert!(odd.is_empty(), "no text, or more than {LARGEST} bytes: {odd:?}");
}

#[test]
fn every_migration_has_a_number_of_its_own() {
    let folder = root().join("migrations");
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for path in files_below(&folder) {
        let name = shown(&path);
        assert!(name.ends_with(".sql"), "{name} is no migration");
        let (backend, file) =
            name.trim_start_matches("migrations/").split_once('/').expect("migrations/BACKEND/NNNN_what");
        let number = word(file).split('_').next().unwrap_or_default();
        let counted = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
        assert!(counted, "{name}: a migration begins with a number of four digits");
        let other = seen.insert(format!("{backend}/{number}"), name.clone());
        assert!(other.is_none(), "{name} and {} have one number", other.unwrap_or_default());
    }
    assert!(!seen.is_empty(), "no migration found");
}

/// The ids of `src/reconcile/rules.rs`: the words before `=>` in its one table.
fn rules_in_code() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("src/reconcile/rules.rs")).unwrap();
    let id = |line: &str| Some(line.trim().strip_prefix('"')?.split_once("\" =>")?.0.to_owned());
    text.lines().filter_map(id).collect()
}

/// The ids of `docs/reference/rules.md`: the first cell of each table row, in backticks.
fn rules_in_page() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("docs/reference/rules.md")).unwrap();
    let id = |line: &str| Some(line.strip_prefix("| `")?.split_once("` |")?.0.to_owned());
    text.lines().filter_map(id).collect()
}

#[test]
fn every_rule_is_explained_once_and_every_explanation_has_its_rule() {
    let (code, page) = (rules_in_code(), rules_in_page());
    assert!(code.len() > 80, "only {} rules read from rules.rs", code.len());
    let once: BTreeSet<String> = page.iter().cloned().collect();
    assert_eq!(once.len(), page.len(), "a rule stands twice in docs/reference/rules.md");
    let missing: Vec<&String> = code.difference(&once).collect();
    let stray: Vec<&String> = once.difference(&code).collect();
    assert!(missing.is_empty(), "docs/reference/rules.md does not explain {missing:?}");
    assert!(stray.is_empty(), "docs/reference/rules.md explains what rules.rs does not know: {stray:?}");
}

/// Is it a rule of one of the families, such as `K04`?
fn is_rule(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|c| "ADKPG".contains(c)) && text.len() == 3 && letters.all(|c| c.is_ascii_digit())
}

#[test]
fn every_rule_the_program_can_name_has_its_sentence() {
    let known = rules_in_code();
    let mut silent = BTreeSet::new();
    // The names of limits are settings; the rules they belong to speak where they decide.
    for (file, text) in sources().into_iter().filter(|(file, _)| file != "src/reconcile/limits.rs") {
        for line in text.lines().map(code) {
            let quoted = line.split('"').skip(1).step_by(2);
            for id in quoted.filter(|id| is_rule(id) && !known.contains(*id)) {
                silent.insert(format!("{id} ({file})"));
            }
        }
    }
    assert!(silent.is_empty(), "without a sentence in src/reconcile/rules.rs: {silent:?}");
}

/// Targets of the `[text](target)` links of a page that lead to another file of the tree.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
    let inside = |target: &&str| !target.contains("://") && !target.starts_with('#');
    targets.filter(inside).map(|target| target.split('#').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let pages = files_below(&root()).into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "md"));
    let mut broken = Vec::new();
    let mut followed = 0;
    for page in pages {
        let folder = page.parent().unwrap();
        for target in links(&std::fs::read_to_string(&page).unwrap()) {
            followed += 1;
            if !folder.join(&target).exists() {
                broken.push(format!("{}: {target}", shown(&page)));
            }
        }
    }
    assert!(followed > 20, "only {followed} links found");
    assert!(broken.is_empty(), "links that lead nowhere:\n{}\n", broken.join("\n"));
}

#[test]
fn no_tracked_file_names_a_place_on_somebodys_machine() {
    let places = [concat!("/wo", "rk/"), concat!("/var/", "tmp/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];
    let files = tracked();
    assert!(files.len() > 50, "only {} files found: looking in the wrong place?", files.len());
    let mut broken = Vec::new();
    for (file, text) in files {
        for (at, line) in text.lines().enumerate() {
            if let Some(place) = places.iter().find(|place| line.contains(**place)) {
                broken.push(format!("{file}:{}: names {place}", at + 1));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}
