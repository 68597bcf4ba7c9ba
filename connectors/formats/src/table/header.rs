//! The first record: what the file is, or why it is nothing we know (D11).

use std::io::Read;

use rosterd_contract::Finding;
use rosterd_contract::finding::is_invisible;
use unicode_normalization::UnicodeNormalization;

use super::error::TableError;
use super::layout::RESULT_COLUMNS;
use super::record::{Damage, Record};
use super::scan::Scanner;
use crate::definition::FormatDef;
use crate::limits::COLUMN_LIMIT;
use crate::recognise::{self, Missing};

/// How far the header is looked for, in bytes.
const LOOK: usize = 64 << 10;
/// Lines among which a header below title lines is looked for.
const TITLE_LINES: usize = 20;
/// Extra columns that are named one by one.
const NAMED_EXTRAS: usize = 20;

/// The header, understood.
pub struct Found {
    pub format: &'static FormatDef,
    /// As delivered, empty ones at the end left out.
    pub headers: Vec<String>,
    /// Normalised, in file order.
    pub keys: Vec<String>,
    pub notes: Vec<Finding>,
}

/// Reads the header record, deciding the delimiter first: the one under which most known headers
/// appear.
///
/// # Errors
/// See [`TableError`].
pub fn read<R: Read>(
    scanner: &mut Scanner<R>,
    record: &mut Record,
    bound: Option<&'static FormatDef>,
) -> Result<Found, TableError> {
    let ahead = scanner.peek(LOOK).map_err(TableError::Read)?;
    let ahead = ahead.get(..ahead.len().min(LOOK)).unwrap_or_default().to_vec();
    scanner.set_delimiter(delimiter(&ahead));
    if !first(scanner, record).map_err(TableError::Read)? {
        return Err(TableError::Empty);
    }
    let (headers, keys) = understand(scanner, record)?;
    let format = format_of(&keys, bound, record.line).map_err(|error| below(&ahead, error))?;
    refuse_doubles(&headers, &keys, record.line)?;
    let notes = notes(format, &headers, &keys, record.line);
    Ok(Found { format, headers, keys, notes })
}

/// The first record that is not blank; false when there is none.
fn first<R: Read>(scanner: &mut Scanner<R>, record: &mut Record) -> std::io::Result<bool> {
    while scanner.next(record)? {
        if record.is_filled_from(0) && record.bytes() != [0x1A] {
            return Ok(true);
        }
    }
    Ok(false)
}

fn understand<R>(scanner: &Scanner<R>, record: &Record) -> Result<(Vec<String>, Vec<String>), TableError> {
    let line = record.line;
    if scanner.open_quote.is_some() {
        return Err(TableError::HeaderUnclosed { line });
    }
    let filled = (0..record.len()).rev().find(|at| record.is_filled_from(*at)).map_or(0, |last| last + 1);
    if filled > COLUMN_LIMIT {
        return Err(TableError::TooManyColumns { columns: filled, line });
    }
    if matches!(record.damage, Some(Damage::FieldTooLong | Damage::LineTooLong)) {
        return Err(TableError::HeaderTooLong { line });
    }
    let headers: Vec<String> = record.cells().take(filled).map(shown_header).collect();
    let keys: Vec<String> = headers.iter().map(|header| normalised(header)).collect();
    Ok((headers, keys))
}

/// A header as delivered, without what cannot be seen around it.
fn shown_header(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).trim_matches(|c: char| c.is_whitespace() || is_invisible(c)).to_owned()
}

/// The key of a header (`templates.md` section 2.1, items 3 and 7): NFKC, without invisible
/// characters, trimmed, inner blanks collapsed, lower-case; trailing marks of older vendor sheets
/// dropped.
pub fn normalised(header: &str) -> String {
    let clean: String = header.nfkc().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase).collect();
    let joined = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut bare = joined.as_str();
    while let Some(rest) = bare.strip_suffix("(r)").or_else(|| bare.strip_suffix("(a/u)")) {
        bare = rest.trim_end();
    }
    bare.to_owned()
}

/// The delimiter that splits the first record into the most known headers; the comma where none
/// does, or several do as well.
fn delimiter(ahead: &[u8]) -> u8 {
    let mut best = (b',', 0);
    for candidate in [b',', b'\t', b';', b'|'] {
        let known = keys_of(ahead, candidate, 0).iter().filter(|key| recognise::is_known(key)).count();
        if known > best.1 {
            best = (candidate, known);
        }
    }
    best.0
}

/// The keys of a record that is not blank, with so many before it.
fn keys_of(ahead: &[u8], delimiter: u8, before: usize) -> Vec<String> {
    record_at(ahead, delimiter, before)
        .map(|record| record.cells().take(COLUMN_LIMIT).map(|cell| normalised(&shown_header(cell))).collect())
        .unwrap_or_default()
}

fn record_at(ahead: &[u8], delimiter: u8, before: usize) -> Option<Record> {
    let mut scanner = Scanner::new(ahead, LOOK);
    scanner.set_delimiter(delimiter);
    let mut record = Record::default();
    for _ in 0..=before {
        first(&mut scanner, &mut record).ok().filter(|found| *found)?;
    }
    Some(record)
}

