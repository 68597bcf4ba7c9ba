//! What a sender makes of the town: files, whole or split, with everything that goes wrong on the way.

use super::chance::Chance;
use super::town::{Human, PARTS, Town};
use crate::support::{HEADER, Row};

/// How a district sends its people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One file with everybody.
    Whole,
    /// `students.csv` and `adults.csv`, each with its roles.
    ByRole,
    /// A file for every group of schools, roles mixed.
    ByPart,
}

impl Layout {
    pub const ALL: [Self; 3] = [Self::Whole, Self::ByRole, Self::ByPart];

    /// Names of the files.
    pub fn names(self) -> Vec<String> {
        match self {
            Self::Whole => vec!["roster.csv".into()],
            Self::ByRole => vec!["students.csv".into(), "adults.csv".into()],
            Self::ByPart => (0..PARTS).map(|part| format!("part{part}.csv")).collect(),
        }
    }

    /// The place in `names` where a human stands.
    pub fn place(self, human: &Human) -> usize {
        match self {
            Self::Whole => 0,
            Self::ByRole => usize::from(human.row.role != "student"),
            Self::ByPart => human.part,
        }
    }
}

/// One line of a file; `line` as an editor shows it.
#[derive(Clone, Debug)]
pub struct Line {
    pub line: u64,
    pub row: Row,
    /// Something was done to its bytes, which now read like this: what `row` says is only what the sender meant.
    pub broken: Option<String>,
}

/// One file on its way.
#[derive(Clone, Debug)]
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
    pub lines: Vec<Line>,
    /// Every line is whole, so that rows can be counted.
    pub countable: bool,
    pub is_patch: bool,
}

/// The town as files, nothing wrong with them.
pub fn files(town: &Town, layout: Layout) -> Vec<File> {
    let names = layout.names();
    names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let rows = town.people.values().filter(|human| layout.place(human) == at).map(|human| human.row.clone());
            file(name, rows.collect())
        })
        .collect()
}

/// A file of these rows, in this order.
pub fn file(name: &str, rows: Vec<Row>) -> File {
    let lines = rows.into_iter().enumerate().map(|(at, row)| Line { line: at as u64 + 2, row, broken: None });
    let mut file =
        File { name: name.into(), bytes: Vec::new(), lines: lines.collect(), countable: true, is_patch: false };
    file.write();
    file
}

impl File {
    fn write(&mut self) {
        self.bytes = format!("{}\n", HEADER.join(",")).into_bytes();
        for (at, line) in self.lines.iter_mut().enumerate() {
            line.line = at as u64 + 2;
            self.bytes.extend_from_slice(csv_line(&cells(&line.row)).as_bytes());
        }
    }

    pub fn rows(&self) -> Vec<Row> {
        self.lines.iter().map(|line| line.row.clone()).collect()
    }

    /// The same rows, byte by byte, in another order; the last one stays, since where a file ends says whether it is cut
    /// (D12).
    pub fn shuffled(&self, chance: &mut Chance) -> Self {
        assert!(self.countable, "a file that ends inside a line has no other order");
        let text: Vec<&[u8]> = self.bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let mut lines: Vec<(&[u8], Line)> = text[1..].iter().copied().zip(self.lines.iter().cloned()).collect();
        let all = lines.len().saturating_sub(1);
        chance.shuffle(&mut lines[..all]);
        let mut file = Self { bytes: text[0].to_vec(), lines: Vec::new(), ..self.clone() };
        for (at, (bytes, line)) in lines.into_iter().enumerate() {
            file.bytes.extend_from_slice(bytes);
            file.lines.push(Line { line: at as u64 + 2, ..line });
        }
        file
    }

    /// Only the rows that are wanted.
    pub fn only(&self, wanted: impl FnMut(&Row) -> bool) -> Self {
        let mut rows = self.rows();
        let mut wanted = wanted;
        rows.retain(|row| wanted(row));
        file(&self.name, rows)
    }
}

pub fn cells(row: &Row) -> [String; 7] {
    [&row.firstname, &row.lastname, &row.email, &row.role, &row.gradyear, &row.status, &row.idnumber].map(Clone::clone)
}

