//! A command that changes something goes to the daemon of the state directory, if one runs; without
//! one the work is done here.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::actions::{Reply, Request, perform as carry_out};
use crate::installation::{self as open, Failure};

/// How long a command waits for another one that works on the same state directory.
const WAIT: Duration = Duration::from_secs(600);
/// How soon it looks again.
const AGAIN: Duration = Duration::from_millis(25);

/// Carries out a request, wherever that has to happen.
///
/// # Errors
/// When the configuration is wrong, or nobody can carry it out.
pub async fn perform(config: &Path, request: Request) -> Result<Reply, Failure> {
    let settings = open::settings(config)?;
    let socket = settings.state_dir.join("control.sock");
    let begun = Instant::now();
    loop {
        if let Ok(stream) = UnixStream::connect(&socket).await {
            return ask(stream, &request).await;
        }
        // Nobody answers: whoever gets the lock does the work. A daemon that is just starting holds
        // the lock before it answers, so both are tried in turn.
        let opened = open::open(config).await?;
        match open::lock(&opened.settings.state_dir, Duration::ZERO).await {
            Ok(_lock) => {
                open::recover(&opened).await?;
                let reply = carry_out(&opened.app, &opened.districts, request).await;
                opened.app.store.close().await;
                return Ok(reply);
            }
            Err(failure) if begun.elapsed() > WAIT => return Err(failure),
            Err(_) => {
                opened.app.store.close().await;
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

async fn ask(mut stream: UnixStream, request: &Request) -> Result<Reply, Failure> {
    let failed = |error: std::io::Error| {
        Failure::ours(
            format!("the daemon did not answer: {error}"),
            Some("`rosterd status` tells what it does".to_owned()),
        )
    };
    let text = serde_json::to_vec(request).unwrap_or_default();
    stream.write_all(&text).await.map_err(failed)?;
    stream.shutdown().await.map_err(failed)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.map_err(failed)?;
    serde_json::from_slice(&answer)
        .map_err(|_| Failure::ours("the daemon stopped before it answered", Some("ask again".to_owned())))
}