/// Two columns of one name: nobody can say which one counts. Names the first pair.
fn refuse_doubles(headers: &[String], keys: &[String], line: u64) -> Result<(), TableError> {
    for (second, key) in keys.iter().enumerate().filter(|(_, key)| !key.is_empty()) {
        if let Some(first) = keys.iter().take(second).position(|other| other == key) {
            let header = headers.get(second).cloned().unwrap_or_default();
            return Err(TableError::DoubleHeader { header, first: first + 1, second: second + 1, line });
        }
    }
    Ok(())
}

/// The format of a header: the one the source is bound to, if all its columns are there; else the
/// one that is recognised.
fn format_of(keys: &[String], bound: Option<&'static FormatDef>, line: u64) -> Result<&'static FormatDef, TableError> {
    if let Some(bound) = bound.filter(|bound| bound.missing(keys).next().is_none()) {
        return Ok(bound);
    }
    let Some(known) = recognise::recognise(keys) else { return Err(unknown(keys, bound, line)) };
    let why = match (bound, recognise::importable(known)) {
        (None, Some(format)) => return Ok(format),
        (Some(bound), _) => format!(", and this source is bound to {}", bound.title),
        (None, None) if known.id == "securly-parents" => {
            ", which belongs to another Securly product: parents and guardians are not taken here, and nobody was changed"
                .to_owned()
        }
        (None, None) => ", a template that is not taken here".to_owned(),
    };
    Err(TableError::WrongTemplate { title: known.title, why, line })
}

fn unknown(keys: &[String], bound: Option<&'static FormatDef>, line: u64) -> TableError {
    let Some((format, missing)) = recognise::nearest(keys, bound) else {
        return TableError::UnknownHeader { nearest: "none", id: "", missing: String::new(), is_person: false, line };
    };
    let (title, id) = (format.title, format.id);
    if missing.is_empty() {
        let rival = recognise::rival(format, keys).unwrap_or_default();
        return TableError::RivalHeader { format: title, id, rival, line };
    }
    let required = format.required().count();
    let missing_list = missing.iter().map(Missing::to_string).collect::<Vec<_>>().join(", ");
    if (required - missing.len()) * 2 >= required {
        return TableError::MissingHeader { format: title, id, missing: missing_list, line };
    }
    let is_person = missing.len() == required && keys.iter().any(|key| key.contains('@'));
    TableError::UnknownHeader { nearest: title, id, missing: missing_list, is_person, line }
}

/// Title lines above the header: says where it stands instead of what line 1 lacks.
fn below(ahead: &[u8], error: TableError) -> TableError {
    if !matches!(error, TableError::UnknownHeader { .. } | TableError::MissingHeader { .. }) {
        return error;
    }
    for before in 1..TITLE_LINES {
        for delimiter in [b',', b'\t', b';', b'|'] {
            let found = record_at(ahead, delimiter, before);
            if let Some(record) = found.filter(|_| recognise::recognise(&keys_of(ahead, delimiter, before)).is_some()) {
                return TableError::HeaderBelow { line: record.line };
            }
        }
    }
    error
}

/// What is worth saying about a header that is understood.
fn notes(format: &FormatDef, headers: &[String], keys: &[String], line: u64) -> Vec<Finding> {
    let mut notes = Vec::new();
    let of_format = |key: &String| format.columns.iter().position(|column| column.header.eq_ignore_ascii_case(key));
    let order: Vec<usize> = keys.iter().filter_map(of_format).collect();
    if !order.is_sorted() {
        let message = "the columns stand in another order than in the template; each is read by its name";
        notes.push(Finding::note("column-order", line, message).cure("nothing needs to be done"));
    }
    let extras: Vec<(usize, &String)> = keys
        .iter()
        .enumerate()
        .filter(|(_, key)| of_format(key).is_none() && !RESULT_COLUMNS.contains(&key.as_str()))
        .collect();
    for (place, key) in extras.iter().take(NAMED_EXTRAS) {
        let header = headers.get(*place).map_or("", String::as_str);
        notes.push(extra(format, header, key, keys, line, place + 1));
    }
    if let Some(more) = extras.len().checked_sub(NAMED_EXTRAS + 1) {
        let message = format!("{} more columns are not read, because the format does not have them", more + 1);
        notes.push(Finding::note("extra-column", line, message));
    }
    notes
}

/// A column that the format does not have: spelt nearly like one that is missing, that is a warning.
fn extra(format: &FormatDef, header: &str, key: &str, keys: &[String], line: u64, place: usize) -> Finding {
    if key.is_empty() {
        let message = format!("column {place} has no header and is not read");
        return Finding::note("extra-column", line, message).cure("give the column a header, or take it out");
    }
    let absent = |column: &&crate::ColumnDef| !keys.iter().any(|other| other.eq_ignore_ascii_case(column.header));
    if let Some(meant) = format.columns.iter().filter(absent).find(|column| recognise::is_near(column.header, key)) {
        let message = format!("the column `{header}` is not read; `{}` may be meant", meant.header);
        return Finding::warning("column-misspelt", line, message)
            .at(header, "")
            .cure(format!("if so, write `{}` in the header", meant.header));
    }
    let message = format!("the column `{header}` is not read, because the format does not have it");
    Finding::note("extra-column", line, message).at(header, "").cure("nothing needs to be done")
}
