//! The first record: what the file is, or why it is nothing we know (D11).

use std::io::{Read, Seek, SeekFrom};

use rosterd_contract::Finding;
use unicode_normalization::UnicodeNormalization;

use super::OpenOptions;
use super::scan::{Record, Scanner};
use crate::definition::FormatDef;
use crate::recognise;

/// Most columns a header may have.
const COLUMN_LIMIT: usize = 512;
/// Columns of ours that no format has.
const OURS: [&str; 4] = ["_fix_of", "error", "guid", "outcome"];

/// Why a file is no table we can read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The source gave an error.
    #[error("the file cannot be read")]
    Read(#[source] std::io::Error),
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// By its content it is something else.
    #[error("this is {what}, not a text file")]
    NotText { what: &'static str },
    /// A known template that is not taken here.
    #[error("this is {title}{instead}")]
    WrongTemplate { title: &'static str, instead: String },
    /// No known header.
    #[error("the header is not one we know; the nearest is that of {nearest}, which also needs {missing}")]
    UnknownHeader { nearest: &'static str, missing: String },
    /// The right format, but a column is not there.
    #[error("the header of {format} needs {missing}")]
    MissingHeader { format: &'static str, missing: String },
    /// The header stands further down.
    #[error("the header seems to stand on line {line}; line 1 must be the header")]
    HeaderBelow { line: u64 },
    /// One header twice.
    #[error("the header `{header}` stands twice, in columns {first} and {second}")]
    DoubleHeader { header: String, first: usize, second: usize },
    /// Too wide.
    #[error("the header has {columns} columns; at most {COLUMN_LIMIT} are read")]
    TooManyColumns { columns: usize },
}

impl TableError {
    /// Stable code for reports.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read(_) => "unreadable",
            Self::Empty => "empty",
            Self::NotText { .. } => "not-text",
            Self::WrongTemplate { .. } => "wrong-template",
            Self::UnknownHeader { .. } => "unknown-header",
            Self::MissingHeader { .. } => "missing-header",
            Self::HeaderBelow { .. } => "header-below",
            Self::DoubleHeader { .. } => "double-header",
            Self::TooManyColumns { .. } => "too-many-columns",
        }
    }

    /// Line it is about.
    pub const fn line(&self) -> Option<u64> {
        match self {
            Self::Read(_) | Self::Empty | Self::NotText { .. } => None,
            Self::HeaderBelow { line } => Some(*line),
            _ => Some(1),
        }
    }

    /// What to do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read(_) => return None,
            Self::Empty => "export the file again; nothing was changed".to_owned(),
            Self::NotText { .. } => "export the list as CSV (UTF-8)".to_owned(),
            Self::WrongTemplate { .. } => {
                "deliver it to a source of that format, or export the template this source is bound to".to_owned()
            }
            Self::UnknownHeader { .. } | Self::MissingHeader { .. } => {
                "correct the first line; `rosterd template securly-pass` prints it".to_owned()
            }
            Self::HeaderBelow { .. } => "take the lines above the header out".to_owned(),
            Self::DoubleHeader { .. } => "take one of the two columns out, or rename it".to_owned(),
            Self::TooManyColumns { .. } => "take the columns out that the format does not have".to_owned(),
        })
    }
}

/// The header, understood.
pub struct Found {
    pub format: &'static FormatDef,
    pub headers: Vec<String>,
    /// Normalised, in file order.
    pub keys: Vec<String>,
    pub notes: Vec<Finding>,
}

/// Pictures, programs, pages and workbooks by their first bytes.
pub fn refuse_binary<R: Read + Seek>(source: &mut R) -> Result<(), TableError> {
    let mut head = vec![0; 4096];
    let mut filled = 0;
    loop {
        let n = source.read(head.get_mut(filled..).unwrap_or_default()).map_err(TableError::Read)?;
        if n == 0 {
            break;
        }
        filled += n;
        if filled == head.len() {
            break;
        }
    }
    source.seek(SeekFrom::Start(0)).map_err(TableError::Read)?;
    let head = head.get(..filled).unwrap_or_default();
    if head.is_empty() {
        return Err(TableError::Empty);
    }
    let utf16 = head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]);
    let text = head.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(head);
    let first = text.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or_default();
    let start = text.get(first..).unwrap_or_default();
    let lower = start.get(..start.len().min(15)).unwrap_or_default().to_ascii_lowercase();
    let what = if start.starts_with(b"PK\x03\x04") {
        "a ZIP archive or a workbook"
    } else if start.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        "an old Excel workbook"
    } else if start.starts_with(b"%PDF") {
        "a PDF document"
    } else if start.starts_with(&[0x89, b'P', b'N', b'G'])
        || start.starts_with(&[0xFF, 0xD8, 0xFF])
        || start.starts_with(b"GIF8")
    {
        "a picture"
    } else if start.starts_with(b"\x7fELF") || start.starts_with(b"MZ\x90") {
        "a program"
    } else if start.starts_with(&[0x1F, 0x8B]) {
        "a compressed file"
    } else if lower.starts_with(b"<!doctype") || lower.starts_with(b"<html") {
        "a web page"
    } else if lower.starts_with(b"<?xml") {
        "an XML document"
    } else if start.starts_with(b"{") || start.starts_with(b"[{") {
        "JSON"
    } else if !utf16 && head.contains(&0) {
        "binary data"
    } else {
        return Ok(());
    };
    Err(TableError::NotText { what })
}

