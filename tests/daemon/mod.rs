//! `rosterd serve` as a process of its own, at the machine's own time, and killed at any moment.

mod commands;
mod demo;
mod folders;
mod intake;
mod killed_answers;
mod kills;
mod lifecycle;
mod privacy;
mod reload;
mod schedule;
