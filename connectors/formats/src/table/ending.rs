//! How a file ended: whole, or cut off on its way (D12).

use rosterd_contract::Finding;

/// How a file ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// The last line has a line end. That alone proves nothing: whoever knows the reference judges it.
    pub final_newline: bool,
    /// Line on which a quote was opened that never closed.
    pub open_quote: Option<u64>,
    /// The last bytes are the beginning of a character.
    pub mid_character: bool,
    /// The last record has fewer cells than the header.
    pub last_record_short: bool,
    /// Line on which the last record begins.
    pub last_line: u64,
}

impl Ending {
    /// The certain signs of a cut.
    pub fn cut(&self) -> Option<Finding> {
        let (line, message) = if let Some(line) = self.open_quote {
            (
                line,
                format!("the quote opened on line {line} never closes, so the rest of the file cannot be told apart"),
            )
        } else if self.mid_character {
            (self.last_line, "the file ends in the middle of a character".to_owned())
        } else if self.last_record_short {
            let line = self.last_line;
            (
                line,
                format!("the file ends in the middle of a row: the one on line {line} has fewer cells than the header"),
            )
        } else {
            return None;
        };
        Some(Finding::error("cut-off", line, message).cure("export the file again and send it whole"))
    }
}
