//! Any bytes as a header, above one good row.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use rosterd_formats::{OpenOptions, Table, format};

const ROW: &[u8] = b"\nOla,Berg,ola.berg@springfield.example.org,student,2029,1,0048812\n";

fuzz_target!(|header: &[u8]| {
    let bytes = [header, ROW].concat();
    for bound in [None, format("securly-pass")] {
        match Table::open(Cursor::new(&bytes[..]), &OpenOptions { format: bound, name: "people.csv" }) {
            Err(error) => {
                assert!(!error.code().is_empty() && error.hint().is_some());
                assert!(error.line() != Some(0));
                let _ = error.to_string();
            }
            Ok(mut table) => {
                let width = table.headers().len();
                let columns = table.format().columns.len();
                while let Some(row) = table.next().expect("memory does not fail to be read") {
                    assert!((0..columns).filter_map(|column| row.place(column)).all(|place| place < width));
                }
            }
        }
    }
});
