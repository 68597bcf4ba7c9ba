//! Invented people in the seven columns of the Securly Pass file.
//!
//! No two people share a given name, a family name, an address or a number, and no name contains another of its kind, so
//! that a story sees exactly the coincidences it makes itself.

/// The seven columns, as published.
pub const HEADER: [&str; 7] = ["firstname", "lastname", "email", "role", "gradyear", "status", "idnumber"];

const CONSONANTS: [char; 15] = ['b', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v'];
const VOWELS: [char; 5] = ['a', 'e', 'i', 'o', 'u'];

/// One line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub firstname: String,
    pub lastname: String,
    pub email: String,
    pub role: String,
    pub gradyear: String,
    pub status: String,
    pub idnumber: String,
}

impl Row {
    fn invent(number: usize, role: &str, gradyear: &str) -> Self {
        let firstname = name(number, 3, 7_919);
        let lastname = name(number, 4, 104_729);
        let email = format!("{}.{}@springfield.example.org", firstname.to_lowercase(), lastname.to_lowercase());
        Self {
            firstname,
            lastname,
            email,
            role: role.into(),
            gradyear: gradyear.into(),
            status: "1".into(),
            idnumber: format!("{number:06}"),
        }
    }

    /// The same line with another value in one column.
    pub fn with(mut self, column: &str, value: &str) -> Self {
        *self.cell(column) = value.into();
        self
    }

    fn cell(&mut self, column: &str) -> &mut String {
        match column {
            "firstname" => &mut self.firstname,
            "lastname" => &mut self.lastname,
            "email" => &mut self.email,
            "role" => &mut self.role,
            "gradyear" => &mut self.gradyear,
            "status" => &mut self.status,
            "idnumber" => &mut self.idnumber,
            other => panic!("no column `{other}` in a Securly Pass file"),
        }
    }

    fn cells(&self) -> [&str; 7] {
        [&self.firstname, &self.lastname, &self.email, &self.role, &self.gradyear, &self.status, &self.idnumber]
    }
}

/// `number` written in syllables; multiplying by a prime first keeps neighbours from looking alike.
fn name(number: usize, syllables: u32, prime: usize) -> String {
    let base = CONSONANTS.len() * VOWELS.len();
    let mut rest = (number + 1) * prime % base.pow(syllables);
    let mut out = String::new();
    for _ in 0..syllables {
        let syllable = rest % base;
        rest /= base;
        out.push(CONSONANTS[syllable / VOWELS.len()]);
        out.push(VOWELS[syllable % VOWELS.len()]);
    }
    out[..1].to_uppercase() + &out[1..]
}

/// Student `i`; the grade years go round from 2027 to 2032.
pub fn student(i: usize) -> Row {
    Row::invent(i, "student", &(2027 + i % 6).to_string())
}

pub fn teacher(i: usize) -> Row {
    Row::invent(50_000 + i, "teacher", "")
}

pub fn staff(i: usize) -> Row {
    Row::invent(60_000 + i, "staff", "")
}

pub fn admin(i: usize) -> Row {
    Row::invent(70_000 + i, "admin", "")
}

/// `count` positions spread over a file of `of` rows, never neighbours where there is room and never the last two rows:
/// ordinary leavers, who look like no cut (G16).
pub fn spread(count: usize, of: usize) -> Vec<usize> {
    (0..count).map(|k| k * (of - 2) / count).collect()
}

/// The rows of one file, in order.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    pub rows: Vec<Row>,
}

impl Roster {
    /// Students 0 to `n` - 1.
    pub fn students(n: usize) -> Self {
        Self { rows: (0..n).map(student).collect() }
    }

    /// Students first, teachers after them.
    pub fn school(students: usize, teachers: usize) -> Self {
        Self::students(students).and((0..teachers).map(teacher))
    }

    /// More rows at the end.
    pub fn and(mut self, rows: impl IntoIterator<Item = Row>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// All but the rows at these positions (from 0).
    pub fn without(&self, positions: &[usize]) -> Self {
        let kept = self.rows.iter().enumerate().filter(|(at, _)| !positions.contains(at));
        Self { rows: kept.map(|(_, row)| row.clone()).collect() }
    }

    /// One cell changed, in the row at a position (from 0).
    pub fn set(mut self, position: usize, column: &str, value: &str) -> Self {
        *self.rows[position].cell(column) = value.into();
        self
    }

    /// One cell changed in several rows; the new value is made from the row's position and the old row.
    pub fn set_all(mut self, positions: &[usize], column: &str, value: impl Fn(usize, &Row) -> String) -> Self {
        for &at in positions {
            let new = value(at, &self.rows[at]);
            *self.rows[at].cell(column) = new;
        }
        self
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The file, with a header and LF line ends.
    pub fn csv(&self) -> Vec<u8> {
        self.csv_with(&HEADER)
    }

    /// The file under another spelling of the header.
    pub fn csv_with(&self, header: &[&str]) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(header).unwrap();
        for row in &self.rows {
            writer.write_record(row.cells()).unwrap();
        }
        writer.into_inner().unwrap()
    }
}

#[test]
fn invented_people_share_nothing() {
    let everybody: Vec<Row> =
        (0..600).map(student).chain((0..60).flat_map(|i| [teacher(i), staff(i), admin(i)])).collect();
    let distinct = |cell: fn(&Row) -> &str| {
        everybody.iter().map(cell).collect::<std::collections::BTreeSet<_>>().len() == everybody.len()
    };
    assert!(distinct(|row| &row.firstname) && distinct(|row| &row.lastname));
    assert!(distinct(|row| &row.email) && distinct(|row| &row.idnumber));
}
