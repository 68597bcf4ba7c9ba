//! Which rule of design section 5 a rejection code belongs to.

/// The rule id for a code of admission; `A00` for codes of a later format.
pub fn rule_of(code: &str) -> &'static str {
    match code {
        "no-identity-key" | "email-required" => "A01",
        "name-missing" | "given-name-missing" | "family-name-missing" => "A02",
        "email-domain" | "email-malformed" => "A03",
        "unknown-role" | "role-missing" => "A04",
        "unknown-grade" | "grade-not-taught" => "A05",
        "unknown-org" => "A06",
        "removed-in-row" => "A09",
        "bad-status" => "A10",
        "number-damaged" | "email-damaged" | "value-damaged" | "spreadsheet-damage" => "A15",
        "control-character" | "invisible-character" => "A16",
        "bad-encoding" | "undecodable" => "A17",
        "too-few-cells" | "too-many-cells" | "repeated-header" => "A18",
        "too-long" | "line-too-long" | "field-too-long" => "A19",
        "text-after-quote" | "open-quote" => "A20",
        "grad-year" => "A21",
        "unknown-fix" => "D14",
        "foreign" => "D18",
        "failed" => "D13",
        _ => "A00",
    }
}
