//! The promise and the vocabulary that every connector, every format and the daemon share.
//!
//! Nothing here knows a runtime, a network or a database. What lives here: the words for roles,
//! grades and states ([`vocabulary`]), a row as delivered ([`record`]), a problem with a place and
//! a cure ([`finding`]), what arrived and what was made of it ([`delivery`]), and time as a value
//! that is handed in ([`clock`]).

pub mod cell;
pub mod clock;
pub mod delivery;
pub mod finding;
pub mod record;
pub mod vocabulary;

pub use cell::Cell;
pub use clock::{Clock, FakeClock, SystemClock};
pub use delivery::{Mode, Verdict};
pub use finding::{Finding, Severity};
pub use record::{Fields, PersonRecord, RawKeys};
pub use vocabulary::{Field, Role, RoleClass, Status};
