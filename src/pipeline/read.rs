//! A delivery's bytes against what is known of its feed: rows known to the letter are counted, the
//! others are admitted and go on. Memory is bounded by what changed, not by the file.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use rosterd_contract::{Finding, Status};
use rosterd_formats::{AdmissionPolicy, Ending, FormatDef, OpenOptions, Row as FileRow, Table, TableError};

use crate::reconcile::input::{AgainstReference, Content, Row, Tally};
use crate::store::fingerprints::{ACCEPTED, Entry, REJECTED, SETTLED};

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
    pub view: &'a [Entry],
    /// The reference, where it is not the view.
    pub reference: Option<&'a [Entry]>,
    /// Claims whose rows must be looked at again.
    pub unsettled: &'a HashSet<i64>,
}

/// One row of tonight's file, in file order.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub line: u32,
    pub key: u64,
    pub number: u64,
    pub email: u64,
    pub fingerprint: [u8; 16],
    /// Place in the view of the row it equals; `u32::MAX`: not known.
    pub known: u32,
    pub rejected: bool,
}

const UNKNOWN: u32 = u32::MAX;

/// What reading brought.
pub struct Read {
    pub format: &'static FormatDef,
    pub headers: Vec<String>,
    pub rows: Vec<Row>,
    /// Findings of admission, by line.
    pub findings: Vec<Finding>,
    pub seen: Vec<Seen>,
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
    let mut known = Known::new(reading);
    let format = table.format();
    let headers = table.headers().to_vec();
    let mut read = Read {
        format,
        rows: Vec::new(),
        findings: table.notes().iter().cloned().chain(table.encoding_note()).collect(),
        seen: Vec::new(),
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
    read.tally.against = against(reading, &read);
    Ok(read)
}

/// Rows of the view that may be recognised to the letter.
struct Known {
    places: HashMap<[u8; 16], u32>,
    used: Vec<bool>,
    rejected: HashSet<[u8; 16]>,
}

impl Known {
    fn new(reading: &Reading<'_>) -> Self {
        let mut places = HashMap::with_capacity(reading.view.len());
        let mut rejected = HashSet::new();
        for (place, entry) in reading.view.iter().enumerate() {
            if entry.flags & SETTLED != 0 && entry.claim != 0 && !reading.unsettled.contains(&entry.claim) {
                places.insert(entry.fingerprint, u32::try_from(place).unwrap_or(UNKNOWN));
            }
        }
        for entry in reading.reference.unwrap_or(reading.view).iter().filter(|entry| entry.flags & REJECTED != 0) {
            rejected.insert(entry.fingerprint);
        }
        Self { places, used: vec![false; reading.view.len()], rejected }
    }

