//! `sync` and `import`.

use std::path::Path;

use super::collect_and_run::{pass, run_sealed};
use super::{ActionError, Pass, Reply, find, worst};
use crate::pipeline::{App, District, Source, collect};

/// One pass over one district or all of them.
///
/// # Errors
/// As a pass.
pub async fn sync(
    app: &App,
    districts: &[District],
    district: Option<&str>,
    source: Option<&str>,
) -> Result<Reply, ActionError> {
    let chosen: Vec<&District> = match (district, source) {
        (None, None) => districts.iter().collect(),
        (name, _) => vec![find::district(districts, name)?],
    };
    if chosen.is_empty() {
        return Err(ActionError::NoDistricts);
    }
    let mut reply = Reply::default();
    for district in chosen {
        let only = source.map(|name| find::source(district, Some(name))).transpose()?;
        // A district whose folder is missing must not keep the others from being read.
        match pass(app, district, only).await {
            Ok(outcome) => add(&mut reply, outcome),
            Err(error @ ActionError::Collect { .. }) => {
                reply.exit = worst(reply.exit, error.exit());
                reply.notes.push(format!("error: {}", error.sentence()));
                let mut rest = Pass::default();
                run_sealed(app, district, &|source: &Source| only.is_none_or(|only| only.id == source.id), &mut rest)
                    .await?;
                add(&mut reply, rest);
            }
            Err(error) => return Err(error),
        }
    }
    if reply.json.is_empty() && reply.exit == 0 {
        reply.text = "Nothing new arrived.\n".to_owned();
    }
    Ok(reply)
}

fn add(reply: &mut Reply, outcome: Pass) {
    reply.notes.extend(outcome.notes);
    for done in &outcome.runs {
        reply.add(done);
    }
    if outcome.refused {
        reply.exit = worst(reply.exit, 5);
    }
}

/// Delivers one file by hand and reconciles it.
///
/// # Errors
/// When the file cannot be read or the run fails.
pub async fn import(
    app: &App,
    districts: &[District],
    district: Option<&str>,
    source: Option<&str>,
    file: &Path,
    mode: Option<&str>,
    accept_baseline: bool,
) -> Result<Reply, ActionError> {
    let district = find::district(districts, district)?;
    let source = find::source(district, source)?;
    collect::hand_over(app, district, source, file, mode, accept_baseline)
        .await
        .map_err(|error| ActionError::File { path: file.display().to_string(), source: error })?;
    let mut outcome = Pass::default();
    run_sealed(app, district, &|other: &Source| other.id == source.id, &mut outcome).await?;
    let mut reply = Reply::default();
    add(&mut reply, outcome);
    Ok(reply)
}
