//! A throw-away installation, invented people, and readers for what the program prints.

mod builder;
mod daemon;
mod installation;
mod people;
mod report;
mod roster;

pub use builder::Builder;
pub use daemon::{Daemon, Running, eventually, files_below, hold_lock};
pub use installation::{Answer, Pass, TestRosterd};
pub use people::Person;
pub use report::{Outcome, Report};
pub use roster::{HEADER, Roster, Row, admin, spread, staff, student, teacher};

/// The district every single-district story plays in.
pub const HOME: &str = "springfield";
