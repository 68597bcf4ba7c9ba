//! The daemon: start order, signals, the control socket, watching and scheduling. One worker does
//! the work of all districts, one thing after another, so nothing is ever done twice.

mod control;
mod notify;
mod worker;

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tracing::info;

use crate::installation::{self as open, Failure};

/// Work for the worker.
pub enum Job {
    /// A request of the command line; the answer goes back through the channel.
    Request(Box<crate::actions::Request>, tokio::sync::oneshot::Sender<crate::actions::Reply>),
    /// Something may have changed in a folder.
    Hint(rosterd_folder::Hint),
    /// Read the configuration again.
    Reload,
    Stop,
}

/// How long a daemon waits at start for a command that is just finishing.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// Runs until it is told to stop.
///
/// # Errors
/// When it cannot start; afterwards problems are logged and the daemon stays up.
pub async fn serve(config: &Path) -> Result<u8, Failure> {
    crate::telemetry::start("info");
    let opened = open::open(config).await?;
    let state_dir = opened.settings.state_dir.clone();
    let _lock = open::lock(&state_dir, LOCK_WAIT).await?;
    open::recover(&opened).await?;
    let (jobs, queue) = mpsc::channel(1024);
    let socket = state_dir.join("control.sock");
    let listener = control::listen(&socket)?;
    let control = tokio::spawn(control::answer(listener, jobs.clone()));
    // The handlers stand before anybody is told that the daemon is ready.
    let signals = tokio::spawn(pass_on(handlers()?, jobs.clone()));
    let store = opened.app.store.clone();
    let worker = worker::Worker::new(opened, config.to_owned(), jobs);
    write_serve_json(&state_dir)?;
    info!(pid = std::process::id(), state_dir = %state_dir.display(), "ready");
    notify::ready();
    worker.run(queue).await;
    info!("stopping");
    notify::stopping();
    control.abort();
    signals.abort();
    let _ = std::fs::remove_file(&socket);
    let _ = std::fs::remove_file(state_dir.join("serve.json"));
    store.close().await;
    info!("stopped");
    Ok(0)
}

/// Process id and the addresses really bound; the file goes when the daemon stops.
fn write_serve_json(state_dir: &Path) -> Result<(), Failure> {
    let about = json!({ "pid": std::process::id(), "control": state_dir.join("control.sock"), "listen": {} });
    crate::spool::publish(state_dir, "serve.json", format!("{about}\n").as_bytes())
        .map(|_| ())
        .map_err(|error| Failure::ours(error.to_string(), None))
}

/// SIGTERM, SIGINT, SIGHUP.
type Handlers = (Signal, Signal, Signal);

fn handlers() -> Result<Handlers, Failure> {
    let failed = |error: std::io::Error| Failure::ours(format!("signals cannot be received: {error}"), None);
    Ok((
        signal(SignalKind::terminate()).map_err(failed)?,
        signal(SignalKind::interrupt()).map_err(failed)?,
        signal(SignalKind::hangup()).map_err(failed)?,
    ))
}

/// SIGTERM and SIGINT stop after the work in hand; SIGHUP reads the configuration again.
async fn pass_on((mut terminate, mut interrupt, mut hangup): Handlers, jobs: mpsc::Sender<Job>) {
    loop {
        let job = tokio::select! {
            _ = terminate.recv() => Job::Stop,
            _ = interrupt.recv() => Job::Stop,
            _ = hangup.recv() => Job::Reload,
        };
        if jobs.send(job).await.is_err() {
            return;
        }
    }
}
