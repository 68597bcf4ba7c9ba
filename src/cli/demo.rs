//! `demo`: placeholder until the road is whole.

use std::path::PathBuf;

use super::Failure;
use super::output::Printer;

pub async fn demo(_keep_running: bool, _dir: Option<PathBuf>, _seed: u64, _printer: &Printer) -> Result<u8, Failure> {
    Err(Failure::ours("not yet", None))
}
