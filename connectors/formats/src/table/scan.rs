//! Cuts UTF-8 bytes into records: exact line numbers, exact damages, bounded memory whatever a
//! sender does. CR, LF and CR LF each end a line; line breaks inside quotes are counted.

use std::io::{Read, Result};

use super::block::{WIDTH, marks};
use super::record::{Damage, Record};
use crate::limits::FIELD_LIMIT;

/// Bytes read at a time.
pub const BUFFER: usize = 1 << 20;

/// Where in a cell the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At its beginning.
    Begin,
    /// Inside, without quotes.
    Plain,
    /// Inside quotes.
    Quoted,
    /// Right after a quote inside quotes: the closing one, or half of a doubled one.
    Quote,
    /// After the closing quote and blanks.
    After,
    /// In text after the closing quote.
    Stray,
}

/// Cuts a source into records.
pub struct Scanner<R> {
    source: R,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    ended: bool,
    delimiter: u8,
    /// Line of the next byte.
    line: u64,
    /// The last byte was a carriage return: a line feed right after it belongs to it.
    after_cr: bool,
    /// The last record ended with a line end.
    pub final_newline: bool,
    /// Line on which a quote was opened that never closed.
    pub open_quote: Option<u64>,
}

impl<R: Read> Scanner<R> {
    /// Begins at line 1, reading up to `buffer` bytes at a time.
    pub fn new(source: R, buffer: usize) -> Self {
        Self {
            source,
            buffer: vec![0; buffer],
            at: 0,
            filled: 0,
            ended: false,
            delimiter: b',',
            line: 1,
            after_cr: false,
            final_newline: true,
            open_quote: None,
        }
    }

    /// Sets the delimiter of the records to come.
    pub const fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// The next bytes, `wanted` of them unless the source (or the buffer) ends before; nothing is
    /// consumed.
    ///
    /// # Errors
    /// The source's.
    pub fn peek(&mut self, wanted: usize) -> Result<&[u8]> {
        self.fill()?;
        while self.filled - self.at < wanted && !self.ended {
            let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
            if room.is_empty() {
                break;
            }
            let more = read(&mut self.source, room)?;
            self.filled += more;
            self.ended = more == 0;
        }
        Ok(self.buffer.get(self.at..self.filled).unwrap_or_default())
    }

    /// Makes sure that a byte lies ready; false at the end.
    fn fill(&mut self) -> Result<bool> {
        if self.at < self.filled {
            return Ok(true);
        }
        if self.ended {
            return Ok(false);
        }
        self.at = 0;
        self.filled = read(&mut self.source, &mut self.buffer)?;
        self.ended = self.filled == 0;
        Ok(!self.ended)
    }

    fn ready(&self) -> &[u8] {
        self.buffer.get(self.at..self.filled).unwrap_or_default()
    }

    /// Reads the next record; false at the end.
    ///
    /// # Errors
    /// The source's.
    pub fn next(&mut self, record: &mut Record) -> Result<bool> {
        if !self.fill()? {
            return Ok(false);
        }
        if std::mem::take(&mut self.after_cr) && self.ready().first() == Some(&b'\n') {
            self.at += 1;
            if !self.fill()? {
                return Ok(false);
            }
        }
        record.begin(self.line);
        if !self.take_plain_line(record) {
            record.begin(self.line);
            self.take_record(record)?;
        }
        Ok(true)
    }

    /// The fast path: a line that lies whole in the buffer, without quotes and nowhere near a limit.
    fn take_plain_line(&mut self, record: &mut Record) -> bool {
        let ready = self.buffer.get(self.at..self.filled).unwrap_or_default();
        if let Some(byte @ (b'\n' | b'\r')) = ready.first().copied() {
            record.push_end(0);
            record.take_line(&[], false);
            self.at += 1;
            self.end_line(byte);
            return true;
        }
        let mut cell = 0;
        let mut seen_odd = false;
        for (at, block) in ready.as_chunks::<WIDTH>().0.iter().enumerate() {
            let base = at * WIDTH;
            if base >= FIELD_LIMIT {
                return false;
            }
            let marks = marks(block, self.delimiter);
            // A delimiter may itself be a tab.
            let odd = marks.odd & !marks.special;
            let mut special = marks.special;
            while special != 0 {
                let place = special.trailing_zeros() as usize;
                special &= special - 1;
                let stop = base + place;
                match block.get(place).copied() {
                    Some(byte) if byte == self.delimiter => {
                        if !record.push_end(stop) {
                            return false;
                        }
                        cell = stop + 1;
                    }
                    // Inside a cell a quote is a letter like any other.
                    Some(b'"') if stop > cell => {}
                    Some(byte @ (b'\n' | b'\r')) => {
                        record.push_end(stop);
                        let before = odd & !(u64::MAX << place);
                        record.take_line(ready.get(..stop).unwrap_or_default(), seen_odd || before != 0);
                        self.at += stop + 1;
                        self.end_line(byte);
                        return true;
                    }
                    _ => return false,
                }
            }
            seen_odd |= odd != 0;
        }
        false
    }

