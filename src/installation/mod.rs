//! Opens the installation that a configuration describes: settings, districts, store, spool, clock,
//! and the lock of whoever changes the roster.

mod failure;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rosterd_contract::{Clock, FakeClock, SystemClock};

use crate::pipeline::{App, District};
use crate::roster::TimeIds;
use crate::settings::{Settings, StoreUrl};
use crate::spool::Spool;
use crate::store::Store;

pub use failure::Failure;

/// An open installation.
pub struct Opened {
    pub app: App,
    pub districts: Vec<District>,
    pub settings: Settings,
}

/// Reads the configuration.
///
/// # Errors
/// In words, with file, line and key.
pub fn settings(config: &Path) -> Result<Settings, Failure> {
    let environment =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Settings::load(config, environment)
        .map_err(|error| Failure::usage(error.to_string(), error.hint().map(|hint| hint.to_string())))
}

/// Opens store and spool.
///
/// # Errors
/// When the configuration is wrong or the state directory cannot be used.
pub async fn open(config: &Path) -> Result<Opened, Failure> {
    let settings = settings(config)?;
    let districts =
        crate::sources::districts(&settings).map_err(|error| Failure::usage(error.to_string(), Some(error.hint())))?;
    make_state_dir(&settings.state_dir)?;
    let StoreUrl::Sqlite(path) = &settings.store;
    let store = Store::open(path).await?;
    let spool = Spool::open(&settings.state_dir).map_err(|error| spool_failure(&error))?;
    let app = App { store, spool, clock: clock()?, ids: Arc::new(TimeIds) };
    Ok(Opened { app, districts, settings })
}

fn spool_failure(error: &crate::spool::SpoolError) -> Failure {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Failure::ours(
        format!("the spool cannot be used: {error}{cause}"),
        Some("`rosterd doctor` looks at permissions and disk".to_owned()),
    )
}

fn make_state_dir(dir: &PathBuf) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| {
        Failure::ours(
            format!("the state directory {} cannot be made: {error}", dir.display()),
            Some("choose another with `[state] dir`, or run as a user who may write there".to_owned()),
        )
    })
}

/// The machine's clock; a test may hand in another.
fn clock() -> Result<Arc<dyn Clock>, Failure> {
    match std::env::var("ROSTERD_TEST_CLOCK") {
        Err(_) => Ok(Arc::new(SystemClock)),
        Ok(text) => match chrono::DateTime::parse_from_rfc3339(&text) {
            Ok(at) => Ok(Arc::new(FakeClock::new(at.to_utc()))),
            Err(_) => Err(Failure::usage("ROSTERD_TEST_CLOCK is no RFC 3339 time", None)),
        },
    }
}

/// The lock of a state directory: whoever changes the roster holds it.
pub struct Lock(#[expect(dead_code, reason = "held for its lock")] std::fs::File);

/// Takes the lock, waiting up to `wait`.
///
/// # Errors
/// When somebody else holds it for longer.
pub async fn lock(state_dir: &Path, wait: std::time::Duration) -> Result<Lock, Failure> {
    let path = state_dir.join("lock");
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| Failure::ours(format!("the lock {} cannot be opened: {error}", path.display()), None))?;
    let begun = std::time::Instant::now();
    loop {
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Lock(file)),
            Err(rustix::io::Errno::WOULDBLOCK) if begun.elapsed() < wait => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(Failure::ours(
                    format!("another rosterd works on {}", state_dir.display()),
                    Some("wait until it is done, or stop it".to_owned()),
                ));
            }
            Err(error) => {
                return Err(Failure::ours(format!("the lock {} cannot be taken: {error}", path.display()), None));
            }
        }
    }
}

/// Tidies up after a process that was killed: runs it left in progress, half-copied files.
///
/// # Errors
/// The store's or the spool's.
pub async fn recover(opened: &Opened) -> Result<(), Failure> {
    opened.app.spool.clear_incoming().map_err(|error| spool_failure(&error))?;
    for district in &opened.districts {
        let mut tx = opened.app.store.begin().await?;
        for run in crate::store::runs::in_state(&mut tx, &district.id, "in_progress").await? {
            crate::store::runs::set_state(&mut tx, run.id, "cancelled", "interrupted; its deliveries run again")
                .await?;
        }
        crate::store::commit(tx, "tidy up").await?;
        crate::pipeline::publish_owed(&opened.app, district).await?;
    }
    Ok(())
}
