//! What holds however bytes arrive, however columns stand, and for whoever is exported.

use std::io::{Cursor, Read, Result, Seek, SeekFrom};

use proptest::prelude::*;
use rosterd_contract::{Field, PersonRecord};

use crate::{AdmissionPolicy, ExportPerson, OpenOptions, Table, format, write};

const HEADERS: [&str; 7] = ["firstname", "lastname", "email", "role", "gradyear", "status", "idnumber"];

/// Gives a few bytes at a time, however many are asked for.
struct Trickle {
    inner: Cursor<Vec<u8>>,
    step: usize,
}

impl Read for Trickle {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let step = self.step.min(into.len());
        self.inner.read(&mut into[..step])
    }
}

impl Seek for Trickle {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.inner.seek(to)
    }
}

/// Everything a table says of a file, as text; or the code of its refusal.
fn account(bytes: &[u8], step: usize) -> String {
    let source = Trickle { inner: Cursor::new(bytes.to_vec()), step };
    let mut table = match Table::open(source, &OpenOptions { format: None, name: "people.csv" }) {
        Ok(table) => table,
        Err(error) => return error.code().to_owned(),
    };
    let mut account = format!("{:?} {:?}\n", table.headers(), table.notes());
    loop {
        match table.next().unwrap() {
            Some(row) => {
                let cells: Vec<String> = row.delivered().map(|cell| cell.escape_ascii().to_string()).collect();
                let keys = (row.number_hash(), row.email_hash(), row.fingerprint(3));
                account += &format!("{} {} {:?} {:?} {keys:?}\n", row.line(), row.last_line(), cells, row.damage());
            }
            None => return account + &format!("{:?} {}", table.ending(), table.ignored_lines()),
        }
    }
}

fn only_row<T>(bytes: &[u8], look: impl Fn(&crate::Row) -> T) -> T {
    let mut table = Table::open(Cursor::new(bytes), &OpenOptions { format: None, name: "people.csv" }).unwrap();
    look(table.next().unwrap().unwrap())
}

