//! One delimited text file as rows: encoding, delimiter, header, then record by record in a reused
//! buffer.

mod encoding;
mod header;
mod row;
mod scan;

use std::io::{Read, Seek};

use rosterd_contract::Finding;

use crate::definition::FormatDef;
pub use header::TableError;
pub use row::{Row, clean, forbidden};
pub use scan::Damage;

use encoding::{Charset, Utf8Reader};
use scan::{Record, Scanner};

/// How a table is opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenOptions<'a> {
    /// The format the source is bound to; `None`: recognised by the header.
    pub format: Option<&'static FormatDef>,
    /// Name of the file; breaks ties where the header does not tell.
    pub name: &'a str,
}

/// How a file ended.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// The last line has a line end.
    pub final_newline: bool,
    /// Line on which a quote was opened that never closed.
    pub open_quote: Option<u64>,
    /// The last bytes are the beginning of a character.
    pub mid_character: bool,
    /// The last record has fewer cells than the header.
    pub last_record_short: bool,
    /// Line on which the last record begins.
    pub last_line: u64,
}

impl Ending {
    /// The certain signs of a cut (D12).
    pub fn cut(&self) -> Option<Finding> {
        let message = if let Some(line) = self.open_quote {
            format!("the quote opened on line {line} never closes")
        } else if self.mid_character {
            "the file ends in the middle of a character".to_owned()
        } else if self.last_record_short {
            format!("the last row, on line {}, ends before its last cell", self.last_line)
        } else {
            return None;
        };
        let line = self.open_quote.unwrap_or(self.last_line);
        Some(Finding::error("cut-off", line, message).cure("export the file again and send it whole"))
    }
}

/// A streaming reader of one file.
pub struct Table<R> {
    scanner: Scanner<Utf8Reader<R>>,
    pub(crate) layout: row::Layout,
    headers: Vec<String>,
    notes: Vec<Finding>,
    encoding_note: Option<Finding>,
    row: Row,
    ending: Ending,
    ignored: u64,
}

impl<R: Read + Seek> Table<R> {
    /// Reads encoding, delimiter and header, and recognises the format (D11).
    ///
    /// # Errors
    /// When the file is no text, its header is unknown, incomplete, doubled or too wide, or it is
    /// another template than the source is bound to.
    pub fn open(mut source: R, options: &OpenOptions<'_>) -> Result<Self, TableError> {
        header::refuse_binary(&mut source)?;
        let charset = encoding::detect(&mut source).map_err(TableError::Read)?;
        let reader = Utf8Reader::new(source, charset).map_err(TableError::Read)?;
        let mut scanner = Scanner::new(reader);
        let mut record = Record::default();
        let found = header::read(&mut scanner, &mut record, options)?;
        let encoding_note = (charset == Charset::Windows1252).then(|| {
            Finding::warning("windows-1252", 0, "the file is not UTF-8 and was read as Windows-1252")
                .cure("export the file as UTF-8")
        });
        let layout = row::Layout::new(found.format, &found.keys, record.last_quoted_only);
        Ok(Self {
            scanner,
            row: Row::new(layout.clone()),
            layout,
            headers: found.headers,
            notes: found.notes,
            encoding_note,
            ending: Ending { final_newline: true, ..Ending::default() },
            ignored: 0,
        })
    }

    /// The format it is.
    pub const fn format(&self) -> &'static FormatDef {
        self.layout.format
    }

    /// Headers as delivered.
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
        self.layout.fix_of.is_some()
    }

    /// Blank lines (and lines of delimiters only) that were passed over.
    pub const fn ignored_lines(&self) -> u64 {
        self.ignored
    }

    /// How the file ended; valid after [`Table::next`] gave `None`.
    pub fn ending(&self) -> Ending {
        self.ending.clone()
    }

    /// The next row; the buffer is reused.
    ///
    /// # Errors
    /// When the source cannot be read.
    #[expect(clippy::should_implement_trait, reason = "lends its buffer, which an iterator cannot")]
    pub fn next(&mut self) -> Result<Option<&Row>, TableError> {
        loop {
            if !self.scanner.next(&mut self.row.record).map_err(TableError::Read)? {
                self.ending.final_newline = self.scanner.final_newline;
                self.ending.open_quote = self.scanner.open_quote;
                return Ok(None);
            }
            if self.row.is_blank() {
                self.ignored += 1;
                continue;
            }
            self.row.check();
            self.ending.last_line = self.row.line();
            self.ending.last_record_short = self.row.record.len() < self.headers.len();
            self.ending.mid_character = ends_in_mid_character(&self.row.record.bytes);
            return Ok(Some(&self.row));
        }
    }
}

/// Are the last bytes the beginning of a character that never comes?
fn ends_in_mid_character(bytes: &[u8]) -> bool {
    bytes.last().is_some_and(|b| !b.is_ascii())
        && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}
