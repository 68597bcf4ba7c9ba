//! What a file is by its first bytes, whatever its name says (D11).

use encoding_rs::{UTF_16BE, UTF_16LE};

/// Bytes looked at.
pub const HEAD: usize = 4096;

/// First bytes of files that are no text, and what they are.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook (XLSX)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Excel workbook (XLS)"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xFF\xD8\xFF", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"\x1F\x8B", "a compressed file (gzip)"),
    (b"7z\xBC\xAF", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7FELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"{\\rtf", "a document (RTF)"),
    (b"-----BEGIN PGP", "an encrypted file (PGP)"),
    (b"\xFF\xFE\0\0", "text in UTF-32"),
    (b"\0\0\xFE\xFF", "text in UTF-32"),
];

/// Ends of names that promise something else than text. Other ends promise nothing.
const NAMES: &[(&str, &str)] = &[
    ("xlsx", "an Excel workbook"),
    ("xlsm", "an Excel workbook"),
    ("xls", "an Excel workbook"),
    ("ods", "a workbook"),
    ("zip", "a ZIP archive"),
    ("gz", "a compressed file"),
    ("pdf", "a PDF document"),
    ("json", "JSON"),
    ("xml", "an XML document"),
    ("htm", "a web page"),
    ("html", "a web page"),
];

/// What a file that begins with `head` is, if it cannot be a table in plain text.
pub fn not_text(head: &[u8]) -> Option<&'static str> {
    if let Some((_, what)) = SIGNATURES.iter().find(|(first, _)| head.starts_with(first)) {
        return Some(what);
    }
    let wide = match head {
        [0xFF, 0xFE, rest @ ..] => Some(UTF_16LE.decode_without_bom_handling(rest).0),
        [0xFE, 0xFF, rest @ ..] => Some(UTF_16BE.decode_without_bom_handling(rest).0),
        _ => None,
    };
    match wide {
        Some(text) => markup(text.as_bytes()).or_else(|| is_binary(text.as_bytes()).then_some("binary data")),
        None => markup(head.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(head)).or_else(|| zeros(head)),
    }
}

/// What a file is called by the end of its name, if that cannot be a table in plain text.
pub fn not_text_by_name(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension)).map(|(_, what)| *what)
}

/// Pages and documents that are text, but no table.
fn markup(text: &[u8]) -> Option<&'static str> {
    let text = text.trim_ascii_start();
    let lower = text.get(..text.len().min(16)).unwrap_or_default().to_ascii_lowercase();
    let next = text.get(1..).unwrap_or_default().trim_ascii_start().first();
    match text.first()? {
        b'<' if lower.starts_with(b"<?xml") => Some("an XML document"),
        b'<' => Some("a web page"),
        b'{' if matches!(next, Some(b'"' | b'}')) => Some("JSON"),
        b'[' if matches!(next, Some(b'"' | b'{' | b'[' | b']')) => Some("JSON"),
        _ => None,
    }
}

/// Zero bytes: in every second place of UTF-16, anywhere in binary data. A few of them below line 1
/// damage rows, not the file.
fn zeros(head: &[u8]) -> Option<&'static str> {
    if !is_binary(head) {
        return None;
    }
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let half = head.len() / 2;
    let is_wide = half >= 4 && (zeros(0) * 10 > half * 9 && zeros(1) == 0 || zeros(1) * 10 > half * 9 && zeros(0) == 0);
    Some(if is_wide { "text in UTF-16 without a byte-order mark" } else { "binary data" })
}

/// Zero bytes in line 1, or more than one in sixteen.
fn is_binary(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| matches!(byte, b'\n' | b'\r'));
    let in_line_1 = lines.next().is_some_and(|line| line.contains(&0));
    in_line_1 || head.iter().filter(|byte| **byte == 0).count() * 16 > head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_promise_something_else() {
        for (name, what) in [
            ("people.XLSX", Some("an Excel workbook")),
            ("people.csv.zip", Some("a ZIP archive")),
            ("people.xlsx.csv", None),
            ("people.txt", None),
            ("people.2026", None),
            ("xlsx", None),
            ("", None),
        ] {
            assert_eq!(not_text_by_name(name), what, "{name}");
        }
    }

    #[test]
    fn what_is_no_table_is_told_by_its_content() {
        for (head, what) in [
            (&b"PK\x03\x04\x14\0"[..], Some("a ZIP archive or an Excel workbook (XLSX)")),
            (b"%PDF-1.7", Some("a PDF document")),
            (b"\n <!DOCTYPE html>", Some("a web page")),
            (b"\xef\xbb\xbf<html>", Some("a web page")),
            (b"<?xml version", Some("an XML document")),
            (b"{\"error\":1}", Some("JSON")),
            (b"[\n  {\"a\":1}]", Some("JSON")),
            (b"{}", Some("JSON")),
            (b"\xff\xfe<\0h\0t\0m\0l\0>\0", Some("a web page")),
            (b"a\0b", Some("binary data")),
            (b"abc\n\0\0\0\0\0\0\0\0", Some("binary data")),
            (b"firstname,lastname\nA\0nn,Berg,a\n", None),
            (b"f\0i\0r\0s\0t\0n\0", Some("text in UTF-16 without a byte-order mark")),
            (b"\xff\xfea\0,\0b\0", None),
            (b"firstname,lastname\n", None),
            (b"\x1F\x8B\x08", Some("a compressed file (gzip)")),
            (b"", None),
        ] {
            assert_eq!(not_text(head), what, "{head:?}");
        }
    }
}
