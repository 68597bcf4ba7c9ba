//! One TOML file, read so that every complaint can name file, line and key.

use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use super::{
    duration::{duration, in_words},
    errors::{SettingsError, listed, nearest},
};

/// A file and its text.
pub(super) struct Document {
    pub file: PathBuf,
    pub text: String,
}

impl Document {
    pub fn read(file: &Path) -> Result<Self, SettingsError> {
        let bytes = std::fs::read(file).map_err(|cause| {
            let hint = "name the file with `--config FILE`, or write a first one with `rosterd init`";
            let hint = (cause.kind() == std::io::ErrorKind::NotFound).then(|| hint.to_owned());
            SettingsError::Unreadable { file: file.to_owned(), cause, hint }
        })?;
        match String::from_utf8(bytes) {
            Ok(text) => {
                let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
                Ok(Self { file: file.to_owned(), text })
            }
            Err(error) => {
                let good = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
                let line = 1 + good.filter(|byte| **byte == b'\n').count();
                Err(SettingsError::at(file, line, "the file is not UTF-8 text from here on"))
            }
        }
    }

    /// The file as a whole.
    pub fn root(&self) -> Result<Section<'_>, SettingsError> {
        let table = DeTable::parse(&self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.wrong(at, format!("not valid TOML: {}", error.message().replace('\n', ", ")))
        })?;
        Ok(Section {
            document: self,
            place: "at the top level".to_owned(),
            at: 0,
            root: true,
            table: table.into_inner(),
        })
    }

    /// The line of a byte offset, counted from 1.
    pub fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }

    pub fn wrong(&self, at: usize, message: impl Into<String>) -> SettingsError {
        SettingsError::at(&self.file, self.line(at), message)
    }
}

/// A word from the file and where it stands.
pub(super) struct Text {
    pub value: String,
    /// Byte offset in the document.
    pub at: usize,
}

/// A table of a document. Its readers return `None` where a key is missing.
pub(super) struct Section<'d> {
    pub document: &'d Document,
    /// Where it stands, as part of a sentence: "in `[state]`".
    pub place: String,
    /// Byte offset of its beginning.
    pub at: usize,
    /// Is it the file as a whole?
    root: bool,
    table: DeTable<'d>,
}

impl<'d> Section<'d> {
    /// An error about `key`.
    pub fn wrong(&self, key: &str, message: impl std::fmt::Display) -> SettingsError {
        self.document.wrong(self.offset(key), format!("`{key}` {} {message}", self.place))
    }

    /// An error about `text`, one of the values of `key`.
    pub fn wrong_at(&self, text: &Text, key: &str, message: impl std::fmt::Display) -> SettingsError {
        self.document.wrong(text.at, format!("`{key}` {} {message}", self.place))
    }

    /// Where `key` stands, or else where the section begins.
    pub fn offset(&self, key: &str) -> usize {
        self.table.get_key_value(key).map_or(self.at, |(key, _)| key.span().start)
    }

    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The keys, in the order of the file.
    pub fn keys(&self) -> Vec<Text> {
        let mut keys: Vec<Text> =
            self.table.keys().map(|key| Text { value: key.get_ref().to_string(), at: key.span().start }).collect();
        keys.sort_by_key(|key| key.at);
        keys
    }

    /// Refuses every key but the `known` ones. Those of `unbuilt` belong to a later version.
    pub fn allow(&self, known: &[&str], unbuilt: &[&str]) -> Result<(), SettingsError> {
        for key in self.keys() {
            if unbuilt.contains(&key.value.as_str()) {
                return Err(self.unbuilt(&key));
            }
            if !known.contains(&key.value.as_str()) {
                return Err(self.unknown(&key, known));
            }
        }
        Ok(())
    }

