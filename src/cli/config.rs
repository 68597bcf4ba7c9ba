//! `config check`.

use std::path::Path;

use super::output::Printer;
use crate::installation::{self as open, Failure};

/// Reads everything and says what is there.
///
/// # Errors
/// When something is wrong: file, line, key, and what to do.
pub fn check(config: &Path, printer: &Printer) -> Result<u8, Failure> {
    let settings = open::settings(config)?;
    crate::sources::districts(&settings).map_err(|error| Failure::usage(error.to_string(), Some(error.hint())))?;
    if printer.json {
        let districts: Vec<serde_json::Value> = settings
            .districts
            .iter()
            .map(|district| {
                let sources: Vec<&str> = district.sources.iter().map(|source| source.id.as_str()).collect();
                serde_json::json!({ "id": district.id, "sources": sources, "file": district.file })
            })
            .collect();
        printer.line(&serde_json::json!({ "ok": true, "files": settings.files, "districts": districts }));
        return Ok(0);
    }
    let mut out = String::from("The configuration is right.\n");
    for file in &settings.files {
        out.push_str(&format!("  read {}\n", file.display()));
    }
    for district in &settings.districts {
        let sources: Vec<&str> = district.sources.iter().map(|source| source.id.as_str()).collect();
        out.push_str(&format!("  district {}: {}\n", district.id, sources.join(", ")));
    }
    printer.text(&out);
    Ok(0)
}
