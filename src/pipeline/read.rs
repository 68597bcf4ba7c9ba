//! A delivery's bytes against what is known of its feed: rows known to the letter are counted, the
//! others are admitted and go on. Memory is bounded by what changed, not by the file.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use rosterd_contract::{Finding, Status};
use rosterd_formats::{AdmissionPolicy, Ending, FormatDef, OpenOptions, Row as FileRow, Table, TableError};

use super::known::Known;
use super::sights::{Fresh, Keys, Sights};
use crate::reconcile::input::{Content, Row, Tally};
use crate::store::fingerprints::List;

/// What a delivery is read with.
pub struct Reading<'a> {
    pub path: &'a Path,
    pub name: &'a str,
    pub format: Option<&'static FormatDef>,
    pub policy: &'a AdmissionPolicy,
    /// Changes with everything a row's verdict depends on beside the row.
    pub version: u64,
    /// School of rows that name none.
    pub org: Option<&'a str>,
    /// The last view, in file order.
    pub view: &'a List,
    /// The reference, where it is not the view.
    pub reference: Option<&'a List>,
    /// Claims whose rows must be looked at again.
    pub unsettled: &'a HashSet<i64>,
}

/// What reading brought.
pub struct Read {
    pub format: &'static FormatDef,
    pub headers: Vec<String>,
    pub rows: Vec<Row>,
    /// Findings of admission, by line.
    pub findings: Vec<Finding>,
    pub seen: Sights,
    pub tally: Tally,
    pub ending: Ending,
    pub domains: BTreeMap<String, u64>,
    /// Rows that went through admission.
    pub valid: u64,
    /// A `_fix_of` column with at least one value (D14), by line.
    pub fixes: BTreeMap<u64, String>,
    pub has_fix_column: bool,
    pub ignored_lines: u64,
}

fn open<'a>(reading: &Reading<'a>) -> Result<Table<BufReader<File>>, ReadError> {
    let file = File::open(reading.path).map_err(|source| ReadError::Spool { path: reading.path.to_owned(), source })?;
    let options = OpenOptions { format: reading.format, name: reading.name };
    Table::open(BufReader::with_capacity(1 << 20, file), &options).map_err(ReadError::Table)
}

/// Why a delivery cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The spool does not give the bytes back.
    #[error("the spooled file {path} cannot be opened")]
    Spool {
        path: std::path::PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// There is no `_fix_of` column.
    #[error("no correction")]
    NoFix,
    /// The file is not what it should be (D11): a verdict, not a failure of ours.
    #[error(transparent)]
    Table(TableError),
}

/// Does the header have a `_fix_of` column (D14)?
///
/// # Errors
/// As [`read`].
pub fn has_fix_column(reading: &Reading<'_>) -> Result<bool, ReadError> {
    Ok(open(reading)?.fix_of_column())
}

/// Reads a delivery once.
///
/// # Errors
/// When the file cannot be opened or is no table we know.
pub fn read(reading: &Reading<'_>) -> Result<Read, ReadError> {
    let mut table = open(reading)?;
    let mut known = Known::new(reading.view, reading.reference, reading.unsettled);
    let format = table.format();
    let headers = table.headers().to_vec();
    let mut read = Read {
        format,
        rows: Vec::new(),
        findings: table.notes().iter().cloned().chain(table.encoding_note()).collect(),
        seen: Sights::default(),
        tally: Tally::default(),
        ending: table.ending(),
        domains: BTreeMap::new(),
        valid: 0,
        fixes: BTreeMap::new(),
        has_fix_column: table.fix_of_column(),
        ignored_lines: 0,
        headers,
    };
    while let Some(row) = table.next().map_err(ReadError::Table)? {
        take_row(reading, &mut known, row, &mut read);
    }
    read.ending = table.ending();
    read.ignored_lines = table.ignored_lines();
    read.tally.read = read.seen.len() as u64;
    read.tally.against = read.seen.against(reading.view, reading.reference);
    Ok(read)
}

