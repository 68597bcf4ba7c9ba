//! The control socket: requests of the command line, one a connection. Only the daemon's own user
//! can open it, since the state directory is closed to others.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use super::Job;
use crate::actions::{Problem, Reply};
use crate::installation::Failure;

/// Largest request, in bytes.
const REQUEST_LIMIT: u64 = 1 << 20;

/// Binds the socket; a socket that a killed daemon left behind is replaced (the lock is held).
///
/// # Errors
/// When the path cannot be bound.
pub fn listen(path: &Path) -> Result<UnixListener, Failure> {
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path).map_err(|error| {
        Failure::ours(format!("the control socket {} cannot be made: {error}", path.display()), None)
    })?;
    let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
    Ok(listener)
}

/// Answers connections until the daemon stops.
pub async fn answer(listener: UnixListener, jobs: mpsc::Sender<Job>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(one(stream, jobs.clone()));
            }
            Err(error) => {
                // Out of descriptors: wait for some to come free instead of spinning.
                warn!(%error, "A command could not be answered");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn one(mut stream: UnixStream, jobs: mpsc::Sender<Job>) {
    let mut text = Vec::new();
    if (&mut stream).take(REQUEST_LIMIT).read_to_end(&mut text).await.is_err() || text.is_empty() {
        return; // somebody only looked whether a daemon is there
    }
    let reply = match serde_json::from_slice(&text) {
        Ok(request) => {
            let (answer, answered) = oneshot::channel();
            if jobs.send(Job::Request(Box::new(request), answer)).await.is_err() {
                return;
            }
            match answered.await {
                Ok(reply) => reply,
                Err(_) => return,
            }
        }
        Err(error) => Reply {
            exit: 2,
            error: Some(Problem {
                sentence: format!("the daemon does not understand the request: {error}"),
                hint: Some("daemon and command are of different versions; restart the daemon".to_owned()),
            }),
            ..Reply::default()
        },
    };
    let _ = stream.write_all(&serde_json::to_vec(&reply).unwrap_or_default()).await;
    let _ = stream.shutdown().await;
}