/// Cells of one row, anything that a row can hold without being damaged or blank.
fn cells() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[ -~æøåñ中]{0,12}", 7)
        .prop_filter("not blank", |cells| cells.iter().any(|cell| !cell.trim().is_empty()))
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![",", "\"", "\n", "\r", "\r\n", ",,,,,,", "\"\"", " ", ";", "a", "é", "中", "\0"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..3),
        2 => "[a-z@.0-9]{1,80}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// The fast path and the slow one, and every place at which a buffer may end, agree.
    #[test]
    fn the_rows_do_not_depend_on_how_the_bytes_arrive(body in body(), step in 1_usize..70) {
        let file = [HEADERS.join(",").as_bytes(), b"\n", &body].concat();
        prop_assert_eq!(account(&file, usize::MAX), account(&file, step));
    }

    #[test]
    fn the_charset_does_not_matter_where_a_mark_tells_it(body in body(), step in 1_usize..70) {
        let text = format!("\u{feff}{}\n{}", HEADERS.join(","), String::from_utf8_lossy(&body));
        let plain = account(text.as_bytes(), usize::MAX);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        // A zero in line 1 or many of them are told to be binary data before anything else.
        prop_assume!(!text.contains('\0'));
        prop_assert_eq!(&plain, &account(&little, step));
        prop_assert_eq!(&plain, &account(&big, step));
    }

    #[test]
    fn columns_may_stand_in_any_order_between_others(
        cells in cells(), order in Just((0..7).collect::<Vec<usize>>()).prop_shuffle(), quoted: bool, extra in 0_usize..3
    ) {
        let record = |cells: Vec<&str>| {
            let mut line = Vec::new();
            write::record(&mut line, cells.iter().map(|cell| cell.as_bytes()));
            line
        };
        let plain = [record(HEADERS.to_vec()), record(cells.iter().map(String::as_str).collect())].concat();
        let mut headers: Vec<&str> = order.iter().map(|at| HEADERS[*at]).collect();
        let mut turned: Vec<&str> = order.iter().map(|at| cells[*at].as_str()).collect();
        for n in 0..extra {
            headers.insert(n * 2, ["homeroom", "bus", "locker"][n]);
            turned.insert(n * 2, "x");
        }
        let row = if quoted {
            let all: Vec<String> = turned.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            all.join(",").into_bytes()
        } else {
            record(turned)
        };
        let other = [record(headers), row].concat();
        let marks = |row: &crate::Row| (row.fingerprint(9), row.number_hash(), row.email_hash(), row.cell(2).map(<[u8]>::to_vec));
        prop_assert_eq!(only_row(&plain, marks), only_row(&other, marks));
    }

    #[test]
    fn rows_that_differ_have_different_fingerprints(one in cells(), other in cells()) {
        let file = |cells: &[String]| {
            let mut file = format!("{}\n", HEADERS.join(",")).into_bytes();
            write::record(&mut file, cells.iter().map(String::as_bytes));
            file
        };
        let fingerprint = |cells: &[String]| only_row(&file(cells), |row| row.fingerprint(9));
        prop_assert_eq!(one == other, fingerprint(&one) == fingerprint(&other));
    }

    /// I23: what comes out goes back in.
    #[test]
    fn an_exported_person_reads_back_as_the_same(
        given in "[ -~æøåñ中]{1,20}", family in "[ -~æøåñ中]{1,20}", email in "[a-z=+'-][a-z0-9.+'-]{0,9}[a-z0-9]@[a-z]{1,9}\\.example",
        role in prop::sample::select(vec!["student", "teacher", "staff", "admin", ""]), number in "[!-~]{0,12}", year in "(20[0-9]{2})?"
    ) {
        let pass = format("securly-pass").unwrap();
        let plain = [given, family, email, role.to_owned(), year, "1".to_owned(), number];
        // A person in the roster is one that was admitted once.
        let mut file = pass.blank_sheet().into_bytes();
        write::record(&mut file, plain.iter().map(String::as_bytes));
        let admit = |file: &[u8]| -> Option<PersonRecord> {
            let headers: Vec<String> = HEADERS.map(str::to_owned).to_vec();
            only_row(file, |row| pass.admit(row, &headers, &AdmissionPolicy::default())).result.ok()
        };
        let Some(record) = admit(&file) else { return Ok(()) };
        let person = ExportPerson {
            given: record.given().to_owned(),
            family: record.family().to_owned(),
            email: record.email.as_deref().unwrap_or_default().to_owned(),
            role: record.role.map(|role| role.as_str().to_owned()).unwrap_or_default(),
            grad_year: record.fields.text(Field::GradYear).to_owned(),
            number: record.number.as_deref().unwrap_or_default().to_owned(),
            orgs: String::new(),
        };
        prop_assert_eq!(pass.inexpressible(&person), None);
        // The mark of an export whose cells are guarded: the header ends with CR LF, the rows with LF.
        let mut export = pass.blank_sheet().replace('\n', "\r\n").into_bytes();
        write::guarded(&mut export, pass.export_row(&person).iter().map(String::as_bytes));
        prop_assert_eq!(admit(&export), Some(record));
    }
}

#[test]
fn people_whom_a_format_cannot_express_are_named() {
    let pass = format("securly-pass").unwrap();
    let whole = ExportPerson {
        given: "Ann".to_owned(),
        family: "Berg".to_owned(),
        email: "a@x.example".to_owned(),
        role: "teacher".to_owned(),
        ..ExportPerson::default()
    };
    assert_eq!(pass.inexpressible(&whole), None);
    assert_eq!(pass.export_row(&whole), ["Ann", "Berg", "a@x.example", "teacher", "", "1", ""]);
    for person in [
        ExportPerson { email: String::new(), ..whole.clone() },
        ExportPerson { family: String::new(), ..whole.clone() },
        ExportPerson { role: "guardian".to_owned(), ..whole },
    ] {
        assert!(pass.inexpressible(&person).is_some(), "{person:?}");
    }
}
