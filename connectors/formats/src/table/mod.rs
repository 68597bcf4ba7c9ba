//! One delimited text file as rows: encoding, delimiter, header, then record by record in a reused
//! buffer. Structure only; what a row says is for admission.

mod block;
mod content;
mod encoding;
mod ending;
mod error;
mod header;
mod layout;
mod record;
mod row;
mod scan;
#[cfg(test)]
mod tests;

use std::io::{Read, Seek, SeekFrom};

use rosterd_contract::Finding;

use crate::definition::FormatDef;
use crate::limits::ROW_LIMIT;
pub use ending::Ending;
pub use error::TableError;
#[cfg(test)]
pub use header::normalised;
pub use record::Damage;
pub use row::Row;

use encoding::{Charset, Utf8Reader};
use layout::Layout;
use record::Record;
use scan::{BUFFER, Scanner};

/// How a table is opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenOptions<'a> {
    /// The format the source is bound to; `None`: recognised by the header.
    pub format: Option<&'static FormatDef>,
    /// Name of the file. An end such as `.xlsx` promises something else than text (D11).
    pub name: &'a str,
}

/// A streaming reader of one file.
pub struct Table<R> {
    scanner: Scanner<Utf8Reader<R>>,
    headers: Vec<String>,
    notes: Vec<Finding>,
    encoding_note: Option<Finding>,
    row: Row,
    ending: Ending,
    ignored: u64,
    rows: u64,
}

impl<R: Read + Seek> Table<R> {
    /// Reads encoding, delimiter and header, and recognises the format (D11).
    ///
    /// # Errors
    /// When the file is no text or named as none, its header is unknown, incomplete, doubled or too wide, or it is
    /// another template than the source is bound to.
    pub fn open(mut source: R, options: &OpenOptions<'_>) -> Result<Self, TableError> {
        let head = head(&mut source).map_err(TableError::Read)?;
        if let Some(what) = content::not_text(&head) {
            return Err(TableError::NotText { what });
        }
        if let Some(what) = content::not_text_by_name(options.name).filter(|_| !head.is_empty()) {
            return Err(TableError::NotAsNamed { what });
        }
        let charset = encoding::detect(&mut source, &head).map_err(TableError::Read)?;
        let reader = Utf8Reader::new(source, charset).map_err(TableError::Read)?;
        let mut scanner = Scanner::new(reader, BUFFER);
        let mut record = Record::default();
        let found = header::read(&mut scanner, &mut record, options.format)?;
        let layout = Layout::new(found.format, &found.keys, record.len(), is_marked(&head));
        Ok(Self {
            scanner,
            row: Row::new(layout),
            headers: found.headers,
            notes: found.notes,
            encoding_note: (charset == Charset::Windows1252).then(windows_note),
            ending: Ending { final_newline: true, last_line: record.line, ..Ending::default() },
            ignored: record.line - 1,
            rows: 0,
        })
    }

    /// The format it is.
    pub const fn format(&self) -> &'static FormatDef {
        self.row.layout.format
    }

    /// Headers as delivered, empty ones at the end left out.
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// Said when the file was not read as UTF-8.
    pub fn encoding_note(&self) -> Option<Finding> {
        self.encoding_note.clone()
    }

    /// Remarks about the header.
    pub fn notes(&self) -> &[Finding] {
        &self.notes
    }

    /// Is there a `_fix_of` column (D14)?
    pub const fn fix_of_column(&self) -> bool {
        self.row.layout.fix_of.is_some()
    }

    /// Blank lines (and lines of delimiters only) that were passed over so far.
    pub const fn ignored_lines(&self) -> u64 {
        self.ignored
    }

    /// How the file ended; valid after [`Table::next`] gave `None`.
    pub fn ending(&self) -> Ending {
        self.ending.clone()
    }

    /// The next row; its buffer is used again for the one after. Blank lines are passed over.
    ///
    /// # Errors
    /// When the source cannot be read, or there are more than 10 million rows.
    #[expect(clippy::should_implement_trait, reason = "lends its buffer, which an iterator cannot")]
    pub fn next(&mut self) -> Result<Option<&Row>, TableError> {
        while self.scanner.next(&mut self.row.record).map_err(TableError::Read)? {
            if self.row.is_blank() {
                self.ignored += 1;
                continue;
            }
            self.rows += 1;
            let line = self.row.line();
            if self.rows > ROW_LIMIT {
                return Err(TableError::TooManyRows { line });
            }
            self.row.check();
            self.ending.last_line = line;
            self.ending.last_record_short = self.row.is_short();
            self.ending.mid_character = self.row.record.odd && ends_in_mid_character(self.row.record.bytes());
            return Ok(Some(&self.row));
        }
        self.ending.final_newline = self.scanner.final_newline;
        self.ending.open_quote = self.scanner.open_quote;
        // A character that is complete in its line was only the end of that line, not of the file.
        self.ending.mid_character &= !self.scanner.final_newline;
        Ok(None)
    }
}

fn head(source: &mut (impl Read + Seek)) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(content::HEAD);
    source.by_ref().take(content::HEAD as u64).read_to_end(&mut head)?;
    source.seek(SeekFrom::Start(0))?;
    Ok(head)
}

fn windows_note() -> Finding {
    let message =
        "the file is not UTF-8; it was read as Windows-1252 as a whole, because every odd byte is a letter there";
    Finding::warning("windows-1252", 0, message).cure("export the file as UTF-8, and look at names with accents")
}

/// Are the last bytes the beginning of a character that never comes?
fn ends_in_mid_character(bytes: &[u8]) -> bool {
    let tail = bytes.get(bytes.len().saturating_sub(3)..).unwrap_or_default();
    (0..tail.len()).any(|from| {
        let part = tail.get(from..).unwrap_or_default();
        std::str::from_utf8(part).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    })
}

/// The mark of our own exports: the header alone ends with CR LF, the rows with LF. Nothing of it
/// shows in a cell, and every reader takes both line ends.
fn is_marked(head: &[u8]) -> bool {
    let mut lines = head.split_inclusive(|b| *b == b'\n');
    let header = lines.next().is_some_and(|line| line.ends_with(b"\r\n"));
    header && lines.next().is_some_and(|line| line.ends_with(b"\n") && !line.ends_with(b"\r\n"))
}
