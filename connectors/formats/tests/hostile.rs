//! Files that nobody should have made: endless lines, endless quotes, endless headers. They are made
//! up as they are read, and the peak of this process's memory shows what was kept of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what went wrong by panicking")]

use std::io::{Read, Result, Seek, SeekFrom};

use rosterd_formats::{AdmissionPolicy, OpenOptions, Table};

const HEADER: &[u8] = b"firstname,lastname,email,role,gradyear,status,idnumber\n";
const MIB: u64 = 1 << 20;

/// `head`, then `middle` again and again up to `length` bytes of it, then `tail`.
struct Endless {
    head: Vec<u8>,
    middle: Vec<u8>,
    length: u64,
    tail: Vec<u8>,
    at: u64,
}

impl Endless {
    fn new(head: &[&[u8]], middle: &[u8], length: u64, tail: &[u8]) -> Self {
        // A large stretch of the middle, so that making it up costs little.
        let stretch = middle.repeat((64 << 10) / middle.len());
        let length = length / middle.len() as u64 * middle.len() as u64;
        Self { head: head.concat(), middle: stretch, length, tail: tail.to_vec(), at: 0 }
    }

    /// The bytes that stand at the place reached, as far as they lie together.
    fn here(&self) -> &[u8] {
        let middle = self.head.len() as u64;
        let tail = middle + self.length;
        if self.at < middle {
            return &self.head[usize::try_from(self.at).unwrap()..];
        }
        if self.at < tail {
            let from = usize::try_from((self.at - middle) % self.middle.len() as u64).unwrap();
            let here = &self.middle[from..];
            let left = usize::try_from(tail - self.at).unwrap_or(usize::MAX);
            return &here[..here.len().min(left)];
        }
        self.tail.get(usize::try_from(self.at - tail).unwrap()..).unwrap_or_default()
    }
}

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let here = self.here();
        let taken = here.len().min(into.len());
        into[..taken].copy_from_slice(&here[..taken]);
        self.at += taken as u64;
        Ok(taken)
    }
}

impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        match to {
            SeekFrom::Start(at) => self.at = at,
            other => panic!("nobody needs {other:?}"),
        }
        Ok(self.at)
    }
}

/// Peak of the memory this process ever had resident.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Lines and codes of the rows that did not go in, how many went in, and how many lines were passed
/// over.
type Outcome = (Vec<(u64, Box<str>)>, u64, u64);

/// What became of a file, or why it was refused.
fn read(source: Endless) -> std::result::Result<Outcome, &'static str> {
    let mut table =
        Table::open(source, &OpenOptions { format: None, name: "people.csv" }).map_err(|error| error.code())?;
    let (format, headers) = (table.format(), table.headers().to_vec());
    let (mut rejected, mut valid) = (Vec::new(), 0);
    while let Some(row) = table.next().map_err(|error| error.code())? {
        match format.admit(row, &headers, &AdmissionPolicy::default()).result {
            Ok(_) => valid += 1,
            Err(reason) => rejected.push((row.line(), reason.code)),
        }
    }
    Ok((rejected, valid, table.ignored_lines()))
}

const ROW: &[u8] = b"Ola,Berg,ola.berg@springfield.example.org,student,2029,1,0048812\n";

#[test]
fn nothing_is_kept_because_a_sender_made_it_long() {
    let before = peak();

    // A line of 1 GiB without a line end anywhere, and one between good rows.
    let (rejected, valid, _) = read(Endless::new(&[HEADER, ROW], b"x", 1024 * MIB, b"")).unwrap();
    assert_eq!((rejected, valid), (vec![(3, "field-too-long".into())], 1));
    let tail = [b"\n", ROW].concat();
    let (rejected, valid, _) = read(Endless::new(&[HEADER, ROW], b"x,\"y\" ,", 16 * MIB, &tail)).unwrap();
    assert_eq!((rejected, valid), (vec![(3, "line-too-long".into())], 2));

    // A quote that never closes, with line breaks in it.
    let (rejected, valid, _) = read(Endless::new(&[HEADER, ROW, b"\""], b"some text\r\n", 64 * MIB, b"")).unwrap();
    assert_eq!((rejected.len(), rejected[0].0, valid), (1, 3, 1));
    // Doubled quotes only.
    let (rejected, ..) = read(Endless::new(&[HEADER, ROW, b"\""], b"\"\"", 8 * MIB, b"")).unwrap();
    assert_eq!(rejected.len(), 1);

    // Headers without an end.
    assert_eq!(read(Endless::new(&[], b"x", 256 * MIB, b"")).unwrap_err(), "line-too-long");
    let columns = b"firstname,lastname,email,role,status";
    assert_eq!(read(Endless::new(&[columns], b",c", 20_000, b"\n")).unwrap_err(), "too-many-columns");

    // Blank lines: 4 million empty ones, and as many bytes of delimiters.
    let (rejected, valid, ignored) = read(Endless::new(&[HEADER], b"\n", 4_000_000, ROW)).unwrap();
    assert_eq!((rejected.len(), valid, ignored), (0, 1, 4_000_000));
    let (rejected, valid, ignored) = read(Endless::new(&[HEADER], b" , ,,\r\n", 7_000_000, ROW)).unwrap();
    assert_eq!((rejected.len(), valid, ignored), (0, 1, 1_000_000));

    // Nothing but carriage returns.
    assert_eq!(read(Endless::new(&[], b"\r", 4_000_000, b"")).unwrap_err(), "empty");

    let grown = peak() - before;
    assert!(grown < 32 * MIB, "{} MiB were kept", grown / MIB);
}
