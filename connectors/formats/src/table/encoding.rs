//! From bytes to UTF-8: a byte-order mark decides, else UTF-8, else Windows-1252 by a narrow rule.

use std::io::{Read, Result, Seek, SeekFrom};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8, after this many bytes of mark; single lines may be damaged.
    Utf8 {
        mark: u64,
    },
    Utf16Le,
    Utf16Be,
    /// The whole file, with a warning.
    Windows1252,
}

/// Looks at the whole source once (bounded memory) and rewinds it.
///
/// # Errors
/// When the source cannot be read.
pub fn detect<R: Read + Seek>(source: &mut R) -> Result<Charset> {
    let mut head = [0; 3];
    let mut filled = 0;
    while filled < head.len() {
        let n = source.read(head.get_mut(filled..).unwrap_or_default())?;
        if n == 0 {
            break;
        }
        filled += n;
    }
    source.seek(SeekFrom::Start(0))?;
    match head.get(..filled) {
        Some([0xEF, 0xBB, 0xBF]) => return Ok(Charset::Utf8 { mark: 3 }),
        Some([0xFF, 0xFE, ..]) => return Ok(Charset::Utf16Le),
        Some([0xFE, 0xFF, ..]) => return Ok(Charset::Utf16Be),
        _ => {}
    }
    let windows = is_windows_1252(source)?;
    source.seek(SeekFrom::Start(0))?;
    Ok(if windows { Charset::Windows1252 } else { Charset::Utf8 { mark: 0 } })
}

/// What the lines say: `templates.md` section 2.1, item 1.
#[derive(Debug, Default)]
struct Lines {
    /// A line holds a valid multi-byte UTF-8 sequence: the file is UTF-8 with damage.
    valid: bool,
    /// Lines that hold bad bytes.
    bad: u64,
    /// A bad byte is no Windows-1252 letter.
    stranger: bool,
}

fn is_windows_1252<R: Read>(source: &mut R) -> Result<bool> {
    let mut buffer = vec![0; 1 << 20];
    let mut lines = Lines::default();
    let mut line: Vec<u8> = Vec::new();
    let mut clean = true;
    loop {
        let n = source.read(&mut buffer)?;
        let chunk = buffer.get(..n).unwrap_or_default();
        if n == 0 {
            judge_line(&line, &mut lines);
            break;
        }
        if line.is_empty() && chunk.is_ascii() {
            continue;
        }
        clean = clean && chunk.is_ascii();
        for part in chunk.split_inclusive(|b| matches!(b, b'\n' | b'\r')) {
            if line.len() < 1 << 20 {
                line.extend_from_slice(part);
            }
            if part.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
                judge_line(&line, &mut lines);
                line.clear();
            }
        }
    }
    Ok(!clean && !lines.valid && lines.bad >= 3 && !lines.stranger)
}

fn judge_line(line: &[u8], lines: &mut Lines) {
    if line.is_ascii() {
        return;
    }
    let mut is_bad = false;
    for part in line.utf8_chunks() {
        lines.valid |= !part.valid().is_ascii();
        is_bad |= !part.invalid().is_empty();
        lines.stranger |= part.invalid().iter().any(|b| !is_letter(*b));
    }
    lines.bad += u64::from(is_bad);
}

/// Letters of Windows-1252 above ASCII.
const fn is_letter(byte: u8) -> bool {
    matches!(byte, 0x8A | 0x8C | 0x8E | 0x9A | 0x9C | 0x9E | 0x9F | 0xC0..=0xD6 | 0xD8..=0xF6 | 0xF8..=0xFF)
}

/// Reads any charset as UTF-8.
pub struct Utf8Reader<R> {
    inner: R,
    /// `None`: the bytes are UTF-8 and pass unchanged.
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    at: usize,
    filled: usize,
    ended: bool,
}

impl<R: Read + Seek> Utf8Reader<R> {
    /// A reader that begins after the mark.
    ///
    /// # Errors
    /// When the source cannot be positioned.
    pub fn new(mut inner: R, charset: Charset) -> Result<Self> {
        let (mark, encoding): (u64, &'static Encoding) = match charset {
            Charset::Utf8 { mark } => (mark, UTF_8),
            Charset::Utf16Le => (2, UTF_16LE),
            Charset::Utf16Be => (2, UTF_16BE),
            Charset::Windows1252 => (0, WINDOWS_1252),
        };
        inner.seek(SeekFrom::Start(mark))?;
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling());
        let raw = if decoder.is_some() { vec![0; 1 << 16] } else { Vec::new() };
        Ok(Self { inner, decoder, raw, at: 0, filled: 0, ended: false })
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let Some(decoder) = &mut self.decoder else { return self.inner.read(out) };
        loop {
            if self.at == self.filled && !self.ended {
                self.filled = self.inner.read(&mut self.raw)?;
                self.at = 0;
                self.ended = self.filled == 0;
            }
            let source = self.raw.get(self.at..self.filled).unwrap_or_default();
            let (result, read, written, _) = decoder.decode_to_utf8(source, out, self.ended);
            self.at += read;
            if written > 0 || (self.ended && result == CoderResult::InputEmpty) {
                return Ok(written);
            }
        }
    }
}
