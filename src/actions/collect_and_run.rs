//! One pass over a district: look at its folders, wait until files are quiet, run what is sealed.

use std::time::Duration;

use super::ActionError;
use super::find::reader;
use crate::pipeline::collect::{self, Collected, Settles};
use crate::pipeline::run::{Done, Request, run};
use crate::pipeline::{App, District, Source};
use crate::store::deliveries::{self, StoredDelivery};

/// How long `sync` waits for a file to be quiet, at most.
const SYNC_QUIET: Duration = Duration::from_secs(5);

/// What one pass brought.
#[derive(Debug, Default)]
pub struct Pass {
    pub runs: Vec<Done>,
    /// Names that wait, are ignored or were refused, in words.
    pub notes: Vec<String>,
    /// A file was refused at the door.
    pub refused: bool,
}

/// One pass, now.
///
/// # Errors
/// When a folder cannot be read, or the store or spool refuse.
pub async fn pass(app: &App, district: &District, only: Option<&Source>) -> Result<Pass, ActionError> {
    let mut outcome = Pass::default();
    let mut settles = Settles::default();
    for source in district.sources.iter().filter(|source| only.is_none_or(|only| only.id == source.id)) {
        let collected = collect_quietly(app, district, source, &mut settles).await?;
        note(district, source, collected, &mut outcome);
    }
    run_sealed(app, district, &|source: &Source| only.is_none_or(|only| only.id == source.id), &mut outcome).await?;
    Ok(outcome)
}

async fn collect_quietly(
    app: &App,
    district: &District,
    source: &Source,
    settles: &mut Settles,
) -> Result<Collected, ActionError> {
    let quiet = source.quiet_for.min(SYNC_QUIET);
    let begun = std::time::Instant::now();
    let mut all = Collected::default();
    loop {
        let settle = settles.of(source, quiet);
        let look = collect::look(app, district, source, settle).await.map_err(|source_error| ActionError::Collect {
            district: district.id.clone(),
            source_id: source.id.clone(),
            source: source_error,
        })?;
        all.sealed.extend(&look.sealed);
        all.waiting = look.waiting;
        all.ignored = look.ignored;
        all.refused.extend(look.refused);
        match look.look_again {
            Some(left) if begun.elapsed() < quiet + Duration::from_secs(1) => {
                tokio::time::sleep(left.min(quiet).max(Duration::from_millis(1))).await;
            }
            _ => return Ok(all),
        }
    }
}

fn note(district: &District, source: &Source, collected: Collected, outcome: &mut Pass) {
    let place = format!("{}/{}", district.id, source.id);
    for (name, why) in collected.waiting {
        outcome.notes.push(format!("waiting: {} in {place} ({why})", rosterd_contract::finding::shown(&name)));
    }
    for (name, why) in collected.ignored {
        outcome.notes.push(format!("ignored: {} in {place} ({why})", rosterd_contract::finding::shown(&name)));
    }
    for (name, why) in collected.refused {
        outcome.refused = true;
        outcome.notes.push(format!("refused: {} in {place} ({why})", rosterd_contract::finding::shown(&name)));
    }
}

/// Runs everything of the wanted sources that is sealed; a correction that came together with its feed's snapshot runs
/// after it.
///
/// # Errors
/// The run's.
pub async fn run_sealed(
    app: &App,
    district: &District,
    wanted: &(dyn Fn(&Source) -> bool + Sync),
    outcome: &mut Pass,
) -> Result<(), ActionError> {
    let mut before = usize::MAX;
    loop {
        let mut connection = reader(app).await?;
        let sealed = deliveries::sealed(&mut connection, &district.id).await?;
        drop(connection);
        let sealed: Vec<StoredDelivery> =
            sealed.into_iter().filter(|delivery| district.source(&delivery.source).is_some_and(wanted)).collect();
        if sealed.is_empty() || sealed.len() >= before {
            return Ok(());
        }
        before = sealed.len();
        let arrivals = sealed.into_iter().map(|delivery| arrival(app, district, delivery, false)).collect();
        let request = Request { kind: "sync", arrivals, ..Request::default() };
        outcome.runs.push(run(app, district, request).await?);
    }
}

/// A stored delivery, ready to be read.
pub fn arrival(app: &App, district: &District, delivery: StoredDelivery, again: bool) -> crate::pipeline::Arrival {
    let path = app.spool.path(&district.id, &delivery.sha256);
    crate::pipeline::Arrival { delivery, path, again }
}
