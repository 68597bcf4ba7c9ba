//! The daemon: start order, signals, the control socket, watching and scheduling.

use std::path::Path;

use crate::cli::Failure;

/// Runs until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub async fn serve(_config: &Path) -> Result<u8, Failure> {
    Err(Failure::ours("not yet", None))
}
