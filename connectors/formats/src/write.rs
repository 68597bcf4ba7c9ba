//! Strict CSV out (RFC 4180, line feed), and the guard against cells that a spreadsheet would run.

/// Appends one record.
pub fn record<'c>(out: &mut Vec<u8>, cells: impl IntoIterator<Item = &'c [u8]>) {
    cells_into(out, cells, |_| false);
}

/// Appends one record for people: a cell that a spreadsheet would run as a formula (or that begins
/// with the guard itself) gets one `'` before it.
pub fn guarded<'c>(out: &mut Vec<u8>, cells: impl IntoIterator<Item = &'c [u8]>) {
    cells_into(out, cells, needs_guard);
}

fn cells_into<'c>(out: &mut Vec<u8>, cells: impl IntoIterator<Item = &'c [u8]>, guard: impl Fn(&[u8]) -> bool) {
    let start = out.len();
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        cell_into(out, cell, guard(cell));
    }
    if out.len() == start {
        out.extend_from_slice(b"\"\""); // a record of one empty cell would be a blank line
    }
    out.push(b'\n');
}

/// Would a spreadsheet run this cell, or is it guarded already?
pub fn needs_guard(cell: &[u8]) -> bool {
    // Damaged bytes further on make a formula no safer.
    let text = cell.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let first = text.trim_start().chars().next();
    matches!(first, Some('=' | '+' | '-' | '@' | '\'' | '＝' | '＋' | '－' | '＠'))
        || matches!(cell.first(), Some(b'\t' | b'\r'))
}

/// Takes the guard off again.
pub fn unguard(cell: &[u8]) -> &[u8] {
    match cell.strip_prefix(b"'") {
        Some(rest) if needs_guard(rest) => rest,
        _ => cell,
    }
}

fn cell_into(out: &mut Vec<u8>, cell: &[u8], guard: bool) {
    let edge_blank = cell.first() == Some(&b' ') || cell.last() == Some(&b' ');
    let quote = guard || edge_blank || cell.iter().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r'));
    if quote {
        out.push(b'"');
    }
    if guard {
        out.push(b'\'');
    }
    for byte in cell {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    if quote {
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guarded_comes_back_unchanged() {
        for cell in ["=1+1", "+47 22", "-Dash", "@home", "'t Hart", "plain", "O'Neill", "", "''x", " =x"] {
            let mut out = Vec::new();
            guarded(&mut out, [cell.as_bytes()]);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&out[..]);
            let mut record = csv::ByteRecord::new();
            reader.read_byte_record(&mut record).unwrap();
            assert_eq!(unguard(record.get(0).unwrap_or_default()), cell.as_bytes());
        }
    }

    #[test]
    fn quotes_and_breaks_are_quoted() {
        let mut out = Vec::new();
        record(&mut out, [b"a,b".as_slice(), b"say \"hi\"", b"x"]);
        assert_eq!(out, b"\"a,b\",\"say \"\"hi\"\"\",x\n");
    }
}
