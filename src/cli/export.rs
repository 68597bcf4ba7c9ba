//! `export` and `template`.

use std::io::Write;
use std::path::Path;

use rosterd_contract::{Field, Role};
use rosterd_formats::{ExportPerson, FormatDef, write};

use super::output::Printer;
use crate::actions::find;
use crate::installation::Failure;
use crate::installation::Opened;
use crate::roster::Person;
use crate::store::people::{self, Filter};

const PAGE: i64 = 2000;

fn format(id: &str) -> Result<&'static FormatDef, Failure> {
    rosterd_formats::format(id).ok_or_else(|| {
        let known: Vec<&str> = rosterd_formats::formats().iter().map(|format| format.id).collect();
        Failure::usage(format!("there is no format `{id}`"), Some(format!("there are: {}", known.join(", "))))
    })
}

/// Prints a blank sheet.
///
/// # Errors
/// When there is no such format, or the file cannot be written.
pub fn template(id: &str, output: Option<&Path>) -> Result<u8, Failure> {
    let sheet = format(id)?.blank_sheet();
    let mut out = sink(output)?;
    out.write_all(sheet.as_bytes()).and_then(|()| out.flush()).map_err(|error| unwritten(&error))?;
    Ok(0)
}

fn sink(output: Option<&Path>) -> Result<Box<dyn Write>, Failure> {
    Ok(match output {
        Some(path) => Box::new(std::io::BufWriter::new(
            std::fs::File::create(path)
                .map_err(|error| Failure::ours(format!("{} cannot be written: {error}", path.display()), None))?,
        )),
        None => Box::new(std::io::BufWriter::new(std::io::stdout())),
    })
}

fn unwritten(error: &std::io::Error) -> Failure {
    Failure::ours(format!("the output cannot be written: {error}"), None)
}

/// Writes the active roster in a format. Where a cell would be run by a spreadsheet it is guarded,
/// and the header then carries our mark, so that reading it again takes the guard off.
///
/// # Errors
/// The store's, or when the output cannot be written.
pub async fn export(
    opened: &Opened,
    district: Option<&str>,
    id: &str,
    output: Option<&Path>,
    _printer: &Printer,
) -> Result<u8, Failure> {
    let format = format(id)?;
    let district = find::district(&opened.districts, district)?;
    let mut connection = find::reader(&opened.app).await?;
    let filter = Filter { state: Some("active".to_owned()), added_by: None };
    let mut marked = false;
    let mut after = 0;
    loop {
        let page = people::page(&mut connection, &district.id, &filter, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.0;
        marked |= page
            .iter()
            .any(|(_, person, _)| cells(format, person).iter().any(|cell| write::needs_guard(cell.as_bytes())));
    }
    let mut out = sink(output)?;
    out.write_all(header(format, marked).as_bytes()).map_err(|error| unwritten(&error))?;
    let mut left_out = 0_u64;
    after = 0;
    loop {
        let page = people::page(&mut connection, &district.id, &filter, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.0;
        let mut bytes = Vec::new();
        for (_, person, _) in &page {
            if format.email_required() && person.email.is_none() {
                left_out += 1;
                continue;
            }
            let cells = cells(format, person);
            write::guarded(&mut bytes, cells.iter().map(String::as_bytes));
        }
        if let Err(error) = out.write_all(&bytes) {
            if error.kind() == std::io::ErrorKind::BrokenPipe {
                return Ok(0);
            }
            return Err(unwritten(&error));
        }
    }
    out.flush().map_err(|error| unwritten(&error))?;
    if left_out > 0 {
        eprintln!("note: {left_out} people without an e-mail were left out: {} needs one", format.title);
    }
    Ok(0)
}

/// The header; our mark is that it ends with CR LF while the rows end with LF.
fn header(format: &FormatDef, marked: bool) -> String {
    let sheet = format.blank_sheet();
    if marked { sheet.replace('\n', "\r\n") } else { sheet }
}

fn cells(format: &FormatDef, person: &Person) -> Vec<String> {
    format.export_row(&ExportPerson {
        given: person.given().to_owned(),
        family: person.family().to_owned(),
        email: person.email.as_deref().unwrap_or_default().to_owned(),
        role: person.role().map(Role::as_str).unwrap_or_default().to_owned(),
        grad_year: person.fields.text(Field::GradYear).to_owned(),
        number: person.numbers.first().map(|(_, number)| number.to_string()).unwrap_or_default(),
        orgs: person.orgs.join(","),
    })
}
