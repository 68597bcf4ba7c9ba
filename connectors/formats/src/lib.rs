//! Bytes to records and back. Pure, so that everything can be fuzzed; one file per known format.
//!
//! A format is a definition ([`FormatDef`]): its columns, words and rules give recognition,
//! decoding, validation, the blank sheet, the help per column and the strict export. A [`Table`]
//! cuts bytes into [`Row`]s and tells how the file ended ([`Ending`]); [`FormatDef::admit`] says
//! what a row means. Nothing here knows the roster.
#![forbid(unsafe_code)]

mod admit;
mod definition;
mod export;
mod limits;
#[cfg(test)]
mod properties;
mod recognise;
mod securly_pass;
mod table;
mod text;
pub mod write;

pub use admit::{AdmissionPolicy, Admitted, Rejected};
pub use definition::{ColumnDef, FormatDef, StatusWord, Target, format, formats};
pub use export::ExportPerson;
pub use limits::{COLUMN_LIMIT, FIELD_LIMIT, LINE_LIMIT, ROW_LIMIT};
pub use recognise::{Fingerprint, fingerprints};
pub use table::{Damage, Ending, OpenOptions, Row, Table, TableError};
