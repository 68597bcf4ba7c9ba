//! Quiet for long enough: when nobody is working on a file any more.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::list::{Listing, Seen};
use crate::stamp::Stamp;

#[cfg(test)]
mod tests;

/// Remembers one folder between two looks.
///
/// A file is settled when two looks `quiet_for` apart agree on its stamp and none in between said
/// otherwise. Where the file system keeps time by this machine's clock, a file that nobody touched
/// for `quiet_for` before the look is settled at the first one: what has been lying there since last
/// night need not wait again. That takes the later of the content and the change time, so a copy
/// that kept its old date still waits.
///
/// Quiet is not whole: a sender that stops half-way leaves a quiet file. Reading it tells.
#[derive(Debug)]
pub struct Settle {
    quiet_for: Duration,
    watched: HashMap<PathBuf, Watched>,
}

#[derive(Debug)]
struct Watched {
    stamp: Stamp,
    since: Instant,
}

/// What one look says about the files of a listing, each in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// May be taken now. Said again at every look: what was taken before is the caller's to know.
    pub ready: Vec<Seen>,
    /// With the time still to wait if nothing happens meanwhile.
    pub waiting: Vec<(Seen, Duration)>,
}

impl Settle {
    /// With zero, every file is ready at its first look.
    pub fn new(quiet_for: Duration) -> Self {
        Self { quiet_for, watched: HashMap::new() }
    }

    /// Takes in a look at the folder, done at `now`; files that are not in it are forgotten. After a
    /// failed listing do not call this: the files may be there still.
    pub fn look(&mut self, listing: &Listing, now: Instant) -> Settled {
        let mut before = std::mem::take(&mut self.watched);
        let mut settled = Settled::default();
        for seen in &listing.files {
            let since = match before.remove(&seen.path) {
                Some(watched) if watched.stamp == seen.stamp => watched.since,
                _ => now,
            };
            let quiet = now.saturating_duration_since(since).max(age(&seen.stamp, listing.clock_ns));
            match self.quiet_for.saturating_sub(quiet) {
                Duration::ZERO => settled.ready.push(seen.clone()),
                left => settled.waiting.push((seen.clone(), left)),
            }
            self.watched.insert(seen.path.clone(), Watched { stamp: seen.stamp.clone(), since });
        }
        settled
    }
}

/// How long ago the file was touched, by the clock of its own file system; zero where that is not
/// known or lies in the future.
fn age(stamp: &Stamp, clock_ns: Option<i64>) -> Duration {
    let nanos = clock_ns.map_or(0, |clock| clock.saturating_sub(stamp.touched_ns()));
    u64::try_from(nanos).map_or(Duration::ZERO, Duration::from_nanos)
}
