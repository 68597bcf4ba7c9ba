//! How fast rows are cut and hashed: the part that a night without changes costs.
//!
//!     cargo run --release -p rosterd-formats --example read [ROWS] [FILE]
//!
//! Makes up a file of ROWS rows (one million) in memory, or reads FILE, five times each way, and
//! prints the best. Counts processor time where the system tells it, so that a busy machine gives the
//! same numbers.

use std::io::Cursor;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rosterd_formats::{AdmissionPolicy, OpenOptions, Table, TableError};

const ROUNDS: usize = 5;

type Source<'a> = Cursor<&'a [u8]>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let rows = arguments.next().map_or(Ok(1_000_000), |rows| rows.parse())?;
    let bytes = match arguments.next() {
        Some(file) => std::fs::read(file)?,
        None => make(rows),
    };
    println!("{} MiB", bytes.len() >> 20);
    measure("next", &bytes, |table| walk(table, |_| 0))?;
    measure("next, fingerprint", &bytes, |table| walk(table, |row| u64::from(row.fingerprint(7)[0])))?;
    measure("next, fingerprint, number and e-mail hash", &bytes, |table| {
        walk(table, |row| {
            let keys = row.number_hash().unwrap_or_default() ^ row.email_hash().unwrap_or_default();
            keys ^ u64::from(row.fingerprint(7)[0])
        })
    })?;
    measure("next, admit", &bytes, admit)?;
    Ok(())
}

/// Students and a few teachers, the way an export looks.
fn make(rows: u64) -> Vec<u8> {
    let mut bytes = b"firstname,lastname,email,role,gradyear,status,idnumber\n".to_vec();
    for n in 0..rows {
        let (given, family) = (["Ola", "Mariann", "Per", "Zo\u{eb}"], ["Berg", "Lund-Nilsen", "Moe"]);
        let given = given.get((n % 4) as usize).copied().unwrap_or_default();
        let family = family.get((n % 3) as usize).copied().unwrap_or_default();
        let row = if n % 20 == 0 {
            format!("{given},{family},t.{family}{n}@springfield.example.org,teacher,,Active,\n")
        } else {
            format!("{given},{family},p{n}@springfield.example.org,student,{},1,{n:07}\n", 2027 + n % 12)
        };
        bytes.extend_from_slice(row.as_bytes());
    }
    bytes
}

/// Calls `each` for every row; gives how many there were.
fn walk(mut table: Table<Source<'_>>, each: impl Fn(&rosterd_formats::Row) -> u64) -> Result<u64, TableError> {
    let (mut rows, mut sum) = (0, 0_u64);
    while let Some(row) = table.next()? {
        sum = sum.wrapping_add(each(row));
        rows += 1;
    }
    std::hint::black_box(sum);
    Ok(rows)
}

fn admit(mut table: Table<Source<'_>>) -> Result<u64, TableError> {
    let (format, headers) = (table.format(), table.headers().to_vec());
    let policy =
        AdmissionPolicy { email_domains: vec!["springfield.example.org".to_owned()], ..AdmissionPolicy::default() };
    let mut rows = 0;
    while let Some(row) = table.next()? {
        std::hint::black_box(format.admit(row, &headers, &policy));
        rows += 1;
    }
    Ok(rows)
}

/// Processor time of this process; the time of day where there is no such file.
fn used() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let used = text.split_whitespace().next().and_then(|used| used.parse().ok());
    used.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

fn measure(
    what: &str,
    bytes: &[u8],
    work: impl Fn(Table<Source<'_>>) -> Result<u64, TableError>,
) -> Result<(), TableError> {
    let (mut best, mut rows) = (Duration::MAX, 0);
    for _ in 0..ROUNDS {
        let before = used();
        rows = work(Table::open(Cursor::new(bytes), &OpenOptions { format: None, name: "people.csv" })?)?;
        best = best.min(used().saturating_sub(before));
    }
    let a_second = rows as f64 / best.as_secs_f64() / 1e6;
    let mib = bytes.len() as f64 / best.as_secs_f64() / f64::from(1 << 20);
    println!("{what:<44} {best:>10.1?}  {a_second:>8.2} million rows/s  {mib:>7.0} MiB/s");
    Ok(())
}
