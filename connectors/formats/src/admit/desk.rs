//! One row under examination: its cells, and what was found so far.

use std::borrow::Cow;

use rosterd_contract::{Cell, Fields, Finding, PersonRecord, RawKeys, Status};

use super::{AdmissionPolicy, Admitted, Rejected};
use crate::definition::{FormatDef, Target};
use crate::limits::{EMAIL_LIMIT, NAME_LIMIT, NUMBER_LIMIT};
use crate::table::Row;
use crate::text::tidy;

/// What is wrong with a value, in the words of a finding.
pub(super) struct Fault {
    pub code: &'static str,
    pub message: String,
    pub fix: String,
}

impl Fault {
    pub fn new(code: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, message: message.into(), fix: fix.into() }
    }
}

/// One row under examination.
pub(super) struct Desk<'a> {
    pub format: &'static FormatDef,
    pub row: &'a Row,
    pub policy: &'a AdmissionPolicy,
    pub keys: RawKeys,
    headers: &'a [String],
    findings: Vec<Finding>,
    /// The first reason to reject.
    code: Option<&'static str>,
}

impl<'a> Desk<'a> {
    pub fn new(format: &'static FormatDef, row: &'a Row, headers: &'a [String], policy: &'a AdmissionPolicy) -> Self {
        Self { format, row, headers, policy, findings: Vec::new(), code: None, keys: RawKeys::default() }
    }

    pub const fn is_rejected(&self) -> bool {
        self.code.is_some()
    }

    /// Header of a column of the format, as delivered; its own name where the file has no such column.
    pub fn header(&self, column: usize) -> &'a str {
        let delivered = self.row.place(column).and_then(|place| self.headers.get(place));
        delivered.map_or_else(|| self.format.columns.get(column).map_or("", |column| column.header), String::as_str)
    }

    /// Header of the cell at a place of the file.
    pub fn header_at(&self, place: usize) -> &'a str {
        self.headers.get(place).map_or("", String::as_str)
    }

    /// Rejects the row.
    pub fn reject(&mut self, column: &str, value: &str, fault: Fault) {
        let finding = Finding::error(fault.code, self.row.line(), fault.message);
        self.findings.push(finding.at(column, value).cure(fault.fix));
        self.code = self.code.or(Some(fault.code));
    }

    /// Leaves a value out with a warning; in strict mode the row is rejected.
    pub fn drop_value(&mut self, column: usize, value: &str, fault: Fault) {
        if self.policy.strict {
            self.reject(self.header(column), value, fault);
            return;
        }
        let message = format!("{}; the value is left out", fault.message);
        let finding = Finding::warning(fault.code, self.row.line(), message);
        self.findings.push(finding.at(self.header(column), value).cure(fault.fix));
    }

    /// Says something about a value that is taken.
    pub fn warn(&mut self, column: usize, value: &str, fault: Fault) {
        let finding = Finding::warning(fault.code, self.row.line(), fault.message);
        self.findings.push(finding.at(self.header(column), value).cure(fault.fix));
    }

    /// Says something that is worth knowing.
    pub fn note(&mut self, column: usize, fault: Fault) {
        let finding = Finding::note(fault.code, self.row.line(), fault.message);
        self.findings.push(finding.at(self.header(column), "").cure(fault.fix));
    }

    /// The text of a column; one that is too long rejects the row and counts as not there (A19).
    pub fn text(&mut self, column: usize) -> Cell<Cow<'a, str>> {
        let row = self.row;
        let Some(cell) = row.cell(column) else { return Cell::Absent };
        let Some(text) = tidy(cell) else { return Cell::Blank };
        let limit = self.limit(column);
        if text.len() <= limit {
            return Cell::Value(text);
        }
        let length = text.chars().count();
        if length <= limit {
            return Cell::Value(text);
        }
        let message = format!("the value has {length} characters; at most {limit} are taken");
        self.keys.structure_damaged = true;
        self.reject(self.header(column), &text, Fault::new("too-long", message, "shorten the value"));
        Cell::Absent
    }

    fn limit(&self, column: usize) -> usize {
        match self.format.columns.get(column).map(|column| column.target) {
            Some(Target::Email) => EMAIL_LIMIT,
            Some(Target::Number) => NUMBER_LIMIT,
            _ => NAME_LIMIT,
        }
    }

    /// Reads every column, in the order of the rules.
    pub fn read_record(&mut self) -> PersonRecord {
        let mut record = PersonRecord {
            number: None,
            email: None,
            role: None,
            orgs: Vec::new(),
            status: Status::Active,
            fields: Fields::new(),
            clears: Vec::new(),
        };
        let of = |target: Target| self.format.column_of(target);
        let [number, email, role, status, org] =
            [Target::Number, Target::Email, Target::Role, Target::Status, Target::Org].map(of);
        record.number = number.and_then(|column| self.number(column));
        record.email = email.and_then(|column| self.email(column, record.number.is_none()));
        if record.number.is_none() && record.email.is_none() && !self.is_rejected() {
            let message = "the row has neither a number nor a usable e-mail, so nobody can say whose it is";
            self.reject("", "", Fault::new("no-identity-key", message, "add the number or the e-mail"));
        }
        record.role = role.map_or(self.policy.default_role, |column| self.role(column));
        record.orgs = org.map(|column| self.orgs(column)).unwrap_or_default();
        self.fields(&mut record);
        record.status = status.map_or(Status::Active, |column| self.status(column));
        record
    }

    /// The verdict on the row.
    pub fn decide(mut self, record: Option<PersonRecord>) -> Admitted {
        match (record, self.code) {
            (Some(record), None) => Admitted { result: Ok(record), findings: self.findings },
            (_, code) => {
                let code = if self.repeats_header() { self.say_header() } else { code.unwrap_or("unreadable") };
                let rejected = Rejected { code: code.into(), keys: self.keys };
                Admitted { result: Err(rejected), findings: self.findings }
            }
        }
    }

    /// Is the row the header once more, as where two exports were joined?
    fn repeats_header(&self) -> bool {
        let mut cells = self.row.delivered();
        self.headers.iter().all(|header| {
            let cell = cells.next().and_then(tidy);
            cell.as_deref().unwrap_or_default().eq_ignore_ascii_case(header)
        })
    }

    fn say_header(&mut self) -> &'static str {
        let message = "the row is the header once more; two exports may have been joined";
        let finding = Finding::error("repeated-header", self.row.line(), message);
        self.findings = vec![finding.cure("take the line out")];
        "repeated-header"
    }
}