    fn unbuilt(&self, key: &Text) -> SettingsError {
        let (name, what) = match self.value(&key.value) {
            Some(DeValue::Table(_)) if self.root => (format!("`[{}]`", key.value), "section"),
            _ => (format!("`{}` {}", key.value, self.place), "line"),
        };
        let message = format!("{name} cannot work yet: {WORKS}; take the {what} out");
        self.document.wrong(key.at, message)
    }

    fn unknown(&self, key: &Text, known: &[&str]) -> SettingsError {
        let home = HOMES.iter().find(|(keys, _)| self.root && keys.contains(&key.value.as_str()));
        if let Some((_, home)) = home {
            return self
                .document
                .wrong(key.at, format!("`{}` stands in the wrong place: it belongs {home}", key.value));
        }
        let near = nearest(&key.value, known.iter().copied()).unwrap_or_default();
        let message = format!("unknown key `{}` {}, the nearest known one is `{near}`", key.value, self.place);
        let hint = format!("known {}: {}", self.place, listed(known.iter().copied(), "and"));
        self.document.wrong(key.at, message).with_hint(hint)
    }

    fn value(&self, key: &str) -> Option<&DeValue<'d>> {
        self.table.get(key).map(|value| value.get_ref())
    }

    fn mismatch(&self, key: &str, wanted: &str, found: &DeValue<'_>) -> SettingsError {
        let error = self.wrong(key, format!("must be {wanted}, not {}", kind_of(found)));
        match found {
            DeValue::Integer(number) if wanted.contains("text") => {
                error.with_hint(format!("write it in quotes: \"{}\"", number.as_str()))
            }
            _ => error,
        }
    }

    /// Text, trimmed and not empty.
    pub fn text(&self, key: &str) -> Result<Option<Text>, SettingsError> {
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::String(text)) if text.trim().is_empty() => Err(self.wrong(key, "must not be empty")),
            Some(DeValue::String(text)) => Ok(Some(Text { value: text.trim().to_owned(), at: self.offset(key) })),
            Some(other) => Err(self.mismatch(key, "text in quotes", other)),
        }
    }

    pub fn required(&self, key: &str) -> Result<Text, SettingsError> {
        self.text(key)?.ok_or_else(|| self.wrong(key, "is missing"))
    }

    pub fn flag(&self, key: &str) -> Result<Option<bool>, SettingsError> {
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::Boolean(flag)) => Ok(Some(*flag)),
            Some(other) => Err(self.mismatch(key, "true or false", other)),
        }
    }

    pub fn number(&self, key: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, SettingsError> {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::Integer(number)) => u32::from_str_radix(number.as_str(), number.radix())
                .ok()
                .filter(|number| range.contains(number))
                .map(Some)
                .ok_or_else(|| self.wrong(key, format!("must be {wanted}, not {}", number.as_str()))),
            Some(other) => Err(self.mismatch(key, &wanted, other)),
        }
    }

    pub fn duration(&self, key: &str, range: RangeInclusive<Duration>) -> Result<Option<Duration>, SettingsError> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let length =
            duration(&text.value).map_err(|error| self.wrong(key, format!("must not be `{}`: {error}", text.value)))?;
        if range.contains(&length) {
            return Ok(Some(length));
        }
        let (least, most) = (in_words(*range.start()), in_words(*range.end()));
        Err(self.wrong(key, format!("must be from `{least}` to `{most}`, not `{}`", text.value)))
    }

    /// A path; a relative one is taken from `base`.
    pub fn path(&self, key: &str, base: &Path) -> Result<Option<PathBuf>, SettingsError> {
        Ok(self.text(key)?.map(|text| base.join(text.value)))
    }

    /// A list of texts, none of them empty; the list itself is not empty either.
    pub fn texts(&self, key: &str) -> Result<Option<Vec<Text>>, SettingsError> {
        let wanted = "a list of texts in quotes";
        let list = match self.value(key) {
            None => return Ok(None),
            Some(DeValue::Array(list)) => list,
            Some(other) => return Err(self.mismatch(key, wanted, other)),
        };
        if list.is_empty() {
            return Err(self.wrong(key, "must not be an empty list; leave it out instead"));
        }
        let mut texts = Vec::new();
        for entry in list.iter() {
            match entry.get_ref() {
                DeValue::String(text) if text.trim().is_empty() => {
                    return Err(self
                        .document
                        .wrong(entry.span().start, format!("`{key}` {} has an empty entry", self.place)));
                }
                DeValue::String(text) => texts.push(Text { value: text.trim().to_owned(), at: entry.span().start }),
                other => return Err(self.mismatch(key, wanted, other)),
            }
        }
        Ok(Some(texts))
    }

    /// One of the `words`, turned into what it stands for.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, SettingsError> {
        self.text(key)?.map(|text| self.one_of(&text, key, words)).transpose()
    }

    /// What `text`, a value of `key`, stands for among the `words`.
    pub fn one_of<T: Copy>(&self, text: &Text, key: &str, words: &[(&str, T)]) -> Result<T, SettingsError> {
        words.iter().find(|(word, _)| *word == text.value).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let names = || words.iter().map(|(word, _)| *word);
            let near = nearest(&text.value, names()).unwrap_or_default();
            let wanted = listed(names(), "or");
            self.wrong_at(text, key, format!("must be {wanted}, not `{}`", text.value))
                .with_hint(format!("the nearest is `{near}`"))
        })
    }

    /// The table under `key`, for errors called "in `[key]`".
    pub fn section(&self, key: &str) -> Result<Option<Section<'d>>, SettingsError> {
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::Table(table)) => {
                let name = if self.root { format!("in `[{key}]`") } else { format!("in `{key}` {}", self.place) };
                Ok(Some(Section {
                    document: self.document,
                    place: name,
                    at: self.offset(key),
                    root: false,
                    table: table.clone(),
                }))
            }
            Some(other) => Err(self.mismatch(key, "a table", other)),
        }
    }

    /// The tables of the list under `key`, in the order of the file.
    pub fn sections(&self, key: &str) -> Result<Vec<Section<'d>>, SettingsError> {
        let wanted = "a list of tables";
        let list = match self.value(key) {
            None => return Ok(Vec::new()),
            Some(DeValue::Array(list)) => list,
            Some(other) => return Err(self.mismatch(key, wanted, other)),
        };
        let place = if self.root { format!("in `[[{key}]]`") } else { format!("in `{key}` {}", self.place) };
        let read = |entry: &toml::Spanned<DeValue<'d>>| match entry.get_ref() {
            DeValue::Table(table) => Ok(Section {
                document: self.document,
                place: place.clone(),
                at: entry.span().start,
                root: false,
                table: table.clone(),
            }),
            other => Err(self.mismatch(key, wanted, other)),
        };
        list.iter().map(read).collect()
    }

    /// The value under `key` as the `toml` crate's own type.
    pub fn plain(&self, key: &str) -> Result<toml::Value, SettingsError> {
        let value = self.table.get(key).ok_or_else(|| self.wrong(key, "is missing"))?;
        toml::Value::deserialize(toml::de::ValueDeserializer::from(value.clone()))
            .map_err(|error| self.wrong(key, error.message()))
    }
}

/// What this version can do, as part of a sentence.
pub(super) const WORKS: &str = "this version reads folders and uploads";

/// Where keys belong that stand at the top level of the wrong file, or before `[district]`.
const HOMES: [(&[&str], &str); 3] = [
    (&["state", "store"], "in `rosterd.toml`"),
    (
        &["district", "orgs", "sources", "limits", "fields", "authority"],
        "at the top level of a district's own file, `districts.d/NAME.toml`",
    ),
    (
        &["name", "time_zone", "email_domains", "absence_policy", "takeover_max_age", "protected"],
        "in `[district]` of a district's file",
    ),
];

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
