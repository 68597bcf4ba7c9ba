//! Admission of one row by itself (design section 5): what it says, or why it does not go in. One
//! bad row never touches its neighbours.

use std::collections::BTreeMap;

use rosterd_contract::vocabulary::grade;
use rosterd_contract::{Cell, Field, Finding, PersonRecord, RawKeys, Role, Status};

use crate::definition::{FormatDef, Target};
use crate::table::Row;
use crate::table_internals::{Damage, clean, forbidden};

/// Longest name, e-mail and number, in characters (`safety.md` section 3).
const NAME_LIMIT: usize = 255;
const EMAIL_LIMIT: usize = 254;
const NUMBER_LIMIT: usize = 128;

/// What a district decided about rows.
#[derive(Debug, Clone, Default)]
pub struct AdmissionPolicy {
    /// Lower-case; sub-domains count; empty: any.
    pub email_domains: Vec<String>,
    /// Warnings about values become rejections.
    pub strict: bool,
    /// Fields that an empty cell clears (A11).
    pub blank_clears: Vec<Field>,
    /// Known schools with the grades they teach (empty: all); `None`: schools are not known.
    pub orgs: Option<BTreeMap<String, Vec<String>>>,
    pub default_role: Option<Role>,
}

/// A row that does not go in.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Stable reason: `email-domain`.
    pub code: Box<str>,
    /// What can still be read off it, for protection.
    pub keys: RawKeys,
}

/// What admission says of a row.
#[derive(Debug)]
pub struct Admitted {
    pub result: Result<PersonRecord, Rejected>,
    pub findings: Vec<Finding>,
}

/// One row under examination.
struct Desk<'a> {
    format: &'static FormatDef,
    row: &'a Row,
    headers: &'a [String],
    policy: &'a AdmissionPolicy,
    findings: Vec<Finding>,
    /// The first reason to reject.
    code: Option<&'static str>,
    keys: RawKeys,
}

impl FormatDef {
    /// Admits one row, or says why not; every problem of the row is a finding.
    pub fn admit(&'static self, row: &Row, headers: &[String], policy: &AdmissionPolicy) -> Admitted {
        let mut desk =
            Desk { format: self, row, headers, policy, findings: Vec::new(), code: None, keys: RawKeys::default() };
        desk.read_keys();
        desk.structure();
        let record = if desk.code.is_none() { desk.record() } else { None };
        match (record, desk.code) {
            (Some(record), None) => Admitted { result: Ok(record), findings: desk.findings },
            (_, code) => {
                let code = code.unwrap_or("unreadable").into();
                Admitted { result: Err(Rejected { code, keys: desk.keys }), findings: desk.findings }
            }
        }
    }
}

