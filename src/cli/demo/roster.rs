//! A made-up district: the same seed gives the same people.

/// One row of the made-up file.
#[derive(Debug, Clone)]
pub struct Row {
    pub given: String,
    pub family: String,
    pub email: String,
    pub role: &'static str,
    pub year: String,
    pub number: String,
}

const GIVEN: &[&str] = &[
    "Ada", "Ben", "Chloé", "Dario", "Elif", "Finn", "Grace", "Hana", "Iker", "Jonas", "Kaya", "Lena", "Mateo", "Nia",
    "Ola", "Priya", "Quinn", "Rosa", "Siobhán", "Tomás", "Uma", "Viktor", "Wren", "Ximena", "Yusuf", "Zoe",
];
const FAMILY: &[&str] = &[
    "Abara",
    "Berg-Nilsen",
    "Castillo",
    "Dvořák",
    "Eriksen",
    "Fofanah",
    "García López",
    "Hughes",
    "Ibáñez",
    "Jansen",
    "Kowalczyk",
    "Larsen",
    "Müller",
    "Nguyen",
    "O'Dowd",
    "Petrov",
    "Qureshi",
    "Rossi",
    "Schröder",
    "Tanaka",
    "Underwood",
    "Varga",
    "Wójcik",
    "Yılmaz",
    "Zhang",
];

/// Chance from a seed (splitmix64): small, and the same everywhere.
pub struct Chance(u64);

impl Chance {
    /// A sequence for a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `n`.
    pub const fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// The n-th made-up person.
pub fn row(chance: &mut Chance, n: usize, role: &'static str) -> Row {
    let given = GIVEN.get(chance.below(GIVEN.len())).copied().unwrap_or("Ada");
    let family = FAMILY.get(chance.below(FAMILY.len())).copied().unwrap_or("Abara");
    let year = if role == "student" { (2027 + chance.below(12)).to_string() } else { String::new() };
    Row {
        email: format!("{role}{n:04}@harbor.example.org"),
        given: given.to_owned(),
        family: family.to_owned(),
        role,
        year,
        number: format!("{:07}", 10_007 + n * 13),
    }
}

/// The district of the first night.
pub fn district(chance: &mut Chance) -> Vec<Row> {
    let roles = std::iter::repeat_n("student", 2400)
        .chain(std::iter::repeat_n("teacher", 160))
        .chain(std::iter::repeat_n("staff", 44))
        .chain(std::iter::repeat_n("admin", 6));
    roles.enumerate().map(|(n, role)| row(chance, n, role)).collect()
}

/// The file as the student information system would export it.
pub fn file(rows: &[Row]) -> Vec<u8> {
    let mut out = b"firstname,lastname,email,role,gradyear,status,idnumber\n".to_vec();
    for row in rows {
        rosterd_formats::write::record(
            &mut out,
            [&*row.given, &*row.family, &*row.email, row.role, &*row.year, "1", &*row.number].map(str::as_bytes),
        );
    }
    out
}
