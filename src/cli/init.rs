//! `init`: a first configuration that works at once.

use std::path::Path;

use super::output::Printer;
use crate::installation::Failure;
use crate::settings::first_configuration;

/// Writes `rosterd.toml` and `districts.d/D.toml`; never overwrites.
///
/// # Errors
/// When a file is there already, or cannot be written.
pub fn init(
    dir: &Path,
    district: &str,
    folder: Option<&Path>,
    time_zone: Option<&str>,
    printer: &Printer,
) -> Result<u8, Failure> {
    let named = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let dir = named(dir);
    let folder = folder.map_or_else(|| dir.join("inbox"), named);
    let (daemon, own) = first_configuration(district, &folder, time_zone.unwrap_or("UTC"));
    let main = dir.join("rosterd.toml");
    let part = dir.join("districts.d").join(format!("{district}.toml"));
    for path in [&main, &part] {
        if path.exists() {
            return Err(Failure::usage(
                format!("{} is there already; nothing was written", path.display()),
                Some("edit it, or choose another folder".to_owned()),
            ));
        }
    }
    check(&dir, district, &daemon, &own)?;
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text)
            .map_err(|error| Failure::ours(format!("{} cannot be written: {error}", path.display()), None))
    };
    for needed in [dir.join("districts.d"), folder.clone()] {
        std::fs::create_dir_all(&needed)
            .map_err(|error| Failure::ours(format!("{} cannot be made: {error}", needed.display()), None))?;
    }
    write(&main, &daemon)?;
    write(&part, &own)?;
    let config = main.display();
    if printer.json {
        printer.line(&serde_json::json!({ "config": main, "district": part, "folder": folder }));
    } else {
        printer.text(&format!(
            "Wrote {config}\n  and {}\n\nFiles for {district} go into {}\n\nNext:\n  rosterd --config {config} serve\n\
             then drop a file there; or, without a daemon:\n  rosterd --config {config} sync\n",
            part.display(),
            folder.display()
        ));
    }
    Ok(0)
}

/// What is about to be written must load: a wrong district id or time zone is told now.
fn check(dir: &Path, district: &str, daemon: &str, own: &str) -> Result<(), Failure> {
    let trial = std::env::temp_dir().join(format!("rosterd-init-{}", std::process::id()));
    let wrong = |error: std::io::Error| Failure::ours(format!("{} cannot be written: {error}", trial.display()), None);
    let safe = district.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) && !district.is_empty();
    let name = if safe { district } else { "district" };
    std::fs::create_dir_all(trial.join("districts.d")).map_err(wrong)?;
    std::fs::write(trial.join("rosterd.toml"), daemon).map_err(wrong)?;
    std::fs::write(trial.join("districts.d").join(format!("{name}.toml")), own).map_err(wrong)?;
    let loaded = crate::settings::Settings::load(&trial.join("rosterd.toml"), std::iter::empty());
    let _ = std::fs::remove_dir_all(&trial);
    match loaded {
        Ok(_) => Ok(()),
        Err(error) => {
            let text = error.to_string().replace(&trial.display().to_string(), &dir.display().to_string());
            Err(Failure::usage(text, error.hint().map(|hint| hint.to_string())))
        }
    }
}
