//! Bytes to records and back. Pure, so that everything can be fuzzed; one file per known format.
//!
//! A format is a definition ([`FormatDef`]): its columns, words and rules give recognition,
//! decoding, validation, the blank sheet, the help per column and the strict export.
#![forbid(unsafe_code)]

mod admit;
mod definition;
mod recognise;
mod securly_pass;
mod table;
pub mod write;

/// What admission needs of a row beyond its cells.
mod table_internals {
    pub use crate::table::{Damage, clean, forbidden};
}

pub use admit::{AdmissionPolicy, Admitted, Rejected};
pub use definition::{ColumnDef, ExportPerson, FormatDef, Target, format, formats};
pub use recognise::{Fingerprint, fingerprints};
pub use table::{Ending, OpenOptions, Row, Table, TableError};
