//! A19: what is just within a limit goes in, one more does not. D11: what a file may be.

use std::io::Cursor;

use rosterd_formats::{OpenOptions, Table};

use super::support::{HEADER, read};

const FIELD: usize = 64 << 10;
const LINE: usize = 1 << 20;
const ROW: &str = "Ola,Berg,ola.berg@springfield.example.org,student,2029,1,0048812";

/// The code of the only row between two good ones; `None`: it goes in.
fn code(extra_columns: usize, row: &str) -> Option<String> {
    let columns: String = (0..extra_columns).map(|n| format!(",c{n}")).collect();
    let blanks = ",".repeat(extra_columns);
    let file = format!("{HEADER}{columns}\n{ROW}{blanks}\n{row}\n{ROW}{blanks}\n");
    let read = read(file.as_bytes()).unwrap();
    assert_eq!(read.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3, 4]);
    assert!(read.rows[0].result.is_ok() && read.rows[2].result.is_ok());
    read.rows[1].result.as_ref().err().map(|rejected| rejected.code.to_string())
}

#[test]
fn a19_a_field_of_64_kib() {
    let text = |length: usize| "x".repeat(length);
    assert_eq!(code(1, &format!("{ROW},{}", text(FIELD))), None);
    assert_eq!(code(1, &format!("{ROW},{}", text(FIELD + 1))).as_deref(), Some("field-too-long"));
    assert_eq!(code(2, &format!("{ROW},\"{}\",x", text(FIELD))), None);
    assert_eq!(code(2, &format!("{ROW},\"{}\",x", text(FIELD + 1))).as_deref(), Some("field-too-long"));
    // Two quotes are one character.
    assert_eq!(code(1, &format!("{ROW},\"{}\"", "\"\"".repeat(FIELD))), None);
    assert_eq!(code(1, &format!("{ROW},\"{}\"", "\"\"".repeat(FIELD + 1))).as_deref(), Some("field-too-long"));
}

#[test]
fn a19_a_line_of_1_mib() {
    let columns = 20;
    let row = |length: usize| {
        let cell = format!(",{}", "x".repeat(60_000));
        let row = format!("{ROW}{}", cell.repeat(17));
        let rest = length - row.len() - 3;
        let row = format!("{row},{},,", "x".repeat(rest));
        assert_eq!(row.len(), length);
        row
    };
    assert_eq!(code(columns, &row(LINE)), None);
    assert_eq!(code(columns, &row(LINE + 1)).as_deref(), Some("line-too-long"));
}

#[test]
fn d11_512_columns() {
    let header = |columns: usize| format!("{HEADER}{}\n", (7..columns).map(|n| format!(",c{n}")).collect::<String>());
    assert!(read(header(512).as_bytes()).is_ok());
    let error = read(header(513).as_bytes()).err().unwrap();
    assert_eq!((error.code(), error.line()), ("too-many-columns", Some(1)));
    // Empty headers at the end do not count.
    assert!(read(header(512).replace('\n', ",,,,\n").as_bytes()).is_ok());
}

#[test]
fn a18_cells_beyond_those_that_are_kept_still_count() {
    assert_eq!(code(0, &format!("{ROW}{}", ",".repeat(5000))), None);
    assert_eq!(code(0, &format!("{ROW}{}x", ",".repeat(5000))).as_deref(), Some("too-many-cells"));
}

#[test]
fn d11_the_name_and_the_content_must_agree() {
    let file = format!("{HEADER}\n{ROW}\n");
    let open = |name: &str| {
        let table = Table::open(Cursor::new(file.as_bytes()), &OpenOptions { format: None, name });
        table.map(|table| table.format().id).map_err(|error| error.code())
    };
    for name in ["people.csv", "people.TXT", "people.tab", "people", "people.2026-09-01", "people.zip.csv"] {
        assert_eq!(open(name), Ok("securly-pass"), "{name}");
    }
    for name in ["people.xlsx", "people.XLS", "people.csv.zip", "people.json"] {
        assert_eq!(open(name), Err("not-as-named"), "{name}");
    }
}