    /// The place in the view of a row with this fingerprint; each place counts once.
    fn take(&mut self, fingerprint: &[u8; 16]) -> Option<u32> {
        let place = *self.places.get(fingerprint)?;
        let used = self.used.get_mut(place as usize)?;
        if *used {
            return None;
        }
        *used = true;
        Some(place)
    }
}

fn take_row(reading: &Reading<'_>, known: &mut Known, row: &FileRow, read: &mut Read) {
    let fingerprint = row.fingerprint(reading.version);
    let number = row.number_hash().unwrap_or_default();
    let email = row.email_hash().unwrap_or_default();
    let key = if number != 0 { number } else { email };
    let line = row.line();
    let place = if row.is_damaged() || read.has_fix_column { None } else { known.take(&fingerprint) };
    let mut seen = Seen {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        key,
        number,
        email,
        fingerprint,
        known: place.unwrap_or(UNKNOWN),
        rejected: false,
    };
    if place.is_some() {
        read.tally.known += 1;
        read.valid += 1;
    } else {
        seen.rejected = !admit(reading, known, row, fingerprint, read);
    }
    read.seen.push(seen);
}

/// Admits one row; true when it went through.
fn admit(reading: &Reading<'_>, known: &Known, row: &FileRow, fingerprint: [u8; 16], read: &mut Read) -> bool {
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
    let seen_rejected = !valid && known.rejected.contains(&fingerprint);
    read.rows.push(Row { line, fingerprint, content, seen_rejected });
    valid
}

fn count_domain(email: Option<&str>, domains: &mut BTreeMap<String, u64>) {
    if let Some((_, domain)) = email.and_then(|email| email.rsplit_once('@')) {
        *domains.entry(domain.to_owned()).or_default() += 1;
    }
}

/// Tonight's keys against the reference, record by record (G01, G09, G16).
fn against(reading: &Reading<'_>, read: &Read) -> Option<AgainstReference> {
    let reference = reading.reference.unwrap_or(reading.view);
    if reference.is_empty() {
        return None;
    }
    let tonight: HashSet<u64> = read.seen.iter().map(|seen| seen.key).collect();
    let mut result = AgainstReference { rows: reference.len() as u64, ..AgainstReference::default() };
    let mut missing: u64 = 0;
    let mut accepted: HashSet<u64> = HashSet::with_capacity(reference.len());
    let mut all: HashSet<u64> = HashSet::with_capacity(reference.len());
    for (place, entry) in reference.iter().enumerate() {
        all.insert(entry.key);
        if entry.flags & ACCEPTED != 0 {
            accepted.insert(entry.key);
        }
        if tonight.contains(&entry.key) {
            result.present += 1;
            result.until_last_present = place as u64 + 1;
            missing = 0;
        } else {
            missing += 1;
            result.longest_missing = result.longest_missing.max(missing);
        }
    }
    result.unknown_rows = read.seen.iter().filter(|seen| !all.contains(&seen.key)).count() as u64;
    result.newly_rejected =
        read.seen.iter().filter(|seen| seen.rejected && seen.key != 0 && accepted.contains(&seen.key)).count() as u64;
    Some(result)
}

impl Read {
    /// Numbers of the view's claims that no row known to the letter carries.
    pub fn unmatched(&self, view: &[Entry]) -> BTreeSet<i64> {
        let carried: HashSet<i64> = self
            .seen
            .iter()
            .filter(|seen| seen.known != UNKNOWN)
            .filter_map(|seen| view.get(seen.known as usize))
            .map(|entry| entry.claim)
            .collect();
        view.iter().map(|entry| entry.claim).filter(|claim| *claim != 0 && !carried.contains(claim)).collect()
    }

    /// Lines of known rows that share a number or an address with a row that is looked at: they may
    /// form a group (section 7), so they are looked at too.
    pub fn entangled(&self) -> BTreeSet<u64> {
        let mut numbers = HashSet::new();
        let mut emails = HashSet::new();
        for seen in self.seen.iter().filter(|seen| seen.known == UNKNOWN) {
            numbers.insert(seen.number);
            emails.insert(seen.email);
        }
        numbers.remove(&0);
        emails.remove(&0);
        self.seen
            .iter()
            .filter(|seen| seen.known != UNKNOWN)
            .filter(|seen| numbers.contains(&seen.number) || emails.contains(&seen.email))
            .map(|seen| u64::from(seen.line))
            .collect()
    }

    /// Lines of known rows that carry one of these claims.
    pub fn lines_of(&self, view: &[Entry], claims: &HashSet<i64>) -> BTreeSet<u64> {
        self.seen
            .iter()
            .filter(|seen| view.get(seen.known as usize).is_some_and(|entry| claims.contains(&entry.claim)))
            .map(|seen| u64::from(seen.line))
            .collect()
    }

    /// Takes known rows back into those that are looked at, by reading the file once more.
    ///
    /// # Errors
    /// As [`read`].
    pub fn pull(&mut self, reading: &Reading<'_>, lines: &BTreeSet<u64>) -> Result<(), ReadError> {
        if lines.is_empty() {
            return Ok(());
        }
        let known = Known::new(&Reading { view: &[], ..*reading });
        let mut table = open(reading)?;
        let mut at = 0;
        let last = lines.last().copied().unwrap_or_default();
        while let Some(row) = table.next().map_err(ReadError::Table)? {
            let line = row.line();
            if lines.contains(&line)
                && let Some(seen) = self.seen.get(at).copied()
            {
                let fingerprint = seen.fingerprint;
                let valid = admit(reading, &known, row, fingerprint, self);
                self.tally.known -= 1;
                self.valid -= 1; // it was counted as known, and again as admitted
                if let Some(seen) = self.seen.get_mut(at) {
                    seen.known = UNKNOWN;
                    seen.rejected = !valid;
                }
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
