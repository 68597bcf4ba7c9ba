//! From bytes to UTF-8: a byte-order mark decides, else UTF-8, else Windows-1252 by a narrow rule
//! (`templates.md` section 2.1, item 1).

use std::io::{Read, Result, Seek, SeekFrom};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::scan::BUFFER;

/// What the bytes of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8, after this many bytes of marks; single lines may be damaged.
    Utf8 {
        mark: u64,
    },
    Utf16Le,
    Utf16Be,
    /// The whole file, with a warning.
    Windows1252,
}

/// Looks at the whole source once, in bounded memory, and rewinds it. `head` is its beginning.
///
/// # Errors
/// When the source cannot be read.
pub fn detect<R: Read + Seek>(source: &mut R, head: &[u8]) -> Result<Charset> {
    const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
    match head {
        [0xFF, 0xFE, ..] => return Ok(Charset::Utf16Le),
        [0xFE, 0xFF, ..] => return Ok(Charset::Utf16Be),
        _ => {}
    }
    // Tools that put a mark before a text that has one already leave several.
    let marks = head.chunks(MARK.len()).take_while(|part| *part == MARK).count();
    if marks > 0 {
        return Ok(Charset::Utf8 { mark: (marks * MARK.len()) as u64 });
    }
    let windows = is_windows_1252(source)?;
    source.seek(SeekFrom::Start(0))?;
    Ok(if windows { Charset::Windows1252 } else { Charset::Utf8 { mark: 0 } })
}

/// What the bytes of a file without a mark tell.
#[derive(Debug, Default)]
struct Survey {
    /// A valid multi-byte UTF-8 sequence: the file is UTF-8, if damaged.
    valid: bool,
    /// A bad byte that is no letter of Windows-1252.
    stranger: bool,
    /// Lines with bad bytes.
    bad_lines: u64,
    /// The line that is being read has bad bytes.
    bad: bool,
}

fn is_windows_1252<R: Read>(source: &mut R) -> Result<bool> {
    let mut buffer = vec![0; BUFFER];
    let mut kept = 0;
    let mut survey = Survey::default();
    while !survey.valid && !survey.stranger {
        let more = match source.read(buffer.get_mut(kept..).unwrap_or_default()) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if more == 0 {
            survey.bad(buffer.get(..kept).unwrap_or_default());
            survey.good(b"\n");
            break;
        }
        let filled = kept + more;
        kept = survey.take(buffer.get(..filled).unwrap_or_default());
        buffer.copy_within(filled - kept..filled, 0);
    }
    Ok(!survey.valid && !survey.stranger && survey.bad_lines >= 3)
}

impl Survey {
    /// Looks at bytes; gives the length of the unfinished character at their end.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.good(text.as_bytes());
                    return 0;
                }
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    self.good(good);
                    let Some(length) = error.error_len() else { return bad.len() };
                    let (bad, after) = bad.split_at(length);
                    self.bad(bad);
                    rest = after;
                }
            }
        }
    }

    fn good(&mut self, text: &[u8]) {
        self.valid |= !text.is_ascii();
        if self.bad && text.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            self.bad_lines += 1;
            self.bad = false;
        }
    }

    fn bad(&mut self, bytes: &[u8]) {
        self.bad |= !bytes.is_empty();
        self.stranger |= !bytes.iter().all(|byte| is_letter(*byte));
    }
}

/// Letters of Windows-1252 above ASCII.
const fn is_letter(byte: u8) -> bool {
    matches!(byte, 0x83 | 0x88 | 0x8A | 0x8C | 0x8E | 0x9A | 0x9C | 0x9E | 0x9F | 0xAA | 0xB5 | 0xBA)
        || matches!(byte, 0xC0..=0xD6 | 0xD8..=0xF6 | 0xF8..=0xFF)
}

/// Reads any charset as UTF-8.
///
/// What is not well formed comes out as bytes that are not UTF-8 either, so that the row it stands
/// in is rejected like any other that does not decode, and an unfinished character at the end as an
/// unfinished character.
pub struct Utf8Reader<R> {
    inner: R,
    /// `None`: the bytes are UTF-8 and pass unchanged.
    other: Option<Transcoder>,
}

/// What is needed to turn another charset into UTF-8.
struct Transcoder {
    decoder: Decoder,
    raw: Vec<u8>,
    raw_at: usize,
    raw_filled: usize,
    raw_ended: bool,
    text: Vec<u8>,
    text_at: usize,
    text_filled: usize,
    finished: bool,
}

impl<R: Read + Seek> Utf8Reader<R> {
    /// A reader that begins after the mark.
    ///
    /// # Errors
    /// When the source cannot be positioned.
    pub fn new(mut inner: R, charset: Charset) -> Result<Self> {
        let (mark, encoding) = match charset {
            Charset::Utf8 { mark } => (mark, None),
            Charset::Utf16Le => (2, Some(UTF_16LE)),
            Charset::Utf16Be => (2, Some(UTF_16BE)),
            Charset::Windows1252 => (0, Some(WINDOWS_1252)),
        };
        inner.seek(SeekFrom::Start(mark))?;
        Ok(Self { inner, other: encoding.map(Transcoder::new) })
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let Some(other) = &mut self.other else { return self.inner.read(out) };
        while other.text_at == other.text_filled {
            if other.finished {
                return Ok(0);
            }
            other.step(&mut self.inner)?;
        }
        let ready = other.text.get(other.text_at..other.text_filled).unwrap_or_default();
        let given = ready.len().min(out.len());
        for (into, byte) in out.iter_mut().zip(ready) {
            *into = *byte;
        }
        other.text_at += given;
        Ok(given)
    }
}