    /// The slow path: any record, wherever the buffer ends.
    fn take_record(&mut self, record: &mut Record) -> Result<()> {
        let mut place = Place::Begin;
        let mut quote_line = self.line;
        while self.fill()? {
            match place {
                Place::Begin => {
                    place = if self.ready().first() == Some(&b'"') {
                        quote_line = self.line;
                        record.count(1);
                        self.at += 1;
                        Place::Quoted
                    } else {
                        Place::Plain
                    }
                }
                Place::Plain | Place::Stray => match self.take_text(record, [self.delimiter, b'\n', b'\r']) {
                    None => {}
                    Some(byte) if byte == self.delimiter => {
                        record.count(1);
                        record.end_cell(Some(byte));
                        place = Place::Begin;
                    }
                    Some(byte) => {
                        record.end_cell(None);
                        record.last_line = self.line;
                        self.end_line(byte);
                        return Ok(());
                    }
                },
                Place::Quoted => match self.take_text(record, [b'"', b'\n', b'\r']) {
                    None => {}
                    Some(b'"') => {
                        record.count(1);
                        place = Place::Quote;
                    }
                    Some(byte) => {
                        record.push(&[byte]);
                        record.damage(Damage::LineBreak, record.len());
                        self.count_break(byte)?;
                    }
                },
                Place::Quote | Place::After => place = self.after_quote(record, place),
            }
        }
        self.end_source(record, place == Place::Quoted, quote_line);
        Ok(())
    }

    /// Takes text up to one of the stops and steps over that; `None`: the buffer ended before.
    fn take_text(&mut self, record: &mut Record, stops: [u8; 3]) -> Option<u8> {
        let ready = self.buffer.get(self.at..self.filled).unwrap_or_default();
        let (text, rest) = ready.split_at(run(ready, stops));
        record.push(text);
        self.at += text.len() + usize::from(!rest.is_empty());
        rest.first().copied()
    }

    /// What the byte after a quote inside quotes makes of it.
    fn after_quote(&mut self, record: &mut Record, place: Place) -> Place {
        match self.ready().first() {
            Some(b'"') if place == Place::Quote => {
                record.push(b"\"");
                self.at += 1;
                Place::Quoted
            }
            Some(byte) if *byte == self.delimiter || matches!(byte, b'\n' | b'\r') => Place::Plain,
            Some(b' ' | b'\t') => {
                record.count(1);
                self.at += 1;
                Place::After
            }
            _ => {
                record.damage(Damage::TextAfterQuote, record.len());
                Place::Stray
            }
        }
    }

    fn end_source(&mut self, record: &mut Record, in_quotes: bool, quote_line: u64) {
        if in_quotes {
            record.damage(Damage::OpenQuote, record.len());
            self.open_quote = Some(quote_line);
        }
        record.end_cell(None);
        record.last_line = self.line;
        self.final_newline = false;
    }

    const fn end_line(&mut self, byte: u8) {
        self.line += 1;
        self.after_cr = byte == b'\r';
        self.final_newline = true;
    }

    /// A line break inside quotes counts; CR LF counts once.
    fn count_break(&mut self, byte: u8) -> Result<()> {
        self.line += 1;
        if byte == b'\r' && self.fill()? && self.ready().first() == Some(&b'\n') {
            self.at += 1;
        }
        Ok(())
    }
}

/// Length of the text before the first stop.
fn run(text: &[u8], stops: [u8; 3]) -> usize {
    /// Most cells end within this.
    const NEAR: usize = 256;
    /// Beyond it whole stretches are looked through at once: somebody sent something long.
    const STRETCH: usize = 4096;
    let find = |part: &[u8]| part.iter().position(|byte| stops.contains(byte));
    let (near, far) = text.split_at(text.len().min(NEAR));
    if let Some(at) = find(near) {
        return at;
    }
    let clear = far.chunks(STRETCH).take_while(|part| !stops.iter().any(|stop| part.contains(stop)));
    let skipped = near.len() + clear.map(<[u8]>::len).sum::<usize>();
    skipped + text.get(skipped..).and_then(find).unwrap_or(text.len() - skipped)
}

/// Reads, again where a signal came between.
fn read(source: &mut impl Read, into: &mut [u8]) -> Result<usize> {
    loop {
        match source.read(into) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
