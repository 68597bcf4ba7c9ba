//! Logs: sentences with fields, never a name, address or number of a person.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging to standard error: text on a terminal, JSON otherwise. `ROSTERD_LOG` sets what is
/// logged, e.g. `debug` or `rosterd=debug`.
pub fn start(default: &str) {
    let filter = std::env::var("ROSTERD_LOG").ok().and_then(|text| EnvFilter::try_new(text).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(default));
    let terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second start (a test in the same process) keeps the first.
    let _ = if terminal { builder.try_init() } else { builder.json().try_init() };
}
