//! Number and e-mail: A01, A03, A15, A16.

use rosterd_contract::Cell;
use rosterd_contract::finding::is_invisible;

use super::address;
use super::damage::spreadsheet_damage;
use super::desk::{Desk, Fault};

impl Desk<'_> {
    /// The number, to the letter.
    pub(super) fn number(&mut self, column: usize) -> Option<Box<str>> {
        let text = self.text(column).value()?;
        if let Some(what) = spreadsheet_damage(&text) {
            self.keys.number_damaged = true;
            let message = format!("a spreadsheet seems to have damaged the number: {what}");
            let fix = "format the column as text and enter the number again";
            self.reject(self.header(column), &text, Fault::new("number-damaged", message, fix));
            return None;
        }
        if let Some(c) = stray(&text) {
            self.stray(column, &text, c);
            return None;
        }
        Some(text.into())
    }

    /// The e-mail, lower-cased; `only_key`: the row has no other key.
    pub(super) fn email(&mut self, column: usize, only_key: bool) -> Option<Box<str>> {
        let needed = self.format.email_required() || only_key;
        let text = match self.text(column) {
            Cell::Value(text) => text,
            Cell::Blank if self.format.email_required() => {
                let message = format!("the e-mail is blank, and {} need one", self.format.title);
                let fault = Fault::new("email-required", message, "add the person's e-mail");
                self.reject(self.header(column), "", fault);
                return None;
            }
            Cell::Blank | Cell::Absent => return None,
        };
        if let Some(c) = stray(&text) {
            self.stray(column, &text, c);
            return None;
        }
        let lower = text.to_lowercase();
        let fault = self.email_fault(&text, &lower);
        match fault {
            None => Some(lower.into()),
            Some(fault) if needed => {
                self.reject(self.header(column), &text, fault);
                None
            }
            Some(fault) => {
                self.drop_value(column, &text, fault);
                None
            }
        }
    }

    fn email_fault(&self, text: &str, lower: &str) -> Option<Fault> {
        if let Some(what) = spreadsheet_damage(text) {
            let message = format!("a spreadsheet seems to have damaged the e-mail: {what}");
            return Some(Fault::new("email-damaged", message, "enter the e-mail again"));
        }
        let domain = match address::domain(lower) {
            Ok(domain) => domain,
            Err(why) => {
                let message = format!("this is no e-mail address: {why}");
                return Some(Fault::new("email-malformed", message, "write it as name@domain"));
            }
        };
        let own = &self.policy.email_domains;
        if own.is_empty() || own.iter().any(|own| address::is_under(domain, own)) {
            return None;
        }
        let message = format!("{domain} is none of the district's domains ({})", own.join(", "));
        let fix = match own.iter().find(|own| strsim::damerau_levenshtein(own, domain) <= 2) {
            Some(meant) => format!("correct the address; `{meant}` may be meant"),
            None => "correct the address, or add the domain to `email_domains`".to_owned(),
        };
        Some(Fault::new("email-domain", message, fix))
    }

    /// A16 inside a key.
    fn stray(&mut self, column: usize, text: &str, c: char) {
        self.keys.structure_damaged = true;
        let what = if c.is_whitespace() { "a blank" } else { "the invisible character" };
        let message = format!("{what} (U+{:04X}) stands inside the value, where none can be", u32::from(c));
        let fault = Fault::new("invisible-character", message, "take it out, or type the value again");
        self.reject(self.header(column), text, fault);
    }
}

/// A blank or something that cannot be seen.
fn stray(text: &str) -> Option<char> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    text.chars().find(|c| c.is_whitespace() || c.is_control() || is_invisible(*c))
}
