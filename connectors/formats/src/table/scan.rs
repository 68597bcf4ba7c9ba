//! The state machine that cuts UTF-8 bytes into records: exact line numbers, exact damages, bounded
//! memory whatever a sender does.

use std::io::{Read, Result};

/// Longest field that is kept, in bytes (`safety.md` section 3).
pub const FIELD_LIMIT: usize = 64 << 10;
/// Longest record that is kept, in bytes.
pub const RECORD_LIMIT: usize = 1 << 20;

/// What is wrong with a record's structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// A line break inside quotes (A16).
    LineBreak,
    /// Text after a closing quote (A20).
    TextAfterQuote,
    /// A field or the record is over the limit (A19).
    TooLong,
    /// Bytes that do not decode (A17).
    BadEncoding,
}

/// One record: unquoted cells in one buffer.
#[derive(Debug, Default)]
pub struct Record {
    /// Line on which it begins, from 1.
    pub line: u64,
    pub bytes: Vec<u8>,
    pub ends: Vec<usize>,
    pub damage: Option<Damage>,
    /// Place of the damaged cell.
    pub damaged_cell: usize,
    /// Any cell was quoted.
    pub quoted: bool,
    /// Only the last cell was quoted: the mark of our own exports.
    pub last_quoted_only: bool,
}

