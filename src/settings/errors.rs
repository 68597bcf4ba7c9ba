//! What can be wrong with the configuration, said so that it can be put right at once.

use std::{io, path::PathBuf};

/// A configuration that cannot be used. Nothing was started and nothing was changed.
///
/// `Display` is a sentence that names the file, the line and the key (or the environment variable);
/// values of secrets never appear in it.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file or folder of the configuration could not be read.
    #[error("cannot read `{}`: {cause}", file.display())]
    Unreadable { file: PathBuf, cause: io::Error, hint: Option<String> },
    /// Something in a file is wrong.
    #[error("{}:{line}: {message}", file.display())]
    Wrong {
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        message: String,
        hint: Option<String>,
    },
    /// A `ROSTERD_…` variable is wrong.
    #[error("environment variable `{variable}` {message}")]
    Environment { variable: String, message: String, hint: Option<String> },
}

impl SettingsError {
    /// An error at `line` of `file`, also for callers that find out later that a setting cannot work
    /// (`Source::line`).
    pub fn at(file: impl Into<PathBuf>, line: usize, message: impl Into<String>) -> Self {
        Self::Wrong { file: file.into(), line, message: message.into(), hint: None }
    }

    /// The same error with a hint what to do about it.
    #[must_use]
    pub fn with_hint(mut self, text: impl Into<String>) -> Self {
        let (Self::Unreadable { hint, .. } | Self::Wrong { hint, .. } | Self::Environment { hint, .. }) = &mut self;
        *hint = Some(text.into());
        self
    }

    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        let (Self::Unreadable { hint, .. } | Self::Wrong { hint, .. } | Self::Environment { hint, .. }) = self;
        hint.clone()
    }
}

/// The candidate most like `word`, case ignored; `None` only where there are no candidates. Of several
/// equally near ones it is the first.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_lowercase();
    let mut best: Option<(&str, f64)> = None;
    for candidate in candidates {
        let likeness = strsim::normalized_damerau_levenshtein(&word, &candidate.to_lowercase());
        if best.is_none_or(|(_, so_far)| likeness > so_far) {
            best = Some((candidate, likeness));
        }
    }
    best.map(|(candidate, _)| candidate)
}

/// `a`, `b` or `c`, each in backticks.
pub(super) fn listed<'w>(words: impl IntoIterator<Item = &'w str>, last: &str) -> String {
    let mut words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.pop() {
        Some(end) if words.is_empty() => end,
        Some(end) => format!("{} {last} {end}", words.join(", ")),
        None => String::new(),
    }
}
