//! Whole files from the outside: bytes in, verdicts out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what went wrong by panicking")]

mod bad_files;
mod limits;
mod properties;
mod support;