fn csv_line(cells: &[String]) -> String {
    let quoted = |cell: &String| {
        if cell.contains([',', '"', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
    };
    format!("{}\n", cells.iter().map(quoted).collect::<Vec<_>>().join(","))
}

/// Spoils every other file.
pub fn spoil_some(files: &mut [File], chance: &mut Chance) {
    for file in files {
        if chance.percent(50) {
            spoil(file, chance);
        }
    }
}

/// Things that go wrong with the rows of a file: some ordinary, some not.
pub fn spoil(file: &mut File, chance: &mut Chance) {
    let mut rows = file.rows();
    for _ in 0..chance.below(4) {
        if rows.is_empty() {
            break;
        }
        let at = chance.below(rows.len());
        let row = rows[at].clone();
        match chance.below(9) {
            0 => rows.insert(chance.below(rows.len()), row),
            1 => rows.push(Row { lastname: "Conflict".into(), ..row }),
            2 => rows.push(Row { email: format!("second.{}", row.email), ..row }),
            3 => rows[at].status = (*chance.pick(&["0", "inactive"])).into(),
            4 => rows[at].role.clear(),
            5 => rows[at].gradyear = (*chance.pick(&["12", "0", "nul"])).into(),
            6 => rows[at].idnumber.clear(),
            7 => {
                rows.remove(at);
            }
            _ => {
                let other = chance.below(rows.len());
                rows[at].email = rows[other].email.clone();
            }
        }
    }
    if chance.percent(20) {
        chance.shuffle(&mut rows);
    }
    file.lines = rows.into_iter().map(|row| Line { line: 0, row, broken: None }).collect();
    file.write();
    for _ in 0..if chance.percent(50) { 1 + chance.below(3) } else { 0 } {
        damage(file, chance);
    }
}

/// Values that no cell may have, by the column (of seven) they are for.
const GARBAGE: [&[&str]; 7] = [
    &["", "a\u{1}b", "\u{202e}abc", "Jos\u{fffd}"],
    &["", "a\u{1}b", "\u{202e}abc", "Jos\u{fffd}"],
    &["", "no address", "a@b", "x@elsewhere.example.com", "a b@springfield.example.org", "#N/A"],
    &["wizard", "#N/A"],
    &["1.00E+07"],
    &["perhaps", "2", "#N/A"],
    &["1.00E+07", "#N/A", "12\u{200b}34", "0\u{1}1", ""],
];

/// Damages one line, in one or several cells or in its structure; its row is what the sender meant.
pub fn damage(file: &mut File, chance: &mut Chance) {
    if file.lines.is_empty() || file.bytes.is_empty() {
        return;
    }
    let at = chance.below(file.lines.len());
    let mut shown = cells(&file.lines[at].row);
    let text = match chance.below(8) {
        0 => {
            let mut text = csv_line(&shown);
            text.insert_str(text.len() - 1, ",one,too,many");
            text
        }
        1 => format!("{}\n", shown[..4].join(",")),
        2 => csv_line(&shown).replacen(',', "\" ,", 1).replacen(&shown[0], &format!("\"{}", shown[0]), 1),
        _ => {
            for _ in 0..1 + chance.below(3) {
                let column = chance.below(7);
                shown[column] = (*chance.pick(GARBAGE[column])).into();
            }
            csv_line(&shown)
        }
    };
    let mut lines: Vec<Vec<u8>> = file.bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    file.lines[at].broken = Some(text.clone());
    lines[at + 1] = text.into_bytes();
    file.bytes = lines.concat();
}

/// Cuts a file, at the end of a line or in the middle of one.
pub fn cut(file: &mut File, chance: &mut Chance) {
    let keep = file.lines.len() * (30 + chance.below(68)) / 100;
    let inside = chance.percent(40);
    let ends: Vec<usize> =
        file.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    let Some(end) = ends.get(keep) else { return };
    let more = if inside && keep < file.lines.len() { 1 + chance.below(12) } else { 0 };
    file.bytes.truncate(end + more);
    file.lines.truncate(keep);
    if more > 0 {
        file.countable = false;
    }
}
