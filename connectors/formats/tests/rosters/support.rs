//! Reads a file to its end and keeps what was said of it.

use std::io::Cursor;

use rosterd_contract::{Finding, PersonRecord};
use rosterd_formats::{AdmissionPolicy, Ending, OpenOptions, Rejected, Table, TableError};

/// The header of a Pass file, without its line end.
pub const HEADER: &str = "firstname,lastname,email,role,gradyear,status,idnumber";

/// One row as admission saw it.
pub struct ReadRow {
    pub line: u64,
    /// Cells as delivered.
    pub cells: Vec<Vec<u8>>,
    pub result: Result<PersonRecord, Rejected>,
    pub findings: Vec<Finding>,
}

/// A file that could be opened.
pub struct ReadFile {
    pub notes: Vec<Finding>,
    pub rows: Vec<ReadRow>,
    pub ending: Ending,
}

/// The policy of the district in the fixtures.
pub fn springfield() -> AdmissionPolicy {
    AdmissionPolicy { email_domains: vec!["springfield.example.org".to_owned()], ..AdmissionPolicy::default() }
}

/// Opens, reads and admits every row under the policy of [`springfield`].
pub fn read(bytes: &[u8]) -> Result<ReadFile, TableError> {
    let options = OpenOptions { format: None, name: "people.csv" };
    let mut table = Table::open(Cursor::new(bytes), &options)?;
    let (format, headers, policy) = (table.format(), table.headers().to_vec(), springfield());
    let notes = table.encoding_note().into_iter().chain(table.notes().iter().cloned()).collect();
    let mut rows = Vec::new();
    while let Some(row) = table.next()? {
        let admitted = format.admit(row, &headers, &policy);
        rows.push(ReadRow {
            line: row.line(),
            cells: row.delivered().map(<[u8]>::to_vec).collect(),
            result: admitted.result,
            findings: admitted.findings,
        });
    }
    Ok(ReadFile { notes, rows, ending: table.ending() })
}