impl Record {
    /// The cell at a place.
    pub fn cell(&self, at: usize) -> Option<&[u8]> {
        let end = *self.ends.get(at)?;
        let start = if at == 0 { 0 } else { *self.ends.get(at - 1)? };
        self.bytes.get(start..end)
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// All cells.
    pub fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|at| self.cell(at))
    }

    fn clear(&mut self, line: u64) {
        self.line = line;
        self.bytes.clear();
        self.ends.clear();
        self.damage = None;
        self.damaged_cell = 0;
        self.quoted = false;
        self.last_quoted_only = false;
    }

    fn damage(&mut self, damage: Damage) {
        if self.damage.is_none() {
            self.damage = Some(damage);
            self.damaged_cell = self.ends.len();
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let start = self.ends.last().copied().unwrap_or_default();
        let room =
            FIELD_LIMIT.saturating_sub(self.bytes.len() - start).min(RECORD_LIMIT.saturating_sub(self.bytes.len()));
        match bytes.get(..room) {
            Some(kept) if bytes.len() > room => {
                self.bytes.extend_from_slice(kept);
                self.damage(Damage::TooLong);
            }
            _ => self.bytes.extend_from_slice(bytes),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the beginning of a cell.
    Begin,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: closing, or the first of a doubled one.
    Quote,
    /// After a closing quote, in text that should not be there.
    Stray,
}

/// Cuts a source into records.
pub struct Scanner<R> {
    source: R,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    delimiter: u8,
    /// Line of the next byte.
    line: u64,
    /// The last byte was a carriage return: a line feed right after it belongs to it.
    after_cr: bool,
    /// The last record ended with a line end.
    pub final_newline: bool,
    /// Line on which a quote was opened that never closed.
    pub open_quote: Option<u64>,
    ended: bool,
    /// Bytes were read at all.
    pub any: bool,
}

impl<R: Read> Scanner<R> {
    /// Begins at line 1.
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; 1 << 20],
            at: 0,
            filled: 0,
            delimiter: b',',
            line: 1,
            after_cr: false,
            final_newline: true,
            open_quote: None,
            ended: false,
            any: false,
        }
    }

    /// Sets the delimiter of the records to come.
    pub const fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// The bytes that lie ready, for a look at what the source is; nothing is consumed.
    ///
    /// # Errors
    /// The source's.
    pub fn peek(&mut self) -> Result<&[u8]> {
        self.fill()?;
        Ok(self.buffer.get(self.at..self.filled).unwrap_or_default())
    }

    fn fill(&mut self) -> Result<bool> {
        if self.at < self.filled {
            return Ok(true);
        }
        if self.ended {
            return Ok(false);
        }
        self.at = 0;
        self.filled = self.source.read(&mut self.buffer)?;
        self.ended = self.filled == 0;
        self.any |= self.filled > 0;
        Ok(!self.ended)
    }

    /// Reads the next record; false at the end.
    ///
    /// # Errors
    /// The source's.
    pub fn next(&mut self, record: &mut Record) -> Result<bool> {
        if self.after_cr {
            self.after_cr = false;
            if self.fill()? && self.buffer.get(self.at) == Some(&b'\n') {
                self.at += 1;
            }
        }
        if !self.fill()? {
            return Ok(false);
        }
        record.clear(self.line);
        let mut state = State::Begin;
        let mut quote_line = self.line;
        let mut quoted_cells = 0;
        let mut last_quoted = false;
        while self.fill()? {
            let chunk = self.buffer.get(self.at..self.filled).unwrap_or_default();
            match state {
                State::Begin => {
                    if chunk.first() == Some(&b'"') {
                        state = State::Quoted;
                        quote_line = self.line;
                        record.quoted = true;
                        quoted_cells += 1;
                        last_quoted = true;
                        self.at += 1;
                        continue;
                    }
                    last_quoted = false;
                    state = State::Plain;
                }
                State::Plain | State::Stray => {
                    let delimiter = self.delimiter;
                    let stop = chunk.iter().position(|b| *b == delimiter || *b == b'\n' || *b == b'\r');
                    let text = chunk.get(..stop.unwrap_or(chunk.len())).unwrap_or_default();
                    record.push(text);
                    self.at += text.len();
                    let Some(stop) = stop.and_then(|at| chunk.get(at).copied()) else { continue };
                    self.at += 1;
                    record.ends.push(record.bytes.len());
                    if stop == delimiter {
                        state = State::Begin;
                        if record.ends.len() > 100_000 {
                            record.damage(Damage::TooLong);
                            record.ends.pop();
                        }
                        continue;
                    }
                    return Ok(self.finish_line(record, stop, quoted_cells, last_quoted));
                }
                State::Quoted => {
                    let stop = chunk.iter().position(|b| matches!(b, b'"' | b'\n' | b'\r'));
                    let text = chunk.get(..stop.unwrap_or(chunk.len())).unwrap_or_default();
                    record.push(text);
                    self.at += text.len();
                    let Some(stop) = stop.and_then(|at| chunk.get(at).copied()) else { continue };
                    self.at += 1;
                    if stop == b'"' {
                        state = State::Quote;
                        continue;
                    }
                    record.push(&[stop]);
                    record.damage(Damage::LineBreak);
                    self.count_break(stop)?;
                }
                State::Quote => match chunk.first() {
                    Some(b'"') => {
                        record.push(b"\"");
                        self.at += 1;
                        state = State::Quoted;
                    }
                    Some(b) if *b == self.delimiter || matches!(b, b'\n' | b'\r') => state = State::Plain,
                    _ => {
                        record.damage(Damage::TextAfterQuote);
                        state = State::Stray;
                    }
                },
            }
        }
        // The source ends inside a record.
        if state == State::Quoted {
            self.open_quote = Some(quote_line);
        }
        record.ends.push(record.bytes.len());
        record.last_quoted_only = quoted_cells == 1 && last_quoted && record.len() > 1;
        self.final_newline = false;
        Ok(true)
    }

    fn finish_line(&mut self, record: &mut Record, stop: u8, quoted_cells: usize, last_quoted: bool) -> bool {
        self.line += 1;
        self.after_cr = stop == b'\r';
        self.final_newline = true;
        record.last_quoted_only = quoted_cells == 1 && last_quoted && record.len() > 1;
        true
    }

    /// A line break inside quotes counts; CR LF counts once.
    fn count_break(&mut self, stop: u8) -> Result<()> {
        self.line += 1;
        if stop == b'\r' && self.fill()? && self.buffer.get(self.at) == Some(&b'\n') {
            self.at += 1;
        }
        Ok(())
    }
}