/// Reads the header record and decides the delimiter: the one under which most known headers appear.
pub fn read<R: Read>(
    scanner: &mut Scanner<R>,
    record: &mut Record,
    options: &OpenOptions<'_>,
) -> Result<Found, TableError> {
    let ready = scanner.peek().map_err(TableError::Read)?.to_vec();
    scanner.set_delimiter(delimiter(&ready));
    loop {
        if !scanner.next(record).map_err(TableError::Read)? {
            return Err(TableError::Empty);
        }
        if record.cells().any(|cell| !cell.trim_ascii().is_empty()) {
            break;
        }
    }
    if record.len() > COLUMN_LIMIT {
        return Err(TableError::TooManyColumns { columns: record.len() });
    }
    let mut headers: Vec<String> = record.cells().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
    while headers.last().is_some_and(|header| header.is_empty()) {
        headers.pop();
    }
    let keys: Vec<String> = headers.iter().map(|header| normalised(header)).collect();
    refuse_doubles(&headers, &keys)?;
    let format = format_of(&keys, options).map_err(|error| below(scanner, error))?;
    let notes = notes(format, &headers, &keys);
    Ok(Found { format, headers, keys, notes })
}

/// NFKC, without invisible characters, trimmed, inner blanks collapsed, lower-case; a trailing mark
/// of older vendor sheets dropped.
pub fn normalised(header: &str) -> String {
    let clean: String =
        header.nfkc().filter(|c| !rosterd_contract::finding::is_invisible(*c)).flat_map(char::to_lowercase).collect();
    let joined = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let bare = joined.trim_end_matches("(r)").trim_end_matches("(a/u)");
    bare.trim().to_owned()
}

fn delimiter(ready: &[u8]) -> u8 {
    let line_end = ready.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(ready.len());
    let line = String::from_utf8_lossy(ready.get(..line_end.min(64 << 10)).unwrap_or_default()).into_owned();
    let known = |delimiter: char| {
        line.split(delimiter)
            .map(|part| normalised(part.trim().trim_matches('"')))
            .filter(|key| recognise::fingerprints().iter().any(|known| known.must_have.contains(&key.as_str())))
            .count()
    };
    let best = [',', '\t', ';', '|'].into_iter().rev().max_by_key(|delimiter| known(*delimiter)).unwrap_or(',');
    if known(best) > 1 { best as u8 } else { b',' }
}

fn refuse_doubles(headers: &[String], keys: &[String]) -> Result<(), TableError> {
    for (second, key) in keys.iter().enumerate() {
        if key.is_empty() {
            continue;
        }
        if let Some(first) = keys.iter().take(second).position(|other| other == key) {
            let header = headers.get(second).cloned().unwrap_or_default();
            return Err(TableError::DoubleHeader { header, first: first + 1, second: second + 1 });
        }
    }
    Ok(())
}

fn format_of(keys: &[String], options: &OpenOptions<'_>) -> Result<&'static FormatDef, TableError> {
    let recognised = recognise::recognise(keys);
    if let Some(bound) = options.format {
        let missing = missing(bound, keys);
        if missing.is_empty() && !bound.must_lack.iter().any(|key| keys.iter().any(|other| other == key)) {
            return Ok(bound);
        }
        if let Some(other) = recognised.filter(|other| other.id != bound.id) {
            return Err(TableError::WrongTemplate {
                title: other.title,
                instead: format!(", and this source is bound to {}", bound.title),
            });
        }
        return Err(TableError::MissingHeader { format: bound.title, missing: missing.join(", ") });
    }
    match recognised {
        Some(known) => recognise::importable(known).ok_or_else(|| TableError::WrongTemplate {
            title: known.title,
            instead: match known.id {
                "securly-parents" => {
                    ": it belongs to another Securly product and holds parents, who are not rostered here".to_owned()
                }
                _ => ", a format that this version does not read yet".to_owned(),
            },
        }),
        None => Err(unknown(keys)),
    }
}

fn missing(format: &FormatDef, keys: &[String]) -> Vec<String> {
    format
        .must_have
        .iter()
        .filter(|key| !keys.iter().any(|other| other == **key))
        .map(|key| format!("`{key}`"))
        .collect()
}

fn unknown(keys: &[String]) -> TableError {
    let Some((format, missing)) = recognise::nearest(keys) else {
        return TableError::UnknownHeader { nearest: "none", missing: String::new() };
    };
    let list: Vec<String> = missing
        .iter()
        .map(|(wanted, near)| match near {
            Some(near) => format!("`{wanted}` (there is `{near}`)"),
            None => format!("`{wanted}`"),
        })
        .collect();
    TableError::UnknownHeader { nearest: format.title, missing: list.join(", ") }
}

/// Title lines above the header: say where it stands instead of listing what line 1 lacks.
fn below<R: Read>(scanner: &mut Scanner<R>, error: TableError) -> TableError {
    if !matches!(error, TableError::UnknownHeader { .. } | TableError::MissingHeader { .. }) {
        return error;
    }
    let mut record = Record::default();
    for _ in 0..10 {
        match scanner.next(&mut record) {
            Ok(true) => {
                let keys: Vec<String> = record.cells().map(|cell| normalised(&String::from_utf8_lossy(cell))).collect();
                if recognise::recognise(&keys).is_some() {
                    return TableError::HeaderBelow { line: record.line };
                }
            }
            Ok(false) | Err(_) => break,
        }
    }
    error
}

fn notes(format: &FormatDef, headers: &[String], keys: &[String]) -> Vec<Finding> {
    let known = |key: &String| {
        format.columns.iter().any(|column| column.header.eq_ignore_ascii_case(key)) || OURS.contains(&key.as_str())
    };
    keys.iter()
        .zip(headers)
        .filter(|(key, _)| !key.is_empty() && !known(key))
        .map(|(_, header)| {
            Finding::note("extra-column", 1, "the format has no such column; it is not read").at(header, "")
        })
        .collect()
}
