//! The commands as people and scripts use them: exit codes, shapes of `--json`, messages, first steps.

mod check;
mod exit_codes;
mod explain;
mod first_steps;
mod shapes;
mod usage;