impl Desk<'_> {
    fn line(&self) -> u64 {
        self.row.line()
    }

    fn header(&self, column: usize) -> &str {
        self.row
            .place(column)
            .and_then(|place| self.headers.get(place))
            .map_or_else(|| self.format.columns.get(column).map_or("", |c| c.header), String::as_str)
    }

    fn reject(&mut self, code: &'static str, column: Option<usize>, value: &str, message: String, fix: &str) {
        let mut finding = Finding::error(code, self.line(), message).cure(fix);
        if let Some(column) = column {
            finding = finding.at(self.header(column), value);
        }
        self.findings.push(finding);
        self.code = self.code.or(Some(code));
    }

    /// Drops a value with a warning; in strict mode the row is rejected.
    fn drop_value(&mut self, code: &'static str, column: usize, value: &str, message: &str, fix: &str) {
        if self.policy.strict {
            self.reject(code, Some(column), value, message.to_owned(), fix);
            return;
        }
        let finding = Finding::warning(code, self.line(), format!("{message}; the value is left out"));
        let finding = finding.at(self.header(column), value).cure(fix);
        self.findings.push(finding);
    }

    fn note(&mut self, code: &'static str, column: usize, message: &str, fix: &str) {
        let finding = Finding::note(code, self.line(), message).at(self.header(column), "").cure(fix);
        self.findings.push(finding);
    }

    /// Whatever can be read of the keys, also of a row that is rejected.
    fn read_keys(&mut self) {
        let format = self.format;
        for (at, column) in format.columns.iter().enumerate() {
            let Some(text) = self.row.cell(at).and_then(clean) else { continue };
            match column.target {
                Target::Number => self.keys.number = Some(text.as_ref().into()),
                Target::Email => self.keys.email = Some(text.to_lowercase().into()),
                Target::Role => {
                    self.keys.role = role_of(format, &text);
                    self.keys.role_unreadable = self.keys.role.is_none();
                }
                Target::Field(Field::GivenName) => self.keys.given = text.as_ref().into(),
                Target::Field(Field::FamilyName) => self.keys.family = text.as_ref().into(),
                Target::Org => self.keys.orgs = split(&text),
                Target::Field(_) | Target::Status | Target::Password => {}
            }
        }
    }

    /// A16 to A20.
    fn structure(&mut self) {
        let place = |row: &Row| row.damage().map(|damage| damage.1);
        let header = place(self.row).and_then(|at| self.headers.get(at)).cloned().unwrap_or_default();
        let cell = place(self.row).and_then(|at| self.row.delivered().nth(at).map(<[u8]>::to_vec)).unwrap_or_default();
        let shown = String::from_utf8_lossy(&cell).into_owned();
        let line = self.line();
        let mut damaged = |code: &'static str, message: &str, fix: &str| {
            self.findings.push(Finding::error(code, line, message).at(&header, &shown).cure(fix));
            self.code = Some(code);
        };
        match self.row.damage().map(|damage| damage.0) {
            Some(Damage::LineBreak) => damaged(
                "control-character",
                "a line break stands inside the quotes of a cell",
                "take the line break out of the cell",
            ),
            Some(Damage::TextAfterQuote) => damaged(
                "text-after-quote",
                "text follows the closing quote of a cell",
                "double the quotes inside the cell, or take them out",
            ),
            Some(Damage::TooLong) => damaged(
                "too-long",
                "a cell is longer than 65,536 bytes or the line longer than 1,048,576",
                "shorten the cell; a missing quote may have joined lines",
            ),
            Some(Damage::BadEncoding) => {
                damaged("bad-encoding", "the bytes of a cell are not UTF-8", "export the file as UTF-8")
            }
            None => {}
        }
        if self.code.is_none() {
            let (cells, columns) = self.row.widths();
            if self.row.is_short() {
                self.reject(
                    "too-few-cells",
                    None,
                    "",
                    format!("the row has {cells} cells, the header {columns}"),
                    "quote cells that hold a comma, and complete the row",
                );
            } else if self.row.is_long() {
                self.reject(
                    "too-many-cells",
                    None,
                    "",
                    format!("the row has {cells} cells, the header {columns}"),
                    "quote cells that hold a comma",
                );
            }
        }
        self.keys.structure_damaged = self.code.is_some();
        if self.code.is_none() {
            self.controls();
        }
    }

    /// A16 for characters, A19 for characters.
    fn controls(&mut self) {
        let format = self.format;
        for (at, column) in format.columns.iter().enumerate() {
            let Some(cell) = self.row.cell(at) else { continue };
            if cell.iter().all(|b| (b' '..0x7F).contains(b)) && cell.len() <= EMAIL_LIMIT.min(NUMBER_LIMIT) {
                continue;
            }
            let text = String::from_utf8_lossy(cell).into_owned();
            let text = text.trim();
            if let Some(c) = forbidden(text) {
                let message = format!("the cell holds the invisible or control character U+{:04X}", u32::from(c));
                self.reject("control-character", Some(at), text, message, "type the value again");
                self.keys.structure_damaged = true;
                continue;
            }
            let limit = match column.target {
                Target::Email => EMAIL_LIMIT,
                Target::Number => NUMBER_LIMIT,
                _ => NAME_LIMIT,
            };
            let length = text.chars().count();
            if length > limit {
                let message = format!("the value has {length} characters; at most {limit} are taken");
                self.reject("too-long", Some(at), text, message, "shorten the value");
                self.keys.structure_damaged = true;
            }
        }
    }

    fn cell(&self, column: usize) -> Cell<String> {
        match self.row.cell(column) {
            None => Cell::Absent,
            Some(cell) => clean(cell).map_or(Cell::Blank, |text| Cell::Value(text.into_owned())),
        }
    }

    fn record(&mut self) -> Option<PersonRecord> {
        let mut record = PersonRecord {
            number: None,
            email: None,
            role: None,
            orgs: Vec::new(),
            status: Status::Active,
            fields: rosterd_contract::Fields::new(),
            clears: Vec::new(),
        };
        let format = self.format;
        for (at, column) in format.columns.iter().enumerate() {
            let cell = self.cell(at);
            match column.target {
                Target::Number => record.number = self.number(at, cell),
                Target::Email => record.email = self.email(at, cell),
                Target::Role => record.role = self.role(at, cell),
                Target::Status => record.status = self.status(at, cell),
                Target::Org => record.orgs = self.orgs(at, cell),
                Target::Field(field) => self.field(at, field, cell, &mut record),
                Target::Password => {}
            }
        }
        self.names(&record);
        if record.number.is_none() && record.email.is_none() && self.code.is_none() {
            self.reject(
                "no-identity-key",
                None,
                "",
                "the row has neither a number nor a usable e-mail".to_owned(),
                "add the number or the e-mail",
            );
        }
        self.code.is_none().then_some(record)
    }

    fn number(&mut self, at: usize, cell: Cell<String>) -> Option<Box<str>> {
        let text = cell.value()?;
        let text = unformula(&text);
        if looks_damaged(&text) {
            self.keys.number_damaged = true;
            self.reject(
                "number-damaged",
                Some(at),
                &text,
                "a spreadsheet seems to have damaged the number".to_owned(),
                "format the column as text and enter the number again",
            );
            return None;
        }
        self.keys.number = Some(text.as_str().into());
        Some(text.into())
    }

    fn email(&mut self, at: usize, cell: Cell<String>) -> Option<Box<str>> {
        let required = self.format.email_required();
        let Some(text) = cell.value() else {
            if required {
                self.reject(
                    "email-required",
                    Some(at),
                    "",
                    "the e-mail is blank, and this format needs one".to_owned(),
                    "add the person's e-mail",
                );
            }
            return None;
        };
        let lower = text.to_lowercase();
        let only_key = self.keys.number.is_none();
        if looks_damaged(&text) || !is_email(&lower) {
            let code = if looks_damaged(&text) { "email-damaged" } else { "email-malformed" };
            let message = "this is not an e-mail address";
            let fix = "write it as name@domain";
            if required || only_key {
                self.reject(code, Some(at), &text, message.to_owned(), fix);
            } else {
                self.drop_value(code, at, &text, message, fix);
            }
            return None;
        }
        let domain = lower.rsplit_once('@').map(|parts| parts.1).unwrap_or_default();
        let own = self.policy.email_domains.is_empty()
            || self.policy.email_domains.iter().any(|own| domain == own || domain.ends_with(&format!(".{own}")));
        if !own {
            let message =
                format!("the domain {domain} is not one of the district's ({})", self.policy.email_domains.join(", "));
            let fix = "correct the address, or add the domain to `email_domains`";
            if required || only_key {
                self.reject("email-domain", Some(at), &text, message, fix);
            } else {
                self.drop_value("email-domain", at, &text, &message, fix);
            }
            return None;
        }
        Some(lower.into())
    }

    fn role(&mut self, at: usize, cell: Cell<String>) -> Option<Role> {
        let text = match cell {
            Cell::Value(text) => text,
            Cell::Blank | Cell::Absent => return self.policy.default_role,
        };
        let role = role_of(self.format, &text);
        if role.is_none() {
            let words: Vec<&str> = self.format.roles.iter().map(|(word, _)| *word).collect();
            let message = format!("the role is not one of {}", words.join(", "));
            self.reject("unknown-role", Some(at), &text, message, "correct the role");
        }
        role
    }

    fn status(&mut self, at: usize, cell: Cell<String>) -> Status {
        let text = match cell {
            Cell::Absent => return Status::Active,
            Cell::Blank => {
                self.note("blank-status", at, "the status is blank: taken as active", "write 1 or Active");
                return Status::Active;
            }
            Cell::Value(text) => text,
        };
        match text.to_lowercase().as_str() {
            "1" | "active" | "true" | "yes" | "y" | "enrolled" => Status::Active,
            "0" | "inactive" | "false" | "no" | "n" | "suspended" | "withdrawn" => Status::Inactive,
            "deleted" | "removed" | "tobedeleted" => {
                let finding = Finding::warning(
                    "removed-in-row",
                    self.line(),
                    "the row says that the person is removed: taken as inactive",
                );
                self.findings.push(finding.at(self.header(at), &text).cure("take the row out of the file instead"));
                Status::Inactive
            }
            _ => {
                self.reject(
                    "bad-status",
                    Some(at),
                    &text,
                    "the status is none of the known words".to_owned(),
                    "write 1 or Active; take people who left out of the file",
                );
                Status::Active
            }
        }
    }

    fn orgs(&mut self, at: usize, cell: Cell<String>) -> Vec<Box<str>> {
        let Some(text) = cell.value() else { return Vec::new() };
        let orgs = split(&text);
        if let Some(known) = &self.policy.orgs
            && let Some(unknown) = orgs.iter().find(|org| !known.contains_key(&***org)).cloned()
        {
            self.reject(
                "unknown-org",
                Some(at),
                &unknown,
                format!("there is no school {unknown}"),
                "correct the school, or add it to `[[orgs]]`",
            );
        }
        orgs
    }

    fn field(&mut self, at: usize, field: Field, cell: Cell<String>, record: &mut PersonRecord) {
        let text = match cell {
            Cell::Absent => return,
            Cell::Blank => {
                if self.policy.blank_clears.contains(&field) {
                    record.clears.push(field);
                }
                return;
            }
            Cell::Value(text) => text,
        };
        match field {
            Field::GradYear => {
                if is_year(&text) {
                    record.fields.set(field, text);
                } else {
                    self.drop_value(
                        "grad-year",
                        at,
                        &text,
                        "the year of graduation is not four digits",
                        "write a year such as 2029, or leave it blank",
                    );
                }
            }
            Field::Grades => match grade(&text) {
                Some(code) => record.fields.set(field, code),
                None => self.drop_value(
                    "unknown-grade",
                    at,
                    &text,
                    "the grade is none of the known words",
                    "write the grade as 01 to 12, KG or PK",
                ),
            },
            _ if looks_damaged(&text) => {
                self.drop_value(
                    "value-damaged",
                    at,
                    &text,
                    "a spreadsheet seems to have damaged the value",
                    "format the column as text and enter the value again",
                );
            }
            _ => record.fields.set(field, text),
        }
    }

    /// A02.
    fn names(&mut self, record: &PersonRecord) {
        let format = self.format;
        if format.needs_names.is_empty() {
            if record.given().is_empty() && record.family().is_empty() {
                self.reject("name-missing", None, "", "the row has no name".to_owned(), "add the name");
            }
            return;
        }
        for field in format.needs_names {
            if record.fields.text(*field).is_empty() {
                let column = format.column_of(Target::Field(*field));
                self.reject(
                    "name-missing",
                    column,
                    "",
                    "the name is blank, and this format needs it".to_owned(),
                    "add the name",
                );
            }
        }
    }
}

