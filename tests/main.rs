//! The one integration binary: drives `rosterd` from outside, through its commands and folders alone.
//!
//! What each story expects was worked out by hand from the reconciliation rules (their ids stand in the tests); nothing
//! here was copied from what the program happened to print.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli;
mod daemon;
mod journeys;
mod screens;
mod simulation;
mod support;
