//! Stories a district lives through, one night after another.

mod bad_files;
mod cut_everywhere;
mod deliveries;
mod gates;
mod identity;
mod local_edits;
mod pass_floor;
mod scenarios;