fn role_of(format: &FormatDef, text: &str) -> Option<Role> {
    format.roles.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, role)| *role)
}

fn split(text: &str) -> Vec<Box<str>> {
    let mut parts: Vec<Box<str>> =
        text.split([',', ';', '|']).map(str::trim).filter(|part| !part.is_empty()).map(Into::into).collect();
    parts.sort();
    parts.dedup();
    parts
}

/// `="0012"`: a formula that some exports use to keep zeros.
fn unformula(text: &str) -> String {
    text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(text).to_owned()
}

/// A15: what spreadsheets leave behind.
fn looks_damaged(text: &str) -> bool {
    if text.contains('\u{FFFD}') {
        return true;
    }
    if text.starts_with('#') {
        return matches!(text, "#N/A" | "#REF!" | "#VALUE!" | "#NAME?" | "#DIV/0!" | "#NULL!" | "#NUM!")
            || text.bytes().all(|b| b == b'#');
    }
    let scientific = text.split_once(['E', 'e']).is_some_and(|(mantissa, exponent)| {
        let digits = exponent.strip_prefix(['+', '-']);
        mantissa.contains('.')
            && mantissa.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    });
    scientific || is_plain_power(text)
}

/// `1E+07`.
fn is_plain_power(text: &str) -> bool {
    text.split_once("E+").is_some_and(|(mantissa, exponent)| {
        !mantissa.is_empty()
            && mantissa.bytes().all(|b| b.is_ascii_digit())
            && !exponent.is_empty()
            && exponent.bytes().all(|b| b.is_ascii_digit())
    })
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()) && (text.starts_with("19") || text.starts_with("20"))
}

/// One `@`, something before it without blanks, and a domain of labels after it.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let local_ok = !local.is_empty()
        && local.chars().count() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && !local.chars().any(|c| {
            c.is_whitespace() || matches!(c, '@' | ',' | ';' | ':' | '<' | '>' | '(' | ')' | '[' | ']' | '\\' | '"')
        });
    let labels: Vec<&str> = domain.split('.').collect();
    let label_ok = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    local_ok && labels.len() >= 2 && labels.iter().all(label_ok)
}
