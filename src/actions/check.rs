//! `check`: what a file would do, against the stored roster; writes nothing.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{ActionError, find};
use crate::pipeline::collect::{self, CollectError, seen_file};
use crate::pipeline::run::{Done, Request, run};
use crate::pipeline::{App, Arrival, District};
use crate::roster::DeliveryId;
use crate::store::deliveries::{DeliveryState, StoredDelivery};

/// A dry run of one file.
///
/// # Errors
/// When the file cannot be read or the store fails.
pub async fn check(
    app: &App,
    districts: &[District],
    district: Option<&str>,
    source: Option<&str>,
    file: &Path,
) -> Result<Done, ActionError> {
    let district = find::district(districts, district)?;
    let source = find::source(district, source)?;
    let failed = |error: CollectError| ActionError::File { path: file.display().to_string(), source: error };
    let seen = seen_file(file).map_err(|error| failed(error.into()))?;
    let sha256 = digest(&seen.path)
        .map_err(|error| failed(CollectError::Take(rosterd_folder::TakeError::Io(seen.path.clone(), error))))?;
    let now = app.clock.now();
    let (stated_at, kind) = collect::stated(district, &seen.name, None, now);
    let delivery = StoredDelivery {
        id: DeliveryId(app.ids.next()),
        source: source.id.clone(),
        feed: None,
        name: seen.name.clone(),
        sha256,
        bytes: seen.stamp.size,
        received_at: now,
        stated_at,
        stated_kind: kind.as_str().to_owned(),
        accept_baseline: false,
        mode: None,
        format: None,
        state: DeliveryState::Sealed,
        verdict: None,
        message: String::new(),
        rows_read: 0,
        accepted: false,
        policy: 0,
        results: None,
    };
    let arrivals = vec![Arrival { delivery, path: seen.path, again: false }];
    Ok(run(app, district, Request { kind: "check", arrivals, dry: true, ..Request::default() }).await?)
}

fn digest(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = std::io::Read::read(&mut file, &mut buffer)?;
        if n == 0 {
            return Ok(hasher.finalize().to_vec());
        }
        hasher.update(buffer.get(..n).unwrap_or_default());
    }
}
