//! Any bytes as a file: opened, read to the end, every row admitted.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use rosterd_formats::{AdmissionPolicy, OpenOptions, Table, write};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut table) = Table::open(Cursor::new(bytes), &OpenOptions { format: None, name: "people.csv" }) else {
        return;
    };
    let (format, headers) = (table.format(), table.headers().to_vec());
    let policy =
        AdmissionPolicy { email_domains: vec!["springfield.example.org".to_owned()], ..AdmissionPolicy::default() };
    let mut line = 0;
    while let Some(row) = table.next().expect("memory does not fail to be read") {
        assert!(row.line() > line, "lines only grow");
        line = row.last_line();
        assert_eq!(row.fingerprint(1), row.fingerprint(1));
        assert_ne!(row.number_hash(), Some(0));
        assert_ne!(row.email_hash(), Some(0));
        let admitted = format.admit(row, &headers, &policy);
        match admitted.result {
            Ok(record) => assert!(!row.is_damaged() && record.email.is_some()),
            Err(rejected) => assert!(admitted.findings.iter().any(|finding| finding.code == rejected.code)),
        }
        for cell in row.delivered() {
            let mut out = Vec::new();
            write::guarded(&mut out, [cell]);
            assert!(out.ends_with(b"\n"));
            if write::needs_guard(cell) {
                assert!(out.starts_with(b"\"'"));
            }
        }
    }
    let ending = table.ending();
    assert!(ending.open_quote.is_none() || ending.cut().is_some());
    assert!(ending.last_line >= 1);
});
