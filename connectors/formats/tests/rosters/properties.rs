//! What holds for every file, however strange.

use proptest::prelude::*;
use rosterd_formats::write;

use super::support::{HEADER, read};

/// Bytes that matter to a reader of tables, more often than others.
fn nasty() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => prop::sample::select(b",\"\r\n;\t| =0a@.'".to_vec()),
        1 => any::<u8>(),
    ]
}

/// A cell without line breaks and other things that damage a row.
fn text() -> impl Strategy<Value = String> {
    "[ -~æøåñ]{0,12}"
}

fn line_end() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["\n", "\r\n", "\r"])
}

/// Like a text editor: CR LF, CR and LF each end a line.
fn line_of(text: &[u8], offset: usize) -> u64 {
    let mut line = 1;
    for (at, byte) in text.iter().take(offset).enumerate() {
        let is_end = *byte == b'\r' || (*byte == b'\n' && (at == 0 || text[at - 1] != b'\r'));
        line += u64::from(is_end);
    }
    line
}

proptest! {
    #[test]
    fn no_bytes_at_all_bring_the_reader_down(bytes in prop::collection::vec(nasty(), 0..400), with_header: bool) {
        let header = if with_header { format!("{HEADER}\n").into_bytes() } else { Vec::new() };
        let file = [header, bytes].concat();
        if let Ok(read) = read(&file) {
            let lines: Vec<u64> = read.rows.iter().map(|row| row.line).collect();
            prop_assert!(lines.is_sorted_by(|a, b| a < b), "{:?}", lines);
            prop_assert!(read.rows.iter().all(|row| row.result.is_ok() || !row.findings.is_empty()));
        }
    }

    /// Rows begin with a mark of their own; a quoted cell may hold line ends of any kind.
    #[test]
    fn the_line_of_a_row_is_the_one_an_editor_shows(
        rows in prop::collection::vec((prop::collection::vec(line_end(), 0..3), line_end(), any::<bool>()), 1..12)
    ) {
        let mut file = format!("{HEADER}\n").into_bytes();
        let mut offsets = Vec::new();
        for (at, (breaks, end, blank_before)) in rows.iter().enumerate() {
            if *blank_before {
                file.extend_from_slice(end.as_bytes());
            }
            offsets.push(file.len());
            file.extend_from_slice(format!("mark{at},\"a{}b\",,,,,{end}", breaks.join("x")).as_bytes());
        }
        let expected: Vec<u64> = offsets.iter().map(|offset| line_of(&file, *offset)).collect();
        let read = read(&file).unwrap();
        prop_assert_eq!(read.rows.iter().map(|row| row.line).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_written_reads_back_cell_by_cell(rows in prop::collection::vec(prop::collection::vec(text(), 7), 1..6)) {
        prop_assume!(rows.iter().all(|row| row.iter().any(|cell| !cell.trim().is_empty())));
        let mut file = format!("{HEADER}\n").into_bytes();
        for row in &rows {
            write::record(&mut file, row.iter().map(String::as_bytes));
        }
        let read = read(&file).unwrap();
        let cells: Vec<Vec<String>> = read
            .rows
            .iter()
            .map(|row| row.cells.iter().map(|cell| String::from_utf8(cell.clone()).unwrap()).collect())
            .collect();
        prop_assert_eq!(cells, rows);
    }

    #[test]
    fn a_guarded_cell_is_no_formula_and_comes_back(cell in prop::collection::vec(nasty(), 0..20)) {
        let mut out = Vec::new();
        write::guarded(&mut out, [&cell[..], b"end"]);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&out[..]);
        let mut record = csv::ByteRecord::new();
        prop_assert!(reader.read_byte_record(&mut record).unwrap());
        let shown = record.get(0).unwrap();
        let bare = shown.trim_ascii_start();
        prop_assert!(!matches!(bare.first(), Some(b'=' | b'+' | b'-' | b'@')), "{:?}", shown);
        prop_assert_eq!(write::unguard(shown), &cell[..]);
    }

}

proptest! {
    // Each case reads a file once for each of its bytes.
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Wherever a file is cut, the rows before the last are those of the whole file, and a row that
    /// lost a cell is never taken for a whole one without a sign.
    #[test]
    fn a_cut_touches_the_last_row_alone(
        names in prop::collection::vec("[a-zé]{1,6}", 1..5), end in line_end(), quoted: bool
    ) {
        let mut file = format!("{HEADER}{end}").into_bytes();
        let header = file.len();
        for (at, name) in names.iter().enumerate() {
            let name = if quoted { format!("\"{name}, \"\"x\"\"\"") } else { name.clone() };
            let row = format!("{name},Berg,p{at}@springfield.example.org,student,2029,1,00{at}7{end}");
            file.extend_from_slice(row.as_bytes());
        }
        let whole = read(&file).unwrap();
        prop_assert!(whole.rows.iter().all(|row| row.result.is_ok()));
        prop_assert!(whole.ending.cut().is_none() && whole.ending.final_newline);
        for cut in header..file.len() {
            let part = read(&file[..cut]).unwrap();
            let before = part.rows.len().saturating_sub(1);
            for (row, original) in part.rows.iter().zip(&whole.rows).take(before) {
                prop_assert_eq!((row.line, &row.cells), (original.line, &original.cells), "cut at {}", cut);
            }
            let Some((last, original)) = part.rows.last().zip(whole.rows.get(before)) else { continue };
            let is_whole = last.cells == original.cells;
            let is_silent = part.ending.cut().is_none() && part.ending.final_newline;
            prop_assert!(is_whole || !is_silent, "cut at {}: {:?}", cut, last.cells);
            if last.cells.len() < 7 {
                prop_assert!(last.result.is_err() && part.ending.cut().is_some(), "cut at {}", cut);
            }
        }
    }
}
