//! A16 to A20: damage to the row itself, and what can still be read off a row for protection.

use rosterd_contract::Field;

use super::desk::{Desk, Fault};
use crate::definition::Target;
use crate::limits::{EMAIL_LIMIT, FIELD_LIMIT, LINE_LIMIT, NAME_LIMIT, NUMBER_LIMIT};
use crate::table::Damage;
use crate::text::tidy;

impl Desk<'_> {
    /// Whatever can be read of the keys, also of a row that will be rejected.
    pub(super) fn read_keys(&mut self) {
        let row = self.row;
        for (at, column) in self.format.columns.iter().enumerate() {
            let Some(cell) = row.cell(at) else { continue };
            let Some(text) = tidy(cell) else { continue };
            let keys = &mut self.keys;
            match column.target {
                Target::Number if std::str::from_utf8(cell).is_err() => keys.number_damaged = true,
                Target::Number => keys.number = fits(&text, NUMBER_LIMIT),
                Target::Email => keys.email = fits(&text.to_lowercase(), EMAIL_LIMIT),
                Target::Role => {
                    keys.role = self.format.role(&text);
                    keys.role_unreadable = keys.role.is_none();
                }
                Target::Org => keys.orgs = split(&text),
                Target::Field(Field::GivenName) => keys.given = fits(&text, NAME_LIMIT).unwrap_or_default(),
                Target::Field(Field::FamilyName) => keys.family = fits(&text, NAME_LIMIT).unwrap_or_default(),
                Target::Field(_) | Target::Status | Target::Password => {}
            }
        }
    }

    /// Rejects a row whose structure is damaged; of such a row nothing else is read.
    pub(super) fn check_structure(&mut self) {
        if let Some((damage, place)) = self.row.damage() {
            self.keys.structure_damaged = true;
            let cell = self.row.delivered().nth(place).map(<[u8]>::to_vec).unwrap_or_default();
            let fault = self.fault(damage);
            self.reject(self.header_at(place), &String::from_utf8_lossy(&cell), fault);
            return;
        }
        let (cells, columns) = self.row.widths();
        let (code, fix) = if self.row.is_short() {
            ("too-few-cells", "complete the row; a blank cell needs its delimiter too")
        } else if self.row.is_long() {
            ("too-many-cells", "put cells that hold a delimiter in quotes")
        } else {
            return;
        };
        self.keys.structure_damaged = true;
        let message = format!("the row has {cells} cells where the header has {columns}, so they may be shifted");
        self.reject("", "", Fault::new(code, message, fix));
    }

    fn fault(&self, damage: Damage) -> Fault {
        let (first, last) = (self.row.line(), self.row.last_line());
        match damage {
            Damage::LineBreak => Fault::new(
                "control-character",
                format!("a line break stands inside the quotes of a cell; the row runs from line {first} to {last}"),
                "take the line break out, or close the quote that was left open",
            ),
            Damage::Character(c) if c.is_control() => Fault::new(
                "control-character",
                format!("the cell holds the control character U+{:04X}", u32::from(c)),
                "type the value again",
            ),
            Damage::Character(c) => Fault::new(
                "invisible-character",
                format!("the cell holds U+{:04X}, which is invisible or turns the direction of text", u32::from(c)),
                "type the value again",
            ),
            Damage::BadEncoding => Fault::new(
                "bad-encoding",
                "the cell holds bytes that are not UTF-8, so its letters cannot be told",
                "export the file as UTF-8",
            ),
            Damage::FieldTooLong => Fault::new(
                "field-too-long",
                format!("a cell is longer than {FIELD_LIMIT} bytes"),
                "shorten the cell; a quote that was left open may have joined lines",
            ),
            Damage::LineTooLong => Fault::new(
                "line-too-long",
                format!("the row is longer than {LINE_LIMIT} bytes"),
                "check the line ends and quotes of the file",
            ),
            Damage::TextAfterQuote => Fault::new(
                "text-after-quote",
                "text follows the closing quote of a cell, so nobody can say where the cell ends",
                "double the quotes inside the cell, or take them out",
            ),
            Damage::OpenQuote => Fault::new(
                "open-quote",
                format!("a quote that was opened in the row (line {first} to {last}) never closes"),
                "export the file again and send it whole, or close the quote",
            ),
        }
    }
}

/// The text, unless it is longer than any key can be.
fn fits(text: &str, limit: usize) -> Option<Box<str>> {
    (text.chars().count() <= limit).then(|| text.into())
}

/// The parts of a cell that lists several, sorted, without doubles.
pub(super) fn split(text: &str) -> Vec<Box<str>> {
    let mut parts: Vec<Box<str>> =
        text.split([',', ';', '|']).map(str::trim).filter(|part| !part.is_empty()).map(Into::into).collect();
    parts.sort();
    parts.dedup();
    parts
}
