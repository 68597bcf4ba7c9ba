//! A problem with a stable code, a severity, a place and a cure.

use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing was left out.
    Note,
    /// A value was dropped or kept against the row's word; the row went in.
    Warning,
    /// The row did not go in.
    Error,
}

impl Severity {
    /// The word that stands in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One problem of one delivery.
///
/// The value itself may be personal: findings stand in reports and error files that the sender
/// gets, never in logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Line in the file as an editor shows it, from 1; 0 when the finding is about the whole file.
    pub line: u64,
    /// Header of the column, as delivered; empty when it is about the row or the file.
    #[serde(default, skip_serializing_if = "str_is_empty")]
    pub column: Box<str>,
    /// Stable, lower-case, hyphenated: `email-domain`.
    pub code: Box<str>,
    pub severity: Severity,
    /// The offending value, control characters escaped, cut to 80 characters.
    #[serde(default, skip_serializing_if = "str_is_empty")]
    pub value: Box<str>,
    /// What is wrong and why, one sentence.
    pub message: Box<str>,
    /// What to do about it, one sentence.
    #[serde(default, skip_serializing_if = "str_is_empty")]
    pub fix: Box<str>,
}

fn str_is_empty(text: &str) -> bool {
    text.is_empty()
}

impl Finding {
    /// A finding of `code` at `line`, to be refined by the methods below.
    pub fn new(severity: Severity, code: &str, line: u64, message: impl Into<Box<str>>) -> Self {
        Self {
            line,
            column: "".into(),
            code: code.into(),
            severity,
            value: "".into(),
            message: message.into(),
            fix: "".into(),
        }
    }

    /// The row did not go in.
    pub fn error(code: &str, line: u64, message: impl Into<Box<str>>) -> Self {
        Self::new(Severity::Error, code, line, message)
    }

    /// The row went in, without this value.
    pub fn warning(code: &str, line: u64, message: impl Into<Box<str>>) -> Self {
        Self::new(Severity::Warning, code, line, message)
    }

    /// Worth knowing.
    pub fn note(code: &str, line: u64, message: impl Into<Box<str>>) -> Self {
        Self::new(Severity::Note, code, line, message)
    }

    /// Names the column and the value in it.
    #[must_use]
    pub fn at(mut self, column: &str, value: &str) -> Self {
        self.column = column.into();
        self.value = shown(value).into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn cure(mut self, fix: impl Into<Box<str>>) -> Self {
        self.fix = fix.into();
        self
    }
}

/// A value as it may be shown: control and bidirectional characters escaped, cut to 80 characters.
pub fn shown(value: &str) -> String {
    let mut out = String::new();
    for (count, c) in value.chars().enumerate() {
        if count == 80 {
            out.push('…');
            break;
        }
        if c.is_control() || is_invisible(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that have no width or turn the direction of text: never legitimate in a name or key.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}
