//! A directory on this machine as a way in.
//!
//! A file counts when three things were seen: its name is one that can be input ([`list`]), nobody
//! touched it for a while ([`Settle`]), and it did not change while it was copied ([`take`]).
//! Events of the kernel are hints to look again and never more ([`Watcher`]): the listing is the
//! truth.
//!
//! The folder belongs to the sender. Nothing here writes, moves or deletes anything in it; what was
//! taken before is remembered by the caller, who compares [`Stamp`]s.
#![forbid(unsafe_code)]

mod error;
mod list;
mod marker;
mod mount;
mod names;
mod settle;
mod stamp;
mod take;
mod watch;

pub use error::FolderError;
pub use list::{EXTENSIONS, FolderRules, Ignored, Listing, Seen, list};
pub use names::is_temporary;
pub use settle::{Settle, Settled};
pub use stamp::Stamp;
pub use take::{TakeError, Taken, take};
pub use watch::{Hint, Watcher};