fn take_row(reading: &Reading<'_>, known: &mut Known<'_>, row: &FileRow, read: &mut Read) {
    let fingerprint = row.fingerprint(reading.version);
    let keys = keys(row);
    let line = row.line();
    let place = if row.is_damaged() || read.has_fix_column { None } else { known.take(&fingerprint) };
    match place {
        Some(place) => {
            read.tally.known += 1;
            read.valid += 1;
            read.seen.push_known(line, keys, place);
        }
        None => {
            let rejected = !admit(reading, known, row, fingerprint, read);
            read.seen.push_fresh(line, keys, Fresh { key: keys.key(), fingerprint, rejected });
        }
    }
}

fn keys(row: &FileRow) -> Keys {
    Keys { number: row.number_hash(), email: row.email_hash() }
}

/// Admits one row; true when it went through.
fn admit(reading: &Reading<'_>, known: &Known<'_>, row: &FileRow, fingerprint: [u8; 16], read: &mut Read) -> bool {
    let line = row.line();
    if let Some(fix) = row.fix_of() {
        read.fixes.insert(line, fix.to_owned());
    }
    let admitted = read.format.admit(row, &read.headers, reading.policy);
    read.findings.extend(admitted.findings);
    let (content, valid) = match admitted.result {
        Ok(mut record) => {
            if let Some(org) = reading.org.filter(|_| record.orgs.is_empty()) {
                record.orgs.push(org.into());
            }
            if record.status == Status::Inactive {
                read.tally.inactive += 1;
            }
            count_domain(record.email.as_deref(), &mut read.domains);
            (Content::Valid(record), true)
        }
        Err(rejected) => {
            count_domain(rejected.keys.email.as_deref(), &mut read.domains);
            (Content::Rejected { code: rejected.code, keys: rejected.keys }, false)
        }
    };
    read.valid += u64::from(valid);
    let seen_rejected = !valid && known.was_rejected(&fingerprint);
    read.rows.push(Row { line, fingerprint, content, seen_rejected });
    valid
}

fn count_domain(email: Option<&str>, domains: &mut BTreeMap<String, u64>) {
    if let Some((_, domain)) = email.and_then(|email| email.rsplit_once('@')) {
        *domains.entry(domain.to_owned()).or_default() += 1;
    }
}

impl Read {
    /// Takes known rows back into those that are looked at, by reading the file once more.
    ///
    /// # Errors
    /// As [`read`].
    pub fn pull(&mut self, reading: &Reading<'_>, lines: &BTreeSet<u64>) -> Result<(), ReadError> {
        if lines.is_empty() {
            return Ok(());
        }
        let nothing = List::default();
        let known = Known::new(&nothing, Some(reading.reference.unwrap_or(reading.view)), reading.unsettled);
        let mut table = open(reading)?;
        let mut at = 0;
        let last = lines.last().copied().unwrap_or_default();
        while let Some(row) = table.next().map_err(ReadError::Table)? {
            let line = row.line();
            if lines.contains(&line) {
                let fingerprint = row.fingerprint(reading.version);
                let rejected = !admit(reading, &known, row, fingerprint, self);
                self.tally.known -= 1;
                self.valid -= 1; // it was counted as known, and again as admitted
                self.seen.refresh(at, Fresh { key: keys(row).key(), fingerprint, rejected });
            }
            at += 1;
            if line >= last {
                break;
            }
        }
        self.rows.sort_by_key(|row| row.line);
        Ok(())
    }
}

/// The keys of one row of a spooled delivery.
#[derive(Debug, Clone)]
pub struct RowKeys {
    pub line: u64,
    pub number: Option<Box<str>>,
    pub email: Option<Box<str>>,
}

/// Lines and keys of a spooled delivery; empty when it cannot be read as a table.
pub fn keys_of(path: &Path, name: &str) -> Vec<RowKeys> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    let options = OpenOptions { format: None, name };
    let Ok(mut table) = Table::open(BufReader::with_capacity(1 << 20, file), &options) else { return Vec::new() };
    let format = table.format();
    let headers = table.headers().to_vec();
    let policy = AdmissionPolicy::default();
    let mut rows = Vec::new();
    while let Ok(Some(row)) = table.next() {
        let (number, email) = match format.admit(row, &headers, &policy).result {
            Ok(record) => (record.number, record.email),
            Err(rejected) => (rejected.keys.number, rejected.keys.email),
        };
        rows.push(RowKeys { line: row.line(), number, email });
    }
    rows
}