impl Transcoder {
    fn new(encoding: &'static Encoding) -> Self {
        Self {
            decoder: encoding.new_decoder_without_bom_handling(),
            raw: vec![0; 1 << 16],
            raw_at: 0,
            raw_filled: 0,
            raw_ended: false,
            text: vec![0; 1 << 16],
            text_at: 0,
            text_filled: 0,
            finished: false,
        }
    }

    /// Reads more bytes where needed and decodes what is there.
    fn step<R: Read>(&mut self, inner: &mut R) -> Result<()> {
        if self.raw_at == self.raw_filled && !self.raw_ended {
            self.raw_filled = inner.read(&mut self.raw)?;
            self.raw_at = 0;
            self.raw_ended = self.raw_filled == 0;
        }
        let source = self.raw.get(self.raw_at..self.raw_filled).unwrap_or_default();
        // The last byte is kept free for a malformed character.
        let room = self.text.len() - 1;
        let into = self.text.get_mut(..room).unwrap_or_default();
        let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(source, into, self.raw_ended);
        self.raw_at += read;
        self.text_at = 0;
        self.text_filled = written;
        match result {
            DecoderResult::Malformed(..) => {
                self.finished = self.raw_ended && self.raw_at == self.raw_filled;
                if let Some(byte) = self.text.get_mut(written) {
                    // The first byte of a character that never comes, or one that no character has.
                    *byte = if self.finished { 0xC3 } else { 0xFF };
                    self.text_filled += 1;
                }
            }
            DecoderResult::InputEmpty => self.finished = self.raw_ended,
            DecoderResult::OutputFull => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn charset(bytes: &[u8]) -> Charset {
        detect(&mut Cursor::new(bytes), bytes).unwrap()
    }

    fn read(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Utf8Reader::new(Cursor::new(bytes), charset(bytes)).unwrap().read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn letters_are_those_of_the_code_page() {
        for byte in 0x80..=u8::MAX {
            let (text, ..) = WINDOWS_1252.decode(std::slice::from_ref(&byte));
            assert_eq!(is_letter(byte), text.chars().all(char::is_alphabetic), "{byte:#x} {text}");
        }
    }

    #[test]
    fn three_bad_lines_of_letters_and_no_good_sequence_are_windows_1252() {
        let utf8 = Charset::Utf8 { mark: 0 };
        for (bytes, expected) in [
            (&b"a\xe9\nb\xf1\nc\xfc\n"[..], Charset::Windows1252),
            (b"a\xe9\rb\xf1\r\nc\xfc", Charset::Windows1252),
            (b"a\xe9\nb\xf1\n", utf8),               // two lines
            (b"a\xe9\xe9\xe9\nb\xf1\n", utf8),       // three bytes, two lines
            (b"a\xe9\nb\xf1\nc\xc3\xbc\n", utf8),    // a good sequence
            (b"a\xe9\nb\xf1\nc\xfc\nd\x92\n", utf8), // an apostrophe is no letter
            (b"abc\n", utf8),
            (b"", utf8),
            (b"\xef\xbb\xbfa\xe9\nb\xf1\nc\xfc\n", Charset::Utf8 { mark: 3 }), // a mark decides
            (b"\xef\xbb\xbf\xef\xbb\xbfa", Charset::Utf8 { mark: 6 }),
            (b"\xff\xfea\0", Charset::Utf16Le),
            (b"\xfe\xff\0a", Charset::Utf16Be),
        ] {
            assert_eq!(charset(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_character_over_two_reads_is_one_character() {
        let mut text = vec![b'x'; BUFFER - 1];
        text.extend_from_slice("é\né\né\n".as_bytes());
        assert_eq!(charset(&text), Charset::Utf8 { mark: 0 });
    }

    #[test]
    fn other_charsets_come_out_as_utf8() {
        assert_eq!(read(b"a\xe9\nb\xf1\nc\xfc\n"), "aé\nbñ\ncü\n".as_bytes());
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        assert_eq!(read(&wide("\u{feff}Zoë,😀\n")), "Zoë,😀\n".as_bytes());
    }

    #[test]
    fn half_characters_come_out_as_bytes_that_do_not_decode() {
        assert_eq!(read(b"\xff\xfea\0\x00\xdcb\0"), b"a\xffb"); // a surrogate alone
        assert_eq!(read(b"\xff\xfea\0b"), b"a\xc3"); // cut in the middle of a unit
        assert_eq!(read(b"\xff\xfea\0\x3d\xd8"), b"a\xc3"); // cut in the middle of a pair
    }
}
